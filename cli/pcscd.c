/* pcscd.c: see pcscd.h. The virtual card driver listens on all addresses, so the daemon runs in a
 * network namespace of its own; its socket folder is a private one, so that a daemon that is
 * already running is neither used nor disturbed. Needs root. Stopped by its process id.
 * spec/links.md. */
#include "pcscd.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "latchkey/vpcd.h"
#include "rows.h"

static int loopback_up(void)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static void become_pcscd(const char *folder, const char *log)
{
    int to = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0); /* Ctrl-C is for the parent, who then stops it */
    dup2(to, 1);
    dup2(to, 2);
    mkdir("/run/pcscd", 0755);
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(folder, "/run/pcscd", NULL, MS_BIND, NULL) != 0 || !loopback_up()) {
        perror("a network namespace of its own");
        _exit(126);
    }
    execlp("pcscd", "pcscd", "--foreground", (char *)NULL);
    perror("pcscd");
    _exit(127);
}

/* Does the driver listen inside the namespace? State 0A of the process's own table. */
static int is_open(pid_t child)
{
    char path[64], line[256], want[16];
    int found = 0;
    snprintf(path, sizeof path, "/proc/%d/net/tcp", (int)child);
    snprintf(want, sizeof want, ":%04X ", LK_VPCD_PORT);
    FILE *table = fopen(path, "r");
    while (table && !found && fgets(line, sizeof line, table))
        found = strstr(line, want) && strstr(line, " 0A ");
    if (table)
        fclose(table);
    return found;
}

/* 1 when socket and port are there, 0 if it ended or ten seconds passed. */
static int is_up(pid_t child, const char *socket_name)
{
    struct stat info;
    for (int i = 0; i < 1000; i++) {
        if (waitpid(child, NULL, WNOHANG) != 0)
            return 0;
        if (stat(socket_name, &info) == 0 && is_open(child))
            return 1;
        usleep(10000);
    }
    cli_stop(child, PCSCD_STOP_MS);
    return 0;
}

pid_t pcscd_start(const struct cli *cli, const char *folder, int *out_code)
{
    char log[512], name[512], pid[16], *whole = realpath(folder, NULL);
    if (!whole || strlen(whole) > 90) { /* a socket's name has 107 bytes at most */
        *out_code =
            cli_fail(cli, LK_CALLER_FILE, "%s is no folder, or its path is too long", folder);
        free(whole);
        return 0;
    }
    snprintf(log, sizeof log, "%s/pcscd.log", whole);
    snprintf(name, sizeof name, "%s/pcscd.comm", whole);
    unlink(name);
    pid_t child = fork();
    if (child == 0)
        become_pcscd(whole, log);
    free(whole);
    if (!is_up(child, name)) {
        *out_code =
            cli_fail(cli, LK_PORT_LINK,
                     "pcscd did not start (packages pcscd and vsmartcard-vpcd, and root for "
                     "a network namespace); its log is %s",
                     log);
        return 0;
    }
    setenv("PCSCLITE_CSOCK_NAME", name, 1);
    snprintf(pid, sizeof pid, "%d", (int)child);
    setenv("LATCHKEY_PCSCD_PID", pid, 1);
    return child;
}

static volatile sig_atomic_t stop_asked;
static void on_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

int pcscd_run(struct cli *cli)
{
    struct sigaction action = {.sa_handler = on_stop};
    const char *folder = cli_argument(cli, 0);
    int code = 0, is_gone = 0;
    enum lk_status made = cli_make_folder(folder);
    if (made != LK_OK && made != LK_CALLER_EXISTS)
        return cli_fail_path(cli, made, folder);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    pid_t child = pcscd_start(cli, folder, &code);
    if (!child)
        return code;
    printf("PCSCLITE_CSOCK_NAME=%s\nLATCHKEY_PCSCD_PID=%d\n", getenv("PCSCLITE_CSOCK_NAME"),
           (int)child);
    fflush(stdout);
    while (!stop_asked && !is_gone) {
        usleep(50000);
        is_gone = waitpid(child, NULL, WNOHANG) != 0;
    }
    if (is_gone)
        return cli_fail(cli, LK_PORT_LINK, "pcscd ended by itself; its log is %s/pcscd.log",
                        folder);
    cli_stop(child, PCSCD_STOP_MS);
    return 0;
}
