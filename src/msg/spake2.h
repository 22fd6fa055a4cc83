/* spake2.h: SPAKE2+ REQUEST and VERIFY with their answers (protocol 4.3, 4.4).
 * Whether scrypt parameters are in policy (D31) and points on the curve is decided elsewhere. */
#ifndef LK_MSG_SPAKE2_H
#define LK_MSG_SPAKE2_H

#include "base/base.h"

/* REQUEST, vehicle to phone: 5B 5C 7F50 { C0 C1 C2 C3 } D6. */
struct lk_spake2_request {
    struct lk_bytes version;          /* 2 */
    struct lk_bytes applet_versions;  /* 1 to 8 of two bytes; the first is the one to use */
    struct lk_bytes salt;             /* 16 */
    uint32_t n;
    uint16_t r, p;
    struct lk_bytes brand;            /* 2 */
    struct lk_bytes versions_tlv;     /* set by parse: 5B and 5C exactly as sent, for the key
                                       * confirmation (protocol 4.6); write ignores it */
};
enum lk_status lk_spake2_request_parse(struct lk_bytes in, struct lk_spake2_request *out);
void lk_spake2_request_write(const struct lk_spake2_request *msg, struct lk_wr *wr);

/* Answer to REQUEST: 50. */
struct lk_spake2_request_answer {
    struct lk_bytes share; /* point X, 65 */
};
enum lk_status lk_spake2_request_answer_parse(struct lk_bytes in,
                                              struct lk_spake2_request_answer *out);
void lk_spake2_request_answer_write(const struct lk_spake2_request_answer *msg, struct lk_wr *wr);

/* VERIFY, vehicle to phone: 52 57. */
struct lk_spake2_verify {
    struct lk_bytes share;    /* point Y, 65 */
    struct lk_bytes evidence; /* M[1], 16 */
};
enum lk_status lk_spake2_verify_parse(struct lk_bytes in, struct lk_spake2_verify *out);
void lk_spake2_verify_write(const struct lk_spake2_verify *msg, struct lk_wr *wr);

/* Answer to VERIFY: 58. */
struct lk_spake2_verify_answer {
    struct lk_bytes evidence; /* M[2], 16 */
};
enum lk_status lk_spake2_verify_answer_parse(struct lk_bytes in,
                                             struct lk_spake2_verify_answer *out);
void lk_spake2_verify_answer_write(const struct lk_spake2_verify_answer *msg, struct lk_wr *wr);

#endif
