/* Sequences of commands in any order against a small model of the applet's session: status word and
 * state after each must agree (ST7). All sequences of three, and random ones of forty;
 * LATCHKEY_LONG=1 takes four and fifty times as many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "applet/applet.h"
#include "support/applet_fixture.h"

enum move {
    SELECT,
    SELECT_OTHER,
    AUTH0,
    AUTH0_FAST,
    AUTH0_STRANGER,
    AUTH1,
    AUTH1_FORGED,
    EXCHANGE,
    EXCHANGE_FORGED,
    CONTROL_DONE,
    CONTROL_KEEP,
    FIELD_LOST,
    NUM_MOVES
};

static struct test_applet t;
static struct test_tap tap;
static struct lk_persistent kept; /* Kpersistent of the last AUTH1 */

/* The model: as much as the page says, and nothing of the code. */
static struct {
    int state, is_known;
} model;

static uint16_t refuse(uint16_t sw)
{
    model.state = LK_APPLET_IDLE;
    return sw;
}

static uint16_t go(int state)
{
    model.state = state;
    return LK_SW_OK;
}

static int is_begun(void)
{
    return model.state == LK_APPLET_AUTH0_STANDARD || model.state == LK_APPLET_AUTH0_FAST;
}

static int is_sealed(void)
{
    return model.state == LK_APPLET_AUTH0_FAST || model.state == LK_APPLET_SECURE ||
           model.state == LK_APPLET_SECURE_FAST;
}

static uint16_t predict(enum move move)
{
    switch (move) {
    case SELECT:
        return go(LK_APPLET_SELECTED);
    case SELECT_OTHER:
        return refuse(LK_SW_NOT_FOUND);
    case AUTH0:
    case AUTH0_FAST:
    case AUTH0_STRANGER:
        if (model.state != LK_APPLET_SELECTED && !is_begun())
            return refuse(LK_SW_SEQUENCE);
        model.is_known = move != AUTH0_STRANGER;
        return go(move == AUTH0 ? LK_APPLET_AUTH0_STANDARD : LK_APPLET_AUTH0_FAST);
    case AUTH1:
    case AUTH1_FORGED:
        if (!is_begun())
            return refuse(LK_SW_SEQUENCE);
        if (move == AUTH1_FORGED || !model.is_known)
            return refuse(LK_SW_SECURITY);
        return go(LK_APPLET_SECURE);
    case EXCHANGE:
    case EXCHANGE_FORGED:
        if (!is_sealed())
            return refuse(LK_SW_SEQUENCE);
        if (move == EXCHANGE_FORGED || !model.is_known)
            return refuse(LK_SW_MAC);
        return go(model.state == LK_APPLET_SECURE ? LK_APPLET_SECURE : LK_APPLET_SECURE_FAST);
    case CONTROL_DONE:
        return model.state == LK_APPLET_IDLE ? refuse(LK_SW_SEQUENCE) : go(LK_APPLET_IDLE);
    case CONTROL_KEEP:
        return model.state == LK_APPLET_IDLE ? refuse(LK_SW_SEQUENCE) : go(model.state);
    default:
        return go(LK_APPLET_IDLE);
    }
}

static uint16_t auth0(uint8_t p1, uint8_t flip)
{
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, p1, 1);
    tap.vehicle_id[0] ^= flip;
    return test_tap_auth0_again(&t, &tap);
}

static uint16_t auth1(int is_forged)
{
    uint8_t body[66] = {0x9e, 0x40};

    if (is_forged || tap.ephemeral.id == 0 || !is_begun() || !model.is_known) {
        memset(body + 2, 0x11, 64);
        return test_applet_send(&t, LK_NFC, 0x80, 0x81, 0, 0, body, sizeof body, 256);
    }
    if (test_tap_auth1(&t, &tap) == LK_SW_OK)
        kept = tap.persistent;
    return t.sw;
}

