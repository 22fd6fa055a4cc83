/* latchkey.h: everything, and the rules that hold everywhere.
 *
 * - Names: lk_<room>_<verb>_<noun>. Every call returns enum lk_status unless it cannot fail.
 * - Outputs are written on LK_OK alone, unless a comment says otherwise.
 * - The caller places every struct; the core takes no heap, reads no clock, does no I/O and has no
 *   writable statics. `init` begins, `forget` wipes.
 * - Lengths are bytes, times are milliseconds on a monotonic clock of the caller, integers on the
 * wire are big-endian.
 * - A struct and what it borrows are used by one thread at a time.
 * - The product follows the publicly described CCC Digital Key protocol. It is not certified and
 * claims no mark; what nobody has published is project-defined and labelled with its P, O, D or S
 * number. */
#ifndef LATCHKEY_LATCHKEY_H
#define LATCHKEY_LATCHKEY_H

#define LATCHKEY_VERSION_MAJOR 0
#define LATCHKEY_VERSION_MINOR 1
#define LATCHKEY_VERSION_PATCH 0
#define LATCHKEY_VERSION "0.1.0"

#include "applet.h"
#include "device.h"
#include "pki.h"
#include "status.h"
#include "vehicle.h"

#ifdef __cplusplus
extern "C" {
#endif
/* The version of the linked library, "0.1.0". Static storage. */
const char *lk_version(void);
#ifdef __cplusplus
}
#endif
#endif
