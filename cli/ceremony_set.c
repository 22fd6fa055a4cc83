/* ceremony_set.c: what a new partner gets and gives: one set of certificates of an automaker and a
 * device maker, for one environment. spec/certificates.md, section 7; M99, M124, D17. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ceremony.h"
#include "cli.h"
#include "pki/pki.h"

enum { J, BETWEEN, P, Q, RECEIPT, D, F, M, NUM_MEMBERS };

/* One certificate of a set: who issued it, whose key and name it repeats, and which maker gives it.
 */
static const struct member {
    const char *file;
    enum lk_role role;
    int above, same_as; /* same_as itself: a key of its own */
    int of_device_maker, is_optional;
} members[NUM_MEMBERS] = {
    [J] = {"j.der", LK_ROLE_VEHICLE_OEM_CA, J, J, 0, 0},
    [BETWEEN] = {"intermediate.der", LK_ROLE_INTERMEDIATE, J, BETWEEN, 0, 1},
    [P] = {"p.der", LK_ROLE_VEHICLE_OEM_ENC, J, P, 0, 0},
    [Q] = {"q.der", LK_ROLE_VEHICLE_OEM_SIG, J, Q, 0, 0},
    [RECEIPT] = {"receipt.der", LK_ROLE_RECEIPT, J, RECEIPT, 0, 0},
    [D] = {"d.der", LK_ROLE_DEVICE_OEM_CA, D, D, 1, 0},
    [F] = {"f.der", LK_ROLE_EXTERNAL_CA, J, D, 0, 0},
    [M] = {"m.der", LK_ROLE_VEHICLE_OEM_CA_SEEN, D, J, 1, 0},
};

/* A set in memory. */
struct set {
    uint8_t der[NUM_MEMBERS][LK_CERT_MAX];
    struct lk_cert cert[NUM_MEMBERS];
    int is_there[NUM_MEMBERS];
    const char *environment;
};

/* 1 if there is such a file and it was read. */
static int read_member(const char *folder, const char *file, uint8_t out[LK_CERT_MAX],
                       size_t *out_len)
{
    char where[1024];

    (void)snprintf(where, sizeof where, "%s/%s", folder, file);
    return cli_read_file(where, out, LK_CERT_MAX, out_len) == LK_OK;
}

/* D has no role extension, so it reads as NONE. */
static enum lk_role as_read(enum lk_role role)
{
    return role == LK_ROLE_DEVICE_OEM_CA ? LK_ROLE_NONE : role;
}

static enum lk_status load_set(struct ceremony *ceremony, const char *folder, struct set *set)
{
    for (size_t i = 0; i < NUM_MEMBERS; i++) {
        const struct member *member = &members[i];
        enum lk_status status;
        size_t len = 0;

        set->is_there[i] = read_member(folder, member->file, set->der[i], &len);
        if (!set->is_there[i] && member->is_optional)
            continue;
        if (!set->is_there[i])
            return ceremony_fail(ceremony, LK_CALLER_NOT_FOUND,
                                 "the set %s is incomplete: %s (%s) is missing or too large",
                                 folder, member->file, lk_role_text(member->role));
        status = lk_cert_parse(ceremony->crypto, cli_bytes(set->der[i], len), &set->cert[i]);
        if (status != LK_OK)
            return ceremony_fail(ceremony, status, "%s/%s", folder, member->file);
        if (set->cert[i].role != as_read(member->role))
            return ceremony_fail(ceremony, LK_CERT_ROLE, "%s is \"%s\", not \"%s\"", member->file,
                                 lk_role_text(set->cert[i].role), lk_role_text(member->role));
    }
    return LK_OK;
}

/* Nothing else travels with a set, least of all a private key. */
static enum lk_status check_folder(struct ceremony *ceremony, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    enum lk_status status = LK_OK;

    if (dir == NULL)
        return ceremony_fail(ceremony, LK_CALLER_FILE, "there is no folder %s", folder);
    while (status == LK_OK && (entry = readdir(dir)) != NULL) {
        int is_known = entry->d_name[0] == '.' || strcmp(entry->d_name, "environment") == 0;

        for (size_t i = 0; i < NUM_MEMBERS; i++)
            is_known = is_known || strcmp(entry->d_name, members[i].file) == 0;
        if (!is_known)
            status = ceremony_fail(ceremony, LK_CALLER_FILE, "%s/%s does not belong into a set",
                                   folder, entry->d_name);
    }
    closedir(dir);
    return status;
}

static struct lk_date today(void)
{
    struct lk_date date = {{0}, 0};
    char text[32];
    time_t now = time(NULL);
    struct tm day;

    if (now != (time_t)-1 && gmtime_r(&now, &day) != NULL &&
        strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &day) == LK_DATE_LEN) {
        memcpy(date.text, text, LK_DATE_LEN);
        date.is_known = 1;
    }
    return date;
}

/* The names are signed, the file `environment` is not: both must say the same (D17). */
static enum lk_status check_environment(struct ceremony *ceremony, const struct set *set, size_t i)
{
    struct lk_bytes name = set->cert[i].common_name;
    int wants_test = strcmp(set->environment, CEREMONY_TEST) == 0;
    int is_test = memmem(name.at, name.len, " test ", 6) != NULL;

    if (is_test == wants_test)
        return LK_OK;
    return ceremony_fail(ceremony, wants_test ? LK_CERT_ROOT : LK_CERT_TEST_ROOT,
                         "%s is of \"%.*s\", and the set is of the environment %s",
                         members[i].file, (int)name.len, (const char *)name.at,
                         set->environment);
}

