/* sha256.c: the SHA-256 compression function (FIPS 180-4, 6.2.2) in portable C, for the key search
 * alone; every other hash is the provider's. No branch and no index depends on the data. */
#include "crypto/inside.h"

const uint32_t lk_sha256_start[8] = {
    0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
    0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
};

static const uint32_t round_constants[64] = {
#include "facts/sha256.def"
};

static inline uint32_t turn(uint32_t x, int by)
{
    return (x >> by) | (x << (32 - by));
}

/* One round; the names turn at the call, so that no value moves. */
static inline void step(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f,
                        uint32_t g, uint32_t *h, uint32_t kw)
{
    uint32_t t = *h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + kw;

    *d += t;
    *h = t + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)));
}

static inline void eight_steps(uint32_t s[8], const uint32_t *k, const uint32_t *w)
{
    step(s[0], s[1], s[2], &s[3], s[4], s[5], s[6], &s[7], k[0] + w[0]);
    step(s[7], s[0], s[1], &s[2], s[3], s[4], s[5], &s[6], k[1] + w[1]);
    step(s[6], s[7], s[0], &s[1], s[2], s[3], s[4], &s[5], k[2] + w[2]);
    step(s[5], s[6], s[7], &s[0], s[1], s[2], s[3], &s[4], k[3] + w[3]);
    step(s[4], s[5], s[6], &s[7], s[0], s[1], s[2], &s[3], k[4] + w[4]);
    step(s[3], s[4], s[5], &s[6], s[7], s[0], s[1], &s[2], k[5] + w[5]);
    step(s[2], s[3], s[4], &s[5], s[6], s[7], s[0], &s[1], k[6] + w[6]);
    step(s[1], s[2], s[3], &s[4], s[5], s[6], s[7], &s[0], k[7] + w[7]);
}

/* Turns the sixteen words of the schedule into the next sixteen, in place. */
static inline void next_words(uint32_t w[16])
{
    for (size_t i = 0; i < 16; i++) {
        uint32_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        w[i] += (turn(x, 7) ^ turn(x, 18) ^ (x >> 3)) + w[(i + 9) & 15] +
                (turn(y, 17) ^ turn(y, 19) ^ (y >> 10));
    }
}

void lk_sha256_compress(uint32_t state[8], const uint8_t *blocks, size_t num_blocks)
{
    uint32_t w[16], s[8];

    for (; num_blocks > 0; num_blocks--, blocks += 64) {
        for (size_t i = 0; i < 16; i++)
            w[i] = lk_be32(blocks + 4 * i);
        memcpy(s, state, sizeof s);
        for (size_t i = 0; i < 64; i += 16) {
            eight_steps(s, round_constants + i, w);
            eight_steps(s, round_constants + i + 8, w + 8);
            if (i < 48)
                next_words(w);
        }
        for (size_t i = 0; i < 8; i++)
            state[i] += s[i];
    }
    lk_wipe(w, sizeof w);
    lk_wipe(s, sizeof s);
}
