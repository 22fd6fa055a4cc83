/* car_unit.c: a car's folder opened: what a production line put there (cli/world.c writes it).
 *   car.json (automaker, vehicle_id, brand)  vehicle.key actuator.key (hex)  k.der
 *   [intermediate.der] root.pub  car.key car.store car.floor (the unit's journal)
 *   actuator.spent (the lock's own memory: the number of the last grant it obeyed) */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "car.h"

static enum lk_status read_hex_file(const char *path, uint8_t *out, size_t len)
{
    uint8_t text[256];
    size_t got = 0;
    enum lk_status status = cli_read_file(path, text, sizeof text - 1, &got);
    while (got && (text[got - 1] == '\n' || text[got - 1] == ' '))
        got--;
    text[got] = 0;
    if (status == LK_OK && !cli_unhex((const char *)text, out, len))
        status = LK_CALLER_FILE;
    return status;
}

#define CAR_PATH_MAX 400

/* vehicle.SK into the provider. `path` is left at the file that was read last. */
static enum lk_status load_key(struct car *car, const char *folder, char path[CAR_PATH_MAX])
{
    uint8_t scalar[32];
    const struct lk_crypto_port *port = car->unit.port;
    snprintf(path, CAR_PATH_MAX, "%s/vehicle.key", folder);
    enum lk_status status = read_hex_file(path, scalar, sizeof scalar);
    if (status == LK_OK)
        status = port->ec_load(port->ctx, scalar, sizeof scalar, &car->config.vehicle_key,
                               car->config.vehicle_public);
    explicit_bzero(scalar, sizeof scalar);
    if (status != LK_OK)
        return status;
    snprintf(path, CAR_PATH_MAX, "%s/actuator.key", folder);
    return read_hex_file(path, car->config.actuator_key, sizeof car->config.actuator_key);
}

static enum lk_status load_certificates(struct car *car, const char *folder,
                                        char path[CAR_PATH_MAX])
{
    size_t k_len = 0, i_len = 0, root_len = 0;
    uint8_t issuer[LK_POINT_LEN];
    struct lk_cert k;
    const struct lk_date no_clock = {.is_known = 0};
    snprintf(path, CAR_PATH_MAX, "%s/intermediate.der", folder);
    if (cli_read_file(path, car->intermediate, sizeof car->intermediate, &i_len) != LK_OK)
        i_len = 0;
    snprintf(path, CAR_PATH_MAX, "%s/root.pub", folder);
    enum lk_status status = cli_read_file(path, car->config.root_key, LK_POINT_LEN, &root_len);
    if (status != LK_OK || root_len != LK_POINT_LEN)
        return LK_CALLER_FILE;
    snprintf(path, CAR_PATH_MAX, "%s/k.der", folder);
    status = cli_read_file(path, car->k, sizeof car->k, &k_len);
    car->config.k = cli_bytes(car->k, k_len);
    car->config.intermediate = cli_bytes(car->intermediate, i_len);
    if (status == LK_OK)
        status = lk_chain_check_vehicle(&car->unit.crypto, car->config.root_key,
                                        car->config.intermediate, car->config.k, &no_clock, &k,
                                        issuer);
    return status;
}

static enum lk_status keep_spent(void *ctx, uint32_t sequence)
{
    return lk_posix_number_raise(ctx, sequence);
}

/* The lock and the engine, with what they obeyed before the restart (D26, RA13). */
static int open_model(struct cli *cli, struct car *car, const char *folder)
{
    char path[CAR_PATH_MAX];
    snprintf(path, sizeof path, "%s/actuator.spent", folder);
    errno = 0;
    enum lk_status status = lk_posix_number_open(&car->spent, path);
    if (status != LK_OK)
        return cli_fail_path(cli, status, path);
    lk_car_model_init(&car->model, car->config.actuator_key);
    car->model.actuator.last_sequence = car->spent.value;
    car->model.keep = keep_spent;
    car->model.keep_ctx = &car->spent;
    return 0;
}

int car_open(struct cli *cli, struct car *car, const char *name)
{
    char folder[300], path[CAR_PATH_MAX];
    car->name = name;
    car->radio = "none";
    car->control = car->spent.fd = -1;
    snprintf(folder, sizeof folder, "cars/%s", name);
    snprintf(path, sizeof path, "%s/car.json", folder);
    if (access(folder, F_OK) != 0)
        return cli_fail(cli, LK_CALLER_NOT_FOUND, "there is no car %s in this world", name);
    json_t *facts = cli_read_json(path);
    int good = cli_unhex(json_string_value(json_object_get(facts, "vehicle_id")),
                         car->config.vehicle_id, LK_VEHICLE_ID_LEN) &&
               cli_unhex(json_string_value(json_object_get(facts, "brand")), car->config.brand, 2);
    json_decref(facts);
    if (!good)
        return cli_fail(cli, LK_CALLER_FILE, "%s is malformed", path);
    int bad = unit_open(cli, &car->unit, folder, "car", LK_STORE_VEHICLE);
    if (bad)
        return bad;
    car->config.crypto = &car->unit.crypto;
    car->config.store = &car->unit.store;
    car->config.door = lk_policy_door;
    car->config.dashboard = lk_policy_dashboard;
    car->config.enrolment_fast_allowed = 1;
    enum lk_status status = load_key(car, folder, path);
    if (status == LK_OK)
        status = load_certificates(car, folder, path);
    if (status != LK_OK)
        return cli_fail_path(cli, status, path);
    status = lk_vehicle_init(&car->vehicle, &car->config);
    return status == LK_OK ? open_model(cli, car, folder)
                           : cli_fail(cli, status, "the car %s does not start", name);
}

void car_close(struct car *car)
{
    lk_vehicle_forget(&car->vehicle);
    lk_car_model_forget(&car->model);
    lk_posix_number_close(&car->spent);
    unit_close(&car->unit);
}
