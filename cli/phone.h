/* phone.h: a phone is two processes (decision D21). The element holds the applet, its store and the
 * NFC router; the host holds the framework and the wallet. Sockets in the world folder:
 *   run/NAME.wired      wired APDUs, host to element
 *   run/NAME.framework  framework APDUs, element to host; one byte is a field control
 * (latchkey/link.h) run/NAME.element, run/NAME.host   questions in JSON What comes over the air is
 * never on the same socket as a question. */
#ifndef PHONE_H
#define PHONE_H

#include <signal.h>

#include "latchkey/posix_link.h"
#include "local.h"
#include "record.h"
#include "unit.h"

#define PHONE_CLIENTS_MAX 12
/* How long one word of the host hides the applet; it is renewed four times a second. */
#define PHONE_HIDE_MS 1000

/* The two listening sockets of one process and who is connected to them. */
enum phone_channel { PHONE_NOTHING = -1, PHONE_APDU = 0, PHONE_QUESTION = 1, PHONE_OTHER = 2 };
struct phone_clients {
    int listeners[2]; /* by enum phone_channel */
    char paths[2][256];
    struct {
        int fd, channel;
    } fds[PHONE_CLIENTS_MAX];
    int num;
};

/* Opens both sockets, "run/NAME.<apdu_kind>" and "run/NAME.<question_kind>". LK_PORT_BUSY. */
enum lk_status phone_clients_open(struct phone_clients *clients, const char *name,
                                  const char *apdu_kind, const char *question_kind);
void phone_clients_close(struct phone_clients *clients);
/* Waits up to timeout_ms for one message from a client (its channel and fd are given), or for bytes
 * on `other`
 * (-1: none): PHONE_OTHER. Accepts and drops clients by itself. */
enum phone_channel phone_wait(struct phone_clients *clients, int other, int timeout_ms, int *out_fd,
                              uint8_t *out, size_t cap, size_t *out_len);
/* The folder of a phone: "phones/NAME". */
const char *phone_folder(const char *name, char *out, size_t cap);
/* Set by SIGTERM, SIGINT and SIGHUP after phone_catch_stop. */
extern volatile sig_atomic_t phone_stop_asked;
void phone_catch_stop(void);

#endif
