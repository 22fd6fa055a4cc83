/* crypto.c: the crypto room on both providers: RFC vectors, generators that fail, records, hostile
 * shares, the key search, and the two providers against each other. */
#include "crypto/inside.h"
#include "latchkey/provider_x86.h"
#include "support/crypto_fixture.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define PRIME "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"

static struct lk_crypto *at(void **state, int provider)
{
    struct crypto_fixture *f = *state;

    return &f->crypto[provider];
}

/* --- known answers of the primitives --- */

static void rfc5869_without_salt(void **state)
{
    uint8_t ikm[22], okm[42];

    memset(ikm, 0x0b, sizeof ikm);
    for (int p = 0; p < NUM_PROVIDERS; p++) {
        assert_int_equal(lk_hkdf(at(state, p), lk_bytes(ikm, 22), NULL, 0, okm, 42), LK_OK);
        assert_hex(okm, 42,
                   "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                   "9d201395faa4b61a96c8");
    }
}

static void rfc4493_cmac(void **state)
{
    static const struct {
        size_t len;
        const char *mac;
    } cases[] = {
        {0, "bb1d6929e95937287fa37d129b756746"},
        {16, "070a16b46b4d4144f79bdd9dd04a287c"},
        {40, "dfa66747de9ae63030ca32611497c827"},
        {64, "51f0bebf7e3b9d92fc49741779363cfe"},
    };
    uint8_t key[16], text[64], mac[16];

    from_hex("2b7e151628aed2a6abf7158809cf4f3c", key, 16);
    from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
             "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
             text, 64);
    for (int p = 0; p < NUM_PROVIDERS; p++) {
        for (size_t i = 0; i < 4; i++) {
            /* In two runs, so that the gathering is seen too. */
            size_t half = cases[i].len / 3;
            struct lk_bytes parts[] = {{text, half}, {text + half, cases[i].len - half}};
            assert_int_equal(lk_cmac(at(state, p), key, parts, 2, mac), LK_OK);
            assert_hex(mac, 16, cases[i].mac);
        }
    }
}

