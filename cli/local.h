/* local.h: control sockets between the program's own processes (a car, an element, a host), as
 * messages on a Unix socket inside the world folder; and the JSON questions asked over them. */
#ifndef LOCAL_H
#define LOCAL_H

#include "cli.h"

#define LOCAL_MESSAGE_MAX 16384

/* Enters the world folder (socket names are relative to it, so that its path may be long). Prints
 * the error and returns its exit code when there is none. */
int local_enter_world(const struct cli *cli);

/* The socket of a running part: "run/NAME.KIND". */
const char *local_path(const char *name, const char *kind, char *out, size_t cap);
/* Connection to it, -1 if nobody listens. */
int local_connect(const char *name, const char *kind);

/* Sends one JSON message / receives one; takes over `object`. NULL when nothing valid came. */
int local_send_json(int fd, json_t *object);
json_t *local_receive_json(int fd, int timeout_ms);
/* Asks run/NAME.KIND one question and gives the answer, NULL if it does not run. Takes over
 * `question`. */
json_t *local_ask(const char *name, const char *kind, json_t *question, int timeout_ms);

/* Says that `name` (of `side`, "car" or "phone") is not in this world, or that it does not run; the
 * exit code. */
int local_absent(const struct cli *cli, const char *side, const char *name);
/* An answer: {"ok", "status", "what"}; and reading the status of one back (LK_INTERNAL if none). */
json_t *local_answer(enum lk_status status);
enum lk_status local_status(json_t *answer);

#endif
