/* profiles.c: see profiles.h. The file is one JSON array; its objects are read one after the other,
 * so that a fault can be told with its line. */
#include "profiles.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rows.h"

#define FILE_MAX 65536
#define OEM_FIRST 0x80000000u

enum { U = LK_RIGHT_UNLOCK, L = LK_RIGHT_LOCK, T = LK_RIGHT_TRUNK, D = LK_RIGHT_DRIVE,
       M = LK_RIGHT_REMOTE, R = LK_RIGHT_RESTRICTED };
enum { O = LK_ACTIVATE_OWNER, F = LK_ACTIVATE_FOB };

/* Words that stand for bits. */
struct word {
    const char *name;
    unsigned bit;
};
static const struct word rights[] = {{"unlock", U}, {"lock", L},   {"trunk", T}, {"drive", D},
                                     {"remote", M}, {"restricted", R}, {NULL, 0}};
static const struct word activations[] = {
    {"password", LK_ACTIVATE_PASSWORD}, {"owner", O}, {"fob", F}, {NULL, 0}};
static const struct word days[] = {{"mon", 1},  {"tue", 2},  {"wed", 4},  {"thu", 8},
                                   {"fri", 16}, {"sat", 32}, {"sun", 64}, {NULL, 0}};

/* One row as the X-macros give it. */
struct shipped {
    struct lk_profile profile;
    const char *name, *text;
};
#define LK_PROFILE(number_, rights_, activation_, speed, power, num_starts, on_days, from, to,     \
                   name_, text_)                                                                   \
    {.profile = {.number = (number_),                                                              \
                 .rights = (rights_),                                                              \
                 .activation = (activation_),                                                      \
                 .limits = {(speed), (power), (num_starts), (on_days), (from), (to)}},             \
     .name = (name_),                                                                              \
     .text = (text_)},
static const struct shipped defaults[] = {
#include "facts/profiles.def"
};
static const struct shipped borealis[] = {
#include "facts/borealis.def"
};
#undef LK_PROFILE
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --- reading --- */

/* The file in hand, and where in it. */
struct reading {
    const struct cli *cli;
    const char *path;
    const char *text, *at, *end; /* at: the object in hand */
    size_t object_len;
    struct profiles *out;
};

static int line_of(const struct reading *r, const char *where)
{
    int line = 1;
    for (const char *at = r->text; at < where && at < r->end; at++)
        line += *at == '\n';
    return line;
}

/* A fault in one field of the object in hand: where the field stands, else where the object does.
 */
static int fault(const struct reading *r, const char *field, const char *what)
{
    char quoted[48];
    snprintf(quoted, sizeof quoted, "\"%.40s\"", field);
    const char *where = memmem(r->at, r->object_len, quoted, strlen(quoted));
    return cli_fail(r->cli, LK_CALLER_FILE, "%s, line %d, field %s: %s", r->path,
                    line_of(r, where ? where : r->at), quoted, what);
}

static int word_bits(const struct word *words, const char *name, unsigned *bits)
{
    for (; name && words->name; words++)
        if (strcmp(words->name, name) == 0) {
            *bits |= words->bit;
            return 1;
        }
    return 0;
}

/* An array of words; absent is no bit. 0 on failure. */
static int list_bits(const struct word *words, json_t *list, unsigned *bits)
{
    size_t i;
    json_t *item;
    *bits = 0;
    json_array_foreach(list, i, item)
        if (!word_bits(words, json_string_value(item), bits))
            return 0;
    return !list || json_is_array(list);
}

/* "a,b,c". */
static int text_bits(const struct word *words, const char *text, uint8_t *out)
{
    char copy[128], *rest = NULL;
    unsigned bits = 0;
    if (strlen(text) >= sizeof copy)
        return 0;
    memcpy(copy, text, strlen(text) + 1);
    for (char *one = strtok_r(copy, ", ", &rest); one; one = strtok_r(NULL, ", ", &rest))
        if (!word_bits(words, one, &bits))
            return 0;
    *out = (uint8_t)bits;
    return bits != 0;
}

int profiles_days(const char *text, uint8_t *out)
{
    return text_bits(days, text, out);
}

int profiles_activation(const char *text, uint8_t *out)
{
    return text_bits(activations, text, out);
}

