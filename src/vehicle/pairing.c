/* pairing.c: owner pairing, the car's side: the order of steps (protocol 17.1 item 2;
 * spec/pairing.md). What is written is in pairing_write.c, what is read in pairing_read.c.
 *
 * Every way out that is not success wipes, drops the pending owner and tells the phone why (P-04).
 * Success of a step is a valid MAC or evidence, never a status word (S2). */
#include "vehicle/vehicle.h"

static struct lk_spake2_verifier *spake(struct lk_pairing *pairing)
{
    _Static_assert(sizeof(struct lk_spake2_verifier) <= sizeof(pairing->spake), "room for SPAKE2+");
    return (struct lk_spake2_verifier *)(void *)pairing->spake;
}

static struct lk_crypto *crypto_of(const struct lk_pairing *pairing)
{
    return pairing->vehicle->config->crypto;
}

/* After the last attempt the verifier is of no use to its owner: it goes (PA13). If that fails, the
 * counter still refuses, and the next start of a pairing finds it refused. */
static void drop_used_up(struct lk_vehicle *vehicle)
{
    enum lk_status status = lk_store_begin(vehicle->config->store);

    lk_wipe(&vehicle->verifier, sizeof vehicle->verifier);
    vehicle->has_verifier = 0;
    if (status == LK_OK)
        status = lk_vehicle_end_commit(vehicle, lk_vehicle_drop_verifier(vehicle));
    if (status == LK_OK)
        (void)lk_store_compact(vehicle->config->store);
}

/* Ends the run: secrets wiped, the mode closed after two failures of one opening (S20). */
static void close_run(struct lk_pairing *pairing, enum lk_status status)
{
    struct lk_vehicle *vehicle = pairing->vehicle;

    if (status != LK_OK && pairing->has_pending && lk_vehicle_drop_pending(vehicle) != LK_OK)
        vehicle->pending_until_ms = 1; /* its time is over: unusable, and dropped by a later tick */
    if (status != LK_OK && pairing->counted)
        vehicle->pairing_failures++;
    if (vehicle->active_pairing == pairing)
        vehicle->active_pairing = NULL;
    if (status == LK_OK || vehicle->pairing_failures >= LK_PAIRING_FAILURES_PER_OPENING ||
        vehicle->attempts >= LK_PAIRING_ATTEMPTS_MAX)
        vehicle->pairing_open = 0;
    if (status != LK_OK && vehicle->attempts >= LK_PAIRING_ATTEMPTS_MAX && vehicle->has_verifier)
        drop_used_up(vehicle);
    lk_chan_forget(&pairing->chan);
    lk_wipe(pairing->spake, sizeof pairing->spake);
    lk_wipe(pairing->data, sizeof pairing->data);
    pairing->counted = 0;
    pairing->has_pending = 0;
    pairing->status = status;
}

/* Which reason the phone is told (P-04). */
static uint8_t reason_for(enum lk_status status)
{
    switch (status) {
    case LK_PEER_VERSION:
        return LK_OP_NO_APPLET_VERSION;
    case LK_PAIRING_BLOCKED:
        return LK_OP_ATTEMPTS_USED;
    case LK_PEER_TIMEOUT:
        return LK_OP_TIMEOUT;
    case LK_PEER_SW:
    case LK_PEER_SEQUENCE:
    case LK_PEER_NOT_READY:
    case LK_PAIRING_REFUSED:
        return LK_OP_UNEXPECTED_SW;
    case LK_PEER_MAC:
    case LK_PEER_COUNTER:
        return LK_OP_CHANNEL;
    case LK_PEER_EVIDENCE:
        return LK_OP_EVIDENCE;
    case LK_PEER_POINT:
    case LK_PEER_REFLECTED:
        return LK_OP_POINT_X;
    case LK_CERT_SIGNATURE:
        return LK_OP_CERT_SIGNATURE;
    case LK_CERT_MISMATCH:
        return LK_OP_EXTENSION;
    case LK_CALLER_FULL:
        return LK_OP_SLOTS_FULL;
    case LK_TAP_KEY_ENDED:
        return LK_OP_CANCELLED;
    default:
        break;
    }
    if (status >= LK_CERT_DER && status <= LK_CERT_DEPTH)
        return LK_OP_CHAIN;
    return lk_status_fault(status) == LK_FAULT_PEER ? LK_OP_MALFORMED : LK_OP_NO_REASON;
}

static enum lk_status finish(struct lk_pairing *pairing, enum lk_status status,
                             const struct lk_send *send)
{
    close_run(pairing, status);
    pairing->state = status == LK_OK ? LK_PAIR_PENDING : LK_PAIR_CLOSED;
    *send->step = LK_STEP_DONE;
    *send->out_len = 0;
    return LK_OK;
}

