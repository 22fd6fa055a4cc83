/* Power fails inside every write of the applet, with every ending that a flash can have: after the
 * next start the applet holds the old state or the new one, never a mixture (CR1, EX7). All cuts
 * with LATCHKEY_LONG=1, else about three hundred per command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "applet/applet.h"
#include "support/applet_fixture.h"

static struct test_applet t;
static struct test_tap tap;
static struct test_flash before; /* the flash before the command under test */

/* What the applet holds. */
struct view {
    uint8_t state, locked, cas;
    struct lk_persistent persistent;
    uint8_t private_byte, confidential_byte;
};

static uint8_t uniform(const uint8_t *at, size_t len)
{
    for (size_t i = 1; i < len; i++)
        assert_int_equal(at[i], at[0]);
    return at[0];
}

static struct view look(void)
{
    static uint8_t image[LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX];
    const struct lk_endpoint *endpoint = &t.applet.endpoints[0];
    struct view view;

    memset(&view, 0, sizeof view);
    view.state = endpoint->state;
    view.locked = t.applet.locked;
    for (size_t i = 0; i < LK_APPLET_NUM_CAS; i++)
        view.cas = (uint8_t)(view.cas + (t.applet.cas[i].name_len > 0));
    if (endpoint->state == LK_ENDPOINT_NONE)
        return view;
    view.persistent = endpoint->persistent;
    assert_int_equal(lk_record_read_mailboxes(&t.applet, 0, image), LK_OK);
    view.private_byte = uniform(image, endpoint->private_size);
    view.confidential_byte = uniform(image + LK_PRIVATE_MAILBOX_MAX, endpoint->confidential_size);
    return view;
}

static int fill(uint8_t private_value, uint8_t confidential_value)
{
    const struct lk_exchange_op ops[] = {
        {.kind = LK_EXCHANGE_SET, .length = 0x640, .value = private_value},
        {.kind = LK_EXCHANGE_SET, .is_confidential = 1, .length = 0x120,
         .value = confidential_value},
    };
    return test_tap_operate(&t, &tap, LK_EXCHANGE_MORE, ops, 1, NULL, NULL) == LK_EXCHANGE_OK &&
           test_tap_operate(&t, &tap, LK_EXCHANGE_LAST, ops + 1, 1, NULL, NULL) == LK_EXCHANGE_OK;
}

/* --- the commands --- */

static int standard(void)
{
    return test_tap_standard(&t, &tap, 4) == LK_SW_OK;
}

static int mailboxes(void)
{
    return test_tap_standard(&t, &tap, 4) == LK_SW_OK && fill(0x33, 0x44);
}

static int lock_key(void)
{
    return test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, NULL, NULL) == LK_SW_OK;
}

static int lost_mode(void)
{
    return test_applet_instance(&t, -1, 1) == LK_SW_OK;
}

static int terminate(void)
{
    return test_applet_wired_id(&t, 0x78, 1, t.endpoint_id) == LK_SW_OK;
}

static int delete_key(void)
{
    return test_applet_wired_id(&t, 0x74, 0, t.endpoint_id) == LK_SW_OK;
}

static int create_ca(void)
{
    return test_applet_create_ca(&t, "SECOND") == LK_SW_OK;
}

static int create_endpoint(void)
{
    struct test_endpoint endpoint;

    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe7;
    return test_applet_create_endpoint(&t, "TESTCA", &endpoint) == LK_SW_OK;
}

/* --- the harness --- */

static void restore(void)
{
    lk_applet_forget(&t.applet);
    memcpy(t.flash.data, before.data, sizeof before.data);
    memcpy(t.flash.synced, before.synced, sizeof before.synced);
    memset(t.flash.weak, 0, sizeof t.flash.weak);
    test_flash_power_on(&t.flash);
    assert_int_equal(lk_store_open(&t.store, &t.flash.port, LK_STORE_ELEMENT), LK_OK);
    assert_int_equal(lk_applet_init(&t.applet, &t.crypto, &t.store), LK_OK);
    test_flash_power_on(&t.flash);
}

/* AUTH1 draws a new Kpersistent each time: any but the old one counts as the new one. */
static int is_same(const struct view *got, const struct view *want, const struct view *old)
{
    struct view left = *got, right = *want;
    int got_old = memcmp(&got->persistent, &old->persistent, sizeof got->persistent) == 0;
    int want_old = memcmp(&want->persistent, &old->persistent, sizeof got->persistent) == 0;

    memset(&left.persistent, 0, sizeof left.persistent);
    memset(&right.persistent, 0, sizeof right.persistent);
    return memcmp(&left, &right, sizeof left) == 0 && got_old == want_old;
}

static void cut_everywhere(int (*run)(void), int may_stop_between)
{
    struct view old, now, got;
    uint32_t steps, stride, num = 0, num_new = 0;

    restore();
    old = look();
    assert_true(run());
    steps = t.flash.steps;
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    now = look();
    stride = getenv("LATCHKEY_LONG") != NULL ? 1 : steps / 60 + 1;
    for (int ending = 0; ending < TEST_NUM_ENDINGS; ending++) {
        for (uint32_t at = 1 + (uint32_t)ending % stride; at <= steps; at += stride) {
            test_tap_forget(&t, &tap);
            restore();
            t.flash.cut_at = at;
            t.flash.ending = (enum test_ending)ending;
            t.flash.drops_unsynced = 1;
            run();
            assert_int_equal(test_applet_reboot(&t), LK_OK);
            got = look();
            num++;
            if (is_same(&got, &now, &old)) {
                num_new++;
                continue;
            }
            if (is_same(&got, &old, &old))
                continue;
            /* a run of several commits may stop between two of them */
            assert_true(may_stop_between);
            assert_int_equal(got.private_byte == old.private_byte,
                             got.confidential_byte == old.confidential_byte);
        }
    }
    print_message("%u steps, %u cuts, %u ended new\n", steps, num, num_new);
    test_tap_forget(&t, &tap);
}

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    assert_true(fill(0x11, 0x22));
    test_tap_forget(&t, &tap);
    memcpy(&before, &t.flash, sizeof before);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_applet_forget(&t);
    return 0;
}

static void CR1_auth1(void **state)
{
    (void)state;
    cut_everywhere(standard, 0);
}

static void EX7_mailbox_writes(void **state)
{
    (void)state;
    cut_everywhere(mailboxes, 1);
}

static void CR1_setup(void **state)
{
    (void)state;
    cut_everywhere(lock_key, 0);
    cut_everywhere(lost_mode, 0);
}

static void CR1_end_of_a_key(void **state)
{
    (void)state;
    cut_everywhere(terminate, 0);
    cut_everywhere(delete_key, 0);
}

static void CR1_creation(void **state)
{
    (void)state;
    cut_everywhere(create_ca, 0);
    cut_everywhere(create_endpoint, 0); /* unconfirmed: gone after the start either way */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(CR1_auth1),        cmocka_unit_test(EX7_mailbox_writes),
        cmocka_unit_test(CR1_setup),        cmocka_unit_test(CR1_end_of_a_key),
        cmocka_unit_test(CR1_creation),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
