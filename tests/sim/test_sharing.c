/* test_sharing.c: a key from phone to phone, both real phones in one process: what is said, who may
 * say it, and how it ends. Mission M79 to M83, M101; attacks SH. The car's part: the vehicle's
 * tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "applet/applet.h"
#include "support/sharing_world.h"

#define W test_sharing

static uint8_t plain[LK_SHARE_BLOB_MAX], mailboxes[LK_PRIVATE_MAILBOX_MAX +
                                                   LK_CONFIDENTIAL_MAILBOX_MAX];

/* The end as it should be: one key with a package and a token, one slot spent. */
static void is_done(void)
{
    const struct lk_pass *pass = test_sharing_pass();
    struct lk_package package;
    size_t len;
    enum lk_status fault = LK_INTERNAL;

    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_DONE);
    assert_int_equal(test_sharing_of_friend()->state, LK_SHARING_DONE);
    assert_non_null(pass);
    assert_int_equal(pass->state, LK_PASS_SHARED);
    assert_int_equal(test_sharing_has_spare(0), 0);
    assert_int_equal(test_phone_num_endpoints(&W.friend), 1);
    assert_int_equal(W.friend.applet.endpoints[0].state, LK_ENDPOINT_ACTIVE);
    assert_int_equal(lk_record_read_mailboxes(&W.friend.applet, 0, mailboxes), LK_OK);
    assert_int_equal(mailboxes[LK_AT_SIGNALING], LK_SIGNAL_ATTESTATION);
    assert_memory_equal(mailboxes + LK_PRIVATE_MAILBOX_MAX, W.tokens[1], LK_TOKEN_LEN);
    len = lk_tlv_total(lk_bytes(mailboxes + LK_AT_ATTESTATIONS, LK_ATTESTATION_LEN), &fault);
    assert_int_equal(fault, LK_OK);
    assert_int_equal(
        lk_package_parse(lk_bytes(mailboxes + LK_AT_ATTESTATIONS, len), &package), LK_OK);
    assert_memory_equal(package.share.device_key.at, pass->public_key, LK_POINT_LEN);
    assert_int_equal(lk_verify(&W.crypto, lk_device_pass_at(&W.owner.device, 0)->public_key,
                               &package.share.signed_part, 1, package.signature.at),
                     LK_OK);
    assert_int_equal(package.device_type, LK_DEVICE_PHONE);
    assert_true(lk_bytes_equal(package.slot, lk_bytes(W.slots[0], LK_SLOT_LEN)));
}

/* Nothing came of it: no key at the friend, the owner's slot is there. */
static void is_gone(void)
{
    assert_int_equal(test_phone_num_passes(&W.friend), 0);
    assert_int_equal(test_phone_num_endpoints(&W.friend), 0);
    assert_int_equal(test_sharing_has_spare(0), 1);
}

/* Time passes, and both phones start anew: a whole sharing works. */
static void works_again(void)
{
    test_phone_restart(&W.owner);
    test_phone_restart(&W.friend);
    assert_int_equal(test_phone_tick(&W.owner), LK_OK);
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    assert_int_equal(test_sharing_run(), LK_OK);
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_DONE);
    assert_int_equal(test_sharing_of_friend()->state, LK_SHARING_DONE);
}

/* --- the good way --- */

static void M101_share_across_makers(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_run(), LK_OK);
    is_done();
    assert_int_equal(W.last.len, 0);
    test_phone_restart(&W.owner);
    test_phone_restart(&W.friend);
    assert_int_equal(test_phone_tick(&W.owner), LK_OK);
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    is_done();
}

static void M79_invitation_names_level_and_car(void **state)
{
    struct lk_share_creation msg;

    (void)state;
    W.plan.limits.speed_kmh = 105;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(lk_share_creation_parse(test_sharing_open(&W.invitation, plain), &msg), LK_OK);
    assert_int_equal(msg.entitlement.profile, 1);
    assert_int_equal(msg.entitlement.limits.speed_kmh, 105);
    assert_memory_equal(msg.entitlement.vehicle_id.at, W.world.vehicle_id, 8);
    assert_memory_equal(msg.entitlement.not_before.at, TEST_SHARE_FROM, LK_DATE_LEN);
    assert_memory_equal(msg.entitlement.not_after.at, TEST_SHARE_TO, LK_DATE_LEN);
    assert_int_equal(msg.entitlement.epoch, 7);
    assert_true(lk_bytes_equal(msg.name, lk_bytes("Ann's car", 9)));
}

