/* chan.c: the secure channel on both providers: turns, limits, and peers that replay, cut, guess or
 * probe the padding (attack rows EX1 to EX4, rule S2). */
#include "chan/chan.h"
#include "support/crypto_fixture.h"

#include <stdlib.h>

static struct lk_crypto *crypto_of(void **state)
{
    struct crypto_fixture *f = *state;

    return &f->crypto[ON_OPENSSL];
}

static void open_pair(struct lk_chan *car, struct lk_chan *phone)
{
    struct lk_session_keys keys[2];

    for (int i = 0; i < 2; i++) {
        memset(keys[i].enc, 1, 16);
        memset(keys[i].mac, 2, 16);
        memset(keys[i].rmac, 3, 16);
    }
    lk_chan_open(car, &keys[0]);
    lk_chan_open(phone, &keys[1]);
    assert_true(lk_is_zero(keys, sizeof keys));
}

static void assert_dead(struct lk_chan *chan, struct lk_crypto *crypto)
{
    uint8_t out[64];
    size_t len;

    assert_true(lk_is_zero(chan, sizeof *chan));
    assert_int_equal(lk_chan_seal_command(chan, crypto, lk_bytes("x", 1), out, &len),
                     LK_CALLER_STATE);
    assert_int_equal(lk_chan_open_command(chan, crypto, lk_bytes(out, 24), out, &len),
                     LK_CALLER_STATE);
    assert_int_equal(lk_chan_seal_response(chan, crypto, lk_bytes("x", 1), out, &len),
                     LK_CALLER_STATE);
    assert_int_equal(lk_chan_open_response(chan, crypto, lk_bytes(out, 24), out, &len),
                     LK_CALLER_STATE);
}

static void every_length_goes_through_both_ways(void **state)
{
    struct crypto_fixture *f = *state;
    uint8_t plain[LK_CHAN_PLAIN_MAX + 1], sealed[264], opened[264];
    size_t len = 0, out_len = 0;

    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = i % 3 == 0 ? 0x80 : 0; /* looks like padding everywhere */
    for (int p = 0; p < NUM_PROVIDERS; p++) {
        struct lk_crypto *here = &f->crypto[p], *there = &f->crypto[!p];
        struct lk_chan car, phone;
        open_pair(&car, &phone);
        for (size_t n = 0; n <= LK_CHAN_PLAIN_MAX; n++) {
            assert_int_equal(lk_chan_seal_command(&car, here, lk_bytes(plain, n), sealed, &len),
                             LK_OK);
            assert_int_equal(len, n == 0 ? 8 : 16 * (n / 16 + 1) + 8);
            assert_int_equal(
                lk_chan_open_command(&phone, there, lk_bytes(sealed, len), opened, &out_len),
                LK_OK);
            assert_true(out_len == n && memcmp(opened, plain, n) == 0);
            assert_int_equal(lk_chan_seal_response(&phone, there, lk_bytes(plain, n), sealed, &len),
                             LK_OK);
            assert_int_equal(
                lk_chan_open_response(&car, here, lk_bytes(sealed, len), opened, &out_len), LK_OK);
            assert_true(out_len == n && memcmp(opened, plain, n) == 0);
        }
        assert_int_equal(
            lk_chan_seal_command(&car, here, lk_bytes(plain, sizeof plain), sealed, &len),
            LK_CALLER_ARGUMENT);
    }
}

static void EX1_any_anomaly_of_order_kills_the_channel(void **state)
{
    struct lk_crypto *crypto = crypto_of(state);

    for (unsigned i = 0; i < 400; i++) {
        struct lk_chan car, phone;
        uint8_t sent[8][32], answer[32], out[64], body = (uint8_t)i;
        size_t len, out_len;
        unsigned good = 1 + i % 6;
        open_pair(&car, &phone);
        for (unsigned k = 0; k < good; k++) {
            assert_int_equal(lk_chan_seal_command(&car, crypto, lk_bytes(&body, 1), sent[k], &len),
                             LK_OK);
            assert_int_equal(
                lk_chan_open_command(&phone, crypto, lk_bytes(sent[k], len), out, &out_len), LK_OK);
            assert_int_equal(
                lk_chan_seal_response(&phone, crypto, lk_bytes(&body, 1), answer, &len), LK_OK);
            assert_int_equal(
                lk_chan_open_response(&car, crypto, lk_bytes(answer, len), out, &out_len), LK_OK);
        }
        assert_int_equal(lk_chan_seal_command(&car, crypto, lk_bytes(&body, 1), sent[good], &len),
                         LK_OK);
        if (i % 2 == 0) { /* an old command instead of the new one; and an old answer */
            assert_int_equal(
                lk_chan_open_command(&phone, crypto, lk_bytes(sent[i % good], len), out, &out_len),
                LK_PEER_MAC);
            assert_dead(&phone, crypto);
            assert_int_equal(
                lk_chan_open_response(&car, crypto, lk_bytes(answer, len), out, &out_len),
                LK_PEER_MAC);
            assert_dead(&car, crypto);
        } else { /* the new one lost: the next does not open */
            struct lk_chan ahead = car;
            ahead.is_answered = 1;
            assert_int_equal(
                lk_chan_seal_command(&ahead, crypto, lk_bytes(&body, 1), sent[7], &len), LK_OK);
            assert_int_equal(
                lk_chan_open_command(&phone, crypto, lk_bytes(sent[7], len), out, &out_len),
                LK_PEER_MAC);
            assert_dead(&phone, crypto);
        }
    }
}

