/* friend_phone.c: see friend_phone.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/friend_phone.h"

#include "apdu/apdu.h"
#include "tlv/tlv.h"
#include "vehicle/vehicle.h"

static void seal(struct test_friend *phone, struct lk_wr *out, const uint8_t *plain, size_t len)
{
    uint8_t sealed[LK_APDU_RESPONSE_MAX];
    size_t sealed_len = 0;

    assert_int_equal(lk_chan_seal_response(&phone->chan, phone->crypto, lk_bytes(plain, len),
                                           sealed, &sealed_len),
                     LK_OK);
    lk_wr_put(out, sealed, sealed_len);
}

static struct lk_transcript terms(const struct test_friend *phone)
{
    return (struct lk_transcript){.vehicle_ephemeral = phone->vehicle_ephemeral,
                                  .device_ephemeral = phone->ephemeral_public,
                                  .transaction_id = phone->transaction_id,
                                  .interface = LK_NFC,
                                  .p1 = phone->p1,
                                  .p2 = phone->p2,
                                  .version = {1, 0}};
}

static void auth0(struct test_friend *phone, const struct lk_command *command, struct lk_wr *out)
{
    static const uint8_t versions[2] = {1, 0};
    struct lk_fast_info info = {.vehicle_public = phone->world->vehicle.public_key,
                                .vehicle_id = phone->world->vehicle_id,
                                .version_list = {versions, 2}};
    struct lk_session_keys keys;
    uint8_t cryptogram[16] = {1};
    struct lk_auth0 msg;

    assert_int_equal(lk_auth0_parse(command->body, &msg), LK_OK);
    memcpy(phone->vehicle_ephemeral, msg.ephemeral.at, 65);
    memcpy(phone->transaction_id, msg.transaction_id.at, 16);
    phone->p1 = command->p1;
    phone->p2 = command->p2;
    lk_key_free(phone->crypto, &phone->ephemeral);
    assert_int_equal(lk_key_generate(phone->crypto, &phone->ephemeral, phone->ephemeral_public),
                     LK_OK);
    lk_tlv_put(out, 0x86, phone->ephemeral_public, 65);
    if ((command->p1 & 1) == 0)
        return;
    info.t = terms(phone);
    if (phone->has_persistent)
        assert_int_equal(lk_fast_derive(phone->crypto, &phone->persistent, phone->key.public_key,
                                        &info, cryptogram, &keys),
                         LK_OK);
    lk_tlv_put(out, 0x9d, cryptogram, sizeof cryptogram);
}

static void auth1(struct test_friend *phone, struct lk_wr *out)
{
    struct lk_key key = phone->signs_badly ? phone->world->instance.key : phone->key.key;
    struct lk_transcript t = terms(phone);
    struct lk_auth1_answer msg = {.slot = lk_bytes(phone->slot, phone->slot_len)};
    uint8_t text[102], signature[64], plain[LK_CHAN_PLAIN_MAX];
    struct lk_bytes part = lk_bytes(text, sizeof text);
    struct lk_session_keys keys;
    struct lk_wr wr;

    assert_int_equal(lk_standard_derive(phone->crypto, phone->ephemeral, phone->vehicle_ephemeral,
                                        &t, &keys, &phone->persistent),
                     LK_OK);
    phone->has_persistent = 1;
    assert_int_equal(lk_auth1_signed(phone->world->vehicle_id, &t, LK_USAGE_AUTH1_DEVICE, text),
                     LK_OK);
    assert_int_equal(lk_sign(phone->crypto, key, &part, 1, signature), LK_OK);
    msg.signature = lk_bytes(signature, 64);
    msg.confidential_window = lk_bytes(phone->token, sizeof phone->token);
    msg.private_window = lk_bytes(phone->box + LK_AT_SIGNALING, 1);
    lk_wr_init(&wr, plain, sizeof plain);
    lk_auth1_answer_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    lk_chan_open(&phone->chan, &keys);
    seal(phone, out, plain, wr.len);
}

static void exchange(struct test_friend *phone, struct lk_bytes body, struct lk_wr *out)
{
    uint8_t answer[LK_CHAN_PLAIN_MAX];
    struct lk_exchange msg;
    struct lk_exchange_op op;
    struct lk_wr wr;

    assert_int_equal(lk_chan_open_command(&phone->chan, phone->crypto, body, phone->last,
                                          &phone->last_len),
                     LK_OK);
    assert_int_equal(lk_exchange_parse(lk_bytes(phone->last, phone->last_len), &msg), LK_OK);
    assert_int_equal(msg.control, LK_EXCHANGE_LAST);
    lk_wr_init(&wr, answer, sizeof answer);
    while (lk_exchange_next(&msg.ops, &op)) {
        assert_int_equal(op.is_confidential, 0);
        if (op.kind == LK_EXCHANGE_READ && phone->reads_badly != 3)
            lk_exchange_answer_put(&wr, lk_bytes(phone->box + op.offset,
                                                 op.length - (phone->reads_badly == 2 ? 1u : 0)));
        if (op.kind == LK_EXCHANGE_WRITE)
            memcpy(phone->box + op.offset, op.data.at, op.data.len);
    }
    lk_exchange_answer_end(&wr, phone->reads_badly == 1 ? LK_EXCHANGE_FORBIDDEN : LK_EXCHANGE_OK);
    assert_int_equal(wr.fault, LK_OK);
    seal(phone, out, answer, wr.len);
}

static void answer_apdu(void *ctx, const uint8_t *apdu, size_t len, uint8_t *out, size_t *out_len)
{
    static const uint8_t versions[] = {0x5c, 2, 1, 0};
    struct test_friend *phone = ctx;
    struct lk_command command;
    struct lk_wr wr;

    assert_int_equal(lk_command_parse(lk_bytes(apdu, len), &command), LK_OK);
    lk_wr_init(&wr, out, 256);
    if (command.ins == 0xa4) {
        phone->num_ins = 0;
        lk_wr_put(&wr, versions, sizeof versions);
    }
    if (phone->num_ins < sizeof phone->ins)
        phone->ins[phone->num_ins++] = command.ins;
    if (command.ins == 0x80)
        auth0(phone, &command, &wr);
    if (command.ins == 0x81)
        auth1(phone, &wr);
    if (command.ins == 0xc9)
        exchange(phone, command.body, &wr);
    if (command.ins == 0x3c) {
        phone->last_p1 = command.p1;
        phone->last_p2 = command.p2;
    }
    lk_put16(out + wr.len, 0x9000);
    *out_len = wr.len + 2;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

void test_friend_init(struct test_friend *phone, struct lk_crypto *crypto,
                      struct test_ca_world *world)
{
    memset(phone, 0, sizeof *phone);
    phone->crypto = crypto;
    phone->world = world;
    assert_int_equal(test_ca_key_make(crypto, &phone->key), LK_OK);
}

void test_friend_forget(struct test_friend *phone)
{
    lk_key_free(phone->crypto, &phone->key.key);
    lk_key_free(phone->crypto, &phone->ephemeral);
}

void test_field_friend(struct test_field *field, struct test_friend *phone)
{
    memset(field, 0, sizeof *field);
    field->ctx = phone;
    field->answer = answer_apdu;
    field->reset = field->wait = nothing;
}

static void owner_set(struct test_vehicle *car, struct lk_token_set *out)
{
    int owner = test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE);

    assert_true(owner >= 0);
    assert_int_equal(lk_vehicle_read_set(&car->vehicle, (size_t)owner, 0, out), LK_OK);
}

void test_word_good(struct test_word *word, struct test_vehicle *car, struct test_friend *phone,
                    size_t spare)
{
    size_t owner = (size_t)test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE);
    struct lk_token_set set;

    memset(word, 0, sizeof *word);
    owner_set(car, &set);
    word->not_before = "20270101000000Z";
    word->not_after = "20271231235959Z";
    word->redeem_by = "20270120000000Z";
    memcpy(word->slot, set.slots + spare * LK_SLOT_LEN, LK_SLOT_LEN);
    memcpy(word->outer_slot, word->slot, LK_SLOT_LEN);
    word->slot_len = word->outer_slot_len = LK_SLOT_LEN;
    memcpy(word->vehicle_id, car->config.vehicle_id, LK_VEHICLE_ID_LEN);
    memcpy(word->sharer, car->vehicle.keys[owner].key_id, LK_KEY_ID_LEN);
    word->epoch = car->vehicle.sharing_epoch;
    assert_int_equal(lk_vehicle_read_share_key(&car->vehicle, owner, word->epoch, word->share_key),
                     LK_OK);
    assert_int_equal(lk_random(phone->crypto, word->random, sizeof word->random), LK_OK);
    memcpy(word->device_key, phone->key.public_key, LK_POINT_LEN);
    word->signer = phone->world->endpoint.key;
    word->device_type = LK_DEVICE_PHONE;
}

/* FF20 of a word. */
static size_t write_entitlement(struct lk_crypto *crypto, const struct test_word *word,
                                uint8_t out[LK_ENTITLEMENT_MAX])
{
    static const uint8_t salt[8] = {5, 4, 3};
    struct lk_share_key key;
    uint8_t mac[16];
    struct lk_entitlement msg = {.profile = word->profile, .epoch = word->epoch};
    struct lk_wr wr;

    msg.not_before = lk_bytes(word->not_before, LK_DATE_LEN);
    msg.not_after = lk_bytes(word->not_after, LK_DATE_LEN);
    msg.redeem_by = lk_bytes(word->redeem_by, LK_DATE_LEN);
    msg.slot = lk_bytes(word->slot, word->slot_len);
    msg.vehicle_id = lk_bytes(word->vehicle_id, LK_VEHICLE_ID_LEN);
    msg.has_limits = word->has_limits;
    msg.limits = word->limits;
    msg.sharer = lk_bytes(word->sharer, LK_KEY_ID_LEN);
    msg.activation = word->activation;
    if (word->activation & LK_ACTIVATE_PASSWORD) {
        memcpy(key.key, word->share_key, sizeof key.key);
        assert_int_equal(lk_share_password_mac(crypto, &key, salt,
                                               lk_bytes(word->password, strlen(word->password)),
                                               mac),
                         LK_OK);
        msg.salt = lk_bytes(salt, sizeof salt);
        msg.mac = lk_bytes(mac, sizeof mac);
    }
    lk_wr_init(&wr, out, LK_ENTITLEMENT_MAX);
    lk_entitlement_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    return wr.len;
}

