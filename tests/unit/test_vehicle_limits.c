/* The rare ends of the car: rules of the policy one by one, numbers that run out, a store that
 * breaks or holds what nobody wrote, and everything that may happen between two steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"
#include "vehicle/vehicle.h"

/* Numbers of records (src/vehicle/records.c). */
#define VERIFIER 0x0001u
#define EPOCH 0x0003u
#define CACHED_F 0x0004u
#define SEQUENCE 0x0005u
#define KEY 0x00010000u
#define TOKENS 0x00030000u

static struct test_stage scene;
static struct test_vehicle *const car = &scene.car;

static int setup(void **state)
{
    (void)state;
    test_stage_init(&scene);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_stage_forget(&scene);
    return 0;
}

static int setup_paired(void **state)
{
    (void)setup(state);
    test_pair(car, &scene.field, &scene.phone);
    return 0;
}

static struct lk_vehicle_key *owner(void)
{
    return &car->vehicle.keys[test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE)];
}

static const struct lk_outcome *tap(enum lk_reader reader, enum lk_action action)
{
    return test_run_tap(car, &scene.field, reader, action);
}

static void enter_password(void)
{
    assert_int_equal(
        lk_device_enter_password(&scene.phone.device, TEST_CAR_PASSWORD, scene.phone.now_ms),
        LK_OK);
}

static void break_store(void)
{
    car->flash.writes = 0;
    car->flash.fail_at = 1;
}

/* What the link does to answers, by the state the car is in. */
enum act {
    NOTHING, SILENCE, SW_6F00, BREAK_STORE_AND_SILENCE, USE_UP_ATTEMPTS, SWAP_KEY,
    FILL_TABLE
};
static struct {
    enum act act;
    uint8_t state; /* of the pairing, or of the tap */
    int is_tap, has_acted;
} link;

static void change(void *ctx, unsigned number, uint8_t *answer, size_t *len)
{
    (void)ctx;
    (void)number;
    if (link.has_acted || link.state != (link.is_tap ? car->tap.state : car->pairing.state))
        return;
    link.has_acted = 1;
    if (link.act == BREAK_STORE_AND_SILENCE)
        break_store();
    if (link.act == SILENCE || link.act == BREAK_STORE_AND_SILENCE)
        *len = 0;
    if (link.act == SW_6F00) {
        memcpy(answer, "\x6f\x00", 2);
        *len = 2;
    }
    if (link.act == USE_UP_ATTEMPTS)
        car->vehicle.attempts = LK_PAIRING_ATTEMPTS_MAX;
    if (link.act == SWAP_KEY)
        owner()->key_id[0] ^= 1;
    for (size_t i = 0; link.act == FILL_TABLE && i < LK_VEHICLE_NUM_KEYS; i++) {
        car->vehicle.keys[i].state = LK_KEY_ACTIVE;
        car->vehicle.keys[i].role = LK_KEY_FRIEND;
    }
}

static void act_at(enum act act, int is_tap, uint8_t state)
{
    memset(&link, 0, sizeof link);
    link.act = act;
    link.is_tap = is_tap;
    link.state = state;
    scene.field.change = change;
}

/* Pairs, with one act of the link; the status, and the reason the phone was told. */
static enum lk_status pair_with(enum act act, uint8_t state, uint8_t *out_reason)
{
    enum lk_status status;
    const uint8_t *last;

    enter_password();
    act_at(act, 0, state);
    status = test_run_pairing(car, &scene.field);
    assert_true(link.has_acted);
    assert_int_equal(car->pairing.chan.is_open, 0);
    assert_true(lk_is_zero(car->pairing.spake, sizeof car->pairing.spake));
    last = scene.field.record[(scene.field.count - 1) % 64][0];
    *out_reason = last[1] == 0x3c && last[2] == LK_OP_ABORT ? last[3] : 0xff;
    return status;
}

/* --- policy --- */

