/* ec.c: P-256 by BearSSL's "m31" code, constant time in points and scalars. */
#include "bearssl.h"

#include <string.h>

static const br_ec_impl *const curve = &br_ec_p256_m31;
#define P256 BR_EC_secp256r1

/* p, which coordinates stay below, and n, which scalars stay below. */
static const uint8_t field_prime[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};
static const uint8_t group_order[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};
static const uint8_t one[1] = {1};

/* 1 if a < bound, without a branch on the bytes. */
static unsigned is_below(const uint8_t a[32], const uint8_t bound[32])
{
    unsigned borrow = 0;

    for (size_t i = 32; i-- > 0;)
        borrow = ((unsigned)a[i] - bound[i] - borrow) >> 8 & 1;
    return borrow;
}

/* 1 if 1 <= scalar < n, without a branch on the bytes. */
static unsigned is_scalar(const uint8_t scalar[32])
{
    unsigned any = 0;

    for (size_t i = 0; i < 32; i++)
        any |= scalar[i];
    return is_below(scalar, group_order) & ((0u - any) >> 31);
}

/* What the library leaves open: the prefix and the size of the coordinates. No branch either:
 * inside SPAKE2+ a point is a secret. */
static unsigned is_encoded(const uint8_t point[65])
{
    unsigned has_prefix = ((point[0] ^ 0x04u) - 1u) >> 31;

    return has_prefix & is_below(point + 1, field_prime) & is_below(point + 33, field_prime);
}

/* out = scalar * point. LK_PEER_POINT if the point is none of the curve. */
static enum lk_status multiply(uint8_t out[65], const uint8_t point[65], const uint8_t *scalar,
                               size_t scalar_len)
{
    uint8_t work[LK_POINT_LEN];

    if (!is_encoded(point))
        return LK_PEER_POINT;
    memcpy(work, point, sizeof work);
    enum lk_status status = LK_PEER_POINT;
    if (curve->mul(work, sizeof work, scalar, scalar_len, P256) == 1) {
        memcpy(out, work, sizeof work);
        status = LK_OK;
    }
    bearssl_wipe(work, sizeof work);
    return status;
}

static enum lk_status ec_check(void *ctx, const uint8_t point[65])
{
    uint8_t same[LK_POINT_LEN];

    (void)ctx;
    return multiply(same, point, one, sizeof one);
}

static enum lk_status ec_muladd(void *ctx, uint8_t out[65], const uint8_t *p, const uint8_t *a,
                                const uint8_t *q, const uint8_t *b)
{
    const uint8_t *first = a == NULL ? one : a;
    size_t first_len = a == NULL ? sizeof one : LK_SCALAR_LEN;
    uint8_t work[LK_POINT_LEN];
    uint32_t is_good = 0;

    (void)ctx;
    if (p == NULL && q == NULL)
        return curve->mulgen(out, first, first_len, P256) == LK_POINT_LEN ? LK_OK : LK_PORT_CRYPTO;
    if (q == NULL)
        return multiply(out, p, first, first_len);
    if (!is_encoded(q) || (p != NULL && !is_encoded(p)))
        return LK_PEER_POINT;
    /* The library's first point is never the generator by default, so Q goes first then. */
    memcpy(work, p == NULL ? q : p, sizeof work);
    if (p == NULL)
        is_good = curve->muladd(work, NULL, sizeof work, b, LK_SCALAR_LEN, first, first_len, P256);
    else
        is_good = curve->muladd(work, q, sizeof work, first, first_len, b, LK_SCALAR_LEN, P256);
    if (is_good == 1)
        memcpy(out, work, sizeof work);
    bearssl_wipe(work, sizeof work);
    return is_good == 1 ? LK_OK : LK_PEER_POINT;
}

/* The index of a live handle, or LK_BEARSSL_NUM_KEYS. */
static size_t find(const struct lk_bearssl *bearssl, struct lk_key handle)
{
    size_t i = handle.id & 0xffff;

    return handle.id != 0 && i < LK_BEARSSL_NUM_KEYS && bearssl->keys[i].id == handle.id
               ? i
               : LK_BEARSSL_NUM_KEYS;
}

/* Puts a scalar that was checked into a free place: the generation above, the place below. */
static enum lk_status keep(struct lk_bearssl *bearssl, const uint8_t scalar[32],
                           struct lk_key *out, uint8_t out_public[65])
{
    size_t i = 0;

