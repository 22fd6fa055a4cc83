/* test_pairing_again.c: a phone pairs a second time with the car it has a key of, and something
 * breaks: whichever key the car is left with, two taps find it. D18, D20, S1; attacks PA11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"

static struct test_stage stage;

static int setup(void **state)
{
    (void)state;
    test_stage_init(&stage);
    test_pair(&stage.car, &stage.field, &stage.phone);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_stage_forget(&stage);
    return 0;
}

static enum lk_verdict tap(enum lk_reader reader, enum lk_action action)
{
    return test_run_tap(&stage.car, &stage.field, reader, action)->verdict;
}

/* Pairing mode and password ready on both sides. */
static void prepare(void)
{
    test_vehicle_password(&stage.car, TEST_CAR_PASSWORD);
    assert_int_equal(lk_vehicle_open_pairing(&stage.car.vehicle, stage.car.now_ms), LK_OK);
    lk_device_cancel_pairing(&stage.phone.device);
    assert_int_equal(lk_device_enter_password(&stage.phone.device, TEST_CAR_PASSWORD,
                                              stage.phone.now_ms),
                     LK_OK);
}

/* Phases 2 and 3; `lose_pairing` and `lose_tap` are answers after which the link goes, or 0. */
static void pair_again(unsigned lose_pairing, unsigned lose_tap)
{
    enum lk_status status;

    stage.field.lose_at = lose_pairing;
    status = test_run_pairing(&stage.car, &stage.field);
    stage.field.lose_at = lose_tap;
    if (status == LK_OK)
        (void)tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
    stage.field.lose_at = 0;
}

/* The wallet shows one key of the car as ready, and it is the one the car knows. */
static void check_wallet(void)
{
    const struct lk_vehicle_key *key =
        &stage.car.vehicle.keys[test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_ACTIVE)];
    enum lk_status last = LK_INTERNAL;
    unsigned num_ready = 0;

    assert_int_equal(lk_device_refresh(&stage.phone.device, &last), LK_OK);
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        const struct lk_pass *pass = lk_device_pass_at(&stage.phone.device, i);

        if (pass == NULL || !pass->is_ready)
            continue;
        num_ready++;
        assert_int_equal(pass->state, LK_PASS_ACTIVE);
        assert_memory_equal(pass->key_id, key->key_id, LK_KEY_ID_LEN);
    }
    assert_int_equal(num_ready, 1);
}

static void opens_in_two_taps(void)
{
    if (tap(LK_READER_DOOR, LK_ACTION_UNLOCK) != LK_GRANT)
        assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK), LK_GRANT);
    check_wallet();
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_START), LK_GRANT);
}

/* What must hold after a second pairing, however it went. */
static void heals(void)
{
    opens_in_two_taps();
    prepare();
    pair_again(0, 0);
    assert_int_equal(stage.car.tap.outcome.owner_promoted, 1);
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK), LK_GRANT);
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_START), LK_GRANT);
    check_wallet();
}

static void restart(int car, int phone)
{
    test_flash_power_on(&stage.phone.host.flash);
    test_flash_power_on(&stage.phone.element.flash);
    if (phone)
        test_phone_restart(&stage.phone);
    if (car)
        assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
}

/* Cuts the power of one flash at every step of a second pairing. */
static void cut_everywhere(struct test_flash *flash, unsigned stride)
{
    unsigned step = 1;
    int survived = 0;

    for (; !survived; step += stride) {
        prepare();
        flash->cut_at = flash->steps + step;
        pair_again(0, 0);
        survived = !flash->is_off;
        restart(flash == &stage.car.flash, flash != &stage.car.flash);
        heals();
        (void)teardown(NULL);
        (void)setup(NULL);
    }
    assert_true(step > 10 * stride);
}

static unsigned stride(void)
{
    return getenv("LATCHKEY_LONG") != NULL ? 1 : 211;
}

static void D18_car_loses_power_at_each_store_step(void **state)
{
    (void)state;
    cut_everywhere(&stage.car.flash, stride());
}

