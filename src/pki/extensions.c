/* extensions.c: the five extensions of the profile. Order is free; doubles and unknown critical
 * ones are refused. pki 1.2, 1.3 and 2.4 items 5, 7, 8, 9; spec/certificates.md, section 3. */
#include "pki/pki.h"

const uint8_t lk_pki_arc[9] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xc4, 0x69, 0x05};
const uint8_t lk_pki_own_arc[20] = {0x69, 0x81, 0xf6, 0xbd, 0xc1, 0xbd, 0xe4, 0xa2, 0xe2, 0x96,
                                    0xb7, 0xab, 0xcf, 0xd9, 0xbe, 0xbd, 0xbd, 0xb9, 0xc7, 0x1e};

/* keyUsage bits of the first byte. */
#define DIGITAL_SIGNATURE 0x80
#define DATA_ENCIPHERMENT 0x10
#define KEY_AGREEMENT 0x08
#define KEY_CERT_SIGN 0x04
#define CRL_SIGN 0x02

static void read_ski(struct lk_rd *rd, struct lk_cert *cert)
{
    cert->ski = lk_der_take(rd, LK_DER_OCTET_STRING);
    if (cert->ski.len != LK_KEY_ID_LEN)
        lk_rd_fail(rd, LK_CERT_EXT_VALUE);
}

/* keyIdentifier alone: issuer and serial are another way to say the same, and ours is one. */
static void read_aki(struct lk_rd *rd, struct lk_cert *cert)
{
    struct lk_rd inner = lk_der_enter(rd, LK_DER_SEQUENCE);

    cert->aki = lk_der_take(&inner, LK_DER_CONTEXT(0));
    if (cert->aki.len != LK_KEY_ID_LEN)
        lk_rd_fail(&inner, LK_CERT_EXT_VALUE);
    lk_der_close(&inner);
}

/* A named bit list ends with its last set bit; nine bits (decipherOnly) have no use here. */
static void read_key_usage(struct lk_rd *rd, struct lk_cert *cert)
{
    uint8_t unused;
    struct lk_bytes bits = lk_der_bits(rd, &unused);

    if (bits.len != 1 || (bits.at[0] >> unused & 1) == 0) {
        lk_rd_fail(rd, LK_CERT_EXT_VALUE);
        return;
    }
    cert->key_usage = bits.at[0];
}

static void read_basic(struct lk_rd *rd, struct lk_cert *cert)
{
    struct lk_rd inner = lk_der_enter(rd, LK_DER_SEQUENCE);
    struct lk_bytes number;

    cert->is_ca = lk_der_flag(&inner);
    if (lk_der_peek(&inner) == LK_DER_INTEGER) {
        number = lk_der_integer(&inner, LK_DER_INTEGER);
        if (number.len != 1 || number.at[0] > 0x7f)
            lk_rd_fail(&inner, LK_CERT_EXT_VALUE);
        else
            cert->path_len = number.at[0];
        cert->has_path_len = 1;
    }
    lk_der_close(&inner);
}

/* Version 1 alone: another one is another protocol (O15). */
static void read_role_version(struct lk_rd *inner, struct lk_cert *cert)
{
    struct lk_bytes number = lk_der_integer(inner, LK_DER_INTEGER);

    if (*inner->fault != LK_OK)
        return;
    if (number.len != 1 || number.at[0] != 1) {
        lk_rd_fail(inner, LK_CERT_ROLE_VERSION);
        return;
    }
    cert->role_version = 1;
}