static uint16_t exchange(int is_forged)
{
    static const uint8_t plain[] = {0x00, 0x87, 0x04, 0x00, 0x00, 0x00, 0x01};
    uint8_t out[LK_APDU_RESPONSE_MAX] = {0};
    size_t len = 0;

    if (model.state == LK_APPLET_AUTH0_FAST && model.is_known && !tap.chan.is_open)
        assert_true(test_tap_fast(&t, &tap, &kept));
    if (is_forged || !tap.chan.is_open || !is_sealed())
        return test_applet_send(&t, LK_NFC, 0x84, 0xc9, 0, 0, out, 24, 256);
    test_tap_exchange(&t, &tap, plain, sizeof plain, out, &len);
    return t.sw;
}

static uint16_t play(enum move move)
{
    switch (move) {
    case SELECT:
        return test_applet_select(&t, LK_NFC);
    case SELECT_OTHER:
        return test_applet_send(&t, LK_NFC, 0x00, 0xa4, 4, 0, lk_aid_framework, 13, 256);
    case AUTH0:
        return auth0(0, 0);
    case AUTH0_FAST:
        return auth0(1, 0);
    case AUTH0_STRANGER:
        return auth0(1, 0x40);
    case AUTH1:
        return auth1(0);
    case AUTH1_FORGED:
        return auth1(1);
    case EXCHANGE:
        return exchange(0);
    case EXCHANGE_FORGED:
        return exchange(1);
    case CONTROL_DONE:
        return test_applet_send(&t, LK_NFC, 0x80, 0x3c, 1, 0, NULL, 0, 0);
    case CONTROL_KEEP:
        return test_applet_send(&t, LK_NFC, 0x80, 0x3c, 0x40, 0, NULL, 0, 0);
    default:
        lk_applet_field_lost(&t.applet);
        return LK_SW_OK;
    }
}

static void step(enum move move)
{
    uint16_t got = play(move); /* looks at the model as it was before */
    uint16_t want = predict(move);

    assert_int_equal(got, want);
    assert_int_equal(t.applet.air.state, model.state);
}

static void fresh(void)
{
    test_tap_forget(&t, &tap);
    step(FIELD_LOST);
}

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
    kept = tap.persistent;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(t.leaked, 0);
    test_tap_forget(&t, &tap);
    test_applet_forget(&t);
    return 0;
}

/* Each sequence begins after SELECT: what comes before it is refused in one way alone. */
static void ST7_all_short_sequences(void **state)
{
    unsigned depth = getenv("LATCHKEY_LONG") != NULL ? 4 : 3, total = 1;

    (void)state;
    for (unsigned i = 0; i < depth; i++)
        total *= NUM_MOVES;
    for (unsigned number = 0; number < total; number++) {
        unsigned rest = number;

        fresh();
        step(SELECT);
        for (unsigned i = 0; i < depth; i++) {
            step((enum move)(rest % NUM_MOVES));
            rest /= NUM_MOVES;
        }
    }
}

static void ST7_random_long_sequences(void **state)
{
    unsigned num = getenv("LATCHKEY_LONG") != NULL ? 20000 : 400;
    uint64_t seed = 0x9e3779b97f4a7c15u;

    (void)state;
    for (unsigned i = 0; i < num; i++) {
        fresh();
        for (unsigned k = 0; k < 40; k++) {
            unsigned pick;

            seed = seed * 6364136223846793005u + 1442695040888963407u;
            pick = (unsigned)(seed >> 40) % (NUM_MOVES + 6);
            /* lean towards moves that lead somewhere */
            step(pick < NUM_MOVES ? (enum move)pick
                                  : (enum move[]){SELECT, AUTH0, AUTH0_FAST, AUTH1, EXCHANGE,
                                                  EXCHANGE}[pick - NUM_MOVES]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ST7_all_short_sequences),
        cmocka_unit_test(ST7_random_long_sequences),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
