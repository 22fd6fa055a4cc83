/* test_day.c: an owner's day with both real sides in one process: pairing, doors, engine, refusals.
 * Mission M16 to M28, M66 to M73, M102 to M117; attacks FA, ST, RA13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"

#include "chan/chan.h"
#include "crypto/crypto.h"

static struct test_stage day;

static int setup(void **state)
{
    (void)state;
    test_stage_init(&day);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_stage_forget(&day);
    return 0;
}

static const struct lk_outcome *tap(enum lk_reader reader, enum lk_action action)
{
    return test_run_tap(&day.car, &day.field, reader, action);
}

static enum lk_status obey(void)
{
    return lk_car_model_obey(&day.car.model, &day.car.crypto, &day.car.tap.outcome.grant);
}

static void granted(enum lk_reader reader, enum lk_action action, int fast)
{
    const struct lk_outcome *outcome = tap(reader, action);

    assert_int_equal(outcome->status, LK_OK);
    assert_int_equal(outcome->verdict, LK_GRANT);
    assert_int_equal(outcome->was_fast, fast);
}

static void refused(enum lk_reader reader, enum lk_action action, enum lk_status status)
{
    const struct lk_outcome *outcome = tap(reader, action);
    struct lk_grant none;

    memset(&none, 0, sizeof none);
    assert_int_equal(outcome->verdict, LK_DENY);
    assert_int_equal(outcome->status, status);
    assert_memory_equal(&outcome->grant, &none, sizeof none);
}

static void M22_door_unlocks_and_locks_fast(void **state)
{
    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    assert_int_equal(obey(), LK_OK);
    assert_int_equal(day.car.model.is_locked, 0);
    granted(LK_READER_DOOR, LK_ACTION_LOCK, 1);
    assert_int_equal(obey(), LK_OK);
    assert_int_equal(day.car.model.is_locked, 1);
}

static void M23_start_on_the_dashboard_alone(void **state)
{
    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    refused(LK_READER_DOOR, LK_ACTION_START, LK_TAP_NOT_ALLOWED);
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
    assert_int_equal(obey(), LK_OK);
    assert_int_equal(day.car.model.is_ready, 1);
}

static void M72_M73_both_sides_name_the_same_key(void **state)
{
    const struct lk_vehicle_key *key;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    key = lk_vehicle_key_at(&day.car.vehicle,
                            (size_t)test_key_in(&day.car, LK_KEY_OWNER, LK_KEY_ACTIVE));
    assert_memory_equal(key->key_id, test_phone_pass(&day.phone)->key_id, LK_KEY_ID_LEN);
    assert_memory_equal(key->public_key, test_phone_pass(&day.phone)->public_key, LK_POINT_LEN);
    assert_int_equal(test_phone_pass(&day.phone)->state, LK_PASS_ACTIVE);
}

static void M102_refused_fast_goes_on_as_standard(void **state)
{
    int index;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    index = test_key_in(&day.car, LK_KEY_OWNER, LK_KEY_ACTIVE);
    day.car.vehicle.keys[index].fast.inner[0] ^= 1; /* the car's half of Kpersistent is another */
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 0);
    assert_int_equal(day.car.tap.outcome.fast_refused, 1);
    assert_int_equal(day.field.count, 4); /* SELECT AUTH0 AUTH1 CONTROL FLOW */
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    assert_int_equal(day.field.count, 3);
}

static void M103_no_fast_before_a_standard(void **state)
{
    uint8_t id[LK_KEY_ID_LEN];

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    memcpy(id, day.car.tap.outcome.key_id, sizeof id);
    assert_int_equal(lk_vehicle_suspend_key(&day.car.vehicle, id, 1), LK_OK);
    refused(LK_READER_DOOR, LK_ACTION_UNLOCK, LK_TAP_NOT_ALLOWED);
    assert_int_equal(lk_vehicle_suspend_key(&day.car.vehicle, id, 0), LK_OK);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 0);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
}