/* What follows the version: nothing, but for E (applet version, platform) and H (its facts). */
static void read_role(struct lk_rd *rd, struct lk_cert *cert)
{
    struct lk_rd inner = lk_der_enter(rd, LK_DER_SEQUENCE);
    struct lk_endpoint_facts facts;

    read_role_version(&inner, cert);
    if (*inner.fault != LK_OK)
        return;
    cert->role_value = lk_bytes(inner.at, inner.left);
    if (cert->role == LK_ROLE_INSTANCE_CA) {
        if (lk_der_take(&inner, LK_DER_OCTET_STRING).len != 4)
            lk_rd_fail(&inner, LK_CERT_EXT_VALUE);
        if (lk_der_peek(&inner) == LK_DER_OCTET_STRING)
            (void)lk_der_take(&inner, LK_DER_OCTET_STRING);
    } else if (cert->role == LK_ROLE_ENDPOINT) {
        if (lk_endpoint_facts_read(cert->role_value, &facts) != LK_OK)
            lk_rd_fail(&inner, LK_CERT_EXT_VALUE);
        (void)lk_rd_take(&inner, inner.left);
    }
    lk_der_close(&inner);
}

typedef void value_reader(struct lk_rd *rd, struct lk_cert *cert);

enum { SKI, KEY_USAGE, BASIC, AKI };

static const struct known {
    uint8_t oid[3];
    uint8_t is_critical;
    value_reader *read;
} known[] = {
    [SKI] = {{0x55, 0x1d, 0x0e}, 0, read_ski},
    [KEY_USAGE] = {{0x55, 0x1d, 0x0f}, 1, read_key_usage},
    [BASIC] = {{0x55, 0x1d, 0x13}, 1, read_basic},
    [AKI] = {{0x55, 0x1d, 0x23}, 0, read_aki},
};

static int starts(struct lk_bytes oid, const void *prefix, size_t len)
{
    return oid.len >= len && memcmp(oid.at, prefix, len) == 0;
}

/* An extension the profile does not have. Private ones pass if they are not critical; those of
 * X.509 itself would change what the certificate may do, so they do not pass (C12). */
static enum lk_status unknown(struct lk_bytes oid, int is_critical)
{
    static const uint8_t extended_usage[3] = {0x55, 0x1d, 0x25};
    static const uint8_t standard[2] = {0x55, 0x1d};
    static const uint8_t internet[7] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01};
    static const uint8_t netscape[8] = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01};

    if (starts(oid, extended_usage, sizeof extended_usage))
        return LK_CERT_KEY_USAGE;
    if (is_critical)
        return LK_CERT_EXT_CRITICAL;
    if (starts(oid, standard, sizeof standard) || starts(oid, internet, sizeof internet) ||
        starts(oid, netscape, sizeof netscape))
        return LK_CERT_EXT_VALUE;
    return LK_OK;
}

/* Whether `oid` is a role, and under which of the two arcs. */
static int in_arc(struct lk_bytes oid, uint16_t *out_arc, size_t *out_len)
{
    int is_own = starts(oid, lk_pki_own_arc, sizeof lk_pki_own_arc);

    *out_arc = is_own ? LK_ROLE_OWN : 0;
    *out_len = is_own ? sizeof lk_pki_own_arc : sizeof lk_pki_arc;
    return is_own || starts(oid, lk_pki_arc, sizeof lk_pki_arc);
}

/* Finds who reads `oid`, NULL for nobody, and judges role and criticality. */
static enum lk_status choose(struct lk_cert *cert, struct lk_bytes oid, int is_critical,
                             value_reader **out_read)
{
    size_t arc_len;
    uint16_t arc;

    *out_read = NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (oid.len != 3 || memcmp(oid.at, known[i].oid, 3) != 0)
            continue;
        *out_read = known[i].read;
        return is_critical == known[i].is_critical ? LK_OK : LK_CERT_EXT_CRITICAL;
    }
    if (!in_arc(oid, &arc, &arc_len))
        return unknown(oid, is_critical);
    if (!is_critical)
        return LK_CERT_EXT_CRITICAL;
    if (cert->role != LK_ROLE_NONE)
        return LK_CERT_EXT_DUPLICATE; /* one certificate, one role (C11) */
    if (oid.len != arc_len + 1)
        return LK_CERT_ROLE;
    cert->role = lk_role_of_number((uint16_t)(arc | oid.at[arc_len]));
    *out_read = read_role;
    return cert->role != LK_ROLE_NONE ? LK_OK : LK_CERT_ROLE;
}