enum lk_status lk_pairing_fail(struct lk_pairing *pairing, enum lk_status status,
                               const struct lk_send *send)
{
    uint8_t reason = reason_for(status);

    if (status == LK_PEER_VERSION && pairing->abort_reason != 0)
        reason = pairing->abort_reason;
    close_run(pairing, status);
    pairing->state = LK_PAIR_ABORT;
    pairing->abort_reason = reason;
    return lk_send_command(send, 0x80, 0x3c, LK_OP_ABORT, reason, lk_bytes(NULL, 0), 0);
}

static enum lk_status send_select(struct lk_pairing *pairing, uint8_t state,
                                  const struct lk_send *send)
{
    pairing->state = state;
    return lk_send_command(send, 0x00, 0xa4, 0x04, 0x00,
                           lk_bytes(lk_aid_framework, sizeof lk_aid_framework), 1);
}

enum lk_status lk_vehicle_pair_begin(struct lk_vehicle *vehicle, struct lk_pairing *pairing,
                                     enum lk_reader reader, enum lk_interface interface,
                                     uint64_t now_ms, enum lk_step *out_step, uint8_t *out,
                                     size_t *out_len)
{
    struct lk_send send = {out_step, out, out_len};

    *out_step = LK_STEP_DONE;
    *out_len = 0;
    if (!lk_policy_of(vehicle, (uint8_t)reader)->may_pair)
        return LK_PAIRING_READER;
    if (vehicle->active_pairing != NULL)
        return LK_PORT_BUSY;
    memset(pairing, 0, sizeof *pairing);
    pairing->vehicle = vehicle;
    pairing->reader = (uint8_t)reader;
    pairing->interface = (uint8_t)interface;
    pairing->status = LK_CALLER_STATE;
    if (vehicle->attempts >= LK_PAIRING_ATTEMPTS_MAX) {
        LK_TRY(lk_pairing_fail(pairing, LK_PAIRING_BLOCKED, &send));
        return LK_PAIRING_BLOCKED;
    }
    if (!vehicle->pairing_open || now_ms >= vehicle->pairing_until_ms || !vehicle->has_verifier)
        return LK_PAIRING_CLOSED;
    vehicle->active_pairing = pairing;
    pairing->deadline_ms = vehicle->pairing_until_ms;
    return send_select(pairing, LK_PAIR_SELECT, &send);
}

/* Versions first (protocol 3.3), then the attempt counter once more, then REQUEST. */
static enum lk_status on_select(struct lk_pairing *pairing, uint64_t now_ms, struct lk_bytes body,
                                const struct lk_send *send)
{
    struct lk_vehicle *vehicle = pairing->vehicle;
    const struct lk_verifier *verifier = &vehicle->verifier;
    struct lk_bytes spakes = lk_bytes(lk_vehicle_spake_versions, sizeof lk_vehicle_spake_versions);
    struct lk_bytes applets =
        lk_bytes(lk_vehicle_applet_versions, sizeof lk_vehicle_applet_versions);
    struct lk_select_framework answer;
    struct lk_spake2_request msg, sent;
    uint8_t request[128];
    struct lk_wr wr;

    LK_TRY(lk_select_framework_parse(body, &answer));
    if (answer.pairing_mode != LK_PAIRING_MODE_READY)
        return LK_PEER_NOT_READY;
    pairing->abort_reason = LK_OP_NO_SPAKE_VERSION;
    LK_TRY(lk_version_common(spakes, answer.spake_versions, pairing->version));
    pairing->abort_reason = LK_OP_NO_APPLET_VERSION;
    LK_TRY(lk_version_common(applets, answer.applet_versions, pairing->applet_version));
    pairing->abort_reason = 0;
    if (vehicle->attempts >= LK_PAIRING_ATTEMPTS_MAX)
        return LK_PAIRING_BLOCKED;

    memset(&msg, 0, sizeof msg);
    msg.version = lk_bytes(pairing->version, sizeof pairing->version);
    msg.applet_versions = applets;
    msg.salt = lk_bytes(verifier->salt, sizeof verifier->salt);
    msg.n = verifier->n;
    msg.r = verifier->r;
    msg.p = verifier->p;
    msg.brand = lk_bytes(vehicle->config->brand, sizeof vehicle->config->brand);
    lk_wr_init(&wr, request, sizeof request);
    lk_spake2_request_write(&msg, &wr);
    LK_TRY(wr.fault);
    LK_TRY(lk_spake2_request_parse(lk_bytes(request, wr.len), &sent));
    if (sent.versions_tlv.len > sizeof pairing->versions_tlv)
        return LK_INTERNAL;
    memcpy(pairing->versions_tlv, sent.versions_tlv.at, sent.versions_tlv.len);
    pairing->versions_tlv_len = (uint8_t)sent.versions_tlv.len;
    LK_TRY(lk_spake2_verifier_start(crypto_of(pairing), verifier->w0, verifier->l, spake(pairing)));
    pairing->deadline_ms = now_ms + LK_TIMER_OWNER_PAIRING_MS;
    pairing->state = LK_PAIR_REQUEST;
    return lk_send_command(send, 0x80, 0x30, 0, 0, lk_bytes(request, wr.len), 1);
}

