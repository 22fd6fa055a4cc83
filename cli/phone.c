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
    close(clients->fds[i].fd);
    clients->fds[i] = clients->fds[--clients->num];
}

enum lk_status phone_clients_open(struct phone_clients *clients, const char *name,
                                  const char *apdu_kind, const char *question_kind)
{
    clients->num = 0;
    clients->listeners[PHONE_APDU] = clients->listeners[PHONE_QUESTION] = -1;
    local_path(name, apdu_kind, clients->paths[PHONE_APDU], sizeof clients->paths[0]);
    local_path(name, question_kind, clients->paths[PHONE_QUESTION], sizeof clients->paths[0]);
    enum lk_status status =
        lk_posix_local_listen(clients->paths[PHONE_APDU], &clients->listeners[PHONE_APDU]);
    if (status == LK_OK)
        status = lk_posix_local_listen(clients->paths[PHONE_QUESTION],
                                       &clients->listeners[PHONE_QUESTION]);
    return status;
}

void phone_clients_close(struct phone_clients *clients)
{
    while (clients->num)
        drop(clients, 0);
    for (int i = 0; i < 2; i++) {
        if (clients->listeners[i] < 0)
            continue;
        close(clients->listeners[i]);
        unlink(clients->paths[i]);
    }
}

enum phone_channel phone_wait(struct phone_clients *clients, int other, int timeout_ms, int *out_fd,
                              uint8_t *out, size_t cap, size_t *out_len)
{
    struct pollfd fds[PHONE_CLIENTS_MAX + 3];
    nfds_t num = 0;
    short open_for = clients->num < PHONE_CLIENTS_MAX ? POLLIN : 0;
    fds[num++] = (struct pollfd){clients->listeners[0], open_for, 0};
    fds[num++] = (struct pollfd){clients->listeners[1], open_for, 0};
    fds[num++] = (struct pollfd){other, POLLIN, 0};
    for (int i = 0; i < clients->num; i++)
        fds[num++] = (struct pollfd){clients->fds[i].fd, POLLIN, 0};
    if (poll(fds, num, timeout_ms) <= 0)
        return PHONE_NOTHING;
    for (int i = clients->num - 1; i >= 0; i--) {
        if (!fds[3 + i].revents)
            continue;
        *out_fd = clients->fds[i].fd;
        if (lk_posix_local_receive(*out_fd, out, cap, out_len, 0) == LK_OK)
            return (enum phone_channel)clients->fds[i].channel;
        drop(clients, i);
    }
    for (int i = 0; i < 2; i++) {
        int fd = fds[i].revents & POLLIN ? accept(clients->listeners[i], NULL, NULL) : -1;
        if (fd >= 0) {
            clients->fds[clients->num].channel = i;
            clients->fds[clients->num++].fd = fd;
        }
        if (clients->num == PHONE_CLIENTS_MAX)
            break;
    }
    return fds[2].revents ? PHONE_OTHER : PHONE_NOTHING;
}

/* Starts one half as a process of its own. */
static pid_t half(const struct cli *cli, const char *which)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    const char *trace = cli_value(cli, "trace", NULL),
               *crypto = cli_value(cli, "crypto", "openssl");
    const char *argv[] = {cli->program, "phone",    which,  cli_argument(cli, 0),     "--world",
                          ".",          "--crypto", crypto, trace ? "--trace" : NULL, trace,
                          NULL};
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
