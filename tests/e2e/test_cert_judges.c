/* test_cert_judges.c: two independent libraries judge our certificates and our reader. What is
 * accepted here must be accepted by OpenSSL and by GnuTLS; both are told to let the critical role
 * extensions pass, since neither knows them. LATCHKEY_LONG=1: a million mutations. */
#include "support/cert_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "latchkey/provider_openssl.h"

static struct lk_openssl *openssl;
static struct lk_crypto crypto;
static struct test_makers four;
static struct test_ca_world *const makers = four.worlds, (*const pairs)[2] = four.pairs;
static struct test_ca_cert friends[2][2]; /* H with dates, of another phone of the pair's maker */
#define world four.worlds[0]
static const struct lk_bytes none = {NULL, 0};

/* A friend of the pair of automaker a and device maker d. */
static enum lk_status make_friend(size_t a, size_t d)
{
    struct lk_endpoint_facts facts = pairs[a][d].facts;

    facts.not_before = lk_bytes("20260101000000Z", 15);
    facts.not_after = lk_bytes("20360101000000Z", 15);
    facts.option1 = 0x03;
    return test_ca_issue_h(&pairs[a][d], &facts, &pairs[a][d].endpoint, &friends[a][d]);
}

static int setup(void **state)
{
    static const uint8_t store_key[32] = {1};

    (void)state;
    openssl = lk_openssl_new(store_key);
    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK)
        return 1;
    if (test_makers_init(&crypto, &four) != LK_OK)
        return 1;
    for (size_t i = 0; i < 4; i++) {
        if (make_friend(i / 2, i % 2) != LK_OK)
            return 1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_makers_forget(&four);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&openssl);
    return 0;
}

/* --- OpenSSL --- */

static X509 *read_openssl(struct lk_bytes der)
{
    const unsigned char *at = der.at;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);

    if (cert != NULL && at != der.at + der.len) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

/* The only critical extensions that may be unknown are those of the role arc. */
static int only_roles_are_unknown(X509 *cert)
{
    for (int i = 0; i < X509_get_ext_count(cert); i++) {
        X509_EXTENSION *ext = X509_get_ext(cert, i);
        char oid[80] = "";

        if (!X509_EXTENSION_get_critical(ext) || X509_supported_extension(ext))
            continue;
        OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(ext), 1);
        if (strncmp(oid, "1.3.6.1.4.1.41577.5.", 20) != 0 &&
            strncmp(oid, "2.25.163814429883095904377843268089170256798.", 45) != 0)
            return 0;
    }
    return 1;
}

static int callback(int ok, X509_STORE_CTX *ctx)
{
    if (ok || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION)
        return ok;
    if (!only_roles_are_unknown(X509_STORE_CTX_get_current_cert(ctx)))
        return 0;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static int judge_openssl(const struct lk_bytes *chain, size_t num, struct lk_bytes root)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    X509 *certs[4] = {NULL}, *top = read_openssl(root);
    int is_good = top != NULL && X509_STORE_add_cert(store, top) == 1;

    for (size_t i = 0; i < num && is_good; i++) {
        certs[i] = read_openssl(chain[i]);
        is_good = certs[i] != NULL;
        if (i > 0 && is_good)
            sk_X509_push(between, certs[i]);
    }
    if (is_good && X509_STORE_CTX_init(ctx, store, certs[0], between) == 1) {
        X509_STORE_CTX_set_verify_cb(ctx, callback);
        X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_NO_CHECK_TIME);
        is_good = X509_verify_cert(ctx) == 1;
    } else {
        is_good = 0;
    }
    for (size_t i = 0; i < num; i++)
        X509_free(certs[i]);
    X509_free(top);
    sk_X509_free(between);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return is_good;
}

/* --- GnuTLS --- */

static int read_gnutls(struct lk_bytes der, gnutls_x509_crt_t *out)
{
    gnutls_datum_t data;
    static uint8_t copy[2048];

    memcpy(copy, der.at, der.len);
    data.data = copy;
    data.size = (unsigned)der.len;
    if (gnutls_x509_crt_init(out) < 0)
        return 0;
    return gnutls_x509_crt_import(*out, &data, GNUTLS_X509_FMT_DER) >= 0;
}

