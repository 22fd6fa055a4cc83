/* personalise.c: a phone in the factory: its element makes an Instance CA, its maker certifies it.
 * The element and the host run inside this process for the moment; their stores are the phone's
 * own. */
#include <string.h>

#include "world.h"

static enum lk_status wired(void *ctx, const uint8_t *command, size_t len, uint8_t *out, size_t cap,
                            size_t *out_len)
{
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t got = 0;
    (void)lk_applet_command(ctx, LK_WIRED, cli_now_ms(), cli_bytes(command, len), answer, &got);
    if (got > cap)
        return LK_CALLER_SPACE;
    memcpy(out, answer, got);
    *out_len = got;
    return LK_OK;
}

static enum lk_status read_der(const char *path, uint8_t *out, size_t *out_len)
{
    return cli_read_file(path, out, LK_CERT_MAX, out_len);
}

enum lk_status phone_root_policy(const char *folder, uint8_t storage[][LK_HASH_LEN], size_t cap,
                                 struct lk_root_policy *out)
{
    char path[512];
    size_t i;
    json_t *line;
    snprintf(path, sizeof path, "%s/allowed-roots.json", folder);
    json_t *list = cli_read_json(path);
    memset(out, 0, sizeof *out);
    out->is_production = list != NULL;
    out->allowed = (const uint8_t(*)[LK_HASH_LEN])storage;
    json_array_foreach(list, i, line)
    {
        if (i == cap || !cli_unhex(json_string_value(line), storage[i], LK_HASH_LEN)) {
            json_decref(list);
            return LK_CALLER_FILE;
        }
        out->num_allowed = i + 1;
    }
    json_decref(list);
    return LK_OK;
}

/* A production phone is built with the hashes of the roots it may obey. */
static enum lk_status allow_root(struct maker *maker, const char *folder, struct lk_bytes root)
{
    static const uint8_t spki[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
    char path[600], text[65];
    uint8_t hash[LK_HASH_LEN];
    struct lk_cert cert;
    if (strcmp(maker->environment, CEREMONY_PRODUCTION) != 0)
        return LK_OK;
    enum lk_status status = lk_cert_parse(&maker->unit.crypto, root, &cert);
    if (status != LK_OK)
        return status;
    const struct lk_bytes parts[] = {cli_bytes(spki, sizeof spki),
                                     cli_bytes(cert.public_key, LK_POINT_LEN)};
    status = maker->unit.port->sha256(maker->unit.port->ctx, parts, 2, hash);
    if (status != LK_OK)
        return status;
    snprintf(path, sizeof path, "%s/allowed-roots.json", folder);
    json_t *list = cli_read_json(path);
    if (!list)
        list = json_array();
    json_array_append_new(list, json_string(cli_hex(hash, sizeof hash, text)));
    return cli_write_json(path, list);
}

/* Both halves of the phone, open. */
struct phone {
    struct unit element_unit, wallet_unit;
    struct lk_applet applet;
    struct lk_device device;
    struct lk_element_port port;
    struct lk_scrypt_port scrypt;
    struct lk_device_config config;
    struct lk_root_policy roots;
    uint8_t allowed[LK_DEVICE_NUM_AUTOMAKERS][LK_HASH_LEN];
};

static enum lk_status issue(struct maker *maker, struct phone *phone, const char *root_path,
                            const char *f_path, const char *device_maker)
{
    uint8_t root[LK_CERT_MAX], f[LK_CERT_MAX], n[LK_CERT_MAX], e[LK_CERT_MAX];
    size_t root_len = 0, f_len = 0, n_len = 0, e_len = 0;
    char folder[512];
    enum lk_status status = read_der(root_path, root, &root_len);
    if (status == LK_OK)
        status = read_der(f_path, f, &f_len);
    if (status == LK_OK)
        status =
            lk_device_create_ca(&phone->device, cli_bytes(root, root_len), n, sizeof n, &n_len);
    snprintf(folder, sizeof folder, "%s/device-makers/%s", maker->folder, device_maker);
    if (status == LK_OK)
        status = ceremony_instance(&maker->ceremony, folder, maker->environment,
                                   cli_bytes(n, n_len), e, sizeof e, &e_len);
    if (status == LK_OK)
        status = lk_device_install_ca(&phone->device, cli_bytes(f, f_len), cli_bytes(e, e_len));
    return status;
}

static enum lk_status start(struct phone *phone, const char *folder)
{
    enum lk_status status =
        phone_root_policy(folder, phone->allowed, LK_DEVICE_NUM_AUTOMAKERS, &phone->roots);
    phone->port = (struct lk_element_port){&phone->applet, wired};
    lk_openssl_scrypt(&phone->scrypt);
    phone->config = (struct lk_device_config){&phone->wallet_unit.crypto, &phone->wallet_unit.store,
                                              &phone->port, &phone->scrypt, &phone->roots, 0};
    if (status == LK_OK)
        status =
            lk_applet_init(&phone->applet, &phone->element_unit.crypto, &phone->element_unit.store);
    if (status == LK_OK)
        status = lk_device_init(&phone->device, &phone->config);
    return status;
}

int phone_personalise(struct maker *maker, const char *name, const char *automaker,
                      const char *device_maker)
{
    static struct phone phone;
    char folder[512], root_path[512], f_path[512];
    uint8_t root[LK_CERT_MAX];
    size_t root_len = 0;
    memset(&phone, 0, sizeof phone);
    snprintf(folder, sizeof folder, "%s/phones/%s", maker->folder, name);
    snprintf(root_path, sizeof root_path, "%s/automakers/%s/j.der", maker->folder, automaker);
    snprintf(f_path, sizeof f_path, "%s/cross/%s-%s.der", maker->folder, automaker, device_maker);
    enum lk_status status = read_der(root_path, root, &root_len);
    if (status == LK_OK)
        status = allow_root(maker, folder, cli_bytes(root, root_len));
    if (status != LK_OK)
        return cli_fail(maker->cli, status, "%s", root_path);
    int bad = unit_open(maker->cli, &phone.element_unit, folder, "element", LK_STORE_ELEMENT);
    if (!bad)
        bad = unit_open(maker->cli, &phone.wallet_unit, folder, "wallet", LK_STORE_WALLET);
    if (bad)
        return bad;
    status = start(&phone, folder);
    if (status == LK_OK)
        status = issue(maker, &phone, root_path, f_path, device_maker);
    lk_device_forget(&phone.device);
    lk_applet_forget(&phone.applet);
    unit_close(&phone.wallet_unit);
    unit_close(&phone.element_unit);
    return status == LK_OK ? 0
                           : cli_fail(maker->cli, status, "the phone %s gets no identity for %s",
                                      name, automaker);
}
