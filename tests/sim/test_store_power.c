/* Power fails at every step of a script of changes, with every ending; bits rot; writes fail.
 * The script runs on a flash of 2 KiB, so that it changes halves several times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "latchkey/store.h"
#include "support/flash.h"

#define NUM_IDS 4
#define NUM_STEPS 24

/* A state is the version of each record, 0 for none. Versions give lengths and bytes. */
struct model {
    uint8_t version[NUM_IDS];
};

static struct test_flash flash, image;
static struct lk_store store;
static struct model states[NUM_STEPS + 1]; /* before step 0, after step 0, ... */

static size_t record(uint32_t id, uint8_t version, uint8_t out[128])
{
    size_t len = 1 + (id * 37u + version * 23u) % 90u, i;

    for (i = 0; i < len; i++)
        out[i] = (uint8_t)(id * 59u + version * 7u + i);
    return len;
}

static enum lk_status put(uint32_t index, uint8_t version)
{
    uint8_t bytes[128];
    size_t len = record(index + 1, version, bytes);

    return lk_store_put(&store, index + 1, bytes, len);
}

/* Step `n` of the script; `after` is the model it leads to. */
static enum lk_status act(unsigned n, struct model *after)
{
    uint32_t a = n % NUM_IDS, b = (n / 2 + 1) % NUM_IDS;
    uint8_t version = (uint8_t)(n + 1);
    enum lk_status status;

    if (n % 11 == 10)
        return lk_store_compact(&store);
    status = lk_store_begin(&store);
    if (status == LK_OK)
        status = put(a, version);
    if (status == LK_OK && n % 7 == 5) { /* changes its mind */
        lk_store_cancel(&store);
        return LK_OK;
    }
    if (status == LK_OK)
        after->version[a] = version;
    if (status == LK_OK && n % 3 == 1 && b != a) {
        status = put(b, version);
        after->version[b] = version;
    }
    if (status == LK_OK && n % 5 == 4 && b != a) {
        status = lk_store_remove(&store, b + 1);
        after->version[b] = 0;
    }
    return status == LK_OK ? lk_store_commit(&store) : status;
}

static int holds(const struct model *model)
{
    uint8_t got[128], want[128];
    uint32_t i;

    for (i = 0; i < NUM_IDS; i++) {
        size_t len = 0, want_len = record(i + 1, model->version[i], want);
        enum lk_status status = lk_store_read(&store, i + 1, got, sizeof got, &len);

        if (model->version[i] == 0 && status == LK_CALLER_NOT_FOUND)
            continue;
        if (status != LK_OK || model->version[i] == 0 || len != want_len ||
            memcmp(got, want, len) != 0)
            return 0;
    }
    return 1;
}

static void begin_fresh(int with_floor)
{
    test_flash_init_pages(&flash, 256, 8);
    if (with_floor)
        test_flash_use_floor(&flash);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_ELEMENT), LK_OK);
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_ELEMENT), LK_OK);
    test_flash_power_on(&flash);
}

/* Runs the script until something fails; gives the number of steps done. */
static unsigned run(enum lk_status *out_status)
{
    struct model now;
    unsigned n;

    memset(&now, 0, sizeof now);
    *out_status = LK_OK;
    for (n = 0; n < NUM_STEPS; n++) {
        states[n] = now;
        *out_status = act(n, &now);
        states[n + 1] = now;
        if (*out_status != LK_OK)
            return n;
    }
    return n;
}

static uint32_t all_steps(void)
{
    enum lk_status status;

    begin_fresh(0);
    assert_int_equal(run(&status), NUM_STEPS);
    assert_true(holds(&states[NUM_STEPS]));
    assert_true(store.epoch > 4); /* halves did change */
    assert_int_equal(flash.num_violations, 0);
    return flash.steps;
}

/* After a cut in step `n`: old or new state, the same at each opening, and the store goes on. */
static int recovers(unsigned n)
{
    struct model *state;
    unsigned i;

    test_flash_power_on(&flash);
    if (lk_store_open(&store, &flash.port, LK_STORE_ELEMENT) != LK_OK)
        return 0;
    state = holds(&states[n]) ? &states[n] : &states[n < NUM_STEPS ? n + 1 : n];
    for (i = 0; i < 3; i++) {
        if (!holds(state))
            return 0;
        if (lk_store_open(&store, &flash.port, LK_STORE_ELEMENT) != LK_OK)
            return 0;
    }
    return lk_store_write(&store, 9, (const uint8_t *)"on", 2) == LK_OK &&
           lk_store_open(&store, &flash.port, LK_STORE_ELEMENT) == LK_OK && holds(state);
}

static unsigned cut(uint32_t at, enum test_ending ending, int drops, uint64_t seed)
{
    enum lk_status status;
    unsigned n;

    begin_fresh(drops);
    flash.random = seed;
    flash.cut_at = at;
    flash.ending = ending;
    flash.drops_unsynced = drops;
    n = run(&status);
    if (flash.is_off)
        assert_int_equal(status, LK_PORT_STORE);
    return n;
}

