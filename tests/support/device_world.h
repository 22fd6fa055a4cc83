/* device_world.h: what every test of src/device begins with: one automaker, one phone that knows
 * it, one car with the right password. Fixtures for cmocka. */
#ifndef TESTS_SUPPORT_DEVICE_WORLD_H
#define TESTS_SUPPORT_DEVICE_WORLD_H

#include "support/rogue_car.h"

#define TEST_PASSWORD "31415926"

struct test_device_world {
    struct lk_openssl *provider;
    struct lk_crypto crypto; /* of the authorities and the car */
    struct test_ca_world world;
    struct test_phone phone;
    struct test_car car;
};
extern struct test_device_world test_world;

int test_world_begin(void **state);
int test_world_end(void **state);
/* A personalised phone with the password entered, and an honest car. */
int test_world_fresh(void **state);
int test_world_done(void **state);

#endif