static void M112_wrong_car(void **state)
{
    static struct test_ca_world other_world;
    static struct test_vehicle other;
    static const uint8_t other_id[8] = {0xca, 9, 9, 9, 9, 9, 9, 9};

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    assert_int_equal(test_ca_world_init(&day.crypto, other_id, &other_world), LK_OK);
    test_vehicle_init(&other, &other_world, day.provider);
    assert_int_equal(
        test_run_tap(&other, &day.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->status,
        LK_TAP_WRONG_CAR);
    test_vehicle_forget(&other);
    test_ca_world_forget(&other_world);
}

static void M112_key_the_car_does_not_know(void **state)
{
    int index;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    index = test_key_in(&day.car, LK_KEY_OWNER, LK_KEY_ACTIVE);
    memset(&day.car.vehicle.keys[index], 0, sizeof day.car.vehicle.keys[index]);
    refused(LK_READER_DOOR, LK_ACTION_UNLOCK, LK_TAP_KEY_UNKNOWN);
}

static void M111_identifier_never_in_the_clear(void **state)
{
    const struct lk_vehicle_key *key;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
    key = &day.car.vehicle.keys[test_key_in(&day.car, LK_KEY_OWNER, LK_KEY_ACTIVE)];
    for (unsigned i = 0; i < day.field.count; i++) {
        for (unsigned side = 0; side < 2; side++) {
            const uint8_t *at = day.field.record[i][side];
            size_t len = day.field.record_len[i][side];

            for (size_t j = 0; j + 8 <= len; j++) {
                assert_memory_not_equal(at + j, key->key_id, 8);
                assert_memory_not_equal(at + j, key->public_key + 1, 8);
            }
        }
    }
}

static void M26_M27_express_mode(void **state)
{
    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1); /* nobody authenticated */
    assert_int_equal(lk_device_set_express(&day.phone.device, 0), LK_OK);
    refused(LK_READER_DOOR, LK_ACTION_UNLOCK, LK_PEER_UNAVAILABLE);
    assert_int_equal(lk_device_authenticate_user(&day.phone.device), LK_OK);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    refused(LK_READER_DOOR, LK_ACTION_UNLOCK, LK_PEER_UNAVAILABLE);
}