static uint32_t stride(uint32_t usual)
{
    return getenv("LATCHKEY_LONG") != NULL ? 1 : usual;
}

static void every_cut(enum test_ending first, enum test_ending last, int drops)
{
    uint32_t total = all_steps(), at;
    unsigned ending;

    if (drops)
        total += NUM_STEPS; /* the floor is raised once per commit */
    for (ending = first; ending <= (unsigned)last; ending++) {
        for (at = 1; at <= total; at++) {
            unsigned n = cut(at, (enum test_ending)ending, drops, at);

            if (!recovers(n))
                fail_msg("ending %u, step %u, change %u", ending, (unsigned)at, n);
        }
    }
}

static void CR1_every_byte_four_endings(void **state)
{
    (void)state;
    every_cut(TEST_CLEAN, TEST_ERASED, 0);
}

static void CR3_weak_bits_are_rewritten_before_they_are_trusted(void **state)
{
    (void)state;
    every_cut(TEST_WEAK, TEST_WEAK, 0);
}

static void CR7_any_unsynced_write_may_be_lost(void **state)
{
    (void)state;
    every_cut(TEST_CLEAN, TEST_ERASED, 1);
}

/* Cuts recovery at each of its steps too, and the recovery after that once more at random. */
static void CR2_cut_during_recovery(void **state)
{
    uint32_t total = all_steps(), at, again;
    unsigned ending;

    (void)state;
    for (ending = TEST_CLEAN; ending < TEST_NUM_ENDINGS; ending++) {
        for (at = 1 + ending; at <= total; at += stride(23)) {
            unsigned n = cut(at, (enum test_ending)ending, 0, at);

            image = flash;
            for (again = 1;; again += stride(29)) {
                flash = image;
                flash.port.ctx = &flash;
                test_flash_power_on(&flash);
                flash.random = at * 1000u + again;
                flash.cut_at = again;
                if (lk_store_open(&store, &flash.port, LK_STORE_ELEMENT) == LK_OK)
                    break;
                test_flash_power_on(&flash);
                flash.cut_at = 1 + test_flash_random(&flash) % 300;
                (void)lk_store_open(&store, &flash.port, LK_STORE_ELEMENT);
                if (!recovers(n))
                    fail_msg("ending %u, step %u, then %u", ending, (unsigned)at, (unsigned)again);
            }
        }
    }
}

static void CR1_making_a_store(void **state)
{
    uint32_t at;
    unsigned ending;

    (void)state;
    for (ending = TEST_CLEAN; ending < TEST_NUM_ENDINGS; ending++) {
        enum lk_status status = LK_PORT_STORE;

        for (at = 1; status != LK_OK; at++) {
            test_flash_init_pages(&flash, 256, 8);
            flash.cut_at = at;
            flash.ending = (enum test_ending)ending;
            status = lk_store_format(&flash.port, LK_STORE_ELEMENT);
            test_flash_power_on(&flash);
            if (lk_store_open(&store, &flash.port, LK_STORE_ELEMENT) == LK_STORE_FOREIGN)
                assert_int_equal(lk_store_format(&flash.port, LK_STORE_ELEMENT), LK_OK);
            assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_ELEMENT), LK_OK);
        }
        assert_true(at > 80);
    }
}

/* An attempt counter as pairing uses it: committed before the act it protects. */
static void CR4_a_counter_never_falls(void **state)
{
    unsigned ending, seed;

    (void)state;
    for (ending = TEST_CLEAN; ending < TEST_NUM_ENDINGS; ending++) {
        for (seed = 1; seed <= 60; seed++) {
            uint8_t counter = 0, seen = 0;
            size_t len;

            begin_fresh(0);
            flash.random = seed;
            while (counter < 40) {
                uint8_t next = (uint8_t)(counter + 1);

                flash.ending = (enum test_ending)ending;
                flash.cut_at = flash.steps + 1 + test_flash_random(&flash) % 400;
                if (lk_store_write(&store, 5, &next, 1) == LK_OK) {
                    counter = next;
                    continue;
                }
                test_flash_power_on(&flash);
                assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_ELEMENT), LK_OK);
                seen = 0;
                len = 0;
                if (lk_store_read(&store, 5, &seen, 1, &len) != LK_OK)
                    assert_int_equal(counter, 0);
                assert_in_range(seen, counter, next);
                counter = seen;
            }
        }
    }
}

/* The damaged image must be refused untouched, or read as the state that was sealed. */
static void expect_refused_or(const struct model *model, const struct test_flash *damaged)
{
    enum lk_status status = lk_store_open(&store, &flash.port, LK_STORE_ELEMENT);

    if (status == LK_OK) {
        assert_true(holds(model));
        return;
    }
    assert_true(status == LK_STORE_CORRUPT || status == LK_STORE_FOREIGN);
    assert_memory_equal(flash.data, damaged->data, flash.bytes);
}

