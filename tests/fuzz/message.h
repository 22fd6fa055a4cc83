/* message.h: the body of a fuzz target over the messages of one group: what is accepted must
 * re-encode to itself, and the parser must not touch a byte outside its input. */
#ifndef TESTS_FUZZ_MESSAGE_H
#define TESTS_FUZZ_MESSAGE_H

#include <stdlib.h>
#include <string.h>

#include "support/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_OUTPUT_MAX 8192

static inline int fuzz_group(const char *group, const uint8_t *data, size_t size)
{
    static uint8_t output[FUZZ_OUTPUT_MAX];

    for (size_t i = 0; i < test_num_messages; i++) {
        struct lk_wr wr;

        if (strcmp(test_messages[i].group, group) != 0)
            continue;
        lk_wr_init(&wr, output, sizeof output);
        if (test_messages[i].reencode(lk_bytes(data, size), &wr) != LK_OK) {
            if (wr.len != 0 && wr.fault != LK_CALLER_SPACE)
                abort(); /* the writer refuses what the parser took */
            continue;
        }
        if (wr.len != size || (size > 0 && memcmp(output, data, size) != 0))
            abort();
    }
    return 0;
}

#define FUZZ_GROUP(group)                                             \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)      \
    {                                                                 \
        return fuzz_group(group, data, size);                         \
    }

#endif
