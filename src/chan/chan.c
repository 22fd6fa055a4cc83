/* chan.c: the secure channel (protocol 8; decision P-11, P-21; security rule S2).
 *
 * A MAC is checked before anything is decrypted, and bad MAC, bad length and bad padding are one
 * status and one end (attack rows EX2, EX3). Whatever goes wrong wipes the keys. */
#include "chan/chan.h"

#define BLOCK 16
#define MAC_LEN 8
#define SEALED_MAX ((LK_CHAN_PLAIN_MAX / BLOCK + 1) * BLOCK)
#define COUNTER_MAX 0xff

/* Which way a message goes: its key for the MAC and the first byte of its counter block. */
enum way { COMMAND = 0x00, RESPONSE = 0x80 };

void lk_chan_open(struct lk_chan *chan, struct lk_session_keys *keys)
{
    memset(chan, 0, sizeof *chan);
    chan->keys = *keys;
    chan->is_open = 1;
    lk_wipe(keys, sizeof *keys);
}

void lk_chan_forget(struct lk_chan *chan)
{
    lk_wipe(chan, sizeof *chan);
}

/* A command may come first, or after the answer to the one before; never beyond FF. There is one
 * answer for each counter, so that no ICV serves twice (EX4). */
static enum lk_status check_turn(struct lk_chan *chan, enum way way, uint8_t *out_counter)
{
    int is_due = way == COMMAND ? chan->counter == 0 || chan->is_answered : !chan->is_answered;

    if (!chan->is_open || !is_due)
        return LK_CALLER_STATE;
    if (way == COMMAND && chan->counter == COUNTER_MAX) {
        lk_chan_forget(chan);
        return LK_PEER_COUNTER;
    }
    *out_counter = (uint8_t)(chan->counter + (way == COMMAND));
    return LK_OK;
}

static enum lk_status make_icv(const struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                               uint8_t counter, uint8_t out[BLOCK])
{
    static const uint8_t zero[BLOCK];
    const struct lk_crypto_port *port = crypto->port;
    uint8_t block[BLOCK] = {0};

    block[0] = (uint8_t)way;
    block[BLOCK - 1] = counter;
    return port->cbc_encrypt(port->ctx, chan->keys.enc, zero, block, BLOCK, out);
}

/* The full MAC over the chaining value and the ciphertext. */
static enum lk_status make_mac(const struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                               struct lk_bytes sealed, uint8_t out[16])
{
    const uint8_t *key = way == COMMAND ? chan->keys.mac : chan->keys.rmac;
    const struct lk_bytes parts[] = {{chan->mcv, sizeof chan->mcv}, sealed};

    return lk_cmac(crypto, key, parts, 2, out);
}

/* Pads and encrypts; nothing stays nothing. */
static enum lk_status encrypt(const struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                              uint8_t counter, struct lk_bytes plain, uint8_t out[SEALED_MAX],
                              size_t *out_len)
{
    const struct lk_crypto_port *port = crypto->port;
    enum lk_status status = LK_OK;
    uint8_t icv[BLOCK] = {0}, padded[SEALED_MAX] = {0};

    *out_len = 0;
    if (plain.len == 0)
        return LK_OK;
    size_t len = (plain.len / BLOCK + 1) * BLOCK;
    memcpy(padded, plain.at, plain.len);
    padded[plain.len] = 0x80;
    status = make_icv(chan, crypto, way, counter, icv);
    if (status == LK_OK)
        status = port->cbc_encrypt(port->ctx, chan->keys.enc, icv, padded, len, out);
    if (status == LK_OK)
        *out_len = len;
    lk_wipe(padded, sizeof padded);
    return status;
}

/* Length without padding, or LK_CHAN_PLAIN_MAX + 1 if the padding is none. Runs over one block in
 * constant time: where the padding begins is part of the plaintext. */
static size_t unpadded_len(const uint8_t *at, size_t len)
{
    uint32_t seeking = 1, found = 0, bad = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        uint32_t byte = at[len - 1 - i];
        uint32_t is_mark = ((byte ^ 0x80u) - 1u) >> 31;
        uint32_t is_zero = (byte - 1u) >> 31;
        found += (uint32_t)(i + 1) * (seeking & is_mark);
        bad |= seeking & (is_mark ^ 1u) & (is_zero ^ 1u);
        seeking &= is_mark ^ 1u;
    }
    bad |= seeking;
    size_t mask = (size_t)0 - bad;
    return ((len - found) & ~mask) | ((LK_CHAN_PLAIN_MAX + 1) & mask);
}

