/* chan.h: the secure channel (protocol 8): SCP03-like, header and SW outside the MACs, MAC before
 * decryption before parsing (S2). One anomaly kills the channel on this end: keys are wiped. */
#ifndef LK_CHAN_H
#define LK_CHAN_H

#include "crypto/crypto.h"
#include "latchkey/chan.h"

/* Opens with counter 00: the first command gets 01. Moves the keys: `keys` is wiped. */
void lk_chan_open(struct lk_chan *chan, struct lk_session_keys *keys);
void lk_chan_forget(struct lk_chan *chan);
/* Largest plaintext of one message, bytes. */
#define LK_CHAN_PLAIN_MAX 239

/* Vehicle: seals a command (counter + 1). `out` takes plain_len + 24. LK_PEER_COUNTER at FF (P-21),
 * LK_CALLER_STATE on a closed channel. */
enum lk_status lk_chan_seal_command(struct lk_chan *chan, struct lk_crypto *crypto,
                                    struct lk_bytes plain, uint8_t *out, size_t *out_len);
/* Device: opens it. `out` takes in.len. LK_PEER_MAC for a bad MAC, length or padding alike: channel
 * forgotten. */
enum lk_status lk_chan_open_command(struct lk_chan *chan, struct lk_crypto *crypto,
                                    struct lk_bytes in, uint8_t *out, size_t *out_len);
/* Device: seals the answer to the command just opened; with counter 00 the answer to AUTH1. */
enum lk_status lk_chan_seal_response(struct lk_chan *chan, struct lk_crypto *crypto,
                                     struct lk_bytes plain, uint8_t *out, size_t *out_len);
/* Vehicle: opens it. As open_command. */
enum lk_status lk_chan_open_response(struct lk_chan *chan, struct lk_crypto *crypto,
                                     struct lk_bytes in, uint8_t *out, size_t *out_len);

#endif
