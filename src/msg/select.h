/* select.h: SELECT and its answers, and the choice of a version (protocol 3). */
#ifndef LK_MSG_SELECT_H
#define LK_MSG_SELECT_H

#include "base/base.h"

/* Longest version list: eight versions. Bytes. */
#define LK_VERSION_LIST_MAX 16

/* Whom a SELECT names (protocol 2.1). */
enum lk_aid { LK_AID_OTHER = 0, LK_AID_APPLET = 1, LK_AID_FRAMEWORK = 2 };
extern const uint8_t lk_aid_applet[13];
extern const uint8_t lk_aid_framework[13];
/* The body of a SELECT is the AID alone, whole: partial names select nothing. */
enum lk_aid lk_select_aid(struct lk_bytes body);

/* Answer of the framework: 5A 5C D4. */
struct lk_select_framework {
    struct lk_bytes spake_versions;  /* 1 to 8 of two bytes, in any order */
    struct lk_bytes applet_versions; /* highest first */
    uint8_t pairing_mode;            /* LK_PAIRING_MODE_... */
};
enum { LK_PAIRING_MODE_OFF = 0x00, LK_PAIRING_MODE_READY = 0x02 };
enum lk_status lk_select_framework_parse(struct lk_bytes in, struct lk_select_framework *out);
void lk_select_framework_write(const struct lk_select_framework *msg, struct lk_wr *wr);

/* Answer of the applet: 5C. */
struct lk_select_applet {
    struct lk_bytes versions; /* highest first */
};
enum lk_status lk_select_applet_parse(struct lk_bytes in, struct lk_select_applet *out);
void lk_select_applet_write(const struct lk_select_applet *msg, struct lk_wr *wr);

/* The highest version in both lists, in whatever order they are (protocol 3.3).
 * LK_PEER_VERSION if there is none or a list has an odd length. */
enum lk_status lk_version_common(struct lk_bytes ours, struct lk_bytes theirs, uint8_t out[2]);

#endif
