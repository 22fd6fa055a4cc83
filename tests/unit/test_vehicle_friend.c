/* test_vehicle_friend.c: a friend's key at the car: first tap, forged packages, what ends and what
 * is forgotten. spec/access.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/friend_phone.h"

#include "tlv/tlv.h"
#include "vehicle/vehicle.h"

static struct test_stage stage;
static struct test_vehicle *const car = &stage.car;
static struct test_rogue rogue;
static struct test_friend friend, other;
static struct test_word word;
static struct test_field field;
static uint8_t flash_before[TEST_FLASH_MAX];

static int setup(void **state)
{
    (void)state;
    test_stage_init(&stage);
    test_rogue_init(&rogue, &stage.crypto, &stage.world);
    test_pair_rogue(car, &field, &rogue);
    assert_int_equal(test_set_time(car, "20270110120000Z", 1), LK_OK);
    test_friend_init(&friend, &stage.crypto, &stage.world);
    test_friend_init(&other, &stage.crypto, &stage.world);
    test_word_good(&word, car, &friend, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_friend_forget(&friend);
    test_friend_forget(&other);
    test_stage_forget(&stage);
    return 0;
}

static const struct lk_outcome *tap_of(struct test_friend *phone, enum lk_reader reader,
                                       enum lk_action action)
{
    test_field_friend(&field, phone);
    return test_run_tap(car, &field, reader, action);
}

static const struct lk_outcome *unlock(void)
{
    return tap_of(&friend, LK_READER_DOOR, LK_ACTION_UNLOCK);
}

static const struct lk_outcome *owner_tap(enum lk_action action)
{
    test_field_rogue(&field, &rogue);
    return test_run_tap(car, &field, LK_READER_DASHBOARD, action);
}

static int friend_at(uint8_t state)
{
    return test_key_in(car, LK_KEY_FRIEND, state);
}

static struct lk_vehicle_key *friend_key(void)
{
    assert_true(friend_at(LK_KEY_ACTIVE) >= 0);
    return &car->vehicle.keys[friend_at(LK_KEY_ACTIVE)];
}

static void share(void)
{
    test_friend_take(&friend, car, &word);
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(car->tap.outcome.friend_stored, 1);
}

static void remember(void)
{
    memcpy(flash_before, car->flash.data, sizeof flash_before);
}

/* Refused for this cause, and not a byte of the store has changed: no key, no slot, no token, no
 * entry of the memory is gone. */
static void refused_now(enum lk_status cause)
{
    const struct lk_outcome *outcome;

    remember();
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    outcome = unlock();
    assert_int_equal(outcome->detail, cause);
    assert_int_equal(outcome->verdict, LK_DENY);
    assert_int_equal(outcome->friend_stored, 0);
    assert_true(lk_is_zero(&outcome->grant, sizeof outcome->grant));
    assert_memory_equal(flash_before, car->flash.data, sizeof flash_before);
    assert_int_equal(friend_at(LK_KEY_ACTIVE), -1);
    assert_int_equal(friend.box[LK_AT_SIGNALING], LK_SIGNAL_ATTESTATION); /* still to be had */
}

static void refused_word(enum lk_status cause)
{
    test_friend_take(&friend, car, &word);
    refused_now(cause);
    test_word_good(&word, car, &friend, 0);
}

/* --- the good way --- */

static void M84_M105_M113_the_first_tap_opens_and_the_second_is_fast(void **state)
{
    static const uint8_t first[] = {0xa4, 0x80, 0x81, 0xc9, 0xc9, 0xc9, 0x3c};
    static const uint8_t second[] = {0xa4, 0x80, 0x3c};
    struct lk_token_set set;
    const struct lk_vehicle_key *key;

    (void)state;
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) /* the table before: one owner */
        assert_int_equal(car->vehicle.keys[i].state, i == 0 ? LK_KEY_ACTIVE : LK_KEY_FREE);
    share();
    assert_int_equal(friend.num_ins, sizeof first);
    assert_memory_equal(friend.ins, first, sizeof first);
    assert_int_equal(car->tap.outcome.was_fast, 0);
    assert_int_equal(friend.box[LK_AT_SIGNALING], 0);
    assert_int_equal(friend.box[LK_AT_ATTESTATIONS], 0);
    key = friend_key(); /* the table after */
    assert_memory_equal(key->public_key, friend.key.public_key, LK_POINT_LEN);
    assert_memory_equal(key->slot, word.slot, LK_SLOT_LEN);
    assert_int_equal(key->slot_len, LK_SLOT_LEN);
    assert_int_equal(key->profile, 0);
    assert_int_equal(key->rights, LK_RIGHTS_OWNER & ~LK_RIGHT_SHARE);
    assert_int_equal(key->not_before, lk_date_seconds(lk_bytes(word.not_before, 15)));
    assert_int_equal(key->not_after, lk_date_seconds(lk_bytes(word.not_after, 15)));
    assert_int_equal(car->vehicle.num_spent, 1);
    assert_int_equal(lk_vehicle_read_set(&car->vehicle, 0, 0, &set), LK_OK);
    assert_int_equal(set.unused, 0xfe);
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(car->tap.outcome.was_fast, 1);
    assert_int_equal(friend.num_ins, sizeof second);
    assert_memory_equal(friend.ins, second, sizeof second);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(test_set_time(car, "20270110130000Z", 2), LK_OK);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
    assert_int_equal(owner_tap(LK_ACTION_START)->status, LK_OK);
}

static void M63_the_first_tap_may_start_with_its_own_token_alone(void **state)
{
    (void)state;
    test_friend_take(&friend, car, &word);
    friend.token[3] ^= 1;
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_TAP_TOKEN);
    assert_int_equal(car->tap.outcome.friend_stored, 1); /* the key is good, its token is not */
    friend.token[3] ^= 1;
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
}

static void M63_the_friends_token_outlives_the_owners_refill(void **state)
{
    (void)state;
    share();
    assert_int_equal(owner_tap(LK_ACTION_MAINTAIN)->status, LK_OK);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(test_set_time(car, "20270111120000Z", 2), LK_OK);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
}

static void M62_an_old_unused_slot_dies_at_a_refill(void **state)
{
    (void)state;
    test_friend_take(&friend, car, &word);
    assert_int_equal(owner_tap(LK_ACTION_MAINTAIN)->status, LK_OK);
    refused_now(LK_SHARE_SLOT);
    word.slot_len = word.outer_slot_len = 2;
    refused_word(LK_SHARE_SLOT); /* the slot of the old list, a new package */
    test_friend_take(&friend, car, &word);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
}

