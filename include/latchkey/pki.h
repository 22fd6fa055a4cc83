/* pki.h: the certificates of the system: what a reader may learn, and how to issue them.
 *
 * Reading takes no heap and copies nothing: a parsed certificate is windows into the caller's
 * bytes, which must outlive it. Issuing writes into the caller's buffer. Role by critical OID,
 * position by the caller: there is no path building. One thread at a time per crypto struct.
 * Source: spec/certificates.md of the project; decisions D1 to D3, D17, D33; S21, S24. */
#ifndef LATCHKEY_PKI_H
#define LATCHKEY_PKI_H

#include "config.h"
#include "crypto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a certificate is, by its extension (spec/facts/oids.def). */
enum lk_role {
#define LK_ROLE(name, letter, number, is_ca, text) name,
#include "facts/oids.def"
#undef LK_ROLE
    LK_ROLE_END_
};

/* One parsed certificate. Windows point into the parsed bytes. */
struct lk_cert {
    struct lk_bytes der;       /* the whole certificate */
    struct lk_bytes tbs;       /* what is signed, with its header */
    struct lk_bytes serial;    /* content of the INTEGER */
    struct lk_bytes issuer;    /* Name, with its header: compared as bytes */
    struct lk_bytes subject;
    struct lk_bytes common_name; /* of the subject, content of its string; empty if there is none */
    struct lk_bytes not_before;  /* GeneralizedTime or UTCTime content */
    struct lk_bytes not_after;
    const uint8_t *public_key; /* 65 bytes */
    uint8_t signature[LK_SIGNATURE_LEN];
    enum lk_role role;
    struct lk_bytes role_value; /* content of the role extension's SEQUENCE, after its version */
    uint8_t role_version;
    uint8_t is_ca;
    uint8_t has_path_len, path_len;
    uint8_t key_usage;         /* of the bit string: 80 digitalSignature, 04 keyCertSign ... */
    struct lk_bytes ski, aki;  /* 20 bytes each; aki empty on a self-signed root without one */
};

/* Content of the role extension of H (decision D1, rule S24). Windows into the certificate. */
struct lk_endpoint_facts {
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    uint8_t option1, option2;
    uint16_t confidential_size, private_size;
    struct lk_bytes slot;           /* 1 to 8 bytes */
    const uint8_t *vehicle_key;     /* 65 */
    const uint8_t *authorized_key;  /* 65 */
    struct lk_bytes not_before, not_after; /* 15 bytes each, or empty (owner) */
    struct lk_bytes versions;       /* as sent in tag 5C, highest first */
};

/* A clock a verifier may trust, or none. */
struct lk_date {
    uint8_t text[LK_DATE_LEN]; /* YYYYMMDDhhmmssZ */
    uint8_t is_known;          /* 0: dates are not checked (decision D30 guards keys with dates) */
};

/* Parses one certificate, strictly: DER, profile of every field, no trailing byte; the point lies
 * on the curve, the subject key identifier is its hash, basicConstraints and keyUsage fit the role.
 * `der` at most LK_CERT_MAX bytes. Every LK_CERT_* status from DER to SKI, and
 * LK_CERT_SIGNATURE_FORM; LK_PORT_CRYPTO. No signature is checked. Role NONE: no role extension,
 * a CA (D or N). Stack: about 1 KiB beside the port's. */
enum lk_status lk_cert_parse(struct lk_crypto *crypto, struct lk_bytes der, struct lk_cert *out);

/* Checks the signature of a parsed certificate under one key: the issuer's, or its own for a
 * self-signed one (N before E is issued, D before F is). LK_CERT_SIGNATURE, LK_CERT_POINT,
 * LK_PORT_CRYPTO. Dates, names and roles are the chain checks' matter. */
enum lk_status lk_cert_verify(struct lk_crypto *crypto, const struct lk_cert *cert,
                              const uint8_t issuer_key[LK_POINT_LEN]);

/* One link of any chain of the system, between two parsed certificates: what may issue what
 * (LK_CERT_ROLE), the path length of the place, issuer name, key identifier, dates, signature.
 * `above` may be `cert` itself: J, D and N. `now` as below. Both chain checks ask the same and
 * more. */
enum lk_status lk_cert_check_link(struct lk_crypto *crypto, const struct lk_cert *cert,
                                  const struct lk_cert *above, const struct lk_date *now);

/* Reads the extension of an H. LK_CERT_ROLE if it is none, LK_CERT_EXT_VALUE, LK_CERT_NAME if the
 * CommonName is not the endpoint identifier in hex (D2). */
enum lk_status lk_cert_endpoint_facts(const struct lk_cert *cert, struct lk_endpoint_facts *out);

