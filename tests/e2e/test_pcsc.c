/* The real PC/SC stack: our own daemon, the virtual card driver, a tiny card, our reader. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "latchkey/loopback.h"
#include "latchkey/pcsc.h"
#include "latchkey/posix_link.h"
#include "latchkey/vpcd.h"
#include "support/card.h"

static char folder[64];
static FILE *daemon_out;
static long daemon_pid;
static pid_t child;
static struct lk_pcsc_reader reader;
static struct lk_reader_port port;
static uint8_t out[LK_LINK_MESSAGE_MAX];
static size_t out_len;

/* 0 when the daemon runs, 77 when this machine cannot run one. */
static int start_daemon(void)
{
    const char *program = getenv("LATCHKEY_BIN");
    char command[600], line[300];

    if (system("command -v pcscd >/dev/null && unshare --net --mount true 2>/dev/null") != 0)
        return 77;
    snprintf(folder, sizeof folder, "/tmp/latchkey-pcscd-%ld", (long)getpid());
    snprintf(command, sizeof command, "exec timeout 300 %s pcscd %s",
             program != NULL ? program : "latchkey", folder);
    daemon_out = popen(command, "r");
    while (daemon_out != NULL && daemon_pid == 0 && fgets(line, sizeof line, daemon_out) != NULL) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "PCSCLITE_CSOCK_NAME=", 20) == 0)
            setenv("PCSCLITE_CSOCK_NAME", line + 20, 1);
        (void)!sscanf(line, "LATCHKEY_PCSCD_PID=%ld", &daemon_pid);
    }
    return daemon_pid > 0 ? 0 : 1;
}

/* Its parent sees it end and ends too. */
static void stop_daemon(void)
{
    char command[128];

    if (daemon_out == NULL)
        return;
    kill((pid_t)daemon_pid, SIGTERM);
    (void)pclose(daemon_out);
    daemon_out = NULL;
    snprintf(command, sizeof command, "rm -r %s", folder);
    (void)!system(command);
}

static int hold(void **state)
{
    (void)state;
    child = test_card_start(LK_VPCD_PORT, daemon_pid, 60);
    return lk_pcsc_open(&reader, "virtual pcd 00 00", &port) == LK_OK ? 0 : -1;
}

static int away(void **state)
{
    struct lk_pcsc_reader after;
    struct lk_reader_port unused;

    (void)state;
    lk_pcsc_close(&reader);
    test_card_stop(child);
    if (lk_pcsc_open(&after, "00 00", &unused) != LK_OK)
        return 0;
    while (lk_pcsc_wait(&after, 0) == LK_OK) { /* until the driver saw the card go */
        lk_pcsc_leave(&after);
        poll(NULL, 0, 50);
    }
    lk_pcsc_close(&after);
    return 0;
}

static enum lk_status send(const void *bytes, size_t len, size_t cap)
{
    out_len = 0;
    return port.transceive(port.ctx, bytes, len, out, cap, &out_len, 2000);
}

static void M8_readers_are_listed_and_found_by_a_part_of_their_name(void **state)
{
    struct lk_pcsc_reader other;
    struct lk_reader_port other_port;
    char list[256];

    (void)state;
    assert_int_equal(lk_pcsc_list(list, sizeof list), LK_OK);
    assert_string_equal(list, "Virtual PCD 00 00\nVirtual PCD 00 01\n");
    assert_int_equal(lk_pcsc_list(list, 20), LK_CALLER_SPACE);
    assert_int_equal(lk_pcsc_open(&other, "00 01", &other_port), LK_OK);
    assert_string_equal(other_port.name, "Virtual PCD 00 01");
    assert_int_equal(lk_pcsc_wait(&other, 50), LK_PEER_TIMEOUT);
    lk_pcsc_close(&other);
    assert_int_equal(lk_pcsc_open(&other, "no such reader", &other_port), LK_CALLER_NOT_FOUND);
}

static void M7_same_bytes_over_pcsc_and_loopback(void **state)
{
    static const char *commands[] = {"\x00\xa4\x04\x00\x01\xaa", "\x80\xe0\x00\x00\x03\x01\x02\x03",
                                     "\x80\xe1\x01\x02\x00", "\x80\x77\x00\x00\x00"};
    static const size_t lens[] = {6, 8, 5, 5};
    struct test_card card;
    struct lk_loopback loopback;
    struct lk_reader_port near;
    uint8_t want[512];
    size_t want_len = 0, i;

    (void)state;
    test_card_init(&card);
    lk_loopback_open(&loopback, &card.port, &near);
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    for (i = 0; i < 4; i++) {
        assert_int_equal(near.transceive(near.ctx, (const uint8_t *)commands[i], lens[i], want,
                                         sizeof want, &want_len, 2000),
                         LK_OK);
        assert_int_equal(send(commands[i], lens[i], sizeof out), LK_OK);
        assert_int_equal(out_len, want_len);
        assert_memory_equal(out, want, want_len);
    }
}

