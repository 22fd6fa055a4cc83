/* base64url.c: see base64url.h. */
#include "base64url.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64url_write(const uint8_t *data, size_t len, char *out)
{
    uint32_t bits = 0;
    unsigned num = 0;
    char *at = out;

    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | data[i]) & 0xffff;
        for (num += 8; num >= 6; num -= 6)
            *at++ = digits[bits >> (num - 6) & 63];
    }
    if (num > 0)
        *at++ = digits[bits << (6 - num) & 63];
    *at = 0;
    return out;
}

long base64url_read(const char *text, size_t text_len, uint8_t *out, size_t cap)
{
    uint32_t bits = 0;
    unsigned num = 0;
    size_t len = 0;

    for (size_t i = 0; i < text_len; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit)
            return -1;
        bits = (bits << 6 | (uint32_t)(digit - digits)) & 0x3fff;
        num += 6;
        if (num < 8)
            continue;
        if (len == cap)
            return -1;
        num -= 8;
        out[len++] = (uint8_t)(bits >> num);
    }
    if (num >= 6 || (bits & ((1u << num) - 1)) != 0)
        return -1;
    return (long)len;
}
