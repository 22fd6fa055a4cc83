/* card.h: a tiny phone for link tests, in this process or in one of its own. */
#ifndef TESTS_SUPPORT_CARD_H
#define TESTS_SUPPORT_CARD_H

#include <sys/types.h>

#include "latchkey/reader_port.h"

/* 00 A4 ..: 9000. 80 E0: echoes its body. 80 E1 hi lo: that many bytes of answer, status word
 * included. 80 E2: number of resets, as one byte. 80 E3: no answer, the card goes away.
 * 80 E4: answers one byte, which is no status word. Anything else: 6D00. */
struct test_card {
    struct lk_card_port port;
    uint8_t resets, offs, ons;
    int is_gone; /* after 80 E3 */
};

void test_card_init(struct test_card *card);
/* Runs the card against a reader in a child process, which ends by itself after `seconds`. */
pid_t test_card_start(uint16_t port, long namespace_of, unsigned seconds);
/* A child that connects and sends `len` raw bytes after each message it gets. */
pid_t test_raw_card_start(uint16_t port, const uint8_t *bytes, size_t len, unsigned seconds);
/* Ends the child; harmless if it ended by itself. */
void test_card_stop(pid_t child);

#endif
