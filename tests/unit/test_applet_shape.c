/* FA4: AUTH0 costs the same for a strange car, for a known one without Kpersistent and for a valid
 * one. As a test it compares the calls to the provider; with an argument (strange, fresh, valid) it
 * does one such AUTH0 on the BearSSL provider, for applet_shape.sh to count its instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "latchkey/provider_bearssl.h"
#include "support/applet_fixture.h"

static struct lk_bearssl provider;
static struct test_applet t;
static struct test_tap tap;

static enum lk_status entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0x5c, len);
    return LK_OK;
}

/* The AUTH0 under test; one symbol, so that the counter can be switched on here. */
static uint32_t calls_of_auth0(const char *kind)
{
    static const uint8_t key[32] = {7};

    if (lk_bearssl_init(&provider, entropy, NULL, key) != LK_OK ||
        test_applet_init_on(&t, &provider.port) != LK_OK || test_applet_fill(&t) != LK_OK ||
        test_tap_standard(&t, &tap, 1) != LK_SW_OK)
        return 0;
    test_tap_forget(&t, &tap);
    if (strcmp(kind, "fresh") == 0) { /* locked and back: active, no Kpersistent */
        test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, NULL, NULL);
        test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_ACTIVE, NULL, NULL);
    }
    test_tap_init(&t, &tap, 1, 1);
    if (strcmp(kind, "strange") == 0)
        tap.vehicle_id[0] ^= 0x80;
    if (test_applet_select(&t, LK_NFC) != LK_SW_OK)
        return 0;
    test_spy_arm(&t.spy, 0);
    if (test_tap_auth0_again(&t, &tap) != LK_SW_OK)
        return 0;
    test_tap_forget(&t, &tap);
    return t.spy.calls;
}

static void FA4_the_provider_sees_no_difference(void **state)
{
    uint32_t strange = calls_of_auth0("strange");

    (void)state;
    assert_true(strange > 0);
    assert_int_equal(calls_of_auth0("fresh"), strange);
    assert_int_equal(calls_of_auth0("valid"), strange);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(FA4_the_provider_sees_no_difference),
    };

    if (argc > 1)
        return calls_of_auth0(argv[1]) == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
