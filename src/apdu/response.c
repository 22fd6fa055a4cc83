/* response.c: response APDUs, and what a status word means (protocol 2.2, P-10). */
#include <assert.h>

#include "apdu/apdu.h"

enum lk_status lk_response_parse(struct lk_bytes in, struct lk_bytes *out_body, uint16_t *out_sw)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_bytes body;
    uint16_t sw;
    struct lk_rd rd;

    if (in.len < 2 || in.len > LK_APDU_RESPONSE_MAX)
        return LK_PEER_APDU;
    lk_rd_init(&rd, in, &fault);
    body = lk_rd_take(&rd, in.len - 2);
    sw = lk_rd_u16(&rd);
    lk_rd_close(&rd);
    assert(fault == LK_OK); /* the length fits */
    *out_body = body;
    *out_sw = sw;
    return LK_OK;
}

struct answer {
    enum lk_status status;
    uint16_t sw;
};

/* A key that is locked, ended or unknown looks like an unknown car: 6982 for all (S13, D23).
 * What is not in the table is our own trouble: 6F00. */
static const struct answer answers[] = {
    {LK_OK, LK_SW_OK},
    {LK_PEER_LENGTH, LK_SW_LENGTH},
    {LK_PEER_APDU, LK_SW_LENGTH},
    {LK_PEER_TLV, LK_SW_DATA},
    {LK_PEER_TAG, LK_SW_DATA},
    {LK_PEER_VALUE, LK_SW_DATA},
    {LK_PEER_VERSION, LK_SW_DATA},
    {LK_PEER_POINT, LK_SW_DATA},
    {LK_PEER_RANGE, LK_SW_DATA},
    {LK_PEER_SEQUENCE, LK_SW_SEQUENCE},
    {LK_PEER_COUNTER, LK_SW_SEQUENCE},
    {LK_PEER_UNAVAILABLE, LK_SW_SEQUENCE},
    {LK_NEEDS_USER_AUTH, LK_SW_SEQUENCE},
    {LK_PEER_TIMEOUT, LK_SW_SEQUENCE},
    {LK_PEER_MAC, LK_SW_MAC},
    {LK_PEER_SIGNATURE, LK_SW_SECURITY},
    {LK_TAP_WRONG_CAR, LK_SW_SECURITY},
    {LK_TAP_KEY_UNKNOWN, LK_SW_SECURITY},
    {LK_TAP_KEY_ENDED, LK_SW_SECURITY},
    {LK_TAP_NOT_ALLOWED, LK_SW_SECURITY},
    {LK_KEY_LOCKED, LK_SW_SECURITY},
    {LK_KEY_TERMINATED, LK_SW_SECURITY},
    {LK_SHARE_NOT_OWNER, LK_SW_SECURITY},
    {LK_SHARE_CONSENT, LK_SW_SEQUENCE},
    {LK_PEER_EVIDENCE, LK_SW_INVALID},
    {LK_PEER_REFLECTED, LK_SW_INVALID},
    {LK_PEER_PARAMETER, LK_SW_INVALID},
    {LK_PEER_CLASS, LK_SW_CLASS},
    {LK_PEER_INS, LK_SW_INS},
    {LK_PEER_P1P2, LK_SW_P1P2},
    {LK_PEER_TOO_LONG, LK_SW_NO_MEMORY},
    {LK_PEER_NOT_FOUND, LK_SW_NOT_FOUND},
    {LK_PEER_NOT_READY, LK_SW_NOT_READY},
    {LK_CALLER_NOT_FOUND, LK_SW_NOT_FOUND},
    {LK_CALLER_EXISTS, LK_SW_SEQUENCE},
    {LK_CALLER_STATE, LK_SW_SEQUENCE},
    {LK_CALLER_FULL, LK_SW_NO_MEMORY},
    {LK_STORE_FULL, LK_SW_NO_MEMORY},
};

uint16_t lk_sw_for_status(enum lk_status status)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].status == status)
            return answers[i].sw;
    }
    return LK_SW_INTERNAL;
}

enum lk_status lk_status_for_sw(uint16_t sw)
{
    switch (sw) {
    case LK_SW_OK:
        return LK_OK;
    case LK_SW_SEQUENCE:
        return LK_PEER_UNAVAILABLE;
    case LK_SW_NOT_FOUND:
        return LK_PEER_NOT_FOUND;
    case LK_SW_NOT_READY:
        return LK_PEER_NOT_READY;
    case LK_SW_SECURITY:
        return LK_TAP_WRONG_CAR;
    case LK_SW_MAC:
        return LK_PEER_MAC;
    case LK_SW_INVALID:
        return LK_PEER_EVIDENCE;
    default:
        return LK_PEER_SW;
    }
}
