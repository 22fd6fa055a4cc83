/* issue.c: writes and signs one certificate of the profile. H is written by this code inside the
 * applet, so it takes no heap and moves bytes only in the caller's buffer. Elements are written
 * content first and then wrapped. spec/certificates.md, section 2; O4, O6, D33. */
#include "pki/pki.h"

static const uint8_t oid_ski[3] = {0x55, 0x1d, 0x0e};
static const uint8_t oid_key_usage[3] = {0x55, 0x1d, 0x0f};
static const uint8_t oid_basic[3] = {0x55, 0x1d, 0x13};
static const uint8_t oid_aki[3] = {0x55, 0x1d, 0x23};

static int is_self_signed(const struct lk_cert_plan *plan)
{
    return plan->issuer.len == 0;
}

static void put_version_and_serial(struct lk_wr *wr, const struct lk_cert_plan *plan)
{
    uint8_t serial[sizeof plan->serial];
    size_t from = wr->len;

    lk_der_put_u16(wr, LK_DER_INTEGER, 2); /* v3 */
    lk_der_wrap(wr, from, LK_DER_CONTEXT_CONSTRUCTED(0));
    /* Sixteen bytes whatever was drawn: positive, minimal, never zero. */
    memcpy(serial, plan->serial, sizeof serial);
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
    lk_der_put(wr, LK_DER_INTEGER, serial, sizeof serial);
}

static void put_name(struct lk_wr *wr, struct lk_bytes text)
{
    size_t from = wr->len;

    lk_der_put(wr, LK_DER_OID, lk_pki_common_name, sizeof lk_pki_common_name);
    lk_der_put(wr, LK_DER_PRINTABLE, text.at, text.len);
    lk_der_wrap(wr, from, LK_DER_SEQUENCE);
    lk_der_wrap(wr, from, LK_DER_SET);
    lk_der_wrap(wr, from, LK_DER_SEQUENCE);
}

static void put_date(struct lk_wr *wr, const char *date)
{
    if (memcmp(date, "2050", 4) < 0)
        lk_der_put(wr, LK_DER_UTC_TIME, date + 2, LK_DATE_LEN - 2);
    else
        lk_der_put(wr, LK_DER_GENERALIZED_TIME, date, LK_DATE_LEN);
}

static void put_validity(struct lk_wr *wr, const struct lk_cert_plan *plan)
{
    size_t from = wr->len;

    put_date(wr, plan->not_before);
    put_date(wr, plan->not_after);
    lk_der_wrap(wr, from, LK_DER_SEQUENCE);
}

/* Ends an extension whose value was written since `value`: OCTET STRING, then the SEQUENCE. */
static void close_extension(struct lk_wr *wr, size_t from, size_t value)
{
    lk_der_wrap(wr, value, LK_DER_OCTET_STRING);
    lk_der_wrap(wr, from, LK_DER_SEQUENCE);
}

/* Begins an extension; gives where its value begins. */
static size_t open_extension(struct lk_wr *wr, const uint8_t *oid, size_t len, int is_critical)
{
    static const uint8_t is_true = 0xff;

    lk_der_put(wr, LK_DER_OID, oid, len);
    if (is_critical)
        lk_der_put(wr, LK_DER_BOOLEAN, &is_true, 1);
    return wr->len;
}

static void put_key_ids(struct lk_wr *wr, const uint8_t *own, const uint8_t *issuer)
{
    size_t from = wr->len, value = open_extension(wr, oid_aki, sizeof oid_aki, 0);

    lk_der_put(wr, LK_DER_CONTEXT(0), issuer, LK_KEY_ID_LEN);
    lk_der_wrap(wr, value, LK_DER_SEQUENCE);
    close_extension(wr, from, value);

    from = wr->len;
    value = open_extension(wr, oid_ski, sizeof oid_ski, 0);
    lk_der_put(wr, LK_DER_OCTET_STRING, own, LK_KEY_ID_LEN);
    close_extension(wr, from, value);
}

