/* protocol.c: the known answers of the protocol, on every provider, byte for byte: SPAKE2+ with the
 * pairing channel, a standard and a fast transaction, and ECIES_v1. */
#include "chan/chan.h"
#include "support/crypto_fixture.h"

#define W0 "e433ab43428320b24fab82f915d1db114acd72f8a4bf4fbf3c712b94bcc2f013"
#define W1 "44363d157f471221b1e75e596ff4714a712b9578301665d84ec17004952523a8"
#define L                                                                                          \
    "04ff69eb6086938b3cce2c9e64dcacea1a925918e75e8c17948d316322d370123f"                           \
    "69132aed7398919e6e6614f7627b0a54060c5a8c0d93d2754166ab10fea6a8ff"
#define X_SHARE                                                                                    \
    "04f44555207a617fd90900dba5c8e6f81eddbd87590873a63b9057dda9f138dbc1"                           \
    "6f453195f6452ce71d399052435952b89a10b927435574f5e3707eae031c40e0"
#define Y_SHARE                                                                                    \
    "04b6fdaf3f6949869d68f667108b75e4ce74847e8953d1e3c6aae21699e8027211"                           \
    "c2d9b2b2a906cc7ea7020715dec44e95659e3fc8994f635b95e7c9ea5c362cbe"
#define VEHICLE_EPK                                                                                \
    "040217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4ed"                           \
    "194a7debcb97712d2dda3ca85aa8765a56f45fc758599652f2897c65306e5794"
#define DEVICE_EPK                                                                                 \
    "04d65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48589cf3"                           \
    "50185e895372df6221ea3a137557e473fddb6755f05bd507c3c533fce9c91285"

/* Calls `body` with each provider in turn. */
static void on_each(void **state, void (*body)(struct lk_crypto *))
{
    struct crypto_fixture *f = *state;

    for (int i = 0; i < NUM_PROVIDERS; i++)
        body(&f->crypto[i]);
}

static void check_pairing_keys(const struct lk_pairing_keys *keys)
{
    assert_hex(keys->channel.enc, 16, "161886cb9ae7403d8dbccfe36b8a0426");
    assert_hex(keys->channel.mac, 16, "6387ba65479cb7eb9df97bd48ac33159");
    assert_hex(keys->channel.rmac, 16, "41677fb6398459199f1e569760df91c1");
    assert_hex(keys->long_term, 16, "5c4e19da553524e386fa1eca91e8ad0e");
    assert_hex(keys->ble_intro, 16, "47ae79072b47d98bd28169d2d803a07f");
    assert_hex(keys->ble_oob_master, 16, "3c009d26e5e2d9697999a918dc2f8f08");
}

/* Two sealed commands and an answer on the keys just agreed. */
static void check_pairing_channel(struct lk_crypto *crypto, struct lk_session_keys *keys)
{
    struct lk_session_keys again = *keys;
    struct lk_chan car, phone;
    uint8_t sealed[64], plain[64];
    size_t len = 0;

    lk_chan_open(&car, keys);
    lk_chan_open(&phone, &again);
    assert_int_equal(lk_chan_seal_command(&car, crypto, lk_bytes("\x5f\x5f", 3), sealed, &len),
                     LK_OK);
    assert_hex(sealed, len, "4fac89109242b8f800cd7407680d37fa31e76cebe4b0439a");
    assert_int_equal(lk_chan_open_command(&phone, crypto, lk_bytes(sealed, len), plain, &len),
                     LK_OK);
    assert_hex(plain, len, "5f5f00");
    assert_int_equal(lk_chan_seal_response(&phone, crypto, lk_bytes(NULL, 0), sealed, &len), LK_OK);
    assert_hex(sealed, len, "c5ec9ab00216d322");
    assert_int_equal(lk_chan_open_response(&car, crypto, lk_bytes(sealed, len), plain, &len),
                     LK_OK);
    assert_int_equal(len, 0);
    assert_int_equal(lk_chan_seal_command(&car, crypto, lk_bytes("\x7f\x24", 2), sealed, &len),
                     LK_OK);
    assert_hex(sealed, len, "fddc7fc5dc727974a377c49950cb4f9582c119e20c6e9a1c");
}

