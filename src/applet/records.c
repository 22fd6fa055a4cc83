/* records.c: what the applet keeps, and how: one record per thing, each change one commit.
 * spec/applet.md, section Records. Key parts are opaque and wrapped by src/crypto (D24). */
#include "applet/applet.h"

/* High half of a record number: what it is. The low half is the index. Stored: never renumber. */
enum kind {
    SETTINGS = 1,
    CA = 2,
    ENDPOINT = 3,
    CERTIFICATE = 4,
    PRIVATE = 5,
    CONFIDENTIAL = 6,
    PERSISTENT = 7,
    TERMINATION = 8,
    DOUBT = 9,
    ENCRYPTION = 10,
};

#define RECORD_VERSION 1
#define RUN_LEN 48 /* of the confidential mailbox, wrapped at a time */
#define NUM_RUNS ((LK_CONFIDENTIAL_MAILBOX_MAX + RUN_LEN - 1) / RUN_LEN)
#define RECORD_MAX 384 /* of all kinds but mailboxes and certificates */
#define CONFIDENTIAL_RECORD_MAX (1 + NUM_RUNS * (1 + LK_KEY_RECORD_MAX))

_Static_assert(CONFIDENTIAL_RECORD_MAX <= LK_STORE_RECORD_MAX, "a mailbox is one record");
_Static_assert(1 + LK_PRIVATE_MAILBOX_MAX <= LK_STORE_RECORD_MAX, "a mailbox is one record");
_Static_assert(LK_CERT_MAX <= LK_STORE_RECORD_MAX, "a certificate is one record");

static uint32_t number(enum kind kind, size_t index)
{
    return ((uint32_t)kind << 16) | (uint32_t)index;
}

/* What a wrapped part is bound to: its kind and the first 15 bytes of its owner's name. */
static struct lk_bytes label(uint8_t out[16], char kind, const void *name, size_t len)
{
    size_t n = len < 15 ? len : 15;

    out[0] = (uint8_t)kind;
    memcpy(out + 1, name, n);
    return lk_bytes(out, 1 + n);
}

enum lk_status lk_records_begin(struct lk_applet *applet)
{
    return lk_store_begin(applet->store);
}

enum lk_status lk_records_end(struct lk_applet *applet, enum lk_status status)
{
    if (status == LK_OK)
        return lk_store_commit(applet->store);
    lk_store_cancel(applet->store);
    return status;
}

static enum lk_status put(struct lk_applet *applet, enum kind kind, size_t index,
                          const struct lk_wr *wr)
{
    assert(wr->fault == LK_OK); /* the buffers are as large as the records */
    return lk_store_put(applet->store, number(kind, index), wr->at, wr->len);
}

/* With the age, so that it goes on when the endpoint that had it is deleted (D5). */
enum lk_status lk_record_settings(struct lk_applet *applet, uint8_t express, uint8_t locked)
{
    uint8_t record[11] = {RECORD_VERSION, express, locked};

    lk_put64(record + 3, applet->age);
    return lk_store_put(applet->store, number(SETTINGS, 0), record, sizeof record);
}

/* --- Instance CAs --- */

enum lk_status lk_record_ca(struct lk_applet *applet, size_t index, const struct lk_instance_ca *ca)
{
    uint8_t record[RECORD_MAX], wrapped[LK_KEY_RECORD_MAX], name[16];
    size_t len = 0;
    struct lk_wr wr;

    LK_TRY(lk_key_save(applet->crypto, ca->key, label(name, 'C', ca->name, ca->name_len), wrapped,
                       &len));
    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, RECORD_VERSION);
    lk_wr_u8(&wr, ca->name_len);
    lk_wr_put(&wr, ca->name, ca->name_len);
    lk_wr_put(&wr, wrapped, len);
    return put(applet, CA, index, &wr);
}

static enum lk_status load_ca(struct lk_applet *applet, size_t index, struct lk_rd *rd)
{
    struct lk_instance_ca *ca = &applet->cas[index];
    struct lk_bytes text;
    uint8_t name[16], len = lk_rd_u8(rd);

    if (len < 1 || len > sizeof ca->name)
        return LK_STORE_CORRUPT;
    text = lk_rd_take(rd, len);
    if (*rd->fault != LK_OK)
        return LK_STORE_CORRUPT;
    LK_TRY(lk_key_load(applet->crypto, lk_rd_take(rd, rd->left), label(name, 'C', text.at, len),
                       &ca->key, ca->public_key));
    memcpy(ca->name, text.at, len);
    ca->name_len = len;
    return LK_OK;
}

