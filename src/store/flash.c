/* flash.c: the port seen through halves, every offset checked against the half. */
#include "store/journal.h"

static int fits(const struct lk_store_port *port, uint32_t offset, size_t len)
{
    return offset <= lk_half_bytes(port) && len <= lk_half_bytes(port) - offset;
}

enum lk_status lk_half_read(const struct lk_store_port *port, uint32_t half, uint32_t offset,
                            uint8_t *out, size_t len)
{
    if (!fits(port, offset, len))
        return LK_INTERNAL;
    return port->read(port->ctx, half * lk_half_bytes(port) + offset, out, len);
}

enum lk_status lk_half_program(const struct lk_store_port *port, uint32_t half, uint32_t offset,
                               const uint8_t *data, size_t len)
{
    if (!fits(port, offset, len))
        return LK_INTERNAL;
    if (len == 0)
        return LK_OK;
    return port->program(port->ctx, half * lk_half_bytes(port) + offset, data, len);
}

enum lk_status lk_half_erase(const struct lk_store_port *port, uint32_t half)
{
    uint32_t num = port->num_pages / 2, page;

    for (page = 0; page < num; page++)
        LK_TRY(port->erase(port->ctx, half * num + page));
    return port->sync(port->ctx);
}

enum lk_status lk_half_blank(const struct lk_store_port *port, uint32_t half, uint32_t from,
                             uint32_t to, int *out_blank)
{
    uint8_t chunk[256];
    int blank = 1;

    while (from < to && blank) {
        uint32_t n = to - from < sizeof chunk ? to - from : (uint32_t)sizeof chunk;

        LK_TRY(lk_half_read(port, half, from, chunk, n));
        blank = lk_journal_is_blank(chunk, n);
        from += n;
    }
    *out_blank = blank;
    return LK_OK;
}
