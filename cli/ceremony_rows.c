/* ceremony_rows.c: latchkey ceremony new, set, check and show. */
#include <string.h>

#include "local.h"
#include "rows.h"
#include "world.h"

/* The crypto of one sitting. Prints the error and returns its exit code. */
static int sit_down(struct cli *cli, struct maker *maker)
{
    static const uint8_t no_store[32] = {1};
    int bad = unit_crypto(cli, &maker->unit, no_store);
    if (!bad)
        ceremony_begin(&maker->ceremony, &maker->unit.crypto, maker->unit.port);
    return bad;
}

static int stand_up(struct cli *cli, struct maker *maker, enum lk_status status, const char *done)
{
    unit_close(&maker->unit);
    if (status != LK_OK)
        return cli_fail(cli, status, "%s", maker->ceremony.message);
    if (cli_flag(cli, "json"))
        cli_print_json(local_answer(LK_OK));
    else
        printf("%s\n", done);
    return 0;
}

int ceremony_new(struct cli *cli)
{
    static struct maker maker;
    const char *folder = cli_argument(cli, 0),
               *environment = cli_value(cli, "environment", CEREMONY_TEST);
    const char *automaker = cli_value(cli, "automaker", "aurora");
    const char *device_maker = cli_value(cli, "device-maker", "pomelo");
    char one[512], two[512], out[512], done[2000];
    int bad = sit_down(cli, &maker);
    if (bad)
        return bad;
    snprintf(one, sizeof one, "%s/%s", folder, automaker);
    snprintf(two, sizeof two, "%s/%s", folder, device_maker);
    snprintf(out, sizeof out, "%s/%s-%s", folder, automaker, device_maker);
    enum lk_status status = ceremony_environment(&maker.ceremony, folder, environment);
    if (status == LK_OK)
        status = ceremony_automaker(&maker.ceremony, one, environment, automaker,
                                    cli_flag(cli, "intermediate"));
    if (status == LK_OK)
        status = ceremony_device_maker(&maker.ceremony, two, environment, device_maker);
    if (status == LK_OK)
        status = ceremony_set(&maker.ceremony, one, two, out);
    snprintf(done, sizeof done,
             "made %s (%s): automaker %s, device maker %s, and the set that joins them: %s\n"
             "next: latchkey ceremony show \"%s\"",
             folder, environment, automaker, device_maker, out, one);
    return stand_up(cli, &maker, status, done);
}

int ceremony_set_new(struct cli *cli)
{
    static struct maker maker;
    char done[600];
    int bad = sit_down(cli, &maker);
    if (bad)
        return bad;
    snprintf(done, sizeof done, "made the set %s; send all of it, it holds no private key",
             cli_argument(cli, 2));
    return stand_up(cli, &maker,
                    ceremony_set(&maker.ceremony, cli_argument(cli, 0), cli_argument(cli, 1),
                                 cli_argument(cli, 2)),
                    done);
}

int ceremony_check(struct cli *cli)
{
    static struct maker maker;
    const char *folder = cli_argument(cli, 0), *own = cli_value(cli, "own", NULL);
    char done[600];
    int bad = sit_down(cli, &maker);
    if (bad)
        return bad;
    snprintf(done, sizeof done, "%s is complete, of one environment and signed throughout%s",
             folder,
             own ? "; its root is yours" : "; with --own FOLDER its root is compared with yours");
    return stand_up(cli, &maker,
                    ceremony_set_check(&maker.ceremony, folder, own,
                                       cli_value(cli, "environment", NULL)),
                    done);
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
                                        "receipt.der", "d.der",
                                        "f.der", "m.der",
                                        "k.der"};
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
