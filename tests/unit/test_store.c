/* The journal as its callers use it, without accidents. */
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
static uint8_t buffer[LK_STORE_RECORD_MAX];

static int fresh(void **state)
{
    (void)state;
    test_flash_init(&flash);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_VEHICLE), LK_OK);
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_VEHICLE), LK_OK);
    return 0;
}

static void reopen(void)
{
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_VEHICLE), LK_OK);
}

static void expect(uint32_t id, const char *text)
{
    size_t len = 0;

    assert_int_equal(lk_store_read(&store, id, buffer, sizeof buffer, &len), LK_OK);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(buffer, text, len);
}

static void expect_none(uint32_t id)
{
    size_t len = 7;

    assert_int_equal(lk_store_read(&store, id, buffer, sizeof buffer, &len), LK_CALLER_NOT_FOUND);
    assert_int_equal(len, 7);
}

static enum lk_status write_text(uint32_t id, const char *text)
{
    return lk_store_write(&store, id, (const uint8_t *)text, strlen(text));
}

static enum lk_status put_text(uint32_t id, const char *text)
{
    return lk_store_put(&store, id, (const uint8_t *)text, strlen(text));
}

static void crc64_has_its_published_check_value(void **state)
{
    (void)state;
    assert_true(lk_crc64(0, "123456789", 9) == 0x995dc9bbdf1939fau);
    assert_true(lk_crc64(lk_crc64(0, "1234", 4), "56789", 5) == 0x995dc9bbdf1939fau);
}

static void records_survive_reopening(void **state)
{
    (void)state;
    assert_int_equal(write_text(1, "one"), LK_OK);
    assert_int_equal(write_text(2, ""), LK_OK);
    assert_int_equal(write_text(0xffffffff, "last"), LK_OK);
    assert_int_equal(write_text(1, "uno"), LK_OK);
    reopen();
    expect(1, "uno");
    expect(2, "");
    expect(0xffffffff, "last");
    expect_none(3);
    expect_none(0);
}

static void a_change_is_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(write_text(1, "old"), LK_OK);
    assert_int_equal(lk_store_begin(&store), LK_OK);
    assert_int_equal(lk_store_begin(&store), LK_CALLER_STATE);
    assert_int_equal(put_text(1, "new"), LK_OK);
    assert_int_equal(put_text(2, "two"), LK_OK);
    expect(1, "old");
    expect_none(2);
    lk_store_cancel(&store);
    expect(1, "old");
    assert_int_equal(lk_store_commit(&store), LK_CALLER_STATE);
    assert_int_equal(write_text(3, "three"), LK_OK); /* over what was cancelled */
    reopen();
    expect(1, "old");
    expect_none(2);
    expect(3, "three");
}

static void the_last_word_in_a_change_counts(void **state)
{
    (void)state;
    assert_int_equal(write_text(1, "one"), LK_OK);
    assert_int_equal(write_text(2, "two"), LK_OK);
    assert_int_equal(lk_store_begin(&store), LK_OK);
    assert_int_equal(put_text(1, "a"), LK_OK);
    assert_int_equal(lk_store_remove(&store, 1), LK_OK);
    assert_int_equal(lk_store_remove(&store, 2), LK_OK);
    assert_int_equal(put_text(2, "b"), LK_OK);
    assert_int_equal(put_text(3, "c"), LK_OK);
    assert_int_equal(lk_store_remove(&store, 3), LK_OK);
    assert_int_equal(lk_store_remove(&store, 99), LK_OK);
    assert_int_equal(lk_store_commit(&store), LK_OK);
    expect_none(1);
    expect(2, "b");
    expect_none(3);
    reopen();
    expect_none(1);
    expect(2, "b");
    expect_none(3);
}

static void next_walks_in_order(void **state)
{
    uint32_t id = 0;

    (void)state;
    assert_int_equal(lk_store_next(&store, 0, &id), LK_CALLER_NOT_FOUND);
    assert_int_equal(write_text(30, "x"), LK_OK);
    assert_int_equal(write_text(10, "x"), LK_OK);
    assert_int_equal(write_text(20, "x"), LK_OK);
    assert_int_equal(lk_store_next(&store, 0, &id), LK_OK);
    assert_int_equal(id, 10);
    assert_int_equal(lk_store_next(&store, 10, &id), LK_OK);
    assert_int_equal(id, 20);
    assert_int_equal(lk_store_next(&store, 20, &id), LK_OK);
    assert_int_equal(id, 30);
    assert_int_equal(lk_store_next(&store, 30, &id), LK_CALLER_NOT_FOUND);
}

