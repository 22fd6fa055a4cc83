/* world.c: see world.h. */
#include "bench/world.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "latchkey/sharing.h"
#include "msg/msg.h"

double now_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static enum lk_status ram_read(void *ctx, uint32_t offset, uint8_t *out, size_t len)
{
    const struct ram *ram = ctx;
    memcpy(out, ram->bytes + offset, len);
    return LK_OK;
}

static enum lk_status ram_program(void *ctx, uint32_t offset, const uint8_t *data, size_t len)
{
    struct ram *ram = ctx;
    memcpy(ram->bytes + offset, data, len);
    return LK_OK;
}

static enum lk_status ram_erase(void *ctx, uint32_t page)
{
    struct ram *ram = ctx;
    memset(ram->bytes + page * RAM_PAGE, 0xff, RAM_PAGE);
    return LK_OK;
}

static enum lk_status ram_sync(void *ctx)
{
    (void)ctx;
    return LK_OK;
}

static enum lk_status party_open(struct party *party, uint8_t seed, enum lk_store_kind kind)
{
    uint8_t store_key[32];

    memset(store_key, seed, sizeof(store_key));
    party->provider = lk_openssl_new(store_key);
    if (party->provider == NULL)
        return LK_PORT_CRYPTO;
    struct lk_crypto_port *port = lk_openssl_port(party->provider);
    lk_x86_sha256(port);
    memset(party->ram.bytes, 0xff, sizeof(party->ram.bytes));
    party->ram.port = (struct lk_store_port){.ctx = &party->ram,
                                             .page_bytes = RAM_PAGE,
                                             .num_pages = RAM_PAGES,
                                             .read = ram_read,
                                             .program = ram_program,
                                             .erase = ram_erase,
                                             .sync = ram_sync};
    LK_TRY(lk_crypto_init(&party->crypto, port));
    LK_TRY(lk_store_format(&party->ram.port, kind));
    return lk_store_open(&party->store, &party->ram.port, kind);
}

static enum lk_status wired(void *ctx, const uint8_t *command, size_t len, uint8_t *out, size_t cap,
                            size_t *out_len)
{
    struct world *world = ctx;
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t answer_len = 0;

    (void)lk_applet_command(&world->applet, LK_WIRED, world->now_ms,
                            (struct lk_bytes){command, len}, answer, &answer_len);
    if (answer_len > cap)
        return LK_CALLER_SPACE;
    memcpy(out, answer, answer_len);
    *out_len = answer_len;
    return LK_OK;
}

static enum lk_status on_air(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                             size_t cap, size_t *out_len)
{
    struct world *world = ctx;

    (void)cap;
    (void)lk_applet_command(&world->applet, LK_NFC, world->now_ms, (struct lk_bytes){command, len},
                            out, out_len);
    return LK_OK;
}

static enum lk_status to_host(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                              size_t cap, size_t *out_len)
{
    struct world *world = ctx;

    (void)cap;
    (void)lk_device_command(&world->device, LK_NFC, world->now_ms, (struct lk_bytes){command, len},
                            out, out_len);
    return LK_OK;
}

static void element_field(void *ctx, enum lk_link_control control)
{
    struct world *world = ctx;

    if (control != LK_CONTROL_ON)
        lk_applet_field_lost(&world->applet);
}

static void host_field(void *ctx, enum lk_link_control control)
{
    struct world *world = ctx;

    if (control != LK_CONTROL_ON)
        lk_device_field_lost(&world->device, world->now_ms);
}

static enum lk_status timed_scrypt(void *ctx, struct lk_bytes password, const uint8_t salt[16],
                                   uint32_t n, uint32_t r, uint32_t p, uint8_t out[80])
{
    struct world *world = ctx;
    double start = now_us();
    enum lk_status status =
        world->scrypt.derive(world->scrypt.ctx, password, salt, n, r, p, out);

    world->scrypt_us += now_us() - start;
    return status;
}

static enum lk_status make_phone(struct world *world)
{
    struct test_ca_cert n, e;

