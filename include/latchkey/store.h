/* store.h: the journal over a store port, placed by the caller.
 *
 * Keeps records (number -> bytes) through power cuts at any byte: a commit is there whole or not
 * at all, and what was acknowledged is never lost. A store belongs to one kind of owner; a corrupt
 * or foreign one is refused and never overwritten. No heap. One thread at a time.
 * Source: spec/store.md of the project. */
#ifndef LATCHKEY_STORE_H
#define LATCHKEY_STORE_H

#include "config.h"
#include "store_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whose store it is; written into its header. */
enum lk_store_kind {
    LK_STORE_ELEMENT = 0x454c,
    LK_STORE_VEHICLE = 0x5645,
    LK_STORE_WALLET = 0x5741
};

struct lk_store_entry {
    uint32_t id;            /* record number, not 0; 0: free entry */
    uint32_t offset;        /* of the committed bytes within the half; 0: none */
    uint32_t staged_offset; /* of the bytes of the open change */
    uint16_t len;
    uint16_t staged_len;
    uint16_t staged; /* 0: untouched, 1: put, 2: removed by the open change */
};

/* Fields belong to src/store. */
struct lk_store {
    const struct lk_store_port *port;
    struct lk_store_entry entries[LK_STORE_NUM_RECORDS];
    uint32_t kind;
    uint32_t half;       /* 0 or 1: the one in use */
    uint32_t epoch;      /* grows with each change of half */
    uint32_t sequence;   /* of the last commit */
    uint32_t tail;       /* next free offset within the half */
    uint32_t sealed_end; /* end of the last commit within the half */
    uint32_t num_seals;  /* commits in this half */
    uint32_t num_staged; /* operations of the open change */
    uint8_t is_open;
    uint8_t is_staging;
    uint8_t is_broken; /* a write failed: reads go on, writes are refused until reopened */
};

/* Makes an empty store of `kind` on an erased port, or finishes a making that a power cut ended.
 * LK_STORE_FOREIGN if there is anything else on the port: nothing is overwritten. LK_PORT_STORE on
 * a port failure, LK_CALLER_ARGUMENT for a port with an odd or impossible geometry. */
enum lk_status lk_store_format(const struct lk_store_port *port, enum lk_store_kind kind);

/* Opens a store, finishing or dropping what a power cut left. LK_STORE_CORRUPT, LK_STORE_FOREIGN
 * (other kind, no store, or a making that a power cut ended: lk_store_format then works),
 * LK_STORE_VERSION, LK_PORT_STORE. A store older than the port's floor is LK_STORE_CORRUPT (LI2).
 * `port` must outlive `store`. */
enum lk_status lk_store_open(struct lk_store *store, const struct lk_store_port *port,
                             enum lk_store_kind kind);

/* Reads record `id` whole. LK_CALLER_NOT_FOUND, LK_CALLER_SPACE if longer than `cap` (nothing is
 * written), LK_STORE_CORRUPT, LK_PORT_STORE. */
enum lk_status lk_store_read(struct lk_store *store, uint32_t id, uint8_t *out, size_t cap,
                             size_t *out_len);

/* Walks record numbers: the smallest committed one above `after`, or LK_CALLER_NOT_FOUND. */
enum lk_status lk_store_next(const struct lk_store *store, uint32_t after, uint32_t *out_id);

/* One atomic change: begin, any puts and removes, commit. The change is durable when commit
 * returned LK_OK; any failure ends the change and leaves the old state. After LK_PORT_STORE the
 * store reads on and writes no more; opened again it holds the old state or, if it was the last
 * step of commit that failed, the whole new one. Reads between begin and commit see the old
 * state. lk_store_cancel drops an open change. begin inside a change is LK_CALLER_STATE.
 * put: LK_STORE_FULL if it does not fit even after compaction, LK_CALLER_FULL if the index is full,
 * LK_CALLER_ARGUMENT for id 0 or len above LK_STORE_RECORD_MAX. remove of an absent record is
 * LK_OK. */
enum lk_status lk_store_begin(struct lk_store *store);
enum lk_status lk_store_put(struct lk_store *store, uint32_t id, const uint8_t *data, size_t len);
enum lk_status lk_store_remove(struct lk_store *store, uint32_t id);
enum lk_status lk_store_commit(struct lk_store *store);
void lk_store_cancel(struct lk_store *store);

/* begin, put, commit in one. */
enum lk_status lk_store_write(struct lk_store *store, uint32_t id, const uint8_t *data, size_t len);

/* Moves the live records to the other half and erases the old one, so that no removed or replaced
 * byte stays in the port (LI6). Durable on LK_OK. */
enum lk_status lk_store_compact(struct lk_store *store);

#ifdef __cplusplus
}
#endif
#endif
