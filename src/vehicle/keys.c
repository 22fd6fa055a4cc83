/* keys.c: the key table, and what the car's menu does to it. Every change is one commit before it
 * shows in RAM; secrets go first. spec/vehicle.md; D18, S7, S12. */
#include "vehicle/vehicle.h"

size_t lk_vehicle_find_slot(const struct lk_vehicle *vehicle, struct lk_bytes slot)
{
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        const struct lk_vehicle_key *key = &vehicle->keys[i];

        if (key->state != LK_KEY_FREE && lk_bytes_equal(slot, lk_bytes(key->slot, key->slot_len)))
            return i;
    }
    return LK_NO_KEY;
}

size_t lk_vehicle_find_public(const struct lk_vehicle *vehicle, const uint8_t public_key[65])
{
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        const struct lk_vehicle_key *key = &vehicle->keys[i];

        if (key->state != LK_KEY_FREE && lk_equal(key->public_key, public_key, LK_POINT_LEN))
            return i;
    }
    return LK_NO_KEY;
}

size_t lk_vehicle_find_state(const struct lk_vehicle *vehicle, uint8_t role, uint8_t state)
{
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (vehicle->keys[i].role == role && vehicle->keys[i].state == state)
            return i;
    }
    return LK_NO_KEY;
}

enum lk_status lk_vehicle_room(struct lk_vehicle *vehicle, size_t *out_index)
{
    uint8_t hash[LK_HASH_LEN];
    unsigned is_known = 0;

    *out_index = LK_NO_KEY;
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (vehicle->keys[i].state == LK_KEY_FREE) {
            *out_index = i;
            return LK_OK;
        }
    }
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS && !is_known; i++) {
        struct lk_bytes point = lk_bytes(vehicle->keys[i].public_key, LK_POINT_LEN);

        if (vehicle->keys[i].state != LK_KEY_ENDED)
            continue;
        LK_TRY(lk_sha256(vehicle->config->crypto, &point, 1, hash));
        LK_TRY(lk_spent_find(vehicle, hash, 1, &is_known));
        if (is_known)
            *out_index = i;
    }
    return LK_OK;
}

enum lk_status lk_vehicle_new_slot(struct lk_vehicle *vehicle, uint8_t out[LK_SLOT_LEN])
{
    uint8_t slot[LK_SLOT_LEN * 16]; /* many draws at once: short runs may repeat by chance */

    for (size_t round = 0; round < 8; round++) {
        LK_TRY(lk_random(vehicle->config->crypto, slot, sizeof slot));
        for (size_t at = 0; at < sizeof slot; at += LK_SLOT_LEN) {
            struct lk_bytes one = lk_bytes(slot + at, LK_SLOT_LEN);

            if (lk_is_zero(one.at, one.len) || lk_vehicle_find_slot(vehicle, one) != LK_NO_KEY)
                continue;
            memcpy(out, one.at, LK_SLOT_LEN);
            return LK_OK;
        }
    }
    return LK_PORT_RANDOM;
}

const struct lk_vehicle_key *lk_vehicle_key_at(const struct lk_vehicle *vehicle, size_t index)
{
    if (index >= LK_VEHICLE_NUM_KEYS || vehicle->keys[index].state == LK_KEY_FREE)
        return NULL;
    return &vehicle->keys[index];
}

/* A live entry with this identifier. */
static size_t find_id(const struct lk_vehicle *vehicle, const uint8_t key_id[LK_KEY_ID_LEN])
{
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (vehicle->keys[i].state != LK_KEY_FREE &&
            lk_equal(vehicle->keys[i].key_id, key_id, LK_KEY_ID_LEN))
            return i;
    }
    return LK_NO_KEY;
}

/* The entry as it is once its key has ended. */
static void end_entry(struct lk_vehicle_key *key)
{
    lk_wipe(&key->fast, sizeof key->fast);
    key->has_token = 0;
    key->has_next_token = 0;
    key->state = LK_KEY_ENDED;
}

enum lk_status lk_vehicle_drop_pending(struct lk_vehicle *vehicle)
{
    size_t index = lk_vehicle_find_state(vehicle, LK_KEY_OWNER, LK_KEY_PENDING);

    if (index == LK_NO_KEY)
        return LK_OK;
    LK_TRY(lk_store_begin(vehicle->config->store));
    LK_TRY(lk_vehicle_end_commit(vehicle, lk_vehicle_drop_key(vehicle, index)));
    lk_wipe(&vehicle->keys[index], sizeof vehicle->keys[index]);
    vehicle->pending_until_ms = 0;
    return LK_OK;
}

/* A key that lives until a new owner comes: every one but the new owner's. */
static int ends_with_owner(const struct lk_vehicle *vehicle, size_t i, size_t new_owner)
{
    uint8_t state = vehicle->keys[i].state;

    return i != new_owner && state != LK_KEY_FREE && state != LK_KEY_ENDED;
}

/* The end of one key, in the open commit: its secrets go, its hash is remembered (S7). */
static enum lk_status put_end(struct lk_vehicle *vehicle, size_t index, struct lk_spent *spent)
{
    struct lk_vehicle_key ended = vehicle->keys[index];

    end_entry(&ended);
    LK_TRY(lk_spent_add_key(spent, &ended));
    LK_TRY(lk_vehicle_drop_secrets(vehicle, index));
    return lk_vehicle_put_key(vehicle, index, &ended);
}

