/* Sign-out and erase: what is left of an automaker on a phone: nothing. What its app may see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/device_world.h"

#define phone (test_world.phone)
#define car (test_world.car)
#define OUR_ROOT (test_world.world.automaker.public_key)

static struct test_ca_world other;

static int begin(void **state)
{
    int status = test_world_begin(state);

    assert_int_equal(test_ca_world_init(&test_world.crypto,
                                        (const uint8_t[8]){0, 7, 1, 2, 3, 4, 5, 6}, &other),
                     LK_OK);
    return status;
}

static int end(void **state)
{
    test_ca_world_forget(&other);
    return test_world_end(state);
}

static void pair_and_tap(void)
{
    enum lk_status last;

    assert_true(test_car_pair(&car, &phone));
    test_car_reset(&phone);
    assert_true(test_car_tap(&car, &phone));
    assert_int_equal(lk_device_refresh(&phone.device, &last), LK_OK);
}

static void personalise(struct test_ca_world *world)
{
    struct test_ca_cert n, e;

    assert_int_equal(lk_device_create_ca(&phone.device, test_ca_bytes(&world->j), n.der,
                                         sizeof n.der, &n.len),
                     LK_OK);
    assert_int_equal(test_ca_issue_e(world, test_ca_bytes(&n), &e), LK_OK);
    assert_int_equal(
        lk_device_install_ca(&phone.device, test_ca_bytes(&world->f), test_ca_bytes(&e)), LK_OK);
}

static int holds(const struct test_flash *flash, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + len <= flash->bytes; at++) {
        if (memcmp(flash->data + at, bytes, len) == 0)
            return 1;
    }
    return 0;
}

static size_t num_cas(void)
{
    size_t num = 0;

    for (size_t i = 0; i < LK_APPLET_NUM_CAS; i++)
        num += phone.applet.cas[i].name_len > 0;
    return num;
}

static void M97_sign_out_takes_keys_names_and_bytes(void **state)
{
    const struct test_flash *flashes[] = {&phone.host.flash, &phone.element.flash};
    struct lk_automaker was;
    struct lk_pass pass;

    (void)state;
    pair_and_tap();
    was = phone.device.automakers[0];
    pass = *test_phone_pass(&phone);
    assert_true(holds(flashes[0], was.ca_name, sizeof was.ca_name)); /* the search can find */
    assert_true(holds(flashes[1], pass.public_key, sizeof pass.public_key));
    assert_int_equal(lk_device_sign_out(&phone.device, OUR_ROOT), LK_OK);
    for (int after_restart = 0; after_restart < 2; after_restart++) {
        assert_int_equal(test_phone_num_endpoints(&phone), 0);
        assert_int_equal(test_phone_num_passes(&phone), 0);
        assert_int_equal(num_cas(), 0);
        assert_int_equal(phone.device.automakers[0].is_used, 0);
        test_phone_restart(&phone);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_false(holds(flashes[i], was.ca_name, sizeof was.ca_name));
        assert_false(holds(flashes[i], was.ca_key, sizeof was.ca_key));
        assert_false(holds(flashes[i], pass.endpoint_id, sizeof pass.endpoint_id));
        assert_false(holds(flashes[i], pass.public_key, sizeof pass.public_key));
        assert_false(holds(flashes[i], pass.key_id, sizeof pass.key_id));
    }
    assert_false(test_car_tap(&car, &phone)); /* the old key answers no more */
    assert_int_equal(lk_device_sign_out(&phone.device, OUR_ROOT), LK_CALLER_NOT_FOUND);
}