static enum lk_status check_one(struct ceremony *ceremony, const struct set *set, size_t i)
{
    const struct member *member = &members[i];
    const struct lk_cert *cert = &set->cert[i], *same = &set->cert[member->same_as];
    const struct lk_date now = today();
    enum lk_status status;

    if (memcmp(cert->public_key, same->public_key, LK_POINT_LEN) != 0 ||
        !lk_bytes_equal(cert->subject, same->subject))
        return ceremony_fail(ceremony, LK_CERT_MISMATCH, "%s has another key or name than %s",
                             member->file, members[member->same_as].file);
    for (size_t k = 0; k < i; k++) {
        if (set->is_there[k] && members[k].same_as != member->same_as &&
            memcmp(cert->public_key, set->cert[k].public_key, LK_POINT_LEN) == 0)
            return ceremony_fail(ceremony, LK_CERT_MISMATCH, "%s and %s share one key",
                                 member->file, members[k].file);
    }
    status = lk_cert_check_link(ceremony->crypto, cert, &set->cert[member->above], &now);
    if (status != LK_OK)
        return ceremony_fail(ceremony, status, "%s under %s", member->file,
                             members[member->above].file);
    return check_environment(ceremony, set, i);
}

/* The root in the set that is the reader's own. */
static enum lk_status check_own(struct ceremony *ceremony, const struct set *set,
                                const char *own_folder)
{
    uint8_t der[LK_CERT_MAX];
    size_t len = 0;
    int own = read_member(own_folder, members[J].file, der, &len) ? J : D;
    const char *there = NULL;

    LK_TRY(ceremony_environment_of(ceremony, own_folder, &there));
    if (strcmp(there, set->environment) != 0)
        return ceremony_fail(ceremony, LK_CERT_ROOT, "%s is of the environment %s, the set of %s",
                             own_folder, there, set->environment);
    if (own == D && !read_member(own_folder, members[D].file, der, &len))
        return ceremony_fail(ceremony, LK_CALLER_FILE, "%s holds neither j.der nor d.der",
                             own_folder);
    if (set->cert[own].der.len != len || memcmp(set->der[own], der, len) != 0)
        return ceremony_fail(ceremony, LK_CERT_ROOT, "the %s of the set is not that of %s",
                             members[own].file, own_folder);
    return LK_OK;
}

enum lk_status ceremony_set_check(struct ceremony *ceremony, const char *set_folder,
                                  const char *own_folder, const char *environment)
{
    static struct set set;

    LK_TRY(check_folder(ceremony, set_folder));
    LK_TRY(ceremony_environment_of(ceremony, set_folder, &set.environment));
    if (environment != NULL && strcmp(environment, set.environment) != 0)
        return ceremony_fail(ceremony, LK_CERT_ROOT, "%s is of the environment %s, not %s",
                             set_folder, set.environment, environment);
    LK_TRY(load_set(ceremony, set_folder, &set));
    for (size_t i = 0; i < NUM_MEMBERS; i++) {
        if (set.is_there[i])
            LK_TRY(check_one(ceremony, &set, i));
    }
    return own_folder != NULL ? check_own(ceremony, &set, own_folder) : LK_OK;
}

/* One certificate that a maker has already. */
static enum lk_status copy(struct ceremony *ceremony, const struct member *member,
                           const char *maker_folder, const char *set_folder)
{
    uint8_t der[LK_CERT_MAX];
    char where[1024];
    size_t len = 0;

    if (!read_member(maker_folder, member->file, der, &len))
        return member->is_optional ? LK_OK
                                   : ceremony_fail(ceremony, LK_CALLER_NOT_FOUND,
                                                   "%s holds no %s", maker_folder, member->file);
    (void)snprintf(where, sizeof where, "%s/%s", set_folder, member->file);
    if (cli_write_file(where, der, len, 0644) != LK_OK)
        return ceremony_fail(ceremony, LK_CALLER_FILE, "cannot write %s", where);
    return LK_OK;
}

enum lk_status ceremony_set(struct ceremony *ceremony, const char *automaker_folder,
                            const char *device_maker_folder, const char *set_folder)
{
    char f[1024], m[1024];
    const char *environment = NULL, *other = NULL;
    struct stat info;

    if (stat(set_folder, &info) == 0)
        return ceremony_fail(ceremony, LK_CALLER_EXISTS, "%s", set_folder);
    if (snprintf(f, sizeof f, "%s/%s", set_folder, members[F].file) >= (int)sizeof f ||
        snprintf(m, sizeof m, "%s/%s", set_folder, members[M].file) >= (int)sizeof m)
        return ceremony_fail(ceremony, LK_CALLER_ARGUMENT, "the path of the set is too long");
    LK_TRY(ceremony_environment_of(ceremony, automaker_folder, &environment));
    LK_TRY(ceremony_environment_of(ceremony, device_maker_folder, &other));
    if (strcmp(environment, other) != 0)
        return ceremony_fail(ceremony, LK_CERT_ROOT, "%s is of the environment %s, %s of %s",
                             automaker_folder, environment, device_maker_folder, other);
    LK_TRY(ceremony_environment(ceremony, set_folder, environment));
    LK_TRY(ceremony_cross_sign(ceremony, automaker_folder, device_maker_folder, f));
    LK_TRY(ceremony_sign_automaker(ceremony, device_maker_folder, automaker_folder, m));
    for (size_t i = 0; i < F; i++)
        LK_TRY(copy(ceremony, &members[i],
                    members[i].of_device_maker ? device_maker_folder : automaker_folder,
                    set_folder));
    return ceremony_set_check(ceremony, set_folder, NULL, environment);
}