static int read_minutes(const char *text, uint16_t *out)
{
    for (int i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
            return 0;
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    *out = (uint16_t)(hour * 60 + minute);
    return hour < 24 && minute < 60;
}

int profiles_hours(const char *text, uint16_t *out_from, uint16_t *out_to)
{
    return strlen(text) == 11 && text[5] == '-' && read_minutes(text, out_from) &&
           read_minutes(text + 6, out_to) && *out_from != *out_to;
}

/* A whole number from 0 to max, absent is 0. */
static int small_number(json_t *value, json_int_t max, unsigned *out)
{
    *out = (unsigned)json_integer_value(value);
    return !value || (json_is_integer(value) && json_integer_value(value) >= 0 &&
                      json_integer_value(value) <= max);
}

static int read_limits(const struct reading *r, json_t *limits, struct lk_limits *out)
{
    static const char *const known = " speed_kmh power_percent starts days hours ";
    unsigned speed, power, starts, on;
    const char *name, *hours = json_string_value(json_object_get(limits, "hours"));
    json_t *value;
    if (limits && !json_is_object(limits))
        return fault(r, "limits", "must be an object");
    json_object_foreach(limits, name, value)
    {
        char spaced[64];
        snprintf(spaced, sizeof spaced, " %.60s ", name);
        if (!strstr(known, spaced))
            return fault(r, name, "there is no such limit");
    }
    if (!small_number(json_object_get(limits, "speed_kmh"), 255, &speed))
        return fault(r, "speed_kmh", "must be a number from 0 (none) to 255");
    if (!small_number(json_object_get(limits, "power_percent"), 100, &power))
        return fault(r, "power_percent", "must be a number from 0 (none) to 100");
    if (!small_number(json_object_get(limits, "starts"), 65535, &starts))
        return fault(r, "starts", "must be a number from 0 (no count) to 65535");
    if (!list_bits(days, json_object_get(limits, "days"), &on))
        return fault(r, "days", "must be a list of mon tue wed thu fri sat sun");
    *out = (struct lk_limits){(uint8_t)speed, (uint8_t)power, (uint16_t)starts, (uint8_t)on, 0, 0};
    if (json_object_get(limits, "hours") &&
        (!hours || !profiles_hours(hours, &out->from_min, &out->to_min)))
        return fault(r, "hours", "must be text as 06:00-22:00");
    return 0;
}

static int read_number(const struct reading *r, json_t *value, uint32_t *out)
{
    const char *text = json_string_value(value);
    uint8_t bytes[4];
    if (!text || !cli_unhex(text, bytes, sizeof bytes))
        return fault(r, "number", "must be text of eight hex digits");
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    for (size_t i = 0; i < r->out->num; i++)
        if (r->out->rows[i].number == *out)
            return fault(r, "number", "another profile of this file has it");
    for (size_t i = 0; *out < OEM_FIRST && i < COUNT(defaults); i++)
        if (defaults[i].profile.number == *out)
            return 0;
    return *out >= OEM_FIRST
               ? 0
               : fault(r, "number", "only numbers from 80000000 on are the automaker's own");
}

static int read_words(const struct reading *r, json_t *object, struct profile_words *out)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    json_t *text = json_object_get(object, "text");
    size_t len = name ? strlen(name) : 0;
    if (len == 0 || len >= sizeof out->name ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return fault(r, "name", "must be 1 to 31 of a-z, 0-9 and -");
    for (size_t i = 0; i < r->out->num; i++)
        if (strcmp(r->out->words[i].name, name) == 0)
            return fault(r, "name", "another profile of this file has it");
    if (text && (!json_is_string(text) || json_string_length(text) >= sizeof out->text))
        return fault(r, "text", "must be text of at most 95 bytes");
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->text, sizeof out->text, "%s", text ? json_string_value(text) : "");
    return 0;
}

static int has_word(json_t *list, const char *word)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), word) == 0)
            return 1;
    return 0;
}

