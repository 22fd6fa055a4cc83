/* der.h: strict DER over a read window, and a small writer. spec/certificates.md, section 2.
 *
 * Reading: definite lengths in the short form, 81 (from 128) or 82 (from 256), no others; every
 * length bounded by its parent; one-byte tags. Anything else is LK_CERT_DER, sticky in the window.
 * No heap, no copy: what is given points into the window. One thread per window. */
#ifndef LK_DER_H
#define LK_DER_H

#include "base/base.h"

#define LK_DER_BOOLEAN 0x01
#define LK_DER_INTEGER 0x02
#define LK_DER_BIT_STRING 0x03
#define LK_DER_OCTET_STRING 0x04
#define LK_DER_OID 0x06
#define LK_DER_UTF8 0x0c
#define LK_DER_PRINTABLE 0x13
#define LK_DER_UTC_TIME 0x17
#define LK_DER_GENERALIZED_TIME 0x18
#define LK_DER_SEQUENCE 0x30
#define LK_DER_SET 0x31
#define LK_DER_CONTEXT(n) ((uint8_t)(0x80 + (n)))             /* [n] IMPLICIT, primitive */
#define LK_DER_CONTEXT_CONSTRUCTED(n) ((uint8_t)(0xa0 + (n))) /* [n] EXPLICIT */

/* The next tag without taking it; 0 at the end or after a fault. */
uint8_t lk_der_peek(const struct lk_rd *rd);
/* Takes the next element, which must have `tag`, and gives its content. */
struct lk_bytes lk_der_take(struct lk_rd *rd, uint8_t tag);
/* The same, header included: for what is compared or hashed as a whole. */
struct lk_bytes lk_der_whole(struct lk_rd *rd, uint8_t tag);
/* The same, as a child window; close the child. */
struct lk_rd lk_der_enter(struct lk_rd *rd, uint8_t tag);
/* BOOLEAN DEFAULT FALSE: 1 if TRUE (FF) is next, 0 if no BOOLEAN is; FALSE written out is a
 * fault. */
uint8_t lk_der_flag(struct lk_rd *rd);
/* INTEGER or [n] IMPLICIT INTEGER: the content, minimal two's complement, 1 byte or more. */
struct lk_bytes lk_der_integer(struct lk_rd *rd, uint8_t tag);
/* The same for a value of 0 to 65535. */
uint16_t lk_der_u16(struct lk_rd *rd, uint8_t tag);
/* BIT STRING: the bytes after the count of unused bits, which goes to *out_unused, is 0 to 7, 0 for
 * an empty string, and whose bits are zero. */
struct lk_bytes lk_der_bits(struct lk_rd *rd, uint8_t *out_unused);
/* OBJECT IDENTIFIER content: every number minimal and complete. */
struct lk_bytes lk_der_oid(struct lk_rd *rd);
/* A fault if anything is left. */
void lk_der_close(struct lk_rd *rd);

/* One element with its header. LK_CALLER_SPACE is sticky in the window, as for all writers;
 * content above 65535 bytes is LK_CALLER_SPACE too. */
void lk_der_put(struct lk_wr *wr, uint8_t tag, const void *content, size_t len);
/* The non-negative number `value` as a minimal INTEGER. */
void lk_der_put_u16(struct lk_wr *wr, uint8_t tag, uint16_t value);
/* The big-endian unsigned number of `len` bytes as a minimal INTEGER. */
void lk_der_put_unsigned(struct lk_wr *wr, uint8_t tag, const uint8_t *number, size_t len);
/* Puts a header before everything written since `from` (a value of wr->len), moving it up: a
 * constructed element is written content first. */
void lk_der_wrap(struct lk_wr *wr, size_t from, uint8_t tag);

#endif
