/* make_key.c: the element makes a key for a car: for an owner between two transactions of pairing
 * (D19), for a friend when an invitation is opened. The pass is in the journal before the element
 * is asked, so that no key is left without one (PA11). protocol 4.1 phase 2, pki T1. */
#include "device/room.h"

static void hex16(const uint8_t id[8], char *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < 8; i++) {
        *out++ = digits[id[i] >> 4];
        *out++ = digits[id[i] & 15];
    }
}

/* A removed pass gives way when there is no free one, and its ended key with it. */
static enum lk_status free_pass(struct lk_device *device, size_t *out_index)
{
    LK_TRY(lk_wallet_free_pass(device, out_index));
    if (device->passes[*out_index].state != LK_PASS_REMOVED)
        return LK_OK;
    LK_TRY(lk_element_delete(device, device->passes[*out_index].endpoint_id));
    return lk_wallet_drop_pass(device, *out_index);
}

enum lk_status lk_key_begin(struct lk_device *device, const struct lk_key_order *order,
                            const struct lk_pass *like, size_t *out_index)
{
    struct lk_pass pass = *like;
    size_t index = 0;

    LK_TRY(free_pass(device, &index));
    LK_TRY(lk_random(device->config->crypto, pass.endpoint_id, sizeof pass.endpoint_id));
    pass.automaker = order->automaker;
    memcpy(pass.vehicle_id, order->creation.vehicle_id.at, sizeof pass.vehicle_id);
    memcpy(pass.vehicle_key, order->vehicle_key, sizeof pass.vehicle_key);
    if (pass.name[0] == 0) {
        memcpy(pass.name, "Car ", 4);
        hex16(pass.vehicle_id, pass.name + 4);
    }
    device->passes[index] = pass;
    enum lk_status status = lk_wallet_save_pass(device, index);
    if (status != LK_OK) {
        memset(&device->passes[index], 0, sizeof device->passes[index]);
        return status;
    }
    *out_index = index;
    return LK_OK;
}

/* Every fact of H, as the car will want to see it (D1, D2, S24). */
enum lk_status lk_key_check(const struct lk_key_order *order,
                            const uint8_t endpoint_id[LK_ENDPOINT_ID_LEN], const struct lk_cert *h)
{
    const struct lk_creation *creation = &order->creation;
    uint8_t expected[512];
    char name[16];
    size_t len = 0;
    struct lk_endpoint_facts facts = {
        .option1 = creation->option1,
        .option2 = creation->option2,
        .confidential_size = creation->confidential_size,
        .private_size = creation->private_size,
        .slot = creation->slot,
        .vehicle_key = order->vehicle_key,
        .authorized_key = creation->authorized_key.at,
        .not_before = creation->not_before,
        .not_after = creation->not_after,
        .versions = order->versions,
    };

    memcpy(facts.vehicle_id, creation->vehicle_id.at, sizeof facts.vehicle_id);
    memcpy(facts.endpoint_id, endpoint_id, sizeof facts.endpoint_id);
    LK_TRY(lk_endpoint_facts_write(&facts, expected, sizeof expected, &len));
    hex16(endpoint_id, name);
    if (!lk_bytes_equal(h->role_value, lk_bytes(expected, len)) ||
        !lk_bytes_equal(h->common_name, lk_bytes(name, sizeof name)))
        return LK_CERT_MISMATCH;
    return LK_OK;
}

/* What the element made must chain to the automaker's root and say what was ordered. */
static enum lk_status check_own(struct lk_device *device, const struct lk_key_order *order,
                                struct lk_bytes made, struct lk_pass *pass)
{
    struct lk_crypto *crypto = device->config->crypto;
    const struct lk_automaker *automaker = &device->automakers[order->automaker];
    static const struct lk_date no_clock = {{0}, 0};
    struct lk_cert f, e, h;

    LK_TRY(lk_chain_check_endpoint(crypto, automaker->root_key,
                                   lk_bytes(automaker->f, automaker->f_len),
                                   lk_bytes(automaker->e, automaker->e_len), made, &no_clock, &f,
                                   &e, &h));
    LK_TRY(lk_key_check(order, pass->endpoint_id, &h));
    memcpy(pass->public_key, h.public_key, sizeof pass->public_key);
    return lk_key_id(crypto, pass->public_key, pass->key_id);
}

enum lk_status lk_key_make(struct lk_device *device, const struct lk_key_order *order,
                           struct lk_pass *pass, uint8_t *out_h, size_t *out_len)
{
    const struct lk_automaker *automaker = &device->automakers[order->automaker];
    struct lk_wired_create_endpoint body = {
        .ca_name = {automaker->ca_name, sizeof automaker->ca_name},
        .endpoint_id = {pass->endpoint_id, sizeof pass->endpoint_id},
        .versions = order->versions,
        .vehicle_key = {pass->vehicle_key, sizeof pass->vehicle_key},
        .creation = order->creation,
    };
    struct lk_wired_setup_endpoint setup = {
        .endpoint_id = {pass->endpoint_id, sizeof pass->endpoint_id},
        .confidential_window = order->confidential_window,
        .private_window = order->private_window,
    };

    LK_TRY(lk_element_create_endpoint(device, &body, out_h, out_len));
    LK_TRY(check_own(device, order, lk_bytes(out_h, *out_len), pass));
    if (setup.confidential_window.is_set || setup.private_window.is_set)
        LK_TRY(lk_element_setup(device, &setup));
    return LK_OK;
}

void lk_key_order_from(const struct lk_pairing_data *data, const uint8_t *vehicle_key,
                       struct lk_bytes versions, uint8_t automaker, struct lk_key_order *out)
{
    *out = (struct lk_key_order){
        .creation = data->creation,
        .vehicle_key = vehicle_key,
        .versions = versions,
        .confidential_window = data->config.confidential_window,
        .private_window = data->config.private_window,
        .automaker = automaker,
    };
}

/* Whatever fails leaves a pending pass that no run is making: the next settling deletes the
 * endpoint. */
enum lk_status lk_device_make_key(struct lk_device *device)
{
    static const struct lk_pass owner = {.state = LK_PASS_PENDING, .role = 1};
    struct lk_key_order order;
    struct lk_pairing_data data;
    struct lk_cert k;
    size_t index = 0, len = 0;

    LK_TRY(lk_device_check_car(device, &data, &k));
    lk_key_order_from(&data, k.public_key,
                      lk_bytes(device->vehicle_versions, device->vehicle_versions_len),
                      device->automaker, &order);
    LK_TRY(lk_key_begin(device, &order, &owner, &index));
    device->pass = (uint8_t)index;
    LK_TRY(lk_key_make(device, &order, &device->passes[index], device->h, &len));
    device->h_len = (uint16_t)len;
    return lk_wallet_save_car(device, index, order.versions,
                              lk_bytes(device->data, device->data_len));
}
