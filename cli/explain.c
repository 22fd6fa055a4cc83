/* explain.c: latchkey trace explain: every byte of a conversation named, each check and how it came
 * out, and at its end what each side said and the first cause. The car's copy of the bytes is
 * explained where there is one, else the phone's; what the two say is joined in either case
 * (decision D23). */
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "rows.h"
#include "timeline.h"
#include "trace/trace.h"
#include "unit.h"

void explain_line(json_t *parts, const struct lk_trace_line *line)
{
    char hex[2 * LK_REASSEMBLY_MAX + 1];
    struct lk_bytes shown =
        line->value.len || line->kind == LK_TRACE_TLV ? line->value : line->bytes;
    if (shown.len > LK_REASSEMBLY_MAX)
        shown.len = LK_REASSEMBLY_MAX;
    cli_hex(shown.at, shown.len, hex);
    if (parts) {
        json_array_append_new(parts, json_pack("{s:s, s:s, s:i, s:i, s:s, s:b, s:s}", "name",
                                               line->name, "text", line->text, "tag",
                                               (int)line->tag, "depth", (int)line->depth, "hex",
                                               hex, "opened", line->is_opened, "status",
                                               lk_status_name(line->status)));
        return;
    }
    if (strlen(hex) > 64)
        memcpy(hex + 61, "...", 4);
    printf("%*s", 4 + 2 * (int)line->depth, line->is_opened ? "* " : "");
    if (line->kind == LK_TRACE_CHECK)
        printf("check %s: %s\n", line->name,
               line->status == LK_OK ? "passed" : lk_status_what(line->status));
    else if (line->tag)
        printf("%02X %s [%zu] %s  (%s)\n", line->tag, line->name, line->value.len, hex, line->text);
    else if (*line->text)
        printf("%s %s  (%s)\n", line->name, hex, line->text);
    else
        printf("%s %s\n", line->name, hex);
}

struct explain {
    struct unit unit;
    struct lk_trace trace;
    struct timeline timeline;
    const char *side;            /* whose bytes are explained */
    char link[64];               /* the conversation in hand: who and where */
    struct lk_session_keys keys; /* given to the inspector last */
    uint8_t vehicle_key[LK_POINT_LEN], device_key[LK_POINT_LEN]; /* as given with the command */
    int has_vehicle_key, has_device_key;
    char cars[300];              /* folder of the cars of the world, where there is one */
    const char *phone_cause;     /* what the phone said first in this conversation, NULL */
    int is_json;
    json_t *parts; /* with --json: of the APDU in hand */
};

static void print_line(void *ctx, const struct lk_trace_line *line)
{
    struct explain *explain = ctx;
    explain_line(explain->is_json ? explain->parts : NULL, line);
}

/* The session keys that a debug build wrote after this line, if they are new: the inspector needs
 * them before the first sealed byte. */
static void feed_keys(struct explain *explain, long i)
{
    const struct timeline *timeline = &explain->timeline;
    struct lk_session_keys keys;
    const char *link = timeline_text(timeline, i, "link");
    for (long k = i + 1; k < timeline->num && k < i + 4; k++) {
        json_t *secret = json_object_get(timeline->lines[k], "secret");
        if (!secret || strcmp(timeline_text(timeline, k, "link"), link) != 0 ||
            strcmp(timeline_text(timeline, k, "side"), explain->side) != 0)
            continue;
        if (cli_unhex(json_string_value(json_object_get(secret, "enc")), keys.enc, 16) &&
            cli_unhex(json_string_value(json_object_get(secret, "mac")), keys.mac, 16) &&
            cli_unhex(json_string_value(json_object_get(secret, "rmac")), keys.rmac, 16) &&
            memcmp(&keys, &explain->keys, sizeof keys) != 0) {
            explain->keys = keys;
            lk_trace_keys(&explain->trace, &keys);
        }
        return;
    }
}

/* The key of K of a car of the world, 0 if there is none. */
static int key_of_car(struct explain *explain, const char *who, uint8_t out[LK_POINT_LEN])
{
    uint8_t der[LK_CERT_MAX];
    char path[400];
    size_t len = 0;
    struct lk_cert k;
    snprintf(path, sizeof path, "%s/%.60s/k.der", explain->cars, who);
    if (!*who || strchr(who, '/') || cli_read_file(path, der, sizeof der, &len) != LK_OK ||
        lk_cert_parse(&explain->unit.crypto, cli_bytes(der, len), &k) != LK_OK)
        return 0;
    memcpy(out, k.public_key, LK_POINT_LEN);
    return 1;
}

static void begin(struct explain *explain, const char *link, const char *who)
{
    uint8_t key[LK_POINT_LEN];
    const uint8_t *vehicle = explain->has_vehicle_key ? explain->vehicle_key : NULL;
    if (strcmp(explain->link, link) == 0)
        return;
    snprintf(explain->link, sizeof explain->link, "%s", link);
    if (!vehicle && strcmp(explain->side, "car") == 0 && key_of_car(explain, who, key))
        vehicle = key;
    lk_trace_init(&explain->trace, &explain->unit.crypto, 0, print_line, explain);
    lk_trace_public_keys(&explain->trace, vehicle,
                         explain->has_device_key ? explain->device_key : NULL);
}

