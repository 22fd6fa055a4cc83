/* hash.c: SHA-256, SHA-1 for key identifiers, and HMAC over the provider's hash (RFC 2104). */
#include "crypto/inside.h"

/* Most runs that one HMAC takes, things: eight of HKDF's info, the block before, the counter. */
#define HMAC_PARTS_MAX 10

enum lk_status lk_sha256(struct lk_crypto *crypto, const struct lk_bytes *parts, size_t num,
                         uint8_t out[32])
{
    return crypto->port->sha256(crypto->port->ctx, parts, num, out);
}

enum lk_status lk_key_id(struct lk_crypto *crypto, const uint8_t public_key[65], uint8_t out[20])
{
    const struct lk_bytes point = {public_key, LK_POINT_LEN};

    return crypto->port->sha1(crypto->port->ctx, &point, 1, out);
}

/* One of the two passes: hash of (block ^ pad) and the runs. */
static enum lk_status pass(struct lk_crypto *crypto, const uint8_t block[64], uint8_t pad,
                           const struct lk_bytes *parts, size_t num, uint8_t out[32])
{
    struct lk_bytes runs[HMAC_PARTS_MAX + 1];
    uint8_t padded[64];

    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] = block[i] ^ pad;
    runs[0] = lk_bytes(padded, sizeof padded);
    for (size_t i = 0; i < num; i++)
        runs[i + 1] = parts[i];
    enum lk_status status = lk_sha256(crypto, runs, num + 1, out);
    lk_wipe(padded, sizeof padded);
    return status;
}

enum lk_status lk_hmac(struct lk_crypto *crypto, struct lk_bytes key,
                       const struct lk_bytes *parts, size_t num, uint8_t out[32])
{
    enum lk_status status = LK_OK;
    uint8_t block[64] = {0}, inner[32] = {0};
    const struct lk_bytes hashed = {inner, sizeof inner};

    if (num > HMAC_PARTS_MAX)
        return LK_CALLER_ARGUMENT;
    if (key.len > sizeof block)
        status = lk_sha256(crypto, &key, 1, block);
    else if (key.len > 0)
        memcpy(block, key.at, key.len);
    if (status == LK_OK)
        status = pass(crypto, block, 0x36, parts, num, inner);
    if (status == LK_OK)
        status = pass(crypto, block, 0x5c, &hashed, 1, out);
    lk_wipe(block, sizeof block);
    lk_wipe(inner, sizeof inner);
    return status;
}