static void SC3_rfc6979_signatures(void **state)
{
    static const struct {
        const char *text, *signature;
    } cases[] = {
        {"sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                   "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
        {"test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                 "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
    };
    uint8_t public_key[65], signature[64], want[64];

    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *crypto = at(state, p);
        struct lk_key key = key_from_hex(
            crypto, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", public_key);
        for (size_t i = 0; i < 2; i++) {
            struct lk_bytes part = lk_bytes(cases[i].text, strlen(cases[i].text));
            from_hex(cases[i].signature, want, sizeof want);
            assert_int_equal(lk_verify(crypto, public_key, &part, 1, want), LK_OK);
            assert_int_equal(lk_sign(crypto, key, &part, 1, signature), LK_OK);
            if (p == ON_BEARSSL)
                assert_memory_equal(signature, want, 64);
        }
        lk_key_free(crypto, &key);
    }
}

static void PA4_rfc9383_shares_of_both_sides(void **state)
{
    uint8_t w0[32], w1[32], x[32], y[32], l[65];
    struct lk_spake2_prover prover;
    struct lk_spake2_verifier verifier;

    from_hex("bb8e1bbcf3c48f62c08db243652ae55d3e5586053fca77102994f23ad95491b3", w0, 32);
    from_hex("7e945f34d78785b8a3ef44d0df5a1a97d6b3b460409a345ca7830387a74b1dba", w1, 32);
    from_hex("d1232c8e8693d02368976c174e2088851b8365d0d79a9eee709c6a05a2fad539", x, 32);
    from_hex("717a72348a182085109c8d3917d6c43d59b224dc6a7fc4f0483232fa6516d8b3", y, 32);
    for (int p = 0; p < NUM_PROVIDERS; p++) {
        assert_int_equal(lk_spake2_l(at(state, p), w1, l), LK_OK);
        assert_hex(l, 65,
                   "04eb7c9db3d9a9eb1f8adab81b5794c1f13ae3e225efbe91ea487425854c7fc00f"
                   "00bfedcbd09b2400142d40a14f2064ef31dfaa903b91d1faea7093d835966efd");
        assert_int_equal(lk_spake2_prover_start_with(at(state, p), w0, w1, x, &prover), LK_OK);
        assert_hex(prover.share, 65,
                   "04ef3bd051bf78a2234ec0df197f7828060fe9856503579bb1733009042c15c0c1"
                   "de127727f418b5966afadfdd95a6e4591d171056b333dab97a79c7193e341727");
        assert_int_equal(lk_spake2_verifier_start_with(at(state, p), w0, l, y, &verifier), LK_OK);
        assert_hex(verifier.share, 65,
                   "04c0f65da0d11927bdf5d560c69e1d7d939a05b0e88291887d679fcadea75810fb"
                   "5cc1ca7494db39e82ff2f50665255d76173e09986ab46742c798a9a68437b048");
    }
}

static void portable_compression_agrees_with_the_provider(void **state)
{
    struct crypto_fixture *f = *state;
    struct lk_crypto_port x86 = {.ctx = NULL};
    uint8_t block[128] = {0}, hash[32];

    memcpy(block, "abc\x80", 4);
    block[63] = 24;
    uint32_t words[8], other[8];
    memcpy(words, lk_sha256_start, sizeof words);
    lk_sha256_compress(words, block, 1);
    struct lk_bytes abc = lk_bytes("abc", 3);
    assert_int_equal(lk_sha256(&f->crypto[0], &abc, 1, hash), LK_OK);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(words[i], lk_be32(hash + 4 * i));
    if (!lk_x86_sha256(&x86))
        return;
    for (unsigned i = 0; i < 200; i++) {
        uint32_t a[8], b[8];
        assert_int_equal(lk_random(&f->crypto[0], block, sizeof block), LK_OK);
        memcpy(a, words, sizeof a);
        memcpy(b, lk_sha256_start, sizeof b);
        x86.sha256_compress_x2(a, block, b, block + 64);
        memcpy(other, words, sizeof other);
        lk_sha256_compress(other, block, 1);
        assert_memory_equal(a, other, sizeof a);
        memcpy(other, lk_sha256_start, sizeof other);
        lk_sha256_compress(other, block + 64, 1);
        assert_memory_equal(b, other, sizeof b);
        memcpy(a, words, sizeof a);
        memcpy(other, words, sizeof other);
        x86.sha256_compress(a, block, 2);
        lk_sha256_compress(other, block, 2);
        assert_memory_equal(a, other, sizeof a);
        memcpy(words, a, sizeof words);
    }
}

/* --- scalars against big integers of OpenSSL --- */

static void check_reduction(const uint8_t in[40], BIGNUM *n, BN_CTX *ctx)
{
    BIGNUM *z = BN_bin2bn(in, 40, NULL), *m = BN_dup(n), *w = BN_new();
    uint8_t got[32], want[32], minus[32];

    assert_true(BN_sub_word(m, 1) && BN_mod(w, z, m, ctx) && BN_add_word(w, 1));
    assert_int_equal(BN_bn2binpad(w, want, 32), 32);
    lk_scalar_reduce(in, got);
    assert_memory_equal(got, want, 32);
    lk_scalar_negate(got, minus);
    assert_true(BN_sub(w, n, w) && BN_bn2binpad(w, want, 32) == 32);
    assert_memory_equal(minus, want, 32);
    BN_free(z);
    BN_free(m);
    BN_free(w);
}

static void SC6_reduction_and_negation(void **state)
{
    BIGNUM *n = NULL;
    BN_CTX *ctx = BN_CTX_new();
    uint8_t in[40];

    assert_true(BN_hex2bn(&n, ORDER) > 0);
    for (unsigned fill = 0; fill < 256; fill++) {
        memset(in, (int)fill, sizeof in);
        check_reduction(in, n, ctx);
    }
    /* Multiples of n - 1 and their neighbours, where a wrong carry shows. */
    for (unsigned k = 0; k < 3000; k++) {
        BIGNUM *z = BN_dup(n);
        assert_true(BN_sub_word(z, 1) && BN_mul_word(z, (BN_ULONG)(k < 1000 ? k : ~0ull / k)));
        assert_true(BN_add_word(z, k % 3) && (k % 3 == 2 && k > 5 ? BN_sub_word(z, 3) : 1));
        if (BN_num_bits(z) <= 320 && !BN_is_negative(z)) {
            assert_int_equal(BN_bn2binpad(z, in, 40), 40);
            check_reduction(in, n, ctx);
        }
        BN_free(z);
        assert_int_equal(lk_random(at(state, ON_OPENSSL), in, sizeof in), LK_OK);
        check_reduction(in, n, ctx);
    }
    BN_free(n);
    BN_CTX_free(ctx);
}

/* --- generators that fail (ST4, SC4) --- */

enum lie { CONSTANT, ZERO, REPEATED, FAILING };
static enum lie lie;

static enum lk_status lying_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(lie == REPEATED ? i * 7 + 1 : lie == CONSTANT ? 0x42 : 0);
    return lie == FAILING ? LK_PORT_RANDOM : LK_OK;
}

static void ST4_bad_generators_are_refused(void **state)
{
    struct crypto_fixture *f = *state;
    uint8_t out[32] = {0}, w0[32] = {1}, w1[32] = {2};

    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto_port port = *f->crypto[p].port;
        struct lk_crypto crypto = f->crypto[p], fresh;
        struct lk_spake2_prover prover;
        port.random = lying_random;
        crypto.port = &port;
        for (int i = CONSTANT; i <= FAILING; i++) {
            lie = (enum lie)i;
            assert_int_equal(lk_crypto_init(&fresh, &port), LK_PORT_RANDOM);
            assert_true(lk_is_zero(&fresh, sizeof fresh));
            (void)lk_random(&crypto, out, 32);
            assert_int_equal(lk_random(&crypto, out, 32), LK_PORT_RANDOM);
            assert_int_equal(lk_random(&crypto, out, 4), LK_PORT_RANDOM);
            assert_int_equal(lk_spake2_prover_start(&crypto, w0, w1, &prover), LK_PORT_RANDOM);
        }
    }
}