static enum lk_status check(size_t index, uint8_t reader, uint8_t action, int was_fast)
{
    return lk_policy_check(&car->vehicle, index, reader, action, was_fast, 1000);
}

static void M23_each_rule_of_the_policy_refuses_alone(void **state)
{
    struct lk_vehicle_key *key = &car->vehicle.keys[0];
    const struct lk_vehicle_key good = {.state = LK_KEY_ACTIVE,
                                        .role = LK_KEY_OWNER,
                                        .rights = LK_RIGHTS_OWNER,
                                        .standard_ms = 999};

    (void)state;
    assert_int_equal(check(LK_VEHICLE_NUM_KEYS, LK_READER_DOOR, LK_ACTION_UNLOCK, 0),
                     LK_TAP_KEY_UNKNOWN);
    assert_int_equal(check(LK_NO_KEY, LK_READER_DOOR, LK_ACTION_UNLOCK, 0), LK_TAP_KEY_UNKNOWN);
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 0), LK_TAP_KEY_UNKNOWN);
    *key = good;
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 1), LK_OK);
    assert_int_equal(check(0, LK_READER_DASHBOARD, LK_ACTION_START, 0), LK_OK);
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_START, 0), LK_TAP_NOT_ALLOWED);
    assert_int_equal(check(0, 3, LK_ACTION_UNLOCK, 0), LK_TAP_NOT_ALLOWED);
    assert_int_equal(check(0, LK_READER_DOOR, 6, 0), LK_TAP_NOT_ALLOWED);
    assert_int_equal(check(0, LK_READER_DASHBOARD, LK_ACTION_START, 1), LK_TAP_NEEDS_STANDARD);
    key->fast_count = LK_FAST_MAX_COUNT;
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 1), LK_TAP_NEEDS_STANDARD);
    *key = good;
    key->standard_ms = 1001; /* a clock that went back */
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 1), LK_TAP_NEEDS_STANDARD);
    *key = good;
    key->role = LK_KEY_FRIEND;
    assert_int_equal(check(0, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN, 0), LK_TAP_NOT_ALLOWED);
    key->rights = LK_RIGHT_UNLOCK;
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 0), LK_OK);
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_LOCK, 0), LK_TAP_NOT_ALLOWED);
    assert_int_equal(check(0, LK_READER_DASHBOARD, LK_ACTION_START, 0), LK_TAP_NOT_ALLOWED);
    *key = good;
    key->state = LK_KEY_SUSPENDED;
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 0), LK_TAP_NOT_ALLOWED);
    key->state = LK_KEY_ENDED;
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 0), LK_TAP_KEY_ENDED);
    key->state = LK_KEY_PENDING;
    assert_int_equal(check(0, LK_READER_DOOR, LK_ACTION_UNLOCK, 0), LK_TAP_NOT_ALLOWED);
    assert_int_equal(check(0, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN, 0), LK_TAP_NOT_ALLOWED);
    car->vehicle.pending_until_ms = 1001;
    assert_int_equal(check(0, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN, 0), LK_OK);
}

/* --- grants --- */

static void RA13_a_grant_carries_the_speed_limit_under_its_mac(void **state)
{
    struct lk_actuator actuator = {.last_sequence = 0};
    struct lk_grant grant;

    (void)state;
    memcpy(actuator.key, car->config.actuator_key, sizeof actuator.key);
    owner()->rights |= LK_RIGHT_RESTRICTED;
    owner()->speed_limit_kmh = 90;
    grant = tap(LK_READER_DASHBOARD, LK_ACTION_START)->grant;
    assert_int_equal(grant.speed_limit_kmh, 90);
    grant.speed_limit_kmh = 0;
    assert_int_equal(lk_actuator_check(&car->crypto, &actuator, LK_ACTION_START, &grant), LK_DENY);
    grant.speed_limit_kmh = 90;
    assert_int_equal(lk_actuator_check(&car->crypto, &actuator, LK_ACTION_UNLOCK, &grant),
                     LK_DENY);
    test_spy_arm(&car->spy, 1);
    assert_int_equal(lk_actuator_check(&car->crypto, &actuator, LK_ACTION_START, &grant), LK_DENY);
    test_spy_arm(&car->spy, 0);
    assert_int_equal(actuator.last_sequence, 0);
    assert_int_equal(lk_actuator_check(&car->crypto, &actuator, LK_ACTION_START, &grant), LK_GRANT);
    assert_int_equal(lk_actuator_check(&car->crypto, &actuator, LK_ACTION_START, &grant), LK_DENY);
}

