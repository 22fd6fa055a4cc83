/* records.c: how the car's state lies in its journal. Public parts are plain; w0, midstates and
 * token seeds are wrapped by the crypto room (D24). Project-defined; spec/vehicle.md. */
#include "vehicle/vehicle.h"

enum {
    RECORD_VERIFIER = 0x0001,
    RECORD_ATTEMPTS = 0x0002,
    RECORD_EPOCH = 0x0003,
    RECORD_CACHED_F = 0x0004,
    RECORD_SEQUENCE = 0x0005,
    RECORD_KEY = 0x00010000,
    RECORD_FAST = 0x00020000,
    RECORD_TOKENS = 0x00030000,
    RECORD_NEXT = 0x00040000,
};

/* state role slot_len rights(2) speed fast_count(2) zero(8) slot(8) endpoint(8) PK(65) */
#define KEY_RECORD_LEN (1 + 1 + 1 + 2 + 1 + 2 + 8 + 8 + 8 + 65)
/* L(65) salt(16) n(4) r(2) p(2), then wrapped w0 */
#define VERIFIER_PLAIN_LEN (65 + 16 + 4 + 2 + 2)

static const uint8_t w0_label[] = {'p', 'a', 'i', 'r', ' ', 'w', '0'};
static const uint8_t token_label[] = {'t', 'o', 'k', 'e', 'n', ' ', 's', 'e', 'e', 'd'};

static struct lk_store *store_of(const struct lk_vehicle *vehicle)
{
    return vehicle->config->store;
}

/* A wrapped record is bound to the first 16 bytes of its key's identifier. */
static struct lk_bytes label_of(const struct lk_vehicle_key *key)
{
    return lk_bytes(key->key_id, 16);
}

enum lk_status lk_vehicle_end_commit(struct lk_vehicle *vehicle, enum lk_status status)
{
    if (status == LK_OK)
        status = lk_store_commit(store_of(vehicle));
    if (status != LK_OK)
        lk_store_cancel(store_of(vehicle));
    return status;
}

enum lk_status lk_vehicle_put_key(struct lk_vehicle *vehicle, size_t index,
                                  const struct lk_vehicle_key *key)
{
    static const uint8_t no_time[8]; /* the clock starts again with the car: none is kept */
    uint8_t record[KEY_RECORD_LEN];
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, key->state);
    lk_wr_u8(&wr, key->role);
    lk_wr_u8(&wr, key->slot_len);
    lk_wr_u16(&wr, key->rights);
    lk_wr_u8(&wr, key->speed_limit_kmh);
    lk_wr_u16(&wr, key->fast_count);
    lk_wr_put(&wr, no_time, sizeof no_time);
    lk_wr_put(&wr, key->slot, sizeof key->slot);
    lk_wr_put(&wr, key->endpoint_id, sizeof key->endpoint_id);
    lk_wr_put(&wr, key->public_key, sizeof key->public_key);
    LK_TRY(wr.fault);
    return lk_store_put(store_of(vehicle), RECORD_KEY + (uint32_t)index, record, wr.len);
}

enum lk_status lk_vehicle_put_fast(struct lk_vehicle *vehicle, size_t index,
                                   const struct lk_vehicle_key *key)
{
    uint8_t record[LK_FAST_RECORD_LEN];

    LK_TRY(lk_fast_key_save(vehicle->config->crypto, &key->fast, label_of(key), record));
    return lk_store_put(store_of(vehicle), RECORD_FAST + (uint32_t)index, record, sizeof record);
}

static enum lk_status put_seed(struct lk_vehicle *vehicle, uint32_t id, const uint8_t seed[32],
                               const uint8_t slots[16])
{
    uint8_t record[16 + LK_KEY_RECORD_MAX];
    struct lk_bytes label = lk_bytes(token_label, sizeof token_label);
    size_t len = 0;

    memcpy(record, slots, 16);
    LK_TRY(lk_secret_save(vehicle->config->crypto, lk_bytes(seed, 32), label, record + 16, &len));
    return lk_store_put(store_of(vehicle), id, record, 16 + len);
}

enum lk_status lk_vehicle_put_tokens(struct lk_vehicle *vehicle, size_t index,
                                     const uint8_t seed[32], const uint8_t slots[16])
{
    LK_TRY(lk_store_remove(store_of(vehicle), RECORD_NEXT + (uint32_t)index));
    return put_seed(vehicle, RECORD_TOKENS + (uint32_t)index, seed, slots);
}

