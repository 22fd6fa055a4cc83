/* ec.c: P-256 by libcrypto 3. Points are multiplied with EC_POINT_mul, which takes half the time of
 * the EVP way and is not deprecated; signing and verifying go through EVP. */
#include "openssl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <string.h>

/* Largest DER form of a P-256 signature, bytes: 30 46 02 21 .. 02 21 .. */
#define DER_MAX 72

static struct key *find(struct lk_openssl *openssl, struct lk_key handle)
{
    struct key *key = &openssl->keys[(handle.id & 0xffff) % LK_OPENSSL_NUM_KEYS];

    return handle.id != 0 && key->id == handle.id ? key : NULL;
}

/* A free place with a fresh handle: the generation above, the place below. */
static struct key *take_place(struct lk_openssl *openssl)
{
    for (uint32_t i = 0; i < LK_OPENSSL_NUM_KEYS; i++) {
        struct key *key = &openssl->keys[i];
        if (key->id != 0)
            continue;
        if (key->scalar == NULL)
            key->scalar = BN_secure_new();
        if (key->scalar == NULL)
            return NULL;
        if (++openssl->generation == 0)
            openssl->generation = 1;
        BN_set_flags(key->scalar, BN_FLG_CONSTTIME);
        key->id = ((uint32_t)openssl->generation << 16) | i;
        return key;
    }
    return NULL;
}

static void wipe_key(struct key *key)
{
    EVP_PKEY_CTX_free(key->signer);
    key->signer = NULL;
    if (key->scalar != NULL)
        BN_clear(key->scalar);
    key->id = 0;
}

static void ec_free(void *ctx, struct lk_key handle)
{
    struct key *key = find(ctx, handle);

    if (key != NULL)
        wipe_key(key);
}

/* Reads 04 || x || y; OpenSSL refuses coordinates from p up and points off the curve. */
static enum lk_status read_point(struct lk_openssl *openssl, EC_POINT *out, const uint8_t in[65])
{
    if (in[0] == POINT_CONVERSION_UNCOMPRESSED &&
        EC_POINT_oct2point(openssl->group, out, in, LK_POINT_LEN, openssl->bn) == 1)
        return LK_OK;
    ERR_clear_error();
    return LK_PEER_POINT;
}

static enum lk_status write_point(struct lk_openssl *openssl, const EC_POINT *point,
                                  uint8_t out[65])
{
    if (EC_POINT_is_at_infinity(openssl->group, point))
        return LK_PEER_POINT;
    if (EC_POINT_point2oct(openssl->group, point, POINT_CONVERSION_UNCOMPRESSED, out, LK_POINT_LEN,
                           openssl->bn) != LK_POINT_LEN)
        return LK_PORT_CRYPTO;
    return LK_OK;
}

/* 1 if 1 <= scalar < n. */
static int is_scalar(const struct lk_openssl *openssl, const BIGNUM *scalar)
{
    return !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(openssl->group)) < 0;
}

/* Fills in the public half of a key whose scalar is set. */
static enum lk_status complete(struct lk_openssl *openssl, struct key *key)
{
    if (EC_POINT_mul(openssl->group, openssl->result, key->scalar, NULL, NULL, openssl->bn) != 1)
        return LK_PORT_CRYPTO;
    return write_point(openssl, openssl->result, key->public_key);
}

static enum lk_status hand_over(struct key *key, enum lk_status status, struct lk_key *out,
                                uint8_t out_public[65])
{
    if (status != LK_OK) {
        wipe_key(key);
        ERR_clear_error();
        return status;
    }
    memcpy(out_public, key->public_key, LK_POINT_LEN);
    out->id = key->id;
    return LK_OK;
}

static enum lk_status ec_generate(void *ctx, struct lk_key *out, uint8_t out_public[65])
{
    struct lk_openssl *openssl = ctx;
    enum lk_status status = LK_PORT_RANDOM;
    struct key *key = take_place(openssl);

    if (key == NULL)
        return LK_CALLER_FULL;
    do {
        if (BN_priv_rand_range(key->scalar, EC_GROUP_get0_order(openssl->group)) != 1)
            return hand_over(key, LK_PORT_RANDOM, out, out_public);
    } while (BN_is_zero(key->scalar));
    status = complete(openssl, key);
    return hand_over(key, status, out, out_public);
}