static void replay_answer(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                          size_t *out_len)
{
    struct test_field *from = ctx;
    unsigned at = from->count++;

    (void)command;
    (void)len;
    *out_len = from->record_len[at][1];
    memcpy(out, from->record[at][1], *out_len);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

/* Plays the answers of the last tap again. */
static const struct lk_outcome *replay(enum lk_reader reader, enum lk_action action)
{
    static struct test_field recorded, field;

    recorded = day.field;
    recorded.count = 0;
    memset(&field, 0, sizeof field);
    field.ctx = &recorded;
    field.answer = replay_answer;
    field.reset = field.wait = nothing;
    return test_run_tap(&day.car, &field, reader, action);
}

static void FA1_replay_of_a_cryptogram(void **state)
{
    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    for (int i = 0; i < 20; i++) {
        granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
        assert_int_equal(replay(LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict, LK_DENY);
        if (i == 10) {
            assert_int_equal(test_vehicle_reboot(&day.car), LK_OK);
            assert_int_equal(replay(LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict, LK_DENY);
            granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 0); /* fast again from here on */
            granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
        }
        assert_int_equal(replay(LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict, LK_DENY);
    }
}

static void ST3_replay_of_a_standard_transaction(void **state)
{
    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
    assert_int_equal(replay(LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_TAP_BROKEN_PEER);
}

static void FA6_no_start_by_a_fast_transaction(void **state)
{
    struct lk_reader_policy wild = {0xff, 0xff, 1};

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    day.car.config.door = day.car.config.dashboard = wild; /* the worst configuration there is */
    for (unsigned action = 0; action < 256; action++) {
        for (unsigned reader = 0; reader < 4; reader++) {
            const struct lk_outcome *outcome =
                tap((enum lk_reader)reader, (enum lk_action)action);

            /* Fast is not even asked for unless the action is unlock or lock. */
            if (day.field.count >= 2 && day.field.record[1][0][2] & 1)
                assert_true(action == LK_ACTION_UNLOCK || action == LK_ACTION_LOCK);
            if (outcome->verdict != LK_GRANT)
                continue;
            if (outcome->was_fast)
                assert_true(action == LK_ACTION_UNLOCK || action == LK_ACTION_LOCK);
            if (action == LK_ACTION_START)
                assert_true(reader == LK_READER_DASHBOARD && !outcome->was_fast);
        }
    }
}

static void FA7_ended_and_suspended_refused_at_once(void **state)
{
    const struct lk_vehicle_key *key;
    uint8_t id[LK_KEY_ID_LEN];
    int index;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    memcpy(id, day.car.tap.outcome.key_id, sizeof id);
    index = test_key_in(&day.car, LK_KEY_OWNER, LK_KEY_ACTIVE);
    key = &day.car.vehicle.keys[index];
    assert_int_not_equal(key->fast.live, 0);
    assert_int_equal(lk_vehicle_suspend_key(&day.car.vehicle, id, 1), LK_OK);
    assert_true(lk_is_zero(&key->fast, sizeof key->fast));
    refused(LK_READER_DOOR, LK_ACTION_UNLOCK, LK_TAP_NOT_ALLOWED);
    assert_int_equal(test_vehicle_reboot(&day.car), LK_OK);
    assert_int_equal(lk_vehicle_suspend_key(&day.car.vehicle, id, 0), LK_OK);
    assert_int_equal(test_vehicle_reboot(&day.car), LK_OK);
    assert_true(lk_is_zero(&key->fast, sizeof key->fast)); /* nothing was left in the store */
    assert_int_equal(lk_vehicle_end_key(&day.car.vehicle, id), LK_OK);
    refused(LK_READER_DOOR, LK_ACTION_UNLOCK, LK_TAP_KEY_ENDED);
    assert_int_equal(test_vehicle_reboot(&day.car), LK_OK);
    refused(LK_READER_DOOR, LK_ACTION_UNLOCK, LK_TAP_KEY_ENDED);
    assert_int_equal(lk_vehicle_suspend_key(&day.car.vehicle, id, 0), LK_CALLER_STATE);
}

static void flip(void *ctx, unsigned number, uint8_t *answer, size_t *len)
{
    unsigned *at = ctx;

    if (number == at[0] && at[1] < *len)
        answer[at[1]] ^= (uint8_t)at[2];
}

static void ST9_every_byte_flipped(void **state)
{
    unsigned at[3] = {0, 0, 0x01};

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    for (at[0] = 1; at[0] <= 3; at[0]++) {
        for (at[1] = 0; at[1] < 140; at[1]++) {
            day.field.change = flip;
            day.field.change_ctx = at;
            (void)tap(LK_READER_DASHBOARD, LK_ACTION_START);
            day.field.change = NULL;
            if (at[1] < day.field.record_len[at[0] - 1][1])
                assert_int_equal(day.car.tap.outcome.verdict, LK_DENY);
        }
    }
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
}

/* 1 if `keys` open the recorded answer to AUTH1. */
static int opens(struct lk_session_keys *keys)
{
    struct lk_chan chan;
    uint8_t plain[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    lk_chan_open(&chan, keys);
    return lk_chan_open_response(&chan, &day.crypto,
                                 lk_bytes(day.field.record[2][1], day.field.record_len[2][1] - 2),
                                 plain, &len) == LK_OK;
}

static void M116_ST5_dumped_secrets_open_no_recorded_session(void **state)
{
    const struct lk_endpoint *endpoint;
    const uint8_t *auth0, *answer;
    struct lk_session_keys keys;
    struct lk_persistent persistent;
    struct lk_transcript t;
    struct lk_fast_info info;
    uint8_t cryptogram[16];

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
    assert_int_equal(day.car.tap.ephemeral.id, 0);
    assert_int_equal(day.phone.applet.air.ephemeral.id, 0);
    auth0 = day.field.record[1][0];  /* header 5, 5C 4, 87 41 then the point, 4C 10 then the id */
    answer = day.field.record[1][1]; /* 86 41 then the point */
    t = (struct lk_transcript){.vehicle_ephemeral = auth0 + 11,
                               .device_ephemeral = answer + 2,
                               .transaction_id = auth0 + 78,
                               .interface = LK_NFC,
                               .p1 = auth0[2],
                               .p2 = auth0[3],
                               .version = {1, 0}};
    endpoint = &day.phone.applet.endpoints[0];
    { /* The harness opens it with the ephemeral key that is gone by now from both sides. */
        const struct lk_crypto_port *port = lk_openssl_port(day.provider);
        const struct test_spy *spy = &day.phone.element.spy;
        struct lk_key ephemeral;
        uint8_t public_key[LK_POINT_LEN];

        assert_int_equal(port->ec_load(port->ctx, spy->scalars[spy->num_scalars - 1], 32,
                                       &ephemeral, public_key),
                         LK_OK);
        assert_memory_equal(public_key, t.device_ephemeral, sizeof public_key);
        assert_int_equal(lk_standard_derive(&day.crypto, ephemeral, t.vehicle_ephemeral, &t, &keys,
                                            &persistent),
                         LK_OK);
        assert_int_equal(opens(&keys), 1);
        port->ec_free(port->ctx, ephemeral);
    }
    /* The car's key with the phone's ephemeral one, the phone's with the car's, Kpersistent. */
    assert_int_equal(lk_standard_derive(&day.crypto, day.world.vehicle.key, t.device_ephemeral, &t,
                                        &keys, &persistent),
                     LK_OK);
    assert_int_equal(opens(&keys), 0);
    assert_int_equal(lk_standard_derive(&day.phone.element.crypto, endpoint->key,
                                        t.vehicle_ephemeral, &t, &keys, &persistent),
                     LK_OK);
    assert_int_equal(opens(&keys), 0);
    info = (struct lk_fast_info){.vehicle_public = day.car.config.vehicle_public,
                                 .vehicle_id = day.car.config.vehicle_id,
                                 .version_list = lk_bytes("\x01\x00", 2),
                                 .t = t};
    assert_int_equal(lk_fast_derive(&day.crypto, &endpoint->persistent, endpoint->public_key, &info,
                                    cryptogram, &keys),
                     LK_OK);
    assert_int_equal(opens(&keys), 0);
}

static void M108_answers_of_two_taps_share_nothing(void **state)
{
    uint8_t first[LK_APDU_COMMAND_MAX];
    size_t len;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    len = day.field.record_len[1][1];
    memcpy(first, day.field.record[1][1], len);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    assert_int_equal(day.field.record_len[1][1], len);
    for (size_t i = 0; i + 8 <= len; i++) {
        for (size_t j = 0; j + 8 <= len; j++)
            assert_memory_not_equal(first + i, day.field.record[1][1] + j, 8);
    }
}

static void M110_both_sides_hold_the_same_fast_key(void **state)
{
    const struct lk_endpoint *endpoint;
    struct lk_fast_key made;
    int index;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    index = test_key_in(&day.car, LK_KEY_OWNER, LK_KEY_ACTIVE);
    endpoint = &day.phone.applet.endpoints[0];
    assert_int_equal(
        lk_fast_key_make(&day.crypto, &endpoint->persistent, endpoint->public_key, &made), LK_OK);
    assert_memory_equal(made.inner, day.car.vehicle.keys[index].fast.inner, sizeof made.inner);
    assert_memory_equal(made.outer, day.car.vehicle.keys[index].fast.outer, sizeof made.outer);
}

static void LI1_ended_between_AUTH0_and_AUTH1(void **state)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_APDU_RESPONSE_MAX], id[LK_KEY_ID_LEN];
    struct test_vehicle *car = &day.car;
    size_t len = 0, got = 0;
    enum lk_step step;

    (void)state;
    test_pair(car, &day.field, &day.phone);
    memcpy(id, car->tap.outcome.key_id, sizeof id);
    assert_int_equal(lk_vehicle_tap_begin(&car->vehicle, &car->tap, LK_READER_DASHBOARD, LK_NFC,
                                          LK_ACTION_START, car->now_ms, &step, command, &len),
                     LK_OK);
    for (unsigned i = 0; step != LK_STEP_DONE; i++) {
        if (i == 2)
            assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_OK);
        day.field.answer(day.field.ctx, command, len, answer, &got);
        assert_int_equal(lk_vehicle_tap_next(&car->tap, car->now_ms, lk_bytes(answer, got), &step,
                                             command, &len),
                         LK_OK);
    }
    assert_int_equal(car->tap.outcome.status, LK_TAP_KEY_ENDED);
    assert_int_equal(car->tap.control_p2, 0xa0);
}

static void M117_two_readers_at_once(void **state)
{
    static struct lk_tap door, dash;
    uint8_t command[LK_APDU_COMMAND_MAX];
    size_t len = 0;
    enum lk_step step;
    struct lk_vehicle *vehicle = &day.car.vehicle;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    assert_int_equal(lk_vehicle_tap_begin(vehicle, &door, LK_READER_DOOR, LK_NFC, LK_ACTION_UNLOCK,
                                          day.car.now_ms, &step, command, &len),
                     LK_OK);
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0); /* whole, while the door waits */
    assert_int_equal(lk_vehicle_tap_begin(vehicle, &dash, LK_READER_DASHBOARD, LK_NFC,
                                          LK_ACTION_START, day.car.now_ms, &step, command, &len),
                     LK_OK);
    assert_memory_not_equal(&door, &dash, sizeof door);
    lk_vehicle_tap_lost(&door, LK_PEER_GONE);
    lk_vehicle_tap_lost(&dash, LK_PEER_TIMEOUT);
    assert_int_equal(door.outcome.status, LK_PEER_GONE);
    assert_int_equal(dash.outcome.status, LK_PEER_TIMEOUT);
}

static void FA8_dropped_auth1_opens_nothing(void **state)
{
    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    for (unsigned i = 1; i <= 3; i++) {
        day.field.lose_at = i;
        refused(LK_READER_DASHBOARD, LK_ACTION_START, LK_PEER_GONE);
    }
    day.field.lose_at = 0;
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
}

static void P13_fast_limits_force_standard(void **state)
{
    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    for (unsigned i = 0; i < LK_FAST_MAX_COUNT; i++)
        granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 0);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    day.car.now_ms += LK_FAST_MAX_AGE_MS;
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 0);
}

