/* secrets.c: constant time, shown by memcheck (attack row SC2). Every secret is marked undefined; a
 * branch or an address that depends on one is then an error. Provider: BearSSL. What a run makes
 * public is named in declassified.supp, each with its reason; outputs that go on the wire are
 * marked defined here, where they leave. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <valgrind/memcheck.h>

#include "chan/chan.h"
#include "support/crypto_fixture.h"

static void hide(void *at, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(at, len);
}

static void show(void *at, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(at, len);
}

/* A status is told to the caller, whatever it was made from. */
static void assert_told(enum lk_status got, enum lk_status want)
{
    show(&got, sizeof got);
    assert_int_equal(got, want);
}

static struct lk_crypto *get(void **state)
{
    struct crypto_fixture *f = *state;

    return &f->crypto[ON_BEARSSL];
}

/* A private key whose scalar the core must not branch on. */
static struct lk_key hidden_key(void **state, uint8_t byte, uint8_t out_public[65])
{
    struct crypto_fixture *f = *state;
    struct lk_key key = key_from_byte(&f->crypto[ON_BEARSSL], byte, out_public);
    size_t place = key.id & 0xffff;

    hide(f->bearssl.keys[place].scalar, 32);
    return key;
}

static void compare_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile int seen = 0;

    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i])
            seen++;
    }
}