static void M85_both_roads_end_alike(void **state)
{
    struct lk_vehicle_key by_tap, online;
    uint8_t package[LK_ATTESTATION_LEN], id[LK_KEY_ID_LEN];
    size_t len;

    (void)state;
    share();
    by_tap = *friend_key();
    teardown(NULL);
    setup(NULL);
    len = test_word_package(&stage.crypto, &word, package);
    assert_int_equal(lk_vehicle_accept_package(&car->vehicle, lk_bytes(package, len), car->now_ms,
                                               id),
                     LK_OK);
    assert_int_equal(lk_vehicle_accept_package(&car->vehicle, lk_bytes(package, len), car->now_ms,
                                               id),
                     LK_CALLER_EXISTS);
    assert_true(friend_at(LK_KEY_PENDING) >= 0);
    assert_int_equal(test_vehicle_reboot(car), LK_OK); /* it waits for its phone */
    assert_int_equal(test_set_time(car, "20270110130000Z", 2), LK_OK);
    test_friend_take(&friend, car, &word); /* the package lies in the mailbox as well */
    friend.signs_badly = 1;
    assert_int_equal(unlock()->detail, LK_PEER_SIGNATURE); /* S6: who holds the key comes in */
    friend.signs_badly = 0;
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(friend.box[LK_AT_SIGNALING], 0);
    online = *friend_key();
    assert_int_equal(online.rights, by_tap.rights);
    assert_int_equal(online.not_after - online.not_before, by_tap.not_after - by_tap.not_before);
    assert_int_equal(online.redeem_by, by_tap.redeem_by);
    assert_int_equal(online.state, by_tap.state);
    assert_int_equal(online.has_token, by_tap.has_token);
    assert_int_equal(car->vehicle.num_spent, 1);
    assert_int_equal(unlock()->was_fast, 1);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
}

static void M85_an_online_friend_waits_for_what_was_asked(void **state)
{
    uint8_t package[LK_ATTESTATION_LEN], id[LK_KEY_ID_LEN];
    size_t len;

    (void)state;
    word.activation = LK_ACTIVATE_FOB | LK_ACTIVATE_PASSWORD;
    word.password = "open sesame";
    len = test_word_package(&stage.crypto, &word, package);
    assert_int_equal(lk_vehicle_accept_package(&car->vehicle, lk_bytes(package, len), car->now_ms,
                                               id),
                     LK_OK);
    test_friend_take(&friend, car, &word);
    for (unsigned restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(unlock()->status, LK_SHARE_ACTIVATION);
        assert_true(friend_at(LK_KEY_PENDING) >= 0);
        assert_int_equal(test_vehicle_reboot(car), LK_OK);
        assert_int_equal(test_set_time(car, restarted ? "20270110140000Z" : "20270110130000Z",
                                       2 + restarted),
                         LK_OK);
    }
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD,
                                         lk_bytes("open sesame", 11), car->now_ms),
                     LK_OK);
    assert_int_equal(unlock()->status, LK_OK);
    assert_true(friend_at(LK_KEY_ACTIVE) >= 0);
    assert_true(lk_is_zero(car->vehicle.password, sizeof car->vehicle.password));
    assert_int_equal(unlock()->was_fast, 1);
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_OK);
    assert_int_equal(unlock()->status, LK_TAP_KEY_ENDED);
}

/* The owner's phone got new slots, the car did not hear of it, and the owner shares one of them. */
static void M62_a_slot_of_a_refill_that_was_cut_is_good_once(void **state)
{
    struct lk_token_set next, now;

    (void)state;
    test_field_rogue(&field, &rogue);
    field.lose_at = 5; /* the answer to the last EXCHANGE */
    (void)test_run_tap(car, &field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
    assert_int_equal(lk_vehicle_read_set(&car->vehicle, 0, 1, &next), LK_OK);
    memcpy(word.slot, next.slots + 2 * LK_SLOT_LEN, LK_SLOT_LEN);
    memcpy(word.outer_slot, word.slot, LK_SLOT_LEN);
    test_friend_take(&friend, car, &word);
    assert_int_equal(lk_vehicle_token(&car->vehicle, next.seed, 3, friend.token), LK_OK);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
    assert_int_equal(owner_tap(LK_ACTION_START)->status, LK_OK); /* with its new token */
    assert_int_equal(lk_vehicle_read_set(&car->vehicle, 0, 1, &now), LK_CALLER_NOT_FOUND);
    assert_int_equal(lk_vehicle_read_set(&car->vehicle, 0, 0, &now), LK_OK);
    assert_memory_equal(now.slots, next.slots, sizeof now.slots);
    assert_int_equal(now.unused, 0xfb);
}

/* --- forged --- */

static void PK8_each_field_forged_by_a_real_owner_has_its_own_status(void **state)
{
    (void)state;
    word.vehicle_id[7] ^= 1;
    refused_word(LK_SHARE_VEHICLE);
    word.epoch++;
    refused_word(LK_SHARE_EPOCH);
    word.epoch--;
    refused_word(LK_SHARE_EPOCH);
    word.redeem_by = "20270110115959Z";
    refused_word(LK_SHARE_REDEEM_BY);
    word.redeem_by = "20270209120131Z"; /* 30 days and the drift, and a second more */
    refused_word(LK_SHARE_REDEEM_BY);
    word.not_after = "20261231235959Z";
    refused_word(LK_SHARE_DATES); /* before it begins */
    word.not_before = "20260101000000Z";
    word.not_after = "20270110115959Z";
    refused_word(LK_SHARE_EXPIRED);
    word.sharer[0] ^= 1;
    refused_word(LK_SHARE_SHARER);
    word.signer = stage.world.instance.key;
    refused_word(LK_SHARE_SIGNATURE);
    word.profile = 0x80000002;
    refused_word(LK_SHARE_PROFILE);
    word.outer_slot[1] ^= 1;
    refused_word(LK_SHARE_SLOT);
    word.outer_slot_len = 0;
    refused_word(LK_SHARE_SLOT);
    word.slot_len = 0;
    test_friend_take(&friend, car, &word);
    memcpy(friend.slot, word.slot, 2);
    friend.slot_len = 2;
    refused_now(LK_SHARE_SLOT);
    test_word_good(&word, car, &friend, 0);
    word.slot[0] = word.outer_slot[0] = 0x77;
    word.slot[1] = word.outer_slot[1] = 0x78;
    refused_word(LK_SHARE_SLOT); /* never issued */
    test_friend_take(&friend, car, &word);
    friend.slot[1] ^= 1; /* AUTH1 says another one */
    refused_now(LK_SHARE_SLOT);
    memcpy(word.device_key, other.key.public_key, LK_POINT_LEN);
    refused_word(LK_SHARE_KEY);
    test_friend_take(&friend, car, &word);
    friend.signs_badly = 1;
    refused_now(LK_SHARE_KEY);
    friend.signs_badly = 0;
    word.activation = LK_ACTIVATE_FOB;
    refused_word(LK_SHARE_ACTIVATION);
    test_friend_take(&friend, car, &word);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK); /* and the honest one still comes in */
    assert_int_equal(owner_tap(LK_ACTION_START)->status, LK_OK);
}

static void PK8_no_flipped_bit_comes_in(void **state)
{
    uint8_t good[LK_ATTESTATION_LEN];
    size_t len;

    (void)state;
    test_friend_take(&friend, car, &word);
    len = test_word_package(&stage.crypto, &word, good);
    memcpy(good, friend.box + LK_AT_ATTESTATIONS, len);
    for (size_t i = 0; i < len; i++) {
        const struct lk_outcome *outcome;

        friend.box[LK_AT_ATTESTATIONS + i] ^= (uint8_t)(1u << i % 8);
        remember();
        car->now_ms += LK_PACKAGE_PAUSE_MS;
        outcome = unlock();
        assert_int_equal(outcome->verdict, LK_DENY);
        assert_int_equal(outcome->friend_stored, 0);
        assert_memory_equal(flash_before, car->flash.data, sizeof flash_before);
        memcpy(friend.box + LK_AT_ATTESTATIONS, good, len);
    }
}

