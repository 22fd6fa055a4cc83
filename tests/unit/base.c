/* base: statuses, bytes, cursors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "latchkey/latchkey.h"

static void every_status_has_words(void **state)
{
    static const enum lk_status all[] = {
#define LK_STATUS(name, value, exit_code, what, advice) name,
#include "facts/status.def"
#undef LK_STATUS
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(lk_status_fault(all[i]), (unsigned)all[i] >> 8);
        assert_true(strlen(lk_status_what(all[i])) > 0);
        assert_memory_equal(lk_status_name(all[i]), "LK_", 3);
        assert_non_null(lk_status_advice(all[i]));
        assert_in_range(lk_status_exit_code(all[i]), all[i] == LK_OK ? 0 : 1, 99);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(all[i], all[j]);
    }
}

static void unknown_status_is_our_own_fault(void **state)
{
    (void)state;
    assert_int_equal(lk_status_fault((enum lk_status)0x0199 + 0x40), LK_FAULT_OURSELVES);
    assert_int_equal(lk_status_exit_code((enum lk_status)0x7000), 70);
    assert_string_equal(lk_status_name((enum lk_status)0x7000), "LK_UNKNOWN");
    assert_int_equal(lk_status_fault(LK_INTERNAL), LK_FAULT_OURSELVES);
}

static void verdicts_differ_in_all_bits(void **state)
{
    (void)state;
    assert_int_equal(LK_GRANT ^ LK_DENY, 0xffff);
}

static void equal_sees_every_byte(void **state)
{
    uint8_t a[40] = {0};
    uint8_t b[40] = {0};

    (void)state;
    assert_int_equal(lk_equal(a, b, 0), 1);
    assert_int_equal(lk_equal(a, b, sizeof a), 1);
    for (size_t i = 0; i < sizeof a; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(1u << bit);
            assert_int_equal(lk_equal(a, b, sizeof a), 0);
            assert_int_equal(lk_is_zero(b, sizeof b), 0);
        }
        b[i] = 0;
    }
    assert_int_equal(lk_is_zero(b, sizeof b), 1);
    assert_int_equal(lk_bytes_equal(lk_bytes(a, 3), lk_bytes(b, 4)), 0);
    assert_int_equal(lk_bytes_equal(lk_bytes(a, 4), lk_bytes(b, 4)), 1);
}

static void wipe_wipes_exactly(void **state)
{
    uint8_t a[8];

    (void)state;
    memset(a, 0xaa, sizeof a);
    lk_wipe(a + 1, 6);
    assert_int_equal(a[0], 0xaa);
    assert_int_equal(a[7], 0xaa);
    assert_int_equal(lk_is_zero(a + 1, 6), 1);
    lk_wipe(NULL, 0);
}

static void integers_are_big_endian(void **state)
{
    uint8_t a[8];

    (void)state;
    lk_put64(a, 0x0102030405060708u);
    assert_memory_equal(a, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_true(lk_be64(a) == 0x0102030405060708u);
    assert_int_equal(lk_be32(a), 0x01020304);
    assert_int_equal(lk_be16(a), 0x0102);
    lk_put32(a, 0xfffefdfcu);
    assert_true(lk_be32(a) == 0xfffefdfcu);
}

static void read_window_keeps_first_fault(void **state)
{
    static const uint8_t in[4] = {1, 2, 3, 4};
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;
    struct lk_rd child;

    (void)state;
    lk_rd_init(&rd, lk_bytes(in, 4), &fault);
    child = lk_rd_child(&rd, 2);
    assert_int_equal(lk_rd_u8(&child), 1);
    lk_rd_close(&child); /* one byte is left */
    assert_int_equal(fault, LK_PEER_LENGTH);
    lk_rd_fail(&rd, LK_PEER_VALUE);
    assert_int_equal(fault, LK_PEER_LENGTH);
    assert_int_equal(lk_rd_u8(&rd), 0); /* the parent is empty too */
    assert_int_equal(lk_rd_u16(&rd), 0);
    assert_int_equal(lk_rd_u32(&rd), 0);
    assert_null(lk_rd_take(&rd, 0).at);
}

/* PR4: lengths near every power that could wrap. */
static void PR4_read_window_refuses_huge_lengths(void **state)
{
    static const uint8_t in[4] = {1, 2, 3, 4};
    static const size_t lengths[] = {5, 255, 256, 257, 65535, 65536, 0x7fffffff, 0x80000000u,
                                     0xffffffffu, (size_t)-1, (size_t)-2, (size_t)-4,
                                     ((size_t)-1) / 2};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        enum lk_status fault = LK_INTERNAL;
        struct lk_rd rd;

        lk_rd_init(&rd, lk_bytes(in, 4), &fault);
        assert_int_equal(lk_rd_take(&rd, lengths[i]).len, 0);
        assert_int_equal(fault, LK_PEER_LENGTH);
    }
}

static void write_window_stops_at_its_end(void **state)
{
    uint8_t out[5] = {0, 0, 0, 0, 0xee};
    struct lk_wr wr;

    (void)state;
    lk_wr_init(&wr, out, 4);
    lk_wr_u16(&wr, 0x0102);
    lk_wr_u32(&wr, 0x03040506);
    assert_int_equal(wr.fault, LK_CALLER_SPACE);
    lk_wr_u8(&wr, 9); /* would fit, but the fault stays */
    assert_int_equal(wr.len, 2);
    assert_int_equal(out[4], 0xee);
    lk_wr_init(&wr, out, 4);
    lk_wr_put(&wr, out, (size_t)-1);
    assert_int_equal(wr.fault, LK_CALLER_SPACE);
    lk_wr_init(&wr, NULL, 0);
    lk_wr_bytes(&wr, lk_bytes(NULL, 0));
    assert_int_equal(wr.fault, LK_OK);
}

static void version_is_that_of_the_header(void **state)
{
    (void)state;
    assert_string_equal(lk_version(), LATCHKEY_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_words),
        cmocka_unit_test(unknown_status_is_our_own_fault),
        cmocka_unit_test(verdicts_differ_in_all_bits),
        cmocka_unit_test(equal_sees_every_byte),
        cmocka_unit_test(wipe_wipes_exactly),
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(read_window_keeps_first_fault),
        cmocka_unit_test(PR4_read_window_refuses_huge_lengths),
        cmocka_unit_test(write_window_stops_at_its_end),
        cmocka_unit_test(version_is_that_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
