/* store.c: the journal as its callers see it. spec/store.md. */
#include "store/journal.h"

#define OPEN_TRIES 3
/* Bytes a new record leaves free, so that a store it filled can still count, replace and remove. */
#define RESERVE 128u

static int has_geometry(const struct lk_store_port *port)
{
    return port->page_bytes >= 256 && port->page_bytes <= 65536 && port->num_pages >= 2 &&
           port->num_pages % 2 == 0 && port->num_pages <= UINT32_MAX / port->page_bytes;
}

/* 1 if the port holds nothing, or the beginning of a making that never came to its seal. */
static enum lk_status is_free(const struct lk_store_port *port, int *out_free)
{
    uint32_t made = LK_JOURNAL_HEADER_LEN + lk_op_size(0);
    int low = 0, high = 0;

    LK_TRY(lk_half_blank(port, 0, made, lk_half_bytes(port), &low));
    LK_TRY(lk_half_blank(port, 1, 0, lk_half_bytes(port), &high));
    *out_free = low && high;
    return LK_OK;
}

enum lk_status lk_store_format(const struct lk_store_port *port, enum lk_store_kind kind)
{
    int is_empty = 0;

    if (!has_geometry(port))
        return LK_CALLER_ARGUMENT;
    LK_TRY(is_free(port, &is_empty));
    if (!is_empty)
        return LK_STORE_FOREIGN;
    return lk_journal_make(port, (uint32_t)kind);
}

static enum lk_status check_header(const struct lk_store *store, const struct lk_half_view *view)
{
    if (view->state == LK_HALF_NONE)
        return LK_OK;
    if (view->header.version != LK_JOURNAL_VERSION)
        return LK_STORE_VERSION;
    if (view->header.kind != store->kind)
        return LK_STORE_FOREIGN;
    return LK_OK;
}

/* Neither half can be used: was this ever a store? */
static enum lk_status why_none(const struct lk_half_view view[2])
{
    size_t i;

    for (i = 0; i < 2; i++) {
        if (view[i].first_seal_valid || (view[i].has_magic && !view[i].first_seal_blank))
            return LK_STORE_CORRUPT;
        if (view[i].state != LK_HALF_NONE && view[i].header.epoch > 1)
            return LK_STORE_CORRUPT;
    }
    return LK_STORE_FOREIGN;
}

/* Which half is the truth. Between the sealing of a new half and the erasing of the old one both
 * hold the same records; then the one whose bytes are surely durable is taken. */
static enum lk_status choose(const struct lk_half_view view[2], uint32_t *out_half)
{
    uint32_t high = view[1].header.epoch > view[0].header.epoch ? 1 : 0;
    const struct lk_half_view *newer = &view[high], *older = &view[1 - high];

    if (newer->state == LK_HALF_WHOLE && older->state == LK_HALF_WHOLE) {
        if (newer->header.epoch == older->header.epoch)
            return LK_STORE_CORRUPT;
        *out_half = newer->first_seal_blank && newer->second_seal_blank ? 1 - high : high;
        return LK_OK;
    }
    if (newer->state == LK_HALF_WHOLE) {
        *out_half = high;
        return LK_OK;
    }
    if (older->state != LK_HALF_WHOLE)
        return why_none(view);
    /* A second seal in the newer half: commits were acknowledged there and are lost. */
    if (!newer->second_seal_blank && newer->state == LK_HALF_DAMAGED)
        return LK_STORE_CORRUPT;
    *out_half = 1 - high;
    return LK_OK;
}

static enum lk_status check_floor(const struct lk_store *store)
{
    uint32_t floor = 0;

    if (store->port->floor == NULL)
        return LK_OK;
    LK_TRY(store->port->floor(store->port->ctx, &floor));
    return store->sequence < floor ? LK_STORE_CORRUPT : LK_OK;
}

/* Leaves one half in use, firm, and the other blank. */
static enum lk_status settle(struct lk_store *store, int is_firm, int both_whole)
{
    int blank = 0;