/* Builds the same bytes from facts, content of the SEQUENCE without its version, for comparison
 * with `role_value` and for issuing. LK_CALLER_SPACE; LK_CALLER_ARGUMENT for a slot or version list
 * of a wrong length, a missing key, one date without the other. */
enum lk_status lk_endpoint_facts_write(const struct lk_endpoint_facts *facts, uint8_t *out,
                                       size_t cap, size_t *out_len);

/* Car's check of a phone's chain: root key -> F -> E -> H, all rules of spec/certificates.md 5.
 * The car holds the root key alone, so the root's name is taken from F's issuer and its key
 * identifier is computed. `now` may be NULL: dates unknown. `out_*` are filled on LK_OK.
 * LK_CERT_* names the first broken rule, LK_CERT_DEPTH a missing certificate; LK_PORT_CRYPTO;
 * LK_CALLER_ARGUMENT for a malformed `now`. */
enum lk_status lk_chain_check_endpoint(struct lk_crypto *crypto,
                                       const uint8_t root_key[LK_POINT_LEN], struct lk_bytes f,
                                       struct lk_bytes e, struct lk_bytes h,
                                       const struct lk_date *now, struct lk_cert *out_f,
                                       struct lk_cert *out_e, struct lk_cert *out_h);

/* Phone's check of a car's chain: pinned root key -> [intermediate] -> K. `intermediate` may be
 * empty. *out_issuer gets the key that issued K: root or intermediate. Statuses as above, and
 * LK_CERT_NAME if K's CommonName is no vehicle identifier. */
enum lk_status lk_chain_check_vehicle(struct lk_crypto *crypto,
                                      const uint8_t root_key[LK_POINT_LEN],
                                      struct lk_bytes intermediate, struct lk_bytes k,
                                      const struct lk_date *now, struct lk_cert *out_k,
                                      uint8_t out_issuer[LK_POINT_LEN]);

/* A car's check of who signs for its automaker's server: root key -> Q. Statuses as above. */
enum lk_status lk_chain_check_server(struct lk_crypto *crypto, const uint8_t root_key[LK_POINT_LEN],
                                     struct lk_bytes q, const struct lk_date *now,
                                     struct lk_cert *out_q);

/* The vehicle identifier in the CommonName of K: 16 upper-case hex digits (D2). LK_CERT_NAME. */
enum lk_status lk_cert_vehicle_id(const struct lk_cert *k, uint8_t out[LK_VEHICLE_ID_LEN]);

/* Which roots a build obeys (D17, S21). Production: only the SHA-256(SPKI) in the allow-list, and
 * never one on the test list. Test: anything not on the allow-list. Hashes are of the whole
 * SubjectPublicKeyInfo. */
struct lk_root_policy {
    uint8_t is_production;
    const uint8_t (*allowed)[LK_HASH_LEN];
    size_t num_allowed;
    const uint8_t (*test)[LK_HASH_LEN];
    size_t num_test;
};
/* LK_OK, LK_CERT_ROOT or LK_CERT_TEST_ROOT. */
enum lk_status lk_root_check(struct lk_crypto *crypto, const struct lk_root_policy *policy,
                             const uint8_t root_key[LK_POINT_LEN]);

/* What to write into one certificate. */
struct lk_cert_plan {
    enum lk_role role;
    struct lk_bytes subject_name;   /* CommonName text, PrintableString, 1 to 64 */
    struct lk_bytes issuer;         /* DER Name of the issuer; empty: self-signed */
    const uint8_t *subject_key;     /* 65 */
    const uint8_t *issuer_key;      /* 65, for AKI; NULL: self-signed */
    struct lk_key signer;           /* the issuer's private key */
    uint8_t serial[16];             /* made positive and minimal by the writer */
    const char *not_before;         /* YYYYMMDDhhmmssZ; written as UTCTime up to 2049 */
    const char *not_after;
    uint8_t has_path_len, path_len; /* CAs only */
    struct lk_bytes role_value;     /* appended after the version INTEGER: .3 and .4 only */
};

/* Writes and signs one certificate of the profile; *out_len is set on LK_OK, `out` is scratch
 * otherwise. The result is parsed and verified before it is handed out. Self-signed are J, D and N
 * alone. LK_CALLER_SPACE; LK_CALLER_ARGUMENT for a plan outside the profile or a signer that does
 * not belong to issuer_key; LK_PORT_CRYPTO. */
enum lk_status lk_cert_issue(struct lk_crypto *crypto, const struct lk_cert_plan *plan,
                             uint8_t *out, size_t cap, size_t *out_len);

/* Letter and plain text of a role, static storage. */
const char *lk_role_letter(enum lk_role role);
const char *lk_role_text(enum lk_role role);

#ifdef __cplusplus
}
#endif
#endif
