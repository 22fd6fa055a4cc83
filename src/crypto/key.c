/* key.c: P-256 keys by handle: make, free, sign, verify. The scalar stays with the provider. */
#include "crypto/inside.h"

enum lk_status lk_sign(struct lk_crypto *crypto, struct lk_key key, const struct lk_bytes *parts,
                       size_t num, uint8_t out[64])
{
    uint8_t hash[32];

    LK_TRY(lk_sha256(crypto, parts, num, hash));
    return crypto->port->ec_sign(crypto->port->ctx, key, hash, out);
}

enum lk_status lk_verify(struct lk_crypto *crypto, const uint8_t public_key[65],
                         const struct lk_bytes *parts, size_t num, const uint8_t signature[64])
{
    uint8_t hash[32];

    LK_TRY(lk_sha256(crypto, parts, num, hash));
    return crypto->port->ec_verify(crypto->port->ctx, public_key, hash, signature);
}

enum lk_status lk_point_check(struct lk_crypto *crypto, const uint8_t point[65])
{
    return crypto->port->ec_check(crypto->port->ctx, point);
}

enum lk_status lk_key_generate(struct lk_crypto *crypto, struct lk_key *out, uint8_t out_public[65])
{
    struct lk_key key = {0};
    uint8_t public_key[LK_POINT_LEN];

    LK_TRY(crypto->port->ec_generate(crypto->port->ctx, &key, public_key));
    /* Two equal keys in a row come from a broken generator (ST4). */
    if (lk_equal(public_key + 1, crypto->last_ephemeral, 32)) {
        lk_key_free(crypto, &key);
        return LK_PORT_RANDOM;
    }
    memcpy(crypto->last_ephemeral, public_key + 1, 32);
    memcpy(out_public, public_key, sizeof public_key);
    *out = key;
    return LK_OK;
}

void lk_key_free(struct lk_crypto *crypto, struct lk_key *key)
{
    crypto->port->ec_free(crypto->port->ctx, *key);
    key->id = 0;
}
