/* hkdf.c: HKDF-SHA256 without salt (RFC 5869) and the ANSI X9.63 KDF. spec/crypto.md. */
#include "crypto/inside.h"

#define INFO_PARTS_MAX 8

enum lk_status lk_hkdf_extract(struct lk_crypto *crypto, struct lk_bytes ikm, uint8_t out_prk[32])
{
    /* No salt means 32 zeros, which HMAC pads to the same block as an empty key. */
    return lk_hmac(crypto, lk_bytes(NULL, 0), &ikm, 1, out_prk);
}

enum lk_status lk_hkdf_expand(struct lk_crypto *crypto, const uint8_t prk[32],
                              const struct lk_bytes *info, size_t num, uint8_t *out,
                              size_t out_len)
{
    enum lk_status status = LK_OK;
    struct lk_bytes parts[INFO_PARTS_MAX + 2];
    uint8_t block[32] = {0}, counter = 0;
    size_t done = 0;

    if (num > INFO_PARTS_MAX || out_len > 255 * sizeof block)
        return LK_CALLER_ARGUMENT;
    for (size_t i = 0; i < num; i++)
        parts[i + 1] = info[i];
    parts[num + 1] = lk_bytes(&counter, 1);
    while (done < out_len && status == LK_OK) {
        size_t take = out_len - done < sizeof block ? out_len - done : sizeof block;
        parts[0] = lk_bytes(block, counter == 0 ? 0 : sizeof block);
        counter++;
        status = lk_hmac(crypto, lk_bytes(prk, 32), parts, num + 2, block);
        if (status == LK_OK)
            memcpy(out + done, block, take);
        done += take;
    }
    if (status != LK_OK)
        lk_wipe(out, out_len);
    lk_wipe(block, sizeof block);
    return status;
}

enum lk_status lk_hkdf(struct lk_crypto *crypto, struct lk_bytes ikm, const struct lk_bytes *info,
                       size_t num, uint8_t *out, size_t out_len)
{
    uint8_t prk[32] = {0};

    enum lk_status status = lk_hkdf_extract(crypto, ikm, prk);
    if (status == LK_OK)
        status = lk_hkdf_expand(crypto, prk, info, num, out, out_len);
    lk_wipe(prk, sizeof prk);
    return status;
}

enum lk_status lk_x963(struct lk_crypto *crypto, struct lk_bytes z, struct lk_bytes shared_info,
                       uint8_t *out, size_t out_len)
{
    enum lk_status status = LK_OK;
    uint8_t counter[4], block[32] = {0};
    const struct lk_bytes parts[] = {z, {counter, sizeof counter}, shared_info};
    size_t done = 0;

    if (out_len > 255 * sizeof block)
        return LK_CALLER_ARGUMENT;
    for (uint32_t i = 1; done < out_len && status == LK_OK; i++) {
        size_t take = out_len - done < sizeof block ? out_len - done : sizeof block;
        lk_put32(counter, i);
        status = lk_sha256(crypto, parts, 3, block);
        if (status == LK_OK)
            memcpy(out + done, block, take);
        done += take;
    }
    if (status != LK_OK)
        lk_wipe(out, out_len);
    lk_wipe(block, sizeof block);
    return status;
}