static struct lk_key stuck_key;
static uint8_t stuck_public[65];

static enum lk_status stuck_generate(void *ctx, struct lk_key *out, uint8_t out_public[65])
{
    (void)ctx;
    *out = stuck_key;
    memcpy(out_public, stuck_public, 65);
    return LK_OK;
}

static void ST4_two_equal_ephemerals_are_refused(void **state)
{
    struct crypto_fixture *f = *state;
    struct lk_crypto_port port = *f->crypto[0].port;
    struct lk_crypto crypto = f->crypto[0];
    struct lk_key key;
    uint8_t public_key[65];

    stuck_key = key_from_byte(&crypto, 0x15, stuck_public);
    port.ec_generate = stuck_generate;
    crypto.port = &port;
    assert_int_equal(lk_key_generate(&crypto, &key, public_key), LK_OK);
    assert_int_equal(lk_key_generate(&crypto, &key, public_key), LK_PORT_RANDOM);
    lk_key_free(&crypto, &key);
}

static enum lk_status no_entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
    return LK_PORT_RANDOM;
}

static void SC4_no_entropy_no_provider(void **state)
{
    static struct lk_bearssl bearssl;
    uint8_t store_key[32] = {1};

    (void)state;
    assert_int_equal(lk_bearssl_init(&bearssl, no_entropy, NULL, store_key), LK_PORT_RANDOM);
    assert_true(lk_is_zero(&bearssl, sizeof bearssl));
}

static void SC4_fork_does_not_repeat(void **state)
{
    uint8_t ours[32], theirs[32];
    int pipe_ends[2];

    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int ok = lk_random(at(state, ON_OPENSSL), theirs, 32) == LK_OK;
        _exit(ok && write(pipe_ends[1], theirs, 32) == 32 ? 0 : 1);
    }
    assert_int_equal(lk_random(at(state, ON_OPENSSL), ours, 32), LK_OK);
    assert_int_equal(read(pipe_ends[0], theirs, 32), 32);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_memory_not_equal(ours, theirs, 32);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void fixed_entropy_makes_fixed_runs(void **state)
{
    static struct lk_bearssl bearssl[2];
    uint32_t seed = 99;
    uint8_t store_key[32] = {1}, out[2][65];
    struct lk_key key;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct lk_crypto crypto;
        assert_int_equal(lk_bearssl_init(&bearssl[i], fixed_entropy, &seed, store_key), LK_OK);
        assert_int_equal(lk_crypto_init(&crypto, &bearssl[i].port), LK_OK);
        assert_int_equal(lk_key_generate(&crypto, &key, out[i]), LK_OK);
    }
    assert_memory_equal(out[0], out[1], 65);
}

