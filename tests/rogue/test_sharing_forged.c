/* test_sharing_forged.c: whoever holds the secret of a link may seal anything: every bit of every
 * message, every field of FF10, FF11 and FF12. Each lie is refused with a status of its own; no key
 * is stored, the owner's slot, token and consent stay, and the true message is still taken. Mission
 * M82; attacks SH4, SH10, PK8, EX8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/sharing_world.h"
#include "tlv/tlv.h"

#define W test_sharing

static uint8_t plain[LK_SHARE_BLOB_MAX], built[LK_SHARE_BLOB_MAX];
static struct lk_share_out forged;

/* What came of a forged message at whoever got it. */
typedef enum lk_status taker(void);

static enum lk_status accept_forged(void)
{
    size_t index = 0;

    return lk_device_share_accept(&W.friend.device, &W.secret, lk_bytes(forged.blob, forged.len),
                                  &W.now, W.friend.now_ms, &index, &W.last);
}

static enum lk_status sign_forged(void)
{
    return test_sharing_take(&W.owner, &forged);
}

static enum lk_status import_forged(void)
{
    return test_sharing_take(&W.friend, &forged);
}

/* --- nothing has changed --- */

static void no_key(void)
{
    assert_int_equal(test_phone_num_passes(&W.friend), 0);
    assert_int_equal(test_phone_num_endpoints(&W.friend), 0);
    assert_null(lk_device_sharing_at(&W.friend.device, 0));
}

static void not_signed(void)
{
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_INVITED);
    assert_int_equal(test_sharing_of_owner()->sequence, 1);
    assert_true(lk_is_zero(test_sharing_of_owner()->friend_key_id, LK_KEY_ID_LEN));
    assert_int_equal(test_sharing_has_spare(0), 1);
    assert_int_not_equal(W.owner.applet.consents[0].until_ms, 0);
}

static void not_stored(void)
{
    assert_int_equal(test_sharing_of_friend()->state, LK_SHARING_INVITED);
    assert_int_equal(test_sharing_of_friend()->sequence, 2);
    assert_int_equal(test_sharing_pass()->state, LK_PASS_INVITED);
    assert_int_equal(W.friend.applet.endpoints[0].state, LK_ENDPOINT_INVITED);
}

/* --- every bit, and every part of the outer structure --- */

struct stage {
    const struct lk_share_out *message;
    taker *take;
    void (*unchanged)(void);
    enum lk_status (*honest)(void);
};
static const struct stage stages[] = {
    {&W.invitation, accept_forged, no_key, test_sharing_accept},
    {&W.signing, sign_forged, not_signed, test_sharing_sign},
    {&W.import, import_forged, not_stored, test_sharing_import},
};
#define NUM_STAGES (sizeof stages / sizeof stages[0])

static void SH4_every_bit_of_every_message(void **state)
{
    size_t num = 0;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    for (size_t s = 0; s < NUM_STAGES; s++) {
        forged = *stages[s].message;
        for (size_t bit = 0; bit < 8 * forged.len; bit++, num++) {
            enum lk_status status;

            forged.blob[bit / 8] ^= (uint8_t)(1 << (bit % 8));
            status = stages[s].take();
            forged.blob[bit / 8] ^= (uint8_t)(1 << (bit % 8));
            if (bit < 8)
                assert_int_equal(status, LK_PEER_VERSION);
            else if (bit < 8 * 17 && s > 0)
                assert_int_equal(status, LK_SHARE_SESSION);
            else
                assert_int_equal(status, LK_SHARE_SECRET);
        }
        for (size_t len = 0; len < stages[s].message->len; len++) {
            forged.len = len;
            assert_int_not_equal(stages[s].take(), LK_OK);
        }
        stages[s].unchanged();
        assert_int_equal(stages[s].honest(), LK_OK);
    }
    print_message("%zu bits\n", num);
}

/* The TLVs of a message, one after another. */
static size_t split(struct lk_bytes message, struct lk_bytes parts[24])
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd, inner;
    size_t num = 0;

    lk_rd_init(&rd, message, &fault);
    inner = lk_tlv_enter(&rd, lk_share_kind(message));
    while (inner.left > 0) {
        struct lk_bytes rest = {inner.at, inner.left};
        enum lk_status bad = LK_OK;

        parts[num] = lk_rd_take(&inner, lk_tlv_total(rest, &bad));
        assert_int_equal(bad, LK_OK);
        num++;
    }
    assert_int_equal(fault, LK_OK);
    return num;
}

