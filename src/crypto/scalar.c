/* scalar.c: the little arithmetic modulo the order of P-256 that SPAKE2+ needs, constant time
 * throughout. Limbs are 32 bits, least significant first. */
#include "crypto/inside.h"

#define NUM_LIMBS 8

/* n, the order of P-256. */
static const uint32_t order[NUM_LIMBS] = {
    0xfc632551u, 0xf3b9cac2u, 0xa7179e84u, 0xbce6faadu,
    0xffffffffu, 0xffffffffu, 0x00000000u, 0xffffffffu,
};
/* 2^256 - (n - 1): what one unit above 256 bits is worth modulo n - 1. */
static const uint32_t fold_unit[NUM_LIMBS] = {
    0x039cdab0u, 0x0c46353du, 0x58e8617bu, 0x43190552u,
    0x00000000u, 0x00000000u, 0xffffffffu, 0x00000000u,
};

static void store(const uint32_t limbs[NUM_LIMBS], uint8_t out[32])
{
    for (size_t i = 0; i < NUM_LIMBS; i++)
        lk_put32(out + 28 - 4 * i, limbs[i]);
}

/* Adds `factor` * fold_unit at limb `shift` of a ten-limb value. */
static void add_units(uint32_t value[NUM_LIMBS + 2], uint32_t factor, size_t shift)
{
    uint64_t carry = 0;

    for (size_t i = shift; i < NUM_LIMBS + 2; i++) {
        uint64_t unit = i - shift < NUM_LIMBS ? fold_unit[i - shift] : 0;
        carry += value[i] + unit * factor;
        value[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* Brings what lies above 256 bits down by one fold. */
static void fold(uint32_t value[NUM_LIMBS + 2])
{
    uint32_t low = value[NUM_LIMBS], high = value[NUM_LIMBS + 1];

    value[NUM_LIMBS] = 0;
    value[NUM_LIMBS + 1] = 0;
    add_units(value, low, 0);
    add_units(value, high, 1);
}

/* value -= n - 1 if that does not go below zero. */
static void subtract_once(uint32_t value[NUM_LIMBS])
{
    uint32_t less[NUM_LIMBS];
    uint64_t borrow = 0;

    for (size_t i = 0; i < NUM_LIMBS; i++) {
        /* n is odd: n - 1 differs from it in the lowest bit alone. */
        uint32_t limb = i == 0 ? order[0] - 1 : order[i];
        uint64_t diff = (uint64_t)value[i] - limb - borrow;
        less[i] = (uint32_t)diff;
        borrow = (diff >> 32) & 1;
    }
    uint32_t keep = (uint32_t)(0 - borrow);
    for (size_t i = 0; i < NUM_LIMBS; i++)
        value[i] = (value[i] & keep) | (less[i] & ~keep);
    lk_wipe(less, sizeof less);
}

void lk_scalar_reduce(const uint8_t in[40], uint8_t out[32])
{
    uint32_t value[NUM_LIMBS + 2];

    for (size_t i = 0; i < NUM_LIMBS + 2; i++)
        value[i] = lk_be32(in + 36 - 4 * i);
    /* 320 bits, then at most 289, 258 and 257 bits; the fourth fold leaves fewer than 257. */
    for (int i = 0; i < 4; i++)
        fold(value);
    subtract_once(value);
    /* The result is at most n - 2, so that adding one carries nowhere beyond 256 bits. */
    uint64_t carry = 1;
    for (size_t i = 0; i < NUM_LIMBS; i++) {
        carry += value[i];
        value[i] = (uint32_t)carry;
        carry >>= 32;
    }
    store(value, out);
    lk_wipe(value, sizeof value);
}

void lk_scalar_negate(const uint8_t in[32], uint8_t out[32])
{
    uint32_t value[NUM_LIMBS];
    uint64_t borrow = 0;

    for (size_t i = 0; i < NUM_LIMBS; i++) {
        uint64_t diff = (uint64_t)order[i] - lk_be32(in + 28 - 4 * i) - borrow;
        value[i] = (uint32_t)diff;
        borrow = (diff >> 32) & 1;
    }
    store(value, out);
    lk_wipe(value, sizeof value);
}

enum lk_status lk_scalar_draw(struct lk_crypto *crypto, uint8_t out[32])
{
    uint8_t wide[40] = {0};

    enum lk_status status = lk_random(crypto, wide, sizeof wide);
    if (status == LK_OK)
        lk_scalar_reduce(wide, out);
    lk_wipe(wide, sizeof wide);
    return status;
}
