/* rogue_car.h: a small car half of its own, over src/crypto alone, with a lie that can be switched
 * on. It drives a test_phone through owner pairing and the first standard transaction. */
#ifndef TESTS_SUPPORT_ROGUE_CAR_H
#define TESTS_SUPPORT_ROGUE_CAR_H

#include "crypto/crypto.h"
#include "latchkey/verifier.h"
#include "msg/msg.h"
#include "support/cert_forms.h"
#include "support/device_fixture.h"

enum test_lie {
    LIE_NONE,
    LIE_Y_OFF_CURVE,     /* Y is not a point */
    LIE_Y_INFINITE,      /* Y with coordinates 0 */
    LIE_Y_REFLECTED,     /* Y is the phone's own X */
    LIE_EVIDENCE,        /* M[1] has one bit wrong */
    LIE_VEHICLE_ID,      /* 7F4A names another car than K */
    LIE_VEHICLE_KEY,     /* DF01 is not the key of K */
    LIE_AUTHORIZED,      /* 49 is not the issuer of K */
    LIE_UNUSED_KEY,      /* 49 is an intermediate that did not issue K */
    LIE_FOREIGN_ROOT,    /* K comes from another automaker */
    LIE_INTERMEDIATE,    /* K by the root, but an intermediate is sent with it */
    LIE_NO_INTERMEDIATE, /* K by the intermediate, which is not sent */
    LIE_FORGED_K,        /* one bit of K's signature */
    LIE_DATES,           /* an owner's key with dates */
    LIE_MAILBOX,         /* the map is larger than the mailbox */
    LIE_TOKENS,          /* the confidential mailbox does not hold nine tokens */
    LIE_DOUBLED,         /* 7F4A twice */
    LIE_ORDER,           /* 7F4B before 7F4A */
    LIE_UNKNOWN_TAG,     /* 7F4F among the others */
    LIE_END_EARLY,       /* 5F5F alone */
    LIE_END_NOT_LAST,    /* bytes after 5F5F */
    LIE_END_FULL,        /* 5F5F with content */
    LIE_OVERLONG,        /* more than 4096 bytes */
    LIE_BAD_MAC,         /* one bit of a MAC */
    LIE_CONTROL_EARLY,   /* 10 01 before 5F5F */
    LIE_ACCEPT_EARLY,    /* 10 02 instead of 10 01 */
    LIE_ACCEPT_UNREAD,   /* 10 02 after the reset, before H was read */
    LIE_SECOND_RESET,    /* two resets with a command between them */
    LIE_NO_RESET,        /* SELECT without the planned reset */
    LIE_ATTESTATION,     /* 5F5A signed by somebody else */
    LIE_NUM
};

struct test_car {
    struct lk_crypto *crypto;
    struct test_ca_world *world, *foreign;
    struct lk_verifier verifier;
    enum test_lie lie;
    int uses_intermediate;  /* to issue K; 2: it is the authorised key, too */
    const struct test_form *form; /* K, L or I is broken so, NULL: none */
    char form_place;
    size_t piece; /* bytes of one WRITE DATA, 239 at most */

    struct lk_spake2_verifier spake;
    struct lk_chan chan;
    uint8_t tlvs[16];
    size_t tlvs_len;
    struct test_ca_cert h, e, f;
    uint8_t device_key[LK_POINT_LEN];
    uint16_t sw;           /* of the last answer */
    enum lk_status status; /* of the phone, for the last command */
    const char *step;      /* where it stopped */
};

/* A car of `world` whose verifier fits `password` (8 digits). */
void test_car_init(struct test_car *car, struct lk_crypto *crypto, struct test_ca_world *world,
                   const char *password);

/* The whole pairing, phases 2a and 2b. 1 if the car would take the key. */
int test_car_pair(struct test_car *car, struct test_phone *phone);
/* Up to and with VERIFY; with WRITE DATA; with the reset and the key made; with all reading. 1 as
 * long as the phone goes along. */
int test_car_open(struct test_car *car, struct test_phone *phone);
int test_car_write_all(struct test_car *car, struct test_phone *phone);
int test_car_make(struct test_car *car, struct test_phone *phone);
int test_car_read_all(struct test_car *car, struct test_phone *phone);
int test_car_attest(struct test_car *car, struct test_phone *phone);
/* The same, well signed, with what `spoil` makes of it (NULL: nothing). */
int test_car_attest_as(struct test_car *car, struct test_phone *phone,
                       void (*spoil)(struct lk_vehicle_attestation *msg));
/* Phase 3: one standard transaction with the applet. 1 if it answered AUTH1. */
int test_car_tap(struct test_car *car, struct test_phone *phone);

/* Single commands; 1 if the status word is 9000 or 61xx. */
int test_car_select(struct test_car *car, struct test_phone *phone);
int test_car_request(struct test_car *car, struct test_phone *phone);
int test_car_verify(struct test_car *car, struct test_phone *phone);
int test_car_control(struct test_car *car, struct test_phone *phone, uint8_t p1, uint8_t p2);
/* One sealed command; `out` gets the opened answer. */
int test_car_sealed(struct test_car *car, struct test_phone *phone, uint8_t ins, uint8_t p1,
                    const uint8_t *plain, size_t len, uint8_t *out, size_t *out_len);
/* Writes `data` in pieces. */
int test_car_write(struct test_car *car, struct test_phone *phone, const uint8_t *data, size_t len);
/* Reads one object by its own outer length. */
int test_car_read(struct test_car *car, struct test_phone *phone, uint16_t tag, uint8_t *out,
                  size_t cap, size_t *out_len);
/* The bytes of the first transaction, with the lie in them. */
size_t test_car_data(const struct test_car *car, uint8_t *out, size_t cap);
void test_car_reset(struct test_phone *phone);

#endif
