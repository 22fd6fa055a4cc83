/* read.c: one certificate. pki 2.4, items 1 to 3, 5 to 9 and 11; spec/certificates.md, section 2.
 * Statuses come in the order of the bytes; what needs more than one field is checked at the end. */
#include "pki/pki.h"

const uint8_t lk_pki_algorithm[12] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
const uint8_t lk_pki_spki_head[LK_SPKI_HEAD_LEN] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

/* The order of P-256. */
static const uint8_t order[LK_SCALAR_LEN] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static void version(struct lk_rd *tbs)
{
    struct lk_rd rd;
    struct lk_bytes number;

    if (lk_der_peek(tbs) != LK_DER_CONTEXT_CONSTRUCTED(0)) {
        lk_rd_fail(tbs, LK_CERT_X509_VERSION);
        return;
    }
    rd = lk_der_enter(tbs, LK_DER_CONTEXT_CONSTRUCTED(0));
    number = lk_der_integer(&rd, LK_DER_INTEGER);
    lk_der_close(&rd);
    if (number.len != 1 || number.at[0] != 2)
        lk_rd_fail(tbs, LK_CERT_X509_VERSION);
}

static void serial(struct lk_rd *tbs, struct lk_cert *cert)
{
    struct lk_bytes number = lk_der_integer(tbs, LK_DER_INTEGER);
    int is_zero = number.len == 1 && number.at[0] == 0;

    if (number.len == 0)
        return;
    if (number.len > LK_SERIAL_MAX || number.at[0] >= 0x80 || is_zero)
        lk_rd_fail(tbs, LK_CERT_SERIAL);
    cert->serial = number;
}

static void algorithm(struct lk_rd *rd)
{
    struct lk_bytes all = lk_der_whole(rd, LK_DER_SEQUENCE);

    if (!lk_bytes_equal(all, lk_bytes(lk_pki_algorithm, sizeof lk_pki_algorithm)))
        lk_rd_fail(rd, LK_CERT_ALGORITHM);
}

static struct lk_bytes date(struct lk_rd *rd, uint8_t out[LK_DATE_LEN])
{
    uint8_t tag = lk_der_peek(rd);
    size_t len = tag == LK_DER_UTC_TIME ? LK_DATE_LEN - 2 : LK_DATE_LEN;
    struct lk_bytes content;

    if (tag != LK_DER_UTC_TIME && tag != LK_DER_GENERALIZED_TIME) {
        lk_rd_fail(rd, LK_CERT_VALIDITY);
        return lk_bytes(NULL, 0);
    }
    content = lk_der_take(rd, tag);
    if (content.len != len || !lk_date_expand(content, out))
        lk_rd_fail(rd, LK_CERT_VALIDITY);
    return content;
}

static void validity(struct lk_rd *tbs, struct lk_cert *cert)
{
    uint8_t from[LK_DATE_LEN] = {0}, to[LK_DATE_LEN] = {0};
    struct lk_rd rd = lk_der_enter(tbs, LK_DER_SEQUENCE);

    cert->not_before = date(&rd, from);
    cert->not_after = date(&rd, to);
    lk_der_close(&rd);
    if (memcmp(from, to, sizeof from) > 0)
        lk_rd_fail(tbs, LK_CERT_VALIDITY);
}

/* The algorithm and the curve are fixed bytes; the point follows, uncompressed. */
static void public_key(struct lk_rd *tbs, struct lk_cert *cert)
{
    struct lk_rd rd = lk_der_enter(tbs, LK_DER_SEQUENCE);
    struct lk_bytes kind = lk_der_whole(&rd, LK_DER_SEQUENCE), point;
    uint8_t unused;

    if (!lk_bytes_equal(kind, lk_bytes(lk_pki_spki_head + 2, 21)))
        lk_rd_fail(&rd, LK_CERT_KEY);
    point = lk_der_bits(&rd, &unused);
    if (unused != 0 || point.len != LK_POINT_LEN || point.at[0] != 0x04) {
        lk_rd_fail(&rd, LK_CERT_POINT);
        return;
    }
    lk_der_close(&rd);
    cert->public_key = point.at;
}

