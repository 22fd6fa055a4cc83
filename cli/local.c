/* local.c: see local.h. */
#include "local.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "latchkey/posix_link.h"

int local_enter_world(const struct cli *cli)
{
    const char *env = getenv("LATCHKEY_WORLD");
    const char *folder = cli_value(cli, "world", env && *env ? env : "world");
    struct stat info;
    if (chdir(folder) != 0)
        return cli_fail(cli, LK_CALLER_FILE,
                        "there is no world in %s (make one: latchkey world new --world \"%s\")",
                        folder, folder);
    json_t *world = cli_read_json("world.json");
    int good = world && json_integer_value(json_object_get(world, "format")) == 1;
    json_decref(world);
    if (stat("run", &info) != 0)
        (void)mkdir("run", 0700); /* a copy that keeps no empty folders */
    if (!good)
        return cli_fail(cli, LK_CALLER_FILE,
                        "%s/world.json is missing or not a world of this version", folder);
    return 0;
}

const char *local_path(const char *name, const char *kind, char *out, size_t cap)
{
    snprintf(out, cap, "run/%s.%s", name, kind);
    return out;
}

int local_connect(const char *name, const char *kind)
{
    char path[256];
    int fd = -1;
    return lk_posix_local_connect(local_path(name, kind, path, sizeof path), &fd) == LK_OK ? fd
                                                                                           : -1;
}

int local_send_json(int fd, json_t *object)
{
    char *dump = json_dumps(object, JSON_COMPACT);
    int sent = dump && lk_posix_local_send(fd, (const uint8_t *)dump, strlen(dump), 2000) == LK_OK;
    free(dump);
    json_decref(object);
    return sent;
}

json_t *local_receive_json(int fd, int timeout_ms)
{
    uint8_t message[LOCAL_MESSAGE_MAX];
    size_t len = 0;
    if (lk_posix_local_receive(fd, message, sizeof message, &len, (uint32_t)timeout_ms) != LK_OK)
        return NULL;
    return json_loadb((const char *)message, len, JSON_REJECT_DUPLICATES, NULL);
}

json_t *local_ask(const char *name, const char *kind, json_t *question, int timeout_ms)
{
    int fd = local_connect(name, kind);
    if (fd < 0) {
        json_decref(question);
        return NULL;
    }
    json_t *answer = local_send_json(fd, question) ? local_receive_json(fd, timeout_ms) : NULL;
    close(fd);
    return answer;
}

int local_absent(const struct cli *cli, const char *side, const char *name)
{
    int is_car = strcmp(side, "car") == 0;
    char path[300];
    struct stat info;
    snprintf(path, sizeof path, "%ss/%s", side, name);
    if (stat(path, &info) != 0)
        return cli_fail(cli, LK_CALLER_NOT_FOUND, "there is no %s %s in this world", side, name);
    return cli_fail(cli, is_car ? LK_PORT_LINK : LK_PORT_ELEMENT,
                    "the %s %s does not run (latchkey %s run %s)", side, name, side, name);
}

json_t *local_answer(enum lk_status status)
{
    return json_pack("{s:b, s:s, s:s}", "ok", status == LK_OK, "status", lk_status_name(status),
                     "what", lk_status_what(status));
}

enum lk_status local_status(json_t *answer)
{
    const char *name = json_string_value(json_object_get(answer, "status"));
#define LK_STATUS(symbol, value, exit_code, what, advice)                                          \
    if (name && strcmp(name, #symbol) == 0)                                                        \
        return symbol;
#include "facts/status.def"
#undef LK_STATUS
    return LK_INTERNAL;
}
