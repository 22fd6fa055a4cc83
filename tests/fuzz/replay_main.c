/* replay_main.c: runs a fuzz target as a plain test: every file of its corpus, then a fixed
 * number of repeatable mutations of them. `replay_x CORPUS_FOLDER`; LATCHKEY_LONG=1 runs a
 * hundred times as many. Each input lies in a block of exactly its size, so that a sanitizer or
 * valgrind sees a read past its end. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/messages.h"

#define NUM_FILES_MAX 512
#define INPUT_MAX 8192
#define ROUNDS 50000L
#define ROUNDS_MAX_BYTES 40000000L /* slow targets with long inputs stop here */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A target that runs a whole machine per input may name its own number of mutations. */
extern const long fuzz_rounds __attribute__((weak));

struct input {
    uint8_t *bytes;
    size_t len;
};

static struct input inputs[NUM_FILES_MAX];
static size_t num_inputs;

static int read_input(const char *folder, const char *name)
{
    static uint8_t bytes[INPUT_MAX];
    char path[1024];
    struct input *input = &inputs[num_inputs];
    FILE *file;

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return -1;
    file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    input->len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    input->bytes = malloc(input->len > 0 ? input->len : 1);
    if (input->bytes == NULL)
        return -1;
    memcpy(input->bytes, bytes, input->len);
    num_inputs++;
    return 0;
}

static int read_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    if (dir == NULL)
        return 0; /* no corpus: noise alone */
    while ((entry = readdir(dir)) != NULL && num_inputs < NUM_FILES_MAX) {
        if (entry->d_name[0] != '.' && read_input(folder, entry->d_name) != 0) {
            closedir(dir);
            return -1;
        }
    }
    closedir(dir);
    return 0;
}

static void run(const uint8_t *bytes, size_t len)
{
    uint8_t *block = malloc(len > 0 ? len : 1);

    if (block == NULL)
        abort();
    memcpy(block, bytes, len);
    (void)LLVMFuzzerTestOneInput(block, len);
    free(block);
}

static long mutate(long rounds)
{
    static uint8_t bytes[INPUT_MAX];
    uint64_t noise = 0x4c6174636b6579u;
    long budget = ROUNDS_MAX_BYTES * (rounds < ROUNDS ? 1 : rounds / ROUNDS);
    long i;

    for (i = 0; i < rounds && budget > 0; i++) {
        size_t len = 0;

        if (num_inputs > 0) {
            const struct input *from = &inputs[test_noise(&noise) % num_inputs];
            len = from->len;
            memcpy(bytes, from->bytes, len);
        } else {
            len = test_noise(&noise) % 64;
            for (size_t j = 0; j < len; j++)
                bytes[j] = (uint8_t)test_noise(&noise);
        }
        test_mutate(&noise, bytes, &len, sizeof bytes);
        run(bytes, len);
        budget -= (long)len;
    }
    return i;
}

int main(int argc, char **argv)
{
    long rounds = getenv("LATCHKEY_LONG") != NULL ? ROUNDS * 100 : ROUNDS;

    if (&fuzz_rounds != NULL)
        rounds = rounds / ROUNDS * fuzz_rounds;
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    if (read_folder(argv[1]) != 0)
        return 1;
    for (size_t i = 0; i < num_inputs; i++)
        run(inputs[i].bytes, inputs[i].len);
    rounds = mutate(rounds);
    printf("%zu inputs of the corpus and %ld mutations\n", num_inputs, rounds);
    const char *subject = strrchr(argv[1], '/');
    printf("ok PR1_replay_of_%s\n", subject != NULL ? subject + 1 : argv[1]);
    for (size_t i = 0; i < num_inputs; i++)
        free(inputs[i].bytes);
    return 0;
}
