/* pairing_read.c: the certificates the car reads from the phone, and what it demands of them
 * (protocol 4.10, D1, D29, D34, S2). Each has its own place in the buffer, LK_OBJECT_MAX long. */
#include "vehicle/vehicle.h"

#include "tlv/tlv.h"

enum { OBJECT_H, OBJECT_E, OBJECT_F, NUM_OBJECTS };
/* Sealed answers one object may take: 1024 bytes need five. */
#define PARTS_MAX 8

static const uint16_t tags[NUM_OBJECTS] = {LK_TAG_ENDPOINT_CERT, LK_TAG_INSTANCE_CA_CERT,
                                           LK_TAG_EXTERNAL_CA_CERT};

static uint16_t place_of(size_t object)
{
    return (uint16_t)(object * LK_OBJECT_MAX);
}

static enum lk_status send_sealed(struct lk_pairing *pairing, uint8_t ins, struct lk_bytes plain,
                                  const struct lk_send *send)
{
    uint8_t sealed[32];
    size_t len = 0;

    LK_TRY(lk_chan_seal_command(&pairing->chan, pairing->vehicle->config->crypto, plain, sealed,
                                &len));
    return lk_send_command(send, 0x84, ins, 0, 0, lk_bytes(sealed, len), 1);
}

enum lk_status lk_pairing_ask(struct lk_pairing *pairing, const struct lk_send *send)
{
    uint8_t tag[2];

    _Static_assert(NUM_OBJECTS * LK_OBJECT_MAX <= LK_REASSEMBLY_MAX, "room for every object");
    lk_put16(tag, tags[pairing->object]);
    pairing->data_at = place_of(pairing->object);
    pairing->data_len = 0; /* of this object */
    pairing->parts = 0;
    return send_sealed(pairing, 0xca, lk_bytes(tag, sizeof tag), send);
}

/* Whether the object read so far is whole: from its own outer length alone (S2). An object the
 * phone does not have is its tag with length 00: an empty run. */
static enum lk_status measure(const struct lk_pairing *pairing, int *out_is_whole, size_t *out_len)
{
    const uint8_t *at = pairing->data + pairing->data_at;
    enum lk_status fault = LK_OK;
    size_t total;

    *out_is_whole = 0;
    if (pairing->data_len == 3 && lk_be16(at) == tags[pairing->object] && at[2] == 0) {
        *out_is_whole = 1;
        *out_len = 0;
        return LK_OK;
    }
    if (at[0] != 0x30)
        return LK_CERT_DER;
    total = lk_tlv_total(lk_bytes(at, pairing->data_len), &fault);
    LK_TRY(fault);
    if (total > LK_OBJECT_MAX)
        return LK_PEER_TOO_LONG;
    if (total != 0 && pairing->data_len > total)
        return LK_PEER_LENGTH;
    *out_is_whole = total != 0 && pairing->data_len == total;
    *out_len = total;
    return LK_OK;
}

/* 1 if E names the F we hold already (D34). The chain is checked all the same. */
static int has_cached_f(const struct lk_pairing *pairing)
{
    const struct lk_vehicle *vehicle = pairing->vehicle;
    struct lk_cert e;

    if (vehicle->cached_f_len == 0)
        return 0;
    if (lk_cert_parse(vehicle->config->crypto,
                      lk_bytes(pairing->data + pairing->e_at, pairing->e_len), &e) != LK_OK)
        return 0;
    return lk_bytes_equal(e.aki, lk_bytes(vehicle->cached_f_ski, sizeof vehicle->cached_f_ski));
}

static void note_object(struct lk_pairing *pairing, uint16_t len)
{
    uint16_t at = pairing->data_at;

    if (pairing->object == OBJECT_H) {
        pairing->h_at = at;
        pairing->h_len = len;
    } else if (pairing->object == OBJECT_E) {
        pairing->e_at = at;
        pairing->e_len = len;
    } else {
        pairing->f_at = at;
        pairing->f_len = len;
    }
    pairing->object++;
}

enum lk_status lk_pairing_take_part(struct lk_pairing *pairing, struct lk_bytes response,
                                    const struct lk_send *send, int *out_is_whole)
{
    struct lk_vehicle *vehicle = pairing->vehicle;
    uint8_t plain[LK_APDU_RESPONSE_MAX];
    size_t len = 0, total = 0;
    int is_object = 0;

    LK_TRY(lk_chan_open_response(&pairing->chan, vehicle->config->crypto, response, plain, &len));
    if (++pairing->parts > PARTS_MAX)
        return LK_PEER_CHAINING;
    if (len == 0)
        return LK_PEER_LENGTH;
    if (len > LK_OBJECT_MAX - (size_t)pairing->data_len)
        return LK_PEER_TOO_LONG;
    memcpy(pairing->data + pairing->data_at + pairing->data_len, plain, len);
    pairing->data_len = (uint16_t)(pairing->data_len + len);
    LK_TRY(measure(pairing, &is_object, &total));
    if (!is_object)
        return send_sealed(pairing, 0xc0, lk_bytes(NULL, 0), send);
    note_object(pairing, (uint16_t)total);
    if (pairing->object == OBJECT_F && has_cached_f(pairing)) {
        memcpy(pairing->data + place_of(OBJECT_F), vehicle->cached_f, vehicle->cached_f_len);
        pairing->data_at = place_of(OBJECT_F);
        note_object(pairing, vehicle->cached_f_len);
    }
    *out_is_whole = pairing->object == NUM_OBJECTS;
    return *out_is_whole ? LK_OK : lk_pairing_ask(pairing, send);
}