/* H says what was invited, bit for bit, and has no right to share. */
static void M80_friend_key_is_what_was_invited(void **state)
{
    struct lk_share_signing msg;
    struct lk_endpoint_facts facts;
    struct lk_cert h;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(lk_share_signing_parse(test_sharing_open(&W.signing, plain), &msg), LK_OK);
    assert_int_equal(lk_cert_parse(&W.crypto, msg.h, &h), LK_OK);
    assert_int_equal(lk_cert_endpoint_facts(&h, &facts), LK_OK);
    assert_memory_equal(facts.vehicle_id, W.world.vehicle_id, 8);
    assert_memory_equal(facts.vehicle_key, W.world.vehicle.public_key, LK_POINT_LEN);
    assert_memory_equal(facts.authorized_key, W.world.automaker.public_key, LK_POINT_LEN);
    assert_int_equal(facts.option1, 0x03);
    assert_int_equal(facts.option2, 0x81);
    assert_true(lk_bytes_equal(facts.slot, lk_bytes(W.slots[0], LK_SLOT_LEN)));
    assert_memory_equal(facts.not_before.at, TEST_SHARE_FROM, LK_DATE_LEN);
    assert_memory_equal(facts.not_after.at, TEST_SHARE_TO, LK_DATE_LEN);
    const struct lk_pass *pass = test_sharing_pass();
    assert_int_equal(pass->state, LK_PASS_INVITED);
    assert_int_equal(pass->role, 2);
    assert_int_equal(pass->profile, 1);
    assert_memory_equal(pass->not_before, TEST_SHARE_FROM, LK_DATE_LEN);
    assert_memory_equal(pass->not_after, TEST_SHARE_TO, LK_DATE_LEN);
    assert_memory_equal(pass->vehicle_id, W.world.vehicle_id, 8);
    assert_memory_equal(pass->public_key, h.public_key, LK_POINT_LEN);
    assert_string_equal(pass->name, "Ann's car");
    assert_memory_equal(test_sharing_of_friend()->friend_key_id, pass->key_id, LK_KEY_ID_LEN);
    assert_int_equal(W.friend.applet.endpoints[0].state, LK_ENDPOINT_INVITED);
}

static int has(const void *where, size_t len, const void *what, size_t what_len)
{
    for (size_t i = 0; i + what_len <= len; i++) {
        if (memcmp((const uint8_t *)where + i, what, what_len) == 0)
            return 1;
    }
    return 0;
}

/* FF11 carries F, E and H, FF12 the attestation; what the wallet shows has none of it. */
static void M81_M83_the_log_shows_it_the_pass_does_not(void **state)
{
    struct lk_share_signing msg;
    struct lk_share_import import;
    static uint8_t second[LK_SHARE_BLOB_MAX];

    (void)state;
    assert_int_equal(test_sharing_run(), LK_OK);
    assert_int_equal(lk_share_signing_parse(test_sharing_open(&W.signing, plain), &msg), LK_OK);
    assert_true(lk_bytes_equal(msg.f, test_ca_bytes(&W.other.f)));
    assert_true(lk_bytes_equal(msg.e, test_ca_bytes(&W.friend.e)));
    assert_int_equal(lk_share_import_parse(test_sharing_open(&W.import, second), &import), LK_OK);
    const struct lk_pass *pass = test_sharing_pass();
    assert_false(has(pass, sizeof *pass, msg.f.at + 20, 16));
    assert_false(has(pass, sizeof *pass, msg.e.at + 20, 16));
    assert_false(has(pass, sizeof *pass, import.signature.at, 16));
    assert_false(has(pass, sizeof *pass, import.share.random.at, 16));
    const struct lk_sharing *sharing = test_sharing_of_friend();
    assert_false(has(sharing, sizeof *sharing, msg.e.at + 20, 16));
    assert_false(has(sharing, sizeof *sharing, import.signature.at, 16));
}

/* The wallet follows the car's word, not the element's state alone. */
static void the_first_tap_makes_it_active(void **state)
{
    enum lk_status last = LK_INTERNAL;
    struct lk_applet_notice *notice = &W.friend.applet.notice;

    (void)state;
    assert_int_equal(test_sharing_run(), LK_OK);
    memset(notice, 0, sizeof *notice);
    notice->status = LK_OK;
    notice->control_p1 = LK_CONTROL_DONE;
    assert_int_equal(lk_device_refresh(&W.friend.device, &last), LK_OK); /* of no key */
    assert_int_equal(test_sharing_pass()->state, LK_PASS_SHARED);
    memcpy(notice->endpoint_id, test_sharing_pass()->endpoint_id, 8);
    notice->control_p1 = 0xff;
    assert_int_equal(lk_device_refresh(&W.friend.device, &last), LK_OK); /* not done */
    assert_int_equal(test_sharing_pass()->state, LK_PASS_SHARED);
    notice->control_p1 = LK_CONTROL_DONE;
    notice->status = LK_PEER_ABORTED;
    assert_int_equal(lk_device_refresh(&W.friend.device, &last), LK_OK); /* not good */
    assert_int_equal(test_sharing_pass()->state, LK_PASS_SHARED);
    notice->status = LK_OK;
    assert_int_equal(lk_device_refresh(&W.friend.device, &last), LK_OK);
    assert_int_equal(test_sharing_pass()->state, LK_PASS_ACTIVE);
    test_phone_restart_host(&W.friend);
    assert_int_equal(test_sharing_pass()->state, LK_PASS_ACTIVE);
    assert_int_equal(test_sharing_pass()->profile, 1);
}

