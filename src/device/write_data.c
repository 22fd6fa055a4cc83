/* write_data.c: what the car writes: data for a new key, later its attestation of that key; and the
 * checks that stand between the data and the key (M70, M71). protocol 4.9, pki 2.3 V1; P-22, S2,
 * D28, D32. */
#include "device/room.h"

/* --- the car's first certificates --- */

enum lk_status lk_device_find_automaker(struct lk_device *device,
                                        const struct lk_pairing_data *data, uint8_t *out_index)
{
    struct lk_crypto *crypto = device->config->crypto;
    struct lk_bytes top = data->intermediate.len != 0 ? data->intermediate : data->k;
    uint8_t id[LK_KEY_ID_LEN];
    struct lk_cert cert;

    LK_TRY(lk_cert_parse(crypto, top, &cert));
    for (size_t i = 0; i < LK_DEVICE_NUM_AUTOMAKERS; i++) {
        const struct lk_automaker *automaker = &device->automakers[i];

        if (!automaker->is_used || automaker->e_len == 0)
            continue;
        LK_TRY(lk_key_id(crypto, automaker->root_key, id));
        if (lk_bytes_equal(cert.aki, lk_bytes(id, sizeof id))) {
            *out_index = (uint8_t)i;
            return LK_OK;
        }
    }
    return LK_CERT_ROOT;
}

enum lk_status lk_device_check_chain(struct lk_device *device, size_t automaker,
                                     const struct lk_pairing_data *data,
                                     const struct lk_date *now, struct lk_cert *out_k)
{
    struct lk_crypto *crypto = device->config->crypto;
    const uint8_t *root = device->automakers[automaker].root_key;
    uint8_t id[LK_VEHICLE_ID_LEN], authorized[LK_POINT_LEN];

    LK_TRY(lk_root_check(crypto, device->config->roots, root));
    LK_TRY(lk_chain_check_vehicle(crypto, root, data->intermediate, data->k, now, out_k,
                                  authorized));
    LK_TRY(lk_cert_vehicle_id(out_k, id));
    if (!lk_bytes_equal(data->creation.vehicle_id, lk_bytes(id, sizeof id)))
        return LK_CERT_MISMATCH;
    if (data->creation.vehicle_key.at != NULL &&
        !lk_equal(data->creation.vehicle_key.at, out_k->public_key, LK_POINT_LEN))
        return LK_CERT_MISMATCH;
    if (!lk_equal(data->creation.authorized_key.at, authorized, LK_POINT_LEN))
        return LK_CERT_MISMATCH;
    return LK_OK;
}

/* --- the mailboxes it wants --- */

static int window_fits(const struct lk_window *window, uint16_t size)
{
    return !window->is_set || (window->offset <= size && window->length <= size - window->offset);
}

enum lk_status lk_device_check_mailboxes(const struct lk_pairing_data *data)
{
    const struct lk_creation *creation = &data->creation;
    const struct lk_mailbox_map *map = &data->map;
    uint32_t packages = 0;

    if (creation->private_size > LK_PRIVATE_MAILBOX_MAX ||
        creation->confidential_size > LK_CONFIDENTIAL_MAILBOX_MAX)
        return LK_PEER_RANGE;
    LK_TRY(lk_mailbox_map_check(map, creation->private_size));
    if (9u * map->token_len > creation->confidential_size)
        return LK_PEER_RANGE;
    if (data->config.offline_attestations.len == 1)
        packages = data->config.offline_attestations.at[0];
    if (packages * map->attestation_len > (uint32_t)map->end - map->attestations)
        return LK_PEER_RANGE;
    if (!window_fits(&data->config.confidential_window, creation->confidential_size) ||
        !window_fits(&data->config.private_window, creation->private_size))
        return LK_PEER_RANGE;
    return LK_OK;
}

enum lk_status lk_device_check_car(struct lk_device *device, struct lk_pairing_data *out,
                                   struct lk_cert *out_k)
{
    static const struct lk_date no_clock = {{0}, 0};
    uint8_t automaker = 0;
    size_t free_pass = 0;

    LK_TRY(lk_pairing_data_parse(lk_bytes(device->data, device->data_len), out));
    LK_TRY(lk_device_find_automaker(device, out, &automaker));
    LK_TRY(lk_device_check_chain(device, automaker, out, &no_clock, out_k));
    device->automaker = automaker;
    /* An owner's key has no dates (D30). */
    if (out->creation.not_before.at != NULL || out->creation.not_after.at != NULL)
        return LK_PEER_VALUE;
    LK_TRY(lk_device_check_mailboxes(out));
    return lk_wallet_free_pass(device, &free_pass);
}

/* --- the car's attestation of the new key --- */

/* 5F5A is optional; if it comes it must be right in every field (P-31, S10). */
static enum lk_status check_attestation(struct lk_device *device)
{
    struct lk_crypto *crypto = device->config->crypto;
    const struct lk_pass *pass = &device->passes[device->pass];
    struct lk_bytes h = {device->h, device->h_len};
    struct lk_pairing_attestation data;
    uint8_t hash[LK_HASH_LEN];

    LK_TRY(lk_pairing_attestation_parse(lk_bytes(device->data, device->data_len), &data));
    if (!data.has_attestation)
        return LK_OK;
    LK_TRY(lk_sha256(crypto, &h, 1, hash));
    if (!lk_bytes_equal(data.attestation.vehicle_id,
                        lk_bytes(pass->vehicle_id, LK_VEHICLE_ID_LEN)) ||
        !lk_bytes_equal(data.attestation.device_key, lk_bytes(pass->public_key, LK_POINT_LEN)) ||
        !lk_bytes_equal(data.attestation.cert_hash, lk_bytes(hash, sizeof hash)) ||
        data.attestation.role != LK_OBJECT_OWNER)
        return LK_PEER_VALUE;
    return lk_verify(crypto, pass->vehicle_key, &data.attestation.signed_part, 1,
                     data.attestation.signature.at);
}

/* --- the command --- */

static enum lk_status append(struct lk_device *device, struct lk_bytes piece)
{
    if (piece.len > sizeof device->data - device->data_len)
        return LK_PEER_TOO_LONG;
    if (piece.len != 0)
        memcpy(device->data + device->data_len, piece.at, piece.len);
    device->data_len = (uint16_t)(device->data_len + piece.len);
    return LK_OK;
}

enum lk_status lk_handle_write(struct lk_device *device, struct lk_call *call)
{
    struct lk_pairing_data data;
    struct lk_cert k;
    int is_whole = 0;

    /* Parts of an answer are still to be fetched: one instruction at a time (S2). P1 is not looked
     * at: it is not under the MAC, the end is found in the data (P-22). */
    if (device->answer_at < device->answer_len)
        return LK_PEER_SEQUENCE;
    LK_TRY(append(device, call->body));
    LK_TRY(lk_pairing_data_whole(lk_bytes(device->data, device->data_len), &is_whole));
    call->next = device->state;
    if (!is_whole)
        return LK_OK;

    if (device->state == LK_FRAMEWORK_WRITING) {
        LK_TRY(lk_device_check_car(device, &data, &k));
        call->next = LK_FRAMEWORK_WRITTEN;
        return LK_OK;
    }
    if (!device->h_was_read)
        return LK_PEER_SEQUENCE;
    LK_TRY(check_attestation(device));
    /* The car took the key, and said so under the MAC: the password has done its work (PA13). */
    lk_device_drop_password(device);
    device->is_taken = 1;
    call->next = LK_FRAMEWORK_ATTESTED;
    return LK_OK;
}
