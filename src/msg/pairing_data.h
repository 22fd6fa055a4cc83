/* pairing_data.h: what the car writes in the two transactions of pairing (protocol 4.9).
 * The parts may be cut anywhere into WRITE DATA commands; P1 is not authenticated, so the end is
 * found in the data alone (P-22, S2). */
#ifndef LK_MSG_PAIRING_DATA_H
#define LK_MSG_PAIRING_DATA_H

#include "msg/attestation.h"
#include "msg/creation.h"
#include "msg/device_config.h"
#include "msg/mailbox_map.h"

/* Transaction 1: 7F4A 7F4B [7F4C] 7F4D 7F4E 5F5F. */
struct lk_pairing_data {
    struct lk_creation creation;
    struct lk_bytes creation_tlv; /* set by parse: 7F4A as sent; write ignores it */
    struct lk_bytes k;            /* DER, 1 to LK_CERT_MAX */
    struct lk_bytes intermediate; /* DER, or absent */
    struct lk_mailbox_map map;
    struct lk_device_configuration config;
};
enum lk_status lk_pairing_data_parse(struct lk_bytes in, struct lk_pairing_data *out);
void lk_pairing_data_write(const struct lk_pairing_data *msg, struct lk_wr *wr);

/* Transaction 2: [5F5A] 5F5F. */
struct lk_pairing_attestation {
    uint8_t has_attestation;
    struct lk_vehicle_attestation attestation; /* value of 5F5A (P-31, S10) */
};
enum lk_status lk_pairing_attestation_parse(struct lk_bytes in,
                                            struct lk_pairing_attestation *out);
void lk_pairing_attestation_write(const struct lk_pairing_attestation *msg, struct lk_wr *wr);

/* Reassembly of either: *out_is_whole is 1 once 5F5F ends the bytes, 0 while more must come.
 * LK_PEER_TLV for a malformed header or a 5F5F with content, LK_PEER_TAG for bytes after 5F5F,
 * LK_PEER_TOO_LONG when it can no longer fit into LK_REASSEMBLY_MAX. */
enum lk_status lk_pairing_data_whole(struct lk_bytes in, int *out_is_whole);

#endif
