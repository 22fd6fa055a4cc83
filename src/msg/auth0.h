/* auth0.h: AUTH0 and its answer (protocol 7.2, 9.1). P1 and P2 are in the APDU header. */
#ifndef LK_MSG_AUTH0_H
#define LK_MSG_AUTH0_H

#include "base/base.h"

/* Bits of P1; the others are 0. */
enum { LK_AUTH0_FAST = 0x01, LK_AUTH0_EXCHANGE = 0x04, LK_AUTH0_P1_BITS = 0x05 };

#define LK_CRYPTOGRAM_LEN 16

/* Command: 5C 87 4C 4D, 99 bytes. */
struct lk_auth0 {
    struct lk_bytes version;        /* 2 */
    struct lk_bytes ephemeral;      /* of the vehicle, 65 */
    struct lk_bytes transaction_id; /* 16 */
    struct lk_bytes vehicle_id;     /* 8 */
};
enum lk_status lk_auth0_parse(struct lk_bytes in, struct lk_auth0 *out);
void lk_auth0_write(const struct lk_auth0 *msg, struct lk_wr *wr);

/* Answer: 86, and 9D when fast was asked for. */
struct lk_auth0_answer {
    struct lk_bytes ephemeral;  /* of the phone, 65 */
    struct lk_bytes cryptogram; /* 16, or absent */
};
enum lk_status lk_auth0_answer_parse(struct lk_bytes in, struct lk_auth0_answer *out);
void lk_auth0_answer_write(const struct lk_auth0_answer *msg, struct lk_wr *wr);

#endif
