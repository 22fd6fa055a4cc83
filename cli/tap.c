/* tap.c: the commands that bring a phone and a car together. The car is told what to expect, the
 * phone is held to the reader, and both are asked how it went: each says what it can know (D23). */
#include <string.h>
#include <unistd.h>

#include "local.h"
#include "rows.h"

/* What the phone says about its last tap or pairing; a word for each cause that only it knows. */
static json_t *phone_says(const char *phone, int is_pairing)
{
    json_t *question = json_pack("{s:s, s:b}", "do", "last", "pairing", is_pairing);
    json_t *answer = local_ask(phone, "host", question, 3000);
    if (!answer)
        return json_string("(only its element is running: it shows nothing)");
    json_t *says = json_object_get(answer, "says");
    json_t *line = says ? json_incref(says) : json_string("(no answer)");
    json_decref(answer);
    return line;
}

/* Asks the element something that moves the phone. It answers busy while it waits for its host:
 * asked again for up to three seconds. Takes over `question`. */
static json_t *move(const char *phone, json_t *question)
{
    json_t *answer = NULL;
    for (int i = 0; i < 150; i++) {
        json_decref(answer);
        answer = local_ask(phone, "element", json_incref(question), 5000);
        if (!answer || local_status(answer) != LK_PORT_BUSY)
            break;
        usleep(20000);
    }
    json_decref(question);
    return answer;
}

/* Tells the element where the reader is; NULL is a failure already printed. */
static json_t *approach(const char *phone, json_t *ready)
{
    json_t *question =
        json_pack("{s:s, s:O}", "do", "approach", "port", json_object_get(ready, "port"));
    json_t *of = json_object_get(ready, "namespace_of");
    if (of)
        json_object_set(question, "namespace_of", of);
    return move(phone, question);
}

/* The whole meeting. Fills *out with the car's answer plus what both say. */
static int meet(const struct cli *cli, const char *phone, const char *car, json_t *expectation,
                json_t **out)
{
    uint64_t from = cli_now_us();
    const char *action = json_string_value(json_object_get(expectation, "action"));
    int is_pairing = strcmp(action, "pair") == 0;
    int fd = local_connect(car, "car");
    if (fd < 0) {
        json_decref(expectation);
        return local_absent(cli, "car", car);
    }
    json_t *ready = local_send_json(fd, expectation) ? local_receive_json(fd, 5000) : NULL;
    if (!ready || !json_object_get(ready, "port")) {
        *out = ready;
        close(fd);
        return ready ? 0 : cli_fail(cli, LK_PORT_LINK, "the car %s gave no answer", car);
    }
    json_t *held = approach(phone, ready);
    json_decref(ready);
    if (!held) {
        close(fd);
        return local_absent(cli, "phone", phone);
    }
    enum lk_status status = local_status(held);
    json_int_t hold = json_integer_value(json_object_get(held, "held"));
    json_decref(held);
    if (status != LK_OK) {
        close(fd);
        return cli_fail(cli, status,
                        "the phone %s cannot be held to the reader (latchkey phone run %s)", phone,
                        phone);
    }
    *out = local_receive_json(fd, 30000);
    close(fd);
    json_t *left = move(phone, json_pack("{s:s, s:I}", "do", "away", "held", hold));
    json_t *commands = json_object_get(left, "commands");
    int is_untouched = commands && json_integer_value(commands) == 0;
    json_decref(left);
    if (!*out)
        return cli_fail(cli, LK_PEER_TIMEOUT, "the car %s did not report how it went", car);
    json_object_set_new(*out, "phone_says",
                        is_untouched ? json_string("nothing reached it")
                                     : phone_says(phone, is_pairing));
    json_object_set_new(*out, "ms", json_real((double)(cli_now_us() - from) / 1000.0));
    return 0;
}

