/* vehicle_fixture.c: see vehicle_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/vehicle_fixture.h"

#include "crypto/crypto.h"

void test_vehicle_password(struct test_vehicle *car, const char *password)
{
    struct lk_scrypt_port scrypt;
    uint8_t salt[16] = "yellowsubmarine";

    lk_openssl_scrypt(&scrypt);
    salt[15] = (uint8_t)password[0];
    assert_int_equal(lk_verifier_mint(&car->crypto, &scrypt,
                                      (struct lk_bytes){(const uint8_t *)password, 8}, salt, 4096,
                                      &car->verifier),
                     LK_OK);
    assert_int_equal(lk_vehicle_load_verifier(&car->vehicle, &car->verifier), LK_OK);
}

void test_vehicle_init(struct test_vehicle *car, struct test_ca_world *world,
                       struct lk_openssl *provider)
{
    struct lk_vehicle_config *config = &car->config;

    memset(car, 0, sizeof *car);
    car->world = world;
    car->provider = provider;
    car->now_ms = 5000000;
    car->k = world->uses_intermediate ? world->ki : world->k;
    test_spy_init(&car->spy, lk_openssl_port(provider));
    assert_int_equal(lk_crypto_init(&car->crypto, &car->spy.port), LK_OK);
    test_flash_init(&car->flash);
    assert_int_equal(lk_store_format(&car->flash.port, LK_STORE_VEHICLE), LK_OK);
    assert_int_equal(lk_store_open(&car->store, &car->flash.port, LK_STORE_VEHICLE), LK_OK);
    config->crypto = &car->crypto;
    config->store = &car->store;
    config->vehicle_key = world->vehicle.key;
    memcpy(config->vehicle_public, world->vehicle.public_key, LK_POINT_LEN);
    memcpy(config->vehicle_id, world->vehicle_id, LK_VEHICLE_ID_LEN);
    config->k = test_ca_bytes(&car->k);
    if (world->uses_intermediate)
        config->intermediate = test_ca_bytes(&world->i);
    memcpy(config->root_key, world->automaker.public_key, LK_POINT_LEN);
    memset(config->actuator_key, 0xac, sizeof config->actuator_key);
    config->door = lk_policy_door;
    config->dashboard = lk_policy_dashboard;
    config->enrolment_fast_allowed = 1;
    assert_int_equal(lk_vehicle_init(&car->vehicle, config), LK_OK);
    lk_car_model_init(&car->model, config->actuator_key);
    test_vehicle_password(car, TEST_CAR_PASSWORD);
    assert_int_equal(lk_vehicle_open_pairing(&car->vehicle, car->now_ms), LK_OK);
}

void test_vehicle_forget(struct test_vehicle *car)
{
    lk_vehicle_forget(&car->vehicle);
    lk_car_model_forget(&car->model);
    lk_crypto_forget(&car->crypto);
}

enum lk_status test_vehicle_reboot(struct test_vehicle *car)
{
    enum lk_status status;

    lk_vehicle_forget(&car->vehicle);
    test_flash_power_on(&car->flash);
    status = lk_store_open(&car->store, &car->flash.port, LK_STORE_VEHICLE);
    return status == LK_OK ? lk_vehicle_init(&car->vehicle, &car->config) : status;
}

/* --- the phone behind its NFC router --- */

static void phone_answer(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                         size_t *out_len)
{
    struct test_phone *phone = ctx;
    struct lk_bytes apdu = {command, len};

    if (command[1] == 0xa4) /* the fifteenth byte is the last letter of CCCDKA or CCCDKF */
        phone->to_applet = len > 15 && command[15] == 'A';
    if (phone->to_applet)
        (void)lk_applet_command(&phone->applet, LK_NFC, phone->now_ms, apdu, out, out_len);
    else
        (void)lk_device_command(&phone->device, LK_NFC, phone->now_ms, apdu, out, out_len);
}

static void phone_reset(void *ctx)
{
    struct test_phone *phone = ctx;
    int busy = 1;

    lk_applet_field_lost(&phone->applet);
    lk_device_field_lost(&phone->device, phone->now_ms);
    for (int i = 0; i < 16 && busy; i++)
        (void)lk_device_tick(&phone->device, phone->now_ms, &busy);
}

static void phone_wait(void *ctx)
{
    struct test_phone *phone = ctx;
    int busy = 0;

    phone->now_ms += LK_TIMER_RESELECT_MS;
    (void)lk_device_tick(&phone->device, phone->now_ms, &busy);
}

void test_field_phone(struct test_field *field, struct test_phone *phone)
{
    memset(field, 0, sizeof *field);
    field->ctx = phone;
    field->answer = phone_answer;
    field->reset = phone_reset;
    field->wait = phone_wait;
}

