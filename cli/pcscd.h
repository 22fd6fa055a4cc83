/* pcscd.h: a PC/SC daemon of our own, with the driver of virtual cards. */
#ifndef PCSCD_H
#define PCSCD_H

#include <sys/types.h>

#include "cli.h"

/* Starts it with FOLDER for its socket and log, and tells this process and its children where it
 * is: PCSCLITE_CSOCK_NAME and LATCHKEY_PCSCD_PID. Its process id, 0 after the error was printed
 * (*out_code is the exit code). */
pid_t pcscd_start(const struct cli *cli, const char *folder, int *out_code);
/* How long it may take to stop (cli_stop). */
#define PCSCD_STOP_MS 3000

#endif
