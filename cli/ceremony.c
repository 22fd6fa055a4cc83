/* ceremony.c: see ceremony.h. D17, D33, M99; validity O4. */
#include "ceremony.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli.h"
#include "msg/attestation.h"
#include "pki/pki.h"

#define PATH_LEN_MAX 1024

/* A private key of this sitting, and what it signs under. */
struct signer {
    struct lk_key key;
    uint8_t public_key[LK_POINT_LEN];
    uint8_t der[LK_CERT_MAX];
    struct lk_cert cert;
};

/* One certificate to make. */
struct order {
    enum lk_role role;
    const char *name;
    const uint8_t *subject_key;
    const struct signer *above; /* NULL: self-signed with `own` */
    struct lk_key own;
    int years;
    int path_len; /* -1: none */
    struct lk_bytes role_value;
};

void ceremony_begin(struct ceremony *ceremony, struct lk_crypto *crypto,
                    const struct lk_crypto_port *port)
{
    ceremony->crypto = crypto;
    ceremony->port = port;
    ceremony->message[0] = 0;
}

enum lk_status ceremony_fail(struct ceremony *ceremony, enum lk_status status, const char *format,
                             ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(ceremony->message, sizeof ceremony->message, format, args);
    va_end(args);
    return status;
}

static enum lk_status path(struct ceremony *ceremony, const char *folder, const char *name,
                           char out[PATH_LEN_MAX])
{
    if (snprintf(out, PATH_LEN_MAX, "%s/%s", folder, name) >= PATH_LEN_MAX)
        return ceremony_fail(ceremony, LK_CALLER_ARGUMENT, "the path of %s is too long", name);
    return LK_OK;
}

static enum lk_status write_at(struct ceremony *ceremony, const char *where, const void *data,
                               size_t len, unsigned mode)
{
    enum lk_status status = cli_write_file(where, data, len, mode);

    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "cannot write %s", where);
    return LK_OK;
}

static enum lk_status write_in(struct ceremony *ceremony, const char *folder, const char *name,
                               const void *data, size_t len, unsigned mode)
{
    char where[PATH_LEN_MAX];

    LK_TRY(path(ceremony, folder, name, where));
    return write_at(ceremony, where, data, len, mode);
}

static int exists(const char *where)
{
    struct stat info;

    return stat(where, &info) == 0;
}

/* --- the environment --- */

enum lk_status ceremony_environment_of(struct ceremony *ceremony, const char *folder,
                                       const char **out)
{
    char where[PATH_LEN_MAX], text[16] = {0};
    size_t len = 0;

    LK_TRY(path(ceremony, folder, "environment", where));
    if (cli_read_file(where, (uint8_t *)text, sizeof text - 1, &len) != LK_OK)
        return ceremony_fail(ceremony, LK_CALLER_FILE, "%s is missing or not readable", where);
    text[strcspn(text, "\n")] = 0;
    if (strcmp(text, CEREMONY_TEST) == 0)
        *out = CEREMONY_TEST;
    else if (strcmp(text, CEREMONY_PRODUCTION) == 0)
        *out = CEREMONY_PRODUCTION;
    else
        return ceremony_fail(ceremony, LK_CALLER_FILE, "%s says neither test nor production",
                             where);
    return LK_OK;
}

enum lk_status ceremony_environment(struct ceremony *ceremony, const char *folder,
                                    const char *environment)
{
    char where[PATH_LEN_MAX], line[16];
    const char *there = NULL;
    int len;

    if (strcmp(environment, CEREMONY_TEST) != 0 && strcmp(environment, CEREMONY_PRODUCTION) != 0)
        return ceremony_fail(ceremony, LK_CALLER_ARGUMENT,
                             "environment %s is neither test nor production", environment);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return ceremony_fail(ceremony, LK_CALLER_FILE, "cannot make the folder %s", folder);
    LK_TRY(path(ceremony, folder, "environment", where));
    if (!exists(where)) {
        len = snprintf(line, sizeof line, "%s\n", environment);
        return write_at(ceremony, where, line, (size_t)len, 0644);
    }
    LK_TRY(ceremony_environment_of(ceremony, folder, &there));
    if (strcmp(there, environment) != 0)
        return ceremony_fail(ceremony, LK_CERT_ROOT, "%s is of the environment %s, not %s", folder,
                             there, environment);
    return LK_OK;
}

