/* store.c: a flash image in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "latchkey/posix_store.h"

#define SLOT_LEN 16

static enum lk_status broken(struct lk_posix_store *store)
{
    store->is_broken = 1;
    return LK_PORT_STORE;
}

static int pread_all(int fd, uint8_t *out, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t got = pread(fd, out, len, at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        out += got;
        at += got;
        len -= (size_t)got;
    }
    return 1;
}

static int pwrite_all(int fd, const uint8_t *data, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t put = pwrite(fd, data, len, at);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return 0;
        data += put;
        at += put;
        len -= (size_t)put;
    }
    return 1;
}

static enum lk_status read_bytes(void *ctx, uint32_t offset, uint8_t *out, size_t len)
{
    const struct lk_posix_store *store = ctx;

    return pread_all(store->fd, out, len, (off_t)offset) ? LK_OK : LK_PORT_STORE;
}

static enum lk_status program(void *ctx, uint32_t offset, const uint8_t *data, size_t len)
{
    struct lk_posix_store *store = ctx;

    if (store->is_broken || !pwrite_all(store->fd, data, len, (off_t)offset))
        return broken(store);
    return LK_OK;
}

static enum lk_status erase(void *ctx, uint32_t page)
{
    struct lk_posix_store *store = ctx;
    uint8_t blank[LK_POSIX_STORE_PAGE_BYTES];

    memset(blank, 0xff, sizeof blank);
    if (store->is_broken ||
        !pwrite_all(store->fd, blank, sizeof blank, (off_t)page * (off_t)sizeof blank))
        return broken(store);
    return LK_OK;
}

/* A failed sync may have dropped the dirty pages: a second try would succeed and mean nothing. */
static enum lk_status sync_all(void *ctx)
{
    struct lk_posix_store *store = ctx;

    if (store->is_broken || fdatasync(store->fd) != 0)
        return broken(store);
    return LK_OK;
}

static enum lk_status sync_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int fd, good;

    if (slash == NULL || slash == path)
        snprintf(folder, sizeof folder, slash == NULL ? "." : "/");
    else if ((size_t)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path) >=
             sizeof folder)
        return LK_PORT_STORE;
    fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return LK_PORT_STORE;
    good = fsync(fd) == 0;
    close(fd);
    return good ? LK_OK : LK_PORT_STORE;
}

static int fill(int fd, uint32_t num_pages)
{
    uint8_t blank[LK_POSIX_STORE_PAGE_BYTES];
    uint32_t i;

    memset(blank, 0xff, sizeof blank);
    for (i = 0; i < num_pages; i++)
        if (!pwrite_all(fd, blank, sizeof blank, (off_t)i * (off_t)sizeof blank))
            return 0;
    return fsync(fd) == 0;
}

enum lk_status lk_posix_store_create(const char *path, uint32_t num_pages)
{
    enum lk_status status = LK_PORT_STORE;
    char half_made[4096];
    int fd;

    if (num_pages < 2 || num_pages % 2 != 0 || num_pages > 0x8000)
        return LK_CALLER_ARGUMENT;
    if ((size_t)snprintf(half_made, sizeof half_made, "%s.%ld.new", path, (long)getpid()) >=
        sizeof half_made)
        return LK_CALLER_ARGUMENT;
    fd = open(half_made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return LK_PORT_STORE;
    if (fill(fd, num_pages)) {
        /* link, not rename: a file that is already there must stay. */
        if (link(half_made, path) == 0)
            status = sync_folder(path);
        else if (errno == EEXIST)
            status = LK_CALLER_EXISTS;
    }
    close(fd);
    unlink(half_made);
    return status;
}

static enum lk_status take(const char *path, int *out_fd, off_t *out_size)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return LK_CALLER_FILE;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return LK_PORT_BUSY;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return LK_CALLER_FILE;
    }
    *out_fd = fd;
    *out_size = info.st_size;
    return LK_OK;
}

enum lk_status lk_posix_store_open(struct lk_posix_store *store, const char *path,
                                   struct lk_store_port *out_port)
{
    const off_t pair = 2 * (off_t)LK_POSIX_STORE_PAGE_BYTES;
    enum lk_status status;
    off_t size = 0;

