/* bytes.c: comparing, wiping, and big-endian integers. */
#include "base/base.h"

int lk_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint32_t differ = 0;

    for (size_t i = 0; i < len; i++)
        differ |= (uint32_t)(left[i] ^ right[i]);
    return (int)((differ + 0xffu) >> 8 ^ 1u); /* a difference carries into bit 8 */
}

int lk_is_zero(const void *at, size_t len)
{
    const volatile uint8_t *run = at;
    uint32_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= run[i];
    return (int)((any + 0xffu) >> 8 ^ 1u);
}

/* The pointer is volatile, so the compiler cannot know that the call is memset and drop it. */
static void *(*const volatile set_bytes)(void *, int, size_t) = memset;

void lk_wipe(void *at, size_t len)
{
    if (len > 0)
        set_bytes(at, 0, len);
}

int lk_bytes_equal(struct lk_bytes a, struct lk_bytes b)
{
    return a.len == b.len && lk_equal(a.at, b.at, a.len);
}

uint16_t lk_be16(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

uint32_t lk_be32(const uint8_t *at)
{
    return (uint32_t)lk_be16(at) << 16 | lk_be16(at + 2);
}

uint64_t lk_be64(const uint8_t *at)
{
    return (uint64_t)lk_be32(at) << 32 | lk_be32(at + 4);
}

void lk_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)(value & 0xffu);
}

void lk_put32(uint8_t *at, uint32_t value)
{
    lk_put16(at, (uint16_t)(value >> 16));
    lk_put16(at + 2, (uint16_t)(value & 0xffffu));
}

void lk_put64(uint8_t *at, uint64_t value)
{
    lk_put32(at, (uint32_t)(value >> 32));
    lk_put32(at + 4, (uint32_t)(value & 0xffffffffu));
}
