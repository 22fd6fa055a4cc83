/* cli.h: one binary, one table of subcommands. Each file of this room adds rows to the table in
 * commands.c; help, completion and the man page are printed from the same rows. */
#ifndef CLI_H
#define CLI_H

#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "latchkey/latchkey.h"

/* One option. `value` is the word for its argument in help, NULL for a flag. `choices` are for
 * completion and checking, separated by '|', or NULL. */
struct cli_option {
    const char *name;
    const char *value;
    const char *choices;
    const char *help;
};

#define CLI_OPTIONS_MAX 16
#define CLI_ARGUMENTS_MAX 4

struct cli;

/* One subcommand: "car run". `arguments` as shown in help, "NAME" or "NAME ITEM [KEY]". */
struct cli_command {
    const char *group;
    const char *verb; /* NULL: the group is the command */
    const char *arguments;
    int min_arguments, max_arguments;
    const char *summary; /* one line */
    const char *help;    /* more, or "" */
    struct cli_option options[CLI_OPTIONS_MAX];
    int (*run)(struct cli *cli);
    int is_hidden; /* used by the program itself */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_num_commands;
extern const struct cli_option cli_common_options[]; /* end: name NULL */

/* One call of the program. */
struct cli {
    const char *program; /* path of this binary, for starting itself */
    const struct cli_command *command;
    const char *arguments[CLI_ARGUMENTS_MAX];
    int num_arguments;
    struct {
        const char *name, *value;
    } given[2 * CLI_OPTIONS_MAX];
    int num_given;
};

/* Value of an option, or `otherwise`. */
const char *cli_value(const struct cli *cli, const char *name, const char *otherwise);
int cli_flag(const struct cli *cli, const char *name);
/* Positional argument i, or NULL. */
const char *cli_argument(const struct cli *cli, int i);
/* A whole number option within min..max; prints the error and exits with 2 otherwise. */
long cli_number(const struct cli *cli, const char *name, long otherwise, long min, long max);

/* Prints "latchkey car run: <text>: <what>; <advice>" (or one JSON object with --json) on stderr
 * and returns the exit code of `status`. */
int cli_fail(const struct cli *cli, enum lk_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* cli_fail about a file: with the system's own words if `status` is LK_CALLER_FILE. */
int cli_fail_path(const struct cli *cli, enum lk_status status, const char *path);
/* Prints one JSON object on a line of stdout; takes over `object`. */
void cli_print_json(json_t *object);
/* Writes the usage of one command. */
void cli_print_help(FILE *to, const struct cli_command *command);
/* Writes the list of the commands of a group, or of all for NULL. */
void cli_print_commands(FILE *to, const char *group);
/* What stands for the value in help: the choices, or the word. */
const char *cli_option_value(const struct cli_option *option);

/* Hex of bytes, lower case; `out` takes 2*len + 1. Upper case for identifiers. */
char *cli_hex(const uint8_t *data, size_t len, char *out);
char *cli_hex_upper(const uint8_t *data, size_t len, char *out);
/* Parses exactly `len` bytes of hex; 0 on failure. */
int cli_unhex(const char *text, uint8_t *out, size_t len);
/* Any number of bytes up to cap; -1 on failure. */
long cli_unhex_any(const char *text, size_t text_len, uint8_t *out, size_t cap);
uint64_t cli_now_ms(void);
uint64_t cli_now_us(void);

static inline struct lk_bytes cli_bytes(const void *at, size_t len)
{
    struct lk_bytes run = {(const uint8_t *)at, len};
    return run;
}

/* Reads / writes a whole file; write goes through a temporary name, so nothing half-written stays.
 * LK_CALLER_FILE. */
enum lk_status cli_read_file(const char *path, uint8_t *out, size_t cap, size_t *out_len);
enum lk_status cli_write_file(const char *path, const void *data, size_t len, unsigned mode);
enum lk_status cli_make_folder(const char *path);
/* Removes a folder that we made, with all in it. */
void cli_remove_tree(const char *path);
/* Stops a child process: asks, waits up to wait_ms, then insists. Nothing for 0. */
void cli_stop(pid_t child, int wait_ms);
json_t *cli_read_json(const char *path);                         /* NULL if missing or malformed */
enum lk_status cli_write_json(const char *path, json_t *object); /* takes over object */

#endif
