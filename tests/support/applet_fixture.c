/* applet_fixture.c: see applet_fixture.h. */
#include "support/applet_fixture.h"

#include <string.h>

#include "apdu/apdu.h"

#define USAGE_VEHICLE 0x415D9569u
#define USAGE_DEVICE 0x4E887B4Cu

static const uint8_t store_key[32] = {0x5a, 0x01, 0x02, 0x03};

enum lk_status test_applet_init(struct test_applet *t)
{
    struct lk_openssl *provider = lk_openssl_new(store_key);
    enum lk_status status;

    if (provider == NULL)
        return LK_PORT_CRYPTO;
    status = test_applet_init_on(t, lk_openssl_port(provider));
    t->provider = provider;
    return status;
}

enum lk_status test_applet_init_on(struct test_applet *t, const struct lk_crypto_port *port)
{
    memset(t, 0, sizeof *t);
    t->now_ms = 1000000;
    test_spy_init(&t->spy, port);
    LK_TRY(lk_crypto_init(&t->crypto, &t->spy.port));
    LK_TRY(lk_crypto_init(&t->car, port));
    test_flash_init(&t->flash);
    LK_TRY(lk_store_format(&t->flash.port, LK_STORE_ELEMENT));
    LK_TRY(lk_store_open(&t->store, &t->flash.port, LK_STORE_ELEMENT));
    LK_TRY(test_ca_key_make(&t->car, &t->vehicle));
    LK_TRY(test_ca_key_make(&t->car, &t->authorized));
    memcpy(t->vehicle_id, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    memcpy(t->endpoint_id, "\xe0\x00\x00\x00\x00\x00\x00\x01", 8);
    return lk_applet_init(&t->applet, &t->crypto, &t->store);
}

enum lk_status test_applet_start(struct test_applet *t)
{
    LK_TRY(test_applet_init(t));
    return test_applet_fill(t);
}

enum lk_status test_applet_fill(struct test_applet *t)
{
    struct test_endpoint endpoint;

