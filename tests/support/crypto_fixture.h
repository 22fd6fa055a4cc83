/* crypto_fixture.h: both providers side by side, and bytes from hexadecimal text. */
#ifndef TEST_CRYPTO_FIXTURE_H
#define TEST_CRYPTO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "crypto/crypto.h"
#include "latchkey/provider_bearssl.h"
#include "latchkey/provider_openssl.h"

enum { ON_OPENSSL, ON_BEARSSL, NUM_PROVIDERS };

struct crypto_fixture {
    struct lk_openssl *openssl;
    struct lk_bearssl bearssl;
    struct lk_crypto crypto[NUM_PROVIDERS];
};

/* Entropy for tests: 48 bytes made from the uint32_t that ctx points to, the same every time. */
enum lk_status fixed_entropy(void *ctx, uint8_t *out, size_t len);

/* For cmocka: *state is a struct crypto_fixture. */
int crypto_setup(void **state);
int crypto_teardown(void **state);

/* Reads hexadecimal text (spaces allowed) into `out`; the length. Fails the test beyond `cap`. */
size_t from_hex(const char *text, uint8_t *out, size_t cap);
/* Fails the test unless `got` is what `text` says. */
void assert_hex(const void *got, size_t len, const char *text);
/* A key whose scalar is given as hexadecimal text or as one repeated byte. */
struct lk_key key_from_hex(struct lk_crypto *crypto, const char *text, uint8_t out_public[65]);
struct lk_key key_from_byte(struct lk_crypto *crypto, uint8_t byte, uint8_t out_public[65]);
/* `count`, or a hundred times as many with LATCHKEY_LONG set. */
unsigned long_or_short(unsigned count);

#endif
