/* EXCHANGE and the two mailboxes: bounds, rights, atomic sessions, and a channel that one anomaly
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/applet_fixture.h"

#define PRIVATE_SIZE 0x0640
#define CONFIDENTIAL_SIZE 0x0120

static struct test_applet t;
static struct test_tap tap;

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
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

static struct lk_exchange_op read_op(int confidential, unsigned offset, unsigned length)
{
    struct lk_exchange_op op = {.kind = LK_EXCHANGE_READ,
                                .is_confidential = (uint8_t)confidential,
                                .offset = (uint16_t)offset,
                                .length = (uint16_t)length};
    return op;
}

static struct lk_exchange_op write_op(int confidential, unsigned offset, const void *data,
                                      size_t len)
{
    struct lk_exchange_op op = {.kind = LK_EXCHANGE_WRITE,
                                .is_confidential = (uint8_t)confidential,
                                .offset = (uint16_t)offset,
                                .data = {data, len}};
    return op;
}

static struct lk_exchange_op set_op(int confidential, unsigned offset, unsigned length,
                                    unsigned value)
{
    struct lk_exchange_op op = {.kind = LK_EXCHANGE_SET,
                                .is_confidential = (uint8_t)confidential,
                                .offset = (uint16_t)offset,
                                .length = (uint16_t)length,
                                .value = (uint8_t)value};
    return op;
}

static uint16_t one(struct lk_exchange_op op)
{
    return test_tap_operate(&t, &tap, LK_EXCHANGE_LAST, &op, 1, NULL, NULL);
}

static uint16_t more(struct lk_exchange_op op)
{
    return test_tap_operate(&t, &tap, LK_EXCHANGE_MORE, &op, 1, NULL, NULL);
}

/* The channel has 255 counters; a fresh session has them all again. */
static void renew(void)
{
    test_tap_forget(&t, &tap);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
}

static uint8_t byte_at(int confidential, unsigned offset)
{
    struct lk_exchange_op op = read_op(confidential, offset, 1);
    uint8_t data[256] = {0};
    size_t len = 0;

    assert_int_equal(test_tap_operate(&t, &tap, 0, &op, 1, data, &len), LK_EXCHANGE_OK);
    assert_int_equal(len, 1);
    return data[0];
}

/* --- M61, M63, M87 --- */

static void M61_mailboxes_hold_what_was_written(void **state)
{
    uint8_t pattern[200], data[256];
    size_t len = 0;
    struct lk_exchange_op op;

    (void)state;
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 7 + 1);
    assert_int_equal(one(write_op(0, 0x40, pattern, sizeof pattern)), LK_EXCHANGE_OK);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    renew();
    op = read_op(0, 0x40, sizeof pattern);
    assert_int_equal(test_tap_operate(&t, &tap, 0, &op, 1, data, &len), LK_EXCHANGE_OK);
    assert_int_equal(len, sizeof pattern);
    assert_memory_equal(data, pattern, sizeof pattern);
}

static void M63_tokens_are_confidential_and_reach_the_window(void **state)
{
    const struct lk_window own = {.offset = 0, .length = 32, .is_set = 1};
    const struct lk_window bitmap = {.offset = 0, .length = 1, .is_set = 1};
    static const uint8_t token[32] = "an immobilizer token, 32 bytes.";
    uint8_t body[32];

    (void)state;
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, 0, &own, &bitmap), LK_SW_OK);
    assert_int_equal(one(write_op(1, 0, token, sizeof token)), LK_EXCHANGE_OK);
    assert_int_equal(one(set_op(0, 0, 1, 0x01)), LK_EXCHANGE_OK);
    renew();
    assert_int_equal(tap.confidential_len, 32);
    assert_memory_equal(tap.confidential, token, sizeof token);
    assert_int_equal(tap.private_len, 1);
    assert_int_equal(tap.private_box[0], 0x01);
    assert_int_equal(test_flash_find(&t.flash, token, sizeof token), 0); /* wrapped at rest */
    /* the framework has no command for the confidential box: GET PRIVATE DATA stops at the end */
    memcpy(body, "\x50\x08", 2);
    memcpy(body + 2, t.endpoint_id, 8);
    memcpy(body + 10, "\xdf\x1b\x02\x00\x01", 5);
    assert_int_equal(test_applet_wired(&t, 0xb2, PRIVATE_SIZE >> 8, PRIVATE_SIZE & 0xff, body, 15),
                     LK_SW_DATA);
}

