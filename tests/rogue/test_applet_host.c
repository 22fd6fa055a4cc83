/* test_applet_host.c: a host and a car that do whatever they like to one element: odd sizes,
 * windows and states, deletions under a running session, staged writes left open, wired commands on
 * the air. After each restart the element is as it was. Attacks LI1, LI5, LI10, EX7; D20, D22. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/applet_fixture.h"
#include "support/crypto_fixture.h"

static struct test_applet t;

static uint32_t below(uint32_t limit)
{
    return test_flash_random(&t.flash) % limit;
}

static uint16_t odd_size(void)
{
    static const uint16_t sizes[] = {0, 1, 32, 287, 288, 289, 1599, 1600, 1601, 0xffff};

    return sizes[below(sizeof sizes / sizeof sizes[0])];
}

static const uint8_t *some_id(void)
{
    static uint8_t id[8];

    memcpy(id, t.endpoint_id, 8);
    id[7] ^= (uint8_t)below(20);
    return id;
}

static void make(void)
{
    static const uint8_t options[] = {0x03, 0x13, 0x20, 0x80, 0x81, 0xff};
    struct test_endpoint endpoint;

    test_endpoint_default(&t, &endpoint);
    memcpy(endpoint.endpoint_id, some_id(), 8);
    endpoint.vehicle_id[7] ^= (uint8_t)below(2);
    endpoint.slot_len = (uint8_t)below(9);
    endpoint.versions_len = (uint8_t)(2 * below(5));
    memcpy(endpoint.versions, "\x01\x00\x01\x00\x01\x00\x01", 8);
    if (below(3) == 0) {
        endpoint.option1 = options[below(sizeof options)];
        endpoint.option2 = options[below(sizeof options)];
        endpoint.confidential_size = odd_size();
        endpoint.private_size = odd_size();
    }
    (void)test_applet_create_endpoint(&t, below(8) == 0 ? "OTHER" : "TESTCA", &endpoint);
}

static void set_up(void)
{
    struct lk_window windows[2];

    for (size_t i = 0; i < 2; i++)
        windows[i] = (struct lk_window){
            .is_set = 1, .offset = odd_size(), .length = (uint8_t)below(256)};
    (void)test_applet_setup(&t, some_id(), (int)below(6), below(2) ? &windows[0] : NULL,
                            below(2) ? &windows[1] : NULL);
}

/* A session that ends somewhere; what was staged is left open. */
static void tap(void)
{
    static const uint8_t write[] = {1, 0x8a, 4, 0, 0, 'a', 'b'};
    struct test_tap tap;
    uint8_t out[300];
    size_t len = 0;

    if (test_tap_standard(&t, &tap, below(2) ? 1 : 4) == LK_SW_OK && below(2))
        (void)test_tap_exchange(&t, &tap, write, sizeof write, out, &len);
    if (below(2))
        (void)test_applet_send(&t, LK_NFC, 0x80, 0x3c, (uint8_t)below(2), 0, NULL, 0, 0);
    test_tap_forget(&t, &tap);
}

static void private_data(void)
{
    uint8_t body[256] = {0x50, 8};
    uint16_t at = odd_size(), len = (uint16_t)below(220);

    memcpy(body + 2, some_id(), 8);
    body[10] = 0x4b;
    if (len < 0x80) {
        body[11] = (uint8_t)len;
        (void)test_applet_wired(&t, 0xd2, (uint8_t)(at >> 8), (uint8_t)at, body, 12u + len);
        return;
    }
    body[11] = 0x81;
    body[12] = (uint8_t)len;
    (void)test_applet_wired(&t, 0xd2, (uint8_t)(at >> 8), (uint8_t)at, body, 13u + len);
}

/* Any command with any body; on the air no wired one is known (D22). */
static void noise(void)
{
    static const uint8_t wired[] = {0x38, 0x3a, 0x70, 0x7e, 0x78, 0x74, 0x76,
                                    0xd0, 0xb0, 0xd2, 0xb2, 0x34, 0x36, 0x86};
    uint8_t body[255], ins = wired[below(sizeof wired)];
    size_t len = below(256);

    for (size_t i = 0; i < len; i++)
        body[i] = (uint8_t)below(256);
    assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, ins, 0, 0, body, len, 0), LK_SW_INS);
    (void)test_applet_wired(&t, ins, (uint8_t)below(256), (uint8_t)below(256), body, len);
}

/* Power off and on: what was confirmed is the same in every field, what was not is gone. */
static void restart(void)
{
    static struct lk_endpoint before[LK_APPLET_NUM_ENDPOINTS];
    uint8_t express = t.applet.express, locked = t.applet.locked;
    uint64_t age = t.applet.age;

    memcpy(before, t.applet.endpoints, sizeof before);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        struct lk_endpoint *was = &before[i], is = t.applet.endpoints[i];

        if (was->state == LK_ENDPOINT_UNCONFIRMED)
            memset(was, 0, sizeof *was);
        was->key = is.key;
        was->is_new = 0;
        was->created_ms = 0;
        assert_memory_equal(was, &is, sizeof is);
    }
    assert_int_equal(t.applet.express, express);
    assert_int_equal(t.applet.locked, locked);
    assert_true(t.applet.age == age);
}

static void one_step(void)
{
    switch (below(16)) {
    case 0:
    case 1:
        make();
        break;
    case 2:
    case 3:
        set_up();
        break;
    case 4:
        (void)test_applet_wired_id(&t, 0x78, (uint8_t)below(256), some_id());
        break;
    case 5:
        (void)test_applet_wired_id(&t, 0x74, 0, some_id());
        break;
    case 6:
        private_data();
        break;
    case 7:
        (void)test_applet_instance(&t, (int)below(3) - 1, below(4) == 0);
        break;
    case 8:
        (void)test_applet_wired(&t, 0x34, (uint8_t)below(3), 0, NULL, 0);
        break;
    case 9:
        noise();
        break;
    case 10:
        t.now_ms += below(4) * 100000u;
        break;
    case 11:
        lk_applet_field_lost(&t.applet);
        break;
    case 12:
        restart();
        break;
    default:
        tap();
    }
}

static void LI10_anything_in_any_order(void **state)
{
    unsigned steps = long_or_short(4000);

    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
    assert_int_equal(test_applet_create_ca(&t, "OTHER"), LK_SW_OK);
    t.flash.random = 20;
    for (unsigned i = 0; i < steps; i++) {
        one_step();
        if (i % 500 != 499)
            continue;
        (void)test_applet_wired(&t, 0x3a, 0, 0, (const uint8_t *)"\x5f\x20\x05OTHER", 8);
        (void)test_applet_create_ca(&t, "OTHER");
    }
    restart();
    assert_int_equal(t.leaked, 0);
    test_applet_forget(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(LI10_anything_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
