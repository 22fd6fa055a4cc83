/* control_flow.h: CONTROL FLOW of the applet (protocol 13.3) and OP CONTROL FLOW of the framework
 * (protocol 4.11, P-04). Neither has a body: all is in P1 and P2. Neither is authenticated: a hint
 * for a display, never a reason to change a key (S1). */
#ifndef LK_MSG_CONTROL_FLOW_H
#define LK_MSG_CONTROL_FLOW_H

#include "base/base.h"

/* CONTROL FLOW. */
enum { LK_CONTROL_FAILED = 0x00, LK_CONTROL_DONE = 0x01, LK_CONTROL_SPECIFIC = 0x40 };
enum {
    LK_CONTROL_NO_INFO = 0x00,
    LK_CONTROL_SIGNATURE = 0x04,
    LK_CONTROL_KEY_ENDED = 0xa0,   /* check with the car */
    LK_CONTROL_NOT_READY = 0xb0,   /* doors not closed, vehicle not ready */
    LK_CONTROL_NOT_PARKED = 0xb1,
};

/* OP CONTROL FLOW. */
enum { LK_OP_CONTINUE = 0x10, LK_OP_END = 0x11, LK_OP_ABORT = 0x12 };
/* P2 after CONTINUE. */
enum { LK_OP_MAKE_KEY = 0x01, LK_OP_KEY_ACCEPTED = 0x02 };
/* P2 after END (P-04). */
enum { LK_OP_FINISHED = 0x00, LK_OP_FINISHED_TOKENS_ONLINE = 0x01 };
/* P2 after ABORT (P-04; 09 to 0C are public). */
enum lk_op_abort {
    LK_OP_NO_REASON = 0x00,
    LK_OP_NO_SPAKE_VERSION = 0x01,
    LK_OP_NO_APPLET_VERSION = 0x02,
    LK_OP_ATTEMPTS_USED = 0x03,
    LK_OP_NEW_PASSWORD = 0x04,
    LK_OP_TIMEOUT = 0x05,
    LK_OP_UNEXPECTED_SW = 0x06,
    LK_OP_CHANNEL = 0x07,
    LK_OP_MALFORMED = 0x08,
    LK_OP_EVIDENCE = 0x09,
    LK_OP_CHAIN = 0x0a,
    LK_OP_CERT_SIGNATURE = 0x0b,
    LK_OP_POINT_X = 0x0c,
    LK_OP_EXTENSION = 0x0d,
    LK_OP_SLOTS_FULL = 0x0e,
    LK_OP_CANCELLED = 0x0f,
};

/* LK_OK for a P1 this side knows, LK_PEER_P1P2 otherwise. P2 of FAILED, DONE and ABORT is free:
 * unknown reasons are accepted; P2 of CONTINUE must be known. */
enum lk_status lk_control_flow_check(uint8_t p1, uint8_t p2);
enum lk_status lk_op_control_flow_check(uint8_t p1, uint8_t p2);
/* Plain words, static storage; "unknown" for what is not in the tables. */
const char *lk_control_flow_text(uint8_t p1, uint8_t p2);
const char *lk_op_control_flow_text(uint8_t p1, uint8_t p2);

#endif