static enum lk_status same_environment(struct ceremony *ceremony, const char *one,
                                       const char *other, const char **out)
{
    const char *a = NULL, *b = NULL;

    LK_TRY(ceremony_environment_of(ceremony, one, &a));
    LK_TRY(ceremony_environment_of(ceremony, other, &b));
    if (strcmp(a, b) != 0)
        return ceremony_fail(ceremony, LK_CERT_ROOT, "%s is of the environment %s, %s of %s", one,
                             a, other, b);
    *out = a;
    return LK_OK;
}

/* --- keys --- */

static enum lk_status save_key(struct ceremony *ceremony, const char *folder, const char *name,
                               struct lk_key key)
{
    uint8_t record[LK_EC_RECORD_MAX];
    char hex[2 * LK_EC_RECORD_MAX + 2];
    size_t len = 0;
    enum lk_status status = ceremony->port->ec_save(ceremony->port->ctx, key, record, &len);

    if (status == LK_OK && len != LK_SCALAR_LEN)
        status = ceremony_fail(ceremony, LK_CALLER_ARGUMENT,
                               "this crypto provider does not give keys away");
    if (status == LK_OK) {
        cli_hex(record, len, hex);
        hex[2 * len] = '\n';
        status = write_in(ceremony, folder, name, hex, 2 * len + 1, 0600);
    }
    lk_wipe(record, sizeof record);
    lk_wipe(hex, sizeof hex);
    return status;
}

static enum lk_status make_key(struct ceremony *ceremony, const char *folder, const char *name,
                               struct signer *out)
{
    enum lk_status status =
        ceremony->port->ec_generate(ceremony->port->ctx, &out->key, out->public_key);

    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "cannot make a key");
    status = save_key(ceremony, folder, name, out->key);
    if (status != LK_OK) {
        ceremony->port->ec_free(ceremony->port->ctx, out->key);
        out->key.id = 0;
    }
    return status;
}

static enum lk_status load_key(struct ceremony *ceremony, const char *folder, const char *name,
                               struct signer *out)
{
    char where[PATH_LEN_MAX], hex[2 * LK_SCALAR_LEN + 2] = {0};
    uint8_t scalar[LK_SCALAR_LEN];
    enum lk_status status = path(ceremony, folder, name, where);
    size_t len = 0;

    if (status == LK_OK)
        status = cli_read_file(where, (uint8_t *)hex, sizeof hex - 1, &len);
    hex[strcspn(hex, "\n")] = 0;
    if (status == LK_OK && !cli_unhex(hex, scalar, sizeof scalar))
        status = LK_CALLER_FILE;
    if (status == LK_OK)
        status = ceremony->port->ec_load(ceremony->port->ctx, scalar, sizeof scalar, &out->key,
                                         out->public_key);
    lk_wipe(scalar, sizeof scalar);
    lk_wipe(hex, sizeof hex);
    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "%s is missing or holds no private key", where);
    return LK_OK;
}

static void forget(struct ceremony *ceremony, struct signer *signer)
{
    if (signer->key.id != 0)
        ceremony->port->ec_free(ceremony->port->ctx, signer->key);
    signer->key.id = 0;
}

/* --- certificates --- */

static enum lk_status load_cert(struct ceremony *ceremony, const char *folder, const char *name,
                                struct signer *out)
{
    char where[PATH_LEN_MAX];
    size_t len = 0;
    enum lk_status status;

    LK_TRY(path(ceremony, folder, name, where));
    if (cli_read_file(where, out->der, sizeof out->der, &len) != LK_OK)
        return ceremony_fail(ceremony, LK_CALLER_FILE, "%s is missing or too large", where);
    status = lk_cert_parse(ceremony->crypto, cli_bytes(out->der, len), &out->cert);
    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "%s", where);
    return LK_OK;
}

