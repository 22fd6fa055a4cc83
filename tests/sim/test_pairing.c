/* test_pairing.c: owner pairing with both real sides in one process: limits, replacement, broken
 * links and power cuts. Mission M16 to M20, M66 to M73; attacks PA; D18. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"
#include "vehicle/vehicle.h"

static struct test_stage stage;

static int setup(void **state)
{
    (void)state;
    test_stage_init(&stage);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_stage_forget(&stage);
    return 0;
}

static void enter(const char *password)
{
    lk_device_cancel_pairing(&stage.phone.device);
    assert_int_equal(
        lk_device_enter_password(&stage.phone.device, password, stage.phone.now_ms), LK_OK);
}

static enum lk_status pair(void)
{
    return test_run_pairing(&stage.car, &stage.field);
}

static const struct lk_outcome *maintain(void)
{
    return test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
}

static enum lk_status reopen(void)
{
    return lk_vehicle_open_pairing(&stage.car.vehicle, stage.car.now_ms);
}

static int owner(uint8_t state)
{
    return test_key_in(&stage.car, LK_KEY_OWNER, state);
}

/* A phone that makes a fresh start, as its user would after a failure. */
static void try_again(void)
{
    if (stage.phone.applet.crypto == NULL || stage.car.vehicle.config == NULL)
        fail();
    test_phone_restart(&stage.phone);
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (lk_device_pass_at(&stage.phone.device, i) != NULL)
            (void)lk_device_remove(&stage.phone.device, i);
    }
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    test_vehicle_password(&stage.car, TEST_CAR_PASSWORD);
    assert_int_equal(reopen(), LK_OK);
    stage.field.lose_at = 0;
    stage.field.change = NULL;
    test_pair(&stage.car, &stage.field, &stage.phone);
}

static void M16_pairing_refused_on_the_door_reader(void **state)
{
    uint8_t out[LK_APDU_COMMAND_MAX];
    size_t len = 0;
    enum lk_step step;

    (void)state;
    assert_int_equal(lk_vehicle_pair_begin(&stage.car.vehicle, &stage.car.pairing, LK_READER_DOOR,
                                           LK_NFC, stage.car.now_ms, &step, out, &len),
                     LK_PAIRING_READER);
    assert_int_equal(step, LK_STEP_DONE);
}

static void M69_pairing_and_the_first_drive(void **state)
{
    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    assert_int_equal(test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_START)
                         ->verdict,
                     LK_GRANT);
}

static void D18_pending_owner_does_nothing_before_phase_3(void **state)
{
    (void)state;
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
    assert_true(owner(LK_KEY_PENDING) >= 0);
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->status,
        LK_TAP_NOT_ALLOWED);
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_START)->status,
        LK_TAP_NOT_ALLOWED);
    assert_int_equal(maintain()->owner_promoted, 1);
    assert_true(owner(LK_KEY_ACTIVE) >= 0);
}

static void D18_pending_owner_dies_in_time(void **state)
{
    (void)state;
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
    stage.car.now_ms += LK_TIMER_OWNER_PAIRING_MS;
    assert_int_equal(maintain()->status, LK_TAP_NOT_ALLOWED); /* dead even before the tick */
    lk_vehicle_tick(&stage.car.vehicle, stage.car.now_ms);
    assert_int_equal(owner(LK_KEY_PENDING), -1);
    assert_int_equal(maintain()->status, LK_TAP_KEY_UNKNOWN);
    try_again();
}

/* The owner pairs the same phone again, and the run stops before phase 3: the key that works is the
 * one both ends have, not the newer one that the car has not taken. */
static void D18_old_key_of_the_same_phone_works_until_phase_3(void **state)
{
    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    test_vehicle_password(&stage.car, TEST_CAR_PASSWORD);
    assert_int_equal(reopen(), LK_OK);
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict,
        LK_GRANT);
    stage.car.now_ms += LK_TIMER_OWNER_PAIRING_MS;
    lk_vehicle_tick(&stage.car.vehicle, stage.car.now_ms);
    assert_int_equal(owner(LK_KEY_PENDING), -1);
    assert_int_equal(test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_START)
                         ->verdict,
                     LK_GRANT);
}

