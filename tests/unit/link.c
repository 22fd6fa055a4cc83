/* link: messages out of a stream, however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "latchkey/config.h"
#include "latchkey/link.h"

static struct lk_link line;

static void every_cut_gives_the_same_messages(void **state)
{
    static const uint8_t stream[] = {0, 1, 0x04, 0, 3, 0xaa, 0xbb, 0xcc, 0, 2, 0x90, 0x00};
    static const size_t lengths[] = {1, 3, 2};

    (void)state;
    for (size_t piece = 1; piece <= sizeof stream; piece++) {
        size_t at = 0;
        size_t num = 0;

        lk_link_init(&line);
        while (at < sizeof stream) {
            size_t n = sizeof stream - at < piece ? sizeof stream - at : piece;
            uint8_t *block = malloc(n);
            struct lk_bytes message = {NULL, 0};
            struct lk_bytes in = {block, n};
            size_t taken = 0;

            memcpy(block, stream + at, n);
            assert_int_equal(lk_link_feed(&line, 0, in, &taken, &message), LK_OK);
            assert_in_range(taken, 1, n);
            if (message.at != NULL)
                assert_int_equal(message.len, lengths[num++]);
            at += taken;
            free(block);
        }
        assert_int_equal(num, 3);
    }
}

static enum lk_status feed(uint64_t now_ms, const uint8_t *at, size_t len)
{
    struct lk_bytes in = {at, len};
    struct lk_bytes message;
    size_t taken;

    return lk_link_feed(&line, now_ms, in, &taken, &message);
}

static void PR4_lengths_at_the_cap(void **state)
{
    uint8_t prefix[2];

    (void)state;
    for (unsigned len = 0; len <= 0xffff; len++) {
        enum lk_status expected = len == 0 ? LK_PEER_LENGTH
                                  : len > LK_LINK_MESSAGE_MAX ? LK_PEER_TOO_LONG
                                                              : LK_OK;
        prefix[0] = (uint8_t)(len >> 8);
        prefix[1] = (uint8_t)(len & 0xff);
        lk_link_init(&line);
        assert_int_equal(feed(0, prefix, 2), expected);
    }
    assert_int_equal(lk_link_prefix(0, prefix), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_link_prefix(65536, prefix), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_link_prefix(65535, prefix), LK_OK);
}

static void longest_message_fills_the_collector(void **state)
{
    static uint8_t in[2 + LK_LINK_MESSAGE_MAX];
    struct lk_bytes run = {in, sizeof in};
    struct lk_bytes message = {NULL, 0};
    size_t taken = 0;

    (void)state;
    assert_int_equal(lk_link_prefix(LK_LINK_MESSAGE_MAX, in), LK_OK);
    memset(in + 2, 0x5a, LK_LINK_MESSAGE_MAX);
    lk_link_init(&line);
    assert_int_equal(lk_link_feed(&line, 0, run, &taken, &message), LK_OK);
    assert_int_equal(taken, sizeof in);
    assert_int_equal(message.len, LK_LINK_MESSAGE_MAX);
    assert_memory_equal(message.at, in + 2, LK_LINK_MESSAGE_MAX);
}

static void slow_message_times_out(void **state)
{
    static const uint8_t in[] = {0, 2, 0xaa, 0xbb};

    (void)state;
    lk_link_init(&line);
    assert_int_equal(feed(1000, in, 1), LK_OK);
    assert_int_equal(feed(1000 + LK_TIMER_ANSWER_MS, in + 1, 1), LK_OK);
    assert_int_equal(feed(1001 + LK_TIMER_ANSWER_MS, in + 2, 1), LK_PEER_TIMEOUT);
    assert_int_equal(feed(9000, in, 4), LK_OK); /* a new message begins */
    assert_int_equal(feed(90000, in, 1), LK_OK); /* an idle line never times out */
}

static void answer_to_reset_is_well_formed(void **state)
{
    (void)state;
    assert_int_equal(lk_link_atr[0], 0x3b);
    assert_int_equal(lk_link_atr[1] ^ lk_link_atr[2] ^ lk_link_atr[3] ^ lk_link_atr[4], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_gives_the_same_messages),
        cmocka_unit_test(PR4_lengths_at_the_cap),
        cmocka_unit_test(longest_message_fills_the_collector),
        cmocka_unit_test(slow_message_times_out),
        cmocka_unit_test(answer_to_reset_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
