/* moment.h: dates as a person gives them, in UTC. */
#ifndef MOMENT_H
#define MOMENT_H

#include "cli.h"

#define MOMENT_HELP                                                                                \
    "A DATE is now, +N and d, h or m (from now), YYYY-MM-DD, YYYY-MM-DDThh:mm, all UTC,\n"        \
    "or YYYYMMDDhhmmssZ."

/* The machine's clock, for a phone or an office; a car has its own (D30). */
void moment_now(struct lk_date *out);
/* The date that lies `seconds` after now, 0 or below: before it. */
void moment_from_now(long seconds, uint8_t out[LK_DATE_LEN]);
/* Prints the error about `what` and returns its exit code. */
int moment_read(const struct cli *cli, const char *what, const char *text,
                uint8_t out[LK_DATE_LEN]);
/* "2026-11-25 18:00 UTC" of a date; `out` takes MOMENT_TEXT_LEN. */
#define MOMENT_TEXT_LEN 24
char *moment_text(const uint8_t date[LK_DATE_LEN], char *out);

#endif
