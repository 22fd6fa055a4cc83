#include "support/flash.h"

#include <string.h>

uint32_t test_flash_random(struct test_flash *flash)
{
    uint64_t z = (flash->random += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

static uint8_t noise(struct test_flash *flash)
{
    return (uint8_t)test_flash_random(flash);
}

static int is_inside(const struct test_flash *flash, uint32_t offset, size_t len)
{
    return offset <= flash->bytes && len <= flash->bytes - offset;
}

static enum lk_status read_bytes(void *ctx, uint32_t offset, uint8_t *out, size_t len)
{
    struct test_flash *flash = ctx;
    size_t i;

    if (flash->is_off || !is_inside(flash, offset, len) || ++flash->reads == flash->fail_read_at)
        return LK_PORT_STORE;
    for (i = 0; i < len; i++) {
        uint8_t weak = flash->weak[offset + i];

        out[i] = flash->data[offset + i];
        if (weak != 0)
            out[i] = (uint8_t)((out[i] & ~weak) | (noise(flash) & weak));
    }
    return LK_OK;
}

static void lose_unsynced(struct test_flash *flash)
{
    uint32_t i;

    for (i = 0; i < flash->num_pending && flash->drops_unsynced; i++)
        if (test_flash_random(flash) & 1)
            memcpy(flash->data + flash->pending_at[i], flash->synced + flash->pending_at[i],
                   flash->pending_len[i]);
    flash->num_pending = 0;
}

static void note(struct test_flash *flash, uint32_t at, uint32_t len)
{
    if (flash->num_pending < TEST_FLASH_PENDING_MAX) {
        flash->pending_at[flash->num_pending] = at;
        flash->pending_len[flash->num_pending++] = len;
    }
}

static int step(struct test_flash *flash)
{
    return ++flash->steps == flash->cut_at;
}

static int fails(struct test_flash *flash)
{
    return flash->is_off || ++flash->writes == flash->fail_at;
}

/* Power fails while byte `i` of `len` at `at` is programmed with data[i]. */
static enum lk_status cut_program(struct test_flash *flash, uint32_t at, const uint8_t *data,
                                  uint32_t i, uint32_t len)
{
    uint32_t j;

    flash->is_off = 1;
    switch (flash->ending) {
    case TEST_PARTLY:
        flash->data[at + i] &= (uint8_t)(data[i] | noise(flash));
        break;
    case TEST_RANDOM:
        for (j = i; j < len; j++)
            flash->data[at + j] = noise(flash);
        break;
    case TEST_ERASED:
        memset(flash->data + at, 0xff, len);
        break;
    case TEST_WEAK:
        for (j = i; j < len && j < i + 8; j++)
            flash->weak[at + j] = (uint8_t)~data[j];
        break;
    case TEST_CLEAN:
    case TEST_NUM_ENDINGS:
        break;
    }
    lose_unsynced(flash);
    return LK_PORT_STORE;
}

static enum lk_status program(void *ctx, uint32_t offset, const uint8_t *data, size_t len)
{
    struct test_flash *flash = ctx;
    uint32_t i;

    if (!is_inside(flash, offset, len) || fails(flash))
        return LK_PORT_STORE;
    note(flash, offset, (uint32_t)len);
    for (i = 0; i < len; i++) {
        if (flash->data[offset + i] != 0xff)
            flash->num_violations++;
        if (step(flash))
            return cut_program(flash, offset, data, i, (uint32_t)len);
        flash->data[offset + i] &= data[i];
        flash->weak[offset + i] = 0;
    }
    return LK_OK;
}

static enum lk_status cut_erase(struct test_flash *flash, uint32_t at, uint32_t quarter)
{
    uint32_t page = flash->port.page_bytes, i;

    flash->is_off = 1;
    for (i = 0; i < page; i++) {
        uint8_t *byte = &flash->data[at + i];

        switch (flash->ending) {
        case TEST_CLEAN:
            *byte = i < quarter * (page / 4) ? 0xff : *byte;
            break;
        case TEST_PARTLY:
            *byte |= noise(flash);
            break;
        case TEST_RANDOM:
            *byte = noise(flash);
            break;
        case TEST_ERASED:
            *byte = 0xff;
            break;
        case TEST_WEAK:
            flash->weak[at + i] = (uint8_t)~*byte;
            break;
        case TEST_NUM_ENDINGS:
            break;
        }
    }
    lose_unsynced(flash);
    return LK_PORT_STORE;
}

static enum lk_status erase(void *ctx, uint32_t page)
{
    struct test_flash *flash = ctx;
    uint32_t at, quarter;

    if (page >= flash->port.num_pages || fails(flash))
        return LK_PORT_STORE;
    at = page * flash->port.page_bytes;
    note(flash, at, flash->port.page_bytes);
    for (quarter = 0; quarter < 4; quarter++)
        if (step(flash))
            return cut_erase(flash, at, quarter);
    memset(flash->data + at, 0xff, flash->port.page_bytes);
    memset(flash->weak + at, 0, flash->port.page_bytes);
    return LK_OK;
}

static enum lk_status sync_all(void *ctx)
{
    struct test_flash *flash = ctx;

    if (fails(flash))
        return LK_PORT_STORE;
    if (step(flash)) {
        flash->is_off = 1;
        lose_unsynced(flash);
        return LK_PORT_STORE;
    }
    memcpy(flash->synced, flash->data, flash->bytes);
    flash->num_pending = 0;
    return LK_OK;
}

static enum lk_status read_floor(void *ctx, uint32_t *out_sequence)
{
    struct test_flash *flash = ctx;

    if (flash->is_off)
        return LK_PORT_STORE;
    *out_sequence = flash->floor;
    return LK_OK;
}

static enum lk_status raise_floor(void *ctx, uint32_t sequence)
{
    struct test_flash *flash = ctx;

    if (fails(flash))
        return LK_PORT_STORE;
    if (step(flash)) {
        flash->is_off = 1;
        return LK_PORT_STORE;
    }
    if (sequence > flash->floor)
        flash->floor = sequence;
    return LK_OK;
}

void test_flash_init_pages(struct test_flash *flash, uint32_t page_bytes, uint32_t num_pages)
{
    memset(flash, 0, sizeof *flash);
    flash->bytes = page_bytes * num_pages;
    memset(flash->data, 0xff, sizeof flash->data);
    memset(flash->synced, 0xff, sizeof flash->synced);
    flash->random = 1;
    flash->port.ctx = flash;
    flash->port.page_bytes = page_bytes;
    flash->port.num_pages = num_pages;
    flash->port.read = read_bytes;
    flash->port.program = program;
    flash->port.erase = erase;
    flash->port.sync = sync_all;
}

void test_flash_init(struct test_flash *flash)
{
    test_flash_init_pages(flash, 4096, 32);
}

void test_flash_use_floor(struct test_flash *flash)
{
    flash->port.floor = read_floor;
    flash->port.raise = raise_floor;
}

void test_flash_power_on(struct test_flash *flash)
{
    flash->is_off = 0;
    flash->cut_at = flash->fail_at = flash->fail_read_at = 0;
    flash->steps = flash->writes = flash->reads = 0;
    flash->num_pending = 0;
    memcpy(flash->synced, flash->data, flash->bytes);
}

uint32_t test_flash_find(const struct test_flash *flash, const uint8_t *needle, uint32_t len)
{
    uint32_t found = 0, i;

    for (i = 0; len > 0 && i + len <= flash->bytes; i++)
        found += memcmp(flash->data + i, needle, len) == 0;
    return found;
}
