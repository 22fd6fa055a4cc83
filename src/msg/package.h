/* package.h: 7F25, the owner's word about a friend's key, and 7F35, the package that carries it to
 * the car (protocol 11.2, D4). Parse does not verify: the caller checks `signature` over
 * `signed_part` and the hash of the entitlement (S4). */
#ifndef LK_MSG_PACKAGE_H
#define LK_MSG_PACKAGE_H

#include "msg/entitlement.h"

#define LK_SHARE_RANDOM_LEN 20
/* 7F25 with its header, bytes: it has one length. */
#define LK_SHARE_LEN 136
/* Longest value of tag 45, bytes. */
#define LK_RECEIPT_MAX 224

/* 7F25: 41 92 5A 58 93. */
struct lk_share {
    struct lk_bytes random;           /* 20: makes two attestations of one key differ */
    struct lk_bytes device_key;       /* 65, the friend's */
    struct lk_bytes entitlement_hash; /* SHA-256 of the whole FF20, 32 */
    struct lk_bytes signed_part;      /* set by parse: the value of 7F25 */
    struct lk_bytes whole;            /* set by parse: 7F25 with its header */
};
enum lk_status lk_share_parse(struct lk_bytes in, struct lk_share *out);
void lk_share_write(const struct lk_share *msg, struct lk_wr *wr);

enum lk_device_type { LK_DEVICE_PHONE = 1, LK_DEVICE_WATCH = 2 };

/* 7F35: 7F25 9E FF20 [4E] [48] [45]. */
struct lk_package {
    struct lk_share share;
    struct lk_bytes signature; /* 64, of the owner's endpoint */
    struct lk_entitlement entitlement;
    struct lk_bytes slot;      /* 1 to 8, or absent */
    uint8_t device_type;       /* enum lk_device_type; 0: absent */
    struct lk_bytes receipt;   /* value of 45 (attestation.h), or absent */
};
enum lk_status lk_package_parse(struct lk_bytes in, struct lk_package *out);
void lk_package_write(const struct lk_package *msg, struct lk_wr *wr);

#endif