static void put_key_usage(struct lk_wr *wr, const struct lk_cert_plan *plan)
{
    static const uint8_t signs[2] = {7, 0x80}, agrees[2] = {3, 0x08}, issues[2] = {2, 0x04};
    size_t from = wr->len, value = open_extension(wr, oid_key_usage, sizeof oid_key_usage, 1);
    const uint8_t *bits = signs;

    if (lk_role_fact(plan->role)->is_ca)
        bits = issues;
    else if (plan->role == LK_ROLE_VEHICLE_OEM_ENC)
        bits = agrees;
    lk_der_put(wr, LK_DER_BIT_STRING, bits, 2);
    close_extension(wr, from, value);
}

static void put_basic(struct lk_wr *wr, const struct lk_cert_plan *plan)
{
    static const uint8_t is_true = 0xff;
    size_t from = wr->len, value = open_extension(wr, oid_basic, sizeof oid_basic, 1);

    if (lk_role_fact(plan->role)->is_ca)
        lk_der_put(wr, LK_DER_BOOLEAN, &is_true, 1);
    if (plan->has_path_len)
        lk_der_put_u16(wr, LK_DER_INTEGER, plan->path_len);
    lk_der_wrap(wr, value, LK_DER_SEQUENCE);
    close_extension(wr, from, value);
}

/* D and N have none. */
static void put_role(struct lk_wr *wr, const struct lk_cert_plan *plan)
{
    uint16_t number = lk_role_fact(plan->role)->number;
    int is_own = (number & LK_ROLE_OWN) != 0;
    size_t from = wr->len, value, len = is_own ? sizeof lk_pki_own_arc : sizeof lk_pki_arc;
    uint8_t oid[sizeof lk_pki_own_arc + 1];

    if (number == 0)
        return;
    memcpy(oid, is_own ? lk_pki_own_arc : lk_pki_arc, len);
    oid[len] = (uint8_t)number;
    value = open_extension(wr, oid, len + 1, 1);
    lk_der_put_u16(wr, LK_DER_INTEGER, 1);
    lk_wr_bytes(wr, plan->role_value);
    lk_der_wrap(wr, value, LK_DER_SEQUENCE);
    close_extension(wr, from, value);
}

static void put_public_key(struct lk_wr *wr, const uint8_t *point)
{
    lk_wr_put(wr, lk_pki_spki_head, sizeof lk_pki_spki_head);
    lk_wr_put(wr, point, LK_POINT_LEN);
}

static void put_to_be_signed(struct lk_wr *wr, const struct lk_cert_plan *plan,
                             const uint8_t *own_id, const uint8_t *issuer_id)
{
    size_t from;

    put_version_and_serial(wr, plan);
    lk_wr_put(wr, lk_pki_algorithm, sizeof lk_pki_algorithm);
    if (is_self_signed(plan))
        put_name(wr, plan->subject_name);
    else
        lk_wr_bytes(wr, plan->issuer);
    put_validity(wr, plan);
    put_name(wr, plan->subject_name);
    put_public_key(wr, plan->subject_key);
    from = wr->len;
    put_key_ids(wr, own_id, issuer_id);
    put_key_usage(wr, plan);
    put_basic(wr, plan);
    put_role(wr, plan);
    lk_der_wrap(wr, from, LK_DER_SEQUENCE);
    lk_der_wrap(wr, from, LK_DER_CONTEXT_CONSTRUCTED(3));
    lk_der_wrap(wr, 0, LK_DER_SEQUENCE);
}

static void put_signature(struct lk_wr *wr, const uint8_t signature[LK_SIGNATURE_LEN])
{
    size_t from = wr->len, pair;

    lk_wr_u8(wr, 0); /* no unused bits */
    pair = wr->len;
    lk_der_put_unsigned(wr, LK_DER_INTEGER, signature, LK_SCALAR_LEN);
    lk_der_put_unsigned(wr, LK_DER_INTEGER, signature + LK_SCALAR_LEN, LK_SCALAR_LEN);
    lk_der_wrap(wr, pair, LK_DER_SEQUENCE);
    lk_der_wrap(wr, from, LK_DER_BIT_STRING);
}

