/* chan.h: the secure channel of pairing and transactions, as state placed by the caller.
 * The functions are internal (src/chan); this type is public because the sides embed it.
 * Secrets inside: all of it. Source: spec/channel.md of the project. */
#ifndef LATCHKEY_CHAN_H
#define LATCHKEY_CHAN_H

#include "crypto.h"

struct lk_chan {
    struct lk_session_keys keys;
    uint8_t mcv[16];     /* MAC chaining value */
    uint8_t counter;     /* of the last command; 00 before the first */
    uint8_t is_open;     /* 1 while keys are valid */
    uint8_t is_answered; /* 1 when the last command has had its answer */
};

#endif
