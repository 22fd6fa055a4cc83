/* store_port.h: what the core asks of non-volatile memory.
 *
 * A byte-addressed device of `num_pages` pages. An erased byte reads FF; programming is only
 * defined over erased bytes; nothing is durable before `sync` returned LK_OK. Power may fail
 * inside any call and leave any part of it done, also half-programmed bytes: the journal in
 * src/store survives that. Calls return LK_OK or LK_PORT_STORE.
 * Source: spec/store.md of the project. */
#ifndef LATCHKEY_STORE_PORT_H
#define LATCHKEY_STORE_PORT_H

#include "bytes.h"
#include "status.h"

struct lk_store_port {
    void *ctx;
    uint32_t page_bytes; /* erase unit, 256 to 65536 */
    uint32_t num_pages;  /* even, at least 2: the journal uses two halves in turn */

    enum lk_status (*read)(void *ctx, uint32_t offset, uint8_t *out, size_t len);
    enum lk_status (*program)(void *ctx, uint32_t offset, const uint8_t *data, size_t len);
    enum lk_status (*erase)(void *ctx, uint32_t page);
    enum lk_status (*sync)(void *ctx);

    /* A number that never falls, kept apart from the pages (a fuse, a replay-protected block): the
     * defence against an old image put back (LI2). `floor` reads it, `raise` lifts it durably.
     * Both may be NULL: then old images are not detected. */
    enum lk_status (*floor)(void *ctx, uint32_t *out_sequence);
    enum lk_status (*raise)(void *ctx, uint32_t sequence);
};

#endif
