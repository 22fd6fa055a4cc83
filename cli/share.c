/* share.c: the commands of sharing: latchkey phone share, accept, take, pin, cancel, sharings. They
 * talk to the host of one phone; what is to be brought to the other phone goes to a file or to
 * standard output, so that a pipe is a carrier like any other. */
#include "share.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base64url.h"
#include "moment.h"
#include "rows.h"

#define MINUTE 60
#define DAY (24 * 60 * MINUTE)
#define MAX_NAME 30

/* Asks the host of the phone. NULL with *out_code set when it does not run. */
static json_t *ask(struct cli *cli, json_t *question, int *out_code)
{
    const char *phone = cli_argument(cli, 0);
    json_t *answer = local_ask(phone, "host", question, 10000);
    *out_code = 0;
    if (!answer)
        *out_code = cli_fail(cli, LK_PORT_ELEMENT, "the phone %s does not run", phone);
    return answer;
}

/* For a person, on standard error: standard output carries links and messages alone. */
static void tell(const struct cli *cli, json_t *sharing)
{
    const char *state = json_string_value(json_object_get(sharing, "state"));
    json_t *tries = json_object_get(sharing, "tries_left");
    fprintf(stderr, "sharing %d at %s: %s",
            (int)json_integer_value(json_object_get(sharing, "sharing")), cli_argument(cli, 0),
            state ? state : "unknown");
    if (tries)
        fprintf(stderr, ", %d tries left", (int)json_integer_value(tries));
    fprintf(stderr, "\n");
}

/* Gives out what a step gave: one JSON object, or the link, the message and a line for a person.
 * Takes over `answer`. A message may come with a refusal too: it tells the other side. */
static int deliver(struct cli *cli, json_t *answer, const char *what)
{
    enum lk_status status = local_status(answer);
    const char *message = json_string_value(json_object_get(answer, "message"));
    const char *link = json_string_value(json_object_get(answer, "link"));
    const char *out = cli_value(cli, "out", NULL);
    int is_json = cli_flag(cli, "json"), is_file = out && strcmp(out, "-") != 0, bad = 0;
    json_t *sharing = json_object_get(answer, "sharing");
    if (link && cli_flag(cli, "qr") && !share_print_qr(stderr, link))
        bad = cli_fail(cli, LK_INTERNAL, "the QR code cannot be drawn");
    if (link && !is_json)
        printf("%s\n", link);
    if (!bad && message && (is_file || !is_json))
        bad = share_write_text(cli, out, message);
    if (is_json && !bad) {
        cli_print_json(answer);
        return lk_status_exit_code(status);
    }
    if (!bad && status != LK_OK)
        bad = cli_fail(cli, status, "%s: %s", cli_argument(cli, 0), what);
    else if (!bad && sharing)
        tell(cli, sharing);
    json_decref(answer);
    return bad;
}

/* --- phone share --- */

/* The automaker's profiles for a pass of the wallet, from the list that the host gave. */
static int load_profiles(struct cli *cli, json_int_t item, struct profiles *out, char name[32])
{
    int bad = 0;
    size_t i;
    json_t *pass, *found = NULL, *answer = ask(cli, json_pack("{s:s}", "do", "list"), &bad);
    if (!answer)
        return bad;
    json_array_foreach(json_object_get(answer, "passes"), i, pass)
        if (json_integer_value(json_object_get(pass, "item")) == item)
            found = pass;
    const char *automaker = json_string_value(json_object_get(found, "automaker"));
    const char *pass_name = json_string_value(json_object_get(found, "name"));
    snprintf(name, 32, "%.30s", pass_name ? pass_name : "");
    if (!found)
        bad = cli_fail(cli, LK_CALLER_NOT_FOUND, "the wallet of %s has no item %d",
                       cli_argument(cli, 0), (int)item);
    else
        bad = profiles_of_automaker(cli, automaker ? automaker : "", out);
    json_decref(answer);
    return bad;
}

static int add_profile(struct cli *cli, const struct profiles *profiles, json_t *question)
{
    const char *text = cli_value(cli, "profile", "drive");
    char list[400] = "";
    const struct lk_profile *row = profiles_find(profiles, text);
    if (row) {
        json_object_set_new(question, "profile", json_integer(row->number));
        return 0;
    }
    for (size_t i = 0; i < profiles->num; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                 profiles->words[i].name);
    return cli_fail(cli, LK_SHARE_PROFILE, "this automaker has no profile \"%s\" but %s", text,
                    list);
}

