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

size_t lk_vehicle_room_for_owner(const struct lk_vehicle *vehicle)
{
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (vehicle->keys[i].state == LK_KEY_FREE)
            return i;
    }
    return lk_vehicle_find_state(vehicle, LK_KEY_OWNER, LK_KEY_ENDED);
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

/* Wipes what lets a key open doors fast and start engines. */
static void wipe_secrets(struct lk_vehicle_key *key)
{
    lk_wipe(&key->fast, sizeof key->fast);
    lk_wipe(key->token, sizeof key->token);
    key->token_len = 0;
    key->spare_tokens = 0;
    key->has_next_token = 0;
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

/* The records of a promotion, in the open commit. */
static enum lk_status put_promotion(struct lk_vehicle *vehicle, size_t index,
                                    const struct lk_vehicle_key *key, size_t old,
                                    const struct lk_tap *tap)
{
    struct lk_vehicle_key ended;

    if (old != LK_NO_KEY) {
        ended = vehicle->keys[old];
        wipe_secrets(&ended);
        ended.state = LK_KEY_ENDED;
        LK_TRY(lk_vehicle_drop_key(vehicle, old));
        LK_TRY(lk_vehicle_put_key(vehicle, old, &ended));
    }
    LK_TRY(lk_vehicle_put_key(vehicle, index, key));
    LK_TRY(lk_vehicle_put_fast(vehicle, index, key));
    LK_TRY(lk_vehicle_put_tokens(vehicle, index, tap->token_seed, tap->spare_slots));
    LK_TRY(lk_vehicle_put_epoch(vehicle, vehicle->sharing_epoch + 1));
    return lk_vehicle_drop_verifier(vehicle);
}

enum lk_status lk_vehicle_promote(struct lk_vehicle *vehicle, size_t index,
                                  const struct lk_vehicle_key *key, const struct lk_tap *tap)
{
    size_t old = lk_vehicle_find_state(vehicle, LK_KEY_OWNER, LK_KEY_ACTIVE);

    if (old == LK_NO_KEY)
        old = lk_vehicle_find_state(vehicle, LK_KEY_OWNER, LK_KEY_SUSPENDED);
    if (vehicle->sharing_epoch == UINT32_MAX)
        return LK_CALLER_FULL;
    LK_TRY(lk_store_begin(vehicle->config->store));
    LK_TRY(lk_vehicle_end_commit(vehicle, put_promotion(vehicle, index, key, old, tap)));
    if (old != LK_NO_KEY) {
        wipe_secrets(&vehicle->keys[old]);
        vehicle->keys[old].state = LK_KEY_ENDED;
    }
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
                                 const struct lk_vehicle_key *key, const struct lk_tap *tap)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_store_begin(vehicle->config->store));
    status = lk_vehicle_put_key(vehicle, index, key);
    if (status == LK_OK)
        status = lk_vehicle_put_fast(vehicle, index, key);
    if (status == LK_OK)
        status = lk_vehicle_put_tokens(vehicle, index, tap->token_seed, tap->spare_slots);
    LK_TRY(lk_vehicle_end_commit(vehicle, status));
    vehicle->keys[index] = *key;
    return LK_OK;
}

/* New state without secrets, in the store first, then in RAM. */
static enum lk_status retire(struct lk_vehicle *vehicle, size_t index, uint8_t state)
{
    struct lk_vehicle_key changed = vehicle->keys[index];
    enum lk_status status = LK_INTERNAL;

    lk_wipe(&vehicle->keys[index].fast, sizeof vehicle->keys[index].fast);
    lk_wipe(&changed.fast, sizeof changed.fast);
    changed.state = state;
    if (state == LK_KEY_ENDED)
        wipe_secrets(&changed);
    status = lk_store_begin(vehicle->config->store);
    if (status != LK_OK)
        goto out;
    status = state == LK_KEY_ENDED ? lk_vehicle_drop_key(vehicle, index)
                                   : lk_vehicle_drop_fast(vehicle, index);
    if (status == LK_OK)
        status = lk_vehicle_put_key(vehicle, index, &changed);
    status = lk_vehicle_end_commit(vehicle, status);
    if (status != LK_OK)
        goto out;
    lk_wipe(&vehicle->keys[index], sizeof vehicle->keys[index]);
    vehicle->keys[index] = changed;
    if (state == LK_KEY_ENDED)
        (void)lk_store_compact(vehicle->config->store);
out:
    lk_wipe(&changed, sizeof changed);
    return status;
}

enum lk_status lk_vehicle_end_key(struct lk_vehicle *vehicle, const uint8_t key_id[LK_KEY_ID_LEN])
{
    size_t index = find_id(vehicle, key_id);

    if (index == LK_NO_KEY)
        return LK_CALLER_NOT_FOUND;
    if (vehicle->keys[index].state == LK_KEY_PENDING)
        return lk_vehicle_drop_pending(vehicle);
    if (vehicle->keys[index].state == LK_KEY_ENDED)
        return LK_OK;
    return retire(vehicle, index, LK_KEY_ENDED);
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
    return retire(vehicle, index, to);
}
