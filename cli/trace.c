/* trace.c: latchkey trace show. */
#include <string.h>

#include "rows.h"
#include "timeline.h"

static void show_line(const struct timeline *timeline, long i)
{
    const char *command = timeline_text(timeline, i, "command"),
               *response = timeline_text(timeline, i, "response");
    printf("%10.3f  %-5s %-10s %-9s ", timeline_ms(timeline, i), timeline_text(timeline, i, "side"),
           timeline_text(timeline, i, "who"), timeline_text(timeline, i, "link"));
    if (*command)
        printf("-> %s\n", command);
    else if (*response)
        printf("<- %s\n", response);
    else if (*timeline_text(timeline, i, "outcome"))
        printf("== %s: %s\n", timeline_text(timeline, i, "outcome"),
               timeline_text(timeline, i, "says"));
    else
        printf("(session keys of a debug build)\n");
}

int trace_show(struct cli *cli)
{
    struct timeline timeline;
    int bad = timeline_load(cli, cli_argument(cli, 0), &timeline);
    if (bad)
        return bad;
    if (!cli_flag(cli, "json"))
        printf("%10s  %-5s %-10s %-9s -> command  <- response  == outcome\n", "ms", "side", "who",
               "link");
    for (long i = 0; i < timeline.num; i++) {
        if (cli_flag(cli, "json"))
            cli_print_json(json_incref(timeline.lines[i]));
        else
            show_line(&timeline, i);
    }
    timeline_free(&timeline);
    return 0;
}
