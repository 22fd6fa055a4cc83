/* test_short_answers.c: the other side breaks off inside a message (attack row PR6). What came is
 * given in a heap block of exactly its length, so that memcheck and the address sanitizer see a
 * look beyond it; outputs are filled with A5 first, so that old bytes would show. short_answers.sh
 * runs this program under memcheck. */
#include "support/crypto_fixture.h"

#include <stdlib.h>

#include "apdu/apdu.h"
#include "support/messages.h"
#include "support/vehicle_fixture.h"

#define OLD 0xa5

static struct test_stage stage;
static unsigned stride = 1; /* every how many bytes a message is cut */

static int setup(void **state)
{
    (void)state;
    test_stage_init(&stage);
    test_pair(&stage.car, &stage.field, &stage.phone);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_stage_forget(&stage);
    return 0;
}

static struct lk_bytes block(const uint8_t *at, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, at, len);
    return lk_bytes(copy, len);
}

static void release(struct lk_bytes run)
{
    free((void *)(uintptr_t)run.at);
}

/* After the `len` bytes that count nothing was written but a wipe, and none of those is old. */
static void assert_clean(const uint8_t *out, size_t len, size_t cap)
{
    unsigned run = 0;

    for (size_t i = len; i < cap; i++)
        assert_true(out[i] == OLD || out[i] == 0);
    for (size_t i = 0; i < len; i++) {
        run = out[i] == OLD ? run + 1 : 0;
        assert_true(run < 4);
    }
}

/* A tap whose answer number `at` is only its first `cut` bytes. Gives that answer's length. */
static size_t cut_tap(enum lk_reader reader, enum lk_action action, unsigned at, size_t cut)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_APDU_RESPONSE_MAX];
    struct test_vehicle *car = &stage.car;
    size_t len = 0, got = 0, whole = 0;
    enum lk_step step = LK_STEP_DONE;

    memset(command, OLD, sizeof command);
    assert_int_equal(lk_vehicle_tap_begin(&car->vehicle, &car->tap, reader, LK_NFC, action,
                                          car->now_ms, &step, command, &len),
                     LK_OK);
    for (unsigned i = 0; step == LK_STEP_SEND; i++) {
        assert_clean(command, len, sizeof command);
        stage.field.answer(stage.field.ctx, command, len, answer, &got);
        if (i == at)
            whole = got;
        struct lk_bytes run = block(answer, i == at && cut < got ? cut : got);
        memset(command, OLD, sizeof command);
        len = 0;
        assert_int_equal(lk_vehicle_tap_next(&car->tap, car->now_ms, run, &step, command, &len),
                         LK_OK);
        release(run);
    }
    assert_clean(command, 0, sizeof command);
    stage.field.reset(stage.field.ctx);
    return whole;
}

static void cut_taps(enum lk_reader reader, enum lk_action action, unsigned num_answers)
{
    static const struct lk_grant none;
    const struct lk_outcome *outcome = &stage.car.tap.outcome;

    for (unsigned at = 0; at < num_answers; at++) {
        size_t whole = cut_tap(reader, action, at, SIZE_MAX);

        assert_int_equal(outcome->verdict, LK_GRANT);
        for (size_t cut = 0; cut < whole; cut += stride) {
            (void)cut_tap(reader, action, at, cut);
            assert_int_equal(outcome->verdict, LK_DENY);
            assert_int_equal(memcmp(&outcome->grant, &none, sizeof none), 0);
        }
    }
}

static void PR6_short_answers_to_the_car(void **state)
{
    (void)state;
    cut_taps(LK_READER_DOOR, LK_ACTION_UNLOCK, 2);
    cut_taps(LK_READER_DASHBOARD, LK_ACTION_START, 3);
    cut_taps(LK_READER_DASHBOARD, LK_ACTION_MAINTAIN, 5);
}