static void flip_every_bit(const struct model *model)
{
    static struct test_flash damaged;
    uint32_t bit;

    image = flash;
    for (bit = 0; bit < image.bytes * 8; bit++) {
        image.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memcpy(flash.data, image.data, image.bytes);
        memcpy(damaged.data, image.data, image.bytes);
        expect_refused_or(model, &damaged);
        image.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void CR5_every_single_bit(void **state)
{
    enum lk_status status;

    (void)state;
    begin_fresh(0);
    assert_int_equal(run(&status), NUM_STEPS);
    flip_every_bit(&states[NUM_STEPS]);
}

/* The worst moment: the new half is sealed and the old one not yet erased. */
static void CR5_every_single_bit_between_two_halves(void **state)
{
    uint32_t at;
    unsigned n = 0;

    (void)state;
    all_steps();
    for (at = 1; n < 10; at++) /* the erase after the compaction of step 10 */
        n = cut(at, TEST_CLEAN, 0, 1);
    for (;; at++) {
        cut(at, TEST_CLEAN, 0, 1);
        if (memcmp(flash.data, flash.data + 1024, 8) == 0 && flash.data[1024 + 1023] != 0xff &&
            flash.data[1023] != 0xff)
            break;
    }
    test_flash_power_on(&flash);
    flip_every_bit(&states[10]);
}

static void CR5_random_damage(void **state)
{
    static struct test_flash damaged;
    uint32_t rounds = getenv("LATCHKEY_LONG") != NULL ? 1000000 : 20000, i, j;
    enum lk_status status;

    (void)state;
    begin_fresh(0);
    assert_int_equal(run(&status), NUM_STEPS);
    image = flash;
    for (i = 0; i < rounds; i++) {
        uint32_t flips = 2 + test_flash_random(&image) % 40;

        memcpy(flash.data, image.data, image.bytes);
        for (j = 0; j < flips; j++) {
            uint32_t bit = test_flash_random(&image) % (image.bytes * 8);

            flash.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        memcpy(damaged.data, flash.data, image.bytes);
        expect_refused_or(&states[NUM_STEPS], &damaged);
    }
}

static void CR6_every_write_fails_once(void **state)
{
    enum lk_status status = LK_PORT_STORE;
    uint32_t at;
    unsigned n;

    (void)state;
    for (at = 1; status != LK_OK; at++) {
        begin_fresh(1);
        flash.fail_at = at;
        n = run(&status);
        if (status == LK_OK)
            break;
        assert_int_equal(status, LK_PORT_STORE);
        assert_true(holds(&states[n])); /* the old state is read on */
        assert_int_equal(lk_store_write(&store, 9, NULL, 0), LK_PORT_STORE);
        assert_true(recovers(n));
    }
    assert_true(at > 150);
}

static void CR6_every_read_fails_once(void **state)
{
    enum lk_status status = LK_PORT_STORE;
    uint32_t at;
    unsigned n;

    (void)state;
    for (at = 1; status != LK_OK; at++) {
        begin_fresh(0);
        flash.fail_read_at = at;
        n = run(&status);
        if (status == LK_OK)
            break;
        assert_int_equal(status, LK_PORT_STORE);
        assert_true(recovers(n));
    }
    assert_true(at > 50);
}

static void CR6_opening_survives_every_read_failure(void **state)
{
    enum lk_status status = LK_PORT_STORE;
    uint32_t at;

    (void)state;
    begin_fresh(0);
    run(&status);
    image = flash;
    for (at = 1, status = LK_PORT_STORE; status != LK_OK; at++) {
        test_flash_power_on(&flash);
        flash.fail_read_at = at;
        status = lk_store_open(&store, &flash.port, LK_STORE_ELEMENT);
        assert_true(status == LK_OK || status == LK_PORT_STORE);
        assert_memory_equal(image.data, flash.data, flash.bytes);
    }
    assert_true(at > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(CR1_every_byte_four_endings),
        cmocka_unit_test(CR1_making_a_store),
        cmocka_unit_test(CR2_cut_during_recovery),
        cmocka_unit_test(CR3_weak_bits_are_rewritten_before_they_are_trusted),
        cmocka_unit_test(CR4_a_counter_never_falls),
        cmocka_unit_test(CR5_every_single_bit),
        cmocka_unit_test(CR5_every_single_bit_between_two_halves),
        cmocka_unit_test(CR5_random_damage),
        cmocka_unit_test(CR6_every_write_fails_once),
        cmocka_unit_test(CR6_every_read_fails_once),
        cmocka_unit_test(CR6_opening_survives_every_read_failure),
        cmocka_unit_test(CR7_any_unsynced_write_may_be_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