/* The value has its own window, so that a fault inside is told from one of the certificate. */
static enum lk_status read_value(value_reader *read, struct lk_bytes value, struct lk_cert *cert)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;

    lk_rd_init(&rd, value, &fault);
    read(&rd, cert);
    lk_der_close(&rd);
    return fault == LK_CERT_DER ? LK_CERT_EXT_VALUE : fault;
}

/* One extension; gives its OID, against doubles. */
static struct lk_bytes extension(struct lk_rd *list, const struct lk_bytes *seen, size_t num,
                                 struct lk_cert *cert)
{
    struct lk_rd rd = lk_der_enter(list, LK_DER_SEQUENCE);
    struct lk_bytes oid = lk_der_oid(&rd);
    int is_critical = lk_der_flag(&rd);
    struct lk_bytes value = lk_der_take(&rd, LK_DER_OCTET_STRING);
    value_reader *read = NULL;
    enum lk_status status;

    lk_der_close(&rd);
    if (*rd.fault != LK_OK)
        return oid;
    for (size_t i = 0; i < num; i++) {
        if (lk_bytes_equal(seen[i], oid))
            lk_rd_fail(list, LK_CERT_EXT_DUPLICATE);
    }
    status = choose(cert, oid, is_critical, &read);
    if (status == LK_OK && read != NULL)
        status = read_value(read, value, cert);
    if (status != LK_OK)
        lk_rd_fail(list, status);
    return oid;
}

void lk_extensions_read(struct lk_rd *rd, struct lk_cert *cert)
{
    struct lk_bytes seen[LK_EXTENSIONS_MAX];
    struct lk_rd list = lk_der_enter(rd, LK_DER_SEQUENCE);
    size_t num = 0;

    while (lk_der_peek(&list) != 0) {
        if (num == LK_EXTENSIONS_MAX) {
            lk_rd_fail(&list, LK_CERT_EXT_VALUE);
            return;
        }
        seen[num] = extension(&list, seen, num, cert);
        num++;
    }
    lk_der_close(&list);
    /* The one extension whose absence leaves no trace in the struct. */
    for (size_t i = 0; i < num; i++) {
        if (starts(seen[i], known[BASIC].oid, sizeof known[BASIC].oid))
            return;
    }
    lk_rd_fail(&list, LK_CERT_EXT_MISSING);
}

static int usage_fits(const struct lk_cert *cert)
{
    if (cert->is_ca)
        return (cert->key_usage & ~CRL_SIGN) == KEY_CERT_SIGN;
    if (cert->role == LK_ROLE_VEHICLE_OEM_ENC || cert->role == LK_ROLE_DEVICE_ENC)
        return cert->key_usage == KEY_AGREEMENT || cert->key_usage == DATA_ENCIPHERMENT;
    return cert->key_usage == DIGITAL_SIGNATURE;
}

enum lk_status lk_extensions_check(const struct lk_cert *cert)
{
    /* Without a role extension a certificate can only be D or N, both CAs. */
    int must_be_ca = cert->role == LK_ROLE_NONE || lk_role_fact(cert->role)->is_ca;
    int is_root = lk_bytes_equal(cert->issuer, cert->subject);

    if (cert->ski.at == NULL || cert->key_usage == 0)
        return LK_CERT_EXT_MISSING;
    if (cert->aki.at == NULL && !is_root)
        return LK_CERT_EXT_MISSING;
    if (cert->is_ca != must_be_ca || (cert->has_path_len && !cert->is_ca))
        return LK_CERT_BASIC;
    if (!usage_fits(cert))
        return LK_CERT_KEY_USAGE;
    return LK_OK;
}
