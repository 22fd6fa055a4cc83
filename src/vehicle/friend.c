/* friend.c: the owner's word about another key: what a package must be, and what the car keeps of
 * it (S4, S6 to S8; protocol 11.2, D4). The order of the checks is that of spec/access.md. */
#include "vehicle/vehicle.h"

#define DAY_MIN 1440u
#define REDEEM_MAX_S (LK_REDEEM_DAYS_MAX * 86400u + LK_TIME_DRIFT_S)

const struct lk_profile *lk_vehicle_profile(const struct lk_vehicle *vehicle, uint32_t number)
{
    const struct lk_vehicle_config *config = vehicle->config;
    const struct lk_profile *table = config->profiles;
    size_t num = config->num_profiles;

    if (table == NULL) {
        table = lk_default_profiles;
        num = LK_NUM_DEFAULT_PROFILES;
    }
    for (size_t i = 0; i < num; i++) {
        if (table[i].number == number)
            return &table[i];
    }
    return NULL;
}

/* --- the narrower of two limits --- */

static unsigned least(unsigned a, unsigned b) /* 0 is no limit */
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The hours of both. LK_SHARE_DATES if no minute is in both, or if they are two runs. */
static enum lk_status narrow_hours(struct lk_limits *to, const struct lk_limits *from)
{
    unsigned len = (DAY_MIN + to->to_min - to->from_min) % DAY_MIN;
    unsigned other = (DAY_MIN + from->to_min - from->from_min) % DAY_MIN;
    unsigned start = (DAY_MIN + from->from_min - to->from_min) % DAY_MIN; /* after to->from_min */
    unsigned end = start + other;

    if (other == 0)
        return LK_OK;
    if (len == 0) {
        to->from_min = from->from_min;
        to->to_min = from->to_min;
        return LK_OK;
    }
    if (start < len && end > DAY_MIN)
        return LK_SHARE_DATES;
    if (start >= len) { /* only what comes round midnight can be inside */
        if (end <= DAY_MIN)
            return LK_SHARE_DATES;
        start = 0;
        end -= DAY_MIN;
    }
    if (end > len)
        end = len;
    to->to_min = (uint16_t)((to->from_min + end) % DAY_MIN);
    to->from_min = (uint16_t)((to->from_min + start) % DAY_MIN);
    return LK_OK;
}

static enum lk_status narrow(struct lk_limits *to, const struct lk_limits *from)
{
    to->speed_kmh = (uint8_t)least(to->speed_kmh, from->speed_kmh);
    to->power_percent = (uint8_t)least(to->power_percent, from->power_percent);
    to->starts = (uint16_t)least(to->starts, from->starts);
    if (to->days != 0 && from->days != 0 && (to->days & from->days) == 0)
        return LK_SHARE_DATES;
    to->days = to->days == 0 || from->days == 0 ? to->days | from->days : to->days & from->days;
    return narrow_hours(to, from);
}

/* --- what must happen at the car --- */

void lk_friend_forget_password(struct lk_vehicle *vehicle)
{
    lk_wipe(vehicle->password, sizeof vehicle->password);
    vehicle->password_len = 0;
    vehicle->password_until_ms = 0;
}

enum lk_status lk_vehicle_activate(struct lk_vehicle *vehicle, uint8_t method,
                                   struct lk_bytes password, uint64_t now_ms)
{
    uint64_t until_ms = now_ms + LK_ACTIVATION_MS;

    if (method == LK_ACTIVATE_FOB && password.len == 0) {
        vehicle->fob_until_ms = until_ms;
        return LK_OK;
    }
    if (method != LK_ACTIVATE_PASSWORD || password.len < LK_SHARE_WORD_MIN ||
        password.len > LK_SHARE_WORD_MAX)
        return LK_CALLER_ARGUMENT;
    if (now_ms < vehicle->no_password_until_ms)
        return LK_SHARE_TOO_SOON;
    lk_friend_forget_password(vehicle);
    memcpy(vehicle->password, password.at, password.len);
    vehicle->password_len = (uint8_t)password.len;
    vehicle->password_until_ms = until_ms;
    return LK_OK;
}

