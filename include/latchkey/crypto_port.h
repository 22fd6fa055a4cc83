/* crypto_port.h: what the core asks of a crypto library.
 *
 * A provider (ports/openssl, ports/bearssl, an HSM) fills one `struct lk_crypto_port`. Elliptic-
 * curve private keys live inside the provider and are named by handle; the core never sees a
 * scalar except as the opaque record that `ec_save` writes and `ec_load` reads. Symmetric keys
 * are passed by value from the crypto and chan rooms alone.
 * Every call returns LK_OK or a status with no output written. Outputs never overlap inputs
 * unless said. A port serves one thread at a time.
 * Curve P-256, hash SHA-256, cipher AES-128. Source: spec/crypto.md of the project. */
#ifndef LATCHKEY_CRYPTO_PORT_H
#define LATCHKEY_CRYPTO_PORT_H

#include "bytes.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A private key inside a provider. 0 names none; a freed handle never becomes valid again
 * within the next 65535 creations. */
struct lk_key {
    uint32_t id;
};

/* Largest record that ec_save writes, bytes. A software provider writes the 32-byte scalar. */
#define LK_EC_RECORD_MAX 64

struct lk_crypto_port {
    void *ctx;        /* the provider's own, passed back as first argument */
    const char *name; /* "openssl", "bearssl", ... for reports */

    /* Fills `len` bytes from a cryptographic generator. LK_PORT_RANDOM on failure. */
    enum lk_status (*random)(void *ctx, uint8_t *out, size_t len);
    /* The 32-byte store key under which records are wrapped (decision D24): the same on every
     * start of one device, different between devices. LK_PORT_CRYPTO if there is none. */
    enum lk_status (*store_key)(void *ctx, uint8_t out[32]);

    /* Hash of the concatenation of `num` runs. LK_PORT_CRYPTO on failure. */
    enum lk_status (*sha256)(void *ctx, const struct lk_bytes *parts, size_t num, uint8_t out[32]);
    enum lk_status (*sha1)(void *ctx, const struct lk_bytes *parts, size_t num, uint8_t out[20]);

    /* AES-128-CBC without padding; `len` a multiple of 16; `in` and `out` may be equal. */
    enum lk_status (*cbc_encrypt)(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                  const uint8_t *in, size_t len, uint8_t *out);
    enum lk_status (*cbc_decrypt)(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                  const uint8_t *in, size_t len, uint8_t *out);
    /* AES-GCM with a key of 16 or 32 bytes, tag 16 bytes, an IV of 1 to 128 bytes.
     * LK_CALLER_ARGUMENT for another key length; open: LK_PEER_MAC if the tag is wrong. */
    enum lk_status (*gcm_seal)(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                               struct lk_bytes aad, struct lk_bytes in, uint8_t *out,
                               uint8_t tag[16]);
    enum lk_status (*gcm_open)(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                               struct lk_bytes aad, struct lk_bytes in, const uint8_t tag[16],
                               uint8_t *out);

    /* New key pair. LK_PORT_RANDOM, LK_PORT_CRYPTO, LK_CALLER_FULL if no handle is free. */
    enum lk_status (*ec_generate)(void *ctx, struct lk_key *out, uint8_t out_public[65]);
    /* Writes / reads the opaque key part of a record. ec_load: LK_STORE_CORRUPT if it is not one.
     */
    enum lk_status (*ec_save)(void *ctx, struct lk_key key, uint8_t out[LK_EC_RECORD_MAX],
                              size_t *out_len);
    enum lk_status (*ec_load)(void *ctx, const uint8_t *record, size_t len, struct lk_key *out,
                              uint8_t out_public[65]);
    /* Wipes and frees. A handle of 0 is ignored. */
    void (*ec_free)(void *ctx, struct lk_key key);
    /* ECDSA over a 32-byte hash, r || s. LK_CALLER_ARGUMENT for a dead handle. */
    enum lk_status (*ec_sign)(void *ctx, struct lk_key key, const uint8_t hash[32],
                              uint8_t out[64]);
    /* LK_PEER_SIGNATURE if it does not verify or r or s is not in 1..n-1; LK_PEER_POINT for a bad
     * key. Either s of a pair is accepted (pki O17). */
    enum lk_status (*ec_verify)(void *ctx, const uint8_t public_key[65], const uint8_t hash[32],
                                const uint8_t signature[64]);
    /* x-coordinate of key * peer. LK_PEER_POINT if peer is not an uncompressed point of the curve.
     */
    enum lk_status (*ec_agree)(void *ctx, struct lk_key key, const uint8_t peer[65],
                               uint8_t out_x[32]);
    /* LK_OK if `point` is 04 || x || y on the curve, coordinates below p; else LK_PEER_POINT. */
    enum lk_status (*ec_check)(void *ctx, const uint8_t point[65]);
    /* out = a*P + b*Q. P NULL means the generator; a NULL means 1 (with P given); b NULL means a*P
     * alone. Scalars are 32 bytes, 1 <= scalar < n, and secret: no branch depends on them.
     * LK_PEER_POINT if P or Q is not on the curve or the result is infinity. */
    enum lk_status (*ec_muladd)(void *ctx, uint8_t out[65], const uint8_t *p, const uint8_t *a,
                                const uint8_t *q, const uint8_t *b);

    /* SHA-256 compression of `num_blocks` 64-byte blocks into `state` (eight native words), for the
     * key search alone. NULL: the core's portable C is used. Chosen at run time by ports/x86. */
    void (*sha256_compress)(uint32_t state[8], const uint8_t *blocks, size_t num_blocks);
    /* The same over two independent streams, one block each; NULL if there is none. */
    void (*sha256_compress_x2)(uint32_t state_a[8], const uint8_t block_a[64],
                               uint32_t state_b[8], const uint8_t block_b[64]);
};

#ifdef __cplusplus
}
#endif
#endif
