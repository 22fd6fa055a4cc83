/* share_fixture.c: see share_fixture.h. */
#include "support/share_fixture.h"

#include <string.h>

#include "applet/applet.h"

#define AT_CONFIDENTIAL LK_PRIVATE_MAILBOX_MAX

/* What the car writes in phase 3: tokens first, then slots and the bitmap (D28). */
static enum lk_status fill(struct test_share *s)
{
    struct test_tap tap;
    uint8_t list[1 + sizeof s->slots];
    const struct lk_exchange_op ops[] = {
        {.kind = LK_EXCHANGE_WRITE, .is_confidential = 1, .data = {s->tokens[0], 160}},
        {.kind = LK_EXCHANGE_WRITE, .is_confidential = 1, .offset = 160,
         .data = {s->tokens[5], 128}},
        {.kind = LK_EXCHANGE_WRITE, .offset = LK_AT_SLOT_BITMAP, .data = {list, sizeof list}},
    };
    int good;

    LK_TRY(lk_random(&s->owner->car, s->tokens[0], sizeof s->tokens));
    list[0] = 0xff;
    for (size_t i = 0; i < 8; i++) {
        s->slots[i][0] = 0x70;
        s->slots[i][1] = (uint8_t)i;
        memcpy(list + 1 + 2 * i, s->slots[i], 2);
    }
    good = test_tap_standard(s->owner, &tap, 4) == LK_SW_OK;
    for (size_t i = 0; good && i < 3; i++)
        good = test_tap_operate(s->owner, &tap, i < 2 ? LK_EXCHANGE_MORE : LK_EXCHANGE_LAST,
                                &ops[i], 1, NULL, NULL) == LK_EXCHANGE_OK;
    test_tap_forget(s->owner, &tap);
    lk_applet_field_lost(&s->owner->applet);
    return good ? LK_OK : LK_INTERNAL;
}

enum lk_status test_share_start(struct test_applet *t, struct test_share *s)
{
    memset(s, 0, sizeof *s);
    s->owner = t;
    LK_TRY(test_applet_init(t));
    LK_TRY(test_ca_world_init(&t->car, t->vehicle_id, &s->world));
    t->vehicle = s->world.vehicle;
    t->authorized = s->world.automaker;
    LK_TRY(test_ca_key_make(&t->car, &s->encryption));
    LK_TRY(test_applet_fill(t));
    LK_TRY(lk_key_id(&t->car, t->device_key, s->sharer));
    memcpy(s->endpoint_id, t->endpoint_id, 8);
    LK_TRY(fill(s));
    t->hidden = s->tokens[0];
    t->num_hidden = 9;
    return test_share_plan(s, 0);
}

void test_share_forget(struct test_share *s)
{
    test_applet_forget(s->owner);
    s->owner->num_hidden = 0;
}

enum lk_status test_share_make_rights(struct test_share *s)
{
    struct lk_bytes part;
    struct lk_wr wr;

    lk_wr_init(&wr, s->ff20, sizeof s->ff20);
    lk_entitlement_write(&s->rights, &wr);
    LK_TRY(wr.fault);
    s->ff20_len = wr.len;
    part = lk_bytes(s->ff20, s->ff20_len);
    return lk_sha256(&s->owner->car, &part, 1, s->hash);
}

enum lk_status test_share_make_h(struct test_share *s, const struct test_ca_key *key)
{
    return test_ca_issue_h(&s->world, &s->facts, key, &s->h);
}

enum lk_status test_share_make_ff21(struct test_share *s, const struct lk_encryption_key *change)
{
    uint8_t key_id[20], signature[64], text[LK_ENCRYPTION_KEY_MAX];
    struct lk_encryption_key object = {
        .vehicle_id = lk_bytes(s->world.vehicle_id, 8),
        .key_id = lk_bytes(key_id, 20),
        .public_key = lk_bytes(s->encryption.public_key, 65),
        .signature = lk_bytes(signature, 64),
    };
    struct lk_bytes part;
    struct lk_wr wr;

