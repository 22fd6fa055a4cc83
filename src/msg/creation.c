/* creation.c: 7F4A. */
#include "msg/creation.h"

#include "msg/field.h"

enum lk_status lk_creation_parse(struct lk_bytes in, struct lk_creation *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_creation msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_CREATION);
    msg.vehicle_id = lk_field_take(&inner, LK_TAG_CREATION_VEHICLE_ID, LK_VEHICLE_ID_LEN);
    msg.option1 = lk_field_u8(&inner, LK_TAG_OPTION_GROUP_1);
    msg.option2 = lk_field_u8(&inner, LK_TAG_OPTION_GROUP_2);
    msg.confidential_size = lk_field_u16(&inner, LK_TAG_CONFIDENTIAL_SIZE);
    msg.private_size = lk_field_u16(&inner, LK_TAG_PRIVATE_SIZE);
    msg.slot = lk_tlv_take(&inner, LK_TAG_CREATION_SLOT, 1, LK_SLOT_ID_MAX);
    msg.authorized_key = lk_field_point(&inner, LK_TAG_AUTHORIZED_KEY);
    msg.not_before = lk_field_maybe_date(&inner, LK_TAG_NOT_BEFORE);
    msg.not_after = lk_field_maybe_date(&inner, LK_TAG_NOT_AFTER);
    msg.vehicle_key = lk_field_maybe_point(&inner, LK_TAG_VEHICLE_KEY);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_creation_write(const struct lk_creation *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_CREATION);

    lk_field_put(wr, LK_TAG_CREATION_VEHICLE_ID, msg->vehicle_id, LK_VEHICLE_ID_LEN,
                 LK_VEHICLE_ID_LEN);
    lk_tlv_put_u8(wr, LK_TAG_OPTION_GROUP_1, msg->option1);
    lk_tlv_put_u8(wr, LK_TAG_OPTION_GROUP_2, msg->option2);
    lk_tlv_put_u16(wr, LK_TAG_CONFIDENTIAL_SIZE, msg->confidential_size);
    lk_tlv_put_u16(wr, LK_TAG_PRIVATE_SIZE, msg->private_size);
    lk_field_put(wr, LK_TAG_CREATION_SLOT, msg->slot, 1, LK_SLOT_ID_MAX);
    lk_field_put_point(wr, LK_TAG_AUTHORIZED_KEY, msg->authorized_key);
    lk_field_put_maybe_date(wr, LK_TAG_NOT_BEFORE, msg->not_before);
    lk_field_put_maybe_date(wr, LK_TAG_NOT_AFTER, msg->not_after);
    if (msg->vehicle_key.at != NULL)
        lk_field_put_point(wr, LK_TAG_VEHICLE_KEY, msg->vehicle_key);
    lk_tlv_end(wr, value);
}
