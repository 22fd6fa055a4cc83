/* cert.c: latchkey cert show: a certificate in words: whose it is, what it proves, what stands in
 * its role extension, and every link above it. spec/certificates.md. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "msg/creation.h"
#include "pki/pki.h"
#include "rows.h"
#include "unit.h"

#define CHAIN_MAX 5
#define SHELF_MAX 256
#define FOLDER_DEPTH_MAX 4

static const struct {
    enum lk_role role;
    const char *whose, *proves;
} meanings[] = {
    {LK_ROLE_NONE, "a device maker (D), or one applet that signed itself (N): both look alike",
     "nothing by itself: whoever reads it must know the key"},
    {LK_ROLE_VEHICLE, "a car; the name is its vehicle identifier",
     "the key is that car's; a phone makes no key for a car without it"},
    {LK_ROLE_EXTERNAL_CA, "a device maker, as an automaker approved it",
     "keys made under this device maker may come into the automaker's cars"},
    {LK_ROLE_INSTANCE_CA, "one applet, for one automaker; the name is random",
     "keys it signs were made in a secure element of the device maker"},
    {LK_ROLE_ENDPOINT, "one digital key; the name is its endpoint identifier",
     "the key was made in that secure element, for the car and within the limits told here"},
    {LK_ROLE_VEHICLE_OEM_ENC, "an automaker's server",
     "what is encrypted to it, the automaker alone can read"},
    {LK_ROLE_VEHICLE_OEM_SIG, "an automaker's server", "orders it signs come from the automaker"},
    {LK_ROLE_DEVICE_ENC, "one device", "what is encrypted to it, the device alone can read"},
    {LK_ROLE_INTERMEDIATE, "a region or brand of an automaker",
     "it may issue certificates of cars, and nothing else"},
    {LK_ROLE_VEHICLE_OEM_CA, "an automaker",
     "nothing by itself: its key is in every car and pinned in every phone"},
    {LK_ROLE_VEHICLE_OEM_CA_SEEN, "an automaker, as a device maker approved it",
     "phones of this device maker may trust the automaker's root"},
    {LK_ROLE_RECEIPT, "an automaker's key tracking",
     "receipts it signs say that a key is being tracked"},
};

/* One certificate and where it came from. */
struct paper {
    char file[512];
    uint8_t der[LK_CERT_MAX];
    struct lk_cert cert;
};

struct show {
    struct cli *cli;
    struct unit unit;
    struct paper *shelf[SHELF_MAX]; /* issuers to choose from */
    size_t num_shelf;
    int is_in_order; /* the shelf is the chain */
    const struct paper *chain[CHAIN_MAX];
    enum lk_status links[CHAIN_MAX]; /* of chain[i] under chain[i + 1], of the last under itself */
    size_t num_chain;
    enum lk_status status; /* the first link that fails */
    struct lk_date now;
};

/* --- reading --- */

static int value_of(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The first certificate of a PEM file. -1 if it is malformed. */
static long from_pem(const char *text, uint8_t *out, size_t cap)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    const char *at = strstr(text, begin), *stop = at ? strstr(at, end) : NULL;
    uint32_t bits = 0;
    unsigned num_bits = 0;
    size_t len = 0;
    if (!stop)
        return -1;
    for (at += sizeof begin - 1; at < stop; at++) {
        int value = value_of(*at);
        if (*at == '\n' || *at == '\r' || *at == ' ' || *at == '=')
            continue;
        if (value < 0 || len == cap)
            return -1;
        bits = bits << 6 | (uint32_t)value;
        num_bits += 6;
        if (num_bits >= 8) {
            num_bits -= 8;
            out[len++] = (uint8_t)(bits >> num_bits);
        }
    }
    return (long)len;
}

/* Hex, with blanks and line ends anywhere. */
static long from_hex(char *text, uint8_t *out, size_t cap)
{
    size_t len = 0;
    for (const char *at = text; *at; at++)
        if (!strchr(" \t\r\n:", *at))
            text[len++] = *at;
    return len ? cli_unhex_any(text, len, out, cap) : -1;
}

