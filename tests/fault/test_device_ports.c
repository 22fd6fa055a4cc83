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
    /* A fault may fall where the answer says nothing: in SELECT, or where none is awaited. */
    assert_true(num_failed > calls / 3);
}

static void every_element_call(void **state)
{
    (void)state;
    sweep(arm_element);
}

/* An element that answers once with something else than it should. */
enum nonsense { ONE_BYTE, NO_BODY, LONG_BODY, OVERLONG, NUM_NONSENSE };

static struct {
    enum lk_status (*honest)(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                             size_t cap, size_t *out_len);
    enum nonsense nonsense;
    uint32_t calls, at;
} liar;

static enum lk_status lying(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                            size_t cap, size_t *out_len)
{
    enum lk_status status = liar.honest(ctx, command, len, out, cap, out_len);

    if (status != LK_OK || ++liar.calls != liar.at)
        return status;
    memset(out, 0x11, 202);
    *out_len = liar.nonsense == ONE_BYTE  ? 1
               : liar.nonsense == NO_BODY ? 2
               : liar.nonsense == OVERLONG ? cap + 1
                                           : 202;
    if (*out_len >= 2 && *out_len <= cap)
        memcpy(out + *out_len - 2, "\x90\x00", 2);
    return LK_OK;
}

static uint32_t arm_liar(uint32_t at)
{
    uint32_t calls = liar.calls;

    liar.honest = phone.element_port.transceive == lying ? liar.honest
                                                         : phone.element_port.transceive;
    phone.element_port.transceive = at == 0 ? liar.honest : lying;
    liar.calls = 0;
    liar.at = at;
    return calls;
}

static void every_element_answer_is_nonsense_once(void **state)
{
    (void)state;
    for (liar.nonsense = 0; liar.nonsense < NUM_NONSENSE; liar.nonsense++)
        sweep(arm_liar);
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
        cmocka_unit_test(every_element_call),
        cmocka_unit_test(every_element_answer_is_nonsense_once),
        cmocka_unit_test(every_crypto_call),
        cmocka_unit_test(every_flash_write),  cmocka_unit_test(every_flash_read),
        cmocka_unit_test(scrypt_fails),
    };

    return cmocka_run_group_tests(tests, test_world_begin, test_world_end);
}