enum surgery { DROP, DOUBLE, SWAP, FOREIGN, LONGER, NUM_SURGERIES };

static void operate(uint16_t tag, const struct lk_bytes *parts, size_t num, size_t at,
                    enum surgery how)
{
    struct lk_wr wr;
    size_t value;

    lk_wr_init(&wr, built, sizeof built - LK_SHARE_OVERHEAD);
    value = lk_tlv_begin(&wr, tag);
    for (size_t i = 0; i < num; i++) {
        size_t from = how == SWAP && i == at ? at + 1 : how == SWAP && i == at + 1 ? at : i;

        if (how == DROP && i == at)
            continue;
        if (how == FOREIGN && i == at)
            lk_tlv_put(&wr, 0xdf7f, "?", 1);
        lk_wr_bytes(&wr, parts[from]);
        if (how == DOUBLE && i == at)
            lk_wr_bytes(&wr, parts[i]);
        if (how == LONGER && i == at)
            lk_wr_u8(&wr, 0);
    }
    lk_tlv_end(&wr, value);
    assert_int_equal(wr.fault, LK_OK);
    test_sharing_seal(lk_bytes(built, wr.len), &forged);
}

/* Missing, doubled, reordered, foreign, and one byte too many, at each place of each message. The
 * name of FF10 alone may be missing. */
static void D32_missing_doubled_reordered_longer(void **state)
{
    struct lk_bytes parts[24];
    size_t num_tried = 0;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    for (size_t s = 0; s < NUM_STAGES; s++) {
        struct lk_bytes message = test_sharing_open(stages[s].message, plain);
        size_t num = split(message, parts);
        uint16_t tag = lk_share_kind(message);

        for (size_t at = 0; at < num; at++) {
            for (enum surgery how = DROP; how < NUM_SURGERIES; how++) {
                int is_name = parts[at].at[0] == 0xdf && parts[at].at[1] == 0x44;

                if ((how == SWAP && at + 1 == num) || (how == DROP && is_name))
                    continue;
                operate(tag, parts, num, at, how);
                enum lk_status status = stages[s].take();
                if (status >> 8 != 0x01)
                    fail_msg("message %zu, part %zu, surgery %d: %04x", s, at, (int)how, status);
                num_tried++;
            }
        }
        for (size_t other = 0; other < 5; other++) { /* another outer tag */
            if (LK_TAG_SHARE_CREATION + other == tag)
                continue;
            operate((uint16_t)(LK_TAG_SHARE_CREATION + other), parts, num, num, DROP);
            assert_int_not_equal(stages[s].take(), LK_OK);
        }
        stages[s].unchanged();
        assert_int_equal(stages[s].honest(), LK_OK);
    }
    print_message("%zu messages\n", num_tried);
}

/* --- FF10 --- */

struct creation {
    struct lk_share_creation msg;
    struct lk_pairing_data data;
    uint8_t car[LK_SHARE_BLOB_MAX], zeros[LK_HASH_LEN];
};
static struct creation ff10;
static uint8_t other_id[8] = {9, 9, 9, 9, 9, 9, 9, 9}, other_slot[2] = {0x70, 0x07};
static uint8_t other_hash[32] = {1}, off_curve[65] = {4, 1};
static struct test_ca_cert cert;

static struct lk_bytes date(const char *text)
{
    return lk_bytes(text, LK_DATE_LEN);
}