static int judge_gnutls(const struct lk_bytes *chain, size_t num, struct lk_bytes root)
{
    gnutls_x509_crt_t certs[4] = {NULL}, top = NULL;
    unsigned verdict = 1;
    int is_good = read_gnutls(root, &top);

    for (size_t i = 0; i < num && is_good; i++)
        is_good = read_gnutls(chain[i], &certs[i]);
    if (is_good)
        is_good = gnutls_x509_crt_list_verify(certs, (unsigned)num, &top, 1, NULL, 0,
                                              GNUTLS_VERIFY_IGNORE_UNKNOWN_CRIT_EXTENSIONS |
                                                  GNUTLS_VERIFY_DISABLE_TIME_CHECKS,
                                              &verdict) >= 0 &&
                  verdict == 0;
    for (size_t i = 0; i < num; i++) {
        if (certs[i] != NULL)
            gnutls_x509_crt_deinit(certs[i]);
    }
    if (top != NULL)
        gnutls_x509_crt_deinit(top);
    return is_good;
}

/* --- what is shown --- */

static void both_accept(const struct lk_bytes *chain, size_t num, struct lk_bytes root)
{
    assert_true(judge_openssl(chain, num, root));
    assert_true(judge_gnutls(chain, num, root));
}

/* The endpoint's key leaves the element as X.509 that others read, up to the root. */
static void M58_independent_parser(void **state)
{
    struct lk_bytes chain[3] = {test_ca_bytes(&world.h), test_ca_bytes(&world.e),
                                test_ca_bytes(&world.f)};
    X509 *h = read_openssl(chain[0]);
    uint8_t *point = NULL;

    (void)state;
    assert_non_null(h);
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(X509_get0_pubkey(h), &point), 65);
    assert_memory_equal(point, world.endpoint.public_key, 65);
    OPENSSL_free(point);
    X509_free(h);
    both_accept(chain, 3, test_ca_bytes(&world.j));
}

static void M91_car_certificate_verified_by_others(void **state)
{
    struct lk_bytes two[1] = {test_ca_bytes(&world.k)};
    struct lk_bytes three[2] = {test_ca_bytes(&world.ki), test_ca_bytes(&world.i)};
    struct lk_bytes seen[2] = {test_ca_bytes(&world.k), test_ca_bytes(&world.m)};

    (void)state;
    both_accept(two, 1, test_ca_bytes(&world.j));
    both_accept(three, 2, test_ca_bytes(&world.j));
    both_accept(seen, 2, test_ca_bytes(&world.d)); /* the phone's side: M */
}

static void every_letter_is_read_by_others(void **state)
{
    const struct test_ca_cert *all[] = {&world.j, &world.i, &world.k, &world.ki,
                                        &world.d, &world.f, &world.m, &world.n,
                                        &world.e, &world.h, &world.p, &world.q,
                                        &world.r};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        X509 *ours = read_openssl(test_ca_bytes(all[i]));
        gnutls_x509_crt_t theirs;
        uint8_t *again = NULL;
        int len;

        assert_non_null(ours);
        len = i2d_X509(ours, &again); /* what they write is what we wrote */
        assert_int_equal((size_t)len, all[i]->len);
        assert_memory_equal(again, all[i]->der, all[i]->len);
        OPENSSL_free(again);
        X509_free(ours);
        /* GnuTLS reads no identifier with an arc above 64 bits, and a UUID is 128 (D3). */
        if (all[i] == &world.r)
            continue;
        assert_true(read_gnutls(test_ca_bytes(all[i]), &theirs));
        gnutls_x509_crt_deinit(theirs);
    }
}