static void pairing(struct lk_crypto *crypto)
{
    struct lk_spake2_prover prover;
    struct lk_spake2_verifier verifier;
    struct lk_pairing_keys at_car, at_phone;
    uint8_t w0[32], w1[32], l[65], x[32], y[32], peer[65], m1[16], m2[16], tlvs[10];

    from_hex(W0, w0, 32);
    from_hex(W1, w1, 32);
    from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", x, 32);
    from_hex("f1e1d1c1b1a191817161514131211101f0e0d0c0b0a090807060504030201000", y, 32);
    struct lk_bytes sent = {tlvs, from_hex("5b0201015c0401010100", tlvs, sizeof tlvs)};

    assert_int_equal(lk_spake2_l(crypto, w1, l), LK_OK);
    assert_hex(l, 65, L);
    assert_int_equal(lk_spake2_prover_start_with(crypto, w0, w1, x, &prover), LK_OK);
    assert_hex(prover.share, 65, X_SHARE);
    assert_int_equal(lk_spake2_verifier_start_with(crypto, w0, l, y, &verifier), LK_OK);
    assert_hex(verifier.share, 65, Y_SHARE);
    from_hex(X_SHARE, peer, 65);
    assert_int_equal(lk_spake2_verifier_respond(crypto, &verifier, peer, sent, m1, &at_car), LK_OK);
    assert_hex(m1, 16, "110d49f8c5a896e11d4dde4c3b9704d2");
    from_hex(Y_SHARE, peer, 65);
    assert_int_equal(lk_spake2_prover_finish(crypto, &prover, peer, m1, sent, m2, &at_phone),
                     LK_OK);
    assert_hex(m2, 16, "23d1a618ad3acbfd7a9bd19fd1737107");
    assert_int_equal(lk_spake2_verifier_finish(&verifier, m2), LK_OK);
    check_pairing_keys(&at_car);
    check_pairing_keys(&at_phone);
    check_pairing_channel(crypto, &at_car.channel);
}

static void PA4_spake2_known_answer(void **state)
{
    on_each(state, pairing);
}

/* What a transaction of the vectors shows to both sides. */
struct tap {
    uint8_t vehicle_epk[65], device_epk[65], tid[16];
    struct lk_transcript t;
};

static void set_tap(struct tap *tap, uint8_t tid_start, uint8_t p1, uint8_t p2)
{
    from_hex(VEHICLE_EPK, tap->vehicle_epk, 65);
    from_hex(DEVICE_EPK, tap->device_epk, 65);
    for (uint8_t i = 0; i < 16; i++)
        tap->tid[i] = (uint8_t)(tid_start + i);
    tap->t = (struct lk_transcript){
        tap->vehicle_epk, tap->device_epk, tap->tid, 0x5e, p1, p2, {1, 0},
    };
}

static void check_transaction_channel(struct lk_crypto *crypto, struct lk_session_keys *keys,
                                      struct lk_bytes answer)
{
    struct lk_session_keys again = *keys;
    struct lk_chan phone, car;
    uint8_t sealed[128], plain[128];
    size_t len = 0;

    lk_chan_open(&phone, keys);
    lk_chan_open(&car, &again);
    assert_int_equal(lk_chan_seal_response(&phone, crypto, answer, sealed, &len), LK_OK);
    assert_hex(sealed, len,
               "3d585e682ce369294aa7c71b3e6de1c95c0f2bf2e05d88f021c8334f201b1147"
               "b7281e68646737d6d43d2aaf3c429910a5e38fec6f64430b62839401c0e3deda"
               "f3135a5d3f800ef64f9df9d3af94272e06e7d73a78c32cc3");
    assert_int_equal(lk_chan_open_response(&car, crypto, lk_bytes(sealed, len), plain, &len),
                     LK_OK);
    assert_int_equal(len, answer.len);
    assert_memory_equal(plain, answer.at, len);
    uint8_t exchange[] = {0x87, 4, 0, 0, 0, 1};
    assert_int_equal(lk_chan_seal_command(&car, crypto, lk_bytes(exchange, 6), sealed, &len),
                     LK_OK);
    assert_hex(sealed, len, "c9882f772e6edd3546cf5f8087fa6b47f24a71ea2fa9eca4");
    assert_hex(car.mcv, 16, "f24a71ea2fa9eca4b92646c8d5e8d05c");
    assert_int_equal(lk_chan_open_command(&phone, crypto, lk_bytes(sealed, len), plain, &len),
                     LK_OK);
    struct lk_chan silent = phone;
    uint8_t reply[] = {0x00, 0x01, 0x09, 0x00, 0x02, 0x00, 0x00};
    assert_int_equal(lk_chan_seal_response(&phone, crypto, lk_bytes(reply, 7), sealed, &len),
                     LK_OK);
    assert_hex(sealed, len, "3a75a0f7ae6a2b00fb84c7d6361df85c5239e97b80db6f96");
    assert_int_equal(lk_chan_seal_response(&silent, crypto, lk_bytes(NULL, 0), sealed, &len),
                     LK_OK);
    assert_hex(sealed, len, "a0ef5484864cb55b");
}