/* The records of a promotion, in the open commit. */
static enum lk_status put_promotion(struct lk_vehicle *vehicle, size_t index,
                                    const struct lk_vehicle_key *key, struct lk_spent *spent)
{
    LK_TRY(lk_spent_begin(spent, vehicle));
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (ends_with_owner(vehicle, i, index))
            LK_TRY(put_end(vehicle, i, spent));
    }
    LK_TRY(lk_spent_end(spent));
    LK_TRY(lk_vehicle_put_key(vehicle, index, key));
    LK_TRY(lk_vehicle_put_fast(vehicle, index, key));
    LK_TRY(lk_vehicle_adopt_next(vehicle, index));
    LK_TRY(lk_vehicle_put_epoch(vehicle, vehicle->sharing_epoch + 1));
    return lk_vehicle_drop_verifier(vehicle);
}

enum lk_status lk_vehicle_promote(struct lk_vehicle *vehicle, size_t index,
                                  const struct lk_vehicle_key *key)
{
    struct lk_spent spent;

    if (vehicle->sharing_epoch == UINT32_MAX)
        return LK_CALLER_FULL;
    LK_TRY(lk_store_begin(vehicle->config->store));
    LK_TRY(lk_vehicle_end_commit(vehicle, put_promotion(vehicle, index, key, &spent)));
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (ends_with_owner(vehicle, i, index))
            end_entry(&vehicle->keys[i]);
    }
    vehicle->num_spent = (uint16_t)spent.num;
    vehicle->keys[index] = *key;
    vehicle->sharing_epoch++;
    vehicle->pending_until_ms = 0;
    lk_wipe(&vehicle->verifier, sizeof vehicle->verifier);
    vehicle->has_verifier = 0;
    lk_vehicle_close_pairing(vehicle); /* one that runs has used the password that ends here */
    /* The change is durable; compaction only takes old bytes off the memory (PA13). If it fails the
     * journal says so at its next use. */
    (void)lk_store_compact(vehicle->config->store);
    return LK_OK;
}

enum lk_status lk_vehicle_refill(struct lk_vehicle *vehicle, size_t index,
                                 const struct lk_vehicle_key *key)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_store_begin(vehicle->config->store));
    status = lk_vehicle_put_key(vehicle, index, key);
    if (status == LK_OK)
        status = lk_vehicle_put_fast(vehicle, index, key);
    if (status == LK_OK)
        status = lk_vehicle_adopt_next(vehicle, index);
    LK_TRY(lk_vehicle_end_commit(vehicle, status));
    vehicle->keys[index] = *key;
    return LK_OK;
}

void lk_vehicle_wipe_fast(struct lk_vehicle *vehicle, size_t index)
{
    struct lk_store *store = vehicle->config->store;

    if (vehicle->keys[index].fast.live == 0)
        return;
    lk_wipe(&vehicle->keys[index].fast, sizeof vehicle->keys[index].fast);
    /* If the store fails the bytes stay there, of no use: dates are judged at each decision. */
    if (lk_store_begin(store) == LK_OK)
        (void)lk_vehicle_end_commit(vehicle, lk_vehicle_drop_fast(vehicle, index));
}

/* Ends one key: its fast key in RAM first, then the store, then the rest. */
static enum lk_status end_one(struct lk_vehicle *vehicle, size_t index)
{
    struct lk_spent spent;
    enum lk_status status;

    lk_wipe(&vehicle->keys[index].fast, sizeof vehicle->keys[index].fast);
    LK_TRY(lk_store_begin(vehicle->config->store));
    status = lk_spent_begin(&spent, vehicle);
    if (status == LK_OK)
        status = put_end(vehicle, index, &spent);
    if (status == LK_OK)
        status = lk_spent_end(&spent);
    LK_TRY(lk_vehicle_end_commit(vehicle, status));
    end_entry(&vehicle->keys[index]);
    vehicle->num_spent = (uint16_t)spent.num;
    (void)lk_store_compact(vehicle->config->store);
    return LK_OK;
}

/* Another state, without the fast key. */
static enum lk_status change_state(struct lk_vehicle *vehicle, size_t index, uint8_t state)
{
    struct lk_vehicle_key changed;
    enum lk_status status;

    lk_wipe(&vehicle->keys[index].fast, sizeof vehicle->keys[index].fast);
    changed = vehicle->keys[index];
    changed.state = state;
    LK_TRY(lk_store_begin(vehicle->config->store));
    status = lk_vehicle_drop_fast(vehicle, index);
    if (status == LK_OK)
        status = lk_vehicle_put_key(vehicle, index, &changed);
    LK_TRY(lk_vehicle_end_commit(vehicle, status));
    vehicle->keys[index].state = state;
    return LK_OK;
}

enum lk_status lk_vehicle_end_key(struct lk_vehicle *vehicle, const uint8_t key_id[LK_KEY_ID_LEN])
{
    size_t index = find_id(vehicle, key_id);

    if (index == LK_NO_KEY)
        return LK_CALLER_NOT_FOUND;
    if (vehicle->keys[index].state == LK_KEY_PENDING && vehicle->keys[index].role == LK_KEY_OWNER)
        return lk_vehicle_drop_pending(vehicle);
    if (vehicle->keys[index].state == LK_KEY_ENDED)
        return LK_OK;
    return end_one(vehicle, index);
}

enum lk_status lk_vehicle_suspend_key(struct lk_vehicle *vehicle,
                                      const uint8_t key_id[LK_KEY_ID_LEN], int suspend)
{
    size_t index = find_id(vehicle, key_id);
    uint8_t from = suspend ? LK_KEY_ACTIVE : LK_KEY_SUSPENDED;
    uint8_t to = suspend ? LK_KEY_SUSPENDED : LK_KEY_ACTIVE;

    if (index == LK_NO_KEY)
        return LK_CALLER_NOT_FOUND;
    if (vehicle->keys[index].state == to)
        return LK_OK;
    if (vehicle->keys[index].state != from)
        return LK_CALLER_STATE;
    return change_state(vehicle, index, to);
}