static void EX2_only_the_whole_mac_counts(void **state)
{
    struct lk_crypto *crypto = crypto_of(state);
    struct lk_chan car, phone, fresh;
    uint8_t sealed[64], out[64];
    size_t len, out_len;

    for (size_t plain_len = 0; plain_len <= 16; plain_len += 8) {
        open_pair(&car, &fresh);
        assert_int_equal(lk_chan_seal_command(
                             &car, crypto, lk_bytes("sixteen bytes....", plain_len), sealed, &len),
                         LK_OK);
        for (size_t n = 0; n <= len + 16; n++) {
            if (n == len)
                continue;
            phone = fresh;
            assert_int_equal(
                lk_chan_open_command(&phone, crypto, lk_bytes(sealed, n), out, &out_len),
                LK_PEER_MAC);
            assert_dead(&phone, crypto);
        }
        for (size_t bit = 0; bit < 8 * len; bit++) {
            phone = fresh;
            sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(
                lk_chan_open_command(&phone, crypto, lk_bytes(sealed, len), out, &out_len),
                LK_PEER_MAC);
            assert_dead(&phone, crypto);
            sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    uint8_t huge[300] = {0};
    phone = fresh;
    assert_int_equal(lk_chan_open_command(&phone, crypto, lk_bytes(huge, 264), out, &out_len),
                     LK_PEER_MAC);
}

static unsigned num_decrypts;
static const struct lk_crypto_port *real_port;

static enum lk_status counting_decrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                       const uint8_t *in, size_t len, uint8_t *out)
{
    num_decrypts++;
    return real_port->cbc_decrypt(ctx, key, iv, in, len, out);
}

/* A ciphertext of `block` under a good MAC, as only a peer with the keys can make it. */
static void seal_raw(const struct lk_chan *chan, struct lk_crypto *crypto, const uint8_t block[16],
                     uint8_t out[24])
{
    const struct lk_crypto_port *port = crypto->port;
    uint8_t counter[16] = {0}, icv[16], mac[16];

    counter[15] = 1;
    assert_int_equal(
        port->cbc_encrypt(port->ctx, chan->keys.enc, (const uint8_t[16]){0}, counter, 16, icv),
        LK_OK);
    assert_int_equal(port->cbc_encrypt(port->ctx, chan->keys.enc, icv, block, 16, out), LK_OK);
    struct lk_bytes parts[] = {{chan->mcv, 16}, {out, 16}};
    assert_int_equal(lk_cmac(crypto, chan->keys.mac, parts, 2, mac), LK_OK);
    memcpy(out + 16, mac, 8);
}

static void EX3_padding_tells_nothing(void **state)
{
    struct lk_crypto crypto = *crypto_of(state);
    struct lk_crypto_port port = *crypto.port;
    struct lk_chan car, phone, fresh;
    uint8_t block[16] = {0}, sealed[24], out[64];
    size_t len;

    real_port = crypto.port;
    port.cbc_decrypt = counting_decrypt;
    crypto.port = &port;
    open_pair(&car, &fresh);
    for (unsigned i = 0; i < 20; i++) {
        memset(block, 0, sizeof block); /* no mark at all */
        if (i > 0 && i < 18)
            block[15] = (uint8_t)(i == 17 ? 0xff : i); /* something else than a mark */
        if (i == 18)
            block[0] = 0x80; /* a mark and nothing before it: an empty text is sent as nothing */
        if (i == 19)
            block[14] = 0x80, block[15] = 1;
        seal_raw(&fresh, &crypto, block, sealed);
        phone = fresh;
        assert_int_equal(lk_chan_open_command(&phone, &crypto, lk_bytes(sealed, 24), out, &len),
                         LK_PEER_MAC);
        assert_true(lk_is_zero(&phone, sizeof phone));
        /* The same with a wrong MAC: same status, same end, and nothing is decrypted. */
        num_decrypts = 0;
        sealed[23] ^= 1;
        phone = fresh;
        assert_int_equal(lk_chan_open_command(&phone, &crypto, lk_bytes(sealed, 24), out, &len),
                         LK_PEER_MAC);
        assert_true(lk_is_zero(&phone, sizeof phone));
        assert_int_equal(num_decrypts, 0);
    }
    memset(block, 0, sizeof block);
    block[5] = 0x80;
    seal_raw(&fresh, &crypto, block, sealed);
    phone = fresh;
    assert_int_equal(lk_chan_open_command(&phone, &crypto, lk_bytes(sealed, 24), out, &len), LK_OK);
    assert_int_equal(len, 5);
}

static uint8_t seen_blocks[1024][16];
static unsigned num_seen;

/* Remembers each counter block that is turned into an ICV: one block under a zero IV. */
static enum lk_status watching_encrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                       const uint8_t *in, size_t len, uint8_t *out)
{
    if (len == 16 && key[0] == 1 && lk_is_zero(iv, 16) && num_seen < 1024)
        memcpy(seen_blocks[num_seen++], in, 16);
    return real_port->cbc_encrypt(ctx, key, iv, in, len, out);
}

