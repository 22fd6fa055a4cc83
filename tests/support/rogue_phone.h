/* rogue_phone.h: a small phone of its own, made of src/crypto and src/chan and nothing of
 * src/applet or src/device. It pairs and taps honestly until it is told one lie. */
#ifndef TESTS_SUPPORT_ROGUE_PHONE_H
#define TESTS_SUPPORT_ROGUE_PHONE_H

#include "chan/chan.h"
#include "crypto/crypto.h"
#include "support/cert_forms.h"
#include "support/vehicle_fixture.h"

enum test_lie {
    LIE_NONE,
    /* pairing */
    LIE_SELECT_GARBAGE, LIE_SPAKE_VERSION, LIE_APPLET_VERSION, LIE_NOT_READY,
    LIE_X_OFF_CURVE, LIE_X_SHORT, LIE_X_INFINITY, LIE_W1_UNKNOWN, LIE_M2_WRONG, LIE_M2_REFLECTED,
    LIE_M2_SHORT, LIE_WRITE_BAD_MAC, LIE_WRITE_NO_MAC, LIE_WRITE_TALKS, LIE_WRITE_6A84,
    LIE_REQUEST_6985, LIE_REQUEST_6A88, LIE_REQUEST_9484, LIE_VERIFY_6985, LIE_VERIFY_6A88,
    LIE_VERIFY_9484,
    LIE_READ_BAD_MAC, LIE_READ_ENDLESS, LIE_READ_EMPTY, LIE_READ_LONG, LIE_READ_TRAILING,
    LIE_READ_ABSENT, LIE_READ_NOT_DER, LIE_CHAIN_SWAPPED, LIE_H_SIGNATURE, LIE_H_SLOT,
    LIE_H_OPTIONS, LIE_H_VERSIONS, LIE_H_SIZE, LIE_RESELECT_6A82, LIE_READ_OVER, LIE_H_NAME_SHORT,
    LIE_H_NAME_LOWER, LIE_E_NOT_CERT,
    /* taps */
    LIE_TAP_VERSION, LIE_TAP_LIST_LONG, LIE_AUTH0_OFF_CURVE, LIE_AUTH0_REFLECTED, LIE_AUTH0_NO_9D,
    LIE_AUTH0_9D_SHORT, LIE_AUTH0_9D_LONG, LIE_AUTH0_9D_TWICE, LIE_AUTH0_9D_UNASKED,
    LIE_AUTH1_MAC, LIE_AUTH1_SIGNATURE, LIE_AUTH1_SLOT, LIE_AUTH1_6982, LIE_AUTH1_6985,
    LIE_AUTH1_NO_MAC, LIE_AUTH1_TRAILING, LIE_AUTH1_TOKEN, LIE_EXCHANGE_MAC, LIE_EXCHANGE_STATUS,
    LIE_EXCHANGE_READS,
};

struct test_rogue {
    struct lk_crypto *crypto;
    struct test_ca_world *world;
    enum test_lie lie;
    const struct test_form *form; /* F, E or H is broken so, NULL: none */
    char form_place;
    struct test_ca_world *foreign; /* of the forms that need one */
    uint8_t is_applet; /* selected */
    struct lk_spake2_prover prover;
    struct lk_chan chan;
    uint8_t tlvs[24], tlvs_len;
    uint8_t data[LK_REASSEMBLY_MAX];
    size_t data_len;
    uint8_t slot[8], slot_len;
    uint8_t versions[2];
    uint8_t token[LK_AES_KEY_LEN * 2];
    struct test_ca_cert h; /* made once 5F5F has come */
    uint8_t object[LK_REASSEMBLY_MAX];
    size_t object_len, object_at;
    unsigned aborts, last_p1, last_p2; /* of OP CONTROL FLOW and CONTROL FLOW */
    /* of a tap */
    struct lk_key ephemeral;
    uint8_t ephemeral_public[65], vehicle_ephemeral[65], transaction_id[16];
    uint8_t p1, p2;
};

/* A phone of `world`: its endpoint key is world->endpoint. */
void test_rogue_init(struct test_rogue *rogue, struct lk_crypto *crypto,
                     struct test_ca_world *world);
void test_field_rogue(struct test_field *field, struct test_rogue *rogue);

#endif
