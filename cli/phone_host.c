/* phone_host.c: the host process of a phone: framework and wallet. No private key is in this
 * process (M3). */
#include <string.h>
#include <unistd.h>

#include "moment.h"
#include "phone.h"
#include "rows.h"
#include "share.h"
#include "world.h"

struct host {
    struct unit unit;
    struct lk_device device;
    struct lk_device_config config;
    struct lk_element_port element;
    struct lk_scrypt_port scrypt;
    struct lk_root_policy roots;
    uint8_t allowed[LK_DEVICE_NUM_AUTOMAKERS][LK_HASH_LEN];
    struct lk_posix_element wired;
    struct phone_clients clients;
    struct record record;
    const struct cli *cli;
    const char *name;
    int hides; /* what the router was told last */
    json_t *brands; /* of the world: which automaker is whose (the automakers' apps know) */
};

static const char *state_text(uint8_t state)
{
    switch (state) {
    case LK_PASS_PENDING:
        return "pending";
    case LK_PASS_ACTIVE:
        return "active";
    case LK_PASS_SHARED:
        return "ready";
    case LK_PASS_INVITED:
        return "invited";
    case LK_PASS_LOCKED:
        return "locked";
    default:
        return "removed";
    }
}

/* The automaker of a car, by the brand in its identifier; NULL. */
static const char *automaker_of(const struct host *host, const uint8_t vehicle_id[])
{
    char brand[5];
    return json_string_value(json_object_get(host->brands, cli_hex_upper(vehicle_id, 2, brand)));
}

/* What the owner granted, with the name that the automaker gives the level. */
static void add_grant(const struct host *host, json_t *object, const struct lk_pass *pass,
                      const char *automaker)
{
    static struct profiles profiles;
    char name[32], text[MOMENT_TEXT_LEN];
    if (!automaker || profiles_of_automaker(host->cli, automaker, &profiles) != 0)
        profiles.num = 0;
    json_object_set_new(object, "profile",
                        json_string(profiles_name(&profiles, pass->profile, name)));
    json_object_set_new(object, "from", json_string(moment_text(pass->not_before, text)));
    json_object_set_new(object, "to", json_string(moment_text(pass->not_after, text)));
    if (pass->state == LK_PASS_SHARED)
        json_object_set_new(object, "note", json_string("waits for its first tap at the car"));
    if (pass->state == LK_PASS_INVITED)
        json_object_set_new(object, "note", json_string("waits for the owner's signature"));
}

static json_t *pass_object(const struct host *host, const struct lk_pass *pass, size_t item)
{
    char key[2 * LK_KEY_ID_LEN + 1], vehicle[2 * LK_VEHICLE_ID_LEN + 1],
        endpoint[2 * LK_ENDPOINT_ID_LEN + 1];
    char public_key[2 * LK_POINT_LEN + 1], vehicle_key[2 * LK_POINT_LEN + 1];
    const char *automaker = automaker_of(host, pass->vehicle_id);
    json_t *object = json_pack(
        "{s:i, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s}", "item", (int)item + 1, "name",
        pass->name, "state", state_text(pass->state), "ready", pass->is_ready, "role",
        pass->role == 1 ? "owner" : "friend", "key", cli_hex(pass->key_id, LK_KEY_ID_LEN, key),
        "vehicle_id", cli_hex_upper(pass->vehicle_id, LK_VEHICLE_ID_LEN, vehicle), "endpoint_id",
        cli_hex_upper(pass->endpoint_id, LK_ENDPOINT_ID_LEN, endpoint), "public_key",
        cli_hex(pass->public_key, LK_POINT_LEN, public_key), "vehicle_key",
        cli_hex(pass->vehicle_key, LK_POINT_LEN, vehicle_key));
    if (automaker)
        json_object_set_new(object, "automaker", json_string(automaker));
    if (pass->role != 1)
        add_grant(host, object, pass, automaker);
    return object;
}

