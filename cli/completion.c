/* completion.c: completion for bash, zsh and fish, printed from the table of commands. */
#include <string.h>

#include "rows.h"

/* Is row i the first one of its group? */
static int is_first(size_t i)
{
    return i == 0 || strcmp(cli_commands[i].group, cli_commands[i - 1].group) != 0;
}

/* Is the group by itself a command, as `demo` is? */
static int is_command(const char *group)
{
    for (size_t i = 0; i < cli_num_commands; i++)
        if (strcmp(cli_commands[i].group, group) == 0 && !cli_commands[i].verb)
            return 1;
    return 0;
}

/* Calls `print` for each visible row; of one group, or of all for NULL. Groups that are commands
 * come last: they match whatever stands behind them. */
static void each(const char *group, void (*print)(const struct cli_command *row))
{
    for (size_t i = 0; i < 2 * cli_num_commands; i++) {
        const struct cli_command *row = &cli_commands[i % cli_num_commands];
        int is_first_round = i < cli_num_commands;
        if (!row->is_hidden && (row->verb != NULL) == is_first_round &&
            (!group || strcmp(row->group, group) == 0))
            print(row);
    }
}

static void each_option(const struct cli_command *row, void (*print)(const struct cli_option *o))
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX && row->options[i].name; i++)
        print(&row->options[i]);
    for (const struct cli_option *o = cli_common_options; o->name; o++)
        print(o);
}

static void groups(const char *format)
{
    for (size_t i = 0; i < cli_num_commands; i++)
        if (is_first(i))
            printf(format, cli_commands[i].group);
}

static void choices(const struct cli_option *o)
{
    for (const char *at = o->choices; *at; at++)
        putchar(*at == '|' ? ' ' : *at);
}

/* Text inside single quotes; `special` get a backslash, a quote what the shell wants. */
static void quoted(const char *text, const char *special, const char *quote)
{
    for (; *text; text++) {
        if (*text == '\'') {
            printf("%s", quote);
            continue;
        }
        if (strchr(special, *text))
            putchar('\\');
        putchar(*text);
    }
}

static int takes_path(const struct cli_command *row)
{
    return strcmp(row->arguments, "FILE") == 0 || strcmp(row->arguments, "FOLDER") == 0;
}

/* --- bash --- */

static void bash_option(const struct cli_option *o)
{
    printf("--%s ", o->name);
}

static void bash_verb(const struct cli_command *row)
{
    if (row->verb)
        printf("%s ", row->verb);
}

static void bash_row(const struct cli_command *row)
{
    printf("    \"%s %s\"%s) words=\"", row->group, row->verb ? row->verb : "",
           row->verb ? "" : "*");
    each_option(row, bash_option);
    if (!row->verb)
        each(row->group, bash_verb); /* the group is a command, and may have more */
    printf("\"%s ;;\n", takes_path(row) ? "; files=1" : "");
}

/* The values of an option; the same name has the same values in each command. */
static void bash_values(const struct cli_option *o)
{
    if (!o->value)
        return;
    printf("    --%s) words=\"", o->name);
    if (o->choices)
        choices(o);
    printf("\"%s; is_value=1 ;;\n",
           strcmp(o->value, "FILE") == 0 || strcmp(o->value, "FOLDER") == 0 ? "; files=1" : "");
}

static void bash_row_values(const struct cli_command *row)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX && row->options[i].name; i++)
        bash_values(&row->options[i]);
}