static void RA13_numbers_never_start_again(void **state)
{
    const struct lk_outcome *outcome;

    (void)state;
    car->vehicle.grant_sequence = car->vehicle.grant_reserved = UINT32_MAX - 10;
    outcome = tap(LK_READER_DOOR, LK_ACTION_UNLOCK);
    assert_int_equal(outcome->verdict, LK_DENY);
    assert_int_equal(outcome->detail, LK_CALLER_FULL);
    assert_true(lk_is_zero(&outcome->grant, sizeof outcome->grant));
    assert_int_equal(car->vehicle.grant_sequence, UINT32_MAX - 10);
}

/* --- the key table --- */

static uint8_t num_draws;

/* Draws that hold slots 1000 to 101F alone, in a new order each time. */
static enum lk_status narrow_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    num_draws++;
    for (size_t i = 0; i < len; i++)
        out[i] = i % 2 == 0 ? 0x10 : (uint8_t)((i / 2 + num_draws) % 32);
    return LK_OK;
}

static void S8_a_slot_that_is_taken_is_not_given_again(void **state)
{
    uint8_t slot[LK_SLOT_LEN] = {9, 9};

    (void)state;
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        car->vehicle.keys[i].state = LK_KEY_ACTIVE;
        car->vehicle.keys[i].slot_len = 2;
        car->vehicle.keys[i].slot[0] = 0x10;
        car->vehicle.keys[i].slot[1] = (uint8_t)i;
    }
    car->spy.port.random = narrow_random;
    assert_int_equal(lk_vehicle_new_slot(&car->vehicle, slot), LK_PORT_RANDOM);
    assert_memory_equal(slot, "\x09\x09", 2);
    assert_int_equal(num_draws, 8); /* it gives up in the end */
    car->vehicle.keys[20].state = LK_KEY_FREE;
    assert_int_equal(lk_vehicle_new_slot(&car->vehicle, slot), LK_OK);
    assert_memory_equal(slot, "\x10\x14", 2);
}

static void S7_the_menu_ends_and_suspends_once(void **state)
{
    uint8_t id[LK_KEY_ID_LEN], nobody[LK_KEY_ID_LEN] = {1};
    struct lk_vehicle_key *key = owner();

    (void)state;
    memcpy(id, key->key_id, sizeof id);
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, nobody), LK_CALLER_NOT_FOUND);
    assert_int_equal(lk_vehicle_suspend_key(&car->vehicle, nobody, 1), LK_CALLER_NOT_FOUND);
    assert_int_equal(lk_vehicle_suspend_key(&car->vehicle, id, 0), LK_OK); /* it is not suspended */
    assert_int_equal(lk_vehicle_suspend_key(&car->vehicle, id, 1), LK_OK);
    assert_int_equal(lk_vehicle_suspend_key(&car->vehicle, id, 1), LK_OK);
    assert_int_equal(key->state, LK_KEY_SUSPENDED);
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_OK);
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_OK);
    assert_int_equal(key->state, LK_KEY_ENDED);
    assert_int_equal(lk_vehicle_suspend_key(&car->vehicle, id, 0), LK_CALLER_STATE);
}