/* DER begins with a SEQUENCE of two length bytes; as text, 30 is the digit 0. */
static enum lk_status take_file(const char *path, uint8_t der[LK_CERT_MAX], size_t *out_len)
{
    static char text[16384];
    size_t len = 0;
    long got;
    enum lk_status status = cli_read_file(path, (uint8_t *)text, sizeof text - 1, &len);
    if (status != LK_OK)
        return status;
    text[len] = 0;
    if (len > 1 && text[0] == '0' && ((uint8_t)text[1] & 0x80)) {
        if (len > LK_CERT_MAX)
            return LK_CERT_SIZE;
        memcpy(der, text, len);
        got = (long)len;
    } else if (strstr(text, "-----BEGIN")) {
        got = from_pem(text, der, LK_CERT_MAX);
    } else {
        got = from_hex(text, der, LK_CERT_MAX);
    }
    *out_len = got > 0 ? (size_t)got : 0;
    return got > 0 ? LK_OK : LK_CERT_DER;
}

static enum lk_status take_paper(struct show *show, const char *path, struct paper *out)
{
    size_t len = 0;
    enum lk_status status = take_file(path, out->der, &len);
    snprintf(out->file, sizeof out->file, "%s", path);
    if (status == LK_OK)
        status = lk_cert_parse(&show->unit.crypto, cli_bytes(out->der, len), &out->cert);
    return status;
}

/* --- the shelf --- */

static enum lk_status put_on_shelf(struct show *show, const char *path)
{
    struct paper *paper = show->num_shelf < SHELF_MAX ? calloc(1, sizeof *paper) : NULL;
    enum lk_status status = paper ? take_paper(show, path, paper) : LK_CALLER_FULL;
    if (status == LK_OK)
        show->shelf[show->num_shelf++] = paper;
    else
        free(paper);
    return status;
}

/* Every .der below `folder`; what is none of ours is passed over. */
static void fill_shelf(struct show *show, const char *folder, int depth)
{
    DIR *dir = depth < FOLDER_DEPTH_MAX ? opendir(folder) : NULL;
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        char path[512];
        const char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' ||
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
            continue;
        if (dot && strcmp(dot, ".der") == 0)
            (void)put_on_shelf(show, path);
        else
            fill_shelf(show, path, depth + 1);
    }
    if (dir)
        closedir(dir);
}

static int is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int gather(struct show *show)
{
    struct cli *cli = show->cli;
    const char *env = getenv("LATCHKEY_WORLD");
    const char *world = cli_value(cli, "world", env && *env ? env : "world");
    if (cli->num_arguments == 1) {
        fill_shelf(show, world, 0);
        return 0;
    }
    if (cli->num_arguments == 2 && is_folder(cli_argument(cli, 1))) {
        fill_shelf(show, cli_argument(cli, 1), 0);
        return 0;
    }
    show->is_in_order = 1;
    for (int i = 1; i < cli->num_arguments; i++) {
        enum lk_status status = put_on_shelf(show, cli_argument(cli, i));
        if (status != LK_OK)
            return cli_fail(cli, status, "%s", cli_argument(cli, i));
    }
    return 0;
}

/* --- the chain --- */

/* The one of the shelf that issued `paper`: by key identifier, then whether the link holds; the
 * automaker's side (J, F) before the device maker's (M, D), as a car reads it. */
static const struct paper *find_above(struct show *show, const struct paper *paper)
{
    const struct paper *best = NULL;
    int best_points = -1;
    if (show->is_in_order)
        return show->num_chain <= show->num_shelf ? show->shelf[show->num_chain - 1] : NULL;
    for (size_t i = 0; i < show->num_shelf; i++) {
        const struct paper *one = show->shelf[i];
        int points = one->cert.role == LK_ROLE_VEHICLE_OEM_CA ||
                     one->cert.role == LK_ROLE_EXTERNAL_CA;
        if (!lk_bytes_equal(one->cert.ski, paper->cert.aki))
            continue;
        if (lk_cert_check_link(&show->unit.crypto, &paper->cert, &one->cert, &show->now) == LK_OK)
            points += 2;
        if (points > best_points) {
            best = one;
            best_points = points;
        }
    }
    return best;
}

