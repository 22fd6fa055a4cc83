/* main.c: finds the row, parses the options, runs it. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

const struct cli_option cli_common_options[] = {
    {"world", "FOLDER", NULL, "the world to work in (default: $LATCHKEY_WORLD, else ./world)"},
    {"json", NULL, NULL, "print for programs: one JSON object a line"},
    {"help", NULL, NULL, "show this help"},
    {NULL, NULL, NULL, NULL},
};

const char *cli_value(const struct cli *cli, const char *name, const char *otherwise)
{
    for (int i = cli->num_given - 1; i >= 0; i--)
        if (strcmp(cli->given[i].name, name) == 0)
            return cli->given[i].value;
    return otherwise;
}

int cli_flag(const struct cli *cli, const char *name)
{
    return cli_value(cli, name, NULL) != NULL;
}

const char *cli_argument(const struct cli *cli, int i)
{
    return i < cli->num_arguments ? cli->arguments[i] : NULL;
}

long cli_number(const struct cli *cli, const char *name, long otherwise, long min, long max)
{
    const char *text = cli_value(cli, name, NULL);
    if (!text)
        return otherwise;
    char *end = NULL;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < min || number > max)
        exit(cli_fail(cli, LK_CALLER_ARGUMENT, "--%s %s must be a number from %ld to %ld", name,
                      text, min, max));
    return number;
}

int cli_item(const struct cli *cli, int i, long max, json_int_t *out)
{
    const char *text = cli_argument(cli, i);
    char *end = NULL;
    long item = strtol(text, &end, 10);
    if (end == text || *end || item < 1 || item > max)
        return cli_fail(cli, LK_CALLER_ARGUMENT,
                        "%s is not an item of the list (latchkey %s --help)", text,
                        cli->command->group);
    *out = item;
    return 0;
}

/* The command of the group with that verb, else the group itself if it is a command. */
static const struct cli_command *find(const char *group, const char *verb)
{
    const struct cli_command *whole = NULL;
    for (size_t i = 0; i < cli_num_commands; i++) {
        const struct cli_command *row = &cli_commands[i];
        if (strcmp(row->group, group) != 0)
            continue;
        if (verb && row->verb && strcmp(row->verb, verb) == 0)
            return row;
        if (!row->verb)
            whole = row;
    }
    return whole;
}

static int is_group(const char *group)
{
    for (size_t i = 0; i < cli_num_commands; i++)
        if (strcmp(cli_commands[i].group, group) == 0)
            return 1;
    return 0;
}

static const struct cli_option *option_of(const struct cli_command *command, const char *name)
{
    for (const struct cli_option *o = command->options;
         o < command->options + CLI_OPTIONS_MAX && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    for (const struct cli_option *o = cli_common_options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

/* 1 if `value` is one of the '|'-separated choices. */
static int is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *at = choices; at;) {
        const char *bar = strchr(at, '|');
        size_t n = bar ? (size_t)(bar - at) : strlen(at);
        if (n == len && strncmp(at, value, n) == 0)
            return 1;
        at = bar ? bar + 1 : NULL;
    }
    return 0;
}

static int take_option(struct cli *cli, const char *word, const char *next, int *used_next)
{
    char name[64];
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    *used_next = 0;
    if (len >= sizeof name)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "unknown option --%s", word);
    memcpy(name, word, len);
    name[len] = 0;
    const struct cli_option *option = option_of(cli->command, name);
    if (!option)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "unknown option --%s", name);
    const char *value = equals ? equals + 1 : NULL;
    if (!option->value && value)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--%s takes no value", name);
    if (option->value && !value) {
        if (!next)
            return cli_fail(cli, LK_CALLER_ARGUMENT, "--%s needs a %s", name, option->value);
        value = next;
        *used_next = 1;
    }
    if (option->choices && !is_choice(option->choices, value))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--%s %s is not one of %s", name, value,
                        option->choices);
    if (cli_flag(cli, name))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--%s is given twice", name);
    cli->given[cli->num_given].name = option->name;
    cli->given[cli->num_given++].value = value ? value : "";
    return 0;
}