/* Eight slots, one sharing each; then there is none, and an ended one gives its slot back. */
static void owner_without_spare_slots(void **state)
{
    struct lk_sharing before;

    (void)state;
    for (size_t i = 0; i < LK_NUM_SPARES; i++) {
        if (i == LK_APPLET_NUM_CONSENTS) /* the element keeps no more at once */
            assert_int_equal(test_sharing_invite(), LK_CALLER_FULL);
        if (i >= LK_APPLET_NUM_CONSENTS)
            memset(W.owner.applet.consents, 0, sizeof W.owner.applet.consents);
        assert_int_equal(test_sharing_invite(), LK_OK);
        assert_int_equal(test_sharing_of_owner()->spare, i);
        if (i == 4)
            before = *test_sharing_of_owner();
    }
    memset(W.owner.applet.consents, 0, sizeof W.owner.applet.consents);
    assert_int_equal(test_sharing_invite(), LK_SHARE_NO_SLOT);
    assert_int_equal(lk_device_share_cancel(&W.owner.device, 4, &W.last), LK_OK);
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_of_owner()->spare, before.spare);
    /* A mailbox that the car has never filled, or has emptied. */
    assert_int_equal(lk_mailbox_load(&W.owner.applet, 0), LK_OK);
    memset(W.owner.applet.mailbox + LK_AT_VEHICLE_DATA, 0, LK_VEHICLE_DATA_LEN);
    assert_int_equal(lk_mailbox_store(&W.owner.applet, 0), LK_OK);
    assert_int_equal(lk_device_share_cancel(&W.owner.device, 3, &W.last), LK_OK);
    assert_int_equal(test_sharing_invite(), LK_SHARE_NO_SLOT);
}

/* --- the plan --- */

static void a_plan_that_is_none(void **state)
{
    static const struct {
        const char *what, *name, *password, *pin;
        uint8_t activation;
    } bad[] = {
        {"no name", NULL, NULL, NULL, 0},
        {"empty", "", NULL, NULL, 0},
        {"31 bytes", "0123456789012345678901234567890", NULL, NULL, 0},
        {"control", "a\nb", NULL, NULL, 0},
        {"unasked password", "a", "1234", NULL, 0},
        {"no password", "a", NULL, NULL, LK_ACTIVATE_PASSWORD},
        {"short password", "a", "123", NULL, LK_ACTIVATE_PASSWORD},
        {"long password", "a", "12345678901234567", NULL, LK_ACTIVATE_PASSWORD},
        {"short pin", "a", NULL, "12345", 0},
        {"long pin", "a", NULL, "1234567890123", 0},
        {"no digits", "a", NULL, "12345a", 0},
        {"unknown activation", "a", NULL, NULL, 0x08},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        W.plan.name = bad[i].name;
        W.plan.password = bad[i].password;
        W.plan.pin = bad[i].pin;
        W.plan.activation = bad[i].activation;
        if (test_sharing_invite() != LK_CALLER_ARGUMENT)
            fail_msg("%s", bad[i].what);
    }
    W.plan.activation = 0;
    W.plan.limits.power_percent = 101;
    assert_int_equal(test_sharing_invite(), LK_CALLER_ARGUMENT);
    assert_int_equal(test_sharing_has_spare(0), 1);
    assert_null(test_sharing_of_owner());
}

static enum lk_status plan_with(const char *from, const char *to, const char *redeem)
{
    memcpy(W.plan.not_before, from, LK_DATE_LEN);
    memcpy(W.plan.not_after, to, LK_DATE_LEN);
    memcpy(W.plan.redeem_by, redeem, LK_DATE_LEN);
    return test_sharing_invite();
}

static void dates_and_level_of_a_plan(void **state)
{
    (void)state;
    assert_int_equal(plan_with(TEST_SHARE_TO, TEST_SHARE_FROM, TEST_SHARE_REDEEM), LK_SHARE_DATES);
    assert_int_equal(plan_with(TEST_SHARE_FROM, TEST_SHARE_FROM, TEST_SHARE_REDEEM),
                     LK_SHARE_DATES);
    assert_int_equal(plan_with("20260230000000Z", TEST_SHARE_TO, TEST_SHARE_REDEEM),
                     LK_SHARE_DATES);
    assert_int_equal(plan_with("20250101000000Z", TEST_SHARE_NOW, TEST_SHARE_REDEEM),
                     LK_SHARE_DATES);
    assert_int_equal(plan_with(TEST_SHARE_FROM, TEST_SHARE_TO, TEST_SHARE_NOW),
                     LK_SHARE_REDEEM_BY);
    assert_int_equal(plan_with(TEST_SHARE_FROM, TEST_SHARE_TO, "20260331120001Z"),
                     LK_SHARE_REDEEM_BY);
    W.now.is_known = 0;
    assert_int_equal(plan_with(TEST_SHARE_FROM, TEST_SHARE_TO, TEST_SHARE_REDEEM),
                     LK_CALLER_ARGUMENT);
    W.now.is_known = 1;
    W.plan.profile = 0x77;
    assert_int_equal(test_sharing_invite(), LK_SHARE_PROFILE);
    W.plan.profile = 1;
    assert_int_equal(plan_with(TEST_SHARE_FROM, TEST_SHARE_TO, "20260331120000Z"), LK_OK);
}

