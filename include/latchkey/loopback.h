/* loopback.h: a reader that calls the card in the same process. No I/O; the caller places it.
 * Source: spec/links.md of the project. */
#ifndef LATCHKEY_LOOPBACK_H
#define LATCHKEY_LOOPBACK_H

#include "reader_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fields belong to ports/sim. */
struct lk_loopback {
    const struct lk_card_port *card;
};

/* Joins `card`, which must outlive it, to a reader. */
void lk_loopback_open(struct lk_loopback *loopback, const struct lk_card_port *card,
                      struct lk_reader_port *out_port);

#ifdef __cplusplus
}
#endif
#endif