/* --- signatures --- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void SC3_no_two_signatures_share_r(void **state)
{
    unsigned num = long_or_short(300);

    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *crypto = at(state, p);
        uint8_t public_key[65], counter[4], signature[64];
        uint8_t(*seen)[32] = calloc(num, 32);
        struct lk_key key = key_from_byte(crypto, 0x33, public_key);
        for (unsigned i = 0; i < num; i++) {
            struct lk_bytes part = {counter, 4};
            lk_put32(counter, p == ON_OPENSSL ? 1 : i); /* random nonces differ on one message */
            assert_int_equal(lk_sign(crypto, key, &part, 1, signature), LK_OK);
            memcpy(seen[i], signature, 32);
        }
        qsort(seen, num, 32, by_bytes);
        for (unsigned i = 1; i < num; i++)
            assert_memory_not_equal(seen[i - 1], seen[i], 32);
        free(seen);
        lk_key_free(crypto, &key);
    }
}

static void SC5_other_s_verifies_but_nothing_else_does(void **state)
{
    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *crypto = at(state, p);
        uint8_t public_key[65], signature[64], other[64];
        struct lk_bytes part = lk_bytes("a door", 6);
        struct lk_key key = key_from_byte(crypto, 0x33, public_key);
        assert_int_equal(lk_sign(crypto, key, &part, 1, signature), LK_OK);
        memcpy(other, signature, 64);
        lk_scalar_negate(signature + 32, other + 32);
        assert_int_equal(lk_verify(crypto, public_key, &part, 1, other), LK_OK);
        for (size_t i = 0; i < 64; i += 7) {
            other[i] ^= 0x40;
            assert_int_equal(lk_verify(crypto, public_key, &part, 1, other), LK_PEER_SIGNATURE);
            other[i] ^= 0x40;
        }
        memset(other, 0, 32);
        assert_int_equal(lk_verify(crypto, public_key, &part, 1, other), LK_PEER_SIGNATURE);
        from_hex(ORDER, other, 32);
        assert_int_equal(lk_verify(crypto, public_key, &part, 1, other), LK_PEER_SIGNATURE);
        public_key[64] ^= 1;
        assert_int_equal(lk_verify(crypto, public_key, &part, 1, signature), LK_PEER_POINT);
        lk_key_free(crypto, &key);
        assert_int_equal(lk_sign(crypto, key, &part, 1, signature), LK_CALLER_ARGUMENT);
    }
}

/* --- SPAKE2+ against hostile peers --- */

/* The `which`-th bad share, made from a good one. 0 when there are no more. */
static int make_bad_share(unsigned which, const uint8_t good[65], uint8_t out[65])
{
    memcpy(out, good, 65);
    switch (which) {
    case 0: out[64] ^= 1; return 1;
    case 1: memset(out, 0, 65); return 1;
    case 2: memset(out + 33, 0, 32); return 1;
    case 3: out[0] = 0x02; return 1;
    case 4: out[0] = 0x06 | (good[64] & 1); return 1;
    case 5: from_hex(PRIME, out + 1, 32); return 1;
    case 6: from_hex(PRIME, out + 33, 32); return 1;
    case 7: memset(out + 1, 0xff, 64); return 1;
    default: return 0;
    }
}

static void PA3_invalid_shares_are_refused(void **state)
{
    struct lk_bytes tlvs = lk_bytes("\x5b\x02\x01\x01", 4);

    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *crypto = at(state, p);
        uint8_t w0[32], w1[32] = {2}, l[65], bad[65], m[16] = {0};
        struct lk_spake2_prover prover, prover_start;
        struct lk_spake2_verifier verifier, verifier_start;
        struct lk_pairing_keys keys;
        memset(w0, 0x31, sizeof w0);
        assert_int_equal(lk_spake2_l(crypto, w1, l), LK_OK);
        assert_int_equal(lk_spake2_prover_start(crypto, w0, w1, &prover_start), LK_OK);
        assert_int_equal(lk_spake2_verifier_start(crypto, w0, l, &verifier_start), LK_OK);
        for (unsigned i = 0; make_bad_share(i, verifier_start.share, bad); i++) {
            prover = prover_start;
            verifier = verifier_start;
            assert_int_equal(lk_spake2_prover_finish(crypto, &prover, bad, m, tlvs, m, &keys),
                             LK_PEER_POINT);
            assert_true(lk_is_zero(&prover, sizeof prover));
            assert_int_equal(lk_spake2_verifier_respond(crypto, &verifier, bad, tlvs, m, &keys),
                             LK_PEER_POINT);
            assert_true(lk_is_zero(&verifier, sizeof verifier));
        }
        /* A share that is its mask alone leaves infinity: X = w0*M, Y = w0*N. */
        const char *masks[] = {
            "04886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f"
            "5ff355163e43ce224e0b0e65ff02ac8e5c7be09419c785e0ca547d55a12e2d20",
            "04d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49"
            "07d60aa6bfade45008a636337f5168c64d9bd36034808cd564490b1e656edbe7",
        };
        uint8_t mask[65];
        from_hex(masks[0], mask, 65);
        assert_int_equal(crypto->port->ec_muladd(crypto->port->ctx, bad, mask, w0, NULL, NULL),
                         LK_OK);
        verifier = verifier_start;
        assert_int_equal(lk_spake2_verifier_respond(crypto, &verifier, bad, tlvs, m, &keys),
                         LK_PEER_POINT);
        from_hex(masks[1], mask, 65);
        assert_int_equal(crypto->port->ec_muladd(crypto->port->ctx, bad, mask, w0, NULL, NULL),
                         LK_OK);
        prover = prover_start;
        assert_int_equal(lk_spake2_prover_finish(crypto, &prover, bad, m, tlvs, m, &keys),
                         LK_PEER_POINT);
    }
}

