/* policy.c: which reader may do what, and which key may: the rules of a decision, as data where
 * they are data. spec/vehicle.md; P-09, P-13, P-18, S12. */
#include "vehicle/vehicle.h"

#define BIT(action) ((uint8_t)(1u << (action)))
#define FAST_ACTIONS (BIT(LK_ACTION_UNLOCK) | BIT(LK_ACTION_LOCK))
#define DOOR_ACTIONS (FAST_ACTIONS | BIT(LK_ACTION_TRUNK))

const struct lk_reader_policy lk_policy_door = {
    .actions = DOOR_ACTIONS | BIT(LK_ACTION_BACKGROUND),
    .fast = FAST_ACTIONS,
    .may_pair = 0,
};
const struct lk_reader_policy lk_policy_dashboard = {
    .actions = DOOR_ACTIONS | BIT(LK_ACTION_NONE) | BIT(LK_ACTION_START) |
               BIT(LK_ACTION_MAINTAIN) | BIT(LK_ACTION_BACKGROUND),
    .fast = FAST_ACTIONS,
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
    [LK_ACTION_TRUNK] = LK_RIGHT_TRUNK,
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
    if (action > LK_ACTION_TRUNK)
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

/* 1 if this minute of the car's place lies in the days and hours. A night belongs to the day on
 * which it begins. */
static int in_hours(const struct lk_vehicle *vehicle, const struct lk_limits *limits, uint32_t now)
{
    int64_t local = (int64_t)now + (int64_t)vehicle->config->utc_offset_min * 60;
    unsigned minute, day;

    if (local < 0)
        local = 0;
    minute = (unsigned)(local / 60 % 1440);
    day = (unsigned)((local / 86400 + 5) % 7); /* 2000-01-01 was a Saturday */
    if (limits->from_min < limits->to_min &&
        (minute < limits->from_min || minute >= limits->to_min))
        return 0;
    if (limits->from_min > limits->to_min && minute < limits->from_min) {
        if (minute >= limits->to_min)
            return 0;
        day = (day + 6) % 7;
    }
    return limits->days == 0 || (limits->days >> day & 1u) != 0;
}

/* Dates and hours. Without trusted time a key with dates does nothing, and what is over below the
 * floor is over for ever (D30). */
static enum lk_status check_times(const struct lk_vehicle *vehicle,
                                  const struct lk_vehicle_key *key, uint64_t now_ms)
{
    uint32_t now = lk_time_seconds(vehicle, now_ms);

    if (key->not_after == 0)
        return LK_OK;
    if (key->not_after < vehicle->time_floor)
        return LK_TAP_EXPIRED;
    if (now == 0)
        return LK_TAP_NO_TIME;
    if (now > key->not_after)
        return LK_TAP_EXPIRED;
    if (now < key->not_before)
        return LK_TAP_NOT_YET;
    return in_hours(vehicle, &key->limits, now) ? LK_OK : LK_TAP_HOURS;
}

int lk_policy_is_over(const struct lk_vehicle *vehicle, size_t index, uint64_t now_ms)
{
    const struct lk_vehicle_key *key = &vehicle->keys[index];

    return key->fast.live != 0 && check_times(vehicle, key, now_ms) == LK_TAP_EXPIRED;
}

/* What a key that may act at all may do. */
static enum lk_status check_rights(const struct lk_vehicle_key *key, uint8_t action)
{
    if (action == LK_ACTION_MAINTAIN && key->role != LK_KEY_OWNER)
        return LK_TAP_NOT_ALLOWED;
    if ((key->rights & right_for[action]) != right_for[action])
        return LK_TAP_NOT_ALLOWED;
    if (action == LK_ACTION_START && key->limits.starts != 0 && key->starts_left == 0)
        return LK_TAP_STARTS;
    return LK_OK;
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
    if (key->state == LK_KEY_PENDING && key->role == LK_KEY_OWNER)
        return action == LK_ACTION_MAINTAIN && now_ms < vehicle->pending_until_ms
                   ? LK_OK /* only phase 3 of its own pairing (D18) */
                   : LK_TAP_NOT_ALLOWED;
    if (key->state == LK_KEY_SUSPENDED || (key->state == LK_KEY_PENDING && was_fast))
        return LK_TAP_NOT_ALLOWED;
    LK_TRY(check_times(vehicle, key, now_ms));
    return check_rights(key, action);
}
