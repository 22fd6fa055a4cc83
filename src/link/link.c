/* link.c: one message at a time out of a stream: two bytes of length, then the body. */
#include <assert.h>

#include "base/base.h"
#include "latchkey/link.h"

#define PREFIX_LEN 2u

const uint8_t lk_link_atr[5] = {0x3b, 0x80, 0x80, 0x01, 0x01};

void lk_link_init(struct lk_link *link)
{
    memset(link, 0, sizeof *link);
}

static enum lk_status give_up(struct lk_link *link, enum lk_status status)
{
    link->have = 0;
    link->want = 0;
    return status;
}

/* Bytes of the prefix, one at a time: a prefix may come in two pieces. */
static enum lk_status feed_prefix(struct lk_link *link, struct lk_rd *in)
{
    while (link->have < PREFIX_LEN && in->left > 0) {
        link->want = link->want << 8 | lk_rd_u8(in);
        link->have++;
    }
    if (link->have < PREFIX_LEN)
        return LK_OK;
    if (link->want == 0)
        return LK_PEER_LENGTH;
    if (link->want > LK_LINK_MESSAGE_MAX)
        return LK_PEER_TOO_LONG;
    return LK_OK;
}

static void feed_body(struct lk_link *link, struct lk_rd *in)
{
    size_t at = link->have - PREFIX_LEN;
    size_t missing = link->want - at;
    struct lk_bytes run = lk_rd_take(in, in->left < missing ? in->left : missing);

    if (run.len > 0)
        memcpy(link->message + at, run.at, run.len);
    link->have += run.len;
}

enum lk_status lk_link_feed(struct lk_link *link, uint64_t now_ms, struct lk_bytes in,
                            size_t *out_taken, struct lk_bytes *out_message)
{
    enum lk_status fault = LK_INTERNAL;
    enum lk_status status = LK_INTERNAL;
    struct lk_bytes message = {NULL, 0};
    struct lk_rd rd;

    if (link->have == 0) {
        link->want = 0;
        link->since_ms = now_ms;
    } else if (now_ms > link->since_ms && now_ms - link->since_ms > LK_TIMER_ANSWER_MS) {
        return give_up(link, LK_PEER_TIMEOUT);
    }
    lk_rd_init(&rd, in, &fault);
    status = feed_prefix(link, &rd);
    if (status != LK_OK)
        return give_up(link, status);
    if (link->have >= PREFIX_LEN)
        feed_body(link, &rd);
    assert(fault == LK_OK); /* no more was taken than there was */
    if (link->have >= PREFIX_LEN && link->have - PREFIX_LEN == link->want) {
        message = lk_bytes(link->message, link->want);
        link->have = 0; /* the bytes stay until the next call */
    }
    *out_taken = in.len - rd.left;
    *out_message = message;
    return LK_OK;
}

enum lk_status lk_link_prefix(size_t len, uint8_t out[2])
{
    if (len == 0 || len > 0xffff)
        return LK_CALLER_ARGUMENT;
    lk_put16(out, (uint16_t)len);
    return LK_OK;
}