static int read_profile(struct reading *r, json_t *object)
{
    static const char *const known = " number name text rights activation limits ";
    struct lk_profile *row = &r->out->rows[r->out->num];
    json_t *value, *list = json_object_get(object, "rights");
    const char *name;
    unsigned bits = 0, activation = 0;
    if (!json_is_object(object))
        return cli_fail(r->cli, LK_CALLER_FILE, "%s, line %d: a profile is an object", r->path,
                        line_of(r, r->at));
    json_object_foreach(object, name, value)
    {
        char spaced[64];
        snprintf(spaced, sizeof spaced, " %.60s ", name);
        if (!strstr(known, spaced))
            return fault(r, name, "there is no such field");
    }
    int bad = read_number(r, json_object_get(object, "number"), &row->number);
    if (!bad)
        bad = read_words(r, object, &r->out->words[r->out->num]);
    if (bad)
        return bad;
    if (has_word(list, "share"))
        return fault(r, "rights", "no profile gives share: it is the owner's alone");
    if (!list || !list_bits(rights, list, &bits) || !bits)
        return fault(r, "rights", "must be a list of unlock lock trunk drive remote restricted");
    if ((bits & R) && !(bits & D))
        return fault(r, "rights", "restricted needs drive");
    if (!list_bits(activations, json_object_get(object, "activation"), &activation))
        return fault(r, "activation", "must be a list of password owner fob");
    row->rights = (uint16_t)bits;
    row->activation = (uint8_t)activation;
    bad = read_limits(r, json_object_get(object, "limits"), &row->limits);
    if (!bad && (row->limits.speed_kmh || row->limits.power_percent) && !(bits & R))
        bad = fault(r, "rights", "a limit of speed or power needs restricted");
    return bad;
}

static void skip_blanks(struct reading *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at))
        r->at++;
}

/* Takes one character; prints what is missing otherwise. */
static int take(struct reading *r, const char *one_of, const char *what, char *out)
{
    skip_blanks(r);
    if (r->at < r->end && strchr(one_of, *r->at)) {
        *out = *r->at++;
        return 0;
    }
    return cli_fail(r->cli, LK_CALLER_FILE, "%s, line %d: %s", r->path, line_of(r, r->at), what);
}

static int read_next(struct reading *r)
{
    json_error_t error;
    skip_blanks(r);
    json_t *object = json_loadb(r->at, (size_t)(r->end - r->at),
                                JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
    if (!object)
        return cli_fail(r->cli, LK_CALLER_FILE, "%s, line %d: %s", r->path,
                        line_of(r, r->at) + (error.line > 0 ? error.line - 1 : 0), error.text);
    r->object_len = (size_t)error.position;
    int bad = r->out->num == PROFILES_MAX
                  ? cli_fail(r->cli, LK_CALLER_FILE, "%s has more than %d profiles", r->path,
                             PROFILES_MAX)
                  : read_profile(r, object);
    json_decref(object);
    r->at += r->object_len;
    r->out->num += !bad;
    return bad;
}

int profiles_load(const struct cli *cli, const char *path, struct profiles *out)
{
    static char text[FILE_MAX + 1];
    static struct profiles whole;
    size_t len = 0;
    char c = 0;
    enum lk_status status = cli_read_file(path, (uint8_t *)text, FILE_MAX, &len);
    if (status != LK_OK)
        return cli_fail_path(cli, status, path);
    text[len] = 0;
    memset(&whole, 0, sizeof whole);
    struct reading r = {cli, path, text, text, text + len, 0, &whole};
    int bad = take(&r, "[", "an access-profile file is a list that begins with [", &c);
    while (!bad && c != ']') {
        bad = read_next(&r);
        if (!bad)
            bad = take(&r, ",]", "expected , or ] after a profile", &c);
    }
    skip_blanks(&r);
    if (!bad && r.at != r.end)
        bad = cli_fail(cli, LK_CALLER_FILE, "%s, line %d: there is something behind the list", path,
                       line_of(&r, r.at));
    if (!bad)
        *out = whole;
    return bad;
}

int profiles_of_automaker(const struct cli *cli, const char *automaker, struct profiles *out)
{
    char path[300];
    snprintf(path, sizeof path, "automakers/%.60s/profiles.json", automaker);
    if (access(path, F_OK) == 0)
        return profiles_load(cli, path, out);
    memset(out, 0, sizeof *out); /* a world of an earlier version: the defaults */
    for (size_t i = 0; i < COUNT(defaults); i++) {
        out->rows[out->num] = defaults[i].profile;
        snprintf(out->words[out->num].name, sizeof out->words[0].name, "%s", defaults[i].name);
        snprintf(out->words[out->num++].text, sizeof out->words[0].text, "%s", defaults[i].text);
    }
    return 0;
}

/* --- writing --- */

static json_t *words_of(const struct word *words, unsigned bits)
{
    json_t *list = json_array();
    for (; words->name; words++)
        if (bits & words->bit)
            json_array_append_new(list, json_string(words->name));
    return list;
}

static char *hours_text(const struct lk_limits *limits, char out[16])
{
    snprintf(out, 16, "%02u:%02u-%02u:%02u", limits->from_min / 60u % 24u, limits->from_min % 60u,
             limits->to_min / 60u % 24u, limits->to_min % 60u);
    return out;
}

static json_t *limits_object(const struct lk_limits *limits)
{
    json_t *object = json_object();
    char hours[16];
    if (limits->speed_kmh)
        json_object_set_new(object, "speed_kmh", json_integer(limits->speed_kmh));
    if (limits->power_percent)
        json_object_set_new(object, "power_percent", json_integer(limits->power_percent));
    if (limits->starts)
        json_object_set_new(object, "starts", json_integer(limits->starts));
    if (limits->days)
        json_object_set_new(object, "days", words_of(days, limits->days));
    if (limits->from_min != limits->to_min)
        json_object_set_new(object, "hours", json_string(hours_text(limits, hours)));
    return object;
}

static json_t *row_object(const struct lk_profile *row, const char *name, const char *text)
{
    char number[12];
    snprintf(number, sizeof number, "%08X", (unsigned)row->number);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "number", number, "name", name, "text", text,
                     "rights", words_of(rights, row->rights), "activation",
                     words_of(activations, row->activation), "limits",
                     limits_object(&row->limits));
}