size_t test_word_package(struct lk_crypto *crypto, const struct test_word *word,
                         uint8_t out[LK_ATTESTATION_LEN])
{
    uint8_t entitlement[LK_ENTITLEMENT_MAX], share[LK_SHARE_LEN], hash[32], signature[64];
    struct lk_bytes whole = lk_bytes(entitlement, write_entitlement(crypto, word, entitlement));
    struct lk_package msg = {.device_type = word->device_type, .receipt = word->receipt};
    struct lk_share parsed;
    struct lk_wr wr;

    assert_int_equal(lk_sha256(crypto, &whole, 1, hash), LK_OK);
    msg.share.random = lk_bytes(word->random, sizeof word->random);
    msg.share.device_key = lk_bytes(word->device_key, LK_POINT_LEN);
    msg.share.entitlement_hash = lk_bytes(hash, sizeof hash);
    lk_wr_init(&wr, share, sizeof share);
    lk_share_write(&msg.share, &wr);
    assert_int_equal(lk_share_parse(lk_bytes(share, wr.len), &parsed), LK_OK);
    assert_int_equal(lk_sign(crypto, word->signer, &parsed.signed_part, 1, signature), LK_OK);
    msg.signature = lk_bytes(signature, sizeof signature);
    assert_int_equal(lk_entitlement_parse(whole, &msg.entitlement), LK_OK);
    if (word->outer_slot_len > 0)
        msg.slot = lk_bytes(word->outer_slot, word->outer_slot_len);
    lk_wr_init(&wr, out, LK_ATTESTATION_LEN);
    lk_package_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    return wr.len;
}

