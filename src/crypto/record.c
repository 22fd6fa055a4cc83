/* record.c: the opaque key part of a record (decision D24, project-defined): a random IV, AES-CBC,
 * and a CMAC over kind, label, IV and ciphertext, under two keys made from the store key. */
#include "crypto/inside.h"

#define LABEL_MAX 16
#define OVERHEAD 32 /* IV and MAC, bytes */
#define PLAIN_MAX (LK_FAST_RECORD_LEN - OVERHEAD)
/* A padded plaintext that still fits a key record: 64 bytes with at least one of padding. */
#define PADDED_MAX (LK_KEY_RECORD_MAX - OVERHEAD)
#define SECRET_MAX 48

static enum lk_status seal_mac(struct lk_crypto *crypto, enum record_kind kind,
                               struct lk_bytes label, struct lk_bytes body, uint8_t out[16])
{
    const uint8_t head[2] = {(uint8_t)kind, (uint8_t)label.len};
    const struct lk_bytes parts[] = {{head, sizeof head}, label, body};

    return lk_cmac(crypto, crypto->wrap_mac, parts, 3, out);
}

enum lk_status lk_record_wrap(struct lk_crypto *crypto, enum record_kind kind,
                              struct lk_bytes label, struct lk_bytes plain, uint8_t *out)
{
    uint8_t record[LK_FAST_RECORD_LEN];
    const struct lk_crypto_port *port = crypto->port;

    if (label.len > LABEL_MAX || plain.len > PLAIN_MAX)
        return LK_CALLER_ARGUMENT;
    LK_TRY(lk_random(crypto, record, 16));
    LK_TRY(
        port->cbc_encrypt(port->ctx, crypto->wrap_enc, record, plain.at, plain.len, record + 16));
    struct lk_bytes body = {record, 16 + plain.len};
    LK_TRY(seal_mac(crypto, kind, label, body, record + body.len));
    memcpy(out, record, body.len + 16);
    return LK_OK;
}

enum lk_status lk_record_unwrap(struct lk_crypto *crypto, enum record_kind kind,
                                struct lk_bytes label, struct lk_bytes record, uint8_t *out)
{
    const struct lk_crypto_port *port = crypto->port;
    uint8_t mac[16];

    if (record.len <= OVERHEAD || record.len > LK_FAST_RECORD_LEN || record.len % 16 != 0)
        return LK_STORE_CORRUPT;
    if (label.len > LABEL_MAX)
        return LK_CALLER_ARGUMENT;
    struct lk_bytes body = {record.at, record.len - 16};
    LK_TRY(seal_mac(crypto, kind, label, body, mac));
    if (!lk_equal(mac, record.at + body.len, sizeof mac))
        return LK_STORE_CORRUPT;
    return port->cbc_decrypt(port->ctx, crypto->wrap_enc, record.at, record.at + 16,
                             record.len - OVERHEAD, out);
}

/* Any length below PADDED_MAX, padded as the channel pads. */
static enum lk_status save(struct lk_crypto *crypto, enum record_kind kind, struct lk_bytes label,
                           struct lk_bytes plain, uint8_t out[LK_KEY_RECORD_MAX], size_t *out_len)
{
    uint8_t padded[PADDED_MAX] = {0};

    if (plain.len >= sizeof padded)
        return LK_CALLER_SPACE;
    if (plain.len > 0)
        memcpy(padded, plain.at, plain.len);
    padded[plain.len] = 0x80;
    size_t padded_len = (plain.len / 16 + 1) * 16;
    enum lk_status status =
        lk_record_wrap(crypto, kind, label, lk_bytes(padded, padded_len), out);
    if (status == LK_OK)
        *out_len = padded_len + OVERHEAD;
    lk_wipe(padded, sizeof padded);
    return status;
}

static enum lk_status load(struct lk_crypto *crypto, enum record_kind kind, struct lk_bytes label,
                           struct lk_bytes record, uint8_t out[PADDED_MAX], size_t *out_len)
{
    if (record.len > LK_KEY_RECORD_MAX)
        return LK_STORE_CORRUPT;
    enum lk_status status = lk_record_unwrap(crypto, kind, label, record, out);
    if (status != LK_OK)
        return status;
    /* Our own MAC stands over this padding: its length is public, not a secret. */
    size_t len = record.len - OVERHEAD;
    while (len > 0 && out[len - 1] == 0)
        len--;
    if (len == 0 || out[len - 1] != 0x80)
        return LK_STORE_CORRUPT;
    *out_len = len - 1;
    return LK_OK;
}

enum lk_status lk_key_save(struct lk_crypto *crypto, struct lk_key key, struct lk_bytes label,
                           uint8_t out[LK_KEY_RECORD_MAX], size_t *out_len)
{
    uint8_t plain[LK_EC_RECORD_MAX] = {0};
    size_t len = 0;

    enum lk_status status = crypto->port->ec_save(crypto->port->ctx, key, plain, &len);
    if (status == LK_OK)
        status = save(crypto, RECORD_KEY, label, lk_bytes(plain, len), out, out_len);
    lk_wipe(plain, sizeof plain);
    return status;
}

enum lk_status lk_key_load(struct lk_crypto *crypto, struct lk_bytes record, struct lk_bytes label,
                           struct lk_key *out, uint8_t out_public[65])
{
    uint8_t plain[PADDED_MAX] = {0};
    size_t len = 0;

    enum lk_status status = load(crypto, RECORD_KEY, label, record, plain, &len);
    if (status == LK_OK)
        status = crypto->port->ec_load(crypto->port->ctx, plain, len, out, out_public);
    lk_wipe(plain, sizeof plain);
    return status;
}

enum lk_status lk_persistent_save(struct lk_crypto *crypto, const struct lk_persistent *key,
                                  struct lk_bytes label, uint8_t out[LK_KEY_RECORD_MAX],
                                  size_t *out_len)
{
    struct lk_bytes plain = {key->key, sizeof key->key};

    return save(crypto, RECORD_PERSISTENT, label, plain, out, out_len);
}

enum lk_status lk_persistent_load(struct lk_crypto *crypto, struct lk_bytes record,
                                  struct lk_bytes label, struct lk_persistent *out)
{
    uint8_t plain[PADDED_MAX] = {0};
    size_t len = 0;

    enum lk_status status = load(crypto, RECORD_PERSISTENT, label, record, plain, &len);
    if (status == LK_OK && len != sizeof out->key)
        status = LK_STORE_CORRUPT;
    if (status == LK_OK)
        memcpy(out->key, plain, sizeof out->key);
    lk_wipe(plain, sizeof plain);
    return status;
}

enum lk_status lk_secret_save(struct lk_crypto *crypto, struct lk_bytes secret,
                              struct lk_bytes label, uint8_t out[LK_KEY_RECORD_MAX],
                              size_t *out_len)
{
    if (secret.len > SECRET_MAX)
        return LK_CALLER_ARGUMENT;
    return save(crypto, RECORD_SECRET, label, secret, out, out_len);
}

enum lk_status lk_secret_load(struct lk_crypto *crypto, struct lk_bytes record,
                              struct lk_bytes label, uint8_t *out, size_t cap, size_t *out_len)
{
    uint8_t plain[PADDED_MAX] = {0};
    size_t len = 0;

    enum lk_status status = load(crypto, RECORD_SECRET, label, record, plain, &len);
    if (status == LK_OK && len > cap)
        status = LK_CALLER_SPACE;
    if (status == LK_OK) {
        memcpy(out, plain, len);
        *out_len = len;
    }
    lk_wipe(plain, sizeof plain);
    return status;
}