/* The clock starts again with the car, anywhere: what was standard before is of unknown age. */
static void P13_nothing_is_fast_after_a_restart(void **state)
{
    static const uint64_t clocks[] = {0, 1, 5000000, 5000000 + LK_FAST_MAX_AGE_MS, UINT64_MAX / 2};

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
        assert_int_equal(test_vehicle_reboot(&day.car), LK_OK);
        day.car.now_ms = clocks[i];
        granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 0);
        assert_int_equal(day.car.tap.outcome.fast_refused, 0); /* it was not even asked for */
        granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    }
}

static void M22_no_lock_with_the_engine_on_or_a_door_open(void **state)
{
    static const struct {
        uint8_t condition;
        enum lk_status status;
        uint8_t control_p2;
    } rows[] = {{LK_CAR_ENGINE_ON, LK_TAP_NOT_PARKED, 0xb1},
                {LK_CAR_DOOR_OPEN, LK_TAP_VEHICLE_STATE, 0xb0},
                {LK_CAR_ENGINE_ON | LK_CAR_DOOR_OPEN, LK_TAP_NOT_PARKED, 0xb1}};

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        const uint8_t *control;

        day.car.config.door.fast = i % 2 ? lk_policy_door.fast : 0;
        lk_vehicle_set_condition(&day.car.vehicle, rows[i / 2].condition);
        refused(LK_READER_DOOR, LK_ACTION_LOCK, rows[i / 2].status);
        assert_int_equal(day.car.tap.outcome.was_fast, i % 2);
        control = day.field.record[day.field.count - 1][0];
        assert_int_equal(control[2], 0x00);
        assert_int_equal(control[3], rows[i / 2].control_p2);
        granted(LK_READER_DOOR, LK_ACTION_UNLOCK, i % 2); /* fast: the refused tap left its key */
        granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
        lk_vehicle_set_condition(&day.car.vehicle, 0);
        granted(LK_READER_DOOR, LK_ACTION_LOCK, i % 2);
    }
}

