/* cursor.c: the read and the write window. Lengths are checked by subtraction, once, here. */
#include "base/base.h"

void lk_rd_init(struct lk_rd *rd, struct lk_bytes in, enum lk_status *fault)
{
    *fault = LK_OK;
    rd->at = in.at;
    rd->left = in.len;
    rd->fault = fault;
}

void lk_rd_fail(struct lk_rd *rd, enum lk_status status)
{
    if (*rd->fault == LK_OK)
        *rd->fault = status;
    rd->left = 0;
}

struct lk_bytes lk_rd_take(struct lk_rd *rd, size_t n)
{
    struct lk_bytes run = {NULL, 0};

    if (*rd->fault != LK_OK)
        return run;
    if (n > rd->left) {
        lk_rd_fail(rd, LK_PEER_LENGTH);
        return run;
    }
    run.at = rd->at;
    run.len = n;
    if (n > 0) { /* an empty window may have no address to move */
        rd->at += n;
        rd->left -= n;
    }
    return run;
}

uint8_t lk_rd_u8(struct lk_rd *rd)
{
    struct lk_bytes run = lk_rd_take(rd, 1);

    return run.len == 1 ? run.at[0] : 0;
}

uint16_t lk_rd_u16(struct lk_rd *rd)
{
    struct lk_bytes run = lk_rd_take(rd, 2);

    return run.len == 2 ? lk_be16(run.at) : 0;
}

uint32_t lk_rd_u32(struct lk_rd *rd)
{
    struct lk_bytes run = lk_rd_take(rd, 4);

    return run.len == 4 ? lk_be32(run.at) : 0;
}

struct lk_rd lk_rd_child(struct lk_rd *rd, size_t n)
{
    struct lk_bytes run = lk_rd_take(rd, n);
    struct lk_rd child = {run.at, run.len, rd->fault};

    return child;
}

void lk_rd_close(struct lk_rd *rd)
{
    if (*rd->fault == LK_OK && rd->left != 0)
        lk_rd_fail(rd, LK_PEER_LENGTH);
}

void lk_wr_init(struct lk_wr *wr, uint8_t *out, size_t cap)
{
    wr->at = out;
    wr->cap = cap;
    wr->len = 0;
    wr->fault = LK_OK;
}

void lk_wr_put(struct lk_wr *wr, const void *data, size_t len)
{
    if (wr->fault != LK_OK || len == 0)
        return;
    if (len > wr->cap - wr->len) {
        wr->fault = LK_CALLER_SPACE;
        return;
    }
    memcpy(wr->at + wr->len, data, len);
    wr->len += len;
}

void lk_wr_bytes(struct lk_wr *wr, struct lk_bytes run)
{
    lk_wr_put(wr, run.at, run.len);
}

void lk_wr_u8(struct lk_wr *wr, uint8_t value)
{
    lk_wr_put(wr, &value, 1);
}

void lk_wr_u16(struct lk_wr *wr, uint16_t value)
{
    uint8_t out[2];

    lk_put16(out, value);
    lk_wr_put(wr, out, sizeof out);
}

void lk_wr_u32(struct lk_wr *wr, uint32_t value)
{
    uint8_t out[4];

    lk_put32(out, value);
    lk_wr_put(wr, out, sizeof out);
}
