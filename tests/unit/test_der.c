/* test_der.c: the DER reader and writer. spec/certificates.md, section 2. */
#include "tlv/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum lk_status fault;

static struct lk_rd over(const void *data, size_t len)
{
    struct lk_rd rd;

    lk_rd_init(&rd, lk_bytes(data, len), &fault);
    return rd;
}

/* Reads one OCTET STRING and closes. */
static enum lk_status octets(const uint8_t *data, size_t len)
{
    struct lk_rd rd = over(data, len);

    (void)lk_der_take(&rd, LK_DER_OCTET_STRING);
    lk_der_close(&rd);
    return fault;
}

static void PK10_lengths_are_minimal(void **state)
{
    static const struct {
        uint8_t head[5];
        size_t head_len, content;
        enum lk_status expect;
    } rows[] = {
        {{4, 0}, 2, 0, LK_OK},
        {{4, 0x7f}, 2, 0x7f, LK_OK},
        {{4, 0x80}, 2, 2, LK_CERT_DER},
        {{4, 0x81, 0x7f}, 3, 0x7f, LK_CERT_DER},
        {{4, 0x81, 0x80}, 3, 0x80, LK_OK},
        {{4, 0x81, 0xff}, 3, 0xff, LK_OK},
        {{4, 0x82, 0x00, 0xff}, 4, 0xff, LK_CERT_DER},
        {{4, 0x82, 0x01, 0x00}, 4, 0x100, LK_OK},
        {{4, 0x83, 0x00, 0x01, 0x00}, 5, 0x100, LK_CERT_DER},
        {{4, 0x84, 0x00, 0x00, 0x01}, 5, 0x100, LK_CERT_DER},
        {{4, 0xff}, 2, 0x7f, LK_CERT_DER},
        {{4, 5}, 2, 4, LK_CERT_DER},  /* longer than its parent */
        {{4, 5}, 2, 6, LK_CERT_DER},  /* a trailing byte */
        {{5, 0}, 2, 0, LK_CERT_DER},  /* another tag */
        {{0x24, 0}, 2, 0, LK_CERT_DER}, /* constructed */
        {{4, 0x82, 0xff, 0xff}, 4, 0x100, LK_CERT_DER},
    };
    static uint8_t data[0x200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(data, 0, sizeof data);
        memcpy(data, rows[i].head, rows[i].head_len);
        assert_int_equal(octets(data, rows[i].head_len + rows[i].content), rows[i].expect);
    }
    assert_int_equal(octets(data, 0), LK_CERT_DER);
    assert_int_equal(octets((const uint8_t *)"\x04", 1), LK_CERT_DER);
    assert_int_equal(octets((const uint8_t *)"\x04\x81", 2), LK_CERT_DER);
    assert_int_equal(octets((const uint8_t *)"\x04\x82\x01", 3), LK_CERT_DER);
}

static void first_fault_is_kept(void **state)
{
    static const uint8_t data[] = {0x30, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x00};
    struct lk_rd rd = over(data, sizeof data), child;

    (void)state;
    child = lk_der_enter(&rd, LK_DER_SEQUENCE);
    assert_int_equal(lk_der_u16(&child, LK_DER_INTEGER), 5);
    lk_rd_fail(&child, LK_CERT_SERIAL);
    lk_der_close(&child);
    assert_int_equal(lk_der_peek(&rd), 0);
    assert_null(lk_der_take(&rd, LK_DER_OCTET_STRING).at);
    assert_int_equal(fault, LK_CERT_SERIAL);
}

static enum lk_status number(const char *data, size_t len, uint16_t expect)
{
    struct lk_rd rd = over(data, len);
    uint16_t value = lk_der_u16(&rd, LK_DER_INTEGER);

    lk_der_close(&rd);
    if (fault == LK_OK)
        assert_int_equal(value, expect);
    return fault;
}

static void PK10_integers_are_minimal(void **state)
{
    (void)state;
    assert_int_equal(number("\x02\x01\x00", 3, 0), LK_OK);
    assert_int_equal(number("\x02\x01\x7f", 3, 127), LK_OK);
    assert_int_equal(number("\x02\x02\x00\x80", 4, 128), LK_OK);
    assert_int_equal(number("\x02\x03\x00\xff\xff", 5, 65535), LK_OK);
    assert_int_equal(number("\x02\x00", 2, 0), LK_CERT_DER);
    assert_int_equal(number("\x02\x01\x80", 3, 0), LK_CERT_DER);
    assert_int_equal(number("\x02\x02\x00\x7f", 4, 0), LK_CERT_DER);
    assert_int_equal(number("\x02\x02\xff\x80", 4, 0), LK_CERT_DER);
    assert_int_equal(number("\x02\x03\x01\x00\x00", 5, 0), LK_CERT_DER);
    assert_int_equal(number("\x02\x04\x00\x80\x00\x00", 6, 0), LK_CERT_DER);
}

