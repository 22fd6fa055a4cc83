/* sharing_world.c: see sharing_world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/sharing_world.h"

#include "applet/applet.h"

#define PASSWORD "31415926"
#define W test_sharing

struct test_sharing test_sharing;

/* Another device maker under the same automaker: D and F of its own. */
static void make_other(void)
{
    const struct lk_bytes none = {NULL, 0};
    struct test_ca_world *other = &W.other;

    *other = W.world;
    assert_int_equal(test_ca_key_make(&W.crypto, &other->device_maker), LK_OK);
    assert_int_equal(test_ca_issue(&W.crypto, LK_ROLE_DEVICE_OEM_CA, "Other Device Maker",
                                   &other->device_maker, NULL, NULL, none, &other->d),
                     LK_OK);
    assert_int_equal(test_ca_issue(&W.crypto, LK_ROLE_EXTERNAL_CA, "Other Device Maker",
                                   &other->device_maker, &other->j, &other->automaker, none,
                                   &other->f),
                     LK_OK);
}

int test_sharing_begin(void **state)
{
    static const uint8_t vehicle_id[8] = {0, 0, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6};

    (void)state;
    W.provider = lk_openssl_new((const uint8_t[32]){1});
    assert_non_null(W.provider);
    assert_int_equal(lk_crypto_init(&W.crypto, lk_openssl_port(W.provider)), LK_OK);
    assert_int_equal(test_ca_world_init(&W.crypto, vehicle_id, &W.world), LK_OK);
    make_other();
    return 0;
}

int test_sharing_end(void **state)
{
    (void)state;
    lk_key_free(&W.crypto, &W.other.device_maker.key);
    test_ca_world_forget(&W.world);
    lk_crypto_forget(&W.crypto);
    lk_openssl_free(&W.provider);
    return 0;
}

/* What the car writes in phase 3, put where it would lie (D28). */
static void fill(void)
{
    struct lk_applet *applet = &W.owner.applet;
    struct lk_vehicle_data data = {7, lk_bytes(W.share_key, sizeof W.share_key)};
    uint8_t *mailbox = applet->mailbox;
    struct lk_wr wr;

    assert_int_equal(lk_mailbox_load(applet, 0), LK_OK);
    memset(W.share_key, 0x5a, sizeof W.share_key);
    mailbox[LK_AT_SLOT_BITMAP] = 0xff;
    for (size_t i = 0; i < LK_NUM_SPARES; i++) {
        W.slots[i][0] = 0x70;
        W.slots[i][1] = (uint8_t)i;
        memcpy(mailbox + LK_AT_SLOT_LIST + LK_SLOT_LEN * i, W.slots[i], LK_SLOT_LEN);
    }
    lk_wr_init(&wr, mailbox + LK_AT_VEHICLE_DATA, LK_VEHICLE_DATA_LEN);
    lk_vehicle_data_write(&data, &wr);
    assert_int_equal(wr.fault, LK_OK);
    for (size_t i = 0; i < 9; i++)
        memset(W.tokens[i], (int)(0xa0 + i), LK_TOKEN_LEN);
    memcpy(mailbox + LK_PRIVATE_MAILBOX_MAX, W.tokens, sizeof W.tokens);
    assert_int_equal(lk_mailbox_store(applet, 0), LK_OK);
}

static void make_plan(void)
{
    memset(&W.plan, 0, sizeof W.plan);
    W.plan.profile = 1;
    memcpy(W.plan.not_before, TEST_SHARE_FROM, LK_DATE_LEN);
    memcpy(W.plan.not_after, TEST_SHARE_TO, LK_DATE_LEN);
    memcpy(W.plan.redeem_by, TEST_SHARE_REDEEM, LK_DATE_LEN);
    W.plan.name = "Ann's car";
    W.now.is_known = 1;
    memcpy(W.now.text, TEST_SHARE_NOW, LK_DATE_LEN);
}

