/* wallet.c: the commands that ask a phone's host. */
#include <string.h>

#include "local.h"
#include "rows.h"

#define NAME_MAX_BYTES ((int)sizeof((struct lk_pass *)0)->name - 1)

/* Enters the world and asks the host of the phone; NULL with *out_code set when there is no good
 * answer. */
static json_t *ask(struct cli *cli, json_t *question, int *out_code)
{
    const char *name = cli_argument(cli, 0);
    *out_code = local_enter_world(cli);
    if (*out_code) {
        json_decref(question);
        return NULL;
    }
    json_t *answer = local_ask(name, "host", question, 5000);
    enum lk_status status = answer ? local_status(answer) : LK_PORT_ELEMENT;
    if (status == LK_OK)
        return answer;
    *out_code = answer ? cli_fail(cli, status, "the phone %s refuses", name)
                       : local_absent(cli, "phone", name);
    json_decref(answer);
    return NULL;
}

static int finish(struct cli *cli, json_t *question)
{
    int code = 0;
    json_t *answer = ask(cli, question, &code);
    if (!answer)
        return code;
    if (cli_flag(cli, "json"))
        cli_print_json(answer);
    else {
        printf("done\n");
        json_decref(answer);
    }
    return 0;
}

static int item_of(struct cli *cli, json_int_t *out)
{
    return cli_item(cli, 1, LK_DEVICE_NUM_PASSES, out);
}

static int on_off(struct cli *cli, int i, int *out)
{
    const char *text = cli_argument(cli, i);
    *out = strcmp(text, "on") == 0;
    if (*out || strcmp(text, "off") == 0)
        return 0;
    return cli_fail(cli, LK_CALLER_ARGUMENT, "%s is not on or off", text);
}

static void print_pass(json_t *pass)
{
    const char *profile = json_string_value(json_object_get(pass, "profile"));
    const char *note = json_string_value(json_object_get(pass, "note"));
    printf("  %2d  %-20s %-8s %-7s car %s%s",
           (int)json_integer_value(json_object_get(pass, "item")),
           json_string_value(json_object_get(pass, "name")),
           json_string_value(json_object_get(pass, "state")),
           json_string_value(json_object_get(pass, "role")),
           json_string_value(json_object_get(pass, "vehicle_id")),
           json_is_true(json_object_get(pass, "ready")) ? ", ready" : "");
    if (profile)
        printf(", %s, %s to %s", profile, json_string_value(json_object_get(pass, "from")),
               json_string_value(json_object_get(pass, "to")));
    printf("%s%s\n", note ? ", " : "", note ? note : "");
}

int phone_list(struct cli *cli)
{
    int code = 0;
    size_t i;
    json_t *pass, *answer = ask(cli, json_pack("{s:s}", "do", "list"), &code);
    if (!answer)
        return code;
    if (cli_flag(cli, "json")) {
        cli_print_json(answer);
        return 0;
    }
    json_t *list = json_object_get(answer, "passes");
    printf("%d key%s\n", (int)json_array_size(list), json_array_size(list) == 1 ? "" : "s");
    json_array_foreach(list, i, pass)
        print_pass(pass);
    json_decref(answer);
    return 0;
}

int phone_show(struct cli *cli)
{
    int code = 0;
    size_t i;
    const char *name;
    json_int_t item = 0;
    json_t *pass, *value, *found = NULL;
    if (item_of(cli, &item))
        return 2;
    json_t *answer = ask(cli, json_pack("{s:s}", "do", "list"), &code);
    if (!answer)
        return code;
    json_array_foreach(json_object_get(answer, "passes"), i,
                       pass) if (json_integer_value(json_object_get(pass, "item")) == item) found =
        pass;
    if (!found)
        code = cli_fail(cli, LK_CALLER_NOT_FOUND, "the wallet has no item %d", (int)item);
    else if (cli_flag(cli, "json"))
        cli_print_json(json_incref(found));
    else
        json_object_foreach(found, name, value) if (json_is_string(value))
            printf("%-12s %s\n", name, json_string_value(value));
    json_decref(answer);
    return code;
}

int phone_rename(struct cli *cli)
{
    json_int_t item = 0;
    json_t *text = json_string(cli_argument(cli, 2));
    size_t len = json_string_length(text);
    int bad = item_of(cli, &item);
    if (!bad && (len == 0 || len > (size_t)NAME_MAX_BYTES))
        bad = cli_fail(cli, LK_CALLER_ARGUMENT, "a name is 1 to %d bytes of UTF-8",
                       NAME_MAX_BYTES);
    if (!bad)
        return finish(cli,
                      json_pack("{s:s, s:I, s:o}", "do", "rename", "item", item, "text", text));
    json_decref(text);
    return bad;
}

int phone_remove(struct cli *cli)
{
    json_int_t item = 0;
    int bad = item_of(cli, &item);
    return bad ? bad : finish(cli, json_pack("{s:s, s:I}", "do", "remove", "item", item));
}

int phone_lock(struct cli *cli)
{
    json_int_t item = 0;
    int on = 0, bad = item_of(cli, &item);
    if (!bad)
        bad = on_off(cli, 2, &on);
    return bad ? bad
               : finish(cli, json_pack("{s:s, s:I, s:b}", "do", "lock", "item", item, "on", on));
}

int phone_express(struct cli *cli)
{
    int on = 0, bad = on_off(cli, 1, &on);
    return bad ? bad : finish(cli, json_pack("{s:s, s:b}", "do", "express", "on", on));
}

int phone_authenticate(struct cli *cli)
{
    return finish(cli, json_pack("{s:s}", "do", "authenticate"));
}