static void bash(void)
{
    printf("# completion of latchkey for bash\n_latchkey() {\n"
           "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  local group=${COMP_WORDS[1]-} verb=${COMP_WORDS[2]-} words=\"\" files=0 is_value=0\n"
           "  case \"$prev\" in\n");
    each(NULL, bash_row_values);
    for (const struct cli_option *o = cli_common_options; o->name; o++)
        bash_values(o);
    printf("  esac\n  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"");
    groups("%s ");
    printf("--help --version\"\n  elif [ $is_value -eq 0 ]; then case \"$group $verb\" in\n");
    each(NULL, bash_row);
    for (size_t i = 0; i < cli_num_commands; i++) {
        if (!is_first(i) || is_command(cli_commands[i].group))
            continue;
        printf("    \"%s \"*) words=\"", cli_commands[i].group);
        each(cli_commands[i].group, bash_verb);
        printf("\" ;;\n");
    }
    printf("  esac; fi\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
           "  if [ $files -eq 1 ]; then\n    compopt -o filenames 2>/dev/null\n"
           "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n"
           "  fi\n}\ncomplete -F _latchkey latchkey\n");
}

/* --- zsh --- */

static void zsh_verb(const struct cli_command *row)
{
    printf(" '%s:", row->verb ? row->verb : row->group);
    quoted(row->summary, ":\\", "'\\''");
    printf("'");
}

static void zsh_option(const struct cli_option *o)
{
    printf(" '--%s[", o->name);
    quoted(o->help, "[]:\\", "'\\''");
    printf("]");
    if (o->value)
        printf(":%s:", o->value);
    if (o->value && o->choices) {
        printf("(");
        choices(o);
        printf(")");
    } else if (o->value && (strcmp(o->value, "FILE") == 0 || strcmp(o->value, "FOLDER") == 0)) {
        printf("_files");
    }
    printf("'");
}

static void zsh_row(const struct cli_command *row)
{
    printf("    '%s%s%s'%s) shift %d words; (( CURRENT -= %d )); _arguments", row->group,
           row->verb ? " " : "", row->verb ? row->verb : "", row->verb ? "" : "*",
           row->verb ? 2 : 1, row->verb ? 2 : 1);
    each_option(row, zsh_option);
    if (*row->arguments) {
        printf(" '*:");
        quoted(row->arguments, ":\\", "'\\''");
        printf(":%s'", takes_path(row) ? "_files" : " ");
    }
    printf(" ;;\n");
}

static void zsh(void)
{
    printf("#compdef latchkey\n_latchkey() {\n  local -a list\n"
           "  if (( CURRENT == 2 )); then\n    list=(");
    groups("%s ");
    printf(")\n    compadd -a list\n    return\n  fi\n"
           "  if (( CURRENT == 3 )); then case \"$words[2]\" in\n");
    for (size_t i = 0; i < cli_num_commands; i++) {
        if (!is_first(i) || is_command(cli_commands[i].group))
            continue;
        printf("    %s) list=(", cli_commands[i].group);
        each(cli_commands[i].group, zsh_verb);
        printf(" ); _describe command list; return ;;\n");
    }
    printf("  esac; fi\n  case \"$words[2] $words[3]\" in\n");
    each(NULL, zsh_row);
    printf("  esac\n}\nif [ \"$funcstack[1]\" = _latchkey ]; then _latchkey \"$@\"; "
           "else compdef _latchkey latchkey; fi\n");
}

/* --- fish --- */

static const struct cli_command *fish_row_now;

static void fish_when(const struct cli_command *row)
{
    printf("complete -c latchkey -n '__fish_seen_subcommand_from %s%s%s'", row->group,
           row->verb ? "; and __fish_seen_subcommand_from " : "", row->verb ? row->verb : "");
}

static void fish_option(const struct cli_option *o)
{
    int is_path = o->value && (strcmp(o->value, "FILE") == 0 || strcmp(o->value, "FOLDER") == 0);
    fish_when(fish_row_now);
    printf(" -l %s%s", o->name, !o->value ? "" : is_path ? " -r -F" : " -x");
    if (o->choices) {
        printf(" -a '");
        choices(o);
        printf("'");
    }
    printf(" -d '");
    quoted(o->help, "\\", "\\'");
    printf("'\n");
}

static void fish_row(const struct cli_command *row)
{
    if (row->verb) {
        printf(
            "complete -c latchkey -n '__fish_seen_subcommand_from %s; and test (count (commandline "
            "-opc)) -eq 2' -a %s -d '",
            row->group, row->verb);
        quoted(row->summary, "\\", "\\'");
        printf("'\n");
    }
    if (takes_path(row)) {
        fish_when(row);
        printf(" -F\n");
    }
    fish_row_now = row;
    each_option(row, fish_option);
}

static void fish(void)
{
    printf("# completion of latchkey for fish\ncomplete -c latchkey -f\n");
    groups("complete -c latchkey -n '__fish_use_subcommand' -a %s\n");
    each(NULL, fish_row);
}

int completion_print(struct cli *cli)
{
    const char *shell = cli_argument(cli, 0);
    if (strcmp(shell, "bash") == 0)
        bash();
    else if (strcmp(shell, "zsh") == 0)
        zsh();
    else if (strcmp(shell, "fish") == 0)
        fish();
    else
        return cli_fail(cli, LK_CALLER_ARGUMENT, "%s is not bash, zsh or fish", shell);
    return 0;
}
