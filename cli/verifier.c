/* verifier.c: mints a pairing password and its verifier, as an automaker's server does (M66), and
 * checks the published vector. With --car it is the production path (M67): the verifier goes
 * straight into the car. */
#include <string.h>
#include <unistd.h>

#include "car.h"
#include "latchkey/verifier.h"
#include "rows.h"

/* Eight uniform decimal digits: bytes of 250 and above are drawn again. */
static enum lk_status draw_password(const struct lk_crypto_port *port, char out[9])
{
    for (size_t i = 0; i < 8;) {
        uint8_t byte;
        enum lk_status status = port->random(port->ctx, &byte, 1);
        if (status != LK_OK)
            return status;
        if (byte < 250)
            out[i++] = (char)('0' + byte % 10);
    }
    out[8] = 0;
    return LK_OK;
}

static json_t *verifier_object(const struct lk_verifier *verifier)
{
    char w0[65], l[131], salt[33];
    return json_pack("{s:s, s:s, s:s, s:I, s:i, s:i}", "w0", cli_hex(verifier->w0, 32, w0), "l",
                     cli_hex(verifier->l, 65, l), "salt", cli_hex(verifier->salt, 16, salt), "n",
                     (json_int_t)verifier->n, "r", (int)verifier->r, "p", (int)verifier->p);
}

/* Into a running car by its socket, else into its closed store. */
static int load_into(struct cli *cli, const char *name, const struct lk_verifier *verifier)
{
    json_t *question = verifier_object(verifier);
    json_object_set_new(question, "do", json_string("verifier"));
    int fd = local_connect(name, "car");
    if (fd >= 0) {
        close(fd);
        json_t *answer = local_ask(name, "car", question, 5000);
        enum lk_status status = answer ? local_status(answer) : LK_PORT_LINK;
        json_decref(answer);
        return status == LK_OK
                   ? 0
                   : cli_fail(cli, status, "the car %s does not take the verifier", name);
    }
    json_decref(question);
    static struct car car;
    int bad = car_open(cli, &car, name);
    if (bad)
        return bad;
    enum lk_status status = lk_vehicle_load_verifier(&car.vehicle, verifier);
    car_close(&car);
    return status == LK_OK ? 0
                           : cli_fail(cli, status, "the car %s does not take the verifier", name);
}

static int print_verifier(struct cli *cli, const char *password, const struct lk_verifier *verifier,
                          const char *car)
{
    json_t *object = car ? local_answer(LK_OK) : verifier_object(verifier);
    json_object_set_new(object, "password", json_string(password));
    if (cli_flag(cli, "json")) {
        cli_print_json(object);
        return 0;
    }
    printf("password  %s\n", password);
    if (car)
        printf("loaded    into %s: its attempt counter is 0 of %d; tell the owner the password\n",
               car, LK_PAIRING_ATTEMPTS_MAX);
    else
        printf("w0        %s\nL         %s\nsalt      %s\nscrypt    N %u, r %u, p %u\n",
               json_string_value(json_object_get(object, "w0")),
               json_string_value(json_object_get(object, "l")),
               json_string_value(json_object_get(object, "salt")), (unsigned)verifier->n,
               (unsigned)verifier->r, (unsigned)verifier->p);
    json_decref(object);
    return 0;
}

int verifier_new(struct cli *cli)
{
    static struct unit unit;
    static const uint8_t no_store[32] = {1};
    struct lk_scrypt_port scrypt;
    struct lk_verifier verifier;
    uint8_t salt[16];
    char drawn[9];
    const char *password = cli_value(cli, "password", NULL), *hex = cli_value(cli, "salt", NULL);
    const char *car = cli_value(cli, "car", NULL);
    long n = cli_number(cli, "n", 32768, 1, 1L << 31);
    if (password && !cli_flag(cli, "any-password") &&
        (strlen(password) != 8 || strspn(password, "0123456789") != 8))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "a password is eight decimal digits");
    if (lk_scrypt_policy((uint32_t)n, 8, 1) != LK_OK)
        return cli_fail(cli, LK_CALLER_ARGUMENT,
                        "--n %ld is not a power of two from 4096 to 131072", n);
    if (hex && !cli_unhex(hex, salt, sizeof salt))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--salt is 32 hex digits");
    int bad = car ? local_enter_world(cli) : 0;
    if (!bad)
        bad = unit_crypto(cli, &unit, no_store);
    if (bad)
        return bad;
    lk_openssl_scrypt(&scrypt);
    enum lk_status status = password ? LK_OK : draw_password(unit.port, drawn);
    if (status == LK_OK && !hex)
        status = unit.port->random(unit.port->ctx, salt, sizeof salt);
    if (!password)
        password = drawn;
    if (status == LK_OK)
        status = lk_verifier_mint(&unit.crypto, &scrypt, cli_bytes(password, strlen(password)),
                                  salt, (uint32_t)n, &verifier);
    unit_close(&unit);
    if (status != LK_OK)
        return cli_fail(cli, status, "no verifier was made");
    bad = car ? load_into(cli, car, &verifier) : 0;
    return bad ? bad : print_verifier(cli, password, &verifier, car);
}

int verifier_check(struct cli *cli)
{
    static const char password[] = "pleaseletmein", salt[] = "yellowsubmarines";
    static const char want_w0[] =
        "e433ab43428320b24fab82f915d1db114acd72f8a4bf4fbf3c712b94bcc2f013";
    static const char want_l[] =
        "04ff69eb6086938b3cce2c9e64dcacea1a925918e75e8c17948d316322d370123f69132aed7398919e6e"
        "6614f7627b0a54060c5a8c0d93d2754166ab10fea6a8ff";
    static struct unit unit;
    static const uint8_t no_store[32] = {1};
    struct lk_scrypt_port scrypt;
    struct lk_verifier verifier;
    char w0[65], l[131];
    int bad = unit_crypto(cli, &unit, no_store);
    if (bad)
        return bad;
    lk_openssl_scrypt(&scrypt);
    enum lk_status status =
        lk_verifier_mint(&unit.crypto, &scrypt, cli_bytes(password, strlen(password)),
                         (const uint8_t *)salt, 32768, &verifier);
    unit_close(&unit);
    int same = status == LK_OK && strcmp(cli_hex(verifier.w0, 32, w0), want_w0) == 0 &&
               strcmp(cli_hex(verifier.l, 65, l), want_l) == 0;
    if (!same)
        return cli_fail(cli, status != LK_OK ? status : LK_INTERNAL,
                        "the published vector does not match");
    printf("w0 and L match the published vector (password \"%s\", N 32768)\n", password);
    return 0;
}