    if (test_applet_create_ca(t, "TESTCA") != LK_SW_OK)
        return t->status;
    test_endpoint_default(t, &endpoint);
    if (test_applet_create_endpoint(t, "TESTCA", &endpoint) != LK_SW_OK)
        return t->status == LK_OK ? LK_INTERNAL : t->status;
    return LK_OK;
}

void test_applet_forget(struct test_applet *t)
{
    lk_applet_forget(&t->applet);
    lk_crypto_forget(&t->crypto);
    lk_crypto_forget(&t->car);
    lk_openssl_free(&t->provider);
}

enum lk_status test_applet_reboot(struct test_applet *t)
{
    lk_applet_forget(&t->applet);
    test_flash_power_on(&t->flash);
    LK_TRY(lk_store_open(&t->store, &t->flash.port, LK_STORE_ELEMENT));
    return lk_applet_init(&t->applet, &t->crypto, &t->store);
}

int test_applet_leaks(const struct test_applet *t, size_t len)
{
    if (test_spy_finds(&t->spy, t->answer, len))
        return 1;
    for (size_t i = 0; i < t->num_hidden; i++) {
        for (size_t at = 0; at + 16 <= len; at++) {
            if (memcmp(t->answer + at, t->hidden + 32 * i, 16) == 0)
                return 1;
        }
    }
    return 0;
}

uint16_t test_applet_send(struct test_applet *t, enum lk_interface interface, uint8_t cla,
                          uint8_t ins, uint8_t p1, uint8_t p2, const uint8_t *body, size_t len,
                          uint16_t le)
{
    struct lk_command command = {cla, ins, p1, p2, {body, len}, le};
    uint8_t apdu[LK_APDU_COMMAND_MAX];
    size_t apdu_len = 0, got = 0;

    memset(t->answer, 0xa5, sizeof t->answer);
    t->answer_len = 0;
    t->sw = 0;
    if (lk_command_write(&command, apdu, &apdu_len) != LK_OK)
        return 0;
    t->status = lk_applet_command(&t->applet, interface, t->now_ms, lk_bytes(apdu, apdu_len),
                                  t->answer, &got);
    if (got < 2 || got > sizeof t->answer)
        return 0;
    t->answer_len = got - 2;
    t->sw = lk_be16(t->answer + got - 2);
    if (test_applet_leaks(t, got))
        t->leaked = 1;
    return t->sw;
}

uint16_t test_applet_select(struct test_applet *t, enum lk_interface interface)
{
    return test_applet_send(t, interface, 0x00, 0xa4, 0x04, 0x00, lk_aid_applet,
                            sizeof lk_aid_applet, 256);
}

uint16_t test_applet_wired(struct test_applet *t, uint8_t ins, uint8_t p1, uint8_t p2,
                           const uint8_t *body, size_t len)
{
    uint16_t sw = test_applet_select(t, LK_WIRED);

    if (sw != LK_SW_OK)
        return sw;
    return test_applet_send(t, LK_WIRED, 0x80, ins, p1, p2, body, len, 256);
}

uint16_t test_applet_wired_id(struct test_applet *t, uint8_t ins, uint8_t p1, const uint8_t id[8])
{
    uint8_t body[10] = {0x50, 0x08};

    memcpy(body + 2, id, 8);
    return test_applet_wired(t, ins, p1, 0, body, sizeof body);
}

uint16_t test_applet_fetch(struct test_applet *t)
{
    size_t len, at = 0;

    if (t->sw != LK_SW_OK)
        return t->sw;
    if (t->answer_len != 2)
        return 0;
    len = lk_be16(t->answer);
    if (len > sizeof t->cert)
        return 0;
    while (at < len) {
        if (test_applet_send(t, LK_WIRED, 0x80, 0xb0, (uint8_t)(at >> 8), (uint8_t)at, NULL, 0,
                             100) != LK_SW_OK)
            return t->sw;
        if (t->answer_len == 0 || t->answer_len > len - at)
            return 0;
        memcpy(t->cert + at, t->answer, t->answer_len);
        at += t->answer_len;
    }
    t->cert_len = len;
    return LK_SW_OK;
}

uint16_t test_applet_write_buffer(struct test_applet *t, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += 200) {
        size_t n = len - at < 200 ? len - at : 200;
        uint16_t sw = at == 0 ? test_applet_wired(t, 0xd0, 0, 0, bytes, n)
                              : test_applet_send(t, LK_WIRED, 0x80, 0xd0, (uint8_t)(at >> 8),
                                                 (uint8_t)at, bytes + at, n, 0);
        if (sw != LK_SW_OK)
            return sw;
    }
    return LK_SW_OK;
}

uint16_t test_applet_create_ca(struct test_applet *t, const char *name)
{
    struct lk_wired_ca body = {lk_bytes(name, strlen(name))};
    uint8_t bytes[64];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_ca_write(&body, &wr);
    test_applet_wired(t, 0x38, 0, 0, bytes, wr.len);
    return test_applet_fetch(t);
}

void test_endpoint_default(const struct test_applet *t, struct test_endpoint *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->endpoint_id, t->endpoint_id, 8);
    memcpy(out->vehicle_id, t->vehicle_id, 8);
    out->option1 = 0x13;
    out->option2 = 0x81;
    out->confidential_size = 0x0120;
    out->private_size = 0x0640;
    out->slot_len = 2;
    out->slot[1] = 1;
    out->versions_len = 2;
    out->versions[0] = 1;
}

