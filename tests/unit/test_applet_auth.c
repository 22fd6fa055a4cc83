/* AUTH0, AUTH1 and CONTROL FLOW: who is answered, who is not, and that nobody can tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

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

/* A confirmed key with a Kpersistent on both sides. */
static struct lk_persistent confirm(void)
{
    struct lk_persistent kept;

    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
    assert_int_equal(test_tap_control(&t, &tap, 1, 0), LK_SW_OK);
    kept = tap.persistent;
    test_tap_forget(&t, &tap);
    return kept;
}

static int fast_works(const struct lk_persistent *kept, uint8_t p2)
{
    int yes;

    test_tap_init(&t, &tap, 1, p2);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
    assert_int_equal(test_tap_auth0_again(&t, &tap), LK_SW_OK);
    yes = test_tap_fast(&t, &tap, kept);
    test_tap_forget(&t, &tap);
    return yes;
}

static void raw_auth0(const uint8_t point[65])
{
    uint8_t body[99] = {0x5c, 2, 1, 0, 0x87, 65};

    memcpy(body + 6, point, 65);
    body[71] = 0x4c;
    body[72] = 16;
    body[89] = 0x4d;
    body[90] = 8;
    memcpy(body + 91, t.vehicle_id, 8);
    test_applet_select(&t, LK_NFC);
    test_applet_send(&t, LK_NFC, 0x80, 0x80, 0, 1, body, sizeof body, 256);
}

static void raw_auth1(const uint8_t *signature)
{
    uint8_t body[66] = {0x9e, 0x40};

    memcpy(body + 2, signature, 64);
    test_applet_send(&t, LK_NFC, 0x80, 0x81, 0, 0, body, sizeof body, 256);
}

/* --- S13, D23, FA4 --- */

struct shape {
    uint16_t sw0, sw1;
    size_t len0, len1;
    uint32_t calls0, verifies1, signs1;
};

/* AUTH0 with fast wanted, then AUTH1 with a good signature. */
static struct shape measure(const uint8_t vehicle_id[8])
{
    struct shape shape;
    uint8_t signature[64];

    test_tap_init(&t, &tap, 1, 1);
    memcpy(tap.vehicle_id, vehicle_id, 8);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
    test_spy_arm(&t.spy, 0);
    shape.sw0 = test_tap_auth0_again(&t, &tap);
    shape.calls0 = t.spy.calls;
    shape.len0 = t.answer_len;
    assert_int_equal(test_tap_sign(&t, &tap, signature), LK_OK);
    t.spy.verifies = t.spy.signs = 0;
    raw_auth1(signature);
    shape.sw1 = t.sw;
    shape.len1 = t.answer_len;
    shape.verifies1 = t.spy.verifies;
    shape.signs1 = t.spy.signs;
    test_tap_forget(&t, &tap);
    return shape;
}

static void FA4_auth0_has_one_shape(void **state)
{
    static const uint8_t unknown[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    struct shape none, fresh, valid;

    (void)state;
    none = measure(unknown);
    fresh = measure(t.vehicle_id); /* known, no Kpersistent */
    confirm();
    valid = measure(t.vehicle_id);
    assert_int_equal(none.sw0, LK_SW_OK);
    assert_int_equal(none.len0, 67 + 18);
    assert_int_equal(fresh.len0, none.len0);
    assert_int_equal(valid.len0, none.len0);
    assert_int_equal(fresh.calls0, none.calls0);
    assert_int_equal(valid.calls0, none.calls0);
}

static void expect_refused(struct shape shape)
{
    assert_int_equal(shape.sw0, LK_SW_OK);
    assert_int_equal(shape.sw1, LK_SW_SECURITY);
    assert_int_equal(shape.len1, 0);
    assert_int_equal(shape.verifies1, 1);
    assert_int_equal(shape.signs1, 0);
}

static void S13_refusals_look_alike(void **state)
{
    static const uint8_t unknown[8] = {9, 9, 9, 9, 9, 9, 9, 9};

    (void)state;
    confirm();
    expect_refused(measure(unknown));
    assert_int_equal(t.applet.notice.status, LK_TAP_WRONG_CAR);
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, NULL, NULL),
                     LK_SW_OK);
    expect_refused(measure(t.vehicle_id));
    assert_int_equal(t.applet.notice.status, LK_KEY_LOCKED);
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_ACTIVE, NULL, NULL),
                     LK_SW_OK);
    assert_int_equal(measure(t.vehicle_id).sw1, LK_SW_OK);
    assert_int_equal(test_applet_instance(&t, -1, 1), LK_SW_OK);
    expect_refused(measure(t.vehicle_id));
    assert_int_equal(test_applet_instance(&t, -1, 0), LK_SW_OK);
    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    expect_refused(measure(t.vehicle_id));
    assert_int_equal(t.applet.notice.status, LK_KEY_TERMINATED);
}

