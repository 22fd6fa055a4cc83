/* trace.c: latchkey trace show and explain. */
#include <string.h>

#include "rows.h"
#include "timeline.h"

static const char *text_of(json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

static int show_line(void *ctx, json_t *line, double ms)
{
    const struct cli *cli = ctx;
    if (cli_flag(cli, "json")) {
        cli_print_json(json_incref(line));
        return 0;
    }
    const char *command = json_string_value(json_object_get(line, "command"));
    const char *response = json_string_value(json_object_get(line, "response"));
    printf("%10.3f  %-5s %-10s %-9s ", ms, text_of(line, "side"), text_of(line, "who"), text_of(line, "link"));
    if (command)
        printf("-> %s\n", command);
    else if (response)
        printf("<- %s\n", response);
    else if (json_object_get(line, "outcome"))
        printf("== %s: %s\n", text_of(line, "outcome"), text_of(line, "says"));
    else
        printf("(session keys of a debug build)\n");
    return 0;
}

int trace_show(struct cli *cli)
{
    return timeline_walk(cli, cli_argument(cli, 0), show_line, cli);
}
