/* Sharing in the element: the owner's signature and token for a good request alone, nothing lost by
 * a bad one; the consent that it needs; the friend's key, its encryption key and its token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "applet/applet.h"
#include "support/cert_forms.h"
#include "support/share_fixture.h"

#define HOURS_48_MS 172800000ull
#define IMAGE_LEN (LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX)

static struct test_applet t, phone; /* owner's element, friend's element */
static struct test_share s;
static uint8_t image[IMAGE_LEN];

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_share_start(&t, &s), LK_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(t.leaked, 0);
    test_share_forget(&s);
    return 0;
}

static void agree(void)
{
    assert_int_equal(test_share_authenticate(&s), LK_SW_OK);
    assert_int_equal(test_share_consent(&s, 0), LK_SW_OK);
}

/* The request as it stands is refused, and nothing of the owner is lost. Gives the reason. */
static enum lk_status refused(void)
{
    struct lk_applet_consent before[LK_APPLET_NUM_CONSENTS];
    uint8_t after[IMAGE_LEN];
    enum lk_status status;

    memcpy(before, t.applet.consents, sizeof before);
    assert_int_equal(test_share_image(&t, 0, image), LK_OK);
    assert_int_equal(test_share_send(&s), LK_SW_OK);
    assert_int_not_equal(test_share_authorize_only(&s), LK_SW_OK);
    assert_int_equal(t.answer_len, 0);
    status = t.status;
    assert_int_equal(test_share_image(&t, 0, after), LK_OK);
    assert_memory_equal(image, after, sizeof after);
    assert_memory_equal(before, t.applet.consents, sizeof before);
    return status;
}

/* The answer that came is good: for this friend, these rights, this token. */
static void assert_signed(size_t spare)
{
    uint8_t token[32];

    assert_memory_equal(s.attestation.device_key.at, s.world.endpoint.public_key, 65);
    assert_memory_equal(s.attestation.entitlement_hash.at, s.hash, 32);
    assert_int_equal(lk_verify(&t.car, t.device_key, &s.attestation.signed_part, 1,
                               s.answer.signature.at),
                     LK_OK);
    assert_int_equal(lk_ecies_open(&t.car, s.encryption.key, s.encryption.public_key,
                                   s.answer.token.ephemeral.at, s.answer.token.sealed, token),
                     LK_OK);
    assert_memory_equal(token, s.tokens[spare + 1], 32);
}

static void still_good(void)
{
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    assert_int_equal(test_share_authorize(&s), LK_SW_OK);
    assert_signed(0);
}

/* --- the good case --- */

static void M82_owner_checks_then_signs_and_hands_over_one_token(void **state)
{
    uint8_t first[20], copy[LK_CERT_MAX];
    size_t len;

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(test_share_plan(&s, i), LK_OK);
        agree();
        assert_int_equal(test_share_authorize(&s), LK_SW_OK);
        assert_signed(i);
        if (i == 0)
            memcpy(first, s.attestation.random.at, 20);
        else
            assert_memory_not_equal(first, s.attestation.random.at, 20);
        len = t.cert_len;
        memcpy(copy, t.cert, len);
        assert_int_equal(test_applet_select(&t, LK_WIRED), LK_SW_OK); /* read once more */
        for (size_t at = 0; at < len; at += 100) {
            test_applet_send(&t, LK_WIRED, 0x80, 0xb0, (uint8_t)(at >> 8), (uint8_t)at, NULL, 0,
                             100);
            assert_memory_equal(t.answer, copy + at, t.answer_len);
        }
        for (size_t k = 0; k < 8; k++)
            assert_int_equal(test_share_has_spare(&s, k), k > i);
        assert_int_equal(test_share_authorize_only(&s), LK_SW_SEQUENCE); /* the consent is spent */
        assert_int_equal(t.status, LK_SHARE_CONSENT);
    }
    assert_int_equal(test_share_image(&t, 0, image), LK_OK);
    assert_memory_equal(image + LK_PRIVATE_MAILBOX_MAX, s.tokens[0], 32); /* the owner's own */
}

/* What the owner signed is signed to the last bit. */
static void M82_every_field_of_7f25_is_signed(void **state)
{
    uint8_t text[LK_SHARE_LEN];

    (void)state;
    agree();
    assert_int_equal(test_share_authorize(&s), LK_SW_OK);
    for (size_t i = 0; i < s.attestation.signed_part.len; i++) {
        struct lk_bytes part = lk_bytes(text, s.attestation.signed_part.len);

        memcpy(text, s.attestation.signed_part.at, part.len);
        text[i] ^= 1;
        assert_int_equal(lk_verify(&t.car, t.device_key, &part, 1, s.answer.signature.at),
                         LK_PEER_SIGNATURE);
    }
}

/* --- forged rights: FF20 --- */

enum right {
    PROFILE,
    FROM,
    TO,
    SLOT,
    NO_SLOT,
    VEHICLE,
    SHARER,
    EPOCH,
    REDEEM_BY,
    LIMITS,
    ACTIVATION,
    NUM_RIGHTS
};

static void change_right(enum right right)
{
    static uint8_t other[20];
    struct lk_entitlement *rights = &s.rights;

    memset(other, 0x5e, sizeof other);
    switch (right) {
    case PROFILE:
        rights->profile = 0;
        return;
    case FROM:
        rights->not_before = lk_bytes("20250101000000Z", LK_DATE_LEN);
        return;
    case TO:
        rights->not_after = lk_bytes("20280101000000Z", LK_DATE_LEN);
        return;
    case SLOT:
        rights->slot = lk_bytes(s.slots[1], 2);
        return;
    case NO_SLOT:
        rights->slot.len = 0;
        return;
    case VEHICLE:
        rights->vehicle_id = lk_bytes(other, 8);
        return;
    case SHARER:
        rights->sharer = lk_bytes(other, 20);
        return;
    case EPOCH:
        rights->epoch++;
        return;
    case REDEEM_BY:
        rights->redeem_by = lk_bytes("20260131000000Z", LK_DATE_LEN);
        return;
    case LIMITS:
        rights->has_limits = 1;
        return;
    default:
        rights->activation = LK_ACTIVATE_FOB;
        return;
    }
}

