/* records.c: how the car's state lies in its journal. Public parts are plain; w0, midstates and
 * token seeds are wrapped by the crypto room (D24). Project-defined; spec/vehicle.md. */
#include "vehicle/vehicle.h"

enum {
    RECORD_VERIFIER = 0x0001,
    RECORD_ATTEMPTS = 0x0002,
    RECORD_EPOCH = 0x0003,
    RECORD_CACHED_F = 0x0004,
    RECORD_SEQUENCE = 0x0005,
    RECORD_TIME = 0x0006,
    RECORD_KEY = 0x00010000,
    RECORD_FAST = 0x00020000,
    RECORD_TOKENS = 0x00030000,
    RECORD_NEXT = 0x00040000,
    RECORD_SHARE_KEY = 0x00050000,  /* of an owner */
    RECORD_ACTIVATION = 0x00060000, /* of a friend that waits for its first tap */
    RECORD_SPENT = 0x00070000,
};

/* format state role rights(2) fast_count(2) starts_left(2) not_before(4) not_after(4) redeem_by(4)
 * profile(4) limits(9) PK(65) slot. The format byte is no state: before it there was none. */
#define KEY_FORMAT 0x12
#define KEY_FIXED_LEN (1 + 1 + 1 + 2 + 2 + 2 + 4 + 4 + 4 + 4 + LK_LIMITS_LEN + LK_POINT_LEN)
#define KEY_RECORD_MAX (KEY_FIXED_LEN + LK_SLOT_ID_MAX)
/* Wrapping pads by 1 to 16 and adds 32; an operation of the journal has 24 and is rounded up. */
#define STORED(len) ((24 + (len) + 7) / 8 * 8)
#define WRAPPED(len) ((len) / 16 * 16 + 16 + 32)
_Static_assert(STORED(KEY_FIXED_LEN + LK_SLOT_LEN) + STORED(LK_FAST_RECORD_LEN) +
                       STORED(WRAPPED(LK_TOKEN_LEN)) ==
                   LK_VEHICLE_KEY_STORED,
               "P19: store of one key");
/* slots(16) unused(1), then the wrapped seed */
#define SET_PLAIN_LEN (16 + 1)
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
    uint8_t record[KEY_RECORD_MAX];
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, KEY_FORMAT);
    lk_wr_u8(&wr, key->state);
    lk_wr_u8(&wr, key->role);
    lk_wr_u16(&wr, key->rights);
    lk_wr_u16(&wr, key->fast_count);
    lk_wr_u16(&wr, key->starts_left);
    lk_wr_u32(&wr, key->not_before);
    lk_wr_u32(&wr, key->not_after);
    lk_wr_u32(&wr, key->redeem_by);
    lk_wr_u32(&wr, key->profile);
    lk_wr_u8(&wr, key->limits.speed_kmh);
    lk_wr_u8(&wr, key->limits.power_percent);
    lk_wr_u16(&wr, key->limits.starts);
    lk_wr_u8(&wr, key->limits.days);
    lk_wr_u16(&wr, key->limits.from_min);
    lk_wr_u16(&wr, key->limits.to_min);
    lk_wr_put(&wr, key->public_key, sizeof key->public_key);
    lk_wr_put(&wr, key->slot, key->slot_len);
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

/* A short secret of one key, wrapped and bound to it. */
static enum lk_status put_secret(struct lk_vehicle *vehicle, uint32_t id,
                                 const struct lk_vehicle_key *key, struct lk_bytes secret)
{
    uint8_t record[LK_KEY_RECORD_MAX];
    size_t len = 0;

    LK_TRY(lk_secret_save(vehicle->config->crypto, secret, label_of(key), record, &len));
    return lk_store_put(store_of(vehicle), id, record, len);
}

static uint32_t set_record(size_t index, int is_next)
{
    return (is_next ? RECORD_NEXT : RECORD_TOKENS) + (uint32_t)index;
}

