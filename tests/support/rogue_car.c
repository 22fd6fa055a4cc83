/* rogue_car.c: see rogue_car.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "chan/chan.h"
#include "support/rogue_car.h"
#include "tlv/tlv.h"

#define MAILBOX 0x0640
#define TOKENS 0x0120

void test_car_init(struct test_car *car, struct lk_crypto *crypto, struct test_ca_world *world,
                   const char *password)
{
    static const uint8_t salt[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    struct lk_scrypt_port scrypt;

    memset(car, 0, sizeof *car);
    car->crypto = crypto;
    car->world = world;
    car->piece = 239;
    lk_openssl_scrypt(&scrypt);
    assert_int_equal(
        lk_verifier_mint(crypto, &scrypt, lk_bytes(password, 8), salt, 4096, &car->verifier),
        LK_OK);
}

/* --- single commands --- */

static int send(struct test_car *car, struct test_phone *phone, uint8_t cla, uint8_t ins,
                uint8_t p1, uint8_t p2, struct lk_bytes body, uint8_t *out, size_t *out_len)
{
    struct lk_command command = {.cla = cla, .ins = ins, .p1 = p1, .p2 = p2, .body = body};
    uint8_t apdu[LK_APDU_COMMAND_MAX];
    size_t len = 0;

    assert_int_equal(lk_command_write(&command, apdu, &len), LK_OK);
    car->status = test_phone_command(phone, apdu, len, out, out_len, &car->sw);
    return car->sw == 0x9000 || (car->sw & 0xff00) == 0x6100;
}

int test_car_select(struct test_car *car, struct test_phone *phone)
{
    uint8_t out[256];
    size_t len = 0;

    car->step = "SELECT";
    return send(car, phone, 0x00, 0xa4, 0x04, 0x00, lk_bytes(lk_aid_framework, 13), out, &len);
}

int test_car_request(struct test_car *car, struct test_phone *phone)
{
    static const uint8_t version[2] = {1, 0}, brand[2] = {0, 0};
    struct lk_spake2_request request = {
        .version = {version, 2},
        .applet_versions = {version, 2},
        .salt = {car->verifier.salt, 16},
        .n = car->verifier.n,
        .r = car->verifier.r,
        .p = car->verifier.p,
        .brand = {brand, 2},
    };
    struct lk_spake2_request_answer answer;
    uint8_t body[128], out[256];
    size_t len = 0;
    struct lk_wr wr;

    car->step = "REQUEST";
    lk_wr_init(&wr, body, sizeof body);
    lk_spake2_request_write(&request, &wr);
    assert_int_equal(wr.fault, LK_OK);
    memcpy(car->tlvs, body, 8);
    car->tlvs_len = 8;
    if (!send(car, phone, 0x80, 0x30, 0, 0, lk_bytes(body, wr.len), out, &len))
        return 0;
    assert_int_equal(lk_spake2_request_answer_parse(lk_bytes(out, len), &answer), LK_OK);
    /* X is kept where the device key will be, until VERIFY. */
    memcpy(car->device_key, answer.share.at, 65);
    return 1;
}

int test_car_verify(struct test_car *car, struct test_phone *phone)
{
    struct lk_pairing_keys keys;
    uint8_t m1[16], share[65], body[128], out[256];
    struct lk_spake2_verify verify = {{share, 65}, {m1, 16}};
    struct lk_spake2_verify_answer answer;
    size_t len = 0;
    struct lk_wr wr;

    car->step = "VERIFY";
    assert_int_equal(
        lk_spake2_verifier_start(car->crypto, car->verifier.w0, car->verifier.l, &car->spake),
        LK_OK);
    assert_int_equal(lk_spake2_verifier_respond(car->crypto, &car->spake, car->device_key,
                                                lk_bytes(car->tlvs, car->tlvs_len), m1, &keys),
                     LK_OK);
    memcpy(share, car->spake.share, 65);
    if (car->lie == LIE_Y_OFF_CURVE)
        share[64] ^= 1;
    if (car->lie == LIE_Y_INFINITE)
        memset(share + 1, 0, 64);
    if (car->lie == LIE_Y_REFLECTED)
        memcpy(share, car->device_key, 65);
    if (car->lie == LIE_EVIDENCE)
        m1[15] ^= 1;
    lk_wr_init(&wr, body, sizeof body);
    lk_spake2_verify_write(&verify, &wr);
    if (!send(car, phone, 0x80, 0x32, 0, 0, lk_bytes(body, wr.len), out, &len))
        return 0;
    assert_int_equal(lk_spake2_verify_answer_parse(lk_bytes(out, len), &answer), LK_OK);
    assert_int_equal(lk_spake2_verifier_finish(&car->spake, answer.evidence.at), LK_OK);
    lk_chan_open(&car->chan, &keys.channel);
    return 1;
}