static void climb(struct show *show, const struct paper *paper)
{
    show->status = LK_OK;
    while (show->num_chain < CHAIN_MAX) {
        enum lk_status *link = &show->links[show->num_chain];
        int is_root = lk_bytes_equal(paper->cert.issuer, paper->cert.subject);
        show->chain[show->num_chain++] = paper;
        const struct paper *above = is_root ? paper : find_above(show, paper);
        *link = above ? lk_cert_check_link(&show->unit.crypto, &paper->cert, &above->cert,
                                           &show->now)
                      : LK_CERT_DEPTH;
        if (show->status == LK_OK)
            show->status = *link;
        if (!above || is_root)
            break;
        paper = above;
    }
    if (show->is_in_order && show->num_chain <= show->num_shelf && show->status == LK_OK)
        show->status = LK_CERT_DEPTH; /* files above the root */
}

static struct lk_date today(void)
{
    struct lk_date date = {{0}, 0};
    char text[32];
    time_t now = time(NULL);
    struct tm day;
    if (now != (time_t)-1 && gmtime_r(&now, &day) &&
        strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &day) == LK_DATE_LEN) {
        memcpy(date.text, text, LK_DATE_LEN);
        date.is_known = 1;
    }
    return date;
}

/* --- words --- */

static const char *letter_of(const struct lk_cert *cert)
{
    return cert->role == LK_ROLE_NONE ? "D or N" : lk_role_letter(cert->role);
}

static const char *text_of(const struct lk_cert *cert)
{
    return cert->role == LK_ROLE_NONE ? "root without a role" : lk_role_text(cert->role);
}

static json_t *text_json(struct lk_bytes text)
{
    return json_stringn((const char *)text.at, text.len);
}

static json_t *hex_json(const uint8_t *data, size_t len)
{
    char hex[2 * LK_CERT_MAX + 1];
    return json_string(cli_hex(data, len, hex));
}

static json_t *date_json(struct lk_bytes content)
{
    uint8_t t[LK_DATE_LEN];
    char text[32];
    if (!lk_date_expand(content, t))
        return json_null();
    snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", (char *)t, (char *)t + 4,
             (char *)t + 6, (char *)t + 8, (char *)t + 10, (char *)t + 12);
    return json_string(text);
}

/* Whose key this is, if it is on the shelf or in the chain. */
static json_t *key_json(const struct show *show, const uint8_t key[LK_POINT_LEN])
{
    for (size_t i = 0; i < show->num_shelf; i++) {
        const struct paper *one = show->shelf[i];
        if (memcmp(one->cert.public_key, key, LK_POINT_LEN) == 0 && one->cert.role != LK_ROLE_NONE)
            return json_pack("{s:o, s:s, s:o, s:s}", "public_key", hex_json(key, LK_POINT_LEN),
                             "of", letter_of(&one->cert), "name", text_json(one->cert.common_name),
                             "file", one->file);
    }
    return json_pack("{s:o}", "public_key", hex_json(key, LK_POINT_LEN));
}

static json_t *options_json(uint8_t option1, uint8_t option2)
{
    static const struct {
        uint8_t group, bit;
        const char *text;
    } bits[] = {{1, LK_OPTION1_STANDARD, "standard transaction"},
                {1, LK_OPTION1_FAST, "fast transaction"},
                {1, LK_OPTION1_STANDARD_WIRED, "standard by wire"},
                {1, LK_OPTION1_FAST_WIRED, "fast by wire"},
                {1, LK_OPTION1_AUTHORIZE, "may authorise friends"},
                {1, LK_OPTION1_CHAIN_SHARING, "friends may share on"},
                {1, LK_OPTION1_EXCHANGE_WIRED, "exchange by wire"},
                {1, LK_OPTION1_EXCHANGE_FAST, "exchange after fast"},
                {2, LK_OPTION2_SIGN, "signs"},
                {2, LK_OPTION2_CONFIDENTIAL, "confidential mailbox"}};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if ((bits[i].group == 1 ? option1 : option2) & bits[i].bit)
            json_array_append_new(list, json_string(bits[i].text));
    return list;
}

