/* world.c: makes and shows a world: a folder of automakers, device makers, cars and phones.
 *
 *   world.json  run/  automakers/A  device-makers/D  cross/A-D.der (F)  cars/C  phones/P
 *
 * It is built under another name and renamed when it is whole, so nothing half-written stays. */
#include "world.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local.h"
#include "rows.h"

static const struct {
    const char *name;
    int with_intermediate;
    uint8_t brand[2];
} automakers[] = {{"aurora", 0, {0xa0, 0x01}}, {"borealis", 1, {0xb0, 0x02}}};
static const char *const device_makers[] = {"pomelo", "quince"};
static const struct {
    const char *name;
    int automaker;
} cars[] = {{"roadster", 0}, {"coupe", 0}, {"wagon", 1}};
static const struct {
    const char *name;
    int device_maker;
} phones[] = {{"alice", 0}, {"bob", 1}};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int blame(const struct maker *maker, enum lk_status status)
{
    return cli_fail(maker->cli, status, "%s",
                    maker->ceremony.message[0] ? maker->ceremony.message : "world new");
}

static int make_makers(struct maker *maker)
{
    char one[512], two[512], out[512];
    enum lk_status status = LK_OK;
    for (size_t i = 0; i < COUNT(automakers) && status == LK_OK; i++) {
        snprintf(one, sizeof one, "%s/automakers/%s", maker->folder, automakers[i].name);
        status = ceremony_automaker(&maker->ceremony, one, maker->environment, automakers[i].name,
                                    automakers[i].with_intermediate);
    }
    for (size_t i = 0; i < COUNT(device_makers) && status == LK_OK; i++) {
        snprintf(one, sizeof one, "%s/device-makers/%s", maker->folder, device_makers[i]);
        status = ceremony_device_maker(&maker->ceremony, one, maker->environment, device_makers[i]);
    }
    for (size_t i = 0; i < COUNT(automakers) * COUNT(device_makers) && status == LK_OK; i++) {
        const char *automaker = automakers[i / COUNT(device_makers)].name;
        const char *device_maker = device_makers[i % COUNT(device_makers)];
        snprintf(one, sizeof one, "%s/automakers/%s", maker->folder, automaker);
        snprintf(two, sizeof two, "%s/device-makers/%s", maker->folder, device_maker);
        snprintf(out, sizeof out, "%s/cross/%s-%s.der", maker->folder, automaker, device_maker);
        status = ceremony_cross_sign(&maker->ceremony, one, two, out);
    }
    return status == LK_OK ? 0 : blame(maker, status);
}

/* The automaker's own table: the only place where an identifier meets a VIN (M107). */
static enum lk_status note_car(struct maker *maker, const char *automaker, const char *car,
                               const char *id)
{
    char path[512], vin[18];
    uint8_t random[5];
    snprintf(path, sizeof path, "%s/automakers/%s/cars.json", maker->folder, automaker);
    json_t *table = cli_read_json(path);
    if (!table)
        table = json_object();
    enum lk_status status = maker->unit.port->random(maker->unit.port->ctx, random, sizeof random);
    snprintf(vin, sizeof vin, "LKY%02X%02X%02X%02X%02X0000", random[0], random[1], random[2],
             random[3], random[4]);
    json_object_set_new(table, id, json_pack("{s:s, s:s}", "car", car, "vin", vin));
    return status == LK_OK ? cli_write_json(path, table) : status;
}

static enum lk_status write_hex(const char *folder, const char *name, const uint8_t *data,
                                size_t len)
{
    char path[600], text[140];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cli_hex(data, len, text);
    return cli_write_file(path, text, 2 * len, 0600);
}

static enum lk_status make_car_keys(struct maker *maker, const char *folder,
                                    uint8_t out_public[LK_POINT_LEN])
{
    const struct lk_crypto_port *port = maker->unit.port;
    uint8_t record[LK_EC_RECORD_MAX], actuator[LK_AES_KEY_LEN];
    char path[600];
    size_t len = 0;
    struct lk_key key = {0};
    enum lk_status status = port->ec_generate(port->ctx, &key, out_public);
    if (status == LK_OK)
        status = port->ec_save(port->ctx, key, record, &len);
    if (status == LK_OK)
        status = write_hex(folder, "vehicle.key", record, len);
    port->ec_free(port->ctx, key);
    if (status == LK_OK)
        status = port->random(port->ctx, actuator, sizeof actuator);
    if (status == LK_OK)
        status = write_hex(folder, "actuator.key", actuator, sizeof actuator);
    snprintf(path, sizeof path, "%s/actuator.spent", folder);
    if (status == LK_OK)
        status = lk_posix_number_create(path);
    return status;
}

