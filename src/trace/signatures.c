/* signatures.c: the two signatures of AUTH1, checked where the public keys are known
 * (spec/transaction.md). */
#include "trace/room.h"

#include "crypto/crypto.h"

#define LK_USAGE(name, value, signer, origin) static const uint32_t name = (value);
#include "facts/usages.def"
#undef LK_USAGE

#define INS_AUTH0 0x80
#define INS_AUTH1 0x81

void lk_trace_public_keys(struct lk_trace *trace, const uint8_t *vehicle, const uint8_t *device)
{
    struct lk_trace_auth *auth = &trace->auth;

    auth->has_vehicle_key = vehicle != NULL;
    auth->has_device_key = device != NULL;
    if (vehicle != NULL)
        memcpy(auth->vehicle_key, vehicle, LK_POINT_LEN);
    if (device != NULL)
        memcpy(auth->device_key, device, LK_POINT_LEN);
}

/* What both signatures cover comes with AUTH0 and its answer. */
static void keep_auth0(struct lk_trace_auth *auth, int is_response, struct lk_bytes plain)
{
    struct lk_auth0 msg;
    struct lk_auth0_answer answer;

    if (is_response && lk_auth0_answer_parse(plain, &answer) == LK_OK) {
        memcpy(auth->device_ephemeral, answer.ephemeral.at, LK_POINT_LEN);
        auth->is_whole = auth->is_begun;
    }
    if (!is_response && lk_auth0_parse(plain, &msg) == LK_OK) {
        memcpy(auth->vehicle_ephemeral, msg.ephemeral.at, LK_POINT_LEN);
        memcpy(auth->transaction_id, msg.transaction_id.at, LK_TRANSACTION_ID_LEN);
        memcpy(auth->vehicle_id, msg.vehicle_id.at, LK_VEHICLE_ID_LEN);
        auth->is_begun = 1;
        auth->is_whole = 0;
    }
}

static enum lk_status verify(struct lk_trace *trace, const uint8_t *key, uint32_t usage,
                             struct lk_bytes signature)
{
    const struct lk_trace_auth *auth = &trace->auth;
    struct lk_transcript t = {.vehicle_ephemeral = auth->vehicle_ephemeral,
                              .device_ephemeral = auth->device_ephemeral,
                              .transaction_id = auth->transaction_id};
    uint8_t text[102] = {0};
    struct lk_bytes part = lk_bytes(text, sizeof text);

    LK_TRY(lk_auth1_signed(auth->vehicle_id, &t, usage, text));
    return lk_verify(trace->crypto, key, &part, 1, signature.at);
}

enum lk_status lk_trace_signature(struct lk_trace *trace, const struct lk_body_row *row,
                                  struct lk_bytes plain)
{
    struct lk_trace_auth *auth = &trace->auth;
    struct lk_auth1 command;
    struct lk_auth1_answer answer;

    if (row->aid != LK_AID_APPLET || row->is_wired)
        return LK_OK;
    if (row->ins == INS_AUTH0)
        keep_auth0(auth, row->is_response, plain);
    if (row->ins != INS_AUTH1 || !auth->is_whole || trace->crypto == NULL)
        return LK_OK;
    if (!row->is_response && auth->has_vehicle_key && lk_auth1_parse(plain, &command) == LK_OK)
        return lk_trace_check(trace, "vehicle signature",
                              verify(trace, auth->vehicle_key, LK_USAGE_AUTH1_VEHICLE,
                                     command.signature));
    if (row->is_response && auth->has_device_key && lk_auth1_answer_parse(plain, &answer) == LK_OK)
        return lk_trace_check(trace, "device signature",
                              verify(trace, auth->device_key, LK_USAGE_AUTH1_DEVICE,
                                     answer.signature));
    return LK_OK;
}
