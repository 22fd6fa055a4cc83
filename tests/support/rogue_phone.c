/* rogue_phone.c: see rogue_phone.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/rogue_phone.h"

#include "apdu/apdu.h"
#include "tlv/tlv.h"
#include "msg/msg.h"

#define USAGE_DEVICE 0x4E887B4Cu

struct reply {
    struct lk_wr wr;
    uint16_t sw;
};

static int lies(const struct test_rogue *rogue, enum test_lie lie)
{
    return rogue->lie == lie;
}

static void seal(struct test_rogue *rogue, struct reply *reply, const void *plain, size_t len)
{
    uint8_t sealed[LK_APDU_RESPONSE_MAX];
    size_t sealed_len = 0;

    assert_int_equal(lk_chan_seal_response(&rogue->chan, rogue->crypto, lk_bytes(plain, len),
                                           sealed, &sealed_len),
                     LK_OK);
    lk_wr_put(&reply->wr, sealed, sealed_len);
}

static size_t unseal(struct test_rogue *rogue, struct lk_bytes body, uint8_t *plain)
{
    size_t len = 0;

    assert_int_equal(lk_chan_open_command(&rogue->chan, rogue->crypto, body, plain, &len), LK_OK);
    return len;
}

static void select_framework(struct test_rogue *rogue, struct reply *reply)
{
    uint8_t answer[] = {0x5a, 2, 1, 0, 0x5c, 2, 1, 0, 0xd4, 1, 2};

    if (lies(rogue, LIE_SELECT_GARBAGE))
        answer[1] = 0x80;
    if (lies(rogue, LIE_SPAKE_VERSION))
        answer[2] = 9;
    if (lies(rogue, LIE_APPLET_VERSION))
        answer[6] = 9;
    if (lies(rogue, LIE_NOT_READY))
        answer[10] = 0;
    if (lies(rogue, LIE_RESELECT_6A82) && rogue->data_len > 0)
        reply->sw = 0x6a82;
    else
        lk_wr_put(&reply->wr, answer, sizeof answer);
}

/* The status word if it tells the lie `first` or one of the two after it. */
static uint16_t refusal(const struct test_rogue *rogue, enum test_lie first)
{
    static const uint16_t words[] = {0x6985, 0x6a88, 0x9484};

    return rogue->lie >= first && rogue->lie <= first + 2 ? words[rogue->lie - first] : 0x9000;
}

static void request(struct test_rogue *rogue, struct lk_bytes body, struct reply *reply)
{
    struct lk_spake2_request msg;
    struct lk_scrypt_port scrypt;
    uint8_t dk[80], w0[32], w1[32], share[65];

    assert_int_equal(lk_spake2_request_parse(body, &msg), LK_OK);
    memcpy(rogue->tlvs, msg.versions_tlv.at, msg.versions_tlv.len);
    rogue->tlvs_len = (uint8_t)msg.versions_tlv.len;
    lk_openssl_scrypt(&scrypt);
    assert_int_equal(scrypt.derive(scrypt.ctx, lk_bytes(TEST_CAR_PASSWORD, 8), msg.salt.at, msg.n,
                                   msg.r, msg.p, dk),
                     LK_OK);
    assert_int_equal(lk_spake2_w0w1(dk, w0, w1), LK_OK);
    if (lies(rogue, LIE_W1_UNKNOWN))
        w1[31] ^= 1;
    assert_int_equal(lk_spake2_prover_start(rogue->crypto, w0, w1, &rogue->prover), LK_OK);
    memcpy(share, rogue->prover.share, sizeof share);
    if (lies(rogue, LIE_X_OFF_CURVE))
        share[64] ^= 1;
    if (lies(rogue, LIE_X_INFINITY))
        memset(share + 1, 0, 64);
    reply->sw = refusal(rogue, LIE_REQUEST_6985);
    if (reply->sw == 0x9000)
        lk_tlv_put(&reply->wr, 0x50, share, lies(rogue, LIE_X_SHORT) ? 64 : 65);
}