/* A stranger hears nothing of the car's condition. */
static void S13_condition_is_told_after_the_proof_alone(void **state)
{
    (void)state;
    lk_vehicle_set_condition(&day.car.vehicle, LK_CAR_ENGINE_ON);
    refused(LK_READER_DOOR, LK_ACTION_LOCK, LK_TAP_WRONG_CAR);
    assert_int_equal(day.car.tap.control_p2, 0x00);
}

static void M22_the_model_says_what_the_vehicle_needs(void **state)
{
    struct lk_car_model *model = &day.car.model;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    assert_int_equal(lk_car_model_condition(model), 0);
    granted(LK_READER_DOOR, LK_ACTION_LOCK, 1); /* nobody told the vehicle: the model is last */
    model->is_ready = 1;
    assert_int_equal(lk_car_model_condition(model), LK_CAR_ENGINE_ON);
    assert_int_equal(obey(), LK_TAP_NOT_PARKED);
    lk_car_model_park(model);
    lk_car_model_door(model, 1);
    assert_int_equal(model->is_locked, 0);
    assert_int_equal(lk_car_model_condition(model), LK_CAR_DOOR_OPEN);
    granted(LK_READER_DOOR, LK_ACTION_LOCK, 1);
    assert_int_equal(obey(), LK_TAP_VEHICLE_STATE);
    lk_car_model_door(model, 0);
    granted(LK_READER_DOOR, LK_ACTION_LOCK, 1);
    assert_int_equal(obey(), LK_OK);
    assert_int_equal(model->is_locked, 1);
}

