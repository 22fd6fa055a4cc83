/* A car's controller: BearSSL, everything static, no heap. It is made, opened and tapped once by a
 * phone that has no digital key application: the car says why nothing opens. */
#include <latchkey/pki.h>
#include <latchkey/provider_bearssl.h>
#include <latchkey/vehicle.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "ram_store.h"

static struct lk_bearssl bearssl;
static struct lk_crypto crypto;
static struct lk_store store;
static struct lk_vehicle vehicle;
static struct lk_vehicle_config config;
static struct lk_tap tap;
static uint8_t root[LK_CERT_MAX], k[LK_CERT_MAX];

static enum lk_status entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx; /* your chip's generator */
    return getrandom(out, len, 0) == (ssize_t)len ? LK_OK : LK_PORT_RANDOM;
}

/* What a production line does: a root of the automaker, and certificate K of this car. */
static enum lk_status produce(void)
{
    const struct lk_crypto_port *port = &bearssl.port;
    struct lk_cert_plan plan = {.role = LK_ROLE_VEHICLE_OEM_CA,
                                .subject_name = {(const uint8_t *)"Example Root", 12},
                                .subject_key = config.root_key,
                                .serial = {1},
                                .not_before = "20200101000000Z",
                                .not_after = "20450101000000Z"};
    struct lk_key root_secret;
    struct lk_cert parsed;
    size_t len = 0;
    enum lk_status status = port->ec_generate(port->ctx, &root_secret, config.root_key);
    if (status == LK_OK)
        status = port->ec_generate(port->ctx, &config.vehicle_key, config.vehicle_public);
    plan.signer = root_secret;
    if (status == LK_OK)
        status = lk_cert_issue(&crypto, &plan, root, sizeof(root), &len);
    if (status == LK_OK)
        status = lk_cert_parse(&crypto, (struct lk_bytes){root, len}, &parsed);
    if (status != LK_OK)
        return status;
    plan.role = LK_ROLE_VEHICLE;
    plan.subject_name = (struct lk_bytes){(const uint8_t *)"0102030405060708", 16};
    plan.subject_key = config.vehicle_public;
    plan.issuer = parsed.subject;
    plan.issuer_key = config.root_key;
    plan.serial[0] = 2;
    status = lk_cert_issue(&crypto, &plan, k, sizeof(k), &len);
    config.k = (struct lk_bytes){k, len};
    port->ec_free(port->ctx, root_secret);
    return status;
}

static enum lk_status start(void)
{
    static const uint8_t store_key[32] = {3}; /* from your chip: the same on every start */
    const struct lk_store_port *port = ram_store();
    enum lk_status status = lk_bearssl_init(&bearssl, entropy, NULL, store_key);
    if (status == LK_OK)
        status = lk_crypto_init(&crypto, &bearssl.port);
    if (status == LK_OK)
        status = produce();
    if (status == LK_OK)
        status = lk_store_format(port, LK_STORE_VEHICLE);
    if (status == LK_OK)
        status = lk_store_open(&store, port, LK_STORE_VEHICLE);
    if (status != LK_OK)
        return status;
    config.crypto = &crypto;
    config.store = &store;
    for (uint8_t i = 0; i < LK_VEHICLE_ID_LEN; i++)
        config.vehicle_id[i] = (uint8_t)(i + 1);
    memset(config.actuator_key, 0x5a, LK_AES_KEY_LEN);
    config.door = lk_policy_door;
    config.dashboard = lk_policy_dashboard;
    return lk_vehicle_init(&vehicle, &config);
}

int main(void)
{
    static const uint8_t not_found[] = {0x6a, 0x82};
    const struct lk_bytes answer = {not_found, sizeof(not_found)};
    uint8_t command[LK_APDU_COMMAND_MAX];
    size_t len = 0;
    enum lk_step step = LK_STEP_DONE;
    enum lk_status status = start();
    if (status == LK_OK)
        status = lk_vehicle_tap_begin(&vehicle, &tap, LK_READER_DOOR, LK_NFC, LK_ACTION_UNLOCK, 1,
                                      &step, command, &len);
    if (status != LK_OK || step != LK_STEP_SEND) {
        printf("could not start: %04x\n", (unsigned)status);
        return 1;
    }
    printf("the reader sends %zu bytes and hears 6A82\n", len);
    for (int i = 0; i < 4 && step == LK_STEP_SEND; i++) {
        lk_vehicle_tap_ahead(&tap); /* here the bytes are on the air: work while the phone does */
        (void)lk_vehicle_tap_next(&tap, 2, answer, &step, command, &len);
    }
    printf("verdict %s: %s\n", tap.outcome.verdict == LK_GRANT ? "grant" : "deny",
           lk_status_what(tap.outcome.status));
    lk_vehicle_forget(&vehicle);
    lk_crypto_forget(&crypto);
    lk_bearssl_forget(&bearssl);
    return tap.outcome.verdict == LK_GRANT;
}
