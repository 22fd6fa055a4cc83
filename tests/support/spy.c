/* spy.c: see spy.h. */
#include "support/spy.h"

#include <string.h>

static int fails(struct test_spy *spy)
{
    spy->calls++;
    return spy->fail_at != 0 && spy->calls == spy->fail_at;
}

static void draw(struct test_spy *spy, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        spy->seed ^= spy->seed << 13;
        spy->seed ^= spy->seed >> 7;
        spy->seed ^= spy->seed << 17;
        out[i] = (uint8_t)(spy->seed >> 24);
    }
}

static enum lk_status spy_random(void *ctx, uint8_t *out, size_t len)
{
    struct test_spy *spy = ctx;

    if (fails(spy))
        return LK_PORT_RANDOM;
    if (spy->seed == 0)
        return spy->inner->random(spy->inner->ctx, out, len);
    draw(spy, out, len);
    return LK_OK;
}

static enum lk_status spy_store_key(void *ctx, uint8_t out[32])
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->store_key(spy->inner->ctx, out);
}

static enum lk_status spy_sha256(void *ctx, const struct lk_bytes *parts, size_t num,
                                 uint8_t out[32])
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->sha256(spy->inner->ctx, parts, num, out);
}

static enum lk_status spy_sha1(void *ctx, const struct lk_bytes *parts, size_t num, uint8_t out[20])
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->sha1(spy->inner->ctx, parts, num, out);
}

static enum lk_status spy_cbc_encrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                      const uint8_t *in, size_t len, uint8_t *out)
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO
                      : spy->inner->cbc_encrypt(spy->inner->ctx, key, iv, in, len, out);
}

static enum lk_status spy_cbc_decrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                      const uint8_t *in, size_t len, uint8_t *out)
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO
                      : spy->inner->cbc_decrypt(spy->inner->ctx, key, iv, in, len, out);
}

static enum lk_status spy_gcm_seal(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                                   struct lk_bytes aad, struct lk_bytes in, uint8_t *out,
                                   uint8_t tag[16])
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO
                      : spy->inner->gcm_seal(spy->inner->ctx, key, iv, aad, in, out, tag);
}

static enum lk_status spy_gcm_open(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                                   struct lk_bytes aad, struct lk_bytes in, const uint8_t tag[16],
                                   uint8_t *out)
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO
                      : spy->inner->gcm_open(spy->inner->ctx, key, iv, aad, in, tag, out);
}

static void remember(struct test_spy *spy, struct lk_key key)
{
    uint8_t record[LK_EC_RECORD_MAX];
    size_t len = 0;

    if (spy->num_scalars == TEST_SPY_SCALARS)
        return;
    if (spy->inner->ec_save(spy->inner->ctx, key, record, &len) != LK_OK || len != 32)
        return;
    memcpy(spy->scalars[spy->num_scalars++], record, 32);
}

static enum lk_status spy_ec_generate(void *ctx, struct lk_key *out, uint8_t out_public[65])
{
    struct test_spy *spy = ctx;
    uint8_t scalar[32];
    enum lk_status status;

    if (fails(spy))
        return LK_PORT_CRYPTO;
    if (spy->next_queued == spy->num_queued && spy->seed != 0) {
        draw(spy, scalar, sizeof scalar);
        scalar[0] &= 0x7f; /* below n */
        test_spy_queue(spy, scalar);
    }
    if (spy->next_queued < spy->num_queued)
        status = spy->inner->ec_load(spy->inner->ctx, spy->queue[spy->next_queued++], 32, out,
                                     out_public);
    else
        status = spy->inner->ec_generate(spy->inner->ctx, out, out_public);
    if (status == LK_OK)
        remember(spy, *out);
    return status;
}

static enum lk_status spy_ec_save(void *ctx, struct lk_key key, uint8_t out[LK_EC_RECORD_MAX],
                                  size_t *out_len)
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->ec_save(spy->inner->ctx, key, out, out_len);
}

