/* ecies.c: ECIES_v1 for data that only a server or a friend may read (decision D9): X9.63 over both
 * public keys, AES-128-GCM with an IV of 16 octets, tag appended. */
#include "crypto/inside.h"

/* key || IV from the shared secret of `own` and `peer`. */
static enum lk_status derive(struct lk_crypto *crypto, struct lk_key own, const uint8_t peer[65],
                             const uint8_t ephemeral[65], const uint8_t recipient[65],
                             uint8_t out[32])
{
    uint8_t z[32] = {0}, both[2 * LK_POINT_LEN];

    memcpy(both, ephemeral, LK_POINT_LEN);
    memcpy(both + LK_POINT_LEN, recipient, LK_POINT_LEN);
    enum lk_status status = crypto->port->ec_agree(crypto->port->ctx, own, peer, z);
    if (status == LK_OK)
        status = lk_x963(crypto, lk_bytes(z, 32), lk_bytes(both, sizeof both), out, 32);
    lk_wipe(z, sizeof z);
    return status;
}

enum lk_status lk_ecies_seal(struct lk_crypto *crypto, const uint8_t recipient[65],
                             struct lk_bytes plain, uint8_t out_ephemeral[65], uint8_t *out)
{
    const struct lk_crypto_port *port = crypto->port;
    enum lk_status status = LK_INTERNAL;
    struct lk_key key = {0};
    uint8_t ephemeral[LK_POINT_LEN], block[32] = {0};

    status = lk_key_generate(crypto, &key, ephemeral);
    if (status == LK_OK)
        status = derive(crypto, key, recipient, ephemeral, recipient, block);
    if (status == LK_OK)
        status = port->gcm_seal(port->ctx, lk_bytes(block, 16), lk_bytes(block + 16, 16),
                                lk_bytes(NULL, 0), plain, out, out + plain.len);
    if (status == LK_OK)
        memcpy(out_ephemeral, ephemeral, sizeof ephemeral);
    lk_key_free(crypto, &key);
    lk_wipe(block, sizeof block);
    return status;
}

enum lk_status lk_ecies_open(struct lk_crypto *crypto, struct lk_key key,
                             const uint8_t own_public[65], const uint8_t ephemeral[65],
                             struct lk_bytes in, uint8_t *out)
{
    const struct lk_crypto_port *port = crypto->port;
    uint8_t block[32] = {0};

    if (in.len < 16)
        return LK_PEER_LENGTH;
    struct lk_bytes sealed = {in.at, in.len - 16};
    enum lk_status status = derive(crypto, key, ephemeral, ephemeral, own_public, block);
    if (status == LK_OK)
        status = port->gcm_open(port->ctx, lk_bytes(block, 16), lk_bytes(block + 16, 16),
                                lk_bytes(NULL, 0), sealed, in.at + sealed.len, out);
    lk_wipe(block, sizeof block);
    return status;
}