static void D18_the_menu_ends_a_pending_owner(void **state)
{
    struct lk_vehicle_key *key;
    uint8_t id[LK_KEY_ID_LEN];

    (void)state;
    enter_password();
    assert_int_equal(test_run_pairing(car, &scene.field), LK_OK);
    key = &car->vehicle.keys[test_key_in(car, LK_KEY_OWNER, LK_KEY_PENDING)];
    memcpy(id, key->key_id, sizeof id);
    assert_int_equal(lk_vehicle_suspend_key(&car->vehicle, id, 1), LK_CALLER_STATE);
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_OK);
    assert_true(lk_is_zero(key, sizeof *key));
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->verdict, LK_DENY);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(test_key_in(car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
}

/* Secrets go first: what the store did not take opens nothing fast in RAM either (S12). */
static void S12_suspension_wipes_though_the_store_is_broken(void **state)
{
    struct lk_vehicle_key *key = owner();
    uint8_t id[LK_KEY_ID_LEN];

    (void)state;
    memcpy(id, key->key_id, sizeof id);
    break_store();
    assert_false(lk_is_zero(&key->fast, sizeof key->fast));
    assert_int_equal(lk_vehicle_suspend_key(&car->vehicle, id, 1), LK_PORT_STORE);
    assert_true(lk_is_zero(&key->fast, sizeof key->fast));
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_PORT_STORE); /* it stays broken */
    assert_int_equal(key->state, LK_KEY_ACTIVE);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_OK);
}

static void D18_the_last_epoch_promotes_nobody(void **state)
{
    const struct lk_outcome *outcome;

    (void)state;
    enter_password();
    assert_int_equal(test_run_pairing(car, &scene.field), LK_OK);
    car->vehicle.sharing_epoch = UINT32_MAX;
    outcome = tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
    assert_int_equal(outcome->verdict, LK_DENY);
    assert_int_equal(outcome->detail, LK_CALLER_FULL);
    assert_int_equal(outcome->owner_promoted, 0);
    assert_true(test_key_in(car, LK_KEY_OWNER, LK_KEY_PENDING) >= 0);
    assert_int_equal(test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE), -1);
}

/* --- pairing, between two steps --- */