int test_car_control(struct test_car *car, struct test_phone *phone, uint8_t p1, uint8_t p2)
{
    uint8_t out[256];
    size_t len = 0;

    car->step = "OP CONTROL FLOW";
    return send(car, phone, 0x80, 0x3c, p1, p2, lk_bytes(NULL, 0), out, &len);
}

int test_car_sealed(struct test_car *car, struct test_phone *phone, uint8_t ins, uint8_t p1,
                    const uint8_t *plain, size_t len, uint8_t *out, size_t *out_len)
{
    uint8_t sealed[264], answer[264], opened[264];
    size_t sealed_len = 0, answer_len = 0;

    assert_int_equal(
        lk_chan_seal_command(&car->chan, car->crypto, lk_bytes(plain, len), sealed, &sealed_len),
        LK_OK);
    if (car->lie == LIE_BAD_MAC)
        sealed[sealed_len - 1] ^= 1;
    if (!send(car, phone, 0x84, ins, p1, 0, lk_bytes(sealed, sealed_len), answer, &answer_len))
        return 0;
    assert_int_equal(lk_chan_open_response(&car->chan, car->crypto, lk_bytes(answer, answer_len),
                                           opened, out_len),
                     LK_OK);
    memcpy(out, opened, *out_len);
    return 1;
}

int test_car_write(struct test_car *car, struct test_phone *phone, const uint8_t *data, size_t len)
{
    uint8_t out[264];
    size_t out_len = 0;

    car->step = "WRITE DATA";
    for (size_t at = 0; at < len; at += car->piece) {
        size_t piece = len - at < car->piece ? len - at : car->piece;

        if (!test_car_sealed(car, phone, 0xd4, at + piece == len ? 0x80 : 0, data + at, piece, out,
                             &out_len))
            return 0;
        assert_int_equal(out_len, 0);
    }
    return 1;
}

int test_car_read(struct test_car *car, struct test_phone *phone, uint16_t tag, uint8_t *out,
                  size_t cap, size_t *out_len)
{
    uint8_t name[2] = {(uint8_t)(tag >> 8), (uint8_t)tag}, part[264];
    size_t len = 0, total = 0;

    car->step = "GET DATA";
    if (!test_car_sealed(car, phone, 0xca, 0, name, 2, part, &len))
        return 0;
    for (;;) {
        assert_true(len <= 239 && len <= cap - total);
        memcpy(out + total, part, len);
        total += len;
        /* The object's own outer length ends it: 30 82 hi lo for a certificate. */
        if (out[0] != 0x30 || total == 4u + (size_t)(out[2] << 8 | out[3]))
            break;
        car->step = "GET RESPONSE";
        if (!test_car_sealed(car, phone, 0xc0, 0, NULL, 0, part, &len))
            return 0;
    }
    *out_len = total;
    return 1;
}

void test_car_reset(struct test_phone *phone)
{
    lk_device_field_lost(&phone->device, phone->now_ms);
    lk_applet_field_lost(&phone->applet);
}

/* --- the data --- */

