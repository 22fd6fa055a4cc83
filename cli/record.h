/* record.h: writing a trace. One JSON object a line, appended whole, so that a car and a phone may
 * share a file: {"t":microseconds,"side":"car","who":"roadster","link":"door", ...} and then one of
 *   "command":hex | "response":hex | "outcome":status,"says":text | "secret":{...} (debug builds).
 */
#ifndef RECORD_H
#define RECORD_H

#include "cli.h"

struct record {
    int fd; /* -1: no trace */
    const char *side, *who;
};

/* Opens for appending; path NULL records nothing. LK_CALLER_FILE. */
enum lk_status record_open(struct record *record, const char *path, const char *side,
                           const char *who);
void record_apdu(const struct record *record, const char *link, int is_command,
                 struct lk_bytes apdu);
void record_outcome(const struct record *record, const char *link, enum lk_status status,
                    const char *says);
/* Session keys of an open channel, for `trace explain`: only in builds with LATCHKEY_DEBUG_SECRETS
 * (secrets_on.c); otherwise nothing is written. */
void record_secret(const struct record *record, const char *link, const struct lk_chan *chan);
/* Appends one object; takes it over. */
void record_line(const struct record *record, const char *link, json_t *object);

#endif