/* The attempt is durable before our evidence leaves: a power cut saves nobody an attempt (PA2). */
static enum lk_status count_attempt(struct lk_pairing *pairing)
{
    struct lk_vehicle *vehicle = pairing->vehicle;
    uint8_t attempts = vehicle->attempts;

    if (attempts >= LK_PAIRING_ATTEMPTS_MAX)
        return LK_PAIRING_BLOCKED;
    attempts++;
    LK_TRY(lk_store_begin(vehicle->config->store));
    LK_TRY(lk_vehicle_end_commit(vehicle, lk_vehicle_put_attempts(vehicle, attempts)));
    vehicle->attempts = attempts;
    pairing->counted = 1;
    return LK_OK;
}

/* From the phone's X our Y and evidence M[1]. */
static enum lk_status on_request(struct lk_pairing *pairing, struct lk_bytes body,
                                 const struct lk_send *send)
{
    struct lk_spake2_request_answer answer;
    struct lk_pairing_keys keys;
    struct lk_spake2_verify msg;
    uint8_t evidence[16], verify[128];
    struct lk_bytes tlvs = lk_bytes(pairing->versions_tlv, pairing->versions_tlv_len);
    struct lk_wr wr;
    enum lk_status status = LK_INTERNAL;

    memset(&keys, 0, sizeof keys);
    lk_wr_init(&wr, verify, sizeof verify);
    status = lk_spake2_request_answer_parse(body, &answer);
    if (status == LK_OK)
        status = lk_spake2_verifier_respond(crypto_of(pairing), spake(pairing), answer.share.at,
                                            tlvs, evidence, &keys);
    if (status == LK_OK)
        status = count_attempt(pairing);
    if (status != LK_OK)
        goto out;
    lk_chan_open(&pairing->chan, &keys.channel); /* unused until M[2] is right */
    msg.share = lk_bytes(spake(pairing)->share, LK_POINT_LEN);
    msg.evidence = lk_bytes(evidence, sizeof evidence);
    lk_spake2_verify_write(&msg, &wr);
    status = wr.fault;
    if (status != LK_OK)
        goto out;
    pairing->state = LK_PAIR_VERIFY;
    status = lk_send_command(send, 0x80, 0x32, 0, 0, lk_bytes(verify, wr.len), 1);
out:
    lk_wipe(&keys, sizeof keys);
    return status;
}

static enum lk_status on_verify(struct lk_pairing *pairing, struct lk_bytes body,
                                const struct lk_send *send)
{
    struct lk_spake2_verify_answer answer;

    LK_TRY(lk_spake2_verify_answer_parse(body, &answer));
    LK_TRY(lk_spake2_verifier_finish(spake(pairing), answer.evidence.at));
    LK_TRY(lk_pairing_begin_data(pairing));
    pairing->state = LK_PAIR_WRITE;
    return lk_pairing_send_data(pairing, send);
}

/* The next piece, or what follows the last one. */
static enum lk_status on_written(struct lk_pairing *pairing, struct lk_bytes body,
                                 const struct lk_send *send)
{
    LK_TRY(lk_pairing_check_written(pairing, body));
    if (pairing->data_at < pairing->data_len)
        return lk_pairing_send_data(pairing, send);
    if (pairing->state == LK_PAIR_ATTEST) {
        pairing->state = LK_PAIR_ACCEPT;
        return lk_send_command(send, 0x80, 0x3c, LK_OP_CONTINUE, LK_OP_KEY_ACCEPTED,
                               lk_bytes(NULL, 0), 0);
    }
    pairing->state = LK_PAIR_CONTINUE;
    return lk_send_command(send, 0x80, 0x3c, LK_OP_CONTINUE, LK_OP_MAKE_KEY, lk_bytes(NULL, 0), 0);
}

/* The phone answers 6985 while it makes the key; the car asks again (D19). */
static enum lk_status on_reselect(struct lk_pairing *pairing, uint16_t sw,
                                  const struct lk_send *send)
{
    if (sw == LK_SW_SEQUENCE) {
        pairing->state = LK_PAIR_RESET;
        *send->step = LK_STEP_WAIT;
        *send->out_len = 0;
        return LK_OK;
    }
    if (sw != LK_SW_OK)
        return LK_PEER_SW;
    pairing->object = 0;
    pairing->data_len = 0;
    pairing->state = LK_PAIR_READ;
    return lk_pairing_ask(pairing, send);
}