static void only_an_owner_in_use_shares(void **state)
{
    size_t index = 0;

    (void)state;
    assert_int_equal(test_sharing_run(), LK_OK);
    assert_int_equal(lk_device_share(&W.friend.device, 0, &W.plan, &W.now, 0, &index, &W.secret,
                                     &W.last),
                     LK_SHARE_NOT_OWNER);
    assert_int_equal(lk_device_share(&W.owner.device, 5, &W.plan, &W.now, 0, &index, &W.secret,
                                     &W.last),
                     LK_CALLER_NOT_FOUND);
    assert_int_equal(lk_device_lock(&W.owner.device, 0, 1), LK_OK);
    assert_int_equal(test_sharing_invite(), LK_KEY_LOCKED);
    assert_int_equal(lk_device_lock(&W.owner.device, 0, 0), LK_OK);
    assert_int_equal(lk_device_enter_password(&W.owner.device, "11112222", W.owner.now_ms), LK_OK);
    assert_true(test_car_select(&W.car, &W.owner));
    assert_true(test_car_request(&W.car, &W.owner));
    assert_int_equal(test_sharing_invite(), LK_CALLER_STATE); /* a pairing runs */
    lk_device_cancel_pairing(&W.owner.device);
    assert_int_equal(lk_device_remove(&W.owner.device, 0), LK_OK);
    assert_int_equal(test_sharing_invite(), LK_KEY_TERMINATED);
}

/* SH18: the user, fresh, for exactly these rights; once. Express Mode makes no difference. */
static void SH18_no_start_without_the_user(void **state)
{
    size_t index = 99;

    (void)state;
    assert_int_equal(lk_device_set_express(&W.owner.device, 1), LK_OK);
    assert_int_equal(lk_device_share(&W.owner.device, 0, &W.plan, &W.now, W.owner.now_ms, &index,
                                     &W.secret, &W.invitation),
                     LK_NEEDS_USER_AUTH);
    assert_int_equal(index, 99);
    assert_int_equal(W.invitation.len, 0);
    assert_true(lk_is_zero(&W.secret, sizeof W.secret));
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(lk_device_share(&W.owner.device, 0, &W.plan, &W.now, W.owner.now_ms, &index,
                                     &W.secret, &W.last),
                     LK_NEEDS_USER_AUTH); /* it was spent */
    assert_int_equal(lk_device_authenticate_user(&W.owner.device), LK_OK);
    W.owner.now_ms += 61000;
    assert_int_equal(lk_device_share(&W.owner.device, 0, &W.plan, &W.now, W.owner.now_ms, &index,
                                     &W.secret, &W.last),
                     LK_NEEDS_USER_AUTH); /* too old */
    assert_int_equal(W.last.len, 0);
}

static enum lk_status stuck(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0x55, len);
    return LK_OK;
}

/* SH19: a generator that repeats itself, or fails, gives no secret. */
static void SH19_weak_generator_refuses(void **state)
{
    struct lk_crypto_port *port = &W.owner.host.spy.port;
    struct lk_crypto_port honest = *port;

    (void)state;
    assert_int_equal(lk_device_authenticate_user(&W.owner.device), LK_OK);
    port->random = stuck;
    assert_int_equal(test_sharing_invite(), LK_PORT_RANDOM);
    assert_true(lk_is_zero(&W.secret, sizeof W.secret));
    assert_null(test_sharing_of_owner());
    assert_int_equal(W.owner.applet.consents[0].until_ms, 0);
    *port = honest;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_false(lk_is_zero(&W.secret, sizeof W.secret));
}

/* --- PIN and password --- */

static enum lk_status answer_pin(const char *pin)
{
    struct lk_share_out question = W.last;

    LK_TRY(test_sharing_take(&W.friend, &question));
    LK_TRY(lk_device_share_pin(&W.friend.device, W.at_friend, pin, &W.last));
    question = W.last;
    W.last.len = 0;
    return test_sharing_take(&W.owner, &question);
}

static void begin_with_pin(void)
{
    W.plan.pin = TEST_SHARE_PIN;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(test_sharing_take(&W.owner, &W.signing), LK_OK);
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_PIN);
}

static void S18_pin(void **state)
{
    (void)state;
    begin_with_pin();
    assert_int_equal(test_sharing_has_spare(0), 1); /* nothing is signed yet */
    assert_int_equal(lk_device_share_pin(&W.friend.device, W.at_friend, TEST_SHARE_PIN, &W.import),
                     LK_CALLER_STATE); /* not asked yet */
    test_phone_restart_host(&W.owner);
    test_phone_restart_host(&W.friend);
    assert_int_equal(answer_pin(TEST_SHARE_PIN), LK_OK);
    W.import = W.last;
    test_phone_restart_host(&W.friend);
    assert_int_equal(test_sharing_import(), LK_OK);
    is_done();
}