/* Compares the typed password; a wrong one is forgotten, so it counts once. */
static enum lk_status try_password(struct lk_vehicle *vehicle, const struct lk_activation *what,
                                   uint64_t now_ms, uint8_t *out_is_right)
{
    struct lk_bytes typed = lk_bytes(vehicle->password, vehicle->password_len);
    size_t owner = lk_vehicle_find_state(vehicle, LK_KEY_OWNER, LK_KEY_ACTIVE);
    struct lk_share_key key;
    uint8_t mac[16] = {0};
    enum lk_status status = LK_CALLER_NOT_FOUND;

    *out_is_right = 0;
    if (typed.len == 0 || now_ms >= vehicle->password_until_ms)
        return LK_OK;
    memset(&key, 0, sizeof key);
    if (owner != LK_NO_KEY)
        status = lk_vehicle_read_share_key(vehicle, owner, vehicle->sharing_epoch, key.key);
    if (status == LK_OK)
        status = lk_share_password_mac(vehicle->config->crypto, &key, what->salt, typed, mac);
    if (status == LK_OK)
        *out_is_right = (uint8_t)lk_equal(mac, what->mac, sizeof mac);
    if (status == LK_OK && !*out_is_right) {
        lk_friend_forget_password(vehicle);
        if (++vehicle->password_failures >= LK_ACTIVATION_TRIES) {
            vehicle->password_failures = 0;
            vehicle->no_password_until_ms = now_ms + LK_ACTIVATION_MS;
        }
    }
    lk_wipe(&key, sizeof key);
    return status == LK_CALLER_NOT_FOUND ? LK_OK : status;
}

enum lk_status lk_friend_activated(struct lk_vehicle *vehicle, const struct lk_activation *what,
                                   uint64_t now_ms, uint8_t *out_uses_password)
{
    uint8_t happened = 0;

    *out_uses_password = 0;
    if (now_ms < vehicle->owner_until_ms)
        happened |= LK_ACTIVATE_OWNER;
    if (now_ms < vehicle->fob_until_ms)
        happened |= LK_ACTIVATE_FOB;
    if (what->methods & LK_ACTIVATE_PASSWORD)
        LK_TRY(try_password(vehicle, what, now_ms, out_uses_password));
    if (*out_uses_password)
        happened |= LK_ACTIVATE_PASSWORD;
    /* The owner adds to what the automaker demands, and takes nothing away. */
    if ((what->methods != 0 && (what->methods & happened) == 0) ||
        (what->profile_methods != 0 && (what->profile_methods & happened) == 0))
        return LK_SHARE_ACTIVATION;
    return LK_OK;
}

/* --- the checks, in their order --- */

static enum lk_status check_times(const struct lk_vehicle *vehicle, uint64_t now_ms,
                                  struct lk_friend *out)
{
    const struct lk_entitlement *said = &out->package.entitlement;
    uint32_t now = lk_time_seconds(vehicle, now_ms);

    if (now == 0)
        return LK_TAP_NO_TIME;
    if (said->epoch != vehicle->sharing_epoch)
        return LK_SHARE_EPOCH;
    out->key.redeem_by = lk_date_seconds(said->redeem_by);
    out->key.not_before = lk_date_seconds(said->not_before);
    out->key.not_after = lk_date_seconds(said->not_after);
    if (out->key.redeem_by < now || out->key.redeem_by - now > REDEEM_MAX_S)
        return LK_SHARE_REDEEM_BY;
    if (out->key.not_after == 0 || out->key.not_after < out->key.not_before)
        return LK_SHARE_DATES;
    return out->key.not_after < now ? LK_SHARE_EXPIRED : LK_OK;
}

/* The rights are those that were signed, and signed by the owner who may share now (S4). */
static enum lk_status check_word(const struct lk_vehicle *vehicle, struct lk_friend *out)
{
    struct lk_crypto *crypto = vehicle->config->crypto;
    const struct lk_package *package = &out->package;
    const struct lk_vehicle_key *owner;
    uint8_t hash[LK_HASH_LEN];
    enum lk_status status;

