/* device_fixture.h: one whole phone in a test: the host half under test, and the real applet as its
 * element, each with a provider, a flash and a store of its own. Every port can be made to fail. */
#ifndef TESTS_SUPPORT_DEVICE_FIXTURE_H
#define TESTS_SUPPORT_DEVICE_FIXTURE_H

#include "latchkey/applet.h"
#include "latchkey/device.h"
#include "latchkey/provider_openssl.h"
#include "support/ca.h"
#include "support/flash.h"
#include "support/spy.h"

/* One half: provider behind a spy, flash, store. */
struct test_half {
    struct lk_openssl *provider;
    struct test_spy spy;
    struct lk_crypto crypto;
    struct test_flash flash;
    struct lk_store store;
};

struct test_phone {
    struct test_half host, element;
    struct lk_applet applet;
    struct lk_device device;
    struct lk_device_config config;
    struct lk_element_port element_port;
    struct lk_scrypt_port scrypt_port, real_scrypt;
    struct lk_root_policy policy;
    uint8_t allowed[1][LK_HASH_LEN];
    struct test_ca_cert n, e; /* of the Instance CA made by the applet */
    uint64_t now_ms;
    uint32_t element_calls, element_fail_at; /* this call gets no answer; 0: never */
    uint32_t element_dead_at;                /* from this call on nothing is answered; 0: never */
    uint32_t scrypt_calls, scrypt_fails;
    int to_applet; /* of its NFC router: which half was selected last */
};

/* A phone that knows the automaker of `world` (its E is issued by the world's device maker). The
 * struct must not be moved. Fails the test on any error. */
void test_phone_init(struct test_phone *phone, struct test_ca_world *world);
/* The same without the automaker. */
void test_phone_init_bare(struct test_phone *phone);
void test_phone_forget(struct test_phone *phone);
/* Host process and element start again on their stores. */
void test_phone_restart(struct test_phone *phone);
/* Only the host does. */
void test_phone_restart_host(struct test_phone *phone);

/* One APDU to the framework; gives the phone's own status, and the status word in *out_sw. */
enum lk_status test_phone_command(struct test_phone *phone, const uint8_t *apdu, size_t len,
                                  uint8_t *out, size_t *out_len, uint16_t *out_sw);
/* One tick of the host, asserting nothing. */
enum lk_status test_phone_tick(struct test_phone *phone);
/* Endpoints that live in the element, and passes that are not free. */
size_t test_phone_num_endpoints(const struct test_phone *phone);
size_t test_phone_num_passes(const struct test_phone *phone);
/* First pass that is not free, or NULL. */
const struct lk_pass *test_phone_pass(const struct test_phone *phone);

#endif
