/* The known answers of the standard and the fast transaction, through the whole applet: the keys of
 * the vectors are injected, the APDUs are sent as written (protocol 7.6 and 9.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/applet_fixture.h"

#define VEHICLE_EPHEMERAL                                              \
    "040217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4" \
    "ed194a7debcb97712d2dda3ca85aa8765a56f45fc758599652f2897c65306e57" \
    "94"
#define DEVICE_EPHEMERAL                                               \
    "04d65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48589c" \
    "f350185e895372df6221ea3a137557e473fddb6755f05bd507c3c533fce9c912" \
    "85"

static struct test_applet t;

static size_t unhex(const char *text, uint8_t *out)
{
    size_t n = strlen(text) / 2;

    for (size_t i = 0; i < n; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &value), 1);
        out[i] = (uint8_t)value;
    }
    return n;
}

static void expect_hex(const uint8_t *got, size_t len, const char *text)
{
    uint8_t want[512];

    assert_int_equal(len, unhex(text, want));
    assert_memory_equal(got, want, len);
}

static void send_hex(const char *text)
{
    uint8_t apdu[261];
    size_t got = 0, len = unhex(text, apdu);

    t.status = lk_applet_command(&t.applet, LK_NFC, t.now_ms, lk_bytes(apdu, len), t.answer, &got);
    assert_true(got >= 2);
    t.answer_len = got - 2;
    t.sw = lk_be16(t.answer + got - 2);
}

/* An applet whose endpoint has device.SK = 44..44 and whose car has vehicle.SK = 33..33. */
static int start(void **state)
{
    uint8_t scalar[32];
    struct test_endpoint endpoint;

    (void)state;
    assert_int_equal(test_applet_init(&t), LK_OK);
    lk_key_free(&t.car, &t.vehicle.key);
    memset(scalar, 0x33, sizeof scalar);
    assert_int_equal(t.spy.inner->ec_load(t.spy.inner->ctx, scalar, 32, &t.vehicle.key,
                                          t.vehicle.public_key),
                     LK_OK);
    assert_int_equal(test_applet_create_ca(&t, "TESTCA"), LK_SW_OK);
    memset(scalar, 0x44, sizeof scalar);
    test_spy_queue(&t.spy, scalar);
    test_endpoint_default(&t, &endpoint);
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
    expect_hex(t.device_key, 65,
               "045b36890dacbd7c9a96bb74a1ee28b3d2d75b72e09a20ef25cf8e6fd8a9f0350d0e14bed8d4682a"
               "34d83538bdff5b96e89a6666ec0db5745d02fa1210072df75a");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_applet_forget(&t);
    return 0;
}

static void auth0_of_7_6(void)
{
    uint8_t scalar[32];

    memset(scalar, 0x22, sizeof scalar);
    test_spy_queue(&t.spy, scalar);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
    expect_hex(t.answer, t.answer_len, "5c020100");
    send_hex("80800001635c0201008741" VEHICLE_EPHEMERAL
             "4c10000102030405060708090a0b0c0d0e0f4d08010203040506070800");
    assert_int_equal(t.sw, LK_SW_OK);
    expect_hex(t.answer, t.answer_len, "8641" DEVICE_EPHEMERAL);
}

static void auth1_of_7_6(void)
{
    send_hex("80810000429e401beaa5d41c1d8c831f7e100cea686b32654f830d53faeeb525666d2e0c35bacd"
             "593ba6403763a855d7a577d78f872b5c2aa993e88606ff6385e884e1d600cf8200");
    assert_int_equal(t.sw, LK_SW_OK);
}

static void M106_auth0_and_auth1_of_the_vector(void **state)
{
    struct lk_chan chan;
    struct lk_session_keys keys;
    uint8_t plain[258], want[6], text[102] = {0};
    struct lk_bytes part = lk_bytes(text, sizeof text);
    size_t len = 0;

    (void)state;
    auth0_of_7_6();
    auth1_of_7_6();
    assert_int_equal(t.answer_len, 88);
    unhex("77dd29c2e1a24b47b39d4c13348caab8", keys.enc);
    unhex("071ef3fced19ee8d0dc10365bdaa4f45", keys.mac);
    unhex("359207a3355fbec222b96c1b831ef53c", keys.rmac);
    memset(&chan, 0, sizeof chan);
    lk_chan_open(&chan, &keys);
    assert_int_equal(lk_chan_open_response(&chan, &t.car, lk_bytes(t.answer, t.answer_len), plain,
                                           &len),
                     LK_OK);
    assert_int_equal(len, 70);
    unhex("4e0200019e40", want);
    assert_memory_equal(plain, want, sizeof want);
    assert_int_equal(unhex("4d0801020304050607088620d65a93977caa3d1b081852ff57a79e465f1660577304"
                           "baead505dd3a48589cf387200217e617f0b6443928278f96999e69a23a4f2c152bdf"
                           "6d6cdf66e5b80282d4ed4c10000102030405060708090a0b0c0d0e0f93044e887b4c",
                           text),
                     sizeof text);
    assert_int_equal(lk_verify(&t.car, t.device_key, &part, 1, plain + 6), LK_OK);
    expect_hex(t.applet.endpoints[0].persistent.key, 32,
               "37075c1d6c5e18aa67320eeba713fd5572d18cdd9b02a6ea93edd8c9b5e089f0");
}

static void fast_cryptogram_of_the_vector(void **state)
{
    uint8_t scalar[32];
    struct test_tap tap;

    (void)state;
    auth0_of_7_6();
    auth1_of_7_6();
    test_tap_init(&t, &tap, 0, 1); /* another AUTH0: the same ephemeral twice is refused */
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    test_tap_forget(&t, &tap);
    memset(scalar, 0x22, sizeof scalar);
    test_spy_queue(&t.spy, scalar);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
    send_hex("80800101635c0201008741" VEHICLE_EPHEMERAL
             "4c10101112131415161718191a1b1c1d1e1f4d08010203040506070800");
    assert_int_equal(t.sw, LK_SW_OK);
    expect_hex(t.answer, t.answer_len,
               "8641" DEVICE_EPHEMERAL "9d10635586d8b574b6f177bd552b4efb3554");
}

static void ST4_a_repeated_ephemeral_is_refused(void **state)
{
    uint8_t scalar[32];

    (void)state;
    auth0_of_7_6();
    memset(scalar, 0x22, sizeof scalar);
    test_spy_queue(&t.spy, scalar);
    send_hex("80800001635c0201008741" VEHICLE_EPHEMERAL
             "4c10000102030405060708090a0b0c0d0e0f4d08010203040506070800");
    assert_int_equal(t.sw, LK_SW_INTERNAL);
    assert_int_equal(t.answer_len, 0);
    assert_int_equal(t.status, LK_PORT_RANDOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(M106_auth0_and_auth1_of_the_vector, start, stop),
        cmocka_unit_test_setup_teardown(fast_cryptogram_of_the_vector, start, stop),
        cmocka_unit_test_setup_teardown(ST4_a_repeated_ephemeral_is_refused, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