/* A name becomes part of a path: 1 to 32 small letters, digits, '-' and '_'. */
static int is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= 32 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static int check_names(const struct cli *cli)
{
    int takes_name = strncmp(cli->command->arguments, "NAME", 4) == 0;
    const char *first = takes_name ? cli_argument(cli, 0) : NULL;
    const char *names[] = {first, cli_value(cli, "car", NULL), cli_value(cli, "phone", NULL),
                           cli_value(cli, "automaker", NULL), cli_value(cli, "device-maker", NULL)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] && !is_name(names[i]))
            return cli_fail(cli, LK_CALLER_ARGUMENT,
                            "\"%s\" is not a name (1 to 32 of a-z, 0-9, - and _)", names[i]);
    return 0;
}

/* The world is entered before a file is opened: what is relative is so to where the user stands. */
static int stay_here(struct cli *cli)
{
    static const char *const files[] = {"trace", "in", "out"};
    static char paths[sizeof files / sizeof files[0]][8192];
    char here[4096];
    for (int i = 0; i < cli->num_given; i++) {
        const char *file = cli->given[i].value;
        size_t k = 0;
        while (k < sizeof files / sizeof files[0] && strcmp(cli->given[i].name, files[k]) != 0)
            k++;
        if (k == sizeof files / sizeof files[0] || file[0] == '/' || strcmp(file, "-") == 0)
            continue;
        if (!*file || !getcwd(here, sizeof here) ||
            snprintf(paths[k], sizeof paths[k], "%s/%s", here, file) >= (int)sizeof paths[k])
            return cli_fail(cli, LK_CALLER_ARGUMENT, "--%s \"%s\" is no file name", files[k], file);
        cli->given[i].value = paths[k];
    }
    return 0;
}

static int take_words(struct cli *cli, int argc, char **argv)
{
    int is_ended = 0; /* behind a lone "--" all words are arguments */
    for (int i = 0; i < argc; i++) {
        if (!is_ended && strcmp(argv[i], "--") == 0) {
            is_ended = 1;
            continue;
        }
        if (!is_ended && strcmp(argv[i], "-h") == 0)
            argv[i] = "--help";
        if (!is_ended && strncmp(argv[i], "--", 2) == 0) {
            int used_next = 0;
            int bad = take_option(cli, argv[i] + 2, i + 1 < argc ? argv[i + 1] : NULL, &used_next);
            if (bad)
                return bad;
            i += used_next;
            continue;
        }
        if (cli->num_arguments == cli->command->max_arguments)
            return cli_fail(cli, LK_CALLER_ARGUMENT, "unexpected argument \"%s\"", argv[i]);
        cli->arguments[cli->num_arguments++] = argv[i];
    }
    if (!cli_flag(cli, "help") && cli->num_arguments < cli->command->min_arguments)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "expected %s after the command",
                        cli->command->arguments);
    int bad = check_names(cli);
    return bad ? bad : stay_here(cli);
}

static int is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

static int no_command(const char *group, const char *verb)
{
    int has_group = is_group(group);
    if (has_group && !verb) {
        cli_print_commands(stderr, group);
        return 2;
    }
    fprintf(stderr, "latchkey: there is no command \"%s%s%s\"; see latchkey %s%s--help\n", group,
            has_group ? " " : "", has_group ? verb : "", has_group ? group : "",
            has_group ? " " : "");
    return 2;
}

int main(int argc, char **argv)
{
    static char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    struct cli cli = {.program = len > 0 ? self : argv[0]};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write that does not fit is an error, not the end */
    if (argc < 2 || is_help(argv[1])) {
        cli_print_commands(argc < 2 ? stderr : stdout, NULL);
        return argc < 2 ? 2 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("latchkey %s\n", lk_version());
        return 0;
    }
    const char *verb = argc > 2 ? argv[2] : NULL;
    cli.command = find(argv[1], verb);
    if (!cli.command && is_group(argv[1]) && verb && is_help(verb)) {
        cli_print_commands(stdout, argv[1]);
        return 0;
    }
    if (!cli.command)
        return no_command(argv[1], verb);
    int skip = cli.command->verb ? 3 : 2;
    int bad = take_words(&cli, argc - skip, argv + skip);
    if (bad)
        return bad;
    if (cli_flag(&cli, "help")) {
        cli_print_help(stdout, cli.command);
        return 0;
    }
    return cli.command->run(&cli);
}