static void private_data_by_wire_and_by_air_is_one_box(void **state)
{
    uint8_t body[64] = {0x50, 0x08};

    (void)state;
    memcpy(body + 2, t.endpoint_id, 8);
    memcpy(body + 10, "\x4b\x03"
                      "abc",
           5);
    assert_int_equal(test_applet_wired(&t, 0xd2, 0x00, 0x40, body, 15), LK_SW_OK);
    assert_int_equal(byte_at(0, 0x40), 'a');
    assert_int_equal(one(set_op(0, 0x41, 1, 'X')), LK_EXCHANGE_OK);
    memcpy(body + 10, "\xdf\x1b\x02\x00\x03", 5);
    assert_int_equal(test_applet_wired(&t, 0xb2, 0x00, 0x40, body, 15), LK_SW_OK);
    assert_int_equal(t.answer_len, 3);
    assert_memory_equal(t.answer, "aXc", 3);
    /* while the car has staged writes the wire has to wait */
    assert_int_equal(more(set_op(0, 0x41, 1, 'Y')), LK_EXCHANGE_OK);
    assert_int_equal(test_applet_wired(&t, 0xb2, 0x00, 0x40, body, 15), LK_SW_SEQUENCE);
    assert_int_equal(one(read_op(0, 0, 1)), LK_EXCHANGE_OK);
    assert_int_equal(test_applet_wired(&t, 0xb2, 0x00, 0x40, body, 15), LK_SW_OK);
    assert_memory_equal(t.answer, "aYc", 3);
}

/* --- EX1, EX2 --- */

static size_t seal(uint8_t out[64])
{
    static const uint8_t plain[] = {0x00, 0x87, 0x04, 0x00, 0x00, 0x00, 0x01};
    size_t len = 0;

    assert_int_equal(lk_chan_seal_command(&tap.chan, &t.car, lk_bytes(plain, sizeof plain), out,
                                          &len),
                     LK_OK);
    return len;
}

static uint16_t send_sealed(const uint8_t *data, size_t len)
{
    return test_applet_send(&t, LK_NFC, 0x84, 0xc9, 0, 0, data, len, 256);
}

static void EX1_any_anomaly_ends_the_channel(void **state)
{
    uint8_t first[64], second[64];
    size_t len;

    (void)state;
    len = seal(first);
    assert_int_equal(send_sealed(first, len), LK_SW_OK);
    assert_int_equal(send_sealed(first, len), LK_SW_MAC); /* replayed */
    assert_int_equal(send_sealed(first, len), LK_SW_SEQUENCE);

    renew();
    seal(first);
    tap.chan.is_answered = 1;
    len = seal(second);
    assert_int_equal(send_sealed(second, len), LK_SW_MAC); /* the first was dropped */
    assert_int_equal(send_sealed(first, len), LK_SW_SEQUENCE);
}

