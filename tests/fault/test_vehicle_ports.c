/* test_vehicle_ports.c: every call of the car's crypto provider and of its store fails once, at
 * call 1, 2, 3 ...: a failed transaction grants nothing and nothing is paired by halves (PK14,
 * CR6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"

static struct test_stage scene;

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

static void PK14_ST4_every_crypto_call_of_a_tap_fails_once(void **state)
{
    (void)state;
    test_pair(&scene.car, &scene.field, &scene.phone);
    for (unsigned dashboard = 0; dashboard < 2; dashboard++) {
        enum lk_reader reader = dashboard ? LK_READER_DASHBOARD : LK_READER_DOOR;
        enum lk_action action = dashboard ? LK_ACTION_START : LK_ACTION_UNLOCK;
        unsigned failed = 0;

        for (unsigned at = 1;; at++) {
            const struct lk_outcome *outcome;
            unsigned calls;

            test_spy_arm(&scene.car.spy, at);
            outcome = test_run_tap(&scene.car, &scene.field, reader, action);
            calls = scene.car.spy.calls;
            test_spy_arm(&scene.car.spy, 0);
            if (calls < at) {
                assert_int_equal(outcome->verdict, LK_GRANT);
                break;
            }
            failed++;
            /* A failed search may still go on as standard; a failure is never a grant by itself. */
            assert_int_equal(outcome->verdict, LK_DENY);
            assert_int_not_equal(outcome->status, LK_OK);
        }
        assert_true(failed > 3);
    }
}

/* One pairing with phase 3 from a clean start. 1 if it worked. */
static int pair_once(void)
{
    int done;

    assert_int_equal(lk_device_enter_password(&scene.phone.device, TEST_CAR_PASSWORD,
                                              scene.phone.now_ms),
                     LK_OK);
    if (test_run_pairing(&scene.car, &scene.field) != LK_OK)
        return 0;
    done = test_run_tap(&scene.car, &scene.field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)
               ->owner_promoted;
    if (done)
        assert_int_equal(scene.car.tap.outcome.status == LK_OK,
                         scene.car.tap.outcome.verdict == LK_GRANT);
    return done;
}

static void start_over(void)
{
    test_spy_arm(&scene.car.spy, 0);
    test_phone_restart(&scene.phone);
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (lk_device_pass_at(&scene.phone.device, i) != NULL)
            (void)lk_device_remove(&scene.phone.device, i);
    }
    assert_int_equal(test_vehicle_reboot(&scene.car), LK_OK);
    assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (scene.car.vehicle.keys[i].state == LK_KEY_ACTIVE)
            (void)lk_vehicle_end_key(&scene.car.vehicle, scene.car.vehicle.keys[i].key_id);
    }
    assert_int_equal(lk_vehicle_load_verifier(&scene.car.vehicle, &scene.car.verifier), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&scene.car.vehicle, scene.car.now_ms), LK_OK);
}

static void PK14_every_crypto_call_of_a_pairing_fails_once(void **state)
{
    unsigned stride = getenv("LATCHKEY_LONG") != NULL ? 1 : 3;

    (void)state;
    for (unsigned at = 1;; at += stride) {
        int done;

        start_over();
        test_spy_arm(&scene.car.spy, at);
        done = pair_once();
        if (scene.car.spy.calls < at) {
            assert_int_equal(done, 1);
            break;
        }
        if (!done)
            assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_ACTIVE), -1);
        assert_true(at < 5000);
    }
}

static void CR6_every_store_write_of_a_pairing_fails_once(void **state)
{
    unsigned stride = getenv("LATCHKEY_LONG") != NULL ? 1 : 2;

    (void)state;
    for (unsigned at = 1;; at += stride) {
        unsigned writes;
        int done;

        start_over();
        scene.car.flash.writes = 0;
        scene.car.flash.fail_at = at;
        done = pair_once();
        writes = scene.car.flash.writes;
        scene.car.flash.fail_at = 0;
        if (writes < at) {
            assert_int_equal(done, 1);
            break;
        }
        if (!done)
            assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_ACTIVE), -1);
        assert_true(at < 5000);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(PK14_ST4_every_crypto_call_of_a_tap_fails_once),
        TEST(PK14_every_crypto_call_of_a_pairing_fails_once),
        TEST(CR6_every_store_write_of_a_pairing_fails_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
