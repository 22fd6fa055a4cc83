/* policy.c: which reader may do what, and which key may: the rules of a decision, as data where
 * they are data. spec/vehicle.md; P-09, P-13, P-18, S12. */
#include "vehicle/vehicle.h"

#define BIT(action) ((uint8_t)(1u << (action)))
#define DOOR_ACTIONS (BIT(LK_ACTION_UNLOCK) | BIT(LK_ACTION_LOCK))

const struct lk_reader_policy lk_policy_door = {
    .actions = DOOR_ACTIONS | BIT(LK_ACTION_BACKGROUND),
    .fast = DOOR_ACTIONS,
    .may_pair = 0,
};
const struct lk_reader_policy lk_policy_dashboard = {
    .actions = DOOR_ACTIONS | BIT(LK_ACTION_NONE) | BIT(LK_ACTION_START) |
               BIT(LK_ACTION_MAINTAIN) | BIT(LK_ACTION_BACKGROUND),
    .fast = DOOR_ACTIONS,
    .may_pair = 1,
};

/* Which right an action needs; 0: none. */
static const uint16_t right_for[] = {
    [LK_ACTION_NONE] = 0,
    [LK_ACTION_UNLOCK] = LK_RIGHT_UNLOCK,
    [LK_ACTION_LOCK] = LK_RIGHT_LOCK,
    [LK_ACTION_START] = LK_RIGHT_DRIVE,
    [LK_ACTION_MAINTAIN] = 0,
    [LK_ACTION_BACKGROUND] = 0,
};

const struct lk_reader_policy *lk_policy_of(const struct lk_vehicle *vehicle, uint8_t reader)
{
    static const struct lk_reader_policy nothing = {0, 0, 0};

    if (reader == LK_READER_DOOR)
        return &vehicle->config->door;
    if (reader == LK_READER_DASHBOARD)
        return &vehicle->config->dashboard;
    return &nothing;
}

int lk_policy_allows(const struct lk_vehicle *vehicle, uint8_t reader, uint8_t action)
{
    if (action > LK_ACTION_BACKGROUND)
        return 0;
    /* Whatever a configuration says, the engine is started from inside (M23). */
    if (action == LK_ACTION_START && reader != LK_READER_DASHBOARD)
        return 0;
    return (lk_policy_of(vehicle, reader)->actions & BIT(action)) != 0;
}

int lk_policy_fast(const struct lk_vehicle *vehicle, uint8_t reader, uint8_t action)
{
    if (action != LK_ACTION_UNLOCK && action != LK_ACTION_LOCK)
        return 0;
    return (lk_policy_of(vehicle, reader)->fast & BIT(action)) != 0;
}

int lk_policy_fresh(const struct lk_vehicle_key *key, uint64_t now_ms)
{
    /* A clock that went back proves nothing about age, nor does one that started again. */
    return key->fast_count < LK_FAST_MAX_COUNT && key->standard_ms != LK_BEFORE_START &&
           now_ms >= key->standard_ms && now_ms - key->standard_ms < LK_FAST_MAX_AGE_MS;
}

enum lk_status lk_policy_condition(const struct lk_vehicle *vehicle, uint8_t action)
{
    if (action != LK_ACTION_LOCK)
        return LK_OK;
    if (vehicle->condition & LK_CAR_ENGINE_ON)
        return LK_TAP_NOT_PARKED;
    return vehicle->condition & LK_CAR_DOOR_OPEN ? LK_TAP_VEHICLE_STATE : LK_OK;
}

enum lk_status lk_policy_check(const struct lk_vehicle *vehicle, size_t index, uint8_t reader,
                               uint8_t action, int was_fast, uint64_t now_ms)
{
    const struct lk_vehicle_key *key;

    if (index >= LK_VEHICLE_NUM_KEYS)
        return LK_TAP_KEY_UNKNOWN;
    key = &vehicle->keys[index];
    if (key->state == LK_KEY_FREE)
        return LK_TAP_KEY_UNKNOWN;
    if (key->state == LK_KEY_ENDED)
        return LK_TAP_KEY_ENDED;
    if (!lk_policy_allows(vehicle, reader, action))
        return LK_TAP_NOT_ALLOWED;
    if (was_fast && (!lk_policy_fast(vehicle, reader, action) || !lk_policy_fresh(key, now_ms)))
        return LK_TAP_NEEDS_STANDARD;
    if (action == LK_ACTION_MAINTAIN && key->role != LK_KEY_OWNER)
        return LK_TAP_NOT_ALLOWED;
    if (key->state == LK_KEY_PENDING) /* only phase 3 of its own pairing (D18) */
        return action == LK_ACTION_MAINTAIN && now_ms < vehicle->pending_until_ms
                   ? LK_OK
                   : LK_TAP_NOT_ALLOWED;
    if (key->state != LK_KEY_ACTIVE)
        return LK_TAP_NOT_ALLOWED;
    if ((key->rights & right_for[action]) != right_for[action])
        return LK_TAP_NOT_ALLOWED;
    return LK_OK;
}
