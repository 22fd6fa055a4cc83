/* apdu.h: short command and response APDUs of ISO 7816-4. Extended ones are refused with 6700. */
#ifndef LK_APDU_H
#define LK_APDU_H

#include "base/base.h"
#include "latchkey/link.h"

/* Status words. */
enum {
    LK_SW_OK = 0x9000,
    LK_SW_MORE = 0x6100,
    LK_SW_LENGTH = 0x6700,
    LK_SW_SECURITY = 0x6982,
    LK_SW_SEQUENCE = 0x6985,
    LK_SW_MAC = 0x6988,
    LK_SW_DATA = 0x6a80,
    LK_SW_NOT_FOUND = 0x6a82,
    LK_SW_NO_MEMORY = 0x6a84,
    LK_SW_INVALID = 0x6a88,
    LK_SW_P1P2 = 0x6b00,
    LK_SW_INS = 0x6d00,
    LK_SW_CLASS = 0x6e00,
    LK_SW_INTERNAL = 0x6f00,
    LK_SW_NOT_READY = 0x9484,
};

struct lk_command {
    uint8_t cla, ins, p1, p2;
    struct lk_bytes body;
    uint16_t le; /* 0: none; 1 to 256 */
};

/* LK_PEER_APDU for anything but the four short cases (extended lengths included). */
enum lk_status lk_command_parse(struct lk_bytes in, struct lk_command *out);
/* Writes a command; `out` takes LK_APDU_COMMAND_MAX. Body over 255: LK_CALLER_ARGUMENT. */
enum lk_status lk_command_write(const struct lk_command *command, uint8_t *out, size_t *out_len);
/* Splits a response. LK_PEER_APDU if shorter than 2 or longer than LK_APDU_RESPONSE_MAX. */
enum lk_status lk_response_parse(struct lk_bytes in, struct lk_bytes *out_body, uint16_t *out_sw);
/* The status word that answers `status` on the air where a row of the specification names no other.
 */
uint16_t lk_sw_for_status(enum lk_status status);
/* What a reader concludes from a status word that is not 9000: LK_PEER_UNAVAILABLE for 6985 ... */
enum lk_status lk_status_for_sw(uint16_t sw);

#endif
