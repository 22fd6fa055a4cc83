/* output.c: errors, help, hex, files. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/* What a terminal and JSON take: no control bytes, and no bytes that are not UTF-8. */
static void make_printable(char *text)
{
    json_t *is_utf8 = json_string(text);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127 || (!is_utf8 && (unsigned char)*at > 127))
            *at = *at == '\n' && is_utf8 ? '\n' : '?';
    json_decref(is_utf8);
}

int cli_fail(const struct cli *cli, enum lk_status status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    make_printable(text);
    const struct cli_command *row = cli->command;
    if (cli_flag(cli, "json")) {
        json_t *object = json_pack("{s:b, s:s, s:s, s:s, s:s}", "ok", 0, "status",
                                   lk_status_name(status), "error", text, "what",
                                   lk_status_what(status), "advice", lk_status_advice(status));
        char *dump = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
        fprintf(stderr, "%s\n", dump ? dump : "{}");
        free(dump);
        json_decref(object);
        return lk_status_exit_code(status);
    }
    const char *advice = lk_status_advice(status);
    fprintf(stderr, "latchkey %s%s%s: %s: %s%s%s\n", row ? row->group : "",
            row && row->verb ? " " : "", row && row->verb ? row->verb : "", text,
            lk_status_what(status), *advice ? "; " : "", advice);
    return lk_status_exit_code(status);
}

int cli_fail_path(const struct cli *cli, enum lk_status status, const char *path)
{
    if (status == LK_CALLER_FILE && errno)
        return cli_fail(cli, status, "%s (%s)", path, strerror(errno));
    return cli_fail(cli, status, "%s", path);
}

void cli_print_json(json_t *object)
{
    char *dump = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    printf("%s\n", dump ? dump : "{}");
    fflush(stdout);
    free(dump);
    json_decref(object);
}

const char *cli_option_value(const struct cli_option *option)
{
    return option->choices ? option->choices : option->value;
}

static void print_options(FILE *to, const struct cli_option *options, size_t max)
{
    for (size_t i = 0; i < max && options[i].name; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? cli_option_value(&options[i]) : "");
        fprintf(to, "  %-28s %s\n", left, options[i].help);
    }
}

void cli_print_help(FILE *to, const struct cli_command *command)
{
    fprintf(to, "usage: latchkey %s%s%s%s%s [options]\n\n%s\n", command->group,
            command->verb ? " " : "", command->verb ? command->verb : "",
            *command->arguments ? " " : "", command->arguments, command->summary);
    if (*command->help)
        fprintf(to, "\n%s\n", command->help);
    fprintf(to, "\noptions:\n");
    print_options(to, command->options, CLI_OPTIONS_MAX);
    print_options(to, cli_common_options, 3);
}

void cli_print_commands(FILE *to, const char *group)
{
    if (group)
        fprintf(to, "usage: latchkey %s COMMAND [options]\n\ncommands:\n", group);
    else
        fprintf(to,
                "latchkey %s: an open digital car key system\n\n"
                "usage: latchkey COMMAND [options]\n\nStart here: latchkey demo\n\ncommands:\n",
                lk_version());
    for (size_t i = 0; i < cli_num_commands; i++) {
        const struct cli_command *row = &cli_commands[i];
        char left[64];
        if (row->is_hidden || (group && strcmp(group, row->group) != 0))
            continue;
        snprintf(left, sizeof left, "%s%s%s%s%s", row->group, row->verb ? " " : "",
                 row->verb ? row->verb : "", *row->arguments ? " " : "", row->arguments);
        fprintf(to, "  %-28s %s\n", left, row->summary);
    }
    fprintf(to, "\nlatchkey COMMAND --help tells more; exit codes: latchkey manual.\n");
}

static char *hex(const uint8_t *data, size_t len, char *out, const char *digits)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = 0;
    return out;
}

char *cli_hex(const uint8_t *data, size_t len, char *out)
{
    return hex(data, len, out, "0123456789abcdef");
}

char *cli_hex_upper(const uint8_t *data, size_t len, char *out)
{
    return hex(data, len, out, "0123456789ABCDEF");
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

long cli_unhex_any(const char *text, size_t text_len, uint8_t *out, size_t cap)
{
    if (text_len % 2 || text_len / 2 > cap)
        return -1;
    for (size_t i = 0; i < text_len / 2; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return (long)(text_len / 2);
}

int cli_unhex(const char *text, uint8_t *out, size_t len)
{
    return text && strlen(text) == 2 * len && cli_unhex_any(text, 2 * len, out, len) == (long)len;
}

uint64_t cli_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t cli_now_ms(void)
{
    return cli_now_us() / 1000u;
}

enum lk_status cli_read_file(const char *path, uint8_t *out, size_t cap, size_t *out_len)
{
    errno = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return LK_CALLER_FILE;
    size_t len = fread(out, 1, cap, file);
    int whole = !ferror(file) && fgetc(file) == EOF;
    fclose(file);
    if (!whole)
        return LK_CALLER_FILE;
    *out_len = len;
    return LK_OK;
}

enum lk_status cli_write_file(const char *path, const void *data, size_t len, unsigned mode)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return LK_CALLER_FILE;
    FILE *file = fopen(temporary, "wb");
    if (!file)
        return LK_CALLER_FILE;
    int good = fchmod(fileno(file), (mode_t)mode) == 0 && fwrite(data, 1, len, file) == len;
    good = fflush(file) == 0 && good;
    good = fsync(fileno(file)) == 0 && good;
    good = fclose(file) == 0 && good;
    if (good && rename(temporary, path) == 0)
        return LK_OK;
    unlink(temporary);
    return LK_CALLER_FILE;
}

enum lk_status cli_make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 ? LK_OK : errno == EEXIST ? LK_CALLER_EXISTS : LK_CALLER_FILE;
}

json_t *cli_read_json(const char *path)
{
    return json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
}

enum lk_status cli_write_json(const char *path, json_t *object)
{
    char *dump = json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(object);
    if (!dump)
        return LK_INTERNAL;
    enum lk_status status = cli_write_file(path, dump, strlen(dump), 0600);
    free(dump);
    return status;
}

void cli_remove_tree(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}

void cli_stop(pid_t child, int wait_ms)
{
    if (child <= 0)
        return;
    kill(child, SIGTERM);
    for (int waited = 0; waited < wait_ms; waited += 10) {
        if (waitpid(child, NULL, WNOHANG) != 0)
            return;
        usleep(10000);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
