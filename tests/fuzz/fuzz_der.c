/* DER: whatever is read as a tree of elements is written back as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "tlv/der.h"

#define DEPTH_MAX 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads one element by its kind and writes it again. */
static void copy(struct lk_rd *rd, struct lk_wr *wr, int depth)
{
    uint8_t tag = lk_der_peek(rd), unused = 0, head;
    struct lk_bytes run;
    size_t from = wr->len;

    if ((tag & 0x20) != 0 && depth < DEPTH_MAX) {
        struct lk_rd child = lk_der_enter(rd, tag);

        while (lk_der_peek(&child) != 0)
            copy(&child, wr, depth + 1);
        lk_der_close(&child);
        lk_der_wrap(wr, from, tag);
        return;
    }
    if (tag == LK_DER_BOOLEAN) {
        head = lk_der_flag(rd) ? 0xff : 0;
        lk_der_put(wr, tag, &head, 1);
        return;
    }
    if (tag == LK_DER_BIT_STRING) {
        run = lk_der_bits(rd, &unused);
        lk_wr_u8(wr, unused);
        lk_wr_bytes(wr, run);
        lk_der_wrap(wr, from, tag);
        return;
    }
    if (tag == LK_DER_INTEGER) {
        run = lk_der_integer(rd, tag);
        if (run.len > 0 && run.at[0] < 0x80)
            lk_der_put_unsigned(wr, tag, run.at, run.len);
        else
            lk_der_put(wr, tag, run.at, run.len);
        return;
    }
    run = tag == LK_DER_OID ? lk_der_oid(rd) : lk_der_take(rd, tag);
    lk_der_put(wr, tag, run.at, run.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[70000];
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;
    struct lk_wr wr;

    lk_rd_init(&rd, lk_bytes(data, size), &fault);
    lk_wr_init(&wr, out, sizeof out);
    while (lk_der_peek(&rd) != 0)
        copy(&rd, &wr, 0);
    /* A tag of 00 stops the walk; what came before it is compared. */
    if (fault == LK_OK && rd.left == 0 && (wr.len != size || memcmp(out, data, size) != 0))
        abort();
    return 0;
}
