/* base.h: constant-time and wiping helpers, big-endian integers, cursors over bytes. */
#ifndef LK_BASE_H
#define LK_BASE_H

#include <string.h>

#include "latchkey/bytes.h"
#include "latchkey/config.h"
#include "latchkey/status.h"

/* The one hidden jump of the house. Never in a function that holds secrets. */
#define LK_TRY(call)                         \
    do {                                     \
        enum lk_status try_status_ = (call); \
        if (try_status_ != LK_OK)            \
            return try_status_;              \
    } while (0)

/* 1 if equal, 0 if not; time depends on `len` alone. */
int lk_equal(const void *a, const void *b, size_t len);
/* Zeroes `len` bytes in a way the compiler keeps. */
void lk_wipe(void *at, size_t len);
/* 1 if all bytes are zero, in constant time. */
int lk_is_zero(const void *at, size_t len);

uint16_t lk_be16(const uint8_t *at);
uint32_t lk_be32(const uint8_t *at);
uint64_t lk_be64(const uint8_t *at);
void lk_put16(uint8_t *at, uint16_t value);
void lk_put32(uint8_t *at, uint32_t value);
void lk_put64(uint8_t *at, uint64_t value);

static inline struct lk_bytes lk_bytes(const void *at, size_t len)
{
    struct lk_bytes run = {(const uint8_t *)at, len};
    return run;
}
/* 1 if both runs have the same length and bytes (not constant time in the length). */
int lk_bytes_equal(struct lk_bytes a, struct lk_bytes b);

/* 1 if `text` is a date of the calendar, YYYYMMDDhhmmssZ. */
int lk_date_is_good(struct lk_bytes text);
/* Seconds since 2000-01-01 00:00:00 UTC. 0 for what is no date or lies before; UINT32_MAX, which no
 * clock reaches, for a date after 2135. */
#define LK_DATE_LAST_YEAR 2135u
uint32_t lk_date_seconds(struct lk_bytes text);
void lk_date_text(uint32_t seconds, uint8_t out[LK_DATE_LEN]);

/* A read window. The first fault is kept in *fault, which all child windows share; after it every
 * read gives zeros or empty runs, so a parser is straight-line code with one check at its end. */
struct lk_rd {
    const uint8_t *at;
    size_t left;
    enum lk_status *fault;
};
/* Sets *fault to LK_OK. */
void lk_rd_init(struct lk_rd *rd, struct lk_bytes in, enum lk_status *fault);
void lk_rd_fail(struct lk_rd *rd, enum lk_status status);
uint8_t lk_rd_u8(struct lk_rd *rd);              /* LK_PEER_LENGTH when short, all of these */
uint16_t lk_rd_u16(struct lk_rd *rd);
uint32_t lk_rd_u32(struct lk_rd *rd);
struct lk_bytes lk_rd_take(struct lk_rd *rd, size_t n);
struct lk_rd lk_rd_child(struct lk_rd *rd, size_t n); /* a window over the next n bytes */
void lk_rd_close(struct lk_rd *rd);              /* LK_PEER_LENGTH if bytes are left */

/* A write window: sticky LK_CALLER_SPACE. `len` is what was written so far. */
struct lk_wr {
    uint8_t *at;
    size_t cap, len;
    enum lk_status fault;
};
void lk_wr_init(struct lk_wr *wr, uint8_t *out, size_t cap);
void lk_wr_u8(struct lk_wr *wr, uint8_t value);
void lk_wr_u16(struct lk_wr *wr, uint16_t value);
void lk_wr_u32(struct lk_wr *wr, uint32_t value);
void lk_wr_put(struct lk_wr *wr, const void *data, size_t len);
void lk_wr_bytes(struct lk_wr *wr, struct lk_bytes run);

#endif
