/* test_vehicle_phone.c: a phone that lies in one place at a time: each lie has its own status, the
 * pairing stores nothing and the tap opens nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/rogue_phone.h"

#define ANY 0xffu

struct scene {
    struct lk_openssl *provider;
    struct lk_crypto crypto;
    struct test_ca_world world, foreign;
    struct test_vehicle car;
    struct test_rogue phone;
    struct test_field field;
};
static struct scene scene;

static int setup(void **state)
{
    static const uint8_t store_key[32] = {0x79};
    static const uint8_t vehicle_id[8] = {0xca, 1, 2, 3, 4, 5, 6, 7};

    (void)state;
    memset(&scene, 0, sizeof scene);
    scene.provider = lk_openssl_new(store_key);
    assert_non_null(scene.provider);
    assert_int_equal(lk_crypto_init(&scene.crypto, lk_openssl_port(scene.provider)), LK_OK);
    assert_int_equal(test_ca_world_init(&scene.crypto, vehicle_id, &scene.world), LK_OK);
    assert_int_equal(test_ca_world_init(&scene.crypto, vehicle_id, &scene.foreign), LK_OK);
    test_vehicle_init(&scene.car, &scene.world, scene.provider);
    test_rogue_init(&scene.phone, &scene.crypto, &scene.world);
    test_field_rogue(&scene.field, &scene.phone);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vehicle_forget(&scene.car);
    test_ca_world_forget(&scene.world);
    test_ca_world_forget(&scene.foreign);
    lk_crypto_forget(&scene.crypto);
    lk_openssl_free(&scene.provider);
    return 0;
}

static void pair_honestly(void)
{
    assert_int_equal(test_run_pairing(&scene.car, &scene.field), LK_OK);
    assert_int_equal(
        test_run_tap(&scene.car, &scene.field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->status,
        LK_OK);
}

static void honest_rogue_pairs_and_drives(void **state)
{
    (void)state;
    pair_honestly();
    assert_int_equal(
        test_run_tap(&scene.car, &scene.field, LK_READER_DASHBOARD, LK_ACTION_START)->verdict,
        LK_GRANT);
    assert_int_equal(
        test_run_tap(&scene.car, &scene.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->verdict,
        LK_GRANT);
}

struct pairing_lie {
    enum test_lie lie;
    enum lk_status status;
    unsigned reason; /* of the abort the phone is told; ANY: none is sent */
};