static void f10_vehicle(void) { ff10.msg.entitlement.vehicle_id = lk_bytes(other_id, 8); }
static void f10_creation_vehicle(void) { ff10.data.creation.vehicle_id = lk_bytes(other_id, 8); }
static void f10_both_vehicles(void)
{
    f10_vehicle();
    f10_creation_vehicle();
}
static void f10_slot(void) { ff10.msg.entitlement.slot = lk_bytes(other_slot, 2); }
static void f10_creation_slot(void) { ff10.data.creation.slot = lk_bytes(other_slot, 2); }
static void f10_later(void) { ff10.msg.entitlement.not_after = date("20270101000000Z"); }
static void f10_creation_later(void) { ff10.data.creation.not_after = date("20270101000000Z"); }
static void f10_earlier(void) { ff10.msg.entitlement.not_before = date("20250101000000Z"); }
static void f10_no_dates(void)
{
    ff10.data.creation.not_before = ff10.data.creation.not_after = lk_bytes(NULL, 0);
}
static void f10_backwards(void)
{
    ff10.msg.entitlement.not_before = ff10.data.creation.not_before = date("20270101000000Z");
}
static void f10_over(void)
{
    ff10.msg.entitlement.not_after = ff10.data.creation.not_after = date("20260301110000Z");
}
static void f10_too_late(void) { ff10.msg.entitlement.redeem_by = date("20260301110000Z"); }
static void f10_may_share(void) { ff10.data.creation.option1 |= LK_OPTION1_AUTHORIZE; }
static void f10_chain(void) { ff10.data.creation.option1 |= LK_OPTION1_CHAIN_SHARING; }
static void f10_vehicle_key(void)
{
    ff10.data.creation.vehicle_key = lk_bytes(W.world.server.public_key, 65);
}
static void f10_authorized(void)
{
    ff10.data.creation.authorized_key = lk_bytes(W.world.server.public_key, 65);
}
static void f10_forged_k(void)
{
    cert = W.world.k;
    cert.der[cert.len - 1] ^= 1;
    ff10.data.k = test_ca_bytes(&cert);
}
static void issue_k(const char *name, const struct test_ca_cert *above,
                    const struct test_ca_key *key)
{
    assert_int_equal(test_ca_issue(&W.crypto, LK_ROLE_VEHICLE, name, &W.world.vehicle, above, key,
                                   lk_bytes(NULL, 0), &cert),
                     LK_OK);
    ff10.data.k = test_ca_bytes(&cert);
}
static void f10_other_car(void)
{
    issue_k("0909090909090909", &W.world.j, &W.world.automaker);
}
static void f10_foreign_root(void)
{
    static struct test_ca_cert root;

    assert_int_equal(test_ca_issue(&W.crypto, LK_ROLE_VEHICLE_OEM_CA, "Foreign Automaker",
                                   &W.world.server, NULL, NULL, lk_bytes(NULL, 0), &root),
                     LK_OK);
    issue_k("0000A1B2C3D4E5F6", &root, &W.world.server);
}
static void f10_tokens(void) { ff10.data.creation.confidential_size = 0x0100; }
static void f10_mailbox(void) { ff10.data.creation.private_size = 0x0600; }
static void f10_no_place(void)
{
    ff10.data.map.attestations = ff10.data.map.end;
}
static void f10_name(void) { ff10.msg.name = lk_bytes("a\x1b[2J", 5); }
static void f10_session(void) { ff10.msg.header.session = lk_bytes(other_hash, 16); }
static void f10_direction(void) { ff10.msg.header.direction = LK_SHARE_FROM_FRIEND; }
static void f10_sequence(void) { ff10.msg.header.sequence = 2; }
static void f10_previous(void) { ff10.msg.header.previous = lk_bytes(other_hash, 32); }

