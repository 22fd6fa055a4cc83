/* record.c: see record.h. */
#include "record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum lk_status record_open(struct record *record, const char *path, const char *side,
                           const char *who)
{
    record->side = side;
    record->who = who;
    record->fd = -1;
    if (!path)
        return LK_OK;
    record->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return record->fd >= 0 ? LK_OK : LK_CALLER_FILE;
}

void record_line(const struct record *record, const char *link, json_t *object)
{
    json_t *line = json_pack("{s:I, s:s, s:s, s:s}", "t", (json_int_t)cli_now_us(), "side",
                             record->side, "who", record->who, "link", link);
    json_object_update(line, object);
    json_decref(object);
    char *dump = record->fd >= 0 ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (!dump)
        return;
    size_t len = strlen(dump);
    dump[len] = '\n';
    ssize_t written = write(record->fd, dump, len + 1);
    (void)written; /* a full disk must not stop a door */
    free(dump);
}

void record_apdu(const struct record *record, const char *link, int is_command,
                 struct lk_bytes apdu)
{
    char text[2 * LK_LINK_MESSAGE_MAX + 1];
    if (record->fd < 0 || apdu.len > LK_LINK_MESSAGE_MAX)
        return;
    record_line(record, link,
                json_pack("{s:s}", is_command ? "command" : "response",
                          cli_hex(apdu.at, apdu.len, text)));
}

void record_outcome(const struct record *record, const char *link, enum lk_status status,
                    const char *says)
{
    if (record->fd >= 0)
        record_line(record, link,
                    json_pack("{s:s, s:s}", "outcome", lk_status_name(status), "says", says));
}
