/* provider_x86.h: the SHA instructions of x86 processors for the key search.
 * No state, no secrets kept; any thread. Source: spec/crypto.md of the project. */
#ifndef LATCHKEY_PROVIDER_X86_H
#define LATCHKEY_PROVIDER_X86_H

#include "crypto_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets the two compression entries of `port` if this processor has the instructions: 1 then, else 0
 * and nothing changes. */
int lk_x86_sha256(struct lk_crypto_port *port);

#ifdef __cplusplus
}
#endif
#endif
