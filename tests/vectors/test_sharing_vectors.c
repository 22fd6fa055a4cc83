/* test_sharing_vectors.c: the worked example of spec/sharing.md, computed by src/ and looked for in
 * the page; and the same bytes read back by the parsers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "latchkey/provider_openssl.h"
#include "msg/msg.h"
#include "support/spy.h"

static char page[65536];
static size_t page_len;
static struct lk_openssl *provider;
static struct test_spy spy;
static struct lk_crypto crypto;
static uint8_t owner_key[65], friend_key[65], key_id[20], ff20[LK_ENTITLEMENT_MAX], hash[32];
static size_t ff20_len;
static const uint8_t vehicle_id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static uint8_t session[16];

static enum lk_status counting(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(0xc0 + i);
    return LK_OK;
}

static void public_of(uint8_t byte, uint8_t out[65])
{
    struct lk_key key = {0};
    uint8_t scalar[32];

    memset(scalar, byte, sizeof scalar);
    test_spy_queue(&spy, scalar);
    assert_int_equal(lk_key_generate(&crypto, &key, out), LK_OK);
    lk_key_free(&crypto, &key);
}

/* The page without blanks. */
static void read_page(void)
{
    const char *source = getenv("LATCHKEY_SOURCE");
    char path[1024];
    FILE *file;
    int c;

    assert_non_null(source);
    (void)snprintf(path, sizeof path, "%s/spec/sharing.md", source);
    file = fopen(path, "r");
    assert_non_null(file);
    while ((c = fgetc(file)) != EOF && page_len + 1 < sizeof page) {
        if (c > ' ')
            page[page_len++] = (char)c;
    }
    (void)fclose(file);
}

static int begin(void **state)
{
    static const uint8_t store_key[32] = {7};

    (void)state;
    provider = lk_openssl_new(store_key);
    assert_non_null(provider);
    test_spy_init(&spy, lk_openssl_port(provider));
    assert_int_equal(lk_crypto_init(&crypto, &spy.port), LK_OK);
    public_of(0x44, owner_key);
    public_of(0x55, friend_key);
    assert_int_equal(lk_key_id(&crypto, owner_key, key_id), LK_OK);
    for (uint8_t i = 0; i < 16; i++)
        session[i] = (uint8_t)(0xa0 + i);
    read_page();
    return 0;
}

static int end(void **state)
{
    (void)state;
    lk_crypto_forget(&crypto);
    lk_openssl_free(&provider);
    return 0;
}

static void is_on_page(const uint8_t *bytes, size_t len)
{
    static char hex[2 * 512 + 1];

    assert_in_range(len, 1, 512);
    for (size_t i = 0; i < len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    if (strstr(page, hex) == NULL)
        fail_msg("not on the page: %s", hex);
}

static void write_rights(void)
{
    static const uint8_t salt[8] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17};
    struct lk_share_key key;
    uint8_t mac[16];
    struct lk_entitlement rights = {
        .profile = 1,
        .not_before = lk_bytes("20260301000000Z", 15),
        .not_after = lk_bytes("20260601000000Z", 15),
        .slot = lk_bytes("\x70\x00", 2),
        .vehicle_id = lk_bytes(vehicle_id, 8),
        .sharer = lk_bytes(key_id, 20),
        .epoch = 7,
        .redeem_by = lk_bytes("20260320000000Z", 15),
        .activation = LK_ACTIVATE_PASSWORD,
        .salt = lk_bytes(salt, 8),
        .mac = lk_bytes(mac, 16),
    };
    struct lk_bytes part;
    struct lk_wr wr;

    memset(key.key, 0x5a, sizeof key.key);
    assert_int_equal(lk_share_password_mac(&crypto, &key, salt, lk_bytes("swordfish", 9), mac),
                     LK_OK);
    lk_wr_init(&wr, ff20, sizeof ff20);
    lk_entitlement_write(&rights, &wr);
    assert_int_equal(wr.fault, LK_OK);
    ff20_len = wr.len;
    part = lk_bytes(ff20, ff20_len);
    assert_int_equal(lk_sha256(&crypto, &part, 1, hash), LK_OK);
}

/* The signature is the page's: it must verify. */
static void find_signature(const struct lk_share *share, uint8_t out[64])
{
    const char *at = page;

    while ((at = strstr(at, "9e40")) != NULL) {
        at += 4;
        for (size_t i = 0; i < 64; i++) {
            unsigned value = 0;

            (void)sscanf(at + 2 * i, "%2x", &value);
            out[i] = (uint8_t)value;
        }
        if (lk_verify(&crypto, owner_key, &share->signed_part, 1, out) == LK_OK)
            return;
    }
    fail_msg("no good signature on the page");
}