static void no_secrets_in_the_tap(void)
{
    const struct lk_tap *tap = &day.car.tap;

    assert_int_equal(tap->ephemeral.id, 0);
    assert_true(lk_is_zero(&tap->chan, sizeof tap->chan));
    assert_true(lk_is_zero(&tap->persistent, sizeof tap->persistent));
    assert_true(lk_is_zero(&tap->fresh_fast, sizeof tap->fresh_fast));
}

/* Keys made ahead are the same keys, and go at every end. */
static void ST5_work_ahead_changes_and_leaves_nothing(void **state)
{
    uint8_t command[LK_APDU_COMMAND_MAX];
    struct test_vehicle *car = &day.car;
    size_t len = 0;
    enum lk_step step;

    (void)state;
    lk_vehicle_tap_ahead(&car->tap); /* before anything has begun */
    car->works_ahead = 1;
    test_pair(car, &day.field, &day.phone);
    day.car.config.door.fast = 0;
    for (unsigned i = 0; i < 4; i++) {
        day.field.lose_at = i;
        (void)tap(LK_READER_DOOR, LK_ACTION_UNLOCK);
        assert_int_equal(car->tap.outcome.verdict, i == 0 ? LK_GRANT : LK_DENY);
        no_secrets_in_the_tap();
    }
    day.field.lose_at = 0;
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
    no_secrets_in_the_tap();
    assert_int_equal(lk_vehicle_tap_begin(&car->vehicle, &car->tap, LK_READER_DOOR, LK_NFC,
                                          LK_ACTION_UNLOCK, car->now_ms, &step, command, &len),
                     LK_OK);
    while (command[1] != 0x81) {
        uint8_t answer[LK_APDU_RESPONSE_MAX];
        size_t got = 0;

        lk_vehicle_tap_ahead(&car->tap);
        assert_int_equal(car->tap.is_derived, 0); /* nothing can be made yet */
        day.field.answer(day.field.ctx, command, len, answer, &got);
        assert_int_equal(lk_vehicle_tap_next(&car->tap, car->now_ms, lk_bytes(answer, got), &step,
                                             command, &len),
                         LK_OK);
    }
    test_spy_arm(&car->spy, 1); /* the provider fails once: it is not the last word */
    lk_vehicle_tap_ahead(&car->tap);
    test_spy_arm(&car->spy, 0);
    assert_int_equal(car->tap.is_derived, 0);
    lk_vehicle_tap_ahead(&car->tap);
    assert_int_equal(car->tap.is_derived, 1);
    assert_int_equal(car->tap.ephemeral.id, 0);
    assert_int_equal(lk_vehicle_tap_next(&car->tap, car->now_ms + LK_TIMER_SESSION_IDLE_MS,
                                         lk_bytes(command, 2), &step, command, &len),
                     LK_OK);
    assert_int_equal(car->tap.outcome.status, LK_PEER_TIMEOUT);
    no_secrets_in_the_tap();
}