static void PA5_reflected_values_are_refused(void **state)
{
    struct lk_bytes tlvs = lk_bytes("\x5b\x02\x01\x01", 4);

    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *crypto = at(state, p);
        uint8_t w0[32] = {1}, w1[32] = {2}, l[65], m1[16], m2[16], share[65];
        struct lk_spake2_prover prover;
        struct lk_spake2_verifier verifier;
        struct lk_pairing_keys keys;
        assert_int_equal(lk_spake2_l(crypto, w1, l), LK_OK);
        assert_int_equal(lk_spake2_prover_start(crypto, w0, w1, &prover), LK_OK);
        memcpy(share, prover.share, 65);
        assert_int_equal(lk_spake2_prover_finish(crypto, &prover, share, m1, tlvs, m2, &keys),
                         LK_PEER_REFLECTED);
        assert_int_equal(lk_spake2_verifier_start(crypto, w0, l, &verifier), LK_OK);
        memcpy(share, verifier.share, 65);
        assert_int_equal(lk_spake2_verifier_respond(crypto, &verifier, share, tlvs, m1, &keys),
                         LK_PEER_REFLECTED);
        /* The car's own evidence sent back to it. */
        assert_int_equal(lk_spake2_prover_start(crypto, w0, w1, &prover), LK_OK);
        assert_int_equal(lk_spake2_verifier_start(crypto, w0, l, &verifier), LK_OK);
        assert_int_equal(
            lk_spake2_verifier_respond(crypto, &verifier, prover.share, tlvs, m1, &keys), LK_OK);
        assert_int_equal(lk_spake2_verifier_finish(&verifier, m1), LK_PEER_EVIDENCE);
        assert_true(lk_is_zero(&verifier, sizeof verifier));
        uint8_t nothing[16] = {0};
        assert_int_equal(lk_spake2_verifier_finish(&verifier, nothing), LK_PEER_EVIDENCE);
    }
}

/* Phone on one provider, car on the other; `w1_differs` is a wrong password. */
static enum lk_status run_pairing(struct lk_crypto *phone, struct lk_crypto *car, int w1_differs)
{
    struct lk_bytes tlvs = lk_bytes("\x5b\x02\x01\x01\x5c\x02\x01\x00", 8);
    uint8_t w0[32], w1[32], l[65], share[65], m1[16], m2[16];
    struct lk_spake2_prover prover;
    struct lk_spake2_verifier verifier;
    struct lk_pairing_keys at_phone, at_car;

    assert_int_equal(lk_scalar_draw(phone, w0), LK_OK);
    assert_int_equal(lk_scalar_draw(phone, w1), LK_OK);
    assert_int_equal(lk_spake2_l(car, w1, l), LK_OK);
    w1[31] ^= (uint8_t)w1_differs;
    assert_int_equal(lk_spake2_prover_start(phone, w0, w1, &prover), LK_OK);
    assert_int_equal(lk_spake2_verifier_start(car, w0, l, &verifier), LK_OK);
    assert_int_equal(lk_spake2_verifier_respond(car, &verifier, prover.share, tlvs, m1, &at_car),
                     LK_OK);
    memcpy(share, verifier.share, 65);
    enum lk_status status = lk_spake2_prover_finish(phone, &prover, share, m1, tlvs, m2, &at_phone);
    assert_true(lk_is_zero(&prover, sizeof prover));
    if (status != LK_OK)
        return status;
    assert_memory_equal(&at_phone, &at_car, sizeof at_car);
    return lk_spake2_verifier_finish(&verifier, m2);
}