    memset(store, 0, sizeof *store);
    store->fd = store->floor.fd = -1;
    status = take(path, &store->fd, &size);
    if (status != LK_OK)
        return status;
    if (size < pair || size % pair != 0 || size > pair * 0x4000) {
        lk_posix_store_close(store);
        return LK_STORE_FOREIGN;
    }
    memset(out_port, 0, sizeof *out_port);
    out_port->ctx = store;
    out_port->page_bytes = LK_POSIX_STORE_PAGE_BYTES;
    out_port->num_pages = (uint32_t)(size / (off_t)LK_POSIX_STORE_PAGE_BYTES);
    out_port->read = read_bytes;
    out_port->program = program;
    out_port->erase = erase;
    out_port->sync = sync_all;
    return LK_OK;
}

/* A slot of a number: a mark, the number, its complement, the mark again. */
static void slot_bytes(uint32_t number, uint8_t out[SLOT_LEN])
{
    static const uint8_t mark[4] = {'L', 'K', 'f', 'l'};
    int i;

    memcpy(out, mark, 4);
    memcpy(out + 12, mark, 4);
    for (i = 0; i < 4; i++) {
        out[4 + i] = (uint8_t)(number >> (24 - 8 * i));
        out[8 + i] = (uint8_t)~out[4 + i];
    }
}

static int slot_number(const uint8_t in[SLOT_LEN], uint32_t *out)
{
    uint8_t want[SLOT_LEN];

    *out = (uint32_t)in[4] << 24 | (uint32_t)in[5] << 16 | (uint32_t)in[6] << 8 | in[7];
    slot_bytes(*out, want);
    return memcmp(in, want, sizeof want) == 0;
}

/* The slots are written in turn: a cut spoils the one that is behind. */
enum lk_status lk_posix_number_raise(struct lk_posix_number *number, uint32_t value)
{
    uint8_t slot[SLOT_LEN];

    if (value <= number->value)
        return LK_OK;
    slot_bytes(value, slot);
    if (!pwrite_all(number->fd, slot, sizeof slot, number->next_slot * SLOT_LEN) ||
        fdatasync(number->fd) != 0)
        return LK_PORT_STORE;
    number->value = value;
    number->next_slot ^= 1;
    return LK_OK;
}

enum lk_status lk_posix_number_create(const char *path)
{
    uint8_t slots[2 * SLOT_LEN];
    enum lk_status status = LK_PORT_STORE;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? LK_CALLER_EXISTS : LK_CALLER_FILE;
    slot_bytes(0, slots);
    slot_bytes(0, slots + SLOT_LEN);
    if (pwrite_all(fd, slots, sizeof slots, 0) && fsync(fd) == 0)
        status = sync_folder(path);
    close(fd);
    if (status != LK_OK)
        unlink(path);
    return status;
}

enum lk_status lk_posix_number_open(struct lk_posix_number *number, const char *path)
{
    uint8_t slots[2 * SLOT_LEN];
    uint32_t first = 0, second = 0;
    int has_first, has_second;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    number->fd = -1;
    if (fd < 0)
        return LK_CALLER_FILE;
    memset(slots, 0, sizeof slots);
    (void)pread_all(fd, slots, sizeof slots, 0); /* what is missing is no slot */
    has_first = slot_number(slots, &first);
    has_second = slot_number(slots + SLOT_LEN, &second);
    if (!has_first && !has_second) {
        close(fd);
        return LK_STORE_CORRUPT;
    }
    number->next_slot = has_first && (!has_second || first > second);
    number->value = number->next_slot ? first : second;
    number->fd = fd;
    return LK_OK;
}

void lk_posix_number_close(struct lk_posix_number *number)
{
    if (number->fd >= 0)
        close(number->fd);
    number->fd = -1;
}

static enum lk_status read_floor(void *ctx, uint32_t *out_sequence)
{
    const struct lk_posix_store *store = ctx;

    *out_sequence = store->floor.value;
    return LK_OK;
}

static enum lk_status raise_floor(void *ctx, uint32_t sequence)
{
    struct lk_posix_store *store = ctx;

    if (store->is_broken || lk_posix_number_raise(&store->floor, sequence) != LK_OK)
        return broken(store);
    return LK_OK;
}

enum lk_status lk_posix_store_use_floor(struct lk_posix_store *store, const char *path,
                                        struct lk_store_port *port)
{
    enum lk_status status = lk_posix_number_open(&store->floor, path);

    if (status != LK_OK)
        return status;
    port->floor = read_floor;
    port->raise = raise_floor;
    return LK_OK;
}

void lk_posix_store_close(struct lk_posix_store *store)
{
    if (store->fd >= 0)
        close(store->fd); /* the lock goes with it */
    lk_posix_number_close(&store->floor);
    store->fd = -1;
}
