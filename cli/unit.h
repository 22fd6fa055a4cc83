/* unit.h: what a car, an element and a host have in common: a crypto provider with the unit's store
 * key, and a journal in a file of the unit's folder, locked while it is open. */
#ifndef UNIT_H
#define UNIT_H

#include "cli.h"
#include "latchkey/provider_bearssl.h"
#include "latchkey/provider_openssl.h"
#include "latchkey/posix_store.h"

struct unit {
    struct lk_openssl *openssl;
    struct lk_bearssl bearssl;
    struct lk_crypto_port *port; /* of the provider in use */
    struct lk_crypto crypto;
    struct lk_posix_store file;
    int has_file;
    struct lk_store_port store_port;
    struct lk_store store;
};

/* The provider named by --crypto alone, with a fixed store key: for ceremonies and verifiers.
 * Prints the error and returns its exit code. */
int unit_crypto(const struct cli *cli, struct unit *unit, const uint8_t store_key[32]);
/* Opens FOLDER/NAME.key, FOLDER/NAME.store and FOLDER/NAME.floor. Prints the error and returns its
 * exit code. */
int unit_open(const struct cli *cli, struct unit *unit, const char *folder, const char *name,
              enum lk_store_kind kind);
/* Makes them for a new unit. */
int unit_make(const struct cli *cli, const char *folder, const char *name, enum lk_store_kind kind);
void unit_close(struct unit *unit);

#endif