static void verify(struct test_rogue *rogue, struct lk_bytes body, struct reply *reply)
{
    struct lk_spake2_verify msg;
    struct lk_pairing_keys keys;
    uint8_t m2[16];

    assert_int_equal(lk_spake2_verify_parse(body, &msg), LK_OK);
    if (lk_spake2_prover_finish(rogue->crypto, &rogue->prover, msg.share.at, msg.evidence.at,
                                lk_bytes(rogue->tlvs, rogue->tlvs_len), m2, &keys) != LK_OK) {
        if (lies(rogue, LIE_W1_UNKNOWN)) { /* it does not mind our evidence and makes one up */
            assert_int_equal(lk_random(rogue->crypto, m2, sizeof m2), LK_OK);
            lk_tlv_put(&reply->wr, 0x58, m2, sizeof m2);
            return;
        }
        reply->sw = 0x6a88;
        return;
    }
    lk_chan_open(&rogue->chan, &keys.channel);
    if (lies(rogue, LIE_M2_WRONG))
        m2[15] ^= 1;
    if (lies(rogue, LIE_M2_REFLECTED))
        memcpy(m2, msg.evidence.at, sizeof m2);
    reply->sw = refusal(rogue, LIE_VERIFY_6985);
    if (reply->sw == 0x9000)
        lk_tlv_put(&reply->wr, 0x58, m2, lies(rogue, LIE_M2_SHORT) ? 15 : 16);
}

/* H whose CommonName is the identifier, or nearly so. */
static void issue_named(struct test_rogue *rogue, const struct lk_endpoint_facts *facts)
{
    struct test_ca_world *world = rogue->world;
    uint8_t value[512];
    size_t len = 0;
    char name[17];

    test_ca_hex(facts->endpoint_id, name);
    if (lies(rogue, LIE_H_NAME_SHORT))
        name[15] = '\0';
    if (lies(rogue, LIE_H_NAME_LOWER))
        name[0] = 'a';
    assert_int_equal(lk_endpoint_facts_write(facts, value, sizeof value, &len), LK_OK);
    assert_int_equal(test_ca_issue(world->crypto, LK_ROLE_ENDPOINT, name, &world->endpoint,
                                   &world->e, &world->instance, lk_bytes(value, len), &rogue->h),
                     LK_OK);
}

static void issue_h(struct test_rogue *rogue, const struct lk_pairing_data *data)
{
    struct lk_endpoint_facts facts = rogue->world->facts;

    memcpy(rogue->slot, data->creation.slot.at, data->creation.slot.len);
    rogue->slot_len = (uint8_t)data->creation.slot.len;
    facts.option1 = data->creation.option1;
    facts.option2 = data->creation.option2;
    facts.confidential_size = data->creation.confidential_size;
    facts.private_size = data->creation.private_size;
    facts.slot = data->creation.slot;
    facts.authorized_key = data->creation.authorized_key.at;
    facts.not_before = facts.not_after = lk_bytes(NULL, 0);
    rogue->versions[0] = 1;
    rogue->versions[1] = lies(rogue, LIE_H_VERSIONS) ? 1 : 0;
    facts.versions = lk_bytes(rogue->versions, 2);
    if (lies(rogue, LIE_H_SLOT))
        facts.slot = lk_bytes("\x77\x77", 2);
    if (lies(rogue, LIE_H_OPTIONS))
        facts.option1 |= LK_OPTION1_EXCHANGE_FAST;
    if (lies(rogue, LIE_H_SIZE))
        facts.private_size++;
    issue_named(rogue, &facts);
}

