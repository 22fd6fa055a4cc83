/* element_port.h: how the phone's framework reaches the secure element, and how it runs scrypt.
 * Filled by a socket (ports/posix), by a call into the applet in one process (tests), or by a
 * phone's operating system. Source: decisions D21, D22, D31 of the project. */
#ifndef LATCHKEY_ELEMENT_PORT_H
#define LATCHKEY_ELEMENT_PORT_H

#include "bytes.h"
#include "status.h"

struct lk_element_port {
    void *ctx;
    /* Sends one wired APDU and waits for the answer with its status word. LK_PORT_ELEMENT if the
     * element does not answer, LK_CALLER_SPACE if the answer is longer than `cap`. */
    enum lk_status (*transceive)(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len);
};

struct lk_scrypt_port {
    void *ctx;
    /* scrypt of RFC 7914 into 80 bytes. Parameters were checked against D31 before the call.
     * LK_PORT_CRYPTO on failure (no memory). Takes 128*n*r bytes and about 2.2 us * n. */
    enum lk_status (*derive)(void *ctx, struct lk_bytes password, const uint8_t salt[16],
                             uint32_t n, uint32_t r, uint32_t p, uint8_t out[80]);
};

#endif