static int by_block(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void EX4_no_icv_twice_and_the_end_at_ff(void **state)
{
    struct lk_crypto plain_crypto = *crypto_of(state), crypto = plain_crypto;
    struct lk_crypto_port port = *crypto.port;
    struct lk_chan car, phone;
    uint8_t sealed[64], out[64];
    size_t len, out_len;

    real_port = crypto.port;
    port.cbc_encrypt = watching_encrypt;
    crypto.port = &port;
    num_seen = 0;
    open_pair(&car, &phone);
    /* The answer to AUTH1 under counter 00, once. */
    assert_int_equal(lk_chan_seal_response(&phone, &crypto, lk_bytes("a", 1), sealed, &len), LK_OK);
    assert_int_equal(
        lk_chan_open_response(&car, &plain_crypto, lk_bytes(sealed, len), out, &out_len), LK_OK);
    assert_int_equal(lk_chan_seal_response(&phone, &crypto, lk_bytes("a", 1), sealed, &len),
                     LK_CALLER_STATE);
    for (unsigned i = 1; i <= 255; i++) {
        assert_int_equal(lk_chan_seal_command(&car, &crypto, lk_bytes("a", 1), sealed, &len),
                         LK_OK);
        assert_int_equal(lk_chan_seal_command(&car, &crypto, lk_bytes("a", 1), out, &out_len),
                         LK_CALLER_STATE);
        assert_int_equal(
            lk_chan_open_command(&phone, &plain_crypto, lk_bytes(sealed, len), out, &out_len),
            LK_OK);
        assert_int_equal(lk_chan_seal_response(&phone, &crypto, lk_bytes("a", 1), sealed, &len),
                         LK_OK);
        assert_int_equal(lk_chan_seal_response(&phone, &crypto, lk_bytes("a", 1), out, &out_len),
                         LK_CALLER_STATE);
        assert_int_equal(
            lk_chan_open_response(&car, &plain_crypto, lk_bytes(sealed, len), out, &out_len),
            LK_OK);
    }
    assert_int_equal(num_seen, 511);
    qsort(seen_blocks, num_seen, 16, by_block);
    for (unsigned i = 1; i < num_seen; i++)
        assert_memory_not_equal(seen_blocks[i - 1], seen_blocks[i], 16);
    assert_int_equal(lk_chan_seal_command(&car, &crypto, lk_bytes("a", 1), sealed, &len),
                     LK_PEER_COUNTER);
    assert_dead(&car, &crypto);
    assert_int_equal(lk_chan_open_command(&phone, &crypto, lk_bytes(sealed, 24), out, &out_len),
                     LK_PEER_COUNTER);
    assert_dead(&phone, &crypto);
}

static unsigned calls_left;

static enum lk_status failing_encrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                      const uint8_t *in, size_t len, uint8_t *out)
{
    if (calls_left == 0)
        return LK_PORT_CRYPTO;
    calls_left--;
    return real_port->cbc_encrypt(ctx, key, iv, in, len, out);
}

static void PK14_a_provider_that_fails_ends_the_channel(void **state)
{
    struct lk_crypto good = *crypto_of(state), bad = good;
    struct lk_crypto_port port = *good.port;
    struct lk_chan car, phone, before;
    uint8_t sealed[64], out[64];
    size_t len, out_len;

    real_port = good.port;
    port.cbc_encrypt = failing_encrypt;
    bad.port = &port;
    for (unsigned at = 0; at < 10; at++) {
        open_pair(&car, &phone);
        before = car;
        calls_left = at;
        if (lk_chan_seal_command(&car, &bad, lk_bytes("a", 1), sealed, &len) != LK_OK)
            assert_dead(&car, &good);
        else
            assert_true(at >= 4);
        assert_int_equal(lk_chan_seal_command(&before, &good, lk_bytes("a", 1), sealed, &len),
                         LK_OK);
        calls_left = at;
        if (lk_chan_open_command(&phone, &bad, lk_bytes(sealed, len), out, &out_len) != LK_OK)
            assert_dead(&phone, &good);
        else
            assert_true(at >= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_goes_through_both_ways),
        cmocka_unit_test(EX1_any_anomaly_of_order_kills_the_channel),
        cmocka_unit_test(EX2_only_the_whole_mac_counts),
        cmocka_unit_test(EX3_padding_tells_nothing),
        cmocka_unit_test(EX4_no_icv_twice_and_the_end_at_ff),
        cmocka_unit_test(PK14_a_provider_that_fails_ends_the_channel),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