static void arguments_are_checked(void **state)
{
    uint8_t big[LK_STORE_RECORD_MAX + 1] = {0};
    uint8_t small[2] = {1, 2};
    size_t len = 0;

    (void)state;
    assert_int_equal(lk_store_write(&store, 0, big, 1), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_store_write(&store, 1, big, sizeof big), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_store_write(&store, 1, big, LK_STORE_RECORD_MAX), LK_OK);
    assert_int_equal(lk_store_read(&store, 1, small, sizeof small, &len), LK_CALLER_SPACE);
    assert_int_equal(small[0], 1);
    assert_int_equal(lk_store_put(&store, 1, big, 1), LK_CALLER_STATE);
    assert_int_equal(lk_store_remove(&store, 1), LK_CALLER_STATE);
    flash.port.num_pages = 3;
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_VEHICLE), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_VEHICLE), LK_CALLER_ARGUMENT);
}

static void a_full_index_refuses_and_keeps(void **state)
{
    uint32_t id;

    (void)state;
    for (id = 1; id <= LK_STORE_NUM_RECORDS; id++)
        assert_int_equal(write_text(id, "x"), LK_OK);
    assert_int_equal(write_text(id, "x"), LK_CALLER_FULL);
    assert_int_equal(write_text(1, "replaced"), LK_OK);
    assert_int_equal(lk_store_begin(&store), LK_OK);
    assert_int_equal(lk_store_remove(&store, 2), LK_OK);
    assert_int_equal(lk_store_commit(&store), LK_OK);
    assert_int_equal(write_text(id, "y"), LK_OK);
    reopen();
    expect(1, "replaced");
    expect_none(2);
    expect(id, "y");
}

static void a_full_store_refuses_and_keeps(void **state)
{
    uint32_t id = 1;
    enum lk_status status;

    (void)state;
    memset(buffer, 0x5a, sizeof buffer);
    do
        status = lk_store_write(&store, id++, buffer, 1000);
    while (status == LK_OK);
    assert_int_equal(status, LK_STORE_FULL);
    assert_in_range(id, 60, 65); /* 64 KiB of half, 1000 bytes each */
    while (lk_store_write(&store, id, buffer, 0) == LK_OK)
        id++;
    assert_int_equal(write_text(2, "replaced"), LK_OK);
    assert_int_equal(lk_store_begin(&store), LK_OK);
    assert_int_equal(lk_store_remove(&store, 1), LK_OK);
    assert_int_equal(lk_store_commit(&store), LK_OK);
    memset(buffer, 0x5a, sizeof buffer);
    assert_int_equal(lk_store_write(&store, 1, buffer, 900), LK_OK);
    reopen();
    assert_int_equal(flash.num_violations, 0);
}

static void changing_halves_is_not_seen(void **state)
{
    uint32_t i;
    char text[16];

    (void)state;
    assert_int_equal(write_text(7, "constant"), LK_OK);
    memset(buffer, 0x11, sizeof buffer);
    for (i = 0; i < 300; i++) {
        assert_int_equal(lk_store_begin(&store), LK_OK);
        memset(text, 'a' + (int)(i % 26), sizeof text);
        assert_int_equal(lk_store_put(&store, 8, (const uint8_t *)text, sizeof text), LK_OK);
        assert_int_equal(lk_store_put(&store, 9, buffer, 1500), LK_OK);
        assert_int_equal(lk_store_commit(&store), LK_OK);
        expect(7, "constant");
    }
    assert_in_range(store.epoch, 6, 12);
    reopen();
    expect(7, "constant");
    assert_int_equal(flash.num_violations, 0);
}

