/* index.c: which record lies where, as committed and as the open change would have it. */
#include "store/journal.h"

enum { UNTOUCHED = 0, PUT = 1, REMOVED = 2 };

struct lk_store_entry *lk_index_find(struct lk_store *store, uint32_t id)
{
    size_t i;

    for (i = 0; i < LK_STORE_NUM_RECORDS; i++)
        if (store->entries[i].id == id)
            return &store->entries[i];
    return NULL;
}

enum lk_status lk_index_put(struct lk_store *store, uint32_t id, uint32_t offset, uint16_t len)
{
    struct lk_store_entry *entry = lk_index_find(store, id);

    if (entry == NULL)
        entry = lk_index_find(store, 0);
    if (entry == NULL)
        return LK_CALLER_FULL;
    entry->id = id;
    entry->staged_offset = offset;
    entry->staged_len = len;
    entry->staged = PUT;
    return LK_OK;
}

static void clear(struct lk_store_entry *entry)
{
    memset(entry, 0, sizeof *entry);
}

void lk_index_remove(struct lk_store *store, uint32_t id)
{
    struct lk_store_entry *entry = lk_index_find(store, id);

    if (entry == NULL)
        return;
    if (entry->offset == 0)
        clear(entry);
    else
        entry->staged = REMOVED;
}

void lk_index_apply(struct lk_store *store)
{
    size_t i;

    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        struct lk_store_entry *entry = &store->entries[i];

        if (entry->staged == REMOVED)
            clear(entry);
        if (entry->staged == PUT) {
            entry->offset = entry->staged_offset;
            entry->len = entry->staged_len;
            entry->staged = UNTOUCHED;
        }
    }
}

void lk_index_cancel(struct lk_store *store)
{
    size_t i;

    for (i = 0; i < LK_STORE_NUM_RECORDS; i++) {
        struct lk_store_entry *entry = &store->entries[i];

        if (entry->staged != UNTOUCHED && entry->offset == 0)
            clear(entry);
        entry->staged = UNTOUCHED;
    }
}
