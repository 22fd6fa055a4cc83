/* cert_build.c: see cert_build.h. */
#include "support/cert_build.h"

#include <string.h>

#include "crypto/crypto.h"
#include "pki/pki.h"
#include "tlv/der.h"

static void keep(struct test_parts *parts, enum test_part part, struct lk_bytes bytes)
{
    memcpy(parts->data[part], bytes.at, bytes.len);
    parts->len[part] = bytes.len;
}

static void take_extensions(struct lk_rd *tbs, struct test_parts *out)
{
    struct lk_rd wrap = lk_der_enter(tbs, LK_DER_CONTEXT_CONSTRUCTED(3));
    struct lk_rd list = lk_der_enter(&wrap, LK_DER_SEQUENCE);

    while (lk_der_peek(&list) != 0) {
        struct lk_rd peek = list;
        struct lk_rd inside = lk_der_enter(&peek, LK_DER_SEQUENCE);
        struct lk_bytes oid = lk_der_oid(&inside);
        struct lk_bytes whole = lk_der_whole(&list, LK_DER_SEQUENCE);
        enum test_part part = PART_ROLE;

        if (oid.len == 3)
            part = oid.at[2] == 0x23   ? PART_AKI
                   : oid.at[2] == 0x0e ? PART_SKI
                   : oid.at[2] == 0x0f ? PART_KEY_USAGE
                                       : PART_BASIC;
        if (*list.fault == LK_OK)
            keep(out, part, whole);
    }
}

/* The text of a name of one attribute, as all of our own are. */
static void take_issuer(struct lk_bytes name, struct test_parts *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_bytes text;
    struct lk_rd rd;

    lk_rd_init(&rd, name, &fault);
    (void)lk_name_read(&rd, &text);
    if (fault == LK_OK && text.len <= sizeof out->issuer) {
        memcpy(out->issuer, text.at, text.len);
        out->issuer_len = text.len;
    }
}