static void PA4_providers_pair_with_each_other(void **state)
{
    for (unsigned i = 0; i < long_or_short(8); i++) {
        int p = (int)(i & 1);
        assert_int_equal(run_pairing(at(state, p), at(state, !p), 0), LK_OK);
        assert_int_equal(run_pairing(at(state, p), at(state, !p), 1), LK_PEER_EVIDENCE);
    }
}

/* Structured and random scalars through both providers: the same points come out. */
static void SC6_providers_agree_on_points(void **state)
{
    const struct lk_crypto_port *left = at(state, 0)->port, *right = at(state, 1)->port;
    uint8_t a[32], b[32], p[65], q[65], x[65], y[65], minus[32];

    for (unsigned i = 0; i < long_or_short(12); i++) {
        assert_int_equal(lk_scalar_draw(at(state, 0), a), LK_OK);
        assert_int_equal(lk_scalar_draw(at(state, 0), b), LK_OK);
        if (i < 4)
            memset(b, 0, 31); /* small scalars, odd and so never zero */
        b[31] = i == 0 ? 1 : b[31] | 1;
        if (i == 1)
            lk_scalar_negate(a, b);
        assert_int_equal(left->ec_muladd(left->ctx, p, NULL, a, NULL, NULL), LK_OK);
        assert_int_equal(right->ec_muladd(right->ctx, q, NULL, b, NULL, NULL), LK_OK);
        assert_int_equal(left->ec_muladd(left->ctx, x, p, b, q, a), LK_OK); /* equal summands */
        assert_int_equal(right->ec_muladd(right->ctx, y, p, b, q, a), LK_OK);
        assert_memory_equal(x, y, 65);
        assert_int_equal(left->ec_muladd(left->ctx, x, p, NULL, p, a), LK_OK);
        assert_int_equal(right->ec_muladd(right->ctx, y, p, NULL, p, a), LK_OK);
        assert_memory_equal(x, y, 65);
        lk_scalar_negate(a, minus); /* a*Q - a*Q is infinity */
        assert_int_equal(left->ec_muladd(left->ctx, x, q, a, q, minus), LK_PEER_POINT);
        assert_int_equal(right->ec_muladd(right->ctx, y, q, a, q, minus), LK_PEER_POINT);
    }
}

/* --- records --- */

static void D24_records_unwrap_only_as_they_were(void **state)
{
    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *crypto = at(state, p);
        struct lk_bytes label = lk_bytes("endpoint", 8), other = lk_bytes("endpoinu", 8);
        uint8_t record[LK_KEY_RECORD_MAX], out[48], secret[48], made[65], loaded[65];
        struct lk_persistent persistent;
        struct lk_key key, again;
        size_t len = 0, out_len = 0;
        memset(secret, 0xa5, sizeof secret);
        for (size_t n = 0; n <= 48; n++) {
            assert_int_equal(lk_secret_save(crypto, lk_bytes(secret, n), label, record, &len),
                             LK_OK);
            assert_int_equal(
                lk_secret_load(crypto, lk_bytes(record, len), label, out, 48, &out_len), LK_OK);
            assert_true(out_len == n && memcmp(out, secret, n) == 0);
        }
        assert_int_equal(lk_secret_load(crypto, lk_bytes(record, len), other, out, 48, &out_len),
                         LK_STORE_CORRUPT);
        assert_int_equal(lk_secret_load(crypto, lk_bytes(record, len), label, out, 47, &out_len),
                         LK_CALLER_SPACE);
        assert_int_equal(lk_persistent_load(crypto, lk_bytes(record, len), label, &persistent),
                         LK_STORE_CORRUPT);
        for (size_t i = 0; i < len; i++) {
            record[i] ^= 1;
            assert_int_equal(
                lk_secret_load(crypto, lk_bytes(record, len), label, out, 48, &out_len),
                LK_STORE_CORRUPT);
            record[i] ^= 1;
            assert_int_equal(lk_secret_load(crypto, lk_bytes(record, i), label, out, 48, &out_len),
                             LK_STORE_CORRUPT);
        }
        assert_int_equal(lk_key_generate(crypto, &key, made), LK_OK);
        assert_int_equal(lk_key_save(crypto, key, label, record, &len), LK_OK);
        assert_int_equal(lk_key_load(crypto, lk_bytes(record, len), label, &again, loaded), LK_OK);
        assert_memory_equal(made, loaded, 65);
        /* The other provider, with the same store key, reads it too. */
        struct lk_key theirs;
        assert_int_equal(lk_key_load(at(state, !p), lk_bytes(record, len), label, &theirs, loaded),
                         LK_OK);
        assert_memory_equal(made, loaded, 65);
        lk_key_free(at(state, !p), &theirs);
        lk_key_free(crypto, &key);
        lk_key_free(crypto, &again);
    }
}