enum lk_status lk_vehicle_put_set(struct lk_vehicle *vehicle, size_t index, int is_next,
                                  const struct lk_token_set *set)
{
    uint8_t record[SET_PLAIN_LEN + LK_KEY_RECORD_MAX];
    struct lk_bytes label = lk_bytes(token_label, sizeof token_label);
    size_t len = 0;

    memcpy(record, set->slots, 16);
    record[16] = set->unused;
    LK_TRY(lk_secret_save(vehicle->config->crypto, lk_bytes(set->seed, sizeof set->seed), label,
                          record + SET_PLAIN_LEN, &len));
    return lk_store_put(store_of(vehicle), set_record(index, is_next), record,
                        SET_PLAIN_LEN + len);
}

enum lk_status lk_vehicle_adopt_next(struct lk_vehicle *vehicle, size_t index)
{
    uint8_t record[SET_PLAIN_LEN + LK_KEY_RECORD_MAX];
    size_t len = 0;

    LK_TRY(lk_store_read(store_of(vehicle), set_record(index, 1), record, sizeof record, &len));
    LK_TRY(lk_store_put(store_of(vehicle), set_record(index, 0), record, len));
    return lk_store_remove(store_of(vehicle), set_record(index, 1));
}

enum lk_status lk_vehicle_put_friend_token(struct lk_vehicle *vehicle, size_t index,
                                           const struct lk_vehicle_key *key,
                                           const uint8_t token[LK_TOKEN_LEN])
{
    return put_secret(vehicle, set_record(index, 0), key, lk_bytes(token, LK_TOKEN_LEN));
}

enum lk_status lk_vehicle_put_share_key(struct lk_vehicle *vehicle, size_t index, uint32_t epoch,
                                        const uint8_t share_key[16])
{
    uint8_t text[4 + 16];
    enum lk_status status;

    lk_put32(text, epoch);
    memcpy(text + 4, share_key, 16);
    status = put_secret(vehicle, RECORD_SHARE_KEY + (uint32_t)index, &vehicle->keys[index],
                        lk_bytes(text, sizeof text));
    lk_wipe(text, sizeof text);
    return status;
}

enum lk_status lk_vehicle_put_activation(struct lk_vehicle *vehicle, size_t index,
                                         const struct lk_activation *activation)
{
    return lk_store_put(store_of(vehicle), RECORD_ACTIVATION + (uint32_t)index,
                        (const uint8_t *)activation, sizeof *activation);
}

enum lk_status lk_vehicle_drop_activation(struct lk_vehicle *vehicle, size_t index)
{
    return lk_store_remove(store_of(vehicle), RECORD_ACTIVATION + (uint32_t)index);
}

enum lk_status lk_vehicle_drop_fast(struct lk_vehicle *vehicle, size_t index)
{
    return lk_store_remove(store_of(vehicle), RECORD_FAST + (uint32_t)index);
}

enum lk_status lk_vehicle_drop_secrets(struct lk_vehicle *vehicle, size_t index)
{
    LK_TRY(lk_store_remove(store_of(vehicle), set_record(index, 0)));
    LK_TRY(lk_store_remove(store_of(vehicle), set_record(index, 1)));
    LK_TRY(lk_store_remove(store_of(vehicle), RECORD_SHARE_KEY + (uint32_t)index));
    LK_TRY(lk_vehicle_drop_activation(vehicle, index));
    return lk_vehicle_drop_fast(vehicle, index);
}

enum lk_status lk_vehicle_drop_key(struct lk_vehicle *vehicle, size_t index)
{
    LK_TRY(lk_store_remove(store_of(vehicle), RECORD_KEY + (uint32_t)index));
    return lk_vehicle_drop_secrets(vehicle, index);
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

enum lk_status lk_vehicle_read_set(struct lk_vehicle *vehicle, size_t index, int is_next,
                                   struct lk_token_set *out)
{
    struct lk_bytes label = lk_bytes(token_label, sizeof token_label);
    uint8_t record[SET_PLAIN_LEN + LK_KEY_RECORD_MAX];
    size_t len = 0, seed_len = 0;

