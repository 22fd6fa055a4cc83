/* timeline.h: a trace file read back: both sides' lines in the order of time. */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "cli.h"

#define TIMELINE_LINES_MAX 20000

/* A trace in the order of time. */
struct timeline {
    json_t **lines;
    long num;
};

/* Reads a whole trace. Malformed files are reported with their line number; returns the exit code,
 * 0 on success. */
int timeline_load(const struct cli *cli, const char *path, struct timeline *out);
void timeline_free(struct timeline *timeline);
/* Milliseconds since the first line. */
double timeline_ms(const struct timeline *timeline, long i);
/* A text member of a line, "" if it has none. */
const char *timeline_text(const struct timeline *timeline, long i, const char *name);

#endif
