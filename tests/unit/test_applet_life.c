/* The whole life of a key in the applet, from CREATE CA to DELETE ENDPOINT, and its certificates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/applet_fixture.h"

static struct test_applet t;
static struct test_tap tap;

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(t.leaked, 0);
    test_tap_forget(&t, &tap);
    test_applet_forget(&t);
    return 0;
}

static void M60_whole_life_of_a_key(void **state)
{
    const struct lk_exchange_op write = {.kind = LK_EXCHANGE_WRITE,
                                         .data = {(const uint8_t *)"hi", 2}};
    const struct lk_exchange_op read = {.kind = LK_EXCHANGE_READ, .length = 2};
    struct lk_persistent kept;
    uint8_t data[256];
    size_t len = 0;

    (void)state;
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_UNCONFIRMED);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_ACTIVE);
    assert_int_equal(test_tap_operate(&t, &tap, 0, &write, 1, NULL, NULL), LK_EXCHANGE_OK);
    assert_int_equal(test_tap_operate(&t, &tap, 0, &read, 1, data, &len), LK_EXCHANGE_OK);
    assert_int_equal(len, 2);
    assert_memory_equal(data, "hi", 2);
    assert_int_equal(test_tap_control(&t, &tap, 1, 0), LK_SW_OK);
    kept = tap.persistent;
    test_tap_forget(&t, &tap);

    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_true(test_tap_fast(&t, &tap, &kept));
    assert_int_equal(test_tap_control(&t, &tap, 1, 0), LK_SW_OK);
    test_tap_forget(&t, &tap);

    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_TERMINATED);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_SECURITY);
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(M60_whole_life_of_a_key, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