static json_t *list_answer(struct host *host)
{
    json_t *answer = local_answer(LK_OK), *list = json_array();
    enum lk_status last = LK_OK;
    (void)lk_device_refresh(&host->device, &last);
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        const struct lk_pass *pass = lk_device_pass_at(&host->device, i);
        if (pass)
            json_array_append_new(list, pass_object(host, pass, i));
    }
    json_object_set_new(answer, "passes", list);
    return answer;
}

/* The phone's own cause of the last tap, or of the last pairing, which the car cannot know (D23). A
 * pairing ends with a tap, so where it did not fail by itself the tap says how it went. */
static json_t *last_answer(struct host *host, int is_pairing)
{
    enum lk_status last = LK_OK;
    enum lk_status status = lk_device_refresh(&host->device, &last);
    if (status == LK_OK && is_pairing)
        status = host->device.pairing_status;
    if (status == LK_OK)
        status = last;
    json_t *answer = local_answer(status);
    const char *says = status == LK_OK ? "accepted" : lk_status_what(status);
    json_object_set_new(answer, "says", json_string(says));
    record_outcome(&host->record, "wallet", status, says);
    return answer;
}

static enum lk_status act(struct host *host, const char *what, json_t *question)
{
    size_t item = (size_t)json_integer_value(json_object_get(question, "item"));
    const char *text = json_string_value(json_object_get(question, "text"));
    int on = json_is_true(json_object_get(question, "on"));
    if (strcmp(what, "express") == 0)
        return lk_device_set_express(&host->device, on);
    if (strcmp(what, "authenticate") == 0)
        return lk_device_authenticate_user(&host->device);
    if (item == 0 || item > LK_DEVICE_NUM_PASSES)
        return LK_CALLER_NOT_FOUND;
    if (strcmp(what, "rename") == 0)
        return text ? lk_device_rename(&host->device, item - 1, text) : LK_CALLER_ARGUMENT;
    if (strcmp(what, "remove") == 0)
        return lk_device_remove(&host->device, item - 1);
    if (strcmp(what, "lock") == 0)
        return lk_device_lock(&host->device, item - 1, on);
    return LK_CALLER_ARGUMENT;
}

static json_t *answer_question(struct host *host, json_t *question)
{
    const char *what = json_string_value(json_object_get(question, "do"));
    const char *password = json_string_value(json_object_get(question, "password"));
    if (!what)
        return local_answer(LK_CALLER_ARGUMENT);
    if (strcmp(what, "list") == 0)
        return list_answer(host);
    if (strcmp(what, "last") == 0)
        return last_answer(host, json_is_true(json_object_get(question, "pairing")));
    if (strcmp(what, "password") == 0)
        return local_answer(password && strlen(password) == 8
                                ? lk_device_enter_password(&host->device, password, cli_now_ms())
                                : LK_CALLER_ARGUMENT);
    if (strcmp(what, "cancel") == 0) {
        lk_device_cancel_pairing(&host->device);
        return local_answer(LK_OK);
    }
    if (strcmp(what, "stop") == 0) {
        phone_stop_asked = 1;
        return local_answer(LK_OK);
    }
    json_t *answer = share_answer(&host->device, what, question);
    return answer ? answer : local_answer(act(host, what, question));
}

static void framework_command(struct host *host, int fd, struct lk_bytes command)
{
    uint8_t out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;
    (void)lk_device_command(&host->device, LK_NFC, cli_now_ms(), command, out, &len);
    record_secret(&host->record, "wallet", &host->device.chan);
    (void)lk_posix_local_send(fd, out, len, 1000);
}

