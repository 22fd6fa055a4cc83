/* get_data.c: what the car reads: certificates H, E, F in sealed parts of at most 239 bytes (P-02,
 * P-03, D29, D34). SW outside the MAC only tells that more is there; the length of the object
 * itself says how much (S2). */
#include "device/room.h"

/* Copies the object named by `tag`; one that is not there is a TLV of that tag without content
 * (S2). */
static enum lk_status load(struct lk_device *device, uint16_t tag)
{
    const struct lk_pass *pass = &device->passes[device->pass];
    const struct lk_automaker *automaker = &device->automakers[pass->automaker];
    struct lk_bytes object = {NULL, 0};
    struct lk_wr wr;

    if (tag == LK_TAG_ENDPOINT_CERT)
        object = lk_bytes(device->h, device->h_len);
    else if (tag == LK_TAG_INSTANCE_CA_CERT)
        object = lk_bytes(automaker->e, automaker->e_len);
    else if (tag == LK_TAG_EXTERNAL_CA_CERT)
        object = lk_bytes(automaker->f, automaker->f_len);

    lk_wr_init(&wr, device->answer, sizeof device->answer);
    if (object.len != 0)
        lk_wr_bytes(&wr, object);
    else
        lk_tlv_put(&wr, tag, NULL, 0);
    LK_TRY(wr.fault);
    device->answer_len = (uint16_t)wr.len;
    device->answer_at = 0;
    return LK_OK;
}

/* The next part, and in SW how much is left (P-03). */
static enum lk_status give_part(struct lk_device *device, struct lk_call *call)
{
    size_t left = (size_t)(device->answer_len - device->answer_at), part = left;

    if (part > sizeof call->plain)
        part = sizeof call->plain;
    memcpy(call->plain, device->answer + device->answer_at, part);
    call->plain_len = part;
    device->answer_at = (uint16_t)(device->answer_at + part);
    left -= part;
    if (left != 0)
        call->sw = (uint16_t)(LK_SW_MORE | (left > 0xff ? 0 : left));
    else if (device->answer_tag == LK_TAG_ENDPOINT_CERT)
        device->h_was_read = 1;
    return LK_OK;
}

/* The plaintext is one tag of one or two bytes and nothing else. */
static enum lk_status read_tag(struct lk_bytes body, uint16_t *out_tag)
{
    if (body.len == 0 || body.len > 2)
        return LK_PEER_LENGTH;
    int is_long = (body.at[0] & 0x1f) == 0x1f;
    if (is_long != (body.len == 2) || body.at[0] == 0 || (is_long && body.at[1] >= 0x80))
        return LK_PEER_TAG;
    *out_tag = is_long ? lk_be16(body.at) : body.at[0];
    return LK_OK;
}

enum lk_status lk_handle_get(struct lk_device *device, struct lk_call *call)
{
    if (call->command.p1 != 0 || call->command.p2 != 0)
        return LK_PEER_P1P2;
    if (device->answer_at < device->answer_len || device->data_len != 0)
        return LK_PEER_SEQUENCE;
    LK_TRY(read_tag(call->body, &device->answer_tag));
    LK_TRY(load(device, device->answer_tag));
    return give_part(device, call);
}

enum lk_status lk_handle_get_response(struct lk_device *device, struct lk_call *call)
{
    if (call->command.p1 != 0 || call->command.p2 != 0)
        return LK_PEER_P1P2;
    if (call->body.len != 0 || device->answer_at >= device->answer_len)
        return LK_PEER_SEQUENCE;
    return give_part(device, call);
}
