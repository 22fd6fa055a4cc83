/* ceremony_rows.c: latchkey ceremony new and show. */
#include <string.h>

#include "rows.h"
#include "world.h"

int ceremony_new(struct cli *cli)
{
    static struct maker maker;
    static const uint8_t no_store[32] = {1};
    const char *folder = cli_argument(cli, 0),
               *environment = cli_value(cli, "environment", CEREMONY_TEST);
    const char *automaker = cli_value(cli, "automaker", "aurora");
    const char *device_maker = cli_value(cli, "device-maker", "pomelo");
    char one[512], two[512], out[512];
    int bad = unit_crypto(cli, &maker.unit, no_store);
    if (bad)
        return bad;
    ceremony_begin(&maker.ceremony, &maker.unit.crypto, maker.unit.port);
    snprintf(one, sizeof one, "%s/%s", folder, automaker);
    snprintf(two, sizeof two, "%s/%s", folder, device_maker);
    snprintf(out, sizeof out, "%s/f-%s-%s.der", folder, automaker, device_maker);
    enum lk_status status = ceremony_environment(&maker.ceremony, folder, environment);
    if (status == LK_OK)
        status = ceremony_automaker(&maker.ceremony, one, environment, automaker,
                                    cli_flag(cli, "intermediate"));
    if (status == LK_OK)
        status = ceremony_device_maker(&maker.ceremony, two, environment, device_maker);
    if (status == LK_OK)
        status = ceremony_cross_sign(&maker.ceremony, one, two, out);
    unit_close(&maker.unit);
    if (status != LK_OK)
        return cli_fail(cli, status, "%s", maker.ceremony.message);
    printf("made %s (%s): automaker %s, device maker %s, and F that joins them: %s\n"
           "next: latchkey ceremony show \"%s\"\n",
           folder, environment, automaker, device_maker, out, one);
    return 0;
}

static int show_one(struct cli *cli, struct unit *unit, const char *path, int *num)
{
    uint8_t der[LK_CERT_MAX];
    size_t len = 0;
    struct lk_cert cert;
    char ski[41], aki[41];
    if (cli_read_file(path, der, sizeof der, &len) != LK_OK)
        return 0; /* not every folder has every certificate */
    enum lk_status status = lk_cert_parse(&unit->crypto, cli_bytes(der, len), &cert);
    if (status != LK_OK)
        return cli_fail(cli, status, "%s", path);
    (*num)++;
    printf("%s  %s (%s)\n    name %.*s, key %s%s%s\n", lk_role_letter(cert.role),
           lk_role_text(cert.role), path, (int)cert.common_name.len,
           (const char *)cert.common_name.at, cli_hex(cert.ski.at, 20, ski),
           cert.aki.len ? ", signed by " : ", self-signed",
           cert.aki.len ? cli_hex(cert.aki.at, 20, aki) : "");
    return 0;
}

int ceremony_show(struct cli *cli)
{
    static struct unit unit;
    static const uint8_t no_store[32] = {1};
    static const char *const names[] = {"j.der", "intermediate.der",
                                        "p.der", "q.der",
                                        "d.der", "k.der",
                                        "f.der"};
    const char *folder = cli_argument(cli, 0);
    char path[512];
    int num = 0, bad = unit_crypto(cli, &unit, no_store);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !bad; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        bad = show_one(cli, &unit, path, &num);
    }
    unit_close(&unit);
    if (!bad && num == 0)
        return cli_fail(cli, LK_CALLER_NOT_FOUND,
                        "%s holds no certificate (j.der, d.der, k.der ...); FOLDER is that of one "
                        "maker or car",
                        folder);
    return bad;
}