    world->element_port = (struct lk_element_port){world, wired};
    lk_openssl_scrypt(&world->scrypt);
    world->counted_scrypt = (struct lk_scrypt_port){world, timed_scrypt};
    world->device_config = (struct lk_device_config){&world->host.crypto, &world->host.store,
                                                     &world->element_port, &world->counted_scrypt,
                                                     &world->roots, 0};
    LK_TRY(lk_applet_init(&world->applet, &world->element.crypto, &world->element.store));
    LK_TRY(lk_device_init(&world->device, &world->device_config));
    LK_TRY(lk_device_create_ca(&world->device, test_ca_bytes(&world->ca.j), n.der, sizeof(n.der),
                               &n.len));
    LK_TRY(test_ca_issue_e(&world->ca, test_ca_bytes(&n), &e));
    LK_TRY(lk_device_install_ca(&world->device, test_ca_bytes(&world->ca.f), test_ca_bytes(&e)));
    world->element_card = (struct lk_card_port){world, on_air, element_field};
    world->host_card = (struct lk_card_port){world, to_host, host_field};
    lk_router_init(&world->router, &world->element_card, &world->host_card);
    lk_router_card(&world->router, &world->phone);
    return LK_OK;
}

static enum lk_status make_car(struct world *world)
{
    struct lk_vehicle_config *config = &world->vehicle_config;
    const struct lk_crypto_port *from = lk_openssl_port(world->maker.provider);
    const struct lk_crypto_port *to = lk_openssl_port(world->car.provider);
    uint8_t record[LK_EC_RECORD_MAX];
    size_t len = 0;

    LK_TRY(from->ec_save(from->ctx, world->ca.vehicle.key, record, &len));
    LK_TRY(to->ec_load(to->ctx, record, len, &config->vehicle_key, config->vehicle_public));
    config->crypto = &world->car.crypto;
    config->store = &world->car.store;
    memcpy(config->vehicle_id, world->ca.vehicle_id, LK_VEHICLE_ID_LEN);
    config->k = test_ca_bytes(&world->ca.k);
    memcpy(config->root_key, world->ca.automaker.public_key, LK_POINT_LEN);
    memset(config->actuator_key, 0x5a, LK_AES_KEY_LEN);
    config->door = lk_policy_door;
    config->dashboard = lk_policy_dashboard;
    config->enrolment_fast_allowed = 1;
    return lk_vehicle_init(&world->vehicle, config);
}

/* Sends what the car wants sent; each side's time goes to its own account. */
static enum lk_status phone_answers(struct world *world, const uint8_t *command, size_t len,
                                    uint8_t *out, size_t *out_len)
{
    double start = now_us();
    int busy = 1;
    enum lk_status status = world->phone.command(world->phone.ctx, command, len, out,
                                                 LK_APDU_RESPONSE_MAX, out_len);

    world->phone_us += now_us() - start;
    world->to_phone += len;
    world->from_phone += *out_len;
    start = now_us();
    if (world->router.selected == LK_ROUTE_HOST)
        (void)lk_device_tick(&world->device, world->now_ms, &busy);
    world->phone_us += now_us() - start;
    return status;
}

static void clear_accounts(struct world *world)
{
    world->car_us = world->phone_us = world->scrypt_us = world->decide_us = 0;
    world->to_phone = world->from_phone = 0;
}

enum lk_status world_tap(struct world *world, enum lk_reader reader, enum lk_action action)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_APDU_RESPONSE_MAX];
    size_t len = 0, answer_len = 0;
    enum lk_step step = LK_STEP_DONE;

    clear_accounts(world);
    world->now_ms += 1000;
    double start = now_us();
    enum lk_status status = lk_vehicle_tap_begin(&world->vehicle, &world->tap, reader, LK_NFC,
                                                 action, world->now_ms, &step, command, &len);
    world->car_us += now_us() - start;
    for (int i = 0; i < 32 && status == LK_OK && step != LK_STEP_DONE; i++) {
        int is_auth1 = step == LK_STEP_SEND && command[1] == 0x81;
        answer_len = 0;
        start = now_us();
        lk_vehicle_tap_ahead(&world->tap); /* while the phone computes, on two machines */
        world->car_us += now_us() - start;
        if (step == LK_STEP_SEND)
            LK_TRY(phone_answers(world, command, len, answer, &answer_len));
        start = now_us();
        status = lk_vehicle_tap_next(&world->tap, world->now_ms,
                                     (struct lk_bytes){answer, answer_len}, &step, command, &len);
        double spent = now_us() - start;
        world->car_us += spent;
        if (is_auth1)
            world->decide_us = spent;
    }
    world->phone.field(world->phone.ctx, LK_CONTROL_OFF);
    return status != LK_OK ? status : world->tap.outcome.status;
}

