/* provider_openssl.h: OpenSSL 3 as the crypto provider, for servers, phones and tests.
 *
 * The struct is on the heap and owns every key made through it; secrets inside are wiped by
 * lk_openssl_free. One thread at a time; make one per thread. Scalars are handled with OpenSSL's
 * constant-time flags, but this provider is not part of the constant-time gate: the BearSSL one is.
 * Source: spec/crypto.md of the project. */
#ifndef LATCHKEY_PROVIDER_OPENSSL_H
#define LATCHKEY_PROVIDER_OPENSSL_H

#include "crypto_port.h"
#include "element_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Private keys one provider holds at a time. Things. */
#define LK_OPENSSL_NUM_KEYS 256

struct lk_openssl;

/* A provider whose records are wrapped under `store_key`. NULL if OpenSSL or memory fails. */
struct lk_openssl *lk_openssl_new(const uint8_t store_key[32]);

/* Wipes and frees all keys; sets *openssl to NULL. Nothing on NULL. */
void lk_openssl_free(struct lk_openssl **openssl);

/* The port, to be passed to lk_crypto_init; lives as long as the provider. Its pointers may be
 * changed, as ports/x86 does. */
struct lk_crypto_port *lk_openssl_port(struct lk_openssl *openssl);

/* Fills `out` with scrypt of OpenSSL; it needs no context and any thread may call it. */
void lk_openssl_scrypt(struct lk_scrypt_port *out);

#ifdef __cplusplus
}
#endif
#endif
