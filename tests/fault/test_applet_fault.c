/* Every call of the crypto port and of the store port fails once, at call 1, 2, 3 ..., in each
 * command of the applet: the answer is never 9000, nothing of it stays, and the next try works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/share_fixture.h"

#define CALLS_MAX 3000

static struct test_applet t;
static struct test_tap tap;
static struct test_share share;

enum port { CRYPTO, STORE_WRITE, STORE_READ };

static void arm(enum port port, uint32_t at)
{
    test_spy_arm(&t.spy, port == CRYPTO ? at : 0);
    t.flash.writes = t.flash.reads = 0;
    t.flash.fail_at = port == STORE_WRITE ? at : 0;
    t.flash.fail_read_at = port == STORE_READ ? at : 0;
}

static int has_failed(enum port port, uint32_t at)
{
    uint32_t calls = port == CRYPTO ? t.spy.calls : port == STORE_WRITE ? t.flash.writes
                                                                         : t.flash.reads;
    return calls >= at;
}

static void disarm(void)
{
    arm(CRYPTO, 0);
}

/* A step: begins with an applet, prepares, then runs the command under test. 1 if the answer was
 * good. */
struct step {
    const char *name;
    enum lk_status (*begin)(void);
    void (*prepare)(void);
    int (*run)(void);
};

static void nothing(void)
{
}

static enum lk_status plain(void)
{
    return test_applet_start(&t);
}

/* An owner's element that may sign, and a friend's key in it that waits for a token. */
static enum lk_status sharing(void)
{
    LK_TRY(test_share_start(&t, &share));
    return test_share_add_friend(&share);
}

static int create_ca(void)
{
    struct lk_wired_ca body = {lk_bytes("SECOND", 6)};
    uint8_t bytes[32];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_ca_write(&body, &wr);
    return test_applet_wired(&t, 0x38, 0, 0, bytes, wr.len) == LK_SW_OK;
}

static int create_endpoint(void)
{
    struct test_endpoint endpoint;

    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xe7;
    return test_applet_create_endpoint(&t, "TESTCA", &endpoint) == LK_SW_OK;
}

static void confirm(void)
{
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
}

static void selected(void)
{
    confirm();
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
}

static int auth0(void)
{
    return test_tap_auth0_again(&t, &tap) == LK_SW_OK;
}

static void authenticated(void)
{
    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
}

static int auth1(void)
{
    return test_tap_auth1(&t, &tap) == LK_SW_OK;
}

static int exchange(void)
{
    const struct lk_exchange_op ops[] = {
        {.kind = LK_EXCHANGE_SET, .offset = 3, .length = 4, .value = 0x77},
        {.kind = LK_EXCHANGE_SET, .is_confidential = 1, .length = 64, .value = 0x66},
    };
    return test_tap_operate(&t, &tap, 0, ops, 2, NULL, NULL) == LK_EXCHANGE_OK;
}

/* What the store holds must be read, opened and written anew. */
static void stored(void)
{
    confirm();
    assert_int_equal(exchange(), 1);
    test_tap_forget(&t, &tap);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    confirm();
}

static int set_private(void)
{
    uint8_t body[15] = {0x50, 0x08};

    memcpy(body + 2, t.endpoint_id, 8);
    memcpy(body + 10, "\x4b\x03" "abc", 5);
    return test_applet_wired(&t, 0xd2, 0x00, 0x40, body, sizeof body) == LK_SW_OK;
}

static int lock_key(void)
{
    return test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, NULL, NULL) == LK_SW_OK;
}

static int terminate(void)
{
    return test_applet_wired_id(&t, 0x78, 1, t.endpoint_id) == LK_SW_OK;
}

static int delete_key(void)
{
    return test_applet_wired_id(&t, 0x74, 0, t.endpoint_id) == LK_SW_OK;
}

static int lost_mode(void)
{
    return test_applet_instance(&t, -1, 1) == LK_SW_OK;
}

static int consent(void)
{
    return test_share_authenticate(&share) == LK_SW_OK &&
           test_share_consent(&share, 0) == LK_SW_OK;
}

static void agree(void)
{
    assert_true(consent());
    assert_int_equal(test_share_send(&share), LK_SW_OK);
}

