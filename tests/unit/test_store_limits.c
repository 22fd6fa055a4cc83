/* The rare ends of the store: bytes that changed under it, operations that nobody wrote, two halves
 * that contradict each other, and calls out of turn. No case loses a record that is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/journal.h"
#include "support/flash.h"

static struct test_flash flash;
static struct lk_store store;
static uint8_t out[LK_STORE_RECORD_MAX];
static size_t out_len;

static enum lk_status open_again(void)
{
    return lk_store_open(&store, &flash.port, LK_STORE_WALLET);
}

static int setup(void **state)
{
    (void)state;
    test_flash_init_pages(&flash, 1024, 8);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_WALLET), LK_OK);
    assert_int_equal(open_again(), LK_OK);
    assert_int_equal(lk_store_write(&store, 7, (const uint8_t *)"seven", 5), LK_OK);
    return 0;
}

static void assert_seven(void)
{
    assert_int_equal(lk_store_read(&store, 7, out, sizeof out, &out_len), LK_OK);
    assert_int_equal(out_len, 5);
    assert_memory_equal(out, "seven", 5);
}

/* Where record `id` lies in the flash. */
static uint8_t *place_of(uint32_t id)
{
    return flash.data + store.half * lk_half_bytes(&flash.port) +
           lk_index_find(&store, id)->offset;
}

static void changed_bytes_are_not_handed_out(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < LK_JOURNAL_OP_LEN + 5; at++) {
        size_t len = 77;

        if (at == 7) /* the version: looked at when the journal is replayed */
            continue;
        place_of(7)[at] ^= 0x10;
        memset(out, 0x5a, sizeof out);
        assert_int_equal(lk_store_read(&store, 7, out, sizeof out, &len), LK_STORE_CORRUPT);
        assert_int_equal(len, 77);
        assert_true(memcmp(out, "seven", 5) != 0);
        if (at >= 12)
            assert_true(lk_is_zero(out, 5)); /* what was read is wiped */
        place_of(7)[at] ^= 0x10;
    }
    assert_seven();
}

static void changed_bytes_are_not_copied(void **state)
{
    static const uint8_t places[] = {0, 4, 6, LK_JOURNAL_OP_LEN + 2};

    for (size_t i = 0; i < sizeof places; i++) {
        (void)setup(state);
        place_of(7)[places[i]] ^= 0x10;
        assert_int_equal(lk_store_compact(&store), LK_STORE_CORRUPT);
        assert_int_equal(lk_store_compact(&store), LK_PORT_STORE); /* it only reads from now on */
        assert_int_equal(lk_store_begin(&store), LK_PORT_STORE);
        place_of(7)[places[i]] ^= 0x10;
        assert_int_equal(open_again(), LK_OK); /* the old half was left as it was */
        assert_seven();
    }
}

/* An operation that nobody sealed, whatever it says, is nothing. */
static void operations_that_nobody_wrote_are_dropped(void **state)
{
    static const struct {
        uint32_t id;
        uint8_t type, epoch_off, sequence_off;
    } rows[] = {
        {9, 0x41, 0, 1},                /* no such type */
        {5, LK_OP_COMMIT, 0, 1},        /* of five operations, where there is none */
        {9, LK_OP_REMOVE, 0, 1},        /* of a record that is not there */
        {7, LK_OP_REMOVE, 1, 1},        /* of another epoch */
        {7, LK_OP_REMOVE, 0, 9},        /* of another commit */
        {0, LK_OP_PUT, 0, 1},           /* without a number */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_op op = {rows[i].id, 0, rows[i].type, 0, 0, 0};
        uint8_t bytes[LK_JOURNAL_OP_LEN];

        (void)setup(state);
        op.epoch = store.epoch + rows[i].epoch_off;
        op.sequence = store.sequence + rows[i].sequence_off;
        op.crc = lk_op_crc(&op);
        lk_op_encode(&op, bytes);
        assert_int_equal(lk_half_program(&flash.port, store.half, store.tail, bytes, sizeof bytes),
                         LK_OK);
        assert_int_equal(open_again(), LK_OK);
        assert_seven();
        assert_int_equal(lk_store_read(&store, 9, out, sizeof out, &out_len), LK_CALLER_NOT_FOUND);
    }
}

static void two_truths_of_one_epoch_are_none(void **state)
{
    uint32_t half = lk_half_bytes(&flash.port);

    (void)state;
    memcpy(flash.data + (1 - store.half) * half, flash.data + store.half * half, half);
    assert_int_equal(open_again(), LK_STORE_CORRUPT);
}

/* Commits were acknowledged in the newer half; the older one must not stand in for them. */
static void an_old_half_does_not_hide_lost_commits(void **state)
{
    static uint8_t old[8 * 1024];
    uint32_t half = lk_half_bytes(&flash.port), old_half = store.half;

    (void)state;
    memcpy(old, flash.data + old_half * half, half);
    assert_int_equal(lk_store_compact(&store), LK_OK);
    assert_int_equal(lk_store_write(&store, 8, (const uint8_t *)"eight", 5), LK_OK);
    memcpy(flash.data + old_half * half, old, half);
    place_of(7)[LK_JOURNAL_OP_LEN] ^= 1;
    assert_int_equal(open_again(), LK_STORE_CORRUPT);
}