enum lk_status lk_record_drop_ca(struct lk_applet *applet, size_t index)
{
    return lk_store_remove(applet->store, number(CA, index));
}

/* --- endpoints --- */

/* All fields but the key; the order is the format of the record. */
static void write_fields(const struct lk_endpoint *endpoint, struct lk_wr *wr)
{
    lk_wr_u8(wr, RECORD_VERSION);
    lk_wr_u8(wr, endpoint->state);
    lk_wr_u8(wr, endpoint->ca);
    lk_wr_put(wr, endpoint->id, sizeof endpoint->id);
    lk_wr_put(wr, endpoint->public_key, sizeof endpoint->public_key);
    lk_wr_put(wr, endpoint->vehicle_id, sizeof endpoint->vehicle_id);
    lk_wr_put(wr, endpoint->vehicle_key, sizeof endpoint->vehicle_key);
    lk_wr_put(wr, endpoint->authorized_key, sizeof endpoint->authorized_key);
    lk_wr_u8(wr, endpoint->slot_len);
    lk_wr_put(wr, endpoint->slot, sizeof endpoint->slot);
    lk_wr_u8(wr, endpoint->option1);
    lk_wr_u8(wr, endpoint->option2);
    lk_wr_u8(wr, endpoint->version_list_len);
    lk_wr_put(wr, endpoint->version_list, sizeof endpoint->version_list);
    lk_wr_u16(wr, endpoint->confidential_size);
    lk_wr_u16(wr, endpoint->private_size);
    lk_wr_u16(wr, endpoint->confidential_window_at);
    lk_wr_u8(wr, endpoint->confidential_window_len);
    lk_wr_u16(wr, endpoint->private_window_at);
    lk_wr_u8(wr, endpoint->private_window_len);
    lk_wr_u32(wr, (uint32_t)(endpoint->born >> 32));
    lk_wr_u32(wr, (uint32_t)endpoint->born);
}

static void copy(struct lk_rd *rd, uint8_t *out, size_t len)
{
    struct lk_bytes run = lk_rd_take(rd, len);

    if (run.len == len)
        memcpy(out, run.at, len);
}

/* After the version byte. */
static void read_fields(struct lk_rd *rd, struct lk_endpoint *endpoint)
{
    endpoint->state = lk_rd_u8(rd);
    endpoint->ca = lk_rd_u8(rd);
    copy(rd, endpoint->id, sizeof endpoint->id);
    copy(rd, endpoint->public_key, sizeof endpoint->public_key);
    copy(rd, endpoint->vehicle_id, sizeof endpoint->vehicle_id);
    copy(rd, endpoint->vehicle_key, sizeof endpoint->vehicle_key);
    copy(rd, endpoint->authorized_key, sizeof endpoint->authorized_key);
    endpoint->slot_len = lk_rd_u8(rd);
    copy(rd, endpoint->slot, sizeof endpoint->slot);
    endpoint->option1 = lk_rd_u8(rd);
    endpoint->option2 = lk_rd_u8(rd);
    endpoint->version_list_len = lk_rd_u8(rd);
    copy(rd, endpoint->version_list, sizeof endpoint->version_list);
    endpoint->confidential_size = lk_rd_u16(rd);
    endpoint->private_size = lk_rd_u16(rd);
    endpoint->confidential_window_at = lk_rd_u16(rd);
    endpoint->confidential_window_len = lk_rd_u8(rd);
    endpoint->private_window_at = lk_rd_u16(rd);
    endpoint->private_window_len = lk_rd_u8(rd);
    endpoint->born = (uint64_t)lk_rd_u32(rd) << 32;
    endpoint->born |= lk_rd_u32(rd);
}

/* A terminated endpoint has no key any more (S9). */
enum lk_status lk_record_endpoint(struct lk_applet *applet, size_t index,
                                  const struct lk_endpoint *endpoint)
{
    uint8_t record[RECORD_MAX], wrapped[LK_KEY_RECORD_MAX], name[16];
    size_t len = 0;
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    write_fields(endpoint, &wr);
    if (endpoint->state != LK_ENDPOINT_TERMINATED)
        LK_TRY(lk_key_save(applet->crypto, endpoint->key,
                           label(name, 'K', endpoint->id, sizeof endpoint->id), wrapped, &len));
    lk_wr_put(&wr, wrapped, len);
    return put(applet, ENDPOINT, index, &wr);
}

