/* The applet as a machine: the input is a script of steps, those of an honest car mixed with raw
 * APDUs on three interfaces, lost fields, time and restarts (PR14). After each step a few truths
 * must hold: nothing opens without the car's signature or Kpersistent, no answer holds a private
 * key, and a key never comes back from its end.
 *
 * Step: one byte, modulo 12. 0 SELECT by NFC, 1 AUTH0 (P1, P2), 2 AUTH1, 3 EXCHANGE (length, bytes
 * of plaintext), 4 CONTROL FLOW (P1, P2), 5 field lost, 6 time (one byte, 100 ms each), 7 SELECT by
 * wire, 8 raw by wire, 9 raw by NFC, A raw by BLE (each: length, bytes), B restart. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applet/applet.h"
#include "support/applet_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each input costs a whole applet, some milliseconds. */
extern const long fuzz_rounds;
const long fuzz_rounds = 3000;

#define STEPS_MAX 200

struct script {
    const uint8_t *at;
    size_t left;
};

static struct test_applet t;
static struct test_tap tap;
static struct test_flash fresh; /* the flash of an applet with one confirmed key */
static int is_started;

static void demand(int truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "fuzz_applet: not true: %s\n", what);
    abort();
}

static uint8_t next(struct script *script)
{
    if (script->left == 0)
        return 0;
    script->left--;
    return *script->at++;
}

static struct lk_bytes run_of(struct script *script)
{
    size_t len = next(script);
    struct lk_bytes run;

    if (len > script->left)
        len = script->left;
    run = lk_bytes(script->at, len);
    script->at += len;
    script->left -= len;
    return run;
}

static void begin(void)
{
    if (!is_started) {
        demand(test_applet_start(&t) == LK_OK, "the applet starts");
        demand(test_tap_standard(&t, &tap, 4) == LK_SW_OK, "a key is confirmed");
        memcpy(&fresh, &t.flash, sizeof fresh);
        is_started = 1;
    }
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 0, 1);
    memcpy(t.flash.data, fresh.data, sizeof fresh.data);
    memcpy(t.flash.synced, fresh.synced, sizeof fresh.synced);
    demand(test_applet_reboot(&t) == LK_OK, "the applet starts again");
}

static void raw(enum lk_interface interface, struct lk_bytes command)
{
    size_t len = 0;

    lk_applet_command(&t.applet, interface, t.now_ms, command, t.answer, &len);
    demand(len >= 2 && len <= LK_APDU_RESPONSE_MAX, "there is one answer, of a legal length");
    t.sw = lk_be16(t.answer + len - 2);
    demand(t.sw == LK_SW_OK || len == 2, "a failure carries no data");
    demand(!test_spy_finds(&t.spy, t.answer, len), "no private key in an answer");
}

static void honest(uint8_t move, struct script *script)
{
    uint8_t out[LK_APDU_RESPONSE_MAX], p1;
    size_t len = 0;
    struct lk_bytes run;

    switch (move) {
    case 0:
        test_applet_select(&t, LK_NFC);
        return;
    case 1:
        test_tap_forget(&t, &tap);
        p1 = next(script);
        test_tap_init(&t, &tap, p1, next(script));
        test_tap_auth0_again(&t, &tap);
        return;
    case 2:
        if (tap.ephemeral.id != 0)
            test_tap_auth1(&t, &tap);
        return;
    case 3:
        run = run_of(script);
        if (tap.chan.is_open && run.len <= LK_CHAN_PLAIN_MAX)
            test_tap_exchange(&t, &tap, run.at, run.len, out, &len);
        return;
    default:
        p1 = next(script);
        test_tap_control(&t, &tap, p1, next(script));
        return;
    }
}

static void step(struct script *script)
{
    uint8_t move = next(script) % 12;

    if (move <= 4)
        honest(move, script);
    else if (move == 5)
        lk_applet_field_lost(&t.applet);
    else if (move == 6)
        t.now_ms += 100u * (uint64_t)next(script);
    else if (move == 7)
        test_applet_select(&t, LK_WIRED);
    else if (move == 8)
        raw(LK_WIRED, run_of(script));
    else if (move == 9)
        raw(LK_NFC, run_of(script));
    else if (move == 10)
        raw(LK_BLE, run_of(script));
    else
        demand(test_applet_reboot(&t) == LK_OK, "the applet starts again");
}

/* What must hold after every step, whatever it was. */
static void check(uint8_t state_before, uint8_t endpoint_before, int was_honest)
{
    const struct lk_applet_session *air = &t.applet.air;
    uint8_t endpoint = t.applet.endpoints[0].state;

    demand(!t.leaked, "no private key in an answer");
    demand(air->state < LK_APPLET_NUM_STATES, "a state of the list");
    demand(t.applet.wired.state <= LK_APPLET_SELECTED, "the wire never authenticates");
    if (!was_honest && air->state != state_before)
        demand(air->state != LK_APPLET_SECURE && air->state != LK_APPLET_SECURE_FAST,
               "raw bytes open no channel");
    demand(air->state != LK_APPLET_SECURE || air->is_confirmed, "secure means confirmed");
    if (endpoint_before == LK_ENDPOINT_TERMINATED)
        demand(endpoint == LK_ENDPOINT_TERMINATED || endpoint == LK_ENDPOINT_NONE ||
                   endpoint == LK_ENDPOINT_UNCONFIRMED,
               "ended means ended");
    demand(!t.applet.mailbox_dirty || t.applet.mailbox_endpoint != LK_APPLET_NO_INDEX,
           "staged writes have an owner");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = {data, size};

    begin();
    for (int i = 0; i < STEPS_MAX && script.left > 0; i++) {
        uint8_t state = t.applet.air.state, endpoint = t.applet.endpoints[0].state;
        int is_honest = *script.at % 12 <= 4;

        step(&script);
        check(state, endpoint, is_honest);
    }
    return 0;
}
