/* name.c: Names. They are compared as opaque bytes; only their form is checked here and the
 * CommonName is found. pki C4, C5, O2, O3; spec/certificates.md, section 2.2. */
#include "pki/pki.h"

const uint8_t lk_pki_common_name[3] = {0x55, 0x04, 0x03};

static int is_printable(struct lk_bytes text)
{
    static const char others[] = " '()+,-./:=?";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        int is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if (!is_letter && (c == 0 || strchr(others, c) == NULL))
            return 0;
    }
    return 1;
}

/* Number of continuation bytes after the lead byte `c` and the range of the first of them, which
 * keeps out overlong forms, surrogates and numbers above 10FFFF. -1: no lead byte. */
static int follow(uint8_t c, uint8_t *out_low, uint8_t *out_high)
{
    *out_low = 0x80;
    *out_high = 0xbf;
    if (c >= 0x20 && c < 0x7f)
        return 0;
    if (c >= 0xc2 && c <= 0xdf)
        return 1;
    if (c == 0xe0)
        *out_low = 0xa0;
    if (c == 0xed)
        *out_high = 0x9f;
    if (c >= 0xe0 && c <= 0xef)
        return 2;
    if (c == 0xf0)
        *out_low = 0x90;
    if (c == 0xf4)
        *out_high = 0x8f;
    return c >= 0xf0 && c <= 0xf4 ? 3 : -1;
}

/* UTF-8 without control characters: a name is shown to people. */
static int is_utf8(struct lk_bytes text)
{
    size_t i = 0;

    while (i < text.len) {
        uint8_t low, high;
        int num = follow(text.at[i++], &low, &high);

        if (num < 0 || (size_t)num > text.len - i)
            return 0;
        for (; num > 0; num--, i++) {
            if (text.at[i] < low || text.at[i] > high)
                return 0;
            low = 0x80;
            high = 0xbf;
        }
    }
    return 1;
}

/* One attribute: a type of the X.520 arc and a printable or UTF-8 string. */
static void attribute(struct lk_rd *rd, struct lk_bytes *common_name)
{
    struct lk_bytes type = lk_der_oid(rd);
    uint8_t tag = lk_der_peek(rd);
    struct lk_bytes text;
    int is_good;

    if (tag != LK_DER_PRINTABLE && tag != LK_DER_UTF8) {
        lk_rd_fail(rd, LK_CERT_NAME);
        return;
    }
    text = lk_der_take(rd, tag);
    is_good = tag == LK_DER_PRINTABLE ? is_printable(text) : is_utf8(text);
    if (!is_good || text.len == 0 || text.len > LK_COMMON_NAME_MAX || type.len != 3 ||
        memcmp(type.at, lk_pki_common_name, 2) != 0) {
        lk_rd_fail(rd, LK_CERT_NAME);
        return;
    }
    if (type.at[2] != lk_pki_common_name[2])
        return;
    if (common_name->at != NULL) /* a second one: which is meant? */
        lk_rd_fail(rd, LK_CERT_NAME);
    *common_name = text;
}

struct lk_bytes lk_name_read(struct lk_rd *rd, struct lk_bytes *out_common_name)
{
    struct lk_bytes whole = lk_der_whole(rd, LK_DER_SEQUENCE), common_name = {NULL, 0};
    struct lk_rd all = {whole.at, whole.len, rd->fault}, names;

    if (whole.len > LK_NAME_MAX || whole.len == 2)
        lk_rd_fail(rd, LK_CERT_NAME);
    names = lk_der_enter(&all, LK_DER_SEQUENCE);
    while (lk_der_peek(&names) != 0) {
        struct lk_rd set = lk_der_enter(&names, LK_DER_SET);
        struct lk_rd pair = lk_der_enter(&set, LK_DER_SEQUENCE);

        attribute(&pair, &common_name);
        lk_der_close(&pair);
        lk_der_close(&set); /* one attribute per set: no order to get wrong */
    }
    lk_der_close(&names);
    *out_common_name = common_name;
    return whole;
}
