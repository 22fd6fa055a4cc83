/* test_tokens.c: mailbox work that ends early: whatever was lost, the engine starts with the token
 * that the phone has. D28, D18; spec/transaction.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"

#define NUM_MAINTAIN_APDUS 6 /* SELECT AUTH0 AUTH1 EXCHANGE EXCHANGE CONTROL FLOW */

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

static const struct lk_outcome *tap(enum lk_action action)
{
    return test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, action);
}

/* One MAINTAIN tap that is lost after the answer to APDU `number`. */
static void lose(unsigned number)
{
    stage.field.lose_at = number;
    (void)tap(LK_ACTION_MAINTAIN);
    assert_int_equal(stage.field.count, number);
    stage.field.lose_at = 0;
}

static void starts(void)
{
    assert_int_equal(tap(LK_ACTION_START)->status, LK_OK);
    assert_int_equal(stage.car.tap.outcome.verdict, LK_GRANT);
}

static void starts_after_restart(void)
{
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    starts();
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    starts();
}

static const struct lk_vehicle_key *owner(void)
{
    return lk_vehicle_key_at(&stage.car.vehicle,
                             (size_t)test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_ACTIVE));
}

static void D28_field_lost_after_each_apdu(void **state)
{
    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    for (unsigned number = 1; number <= NUM_MAINTAIN_APDUS; number++) {
        lose(number);
        starts();
        lose(number);
        starts_after_restart();
        assert_int_equal(tap(LK_ACTION_MAINTAIN)->verdict, LK_GRANT);
        starts_after_restart();
    }
}

/* Two taps that end early: the second draws again before the first was ever proved. */
static void D28_field_lost_twice(void **state)
{
    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    for (unsigned first = 1; first <= NUM_MAINTAIN_APDUS; first++) {
        for (unsigned second = 1; second <= NUM_MAINTAIN_APDUS; second++) {
            lose(first);
            lose(second);
            starts_after_restart();
        }
    }
}

static void D28_power_cut_at_each_store_step(void **state)
{
    unsigned stride = getenv("LATCHKEY_LONG") != NULL ? 1 : 2;
    unsigned fell = 0;

    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    for (unsigned step = 1;; step += stride) {
        int survived;

        if (fell % 2) /* the phone has the next one already */
            lose(5);
        stage.car.flash.cut_at = stage.car.flash.steps + step;
        (void)tap(LK_ACTION_MAINTAIN);
        survived = !stage.car.flash.is_off;
        starts_after_restart();
        if (survived)
            break;
        fell++;
        assert_true(step < 100000);
    }
    assert_true(fell > 50);
}

static void D28_each_store_write_fails_once(void **state)
{
    unsigned at = 1, writes = 0;

    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    for (; writes + 1 >= at; at++) {
        stage.car.flash.writes = 0;
        stage.car.flash.fail_at = at;
        (void)tap(LK_ACTION_MAINTAIN);
        writes = stage.car.flash.writes;
        stage.car.flash.fail_at = 0;
        starts_after_restart();
    }
    assert_true(at > 10);
}

static void D28_a_proved_token_is_the_current_one(void **state)
{
    uint8_t old[32];

    (void)state;
    test_pair(&stage.car, &stage.field, &stage.phone);
    memcpy(old, owner()->token, sizeof old);
    lose(5);
    assert_int_equal(owner()->has_next_token, 1);
    assert_memory_equal(owner()->token, old, sizeof old);
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    assert_int_equal(owner()->has_next_token, 1);
    starts();
    for (unsigned restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(owner()->has_next_token, 0);
        assert_memory_not_equal(owner()->token, old, sizeof old);
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    }
    for (size_t i = 0; i + 8 <= sizeof stage.car.tap; i++)
        assert_memory_not_equal((uint8_t *)&stage.car.tap + i, owner()->token, 8);
}

/* The phone leaves one tap after its last EXCHANGE and makes a whole other one; the answer to the
 * first comes late. */
