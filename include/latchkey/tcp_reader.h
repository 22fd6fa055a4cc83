/* tcp_reader.h: a vehicle's reader over TCP on loopback: it listens, phones come.
 *
 * Speaks the protocol of the virtual smart card from the driver's side. Owns its sockets; one
 * thread at a time. Source: spec/links.md of the project. */
#ifndef LATCHKEY_TCP_READER_H
#define LATCHKEY_TCP_READER_H

#include "reader_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `listener` may be polled; the other fields belong to ports/vpcd. */
struct lk_tcp_reader {
    int listener, fd; /* -1: none */
    uint16_t port;    /* where it listens */
    char name[32];    /* "tcp 12345" */
    struct lk_link link;
};

/* Listens on 127.0.0.1; port 0 takes a free one, given in reader->port. LK_PORT_LINK. */
enum lk_status lk_tcp_reader_open(struct lk_tcp_reader *reader, uint16_t port,
                                  struct lk_reader_port *out_port);

/* Waits for a phone, powers it and reads its answer to reset; LK_OK at once if one is there.
 * LK_PEER_TIMEOUT; LK_PEER_VALUE if the answer to reset is not one; LK_PEER_GONE. */
enum lk_status lk_tcp_reader_wait(struct lk_tcp_reader *reader, uint32_t timeout_ms);

/* 1 if a phone is there and has not hung up. */
int lk_tcp_reader_is_present(const struct lk_tcp_reader *reader);

/* Powers the phone off and lets it go. */
void lk_tcp_reader_leave(struct lk_tcp_reader *reader);
void lk_tcp_reader_close(struct lk_tcp_reader *reader);

/* 1 if these bytes are a whole answer to reset of ISO 7816-3: every announced byte is there and no
 * more, the check byte right where there must be one. */
int lk_atr_is_valid(const uint8_t *atr, size_t len);

#ifdef __cplusplus
}
#endif
#endif