/* The user agreed to other rights than those that come. */
static void SH10_changed_rights_are_not_those_agreed_to(void **state)
{
    uint8_t agreed[32];

    (void)state;
    agree();
    memcpy(agreed, s.hash, 32);
    for (int i = 0; i < NUM_RIGHTS; i++) {
        assert_int_equal(test_share_plan(&s, 0), LK_OK);
        change_right((enum right)i);
        assert_int_equal(test_share_make_rights(&s), LK_OK);
        assert_int_equal(refused(), LK_SHARE_CONSENT);
        memcpy(s.hash, agreed, 32);
        assert_int_equal(refused(), LK_SHARE_ENTITLEMENT);
        assert_int_equal(t.sw, LK_SW_DATA);
    }
    still_good();
}

/* And where he agreed to them, what contradicts the friend's certificate or this car is refused. */
static void PK8_rights_must_fit_car_sharer_and_certificate(void **state)
{
    static const enum lk_status expected[NUM_RIGHTS] = {
        [FROM] = LK_SHARE_DATES,     [TO] = LK_SHARE_DATES,       [SLOT] = LK_SHARE_SLOT,
        [NO_SLOT] = LK_SHARE_SLOT,   [VEHICLE] = LK_SHARE_VEHICLE, [SHARER] = LK_SHARE_SHARER,
    };

    (void)state;
    for (int i = 0; i < NUM_RIGHTS; i++) {
        if (expected[i] == LK_OK) /* the user's choice; the car judges it */
            continue;
        assert_int_equal(test_share_plan(&s, 0), LK_OK);
        change_right((enum right)i);
        assert_int_equal(test_share_make_rights(&s), LK_OK);
        agree();
        assert_int_equal(refused(), expected[i]);
        assert_int_equal(test_share_consent(&s, 1), LK_SW_OK);
    }
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    agree();
    still_good();
}

/* --- broken objects: one TLV missing, doubled, out of order, longer --- */

enum breach { MISSING, DOUBLED, SWAPPED, LONGER, FOREIGN, NUM_BREACHES };

#define ITEMS_MAX 16

/* `in` with one breach at its TLV number `at`; 0 if there is no such place. */
static size_t broken(struct lk_bytes in, enum breach breach, size_t at, uint8_t *out, size_t cap)
{
    enum lk_status fault = LK_OK;
    uint16_t tags[ITEMS_MAX];
    struct lk_bytes values[ITEMS_MAX];
    uint8_t longer[LK_CERT_MAX + 1];
    size_t num = 0;
    struct lk_rd rd;
    struct lk_wr wr;

    lk_rd_init(&rd, in, &fault);
    while (rd.left > 0 && fault == LK_OK && num < ITEMS_MAX) {
        values[num] = lk_tlv_any(&rd, &tags[num]);
        num++;
    }
    assert_int_equal(fault, LK_OK);
    if (at >= num || (breach == SWAPPED && at + 1 == num))
        return 0;
    lk_wr_init(&wr, out, cap);
    for (size_t i = 0; i < num; i++) {
        size_t from = breach == SWAPPED && i == at ? at + 1
                      : breach == SWAPPED && i == at + 1 ? at : i;

        if (breach == MISSING && i == at)
            continue;
        memcpy(longer, values[from].at, values[from].len);
        longer[values[from].len] = 0;
        lk_tlv_put(&wr, tags[from], longer, values[from].len + (breach == LONGER && i == at));
        if (breach == DOUBLED && i == at)
            lk_tlv_put(&wr, tags[i], values[i].at, values[i].len);
        if (breach == FOREIGN && i == at)
            lk_tlv_put_u8(&wr, 0xdf7e, 0);
    }
    assert_int_equal(wr.fault, LK_OK);
    return wr.len;
}

static int is_peer(enum lk_status status)
{
    return status > 0x0100 && status < 0x0140;
}

static void SH10_broken_rights_are_refused(void **state)
{
    uint8_t good[LK_ENTITLEMENT_MAX], value[LK_ENTITLEMENT_MAX];
    struct lk_bytes whole, inner;
    size_t num = 0, len;
    struct lk_wr wr;

    (void)state;
    memcpy(good, s.ff20, s.ff20_len);
    inner = lk_bytes(good + 3, s.ff20_len - 3);
    if (good[2] >= 0x80)
        inner = lk_bytes(good + 4, s.ff20_len - 4);
    for (int breach = 0; breach < NUM_BREACHES; breach++) {
        for (size_t at = 0; (len = broken(inner, (enum breach)breach, at, value,
                                          sizeof value)) != 0; at++) {
            enum lk_status status;

            lk_wr_init(&wr, s.ff20, sizeof s.ff20);
            lk_tlv_put(&wr, LK_TAG_ENTITLEMENT, value, len);
            assert_int_equal(wr.fault, LK_OK);
            s.ff20_len = wr.len;
            whole = lk_bytes(s.ff20, s.ff20_len);
            assert_int_equal(lk_sha256(&t.car, &whole, 1, s.hash), LK_OK);
            agree();
            status = refused();
            /* three bytes are a slot as well, but not this one */
            assert_true(is_peer(status) || (breach == LONGER && status == LK_SHARE_SLOT));
            assert_int_equal(test_share_consent(&s, 1), LK_SW_OK);
            num++;
        }
    }
    assert_int_equal(num, 5 * 8 - 1); /* eight fields, and the last has no next one */
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    agree();
    still_good();
}