static void write_data(struct test_rogue *rogue, struct lk_bytes body, struct reply *reply)
{
    struct lk_pairing_data data;
    uint8_t plain[LK_APDU_COMMAND_MAX];
    size_t len = unseal(rogue, body, plain);
    int is_whole = 0;

    memcpy(rogue->data + rogue->data_len, plain, len);
    rogue->data_len += len;
    if (lk_pairing_data_whole(lk_bytes(rogue->data, rogue->data_len), &is_whole) == LK_OK &&
        is_whole && rogue->h.len == 0) {
        assert_int_equal(lk_pairing_data_parse(lk_bytes(rogue->data, rogue->data_len), &data),
                         LK_OK);
        issue_h(rogue, &data);
        rogue->data_len = 1;
    }
    if (lies(rogue, LIE_WRITE_6A84))
        reply->sw = 0x6a84;
    else if (!lies(rogue, LIE_WRITE_NO_MAC))
        seal(rogue, reply, plain, lies(rogue, LIE_WRITE_TALKS) ? 5 : 0);
    if (lies(rogue, LIE_WRITE_BAD_MAC))
        reply->wr.at[0] ^= 1;
}

static void load_object(struct test_rogue *rogue, uint16_t tag)
{
    const struct test_ca_cert *cert = &rogue->h;

    if (tag == 0x7f22)
        cert = lies(rogue, LIE_CHAIN_SWAPPED) ? &rogue->world->f : &rogue->world->e;
    if (tag == 0x7f20)
        cert = lies(rogue, LIE_CHAIN_SWAPPED) ? &rogue->world->e : &rogue->world->f;
    memcpy(rogue->object, cert->der, cert->len);
    rogue->object_len = cert->len;
    rogue->object_at = 0;
    if (rogue->form != NULL &&
        rogue->form_place == (tag == 0x7f20 ? 'F' : tag == 0x7f22 ? 'E' : 'H'))
        rogue->object_len =
            test_form_make(rogue->form, rogue->form_place, rogue->world, rogue->foreign, cert,
                           rogue->object, sizeof rogue->object);
    if (lies(rogue, LIE_READ_TRAILING))
        rogue->object[rogue->object_len++] = 0;
    if (lies(rogue, LIE_READ_NOT_DER))
        rogue->object[0] = 0x31;
    if (lies(rogue, LIE_H_SIGNATURE) && tag == 0x7f24)
        rogue->object[rogue->object_len - 1] ^= 1;
    if (lies(rogue, LIE_READ_LONG)) {
        lk_put32(rogue->object, 0x30820ff0u);
        rogue->object_len = 4000;
    }
    if (lies(rogue, LIE_READ_OVER)) { /* 1024 bytes are announced */
        lk_put32(rogue->object, 0x308203fcu);
        rogue->object_len = 1500;
    }
    if (lies(rogue, LIE_E_NOT_CERT) && tag == 0x7f22) {
        lk_put32(rogue->object, 0x30020500u);
        rogue->object_len = 4;
    }
    if (lies(rogue, LIE_READ_ABSENT) && tag == 0x7f22) {
        lk_put16(rogue->object, tag);
        rogue->object[2] = 0;
        rogue->object_len = 3;
    }
}

static void read_data(struct test_rogue *rogue, uint8_t ins, struct lk_bytes body,
                      struct reply *reply)
{
    uint8_t plain[LK_APDU_COMMAND_MAX];
    size_t len = unseal(rogue, body, plain), part, left;

    if (ins == 0xca && len == 2)
        load_object(rogue, lk_be16(plain));
    left = rogue->object_len - rogue->object_at;
    part = left < LK_CHAN_PLAIN_MAX ? left : LK_CHAN_PLAIN_MAX;
    if (lies(rogue, LIE_READ_ENDLESS))
        part = 1;
    if (lies(rogue, LIE_READ_EMPTY))
        part = 0;
    seal(rogue, reply, rogue->object + rogue->object_at, part);
    rogue->object_at += part;
    if (rogue->object_at < rogue->object_len)
        reply->sw = 0x6100;
    if (lies(rogue, LIE_READ_BAD_MAC))
        reply->wr.at[reply->wr.len - 1] ^= 1;
}