static void D28_a_late_answer_does_not_bring_back_old_tokens(void **state)
{
    static struct lk_tap late;
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_APDU_RESPONSE_MAX];
    struct test_vehicle *car = &stage.car;
    size_t len = 0, got = 0;
    enum lk_step step;

    (void)state;
    test_pair(car, &stage.field, &stage.phone);
    assert_int_equal(lk_vehicle_tap_begin(&car->vehicle, &late, LK_READER_DASHBOARD, LK_NFC,
                                          LK_ACTION_MAINTAIN, car->now_ms, &step, command, &len),
                     LK_OK);
    for (unsigned number = 1; number <= 5; number++) {
        stage.field.answer(stage.field.ctx, command, len, answer, &got);
        if (number < 5)
            assert_int_equal(lk_vehicle_tap_next(&late, car->now_ms, (struct lk_bytes){answer, got},
                                                 &step, command, &len),
                             LK_OK);
    }
    lose(4);
    assert_int_equal(lk_vehicle_tap_next(&late, car->now_ms, (struct lk_bytes){answer, got}, &step,
                                         command, &len),
                     LK_OK);
    assert_int_equal(late.outcome.status, LK_TAP_TOKEN);
    starts_after_restart();
}

/* A second phase 3 after a broken first one makes the owner; his engine starts. */
static void D18_D28_phase_3_lost_after_each_apdu(void **state)
{
    (void)state;
    for (unsigned number = 1; number < NUM_MAINTAIN_APDUS; number++) {
        test_stage_forget(&stage);
        test_stage_init(&stage);
        assert_int_equal(lk_device_enter_password(&stage.phone.device, TEST_CAR_PASSWORD,
                                                  stage.phone.now_ms),
                         LK_OK);
        assert_int_equal(test_run_pairing(&stage.car, &stage.field), LK_OK);
        lose(number);
        assert_int_equal(tap(LK_ACTION_START)->status, LK_TAP_NOT_ALLOWED); /* still pending */
        assert_int_equal(tap(LK_ACTION_MAINTAIN)->owner_promoted, 1);
        starts_after_restart();
    }
}

/* Power fails in phase 3 of a replacement: the car has one owner, and his engine starts. */
static void D18_D28_power_cut_in_phase_3_leaves_an_owner_who_drives(void **state)
{
    static struct test_phone second;
    static struct test_field field;

    (void)state;
    for (unsigned number = 1; number < NUM_MAINTAIN_APDUS; number++) {
        test_stage_forget(&stage);
        test_stage_init(&stage);
        test_pair(&stage.car, &stage.field, &stage.phone);
        test_phone_init(&second, &stage.world);
        test_field_phone(&field, &second);
        test_vehicle_password(&stage.car, TEST_CAR_PASSWORD);
        assert_int_equal(lk_vehicle_open_pairing(&stage.car.vehicle, stage.car.now_ms), LK_OK);
        assert_int_equal(
            lk_device_enter_password(&second.device, TEST_CAR_PASSWORD, second.now_ms), LK_OK);
        assert_int_equal(test_run_pairing(&stage.car, &field), LK_OK);
        field.lose_at = number;
        (void)test_run_tap(&stage.car, &field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
        field.lose_at = 0;
        starts_after_restart();
        assert_int_equal(
            test_run_tap(&stage.car, &field, LK_READER_DASHBOARD, LK_ACTION_START)->status,
            LK_TAP_KEY_UNKNOWN);
        assert_int_equal(owner()->has_next_token, 0);
        test_phone_forget(&second);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(D28_field_lost_after_each_apdu),
        TEST(D28_field_lost_twice),
        TEST(D28_power_cut_at_each_store_step),
        TEST(D28_each_store_write_fails_once),
        TEST(D28_a_proved_token_is_the_current_one),
        TEST(D28_a_late_answer_does_not_bring_back_old_tokens),
        TEST(D18_D28_phase_3_lost_after_each_apdu),
        TEST(D18_D28_power_cut_in_phase_3_leaves_an_owner_who_drives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
