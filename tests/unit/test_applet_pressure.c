/* More cars than the applet keeps Kpersistent for: the oldest goes, nobody is mixed up, and the
 * next standard transaction brings it back. transaction.c is built here once more with room for
 * three, because the default has room for every endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "latchkey/config.h"
#undef LK_APPLET_NUM_PERSISTENT
#define LK_APPLET_NUM_PERSISTENT 3

#include "applet/transaction.c"
#include "support/applet_fixture.h"

#define NUM_CARS 5

static struct test_applet t;
static struct test_tap tap;
static struct lk_persistent kept[NUM_CARS];
static uint8_t device_keys[NUM_CARS][65];

static void name_car(unsigned car)
{
    t.vehicle_id[0] = (uint8_t)(0x40 + car);
    t.endpoint_id[7] = (uint8_t)(0x40 + car);
    memcpy(t.device_key, device_keys[car], 65);
}

static void standard(unsigned car)
{
    name_car(car);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
    kept[car] = tap.persistent;
    test_tap_forget(&t, &tap);
}

static int fast(unsigned car, const struct lk_persistent *key)
{
    int yes;

    name_car(car);
    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    yes = test_tap_fast(&t, &tap, key);
    test_tap_forget(&t, &tap);
    return yes;
}

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_init(&t), LK_OK);
    assert_int_equal(test_applet_create_ca(&t, "TESTCA"), LK_SW_OK);
    for (unsigned car = 0; car < NUM_CARS; car++) {
        struct test_endpoint endpoint;

        name_car(car);
        test_endpoint_default(&t, &endpoint);
        assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
        memcpy(device_keys[car], t.device_key, 65);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_applet_forget(&t);
    return 0;
}

static void FA9_the_oldest_kpersistent_goes(void **state)
{
    (void)state;
    for (unsigned car = 0; car < NUM_CARS; car++)
        standard(car);
    for (int round = 0; round < 2; round++) {
        for (unsigned car = 0; car < NUM_CARS; car++) {
            assert_int_equal(fast(car, &kept[car]), car >= NUM_CARS - 3);
            for (unsigned other = 0; other < NUM_CARS; other++) {
                if (other != car)
                    assert_false(fast(car, &kept[other])); /* no cross-key */
            }
        }
        assert_int_equal(test_applet_reboot(&t), LK_OK); /* the same after a start */
    }
    standard(0); /* nobody is locked out: standard always works and brings fast back */
    assert_true(fast(0, &kept[0]));
    assert_false(fast(2, &kept[2])); /* it was the oldest now */
    assert_true(fast(3, &kept[3]));
    assert_true(fast(4, &kept[4]));
}

static void FA9_fast_use_does_not_renew_the_order(void **state)
{
    (void)state;
    standard(0);
    standard(1);
    standard(2);
    assert_true(fast(0, &kept[0]));
    standard(3);
    assert_false(fast(0, &kept[0]));
    assert_true(fast(1, &kept[1]));
}

static void FA10_only_sixteen_bytes_once_are_a_cryptogram(void **state)
{
    uint8_t bytes[67 + 300];
    struct lk_auth0_answer answer;

    (void)state;
    name_car(0);
    bytes[0] = 0x86;
    bytes[1] = 65;
    memcpy(bytes + 2, t.vehicle.public_key, 65);
    for (size_t len = 0; len <= 255; len++) {
        struct lk_wr wr;

        lk_wr_init(&wr, bytes + 67, sizeof bytes - 67);
        memset(bytes + 67, 0, sizeof bytes - 67);
        lk_tlv_put(&wr, 0x9d, t.vehicle.public_key, len > 65 ? 0 : len);
        if (len > 65)
            lk_tlv_put(&wr, 0x9d, t.vehicle.public_key, 16);
        assert_int_equal(lk_auth0_answer_parse(lk_bytes(bytes, 67 + wr.len), &answer) == LK_OK,
                         len == 16);
    }
    memcpy(bytes + 67, "\x9d\x08", 2); /* split */
    memcpy(bytes + 77, "\x9d\x08", 2);
    assert_int_not_equal(lk_auth0_answer_parse(lk_bytes(bytes, 87), &answer), LK_OK);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(FA9_the_oldest_kpersistent_goes),
        T(FA9_fast_use_does_not_renew_the_order),
        T(FA10_only_sixteen_bytes_once_are_a_cryptogram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
