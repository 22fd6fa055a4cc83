/* reference.c: see reference.h. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "bench/reference.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

static EC_GROUP *group;
static EC_KEY *own, *peer;
static ECDSA_SIG *signature;
static BIGNUM *scalar;
static EC_POINT *point;
static EVP_KDF *hkdf;
static EVP_MAC *cmac;
static EVP_CIPHER *cbc;
static uint8_t peer_octets[65];
static uint8_t digest[32], secret[32];
/* As long as the info of a fast trial. */
static uint8_t info[169];

int reference_open(void)
{
    memset(digest, 0x35, sizeof(digest));
    memset(secret, 0x53, sizeof(secret));
    group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    own = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    peer = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    scalar = BN_new();
    hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    cbc = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    if (group == NULL || own == NULL || peer == NULL || scalar == NULL || hkdf == NULL ||
        cmac == NULL || cbc == NULL || !EC_KEY_generate_key(own) || !EC_KEY_generate_key(peer))
        return 0;
    point = EC_POINT_new(group);
    signature = ECDSA_do_sign(digest, 32, peer);
    BN_copy(scalar, EC_KEY_get0_private_key(own));
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    return point != NULL && signature != NULL &&
           EC_POINT_point2oct(group, EC_KEY_get0_public_key(peer), POINT_CONVERSION_UNCOMPRESSED,
                              peer_octets, 65, NULL) == 65;
}

void reference_close(void)
{
    ECDSA_SIG_free(signature);
    EC_POINT_free(point);
    BN_free(scalar);
    EC_KEY_free(own);
    EC_KEY_free(peer);
    EC_GROUP_free(group);
    EVP_KDF_free(hkdf);
    EVP_MAC_free(cmac);
    EVP_CIPHER_free(cbc);
}

static void generate(void)
{
    EC_KEY *fresh = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    EC_KEY_generate_key(fresh);
    EC_KEY_free(fresh);
}

void reference_sign(void)
{
    ECDSA_SIG_free(ECDSA_do_sign(digest, 32, own));
}

void reference_verify(void)
{
    (void)ECDSA_do_verify(digest, 32, signature, peer);
}

static void agree(void)
{
    uint8_t out[32];
    EC_POINT *theirs = EC_POINT_new(group);
    EC_POINT_oct2point(group, theirs, peer_octets, 65, NULL);
    ECDH_compute_key(out, 32, theirs, own, NULL);
    EC_POINT_free(theirs);
}

static void derive(size_t len, uint8_t *out)
{
    char hash[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof(secret)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof(info)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(hkdf);
    EVP_KDF_derive(ctx, out, len, params);
    EVP_KDF_CTX_free(ctx);
}

void reference_hkdf(void)
{
    uint8_t out[64];
    derive(sizeof(out), out);
}

static void authenticate(const uint8_t *text, size_t len)
{
    char cipher[] = "AES-128-CBC";
    uint8_t out[16];
    size_t out_len = 0;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(cmac);
    EVP_MAC_init(ctx, secret, 16, params);
    EVP_MAC_update(ctx, text, len);
    EVP_MAC_final(ctx, out, &out_len, sizeof(out));
    EVP_MAC_CTX_free(ctx);
}

static void crypt(int encrypt)
{
    uint8_t text[112] = {0}, out[128];
    int len = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_CipherInit_ex2(ctx, cbc, secret, secret + 16, encrypt, NULL);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    EVP_CipherUpdate(ctx, out, &len, text, sizeof(text));
    EVP_CIPHER_CTX_free(ctx);
}

/* Kdh by one hash, then the volatile and the persistent keys. */
static void schedule(void)
{
    uint8_t out[48];
    unsigned int len = 0;
    EVP_Digest(info, 52, out, &len, EVP_sha256(), NULL);
    derive(48, out);
    derive(32, out);
}

void reference_standard(void)
{
    for (int side = 0; side < 2; side++) {
        generate();
        reference_sign();
        reference_verify();
        agree();
        schedule();
        authenticate(info, 128);
        crypt(side);
    }
}

void reference_decide(void)
{
    reference_verify();
    schedule();
    authenticate(info, 128);
}

void reference_fast(void)
{
    reference_hkdf();
    authenticate(info, 128);
}

void reference_spake2(void)
{
    BN_CTX *ctx = BN_CTX_new();
    EC_POINT *sum = EC_POINT_new(group);
    EC_POINT_oct2point(group, point, peer_octets, 65, NULL);
    EC_POINT_mul(group, sum, scalar, NULL, NULL, ctx);
    for (int i = 0; i < 4; i++) /* w0*N, w0*M, y*(X - w0*M), y*L */
        EC_POINT_mul(group, sum, NULL, point, scalar, ctx);
    reference_hkdf();
    authenticate(peer_octets, 65);
    authenticate(peer_octets, 65);
    EC_POINT_free(sum);
    BN_CTX_free(ctx);
}