int test_parts_take(struct lk_crypto *crypto, const struct test_ca_cert *cert,
                    struct test_parts *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd, outer, tbs;
    struct lk_cert parsed;

    if (lk_cert_parse(crypto, test_ca_bytes(cert), &parsed) != LK_OK)
        return 0;
    memset(out, 0, sizeof *out);
    memcpy(out->point, parsed.public_key, 65);
    memcpy(out->ski, parsed.ski.at, 20);
    memcpy(out->aki, parsed.aki.at, 20);
    if (parsed.role_value.len > sizeof out->role_value)
        return 0;
    if (parsed.role_value.len != 0)
        memcpy(out->role_value, parsed.role_value.at, parsed.role_value.len);
    out->role_value_len = parsed.role_value.len;
    out->role_number = (uint8_t)lk_role_fact(parsed.role)->number;
    take_issuer(parsed.issuer, out);
    lk_rd_init(&rd, test_ca_bytes(cert), &fault);
    outer = lk_der_enter(&rd, LK_DER_SEQUENCE);
    tbs = lk_der_enter(&outer, LK_DER_SEQUENCE);
    keep(out, PART_VERSION, lk_der_whole(&tbs, LK_DER_CONTEXT_CONSTRUCTED(0)));
    keep(out, PART_SERIAL, lk_der_whole(&tbs, LK_DER_INTEGER));
    keep(out, PART_INNER_ALGORITHM, lk_der_whole(&tbs, LK_DER_SEQUENCE));
    keep(out, PART_ISSUER, lk_der_whole(&tbs, LK_DER_SEQUENCE));
    keep(out, PART_VALIDITY, lk_der_whole(&tbs, LK_DER_SEQUENCE));
    keep(out, PART_SUBJECT, lk_der_whole(&tbs, LK_DER_SEQUENCE));
    keep(out, PART_SPKI, lk_der_whole(&tbs, LK_DER_SEQUENCE));
    take_extensions(&tbs, out);
    keep(out, PART_OUTER_ALGORITHM, lk_der_whole(&outer, LK_DER_SEQUENCE));
    return fault == LK_OK;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two hex digits at `hex`, -1 if they are not. */
static int octet(const char *hex)
{
    int high = digit(hex[0]), low = high < 0 ? -1 : digit(hex[1]);

    return low < 0 ? -1 : high * 16 + low;
}

/* What a capital stands for; an empty window for anything else. */
static struct lk_bytes run_of(const struct test_parts *parts, char letter)
{
    switch (letter) {
    case 'P':
        return lk_bytes(parts->point, 65);
    case 'X':
        return lk_bytes(parts->point + 1, 64);
    case 'S':
        return lk_bytes(parts->ski, 20);
    case 'A':
        return lk_bytes(parts->aki, 20);
    case 'C':
        return lk_bytes(parts->issuer, parts->issuer_len);
    case 'R':
        return lk_bytes(&parts->role_number, 1);
    case 'V':
        return lk_bytes(parts->role_value, parts->role_value_len);
    default:
        return lk_bytes(NULL, 0);
    }
}

/* The tag before an open brace, and where its content began. */
struct open_brace {
    uint8_t tag;
    size_t from;
};

/* One sign of the row; gives how many characters it took, 0 if it is none. */
static size_t one_sign(const struct test_parts *parts, const char *hex, struct lk_wr *wr,
                       struct open_brace *stack, size_t *depth)
{
    struct lk_bytes run = run_of(parts, *hex);
    int value = octet(*hex == 'Z' ? hex + 1 : hex);

    if (*hex == ' ')
        return 1;
    if (*hex == '{' && *depth < 8 && wr->len > 0) {
        stack[(*depth)++] = (struct open_brace){wr->at[wr->len - 1], wr->len - 1};
        wr->len--;
        return 1;
    }
    if (*hex == '}' && *depth > 0) {
        (*depth)--;
        lk_der_wrap(wr, stack[*depth].from, stack[*depth].tag);
        return 1;
    }
    if (strchr("PXSACRV", *hex) != NULL) {
        lk_wr_put(wr, run.at, run.len);
        return 1;
    }
    if (value < 0)
        return 0;
    for (int i = 0; *hex == 'Z' && i < value; i++)
        lk_wr_u8(wr, 0x41);
    if (*hex == 'Z')
        return 3;
    lk_wr_u8(wr, (uint8_t)value);
    return 2;
}

int test_parts_set(struct test_parts *parts, enum test_part part, const char *hex)
{
    struct open_brace stack[8];
    size_t depth = 0;
    struct lk_wr wr;

    lk_wr_init(&wr, parts->data[part], sizeof parts->data[part]);
    while (*hex != 0) {
        size_t taken = one_sign(parts, hex, &wr, stack, &depth);

        if (taken == 0)
            return 0;
        hex += taken;
    }
    parts->len[part] = wr.len;
    return wr.fault == LK_OK && depth == 0;
}

static void put(struct lk_wr *wr, const struct test_parts *parts, enum test_part part)
{
    lk_wr_put(wr, parts->data[part], parts->len[part]);
}

static void put_good_signature(struct lk_crypto *crypto, struct lk_wr *wr, struct lk_key signer,
                               struct lk_bytes tbs)
{
    uint8_t signature[64];
    size_t from = wr->len, pair;

    if (lk_sign(crypto, signer, &tbs, 1, signature) != LK_OK)
        wr->fault = LK_INTERNAL;
    lk_wr_u8(wr, 0);
    pair = wr->len;
    lk_der_put_unsigned(wr, LK_DER_INTEGER, signature, 32);
    lk_der_put_unsigned(wr, LK_DER_INTEGER, signature + 32, 32);
    lk_der_wrap(wr, pair, LK_DER_SEQUENCE);
    lk_der_wrap(wr, from, LK_DER_BIT_STRING);
}

size_t test_parts_join(struct lk_crypto *crypto, const struct test_parts *parts,
                       struct lk_key signer, uint8_t *out, size_t cap)
{
    struct lk_wr wr;
    size_t from, tbs_len;

    lk_wr_init(&wr, out, cap);
    for (int part = PART_VERSION; part < PART_AKI; part++)
        put(&wr, parts, (enum test_part)part);
    from = wr.len;
    for (int part = PART_AKI; part <= PART_EXTRA; part++)
        put(&wr, parts, (enum test_part)part);
    lk_der_wrap(&wr, from, LK_DER_SEQUENCE);
    lk_der_wrap(&wr, from, LK_DER_CONTEXT_CONSTRUCTED(3));
    put(&wr, parts, PART_TBS_TAIL);
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    tbs_len = wr.len;
    put(&wr, parts, PART_OUTER_ALGORITHM);
    if (parts->len[PART_SIGNATURE] != 0)
        put(&wr, parts, PART_SIGNATURE);
    else if (wr.fault == LK_OK)
        put_good_signature(crypto, &wr, signer, lk_bytes(out, tbs_len));
    put(&wr, parts, PART_CERT_TAIL);
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    put(&wr, parts, PART_FILE_TAIL);
    return wr.fault == LK_OK ? wr.len : 0;
}
