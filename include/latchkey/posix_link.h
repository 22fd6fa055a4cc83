/* posix_link.h: streams on loopback and message sockets between the processes of one machine.
 *
 * Streams carry the framing of latchkey/link.h. File descriptors belong to the caller, who closes
 * them; all are close-on-exec. Every wait has a limit. Source: spec/links.md of the project. */
#ifndef LATCHKEY_POSIX_LINK_H
#define LATCHKEY_POSIX_LINK_H

#include "element_port.h"
#include "link.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Milliseconds of the monotonic clock. */
uint64_t lk_posix_now_ms(void);

/* Listens on 127.0.0.1; port 0 takes a free one. LK_PORT_LINK. */
enum lk_status lk_posix_listen(uint16_t port, int *out_fd, uint16_t *out_port);
/* Waits for a connection. LK_PEER_TIMEOUT, LK_PORT_LINK. */
enum lk_status lk_posix_accept(int listener, uint32_t timeout_ms, int *out_fd);
/* Connects to 127.0.0.1, in the network namespace of process `namespace_of` (0: our own; needs
 * root, and no other thread may be opening sockets meanwhile). LK_PORT_LINK. */
enum lk_status lk_posix_connect(uint16_t port, long namespace_of, int *out_fd);

/* Sends one framed message of 1 to LK_LINK_MESSAGE_MAX bytes. LK_PEER_TIMEOUT, LK_PEER_GONE. */
enum lk_status lk_posix_send(int fd, const uint8_t *body, size_t len, uint32_t timeout_ms);
/* Receives one; the bytes live in `link` until the next call. LK_PEER_TIMEOUT (what came stays in
 * `link`), LK_PEER_GONE (also for a message slower than LK_TIMER_ANSWER_MS), LK_PEER_LENGTH,
 * LK_PEER_TOO_LONG: after these three the stream must be closed. */
enum lk_status lk_posix_receive(int fd, struct lk_link *link, uint32_t timeout_ms,
                                struct lk_bytes *out_message);

/* Local sockets keep messages whole (SEQPACKET). The path is made with mode 0600; a stale one is
 * replaced, a live one is LK_PORT_BUSY. */
enum lk_status lk_posix_local_listen(const char *path, int *out_fd);
enum lk_status lk_posix_local_connect(const char *path, int *out_fd);
enum lk_status lk_posix_local_pair(int out_fds[2]);
enum lk_status lk_posix_local_send(int fd, const uint8_t *data, size_t len, uint32_t timeout_ms);
/* LK_PEER_TOO_LONG if the message was longer than `cap`: it is lost. LK_PEER_TIMEOUT, LK_PEER_GONE.
 */
enum lk_status lk_posix_local_receive(int fd, uint8_t *out, size_t cap, size_t *out_len,
                                      uint32_t timeout_ms);

/* The element behind a local socket, for the framework. Fields belong to ports/posix. */
struct lk_posix_element {
    int fd;
    uint32_t timeout_ms;
};
/* Borrows `fd`. */
void lk_posix_element_init(struct lk_posix_element *element, int fd, uint32_t timeout_ms,
                           struct lk_element_port *out_port);

#ifdef __cplusplus
}
#endif
#endif
