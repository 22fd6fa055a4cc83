/* car_menu.c: the car's own menu, on both ends: the answers of the running car and the commands
 * that ask. */
#include <string.h>

#include "car.h"
#include "rows.h"

static const char *state_text(uint8_t state)
{
    switch (state) {
    case LK_KEY_PENDING:
        return "pending";
    case LK_KEY_ACTIVE:
        return "active";
    case LK_KEY_SUSPENDED:
        return "suspended";
    case LK_KEY_ENDED:
        return "ended";
    default:
        return "free";
    }
}

static json_t *key_list(const struct car *car)
{
    json_t *list = json_array();
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        const struct lk_vehicle_key *key = lk_vehicle_key_at(&car->vehicle, i);
        char id[2 * LK_KEY_ID_LEN + 1];
        if (!key)
            continue;
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:i}", "key",
                                              cli_hex(key->key_id, LK_KEY_ID_LEN, id), "state",
                                              state_text(key->state), "role",
                                              key->role == LK_KEY_OWNER ? "owner" : "friend",
                                              "fast_count", (int)key->fast_count, "speed_limit_kmh",
                                              (int)key->speed_limit_kmh));
    }
    return list;
}

static json_t *status_answer(const struct car *car)
{
    char id[2 * LK_VEHICLE_ID_LEN + 1];
    json_t *answer = local_answer(LK_OK);
    json_object_set_new(answer, "car", json_string(car->name));
    json_object_set_new(answer, "vehicle_id",
                        json_string(cli_hex_upper(car->config.vehicle_id, LK_VEHICLE_ID_LEN, id)));
    json_object_set_new(answer, "car_state", json_string(car_state_text(car)));
    json_object_set_new(answer, "speed_limit_kmh", json_integer(car->model.speed_limit_kmh));
    json_object_set_new(answer, "pairing_open", json_boolean(car->vehicle.pairing_open));
    json_object_set_new(answer, "has_verifier", json_boolean(car->vehicle.has_verifier));
    json_object_set_new(answer, "pairing_attempts", json_integer(car->vehicle.attempts));
    json_object_set_new(answer, "keys", key_list(car));
    json_object_set_new(answer, "radio", json_string(car->radio));
    json_object_set_new(answer, "door_port",
                        json_integer(car->is_pcsc ? 0 : car->readers[0].tcp.port));
    json_object_set_new(answer, "dashboard_port",
                        json_integer(car->is_pcsc ? 0 : car->readers[1].tcp.port));
    return answer;
}

/* Finds the one key whose identifier begins with `prefix`. */
static enum lk_status find_key(const struct car *car, const char *prefix,
                               uint8_t out[LK_KEY_ID_LEN])
{
    int num = 0;
    for (size_t i = 0; prefix && *prefix && i < LK_VEHICLE_NUM_KEYS; i++) {
        const struct lk_vehicle_key *key = lk_vehicle_key_at(&car->vehicle, i);
        char id[2 * LK_KEY_ID_LEN + 1];
        if (key && strncmp(cli_hex(key->key_id, LK_KEY_ID_LEN, id), prefix, strlen(prefix)) == 0) {
            memcpy(out, key->key_id, LK_KEY_ID_LEN);
            num++;
        }
    }
    return num == 1 ? LK_OK : num ? LK_CALLER_ARGUMENT : LK_CALLER_NOT_FOUND;
}

static enum lk_status change_key(struct car *car, const char *item, const char *prefix)
{
    uint8_t id[LK_KEY_ID_LEN];
    enum lk_status status = find_key(car, prefix, id);
    if (status != LK_OK)
        return status;
    if (strcmp(item, "end") == 0)
        return lk_vehicle_end_key(&car->vehicle, id);
    return lk_vehicle_suspend_key(&car->vehicle, id, strcmp(item, "suspend") == 0);
}

static enum lk_status take_verifier(struct car *car, json_t *question)
{
    struct lk_verifier verifier;
    const char *w0 = json_string_value(json_object_get(question, "w0"));
    const char *l = json_string_value(json_object_get(question, "l"));
    const char *salt = json_string_value(json_object_get(question, "salt"));
    if (!cli_unhex(w0, verifier.w0, sizeof verifier.w0) ||
        !cli_unhex(l, verifier.l, sizeof verifier.l) ||
        !cli_unhex(salt, verifier.salt, sizeof verifier.salt))
        return LK_CALLER_ARGUMENT;
    verifier.n = (uint32_t)json_integer_value(json_object_get(question, "n"));
    verifier.r = (uint16_t)json_integer_value(json_object_get(question, "r"));
    verifier.p = (uint16_t)json_integer_value(json_object_get(question, "p"));
    return lk_vehicle_load_verifier(&car->vehicle, &verifier);
}