/* The elements of 7F35, each missing, doubled, after its neighbour; a byte at the end. */
static void PK8_the_shape_of_a_package_is_strict(void **state)
{
    uint8_t good[LK_ATTESTATION_LEN], *box = friend.box + LK_AT_ATTESTATIONS;
    struct lk_bytes parts[5];
    enum lk_status fault;
    struct lk_rd rd, inner;
    size_t len, num = 0;

    (void)state;
    len = test_word_package(&stage.crypto, &word, good);
    test_friend_take(&friend, car, &word);
    lk_rd_init(&rd, lk_bytes(good, len), &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_PACKAGE);
    while (inner.left > 0 && num < 5) {
        parts[num].at = inner.at;
        parts[num].len = lk_tlv_total(lk_bytes(inner.at, inner.left), &fault);
        (void)lk_rd_take(&inner, parts[num++].len);
    }
    assert_int_equal(num, 5);
    for (size_t how = 0; how < 3; how++) {
        for (size_t i = 0; i < num; i++) {
            struct lk_wr wr;
            size_t value;

            lk_wr_init(&wr, box, LK_ATTESTATION_LEN);
            value = lk_tlv_begin(&wr, LK_TAG_PACKAGE);
            for (size_t k = 0; k < num; k++) {
                size_t from = how == 2 && i + 1 < num && k == i       ? i + 1
                              : how == 2 && i + 1 < num && k == i + 1 ? i
                                                                      : k;
                if (how == 0 && k == i)
                    continue;
                lk_wr_bytes(&wr, parts[from]);
                if (how == 1 && k == i)
                    lk_wr_bytes(&wr, parts[from]);
            }
            lk_tlv_end(&wr, value);
            if ((how == 0 && i >= 3) || (how == 2 && i == 4))
                continue; /* 4E and 48 may be absent; the last one has no neighbour */
            refused_now(LK_PEER_TAG);
        }
    }
    memcpy(box, good, len);
    lk_put16(box + 3, (uint16_t)(LK_PACKAGE_MAX - 4)); /* one byte over three answers */
    box[2] = 0x82;
    refused_now(LK_PEER_TOO_LONG);
    memset(box, 0, LK_ATTESTATION_LEN); /* signalled, but nothing is there */
    refused_now(LK_PEER_TAG);
}

static void PK8_a_mailbox_that_answers_badly_brings_no_key(void **state)
{
    static const enum lk_status causes[] = {LK_PEER_VALUE, LK_PEER_LENGTH, LK_PEER_VALUE};

    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        test_friend_take(&friend, car, &word);
        friend.reads_badly = (uint8_t)(i + 1);
        refused_now(causes[i]);
    }
    friend.reads_badly = 0;
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
}

/* A receipt for the friend's key, or for others. */
static struct lk_bytes receipt(struct lk_key signer, const uint8_t *vehicle_id,
                               const uint8_t *device_key)
{
    static uint8_t out[LK_RECEIPT_MAX];
    uint8_t hash[32], signature[64];
    struct lk_bytes point = lk_bytes(device_key, LK_POINT_LEN), part;
    struct lk_receipt msg = {.vehicle_id = lk_bytes(vehicle_id, 8),
                             .ca_name = lk_bytes("0123456789ABCDEF", 16),
                             .time = lk_bytes("20270109000000Z", 15)};
    struct lk_wr wr;

    assert_int_equal(lk_sha256(&stage.crypto, &point, 1, hash), LK_OK);
    msg.key_hash = msg.cert_hash = lk_bytes(hash, sizeof hash);
    lk_wr_init(&wr, out, sizeof out);
    lk_receipt_write_signed(&msg, &wr);
    part = lk_bytes(out, wr.len);
    assert_int_equal(lk_sign(&stage.crypto, signer, &part, 1, signature), LK_OK);
    msg.signature = lk_bytes(signature, sizeof signature);
    lk_wr_init(&wr, out, sizeof out);
    lk_receipt_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    return lk_bytes(out, wr.len);
}

static void PK9_a_receipt_is_wanted_checked_or_let_pass(void **state)
{
    const uint8_t *id = car->config.vehicle_id;
    uint8_t foreign[8] = {9};
    struct lk_key signer = stage.world.server.key;

    (void)state;
    car->config.requires_receipt = 1;
    word.receipt = receipt(signer, id, friend.key.public_key);
    refused_word(LK_SHARE_RECEIPT); /* nobody is known who could sign one */
    car->config.receipt_key = stage.world.server.public_key;
    refused_word(LK_SHARE_RECEIPT); /* none */
    for (unsigned required = 0; required < 2; required++) {
        car->config.requires_receipt = (uint8_t)required;
        word.receipt = receipt(stage.world.instance.key, id, friend.key.public_key);
        refused_word(LK_SHARE_RECEIPT);
        word.receipt = receipt(signer, foreign, friend.key.public_key);
        refused_word(LK_SHARE_RECEIPT);
        word.receipt = receipt(signer, id, other.key.public_key);
        refused_word(LK_SHARE_RECEIPT);
        word.receipt = lk_bytes("\x41\x01\x01", 3);
        refused_word(LK_SHARE_RECEIPT);
    }
    word.receipt = receipt(signer, id, friend.key.public_key);
    test_friend_take(&friend, car, &word);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(friend.num_ins, 8); /* three answers of EXCHANGE hold it */
}

static void ST11_a_stranger_is_not_stored(void **state)
{
    (void)state;
    test_friend_take(&friend, car, &word);
    friend.box[LK_AT_SIGNALING] = 0;
    remember();
    assert_int_equal(unlock()->status, LK_TAP_KEY_UNKNOWN);
    assert_memory_equal(flash_before, car->flash.data, sizeof flash_before);
    friend.box[LK_AT_SIGNALING] = LK_SIGNAL_ATTESTATION;
    friend.box[LK_AT_ATTESTATIONS + 100] ^= 1;
    refused_now(LK_SHARE_SIGNATURE);
    test_friend_take(&friend, car, &word);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
    test_friend_take(&other, car, &word); /* the same word in another phone */
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(tap_of(&other, LK_READER_DOOR, LK_ACTION_UNLOCK)->detail, LK_PEER_SIGNATURE);
    assert_int_equal(car->tap.outcome.friend_stored, 0);
}

