/* Readers over real sockets and in one process: the same card gives the same bytes (M7), and a
 * hostile one harms nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "latchkey/loopback.h"
#include "latchkey/posix_link.h"
#include "latchkey/tcp_reader.h"
#include "latchkey/vpcd.h"
#include "support/card.h"

static struct lk_tcp_reader tcp;
static struct lk_reader_port port;
static uint8_t out[LK_LINK_MESSAGE_MAX];
static size_t out_len;
static int in_halves; /* send and receive apart, where the transport can */

static enum lk_status send(const struct lk_reader_port *reader, const void *bytes, size_t len,
                           size_t cap)
{
    enum lk_status status = LK_OK;

    out_len = 0;
    if (in_halves && reader->send != NULL) {
        status = reader->send(reader->ctx, bytes, len, 2000);
        return status == LK_OK ? reader->receive(reader->ctx, out, cap, &out_len, 2000) : status;
    }
    return reader->transceive(reader->ctx, bytes, len, out, cap, &out_len, 2000);
}

/* One conversation; its answers are appended to `log`. */
static size_t converse(const struct lk_reader_port *reader, uint8_t log[1024])
{
    static const char *commands[] = {"\x00\xa4\x04\x00\x01\xaa", "\x80\xe0\x00\x00\x03\x01\x02\x03",
                                     "\x80\xe1\x01\x02\x00", "\x80\xe2\x00\x00\x00",
                                     "\x80\x77\x00\x00\x00"};
    static const size_t lens[] = {6, 8, 5, 5, 5};
    size_t used = 0, round, i;

    for (round = 0; round < 2; round++) {
        in_halves = round == 1;
        for (i = 0; i < 5; i++) {
            assert_int_equal(send(reader, commands[i], lens[i], sizeof out), LK_OK);
            memcpy(log + used, out, out_len);
            used += out_len;
        }
        assert_int_equal(reader->reset(reader->ctx), LK_OK);
    }
    in_halves = 0;
    return used;
}

static int listening(void **state)
{
    (void)state;
    return lk_tcp_reader_open(&tcp, 0, &port) == LK_OK ? 0 : -1;
}

static int close_it(void **state)
{
    (void)state;
    lk_tcp_reader_close(&tcp);
    return 0;
}

static void M7_same_bytes_over_loopback_and_socket(void **state)
{
    struct test_card card;
    struct lk_loopback loopback;
    struct lk_reader_port near;
    uint8_t first[1024], second[1024];
    size_t len;
    pid_t child;

    (void)state;
    test_card_init(&card);
    lk_loopback_open(&loopback, &card.port, &near);
    assert_null(near.send);
    assert_non_null(port.send); /* its second round goes in halves */
    len = converse(&near, first);
    child = test_card_start(tcp.port, 0, 20);
    assert_int_equal(lk_tcp_reader_wait(&tcp, 5000), LK_OK);
    assert_int_equal(converse(&port, second), len);
    assert_memory_equal(first, second, len);
    test_card_stop(child);
}

static void nobody_comes(void **state)
{
    uint64_t begun = lk_posix_now_ms();

    (void)state;
    assert_int_equal(lk_tcp_reader_wait(&tcp, 50), LK_PEER_TIMEOUT);
    assert_in_range(lk_posix_now_ms() - begun, 45, 1000);
    assert_int_equal(send(&port, "\x00\xa4\x00\x00", 4, sizeof out), LK_PEER_GONE);
    assert_int_equal(port.send(port.ctx, (const uint8_t *)"\x00\xa4\x00\x00", 4, 50), LK_PEER_GONE);
    assert_int_equal(port.reset(port.ctx), LK_PEER_GONE);
}

static void PR9_the_phone_leaves_inside_a_command(void **state)
{
    pid_t child = test_card_start(tcp.port, 0, 20);

    (void)state;
    assert_int_equal(lk_tcp_reader_wait(&tcp, 5000), LK_OK);
    assert_int_equal(send(&port, "\x80\xe3\x00\x00", 4, sizeof out), LK_PEER_GONE);
    assert_false(lk_tcp_reader_is_present(&tcp));
    test_card_stop(child);
    child = test_card_start(tcp.port, 0, 20);
    assert_int_equal(lk_tcp_reader_wait(&tcp, 5000), LK_OK);
    assert_int_equal(send(&port, "\x00\xa4\x00\x00", 4, sizeof out), LK_OK);
    lk_tcp_reader_leave(&tcp);
    assert_false(lk_tcp_reader_is_present(&tcp));
    test_card_stop(child);
}

