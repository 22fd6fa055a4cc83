/* verifier.h: the pairing verifier, and how a server mints one from a password.
 * Secrets: w0 and the password; the caller wipes both. The car gets the verifier, the owner's phone
 * the password, and nobody else either. Source: spec/pairing.md of the project; protocol 4.5, D31.
 */
#ifndef LATCHKEY_VERIFIER_H
#define LATCHKEY_VERIFIER_H

#include "crypto.h"
#include "element_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a car holds to check a password it never sees. */
struct lk_verifier {
    uint8_t w0[LK_SCALAR_LEN];
    uint8_t l[LK_POINT_LEN];
    uint8_t salt[16];
    uint32_t n;    /* scrypt, a power of two from 4096 to 131072 */
    uint16_t r, p; /* 8 and 1 */
};

/* LK_OK if n, r and p are inside the policy of D31, else LK_PEER_PARAMETER. */
enum lk_status lk_scrypt_policy(uint32_t n, uint32_t r, uint32_t p);

/* Mints a verifier: one scrypt call (about 75 ms and 32 MiB at n = 32768) and one multiplication.
 * `out` takes n, r and p from the arguments. LK_PEER_PARAMETER, LK_PEER_VALUE (w0 == w1: take
 * another salt), LK_PORT_CRYPTO. */
enum lk_status lk_verifier_mint(struct lk_crypto *crypto, const struct lk_scrypt_port *scrypt,
                                struct lk_bytes password, const uint8_t salt[16], uint32_t n,
                                struct lk_verifier *out);

#ifdef __cplusplus
}
#endif
#endif