static void S13_bad_signature_looks_like_unknown(void **state)
{
    uint8_t signature[64];

    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_sign(&t, &tap, signature), LK_OK);
    signature[63] ^= 1;
    t.spy.verifies = t.spy.signs = 0;
    raw_auth1(signature);
    assert_int_equal(t.sw, LK_SW_SECURITY);
    assert_int_equal(t.answer_len, 0);
    assert_int_equal(t.spy.verifies, 1);
    assert_int_equal(t.spy.signs, 0);
    assert_int_equal(t.status, LK_PEER_SIGNATURE);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_UNCONFIRMED);
}

static void S13_syntax_comes_before_look_up(void **state)
{
    uint8_t body[99] = {0};

    (void)state;
    for (int known = 0; known < 2; known++) {
        memcpy(body + 91, t.vehicle_id, 8);
        body[91] = (uint8_t)(known ? t.vehicle_id[0] : 0x77);
        test_applet_select(&t, LK_NFC);
        test_spy_arm(&t.spy, 0);
        assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x80, 1, 1, body, 99, 256), LK_SW_DATA);
        assert_int_equal(t.spy.calls, 0);
    }
}

/* --- ST1, ST2 --- */

static void ST1_bad_ephemeral_points_are_refused(void **state)
{
    uint8_t point[65];
    uint8_t good[65];

    (void)state;
    memcpy(good, t.vehicle.public_key, 65);
    for (int kind = 0; kind < 9; kind++) {
        memcpy(point, good, 65);
        if (kind == 0)
            memset(point, 0, 65);
        else if (kind == 1)
            memset(point + 1, 0, 64);
        else if (kind == 2)
            point[64] ^= 1;
        else if (kind == 3)
            memset(point + 33, 0, 32);
        else if (kind == 4)
            memset(point + 1, 0xff, 32);
        else if (kind == 5)
            memset(point + 33, 0xff, 32);
        else
            point[0] = (uint8_t)(kind == 6 ? 0x02 : kind == 7 ? 0x06 : 0x07);
        t.spy.signs = 0;
        raw_auth0(point);
        assert_int_equal(t.sw, LK_SW_DATA);
        assert_int_equal(t.answer_len, 0);
        assert_int_equal(t.spy.signs, 0);
        assert_int_equal(t.applet.air.state, 0);
    }
    raw_auth0(good);
    assert_int_equal(t.sw, LK_SW_OK);
}

/* One public key of the Wycheproof file as the car's ephemeral key: 9000 exactly for valid ones. */
static void judge_point(json_t *test)
{
    const char *hex = json_string_value(json_object_get(test, "public"));
    int is_valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    uint8_t point[65];

    if (strlen(hex) != 2 * sizeof point) /* AUTH0 has one length: 6700 before anything else */
        return;
    for (size_t i = 0; i < sizeof point; i++) {
        unsigned value = 0;

        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        point[i] = (uint8_t)value;
    }
    raw_auth0(point);
    assert_int_equal(t.sw, is_valid ? LK_SW_OK : LK_SW_DATA);
}