static void PR5_an_answer_longer_than_asked(void **state)
{
    static const size_t lens[] = {258, 259, 300, 4096};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        uint8_t command[4] = {0x80, 0xe1, (uint8_t)(lens[i] >> 8), (uint8_t)lens[i]};
        pid_t child = test_card_start(tcp.port, 0, 20);

        assert_int_equal(lk_tcp_reader_wait(&tcp, 5000), LK_OK);
        memset(out, 0xcc, sizeof out);
        assert_int_equal(send(&port, command, 4, LK_APDU_RESPONSE_MAX),
                         lens[i] > LK_APDU_RESPONSE_MAX ? LK_PEER_TOO_LONG : LK_OK);
        assert_int_equal(out[LK_APDU_RESPONSE_MAX], 0xcc);
        test_card_stop(child);
        lk_tcp_reader_leave(&tcp);
    }
}

/* What a raw card sends for a command, and what becomes of it. */
static void PR5_raw_answers(void **state)
{
    static const uint8_t huge[] = {0xff, 0xff, 1, 2, 3}, above[] = {0x10, 0x01, 1};
    static const uint8_t nothing[] = {0, 0}, one[] = {0, 1, 0x90}, part[] = {0, 4, 1, 2};
    const struct {
        const uint8_t *bytes;
        size_t len;
        enum lk_status status;
    } rows[] = {
        {huge, sizeof huge, LK_PEER_TOO_LONG}, {above, sizeof above, LK_PEER_TOO_LONG},
        {nothing, sizeof nothing, LK_PEER_LENGTH}, {one, sizeof one, LK_PEER_LENGTH},
        {part, sizeof part, LK_PEER_TIMEOUT},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pid_t child = test_raw_card_start(tcp.port, rows[i].bytes, rows[i].len, 20);

        assert_int_equal(lk_tcp_reader_wait(&tcp, 5000), LK_OK);
        out_len = 0;
        assert_int_equal(port.transceive(port.ctx, (const uint8_t *)"\x80\x00\x00\x00", 4, out,
                                         sizeof out, &out_len, 200),
                         rows[i].status);
        assert_false(lk_tcp_reader_is_present(&tcp));
        test_card_stop(child);
    }
}

static void an_answer_nobody_asked_for_ends_the_link(void **state)
{
    static const uint8_t twice[] = {0, 2, 0x90, 0x00, 0, 2, 0x90, 0x00};
    pid_t child = test_raw_card_start(tcp.port, twice, sizeof twice, 20);
    unsigned i;

    (void)state;
    assert_int_equal(lk_tcp_reader_wait(&tcp, 5000), LK_OK);
    assert_int_equal(send(&port, "\x80\x00\x00\x00", 4, sizeof out), LK_OK);
    for (i = 0; i < 200 && lk_tcp_reader_is_present(&tcp); i++)
        poll(NULL, 0, 1);
    assert_int_equal(send(&port, "\x80\x00\x00\x00", 4, sizeof out), LK_PEER_GONE);
    test_card_stop(child);
}

static void PR7_answers_to_reset(void **state)
{
    static const uint8_t good[][8] = {{5, 0x3b, 0x80, 0x80, 0x01, 0x01}, {2, 0x3b, 0x00},
                                      {4, 0x3f, 0x02, 0x11, 0x22},
                                      {4, 0x3b, 0x10, 0x11}};
    uint8_t atr[64];
    unsigned i, first, second, len;

    (void)state;
    assert_true(lk_atr_is_valid(good[0] + 1, 5));
    assert_true(lk_atr_is_valid(good[1] + 1, 2));
    assert_true(lk_atr_is_valid(good[2] + 1, 4));
    assert_true(lk_atr_is_valid(good[3] + 1, 3));
    for (i = 0; i < 5; i++) /* every prefix, and one byte more */
        assert_false(lk_atr_is_valid(good[0] + 1, i));
    assert_false(lk_atr_is_valid(good[0] + 1, 6));
    memcpy(atr, good[0] + 1, 5);
    atr[4] ^= 1;
    assert_false(lk_atr_is_valid(atr, 5));
    for (len = 0; len <= 40; len++) { /* every length with every second and third byte */
        uint8_t exact[40];

        for (first = 0; first < 256; first++) {
            for (second = 0; second < 256; second += 5) {
                memset(exact, (int)second, len);
                if (len > 0)
                    exact[0] = 0x3b;
                if (len > 1)
                    exact[1] = (uint8_t)first;
                if (lk_atr_is_valid(exact, len))
                    assert_in_range(len, 2, 33);
            }
        }
    }
}