enum lk_status world_pair(struct world *world)
{
    static const char password[] = "73910264";
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_APDU_RESPONSE_MAX], salt[16];
    size_t len = 0, answer_len = 0;
    enum lk_step step = LK_STEP_DONE;
    struct lk_verifier verifier;

    memset(salt, 7, sizeof(salt));
    LK_TRY(lk_verifier_mint(&world->maker.crypto, &world->scrypt,
                            (struct lk_bytes){(const uint8_t *)password, 8}, salt, 32768,
                            &verifier));
    LK_TRY(lk_vehicle_load_verifier(&world->vehicle, &verifier));
    LK_TRY(lk_vehicle_open_pairing(&world->vehicle, world->now_ms));
    LK_TRY(lk_device_enter_password(&world->device, password, world->now_ms));
    clear_accounts(world);
    double start = now_us();
    enum lk_status status =
        lk_vehicle_pair_begin(&world->vehicle, &world->pairing, LK_READER_DASHBOARD, LK_NFC,
                              world->now_ms, &step, command, &len);
    world->car_us += now_us() - start;
    for (int i = 0; i < 100 && status == LK_OK && step != LK_STEP_DONE; i++) {
        answer_len = 0;
        if (step == LK_STEP_SEND)
            LK_TRY(phone_answers(world, command, len, answer, &answer_len));
        else if (step == LK_STEP_RESET)
            world->phone.field(world->phone.ctx, LK_CONTROL_RESET);
        else
            world->now_ms += LK_TIMER_RESELECT_MS;
        start = now_us();
        int busy = 1;
        if (step != LK_STEP_SEND)
            (void)lk_device_tick(&world->device, world->now_ms, &busy);
        world->phone_us += now_us() - start;
        start = now_us();
        status = lk_vehicle_pair_next(&world->pairing, world->now_ms,
                                      (struct lk_bytes){answer, answer_len}, &step, command, &len);
        world->car_us += now_us() - start;
    }
    world->phone.field(world->phone.ctx, LK_CONTROL_OFF);
    if (status == LK_OK)
        status = world->pairing.status;
    double car = world->car_us, phone = world->phone_us, scrypt = world->scrypt_us;
    if (status == LK_OK)
        status = world_tap(world, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN);
    world->car_us += car;
    world->phone_us += phone;
    world->scrypt_us = scrypt;
    enum lk_status last = LK_OK;
    if (status == LK_OK)
        status = lk_device_refresh(&world->device, &last);
    return status;
}

enum lk_status world_make(struct world *world)
{
    static const uint8_t vehicle_id[8] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe};
    enum lk_status status;

    memset(world, 0, sizeof(*world));
    world->now_ms = 1000000;
    status = party_open(&world->maker, 1, LK_STORE_WALLET);
    if (status == LK_OK)
        status = party_open(&world->car, 2, LK_STORE_VEHICLE);
    if (status == LK_OK)
        status = party_open(&world->element, 3, LK_STORE_ELEMENT);
    if (status == LK_OK)
        status = party_open(&world->host, 4, LK_STORE_WALLET);
    if (status == LK_OK)
        status = test_ca_world_init(&world->maker.crypto, vehicle_id, &world->ca);
    if (status == LK_OK)
        status = make_phone(world);
    if (status == LK_OK)
        status = make_car(world);
    if (status != LK_OK)
        fprintf(stderr, "bench: world: %s\n", lk_status_name(status));
    return status;
}

/* The friend's phone is a world without a car and without certificates of its own. */
enum lk_status world_friend_make(struct world *world, struct world *phone)
{
    memset(phone, 0, sizeof(*phone));
    phone->now_ms = world->now_ms;
    phone->ca = world->ca;
    LK_TRY(party_open(&phone->element, 5, LK_STORE_ELEMENT));
    LK_TRY(party_open(&phone->host, 6, LK_STORE_WALLET));
    return make_phone(phone);
}

