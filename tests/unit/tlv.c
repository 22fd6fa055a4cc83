/* tlv: the strict reader against rules, exhaustively where that is possible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "msg/msg.h"
#include "tlv/tlv.h"

static uint8_t big[10u * 1024 * 1024];

/* Walks `in` as a row of TLVs and writes them again. */
static enum lk_status walk(struct lk_bytes in, struct lk_wr *wr, size_t *out_num)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;

    *out_num = 0;
    lk_rd_init(&rd, in, &fault);
    while (fault == LK_OK && rd.left > 0) {
        uint16_t tag = 0;
        struct lk_bytes value = lk_tlv_any(&rd, &tag);
        if (fault == LK_OK)
            lk_tlv_put(wr, tag, value.at, value.len);
        (*out_num)++;
    }
    return fault;
}

/* All 16.8 million inputs of up to three bytes. The rules give the number that must pass: 247
 * one-byte tags (not 00, low five bits not all set) and 8 x 127 of two bytes, so 247 inputs of two
 * bytes (empty value), and 247 x 256 + 8 x 127 of three. Each must re-encode to itself. */
static void PR3_tlv_exhaustive_to_three_bytes(void **state)
{
    uint8_t in[3];
    uint8_t out[8];
    uint32_t num[4] = {0, 0, 0, 0};
    size_t num_tlvs;

    (void)state;
    for (size_t len = 0; len <= 3; len++) {
        uint32_t end = (uint32_t)1 << (8 * len);
        for (uint32_t i = 0; i < end; i++) {
            struct lk_wr wr;
            in[0] = (uint8_t)(i & 0xff);
            in[1] = (uint8_t)(i >> 8 & 0xff);
            in[2] = (uint8_t)(i >> 16 & 0xff);
            lk_wr_init(&wr, out, sizeof out);
            if (walk(lk_bytes(in, len), &wr, &num_tlvs) != LK_OK)
                continue;
            num[len]++;
            if (wr.len != len || memcmp(out, in, len) != 0)
                fail_msg("%02x %02x %02x re-encodes differently", in[0], in[1], in[2]);
        }
    }
    assert_int_equal(num[0], 1);
    assert_int_equal(num[1], 0);
    assert_int_equal(num[2], 247);
    assert_int_equal(num[3], 247 * 256 + 8 * 127);
}

struct rule {
    const char *what;
    const char *bytes;
    size_t len;
    enum lk_status expected;
};

#define RULE(what, bytes, expected) {what, bytes, sizeof bytes - 1, expected}

static void PR3_table_of_rules(void **state)
{
    static const struct rule rules[] = {
        RULE("one-byte tag", "\x5c\x02\x01\x00", LK_OK),
        RULE("two-byte tag", "\x7f\x4a\x00", LK_OK),
        RULE("project tag", "\xdf\x01\x01\x07", LK_OK),
        RULE("tag 00", "\x00\x00", LK_PEER_TLV),
        RULE("padding after a TLV", "\x5c\x00\x00", LK_PEER_TLV),
        RULE("second tag byte 00", "\x7f\x00\x00", LK_PEER_TLV),
        RULE("three-byte tag", "\x7f\x81\x01\x00", LK_PEER_TLV),
        RULE("tag alone", "\x5c", LK_PEER_TLV),
        RULE("half a tag", "\x7f", LK_PEER_TLV),
        RULE("length 7F needs its value", "\x5c\x7f\x01", LK_PEER_TLV),
        RULE("indefinite length", "\x7f\x4a\x80\x00\x00", LK_PEER_TLV),
        RULE("81 not minimal", "\x5c\x81\x01\x00", LK_PEER_TLV),
        RULE("81 7F not minimal", "\x5c\x81\x7f\x00", LK_PEER_TLV),
        RULE("82 not minimal", "\x5c\x82\x00\x01\x00", LK_PEER_TLV),
        RULE("82 00FF not minimal", "\x5c\x82\x00\xff\x00", LK_PEER_TLV),
        RULE("83", "\x5c\x83\x01\x00\x00\x00", LK_PEER_TLV),
        RULE("84", "\x5c\x84\xff\xff\xff\xff", LK_PEER_TLV),
        RULE("FF", "\x5c\xff\x00", LK_PEER_TLV),
        RULE("81 without its byte", "\x5c\x81", LK_PEER_TLV),
        RULE("82 with one byte", "\x5c\x82\x01", LK_PEER_TLV),
        RULE("length over the end", "\x5c\x82\xff\xff\x00", LK_PEER_TLV),
    };
    uint8_t out[16];
    size_t num;

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct lk_wr wr;
        lk_wr_init(&wr, out, sizeof out);
        if (walk(lk_bytes(rules[i].bytes, rules[i].len), &wr, &num) != rules[i].expected)
            fail_msg("%s", rules[i].what);
    }
}

