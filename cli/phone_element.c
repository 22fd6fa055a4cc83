/* phone_element.c: the element process of a phone: applet, its store, and the NFC router in front.
 * It goes on working when the host is gone (power reserve, M11). */
#include <string.h>
#include <unistd.h>

#include "latchkey/router.h"
#include "latchkey/vpcd.h"
#include "phone.h"
#include "rows.h"

struct element {
    struct unit unit;
    struct lk_applet applet;
    struct lk_router router;
    struct lk_card_port applet_card, framework_card, router_card, card;
    struct lk_vpcd reader;
    struct phone_clients clients;
    struct record record;
    const char *name;
    int host;                /* connection to run/NAME.framework, -1 */
    int is_asking; /* inside ask_host: the reader must stay as it is */
    json_int_t num_commands; /* since it was held to the reader */
    json_int_t held; /* counts approaches: a late "away" of an earlier one moves nothing */
    uint64_t used_ms;        /* last command, or approach */
    uint64_t hidden_until_ms; /* the applet is not selectable: pairing mode (protocol 3.2) */
};

/* --- the applet as one half of the card --- */

static enum lk_status applet_command(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                     size_t cap, size_t *out_len)
{
    struct element *element = ctx;
    (void)cap; /* at least LK_APDU_RESPONSE_MAX by contract */
    enum lk_status status = lk_applet_command(&element->applet, LK_NFC, cli_now_ms(),
                                              cli_bytes(command, len), out, out_len);
    if (status != LK_OK)
        record_outcome(&element->record, "nfc", status, lk_status_what(status));
    record_secret(&element->record, "nfc", &element->applet.air.chan);
    return LK_OK; /* the applet always answers; why it refused stays on this side (D23) */
}

static void applet_field(void *ctx, enum lk_link_control control)
{
    struct element *element = ctx;
    if (control != LK_CONTROL_ON)
        lk_applet_field_lost(&element->applet);
}

/* --- the framework as the other half, in the host process --- */

static void serve(struct element *element, enum phone_channel channel, int fd, const uint8_t *in,
                  size_t len);

/* Sends to the host and waits for its answer. The host may need the applet for it, so wired
 * commands are served meanwhile, and questions that leave the reader alone. */
static enum lk_status ask_host(struct element *element, const uint8_t *message, size_t len,
                               uint8_t *out, size_t cap, size_t *out_len)
{
    uint8_t in[LOCAL_MESSAGE_MAX];
    uint64_t until = cli_now_ms() + 5000;
    if (element->host < 0)
        element->host = local_connect(element->name, "framework");
    if (element->host < 0)
        return LK_PORT_ELEMENT;
    enum lk_status status = lk_posix_local_send(element->host, message, len, 1000);
    while (status == LK_OK && cli_now_ms() < until && !phone_stop_asked) {
        int fd = -1;
        size_t got = 0;
        enum phone_channel channel =
            phone_wait(&element->clients, element->host, 100, &fd, in, sizeof in, &got);
        element->is_asking = 1;
        if (channel == PHONE_APDU || channel == PHONE_QUESTION)
            serve(element, channel, fd, in, got);
        element->is_asking = 0;
        if (channel == PHONE_OTHER)
            return lk_posix_local_receive(element->host, out, cap, out_len, 100);
    }
    return status == LK_OK ? LK_PEER_TIMEOUT : status;
}

static void drop_host(struct element *element)
{
    if (element->host >= 0)
        close(element->host);
    element->host = -1;
}

static enum lk_status framework_command(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                        size_t cap, size_t *out_len)
{
    static const uint8_t not_found[2] = {0x6a, 0x82};
    struct element *element = ctx;
    enum lk_status status = ask_host(element, command, len, out, cap, out_len);
    if (status == LK_OK)
        return LK_OK;
    drop_host(element);
    memcpy(out, not_found, sizeof not_found); /* no host, no framework: power reserve */
    *out_len = sizeof not_found;
    return LK_OK;
}

static void framework_field(void *ctx, enum lk_link_control control)
{
    struct element *element = ctx;
    uint8_t byte = (uint8_t)control, answer[8];
    size_t len = 0;
    if (control == LK_CONTROL_ON)
        return;
    if (ask_host(element, &byte, 1, answer, sizeof answer, &len) != LK_OK)
        drop_host(element);
}

/* --- the whole card, as the reader sees it: the router, with a trace around it --- */

/* While the host waits for a pairing car, SELECT of the applet is answered 6A82. The host renews
 * this while it lives, so that a dead host hides nobody's keys. */
static int is_hidden(const struct element *element, const uint8_t *command, size_t len)
{
    return cli_now_ms() < element->hidden_until_ms && len > 1 && command[1] == 0xa4 &&
           lk_router_target(&element->router, command, len) == LK_ROUTE_ELEMENT;
}

static enum lk_status card_command(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                   size_t cap, size_t *out_len)
{
    static const uint8_t not_found[2] = {0x6a, 0x82};
    struct element *element = ctx;
    enum lk_status status = LK_OK;
    element->num_commands++;
    element->used_ms = cli_now_ms();
    record_apdu(&element->record, "nfc", 1, cli_bytes(command, len));
    if (is_hidden(element, command, len)) {
        memcpy(out, not_found, sizeof not_found);
        *out_len = sizeof not_found;
    } else {
        status = element->router_card.command(element->router_card.ctx, command, len, out, cap,
                                              out_len);
    }
    if (status == LK_OK)
        record_apdu(&element->record, "nfc", 0, cli_bytes(out, *out_len));
    return status;
}