    LK_TRY(lk_store_read(store_of(vehicle), set_record(index, is_next), record, sizeof record,
                         &len)); /* not found is an answer here */
    if (len <= SET_PLAIN_LEN)
        return LK_STORE_CORRUPT;
    LK_TRY(lk_secret_load(vehicle->config->crypto,
                          lk_bytes(record + SET_PLAIN_LEN, len - SET_PLAIN_LEN), label, out->seed,
                          sizeof out->seed, &seed_len));
    memcpy(out->slots, record, 16);
    out->unused = record[16];
    return seed_len == sizeof out->seed ? LK_OK : LK_STORE_CORRUPT;
}

/* The whole of a wrapped secret that has one length. */
static enum lk_status read_secret(struct lk_vehicle *vehicle, uint32_t id, size_t index,
                                  uint8_t *out, size_t want)
{
    uint8_t record[LK_KEY_RECORD_MAX];
    size_t len = 0, out_len = 0;

    LK_TRY(lk_store_read(store_of(vehicle), id, record, sizeof record, &len));
    LK_TRY(lk_secret_load(vehicle->config->crypto, lk_bytes(record, len),
                          label_of(&vehicle->keys[index]), out, want, &out_len));
    return out_len == want ? LK_OK : LK_STORE_CORRUPT;
}

enum lk_status lk_vehicle_read_token(struct lk_vehicle *vehicle, size_t index,
                                     uint8_t out[LK_TOKEN_LEN])
{
    struct lk_token_set set;
    enum lk_status status;

    if (vehicle->keys[index].role == LK_KEY_FRIEND)
        return read_secret(vehicle, set_record(index, 0), index, out, LK_TOKEN_LEN);
    memset(&set, 0, sizeof set);
    status = lk_vehicle_read_set(vehicle, index, 0, &set);
    if (status == LK_OK)
        status = lk_vehicle_token(vehicle, set.seed, 0, out);
    lk_wipe(&set, sizeof set);
    return status;
}

enum lk_status lk_vehicle_read_share_key(struct lk_vehicle *vehicle, size_t index, uint32_t epoch,
                                         uint8_t out[16])
{
    uint8_t text[4 + 16] = {0};
    enum lk_status status = read_secret(vehicle, RECORD_SHARE_KEY + (uint32_t)index, index, text,
                                        sizeof text);

    if (status == LK_OK && lk_be32(text) != epoch)
        status = LK_CALLER_NOT_FOUND;
    if (status == LK_OK)
        memcpy(out, text + 4, 16);
    lk_wipe(text, sizeof text);
    return status;
}

enum lk_status lk_vehicle_read_activation(struct lk_vehicle *vehicle, size_t index,
                                          struct lk_activation *out)
{
    size_t len = 0;

    LK_TRY(lk_store_read(store_of(vehicle), RECORD_ACTIVATION + (uint32_t)index, (uint8_t *)out,
                         sizeof *out, &len));
    return len == sizeof *out ? LK_OK : LK_STORE_CORRUPT;
}

/* Whether there are tokens; none that is damaged is passed over in silence. */
static enum lk_status read_tokens(struct lk_vehicle *vehicle, size_t index)
{
    struct lk_vehicle_key *key = &vehicle->keys[index];
    uint8_t token[LK_TOKEN_LEN] = {0};
    struct lk_token_set set;
    enum lk_status status = lk_vehicle_read_token(vehicle, index, token);