static const struct pairing_lie pairing_lies[] = {
    {LIE_SELECT_GARBAGE, LK_PEER_TLV, ANY},
    {LIE_SPAKE_VERSION, LK_PEER_VERSION, 0x01},
    {LIE_APPLET_VERSION, LK_PEER_VERSION, 0x02},
    {LIE_NOT_READY, LK_PEER_NOT_READY, ANY},
    {LIE_REQUEST_6985, LK_PEER_SEQUENCE, 0x06},
    {LIE_REQUEST_6A88, LK_PAIRING_REFUSED, 0x06},
    {LIE_REQUEST_9484, LK_PEER_NOT_READY, 0x06},
    {LIE_VERIFY_6985, LK_PEER_SEQUENCE, 0x06},
    {LIE_VERIFY_6A88, LK_PEER_EVIDENCE, 0x09},
    {LIE_VERIFY_9484, LK_PEER_SW, 0x06},
    {LIE_X_OFF_CURVE, LK_PEER_POINT, 0x0c},
    {LIE_X_INFINITY, LK_PEER_POINT, 0x0c},
    {LIE_X_SHORT, LK_PEER_LENGTH, 0x08},
    {LIE_M2_WRONG, LK_PEER_EVIDENCE, 0x09},
    {LIE_M2_REFLECTED, LK_PEER_EVIDENCE, 0x09},
    {LIE_M2_SHORT, LK_PEER_LENGTH, 0x08},
    {LIE_WRITE_BAD_MAC, LK_PEER_MAC, 0x07},
    {LIE_WRITE_NO_MAC, LK_PEER_MAC, 0x07},
    {LIE_WRITE_TALKS, LK_PEER_LENGTH, 0x08},
    {LIE_WRITE_6A84, LK_PEER_SW, 0x06},
    {LIE_READ_BAD_MAC, LK_PEER_MAC, 0x07},
    {LIE_READ_ENDLESS, LK_PEER_CHAINING, 0x08},
    {LIE_READ_EMPTY, LK_PEER_LENGTH, 0x08},
    {LIE_READ_LONG, LK_PEER_TOO_LONG, 0x08},
    {LIE_READ_OVER, LK_PEER_TOO_LONG, 0x08},
    {LIE_READ_TRAILING, LK_PEER_LENGTH, 0x08},
    {LIE_READ_NOT_DER, LK_CERT_DER, 0x0a},
    {LIE_READ_ABSENT, LK_CERT_DEPTH, 0x0a},
    {LIE_CHAIN_SWAPPED, LK_CERT_ROLE, 0x0a},
    {LIE_H_SIGNATURE, LK_CERT_SIGNATURE, 0x0b},
    {LIE_H_SLOT, LK_CERT_MISMATCH, 0x0d},
    {LIE_H_OPTIONS, LK_CERT_MISMATCH, 0x0d},
    {LIE_H_VERSIONS, LK_CERT_MISMATCH, 0x0d},
    {LIE_H_SIZE, LK_CERT_MISMATCH, 0x0d},
    {LIE_H_NAME_SHORT, LK_CERT_NAME, 0x0a},
    {LIE_H_NAME_LOWER, LK_CERT_NAME, 0x0a},
    {LIE_RESELECT_6A82, LK_PEER_SW, 0x06},
};

static void PA3_PA5_PA9_each_pairing_lie_has_its_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairing_lies / sizeof pairing_lies[0]; i++) {
        const struct pairing_lie *row = &pairing_lies[i];

        test_rogue_init(&scene.phone, &scene.crypto, &scene.world);
        scene.phone.lie = row->lie;
        scene.phone.last_p2 = ANY;
        assert_int_equal(lk_vehicle_load_verifier(&scene.car.vehicle, &scene.car.verifier), LK_OK);
        assert_int_equal(lk_vehicle_open_pairing(&scene.car.vehicle, scene.car.now_ms), LK_OK);
        if (test_run_pairing(&scene.car, &scene.field) != row->status ||
            scene.phone.last_p2 != row->reason)
            fail_msg("lie %d: status %04x, reason %02x", row->lie, scene.car.pairing.status,
                     scene.phone.last_p2);
        assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
        assert_null(scene.car.vehicle.active_pairing);
        if (row->lie >= LIE_REQUEST_6985 && row->lie <= LIE_REQUEST_9484)
            assert_int_equal(scene.car.vehicle.attempts, 0); /* it never heard our evidence */
        assert_int_equal(scene.car.pairing.chan.is_open, 0);
    }
}

/* What is refused by its length alone, before it is a certificate. */
static enum lk_status status_at_the_car(const struct test_form *form)
{
    if (form->part == PART_FILE_TAIL)
        return LK_PEER_LENGTH;
    return form->expect == LK_CERT_SIZE ? LK_PEER_TOO_LONG : form->expect;
}

