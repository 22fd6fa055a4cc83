/* message.c: latchkey trace message and package: the messages of a sharing, opened with the secret
 * of its link (M79). */
#include <string.h>

#include "base/base.h"
#include "base64url.h"
#include "explain.h"
#include "rows.h"
#include "share.h"
#include "unit.h"

/* What is needed to open one. */
struct opener {
    struct unit unit;
    struct lk_share_secret secret;
    uint8_t session[16];
};

static int open_link(struct cli *cli, struct opener *opener)
{
    static const uint8_t no_store[32] = {1};
    const char *link = cli_value(cli, "link", NULL);
    if (!link)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "expected --link LINK");
    int bad = share_link_read(cli, link, opener->session, &opener->secret);
    return bad ? bad : unit_crypto(cli, &opener->unit, no_store);
}

/* Opens the message in a file; `out` takes SHARE_TEXT_MAX. */
static int open_file(struct cli *cli, struct opener *opener, const char *path, uint8_t *out,
                     size_t *out_len)
{
    static char text[SHARE_TEXT_MAX];
    static uint8_t blob[SHARE_TEXT_MAX];
    char link[SHARE_LINK_MAX];
    int bad = share_read_text(cli, path, link, text);
    if (bad)
        return bad;
    long len = base64url_read(text, strlen(text), blob, sizeof blob);
    enum lk_status status = lk_trace_open_message(&opener->unit.crypto, &opener->secret,
                                                  cli_bytes(blob, (size_t)len), out, out_len);
    return status == LK_OK ? 0 : cli_fail(cli, status, "%s", path);
}

static void print_line(void *ctx, const struct lk_trace_line *line)
{
    explain_line(ctx, line);
}

/* Names every byte; the exit code is that of the check. */
static int explain(struct cli *cli, struct opener *opener, struct lk_bytes plain,
                   enum lk_status (*name)(struct lk_trace *trace, struct lk_bytes plain))
{
    static struct lk_trace trace;
    json_t *parts = cli_flag(cli, "json") ? json_array() : NULL;
    lk_trace_init(&trace, &opener->unit.crypto, 0, print_line, parts);
    enum lk_status status = name(&trace, plain);
    lk_trace_forget(&trace);
    if (parts)
        cli_print_json(json_pack("{s:b, s:s, s:o}", "ok", status == LK_OK, "status",
                                 lk_status_name(status), "parts", parts));
    return lk_status_exit_code(status);
}

int message_explain(struct cli *cli)
{
    static struct opener opener;
    static uint8_t plain[SHARE_TEXT_MAX];
    size_t len = 0;
    int bad = open_link(cli, &opener);
    if (bad)
        return bad;
    bad = open_file(cli, &opener, cli_argument(cli, 0), plain, &len);
    if (!bad)
        bad = explain(cli, &opener, cli_bytes(plain, len), lk_trace_message);
    lk_wipe(&opener.secret, sizeof opener.secret);
    unit_close(&opener.unit);
    return bad;
}

/* 7F35 from what the two messages say. */
static enum lk_status build(struct lk_bytes invitation, struct lk_bytes answer, uint8_t *out,
                            size_t cap, size_t *out_len)
{
    struct lk_share_creation creation;
    struct lk_share_import import;
    struct lk_package package = {.device_type = LK_DEVICE_PHONE};
    struct lk_wr wr;
    enum lk_status status = lk_share_creation_parse(invitation, &creation);
    if (status == LK_OK)
        status = lk_share_import_parse(answer, &import);
    if (status != LK_OK)
        return status;
    package.share = import.share;
    package.signature = import.signature;
    package.entitlement = creation.entitlement;
    package.slot = creation.entitlement.slot;
    lk_wr_init(&wr, out, cap);
    lk_package_write(&package, &wr);
    *out_len = wr.len;
    return wr.fault;
}

static int put_together(struct cli *cli, struct opener *opener)
{
    static uint8_t invitation[SHARE_TEXT_MAX], answer[SHARE_TEXT_MAX];
    uint8_t package[2048];
    char text[BASE64URL_LEN(sizeof package) + 1];
    size_t invitation_len = 0, answer_len = 0, len = 0;
    const char *out = cli_value(cli, "out", NULL);
    int bad = open_file(cli, opener, cli_argument(cli, 0), invitation, &invitation_len);
    if (!bad)
        bad = open_file(cli, opener, cli_argument(cli, 1), answer, &answer_len);
    if (bad)
        return bad;
    enum lk_status status = build(cli_bytes(invitation, invitation_len),
                                  cli_bytes(answer, answer_len), package, sizeof package, &len);
    if (status != LK_OK)
        return cli_fail(cli, status, "%s and %s make no package", cli_argument(cli, 0),
                        cli_argument(cli, 1));
    if (!out)
        return explain(cli, opener, cli_bytes(package, len), lk_trace_package);
    bad = share_write_text(cli, out, base64url_write(package, len, text));
    if (!bad && cli_flag(cli, "json"))
        cli_print_json(local_answer(LK_OK));
    return bad;
}

int message_package(struct cli *cli)
{
    static struct opener opener;
    int bad = open_link(cli, &opener);
    if (bad)
        return bad;
    bad = put_together(cli, &opener);
    lk_wipe(&opener.secret, sizeof opener.secret);
    unit_close(&opener.unit);
    return bad;
}
