/* date.c: the two forms of a date in a certificate. spec/certificates.md, section 2.3. */
#include "pki/pki.h"

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