static void PR4_lengths_near_boundaries(void **state)
{
    static const size_t lengths[] = {0, 1, 126, 127, 128, 129, 254, 255, 256, 257, 65534, 65535};
    static const size_t head[] = {2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t missing = 0; missing < 2; missing++) {
            enum lk_status fault = LK_INTERNAL;
            struct lk_bytes value;
            struct lk_wr wr;
            struct lk_rd rd;

            lk_wr_init(&wr, big, sizeof big);
            lk_tlv_head(&wr, 0x5c, lengths[i]);
            assert_int_equal(wr.len, head[i]);
            assert_int_equal(lk_tlv_size(0x5c, lengths[i]), head[i] + lengths[i]);
            assert_int_equal(lk_tlv_total(lk_bytes(big, wr.len), &fault), head[i] + lengths[i]);
            assert_int_equal(fault, LK_OK);
            if (lengths[i] < missing)
                continue;
            lk_rd_init(&rd, lk_bytes(big, head[i] + lengths[i] - missing), &fault);
            value = lk_tlv_take(&rd, 0x5c, 0, 0xffff);
            assert_int_equal(fault, missing ? LK_PEER_TLV : LK_OK);
            assert_int_equal(value.len, missing ? 0 : lengths[i]);
        }
    }
}

static void PR4_writer_refuses_65536(void **state)
{
    struct lk_wr wr;
    size_t at;

    (void)state;
    lk_wr_init(&wr, big, sizeof big);
    lk_tlv_head(&wr, 0x5c, 65536);
    assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
    lk_wr_init(&wr, big, sizeof big);
    at = lk_tlv_begin(&wr, 0x7f4a);
    wr.len += 65536;
    lk_tlv_end(&wr, at);
    assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
}

static void take_says_what_is_wrong(void **state)
{
    static const uint8_t in[] = {0x5c, 0x02, 0x01, 0x00, 0x4e, 0x00};
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;

    (void)state;
    lk_rd_init(&rd, lk_bytes(in, sizeof in), &fault);
    assert_null(lk_tlv_maybe(&rd, 0x5b, 0, 9).at);
    assert_int_equal(fault, LK_OK);
    assert_int_equal(lk_tlv_take(&rd, 0x5c, 2, 2).len, 2);
    assert_non_null(lk_tlv_maybe(&rd, 0x4e, 0, 0).at); /* present and empty is not absent */
    assert_int_equal(lk_tlv_peek(&rd), 0);
    (void)lk_tlv_take(&rd, 0x4e, 0, 0);
    assert_int_equal(fault, LK_PEER_TAG); /* missing */
    lk_rd_init(&rd, lk_bytes(in, sizeof in), &fault);
    (void)lk_tlv_take(&rd, 0x5b, 0, 9);
    assert_int_equal(fault, LK_PEER_TAG); /* another one */
    lk_rd_init(&rd, lk_bytes(in, sizeof in), &fault);
    (void)lk_tlv_take(&rd, 0x5c, 3, 9);
    assert_int_equal(fault, LK_PEER_LENGTH);
    lk_rd_init(&rd, lk_bytes(in, sizeof in), &fault);
    (void)lk_tlv_take(&rd, 0x5c, 0, 1);
    assert_int_equal(fault, LK_PEER_LENGTH);
}

static void total_waits_for_bytes_it_needs(void **state)
{
    static const uint8_t in[] = {0x7f, 0x4a, 0x82, 0x01, 0x00};
    static const uint8_t broken[] = {0x7f, 0x4a, 0x82, 0x00};
    enum lk_status fault = LK_INTERNAL;

    (void)state;
    for (size_t n = 0; n < sizeof in; n++) {
        assert_int_equal(lk_tlv_total(lk_bytes(in, n), &fault), 0);
        assert_int_equal(fault, LK_OK);
    }
    assert_int_equal(lk_tlv_total(lk_bytes(in, sizeof in), &fault), 5 + 256);
    assert_int_equal(lk_tlv_total(lk_bytes(broken, sizeof broken), &fault), 0);
    assert_int_equal(fault, LK_PEER_TLV);
}

static double seconds(size_t len)
{
    clock_t start = clock();
    struct lk_wr wr;
    size_t num;

    lk_wr_init(&wr, NULL, 0);
    (void)walk(lk_bytes(big, len), &wr, &num);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void PR13_ten_megabytes_in_linear_time(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < sizeof big; i += 2) {
        big[i] = 0x4e;
        big[i + 1] = 0x00;
    }
    assert_true(seconds(sizeof big) < 5.0);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = 0x30; /* each byte could open another level */
    assert_true(seconds(sizeof big) < 5.0);
}

static void PR13_deep_nesting_is_refused_at_fixed_depth(void **state)
{
    struct lk_pairing_data data;
    struct lk_creation creation;
    int is_whole = 0;

    (void)state;
    for (size_t i = 0; i + 4 < sizeof big; i += 5)
        memcpy(big + i, "\x7f\x4a\x82\xff\xff", 5);
    assert_int_not_equal(lk_creation_parse(lk_bytes(big, sizeof big), &creation), LK_OK);
    assert_int_not_equal(lk_pairing_data_parse(lk_bytes(big, sizeof big), &data), LK_OK);
    assert_int_equal(lk_pairing_data_whole(lk_bytes(big, sizeof big), &is_whole),
                     LK_PEER_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PR3_tlv_exhaustive_to_three_bytes),
        cmocka_unit_test(PR3_table_of_rules),
        cmocka_unit_test(PR4_lengths_near_boundaries),
        cmocka_unit_test(PR4_writer_refuses_65536),
        cmocka_unit_test(take_says_what_is_wrong),
        cmocka_unit_test(total_waits_for_bytes_it_needs),
        cmocka_unit_test(PR13_ten_megabytes_in_linear_time),
        cmocka_unit_test(PR13_deep_nesting_is_refused_at_fixed_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