/* A maker's key and certificate, which must belong together. */
static enum lk_status load_signer(struct ceremony *ceremony, const char *folder,
                                  const char *key_name, const char *cert_name, struct signer *out)
{
    enum lk_status status;

    LK_TRY(load_cert(ceremony, folder, cert_name, out));
    LK_TRY(load_key(ceremony, folder, key_name, out));
    if (memcmp(out->public_key, out->cert.public_key, LK_POINT_LEN) == 0)
        return LK_OK;
    status = ceremony_fail(ceremony, LK_CERT_KEY, "%s/%s and %s do not belong together", folder,
                           key_name, cert_name);
    forget(ceremony, out);
    return status;
}

/* Today at midnight, and the same day `years` later, but never past the issuer's own end. */
static enum lk_status dates(struct ceremony *ceremony, const struct order *order, char from[16],
                            char to[16])
{
    time_t now = time(NULL);
    struct lk_bytes end = {NULL, 0};
    struct tm day;
    int month_day;

    if (now == (time_t)-1 || gmtime_r(&now, &day) == NULL || day.tm_year > 7999)
        return ceremony_fail(ceremony, LK_CALLER_STATE, "the clock of this machine is not usable");
    month_day = day.tm_mon == 1 && day.tm_mday == 29 ? 28 : day.tm_mday;
    (void)snprintf(from, 16, "%04u%02u%02u000000Z", (unsigned)(day.tm_year + 1900) % 10000u,
                   (unsigned)(day.tm_mon + 1) % 100u, (unsigned)day.tm_mday % 100u);
    (void)snprintf(to, 16, "%04u%02u%02u000000Z",
                   (unsigned)(day.tm_year + 1900 + order->years) % 10000u,
                   (unsigned)(day.tm_mon + 1) % 100u, (unsigned)month_day % 100u);
    if (order->above != NULL)
        end = order->above->cert.not_after;
    if (end.len == LK_DATE_LEN && memcmp(to, end.at, LK_DATE_LEN) > 0)
        memcpy(to, end.at, LK_DATE_LEN);
    if (end.len == LK_DATE_LEN - 2 && (memcmp(to, "2050", 4) >= 0 ||
                                       memcmp(to + 2, end.at, LK_DATE_LEN - 2) > 0)) {
        memcpy(to, "20", 2);
        memcpy(to + 2, end.at, LK_DATE_LEN - 2);
    }
    return LK_OK;
}

static enum lk_status issue(struct ceremony *ceremony, const struct order *order, uint8_t *out,
                            size_t cap, size_t *out_len)
{
    char from[16] = {0}, to[16] = {0};
    struct lk_cert_plan plan;
    enum lk_status status;

    memset(&plan, 0, sizeof plan);
    plan.role = order->role;
    plan.subject_name = cli_bytes(order->name, strlen(order->name));
    plan.subject_key = order->subject_key;
    plan.signer = order->own;
    if (order->above != NULL) {
        plan.issuer = order->above->cert.subject;
        plan.issuer_key = order->above->public_key;
        plan.signer = order->above->key;
    }
    LK_TRY(dates(ceremony, order, from, to));
    plan.not_before = from;
    plan.not_after = to;
    plan.has_path_len = order->path_len >= 0;
    plan.path_len = (uint8_t)(order->path_len > 0 ? order->path_len : 0);
    plan.role_value = order->role_value;
    status = ceremony->port->random(ceremony->port->ctx, plan.serial, sizeof plan.serial);
    if (status == LK_OK)
        status = lk_cert_issue(ceremony->crypto, &plan, out, cap, out_len);
    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "cannot issue the certificate of %s", order->name);
    return LK_OK;
}

static enum lk_status issue_to(struct ceremony *ceremony, const struct order *order,
                               const char *where)
{
    uint8_t der[LK_CERT_MAX];
    size_t len = 0;

    LK_TRY(issue(ceremony, order, der, sizeof der, &len));
    return write_at(ceremony, where, der, len, 0644);
}

static enum lk_status issue_in(struct ceremony *ceremony, const struct order *order,
                               const char *folder, const char *name)
{
    char where[PATH_LEN_MAX];

    LK_TRY(path(ceremony, folder, name, where));
    return issue_to(ceremony, order, where);
}

