/* Commands and responses: what is accepted re-encodes to itself. */
#include <stdlib.h>
#include <string.h>

#include "apdu/apdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t output[LK_APDU_COMMAND_MAX];
    struct lk_command command;
    struct lk_bytes body;
    size_t len = 0;
    uint16_t sw = 0;

    if (lk_command_parse(lk_bytes(data, size), &command) == LK_OK) {
        if (lk_command_write(&command, output, &len) != LK_OK || len != size ||
            memcmp(output, data, len) != 0)
            abort();
    }
    if (lk_response_parse(lk_bytes(data, size), &body, &sw) == LK_OK) {
        if (body.len + 2 != size || size > LK_APDU_RESPONSE_MAX)
            abort();
        if ((lk_status_for_sw(sw) == LK_OK) != (sw == LK_SW_OK))
            abort();
    }
    return 0;
}
