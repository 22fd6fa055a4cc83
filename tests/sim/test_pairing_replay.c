/* test_pairing_replay.c: recorded owner pairings played again, whole and in pieces, to the car, to
 * the phone, and into a pairing of the two that is under way (attack row PA12). Each run has its
 * seed; LATCHKEY_LONG makes 30,000 of each. */
#include "support/crypto_fixture.h"

#include "support/messages.h"
#include "support/vehicle_fixture.h"

static struct test_stage stage;
static struct test_field recorded[2];        /* two honest pairings of this car and this phone */
static uint8_t old_keys[2][LK_POINT_LEN];    /* the keys that came of them */
static uint64_t noise;

static unsigned draw(unsigned below)
{
    return (unsigned)(test_noise(&noise) % below);
}

/* Car and phone ready for a first pairing with each other. */
static void ready(void)
{
    struct test_phone *phone = &stage.phone;

    lk_device_cancel_pairing(&phone->device);
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (lk_device_pass_at(&phone->device, i) != NULL)
            assert_int_equal(lk_device_remove(&phone->device, i), LK_OK);
    }
    assert_int_equal(test_phone_num_endpoints(phone), 0);
    assert_int_equal(lk_device_enter_password(&phone->device, TEST_CAR_PASSWORD, phone->now_ms),
                     LK_OK);
    assert_int_equal(test_vehicle_reboot(&stage.car), LK_OK);
    assert_int_equal(lk_vehicle_load_verifier(&stage.car.vehicle, &stage.car.verifier), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&stage.car.vehicle, stage.car.now_ms), LK_OK);
}

static int setup(void **state)
{
    (void)state;
    test_stage_init(&stage);
    for (unsigned i = 0; i < 2; i++) {
        ready();
        assert_int_equal(test_run_pairing(&stage.car, &stage.field), LK_OK);
        assert_in_range(stage.field.count, 10, 64);
        recorded[i] = stage.field;
        memcpy(old_keys[i], test_phone_pass(&stage.phone)->public_key, LK_POINT_LEN);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_stage_forget(&stage);
    return 0;
}

/* A recorded message (0: command, 1: answer) for place `at`: of the pairing `from`, or of either
 * one if it is 2, or of any place of either if it is 3. */
static size_t pick(unsigned from, unsigned at, unsigned side, uint8_t *out)
{
    const struct test_field *field = &recorded[from < 2 ? from : draw(2)];
    unsigned place = from == 3 && draw(4) == 0 ? draw(field->count) : at % field->count;

    memcpy(out, field->record[place][side], field->record_len[place][side]);
    return field->record_len[place][side];
}

/* The key the car waits for, if any, is none of the recorded pairings'. */
static void no_old_key(void)
{
    int index = test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_PENDING);

    for (unsigned i = 0; index >= 0 && i < 2; i++)
        assert_memory_not_equal(stage.car.vehicle.keys[index].public_key, old_keys[i],
                                LK_POINT_LEN);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

/* --- to the car --- */

static void replay_answer(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                          size_t *out_len)
{
    unsigned *run = ctx;

    (void)command;
    (void)len;
    *out_len = pick(run[0], run[1]++, 1, out);
}

static void PA12_recorded_answers_never_pair_with_the_car(void **state)
{
    static struct test_field field;

    (void)state;
    for (unsigned seed = 0; seed < long_or_short(300); seed++) {
        unsigned run[2] = {seed < 2 ? seed : 2 + seed % 2, 0};

        noise = 1 + seed;
        ready();
        memset(&field, 0, sizeof field);
        field.ctx = run;
        field.answer = replay_answer;
        field.reset = field.wait = nothing;
        assert_int_not_equal(test_run_pairing(&stage.car, &field), LK_OK);
        if (run[0] < 2)
            assert_int_equal(stage.car.pairing.status, LK_PEER_EVIDENCE);
        assert_int_equal(test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_PENDING), -1);
        assert_int_equal(test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_ACTIVE), -1);
    }
}

/* --- to the phone --- */