/* Names of certificates carry the environment where people look: "aurora test root". */
static enum lk_status full_name(struct ceremony *ceremony, const char *name,
                                const char *environment, const char *what, char out[65])
{
    const char *mark = strcmp(environment, CEREMONY_TEST) == 0 ? " test" : "";

    if (name[0] == 0 || snprintf(out, 65, "%s%s %s", name, mark, what) >= 65)
        return ceremony_fail(ceremony, LK_CALLER_ARGUMENT, "the name \"%s\" is empty or too long",
                             name);
    return LK_OK;
}

static enum lk_status begin_maker(struct ceremony *ceremony, const char *folder,
                                  const char *environment)
{
    char where[PATH_LEN_MAX];

    LK_TRY(ceremony_environment(ceremony, folder, environment));
    LK_TRY(path(ceremony, folder, "root.key", where));
    if (exists(where))
        return ceremony_fail(ceremony, LK_CALLER_EXISTS, "%s holds a root already", folder);
    return LK_OK;
}

/* A certificate under `above` with a key of its own, both written. */
static enum lk_status make_under(struct ceremony *ceremony, const char *folder,
                                 const char *key_name, const char *cert_name,
                                 struct order order)
{
    struct signer own = {.key = {0}};
    enum lk_status status = make_key(ceremony, folder, key_name, &own);

    if (status != LK_OK)
        return status;
    order.subject_key = own.public_key;
    order.own = own.key;
    status = issue_in(ceremony, &order, folder, cert_name);
    forget(ceremony, &own);
    return status;
}

static enum lk_status make_server_certs(struct ceremony *ceremony, const char *folder,
                                        const char *environment, const char *name,
                                        const struct signer *root)
{
    struct order p = {.role = LK_ROLE_VEHICLE_OEM_ENC, .above = root, .years = 10, .path_len = -1};
    struct order q = {.role = LK_ROLE_VEHICLE_OEM_SIG, .above = root, .years = 10, .path_len = -1};
    struct order receipt = {.role = LK_ROLE_RECEIPT, .above = root, .years = 10, .path_len = -1};
    char text[65];

    LK_TRY(full_name(ceremony, name, environment, "encryption", text));
    p.name = text;
    LK_TRY(make_under(ceremony, folder, "enc.key", "p.der", p));
    LK_TRY(full_name(ceremony, name, environment, "signature", text));
    q.name = text;
    LK_TRY(make_under(ceremony, folder, "sig.key", "q.der", q));
    LK_TRY(full_name(ceremony, name, environment, "receipts", text));
    receipt.name = text;
    return make_under(ceremony, folder, "receipt.key", "receipt.der", receipt);
}

enum lk_status ceremony_automaker(struct ceremony *ceremony, const char *folder,
                                  const char *environment, const char *name, int with_intermediate)
{
    struct order j = {.role = LK_ROLE_VEHICLE_OEM_CA, .years = 25, .path_len = -1};
    struct order between = {.role = LK_ROLE_INTERMEDIATE, .years = 25, .path_len = 0};
    struct signer root = {.key = {0}};
    char text[65];
    enum lk_status status;

    LK_TRY(begin_maker(ceremony, folder, environment));
    LK_TRY(full_name(ceremony, name, environment, "root", text));
    j.name = text;
    LK_TRY(make_under(ceremony, folder, "root.key", "j.der", j));
    LK_TRY(load_signer(ceremony, folder, "root.key", "j.der", &root));
    status = make_server_certs(ceremony, folder, environment, name, &root);
    if (status == LK_OK && with_intermediate)
        status = full_name(ceremony, name, environment, "intermediate", text);
    if (status == LK_OK && with_intermediate) {
        between.name = text;
        between.above = &root;
        status = make_under(ceremony, folder, "intermediate.key", "intermediate.der", between);
    }
    forget(ceremony, &root);
    return status;
}

