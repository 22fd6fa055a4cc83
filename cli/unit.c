/* unit.c: see unit.h. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "latchkey/provider_x86.h"

static enum lk_status entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    return getrandom(out, len, 0) == (ssize_t)len ? LK_OK : LK_PORT_RANDOM;
}

int unit_crypto(const struct cli *cli, struct unit *unit, const uint8_t store_key[32])
{
    struct lk_crypto_port *port = NULL;
    enum lk_status status = LK_OK;
    if (strcmp(cli_value(cli, "crypto", "openssl"), "bearssl") == 0) {
        status = lk_bearssl_init(&unit->bearssl, entropy, NULL, store_key);
        port = &unit->bearssl.port;
    } else {
        unit->openssl = lk_openssl_new(store_key);
        port = unit->openssl ? lk_openssl_port(unit->openssl) : NULL;
    }
    if (status == LK_OK && !port)
        status = LK_PORT_CRYPTO;
    if (status == LK_OK) {
        (void)lk_x86_sha256(port);
        unit->port = port;
        status = lk_crypto_init(&unit->crypto, port);
    }
    return status == LK_OK ? 0 : cli_fail(cli, status, "the crypto provider does not start");
}

static void path_of(const char *folder, const char *name, const char *ending, char *out, size_t cap)
{
    snprintf(out, cap, "%s/%s.%s", folder, name, ending);
}

int unit_open(const struct cli *cli, struct unit *unit, const char *folder, const char *name,
              enum lk_store_kind kind)
{
    char path[512];
    uint8_t store_key[32];
    size_t len = 0;
    path_of(folder, name, "key", path, sizeof path);
    if (cli_read_file(path, store_key, sizeof store_key, &len) != LK_OK)
        return cli_fail_path(cli, LK_CALLER_FILE, path);
    if (len != sizeof store_key)
        return cli_fail(cli, LK_CALLER_FILE, "%s is not 32 bytes long", path);
    int bad = unit_crypto(cli, unit, store_key);
    if (bad)
        return bad;
    path_of(folder, name, "store", path, sizeof path);
    errno = 0;
    enum lk_status status = lk_posix_store_open(&unit->file, path, &unit->store_port);
    if (status != LK_OK)
        return cli_fail_path(cli, status, path);
    unit->has_file = 1;
    char floor[512];
    path_of(folder, name, "floor", floor, sizeof floor);
    status = lk_posix_store_use_floor(&unit->file, floor, &unit->store_port);
    if (status != LK_OK)
        return cli_fail_path(cli, status, floor);
    status = lk_store_open(&unit->store, &unit->store_port, kind);
    if (status == LK_STORE_CORRUPT && unit->file.floor.value)
        return cli_fail(cli, status, "%s (or older than %s says)", path, floor);
    return status == LK_OK ? 0 : cli_fail_path(cli, status, path);
}

int unit_make(const struct cli *cli, const char *folder, const char *name, enum lk_store_kind kind)
{
    char path[512];
    uint8_t store_key[32];
    struct lk_posix_store file;
    struct lk_store_port port;
    path_of(folder, name, "key", path, sizeof path);
    enum lk_status status = entropy(NULL, store_key, sizeof store_key);
    if (status == LK_OK)
        status = cli_write_file(path, store_key, sizeof store_key, 0600);
    path_of(folder, name, "store", path, sizeof path);
    if (status == LK_OK)
        status = lk_posix_store_create(path, LK_POSIX_STORE_NUM_PAGES);
    if (status == LK_OK)
        status = lk_posix_store_open(&file, path, &port);
    if (status != LK_OK)
        return cli_fail_path(cli, status, path);
    char floor[512];
    path_of(folder, name, "floor", floor, sizeof floor);
    status = lk_posix_number_create(floor);
    if (status == LK_OK)
        status = lk_store_format(&port, kind);
    lk_posix_store_close(&file);
    return status == LK_OK ? 0 : cli_fail_path(cli, status, path);
}

void unit_close(struct unit *unit)
{
    if (unit->has_file)
        lk_posix_store_close(&unit->file);
    lk_crypto_forget(&unit->crypto);
    if (unit->openssl)
        lk_openssl_free(&unit->openssl);
    else
        lk_bearssl_forget(&unit->bearssl);
    unit->has_file = 0;
}
