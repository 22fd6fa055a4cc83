/* test_friend_day.c: a car, its owner's phone and a friend's phone of another device maker, all of
 * them real: pair, share, first tap, fast, restricted start, expiry. M5, M32, M36, M84. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/friend_phone.h"

static struct test_stage stage;
static struct test_vehicle *const car = &stage.car;
static struct test_ca_world other; /* the same automaker, another device maker */
static struct test_phone friend;
static struct test_field friend_field;
static struct lk_share_plan plan;
static struct lk_date now;
static struct lk_share_secret secret;
static struct lk_share_out invitation, signing, import, last;

static int setup(void **state)
{
    const struct lk_bytes none = {NULL, 0};

    (void)state;
    test_stage_init(&stage);
    other = stage.world;
    assert_int_equal(test_ca_key_make(&stage.crypto, &other.device_maker), LK_OK);
    assert_int_equal(test_ca_issue(&stage.crypto, LK_ROLE_EXTERNAL_CA, "Other Device Maker",
                                   &other.device_maker, &other.j, &other.automaker, none,
                                   &other.f),
                     LK_OK);
    test_phone_init(&friend, &other);
    test_field_phone(&friend_field, &friend);
    test_pair(car, &stage.field, &stage.phone);
    assert_int_equal(test_set_time(car, "20270110120000Z", 1), LK_OK);
    memset(&plan, 0, sizeof plan);
    plan.profile = 1;
    memcpy(plan.not_before, "20270110000000Z", LK_DATE_LEN);
    memcpy(plan.not_after, "20270112000000Z", LK_DATE_LEN);
    memcpy(plan.redeem_by, "20270111000000Z", LK_DATE_LEN);
    plan.name = "Ann's car";
    now.is_known = 1;
    memcpy(now.text, "20270110120000Z", LK_DATE_LEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_phone_forget(&friend);
    lk_key_free(&stage.crypto, &other.device_maker.key);
    test_stage_forget(&stage);
    return 0;
}

static struct lk_bytes of(const struct lk_share_out *out)
{
    return lk_bytes(out->blob, out->len);
}

/* From phone to phone; the car hears nothing of it (M32). */
static enum lk_status share(void)
{
    struct lk_device *to = &friend.device, *from = &stage.phone.device;
    size_t index = 0;

    LK_TRY(lk_device_authenticate_user(from));
    LK_TRY(lk_device_share(from, 0, &plan, &now, stage.phone.now_ms, &index, &secret,
                           &invitation));
    LK_TRY(lk_device_share_accept(to, &secret, of(&invitation), &now, friend.now_ms, &index,
                                  &signing));
    LK_TRY(lk_device_share_take(from, of(&signing), &now, stage.phone.now_ms, &index, &import));
    return lk_device_share_take(to, of(&import), &now, friend.now_ms, &index, &last);
}

static const struct lk_outcome *tap(enum lk_reader reader, enum lk_action action)
{
    return test_run_tap(car, &friend_field, reader, action);
}

static const struct lk_outcome *owner_tap(enum lk_action action)
{
    return test_run_tap(car, &stage.field, LK_READER_DASHBOARD, action);
}

static void obeyed(const struct lk_outcome *outcome)
{
    assert_int_equal(outcome->status, LK_OK);
    assert_int_equal(lk_car_model_obey(&car->model, &car->crypto, &outcome->grant), LK_OK);
}

static void M5_M32_M84_a_day_with_a_shared_key(void **state)
{
    static const uint8_t first[] = {0xa4, 0x80, 0x81, 0xc9, 0xc9, 0xc9, 0x3c};

    (void)state;
    assert_int_equal(share(), LK_OK);
    assert_int_equal(test_key_in(car, LK_KEY_FRIEND, LK_KEY_ACTIVE), -1);
    obeyed(tap(LK_READER_DOOR, LK_ACTION_UNLOCK));
    assert_int_equal(car->tap.outcome.friend_stored, 1);
    assert_int_equal(friend_field.count, sizeof first);
    for (size_t i = 0; i < sizeof first; i++)
        assert_int_equal(friend_field.record[i][0][1], first[i]);
    assert_int_equal(car->model.is_locked, 0);
    obeyed(tap(LK_READER_DOOR, LK_ACTION_LOCK));
    assert_int_equal(car->tap.outcome.was_fast, 1);
    obeyed(tap(LK_READER_DASHBOARD, LK_ACTION_START)); /* with the token that came with the key */
    assert_int_equal(car->model.is_ready, 1);
    assert_int_equal(car->model.speed_limit_kmh, 0); /* M35 */
    lk_car_model_park(&car->model);
    obeyed(tap(LK_READER_DOOR, LK_ACTION_TRUNK));
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->status, LK_TAP_NOT_ALLOWED);
    obeyed(owner_tap(LK_ACTION_START)); /* the owner's key is as it was */
    lk_car_model_park(&car->model);
    assert_int_equal(owner_tap(LK_ACTION_MAINTAIN)->status, LK_OK); /* slots come back */
    obeyed(tap(LK_READER_DASHBOARD, LK_ACTION_START));
    lk_car_model_park(&car->model);
    car->now_ms += 37ull * 3600 * 1000; /* it is over */
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK)->status, LK_TAP_EXPIRED);
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK)->status, LK_TAP_EXPIRED);
    obeyed(owner_tap(LK_ACTION_UNLOCK));
}

static void M36_a_restricted_key_starts_within_its_limits(void **state)
{
    (void)state;
    plan.profile = 0x80000001;
    plan.limits.starts = 1;
    assert_int_equal(share(), LK_OK);
    obeyed(tap(LK_READER_DASHBOARD, LK_ACTION_START)); /* the very first tap */
    assert_int_equal(car->tap.outcome.friend_stored, 1);
    assert_int_equal(car->model.speed_limit_kmh, 105);
    assert_int_equal(car->model.power_limit_percent, 70);
    lk_car_model_park(&car->model);
    assert_int_equal(tap(LK_READER_DASHBOARD, LK_ACTION_START)->status, LK_TAP_STARTS);
    obeyed(owner_tap(LK_ACTION_START)); /* M36: the limiter follows the key in use */
    assert_int_equal(car->model.speed_limit_kmh, 0);
}

static void SH11_the_shared_password_is_typed_at_the_car(void **state)
{
    (void)state;
    plan.activation = LK_ACTIVATE_PASSWORD;
    plan.password = "sesame";
    assert_int_equal(share(), LK_OK);
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK)->status, LK_SHARE_ACTIVATION);
    car->now_ms += LK_PACKAGE_PAUSE_MS;
    assert_int_equal(lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD,
                                         lk_bytes("sesame", 6), car->now_ms),
                     LK_OK);
    obeyed(tap(LK_READER_DOOR, LK_ACTION_UNLOCK));
}

static void M40_an_ended_friend_stays_out(void **state)
{
    (void)state;
    assert_int_equal(share(), LK_OK);
    obeyed(tap(LK_READER_DOOR, LK_ACTION_UNLOCK));
    assert_int_equal(lk_vehicle_end_key(&car->vehicle, car->tap.outcome.key_id), LK_OK);
    assert_int_equal(tap(LK_READER_DOOR, LK_ACTION_UNLOCK)->status, LK_TAP_KEY_ENDED);
    obeyed(owner_tap(LK_ACTION_UNLOCK));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(M5_M32_M84_a_day_with_a_shared_key),
        T(M36_a_restricted_key_starts_within_its_limits),
        T(SH11_the_shared_password_is_typed_at_the_car),
        T(M40_an_ended_friend_stays_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
