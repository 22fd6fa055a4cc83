/* write.c: appends operations and seals to the half in use. */
#include "store/journal.h"

int lk_journal_has_room(const struct lk_store *store, uint32_t bytes)
{
    uint32_t roof = lk_seal_offset(store->port, store->num_seals + 1);

    /* One seal more than this commit needs is kept blank: scanning looks at the next one. */
    return store->tail <= roof && bytes <= roof - store->tail &&
           lk_op_size(0) <= roof - store->tail - bytes;
}

enum lk_status lk_journal_append(struct lk_store *store, uint8_t type, uint32_t id,
                                 const uint8_t *payload, uint16_t len)
{
    struct lk_op op = {id, len, type, store->epoch, store->sequence + 1, 0};
    uint8_t header[LK_JOURNAL_OP_LEN];

    op.crc = lk_crc64(lk_op_crc(&op), payload, len);
    lk_op_encode(&op, header);
    LK_TRY(lk_half_program(store->port, store->half, store->tail, header, sizeof header));
    LK_TRY(
        lk_half_program(store->port, store->half, store->tail + LK_JOURNAL_OP_LEN, payload, len));
    store->tail += lk_op_size(len);
    return LK_OK;
}

/* Reads the commit back before it is sealed: a worn cell shows here, not at the next opening. */
static enum lk_status check(const struct lk_store *store)
{
    uint32_t at = store->sealed_end;

    while (at < store->tail) {
        struct lk_op op;

        if (lk_journal_read_op(store->port, store->half, at, store->tail, &op) != LK_OK)
            return LK_PORT_STORE;
        at += lk_op_size(op.len);
    }
    return LK_OK;
}

enum lk_status lk_journal_seal(struct lk_store *store)
{
    uint8_t seal[LK_JOURNAL_SEAL_LEN];

    LK_TRY(lk_journal_append(store, LK_OP_COMMIT, store->num_staged, NULL, 0));
    LK_TRY(store->port->sync(store->port->ctx));
    LK_TRY(check(store));
    lk_seal_encode(store->epoch, store->sequence + 1, seal);
    LK_TRY(lk_half_program(store->port, store->half, lk_seal_offset(store->port, store->num_seals),
                           seal, sizeof seal));
    LK_TRY(store->port->sync(store->port->ctx));
    if (store->port->raise != NULL)
        LK_TRY(store->port->raise(store->port->ctx, store->sequence + 1));
    store->sequence++;
    store->num_seals++;
    store->sealed_end = store->tail;
    store->num_staged = 0;
    return LK_OK;
}
