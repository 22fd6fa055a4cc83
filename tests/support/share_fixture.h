/* share_fixture.h: an owner's element with eight spare slots and tokens, as its car leaves it after
 * phase 3, and a friend whose keys the test holds: certificates, encryption key, rights. */
#ifndef TESTS_SUPPORT_SHARE_FIXTURE_H
#define TESTS_SUPPORT_SHARE_FIXTURE_H

#include "support/applet_fixture.h"

#define TEST_FROM "20260101000000Z"
#define TEST_TO "20270101000000Z"

struct test_share {
    struct test_applet *owner;
    struct test_ca_world world;        /* its car is the owner's; e and f are the friend's */
    uint8_t tokens[9][32];             /* as the car drew them; 0 is the owner's own */
    uint8_t slots[8][2];
    struct test_ca_key encryption;     /* of the friend's element */
    uint8_t slot[2], sharer[20];
    struct lk_endpoint_facts facts;    /* what H will say */
    struct lk_entitlement rights;      /* what FF20 will say */
    /* what is sent; test_share_make fills all but a test may change any */
    uint8_t ff20[LK_ENTITLEMENT_MAX], ff21[LK_ENCRYPTION_KEY_MAX + 80], hash[32];
    size_t ff20_len, ff21_len;
    struct test_ca_cert f, e, h;
    uint8_t endpoint_id[8];
    int has_token;
    uint16_t offset, length;
    uint8_t ephemeral[65], sealed[48]; /* of test_share_seal */
    /* what came back */
    struct lk_wired_authorized answer; /* windows into owner->cert */
    struct lk_share attestation;
};

/* Starts `t` and fills its mailboxes. Neither struct may be moved. */
enum lk_status test_share_start(struct test_applet *t, struct test_share *s);
void test_share_forget(struct test_share *s);
/* Rights, certificates and FF21 for spare `i`, all good. */
enum lk_status test_share_plan(struct test_share *s, size_t i);
/* The same after a test has changed `rights`, `facts` or the keys. */
enum lk_status test_share_make_rights(struct test_share *s);
enum lk_status test_share_make_h(struct test_share *s, const struct test_ca_key *key);
enum lk_status test_share_make_ff21(struct test_share *s, const struct lk_encryption_key *change);
/* Each gives the status word. */
uint16_t test_share_authenticate(struct test_share *s);
uint16_t test_share_consent(struct test_share *s, uint8_t p1); /* CONSENT alone */
uint16_t test_share_send(struct test_share *s);                /* into the buffer */
uint16_t test_share_authorize_only(struct test_share *s);      /* AUTHORIZE ENDPOINT alone */
uint16_t test_share_authorize(struct test_share *s);           /* both, and reads the answer */
/* A friend's key in the owner's own element, for another car, in state INVITED. */
extern const uint8_t test_friend_id[8];
enum lk_status test_share_add_friend(struct test_share *s);
/* CREATE ENCRYPTION KEY for it, and a token sealed to that key; gives the status word. */
uint16_t test_share_seal(struct test_share *s, const uint8_t token[32],
                         struct lk_token_export *out);
/* SET CONFIDENTIAL DATA. */
uint16_t test_share_import(struct test_applet *t, const uint8_t id[8], uint16_t offset,
                           const struct lk_token_export *token);
/* Both mailboxes of the endpoint at `index`, as stored. */
enum lk_status test_share_image(struct test_applet *t, size_t index,
                                uint8_t out[LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX]);
/* 1 if spare `i` of the owner is still there: bit, slot and token. -1 if it is half there. */
int test_share_has_spare(struct test_share *s, size_t i);

#endif
