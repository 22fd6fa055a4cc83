/* make_key.c: between two transactions the element makes the key (D19). The pass is in the journal
 * before the element is asked, so that no key is left without one (PA11). protocol 4.1 phase 2, pki
 * T1. */
#include "device/room.h"

static void hex16(const uint8_t id[8], char *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < 8; i++) {
        *out++ = digits[id[i] >> 4];
        *out++ = digits[id[i] & 15];
    }
}

/* A pending pass for this car, under a new random endpoint identifier, written before anything is
 * made. */
static enum lk_status begin_pass(struct lk_device *device, const struct lk_pairing_data *data,
                                 const struct lk_cert *k, size_t *out_index)
{
    struct lk_pass pass = {
        .state = LK_PASS_PENDING, .role = 1, .automaker = device->automaker, .name = "Car "};
    size_t index = 0;

    LK_TRY(lk_wallet_free_pass(device, &index));
    /* A removed pass gives way when there is no free one, and its ended key with it. */
    if (device->passes[index].state == LK_PASS_REMOVED)
        LK_TRY(lk_element_delete(device, device->passes[index].endpoint_id));
    LK_TRY(lk_random(device->config->crypto, pass.endpoint_id, sizeof pass.endpoint_id));
    memcpy(pass.vehicle_id, data->creation.vehicle_id.at, sizeof pass.vehicle_id);
    memcpy(pass.vehicle_key, k->public_key, sizeof pass.vehicle_key);
    hex16(pass.vehicle_id, pass.name + 4);
    device->passes[index] = pass;
    enum lk_status status = lk_wallet_save_pass(device, index);
    if (status != LK_OK) {
        memset(&device->passes[index], 0, sizeof device->passes[index]);
        return status;
    }
    *out_index = index;
    return LK_OK;
}

/* H must be what the car will want to see: the chain, the identifier, every fact (D1, D2, S24). */
static enum lk_status check_h(struct lk_device *device, const struct lk_pairing_data *data,
                              struct lk_pass *pass)
{
    struct lk_crypto *crypto = device->config->crypto;
    const struct lk_automaker *automaker = &device->automakers[device->automaker];
    const struct lk_creation *creation = &data->creation;
    static const struct lk_date no_clock = {{0}, 0};
    uint8_t expected[512];
    char name[16];
    size_t len = 0;
    struct lk_cert f, e, h;
    struct lk_endpoint_facts facts = {
        .option1 = creation->option1,
        .option2 = creation->option2,
        .confidential_size = creation->confidential_size,
        .private_size = creation->private_size,
        .slot = creation->slot,
        .vehicle_key = pass->vehicle_key,
        .authorized_key = creation->authorized_key.at,
        .versions = {device->vehicle_versions, device->vehicle_versions_len},
    };

    LK_TRY(lk_chain_check_endpoint(crypto, automaker->root_key,
                                   lk_bytes(automaker->f, automaker->f_len),
                                   lk_bytes(automaker->e, automaker->e_len),
                                   lk_bytes(device->h, device->h_len), &no_clock, &f, &e, &h));
    memcpy(facts.vehicle_id, pass->vehicle_id, sizeof facts.vehicle_id);
    memcpy(facts.endpoint_id, pass->endpoint_id, sizeof facts.endpoint_id);
    LK_TRY(lk_endpoint_facts_write(&facts, expected, sizeof expected, &len));
    hex16(pass->endpoint_id, name);
    if (!lk_bytes_equal(h.role_value, lk_bytes(expected, len)) ||
        !lk_bytes_equal(h.common_name, lk_bytes(name, sizeof name)))
        return LK_CERT_MISMATCH;
    memcpy(pass->public_key, h.public_key, sizeof pass->public_key);
    return lk_key_id(crypto, pass->public_key, pass->key_id);
}

static enum lk_status create(struct lk_device *device, const struct lk_pairing_data *data,
                             struct lk_pass *pass)
{
    const struct lk_automaker *automaker = &device->automakers[device->automaker];
    struct lk_wired_create_endpoint body = {
        .ca_name = {automaker->ca_name, sizeof automaker->ca_name},
        .endpoint_id = {pass->endpoint_id, sizeof pass->endpoint_id},
        .versions = {device->vehicle_versions, device->vehicle_versions_len},
        .vehicle_key = {pass->vehicle_key, sizeof pass->vehicle_key},
        .creation = data->creation,
    };
    struct lk_wired_setup_endpoint setup = {
        .endpoint_id = {pass->endpoint_id, sizeof pass->endpoint_id},
        .confidential_window = data->config.confidential_window,
        .private_window = data->config.private_window,
    };
    size_t len = 0;

    LK_TRY(lk_element_create_endpoint(device, &body, device->h, &len));
    device->h_len = (uint16_t)len;
    LK_TRY(check_h(device, data, pass));
    if (setup.confidential_window.is_set || setup.private_window.is_set)
        LK_TRY(lk_element_setup(device, &setup));
    return LK_OK;
}

/* Whatever fails leaves a pending pass that no run is making: the next settling deletes the
 * endpoint. */
enum lk_status lk_device_make_key(struct lk_device *device)
{
    struct lk_pairing_data data;
    struct lk_cert k;
    size_t index = 0;

    LK_TRY(lk_device_check_car(device, &data, &k));
    LK_TRY(begin_pass(device, &data, &k, &index));
    device->pass = (uint8_t)index;
    LK_TRY(create(device, &data, &device->passes[index]));
    return lk_wallet_save_pass(device, index);
}