static void seal_creation(void)
{
    struct lk_wr wr;

    lk_wr_init(&wr, ff10.car, sizeof ff10.car);
    lk_pairing_data_write(&ff10.data, &wr);
    assert_int_equal(wr.fault, LK_OK);
    ff10.msg.car = lk_bytes(ff10.car, wr.len);
    lk_wr_init(&wr, built, sizeof built - LK_SHARE_OVERHEAD);
    lk_share_creation_write(&ff10.msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    test_sharing_seal(lk_bytes(built, wr.len), &forged);
}

static void load_creation(void)
{
    assert_int_equal(
        lk_share_creation_parse(test_sharing_open(&W.invitation, plain), &ff10.msg), LK_OK);
    assert_int_equal(lk_pairing_data_parse(ff10.msg.car, &ff10.data), LK_OK);
}

static void SH10_every_field_of_the_invitation(void **state)
{
    static const struct {
        const char *what;
        void (*lie)(void);
        enum lk_status expected;
    } lies[] = {
        {"car of FF20", f10_vehicle, LK_SHARE_VEHICLE},
        {"car of 7F4A", f10_creation_vehicle, LK_CERT_MISMATCH},
        {"car of both", f10_both_vehicles, LK_CERT_MISMATCH},
        {"slot of FF20", f10_slot, LK_SHARE_SLOT},
        {"slot of 7F4A", f10_creation_slot, LK_SHARE_SLOT},
        {"later in FF20", f10_later, LK_SHARE_DATES},
        {"later in 7F4A", f10_creation_later, LK_SHARE_DATES},
        {"earlier in FF20", f10_earlier, LK_SHARE_DATES},
        {"no dates in 7F4A", f10_no_dates, LK_SHARE_DATES},
        {"dates backwards", f10_backwards, LK_SHARE_DATES},
        {"validity over", f10_over, LK_SHARE_EXPIRED},
        {"redeem-by over", f10_too_late, LK_SHARE_TIMED_OUT},
        {"may share", f10_may_share, LK_PEER_VALUE},
        {"chain sharing", f10_chain, LK_PEER_VALUE},
        {"other vehicle.PK", f10_vehicle_key, LK_CERT_MISMATCH},
        {"other authorised key", f10_authorized, LK_CERT_MISMATCH},
        {"forged K", f10_forged_k, LK_CERT_SIGNATURE},
        {"K of another car", f10_other_car, LK_CERT_MISMATCH},
        {"K of a foreign root", f10_foreign_root, LK_SHARE_AUTOMAKER},
        {"no room for tokens", f10_tokens, LK_PEER_RANGE},
        {"map outside", f10_mailbox, LK_PEER_RANGE},
        {"no place for a package", f10_no_place, LK_PEER_RANGE},
        {"a name that is none", f10_name, LK_PEER_VALUE},
        {"other session", f10_session, LK_SHARE_SESSION},
        {"other direction", f10_direction, LK_SHARE_SESSION},
        {"not the first", f10_sequence, LK_SHARE_SESSION},
        {"a history", f10_previous, LK_SHARE_SESSION},
    };

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        load_creation();
        lies[i].lie();
        seal_creation();
        enum lk_status status = accept_forged();
        if (status != lies[i].expected)
            fail_msg("%s: %04x, not %04x", lies[i].what, status, lies[i].expected);
        no_key();
    }
    load_creation();
    seal_creation(); /* the way it is made is right */
    assert_int_equal(forged.len, W.invitation.len);
    assert_int_equal(test_sharing_accept(), LK_OK);
}

/* --- FF11: a friend of our own making, with the keys of the test --- */

struct signing {
    struct test_ca_cert f, e, h;
    struct lk_endpoint_facts facts;
    struct lk_encryption_key object;
    struct lk_share_header header;
    const struct test_ca_key *endpoint, *signer; /* key of H, and who signs FF21 */
    uint8_t key_id[20], encryption_key[65], slot[2], previous[32];
};
static struct signing ff11;

static void honest_friend(void)
{
    struct lk_bytes invitation = test_sharing_open(&W.invitation, plain);

    memset(&ff11, 0, sizeof ff11);
    assert_int_equal(lk_sha256(&W.crypto, &invitation, 1, ff11.previous), LK_OK);
    memcpy(ff11.slot, W.slots[0], 2);
    ff11.f = W.world.f;
    ff11.e = W.world.e;
    ff11.facts = W.world.facts;
    ff11.facts.slot = lk_bytes(ff11.slot, 2);
    ff11.facts.option1 = 0x03;
    ff11.facts.option2 = 0x81;
    ff11.facts.not_before = date(TEST_SHARE_FROM);
    ff11.facts.not_after = date(TEST_SHARE_TO);
    ff11.endpoint = ff11.signer = &W.world.endpoint;
    memcpy(ff11.encryption_key, W.world.server.public_key, 65);
    ff11.object.vehicle_id = lk_bytes(W.world.vehicle_id, 8);
    ff11.object.key_id = lk_bytes(ff11.key_id, 20);
    ff11.object.public_key = lk_bytes(ff11.encryption_key, 65);
    ff11.header = (struct lk_share_header){.session = lk_bytes(W.invitation.blob + 1, 16),
                                           .direction = LK_SHARE_FROM_FRIEND,
                                           .sequence = 1,
                                           .previous = lk_bytes(ff11.previous, 32)};
}

static void issue_h(void)
{
    assert_int_equal(test_ca_issue_h(&W.world, &ff11.facts, ff11.endpoint, &ff11.h), LK_OK);
}

