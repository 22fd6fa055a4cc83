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
                   json_is_string(json_object_get(line, "side")) && json_is_string(json_object_get(line, "link"));
        if (!good || num == TIMELINE_LINES_MAX) {
            json_decref(line);
            cli_fail(cli, LK_CALLER_FILE, good ? "%s has more than %ld lines" : "%s, line %ld: not a line of a trace",
                     path, good ? (long)TIMELINE_LINES_MAX : row);
            num = -num - 1;
            break;
        }
        lines[num++] = line;
    }
    fclose(file);
    return num;
}

int timeline_walk(const struct cli *cli, const char *path, int (*each)(void *ctx, json_t *line, double ms), void *ctx)
{
    json_t **lines = calloc(TIMELINE_LINES_MAX, sizeof *lines);
    if (!lines)
        return cli_fail(cli, LK_INTERNAL, "no memory");
    long num = load(cli, path, lines);
    long have = num < 0 ? -num - 1 : num;
    int code = num < 0 ? lk_status_exit_code(LK_CALLER_FILE) : 0;
    if (num > 0)
        qsort(lines, (size_t)num, sizeof *lines, by_time);
    json_int_t from = num > 0 ? json_integer_value(json_object_get(lines[0], "t")) : 0;
    for (long i = 0; i < num && !code; i++)
        code = each(ctx, lines[i], (double)(json_integer_value(json_object_get(lines[i], "t")) - from) / 1000.0);
    for (long i = 0; i < have; i++)
        json_decref(lines[i]);
    free(lines);
    return code;
}