enum lk_status ceremony_device_maker(struct ceremony *ceremony, const char *folder,
                                     const char *environment, const char *name)
{
    struct order d = {.role = LK_ROLE_DEVICE_OEM_CA, .years = 25, .path_len = -1};
    char text[65];

    LK_TRY(begin_maker(ceremony, folder, environment));
    LK_TRY(full_name(ceremony, name, environment, "root", text));
    d.name = text;
    return make_under(ceremony, folder, "root.key", "d.der", d);
}

/* One maker's root signs the key of the other's: F, or M the other way. */
static enum lk_status sign_root(struct ceremony *ceremony, const char *by_folder,
                                const char *by_cert, const char *of_folder, const char *of_cert,
                                enum lk_role role, const char *out_path)
{
    struct signer by = {.key = {0}}, of = {.key = {0}};
    struct order order = {.role = role, .years = 10, .path_len = 1};
    const char *environment;
    char name[65] = {0};
    enum lk_status status;

    LK_TRY(same_environment(ceremony, by_folder, of_folder, &environment));
    LK_TRY(load_cert(ceremony, of_folder, of_cert, &of));
    status = lk_cert_verify(ceremony->crypto, &of.cert, of.cert.public_key);
    if (status == LK_OK && of.cert.common_name.len == 0)
        status = LK_CERT_NAME;
    if (status != LK_OK)
        return ceremony_fail(ceremony, status,
                             "%s/%s is not signed by its own key or has no CommonName", of_folder,
                             of_cert);
    LK_TRY(load_signer(ceremony, by_folder, "root.key", by_cert, &by));
    memcpy(name, of.cert.common_name.at, of.cert.common_name.len);
    order.name = name;
    order.subject_key = of.cert.public_key;
    order.above = &by;
    status = issue_to(ceremony, &order, out_path);
    forget(ceremony, &by);
    return status;
}

enum lk_status ceremony_cross_sign(struct ceremony *ceremony, const char *automaker_folder,
                                   const char *device_maker_folder, const char *out_path)
{
    return sign_root(ceremony, automaker_folder, "j.der", device_maker_folder, "d.der",
                     LK_ROLE_EXTERNAL_CA, out_path);
}

enum lk_status ceremony_sign_automaker(struct ceremony *ceremony, const char *device_maker_folder,
                                       const char *automaker_folder, const char *out_path)
{
    return sign_root(ceremony, device_maker_folder, "d.der", automaker_folder, "j.der",
                     LK_ROLE_VEHICLE_OEM_CA_SEEN, out_path);
}

static enum lk_status load_car_signer(struct ceremony *ceremony, const char *folder,
                                      struct signer *out, int *out_is_intermediate)
{
    char where[PATH_LEN_MAX];

    LK_TRY(path(ceremony, folder, "intermediate.der", where));
    *out_is_intermediate = exists(where);
    if (*out_is_intermediate)
        return load_signer(ceremony, folder, "intermediate.key", "intermediate.der", out);
    return load_signer(ceremony, folder, "root.key", "j.der", out);
}

enum lk_status ceremony_car(struct ceremony *ceremony, const char *automaker_folder,
                            const char *car_folder, const uint8_t vehicle_id[LK_VEHICLE_ID_LEN],
                            const uint8_t vehicle_key[LK_POINT_LEN],
                            uint8_t out_root_key[LK_POINT_LEN])
{
    struct order k = {.role = LK_ROLE_VEHICLE, .years = 25, .path_len = -1};
    struct signer above = {.key = {0}}, root = {.key = {0}};
    const char *environment = NULL;
    int has_intermediate = 0;
    char name[2 * LK_VEHICLE_ID_LEN + 1];
    enum lk_status status;

    LK_TRY(ceremony_environment_of(ceremony, automaker_folder, &environment));
    LK_TRY(ceremony_environment(ceremony, car_folder, environment));
    LK_TRY(load_cert(ceremony, automaker_folder, "j.der", &root));
    LK_TRY(load_car_signer(ceremony, automaker_folder, &above, &has_intermediate));
    k.name = cli_hex_upper(vehicle_id, LK_VEHICLE_ID_LEN, name);
    k.subject_key = vehicle_key;
    k.above = &above;
    status = issue_in(ceremony, &k, car_folder, "k.der");
    if (status == LK_OK && has_intermediate)
        status = write_in(ceremony, car_folder, "intermediate.der", above.cert.der.at,
                          above.cert.der.len, 0644);
    if (status == LK_OK)
        status = write_in(ceremony, car_folder, "root.pub", root.cert.public_key, LK_POINT_LEN,
                          0644);
    if (status == LK_OK && out_root_key != NULL)
        memcpy(out_root_key, root.cert.public_key, LK_POINT_LEN);
    forget(ceremony, &above);
    return status;
}