static void auth0(struct test_rogue *rogue, const struct lk_command *command, struct reply *reply)
{
    uint8_t point[65], cryptogram[17] = {1, 2, 3};
    struct lk_auth0 msg;

    assert_int_equal(lk_auth0_parse(command->body, &msg), LK_OK);
    memcpy(rogue->vehicle_ephemeral, msg.ephemeral.at, 65);
    memcpy(rogue->transaction_id, msg.transaction_id.at, 16);
    rogue->p1 = command->p1;
    rogue->p2 = command->p2;
    assert_int_equal(lk_key_generate(rogue->crypto, &rogue->ephemeral, rogue->ephemeral_public),
                     LK_OK);
    memcpy(point, lies(rogue, LIE_AUTH0_REFLECTED) ? msg.ephemeral.at : rogue->ephemeral_public,
           65);
    if (lies(rogue, LIE_AUTH0_OFF_CURVE))
        point[40] ^= 1;
    lk_tlv_put(&reply->wr, 0x86, point, 65);
    if ((command->p1 & 1) && !lies(rogue, LIE_AUTH0_NO_9D))
        lk_tlv_put(&reply->wr, 0x9d, cryptogram,
                   (size_t)(16 - lies(rogue, LIE_AUTH0_9D_SHORT) + lies(rogue, LIE_AUTH0_9D_LONG)));
    if (lies(rogue, LIE_AUTH0_9D_TWICE) || lies(rogue, LIE_AUTH0_9D_UNASKED))
        lk_tlv_put(&reply->wr, 0x9d, cryptogram, 16);
}

static void auth1(struct test_rogue *rogue, struct reply *reply)
{
    struct lk_transcript t = {.vehicle_ephemeral = rogue->vehicle_ephemeral,
                              .device_ephemeral = rogue->ephemeral_public,
                              .transaction_id = rogue->transaction_id,
                              .interface = LK_NFC,
                              .p1 = rogue->p1,
                              .p2 = rogue->p2,
                              .version = {1, 0}};
    struct lk_session_keys keys;
    struct lk_persistent persistent;
    struct lk_auth1_answer msg = {.slot = lk_bytes(rogue->slot, rogue->slot_len)};
    uint8_t text[102], signature[64], plain[LK_CHAN_PLAIN_MAX];
    struct lk_bytes part = lk_bytes(text, sizeof text);
    struct lk_wr wr;

    if (lies(rogue, LIE_AUTH1_6982) || lies(rogue, LIE_AUTH1_6985)) {
        reply->sw = lies(rogue, LIE_AUTH1_6982) ? 0x6982 : 0x6985;
        return;
    }
    assert_int_equal(lk_standard_derive(rogue->crypto, rogue->ephemeral, rogue->vehicle_ephemeral,
                                        &t, &keys, &persistent),
                     LK_OK);
    assert_int_equal(lk_auth1_signed(rogue->world->vehicle_id, &t, USAGE_DEVICE, text), LK_OK);
    assert_int_equal(lk_sign(rogue->crypto, rogue->world->endpoint.key, &part, 1, signature),
                     LK_OK);
    if (lies(rogue, LIE_AUTH1_SIGNATURE))
        signature[63] ^= 1;
    if (lies(rogue, LIE_AUTH1_SLOT))
        msg.slot = lk_bytes("\x00\x00", 2);
    msg.signature = lk_bytes(signature, 64);
    msg.confidential_window = lk_bytes(rogue->token, sizeof rogue->token);
    if (lies(rogue, LIE_AUTH1_TOKEN))
        rogue->token[31] ^= 1;
    lk_wr_init(&wr, plain, sizeof plain);
    lk_auth1_answer_write(&msg, &wr);
    if (lies(rogue, LIE_AUTH1_TRAILING))
        lk_tlv_put_u8(&wr, 0x99, 0);
    assert_int_equal(wr.fault, LK_OK);
    lk_chan_open(&rogue->chan, &keys);
    seal(rogue, reply, plain, wr.len);
    if (lies(rogue, LIE_AUTH1_MAC))
        reply->wr.at[3] ^= 1;
    if (lies(rogue, LIE_AUTH1_NO_MAC))
        reply->wr.len -= 8;
}