    if (!is_firm)
        return lk_journal_move(store);
    LK_TRY(lk_half_blank(store->port, 1 - store->half, 0, lk_half_bytes(store->port), &blank));
    if (blank)
        return LK_OK;
    /* The seal of the newer half may be weak: a second one stands before the older half goes. */
    if (both_whole && store->num_seals == 1 && lk_journal_has_room(store, 0))
        LK_TRY(lk_journal_seal(store));
    return lk_half_erase(store->port, 1 - store->half);
}

static enum lk_status open_once(struct lk_store *store)
{
    struct lk_half_view view[2];
    uint32_t half = 0;
    int both;

    LK_TRY(lk_journal_scan(store, 0, &view[0]));
    LK_TRY(lk_journal_scan(store, 1, &view[1]));
    LK_TRY(check_header(store, &view[0]));
    LK_TRY(check_header(store, &view[1]));
    LK_TRY(choose(view, &half));
    both = view[0].state == LK_HALF_WHOLE && view[1].state == LK_HALF_WHOLE;
    LK_TRY(lk_journal_scan(store, half, &view[half]));
    if (view[half].state != LK_HALF_WHOLE)
        return LK_STORE_CORRUPT; /* weak cells read differently the second time: look again */
    LK_TRY(check_floor(store));
    return settle(store, view[half].is_firm, both);
}

enum lk_status lk_store_open(struct lk_store *store, const struct lk_store_port *port,
                             enum lk_store_kind kind)
{
    enum lk_status status = LK_STORE_CORRUPT;
    int i;

    memset(store, 0, sizeof *store);
    if (!has_geometry(port))
        return LK_CALLER_ARGUMENT;
    for (i = 0; i < OPEN_TRIES && status == LK_STORE_CORRUPT; i++) {
        memset(store, 0, sizeof *store);
        store->port = port;
        store->kind = (uint32_t)kind;
        status = open_once(store);
    }
    store->is_open = status == LK_OK;
    return status;
}

enum lk_status lk_store_read(struct lk_store *store, uint32_t id, uint8_t *out, size_t cap,
                             size_t *out_len)
{
    const struct lk_store_entry *entry = id == 0 ? NULL : lk_index_find(store, id);
    uint8_t bytes[LK_JOURNAL_OP_LEN];
    enum lk_status status;
    struct lk_op op;

    if (!store->is_open)
        return LK_CALLER_STATE;
    if (entry == NULL || entry->offset == 0)
        return LK_CALLER_NOT_FOUND;
    if (entry->len > cap)
        return LK_CALLER_SPACE;
    LK_TRY(lk_half_read(store->port, store->half, entry->offset, bytes, sizeof bytes));
    lk_op_decode(bytes, &op);
    if (op.id != id || op.len != entry->len || op.epoch != store->epoch || op.type != LK_OP_PUT)
        return LK_STORE_CORRUPT;
    status = lk_half_read(store->port, store->half, entry->offset + LK_JOURNAL_OP_LEN, out, op.len);
    if (status == LK_OK && lk_crc64(lk_op_crc(&op), out, op.len) != op.crc)
        status = LK_STORE_CORRUPT;
    if (status != LK_OK) {
        lk_wipe(out, op.len);
        return status;
    }
    *out_len = op.len;
    return LK_OK;
}

enum lk_status lk_store_next(const struct lk_store *store, uint32_t after, uint32_t *out_id)
{
    uint32_t best = 0;
    size_t i;

    if (!store->is_open)
        return LK_CALLER_STATE;
    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        const struct lk_store_entry *entry = &store->entries[i];

        if (entry->offset != 0 && entry->id > after && (best == 0 || entry->id < best))
            best = entry->id;
    }
    if (best == 0)
        return LK_CALLER_NOT_FOUND;
    *out_id = best;
    return LK_OK;
}

enum lk_status lk_store_begin(struct lk_store *store)
{
    if (!store->is_open || store->is_staging)
        return LK_CALLER_STATE;
    if (store->is_broken)
        return LK_PORT_STORE;
    if (store->sequence >= UINT32_MAX - 1)
        return LK_STORE_FULL;
    store->is_staging = 1;
    return LK_OK;
}

void lk_store_cancel(struct lk_store *store)
{
    lk_index_cancel(store);
    store->num_staged = 0;
    store->is_staging = 0;
}

