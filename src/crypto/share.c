/* share.c: what protects a sharing on its way: messages sealed with the secret of the link, the
 * PIN, and the password that the friend types at the car (project-defined: P-17, S18). */
#include "crypto/inside.h"

#define BLOB_VERSION 0x01
#define HEAD_LEN (1 + LK_SHARE_SESSION_ID_LEN) /* in the clear, and what the tag also covers */
#define IV_LEN 12
#define TAG_LEN 16

static const uint8_t pin_label[] = {'S', 'h', 'a', 'r', 'e', 'P', 'i', 'n'};
static const uint8_t password_label[] = {'S', 'h', 'a', 'r', 'e', 'W', 'o', 'r', 'd'};

enum lk_status lk_share_secret_draw(struct lk_crypto *crypto, struct lk_share_secret *out)
{
    struct lk_share_secret drawn;
    enum lk_status status = lk_random(crypto, drawn.key, sizeof drawn.key);

    if (status == LK_OK)
        *out = drawn;
    lk_wipe(&drawn, sizeof drawn);
    return status;
}

enum lk_status lk_share_seal(struct lk_crypto *crypto, const struct lk_share_secret *secret,
                             const uint8_t session[LK_SHARE_SESSION_ID_LEN], struct lk_bytes plain,
                             uint8_t *out)
{
    const struct lk_crypto_port *port = crypto->port;
    uint8_t *iv = out + HEAD_LEN, *sealed = iv + IV_LEN;

    LK_TRY(lk_random(crypto, iv, IV_LEN));
    out[0] = BLOB_VERSION;
    memcpy(out + 1, session, LK_SHARE_SESSION_ID_LEN);
    return port->gcm_seal(port->ctx, lk_bytes(secret->key, sizeof secret->key),
                          lk_bytes(iv, IV_LEN), lk_bytes(out, HEAD_LEN), plain, sealed,
                          sealed + plain.len);
}

enum lk_status lk_share_session(struct lk_bytes blob, const uint8_t **out_session)
{
    if (blob.len < LK_SHARE_OVERHEAD)
        return LK_PEER_LENGTH;
    if (blob.at[0] != BLOB_VERSION)
        return LK_PEER_VERSION;
    *out_session = blob.at + 1;
    return LK_OK;
}

enum lk_status lk_share_open(struct lk_crypto *crypto, const struct lk_share_secret *secret,
                             struct lk_bytes blob, uint8_t *out)
{
    const struct lk_crypto_port *port = crypto->port;
    const uint8_t *session = NULL;
    struct lk_bytes sealed;
    enum lk_status status = lk_share_session(blob, &session);

    if (status != LK_OK)
        return status;
    sealed = lk_bytes(blob.at + HEAD_LEN + IV_LEN, blob.len - LK_SHARE_OVERHEAD);
    status = port->gcm_open(port->ctx, lk_bytes(secret->key, sizeof secret->key),
                            lk_bytes(blob.at + HEAD_LEN, IV_LEN), lk_bytes(blob.at, HEAD_LEN),
                            sealed, sealed.at + sealed.len, out);
    return status == LK_PEER_MAC ? LK_SHARE_SECRET : status;
}

enum lk_status lk_share_pin_mac(struct lk_crypto *crypto, struct lk_bytes pin,
                                const uint8_t session[LK_SHARE_SESSION_ID_LEN],
                                const uint8_t signing_hash[32], uint8_t out[32])
{
    struct lk_bytes info[2] = {lk_bytes(pin_label, sizeof pin_label),
                               lk_bytes(session, LK_SHARE_SESSION_ID_LEN)};
    struct lk_bytes text = {signing_hash, 32};
    uint8_t key[32] = {0};
    enum lk_status status = lk_hkdf(crypto, pin, info, 2, key, sizeof key);

    if (status == LK_OK)
        status = lk_hmac(crypto, lk_bytes(key, sizeof key), &text, 1, out);
    lk_wipe(key, sizeof key);
    return status;
}

enum lk_status lk_share_password_mac(struct lk_crypto *crypto, const struct lk_share_key *key,
                                     const uint8_t salt[8], struct lk_bytes password,
                                     uint8_t out[16])
{
    struct lk_bytes parts[3] = {lk_bytes(password_label, sizeof password_label), lk_bytes(salt, 8),
                                password};

    return lk_cmac(crypto, key->key, parts, 3, out);
}
