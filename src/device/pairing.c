/* pairing.c: SELECT of the framework, SPAKE2+ REQUEST and VERIFY, OP CONTROL FLOW.
 * protocol 3.1, 4.3 to 4.6, 4.11; decisions D19, D20, D31; rules S1, S20. spec/framework.md. */
#include "device/room.h"
#include "latchkey/verifier.h"

/* Release 3 asks both sides for these; this build knows no others. */
static const uint8_t spake_versions[2] = {0x01, 0x00};
static const uint8_t applet_versions[2] = {0x01, 0x00};

/* --- SELECT --- */

/* One planned reset has happened and the key is there: keys, counter and MAC chain go on (D19). */
static int resumes(const struct lk_device *device)
{
    return device->state == LK_FRAMEWORK_ARMED && device->reset_armed && device->resets_used == 1;
}

enum lk_status lk_handle_select(struct lk_device *device, struct lk_call *call)
{
    struct lk_select_framework answer = {
        .spake_versions = {spake_versions, sizeof spake_versions},
        .applet_versions = {applet_versions, sizeof applet_versions},
        .pairing_mode = LK_PAIRING_MODE_OFF,
    };
    struct lk_wr wr;

    if (call->command.p1 != 0x04 || call->command.p2 != 0x00)
        return LK_PEER_P1P2;
    if (lk_select_aid(call->body) != LK_AID_FRAMEWORK)
        return LK_PEER_NOT_FOUND;

    call->next = LK_FRAMEWORK_SELECTED;
    if (resumes(device)) {
        call->next = LK_FRAMEWORK_ARMED;
        call->sw = LK_SW_SEQUENCE;
        if (device->making)
            return LK_OK;
        call->next = LK_FRAMEWORK_READING;
        call->sw = LK_SW_OK;
        device->reset_armed = 0;
        device->data_len = 0;
    } else if (device->is_taken) {
        lk_device_close(device);
    } else {
        lk_device_end_run(device, LK_PEER_SEQUENCE);
    }

    if (lk_device_pairing_open(device, call->now_ms))
        answer.pairing_mode = LK_PAIRING_MODE_READY;
    lk_wr_init(&wr, call->plain, sizeof call->plain);
    lk_select_framework_write(&answer, &wr);
    call->plain_len = wr.len;
    return wr.fault;
}

/* --- REQUEST --- */

static enum lk_status check_versions(const struct lk_spake2_request *request)
{
    uint8_t common[2];

    if (memcmp(request->version.at, spake_versions, sizeof spake_versions) != 0)
        return LK_PEER_VERSION;
    LK_TRY(lk_version_common(lk_bytes(applet_versions, sizeof applet_versions),
                             request->applet_versions, common));
    /* The first entry is the one to use: it must be the highest both know (ST10). */
    return memcmp(request->applet_versions.at, common, sizeof common) == 0 ? LK_OK
                                                                           : LK_PEER_VERSION;
}

/* scrypt, w0, w1 and our share X. */
static enum lk_status start_prover(struct lk_device *device,
                                   const struct lk_spake2_request *request,
                                   struct lk_spake2_prover *out)
{
    enum lk_status status = LK_INTERNAL;
    const struct lk_scrypt_port *scrypt = device->config->scrypt;
    uint8_t dk[80], w0[LK_SCALAR_LEN], w1[LK_SCALAR_LEN];

    status = scrypt->derive(scrypt->ctx, lk_bytes(device->password, sizeof device->password),
                            request->salt.at, request->n, request->r, request->p, dk);
    if (status != LK_OK)
        goto out;
    status = lk_spake2_w0w1(dk, w0, w1);
    if (status != LK_OK)
        goto out;
    status = lk_spake2_prover_start(device->config->crypto, w0, w1, out);
out:
    lk_wipe(dk, sizeof dk);
    lk_wipe(w0, sizeof w0);
    lk_wipe(w1, sizeof w1);
    return status;
}

enum lk_status lk_handle_request(struct lk_device *device, struct lk_call *call)
{
    struct lk_spake2_prover *prover = (struct lk_spake2_prover *)device->spake;
    struct lk_spake2_request request;
    struct lk_wr wr;

    _Static_assert(sizeof *prover <= sizeof device->spake, "lk_device.spake is too small");
    if (call->command.p1 != 0 || call->command.p2 != 0)
        return LK_PEER_P1P2;
    if (!lk_device_pairing_open(device, call->now_ms))
        return LK_PEER_NOT_READY;
    LK_TRY(lk_spake2_request_parse(call->body, &request));
    LK_TRY(check_versions(&request));
    /* Refused before memory or time is spent on it (D31). */
    LK_TRY(lk_scrypt_policy(request.n, request.r, request.p));