static int make_car(struct maker *maker, size_t i)
{
    char folder[512], automaker[512], id_text[17], brand[5], path[600];
    uint8_t id[LK_VEHICLE_ID_LEN], public_key[LK_POINT_LEN];
    int at = cars[i].automaker;
    snprintf(folder, sizeof folder, "%s/cars/%s", maker->folder, cars[i].name);
    snprintf(automaker, sizeof automaker, "%s/automakers/%s", maker->folder, automakers[at].name);
    memcpy(id, automakers[at].brand, 2); /* P-07: brand, then random, never the VIN */
    enum lk_status status = maker->unit.port->random(maker->unit.port->ctx, id + 2, sizeof id - 2);
    if (status == LK_OK)
        status = cli_make_folder(folder);
    if (status == LK_OK)
        status = make_car_keys(maker, folder, public_key);
    if (status == LK_OK)
        status = ceremony_car(&maker->ceremony, automaker, folder, id, public_key, NULL);
    cli_hex_upper(id, sizeof id, id_text);
    cli_hex_upper(automakers[at].brand, 2, brand);
    snprintf(path, sizeof path, "%s/car.json", folder);
    if (status == LK_OK)
        status = cli_write_json(path, json_pack("{s:s, s:s, s:s}", "automaker", automakers[at].name,
                                                "vehicle_id", id_text, "brand", brand));
    if (status == LK_OK)
        status = note_car(maker, automakers[at].name, cars[i].name, id_text);
    return status == LK_OK ? unit_make(maker->cli, folder, "car", LK_STORE_VEHICLE)
                           : blame(maker, status);
}

static int make_phone(struct maker *maker, size_t i)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s/phones/%s", maker->folder, phones[i].name);
    enum lk_status status = cli_make_folder(folder);
    if (status != LK_OK)
        return blame(maker, status);
    int bad = unit_make(maker->cli, folder, "element", LK_STORE_ELEMENT);
    if (!bad)
        bad = unit_make(maker->cli, folder, "wallet", LK_STORE_WALLET);
    for (size_t k = 0; k < COUNT(automakers) && !bad; k++)
        bad = phone_personalise(maker, phones[i].name, automakers[k].name,
                                device_makers[phones[i].device_maker]);
    return bad;
}

static int build(struct maker *maker)
{
    static const char *const folders[] = {"",       "/run",  "/automakers", "/device-makers",
                                          "/cross", "/cars", "/phones"};
    char path[512];
    for (size_t i = 0; i < COUNT(folders); i++) {
        snprintf(path, sizeof path, "%s%s", maker->folder, folders[i]);
        enum lk_status status = cli_make_folder(path);
        if (status != LK_OK)
            return cli_fail_path(maker->cli, status, path);
    }
    int bad = make_makers(maker);
    for (size_t i = 0; i < COUNT(cars) && !bad; i++)
        bad = make_car(maker, i);
    for (size_t i = 0; i < COUNT(phones) && !bad; i++)
        bad = make_phone(maker, i);
    snprintf(path, sizeof path, "%s/world.json", maker->folder);
    if (bad)
        return bad;
    enum lk_status status = cli_write_json(path, json_pack("{s:i, s:s}", "format", 1, "environment",
                                                           maker->environment));
    return status == LK_OK ? 0 : cli_fail(maker->cli, status, "%s", path);
}

int world_new(struct cli *cli)
{
    static struct maker maker;
    static const uint8_t no_store[32] = {1};
    const char *env = getenv("LATCHKEY_WORLD");
    const char *world = cli_value(cli, "world", env && *env ? env : "world");
    if (access(world, F_OK) == 0)
        return cli_fail(cli, LK_CALLER_EXISTS, "%s", world);
    if (snprintf(maker.folder, sizeof maker.folder, "%s.new-%d", world, (int)getpid()) >=
        (int)sizeof maker.folder)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "the path of a world has %d bytes at most",
                        (int)sizeof maker.folder - 16);
    maker.cli = cli;
    maker.environment = cli_value(cli, "environment", CEREMONY_TEST);
    int bad = unit_crypto(cli, &maker.unit, no_store);
    if (bad)
        return bad;
    ceremony_begin(&maker.ceremony, &maker.unit.crypto, maker.unit.port);
    bad = build(&maker);
    unit_close(&maker.unit);
    if (!bad && rename(maker.folder, world) != 0)
        bad = cli_fail(cli, LK_CALLER_FILE, "cannot rename %s to %s", maker.folder, world);
    if (bad) {
        cli_remove_tree(maker.folder);
        return bad;
    }
    if (cli_flag(cli, "json"))
        cli_print_json(local_answer(LK_OK));
    else
        printf("made \"%s\" (%s): automakers aurora, borealis; device makers pomelo, quince; cars "
               "roadster, coupe, wagon; "
               "phones alice, bob\nnext: latchkey car run roadster --world \"%s\"\n",
               world, maker.environment, world);
    return 0;
}

