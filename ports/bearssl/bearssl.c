/* bearssl.c: random, hashes and AES by BearSSL. */
#include "bearssl.h"

#include <string.h>

_Static_assert(sizeof(br_hmac_drbg_context) <= sizeof(((struct lk_bearssl *)0)->drbg),
               "the generator fits its place");

void bearssl_wipe(void *at, size_t len)
{
    volatile uint8_t *byte = at;

    for (; len > 0; len--)
        *byte++ = 0;
}

br_hmac_drbg_context *bearssl_drbg(struct lk_bearssl *bearssl)
{
    return (br_hmac_drbg_context *)(void *)bearssl->drbg;
}

static enum lk_status random_bytes(void *ctx, uint8_t *out, size_t len)
{
    br_hmac_drbg_generate(bearssl_drbg(ctx), out, len);
    return LK_OK;
}

static enum lk_status store_key(void *ctx, uint8_t out[32])
{
    const struct lk_bearssl *bearssl = ctx;

    memcpy(out, bearssl->store_key, 32);
    return LK_OK;
}

static enum lk_status sha256(void *ctx, const struct lk_bytes *parts, size_t num, uint8_t out[32])
{
    br_sha256_context hash;

    (void)ctx;
    br_sha256_init(&hash);
    for (size_t i = 0; i < num; i++)
        br_sha256_update(&hash, parts[i].at, parts[i].len);
    br_sha256_out(&hash, out);
    bearssl_wipe(&hash, sizeof hash);
    return LK_OK;
}

static enum lk_status sha1(void *ctx, const struct lk_bytes *parts, size_t num, uint8_t out[20])
{
    br_sha1_context hash;

    (void)ctx;
    br_sha1_init(&hash);
    for (size_t i = 0; i < num; i++)
        br_sha1_update(&hash, parts[i].at, parts[i].len);
    br_sha1_out(&hash, out);
    return LK_OK;
}

static enum lk_status cbc_encrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                  const uint8_t *in, size_t len, uint8_t *out)
{
    br_aes_ct64_cbcenc_keys keys;
    uint8_t chain[16];

    (void)ctx;
    if (len % 16 != 0)
        return LK_CALLER_ARGUMENT;
    memcpy(chain, iv, sizeof chain);
    memmove(out, in, len);
    br_aes_ct64_cbcenc_init(&keys, key, 16);
    br_aes_ct64_cbcenc_run(&keys, chain, out, len);
    bearssl_wipe(&keys, sizeof keys);
    return LK_OK;
}

static enum lk_status cbc_decrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                  const uint8_t *in, size_t len, uint8_t *out)
{
    br_aes_ct64_cbcdec_keys keys;
    uint8_t chain[16];

    (void)ctx;
    if (len % 16 != 0)
        return LK_CALLER_ARGUMENT;
    memcpy(chain, iv, sizeof chain);
    memmove(out, in, len);
    br_aes_ct64_cbcdec_init(&keys, key, 16);
    br_aes_ct64_cbcdec_run(&keys, chain, out, len);
    bearssl_wipe(&keys, sizeof keys);
    return LK_OK;
}

/* Runs the whole message through GCM in the direction asked for, up to the tag. */
static void gcm_run(br_gcm_context *gcm, br_aes_ct64_ctr_keys *keys, struct lk_bytes key,
                    struct lk_bytes iv, struct lk_bytes aad, int is_seal, uint8_t *data, size_t len)
{
    br_aes_ct64_ctr_init(keys, key.at, key.len);
    br_gcm_init(gcm, &keys->vtable, br_ghash_ctmul64);
    br_gcm_reset(gcm, iv.at, iv.len);
    br_gcm_aad_inject(gcm, aad.at, aad.len);
    br_gcm_flip(gcm);
    br_gcm_run(gcm, is_seal, data, len);
}

static enum lk_status gcm_seal(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                               struct lk_bytes aad, struct lk_bytes in, uint8_t *out,
                               uint8_t tag[16])
{
    br_aes_ct64_ctr_keys keys;
    br_gcm_context gcm;

    (void)ctx;
    if (iv.len == 0 || (key.len != 16 && key.len != 32))
        return LK_CALLER_ARGUMENT;
    if (in.len > 0)
        memmove(out, in.at, in.len);
    gcm_run(&gcm, &keys, key, iv, aad, 1, out, in.len);
    br_gcm_get_tag(&gcm, tag);
    bearssl_wipe(&gcm, sizeof gcm);
    bearssl_wipe(&keys, sizeof keys);
    return LK_OK;
}

static enum lk_status gcm_open(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                               struct lk_bytes aad, struct lk_bytes in, const uint8_t tag[16],
                               uint8_t *out)
{
    br_aes_ct64_ctr_keys keys;
    br_gcm_context gcm;

    (void)ctx;
    if (iv.len == 0 || (key.len != 16 && key.len != 32))
        return LK_CALLER_ARGUMENT;
    if (in.len > 0)
        memmove(out, in.at, in.len);
    gcm_run(&gcm, &keys, key, iv, aad, 0, out, in.len);
    int is_good = br_gcm_check_tag(&gcm, tag) == 1;
    bearssl_wipe(&gcm, sizeof gcm);
    bearssl_wipe(&keys, sizeof keys);
    if (is_good)
        return LK_OK;
    bearssl_wipe(out, in.len); /* what was decrypted before the tag was known to be wrong */
    return LK_PEER_MAC;
}

enum lk_status lk_bearssl_reseed(struct lk_bearssl *bearssl)
{
    uint8_t seed[SEED_LEN] = {0};

    enum lk_status status = bearssl->entropy(bearssl->entropy_ctx, seed, sizeof seed);
    if (status == LK_OK)
        br_hmac_drbg_update(bearssl_drbg(bearssl), seed, sizeof seed);
    bearssl_wipe(seed, sizeof seed);
    return status;
}

enum lk_status lk_bearssl_init(struct lk_bearssl *bearssl, lk_entropy_fn *entropy,
                               void *entropy_ctx, const uint8_t store_key_bytes[32])
{
    memset(bearssl, 0, sizeof *bearssl);
    bearssl->entropy = entropy;
    bearssl->entropy_ctx = entropy_ctx;
    memcpy(bearssl->store_key, store_key_bytes, 32);
    bearssl->port = (struct lk_crypto_port){
        .ctx = bearssl,
        .name = "bearssl",
        .random = random_bytes,
        .store_key = store_key,
        .sha256 = sha256,
        .sha1 = sha1,
        .cbc_encrypt = cbc_encrypt,
        .cbc_decrypt = cbc_decrypt,
        .gcm_seal = gcm_seal,
        .gcm_open = gcm_open,
    };
    bearssl_ec_fill(&bearssl->port);
    br_hmac_drbg_init(bearssl_drbg(bearssl), &br_sha256_vtable, "Latchkey", 8);
    enum lk_status status = lk_bearssl_reseed(bearssl);
    if (status != LK_OK)
        lk_bearssl_forget(bearssl);
    return status;
}

void lk_bearssl_forget(struct lk_bearssl *bearssl)
{
    bearssl_wipe(bearssl, sizeof *bearssl);
}