static void put_creation(const struct test_car *car, struct lk_wr *wr)
{
    static const uint8_t slot[2] = {0, 1};
    const struct test_ca_world *world = car->world;
    uint8_t id[8], key[65], authorized[65];
    struct lk_creation creation = {
        .vehicle_id = {id, 8},
        .option1 = 0x13,
        .option2 = 0x81,
        .confidential_size = car->lie == LIE_TOKENS ? 0x0100 : TOKENS,
        .private_size = car->lie == LIE_MAILBOX ? 0x0600 : MAILBOX,
        .slot = {slot, 2},
        .authorized_key = {authorized, 65},
        .vehicle_key = {key, 65},
    };

    memcpy(id, world->vehicle_id, 8);
    memcpy(key, world->vehicle.public_key, 65);
    memcpy(authorized,
           car->uses_intermediate == 2 ? world->intermediate.public_key
                                       : world->automaker.public_key,
           65);
    if (car->lie == LIE_VEHICLE_ID)
        id[7] ^= 1;
    if (car->lie == LIE_VEHICLE_KEY)
        memcpy(key, world->server.public_key, 65);
    if (car->lie == LIE_UNUSED_KEY)
        memcpy(authorized, world->intermediate.public_key, 65);
    if (car->lie == LIE_AUTHORIZED)
        memcpy(authorized, world->server.public_key, 65);
    if (car->lie == LIE_DATES) {
        creation.not_before = lk_bytes("20260101000000Z", 15);
        creation.not_after = lk_bytes("20360101000000Z", 15);
    }
    lk_creation_write(&creation, wr);
}

/* Its place's certificate, or the broken form of it. */
static void put_form(const struct test_car *car, struct lk_wr *wr, uint16_t tag, char place,
                     const struct test_ca_cert *good)
{
    uint8_t der[2048];
    size_t len;

    if (car->form == NULL || car->form_place != place) {
        lk_tlv_put(wr, tag, good->der, good->len);
        return;
    }
    len = test_form_make(car->form, place, car->world, car->foreign, NULL, der, sizeof der);
    assert_int_not_equal(len, 0);
    lk_tlv_put(wr, tag, der, len);
}

static void put_certificates(const struct test_car *car, struct lk_wr *wr)
{
    const struct test_ca_world *world = car->lie == LIE_FOREIGN_ROOT ? car->foreign : car->world;
    int sends_i = car->uses_intermediate || car->lie == LIE_INTERMEDIATE;
    struct test_ca_cert k =
        car->uses_intermediate || car->lie == LIE_NO_INTERMEDIATE ? world->ki : world->k;

    if (car->lie == LIE_FORGED_K)
        k.der[k.len - 1] ^= 1;
    put_form(car, wr, LK_TAG_VEHICLE_CERT, car->uses_intermediate ? 'L' : 'K', &k);
    if (sends_i)
        put_form(car, wr, LK_TAG_INTERMEDIATE_CERT, 'I', &world->i);
}

static void put_rest(const struct test_car *car, struct lk_wr *wr)
{
    struct lk_mailbox_map map = {.has = LK_MAP_HAS_ALL,
                                 .slot_bitmap = 1,
                                 .slot_list = 2,
                                 .vehicle_data = 0x12,
                                 .attestations = 0x40,
                                 .signaling = 0,
                                 .end = MAILBOX,
                                 .token_len = 0x20,
                                 .slot_len = 2,
                                 .attestation_len = 0x200,
                                 .version = 1};
    struct lk_device_configuration config = {.private_window = {0, 1, 1},
                                             .confidential_window = {0, 0x20, 1}};

    (void)car;
    lk_mailbox_map_write(&map, wr);
    lk_device_configuration_write(&config, wr);
}