static int is_sane(const struct lk_endpoint *endpoint)
{
    return endpoint->state >= LK_ENDPOINT_UNCONFIRMED &&
           endpoint->state <= LK_ENDPOINT_INVITED && endpoint->ca < LK_APPLET_NUM_CAS &&
           endpoint->slot_len >= 1 && endpoint->slot_len <= LK_SLOT_ID_MAX &&
           endpoint->version_list_len >= 2 &&
           endpoint->version_list_len <= sizeof endpoint->version_list &&
           endpoint->confidential_size <= LK_CONFIDENTIAL_MAILBOX_MAX &&
           endpoint->private_size <= LK_PRIVATE_MAILBOX_MAX &&
           (size_t)endpoint->confidential_window_at + endpoint->confidential_window_len <=
               endpoint->confidential_size &&
           (size_t)endpoint->private_window_at + endpoint->private_window_len <=
               endpoint->private_size;
}

static enum lk_status load_endpoint(struct lk_applet *applet, size_t index, struct lk_rd *rd)
{
    struct lk_endpoint *endpoint = &applet->endpoints[index];
    uint8_t name[16], public_key[LK_POINT_LEN];

    read_fields(rd, endpoint);
    if (*rd->fault != LK_OK || !is_sane(endpoint))
        return LK_STORE_CORRUPT;
    if (endpoint->born > applet->age)
        applet->age = endpoint->born;
    if (endpoint->state == LK_ENDPOINT_TERMINATED)
        return rd->left == 0 ? LK_OK : LK_STORE_CORRUPT;
    LK_TRY(lk_key_load(applet->crypto, lk_rd_take(rd, rd->left),
                       label(name, 'K', endpoint->id, sizeof endpoint->id), &endpoint->key,
                       public_key));
    if (!lk_equal(public_key, endpoint->public_key, sizeof public_key))
        return LK_STORE_CORRUPT;
    return LK_OK;
}

enum lk_status lk_record_drop_endpoint(struct lk_applet *applet, size_t index)
{
    static const enum kind kinds[] = {ENDPOINT,   CERTIFICATE, PRIVATE, CONFIDENTIAL,
                                      PERSISTENT, TERMINATION, DOUBT,   ENCRYPTION};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        LK_TRY(lk_store_remove(applet->store, number(kinds[i], index)));
    return LK_OK;
}

enum lk_status lk_record_certificate(struct lk_applet *applet, size_t index, struct lk_bytes h)
{
    return lk_store_put(applet->store, number(CERTIFICATE, index), h.at, h.len);
}

enum lk_status lk_record_read_certificate(struct lk_applet *applet, size_t index, uint8_t *out,
                                          size_t cap, size_t *out_len)
{
    return lk_store_read(applet->store, number(CERTIFICATE, index), out, cap, out_len);
}

enum lk_status lk_record_termination(struct lk_applet *applet, size_t index,
                                     struct lk_bytes attestation)
{
    return lk_store_put(applet->store, number(TERMINATION, index), attestation.at,
                        attestation.len);
}

enum lk_status lk_record_read_termination(struct lk_applet *applet, size_t index, uint8_t *out,
                                          size_t cap, size_t *out_len)
{
    return lk_store_read(applet->store, number(TERMINATION, index), out, cap, out_len);
}

/* --- Kpersistent --- */

enum lk_status lk_record_persistent(struct lk_applet *applet, size_t index,
                                    const struct lk_persistent *key, uint64_t age)
{
    const struct lk_endpoint *endpoint = &applet->endpoints[index];
    uint8_t record[RECORD_MAX], wrapped[LK_KEY_RECORD_MAX], name[16];
    size_t len = 0;
    struct lk_wr wr;

    LK_TRY(lk_persistent_save(applet->crypto, key,
                              label(name, 'P', endpoint->id, sizeof endpoint->id), wrapped, &len));
    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, RECORD_VERSION);
    lk_wr_u32(&wr, (uint32_t)(age >> 32));
    lk_wr_u32(&wr, (uint32_t)age);
    lk_wr_put(&wr, wrapped, len);
    return put(applet, PERSISTENT, index, &wr);
}

static enum lk_status load_persistent(struct lk_applet *applet, size_t index, struct lk_rd *rd)
{
    struct lk_endpoint *endpoint = &applet->endpoints[index];
    uint8_t name[16];