uint16_t test_applet_create_endpoint(struct test_applet *t, const char *ca,
                                     const struct test_endpoint *endpoint)
{
    struct lk_wired_create_endpoint body = {
        .ca_name = lk_bytes(ca, strlen(ca)),
        .endpoint_id = lk_bytes(endpoint->endpoint_id, 8),
        .versions = lk_bytes(endpoint->versions, endpoint->versions_len),
        .vehicle_key = lk_bytes(t->vehicle.public_key, 65),
        .creation = {.vehicle_id = lk_bytes(endpoint->vehicle_id, 8),
                     .option1 = endpoint->option1,
                     .option2 = endpoint->option2,
                     .confidential_size = endpoint->confidential_size,
                     .private_size = endpoint->private_size,
                     .slot = lk_bytes(endpoint->slot, endpoint->slot_len),
                     .authorized_key = lk_bytes(t->authorized.public_key, 65)},
    };
    uint8_t bytes[512];
    struct lk_wr wr;
    struct lk_cert cert;

    if (endpoint->vehicle_key != NULL)
        body.creation.vehicle_key = lk_bytes(endpoint->vehicle_key, LK_POINT_LEN);
    if (endpoint->not_before != NULL)
        body.creation.not_before = lk_bytes(endpoint->not_before, LK_DATE_LEN);
    if (endpoint->not_after != NULL)
        body.creation.not_after = lk_bytes(endpoint->not_after, LK_DATE_LEN);
    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_create_endpoint_write(&body, &wr);
    if (wr.fault != LK_OK)
        return 0;
    if (test_applet_write_buffer(t, bytes, wr.len) != LK_SW_OK)
        return t->sw;
    test_applet_send(t, LK_WIRED, 0x80, 0x70, 0, 0, NULL, 0, 256);
    if (test_applet_fetch(t) != LK_SW_OK)
        return t->sw;
    if (lk_cert_parse(&t->car, lk_bytes(t->cert, t->cert_len), &cert) != LK_OK)
        return 0;
    memcpy(t->device_key, cert.public_key, sizeof t->device_key);
    return LK_SW_OK;
}

uint16_t test_applet_setup(struct test_applet *t, const uint8_t id[8], int state,
                           const struct lk_window *confidential,
                           const struct lk_window *private_box)
{
    uint8_t number = (uint8_t)state, bytes[64];
    struct lk_wired_setup_endpoint body = {.endpoint_id = lk_bytes(id, 8)};
    struct lk_wr wr;

    if (state != 0)
        body.state = lk_bytes(&number, 1);
    if (confidential != NULL)
        body.confidential_window = *confidential;
    if (private_box != NULL)
        body.private_window = *private_box;
    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_setup_endpoint_write(&body, &wr);
    return test_applet_wired(t, 0x7e, 0, 0, bytes, wr.len);
}

uint16_t test_applet_instance(struct test_applet *t, int express, int lock)
{
    struct lk_wired_setup_instance body = {0, 0, 0, 0};
    uint8_t bytes[16];
    struct lk_wr wr;

    body.has_express = express >= 0;
    body.express = express > 0;
    body.has_lock = lock >= 0;
    body.lock = lock > 0;
    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_setup_instance_write(&body, &wr);
    return test_applet_wired(t, 0x36, 0, 0, bytes, wr.len);
}

uint8_t test_applet_state(struct test_applet *t, const uint8_t id[8])
{
    struct lk_wired_state state;

    if (test_applet_wired_id(t, 0x76, LK_VIEW_STATE, id) != LK_SW_OK)
        return 0;
    if (lk_wired_state_parse(lk_bytes(t->answer, t->answer_len), &state) != LK_OK)
        return 0xff;
    return state.state;
}

/* --- the car's half --- */

void test_tap_init(const struct test_applet *t, struct test_tap *tap, uint8_t p1, uint8_t p2)
{
    memset(tap, 0, sizeof *tap);
    tap->interface = LK_NFC;
    tap->p1 = p1;
    tap->p2 = p2;
    tap->version[0] = 1;
    memcpy(tap->vehicle_id, t->vehicle_id, 8);
}

static struct lk_transcript transcript(const struct test_tap *tap)
{
    struct lk_transcript t = {
        .vehicle_ephemeral = tap->ephemeral_public,
        .device_ephemeral = tap->device_ephemeral,
        .transaction_id = tap->transaction_id,
        .interface = (uint8_t)tap->interface,
        .p1 = tap->p1,
        .p2 = tap->p2,
        .version = {tap->version[0], tap->version[1]},
    };
    return t;
}