size_t test_car_data(const struct test_car *car, uint8_t *out, size_t cap)
{
    struct lk_wr wr;

    lk_wr_init(&wr, out, cap);
    if (car->lie != LIE_END_EARLY) {
        if (car->lie == LIE_ORDER)
            put_certificates(car, &wr);
        put_creation(car, &wr);
        if (car->lie == LIE_DOUBLED)
            put_creation(car, &wr);
        if (car->lie == LIE_UNKNOWN_TAG)
            lk_tlv_put(&wr, 0x7f4f, "?", 1);
        if (car->lie == LIE_OVERLONG)
            lk_tlv_put(&wr, LK_TAG_VEHICLE_CERT, (const uint8_t[4096]){0}, 4096);
        if (car->lie != LIE_ORDER)
            put_certificates(car, &wr);
        put_rest(car, &wr);
    }
    if (car->lie == LIE_END_FULL)
        lk_tlv_put(&wr, LK_TAG_DATA_END, "!", 1);
    else
        lk_tlv_put(&wr, LK_TAG_DATA_END, NULL, 0);
    if (car->lie == LIE_END_NOT_LAST)
        lk_tlv_put(&wr, LK_TAG_OEM_CONFIG, "!", 1);
    assert_int_equal(wr.fault, LK_OK);
    return wr.len;
}

/* --- the steps --- */

int test_car_open(struct test_car *car, struct test_phone *phone)
{
    return test_car_select(car, phone) && test_car_request(car, phone) &&
           test_car_verify(car, phone);
}

int test_car_write_all(struct test_car *car, struct test_phone *phone)
{
    uint8_t data[LK_REASSEMBLY_MAX + 2048];
    size_t len = test_car_data(car, data, sizeof data);

    if (car->lie == LIE_ACCEPT_EARLY)
        return test_car_control(car, phone, 0x10, 0x02);
    if (car->lie == LIE_CONTROL_EARLY) {
        /* All but the end marker. */
        return test_car_write(car, phone, data, len - 3) &&
               test_car_control(car, phone, 0x10, 0x01);
    }
    return test_car_write(car, phone, data, len);
}

int test_car_make(struct test_car *car, struct test_phone *phone)
{
    if (!test_car_control(car, phone, 0x10, 0x01))
        return 0;
    if (car->lie != LIE_NO_RESET)
        test_car_reset(phone);
    if (car->lie == LIE_SECOND_RESET) {
        (void)test_car_select(car, phone); /* 6985: the key is being made */
        test_car_reset(phone);
    }
    (void)test_phone_tick(phone);
    if (!test_car_select(car, phone))
        return 0;
    if (car->lie == LIE_ACCEPT_UNREAD)
        return test_car_control(car, phone, 0x10, 0x02);
    return 1;
}

int test_car_read_all(struct test_car *car, struct test_phone *phone)
{
    struct lk_cert f, e, h;

    if (!test_car_read(car, phone, 0x7f24, car->h.der, sizeof car->h.der, &car->h.len) ||
        !test_car_read(car, phone, 0x7f22, car->e.der, sizeof car->e.der, &car->e.len) ||
        !test_car_read(car, phone, 0x7f20, car->f.der, sizeof car->f.der, &car->f.len))
        return 0;
    assert_int_equal(lk_chain_check_endpoint(car->crypto, car->world->automaker.public_key,
                                             test_ca_bytes(&car->f), test_ca_bytes(&car->e),
                                             test_ca_bytes(&car->h), NULL, &f, &e, &h),
                     LK_OK);
    memcpy(car->device_key, h.public_key, 65);
    return 1;
}

int test_car_attest(struct test_car *car, struct test_phone *phone)
{
    return test_car_attest_as(car, phone, NULL);
}

int test_car_attest_as(struct test_car *car, struct test_phone *phone,
                       void (*spoil)(struct lk_vehicle_attestation *msg))
{
    const struct test_ca_world *world = car->world;
    struct lk_bytes h = {car->h.der, car->h.len}, part;
    uint8_t hash[32], text[256], signature[64], data[512];
    struct lk_pairing_attestation msg = {
        .has_attestation = 1,
        .attestation = {.vehicle_id = {world->vehicle_id, 8},
                        .device_key = {car->device_key, 65},
                        .role = LK_OBJECT_OWNER,
                        .epoch = 1,
                        .cert_hash = {hash, 32},
                        .signature = {signature, 64}},
    };
    struct lk_wr wr;

    assert_int_equal(lk_sha256(car->crypto, &h, 1, hash), LK_OK);
    if (spoil != NULL)
        spoil(&msg.attestation);
    lk_wr_init(&wr, text, sizeof text);
    lk_vehicle_attestation_write_signed(&msg.attestation, &wr);
    part = lk_bytes(text, wr.len);
    assert_int_equal(lk_sign(car->crypto,
                             car->lie == LIE_ATTESTATION ? world->server.key : world->vehicle.key,
                             &part, 1, signature),
                     LK_OK);
    lk_wr_init(&wr, data, sizeof data);
    lk_pairing_attestation_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    return test_car_write(car, phone, data, wr.len);
}

