/* pairing_write.c: what the car writes in owner pairing: the creation data, its certificates, the
 * mailbox map, its configuration; and after acceptance its attestation (protocol 4.9, P-31, P-33).
 */
#include "vehicle/vehicle.h"

enum lk_status lk_pairing_begin_data(struct lk_pairing *pairing)
{
    const struct lk_vehicle_config *config = pairing->vehicle->config;
    struct lk_pairing_data msg;
    struct lk_wr wr;

    LK_TRY(lk_vehicle_new_slot(pairing->vehicle, pairing->slot));
    memset(&msg, 0, sizeof msg);
    msg.creation.vehicle_id = lk_bytes(config->vehicle_id, sizeof config->vehicle_id);
    msg.creation.option1 = lk_pairing_option1(config);
    msg.creation.option2 = LK_PAIRING_OPTION2;
    msg.creation.confidential_size = LK_CONFIDENTIAL_SIZE;
    msg.creation.private_size = LK_PRIVATE_SIZE;
    msg.creation.slot = lk_bytes(pairing->slot, sizeof pairing->slot);
    msg.creation.authorized_key = lk_bytes(config->root_key, LK_POINT_LEN);
    msg.creation.vehicle_key = lk_bytes(config->vehicle_public, LK_POINT_LEN);
    msg.k = config->k;
    if (config->intermediate.len > 0)
        msg.intermediate = config->intermediate;
    msg.map = (struct lk_mailbox_map){
        .has = LK_MAP_HAS_ALL,
        .slot_bitmap = LK_AT_SLOT_BITMAP,
        .slot_list = LK_AT_SLOT_LIST,
        .vehicle_data = LK_AT_VEHICLE_DATA,
        .attestations = LK_AT_ATTESTATIONS,
        .signaling = LK_AT_SIGNALING,
        .end = LK_PRIVATE_SIZE,
        .token_len = LK_TOKEN_LEN,
        .slot_len = LK_SLOT_LEN,
        .attestation_len = LK_ATTESTATION_LEN,
        .version = 1,
    };
    /* AUTH1 shows the owner's token and the signaling byte (D28). */
    msg.config.confidential_window = (struct lk_window){0, LK_TOKEN_LEN, 1};
    msg.config.private_window = (struct lk_window){LK_AT_SIGNALING, 1, 1};

    lk_wr_init(&wr, pairing->data, sizeof pairing->data);
    lk_pairing_data_write(&msg, &wr);
    pairing->data_len = (uint16_t)wr.len;
    pairing->data_at = 0;
    return wr.fault;
}

enum lk_status lk_pairing_begin_attestation(struct lk_pairing *pairing)
{
    struct lk_vehicle *vehicle = pairing->vehicle;
    const struct lk_vehicle_config *config = vehicle->config;
    struct lk_bytes h = lk_bytes(pairing->data + pairing->h_at, pairing->h_len);
    struct lk_pairing_attestation msg;
    uint8_t hash[LK_HASH_LEN], text[256], signature[LK_SIGNATURE_LEN];
    struct lk_bytes part;
    struct lk_wr wr;

    memset(&msg, 0, sizeof msg);
    LK_TRY(lk_sha256(config->crypto, &h, 1, hash));
    msg.has_attestation = 1;
    msg.attestation.vehicle_id = lk_bytes(config->vehicle_id, sizeof config->vehicle_id);
    msg.attestation.device_key =
        lk_bytes(vehicle->keys[pairing->key_index].public_key, LK_POINT_LEN);
    msg.attestation.role = LK_OBJECT_OWNER;
    msg.attestation.epoch = vehicle->sharing_epoch + 1; /* as promotion will set it */
    msg.attestation.cert_hash = lk_bytes(hash, sizeof hash);
    lk_wr_init(&wr, text, sizeof text);
    lk_vehicle_attestation_write_signed(&msg.attestation, &wr);
    LK_TRY(wr.fault);
    part = lk_bytes(text, wr.len);
    LK_TRY(lk_sign(config->crypto, config->vehicle_key, &part, 1, signature));
    msg.attestation.signature = lk_bytes(signature, sizeof signature);

    lk_wr_init(&wr, pairing->data, sizeof pairing->data);
    lk_pairing_attestation_write(&msg, &wr);
    pairing->data_len = (uint16_t)wr.len;
    pairing->data_at = 0;
    return wr.fault;
}

enum lk_status lk_pairing_send_data(struct lk_pairing *pairing, const struct lk_send *send)
{
    uint8_t sealed[LK_CHAN_PLAIN_MAX + 24];
    size_t left = (size_t)(pairing->data_len - pairing->data_at), len = 0;
    size_t piece = left < LK_CHAN_PLAIN_MAX ? left : LK_CHAN_PLAIN_MAX;
    uint8_t p1 = piece == left ? 0x80 : 0x00;

    LK_TRY(lk_chan_seal_command(&pairing->chan, pairing->vehicle->config->crypto,
                                lk_bytes(pairing->data + pairing->data_at, piece), sealed, &len));
    pairing->data_at = (uint16_t)(pairing->data_at + piece);
    return lk_send_command(send, 0x84, 0xd4, p1, 0, lk_bytes(sealed, len), 1);
}

enum lk_status lk_pairing_check_written(struct lk_pairing *pairing, struct lk_bytes response)
{
    uint8_t plain[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    LK_TRY(lk_chan_open_response(&pairing->chan, pairing->vehicle->config->crypto, response, plain,
                                 &len));
    return len == 0 ? LK_OK : LK_PEER_LENGTH;
}