static void standard(struct lk_crypto *crypto)
{
    struct tap tap;
    uint8_t public_key[65], vehicle_public[65], device_public[65], text[102], sig[64], answer[70];
    uint8_t key_id[20];
    const uint8_t vehicle_id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct lk_session_keys keys[2];
    struct lk_persistent persistent[2];

    set_tap(&tap, 0, 0, 1);
    struct lk_key vehicle_e = key_from_byte(crypto, 0x11, public_key);
    assert_memory_equal(public_key, tap.vehicle_epk, 65);
    struct lk_key device_e = key_from_byte(crypto, 0x22, public_key);
    assert_memory_equal(public_key, tap.device_epk, 65);
    assert_int_equal(
        lk_standard_derive(crypto, vehicle_e, tap.device_epk, &tap.t, &keys[0], &persistent[0]),
        LK_OK);
    assert_int_equal(
        lk_standard_derive(crypto, device_e, tap.vehicle_epk, &tap.t, &keys[1], &persistent[1]),
        LK_OK);
    assert_memory_equal(&keys[0], &keys[1], sizeof keys[0]);
    assert_memory_equal(&persistent[0], &persistent[1], sizeof persistent[0]);
    assert_hex(keys[0].enc, 16, "77dd29c2e1a24b47b39d4c13348caab8");
    assert_hex(keys[0].mac, 16, "071ef3fced19ee8d0dc10365bdaa4f45");
    assert_hex(keys[0].rmac, 16, "359207a3355fbec222b96c1b831ef53c");
    assert_hex(persistent[0].key, 32,
               "37075c1d6c5e18aa67320eeba713fd5572d18cdd9b02a6ea93edd8c9b5e089f0");

    struct lk_key vehicle = key_from_byte(crypto, 0x33, vehicle_public);
    struct lk_key device = key_from_byte(crypto, 0x44, device_public);
    assert_int_equal(lk_key_id(crypto, device_public, key_id), LK_OK);
    assert_hex(key_id, 20, "b6f147a6cbd774e3b5b9920172fdca31a6355bd2");
    struct lk_bytes part = {text, sizeof text};
    assert_int_equal(lk_auth1_signed(vehicle_id, &tap.t, 0x415d9569, text), LK_OK);
    assert_hex(text, 102,
               "4d0801020304050607088620d65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48"
               "589cf387200217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4ed4c100001"
               "02030405060708090a0b0c0d0e0f9304415d9569");
    from_hex("1beaa5d41c1d8c831f7e100cea686b32654f830d53faeeb525666d2e0c35bacd"
             "593ba6403763a855d7a577d78f872b5c2aa993e88606ff6385e884e1d600cf82",
             sig, 64);
    assert_int_equal(lk_verify(crypto, vehicle_public, &part, 1, sig), LK_OK);
    assert_int_equal(lk_auth1_signed(vehicle_id, &tap.t, 0x4e887b4c, text), LK_OK);
    size_t len = from_hex("4e0200019e40"
                          "60c07188ac84f2df6b6e84de68675bb00766047ec2f7d6c8e88538985f6df81b"
                          "9803a0b51a462893020bc9596f14fdc34b3f570fdc1a1bad738b329ed8533b19",
                          answer, sizeof answer);
    assert_int_equal(lk_verify(crypto, device_public, &part, 1, answer + 6), LK_OK);
    /* BearSSL signs as RFC 6979 says, so that the vector's own bytes come out. */
    assert_int_equal(lk_sign(crypto, device, &part, 1, sig), LK_OK);
    if (strcmp(crypto->port->name, "bearssl") == 0)
        assert_memory_equal(sig, answer + 6, 64);
    check_transaction_channel(crypto, &keys[0], lk_bytes(answer, len));
    lk_key_free(crypto, &vehicle_e);
    lk_key_free(crypto, &device_e);
    lk_key_free(crypto, &vehicle);
    lk_key_free(crypto, &device);
}

static void standard_transaction_known_answer(void **state)
{
    on_each(state, standard);
}

