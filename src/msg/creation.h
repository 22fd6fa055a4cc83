/* creation.h: 7F4A, creation data: what the car demands of the key (protocol 5.3, P-06). */
#ifndef LK_MSG_CREATION_H
#define LK_MSG_CREATION_H

#include "base/base.h"

/* Bits of option group 1 and 2 (protocol 5.3). */
enum {
    LK_OPTION1_STANDARD = 0x01,
    LK_OPTION1_FAST = 0x02,
    LK_OPTION1_STANDARD_WIRED = 0x04,
    LK_OPTION1_FAST_WIRED = 0x08,
    LK_OPTION1_AUTHORIZE = 0x10,
    LK_OPTION1_CHAIN_SHARING = 0x20, /* refused, P-29 */
    LK_OPTION1_EXCHANGE_WIRED = 0x40,
    LK_OPTION1_EXCHANGE_FAST = 0x80,
    LK_OPTION2_SIGN = 0x01,
    LK_OPTION2_EXPORT = 0x02,
    LK_OPTION2_SERVER_KEY = 0x04, /* refused, P-29 */
    LK_OPTION2_FLEET = 0x08,      /* refused, P-29 */
    LK_OPTION2_COMPRESSED = 0x40,
    LK_OPTION2_CONFIDENTIAL = 0x80,
};

/* 4D 46 47 4A 4B 4E 49 51 52 DF01, in this order. */
struct lk_creation {
    struct lk_bytes vehicle_id; /* 8 */
    uint8_t option1, option2;
    uint16_t confidential_size, private_size; /* bytes */
    struct lk_bytes slot;           /* 1 to 8 */
    struct lk_bytes authorized_key; /* 65: exactly one */
    struct lk_bytes not_before;     /* 15, or absent (owners) */
    struct lk_bytes not_after;      /* 15, or absent */
    struct lk_bytes vehicle_key;    /* 65, or absent; must equal the key of K */
};
enum lk_status lk_creation_parse(struct lk_bytes in, struct lk_creation *out);
void lk_creation_write(const struct lk_creation *msg, struct lk_wr *wr);

#endif