static void D18_owner_replaced_in_one_commit(void **state)
{
    static struct test_phone second;
    static struct test_field field;
    uint8_t old[LK_KEY_ID_LEN];

    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    memcpy(old, stage.car.tap.outcome.key_id, sizeof old);
    test_phone_init(&second, &stage.world);
    test_field_phone(&field, &second);
    test_vehicle_password(&stage.car, "11112222");
    assert_int_equal(reopen(), LK_OK);
    assert_int_equal(lk_device_enter_password(&second.device, "11112222", second.now_ms), LK_OK);
    assert_int_equal(test_run_pairing(&stage.car, &field), LK_OK);
    /* The old owner drives until the new one has made its first standard transaction. */
    assert_int_equal(test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_START)
                         ->verdict,
                     LK_GRANT);
    assert_int_equal(
        test_run_tap(&stage.car, &field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->owner_promoted,
        1);
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->status,
        LK_TAP_KEY_ENDED);
    assert_int_equal(test_run_tap(&stage.car, &field, LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict,
                     LK_GRANT);
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->status,
        LK_TAP_KEY_ENDED);
    test_phone_forget(&second);
}

static void PA1_guess_limit(void **state)
{
    unsigned answered = 0;

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        if (reopen() != LK_OK)
            break;
        test_phone_restart_host(&stage.phone);
        enter("00000000");
        if (pair() == LK_PEER_EVIDENCE)
            answered++;
        if (i % 2)
            assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    }
    assert_int_equal(answered, LK_PAIRING_ATTEMPTS_MAX);
    assert_int_equal(test_flash_find(&stage.car.flash, stage.car.verifier.l + 20, 16), 0);
    test_phone_restart_host(&stage.phone);
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_PAIRING_BLOCKED); /* the right one, too late */
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
        assert_int_equal(reopen(), LK_PAIRING_BLOCKED);
        assert_int_equal(pair(), LK_PAIRING_BLOCKED);
    }
    assert_int_equal(owner(LK_KEY_PENDING), -1);
    test_vehicle_password(&stage.car, TEST_CAR_PASSWORD);
    assert_int_equal(reopen(), LK_OK);
    assert_int_equal(pair(), LK_OK);
}

static void S20_two_failures_close_the_mode(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LK_PAIRING_FAILURES_PER_OPENING; i++) {
        assert_int_equal(stage.car.vehicle.pairing_open, 1);
        test_phone_restart_host(&stage.phone);
        enter("00000000");
        assert_int_equal(pair(), LK_PEER_EVIDENCE);
    }
    assert_int_equal(stage.car.vehicle.pairing_open, 0);
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_PAIRING_CLOSED);
}

static void PA1_PA16_parallel_sessions_share_one_counter(void **state)
{
    static struct lk_pairing other;
    uint8_t out[LK_APDU_COMMAND_MAX];
    size_t len = 0;
    enum lk_step step;

    (void)state;
    assert_int_equal(lk_vehicle_pair_begin(&stage.car.vehicle, &stage.car.pairing,
                                           LK_READER_DASHBOARD, LK_NFC, stage.car.now_ms, &step,
                                           out, &len),
                     LK_OK);
    assert_int_equal(lk_vehicle_pair_begin(&stage.car.vehicle, &other, LK_READER_DASHBOARD, LK_BLE,
                                           stage.car.now_ms, &step, out, &len),
                     LK_PORT_BUSY);
    lk_vehicle_pair_lost(&stage.car.pairing);
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
}

