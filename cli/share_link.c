/* share_link.c: links, message files and QR codes. */
#include <qrencode.h>
#include <string.h>

#include "base/base.h"
#include "base64url.h"
#include "share.h"

#define PREFIX "latchkey:share?v=c&s="
#define SESSION_DIGITS BASE64URL_LEN(16)
#define SECRET_DIGITS BASE64URL_LEN(sizeof((struct lk_share_secret *)0)->key)

char *share_link_write(const uint8_t session[16], const struct lk_share_secret *secret, char *out)
{
    char session_text[SESSION_DIGITS + 1], secret_text[SECRET_DIGITS + 1];

    snprintf(out, SHARE_LINK_MAX, PREFIX "%s#%s", base64url_write(session, 16, session_text),
             base64url_write(secret->key, sizeof secret->key, secret_text));
    lk_wipe(secret_text, sizeof secret_text);
    return out;
}

int share_link_read(const struct cli *cli, const char *text, uint8_t out_session[16],
                    struct lk_share_secret *out_secret)
{
    const char *session = text + sizeof PREFIX - 1;
    const char *secret = session + SESSION_DIGITS + 1;

    if (strncmp(text, PREFIX, sizeof PREFIX - 1) != 0)
        return cli_fail(cli, LK_CALLER_ARGUMENT,
                        "that is no link of a sharing (" PREFIX "SESSION#SECRET)");
    if (strlen(session) < SESSION_DIGITS + 1 || session[SESSION_DIGITS] != '#' ||
        strlen(secret) != SECRET_DIGITS)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "the link is not whole: it ends with #SECRET, %d "
                                                 "characters", (int)SECRET_DIGITS);
    if (base64url_read(session, SESSION_DIGITS, out_session, 16) != 16 ||
        base64url_read(secret, SECRET_DIGITS, out_secret->key, sizeof out_secret->key) !=
            (long)sizeof out_secret->key)
        return cli_fail(cli, LK_CALLER_ARGUMENT, "the link is damaged");
    return 0;
}

static void trim(char *line)
{
    size_t len = strlen(line);
    while (len && strchr("\r\n \t", line[len - 1]))
        line[--len] = 0;
}

int share_read_text(const struct cli *cli, const char *path, char *out_link,
                    char out[SHARE_TEXT_MAX])
{
    static uint8_t bytes[SHARE_TEXT_MAX];
    int is_stdin = !path || strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    FILE *file = is_stdin ? stdin : fopen(path, "r");
    if (!file)
        return cli_fail_path(cli, LK_CALLER_FILE, name);
    char *line = fgets(out, SHARE_TEXT_MAX, file);
    if (line && out_link && strncmp(line, "latchkey:", 9) == 0) {
        trim(line);
        snprintf(out_link, SHARE_LINK_MAX, "%.127s", line);
        line = fgets(out, SHARE_TEXT_MAX, file);
    }
    if (!is_stdin)
        fclose(file);
    if (line)
        trim(line);
    if (!line || !*line)
        return cli_fail(cli, LK_CALLER_FILE, "%s is empty: a message is one line", name);
    if (base64url_read(line, strlen(line), bytes, sizeof bytes) < 0)
        return cli_fail(cli, LK_CALLER_FILE, "%s holds no message: it is not base64url", name);
    return 0;
}

int share_write_text(const struct cli *cli, const char *path, const char *text)
{
    char line[SHARE_TEXT_MAX + 1];
    if (!path || strcmp(path, "-") == 0) {
        printf("%s\n", text);
        fflush(stdout);
        return 0;
    }
    int len = snprintf(line, sizeof line, "%s\n", text);
    enum lk_status status = cli_write_file(path, line, (size_t)len, 0600);
    return status == LK_OK ? 0 : cli_fail_path(cli, status, path);
}

/* Two rows of modules are one row of characters; a border of four as the standard wants it. */
int share_print_qr(FILE *to, const char *text)
{
    static const char *const blocks[] = {"\u2588", "\u2580", "\u2584", " "}; /* 1 is a dark half */
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (!code)
        return 0;
    for (int y = -4; y < code->width + 4; y += 2) {
        for (int x = -4; x < code->width + 4; x++) {
            int dark[2];
            for (int i = 0; i < 2; i++)
                dark[i] = x >= 0 && x < code->width && y + i >= 0 && y + i < code->width &&
                          (code->data[(y + i) * code->width + x] & 1);
            fputs(blocks[dark[0] ? (dark[1] ? 3 : 2) : (dark[1] ? 1 : 0)], to);
        }
        fputs("\n", to);
    }
    QRcode_free(code);
    return 1;
}
