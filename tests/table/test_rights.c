/* test_rights.c: every profile, action, key state and reader, fast and standard, with and without
 * time, against spec/facts/rights.def (LI14). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vehicle/vehicle.h"

#define NUM_ACTIONS 7
#define NOW_MS 1000
#define NOON (9000u * 86400u + 12 * 3600)
#define AS_ACTIVE LK_OK
#define OWNER 0xffffffffu

struct row {
    uint32_t key;
    uint8_t reader;
    char letters[NUM_ACTIONS + 1];
};
static const struct row rows[] = {
#define LK_RIGHTS(key, where, a0, a1, a2, a3, a4, a5, a6) \
    {key, LK_READER_##where, #a0 #a1 #a2 #a3 #a4 #a5 #a6},
#include "facts/rights.def"
#undef LK_RIGHTS
};
#define NUM_ROWS (sizeof rows / sizeof rows[0])

#undef OWNER
static const struct {
    uint8_t role, state;
    enum lk_status status;
} rules[] = {
#define LK_STATE_RULE(role, state, status) {LK_KEY_##role, LK_KEY_##state, status},
#include "facts/rights.def"
#undef LK_STATE_RULE
};

static struct lk_vehicle_config config;
static struct lk_vehicle vehicle;

enum clock { CLOCK_NOON, CLOCK_NIGHT, CLOCK_LOST, CLOCK_EARLY, CLOCK_LATE, NUM_CLOCKS };

/* A car that knows this time, and one key of the row. */
static void make(const struct row *row, enum clock clock)
{
    static const uint32_t times[NUM_CLOCKS] = {NOON, NOON + 12 * 3600, 0, NOON - 86400 * 20,
                                               NOON + 86400 * 20};
    struct lk_vehicle_key *key = &vehicle.keys[0];
    const struct lk_profile *profile;

    memset(&config, 0, sizeof config);
    memset(&vehicle, 0, sizeof vehicle);
    config.door = lk_policy_door;
    config.dashboard = lk_policy_dashboard;
    vehicle.config = &config;
    vehicle.has_anchor = clock != CLOCK_LOST;
    vehicle.anchor_s = times[clock];
    key->standard_ms = NOW_MS;
    key->state = LK_KEY_ACTIVE;
    key->role = row->key == 0xffffffffu ? LK_KEY_OWNER : LK_KEY_FRIEND;
    key->rights = LK_RIGHTS_OWNER;
    if (key->role == LK_KEY_OWNER)
        return;
    profile = lk_vehicle_profile(&vehicle, row->key);
    assert_non_null(profile);
    key->rights = profile->rights;
    key->limits = profile->limits;
    key->starts_left = key->limits.starts;
    key->not_before = NOON - 86400 * 10;
    key->not_after = NOON + 86400 * 10;
}

/* What the clock says of a key with dates. */
static enum lk_status by_clock(enum clock clock)
{
    const struct lk_vehicle_key *key = &vehicle.keys[0];
    int has_hours = key->limits.from_min != key->limits.to_min;

    if (key->role == LK_KEY_OWNER)
        return LK_OK;
    switch (clock) {
    case CLOCK_LOST:
        return LK_TAP_NO_TIME;
    case CLOCK_EARLY:
        return LK_TAP_NOT_YET;
    case CLOCK_LATE:
        return LK_TAP_EXPIRED;
    default:
        return clock == CLOCK_NIGHT && has_hours ? LK_TAP_HOURS : LK_OK;
    }
}

static enum lk_status expected(char letter, enum clock clock)
{
    enum lk_status time = by_clock(clock);

    if (letter == 'R')
        return LK_TAP_NOT_ALLOWED;
    if (time != LK_OK)
        return time;
    return letter == 'N' ? LK_TAP_NOT_ALLOWED : LK_OK;
}

static enum lk_status check(const struct row *row, uint8_t action, int was_fast)
{
    return lk_policy_check(&vehicle, 0, row->reader, action, was_fast, NOW_MS);
}

/* Only unlock and lock are ever fast, whatever the table says of the key. */
static int may_be_fast(uint8_t action)
{
    return action == LK_ACTION_UNLOCK || action == LK_ACTION_LOCK;
}

static void LI14_every_right_is_that_of_the_table(void **state)
{
    size_t cases = 0;

    (void)state;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        for (uint8_t action = 0; action < NUM_ACTIONS; action++) {
            for (int clock = 0; clock < NUM_CLOCKS; clock++) {
                char letter = rows[i].letters[action];

                make(&rows[i], (enum clock)clock);
                assert_int_equal(check(&rows[i], action, 0),
                                 expected(letter, (enum clock)clock));
                assert_int_equal(check(&rows[i], action, 1),
                                 letter != 'R' && !may_be_fast(action)
                                     ? LK_TAP_NEEDS_STANDARD
                                     : expected(letter, (enum clock)clock));
                if (letter == 'F')
                    assert_true(may_be_fast(action));
                cases += 2;
            }
        }
    }
    assert_int_equal(cases, NUM_ROWS * NUM_ACTIONS * NUM_CLOCKS * 2);
}

static enum lk_status in_state(size_t rule, const struct row *row, uint8_t action, int was_fast)
{
    vehicle.keys[0].state = rules[rule].state;
    vehicle.keys[0].role = rules[rule].role;
    return check(row, action, was_fast);
}