static void PK8_broken_encryption_key_is_refused(void **state)
{
    uint8_t good[LK_ENCRYPTION_KEY_MAX];
    size_t good_len = s.ff21_len, len, num = 0;

    (void)state;
    memcpy(good, s.ff21, good_len);
    agree();
    for (int breach = 0; breach < NUM_BREACHES; breach++) {
        for (size_t at = 0; (len = broken(lk_bytes(good, good_len), (enum breach)breach, at,
                                          s.ff21, sizeof s.ff21)) != 0; at++) {
            s.ff21_len = len;
            assert_true(is_peer(refused()));
            num++;
        }
    }
    assert_true(num > 20);
    for (size_t i = 0; i < good_len; i++) { /* every byte of it */
        memcpy(s.ff21, good, good_len);
        s.ff21_len = good_len;
        s.ff21[i] ^= 1;
        assert_int_not_equal(refused(), LK_OK);
    }
    still_good();
}

/* The buffer as a whole: F, E, H, FF21, FF20, each once, in this order. */
static void SH12_broken_requests_are_refused(void **state)
{
    static uint8_t good[LK_REASSEMBLY_MAX], bad[LK_REASSEMBLY_MAX];
    size_t good_len, len, num = 0;

    (void)state;
    agree();
    assert_int_equal(test_share_send(&s), LK_SW_OK);
    good_len = t.applet.buffer_len;
    memcpy(good, t.applet.buffer, good_len);
    for (int breach = 0; breach < NUM_BREACHES; breach++) {
        for (size_t at = 0; (len = broken(lk_bytes(good, good_len), (enum breach)breach, at, bad,
                                          sizeof bad)) != 0; at++) {
            assert_int_equal(test_applet_write_buffer(&t, bad, len), LK_SW_OK);
            assert_int_equal(test_share_authorize_only(&s), LK_SW_DATA);
            assert_int_not_equal(t.status, LK_OK);
            num++;
        }
    }
    for (len = 0; len < good_len; len += 13) { /* and cut short */
        assert_int_equal(test_applet_write_buffer(&t, good, len + 1), LK_SW_OK);
        assert_int_not_equal(test_share_authorize_only(&s), LK_SW_OK);
    }
    assert_true(num > 20);
    still_good();
}

/* --- forged certificates --- */

enum fact {
    H_VEHICLE_ID,
    H_VEHICLE_KEY,
    H_AUTHORIZED_KEY,
    H_VERSIONS,
    H_LONGER_VERSIONS,
    H_MAY_SHARE,
    H_CHAIN_SHARING,
    H_SLOT,
    H_SHORT_SLOT,
    H_FROM,
    H_TO,
    H_NO_DATES,
    NUM_FACTS
};

static void change_fact(enum fact fact)
{
    static uint8_t versions[] = {0x02, 0x00, 0x01, 0x00};
    struct lk_endpoint_facts *facts = &s.facts;

    switch (fact) {
    case H_VEHICLE_ID:
        facts->vehicle_id[7] ^= 1;
        return;
    case H_VEHICLE_KEY:
        facts->vehicle_key = s.world.server.public_key;
        return;
    case H_AUTHORIZED_KEY:
        facts->authorized_key = s.world.device_maker.public_key;
        return;
    case H_VERSIONS:
        facts->versions = lk_bytes(versions, 2);
        return;
    case H_LONGER_VERSIONS:
        facts->versions = lk_bytes(versions, 4);
        return;
    case H_MAY_SHARE:
        facts->option1 |= LK_OPTION1_AUTHORIZE;
        return;
    case H_CHAIN_SHARING:
        facts->option1 |= LK_OPTION1_CHAIN_SHARING;
        return;
    case H_SLOT:
        facts->slot = lk_bytes(s.slots[1], 2);
        return;
    case H_SHORT_SLOT:
        facts->slot.len = 1;
        return;
    case H_FROM:
        facts->not_before = lk_bytes("20250101000000Z", LK_DATE_LEN);
        return;
    case H_TO:
        facts->not_after = lk_bytes("20280101000000Z", LK_DATE_LEN);
        return;
    default:
        facts->not_before = facts->not_after = lk_bytes(NULL, 0);
        return;
    }
}

static void PK8_every_fact_of_h_is_checked(void **state)
{
    static const enum lk_status expected[NUM_FACTS] = {
        [H_VEHICLE_ID] = LK_CERT_MISMATCH,      [H_VEHICLE_KEY] = LK_CERT_MISMATCH,
        [H_AUTHORIZED_KEY] = LK_CERT_MISMATCH,  [H_VERSIONS] = LK_CERT_MISMATCH,
        [H_LONGER_VERSIONS] = LK_CERT_MISMATCH, [H_MAY_SHARE] = LK_CERT_MISMATCH,
        [H_CHAIN_SHARING] = LK_CERT_MISMATCH,   [H_SLOT] = LK_SHARE_SLOT,
        [H_SHORT_SLOT] = LK_SHARE_SLOT,         [H_FROM] = LK_SHARE_DATES,
        [H_TO] = LK_SHARE_DATES,                [H_NO_DATES] = LK_SHARE_DATES,
    };
    struct lk_encryption_key change = {.key_id = {s.sharer, 20}};
    struct test_ca_key own;

    (void)state;
    agree();
    for (int i = 0; i < NUM_FACTS; i++) {
        assert_int_equal(test_share_plan(&s, 0), LK_OK);
        change_fact((enum fact)i);
        assert_int_equal(test_share_make_h(&s, &s.world.endpoint), LK_OK);
        assert_int_equal(refused(), expected[i]);
    }
    assert_int_equal(test_share_plan(&s, 0), LK_OK); /* the owner's own key as a friend's */
    memset(&own, 0, sizeof own);
    memcpy(own.public_key, t.device_key, 65);
    assert_int_equal(test_share_make_h(&s, &own), LK_OK);
    assert_int_equal(test_share_make_ff21(&s, &change), LK_OK); /* fits, but for its signature */
    assert_int_equal(refused(), LK_SHARE_KEY);
    still_good();
}