static void EX2_only_the_whole_mac_counts(void **state)
{
    uint8_t data[64];
    size_t len;

    (void)state;
    for (size_t cut = 1; cut <= 16; cut++) {
        len = seal(data);
        assert_int_equal(send_sealed(data, len - cut), len - cut < 8 ? LK_SW_LENGTH : LK_SW_MAC);
        assert_int_equal(t.answer_len, 0);
        renew();
    }
    for (size_t bit = 0; bit < 64; bit += 7) {
        len = seal(data);
        data[len - 8 + bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(send_sealed(data, len), LK_SW_MAC);
        assert_int_equal(send_sealed(data, len), LK_SW_SEQUENCE);
        renew();
    }
}

static void EX3_bad_padding_looks_like_a_bad_mac(void **state)
{
    static const uint8_t zeros[16];
    uint8_t data[24], tag[16], icv[16], block[16] = {0};
    const struct lk_bytes parts[] = {{tap.chan.mcv, 16}, {data, 16}};

    (void)state;
    /* a good MAC over a block whose padding is all zeros */
    block[15] = 1;
    t.spy.inner->cbc_encrypt(t.spy.inner->ctx, tap.chan.keys.enc, zeros, block, 16, icv);
    memset(block, 0, 16);
    t.spy.inner->cbc_encrypt(t.spy.inner->ctx, tap.chan.keys.enc, icv, block, 16, data);
    assert_int_equal(lk_cmac(&t.car, tap.chan.keys.mac, parts, 2, tag), LK_OK);
    memcpy(data + 16, tag, 8);
    assert_int_equal(send_sealed(data, 24), LK_SW_MAC);
    assert_int_equal(send_sealed(data, 24), LK_SW_SEQUENCE);
}

static void EX4_counter_ff_is_the_last(void **state)
{
    uint8_t data[64];

    (void)state;
    for (int i = 0; i < 0xff; i++)
        assert_int_equal(one(read_op(0, 0, 1)), LK_EXCHANGE_OK);
    assert_int_equal(lk_chan_seal_command(&tap.chan, &t.car, lk_bytes("", 1), data, &(size_t){0}),
                     LK_PEER_COUNTER);
    memset(data, 0, sizeof data);
    assert_int_not_equal(send_sealed(data, 24), LK_SW_OK);
}

/* --- EX5 --- */

static void EX5_bounds_hold_for_every_pair(void **state)
{
    static const unsigned around[] = {0,      1,      2,      31,     32,     0x11f,  0x120, 0x121,
                                      0x63f,  0x640,  0x641,  0x7fff, 0x8000, 0xfffe, 0xffff};
    static const uint8_t zeros[230];
    const size_t num = sizeof around / sizeof around[0];

    (void)state;
    for (int box = 0; box < 2; box++) {
        unsigned size = box ? CONFIDENTIAL_SIZE : PRIVATE_SIZE;

        for (size_t i = 0; i < num; i++) {
            renew();
            for (size_t k = 0; k < num; k++) {
                unsigned at = around[i], len = around[k];
                uint16_t inside = at + len <= size ? LK_EXCHANGE_OK : LK_EXCHANGE_BOUNDS;

                assert_int_equal(one(read_op(box, at, len)),
                                 len > 239 - 6 ? LK_EXCHANGE_BOUNDS : inside);
                assert_int_equal(more(set_op(box, at, len, 0)), inside);
                if (len >= 1 && len <= sizeof zeros)
                    assert_int_equal(more(write_op(box, at, zeros, len)), inside);
            }
        }
    }
}

static void EX5_a_failing_command_does_nothing(void **state)
{
    struct lk_exchange_op ops[2];

    (void)state;
    assert_int_equal(one(set_op(0, 5, 1, 0x11)), LK_EXCHANGE_OK);
    ops[0] = set_op(0, 5, 1, 0x22);
    ops[1] = read_op(0, PRIVATE_SIZE, 1);
    assert_int_equal(test_tap_operate(&t, &tap, 0, ops, 2, NULL, NULL), LK_EXCHANGE_BOUNDS);
    assert_int_equal(byte_at(0, 5), 0x11);
    assert_int_equal(more(set_op(0, 5, 1, 0x33)), LK_EXCHANGE_OK);
    assert_int_equal(one(read_op(0, 0xffff, 2)), LK_EXCHANGE_BOUNDS); /* drops what was staged */
    assert_int_equal(byte_at(0, 5), 0x11);
}

static void malformed_plaintext_is_0002(void **state)
{
    static const char *const texts[] = {"", "\x02", "\x00\x87\x03\x00\x00\x00",
                                        "\x00\x87\x04\x00\x00\x00", "\x00\x99\x00"};
    static const size_t lens[] = {1, 1, 6, 6, 3};
    uint8_t out[256];
    size_t len = 0;

    (void)state;
    for (size_t i = 1; i < 5; i++) {
        assert_int_equal(test_tap_exchange(&t, &tap, (const uint8_t *)texts[i], lens[i], out, &len),
                         LK_SW_OK);
        assert_int_equal(len, 4);
        assert_memory_equal(out, "\x00\x02\x00\x02", 4);
    }
}

/* --- EX6, S12 --- */

static void EX6_confidential_needs_its_right(void **state)
{
    struct test_endpoint endpoint;

    (void)state;
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe1;
    endpoint.option2 = 0x01;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
    renew();
    assert_int_equal(one(read_op(1, 0, 1)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(one(set_op(1, 0, 1, 0)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(one(write_op(1, 0, "x", 1)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(one(read_op(0, 0, 1)), LK_EXCHANGE_OK);
}

static void EX6_no_session_no_byte(void **state)
{
    uint8_t data[64];
    size_t len = seal(data);

    (void)state;
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
    assert_int_equal(send_sealed(data, len), LK_SW_SEQUENCE);
    lk_applet_field_lost(&t.applet);
    assert_int_equal(send_sealed(data, len), LK_SW_SEQUENCE);
    assert_int_equal(test_applet_send(&t, LK_WIRED, 0x84, 0xc9, 0, 0, data, len, 256), LK_SW_INS);
}

static void fast_session(int option1)
{
    struct test_endpoint endpoint;
    struct lk_persistent kept;

    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe2;
    endpoint.option1 = (uint8_t)option1;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
    renew();
    assert_int_equal(test_applet_send(&t, LK_NFC, 0x80, 0x3c, 1, 0, NULL, 0, 0), LK_SW_OK);
    kept = tap.persistent;
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_true(test_tap_fast(&t, &tap, &kept));
}

static void S12_fast_sessions_read_the_private_box_alone(void **state)
{
    (void)state;
    fast_session(0x93);
    assert_int_equal(tap.chan.counter, 0); /* so that the first command is 01 (P-11) */
    assert_int_equal(one(read_op(0, 0, 4)), LK_EXCHANGE_OK);
    assert_int_equal(one(read_op(1, 0, 4)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(one(set_op(1, 0, 4, 1)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(one(write_op(1, 0, "x", 1)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(one(set_op(0, 0, 4, 1)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(one(write_op(0, 0, "x", 1)), LK_EXCHANGE_FORBIDDEN);
    assert_int_equal(byte_at(0, 0), 0);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SEQUENCE); /* no way back to AUTH1 */
}

static void fast_exchange_needs_its_option_bit(void **state)
{
    (void)state;
    fast_session(0x13);
    assert_int_equal(one(read_op(0, 0, 4)), LK_EXCHANGE_FORBIDDEN);
}

static void a_fast_session_without_the_key_answers_6988(void **state)
{
    uint8_t data[64] = {0};

    (void)state;
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 1, 1);
    tap.vehicle_id[0] ^= 0x55;
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(send_sealed(data, 24), LK_SW_MAC);
}

/* --- atomic sessions --- */

static void staged_writes_need_the_last_command(void **state)
{
    (void)state;
    assert_int_equal(more(set_op(0, 7, 1, 0x44)), LK_EXCHANGE_OK);
    assert_int_equal(more(set_op(1, 7, 1, 0x55)), LK_EXCHANGE_OK);
    lk_applet_field_lost(&t.applet);
    renew();
    assert_int_equal(byte_at(0, 7), 0);
    assert_int_equal(byte_at(1, 7), 0);
    assert_int_equal(more(set_op(0, 7, 1, 0x44)), LK_EXCHANGE_OK);
    assert_int_equal(one(set_op(1, 7, 1, 0x55)), LK_EXCHANGE_OK);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    renew();
    assert_int_equal(byte_at(0, 7), 0x44);
    assert_int_equal(byte_at(1, 7), 0x55);
    assert_int_equal(more(set_op(0, 7, 1, 0x66)), LK_EXCHANGE_OK);
    assert_int_equal(test_tap_control(&t, &tap, 1, 0), LK_SW_OK);
    renew();
    assert_int_equal(byte_at(0, 7), 0x44);
}

static void EX9_one_key_cannot_touch_another(void **state)
{
    struct test_endpoint endpoint;
    uint8_t before[PRIVATE_SIZE + CONFIDENTIAL_SIZE];
    uint8_t first[65];

    (void)state;
    assert_int_equal(one(set_op(0, 0, PRIVATE_SIZE, 0xaa)), LK_EXCHANGE_OK);
    assert_int_equal(one(set_op(1, 0, CONFIDENTIAL_SIZE, 0xbb)), LK_EXCHANGE_OK);
    memcpy(before, t.applet.mailbox, sizeof before);
    memcpy(first, t.device_key, 65);
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe1;
    endpoint.vehicle_id[0] = 0x99;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 0, 4);
    memcpy(tap.vehicle_id, endpoint.vehicle_id, 8);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_OK);
    assert_int_equal(one(set_op(0, 0, PRIVATE_SIZE, 0x11)), LK_EXCHANGE_OK);
    assert_int_equal(one(set_op(1, 0, CONFIDENTIAL_SIZE, 0x22)), LK_EXCHANGE_OK);
    memcpy(t.device_key, first, 65);
    renew();
    assert_int_equal(byte_at(0, 0), 0xaa);
    assert_memory_equal(before, t.applet.mailbox, sizeof before);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(M61_mailboxes_hold_what_was_written),
        T(M63_tokens_are_confidential_and_reach_the_window),
        T(private_data_by_wire_and_by_air_is_one_box),
        T(EX1_any_anomaly_ends_the_channel),
        T(EX2_only_the_whole_mac_counts),
        T(EX3_bad_padding_looks_like_a_bad_mac),
        T(EX4_counter_ff_is_the_last),
        T(EX5_bounds_hold_for_every_pair),
        T(EX5_a_failing_command_does_nothing),
        T(malformed_plaintext_is_0002),
        T(EX6_confidential_needs_its_right),
        T(EX6_no_session_no_byte),
        T(S12_fast_sessions_read_the_private_box_alone),
        T(fast_exchange_needs_its_option_bit),
        T(a_fast_session_without_the_key_answers_6988),
        T(staged_writes_need_the_last_command),
        T(EX9_one_key_cannot_touch_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