    LK_TRY(lk_key_id(&s->owner->car, s->world.endpoint.public_key, key_id));
    if (change != NULL && change->vehicle_id.at != NULL)
        object.vehicle_id = change->vehicle_id;
    if (change != NULL && change->key_id.at != NULL)
        object.key_id = change->key_id;
    if (change != NULL && change->public_key.at != NULL)
        object.public_key = change->public_key;
    lk_wr_init(&wr, text, sizeof text);
    lk_encryption_key_write_signed(&object, &wr);
    LK_TRY(wr.fault);
    part = lk_bytes(text, wr.len);
    LK_TRY(lk_sign(&s->owner->car, s->world.endpoint.key, &part, 1, signature));
    lk_wr_init(&wr, s->ff21, sizeof s->ff21);
    lk_encryption_key_write(&object, &wr);
    s->ff21_len = wr.len;
    return wr.fault;
}

enum lk_status test_share_plan(struct test_share *s, size_t i)
{
    memcpy(s->slot, s->slots[i], 2);
    s->facts = s->world.facts;
    s->facts.slot = lk_bytes(s->slot, 2);
    s->facts.not_before = lk_bytes(TEST_FROM, LK_DATE_LEN);
    s->facts.not_after = lk_bytes(TEST_TO, LK_DATE_LEN);
    memset(&s->rights, 0, sizeof s->rights);
    s->rights.profile = 1;
    s->rights.not_before = s->facts.not_before;
    s->rights.not_after = s->facts.not_after;
    s->rights.slot = s->facts.slot;
    s->rights.vehicle_id = lk_bytes(s->world.vehicle_id, 8);
    s->rights.sharer = lk_bytes(s->sharer, 20);
    s->rights.epoch = 7;
    s->rights.redeem_by = lk_bytes("20260120000000Z", LK_DATE_LEN);
    s->f = s->world.f;
    s->e = s->world.e;
    s->has_token = 1;
    s->offset = (uint16_t)((i + 1) * 32);
    s->length = 32;
    LK_TRY(test_share_make_rights(s));
    LK_TRY(test_share_make_h(s, &s->world.endpoint));
    return test_share_make_ff21(s, NULL);
}

uint16_t test_share_authenticate(struct test_share *s)
{
    return test_applet_wired(s->owner, 0x34, 1, 0, NULL, 0);
}

uint16_t test_share_consent(struct test_share *s, uint8_t p1)
{
    struct lk_wired_consent body = {lk_bytes(s->endpoint_id, 8), lk_bytes(s->hash, 32)};
    uint8_t bytes[64];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_consent_write(&body, &wr);
    return test_applet_wired(s->owner, 0x3e, p1, 0, bytes, wr.len);
}

/* By hand and not by lk_wired_friend_write, so that it takes what no writer writes. */
uint16_t test_share_send(struct test_share *s)
{
    static uint8_t bytes[LK_REASSEMBLY_MAX];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_tlv_put(&wr, LK_TAG_SHARE_F, s->f.der, s->f.len);
    lk_tlv_put(&wr, LK_TAG_SHARE_E, s->e.der, s->e.len);
    lk_tlv_put(&wr, LK_TAG_SHARE_H, s->h.der, s->h.len);
    lk_tlv_put(&wr, LK_TAG_ENCRYPTION_KEY, s->ff21, s->ff21_len);
    lk_wr_put(&wr, s->ff20, s->ff20_len);
    if (wr.fault != LK_OK)
        return 0;
    return test_applet_write_buffer(s->owner, bytes, wr.len);
}