static void S6_after_a_refusal_no_package_is_read_for_two_seconds(void **state)
{
    static const struct {
        int at;
        enum lk_status status;
    } rows[] = {{-1, LK_SHARE_TOO_SOON}, {0, LK_SHARE_EPOCH}, {1, LK_SHARE_EPOCH}};

    (void)state;
    word.epoch++;
    for (size_t i = 0; i < 3; i++) {
        uint64_t until;

        test_friend_take(&friend, car, &word);
        car->now_ms += 10 * LK_PACKAGE_PAUSE_MS;
        assert_int_equal(unlock()->detail, LK_SHARE_EPOCH);
        until = car->vehicle.no_package_until_ms;
        /* the answer of AUTH1 is the third of three, 10 ms after each other */
        car->now_ms = until - 30 + (uint64_t)(int64_t)rows[i].at;
        assert_int_equal(unlock()->detail, rows[i].status);
        assert_int_equal(friend.num_ins, rows[i].at < 0 ? 4 : 6);
    }
    /* Who has a key waits for nobody. */
    assert_int_equal(owner_tap(LK_ACTION_UNLOCK)->status, LK_OK);
}

/* --- slots, replays, ends --- */

static void EX8_of_two_friends_with_one_slot_one_comes_in(void **state)
{
    struct test_word second;

    (void)state;
    test_word_good(&second, car, &other, 0);
    test_friend_take(&other, car, &second);
    share();
    remember();
    assert_int_equal(tap_of(&other, LK_READER_DOOR, LK_ACTION_UNLOCK)->detail, LK_PEER_SIGNATURE);
    assert_int_equal(tap_of(&other, LK_READER_DASHBOARD, LK_ACTION_START)->verdict, LK_DENY);
    assert_memory_equal(flash_before, car->flash.data, sizeof flash_before);
    assert_int_equal(unlock()->was_fast, 1);
}

static void EX8_races_for_one_slot_have_one_winner(void **state)
{
    unsigned races = getenv("LATCHKEY_LONG") != NULL ? 100000 : 10000, won = 0;
    uint8_t packages[2][LK_ATTESTATION_LEN];
    size_t len[2];
    struct test_word second;
    uint8_t id[LK_KEY_ID_LEN];

    (void)state;
    test_word_good(&second, car, &other, 0);
    len[0] = test_word_package(&stage.crypto, &word, packages[0]);
    len[1] = test_word_package(&stage.crypto, &second, packages[1]);
    for (unsigned i = 0; i < races; i++) {
        unsigned which = (i * 2654435761u >> 16) & 1u;

        won += lk_vehicle_accept_package(&car->vehicle, lk_bytes(packages[which], len[which]),
                                         car->now_ms, id) == LK_OK;
    }
    assert_int_equal(won, 1);
    assert_int_equal(car->vehicle.num_spent, 1);
}

static void SH9_a_second_redemption_is_refused(void **state)
{
    uint8_t package[LK_ATTESTATION_LEN], id[LK_KEY_ID_LEN];
    size_t len = test_word_package(&stage.crypto, &word, package);

    (void)state;
    share();
    test_friend_take(&friend, car, &word); /* the phone lays it there once more: nothing happens */
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(friend_at(LK_KEY_ACTIVE), 1);
    assert_int_equal(lk_vehicle_accept_package(&car->vehicle, lk_bytes(package, len), car->now_ms,
                                               id),
                     LK_CALLER_EXISTS);
}

/* Ends the friend and has its place taken by others, `num` of them. */
static void end_and_replace(unsigned num)
{
    struct test_word next;
    uint8_t package[LK_ATTESTATION_LEN], id[LK_KEY_ID_LEN];
    struct test_ca_key key;

    assert_int_equal(lk_vehicle_end_key(&car->vehicle, friend_key()->key_id), LK_OK);
    assert_int_equal(friend_at(LK_KEY_ACTIVE), -1);
    assert_int_equal(unlock()->status, LK_TAP_KEY_ENDED);
    for (unsigned i = 0; i < num; i++) {
        if (i % LK_NUM_SPARES == 0)
            assert_int_equal(owner_tap(LK_ACTION_MAINTAIN)->status, LK_OK);
        test_word_good(&next, car, &other, i % LK_NUM_SPARES);
        assert_int_equal(test_ca_key_make(&stage.crypto, &key), LK_OK);
        memcpy(next.device_key, key.public_key, LK_POINT_LEN);
        lk_key_free(&stage.crypto, &key.key);
        size_t len = test_word_package(&stage.crypto, &next, package);
        enum lk_status status =
            lk_vehicle_accept_package(&car->vehicle, lk_bytes(package, len), car->now_ms, id);
        if (status == LK_SHARE_MEMORY)
            return;
        assert_int_equal(status, LK_OK);
        assert_int_equal(lk_vehicle_end_key(&car->vehicle, id), LK_OK);
    }
}

static void LI3_an_ended_friend_never_comes_back(void **state)
{
    struct test_word old = word;
    const struct lk_outcome *outcome;

    (void)state;
    share();
    end_and_replace(10000); /* until the memory is full */
    assert_int_equal(lk_vehicle_spent_left(&car->vehicle), 0);
    for (unsigned restarted = 0; restarted < 2; restarted++) {
        memcpy(friend.slot, old.slot, 2);
        memset(friend.box + LK_AT_ATTESTATIONS, 0, LK_ATTESTATION_LEN);
        (void)test_word_package(&stage.crypto, &old, friend.box + LK_AT_ATTESTATIONS);
        friend.box[LK_AT_SIGNALING] = LK_SIGNAL_ATTESTATION;
        car->now_ms += LK_PACKAGE_PAUSE_MS;
        outcome = unlock();
        assert_int_equal(outcome->verdict, LK_DENY);
        assert_true(outcome->status == LK_SHARE_ENDED || outcome->status == LK_TAP_KEY_ENDED);
        /* a new word of the owner for the ended key does not help it either */
        test_word_good(&word, car, &friend, 7);
        test_friend_take(&friend, car, &word);
        car->now_ms += LK_PACKAGE_PAUSE_MS;
        outcome = unlock();
        assert_int_equal(outcome->detail, LK_SHARE_ENDED);
        assert_int_equal(lk_store_compact(&car->store), LK_OK);
        assert_int_equal(test_vehicle_reboot(car), LK_OK);
        assert_int_equal(test_set_time(car, "20270111120000Z", 2 + restarted),
                         restarted ? LK_PEER_SEQUENCE : LK_OK);
        if (restarted == 0)
            assert_int_equal(lk_vehicle_spent_left(&car->vehicle), 0);
    }
    /* after the redeem-by the memory forgets, and the package is too old */
    assert_int_equal(test_set_time(car, "20270120000001Z", 9), LK_OK);
    assert_true(lk_vehicle_spent_left(&car->vehicle) > LK_VEHICLE_NUM_SPENT - 2);
    (void)test_word_package(&stage.crypto, &old, friend.box + LK_AT_ATTESTATIONS);
    memcpy(friend.slot, old.slot, 2);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    outcome = unlock();
    assert_true(outcome->status == LK_SHARE_REDEEM_BY || outcome->status == LK_TAP_KEY_ENDED);
}

