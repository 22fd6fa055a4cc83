/* timeline.c: see timeline.h. */
#include "timeline.h"

#include <stdlib.h>
#include <string.h>

static int by_time(const void *a, const void *b)
{
    json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "t"));
    json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "t"));
    return x < y ? -1 : x > y;
}

/* Reads every line; the count, or -1 after printing what is wrong. */
static long load(const struct cli *cli, const char *path, json_t **lines)
{
    char text[4 * LK_LINK_MESSAGE_MAX];
    long num = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        cli_fail(cli, LK_CALLER_FILE, "cannot read %s", path);
        return -1;
    }
    for (long row = 1; fgets(text, sizeof text, file); row++) {
        json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        int good = line && json_is_integer(json_object_get(line, "t")) &&
                   json_is_string(json_object_get(line, "side")) &&
                   json_is_string(json_object_get(line, "link"));
        if (!good || num == TIMELINE_LINES_MAX) {
            json_decref(line);
            cli_fail(cli, LK_CALLER_FILE,
                     good ? "%s has more than %ld lines" : "%s, line %ld: not a line of a trace",
                     path, good ? (long)TIMELINE_LINES_MAX : row);
            num = -num - 1;
            break;
        }
        lines[num++] = line;
    }
    fclose(file);
    return num;
}

int timeline_load(const struct cli *cli, const char *path, struct timeline *out)
{
    out->num = 0;
    out->lines = calloc(TIMELINE_LINES_MAX, sizeof *out->lines);
    if (!out->lines)
        return cli_fail(cli, LK_INTERNAL, "no memory");
    long num = load(cli, path, out->lines);
    out->num = num < 0 ? -num - 1 : num;
    if (num < 0) {
        timeline_free(out);
        return lk_status_exit_code(LK_CALLER_FILE);
    }
    qsort(out->lines, (size_t)num, sizeof *out->lines, by_time);
    return 0;
}

void timeline_free(struct timeline *timeline)
{
    for (long i = 0; i < timeline->num; i++)
        json_decref(timeline->lines[i]);
    free(timeline->lines);
    timeline->lines = NULL;
    timeline->num = 0;
}

double timeline_ms(const struct timeline *timeline, long i)
{
    json_int_t from = json_integer_value(json_object_get(timeline->lines[0], "t"));
    return (double)(json_integer_value(json_object_get(timeline->lines[i], "t")) - from) / 1000.0;
}

const char *timeline_text(const struct timeline *timeline, long i, const char *name)
{
    const char *text = json_string_value(json_object_get(timeline->lines[i], name));
    return text ? text : "";
}
