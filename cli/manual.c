/* manual.c: completion and man page, printed from the table of commands. */
#include <string.h>

#include "rows.h"

static void names(const char *group, const char *separator)
{
    const char *last = "";
    for (size_t i = 0; i < cli_num_commands; i++) {
        const struct cli_command *row = &cli_commands[i];
        if (row->is_hidden)
            continue;
        if (group && row->verb && strcmp(row->group, group) == 0)
            printf("%s%s", row->verb, separator);
        if (!group && strcmp(last, row->group) != 0)
            printf("%s%s", row->group, separator);
        last = row->group;
    }
}

static void options(const struct cli_command *row, const char *format)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX && row->options[i].name; i++)
        printf(format, row->options[i].name);
    for (const struct cli_option *o = cli_common_options; o->name; o++)
        printf(format, o->name);
}

static void bash(void)
{
    printf("_latchkey() {\n  local cur=${COMP_WORDS[COMP_CWORD]} group=${COMP_WORDS[1]} "
           "verb=${COMP_WORDS[2]}\n"
           "  local words=\"\"\n  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"");
    names(NULL, " ");
    printf("\"\n  else case \"$group $verb\" in\n");
    for (size_t i = 0; i < cli_num_commands; i++) {
        const struct cli_command *row = &cli_commands[i];
        if (row->is_hidden)
            continue;
        printf("    \"%s %s\"%s) words=\"", row->group, row->verb ? row->verb : "",
               row->verb ? "" : "*");
        options(row, "--%s ");
        printf("\" ;;\n");
    }
    const char *last = "";
    for (size_t i = 0; i < cli_num_commands; i++) {
        if (!cli_commands[i].verb || strcmp(last, cli_commands[i].group) == 0)
            continue;
        last = cli_commands[i].group;
        printf("    \"%s \"*) words=\"", last);
        names(last, " ");
        printf("\" ;;\n");
    }
    printf("  esac; fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F "
           "_latchkey latchkey\n");
}

static void fish(void)
{
    for (size_t i = 0; i < cli_num_commands; i++) {
        const struct cli_command *row = &cli_commands[i];
        if (row->is_hidden)
            continue;
        if (row->verb)
            printf("complete -c latchkey -f -n '__fish_seen_subcommand_from %s' -a %s -d '%s'\n",
                   row->group, row->verb, row->summary);
        printf("complete -c latchkey -f -n '__fish_use_subcommand' -a %s\n", row->group);
    }
}

int completion_print(struct cli *cli)
{
    const char *shell = cli_argument(cli, 0);
    if (strcmp(shell, "bash") == 0)
        bash();
    else if (strcmp(shell, "zsh") == 0) {
        printf("autoload -U bashcompinit && bashcompinit\n");
        bash();
    } else if (strcmp(shell, "fish") == 0)
        fish();
    else
        return cli_fail(cli, LK_CALLER_ARGUMENT, "%s is not bash, zsh or fish", shell);
    return 0;
}

int manual_print(struct cli *cli)
{
    (void)cli;
    printf("latchkey(1)\n\n# NAME\n\nlatchkey - an open digital car key system\n\n# SYNOPSIS\n\n"
           "*latchkey* COMMAND [options]\n\n# COMMANDS\n\n");
    for (size_t i = 0; i < cli_num_commands; i++) {
        const struct cli_command *row = &cli_commands[i];
        if (row->is_hidden)
            continue;
        printf("*%s%s%s* %s\n\t%s.\n", row->group, row->verb ? " " : "", row->verb ? row->verb : "",
               row->arguments, row->summary);
        for (size_t k = 0; k < CLI_OPTIONS_MAX && row->options[k].name; k++)
            printf("\n\t*--%s* %s\n\t\t%s\n", row->options[k].name,
                   row->options[k].value ? row->options[k].value : "", row->options[k].help);
        printf("\n");
    }
    printf("# COMMON OPTIONS\n\n");
    for (const struct cli_option *o = cli_common_options; o->name; o++)
        printf("*--%s* %s\n\t%s\n\n", o->name, o->value ? o->value : "", o->help);
    printf("# EXIT STATUS\n\n0 on success; 2 for wrong usage; else the number of the status "
           "(docs/exit-codes.md).\n\n"
           "# ENVIRONMENT\n\n*LATCHKEY_WORLD*\n\tthe world folder, when --world is not given\n");
    return 0;
}
