/* car_time.c: trusted time for a car (D30): what the automaker's server signs, and how a car gets
 * it. */
#include <string.h>

#include "car.h"
#include "ceremony.h"
#include "moment.h"

#define OBJECT_MAX 256

/* The number of the next time object of a car, kept in the automaker's table before it is used. */
static enum lk_status next_number(const char *automaker, const char *vehicle_id, uint32_t *out)
{
    char path[300];
    snprintf(path, sizeof path, "automakers/%.60s/cars.json", automaker);
    json_t *table = cli_read_json(path), *row = json_object_get(table, vehicle_id);
    if (!row) {
        json_decref(table);
        return LK_CALLER_NOT_FOUND;
    }
    json_int_t number = json_integer_value(json_object_get(row, "times")) + 1;
    json_object_set_new(row, "times", json_integer(number));
    *out = (uint32_t)number;
    return cli_write_json(path, table);
}

static enum lk_status sign(struct ceremony *office, json_t *facts, const uint8_t date[LK_DATE_LEN],
                           json_t **out)
{
    uint8_t id[LK_VEHICLE_ID_LEN], object[OBJECT_MAX], q[LK_CERT_MAX];
    char folder[300], object_hex[2 * OBJECT_MAX + 1], q_hex[2 * LK_CERT_MAX + 1];
    size_t len = 0, q_len = 0;
    uint32_t number = 0;
    const char *automaker = json_string_value(json_object_get(facts, "automaker"));
    const char *id_text = json_string_value(json_object_get(facts, "vehicle_id"));
    if (!automaker || !cli_unhex(id_text, id, sizeof id))
        return LK_CALLER_FILE;
    snprintf(folder, sizeof folder, "automakers/%.60s", automaker);
    enum lk_status status = next_number(automaker, id_text, &number);
    if (status == LK_OK)
        status = ceremony_time(office, folder, id, number, date, object, sizeof object, &len, q,
                               &q_len);
    if (status == LK_OK)
        *out = json_pack("{s:s, s:s, s:s}", "do", "time", "q", cli_hex(q, q_len, q_hex), "object",
                         cli_hex(object, len, object_hex));
    return status;
}

json_t *car_time_sign(struct cli *cli, const char *name, const uint8_t date[LK_DATE_LEN],
                      int *out_code)
{
    static struct unit unit;
    static const uint8_t no_store[32] = {1};
    char path[300];
    struct ceremony office;
    json_t *question = NULL;
    snprintf(path, sizeof path, "cars/%s/car.json", name);
    json_t *facts = cli_read_json(path);
    if (!facts) {
        *out_code = cli_fail(cli, LK_CALLER_NOT_FOUND, "there is no car %s in this world", name);
        return NULL;
    }
    *out_code = unit_crypto(cli, &unit, no_store);
    if (!*out_code) {
        ceremony_begin(&office, &unit.crypto, unit.port);
        enum lk_status status = sign(&office, facts, date, &question);
        unit_close(&unit);
        if (status != LK_OK)
            *out_code = cli_fail(cli, status, "the automaker of %s signs no time%s%s", name,
                                 office.message[0] ? ": " : "", office.message);
    }
    json_decref(facts);
    return question;
}

enum lk_status car_time_take(struct car *car, json_t *question)
{
    uint8_t object[OBJECT_MAX], q[LK_CERT_MAX];
    const char *object_hex = json_string_value(json_object_get(question, "object"));
    const char *q_hex = json_string_value(json_object_get(question, "q"));
    if (!object_hex || !q_hex)
        return LK_CALLER_ARGUMENT;
    long len = cli_unhex_any(object_hex, strlen(object_hex), object, sizeof object);
    long q_len = cli_unhex_any(q_hex, strlen(q_hex), q, sizeof q);
    if (len < 0 || q_len < 0)
        return LK_CALLER_ARGUMENT;
    return lk_vehicle_set_time(&car->vehicle, cli_bytes(q, (size_t)q_len),
                               cli_bytes(object, (size_t)len), cli_now_ms());
}

int car_set_first_time(struct cli *cli, const char *name)
{
    static struct car car;
    uint8_t date[LK_DATE_LEN];
    int bad = 0;
    moment_from_now(0, date);
    json_t *question = car_time_sign(cli, name, date, &bad);
    if (!question)
        return bad;
    memset(&car, 0, sizeof car);
    bad = car_open(cli, &car, name);
    if (!bad) {
        enum lk_status status = car_time_take(&car, question);
        if (status != LK_OK)
            bad = cli_fail(cli, status, "the car %s does not take the time", name);
        car_close(&car);
    }
    json_decref(question);
    return bad;
}