static void f11_none(void) { issue_h(); }
static void f11_forged_f(void)
{
    issue_h();
    ff11.f.der[ff11.f.len - 1] ^= 1;
}
static void f11_forged_e(void)
{
    issue_h();
    ff11.e.der[ff11.e.len - 1] ^= 1;
}
static void f11_forged_h(void)
{
    issue_h();
    ff11.h.der[ff11.h.len - 1] ^= 1;
}
static void f11_wrong_maker(void) /* F of one maker, E of another */
{
    issue_h();
    ff11.f = W.other.f;
}
static void f11_foreign_automaker(void) /* a chain whole in itself, under another root */
{
    static struct test_ca_cert root;

    issue_h();
    assert_int_equal(test_ca_issue(&W.crypto, LK_ROLE_VEHICLE_OEM_CA, "Test Automaker Root",
                                   &W.world.server, NULL, NULL, lk_bytes(NULL, 0), &root),
                     LK_OK);
    assert_int_equal(test_ca_issue(&W.crypto, LK_ROLE_EXTERNAL_CA, "Test Device Maker",
                                   &W.world.device_maker, &root, &W.world.server,
                                   lk_bytes(NULL, 0), &ff11.f),
                     LK_OK);
}
static void dated_f(const char *not_before, const char *not_after)
{
    struct lk_cert_plan plan;
    struct lk_cert above;

    issue_h();
    assert_int_equal(test_ca_plan(&W.crypto, LK_ROLE_EXTERNAL_CA, "Test Device Maker",
                                  &W.world.device_maker, &W.world.j, &W.world.automaker,
                                  lk_bytes(NULL, 0), &above, &plan),
                     LK_OK);
    plan.not_before = not_before;
    plan.not_after = not_after;
    assert_int_equal(
        lk_cert_issue(&W.crypto, &plan, ff11.f.der, sizeof ff11.f.der, &ff11.f.len), LK_OK);
}
static void f11_expired(void) { dated_f("20200101000000Z", "20260301115959Z"); }
static void f11_not_yet(void) { dated_f("20260301120001Z", "20450101000000Z"); }
static void f11_self_made_ca(void) /* N instead of E (M98) */
{
    issue_h();
    ff11.e = W.world.n;
}
static void f11_slot(void)
{
    ff11.facts.slot = lk_bytes(other_slot, 2);
    issue_h();
}
static void f11_later(void)
{
    ff11.facts.not_after = date("20270101000000Z");
    issue_h();
}
static void f11_earlier(void)
{
    ff11.facts.not_before = date("20250101000000Z");
    issue_h();
}
static void f11_no_dates(void)
{
    ff11.facts.not_before = ff11.facts.not_after = lk_bytes(NULL, 0);
    issue_h();
}
static void f11_vehicle(void)
{
    memcpy(ff11.facts.vehicle_id, other_id, 8);
    issue_h();
}
static void f11_vehicle_key(void)
{
    ff11.facts.vehicle_key = W.world.server.public_key;
    issue_h();
}
static void f11_authorized(void)
{
    ff11.facts.authorized_key = W.world.server.public_key;
    issue_h();
}
static void f11_may_share(void)
{
    ff11.facts.option1 |= LK_OPTION1_AUTHORIZE;
    issue_h();
}
static void f11_options(void)
{
    ff11.facts.option2 = 0x80;
    issue_h();
}
static void f11_mailbox(void)
{
    ff11.facts.private_size = 0x0400;
    issue_h();
}
static void f11_versions(void)
{
    ff11.facts.versions = lk_bytes("\x02\x00\x01\x00", 4);
    issue_h();
}
static void f11_own_key(void) /* H for the key of the owner itself */
{
    static struct test_ca_key key;

    key = W.world.endpoint;
    memcpy(key.public_key, lk_device_pass_at(&W.owner.device, 0)->public_key, 65);
    ff11.endpoint = &key;
    issue_h();
}
static void f11_key_vehicle(void)
{
    issue_h();
    ff11.object.vehicle_id = lk_bytes(other_id, 8);
}
static void f11_key_id(void)
{
    issue_h();
    ff11.object.key_id = lk_bytes(other_hash, 20);
}
static void f11_key_signer(void)
{
    issue_h();
    ff11.signer = &W.world.server;
}
static void f11_key_point(void)
{
    issue_h();
    memcpy(ff11.encryption_key, off_curve, 65);
}
static void f11_session(void)
{
    issue_h();
    ff11.header.session = lk_bytes(other_hash, 16);
}
static void f11_direction(void)
{
    issue_h();
    ff11.header.direction = LK_SHARE_FROM_OWNER;
}
static void f11_sequence(void)
{
    issue_h();
    ff11.header.sequence = 3;
}
static void f11_previous(void)
{
    issue_h();
    ff11.header.previous = lk_bytes(other_hash, 32);
}