enum lk_status ceremony_instance(struct ceremony *ceremony, const char *device_maker_folder,
                                 const char *environment, struct lk_bytes n, uint8_t *out,
                                 size_t cap, size_t *out_len)
{
    static const uint8_t applet_version[6] = {0x04, 0x04, 0x00, 0x00, 0x01, 0x00}; /* D33 */
    struct order e = {.role = LK_ROLE_INSTANCE_CA, .years = 10, .path_len = 0};
    struct signer root = {.key = {0}};
    struct lk_cert cert;
    const char *there = NULL;
    char name[65] = {0};
    enum lk_status status;

    LK_TRY(ceremony_environment_of(ceremony, device_maker_folder, &there));
    if (strcmp(there, environment) != 0)
        return ceremony_fail(ceremony, LK_CERT_ROOT, "%s is of the environment %s, the phone of %s",
                    device_maker_folder, there, environment);
    status = lk_cert_parse(ceremony->crypto, n, &cert);
    if (status == LK_OK && (cert.role != LK_ROLE_NONE ||
                            !lk_bytes_equal(cert.issuer, cert.subject)))
        status = LK_CERT_ROLE;
    if (status == LK_OK)
        status = lk_cert_verify(ceremony->crypto, &cert, cert.public_key);
    if (status == LK_OK && cert.common_name.len == 0)
        status = LK_CERT_NAME;
    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "the applet's own certificate N");
    LK_TRY(load_signer(ceremony, device_maker_folder, "root.key", "d.der", &root));
    memcpy(name, cert.common_name.at, cert.common_name.len);
    e.name = name;
    e.subject_key = cert.public_key;
    e.above = &root;
    e.role_value = cli_bytes(applet_version, sizeof applet_version);
    status = issue(ceremony, &e, out, cap, out_len);
    forget(ceremony, &root);
    return status;
}

enum lk_status ceremony_time(struct ceremony *ceremony, const char *automaker_folder,
                             const uint8_t vehicle_id[LK_VEHICLE_ID_LEN], uint32_t number,
                             const uint8_t date[LK_DATE_LEN], uint8_t *out, size_t cap,
                             size_t *out_len, uint8_t out_q[LK_CERT_MAX], size_t *out_q_len)
{
    const struct lk_crypto_port *port = ceremony->port;
    struct lk_signed_time object = {.number = number};
    struct signer q = {.key = {0}};
    uint8_t hash[LK_HASH_LEN], signature[LK_SIGNATURE_LEN];
    struct lk_wr wr;
    enum lk_status status;

    LK_TRY(load_signer(ceremony, automaker_folder, "sig.key", "q.der", &q));
    object.vehicle_id = cli_bytes(vehicle_id, LK_VEHICLE_ID_LEN);
    object.time = cli_bytes(date, LK_DATE_LEN);
    lk_wr_init(&wr, out, cap);
    lk_signed_time_write_signed(&object, &wr);
    const struct lk_bytes part = cli_bytes(out, wr.len);
    status = wr.fault == LK_OK ? port->sha256(port->ctx, &part, 1, hash) : wr.fault;
    if (status == LK_OK)
        status = port->ec_sign(port->ctx, q.key, hash, signature);
    object.signature = cli_bytes(signature, sizeof signature);
    lk_wr_init(&wr, out, cap);
    lk_signed_time_write(&object, &wr);
    if (status == LK_OK)
        status = wr.fault;
    forget(ceremony, &q);
    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "cannot sign the time");
    *out_len = wr.len;
    memcpy(out_q, q.der, q.cert.der.len);
    *out_q_len = q.cert.der.len;
    return LK_OK;
}
