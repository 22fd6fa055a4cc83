/* entitlement.h: FF20, what the owner grants: profile, time, slot, car, and until when it may be
 * brought there (project-defined: P-18, D4, S4, S7, S8). Its hash is in 7F25, so the owner's
 * signature covers it, and in the consent of the owner's element (S5). */
#ifndef LK_MSG_ENTITLEMENT_H
#define LK_MSG_ENTITLEMENT_H

#include "base/base.h"
#include "latchkey/access.h"

/* DF27: speed(1) power(1) starts(2) days(1) from(2) to(2). */
#define LK_LIMITS_LEN 9
/* DF2B: methods(1), and salt(8) mac(16) if the sharing password is one of them. */
#define LK_ACTIVATION_SALT_LEN 8
#define LK_ACTIVATION_MAC_LEN 16
/* Longest FF20 with its header, bytes. */
#define LK_ENTITLEMENT_MAX 192

/* DF21 DF23 DF24 DF25 DF26 [DF27] DF28 DF29 DF2A [DF2B]. */
struct lk_entitlement {
    uint32_t profile;
    struct lk_bytes not_before, not_after; /* 15 each */
    struct lk_bytes slot;                  /* 0 to 8; empty (not absent): the car assigns */
    struct lk_bytes vehicle_id;            /* 8 */
    uint8_t has_limits;
    struct lk_limits limits;
    struct lk_bytes sharer;                /* 20: key identifier of the owner's endpoint */
    uint32_t epoch;
    struct lk_bytes redeem_by;             /* 15 */
    uint8_t activation;                    /* LK_ACTIVATE_*; 0: DF2B is absent */
    struct lk_bytes salt, mac;             /* 8 and 16 with LK_ACTIVATE_PASSWORD, else absent */
    struct lk_bytes whole;                 /* set by parse: FF20 with its header */
};
enum lk_status lk_entitlement_parse(struct lk_bytes in, struct lk_entitlement *out);
void lk_entitlement_write(const struct lk_entitlement *msg, struct lk_wr *wr);

/* FF23: what a car tells its owner's phone for sharing, at the offset of the vehicle's own data:
 * DF29 DF2C. */
struct lk_vehicle_data {
    uint32_t epoch;            /* present sharing epoch (S7) */
    struct lk_bytes share_key; /* 16: for the MAC of a sharing password */
};
#define LK_VEHICLE_DATA_LEN 29
enum lk_status lk_vehicle_data_parse(struct lk_bytes in, struct lk_vehicle_data *out);
void lk_vehicle_data_write(const struct lk_vehicle_data *msg, struct lk_wr *wr);

#endif