    /* A second REQUEST throws the first run away (protocol 4.8). */
    lk_device_end_run(device, LK_PEER_ABORTED);
    LK_TRY(start_prover(device, &request, prover));
    device->pairing_until_ms = call->now_ms + LK_TIMER_OWNER_PAIRING_MS;
    memcpy(device->version, request.version.at, sizeof device->version);
    memcpy(device->brand, request.brand.at, sizeof device->brand);
    memcpy(device->vehicle_versions, request.applet_versions.at, request.applet_versions.len);
    device->vehicle_versions_len = (uint8_t)request.applet_versions.len;

    struct lk_spake2_request_answer answer = {{prover->share, sizeof prover->share}};
    lk_wr_init(&wr, call->plain, sizeof call->plain);
    lk_spake2_request_answer_write(&answer, &wr);
    call->plain_len = wr.len;
    return wr.fault;
}

/* --- VERIFY --- */

/* 5B and 5C as REQUEST had them: there is one encoding, so writing them again gives the same bytes.
 */
static size_t versions_tlv(const struct lk_device *device, uint8_t out[32])
{
    struct lk_wr wr;

    lk_wr_init(&wr, out, 32);
    lk_tlv_put(&wr, LK_TAG_SPAKE_VERSION, device->version, sizeof device->version);
    lk_tlv_put(&wr, LK_TAG_VERSION, device->vehicle_versions, device->vehicle_versions_len);
    return wr.len;
}

enum lk_status lk_handle_verify(struct lk_device *device, struct lk_call *call)
{
    enum lk_status status = LK_INTERNAL;
    struct lk_spake2_prover *prover = (struct lk_spake2_prover *)device->spake;
    struct lk_spake2_verify verify;
    struct lk_pairing_keys keys;
    uint8_t tlvs[32], m2[16];
    size_t tlvs_len = versions_tlv(device, tlvs);
    struct lk_wr wr;

    memset(&keys, 0, sizeof keys);
    if (call->command.p1 != 0 || call->command.p2 != 0) {
        status = LK_PEER_P1P2;
        goto out;
    }
    status = lk_spake2_verify_parse(call->body, &verify);
    if (status != LK_OK)
        goto out;

    /* Counted before it is looked at; only a wrong guess stays counted (S20). */
    device->wrong_evidence++;
    status = lk_spake2_prover_finish(device->config->crypto, prover, verify.share.at,
                                     verify.evidence.at, lk_bytes(tlvs, tlvs_len), m2, &keys);
    if (status != LK_PEER_EVIDENCE)
        device->wrong_evidence--;
    if (device->wrong_evidence >= LK_EVIDENCE_MAX)
        lk_device_drop_password(device);
    if (status != LK_OK)
        goto out;

    lk_chan_open(&device->chan, &keys.channel);
    device->data_len = 0;
    struct lk_spake2_verify_answer answer = {{m2, sizeof m2}};
    lk_wr_init(&wr, call->plain, sizeof call->plain);
    lk_spake2_verify_answer_write(&answer, &wr);
    call->plain_len = wr.len;
    status = wr.fault;
out:
    lk_wipe(&keys, sizeof keys);
    lk_wipe(device->spake, sizeof device->spake);
    return status;
}

/* --- OP CONTROL FLOW --- */

/* Whether the car can have come to this end: a key was made and it has read all of H. */
static int has_shown_key(const struct lk_device *device)
{
    return (device->state == LK_FRAMEWORK_READING && device->h_was_read) ||
           device->state == LK_FRAMEWORK_ATTESTED || device->state == LK_FRAMEWORK_FINISHED;
}

/* Neither MACed nor signed: it moves the conversation, never a key (S1). */
enum lk_status lk_handle_control(struct lk_device *device, struct lk_call *call)
{
    uint8_t p1 = call->command.p1, p2 = call->command.p2;

    LK_TRY(lk_op_control_flow_check(p1, p2));
    device->control[0] = p1;
    device->control[1] = p2;

    if (p1 == LK_OP_CONTINUE && p2 == LK_OP_MAKE_KEY) {
        /* WRITTEN is reached by a MACed 5F5F and good data alone. */
        if (device->state != LK_FRAMEWORK_WRITTEN)
            return LK_PEER_SEQUENCE;
        device->reset_armed = 1;
        device->resets_used = 0;
        device->making = 1;
        call->next = LK_FRAMEWORK_ARMED;
        return LK_OK;
    }
    if (p1 == LK_OP_CONTINUE || p1 == LK_OP_END) {
        if (!has_shown_key(device))
            return LK_PEER_SEQUENCE;
        device->is_taken = 1;
        call->next = LK_FRAMEWORK_FINISHED;
        return LK_OK;
    }
    if (device->is_taken)
        lk_device_close(device);
    else
        lk_device_end_run(device, LK_PEER_ABORTED);
    call->next = LK_FRAMEWORK_IDLE;
    return LK_OK;
}