static void ST1_wycheproof_points(void **state)
{
    const char *folder = getenv("LATCHKEY_WYCHEPROOF");
    char path[512];
    json_t *root, *groups;

    (void)state;
    if (folder == NULL || folder[0] == 0) {
        print_message("skipped: LATCHKEY_WYCHEPROOF does not name the folder of the vectors\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/ecdh_secp256r1_ecpoint_test.json", folder);
    root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    groups = json_object_get(root, "testGroups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        json_t *tests = json_object_get(json_array_get(groups, i), "tests");

        for (size_t k = 0; k < json_array_size(tests); k++)
            judge_point(json_array_get(tests, k));
    }
    json_decref(root);
}

static void ST2_bad_signatures_name_nobody(void **state)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    uint8_t signature[64];

    (void)state;
    for (int kind = 0; kind < 7; kind++) {
        test_tap_init(&t, &tap, 0, 1);
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
        assert_int_equal(test_tap_sign(&t, &tap, signature), LK_OK);
        if (kind == 0)
            memset(signature, 0, 32);
        else if (kind == 1)
            memset(signature + 32, 0, 32);
        else if (kind == 2)
            memcpy(signature, order, 32);
        else if (kind == 3)
            memcpy(signature + 32, order, 32);
        else if (kind == 4)
            memset(signature, 0xff, 64);
        else if (kind == 5)
            memset(signature, 0, 64);
        else
            signature[0] ^= 0x80;
        raw_auth1(signature);
        assert_int_equal(t.sw, LK_SW_SECURITY);
        assert_int_equal(t.answer_len, 0);
        test_tap_forget(&t, &tap);
    }
}

static void ST2_another_car_is_refused(void **state)
{
    struct test_ca_key other, own = t.vehicle;

    (void)state;
    assert_int_equal(test_ca_key_make(&t.car, &other), LK_OK);
    t.vehicle = other;
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_SECURITY);
    t.vehicle = own;
    test_tap_forget(&t, &tap);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
}

static void ST2_wrong_lengths_are_refused(void **state)
{
    uint8_t body[80] = {0x9e, 0x3f};

    (void)state;
    for (size_t len = 0; len <= sizeof body; len++) {
        if (len == 66)
            continue;
        test_tap_init(&t, &tap, 0, 1);
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
        assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x81, 0, 0, body, len, 256),
                         LK_SW_LENGTH);
        test_tap_forget(&t, &tap);
    }
}

static void ST3_nothing_of_auth0_may_change(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        uint8_t signature[64];

        test_tap_init(&t, &tap, 0, 1);
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
        if (kind == 0)
            tap.transaction_id[0] ^= 1;
        else if (kind == 1)
            tap.ephemeral_public[5] ^= 1;
        else
            tap.device_ephemeral[5] ^= 1;
        assert_int_equal(test_tap_sign(&t, &tap, signature), LK_OK);
        raw_auth1(signature);
        assert_int_equal(t.sw, LK_SW_SECURITY);
        test_tap_forget(&t, &tap);
    }
}

/* --- ST9 --- */

static void ST9_header_bytes_cannot_open_anything(void **state)
{
    struct lk_persistent kept = confirm();

    (void)state;
    for (unsigned bit = 0; bit < 8; bit++) { /* P2 of AUTH0 changed in flight */
        test_tap_init(&t, &tap, 1, (uint8_t)(1u << bit));
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
        tap.p2 = 0x55; /* what the car believes it sent */
        assert_false(test_tap_fast(&t, &tap, &kept));
        assert_int_equal(test_tap_auth1(&t, &tap), 0); /* R-MAC under other keys */
        test_tap_forget(&t, &tap);
    }
    for (unsigned p1 = 0; p1 < 256; p1++) {
        if ((p1 & ~5u) == 0)
            continue;
        test_tap_init(&t, &tap, (uint8_t)p1, 1);
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_P1P2);
        test_tap_forget(&t, &tap);
    }
}

static void ST9_status_words_outside_9000_carry_nothing(void **state)
{
    uint8_t body[66] = {0x9e, 0x40};

    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_sign(&t, &tap, body + 2), LK_OK);
    assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x81, 1, 0, body, 66, 256), LK_SW_P1P2);
    assert_int_equal(t.answer_len, 0);
    assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x81, 0, 0, body, 66, 256),
                     LK_SW_SEQUENCE); /* the session is gone */
}

/* --- S12, M103, S24 --- */

static void S12_fast_only_for_doors(void **state)
{
    struct lk_persistent kept = confirm();

    (void)state;
    for (unsigned p2 = 0; p2 < 256; p2++)
        assert_int_equal(fast_works(&kept, (uint8_t)p2), p2 == 1 || p2 == 2);
}