static void SH12_chain_of_another_automaker_or_phone_is_refused(void **state)
{
    static struct test_ca_world other;
    static const uint8_t id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct test_ca_cert e = s.e;

    (void)state;
    assert_int_equal(test_ca_world_init(&t.car, id, &other), LK_OK);
    agree();
    s.f = other.f; /* signed by another automaker's root */
    assert_int_equal(refused(), LK_CERT_AKI);
    s.e = other.e;
    s.h = other.h;
    assert_int_equal(refused(), LK_CERT_AKI);
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    s.e = other.e; /* another phone's Instance CA, or another phone's key */
    assert_int_equal(refused(), LK_CERT_AKI);
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    s.h = other.h;
    assert_int_equal(refused(), LK_CERT_AKI);
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    s.e = s.f;
    s.f = e;
    assert_int_equal(refused(), LK_CERT_ROLE);
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    s.e = s.world.n;
    assert_int_equal(refused(), LK_CERT_ROLE);
    test_ca_world_forget(&other);
    still_good();
}

/* The broken form at this place of the chain is refused with its own status; 0 if it is too long to
 * be sent in this message, which is another test. */
static int one_form(const struct test_form *form, char letter, struct test_ca_world *foreign)
{
    static uint8_t der[2048];
    size_t len;
    struct test_ca_cert *place = letter == 'F' ? &s.f : letter == 'E' ? &s.e : &s.h;
    enum lk_status got;

    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    len = test_form_make(form, letter, &s.world, foreign, place, der, sizeof der);
    assert_true(len > 0);
    if (len > sizeof place->der)
        return 0;
    memcpy(place->der, der, len);
    place->len = len;
    got = refused();
    if (got != form->expect)
        fail_msg("%s at %c: %s, expected %s", form->name, letter, lk_status_name(got),
                 lk_status_name(form->expect));
    return 1;
}

static void PK3_PK4_PK6_PK10_broken_certificates_at_each_place(void **state)
{
    static const char letters[] = "FEH";
    static struct test_ca_world foreign;
    size_t num = 0;

    (void)state;
    agree();
    assert_int_equal(test_ca_world_init(&t.car, s.world.vehicle_id, &foreign), LK_OK);
    for (size_t i = 0; i < test_num_forms; i++) {
        for (size_t k = 0; letters[k] != 0; k++) {
            if (test_form_fits(&test_forms[i], letters[k]))
                num += (size_t)one_form(&test_forms[i], letters[k], &foreign);
        }
    }
    print_message("%zu broken certificates of a friend refused\n", num);
    assert_true(num >= 3 * 60);
    test_ca_world_forget(&foreign);
    still_good();
}

static void PK10_a_certificate_above_the_limit_is_refused(void **state)
{
    (void)state;
    agree();
    assert_int_equal(test_share_send(&s), LK_SW_OK);
    memcpy(t.applet.buffer, "\x7f\x20\x82\x04\x01", 5); /* F, of 1025 bytes by its header */
    t.applet.buffer_len = sizeof t.applet.buffer;
    assert_int_equal(test_share_authorize_only(&s), LK_SW_DATA);
    assert_int_equal(t.status, LK_PEER_LENGTH);
    still_good();
}

/* --- FF21, well signed but wrong --- */

static void SH12_encryption_key_of_another(void **state)
{
    uint8_t other[65];
    struct lk_encryption_key change;
    struct lk_key endpoint = s.world.endpoint.key;

    (void)state;
    agree();
    memset(&change, 0, sizeof change);
    memset(other, 0x04, sizeof other);
    change.vehicle_id = lk_bytes(other, 8);
    assert_int_equal(test_share_make_ff21(&s, &change), LK_OK);
    assert_int_equal(refused(), LK_SHARE_KEY);
    memset(&change, 0, sizeof change);
    change.key_id = lk_bytes(other, 20);
    assert_int_equal(test_share_make_ff21(&s, &change), LK_OK);
    assert_int_equal(refused(), LK_SHARE_KEY);
    memset(&change, 0, sizeof change);
    change.public_key = lk_bytes(other, 65); /* off the curve */
    assert_int_equal(test_share_make_ff21(&s, &change), LK_OK);
    assert_int_equal(refused(), LK_PEER_POINT);
    s.world.endpoint.key = s.world.server.key; /* signed by a stranger */
    assert_int_equal(test_share_make_ff21(&s, NULL), LK_OK);
    s.world.endpoint.key = endpoint;
    assert_int_equal(refused(), LK_SHARE_SIGNATURE);
    assert_int_equal(test_share_make_ff21(&s, NULL), LK_OK);
    memcpy(s.ff21 + 3 + 10 + 23 + 2, s.world.server.public_key, 65); /* another key put in */
    assert_int_equal(refused(), LK_SHARE_SIGNATURE);
    still_good();
}

/* --- slots and tokens --- */

static void set_private(uint16_t offset, const uint8_t *data, size_t len)
{
    struct lk_wired_set_private body = {lk_bytes(s.endpoint_id, 8), lk_bytes(data, len)};
    uint8_t bytes[250];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_set_private_write(&body, &wr);
    assert_int_equal(test_applet_wired(&t, 0xd2, (uint8_t)(offset >> 8), (uint8_t)offset, bytes,
                                       wr.len),
                     LK_SW_OK);
}