static int add_date(struct cli *cli, json_t *question, const char *name, long otherwise_s)
{
    uint8_t date[LK_DATE_LEN];
    const char *text = cli_value(cli, name, NULL);
    char option[16];
    snprintf(option, sizeof option, "--%s", name);
    if (!text)
        moment_from_now(otherwise_s, date);
    else if (moment_read(cli, option, text, date))
        return 2;
    json_object_set_new(question, name, json_stringn((const char *)date, LK_DATE_LEN));
    return 0;
}

/* --from defaults to two minutes ago: the clock of a car may go a little after ours. */
static int add_dates(struct cli *cli, json_t *question)
{
    uint8_t redeem[LK_DATE_LEN];
    long days = cli_number(cli, "redeem-days", 7, 1, LK_REDEEM_DAYS_MAX);
    int bad = add_date(cli, question, "from", -2 * MINUTE);
    if (!bad)
        bad = add_date(cli, question, "to", 7 * DAY);
    moment_from_now(days * DAY, redeem);
    json_object_set_new(question, "redeem_by", json_stringn((const char *)redeem, LK_DATE_LEN));
    return bad;
}

static int add_limits(struct cli *cli, json_t *question)
{
    uint8_t on = 0;
    uint16_t from = 0, to = 0;
    const char *days = cli_value(cli, "days", NULL), *hours = cli_value(cli, "hours", NULL);
    if (days && !profiles_days(days, &on))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--days %s is no list as mon,tue,sat", days);
    if (hours && !profiles_hours(hours, &from, &to))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--hours %s is not as 06:00-22:00", hours);
    json_object_set_new(question, "speed", json_integer(cli_number(cli, "speed", 0, 1, 255)));
    json_object_set_new(question, "power", json_integer(cli_number(cli, "power", 0, 1, 100)));
    json_object_set_new(question, "starts", json_integer(cli_number(cli, "starts", 0, 1, 65535)));
    json_object_set_new(question, "days", json_integer(on));
    json_object_set_new(question, "from_min", json_integer(from));
    json_object_set_new(question, "to_min", json_integer(to));
    return 0;
}

static int add_guards(struct cli *cli, json_t *question)
{
    const char *password = cli_value(cli, "password", NULL), *pin = cli_value(cli, "pin", NULL);
    const char *activation = cli_value(cli, "activation", password ? "password" : NULL);
    size_t len = password ? strlen(password) : 0, pin_len = pin ? strlen(pin) : 0;
    uint8_t bits = 0;
    if (activation && !profiles_activation(activation, &bits))
        return cli_fail(cli, LK_CALLER_ARGUMENT,
                        "--activation %s is no list of password, owner, fob", activation);
    if (!(bits & LK_ACTIVATE_PASSWORD) != !password)
        return cli_fail(cli, LK_CALLER_ARGUMENT,
                        "--activation password and --password TEXT belong together");
    if (password && (len < 4 || len > LK_SHARE_PASSWORD_MAX))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--password has 4 to %d bytes",
                        LK_SHARE_PASSWORD_MAX);
    if (pin && (pin_len < LK_SHARE_PIN_MIN || pin_len > LK_SHARE_PIN_MAX ||
                strspn(pin, "0123456789") != pin_len))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--pin has %d to %d digits", LK_SHARE_PIN_MIN,
                        LK_SHARE_PIN_MAX);
    json_object_set_new(question, "activation", json_integer(bits));
    if (password)
        json_object_set_new(question, "password", json_string(password));
    if (pin)
        json_object_set_new(question, "pin", json_string(pin));
    return 0;
}

int phone_share(struct cli *cli)
{
    static struct profiles profiles;
    char name[32];
    json_int_t item = 0;
    int bad = cli_item(cli, 1, LK_DEVICE_NUM_PASSES, &item);
    if (!bad)
        bad = local_enter_world(cli);
    if (!bad)
        bad = load_profiles(cli, item, &profiles, name);
    if (bad)
        return bad;
    const char *called = cli_value(cli, "name", name);
    if (!*called || strlen(called) > MAX_NAME)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--name has 1 to %d bytes of UTF-8", MAX_NAME);
    json_t *question =
        json_pack("{s:s, s:I, s:s?, s:b}", "do", "share", "item", item, "name", called, "yes",
                  cli_flag(cli, "yes"));
    if (!question)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--name is not UTF-8");
    bad = add_profile(cli, &profiles, question);
    if (!bad)
        bad = add_dates(cli, question);
    if (!bad)
        bad = add_limits(cli, question);
    if (!bad)
        bad = add_guards(cli, question);
    if (bad) {
        json_decref(question);
        return bad;
    }
    json_t *answer = ask(cli, question, &bad);
    return answer ? deliver(cli, answer, "no invitation was made") : bad;
}