static enum lk_status on_read(struct lk_pairing *pairing, struct lk_bytes body,
                              const struct lk_send *send)
{
    int is_whole = 0;

    LK_TRY(lk_pairing_take_part(pairing, body, send, &is_whole));
    if (!is_whole)
        return LK_OK;
    LK_TRY(lk_pairing_accept(pairing));
    LK_TRY(lk_pairing_begin_attestation(pairing));
    pairing->state = LK_PAIR_ATTEST;
    return lk_pairing_send_data(pairing, send);
}

/* What a status word that is not 9000 says at this step. The same word says one thing of REQUEST
 * and another of VERIFY (protocol 4.3, 4.4). */
static enum lk_status meaning_of(uint8_t state, uint16_t sw)
{
    if (state == LK_PAIR_SELECT)
        return lk_status_for_sw(sw);
    if (state != LK_PAIR_REQUEST && state != LK_PAIR_VERIFY)
        return LK_PEER_SW;
    if (sw == LK_SW_SEQUENCE)
        return LK_PEER_SEQUENCE;
    if (sw == LK_SW_INVALID)
        return state == LK_PAIR_REQUEST ? LK_PAIRING_REFUSED : LK_PEER_EVIDENCE;
    if (sw == LK_SW_NOT_READY && state == LK_PAIR_REQUEST)
        return LK_PEER_NOT_READY;
    return LK_PEER_SW;
}

static enum lk_status take(struct lk_pairing *pairing, uint64_t now_ms, struct lk_bytes response,
                           const struct lk_send *send)
{
    struct lk_bytes body;
    uint16_t sw = 0;

    if (response.len == 0)
        return LK_PEER_GONE;
    LK_TRY(lk_response_parse(response, &body, &sw));
    if (pairing->state == LK_PAIR_RESELECT)
        return on_reselect(pairing, sw, send);
    /* More data is announced only while objects are read, and there it is only a hint (S2). */
    if (sw != LK_SW_OK && !(pairing->state == LK_PAIR_READ && (sw & 0xff00u) == LK_SW_MORE))
        return meaning_of(pairing->state, sw);
    switch (pairing->state) {
    case LK_PAIR_SELECT:
        return on_select(pairing, now_ms, body, send);
    case LK_PAIR_REQUEST:
        return on_request(pairing, body, send);
    case LK_PAIR_VERIFY:
        return on_verify(pairing, body, send);
    case LK_PAIR_WRITE:
    case LK_PAIR_ATTEST:
        return on_written(pairing, body, send);
    case LK_PAIR_CONTINUE:
        pairing->state = LK_PAIR_RESET;
        *send->step = LK_STEP_RESET;
        *send->out_len = 0;
        return LK_OK;
    case LK_PAIR_READ:
        return on_read(pairing, body, send);
    default: /* ACCEPT */
        if (pairing->vehicle->keys[pairing->key_index].state != LK_KEY_PENDING)
            return LK_TAP_KEY_ENDED; /* by the car's menu meanwhile */
        pairing->vehicle->pending_until_ms = pairing->deadline_ms;
        return finish(pairing, LK_OK, send);
    }
}

enum lk_status lk_vehicle_pair_next(struct lk_pairing *pairing, uint64_t now_ms,
                                    struct lk_bytes response, enum lk_step *out_step, uint8_t *out,
                                    size_t *out_len)
{
    struct lk_send send = {out_step, out, out_len};
    uint8_t state = pairing->state;
    enum lk_status status = LK_INTERNAL;

    *out_step = LK_STEP_DONE;
    *out_len = 0;
    if (state == LK_PAIR_ABORT) {
        pairing->state = LK_PAIR_CLOSED;
        return LK_OK;
    }
    if (pairing->vehicle == NULL || pairing->vehicle->active_pairing != pairing)
        return LK_CALLER_STATE;
    if (now_ms >= pairing->deadline_ms)
        return lk_pairing_fail(pairing, LK_PEER_TIMEOUT, &send);
    if (state == LK_PAIR_RESET) /* the field is back, or the wait is over */
        return send_select(pairing, LK_PAIR_RESELECT, &send);
    status = take(pairing, now_ms, response, &send);
    if (status == LK_OK)
        return LK_OK;
    if (status == LK_PEER_GONE || (state == LK_PAIR_SELECT && status != LK_PEER_VERSION &&
                                   status != LK_PAIRING_BLOCKED))
        return finish(pairing, status, &send); /* nobody to tell */
    return lk_pairing_fail(pairing, status, &send);
}

void lk_vehicle_pair_lost(struct lk_pairing *pairing)
{
    if (pairing->vehicle == NULL || pairing->vehicle->active_pairing != pairing)
        return;
    close_run(pairing, LK_PEER_GONE);
    pairing->state = LK_PAIR_CLOSED;
}
