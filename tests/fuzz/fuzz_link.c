/* A stream in pieces with time between them: the input says where it is cut and how long each pause
 * is. A message is never longer than its prefix said, and no byte is taken twice or lost. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "latchkey/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lk_link line;
    uint64_t now_ms = 0;

    lk_link_init(&line);
    while (size >= 2) {
        size_t piece = data[0] < size - 2 ? data[0] : size - 2;
        struct lk_bytes rest = lk_bytes(data + 2, piece);

        now_ms += (uint64_t)data[1] * 16;
        while (rest.len > 0) {
            struct lk_bytes message = {NULL, 0};
            size_t taken = 0;
            enum lk_status status = lk_link_feed(&line, now_ms, rest, &taken, &message);

            if (status != LK_OK)
                return 0; /* the stream is closed */
            if (taken == 0 || taken > rest.len || message.len > LK_LINK_MESSAGE_MAX)
                abort();
            if (message.at != NULL && message.len == 0)
                abort();
            rest = lk_bytes(rest.at + taken, rest.len - taken);
        }
        data += 2 + piece;
        size -= 2 + piece;
    }
    return 0;
}