    memset(&set, 0, sizeof set);
    key->has_token = status == LK_OK;
    if (status == LK_OK || status == LK_CALLER_NOT_FOUND)
        status = lk_vehicle_read_set(vehicle, index, 1, &set);
    key->has_next_token = status == LK_OK;
    lk_wipe(token, sizeof token);
    lk_wipe(&set, sizeof set);
    return status == LK_CALLER_NOT_FOUND ? LK_OK : status;
}

/* The fields of one key record; the caller judges `fault`. */
static void parse_key(struct lk_rd *rd, struct lk_vehicle_key *key)
{
    struct lk_bytes point;

    (void)lk_rd_u8(rd);
    key->state = lk_rd_u8(rd);
    key->role = lk_rd_u8(rd);
    key->rights = lk_rd_u16(rd);
    key->fast_count = lk_rd_u16(rd);
    key->starts_left = lk_rd_u16(rd);
    key->not_before = lk_rd_u32(rd);
    key->not_after = lk_rd_u32(rd);
    key->redeem_by = lk_rd_u32(rd);
    key->profile = lk_rd_u32(rd);
    key->limits.speed_kmh = lk_rd_u8(rd);
    key->limits.power_percent = lk_rd_u8(rd);
    key->limits.starts = lk_rd_u16(rd);
    key->limits.days = lk_rd_u8(rd);
    key->limits.from_min = lk_rd_u16(rd);
    key->limits.to_min = lk_rd_u16(rd);
    point = lk_rd_take(rd, sizeof key->public_key);
    if (point.len == sizeof key->public_key)
        memcpy(key->public_key, point.at, point.len);
    key->slot_len = (uint8_t)rd->left;
    if (rd->left <= sizeof key->slot)
        memcpy(key->slot, rd->at, rd->left);
}

static enum lk_status read_key(struct lk_vehicle *vehicle, size_t index)
{
    struct lk_vehicle_key *key = &vehicle->keys[index];
    uint8_t record[KEY_RECORD_MAX];
    enum lk_status fault = LK_INTERNAL;
    size_t len = 0;
    struct lk_rd rd;

    LK_TRY(read(vehicle, RECORD_KEY + (uint32_t)index, record, sizeof record, &len));
    if (len == 0)
        return LK_OK;
    if (record[0] != KEY_FORMAT)
        return LK_STORE_VERSION;
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    parse_key(&rd, key);
    if (fault != LK_OK || key->state == LK_KEY_FREE || key->state > LK_KEY_ENDED)
        return LK_STORE_CORRUPT;
    key->standard_ms = LK_BEFORE_START;
    LK_TRY(lk_key_id(vehicle->config->crypto, key->public_key, key->key_id));
    LK_TRY(read_fast(vehicle, index));
    return read_tokens(vehicle, index);
}

/* floor(4) number(4) clock(8) anchor: milliseconds(8) seconds(4) */
#define TIME_LEN 28

enum lk_status lk_vehicle_put_time(struct lk_vehicle *vehicle, const struct lk_time_record *time)
{
    uint8_t record[TIME_LEN];

    lk_put32(record, time->floor);
    lk_put32(record + 4, time->number);
    lk_put64(record + 8, vehicle->config->clock_id);
    lk_put64(record + 16, time->anchor_ms);
    lk_put32(record + 24, time->anchor_s);
    return lk_store_put(store_of(vehicle), RECORD_TIME, record, sizeof record);
}

static enum lk_status read_time(struct lk_vehicle *vehicle)
{
    uint64_t clock_id = vehicle->config->clock_id;
    uint8_t record[TIME_LEN];
    size_t len = 0;

    LK_TRY(read(vehicle, RECORD_TIME, record, sizeof record, &len));
    if (len == 0)
        return LK_OK;
    if (len != sizeof record)
        return LK_STORE_CORRUPT;
    vehicle->time_floor = lk_be32(record);
    vehicle->time_number = lk_be32(record + 4);
    vehicle->has_anchor = clock_id != 0 && clock_id == lk_be64(record + 8);
    if (vehicle->has_anchor) {
        vehicle->anchor_ms = lk_be64(record + 16);
        vehicle->anchor_s = lk_be32(record + 24);
    }
    return LK_OK;
}

enum lk_status lk_vehicle_put_spent(struct lk_vehicle *vehicle, size_t number,
                                    struct lk_bytes entries)
{
    uint32_t id = RECORD_SPENT + (uint32_t)number;

    if (entries.len == 0)
        return lk_store_remove(store_of(vehicle), id);
    return lk_store_put(store_of(vehicle), id, entries.at, entries.len);
}

enum lk_status lk_vehicle_read_spent(struct lk_vehicle *vehicle, size_t number, uint8_t *out,
                                     size_t cap, size_t *out_len)
{
    return read(vehicle, RECORD_SPENT + (uint32_t)number, out, cap, out_len);
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
    LK_TRY(read_time(vehicle));
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++)
        LK_TRY(read_key(vehicle, i));
    return lk_spent_load(vehicle);
}
