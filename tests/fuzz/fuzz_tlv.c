/* The TLV reader: what it takes re-encodes to itself, and a total is never more than promised. */
#include <stdlib.h>
#include <string.h>

#include "tlv/tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t output[1 << 20];
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;
    struct lk_wr wr;

    lk_rd_init(&rd, lk_bytes(data, size), &fault);
    lk_wr_init(&wr, output, sizeof output);
    while (fault == LK_OK && rd.left > 0) {
        enum lk_status malformed = LK_INTERNAL;
        size_t before = rd.left;
        size_t total = lk_tlv_total(lk_bytes(rd.at, rd.left), &malformed);
        uint16_t tag = 0;
        struct lk_bytes value = lk_tlv_any(&rd, &tag);

        if (fault != LK_OK)
            break;
        if (malformed != LK_OK || total != before - rd.left)
            abort();
        lk_tlv_put(&wr, tag, value.at, value.len);
    }
    if (fault == LK_OK && wr.fault == LK_OK &&
        (wr.len != size || (size > 0 && memcmp(output, data, size) != 0)))
        abort();
    return 0;
}
