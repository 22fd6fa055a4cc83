/* base64url.h: bytes as text for links and files: RFC 4648, section 5, without padding. */
#ifndef BASE64URL_H
#define BASE64URL_H

#include <stddef.h>
#include <stdint.h>

/* Characters of `len` bytes, without the ending zero. */
#define BASE64URL_LEN(len) (((len) * 4 + 2) / 3)

/* `out` takes BASE64URL_LEN(len) + 1; gives `out`. */
char *base64url_write(const uint8_t *data, size_t len, char *out);
/* -1 for a foreign character, bits that stand for nothing, or more than `cap` bytes. */
long base64url_read(const char *text, size_t text_len, uint8_t *out, size_t cap);

#endif