static void M103_no_fast_before_a_standard_one(void **state)
{
    struct lk_persistent zero, kept;

    (void)state;
    memset(&zero, 0, sizeof zero);
    assert_false(fast_works(&zero, 1));
    kept = confirm();
    assert_true(fast_works(&kept, 1));
    assert_false(fast_works(&zero, 1));
}

static void M102_refused_fast_goes_on_as_standard(void **state)
{
    (void)state;
    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_OK);
}

static void fast_needs_its_option_bit(void **state)
{
    struct test_endpoint endpoint;
    struct lk_persistent kept;

    (void)state;
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe1;
    endpoint.option1 = 0x11;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
    kept = confirm();
    assert_false(fast_works(&kept, 1));
}

static void S24_versions_below_the_frozen_head_are_refused(void **state)
{
    struct test_endpoint endpoint;

    (void)state;
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe1;
    endpoint.versions_len = 4;
    memcpy(endpoint.versions, "\x01\x01\x01\x00", 4);
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
    expect_refused(measure(t.vehicle_id)); /* AUTH0 answers as ever, AUTH1 is 6982 */
    assert_int_equal(t.applet.notice.status, LK_PEER_VERSION);
}

static void unknown_versions_are_refused(void **state)
{
    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    tap.version[1] = 1;
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_DATA);
}

/* --- M26, M27, M59, LI1, LI5 --- */

static void M26_express_needs_no_user(void **state)
{
    (void)state;
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
}

static void M27_without_express_each_tap_asks(void **state)
{
    (void)state;
    assert_int_equal(test_applet_instance(&t, 0, -1), LK_SW_OK);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_SEQUENCE);
    assert_int_equal(t.applet.notice.status, LK_NEEDS_USER_AUTH);
    assert_int_equal(test_applet_wired(&t, 0x34, 1, 0, NULL, 0), LK_SW_OK);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK); /* SELECT alone spends nothing */
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
    assert_int_equal(test_tap_control(&t, &tap, 1, 0), LK_SW_OK);
    test_tap_forget(&t, &tap);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_SEQUENCE); /* spent */
    assert_int_equal(test_applet_wired(&t, 0x34, 1, 0, NULL, 0), LK_SW_OK);
    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_auth0_again(&t, &tap), LK_SW_SEQUENCE); /* one AUTH0 each */
    assert_int_equal(test_applet_wired(&t, 0x34, 1, 0, NULL, 0), LK_SW_OK);
    t.now_ms += LK_USER_AUTH_FRESH_MS;
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_SEQUENCE); /* too old */
    assert_int_equal(test_applet_wired(&t, 0x34, 1, 0, NULL, 0), LK_SW_OK);
    t.now_ms -= 1;
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_SEQUENCE); /* a clock that went back */
    t.now_ms += 1;
    assert_int_equal(test_applet_wired(&t, 0x34, 1, 0, NULL, 0), LK_SW_OK);
    assert_int_equal(test_applet_wired(&t, 0x34, 0, 0, NULL, 0), LK_SW_OK);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_SEQUENCE); /* taken back */
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_SEQUENCE); /* the setting stays */
}

static void M59_a_key_serves_its_own_car_alone(void **state)
{
    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    tap.vehicle_id[7] ^= 1;
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SECURITY);
}

static void LI1_removed_between_auth0_and_auth1(void **state)
{
    static const uint8_t how[] = {0x78, 0x74};

    (void)state;
    for (size_t i = 0; i < sizeof how; i++) {
        struct test_endpoint endpoint;

        test_endpoint_default(&t, &endpoint);
        endpoint.endpoint_id[0] = (uint8_t)(0xd0 + i);
        assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
        test_tap_init(&t, &tap, 1, 1);
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
        assert_int_equal(test_applet_wired_id(&t, how[i], 0, endpoint.endpoint_id), LK_SW_OK);
        assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SECURITY);
        test_tap_forget(&t, &tap);
    }
}

