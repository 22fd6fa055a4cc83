/* phone.c: what both processes of a phone share, and the process that starts them. */
#include "phone.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rows.h"

volatile int phone_stop_asked;
static void on_stop(int number)
{
    (void)number;
    phone_stop_asked = 1;
}

void phone_catch_stop(void)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* the other half of a phone dies with its parent */
}

const char *phone_folder(const char *name, char *out, size_t cap)
{
    snprintf(out, cap, "phones/%s", name);
    return out;
}

static void drop(struct phone_clients *clients, int i)
{
    close(clients->fds[i]);
    clients->fds[i] = clients->fds[--clients->num];
}

void phone_drop_all(struct phone_clients *clients)
{
    while (clients->num)
        drop(clients, 0);
    if (clients->listener >= 0)
        close(clients->listener);
}

int phone_wait(struct phone_clients *clients, int extra, int timeout_ms, uint8_t *out, size_t cap, size_t *out_len)
{
    struct pollfd fds[PHONE_CLIENTS_MAX + 2];
    nfds_t num = 0;
    fds[num++] = (struct pollfd){clients->listener, clients->num < PHONE_CLIENTS_MAX ? POLLIN : 0, 0};
    for (int i = 0; i < clients->num; i++)
        fds[num++] = (struct pollfd){clients->fds[i], POLLIN, 0};
    fds[num++] = (struct pollfd){extra, POLLIN, 0};
    if (poll(fds, num, timeout_ms) <= 0)
        return -1;
    for (int i = clients->num - 1; i >= 0; i--) {
        if (!(fds[1 + i].revents & (POLLIN | POLLHUP | POLLERR)))
            continue;
        int fd = clients->fds[i];
        long got = local_receive(fd, out, cap, 0);
        if (got <= 0) {
            drop(clients, i);
            continue;
        }
        *out_len = (size_t)got;
        return fd;
    }
    if (fds[0].revents & POLLIN) {
        int fd = accept(clients->listener, NULL, NULL);
        if (fd >= 0)
            clients->fds[clients->num++] = fd;
    }
    return -1;
}

enum lk_status phone_wire_transceive(void *ctx, const uint8_t *command, size_t len, uint8_t *out, size_t cap,
                                     size_t *out_len)
{
    struct phone_wire *wire = ctx;
    uint8_t message[1 + LK_APDU_COMMAND_MAX];
    if (len > LK_APDU_COMMAND_MAX)
        return LK_CALLER_SPACE;
    if (wire->fd < 0)
        wire->fd = local_connect(wire->name, "element");
    if (wire->fd < 0)
        return LK_PORT_ELEMENT;
    message[0] = 'W';
    memcpy(message + 1, command, len);
    long got = local_send(wire->fd, message, 1 + len) ? local_receive(wire->fd, out, cap, 5000) : -1;
    if (got > 0) {
        *out_len = (size_t)got;
        return LK_OK;
    }
    close(wire->fd);
    wire->fd = -1;
    return LK_PORT_ELEMENT;
}

/* Starts one half as a process of its own. */
static pid_t half(const struct cli *cli, const char *which)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    const char *trace = cli_value(cli, "trace", NULL), *crypto = cli_value(cli, "crypto", "openssl");
    const char *argv[] = {cli->program, "phone", which, cli_argument(cli, 0), "--world", ".", "--crypto", crypto,
                          trace ? "--trace" : NULL, trace, NULL};
    execv(cli->program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void end(pid_t child)
{
    if (child <= 0)
        return;
    kill(child, SIGTERM);
    for (int i = 0; i < 100 && waitpid(child, NULL, WNOHANG) == 0; i++)
        usleep(10000);
}

int phone_run(struct cli *cli)
{
    const char *name = cli_argument(cli, 0);
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    phone_catch_stop();
    pid_t element = half(cli, "element"), host = 0;
    for (int i = 0; i < 200 && !phone_stop_asked; i++) { /* the host needs its element */
        int fd = local_connect(name, "element");
        if (fd >= 0) {
            close(fd);
            break;
        }
        if (waitpid(element, NULL, WNOHANG) != 0)
            return 1; /* it said why */
        usleep(10000);
    }
    if (!cli_flag(cli, "element-only"))
        host = half(cli, "host");
    while (!phone_stop_asked && waitpid(-1, NULL, WNOHANG) == 0)
        usleep(50000);
    end(host);
    end(element);
    return phone_stop_asked ? 0 : 1;
}
