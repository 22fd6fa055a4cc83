/* sha256_ni.c: SHA-256 compression with the SHA extensions, one stream or two side by side: the
 * second stream fills the latency of the first. */
#include <cpuid.h>
#include <immintrin.h>

#include "latchkey/provider_x86.h"

/* Four round constants per entry, in the order the instruction takes them. */
static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
#include "facts/sha256.def"
};

/* One stream: the state as the instructions want it, and the sixteen words in work. */
struct stream {
    __m128i abef, cdgh;
    __m128i words[4];
};

static inline __m128i read_128(const void *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

static inline void load_state(struct stream *s, const uint32_t state[8])
{
    __m128i cdab = _mm_shuffle_epi32(read_128(state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(read_128(state + 4), 0x1b);

    s->abef = _mm_alignr_epi8(cdab, efgh, 8);
    s->cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

/* Adds what the rounds made to `state`. */
static inline void add_state(const struct stream *s, uint32_t state[8])
{
    __m128i feba = _mm_shuffle_epi32(s->abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(s->cdgh, 0xb1);
    __m128i dcba = _mm_blend_epi16(feba, dchg, 0xf0);
    __m128i hgfe = _mm_alignr_epi8(dchg, feba, 8);

    _mm_storeu_si128((__m128i *)(void *)state, _mm_add_epi32(read_128(state), dcba));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_add_epi32(read_128(state + 4), hgfe));
}

static inline void load_words(struct stream *s, const uint8_t block[64])
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);

    for (int i = 0; i < 4; i++)
        s->words[i] = _mm_shuffle_epi8(read_128(block + 16 * i), swap);
}

/* Rounds 4*i to 4*i + 3; the words for the rounds sixteen later replace those used. */
static inline __attribute__((always_inline)) void four_rounds(struct stream *s, int i)
{
    __m128i w = s->words[i & 3];
    __m128i kw = _mm_add_epi32(w, read_128(round_constants + 4 * i));

    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, kw);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(kw, 0x0e));
    if (i < 12) {
        __m128i next = s->words[(i + 1) & 3], last = s->words[(i + 3) & 3];
        __m128i middle = _mm_alignr_epi8(last, s->words[(i + 2) & 3], 4);
        __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w, next), middle);
        s->words[i & 3] = _mm_sha256msg2_epu32(sum, last);
    }
}

static void compress(uint32_t state[8], const uint8_t *blocks, size_t num_blocks)
{
    struct stream s;

    for (; num_blocks > 0; num_blocks--, blocks += 64) {
        load_state(&s, state);
        load_words(&s, blocks);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++)
            four_rounds(&s, i);
        add_state(&s, state);
    }
}

static void compress_x2(uint32_t state_a[8], const uint8_t block_a[64], uint32_t state_b[8],
                        const uint8_t block_b[64])
{
    struct stream a, b;

    load_state(&a, state_a);
    load_state(&b, state_b);
    load_words(&a, block_a);
    load_words(&b, block_b);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        four_rounds(&a, i);
        four_rounds(&b, i);
    }
    add_state(&a, state_a);
    add_state(&b, state_b);
}

/* Leaf 7 names SHA (EBX bit 29); leaf 1 SSSE3 and SSE4.1 (ECX bits 9 and 19). */
static int has_instructions(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 9)) || !(c & (1u << 19)))
        return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
}

int lk_x86_sha256(struct lk_crypto_port *port)
{
    if (!has_instructions())
        return 0;
    port->sha256_compress = compress;
    port->sha256_compress_x2 = compress_x2;
    return 1;
}
