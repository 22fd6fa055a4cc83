/* tlv.h: BER-TLV with one- or two-byte tags and minimal definite lengths (00..7F, 81, 82). Strict.
 * Alone in the house knows tags and lengths. spec/protocol: 1.1. */
#ifndef LK_TLV_H
#define LK_TLV_H

#include "base/base.h"

/* Takes the next TLV, which must have `tag` (LK_PEER_TAG) and a length in min..max
 * (LK_PEER_LENGTH); malformed: LK_PEER_TLV. Gives the value. */
struct lk_bytes lk_tlv_take(struct lk_rd *rd, uint16_t tag, size_t min, size_t max);
/* The same for a constructed TLV: a child window over its value; close the child. */
struct lk_rd lk_tlv_enter(struct lk_rd *rd, uint16_t tag);
/* The tag of the next TLV without taking it; 0 at the end or after a fault. */
uint16_t lk_tlv_peek(struct lk_rd *rd);
/* As take if the next tag is `tag`; otherwise an empty run with `at` NULL and nothing taken. */
struct lk_bytes lk_tlv_maybe(struct lk_rd *rd, uint16_t tag, size_t min, size_t max);
/* Takes any TLV. */
struct lk_bytes lk_tlv_any(struct lk_rd *rd, uint16_t *out_tag);
/* Length of the first TLV of `in`, header included; 0 if more bytes are needed to know. *fault is
 * LK_PEER_TLV for a malformed header, else LK_OK. For reassembly (S2). */
size_t lk_tlv_total(struct lk_bytes in, enum lk_status *fault);

void lk_tlv_put(struct lk_wr *wr, uint16_t tag, const void *value, size_t len);
void lk_tlv_put_u8(struct lk_wr *wr, uint16_t tag, uint8_t value);
void lk_tlv_put_u16(struct lk_wr *wr, uint16_t tag, uint16_t value);
void lk_tlv_put_u32(struct lk_wr *wr, uint16_t tag, uint32_t value);
/* Header alone, the caller writes `len` bytes of value next. */
void lk_tlv_head(struct lk_wr *wr, uint16_t tag, size_t len);
/* A TLV whose length is known only afterwards: begin writes the tag and returns where its value
 * starts; end puts the minimal length before what was written since. May be nested. */
size_t lk_tlv_begin(struct lk_wr *wr, uint16_t tag);
void lk_tlv_end(struct lk_wr *wr, size_t value_at);
/* Bytes a TLV with a value of `len` takes. */
size_t lk_tlv_size(uint16_t tag, size_t len);

#endif