static void D4_rights_word_and_package(void **state)
{
    uint8_t nonce[20], text[LK_SHARE_LEN], signature[64], out[512];
    struct lk_vehicle_data data = {7, {(const uint8_t *)"ZZZZZZZZZZZZZZZZ", 16}};
    struct lk_package package = {.slot = lk_bytes("\x70\x00", 2), .device_type = 1};
    struct lk_package read;
    struct lk_wr wr;

    (void)state;
    lk_wr_init(&wr, out, sizeof out);
    lk_vehicle_data_write(&data, &wr);
    is_on_page(out, wr.len);
    write_rights();
    is_on_page(ff20, ff20_len);
    is_on_page(hash, 32);
    for (uint8_t i = 0; i < 20; i++)
        nonce[i] = i;
    package.share.random = lk_bytes(nonce, 20);
    package.share.device_key = lk_bytes(friend_key, 65);
    package.share.entitlement_hash = lk_bytes(hash, 32);
    lk_wr_init(&wr, text, sizeof text);
    lk_share_write(&package.share, &wr);
    is_on_page(text, wr.len);
    assert_int_equal(lk_share_parse(lk_bytes(text, wr.len), &package.share), LK_OK);
    find_signature(&package.share, signature);
    package.signature = lk_bytes(signature, 64);
    assert_int_equal(lk_entitlement_parse(lk_bytes(ff20, ff20_len), &package.entitlement), LK_OK);
    lk_wr_init(&wr, out, sizeof out);
    lk_package_write(&package, &wr);
    assert_int_equal(wr.fault, LK_OK);
    is_on_page(out, wr.len);
    assert_int_equal(lk_package_parse(lk_bytes(out, wr.len), &read), LK_OK);
}

static void hash_of(const void *text, size_t len, uint8_t out[32])
{
    struct lk_bytes part = lk_bytes(text, len);

    assert_int_equal(lk_sha256(&crypto, &part, 1, out), LK_OK);
}

static void S18_question_and_answer(void **state)
{
    uint8_t signing[32], asked[32], mac[32], out[256];
    struct lk_share_pin msg = {.header = {.session = lk_bytes(session, 16),
                                          .direction = LK_SHARE_FROM_OWNER,
                                          .sequence = 2,
                                          .previous = lk_bytes(signing, 32)},
                               .tries_left = 5};
    struct lk_wr wr;

    (void)state;
    hash_of("FF11", 4, signing);
    lk_wr_init(&wr, out, sizeof out);
    lk_share_pin_write(&msg, &wr);
    is_on_page(out, wr.len);
    hash_of(out, wr.len, asked);
    assert_int_equal(lk_share_pin_mac(&crypto, lk_bytes("271828", 6), session, signing, mac),
                     LK_OK);
    msg.header.direction = LK_SHARE_FROM_FRIEND;
    msg.header.sequence = 3;
    msg.header.previous = lk_bytes(asked, 32);
    msg.is_value = 1;
    msg.mac = lk_bytes(mac, 32);
    lk_wr_init(&wr, out, sizeof out);
    lk_share_pin_write(&msg, &wr);
    is_on_page(out, wr.len);
}

static void P17_cancel_and_its_seal(void **state)
{
    uint8_t before[32], out[256], sealed[256];
    struct lk_share_secret secret;
    struct lk_share_cancel msg = {{.session = lk_bytes(session, 16),
                                   .direction = LK_SHARE_FROM_FRIEND,
                                   .sequence = 1,
                                   .previous = lk_bytes(before, 32)},
                                  LK_CANCEL_FRIEND};
    struct lk_crypto_port honest = spy.port;
    struct lk_wr wr;

    (void)state;
    hash_of("FF10", 4, before);
    lk_wr_init(&wr, out, sizeof out);
    lk_share_cancel_write(&msg, &wr);
    is_on_page(out, wr.len);
    for (uint8_t i = 0; i < 32; i++)
        secret.key[i] = i;
    spy.port.random = counting;
    assert_int_equal(
        lk_share_seal(&crypto, &secret, session, lk_bytes(out, wr.len), sealed), LK_OK);
    spy.port = honest;
    is_on_page(sealed, wr.len + LK_SHARE_OVERHEAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(D4_rights_word_and_package),
        cmocka_unit_test(S18_question_and_answer),
        cmocka_unit_test(P17_cancel_and_its_seal),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
