/* field.c: fields that several messages have. */
#include "msg/field.h"

uint8_t lk_field_u8(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes run = lk_tlv_take(rd, tag, 1, 1);

    return run.len == 1 ? run.at[0] : 0;
}

uint16_t lk_field_u16(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes run = lk_tlv_take(rd, tag, 2, 2);

    return run.len == 2 ? lk_be16(run.at) : 0;
}

uint32_t lk_field_u32(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes run = lk_tlv_take(rd, tag, 4, 4);

    return run.len == 4 ? lk_be32(run.at) : 0;
}

struct lk_bytes lk_field_take(struct lk_rd *rd, uint16_t tag, size_t len)
{
    return lk_tlv_take(rd, tag, len, len);
}

struct lk_bytes lk_field_maybe(struct lk_rd *rd, uint16_t tag, size_t len)
{
    return lk_tlv_maybe(rd, tag, len, len);
}

struct lk_bytes lk_field_whole(struct lk_rd *rd, uint16_t tag, size_t max)
{
    struct lk_bytes whole = {rd->at, rd->left};

    (void)lk_tlv_take(rd, tag, 0, max);
    whole.len -= rd->left;
    return whole;
}

static int is_point(struct lk_bytes run)
{
    return run.len == LK_POINT_LEN && run.at[0] == 0x04;
}

struct lk_bytes lk_field_point(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes run = lk_field_take(rd, tag, LK_POINT_LEN);

    if (*rd->fault == LK_OK && !is_point(run))
        lk_rd_fail(rd, LK_PEER_POINT);
    return run;
}

struct lk_bytes lk_field_maybe_point(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes absent = {NULL, 0};

    if (lk_tlv_peek(rd) != tag)
        return absent;
    return lk_field_point(rd, tag);
}

static int is_version_list(struct lk_bytes run)
{
    return run.len >= 2 && run.len <= LK_VERSION_LIST_MAX && run.len % 2 == 0;
}

struct lk_bytes lk_field_versions(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes run = lk_tlv_take(rd, tag, 2, LK_VERSION_LIST_MAX);

    if (*rd->fault == LK_OK && !is_version_list(run))
        lk_rd_fail(rd, LK_PEER_LENGTH);
    return run;
}

struct lk_bytes lk_field_date(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes run = lk_field_take(rd, tag, LK_DATE_LEN);

    if (*rd->fault == LK_OK && !lk_date_is_good(run))
        lk_rd_fail(rd, LK_PEER_VALUE);
    return run;
}

struct lk_bytes lk_field_maybe_date(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes absent = {NULL, 0};

    if (lk_tlv_peek(rd) != tag)
        return absent;
    return lk_field_date(rd, tag);
}

void lk_field_refuse(struct lk_wr *wr)
{
    if (wr->fault == LK_OK)
        wr->fault = LK_CALLER_ARGUMENT;
}

void lk_field_put(struct lk_wr *wr, uint16_t tag, struct lk_bytes run, size_t min, size_t max)
{
    if (run.len < min || run.len > max)
        lk_field_refuse(wr);
    else
        lk_tlv_put(wr, tag, run.at, run.len);
}

void lk_field_put_maybe(struct lk_wr *wr, uint16_t tag, struct lk_bytes run, size_t min,
                        size_t max)
{
    if (run.at != NULL)
        lk_field_put(wr, tag, run, min, max);
}

void lk_field_put_point(struct lk_wr *wr, uint16_t tag, struct lk_bytes point)
{
    if (!is_point(point))
        lk_field_refuse(wr);
    else
        lk_tlv_put(wr, tag, point.at, point.len);
}

void lk_field_put_versions(struct lk_wr *wr, uint16_t tag, struct lk_bytes versions)
{
    if (!is_version_list(versions))
        lk_field_refuse(wr);
    else
        lk_tlv_put(wr, tag, versions.at, versions.len);
}

void lk_field_put_date(struct lk_wr *wr, uint16_t tag, struct lk_bytes date)
{
    if (!lk_date_is_good(date))
        lk_field_refuse(wr);
    else
        lk_tlv_put(wr, tag, date.at, date.len);
}

void lk_field_put_maybe_date(struct lk_wr *wr, uint16_t tag, struct lk_bytes date)
{
    if (date.at != NULL)
        lk_field_put_date(wr, tag, date);
}

enum lk_status lk_field_close(struct lk_rd *rd)
{
    if (lk_tlv_peek(rd) != 0) /* a malformed rest has its own fault */
        lk_rd_fail(rd, LK_PEER_TAG);
    return *rd->fault;
}