static void fast(struct lk_crypto *crypto)
{
    struct tap tap;
    uint8_t vehicle_public[65], device_public[65], cryptogram[16], list[2] = {1, 0};
    const uint8_t vehicle_id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct lk_session_keys at_phone, at_car;
    struct lk_persistent persistent;
    struct lk_fast_key key;
    size_t index = 9;
    uint32_t mask = 0;

    struct lk_key vehicle = key_from_byte(crypto, 0x33, vehicle_public);
    struct lk_key device = key_from_byte(crypto, 0x44, device_public);
    lk_key_free(crypto, &vehicle);
    lk_key_free(crypto, &device);
    set_tap(&tap, 0x10, 1, 1);
    struct lk_fast_info info = {vehicle_public, vehicle_id, {list, 2}, tap.t};
    from_hex("37075c1d6c5e18aa67320eeba713fd5572d18cdd9b02a6ea93edd8c9b5e089f0", persistent.key,
             32);
    assert_int_equal(
        lk_fast_derive(crypto, &persistent, device_public, &info, cryptogram, &at_phone), LK_OK);
    assert_hex(cryptogram, 16, "635586d8b574b6f177bd552b4efb3554");
    assert_hex(at_phone.enc, 16, "4d72d13250473ae7eedabf25548fe2c3");
    assert_hex(at_phone.mac, 16, "eb15b9920484c128a3f216739a9e9cb3");
    assert_hex(at_phone.rmac, 16, "076401d73db648aa6c679d9669ac9145");
    assert_int_equal(lk_fast_key_make(crypto, &persistent, device_public, &key), LK_OK);
    assert_int_equal(lk_fast_scan(crypto, &key, sizeof key, 1, &info, cryptogram, &index, &mask),
                     LK_OK);
    assert_true(mask == 0xffffffffu && index == 0);
    assert_int_equal(lk_fast_session(crypto, &key, &info, &at_car), LK_OK);
    assert_memory_equal(&at_car, &at_phone, sizeof at_car);
}

static void fast_transaction_known_answer(void **state)
{
    on_each(state, fast);
}

static void ecies(struct lk_crypto *crypto)
{
    uint8_t ephemeral[65], own[65], sealed[64], plain[64], hash[32];

    struct lk_key sender = key_from_hex(
        crypto, "c590d0ded03186131172f4840c230e7f687ddaf55ec4b9d98a5cf6a6e002faa8", ephemeral);
    struct lk_key key = key_from_hex(
        crypto, "ac690525c92be0d0253dc71883ac33bcc3676e0562ecbdaad4765819c3569ce8", own);
    struct lk_bytes point = {own, 65};
    assert_int_equal(lk_sha256(crypto, &point, 1, hash), LK_OK);
    assert_hex(hash, 32, "aa754200b234898f64b509f3464f70e8d8dfb14f2eb74f0ed9e2f334a3018ba0");
    size_t len = from_hex("cf3851f5953b5f438f960b5d2e499553a08b0d85f10c"
                          "0cc20ca3fc5a4fbbb2722035442d0364",
                          sealed, sizeof sealed);
    assert_int_equal(lk_ecies_open(crypto, key, own, ephemeral, lk_bytes(sealed, len), plain),
                     LK_OK);
    assert_memory_equal(plain, "{\"kat\":\"odk-ecies-v1\"}", 22);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(lk_ecies_open(crypto, key, own, ephemeral, lk_bytes(sealed, len), plain),
                         LK_PEER_MAC);
        sealed[i] ^= 1;
    }
    assert_int_equal(lk_ecies_seal(crypto, own, lk_bytes("a door", 6), ephemeral, sealed), LK_OK);
    assert_int_equal(lk_ecies_open(crypto, key, own, ephemeral, lk_bytes(sealed, 22), plain),
                     LK_OK);
    assert_memory_equal(plain, "a door", 6);
    lk_key_free(crypto, &sender);
    lk_key_free(crypto, &key);
}

static void ecies_known_answer_and_round_trip(void **state)
{
    on_each(state, ecies);
}

static void PA4_scrypt_known_answer(void **state)
{
    struct lk_scrypt_port scrypt;
    uint8_t dk[80], w0[32], w1[32];

    (void)state;
    lk_openssl_scrypt(&scrypt);
    assert_int_equal(scrypt.derive(scrypt.ctx, lk_bytes("pleaseletmein", 13),
                                   (const uint8_t *)"yellowsubmarines", 32768, 8, 1, dk),
                     LK_OK);
    assert_hex(dk, 80,
               "6408161bbc64a41827cf072c62efdae535739e513ad3050e66a9f53eb69c15bb3c220f0acb5f7f02"
               "dd008ce70d974431369ef8e569dee33977fa9fd2e13a55c8c80c244a05559264b0498c1f5216f327");
    assert_int_equal(lk_spake2_w0w1(dk, w0, w1), LK_OK);
    assert_hex(w0, 32, W0);
    assert_hex(w1, 32, W1);
    memcpy(dk + 40, dk, 40);
    assert_int_equal(lk_spake2_w0w1(dk, w0, w1), LK_PEER_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PA4_scrypt_known_answer),
        cmocka_unit_test(PA4_spake2_known_answer),
        cmocka_unit_test(standard_transaction_known_answer),
        cmocka_unit_test(fast_transaction_known_answer),
        cmocka_unit_test(ecies_known_answer_and_round_trip),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
