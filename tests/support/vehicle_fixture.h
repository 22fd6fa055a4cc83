/* vehicle_fixture.h: one car on a flash in RAM, and a whole phone to hold to it: both real sides in
 * one process. A field in between can be told to lose the link, to lie, or to record. */
#ifndef TESTS_SUPPORT_VEHICLE_FIXTURE_H
#define TESTS_SUPPORT_VEHICLE_FIXTURE_H

#include "latchkey/car_model.h"
#include "latchkey/vehicle.h"
#include "latchkey/verifier.h"
#include "support/ca.h"
#include "support/device_fixture.h"
#include "support/spy.h"

#define TEST_CAR_PASSWORD "27182818"

struct test_vehicle {
    struct lk_openssl *provider;
    struct test_spy spy;     /* between the car and its provider */
    struct lk_crypto crypto; /* through the spy */
    struct test_ca_world *world; /* borrowed */
    struct test_flash flash;
    struct lk_store store;
    struct lk_vehicle_config config;
    struct lk_vehicle vehicle;
    struct lk_car_model model;
    struct test_ca_cert k;
    struct lk_verifier verifier;
    struct lk_tap tap;
    struct lk_pairing pairing;
    uint64_t now_ms;
    int works_ahead; /* test_run_tap calls lk_vehicle_tap_ahead after every command, twice */
};

/* What lies between car and phone. `answer` takes a command and gives the phone's answer; a length
 * of 0 is silence. */
struct test_field {
    void *ctx;
    void (*answer)(void *ctx, const uint8_t *command, size_t len, uint8_t *out, size_t *out_len);
    void (*reset)(void *ctx);
    void (*wait)(void *ctx);
    void (*change)(void *ctx, unsigned number, uint8_t *answer, size_t *len); /* or NULL */
    void *change_ctx;
    unsigned lose_at;    /* the link dies after this answer, counted from 1; 0: never */
    unsigned count;      /* APDUs so far */
    uint8_t last_ins;
    uint8_t record[64][2][LK_APDU_COMMAND_MAX]; /* command and answer */
    size_t record_len[64][2];
};

/* The car of `world` (its K, its vehicle key), with a verifier for TEST_CAR_PASSWORD at n = 4096
 * and pairing mode open. Neither struct may be moved. */
void test_vehicle_init(struct test_vehicle *car, struct test_ca_world *world,
                       struct lk_openssl *provider);
void test_vehicle_forget(struct test_vehicle *car);
/* Power off and on. */
enum lk_status test_vehicle_reboot(struct test_vehicle *car);
/* Mints and loads a verifier for another password. */
void test_vehicle_password(struct test_vehicle *car, const char *password);

/* A field with a real phone: framework and applet behind one NFC router (D21). */
void test_field_phone(struct test_field *field, struct test_phone *phone);
/* Runs owner pairing phase 2 at the dashboard; gives how it came out. */
enum lk_status test_run_pairing(struct test_vehicle *car, struct test_field *field);
/* One tap; the outcome is in car->tap. */
const struct lk_outcome *test_run_tap(struct test_vehicle *car, struct test_field *field,
                                      enum lk_reader reader, enum lk_action action);
/* Pairing, phase 3, everything; asserts that it worked. */
void test_pair(struct test_vehicle *car, struct test_field *field, struct test_phone *phone);
/* Index of the key with this role and state, or -1. */
int test_key_in(const struct test_vehicle *car, uint8_t role, uint8_t state);

/* All of it: a world of certificates, a car and a phone, and the field between them. */
struct test_stage {
    struct lk_openssl *provider;
    struct lk_crypto crypto;
    struct test_ca_world world;
    struct test_vehicle car;
    struct test_phone phone;
    struct test_field field;
};
/* Set the stage anew and clear it; it may not be moved. */
void test_stage_init(struct test_stage *stage);
void test_stage_forget(struct test_stage *stage);

#endif
