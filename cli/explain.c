/* explain.c: latchkey trace explain. */
#include "rows.h"
#include "timeline.h"

int trace_explain(struct cli *cli)
{
    return trace_show(cli);
}
