/* test_makers.c: two automakers and two device makers, with and without an intermediate: real
 * pairings of all pairs, what an owner key freezes, and friends of the other device maker judged
 * from it; and a root that changes. M92-M94, M98-M101, PK13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "support/vehicle_fixture.h"

static struct lk_openssl *provider;
static struct lk_crypto crypto;
static struct test_makers four;
static struct test_ca_world *const makers = four.worlds, (*const pairs)[2] = four.pairs;
static struct test_vehicle car;
static struct test_phone phone;
static struct test_field field;

static int setup(void **state)
{
    static const uint8_t store_key[32] = {0x61};

    (void)state;
    provider = lk_openssl_new(store_key);
    if (provider == NULL || lk_crypto_init(&crypto, lk_openssl_port(provider)) != LK_OK)
        return 1;
    return test_makers_init(&crypto, &four) == LK_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    test_makers_forget(&four);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&provider);
    return 0;
}

static enum lk_status pair_again(void)
{
    assert_int_equal(lk_vehicle_load_verifier(&car.vehicle, &car.verifier), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&car.vehicle, car.now_ms), LK_OK);
    lk_device_cancel_pairing(&phone.device);
    assert_int_equal(lk_device_enter_password(&phone.device, TEST_CAR_PASSWORD, phone.now_ms),
                     LK_OK);
    return test_run_pairing(&car, &field);
}

static void new_phone(struct test_ca_world *world)
{
    test_phone_init(&phone, world);
    test_field_phone(&field, &phone);
}

static int holds(struct lk_bytes where, const uint8_t key[LK_POINT_LEN])
{
    for (size_t i = 0; i + LK_POINT_LEN <= where.len; i++) {
        if (memcmp(where.at + i, key, LK_POINT_LEN) == 0)
            return 1;
    }
    return 0;
}

/* The key that the owner's endpoint in this element has frozen. */
static const uint8_t *frozen_key(void)
{
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        if (phone.applet.endpoints[i].state != LK_ENDPOINT_NONE)
            return phone.applet.endpoints[i].authorized_key;
    }
    fail();
    return NULL;
}

/* What the owner's element asks of a friend of `friend_world` (M101). */
static enum lk_status check_friend(const uint8_t authorized[LK_POINT_LEN],
                                   const struct test_ca_world *friend_world)
{
    struct lk_cert f, e, h;

    return lk_chain_check_endpoint(&crypto, authorized, test_ca_bytes(&friend_world->f),
                                   test_ca_bytes(&friend_world->e),
                                   test_ca_bytes(&friend_world->h), NULL, &f, &e, &h);
}

/* One pairing, and then every friend there is: those under the same automaker and no others. */
static void owner_and_friends(size_t automaker, size_t device_maker)
{
    uint8_t authorized[LK_POINT_LEN];

    memcpy(authorized, frozen_key(), sizeof authorized);
    assert_memory_equal(authorized, makers[automaker].automaker.public_key, sizeof authorized);
    for (size_t other = 0; other < 2; other++) {
        assert_int_equal(check_friend(authorized, &pairs[automaker][other]), LK_OK);
        assert_int_equal(check_friend(authorized, &pairs[1 - automaker][other]), LK_CERT_AKI);
        /* an intermediate would have shut all friends out; so would any changed byte */
        assert_int_equal(
            check_friend(makers[automaker].intermediate.public_key, &pairs[automaker][other]),
            LK_CERT_AKI);
        authorized[1 + device_maker] ^= 1;
        assert_int_equal(check_friend(authorized, &pairs[automaker][other]), LK_CERT_AKI);
        authorized[1 + device_maker] ^= 1;
    }
}

static void M92_M94_M99_M100_M101_all_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct test_ca_world *one = &pairs[i / 2][0], *two = &pairs[i / 2][1];

        one->uses_intermediate = two->uses_intermediate = i % 2 != 0;
        test_vehicle_init(&car, one, provider);
        for (size_t k = 0; k < 2; k++) { /* nothing of either device maker is in the car */
            assert_false(holds(car.config.k, makers[k].device_maker.public_key));
            assert_false(holds(car.config.intermediate, makers[k].device_maker.public_key));
            assert_false(holds(lk_bytes(&car.vehicle, sizeof car.vehicle),
                               makers[k].device_maker.public_key));
        }
        new_phone(one);
        test_pair(&car, &field, &phone);
        owner_and_friends(i / 2, 0);
        test_phone_forget(&phone);
        new_phone(two);
        assert_int_equal(pair_again(), LK_OK);
        assert_int_equal(
            test_run_tap(&car, &field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->owner_promoted,
            1);
        owner_and_friends(i / 2, 1);
        test_phone_forget(&phone);
        test_vehicle_forget(&car);
        one->uses_intermediate = two->uses_intermediate = 0;
    }
}

