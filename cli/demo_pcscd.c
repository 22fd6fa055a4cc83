/* demo_pcscd.c: a pcscd of our own for `demo --radio pcsc`. The virtual card driver listens on all
 * addresses, so it runs in a network namespace of its own; its socket folder is a private one, so
 * that a pcscd that is already running is neither used nor disturbed. Needs root. Stopped by its
 * process id. */
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
#include <fcntl.h>

#include "demo.h"

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

static void become_pcscd(const char *run_folder, const char *log)
{
    int to = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    mkdir("/run/pcscd", 0755);
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(run_folder, "/run/pcscd", NULL, MS_BIND, NULL) != 0 || !loopback_up()) {
        perror("latchkey demo: pcscd needs root for a network namespace of its own");
        _exit(126);
    }
    dup2(to, 1);
    dup2(to, 2);
    execlp("pcscd", "pcscd", "--foreground", (char *)NULL);
    _exit(127);
}

int demo_pcscd_start(struct demo *demo, const char *folder)
{
    char run_folder[256], log[256], name[300], pid[16];
    struct stat info;
    if (strcmp(demo->radio, "pcsc") != 0)
        return 1;
    snprintf(run_folder, sizeof run_folder, "%s/pcscd", folder);
    snprintf(log, sizeof log, "%s/pcscd.log", folder);
    snprintf(name, sizeof name, "%s/pcscd.comm", run_folder);
    if (cli_make_folder(run_folder) != LK_OK)
        return 0;
    chmod(folder, 0711);
    demo->pcscd = fork();
    if (demo->pcscd == 0)
        become_pcscd(run_folder, log);
    for (int i = 0; i < 500 && stat(name, &info) != 0; i++) {
        int state = 0;
        if (waitpid(demo->pcscd, &state, WNOHANG) != 0) {
            demo->pcscd = 0;
            fprintf(
                stderr,
                "latchkey demo: pcscd did not start (packages pcscd and vsmartcard-vpcd); see %s\n",
                log);
            return 0;
        }
        usleep(10000);
    }
    setenv("PCSCLITE_CSOCK_NAME", name, 1);
    snprintf(pid, sizeof pid, "%d", (int)demo->pcscd);
    setenv("LATCHKEY_PCSCD_PID", pid, 1);
    return 1;
}

void demo_pcscd_stop(struct demo *demo)
{
    if (demo->pcscd <= 0)
        return;
    kill(demo->pcscd, SIGTERM);
    for (int i = 0; i < 300; i++) {
        if (waitpid(demo->pcscd, NULL, WNOHANG) == demo->pcscd)
            return;
        usleep(10000);
    }
    kill(demo->pcscd, SIGKILL);
    waitpid(demo->pcscd, NULL, 0);
}