static void PR7_a_phone_with_a_bad_answer_to_reset(void **state)
{
    int fd = -1;

    (void)state;
    assert_int_equal(lk_posix_connect(tcp.port, 0, &fd), LK_OK);
    assert_int_equal(lk_posix_send(fd, (const uint8_t *)"\x3b\x8f\x80", 3, 1000), LK_OK);
    assert_int_equal(lk_tcp_reader_wait(&tcp, 1000), LK_PEER_VALUE);
    assert_false(lk_tcp_reader_is_present(&tcp));
    close(fd);
}

static void framing_survives_any_cutting(void **state)
{
    static const uint8_t stream[] = {0, 1, 0x04, 0, 3, 0xa, 0xb, 0xc};
    struct lk_bytes message = {NULL, 0};
    struct lk_link link;
    int client = -1, server = -1;
    size_t i;

    (void)state;
    assert_int_equal(lk_posix_connect(tcp.port, 0, &client), LK_OK);
    assert_int_equal(lk_posix_accept(tcp.listener, 1000, &server), LK_OK);
    lk_link_init(&link);
    for (i = 0; i < sizeof stream; i++) {
        enum lk_status status;

        assert_int_equal(write(client, stream + i, 1), 1);
        status = lk_posix_receive(server, &link, 30, &message);
        assert_int_equal(status, i == 2 || i == 7 ? LK_OK : LK_PEER_TIMEOUT);
        if (i == 2)
            assert_int_equal(message.len, 1);
    }
    assert_int_equal(message.len, 3);
    assert_memory_equal(message.at, stream + 5, 3);
    close(client);
    assert_int_equal(lk_posix_receive(server, &link, 1000, &message), LK_PEER_GONE);
    close(server);
}

static void local_messages_stay_whole(void **state)
{
    uint8_t small[4] = {0}, big[16];
    struct lk_posix_element element;
    struct lk_element_port wire;
    struct stat info;
    int fds[2], listener = -1, fd = -1;
    char path[64];
    size_t len = 0;

    (void)state;
    assert_int_equal(lk_posix_local_pair(fds), LK_OK);
    assert_int_equal(lk_posix_local_send(fds[0], (const uint8_t *)"12345", 5, 100), LK_OK);
    assert_int_equal(lk_posix_local_send(fds[0], (const uint8_t *)"678", 3, 100), LK_OK);
    assert_int_equal(lk_posix_local_send(fds[0], small, 0, 100), LK_CALLER_ARGUMENT);
    assert_int_equal(lk_posix_local_receive(fds[1], small, 4, &len, 100), LK_PEER_TOO_LONG);
    assert_int_equal(lk_posix_local_receive(fds[1], small, 4, &len, 100), LK_OK);
    assert_int_equal(len, 3);
    assert_int_equal(lk_posix_local_receive(fds[1], small, 4, &len, 20), LK_PEER_TIMEOUT);
    lk_posix_element_init(&element, fds[0], 50, &wire);
    assert_int_equal(lk_posix_local_send(fds[1], (const uint8_t *)"\x90\x00", 2, 100), LK_OK);
    assert_int_equal(wire.transceive(wire.ctx, small, 4, big, sizeof big, &len), LK_OK);
    assert_int_equal(len, 2);
    assert_int_equal(wire.transceive(wire.ctx, small, 4, big, sizeof big, &len), LK_PORT_ELEMENT);
    close(fds[1]);
    assert_int_equal(wire.transceive(wire.ctx, small, 4, big, sizeof big, &len), LK_PORT_ELEMENT);
    close(fds[0]);

    snprintf(path, sizeof path, "/tmp/latchkey-test-%ld.sock", (long)getpid());
    assert_int_equal(lk_posix_local_connect(path, &fd), LK_PORT_LINK);
    assert_int_equal(lk_posix_local_listen(path, &listener), LK_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(lk_posix_local_listen(path, &fd), LK_PORT_BUSY);
    close(listener);
    assert_int_equal(lk_posix_local_listen(path, &listener), LK_OK); /* a stale one is replaced */
    close(listener);
    unlink(path);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, listening, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(M7_same_bytes_over_loopback_and_socket),
        WITH(nobody_comes),
        WITH(PR9_the_phone_leaves_inside_a_command),
        WITH(PR5_an_answer_longer_than_asked),
        WITH(PR5_raw_answers),
        WITH(an_answer_nobody_asked_for_ends_the_link),
        cmocka_unit_test(PR7_answers_to_reset),
        WITH(PR7_a_phone_with_a_bad_answer_to_reset),
        WITH(framing_survives_any_cutting),
        cmocka_unit_test(local_messages_stay_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
