/* bearssl.h: what the files of this provider share. */
#ifndef LK_PORT_BEARSSL_H
#define LK_PORT_BEARSSL_H

#include <bearssl.h>

#include "latchkey/provider_bearssl.h"

/* Bytes of entropy of one seeding. */
#define SEED_LEN 48

/* Zeroes in a way the compiler keeps. */
void bearssl_wipe(void *at, size_t len);
/* The generator inside the struct. */
br_hmac_drbg_context *bearssl_drbg(struct lk_bearssl *bearssl);
/* ec.c: fills the port's ec_ entries. */
void bearssl_ec_fill(struct lk_crypto_port *port);

#endif