static void D18_element_loses_power_at_each_store_step(void **state)
{
    (void)state;
    cut_everywhere(&stage.phone.element.flash, stride());
}

static void D18_host_loses_power_at_each_store_step(void **state)
{
    (void)state;
    cut_everywhere(&stage.phone.host.flash, stride() / 4 + 1);
}

/* The link goes after each APDU; then nobody, the car, the phone or both restart. */
static void PA11_link_lost_after_each_apdu_of_a_second_pairing(void **state)
{
    (void)state;
    for (unsigned at = 1; at < 32; at++) { /* the first pairing took fewer, phase 3 takes 6 */
        for (int who = 0; who < 4; who++) {
            prepare();
            pair_again(at < 25 ? at : 0, at < 25 ? 0 : at - 24);
            restart(who & 1, who & 2);
            heals();
            (void)teardown(NULL);
            (void)setup(NULL);
        }
    }
}

/* The key that the car lost stays behind, whatever taps are broken off, and through restarts. */
static void D20_the_dead_newer_key_never_locks_out(void **state)
{
    unsigned without = 0;

    (void)state;
    prepare();
    pair_again(0, 3); /* AUTH1 was answered, nothing after it: the car is not told */
    restart(1, 0);
    for (unsigned i = 0; i < 60; i++) {
        unsigned lose_at = i % 7 == 3 || i % 7 == 4 || i % 5 == 1 ? 3 + i % 2 : 0;

        if (i % 11 == 10)
            restart(0, 1);
        stage.field.lose_at = lose_at;
        if (tap(LK_READER_DASHBOARD, LK_ACTION_START) == LK_GRANT || lose_at != 0)
            without = 0;
        else
            without++;
        assert_true(without < 2);
        stage.field.lose_at = 0;
    }
    heals();
}

/* Laid down again in time, phase 3 goes on with the key that is being paired. */
static void D18_phase_3_goes_on_after_a_lost_link(void **state)
{
    (void)state;
    prepare();
    pair_again(0, 3);
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN), LK_GRANT);
    assert_int_equal(stage.car.tap.outcome.owner_promoted, 1);
    heals();
}

/* With one key for the car the order costs the store nothing. */
static void D20_one_key_costs_no_more_writes(void **state)
{
    uint32_t writes;

    (void)state;
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_START), LK_GRANT);
    writes = stage.phone.element.flash.writes;
    stage.field.lose_at = 3; /* no CONTROL FLOW */
    (void)tap(LK_READER_DASHBOARD, LK_ACTION_START);
    stage.field.lose_at = 0;
    writes = stage.phone.element.flash.writes - writes;
    stage.phone.element.flash.writes = 0;
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_START), LK_GRANT);
    assert_int_equal(stage.phone.element.flash.writes, writes);
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK), LK_GRANT);
    assert_int_equal(stage.phone.element.flash.writes, writes);
}

/* A key that the car says it ended stays active (S1), but the wallet does not call it ready. */
static void S1_an_ended_key_is_not_shown_as_ready(void **state)
{
    const struct lk_pass *pass = test_phone_pass(&stage.phone);
    enum lk_status last = LK_INTERNAL;

    (void)state;
    check_wallet();
    assert_int_equal(lk_vehicle_end_key(&stage.car.vehicle, pass->key_id), LK_OK);
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK), LK_DENY);
    assert_int_equal(lk_device_refresh(&stage.phone.device, &last), LK_OK);
    assert_int_equal(pass->state, LK_PASS_ACTIVE);
    assert_int_equal(pass->check_with_car, 1);
    assert_int_equal(pass->is_ready, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(D18_car_loses_power_at_each_store_step),
        TEST(D18_element_loses_power_at_each_store_step),
        TEST(D18_host_loses_power_at_each_store_step),
        TEST(PA11_link_lost_after_each_apdu_of_a_second_pairing),
        TEST(D20_the_dead_newer_key_never_locks_out),
        TEST(D18_phase_3_goes_on_after_a_lost_link),
        TEST(D20_one_key_costs_no_more_writes),
        TEST(S1_an_ended_key_is_not_shown_as_ready),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