static void exchange(struct test_rogue *rogue, struct lk_bytes body, struct reply *reply)
{
    uint8_t plain[LK_APDU_COMMAND_MAX], answer[16];
    struct lk_exchange msg;
    struct lk_exchange_op op;
    struct lk_wr wr;
    size_t len = unseal(rogue, body, plain);

    assert_int_equal(lk_exchange_parse(lk_bytes(plain, len), &msg), LK_OK);
    while (lk_exchange_next(&msg.ops, &op)) {
        if (op.is_confidential && op.offset == 0 && op.data.len >= sizeof rogue->token)
            memcpy(rogue->token, op.data.at, sizeof rogue->token);
    }
    lk_wr_init(&wr, answer, sizeof answer);
    if (lies(rogue, LIE_EXCHANGE_READS))
        lk_exchange_answer_put(&wr, lk_bytes("x", 1));
    lk_exchange_answer_end(&wr, lies(rogue, LIE_EXCHANGE_STATUS) ? LK_EXCHANGE_FORBIDDEN : 0);
    seal(rogue, reply, answer, wr.len);
    if (lies(rogue, LIE_EXCHANGE_MAC))
        reply->wr.at[0] ^= 1;
}

static void to_applet(struct test_rogue *rogue, const struct lk_command *command,
                      struct reply *reply)
{
    static const uint8_t versions[] = {0x5c, 2, 1, 0}, future[] = {0x5c, 2, 9, 0};
    uint8_t many[20] = {0x5c, 18, 1, 0};

    if (command->ins == 0xa4 && lies(rogue, LIE_TAP_LIST_LONG))
        lk_wr_put(&reply->wr, many, sizeof many);
    else if (command->ins == 0xa4)
        lk_wr_put(&reply->wr, lies(rogue, LIE_TAP_VERSION) ? future : versions, sizeof versions);
    if (command->ins == 0x80)
        auth0(rogue, command, reply);
    if (command->ins == 0x81)
        auth1(rogue, reply);
    if (command->ins == 0xc9)
        exchange(rogue, command->body, reply);
}

static void to_framework(struct test_rogue *rogue, const struct lk_command *command,
                         struct reply *reply)
{
    if (command->ins == 0xa4)
        select_framework(rogue, reply);
    if (command->ins == 0x30)
        request(rogue, command->body, reply);
    if (command->ins == 0x32)
        verify(rogue, command->body, reply);
    if (command->ins == 0xd4)
        write_data(rogue, command->body, reply);
    if (command->ins == 0xca || command->ins == 0xc0)
        read_data(rogue, command->ins, command->body, reply);
}

static void rogue_answer(void *ctx, const uint8_t *apdu, size_t len, uint8_t *out, size_t *out_len)
{
    struct test_rogue *rogue = ctx;
    struct lk_command command;
    struct reply reply = {.sw = 0x9000};

    lk_wr_init(&reply.wr, out, 256);
    assert_int_equal(lk_command_parse(lk_bytes(apdu, len), &command), LK_OK);
    if (command.ins == 0xa4)
        rogue->is_applet = lk_select_aid(command.body) == LK_AID_APPLET;
    if (command.ins == 0x3c) {
        rogue->last_p1 = command.p1;
        rogue->last_p2 = command.p2;
    } else if (rogue->is_applet)
        to_applet(rogue, &command, &reply);
    else
        to_framework(rogue, &command, &reply);
    lk_put16(out + reply.wr.len, reply.sw);
    *out_len = reply.wr.len + 2;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

void test_rogue_init(struct test_rogue *rogue, struct lk_crypto *crypto,
                     struct test_ca_world *world)
{
    memset(rogue, 0, sizeof *rogue);
    rogue->crypto = crypto;
    rogue->world = world;
}

void test_field_rogue(struct test_field *field, struct test_rogue *rogue)
{
    memset(field, 0, sizeof *field);
    field->ctx = rogue;
    field->answer = rogue_answer;
    field->reset = field->wait = nothing;
}