static void S7_a_used_word_is_known_though_its_key_went_and_the_slot_is_new(void **state)
{
    uint8_t hash[LK_HASH_LEN];
    struct lk_bytes whole;
    uint8_t package[LK_ATTESTATION_LEN];
    struct lk_package parsed;
    size_t len = test_word_package(&stage.crypto, &word, package);
    unsigned found = 0;

    (void)state;
    assert_int_equal(lk_package_parse(lk_bytes(package, len), &parsed), LK_OK);
    whole = parsed.share.whole;
    assert_int_equal(lk_sha256(&stage.crypto, &whole, 1, hash), LK_OK);
    test_friend_take(&friend, car, &word);
    memcpy(friend.box + LK_AT_ATTESTATIONS, package, len);
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(lk_spent_find(&car->vehicle, hash, 1, &found), LK_OK);
    assert_int_equal(found, 1);
    /* as if the entry had been lost: the attestation alone is remembered */
    lk_wipe(friend_key(), sizeof *friend_key());
    friend.box[LK_AT_SIGNALING] = LK_SIGNAL_ATTESTATION;
    memcpy(friend.box + LK_AT_ATTESTATIONS, package, len);
    refused_now(LK_SHARE_REPLAYED);
}

static void S7_a_new_owner_ends_the_friends_and_their_words(void **state)
{
    struct test_ca_key new_owner;
    struct test_word late;
    uint32_t epoch = car->vehicle.sharing_epoch;
    uint8_t share_key[16], second_key[16];
    size_t owner = (size_t)test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE);

    (void)state;
    test_word_good(&late, car, &other, 1);
    test_friend_take(&other, car, &late);
    share();
    assert_int_equal(lk_vehicle_read_share_key(&car->vehicle, owner, epoch, share_key), LK_OK);
    assert_int_equal(test_ca_key_make(&stage.crypto, &new_owner), LK_OK);
    stage.world.endpoint = new_owner;
    test_rogue_init(&rogue, &stage.crypto, &stage.world);
    test_vehicle_password(car, TEST_CAR_PASSWORD);
    assert_int_equal(lk_vehicle_open_pairing(&car->vehicle, car->now_ms), LK_OK);
    test_pair_rogue(car, &field, &rogue);
    assert_int_equal(car->vehicle.sharing_epoch, epoch + 1);
    assert_int_equal(friend_at(LK_KEY_ACTIVE), -1);
    assert_int_equal(unlock()->status, LK_TAP_KEY_ENDED);
    assert_int_equal(tap_of(&other, LK_READER_DOOR, LK_ACTION_UNLOCK)->detail, LK_SHARE_EPOCH);
    owner = (size_t)test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE);
    assert_int_equal(lk_vehicle_read_share_key(&car->vehicle, owner, epoch, second_key),
                     LK_CALLER_NOT_FOUND);
    assert_int_equal(lk_vehicle_read_share_key(&car->vehicle, owner, epoch + 1, second_key), LK_OK);
    assert_memory_not_equal(share_key, second_key, 16);
    assert_int_equal(car->vehicle.num_spent, 3); /* the word, the friend, the former owner */
}

static void LI10_full_tables_refuse_and_lose_nothing(void **state)
{
    struct lk_vehicle_key owner = car->vehicle.keys[0];

    (void)state;
    for (size_t i = 1; i < LK_VEHICLE_NUM_KEYS; i++) {
        car->vehicle.keys[i].state = i == 5 ? LK_KEY_ENDED : LK_KEY_SUSPENDED;
        car->vehicle.keys[i].role = LK_KEY_FRIEND;
        car->vehicle.keys[i].public_key[0] = (uint8_t)i;
    }
    test_friend_take(&friend, car, &word);
    refused_now(LK_CALLER_FULL); /* the ended one is nowhere else remembered */
    for (size_t i = 1; i < LK_VEHICLE_NUM_KEYS; i++)
        lk_wipe(&car->vehicle.keys[i], sizeof owner);
    car->vehicle.num_spent = LK_VEHICLE_NUM_SPENT;
    refused_now(LK_SHARE_MEMORY);
    car->vehicle.num_spent = 0;
    assert_memory_equal(&owner, &car->vehicle.keys[0], sizeof owner);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
    car->vehicle.num_spent = LK_VEHICLE_NUM_SPENT; /* an end does not wait for room */
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, friend_key()->key_id), LK_OK);
    assert_int_equal(unlock()->status, LK_TAP_KEY_ENDED);
}

/* --- time --- */

static void LI9_a_key_with_dates_needs_the_time(void **state)
{
    uint64_t later;

    (void)state;
    word.not_before = "20270111000000Z";
    word.not_after = "20270113000000Z";
    test_friend_take(&friend, car, &word);
    assert_int_equal(unlock()->status, LK_TAP_NOT_YET); /* stored, and waits for its day */
    assert_int_equal(car->tap.outcome.friend_stored, 1);
    car->now_ms += 12 * 3600 * 1000;
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(unlock()->was_fast, 1);
    later = car->now_ms;
    car->now_ms = 1000; /* a clock that went back below its anchor */
    assert_int_equal(unlock()->status, LK_TAP_NO_TIME);
    car->now_ms = later;
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(test_vehicle_reboot(car), LK_OK); /* the clock is lost */
    assert_int_equal(unlock()->status, LK_TAP_NO_TIME);
    assert_int_equal(owner_tap(LK_ACTION_UNLOCK)->status, LK_OK); /* an owner has no dates */
    assert_int_equal(test_set_time(car, "20270109120000Z", 2), LK_PEER_SEQUENCE); /* a day back */
    assert_int_equal(unlock()->status, LK_TAP_NO_TIME);
    assert_int_equal(test_set_time(car, "20270112120000Z", 2), LK_OK);
    assert_int_equal(test_set_time(car, "20270112130000Z", 2), LK_PEER_SEQUENCE);
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(unlock()->was_fast, 1);
    car->now_ms += 12 * 3600 * 1000 + 1000; /* its last second is over */
    assert_int_equal(unlock()->status, LK_TAP_EXPIRED);
    assert_int_equal(friend_key()->fast.live, 0);
    assert_int_equal(test_set_time(car, "20270113120000Z", 3), LK_OK);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(unlock()->status, LK_TAP_EXPIRED); /* below the floor: over without a clock */
    car->now_ms = 0;
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(unlock()->status, LK_TAP_EXPIRED);
}

static void S12_the_clock_wipes_the_fast_key_of_what_is_over(void **state)
{
    (void)state;
    word.not_after = "20270110130000Z";
    share();
    assert_int_not_equal(friend_key()->fast.live, 0);
    car->now_ms += 3600 * 1000 - 1000;
    lk_vehicle_tick(&car->vehicle, car->now_ms);
    assert_int_not_equal(friend_key()->fast.live, 0);
    car->now_ms += 2000;
    lk_vehicle_tick(&car->vehicle, car->now_ms);
    assert_int_equal(friend_key()->fast.live, 0);
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(friend_key()->fast.live, 0);
}

static void D30_the_anchor_lives_as_long_as_its_clock(void **state)
{
    struct lk_date now;

    (void)state;
    car->config.clock_id = 77;
    assert_int_equal(test_set_time(car, "20270110130000Z", 2), LK_OK);
    car->now_ms += 60000;
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    lk_vehicle_time(&car->vehicle, car->now_ms, &now);
    assert_int_equal(now.is_known, 1);
    assert_memory_equal(now.text, "20270110130100Z", LK_DATE_LEN);
    car->config.clock_id = 78;
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    lk_vehicle_time(&car->vehicle, car->now_ms, &now);
    assert_int_equal(now.is_known, 0);
    assert_int_equal(lk_vehicle_hint_time(&car->vehicle, (const uint8_t *)"20270110130100Z",
                                          car->now_ms),
                     LK_CALLER_STATE);
    car->config.clock_id = 0;
}

