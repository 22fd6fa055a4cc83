/* Every message: every prefix in a block of exactly its size, one byte more, every output that is
 * too small. A sanitizer sees every read and write outside a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/messages.h"

#define SAMPLE_MAX 4096

static uint8_t sample[SAMPLE_MAX];
static uint8_t output[SAMPLE_MAX];

/* malloc(0) may give no block: one byte more is asked for and never lent. */
static uint8_t *block_of(const uint8_t *bytes, size_t len)
{
    uint8_t *block = malloc(len > 0 ? len : 1);

    assert_non_null(block);
    if (len > 0)
        memcpy(block, bytes, len);
    return block;
}

static enum lk_status run(const struct test_message *message, const uint8_t *bytes, size_t len,
                          size_t *out_len)
{
    uint8_t *block = block_of(bytes, len);
    struct lk_wr wr;
    enum lk_status status;

    lk_wr_init(&wr, output, sizeof output);
    status = message->reencode(lk_bytes(block, len), &wr);
    *out_len = wr.len;
    if (status == LK_OK) {
        assert_int_equal(wr.len, len);
        assert_memory_equal(output, block, len);
    }
    free(block);
    return status;
}

static void PR3_every_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t s = 0; s < test_num_samples; s++) {
        const struct test_message *message = test_message_find(test_samples[s].message);
        size_t len = test_sample_bytes(test_samples[s].text, sample, sizeof sample);
        int num_good = 0;
        size_t written;

        for (size_t n = 0; n < len; n++)
            num_good += run(message, sample, n, &written) == LK_OK;
        if (num_good != test_samples[s].num_good_prefixes)
            print_error("%s: %s\n", message->name, test_samples[s].text);
        assert_int_equal(num_good, test_samples[s].num_good_prefixes);
        assert_int_equal(run(message, sample, len, &written), LK_OK);
    }
}

static void PR3_one_byte_more_is_refused(void **state)
{
    (void)state;
    for (size_t s = 0; s < test_num_samples; s++) {
        const struct test_message *message = test_message_find(test_samples[s].message);
        size_t len = test_sample_bytes(test_samples[s].text, sample, sizeof sample);
        size_t written;

        for (unsigned byte = 0; byte < 256; byte++) {
            sample[len] = (uint8_t)byte;
            assert_int_not_equal(run(message, sample, len + 1, &written), LK_OK);
            assert_int_equal(written, 0);
        }
    }
}

static void every_too_small_output_is_refused(void **state)
{
    (void)state;
    for (size_t s = 0; s < test_num_samples; s++) {
        const struct test_message *message = test_message_find(test_samples[s].message);
        size_t len = test_sample_bytes(test_samples[s].text, sample, sizeof sample);

        for (size_t cap = 0; cap <= len; cap++) {
            uint8_t *block = block_of(sample, cap);
            struct lk_wr wr;
            enum lk_status status;

            lk_wr_init(&wr, block, cap);
            status = message->reencode(lk_bytes(sample, len), &wr);
            assert_int_equal(status, cap < len ? LK_CALLER_SPACE : LK_OK);
            assert_true(wr.len <= cap);
            free(block);
        }
    }
}

static void every_message_has_a_sample(void **state)
{
    (void)state;
    for (size_t m = 0; m < test_num_messages; m++) {
        int num = 0;
        for (size_t s = 0; s < test_num_samples; s++)
            num += strcmp(test_samples[s].message, test_messages[m].name) == 0;
        assert_true(num > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PR3_every_prefix_is_refused),
        cmocka_unit_test(PR3_one_byte_more_is_refused),
        cmocka_unit_test(every_too_small_output_is_refused),
        cmocka_unit_test(every_message_has_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
