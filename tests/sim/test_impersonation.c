/* test_impersonation.c: key compromise impersonation (attack row ST6). Two attack programs that owe
 * nothing to src/vehicle and src/applet: one holds a stolen device.SK and poses as the car to the
 * real phone, one holds a stolen vehicle.SK and poses as a phone to the real car. Each is also run
 * with the key it lacks, and then succeeds: a refusal is not the program's own clumsiness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"

#include "apdu/apdu.h"
#include "chan/chan.h"
#include "crypto/crypto.h"
#include "msg/msg.h"

#define USE_VEHICLE 0x415D9569u
#define USE_DEVICE 0x4E887B4Cu

static struct test_stage stage;

/* What the attacker recorded, stole, and holds in the transaction in hand. */
static struct {
    struct lk_crypto crypto;
    struct lk_key device_sk, vehicle_sk;
    uint8_t device_public[LK_POINT_LEN], slot[LK_CHAN_PLAIN_MAX];
    size_t slot_len;
    uint8_t auth0[LK_APDU_COMMAND_MAX], auth1[LK_APDU_COMMAND_MAX]; /* of an honest car */
    size_t auth0_len, auth1_len;
    struct lk_key ephemeral;
    uint8_t own[LK_POINT_LEN], peer[LK_POINT_LEN], transaction_id[16], p1, p2;
    uint8_t cryptogram[16];
    uint8_t signature[64]; /* of the phone, out of a transaction with the attacker as the car */
} thief;

/* Takes a private key out of its element, as a thief would who can open it. */
static struct lk_key steal(const struct lk_crypto *from, struct lk_key key, uint8_t out_public[65])
{
    uint8_t record[LK_EC_RECORD_MAX];
    size_t len = 0;
    struct lk_key stolen = {0};

    assert_int_equal(from->port->ec_save(from->port->ctx, key, record, &len), LK_OK);
    assert_int_equal(thief.crypto.port->ec_load(thief.crypto.port->ctx, record, len, &stolen,
                                                out_public),
                     LK_OK);
    return stolen;
}

static int setup(void **state)
{
    const struct lk_endpoint *endpoint = &stage.phone.applet.endpoints[0];
    const struct lk_vehicle_key *key;
    const struct test_field *field = &stage.field;
    uint8_t public_key[65];

    (void)state;
    test_stage_init(&stage);
    test_pair(&stage.car, &stage.field, &stage.phone);
    memset(&thief, 0, sizeof thief);
    assert_int_equal(lk_crypto_init(&thief.crypto, lk_openssl_port(stage.provider)), LK_OK);
    thief.device_sk = steal(&stage.phone.element.crypto, endpoint->key, thief.device_public);
    assert_memory_equal(thief.device_public, endpoint->public_key, sizeof thief.device_public);
    thief.vehicle_sk = steal(&stage.car.crypto, stage.world.vehicle.key, public_key);
    assert_memory_equal(public_key, stage.car.config.vehicle_public, sizeof public_key);
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_START)->verdict,
        LK_GRANT);
    thief.auth0_len = field->record_len[1][0];
    memcpy(thief.auth0, field->record[1][0], thief.auth0_len);
    thief.auth1_len = field->record_len[2][0];
    memcpy(thief.auth1, field->record[2][0], thief.auth1_len);
    assert_int_equal(thief.auth1[1], 0x81);
    key = &stage.car.vehicle.keys[test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_ACTIVE)];
    thief.slot_len = key->slot_len;
    memcpy(thief.slot, key->slot, thief.slot_len);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lk_key_free(&thief.crypto, &thief.ephemeral);
    lk_key_free(&thief.crypto, &thief.device_sk);
    lk_key_free(&thief.crypto, &thief.vehicle_sk);
    lk_crypto_forget(&thief.crypto);
    test_stage_forget(&stage);
    return 0;
}

static struct lk_transcript transcript(int as_car)
{
    struct lk_transcript t = {.vehicle_ephemeral = as_car ? thief.own : thief.peer,
                              .device_ephemeral = as_car ? thief.peer : thief.own,
                              .transaction_id = thief.transaction_id,
                              .interface = LK_NFC,
                              .p1 = thief.p1,
                              .p2 = thief.p2,
                              .version = {1, 0}};
    return t;
}

