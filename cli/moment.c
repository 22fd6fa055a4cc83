/* moment.c: see moment.h. */
#include "moment.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

/* 2000-01-01 00:00:00 UTC, where lk_date_seconds begins, on the clock of the machine. */
#define YEAR_2000 946684800

void moment_from_now(long seconds, uint8_t out[LK_DATE_LEN])
{
    lk_date_text((uint32_t)(time(NULL) - YEAR_2000 + seconds), out);
}

void moment_now(struct lk_date *out)
{
    moment_from_now(0, out->text);
    out->is_known = 1;
}

/* "+3d", "+2h", "+90m". */
static int read_offset(const char *text, uint8_t out[LK_DATE_LEN])
{
    char *end = NULL;
    long num = strtol(text + 1, &end, 10);
    long unit = *end == 'd' ? 86400 : *end == 'h' ? 3600 : *end == 'm' ? 60 : 0;

    if (text[1] < '0' || text[1] > '9' || !unit || end[1] || num > 400000)
        return 0;
    if (num * unit > 50L * 366 * 86400)
        return 0;
    moment_from_now(num * unit, out);
    return 1;
}

/* The digits of "YYYY-MM-DD" or "YYYY-MM-DDThh:mm", and zeros. */
static int read_calendar(const char *text, uint8_t out[LK_DATE_LEN])
{
    static const char shape[] = "dddd-dd-ddTdd:dd";
    size_t len = strlen(text), n = 0;

    if (len != 10 && len != 16)
        return 0;
    memcpy(out, "00000000000000Z", LK_DATE_LEN);
    for (size_t i = 0; i < len; i++) {
        int is_digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !is_digit : text[i] != shape[i])
            return 0;
        if (is_digit)
            out[n++] = (uint8_t)text[i];
    }
    return 1;
}

int moment_read(const struct cli *cli, const char *what, const char *text,
                uint8_t out[LK_DATE_LEN])
{
    int good = 1;

    if (strcmp(text, "now") == 0)
        moment_from_now(0, out);
    else if (*text == '+')
        good = read_offset(text, out);
    else if (strlen(text) == LK_DATE_LEN)
        memcpy(out, text, LK_DATE_LEN);
    else
        good = read_calendar(text, out);
    if (good && lk_date_seconds(lk_bytes(out, LK_DATE_LEN)) != 0)
        return 0;
    return cli_fail(cli, LK_CALLER_ARGUMENT, "%s \"%s\" is no date (as 2026-12-24T18:00, +3d, now)",
                    what, text);
}

char *moment_text(const uint8_t date[LK_DATE_LEN], char *out)
{
    const char *d = (const char *)date;

    snprintf(out, MOMENT_TEXT_LEN, "%.4s-%.2s-%.2s %.2s:%.2s UTC", d, d + 4, d + 6, d + 8, d + 10);
    return out;
}