static void LI5_lost_mode_takes_effect_mid_transaction(void **state)
{
    const struct lk_exchange_op read = {.kind = LK_EXCHANGE_READ, .length = 1};
    struct lk_persistent kept = confirm();

    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_applet_instance(&t, -1, 1), LK_SW_OK);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SECURITY);
    test_tap_forget(&t, &tap);
    assert_false(fast_works(&kept, 1));
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_SECURITY); /* M88: survives */
    test_tap_forget(&t, &tap);
    assert_int_equal(test_applet_instance(&t, -1, 0), LK_SW_OK);
    assert_true(fast_works(&kept, 1)); /* M44: the same keys are back */
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
    assert_int_equal(test_applet_instance(&t, -1, 1), LK_SW_OK);
    assert_int_equal(test_tap_operate(&t, &tap, 0, &read, 1, NULL, NULL), 0xffff);
    assert_int_equal(t.sw, LK_SW_MAC);
}

static void S12_locking_a_key_wipes_kpersistent(void **state)
{
    struct lk_persistent kept = confirm();

    (void)state;
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, NULL, NULL),
                     LK_SW_OK);
    assert_false(fast_works(&kept, 1));
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_ACTIVE, NULL, NULL),
                     LK_SW_OK);
    assert_false(fast_works(&kept, 1));
    kept = confirm();
    assert_true(fast_works(&kept, 1));
}

/* --- ST12, D20, sessions --- */

static void ST12_idle_limit_to_the_millisecond(void **state)
{
    (void)state;
    for (int off = -1; off <= 1; off++) {
        test_tap_init(&t, &tap, 0, 1);
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
        t.now_ms += (uint64_t)((int)LK_TIMER_SESSION_IDLE_MS + off);
        assert_int_equal(test_tap_auth1(&t, &tap), off <= 0 ? LK_SW_OK : LK_SW_SEQUENCE);
        test_tap_forget(&t, &tap);
    }
    test_tap_init(&t, &tap, 0, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    t.now_ms -= 1; /* a clock that goes back ends it too */
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SEQUENCE);
}

static void D20_unconfirmed_keys_die(void **state)
{
    (void)state;
    t.now_ms += LK_TIMER_OWNER_PAIRING_MS;
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_UNCONFIRMED);
    t.now_ms += 1;
    assert_int_equal(test_applet_state(&t, t.endpoint_id), 0);
}

static void D20_unconfirmed_keys_die_at_start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), 0);
}

static void D20_confirmed_keys_stay(void **state)
{
    struct lk_persistent kept = confirm();

    (void)state;
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    t.now_ms += 10 * (uint64_t)LK_TIMER_OWNER_PAIRING_MS;
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_ACTIVE);
    assert_true(fast_works(&kept, 1));
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
}

/* Each tap checks the signature under t.device_key: whose key answered is part of its success. */
static void D18_the_old_key_answers_until_phase_3(void **state)
{
    struct test_endpoint endpoint;
    uint8_t first[65], second[65];

    (void)state;
    confirm();
    memcpy(first, t.device_key, 65);
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe1;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
    memcpy(second, t.device_key, 65);
    memcpy(t.device_key, first, 65);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK); /* a door: the confirmed one */
    test_tap_forget(&t, &tap);
    memcpy(t.device_key, second, 65);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK); /* phase 3: the new one */
    assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x3c, 1, 0, NULL, 0, 0), LK_SW_OK);
    test_tap_forget(&t, &tap);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK); /* and from then on everywhere */
    test_tap_forget(&t, &tap);
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, endpoint.endpoint_id), LK_SW_OK);
    memcpy(t.device_key, first, 65);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
}

static void each_auth0_has_its_own_ephemeral(void **state)
{
    uint8_t first[65], signature[64];

    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    memcpy(first, tap.device_ephemeral, 65);
    assert_int_equal(test_tap_sign(&t, &tap, signature), LK_OK);
    assert_int_equal(test_tap_auth0_again(&t, &tap), LK_SW_OK);
    assert_memory_not_equal(first, tap.device_ephemeral, 65);
    raw_auth1(signature); /* of the AUTH0 before */
    assert_int_equal(t.sw, LK_SW_SECURITY);
}

