/* The wallet: when a pass appears, becomes active, is removed, and what a restart leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/device_world.h"

#define phone (test_world.phone)
#define car (test_world.car)

static enum lk_status last_tap;

static void refresh(void)
{
    assert_int_equal(lk_device_refresh(&phone.device, &last_tap), LK_OK);
}

static void pair_and_tap(void)
{
    assert_true(test_car_pair(&car, &phone));
    test_car_reset(&phone);
    assert_true(test_car_tap(&car, &phone));
    refresh();
}

static void M19_active_only_after_the_car(void **state)
{
    const struct lk_pass *pass;

    (void)state;
    assert_true(test_car_pair(&car, &phone));
    refresh();
    pass = test_phone_pass(&phone);
    assert_int_equal(pass->state, LK_PASS_PENDING);
    test_car_reset(&phone);
    assert_true(test_car_tap(&car, &phone));
    refresh();
    assert_int_equal(pass->state, LK_PASS_ACTIVE);
    assert_memory_equal(pass->public_key, car.device_key, 65);
    assert_memory_equal(pass->vehicle_id, test_world.world.vehicle_id, 8);
    assert_memory_equal(pass->vehicle_key, test_world.world.vehicle.public_key, 65);
    assert_int_equal(pass->role, 1);
    assert_int_equal(phone.device.pairing_status, LK_OK);
    assert_int_equal(phone.device.has_password, 0);
}

static void D20_unconfirmed_key_dies_at_the_deadline(void **state)
{
    (void)state;
    assert_true(test_car_pair(&car, &phone));
    test_car_reset(&phone);
    phone.now_ms += LK_TIMER_OWNER_PAIRING_MS - 1;
    assert_int_equal(test_phone_tick(&phone), LK_OK);
    assert_int_equal(test_phone_num_passes(&phone), 1);
    phone.now_ms += 1;
    assert_int_equal(test_phone_tick(&phone), LK_OK);
    assert_int_equal(test_phone_num_passes(&phone), 0);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    assert_int_equal(phone.device.pairing_status, LK_PEER_TIMEOUT);
}

static void D20_unconfirmed_key_dies_at_boot(void **state)
{
    (void)state;
    assert_true(test_car_pair(&car, &phone));
    test_phone_restart_host(&phone);
    assert_int_equal(test_phone_num_passes(&phone), 0);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

static void D20_confirmed_while_the_host_was_off(void **state)
{
    (void)state;
    assert_true(test_car_pair(&car, &phone));
    test_car_reset(&phone);
    assert_true(test_car_tap(&car, &phone));
    test_phone_restart(&phone);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_ACTIVE);
    assert_int_equal(test_phone_num_endpoints(&phone), 1);
}

/* The run breaks off at each step in turn: lost field, host restart, whole restart. */
static int pair_up_to(int step)
{
    return (step < 1 || test_car_open(&car, &phone)) &&
           (step < 2 || test_car_write_all(&car, &phone)) &&
           (step < 3 || test_car_make(&car, &phone)) &&
           (step < 4 || test_car_read_all(&car, &phone)) &&
           (step < 5 || test_car_attest(&car, &phone)) &&
           (step < 6 || test_car_control(&car, &phone, 0x10, 0x02));
}

static void PA11_break_off_at_each_step(void **state)
{
    (void)state;
    for (int step = 0; step < 7; step++) {
        for (int how = 0; how < 3; how++) {
            assert_true(pair_up_to(step));
            if (how == 0)
                test_car_reset(&phone);
            else if (how == 1)
                test_phone_restart_host(&phone);
            else
                test_phone_restart(&phone);
            assert_int_equal(test_phone_tick(&phone), LK_OK);
            size_t left = how == 0 && step >= 5 ? 1 : 0;
            assert_int_equal(test_phone_num_passes(&phone), left);
            assert_int_equal(test_phone_num_endpoints(&phone), left);
            lk_device_cancel_pairing(&phone.device);
            assert_int_equal(test_phone_tick(&phone), LK_OK);
            assert_int_equal(test_phone_num_endpoints(&phone), 0);
            assert_int_equal(lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms),
                             LK_OK);
        }
    }
    pair_and_tap();
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_ACTIVE);
}

static void PA11_wallet_that_cannot_be_written(void **state)
{
    (void)state;
    assert_true(pair_up_to(2));
    assert_true(test_car_control(&car, &phone, 0x10, 0x01));
    test_car_reset(&phone);
    phone.host.flash.writes = 0;
    phone.host.flash.fail_at = 1;
    assert_int_not_equal(test_phone_tick(&phone), LK_OK);
    phone.host.flash.fail_at = 0;
    test_phone_restart_host(&phone);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    assert_int_equal(test_phone_num_passes(&phone), 0);
}