/* Each read of an opening gives noise once: it opens or refuses; the records stay. */
static struct {
    enum lk_status (*honest)(void *ctx, uint32_t at, uint8_t *to, size_t len);
    uint32_t calls, noise_at;
} noisy;

static enum lk_status noisy_read(void *ctx, uint32_t at, uint8_t *to, size_t len)
{
    enum lk_status status = noisy.honest(ctx, at, to, len);

    if (++noisy.calls == noisy.noise_at)
        for (size_t i = 0; i < len; i++)
            to[i] ^= (uint8_t)(0x21 + i);
    return status;
}

static void noise_in_one_read_loses_nothing(void **state)
{
    uint32_t at;

    for (at = 1; at < 500; at++) {
        (void)setup(state);
        assert_int_equal(lk_store_write(&store, 8, (const uint8_t *)"eight", 5), LK_OK);
        noisy.honest = flash.port.read;
        noisy.calls = 0;
        noisy.noise_at = at;
        flash.port.read = noisy_read;
        (void)open_again();
        flash.port.read = noisy.honest;
        assert_int_equal(open_again(), LK_OK);
        assert_seven();
        if (noisy.calls < at)
            break;
    }
    assert_in_range(at, 10, 499);
}

/* A removal that waits while the journal changes halves goes along. */
static void a_waiting_removal_survives_a_change_of_halves(void **state)
{
    static uint8_t large[700];
    uint32_t epoch = store.epoch;

    (void)state;
    assert_int_equal(lk_store_write(&store, 9, (const uint8_t *)"nine", 4), LK_OK);
    while (store.epoch == epoch) {
        assert_int_equal(lk_store_begin(&store), LK_OK);
        assert_int_equal(lk_store_remove(&store, 9), LK_OK);
        assert_int_equal(lk_store_put(&store, 10, large, sizeof large), LK_OK);
        if (store.epoch == epoch)
            lk_store_cancel(&store);
    }
    assert_int_equal(lk_store_commit(&store), LK_OK);
    assert_int_equal(open_again(), LK_OK);
    assert_int_equal(lk_store_read(&store, 9, out, sizeof out, &out_len), LK_CALLER_NOT_FOUND);
    assert_int_equal(lk_store_read(&store, 10, out, sizeof out, &out_len), LK_OK);
    assert_int_equal(out_len, sizeof large);
    assert_seven();
}

static void calls_out_of_turn(void **state)
{
    uint32_t id = 77, tail = store.tail;

    (void)state;
    assert_int_equal(lk_store_begin(&store), LK_OK);
    assert_int_equal(lk_store_compact(&store), LK_CALLER_STATE);
    assert_int_equal(lk_store_commit(&store), LK_OK); /* of nothing: nothing is written */
    assert_int_equal(store.tail, tail);
    assert_int_equal(lk_store_begin(&store), LK_OK);
    lk_store_cancel(&store);
    memset(&store, 0, sizeof store);
    assert_int_equal(lk_store_read(&store, 7, out, sizeof out, &out_len), LK_CALLER_STATE);
    assert_int_equal(lk_store_next(&store, 0, &id), LK_CALLER_STATE);
    assert_int_equal(id, 77);
}

static void nothing_is_read_or_written_outside_a_half(void **state)
{
    uint32_t half = lk_half_bytes(&flash.port);

    (void)state;
    assert_int_equal(lk_half_read(&flash.port, 0, half - 4, out, 5), LK_INTERNAL);
    assert_int_equal(lk_half_read(&flash.port, 0, UINT32_MAX, out, 1), LK_INTERNAL);
    assert_int_equal(lk_half_program(&flash.port, 1, half, out, 1), LK_INTERNAL);
    assert_int_equal(open_again(), LK_OK);
    assert_seven();
}

static void the_index_has_an_end(void **state)
{
    (void)state;
    for (uint32_t id = 100; lk_index_find(&store, 0) != NULL; id++)
        assert_int_equal(lk_index_put(&store, id, 64, 1), LK_OK);
    assert_int_equal(lk_index_put(&store, 9999, 64, 1), LK_CALLER_FULL);
    lk_index_remove(&store, 9999); /* what is not there */
    assert_null(lk_index_find(&store, 9999));
    lk_index_cancel(&store);
    assert_seven();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        T(changed_bytes_are_not_handed_out),
        T(changed_bytes_are_not_copied),
        T(operations_that_nobody_wrote_are_dropped),
        T(two_truths_of_one_epoch_are_none),
        T(an_old_half_does_not_hide_lost_commits),
        T(noise_in_one_read_loses_nothing),
        T(a_waiting_removal_survives_a_change_of_halves),
        T(calls_out_of_turn),
        T(nothing_is_read_or_written_outside_a_half),
        T(the_index_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