static void S18_pin_asked_again(void **state)
{
    (void)state;
    begin_with_pin();
    assert_int_equal(answer_pin("271829"), LK_SHARE_PIN);
    assert_int_equal(test_sharing_of_owner()->tries_left, LK_PIN_TRIES - 1);
    assert_int_not_equal(W.last.len, 0);
    struct lk_share_out question = W.last;
    assert_int_equal(test_sharing_take(&W.friend, &question), LK_OK);
    assert_int_equal(test_sharing_of_friend()->tries_left, LK_PIN_TRIES - 1);
    assert_int_equal(lk_device_share_pin(&W.friend.device, W.at_friend, "12345", &W.last),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(lk_device_share_pin(&W.friend.device, W.at_friend, "12345x", &W.last),
                     LK_CALLER_ARGUMENT);
    assert_int_equal(
        lk_device_share_pin(&W.friend.device, W.at_friend, TEST_SHARE_PIN, &W.last), LK_OK);
    question = W.last;
    assert_int_equal(test_sharing_take(&W.owner, &question), LK_OK);
    W.import = W.last;
    assert_int_equal(test_sharing_import(), LK_OK);
    is_done();
}

/* SH5: five tries in all, counted before they are looked at, restarts in between; then it is over
 * on both phones. */
static void SH5_five_tries(void **state)
{
    (void)state;
    begin_with_pin();
    for (unsigned i = 1; i <= LK_PIN_TRIES; i++) {
        assert_int_equal(answer_pin("999999"), LK_SHARE_PIN);
        assert_int_equal(test_sharing_of_owner()->tries_left, LK_PIN_TRIES - i);
        test_phone_restart_host(&W.owner);
        assert_int_equal(test_sharing_of_owner()->tries_left, LK_PIN_TRIES - i);
    }
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_ENDED);
    assert_int_equal(test_sharing_of_owner()->status, LK_SHARE_PIN);
    struct lk_share_out cancel = W.last;
    assert_int_equal(test_sharing_take(&W.friend, &cancel), LK_OK);
    assert_int_equal(test_sharing_of_friend()->status, LK_SHARE_PIN);
    assert_int_equal(test_sharing_sign(), LK_SHARE_PIN);
    is_gone();
    assert_int_equal(W.owner.applet.consents[0].until_ms, 0);
}

/* The journal fails at each write between the answer and the next question. Once it has taken the
 * try, the try is gone, though the question never left: nobody learns by a power cut for free. */
static void SH5_the_try_is_spent_first(void **state)
{
    unsigned num_spent = 0;
    enum lk_status status = LK_PORT_STORE;

    (void)state;
    begin_with_pin();
    struct lk_share_out question = W.last;
    assert_int_equal(test_sharing_take(&W.friend, &question), LK_OK);
    assert_int_equal(lk_device_share_pin(&W.friend.device, W.at_friend, "999999", &W.last), LK_OK);
    struct lk_share_out wrong = W.last;
    for (uint32_t at = 1; status == LK_PORT_STORE; at++) {
        struct lk_sharing before = *test_sharing_of_owner();
        const struct lk_sharing *after;

        if (before.tries_left == 1) /* the last one would end it */
            break;
        W.owner.host.flash.writes = 0;
        W.owner.host.flash.fail_at = at;
        status = test_sharing_take(&W.owner, &wrong);
        W.owner.host.flash.fail_at = 0;
        test_phone_restart_host(&W.owner);
        after = test_sharing_of_owner();
        if (status == LK_PORT_STORE && after->sequence != before.sequence)
            break; /* the last step of the last commit failed, and it stands */
        if (status == LK_PORT_STORE)
            num_spent += after->tries_left == before.tries_left - 1;
    }
    assert_true(num_spent > 0);
    assert_int_not_equal(test_sharing_of_owner()->tries_left, LK_PIN_TRIES);
    if (status == LK_SHARE_PIN) /* it was answered: not twice */
        assert_int_equal(test_sharing_take(&W.owner, &wrong), LK_SHARE_SESSION);
}

/* The password reaches the car as a MAC under the key that the car gave the owner; the friend's
 * phone has no way to try passwords. */
static void the_password_is_a_mac(void **state)
{
    struct lk_share_creation msg;
    struct lk_share_key key;
    uint8_t mac[16];

    (void)state;
    W.plan.activation = LK_ACTIVATE_PASSWORD | LK_ACTIVATE_FOB;
    W.plan.password = "swordfish";
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(lk_share_creation_parse(test_sharing_open(&W.invitation, plain), &msg), LK_OK);
    assert_int_equal(msg.entitlement.activation, LK_ACTIVATE_PASSWORD | LK_ACTIVATE_FOB);
    memcpy(key.key, W.share_key, sizeof key.key);
    assert_int_equal(lk_share_password_mac(&W.crypto, &key, msg.entitlement.salt.at,
                                           lk_bytes("swordfish", 9), mac),
                     LK_OK);
    assert_memory_equal(mac, msg.entitlement.mac.at, 16);
    assert_false(has(plain, W.invitation.len, "swordfish", 9));
    assert_int_equal(test_flash_find(&W.owner.host.flash, (const uint8_t *)"swordfish", 9), 0);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(test_sharing_sign(), LK_OK);
    assert_int_equal(test_sharing_import(), LK_OK);
    is_done();
}

/* Secret and PIN are never in the flash in the clear, nor in RAM when the sharing is over. */
static void M33_secrets_are_wrapped_and_wiped(void **state)
{
    struct lk_share_secret secret;

    (void)state;
    begin_with_pin();
    secret = W.secret;
    assert_int_equal(test_flash_find(&W.owner.host.flash, secret.key, 16), 0);
    assert_int_equal(test_flash_find(&W.friend.host.flash, secret.key, 16), 0);
    assert_int_equal(test_flash_find(&W.owner.host.flash, (const uint8_t *)TEST_SHARE_PIN, 6), 0);
    assert_false(has(&W.owner.device, sizeof W.owner.device, TEST_SHARE_PIN, 6));
    assert_int_equal(answer_pin(TEST_SHARE_PIN), LK_OK);
    W.import = W.last;
    assert_int_equal(test_sharing_import(), LK_OK);
    assert_false(has(&W.owner.device, sizeof W.owner.device, secret.key, 16));
    assert_false(has(&W.friend.device, sizeof W.friend.device, secret.key, 16));
}

/* --- order, replay, other sessions --- */