/* One step. 0 when the link is lost. */
static int follow(struct test_field *field, enum lk_step step, const uint8_t *command, size_t len,
                  uint8_t *answer, size_t *answer_len)
{
    unsigned at = field->count % 64;

    *answer_len = 0;
    if (step == LK_STEP_RESET) {
        field->reset(field->ctx);
        return 1;
    }
    if (step == LK_STEP_WAIT) {
        field->wait(field->ctx);
        return 1;
    }
    field->count++;
    field->last_ins = command[1];
    field->answer(field->ctx, command, len, answer, answer_len);
    if (field->change != NULL)
        field->change(field->change_ctx, field->count, answer, answer_len);
    memcpy(field->record[at][0], command, len);
    field->record_len[at][0] = len;
    if (*answer_len <= LK_APDU_COMMAND_MAX)
        memcpy(field->record[at][1], answer, *answer_len);
    field->record_len[at][1] = *answer_len;
    if (field->lose_at != 0 && field->count == field->lose_at) {
        field->reset(field->ctx);
        return 0;
    }
    return 1;
}

enum lk_status test_run_pairing(struct test_vehicle *car, struct test_field *field)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[1024];
    size_t len = 0, got = 0;
    enum lk_step step = LK_STEP_DONE;
    enum lk_status status =
        lk_vehicle_pair_begin(&car->vehicle, &car->pairing, LK_READER_DASHBOARD, LK_NFC,
                              car->now_ms, &step, command, &len);

    field->count = 0;
    if (status != LK_OK)
        return status;
    for (unsigned i = 0; step != LK_STEP_DONE; i++) {
        assert_true(i < 200);
        if (!follow(field, step, command, len, answer, &got)) {
            lk_vehicle_pair_lost(&car->pairing);
            return car->pairing.status;
        }
        car->now_ms += 10;
        status = lk_vehicle_pair_next(&car->pairing, car->now_ms, (struct lk_bytes){answer, got},
                                      &step, command, &len);
        if (status != LK_OK)
            return status;
    }
    field->reset(field->ctx);
    return car->pairing.status;
}

const struct lk_outcome *test_run_tap(struct test_vehicle *car, struct test_field *field,
                                      enum lk_reader reader, enum lk_action action)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[1024];
    size_t len = 0, got = 0;
    enum lk_step step = LK_STEP_DONE;
    enum lk_status status = lk_vehicle_tap_begin(&car->vehicle, &car->tap, reader, LK_NFC, action,
                                                 car->now_ms, &step, command, &len);

    field->count = 0;
    for (unsigned i = 0; status == LK_OK && step != LK_STEP_DONE; i++) {
        assert_true(i < 50);
        for (int j = 0; j < 2 * car->works_ahead; j++)
            lk_vehicle_tap_ahead(&car->tap);
        if (!follow(field, step, command, len, answer, &got)) {
            lk_vehicle_tap_lost(&car->tap, LK_PEER_GONE);
            return &car->tap.outcome;
        }
        car->now_ms += 10;
        status = lk_vehicle_tap_next(&car->tap, car->now_ms, (struct lk_bytes){answer, got}, &step,
                                     command, &len);
    }
    assert_int_equal(status, LK_OK);
    field->reset(field->ctx);
    return &car->tap.outcome;
}

void test_pair(struct test_vehicle *car, struct test_field *field, struct test_phone *phone)
{
    const struct lk_outcome *outcome;
    enum lk_status last = LK_INTERNAL;

    assert_int_equal(
        lk_device_enter_password(&phone->device, TEST_CAR_PASSWORD, phone->now_ms), LK_OK);
    assert_int_equal(test_run_pairing(car, field), LK_OK);
    outcome = test_run_tap(car, field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
    assert_int_equal(outcome->status, LK_OK);
    assert_int_equal(outcome->owner_promoted, 1);
    assert_int_equal(lk_device_refresh(&phone->device, &last), LK_OK);
}

int test_key_in(const struct test_vehicle *car, uint8_t role, uint8_t state)
{
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (car->vehicle.keys[i].role == role && car->vehicle.keys[i].state == state)
            return (int)i;
    }
    return -1;
}

/* --- all of it --- */

void test_stage_init(struct test_stage *stage)
{
    static const uint8_t store_key[32] = {0x77};
    static const uint8_t vehicle_id[8] = {0xca, 1, 2, 3, 4, 5, 6, 7};

    memset(stage, 0, sizeof *stage);
    stage->provider = lk_openssl_new(store_key);
    assert_non_null(stage->provider);
    assert_int_equal(lk_crypto_init(&stage->crypto, lk_openssl_port(stage->provider)), LK_OK);
    assert_int_equal(test_ca_world_init(&stage->crypto, vehicle_id, &stage->world), LK_OK);
    test_vehicle_init(&stage->car, &stage->world, stage->provider);
    test_phone_init(&stage->phone, &stage->world);
    test_field_phone(&stage->field, &stage->phone);
}

void test_stage_forget(struct test_stage *stage)
{
    test_phone_forget(&stage->phone);
    test_vehicle_forget(&stage->car);
    test_ca_world_forget(&stage->world);
    lk_crypto_forget(&stage->crypto);
    lk_openssl_free(&stage->provider);
}
