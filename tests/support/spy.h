/* spy.h: a crypto port in front of another one. It counts calls and makes one of them fail, hands
 * out chosen private keys, and remembers every private key made, so that a test can look for it in
 * places where it must not be. */
#ifndef TESTS_SUPPORT_SPY_H
#define TESTS_SUPPORT_SPY_H

#include "latchkey/crypto_port.h"

#define TEST_SPY_SCALARS 256
#define TEST_SPY_QUEUE 4

struct test_spy {
    struct lk_crypto_port port; /* give &spy.port to lk_crypto_init */
    const struct lk_crypto_port *inner;
    uint32_t calls;   /* since the spy was armed */
    uint32_t fail_at; /* this call fails, counted from 1; 0: never */
    uint32_t verifies, signs;
    uint8_t queue[TEST_SPY_QUEUE][32]; /* scalars for the next ec_generate calls */
    size_t num_queued, next_queued;
    uint8_t scalars[TEST_SPY_SCALARS][32]; /* every private key made, newest last */
    size_t num_scalars;
    uint64_t seed; /* not 0: random bytes and private keys come from this generator */
};

void test_spy_init(struct test_spy *spy, const struct lk_crypto_port *inner);
/* Counts from 0 again; call number `at` will fail (0: none). */
void test_spy_arm(struct test_spy *spy, uint32_t at);
/* The next ec_generate gives this key. */
void test_spy_queue(struct test_spy *spy, const uint8_t scalar[32]);
/* 1 if any private key seen so far occurs in `run`. */
int test_spy_finds(const struct test_spy *spy, const uint8_t *run, size_t len);

#endif
