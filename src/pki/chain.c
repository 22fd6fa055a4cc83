/* chain.c: chains of a fixed shape: the place of a certificate says what it must be, so nothing is
 * searched. pki 2.3 V1, V2 and 2.4; spec/certificates.md, section 5. */
#include "pki/pki.h"

/* Who must have signed the next certificate. */
struct issuer {
    const uint8_t *key;   /* 65 */
    struct lk_bytes name; /* empty: a bare root key, whose name nobody told us */
    struct lk_bytes ski;
};

/* One place of a chain: the role that stands there and, for a CA, its path length (O5). */
struct place {
    enum lk_role role;
    uint8_t path_len;
};

static enum lk_status check_dates(const struct lk_cert *cert, const struct lk_date *now)
{
    uint8_t from[LK_DATE_LEN], to[LK_DATE_LEN];

    if (now == NULL || !now->is_known)
        return LK_OK;
    if (!lk_date_is_good(lk_bytes(now->text, sizeof now->text)))
        return LK_CALLER_ARGUMENT;
    if (!lk_date_expand(cert->not_before, from) || !lk_date_expand(cert->not_after, to))
        return LK_CERT_VALIDITY;
    if (memcmp(now->text, from, sizeof from) < 0)
        return LK_CERT_NOT_YET;
    if (memcmp(now->text, to, sizeof to) > 0)
        return LK_CERT_EXPIRED;
    return LK_OK;
}

enum lk_status lk_cert_verify(struct lk_crypto *crypto, const struct lk_cert *cert,
                              const uint8_t issuer_key[LK_POINT_LEN])
{
    enum lk_status status = lk_verify(crypto, issuer_key, &cert->tbs, 1, cert->signature);

    if (status == LK_PEER_SIGNATURE)
        return LK_CERT_SIGNATURE;
    return status == LK_PEER_POINT ? LK_CERT_POINT : status;
}

/* The key identifier only selects; the signature under the whole key decides (O18). */
static enum lk_status check_above(struct lk_crypto *crypto, const struct lk_cert *cert,
                                  uint8_t path_len, const struct issuer *above,
                                  const struct lk_date *now)
{
    if (cert->is_ca && (!cert->has_path_len || cert->path_len != path_len))
        return LK_CERT_PATH_LEN;
    if (above->name.len != 0 && !lk_bytes_equal(cert->issuer, above->name))
        return LK_CERT_ISSUER;
    if (!lk_bytes_equal(cert->aki, above->ski))
        return LK_CERT_AKI;
    LK_TRY(check_dates(cert, now));
    return lk_cert_verify(crypto, cert, above->key);
}

/* One link of a chain of a fixed shape. */
static enum lk_status check_link(struct lk_crypto *crypto, struct lk_bytes der, struct place place,
                                 const struct issuer *above, const struct lk_date *now,
                                 struct lk_cert *out)
{
    if (der.len == 0)
        return LK_CERT_DEPTH;
    LK_TRY(lk_cert_parse(crypto, der, out));
    if (out->role != place.role)
        return LK_CERT_ROLE;
    return check_above(crypto, out, place.path_len, above, now);
}

static struct issuer issuer_of(const struct lk_cert *cert)
{
    struct issuer issuer = {cert->public_key, cert->subject, cert->ski};

    return issuer;
}

/* Who issues what, and the path length there; a row ends with LK_ROLE_END_. NONE above is D. */
static const struct {
    struct place place;
    enum lk_role above[4];
} links[] = {
    {{LK_ROLE_VEHICLE, 0},
     {LK_ROLE_VEHICLE_OEM_CA, LK_ROLE_INTERMEDIATE, LK_ROLE_VEHICLE_OEM_CA_SEEN, LK_ROLE_END_}},
    {{LK_ROLE_INTERMEDIATE, 0},
     {LK_ROLE_VEHICLE_OEM_CA, LK_ROLE_VEHICLE_OEM_CA_SEEN, LK_ROLE_END_}},
    {{LK_ROLE_EXTERNAL_CA, 1}, {LK_ROLE_VEHICLE_OEM_CA, LK_ROLE_END_}},
    {{LK_ROLE_VEHICLE_OEM_ENC, 0}, {LK_ROLE_VEHICLE_OEM_CA, LK_ROLE_END_}},
    {{LK_ROLE_VEHICLE_OEM_SIG, 0}, {LK_ROLE_VEHICLE_OEM_CA, LK_ROLE_END_}},
    {{LK_ROLE_RECEIPT, 0}, {LK_ROLE_VEHICLE_OEM_CA, LK_ROLE_END_}},
    {{LK_ROLE_VEHICLE_OEM_CA_SEEN, 1}, {LK_ROLE_NONE, LK_ROLE_END_}},
    {{LK_ROLE_INSTANCE_CA, 0}, {LK_ROLE_NONE, LK_ROLE_EXTERNAL_CA, LK_ROLE_END_}},
    {{LK_ROLE_ENDPOINT, 0}, {LK_ROLE_INSTANCE_CA, LK_ROLE_END_}},
    {{LK_ROLE_DEVICE_ENC, 0}, {LK_ROLE_INSTANCE_CA, LK_ROLE_END_}},
};