/* The pairing of a second phone, its answer number `at` cut. */
static size_t cut_pairing(unsigned at, size_t cut)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_APDU_RESPONSE_MAX];
    struct test_vehicle *car = &stage.car;
    size_t len = 0, got = 0, whole = 0;
    enum lk_step step = LK_STEP_DONE;

    lk_device_cancel_pairing(&stage.phone.device);
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++)
        if (lk_device_pass_at(&stage.phone.device, i) != NULL)
            (void)lk_device_remove(&stage.phone.device, i);
    assert_int_equal(lk_device_enter_password(&stage.phone.device, TEST_CAR_PASSWORD,
                                              stage.phone.now_ms),
                     LK_OK);
    assert_int_equal(lk_vehicle_load_verifier(&car->vehicle, &car->verifier), LK_OK);
    assert_int_equal(lk_vehicle_open_pairing(&car->vehicle, car->now_ms), LK_OK);
    memset(command, OLD, sizeof command);
    assert_int_equal(lk_vehicle_pair_begin(&car->vehicle, &car->pairing, LK_READER_DASHBOARD,
                                           LK_NFC, car->now_ms, &step, command, &len),
                     LK_OK);
    for (unsigned i = 0; step != LK_STEP_DONE;) {
        got = 0;
        if (step == LK_STEP_SEND) {
            assert_clean(command, len, sizeof command);
            stage.field.answer(stage.field.ctx, command, len, answer, &got);
            whole = i == at ? got : whole;
            got = i == at && cut < got ? cut : got;
            i++;
        } else {
            (step == LK_STEP_RESET ? stage.field.reset : stage.field.wait)(stage.field.ctx);
        }
        struct lk_bytes run = block(answer, got);
        memset(command, OLD, sizeof command);
        len = 0;
        assert_int_equal(lk_vehicle_pair_next(&car->pairing, car->now_ms, run, &step, command,
                                              &len),
                         LK_OK);
        release(run);
    }
    stage.field.reset(stage.field.ctx);
    return whole;
}

static void PR6_short_answers_in_a_pairing(void **state)
{
    (void)state;
    for (unsigned at = 0;; at++) {
        size_t whole = cut_pairing(at, SIZE_MAX);

        assert_int_equal(stage.car.pairing.status, LK_OK);
        if (whole == 0)
            break; /* there is no such answer */
        for (size_t cut = 0; cut < whole; cut += 1 + 12 * stride) {
            (void)cut_pairing(at, cut);
            if (cut > 2 && stage.car.pairing.status == LK_OK)
                fail_msg("answer %u of %zu bytes: %zu were enough", at, whole, cut);
        }
        assert_in_range(at, 0, 63);
    }
}

/* Every command of a tap, cut at each byte, to the phone. */
static void PR6_short_commands_to_the_phone(void **state)
{
    static struct test_field tap;
    uint8_t out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    (void)state;
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN)->verdict,
        LK_GRANT);
    tap = stage.field;
    for (unsigned i = 0; i < tap.count; i++) {
        for (size_t cut = 0; cut < tap.record_len[i][0]; cut += stride) {
            struct lk_bytes run = block(tap.record[i][0], cut);

            memset(out, OLD, sizeof out);
            len = 0;
            (void)lk_applet_command(&stage.phone.applet, LK_NFC, stage.phone.now_ms, run, out,
                                    &len);
            assert_in_range(len, 2, sizeof out);
            assert_clean(out, len, sizeof out);
            memset(out, OLD, sizeof out);
            (void)lk_device_command(&stage.phone.device, LK_NFC, stage.phone.now_ms, run, out,
                                    &len);
            assert_in_range(len, 2, sizeof out);
            assert_clean(out, len, sizeof out);
            release(run);
        }
    }
}

/* reencode stops the program if a parser that fails has changed its output. */
static void PR6_parsers_that_fail_touch_nothing(void **state)
{
    uint8_t bytes[2048], out[2048];
    unsigned num_refused = 0;

    (void)state;
    for (size_t i = 0; i < test_num_samples; i++) {
        const struct test_message *message = test_message_find(test_samples[i].message);
        size_t len = test_sample_bytes(test_samples[i].text, bytes, sizeof bytes);

        for (size_t cut = 0; cut < len; cut += stride) {
            struct lk_bytes run = block(bytes, cut);
            struct lk_wr wr;

            lk_wr_init(&wr, out, sizeof out);
            num_refused += message->reencode(run, &wr) != LK_OK;
            release(run);
        }
    }
    assert_true(num_refused > 100);
}

static void PR6_answers_without_a_status_word(void **state)
{
    static const uint8_t nothing[1];
    struct lk_bytes body = {nothing, 77}, run;
    uint16_t sw = 0xa5a5;

    (void)state;
    for (size_t len = 0; len < 2; len++) {
        run = block((const uint8_t *)"\x90", len);
        assert_int_not_equal(lk_response_parse(run, &body, &sw), LK_OK);
        assert_ptr_equal(body.at, nothing);
        assert_int_equal(body.len, 77);
        assert_int_equal(sw, 0xa5a5);
        release(run);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(PR6_short_answers_to_the_car),
        TEST(PR6_short_answers_in_a_pairing),
        TEST(PR6_short_commands_to_the_phone),
        cmocka_unit_test(PR6_parsers_that_fail_touch_nothing),
        cmocka_unit_test(PR6_answers_without_a_status_word),
    };

    if (argc == 2)
        stride = (unsigned)atoi(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
