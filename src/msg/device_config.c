/* device_config.c: 7F4E. */
#include "msg/device_config.h"

#include "msg/field.h"
#include "msg/window.h"

#define OPAQUE_MAX 2048
#define ATTESTATIONS_MAX 16

struct lk_window lk_window_read(struct lk_rd *rd, uint16_t tag)
{
    struct lk_window window = {0, 0, 0};
    struct lk_bytes run = lk_field_maybe(rd, tag, 3);

    if (run.len == 3) {
        window.offset = lk_be16(run.at);
        window.length = run.at[2];
        window.is_set = 1;
    }
    return window;
}

void lk_window_put(struct lk_wr *wr, uint16_t tag, struct lk_window window)
{
    if (!window.is_set)
        return;
    lk_tlv_head(wr, tag, 3);
    lk_wr_u16(wr, window.offset);
    lk_wr_u8(wr, window.length);
}

static struct lk_bytes opaque(struct lk_rd *rd, uint16_t tag)
{
    return lk_tlv_maybe(rd, tag, 0, OPAQUE_MAX);
}

static void read_sharing(struct lk_rd *rd, struct lk_device_configuration *msg)
{
    struct lk_rd inner;

    if (lk_tlv_peek(rd) != LK_TAG_SHARING_CONFIG)
        return;
    inner = lk_tlv_enter(rd, LK_TAG_SHARING_CONFIG);
    msg->has_sharing = 1;
    msg->token_config = opaque(&inner, LK_TAG_TOKEN_CONFIG);
    msg->db = opaque(&inner, LK_TAG_SHARING_DB);
    msg->dc = opaque(&inner, LK_TAG_SHARING_FLAGS);
    msg->offline_attestations = lk_field_maybe(&inner, LK_TAG_OFFLINE_ATTESTATIONS_MAX, 1);
    if (msg->offline_attestations.len == 1 &&
        msg->offline_attestations.at[0] > ATTESTATIONS_MAX)
        lk_rd_fail(&inner, LK_PEER_VALUE);
    msg->de = opaque(&inner, LK_TAG_SHARING_DE);
    (void)lk_field_close(&inner);
}

static int has_half_version(struct lk_bytes versions)
{
    return versions.len % 2 != 0;
}

enum lk_status lk_device_configuration_parse(struct lk_bytes in,
                                             struct lk_device_configuration *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_device_configuration msg;
    struct lk_rd rd;
    struct lk_rd inner;

    memset(&msg, 0, sizeof msg);
    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_DEVICE_CONFIG);
    msg.radios = opaque(&inner, LK_TAG_RADIOS);
    msg.confidential_window = lk_window_read(&inner, LK_TAG_CONFIG_CONFIDENTIAL_WINDOW);
    msg.private_window = lk_window_read(&inner, LK_TAG_CONFIG_PRIVATE_WINDOW);
    msg.versions_initiator = opaque(&inner, LK_TAG_FRAMEWORK_VERSIONS_INITIATOR);
    msg.versions_vehicle = opaque(&inner, LK_TAG_FRAMEWORK_VERSIONS_VEHICLE);
    if (has_half_version(msg.versions_initiator) || has_half_version(msg.versions_vehicle))
        lk_rd_fail(&inner, LK_PEER_LENGTH);
    msg.receipt_required = opaque(&inner, LK_TAG_RECEIPT_REQUIRED);
    msg.sharing_password_len = lk_field_maybe(&inner, LK_TAG_SHARING_PASSWORD_LEN, 2);
    msg.profiles = opaque(&inner, LK_TAG_ACCESS_PROFILES);
    read_sharing(&inner, &msg);
    msg.v3 = opaque(&inner, LK_TAG_CONFIG_V3);
    msg.oem = opaque(&inner, LK_TAG_OEM_CONFIG);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

static void put_opaque(struct lk_wr *wr, uint16_t tag, struct lk_bytes run)
{
    lk_field_put_maybe(wr, tag, run, 0, OPAQUE_MAX);
}

static void put_sharing(struct lk_wr *wr, const struct lk_device_configuration *msg)
{
    size_t value;

    if (!msg->has_sharing)
        return;
    value = lk_tlv_begin(wr, LK_TAG_SHARING_CONFIG);
    put_opaque(wr, LK_TAG_TOKEN_CONFIG, msg->token_config);
    put_opaque(wr, LK_TAG_SHARING_DB, msg->db);
    put_opaque(wr, LK_TAG_SHARING_FLAGS, msg->dc);
    if (msg->offline_attestations.len == 1 && msg->offline_attestations.at[0] > ATTESTATIONS_MAX)
        lk_field_refuse(wr);
    lk_field_put_maybe(wr, LK_TAG_OFFLINE_ATTESTATIONS_MAX, msg->offline_attestations, 1, 1);
    put_opaque(wr, LK_TAG_SHARING_DE, msg->de);
    lk_tlv_end(wr, value);
}

void lk_device_configuration_write(const struct lk_device_configuration *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_DEVICE_CONFIG);

    put_opaque(wr, LK_TAG_RADIOS, msg->radios);
    lk_window_put(wr, LK_TAG_CONFIG_CONFIDENTIAL_WINDOW, msg->confidential_window);
    lk_window_put(wr, LK_TAG_CONFIG_PRIVATE_WINDOW, msg->private_window);
    if (has_half_version(msg->versions_initiator) || has_half_version(msg->versions_vehicle))
        lk_field_refuse(wr);
    put_opaque(wr, LK_TAG_FRAMEWORK_VERSIONS_INITIATOR, msg->versions_initiator);
    put_opaque(wr, LK_TAG_FRAMEWORK_VERSIONS_VEHICLE, msg->versions_vehicle);
    put_opaque(wr, LK_TAG_RECEIPT_REQUIRED, msg->receipt_required);
    lk_field_put_maybe(wr, LK_TAG_SHARING_PASSWORD_LEN, msg->sharing_password_len, 2, 2);
    put_opaque(wr, LK_TAG_ACCESS_PROFILES, msg->profiles);
    put_sharing(wr, msg);
    put_opaque(wr, LK_TAG_CONFIG_V3, msg->v3);
    put_opaque(wr, LK_TAG_OEM_CONFIG, msg->oem);
    lk_tlv_end(wr, value);
}
