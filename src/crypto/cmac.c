/* cmac.c: AES-128-CMAC (RFC 4493) over the provider's CBC. */
#include "crypto/inside.h"

/* Bytes gathered before the provider is called; a multiple of the block. */
#define GATHER_LEN 256

/* A running CMAC. The last block stays in `gather` until the end, for it alone takes a subkey. */
struct cmac {
    const struct lk_crypto_port *port;
    const uint8_t *key;
    uint8_t chain[16];
    uint8_t gather[GATHER_LEN];
    size_t have;
};

static enum lk_status flush(struct cmac *mac)
{
    enum lk_status status = mac->port->cbc_encrypt(mac->port->ctx, mac->key, mac->chain,
                                                   mac->gather, mac->have, mac->gather);
    if (status == LK_OK)
        memcpy(mac->chain, mac->gather + mac->have - 16, 16);
    mac->have = 0;
    return status;
}

static enum lk_status absorb(struct cmac *mac, struct lk_bytes run)
{
    while (run.len > 0) {
        if (mac->have == GATHER_LEN) {
            enum lk_status status = flush(mac);
            if (status != LK_OK)
                return status;
        }
        size_t space = GATHER_LEN - mac->have;
        size_t take = run.len < space ? run.len : space;
        memcpy(mac->gather + mac->have, run.at, take);
        mac->have += take;
        run.at += take;
        run.len -= take;
    }
    return LK_OK;
}

/* Multiplies by x in GF(2^128); the reduction is masked, not branched on. */
static void double_block(uint8_t block[16])
{
    uint8_t carry = (uint8_t)(block[0] >> 7);

    for (size_t i = 0; i < 15; i++)
        block[i] = (uint8_t)((block[i] << 1) | (block[i + 1] >> 7));
    block[15] = (uint8_t)((block[15] << 1) ^ (0x87 & -(int)carry));
}

/* Pads if need be, mixes the subkey into the last block and closes the chain. */
static enum lk_status finish(struct cmac *mac)
{
    static const uint8_t zero[16];
    uint8_t subkey[16] = {0};

    enum lk_status status =
        mac->port->cbc_encrypt(mac->port->ctx, mac->key, zero, zero, sizeof zero, subkey);
    double_block(subkey);
    if (mac->have == 0 || mac->have % 16 != 0) {
        double_block(subkey);
        mac->gather[mac->have++] = 0x80;
        while (mac->have % 16 != 0)
            mac->gather[mac->have++] = 0;
    }
    for (size_t i = 0; i < 16; i++)
        mac->gather[mac->have - 16 + i] ^= subkey[i];
    if (status == LK_OK)
        status = flush(mac);
    lk_wipe(subkey, sizeof subkey);
    return status;
}

enum lk_status lk_cmac(struct lk_crypto *crypto, const uint8_t key[16],
                       const struct lk_bytes *parts, size_t num, uint8_t out[16])
{
    enum lk_status status = LK_OK;
    struct cmac mac = {.port = crypto->port, .key = key};

    for (size_t i = 0; i < num && status == LK_OK; i++)
        status = absorb(&mac, parts[i]);
    if (status == LK_OK)
        status = finish(&mac);
    if (status == LK_OK)
        memcpy(out, mac.chain, 16);
    lk_wipe(&mac, sizeof mac);
    return status;
}