uint16_t test_tap_auth0_again(struct test_applet *t, struct test_tap *tap)
{
    uint8_t bytes[128];
    struct lk_auth0 command;
    struct lk_auth0_answer answer;
    struct lk_wr wr;

    lk_key_free(&t->car, &tap->ephemeral);
    if (lk_key_generate(&t->car, &tap->ephemeral, tap->ephemeral_public) != LK_OK ||
        lk_random(&t->car, tap->transaction_id, sizeof tap->transaction_id) != LK_OK)
        return 0;
    command.version = lk_bytes(tap->version, 2);
    command.ephemeral = lk_bytes(tap->ephemeral_public, 65);
    command.transaction_id = lk_bytes(tap->transaction_id, 16);
    command.vehicle_id = lk_bytes(tap->vehicle_id, 8);
    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_auth0_write(&command, &wr);
    if (test_applet_send(t, tap->interface, 0x80, 0x80, tap->p1, tap->p2, bytes, wr.len, 256) !=
        LK_SW_OK)
        return t->sw;
    if (lk_auth0_answer_parse(lk_bytes(t->answer, t->answer_len), &answer) != LK_OK)
        return 0;
    memcpy(tap->device_ephemeral, answer.ephemeral.at, 65);
    tap->has_cryptogram = answer.cryptogram.at != NULL;
    if (tap->has_cryptogram)
        memcpy(tap->cryptogram, answer.cryptogram.at, sizeof tap->cryptogram);
    return tap->has_cryptogram == (tap->p1 & 1) ? LK_SW_OK : 0;
}

uint16_t test_tap_auth0(struct test_applet *t, struct test_tap *tap)
{
    uint16_t sw = test_applet_select(t, tap->interface);

    return sw == LK_SW_OK ? test_tap_auth0_again(t, tap) : sw;
}

enum lk_status test_tap_sign(struct test_applet *t, const struct test_tap *tap, uint8_t out[64])
{
    struct lk_transcript script = transcript(tap);
    uint8_t text[102];
    struct lk_bytes part = lk_bytes(text, sizeof text);

    LK_TRY(lk_auth1_signed(tap->vehicle_id, &script, USAGE_VEHICLE, text));
    return lk_sign(&t->car, t->vehicle.key, &part, 1, out);
}

/* Opens the answer of AUTH1 and checks everything in it. */
static enum lk_status open_auth1(struct test_applet *t, struct test_tap *tap)
{
    struct lk_transcript script = transcript(tap);
    struct lk_auth1_answer answer;
    struct lk_session_keys keys;
    uint8_t plain[LK_APDU_RESPONSE_MAX], text[102];
    struct lk_bytes part = lk_bytes(text, sizeof text);
    size_t len = 0;

    LK_TRY(lk_standard_derive(&t->car, tap->ephemeral, tap->device_ephemeral, &script, &keys,
                              &tap->persistent));
    lk_chan_open(&tap->chan, &keys);
    LK_TRY(lk_chan_open_response(&tap->chan, &t->car, lk_bytes(t->answer, t->answer_len), plain,
                                 &len));
    LK_TRY(lk_auth1_answer_parse(lk_bytes(plain, len), &answer));
    LK_TRY(lk_auth1_signed(tap->vehicle_id, &script, USAGE_DEVICE, text));
    LK_TRY(lk_verify(&t->car, t->device_key, &part, 1, answer.signature.at));
    tap->slot_len = answer.slot.len;
    memcpy(tap->slot, answer.slot.at, answer.slot.len);
    tap->confidential_len = answer.confidential_window.len;
    if (tap->confidential_len > 0)
        memcpy(tap->confidential, answer.confidential_window.at, tap->confidential_len);
    tap->private_len = answer.private_window.len;
    if (tap->private_len > 0)
        memcpy(tap->private_box, answer.private_window.at, tap->private_len);
    return LK_OK;
}

