/* date.c: dates as digits and as seconds. The count starts at the year 2000 and is 0 for "none", so
 * no date before 2000-01-01 00:00:01 is one; it lasts until 2136. */
#include "base/base.h"

#define DAY 86400u

/* Two digits at `at` as a number, 100 if they are not digits. */
static unsigned two(const uint8_t *at)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return 100;
    return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

static int is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return lengths[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
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
    if (day < 1 || day > days_of_month(century * 100 + year, month))
        return 0;
    return two(text.at + 8) < 24 && two(text.at + 10) < 60 && two(text.at + 12) < 60;
}

uint32_t lk_date_seconds(struct lk_bytes text)
{
    unsigned year, month;
    uint32_t days = 0;

    if (!lk_date_is_good(text))
        return 0;
    year = two(text.at) * 100 + two(text.at + 2);
    month = two(text.at + 4);
    if (year < 2000)
        return 0;
    if (year > LK_DATE_LAST_YEAR)
        return UINT32_MAX;
    for (unsigned y = 2000; y < year; y++)
        days += is_leap(y) ? 366 : 365;
    for (unsigned m = 1; m < month; m++)
        days += days_of_month(year, m);
    days += two(text.at + 6) - 1;
    return days * DAY + two(text.at + 8) * 3600u + two(text.at + 10) * 60u + two(text.at + 12);
}

static void put_two(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)('0' + value / 10 % 10);
    at[1] = (uint8_t)('0' + value % 10);
}

void lk_date_text(uint32_t seconds, uint8_t out[LK_DATE_LEN])
{
    uint32_t days = seconds / DAY, rest = seconds % DAY;
    unsigned year = 2000, month = 1;

    while (days >= (is_leap(year) ? 366u : 365u))
        days -= is_leap(year++) ? 366u : 365u;
    while (days >= days_of_month(year, month))
        days -= days_of_month(year, month++);
    put_two(out, year / 100);
    put_two(out + 2, year % 100);
    put_two(out + 4, month);
    put_two(out + 6, days + 1);
    put_two(out + 8, rest / 3600);
    put_two(out + 10, rest / 60 % 60);
    put_two(out + 12, rest % 60);
    out[14] = 'Z';
}
