/* tree.c: lines for TLVs and their parts, without recursion: one window per level. */
#include "trace/room.h"

#include "tlv/tlv.h"

#define DEPTH_MAX 5

struct level {
    struct lk_rd rd;
    enum lk_status fault;
    enum lk_place place;
};

void lk_trace_say(struct lk_trace *trace, const struct lk_trace_line *line)
{
    struct lk_trace_line said = *line;

    said.is_opened = trace->is_opened;
    if (trace->sink != NULL)
        trace->sink(trace->ctx, &said);
}

void lk_trace_field(struct lk_trace *trace, unsigned depth, const char *name, const char *text,
                    struct lk_bytes bytes)
{
    struct lk_trace_line line = {LK_TRACE_FIELD, depth, 0, bytes, bytes, 0, name, text, LK_OK};

    lk_trace_say(trace, &line);
}

enum lk_status lk_trace_check(struct lk_trace *trace, const char *name, enum lk_status status)
{
    struct lk_trace_line line = {LK_TRACE_CHECK, 1, 0, {NULL, 0}, {NULL, 0}, 0, name, "", status};

    line.text = lk_status_what(status);
    lk_trace_say(trace, &line);
    if (status != LK_OK && trace->first_fault == LK_OK) {
        trace->first_fault = status;
        trace->first_check = name;
    }
    return status;
}

static void open_level(struct level *level, enum lk_place place, struct lk_bytes in)
{
    level->place = place;
    lk_rd_init(&level->rd, in, &level->fault);
}

/* Takes and names one TLV; the place of its parts, or LK_IN_NOTHING. */
static enum lk_place name_one(struct lk_trace *trace, struct level *level, unsigned depth,
                              struct lk_bytes *out_value)
{
    struct lk_trace_line line = {LK_TRACE_TLV, depth, 0, {NULL, 0}, {NULL, 0},
                                 0, "UNKNOWN", "unknown tag", LK_OK};
    struct lk_bytes rest = lk_bytes(level->rd.at, level->rd.left);
    const struct lk_tag_row *row;

    line.value = lk_tlv_any(&level->rd, &line.tag);
    if (level->fault != LK_OK) {
        lk_trace_field(trace, depth, "MALFORMED", "not a TLV", rest);
        return LK_IN_NOTHING;
    }
    line.bytes = lk_bytes(rest.at, rest.len - level->rd.left);
    row = lk_trace_tag(level->place, line.tag);
    if (row != NULL) {
        line.name = row->name;
        line.text = row->text;
    }
    lk_trace_say(trace, &line);
    *out_value = line.value;
    return lk_trace_inside(level->place, line.tag);
}

void lk_trace_tree(struct lk_trace *trace, enum lk_place place, struct lk_bytes in)
{
    struct level levels[DEPTH_MAX];
    size_t depth = 1;

    open_level(&levels[0], place, in);
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        struct lk_bytes value = {NULL, 0};
        enum lk_place inside;

        if (level->fault != LK_OK || level->rd.left == 0) {
            depth--;
            continue;
        }
        inside = name_one(trace, level, (unsigned)depth, &value);
        if (inside != LK_IN_NOTHING && depth < DEPTH_MAX) {
            open_level(&levels[depth], inside, value);
            depth++;
        }
    }
}
