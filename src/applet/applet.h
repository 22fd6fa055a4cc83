/* applet.h: what the files of this room share. One command is one turn: the dispatcher fills it,
 * one handler runs, the dispatcher moves the state and closes the answer. spec/applet.md. */
#ifndef LK_APPLET_ROOM_H
#define LK_APPLET_ROOM_H

#include <assert.h>

#include "apdu/apdu.h"
#include "chan/chan.h"
#include "crypto/crypto.h"
#include "latchkey/applet.h"
#include "latchkey/pki.h"
#include "msg/msg.h"
#include "tlv/tlv.h"

/* States of a session; IDLE is 0, so that a wiped session is idle. */
enum {
#define LK_APPLET_STATE(name, text) LK_APPLET_##name,
#include "facts/states.def"
#undef LK_APPLET_STATE
    LK_APPLET_NUM_STATES
};

/* What a signature is for (spec/facts/usages.def). */
#define LK_USAGE(name, value, signer, origin) static const uint32_t name = (value);
#include "facts/usages.def"
#undef LK_USAGE

/* Transaction codes that a fast answer may serve (P-09, S12). */
enum { LK_APPLET_P2_UNLOCK = 0x01, LK_APPLET_P2_LOCK = 0x02, LK_APPLET_P2_MAINTAIN = 0x04 };

/* VIEW items of this room beside those of msg/wired.h (D32). */
enum { LK_VIEW_CERTIFICATE = 0x05, LK_VIEW_TERMINATION = 0x06 };

/* "no endpoint" and "no Instance CA" as an index. */
#define LK_APPLET_NO_INDEX 0xff

/* Where the count of lk_endpoint.doubt stays; more than an element's memory can be written. */
#define LK_APPLET_DOUBT_MAX 0xffffffu

struct lk_turn {
    struct lk_applet *applet;
    struct lk_applet_session *session;
    struct lk_command command; /* the body of a sealed command is its plaintext */
    enum lk_interface interface;
    uint64_t now_ms;
    struct lk_wr reply; /* body of the answer, plaintext of a sealed one */
    uint8_t next;       /* state after success, for rows that say OWN */
    uint16_t sw;        /* where a page names one that the status does not; else 0 */
};

/* Protocol versions of this applet, highest first: the value of 5C (protocol 3.2). */
extern const uint8_t lk_applet_versions[2];

/* --- session.c --- */
void lk_session_forget(struct lk_applet *applet, struct lk_applet_session *session);
/* An endpoint can no longer answer: what runs on it goes on as with an unknown car (LI1, LI5). */
void lk_session_disown(struct lk_applet *applet, size_t endpoint, enum lk_status cause);
/* Keeps how the transaction came out, if there was one (D23). */
void lk_session_note(struct lk_applet *applet, const struct lk_applet_session *session,
                     enum lk_status status);
/* 1 if a tap for a door of this endpoint's car would be answered by it. */
int lk_endpoint_is_first(const struct lk_applet *applet, size_t index);
/* 1 while one user authentication is fresh and unspent (MANAGE UA). */
int lk_user_is_fresh(const struct lk_applet *applet, uint64_t now_ms);
/* Deletes endpoints that were not confirmed in time (D20); none is new any longer than that. */
void lk_unconfirmed_expire(struct lk_applet *applet, uint64_t now_ms);

/* --- records.c: every call between begin and end is one commit --- */
enum lk_status lk_records_load(struct lk_applet *applet);
enum lk_status lk_records_begin(struct lk_applet *applet);
/* Commits if `status` is LK_OK, cancels otherwise; gives the final status. */
enum lk_status lk_records_end(struct lk_applet *applet, enum lk_status status);
enum lk_status lk_record_settings(struct lk_applet *applet, uint8_t express, uint8_t locked);
enum lk_status lk_record_ca(struct lk_applet *applet, size_t index,
                            const struct lk_instance_ca *ca);
enum lk_status lk_record_endpoint(struct lk_applet *applet, size_t index,
                                  const struct lk_endpoint *endpoint);