static int authorize(void)
{
    return test_share_authorize_only(&share) == LK_SW_OK;
}

static int encryption_key(void)
{
    return test_applet_wired_id(&t, 0x8a, 0, test_friend_id) == LK_SW_OK;
}

static struct lk_token_export token;

static void token_ready(void)
{
    assert_int_equal(test_share_seal(&share, share.tokens[3], &token), LK_SW_OK);
}

static int import(void)
{
    return test_share_import(&t, test_friend_id, 0, &token) == LK_SW_OK;
}

static int restart(void)
{
    lk_applet_forget(&t.applet);
    return lk_store_open(&t.store, &t.flash.port, LK_STORE_ELEMENT) == LK_OK &&
           lk_applet_init(&t.applet, &t.crypto, &t.store) == LK_OK;
}

static const struct step steps[] = {
    {"CREATE CA", plain, nothing, create_ca},
    {"CREATE ENDPOINT", plain, nothing, create_endpoint},
    {"AUTH0", plain, selected, auth0},
    {"AUTH1", plain, authenticated, auth1},
    {"EXCHANGE", plain, confirm, exchange},
    {"EXCHANGE on stored mailboxes", plain, stored, exchange},
    {"SET PRIVATE DATA", plain, stored, set_private},
    {"SETUP ENDPOINT", plain, confirm, lock_key},
    {"TERMINATE ENDPOINT", plain, confirm, terminate},
    {"DELETE ENDPOINT", plain, confirm, delete_key},
    {"SETUP INSTANCE", plain, confirm, lost_mode},
    {"start", plain, confirm, restart},
    {"CONSENT", sharing, nothing, consent},
    {"AUTHORIZE ENDPOINT", sharing, agree, authorize},
    {"CREATE ENCRYPTION KEY", sharing, nothing, encryption_key},
    {"SET CONFIDENTIAL DATA", sharing, token_ready, import},
};

/* After a failure and a start the applet still works: a key answers, or the step took hold. */
static void still_works(const struct step *step)
{
    disarm();
    test_tap_forget(&t, &tap);
    if (step->run == authorize && !t.store.is_broken) { /* nothing was lost, the consent neither */
        assert_int_equal(test_share_has_spare(&share, 0), 1);
        assert_true(authorize());
    }
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    if (step->run == create_ca || step->run == create_endpoint)
        assert_true(step->run() || t.status == LK_CALLER_EXISTS);
    else
        assert_int_equal(test_applet_create_ca(&t, "AFTER"), LK_SW_OK);
    if (step->run == authorize) { /* the spare is whole, or gone with its bit */
        int left = test_share_has_spare(&share, 0);

        assert_true(left == 1 || left == 0);
        agree();
        assert_int_equal(authorize(), left);
    }
    if (step->run == encryption_key)
        assert_true(encryption_key());
    if (step->run == import) {
        token_ready();
        assert_true(import());
    }
}

static void fail_each_call(enum port port)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        uint32_t at;

        for (at = 1; at <= CALLS_MAX; at++) {
            int good;

            assert_int_equal(steps[i].begin(), LK_OK);
            steps[i].prepare();
            arm(port, at);
            good = steps[i].run();
            if (!has_failed(port, at)) {
                assert_true(good);
                disarm();
                test_tap_forget(&t, &tap);
                test_applet_forget(&t);
                break;
            }
            if (good)
                print_error("%s: call %u failed, the answer was good\n", steps[i].name, at);
            assert_false(good);
            assert_int_equal(t.leaked, 0);
            still_works(&steps[i]);
            test_tap_forget(&t, &tap);
            test_applet_forget(&t);
        }
        print_message("%s: %u calls\n", steps[i].name, at - 1);
        assert_true(at <= CALLS_MAX);
    }
}

static void PK14_each_crypto_call_fails(void **state)
{
    (void)state;
    fail_each_call(CRYPTO);
}

static void CR6_each_store_write_fails(void **state)
{
    (void)state;
    fail_each_call(STORE_WRITE);
}

static void CR6_each_store_read_fails(void **state)
{
    (void)state;
    fail_each_call(STORE_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PK14_each_crypto_call_fails),
        cmocka_unit_test(CR6_each_store_write_fails),
        cmocka_unit_test(CR6_each_store_read_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