static int report(const struct cli *cli, json_t *answer)
{
    enum lk_status status = local_status(answer);
    if (cli_flag(cli, "json")) {
        cli_print_json(answer);
        return lk_status_exit_code(status);
    }
    const char *car = json_string_value(json_object_get(answer, "car_says"));
    const char *phone = json_string_value(json_object_get(answer, "phone_says"));
    const char *state = json_string_value(json_object_get(answer, "car_state"));
    printf("%s%s", status == LK_OK ? "done" : "refused", state ? "; the car is " : "");
    printf("%s (%.1f ms on the link)\n", state ? state : "",
           json_number_value(json_object_get(answer, "link_ms")));
    printf("the car:   %s\nthe phone: %s\n", car ? car : lk_status_what(status),
           phone ? phone : "(not asked)");
    if (status != LK_OK && *lk_status_advice(status))
        printf("hint:      %s\n", lk_status_advice(status));
    json_decref(answer);
    return lk_status_exit_code(status);
}

int tap_once(struct cli *cli)
{
    const char *phone = cli_value(cli, "phone", NULL), *car = cli_value(cli, "car", NULL);
    const char *reader = cli_value(cli, "reader", "door");
    const char *otherwise = strcmp(reader, "door") == 0 ? "toggle" : "start";
    if (!phone || !car)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "expected --phone NAME and --car NAME");
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *answer = NULL;
    json_t *expectation = json_pack("{s:s, s:s, s:s}", "do", "expect", "reader", reader, "action",
                                    cli_value(cli, "action", otherwise));
    bad = meet(cli, phone, car, expectation, &answer);
    return bad ? bad : report(cli, answer);
}

int phone_pair(struct cli *cli)
{
    const char *phone = cli_argument(cli, 0), *car = cli_value(cli, "car", NULL);
    const char *password = cli_value(cli, "password", NULL);
    if (!car || !password || strlen(password) != 8 || strspn(password, "0123456789") != 8)
        return cli_fail(cli, LK_CALLER_ARGUMENT,
                        "expected --car NAME and --password with eight digits");
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *typed =
        local_ask(phone, "host",
                  json_pack("{s:s, s:s, s:s}", "do", "password", "password", password, "name", car),
                  3000);
    if (!typed)
        return local_absent(cli, "phone", phone);
    enum lk_status status = local_status(typed);
    json_decref(typed);
    if (status != LK_OK)
        return cli_fail(cli, status, "the phone %s takes no password now", phone);
    json_t *answer = NULL;
    json_t *expectation = json_pack("{s:s, s:s, s:s}", "do", "expect", "reader",
                                    cli_value(cli, "reader", "dashboard"), "action", "pair");
    bad = meet(cli, phone, car, expectation, &answer);
    if (bad || local_status(answer) != LK_OK)
        json_decref(local_ask(phone, "host", json_pack("{s:s}", "do", "cancel"), 3000));
    return bad ? bad : report(cli, answer);
}

int phone_hold(struct cli *cli)
{
    const char *phone = cli_argument(cli, 0);
    long port = cli_number(cli, "port", 0, 1, 65535),
         pid = cli_number(cli, "namespace-of", 0, 1, 1L << 30);
    long seconds = cli_number(cli, "seconds", 10, 1, 3600);
    if (!port)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "expected --port NUMBER");
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *question = json_pack("{s:s, s:I}", "do", "approach", "port", (json_int_t)port);
    if (pid)
        json_object_set_new(question, "namespace_of", json_integer(pid));
    json_t *answer = move(phone, question);
    if (!answer)
        return local_absent(cli, "phone", phone);
    enum lk_status status = local_status(answer);
    json_int_t hold = json_integer_value(json_object_get(answer, "held"));
    json_decref(answer);
    if (status != LK_OK)
        return cli_fail(cli, status, "the phone %s cannot be held to port %ld", phone, port);
    printf("%s lies on the reader for %ld s\n", phone, seconds);
    fflush(stdout);
    sleep((unsigned)seconds);
    json_decref(move(phone, json_pack("{s:s, s:I}", "do", "away", "held", hold)));
    return 0;
}
