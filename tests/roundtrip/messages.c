/* What a parser accepts, the writer gives back byte for byte: one meaning per encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/messages.h"

#define SAMPLE_MAX 4096
#define ROUNDS 20000

static uint8_t sample[SAMPLE_MAX];
static uint8_t changed[SAMPLE_MAX];
static uint8_t output[SAMPLE_MAX];

static int rounds(void)
{
    return getenv("LATCHKEY_LONG") != NULL ? ROUNDS * 200 : ROUNDS;
}

static void PR11_accepted_messages_reencode_identically(void **state)
{
    uint64_t noise = 0x1234567;
    long num_accepted = 0;

    (void)state;
    for (size_t s = 0; s < test_num_samples; s++) {
        const struct test_message *message = test_message_find(test_samples[s].message);
        size_t len = test_sample_bytes(test_samples[s].text, sample, sizeof sample);

        for (int i = 0; i < rounds(); i++) {
            size_t changed_len = len;
            struct lk_wr wr;

            memcpy(changed, sample, len);
            if (i > 0)
                test_mutate(&noise, changed, &changed_len, sizeof changed);
            lk_wr_init(&wr, output, sizeof output);
            if (message->reencode(lk_bytes(changed, changed_len), &wr) != LK_OK) {
                assert_int_equal(wr.len, 0); /* refused by the parser, never by the writer */
                assert_int_not_equal(i, 0);
                continue;
            }
            num_accepted++;
            assert_int_equal(wr.len, changed_len);
            assert_memory_equal(output, changed, changed_len);
        }
    }
    assert_true(num_accepted > (long)test_num_samples * rounds() / 10);
}

static void PR11_accepted_apdus_reencode_identically(void **state)
{
    uint64_t noise = 0x7654321;

    (void)state;
    for (int i = 0; i < rounds() * 20; i++) {
        struct lk_command command;
        size_t len = 4 + test_noise(&noise) % 12;
        size_t out_len = 0;

        for (size_t j = 0; j < len; j++)
            changed[j] = (uint8_t)test_noise(&noise);
        if (len > 5)
            changed[4] = (uint8_t)(len - 5 - test_noise(&noise) % 2);
        if (lk_command_parse(lk_bytes(changed, len), &command) != LK_OK)
            continue;
        assert_int_equal(lk_command_write(&command, output, &out_len), LK_OK);
        assert_int_equal(out_len, len);
        assert_memory_equal(output, changed, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PR11_accepted_messages_reencode_identically),
        cmocka_unit_test(PR11_accepted_apdus_reencode_identically),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