static void seal_signing(void)
{
    uint8_t text[LK_ENCRYPTION_KEY_MAX], object[LK_ENCRYPTION_KEY_MAX], signature[64];
    struct lk_share_signing msg = {.header = ff11.header,
                                   .f = test_ca_bytes(&ff11.f),
                                   .e = test_ca_bytes(&ff11.e),
                                   .h = test_ca_bytes(&ff11.h)};
    struct lk_bytes part;
    struct lk_wr wr;

    assert_int_equal(lk_key_id(&W.crypto, ff11.endpoint->public_key, ff11.key_id), LK_OK);
    lk_wr_init(&wr, text, sizeof text);
    lk_encryption_key_write_signed(&ff11.object, &wr);
    part = lk_bytes(text, wr.len);
    assert_int_equal(lk_sign(&W.crypto, ff11.signer->key, &part, 1, signature), LK_OK);
    ff11.object.signature = lk_bytes(signature, 64);
    lk_wr_init(&wr, object, sizeof object);
    lk_encryption_key_write(&ff11.object, &wr);
    assert_int_equal(wr.fault, LK_OK);
    msg.encryption_key = lk_bytes(object, wr.len);
    lk_wr_init(&wr, built, sizeof built - LK_SHARE_OVERHEAD);
    lk_share_signing_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    test_sharing_seal(lk_bytes(built, wr.len), &forged);
}

static void M82_SH10_every_field_of_the_signing_request(void **state)
{
    static const struct {
        const char *what;
        void (*lie)(void);
        enum lk_status expected;
    } lies[] = {
        {"forged F", f11_forged_f, LK_CERT_SIGNATURE},
        {"forged E", f11_forged_e, LK_CERT_SIGNATURE},
        {"forged H", f11_forged_h, LK_CERT_SIGNATURE},
        {"wrong maker", f11_wrong_maker, LK_CERT_ISSUER},
        {"foreign automaker", f11_foreign_automaker, LK_CERT_AKI},
        {"expired", f11_expired, LK_CERT_EXPIRED},
        {"not valid yet", f11_not_yet, LK_CERT_NOT_YET},
        {"self-made Instance CA", f11_self_made_ca, LK_CERT_ROLE},
        {"slot", f11_slot, LK_SHARE_SLOT},
        {"later", f11_later, LK_SHARE_DATES},
        {"earlier", f11_earlier, LK_SHARE_DATES},
        {"no dates", f11_no_dates, LK_SHARE_DATES},
        {"car", f11_vehicle, LK_CERT_MISMATCH},
        {"vehicle.PK", f11_vehicle_key, LK_CERT_MISMATCH},
        {"authorised key", f11_authorized, LK_CERT_MISMATCH},
        {"may share", f11_may_share, LK_CERT_MISMATCH},
        {"options", f11_options, LK_CERT_MISMATCH},
        {"mailbox", f11_mailbox, LK_CERT_MISMATCH},
        {"versions", f11_versions, LK_CERT_MISMATCH},
        {"the owner's own key", f11_own_key, LK_SHARE_KEY},
        {"car of FF21", f11_key_vehicle, LK_SHARE_KEY},
        {"key identifier of FF21", f11_key_id, LK_SHARE_KEY},
        {"signer of FF21", f11_key_signer, LK_SHARE_SIGNATURE},
        {"no point in FF21", f11_key_point, LK_PEER_POINT},
        {"other session", f11_session, LK_SHARE_SESSION},
        {"other direction", f11_direction, LK_SHARE_SESSION},
        {"other number", f11_sequence, LK_SHARE_SESSION},
        {"other history", f11_previous, LK_SHARE_SESSION},
    };

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        honest_friend();
        lies[i].lie();
        seal_signing();
        enum lk_status status = sign_forged();
        if (status != lies[i].expected)
            fail_msg("%s: %04x, not %04x", lies[i].what, status, lies[i].expected);
        not_signed();
    }
    honest_friend(); /* without a lie the same friend is signed for */
    f11_none();
    seal_signing();
    assert_int_equal(sign_forged(), LK_OK);
    assert_int_equal(test_sharing_of_owner()->state, LK_SHARING_DONE);
    assert_int_equal(test_sharing_has_spare(0), 0);
}