uint16_t test_share_authorize_only(struct test_share *s)
{
    struct lk_wired_authorize body = {
        .endpoint_id = lk_bytes(s->endpoint_id, 8),
        .entitlement_hash = lk_bytes(s->hash, 32),
        .has_token = (uint8_t)s->has_token,
        .offset = s->offset,
        .length = s->length,
    };
    uint8_t bytes[64];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_authorize_write(&body, &wr);
    return test_applet_wired(s->owner, 0x32, 0, 0, bytes, wr.len);
}

uint16_t test_share_authorize(struct test_share *s)
{
    if (test_share_send(s) != LK_SW_OK || test_share_authorize_only(s) != LK_SW_OK ||
        test_applet_fetch(s->owner) != LK_SW_OK)
        return s->owner->sw;
    if (lk_wired_authorized_parse(lk_bytes(s->owner->cert, s->owner->cert_len), &s->answer) !=
            LK_OK ||
        lk_share_parse(s->answer.share, &s->attestation) != LK_OK)
        return 0;
    return LK_SW_OK;
}

const uint8_t test_friend_id[8] = {0xe0, 0, 0, 0, 0, 0, 0, 2};

enum lk_status test_share_add_friend(struct test_share *s)
{
    struct test_applet *t = s->owner;
    struct test_endpoint endpoint;
    uint8_t owner_key[65];
    uint16_t sw;

    memcpy(owner_key, t->device_key, 65);
    test_endpoint_default(t, &endpoint);
    memcpy(endpoint.endpoint_id, test_friend_id, 8);
    endpoint.vehicle_id[7] ^= 1;
    endpoint.option1 = 0x03;
    endpoint.not_before = TEST_FROM;
    endpoint.not_after = TEST_TO;
    sw = test_applet_create_endpoint(t, "TESTCA", &endpoint);
    memcpy(t->device_key, owner_key, 65);
    return sw == LK_SW_OK ? LK_OK : LK_INTERNAL;
}

uint16_t test_share_seal(struct test_share *s, const uint8_t token[32],
                         struct lk_token_export *out)
{
    struct test_applet *t = s->owner;
    struct lk_encryption_key object;

    if (test_applet_wired_id(t, 0x8a, 0, test_friend_id) != LK_SW_OK)
        return t->sw;
    if (lk_encryption_key_parse(lk_bytes(t->answer, t->answer_len), &object) != LK_OK ||
        lk_ecies_seal(&t->car, object.public_key.at, lk_bytes(token, 32), s->ephemeral,
                      s->sealed) != LK_OK)
        return 0;
    out->ephemeral = lk_bytes(s->ephemeral, sizeof s->ephemeral);
    out->sealed = lk_bytes(s->sealed, sizeof s->sealed);
    return LK_SW_OK;
}

uint16_t test_share_import(struct test_applet *t, const uint8_t id[8], uint16_t offset,
                           const struct lk_token_export *token)
{
    uint8_t bytes[256], body[10] = {0x50, 0x08};
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_token_write(token, &wr);
    memcpy(body + 2, id, 8);
    if (wr.fault != LK_OK || test_applet_write_buffer(t, bytes, wr.len) != LK_SW_OK)
        return t->sw;
    return test_applet_wired(t, 0x7c, (uint8_t)(offset >> 8), (uint8_t)offset, body, sizeof body);
}

enum lk_status test_share_image(struct test_applet *t, size_t index,
                                uint8_t out[LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX])
{
    return lk_record_read_mailboxes(&t->applet, index, out);
}

int test_share_has_spare(struct test_share *s, size_t i)
{
    static uint8_t image[LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX];
    const uint8_t *token = image + AT_CONFIDENTIAL + 32 * (i + 1);
    int bit;

    if (test_share_image(s->owner, 0, image) != LK_OK)
        return -1;
    bit = (image[LK_AT_SLOT_BITMAP] >> i) & 1;
    if (bit && memcmp(token, s->tokens[i + 1], 32) == 0)
        return 1;
    return !bit && lk_is_zero(token, 32) ? 0 : -1;
}