/* Cuts the car's power at store step `n` of an attempt with a wrong password. */
static void PA2_power_cut_saves_no_attempt(void **state)
{
    unsigned evaluated = 0;

    (void)state;
    for (unsigned n = 1; n < 400 && evaluated <= LK_PAIRING_ATTEMPTS_MAX; n++) {
        unsigned verify_seen = 0;

        if (reopen() == LK_PAIRING_BLOCKED)
            break;
        test_phone_restart_host(&stage.phone);
        enter("00000000");
        stage.car.flash.cut_at = stage.car.flash.steps + 1 + n * 7 % 300;
        (void)pair();
        for (unsigned i = 0; i < stage.field.count; i++)
            verify_seen += stage.field.record[i][0][1] == 0x32;
        evaluated += verify_seen;
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
        assert_true(stage.car.vehicle.attempts >= evaluated);
    }
    assert_in_range(evaluated, 1, LK_PAIRING_ATTEMPTS_MAX);
    assert_int_equal(reopen(), LK_PAIRING_BLOCKED);
}

static void PA8_no_pairing_unless_the_mode_is_open(void **state)
{
    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    assert_int_equal(test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_START)
                         ->verdict,
                     LK_GRANT);
    for (unsigned second = 0; second < 600; second += 10) {
        stage.car.now_ms += 10000;
        lk_vehicle_tick(&stage.car.vehicle, stage.car.now_ms);
        assert_int_equal(pair(), LK_PAIRING_CLOSED);
    }
    assert_int_equal(reopen(), LK_PAIRING_NO_VERIFIER);
}

/* When the car begins to read certificates, another root than before is its own. */
static void other_root(void *ctx, unsigned number, uint8_t *answer, size_t *len)
{
    const struct test_ca_world *foreign = ctx;

    (void)number;
    (void)answer;
    (void)len;
    if (stage.field.last_ins == 0xca)
        memcpy(stage.car.config.root_key, foreign->automaker.public_key, LK_POINT_LEN);
}

static void PA9_other_makers_phone(void **state)
{
    static struct test_ca_world foreign;
    static const uint8_t id[8] = {0xfe, 1, 1, 1, 1, 1, 1, 1};

    (void)state;
    /* The car trusts another root than the one that certified this phone's maker. */
    assert_int_equal(test_ca_world_init(&stage.crypto, id, &foreign), LK_OK);
    stage.field.change = other_root;
    stage.field.change_ctx = &foreign;
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_CERT_AKI);
    assert_int_equal(stage.car.pairing.abort_reason, 0x0a);
    assert_int_equal(owner(LK_KEY_PENDING), -1);
    test_ca_world_forget(&foreign);
}

static void flip(void *ctx, unsigned number, uint8_t *answer, size_t *len)
{
    unsigned *at = ctx;

    if (number == at[0] && at[1] < *len)
        answer[at[1]] ^= 0x01;
}

static void PA10_every_answer_altered(void **state)
{
    unsigned at[2];
    unsigned step = getenv("LATCHKEY_LONG") != NULL ? 1 : 37;

    (void)state;
    for (at[0] = 1; at[0] < 22; at[0]++) {
        for (at[1] = at[0] % 5; at[1] < 250; at[1] += step) {
            enum lk_status status;

            test_phone_restart(&stage.phone);
            assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
            assert_int_equal(lk_vehicle_load_verifier(&stage.car.vehicle, &stage.car.verifier),
                             LK_OK);
            assert_int_equal(reopen(), LK_OK);
            enter(TEST_CAR_PASSWORD);
            stage.field.change = flip;
            stage.field.change_ctx = at;
            status = pair();
            stage.field.change = NULL;
            if (status == LK_OK) { /* only where the byte does not exist or is not protected */
                const struct lk_vehicle_key *key =
                    &stage.car.vehicle.keys[owner(LK_KEY_PENDING)];

                assert_memory_equal(key->public_key, test_phone_pass(&stage.phone)->public_key,
                                    LK_POINT_LEN);
            } else
                assert_int_equal(owner(LK_KEY_PENDING), -1);
        }
    }
}

