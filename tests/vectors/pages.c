/* pages.c: the product makes the bytes that the pages of spec/ print as worked examples; the second
 * implementation (tests/second/vectors.py) makes them too. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "chan/chan.h"
#include "latchkey/store.h"
#include "latchkey/vehicle.h"
#include "msg/attestation.h"
#include "support/crypto_fixture.h"
#include "support/flash.h"

static char page[64 * 1024];

/* The page without white space, in small letters. */
static void open_page(const char *name)
{
    const char *source = getenv("LATCHKEY_SOURCE");
    char path[512];
    FILE *in;
    size_t len = 0;
    int c;

    (void)snprintf(path, sizeof path, "%s/spec/%s.md", source != NULL ? source : ".", name);
    in = fopen(path, "r");
    assert_non_null(in);
    while ((c = getc(in)) != EOF && len + 1 < sizeof page) {
        if (!isspace(c))
            page[len++] = (char)tolower(c);
    }
    page[len] = 0;
    assert_int_equal(fclose(in), 0);
}

/* The page prints `before`, these bytes, and `after`. */
static void assert_printed(const char *before, const void *bytes, size_t len, const char *after)
{
    char text[1024];
    size_t at = (size_t)snprintf(text, sizeof text, "%s", before);

    for (size_t i = 0; i < len; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%02x", ((const uint8_t *)bytes)[i]);
    (void)snprintf(text + at, sizeof text - at, "%s", after);
    if (strstr(page, text) == NULL)
        fail_msg("the page does not print %s", text);
}

static const uint8_t vehicle_id[8] = {1, 2, 3, 4, 5, 6, 7, 8};

/* The signature that follows `signed_part` on the page verifies under `key`. */
static void assert_signed(struct lk_crypto *crypto, const struct lk_wr *signed_part,
                          const uint8_t *key)
{
    struct lk_bytes part = lk_bytes(signed_part->at, signed_part->len);
    uint8_t signature[64];
    char digits[129] = {0};
    const char *at = strstr(page, "then9e40");

    assert_int_equal(signed_part->fault, LK_OK);
    assert_printed("signed", part.at, part.len, "then9e40");
    assert_non_null(at);
    memcpy(digits, at + 8, 128);
    assert_int_equal(from_hex(digits, signature, sizeof signature), 64);
    assert_int_equal(lk_verify(crypto, key, &part, 1, signature), LK_OK);
}

static void D26_the_grant_of_the_page(void **state)
{
    struct lk_crypto *crypto = ((struct crypto_fixture *)*state)->crypto;
    struct lk_actuator actuator = {.last_sequence = 0x40};
    struct lk_grant grant = {
        .action = LK_ACTION_UNLOCK, .sequence = 0x41, .rights = LK_RIGHTS_OWNER};
    uint8_t device_key[65];
    struct lk_key key = key_from_byte(crypto, 0x44, device_key);
    const char *at;
    char digits[33] = {0};

    open_page("vehicle");
    memset(actuator.key, 0xac, sizeof actuator.key);
    assert_int_equal(lk_key_id(crypto, device_key, grant.key_id), LK_OK);
    for (uint8_t i = 0; i < 16; i++)
        grant.transaction_id[i] = i;
    at = strstr(page, "00000041003f0000mac");
    assert_non_null(at);
    memcpy(digits, at + 19, 32);
    assert_int_equal(from_hex(digits, grant.mac, sizeof grant.mac), 16);
    assert_int_equal(lk_actuator_check(crypto, &actuator, LK_ACTION_UNLOCK, &grant), LK_GRANT);
    lk_key_free(crypto, &key);
}

static void D5_the_termination_of_the_page(void **state)
{
    struct lk_crypto *crypto = ((struct crypto_fixture *)*state)->crypto;
    uint8_t device_key[65], id[20], bytes[256];
    struct lk_key key = key_from_byte(crypto, 0x44, device_key);
    struct lk_termination object = {.vehicle_id = lk_bytes(vehicle_id, 8),
                                    .key_id = lk_bytes(id, sizeof id),
                                    .reason = 1,
                                    .element_counter = 7};
    struct lk_wr wr;

    open_page("applet");
    assert_int_equal(lk_key_id(crypto, device_key, id), LK_OK);
    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_termination_write_signed(&object, &wr);
    assert_signed(crypto, &wr, device_key);
    lk_key_free(crypto, &key);
}

static void S10_the_attestation_of_the_page(void **state)
{
    struct lk_crypto *crypto = ((struct crypto_fixture *)*state)->crypto;
    uint8_t device_key[65], vehicle_key[65], hash[32], bytes[256];
    struct lk_key device = key_from_byte(crypto, 0x44, device_key);
    struct lk_key vehicle = key_from_byte(crypto, 0x33, vehicle_key);
    struct lk_bytes h = lk_bytes("H", 1);
    struct lk_vehicle_attestation object = {.vehicle_id = lk_bytes(vehicle_id, 8),
                                            .device_key = lk_bytes(device_key, 65),
                                            .role = LK_OBJECT_OWNER,
                                            .epoch = 2,
                                            .cert_hash = lk_bytes(hash, sizeof hash)};
    struct lk_wr wr;

    open_page("pairing");
    assert_int_equal(lk_sha256(crypto, &h, 1, hash), LK_OK);
    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_vehicle_attestation_write_signed(&object, &wr);
    assert_signed(crypto, &wr, vehicle_key);
    lk_key_free(crypto, &device);
    lk_key_free(crypto, &vehicle);
}

static void open_channel(struct lk_chan *chan, const char *enc, const char *mac, const char *rmac)
{
    struct lk_session_keys keys;

    (void)from_hex(enc, keys.enc, 16);
    (void)from_hex(mac, keys.mac, 16);
    (void)from_hex(rmac, keys.rmac, 16);
    lk_chan_open(chan, &keys);
}

/* One sealed command on both ends; then the phone's answer. */
static void talk(struct lk_crypto *crypto, struct lk_chan ends[2], struct lk_bytes command,
                 const char *header, struct lk_bytes answer)
{
    uint8_t sealed[300], plain[300];
    size_t len = 0, got = 0;

    assert_int_equal(lk_chan_seal_command(&ends[0], crypto, command, sealed, &len), LK_OK);
    assert_printed(header, sealed, len, "00");
    assert_int_equal(lk_chan_open_command(&ends[1], crypto, lk_bytes(sealed, len), plain, &got),
                     LK_OK);
    assert_int_equal(lk_chan_seal_response(&ends[1], crypto, answer, sealed, &len), LK_OK);
    if (answer.len == LK_CHAN_PLAIN_MAX)
        assert_printed("are", sealed + len - 8, 8, ",then6105");
    else
        assert_printed("", sealed, len, "9000");
    assert_int_equal(lk_chan_open_response(&ends[0], crypto, lk_bytes(sealed, len), plain, &got),
                     LK_OK);
}

static void D29_the_parts_of_the_page(void **state)
{
    struct lk_crypto *crypto = ((struct crypto_fixture *)*state)->crypto;
    static const uint8_t zeros[LK_CHAN_PLAIN_MAX];
    struct lk_chan ends[2];

    open_page("pairing");
    for (int i = 0; i < 2; i++)
        open_channel(&ends[i], "161886cb9ae7403d8dbccfe36b8a0426",
                     "6387ba65479cb7eb9df97bd48ac33159", "41677fb6398459199f1e569760df91c1");
    talk(crypto, ends, lk_bytes("\x5f\x5f", 3), "84d4800018", lk_bytes(NULL, 0));
    talk(crypto, ends, lk_bytes("\x7f\x24", 2), "84ca000018", lk_bytes(zeros, sizeof zeros));
    talk(crypto, ends, lk_bytes(NULL, 0), "84c0000008", lk_bytes("\x30\x03\x02\x01\x01", 5));
}

static void P11_the_exchange_after_fast_of_the_page(void **state)
{
    struct lk_crypto *crypto = ((struct crypto_fixture *)*state)->crypto;
    struct lk_chan ends[2];

    open_page("transaction");
    for (int i = 0; i < 2; i++)
        open_channel(&ends[i], "4d72d13250473ae7eedabf25548fe2c3",
                     "eb15b9920484c128a3f216739a9e9cb3", "076401d73db648aa6c679d9669ac9145");
    talk(crypto, ends, lk_bytes("\x87\x04\0\0\0\x01", 6), "84c9000018",
         lk_bytes("\0\x01\x09\0\x02\0\0", 7));
}

static void the_store_of_the_page(void **state)
{
    static struct test_flash flash;
    static struct lk_store store;
    const uint8_t record[3] = {1, 1, 0};

    (void)state;
    open_page("store");
    test_flash_init(&flash);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_ELEMENT), LK_OK);
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_ELEMENT), LK_OK);
    assert_int_equal(lk_store_write(&store, 0x10000, record, sizeof record), LK_OK);
    assert_printed("00000", flash.data, 0x28, "00028");
    assert_printed("00028", flash.data + 0x28, 0x18, "00040");
    assert_printed("00040", flash.data + 0x40, 0x20, "00060");
    assert_printed("00060", flash.data + 0x60, 0x18, "0ffd0");
    assert_printed("0ffd0", flash.data + 0xffd0, 0x18, "0ffe8");
    assert_printed("0ffe8", flash.data + 0xffe8, 0x18, "```");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(D26_the_grant_of_the_page),
        cmocka_unit_test(D5_the_termination_of_the_page),
        cmocka_unit_test(S10_the_attestation_of_the_page),
        cmocka_unit_test(D29_the_parts_of_the_page),
        cmocka_unit_test(P11_the_exchange_after_fast_of_the_page),
        cmocka_unit_test(the_store_of_the_page),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
