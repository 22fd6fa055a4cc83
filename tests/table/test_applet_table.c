/* Every state of the applet with every class, instruction and interface, against commands.def. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/applet_fixture.h"

enum state {
#define LK_APPLET_STATE(name, text) STATE_##name,
#include "facts/states.def"
#undef LK_APPLET_STATE
    NUM_STATES
};

enum { W = 1, N = 2, B = 4 };
#define S(name) (1u << STATE_##name)
#define ANY 0xffffffffu

struct row {
    const char *name;
    uint8_t cla, ins, interfaces;
    uint32_t states;
    size_t min, max;
};

static const struct row rows[] = {
#define LK_APPLET_COMMAND(name, cla, ins, on, in, min, max, next, handler) \
    {#name, cla, ins, on, in, min, max},
#include "facts/commands.def"
#undef LK_APPLET_COMMAND
};
#define NUM_ROWS (sizeof rows / sizeof rows[0])

static struct test_applet t;
static struct lk_applet parked; /* the applet in the state under test */

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
    parked = t.applet;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    t.applet = parked;
    test_applet_forget(&t);
    return 0;
}

static const struct row *row_of(uint8_t ins, uint8_t bit)
{
    for (size_t i = 0; i < NUM_ROWS; i++) {
        if (rows[i].ins == ins && (rows[i].interfaces & bit) != 0)
            return &rows[i];
    }
    return NULL;
}

/* The status word that the page demands for a body of no row's length; 0: the row may run. */
static uint16_t expected(unsigned cla, unsigned ins, uint8_t bit, unsigned state, size_t len)
{
    const struct row *row = row_of((uint8_t)ins, bit);

    if (cla != 0x00 && cla != 0x80 && cla != 0x84)
        return LK_SW_CLASS;
    if (row == NULL)
        return LK_SW_INS;
    if (row->cla != cla)
        return LK_SW_CLASS;
    if ((row->states & (1u << state)) == 0)
        return LK_SW_SEQUENCE;
    if (len < row->min || len > row->max)
        return LK_SW_LENGTH;
    return 0;
}

/* Puts both sessions into `state` without the road there: only the dispatcher is asked. */
static void park(unsigned state, enum lk_interface interface)
{
    struct lk_applet_session *session;

    t.applet = parked;
    session = interface == LK_WIRED ? &t.applet.wired : &t.applet.air;
    memset(session, 0, sizeof *session);
    session->state = (uint8_t)state;
    session->interface = (uint8_t)interface;
    session->last_ms = t.now_ms;
    session->endpoint = 0xff;
}

static void try_all(enum lk_interface interface, uint8_t bit)
{
    /* 100 bytes: wrong for every row but those that run over a range, which are asked with 256 */
    static const uint8_t body[255];
    static const unsigned classes[] = {0x00, 0x80, 0x84, 0x01, 0x04, 0x0c, 0x10, 0x81,
                                       0x83, 0x85, 0x90, 0xa0, 0xc0, 0xe0, 0xff};

    for (unsigned state = 0; state < NUM_STATES; state++) {
        for (size_t c = 0; c < sizeof classes / sizeof classes[0]; c++) {
            for (unsigned ins = 0; ins < 256; ins++) {
                const struct row *row = row_of((uint8_t)ins, bit);
                size_t len = row != NULL && row->max < 255 ? row->max + 1 : 1;
                uint16_t want = expected(classes[c], ins, bit, state, len);

                if (want == 0) /* a row that takes any length: not for this test */
                    continue;
                park(state, interface);
                assert_int_equal(test_applet_send(&t, interface, (uint8_t)classes[c],
                                                  (uint8_t)ins, 0, 0, body, len, 0),
                                 want);
                assert_int_equal(t.answer_len, 0);
                assert_int_equal((interface == LK_WIRED ? t.applet.wired : t.applet.air).state,
                                 STATE_IDLE);
            }
        }
    }
}

static void M86_every_state_and_instruction_by_wire(void **state)
{
    (void)state;
    try_all(LK_WIRED, W);
}

static void M86_every_state_and_instruction_by_nfc(void **state)
{
    (void)state;
    try_all(LK_NFC, N);
}

static void M86_every_state_and_instruction_by_ble(void **state)
{
    (void)state;
    try_all(LK_BLE, B);
}