static void PA11_link_lost_after_each_apdu(void **state)
{
    unsigned lost = 0;

    (void)state;
    for (unsigned i = 1; i < 100; i++) {
        test_phone_restart(&stage.phone);
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
        assert_int_equal(lk_vehicle_load_verifier(&stage.car.vehicle, &stage.car.verifier), LK_OK);
        assert_int_equal(reopen(), LK_OK);
        enter(TEST_CAR_PASSWORD);
        stage.field.lose_at = i;
        if (pair() == LK_OK)
            break; /* the pairing has fewer APDUs than that */
        lost++;
        stage.field.lose_at = 0;
        assert_int_equal(owner(LK_KEY_PENDING), -1);
        assert_int_equal(owner(LK_KEY_ACTIVE), -1);
        assert_int_not_equal(
            test_run_tap(&stage.car, &stage.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict,
            LK_GRANT);
    }
    assert_in_range(lost, 15, 40);
    try_again();
}

static void PA11_link_lost_in_phase_3(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 5; i++) {
        test_phone_restart(&stage.phone);
        for (size_t j = 0; j < LK_DEVICE_NUM_PASSES; j++) {
            if (lk_device_pass_at(&stage.phone.device, j) != NULL)
                (void)lk_device_remove(&stage.phone.device, j);
        }
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
        assert_int_equal(lk_vehicle_load_verifier(&stage.car.vehicle, &stage.car.verifier), LK_OK);
        assert_int_equal(reopen(), LK_OK);
        enter(TEST_CAR_PASSWORD);
        assert_int_equal(pair(), LK_OK);
        stage.field.lose_at = i;
        assert_int_equal(maintain()->verdict, LK_DENY);
        stage.field.lose_at = 0;
        assert_int_equal(owner(LK_KEY_ACTIVE), -1);
        assert_int_equal(maintain()->owner_promoted, 1); /* laid down again in time */
        assert_int_equal(lk_vehicle_end_key(&stage.car.vehicle, stage.car.tap.outcome.key_id),
                         LK_OK);
    }
}

static void PA11_power_cut_at_each_store_step(void **state)
{
    unsigned stride = getenv("LATCHKEY_LONG") != NULL ? 1 : 97;
    unsigned step = 1;

    (void)state;
    for (;; step += stride) {
        int survived;

        test_phone_restart(&stage.phone);
        for (size_t j = 0; j < LK_DEVICE_NUM_PASSES; j++) {
            if (lk_device_pass_at(&stage.phone.device, j) != NULL)
                (void)lk_device_remove(&stage.phone.device, j);
        }
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
        for (size_t j = 0; j < LK_VEHICLE_NUM_KEYS; j++) {
            if (stage.car.vehicle.keys[j].state == LK_KEY_ACTIVE)
                (void)lk_vehicle_end_key(&stage.car.vehicle, stage.car.vehicle.keys[j].key_id);
        }
        assert_int_equal(lk_vehicle_load_verifier(&stage.car.vehicle, &stage.car.verifier), LK_OK);
        assert_int_equal(reopen(), LK_OK);
        enter(TEST_CAR_PASSWORD);
        stage.car.flash.cut_at = stage.car.flash.steps + step;
        if (pair() == LK_OK)
            (void)maintain();
        survived = !stage.car.flash.is_off;
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
        /* Whole or not at all: an owner that is one can drive. */
        assert_int_equal(owner(LK_KEY_PENDING), -1);
        if (owner(LK_KEY_ACTIVE) >= 0)
            assert_int_equal(test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD,
                                          LK_ACTION_START)
                                 ->verdict,
                             LK_GRANT);
        else
            assert_int_not_equal(
                test_run_tap(&stage.car, &stage.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict,
                LK_GRANT);
        if (survived)
            break;
        assert_true(step < 100000);
    }
    try_again();
}

static void replay_answer(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                          size_t *out_len)
{
    struct test_field *from = ctx;
    unsigned at = from->count++ % 64;

    (void)command;
    (void)len;
    *out_len = from->record_len[at][1];
    memcpy(out, from->record[at][1], *out_len);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void PA12_replay_of_a_recorded_pairing(void **state)
{
    static struct test_field recorded, field;

    (void)state;
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
    recorded = stage.field;
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(reopen(), LK_OK);
        recorded.count = 0;
        memset(&field, 0, sizeof field);
        field.ctx = &recorded;
        field.answer = replay_answer;
        field.reset = field.wait = nothing;
        assert_int_equal(test_run_pairing(&stage.car, &field), LK_PEER_EVIDENCE);
        assert_int_equal(owner(LK_KEY_PENDING), -1);
    }
}

