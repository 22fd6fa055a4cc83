/* world.h: a car and a phone in one process for the benchmark, with stores in RAM and OpenSSL as
 * the provider. Certificates come from the tests' CA. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "latchkey/latchkey.h"
#include "latchkey/provider_openssl.h"
#include "latchkey/provider_x86.h"
#include "latchkey/router.h"
#include "tests/support/ca.h"

#define RAM_PAGE 4096u
#define RAM_PAGES 32u

struct ram {
    struct lk_store_port port;
    uint8_t bytes[RAM_PAGE * RAM_PAGES];
};

struct party {
    struct lk_openssl *provider;
    struct lk_crypto crypto;
    struct ram ram;
    struct lk_store store;
};

struct world {
    struct party maker, car, element, host;
    struct test_ca_world ca;
    struct lk_vehicle_config vehicle_config;
    struct lk_vehicle vehicle;
    struct lk_tap tap;
    struct lk_pairing pairing;
    struct lk_applet applet;
    struct lk_element_port element_port;
    struct lk_scrypt_port scrypt, counted_scrypt;
    struct lk_root_policy roots;
    struct lk_device_config device_config;
    struct lk_device device;
    struct lk_card_port element_card, host_card, phone;
    struct lk_router router;
    uint64_t now_ms;
    /* What a run cost, microseconds of this thread. */
    double car_us, phone_us, scrypt_us;
    double decide_us;            /* from the answer of AUTH1 to the next step */
    size_t to_phone, from_phone; /* bytes of APDUs */
};

/* Microseconds of CPU time of this thread. */
double now_us(void);

/* Everything up to a paired phone. LK_OK or the first status that was not; says where on stderr. */
enum lk_status world_make(struct world *world);
/* Mints a verifier and pairs: one owner key more in a world whose table was emptied. */
enum lk_status world_pair(struct world *world);
/* One tap; the outcome is in world->tap. */
enum lk_status world_tap(struct world *world, enum lk_reader reader, enum lk_action action);
/* A second phone, in `phone`, that will get a key of `world`'s car. */
enum lk_status world_friend_make(struct world *world, struct world *phone);
void world_friend_forget(struct world *phone);
/* Shares a key from phone to phone, by the owner's first pass; the car hears nothing of it. */
enum lk_status world_share(struct world *world, struct world *phone);
/* What the friend's first tap costs: accounts and outcome are in `world`. The key ends after it at
 * both ends. */
enum lk_status world_first_tap(struct world *world, struct world *phone);

void world_forget(struct world *world);

#endif