static void EX8_only_one_whole_spare_ever_leaves(void **state)
{
    static const struct {
        int has_token;
        uint16_t offset, length;
        enum lk_status expected;
    } rows[] = {
        {0, 0, 0, LK_SHARE_NO_SLOT},       {1, 0, 32, LK_SHARE_NO_SLOT}, /* the owner's own */
        {1, 16, 32, LK_SHARE_NO_SLOT},     {1, 31, 32, LK_SHARE_NO_SLOT},
        {1, 33, 32, LK_SHARE_NO_SLOT},     {1, 288, 32, LK_SHARE_NO_SLOT},
        {1, 0xffe0, 32, LK_SHARE_NO_SLOT}, {1, 0xffff, 32, LK_SHARE_NO_SLOT},
        {1, 32, 0, LK_SHARE_NO_SLOT},      {1, 32, 31, LK_SHARE_NO_SLOT},
        {1, 32, 33, LK_SHARE_NO_SLOT},     {1, 32, 64, LK_SHARE_NO_SLOT},
        {1, 32, 0xffff, LK_SHARE_NO_SLOT}, {1, 64, 32, LK_SHARE_SLOT},
        {1, 256, 32, LK_SHARE_SLOT},
    };

    (void)state;
    agree();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s.has_token = rows[i].has_token;
        s.offset = rows[i].offset;
        s.length = rows[i].length;
        assert_int_equal(refused(), rows[i].expected);
    }
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    set_private(LK_AT_SLOT_BITMAP, (const uint8_t *)"\xfe", 1); /* the car has not refilled it */
    assert_int_equal(refused(), LK_SHARE_NO_SLOT);
    set_private(LK_AT_SLOT_BITMAP, (const uint8_t *)"\xff", 1);
    set_private(LK_AT_SLOT_LIST, (const uint8_t *)"\x71\x00", 2);
    assert_int_equal(refused(), LK_SHARE_SLOT);
    set_private(LK_AT_SLOT_LIST, s.slots[0], 2);
    still_good();
}

static void EX8_a_spare_is_used_once(void **state)
{
    (void)state;
    agree();
    assert_int_equal(test_share_authorize(&s), LK_SW_OK);
    agree(); /* a second friend for the same slot, with the user's consent */
    assert_int_equal(test_ca_key_make(&t.car, &s.world.endpoint), LK_OK);
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    assert_int_equal(refused(), LK_SHARE_NO_SLOT);
    set_private(LK_AT_SLOT_BITMAP, (const uint8_t *)"\xff", 1); /* a host that sets the bit again */
    assert_int_equal(refused(), LK_SHARE_NO_SLOT);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    agree();
    assert_int_equal(refused(), LK_SHARE_NO_SLOT);
    assert_int_equal(test_share_consent(&s, 1), LK_SW_OK);
    assert_int_equal(test_share_plan(&s, 1), LK_OK); /* the next one is good */
    agree();
    assert_int_equal(test_share_authorize(&s), LK_SW_OK);
    assert_signed(1);
}

/* A car that is just writing the mailboxes is not written over. */
static void EX9_an_open_exchange_comes_first(void **state)
{
    const struct lk_exchange_op op = {.kind = LK_EXCHANGE_SET, .offset = 0x100, .length = 1};
    struct test_tap tap;

    (void)state;
    agree();
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
    assert_int_equal(test_tap_operate(&t, &tap, LK_EXCHANGE_MORE, &op, 1, NULL, NULL),
                     LK_EXCHANGE_OK);
    assert_int_equal(refused(), LK_CALLER_STATE);
    assert_int_equal(t.sw, LK_SW_SEQUENCE);
    lk_applet_field_lost(&t.applet);
    test_tap_forget(&t, &tap);
    still_good();
}

/* --- consent --- */

static void SH18_no_sharing_without_the_user(void **state)
{
    (void)state;
    for (int express = 0; express < 2; express++) {
        assert_int_equal(test_applet_instance(&t, express, -1), LK_SW_OK);
        assert_int_equal(refused(), LK_SHARE_CONSENT);
        assert_int_equal(test_share_consent(&s, 0), LK_SW_SEQUENCE);
        assert_int_equal(t.status, LK_NEEDS_USER_AUTH);
        assert_int_equal(refused(), LK_SHARE_CONSENT);
        assert_int_equal(test_share_authenticate(&s), LK_SW_OK);
        t.now_ms += LK_USER_AUTH_FRESH_MS;
        assert_int_equal(test_share_consent(&s, 0), LK_SW_SEQUENCE); /* too old */
        assert_int_equal(test_share_authenticate(&s), LK_SW_OK);
        assert_int_equal(test_share_consent(&s, 0), LK_SW_OK);
        s.hash[0] ^= 1; /* one authentication, one consent */
        assert_int_equal(test_share_consent(&s, 0), LK_SW_SEQUENCE);
        assert_int_equal(t.status, LK_NEEDS_USER_AUTH);
        s.hash[0] ^= 1;
        assert_int_equal(test_share_consent(&s, 1), LK_SW_OK);
        assert_int_equal(refused(), LK_SHARE_CONSENT); /* taken back */
        assert_int_equal(test_share_consent(&s, 1), LK_SW_OK);
    }
    assert_int_equal(test_share_consent(&s, 2), LK_SW_P1P2);
}