static void PA13_verifier_erased_after_success(void **state)
{
    uint8_t l[16];

    (void)state;
    memcpy(l, stage.car.verifier.l + 20, sizeof l);
    assert_true(test_flash_find(&stage.car.flash, l, sizeof l) > 0);
    test_pair(&stage.car, &stage.field, &stage.phone);
    assert_int_equal(test_flash_find(&stage.car.flash, l, sizeof l), 0);
    assert_int_equal(reopen(), LK_PAIRING_NO_VERIFIER);
    for (size_t i = 0; i + 32 <= sizeof stage.car.vehicle; i++)
        assert_memory_not_equal((uint8_t *)&stage.car.vehicle + i, stage.car.verifier.w0, 32);
    for (size_t i = 0; i + 32 <= sizeof stage.car.pairing; i++)
        assert_memory_not_equal((uint8_t *)&stage.car.pairing + i, stage.car.verifier.w0, 32);
}

/* What the link does, once, before the answer to one command of a pairing reaches the car. */
static struct {
    uint8_t state;
    void (*act)(void);
    int has_acted;
} between;

static void act_between(void *ctx, unsigned number, uint8_t *answer, size_t *len)
{
    (void)ctx, (void)number, (void)answer, (void)len;
    if (between.has_acted || stage.car.pairing.state != between.state)
        return;
    between.has_acted = 1;
    between.act();
}

static void act_at(struct test_field *field, uint8_t state, void (*act)(void))
{
    between.state = state;
    between.act = act;
    between.has_acted = 0;
    field->change = act_between;
}

static void load_new_verifier(void)
{
    test_vehicle_password(&stage.car, "11112222");
}

/* The automaker's server answers a blocked owner while the last attempt still runs. */
static void PA1_a_verifier_loaded_during_the_last_attempt_stays(void **state)
{
    (void)state;
    for (unsigned i = 1; i < LK_PAIRING_ATTEMPTS_MAX; i++) {
        assert_int_equal(reopen(), LK_OK);
        test_phone_restart_host(&stage.phone);
        enter("00000000");
        assert_int_equal(pair(), LK_PEER_EVIDENCE);
    }
    assert_int_equal(reopen(), LK_OK);
    test_phone_restart_host(&stage.phone);
    enter("00000000");
    act_at(&stage.field, LK_PAIR_VERIFY, load_new_verifier);
    (void)pair();
    assert_true(between.has_acted);
    stage.field.change = NULL;
    assert_int_equal(stage.car.vehicle.attempts, 0);
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    assert_int_equal(reopen(), LK_OK);
    test_phone_restart_host(&stage.phone);
    enter("11112222");
    assert_int_equal(pair(), LK_OK);
}

static void end_pending(void)
{
    uint8_t id[LK_KEY_ID_LEN];

    memcpy(id, stage.car.vehicle.keys[owner(LK_KEY_PENDING)].key_id, sizeof id);
    assert_int_equal(lk_vehicle_end_key(&stage.car.vehicle, id), LK_OK);
}

/* The car's menu ends the new key before the last answer: the pairing did not come out well. */
static void D18_a_pending_owner_ended_before_the_end(void **state)
{
    (void)state;
    enter(TEST_CAR_PASSWORD);
    act_at(&stage.field, LK_PAIR_ACCEPT, end_pending);
    assert_int_equal(pair(), LK_TAP_KEY_ENDED);
    assert_true(between.has_acted);
    assert_int_equal(stage.field.record[stage.field.count - 1][0][3], LK_OP_CANCELLED);
    assert_int_equal(stage.car.vehicle.pending_until_ms, 0);
    assert_int_equal(owner(LK_KEY_PENDING), -1);
}

