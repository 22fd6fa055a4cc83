/* wycheproof.c: the Wycheproof files through both providers (attack row SC1). Groups that this
 * product has no use for (other key sizes) are counted and named, never passed over in silence. */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/inside.h"
#include "support/crypto_fixture.h"

#define BYTES_MAX 65536

/* One test case with its group, and how the fields are read from it. */
struct wycheproof {
    json_t *group, *test;
    uint8_t pool[4 * BYTES_MAX];
    size_t used;
};

static const char *text_of(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static long number_of(json_t *object, const char *name)
{
    return (long)json_integer_value(json_object_get(object, name));
}

/* A hexadecimal field as bytes in the pool. */
static struct lk_bytes bytes_of(struct wycheproof *w, const char *name)
{
    uint8_t *at = w->pool + w->used;
    size_t len = from_hex(text_of(w->test, name), at, sizeof w->pool - w->used);

    w->used += len;
    return lk_bytes(at, len);
}

/* 1 valid, 0 invalid, -1 acceptable. */
static int wanted(struct wycheproof *w)
{
    const char *result = text_of(w->test, "result");

    return strcmp(result, "valid") == 0 ? 1 : strcmp(result, "invalid") == 0 ? 0 : -1;
}

/* The case as the product judges it: 1 accepted, 0 refused, 2 not for this product. */
typedef int judge_fn(struct wycheproof *w, struct lk_crypto *crypto);

static void run_file(void **state, const char *name, judge_fn *judge)
{
    struct crypto_fixture *f = *state;
    static struct wycheproof w;
    const char *folder = getenv("LATCHKEY_WYCHEPROOF");
    char path[512];
    unsigned num_run = 0, num_skipped = 0;
    size_t i, k;

    if (folder == NULL || folder[0] == 0) {
        print_message("skipped: LATCHKEY_WYCHEPROOF does not name the folder of the vectors\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    json_array_foreach(json_object_get(root, "testGroups"), i, w.group)
    {
        json_array_foreach(json_object_get(w.group, "tests"), k, w.test)
        {
            for (int p = 0; p < NUM_PROVIDERS; p++) {
                w.used = 0;
                int got = judge(&w, &f->crypto[p]), want = wanted(&w);
                num_run += got != 2;
                num_skipped += got == 2;
                if (got != 2 && want >= 0 && got != want)
                    fail_msg("%s: %s case %ld: %s", name, f->crypto[p].port->name,
                             number_of(w.test, "tcId"), text_of(w.test, "comment"));
            }
        }
    }
    print_message("%s: %u judged, %u of a size this product does not use\n", name, num_run,
                  num_skipped);
    assert_true(num_run > 50);
    json_decref(root);
}

static int verify(struct wycheproof *w, struct lk_crypto *crypto, const uint8_t signature[64])
{
    uint8_t point[65];
    const char *hex = text_of(json_object_get(w->group, "publicKey"), "uncompressed");
    struct lk_bytes message = bytes_of(w, "msg");

    assert_int_equal(from_hex(hex, point, sizeof point), 65);
    return lk_verify(crypto, point, &message, 1, signature) == LK_OK;
}

static int judge_raw_signature(struct wycheproof *w, struct lk_crypto *crypto)
{
    struct lk_bytes signature = bytes_of(w, "sig");

    return signature.len == 64 ? verify(w, crypto, signature.at) : 0;
}

static void SC1_wycheproof_ecdsa_raw(void **state)
{
    run_file(state, "ecdsa_secp256r1_sha256_p1363_test.json", judge_raw_signature);
}

/* One strict DER INTEGER, positive and at most 32 bytes; 0 if it is none. */
static size_t der_integer(struct lk_bytes in, uint8_t out[32])
{
    if (in.len < 3 || in.at[0] != 2 || in.at[1] == 0 || in.at[1] > 33 || in.len - 2 < in.at[1])
        return 0;
    const uint8_t *at = in.at + 2;
    size_t len = in.at[1];
    if (at[0] & 0x80 || (at[0] == 0 && len > 1 && !(at[1] & 0x80)))
        return 0;
    if (at[0] == 0 && len > 1) {
        at++;
        len--;
    }
    if (len > 32)
        return 0;
    memset(out, 0, 32);
    memcpy(out + 32 - len, at, len);
    return 2u + in.at[1];
}

static int judge_der_signature(struct wycheproof *w, struct lk_crypto *crypto)
{
    struct lk_bytes der = bytes_of(w, "sig");
    uint8_t signature[64];

    if (der.len < 8 || der.at[0] != 0x30 || der.at[1] != der.len - 2)
        return 0;
    size_t first = der_integer(lk_bytes(der.at + 2, der.len - 2), signature);
    if (first == 0)
        return 0;
    size_t second = der_integer(lk_bytes(der.at + 2 + first, der.len - 2 - first), signature + 32);
    if (second == 0 || first + second != der.len - 2)
        return 0;
    return verify(w, crypto, signature);
}

static void SC1_wycheproof_ecdsa_der(void **state)
{
    run_file(state, "ecdsa_secp256r1_sha256_test.json", judge_der_signature);
}

/* Points that are not 65 bytes are refused by the message layer; here too. */
static int judge_ecdh(struct wycheproof *w, struct lk_crypto *crypto)
{
    struct lk_bytes point = bytes_of(w, "public"), scalar = bytes_of(w, "private");
    struct lk_bytes shared = bytes_of(w, "shared");
    uint8_t padded[32] = {0}, public_key[65], x[32];
    struct lk_key key = {0};

    if (point.len != 65)
        return wanted(w) == 1 ? 2 : 0;
    while (scalar.len > 32) {
        assert_int_equal(*scalar.at, 0);
        scalar = lk_bytes(scalar.at + 1, scalar.len - 1);
    }
    memcpy(padded + 32 - scalar.len, scalar.at, scalar.len);
    assert_int_equal(crypto->port->ec_load(crypto->port->ctx, padded, 32, &key, public_key), LK_OK);
    enum lk_status status = crypto->port->ec_agree(crypto->port->ctx, key, point.at, x);
    assert_int_equal(lk_point_check(crypto, point.at), status);
    lk_key_free(crypto, &key);
    if (status != LK_OK)
        return 0;
    return shared.len == 32 && memcmp(x, shared.at, 32) == 0;
}

static void SC1_wycheproof_ecdh(void **state)
{
    run_file(state, "ecdh_secp256r1_ecpoint_test.json", judge_ecdh);
}

static int judge_cmac(struct wycheproof *w, struct lk_crypto *crypto)
{
    struct lk_bytes key = bytes_of(w, "key"), message = bytes_of(w, "msg"),
                    tag = bytes_of(w, "tag");
    uint8_t mac[16];

    if (key.len != 16)
        return 2;
    assert_int_equal(lk_cmac(crypto, key.at, &message, 1, mac), LK_OK);
    return tag.len <= 16 && lk_equal(mac, tag.at, tag.len);
}

static void SC1_wycheproof_cmac(void **state)
{
    run_file(state, "aes_cmac_test.json", judge_cmac);
}

static int judge_hmac(struct wycheproof *w, struct lk_crypto *crypto)
{
    struct lk_bytes key = bytes_of(w, "key"), message = bytes_of(w, "msg"),
                    tag = bytes_of(w, "tag");
    uint8_t mac[32];

    assert_int_equal(lk_hmac(crypto, key, &message, 1, mac), LK_OK);
    return tag.len <= 32 && lk_equal(mac, tag.at, tag.len);
}

static void SC1_wycheproof_hmac(void **state)
{
    run_file(state, "hmac_sha256_test.json", judge_hmac);
}

/* With a salt the extract step is one HMAC; without, the product's own call. */
static int judge_hkdf(struct wycheproof *w, struct lk_crypto *crypto)
{
    struct lk_bytes ikm = bytes_of(w, "ikm"), salt = bytes_of(w, "salt"),
                    info = bytes_of(w, "info");
    struct lk_bytes okm = bytes_of(w, "okm");
    size_t size = (size_t)number_of(w->test, "size");
    static uint8_t out[255 * 32 + 64];
    uint8_t prk[32];

    if (size > sizeof out)
        return lk_hkdf(crypto, ikm, &info, 1, out, size) == LK_OK;
    assert_int_equal(lk_hmac(crypto, salt, &ikm, 1, prk), LK_OK);
    enum lk_status status = salt.len == 0 ? lk_hkdf(crypto, ikm, &info, 1, out, size)
                                          : lk_hkdf_expand(crypto, prk, &info, 1, out, size);
    return status == LK_OK && okm.len == size && memcmp(out, okm.at, size) == 0;
}

static void SC1_wycheproof_hkdf(void **state)
{
    run_file(state, "hkdf_sha256_test.json", judge_hkdf);
}

static int judge_gcm(struct wycheproof *w, struct lk_crypto *crypto)
{
    const struct lk_crypto_port *port = crypto->port;
    struct lk_bytes key = bytes_of(w, "key"), iv = bytes_of(w, "iv"), aad = bytes_of(w, "aad");
    struct lk_bytes msg = bytes_of(w, "msg"), ct = bytes_of(w, "ct"), tag = bytes_of(w, "tag");
    static uint8_t out[BYTES_MAX];
    uint8_t made[16];

    /* The port promises IVs up to 128 bytes; the product uses 16. */
    if ((key.len != 16 && key.len != 32) || tag.len != 16 || iv.len > 128)
        return 2;
    if (port->gcm_open(port->ctx, key, iv, aad, ct, tag.at, out) != LK_OK)
        return 0;
    assert_memory_equal(out, msg.at, msg.len);
    assert_int_equal(port->gcm_seal(port->ctx, key, iv, aad, msg, out, made), LK_OK);
    return memcmp(out, ct.at, ct.len) == 0 && memcmp(made, tag.at, 16) == 0;
}

static void SC1_wycheproof_gcm(void **state)
{
    run_file(state, "aes_gcm_test.json", judge_gcm);
}

/* Each file of the folder is run by a test, or is named here with the reason why not. */
static void SC1_every_file_is_used_or_has_a_reason(void **state)
{
    static const struct {
        const char *name, *reason; /* NULL: a test above runs it */
    } files[] = {
        {"ecdsa_secp256r1_sha256_p1363_test.json", NULL},
        {"ecdsa_secp256r1_sha256_test.json", NULL},
        {"ecdh_secp256r1_ecpoint_test.json", NULL},
        {"aes_cmac_test.json", NULL},
        {"hmac_sha256_test.json", NULL},
        {"hkdf_sha256_test.json", NULL},
        {"aes_gcm_test.json", NULL},
        {"aes_ccm_test.json", "AES-CCM comes with BLE; no provider has it yet"},
    };
    const char *path = getenv("LATCHKEY_WYCHEPROOF");
    DIR *folder = path != NULL && path[0] != 0 ? opendir(path) : NULL;
    struct dirent *entry;
    unsigned num = 0;

    (void)state;
    if (path == NULL || path[0] == 0) {
        print_message("skipped: LATCHKEY_WYCHEPROOF does not name the folder of the vectors\n");
        skip();
    }
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        size_t i = 0, len = strlen(entry->d_name);

        if (len < 5 || strcmp(entry->d_name + len - 5, ".json") != 0)
            continue;
        while (i < sizeof files / sizeof files[0] && strcmp(files[i].name, entry->d_name) != 0)
            i++;
        if (i == sizeof files / sizeof files[0])
            fail_msg("%s: no test runs it and no reason says why", entry->d_name);
        if (files[i].reason != NULL)
            print_message("%s: not run: %s\n", entry->d_name, files[i].reason);
        num++;
    }
    closedir(folder);
    assert_int_equal(num, sizeof files / sizeof files[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SC1_wycheproof_ecdsa_raw), cmocka_unit_test(SC1_wycheproof_ecdsa_der),
        cmocka_unit_test(SC1_wycheproof_ecdh),      cmocka_unit_test(SC1_wycheproof_cmac),
        cmocka_unit_test(SC1_wycheproof_hmac),      cmocka_unit_test(SC1_wycheproof_hkdf),
        cmocka_unit_test(SC1_wycheproof_gcm),
        cmocka_unit_test(SC1_every_file_is_used_or_has_a_reason),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