static json_t *endpoint_json(const struct show *show, const struct lk_cert *cert)
{
    struct lk_endpoint_facts facts;
    if (lk_cert_endpoint_facts(cert, &facts) != LK_OK)
        return json_null();
    uint8_t options[2] = {facts.option1, facts.option2};
    json_t *object = json_pack(
        "{s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o}", "vehicle_id",
        hex_json(facts.vehicle_id, sizeof facts.vehicle_id), "endpoint_id",
        hex_json(facts.endpoint_id, sizeof facts.endpoint_id), "options",
        hex_json(options, sizeof options), "confidential_mailbox", (int)facts.confidential_size,
        "private_mailbox", (int)facts.private_size, "slot", hex_json(facts.slot.at, facts.slot.len),
        "vehicle_key", key_json(show, facts.vehicle_key), "authorized_key",
        key_json(show, facts.authorized_key), "versions",
        hex_json(facts.versions.at, facts.versions.len));
    json_object_set_new(object, "may", options_json(facts.option1, facts.option2));
    if (facts.not_before.len) {
        json_object_set_new(object, "not_before", text_json(facts.not_before));
        json_object_set_new(object, "not_after", text_json(facts.not_after));
    }
    return object;
}

static json_t *chain_json(const struct show *show)
{
    json_t *list = json_array();
    for (size_t i = 0; i < show->num_chain; i++) {
        const struct lk_cert *cert = &show->chain[i]->cert;
        int is_missing = show->links[i] == LK_CERT_DEPTH;
        int is_self = !is_missing && i + 1 == show->num_chain;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "file", show->chain[i]->file,
                            "letter", letter_of(cert), "role", text_of(cert), "name",
                            text_json(cert->common_name), "signed_by",
                            is_missing ? "" : show->chain[is_self ? i : i + 1]->file, "status",
                            lk_status_name(show->links[i]), "what",
                            show->links[i] == LK_OK ? (is_self ? "signed by itself" : "verified")
                            : is_missing ? "its issuer is not among the files given"
                                         : lk_status_what(show->links[i])));
    }
    return list;
}

static json_t *explain(const struct show *show, const struct paper *paper)
{
    const struct lk_cert *cert = &paper->cert;
    json_t *object = json_pack("{s:b, s:s, s:s, s:s, s:s}", "ok", show->status == LK_OK, "status",
                               lk_status_name(show->status), "file", paper->file, "letter",
                               letter_of(cert), "role", text_of(cert));
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].role == cert->role) {
            json_object_set_new(object, "whose", json_string(meanings[i].whose));
            json_object_set_new(object, "proves", json_string(meanings[i].proves));
        }
    json_object_set_new(object, "name", text_json(cert->common_name));
    json_object_set_new(object, "key_id", hex_json(cert->ski.at, cert->ski.len));
    json_object_set_new(object, "public_key", hex_json(cert->public_key, LK_POINT_LEN));
    json_object_set_new(object, "serial", hex_json(cert->serial.at, cert->serial.len));
    json_object_set_new(object, "bytes", json_integer((json_int_t)cert->der.len));
    json_object_set_new(object, "not_before", date_json(cert->not_before));
    json_object_set_new(object, "not_after", date_json(cert->not_after));
    json_object_set_new(object, "ca", json_boolean(cert->is_ca));
    if (cert->has_path_len)
        json_object_set_new(object, "path_len", json_integer(cert->path_len));
    if (cert->role == LK_ROLE_ENDPOINT)
        json_object_set_new(object, "endpoint", endpoint_json(show, cert));
    if (cert->role == LK_ROLE_INSTANCE_CA && cert->role_value.len >= 6)
        json_object_set_new(object, "applet_version", hex_json(cert->role_value.at + 2, 4));
    json_object_set_new(object, "chain", chain_json(show));
    return object;
}

/* --- on paper --- */

