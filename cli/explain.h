/* explain.h: one line of the inspector, as the commands of `trace` print it. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "cli.h"
#include "trace/trace.h"

/* Prints it, or appends it to `parts` if that is not NULL. */
void explain_line(json_t *parts, const struct lk_trace_line *line);

#endif
