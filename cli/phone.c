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

/* A half that is busy longer is killed: its store does not mind. */
#define HALF_STOP_MS 800

volatile sig_atomic_t phone_stop_asked;
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
    sigaction(SIGHUP, &action, NULL);
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

/* Starts one half as a process of its own, which ends with this one. */
static pid_t half(const struct cli *cli, const char *which)
{
    pid_t parent = getpid(), child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
    const char *trace = cli_value(cli, "trace", NULL),
               *crypto = cli_value(cli, "crypto", "openssl");
    const char *json = cli_flag(cli, "json") ? "--json" : NULL;
    const char *argv[14] = {cli->program, "phone", which,      cli_argument(cli, 0),
                            "--world",    ".",     "--crypto", crypto};
    size_t n = 8;
    if (json)
        argv[n++] = json;
    if (trace) {
        argv[n++] = "--trace";
        argv[n++] = trace;
    }
    execv(cli->program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* The phone ends as its half ended. A half that failed has said why; one that was killed has not.
 */
static int ended(const struct cli *cli, const char *which, int state)
{
    if (WIFEXITED(state) && WEXITSTATUS(state) != 127)
        return WEXITSTATUS(state);
    if (WIFSIGNALED(state))
        return cli_fail(cli, LK_PORT_ELEMENT, "the %s of %s was killed by signal %d", which,
                        cli_argument(cli, 0), WTERMSIG(state));
    return cli_fail(cli, LK_PORT_ELEMENT, "the %s of %s cannot be started", which,
                    cli_argument(cli, 0));
}

/* Waits until the element answers: the host needs it. Its exit code if it ended instead. */
static int wait_for_element(const struct cli *cli, pid_t *element)
{
    int state = 0;
    while (!phone_stop_asked) {
        int fd = local_connect(cli_argument(cli, 0), "element");
        if (fd >= 0) {
            close(fd);
            return 0;
        }
        if (waitpid(*element, &state, WNOHANG) != 0) {
            *element = 0;
            return ended(cli, "element", state);
        }
        usleep(10000);
    }
    return 0;
}

int phone_run(struct cli *cli)
{
    int bad = local_enter_world(cli), state = 0;
    if (bad)
        return bad;
    char folder[300];
    if (access(phone_folder(cli_argument(cli, 0), folder, sizeof folder), F_OK) != 0)
        return cli_fail(cli, LK_CALLER_NOT_FOUND, "there is no phone %s in this world",
                        cli_argument(cli, 0));
    int fd = local_connect(cli_argument(cli, 0), "element");
    if (fd >= 0) {
        close(fd);
        return cli_fail(cli, LK_PORT_BUSY, "the phone %s runs already", cli_argument(cli, 0));
    }
    phone_catch_stop();
    pid_t element = half(cli, "element"), host = 0;
    bad = wait_for_element(cli, &element);
    if (!bad && !phone_stop_asked && !cli_flag(cli, "element-only"))
        host = half(cli, "host");
    if (!bad && !phone_stop_asked && !cli_flag(cli, "json"))
        printf("the phone %s is on%s; stop it with Ctrl-C\n", cli_argument(cli, 0),
               host ? "" : " with its element alone");
    fflush(stdout);
    while (!bad && !phone_stop_asked) {
        pid_t gone = waitpid(-1, &state, WNOHANG);
        if (gone > 0) {
            bad = ended(cli, gone == element ? "element" : "host", state);
            *(gone == element ? &element : &host) = 0;
            break;
        }
        usleep(50000);
    }
    cli_stop(host, HALF_STOP_MS);
    cli_stop(element, HALF_STOP_MS);
    return bad;
}
