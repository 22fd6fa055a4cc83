/* test_host_memory.c: the private keys of a phone are in its element alone. Runs a real phone and a
 * real car, pairs them, then searches the memory of the host process, and every file the host and
 * the car keep, for each private scalar of the element. The element's own memory is the control:
 * there the search must find them. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "latchkey/latchkey.h"
#include "latchkey/posix_store.h"
#include "latchkey/provider_bearssl.h"

#define SCALARS_MAX 32

static char folder[64];
static pid_t parts[2];
static uint8_t scalars[SCALARS_MAX][32];
static size_t num_scalars;

static const char *program(void)
{
    const char *bin = getenv("LATCHKEY_BIN");
    return bin ? bin : "build/latchkey";
}

static int shell(const char *format, const char *a, const char *b)
{
    char line[1024];
    snprintf(line, sizeof line, format, program(), a, b);
    return system(line);
}

static pid_t start(const char *group, const char *name)
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execl(program(), program(), group, "run", name, "--world", folder, "--crypto", "bearssl",
              (char *)NULL);
        _exit(127);
    }
    return child;
}

static int wait_until(const char *format)
{
    for (int i = 0; i < 100; i++) {
        if (shell(format, folder, "") == 0)
            return 1;
        usleep(50000);
    }
    return 0;
}

static int set_up(void **state)
{
    char line[512], password[16] = "";
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/latchkey-memory-%d", (int)getpid());
    assert_int_equal(shell("%s world new --world %s%s >/dev/null", folder, ""), 0);
    snprintf(line, sizeof line, "%s verifier new --car roadster --n 4096 --json --world %s",
             program(), folder);
    FILE *out = popen(line, "r");
    assert_non_null(out);
    assert_non_null(fgets(line, sizeof line, out));
    pclose(out);
    char *at = strstr(line, "\"password\":\"");
    assert_non_null(at);
    memcpy(password, at + 12, 8);
    parts[0] = start("car", "roadster");
    parts[1] = start("phone", "alice");
    assert_true(wait_until("%s car status roadster --world %s%s >/dev/null 2>&1"));
    assert_true(wait_until("%s phone list alice --world %s%s >/dev/null 2>&1"));
    assert_int_equal(shell("%s car menu roadster open-pairing --world %s%s >/dev/null", folder, ""),
                     0);
    assert_int_equal(shell("%s phone pair alice --car roadster --world %s --password %s >/dev/null",
                           folder, password),
                     0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        kill(parts[i], SIGTERM);
        waitpid(parts[i], NULL, 0);
    }
    return shell("true %s; rm -rf %s%s", folder, "");
}

static enum lk_status entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
    return LK_OK;
}

/* The scalars, read from a copy of the element's store with the key that its port holds. */
static void read_scalars(void)
{
    static struct lk_bearssl provider;
    static struct lk_crypto crypto;
    static struct lk_posix_store file;
    static struct lk_store_port port;
    static struct lk_store store;
    static struct lk_applet applet;
    uint8_t store_key[32], record[LK_EC_RECORD_MAX];
    char path[256];
    size_t len = 0;
    assert_int_equal(shell("true %s; cp %s/phones/alice/element.store %s.copy", folder, folder), 0);
    snprintf(path, sizeof path, "%s/phones/alice/element.key", folder);
    FILE *key = fopen(path, "rb");
    assert_non_null(key);
    assert_int_equal(fread(store_key, 1, 32, key), 32);
    fclose(key);
    assert_int_equal(lk_bearssl_init(&provider, entropy, NULL, store_key), LK_OK);
    assert_int_equal(lk_crypto_init(&crypto, &provider.port), LK_OK);
    snprintf(path, sizeof path, "%s.copy", folder);
    assert_int_equal(lk_posix_store_open(&file, path, &port), LK_OK);
    assert_int_equal(lk_store_open(&store, &port, LK_STORE_ELEMENT), LK_OK);
    assert_int_equal(lk_applet_init(&applet, &crypto, &store), LK_OK);
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS + LK_APPLET_NUM_CAS; i++) {
        struct lk_key one = i < LK_APPLET_NUM_ENDPOINTS
                                ? applet.endpoints[i].key
                                : applet.cas[i - LK_APPLET_NUM_ENDPOINTS].key;
        if (one.id && provider.port.ec_save(provider.port.ctx, one, record, &len) == LK_OK &&
            len == 32)
            memcpy(scalars[num_scalars++], record, 32);
    }
    lk_posix_store_close(&file);
    unlink(path);
    assert_true(num_scalars >= 3); /* two Instance CAs and the owner key */
}

/* How many of the scalars stand in `data`, as they are or byte-reversed, or in hex. */
static size_t count_in(const uint8_t *data, size_t len)
{
    size_t found = 0;
    for (size_t i = 0; i < num_scalars; i++) {
        uint8_t reversed[32];
        char hex[65];
        for (size_t k = 0; k < 32; k++) {
            reversed[k] = scalars[i][31 - k];
            snprintf(hex + 2 * k, 3, "%02x", scalars[i][k]);
        }
        found += memmem(data, len, scalars[i], 32) || memmem(data, len, reversed, 32) ||
                 memmem(data, len, hex, 64);
    }
    return found;
}

static size_t count_in_process(pid_t pid)
{
    static uint8_t block[1 << 20];
    char path[64], line[512];
    size_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int memory = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    assert_true(memory >= 0 && maps);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from = 0, to = 0;
        if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 || !strstr(line, " rw"))
            continue;
        for (unsigned long at = from; at < to; at += sizeof block - 64) {
            size_t want = to - at < sizeof block ? to - at : sizeof block;
            ssize_t got = pread(memory, block, want, (off_t)at);
            found += got > 0 ? count_in(block, (size_t)got) : 0;
        }
    }
    fclose(maps);
    close(memory);
    return found;
}

/* The child of the phone's parent process whose command line names `half`. */
static pid_t half_of_phone(const char *half)
{
    char path[300], line[4096];
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;
    while ((entry = readdir(processes)) && !found) {
        pid_t pid = (pid_t)atoi(entry->d_name), parent = 0;
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        FILE *stat_file = pid > 0 ? fopen(path, "r") : NULL;
        if (!stat_file)
            continue;
        if (fscanf(stat_file, "%*d (%*[^)]) %*c %d", &parent) != 1)
            parent = 0;
        fclose(stat_file);
        snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
        FILE *words = parent == parts[1] ? fopen(path, "r") : NULL;
        size_t len = words ? fread(line, 1, sizeof line - 1, words) : 0;
        if (words)
            fclose(words);
        if (len && memmem(line, len, half, strlen(half) + 1))
            found = pid;
    }
    closedir(processes);
    return found;
}

static void M3_no_private_key_in_the_host_process(void **state)
{
    (void)state;
    read_scalars();
    pid_t host = half_of_phone("host"), element = half_of_phone("element");
    assert_true(host > 0 && element > 0);
    assert_true(count_in_process(element) > 0); /* the search can find */
    assert_int_equal(count_in_process(host), 0);
    assert_int_equal(count_in_process(parts[0]), 0);
}

static void M51_no_private_key_in_any_file(void **state)
{
    static uint8_t data[1 << 20];
    static const char *const files[] = {"phones/alice/wallet.store", "phones/alice/element.store",
                                        "cars/roadster/car.store", "world.json"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t len = fread(data, 1, sizeof data, file);
        fclose(file);
        assert_true(len > 0);
        assert_int_equal(count_in(data, len), 0); /* the element's records are wrapped (D24) */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M3_no_private_key_in_the_host_process),
        cmocka_unit_test(M51_no_private_key_in_any_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