    while (i < LK_BEARSSL_NUM_KEYS && bearssl->keys[i].id != 0)
        i++;
    if (i == LK_BEARSSL_NUM_KEYS)
        return LK_CALLER_FULL;
    if (curve->mulgen(bearssl->keys[i].public_key, scalar, LK_SCALAR_LEN, P256) != LK_POINT_LEN)
        return LK_PORT_CRYPTO;
    if (++bearssl->generation == 0)
        bearssl->generation = 1;
    memcpy(bearssl->keys[i].scalar, scalar, LK_SCALAR_LEN);
    bearssl->keys[i].id = ((uint32_t)bearssl->generation << 16) | (uint32_t)i;
    memcpy(out_public, bearssl->keys[i].public_key, LK_POINT_LEN);
    out->id = bearssl->keys[i].id;
    return LK_OK;
}

static enum lk_status ec_generate(void *ctx, struct lk_key *out, uint8_t out_public[65])
{
    struct lk_bearssl *bearssl = ctx;
    enum lk_status status = LK_PORT_RANDOM;
    uint8_t scalar[BR_EC_KBUF_PRIV_MAX_SIZE] = {0};
    br_ec_private_key made;

    if (br_ec_keygen(&bearssl_drbg(bearssl)->vtable, curve, &made, scalar, P256) == LK_SCALAR_LEN)
        status = keep(bearssl, scalar, out, out_public);
    bearssl_wipe(scalar, sizeof scalar);
    return status;
}

static enum lk_status ec_save(void *ctx, struct lk_key handle, uint8_t out[LK_EC_RECORD_MAX],
                              size_t *out_len)
{
    const struct lk_bearssl *bearssl = ctx;
    size_t i = find(bearssl, handle);

    if (i == LK_BEARSSL_NUM_KEYS)
        return LK_CALLER_ARGUMENT;
    memcpy(out, bearssl->keys[i].scalar, LK_SCALAR_LEN);
    *out_len = LK_SCALAR_LEN;
    return LK_OK;
}

static enum lk_status ec_load(void *ctx, const uint8_t *record, size_t len, struct lk_key *out,
                              uint8_t out_public[65])
{
    if (len != LK_SCALAR_LEN || !is_scalar(record))
        return LK_STORE_CORRUPT;
    return keep(ctx, record, out, out_public);
}

static void ec_free(void *ctx, struct lk_key handle)
{
    struct lk_bearssl *bearssl = ctx;
    size_t i = find(bearssl, handle);

    if (i < LK_BEARSSL_NUM_KEYS)
        bearssl_wipe(&bearssl->keys[i], sizeof bearssl->keys[i]);
}

static enum lk_status ec_sign(void *ctx, struct lk_key handle, const uint8_t hash[32],
                              uint8_t out[64])
{
    struct lk_bearssl *bearssl = ctx;
    size_t i = find(bearssl, handle);

    if (i == LK_BEARSSL_NUM_KEYS)
        return LK_CALLER_ARGUMENT;
    br_ec_private_key key = {P256, bearssl->keys[i].scalar, LK_SCALAR_LEN};
    size_t len = br_ecdsa_i31_sign_raw(curve, &br_sha256_vtable, hash, &key, out);
    return len == LK_SIGNATURE_LEN ? LK_OK : LK_PORT_CRYPTO;
}

static enum lk_status ec_verify(void *ctx, const uint8_t public_key[65], const uint8_t hash[32],
                                const uint8_t signature[64])
{
    uint8_t point[LK_POINT_LEN];
    br_ec_public_key key = {P256, point, sizeof point};
    uint32_t is_good = 0;

    memcpy(point, public_key, sizeof point);
    if (is_encoded(point) && is_scalar(signature) && is_scalar(signature + 32))
        is_good = br_ecdsa_i31_vrfy_raw(curve, hash, LK_HASH_LEN, &key, signature,
                                        LK_SIGNATURE_LEN);
    if (is_good == 1)
        return LK_OK;
    enum lk_status status = ec_check(ctx, public_key);
    return status == LK_OK ? LK_PEER_SIGNATURE : status;
}

static enum lk_status ec_agree(void *ctx, struct lk_key handle, const uint8_t peer[65],
                               uint8_t out_x[32])
{
    struct lk_bearssl *bearssl = ctx;
    size_t i = find(bearssl, handle);
    uint8_t shared[LK_POINT_LEN] = {0};

    if (i == LK_BEARSSL_NUM_KEYS)
        return LK_CALLER_ARGUMENT;
    enum lk_status status = multiply(shared, peer, bearssl->keys[i].scalar, LK_SCALAR_LEN);
    if (status == LK_OK)
        memcpy(out_x, shared + 1, 32);
    bearssl_wipe(shared, sizeof shared);
    return status;
}

void bearssl_ec_fill(struct lk_crypto_port *port)
{
    port->ec_generate = ec_generate;
    port->ec_save = ec_save;
    port->ec_load = ec_load;
    port->ec_free = ec_free;
    port->ec_sign = ec_sign;
    port->ec_verify = ec_verify;
    port->ec_agree = ec_agree;
    port->ec_check = ec_check;
    port->ec_muladd = ec_muladd;
}