static void SH9_redeem_twice(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_SHARE_REDEEMED);
    test_phone_restart_host(&W.friend);
    assert_int_equal(test_sharing_accept(), LK_SHARE_REDEEMED);
    assert_int_equal(test_phone_num_endpoints(&W.friend), 1);
    assert_int_equal(test_sharing_sign(), LK_OK);
    assert_int_equal(test_sharing_import(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_SHARE_REDEEMED);
    is_done();
}

/* A forwarded link: a second phone answers too. The first to come is signed, the other is not, and
 * the owner sees whose key it was. */
static void SH9_forwarded_link(void **state)
{
    static struct test_phone third;
    static struct lk_share_out late;
    size_t index = 0;

    (void)state;
    test_phone_init(&third, &W.other);
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(lk_device_share_accept(&third.device, &W.secret,
                                            lk_bytes(W.invitation.blob, W.invitation.len), &W.now,
                                            third.now_ms, &index, &late),
                     LK_OK);
    assert_int_equal(test_sharing_sign(), LK_OK);
    assert_int_equal(test_sharing_take(&W.owner, &late), LK_SHARE_REDEEMED);
    assert_memory_equal(test_sharing_of_owner()->friend_key_id, test_sharing_pass()->key_id,
                        LK_KEY_ID_LEN);
    assert_int_equal(test_sharing_take(&third, &W.import), LK_SHARE_SESSION);
    assert_int_equal(test_phone_pass(&third)->state, LK_PASS_INVITED);
    assert_int_equal(test_sharing_import(), LK_OK);
    is_done();
    test_phone_forget(&third);
}

/* Every message at every phone at every moment: in its place it is taken, else refused and nothing
 * changes. */