/* Each ephemeral key is freed: a provider has room for a few hundred at most. */
static void RA15_a_flood_of_auth0_loses_no_handle(void **state)
{
    uint8_t point[65];

    (void)state;
    memcpy(point, t.vehicle.public_key, 65);
    raw_auth0(point);
    for (int i = 0; i < 600; i++) {
        uint8_t body[99] = {0x5c, 2, 1, 0, 0x87, 65};

        memcpy(body + 6, point, 65);
        memcpy(body + 71, "\x4c\x10", 2);
        memcpy(body + 89, "\x4d\x08", 2);
        assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x80, 1, 1, body, 99, 256), LK_SW_OK);
    }
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK); /* the owner is served */
}

static void ST8_two_radios_share_no_session(void **state)
{
    uint8_t signature[64];

    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_sign(&t, &tap, signature), LK_OK);
    tap.interface = LK_BLE;
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SEQUENCE);
    tap.interface = LK_NFC;
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_OK); /* the first goes on undisturbed */
}

static void field_loss_ends_the_session(void **state)
{
    (void)state;
    test_tap_init(&t, &tap, 0, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    lk_applet_field_lost(&t.applet);
    assert_int_equal(t.applet.notice.status, LK_PEER_GONE);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SEQUENCE);
}

static void D23_notice_tells_the_phone(void **state)
{
    const struct lk_applet_notice *notice = lk_applet_last_notice(&t.applet);
    struct lk_wired_notice wired;

    (void)state;
    confirm();
    assert_int_equal(notice->status, LK_OK);
    assert_int_equal(notice->control_p1, 1);
    assert_int_equal(notice->p2, 1);
    assert_int_equal(notice->was_fast, 0);
    assert_memory_equal(notice->endpoint_id, t.endpoint_id, 8);
    assert_int_equal(test_applet_wired(&t, 0x86, 0, 0, NULL, 0), LK_SW_OK);
    assert_int_equal(lk_wired_notice_parse(lk_bytes(t.answer, t.answer_len), &wired), LK_OK);
    assert_int_equal(wired.status, LK_OK);
    assert_memory_equal(wired.vehicle_id.at, t.vehicle_id, 8);
}

static void S1_control_flow_moves_no_key(void **state)
{
    (void)state;
    confirm();
    for (unsigned p2 = 0; p2 < 256; p2++) {
        assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
        assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x3c, 0, (uint8_t)p2, NULL, 0, 0),
                         LK_SW_OK);
    }
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_ACTIVE);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(FA4_auth0_has_one_shape),
        T(S13_refusals_look_alike),
        T(S13_bad_signature_looks_like_unknown),
        T(S13_syntax_comes_before_look_up),
        T(ST1_bad_ephemeral_points_are_refused),
        T(ST1_wycheproof_points),
        T(ST2_bad_signatures_name_nobody),
        T(ST2_another_car_is_refused),
        T(ST2_wrong_lengths_are_refused),
        T(ST3_nothing_of_auth0_may_change),
        T(ST9_header_bytes_cannot_open_anything),
        T(ST9_status_words_outside_9000_carry_nothing),
        T(S12_fast_only_for_doors),
        T(M103_no_fast_before_a_standard_one),
        T(M102_refused_fast_goes_on_as_standard),
        T(fast_needs_its_option_bit),
        T(S24_versions_below_the_frozen_head_are_refused),
        T(unknown_versions_are_refused),
        T(M26_express_needs_no_user),
        T(M27_without_express_each_tap_asks),
        T(M59_a_key_serves_its_own_car_alone),
        T(LI1_removed_between_auth0_and_auth1),
        T(LI5_lost_mode_takes_effect_mid_transaction),
        T(S12_locking_a_key_wipes_kpersistent),
        T(ST12_idle_limit_to_the_millisecond),
        T(D20_unconfirmed_keys_die),
        T(D20_unconfirmed_keys_die_at_start),
        T(D20_confirmed_keys_stay),
        T(D18_the_old_key_answers_until_phase_3),
        T(each_auth0_has_its_own_ephemeral),
        T(RA15_a_flood_of_auth0_loses_no_handle),
        T(ST8_two_radios_share_no_session),
        T(field_loss_ends_the_session),
        T(D23_notice_tells_the_phone),
        T(S1_control_flow_moves_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