static int dates_are_good(const struct lk_cert_plan *plan)
{
    struct lk_bytes from, to;

    if (plan->not_before == NULL || plan->not_after == NULL ||
        strlen(plan->not_before) != LK_DATE_LEN || strlen(plan->not_after) != LK_DATE_LEN)
        return 0;
    from = lk_bytes(plan->not_before, LK_DATE_LEN);
    to = lk_bytes(plan->not_after, LK_DATE_LEN);
    return lk_date_is_good(from) && lk_date_is_good(to) && memcmp(from.at, "1950", 4) >= 0 &&
           memcmp(from.at, to.at, LK_DATE_LEN) <= 0;
}

static int plan_is_good(const struct lk_cert_plan *plan)
{
    const struct lk_role_fact *fact = lk_role_fact(plan->role);
    int has_value = plan->role == LK_ROLE_INSTANCE_CA || plan->role == LK_ROLE_ENDPOINT;
    int is_root = plan->role == LK_ROLE_VEHICLE_OEM_CA || plan->role == LK_ROLE_DEVICE_OEM_CA ||
                  plan->role == LK_ROLE_INSTANCE_SELF;

    if (fact == NULL || plan->role == LK_ROLE_NONE || plan->role == LK_ROLE_DEVICE_ENC)
        return 0;
    if (plan->subject_key == NULL || plan->subject_name.len < 1 ||
        plan->subject_name.len > LK_COMMON_NAME_MAX)
        return 0;
    if (is_self_signed(plan) != (plan->issuer_key == NULL) || is_self_signed(plan) != is_root)
        return 0;
    if ((plan->has_path_len && (!fact->is_ca || plan->path_len > 0x7f)))
        return 0;
    return has_value == (plan->role_value.len != 0) && dates_are_good(plan);
}

/* What was written reads back and verifies under the key it names: a wrong plan, a wrong signer
 * or a faulty signature never leaves this function. */
static enum lk_status prove(struct lk_crypto *crypto, struct lk_bytes der, const uint8_t *key)
{
    struct lk_cert cert;
    enum lk_status status = lk_cert_parse(crypto, der, &cert);

    if (status == LK_OK)
        status = lk_cert_verify(crypto, &cert, key);
    if (lk_status_fault(status) == LK_FAULT_PEER)
        return LK_CALLER_ARGUMENT;
    return status;
}

enum lk_status lk_cert_issue(struct lk_crypto *crypto, const struct lk_cert_plan *plan,
                             uint8_t *out, size_t cap, size_t *out_len)
{
    const uint8_t *issuer_key = is_self_signed(plan) ? plan->subject_key : plan->issuer_key;
    uint8_t own_id[LK_KEY_ID_LEN], issuer_id[LK_KEY_ID_LEN], signature[LK_SIGNATURE_LEN];
    struct lk_bytes tbs;
    struct lk_wr wr;

    if (!plan_is_good(plan))
        return LK_CALLER_ARGUMENT;
    LK_TRY(lk_key_id(crypto, plan->subject_key, own_id));
    LK_TRY(lk_key_id(crypto, issuer_key, issuer_id));
    lk_wr_init(&wr, out, cap);
    put_to_be_signed(&wr, plan, own_id, issuer_id);
    if (wr.fault != LK_OK)
        return wr.fault;
    tbs = lk_bytes(out, wr.len);
    LK_TRY(lk_sign(crypto, plan->signer, &tbs, 1, signature));
    lk_wr_put(&wr, lk_pki_algorithm, sizeof lk_pki_algorithm);
    put_signature(&wr, signature);
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    if (wr.fault != LK_OK)
        return wr.fault;
    LK_TRY(prove(crypto, lk_bytes(out, wr.len), issuer_key));
    *out_len = wr.len;
    return LK_OK;
}
