/* date.c: dates as digits. spec/certificates.md, section 2.3. */
#include "pki/pki.h"

/* Two digits at `at` as a number, 100 if they are not digits. */
static unsigned two(const uint8_t *at)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return 100;
    return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

static unsigned days(unsigned year, unsigned month)
{
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && is_leap ? 1u : 0u);
}

int lk_date_is_good(struct lk_bytes text)
{
    unsigned century, year, month, day;

    if (text.len != LK_DATE_LEN || text.at[14] != 'Z')
        return 0;
    century = two(text.at);
    year = two(text.at + 2);
    month = two(text.at + 4);
    day = two(text.at + 6);
    if (century > 99 || year > 99 || month < 1 || month > 12)
        return 0;
    if (day < 1 || day > days(century * 100 + year, month))
        return 0;
    return two(text.at + 8) < 24 && two(text.at + 10) < 60 && two(text.at + 12) < 60;
}

int lk_date_expand(struct lk_bytes content, uint8_t out[LK_DATE_LEN])
{
    uint8_t text[LK_DATE_LEN];

    if (content.len == LK_DATE_LEN) {
        /* From 2050 on alone: an earlier date has one encoding, UTCTime. */
        if (memcmp(content.at, "2050", 4) < 0)
            return 0;
        memcpy(text, content.at, LK_DATE_LEN);
    } else if (content.len == LK_DATE_LEN - 2) {
        memcpy(text, content.at[0] >= '5' ? "19" : "20", 2);
        memcpy(text + 2, content.at, content.len);
    } else {
        return 0;
    }
    if (!lk_date_is_good(lk_bytes(text, sizeof text)))
        return 0;
    memcpy(out, text, sizeof text);
    return 1;
}