    LK_TRY(lk_sha256(crypto, &package->entitlement.whole, 1, hash));
    if (!lk_equal(hash, package->share.entitlement_hash.at, sizeof hash))
        return LK_SHARE_ENTITLEMENT;
    out->owner = lk_vehicle_find_state(vehicle, LK_KEY_OWNER, LK_KEY_ACTIVE);
    owner = &vehicle->keys[out->owner % LK_VEHICLE_NUM_KEYS];
    if (out->owner == LK_NO_KEY || (owner->rights & LK_RIGHT_SHARE) == 0 ||
        !lk_equal(owner->key_id, package->entitlement.sharer.at, LK_KEY_ID_LEN))
        return LK_SHARE_SHARER;
    status = lk_verify(crypto, owner->public_key, &package->share.signed_part, 1,
                       package->signature.at);
    return status == LK_PEER_SIGNATURE ? LK_SHARE_SIGNATURE : status;
}

/* Neither the key nor the attestation was here before (S7). */
static enum lk_status check_new(struct lk_vehicle *vehicle, struct lk_friend *out)
{
    enum { KEY, SHARE, NUM };
    struct lk_crypto *crypto = vehicle->config->crypto;
    const struct lk_share *share = &out->package.share;
    size_t index = lk_vehicle_find_public(vehicle, share->device_key.at);
    uint8_t hashes[NUM][LK_HASH_LEN];
    unsigned found = 0;

    LK_TRY(lk_sha256(crypto, &share->device_key, 1, hashes[KEY]));
    LK_TRY(lk_sha256(crypto, &share->whole, 1, hashes[SHARE]));
    LK_TRY(lk_spent_find(vehicle, hashes[0], NUM, &found));
    if ((found >> KEY & 1u) || (index != LK_NO_KEY && vehicle->keys[index].state == LK_KEY_ENDED))
        return LK_SHARE_ENDED;
    if (index != LK_NO_KEY)
        return LK_CALLER_EXISTS;
    memcpy(out->share_hash, hashes[SHARE], LK_HASH_LEN);
    return found >> SHARE & 1u ? LK_SHARE_REPLAYED : LK_OK;
}

static enum lk_status check_profile(const struct lk_vehicle *vehicle, struct lk_friend *out)
{
    const struct lk_entitlement *said = &out->package.entitlement;
    const struct lk_profile *profile = lk_vehicle_profile(vehicle, said->profile);
    struct lk_vehicle_key *key = &out->key;

    if (profile == NULL)
        return LK_SHARE_PROFILE;
    key->profile = profile->number;
    key->limits = profile->limits;
    if (said->has_limits)
        LK_TRY(narrow(&key->limits, &said->limits));
    key->starts_left = key->limits.starts;
    key->rights = (uint16_t)(profile->rights & ~(unsigned)LK_RIGHT_SHARE);
    if (key->limits.speed_kmh != 0 || key->limits.power_percent != 0)
        key->rights |= LK_RIGHT_RESTRICTED;
    out->activation.methods = said->activation;
    out->activation.profile_methods = profile->activation;
    if (said->salt.len == sizeof out->activation.salt) {
        memcpy(out->activation.salt, said->salt.at, sizeof out->activation.salt);
        memcpy(out->activation.mac, said->mac.at, sizeof out->activation.mac);
    }
    return LK_OK;
}

