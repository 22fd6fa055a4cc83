/* auth1.c: AUTH1 and its answer. */
#include "msg/auth1.h"

#include "msg/field.h"

#define COUNTER_LEN 4
#define WINDOW_MAX 255

enum lk_status lk_auth1_parse(struct lk_bytes in, struct lk_auth1 *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_auth1 msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.signature = lk_field_take(&rd, LK_TAG_SIGNATURE, LK_SIGNATURE_LEN);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_auth1_write(const struct lk_auth1 *msg, struct lk_wr *wr)
{
    lk_field_put(wr, LK_TAG_SIGNATURE, msg->signature, LK_SIGNATURE_LEN, LK_SIGNATURE_LEN);
}

enum lk_status lk_auth1_answer_parse(struct lk_bytes in, struct lk_auth1_answer *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_auth1_answer msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.slot = lk_tlv_take(&rd, LK_TAG_SLOT, 1, LK_SLOT_ID_MAX);
    msg.signature = lk_field_take(&rd, LK_TAG_SIGNATURE, LK_SIGNATURE_LEN);
    msg.counter = lk_field_maybe(&rd, LK_TAG_COUNTER, COUNTER_LEN);
    msg.confidential_window = lk_tlv_maybe(&rd, LK_TAG_CONFIDENTIAL_WINDOW, 1, WINDOW_MAX);
    msg.private_window = lk_tlv_maybe(&rd, LK_TAG_PRIVATE_WINDOW, 1, WINDOW_MAX);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_auth1_answer_write(const struct lk_auth1_answer *msg, struct lk_wr *wr)
{
    lk_field_put(wr, LK_TAG_SLOT, msg->slot, 1, LK_SLOT_ID_MAX);
    lk_field_put(wr, LK_TAG_SIGNATURE, msg->signature, LK_SIGNATURE_LEN, LK_SIGNATURE_LEN);
    lk_field_put_maybe(wr, LK_TAG_COUNTER, msg->counter, COUNTER_LEN, COUNTER_LEN);
    lk_field_put_maybe(wr, LK_TAG_CONFIDENTIAL_WINDOW, msg->confidential_window, 1, WINDOW_MAX);
    lk_field_put_maybe(wr, LK_TAG_PRIVATE_WINDOW, msg->private_window, 1, WINDOW_MAX);
}