static void D30_a_hint_narrows_within_the_drift(void **state)
{
    static const struct {
        const char *text;
        enum lk_status status;
    } rows[] = {
        {"20270110120040Z", LK_OK},
        {"20270110120041Z", LK_CALLER_ARGUMENT},
        {"20270110120010Z", LK_OK}, /* measured from the signed time, not from the last hint */
        {"20270110115959Z", LK_CALLER_ARGUMENT}, /* below the floor */
        {"20270130250000Z", LK_CALLER_ARGUMENT},
    };
    struct lk_date now;

    (void)state;
    car->now_ms += 10000;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(lk_vehicle_hint_time(&car->vehicle, (const uint8_t *)rows[i].text,
                                              car->now_ms),
                         rows[i].status);
    lk_vehicle_time(&car->vehicle, car->now_ms + 5000, &now);
    assert_memory_equal(now.text, "20270110120015Z", LK_DATE_LEN);
}

static void D30_a_late_signed_time_does_not_set_the_clock_back(void **state)
{
    struct lk_date now;

    (void)state;
    car->now_ms += 24 * 3600 * 1000;
    assert_int_equal(test_set_time(car, "20270110130000Z", 2), LK_OK);
    lk_vehicle_time(&car->vehicle, car->now_ms, &now);
    assert_memory_equal(now.text, "20270111120000Z", LK_DATE_LEN);
    assert_int_equal(car->vehicle.time_floor, lk_date_seconds(lk_bytes("20270110130000Z", 15)));
}

static void D30_only_the_server_of_this_automaker_sets_the_time(void **state)
{
    struct test_ca_key server = stage.world.server;

    (void)state;
    stage.world.server = stage.world.instance;
    assert_int_equal(test_set_time(car, "20270110130000Z", 2), LK_PEER_SIGNATURE);
    stage.world.server = server;
    car->config.vehicle_id[0] ^= 1;
    assert_int_equal(test_set_time(car, "20270110130000Z", 2), LK_SHARE_VEHICLE);
    car->config.vehicle_id[0] ^= 1;
    assert_int_equal(test_set_time(car, "21360101000000Z", 2), LK_PEER_VALUE); /* no clock's */
    assert_int_equal(car->vehicle.time_number, 1);
    assert_int_equal(lk_vehicle_set_time(&car->vehicle, test_ca_bytes(&stage.world.k),
                                         lk_bytes("\x41\x01\x01", 3), car->now_ms),
                     LK_PEER_TAG);
}

/* --- rights and limits --- */

static void SH10_the_car_grants_the_narrower_of_both(void **state)
{
    const struct lk_grant *grant;

    (void)state;
    word.profile = 0x80000001; /* 105 km/h, 70 %, 06:00 to 22:00 */
    word.has_limits = 1;
    word.limits = (struct lk_limits){120, 50, 2, 0x40, 720, 1380}; /* Sundays from noon */
    share(); /* 2027-01-10 is a Sunday */
    assert_int_equal(friend_key()->limits.speed_kmh, 105);
    assert_int_equal(friend_key()->limits.power_percent, 50);
    assert_int_equal(friend_key()->limits.from_min, 720);
    assert_int_equal(friend_key()->limits.to_min, 1320);
    for (unsigned i = 0; i < 2; i++) {
        grant = &tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->grant;
        assert_int_equal(grant->speed_limit_kmh, 105);
        assert_int_equal(grant->power_limit_percent, 50);
        assert_int_equal(lk_car_model_obey(&car->model, &car->crypto, grant), LK_OK);
        assert_int_equal(car->model.speed_limit_kmh, 105);
        assert_int_equal(car->model.power_limit_percent, 50);
        lk_car_model_park(&car->model);
        assert_int_equal(car->model.power_limit_percent, 0);
    }
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_TAP_STARTS);
    assert_int_equal(unlock()->status, LK_OK);
    car->now_ms += 10 * 3600 * 1000; /* 22:00 */
    assert_int_equal(unlock()->status, LK_TAP_HOURS);
    car->now_ms += 15 * 3600 * 1000; /* Monday 13:00 */
    assert_int_equal(unlock()->status, LK_TAP_HOURS);
    car->config.utc_offset_min = -780; /* where the car stands it is Sunday night */
    assert_int_equal(unlock()->status, LK_TAP_HOURS);
    car->config.utc_offset_min = 0;
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    assert_int_equal(friend_key()->starts_left, 0);
}

static void M36_the_owner_may_restrict_a_free_profile(void **state)
{
    (void)state;
    word.profile = 1;
    word.has_limits = 1;
    word.limits.speed_kmh = 90;
    test_friend_take(&friend, car, &word);
    assert_int_equal(
        tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->grant.speed_limit_kmh, 90);
}

static void SH10_limits_that_leave_nothing_are_refused(void **state)
{
    static const struct lk_limits rows[] = {{.from_min = 1330, .to_min = 350},
                                            {.from_min = 1200, .to_min = 400}};

    (void)state;
    for (size_t i = 0; i < 2; i++) { /* against 06:00 to 22:00: no minute, and two runs */
        word.profile = 0x80000001;
        word.has_limits = 1;
        word.limits = rows[i];
        refused_word(LK_SHARE_DATES);
    }
}

/* Hours of the owner alone, and hours over midnight that reach into the profile's morning. */
static void SH10_hours_that_both_allow(void **state)
{
    static const struct {
        uint32_t profile;
        uint16_t from_min, to_min, got_from, got_to;
    } rows[] = {{1, 540, 1020, 540, 1020}, {0x80000001, 1330, 400, 360, 400}};

    for (size_t i = 0; i < 2; i++) {
        if (i > 0) {
            teardown(state);
            setup(state);
        }
        word.profile = rows[i].profile;
        word.has_limits = 1;
        word.limits.from_min = rows[i].from_min;
        word.limits.to_min = rows[i].to_min;
        test_friend_take(&friend, car, &word);
        (void)unlock();
        assert_int_equal(friend_key()->limits.from_min, rows[i].got_from);
        assert_int_equal(friend_key()->limits.to_min, rows[i].got_to);
    }
}

static void SH10_days_that_never_meet_are_refused(void **state)
{
    static const struct lk_profile weekdays = {
        .number = 1, .rights = LK_RIGHT_UNLOCK, .limits = {.days = 0x1f}};

    (void)state;
    car->config.profiles = &weekdays;
    car->config.num_profiles = 1;
    word.profile = 1;
    word.has_limits = 1;
    word.limits.days = 0x60;
    refused_word(LK_SHARE_DATES);
}

static void D30_a_car_without_time_takes_no_friend(void **state)
{
    (void)state;
    car->config.clock_id = 0;
    assert_int_equal(test_vehicle_reboot(car), LK_OK);
    refused_word(LK_TAP_NO_TIME);
}