static void sign(int as_car, uint32_t usage, struct lk_key key, uint8_t out[64])
{
    struct lk_transcript t = transcript(as_car);
    uint8_t text[102];
    struct lk_bytes part = lk_bytes(text, sizeof text);

    assert_int_equal(lk_auth1_signed(stage.world.vehicle_id, &t, usage, text), LK_OK);
    assert_int_equal(lk_sign(&thief.crypto, key, &part, 1, out), LK_OK);
}

/* The keys of the transaction in hand; the thief made one of its ephemeral keys himself. */
static void derive(int as_car, struct lk_session_keys *out)
{
    struct lk_transcript t = transcript(as_car);
    struct lk_persistent persistent;

    assert_int_equal(
        lk_standard_derive(&thief.crypto, thief.ephemeral, thief.peer, &t, out, &persistent),
        LK_OK);
}

/* The best guess of Kpersistent that two static keys give: their shared secret. Its fast keys. */
static void guess_fast(int as_car, struct lk_key stolen, const uint8_t other[65],
                       uint8_t out_cryptogram[16], struct lk_session_keys *out)
{
    struct lk_fast_info info = {.vehicle_public = stage.car.config.vehicle_public,
                                .vehicle_id = stage.world.vehicle_id,
                                .version_list = lk_bytes("\x01\x00", 2),
                                .t = transcript(as_car)};
    struct lk_persistent guess;

    assert_int_equal(
        thief.crypto.port->ec_agree(thief.crypto.port->ctx, stolen, other, guess.key), LK_OK);
    assert_int_equal(
        lk_fast_derive(&thief.crypto, &guess, thief.device_public, &info, out_cryptogram, out),
        LK_OK);
}

static void fresh_ephemeral(void)
{
    lk_key_free(&thief.crypto, &thief.ephemeral);
    assert_int_equal(lk_key_generate(&thief.crypto, &thief.ephemeral, thief.own), LK_OK);
}

/* --- as the car, to the real phone --- */

static uint16_t to_phone(uint8_t cla, uint8_t ins, uint8_t p1, uint8_t p2, struct lk_bytes body,
                         uint8_t *out, size_t *out_len)
{
    struct lk_command command = {cla, ins, p1, p2, body, 256};
    uint8_t apdu[LK_APDU_COMMAND_MAX];
    size_t len = 0;

    assert_int_equal(lk_command_write(&command, apdu, &len), LK_OK);
    stage.field.answer(stage.field.ctx, apdu, len, out, out_len);
    *out_len -= 2;
    return lk_be16(out + *out_len);
}

static void auth0_to_phone(uint8_t p1)
{
    uint8_t body[128], out[LK_APDU_RESPONSE_MAX];
    struct lk_auth0_answer answer;
    struct lk_wr wr;
    size_t len = 0;

    thief.p1 = p1;
    thief.p2 = LK_ACTION_UNLOCK;
    fresh_ephemeral();
    assert_int_equal(lk_random(&thief.crypto, thief.transaction_id, 16), LK_OK);
    struct lk_auth0 msg = {lk_bytes("\x01\x00", 2), lk_bytes(thief.own, 65),
                           lk_bytes(thief.transaction_id, 16),
                           lk_bytes(stage.world.vehicle_id, 8)};
    lk_wr_init(&wr, body, sizeof body);
    lk_auth0_write(&msg, &wr);
    assert_int_equal(to_phone(0x00, 0xa4, 4, 0, lk_bytes(lk_aid_applet, sizeof lk_aid_applet), out,
                              &len),
                     0x9000);
    assert_int_equal(to_phone(0x80, 0x80, p1, thief.p2, lk_bytes(body, wr.len), out, &len),
                     0x9000);
    assert_int_equal(lk_auth0_answer_parse(lk_bytes(out, len), &answer), LK_OK);
    memcpy(thief.peer, answer.ephemeral.at, 65);
    if (p1 & 1)
        memcpy(thief.cryptogram, answer.cryptogram.at, 16);
}

/* AUTH1 with this signature; an answer that opens gives away slot and signature: 1. */
static int auth1_to_phone(const uint8_t signature[64])
{
    struct lk_auth1 msg = {lk_bytes(signature, 64)};
    struct lk_auth1_answer answer;
    struct lk_session_keys keys;
    struct lk_chan chan;
    uint8_t body[80], out[LK_APDU_RESPONSE_MAX], plain[LK_APDU_RESPONSE_MAX];
    size_t len = 0, plain_len = 0;
    struct lk_wr wr;

    lk_wr_init(&wr, body, sizeof body);
    lk_auth1_write(&msg, &wr);
    if (to_phone(0x80, 0x81, 0, 0, lk_bytes(body, wr.len), out, &len) != 0x9000) {
        assert_int_equal(len, 0);
        return 0;
    }
    derive(1, &keys);
    lk_chan_open(&chan, &keys);
    assert_int_equal(
        lk_chan_open_response(&chan, &thief.crypto, lk_bytes(out, len), plain, &plain_len), LK_OK);
    assert_int_equal(lk_auth1_answer_parse(lk_bytes(plain, plain_len), &answer), LK_OK);
    memcpy(thief.signature, answer.signature.at, 64);
    return 1;
}