static void SH4_reordered_and_replayed(void **state)
{
    enum lk_status (*const steps[])(void) = {test_sharing_accept, test_sharing_sign,
                                             test_sharing_import};
    const struct lk_share_out *const messages[] = {&W.invitation, &W.signing, &W.import};

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    for (size_t step = 0; step < 3; step++) {
        for (size_t i = 0; i <= step; i++) {
            struct lk_sharing owner = *test_sharing_of_owner();
            int is_next = (step == 1 && i == 1);

            if (!is_next)
                assert_int_not_equal(test_sharing_take(&W.owner, messages[i]), LK_OK);
            assert_memory_equal(&owner, test_sharing_of_owner(), sizeof owner);
            if (step > 0 && !(step == 2 && i == 2))
                assert_int_equal(test_sharing_take(&W.friend, messages[i]), LK_SHARE_SESSION);
        }
        assert_int_equal(steps[step](), LK_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(test_sharing_take(&W.owner, messages[i]), LK_SHARE_REDEEMED);
        assert_int_equal(test_sharing_take(&W.friend, messages[i]), LK_SHARE_REDEEMED);
    }
    is_done();
}

/* SH12: the same two phones, two sharings: no message of one helps the other, not even under its
 * secret and session. */
static void SH12_mixed_sessions(void **state)
{
    static struct lk_share_out first_signing, first_invitation, mixed;
    struct lk_share_secret first;
    struct lk_share_signing msg, other;
    static uint8_t second[LK_SHARE_BLOB_MAX], built[LK_SHARE_BLOB_MAX];
    struct lk_wr wr;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    first = W.secret;
    first_signing = W.signing;
    first_invitation = W.invitation;
    assert_int_equal(lk_share_signing_parse(test_sharing_open(&first_signing, plain), &msg), LK_OK);
    assert_int_equal(test_sharing_invite(), LK_OK);
    /* The secret of one does not open the other. */
    assert_int_equal(lk_device_share_accept(&W.friend.device, &first,
                                            lk_bytes(W.invitation.blob, W.invitation.len), &W.now,
                                            0, &W.at_friend, &W.last),
                     LK_SHARE_SECRET);
    /* A session that is not its own, in the clear part. */
    mixed = W.invitation;
    memcpy(mixed.blob + 1, first_invitation.blob + 1, 16);
    assert_int_equal(test_sharing_take(&W.owner, &mixed), LK_SHARE_SECRET);
    assert_int_equal(test_sharing_accept(), LK_OK);
    /* The first friend key, under the second sharing's header, secret and session. */
    assert_int_equal(lk_share_signing_parse(test_sharing_open(&W.signing, second), &other), LK_OK);
    struct lk_share_header header = other.header;
    other = msg;
    other.header = header;
    lk_wr_init(&wr, built, sizeof built);
    lk_share_signing_write(&other, &wr);
    test_sharing_seal(lk_bytes(built, wr.len), &mixed);
    assert_int_equal(test_sharing_take(&W.owner, &mixed), LK_SHARE_SLOT);
    /* The first message as it was, sealed for the second. */
    lk_wr_init(&wr, built, sizeof built);
    lk_share_signing_write(&msg, &wr);
    test_sharing_seal(lk_bytes(built, wr.len), &mixed);
    assert_int_equal(test_sharing_take(&W.owner, &mixed), LK_SHARE_SESSION);
    assert_int_equal(test_sharing_sign(), LK_OK);
    assert_int_equal(test_sharing_has_spare(0), 1);
    assert_int_equal(test_sharing_has_spare(1), 0);
    assert_int_equal(test_sharing_import(), LK_OK);
    assert_int_equal(test_sharing_take(&W.owner, &first_signing), LK_OK);
}

/* --- ends --- */

/* SH13: either side cancels before any of the other's messages came: whoever has not signed keeps
 * slot and token, whoever was not signed for has no key. */
static void cancel_at(unsigned done, int by_owner)
{
    void *none = NULL;
    struct test_phone *from = by_owner ? &W.owner : &W.friend,
                      *to = by_owner ? &W.friend : &W.owner;

    test_sharing_fresh(&none);
    assert_int_equal(test_sharing_invite(), LK_OK);
    if (done > 0)
        assert_int_equal(test_sharing_accept(), LK_OK);
    if (done > 1)
        assert_int_equal(test_sharing_sign(), LK_OK);
    if (done > 2)
        assert_int_equal(test_sharing_import(), LK_OK);
    int is_complete = by_owner ? done > 1 : done > 2;
    enum lk_status status = lk_device_share_cancel(
        &from->device, by_owner ? W.at_owner : W.at_friend, &W.last);
    assert_int_equal(status, is_complete ? LK_SHARE_REDEEMED : LK_OK);
    if (!is_complete) {
        struct lk_share_out cancel = W.last;

        status = test_sharing_take(to, &cancel);
        if (done == 0)
            assert_int_equal(status, LK_SHARE_SESSION); /* the friend knows of nothing */
        else
            assert_int_equal(status, done > 1 ? LK_SHARE_REDEEMED : LK_OK);
        if (by_owner || done < 2)
            is_gone();
        assert_int_equal(test_phone_num_endpoints(&W.friend), 0);
        assert_int_equal(test_phone_num_passes(&W.friend), 0);
        /* What is still on its way changes nothing any more. */
        if (done > 0 && done < 2)
            assert_int_equal(test_sharing_sign(), LK_SHARE_CANCELLED);
        if (done > 1)
            assert_int_equal(test_sharing_import(), LK_SHARE_CANCELLED);
        assert_int_equal(
            lk_device_share_cancel(&from->device, by_owner ? W.at_owner : W.at_friend, &W.last),
            LK_SHARE_CANCELLED);
        assert_int_equal(test_phone_num_endpoints(&W.friend), 0);
        assert_int_equal(W.owner.applet.consents[0].until_ms, 0);
    }
    works_again();
    test_sharing_done(&none);
}

static void SH13_cancel_at_each_step(void **state)
{
    (void)state;
    for (unsigned done = 0; done <= 3; done++) {
        cancel_at(done, 1);
        if (done > 0)
            cancel_at(done, 0);
    }
}

/* The friend cancels while the owner's question for the PIN is on its way, and the other way round:
 * the cancel crosses a message and holds. */
static void SH13_cancel_crosses_a_message(void **state)
{
    (void)state;
    begin_with_pin();
    assert_int_equal(lk_device_share_cancel(&W.friend.device, W.at_friend, &W.import), LK_OK);
    assert_int_equal(test_sharing_take(&W.owner, &W.import), LK_OK);
    assert_int_equal(test_sharing_of_owner()->status, LK_SHARE_CANCELLED);
    is_gone();
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(lk_device_share_cancel(&W.owner.device, W.at_owner, &W.import), LK_OK);
    assert_int_equal(test_sharing_sign(), LK_SHARE_CANCELLED);
    assert_int_equal(test_sharing_take(&W.friend, &W.import), LK_OK);
    is_gone();
    W.plan.pin = NULL;
    works_again();
}

/* One's own cancel does not come back as the other's. */
static void a_cancel_is_not_reflected(void **state)
{
    struct lk_share_cancel msg = {.code = LK_CANCEL_OWNER};
    static uint8_t zeros[LK_HASH_LEN];
    uint8_t built[128];
    struct lk_wr wr;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    msg.header = (struct lk_share_header){.session = lk_bytes(W.invitation.blob + 1, 16),
                                          .direction = LK_SHARE_FROM_OWNER,
                                          .previous = lk_bytes(zeros, sizeof zeros)};
    lk_wr_init(&wr, built, sizeof built);
    lk_share_cancel_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    test_sharing_seal(lk_bytes(built, wr.len), &W.last);
    struct lk_share_out forged = W.last;
    assert_int_equal(test_sharing_take(&W.owner, &forged), LK_SHARE_SESSION);
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_INVITED);
}

static void expired_invitation(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    memcpy(W.now.text, TEST_SHARE_REDEEM, LK_DATE_LEN);
    assert_int_equal(test_sharing_accept(), LK_SHARE_TIMED_OUT);
    is_gone();
    memcpy(W.now.text, "20260319235959Z", LK_DATE_LEN);
    assert_int_equal(test_sharing_accept(), LK_OK);
}

/* 48 hours on the clock of the calls. */
static void S5_forty_eight_hours(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    W.owner.now_ms += LK_TIMER_INVITATION_MS - 1;
    W.friend.now_ms += LK_TIMER_INVITATION_MS - 1;
    assert_int_equal(test_phone_tick(&W.owner), LK_OK);
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_INVITED);
    assert_int_equal(test_sharing_of_friend()->state, LK_SHARING_INVITED);
    W.owner.now_ms++;
    W.friend.now_ms++;
    assert_int_equal(test_sharing_sign(), LK_SHARE_TIMED_OUT);
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_ENDED);
    assert_int_equal(test_sharing_of_owner()->status, LK_SHARE_TIMED_OUT);
    assert_int_equal(test_sharing_of_friend()->status, LK_SHARE_TIMED_OUT);
    is_gone();
    works_again();
}

