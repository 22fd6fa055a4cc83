/* local.c: see local.h. */
#include "local.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int local_enter_world(const struct cli *cli)
{
    const char *env = getenv("LATCHKEY_WORLD");
    const char *folder = cli_value(cli, "world", env && *env ? env : "world");
    struct stat info;
    if (chdir(folder) != 0)
        return cli_fail(cli, LK_CALLER_FILE, "there is no world in %s (make one: latchkey world new)", folder);
    json_t *world = cli_read_json("world.json");
    int good = world && json_integer_value(json_object_get(world, "format")) == 1;
    json_decref(world);
    if (!good || stat("run", &info) != 0)
        return cli_fail(cli, LK_CALLER_FILE, "%s/world.json is missing or not a world of this version", folder);
    return 0;
}

static int address(const char *name, const char *kind, struct sockaddr_un *out)
{
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    int len = snprintf(out->sun_path, sizeof out->sun_path, "run/%s.%s", name, kind);
    return len > 0 && (size_t)len < sizeof out->sun_path;
}

int local_connect(const char *name, const char *kind)
{
    struct sockaddr_un to;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && address(name, kind, &to) && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int local_listen(const char *name, const char *kind)
{
    struct sockaddr_un at;
    int other = local_connect(name, kind);
    if (other >= 0) {
        close(other);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || !address(name, kind, &at))
        return -1;
    unlink(at.sun_path);
    mode_t mask = umask(0177);
    int bound = bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 16) == 0;
    umask(mask);
    if (bound)
        return fd;
    close(fd);
    return -1;
}

int local_send(int fd, const void *data, size_t len)
{
    return len > 0 && send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

long local_receive(int fd, void *out, size_t cap, int timeout_ms)
{
    struct pollfd wait_for = {fd, POLLIN, 0};
    int ready;
    do
        ready = poll(&wait_for, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        return -1;
    struct iovec part = {out, cap};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got = recvmsg(fd, &message, 0);
    if (got > 0 && (message.msg_flags & MSG_TRUNC))
        return -1;
    return (long)got;
}

int local_send_json(int fd, json_t *object)
{
    char *dump = json_dumps(object, JSON_COMPACT);
    int sent = dump && local_send(fd, dump, strlen(dump));
    free(dump);
    json_decref(object);
    return sent;
}

json_t *local_receive_json(int fd, int timeout_ms)
{
    char message[LOCAL_MESSAGE_MAX];
    long got = local_receive(fd, message, sizeof message, timeout_ms);
    return got > 0 ? json_loadb(message, (size_t)got, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

json_t *local_ask(const char *name, const char *kind, json_t *question, int timeout_ms)
{
    int fd = local_connect(name, kind);
    if (fd < 0) {
        json_decref(question);
        return NULL;
    }
    json_t *answer = local_send_json(fd, question) ? local_receive_json(fd, timeout_ms) : NULL;
    close(fd);
    return answer;
}

json_t *local_answer(enum lk_status status)
{
    return json_pack("{s:b, s:s, s:s}", "ok", status == LK_OK, "status", lk_status_name(status), "what",
                     lk_status_what(status));
}

enum lk_status local_status(json_t *answer)
{
    const char *name = json_string_value(json_object_get(answer, "status"));
#define LK_STATUS(symbol, value, exit_code, what, advice) \
    if (name && strcmp(name, #symbol) == 0)               \
        return symbol;
#include "facts/status.def"
#undef LK_STATUS
    return LK_INTERNAL;
}
