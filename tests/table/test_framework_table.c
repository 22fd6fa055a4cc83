/* Every state of the framework against every class and instruction: the answer is what the rows of
 * commands.def say, read here a second time and by other means than the dispatcher's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chan/chan.h"
#include "support/device_world.h"

enum {
#define LK_FRAMEWORK_STATE(name, text) STATE_##name,
#include "facts/states.def"
#undef LK_FRAMEWORK_STATE
    NUM_STATES
};

#define phone (test_world.phone)

/* Bits of a set that says ANY, or names states. */
#define ANY ((1u << NUM_STATES) - 1)
#define S(name) (1u << STATE_##name)

static uint32_t states_of(uint8_t ins)
{
    switch (ins) {
#define LK_FRAMEWORK_COMMAND(name, cla, code, on, in, min, max, next, handler) \
    case code:                                                                 \
        return in;
#include "facts/commands.def"
#undef LK_FRAMEWORK_COMMAND
    default:
        return 0;
    }
}

static int class_of(uint8_t ins)
{
    switch (ins) {
#define LK_FRAMEWORK_COMMAND(name, cla, code, on, in, min, max, next, handler) \
    case code:                                                                 \
        return cla;
#include "facts/commands.def"
#undef LK_FRAMEWORK_COMMAND
    default:
        return -1;
    }
}

static int min_of(uint8_t ins)
{
    switch (ins) {
#define LK_FRAMEWORK_COMMAND(name, cla, code, on, in, min, max, next, handler) \
    case code:                                                                 \
        return min;
#include "facts/commands.def"
#undef LK_FRAMEWORK_COMMAND
    default:
        return -1;
    }
}

/* An empty command with P1 and P2 00. */
static uint16_t expected(uint8_t state, uint8_t cla, uint8_t ins)
{
    if (cla != 0x00 && cla != 0x80 && cla != 0x84)
        return 0x6e00;
    if (class_of(ins) < 0)
        return 0x6d00;
    if (class_of(ins) != cla)
        return 0x6e00;
    if ((states_of(ins) & (1u << state)) == 0)
        return 0x6985;
    if (min_of(ins) > 0)
        return 0x6700;
    return 0x6b00; /* OP CONTROL FLOW 00 00 says nothing known */
}

static uint16_t ask(uint8_t state, uint8_t cla, uint8_t ins, enum lk_interface interface)
{
    uint8_t command[4] = {cla, ins, 0, 0}, out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    phone.device.state = state;
    phone.device.interface = (uint8_t)interface;
    phone.device.pass = 0xff;
    enum lk_status status = lk_device_command(&phone.device, interface, phone.now_ms,
                                              (struct lk_bytes){command, 4}, out, &len);
    assert_int_equal(len, 2);
    assert_int_not_equal(status, LK_OK);
    /* A failing command forgets the session. */
    assert_int_equal(phone.device.state, STATE_IDLE);
    assert_int_equal(phone.device.chan.is_open, 0);
    return (uint16_t)(out[0] << 8 | out[1]);
}

static void every_state_and_header(void **state)
{
    (void)state;
    for (uint8_t at = 0; at < NUM_STATES; at++) {
        for (int cla = 0; cla < 256; cla++) {
            for (int ins = 0; ins < 256; ins++) {
                /* Classes that mean nothing are tried with every 7th instruction. */
                if (cla != 0 && cla != 0x80 && cla != 0x84 && ins % 7 != cla % 7)
                    continue;
                uint16_t sw = ask(at, (uint8_t)cla, (uint8_t)ins, LK_NFC);
                if (sw != expected(at, (uint8_t)cla, (uint8_t)ins))
                    print_error("state %u, %02X %02X\n", at, (unsigned)cla, (unsigned)ins);
                assert_int_equal(sw, expected(at, (uint8_t)cla, (uint8_t)ins));
            }
        }
    }
    assert_int_equal(phone.scrypt_calls, 0);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

static void nothing_answers_on_the_wire(void **state)
{
    (void)state;
    for (uint8_t at = 0; at < NUM_STATES; at++) {
        for (int ins = 0; ins < 256; ins++) {
            int cla = class_of((uint8_t)ins);
            assert_int_equal(ask(at, (uint8_t)(cla < 0 ? 0x80 : cla), (uint8_t)ins, LK_WIRED),
                             0x6d00);
        }
    }
}

/* Every length of the body: outside the row's bounds 6700, whatever the bytes. */
static void every_length(void **state)
{
    static const struct {
        uint8_t cla, ins, min, max, state;
    } rows[] = {
        {0x80, 0x30, 47, 64, STATE_SELECTED}, {0x80, 0x32, 85, 85, STATE_REQUESTED},
        {0x84, 0xd4, 8, 255, STATE_WRITING},  {0x84, 0xca, 24, 24, STATE_READING},
        {0x84, 0xc0, 8, 8, STATE_READING},    {0x80, 0x3c, 0, 0, STATE_WRITTEN},
    };
    uint8_t command[5 + 255], out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t n = 1; n <= 255; n++) {
            memset(command, 0, sizeof command);
            command[0] = rows[i].cla;
            command[1] = rows[i].ins;
            command[4] = (uint8_t)n;
            phone.device.state = rows[i].state;
            phone.device.interface = LK_NFC;
            (void)lk_device_command(&phone.device, LK_NFC, phone.now_ms,
                                    (struct lk_bytes){command, 5 + n}, out, &len);
            assert_int_equal(len, 2);
            int is_inside = n >= rows[i].min && n <= rows[i].max;
            assert_int_equal(out[0] == 0x67, !is_inside);
        }
    }
}

/* A run belongs to one radio: a command on the other one ends it (PA16). */
static void PA16_other_radio_ends_the_run(void **state)
{
    uint8_t command[5 + 24] = {0x84, 0xd4, 0, 0, 24}, out[LK_APDU_RESPONSE_MAX];
    size_t len = 0, out_len = 0;
    struct test_car *car = &test_world.car;

    (void)state;
    assert_true(test_car_open(car, &phone));
    assert_int_equal(lk_chan_seal_command(&car->chan, car->crypto,
                                          (struct lk_bytes){(const uint8_t[]){0x7f}, 1},
                                          command + 5, &len),
                     LK_OK);
    /* Good under the keys of the run, but on the wrong radio. */
    assert_int_equal(lk_device_command(&phone.device, LK_BLE, phone.now_ms,
                                       (struct lk_bytes){command, sizeof command}, out, &out_len),
                     LK_PEER_SEQUENCE);
    assert_int_equal(phone.device.chan.is_open, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, test_world_fresh, test_world_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_state_and_header),
        T(nothing_answers_on_the_wire),
        T(every_length),
        T(PA16_other_radio_ends_the_run),
    };

    return cmocka_run_group_tests(tests, test_world_begin, test_world_end);
}
