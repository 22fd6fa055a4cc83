/* The inspector over a whole conversation: the input is cut into commands and responses. */
#include <stdlib.h>

#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *ctx, const struct lk_trace_line *line)
{
    size_t *num = ctx;

    if (line->name == NULL || line->text == NULL || line->value.len > line->bytes.len)
        abort();
    (*num)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lk_trace trace;
    size_t num = 0;

    if (size == 0)
        return 0;
    lk_trace_init(&trace, NULL, data[0] & 1, hear, &num);
    if (data[0] & 2)
        trace.selected = data[0] & 4 ? LK_AID_APPLET : LK_AID_FRAMEWORK;
    data++;
    size--;
    while (size >= 2) {
        size_t len = data[1] < size - 2 ? data[1] : size - 2;

        if (data[0] & 1)
            (void)lk_trace_response(&trace, lk_bytes(data + 2, len));
        else
            (void)lk_trace_command(&trace, lk_bytes(data + 2, len));
        data += 2 + len;
        size -= 2 + len;
    }
    return 0;
}