/* A change that failed is over; after a port's failure the store only reads. */
static enum lk_status fail(struct lk_store *store, enum lk_status status)
{
    if (status == LK_PORT_STORE)
        store->is_broken = 1;
    lk_store_cancel(store);
    return status;
}

/* Makes room for `bytes` in the half in use, and ends what a cancelled change left there. */
static enum lk_status make_room(struct lk_store *store, uint32_t bytes, uint32_t reserve)
{
    uint32_t rest = store->num_staged == 0 && store->tail != store->sealed_end ? lk_op_size(0) : 0;
    uint32_t seals = 3 * LK_JOURNAL_SEAL_LEN;

    if (lk_journal_live_bytes(store) + bytes + lk_op_size(0) + seals + reserve >
        lk_half_bytes(store->port))
        return LK_STORE_FULL;
    if (!lk_journal_has_room(store, bytes + rest))
        return lk_journal_move(store);
    if (rest != 0)
        return lk_journal_append(store, LK_OP_CANCEL, 0, NULL, 0);
    return LK_OK;
}

static enum lk_status put(struct lk_store *store, uint32_t id, const uint8_t *data, uint16_t len)
{
    int is_new = lk_index_find(store, id) == NULL;
    uint32_t offset;

    if (is_new && lk_index_find(store, 0) == NULL)
        return LK_CALLER_FULL;
    LK_TRY(make_room(store, lk_op_size(len), is_new ? RESERVE : 0));
    offset = store->tail;
    LK_TRY(lk_journal_append(store, LK_OP_PUT, id, data, len));
    store->num_staged++;
    return lk_index_put(store, id, offset, len);
}

enum lk_status lk_store_put(struct lk_store *store, uint32_t id, const uint8_t *data, size_t len)
{
    enum lk_status status;

    if (!store->is_staging)
        return LK_CALLER_STATE;
    if (id == 0 || len > LK_STORE_RECORD_MAX)
        return fail(store, LK_CALLER_ARGUMENT);
    status = put(store, id, data, (uint16_t)len);
    return status == LK_OK ? LK_OK : fail(store, status);
}

static enum lk_status take(struct lk_store *store, uint32_t id)
{
    LK_TRY(make_room(store, lk_op_size(0), 0));
    LK_TRY(lk_journal_append(store, LK_OP_REMOVE, id, NULL, 0));
    store->num_staged++;
    lk_index_remove(store, id);
    return LK_OK;
}

enum lk_status lk_store_remove(struct lk_store *store, uint32_t id)
{
    const struct lk_store_entry *entry;
    enum lk_status status;

    if (!store->is_staging)
        return LK_CALLER_STATE;
    entry = id == 0 ? NULL : lk_index_find(store, id);
    if (entry == NULL || entry->staged == 2)
        return LK_OK;
    status = take(store, id);
    return status == LK_OK ? LK_OK : fail(store, status);
}

enum lk_status lk_store_commit(struct lk_store *store)
{
    enum lk_status status;

    if (!store->is_staging)
        return LK_CALLER_STATE;
    if (store->num_staged == 0) {
        store->is_staging = 0;
        return LK_OK;
    }
    status = make_room(store, 0, 0);
    if (status == LK_OK)
        status = lk_journal_seal(store);
    if (status != LK_OK)
        return fail(store, status);
    lk_index_apply(store);
    store->is_staging = 0;
    return LK_OK;
}

enum lk_status lk_store_write(struct lk_store *store, uint32_t id, const uint8_t *data, size_t len)
{
    LK_TRY(lk_store_begin(store));
    LK_TRY(lk_store_put(store, id, data, len));
    return lk_store_commit(store);
}

enum lk_status lk_store_compact(struct lk_store *store)
{
    if (!store->is_open || store->is_staging)
        return LK_CALLER_STATE;
    if (store->is_broken)
        return LK_PORT_STORE;
    if (lk_journal_live_bytes(store) + 3 * LK_JOURNAL_SEAL_LEN > lk_half_bytes(store->port))
        return LK_STORE_FULL;
    return lk_journal_move(store);
}
