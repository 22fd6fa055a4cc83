/* inside.h: what the files of this room share with each other and with nobody else. */
#ifndef LK_CRYPTO_INSIDE_H
#define LK_CRYPTO_INSIDE_H

#include "crypto/crypto.h"

/* What a wrapped record holds; part of what its MAC covers, so that one kind never loads as
 * another. */
enum record_kind { RECORD_KEY = 1, RECORD_PERSISTENT = 2, RECORD_SECRET = 3, RECORD_FAST = 4 };

/* SHA-256 compression in portable C, the one primitive of our own: for the key search. */
void lk_sha256_compress(uint32_t state[8], const uint8_t *blocks, size_t num_blocks);
extern const uint32_t lk_sha256_start[8];

/* RFC 5869 in its two steps, so that one extract serves several labels. */
enum lk_status lk_hkdf_extract(struct lk_crypto *crypto, struct lk_bytes ikm, uint8_t out_prk[32]);
enum lk_status lk_hkdf_expand(struct lk_crypto *crypto, const uint8_t prk[32],
                              const struct lk_bytes *info, size_t num, uint8_t *out,
                              size_t out_len);

/* (in mod (n-1)) + 1 for a big-endian integer of 40 bytes: 1 to n-1, constant time. */
void lk_scalar_reduce(const uint8_t in[40], uint8_t out[32]);
/* n - in, for 1 <= in < n, constant time. */
void lk_scalar_negate(const uint8_t in[32], uint8_t out[32]);
/* A uniform scalar, 1 to n-1, from 40 random bytes. */
enum lk_status lk_scalar_draw(struct lk_crypto *crypto, uint8_t out[32]);

/* Wraps `plain`, a multiple of 16 long, into plain.len + 32 bytes: IV, ciphertext, MAC. */
enum lk_status lk_record_wrap(struct lk_crypto *crypto, enum record_kind kind,
                              struct lk_bytes label, struct lk_bytes plain, uint8_t *out);
/* The reverse into record.len - 32 bytes. LK_STORE_CORRUPT. */
enum lk_status lk_record_unwrap(struct lk_crypto *crypto, enum record_kind kind,
                                struct lk_bytes label, struct lk_bytes record, uint8_t *out);

#endif