/* M97: what the automaker sees of the phone afterwards has nothing in common with before. */
static void M97_a_new_start_shares_no_identifier(void **state)
{
    struct test_ca_cert e, h;
    struct lk_automaker was;
    struct lk_pass pass;
    struct lk_cert a, b;

    (void)state;
    pair_and_tap();
    was = phone.device.automakers[0];
    pass = *test_phone_pass(&phone);
    e = car.e;
    h = car.h;
    assert_int_equal(lk_device_sign_out(&phone.device, OUR_ROOT), LK_OK);
    personalise(&test_world.world);
    assert_int_equal(lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms), LK_OK);
    pair_and_tap();
    assert_memory_not_equal(phone.device.automakers[0].ca_name, was.ca_name, sizeof was.ca_name);
    assert_memory_not_equal(phone.device.automakers[0].ca_key, was.ca_key, sizeof was.ca_key);
    assert_memory_not_equal(test_phone_pass(&phone)->endpoint_id, pass.endpoint_id,
                            sizeof pass.endpoint_id);
    assert_memory_not_equal(test_phone_pass(&phone)->public_key, pass.public_key,
                            sizeof pass.public_key);
    /* The certificates the car got: F, the device maker's, is the same for all its phones; in E and
     * H serial, names, keys and identifiers are new. */
    for (int i = 0; i < 2; i++) {
        const struct test_ca_cert *old = i == 0 ? &e : &h, *now = i == 0 ? &car.e : &car.h;

        assert_int_equal(lk_cert_parse(&test_world.crypto, test_ca_bytes(old), &a), LK_OK);
        assert_int_equal(lk_cert_parse(&test_world.crypto, test_ca_bytes(now), &b), LK_OK);
        assert_memory_not_equal(a.serial.at, b.serial.at, a.serial.len);
        assert_memory_not_equal(a.common_name.at, b.common_name.at, a.common_name.len);
        assert_memory_not_equal(a.public_key, b.public_key, LK_POINT_LEN);
        assert_memory_not_equal(a.ski.at, b.ski.at, a.ski.len);
    }
}

static void M97_sign_out_of_one_leaves_the_other(void **state)
{
    (void)state;
    personalise(&other);
    pair_and_tap();
    assert_int_equal(lk_device_sign_out(&phone.device, other.automaker.public_key), LK_OK);
    assert_int_equal(num_cas(), 1);
    assert_int_equal(test_phone_num_passes(&phone), 1);
    test_car_reset(&phone);
    assert_true(test_car_tap(&car, &phone));
    assert_int_equal(lk_device_erase(&phone.device), LK_OK);
    assert_int_equal(num_cas(), 0);
    assert_int_equal(test_phone_num_passes(&phone), 0);
    assert_int_equal(lk_device_erase(&phone.device), LK_OK); /* nothing left is no error */
}

/* M97: an element or a journal that fails in the middle: the keys are dead or all is as before, and
 * once more ends it. */
static void M97_sign_out_that_fails_can_be_repeated(void **state)
{
    enum lk_status last;

    (void)state;
    pair_and_tap();
    phone.element_dead_at = phone.element_calls + 1;
    assert_int_equal(lk_device_sign_out(&phone.device, OUR_ROOT), LK_PORT_ELEMENT);
    assert_int_equal(test_phone_num_passes(&phone), 1);
    phone.element_dead_at = 0;
    phone.host.flash.fail_at = phone.host.flash.writes + 1;
    assert_int_equal(lk_device_sign_out(&phone.device, OUR_ROOT), LK_PORT_STORE);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    test_phone_restart_host(&phone);
    assert_int_equal(lk_device_refresh(&phone.device, &last), LK_OK);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_REMOVED);
    assert_int_equal(lk_device_sign_out(&phone.device, OUR_ROOT), LK_OK);
    assert_int_equal(test_phone_num_passes(&phone), 0);
}

static void M97_sign_out_ends_a_pairing_under_way(void **state)
{
    (void)state;
    assert_true(test_car_pair(&car, &phone));
    assert_int_equal(lk_device_sign_out(&phone.device, OUR_ROOT), LK_OK);
    assert_int_equal(phone.device.pairing_status, LK_PEER_ABORTED);
    assert_int_equal(test_phone_tick(&phone), LK_OK);
    assert_int_equal(test_phone_num_passes(&phone), 0);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

static void M96_an_app_sees_the_keys_of_its_maker_alone(void **state)
{
    size_t num_ours = 0;

    (void)state;
    personalise(&other);
    pair_and_tap();
    for (size_t i = 0; i <= LK_DEVICE_NUM_PASSES; i++) {
        num_ours += lk_device_app_pass_at(&phone.device, OUR_ROOT, i) != NULL;
        assert_null(lk_device_app_pass_at(&phone.device, other.automaker.public_key, i));
        assert_null(lk_device_app_pass_at(&phone.device, other.device_maker.public_key, i));
    }
    assert_int_equal(num_ours, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, test_world_fresh, test_world_done)
    const struct CMUnitTest tests[] = {
        T(M97_sign_out_takes_keys_names_and_bytes), T(M97_a_new_start_shares_no_identifier),
        T(M97_sign_out_of_one_leaves_the_other),    T(M97_sign_out_that_fails_can_be_repeated),
        T(M97_sign_out_ends_a_pairing_under_way),   T(M96_an_app_sees_the_keys_of_its_maker_alone),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