enum lk_status lk_vehicle_put_next(struct lk_vehicle *vehicle, size_t index,
                                   const uint8_t seed[32], const uint8_t slots[16])
{
    return put_seed(vehicle, RECORD_NEXT + (uint32_t)index, seed, slots);
}

enum lk_status lk_vehicle_drop_fast(struct lk_vehicle *vehicle, size_t index)
{
    return lk_store_remove(store_of(vehicle), RECORD_FAST + (uint32_t)index);
}

enum lk_status lk_vehicle_drop_key(struct lk_vehicle *vehicle, size_t index)
{
    LK_TRY(lk_store_remove(store_of(vehicle), RECORD_KEY + (uint32_t)index));
    LK_TRY(lk_store_remove(store_of(vehicle), RECORD_TOKENS + (uint32_t)index));
    LK_TRY(lk_store_remove(store_of(vehicle), RECORD_NEXT + (uint32_t)index));
    return lk_vehicle_drop_fast(vehicle, index);
}

enum lk_status lk_vehicle_put_verifier(struct lk_vehicle *vehicle,
                                       const struct lk_verifier *verifier)
{
    uint8_t record[VERIFIER_PLAIN_LEN + LK_KEY_RECORD_MAX];
    struct lk_bytes label = lk_bytes(w0_label, sizeof w0_label);
    struct lk_wr wr;
    size_t len = 0;

    lk_wr_init(&wr, record, VERIFIER_PLAIN_LEN);
    lk_wr_put(&wr, verifier->l, sizeof verifier->l);
    lk_wr_put(&wr, verifier->salt, sizeof verifier->salt);
    lk_wr_u32(&wr, verifier->n);
    lk_wr_u16(&wr, verifier->r);
    lk_wr_u16(&wr, verifier->p);
    LK_TRY(wr.fault);
    LK_TRY(lk_secret_save(vehicle->config->crypto, lk_bytes(verifier->w0, sizeof verifier->w0),
                          label, record + wr.len, &len));
    return lk_store_put(store_of(vehicle), RECORD_VERIFIER, record, wr.len + len);
}

enum lk_status lk_vehicle_drop_verifier(struct lk_vehicle *vehicle)
{
    return lk_store_remove(store_of(vehicle), RECORD_VERIFIER);
}

enum lk_status lk_vehicle_put_attempts(struct lk_vehicle *vehicle, uint8_t attempts)
{
    return lk_store_put(store_of(vehicle), RECORD_ATTEMPTS, &attempts, 1);
}

static enum lk_status put_u32(struct lk_vehicle *vehicle, uint32_t id, uint32_t value)
{
    uint8_t record[4];

    lk_put32(record, value);
    return lk_store_put(store_of(vehicle), id, record, sizeof record);
}

enum lk_status lk_vehicle_put_epoch(struct lk_vehicle *vehicle, uint32_t epoch)
{
    return put_u32(vehicle, RECORD_EPOCH, epoch);
}

enum lk_status lk_vehicle_put_sequence(struct lk_vehicle *vehicle, uint32_t reserved)
{
    return put_u32(vehicle, RECORD_SEQUENCE, reserved);
}

enum lk_status lk_vehicle_put_cached_f(struct lk_vehicle *vehicle, struct lk_bytes f)
{
    return lk_store_put(store_of(vehicle), RECORD_CACHED_F, f.at, f.len);
}

/* An absent record is LK_OK with a length of 0. */
static enum lk_status read(struct lk_vehicle *vehicle, uint32_t id, uint8_t *out, size_t cap,
                           size_t *out_len)
{
    enum lk_status status = lk_store_read(store_of(vehicle), id, out, cap, out_len);

    if (status == LK_CALLER_NOT_FOUND) {
        *out_len = 0;
        return LK_OK;
    }
    return status == LK_CALLER_SPACE ? LK_STORE_CORRUPT : status;
}

static enum lk_status read_u32(struct lk_vehicle *vehicle, uint32_t id, uint32_t *out)
{
    uint8_t record[4];
    size_t len = 0;

    LK_TRY(read(vehicle, id, record, sizeof record, &len));
    if (len != 0 && len != sizeof record)
        return LK_STORE_CORRUPT;
    *out = len == 0 ? 0 : lk_be32(record);
    return LK_OK;
}

