/* fast_cross.c: a fast cryptogram is good for one key, one car and one tap alone (FA2), and the
 * shipped policies say where fast may decide (M104). */
#include "support/crypto_fixture.h"

#include "latchkey/vehicle.h"

#define KEYS 10
#define CARS 4

static struct lk_fast_key table[KEYS];
static uint8_t car_points[CARS][LK_POINT_LEN], device_points[KEYS][LK_POINT_LEN];

static struct lk_persistent secret_of(size_t key, size_t car)
{
    struct lk_persistent out = {{(uint8_t)(key + 1), (uint8_t)(car + 1), 9}};

    return out;
}

static void fill_table(struct lk_crypto *crypto, size_t car)
{
    for (size_t i = 0; i < KEYS; i++) {
        struct lk_persistent secret = secret_of(i, car);
        assert_int_equal(lk_fast_key_make(crypto, &secret, device_points[i], &table[i]), LK_OK);
    }
}

/* Index of the key that the car finds, or KEYS. */
static size_t found(struct lk_crypto *crypto, const struct lk_fast_info *info,
                    const uint8_t cryptogram[16])
{
    size_t index = 0;
    uint32_t mask = 0;

    assert_int_equal(lk_fast_scan(crypto, table, sizeof table[0], KEYS, info, cryptogram, &index,
                                  &mask),
                     LK_OK);
    return mask != 0 ? index : KEYS;
}

static void FA2_no_key_passes_for_another(void **state)
{
    struct crypto_fixture *f = *state;
    struct lk_crypto *crypto = &f->crypto[ON_OPENSSL];
    uint8_t ids[CARS][8] = {{1}, {2}, {3}, {4}}, tid[16] = {5}, list[2] = {1, 0};
    struct lk_session_keys keys;
    uint8_t cryptogram[16];

    for (size_t i = 0; i < KEYS; i++) {
        struct lk_key key = key_from_byte(crypto, (uint8_t)(0x21 + i), device_points[i]);
        lk_key_free(crypto, &key);
    }
    for (size_t i = 0; i < CARS; i++) {
        struct lk_key key = key_from_byte(crypto, (uint8_t)(0x61 + i), car_points[i]);
        lk_key_free(crypto, &key);
    }
    for (size_t there = 0; there < CARS; there++) {
        fill_table(crypto, there);
        struct lk_fast_info at = {car_points[there], ids[there], {list, 2},
                                  {car_points[0], device_points[0], tid, 0x5e, 1, 1, {1, 0}}};
        for (size_t here = 0; here < CARS; here++) {
            struct lk_fast_info info = at;
            info.vehicle_public = car_points[here];
            info.vehicle_id = ids[here];
            for (size_t i = 0; i < KEYS; i++) {
                struct lk_persistent secret = secret_of(i, here);
                assert_int_equal(lk_fast_derive(crypto, &secret, device_points[i], &info,
                                                cryptogram, &keys),
                                 LK_OK);
                assert_int_equal(found(crypto, &at, cryptogram), here == there ? i : KEYS);
            }
        }
    }
}

static void FA2_no_tap_passes_for_another(void **state)
{
    struct crypto_fixture *f = *state;
    struct lk_crypto *crypto = &f->crypto[ON_OPENSSL];
    uint8_t id[8] = {1}, tid[16] = {5}, other_tid[16] = {6}, list[4] = {1, 0, 0, 9};
    struct lk_session_keys keys;
    uint8_t cryptogram[16];

    fill_table(crypto, 0);
    struct lk_fast_info at = {car_points[0], id, {list, 2},
                              {car_points[1], device_points[1], tid, 0x5e, 1, 1, {1, 0}}};
    struct lk_persistent secret = secret_of(3, 0);
    for (int change = 0; change < 9; change++) {
        struct lk_fast_info info = at;
        if (change == 1)
            info.t.p1 = 0;
        else if (change == 2)
            info.t.p2 = 2;
        else if (change == 3)
            info.t.interface = 0xc3;
        else if (change == 4)
            info.t.version[0] = 2;
        else if (change == 5)
            info.version_list.len = 4;
        else if (change == 6)
            info.t.transaction_id = other_tid;
        else if (change == 7)
            info.t.vehicle_ephemeral = car_points[2];
        else if (change == 8)
            info.t.device_ephemeral = device_points[2];
        assert_int_equal(lk_fast_derive(crypto, &secret, device_points[3], &info, cryptogram,
                                        &keys),
                         LK_OK);
        assert_int_equal(found(crypto, &at, cryptogram), change == 0 ? 3 : KEYS);
    }
}

static void M104_fast_is_the_default_at_the_door(void **state)
{
    (void)state;
    assert_int_equal(lk_policy_door.fast, 1u << LK_ACTION_UNLOCK | 1u << LK_ACTION_LOCK);
    assert_int_equal(lk_policy_door.actions & 1u << LK_ACTION_START, 0);
    assert_int_equal(lk_policy_dashboard.fast & 1u << LK_ACTION_START, 0);
    assert_int_not_equal(lk_policy_dashboard.actions & 1u << LK_ACTION_START, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(FA2_no_key_passes_for_another),
        cmocka_unit_test(FA2_no_tap_passes_for_another),
        cmocka_unit_test(M104_fast_is_the_default_at_the_door),
    };

    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
