/* sharing_world.h: two phones of two device makers under one automaker: the owner's, paired with a
 * car that has filled its mailbox, and a friend's. What goes between them lies in the open for the
 * test, which may also open it, forge it and seal it again. */
#ifndef TESTS_SUPPORT_SHARING_WORLD_H
#define TESTS_SUPPORT_SHARING_WORLD_H

#include "support/rogue_car.h"

#define TEST_SHARE_NOW "20260301120000Z"
#define TEST_SHARE_FROM "20260301000000Z"
#define TEST_SHARE_TO "20260601000000Z"
#define TEST_SHARE_REDEEM "20260320000000Z"
#define TEST_SHARE_PIN "271828"

struct test_sharing {
    struct lk_openssl *provider;
    struct lk_crypto crypto;
    struct test_ca_world world; /* its device maker made the owner's phone */
    struct test_ca_world other; /* the same automaker and car, another device maker */
    struct test_car car;
    struct test_phone owner, friend;
    uint8_t tokens[9][LK_TOKEN_LEN], slots[8][LK_SLOT_LEN];
    uint8_t share_key[16]; /* what the car told the owner for passwords */
    struct lk_share_plan plan;
    struct lk_date now;
    struct lk_share_secret secret;
    size_t at_owner, at_friend; /* indexes of the sharing */
    struct lk_share_out invitation, signing, import; /* FF10 FF11 FF12 */
    struct lk_share_out last;                        /* of any other call */
};
extern struct test_sharing test_sharing;

/* Fixtures for cmocka: certificates once, phones for each test. */
int test_sharing_begin(void **state);
int test_sharing_end(void **state);
int test_sharing_fresh(void **state);
/* The same with the makers exchanged (M101). */
int test_sharing_fresh_swapped(void **state);
int test_sharing_done(void **state);

/* One step each; they give what the phone says. */
enum lk_status test_sharing_invite(void); /* authenticates first */
enum lk_status test_sharing_accept(void);
enum lk_status test_sharing_sign(void);
enum lk_status test_sharing_import(void);
/* All four; the first that fails. */
enum lk_status test_sharing_run(void);
/* Any message to one of the phones, the answer goes to test_sharing.last. */
enum lk_status test_sharing_take(struct test_phone *phone, const struct lk_share_out *blob);

const struct lk_sharing *test_sharing_of_owner(void);
const struct lk_sharing *test_sharing_of_friend(void);
/* The friend's pass, or NULL. */
const struct lk_pass *test_sharing_pass(void);
/* 1 if spare `i` of the owner is there with slot and token, 0 if it is spent, -1 if half. */
int test_sharing_has_spare(size_t i);

/* Opens a message; windows of the parse are into `plain`. */
struct lk_bytes test_sharing_open(const struct lk_share_out *blob,
                                  uint8_t plain[LK_SHARE_BLOB_MAX]);
/* Seals a plaintext with the right secret and session. */
void test_sharing_seal(struct lk_bytes plain, struct lk_share_out *out);

#endif