static void LI14_every_other_state_is_that_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        for (size_t rule = 0; rule < sizeof rules / sizeof rules[0]; rule++) {
            for (uint8_t action = 0; action < NUM_ACTIONS; action++) {
                char letter = rows[i].letters[action];
                enum lk_status want = rules[rule].status;

                make(&rows[i], CLOCK_NOON);
                if (vehicle.keys[0].role != rules[rule].role)
                    continue;
                if (letter == 'R' && rules[rule].state != LK_KEY_FREE &&
                    rules[rule].state != LK_KEY_ENDED)
                    want = LK_TAP_NOT_ALLOWED;
                else if (want == AS_ACTIVE)
                    want = expected(letter, CLOCK_NOON);
                assert_int_equal(in_state(rule, &rows[i], action, 0), want);
                assert_int_not_equal(in_state(rule, &rows[i], action, 1), LK_OK);
            }
        }
    }
    make(&rows[1], CLOCK_NOON); /* the owner at the dashboard, whose pairing is not finished */
    vehicle.keys[0].state = LK_KEY_PENDING;
    vehicle.pending_until_ms = NOW_MS + 1;
    for (uint8_t action = 0; action < NUM_ACTIONS; action++)
        assert_int_equal(check(&rows[1], action, 0),
                         action == LK_ACTION_MAINTAIN ? LK_OK : LK_TAP_NOT_ALLOWED);
}

static void LI14_the_table_is_complete(void **state)
{
    (void)state;
    assert_int_equal(NUM_ROWS, 2 * (1 + LK_NUM_DEFAULT_PROFILES));
    for (size_t i = 0; i < LK_NUM_DEFAULT_PROFILES; i++) {
        unsigned seen = 0;

        for (size_t k = 0; k < NUM_ROWS; k++)
            seen += rows[k].key == lk_default_profiles[i].number;
        assert_int_equal(seen, 2);
        assert_int_equal(lk_default_profiles[i].rights & LK_RIGHT_SHARE, 0); /* S4 */
    }
    make(&rows[0], CLOCK_NOON);
    assert_int_equal(lk_policy_check(&vehicle, 0, LK_READER_DASHBOARD, NUM_ACTIONS, 0, NOW_MS),
                     LK_TAP_NOT_ALLOWED);
}

/* Hours, by the minute and the day of the car's place; a night belongs to its first day. */
static void LI9_hours_and_days(void **state)
{
    static const struct {
        uint16_t from, to, minute;
        uint8_t days, is_good;
    } table[] = {
        {360, 1320, 359, 0, 0},  {360, 1320, 360, 0, 1},    {360, 1320, 1319, 0, 1},
        {360, 1320, 1320, 0, 0}, {1320, 360, 1319, 0, 0},   {1320, 360, 1320, 0, 1},
        {1320, 360, 359, 0, 1},  {1320, 360, 360, 0, 0},    {0, 0, 700, 0x01, 1},
        {0, 0, 700, 0x7e, 0},    {1320, 360, 100, 0x40, 1}, {1320, 360, 100, 0x01, 0},
        {1320, 360, 1400, 0x01, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        make(&rows[2], CLOCK_NOON);
        /* 2024-08-26 is a Monday */
        vehicle.anchor_s = lk_date_seconds(lk_bytes("20240826000000Z", LK_DATE_LEN));
        vehicle.keys[0].not_before = 1;
        vehicle.keys[0].not_after = UINT32_MAX;
        vehicle.keys[0].limits.from_min = table[i].from;
        vehicle.keys[0].limits.to_min = table[i].to;
        vehicle.keys[0].limits.days = table[i].days;
        for (int offset = -720; offset <= 840; offset += 780) {
            config.utc_offset_min = (int16_t)offset;
            vehicle.anchor_s = lk_date_seconds(lk_bytes("20240826000000Z", LK_DATE_LEN)) +
                               table[i].minute * 60u - (uint32_t)(offset * 60);
            assert_int_equal(check(&rows[2], LK_ACTION_UNLOCK, 0),
                             table[i].is_good ? LK_OK : LK_TAP_HOURS);
        }
    }
}

/* West of Greenwich the first hours of the count are not there yet. */
static void LI9_a_place_before_the_count_begins(void **state)
{
    (void)state;
    make(&rows[2], CLOCK_NOON);
    vehicle.anchor_s = 100;
    vehicle.keys[0].not_before = 1;
    vehicle.keys[0].limits.from_min = 1;
    vehicle.keys[0].limits.to_min = 0;
    config.utc_offset_min = -720;
    assert_int_equal(check(&rows[2], LK_ACTION_UNLOCK, 0), LK_TAP_HOURS);
    vehicle.keys[0].limits.from_min = 0;
    vehicle.keys[0].limits.to_min = 1;
    assert_int_equal(check(&rows[2], LK_ACTION_UNLOCK, 0), LK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(LI14_every_right_is_that_of_the_table),
        cmocka_unit_test(LI14_every_other_state_is_that_of_the_table),
        cmocka_unit_test(LI14_the_table_is_complete),
        cmocka_unit_test(LI9_hours_and_days),
        cmocka_unit_test(LI9_a_place_before_the_count_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