static void LI6_compact_leaves_no_old_byte(void **state)
{
    static const char secret[] = "an old key that must go";

    (void)state;
    assert_int_equal(write_text(5, secret), LK_OK);
    assert_int_equal(write_text(5, "new"), LK_OK);
    assert_int_equal(write_text(6, secret), LK_OK);
    assert_int_equal(lk_store_begin(&store), LK_OK);
    assert_int_equal(lk_store_remove(&store, 6), LK_OK);
    assert_int_equal(lk_store_commit(&store), LK_OK);
    assert_int_equal(test_flash_find(&flash, (const uint8_t *)secret, 23), 2);
    assert_int_equal(lk_store_compact(&store), LK_OK);
    assert_int_equal(test_flash_find(&flash, (const uint8_t *)secret, 23), 0);
    expect(5, "new");
    reopen();
    expect(5, "new");
    expect_none(6);
}

static void foreign_stores_are_refused_untouched(void **state)
{
    static struct test_flash before;

    (void)state;
    assert_int_equal(write_text(1, "mine"), LK_OK);
    before = flash;
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_ELEMENT), LK_STORE_FOREIGN);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_ELEMENT), LK_STORE_FOREIGN);
    assert_memory_equal(before.data, flash.data, flash.bytes);
    memset(flash.data, 0x20, flash.bytes);
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_ELEMENT), LK_STORE_FOREIGN);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_ELEMENT), LK_STORE_FOREIGN);
    test_flash_init(&flash);
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_ELEMENT), LK_STORE_FOREIGN);
}

static void LI13_a_newer_format_is_refused_untouched(void **state)
{
    static struct test_flash before;

    (void)state;
    assert_int_equal(write_text(1, "mine"), LK_OK);
    flash.data[11] = LK_JOURNAL_VERSION + 1;
    lk_put64(flash.data + 32, lk_crc64(0, flash.data, 32));
    before = flash;
    assert_int_equal(lk_store_open(&store, &flash.port, LK_STORE_VEHICLE), LK_STORE_VERSION);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_VEHICLE), LK_STORE_FOREIGN);
    assert_memory_equal(before.data, flash.data, flash.bytes);
}

static void LI2_every_older_image_is_refused(void **state)
{
    enum { EPOCHS = 30 };
    static struct test_flash images[EPOCHS];
    uint32_t now, then;
    uint8_t value;

    (void)state;
    test_flash_init_pages(&flash, 256, 8);
    test_flash_use_floor(&flash);
    assert_int_equal(lk_store_format(&flash.port, LK_STORE_VEHICLE), LK_OK);
    reopen();
    for (now = 0; now < EPOCHS; now++) {
        images[now] = flash;
        for (then = 0; then <= now; then++) {
            struct test_flash *old = &images[then];

            old->port.ctx = old;
            old->floor = flash.floor;
            assert_int_equal(lk_store_open(&store, &old->port, LK_STORE_VEHICLE),
                             then == now ? LK_OK : LK_STORE_CORRUPT);
        }
        reopen();
        value = (uint8_t)now;
        assert_int_equal(lk_store_write(&store, 1, &value, 1), LK_OK);
    }
}

static void LI7_the_sequence_does_not_wrap(void **state)
{
    (void)state;
    store.sequence = UINT32_MAX - 2;
    assert_int_equal(lk_store_compact(&store), LK_OK);
    assert_int_equal(write_text(1, "last"), LK_OK);
    assert_int_equal(write_text(1, "too much"), LK_STORE_FULL);
    reopen();
    expect(1, "last");
    assert_int_equal(write_text(1, "too much"), LK_STORE_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc64_has_its_published_check_value),
        cmocka_unit_test_setup(records_survive_reopening, fresh),
        cmocka_unit_test_setup(a_change_is_whole_or_not_at_all, fresh),
        cmocka_unit_test_setup(the_last_word_in_a_change_counts, fresh),
        cmocka_unit_test_setup(next_walks_in_order, fresh),
        cmocka_unit_test_setup(arguments_are_checked, fresh),
        cmocka_unit_test_setup(a_full_index_refuses_and_keeps, fresh),
        cmocka_unit_test_setup(a_full_store_refuses_and_keeps, fresh),
        cmocka_unit_test_setup(changing_halves_is_not_seen, fresh),
        cmocka_unit_test_setup(LI6_compact_leaves_no_old_byte, fresh),
        cmocka_unit_test_setup(foreign_stores_are_refused_untouched, fresh),
        cmocka_unit_test_setup(LI13_a_newer_format_is_refused_untouched, fresh),
        cmocka_unit_test_setup(LI2_every_older_image_is_refused, fresh),
        cmocka_unit_test_setup(LI7_the_sequence_does_not_wrap, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
