/* trace.h: the inspector's core: names every byte of a recorded conversation, says which check it
 * fails, and opens the secure channel when it is given the session keys.
 *
 * The caller places one `struct lk_trace` per link, feeds commands and responses in the order of
 * time, and gets lines through a callback. Nothing here decides anything, and nothing is kept but
 * what the next APDU needs. Secrets: session keys if given; wiped by lk_trace_forget. spec/facts is
 * the only source of names. No heap; one thread at a time. */
#ifndef LK_TRACE_H
#define LK_TRACE_H

#include "apdu/apdu.h"
#include "chan/chan.h"
#include "msg/msg.h"

/* What a line is about. */
enum lk_trace_kind {
    LK_TRACE_HEADER = 1, /* a byte or two of the APDU itself: CLA, INS, P1, P2, Lc, Le, SW */
    LK_TRACE_TLV = 2,    /* one TLV; its parts follow one level deeper */
    LK_TRACE_FIELD = 3,  /* bytes without a TLV around them */
    LK_TRACE_SEALED = 4, /* ciphertext and MAC as they came; what was inside follows, if opened */
    LK_TRACE_CHECK = 5,  /* a check and how it came out: `status` */
};

/* One line. All pointers live until the callback returns; `name` and `text` are static. */
struct lk_trace_line {
    enum lk_trace_kind kind;
    unsigned depth;        /* 0: the APDU, 1 and more: inside it */
    int is_opened;         /* 1: these bytes were inside the channel */
    struct lk_bytes bytes; /* with tag and length; empty for a check */
    struct lk_bytes value; /* without them */
    uint16_t tag;          /* of a TLV, else 0 */
    const char *name;      /* as in spec/facts, or CLA, INS ... */
    const char *text;      /* plain words */
    enum lk_status status; /* of a check; LK_OK elsewhere */
};
typedef void (*lk_trace_sink)(void *ctx, const struct lk_trace_line *line);

/* What the signatures of AUTH1 cover, and whose they are. */
struct lk_trace_auth {
    uint8_t vehicle_key[LK_POINT_LEN], device_key[LK_POINT_LEN];
    uint8_t has_vehicle_key, has_device_key;
    uint8_t is_begun, is_whole; /* AUTH0 was seen; its answer too */
    uint8_t vehicle_ephemeral[LK_POINT_LEN], device_ephemeral[LK_POINT_LEN];
    uint8_t transaction_id[LK_TRANSACTION_ID_LEN], vehicle_id[LK_VEHICLE_ID_LEN];
};

/* Fields belong to src/trace. */
struct lk_trace {
    struct lk_crypto *crypto;
    lk_trace_sink sink;
    void *ctx;
    enum lk_aid selected;
    enum lk_aid selecting;      /* named by the SELECT that waits for its answer */
    uint8_t is_wired;
    struct lk_command command;  /* header of the last command; its body is not kept */
    uint8_t has_command;
    struct lk_chan chan;
    struct lk_trace_auth auth;
    uint8_t data[LK_REASSEMBLY_MAX]; /* WRITE DATA so far */
    size_t data_len;
    int is_opened;              /* lines being given are from inside the channel */
    enum lk_status first_fault;
    const char *first_check;
};

/* Begins a conversation. `crypto` may be NULL: then nothing sealed is opened. `is_wired` is 1 on
 * the link between framework and element, where another set of commands lives. */
void lk_trace_init(struct lk_trace *trace, struct lk_crypto *crypto, int is_wired,
                   lk_trace_sink sink, void *ctx);
void lk_trace_forget(struct lk_trace *trace);

/* Session keys of this conversation, before the first sealed byte is fed: after the AUTH1 command,
 * after the answer to SPAKE2+ VERIFY, or after a fast AUTH0. Copied. */
void lk_trace_keys(struct lk_trace *trace, const struct lk_session_keys *keys);

/* Public keys of the car and of the phone's key, 65 bytes or NULL, copied: from here on the
 * signatures of AUTH1 are checked, the phone's where the channel is opened. */
void lk_trace_public_keys(struct lk_trace *trace, const uint8_t *vehicle, const uint8_t *device);

/* One command or response, whole. Returns the first check it failed, or LK_OK; without keys a
 * sealed body is no failure. */
enum lk_status lk_trace_command(struct lk_trace *trace, struct lk_bytes apdu);
enum lk_status lk_trace_response(struct lk_trace *trace, struct lk_bytes apdu);

/* The first check that failed since init, and its name; LK_OK and "" if none did. */
enum lk_status lk_trace_first_fault(const struct lk_trace *trace, const char **out_check);

/* Name of a command where `selected` is selected; "UNKNOWN" for others. Static storage. */
const char *lk_trace_command_name(enum lk_aid selected, uint8_t ins);
/* Plain words for a status word. Static storage. */
const char *lk_trace_sw_text(uint16_t sw);

#endif