json_t *car_menu_answer(struct car *car, json_t *question)
{
    const char *item = json_string_value(json_object_get(question, "do"));
    const char *key = json_string_value(json_object_get(question, "key"));
    enum lk_status status = LK_CALLER_ARGUMENT;
    if (!item)
        return local_answer(status);
    if (strcmp(item, "status") == 0 || strcmp(item, "list") == 0)
        return status_answer(car);
    if (strcmp(item, "open-pairing") == 0)
        status = lk_vehicle_open_pairing(&car->vehicle, cli_now_ms());
    else if (strcmp(item, "close-pairing") == 0) {
        lk_vehicle_close_pairing(&car->vehicle);
        status = LK_OK;
    } else if (strcmp(item, "verifier") == 0)
        status = take_verifier(car, question);
    else if (strcmp(item, "end") == 0 || strcmp(item, "suspend") == 0 ||
             strcmp(item, "resume") == 0)
        status = change_key(car, item, key);
    else if (strcmp(item, "park") == 0) {
        lk_car_model_park(&car->model);
        status = LK_OK;
    } else if (strcmp(item, "open-door") == 0 || strcmp(item, "close-door") == 0) {
        lk_car_model_door(&car->model, *item == 'o');
        status = LK_OK;
    }
    json_t *answer = local_answer(status);
    json_object_set_new(answer, "car_state", json_string(car_state_text(car)));
    return answer;
}

/* --- the commands --- */

static void print_status(json_t *answer)
{
    size_t i;
    json_t *key;
    printf("car %s, identifier %s\n", json_string_value(json_object_get(answer, "car")),
           json_string_value(json_object_get(answer, "vehicle_id")));
    printf("  state    %s\n  pairing  %s, ",
           json_string_value(json_object_get(answer, "car_state")),
           json_is_true(json_object_get(answer, "pairing_open")) ? "open" : "closed");
    if (json_is_true(json_object_get(answer, "has_verifier")))
        printf("%d of %d attempts used\n",
               (int)json_integer_value(json_object_get(answer, "pairing_attempts")),
               LK_PAIRING_ATTEMPTS_MAX);
    else
        printf("no password loaded (latchkey verifier new --car %s)\n",
               json_string_value(json_object_get(answer, "car")));
    json_t *keys = json_object_get(answer, "keys");
    printf("  keys     %d\n", (int)json_array_size(keys));
    json_array_foreach(keys, i, key)
        printf("    %s  %-9s %s\n", json_string_value(json_object_get(key, "key")),
               json_string_value(json_object_get(key, "state")),
               json_string_value(json_object_get(key, "role")));
}

static int ask_and_print(struct cli *cli, const char *name, json_t *question, int is_list)
{
    json_t *answer = local_ask(name, "car", question, 5000);
    if (!answer)
        return local_absent(cli, "car", name);
    enum lk_status status = local_status(answer);
    if (cli_flag(cli, "json")) {
        cli_print_json(answer);
        return lk_status_exit_code(status);
    }
    if (status == LK_OK && is_list)
        print_status(answer);
    else if (status == LK_OK)
        printf("done; the car is %s\n", json_string_value(json_object_get(answer, "car_state")));
    json_decref(answer);
    return status == LK_OK ? 0 : cli_fail(cli, status, "the car %s refuses", name);
}

int car_status(struct cli *cli)
{
    int bad = local_enter_world(cli);
    return bad ? bad
               : ask_and_print(cli, cli_argument(cli, 0), json_pack("{s:s}", "do", "status"), 1);
}

int car_menu(struct cli *cli)
{
    static const char *const items[] = {"open-pairing", "close-pairing", "list",
                                        "end",          "suspend",       "resume",
                                        "park",         "open-door",     "close-door"};
    const char *item = cli_argument(cli, 1), *key = cli_argument(cli, 2);
    size_t i = 0, num = sizeof items / sizeof items[0];
    while (i < num && strcmp(items[i], item) != 0)
        i++;
    int needs_key = i >= 3 && i <= 5;
    if (i == num)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "there is no item %s in the menu", item);
    if (needs_key && !key)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "%s needs a KEY (latchkey car menu %s list)", item,
                        cli_argument(cli, 0));
    if (!needs_key && key)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "%s takes no KEY", item);
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *question = json_pack("{s:s}", "do", item);
    if (needs_key)
        json_object_set_new(question, "key", json_string(key));
    return ask_and_print(cli, cli_argument(cli, 0), question, strcmp(item, "list") == 0);
}