static void handles_die_and_stay_dead(void **state)
{
    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *crypto = at(state, p);
        uint8_t public_key[65], x[32];
        struct lk_key first = key_from_byte(crypto, 9, public_key), dead = first;
        lk_key_free(crypto, &first);
        assert_int_equal(first.id, 0);
        struct lk_key second = key_from_byte(crypto, 10, public_key);
        assert_int_not_equal(second.id, dead.id);
        assert_int_equal(crypto->port->ec_agree(crypto->port->ctx, dead, public_key, x),
                         LK_CALLER_ARGUMENT);
        lk_key_free(crypto, &dead);
        assert_int_equal(crypto->port->ec_agree(crypto->port->ctx, second, public_key, x), LK_OK);
        lk_key_free(crypto, &second);
        struct lk_key keys[LK_OPENSSL_NUM_KEYS];
        size_t num = 0;
        uint8_t made[65];
        while (num < LK_OPENSSL_NUM_KEYS && lk_key_generate(crypto, &keys[num], made) == LK_OK)
            num++;
        assert_int_equal(lk_key_generate(crypto, &second, made), LK_CALLER_FULL);
        while (num > 0)
            lk_key_free(crypto, &keys[--num]);
    }
}

/* --- the key search --- */

#define TABLE 33

/* One entry of a vehicle's table: the search steps over what lies around the key. */
struct slot {
    uint32_t before;
    struct lk_fast_key key;
    uint32_t after[3];
};

static struct slot table[TABLE];

static void assert_scan(struct lk_crypto *crypto, const struct lk_fast_info *info,
                        const uint8_t cryptogram[16], uint32_t want_mask, size_t want_index)
{
    size_t index = 99;
    uint32_t mask = 1;

    assert_int_equal(lk_fast_scan(crypto, &table[0].key, sizeof table[0], TABLE, info, cryptogram,
                                  &index, &mask),
                     LK_OK);
    assert_true(mask == want_mask && index == want_index);
}

static void assert_key_record(struct lk_crypto *crypto, const struct lk_fast_key *key)
{
    struct lk_bytes label = lk_bytes("k", 1);
    uint8_t record[LK_FAST_RECORD_LEN];
    struct lk_fast_key loaded;

    assert_int_equal(lk_fast_key_save(crypto, key, label, record), LK_OK);
    assert_int_equal(lk_fast_key_load(crypto, lk_bytes(record, sizeof record), label, &loaded),
                     LK_OK);
    assert_memory_equal(loaded.inner, key->inner, 32);
    assert_memory_equal(loaded.outer, key->outer, 32);
    assert_memory_equal(loaded.device_x, key->device_x, 32);
    record[40] ^= 1;
    assert_int_equal(lk_fast_key_load(crypto, lk_bytes(record, sizeof record), label, &loaded),
                     LK_STORE_CORRUPT);
}

/* Entry `i` is found where it stands; not when dead, and not when it stands there twice. */
static void check_entry(struct lk_crypto *crypto, struct lk_fast_info *info,
                        const uint8_t device[65], uint8_t i)
{
    struct lk_persistent persistent = {{i, 7}};
    struct lk_session_keys phone, car;
    struct slot *next = &table[(i + 1) % TABLE], kept = *next;
    uint8_t cryptogram[16];

    assert_int_equal(lk_fast_derive(crypto, &persistent, device, info, cryptogram, &phone), LK_OK);
    assert_scan(crypto, info, cryptogram, 0xffffffffu, i);
    assert_int_equal(lk_fast_session(crypto, &table[i].key, info, &car), LK_OK);
    assert_memory_equal(&phone, &car, sizeof car);
    assert_key_record(crypto, &table[i].key);
    table[i].key.live = 0;
    assert_scan(crypto, info, cryptogram, 0, 0);
    table[i].key.live = 0xff;
    *next = table[i];
    assert_scan(crypto, info, cryptogram, 0, 0);
    *next = kept;
    cryptogram[15] ^= 1;
    assert_scan(crypto, info, cryptogram, 0, 0);
}