/* The host dies after the element made the key and before it could say so. */
static void PA11_host_dies_right_after_the_key_was_made(void **state)
{
    (void)state;
    assert_true(pair_up_to(2));
    assert_true(test_car_control(&car, &phone, 0x10, 0x01));
    test_car_reset(&phone);
    phone.element_calls = 0;
    phone.element_dead_at = 5; /* after SELECT, two WRITE BUFFER and CREATE ENDPOINT */
    assert_int_equal(test_phone_tick(&phone), LK_PORT_ELEMENT);
    assert_int_equal(test_phone_num_endpoints(&phone), 1);
    phone.element_dead_at = 0;
    test_phone_restart_host(&phone);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    assert_int_equal(test_phone_num_passes(&phone), 0);
}

static void M42_removed_key_stops_at_once(void **state)
{
    (void)state;
    pair_and_tap();
    assert_int_equal(lk_device_remove(&phone.device, 0), LK_OK);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_REMOVED);
    assert_false(test_car_tap(&car, &phone));
    test_phone_restart(&phone);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_REMOVED);
    assert_false(test_car_tap(&car, &phone));
}

static void removing_without_an_element_changes_nothing(void **state)
{
    (void)state;
    pair_and_tap();
    phone.element_fail_at = phone.element_calls + 1;
    assert_int_equal(lk_device_remove(&phone.device, 0), LK_PORT_ELEMENT);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_ACTIVE);
}

static void locked_key_refuses_and_comes_back(void **state)
{
    (void)state;
    pair_and_tap();
    assert_int_equal(lk_device_lock(&phone.device, 0, 1), LK_OK);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_LOCKED);
    assert_false(test_car_tap(&car, &phone));
    refresh();
    assert_int_equal(last_tap, LK_KEY_LOCKED);
    test_phone_restart(&phone);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_LOCKED);
    assert_int_equal(lk_device_lock(&phone.device, 0, 0), LK_OK);
    assert_true(test_car_tap(&car, &phone));
}

/* Only the car's signed word or the user ends a key: a link lost before the car's commit must not
 * leave the owner with neither (S1, D18). */
static void S1_pairing_again_ends_no_older_key(void **state)
{
    (void)state;
    pair_and_tap();
    assert_int_equal(lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms), LK_OK);
    pair_and_tap();
    assert_int_equal(lk_device_pass_at(&phone.device, 0)->state, LK_PASS_ACTIVE);
    assert_int_equal(lk_device_pass_at(&phone.device, 1)->state, LK_PASS_ACTIVE);
    assert_true(test_car_tap(&car, &phone)); /* the newer one answers */
}

static void full_wallet_refuses_the_password(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++)
        phone.device.passes[i].state = LK_PASS_ACTIVE;
    assert_int_equal(lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms),
                     LK_CALLER_FULL);
    /* A removed one gives way. */
    phone.device.passes[5].state = LK_PASS_REMOVED;
    assert_int_equal(lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms), LK_OK);
    assert_true(test_car_pair(&car, &phone));
    assert_int_equal(phone.device.passes[5].state, LK_PASS_PENDING);
}

static void names(void **state)
{
    char longest[33];

    (void)state;
    pair_and_tap();
    assert_string_equal(test_phone_pass(&phone)->name, "Car 0000A1B2C3D4E5F6");
    assert_int_equal(lk_device_rename(&phone.device, 0, "Grandma\xe2\x80\x99s"), LK_OK);
    test_phone_restart(&phone);
    assert_string_equal(test_phone_pass(&phone)->name, "Grandma\xe2\x80\x99s");
    memset(longest, 'a', 32);
    longest[32] = 0;
    assert_int_equal(lk_device_rename(&phone.device, 0, longest), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_device_rename(&phone.device, 0, longest + 1), LK_OK);
    assert_int_equal(lk_device_rename(&phone.device, 0, ""), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_device_rename(&phone.device, 0, "a\x1b[2J"), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_device_rename(&phone.device, 9, "a"), LK_CALLER_NOT_FOUND);
}

static void password_is_eight_digits_and_dies(void **state)
{
    (void)state;
    assert_int_equal(lk_device_enter_password(&phone.device, "1234567x", 0), LK_CALLER_ARGUMENT);
    assert_true(test_car_select(&car, &phone));
    phone.now_ms += LK_TIMER_PASSWORD_MS;
    assert_false(test_car_request(&car, &phone));
    assert_int_equal(car.sw, 0x9484);
    assert_true(lk_is_zero(phone.device.password, 8));
}

static void applet_is_hidden_until_the_framework_is_selected(void **state)
{
    (void)state;
    assert_true(lk_device_hides_applet(&phone.device, phone.now_ms));
    assert_true(test_car_pair(&car, &phone));
    assert_false(lk_device_hides_applet(&phone.device, phone.now_ms));
    test_car_reset(&phone);
    assert_false(lk_device_hides_applet(&phone.device, phone.now_ms));
    assert_false(lk_device_hides_applet(&phone.device, phone.now_ms + LK_TIMER_PASSWORD_MS));
}