static enum lk_status ec_save(void *ctx, struct lk_key handle, uint8_t out[LK_EC_RECORD_MAX],
                              size_t *out_len)
{
    const struct key *key = find(ctx, handle);

    if (key == NULL)
        return LK_CALLER_ARGUMENT;
    if (BN_bn2binpad(key->scalar, out, LK_SCALAR_LEN) != LK_SCALAR_LEN)
        return LK_PORT_CRYPTO;
    *out_len = LK_SCALAR_LEN;
    return LK_OK;
}

/* An EVP key from a point, and from a scalar if there is one. NULL on failure. */
static EVP_PKEY *make_pkey(const uint8_t public_key[65], const BIGNUM *scalar)
{
    char group[] = SN_X9_62_prime256v1;
    uint8_t point[LK_POINT_LEN], native[LK_SCALAR_LEN] = {0};
    EVP_PKEY *pkey = NULL;
    int has_scalar = scalar != NULL, n = 0;
    OSSL_PARAM params[4];

    memcpy(point, public_key, sizeof point);
    params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    if (has_scalar && BN_bn2nativepad(scalar, native, sizeof native) == LK_SCALAR_LEN)
        params[n++] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native);
    params[n] = OSSL_PARAM_construct_end();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, has_scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_cleanse(native, sizeof native);
    return pkey;
}

/* A context that signs (`sign` 1) or verifies with `pkey`, which it takes over, again and again.
 * NULL on failure. */
static EVP_PKEY_CTX *make_context(EVP_PKEY *pkey, int sign)
{
    EVP_PKEY_CTX *ctx = pkey == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    int ok = ctx != NULL &&
             (sign ? EVP_PKEY_sign_init(ctx) == 1 : EVP_PKEY_verify_init(ctx) == 1);

    EVP_PKEY_free(pkey);
    if (!ok) {
        EVP_PKEY_CTX_free(ctx);
        ctx = NULL;
        ERR_clear_error();
    }
    return ctx;
}

/* A stored key is a long-term one: it will sign, so what that takes is made at once. */
static enum lk_status ec_load(void *ctx, const uint8_t *record, size_t len, struct lk_key *out,
                              uint8_t out_public[65])
{
    struct lk_openssl *openssl = ctx;
    enum lk_status status = LK_STORE_CORRUPT;

    if (len != LK_SCALAR_LEN)
        return LK_STORE_CORRUPT;
    struct key *key = take_place(openssl);
    if (key == NULL)
        return LK_CALLER_FULL;
    if (BN_bin2bn(record, LK_SCALAR_LEN, key->scalar) == NULL)
        status = LK_PORT_CRYPTO;
    else if (is_scalar(openssl, key->scalar))
        status = complete(openssl, key);
    if (status == LK_OK) {
        key->signer = make_context(make_pkey(key->public_key, key->scalar), 1);
        status = key->signer != NULL ? LK_OK : LK_PORT_CRYPTO;
    }
    return hand_over(key, status, out, out_public);
}

