/* phone.h: a phone is two processes (decision D21). The element holds the applet, its store and the NFC router;
 * the host holds the framework and the wallet. They meet on two sockets in the world folder:
 *   run/NAME.element  'W' wired APDU -> response; '{' JSON question (approach, away, status, stop)
 *   run/NAME.host     'F' framework APDU -> response; 'X' field lost -> "x"; '{' JSON question */
#ifndef PHONE_H
#define PHONE_H

#include "local.h"
#include "record.h"
#include "unit.h"

#define PHONE_CLIENTS_MAX 12

/* A listening socket and who is connected to it. */
struct phone_clients {
    int listener;
    int fds[PHONE_CLIENTS_MAX];
    int num;
};

/* Waits up to timeout_ms for a message from any client or, if `extra` >= 0, for bytes there. Gives the client's
 * fd and the message, -1 if only `extra` is ready or nothing came. Accepts and drops clients by itself. */
int phone_wait(struct phone_clients *clients, int extra, int timeout_ms, uint8_t *out, size_t cap, size_t *out_len);
void phone_drop_all(struct phone_clients *clients);
/* The folder of a phone: "phones/NAME". */
const char *phone_folder(const char *name, char *out, size_t cap);
/* Set by SIGTERM and SIGINT after phone_catch_stop. */
extern volatile int phone_stop_asked;
void phone_catch_stop(void);

/* The wired APDU port of a host over run/NAME.element; ctx is a struct phone_wire. */
struct phone_wire {
    const char *name;
    int fd;
};
enum lk_status phone_wire_transceive(void *ctx, const uint8_t *command, size_t len, uint8_t *out, size_t cap,
                                     size_t *out_len);

#endif
