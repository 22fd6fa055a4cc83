/* timeline.h: a trace file read back: both sides' lines in the order of time. */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "cli.h"

#define TIMELINE_LINES_MAX 20000

/* Calls `each` for every line in the order of its time; stops at the first non-zero and returns it. Malformed files
 * are reported with their line number (exit code of LK_CALLER_FILE). */
int timeline_walk(const struct cli *cli, const char *path, int (*each)(void *ctx, json_t *line, double ms), void *ctx);

#endif
