/* auth1.h: AUTH1 and the plaintext of its answer (protocol 7.4). The signed bytes are made by
 * src/crypto (lk_auth1_signed). */
#ifndef LK_MSG_AUTH1_H
#define LK_MSG_AUTH1_H

#include "base/base.h"

/* Command: 9E, 66 bytes. */
struct lk_auth1 {
    struct lk_bytes signature; /* of the vehicle, 64 */
};
enum lk_status lk_auth1_parse(struct lk_bytes in, struct lk_auth1 *out);
void lk_auth1_write(const struct lk_auth1 *msg, struct lk_wr *wr);

/* Answer, opened: 4E 9E [57] [4A] [4B]. */
struct lk_auth1_answer {
    struct lk_bytes slot;                /* 1 to 8 */
    struct lk_bytes signature;           /* of the endpoint, 64 */
    struct lk_bytes counter;             /* 4, or absent; deprecated */
    struct lk_bytes confidential_window; /* 1 to 255, or absent */
    struct lk_bytes private_window;      /* 1 to 255, or absent */
};
enum lk_status lk_auth1_answer_parse(struct lk_bytes in, struct lk_auth1_answer *out);
void lk_auth1_answer_write(const struct lk_auth1_answer *msg, struct lk_wr *wr);

#endif