/* After a restart the clock is another: redeem-by counts, as soon as anybody says the date. */
static void S7_redeem_by_after_a_restart(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    W.owner.now_ms = W.friend.now_ms = 1000;
    test_phone_restart(&W.owner);
    test_phone_restart(&W.friend);
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    assert_int_equal(test_sharing_of_friend()->state, LK_SHARING_INVITED);
    assert_int_equal(test_phone_num_endpoints(&W.friend), 1);
    W.last = W.invitation;
    assert_int_equal(test_sharing_take(&W.friend, &W.invitation), LK_SHARE_SESSION); /* the date */
    W.friend.now_ms += 18ull * 24 * 3600 * 1000 + 12 * 3600 * 1000 - 1001;
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    assert_int_equal(test_sharing_of_friend()->state, LK_SHARING_INVITED);
    W.friend.now_ms += 1001;
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    assert_int_equal(test_sharing_of_friend()->status, LK_SHARE_TIMED_OUT);
    assert_int_equal(test_phone_num_endpoints(&W.friend), 0);
}

/* A restart of the host at any message loses nothing; one of the owner's element loses the consent,
 * and the sharing waits to be cancelled. */
static void a_restart_at_any_message(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    test_phone_restart_host(&W.owner);
    assert_int_equal(test_sharing_accept(), LK_OK);
    test_phone_restart(&W.friend);
    assert_int_equal(test_phone_tick(&W.friend), LK_OK);
    assert_int_equal(test_sharing_sign(), LK_OK);
    test_phone_restart(&W.friend);
    assert_int_equal(test_sharing_import(), LK_OK);
    is_done();
}

static void S5_a_restart_of_the_element_ends_the_consent(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    test_phone_restart(&W.owner);
    assert_int_equal(test_sharing_sign(), LK_SHARE_CONSENT);
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_INVITED);
    assert_int_equal(test_sharing_has_spare(0), 1);
    assert_int_equal(lk_device_share_cancel(&W.owner.device, W.at_owner, &W.last), LK_OK);
    struct lk_share_out cancel = W.last;
    assert_int_equal(test_sharing_take(&W.friend, &cancel), LK_OK);
    is_gone();
    works_again();
}

static void removing_the_invited_pass_ends_it(void **state)
{
    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(lk_device_remove(&W.friend.device, 0), LK_OK);
    is_gone();
    assert_int_equal(test_sharing_of_friend()->status, LK_SHARE_CANCELLED);
    works_again();
}

/* M97: with the automaker's Instance CA everything about its cars goes. */
static void M97_sign_out_takes_sharings_along(void **state)
{
    uint8_t session[16];

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    memcpy(session, test_sharing_of_friend()->session, 16);
    assert_int_equal(lk_device_sign_out(&W.friend.device, W.world.automaker.public_key), LK_OK);
    assert_null(test_sharing_of_friend());
    assert_int_equal(test_flash_find(&W.friend.host.flash, session, 16), 0);
    assert_int_equal(test_flash_find(&W.friend.host.flash, W.world.vehicle_id, 8), 0);
    assert_int_equal(lk_device_sign_out(&W.owner.device, W.world.automaker.public_key), LK_OK);
    assert_int_equal(test_flash_find(&W.owner.host.flash, session, 16), 0);
    assert_int_equal(test_flash_find(&W.owner.host.flash, W.world.vehicle_id, 8), 0);
    test_phone_restart(&W.friend);
    assert_null(test_sharing_of_friend());
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_sharing_fresh, test_sharing_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(M101_share_across_makers),
        cmocka_unit_test_setup_teardown(M101_share_across_makers, test_sharing_fresh_swapped,
                                        test_sharing_done),
        T(M79_invitation_names_level_and_car),
        T(M80_friend_key_is_what_was_invited),
        T(M81_M83_the_log_shows_it_the_pass_does_not),
        T(the_first_tap_makes_it_active),
        T(owner_without_spare_slots),
        T(a_plan_that_is_none),
        T(dates_and_level_of_a_plan),
        T(only_an_owner_in_use_shares),
        T(SH18_no_start_without_the_user),
        T(SH19_weak_generator_refuses),
        T(S18_pin),
        T(S18_pin_asked_again),
        T(SH5_five_tries),
        T(SH5_the_try_is_spent_first),
        T(the_password_is_a_mac),
        T(M33_secrets_are_wrapped_and_wiped),
        T(SH9_redeem_twice),
        T(SH9_forwarded_link),
        T(SH4_reordered_and_replayed),
        T(SH12_mixed_sessions),
        cmocka_unit_test(SH13_cancel_at_each_step),
        T(SH13_cancel_crosses_a_message),
        T(a_cancel_is_not_reflected),
        T(expired_invitation),
        T(S5_forty_eight_hours),
        T(S7_redeem_by_after_a_restart),
        T(a_restart_at_any_message),
        T(S5_a_restart_of_the_element_ends_the_consent),
        T(removing_the_invited_pass_ends_it),
        T(M97_sign_out_takes_sharings_along),
    };

    return cmocka_run_group_tests(tests, test_sharing_begin, test_sharing_end);
}