static void SC2_the_gate_sees_a_leaky_compare(void **state)
{
    uint8_t secret[16] = {1}, public_bytes[16] = {1};
    int status = 0;

    (void)state;
    if (!RUNNING_ON_VALGRIND)
        skip();
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        hide(secret, sizeof secret);
        compare_bytes(secret, public_bytes, sizeof secret);
        _exit(VALGRIND_COUNT_ERRORS > 0 ? 9 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static void SC2_compare_and_wipe(void **state)
{
    uint8_t a[32] = {1}, b[32] = {1};
    int same = 0;

    (void)state;
    hide(a, sizeof a);
    same = lk_equal(a, b, sizeof a);
    show(&same, sizeof same);
    assert_int_equal(same, 1);
    same = lk_is_zero(a, sizeof a);
    show(&same, sizeof same);
    assert_int_equal(same, 0);
}

static struct lk_transcript transcript(const uint8_t *vehicle, const uint8_t *device)
{
    static const uint8_t tid[16] = {1, 2, 3};

    return (struct lk_transcript){vehicle, device, tid, 0x5e, 1, 1, {1, 0}};
}

static void SC2_standard_keys_and_signature(void **state)
{
    struct lk_crypto *crypto = get(state);
    uint8_t own[65], peer[65], signature[64];
    struct lk_session_keys keys;
    struct lk_persistent persistent;

    struct lk_key other = key_from_byte(crypto, 0x22, peer);
    struct lk_key key = hidden_key(state, 0x11, own);
    struct lk_transcript t = transcript(own, peer);
    assert_told(lk_standard_derive(crypto, key, peer, &t, &keys, &persistent), LK_OK);
    struct lk_bytes part = lk_bytes("a door", 6);
    assert_told(lk_sign(crypto, key, &part, 1, signature), LK_OK);
    show(signature, sizeof signature);
    assert_told(lk_verify(crypto, own, &part, 1, signature), LK_OK);
    lk_key_free(crypto, &key);
    lk_key_free(crypto, &other);
}

static void SC2_fast_keys_and_scan(void **state)
{
    static const uint8_t id[8] = {8}, list[2] = {1, 0};
    struct lk_crypto *crypto = get(state);
    uint8_t vehicle[65], device[65], cryptogram[16];
    struct lk_fast_key table[5];
    struct lk_persistent persistent;
    struct lk_session_keys keys;
    size_t index = 0;
    uint32_t mask = 0;

    struct lk_key a = key_from_byte(crypto, 0x22, vehicle);
    struct lk_key b = key_from_byte(crypto, 0x11, device);
    struct lk_fast_info info = {vehicle, id, {list, 2}, transcript(vehicle, device)};
    for (uint8_t i = 0; i < 5; i++) {
        memset(&persistent, i + 1, sizeof persistent);
        hide(&persistent, sizeof persistent);
        assert_told(lk_fast_key_make(crypto, &persistent, device, &table[i]), LK_OK);
    }
    memset(&persistent, 4, sizeof persistent);
    hide(&persistent, sizeof persistent);
    assert_told(lk_fast_derive(crypto, &persistent, device, &info, cryptogram, &keys), LK_OK);
    show(cryptogram, sizeof cryptogram);
    assert_told(lk_fast_scan(crypto, table, sizeof table[0], 5, &info, cryptogram, &index, &mask),
                LK_OK);
    show(&index, sizeof index);
    show(&mask, sizeof mask);
    assert_true(mask == 0xffffffffu && index == 3);
    assert_told(lk_fast_session(crypto, &table[3], &info, &keys), LK_OK);
    lk_key_free(crypto, &a);
    lk_key_free(crypto, &b);
}

static void SC2_channel(void **state)
{
    struct lk_crypto *crypto = get(state);
    struct lk_session_keys keys[2];
    struct lk_chan car, phone;
    uint8_t plain[40] = {7}, sealed[64], opened[64];
    size_t len = 0;

    memset(keys, 5, sizeof keys);
    hide(keys, sizeof keys);
    hide(plain, sizeof plain);
    lk_chan_open(&car, &keys[0]);
    lk_chan_open(&phone, &keys[1]);
    for (int i = 0; i < 3; i++) {
        assert_told(lk_chan_seal_command(&car, crypto, lk_bytes(plain, 37), sealed, &len), LK_OK);
        show(sealed, len);
        assert_told(lk_chan_open_command(&phone, crypto, lk_bytes(sealed, len), opened, &len),
                    LK_OK);
        show(&len, sizeof len);
        assert_int_equal(len, 37);
        assert_told(lk_chan_seal_response(&phone, crypto, lk_bytes(plain, 5), sealed, &len), LK_OK);
        show(sealed, len);
        assert_told(lk_chan_open_response(&car, crypto, lk_bytes(sealed, len), opened, &len),
                    LK_OK);
        show(&len, sizeof len);
    }
    sealed[len] ^= 1;
    assert_told(lk_chan_seal_command(&car, crypto, lk_bytes(plain, 37), sealed, &len), LK_OK);
    show(sealed, len);
    sealed[len - 1] ^= 1;
    assert_told(lk_chan_open_command(&phone, crypto, lk_bytes(sealed, len), opened, &len),
                LK_PEER_MAC);
}

static void SC2_spake2(void **state)
{
    struct lk_crypto *crypto = get(state);
    uint8_t dk[80], w0[32], w1[32], x[32], y[32], l[65], share[65], m1[16], m2[16];
    struct lk_bytes tlvs = lk_bytes("\x5b\x02\x01\x01", 4);
    struct lk_spake2_prover prover;
    struct lk_spake2_verifier verifier;
    struct lk_pairing_keys keys;

    for (size_t i = 0; i < sizeof dk; i++)
        dk[i] = (uint8_t)(i * 37);
    memset(x, 0x31, sizeof x);
    memset(y, 0x32, sizeof y);
    hide(dk, sizeof dk);
    hide(x, sizeof x);
    hide(y, sizeof y);
    assert_told(lk_spake2_w0w1(dk, w0, w1), LK_OK);
    assert_told(lk_spake2_l(crypto, w1, l), LK_OK);
    assert_told(lk_spake2_prover_start_with(crypto, w0, w1, x, &prover), LK_OK);
    show(prover.share, 65);
    memcpy(share, prover.share, 65);
    assert_told(lk_spake2_verifier_start_with(crypto, w0, l, y, &verifier), LK_OK);
    show(verifier.share, 65);
    assert_told(lk_spake2_verifier_respond(crypto, &verifier, share, tlvs, m1, &keys), LK_OK);
    show(m1, sizeof m1);
    memcpy(share, verifier.share, 65);
    assert_told(lk_spake2_prover_finish(crypto, &prover, share, m1, tlvs, m2, &keys), LK_OK);
    show(m2, sizeof m2);
    assert_told(lk_spake2_verifier_finish(&verifier, m2), LK_OK);
}

static void SC2_records_and_ecies(void **state)
{
    struct lk_crypto *crypto = get(state);
    uint8_t secret[32] = {3}, record[LK_KEY_RECORD_MAX], out[48], own[65], ephemeral[65],
            sealed[48];
    struct lk_bytes label = lk_bytes("slot", 4);
    size_t len = 0;

    hide(crypto->wrap_enc, sizeof crypto->wrap_enc);
    hide(crypto->wrap_mac, sizeof crypto->wrap_mac);
    hide(secret, sizeof secret);
    assert_told(lk_secret_save(crypto, lk_bytes(secret, 32), label, record, &len), LK_OK);
    show(record, len);
    assert_told(lk_secret_load(crypto, lk_bytes(record, len), label, out, 48, &len), LK_OK);
    struct lk_key key = hidden_key(state, 0x51, own);
    assert_told(lk_ecies_seal(crypto, own, lk_bytes(secret, 32), ephemeral, sealed), LK_OK);
    show(sealed, sizeof sealed);
    assert_told(lk_ecies_open(crypto, key, own, ephemeral, lk_bytes(sealed, 48), out), LK_OK);
    lk_key_free(crypto, &key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SC2_the_gate_sees_a_leaky_compare),
        cmocka_unit_test(SC2_compare_and_wipe),
        cmocka_unit_test(SC2_standard_keys_and_signature),
        cmocka_unit_test(SC2_fast_keys_and_scan),
        cmocka_unit_test(SC2_channel),
        cmocka_unit_test(SC2_spake2),
        cmocka_unit_test(SC2_records_and_ecies),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