static void card_field(void *ctx, enum lk_link_control control)
{
    struct element *element = ctx;
    element->router_card.field(element->router_card.ctx, control);
}

static void build_card(struct element *element)
{
    element->applet_card = (struct lk_card_port){element, applet_command, applet_field};
    element->framework_card = (struct lk_card_port){element, framework_command, framework_field};
    lk_router_init(&element->router, &element->applet_card, &element->framework_card);
    lk_router_card(&element->router, &element->router_card);
    element->card = (struct lk_card_port){element, card_command, card_field};
}

/* --- questions --- */

static json_t *approach(struct element *element, json_t *question)
{
    json_int_t port = json_integer_value(json_object_get(question, "port"));
    json_int_t pid = json_integer_value(json_object_get(question, "namespace_of"));
    enum lk_status status = LK_CALLER_ARGUMENT;
    if (element->reader.fd >= 0 && cli_now_ms() - element->used_ms < LK_TIMER_ANSWER_MS)
        return local_answer(LK_PORT_BUSY); /* in a conversation: two hands hold one phone */
    element->num_commands = 0;
    element->held++;
    element->used_ms = cli_now_ms();
    if (element->reader.fd >= 0)
        lk_vpcd_close(&element->reader);
    if (port <= 0 || port > 65535 || pid < 0)
        return local_answer(status);
    /* The virtual card driver opens its port some time after pcscd's start. */
    for (int i = 0; i < 150 && !phone_stop_asked; i++) {
        status = lk_vpcd_connect(&element->reader, (uint16_t)port, (long)pid, &element->card);
        if (status == LK_OK || !pid)
            break;
        usleep(20000);
    }
    json_t *answer = local_answer(status);
    json_object_set_new(answer, "held", json_integer(element->held));
    return answer;
}

static json_t *answer_question(struct element *element, json_t *question)
{
    const char *what = json_string_value(json_object_get(question, "do"));
    int moves = what && (strcmp(what, "approach") == 0 || strcmp(what, "away") == 0);
    if (element->is_asking && moves)
        return local_answer(LK_PORT_BUSY);
    if (what && strcmp(what, "approach") == 0)
        return approach(element, question);
    int is_held = json_integer_value(json_object_get(question, "held")) == element->held;
    if (what && strcmp(what, "away") == 0 && is_held && element->reader.fd >= 0)
        lk_vpcd_close(&element->reader);
    if (what && strcmp(what, "hide") == 0)
        element->hidden_until_ms =
            json_is_true(json_object_get(question, "on")) ? cli_now_ms() + PHONE_HIDE_MS : 0;
    if (what && strcmp(what, "stop") == 0)
        phone_stop_asked = 1;
    json_t *answer = local_answer(what ? LK_OK : LK_CALLER_ARGUMENT);
    if (is_held)
        json_object_set_new(answer, "commands", json_integer(element->num_commands));
    return answer;
}

static void serve(struct element *element, enum phone_channel channel, int fd, const uint8_t *in,
                  size_t len)
{
    uint8_t out[LK_APDU_RESPONSE_MAX];
    size_t out_len = 0;
    if (channel == PHONE_APDU) {
        (void)lk_applet_command(&element->applet, LK_WIRED, cli_now_ms(), cli_bytes(in, len), out,
                                &out_len);
        (void)lk_posix_local_send(fd, out, out_len, 1000);
        return;
    }
    json_t *question = json_loadb((const char *)in, len, JSON_REJECT_DUPLICATES, NULL);
    local_send_json(fd, answer_question(element, question));
    json_decref(question);
}

static void loop(struct element *element)
{
    uint8_t in[LOCAL_MESSAGE_MAX];
    while (!phone_stop_asked) {
        size_t len = 0;
        int fd = -1;
        enum phone_channel channel =
            phone_wait(&element->clients, element->reader.fd, 250, &fd, in, sizeof in, &len);
        if (channel == PHONE_APDU || channel == PHONE_QUESTION)
            serve(element, channel, fd, in, len);
        if (channel == PHONE_OTHER && element->reader.fd >= 0)
            (void)lk_vpcd_serve(&element->reader,
                                1000); /* a lost link closes itself and tells the card */
    }
}

static int start(struct cli *cli, struct element *element)
{
    char folder[300];
    int bad = unit_open(cli, &element->unit, phone_folder(element->name, folder, sizeof folder),
                        "element", LK_STORE_ELEMENT);
    if (bad)
        return bad;
    enum lk_status status =
        lk_applet_init(&element->applet, &element->unit.crypto, &element->unit.store);
    if (status == LK_OK)
        status =
            record_open(&element->record, cli_value(cli, "trace", NULL), "phone", element->name);
    if (status == LK_OK)
        status = phone_clients_open(&element->clients, element->name, "wired", "element");
    build_card(element);
    return status == LK_OK
               ? 0
               : cli_fail(cli, status, "the element of %s does not start", element->name);
}

int phone_element(struct cli *cli)
{
    static struct element element;
    element.name = cli_argument(cli, 0);
    element.reader.fd = element.host = -1;
    element.clients.listeners[0] = element.clients.listeners[1] = -1;
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    phone_catch_stop();
    bad = start(cli, &element);
    if (!bad)
        loop(&element);
    if (element.reader.fd >= 0)
        lk_vpcd_close(&element.reader);
    drop_host(&element);
    phone_clients_close(&element.clients);
    lk_applet_forget(&element.applet);
    unit_close(&element.unit);
    return bad;
}