    endpoint->persistent_age = (uint64_t)lk_rd_u32(rd) << 32;
    endpoint->persistent_age |= lk_rd_u32(rd);
    if (*rd->fault != LK_OK || endpoint->persistent_age == 0)
        return LK_STORE_CORRUPT;
    if (endpoint->persistent_age > applet->age)
        applet->age = endpoint->persistent_age;
    return lk_persistent_load(applet->crypto, lk_rd_take(rd, rd->left),
                              label(name, 'P', endpoint->id, sizeof endpoint->id),
                              &endpoint->persistent);
}

enum lk_status lk_record_drop_persistent(struct lk_applet *applet, size_t index)
{
    return lk_store_remove(applet->store, number(PERSISTENT, index));
}

/* --- doubt --- */

enum lk_status lk_record_doubt(struct lk_applet *applet, size_t index, uint32_t doubt)
{
    uint8_t record[5] = {RECORD_VERSION};

    if (doubt == 0)
        return lk_store_remove(applet->store, number(DOUBT, index));
    lk_put32(record + 1, doubt);
    return lk_store_put(applet->store, number(DOUBT, index), record, sizeof record);
}

static enum lk_status load_doubt(struct lk_applet *applet, size_t index, struct lk_rd *rd)
{
    uint32_t doubt = lk_rd_u32(rd);

    if (*rd->fault != LK_OK || rd->left != 0 || doubt > LK_APPLET_DOUBT_MAX)
        return LK_STORE_CORRUPT;
    applet->endpoints[index].doubt = doubt;
    return LK_OK;
}

/* --- the key that a friend's token is encrypted to --- */

enum lk_status lk_record_encryption_key(struct lk_applet *applet, size_t index, struct lk_key key)
{
    const struct lk_endpoint *endpoint = &applet->endpoints[index];
    uint8_t record[RECORD_MAX], wrapped[LK_KEY_RECORD_MAX], name[16];
    size_t len = 0;
    struct lk_wr wr;

    LK_TRY(lk_key_save(applet->crypto, key, label(name, 'E', endpoint->id, sizeof endpoint->id),
                       wrapped, &len));
    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, RECORD_VERSION);
    lk_wr_put(&wr, wrapped, len);
    return put(applet, ENCRYPTION, index, &wr);
}

enum lk_status lk_record_load_encryption_key(struct lk_applet *applet, size_t index,
                                             struct lk_key *out, uint8_t out_public[LK_POINT_LEN])
{
    const struct lk_endpoint *endpoint = &applet->endpoints[index];
    uint8_t record[RECORD_MAX], name[16];
    size_t len = 0;

    LK_TRY(lk_store_read(applet->store, number(ENCRYPTION, index), record, sizeof record, &len));
    if (len < 1 || record[0] != RECORD_VERSION)
        return LK_STORE_CORRUPT;
    return lk_key_load(applet->crypto, lk_bytes(record + 1, len - 1),
                       label(name, 'E', endpoint->id, sizeof endpoint->id), out, out_public);
}

enum lk_status lk_record_drop_encryption_key(struct lk_applet *applet, size_t index)
{
    return lk_store_remove(applet->store, number(ENCRYPTION, index));
}

/* --- mailboxes --- */

/* The confidential mailbox holds tokens: it is wrapped, run by run, each bound to its place. */
static enum lk_status put_confidential(struct lk_applet *applet, size_t index, const uint8_t *box)
{
    const struct lk_endpoint *endpoint = &applet->endpoints[index];
    uint8_t record[CONFIDENTIAL_RECORD_MAX], wrapped[LK_KEY_RECORD_MAX];
    uint8_t place[1 + LK_ENDPOINT_ID_LEN], name[16];
    size_t left = endpoint->confidential_size, len = 0;
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, RECORD_VERSION);
    memcpy(place + 1, endpoint->id, LK_ENDPOINT_ID_LEN);
    for (place[0] = 0; left > 0; place[0]++) {
        size_t n = left < RUN_LEN ? left : RUN_LEN;

        LK_TRY(lk_secret_save(applet->crypto, lk_bytes(box, n),
                              label(name, 'M', place, sizeof place), wrapped, &len));
        lk_wr_u8(&wr, (uint8_t)len);
        lk_wr_put(&wr, wrapped, len);
        box += n;
        left -= n;
    }
    return put(applet, CONFIDENTIAL, index, &wr);
}

static enum lk_status read_confidential(struct lk_applet *applet, size_t index, uint8_t *box)
{
    const struct lk_endpoint *endpoint = &applet->endpoints[index];
    uint8_t record[CONFIDENTIAL_RECORD_MAX], place[1 + LK_ENDPOINT_ID_LEN], name[16];
    size_t left = endpoint->confidential_size, len = 0;
    enum lk_status fault = LK_OK;
    struct lk_rd rd;

