/* A store in a file: one process at a time, and nothing that is not ours is overwritten. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "latchkey/posix_store.h"
#include "latchkey/store.h"

static char folder[64], path[96], floor_path[96];
static struct lk_posix_store file;
static struct lk_store_port port;
static struct lk_store store;

static int fresh(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/latchkey-store-XXXXXX");
    file.fd = file.floor.fd = -1;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/a.store", folder);
    snprintf(floor_path, sizeof floor_path, "%s/a.floor", folder);
    return 0;
}

static int remove_it(void **state)
{
    char copy[96];

    (void)state;
    lk_posix_store_close(&file);
    snprintf(copy, sizeof copy, "%s/copy", folder);
    unlink(copy);
    unlink(path);
    unlink(floor_path);
    return rmdir(folder); /* fails if a half-made file was left behind */
}

static enum lk_status open_it(void)
{
    enum lk_status status = lk_posix_store_open(&file, path, &port);

    return status == LK_OK ? lk_store_open(&store, &port, LK_STORE_WALLET) : status;
}

static void make(void)
{
    assert_int_equal(lk_posix_store_create(path, LK_POSIX_STORE_NUM_PAGES), LK_OK);
    assert_int_equal(lk_posix_store_open(&file, path, &port), LK_OK);
    assert_int_equal(lk_store_format(&port, LK_STORE_WALLET), LK_OK);
    assert_int_equal(lk_store_open(&store, &port, LK_STORE_WALLET), LK_OK);
}

static void write_number(uint8_t value)
{
    assert_int_equal(lk_store_write(&store, 1, &value, 1), LK_OK);
}

static uint8_t number(void)
{
    uint8_t value = 0;
    size_t len = 0;

    assert_int_equal(lk_store_read(&store, 1, &value, 1, &len), LK_OK);
    return value;
}

static void copy_file(const char *from, const char *to)
{
    static uint8_t bytes[128 * 1024];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "r+b");
    size_t len;

    if (out == NULL)
        out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    len = fread(bytes, 1, sizeof bytes, in);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(in);
    fclose(out);
}

static void it_survives_closing(void **state)
{
    struct stat info;

    (void)state;
    make();
    write_number(42);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_size, 128 * 1024);
    lk_posix_store_close(&file);
    assert_int_equal(open_it(), LK_OK);
    assert_int_equal(number(), 42);
    assert_int_equal(lk_posix_store_create(path, 32), LK_CALLER_EXISTS);
    assert_int_equal(lk_posix_store_create(path, 3), LK_CALLER_ARGUMENT);
}

static void CR12_a_second_process_is_refused(void **state)
{
    int result = 0;
    pid_t child;

    (void)state;
    make();
    child = fork();
    if (child == 0) {
        struct lk_posix_store other;

        _exit(lk_posix_store_open(&other, path, &port) == LK_PORT_BUSY ? 7 : 1);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 7);
    write_number(1);
}

/* Many processes want the store at once; each that gets it counts by one. */
static void CR12_races_corrupt_nothing(void **state)
{
    enum { CHILDREN = 8, ROUNDS = 10 };
    pid_t children[CHILDREN];
    int i, result;

    (void)state;
    make();
    write_number(0);
    lk_posix_store_close(&file);
    for (i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        alarm(60);
        for (i = 0; i < ROUNDS;) {
            uint8_t value = 0;
            size_t len = 0;
            enum lk_status status = open_it();

            if (status == LK_PORT_BUSY)
                continue;
            if (status != LK_OK || lk_store_read(&store, 1, &value, 1, &len) != LK_OK)
                _exit(1);
            value++;
            if (lk_store_write(&store, 1, &value, 1) != LK_OK)
                _exit(2);
            lk_posix_store_close(&file);
            i++;
        }
        _exit(0);
    }
    for (i = 0; i < CHILDREN; i++) {
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_int_equal(result, 0);
    }
    assert_int_equal(open_it(), LK_OK);
    assert_int_equal(number(), CHILDREN * ROUNDS);
}

/* A process that is killed while it writes leaves a store that opens. */
static void CR9_kill_leaves_a_store_that_opens(void **state)
{
    int round, result;

    (void)state;
    make();
    write_number(0);
    lk_posix_store_close(&file);
    for (round = 0; round < 20; round++) {
        pid_t child = fork();

        if (child == 0) {
            uint8_t bytes[200] = {0};

            alarm(20);
            if (open_it() != LK_OK)
                _exit(1);
            for (;;)
                if (lk_store_write(&store, 2, bytes, sizeof bytes) != LK_OK)
                    _exit(1);
        }
        poll(NULL, 0, 3 + round);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_true(WIFSIGNALED(result)); /* not by its own failure */
        assert_int_equal(open_it(), LK_OK);
        assert_int_equal(number(), 0);
        lk_posix_store_close(&file);
    }
}