/* A sealed read of the private mailbox under these keys: 1 if the phone obeys. */
static int exchange_with_phone(struct lk_session_keys *keys)
{
    struct lk_exchange_op read = {.kind = LK_EXCHANGE_READ, .offset = 0, .length = 1};
    uint8_t plain[32], sealed[80], out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;
    struct lk_chan chan;
    struct lk_wr wr;

    lk_wr_init(&wr, plain, sizeof plain);
    lk_exchange_begin(&wr, 0);
    lk_exchange_put(&wr, &read);
    assert_int_equal(wr.fault, LK_OK);
    lk_chan_open(&chan, keys);
    assert_int_equal(
        lk_chan_seal_command(&chan, &thief.crypto, lk_bytes(plain, wr.len), sealed, &len), LK_OK);
    return to_phone(0x84, 0xc9, 0, 0, lk_bytes(sealed, len), out, &len) == 0x9000;
}

static void ST6_stolen_device_key_does_not_make_a_car(void **state)
{
    static const uint32_t uses[] = {USE_VEHICLE, USE_DEVICE};
    uint8_t signature[64], guess[16], out[LK_APDU_RESPONSE_MAX];
    struct lk_session_keys keys;
    struct lk_persistent before = stage.phone.applet.endpoints[0].persistent;
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) { /* signed with what he has, for either use */
        auth0_to_phone(0);
        sign(1, uses[i], thief.device_sk, signature);
        assert_int_equal(auth1_to_phone(signature), 0);
        auth0_to_phone(0);
        sign(1, uses[i], thief.ephemeral, signature);
        assert_int_equal(auth1_to_phone(signature), 0);
    }
    auth0_to_phone(0); /* an honest car's signature, in his transaction */
    assert_int_equal(auth1_to_phone(thief.auth1 + 7), 0);
    /* An honest car's whole transaction, byte for byte. */
    assert_int_equal(to_phone(0x00, 0xa4, 4, 0, lk_bytes(lk_aid_applet, sizeof lk_aid_applet), out,
                              &len),
                     0x9000);
    stage.field.answer(stage.field.ctx, thief.auth0, thief.auth0_len, out, &len);
    assert_int_equal(lk_be16(out + len - 2), 0x9000);
    assert_int_equal(auth1_to_phone(thief.auth1 + 7), 0);
    auth0_to_phone(0); /* AUTH1 left out; he knows the keys that would have followed */
    derive(1, &keys);
    assert_int_equal(exchange_with_phone(&keys), 0);
    auth0_to_phone(1); /* the fast channel, under the secret of the two static keys */
    guess_fast(1, thief.device_sk, stage.car.config.vehicle_public, guess, &keys);
    assert_memory_not_equal(guess, thief.cryptogram, sizeof guess);
    assert_int_equal(exchange_with_phone(&keys), 0);
    /* The phone's fast secret is what the honest car left there. */
    assert_memory_equal(&before, &stage.phone.applet.endpoints[0].persistent, sizeof before);
    /* With the car's key the same program is believed. */
    auth0_to_phone(0);
    sign(1, USE_VEHICLE, thief.vehicle_sk, signature);
    assert_int_equal(auth1_to_phone(signature), 1);
}

/* --- as the phone, to the real car --- */

enum way { SIGN, SIGN_AS_CAR, REFLECT, OTHER_SESSION, NUM_WAYS };
static enum way way;
static struct lk_key signer;

static void answer_auth0(const uint8_t *command, struct lk_wr *wr)
{
    struct lk_session_keys keys;
    struct lk_auth0 msg;
    struct lk_auth0_answer answer = {.ephemeral = lk_bytes(thief.own, 65)};

    assert_int_equal(lk_auth0_parse(lk_bytes(command + 5, command[4]), &msg), LK_OK);
    thief.p1 = command[2];
    thief.p2 = command[3];
    memcpy(thief.peer, msg.ephemeral.at, 65);
    memcpy(thief.transaction_id, msg.transaction_id.at, 16);
    fresh_ephemeral();
    if (thief.p1 & 1) {
        guess_fast(0, thief.vehicle_sk, thief.device_public, thief.cryptogram, &keys);
        answer.cryptogram = lk_bytes(thief.cryptogram, 16);
    }
    lk_auth0_answer_write(&answer, wr);
}

