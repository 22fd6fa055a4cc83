/* device_config.h: 7F4E, device configuration (protocol 4.9). What is not public is kept as opaque
 * runs and never makes a pairing fail (P-23); only order and nesting are judged. */
#ifndef LK_MSG_DEVICE_CONFIG_H
#define LK_MSG_DEVICE_CONFIG_H

#include "base/base.h"

/* A window into a mailbox, as AUTH1 shows it. */
struct lk_window {
    uint16_t offset;
    uint8_t length;
    uint8_t is_set; /* 0: absent */
};

/* [7F49] [4A] [4B] [54] [5B] [D7] [D8] [D9] [7F60 { [DA] [DB] [DC] [DD] [DE] }] [60] [7F2A]. */
struct lk_device_configuration {
    struct lk_bytes radios; /* value of 7F49; absent: NFC only */
    struct lk_window confidential_window, private_window;
    struct lk_bytes versions_initiator, versions_vehicle; /* two bytes each version */
    struct lk_bytes receipt_required;     /* D7 */
    struct lk_bytes sharing_password_len; /* D8, 2 */
    struct lk_bytes profiles;             /* D9 */
    uint8_t has_sharing;                  /* 1: 7F60 is there */
    struct lk_bytes token_config, db, dc; /* DA DB DC */
    struct lk_bytes offline_attestations; /* DD, 1 byte, at most 16 */
    struct lk_bytes de;
    struct lk_bytes v3;                   /* 60 */
    struct lk_bytes oem;                  /* 7F2A */
};
enum lk_status lk_device_configuration_parse(struct lk_bytes in,
                                             struct lk_device_configuration *out);
void lk_device_configuration_write(const struct lk_device_configuration *msg, struct lk_wr *wr);

#endif
