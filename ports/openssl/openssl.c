/* openssl.c: random, hashes and AES by libcrypto 3. Algorithms are fetched once and contexts kept,
 * because an implicit fetch costs more than a block. */
#include "openssl.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static enum lk_status random_bytes(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    if (len > INT_MAX || RAND_bytes(out, (int)len) != 1) {
        ERR_clear_error();
        return LK_PORT_RANDOM;
    }
    return LK_OK;
}

static enum lk_status store_key(void *ctx, uint8_t out[32])
{
    const struct lk_openssl *openssl = ctx;

    memcpy(out, openssl->store_key, 32);
    return LK_OK;
}

static enum lk_status digest(EVP_MD_CTX *hash, const EVP_MD *md, const struct lk_bytes *parts,
                             size_t num, uint8_t *out)
{
    int ok = EVP_DigestInit_ex2(hash, md, NULL);

    for (size_t i = 0; i < num && ok == 1; i++) {
        if (parts[i].len > 0)
            ok = EVP_DigestUpdate(hash, parts[i].at, parts[i].len);
    }
    if (ok == 1)
        ok = EVP_DigestFinal_ex(hash, out, NULL);
    return ok == 1 ? LK_OK : LK_PORT_CRYPTO;
}

static enum lk_status sha256(void *ctx, const struct lk_bytes *parts, size_t num, uint8_t out[32])
{
    const struct lk_openssl *openssl = ctx;

    return digest(openssl->hash, openssl->sha256, parts, num, out);
}

static enum lk_status sha1(void *ctx, const struct lk_bytes *parts, size_t num, uint8_t out[20])
{
    const struct lk_openssl *openssl = ctx;

    return digest(openssl->hash, openssl->sha1, parts, num, out);
}

static enum lk_status cbc_encrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                  const uint8_t *in, size_t len, uint8_t *out)
{
    const struct lk_openssl *openssl = ctx;
    EVP_CIPHER_CTX *cipher = openssl->cbc_encrypt;
    int done = 0;

