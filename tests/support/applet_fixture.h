/* applet_fixture.h: an applet on a flash in RAM, one Instance CA, one endpoint for a test car whose
 * keys the test holds; and the car's half of a transaction, done by hand through src/crypto and
 * src/chan, so that nothing of src/vehicle is trusted. */
#ifndef TESTS_SUPPORT_APPLET_FIXTURE_H
#define TESTS_SUPPORT_APPLET_FIXTURE_H

#include "chan/chan.h"
#include "crypto/crypto.h"
#include "latchkey/applet.h"
#include "latchkey/provider_openssl.h"
#include "msg/msg.h"
#include "support/ca.h"
#include "support/flash.h"
#include "support/spy.h"

struct test_applet {
    struct lk_openssl *provider; /* owned */
    struct test_spy spy;
    struct lk_crypto crypto; /* the element's, through the spy */
    struct lk_crypto car;    /* the test's own, not through the spy */
    struct test_flash flash;
    struct lk_store store;
    struct lk_applet applet;
    uint64_t now_ms;
    struct test_ca_key vehicle, authorized; /* of the test car */
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    uint8_t device_key[LK_POINT_LEN]; /* out of H of the last endpoint made */
    uint8_t cert[LK_CERT_MAX];        /* N or H of the last CREATE */
    size_t cert_len;
    /* the last answer */
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t answer_len; /* without the status word */
    uint16_t sw;
    enum lk_status status; /* the applet's own log */
    int leaked;            /* 1 once an answer held a private key (M51) or some of `hidden` */
    const uint8_t *hidden; /* num_hidden runs of 32 bytes that no answer may hold in the clear */
    size_t num_hidden;
};

/* What a new endpoint is to be. */
struct test_endpoint {
    uint8_t endpoint_id[8], vehicle_id[8];
    uint8_t option1, option2;
    uint16_t confidential_size, private_size;
    uint8_t slot[8], slot_len;
    uint8_t versions[16], versions_len;
    const uint8_t *vehicle_key; /* the one in the creation data; NULL: absent */
    const char *not_before, *not_after; /* a friend's; NULL: none */
};

/* The car's side of one transaction. */
struct test_tap {
    enum lk_interface interface;
    uint8_t p1, p2;
    uint8_t version[2];
    uint8_t vehicle_id[8];
    uint8_t transaction_id[16];
    struct lk_key ephemeral;
    uint8_t ephemeral_public[65], device_ephemeral[65];
    uint8_t cryptogram[16];
    uint8_t has_cryptogram;
    struct lk_chan chan;
    struct lk_persistent persistent;
    uint8_t slot[8];
    size_t slot_len;
    uint8_t confidential[255], private_box[255]; /* windows of AUTH1 */
    size_t confidential_len, private_len;
};

/* An applet with an empty store. `applet` must not be moved. */
enum lk_status test_applet_init(struct test_applet *t);
/* The same on a crypto port of the caller's. */
enum lk_status test_applet_init_on(struct test_applet *t, const struct lk_crypto_port *port);
/* test_applet_init, with Instance CA "TESTCA" and one endpoint of test_endpoint_default. */
enum lk_status test_applet_start(struct test_applet *t);
/* The CA and the endpoint alone, after one of the two init calls. */
enum lk_status test_applet_fill(struct test_applet *t);
void test_applet_forget(struct test_applet *t);
/* Power off and on: RAM is lost, the store is opened again. */
enum lk_status test_applet_reboot(struct test_applet *t);

/* One APDU; gives the status word. le 0: none, 256: 00. */
uint16_t test_applet_send(struct test_applet *t, enum lk_interface interface, uint8_t cla,
                          uint8_t ins, uint8_t p1, uint8_t p2, const uint8_t *body, size_t len,
                          uint16_t le);
/* SELECT and one wired command. */
uint16_t test_applet_wired(struct test_applet *t, uint8_t ins, uint8_t p1, uint8_t p2,
                           const uint8_t *body, size_t len);
/* The same with a body of 50 alone. */
uint16_t test_applet_wired_id(struct test_applet *t, uint8_t ins, uint8_t p1, const uint8_t id[8]);
/* 1 if the first `len` bytes of the answer hold a private key or some of `hidden`. */
int test_applet_leaks(const struct test_applet *t, size_t len);
/* SELECT, and `bytes` into the buffer. */
uint16_t test_applet_write_buffer(struct test_applet *t, const uint8_t *bytes, size_t len);
/* After a command that left an object in the buffer: reads it into t->cert. */
uint16_t test_applet_fetch(struct test_applet *t);
uint16_t test_applet_select(struct test_applet *t, enum lk_interface interface);
uint16_t test_applet_create_ca(struct test_applet *t, const char *name);
void test_endpoint_default(const struct test_applet *t, struct test_endpoint *out);
uint16_t test_applet_create_endpoint(struct test_applet *t, const char *ca,
                                     const struct test_endpoint *endpoint);
uint16_t test_applet_setup(struct test_applet *t, const uint8_t id[8], int state,
                           const struct lk_window *confidential,
                           const struct lk_window *private_box);
/* express, lock: 0, 1, or -1 to leave it. */
uint16_t test_applet_instance(struct test_applet *t, int express, int lock);
/* State of an endpoint by VIEW; 0 if there is none. */
uint8_t test_applet_state(struct test_applet *t, const uint8_t id[8]);

/* The car's half. Each gives the status word; what came is checked and kept in `tap`. A good status
 * word with an answer that does not check out gives 0. */
void test_tap_init(const struct test_applet *t, struct test_tap *tap, uint8_t p1, uint8_t p2);
uint16_t test_tap_auth0(struct test_applet *t, struct test_tap *tap); /* SELECT and AUTH0 */
uint16_t test_tap_auth0_again(struct test_applet *t, struct test_tap *tap); /* AUTH0 alone */
uint16_t test_tap_auth1(struct test_applet *t, struct test_tap *tap);
/* Signature for AUTH1 by the test car. */
enum lk_status test_tap_sign(struct test_applet *t, const struct test_tap *tap, uint8_t out[64]);
/* 1 if the cryptogram of AUTH0 comes from `persistent`; opens tap->chan then. */
int test_tap_fast(struct test_applet *t, struct test_tap *tap,
                  const struct lk_persistent *persistent);
/* Seals `plain`, sends EXCHANGE, opens the answer. */
uint16_t test_tap_exchange(struct test_applet *t, struct test_tap *tap, const uint8_t *plain,
                           size_t len, uint8_t *out, size_t *out_len);
/* The status inside the answer of an EXCHANGE; FFFF if the status word is not 9000. */
uint16_t test_tap_operate(struct test_applet *t, struct test_tap *tap, uint8_t control,
                          const struct lk_exchange_op *ops, size_t num, uint8_t *data,
                          size_t *data_len);
uint16_t test_tap_control(struct test_applet *t, struct test_tap *tap, uint8_t p1, uint8_t p2);
void test_tap_forget(struct test_applet *t, struct test_tap *tap);
/* SELECT, AUTH0, AUTH1; 9000 or the first other. */
uint16_t test_tap_standard(struct test_applet *t, struct test_tap *tap, uint8_t p2);

#endif
