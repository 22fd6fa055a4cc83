/* vpcd.h: the phone's end of a link in the protocol of the virtual smart card.
 *
 * The phone connects to a reader: the virtual PC/SC driver, or the TCP reader of a vehicle. It
 * answers what comes through a card port. Owns a socket; one thread at a time.
 * Source: spec/links.md of the project. */
#ifndef LATCHKEY_VPCD_H
#define LATCHKEY_VPCD_H

#include "reader_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first port of the virtual PC/SC driver; its second reader has the next one. */
#define LK_VPCD_PORT 35963

/* `fd` may be polled for reading; the other fields belong to ports/vpcd. */
struct lk_vpcd {
    int fd; /* -1: not connected */
    uint8_t is_powered;
    const struct lk_card_port *card;
    struct lk_link link;
};

/* Takes over a connected stream. `card` must outlive the link. */
void lk_vpcd_init(struct lk_vpcd *vpcd, int fd, const struct lk_card_port *card);

/* Connects to a reader on this machine; `namespace_of` is a process in whose network namespace the
 * port is, 0 for our own (others need root). LK_PORT_LINK. */
enum lk_status lk_vpcd_connect(struct lk_vpcd *vpcd, uint16_t port, long namespace_of,
                               const struct lk_card_port *card);

/* Waits up to `timeout_ms` for one message and handles it. LK_PEER_TIMEOUT if none came, and the
 * link goes on; LK_PEER_GONE, LK_PEER_LENGTH, LK_PEER_TOO_LONG: the link is closed and the card was
 * told. */
enum lk_status lk_vpcd_serve(struct lk_vpcd *vpcd, uint32_t timeout_ms);

/* Takes the phone away from the reader. */
void lk_vpcd_close(struct lk_vpcd *vpcd);

#ifdef __cplusplus
}
#endif
#endif