enum lk_status lk_record_certificate(struct lk_applet *applet, size_t index, struct lk_bytes h);
enum lk_status lk_record_termination(struct lk_applet *applet, size_t index,
                                     struct lk_bytes attestation);
enum lk_status lk_record_persistent(struct lk_applet *applet, size_t index,
                                    const struct lk_persistent *key, uint64_t age);
/* 0 takes the record away. */
enum lk_status lk_record_doubt(struct lk_applet *applet, size_t index, uint32_t doubt);
enum lk_status lk_record_mailboxes(struct lk_applet *applet, size_t index, const uint8_t *image);
enum lk_status lk_record_encryption_key(struct lk_applet *applet, size_t index, struct lk_key key);
enum lk_status lk_record_drop_ca(struct lk_applet *applet, size_t index);
enum lk_status lk_record_drop_endpoint(struct lk_applet *applet, size_t index);
enum lk_status lk_record_drop_persistent(struct lk_applet *applet, size_t index);
enum lk_status lk_record_drop_confidential(struct lk_applet *applet, size_t index);
enum lk_status lk_record_drop_encryption_key(struct lk_applet *applet, size_t index);
enum lk_status lk_record_read_mailboxes(struct lk_applet *applet, size_t index, uint8_t *image);
enum lk_status lk_record_read_certificate(struct lk_applet *applet, size_t index, uint8_t *out,
                                          size_t cap, size_t *out_len);
enum lk_status lk_record_read_termination(struct lk_applet *applet, size_t index, uint8_t *out,
                                          size_t cap, size_t *out_len);

/* The caller frees the key. */
enum lk_status lk_record_load_encryption_key(struct lk_applet *applet, size_t index,
                                             struct lk_key *out, uint8_t out_public[LK_POINT_LEN]);

/* --- endpoint.c, ca.c --- */
/* Index of the endpoint or CA, or LK_APPLET_NO_INDEX. */
size_t lk_endpoint_find(const struct lk_applet *applet, struct lk_bytes id);
size_t lk_ca_find(const struct lk_applet *applet, struct lk_bytes name);
/* Writes the DER Name of an Instance CA, one CommonName; gives its length. */
size_t lk_ca_name(const struct lk_instance_ca *ca, uint8_t out[64]);
/* Forgets an endpoint in RAM and frees its key. */
void lk_endpoint_forget(struct lk_applet *applet, size_t index);
/* Deletes an endpoint: one commit, then RAM. */
enum lk_status lk_endpoint_delete(struct lk_applet *applet, size_t index);

/* --- exchange.c: the staged image of one endpoint's two mailboxes --- */
/* Loads the image of `endpoint` unless it is there. Nothing of another endpoint may be staged. */
enum lk_status lk_mailbox_load(struct lk_applet *applet, size_t endpoint);
void lk_mailbox_drop(struct lk_applet *applet);
/* Stores the loaded image in one commit; if that fails, RAM forgets what the store does not say. */
enum lk_status lk_mailbox_store(struct lk_applet *applet, size_t endpoint);

/* --- sharing.c --- */
/* The endpoint `id`, if it is an owner's that may share now; else why not. */
enum lk_status lk_sharer_find(const struct lk_applet *applet, struct lk_bytes id,
                              size_t *out_index);
/* The consent to sign this entitlement with this endpoint, or NULL. */
struct lk_applet_consent *lk_consent_find(struct lk_applet *applet, struct lk_bytes endpoint_id,
                                          struct lk_bytes hash, uint64_t now_ms);
/* An endpoint that goes takes its consents along. */
void lk_consent_forget(struct lk_applet *applet, const struct lk_endpoint *endpoint);

/* --- one handler per row of spec/facts/commands.def --- */
#define LK_APPLET_COMMAND(name, cla, ins, interfaces, states, min, max, next, handler) \
    enum lk_status lk_applet_on_##handler(struct lk_turn *turn);
#include "facts/commands.def"
#undef LK_APPLET_COMMAND

#endif
