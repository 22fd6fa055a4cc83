/* journal.h: how the journal lies in a half of the port. Only src/store looks in here.
 *
 * A half is: one header, then operations growing upwards, and at its end seals growing downwards,
 * one per commit. spec/store.md gives the bytes and says why a seal lies apart from its commit. */
#ifndef LK_STORE_JOURNAL_H
#define LK_STORE_JOURNAL_H

#include "base/base.h"
#include "latchkey/store.h"

#define LK_JOURNAL_VERSION 1
#define LK_JOURNAL_HEADER_LEN 40u
#define LK_JOURNAL_OP_LEN 24u
#define LK_JOURNAL_SEAL_LEN 24u

enum lk_op_type { LK_OP_PUT = 0x50, LK_OP_REMOVE = 0x52, LK_OP_COMMIT = 0x43, LK_OP_CANCEL = 0x58 };

/* One operation. For a commit `id` is the number of operations before it. */
struct lk_op {
    uint32_t id;
    uint16_t len;
    uint8_t type;
    uint32_t epoch, sequence;
    uint64_t crc; /* over the other fields as written and the payload */
};

struct lk_journal_header {
    uint32_t version, kind, epoch, sequence; /* sequence: of the first commit in the half */
    uint32_t page_bytes, num_pages;
};

/* What a half turned out to be. */
enum lk_half_state {
    LK_HALF_NONE,       /* no valid header */
    LK_HALF_INCOMPLETE, /* its first commit never came to its seal */
    LK_HALF_DAMAGED,    /* something that was sealed does not read back */
    LK_HALF_WHOLE,
};

struct lk_half_view {
    enum lk_half_state state;
    struct lk_journal_header header; /* valid unless state is LK_HALF_NONE */
    uint8_t has_magic;
    uint8_t is_firm; /* nothing in it may be weak */
    uint8_t first_seal_blank, second_seal_blank, first_seal_valid;
};

/* CRC-64/XZ, in pieces: begin with 0, feed what the piece before gave. */
uint64_t lk_crc64(uint64_t crc, const void *data, size_t len);

static inline uint32_t lk_half_bytes(const struct lk_store_port *port)
{
    return port->page_bytes * (port->num_pages / 2);
}

/* Bytes an operation with a payload of `len` takes, rounded up to 8. */
static inline uint32_t lk_op_size(uint32_t len)
{
    return (LK_JOURNAL_OP_LEN + len + 7u) & ~7u;
}

/* Offset within the half of the seal of commit `index`; data of that commit ends at or below it. */
static inline uint32_t lk_seal_offset(const struct lk_store_port *port, uint32_t index)
{
    return lk_half_bytes(port) - LK_JOURNAL_SEAL_LEN * (index + 1);
}

/* layout.c: bytes to structs and back. Decoders give 1 if the bytes are valid. */
int lk_journal_is_blank(const uint8_t *at, size_t len);
void lk_header_encode(const struct lk_journal_header *header, uint8_t out[LK_JOURNAL_HEADER_LEN]);
int lk_header_decode(const uint8_t in[LK_JOURNAL_HEADER_LEN], struct lk_journal_header *out);
int lk_header_has_magic(const uint8_t in[LK_JOURNAL_HEADER_LEN]);
/* CRC of the fields before the CRC; the payload's bytes are then added with lk_crc64. */
uint64_t lk_op_crc(const struct lk_op *op);
void lk_op_encode(const struct lk_op *op, uint8_t out[LK_JOURNAL_OP_LEN]);
void lk_op_decode(const uint8_t in[LK_JOURNAL_OP_LEN], struct lk_op *out);
void lk_seal_encode(uint32_t epoch, uint32_t sequence, uint8_t out[LK_JOURNAL_SEAL_LEN]);
int lk_seal_decode(const uint8_t in[LK_JOURNAL_SEAL_LEN], uint32_t epoch, uint32_t sequence);

/* flash.c: the port seen through halves. */
enum lk_status lk_half_read(const struct lk_store_port *port, uint32_t half, uint32_t offset,
                            uint8_t *out, size_t len);
enum lk_status lk_half_program(const struct lk_store_port *port, uint32_t half, uint32_t offset,
                               const uint8_t *data, size_t len);
enum lk_status lk_half_erase(const struct lk_store_port *port, uint32_t half);
/* *out_blank is 1 if bytes `from` to `to` of the half read FF. */
enum lk_status lk_half_blank(const struct lk_store_port *port, uint32_t half, uint32_t from,
                             uint32_t to, int *out_blank);

/* scan.c: reads a half. */
/* One operation at `offset` of the half, ending at or below `limit`, its CRC checked.
 * LK_CALLER_NOT_FOUND if there is none (blank), LK_STORE_CORRUPT if it does not hold. */
enum lk_status lk_journal_read_op(const struct lk_store_port *port, uint32_t half, uint32_t offset,
                                  uint32_t limit, struct lk_op *out);
/* Reads header and seals of a half, and if there is a header, replays it into store->entries. */
enum lk_status lk_journal_scan(struct lk_store *store, uint32_t half, struct lk_half_view *out);

/* index.c: the table of records in RAM. */
struct lk_store_entry *lk_index_find(struct lk_store *store, uint32_t id);
enum lk_status lk_index_put(struct lk_store *store, uint32_t id, uint32_t offset, uint16_t len);
void lk_index_remove(struct lk_store *store, uint32_t id);
void lk_index_apply(struct lk_store *store);  /* the change becomes the state */
void lk_index_cancel(struct lk_store *store); /* the change is forgotten */

/* write.c: appends to the half in use. */
/* 1 if `bytes` more and the commit with its seal fit into the half in use. */
int lk_journal_has_room(const struct lk_store *store, uint32_t bytes);
enum lk_status lk_journal_append(struct lk_store *store, uint8_t type, uint32_t id,
                                 const uint8_t *payload, uint16_t len);
/* Commit operation, sync, check by reading, seal, sync. */
enum lk_status lk_journal_seal(struct lk_store *store);

/* compact.c */
/* Writes the committed records into the other half, carries the open change over, and erases the
 * half left behind. On failure the store is broken and still reads the half it had. */
enum lk_status lk_journal_move(struct lk_store *store);
/* Bytes of a half that would hold the committed records and the open change. */
uint32_t lk_journal_live_bytes(const struct lk_store *store);
/* An empty journal in half 0. */
enum lk_status lk_journal_make(const struct lk_store_port *port, uint32_t kind);

#endif