static enum lk_status decrypt(const struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                              uint8_t counter, struct lk_bytes sealed, uint8_t *out,
                              size_t *out_len)
{
    const struct lk_crypto_port *port = crypto->port;
    enum lk_status status = LK_INTERNAL;
    uint8_t icv[BLOCK] = {0}, padded[SEALED_MAX] = {0};
    size_t len = 0;

    if (sealed.len == 0) {
        *out_len = 0;
        return LK_OK;
    }
    status = make_icv(chan, crypto, way, counter, icv);
    if (status == LK_OK)
        status = port->cbc_decrypt(port->ctx, chan->keys.enc, icv, sealed.at, sealed.len, padded);
    if (status == LK_OK) {
        len = unpadded_len(padded, sealed.len);
        /* Nothing is sent as nothing, never as one block of padding. */
        if (len == 0 || len > LK_CHAN_PLAIN_MAX)
            status = LK_PEER_MAC;
    }
    if (status == LK_OK) {
        memcpy(out, padded, len);
        *out_len = len;
    }
    lk_wipe(padded, sizeof padded);
    return status;
}

/* Splits the body, checks the MAC, and only then decrypts. */
static enum lk_status open_body(const struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                                uint8_t counter, struct lk_bytes in, uint8_t out_mac[16],
                                uint8_t *out, size_t *out_len)
{
    if (in.len < MAC_LEN || in.len > SEALED_MAX + MAC_LEN || (in.len - MAC_LEN) % BLOCK != 0)
        return LK_PEER_MAC;
    struct lk_bytes sealed = {in.at, in.len - MAC_LEN};
    enum lk_status status = make_mac(chan, crypto, way, sealed, out_mac);
    if (status != LK_OK)
        return status;
    if (!lk_equal(out_mac, in.at + sealed.len, MAC_LEN))
        return LK_PEER_MAC;
    return decrypt(chan, crypto, way, counter, sealed, out, out_len);
}

static enum lk_status seal_body(const struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                                uint8_t counter, struct lk_bytes plain, uint8_t out_mac[16],
                                uint8_t *out, size_t *out_len)
{
    uint8_t sealed[SEALED_MAX];
    size_t len = 0;

    enum lk_status status = encrypt(chan, crypto, way, counter, plain, sealed, &len);
    if (status == LK_OK)
        status = make_mac(chan, crypto, way, lk_bytes(sealed, len), out_mac);
    if (status != LK_OK)
        return status;
    memcpy(out, sealed, len);
    memcpy(out + len, out_mac, MAC_LEN);
    *out_len = len + MAC_LEN;
    return LK_OK;
}

/* The end of one message. A command leaves its counter and its MAC as the chaining value, and an
 * answer is due; whatever went wrong kills the channel. */
static enum lk_status settle(struct lk_chan *chan, enum way way, uint8_t counter,
                             const uint8_t mac[16], enum lk_status status)
{
    if (status != LK_OK) {
        lk_chan_forget(chan);
        return status;
    }
    if (way == COMMAND)
        memcpy(chan->mcv, mac, sizeof chan->mcv);
    chan->counter = counter;
    chan->is_answered = way == RESPONSE;
    return LK_OK;
}

static enum lk_status seal(struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                           struct lk_bytes plain, uint8_t *out, size_t *out_len)
{
    uint8_t mac[16], counter = 0;

    if (plain.len > LK_CHAN_PLAIN_MAX)
        return LK_CALLER_ARGUMENT;
    enum lk_status status = check_turn(chan, way, &counter);
    if (status != LK_OK)
        return status;
    status = seal_body(chan, crypto, way, counter, plain, mac, out, out_len);
    return settle(chan, way, counter, mac, status);
}

static enum lk_status open(struct lk_chan *chan, struct lk_crypto *crypto, enum way way,
                           struct lk_bytes in, uint8_t *out, size_t *out_len)
{
    uint8_t mac[16], counter = 0;

    enum lk_status status = check_turn(chan, way, &counter);
    if (status != LK_OK)
        return status;
    status = open_body(chan, crypto, way, counter, in, mac, out, out_len);
    return settle(chan, way, counter, mac, status);
}

enum lk_status lk_chan_seal_command(struct lk_chan *chan, struct lk_crypto *crypto,
                                    struct lk_bytes plain, uint8_t *out, size_t *out_len)
{
    return seal(chan, crypto, COMMAND, plain, out, out_len);
}

enum lk_status lk_chan_open_command(struct lk_chan *chan, struct lk_crypto *crypto,
                                    struct lk_bytes in, uint8_t *out, size_t *out_len)
{
    return open(chan, crypto, COMMAND, in, out, out_len);
}

enum lk_status lk_chan_seal_response(struct lk_chan *chan, struct lk_crypto *crypto,
                                     struct lk_bytes plain, uint8_t *out, size_t *out_len)
{
    return seal(chan, crypto, RESPONSE, plain, out, out_len);
}

enum lk_status lk_chan_open_response(struct lk_chan *chan, struct lk_crypto *crypto,
                                     struct lk_bytes in, uint8_t *out, size_t *out_len)
{
    return open(chan, crypto, RESPONSE, in, out, out_len);
}
