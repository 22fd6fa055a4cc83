/* limbo.c: the public path-validation cases of x509-limbo (attack row PK1), where LATCHKEY_LIMBO
 * names its limbo.json (schema version 1); the house holds no copy. They are certificates of the
 * web, and this product's profile demands a role that none of those has: no chain of theirs may be
 * accepted, whatever the case expects, and each refusal must name a rule and not a mishap. A
 * certificate that the reader takes all the same is judged beside OpenSSL: the same signatures hold
 * for both. Cases with a certificate outside P-256 and SHA-256 are counted and left out. */
#include "support/crypto_fixture.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "latchkey/pki.h"

#define CERTS_MAX 16

/* One case: the peer, then intermediates, then what is trusted. */
struct limbo {
    struct lk_bytes certs[CERTS_MAX]; /* owned by OpenSSL's allocator */
    size_t num, num_trusted;
};

static struct lk_crypto *crypto;
static unsigned by_rule[0x10000];

static void forget(struct limbo *limbo)
{
    for (size_t i = 0; i < limbo->num; i++)
        OPENSSL_free((void *)(uintptr_t)limbo->certs[i].at);
    limbo->num = limbo->num_trusted = 0;
}

/* 1 if `json` was PEM and there was room. */
static int add(struct limbo *limbo, json_t *json)
{
    const char *text = json_string_value(json);
    BIO *bio = text != NULL ? BIO_new_mem_buf(text, -1) : NULL;
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    int good = bio != NULL && limbo->num < CERTS_MAX &&
               PEM_read_bio(bio, &name, &header, &der, &len) == 1;

    if (good)
        limbo->certs[limbo->num++] = lk_bytes(der, (size_t)len);
    OPENSSL_free(name);
    OPENSSL_free(header);
    BIO_free(bio);
    return good;
}

static int take(struct limbo *limbo, json_t *test)
{
    json_t *one;
    size_t i;
    int good = add(limbo, json_object_get(test, "peer_certificate"));

    json_array_foreach(json_object_get(test, "untrusted_intermediates"), i, one)
        good = good && add(limbo, one);
    json_array_foreach(json_object_get(test, "trusted_certs"), i, one)
    {
        good = good && add(limbo, one);
        limbo->num_trusted++;
    }
    return good;
}

/* The point of a P-256 SubjectPublicKeyInfo, NULL if there is none. */
static const uint8_t *point_of(struct lk_bytes der)
{
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

    for (size_t i = 0; i + sizeof head + LK_POINT_LEN <= der.len; i++)
        if (memcmp(der.at + i, head, sizeof head) == 0)
            return der.at + i + sizeof head;
    return NULL;
}

static void refused(const char *id, enum lk_status status)
{
    if (strncmp(lk_status_name(status), "LK_CERT_", 8) != 0)
        fail_msg("%s: %s", id, lk_status_name(status));
    by_rule[status & 0xffff]++;
}

/* What our reader takes, OpenSSL takes; and the signature holds for both or for neither. */
static unsigned compare(const char *id, const struct limbo *limbo)
{
    unsigned num = 0;

    for (size_t i = 0; i < limbo->num; i++) {
        struct lk_cert cert;

        if (lk_cert_parse(crypto, limbo->certs[i], &cert) != LK_OK)
            continue;
        num++;
        for (size_t k = 0; k < limbo->num; k++) {
            const unsigned char *at = limbo->certs[i].at, *up = limbo->certs[k].at;
            X509 *child = d2i_X509(NULL, &at, (long)limbo->certs[i].len);
            X509 *above = d2i_X509(NULL, &up, (long)limbo->certs[k].len);
            int ours = lk_cert_verify(crypto, &cert, point_of(limbo->certs[k])) == LK_OK;

            if (child == NULL ||
                (above != NULL && ours != (X509_verify(child, X509_get0_pubkey(above)) == 1)))
                fail_msg("%s: certificate %zu under %zu: OpenSSL disagrees", id, i, k);
            X509_free(child);
            X509_free(above);
        }
    }
    return num;
}

/* Every trusted key as the pinned root; every way to fill the places of our two chains. */
static void judge(const char *id, const struct limbo *limbo)
{
    static const struct lk_bytes none = {NULL, 0};
    struct lk_cert a, b, c;
    uint8_t authorized[LK_POINT_LEN];
    size_t num_below = limbo->num - limbo->num_trusted;

    for (size_t t = num_below; t < limbo->num; t++) {
        const uint8_t *root = point_of(limbo->certs[t]);

        for (size_t i = 0; i < limbo->num; i++) {
            struct lk_bytes between = i == 0 ? none : limbo->certs[i];

            refused(id, lk_chain_check_vehicle(crypto, root, between, limbo->certs[0], NULL, &a,
                                               authorized));
            for (size_t k = 1; k < limbo->num; k++)
                refused(id, lk_chain_check_endpoint(crypto, root, limbo->certs[k],
                                                    i == 0 ? limbo->certs[k] : limbo->certs[i],
                                                    limbo->certs[0], NULL, &a, &b, &c));
        }
    }
}

static void PK1_public_path_cases(void **state)
{
    struct crypto_fixture *f = *state;
    const char *path = getenv("LATCHKEY_LIMBO");
    unsigned num[2] = {0, 0}, num_other = 0, num_read = 0;
    json_t *root, *test;
    size_t i;

    if (path == NULL || path[0] == 0) {
        print_message("skipped: LATCHKEY_LIMBO does not name the limbo.json of x509-limbo\n");
        skip();
    }
    crypto = &f->crypto[ON_OPENSSL];
    root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_integer_value(json_object_get(root, "version")), 1);
    json_array_foreach(json_object_get(root, "testcases"), i, test)
    {
        const char *id = json_string_value(json_object_get(test, "id"));
        const char *want = json_string_value(json_object_get(test, "expected_result"));
        struct limbo limbo = {.num = 0};
        int good = take(&limbo, test);

        assert_non_null(id);
        assert_non_null(want);
        for (size_t k = 0; k < limbo.num; k++)
            good = good && point_of(limbo.certs[k]) != NULL;
        if (good && limbo.num_trusted > 0) {
            judge(id, &limbo);
            num_read += compare(id, &limbo);
            num[strcmp(want, "SUCCESS") == 0]++;
        } else {
            num_other++;
        }
        forget(&limbo);
    }
    json_decref(root);
    print_message("x509-limbo: %u cases to fail, %u to succeed on the web, all refused here; %u "
                  "left out (other keys, more than %d certificates, nothing trusted)\n",
                  num[0], num[1], num_other, CERTS_MAX);
    print_message("  certificates that the reader took by themselves: %u\n", num_read);
    for (unsigned rule = 0; rule < 0x10000; rule++)
        if (by_rule[rule] > 0)
            print_message("  %s: %u\n", lk_status_name((enum lk_status)rule), by_rule[rule]);
    assert_true(num[0] + num[1] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PK1_public_path_cases),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
