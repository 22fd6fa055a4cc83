/* control_flow.c: the reasons in P1 and P2, and their words. */
#include "msg/control_flow.h"

struct reason {
    uint8_t p1, p2;
    const char *text;
};

static const struct reason control[] = {
    {LK_CONTROL_FAILED, LK_CONTROL_NO_INFO, "the transaction failed"},
    {LK_CONTROL_FAILED, LK_CONTROL_SIGNATURE, "failed: invalid signature"},
    {LK_CONTROL_FAILED, LK_CONTROL_KEY_ENDED, "failed: check with the car, the key may be ended"},
    {LK_CONTROL_FAILED, LK_CONTROL_NOT_READY, "failed: doors not closed or vehicle not ready"},
    {LK_CONTROL_FAILED, LK_CONTROL_NOT_PARKED, "failed: not in parking state"},
    {LK_CONTROL_DONE, LK_CONTROL_NO_INFO, "the transaction succeeded"},
    {LK_CONTROL_SPECIFIC, LK_CONTROL_KEY_ENDED, "application step"},
};

static const struct reason op_control[] = {
    {LK_OP_CONTINUE, LK_OP_MAKE_KEY, "continue: reset the field and make the key"},
    {LK_OP_CONTINUE, LK_OP_KEY_ACCEPTED, "continue: the key is accepted"},
    {LK_OP_END, LK_OP_FINISHED, "end: finished"},
    {LK_OP_END, LK_OP_FINISHED_TOKENS_ONLINE, "end: finished, tokens follow online"},
    {LK_OP_ABORT, LK_OP_NO_REASON, "abort: no reason given"},
    {LK_OP_ABORT, LK_OP_NO_SPAKE_VERSION, "abort: no common SPAKE2+ version"},
    {LK_OP_ABORT, LK_OP_NO_APPLET_VERSION, "abort: no common applet version"},
    {LK_OP_ABORT, LK_OP_ATTEMPTS_USED, "abort: all attempts are used up"},
    {LK_OP_ABORT, LK_OP_NEW_PASSWORD, "abort: a new password is required"},
    {LK_OP_ABORT, LK_OP_TIMEOUT, "abort: pairing mode is over"},
    {LK_OP_ABORT, LK_OP_UNEXPECTED_SW, "abort: unexpected status word"},
    {LK_OP_ABORT, LK_OP_CHANNEL, "abort: the secure channel failed"},
    {LK_OP_ABORT, LK_OP_MALFORMED, "abort: malformed response"},
    {LK_OP_ABORT, LK_OP_EVIDENCE, "abort: the pairing evidence is wrong"},
    {LK_OP_ABORT, LK_OP_CHAIN, "abort: the certificate chain is not trusted"},
    {LK_OP_ABORT, LK_OP_CERT_SIGNATURE, "abort: a certificate does not verify"},
    {LK_OP_ABORT, LK_OP_POINT_X, "abort: point X is invalid"},
    {LK_OP_ABORT, LK_OP_EXTENSION, "abort: the key is not what was asked for"},
    {LK_OP_ABORT, LK_OP_SLOTS_FULL, "abort: no key slot is free"},
    {LK_OP_ABORT, LK_OP_CANCELLED, "abort: the user cancelled"},
};

static const char *find(const struct reason *reasons, size_t num, uint8_t p1, uint8_t p2)
{
    for (size_t i = 0; i < num; i++) {
        if (reasons[i].p1 == p1 && reasons[i].p2 == p2)
            return reasons[i].text;
    }
    return "unknown";
}

const char *lk_control_flow_text(uint8_t p1, uint8_t p2)
{
    return find(control, sizeof control / sizeof control[0], p1, p2);
}

const char *lk_op_control_flow_text(uint8_t p1, uint8_t p2)
{
    return find(op_control, sizeof op_control / sizeof op_control[0], p1, p2);
}

enum lk_status lk_control_flow_check(uint8_t p1, uint8_t p2)
{
    (void)p2; /* every reason is a hint: an unknown one says no more than 00 */
    if (p1 != LK_CONTROL_FAILED && p1 != LK_CONTROL_DONE && p1 != LK_CONTROL_SPECIFIC)
        return LK_PEER_P1P2;
    return LK_OK;
}

enum lk_status lk_op_control_flow_check(uint8_t p1, uint8_t p2)
{
    if (p1 == LK_OP_CONTINUE)
        return p2 == LK_OP_MAKE_KEY || p2 == LK_OP_KEY_ACCEPTED ? LK_OK : LK_PEER_P1P2;
    if (p1 != LK_OP_END && p1 != LK_OP_ABORT)
        return LK_PEER_P1P2;
    return LK_OK;
}
