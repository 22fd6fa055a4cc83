/* messages.h: every message of src/msg by name, and good encodings of each that are written down by
 * hand and owe nothing to the library's writers. */
#ifndef TESTS_SUPPORT_MESSAGES_H
#define TESTS_SUPPORT_MESSAGES_H

#include "base/base.h"

struct test_message {
    const char *group; /* the source file of src/msg */
    const char *name;
    /* Parses `in` and writes what it got. The status of the parser, or the writer's fault. */
    enum lk_status (*reencode)(struct lk_bytes in, struct lk_wr *wr);
};

extern const struct test_message test_messages[];
extern const size_t test_num_messages;

/* One good encoding. `text` is hex; parentheses hold the value of a TLV, whose length is filled in;
 * P is a point of 65 bytes, S 64 bytes, H 32, K 20, R 16, I 8, D a date, L 300 bytes. */
struct test_sample {
    const char *message;
    const char *text;
    int num_good_prefixes; /* shorter encodings that are whole in themselves, the empty one too */
};

extern const struct test_sample test_samples[];
extern const size_t test_num_samples;

const struct test_message *test_message_find(const char *name);
/* Compiles the text of a sample; returns the length. Stops the program on a bad text. */
size_t test_sample_bytes(const char *text, uint8_t *out, size_t cap);

/* A small generator with a fixed start, for repeatable noise. */
uint64_t test_noise(uint64_t *state);
/* Changes `bytes` (length *len, room `cap`) in one to four places. */
void test_mutate(uint64_t *noise, uint8_t *bytes, size_t *len, size_t cap);

#endif
