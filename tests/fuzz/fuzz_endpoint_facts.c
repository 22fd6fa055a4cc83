/* The facts of H: what is accepted is written back as the same bytes (D1, S24). */
#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_endpoint_facts facts;
    uint8_t out[512];
    size_t len = 0;

    if (lk_endpoint_facts_read(lk_bytes(data, size), &facts) != LK_OK)
        return 0;
    if (lk_endpoint_facts_write(&facts, out, sizeof out, &len) != LK_OK || len != size ||
        memcmp(out, data, len) != 0)
        abort();
    return 0;
}