static void S5_a_consent_is_for_one_hash_and_one_key(void **state)
{
    struct test_endpoint second;
    struct test_tap tap;
    uint8_t first_key[65];

    (void)state;
    memcpy(first_key, t.device_key, 65);
    test_endpoint_default(&t, &second); /* a key for another car, from which could be shared */
    second.endpoint_id[7] = 2;
    second.vehicle_id[0] = 0xcc;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &second), LK_SW_OK);
    test_tap_init(&t, &tap, 0, 4);
    memcpy(tap.vehicle_id, second.vehicle_id, 8);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_OK);
    test_tap_forget(&t, &tap);
    memcpy(t.device_key, first_key, 65);

    agree();
    s.endpoint_id[7] = 2;
    assert_int_equal(refused(), LK_SHARE_CONSENT);
    s.endpoint_id[7] = 1;
    for (size_t bit = 0; bit < 256; bit++) {
        s.hash[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(test_share_authorize_only(&s), LK_SW_SEQUENCE);
        assert_int_equal(t.status, LK_SHARE_CONSENT);
        s.hash[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    still_good();
    assert_int_equal(refused(), LK_SHARE_CONSENT); /* once */
}

static void S5_a_consent_ends_after_48_hours(void **state)
{
    (void)state;
    agree();
    t.now_ms += HOURS_48_MS - 1;
    still_good();
    for (uint64_t late = 0; late < 2; late++) {
        assert_int_equal(test_share_plan(&s, 1), LK_OK);
        agree();
        t.now_ms += HOURS_48_MS + late;
        assert_int_equal(refused(), LK_SHARE_CONSENT);
    }
}

static void S5_a_consent_does_not_outlive_restart_or_key(void **state)
{
    struct test_endpoint again;

    (void)state;
    agree();
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(refused(), LK_SHARE_CONSENT);
    agree();
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    test_endpoint_default(&t, &again); /* the same name, another key */
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &again), LK_SW_OK);
    t.applet.endpoints[0].state = LK_ENDPOINT_ACTIVE;
    assert_int_equal(refused(), LK_SHARE_CONSENT);
}

static void LI10_full_table_of_consents(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < LK_APPLET_NUM_CONSENTS; i++) {
        s.hash[0] = i;
        agree();
        agree(); /* the same again takes no second place */
        t.now_ms += 1000;
    }
    s.hash[0] = 0x99;
    assert_int_equal(test_share_authenticate(&s), LK_SW_OK);
    assert_int_equal(test_share_consent(&s, 0), LK_SW_NO_MEMORY);
    t.now_ms += HOURS_48_MS - 1000 * LK_APPLET_NUM_CONSENTS;
    agree(); /* the oldest has run out */
    s.hash[0] = 0x9a;
    assert_int_equal(test_share_authenticate(&s), LK_SW_OK);
    assert_int_equal(test_share_consent(&s, 0), LK_SW_NO_MEMORY);
    s.hash[0] = 0x99;
    assert_int_equal(test_share_consent(&s, 1), LK_SW_OK);
    s.hash[0] = 0x9a;
    agree();
}

static void both_refused(enum lk_status status, uint16_t sw)
{
    assert_int_equal(test_share_authenticate(&s), LK_SW_OK);
    assert_int_equal(test_share_consent(&s, 0), sw);
    assert_int_equal(t.status, status);
    assert_int_equal(refused(), status);
    assert_int_equal(t.sw, sw);
}

static void LI5_lost_locked_and_ended_keys_do_not_share(void **state)
{
    (void)state;
    agree();
    assert_int_equal(test_applet_instance(&t, -1, 1), LK_SW_OK);
    both_refused(LK_KEY_LOCKED, LK_SW_SECURITY);
    assert_int_equal(test_applet_instance(&t, -1, 0), LK_SW_OK);
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, NULL, NULL),
                     LK_SW_OK);
    both_refused(LK_KEY_LOCKED, LK_SW_SECURITY);
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_ACTIVE, NULL, NULL),
                     LK_SW_OK);
    still_good(); /* the consent has outlived all that */
    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    both_refused(LK_KEY_TERMINATED, LK_SW_SECURITY);
    s.endpoint_id[0] ^= 1;
    both_refused(LK_CALLER_NOT_FOUND, LK_SW_NOT_FOUND);
}

static uint16_t add(uint8_t number, uint8_t option1, const char *from, const char *to)
{
    struct test_endpoint endpoint;

    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[7] = number;
    endpoint.option1 = option1;
    endpoint.not_before = from;
    endpoint.not_after = to;
    return test_applet_create_endpoint(&t, "TESTCA", &endpoint);
}

static void SH11_only_an_owner_that_may_share_shares(void **state)
{
    (void)state;
    assert_int_equal(add(2, 0x03, TEST_FROM, TEST_TO), LK_SW_OK); /* a friend's */
    s.endpoint_id[7] = 2;
    both_refused(LK_SHARE_NOT_OWNER, LK_SW_SECURITY);
    assert_int_equal(test_applet_setup(&t, s.endpoint_id, LK_ENDPOINT_ACTIVE, NULL, NULL),
                     LK_SW_OK);
    both_refused(LK_SHARE_NOT_OWNER, LK_SW_SECURITY);
    assert_int_equal(add(3, 0x03, NULL, NULL), LK_SW_OK); /* an owner's, without the right */
    s.endpoint_id[7] = 3;
    both_refused(LK_SHARE_NOT_OWNER, LK_SW_SECURITY);
    assert_int_equal(add(4, 0x13, NULL, NULL), LK_SW_OK); /* not confirmed by the car */
    s.endpoint_id[7] = 4;
    both_refused(LK_CALLER_STATE, LK_SW_SEQUENCE);
}

/* --- the friend's key --- */

static void SH11_dates_make_a_friend_and_never_a_sharer(void **state)
{
    (void)state;
    assert_int_equal(add(2, 0x13, TEST_FROM, TEST_TO), LK_SW_DATA);
    assert_int_equal(add(2, 0x03, TEST_FROM, NULL), LK_SW_DATA);
    assert_int_equal(add(2, 0x03, NULL, TEST_TO), LK_SW_DATA);
    assert_int_equal(add(2, 0x03, TEST_TO, TEST_FROM), LK_SW_DATA);
    assert_int_equal(add(2, 0x03, TEST_FROM, TEST_FROM), LK_SW_DATA);
    assert_int_equal(add(2, 0x23, TEST_FROM, TEST_TO), LK_SW_DATA); /* P-29 */
    assert_int_equal(add(2, 0x03, TEST_FROM, TEST_TO), LK_SW_OK);
}

