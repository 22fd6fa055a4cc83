/* spent.c: the memory of S7: SHA-256 of used attestations and of ended keys, each until a time. It
 * lies in the store alone; only the signed time makes it shorter. spec/access.md.
 *
 * A record holds 16 entries of hash(32) until(4); all records but the last are full. */
#include "vehicle/vehicle.h"

#define ENTRY_LEN (LK_HASH_LEN + 4)
#define PER_RECORD 16
#define RECORD_LEN (PER_RECORD * ENTRY_LEN)
#define NUM_RECORDS ((LK_VEHICLE_NUM_SPENT + PER_RECORD - 1) / PER_RECORD)

_Static_assert(sizeof(((struct lk_spent *)0)->tail) == RECORD_LEN, "one record");
_Static_assert(LK_VEHICLE_NUM_SPENT <= UINT16_MAX, "num_spent");

enum lk_status lk_spent_load(struct lk_vehicle *vehicle)
{
    uint8_t record[RECORD_LEN];
    size_t len = RECORD_LEN, num = 0, i = 0;

    for (; i < NUM_RECORDS && len == RECORD_LEN; i++) {
        LK_TRY(lk_vehicle_read_spent(vehicle, i, record, sizeof record, &len));
        if (len % ENTRY_LEN != 0)
            return LK_STORE_CORRUPT;
        num += len / ENTRY_LEN;
    }
    LK_TRY(lk_vehicle_read_spent(vehicle, i, record, sizeof record, &len));
    if (len != 0) /* a build with a larger memory wrote it */
        return i == NUM_RECORDS ? LK_CALLER_FULL : LK_STORE_CORRUPT;
    vehicle->num_spent = (uint16_t)num;
    return LK_OK;
}

size_t lk_vehicle_spent_left(const struct lk_vehicle *vehicle)
{
    return LK_VEHICLE_NUM_SPENT - (size_t)vehicle->num_spent;
}

/* Hashes of what anybody may know: compared as fast as can be. */
static unsigned matches(const uint8_t *entry, const uint8_t *hashes, size_t num)
{
    unsigned found = 0;

    for (size_t k = 0; k < num; k++)
        found |= (unsigned)(memcmp(entry, hashes + k * LK_HASH_LEN, LK_HASH_LEN) == 0) << k;
    return found;
}

enum lk_status lk_spent_find(struct lk_vehicle *vehicle, const uint8_t *hashes, size_t num,
                             unsigned *out_found)
{
    uint8_t record[RECORD_LEN];
    size_t len = 0;

    *out_found = 0;
    for (size_t i = 0; i * PER_RECORD < vehicle->num_spent; i++) {
        LK_TRY(lk_vehicle_read_spent(vehicle, i, record, sizeof record, &len));
        for (size_t at = 0; at + ENTRY_LEN <= len; at += ENTRY_LEN)
            *out_found |= matches(record + at, hashes, num);
    }
    return LK_OK;
}

enum lk_status lk_spent_begin(struct lk_spent *spent, struct lk_vehicle *vehicle)
{
    size_t len = 0;

    memset(spent, 0, sizeof *spent);
    spent->vehicle = vehicle;
    spent->num = vehicle->num_spent;
    if (spent->num % PER_RECORD == 0)
        return LK_OK;
    LK_TRY(lk_vehicle_read_spent(vehicle, spent->num / PER_RECORD, spent->tail,
                                 sizeof spent->tail, &len));
    return len == spent->num % PER_RECORD * ENTRY_LEN ? LK_OK : LK_STORE_CORRUPT;
}

enum lk_status lk_spent_add(struct lk_spent *spent, const uint8_t hash[LK_HASH_LEN],
                            uint32_t until)
{
    uint8_t *at = spent->tail + spent->num % PER_RECORD * ENTRY_LEN;

    if (spent->num >= LK_VEHICLE_NUM_SPENT)
        return LK_SHARE_MEMORY;
    memcpy(at, hash, LK_HASH_LEN);
    lk_put32(at + LK_HASH_LEN, until);
    spent->num++;
    if (spent->num % PER_RECORD != 0)
        return LK_OK;
    return lk_vehicle_put_spent(spent->vehicle, spent->num / PER_RECORD - 1,
                                lk_bytes(spent->tail, RECORD_LEN));
}

enum lk_status lk_spent_end(struct lk_spent *spent)
{
    size_t num = spent->num % PER_RECORD;

    if (num == 0) /* it went out when it became full */
        return LK_OK;
    return lk_vehicle_put_spent(spent->vehicle, spent->num / PER_RECORD,
                                lk_bytes(spent->tail, num * ENTRY_LEN));
}

enum lk_status lk_spent_add_key(struct lk_spent *spent, const struct lk_vehicle_key *key)
{
    struct lk_bytes point = lk_bytes(key->public_key, LK_POINT_LEN);
    uint32_t until = key->role == LK_KEY_OWNER ? LK_SPENT_FOR_EVER : key->redeem_by;
    uint8_t hash[LK_HASH_LEN];
    enum lk_status status;

    LK_TRY(lk_sha256(spent->vehicle->config->crypto, &point, 1, hash));
    status = lk_spent_add(spent, hash, until);
    return status == LK_SHARE_MEMORY ? LK_OK : status;
}

enum lk_status lk_spent_forget(struct lk_vehicle *vehicle, uint32_t floor, size_t *out_num)
{
    struct lk_spent kept;
    uint8_t record[RECORD_LEN];
    size_t len = 0;

    memset(&kept, 0, sizeof kept);
    kept.vehicle = vehicle;
    for (size_t i = 0; i * PER_RECORD < vehicle->num_spent; i++) {
        LK_TRY(lk_vehicle_read_spent(vehicle, i, record, sizeof record, &len));
        for (size_t at = 0; at + ENTRY_LEN <= len; at += ENTRY_LEN) {
            uint32_t until = lk_be32(record + at + LK_HASH_LEN);

            if (until >= floor)
                LK_TRY(lk_spent_add(&kept, record + at, until));
        }
    }
    LK_TRY(lk_spent_end(&kept));
    for (size_t i = (kept.num + PER_RECORD - 1) / PER_RECORD;
         i * PER_RECORD < vehicle->num_spent; i++)
        LK_TRY(lk_vehicle_put_spent(vehicle, i, lk_bytes(NULL, 0)));
    *out_num = kept.num;
    return LK_OK;
}
