/* ram_store.h: a store port over an array, for the examples. It forgets at power-off; yours does
 * not. */
#ifndef RAM_STORE_H
#define RAM_STORE_H

#include <latchkey/store_port.h>
#include <string.h>

#define RAM_PAGE 4096u
#define RAM_PAGES 8u

static uint8_t ram_bytes[RAM_PAGE * RAM_PAGES];

static enum lk_status ram_read(void *ctx, uint32_t offset, uint8_t *out, size_t len)
{
    (void)ctx;
    if (offset > sizeof(ram_bytes) || len > sizeof(ram_bytes) - offset)
        return LK_PORT_STORE;
    memcpy(out, ram_bytes + offset, len);
    return LK_OK;
}

static enum lk_status ram_program(void *ctx, uint32_t offset, const uint8_t *data, size_t len)
{
    (void)ctx;
    if (offset > sizeof(ram_bytes) || len > sizeof(ram_bytes) - offset)
        return LK_PORT_STORE;
    memcpy(ram_bytes + offset, data, len);
    return LK_OK;
}

static enum lk_status ram_erase(void *ctx, uint32_t page)
{
    (void)ctx;
    if (page >= RAM_PAGES)
        return LK_PORT_STORE;
    memset(ram_bytes + page * RAM_PAGE, 0xff, RAM_PAGE);
    return LK_OK;
}

static enum lk_status ram_sync(void *ctx)
{
    (void)ctx;
    return LK_OK;
}

/* An erased store. */
static const struct lk_store_port *ram_store(void)
{
    static struct lk_store_port port;
    memset(ram_bytes, 0xff, sizeof(ram_bytes));
    port.page_bytes = RAM_PAGE;
    port.num_pages = RAM_PAGES;
    port.read = ram_read;
    port.program = ram_program;
    port.erase = ram_erase;
    port.sync = ram_sync;
    return &port;
}

#endif