int test_car_pair(struct test_car *car, struct test_phone *phone)
{
    return test_car_open(car, phone) && test_car_write_all(car, phone) &&
           test_car_make(car, phone) && test_car_read_all(car, phone) &&
           test_car_attest(car, phone) && test_car_control(car, phone, 0x10, 0x02);
}

/* --- phase 3 --- */

static int air(struct test_car *car, struct test_phone *phone, const struct lk_command *command,
               struct lk_bytes *out, uint8_t answer[LK_APDU_RESPONSE_MAX])
{
    uint8_t apdu[LK_APDU_COMMAND_MAX];
    size_t len = 0, answer_len = 0;

    assert_int_equal(lk_command_write(command, apdu, &len), LK_OK);
    car->status = lk_applet_command(&phone->applet, LK_NFC, phone->now_ms, lk_bytes(apdu, len),
                                    answer, &answer_len);
    assert_int_equal(lk_response_parse(lk_bytes(answer, answer_len), out, &car->sw), LK_OK);
    return car->sw == 0x9000;
}

int test_car_tap(struct test_car *car, struct test_phone *phone)
{
    static const uint8_t version[2] = {1, 0};
    uint8_t answer[LK_APDU_RESPONSE_MAX], body[128], id[16], own[65], signature[64], text[102];
    struct lk_command select = {.ins = 0xa4, .p1 = 4, .body = {lk_aid_applet, 13}, .le = 256};
    struct lk_command auth0 = {.cla = 0x80, .ins = 0x80, .p2 = 4, .le = 256};
    struct lk_command auth1 = {.cla = 0x80, .ins = 0x81, .le = 256};
    struct lk_transcript t = {
        .transaction_id = id, .interface = LK_NFC, .p2 = 4, .version = {1, 0}};
    struct lk_auth0_answer answer0;
    struct lk_key key = {0};
    struct lk_bytes out, part = {text, sizeof text};
    int ok = 0;
    struct lk_wr wr;

    assert_int_equal(lk_random(car->crypto, id, sizeof id), LK_OK);
    assert_int_equal(lk_key_generate(car->crypto, &key, own), LK_OK);
    struct lk_auth0 msg0 = {{version, 2}, {own, 65}, {id, 16}, {car->world->vehicle_id, 8}};
    lk_wr_init(&wr, body, sizeof body);
    lk_auth0_write(&msg0, &wr);
    auth0.body = lk_bytes(body, wr.len);
    if (!air(car, phone, &select, &out, answer) || !air(car, phone, &auth0, &out, answer) ||
        lk_auth0_answer_parse(out, &answer0) != LK_OK)
        goto out;
    uint8_t peer[65];
    memcpy(peer, answer0.ephemeral.at, 65);
    t.vehicle_ephemeral = own;
    t.device_ephemeral = peer;
    assert_int_equal(lk_auth1_signed(car->world->vehicle_id, &t, 0x415d9569u, text), LK_OK);
    assert_int_equal(lk_sign(car->crypto, car->world->vehicle.key, &part, 1, signature), LK_OK);
    struct lk_auth1 msg1 = {{signature, 64}};
    lk_wr_init(&wr, body, sizeof body);
    lk_auth1_write(&msg1, &wr);
    auth1.body = lk_bytes(body, wr.len);
    ok = air(car, phone, &auth1, &out, answer);
out:
    lk_key_free(car->crypto, &key);
    lk_applet_field_lost(&phone->applet);
    return ok;
}
