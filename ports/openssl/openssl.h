/* openssl.h: what the files of this provider share. */
#ifndef LK_PORT_OPENSSL_H
#define LK_PORT_OPENSSL_H

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "latchkey/provider_openssl.h"

/* Public keys kept decoded for verifying. Things. */
#define NUM_VERIFIERS 8

/* One private key. The signing context is made with a stored key, and for a fresh one when it is
 * first asked for: ephemeral keys only agree. */
struct key {
    uint32_t id; /* 0: free */
    BIGNUM *scalar;
    EVP_PKEY_CTX *signer;
    uint8_t public_key[LK_POINT_LEN];
};

struct verifier {
    EVP_PKEY_CTX *ctx; /* NULL: free */
    uint8_t public_key[LK_POINT_LEN];
};

struct lk_openssl {
    struct lk_crypto_port port;
    uint8_t store_key[32];
    EVP_MD *sha256, *sha1;
    EVP_CIPHER *cbc, *gcm, *gcm_256;
    EVP_MD_CTX *hash;
    EVP_CIPHER_CTX *cbc_encrypt, *cbc_decrypt, *gcm_ctx;
    EC_GROUP *group;
    BN_CTX *bn;
    BIGNUM *first, *second;          /* scalars of one call */
    EC_POINT *result, *left, *right; /* points of one call */
    struct key keys[LK_OPENSSL_NUM_KEYS];
    uint16_t generation; /* high half of the next handle */
    EVP_PKEY *group_key; /* any key of the curve: a copy is made faster than a new one */
    struct verifier verifiers[NUM_VERIFIERS];
    unsigned next_verifier;
};

/* ec.c: fills the port's ec_ entries; opens and closes what they use. 1 on success. */
int openssl_ec_open(struct lk_openssl *openssl);
void openssl_ec_close(struct lk_openssl *openssl);

#endif