/* Every broken form, as F, as E and as H: no key comes into the car. */
static void PK3_PK4_PK6_PK10_broken_forms_at_the_car(void **state)
{
    static const char places[] = "FEH";
    size_t num = 0;

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        for (size_t i = 0; i < test_num_forms; i++) {
            const struct test_form *form = &test_forms[i];
            enum lk_status status;

            if (!test_form_fits(form, places[at]))
                continue;
            test_rogue_init(&scene.phone, &scene.crypto, &scene.world);
            scene.phone.foreign = &scene.foreign;
            scene.phone.form = form;
            scene.phone.form_place = places[at];
            assert_int_equal(lk_vehicle_load_verifier(&scene.car.vehicle, &scene.car.verifier),
                             LK_OK);
            assert_int_equal(lk_vehicle_open_pairing(&scene.car.vehicle, scene.car.now_ms), LK_OK);
            status = test_run_pairing(&scene.car, &scene.field);
            if (status != status_at_the_car(form))
                fail_msg("%s as %c: %s, expected %s", form->name, places[at],
                         lk_status_name(status), lk_status_name(status_at_the_car(form)));
            assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
            assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_ACTIVE), -1);
            num++;
        }
    }
    print_message("%zu broken phone certificates, no key stored\n", num);
    test_rogue_init(&scene.phone, &scene.crypto, &scene.world);
    assert_int_equal(lk_vehicle_load_verifier(&scene.car.vehicle, &scene.car.verifier), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&scene.car.vehicle, scene.car.now_ms), LK_OK);
    pair_honestly();
}

static void PA9_a_key_the_car_has_already(void **state)
{
    (void)state;
    pair_honestly();
    assert_int_equal(lk_vehicle_load_verifier(&scene.car.vehicle, &scene.car.verifier), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&scene.car.vehicle, scene.car.now_ms), LK_OK);
    test_rogue_init(&scene.phone, &scene.crypto, &scene.world);
    assert_int_equal(test_run_pairing(&scene.car, &scene.field), LK_PEER_VALUE);
    assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
    assert_true(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_ACTIVE) >= 0);
}

/* The car holds F already and looks into E for its name: what is no certificate names nothing. */
static void PA9_a_known_maker_and_an_E_that_is_none(void **state)
{
    (void)state;
    pair_honestly();
    assert_int_equal(lk_vehicle_load_verifier(&scene.car.vehicle, &scene.car.verifier), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&scene.car.vehicle, scene.car.now_ms), LK_OK);
    test_rogue_init(&scene.phone, &scene.crypto, &scene.world);
    scene.phone.lie = LIE_E_NOT_CERT;
    assert_true(scene.car.vehicle.cached_f_len > 0);
    assert_int_equal(test_run_pairing(&scene.car, &scene.field), LK_CERT_DER);
    assert_int_equal(scene.phone.last_p2, 0x0a);
    assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
}

struct tap_lie {
    enum test_lie lie;
    enum lk_reader reader;
    enum lk_action action;
    enum lk_status status, detail;
};

#define DOOR LK_READER_DOOR, LK_ACTION_UNLOCK
#define DASH LK_READER_DASHBOARD, LK_ACTION_START
#define WORK LK_READER_DASHBOARD, LK_ACTION_MAINTAIN

static const struct tap_lie tap_lies[] = {
    {LIE_TAP_VERSION, DOOR, LK_PEER_VERSION, LK_PEER_VERSION},
    {LIE_TAP_LIST_LONG, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_LENGTH},
    {LIE_AUTH0_OFF_CURVE, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_POINT},
    {LIE_AUTH0_REFLECTED, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_REFLECTED},
    {LIE_AUTH0_NO_9D, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_TAG},
    {LIE_AUTH0_9D_SHORT, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_LENGTH},
    {LIE_AUTH0_9D_LONG, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_LENGTH},
    {LIE_AUTH0_9D_TWICE, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_TAG},
    {LIE_AUTH0_9D_UNASKED, DASH, LK_TAP_BROKEN_PEER, LK_PEER_TAG},
    {LIE_AUTH1_MAC, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_MAC},
    {LIE_AUTH1_NO_MAC, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_MAC},
    {LIE_AUTH1_SIGNATURE, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_SIGNATURE},
    {LIE_AUTH1_TRAILING, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_TAG},
    {LIE_AUTH1_SLOT, DOOR, LK_TAP_KEY_UNKNOWN, LK_TAP_KEY_UNKNOWN},
    {LIE_AUTH1_6982, DOOR, LK_TAP_WRONG_CAR, LK_TAP_WRONG_CAR},
    {LIE_AUTH1_6985, DOOR, LK_TAP_BROKEN_PEER, LK_PEER_SW},
    {LIE_EXCHANGE_MAC, WORK, LK_TAP_BROKEN_PEER, LK_PEER_MAC},
    {LIE_EXCHANGE_STATUS, WORK, LK_TAP_BROKEN_PEER, LK_PEER_VALUE},
    {LIE_EXCHANGE_READS, WORK, LK_TAP_BROKEN_PEER, LK_PEER_VALUE},
    {LIE_AUTH1_TOKEN, DASH, LK_TAP_TOKEN, LK_TAP_TOKEN},
};

