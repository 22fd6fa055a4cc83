/* reader_port.h: the two ends of a radio link that carries APDUs.
 *
 * A vehicle sees a reader: PC/SC (latchkey/pcsc.h), TCP (latchkey/tcp_reader.h), or a call into
 * the same process (latchkey/loopback.h). A phone is a card: it answers commands and is told when
 * the field goes. All readers give the same bytes for the same card (M7).
 * Source: spec/links.md of the project. */
#ifndef LATCHKEY_READER_PORT_H
#define LATCHKEY_READER_PORT_H

#include "link.h"

struct lk_reader_port {
    void *ctx;
    const char *name; /* for messages to people; lives as long as the reader */
    /* Sends one command and waits up to `timeout_ms` for the answer with its status word.
     * LK_PEER_GONE if the phone left, LK_PEER_TIMEOUT, LK_PEER_TOO_LONG if the answer is longer
     * than `cap`, LK_PEER_LENGTH if it is shorter than a status word; LK_PORT_LINK if the reader
     * itself is gone. After any failure the phone has to be waited for again. */
    enum lk_status (*transceive)(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len, uint32_t timeout_ms);
    /* The same in two halves, so that the caller can work while the phone does
     * (lk_vehicle_tap_ahead); both NULL where the transport cannot part them. `receive` comes after
     * each good `send` and before anything else. */
    enum lk_status (*send)(void *ctx, const uint8_t *command, size_t len, uint32_t timeout_ms);
    enum lk_status (*receive)(void *ctx, uint8_t *out, size_t cap, size_t *out_len,
                              uint32_t timeout_ms);
    /* Takes the field away and gives it back. LK_PEER_GONE, LK_PORT_LINK. */
    enum lk_status (*reset)(void *ctx);
};

struct lk_card_port {
    void *ctx;
    /* Answers one command; `cap` is at least LK_APDU_RESPONSE_MAX. Anything but LK_OK becomes the
     * status word 6F00. */
    enum lk_status (*command)(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                              size_t cap, size_t *out_len);
    /* The field: LK_CONTROL_OFF (also when the link is lost), LK_CONTROL_ON, LK_CONTROL_RESET. */
    void (*field)(void *ctx, enum lk_link_control control);
};

#endif