static void M26_express_mode_reaches_the_element(void **state)
{
    (void)state;
    pair_and_tap();
    assert_int_equal(lk_device_set_express(&phone.device, 0), LK_OK);
    assert_false(test_car_tap(&car, &phone));
    assert_int_equal(lk_device_authenticate_user(&phone.device), LK_OK);
    assert_true(test_car_tap(&car, &phone));
    assert_false(test_car_tap(&car, &phone));
    assert_int_equal(lk_device_set_express(&phone.device, 1), LK_OK);
    assert_true(test_car_tap(&car, &phone));
}

/* --- no key and no secret where it must not be --- */

static int finds(const void *where, size_t len, const uint8_t *what, size_t what_len)
{
    const uint8_t *at = where;

    for (size_t i = 0; i + what_len <= len; i++) {
        if (memcmp(at + i, what, what_len) == 0)
            return 1;
    }
    return 0;
}

static void M3_no_private_key_in_host(void **state)
{
    size_t before = phone.element.spy.num_scalars;

    (void)state;
    pair_and_tap();
    assert_true(phone.element.spy.num_scalars > before);
    assert_false(
        test_spy_finds(&phone.element.spy, (const uint8_t *)&phone.device, sizeof phone.device));
    assert_false(
        test_spy_finds(&phone.element.spy, phone.host.flash.data, sizeof phone.host.flash.data));
    assert_false(test_spy_finds(&phone.element.spy, (const uint8_t *)&phone.host.store,
                                sizeof phone.host.store));
    /* The search can find: a key planted in the host is seen. */
    memcpy(phone.device.data, phone.element.spy.scalars[before], 32);
    assert_true(
        test_spy_finds(&phone.element.spy, (const uint8_t *)&phone.device, sizeof phone.device));
}

static void PA14_broken_off_run_leaves_nothing(void **state)
{
    struct lk_spake2_prover prover;

    (void)state;
    assert_true(test_car_select(&car, &phone));
    assert_true(test_car_request(&car, &phone));
    memcpy(&prover, phone.device.spake, sizeof prover);
    test_car_reset(&phone);
    assert_false(finds(&phone.device, sizeof phone.device, prover.w0, 32));
    assert_false(finds(&phone.device, sizeof phone.device, prover.x, 32));
}

static void PA14_secrets_left_behind(void **state)
{
    struct lk_spake2_prover prover;
    struct lk_session_keys keys;

    (void)state;
    assert_true(test_car_select(&car, &phone));
    assert_true(test_car_request(&car, &phone));
    memcpy(&prover, phone.device.spake, sizeof prover);
    assert_true(test_car_verify(&car, &phone));
    memcpy(&keys, &phone.device.chan.keys, sizeof keys);
    assert_true(test_car_write_all(&car, &phone) && test_car_make(&car, &phone) &&
                test_car_read_all(&car, &phone) && test_car_attest(&car, &phone) &&
                test_car_control(&car, &phone, 0x10, 0x02));
    const void *places[] = {&phone.device, phone.host.flash.data};
    const size_t sizes[] = {sizeof phone.device, sizeof phone.host.flash.data};
    for (size_t i = 0; i < 2; i++) {
        assert_false(finds(places[i], sizes[i], (const uint8_t *)TEST_PASSWORD, 8));
        assert_false(finds(places[i], sizes[i], prover.w0, 32));
        assert_false(finds(places[i], sizes[i], prover.w1, 32));
        assert_false(finds(places[i], sizes[i], prover.x, 32));
        assert_false(finds(places[i], sizes[i], keys.enc, 16));
        assert_false(finds(places[i], sizes[i], keys.mac, 16));
        assert_false(finds(places[i], sizes[i], keys.rmac, 16));
    }
}

#define T(test) cmocka_unit_test_setup_teardown(test, test_world_fresh, test_world_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(M19_active_only_after_the_car),
        T(D20_unconfirmed_key_dies_at_the_deadline),
        T(D20_unconfirmed_key_dies_at_boot),
        T(D20_confirmed_while_the_host_was_off),
        T(PA11_break_off_at_each_step),
        T(PA11_wallet_that_cannot_be_written),
        T(PA11_host_dies_right_after_the_key_was_made),
        T(M42_removed_key_stops_at_once),
        T(removing_without_an_element_changes_nothing),
        T(locked_key_refuses_and_comes_back),
        T(S1_pairing_again_ends_no_older_key),
        T(full_wallet_refuses_the_password),
        T(names),
        T(password_is_eight_digits_and_dies),
        T(applet_is_hidden_until_the_framework_is_selected),
        T(M26_express_mode_reaches_the_element),
        T(M3_no_private_key_in_host),
        T(PA14_broken_off_run_leaves_nothing),
        T(PA14_secrets_left_behind),
    };

    return cmocka_run_group_tests(tests, test_world_begin, test_world_end);
}
