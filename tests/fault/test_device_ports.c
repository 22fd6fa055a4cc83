/* Every call to a port of the phone's host fails in turn: element, crypto, scrypt, flash. Whatever
 * fails, no key is left without its pass, nothing is active that the car has not confirmed, and the
 * next pairing succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/device_world.h"

#define phone (test_world.phone)
#define car (test_world.car)

/* From the password to the active pass. 1 if it went through. */
static int whole_story(void)
{
    enum lk_status last = LK_OK;

    if (lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms) != LK_OK ||
        !test_car_pair(&car, &phone))
        return 0;
    test_car_reset(&phone);
    return test_car_tap(&car, &phone) && lk_device_refresh(&phone.device, &last) == LK_OK;
}

/* One pass for each live key, none pending; each run that came through left one (S1 ends none). */
static void is_consistent(size_t most)
{
    size_t live = 0;

    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        const struct lk_pass *pass = lk_device_pass_at(&phone.device, i);

        if (pass == NULL || pass->state == LK_PASS_REMOVED)
            continue;
        live++;
        assert_int_not_equal(pass->state, LK_PASS_PENDING);
    }
    size_t endpoints = 0;
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++)
        endpoints += phone.applet.endpoints[i].state == LK_ENDPOINT_ACTIVE;
    assert_int_equal(live, endpoints);
    assert_in_range(live, 0, most);
}

/* Ports work again; both halves restart; all must be well, and pairing must go through. */
static void recovers(void)
{
    test_phone_restart(&phone);
    assert_int_equal(test_phone_tick(&phone), LK_OK);
    is_consistent(1);
    assert_true(whole_story());
    is_consistent(2);
}

static uint32_t arm_element(uint32_t at)
{
    uint32_t calls = phone.element_calls;

    phone.element_calls = 0;
    phone.element_fail_at = at;
    return calls;
}

static uint32_t arm_crypto(uint32_t at)
{
    uint32_t calls = phone.host.spy.calls;

    test_spy_arm(&phone.host.spy, at);
    return calls;
}

static uint32_t arm_flash(uint32_t at)
{
    uint32_t calls = phone.host.flash.writes;

    phone.host.flash.writes = 0;
    phone.host.flash.fail_at = at;
    return calls;
}

static uint32_t arm_flash_read(uint32_t at)
{
    uint32_t calls = phone.host.flash.reads;

    phone.host.flash.reads = 0;
    phone.host.flash.fail_read_at = at;
    return calls;
}

/* Calls 1, 2, 3 ... until the whole story makes fewer. `arm` gives the calls since it was last
 * used. */
static void sweep(uint32_t (*arm)(uint32_t at))
{
    uint32_t at = 1, calls = 0, num_failed = 0;

    for (;; at++) {
        void *none = NULL;

        test_world_fresh(&none);
        (void)arm(at);
        num_failed += !whole_story();
        calls = arm(0);
        recovers();
        test_world_done(&none);
        if (calls < at)
            break;
    }
    print_message("%u calls, %u failures seen\n", calls, num_failed);
    assert_true(num_failed > calls / 2);
}

static void every_element_call(void **state)
{
    (void)state;
    sweep(arm_element);
}

static void every_crypto_call(void **state)
{
    (void)state;
    sweep(arm_crypto);
}

static void every_flash_write(void **state)
{
    (void)state;
    sweep(arm_flash);
}

static void every_flash_read(void **state)
{
    (void)state;
    void *none = NULL;

    /* Reads happen at start: the host says so and can be started again. */
    test_world_fresh(&none);
    assert_true(whole_story());
    for (uint32_t at = 1; at < 8; at++) {
        lk_device_forget(&phone.device);
        (void)arm_flash_read(at);
        (void)lk_device_init(&phone.device, &phone.config);
        (void)arm_flash_read(0);
        test_phone_restart(&phone);
        is_consistent(1);
    }
    test_world_done(&none);
}

static void scrypt_fails(void **state)
{
    void *none = NULL;

    (void)state;
    test_world_fresh(&none);
    phone.scrypt_fails = 1;
    assert_false(whole_story());
    assert_int_equal(car.status, LK_PORT_CRYPTO);
    assert_int_equal(car.sw, 0x6f00);
    phone.scrypt_fails = 0;
    recovers();
    test_world_done(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_call), cmocka_unit_test(every_crypto_call),
        cmocka_unit_test(every_flash_write),  cmocka_unit_test(every_flash_read),
        cmocka_unit_test(scrypt_fails),
    };

    return cmocka_run_group_tests(tests, test_world_begin, test_world_end);
}