/* --- show --- */

static json_t *folder_names(const char *path)
{
    json_t *names = json_array();
    struct dirent **entries = NULL;
    int num = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < num; i++) {
        if (entries[i]->d_name[0] != '.')
            json_array_append_new(names, json_string(entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    return names;
}

static json_t *part(const char *name, const char *kind, const char *socket)
{
    int fd = socket ? local_connect(name, socket) : -1;
    if (fd >= 0)
        close(fd);
    return json_pack("{s:s, s:s, s:b}", "name", name, "kind", kind, "running", fd >= 0);
}

static json_t *world_parts(void)
{
    static const struct {
        const char *folder, *kind, *socket;
    } kinds[] = {{"automakers", "automaker", NULL},
                 {"device-makers", "device maker", NULL},
                 {"cars", "car", "car"},
                 {"phones", "phone", "element"}};
    json_t *parts = json_array(), *name;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        size_t k;
        json_t *names = folder_names(kinds[i].folder);
        json_array_foreach(names, k, name)
        {
            json_t *one = part(json_string_value(name), kinds[i].kind, kinds[i].socket);
            char path[512];
            snprintf(path, sizeof path, "cars/%s/car.json", json_string_value(name));
            json_t *facts = strcmp(kinds[i].kind, "car") == 0 ? cli_read_json(path) : NULL;
            if (facts)
                json_object_update(one, facts);
            json_decref(facts);
            json_array_append_new(parts, one);
        }
        json_decref(names);
    }
    return parts;
}

int world_show(struct cli *cli)
{
    size_t i;
    json_t *one;
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *parts = world_parts();
    if (cli_flag(cli, "json")) {
        json_t *answer = local_answer(LK_OK);
        json_object_set_new(answer, "parts", parts);
        json_object_set_new(answer, "cross_signed", folder_names("cross"));
        cli_print_json(answer);
        return 0;
    }
    json_array_foreach(parts, i, one)
    {
        const char *id = json_string_value(json_object_get(one, "vehicle_id"));
        printf("%-13s %-10s %-8s %s%s%s%s\n", json_string_value(json_object_get(one, "kind")),
               json_string_value(json_object_get(one, "name")),
               json_is_true(json_object_get(one, "running")) ? "running" : "",
               id ? "identifier " : "", id ? id : "", id ? ", made by " : "",
               id ? json_string_value(json_object_get(one, "automaker")) : "");
    }
    printf("links: phone element <-> phone host (local socket), phone <-> car (TCP on loopback or "
           "PC/SC)\n");
    json_decref(parts);
    return 0;
}

int car_lookup(struct cli *cli)
{
    const char *id = cli_argument(cli, 0);
    size_t i;
    json_t *name, *found = NULL;
    int bad = local_enter_world(cli);
    if (bad)
        return bad;
    json_t *names = folder_names("automakers");
    json_array_foreach(names, i, name)
    {
        char path[512];
        snprintf(path, sizeof path, "automakers/%s/cars.json", json_string_value(name));
        json_t *table = cli_read_json(path), *row = table ? json_object_get(table, id) : NULL;
        if (row)
            found = json_pack("{s:s, s:O, s:O}", "automaker", json_string_value(name), "car",
                              json_object_get(row, "car"), "vin", json_object_get(row, "vin"));
        json_decref(table);
    }
    json_decref(names);
    if (!found)
        return cli_fail(cli, LK_CALLER_NOT_FOUND, "no automaker of this world knows %s", id);
    if (cli_flag(cli, "json")) {
        cli_print_json(found);
        return 0;
    }
    printf("%s: car %s, VIN %s (the automaker's table; nothing on the air says so)\n",
           json_string_value(json_object_get(found, "automaker")),
           json_string_value(json_object_get(found, "car")),
           json_string_value(json_object_get(found, "vin")));
    json_decref(found);
    return 0;
}
