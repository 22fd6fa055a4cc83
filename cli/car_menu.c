/* car_menu.c: the car's own menu, on both ends: the answers of the running car and the commands
 * that ask. */
#include <string.h>

#include "base/base.h"
#include "base64url.h"
#include "car.h"
#include "moment.h"
#include "rows.h"
#include "share.h"

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

/* "from" and "to" of a friend's key. */
static void add_dates(json_t *object, const struct lk_vehicle_key *key)
{
    uint8_t date[LK_DATE_LEN];
    char text[MOMENT_TEXT_LEN];
    lk_date_text(key->not_before, date);
    json_object_set_new(object, "from", json_string(moment_text(date, text)));
    lk_date_text(key->not_after, date);
    json_object_set_new(object, "to", json_string(moment_text(date, text)));
}

static json_t *key_object(const struct car *car, const struct lk_vehicle_key *key)
{
    char id[2 * LK_KEY_ID_LEN + 1];
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:i, s:i}", "key", cli_hex(key->key_id, LK_KEY_ID_LEN, id), "state",
        state_text(key->state), "role", key->role == LK_KEY_OWNER ? "owner" : "friend",
        "fast_count", (int)key->fast_count, "speed_limit_kmh", (int)key->limits.speed_kmh);
    if (key->role == LK_KEY_OWNER)
        return object;
    char name[32], limits[128];
    json_object_set_new(object, "profile",
                        json_string(profiles_name(&car->profiles, key->profile, name)));
    add_dates(object, key);
    json_object_set_new(object, "limits",
                        json_string(profiles_limits_text(&key->limits, limits)));
    return object;
}

static json_t *key_list(const struct car *car)
{
    json_t *list = json_array();
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        const struct lk_vehicle_key *key = lk_vehicle_key_at(&car->vehicle, i);
        if (key)
            json_array_append_new(list, key_object(car, key));
    }
    return list;
}

static json_t *time_text(const struct car *car)
{
    struct lk_date now;
    char text[MOMENT_TEXT_LEN];
    lk_vehicle_time(&car->vehicle, cli_now_ms(), &now);
    return now.is_known ? json_string(moment_text(now.text, text)) : json_null();
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
    json_object_set_new(answer, "power_limit_percent",
                        json_integer(car->model.power_limit_percent));
    json_object_set_new(answer, "trunk_open", json_boolean(car->model.is_trunk_open));
    json_object_set_new(answer, "pairing_open", json_boolean(car->vehicle.pairing_open));
    json_object_set_new(answer, "has_verifier", json_boolean(car->vehicle.has_verifier));
    json_object_set_new(answer, "pairing_attempts", json_integer(car->vehicle.attempts));
    json_object_set_new(answer, "time", time_text(car));
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

/* The package as the car's own connection would bring it (M85). */
static enum lk_status accept_package(struct car *car, const char *text)
{
    uint8_t package[LK_SHARE_BLOB_MAX], key_id[LK_KEY_ID_LEN];
    long len = text ? base64url_read(text, strlen(text), package, sizeof package) : -1;
    if (len < 0)
        return LK_CALLER_ARGUMENT;
    return lk_vehicle_accept_package(&car->vehicle, cli_bytes(package, (size_t)len), cli_now_ms(),
                                     key_id);
}

/* What belongs to sharing and time; LK_CALLER_ARGUMENT for anything else. */
static enum lk_status share_item(struct car *car, const char *item, json_t *question)
{
    const char *text = json_string_value(json_object_get(question, "text"));
    if (strcmp(item, "time") == 0)
        return car_time_take(car, question);
    if (strcmp(item, "fob") == 0)
        return lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_FOB, cli_bytes(NULL, 0),
                                   cli_now_ms());
    if (strcmp(item, "password") == 0 && text)
        return lk_vehicle_activate(&car->vehicle, LK_ACTIVATE_PASSWORD,
                                   cli_bytes(text, strlen(text)), cli_now_ms());
    return strcmp(item, "accept") == 0 ? accept_package(car, text) : LK_CALLER_ARGUMENT;
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
    } else if (strcmp(item, "close-trunk") == 0) {
        lk_car_model_close_trunk(&car->model);
        status = LK_OK;
    } else
        status = share_item(car, item, question);
    json_t *answer = local_answer(status);
    json_object_set_new(answer, "car_state", json_string(car_state_text(car)));
    return answer;
}

/* --- the commands --- */