static enum lk_status read_verifier(struct lk_vehicle *vehicle)
{
    uint8_t record[VERIFIER_PLAIN_LEN + LK_KEY_RECORD_MAX];
    struct lk_bytes label = lk_bytes(w0_label, sizeof w0_label);
    struct lk_verifier *verifier = &vehicle->verifier;
    enum lk_status fault = LK_INTERNAL;
    size_t len = 0, w0_len = 0;
    struct lk_rd rd;

    LK_TRY(read(vehicle, RECORD_VERIFIER, record, sizeof record, &len));
    if (len == 0)
        return LK_OK;
    if (len <= VERIFIER_PLAIN_LEN)
        return LK_STORE_CORRUPT;
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    memcpy(verifier->l, lk_rd_take(&rd, sizeof verifier->l).at, sizeof verifier->l);
    memcpy(verifier->salt, lk_rd_take(&rd, sizeof verifier->salt).at, sizeof verifier->salt);
    verifier->n = lk_rd_u32(&rd);
    verifier->r = lk_rd_u16(&rd);
    verifier->p = lk_rd_u16(&rd);
    LK_TRY(lk_secret_load(vehicle->config->crypto, lk_rd_take(&rd, rd.left), label, verifier->w0,
                          sizeof verifier->w0, &w0_len));
    if (fault != LK_OK || w0_len != sizeof verifier->w0)
        return LK_STORE_CORRUPT;
    vehicle->has_verifier = 1;
    return LK_OK;
}

static enum lk_status read_attempts(struct lk_vehicle *vehicle)
{
    uint8_t attempts = 0;
    size_t len = 0;

    LK_TRY(read(vehicle, RECORD_ATTEMPTS, &attempts, 1, &len));
    vehicle->attempts = len == 1 ? attempts : 0;
    return LK_OK;
}

static enum lk_status read_fast(struct lk_vehicle *vehicle, size_t index)
{
    struct lk_vehicle_key *key = &vehicle->keys[index];
    uint8_t record[LK_FAST_RECORD_LEN];
    size_t len = 0;

    LK_TRY(read(vehicle, RECORD_FAST + (uint32_t)index, record, sizeof record, &len));
    if (len == 0 || key->state != LK_KEY_ACTIVE)
        return LK_OK;
    return lk_fast_key_load(vehicle->config->crypto, lk_bytes(record, len), label_of(key),
                            &key->fast);
}

enum lk_status lk_vehicle_token(struct lk_vehicle *vehicle, const uint8_t seed[32], uint8_t index,
                                uint8_t out[LK_TOKEN_LEN])
{
    struct lk_bytes info[2] = {lk_bytes(token_label, sizeof token_label), lk_bytes(&index, 1)};

    return lk_hkdf(vehicle->config->crypto, lk_bytes(seed, 32), info, 2, out, LK_TOKEN_LEN);
}

/* One seed with its spare slots. LK_CALLER_NOT_FOUND if there is no such record. */
static enum lk_status read_seed(struct lk_vehicle *vehicle, uint32_t id, uint8_t seed[32],
                                uint8_t slots[16])
{
    struct lk_bytes label = lk_bytes(token_label, sizeof token_label);
    uint8_t record[16 + LK_KEY_RECORD_MAX];
    size_t len = 0, seed_len = 0;

    LK_TRY(read(vehicle, id, record, sizeof record, &len));
    if (len == 0)
        return LK_CALLER_NOT_FOUND;
    if (len <= 16)
        return LK_STORE_CORRUPT;
    LK_TRY(lk_secret_load(vehicle->config->crypto, lk_bytes(record + 16, len - 16), label, seed, 32,
                          &seed_len));
    memcpy(slots, record, 16);
    return seed_len == 32 ? LK_OK : LK_STORE_CORRUPT;
}

enum lk_status lk_vehicle_read_next(struct lk_vehicle *vehicle, size_t index, uint8_t seed[32],
                                    uint8_t slots[16])
{
    return read_seed(vehicle, RECORD_NEXT + (uint32_t)index, seed, slots);
}

static enum lk_status read_tokens(struct lk_vehicle *vehicle, size_t index)
{
    struct lk_vehicle_key *key = &vehicle->keys[index];
    uint8_t seed[32], slots[16];
    enum lk_status status = LK_INTERNAL;