/* OpenSSL refuses a point off the curve here too. */
static EVP_PKEY_CTX *make_verifier(struct lk_openssl *openssl, const uint8_t public_key[65])
{
    EVP_PKEY *pkey = EVP_PKEY_dup(openssl->group_key);

    if (pkey != NULL && EVP_PKEY_set1_encoded_public_key(pkey, public_key, LK_POINT_LEN) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    return make_context(pkey, 0);
}

/* One INTEGER of a DER signature as 32 bytes; returns what follows it, NULL if it is none. */
static const uint8_t *read_integer(const uint8_t *at, const uint8_t *end, uint8_t out[32])
{
    if (end - at < 3 || at[0] != 0x02 || at[1] == 0 || at[1] > 33 || end - at - 2 < at[1])
        return NULL;
    size_t len = at[1];
    at += 2;
    if (len == 33 && *at == 0) {
        at++;
        len--;
    }
    if (len > 32)
        return NULL;
    memset(out, 0, 32);
    memcpy(out + 32 - len, at, len);
    return at + len;
}

static enum lk_status from_der(const uint8_t *der, size_t len, uint8_t out[64])
{
    const uint8_t *end = der + len, *at = der + 2;

    if (len < 8 || der[0] != 0x30 || der[1] != len - 2)
        return LK_PORT_CRYPTO;
    at = read_integer(at, end, out);
    if (at != NULL)
        at = read_integer(at, end, out + 32);
    return at == end ? LK_OK : LK_PORT_CRYPTO;
}

static uint8_t *write_integer(uint8_t *at, const uint8_t in[32])
{
    size_t skip = 0;

    while (skip < 31 && in[skip] == 0)
        skip++;
    size_t sign = in[skip] >> 7, len = 32 - skip;
    *at++ = 0x02;
    *at++ = (uint8_t)(len + sign);
    if (sign)
        *at++ = 0;
    memcpy(at, in + skip, len);
    return at + len;
}

static size_t to_der(const uint8_t signature[64], uint8_t out[DER_MAX])
{
    uint8_t *end = write_integer(write_integer(out + 2, signature), signature + 32);

    out[0] = 0x30;
    out[1] = (uint8_t)(end - out - 2);
    return (size_t)(end - out);
}

static enum lk_status ec_sign(void *ctx, struct lk_key handle, const uint8_t hash[32],
                              uint8_t out[64])
{
    struct key *key = find(ctx, handle);
    uint8_t der[DER_MAX];
    size_t len = sizeof der;

    if (key == NULL)
        return LK_CALLER_ARGUMENT;
    if (key->signer == NULL)
        key->signer = make_context(make_pkey(key->public_key, key->scalar), 1);
    if (key->signer == NULL || EVP_PKEY_sign(key->signer, der, &len, hash, LK_HASH_LEN) != 1) {
        ERR_clear_error();
        return LK_PORT_CRYPTO;
    }
    return from_der(der, len, out);
}

/* The verifying context of a point, from the cache or made in place of the oldest. */
static struct verifier *find_verifier(struct lk_openssl *openssl, const uint8_t public_key[65])
{
    for (size_t i = 0; i < NUM_VERIFIERS; i++) {
        struct verifier *v = &openssl->verifiers[i];
        if (v->ctx != NULL && memcmp(v->public_key, public_key, LK_POINT_LEN) == 0)
            return v;
    }
    EVP_PKEY_CTX *ctx = make_verifier(openssl, public_key);
    if (ctx == NULL)
        return NULL;
    struct verifier *v = &openssl->verifiers[openssl->next_verifier++ % NUM_VERIFIERS];
    EVP_PKEY_CTX_free(v->ctx);
    v->ctx = ctx;
    memcpy(v->public_key, public_key, LK_POINT_LEN);
    return v;
}

/* 1 if 1 <= number < n, for the public r and s. */
static int in_range(const struct lk_openssl *openssl, const uint8_t number[32])
{
    return BN_bin2bn(number, LK_SCALAR_LEN, openssl->first) != NULL &&
           is_scalar(openssl, openssl->first);
}

static enum lk_status ec_verify(void *ctx, const uint8_t public_key[65], const uint8_t hash[32],
                                const uint8_t signature[64])
{
    struct lk_openssl *openssl = ctx;
    uint8_t der[DER_MAX];

    if (!in_range(openssl, signature) || !in_range(openssl, signature + 32)) {
        enum lk_status point = read_point(openssl, openssl->left, public_key);
        return point == LK_OK ? LK_PEER_SIGNATURE : point;
    }
    struct verifier *v = find_verifier(openssl, public_key);
    if (v == NULL) {
        enum lk_status point = read_point(openssl, openssl->left, public_key);
        return point == LK_OK ? LK_PORT_CRYPTO : point;
    }
    int verdict = EVP_PKEY_verify(v->ctx, der, to_der(signature, der), hash, LK_HASH_LEN);
    if (verdict == 1)
        return LK_OK;
    ERR_clear_error();
    return verdict == 0 ? LK_PEER_SIGNATURE : LK_PORT_CRYPTO;
}

static enum lk_status ec_agree(void *ctx, struct lk_key handle, const uint8_t peer[65],
                               uint8_t out_x[32])
{
    struct lk_openssl *openssl = ctx;
    const struct key *key = find(openssl, handle);
    uint8_t shared[LK_POINT_LEN];

    if (key == NULL)
        return LK_CALLER_ARGUMENT;
    enum lk_status status = read_point(openssl, openssl->left, peer);
    if (status != LK_OK)
        return status;
    if (EC_POINT_mul(openssl->group, openssl->result, NULL, openssl->left, key->scalar,
                     openssl->bn) != 1)
        return LK_PORT_CRYPTO;
    status = write_point(openssl, openssl->result, shared);
    if (status == LK_OK)
        memcpy(out_x, shared + 1, 32);
    OPENSSL_cleanse(shared, sizeof shared);
    return status;
}

static enum lk_status ec_check(void *ctx, const uint8_t point[65])
{
    struct lk_openssl *openssl = ctx;

    return read_point(openssl, openssl->left, point);
}

/* out = scalar * point; scalar NULL is one. */
static int multiply(struct lk_openssl *openssl, EC_POINT *out, const EC_POINT *point,
                    const BIGNUM *scalar)
{
    return scalar == NULL ? EC_POINT_copy(out, point)
                          : EC_POINT_mul(openssl->group, out, NULL, point, scalar, openssl->bn);
}

/* a*P + b*Q with the points read and the scalars set; NULL as the port says. */
static int combine(struct lk_openssl *openssl, const EC_POINT *p, const BIGNUM *a,
                   const EC_POINT *q, const BIGNUM *b)
{
    const EC_GROUP *group = openssl->group;
    EC_POINT *result = openssl->result;

    if (p == NULL)
        return EC_POINT_mul(group, result, a, q, b, openssl->bn);
    if (q == NULL)
        return multiply(openssl, result, p, a);
    return multiply(openssl, result, p, a) == 1 &&
           multiply(openssl, openssl->right, q, b) == 1 &&
           EC_POINT_add(group, result, result, openssl->right, openssl->bn) == 1;
}

static enum lk_status ec_muladd(void *ctx, uint8_t out[65], const uint8_t *p, const uint8_t *a,
                                const uint8_t *q, const uint8_t *b)
{
    struct lk_openssl *openssl = ctx;
    enum lk_status status = LK_OK;

    if (p != NULL)
        status = read_point(openssl, openssl->left, p);
    if (status == LK_OK && q != NULL)
        status = read_point(openssl, openssl->right, q);
    if (status != LK_OK)
        return status;
    if ((a != NULL && BN_bin2bn(a, LK_SCALAR_LEN, openssl->first) == NULL) ||
        (b != NULL && BN_bin2bn(b, LK_SCALAR_LEN, openssl->second) == NULL))
        status = LK_PORT_CRYPTO;
    if (status == LK_OK && combine(openssl, p == NULL ? NULL : openssl->left,
                                   a == NULL ? NULL : openssl->first,
                                   q == NULL ? NULL : openssl->right,
                                   b == NULL ? NULL : openssl->second) != 1)
        status = LK_PORT_CRYPTO;
    if (status == LK_OK)
        status = write_point(openssl, openssl->result, out);
    BN_clear(openssl->first);
    BN_clear(openssl->second);
    return status;
}

int openssl_ec_open(struct lk_openssl *openssl)
{
    uint8_t generator[LK_POINT_LEN];

    openssl->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    openssl->bn = BN_CTX_secure_new();
    openssl->first = BN_secure_new();
    openssl->second = BN_secure_new();
    if (openssl->group == NULL || openssl->bn == NULL || openssl->first == NULL ||
        openssl->second == NULL)
        return 0;
    BN_set_flags(openssl->first, BN_FLG_CONSTTIME);
    BN_set_flags(openssl->second, BN_FLG_CONSTTIME);
    openssl->result = EC_POINT_new(openssl->group);
    openssl->left = EC_POINT_new(openssl->group);
    openssl->right = EC_POINT_new(openssl->group);
    openssl->port.ec_generate = ec_generate;
    openssl->port.ec_save = ec_save;
    openssl->port.ec_load = ec_load;
    openssl->port.ec_free = ec_free;
    openssl->port.ec_sign = ec_sign;
    openssl->port.ec_verify = ec_verify;
    openssl->port.ec_agree = ec_agree;
    openssl->port.ec_check = ec_check;
    openssl->port.ec_muladd = ec_muladd;
    if (openssl->result == NULL || openssl->left == NULL || openssl->right == NULL ||
        write_point(openssl, EC_GROUP_get0_generator(openssl->group), generator) != LK_OK)
        return 0;
    openssl->group_key = make_pkey(generator, NULL);
    return openssl->group_key != NULL;
}

void openssl_ec_close(struct lk_openssl *openssl)
{
    for (size_t i = 0; i < LK_OPENSSL_NUM_KEYS; i++) {
        wipe_key(&openssl->keys[i]);
        BN_clear_free(openssl->keys[i].scalar);
    }
    for (size_t i = 0; i < NUM_VERIFIERS; i++)
        EVP_PKEY_CTX_free(openssl->verifiers[i].ctx);
    EVP_PKEY_free(openssl->group_key);
    EC_POINT_clear_free(openssl->result);
    EC_POINT_clear_free(openssl->left);
    EC_POINT_clear_free(openssl->right);
    BN_clear_free(openssl->first);
    BN_clear_free(openssl->second);
    BN_CTX_free(openssl->bn);
    EC_GROUP_free(openssl->group);
}