static void start(struct test_ca_world *of_owner, struct test_ca_world *of_friend)
{
    enum lk_status last = LK_INTERNAL;

    test_phone_init(&W.owner, of_owner);
    test_phone_init(&W.friend, of_friend);
    assert_int_equal(lk_device_enter_password(&W.owner.device, PASSWORD, W.owner.now_ms), LK_OK);
    test_car_init(&W.car, &W.crypto, of_owner, PASSWORD);
    assert_true(test_car_pair(&W.car, &W.owner));
    test_car_reset(&W.owner);
    assert_true(test_car_tap(&W.car, &W.owner));
    assert_int_equal(lk_device_refresh(&W.owner.device, &last), LK_OK);
    assert_int_equal(lk_device_pass_at(&W.owner.device, 0)->state, LK_PASS_ACTIVE);
    fill();
    make_plan();
    memset(&W.secret, 0, sizeof W.secret);
    W.at_owner = W.at_friend = LK_DEVICE_NUM_SHARINGS;
    W.invitation.len = W.signing.len = W.import.len = W.last.len = 0;
}

int test_sharing_fresh(void **state)
{
    (void)state;
    start(&W.world, &W.other);
    return 0;
}

int test_sharing_fresh_swapped(void **state)
{
    (void)state;
    start(&W.other, &W.world);
    return 0;
}

int test_sharing_done(void **state)
{
    (void)state;
    test_phone_forget(&W.owner);
    test_phone_forget(&W.friend);
    return 0;
}

/* --- steps --- */

enum lk_status test_sharing_invite(void)
{
    LK_TRY(lk_device_authenticate_user(&W.owner.device));
    return lk_device_share(&W.owner.device, 0, &W.plan, &W.now, W.owner.now_ms, &W.at_owner,
                           &W.secret, &W.invitation);
}

enum lk_status test_sharing_accept(void)
{
    return lk_device_share_accept(&W.friend.device, &W.secret,
                                  lk_bytes(W.invitation.blob, W.invitation.len), &W.now,
                                  W.friend.now_ms, &W.at_friend, &W.signing);
}

enum lk_status test_sharing_sign(void)
{
    size_t index = 0;

    return lk_device_share_take(&W.owner.device, lk_bytes(W.signing.blob, W.signing.len), &W.now,
                                W.owner.now_ms, &index, &W.import);
}

enum lk_status test_sharing_import(void)
{
    return test_sharing_take(&W.friend, &W.import);
}

enum lk_status test_sharing_run(void)
{
    LK_TRY(test_sharing_invite());
    LK_TRY(test_sharing_accept());
    LK_TRY(test_sharing_sign());
    return test_sharing_import();
}

enum lk_status test_sharing_take(struct test_phone *phone, const struct lk_share_out *blob)
{
    size_t index = 0;

    return lk_device_share_take(&phone->device, lk_bytes(blob->blob, blob->len), &W.now,
                                phone->now_ms, &index, &W.last);
}

/* --- what there is --- */

const struct lk_sharing *test_sharing_of_owner(void)
{
    return lk_device_sharing_at(&W.owner.device, W.at_owner);
}

const struct lk_sharing *test_sharing_of_friend(void)
{
    return lk_device_sharing_at(&W.friend.device, W.at_friend);
}

const struct lk_pass *test_sharing_pass(void)
{
    return test_phone_pass(&W.friend);
}

int test_sharing_has_spare(size_t i)
{
    static uint8_t image[LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX];
    const uint8_t *token = image + LK_PRIVATE_MAILBOX_MAX + LK_TOKEN_LEN * (i + 1);
    int bit;

    assert_int_equal(lk_record_read_mailboxes(&W.owner.applet, 0, image), LK_OK);
    bit = (image[LK_AT_SLOT_BITMAP] >> i) & 1;
    if (bit && memcmp(token, W.tokens[i + 1], LK_TOKEN_LEN) == 0)
        return 1;
    return !bit && lk_is_zero(token, LK_TOKEN_LEN) ? 0 : -1;
}

struct lk_bytes test_sharing_open(const struct lk_share_out *blob, uint8_t plain[LK_SHARE_BLOB_MAX])
{
    assert_int_equal(
        lk_share_open(&W.crypto, &W.secret, lk_bytes(blob->blob, blob->len), plain), LK_OK);
    return lk_bytes(plain, blob->len - LK_SHARE_OVERHEAD);
}

void test_sharing_seal(struct lk_bytes plain, struct lk_share_out *out)
{
    assert_int_equal(lk_share_seal(&W.crypto, &W.secret, W.invitation.blob + 1, plain, out->blob),
                     LK_OK);
    out->len = plain.len + LK_SHARE_OVERHEAD;
}