static void explain_apdu(struct explain *explain, long i, int is_command)
{
    const struct timeline *timeline = &explain->timeline;
    uint8_t apdu[LK_LINK_MESSAGE_MAX];
    char link[64];
    const char *hex = timeline_text(timeline, i, is_command ? "command" : "response");
    long len = cli_unhex_any(hex, strlen(hex), apdu, sizeof apdu);
    snprintf(link, sizeof link, "%.30s %.30s", timeline_text(timeline, i, "who"),
             timeline_text(timeline, i, "link"));
    if (len < 0) {
        printf("line %ld: not hex\n", i + 1);
        return;
    }
    begin(explain, link, timeline_text(timeline, i, "who"));
    if (!is_command)
        feed_keys(explain, i);
    if (!explain->is_json)
        printf("%10.3f  %s  %s\n", timeline_ms(timeline, i), link,
               is_command ? "car to phone" : "phone to car");
    explain->parts = json_array();
    struct lk_bytes run = cli_bytes(apdu, (size_t)len);
    enum lk_status status = is_command ? lk_trace_command(&explain->trace, run)
                                       : lk_trace_response(&explain->trace, run);
    if (explain->is_json)
        cli_print_json(json_pack("{s:f, s:s, s:s, s:s, s:o}", "ms", timeline_ms(timeline, i),
                                 "link", link, "direction", is_command ? "command" : "response",
                                 "status", lk_status_name(status), "parts", explain->parts));
    else
        json_decref(explain->parts);
}

static void explain_outcome(struct explain *explain, long i)
{
    const struct timeline *timeline = &explain->timeline;
    const char *check = "", *side = timeline_text(timeline, i, "side");
    enum lk_status first = lk_trace_first_fault(&explain->trace, &check);
    int is_ours = strcmp(side, explain->side) == 0;
    const char *cause = first != LK_OK ? lk_status_what(first) : NULL, *where = check;
    if (!explain->phone_cause && strcmp(timeline_text(timeline, i, "link"), "nfc") == 0 &&
        strcmp(timeline_text(timeline, i, "outcome"), "LK_OK") != 0)
        explain->phone_cause = timeline_text(timeline, i, "says");
    if (is_ours && cause && explain->phone_cause) { /* the car saw a refusal; the phone knows why */
        cause = explain->phone_cause;
        where = "the phone";
    }
    if (explain->is_json) {
        json_t *line = json_incref(timeline->lines[i]);
        if (is_ours && cause)
            json_object_set_new(line, "first_cause", json_string(cause));
        cli_print_json(line);
    } else {
        printf("%10.3f  == the %s %s says: %s (%s)\n", timeline_ms(timeline, i), side,
               timeline_text(timeline, i, "who"), timeline_text(timeline, i, "says"),
               timeline_text(timeline, i, "outcome"));
        if (is_ours && cause)
            printf("            first cause: %s, in %s\n", cause, where);
    }
    if (is_ours) {
        explain->phone_cause = NULL;
        explain->link[0] = 0;
        memset(&explain->keys, 0, sizeof explain->keys);
        begin(explain, " ", "");
    }
}

/* A public key given as an option. Prints the error and returns its exit code. */
static int take_key(struct cli *cli, const char *name, uint8_t out[LK_POINT_LEN], int *out_has)
{
    const char *hex = cli_value(cli, name, NULL);
    *out_has = hex != NULL;
    if (hex && (!cli_unhex(hex, out, LK_POINT_LEN) || out[0] != 4))
        return cli_fail(cli, LK_CALLER_ARGUMENT, "--%s takes the 65 bytes of a public key", name);
    return 0;
}

int trace_explain(struct cli *cli)
{
    static struct explain explain;
    static const uint8_t no_store[32] = {1};
    const char *env = getenv("LATCHKEY_WORLD");
    explain.is_json = cli_flag(cli, "json");
    snprintf(explain.cars, sizeof explain.cars, "%s/cars",
             cli_value(cli, "world", env ? env : "world"));
    int bad = take_key(cli, "vehicle-key", explain.vehicle_key, &explain.has_vehicle_key);
    if (!bad)
        bad = take_key(cli, "device-key", explain.device_key, &explain.has_device_key);
    if (!bad)
        bad = timeline_load(cli, cli_argument(cli, 0), &explain.timeline);
    if (bad)
        return bad;
    bad = unit_crypto(cli, &explain.unit, no_store);
    if (bad)
        return bad;
    explain.side = "phone";
    for (long i = 0; i < explain.timeline.num; i++)
        if (strcmp(timeline_text(&explain.timeline, i, "side"), "car") == 0)
            explain.side = "car";
    begin(&explain, " ", "");
    for (long i = 0; i < explain.timeline.num; i++) {
        int is_ours = strcmp(timeline_text(&explain.timeline, i, "side"), explain.side) == 0;
        if (is_ours && *timeline_text(&explain.timeline, i, "command"))
            explain_apdu(&explain, i, 1);
        else if (is_ours && *timeline_text(&explain.timeline, i, "response"))
            explain_apdu(&explain, i, 0);
        else if (*timeline_text(&explain.timeline, i, "outcome"))
            explain_outcome(&explain, i);
    }
    lk_trace_forget(&explain.trace);
    unit_close(&explain.unit);
    timeline_free(&explain.timeline);
    return 0;
}
