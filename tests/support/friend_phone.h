/* friend_phone.h: a friend's phone made by hand, of src/crypto and src/chan alone, and the packages
 * that an owner whose key the test holds signs for it. */
#ifndef TESTS_SUPPORT_FRIEND_PHONE_H
#define TESTS_SUPPORT_FRIEND_PHONE_H

#include "chan/chan.h"
#include "crypto/crypto.h"
#include "msg/msg.h"
#include "support/rogue_phone.h"

struct test_friend {
    struct lk_crypto *crypto;
    struct test_ca_world *world;
    struct test_ca_key key;
    uint8_t slot[LK_SLOT_ID_MAX], slot_len;
    uint8_t token[LK_TOKEN_LEN];
    uint8_t box[LK_PRIVATE_SIZE];
    struct lk_persistent persistent;
    uint8_t has_persistent;
    uint8_t reads_badly; /* EXCHANGE: 1 refuses, 2 gives a byte too few, 3 gives nothing */
    uint8_t signs_badly; /* AUTH1 is signed with another key: world->instance */
    struct lk_chan chan;
    struct lk_key ephemeral;
    uint8_t ephemeral_public[65], vehicle_ephemeral[65], transaction_id[16];
    uint8_t p1, p2;
    uint8_t last_p1, last_p2;  /* of CONTROL FLOW */
    uint8_t last[LK_APDU_COMMAND_MAX]; /* plaintext of the last EXCHANGE */
    size_t last_len;
    unsigned num_ins;
    uint8_t ins[16];           /* of the last tap */
};

/* What an owner signs, before it is signed. Times are YYYYMMDDhhmmssZ. */
struct test_word {
    uint32_t profile;
    const char *not_before, *not_after, *redeem_by;
    uint8_t slot[LK_SLOT_ID_MAX], slot_len;
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t has_limits;
    struct lk_limits limits;
    uint8_t sharer[LK_KEY_ID_LEN];
    uint32_t epoch;
    uint8_t activation;
    const char *password;   /* its MAC is made under share_key */
    uint8_t share_key[16];
    uint8_t random[LK_SHARE_RANDOM_LEN];
    uint8_t device_key[LK_POINT_LEN];
    struct lk_key signer;
    uint8_t device_type;
    /* beside what is signed */
    uint8_t outer_slot[LK_SLOT_ID_MAX], outer_slot_len;
    struct lk_bytes receipt;
};

void test_friend_init(struct test_friend *phone, struct lk_crypto *crypto,
                      struct test_ca_world *world);
void test_friend_forget(struct test_friend *phone);
void test_field_friend(struct test_field *field, struct test_friend *phone);
/* A word that `car`, whose owner's key is world->endpoint, takes: spare `spare` of the owner, from
 * 2027-01-01 to 2027-12-31, to be redeemed by 2027-01-20, everything but sharing. */
void test_word_good(struct test_word *word, struct test_vehicle *car, struct test_friend *phone,
                    size_t spare);
/* The package, signed. Gives its length. */
size_t test_word_package(struct lk_crypto *crypto, const struct test_word *word,
                         uint8_t out[LK_ATTESTATION_LEN]);
/* Lays it into the phone's mailbox, with its slot and token, as SET CONFIDENTIAL DATA and the
 * framework do. */
void test_friend_take(struct test_friend *phone, struct test_vehicle *car,
                      const struct test_word *word);
/* A signed time for the car. */
enum lk_status test_set_time(struct test_vehicle *car, const char *text, uint32_t number);
/* Owner pairing of a rogue phone that tells no lie, phase 3 included. */
void test_pair_rogue(struct test_vehicle *car, struct test_field *field,
                     struct test_rogue *rogue);

#endif