static const char *word(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void print_key(json_t *endpoint, const char *name, const char *label)
{
    json_t *key = json_object_get(endpoint, name);
    const char *of = word(key, "of");
    if (*of)
        printf("  %-17s that of %s \"%s\" (%s)\n", label, of, word(key, "name"),
               word(key, "file"));
    else
        printf("  %-17s %.24s... (of no certificate at hand)\n", label, word(key, "public_key"));
}

static void print_endpoint(json_t *endpoint)
{
    size_t i;
    json_t *one;
    printf("  %-17s %s\n", "for the car", word(endpoint, "vehicle_id"));
    printf("  %-17s %s (", "options", word(endpoint, "options"));
    json_array_foreach(json_object_get(endpoint, "may"), i, one)
        printf("%s%s", i ? ", " : "", json_string_value(one));
    printf(")\n  %-17s %s\n", "slot", word(endpoint, "slot"));
    printf("  %-17s %d bytes confidential, %d private\n", "mailboxes",
           (int)json_integer_value(json_object_get(endpoint, "confidential_mailbox")),
           (int)json_integer_value(json_object_get(endpoint, "private_mailbox")));
    print_key(endpoint, "vehicle_key", "vehicle key");
    print_key(endpoint, "authorized_key", "authorised key");
    if (json_object_get(endpoint, "not_before"))
        printf("  %-17s %s to %s: a friend's key\n", "key dates", word(endpoint, "not_before"),
               word(endpoint, "not_after"));
    else
        printf("  %-17s none: an owner's key\n", "key dates");
    printf("  %-17s %s, highest first\n", "versions", word(endpoint, "versions"));
}

static void print_chain(json_t *chain)
{
    size_t i;
    json_t *one;
    json_array_foreach(chain, i, one)
        printf("  %-17s %s \"%s\" (%s): %s\n", i ? "" : "chain", word(one, "letter"),
               word(one, "name"), word(one, "file"), word(one, "what"));
}

static void print(json_t *object)
{
    json_t *path_len = json_object_get(object, "path_len");
    printf("%s: certificate %s, %s\n", word(object, "file"), word(object, "letter"),
           word(object, "role"));
    printf("  %-17s %s\n", "whose", word(object, "whose"));
    printf("  %-17s %s\n", "proves", word(object, "proves"));
    printf("  %-17s %s\n", "name", word(object, "name"));
    printf("  %-17s %s (SHA-1 of the public key)\n", "key identifier", word(object, "key_id"));
    printf("  %-17s %s\n", "serial", word(object, "serial"));
    printf("  %-17s %s to %s\n", "valid", word(object, "not_before"), word(object, "not_after"));
    if (path_len)
        printf("  %-17s certificates, %d CA more below it at most\n", "issues",
               (int)json_integer_value(path_len));
    else
        printf("  %-17s %s\n", "issues", json_is_true(json_object_get(object, "ca"))
                                           ? "certificates"
                                           : "no certificate");
    if (*word(object, "applet_version"))
        printf("  %-17s %s\n", "applet version", word(object, "applet_version"));
    if (json_object_get(object, "endpoint"))
        print_endpoint(json_object_get(object, "endpoint"));
    print_chain(json_object_get(object, "chain"));
}

static int show_paper(struct show *show, struct paper *paper)
{
    struct cli *cli = show->cli;
    enum lk_status status = take_paper(show, cli_argument(cli, 0), paper);
    if (status == LK_CALLER_FILE)
        return cli_fail(cli, status, "%s cannot be read or is far too large", paper->file);
    if (status != LK_OK)
        return cli_fail(cli, status, "%s is no certificate of this system", paper->file);
    int bad = gather(show);
    if (bad)
        return bad;
    show->now = today();
    climb(show, paper);
    json_t *object = explain(show, paper);
    if (cli_flag(cli, "json")) {
        cli_print_json(object);
    } else {
        print(object);
        json_decref(object);
    }
    if (show->status == LK_OK)
        return 0;
    return cli_flag(cli, "json") ? lk_status_exit_code(show->status)
                                 : cli_fail(cli, show->status, "%s: the chain does not hold",
                                            paper->file);
}

int cert_show(struct cli *cli)
{
    static struct show show;
    static struct paper paper;
    static const uint8_t no_store[32] = {1};
    show.cli = cli;
    int bad = unit_crypto(cli, &show.unit, no_store);
    if (bad)
        return bad;
    bad = show_paper(&show, &paper);
    for (size_t i = 0; i < show.num_shelf; i++)
        free(show.shelf[i]);
    unit_close(&show.unit);
    return bad;
}
