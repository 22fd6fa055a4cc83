/* facts.c: what an endpoint certificate H says about its key. Decision D1, rule S24;
 * spec/certificates.md, section 4 with a worked example. */
#include "pki/pki.h"

#define VERSIONS_MAX 16

static const uint8_t *fixed(struct lk_rd *rd, uint8_t n, size_t len)
{
    struct lk_bytes value = lk_der_take(rd, LK_DER_CONTEXT(n));

    if (value.len != len) {
        lk_rd_fail(rd, LK_CERT_EXT_VALUE);
        return NULL;
    }
    return value.at;
}

static const uint8_t *point(struct lk_rd *rd, uint8_t n)
{
    const uint8_t *at = fixed(rd, n, LK_POINT_LEN);

    if (at != NULL && at[0] != 0x04)
        lk_rd_fail(rd, LK_CERT_EXT_VALUE);
    return at;
}

/* Both dates or none: a key with one end open is not in the model. */
static void dates(struct lk_rd *rd, struct lk_endpoint_facts *facts)
{
    if (lk_der_peek(rd) != LK_DER_CONTEXT(8))
        return;
    facts->not_before = lk_der_take(rd, LK_DER_CONTEXT(8));
    facts->not_after = lk_der_take(rd, LK_DER_CONTEXT(9));
    if (!lk_date_is_good(facts->not_before) || !lk_date_is_good(facts->not_after) ||
        memcmp(facts->not_before.at, facts->not_after.at, LK_DATE_LEN) > 0)
        lk_rd_fail(rd, LK_CERT_EXT_VALUE);
}

static int slot_is_good(struct lk_bytes slot)
{
    return slot.len >= 1 && slot.len <= LK_SLOT_ID_MAX;
}

static int versions_are_good(struct lk_bytes versions)
{
    return versions.len >= 2 && versions.len <= VERSIONS_MAX && versions.len % 2 == 0;
}

enum lk_status lk_endpoint_facts_read(struct lk_bytes value, struct lk_endpoint_facts *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_endpoint_facts facts;
    const uint8_t *vehicle, *endpoint, *options;
    struct lk_rd rd;

    memset(&facts, 0, sizeof facts);
    lk_rd_init(&rd, value, &fault);
    vehicle = fixed(&rd, 0, LK_VEHICLE_ID_LEN);
    endpoint = fixed(&rd, 1, LK_ENDPOINT_ID_LEN);
    options = fixed(&rd, 2, 2);
    facts.confidential_size = lk_der_u16(&rd, LK_DER_CONTEXT(3));
    facts.private_size = lk_der_u16(&rd, LK_DER_CONTEXT(4));
    facts.slot = lk_der_take(&rd, LK_DER_CONTEXT(5));
    facts.vehicle_key = point(&rd, 6);
    facts.authorized_key = point(&rd, 7);
    dates(&rd, &facts);
    facts.versions = lk_der_take(&rd, LK_DER_CONTEXT(10));
    lk_der_close(&rd);
    if (fault != LK_OK || !slot_is_good(facts.slot) || !versions_are_good(facts.versions))
        return LK_CERT_EXT_VALUE;
    memcpy(facts.vehicle_id, vehicle, LK_VEHICLE_ID_LEN);
    memcpy(facts.endpoint_id, endpoint, LK_ENDPOINT_ID_LEN);
    facts.option1 = options[0];
    facts.option2 = options[1];
    *out = facts;
    return LK_OK;
}

/* Sixteen upper-case hex digits as eight bytes (decision D2); 0 if `text` is anything else. */
static int from_hex(struct lk_bytes text, uint8_t out[8])
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t value[8] = {0};

    if (text.len != 16)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.at[i] != 0 ? strchr(digits, text.at[i]) : NULL;

        if (digit == NULL)
            return 0;
        value[i / 2] = (uint8_t)(value[i / 2] << 4 | (digit - digits));
    }
    memcpy(out, value, sizeof value);
    return 1;
}

enum lk_status lk_cert_endpoint_facts(const struct lk_cert *cert, struct lk_endpoint_facts *out)
{
    struct lk_endpoint_facts facts;
    uint8_t name[LK_ENDPOINT_ID_LEN];

    if (cert->role != LK_ROLE_ENDPOINT)
        return LK_CERT_ROLE;
    LK_TRY(lk_endpoint_facts_read(cert->role_value, &facts));
    /* The identifier stands twice, in the name and in the extension: they are one (D1, D2). */
    if (!from_hex(cert->common_name, name) || memcmp(name, facts.endpoint_id, sizeof name) != 0)
        return LK_CERT_NAME;
    *out = facts;
    return LK_OK;
}

enum lk_status lk_cert_vehicle_id(const struct lk_cert *k, uint8_t out[LK_VEHICLE_ID_LEN])
{
    return from_hex(k->common_name, out) ? LK_OK : LK_CERT_NAME;
}

static int are_writable(const struct lk_endpoint_facts *facts)
{
    int has_from = facts->not_before.len != 0, has_to = facts->not_after.len != 0;

    if (facts->vehicle_key == NULL || facts->authorized_key == NULL || has_from != has_to)
        return 0;
    if (has_from && (!lk_date_is_good(facts->not_before) || !lk_date_is_good(facts->not_after)))
        return 0;
    return slot_is_good(facts->slot) && versions_are_good(facts->versions);
}

enum lk_status lk_endpoint_facts_write(const struct lk_endpoint_facts *facts, uint8_t *out,
                                       size_t cap, size_t *out_len)
{
    uint8_t options[2] = {facts->option1, facts->option2};
    struct lk_wr wr;

    if (!are_writable(facts))
        return LK_CALLER_ARGUMENT;
    lk_wr_init(&wr, out, cap);
    lk_der_put(&wr, LK_DER_CONTEXT(0), facts->vehicle_id, LK_VEHICLE_ID_LEN);
    lk_der_put(&wr, LK_DER_CONTEXT(1), facts->endpoint_id, LK_ENDPOINT_ID_LEN);
    lk_der_put(&wr, LK_DER_CONTEXT(2), options, sizeof options);
    lk_der_put_u16(&wr, LK_DER_CONTEXT(3), facts->confidential_size);
    lk_der_put_u16(&wr, LK_DER_CONTEXT(4), facts->private_size);
    lk_der_put(&wr, LK_DER_CONTEXT(5), facts->slot.at, facts->slot.len);
    lk_der_put(&wr, LK_DER_CONTEXT(6), facts->vehicle_key, LK_POINT_LEN);
    lk_der_put(&wr, LK_DER_CONTEXT(7), facts->authorized_key, LK_POINT_LEN);
    if (facts->not_before.len != 0) {
        lk_der_put(&wr, LK_DER_CONTEXT(8), facts->not_before.at, LK_DATE_LEN);
        lk_der_put(&wr, LK_DER_CONTEXT(9), facts->not_after.at, LK_DATE_LEN);
    }
    lk_der_put(&wr, LK_DER_CONTEXT(10), facts->versions.at, facts->versions.len);
    if (wr.fault != LK_OK)
        return wr.fault;
    *out_len = wr.len;
    return LK_OK;
}
