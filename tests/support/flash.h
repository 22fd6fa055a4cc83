/* flash.h: a flash memory in RAM that can lose power at any step, with a chosen ending.
 * A step is one byte programmed, one quarter of a page erased, or one sync. */
#ifndef TESTS_SUPPORT_FLASH_H
#define TESTS_SUPPORT_FLASH_H

#include "latchkey/store_port.h"

#define TEST_FLASH_MAX (128u * 1024u)
#define TEST_FLASH_PENDING_MAX 512

enum test_ending {
    TEST_CLEAN,  /* what came before the step is there, the rest is not */
    TEST_PARTLY, /* the byte or page at the step has some of its bits */
    TEST_RANDOM, /* the rest of the operation is noise */
    TEST_ERASED, /* the whole operation reads FF */
    TEST_WEAK,   /* the cells at the step read differently each time until rewritten */
    TEST_NUM_ENDINGS
};

struct test_flash {
    struct lk_store_port port; /* give &flash.port to the store */
    uint8_t data[TEST_FLASH_MAX];
    uint8_t synced[TEST_FLASH_MAX]; /* as of the last sync */
    uint8_t weak[TEST_FLASH_MAX];   /* bits that read as noise */
    uint32_t bytes;
    uint64_t random; /* state of the generator; set it to vary the noise */

    uint32_t steps;  /* done since power on */
    uint32_t cut_at; /* power fails at this step, counted from 1; 0: never */
    enum test_ending ending;
    int drops_unsynced; /* at a cut any subset of unsynced operations is lost */
    int is_off;

    uint32_t writes;   /* program, erase and sync calls since power on */
    uint32_t fail_at;  /* this call fails and does nothing, counted from 1; 0: never */
    uint32_t reads, fail_read_at;
    int num_violations; /* programs over bytes that were not erased */

    uint32_t floor; /* the number that never falls; in use if test_flash_use_floor was called */

    uint32_t num_pending;
    uint32_t pending_at[TEST_FLASH_PENDING_MAX], pending_len[TEST_FLASH_PENDING_MAX];
};

/* An erased flash of 32 pages of 4096 bytes. */
void test_flash_init(struct test_flash *flash);
/* An erased flash of another geometry, at most TEST_FLASH_MAX bytes. */
void test_flash_init_pages(struct test_flash *flash, uint32_t page_bytes, uint32_t num_pages);
/* Gives the port its monotonic number. */
void test_flash_use_floor(struct test_flash *flash);
/* Power comes back: no cut or failure is armed, counters start at 0. */
void test_flash_power_on(struct test_flash *flash);
/* Number of places where `needle` occurs in the pages. */
uint32_t test_flash_find(const struct test_flash *flash, const uint8_t *needle, uint32_t len);
/* Another number of the flash's generator. */
uint32_t test_flash_random(struct test_flash *flash);

#endif
