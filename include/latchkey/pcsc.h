/* pcsc.h: a vehicle's reader over PC/SC. Exclusive share; needs the pcscd daemon at run time.
 *
 * Owns a PC/SC context; one thread at a time. A reset is SCardReconnect with reset (decision D19).
 * Source: spec/links.md of the project. */
#ifndef LATCHKEY_PCSC_H
#define LATCHKEY_PCSC_H

#include "reader_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fields belong to ports/pcsc. */
struct lk_pcsc_reader {
    long context, card;
    uint8_t has_context, has_card;
    unsigned long protocol;
    char name[128];
};

/* Names of the readers, each ended by a newline. "" and LK_OK if the daemon has none. LK_PORT_LINK
 * if there is no daemon, LK_CALLER_SPACE. */
enum lk_status lk_pcsc_list(char *out, size_t cap);

/* Takes the reader whose name contains `name`, ignoring case; "" takes the first. LK_PORT_LINK if
 * there is no daemon, LK_CALLER_NOT_FOUND if no reader fits. */
enum lk_status lk_pcsc_open(struct lk_pcsc_reader *reader, const char *name,
                            struct lk_reader_port *out_port);

/* Waits for a phone and connects to it. LK_PEER_TIMEOUT, LK_PORT_BUSY if another program holds it,
 * LK_PORT_LINK if reader or daemon went away. */
enum lk_status lk_pcsc_wait(struct lk_pcsc_reader *reader, uint32_t timeout_ms);
int lk_pcsc_is_present(const struct lk_pcsc_reader *reader);

/* Powers the phone off and lets it go. */
void lk_pcsc_leave(struct lk_pcsc_reader *reader);
void lk_pcsc_close(struct lk_pcsc_reader *reader);

#ifdef __cplusplus
}
#endif
#endif