static void first_phone_finishes(void)
{
    assert_int_equal(maintain()->owner_promoted, 1);
}

/* The second run has proved the password already when the first one's key becomes the owner. */
static void PA13_PA16_success_ends_a_pairing_that_runs(void **state)
{
    static struct test_phone second;
    static struct test_field field;
    int first;

    (void)state;
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
    test_phone_init(&second, &stage.world);
    test_field_phone(&field, &second);
    assert_int_equal(reopen(), LK_OK);
    assert_int_equal(
        lk_device_enter_password(&second.device, TEST_CAR_PASSWORD, second.now_ms), LK_OK);
    act_at(&field, LK_PAIR_WRITE, first_phone_finishes);
    assert_int_not_equal(test_run_pairing(&stage.car, &field), LK_OK);
    assert_true(between.has_acted);
    assert_int_equal(owner(LK_KEY_PENDING), -1);
    first = owner(LK_KEY_ACTIVE);
    assert_int_not_equal(first, -1);
    assert_int_equal(stage.car.vehicle.pairing_open, 0);
    assert_null(stage.car.vehicle.active_pairing);
    assert_int_not_equal(
        test_run_tap(&stage.car, &field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->verdict,
        LK_GRANT);
    assert_int_equal(owner(LK_KEY_ACTIVE), first);
    test_phone_forget(&second);
}

static void M69_w0_never_plain_in_the_store(void **state)
{
    (void)state;
    assert_int_equal(
        test_flash_find(&stage.car.flash, stage.car.verifier.w0, sizeof stage.car.verifier.w0), 0);
}

static void D34_second_pairing_uses_the_cached_F(void **state)
{
    unsigned first;

    (void)state;
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
    first = stage.field.count;
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    test_phone_restart(&stage.phone);
    assert_int_equal(reopen(), LK_OK);
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_OK);
    assert_true(stage.field.count < first);
}

static void PAIR_phone_without_password_is_told_apart(void **state)
{
    (void)state;
    assert_int_equal(pair(), LK_PEER_NOT_READY);
    assert_int_equal(stage.car.vehicle.attempts, 0);
    assert_int_equal(stage.car.vehicle.pairing_open, 1);
}

static void PAIR_mode_times_out(void **state)
{
    (void)state;
    stage.car.now_ms += LK_TIMER_PAIRING_MODE_MS;
    enter(TEST_CAR_PASSWORD);
    assert_int_equal(pair(), LK_PAIRING_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(M16_pairing_refused_on_the_door_reader),
        TEST(M69_pairing_and_the_first_drive),
        TEST(D18_pending_owner_does_nothing_before_phase_3),
        TEST(D18_pending_owner_dies_in_time),
        TEST(D18_old_key_of_the_same_phone_works_until_phase_3),
        TEST(D18_owner_replaced_in_one_commit),
        TEST(PA1_guess_limit),
        TEST(S20_two_failures_close_the_mode),
        TEST(PA1_PA16_parallel_sessions_share_one_counter),
        TEST(PA2_power_cut_saves_no_attempt),
        TEST(PA8_no_pairing_unless_the_mode_is_open),
        TEST(PA9_other_makers_phone),
        TEST(PA10_every_answer_altered),
        TEST(PA11_link_lost_after_each_apdu),
        TEST(PA11_link_lost_in_phase_3),
        TEST(PA11_power_cut_at_each_store_step),
        TEST(PA12_replay_of_a_recorded_pairing),
        TEST(PA13_verifier_erased_after_success),
        TEST(PA1_a_verifier_loaded_during_the_last_attempt_stays),
        TEST(D18_a_pending_owner_ended_before_the_end),
        TEST(PA13_PA16_success_ends_a_pairing_that_runs),
        TEST(M69_w0_never_plain_in_the_store),
        TEST(D34_second_pairing_uses_the_cached_F),
        TEST(PAIR_phone_without_password_is_told_apart),
        TEST(PAIR_mode_times_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
