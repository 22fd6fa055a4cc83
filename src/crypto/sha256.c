/* sha256.c: the SHA-256 compression function (FIPS 180-4, 6.2.2) in portable C, for the key search
 * alone; every other hash is the provider's. No branch and no index depends on the data. */
#include "crypto/inside.h"

const uint32_t lk_sha256_start[8] = {
    0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
    0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
};

static const uint32_t round_constants[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u,
    0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu,
    0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu,
    0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u,
    0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu,
    0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu,
    0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u,
    0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u,
    0xc67178f2u,
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
