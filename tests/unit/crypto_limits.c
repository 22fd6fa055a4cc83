/* The limits of the crypto room: what is too long or too short is refused with the outputs left as
 * they were, a provider that fails ends a start with nothing kept, and long messages have the MAC
 * that another library gives them. */
#include "crypto/inside.h"
#include "support/crypto_fixture.h"

#include <openssl/evp.h>
#include <openssl/params.h>

static struct lk_crypto *crypto_of(void **state)
{
    struct crypto_fixture *f = *state;

    return &f->crypto[ON_BEARSSL];
}

static const uint8_t untouched[64] = {0};

/* --- CMAC over more than the provider is given at once --- */

static void cmac_of_openssl(const uint8_t key[16], const uint8_t *at, size_t len, uint8_t out[16])
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    char cipher[] = "AES-128-CBC";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("cipher", cipher, 0),
                           OSSL_PARAM_construct_end()};
    size_t out_len = 0;

    assert_int_equal(EVP_MAC_init(ctx, key, 16, params), 1);
    assert_int_equal(EVP_MAC_update(ctx, at, len), 1);
    assert_int_equal(EVP_MAC_final(ctx, out, &out_len, 16), 1);
    assert_int_equal(out_len, 16);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}

static void a_cmac_of_any_length_is_that_of_openssl(void **state)
{
    static const uint8_t key[16] = {1, 2, 3};
    uint8_t text[800], expected[16], got[16];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 31);
    for (size_t len = 0; len <= sizeof text; len += len < 240 || len > 272 ? 16 : 1) {
        for (size_t cut = 0; cut <= len; cut += 129) {
            struct lk_bytes parts[] = {{text, cut}, {text + cut, len - cut}};

            cmac_of_openssl(key, text, len, expected);
            assert_int_equal(lk_cmac(crypto_of(state), key, parts, 2, got), LK_OK);
            assert_memory_equal(got, expected, 16);
        }
    }
}

/* A provider that fails at one call of CBC. */
static struct {
    const struct lk_crypto_port *inner;
    unsigned calls, fail_at;
} cbc;

static enum lk_status failing_cbc(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                  const uint8_t *in, size_t len, uint8_t *out)
{
    if (++cbc.calls == cbc.fail_at)
        return LK_PORT_CRYPTO;
    return cbc.inner->cbc_encrypt(ctx, key, iv, in, len, out);
}

static void a_cmac_whose_provider_fails_is_none(void **state)
{
    struct lk_crypto crypto = *crypto_of(state);
    struct lk_crypto_port port = *crypto.port;
    const uint8_t text[600] = {7}, key[16] = {1};
    const struct lk_bytes part = {text, sizeof text};
    uint8_t out[16] = {0};

    cbc.inner = crypto.port;
    port.cbc_encrypt = failing_cbc;
    crypto.port = &port;
    for (cbc.fail_at = 1; cbc.fail_at <= 4; cbc.fail_at++) {
        cbc.calls = 0;
        assert_int_equal(lk_cmac(&crypto, key, &part, 1, out), LK_PORT_CRYPTO);
        assert_int_equal(cbc.calls, cbc.fail_at);
        assert_memory_equal(out, untouched, sizeof out);
    }
    cbc.calls = 0;
    assert_int_equal(lk_cmac(&crypto, key, &part, 1, out), LK_OK);
    assert_int_equal(cbc.calls, 4); /* 256, 256, the subkey, the rest */
}

