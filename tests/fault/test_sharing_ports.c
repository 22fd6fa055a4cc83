/* test_sharing_ports.c: a whole sharing, and every call to a port of either phone's host fails in
 * turn: element, crypto, flash; and the power of either host is cut at every step of its flash. No
 * key is left without its pass, no slot without its token; what cannot go on can be cancelled, and
 * the next sharing succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/sharing_world.h"

#define W test_sharing

/* With a PIN, so that every kind of message goes. */
static enum lk_status whole_story(void)
{
    struct lk_share_out message;
    enum lk_status status = test_sharing_invite();

    if (status == LK_OK)
        status = test_sharing_accept();
    if (status == LK_OK)
        status = test_sharing_take(&W.owner, &W.signing);
    message = W.last;
    if (status == LK_OK)
        status = test_sharing_take(&W.friend, &message);
    if (status == LK_OK)
        status = lk_device_share_pin(&W.friend.device, W.at_friend, TEST_SHARE_PIN, &W.last);
    message = W.last;
    if (status == LK_OK)
        status = test_sharing_take(&W.owner, &message);
    message = W.last;
    if (status == LK_OK)
        status = test_sharing_take(&W.friend, &message);
    return status;
}

/* Each key of the friend has a pass, and each pass that waits has a sharing. */
static void is_consistent(void)
{
    size_t live = 0;

    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        const struct lk_pass *pass = lk_device_pass_at(&W.friend.device, i);
        int is_held = 0;

        if (pass == NULL)
            continue;
        live++;
        assert_true(pass->state == LK_PASS_SHARED || pass->state == LK_PASS_INVITED);
        for (size_t k = 0; k < LK_DEVICE_NUM_SHARINGS; k++) {
            const struct lk_sharing *sharing = lk_device_sharing_at(&W.friend.device, k);

            is_held |= sharing != NULL && sharing->pass == i &&
                       (sharing->state == LK_SHARING_DONE) == (pass->state == LK_PASS_SHARED);
        }
        assert_true(is_held);
    }
    assert_int_equal(live, test_phone_num_endpoints(&W.friend));
    for (size_t i = 0; i < LK_NUM_SPARES; i++)
        assert_in_range(test_sharing_has_spare(i), 0, 1);
    const struct lk_pass *owner = lk_device_pass_at(&W.owner.device, 0);
    assert_non_null(owner);
    assert_int_equal(owner->state, LK_PASS_ACTIVE);
}

static void cancel_all(struct test_phone *phone)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        const struct lk_sharing *sharing = lk_device_sharing_at(&phone->device, i);

        if (sharing != NULL && sharing->state < LK_SHARING_DONE)
            assert_int_equal(lk_device_share_cancel(&phone->device, i, &W.last), LK_OK);
    }
}

/* A message or a try is lost at most: the same two phones share at once. */
static void recovers(void)
{
    test_phone_restart_host(&W.owner);
    test_phone_restart_host(&W.friend);
    assert_int_equal(test_phone_tick(&W.owner), LK_OK);
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    is_consistent();
    cancel_all(&W.owner);
    cancel_all(&W.friend);
    is_consistent();
    for (size_t i = 0; i < LK_APPLET_NUM_CONSENTS; i++)
        assert_int_equal(W.owner.applet.consents[i].until_ms, 0);
    assert_int_equal(whole_story(), LK_OK);
    is_consistent();
}

static void begin(void)
{
    void *none = NULL;

    test_sharing_fresh(&none);
    W.plan.pin = TEST_SHARE_PIN;
}

static uint32_t arm_element(struct test_phone *phone, uint32_t at)
{
    uint32_t calls = phone->element_calls;

    phone->element_calls = 0;
    phone->element_fail_at = at;
    return calls;
}

static uint32_t arm_crypto(struct test_phone *phone, uint32_t at)
{
    uint32_t calls = phone->host.spy.calls;

    test_spy_arm(&phone->host.spy, at);
    return calls;
}

static uint32_t arm_flash(struct test_phone *phone, uint32_t at)
{
    uint32_t calls = phone->host.flash.writes;

    phone->host.flash.writes = 0;
    phone->host.flash.fail_at = at;
    return calls;
}

static uint32_t arm_element_flash(struct test_phone *phone, uint32_t at)
{
    uint32_t calls = phone->element.flash.writes;

    phone->element.flash.writes = 0;
    phone->element.flash.fail_at = at;
    return calls;
}

static void sweep(struct test_phone *phone, uint32_t (*arm)(struct test_phone *, uint32_t),
                  int is_element)
{
    uint32_t at = 1, calls = 0, num_failed = 0;

    for (;; at++) {
        void *none = NULL;

        begin();
        (void)arm(phone, at);
        num_failed += whole_story() != LK_OK;
        calls = arm(phone, 0);
        if (is_element)
            test_phone_restart(phone);
        recovers();
        test_sharing_done(&none);
        if (calls < at)
            break;
    }
    print_message("%u calls, %u failures seen\n", calls, num_failed);
    assert_true(num_failed > calls / 2);
}

static void every_element_call(void **state)
{
    (void)state;
    sweep(&W.owner, arm_element, 0);
    sweep(&W.friend, arm_element, 0);
}

static void every_crypto_call(void **state)
{
    (void)state;
    sweep(&W.owner, arm_crypto, 0);
    sweep(&W.friend, arm_crypto, 0);
}

static void every_flash_write(void **state)
{
    (void)state;
    sweep(&W.owner, arm_flash, 0);
    sweep(&W.friend, arm_flash, 0);
}

static void every_flash_write_of_the_element(void **state)
{
    (void)state;
    sweep(&W.owner, arm_element_flash, 1);
    sweep(&W.friend, arm_element_flash, 1);
}

/* Flash steps of one host in a story that goes well. */
static uint32_t count_steps(struct test_phone *phone)
{
    uint32_t steps;
    void *none = NULL;

    begin();
    phone->host.flash.steps = 0;
    assert_int_equal(whole_story(), LK_OK);
    steps = phone->host.flash.steps;
    test_sharing_done(&none);
    return steps;
}

/* Power of one host is cut at each step of its flash; without LATCHKEY_LONG at every 97th. */
static void cut(struct test_phone *phone)
{
    uint32_t steps = count_steps(phone), num_cut = 0;
    uint32_t stride = getenv("LATCHKEY_LONG") != NULL ? 1 : 97;

    for (uint32_t at = 1; at <= steps; at += stride) {
        struct test_flash *flash = &phone->host.flash;
        void *none = NULL;

        begin();
        flash->steps = 0;
        flash->cut_at = at;
        flash->ending = (enum test_ending)(at % TEST_NUM_ENDINGS);
        num_cut += whole_story() != LK_OK;
        test_flash_power_on(flash);
        recovers();
        test_sharing_done(&none);
    }
    print_message("%u steps, %u cuts\n", steps, num_cut);
    assert_true(num_cut > steps / stride / 2);
}

static void power_cut_at_every_step(void **state)
{
    (void)state;
    cut(&W.owner);
    cut(&W.friend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_call),
        cmocka_unit_test(every_crypto_call),
        cmocka_unit_test(every_flash_write),
        cmocka_unit_test(every_flash_write_of_the_element),
        cmocka_unit_test(power_cut_at_every_step),
    };

    return cmocka_run_group_tests(tests, test_sharing_begin, test_sharing_end);
}
