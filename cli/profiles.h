/* profiles.h: access profiles as data (M34, M37): one file for each automaker of a world,
 * automakers/NAME/profiles.json. Its cars load it, and the phones show the names of it. The file is
 * described in docs/access-profiles.md. */
#ifndef PROFILES_H
#define PROFILES_H

#include "cli.h"

#define PROFILES_MAX 32

struct profiles {
    size_t num;
    struct lk_profile rows[PROFILES_MAX];
    struct profile_words {
        char name[32], text[96];
    } words[PROFILES_MAX];
};

/* Reads a whole file, or nothing: prints what is wrong with line and field, and returns the exit
 * code. */
int profiles_load(const struct cli *cli, const char *path, struct profiles *out);
/* The file of an automaker of the world that was entered; the defaults where there is none. */
int profiles_of_automaker(const struct cli *cli, const char *automaker, struct profiles *out);
/* Writes the lists of a new world: those of spec/facts/profiles.def and borealis.def. */
enum lk_status profiles_write_default(const char *path);
enum lk_status profiles_write_borealis(const char *path);

/* By name, or by number (hex, with or without 0x); NULL. */
const struct lk_profile *profiles_find(const struct profiles *profiles, const char *text);
/* The name of a number; "profile 80000099" if there is none. `out` takes 32. */
const char *profiles_name(const struct profiles *profiles, uint32_t number, char *out);
/* "105 km/h, 70 % power, 20 starts, mon tue, 06:00-22:00", or "" for no limit. `out` takes 128. */
char *profiles_limits_text(const struct lk_limits *limits, char *out);
/* Bits of "mon,tue,sat" and minutes of "06:00-22:00"; 0 for what is none. */
int profiles_days(const char *text, uint8_t *out);
int profiles_hours(const char *text, uint16_t *out_from, uint16_t *out_to);
/* LK_ACTIVATE_ bits of "password,owner,fob"; 0 for what is none. */
int profiles_activation(const char *text, uint8_t *out);

#endif