static void SH11_a_friend_cannot_share_or_maintain(void **state)
{
    struct test_word word2;

    (void)state;
    share();
    assert_int_equal(friend_key()->rights & LK_RIGHT_SHARE, 0);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->status,
                     LK_TAP_NOT_ALLOWED);
    test_word_good(&word2, car, &other, 1);
    word2.signer = friend.key.key;
    memcpy(word2.sharer, friend_key()->key_id, LK_KEY_ID_LEN);
    test_friend_take(&other, car, &word2);
    assert_int_equal(tap_of(&other, LK_READER_DOOR, LK_ACTION_UNLOCK)->status, LK_SHARE_SHARER);
    car->vehicle.keys[0].rights &= (uint16_t)~LK_RIGHT_SHARE;
    test_word_good(&word2, car, &other, 1);
    test_friend_take(&other, car, &word2);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(tap_of(&other, LK_READER_DOOR, LK_ACTION_UNLOCK)->status, LK_SHARE_SHARER);
}

static void M36_trunk_only_opens_the_trunk_only(void **state)
{
    (void)state;
    word.profile = 3;
    test_friend_take(&friend, car, &word);
    assert_int_equal(tap_of(&friend, LK_READER_DOOR, LK_ACTION_TRUNK)->status, LK_OK);
    assert_int_equal(
        lk_car_model_obey(&car->model, &car->crypto, &car->tap.outcome.grant), LK_OK);
    assert_int_equal(car->model.is_trunk_open, 1);
    assert_int_equal(car->model.is_locked, 1);
    assert_int_equal(unlock()->status, LK_TAP_NOT_ALLOWED);
    assert_int_equal(tap_of(&friend, LK_READER_DOOR, LK_ACTION_TRUNK)->was_fast, 0);
}

static void S8_what_was_asked_for_must_have_happened(void **state)
{
    struct lk_bytes right = lk_bytes("0815word", 8), wrong = lk_bytes("0815wort", 8);

    (void)state;
    word.activation = LK_ACTIVATE_PASSWORD;
    word.password = "0815word";
    test_friend_take(&friend, car, &word);
    refused_now(LK_SHARE_ACTIVATION);
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_OWNER, right, car->now_ms),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD, lk_bytes("123", 3),
                                         car->now_ms),
                     LK_CALLER_ARGUMENT);
    for (unsigned i = 0; i < LK_ACTIVATION_TRIES; i++) {
        assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD, wrong,
                                             car->now_ms),
                         LK_OK);
        refused_now(LK_SHARE_ACTIVATION);
    }
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD, right, car->now_ms),
                     LK_SHARE_TOO_SOON);
    car->now_ms += LK_ACTIVATION_MS;
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD, right, car->now_ms),
                     LK_OK);
    car->now_ms += LK_ACTIVATION_MS;
    refused_now(LK_SHARE_ACTIVATION); /* too long ago */
    assert_int_equal(car->vehicle.password_len, right.len);
    lk_vehicle_tick(&car->vehicle, car->now_ms);
    assert_true(lk_is_zero(car->vehicle.password, sizeof car->vehicle.password));
    assert_int_equal(car->vehicle.password_len, 0);
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD, right, car->now_ms),
                     LK_OK);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
    assert_true(lk_is_zero(car->vehicle.password, sizeof car->vehicle.password));
}

static void S8_the_owners_tap_and_a_fob_count(void **state)
{
    (void)state;
    word.activation = LK_ACTIVATE_OWNER;
    test_friend_take(&friend, car, &word);
    car->now_ms += LK_ACTIVATION_MS; /* phase 3 of pairing is long ago */
    refused_now(LK_SHARE_ACTIVATION);
    assert_int_equal(owner_tap(LK_ACTION_UNLOCK)->status, LK_OK);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
    test_word_good(&word, car, &other, 1);
    word.activation = LK_ACTIVATE_FOB;
    test_friend_take(&other, car, &word);
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_FOB, lk_bytes(NULL, 0),
                                         car->now_ms),
                     LK_OK);
    assert_int_equal(tap_of(&other, LK_READER_DOOR, LK_ACTION_UNLOCK)->status, LK_OK);
}

/* --- broken off --- */

static void whole_or_not_at_all(void)
{
    int at = friend_at(LK_KEY_ACTIVE);
    struct lk_token_set set;
    size_t owner = (size_t)test_key_in(car, LK_KEY_OWNER, LK_KEY_ACTIVE);

    assert_int_equal(lk_vehicle_read_set(&car->vehicle, owner, 0, &set), LK_OK);
    assert_int_equal(car->vehicle.num_spent, at >= 0);
    assert_int_equal(set.unused, at >= 0 ? 0xfe : 0xff);
    if (at >= 0) {
        assert_int_equal(car->vehicle.keys[at].has_token, 1);
        assert_memory_equal(car->vehicle.keys[at].public_key, friend.key.public_key, 65);
    }
}

/* The friend comes in at last, its mailbox is cleared, and the owner's key works. */
static void ends_well(uint32_t number)
{
    if (!car->vehicle.has_anchor)
        (void)test_set_time(car, "20270110120001Z", number);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(unlock()->status, LK_OK);
    assert_int_equal(tap_of(&friend, LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_OK);
    assert_int_equal(friend.box[LK_AT_SIGNALING], 0); /* by the first standard one at the latest */
    assert_int_equal(owner_tap(LK_ACTION_START)->status, LK_OK);
}

static void S6_M84_a_power_cut_stores_the_friend_or_does_not(void **state)
{
    unsigned stored = 0;

    (void)state;
    for (uint32_t at = 1;; at++) {
        test_friend_take(&friend, car, &word);
        car->flash.writes = 0;
        car->flash.fail_at = at;
        (void)unlock();
        if (car->flash.writes < at)
            break;
        assert_int_equal(test_vehicle_reboot(car), LK_OK);
        whole_or_not_at_all();
        stored += friend_at(LK_KEY_ACTIVE) >= 0;
        ends_well(2);
        teardown(NULL);
        setup(NULL);
        assert_true(at < 200);
    }
    assert_true(stored > 0);
}

static void M84_a_lost_link_stores_the_friend_or_does_not(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 7; at++) {
        test_friend_take(&friend, car, &word);
        test_field_friend(&field, &friend);
        field.lose_at = at;
        (void)test_run_tap(car, &field, LK_READER_DOOR, LK_ACTION_UNLOCK);
        assert_int_equal(friend_at(LK_KEY_ACTIVE) >= 0, at > 5);
        whole_or_not_at_all();
        /* the phone may not have heard that its package was taken */
        if (at == 6)
            friend.box[LK_AT_SIGNALING] = LK_SIGNAL_ATTESTATION;
        ends_well(2);
        teardown(NULL);
        setup(NULL);
    }
}

static void M84_every_port_call_of_the_first_tap_fails_once(void **state)
{
    (void)state;
    for (unsigned at = 1;; at++) {
        const struct lk_outcome *outcome;
        unsigned calls;

        test_friend_take(&friend, car, &word);
        test_spy_arm(&car->spy, at);
        outcome = unlock();
        calls = car->spy.calls;
        test_spy_arm(&car->spy, 0);
        if (calls < at) {
            assert_int_equal(outcome->verdict, LK_GRANT);
            break;
        }
        assert_int_equal(outcome->verdict, LK_DENY);
        whole_or_not_at_all();
        if (friend_at(LK_KEY_ACTIVE) >= 0 || at % 8 == 0) {
            ends_well(2);
            teardown(NULL);
            setup(NULL);
        }
        car->now_ms += LK_PACKAGE_PAUSE_MS;
        assert_true(at < 2000);
    }
}

