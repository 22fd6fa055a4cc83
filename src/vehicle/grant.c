/* grant.c: the one thing that moves a lock or an engine: a fresh, keyed, single-use authorisation
 * (project-defined, D26; RA13). spec/vehicle.md. */
#include "vehicle/vehicle.h"

/* Numbers taken from the store at once: one write for so many grants. */
#define SEQUENCE_BLOCK 64u
#define GRANT_SIGNED_LEN (LK_GRANT_LEN - 16)

/* All fields before the MAC, big-endian. */
static void encode(const struct lk_grant *grant, uint8_t out[GRANT_SIGNED_LEN])
{
    struct lk_wr wr;

    lk_wr_init(&wr, out, GRANT_SIGNED_LEN);
    lk_wr_u8(&wr, grant->action);
    lk_wr_put(&wr, grant->key_id, sizeof grant->key_id);
    lk_wr_put(&wr, grant->transaction_id, sizeof grant->transaction_id);
    lk_wr_u32(&wr, grant->sequence);
    lk_wr_u16(&wr, grant->rights);
    lk_wr_u8(&wr, grant->speed_limit_kmh);
    lk_wr_u8(&wr, grant->power_limit_percent);
}

static enum lk_status mac_of(struct lk_crypto *crypto, const uint8_t key[LK_AES_KEY_LEN],
                             const struct lk_grant *grant, uint8_t out[16])
{
    uint8_t text[GRANT_SIGNED_LEN] = {0};
    struct lk_bytes part = lk_bytes(text, sizeof text);

    encode(grant, text);
    return lk_cmac(crypto, key, &part, 1, out);
}

/* Takes the next number; what a power cut leaves unused of a block is never used. */
static enum lk_status next_sequence(struct lk_vehicle *vehicle, uint32_t *out)
{
    uint32_t reserved;

    if (vehicle->grant_sequence == vehicle->grant_reserved) {
        if (vehicle->grant_reserved > UINT32_MAX - SEQUENCE_BLOCK)
            return LK_CALLER_FULL;
        reserved = vehicle->grant_reserved + SEQUENCE_BLOCK;
        LK_TRY(lk_store_begin(vehicle->config->store));
        LK_TRY(lk_vehicle_end_commit(vehicle, lk_vehicle_put_sequence(vehicle, reserved)));
        vehicle->grant_reserved = reserved;
    }
    *out = ++vehicle->grant_sequence;
    return LK_OK;
}

enum lk_status lk_grant_make(struct lk_vehicle *vehicle, const struct lk_vehicle_key *key,
                             const struct lk_tap *tap, struct lk_grant *out)
{
    struct lk_grant grant;

    memset(&grant, 0, sizeof grant);
    LK_TRY(next_sequence(vehicle, &grant.sequence));
    grant.action = tap->action;
    memcpy(grant.key_id, key->key_id, sizeof grant.key_id);
    memcpy(grant.transaction_id, tap->transaction_id, sizeof grant.transaction_id);
    grant.rights = key->rights;
    if (key->rights & LK_RIGHT_RESTRICTED) {
        grant.speed_limit_kmh = key->limits.speed_kmh;
        grant.power_limit_percent = key->limits.power_percent;
    }
    LK_TRY(mac_of(vehicle->config->crypto, vehicle->config->actuator_key, &grant, grant.mac));
    *out = grant;
    return LK_OK;
}

enum lk_verdict lk_actuator_check(struct lk_crypto *crypto, struct lk_actuator *actuator,
                                  enum lk_action action, const struct lk_grant *grant)
{
    enum lk_verdict verdict = LK_DENY;
    uint8_t expected[16];

    memset(expected, 0, sizeof expected);
    if (mac_of(crypto, actuator->key, grant, expected) != LK_OK)
        goto out;
    if (!lk_equal(expected, grant->mac, sizeof expected))
        goto out;
    if (grant->action != (uint8_t)action || grant->power_limit_percent > 100)
        goto out;
    if (grant->sequence <= actuator->last_sequence)
        goto out;
    actuator->last_sequence = grant->sequence;
    verdict = LK_GRANT;
out:
    lk_wipe(expected, sizeof expected);
    return verdict;
}