/* One of the spares the owner got and nobody came with, in what the phone holds or may hold. */
static enum lk_status find_spare(struct lk_vehicle *vehicle, struct lk_bytes slot,
                                 struct lk_friend *out)
{
    for (int is_next = 0; is_next < 2; is_next++) {
        enum lk_status status = lk_vehicle_read_set(vehicle, out->owner, is_next, &out->set);

        if (status == LK_CALLER_NOT_FOUND)
            continue;
        if (status != LK_OK)
            return status;
        for (size_t i = 0; i < LK_NUM_SPARES; i++) {
            struct lk_bytes issued = lk_bytes(out->set.slots + i * LK_SLOT_LEN, LK_SLOT_LEN);

            if (((unsigned)out->set.unused >> i & 1u) == 0 || !lk_bytes_equal(slot, issued))
                continue;
            out->is_next = (uint8_t)is_next;
            out->spare = (uint8_t)i;
            return LK_OK;
        }
    }
    return LK_SHARE_SLOT;
}

static enum lk_status check_slot(struct lk_vehicle *vehicle, const struct lk_tap *tap,
                                 struct lk_friend *out)
{
    struct lk_bytes slot = out->package.entitlement.slot;

    if (slot.len == 0 || !lk_bytes_equal(slot, out->package.slot) ||
        lk_vehicle_find_slot(vehicle, slot) != LK_NO_KEY)
        return LK_SHARE_SLOT;
    if (tap != NULL && !lk_bytes_equal(slot, lk_bytes(tap->slot, tap->slot_len)))
        return LK_SHARE_SLOT;
    LK_TRY(find_spare(vehicle, slot, out));
    memcpy(out->key.slot, slot.at, slot.len);
    out->key.slot_len = (uint8_t)slot.len;
    return lk_vehicle_token(vehicle, out->set.seed, (uint8_t)(out->spare + 1), out->token);
}

/* The phone of this session holds the key (S6). */
static enum lk_status check_possession(const struct lk_vehicle *vehicle, const struct lk_tap *tap,
                                       const struct lk_friend *found)
{
    struct lk_transcript t = lk_tap_transcript(tap);
    uint8_t text[102];
    struct lk_bytes part = lk_bytes(text, sizeof text);
    enum lk_status status;

    LK_TRY(lk_auth1_signed(vehicle->config->vehicle_id, &t, LK_USAGE_AUTH1_DEVICE, text));
    status = lk_verify(vehicle->config->crypto, found->package.share.device_key.at, &part, 1,
                       tap->signature);
    return status == LK_PEER_SIGNATURE ? LK_SHARE_KEY : status;
}

/* What is there is judged if it can be; what is required must be there (PK9, S10). H is not known
 * to the car, so vehicle and key are what it compares. */
static enum lk_status check_receipt(const struct lk_vehicle *vehicle,
                                    const struct lk_friend *found)
{
    const struct lk_vehicle_config *config = vehicle->config;
    struct lk_bytes said = found->package.receipt;
    uint8_t hash[LK_HASH_LEN];
    struct lk_receipt receipt;
    enum lk_status status;

    if (said.len == 0 || config->receipt_key == NULL)
        return config->requires_receipt ? LK_SHARE_RECEIPT : LK_OK;
    if (lk_receipt_parse(said, &receipt) != LK_OK)
        return LK_SHARE_RECEIPT;
    LK_TRY(lk_sha256(config->crypto, &found->package.share.device_key, 1, hash));
    if (!lk_bytes_equal(receipt.vehicle_id, lk_bytes(config->vehicle_id, LK_VEHICLE_ID_LEN)) ||
        !lk_bytes_equal(receipt.key_hash, lk_bytes(hash, sizeof hash)))
        return LK_SHARE_RECEIPT;
    status = lk_verify(config->crypto, config->receipt_key, &receipt.signed_part, 1,
                       receipt.signature.at);
    return status == LK_PEER_SIGNATURE ? LK_SHARE_RECEIPT : status;
}

