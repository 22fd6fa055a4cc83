/* random.c: the provider's random bytes, behind a health test (attack rows ST4, SC4). */
#include "crypto/inside.h"

/* Shortest draw whose repetition or constancy is no accident, bytes. */
#define SAMPLE_LEN 16

static int all_same(const uint8_t *at)
{
    uint8_t differing = 0;

    for (size_t i = 1; i < SAMPLE_LEN; i++)
        differing |= (uint8_t)(at[i] ^ at[0]);
    return lk_is_zero(&differing, 1);
}

/* Remembers a hash of the sample, never the sample: the caller may make a secret of it. */
static enum lk_status check_sample(struct lk_crypto *crypto, const uint8_t *sample)
{
    const struct lk_bytes part = {sample, SAMPLE_LEN};
    uint8_t hash[32];

    if (all_same(sample))
        return LK_PORT_RANDOM;
    enum lk_status status = crypto->port->sha256(crypto->port->ctx, &part, 1, hash);
    if (status != LK_OK)
        return status;
    if (lk_equal(hash, crypto->last_random, sizeof hash))
        return LK_PORT_RANDOM;
    memcpy(crypto->last_random, hash, sizeof hash);
    return LK_OK;
}

enum lk_status lk_random(struct lk_crypto *crypto, uint8_t *out, size_t len)
{
    enum lk_status status = LK_INTERNAL;
    uint8_t sample[SAMPLE_LEN] = {0};

    if (len >= SAMPLE_LEN) {
        status = crypto->port->random(crypto->port->ctx, out, len);
        if (status == LK_OK)
            status = check_sample(crypto, out);
        if (status != LK_OK)
            lk_wipe(out, len);
        return status;
    }
    status = crypto->port->random(crypto->port->ctx, sample, sizeof sample);
    if (status == LK_OK)
        status = check_sample(crypto, sample);
    if (status == LK_OK)
        memcpy(out, sample, len);
    lk_wipe(sample, sizeof sample);
    return status;
}

enum lk_status lk_crypto_init(struct lk_crypto *crypto, const struct lk_crypto_port *port)
{
    static const char wrap_label[] = "Latchkey record wrapping";
    const struct lk_bytes info = lk_bytes(wrap_label, sizeof wrap_label - 1);
    enum lk_status status = LK_INTERNAL;
    uint8_t store_key[32] = {0}, keys[32] = {0}, draw[32] = {0};

    memset(crypto, 0, sizeof *crypto);
    crypto->port = port;
    status = port->store_key(port->ctx, store_key);
    if (status != LK_OK)
        goto out;
    status = lk_hkdf(crypto, lk_bytes(store_key, 32), &info, 1, keys, sizeof keys);
    if (status != LK_OK)
        goto out;
    memcpy(crypto->wrap_enc, keys, 16);
    memcpy(crypto->wrap_mac, keys + 16, 16);
    for (int i = 0; i < 2 && status == LK_OK; i++)
        status = lk_random(crypto, draw, sizeof draw);
out:
    if (status != LK_OK)
        lk_wipe(crypto, sizeof *crypto);
    lk_wipe(store_key, sizeof store_key);
    lk_wipe(keys, sizeof keys);
    lk_wipe(draw, sizeof draw);
    return status;
}

void lk_crypto_forget(struct lk_crypto *crypto)
{
    lk_wipe(crypto, sizeof *crypto);
}
