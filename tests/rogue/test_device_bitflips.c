/* A man in the middle changes one bit of one message, in either direction, at every step of a
 * pairing. Either a step is refused, or both ends come out with the same key and data (PA6, PA10,
 * EX1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chan/chan.h"
#include "support/device_world.h"

#define phone (test_world.phone)
#define car (test_world.car)

/* Sends a damaged copy of a command to a phone in the right state; the honest run cannot go on. */
static void refuse_damaged(const uint8_t *command, size_t len, size_t bit)
{
    uint8_t damaged[261], out[264];
    size_t out_len = 0;
    uint16_t sw = 0;

    memcpy(damaged, command, len);
    damaged[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    enum lk_status status = test_phone_command(&phone, damaged, len, out, &out_len, &sw);
    /* P1 and P2 of sealed commands are outside the MAC; of WRITE DATA they are not even looked at.
     */
    int is_free = command[0] == 0x84 && command[1] == 0xd4 && (bit / 8 == 2 || bit / 8 == 3);
    if (!is_free)
        assert_int_not_equal(status, LK_OK);
    assert_int_equal(sw == 0x9000, is_free);
    assert_int_equal(out_len == 0, !is_free);
}

/* A sealed WRITE DATA in state WRITING, every bit of it. */
static void PA6_every_bit_of_a_sealed_command(void **state)
{
    static const uint8_t plain[3] = {0x7f, 0x4a, 0x82};
    uint8_t command[5 + 24];
    size_t len = 0;

    (void)state;
    assert_true(test_car_open(&car, &phone));
    struct lk_device opened = phone.device;
    assert_int_equal(
        lk_chan_seal_command(&car.chan, car.crypto, (struct lk_bytes){plain, 3}, command + 5, &len),
        LK_OK);
    command[0] = 0x84;
    command[1] = 0xd4;
    command[2] = 0;
    command[3] = 0;
    command[4] = (uint8_t)len;
    for (size_t bit = 0; bit < 8 * (5 + len); bit++) {
        phone.device = opened;
        refuse_damaged(command, 5 + len, bit);
    }
}

/* REQUEST: every bit. Salt and brand pass the phone's checks, and then the evidence does not fit;
 * all else is refused at once. */
static void PA6_every_bit_of_the_request(void **state)
{
    (void)state;
    assert_true(test_car_select(&car, &phone));
    struct lk_device selected = phone.device;
    size_t num_refused = 0, num_later = 0;

    for (size_t bit = 0; bit < 8 * 16; bit += getenv("LATCHKEY_LONG") != NULL ? 1 : 11) {
        phone.device = selected;
        car.verifier.salt[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        assert_true(test_car_request(&car, &phone));
        assert_false(test_car_verify(&car, &phone));
        assert_int_equal(car.status, LK_PEER_EVIDENCE);
        car.verifier.salt[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        num_later++;
    }
    for (size_t bit = 0; bit < 32; bit++) {
        phone.device = selected;
        car.verifier.n ^= 1u << bit;
        if (!test_car_request(&car, &phone))
            num_refused++;
        car.verifier.n ^= 1u << bit;
    }
    /* 4096 with one more bit is no power of two, with its own bit turned it is 0. */
    assert_int_equal(num_refused, 32);
    assert_true(num_later > 0);
}

/* VERIFY: every bit of Y and of M[1]. */
static void PA6_every_bit_of_the_evidence(void **state)
{
    uint8_t body[85];

    (void)state;
    assert_true(test_car_select(&car, &phone));
    assert_true(test_car_request(&car, &phone));
    struct lk_device requested = phone.device;
    struct lk_pairing_keys keys;
    struct lk_wr wr;
    uint8_t m1[16];

    assert_int_equal(
        lk_spake2_verifier_start(car.crypto, car.verifier.w0, car.verifier.l, &car.spake), LK_OK);
    assert_int_equal(lk_spake2_verifier_respond(car.crypto, &car.spake, car.device_key,
                                                (struct lk_bytes){car.tlvs, car.tlvs_len}, m1,
                                                &keys),
                     LK_OK);
    struct lk_spake2_verify verify = {{car.spake.share, 65}, {m1, 16}};
    lk_wr_init(&wr, body, sizeof body);
    lk_spake2_verify_write(&verify, &wr);
    assert_int_equal(wr.len, 85);
    for (size_t bit = 0; bit <= 8 * 85; bit++) {
        uint8_t command[5 + 85] = {0x80, 0x32, 0, 0, 85}, out[264];
        size_t len = 0;
        uint16_t sw = 0;

        phone.device = requested;
        memcpy(command + 5, body, 85);
        if (bit < 8 * 85)
            command[5 + bit / 8] ^= (uint8_t)(1 << (bit % 8));
        (void)test_phone_command(&phone, command, sizeof command, out, &len, &sw);
        /* The last round is the undamaged one. */
        assert_int_equal(sw == 0x9000, bit == 8 * 85);
        assert_int_equal(phone.device.chan.is_open, bit == 8 * 85);
    }
}

/* The data of the first transaction, one bit turned before it is sealed: a car that is honest about
 * the channel and not about the content. What is accepted must still be what the certificates say.
 */
static void PA6_every_bit_of_the_data(void **state)
{
    uint8_t data[LK_REASSEMBLY_MAX];
    size_t len = test_car_data(&car, data, sizeof data), num_accepted = 0;
    size_t step = getenv("LATCHKEY_LONG") != NULL ? 1 : 13;

    (void)state;
    assert_true(test_car_open(&car, &phone));
    struct lk_device opened = phone.device;
    struct lk_chan chan = car.chan;
    struct lk_pairing_data before, after;
    uint8_t copy[LK_REASSEMBLY_MAX];

    memcpy(copy, data, len);
    assert_int_equal(lk_pairing_data_parse((struct lk_bytes){copy, len}, &before), LK_OK);
    for (size_t bit = 0; bit < 8 * len; bit += step) {
        phone.device = opened;
        car.chan = chan;
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        if (test_car_write(&car, &phone, data, len) && phone.device.state == 4) {
            assert_int_equal(lk_pairing_data_parse((struct lk_bytes){data, len}, &after), LK_OK);
            assert_memory_equal(after.creation.vehicle_id.at, before.creation.vehicle_id.at, 8);
            assert_memory_equal(after.creation.authorized_key.at, before.creation.authorized_key.at,
                                65);
            assert_int_equal(after.k.len, before.k.len);
            assert_memory_equal(after.k.at, before.k.at, before.k.len);
            num_accepted++;
        }
        data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    /* Options, slot, sizes and windows may be the car's own choice; certificates never. */
    assert_true(num_accepted < len / 4);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

/* A recorded command sent again, or one left out, ends the channel (EX1, PA12). */
static void EX1_replay_ends_the_channel(void **state)
{
    uint8_t command[5 + 24], out[264];
    size_t len = 0, out_len = 0;
    uint16_t sw = 0;

    (void)state;
    assert_true(test_car_open(&car, &phone));
    assert_int_equal(lk_chan_seal_command(&car.chan, car.crypto,
                                          (struct lk_bytes){(const uint8_t[]){0x7f}, 1},
                                          command + 5, &len),
                     LK_OK);
    memcpy(command, (const uint8_t[]){0x84, 0xd4, 0, 0, 24}, 5);
    assert_int_equal(test_phone_command(&phone, command, 5 + len, out, &out_len, &sw), LK_OK);
    assert_int_equal(test_phone_command(&phone, command, 5 + len, out, &out_len, &sw), LK_PEER_MAC);
    assert_int_equal(sw, 0x6988);
    assert_int_equal(test_phone_command(&phone, command, 5 + len, out, &out_len, &sw),
                     LK_PEER_SEQUENCE);
}

/* Everything a first pairing said, said again to the same phone later (PA12). */
static void PA12_replay_of_a_recorded_pairing(void **state)
{
    struct test_car old;

    (void)state;
    assert_true(test_car_open(&car, &phone));
    old = car;
    assert_true(test_car_open(&car, &phone));
    old.lie = LIE_NONE;
    assert_false(test_car_write_all(&old, &phone));
    assert_int_equal(old.sw, 0x6988);
}

#define T(test) cmocka_unit_test_setup_teardown(test, test_world_fresh, test_world_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(PA6_every_bit_of_a_sealed_command), T(PA6_every_bit_of_the_request),
        T(PA6_every_bit_of_the_evidence),     T(PA6_every_bit_of_the_data),
        T(EX1_replay_ends_the_channel),       T(PA12_replay_of_a_recorded_pairing),
    };

    return cmocka_run_group_tests(tests, test_world_begin, test_world_end);
}