static void D18_a_pending_owner_is_dead_though_the_store_is_broken(void **state)
{
    uint8_t reason;

    (void)state;
    assert_int_equal(pair_with(BREAK_STORE_AND_SILENCE, LK_PAIR_ATTEST, &reason), LK_PEER_GONE);
    assert_int_equal(reason, 0xff);
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->verdict, LK_DENY);
    assert_int_equal(test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE), -1);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(test_key_in(car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
}

/* A phone that makes no key while the field is away: it does so while the car waits. */
static void reset_only(void *ctx)
{
    struct test_phone *phone = ctx;

    lk_applet_field_lost(&phone->applet);
    lk_device_field_lost(&phone->device, phone->now_ms);
}

static void D19_a_phone_that_is_busy_is_asked_again(void **state)
{
    unsigned num_busy = 0;

    (void)state;
    enter_password();
    scene.field.reset = reset_only;
    assert_int_equal(test_run_pairing(car, &scene.field), LK_OK);
    for (unsigned i = 0; i < scene.field.count; i++)
        num_busy += scene.field.record_len[i][1] == 2 &&
                    memcmp(scene.field.record[i][1], "\x69\x85", 2) == 0;
    assert_true(num_busy > 0);
    assert_true(test_key_in(car, LK_KEY_OWNER, LK_KEY_PENDING) >= 0);
}

static void PA1_attempts_are_looked_at_before_each_use(void **state)
{
    static const uint8_t states[] = {LK_PAIR_SELECT, LK_PAIR_REQUEST};

    (void)state;
    for (size_t i = 0; i < sizeof states; i++) {
        uint8_t reason;

        assert_int_equal(lk_vehicle_load_verifier(&car->vehicle, &car->verifier), LK_OK);
        assert_int_equal(lk_vehicle_open_pairing(&car->vehicle, car->now_ms), LK_OK);
        assert_int_equal(pair_with(USE_UP_ATTEMPTS, states[i], &reason), LK_PAIRING_BLOCKED);
        assert_int_equal(reason, LK_OP_ATTEMPTS_USED);
        assert_int_equal(car->vehicle.has_verifier, 0);
        assert_true(lk_is_zero(&car->vehicle.verifier, sizeof car->vehicle.verifier));
        assert_int_equal(lk_vehicle_open_pairing(&car->vehicle, car->now_ms), LK_PAIRING_BLOCKED);
    }
}

static void LI10_a_full_table_tells_the_phone(void **state)
{
    uint8_t reason;

    (void)state;
    assert_int_equal(pair_with(FILL_TABLE, LK_PAIR_RESELECT, &reason), LK_CALLER_FULL);
    assert_int_equal(reason, LK_OP_SLOTS_FULL);
    assert_int_equal(test_key_in(car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
}

static void P19_a_pairing_that_is_too_slow_is_over(void **state)
{
    uint8_t command[LK_APDU_COMMAND_MAX];
    struct lk_bytes none = {NULL, 0};
    enum lk_step step;
    size_t len;

    (void)state;
    assert_int_equal(lk_vehicle_pair_begin(&car->vehicle, &car->pairing, LK_READER_DASHBOARD,
                                           LK_NFC, car->now_ms, &step, command, &len),
                     LK_OK);
    car->now_ms += LK_TIMER_PAIRING_MODE_MS;
    assert_int_equal(lk_vehicle_pair_next(&car->pairing, car->now_ms, none, &step, command, &len),
                     LK_OK);
    assert_int_equal(step, LK_STEP_SEND);
    assert_memory_equal(command + 2, ((uint8_t[]){LK_OP_ABORT, LK_OP_TIMEOUT}), 2);
    assert_int_equal(car->pairing.status, LK_PEER_TIMEOUT);
    assert_int_equal(lk_vehicle_pair_next(&car->pairing, car->now_ms, none, &step, command, &len),
                     LK_OK);
    assert_int_equal(step, LK_STEP_DONE);
    assert_int_equal(lk_vehicle_pair_next(&car->pairing, car->now_ms, none, &step, command, &len),
                     LK_CALLER_STATE);
    lk_vehicle_pair_lost(&car->pairing); /* over already: it keeps its status */
    assert_int_equal(car->pairing.status, LK_PEER_TIMEOUT);
    lk_vehicle_tick(&car->vehicle, car->now_ms);
    assert_int_equal(car->vehicle.pairing_open, 0);
}

/* The clock or the menu ends what runs; the run knows how. */
static void P19_the_clock_and_the_menu_end_a_pairing(void **state)
{
    (void)state;
    for (int by_clock = 0; by_clock < 2; by_clock++) {
        uint8_t command[LK_APDU_COMMAND_MAX];
        enum lk_step step;
        size_t len;

        assert_int_equal(lk_vehicle_open_pairing(&car->vehicle, car->now_ms), LK_OK);
        assert_int_equal(lk_vehicle_pair_begin(&car->vehicle, &car->pairing, LK_READER_DASHBOARD,
                                               LK_NFC, car->now_ms, &step, command, &len),
                         LK_OK);
        lk_vehicle_tick(&car->vehicle, car->now_ms + LK_TIMER_PAIRING_MODE_MS - 1);
        assert_ptr_equal(car->vehicle.active_pairing, &car->pairing);
        if (by_clock)
            lk_vehicle_tick(&car->vehicle, car->now_ms + LK_TIMER_PAIRING_MODE_MS);
        else
            lk_vehicle_close_pairing(&car->vehicle);
        assert_int_equal(car->pairing.status, by_clock ? LK_PEER_TIMEOUT : LK_PEER_GONE);
        assert_null(car->vehicle.active_pairing);
        assert_int_equal(car->vehicle.pairing_open, 0);
    }
}

static void M100_a_car_whose_K_comes_by_an_intermediate_pairs(void **state)
{
    (void)state;
    car->config.k = test_ca_bytes(&scene.world.ki);
    car->config.intermediate = test_ca_bytes(&scene.world.i);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&car->vehicle, car->now_ms), LK_OK);
    test_pair(car, &scene.field, &scene.phone);
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_START)->verdict, LK_GRANT);
}