static void D25_scan_finds_each_and_only_live_keys(void **state)
{
    struct crypto_fixture *f = *state;
    uint8_t vehicle[65], device[65], list[15] = {1}, id[8] = {1}, tid[16] = {2};
    size_t index;
    uint32_t mask;

    struct lk_key a = key_from_byte(&f->crypto[ON_OPENSSL], 0x22, vehicle);
    struct lk_key b = key_from_byte(&f->crypto[ON_OPENSSL], 0x11, device);
    struct lk_fast_info info = {
        vehicle, id, {list, 2}, {vehicle, device, tid, 0x5e, 1, 1, {1, 0}}};
    for (int has_x86 = 0; has_x86 < 2; has_x86++) {
        struct lk_crypto_port port = *f->crypto[ON_OPENSSL].port;
        struct lk_crypto crypto = f->crypto[ON_OPENSSL];
        crypto.port = &port;
        if (has_x86 && !lk_x86_sha256(&port))
            break;
        for (uint8_t i = 0; i < TABLE; i++) {
            struct lk_persistent persistent = {{i, 7}};
            assert_int_equal(lk_fast_key_make(&crypto, &persistent, device, &table[i].key), LK_OK);
        }
        for (uint8_t i = 0; i < TABLE; i++) {
            info.version_list.len = (size_t)2 * (1 + i % 7); /* three and four blocks alike */
            check_entry(&crypto, &info, device, i);
        }
        info.version_list.len = 15;
        assert_int_equal(lk_fast_scan(&crypto, &table[0].key, sizeof table[0], TABLE, &info, tid,
                                      &index, &mask),
                         LK_CALLER_ARGUMENT);
    }
    lk_key_free(&f->crypto[ON_OPENSSL], &a);
    lk_key_free(&f->crypto[ON_OPENSSL], &b);
}

static void SC8_forget_wipes(void **state)
{
    struct lk_crypto crypto = *at(state, ON_BEARSSL);

    lk_crypto_forget(&crypto);
    assert_true(lk_is_zero(&crypto, sizeof crypto));
}

/* --- the secret of a sharing --- */

static int by_secret(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct lk_share_secret));
}

static void SH19_a_million_draws_repeat_nothing(void **state)
{
    enum { NUM = 1000000 };
    struct lk_share_secret *drawn = calloc(NUM, sizeof *drawn);

    assert_non_null(drawn);
    for (size_t i = 0; i < NUM; i++)
        assert_int_equal(lk_share_secret_draw(at(state, 0), &drawn[i]), LK_OK);
    qsort(drawn, NUM, sizeof *drawn, by_secret);
    for (size_t i = 1; i < NUM; i++)
        assert_memory_not_equal(drawn[i - 1].key, drawn[i].key, 16); /* 128 bits and more */
    free(drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5869_without_salt),
        cmocka_unit_test(rfc4493_cmac),
        cmocka_unit_test(SC3_rfc6979_signatures),
        cmocka_unit_test(PA4_rfc9383_shares_of_both_sides),
        cmocka_unit_test(portable_compression_agrees_with_the_provider),
        cmocka_unit_test(SC6_reduction_and_negation),
        cmocka_unit_test(ST4_bad_generators_are_refused),
        cmocka_unit_test(ST4_two_equal_ephemerals_are_refused),
        cmocka_unit_test(SC4_no_entropy_no_provider),
        cmocka_unit_test(SC4_fork_does_not_repeat),
        cmocka_unit_test(fixed_entropy_makes_fixed_runs),
        cmocka_unit_test(SC3_no_two_signatures_share_r),
        cmocka_unit_test(SC5_other_s_verifies_but_nothing_else_does),
        cmocka_unit_test(PA3_invalid_shares_are_refused),
        cmocka_unit_test(PA5_reflected_values_are_refused),
        cmocka_unit_test(PA4_providers_pair_with_each_other),
        cmocka_unit_test(SC6_providers_agree_on_points),
        cmocka_unit_test(D24_records_unwrap_only_as_they_were),
        cmocka_unit_test(handles_die_and_stay_dead),
        cmocka_unit_test(D25_scan_finds_each_and_only_live_keys),
        cmocka_unit_test(SC8_forget_wipes),
        cmocka_unit_test(SH19_a_million_draws_repeat_nothing),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