static void M80_an_invited_key_does_not_answer_before_it_is_signed(void **state)
{
    struct lk_wired_state view;
    struct test_tap tap;
    uint8_t id[8];

    (void)state;
    memcpy(id, t.endpoint_id, 8);
    id[7] = 2;
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_int_equal(add(2, 0x03, TEST_FROM, TEST_TO), LK_SW_OK);
    t.now_ms += 10 * LK_TIMER_OWNER_PAIRING_MS;
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_applet_state(&t, id), LK_ENDPOINT_INVITED);
    assert_int_equal(lk_wired_state_parse(lk_bytes(t.answer, t.answer_len), &view), LK_OK);
    assert_int_equal(view.is_confirmed, 0);
    for (uint8_t p2 = 1; p2 <= 4; p2 = (uint8_t)(p2 * 2)) {
        test_tap_init(&t, &tap, 1, p2);
        assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
        assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_SECURITY);
        assert_int_equal(t.status, LK_TAP_WRONG_CAR);
        test_tap_forget(&t, &tap);
    }
    assert_int_equal(test_applet_state(&t, id), LK_ENDPOINT_INVITED);
    assert_int_equal(test_applet_setup(&t, id, LK_ENDPOINT_LOCKED, NULL, NULL), LK_SW_SEQUENCE);
    assert_int_equal(test_applet_setup(&t, id, LK_ENDPOINT_INVITED, NULL, NULL), LK_SW_DATA);
    assert_int_equal(test_applet_setup(&t, id, LK_ENDPOINT_ACTIVE, NULL, NULL), LK_SW_OK);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_OK);
    test_tap_forget(&t, &tap);
    assert_int_equal(test_applet_setup(&t, id, LK_ENDPOINT_INVITED, NULL, NULL), LK_SW_DATA);
    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, id), LK_SW_OK);
    assert_int_equal(test_applet_setup(&t, id, LK_ENDPOINT_ACTIVE, NULL, NULL), LK_SW_SEQUENCE);
}

/* A second element with its own Instance CA under the same device maker makes the friend's key. */
static void begin_phone(void)
{
    struct test_endpoint endpoint;
    struct test_ca_cert n;

    assert_int_equal(test_applet_init(&phone), LK_OK);
    phone.vehicle = t.vehicle; /* public halves alone are used */
    phone.authorized = t.authorized;
    assert_int_equal(test_applet_create_ca(&phone, "FRIENDCA"), LK_SW_OK);
    memcpy(n.der, phone.cert, phone.cert_len);
    n.len = phone.cert_len;
    assert_int_equal(test_share_plan(&s, 0), LK_OK);
    assert_int_equal(test_ca_issue_e(&s.world, test_ca_bytes(&n), &s.e), LK_OK);
    test_endpoint_default(&phone, &endpoint);
    endpoint.option1 = 0x03;
    endpoint.slot[0] = s.slot[0];
    endpoint.slot[1] = s.slot[1];
    endpoint.not_before = TEST_FROM;
    endpoint.not_after = TEST_TO;
    assert_int_equal(test_applet_create_endpoint(&phone, "FRIENDCA", &endpoint), LK_SW_OK);
    memcpy(s.h.der, phone.cert, phone.cert_len);
    s.h.len = phone.cert_len;
    phone.hidden = s.tokens[0];
    phone.num_hidden = 9;
}

static void make_key(void)
{
    assert_int_equal(test_applet_wired_id(&phone, 0x8a, 0, phone.endpoint_id), LK_SW_OK);
    memcpy(s.ff21, phone.answer, phone.answer_len);
    s.ff21_len = phone.answer_len;
}

static void end_phone(void)
{
    assert_int_equal(phone.leaked, 0);
    test_applet_forget(&phone);
}

/* All bytes of the friend's key come from its own element, and the owner's element takes them. */
static void M101_one_element_trusts_the_other(void **state)
{
    (void)state;
    begin_phone();
    make_key();
    agree();
    assert_int_equal(test_share_authorize(&s), LK_SW_OK);
    assert_memory_equal(s.attestation.device_key.at, phone.device_key, 65);
    assert_int_equal(lk_verify(&t.car, t.device_key, &s.attestation.signed_part, 1,
                               s.answer.signature.at),
                     LK_OK);
    assert_int_equal(test_share_import(&phone, phone.endpoint_id, 0, &s.answer.token), LK_SW_OK);
    assert_int_equal(test_share_image(&phone, 0, image), LK_OK);
    assert_memory_equal(image + LK_PRIVATE_MAILBOX_MAX, s.tokens[1], 32);
    assert_true(lk_is_zero(image + LK_PRIVATE_MAILBOX_MAX + 32, 0x0120 - 32));
    assert_int_equal(test_applet_setup(&phone, phone.endpoint_id, LK_ENDPOINT_ACTIVE, NULL, NULL),
                     LK_SW_OK);
    assert_int_equal(test_applet_reboot(&phone), LK_OK);
    assert_int_equal(test_share_image(&phone, 0, image), LK_OK);
    assert_memory_equal(image + LK_PRIVATE_MAILBOX_MAX, s.tokens[1], 32);
    assert_int_equal(test_flash_find(&t.flash, s.tokens[1], 32), 0); /* never in the clear */
    assert_int_equal(test_flash_find(&phone.flash, s.tokens[1], 32), 0);
    end_phone();
}

