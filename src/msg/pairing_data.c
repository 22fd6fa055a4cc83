/* pairing_data.c: the two runs of data the car writes, and where each ends. */
#include "msg/pairing_data.h"

#include "msg/field.h"

#define ATTESTATION_MAX 239

static void read_end(struct lk_rd *rd)
{
    (void)lk_field_take(rd, LK_TAG_DATA_END, 0);
}

enum lk_status lk_pairing_data_parse(struct lk_bytes in, struct lk_pairing_data *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_pairing_data msg;
    struct lk_bytes map;
    struct lk_bytes config;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.creation_tlv = lk_field_whole(&rd, LK_TAG_CREATION, LK_REASSEMBLY_MAX);
    msg.k = lk_tlv_take(&rd, LK_TAG_VEHICLE_CERT, 1, LK_CERT_MAX);
    msg.intermediate = lk_tlv_maybe(&rd, LK_TAG_INTERMEDIATE_CERT, 1, LK_CERT_MAX);
    map = lk_field_whole(&rd, LK_TAG_MAILBOX_MAP, LK_REASSEMBLY_MAX);
    config = lk_field_whole(&rd, LK_TAG_DEVICE_CONFIG, LK_REASSEMBLY_MAX);
    read_end(&rd);
    LK_TRY(lk_field_close(&rd));
    LK_TRY(lk_creation_parse(msg.creation_tlv, &msg.creation));
    LK_TRY(lk_mailbox_map_parse(map, &msg.map));
    LK_TRY(lk_device_configuration_parse(config, &msg.config));
    *out = msg;
    return LK_OK;
}

void lk_pairing_data_write(const struct lk_pairing_data *msg, struct lk_wr *wr)
{
    lk_creation_write(&msg->creation, wr);
    lk_field_put(wr, LK_TAG_VEHICLE_CERT, msg->k, 1, LK_CERT_MAX);
    lk_field_put_maybe(wr, LK_TAG_INTERMEDIATE_CERT, msg->intermediate, 1, LK_CERT_MAX);
    lk_mailbox_map_write(&msg->map, wr);
    lk_device_configuration_write(&msg->config, wr);
    lk_tlv_head(wr, LK_TAG_DATA_END, 0);
}

enum lk_status lk_pairing_attestation_parse(struct lk_bytes in, struct lk_pairing_attestation *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_pairing_attestation msg;
    struct lk_bytes object;
    struct lk_rd rd;

    memset(&msg, 0, sizeof msg);
    lk_rd_init(&rd, in, &fault);
    object = lk_tlv_maybe(&rd, LK_TAG_VEHICLE_ATTESTATION, 1, ATTESTATION_MAX);
    read_end(&rd);
    LK_TRY(lk_field_close(&rd));
    if (object.at != NULL) {
        LK_TRY(lk_vehicle_attestation_parse(object, &msg.attestation));
        msg.has_attestation = 1;
    }
    *out = msg;
    return LK_OK;
}

void lk_pairing_attestation_write(const struct lk_pairing_attestation *msg, struct lk_wr *wr)
{
    if (msg->has_attestation) {
        size_t value = lk_tlv_begin(wr, LK_TAG_VEHICLE_ATTESTATION);
        lk_vehicle_attestation_write(&msg->attestation, wr);
        lk_tlv_end(wr, value);
    }
    lk_tlv_head(wr, LK_TAG_DATA_END, 0);
}

enum lk_status lk_pairing_data_whole(struct lk_bytes in, int *out_is_whole)
{
    enum lk_status fault = LK_OK;
    uint16_t tag = 0;
    struct lk_bytes value = {NULL, 0};
    struct lk_rd rd;

    if (in.len > LK_REASSEMBLY_MAX)
        return LK_PEER_TOO_LONG;
    lk_rd_init(&rd, in, &fault);
    while (rd.left > 0 && tag != LK_TAG_DATA_END) {
        enum lk_status malformed = LK_OK;
        size_t total = lk_tlv_total(lk_bytes(rd.at, rd.left), &malformed);

        LK_TRY(malformed);
        if (total > LK_REASSEMBLY_MAX - (in.len - rd.left))
            return LK_PEER_TOO_LONG;
        if (total == 0 || total > rd.left)
            break; /* the rest of this TLV is still to come */
        value = lk_tlv_any(&rd, &tag);
    }
    LK_TRY(fault);
    if (tag == LK_TAG_DATA_END && value.len != 0)
        return LK_PEER_TLV;
    if (tag == LK_TAG_DATA_END && rd.left != 0)
        return LK_PEER_TAG;
    *out_is_whole = tag == LK_TAG_DATA_END;
    return LK_OK;
}