/* --- taps, between two steps --- */

static void LI1_a_place_given_to_another_key_grants_nothing(void **state)
{
    const struct lk_outcome *outcome;

    (void)state;
    act_at(SWAP_KEY, 1, LK_AT_EXCHANGE);
    outcome = tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
    assert_true(link.has_acted);
    assert_int_equal(outcome->verdict, LK_DENY);
    assert_int_equal(outcome->detail, LK_TAP_KEY_UNKNOWN);
}

static void ST9_a_bad_word_or_silence_is_no_grant(void **state)
{
    static const struct {
        enum act act;
        uint8_t state;
        enum lk_status detail;
    } rows[] = {
        {SW_6F00, LK_AT_EXCHANGE, LK_PEER_SW},
        {SILENCE, LK_AT_AUTH0, LK_TAP_NO_ANSWER},
        {SILENCE, LK_AT_AUTH1, LK_TAP_NO_ANSWER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct lk_outcome *outcome;

        act_at(rows[i].act, 1, rows[i].state);
        outcome = tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
        assert_true(link.has_acted);
        assert_int_equal(outcome->verdict, LK_DENY);
        assert_int_equal(outcome->detail, rows[i].detail);
        assert_true(lk_is_zero(&outcome->grant, sizeof outcome->grant));
        assert_int_equal(car->tap.chan.is_open, 0);
    }
}

static void a_tap_that_is_over_takes_no_step(void **state)
{
    uint8_t command[LK_APDU_COMMAND_MAX];
    enum lk_step step = LK_STEP_WAIT;
    size_t len = 77;

    (void)state;
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict, LK_GRANT);
    assert_int_equal(lk_vehicle_tap_next(&car->tap, car->now_ms, lk_bytes("\x90\x00", 2), &step,
                                         command, &len),
                     LK_CALLER_STATE);
    assert_int_equal(step, LK_STEP_WAIT);
    assert_int_equal(len, 77);
}

/* --- the start --- */

static void M100_a_configuration_that_is_not_of_K_does_not_start(void **state)
{
    uint8_t *fields[] = {car->config.vehicle_id, car->config.vehicle_public};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fields[i][3] ^= 1;
        assert_int_equal(test_vehicle_reboot(car), LK_CERT_MISMATCH);
        assert_true(lk_is_zero(&car->vehicle, sizeof car->vehicle));
        fields[i][3] ^= 1;
    }
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
}

static void a_verifier_of_zero_is_refused(void **state)
{
    struct lk_verifier zero = car->verifier;

    (void)state;
    memset(zero.w0, 0, sizeof zero.w0);
    assert_int_equal(lk_vehicle_load_verifier(&car->vehicle, &zero), LK_PEER_PARAMETER);
    assert_memory_equal(car->vehicle.verifier.w0, car->verifier.w0, sizeof zero.w0);
    assert_int_equal(car->vehicle.pairing_open, 1); /* nothing has changed */
}

static void CR5_a_record_that_nobody_wrote_stops_the_start(void **state)
{
    static const struct {
        uint32_t id;
        uint16_t at;
        uint8_t change; /* 0: the record is cut here */
    } rows[] = {
        {VERIFIER, 89, 0},   {VERIFIER, 100, 1}, {EPOCH, 3, 0},    {SEQUENCE, 1, 0},
        {CACHED_F, 0, 0x40}, {KEY, 50, 0},       {KEY, 0, 0x40},   {KEY, 2, 0x40},
        {TOKENS, 16, 0},     {TOKENS, 20, 1},
    };
    uint8_t record[LK_STORE_RECORD_MAX], changed[LK_STORE_RECORD_MAX];

    (void)state;
    assert_int_equal(lk_vehicle_load_verifier(&car->vehicle, &car->verifier), LK_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = 0, at = rows[i].at;

        assert_int_equal(lk_store_read(&car->store, rows[i].id, record, sizeof record, &len),
                         LK_OK);
        assert_true(at < len);
        memcpy(changed, record, len);
        changed[at] ^= rows[i].change;
        assert_int_equal(lk_store_write(&car->store, rows[i].id, changed,
                                        rows[i].change == 0 ? at : len),
                         LK_OK);
        assert_int_equal(test_vehicle_reboot(car), LK_STORE_CORRUPT);
        assert_true(lk_is_zero(&car->vehicle, sizeof car->vehicle)); /* no half of a table */
        assert_int_equal(lk_store_write(&car->store, rows[i].id, record, len), LK_OK);
        assert_int_equal(test_vehicle_reboot(car), LK_OK);
    }
}

