/* device_world.c: see device_world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/device_world.h"

struct test_device_world test_world;

int test_world_begin(void **state)
{
    static const uint8_t vehicle_id[8] = {0, 0, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6};

    (void)state;
    test_world.provider = lk_openssl_new((const uint8_t[32]){1});
    assert_non_null(test_world.provider);
    assert_int_equal(lk_crypto_init(&test_world.crypto, lk_openssl_port(test_world.provider)),
                     LK_OK);
    assert_int_equal(test_ca_world_init(&test_world.crypto, vehicle_id, &test_world.world), LK_OK);
    return 0;
}

int test_world_end(void **state)
{
    (void)state;
    test_ca_world_forget(&test_world.world);
    lk_crypto_forget(&test_world.crypto);
    lk_openssl_free(&test_world.provider);
    return 0;
}

int test_world_fresh(void **state)
{
    struct test_phone *phone = &test_world.phone;

    (void)state;
    test_phone_init(phone, &test_world.world);
    assert_int_equal(lk_device_enter_password(&phone->device, TEST_PASSWORD, phone->now_ms), LK_OK);
    test_car_init(&test_world.car, &test_world.crypto, &test_world.world, TEST_PASSWORD);
    return 0;
}

int test_world_done(void **state)
{
    (void)state;
    test_phone_forget(&test_world.phone);
    return 0;
}