/* --- FF12 --- */

static struct lk_share_import ff12;
static uint8_t share_text[LK_SHARE_LEN], spoiled[128];

/* 7F25 anew, signed by anybody. */
static void sign_again(const struct test_ca_key *signer)
{
    static uint8_t signature[64];
    struct lk_wr wr;

    lk_wr_init(&wr, share_text, sizeof share_text);
    lk_share_write(&ff12.share, &wr);
    assert_int_equal(lk_share_parse(lk_bytes(share_text, wr.len), &ff12.share), LK_OK);
    if (signer == NULL)
        return;
    assert_int_equal(lk_sign(&W.crypto, signer->key, &ff12.share.signed_part, 1, signature),
                     LK_OK);
    ff12.signature = lk_bytes(signature, 64);
}

static struct lk_bytes flip(struct lk_bytes run, size_t at)
{
    memcpy(spoiled, run.at, run.len);
    spoiled[at] ^= 1;
    return lk_bytes(spoiled, run.len);
}

static void f12_key(void)
{
    ff12.share.device_key = lk_bytes(W.world.server.public_key, 65);
    sign_again(NULL);
}
static void f12_rights(void)
{
    ff12.share.entitlement_hash = lk_bytes(other_hash, 32);
    sign_again(NULL);
}
static void f12_nonce(void)
{
    ff12.share.random = lk_bytes(other_hash, 20);
    sign_again(NULL);
}
static void f12_signature(void) { ff12.signature = flip(ff12.signature, 63); }
static void f12_owner(void) /* somebody else signs, and says who */
{
    ff12.owner_key = lk_bytes(W.world.server.public_key, 65);
    sign_again(&W.world.server);
}
static void f12_pretender(void) /* somebody else signs, and names the owner */
{
    sign_again(&W.world.server);
}
static void f12_no_token(void)
{
    ff12.token.ephemeral = ff12.token.sealed = lk_bytes(NULL, 0);
}
static void f12_token(void) { ff12.token.sealed = flip(ff12.token.sealed, 3); }
static void f12_short_token(void) { ff12.token.sealed.len--; }
static void f12_ephemeral(void)
{
    ff12.token.ephemeral = lk_bytes(W.world.server.public_key, 65);
}
static void f12_off_curve(void) { ff12.token.ephemeral = lk_bytes(off_curve, 65); }
static void f12_session(void) { ff12.header.session = lk_bytes(other_hash, 16); }
static void f12_direction(void) { ff12.header.direction = LK_SHARE_FROM_FRIEND; }
static void f12_sequence(void) { ff12.header.sequence = 4; }
static void f12_previous(void) { ff12.header.previous = lk_bytes(other_hash, 32); }

static void SH10_PK8_every_field_of_the_import(void **state)
{
    static const struct {
        const char *what;
        void (*lie)(void);
        enum lk_status expected;
    } lies[] = {
        {"for another key", f12_key, LK_SHARE_KEY},
        {"for other rights", f12_rights, LK_SHARE_ENTITLEMENT},
        {"another nonce", f12_nonce, LK_SHARE_SIGNATURE},
        {"a bit of the signature", f12_signature, LK_SHARE_SIGNATURE},
        {"another owner", f12_owner, LK_SHARE_SHARER},
        {"a pretender", f12_pretender, LK_SHARE_SIGNATURE},
        {"no token", f12_no_token, LK_PEER_TAG},
        {"a bit of the token", f12_token, LK_PEER_MAC},
        {"a short token", f12_short_token, LK_PEER_SW},
        {"another ephemeral key", f12_ephemeral, LK_PEER_MAC},
        {"no point", f12_off_curve, LK_PEER_SW},
        {"other session", f12_session, LK_SHARE_SESSION},
        {"other direction", f12_direction, LK_SHARE_SESSION},
        {"other number", f12_sequence, LK_SHARE_SESSION},
        {"other history", f12_previous, LK_SHARE_SESSION},
    };
    struct lk_wr wr;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(test_sharing_sign(), LK_OK);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        assert_int_equal(lk_share_import_parse(test_sharing_open(&W.import, plain), &ff12), LK_OK);
        lies[i].lie();
        lk_wr_init(&wr, built, sizeof built - LK_SHARE_OVERHEAD);
        lk_share_import_write(&ff12, &wr);
        assert_int_equal(wr.fault, LK_OK);
        test_sharing_seal(lk_bytes(built, wr.len), &forged);
        enum lk_status status = import_forged();
        if (status != lies[i].expected)
            fail_msg("%s: %04x, not %04x", lies[i].what, status, lies[i].expected);
        not_stored();
    }
    assert_int_equal(test_sharing_import(), LK_OK);
    assert_int_equal(test_sharing_pass()->state, LK_PASS_SHARED);
}

