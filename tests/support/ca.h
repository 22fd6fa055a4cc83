/* ca.h: a standard set of certificates, made in memory with fresh keys by any crypto port.
 *
 * One automaker (J, an intermediate, K of one car both ways), one device maker (D, and F signed by
 * J), one Instance CA (N, E) and one endpoint H. Keys stay in the provider and are named by handle,
 * so a test can sign more with them. test_ca_forget frees them. */
#ifndef LK_TEST_CA_H
#define LK_TEST_CA_H

#include "base/base.h"
#include "latchkey/crypto.h"
#include "latchkey/pki.h"

struct test_ca_key {
    struct lk_key key;
    uint8_t public_key[LK_POINT_LEN];
};

struct test_ca_cert {
    uint8_t der[LK_CERT_MAX];
    size_t len;
};

struct test_ca_world {
    struct lk_crypto *crypto;
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    struct test_ca_key automaker;    /* of J */
    struct test_ca_key intermediate; /* of the automaker's intermediate */
    struct test_ca_key vehicle;      /* of K */
    struct test_ca_key device_maker; /* of D and F */
    struct test_ca_key instance;     /* of N and E */
    struct test_ca_key endpoint;     /* of H */
    struct test_ca_key server;       /* of P, Q and the receipt signer */
    struct test_ca_cert j, i, k;     /* i: the intermediate; k: issued by J */
    struct test_ca_cert ki;          /* the same car's K, issued by the intermediate */
    struct test_ca_cert d, f, m;     /* m: the automaker's key signed by the device maker */
    struct test_ca_cert n, e, h;
    struct test_ca_cert p, q, r;     /* r: the tracking receipt signer */
    struct lk_endpoint_facts facts;  /* what h says; windows into this struct */
    uint8_t slot[2], versions[2];
    int uses_intermediate; /* a car of this world shows ki and i instead of k */
};

/* Makes everything for `vehicle_id`. `crypto` must outlive the world; the world must not be moved
 * (facts point into it). The first status that is not LK_OK ends it. */
enum lk_status test_ca_world_init(struct lk_crypto *crypto, const uint8_t vehicle_id[8],
                                  struct test_ca_world *out);
void test_ca_world_forget(struct test_ca_world *world);

/* A pair of makers from two worlds: the automaker and car of one, the device maker of the other
 * with a new phone (Instance CA and endpoint); F and M join them. Both must outlive it. */
enum lk_status test_ca_world_join(const struct test_ca_world *automaker,
                                  const struct test_ca_world *device_maker,
                                  struct test_ca_world *out);
/* Frees what joining made. */
void test_ca_world_part(struct test_ca_world *world);

/* Two automakers and two device makers, and all four pairs of them; it must not be moved. */
struct test_makers {
    struct test_ca_world worlds[2];   /* automaker i and device maker i */
    struct test_ca_world pairs[2][2]; /* automaker, device maker */
};
enum lk_status test_makers_init(struct lk_crypto *crypto, struct test_makers *out);
void test_makers_forget(struct test_makers *makers);

/* The parts, for tests that need more: a second phone brand, a friend's phone, an expired F. */
enum lk_status test_ca_key_make(struct lk_crypto *crypto, struct test_ca_key *out);
struct lk_bytes test_ca_bytes(const struct test_ca_cert *cert);
/* 16 upper-case hex digits and a 0. */
void test_ca_hex(const uint8_t id[8], char out[17]);

/* Issues one certificate. `above` and `above_key` NULL: self-signed. CAs get the path length of
 * the profile; E gets its applet version. Dates: from 2020-01-01 unless changed in the plan. */
enum lk_status test_ca_issue(struct lk_crypto *crypto, enum lk_role role, const char *name,
                             const struct test_ca_key *subject, const struct test_ca_cert *above,
                             const struct test_ca_key *above_key, struct lk_bytes role_value,
                             struct test_ca_cert *out);
/* The plan behind test_ca_issue, for tests that change one field of it first. `above_cert` takes
 * the parse of `above` and must live as long as the plan. */
enum lk_status test_ca_plan(struct lk_crypto *crypto, enum lk_role role, const char *name,
                            const struct test_ca_key *subject, const struct test_ca_cert *above,
                            const struct test_ca_key *above_key, struct lk_bytes role_value,
                            struct lk_cert *above_cert, struct lk_cert_plan *out);
/* E for the key of a self-signed N (as the applet's CREATE CA gives it). */
enum lk_status test_ca_issue_e(struct test_ca_world *world, struct lk_bytes n,
                               struct test_ca_cert *out_e);
/* H with `facts`, signed by the Instance CA key. */
enum lk_status test_ca_issue_h(struct test_ca_world *world, const struct lk_endpoint_facts *facts,
                               const struct test_ca_key *endpoint, struct test_ca_cert *out);

#endif