static void ST12_session_older_than_the_deadline(void **state)
{
    uint8_t command[LK_APDU_COMMAND_MAX];
    static const uint8_t answer[] = {0x5c, 0x02, 0x01, 0x00, 0x90, 0x00};
    size_t len = 0;
    enum lk_step step;

    (void)state;
    for (unsigned late = 0; late <= 2; late++) {
        struct test_vehicle *car = &day.car;

        assert_int_equal(lk_vehicle_tap_begin(&car->vehicle, &car->tap, LK_READER_DOOR, LK_NFC,
                                              LK_ACTION_UNLOCK, 1000, &step, command, &len),
                         LK_OK);
        assert_int_equal(
            lk_vehicle_tap_next(&car->tap, 999 + LK_TIMER_SESSION_IDLE_MS + late,
                                (struct lk_bytes){answer, sizeof answer}, &step, command, &len),
            LK_OK);
        assert_int_equal(step, late < 1 ? LK_STEP_SEND : LK_STEP_DONE);
        lk_vehicle_tap_lost(&car->tap, LK_PEER_GONE);
    }
}

static void M28_token_of_the_mailbox_is_compared(void **state)
{
    int index;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    index = test_key_in(&day.car, LK_KEY_OWNER, LK_KEY_ACTIVE);
    day.car.vehicle.keys[index].token[0] ^= 1;
    refused(LK_READER_DASHBOARD, LK_ACTION_START, LK_TAP_TOKEN);
    granted(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN, 0);
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
    assert_int_equal(test_vehicle_reboot(&day.car), LK_OK);
    granted(LK_READER_DASHBOARD, LK_ACTION_START, 0);
}

static void RA13_grants_are_fresh_keyed_and_single_use(void **state)
{
    struct lk_grant first, second, forged;
    const size_t size = sizeof forged;

    (void)state;
    test_pair(&day.car, &day.field, &day.phone);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    first = day.car.tap.outcome.grant;
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    second = day.car.tap.outcome.grant;
    assert_true(second.sequence > first.sequence);
    for (size_t i = 0; i < size; i++) {
        forged = second;
        ((uint8_t *)&forged)[i] ^= 1;
        if (i >= sizeof(uint8_t) * 37 && i < offsetof(struct lk_grant, sequence))
            continue; /* padding of the struct is not part of a grant */
        if (i >= offsetof(struct lk_grant, mac) + 16)
            continue;
        assert_int_equal(lk_car_model_obey(&day.car.model, &day.car.crypto, &forged),
                         LK_GRANT_FORGED);
    }
    assert_int_equal(lk_car_model_obey(&day.car.model, &day.car.crypto, &second), LK_OK);
    assert_int_equal(lk_car_model_obey(&day.car.model, &day.car.crypto, &second), LK_GRANT_FORGED);
    assert_int_equal(lk_car_model_obey(&day.car.model, &day.car.crypto, &first), LK_GRANT_FORGED);
    assert_int_equal(test_vehicle_reboot(&day.car), LK_OK);
    granted(LK_READER_DOOR, LK_ACTION_LOCK, 0);
    assert_true(day.car.tap.outcome.grant.sequence > second.sequence);
}

