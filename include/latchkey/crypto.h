/* crypto.h: the core's side of cryptography, placed by the caller.
 *
 * One `struct lk_crypto` per device; it borrows a provider and holds the keys under which records
 * are wrapped. Secrets inside: wiped by lk_crypto_forget. One thread at a time.
 * The fields of every struct here belong to src/crypto: others pass pointers and look at none.
 * Source: spec/crypto.md of the project. */
#ifndef LATCHKEY_CRYPTO_H
#define LATCHKEY_CRYPTO_H

#include "crypto_port.h"

#ifdef __cplusplus
extern "C" {
#endif

struct lk_crypto {
    const struct lk_crypto_port *port;
    uint8_t wrap_enc[16]; /* from the port's store key */
    uint8_t wrap_mac[16];
    uint8_t last_random[32]; /* of lk_random: a generator that repeats itself is refused (ST4) */
    uint8_t last_ephemeral[32];
};

/* Kpersistent: 32 secret bytes that only src/crypto reads. All zero: none. */
struct lk_persistent {
    uint8_t key[32];
};

/* One entry of the fast search: the two stored HMAC midstates of a key's PRK and the x-coordinate
 * of device.PK. As secret as Kpersistent (performance.md 3.2). `live` is FF or 00. */
struct lk_fast_key {
    uint32_t inner[8];
    uint32_t outer[8];
    uint8_t device_x[32];
    uint8_t live;
};

/* The three keys of one channel; made by src/crypto, moved into a channel by lk_chan_open. */
struct lk_session_keys {
    uint8_t enc[16];
    uint8_t mac[16];
    uint8_t rmac[16];
};

/* The secret of one sharing, as it stands in the fragment of its link: whoever has it reads the
 * messages. The phone hands it to its user and wipes its copy when the sharing ends (P-17). */
struct lk_share_secret {
    uint8_t key[32];
};
/* What car and owner's phone share to check a sharing password (P-18); the car draws it. */
struct lk_share_key {
    uint8_t key[16];
};

/* Takes the provider and derives the wrapping keys from its store key. `port` must outlive
 * `crypto`. LK_PORT_CRYPTO or LK_PORT_RANDOM if the provider fails or its generator fails the first
 * check. */
enum lk_status lk_crypto_init(struct lk_crypto *crypto, const struct lk_crypto_port *port);

/* Wipes the struct. The provider is the caller's. */
void lk_crypto_forget(struct lk_crypto *crypto);

#ifdef __cplusplus
}
#endif
#endif
