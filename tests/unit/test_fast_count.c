/* FA5: the search over all keys and the compare of 16 bytes cost the same whichever key matches and
 * whichever byte differs. As a test it checks what they answer; with an argument it does one of
 * them, for fast_count.sh to count its instructions. */
#include "support/crypto_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/inside.h"
#include "latchkey/vehicle.h"

#define NUM_KEYS 20

static struct lk_bearssl provider;
static struct lk_crypto crypto;
static struct lk_fast_key table[NUM_KEYS];
static uint8_t cryptograms[NUM_KEYS][16];

static uint8_t vehicle[65], device[65], vehicle_id[8], transaction_id[16];
static const struct lk_fast_info info = {
    .vehicle_public = vehicle,
    .vehicle_id = vehicle_id,
    .version_list = {(const uint8_t *)"\x01\x00", 2},
    .t = {.vehicle_ephemeral = vehicle, .device_ephemeral = device,
          .transaction_id = transaction_id, .interface = LK_NFC, .p1 = 1, .p2 = 1,
          .version = {1, 0}},
};

/* One provider and a full table of keys. 0 if that failed. */
static int begin(void)
{
    static uint32_t seed = 5;
    static const uint8_t store_key[32] = {5};
    struct lk_session_keys keys;
    uint8_t public_key[65] = {4};

    vehicle[0] = device[0] = 4;
    if (lk_bearssl_init(&provider, fixed_entropy, &seed, store_key) != LK_OK ||
        lk_crypto_init(&crypto, &provider.port) != LK_OK)
        return 0;
    for (unsigned i = 0; i < NUM_KEYS; i++) {
        struct lk_persistent persistent = {{(uint8_t)(i + 1)}};

        public_key[1] = (uint8_t)i;
        if (lk_fast_key_make(&crypto, &persistent, public_key, &table[i]) != LK_OK ||
            lk_fast_derive(&crypto, &persistent, public_key, &info, cryptograms[i], &keys) !=
                LK_OK)
            return 0;
    }
    return 1;
}

/* The index that a search finds, -1 for none. */
static int scan(const uint8_t cryptogram[16])
{
    size_t index = 0;
    uint32_t mask = 0;

    if (lk_fast_scan(&crypto, table, sizeof table[0], NUM_KEYS, &info, cryptogram, &index,
                     &mask) != LK_OK)
        return -2;
    return mask != 0 ? (int)index : -1;
}

/* Two streams at once without the processor's help: valgrind knows no SHA extensions. */
static void portable_x2(uint32_t state_a[8], const uint8_t block_a[64], uint32_t state_b[8],
                        const uint8_t block_b[64])
{
    lk_sha256_compress(state_a, block_a, 1);
    lk_sha256_compress(state_b, block_b, 1);
}

/* "key N" or "byte N" (cryptogram of the first key with that byte changed) for a search, "equal N"
 * for a compare that differs at byte N; 16 and more: at none. -1 from the compare means unequal. */
static int one(const char *what, unsigned n)
{
    uint8_t a[16], b[16];

    memcpy(a, cryptograms[0], sizeof a);
    memcpy(b, cryptograms[0], sizeof b);
    if (n < 16)
        a[n] ^= 1;
    if (strcmp(what, "equal") == 0)
        return lk_equal(a, b, sizeof a) ? 0 : -1;
    if (strcmp(what, "byte") == 0)
        return scan(a);
    return scan(cryptograms[n % NUM_KEYS]);
}

static void FA5_one_key_or_none_is_found(void **state)
{
    (void)state;
    assert_true(begin());
    for (int two = 0; two < 2; two++) {
        provider.port.sha256_compress_x2 = two ? portable_x2 : NULL;
        for (unsigned i = 0; i < NUM_KEYS; i++)
            assert_int_equal(one("key", i), i);
        for (unsigned i = 0; i < 16; i++)
            assert_int_equal(one("byte", i), -1);
        assert_int_equal(one("byte", 16), 0);
    }
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(one("equal", i), -1);
    assert_int_equal(one("equal", 16), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(FA5_one_key_or_none_is_found),
    };

    if (argc == 4) { /* one at a time or two at a time, what, n */
        if (strcmp(argv[2], "equal") != 0 && !begin())
            return 1;
        provider.port.sha256_compress_x2 = argv[1][0] == '2' ? portable_x2 : NULL;
        return one(argv[2], (unsigned)atoi(argv[3])) == -2;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
