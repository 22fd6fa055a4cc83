/* atr.c: is this a whole answer to reset? ISO 7816-3, section 8. */
#include "latchkey/tcp_reader.h"

#define ATR_MAX 33u

/* How many interface bytes the high nibble of T0 or TDi announces. */
static size_t announced(uint8_t byte)
{
    return (size_t)((byte >> 4) & 1) + ((byte >> 5) & 1) + ((byte >> 6) & 1) + ((byte >> 7) & 1);
}

int lk_atr_is_valid(const uint8_t *atr, size_t len)
{
    size_t at = 2, historical, i;
    uint8_t next, sum = 0;
    int needs_check = 0;

    if (len < 2 || len > ATR_MAX || (atr[0] != 0x3b && atr[0] != 0x3f))
        return 0;
    historical = atr[1] & 0x0f;
    next = atr[1];
    while ((next & 0xf0) != 0) {
        size_t num = announced(next);

        if (num > len - at)
            return 0;
        at += num;
        if ((next & 0x80) == 0)
            break;
        next = atr[at - 1]; /* TDi is the last of its group */
        if ((next & 0x0f) != 0)
            needs_check = 1; /* a protocol other than T=0 is offered */
    }
    if (len - at != historical + (needs_check ? 1 : 0))
        return 0;
    for (i = 1; i < len; i++)
        sum ^= atr[i];
    return !needs_check || sum == 0;
}
