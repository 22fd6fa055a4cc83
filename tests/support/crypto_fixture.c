/* crypto_fixture.c: see crypto_fixture.h. */
#include "support/crypto_fixture.h"

#include <stdlib.h>

enum lk_status fixed_entropy(void *ctx, uint8_t *out, size_t len)
{
    uint32_t word = *(const uint32_t *)ctx;

    for (size_t i = 0; i < len; i++) {
        word = word * 1664525u + 1013904223u;
        out[i] = (uint8_t)(word >> 24);
    }
    return LK_OK;
}

int crypto_setup(void **state)
{
    static uint32_t seed = 7;
    uint8_t store_key[32];
    struct crypto_fixture *f = calloc(1, sizeof *f);

    memset(store_key, 0x5a, sizeof store_key);
    if (f == NULL || (f->openssl = lk_openssl_new(store_key)) == NULL ||
        lk_bearssl_init(&f->bearssl, fixed_entropy, &seed, store_key) != LK_OK ||
        lk_crypto_init(&f->crypto[ON_OPENSSL], lk_openssl_port(f->openssl)) != LK_OK ||
        lk_crypto_init(&f->crypto[ON_BEARSSL], &f->bearssl.port) != LK_OK)
        return -1;
    *state = f;
    return 0;
}

int crypto_teardown(void **state)
{
    struct crypto_fixture *f = *state;

    for (int i = 0; i < NUM_PROVIDERS; i++)
        lk_crypto_forget(&f->crypto[i]);
    lk_openssl_free(&f->openssl);
    lk_bearssl_forget(&f->bearssl);
    free(f);
    return 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t from_hex(const char *text, uint8_t *out, size_t cap)
{
    size_t len = 0;

    for (; *text != '\0'; text++) {
        if (*text == ' ')
            continue;
        int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
        assert_true(low >= 0 && len < cap);
        out[len++] = (uint8_t)(high << 4 | low);
        text++;
    }
    return len;
}

void assert_hex(const void *got, size_t len, const char *text)
{
    uint8_t want[1024];

    assert_int_equal(from_hex(text, want, sizeof want), len);
    assert_memory_equal(got, want, len);
}

struct lk_key key_from_hex(struct lk_crypto *crypto, const char *text, uint8_t out_public[65])
{
    uint8_t scalar[32];
    struct lk_key key = {0};

    assert_int_equal(from_hex(text, scalar, sizeof scalar), 32);
    assert_int_equal(crypto->port->ec_load(crypto->port->ctx, scalar, 32, &key, out_public), LK_OK);
    return key;
}

struct lk_key key_from_byte(struct lk_crypto *crypto, uint8_t byte, uint8_t out_public[65])
{
    uint8_t scalar[32];
    struct lk_key key = {0};

    memset(scalar, byte, sizeof scalar);
    assert_int_equal(crypto->port->ec_load(crypto->port->ctx, scalar, 32, &key, out_public), LK_OK);
    return key;
}

unsigned long_or_short(unsigned count)
{
    return getenv("LATCHKEY_LONG") != NULL ? count * 100 : count;
}