static void extensions(struct lk_rd *tbs, struct lk_cert *cert)
{
    struct lk_rd rd;

    if (*tbs->fault == LK_OK && tbs->left == 0) {
        lk_rd_fail(tbs, LK_CERT_EXT_MISSING);
        return;
    }
    rd = lk_der_enter(tbs, LK_DER_CONTEXT_CONSTRUCTED(3));
    lk_extensions_read(&rd, cert);
    lk_der_close(&rd);
}

/* r or s: 1 to n-1, as 32 bytes. */
static void scalar(struct lk_rd *rd, uint8_t out[LK_SCALAR_LEN])
{
    struct lk_bytes number = lk_der_integer(rd, LK_DER_INTEGER);

    if (number.len > 1 && number.at[0] == 0)
        number = lk_bytes(number.at + 1, number.len - 1);
    else if (number.len > 0 && number.at[0] >= 0x80)
        lk_rd_fail(rd, LK_CERT_SIGNATURE_FORM);
    if (number.len == 0 || number.len > LK_SCALAR_LEN) {
        lk_rd_fail(rd, LK_CERT_SIGNATURE_FORM);
        return;
    }
    memset(out, 0, LK_SCALAR_LEN);
    memcpy(out + LK_SCALAR_LEN - number.len, number.at, number.len);
    if (lk_is_zero(out, LK_SCALAR_LEN) || memcmp(out, order, LK_SCALAR_LEN) >= 0)
        lk_rd_fail(rd, LK_CERT_SIGNATURE_FORM);
}

/* The BIT STRING holds DER again; whatever is wrong in there is a malformed signature. */
static void signature(struct lk_rd *outer, struct lk_cert *cert)
{
    uint8_t unused;
    struct lk_bytes bits = lk_der_bits(outer, &unused);
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd, pair;

    lk_rd_init(&rd, bits, &fault);
    pair = lk_der_enter(&rd, LK_DER_SEQUENCE);
    scalar(&pair, cert->signature);
    scalar(&pair, cert->signature + LK_SCALAR_LEN);
    lk_der_close(&pair);
    lk_der_close(&rd);
    if (unused != 0 || fault != LK_OK)
        lk_rd_fail(outer, LK_CERT_SIGNATURE_FORM);
}

static void to_be_signed(struct lk_rd *outer, struct lk_cert *cert)
{
    struct lk_bytes unused_name;
    struct lk_rd tbs = lk_der_enter(outer, LK_DER_SEQUENCE);

    version(&tbs);
    serial(&tbs, cert);
    algorithm(&tbs);
    cert->issuer = lk_name_read(&tbs, &unused_name);
    validity(&tbs, cert);
    cert->subject = lk_name_read(&tbs, &cert->common_name);
    public_key(&tbs, cert);
    extensions(&tbs, cert);
    lk_der_close(&tbs);
}

/* The key lies on the curve and the subject key identifier is its hash, whoever says so. */
static enum lk_status key_checks(struct lk_crypto *crypto, const struct lk_cert *cert)
{
    uint8_t id[LK_KEY_ID_LEN];
    enum lk_status status = lk_point_check(crypto, cert->public_key);

    if (status == LK_PEER_POINT)
        return LK_CERT_POINT;
    LK_TRY(status);
    LK_TRY(lk_key_id(crypto, cert->public_key, id));
    if (memcmp(id, cert->ski.at, sizeof id) != 0)
        return LK_CERT_SKI;
    return LK_OK;
}

enum lk_status lk_cert_parse(struct lk_crypto *crypto, struct lk_bytes der, struct lk_cert *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_cert cert;
    struct lk_rd all, outer, copy;

    if (der.len > LK_CERT_MAX)
        return LK_CERT_SIZE;
    memset(&cert, 0, sizeof cert);
    cert.der = der;
    cert.role = LK_ROLE_NONE;
    lk_rd_init(&all, der, &fault);
    outer = lk_der_enter(&all, LK_DER_SEQUENCE);
    lk_der_close(&all); /* nothing after the certificate */
    copy = outer;
    cert.tbs = lk_der_whole(&copy, LK_DER_SEQUENCE);
    to_be_signed(&outer, &cert);
    algorithm(&outer);
    signature(&outer, &cert);
    lk_der_close(&outer);
    LK_TRY(fault);
    LK_TRY(lk_extensions_check(&cert));
    LK_TRY(key_checks(crypto, &cert));
    *out = cert;
    return LK_OK;
}