/* A phone of the same maker that knows the other automaker alone makes no key. */
static void M93_phone_of_the_other_automaker(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        test_vehicle_init(&car, &pairs[i / 2][i % 2], provider);
        new_phone(&pairs[1 - i / 2][i % 2]);
        assert_int_not_equal(pair_again(), LK_OK);
        assert_int_equal(phone.device.pairing_status, LK_CERT_ROOT);
        assert_int_equal(test_phone_num_endpoints(&phone), 0);
        assert_int_equal(test_key_in(&car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
        test_phone_forget(&phone);
        test_vehicle_forget(&car);
    }
}

/* --- a root that changes --- */

/* The automaker's second root, with its own F for the device maker: makers[1] plays it, for the
 * same car. What changes: the car shows a K under the new root and carries its key; the phone
 * learns the new root; a new version of the phone obeys the old root no more. */
enum update { NEW_CAR, LEARN, DROP, NUM_UPDATES };

static void allow(const struct test_ca_world *const *roots, size_t num, uint8_t out[][LK_HASH_LEN])
{
    static const uint8_t head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

    for (size_t i = 0; i < num; i++) {
        struct lk_bytes spki[2] = {lk_bytes(head, sizeof head),
                                   lk_bytes(roots[i]->automaker.public_key, LK_POINT_LEN)};

        assert_int_equal(lk_sha256(&crypto, spki, 2, out[i]), LK_OK);
    }
    phone.policy.num_allowed = num;
}

static void learn(struct test_ca_world *world)
{
    struct test_ca_cert n, e;

    assert_int_equal(
        lk_device_create_ca(&phone.device, test_ca_bytes(&world->j), n.der, sizeof n.der, &n.len),
        LK_OK);
    assert_int_equal(test_ca_issue_e(world, test_ca_bytes(&n), &e), LK_OK);
    assert_int_equal(
        lk_device_install_ca(&phone.device, test_ca_bytes(&world->f), test_ca_bytes(&e)), LK_OK);
}

/* The same car, certified by the second root. */
static void renew_car(const struct test_ca_world *old, const struct test_ca_world *fresh)
{
    char name[17];

    test_ca_hex(old->vehicle_id, name);
    assert_int_equal(test_ca_issue(&crypto, LK_ROLE_VEHICLE, name, &old->vehicle, &fresh->j,
                                   &fresh->automaker, lk_bytes(NULL, 0), &car.k),
                     LK_OK);
    car.config.k = test_ca_bytes(&car.k);
    memcpy(car.config.root_key, fresh->automaker.public_key, LK_POINT_LEN);
    assert_int_equal(test_vehicle_reboot(&car), LK_OK);
}

static void PK13_root_change_in_every_order(void **state)
{
    static const enum update orders[6][NUM_UPDATES] = {
        {NEW_CAR, LEARN, DROP}, {NEW_CAR, DROP, LEARN}, {LEARN, NEW_CAR, DROP},
        {LEARN, DROP, NEW_CAR}, {DROP, NEW_CAR, LEARN}, {DROP, LEARN, NEW_CAR}};
    struct test_ca_world *old = &pairs[0][0], *fresh = &pairs[1][0];
    const struct test_ca_world *const both[2] = {fresh, old};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        uint8_t allowed[2][LK_HASH_LEN];
        int done[NUM_UPDATES] = {0};

        test_vehicle_init(&car, old, provider);
        new_phone(old);
        phone.policy = (struct lk_root_policy){
            .is_production = 1, .allowed = (const uint8_t(*)[LK_HASH_LEN])allowed};
        allow(both, 2, allowed);
        assert_int_equal(pair_again(), LK_OK);
        for (size_t step = 0; step < NUM_UPDATES; step++) {
            int expect;

            done[orders[i][step]] = 1;
            if (orders[i][step] == NEW_CAR)
                renew_car(old, fresh);
            if (orders[i][step] == LEARN)
                learn(fresh);
            if (orders[i][step] == DROP)
                allow(both, 1, allowed);
            expect = done[NEW_CAR] ? done[LEARN] : !done[DROP];
            assert_int_equal(pair_again() == LK_OK, expect);
            if (!expect)
                assert_int_equal(phone.device.pairing_status, LK_CERT_ROOT);
        }
        test_phone_forget(&phone);
        test_vehicle_forget(&car);
    }
}

/* After its root has changed, a car takes no phone by the F it keeps of the old one (D34). */
static void PK13_kept_F_of_the_old_root(void **state)
{
    (void)state;
    test_vehicle_init(&car, &pairs[0][0], provider);
    new_phone(&pairs[0][0]);
    test_pair(&car, &field, &phone);
    assert_int_not_equal(car.vehicle.cached_f_len, 0);
    renew_car(&pairs[0][0], &pairs[1][0]);
    assert_int_equal(pair_again(), LK_PEER_SW); /* the phone does not know the new root */
    learn(&pairs[1][0]);
    assert_int_equal(pair_again(), LK_OK);
    assert_int_equal(car.vehicle.cached_f_len, pairs[1][0].f.len);
    assert_memory_equal(car.vehicle.cached_f, pairs[1][0].f.der, pairs[1][0].f.len);
    test_phone_forget(&phone);
    test_vehicle_forget(&car);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M92_M94_M99_M100_M101_all_pairs),
        cmocka_unit_test(M93_phone_of_the_other_automaker),
        cmocka_unit_test(PK13_root_change_in_every_order),
        cmocka_unit_test(PK13_kept_F_of_the_old_root),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