static void CR5_a_store_of_the_former_format_is_refused(void **state)
{
    static uint8_t record[98] = {LK_KEY_ACTIVE, LK_KEY_OWNER, 2};

    (void)state;
    assert_int_equal(lk_store_write(&car->store, 0x00010000, record, sizeof record), LK_OK);
    remember();
    assert_int_equal(test_vehicle_reboot(car), LK_STORE_VERSION);
    assert_memory_equal(flash_before, car->flash.data, sizeof flash_before);
}

/* Time and memory as nobody wrote them. */
static void CR5_damaged_records_of_sharing_stop_the_start(void **state)
{
    static const struct {
        uint32_t id;
        uint16_t len;
        enum lk_status status;
    } rows[] = {
        {0x0006, 27, LK_STORE_CORRUPT},
        {0x00070000, 35, LK_STORE_CORRUPT},
        {0x00070001, 36, LK_STORE_CORRUPT}, /* behind one that is not full */
    };
    static const uint8_t full[576];
    uint8_t record[64];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int was_there =
            lk_store_read(&car->store, rows[i].id, record, sizeof record, &len) == LK_OK;

        assert_int_equal(lk_store_write(&car->store, rows[i].id, full, rows[i].len), LK_OK);
        assert_int_equal(test_vehicle_reboot(car), rows[i].status);
        assert_int_equal(lk_store_begin(&car->store), LK_OK);
        assert_int_equal(was_there ? lk_store_put(&car->store, rows[i].id, record, len)
                                   : lk_store_remove(&car->store, rows[i].id),
                         LK_OK);
        assert_int_equal(lk_store_commit(&car->store), LK_OK);
        assert_int_equal(test_vehicle_reboot(car), LK_OK);
    }
    for (uint32_t i = 0; i <= LK_VEHICLE_NUM_SPENT / 16; i++) {
        assert_int_equal(lk_store_write(&car->store, 0x00070000 + i, full, sizeof full), LK_OK);
        assert_int_equal(test_vehicle_reboot(car),
                         i < LK_VEHICLE_NUM_SPENT / 16 ? LK_OK : LK_CALLER_FULL);
    }
}

static void M34_pairing_lists_the_profiles_of_this_car(void **state)
{
    static const struct lk_profile own[65] = {{.number = 0x80000007}, {.number = 0x80000008}};
    struct lk_pairing_data msg;

    (void)state;
    car->config.profiles = own;
    car->config.num_profiles = 2;
    car->config.requires_receipt = 1;
    car->pairing.vehicle = &car->vehicle;
    assert_int_equal(lk_pairing_begin_data(&car->pairing), LK_OK);
    assert_int_equal(
        lk_pairing_data_parse(lk_bytes(car->pairing.data, car->pairing.data_len), &msg), LK_OK);
    assert_true(lk_bytes_equal(msg.config.profiles,
                               lk_bytes("\x80\x00\x00\x07\x80\x00\x00\x08", 8)));
    assert_true(lk_bytes_equal(msg.config.receipt_required, lk_bytes("\x01", 1)));
    assert_true(lk_bytes_equal(msg.config.offline_attestations, lk_bytes("\x02", 1)));
    car->config.num_profiles = 65;
    assert_int_equal(lk_pairing_begin_data(&car->pairing), LK_CALLER_ARGUMENT);
}

static void P19_a_key_takes_no_more_of_the_store_than_is_said(void **state)
{
    static const uint32_t records[] = {0x00010001, 0x00020001, 0x00030001};
    uint8_t record[256];
    size_t sum = 0, len = 0;

    (void)state;
    share();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lk_store_read(&car->store, records[i], record, sizeof record, &len),
                         LK_OK);
        sum += (24 + len + 7) / 8 * 8;
    }
    assert_int_equal(sum, LK_VEHICLE_KEY_STORED);
    assert_in_range(sum, 1, 384);
    assert_in_range(sizeof(struct lk_vehicle_key), 1, 256);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(M84_M105_M113_the_first_tap_opens_and_the_second_is_fast),
        T(M63_the_first_tap_may_start_with_its_own_token_alone),
        T(M63_the_friends_token_outlives_the_owners_refill),
        T(M62_an_old_unused_slot_dies_at_a_refill),
        T(M85_both_roads_end_alike),
        T(M85_an_online_friend_waits_for_what_was_asked),
        T(M62_a_slot_of_a_refill_that_was_cut_is_good_once),
        T(PK8_each_field_forged_by_a_real_owner_has_its_own_status),
        T(PK8_no_flipped_bit_comes_in),
        T(PK8_the_shape_of_a_package_is_strict),
        T(PK8_a_mailbox_that_answers_badly_brings_no_key),
        T(CR5_damaged_records_of_sharing_stop_the_start),
        T(M34_pairing_lists_the_profiles_of_this_car),
        T(PK9_a_receipt_is_wanted_checked_or_let_pass),
        T(ST11_a_stranger_is_not_stored),
        T(S6_after_a_refusal_no_package_is_read_for_two_seconds),
        T(EX8_of_two_friends_with_one_slot_one_comes_in),
        T(EX8_races_for_one_slot_have_one_winner),
        T(SH9_a_second_redemption_is_refused),
        T(LI3_an_ended_friend_never_comes_back),
        T(S7_a_used_word_is_known_though_its_key_went_and_the_slot_is_new),
        T(S7_a_new_owner_ends_the_friends_and_their_words),
        T(LI10_full_tables_refuse_and_lose_nothing),
        T(LI9_a_key_with_dates_needs_the_time),
        T(S12_the_clock_wipes_the_fast_key_of_what_is_over),
        T(D30_the_anchor_lives_as_long_as_its_clock),
        T(D30_a_hint_narrows_within_the_drift),
        T(D30_a_late_signed_time_does_not_set_the_clock_back),
        T(M36_the_owner_may_restrict_a_free_profile),
        T(D30_only_the_server_of_this_automaker_sets_the_time),
        T(SH10_the_car_grants_the_narrower_of_both),
        T(SH10_limits_that_leave_nothing_are_refused),
        T(SH10_hours_that_both_allow),
        T(SH10_days_that_never_meet_are_refused),
        T(D30_a_car_without_time_takes_no_friend),
        T(SH11_a_friend_cannot_share_or_maintain),
        T(M36_trunk_only_opens_the_trunk_only),
        T(S8_what_was_asked_for_must_have_happened),
        T(S8_the_owners_tap_and_a_fob_count),
        T(S6_M84_a_power_cut_stores_the_friend_or_does_not),
        T(M84_a_lost_link_stores_the_friend_or_does_not),
        T(M84_every_port_call_of_the_first_tap_fails_once),
        T(CR5_a_store_of_the_former_format_is_refused),
        T(P19_a_key_takes_no_more_of_the_store_than_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
