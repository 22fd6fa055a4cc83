/* The applet as a machine: the input is a script of steps, those of an honest car and of two phones
 * that share a key mixed with raw APDUs on three interfaces, lost fields, time and restarts (PR14).
 * After each step a few truths must hold: nothing opens without the car's signature or Kpersistent,
 * no answer holds a private key or a token, a key never comes back from its end, nothing is signed
 * for a friend without the user's consent or after a bit of the request has changed, and no
 * friend's key comes to share.
 *
 * Step: one byte, modulo 16. 0 SELECT by NFC, 1 AUTH0 (P1, P2), 2 AUTH1, 3 EXCHANGE (length, bytes
 * of plaintext), 4 CONTROL FLOW (P1, P2), 5 field lost, 6 time (one byte, 100 ms each), 7 SELECT by
 * wire, 8 raw by wire, 9 raw by NFC, A raw by BLE (each: length, bytes), B restart, C MANAGE UA
 * (P1), D CONSENT (P1, change of the hash), E AUTHORIZE ENDPOINT (place in the request and change
 * there, 2 and 1 bytes), F the friend's key (what, change of the token: 0 CREATE ENCRYPTION KEY,
 * 1 SET CONFIDENTIAL DATA, 2 SETUP ENDPOINT to ACTIVE, 3 to INVITED). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applet/applet.h"
#include "support/share_fixture.h"

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
static struct test_share share;
static struct test_flash fresh; /* an owner's key with spares, a friend's key in state INVITED */
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
        demand(test_share_start(&t, &share) == LK_OK, "the applet starts");
        demand(test_share_add_friend(&share) == LK_OK, "a friend's key is made");
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
    demand(!test_applet_leaks(&t, len), "no private key and no token in an answer");
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

static size_t num_consents(void)
{
    size_t num = 0;

    for (size_t i = 0; i < LK_APPLET_NUM_CONSENTS; i++)
        num += t.now_ms < t.applet.consents[i].until_ms;
    return num;
}

static void consent(struct script *script)
{
    uint8_t p1 = next(script), change = next(script);
    size_t before = num_consents();
    int is_fresh = lk_user_is_fresh(&t.applet, t.now_ms);

    share.hash[0] ^= change;
    test_share_consent(&share, p1);
    share.hash[0] ^= change;
    demand(num_consents() <= before || is_fresh, "no consent without the user");
    demand(num_consents() <= before || !lk_user_is_fresh(&t.applet, t.now_ms), "it is spent");
}

static void authorize(struct script *script)
{
    size_t at = (size_t)next(script) << 8, before = num_consents();
    uint8_t change;

    at |= next(script);
    change = next(script);
    if (test_share_send(&share) != LK_SW_OK)
        return;
    if (at < t.applet.buffer_len)
        t.applet.buffer[at] ^= change;
    else
        change = 0;
    if (test_share_authorize_only(&share) != LK_SW_OK) {
        demand(num_consents() == before, "a refusal burns no consent");
        return;
    }
    demand(change == 0, "the request is the good one to the last bit");
    demand(num_consents() + 1 == before, "one consent, one signature");
    demand(test_share_has_spare(&share, 0) == 0, "slot and token are gone");
}

static void friend_step(struct script *script)
{
    uint8_t what = next(script) % 4, change = next(script);
    static const uint8_t token[32] = {0x99};
    struct lk_token_export export;

    if (what >= 2) {
        test_applet_setup(&t, test_friend_id, what == 2 ? LK_ENDPOINT_ACTIVE : LK_ENDPOINT_INVITED,
                          NULL, NULL);
        return;
    }
    if (what == 0) {
        test_applet_wired_id(&t, 0x8a, 0, test_friend_id);
        return;
    }
    if (test_share_seal(&share, token, &export) != LK_SW_OK)
        return;
    share.sealed[change % 48] ^= change;
    if (test_share_import(&t, test_friend_id, (uint16_t)(change & 0x1f0), &export) == LK_SW_OK)
        demand(change == 0, "the token is the one that was sealed");
}

static void step(struct script *script)
{
    uint8_t move = next(script) % 16;

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
    else if (move == 11)
        demand(test_applet_reboot(&t) == LK_OK, "the applet starts again");
    else if (move == 12)
        test_applet_wired(&t, 0x34, next(script), 0, NULL, 0);
    else if (move == 13)
        consent(script);
    else if (move == 14)
        authorize(script);
    else
        friend_step(script);
}

/* No key with dates may share, and none answers before it is signed. */
static void check_friend(void)
{
    size_t index = lk_endpoint_find(&t.applet, lk_bytes(test_friend_id, 8));
    const struct lk_applet_session *air = &t.applet.air;

    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++)
        demand(t.applet.endpoints[i].state != LK_ENDPOINT_INVITED ||
                   (t.applet.endpoints[i].option1 & LK_OPTION1_AUTHORIZE) == 0,
               "an invited key may not share");
    if (index == LK_APPLET_NO_INDEX || t.applet.endpoints[index].state != LK_ENDPOINT_INVITED)
        return;
    demand(!air->is_confirmed || air->endpoint != index, "an invited key does not answer");
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
    check_friend();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = {data, size};

    begin();
    for (int i = 0; i < STEPS_MAX && script.left > 0; i++) {
        uint8_t state = t.applet.air.state, endpoint = t.applet.endpoints[0].state;
        int is_honest = *script.at % 16 <= 4;

        step(&script);
        check(state, endpoint, is_honest);
    }
    return 0;
}