    if (len % 16 != 0 || len > INT_MAX)
        return LK_CALLER_ARGUMENT;
    if (EVP_EncryptInit_ex2(cipher, NULL, key, iv, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(cipher, 0) != 1 ||
        EVP_EncryptUpdate(cipher, out, &done, in, (int)len) != 1 || done != (int)len)
        return LK_PORT_CRYPTO;
    return LK_OK;
}

static enum lk_status cbc_decrypt(void *ctx, const uint8_t key[16], const uint8_t iv[16],
                                  const uint8_t *in, size_t len, uint8_t *out)
{
    const struct lk_openssl *openssl = ctx;
    EVP_CIPHER_CTX *cipher = openssl->cbc_decrypt;
    int done = 0;

    if (len % 16 != 0 || len > INT_MAX)
        return LK_CALLER_ARGUMENT;
    if (EVP_DecryptInit_ex2(cipher, NULL, key, iv, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(cipher, 0) != 1 ||
        EVP_DecryptUpdate(cipher, out, &done, in, (int)len) != 1 || done != (int)len)
        return LK_PORT_CRYPTO;
    return LK_OK;
}

/* Sets key and IV in the direction asked for, and takes the AAD. */
static int gcm_begin(const struct lk_openssl *openssl, int is_seal, struct lk_bytes key,
                     struct lk_bytes iv, struct lk_bytes aad)
{
    EVP_CIPHER_CTX *cipher = openssl->gcm_ctx;
    int done = 0;

    if (iv.len == 0 || iv.len > INT_MAX || aad.len > INT_MAX)
        return 0;
    if (EVP_CipherInit_ex2(cipher, key.len == 16 ? openssl->gcm : openssl->gcm_256, NULL, NULL,
                           is_seal, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.len, NULL) != 1 ||
        EVP_CipherInit_ex2(cipher, NULL, key.at, iv.at, is_seal, NULL) != 1)
        return 0;
    return aad.len == 0 || EVP_CipherUpdate(cipher, NULL, &done, aad.at, (int)aad.len) == 1;
}

static enum lk_status gcm_seal(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                               struct lk_bytes aad, struct lk_bytes in, uint8_t *out,
                               uint8_t tag[16])
{
    const struct lk_openssl *openssl = ctx;
    EVP_CIPHER_CTX *cipher = openssl->gcm_ctx;
    uint8_t none[16];
    int done = 0;

    if (in.len > INT_MAX || (key.len != 16 && key.len != 32))
        return LK_CALLER_ARGUMENT;
    int ok = gcm_begin(openssl, 1, key, iv, aad);
    if (ok && in.len > 0)
        ok = EVP_CipherUpdate(cipher, out, &done, in.at, (int)in.len) == 1;
    ok = ok && EVP_CipherFinal_ex(cipher, none, &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
    if (!ok)
        ERR_clear_error();
    return ok ? LK_OK : LK_PORT_CRYPTO;
}

static enum lk_status gcm_open(void *ctx, struct lk_bytes key, struct lk_bytes iv,
                               struct lk_bytes aad, struct lk_bytes in, const uint8_t tag[16],
                               uint8_t *out)
{
    const struct lk_openssl *openssl = ctx;
    EVP_CIPHER_CTX *cipher = openssl->gcm_ctx;
    uint8_t none[16], expected[16];
    int done = 0;

    if (in.len > INT_MAX || (key.len != 16 && key.len != 32))
        return LK_CALLER_ARGUMENT;
    memcpy(expected, tag, sizeof expected);
    int ok = gcm_begin(openssl, 0, key, iv, aad);
    if (ok && in.len > 0)
        ok = EVP_CipherUpdate(cipher, out, &done, in.at, (int)in.len) == 1;
    ok = ok && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, 16, expected) == 1;
    if (!ok) {
        ERR_clear_error();
        OPENSSL_cleanse(out, in.len);
        return LK_PORT_CRYPTO;
    }
    if (EVP_CipherFinal_ex(cipher, none, &done) == 1)
        return LK_OK;
    ERR_clear_error();
    OPENSSL_cleanse(out, in.len); /* what was decrypted before the tag was known to be wrong */
    return LK_PEER_MAC;
}

/* Fetches what every call uses. 1 on success. */
static int open_symmetric(struct lk_openssl *openssl)
{
    openssl->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    openssl->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    openssl->cbc = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    openssl->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    openssl->gcm_256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    openssl->hash = EVP_MD_CTX_new();
    openssl->cbc_encrypt = EVP_CIPHER_CTX_new();
    openssl->cbc_decrypt = EVP_CIPHER_CTX_new();
    openssl->gcm_ctx = EVP_CIPHER_CTX_new();
    return openssl->sha256 != NULL && openssl->sha1 != NULL && openssl->cbc != NULL &&
           openssl->gcm != NULL && openssl->gcm_256 != NULL &&
           openssl->hash != NULL && openssl->cbc_encrypt != NULL &&
           openssl->cbc_decrypt != NULL && openssl->gcm_ctx != NULL &&
           EVP_EncryptInit_ex2(openssl->cbc_encrypt, openssl->cbc, NULL, NULL, NULL) == 1 &&
           EVP_DecryptInit_ex2(openssl->cbc_decrypt, openssl->cbc, NULL, NULL, NULL) == 1;
}

struct lk_openssl *lk_openssl_new(const uint8_t store_key_bytes[32])
{
    struct lk_openssl *openssl = calloc(1, sizeof *openssl);

    if (openssl == NULL)
        return NULL;
    memcpy(openssl->store_key, store_key_bytes, 32);
    openssl->port = (struct lk_crypto_port){
        .ctx = openssl,
        .name = "openssl",
        .random = random_bytes,
        .store_key = store_key,
        .sha256 = sha256,
        .sha1 = sha1,
        .cbc_encrypt = cbc_encrypt,
        .cbc_decrypt = cbc_decrypt,
        .gcm_seal = gcm_seal,
        .gcm_open = gcm_open,
    };
    if (!open_symmetric(openssl) || !openssl_ec_open(openssl))
        lk_openssl_free(&openssl);
    return openssl;
}

void lk_openssl_free(struct lk_openssl **openssl)
{
    struct lk_openssl *gone = *openssl;

    if (gone == NULL)
        return;
    openssl_ec_close(gone);
    EVP_CIPHER_CTX_free(gone->cbc_encrypt);
    EVP_CIPHER_CTX_free(gone->cbc_decrypt);
    EVP_CIPHER_CTX_free(gone->gcm_ctx);
    EVP_MD_CTX_free(gone->hash);
    EVP_CIPHER_free(gone->cbc);
    EVP_CIPHER_free(gone->gcm);
    EVP_CIPHER_free(gone->gcm_256);
    EVP_MD_free(gone->sha256);
    EVP_MD_free(gone->sha1);
    OPENSSL_cleanse(gone, sizeof *gone);
    free(gone);
    *openssl = NULL;
}

struct lk_crypto_port *lk_openssl_port(struct lk_openssl *openssl)
{
    return &openssl->port;
}