enum lk_status lk_cert_check_link(struct lk_crypto *crypto, const struct lk_cert *cert,
                                  const struct lk_cert *above, const struct lk_date *now)
{
    struct issuer issuer = issuer_of(above);

    if (cert == above && (cert->role == LK_ROLE_VEHICLE_OEM_CA || cert->role == LK_ROLE_NONE)) {
        if (!lk_bytes_equal(cert->issuer, cert->subject))
            return LK_CERT_ISSUER;
        LK_TRY(check_dates(cert, now));
        return lk_cert_verify(crypto, cert, cert->public_key);
    }
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        for (size_t k = 0; links[i].above[k] != LK_ROLE_END_; k++) {
            if (links[i].place.role == cert->role && links[i].above[k] == above->role)
                return check_above(crypto, cert, links[i].place.path_len, &issuer, now);
        }
    }
    return LK_CERT_ROLE;
}

enum lk_status lk_chain_check_endpoint(struct lk_crypto *crypto,
                                       const uint8_t root_key[LK_POINT_LEN], struct lk_bytes f,
                                       struct lk_bytes e, struct lk_bytes h,
                                       const struct lk_date *now, struct lk_cert *out_f,
                                       struct lk_cert *out_e, struct lk_cert *out_h)
{
    static const struct place external = {LK_ROLE_EXTERNAL_CA, 1};
    static const struct place instance = {LK_ROLE_INSTANCE_CA, 0};
    static const struct place endpoint = {LK_ROLE_ENDPOINT, 0};
    uint8_t root_id[LK_KEY_ID_LEN];
    struct issuer root = {root_key, {NULL, 0}, {root_id, sizeof root_id}}, above;
    struct lk_cert cert_f, cert_e, cert_h;
    struct lk_endpoint_facts facts;

    LK_TRY(lk_key_id(crypto, root_key, root_id));
    LK_TRY(check_link(crypto, f, external, &root, now, &cert_f));
    above = issuer_of(&cert_f);
    LK_TRY(check_link(crypto, e, instance, &above, now, &cert_e));
    above = issuer_of(&cert_e);
    LK_TRY(check_link(crypto, h, endpoint, &above, now, &cert_h));
    LK_TRY(lk_cert_endpoint_facts(&cert_h, &facts));
    *out_f = cert_f;
    *out_e = cert_e;
    *out_h = cert_h;
    return LK_OK;
}

enum lk_status lk_chain_check_vehicle(struct lk_crypto *crypto,
                                      const uint8_t root_key[LK_POINT_LEN],
                                      struct lk_bytes intermediate, struct lk_bytes k,
                                      const struct lk_date *now, struct lk_cert *out_k,
                                      uint8_t out_issuer[LK_POINT_LEN])
{
    static const struct place between = {LK_ROLE_INTERMEDIATE, 0};
    static const struct place vehicle = {LK_ROLE_VEHICLE, 0};
    uint8_t root_id[LK_KEY_ID_LEN], id[LK_VEHICLE_ID_LEN];
    struct issuer above = {root_key, {NULL, 0}, {root_id, sizeof root_id}};
    struct lk_cert cert_i, cert_k;

    LK_TRY(lk_key_id(crypto, root_key, root_id));
    if (intermediate.len != 0) {
        LK_TRY(check_link(crypto, intermediate, between, &above, now, &cert_i));
        above = issuer_of(&cert_i);
    }
    LK_TRY(check_link(crypto, k, vehicle, &above, now, &cert_k));
    LK_TRY(lk_cert_vehicle_id(&cert_k, id));
    *out_k = cert_k;
    memcpy(out_issuer, above.key, LK_POINT_LEN);
    return LK_OK;
}

enum lk_status lk_chain_check_server(struct lk_crypto *crypto, const uint8_t root_key[LK_POINT_LEN],
                                     struct lk_bytes q, const struct lk_date *now,
                                     struct lk_cert *out_q)
{
    static const struct place server = {LK_ROLE_VEHICLE_OEM_SIG, 0};
    uint8_t root_id[LK_KEY_ID_LEN];
    struct issuer root = {root_key, {NULL, 0}, {root_id, sizeof root_id}};
    struct lk_cert cert;

    LK_TRY(lk_key_id(crypto, root_key, root_id));
    LK_TRY(check_link(crypto, q, server, &root, now, &cert));
    *out_q = cert;
    return LK_OK;
}
