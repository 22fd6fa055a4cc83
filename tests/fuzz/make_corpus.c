/* make_corpus.c: writes the first corpus of the targets for messages from the samples of
 * tests/support/messages.c: one file per sample. `make_corpus tests/fuzz/corpus`. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support/messages.h"

static int put(const char *folder, const char *subject, const char *name, size_t number,
               const uint8_t *bytes, size_t len)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, subject);
    (void)mkdir(path, 0777); /* may be there already */
    snprintf(path, sizeof path, "%s/%s/%s_%02zu", folder, subject, name, number);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, len, file) != len) {
        perror(path);
        return -1;
    }
    return fclose(file);
}

/* A stream for fuzz_link: length of the piece, pause, the piece. */
static size_t as_stream(const uint8_t *bytes, size_t len, uint8_t *out)
{
    out[0] = 2;
    out[1] = 0;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)(len & 0xff);
    out[4] = (uint8_t)(len < 255 ? len : 255);
    out[5] = 1;
    memcpy(out + 6, bytes, len);
    return 6 + len;
}

int main(int argc, char **argv)
{
    uint8_t bytes[4096];
    uint8_t other[4200];

    if (argc != 2)
        return 2;
    (void)mkdir(argv[1], 0777);
    for (size_t i = 0; i < test_num_samples; i++) {
        const char *name = test_samples[i].message;
        size_t len = test_sample_bytes(test_samples[i].text, bytes, sizeof bytes);

        if (put(argv[1], test_message_find(name)->group, name, i, bytes, len) != 0)
            return 1;
        if (put(argv[1], "tlv", name, i, bytes, len) != 0)
            return 1;
        if (len > 250)
            continue;
        if (put(argv[1], "link", name, i, other, as_stream(bytes, len, other)) != 0)
            return 1;
        memcpy(other, "\x80\x80\x00\x01", 4);
        other[4] = (uint8_t)len;
        memcpy(other + 5, bytes, len);
        other[5 + len] = 0x00;
        if (len > 0 && put(argv[1], "apdu", name, i, other, 6 + len) != 0)
            return 1;
    }
    return 0;
}