static void answer_auth1(const uint8_t *command, struct lk_wr *wr)
{
    struct lk_auth1_answer answer = {.slot = lk_bytes(thief.slot, thief.slot_len)};
    struct lk_session_keys keys;
    struct lk_chan chan;
    uint8_t plain[128], signature[64];
    struct lk_wr inside;
    size_t len = 0;

    sign(0, way == SIGN_AS_CAR ? USE_VEHICLE : USE_DEVICE, signer, signature);
    if (way == REFLECT)
        memcpy(signature, command + 7, 64);
    if (way == OTHER_SESSION)
        memcpy(signature, thief.signature, 64);
    answer.signature = lk_bytes(signature, 64);
    lk_wr_init(&inside, plain, sizeof plain);
    lk_auth1_answer_write(&answer, &inside);
    derive(0, &keys);
    lk_chan_open(&chan, &keys);
    assert_int_equal(lk_chan_seal_response(&chan, &thief.crypto, lk_bytes(plain, inside.len),
                                           wr->at + wr->len, &len),
                     LK_OK);
    wr->len += len;
}

static void pose_as_phone(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                          size_t *out_len)
{
    struct lk_wr wr;

    (void)ctx;
    (void)len;
    lk_wr_init(&wr, out, LK_APDU_RESPONSE_MAX);
    if (command[1] == 0xa4)
        lk_wr_put(&wr, "\x5c\x02\x01\x00", 4);
    if (command[1] == 0x80)
        answer_auth0(command, &wr);
    if (command[1] == 0x81)
        answer_auth1(command, &wr);
    lk_put16(out + wr.len, 0x9000);
    *out_len = wr.len + 2;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static const struct lk_outcome *tap_as_phone(enum way how, struct lk_key with,
                                             enum lk_reader reader, enum lk_action action)
{
    static struct test_field field;

    memset(&field, 0, sizeof field);
    field.answer = pose_as_phone;
    field.reset = field.wait = nothing;
    way = how;
    signer = with;
    return test_run_tap(&stage.car, &field, reader, action);
}

static void ST6_stolen_vehicle_key_does_not_make_a_phone(void **state)
{
    static const struct lk_grant none;
    static const enum lk_action actions[] = {LK_ACTION_UNLOCK, LK_ACTION_START,
                                             LK_ACTION_MAINTAIN};
    const struct lk_outcome *outcome;
    uint8_t signature[64];

    (void)state;
    auth0_to_phone(0); /* as a car that the phone believes he gets a true signature of the phone */
    sign(1, USE_VEHICLE, thief.vehicle_sk, signature);
    assert_int_equal(auth1_to_phone(signature), 1);
    for (size_t i = 0; i < 3; i++) {
        for (unsigned how = 0; how < NUM_WAYS; how++) {
            enum lk_reader reader = i == 0 ? LK_READER_DOOR : LK_READER_DASHBOARD;

            outcome = tap_as_phone((enum way)how, thief.vehicle_sk, reader, actions[i]);
            assert_int_equal(outcome->verdict, LK_DENY);
            assert_int_equal(outcome->status, LK_TAP_BROKEN_PEER);
            assert_int_equal(outcome->detail, LK_PEER_SIGNATURE);
            assert_int_equal(outcome->has_key, 0);
            assert_int_equal(outcome->fast_refused, i == 0);
            assert_memory_equal(&outcome->grant, &none, sizeof none);
        }
    }
    /* With the phone's key the same program is believed; not to start, for want of its token. */
    outcome = tap_as_phone(SIGN, thief.device_sk, LK_READER_DOOR, LK_ACTION_UNLOCK);
    assert_int_equal(outcome->verdict, LK_GRANT);
    outcome = tap_as_phone(SIGN, thief.device_sk, LK_READER_DASHBOARD, LK_ACTION_START);
    assert_int_equal(outcome->status, LK_TAP_TOKEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ST6_stolen_device_key_does_not_make_a_car),
        TEST(ST6_stolen_vehicle_key_does_not_make_a_phone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