static enum lk_status write_rows(const char *path, const struct shipped *rows, size_t num)
{
    json_t *list = json_array();
    for (size_t i = 0; i < num; i++)
        json_array_append_new(list, row_object(&rows[i].profile, rows[i].name, rows[i].text));
    char *dump = json_dumps(list, JSON_INDENT(2));
    json_decref(list);
    enum lk_status status = dump ? cli_write_file(path, dump, strlen(dump), 0644) : LK_INTERNAL;
    free(dump);
    return status;
}

enum lk_status profiles_write_default(const char *path)
{
    return write_rows(path, defaults, COUNT(defaults));
}

enum lk_status profiles_write_borealis(const char *path)
{
    return write_rows(path, borealis, COUNT(borealis));
}

/* --- showing --- */

const struct lk_profile *profiles_find(const struct profiles *profiles, const char *text)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 16);
    for (size_t i = 0; i < profiles->num; i++)
        if (strcmp(profiles->words[i].name, text) == 0 ||
            (*text && !*end && profiles->rows[i].number == number))
            return &profiles->rows[i];
    return NULL;
}

const char *profiles_name(const struct profiles *profiles, uint32_t number, char *out)
{
    for (size_t i = 0; i < profiles->num; i++)
        if (profiles->rows[i].number == number)
            return profiles->words[i].name;
    snprintf(out, 32, "profile %08X", (unsigned)number);
    return out;
}

char *profiles_limits_text(const struct lk_limits *limits, char *out)
{
    size_t cap = 128, n = 0;
    char hours[16];
    out[0] = 0;
    if (limits->speed_kmh)
        n += (size_t)snprintf(out + n, cap - n, ", at most %u km/h", limits->speed_kmh);
    if (limits->power_percent)
        n += (size_t)snprintf(out + n, cap - n, ", %u %% power", limits->power_percent);
    if (limits->starts)
        n += (size_t)snprintf(out + n, cap - n, ", %u starts", limits->starts);
    for (const struct word *day = days; limits->days && day->name; day++)
        if (limits->days & day->bit)
            n += (size_t)snprintf(out + n, cap - n, "%s%s",
                                  (limits->days & (day->bit - 1)) ? " " : ", ", day->name);
    if (limits->from_min != limits->to_min)
        snprintf(out + n, cap - n, ", %s", hours_text(limits, hours));
    return out[0] ? out + 2 : out;
}

int profiles_show(struct cli *cli)
{
    static struct profiles profiles;
    int bad = profiles_load(cli, cli_argument(cli, 0), &profiles);
    for (size_t i = 0; i < profiles.num && !bad; i++) {
        const struct lk_profile *row = &profiles.rows[i];
        const struct profile_words *words = &profiles.words[i];
        char limits[128];
        if (cli_flag(cli, "json"))
            cli_print_json(row_object(row, words->name, words->text));
        else
            printf("%08X  %-10s %s%s%s\n", (unsigned)row->number, words->name, words->text,
                   *profiles_limits_text(&row->limits, limits) ? ": " : "",
                   profiles_limits_text(&row->limits, limits));
    }
    return bad;
}
