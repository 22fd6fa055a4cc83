/* scrypt.c: RFC 7914 by libcrypto, for phones and servers (decision D31). */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "latchkey/provider_openssl.h"

static enum lk_status derive(void *ctx, struct lk_bytes password, const uint8_t salt[16],
                             uint32_t n, uint32_t r, uint32_t p, uint8_t out[80])
{
    uint8_t secret[64], salt_copy[16];
    uint64_t big_n = n, max_bytes = (uint64_t)128 * r * ((uint64_t)n + p + 2) + 1024;
    enum lk_status status = LK_PORT_CRYPTO;

    (void)ctx;
    if (password.len > sizeof secret)
        return LK_CALLER_ARGUMENT;
    memcpy(secret, password.at, password.len);
    memcpy(salt_copy, salt, sizeof salt_copy);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, secret, password.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy, sizeof salt_copy),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &big_n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &max_bytes),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *kdf_ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    if (kdf_ctx != NULL && EVP_KDF_derive(kdf_ctx, out, 80, params) == 1)
        status = LK_OK;
    else
        ERR_clear_error();
    EVP_KDF_CTX_free(kdf_ctx);
    EVP_KDF_free(kdf);
    OPENSSL_cleanse(secret, sizeof secret);
    return status;
}

void lk_openssl_scrypt(struct lk_scrypt_port *out)
{
    out->ctx = NULL;
    out->derive = derive;
}
