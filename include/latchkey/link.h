/* link.h: how the two sides name a link, and the framing over a byte stream.
 *
 * Framing: two bytes of length, big-endian, then the body. A body of one byte from the reader is a
 * control: power off, power on, reset, ask for the answer to reset. That is the public protocol of
 * the virtual smart card, used over TCP as the embedded default and by the virtual PC/SC driver.
 * Source: spec/links.md of the project. */
#ifndef LATCHKEY_LINK_H
#define LATCHKEY_LINK_H

#include "bytes.h"
#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* On which interface an APDU came (decision D22). The value for NFC and BLE enters key derivation.
 */
enum lk_interface { LK_WIRED = 0x00, LK_NFC = 0x5e, LK_BLE = 0xc3 };

/* Largest short APDU and answer, bytes. */
#define LK_APDU_COMMAND_MAX 261
#define LK_APDU_RESPONSE_MAX 258
/* Largest framed message on a stream, bytes: room for extended APDUs that are then refused. */
#define LK_LINK_MESSAGE_MAX 4096

/* One-byte control bodies from the reader. Only LK_CONTROL_ATR is answered. */
enum lk_link_control {
    LK_CONTROL_OFF = 0x00,
    LK_CONTROL_ON = 0x01,
    LK_CONTROL_RESET = 0x02,
    LK_CONTROL_ATR = 0x04,
};

/* The answer to reset of a phone: 3B 80 80 01 01, protocol T=1. */
extern const uint8_t lk_link_atr[5];

/* Collects one message from a stream. Fields belong to src/link. */
struct lk_link {
    uint8_t message[LK_LINK_MESSAGE_MAX];
    size_t have;   /* bytes of prefix and body so far */
    size_t want;   /* length from the prefix, valid once have >= 2 */
    uint64_t since_ms; /* time of the first byte */
};

/* Empties the collector. */
void lk_link_init(struct lk_link *link);

/* Takes bytes from the stream, at most up to the end of one message; tells in *out_taken how many.
 * *out_message is set when a message is complete (else its `at` is NULL) and lives until the next
 * call. A zero length is LK_PEER_LENGTH, a length above the cap LK_PEER_TOO_LONG, a message slower
 * than LK_TIMER_ANSWER_MS from its first byte LK_PEER_TIMEOUT; the collector is then empty and the
 * stream must be closed. */
enum lk_status lk_link_feed(struct lk_link *link, uint64_t now_ms, struct lk_bytes in,
                            size_t *out_taken, struct lk_bytes *out_message);

/* Writes the two-byte prefix for a body of `len` bytes, 1 to 65535; LK_CALLER_ARGUMENT otherwise.
 */
enum lk_status lk_link_prefix(size_t len, uint8_t out[2]);

#ifdef __cplusplus
}
#endif
#endif