enum lk_status lk_friend_check(struct lk_vehicle *vehicle, struct lk_bytes package,
                               const struct lk_tap *tap, uint64_t now_ms, struct lk_friend *out)
{
    struct lk_vehicle_key *key = &out->key;

    memset(out, 0, sizeof *out);
    LK_TRY(lk_package_parse(package, &out->package));
    if (!lk_bytes_equal(out->package.entitlement.vehicle_id,
                        lk_bytes(vehicle->config->vehicle_id, LK_VEHICLE_ID_LEN)))
        return LK_SHARE_VEHICLE;
    LK_TRY(check_times(vehicle, now_ms, out));
    LK_TRY(check_word(vehicle, out));
    LK_TRY(check_new(vehicle, out));
    LK_TRY(check_profile(vehicle, out));
    LK_TRY(check_slot(vehicle, tap, out));
    if (tap != NULL)
        LK_TRY(check_possession(vehicle, tap, out));
    LK_TRY(check_receipt(vehicle, out));
    if (tap != NULL)
        LK_TRY(lk_friend_activated(vehicle, &out->activation, now_ms, &out->uses_password));
    LK_TRY(lk_vehicle_room(vehicle, &out->place));
    if (out->place == LK_NO_KEY)
        return LK_CALLER_FULL;
    if (lk_vehicle_spent_left(vehicle) == 0)
        return LK_SHARE_MEMORY;
    memcpy(key->public_key, out->package.share.device_key.at, sizeof key->public_key);
    key->role = LK_KEY_FRIEND;
    key->state = tap != NULL ? LK_KEY_ACTIVE : LK_KEY_PENDING;
    key->standard_ms = tap != NULL ? now_ms : LK_BEFORE_START;
    key->has_token = 1;
    return lk_key_id(vehicle->config->crypto, key->public_key, key->key_id);
}

/* --- the commit --- */

static enum lk_status put_friend(struct lk_vehicle *vehicle, struct lk_friend *found,
                                 struct lk_spent *spent)
{
    struct lk_vehicle_key *key = &found->key;
    enum lk_status status;

    LK_TRY(lk_spent_begin(spent, vehicle));
    LK_TRY(lk_spent_add(spent, found->share_hash, key->redeem_by));
    LK_TRY(lk_spent_end(spent));
    LK_TRY(lk_vehicle_drop_key(vehicle, found->place)); /* of the ended key that was there */
    key->fast_count = LK_FAST_COUNT_BLOCK;
    status = lk_vehicle_put_key(vehicle, found->place, key);
    key->fast_count = 0;
    LK_TRY(status);
    LK_TRY(lk_vehicle_put_friend_token(vehicle, found->place, key, found->token));
    if (key->fast.live != 0)
        LK_TRY(lk_vehicle_put_fast(vehicle, found->place, key));
    if (key->state == LK_KEY_PENDING)
        LK_TRY(lk_vehicle_put_activation(vehicle, found->place, &found->activation));
    found->set.unused &= (uint8_t)~(1u << found->spare);
    return lk_vehicle_put_set(vehicle, found->owner, found->is_next, &found->set);
}

enum lk_status lk_friend_store(struct lk_vehicle *vehicle, struct lk_friend *found,
                               const struct lk_fast_key *fast)
{
    struct lk_spent spent;

    if (fast != NULL)
        found->key.fast = *fast;
    LK_TRY(lk_store_begin(vehicle->config->store));
    LK_TRY(lk_vehicle_end_commit(vehicle, put_friend(vehicle, found, &spent)));
    lk_wipe(&vehicle->keys[found->place], sizeof vehicle->keys[found->place]);
    vehicle->keys[found->place] = found->key;
    vehicle->num_spent = (uint16_t)spent.num;
    if (found->uses_password) {
        lk_friend_forget_password(vehicle);
        vehicle->password_failures = 0;
    }
    return LK_OK;
}

enum lk_status lk_vehicle_accept_package(struct lk_vehicle *vehicle, struct lk_bytes package,
                                         uint64_t now_ms, uint8_t out_key_id[LK_KEY_ID_LEN])
{
    struct lk_friend found;
    enum lk_status status = lk_friend_check(vehicle, package, NULL, now_ms, &found);

    if (status == LK_OK)
        status = lk_friend_store(vehicle, &found, NULL);
    if (status == LK_OK)
        memcpy(out_key_id, found.key.key_id, LK_KEY_ID_LEN);
    lk_wipe(&found, sizeof found);
    return status;
}
