/* world.h: what the files that make a world share. */
#ifndef WORLD_H
#define WORLD_H

#include "ceremony.h"
#include "cli.h"
#include "unit.h"

/* One run of `world new`. */
struct maker {
    struct cli *cli;
    char folder[300]; /* of the world being made */
    const char *environment;
    struct unit unit; /* crypto of the office */
    struct ceremony ceremony;
};

/* Gives a phone its Instance CA for one automaker: N from its element, E from its device maker, F
 * of the pair (decision D33). Prints the error and returns its exit code. */
int phone_personalise(struct maker *maker, const char *phone, const char *automaker,
                      const char *device_maker);

/* Which roots a phone obeys (D17, S21): in a production world only those of `allowed-roots` in its
 * folder. */
enum lk_status phone_root_policy(const char *folder, uint8_t storage[][LK_HASH_LEN], size_t cap,
                                 struct lk_root_policy *out);

#endif