    LK_TRY(lk_store_read(applet->store, number(CONFIDENTIAL, index), record, sizeof record, &len));
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    if (lk_rd_u8(&rd) != RECORD_VERSION)
        return LK_STORE_CORRUPT;
    memcpy(place + 1, endpoint->id, LK_ENDPOINT_ID_LEN);
    for (place[0] = 0; left > 0; place[0]++) {
        size_t n = left < RUN_LEN ? left : RUN_LEN, got = 0;
        struct lk_bytes wrapped = lk_rd_take(&rd, lk_rd_u8(&rd));

        if (fault != LK_OK)
            return LK_STORE_CORRUPT;
        LK_TRY(lk_secret_load(applet->crypto, wrapped, label(name, 'M', place, sizeof place), box,
                              n, &got));
        if (got != n)
            return LK_STORE_CORRUPT;
        box += n;
        left -= n;
    }
    return rd.left == 0 ? LK_OK : LK_STORE_CORRUPT;
}

enum lk_status lk_record_mailboxes(struct lk_applet *applet, size_t index, const uint8_t *image)
{
    const struct lk_endpoint *endpoint = &applet->endpoints[index];

    if (endpoint->private_size > 0)
        LK_TRY(lk_store_put(applet->store, number(PRIVATE, index), image,
                            endpoint->private_size));
    if (endpoint->confidential_size > 0)
        LK_TRY(put_confidential(applet, index, image + LK_PRIVATE_MAILBOX_MAX));
    return LK_OK;
}

/* Absent means zeros: a mailbox that nobody has written takes no room. */
enum lk_status lk_record_read_mailboxes(struct lk_applet *applet, size_t index, uint8_t *image)
{
    const struct lk_endpoint *endpoint = &applet->endpoints[index];
    size_t len = 0;
    enum lk_status status = LK_INTERNAL;

    memset(image, 0, LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX);
    status = lk_store_read(applet->store, number(PRIVATE, index), image, LK_PRIVATE_MAILBOX_MAX,
                           &len);
    if (status != LK_OK && status != LK_CALLER_NOT_FOUND)
        return status;
    if (status == LK_OK && len != endpoint->private_size)
        return LK_STORE_CORRUPT;
    status = read_confidential(applet, index, image + LK_PRIVATE_MAILBOX_MAX);
    return status == LK_CALLER_NOT_FOUND ? LK_OK : status;
}

enum lk_status lk_record_drop_confidential(struct lk_applet *applet, size_t index)
{
    return lk_store_remove(applet->store, number(CONFIDENTIAL, index));
}

/* --- start --- */

static enum lk_status load(struct lk_applet *applet, uint32_t id)
{
    uint8_t record[RECORD_MAX];
    size_t len = 0, index = id & 0xffffu;
    enum kind kind = (enum kind)(id >> 16);
    enum lk_status fault = LK_OK;
    struct lk_rd rd;

    if (kind < SETTINGS || kind > ENCRYPTION)
        return LK_STORE_VERSION;
    if (index >= (kind == CA ? LK_APPLET_NUM_CAS : LK_APPLET_NUM_ENDPOINTS))
        return LK_CALLER_FULL;
    if (kind == CERTIFICATE || kind == PRIVATE || kind == CONFIDENTIAL || kind == TERMINATION ||
        kind == ENCRYPTION)
        return LK_OK; /* read when needed */
    LK_TRY(lk_store_read(applet->store, id, record, sizeof record, &len));
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    if (lk_rd_u8(&rd) != RECORD_VERSION)
        return LK_STORE_VERSION;
    if (kind == CA)
        return load_ca(applet, index, &rd);
    if (kind == ENDPOINT)
        return load_endpoint(applet, index, &rd);
    if (kind == PERSISTENT)
        return load_persistent(applet, index, &rd);
    if (kind == DOUBT)
        return load_doubt(applet, index, &rd);
    applet->express = lk_rd_u8(&rd) != 0;
    applet->locked = lk_rd_u8(&rd) != 0;
    applet->age = (uint64_t)lk_rd_u32(&rd) << 32;
    applet->age |= lk_rd_u32(&rd);
    return fault == LK_OK && rd.left == 0 ? LK_OK : LK_STORE_CORRUPT;
}

enum lk_status lk_records_load(struct lk_applet *applet)
{
    uint32_t id = 0;

    while (lk_store_next(applet->store, id, &id) == LK_OK)
        LK_TRY(load(applet, id));
    return LK_OK;
}
