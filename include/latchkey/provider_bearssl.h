/* provider_bearssl.h: BearSSL as the crypto provider, for firmware, the applet engine and tests.
 *
 * The caller places the struct; there is no heap and nothing global. All secrets lie inside it and
 * are wiped by lk_bearssl_forget. One thread at a time. Everything that touches a secret runs in
 * constant time (P-256 "m31", AES "ct64"). Signatures are deterministic (RFC 6979). Every random
 * byte comes from HMAC-DRBG over the caller's entropy, so that a fixed entropy makes fixed runs.
 * Source: spec/crypto.md of the project. */
#ifndef LATCHKEY_PROVIDER_BEARSSL_H
#define LATCHKEY_PROVIDER_BEARSSL_H

#include "crypto_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Private keys one provider holds at a time. Things, 1 to 65535. About 104 bytes each. */
#ifndef LK_BEARSSL_NUM_KEYS
#define LK_BEARSSL_NUM_KEYS 64
#endif

/* Fills `len` bytes (48) with entropy. LK_PORT_RANDOM on failure. */
typedef enum lk_status lk_entropy_fn(void *ctx, uint8_t *out, size_t len);

/* The fields belong to ports/bearssl. */
struct lk_bearssl {
    struct lk_crypto_port port; /* pass &bearssl->port to lk_crypto_init */
    uint64_t drbg[24];          /* BearSSL's generator; its size is checked at build time */
    lk_entropy_fn *entropy;
    void *entropy_ctx;
    uint8_t store_key[32];
    uint16_t generation;
    struct {
        uint32_t id; /* 0: free */
        uint8_t scalar[32];
        uint8_t public_key[65];
    } keys[LK_BEARSSL_NUM_KEYS];
};

/* Seeds the generator and fills the port. Records are wrapped under `store_key`. The struct must
 * not move afterwards. Passes on the status of `entropy`. */
enum lk_status lk_bearssl_init(struct lk_bearssl *bearssl, lk_entropy_fn *entropy,
                               void *entropy_ctx, const uint8_t store_key[32]);

/* Mixes fresh entropy in: after a fork, or after long sleep. Until it has succeeded, a failure here
 * leaves the generator as it was; do not go on with it. */
enum lk_status lk_bearssl_reseed(struct lk_bearssl *bearssl);

/* Wipes everything. */
void lk_bearssl_forget(struct lk_bearssl *bearssl);

#ifdef __cplusplus
}
#endif
#endif