static enum lk_status spy_ec_load(void *ctx, const uint8_t *record, size_t len, struct lk_key *out,
                                  uint8_t out_public[65])
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO
                      : spy->inner->ec_load(spy->inner->ctx, record, len, out, out_public);
}

static void spy_ec_free(void *ctx, struct lk_key key)
{
    struct test_spy *spy = ctx;

    spy->inner->ec_free(spy->inner->ctx, key);
}

static enum lk_status spy_ec_sign(void *ctx, struct lk_key key, const uint8_t hash[32],
                                  uint8_t out[64])
{
    struct test_spy *spy = ctx;

    spy->signs++;
    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->ec_sign(spy->inner->ctx, key, hash, out);
}

static enum lk_status spy_ec_verify(void *ctx, const uint8_t public_key[65],
                                    const uint8_t hash[32], const uint8_t signature[64])
{
    struct test_spy *spy = ctx;

    spy->verifies++;
    return fails(spy) ? LK_PORT_CRYPTO
                      : spy->inner->ec_verify(spy->inner->ctx, public_key, hash, signature);
}

static enum lk_status spy_ec_agree(void *ctx, struct lk_key key, const uint8_t peer[65],
                                   uint8_t out_x[32])
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->ec_agree(spy->inner->ctx, key, peer, out_x);
}

static enum lk_status spy_ec_check(void *ctx, const uint8_t point[65])
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->ec_check(spy->inner->ctx, point);
}

static enum lk_status spy_ec_muladd(void *ctx, uint8_t out[65], const uint8_t *p,
                                    const uint8_t a[32], const uint8_t *q, const uint8_t *b)
{
    struct test_spy *spy = ctx;

    return fails(spy) ? LK_PORT_CRYPTO : spy->inner->ec_muladd(spy->inner->ctx, out, p, a, q, b);
}

void test_spy_init(struct test_spy *spy, const struct lk_crypto_port *inner)
{
    memset(spy, 0, sizeof *spy);
    spy->inner = inner;
    spy->port = *inner; /* the hash of the key search stays the provider's own */
    spy->port.ctx = spy;
    spy->port.random = spy_random;
    spy->port.store_key = spy_store_key;
    spy->port.sha256 = spy_sha256;
    spy->port.sha1 = spy_sha1;
    spy->port.cbc_encrypt = spy_cbc_encrypt;
    spy->port.cbc_decrypt = spy_cbc_decrypt;
    spy->port.gcm_seal = spy_gcm_seal;
    spy->port.gcm_open = spy_gcm_open;
    spy->port.ec_generate = spy_ec_generate;
    spy->port.ec_save = spy_ec_save;
    spy->port.ec_load = spy_ec_load;
    spy->port.ec_free = spy_ec_free;
    spy->port.ec_sign = spy_ec_sign;
    spy->port.ec_verify = spy_ec_verify;
    spy->port.ec_agree = spy_ec_agree;
    spy->port.ec_check = spy_ec_check;
    spy->port.ec_muladd = spy_ec_muladd;
}

void test_spy_arm(struct test_spy *spy, uint32_t at)
{
    spy->calls = 0;
    spy->fail_at = at;
}

void test_spy_queue(struct test_spy *spy, const uint8_t scalar[32])
{
    if (spy->next_queued == spy->num_queued)
        spy->next_queued = spy->num_queued = 0;
    if (spy->num_queued < TEST_SPY_QUEUE)
        memcpy(spy->queue[spy->num_queued++], scalar, 32);
}

int test_spy_finds(const struct test_spy *spy, const uint8_t *run, size_t len)
{
    for (size_t k = 0; k < spy->num_scalars; k++) {
        for (size_t i = 0; i + 32 <= len; i++) {
            if (memcmp(run + i, spy->scalars[k], 32) == 0)
                return 1;
        }
    }
    return 0;
}