/* A member of a key's object, or "". */
static const char *word(json_t *key, const char *name)
{
    const char *text = json_string_value(json_object_get(key, name));
    return text ? text : "";
}

static void print_key(json_t *key)
{
    printf("    %s  %-9s %s", word(key, "key"), word(key, "state"), word(key, "role"));
    if (*word(key, "profile"))
        printf(", %s, %s to %s", word(key, "profile"), word(key, "from"), word(key, "to"));
    printf("%s%s\n", *word(key, "limits") ? ", " : "", word(key, "limits"));
}

static void print_status(json_t *answer)
{
    size_t i;
    json_t *key;
    printf("car %s, identifier %s\n", json_string_value(json_object_get(answer, "car")),
           json_string_value(json_object_get(answer, "vehicle_id")));
    printf("  state    %s%s\n  pairing  %s, ",
           json_string_value(json_object_get(answer, "car_state")),
           json_is_true(json_object_get(answer, "trunk_open")) ? ", trunk open" : "",
           json_is_true(json_object_get(answer, "pairing_open")) ? "open" : "closed");
    if (json_is_true(json_object_get(answer, "has_verifier")))
        printf("%d of %d attempts used\n",
               (int)json_integer_value(json_object_get(answer, "pairing_attempts")),
               LK_PAIRING_ATTEMPTS_MAX);
    else
        printf("no password loaded (latchkey verifier new --car %s)\n",
               json_string_value(json_object_get(answer, "car")));
    const char *now = json_string_value(json_object_get(answer, "time"));
    printf("  time     %s\n", now ? now
                                  : "not known: keys with dates are refused (latchkey car menu "
                                    "CAR time)");
    json_t *keys = json_object_get(answer, "keys");
    printf("  keys     %d\n", (int)json_array_size(keys));
    json_array_foreach(keys, i, key)
        print_key(key);
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

/* The items, and what each needs behind it. */
static const struct menu_item {
    const char *name, *needs; /* NULL: nothing */
    int is_optional;
} menu_items[] = {
    {"open-pairing", NULL, 0}, {"close-pairing", NULL, 0}, {"list", NULL, 0},
    {"end", "a KEY", 0},       {"suspend", "a KEY", 0},    {"resume", "a KEY", 0},
    {"park", NULL, 0},         {"open-door", NULL, 0},     {"close-door", NULL, 0},
    {"close-trunk", NULL, 0},
    {"time", "a DATE", 1},     {"password", "a TEXT", 0},  {"fob", NULL, 0},
    {"accept", "a FILE", 0},
};
#define NUM_ITEMS (sizeof menu_items / sizeof menu_items[0])

/* The question that an item asks of the car; NULL with the error printed. */
static json_t *menu_question(struct cli *cli, const char *item, const char *word_given,
                             const char *file_text, int *out_bad)
{
    uint8_t date[LK_DATE_LEN];
    if (strcmp(item, "time") == 0) {
        *out_bad = moment_read(cli, "DATE", word_given ? word_given : "now", date);
        return *out_bad ? NULL : car_time_sign(cli, cli_argument(cli, 0), date, out_bad);
    }
    json_t *question = json_pack("{s:s}", "do", item);
    if (word_given)
        json_object_set_new(question, strcmp(item, "password") == 0 ? "text" : "key",
                            json_string(word_given));
    if (file_text)
        json_object_set_new(question, "text", json_string(file_text));
    return question;
}

int car_menu(struct cli *cli)
{
    static char text[SHARE_TEXT_MAX];
    const char *item = cli_argument(cli, 1), *given = cli_argument(cli, 2);
    size_t i = 0;
    while (i < NUM_ITEMS && strcmp(menu_items[i].name, item) != 0)
        i++;
    if (i == NUM_ITEMS)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "there is no item %s in the menu", item);
    if (menu_items[i].needs && !menu_items[i].is_optional && !given)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "%s needs %s (latchkey car menu --help)", item,
                        menu_items[i].needs);
    if (!menu_items[i].needs && given)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "%s takes nothing behind it", item);
    int is_file = strcmp(item, "accept") == 0;
    int bad = is_file ? share_read_text(cli, given, NULL, text) : 0;
    if (!bad)
        bad = local_enter_world(cli);
    json_t *question = bad ? NULL : menu_question(cli, item, given, is_file ? text : NULL, &bad);
    return question ? ask_and_print(cli, cli_argument(cli, 0), question, strcmp(item, "list") == 0)
                    : bad;
}