void world_friend_forget(struct world *phone)
{
    lk_applet_forget(&phone->applet);
    lk_device_forget(&phone->device);
    lk_crypto_forget(&phone->element.crypto);
    lk_crypto_forget(&phone->host.crypto);
    lk_openssl_free(&phone->element.provider);
    lk_openssl_free(&phone->host.provider);
}

#define SHARE_NOW "20270110120000Z"

/* The automaker's server tells the car the time. */
static enum lk_status set_time(struct world *world)
{
    uint8_t object[192], signature[64];
    struct lk_signed_time msg = {.number = 1};
    struct lk_bytes part;
    struct lk_wr wr;

    if (world->vehicle.time_number != 0)
        return LK_OK;
    msg.vehicle_id = lk_bytes(world->ca.vehicle_id, LK_VEHICLE_ID_LEN);
    msg.time = lk_bytes(SHARE_NOW, LK_DATE_LEN);
    lk_wr_init(&wr, object, sizeof(object));
    lk_signed_time_write_signed(&msg, &wr);
    part = lk_bytes(object, wr.len);
    LK_TRY(lk_sign(&world->maker.crypto, world->ca.server.key, &part, 1, signature));
    msg.signature = lk_bytes(signature, sizeof(signature));
    lk_wr_init(&wr, object, sizeof(object));
    lk_signed_time_write(&msg, &wr);
    return lk_vehicle_set_time(&world->vehicle, test_ca_bytes(&world->ca.q),
                               lk_bytes(object, wr.len), world->now_ms);
}

enum lk_status world_share(struct world *world, struct world *phone)
{
    static struct lk_share_out invitation, signing, import, last;
    struct lk_share_plan plan = {.profile = 1, .name = "A friend"};
    struct lk_share_secret secret;
    struct lk_date now = {.is_known = 1};
    size_t index = 0, pass = 0;

    memcpy(plan.not_before, "20270101000000Z", LK_DATE_LEN);
    memcpy(plan.not_after, "20270201000000Z", LK_DATE_LEN);
    memcpy(plan.redeem_by, "20270120000000Z", LK_DATE_LEN);
    memcpy(now.text, SHARE_NOW, LK_DATE_LEN);
    while (lk_device_pass_at(&world->device, pass) == NULL)
        pass++;
    LK_TRY(set_time(world));
    LK_TRY(lk_device_authenticate_user(&world->device));
    LK_TRY(lk_device_share(&world->device, pass, &plan, &now, world->now_ms, &index, &secret,
                           &invitation));
    LK_TRY(lk_device_share_accept(&phone->device, &secret,
                                  lk_bytes(invitation.blob, invitation.len), &now, phone->now_ms,
                                  &index, &signing));
    LK_TRY(lk_device_share_take(&world->device, lk_bytes(signing.blob, signing.len), &now,
                                world->now_ms, &index, &import));
    return lk_device_share_take(&phone->device, lk_bytes(import.blob, import.len), &now,
                                phone->now_ms, &index, &last);
}

enum lk_status world_first_tap(struct world *world, struct world *phone)
{
    struct lk_card_port owner = world->phone;
    enum lk_status status;

    world->phone = phone->phone;
    status = world_tap(world, LK_READER_DOOR, LK_ACTION_UNLOCK);
    world->phone = owner;
    if (status == LK_OK && !world->tap.outcome.friend_stored)
        status = LK_INTERNAL;
    LK_TRY(status);
    LK_TRY(lk_vehicle_end_key(&world->vehicle, world->tap.outcome.key_id));
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (lk_device_pass_at(&phone->device, i) != NULL)
            LK_TRY(lk_device_remove(&phone->device, i));
    }
    return LK_OK;
}

void world_forget(struct world *world)
{
    lk_vehicle_forget(&world->vehicle);
    lk_applet_forget(&world->applet);
    lk_device_forget(&world->device);
    test_ca_world_forget(&world->ca);
    struct party *parties[] = {&world->maker, &world->car, &world->element, &world->host};
    for (size_t i = 0; i < 4; i++) {
        lk_crypto_forget(&parties[i]->crypto);
        lk_openssl_free(&parties[i]->provider);
    }
}
