/* auth0.c: AUTH0 and its answer. */
#include "msg/auth0.h"

#include "msg/field.h"

enum lk_status lk_auth0_parse(struct lk_bytes in, struct lk_auth0 *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_auth0 msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.version = lk_field_take(&rd, LK_TAG_VERSION, 2);
    msg.ephemeral = lk_field_point(&rd, LK_TAG_VEHICLE_EPHEMERAL);
    msg.transaction_id = lk_field_take(&rd, LK_TAG_TRANSACTION_ID, LK_TRANSACTION_ID_LEN);
    msg.vehicle_id = lk_field_take(&rd, LK_TAG_VEHICLE_ID, LK_VEHICLE_ID_LEN);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_auth0_write(const struct lk_auth0 *msg, struct lk_wr *wr)
{
    lk_field_put(wr, LK_TAG_VERSION, msg->version, 2, 2);
    lk_field_put_point(wr, LK_TAG_VEHICLE_EPHEMERAL, msg->ephemeral);
    lk_field_put(wr, LK_TAG_TRANSACTION_ID, msg->transaction_id, LK_TRANSACTION_ID_LEN,
                 LK_TRANSACTION_ID_LEN);
    lk_field_put(wr, LK_TAG_VEHICLE_ID, msg->vehicle_id, LK_VEHICLE_ID_LEN, LK_VEHICLE_ID_LEN);
}

enum lk_status lk_auth0_answer_parse(struct lk_bytes in, struct lk_auth0_answer *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_auth0_answer msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.ephemeral = lk_field_point(&rd, LK_TAG_DEVICE_EPHEMERAL);
    msg.cryptogram = lk_field_maybe(&rd, LK_TAG_CRYPTOGRAM, LK_CRYPTOGRAM_LEN);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_auth0_answer_write(const struct lk_auth0_answer *msg, struct lk_wr *wr)
{
    lk_field_put_point(wr, LK_TAG_DEVICE_EPHEMERAL, msg->ephemeral);
    lk_field_put_maybe(wr, LK_TAG_CRYPTOGRAM, msg->cryptogram, LK_CRYPTOGRAM_LEN,
                       LK_CRYPTOGRAM_LEN);
}
