/* local.h: control sockets between the program's own processes (a car, an element, a host), as
 * messages on a Unix socket inside the world folder; and the JSON questions asked over them. */
#ifndef LOCAL_H
#define LOCAL_H

#include "cli.h"

#define LOCAL_MESSAGE_MAX 16384

/* Enters the world folder (socket names are relative to it, so that its path may be long). Prints the
 * error and returns its exit code when there is none. */
int local_enter_world(const struct cli *cli);

/* Listening socket at run/NAME.KIND, mode 0600. -1 with LK_PORT_BUSY semantics if somebody answers there. */
int local_listen(const char *name, const char *kind);
/* Connection to run/NAME.KIND, -1 if nobody listens. */
int local_connect(const char *name, const char *kind);
/* One message each; receive: length, 0 when the other end closed, -1 on error or after timeout_ms. */
int local_send(int fd, const void *data, size_t len);
long local_receive(int fd, void *out, size_t cap, int timeout_ms);

/* Sends one JSON message / receives one; takes over `object`. NULL when nothing valid came. */
int local_send_json(int fd, json_t *object);
json_t *local_receive_json(int fd, int timeout_ms);
/* Asks run/NAME.KIND one question and gives the answer, NULL if it does not run. Takes over `question`. */
json_t *local_ask(const char *name, const char *kind, json_t *question, int timeout_ms);

/* An answer: {"ok", "status", "what"}; and reading the status of one back (LK_INTERNAL if none). */
json_t *local_answer(enum lk_status status);
enum lk_status local_status(json_t *answer);

#endif