static void D19_reset_reaches_the_phone(void **state)
{
    uint8_t before;

    (void)state;
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    assert_int_equal(send("\x80\xe2\x00\x00\x00", 5, sizeof out), LK_OK);
    before = out[0];
    assert_int_equal(port.reset(port.ctx), LK_OK);
    assert_int_equal(send("\x80\xe2\x00\x00\x00", 5, sizeof out), LK_OK);
    assert_in_range(out[0], before + 1, before + 2);
}

static void quickack_keeps_a_round_trip_short(void **state)
{
    uint64_t begun;
    unsigned i;

    (void)state;
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    begun = lk_posix_now_ms();
    for (i = 0; i < 100; i++)
        assert_int_equal(send("\x80\xe0\x00\x00\x03\x01\x02\x03", 8, sizeof out), LK_OK);
    begun = lk_posix_now_ms() - begun;
    print_message("100 round trips: %u ms\n", (unsigned)begun);
    assert_in_range(begun, 0, 2000); /* 4400 without */
}

static void PR5_an_answer_longer_than_asked(void **state)
{
    (void)state;
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    memset(out, 0xcc, sizeof out);
    assert_int_equal(send("\x80\xe1\x01\x03\x00", 5, LK_APDU_RESPONSE_MAX), LK_PEER_TOO_LONG);
    assert_int_equal(out[0], 0xcc);
    assert_int_equal(send("\x80\xe1\x01\x02\x00", 5, LK_APDU_RESPONSE_MAX), LK_PEER_GONE);
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    assert_int_equal(send("\x80\xe1\x01\x02\x00", 5, LK_APDU_RESPONSE_MAX), LK_OK);
}

static void PR9_the_phone_leaves_inside_a_command(void **state)
{
    enum lk_status status;
    unsigned i;

    (void)state;
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    status = send("\x80\xe3\x00\x00\x00", 5, sizeof out);
    assert_int_equal(status, LK_PEER_GONE);
    assert_int_equal(out_len, 0);
    assert_int_equal(send("\x00\xa4\x04\x00", 4, sizeof out), LK_PEER_GONE);
    assert_int_equal(port.reset(port.ctx), LK_PEER_GONE);

    /* The driver may not see the first phone after that one; it must see a later one. */
    status = LK_PEER_TIMEOUT;
    for (i = 0; i < 4 && status != LK_OK; i++) {
        test_card_stop(child);
        poll(NULL, 0, 500);
        child = test_card_start(LK_VPCD_PORT, daemon_pid, 60);
        status = lk_pcsc_wait(&reader, 1500);
        if (status == LK_OK)
            status = send("\x00\xa4\x04\x00", 4, sizeof out);
    }
    assert_int_equal(status, LK_OK);
}

static void phones_come_and_go_at_one_reader(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 3; i++) {
        assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
        assert_int_equal(send("\x00\xa4\x04\x00", 4, sizeof out), LK_OK);
        lk_pcsc_leave(&reader);
        test_card_stop(child);
        child = test_card_start(LK_VPCD_PORT, daemon_pid, 60);
    }
}

static void another_program_holds_the_reader(void **state)
{
    struct lk_pcsc_reader other;
    struct lk_reader_port other_port;

    (void)state;
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    assert_int_equal(lk_pcsc_open(&other, "00 00", &other_port), LK_OK);
    assert_int_equal(lk_pcsc_wait(&other, 500), LK_PORT_BUSY);
    lk_pcsc_close(&other);
}

/* Last: it ends the daemon. */
static void PR9_the_daemon_goes_away(void **state)
{
    struct lk_pcsc_reader other;
    struct lk_reader_port other_port;
    char list[64];

    (void)state;
    assert_int_equal(lk_pcsc_wait(&reader, 5000), LK_OK);
    stop_daemon();
    assert_int_equal(send("\x00\xa4\x04\x00", 4, sizeof out), LK_PORT_LINK);
    assert_int_equal(lk_pcsc_wait(&reader, 200), LK_PORT_LINK);
    assert_int_equal(lk_pcsc_list(list, sizeof list), LK_PORT_LINK);
    assert_int_equal(lk_pcsc_open(&other, "", &other_port), LK_PORT_LINK);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, hold, away)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M8_readers_are_listed_and_found_by_a_part_of_their_name),
        WITH(M7_same_bytes_over_pcsc_and_loopback),
        WITH(D19_reset_reaches_the_phone),
        WITH(quickack_keeps_a_round_trip_short),
        WITH(PR5_an_answer_longer_than_asked),
        WITH(PR9_the_phone_leaves_inside_a_command),
        WITH(phones_come_and_go_at_one_reader),
        WITH(another_program_holds_the_reader),
        WITH(PR9_the_daemon_goes_away),
    };
    int failed;
    int started;

    signal(SIGPIPE, SIG_IGN); /* the PC/SC library may write to a daemon that is gone */
    started = start_daemon();
    if (started == 77) {
        printf("skipped: pcscd cannot run here (its package, and root with a network namespace)\n");
        return 77;
    }
    if (started != 0)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    stop_daemon();
    return failed;
}