static uint32_t kept;
static enum lk_status keep_status;
static enum lk_status keep(void *ctx, uint32_t sequence)
{
    (void)ctx;
    if (keep_status == LK_OK)
        kept = sequence;
    return keep_status;
}

/* The lock controller as it wakes up after a power cut: with what it kept. */
static void restart_model(void)
{
    lk_car_model_init(&day.car.model, day.car.config.actuator_key);
    day.car.model.actuator.last_sequence = kept;
    day.car.model.keep = keep;
}

static void RA13_a_spent_grant_stays_spent_after_a_restart(void **state)
{
    struct lk_grant old;

    (void)state;
    kept = 0;
    keep_status = LK_OK;
    test_pair(&day.car, &day.field, &day.phone);
    restart_model();
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    old = day.car.tap.outcome.grant;
    assert_int_equal(lk_car_model_obey(&day.car.model, &day.car.crypto, &old), LK_OK);
    assert_int_equal(kept, old.sequence);
    restart_model();
    assert_int_equal(lk_car_model_obey(&day.car.model, &day.car.crypto, &old), LK_GRANT_FORGED);
    assert_true(day.car.model.is_locked);
    granted(LK_READER_DOOR, LK_ACTION_UNLOCK, 1);
    keep_status = LK_PORT_STORE; /* what cannot be remembered must not move anything */
    assert_int_equal(
        lk_car_model_obey(&day.car.model, &day.car.crypto, &day.car.tap.outcome.grant),
        LK_PORT_STORE);
    assert_true(day.car.model.is_locked);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(M22_door_unlocks_and_locks_fast),
        TEST(M23_start_on_the_dashboard_alone),
        TEST(M72_M73_both_sides_name_the_same_key),
        TEST(M102_refused_fast_goes_on_as_standard),
        TEST(M103_no_fast_before_a_standard),
        TEST(M112_wrong_car),
        TEST(M112_key_the_car_does_not_know),
        TEST(M111_identifier_never_in_the_clear),
        TEST(M26_M27_express_mode),
        TEST(FA1_replay_of_a_cryptogram),
        TEST(ST3_replay_of_a_standard_transaction),
        TEST(FA6_no_start_by_a_fast_transaction),
        TEST(FA7_ended_and_suspended_refused_at_once),
        TEST(ST9_every_byte_flipped),
        TEST(M116_ST5_dumped_secrets_open_no_recorded_session),
        TEST(M108_answers_of_two_taps_share_nothing),
        TEST(M110_both_sides_hold_the_same_fast_key),
        TEST(LI1_ended_between_AUTH0_and_AUTH1),
        TEST(M117_two_readers_at_once),
        TEST(FA8_dropped_auth1_opens_nothing),
        TEST(P13_fast_limits_force_standard),
        TEST(P13_nothing_is_fast_after_a_restart),
        TEST(M22_no_lock_with_the_engine_on_or_a_door_open),
        TEST(S13_condition_is_told_after_the_proof_alone),
        TEST(M22_the_model_says_what_the_vehicle_needs),
        TEST(ST5_work_ahead_changes_and_leaves_nothing),
        TEST(ST12_session_older_than_the_deadline),
        TEST(M28_token_of_the_mailbox_is_compared),
        TEST(RA13_a_spent_grant_stays_spent_after_a_restart),
        TEST(RA13_grants_are_fresh_keyed_and_single_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