static void serve(struct host *host, enum phone_channel channel, int fd, const uint8_t *message,
                  size_t len)
{
    if (channel == PHONE_QUESTION) {
        json_t *question = json_loadb((const char *)message, len, JSON_REJECT_DUPLICATES, NULL);
        local_send_json(fd, answer_question(host, question));
        json_decref(question);
        return;
    }
    if (len > 1) {
        framework_command(host, fd, cli_bytes(message, len));
        return;
    }
    if (message[0] != LK_CONTROL_ON)
        lk_device_field_lost(&host->device, cli_now_ms());
    (void)lk_posix_local_send(fd, message, 1, 1000);
}

/* Tells the element's router whether the applet may be selected: at each change, and again while it
 * may not. */
static void tell_router(struct host *host)
{
    int hides = lk_device_hides_applet(&host->device, cli_now_ms());
    if (!hides && !host->hides)
        return;
    host->hides = hides;
    json_decref(local_ask(host->name, "element", json_pack("{s:s, s:b}", "do", "hide", "on", hides),
                          1000));
}

static void loop(struct host *host)
{
    uint8_t message[LOCAL_MESSAGE_MAX];
    int busy = 0;
    while (!phone_stop_asked) {
        size_t len = 0;
        int fd = -1;
        enum phone_channel channel =
            phone_wait(&host->clients, -1, busy ? 0 : 250, &fd, message, sizeof message, &len);
        if (channel == PHONE_APDU || channel == PHONE_QUESTION)
            serve(host, channel, fd, message, len);
        if (lk_device_tick(&host->device, cli_now_ms(), &busy) != LK_OK)
            busy = 0;
        if (!busy)
            tell_router(host);
    }
}

/* What a car is told of this device. */
static uint8_t device_type(const char *folder)
{
    char path[400];
    snprintf(path, sizeof path, "%s/device.json", folder);
    json_t *facts = cli_read_json(path);
    const char *kind = json_string_value(json_object_get(facts, "kind"));
    uint8_t type = kind && strcmp(kind, "watch") == 0 ? 2 : 1;
    json_decref(facts);
    return type;
}

static int start(struct cli *cli, struct host *host)
{
    char folder[300];
    int bad = unit_open(cli, &host->unit, phone_folder(host->name, folder, sizeof folder), "wallet",
                        LK_STORE_WALLET);
    if (bad)
        return bad;
    json_t *world = cli_read_json("world.json");
    host->brands = json_incref(json_object_get(world, "brands"));
    json_decref(world);
    int fd = local_connect(host->name, "wired");
    if (fd < 0)
        return cli_fail(cli, LK_PORT_ELEMENT, "the element of %s does not run", host->name);
    lk_posix_element_init(&host->wired, fd, 5000, &host->element);
    lk_openssl_scrypt(&host->scrypt);
    host->config = (struct lk_device_config){&host->unit.crypto, &host->unit.store, &host->element,
                                             &host->scrypt, &host->roots, device_type(folder)};
    enum lk_status status =
        phone_root_policy(folder, host->allowed, LK_DEVICE_NUM_AUTOMAKERS, &host->roots);
    if (status == LK_OK)
        status = lk_device_init(&host->device, &host->config);
    if (status != LK_OK)
        return cli_fail(cli, status, "the wallet of %s does not open", host->name);
    if (record_open(&host->record, cli_value(cli, "trace", NULL), "phone", host->name) != LK_OK)
        return cli_fail(cli, LK_CALLER_FILE, "cannot write the trace");
    status = phone_clients_open(&host->clients, host->name, "framework", "host");
    return status == LK_OK ? 0
                           : cli_fail(cli, status, "the host of %s cannot be reached", host->name);
}

int phone_host(struct cli *cli)
{
    static struct host host;
    host.cli = cli;
    host.name = cli_argument(cli, 0);
    host.clients.listeners[0] = host.clients.listeners[1] = -1;
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    phone_catch_stop();
    bad = start(cli, &host);
    if (!bad)
        loop(&host);
    phone_clients_close(&host.clients);
    lk_device_forget(&host.device);
    json_decref(host.brands);
    unit_close(&host.unit);
    return bad;
}