/* RFC 4231, test case 6: a key longer than a block is hashed first. */
static void rfc4231_a_key_of_131_bytes(void **state)
{
    const struct lk_bytes text =
        lk_bytes("Test Using Larger Than Block-Size Key - Hash Key First", 54);
    uint8_t key[131], out[32];

    memset(key, 0xaa, sizeof key);
    assert_int_equal(lk_hmac(crypto_of(state), lk_bytes(key, sizeof key), &text, 1, out), LK_OK);
    assert_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* --- what is too long or too short --- */

static void long_runs_are_refused_before_anything_is_done(void **state)
{
    static uint8_t large[255 * 32 + 1];
    struct lk_bytes parts[11] = {{NULL, 0}};
    uint8_t out[32] = {0};

    assert_int_equal(lk_hmac(crypto_of(state), lk_bytes(out, 32), parts, 11, out),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_hkdf(crypto_of(state), lk_bytes(out, 32), parts, 9, out, 32),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_hkdf(crypto_of(state), lk_bytes(out, 32), NULL, 0, large, sizeof large),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_x963(crypto_of(state), lk_bytes(out, 32), lk_bytes(NULL, 0), large,
                             sizeof large),
                     LK_CALLER_ARGUMENT);
    assert_memory_equal(out, untouched, sizeof out);
    assert_true(lk_is_zero(large, sizeof large));
}

static void an_ecies_text_without_room_for_its_tag(void **state)
{
    uint8_t public_key[65], out[16] = {0};
    struct lk_key key = key_from_byte(crypto_of(state), 5, public_key);

    assert_int_equal(lk_ecies_open(crypto_of(state), key, public_key, public_key,
                                   lk_bytes(untouched, 15), out),
                     LK_PEER_LENGTH);
    assert_memory_equal(out, untouched, sizeof out);
    lk_key_free(crypto_of(state), &key);
}

static void the_search_refuses_what_it_cannot_lay_out(void **state)
{
    static const uint8_t versions[18];
    const struct lk_persistent persistent = {{9}};
    uint8_t public_key[65], cryptogram[16] = {0};
    struct lk_key key = key_from_byte(crypto_of(state), 5, public_key);
    struct lk_fast_info info = {.vehicle_public = public_key,
                                .vehicle_id = untouched,
                                .version_list = {versions, sizeof versions},
                                .t = {.vehicle_ephemeral = public_key,
                                      .device_ephemeral = public_key,
                                      .transaction_id = untouched}};
    struct lk_session_keys keys;
    struct lk_fast_key fast;
    size_t index = 77;
    uint32_t mask = 77;

    memset(&keys, 0, sizeof keys);
    assert_int_equal(lk_fast_key_make(crypto_of(state), &persistent, public_key, &fast), LK_OK);
    assert_int_equal(lk_fast_derive(crypto_of(state), &persistent, public_key, &info, cryptogram,
                                    &keys),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_fast_scan(crypto_of(state), &fast, sizeof fast, 1, &info, cryptogram,
                                  &index, &mask),
                     LK_CALLER_ARGUMENT);
    info.version_list.len = 2;
    assert_int_equal(lk_fast_scan(crypto_of(state), &fast, sizeof fast - 1, 1, &info, cryptogram,
                                  &index, &mask),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(index, 77);
    assert_int_equal(mask, 77);
    assert_memory_equal(cryptogram, untouched, sizeof cryptogram);
    assert_true(lk_is_zero(&keys, sizeof keys));
    lk_key_free(crypto_of(state), &key);
}

/* --- records --- */

static void records_have_one_form(void **state)
{
    struct lk_crypto *crypto = crypto_of(state);
    const struct lk_bytes label = {untouched, 4}, long_label = {untouched, 17};
    uint8_t record[LK_FAST_RECORD_LEN] = {0}, out[64] = {0};
    struct lk_persistent persistent = {{0}};
    struct lk_fast_key fast;
    size_t len = 77;

    memset(&fast, 0, sizeof fast);
    assert_int_equal(lk_secret_save(crypto, lk_bytes("x", 1), long_label, record, &len),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_secret_save(crypto, lk_bytes(untouched, 49), label, record, &len),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(len, 77);
    assert_memory_equal(record, untouched, 64);

    assert_int_equal(lk_secret_save(crypto, lk_bytes("secret", 6), label, record, &len), LK_OK);
    assert_int_equal(
        lk_secret_load(crypto, lk_bytes(record, len), long_label, out, sizeof out, &len),
        LK_CALLER_ARGUMENT);
    assert_int_equal(lk_secret_load(crypto, lk_bytes(record, LK_KEY_RECORD_MAX + 16), label, out,
                                    sizeof out, &len),
                     LK_STORE_CORRUPT);
    assert_int_equal(lk_fast_key_load(crypto, lk_bytes(record, len), label, &fast),
                     LK_STORE_CORRUPT);
    assert_true(lk_is_zero(&fast, sizeof fast));

    /* Our own MAC over what we never write: no padding, and a secret of another length. */
    assert_int_equal(lk_record_wrap(crypto, RECORD_SECRET, label, lk_bytes(untouched, 16), record),
                     LK_OK);
    assert_int_equal(lk_secret_load(crypto, lk_bytes(record, 48), label, out, sizeof out, &len),
                     LK_STORE_CORRUPT);
    assert_int_equal(lk_record_wrap(crypto, RECORD_PERSISTENT, label,
                                    lk_bytes("\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\x80", 16), record),
                     LK_OK);
    assert_int_equal(lk_persistent_load(crypto, lk_bytes(record, 48), label, &persistent),
                     LK_STORE_CORRUPT);
    assert_true(lk_is_zero(&persistent, sizeof persistent));
    assert_memory_equal(out, untouched, sizeof out);
}

static enum lk_status long_ec_save(void *ctx, struct lk_key key, uint8_t out[LK_EC_RECORD_MAX],
                                   size_t *out_len)
{
    (void)ctx;
    (void)key;
    memset(out, 0x11, LK_EC_RECORD_MAX);
    *out_len = LK_EC_RECORD_MAX;
    return LK_OK;
}

static void a_key_part_without_room_for_its_padding(void **state)
{
    struct lk_crypto crypto = *crypto_of(state);
    struct lk_crypto_port port = *crypto.port;
    const struct lk_key key = {1};
    uint8_t record[LK_KEY_RECORD_MAX] = {0};
    size_t len = 77;

    port.ec_save = long_ec_save;
    crypto.port = &port;
    assert_int_equal(lk_key_save(&crypto, key, lk_bytes("k", 1), record, &len), LK_CALLER_SPACE);
    assert_int_equal(len, 77);
    assert_memory_equal(record, untouched, 64);
}

/* --- a start on a provider that fails --- */

static enum lk_status no_store_key(void *ctx, uint8_t out[32])
{
    (void)ctx;
    memset(out, 0x22, 32);
    return LK_PORT_CRYPTO;
}

static enum lk_status no_sha256(void *ctx, const struct lk_bytes *parts, size_t num,
                                uint8_t out[32])
{
    (void)ctx;
    (void)parts;
    (void)num;
    memset(out, 0x22, 32);
    return LK_PORT_CRYPTO;
}

static void PK14_a_start_without_its_provider_keeps_nothing(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct lk_crypto_port port = *crypto_of(state)->port;
        struct lk_crypto crypto;

        if (i == 0)
            port.store_key = no_store_key;
        else
            port.sha256 = no_sha256;
        memset(&crypto, 0x5a, sizeof crypto);
        assert_int_equal(lk_crypto_init(&crypto, &port), LK_PORT_CRYPTO);
        assert_true(lk_is_zero(&crypto, sizeof crypto));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cmac_of_any_length_is_that_of_openssl),
        cmocka_unit_test(a_cmac_whose_provider_fails_is_none),
        cmocka_unit_test(rfc4231_a_key_of_131_bytes),
        cmocka_unit_test(long_runs_are_refused_before_anything_is_done),
        cmocka_unit_test(an_ecies_text_without_room_for_its_tag),
        cmocka_unit_test(the_search_refuses_what_it_cannot_lay_out),
        cmocka_unit_test(records_have_one_form),
        cmocka_unit_test(a_key_part_without_room_for_its_padding),
        cmocka_unit_test(PK14_a_start_without_its_provider_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
