/* posix_store.h: a store port over a file: an image of a flash memory.
 *
 * The file is locked while it is open, so that one store has one process (CR12). A failed write or
 * sync is final until the file is opened again (CR7). Owns a file descriptor; one thread at a time.
 * Source: spec/store.md of the project. */
#ifndef LATCHKEY_POSIX_STORE_H
#define LATCHKEY_POSIX_STORE_H

#include "store_port.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LK_POSIX_STORE_PAGE_BYTES 4096u
#define LK_POSIX_STORE_NUM_PAGES 32u /* what a caller without wishes should pass: 128 KiB */

/* A number in a file that only grows, through power cuts at any byte. `value` is for all to read;
 * the other fields belong to ports/posix. */
struct lk_posix_number {
    int fd; /* -1: closed */
    uint32_t value;
    uint8_t next_slot;
};

/* Makes the file, mode 0600, with the number 0. LK_CALLER_EXISTS, LK_CALLER_FILE, LK_PORT_STORE. */
enum lk_status lk_posix_number_create(const char *path);
/* Opens it. LK_CALLER_FILE if there is none, LK_STORE_CORRUPT if it holds no whole number. It is
 * not locked: whoever owns it holds a lock of his own. */
enum lk_status lk_posix_number_open(struct lk_posix_number *number, const char *path);
/* Durable on LK_OK; nothing to do for a value that is not above the present one. LK_PORT_STORE. */
enum lk_status lk_posix_number_raise(struct lk_posix_number *number, uint32_t value);
void lk_posix_number_close(struct lk_posix_number *number);

/* Fields belong to ports/posix. */
struct lk_posix_store {
    int fd; /* -1: closed */
    struct lk_posix_number floor;
    uint8_t is_broken;
};

/* Makes a new erased image, mode 0600, whole or not at all. LK_CALLER_EXISTS if there is a file of
 * that name, LK_CALLER_ARGUMENT for an odd number of pages, LK_PORT_STORE. */
enum lk_status lk_posix_store_create(const char *path, uint32_t num_pages);

/* Opens and locks an image. LK_CALLER_FILE if it cannot be read, LK_PORT_BUSY if another process
 * has it, LK_STORE_FOREIGN if its size is not that of an image. Nothing is written. */
enum lk_status lk_posix_store_open(struct lk_posix_store *store, const char *path,
                                   struct lk_store_port *out_port);

/* Keeps the number that never falls in a second file, made by lk_posix_number_create, best on other
 * storage: an old image alone is then refused (LI2). LK_CALLER_FILE if it is missing,
 * LK_STORE_CORRUPT. */
enum lk_status lk_posix_store_use_floor(struct lk_posix_store *store, const char *path,
                                        struct lk_store_port *port);

/* Closes and unlocks the image and its floor. Nothing on a closed one. */
void lk_posix_store_close(struct lk_posix_store *store);

#ifdef __cplusplus
}
#endif
#endif
