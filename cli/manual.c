/* manual.c: the man page, printed from the table of commands and the list of statuses. */
#include <ctype.h>

#include "rows.h"

static const struct {
    int exit_code;
    const char *name, *what;
} statuses[] = {
#define LK_STATUS(symbol, value, exit_code, what, advice) {exit_code, #symbol, what},
#include "facts/status.def"
#undef LK_STATUS
};

/* Text for roff: no byte of it is a request, an escape or a typographic dash. */
static void text(const char *at)
{
    int is_line_start = 1;
    for (; *at; at++) {
        if (is_line_start && (*at == '.' || *at == '\''))
            printf("\\&");
        if (*at == '\\')
            printf("\\e");
        else if (*at == '-')
            printf("\\-");
        else
            putchar(*at);
        is_line_start = *at == '\n';
    }
}

static void option(const struct cli_option *o)
{
    printf(".TP\n\\fB\\-\\-");
    text(o->name);
    printf("\\fR");
    if (o->value) {
        printf(" \\fI");
        text(cli_option_value(o));
        printf("\\fR");
    }
    printf("\n");
    text(o->help);
    printf("\n");
}

static void command(const struct cli_command *row)
{
    printf(".TP\n\\fBlatchkey ");
    text(row->group);
    printf("%s%s\\fR", row->verb ? " " : "", row->verb ? row->verb : "");
    if (*row->arguments) {
        printf(" \\fI");
        text(row->arguments);
        printf("\\fR");
    }
    printf("\n%c", toupper((unsigned char)*row->summary));
    text(row->summary + 1);
    printf(".\n");
    if (*row->help) {
        text(row->help);
        printf("\n");
    }
    if (!row->options[0].name)
        return;
    printf(".RS\n");
    for (size_t k = 0; k < CLI_OPTIONS_MAX && row->options[k].name; k++)
        option(&row->options[k]);
    printf(".RE\n");
}

static void exit_status(void)
{
    printf(".SH EXIT STATUS\n0 on success; a refusal or failure ends with the number of its cause. "
           "1 is of\n.B latchkey demo\nalone: a step did not come out as expected; 128 and the "
           "number of a signal\nif one stopped it. With\n.B \\-\\-json\nthe name stands in the "
           "member\n.IR status .\n");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].exit_code == 0)
            continue;
        printf(".TP\n.B %d\n", statuses[i].exit_code);
        text(statuses[i].what);
        printf(" (%s)\n", statuses[i].name);
    }
}

int manual_print(struct cli *cli)
{
    (void)cli;
    printf(".TH LATCHKEY 1 \"\" \"latchkey %s\" \"User Commands\"\n"
           ".SH NAME\nlatchkey \\- an open digital car key system\n"
           ".SH SYNOPSIS\n.B latchkey\n.I COMMAND\n.RI [ options ]\n"
           ".SH DESCRIPTION\nCars and phones as processes of one machine, speaking the publicly "
           "described Digital Key protocol\nover a simulated or real NFC link. All they know lies "
           "in a world: a folder of automakers,\ndevice makers, cars and phones. Start with\n"
           ".BR \"latchkey demo\" .\n.SH COMMANDS\n",
           lk_version());
    for (size_t i = 0; i < cli_num_commands; i++)
        if (!cli_commands[i].is_hidden)
            command(&cli_commands[i]);
    printf(".SH COMMON OPTIONS\n");
    for (const struct cli_option *o = cli_common_options; o->name; o++)
        option(o);
    exit_status();
    printf(".SH ENVIRONMENT\n"
           ".TP\n.B LATCHKEY_WORLD\nthe world folder, when\n.B \\-\\-world\nis not given\n"
           ".TP\n.B PCSCLITE_CSOCK_NAME\nthe socket of the PC/SC daemon, for\n"
           ".B \\-\\-radio pcsc\n"
           ".TP\n.B LATCHKEY_PCSCD_PID\na process in the network namespace of the virtual card "
           "driver\n"
           ".SH EXAMPLES\nA car and a phone, each in a terminal of its own:\n.PP\n.nf\n.RS\n"
           "latchkey world new\nlatchkey car run roadster\nlatchkey phone run alice\n.RE\n.fi\n"
           ".PP\nThen, in a third one, the owner's pairing and a tap at the door:\n.PP\n.nf\n.RS\n"
           "latchkey verifier new \\-\\-car roadster          # prints the password\n"
           "latchkey car menu roadster open\\-pairing\n"
           "latchkey phone pair alice \\-\\-car roadster \\-\\-password 12345678\n"
           "latchkey tap \\-\\-phone alice \\-\\-car roadster\n.RE\n.fi\n");
    return 0;
}