static int flag(const char *data, size_t len)
{
    struct lk_rd rd = over(data, len);

    return lk_der_flag(&rd);
}

static void PK10_booleans_are_ff_or_absent(void **state)
{
    (void)state;
    assert_int_equal(flag("\x01\x01\xff", 3), 1);
    assert_int_equal(fault, LK_OK);
    assert_int_equal(flag("\x04\x00", 2), 0);
    assert_int_equal(fault, LK_OK);
    assert_int_equal(flag("\x01\x01\x00", 3), 0);
    assert_int_equal(fault, LK_CERT_DER);
    assert_int_equal(flag("\x01\x01\x01", 3), 0);
    assert_int_equal(fault, LK_CERT_DER);
    assert_int_equal(flag("\x01\x02\xff\xff", 4), 0);
    assert_int_equal(fault, LK_CERT_DER);
}

static enum lk_status bits(const char *data, size_t len)
{
    struct lk_rd rd = over(data, len);
    uint8_t unused;

    (void)lk_der_bits(&rd, &unused);
    lk_der_close(&rd);
    return fault;
}

static void PR8_bit_strings(void **state)
{
    (void)state;
    assert_int_equal(bits("\x03\x02\x07\x80", 4), LK_OK);
    assert_int_equal(bits("\x03\x02\x00\x81", 4), LK_OK);
    assert_int_equal(bits("\x03\x01\x00", 3), LK_OK);
    assert_int_equal(bits("\x03\x00", 2), LK_CERT_DER);
    assert_int_equal(bits("\x03\x01\x01", 3), LK_CERT_DER);
    assert_int_equal(bits("\x03\x02\x08\x00", 4), LK_CERT_DER);
    assert_int_equal(bits("\x03\x02\x07\xc0", 4), LK_CERT_DER);
    assert_int_equal(bits("\x03\x02\x01\x81", 4), LK_CERT_DER);
}

static void writer_reads_back(void **state)
{
    static const size_t lengths[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0x3ff};
    static uint8_t content[0x400], out[0x500];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct lk_wr wr;
        struct lk_rd rd, child;

        lk_wr_init(&wr, out, sizeof out);
        lk_der_put(&wr, LK_DER_OCTET_STRING, content, lengths[i]);
        lk_der_put_u16(&wr, LK_DER_INTEGER, 0x8001);
        lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
        assert_int_equal(wr.fault, LK_OK);
        rd = over(out, wr.len);
        child = lk_der_enter(&rd, LK_DER_SEQUENCE);
        assert_int_equal(lk_der_take(&child, LK_DER_OCTET_STRING).len, lengths[i]);
        assert_int_equal(lk_der_u16(&child, LK_DER_INTEGER), 0x8001);
        lk_der_close(&child);
        lk_der_close(&rd);
        assert_int_equal(fault, LK_OK);
    }
}

/* Every space that is too small is said, and nothing is written past it. */
static void writer_keeps_to_its_space(void **state)
{
    static const uint8_t content[0x90] = {1};
    uint8_t out[0xb0];

    (void)state;
    for (size_t cap = 0; cap < 0x90 + 3 + 3; cap++) {
        struct lk_wr wr;

        memset(out, 0x5a, sizeof out);
        lk_wr_init(&wr, out, cap);
        lk_der_put(&wr, LK_DER_OCTET_STRING, content, sizeof content);
        lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
        assert_int_equal(wr.fault, LK_CALLER_SPACE);
        for (size_t i = cap; i < sizeof out; i++)
            assert_int_equal(out[i], 0x5a);
    }
}

/* What three bytes of length cannot say is refused, whatever the space; nothing is written. */
static void writer_knows_the_longest_element(void **state)
{
    static uint8_t content[0x10000], out[0x10010];
    struct lk_wr wr;

    (void)state;
    lk_wr_init(&wr, out, sizeof out);
    lk_der_put(&wr, LK_DER_OCTET_STRING, content, 0xffff);
    assert_int_equal(wr.fault, LK_OK);
    assert_memory_equal(out, "\x04\x82\xff\xff", 4);
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    assert_int_equal(wr.fault, LK_CALLER_SPACE);
    assert_int_equal(wr.len, 0xffff + 4);
    lk_wr_init(&wr, out, sizeof out);
    lk_der_put(&wr, LK_DER_OCTET_STRING, content, sizeof content);
    assert_int_equal(wr.fault, LK_CALLER_SPACE);
    assert_int_equal(wr.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PK10_lengths_are_minimal),
        cmocka_unit_test(first_fault_is_kept),
        cmocka_unit_test(PK10_integers_are_minimal),
        cmocka_unit_test(PK10_booleans_are_ff_or_absent),
        cmocka_unit_test(PR8_bit_strings),
        cmocka_unit_test(writer_reads_back),
        cmocka_unit_test(writer_keeps_to_its_space),
        cmocka_unit_test(writer_knows_the_longest_element),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
