/* link.c: framed messages on loopback streams. spec/links.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "latchkey/posix_link.h"

uint64_t lk_posix_now_ms(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* 1 when `fd` is ready for `events`, 0 when `until_ms` passed. */
static int wait_for(int fd, short events, uint64_t until_ms)
{
    for (;;) {
        struct pollfd one = {fd, events, 0};
        uint64_t now = lk_posix_now_ms();
        uint64_t left = until_ms > now ? until_ms - now : 0;
        int ready = poll(&one, 1, left > 60000 ? 60000 : (int)left);

        if (ready > 0)
            return 1;
        if (ready == 0 && left == 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return 0;
    }
}

static void set_on(int fd, int option)
{
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, option, &on, sizeof on);
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in at;

    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

enum lk_status lk_posix_listen(uint16_t port, int *out_fd, uint16_t *out_port)
{
    struct sockaddr_in at = loopback(port);
    socklen_t len = sizeof at;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return LK_PORT_LINK;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        close(fd);
        return LK_PORT_LINK;
    }
    *out_fd = fd;
    *out_port = ntohs(at.sin_port);
    return LK_OK;
}

enum lk_status lk_posix_accept(int listener, uint32_t timeout_ms, int *out_fd)
{
    int fd;

    if (!wait_for(listener, POLLIN, lk_posix_now_ms() + timeout_ms))
        return LK_PEER_TIMEOUT;
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return LK_PORT_LINK;
    set_on(fd, TCP_NODELAY);
    *out_fd = fd;
    return LK_OK;
}

/* A socket keeps the network namespace it was made in, so only its making happens over there. */
static int socket_in(long namespace_of)
{
    char path[64];
    int home, there, fd = -1;

    if (namespace_of <= 0)
        return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(path, sizeof path, "/proc/%ld/ns/net", namespace_of);
    home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    there = open(path, O_RDONLY | O_CLOEXEC);
    if (home >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (setns(home, CLONE_NEWNET) != 0 && fd >= 0) {
            close(fd);
            fd = -1;
        }
    }
    if (home >= 0)
        close(home);
    if (there >= 0)
        close(there);
    return fd;
}

enum lk_status lk_posix_connect(uint16_t port, long namespace_of, int *out_fd)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket_in(namespace_of);

    if (fd < 0)
        return LK_PORT_LINK;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return LK_PORT_LINK;
    }
    set_on(fd, TCP_NODELAY);
    *out_fd = fd;
    return LK_OK;
}

enum lk_status lk_posix_send(int fd, const uint8_t *body, size_t len, uint32_t timeout_ms)
{
    uint8_t message[2 + LK_LINK_MESSAGE_MAX];
    uint64_t until = lk_posix_now_ms() + timeout_ms;
    size_t done = 0;

    if (len == 0 || len > LK_LINK_MESSAGE_MAX)
        return LK_CALLER_ARGUMENT;
    message[0] = (uint8_t)(len >> 8);
    message[1] = (uint8_t)len;
    memcpy(message + 2, body, len);
    while (done < 2 + len) {
        ssize_t put = send(fd, message + done, 2 + len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (put > 0)
            done += (size_t)put;
        else if (put < 0 && errno != EAGAIN && errno != EINTR)
            return LK_PEER_GONE;
        else if (!wait_for(fd, POLLOUT, until))
            return LK_PEER_TIMEOUT;
    }
    return LK_OK;
}

/* Bytes that the message under way still needs: never a byte of the next one is taken. */
static size_t missing(const struct lk_link *link)
{
    return link->have < 2 ? 2 - link->have : link->want - (link->have - 2);
}

enum lk_status lk_posix_receive(int fd, struct lk_link *link, uint32_t timeout_ms,
                                struct lk_bytes *out_message)
{
    uint64_t until = lk_posix_now_ms() + timeout_ms;
    struct lk_bytes message = {NULL, 0};
    uint8_t chunk[1024];

    while (message.at == NULL) {
        size_t want = missing(link), taken = 0;
        struct lk_bytes in = {chunk, 0};
        enum lk_status status;
        ssize_t got;

        if (!wait_for(fd, POLLIN, until))
            return LK_PEER_TIMEOUT;
        /* One-shot: without it the sender's second piece waits 40 ms for our delayed ACK. */
        set_on(fd, TCP_QUICKACK);
        got = recv(fd, chunk, want < sizeof chunk ? want : sizeof chunk, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return LK_PEER_GONE;
        in.len = (size_t)got;
        status = lk_link_feed(link, lk_posix_now_ms(), in, &taken, &message);
        if (status != LK_OK) /* a message that trickles in is over, the wait is not */
            return status == LK_PEER_TIMEOUT ? LK_PEER_GONE : status;
    }
    *out_message = message;
    return LK_OK;
}
