/* mailbox_map.h: 7F4D, where things lie in the private mailbox (protocol 10.3, P-33, D28). */
#ifndef LK_MSG_MAILBOX_MAP_H
#define LK_MSG_MAILBOX_MAP_H

#include "base/base.h"

/* The layout of every key that a car of this project orders (P-33, D28). A phone takes offsets from
 * the map that the car sends; an element knows this layout alone. */
enum {
    LK_TOKEN_LEN = 32,
    LK_NUM_SPARES = 8,
    LK_SLOT_LEN = 2,
    LK_CONFIDENTIAL_SIZE = (LK_NUM_SPARES + 1) * LK_TOKEN_LEN, /* 0120 */
    LK_PRIVATE_SIZE = 0x0640,
    LK_AT_SIGNALING = 0x0000,
    LK_AT_SLOT_BITMAP = 0x0001, /* bit i: spare i is there */
    LK_AT_SLOT_LIST = 0x0002,
    LK_AT_VEHICLE_DATA = 0x0012, /* FF23, lk_vehicle_data */
    LK_AT_ATTESTATIONS = 0x0040,
    LK_ATTESTATION_LEN = 0x0300, /* two packages */
};

/* Bits of the signaling byte (protocol 10.4; 02 is reserved, P-24). */
enum { LK_SIGNAL_SLOTS = 0x01, LK_SIGNAL_VEHICLE_DATA = 0x04, LK_SIGNAL_ATTESTATION = 0x08 };

/* Which of the optional elements are there. */
enum {
    LK_MAP_HAS_VEHICLE_DATA = 0x01,
    LK_MAP_HAS_ATTESTATIONS = 0x02,
    LK_MAP_HAS_SLOT_LEN = 0x04,
    LK_MAP_HAS_ATTESTATION_LEN = 0x08,
    LK_MAP_HAS_ALL = 0x0f,
};

/* C0 C1 [C2] [C3] D0 D1 D2 [D3] [D4] D5 [60]. Parse fills absent ones with their defaults. */
struct lk_mailbox_map {
    uint8_t has;
    uint16_t slot_bitmap;     /* C0, offset of one byte */
    uint16_t slot_list;       /* C1 */
    uint16_t vehicle_data;    /* C2; default C3 */
    uint16_t attestations;    /* C3; default D1 */
    uint16_t signaling;       /* D0, offset of one byte */
    uint16_t end;             /* D1 */
    uint8_t token_len;        /* D2 */
    uint8_t slot_len;         /* D3; default max(2, (C2 - C1) / 8) */
    uint16_t attestation_len; /* D4; default D1 - C3 */
    uint8_t version;          /* D5 */
    struct lk_bytes v3;       /* 60, opaque, or absent */
};
enum lk_status lk_mailbox_map_parse(struct lk_bytes in, struct lk_mailbox_map *out);
void lk_mailbox_map_write(const struct lk_mailbox_map *msg, struct lk_wr *wr);

/* LK_PEER_RANGE unless every region lies inside `private_size`, in the order bitmap, slot list,
 * vehicle data, attestations, end, and one package fits if there is room for any. */
enum lk_status lk_mailbox_map_check(const struct lk_mailbox_map *map, uint16_t private_size);

#endif
