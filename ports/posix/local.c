/* local.c: message sockets between the processes of one machine. spec/links.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "latchkey/posix_link.h"

static int address(const char *path, struct sockaddr_un *out)
{
    size_t len = strlen(path);

    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if (len == 0 || len >= sizeof out->sun_path)
        return 0;
    memcpy(out->sun_path, path, len);
    return 1;
}

enum lk_status lk_posix_local_connect(const char *path, int *out_fd)
{
    struct sockaddr_un to;
    int fd;

    if (!address(path, &to))
        return LK_CALLER_ARGUMENT;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return LK_PORT_LINK;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return LK_PORT_LINK;
    }
    *out_fd = fd;
    return LK_OK;
}

enum lk_status lk_posix_local_listen(const char *path, int *out_fd)
{
    struct sockaddr_un at;
    struct stat info;
    mode_t mask;
    int fd, bound;

    if (!address(path, &at))
        return LK_CALLER_ARGUMENT;
    if (lk_posix_local_connect(path, &fd) == LK_OK) {
        close(fd);
        return LK_PORT_BUSY;
    }
    if (stat(path, &info) == 0) {
        if (!S_ISSOCK(info.st_mode))
            return LK_PORT_LINK; /* somebody's file: not ours to remove */
        unlink(path);
    }
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return LK_PORT_LINK;
    mask = umask(0177);
    bound = bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 16) == 0;
    umask(mask);
    if (!bound) {
        close(fd);
        return LK_PORT_LINK;
    }
    *out_fd = fd;
    return LK_OK;
}

enum lk_status lk_posix_local_pair(int out_fds[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out_fds) == 0 ? LK_OK
                                                                               : LK_PORT_LINK;
}

static int wait_for(int fd, short events, uint32_t timeout_ms)
{
    uint64_t until = lk_posix_now_ms() + timeout_ms;
    int ready;

    do {
        struct pollfd one = {fd, events, 0};
        uint64_t now = lk_posix_now_ms();

        ready = poll(&one, 1, until > now ? (int)(until - now) : 0);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

enum lk_status lk_posix_local_send(int fd, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    ssize_t put;

    if (len == 0) /* would read as the end of the connection */
        return LK_CALLER_ARGUMENT;
    if (timeout_ms > INT32_MAX || !wait_for(fd, POLLOUT, timeout_ms))
        return LK_PEER_TIMEOUT;
    put = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return put == (ssize_t)len ? LK_OK : LK_PEER_GONE;
}

enum lk_status lk_posix_local_receive(int fd, uint8_t *out, size_t cap, size_t *out_len,
                                      uint32_t timeout_ms)
{
    struct iovec part = {out, cap};
    struct msghdr message;
    ssize_t got;

    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (timeout_ms > INT32_MAX || !wait_for(fd, POLLIN, timeout_ms))
        return LK_PEER_TIMEOUT;
    got = recvmsg(fd, &message, MSG_DONTWAIT);
    if (got <= 0)
        return LK_PEER_GONE;
    if (message.msg_flags & MSG_TRUNC)
        return LK_PEER_TOO_LONG;
    *out_len = (size_t)got;
    return LK_OK;
}

static enum lk_status transceive(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len)
{
    const struct lk_posix_element *element = ctx;
    enum lk_status status = lk_posix_local_send(element->fd, command, len, element->timeout_ms);

    if (status == LK_OK)
        status = lk_posix_local_receive(element->fd, out, cap, out_len, element->timeout_ms);
    if (status == LK_PEER_TOO_LONG)
        return LK_CALLER_SPACE;
    return status == LK_OK ? LK_OK : LK_PORT_ELEMENT;
}

void lk_posix_element_init(struct lk_posix_element *element, int fd, uint32_t timeout_ms,
                           struct lk_element_port *out_port)
{
    element->fd = fd;
    element->timeout_ms = timeout_ms;
    out_port->ctx = element;
    out_port->transceive = transceive;
}