/* --- the other end, and back --- */

/* Reads --in, and asks with it. `secret` is of the link, NULL for a later message. */
static int bring(struct cli *cli, const char *text, const struct lk_share_secret *secret)
{
    char hex[2 * sizeof secret->key + 1];
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *question = json_pack("{s:s, s:s}", "do", "share-take", "message", text);
    if (secret)
        json_object_set_new(question, "secret",
                            json_string(cli_hex(secret->key, sizeof secret->key, hex)));
    json_t *answer = ask(cli, question, &bad);
    return answer ? deliver(cli, answer, secret ? "the invitation is not taken"
                                                : "the message is not taken")
                  : bad;
}

/* The session that a message names in the clear: version(1) session(16). */
static int is_of_session(const char *text, const uint8_t session[16])
{
    static uint8_t blob[SHARE_TEXT_MAX];
    long len = base64url_read(text, strlen(text), blob, sizeof blob);
    return len > 17 && memcmp(blob + 1, session, 16) == 0;
}

int phone_accept(struct cli *cli)
{
    static char text[SHARE_TEXT_MAX], piped[SHARE_LINK_MAX];
    uint8_t session[16];
    struct lk_share_secret secret;
    int bad = share_read_text(cli, cli_value(cli, "in", NULL), piped, text);
    const char *link = cli_value(cli, "link", *piped ? piped : NULL);
    if (!bad && !link)
        bad = cli_fail(cli, LK_CALLER_ARGUMENT,
                       "expected --link LINK (or the link as the first line of --in)");
    if (!bad)
        bad = share_link_read(cli, link, session, &secret);
    if (!bad && !is_of_session(text, session))
        bad = cli_fail(cli, LK_SHARE_SESSION, "the link is not that of this message");
    if (!bad)
        bad = bring(cli, text, &secret);
    lk_wipe(&secret, sizeof secret);
    lk_wipe(piped, sizeof piped);
    return bad;
}

int phone_take(struct cli *cli)
{
    static char text[SHARE_TEXT_MAX];
    int bad = share_read_text(cli, cli_value(cli, "in", NULL), NULL, text);
    return bad ? bad : bring(cli, text, NULL);
}

static int ask_about(struct cli *cli, const char *what, const char *pin, const char *failure)
{
    json_int_t sharing = 0;
    int bad = cli_item(cli, 1, LK_DEVICE_NUM_SHARINGS, &sharing);
    if (!bad)
        bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *question = json_pack("{s:s, s:I}", "do", what, "sharing", sharing);
    if (pin)
        json_object_set_new(question, "pin", json_string(pin));
    json_t *answer = ask(cli, question, &bad);
    return answer ? deliver(cli, answer, failure) : bad;
}

int phone_pin(struct cli *cli)
{
    return ask_about(cli, "share-pin", cli_argument(cli, 2), "the PIN is not taken");
}

int phone_cancel(struct cli *cli)
{
    return ask_about(cli, "share-cancel", NULL, "the sharing is not cancelled");
}

static void print_sharing(json_t *one)
{
    const char *ended = json_string_value(json_object_get(one, "ended"));
    printf("  %2d  %-7s %-18s %-20s car %s, at the car until %s%s%s\n",
           (int)json_integer_value(json_object_get(one, "sharing")),
           json_string_value(json_object_get(one, "role")),
           json_string_value(json_object_get(one, "state")),
           json_string_value(json_object_get(one, "name")),
           json_string_value(json_object_get(one, "vehicle_id")),
           json_string_value(json_object_get(one, "redeem_by")), ended ? ", " : "",
           ended ? ended : "");
}

int phone_sharings(struct cli *cli)
{
    size_t i;
    json_t *one;
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *answer = ask(cli, json_pack("{s:s}", "do", "sharings"), &bad);
    if (!answer)
        return bad;
    if (cli_flag(cli, "json")) {
        cli_print_json(answer);
        return 0;
    }
    json_t *list = json_object_get(answer, "sharings");
    printf("%d sharing%s\n", (int)json_array_size(list), json_array_size(list) == 1 ? "" : "s");
    json_array_foreach(list, i, one)
        print_sharing(one);
    json_decref(answer);
    return 0;
}
