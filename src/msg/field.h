/* field.h: what the messages share: fields of fixed length, lists and dates, both directions.
 * For the files of src/msg alone; rules of parse and write: msg.h. */
#ifndef LK_MSG_FIELD_H
#define LK_MSG_FIELD_H

#include "msg/select.h" /* LK_VERSION_LIST_MAX */
#include "msg/tags.h"
#include "tlv/tlv.h"

/* Reads a TLV with a number; its length is exact. */
uint8_t lk_field_u8(struct lk_rd *rd, uint16_t tag);
uint16_t lk_field_u16(struct lk_rd *rd, uint16_t tag);
uint32_t lk_field_u32(struct lk_rd *rd, uint16_t tag);
/* Reads a TLV of exactly `len` bytes. */
struct lk_bytes lk_field_take(struct lk_rd *rd, uint16_t tag, size_t len);
struct lk_bytes lk_field_maybe(struct lk_rd *rd, uint16_t tag, size_t len);
/* Takes a TLV with its header, at most `max` bytes: for an object whose parser wants it whole. */
struct lk_bytes lk_field_whole(struct lk_rd *rd, uint16_t tag, size_t max);
/* Reads a point: 65 bytes, 04 first (LK_PEER_POINT). */
struct lk_bytes lk_field_point(struct lk_rd *rd, uint16_t tag);
struct lk_bytes lk_field_maybe_point(struct lk_rd *rd, uint16_t tag);
/* Reads a list of versions: 1 to 8 of two bytes (protocol 1.1). */
struct lk_bytes lk_field_versions(struct lk_rd *rd, uint16_t tag);
/* Reads a date of the calendar, YYYYMMDDhhmmssZ; maybe: or an absent run. */
struct lk_bytes lk_field_date(struct lk_rd *rd, uint16_t tag);
struct lk_bytes lk_field_maybe_date(struct lk_rd *rd, uint16_t tag);

/* Writes a run that must have a length in min..max, else LK_CALLER_ARGUMENT. */
void lk_field_put(struct lk_wr *wr, uint16_t tag, struct lk_bytes run, size_t min, size_t max);
/* The same, but nothing if the run is absent. */
void lk_field_put_maybe(struct lk_wr *wr, uint16_t tag, struct lk_bytes run, size_t min,
                        size_t max);
void lk_field_put_point(struct lk_wr *wr, uint16_t tag, struct lk_bytes point);
void lk_field_put_versions(struct lk_wr *wr, uint16_t tag, struct lk_bytes versions);
void lk_field_put_date(struct lk_wr *wr, uint16_t tag, struct lk_bytes date);
void lk_field_put_maybe_date(struct lk_wr *wr, uint16_t tag, struct lk_bytes date);
void lk_field_refuse(struct lk_wr *wr); /* LK_CALLER_ARGUMENT, if nothing failed before */

/* Ends a parse: closes the window and gives the verdict. A left-over TLV is LK_PEER_TAG. */
enum lk_status lk_field_close(struct lk_rd *rd);

#endif