    memset(seed, 0, sizeof seed);
    status = read_seed(vehicle, RECORD_TOKENS + (uint32_t)index, seed, slots);
    if (status == LK_OK)
        status = lk_vehicle_token(vehicle, seed, 0, key->token);
    if (status == LK_OK) {
        key->token_len = LK_TOKEN_LEN;
        key->spare_tokens = LK_NUM_SPARES;
    }
    if (status == LK_OK || status == LK_CALLER_NOT_FOUND)
        status = lk_vehicle_read_next(vehicle, index, seed, slots);
    key->has_next_token = status == LK_OK;
    lk_wipe(seed, sizeof seed);
    return status == LK_CALLER_NOT_FOUND ? LK_OK : status;
}

static enum lk_status read_key(struct lk_vehicle *vehicle, size_t index)
{
    struct lk_vehicle_key *key = &vehicle->keys[index];
    uint8_t record[KEY_RECORD_LEN];
    enum lk_status fault = LK_INTERNAL;
    size_t len = 0;
    struct lk_rd rd;

    LK_TRY(read(vehicle, RECORD_KEY + (uint32_t)index, record, sizeof record, &len));
    if (len == 0)
        return LK_OK;
    if (len != sizeof record)
        return LK_STORE_CORRUPT;
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    key->state = lk_rd_u8(&rd);
    key->role = lk_rd_u8(&rd);
    key->slot_len = lk_rd_u8(&rd);
    key->rights = lk_rd_u16(&rd);
    key->speed_limit_kmh = lk_rd_u8(&rd);
    key->fast_count = lk_rd_u16(&rd);
    (void)lk_rd_take(&rd, 8);
    key->standard_ms = LK_BEFORE_START;
    memcpy(key->slot, lk_rd_take(&rd, sizeof key->slot).at, sizeof key->slot);
    memcpy(key->endpoint_id, lk_rd_take(&rd, sizeof key->endpoint_id).at, sizeof key->endpoint_id);
    memcpy(key->public_key, lk_rd_take(&rd, sizeof key->public_key).at, sizeof key->public_key);
    lk_rd_close(&rd);
    if (fault != LK_OK || key->slot_len > sizeof key->slot || key->state > LK_KEY_ENDED)
        return LK_STORE_CORRUPT;
    LK_TRY(lk_key_id(vehicle->config->crypto, key->public_key, key->key_id));
    LK_TRY(read_fast(vehicle, index));
    return read_tokens(vehicle, index);
}

/* A store of a build with a larger table must not lose keys silently. */
static enum lk_status check_size(const struct lk_vehicle *vehicle)
{
    uint32_t id = RECORD_KEY + LK_VEHICLE_NUM_KEYS - 1;

    if (lk_store_next(vehicle->config->store, id, &id) != LK_OK)
        return LK_OK;
    return id < RECORD_FAST ? LK_CALLER_FULL : LK_OK;
}

/* An F that an earlier root signed is none: its key identifier is that of the new F, and would keep
 * the car from asking for that one. */
static enum lk_status read_cached_f(struct lk_vehicle *vehicle)
{
    const struct lk_vehicle_config *config = vehicle->config;
    enum lk_status status;
    struct lk_cert f;
    size_t len = 0;

    LK_TRY(read(vehicle, RECORD_CACHED_F, vehicle->cached_f, sizeof vehicle->cached_f, &len));
    if (len == 0)
        return LK_OK;
    if (lk_cert_parse(config->crypto, lk_bytes(vehicle->cached_f, len), &f) != LK_OK)
        return LK_STORE_CORRUPT;
    status = lk_cert_verify(config->crypto, &f, config->root_key);
    if (status == LK_CERT_SIGNATURE)
        return LK_OK;
    LK_TRY(status);
    vehicle->cached_f_len = (uint16_t)len;
    memcpy(vehicle->cached_f_ski, f.ski.at, sizeof vehicle->cached_f_ski);
    return LK_OK;
}

enum lk_status lk_vehicle_load(struct lk_vehicle *vehicle)
{
    LK_TRY(check_size(vehicle));
    LK_TRY(read_verifier(vehicle));
    LK_TRY(read_attempts(vehicle));
    LK_TRY(read_u32(vehicle, RECORD_EPOCH, &vehicle->sharing_epoch));
    LK_TRY(read_u32(vehicle, RECORD_SEQUENCE, &vehicle->grant_reserved));
    vehicle->grant_sequence = vehicle->grant_reserved; /* what is left of a block is lost */
    LK_TRY(read_cached_f(vehicle));
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++)
        LK_TRY(read_key(vehicle, i));
    return LK_OK;
}
