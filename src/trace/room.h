/* room.h: what the files of src/trace share. */
#ifndef LK_TRACE_ROOM_H
#define LK_TRACE_ROOM_H

#include "apdu/apdu.h"
#include "trace/trace.h"

/* Places of tags, as in the third column of spec/facts/tags.def. */
enum lk_place {
    LK_IN_NOTHING = 0,
    LK_IN_SELECT, LK_IN_REQUEST, LK_IN_SCRYPT, LK_IN_SPAKE, LK_IN_AUTH0, LK_IN_AUTH1,
    LK_IN_SIGNED, LK_IN_EXCHANGE, LK_IN_DATA, LK_IN_CREATION, LK_IN_MAP, LK_IN_CONFIG,
    LK_IN_RADIO, LK_IN_BLE, LK_IN_SHARING, LK_IN_OBJECT, LK_IN_ATTESTATION, LK_IN_WIRED,
    LK_IN_ENTITLEMENT, LK_IN_SHARE, LK_IN_PACKAGE, LK_IN_MESSAGE,
};

struct lk_tag_row {
    uint16_t tag;
    enum lk_place place;
    const char *name;
    const char *text;
};
/* NULL if the tag has no meaning there. */
const struct lk_tag_row *lk_trace_tag(enum lk_place place, uint16_t tag);
/* Where the parts of a TLV live; LK_IN_NOTHING if it has none. */
enum lk_place lk_trace_inside(enum lk_place place, uint16_t tag);

/* What is known of the body of one message. */
struct lk_body_row {
    enum lk_aid aid;
    uint8_t is_wired;
    uint8_t ins;
    uint8_t is_response;
    uint8_t is_sealed;
    enum lk_place place;
    const char *check_name;
    enum lk_status (*check)(struct lk_bytes body); /* NULL: nothing to check */
};
const struct lk_body_row *lk_trace_body(enum lk_aid aid, int is_wired, uint8_t ins,
                                        int is_response);

/* Gives one line. */
void lk_trace_say(struct lk_trace *trace, const struct lk_trace_line *line);
void lk_trace_field(struct lk_trace *trace, unsigned depth, const char *name, const char *text,
                    struct lk_bytes bytes);
/* Gives a line for a check and keeps the first failure. Returns `status`. */
enum lk_status lk_trace_check(struct lk_trace *trace, const char *name, enum lk_status status);
/* Keeps what AUTH0 says, and checks the signatures of AUTH1 under the keys that are known. */
enum lk_status lk_trace_signature(struct lk_trace *trace, const struct lk_body_row *row,
                                  struct lk_bytes plain);
/* Names every TLV of `in`, and the parts of those that have parts. */
void lk_trace_tree(struct lk_trace *trace, enum lk_place place, struct lk_bytes in);

#endif
