/* compact.c: a journal written afresh into the other half. spec/store.md, "Changing halves". */
#include "store/journal.h"

/* Where the new half stands while it is filled. */
struct filling {
    const struct lk_store_port *port;
    uint32_t half, epoch, sequence, at, num_ops;
};

static enum lk_status put_header(const struct filling *to, uint32_t kind)
{
    struct lk_journal_header header = {LK_JOURNAL_VERSION, kind, to->epoch, to->sequence,
                                       to->port->page_bytes, to->port->num_pages};
    uint8_t bytes[LK_JOURNAL_HEADER_LEN];

    lk_header_encode(&header, bytes);
    return lk_half_program(to->port, to->half, 0, bytes, sizeof bytes);
}

static enum lk_status put_op(struct filling *to, uint8_t type, uint32_t id)
{
    struct lk_op op = {id, 0, type, to->epoch, to->sequence, 0};
    uint8_t bytes[LK_JOURNAL_OP_LEN];

    op.crc = lk_op_crc(&op);
    lk_op_encode(&op, bytes);
    LK_TRY(lk_half_program(to->port, to->half, to->at, bytes, sizeof bytes));
    to->at += lk_op_size(0);
    to->num_ops++;
    return LK_OK;
}

/* Copies one record. What is checked is what is written: the same bytes feed both CRCs, so a weak
 * cell of the old half cannot pass the check and then read differently into the copy. */
static enum lk_status copy_op(struct filling *to, uint32_t half, uint32_t offset, uint32_t id,
                              uint16_t len)
{
    struct lk_op old, op = {id, len, LK_OP_PUT, to->epoch, to->sequence, 0};
    uint8_t chunk[256];
    uint64_t old_crc;
    uint32_t done;

    LK_TRY(lk_half_read(to->port, half, offset, chunk, LK_JOURNAL_OP_LEN));
    lk_op_decode(chunk, &old);
    if (old.id != id || old.len != len || old.type != LK_OP_PUT)
        return LK_STORE_CORRUPT;
    old_crc = lk_op_crc(&old);
    op.crc = lk_op_crc(&op);
    for (done = 0; done < len;) {
        uint32_t at = LK_JOURNAL_OP_LEN + done;
        uint32_t n = len - done < sizeof chunk ? len - done : (uint32_t)sizeof chunk;

        LK_TRY(lk_half_read(to->port, half, offset + at, chunk, n));
        LK_TRY(lk_half_program(to->port, to->half, to->at + at, chunk, n));
        old_crc = lk_crc64(old_crc, chunk, n);
        op.crc = lk_crc64(op.crc, chunk, n);
        done += n;
    }
    if (old_crc != old.crc)
        return LK_STORE_CORRUPT;
    lk_op_encode(&op, chunk);
    LK_TRY(lk_half_program(to->port, to->half, to->at, chunk, LK_JOURNAL_OP_LEN));
    to->at += lk_op_size(len);
    to->num_ops++;
    return LK_OK;
}

/* Ends the first commit of the new half: sync, read back, seal, sync. */
static enum lk_status seal(struct filling *to)
{
    uint8_t bytes[LK_JOURNAL_SEAL_LEN];
    uint32_t at = LK_JOURNAL_HEADER_LEN;

    LK_TRY(put_op(to, LK_OP_COMMIT, to->num_ops));
    LK_TRY(to->port->sync(to->port->ctx));
    while (at < to->at) {
        struct lk_op op;

        if (lk_journal_read_op(to->port, to->half, at, to->at, &op) != LK_OK)
            return LK_PORT_STORE;
        at += lk_op_size(op.len);
    }
    lk_seal_encode(to->epoch, to->sequence, bytes);
    LK_TRY(lk_half_program(to->port, to->half, lk_seal_offset(to->port, 0), bytes, sizeof bytes));
    return to->port->sync(to->port->ctx);
}

static enum lk_status copy_committed(const struct lk_store *store, struct filling *to)
{
    size_t i;

    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        const struct lk_store_entry *entry = &store->entries[i];

        if (entry->offset != 0)
            LK_TRY(copy_op(to, store->half, entry->offset, entry->id, entry->len));
    }
    return LK_OK;
}

/* The open change follows as the operations of the next commit, still unsealed. */
static enum lk_status copy_staged(const struct lk_store *store, struct filling *to)
{
    size_t i;

    to->num_ops = 0;
    to->sequence++;
    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        const struct lk_store_entry *entry = &store->entries[i];

        if (entry->staged == 1)
            LK_TRY(copy_op(to, store->half, entry->staged_offset, entry->id, entry->staged_len));
        if (entry->staged == 2)
            LK_TRY(put_op(to, LK_OP_REMOVE, entry->id));
    }
    return LK_OK;
}

/* Points the index at the copies: the same walks, with the same sizes. */
static void repoint(struct lk_store *store)
{
    uint32_t at = LK_JOURNAL_HEADER_LEN;
    size_t i;

    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        struct lk_store_entry *entry = &store->entries[i];

        if (entry->offset == 0)
            continue;
        entry->offset = at;
        at += lk_op_size(entry->len);
    }
    at += lk_op_size(0);
    store->sealed_end = at;
    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        struct lk_store_entry *entry = &store->entries[i];

        if (entry->staged == 1) {
            entry->staged_offset = at;
            at += lk_op_size(entry->staged_len);
        }
        if (entry->staged == 2)
            at += lk_op_size(0);
    }
    store->tail = at;
}

static enum lk_status move(struct lk_store *store)
{
    struct filling to = {store->port, 1 - store->half, store->epoch + 1, store->sequence,
                         LK_JOURNAL_HEADER_LEN, 0};
    uint32_t left = store->half;

    /* Erased even if it reads blank: an erase that a power cut ended may only seem done. */
    LK_TRY(lk_half_erase(store->port, to.half));
    LK_TRY(put_header(&to, store->kind));
    LK_TRY(copy_committed(store, &to));
    LK_TRY(seal(&to));
    LK_TRY(copy_staged(store, &to));
    repoint(store);
    store->half = to.half;
    store->epoch = to.epoch;
    store->num_seals = 1;
    store->num_staged = to.num_ops;
    return lk_half_erase(store->port, left);
}

enum lk_status lk_journal_move(struct lk_store *store)
{
    enum lk_status status = LK_STORE_FULL;

    if (store->epoch != UINT32_MAX)
        status = move(store);
    if (status != LK_OK)
        store->is_broken = 1;
    return status;
}

uint32_t lk_journal_live_bytes(const struct lk_store *store)
{
    uint32_t bytes = LK_JOURNAL_HEADER_LEN + lk_op_size(0);
    size_t i;

    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        const struct lk_store_entry *entry = &store->entries[i];

        if (entry->offset != 0)
            bytes += lk_op_size(entry->len);
        if (entry->staged == 1)
            bytes += lk_op_size(entry->staged_len);
        if (entry->staged == 2)
            bytes += lk_op_size(0);
    }
    return bytes;
}

enum lk_status lk_journal_make(const struct lk_store_port *port, uint32_t kind)
{
    struct filling to = {port, 0, 1, 0, LK_JOURNAL_HEADER_LEN, 0};
    int blank = 0;

    LK_TRY(lk_half_blank(port, 0, 0, lk_half_bytes(port), &blank));
    if (!blank)
        LK_TRY(lk_half_erase(port, 0));
    LK_TRY(put_header(&to, kind));
    return seal(&to);
}
