/* msg.h: every message as a typed struct; from here on there are no raw bytes.
 *
 * One header and one source file per message, both directions in one file. For all of them:
 * - `lk_<msg>_parse(in, out)` takes the whole of `in` or nothing: order, lengths and tags are those
 *   of the page, a missing, doubled, unknown or misplaced tag is LK_PEER_TAG, a length outside its
 *   bounds LK_PEER_LENGTH, a malformed TLV LK_PEER_TLV, a value LK_PEER_VALUE. `out` is untouched
 *   on failure. Runs in `out` are windows into `in`, which must outlive it.
 * - `lk_<msg>_write(msg, wr)` writes the same bytes; the fault stays in `wr`: LK_CALLER_SPACE, or
 *   LK_CALLER_ARGUMENT for a struct that parse would refuse.
 * - What is accepted re-encodes to the same bytes: there is one encoding.
 * - An optional run that is absent has `at` NULL.
 * - Points are 65 bytes that begin with 04; whether they lie on the curve is for src/crypto.
 * Objects with an outer tag (7F4A, 7F4D, 7F4E) are read and written with it. */
#ifndef LK_MSG_H
#define LK_MSG_H

#include "msg/attestation.h"
#include "msg/auth0.h"
#include "msg/auth1.h"
#include "msg/control_flow.h"
#include "msg/creation.h"
#include "msg/device_config.h"
#include "msg/entitlement.h"
#include "msg/exchange.h"
#include "msg/mailbox_map.h"
#include "msg/package.h"
#include "msg/pairing_data.h"
#include "msg/select.h"
#include "msg/sharing.h"
#include "msg/spake2.h"
#include "msg/tags.h"
#include "msg/wired.h"

#endif
