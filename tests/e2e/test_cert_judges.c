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
static struct test_ca_world world;
static const struct lk_bytes none = {NULL, 0};

static int setup(void **state)
{
    static const uint8_t store_key[32] = {1}, id[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    openssl = lk_openssl_new(store_key);
    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK)
        return 1;
    return test_ca_world_init(&crypto, id, &world) == LK_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    test_ca_world_forget(&world);
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

static struct lk_bytes chain_bytes(const struct test_ca_cert *cert, size_t place, size_t at,
                                   struct lk_bytes changed)
{
    return place == at ? changed : test_ca_bytes(cert);
}

/* Mutates F, E, H and K in turn, signs well again, and asks all three. The issuer of F and K stays:
 * car and phone hold the root's bare key, so its name is what only the others can check. */
static void PK12_accepted_here_is_accepted_by_others(void **state)
{
    const struct test_ca_cert *certs[4] = {&world.h, &world.e, &world.f, &world.k};
    struct lk_key signers[4] = {world.instance.key, world.device_maker.key, world.automaker.key,
                                world.automaker.key};
    unsigned rounds = getenv("LATCHKEY_LONG") != NULL ? 1000000 : 20000, num_accepted = 0;
    struct test_parts parts;
    uint32_t seed = 12;

    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        size_t at = i % 4, len;
        struct lk_bytes changed, chain[3];
        struct lk_cert a, b, c;
        uint8_t der[2048], key[65];
        enum lk_status status;

        assert_true(test_parts_take(&crypto, certs[at], &parts));
        mutate(&parts, &seed, at < 2);
        len = test_parts_join(&crypto, &parts, signers[at], der, sizeof der);
        changed = lk_bytes(der, len);
        for (size_t place = 0; place < 3; place++)
            chain[place] = chain_bytes(certs[place], place, at, changed);
        if (at == 3)
            status = lk_chain_check_vehicle(&crypto, world.automaker.public_key, none, changed,
                                            NULL, &a, key);
        else
            status = lk_chain_check_endpoint(&crypto, world.automaker.public_key, chain[2],
                                             chain[1], chain[0], NULL, &a, &b, &c);
        if (status != LK_OK)
            continue;
        num_accepted++;
        if (at == 3)
            chain[0] = changed;
        if (!judge_openssl(chain, at == 3 ? 1 : 3, test_ca_bytes(&world.j)) ||
            !judge_gnutls(chain, at == 3 ? 1 : 3, test_ca_bytes(&world.j))) {
            for (size_t n = 0; n < len; n++)
                print_error("%02x", der[n]);
            print_error("\n");
            fail_msg("round %u, certificate %zu: accepted here alone", i, at);
        }
    }
    print_message("%u mutated chains, %u accepted here, all of them by OpenSSL and GnuTLS\n",
                  rounds, num_accepted);
    assert_in_range(num_accepted, rounds / 200, rounds / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M58_independent_parser),
        cmocka_unit_test(M91_car_certificate_verified_by_others),
        cmocka_unit_test(every_letter_is_read_by_others),
        cmocka_unit_test(PK12_accepted_here_is_accepted_by_others),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