/* The facts of H are rebuilt from what was sent and compared as bytes (D1, S24). */
static enum lk_status check_facts(const struct lk_pairing *pairing, const struct lk_cert *h,
                                  const uint8_t id[LK_ENDPOINT_ID_LEN])
{
    const struct lk_vehicle_config *config = pairing->vehicle->config;
    struct lk_endpoint_facts facts;
    uint8_t expected[LK_CERT_MAX];
    size_t len = 0;

    memset(&facts, 0, sizeof facts);
    memcpy(facts.vehicle_id, config->vehicle_id, sizeof facts.vehicle_id);
    memcpy(facts.endpoint_id, id, sizeof facts.endpoint_id);
    facts.option1 = lk_pairing_option1(config);
    facts.option2 = LK_PAIRING_OPTION2;
    facts.confidential_size = LK_CONFIDENTIAL_SIZE;
    facts.private_size = LK_PRIVATE_SIZE;
    facts.slot = lk_bytes(pairing->slot, sizeof pairing->slot);
    facts.vehicle_key = config->vehicle_public;
    facts.authorized_key = config->root_key;
    facts.versions = lk_bytes(lk_vehicle_applet_versions, sizeof lk_vehicle_applet_versions);
    LK_TRY(lk_endpoint_facts_write(&facts, expected, sizeof expected, &len));
    return lk_bytes_equal(h->role_value, lk_bytes(expected, len)) ? LK_OK : LK_CERT_MISMATCH;
}

/* A key that ended does not come back, not even where its place was given away (S7). */
static enum lk_status check_not_ended(struct lk_vehicle *vehicle, const uint8_t *public_key)
{
    struct lk_bytes point = lk_bytes(public_key, LK_POINT_LEN);
    uint8_t hash[LK_HASH_LEN];
    unsigned is_spent = 0;

    LK_TRY(lk_sha256(vehicle->config->crypto, &point, 1, hash));
    LK_TRY(lk_spent_find(vehicle, hash, 1, &is_spent));
    return is_spent ? LK_PEER_VALUE : LK_OK;
}

/* The pending owner, and F if it is a new one, in one commit (D18). */
static enum lk_status store_pending(struct lk_pairing *pairing, const struct lk_vehicle_key *key,
                                    struct lk_bytes f)
{
    struct lk_vehicle *vehicle = pairing->vehicle;
    size_t index = LK_NO_KEY;
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_vehicle_room(vehicle, &index));
    if (index == LK_NO_KEY)
        return LK_CALLER_FULL;
    LK_TRY(lk_store_begin(vehicle->config->store));
    status = lk_vehicle_drop_key(vehicle, index);
    if (status == LK_OK)
        status = lk_vehicle_put_key(vehicle, index, key);
    if (status == LK_OK)
        status = lk_vehicle_put_cached_f(vehicle, f);
    LK_TRY(lk_vehicle_end_commit(vehicle, status));
    vehicle->keys[index] = *key;
    pairing->key_index = (uint16_t)index;
    pairing->has_pending = 1;
    memcpy(vehicle->cached_f, f.at, f.len);
    vehicle->cached_f_len = (uint16_t)f.len;
    return LK_OK;
}

enum lk_status lk_pairing_accept(struct lk_pairing *pairing)
{
    struct lk_vehicle *vehicle = pairing->vehicle;
    struct lk_crypto *crypto = vehicle->config->crypto;
    struct lk_bytes f = lk_bytes(pairing->data + pairing->f_at, pairing->f_len);
    struct lk_bytes e = lk_bytes(pairing->data + pairing->e_at, pairing->e_len);
    struct lk_bytes h = lk_bytes(pairing->data + pairing->h_at, pairing->h_len);
    struct lk_cert cert_f, cert_e, cert_h;
    struct lk_endpoint_facts said; /* its name is the identifier (D2) */
    struct lk_vehicle_key key;

    LK_TRY(lk_chain_check_endpoint(crypto, vehicle->config->root_key, f, e, h, NULL, &cert_f,
                                   &cert_e, &cert_h));
    memset(&key, 0, sizeof key);
    LK_TRY(lk_cert_endpoint_facts(&cert_h, &said));
    LK_TRY(check_facts(pairing, &cert_h, said.endpoint_id));
    if (lk_vehicle_find_public(vehicle, cert_h.public_key) != LK_NO_KEY)
        return LK_PEER_VALUE; /* every owner key is a new one (protocol 4.10) */
    LK_TRY(check_not_ended(vehicle, cert_h.public_key));
    LK_TRY(lk_vehicle_drop_pending(vehicle)); /* of an earlier pairing */
    memcpy(key.public_key, cert_h.public_key, sizeof key.public_key);
    LK_TRY(lk_key_id(crypto, key.public_key, key.key_id));
    memcpy(key.slot, pairing->slot, sizeof pairing->slot);
    key.slot_len = sizeof pairing->slot;
    key.state = LK_KEY_PENDING;
    key.role = LK_KEY_OWNER; /* from this exchange, never from H (S4) */
    key.rights = LK_RIGHTS_OWNER;
    LK_TRY(store_pending(pairing, &key, f));
    memcpy(vehicle->cached_f_ski, cert_f.ski.at, sizeof vehicle->cached_f_ski);
    return LK_OK;
}