/* Secrets that open but are too short: as if somebody had written them with our own key. */
static void CR5_a_secret_of_another_length_stops_the_start(void **state)
{
    static const struct {
        uint32_t id;
        uint16_t plain_len;
        const char *label;
    } rows[] = {{VERIFIER, 89, "pair w0"}, {TOKENS, 16, "token seed"}};
    uint8_t record[LK_STORE_RECORD_MAX];

    (void)state;
    assert_int_equal(lk_vehicle_load_verifier(&car->vehicle, &car->verifier), LK_OK);
    for (size_t i = 0; i < 2; i++) {
        size_t len = 0, wrapped_len = 0;

        assert_int_equal(lk_store_read(&car->store, rows[i].id, record, sizeof record, &len),
                         LK_OK);
        assert_int_equal(lk_secret_save(&car->crypto, lk_bytes("short", 5),
                                        lk_bytes(rows[i].label, strlen(rows[i].label)),
                                        record + rows[i].plain_len, &wrapped_len),
                         LK_OK);
        assert_int_equal(lk_store_write(&car->store, rows[i].id, record,
                                        rows[i].plain_len + wrapped_len),
                         LK_OK);
        assert_int_equal(test_vehicle_reboot(car), LK_STORE_CORRUPT);
        assert_int_equal(lk_store_begin(&car->store), LK_OK);
        assert_int_equal(lk_store_remove(&car->store, rows[i].id), LK_OK);
        assert_int_equal(lk_store_commit(&car->store), LK_OK);
        assert_int_equal(test_vehicle_reboot(car), LK_OK);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define PAIRED(name) cmocka_unit_test_setup_teardown(name, setup_paired, teardown)
    const struct CMUnitTest tests[] = {
        T(M23_each_rule_of_the_policy_refuses_alone),
        PAIRED(RA13_a_grant_carries_the_speed_limit_under_its_mac),
        PAIRED(RA13_numbers_never_start_again),
        T(S8_a_slot_that_is_taken_is_not_given_again),
        PAIRED(S7_the_menu_ends_and_suspends_once),
        T(D18_the_menu_ends_a_pending_owner),
        PAIRED(S12_suspension_wipes_though_the_store_is_broken),
        T(D18_the_last_epoch_promotes_nobody),
        T(D18_a_pending_owner_is_dead_though_the_store_is_broken),
        T(D19_a_phone_that_is_busy_is_asked_again),
        T(PA1_attempts_are_looked_at_before_each_use),
        T(LI10_a_full_table_tells_the_phone),
        T(P19_a_pairing_that_is_too_slow_is_over),
        T(P19_the_clock_and_the_menu_end_a_pairing),
        T(M100_a_car_whose_K_comes_by_an_intermediate_pairs),
        PAIRED(LI1_a_place_given_to_another_key_grants_nothing),
        PAIRED(ST9_a_bad_word_or_silence_is_no_grant),
        PAIRED(a_tap_that_is_over_takes_no_step),
        T(M100_a_configuration_that_is_not_of_K_does_not_start),
        T(a_verifier_of_zero_is_refused),
        PAIRED(CR5_a_record_that_nobody_wrote_stops_the_start),
        PAIRED(CR5_a_secret_of_another_length_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
