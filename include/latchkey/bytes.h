/* bytes.h: a borrowed run of bytes. Nobody owns memory through it. */
#ifndef LATCHKEY_BYTES_H
#define LATCHKEY_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* `len` bytes at `at`; `at` may be NULL when `len` is 0. Never owns, never outlives its source. */
struct lk_bytes {
    const uint8_t *at;
    size_t len;
};

/* Lengths of the protocol, bytes. */
#define LK_POINT_LEN 65      /* 04 || x || y of P-256 */
#define LK_SCALAR_LEN 32     /* integer below the order of P-256, big-endian */
#define LK_HASH_LEN 32       /* SHA-256 */
#define LK_SIGNATURE_LEN 64  /* r || s */
#define LK_KEY_ID_LEN 20     /* SHA-1 of a public key */
#define LK_VEHICLE_ID_LEN 8
#define LK_ENDPOINT_ID_LEN 8 /* decision D1: exactly eight */
#define LK_TRANSACTION_ID_LEN 16
#define LK_AES_KEY_LEN 16
#define LK_SLOT_ID_MAX 8
#define LK_DATE_LEN 15       /* YYYYMMDDhhmmssZ */

#endif