static void PA12_recorded_commands_make_no_key_in_the_phone(void **state)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[1024];
    size_t got = 0;

    (void)state;
    for (unsigned seed = 0; seed < long_or_short(300); seed++) {
        unsigned from = seed < 2 ? seed : 2 + seed % 2;

        noise = 1000 + seed;
        ready();
        for (unsigned i = 0; i < recorded[0].count; i++) {
            size_t len = pick(from, i, 0, command);

            if (command[1] == 0xa4 && i > 0)
                stage.field.reset(stage.field.ctx); /* as it went in the record */
            stage.field.answer(stage.field.ctx, command, len, answer, &got);
            if (command[1] == 0x32) /* VERIFY: an old M[1] never fits a new X */
                assert_true(got == 2 && answer[0] != 0x90);
        }
        stage.field.reset(stage.field.ctx);
        assert_int_equal(test_phone_num_endpoints(&stage.phone), 0);
        assert_int_equal(test_phone_num_passes(&stage.phone), 0);
    }
}

/* --- into a live pairing --- */

struct between {
    unsigned at[2]; /* places where a command is exchanged for a recorded one, and an answer */
    unsigned count, changed; /* changed: of the messages that are protected */
};

/* SELECT and OP CONTROL FLOW carry no proof; they move no key either (S1). */
static int is_hint(const uint8_t *command)
{
    return command[1] == 0xa4 || command[1] == 0x3c;
}

static void splice(void *ctx, const uint8_t *command, size_t len, uint8_t *out, size_t *out_len)
{
    struct between *between = ctx;
    uint8_t old[LK_APDU_COMMAND_MAX], said[LK_APDU_COMMAND_MAX];
    size_t old_len = pick(3, between->count, 0, old);
    int is_here = between->count == between->at[0];

    between->changed += is_here && !is_hint(command) &&
                        (old_len != len || memcmp(old, command, len) != 0);
    stage.field.answer(stage.field.ctx, is_here ? old : command, is_here ? old_len : len, out,
                       out_len);
    old_len = pick(3, between->count, 1, said);
    if (between->count++ == between->at[1]) {
        between->changed += !is_hint(command) &&
                            (old_len != *out_len || memcmp(said, out, old_len) != 0);
        memcpy(out, said, old_len);
        *out_len = old_len;
    }
}

static void pass_reset(void *ctx)
{
    (void)ctx;
    stage.field.reset(stage.field.ctx);
}

static void pass_wait(void *ctx)
{
    (void)ctx;
    stage.field.wait(stage.field.ctx);
}

static void PA12_recorded_parts_in_a_live_pairing(void **state)
{
    static struct test_field field;
    unsigned num_refused = 0, num_paired = 0;

    (void)state;
    for (unsigned seed = 0; seed < long_or_short(300); seed++) {
        struct between between = {.count = 0};

        noise = 2000 + seed;
        ready();
        between.at[0] = draw(2 * recorded[0].count); /* beyond the end: none */
        between.at[1] = draw(recorded[0].count);
        memset(&field, 0, sizeof field);
        field.ctx = &between;
        field.answer = splice;
        field.reset = pass_reset;
        field.wait = pass_wait;
        enum lk_status status = test_run_pairing(&stage.car, &field);
        no_old_key();
        if (status == LK_OK) { /* nothing that counts was another than the live one */
            const struct lk_vehicle_key *key =
                &stage.car.vehicle.keys[test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_PENDING)];

            assert_non_null(test_phone_pass(&stage.phone));
            assert_memory_equal(key->public_key, test_phone_pass(&stage.phone)->public_key,
                                LK_POINT_LEN);
            assert_int_equal(between.changed, 0);
            num_paired++;
        } else {
            num_refused++;
        }
    }
    print_message("%u refused, %u paired: no protected message was changed in them\n",
                  num_refused, num_paired);
    assert_true(num_refused > num_paired && num_paired > 0);
    ready(); /* and an honest one goes on as ever */
    test_pair(&stage.car, &stage.field, &stage.phone);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(PA12_recorded_answers_never_pair_with_the_car),
        TEST(PA12_recorded_commands_make_no_key_in_the_phone),
        TEST(PA12_recorded_parts_in_a_live_pairing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