/* Each row in each state with a body of a good length: 6985 exactly where it is not named. */
static void each_row_runs_in_its_states_alone(void **state)
{
    static const enum lk_interface interfaces[] = {LK_WIRED, LK_NFC, LK_BLE};
    static const uint8_t body[255];

    (void)state;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        for (size_t k = 0; k < 3; k++) {
            if ((rows[i].interfaces & (1u << k)) == 0)
                continue;
            for (unsigned s = 0; s < NUM_STATES; s++) {
                park(s, interfaces[k]);
                test_applet_send(&t, interfaces[k], rows[i].cla, rows[i].ins, 0x77, 0x77, body,
                                 rows[i].min, 0);
                if ((rows[i].states & (1u << s)) == 0)
                    assert_int_equal(t.sw, LK_SW_SEQUENCE);
                else
                    assert_true(t.sw != LK_SW_INS && t.sw != LK_SW_CLASS && t.sw != LK_SW_OK);
            }
        }
    }
}

static void wired_only_commands_do_not_exist_on_the_air(void **state)
{
    static const uint8_t body[255];

    (void)state;
    for (size_t i = 0; i < NUM_ROWS; i++) {
        if (rows[i].interfaces != W)
            continue;
        for (unsigned s = 0; s < NUM_STATES; s++) {
            park(s, LK_NFC);
            assert_int_equal(test_applet_send(&t, LK_NFC, rows[i].cla, rows[i].ins, 0, 0, body,
                                              rows[i].min, 0),
                             LK_SW_INS);
        }
    }
}

static void malformed_apdus_are_6700(void **state)
{
    uint8_t apdu[16] = {0x80, 0x80, 0, 0, 0, 0, 9}, out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    (void)state;
    park(STATE_SELECTED, LK_NFC);
    for (size_t n = 0; n <= 9; n++) {
        if (n == 4 || n == 5)
            continue;
        lk_applet_command(&t.applet, LK_NFC, t.now_ms, lk_bytes(apdu, n), out, &len);
        assert_int_equal(len, 2);
        assert_int_equal(lk_be16(out), LK_SW_LENGTH);
    }
    assert_int_equal(lk_applet_command(&t.applet, (enum lk_interface)0x33, t.now_ms,
                                       lk_bytes(apdu, 4), out, &len),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_be16(out), LK_SW_INTERNAL);
}

static void le_must_be_absent_or_00(void **state)
{
    (void)state;
    for (unsigned le = 0; le <= 256; le++) {
        park(STATE_IDLE, LK_NFC);
        assert_int_equal(test_applet_send(&t, LK_NFC, 0x00, 0xa4, 4, 0, lk_aid_applet, 13,
                                          (uint16_t)le),
                         le == 0 || le == 256 ? LK_SW_OK : 0x6c00);
    }
}

static void select_takes_the_whole_name_alone(void **state)
{
    uint8_t aid[16];

    (void)state;
    memcpy(aid, lk_aid_applet, 13);
    memset(aid + 13, 0, 3);
    for (size_t len = 1; len <= 16; len++) {
        park(STATE_IDLE, LK_NFC);
        assert_int_equal(test_applet_send(&t, LK_NFC, 0, 0xa4, 4, 0, aid, len, 256),
                         len == 13 ? LK_SW_OK : LK_SW_NOT_FOUND);
    }
    for (unsigned bit = 0; bit < 13 * 8; bit++) {
        memcpy(aid, lk_aid_applet, 13);
        aid[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        park(STATE_SELECTED, LK_NFC);
        assert_int_equal(test_applet_send(&t, LK_NFC, 0, 0xa4, 4, 0, aid, 13, 256),
                         LK_SW_NOT_FOUND);
        assert_int_equal(t.applet.air.state, STATE_IDLE);
    }
    park(STATE_IDLE, LK_NFC);
    assert_int_equal(test_applet_send(&t, LK_NFC, 0, 0xa4, 4, 4, lk_aid_applet, 13, 256),
                     LK_SW_P1P2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M86_every_state_and_instruction_by_wire),
        cmocka_unit_test(M86_every_state_and_instruction_by_nfc),
        cmocka_unit_test(M86_every_state_and_instruction_by_ble),
        cmocka_unit_test(each_row_runs_in_its_states_alone),
        cmocka_unit_test(wired_only_commands_do_not_exist_on_the_air),
        cmocka_unit_test(malformed_apdus_are_6700),
        cmocka_unit_test(le_must_be_absent_or_00),
        cmocka_unit_test(select_takes_the_whole_name_alone),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
