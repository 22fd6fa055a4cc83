/* Power fails inside every write of AUTHORIZE ENDPOINT and SET CONFIDENTIAL DATA, with every ending
 * that a flash can have. Owner: after the next start the spare is whole or gone with its bit, and
 * what was signed is gone (D28, EX8). Friend: the token is there or nothing is. All cuts with
 * LATCHKEY_LONG=1, else about sixty for each ending. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/share_fixture.h"

#define IMAGE_LEN (LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX)

static struct test_applet t;
static struct test_share s;
static struct test_flash before;

static void restore(void)
{
    lk_applet_forget(&t.applet);
    memcpy(t.flash.data, before.data, sizeof before.data);
    memcpy(t.flash.synced, before.synced, sizeof before.synced);
    memset(t.flash.weak, 0, sizeof t.flash.weak);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
}

/* Everything up to the command, whose writes alone are cut. */
static void prepare_authorize(void)
{
    assert_int_equal(test_share_authenticate(&s), LK_SW_OK);
    assert_int_equal(test_share_consent(&s, 0), LK_SW_OK);
    assert_int_equal(test_share_send(&s), LK_SW_OK);
}

static uint16_t authorize(void)
{
    return test_share_authorize_only(&s);
}

static int is_authorized(void)
{
    int left = test_share_has_spare(&s, 0);

    assert_true(left == 0 || left == 1); /* never half */
    for (size_t i = 1; i < 8; i++)
        assert_int_equal(test_share_has_spare(&s, i), 1);
    return !left;
}

static struct lk_token_export token;

static void prepare_import(void)
{
    assert_int_equal(test_share_seal(&s, s.tokens[3], &token), LK_SW_OK);
}

static uint16_t import(void)
{
    return test_share_import(&t, test_friend_id, 0, &token);
}

static int is_imported(void)
{
    static uint8_t image[IMAGE_LEN];

    assert_int_equal(test_share_image(&t, 1, image), LK_OK);
    assert_true(lk_is_zero(image, LK_PRIVATE_MAILBOX_MAX));
    assert_true(lk_is_zero(image + LK_PRIVATE_MAILBOX_MAX + 32, LK_CONFIDENTIAL_MAILBOX_MAX - 32));
    if (lk_is_zero(image + LK_PRIVATE_MAILBOX_MAX, 32))
        return 0;
    assert_memory_equal(image + LK_PRIVATE_MAILBOX_MAX, s.tokens[3], 32);
    return 1;
}

static void cut_everywhere(void (*prepare)(void), uint16_t (*run)(void), int (*is_done)(void))
{
    uint32_t steps, stride, num = 0, num_done = 0;

    restore();
    prepare();
    test_flash_power_on(&t.flash);
    assert_int_equal(run(), LK_SW_OK);
    steps = t.flash.steps;
    assert_true(is_done());
    stride = getenv("LATCHKEY_LONG") != NULL ? 1 : steps / 60 + 1;
    for (int ending = 0; ending < TEST_NUM_ENDINGS; ending++) {
        for (uint32_t at = 1 + (uint32_t)ending % stride; at <= steps; at += stride) {
            int good;

            restore();
            assert_false(is_done());
            prepare();
            test_flash_power_on(&t.flash);
            t.flash.cut_at = at;
            t.flash.ending = (enum test_ending)ending;
            t.flash.drops_unsynced = 1;
            good = run() == LK_SW_OK;
            assert_true(good || t.answer_len == 0);
            assert_int_equal(test_applet_reboot(&t), LK_OK);
            assert_true(!good || is_done()); /* what was answered is there */
            num++;
            num_done += (uint32_t)is_done();
            if (is_done() && run == authorize)
                continue;
            prepare(); /* nothing happened, or it can be done again */
            assert_int_equal(run(), LK_SW_OK);
            assert_true(is_done());
        }
    }
    print_message("%u steps, %u cuts, %u ended new\n", steps, num, num_done);
    assert_true(num_done > 0 && num_done < num);
}

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_share_start(&t, &s), LK_OK);
    assert_int_equal(test_share_add_friend(&s), LK_OK);
    memcpy(&before, &t.flash, sizeof before);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(t.leaked, 0);
    test_share_forget(&s);
    return 0;
}

static void EX8_power_cut_while_a_token_leaves(void **state)
{
    (void)state;
    cut_everywhere(prepare_authorize, authorize, is_authorized);
}

static void M63_power_cut_while_a_token_comes(void **state)
{
    (void)state;
    cut_everywhere(prepare_import, import, is_imported);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(EX8_power_cut_while_a_token_leaves),
        cmocka_unit_test(M63_power_cut_while_a_token_comes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