static uint32_t dice(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* One to three small changes inside one part: a byte set, cut out, doubled, or a bit turned. */
static void mutate(struct test_parts *parts, uint32_t *seed, int with_issuer)
{
    uint32_t num = 1 + dice(seed, 3);

    while (num-- > 0) {
        uint32_t part = dice(seed, PART_EXTRA);
        uint8_t *data = parts->data[part];
        size_t len = parts->len[part], at;

        if (len < 3 || (part == PART_ISSUER && !with_issuer))
            continue;
        at = dice(seed, (uint32_t)len);
        switch (dice(seed, 4)) {
        case 0:
            data[at] = (uint8_t)dice(seed, 256);
            break;
        case 1:
            data[at] ^= (uint8_t)(1u << dice(seed, 8));
            break;
        case 2: /* a byte less, and the outer length with it */
            memmove(data + at, data + at + 1, len - at - 1);
            data[1]--;
            parts->len[part]--;
            break;
        default:
            memmove(data + at + 1, data + at, len - at);
            data[1]++;
            parts->len[part]++;
            break;
        }
    }
}

/* One chain, the leaf first, and the place of the certificate that is changed. */
struct chain {
    struct lk_bytes certs[3];
    size_t num, at;
    struct lk_key signer; /* of the changed one */
    int is_car;           /* [intermediate] K; otherwise F E H */
};

/* The seven certificates of a pair that phone, car and element read: owner's and friend's H, E, F,
 * K under the root, K under the intermediate, the intermediate. */
#define NUM_TARGETS 7

static struct chain chain_of(const struct test_ca_world *pair, const struct test_ca_cert *friend_h,
                             size_t target)
{
    struct lk_bytes h = test_ca_bytes(target == 1 ? friend_h : &pair->h);
    const struct chain chains[NUM_TARGETS] = {
        {{h, test_ca_bytes(&pair->e), test_ca_bytes(&pair->f)}, 3, 0, pair->instance.key, 0},
        {{h, test_ca_bytes(&pair->e), test_ca_bytes(&pair->f)}, 3, 0, pair->instance.key, 0},
        {{h, test_ca_bytes(&pair->e), test_ca_bytes(&pair->f)}, 3, 1, pair->device_maker.key, 0},
        {{h, test_ca_bytes(&pair->e), test_ca_bytes(&pair->f)}, 3, 2, pair->automaker.key, 0},
        {{test_ca_bytes(&pair->k)}, 1, 0, pair->automaker.key, 1},
        {{test_ca_bytes(&pair->ki), test_ca_bytes(&pair->i)}, 2, 0, pair->intermediate.key, 1},
        {{test_ca_bytes(&pair->ki), test_ca_bytes(&pair->i)}, 2, 1, pair->automaker.key, 1},
    };

    return chains[target];
}

static enum lk_status ours(const struct chain *chain, const uint8_t root[LK_POINT_LEN])
{
    struct lk_cert a, b, c;
    uint8_t issuer[65];

    if (chain->is_car)
        return lk_chain_check_vehicle(&crypto, root, chain->num == 2 ? chain->certs[1] : none,
                                      chain->certs[0], NULL, &a, issuer);
    return lk_chain_check_endpoint(&crypto, root, chain->certs[2], chain->certs[1],
                                   chain->certs[0], NULL, &a, &b, &c);
}

/* Why a chain may be refused here though both others take it (spec/certificates.md, section 9). Any
 * other status there is a fault of ours. */
static const enum lk_status stricter[] = {
    LK_CERT_SERIAL,    LK_CERT_NAME,        LK_CERT_VALIDITY, LK_CERT_EXT_CRITICAL,
    LK_CERT_EXT_VALUE, LK_CERT_EXT_MISSING, LK_CERT_ROLE,     LK_CERT_ROLE_VERSION,
    LK_CERT_KEY_USAGE, LK_CERT_PATH_LEN,    LK_CERT_SKI,      LK_CERT_DER,
    LK_CERT_BASIC,     LK_CERT_AKI,         LK_CERT_X509_VERSION, LK_CERT_POINT,
    LK_CERT_KEY,       LK_CERT_ISSUER,      LK_CERT_ALGORITHM,    LK_CERT_EXT_DUPLICATE,
};
#define NUM_STRICTER (sizeof stricter / sizeof stricter[0])

static void count_stricter(enum lk_status status, unsigned counts[NUM_STRICTER])
{
    for (size_t i = 0; i < NUM_STRICTER; i++) {
        if (stricter[i] == status) {
            counts[i]++;
            return;
        }
    }
    fail_msg("refused here alone: %s", lk_status_name(status));
}

static int others_accept(const struct chain *chain, struct lk_bytes root, int *out_any)
{
    int one = judge_openssl(chain->certs, chain->num, root);
    int two = judge_gnutls(chain->certs, chain->num, root);

    *out_any = one || two;
    return one && two;
}

/* One changed certificate, signed well again, in the chain of one of the four pairs. The issuer of
 * the top certificate stays: car and phone hold the root's bare key, so its name is what only the
 * others can check. */
static void one_round(unsigned i, uint32_t *seed, unsigned *num_accepted,
                      unsigned counts[NUM_STRICTER])
{
    size_t a = i % 2, d = i / 2 % 2, target = i / 4 % NUM_TARGETS;
    const struct test_ca_world *pair = &pairs[a][d];
    struct chain chain = chain_of(pair, &friends[a][d], target);
    struct lk_bytes root = test_ca_bytes(&makers[a].j);
    struct test_ca_cert good;
    struct test_parts parts;
    enum lk_status status;
    uint8_t der[2048];
    int any = 0;

    memcpy(good.der, chain.certs[chain.at].at, chain.certs[chain.at].len);
    good.len = chain.certs[chain.at].len;
    assert_true(test_parts_take(&crypto, &good, &parts));
    mutate(&parts, seed, chain.at + 1 < chain.num);
    chain.certs[chain.at] =
        lk_bytes(der, test_parts_join(&crypto, &parts, chain.signer, der, sizeof der));
    status = ours(&chain, makers[a].automaker.public_key);
    if (status != LK_OK && i % 17 != 0)
        return;
    if (others_accept(&chain, root, &any) == (status == LK_OK)) {
        *num_accepted += status == LK_OK;
        return;
    }
    if (status != LK_OK) {
        count_stricter(status, counts);
        return;
    }
    for (size_t n = 0; n < chain.certs[chain.at].len; n++)
        print_error("%02x", der[n]);
    fail_msg("\nround %u, certificate %zu: accepted here, %s", i, target,
             any ? "refused by one of the others" : "refused by both others");
}

static void PK12_accepted_here_is_accepted_by_others(void **state)
{
    unsigned rounds = getenv("LATCHKEY_LONG") != NULL ? 1000000 : 20000, num_accepted = 0;
    unsigned counts[NUM_STRICTER] = {0};
    uint32_t seed = 12;

    (void)state;
    for (unsigned i = 0; i < rounds; i++)
        one_round(i, &seed, &num_accepted, counts);
    print_message("%u mutated chains, %u accepted here, all of them by OpenSSL and GnuTLS\n",
                  rounds, num_accepted);
    for (size_t i = 0; i < NUM_STRICTER; i++)
        print_message("refused here alone (every 17th asked): %s %u\n",
                      lk_status_name(stricter[i]), counts[i]);
    assert_in_range(num_accepted, rounds / 200, rounds / 2);
}

/* The chains as they are: two automakers, two device makers, with and without intermediate, owner
 * and friend. */
static void M92_M99_M101_all_pairs_judged_by_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4 * NUM_TARGETS; i++) {
        size_t a = i % 2, d = i / 2 % 2;
        struct chain chain = chain_of(&pairs[a][d], &friends[a][d], i / 4);

        both_accept(chain.certs, chain.num, test_ca_bytes(&makers[a].j));
        assert_int_equal(ours(&chain, makers[a].automaker.public_key), LK_OK);
        assert_int_not_equal(ours(&chain, makers[1 - a].automaker.public_key), LK_OK);
        assert_false(judge_openssl(chain.certs, chain.num, test_ca_bytes(&makers[1 - a].j)));
        assert_false(judge_gnutls(chain.certs, chain.num, test_ca_bytes(&makers[1 - a].j)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M58_independent_parser),
        cmocka_unit_test(M91_car_certificate_verified_by_others),
        cmocka_unit_test(every_letter_is_read_by_others),
        cmocka_unit_test(M92_M99_M101_all_pairs_judged_by_others),
        cmocka_unit_test(PK12_accepted_here_is_accepted_by_others),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
