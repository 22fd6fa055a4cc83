/* apdu: the four short cases, responses, and what status words mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"

static void four_short_cases(void **state)
{
    static const uint8_t in[] = {0x80, 0x80, 0x01, 0x02, 0x02, 0xaa, 0xbb, 0x00};
    struct lk_command command;

    (void)state;
    assert_int_equal(lk_command_parse(lk_bytes(in, 4), &command), LK_OK);
    assert_int_equal(command.le, 0);
    assert_int_equal(command.body.len, 0);
    assert_int_equal(command.p2, 2);
    assert_int_equal(lk_command_parse(lk_bytes(in, 5), &command), LK_OK);
    assert_int_equal(command.le, 2);
    assert_int_equal(lk_command_parse(lk_bytes(in, 6), &command), LK_PEER_APDU);
    assert_int_equal(lk_command_parse(lk_bytes(in, 7), &command), LK_OK);
    assert_int_equal(command.body.len, 2);
    assert_int_equal(command.le, 0);
    assert_int_equal(lk_command_parse(lk_bytes(in, 8), &command), LK_OK);
    assert_int_equal(command.le, 256);
    for (size_t n = 0; n < 4; n++)
        assert_int_equal(lk_command_parse(lk_bytes(in, n), &command), LK_PEER_APDU);
}

/* Every length of command with every Lc: only the four cases pass. */
static void PR4_every_length_with_every_lc(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 300; len++) {
        uint8_t *in = calloc(1, len > 0 ? len : 1);
        for (unsigned lc = 0; lc < 256; lc++) {
            struct lk_command command;
            int fits = len == 4 || len == 5 ||
                       (len > 5 && lc > 0 && (len == 5 + lc || len == 6 + lc));
            if (len > 4)
                in[4] = (uint8_t)lc;
            assert_int_equal(lk_command_parse(lk_bytes(in, len), &command),
                             fits ? LK_OK : LK_PEER_APDU);
        }
        free(in);
    }
}

static void extended_length_is_refused(void **state)
{
    static const uint8_t in[] = {0x80, 0x80, 0, 0, 0x00, 0x00, 0x02, 0xaa, 0xbb};
    struct lk_command command;

    (void)state;
    assert_int_equal(lk_command_parse(lk_bytes(in, sizeof in), &command), LK_PEER_APDU);
    assert_int_equal(lk_command_parse(lk_bytes(in, 7), &command), LK_PEER_APDU);
    assert_int_equal(lk_sw_for_status(LK_PEER_APDU), 0x6700);
}

static void command_writer_checks_its_caller(void **state)
{
    uint8_t body[256] = {0};
    uint8_t out[LK_APDU_COMMAND_MAX];
    size_t len = 99;
    struct lk_command command = {0x80, 0x80, 0, 0, {body, 256}, 0};

    (void)state;
    assert_int_equal(lk_command_write(&command, out, &len), LK_CALLER_ARGUMENT);
    command.body.len = 255;
    command.le = 257;
    assert_int_equal(lk_command_write(&command, out, &len), LK_CALLER_ARGUMENT);
    assert_int_equal(len, 99);
    command.le = 256;
    assert_int_equal(lk_command_write(&command, out, &len), LK_OK);
    assert_int_equal(len, LK_APDU_COMMAND_MAX);
    assert_int_equal(out[260], 0);
}

static void PR5_card_answers_longer_than_asked(void **state)
{
    uint8_t *in = calloc(1, 70000);

    (void)state;
    for (size_t len = 0; len <= 70000; len++) {
        struct lk_bytes body = {NULL, 77};
        uint16_t sw = 0x1234;
        int fits = len >= 2 && len <= 258;

        assert_int_equal(lk_response_parse(lk_bytes(in, len), &body, &sw),
                         fits ? LK_OK : LK_PEER_APDU);
        assert_int_equal(body.len, fits ? len - 2 : 77);
    }
    free(in);
}

/* A locked, ended or unknown key looks like an unknown car (D23). */
static void S13_one_status_word_for_every_refusal_of_a_key(void **state)
{
    static const enum lk_status all[] = {LK_PEER_SIGNATURE, LK_TAP_WRONG_CAR, LK_TAP_KEY_UNKNOWN,
                                         LK_TAP_KEY_ENDED, LK_KEY_LOCKED, LK_KEY_TERMINATED};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_int_equal(lk_sw_for_status(all[i]), 0x6982);
}

static void only_ok_is_9000(void **state)
{
    static const enum lk_status all[] = {
#define LK_STATUS(name, value, exit_code, what, advice) name,
#include "facts/status.def"
#undef LK_STATUS
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_true((lk_sw_for_status(all[i]) == LK_SW_OK) == (all[i] == LK_OK));
    for (unsigned sw = 0; sw <= 0xffff; sw++)
        assert_true((lk_status_for_sw((uint16_t)sw) == LK_OK) == (sw == 0x9000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_short_cases),
        cmocka_unit_test(PR4_every_length_with_every_lc),
        cmocka_unit_test(extended_length_is_refused),
        cmocka_unit_test(command_writer_checks_its_caller),
        cmocka_unit_test(PR5_card_answers_longer_than_asked),
        cmocka_unit_test(S13_one_status_word_for_every_refusal_of_a_key),
        cmocka_unit_test(only_ok_is_9000),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
