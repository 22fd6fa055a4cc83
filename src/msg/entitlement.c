/* entitlement.c: FF20. */
#include "msg/entitlement.h"

#include "msg/field.h"

#define ACTIVATION_ALL (LK_ACTIVATE_PASSWORD | LK_ACTIVATE_OWNER | LK_ACTIVATE_FOB)
#define PASSWORD_LEN (1 + LK_ACTIVATION_SALT_LEN + LK_ACTIVATION_MAC_LEN)

static int is_limits(const struct lk_limits *limits)
{
    return limits->power_percent <= 100 && limits->days < 0x80 && limits->from_min < 1440 &&
           limits->to_min < 1440;
}

static void read_limits(struct lk_rd *rd, struct lk_entitlement *msg)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_bytes run = lk_field_maybe(rd, LK_TAG_LIMITS, LK_LIMITS_LEN);
    struct lk_limits *limits = &msg->limits;
    struct lk_rd in;

    memset(limits, 0, sizeof *limits);
    msg->has_limits = run.at != NULL;
    if (run.len == 0)
        return;
    lk_rd_init(&in, run, &fault);
    limits->speed_kmh = lk_rd_u8(&in);
    limits->power_percent = lk_rd_u8(&in);
    limits->starts = lk_rd_u16(&in);
    limits->days = lk_rd_u8(&in);
    limits->from_min = lk_rd_u16(&in);
    limits->to_min = lk_rd_u16(&in);
    if (!is_limits(limits))
        lk_rd_fail(rd, LK_PEER_VALUE);
}

static void write_limits(struct lk_wr *wr, const struct lk_limits *limits)
{
    if (!is_limits(limits))
        lk_field_refuse(wr);
    lk_tlv_head(wr, LK_TAG_LIMITS, LK_LIMITS_LEN);
    lk_wr_u8(wr, limits->speed_kmh);
    lk_wr_u8(wr, limits->power_percent);
    lk_wr_u16(wr, limits->starts);
    lk_wr_u8(wr, limits->days);
    lk_wr_u16(wr, limits->from_min);
    lk_wr_u16(wr, limits->to_min);
}

static int is_activation(uint8_t methods)
{
    return methods != 0 && (methods & ~(unsigned)ACTIVATION_ALL) == 0;
}

/* One method needs data: the password, whose MAC the car recomputes. */
static size_t activation_len(uint8_t methods)
{
    return (methods & LK_ACTIVATE_PASSWORD) != 0 ? PASSWORD_LEN : 1;
}

static void read_activation(struct lk_rd *rd, struct lk_entitlement *msg)
{
    struct lk_bytes run = lk_tlv_maybe(rd, LK_TAG_ACTIVATION, 1, PASSWORD_LEN);

    msg->activation = 0;
    msg->salt = msg->mac = lk_bytes(NULL, 0);
    if (run.len == 0)
        return;
    msg->activation = run.at[0];
    if (!is_activation(msg->activation))
        lk_rd_fail(rd, LK_PEER_VALUE);
    else if (run.len != activation_len(msg->activation))
        lk_rd_fail(rd, LK_PEER_LENGTH);
    else if (run.len > 1) {
        msg->salt = lk_bytes(run.at + 1, LK_ACTIVATION_SALT_LEN);
        msg->mac = lk_bytes(run.at + 1 + LK_ACTIVATION_SALT_LEN, LK_ACTIVATION_MAC_LEN);
    }
}

static void write_activation(struct lk_wr *wr, const struct lk_entitlement *msg)
{
    size_t len = activation_len(msg->activation);

    if (!is_activation(msg->activation) || msg->salt.len + msg->mac.len != len - 1)
        lk_field_refuse(wr);
    lk_tlv_head(wr, LK_TAG_ACTIVATION, len);
    lk_wr_u8(wr, msg->activation);
    lk_wr_bytes(wr, msg->salt);
    lk_wr_bytes(wr, msg->mac);
}

enum lk_status lk_entitlement_parse(struct lk_bytes in, struct lk_entitlement *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_entitlement msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_ENTITLEMENT);
    msg.profile = lk_field_u32(&inner, LK_TAG_PROFILE);
    msg.not_before = lk_field_date(&inner, LK_TAG_VALID_FROM);
    msg.not_after = lk_field_date(&inner, LK_TAG_VALID_TO);
    msg.slot = lk_tlv_take(&inner, LK_TAG_ENTITLED_SLOT, 0, LK_SLOT_ID_MAX);
    msg.vehicle_id = lk_field_take(&inner, LK_TAG_ENTITLED_VEHICLE, LK_VEHICLE_ID_LEN);
    read_limits(&inner, &msg);
    msg.sharer = lk_field_take(&inner, LK_TAG_SHARER, LK_KEY_ID_LEN);
    msg.epoch = lk_field_u32(&inner, LK_TAG_SHARING_EPOCH);
    msg.redeem_by = lk_field_date(&inner, LK_TAG_REDEEM_BY);
    read_activation(&inner, &msg);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    msg.whole = in;
    *out = msg;
    return LK_OK;
}

void lk_entitlement_write(const struct lk_entitlement *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_ENTITLEMENT);

    lk_tlv_put_u32(wr, LK_TAG_PROFILE, msg->profile);
    lk_field_put_date(wr, LK_TAG_VALID_FROM, msg->not_before);
    lk_field_put_date(wr, LK_TAG_VALID_TO, msg->not_after);
    lk_field_put(wr, LK_TAG_ENTITLED_SLOT, msg->slot, 0, LK_SLOT_ID_MAX);
    lk_field_put(wr, LK_TAG_ENTITLED_VEHICLE, msg->vehicle_id, LK_VEHICLE_ID_LEN,
                 LK_VEHICLE_ID_LEN);
    if (msg->has_limits)
        write_limits(wr, &msg->limits);
    lk_field_put(wr, LK_TAG_SHARER, msg->sharer, LK_KEY_ID_LEN, LK_KEY_ID_LEN);
    lk_tlv_put_u32(wr, LK_TAG_SHARING_EPOCH, msg->epoch);
    lk_field_put_date(wr, LK_TAG_REDEEM_BY, msg->redeem_by);
    if (msg->activation != 0)
        write_activation(wr, msg);
    lk_tlv_end(wr, value);
}

enum lk_status lk_vehicle_data_parse(struct lk_bytes in, struct lk_vehicle_data *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_vehicle_data msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_VEHICLE_DATA);
    msg.epoch = lk_field_u32(&inner, LK_TAG_SHARING_EPOCH);
    msg.share_key = lk_field_take(&inner, LK_TAG_SHARE_PASSWORD_KEY, 16);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_vehicle_data_write(const struct lk_vehicle_data *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_VEHICLE_DATA);

    lk_tlv_put_u32(wr, LK_TAG_SHARING_EPOCH, msg->epoch);
    lk_field_put(wr, LK_TAG_SHARE_PASSWORD_KEY, msg->share_key, 16, 16);
    lk_tlv_end(wr, value);
}
