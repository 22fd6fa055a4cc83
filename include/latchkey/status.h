/* status.h: what a call returns, and what a decision is.
 *
 * A status says whether a call worked and, if not, whose fault it was. A verdict says whether a
 * door may open; it is not a status and no status converts to it. Both are plain enums without
 * state; every function here may be called from any thread.
 * Source: spec/facts/status.def; decision D26 of the project for grants. */
#ifndef LATCHKEY_STATUS_H
#define LATCHKEY_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* One enum for the whole product. LK_OK is 0; functions start their own variable at LK_INTERNAL,
 * so that a forgotten branch fails. */
enum lk_status {
#define LK_STATUS(name, value, exit_code, what, advice) name = value,
#include "facts/status.def"
#undef LK_STATUS
    LK_STATUS_END_ = 0x7fff
};

/* Whose fault a status is: its high byte. */
enum lk_fault {
    LK_FAULT_NONE = 0,      /* LK_OK */
    LK_FAULT_PEER = 1,      /* answer and close */
    LK_FAULT_CALLER = 2,    /* fix the call */
    LK_FAULT_PORT = 3,      /* retry or report */
    LK_FAULT_OURSELVES = 4, /* stop */
};

/* A decision about opening. The two words differ in all 16 bits; compare with == only.
 * A variable of this type begins at LK_DENY and becomes LK_GRANT on one line. */
enum lk_verdict { LK_DENY = 0x3a5c, LK_GRANT = 0xc5a3 };

/* Whose fault `status` is. Unknown numbers are LK_FAULT_OURSELVES. */
enum lk_fault lk_status_fault(enum lk_status status);

/* The name of `status` as spelled in this header, for logs; "LK_UNKNOWN" for other numbers.
 * Static storage. */
const char *lk_status_name(enum lk_status status);

/* One clause for people: what was wrong. No capital, no full stop. Static storage. */
const char *lk_status_what(enum lk_status status);

/* One clause for people: what to do about it; "" if there is nothing to do. Static storage. */
const char *lk_status_advice(enum lk_status status);

/* The exit code of the command line for `status`, 0 to 70; 70 for unknown numbers. */
int lk_status_exit_code(enum lk_status status);

#ifdef __cplusplus
}
#endif
#endif