uint16_t test_tap_auth1(struct test_applet *t, struct test_tap *tap)
{
    uint8_t body[66] = {0x9e, 0x40};

    if (test_tap_sign(t, tap, body + 2) != LK_OK)
        return 0;
    if (test_applet_send(t, tap->interface, 0x80, 0x81, 0, 0, body, sizeof body, 256) != LK_SW_OK)
        return t->sw;
    return open_auth1(t, tap) == LK_OK ? LK_SW_OK : 0;
}

int test_tap_fast(struct test_applet *t, struct test_tap *tap,
                  const struct lk_persistent *persistent)
{
    static const uint8_t versions[2] = {1, 0};
    struct lk_fast_info info = {
        .vehicle_public = t->vehicle.public_key,
        .vehicle_id = tap->vehicle_id,
        .version_list = {versions, sizeof versions},
        .t = transcript(tap),
    };
    struct lk_session_keys keys;
    uint8_t cryptogram[16];

    if (lk_fast_derive(&t->car, persistent, t->device_key, &info, cryptogram, &keys) != LK_OK)
        return 0;
    if (!lk_equal(cryptogram, tap->cryptogram, sizeof cryptogram))
        return 0;
    lk_chan_open(&tap->chan, &keys);
    return 1;
}

uint16_t test_tap_exchange(struct test_applet *t, struct test_tap *tap, const uint8_t *plain,
                           size_t len, uint8_t *out, size_t *out_len)
{
    uint8_t sealed[LK_CHAN_PLAIN_MAX + 24];
    size_t sealed_len = 0;

    if (lk_chan_seal_command(&tap->chan, &t->car, lk_bytes(plain, len), sealed, &sealed_len) !=
        LK_OK)
        return 0;
    if (test_applet_send(t, tap->interface, 0x84, 0xc9, 0, 0, sealed, sealed_len, 256) != LK_SW_OK)
        return t->sw;
    if (lk_chan_open_response(&tap->chan, &t->car, lk_bytes(t->answer, t->answer_len), out,
                              out_len) != LK_OK)
        return 0;
    return LK_SW_OK;
}

uint16_t test_tap_operate(struct test_applet *t, struct test_tap *tap, uint8_t control,
                          const struct lk_exchange_op *ops, size_t num, uint8_t *data,
                          size_t *data_len)
{
    uint8_t plain[LK_CHAN_PLAIN_MAX], out[LK_APDU_RESPONSE_MAX];
    size_t len = 0, at = 0;
    struct lk_wr wr;
    struct lk_exchange_answer answer;
    struct lk_bytes run;

    lk_wr_init(&wr, plain, sizeof plain);
    lk_exchange_begin(&wr, control);
    for (size_t i = 0; i < num; i++)
        lk_exchange_put(&wr, &ops[i]);
    if (wr.fault != LK_OK ||
        test_tap_exchange(t, tap, plain, wr.len, out, &len) != LK_SW_OK ||
        lk_exchange_answer_parse(lk_bytes(out, len), &answer) != LK_OK)
        return 0xffff;
    while (lk_exchange_answer_next(&answer.reads, &run)) {
        if (data != NULL && run.len > 0)
            memcpy(data + at, run.at, run.len);
        at += run.len;
    }
    if (data_len != NULL)
        *data_len = at;
    return answer.status;
}

uint16_t test_tap_control(struct test_applet *t, struct test_tap *tap, uint8_t p1, uint8_t p2)
{
    return test_applet_send(t, tap->interface, 0x80, 0x3c, p1, p2, NULL, 0, 0);
}

void test_tap_forget(struct test_applet *t, struct test_tap *tap)
{
    lk_key_free(&t->car, &tap->ephemeral);
    lk_chan_forget(&tap->chan);
    lk_wipe(tap, sizeof *tap);
}

uint16_t test_tap_standard(struct test_applet *t, struct test_tap *tap, uint8_t p2)
{
    uint16_t sw;

    test_tap_init(t, tap, 0, p2);
    sw = test_tap_auth0(t, tap);
    return sw == LK_SW_OK ? test_tap_auth1(t, tap) : sw;
}