void test_friend_take(struct test_friend *phone, struct test_vehicle *car,
                      const struct test_word *word)
{
    struct lk_token_set set;

    owner_set(car, &set);
    for (uint8_t i = 0; i < LK_NUM_SPARES; i++) {
        if (lk_equal(set.slots + i * LK_SLOT_LEN, word->slot, LK_SLOT_LEN))
            assert_int_equal(lk_vehicle_token(&car->vehicle, set.seed, (uint8_t)(i + 1),
                                              phone->token),
                             LK_OK);
    }
    memcpy(phone->slot, word->slot, word->slot_len);
    phone->slot_len = word->slot_len;
    memset(phone->box + LK_AT_ATTESTATIONS, 0, LK_ATTESTATION_LEN);
    (void)test_word_package(phone->crypto, word, phone->box + LK_AT_ATTESTATIONS);
    phone->box[LK_AT_SIGNALING] = LK_SIGNAL_ATTESTATION;
}

enum lk_status test_set_time(struct test_vehicle *car, const char *text, uint32_t number)
{
    uint8_t object[192], signature[64];
    struct lk_signed_time msg = {.number = number};
    struct lk_bytes part;
    struct lk_wr wr;

    msg.vehicle_id = lk_bytes(car->world->vehicle_id, LK_VEHICLE_ID_LEN);
    msg.time = lk_bytes(text, LK_DATE_LEN);
    lk_wr_init(&wr, object, sizeof object);
    lk_signed_time_write_signed(&msg, &wr);
    part = lk_bytes(object, wr.len);
    assert_int_equal(lk_sign(car->world->crypto, car->world->server.key, &part, 1, signature),
                     LK_OK);
    msg.signature = lk_bytes(signature, sizeof signature);
    lk_wr_init(&wr, object, sizeof object);
    lk_signed_time_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    return lk_vehicle_set_time(&car->vehicle, test_ca_bytes(&car->world->q),
                               lk_bytes(object, wr.len), car->now_ms);
}

void test_pair_rogue(struct test_vehicle *car, struct test_field *field, struct test_rogue *rogue)
{
    test_field_rogue(field, rogue);
    assert_int_equal(test_run_pairing(car, field), LK_OK);
    assert_int_equal(
        test_run_tap(car, field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->owner_promoted, 1);
}
