/* The phone's framework as a machine: the input is a script of steps, good ones of an honest car
 * mixed with raw and damaged APDUs, resets, ticks and time. After each step the phone must be
 * consistent.
 *
 * Step: one byte. 0 SELECT, 1 open (SELECT to VERIFY), 2 write the data, 3 make the key, 4 read
 * all, 5 attest, 6 tap, 7 reset, 8 tick, 9 time (one byte: minutes), A password, B control (two
 * bytes), C sealed garbage (INS, length, bytes), D raw APDU (length, bytes), E refresh, F restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/device_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each input costs a whole phone, some milliseconds. */
extern const long fuzz_rounds;
const long fuzz_rounds = 1500;

#define phone (test_world.phone)
#define car (test_world.car)

struct script {
    const uint8_t *at;
    size_t left;
};

static uint8_t next(struct script *script)
{
    if (script->left == 0)
        return 0;
    script->left--;
    return *script->at++;
}

static size_t run_of(struct script *script, uint8_t out[255])
{
    size_t len = next(script);

    if (len > script->left)
        len = script->left;
    memcpy(out, script->at, len);
    script->at += len;
    script->left -= len;
    return len;
}

static void need(int condition)
{
    if (!condition)
        abort();
}

/* Whatever came: no key without a pass, none active that no AUTH1 confirmed, no channel when idle.
 */
static void check(void)
{
    const struct lk_device *device = &phone.device;

    need(device->state < 9);
    need(device->state != 0 || !device->chan.is_open);
    need(device->data_len <= sizeof device->data && device->answer_at <= device->answer_len);
    need(device->pass == 0xff || device->pass < LK_DEVICE_NUM_PASSES);
    need(!device->making || device->state == 5);
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        const struct lk_endpoint *endpoint = &phone.applet.endpoints[i];
        int has_pass = 0;

        if (endpoint->state == LK_ENDPOINT_NONE)
            continue;
        for (size_t k = 0; k < LK_DEVICE_NUM_PASSES; k++)
            has_pass |= device->passes[k].state != LK_PASS_FREE &&
                        memcmp(device->passes[k].endpoint_id, endpoint->id, 8) == 0;
        need(has_pass);
    }
}

static void raw(struct script *script)
{
    uint8_t bytes[255], out[LK_APDU_RESPONSE_MAX];
    size_t len = run_of(script, bytes), out_len = 0;

    (void)lk_device_command(&phone.device, LK_NFC, phone.now_ms, (struct lk_bytes){bytes, len}, out,
                            &out_len);
    need(out_len >= 2 && out_len <= sizeof out);
}

static void sealed(struct script *script)
{
    uint8_t ins = next(script), bytes[255], out[264];
    size_t len = run_of(script, bytes), out_len = 0;

    if (car.chan.is_open && len <= 239 && car.chan.counter < 0xff && phone.device.chan.is_open)
        (void)test_car_sealed(&car, &phone, ins, 0, bytes, len, out, &out_len);
}

static int both_open(void)
{
    return car.chan.is_open && phone.device.chan.is_open &&
           car.chan.counter == phone.device.chan.counter && car.chan.counter < 200;
}

static void step(struct script *script)
{
    enum lk_status last;
    uint8_t p1;

    switch (next(script) & 15) {
    case 0:
        (void)test_car_select(&car, &phone);
        break;
    case 1:
        (void)test_car_open(&car, &phone);
        break;
    case 2:
        if (both_open() && phone.device.data_len == 0)
            (void)test_car_write_all(&car, &phone);
        break;
    case 3:
        (void)test_car_make(&car, &phone);
        break;
    case 4:
        if (both_open() && phone.device.state == 6 &&
            phone.device.answer_at == phone.device.answer_len)
            (void)test_car_read_all(&car, &phone);
        break;
    case 5:
        if (both_open() && car.h.len != 0)
            (void)test_car_attest(&car, &phone);
        break;
    case 6:
        (void)test_car_tap(&car, &phone);
        break;
    case 7:
        test_car_reset(&phone);
        break;
    case 8:
        (void)test_phone_tick(&phone);
        break;
    case 9:
        phone.now_ms += 60000u * (next(script) & 7);
        break;
    case 10:
        (void)lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms);
        break;
    case 11:
        p1 = next(script);
        (void)test_car_control(&car, &phone, p1, next(script));
        break;
    case 12:
        sealed(script);
        break;
    case 13:
        raw(script);
        break;
    case 14:
        (void)lk_device_refresh(&phone.device, &last);
        break;
    default:
        test_phone_restart(&phone);
        break;
    }
}

/* scrypt without its cost: the password is not what is fuzzed. */
static enum lk_status quick(void *ctx, struct lk_bytes password, const uint8_t salt[16], uint32_t n,
                            uint32_t r, uint32_t p, uint8_t out[80])
{
    (void)ctx;
    need(n <= 131072 && r == 8 && p == 1);
    for (size_t i = 0; i < 80; i++)
        out[i] = (uint8_t)(password.at[i % 8] + salt[i % 16] + i);
    return LK_OK;
}

/* One authority for all inputs, a new phone for each. */
static void begin(void)
{
    static const struct lk_scrypt_port port = {NULL, quick};
    static struct test_car honest;
    void *none = NULL;

    if (honest.crypto == NULL) {
        test_world_begin(&none);
        test_car_init(&honest, &test_world.crypto, &test_world.world, TEST_PASSWORD);
        need(lk_verifier_mint(&test_world.crypto, &port,
                              (struct lk_bytes){(const uint8_t *)TEST_PASSWORD, 8},
                              honest.verifier.salt, 4096, &honest.verifier) == LK_OK);
    }
    car = honest;
    test_phone_init(&phone, &test_world.world);
    phone.real_scrypt = port;
    need(lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms) == LK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = {data, size};
    void *none = NULL;

    begin();
    for (int i = 0; script.left != 0 && i < 64; i++) {
        step(&script);
        check();
    }
    test_world_done(&none);
    return 0;
}