static void ST1_ST10_FA10_each_tap_lie_has_its_status(void **state)
{
    (void)state;
    pair_honestly();
    for (size_t i = 0; i < sizeof tap_lies / sizeof tap_lies[0]; i++) {
        const struct tap_lie *row = &tap_lies[i];
        const struct lk_outcome *outcome;

        scene.phone.lie = row->lie;
        outcome = test_run_tap(&scene.car, &scene.field, row->reader, row->action);
        if (outcome->status != row->status || outcome->detail != row->detail ||
            outcome->verdict != LK_DENY)
            fail_msg("lie %d: status %04x, detail %04x", row->lie, outcome->status,
                     outcome->detail);
        assert_int_equal(scene.car.tap.chan.is_open, 0);
        assert_true(lk_is_zero(&scene.car.tap.fresh_fast, sizeof scene.car.tap.fresh_fast));
    }
}

/* The slot is what the car issued, and the 65-byte key decides, not the slot (S8). */
static void S8_slots_are_the_cars(void **state)
{
    static const enum test_lie lies[] = {LIE_AUTH1_SLOT, LIE_AUTH1_SIGNATURE};

    (void)state;
    scene.phone.lie = LIE_H_SLOT;
    assert_int_equal(test_run_pairing(&scene.car, &scene.field), LK_CERT_MISMATCH);
    assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
    test_rogue_init(&scene.phone, &scene.crypto, &scene.world);
    pair_honestly();
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        scene.phone.lie = lies[i]; /* another's slot; the right slot with another's key */
        assert_int_equal(
            test_run_tap(&scene.car, &scene.field, LK_READER_DASHBOARD, LK_ACTION_START)->verdict,
            LK_DENY);
    }
}

static void PA15_stolen_verifier_does_not_make_a_phone(void **state)
{
    (void)state; /* it knows w0 and L, the record of the car, but not w1 */
    scene.phone.lie = LIE_W1_UNKNOWN;
    assert_int_equal(test_run_pairing(&scene.car, &scene.field), LK_PEER_EVIDENCE);
    assert_int_equal(scene.car.vehicle.attempts, 1);
    assert_int_equal(test_key_in(&scene.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
}

static void FA11_blind_guessing(void **state)
{
    (void)state;
    pair_honestly();
    for (unsigned i = 0; i < 50; i++) { /* its cryptogram is not one; its AUTH1 is refused too */
        scene.phone.lie = LIE_AUTH1_6982;
        assert_int_equal(
            test_run_tap(&scene.car, &scene.field, LK_READER_DOOR, LK_ACTION_UNLOCK)->status,
            LK_TAP_WRONG_CAR);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(honest_rogue_pairs_and_drives),
        TEST(PA3_PA5_PA9_each_pairing_lie_has_its_status),
        TEST(PK3_PK4_PK6_PK10_broken_forms_at_the_car),
        TEST(PA9_a_key_the_car_has_already),
        TEST(PA9_a_known_maker_and_an_E_that_is_none),
        TEST(ST1_ST10_FA10_each_tap_lie_has_its_status),
        TEST(S8_slots_are_the_cars),
        TEST(PA15_stolen_verifier_does_not_make_a_phone),
        TEST(FA11_blind_guessing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
