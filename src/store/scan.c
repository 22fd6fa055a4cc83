/* scan.c: reads a half and says what can be trusted in it. spec/store.md, "Opening". */
#include "store/journal.h"

enum lk_status lk_journal_read_op(const struct lk_store_port *port, uint32_t half, uint32_t offset,
                                  uint32_t limit, struct lk_op *out)
{
    uint8_t chunk[256];
    uint64_t crc;
    uint32_t at, left;

    if (limit < LK_JOURNAL_OP_LEN || offset > limit - LK_JOURNAL_OP_LEN)
        return LK_CALLER_NOT_FOUND;
    LK_TRY(lk_half_read(port, half, offset, chunk, LK_JOURNAL_OP_LEN));
    if (lk_journal_is_blank(chunk, LK_JOURNAL_OP_LEN))
        return LK_CALLER_NOT_FOUND;
    lk_op_decode(chunk, out);
    if (chunk[7] != LK_JOURNAL_VERSION || out->len > LK_STORE_RECORD_MAX ||
        lk_op_size(out->len) > limit - offset)
        return LK_STORE_CORRUPT;
    crc = lk_op_crc(out);
    at = offset + LK_JOURNAL_OP_LEN;
    for (left = out->len; left > 0;) {
        uint32_t n = left < sizeof chunk ? left : (uint32_t)sizeof chunk;

        LK_TRY(lk_half_read(port, half, at, chunk, n));
        crc = lk_crc64(crc, chunk, n);
        at += n;
        left -= n;
    }
    return crc == out->crc ? LK_OK : LK_STORE_CORRUPT;
}

/* Applies one operation that holds; *out_committed is 1 if it ended a commit. */
static enum lk_status replay(struct lk_store *store, const struct lk_op *op, uint32_t offset,
                             int *out_committed)
{
    *out_committed = 0;
    store->num_staged++;
    switch (op->type) {
    case LK_OP_PUT:
        return op->id == 0 ? LK_STORE_CORRUPT : lk_index_put(store, op->id, offset, op->len);
    case LK_OP_REMOVE:
        lk_index_remove(store, op->id);
        return LK_OK;
    case LK_OP_CANCEL:
        lk_index_cancel(store);
        store->num_staged = 0;
        return LK_OK;
    case LK_OP_COMMIT:
        if (op->id != store->num_staged - 1)
            return LK_STORE_CORRUPT;
        lk_index_apply(store);
        store->num_staged = 0;
        *out_committed = 1;
        return LK_OK;
    default:
        return LK_STORE_CORRUPT;
    }
}

/* Replays one commit from store->sealed_end on. LK_STORE_CORRUPT or LK_CALLER_NOT_FOUND if it is
 * not whole; the index then holds the state before it. */
static enum lk_status commit(struct lk_store *store, uint32_t sequence)
{
    uint32_t limit = lk_seal_offset(store->port, store->num_seals);
    enum lk_status status = LK_OK;
    struct lk_op op;
    int committed = 0;

    store->tail = store->sealed_end;
    store->num_staged = 0;
    while (status == LK_OK && !committed) {
        status = lk_journal_read_op(store->port, store->half, store->tail, limit, &op);
        if (status == LK_OK && (op.epoch != store->epoch || op.sequence != sequence))
            status = LK_STORE_CORRUPT;
        if (status == LK_OK)
            status = replay(store, &op, store->tail, &committed);
        if (status == LK_OK)
            store->tail += lk_op_size(op.len);
    }
    if (status != LK_OK) {
        lk_index_cancel(store);
        return status;
    }
    store->sealed_end = store->tail;
    store->sequence = sequence;
    store->num_seals++;
    return LK_OK;
}

/* What the end of the half says once commits no longer read whole. */
static enum lk_status judge_end(struct lk_store *store, struct lk_half_view *view)
{
    uint32_t next = lk_seal_offset(store->port, store->num_seals);
    uint8_t seal[LK_JOURNAL_SEAL_LEN];
    int blank = 0;

    LK_TRY(lk_half_read(store->port, store->half, next, seal, sizeof seal));
    if (!lk_journal_is_blank(seal, sizeof seal)) {
        /* A seal is written only over a commit that was durable: that commit has been lost. */
        view->state = LK_HALF_DAMAGED;
        return LK_OK;
    }
    if (store->num_seals == 0) {
        view->state = LK_HALF_INCOMPLETE;
        return LK_OK;
    }
    view->state = LK_HALF_WHOLE;
    next += LK_JOURNAL_SEAL_LEN;
    LK_TRY(lk_half_read(store->port, store->half, next, seal, sizeof seal));
    LK_TRY(lk_half_blank(store->port, store->half, store->sealed_end, next, &blank));
    view->is_firm = blank && lk_seal_decode(seal, store->epoch, store->sequence);
    store->tail = store->sealed_end;
    return LK_OK;
}

static enum lk_status look_at_seals(const struct lk_store_port *port, uint32_t half,
                                    struct lk_half_view *view)
{
    uint8_t seals[2 * LK_JOURNAL_SEAL_LEN];
    const uint8_t *first = seals + LK_JOURNAL_SEAL_LEN;

    LK_TRY(lk_half_read(port, half, lk_seal_offset(port, 1), seals, sizeof seals));
    view->second_seal_blank = (uint8_t)lk_journal_is_blank(seals, LK_JOURNAL_SEAL_LEN);
    view->first_seal_blank = (uint8_t)lk_journal_is_blank(first, LK_JOURNAL_SEAL_LEN);
    view->first_seal_valid = (uint8_t)lk_seal_decode(first, lk_be32(first + 4), lk_be32(first + 8));
    return LK_OK;
}

enum lk_status lk_journal_scan(struct lk_store *store, uint32_t half, struct lk_half_view *out)
{
    uint8_t header[LK_JOURNAL_HEADER_LEN];
    enum lk_status status;
    uint32_t sequence;

    memset(out, 0, sizeof *out);
    memset(store->entries, 0, sizeof store->entries);
    out->state = LK_HALF_NONE;
    LK_TRY(lk_half_read(store->port, half, 0, header, sizeof header));
    LK_TRY(look_at_seals(store->port, half, out));
    out->has_magic = (uint8_t)lk_header_has_magic(header);
    if (!lk_header_decode(header, &out->header))
        return LK_OK;
    out->state = LK_HALF_DAMAGED;
    if (out->header.version != LK_JOURNAL_VERSION || out->header.kind != store->kind ||
        out->header.page_bytes != store->port->page_bytes ||
        out->header.num_pages != store->port->num_pages)
        return LK_OK;

    store->half = half;
    store->epoch = out->header.epoch;
    store->sequence = sequence = out->header.sequence;
    store->sealed_end = LK_JOURNAL_HEADER_LEN;
    store->num_seals = 0;
    for (;; sequence++) {
        if (lk_seal_offset(store->port, store->num_seals) < store->sealed_end)
            return LK_OK; /* no roof is left for another seal: the bytes are not ours */
        status = commit(store, sequence);
        if (status != LK_OK)
            break;
        if (sequence == UINT32_MAX)
            return LK_OK; /* nor does a writer of ours go so far (LI7) */
    }
    if (status != LK_STORE_CORRUPT && status != LK_CALLER_NOT_FOUND)
        return status;
    return judge_end(store, out);
}