static void foreign_files_are_refused_and_not_overwritten(void **state)
{
    static const size_t sizes[] = {0, 1, 4096, 8191, 8192, 131072};
    static uint8_t before[131072], after[131072];
    size_t i;

    (void)state;
    memset(before, 'x', sizeof before);
    for (i = 0; i < 6; i++) {
        FILE *out = fopen(path, "wb");

        assert_non_null(out);
        assert_int_equal(fwrite(before, 1, sizes[i], out), sizes[i]);
        fclose(out);
        assert_int_equal(open_it(), LK_STORE_FOREIGN);
        if (file.fd >= 0)
            assert_int_equal(lk_store_format(&port, LK_STORE_WALLET), LK_STORE_FOREIGN);
        lk_posix_store_close(&file);
        out = fopen(path, "rb");
        assert_non_null(out);
        assert_int_equal(fread(after, 1, sizeof after, out), sizes[i]);
        fclose(out);
        assert_memory_equal(before, after, sizes[i]);
    }
    unlink(path);
    assert_int_equal(open_it(), LK_CALLER_FILE);
    assert_int_equal(lk_posix_store_open(&file, folder, &port), LK_CALLER_FILE);
}

static void CR5_a_truncated_file_is_refused(void **state)
{
    (void)state;
    make();
    write_number(1);
    lk_posix_store_close(&file);
    assert_int_equal(truncate(path, 64 * 1024), 0);
    assert_int_not_equal(open_it(), LK_OK);
    lk_posix_store_close(&file);
    assert_int_equal(truncate(path, 1000), 0);
    assert_int_equal(open_it(), LK_STORE_FOREIGN);
}

static void LI2_an_old_file_put_back_is_refused(void **state)
{
    char copy[96];

    (void)state;
    snprintf(copy, sizeof copy, "%s/copy", folder);
    make();
    assert_int_equal(lk_posix_store_use_floor(&file, floor_path, &port), LK_CALLER_FILE);
    assert_int_equal(lk_posix_number_create(floor_path), LK_OK);
    assert_int_equal(lk_posix_store_use_floor(&file, floor_path, &port), LK_OK);
    write_number(1);
    copy_file(path, copy);
    write_number(2);
    write_number(3);
    lk_posix_store_close(&file);

    assert_int_equal(lk_posix_store_open(&file, path, &port), LK_OK);
    assert_int_equal(lk_posix_store_use_floor(&file, floor_path, &port), LK_OK);
    assert_int_equal(lk_store_open(&store, &port, LK_STORE_WALLET), LK_OK);
    assert_int_equal(number(), 3);
    lk_posix_store_close(&file);

    copy_file(copy, path);
    assert_int_equal(lk_posix_store_open(&file, path, &port), LK_OK);
    assert_int_equal(lk_posix_store_use_floor(&file, floor_path, &port), LK_OK);
    assert_int_equal(lk_store_open(&store, &port, LK_STORE_WALLET), LK_STORE_CORRUPT);
}

/* Any one slot may be torn by a cut: the other still holds the number before. */
static void CR1_a_number_that_grows_survives_a_torn_slot(void **state)
{
    struct lk_posix_number number_file;
    int fd;

    (void)state;
    assert_int_equal(lk_posix_number_open(&number_file, path), LK_CALLER_FILE);
    assert_int_equal(lk_posix_number_create(path), LK_OK);
    assert_int_equal(lk_posix_number_create(path), LK_CALLER_EXISTS);
    assert_int_equal(lk_posix_number_open(&number_file, path), LK_OK);
    assert_int_equal(number_file.value, 0);
    for (uint32_t value = 1; value < 4; value++)
        assert_int_equal(lk_posix_number_raise(&number_file, value), LK_OK);
    assert_int_equal(lk_posix_number_raise(&number_file, 2), LK_OK);
    lk_posix_number_close(&number_file);
    assert_int_equal(lk_posix_number_open(&number_file, path), LK_OK);
    assert_int_equal(number_file.value, 3);
    lk_posix_number_close(&number_file);

    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "?", 1, 5), 1); /* the slot of 3 and 1 is the first */
    assert_int_equal(lk_posix_number_open(&number_file, path), LK_OK);
    assert_int_equal(number_file.value, 2);
    lk_posix_number_close(&number_file);
    assert_int_equal(pwrite(fd, "?", 1, 16 + 5), 1);
    close(fd);
    assert_int_equal(lk_posix_number_open(&number_file, path), LK_STORE_CORRUPT);
}

static void CR7_a_failed_write_is_final(void **state)
{
    struct rlimit usual, none;
    uint8_t value = 9;

    (void)state;
    make();
    write_number(1);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    none = usual;
    none.rlim_cur = 16; /* below every offset the journal writes now */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(lk_store_write(&store, 1, &value, 1), LK_PORT_STORE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(port.sync(port.ctx), LK_PORT_STORE);
    assert_int_equal(lk_store_write(&store, 1, &value, 1), LK_PORT_STORE);
    assert_int_equal(number(), 1);
    lk_posix_store_close(&file);
    assert_int_equal(open_it(), LK_OK);
    assert_int_equal(number(), 1);
    write_number(9);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fresh, remove_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(it_survives_closing),
        WITH(CR12_a_second_process_is_refused),
        WITH(CR12_races_corrupt_nothing),
        WITH(CR9_kill_leaves_a_store_that_opens),
        WITH(foreign_files_are_refused_and_not_overwritten),
        WITH(CR5_a_truncated_file_is_refused),
        WITH(LI2_an_old_file_put_back_is_refused),
        WITH(CR1_a_number_that_grows_survives_a_torn_slot),
        WITH(CR7_a_failed_write_is_final),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