/* What the friend cannot know to be wrong comes out when the owner's word is for something else,
 * even if a man in the middle with the secret mends the history of both. */
static void SH10_raised_rights_are_never_signed(void **state)
{
    struct lk_share_signing signing;
    uint8_t seen[32], sent[32];
    struct lk_bytes message;
    struct lk_wr wr;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    message = test_sharing_open(&W.invitation, plain);
    assert_int_equal(lk_sha256(&W.crypto, &message, 1, sent), LK_OK);
    load_creation();
    ff10.msg.entitlement.profile = 0;
    seal_creation();
    W.invitation = forged;
    assert_int_equal(test_sharing_accept(), LK_OK);
    assert_int_equal(test_sharing_sign(), LK_SHARE_SESSION); /* another history */
    not_signed();
    message = test_sharing_open(&W.signing, plain);
    assert_int_equal(lk_sha256(&W.crypto, &message, 1, seen), LK_OK);
    assert_int_equal(lk_share_signing_parse(message, &signing), LK_OK);
    signing.header.previous = lk_bytes(sent, 32);
    lk_wr_init(&wr, built, sizeof built);
    lk_share_signing_write(&signing, &wr);
    test_sharing_seal(lk_bytes(built, wr.len), &W.signing);
    assert_int_equal(test_sharing_sign(), LK_OK); /* for the rights that the owner gave */
    assert_int_equal(lk_share_import_parse(test_sharing_open(&W.import, plain), &ff12), LK_OK);
    ff12.header.previous = lk_bytes(seen, 32);
    lk_wr_init(&wr, built, sizeof built);
    lk_share_import_write(&ff12, &wr);
    test_sharing_seal(lk_bytes(built, wr.len), &forged);
    assert_int_equal(import_forged(), LK_SHARE_ENTITLEMENT);
    not_stored();
}

/* --- FF14 --- */

/* Questions and answers of the wrong side, or when nobody asked. */
static void S18_a_pin_that_nobody_asked_for(void **state)
{
    static const uint8_t mac[32] = {1};
    struct lk_share_pin msg = {.is_value = 1, .mac = {mac, 32}};
    struct lk_wr wr;

    (void)state;
    assert_int_equal(test_sharing_invite(), LK_OK);
    assert_int_equal(test_sharing_accept(), LK_OK);
    honest_friend();
    msg.header = ff11.header;
    lk_wr_init(&wr, built, sizeof built);
    lk_share_pin_write(&msg, &wr);
    test_sharing_seal(lk_bytes(built, wr.len), &forged);
    assert_int_equal(sign_forged(), LK_SHARE_SESSION);
    not_signed();
    struct lk_bytes signing = test_sharing_open(&W.signing, plain);
    assert_int_equal(lk_sha256(&W.crypto, &signing, 1, ff11.previous), LK_OK);
    msg = (struct lk_share_pin){.header = ff11.header, .tries_left = 5};
    msg.header.direction = LK_SHARE_FROM_OWNER;
    msg.header.sequence = 2;
    lk_wr_init(&wr, built, sizeof built);
    lk_share_pin_write(&msg, &wr);
    test_sharing_seal(lk_bytes(built, wr.len), &forged);
    assert_int_equal(import_forged(), LK_SHARE_SESSION); /* FF10 did not announce one */
    not_stored();
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_sharing_fresh, test_sharing_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(SH4_every_bit_of_every_message),
        T(D32_missing_doubled_reordered_longer),
        T(SH10_every_field_of_the_invitation),
        T(SH10_raised_rights_are_never_signed),
        T(M82_SH10_every_field_of_the_signing_request),
        T(SH10_PK8_every_field_of_the_import),
        T(S18_a_pin_that_nobody_asked_for),
    };

    return cmocka_run_group_tests(tests, test_sharing_begin, test_sharing_end);
}