static void M57_the_encryption_key_is_one_and_stays_inside(void **state)
{
    struct lk_encryption_key object, again;
    uint8_t first[LK_ENCRYPTION_KEY_MAX], key_id[20];
    size_t scalars;

    (void)state;
    begin_phone();
    scalars = phone.spy.num_scalars;
    make_key();
    assert_int_equal(phone.spy.num_scalars, scalars + 1);
    memcpy(first, s.ff21, s.ff21_len);
    assert_int_equal(lk_encryption_key_parse(lk_bytes(first, s.ff21_len), &object), LK_OK);
    assert_int_equal(lk_key_id(&t.car, phone.device_key, key_id), LK_OK);
    assert_memory_equal(object.key_id.at, key_id, 20);
    assert_memory_equal(object.vehicle_id.at, phone.vehicle_id, 8);
    assert_memory_not_equal(object.public_key.at, phone.device_key, 65);
    assert_int_equal(lk_verify(&t.car, phone.device_key, &object.signed_part, 1,
                               object.signature.at),
                     LK_OK);
    assert_int_equal(test_applet_reboot(&phone), LK_OK);
    make_key();
    assert_int_equal(lk_encryption_key_parse(lk_bytes(s.ff21, s.ff21_len), &again), LK_OK);
    assert_memory_equal(again.public_key.at, object.public_key.at, 65);
    assert_int_equal(test_flash_find(&phone.flash, phone.spy.scalars[phone.spy.num_scalars - 1],
                                     32),
                     0);
    assert_int_equal(test_applet_wired_id(&t, 0x8a, 0, t.endpoint_id), LK_SW_SEQUENCE); /* owner */
    assert_int_equal(test_applet_wired_id(&t, 0x8a, 1, t.endpoint_id), LK_SW_P1P2);
    end_phone();
}

static int has_record(uint32_t kind)
{
    uint8_t record[LK_STORE_RECORD_MAX];
    size_t len = 0;

    return lk_store_read(&phone.store, kind << 16, record, sizeof record, &len) == LK_OK;
}

static void LI1_the_encryption_key_goes_with_its_endpoint(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        begin_phone();
        make_key();
        assert_true(has_record(10));
        if (how == 0)
            assert_int_equal(test_applet_wired_id(&phone, 0x78, 1, phone.endpoint_id), LK_SW_OK);
        else if (how == 1)
            assert_int_equal(test_applet_wired_id(&phone, 0x74, 0, phone.endpoint_id), LK_SW_OK);
        else
            assert_int_equal(test_applet_wired(&phone, 0x3a, 0, 0,
                                               (const uint8_t *)"\x5f\x20\x08"
                                                                "FRIENDCA", 11),
                             LK_SW_OK);
        assert_false(has_record(10));
        assert_int_equal(test_applet_wired_id(&phone, 0x8a, 0, phone.endpoint_id),
                         how == 0 ? LK_SW_SEQUENCE : LK_SW_NOT_FOUND);
        end_phone();
    }
}

/* Nothing is written unless the token opens, is one token, and has a place. */
static void M63_import_of_a_token_is_strict(void **state)
{
    static const uint16_t bad[] = {1, 16, 31, 33, 288, 0x0800, 0xffe0, 0xffff};
    struct lk_token_export token;
    uint8_t sealed[LK_TOKEN_LEN + 16];

    (void)state;
    begin_phone();
    make_key();
    agree();
    assert_int_equal(test_share_authorize(&s), LK_SW_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(test_share_import(&phone, phone.endpoint_id, bad[i], &s.answer.token),
                         LK_SW_DATA);
        assert_int_equal(phone.status, LK_PEER_RANGE);
    }
    token = s.answer.token;
    token.sealed.len--;
    assert_int_equal(test_share_import(&phone, phone.endpoint_id, 0, &token), LK_SW_LENGTH);
    memcpy(sealed, s.answer.token.sealed.at, sizeof sealed);
    token.sealed = lk_bytes(sealed, sizeof sealed);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 0x80;
        assert_int_equal(test_share_import(&phone, phone.endpoint_id, 0, &token), LK_SW_MAC);
        sealed[i] ^= 0x80;
    }
    token.ephemeral = lk_bytes(s.world.server.public_key, 65);
    assert_int_equal(test_share_import(&phone, phone.endpoint_id, 0, &token), LK_SW_MAC);
    assert_int_equal(test_share_import(&t, t.endpoint_id, 32, &s.answer.token), LK_SW_SEQUENCE);
    assert_int_equal(test_share_has_spare(&s, 1), 1); /* an owner takes none */
    assert_int_equal(test_share_image(&phone, 0, image), LK_OK);
    assert_true(lk_is_zero(image, sizeof image));
    assert_int_equal(test_share_import(&phone, phone.endpoint_id, 0, &s.answer.token), LK_SW_OK);
    end_phone();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(M82_owner_checks_then_signs_and_hands_over_one_token),
        TEST(M82_every_field_of_7f25_is_signed),
        TEST(SH10_changed_rights_are_not_those_agreed_to),
        TEST(PK8_rights_must_fit_car_sharer_and_certificate),
        TEST(SH10_broken_rights_are_refused),
        TEST(PK8_broken_encryption_key_is_refused),
        TEST(SH12_broken_requests_are_refused),
        TEST(PK8_every_fact_of_h_is_checked),
        TEST(SH12_chain_of_another_automaker_or_phone_is_refused),
        TEST(PK3_PK4_PK6_PK10_broken_certificates_at_each_place),
        TEST(PK10_a_certificate_above_the_limit_is_refused),
        TEST(SH12_encryption_key_of_another),
        TEST(EX8_only_one_whole_spare_ever_leaves),
        TEST(EX8_a_spare_is_used_once),
        TEST(EX9_an_open_exchange_comes_first),
        TEST(SH18_no_sharing_without_the_user),
        TEST(S5_a_consent_is_for_one_hash_and_one_key),
        TEST(S5_a_consent_ends_after_48_hours),
        TEST(S5_a_consent_does_not_outlive_restart_or_key),
        TEST(LI10_full_table_of_consents),
        TEST(LI5_lost_locked_and_ended_keys_do_not_share),
        TEST(SH11_only_an_owner_that_may_share_shares),
        TEST(SH11_dates_make_a_friend_and_never_a_sharer),
        TEST(M80_an_invited_key_does_not_answer_before_it_is_signed),
        TEST(M101_one_element_trusts_the_other),
        TEST(M57_the_encryption_key_is_one_and_stays_inside),
        TEST(LI1_the_encryption_key_goes_with_its_endpoint),
        TEST(M63_import_of_a_token_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
