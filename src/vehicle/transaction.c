/* transaction.c: one tap, the car's column of spec/transaction.md. The phone's column has the same
 * file name in src/applet.
 *
 * SELECT, AUTH0, perhaps AUTH1, perhaps EXCHANGE, then the decision and CONTROL FLOW. Nothing is
 * decided on a status word or on P1 and P2: only a cryptogram or a signature under a good R-MAC
 * leads to `decide` (S2, ST9). */
#include "vehicle/vehicle.h"

/* Wipes what a transaction held; the outcome stays. */
static void close_tap(struct lk_tap *tap)
{
    lk_key_free(tap->vehicle->config->crypto, &tap->ephemeral);
    lk_chan_forget(&tap->chan);
    lk_wipe(&tap->persistent, sizeof tap->persistent);
    lk_wipe(&tap->fresh_fast, sizeof tap->fresh_fast);
    lk_wipe(tap->token_seed, sizeof tap->token_seed);
    lk_wipe(tap->device_ephemeral, sizeof tap->device_ephemeral);
    lk_wipe(tap->ephemeral_public, sizeof tap->ephemeral_public);
    tap->has_fast = 0;
}

static enum lk_status done(struct lk_tap *tap, const struct lk_send *send)
{
    close_tap(tap);
    tap->state = LK_AT_DONE;
    *send->step = LK_STEP_DONE;
    *send->out_len = 0;
    return LK_OK;
}

/* What the car can know about a failed tap (D23); the first cause goes to the log. */
static enum lk_status can_know(enum lk_status cause)
{
    enum lk_fault fault = lk_status_fault(cause);

    switch (cause) {
    case LK_PEER_NOT_FOUND:
    case LK_PEER_UNAVAILABLE:
    case LK_PEER_VERSION:
    case LK_PEER_TIMEOUT:
    case LK_PEER_GONE:
    case LK_TAP_NO_ANSWER:
    case LK_TAP_WRONG_CAR:
    case LK_TAP_KEY_UNKNOWN:
    case LK_TAP_KEY_ENDED:
    case LK_TAP_NOT_ALLOWED:
    case LK_TAP_NEEDS_STANDARD:
    case LK_TAP_TOKEN:
    case LK_TAP_NOT_PARKED:
    case LK_TAP_VEHICLE_STATE:
        return cause;
    default:
        return fault == LK_FAULT_PEER ? LK_TAP_BROKEN_PEER : cause;
    }
}

static void deny(struct lk_tap *tap, enum lk_status cause)
{
    tap->outcome.verdict = LK_DENY;
    tap->outcome.status = can_know(cause);
    tap->outcome.detail = cause;
    lk_wipe(&tap->outcome.grant, sizeof tap->outcome.grant);
}

/* Sends CONTROL FLOW; what the phone answers to it changes nothing any more. */
static enum lk_status control(struct lk_tap *tap, uint8_t p1, uint8_t p2,
                              const struct lk_send *send)
{
    close_tap(tap);
    tap->state = LK_AT_CONTROL;
    tap->control_p1 = p1;
    tap->control_p2 = p2;
    return lk_send_command(send, 0x80, 0x3c, p1, p2, lk_bytes(NULL, 0), 0);
}

static enum lk_status refuse(struct lk_tap *tap, enum lk_status cause, const struct lk_send *send)
{
    uint8_t p2 = LK_CONTROL_NO_INFO;

    deny(tap, cause);
    if (cause == LK_PEER_SIGNATURE)
        p2 = LK_CONTROL_SIGNATURE;
    if (cause == LK_TAP_KEY_ENDED)
        p2 = LK_CONTROL_KEY_ENDED;
    if (cause == LK_TAP_NOT_PARKED)
        p2 = LK_CONTROL_NOT_PARKED;
    if (cause == LK_TAP_VEHICLE_STATE)
        p2 = LK_CONTROL_NOT_READY;
    return control(tap, LK_CONTROL_FAILED, p2, send);
}

/* The last standard transaction's keys go to the store before anything opens; the count of fast
 * ones runs ahead in blocks, so that a power cut never lowers it (P-13). */
#define FAST_COUNT_BLOCK 25u

static enum lk_status keep_standard(struct lk_tap *tap, const struct lk_vehicle_key *changed)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    struct lk_vehicle_key stored = *changed;
    enum lk_status status = LK_INTERNAL;

    stored.fast_count = FAST_COUNT_BLOCK;
    status = lk_store_begin(vehicle->config->store);
    if (status == LK_OK) {
        status = lk_vehicle_put_key(vehicle, tap->key_index, &stored);
        if (status == LK_OK)
            status = lk_vehicle_put_fast(vehicle, tap->key_index, changed);
        if (status == LK_OK && tap->token_proof == LK_TOKEN_NEXT)
            status = lk_vehicle_put_tokens(vehicle, tap->key_index, tap->token_seed,
                                           tap->spare_slots);
        status = lk_vehicle_end_commit(vehicle, status);
    }
    if (status == LK_OK)
        vehicle->keys[tap->key_index] = *changed;
    lk_wipe(&stored, sizeof stored);
    return status;
}

static enum lk_status keep_fast(struct lk_tap *tap)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    struct lk_vehicle_key *key = &vehicle->keys[tap->key_index];
    struct lk_vehicle_key stored = *key;
    enum lk_status status = LK_OK;

    stored.fast_count = (uint16_t)(key->fast_count + FAST_COUNT_BLOCK);
    if (key->fast_count != 0 && key->fast_count % FAST_COUNT_BLOCK == 0) {
        status = lk_store_begin(vehicle->config->store);
        if (status == LK_OK)
            status = lk_vehicle_end_commit(
                vehicle, lk_vehicle_put_key(vehicle, tap->key_index, &stored));
    }
    if (status == LK_OK)
        key->fast_count++;
    lk_wipe(&stored, sizeof stored);
    return status;
}

/* The token the phone has by now, if it is another one than the car held for current. */
static enum lk_status new_token(const struct lk_tap *tap, struct lk_vehicle_key *changed)
{
    if (tap->action != LK_ACTION_MAINTAIN && tap->token_proof != LK_TOKEN_NEXT)
        return LK_OK;
    if (tap->action == LK_ACTION_MAINTAIN)
        LK_TRY(lk_tokens_check_ours(tap));
    changed->token_len = LK_TOKEN_LEN;
    changed->spare_tokens = LK_NUM_SPARES;
    changed->has_next_token = 0;
    return lk_vehicle_token(tap->vehicle, tap->token_seed, 0, changed->token);
}

/* Writes what the transaction leaves behind: one commit, before the decision shows. */
static enum lk_status keep(struct lk_tap *tap, uint64_t now_ms)
{
    struct lk_vehicle_key changed;
    enum lk_status status = LK_INTERNAL;

    if (tap->outcome.was_fast)
        return keep_fast(tap);
    if (!tap->has_fast)
        return LK_INTERNAL;
    changed = tap->vehicle->keys[tap->key_index];
    changed.fast = tap->fresh_fast;
    changed.fast_count = 0;
    changed.standard_ms = now_ms;
    status = new_token(tap, &changed);
    if (status != LK_OK)
        goto out;
    if (tap->action != LK_ACTION_MAINTAIN) {
        status = keep_standard(tap, &changed);
        goto out;
    }
    if (changed.state == LK_KEY_PENDING) {
        changed.state = LK_KEY_ACTIVE;
        status = lk_vehicle_promote(tap->vehicle, tap->key_index, &changed, tap);
        tap->outcome.owner_promoted = status == LK_OK;
        goto out;
    }
    status = lk_vehicle_refill(tap->vehicle, tap->key_index, &changed, tap);
out:
    lk_wipe(&changed, sizeof changed);
    return status;
}

/* The decision: everything it rests on is read again here, as it stands now (S12, LI1). */
static enum lk_status decide(struct lk_tap *tap, uint64_t now_ms, const struct lk_send *send)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    struct lk_outcome *outcome = &tap->outcome;
    enum lk_status status = lk_policy_check(vehicle, tap->key_index, tap->reader, tap->action,
                                            outcome->was_fast, now_ms);

    if (status == LK_OK && !lk_equal(vehicle->keys[tap->key_index].key_id, outcome->key_id,
                                     LK_KEY_ID_LEN))
        status = LK_TAP_KEY_UNKNOWN; /* the place was given to another key meanwhile */
    if (status == LK_OK)
        status = keep(tap, now_ms);
    if (status == LK_OK) /* the key proved itself all the same, so what it left is kept */
        status = lk_policy_condition(vehicle, tap->action);
    if (status == LK_OK)
        status = lk_grant_make(vehicle, &vehicle->keys[tap->key_index], tap, &outcome->grant);
    if (status != LK_OK)
        return refuse(tap, status, send);
    outcome->status = outcome->detail = LK_OK;
    outcome->verdict = LK_GRANT;
    return control(tap, LK_CONTROL_DONE, LK_CONTROL_NO_INFO, send);
}

static void name_key(struct lk_tap *tap, size_t index)
{
    tap->key_index = (uint16_t)index;
    tap->outcome.has_key = 1;
    memcpy(tap->outcome.key_id, tap->vehicle->keys[index].key_id, LK_KEY_ID_LEN);
}

static struct lk_transcript transcript(const struct lk_tap *tap)
{
    struct lk_transcript t = {
        .vehicle_ephemeral = tap->ephemeral_public,
        .device_ephemeral = tap->device_ephemeral,
        .transaction_id = tap->transaction_id,
        .interface = tap->interface,
        .p1 = tap->p1,
        .p2 = tap->p2,
        .version = {tap->version[0], tap->version[1]},
    };
    return t;
}

/* 1 if there is a key that a fast answer could come from. */
static int any_fast(const struct lk_vehicle *vehicle, uint64_t now_ms)
{
    int found = 0;

    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        const struct lk_vehicle_key *key = &vehicle->keys[i];

        found |= key->fast.live != 0 && key->state == LK_KEY_ACTIVE && lk_policy_fresh(key, now_ms);
    }
    return found;
}

static enum lk_status send_auth0(struct lk_tap *tap, uint64_t now_ms, const struct lk_send *send)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    struct lk_auth0 msg;
    uint8_t body[128];
    struct lk_wr wr;

    /* Fresh for every attempt, never used again after a SELECT (17.1 item 3). */
    LK_TRY(lk_key_generate(vehicle->config->crypto, &tap->ephemeral, tap->ephemeral_public));
    LK_TRY(lk_random(vehicle->config->crypto, tap->transaction_id, sizeof tap->transaction_id));
    tap->tries_fast =
        lk_policy_fast(vehicle, tap->reader, tap->action) && any_fast(vehicle, now_ms);
    tap->p1 = tap->tries_fast ? LK_AUTH0_FAST : 0;
    if (tap->action == LK_ACTION_MAINTAIN)
        tap->p1 |= LK_AUTH0_EXCHANGE;
    tap->p2 = tap->action;
    msg.version = lk_bytes(tap->version, sizeof tap->version);
    msg.ephemeral = lk_bytes(tap->ephemeral_public, sizeof tap->ephemeral_public);
    msg.transaction_id = lk_bytes(tap->transaction_id, sizeof tap->transaction_id);
    msg.vehicle_id = lk_bytes(vehicle->config->vehicle_id, LK_VEHICLE_ID_LEN);
    lk_wr_init(&wr, body, sizeof body);
    lk_auth0_write(&msg, &wr);
    LK_TRY(wr.fault);
    tap->state = LK_AT_AUTH0;
    return lk_send_command(send, 0x80, 0x80, tap->p1, tap->p2, lk_bytes(body, wr.len), 1);
}

static enum lk_status on_select(struct lk_tap *tap, uint64_t now_ms, struct lk_bytes body,
                                uint16_t sw, const struct lk_send *send)
{
    struct lk_bytes ours = lk_bytes(lk_vehicle_applet_versions, sizeof lk_vehicle_applet_versions);
    struct lk_select_applet answer;

    if (sw != LK_SW_OK)
        return lk_status_for_sw(sw);
    LK_TRY(lk_select_applet_parse(body, &answer));
    LK_TRY(lk_version_common(ours, answer.versions, tap->version));
    if (answer.versions.len > sizeof tap->version_list)
        return LK_PEER_TOO_LONG;
    memcpy(tap->version_list, answer.versions.at, answer.versions.len);
    tap->version_list_len = (uint8_t)answer.versions.len;
    return send_auth0(tap, now_ms, send);
}

static enum lk_status send_auth1(struct lk_tap *tap, const struct lk_send *send)
{
    const struct lk_vehicle_config *config = tap->vehicle->config;
    struct lk_transcript t = transcript(tap);
    uint8_t text[102], signature[LK_SIGNATURE_LEN], body[80];
    struct lk_bytes part = lk_bytes(text, sizeof text);
    struct lk_auth1 msg = {lk_bytes(signature, sizeof signature)};
    struct lk_wr wr;

    LK_TRY(lk_auth1_signed(config->vehicle_id, &t, LK_USAGE_AUTH1_VEHICLE, text));
    LK_TRY(lk_sign(config->crypto, config->vehicle_key, &part, 1, signature));
    lk_wr_init(&wr, body, sizeof body);
    lk_auth1_write(&msg, &wr);
    LK_TRY(wr.fault);
    tap->state = LK_AT_AUTH1;
    return lk_send_command(send, 0x80, 0x81, 0, 0, lk_bytes(body, wr.len), 1);
}

/* One search over the whole table in constant time (D25). */
static enum lk_status search(struct lk_tap *tap, const uint8_t *cryptogram, size_t *out_index,
                             uint32_t *out_mask)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    struct lk_fast_info info = {
        .vehicle_public = vehicle->config->vehicle_public,
        .vehicle_id = vehicle->config->vehicle_id,
        .version_list = lk_bytes(tap->version_list, tap->version_list_len),
        .t = transcript(tap),
    };

    return lk_fast_scan(vehicle->config->crypto, &vehicle->keys[0].fast,
                        sizeof vehicle->keys[0], LK_VEHICLE_NUM_KEYS, &info, cryptogram, out_index,
                        out_mask);
}

static enum lk_status on_auth0(struct lk_tap *tap, uint64_t now_ms, struct lk_bytes body,
                               uint16_t sw, const struct lk_send *send)
{
    struct lk_auth0_answer answer;
    size_t index = LK_NO_KEY;
    uint32_t mask = 0;

    if (sw != LK_SW_OK)
        return sw == LK_SW_SEQUENCE ? LK_PEER_UNAVAILABLE : LK_PEER_SW;
    LK_TRY(lk_auth0_answer_parse(body, &answer));
    if ((answer.cryptogram.at != NULL) != (tap->tries_fast != 0))
        return LK_PEER_TAG;
    LK_TRY(lk_point_check(tap->vehicle->config->crypto, answer.ephemeral.at));
    memcpy(tap->device_ephemeral, answer.ephemeral.at, sizeof tap->device_ephemeral);
    if (lk_equal(tap->device_ephemeral, tap->ephemeral_public, LK_POINT_LEN))
        return LK_PEER_REFLECTED;
    if (!tap->tries_fast)
        return send_auth1(tap, send);
    LK_TRY(search(tap, answer.cryptogram.at, &index, &mask));
    if (mask == UINT32_MAX) {
        name_key(tap, index);
        tap->outcome.was_fast = 1;
        if (lk_policy_check(tap->vehicle, index, tap->reader, tap->action, 1, now_ms) !=
            LK_TAP_NEEDS_STANDARD)
            return decide(tap, now_ms, send);
    }
    /* Refused fast goes on as standard in the same session (M102). */
    tap->outcome.was_fast = 0;
    tap->outcome.has_key = 0;
    tap->outcome.fast_refused = 1;
    return send_auth1(tap, send);
}

/* The keys of the session, once: they need the ephemeral keys alone, not the answer of AUTH1. */
static enum lk_status derive(struct lk_tap *tap)
{
    struct lk_crypto *crypto = tap->vehicle->config->crypto;
    struct lk_transcript t = transcript(tap);
    struct lk_session_keys keys;
    enum lk_status status = LK_INTERNAL;

    if (tap->is_derived)
        return LK_OK;
    memset(&keys, 0, sizeof keys);
    status = lk_standard_derive(crypto, tap->ephemeral, tap->device_ephemeral, &t, &keys,
                                &tap->persistent);
    if (status == LK_OK) {
        lk_key_free(crypto, &tap->ephemeral);
        lk_chan_open(&tap->chan, &keys);
        tap->is_derived = 1;
    }
    lk_wipe(&keys, sizeof keys);
    return status;
}

void lk_vehicle_tap_ahead(struct lk_tap *tap)
{
    if (tap->state == LK_AT_AUTH1)
        (void)derive(tap); /* next tries again, and says so */
}

/* Slot, then the signature under the key that has it, then the window of the token. */
static enum lk_status check_answer(struct lk_tap *tap, const struct lk_auth1_answer *answer)
{
    const struct lk_vehicle_config *config = tap->vehicle->config;
    struct lk_transcript t = transcript(tap);
    size_t index = lk_vehicle_find_slot(tap->vehicle, answer->slot);
    const struct lk_vehicle_key *key = &tap->vehicle->keys[index % LK_VEHICLE_NUM_KEYS];
    uint8_t text[102];
    struct lk_bytes part = lk_bytes(text, sizeof text);

    if (index == LK_NO_KEY) /* no attestation either: most likely the wrong car (M112) */
        return LK_TAP_KEY_UNKNOWN;
    LK_TRY(lk_auth1_signed(config->vehicle_id, &t, LK_USAGE_AUTH1_DEVICE, text));
    LK_TRY(lk_verify(config->crypto, key->public_key, &part, 1, answer->signature.at));
    name_key(tap, index);
    LK_TRY(lk_policy_check(tap->vehicle, index, tap->reader, tap->action, 0, 0));
    tap->signaling = answer->private_window.len > 0 ? answer->private_window.at[0] : 0;
    LK_TRY(lk_tokens_prove(tap, answer->confidential_window));
    if (tap->action == LK_ACTION_START && tap->token_proof == LK_TOKEN_NONE)
        return LK_TAP_TOKEN;
    LK_TRY(lk_fast_key_make(config->crypto, &tap->persistent, key->public_key, &tap->fresh_fast));
    tap->has_fast = 1;
    return LK_OK;
}

static enum lk_status on_auth1(struct lk_tap *tap, uint64_t now_ms, struct lk_bytes body,
                               uint16_t sw, const struct lk_send *send)
{
    struct lk_auth1_answer answer;
    uint8_t plain[LK_APDU_RESPONSE_MAX];
    size_t len = 0;
    enum lk_status status = LK_INTERNAL;

    if (sw != LK_SW_OK)
        return sw == LK_SW_SECURITY ? LK_TAP_WRONG_CAR : LK_PEER_SW;
    status = derive(tap);
    if (status == LK_OK)
        status = lk_chan_open_response(&tap->chan, tap->vehicle->config->crypto, body, plain, &len);
    if (status == LK_OK)
        status = lk_auth1_answer_parse(lk_bytes(plain, len), &answer);
    if (status == LK_OK)
        status = check_answer(tap, &answer);
    lk_wipe(&tap->persistent, sizeof tap->persistent); /* its midstates are kept, never itself */
    lk_wipe(plain, sizeof plain);
    if (status != LK_OK)
        return status;
    if (tap->action != LK_ACTION_MAINTAIN)
        return decide(tap, now_ms, send);
    LK_TRY(lk_tokens_begin(tap));
    tap->state = LK_AT_EXCHANGE;
    return lk_tokens_send(tap, send);
}

static enum lk_status on_exchange(struct lk_tap *tap, uint64_t now_ms, struct lk_bytes body,
                                  uint16_t sw, const struct lk_send *send)
{
    struct lk_exchange_answer answer;
    uint8_t plain[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    if (sw != LK_SW_OK)
        return LK_PEER_SW;
    LK_TRY(lk_chan_open_response(&tap->chan, tap->vehicle->config->crypto, body, plain, &len));
    LK_TRY(lk_exchange_answer_parse(lk_bytes(plain, len), &answer));
    if (answer.num_reads != 0 || answer.status != LK_EXCHANGE_OK)
        return LK_PEER_VALUE;
    if (++tap->exchange_phase < LK_TOKENS_PHASES)
        return lk_tokens_send(tap, send);
    return decide(tap, now_ms, send);
}

enum lk_status lk_vehicle_tap_begin(struct lk_vehicle *vehicle, struct lk_tap *tap,
                                    enum lk_reader reader, enum lk_interface interface,
                                    enum lk_action action, uint64_t now_ms,
                                    enum lk_step *out_step, uint8_t *out, size_t *out_len)
{
    struct lk_send send = {out_step, out, out_len};

    memset(tap, 0, sizeof *tap);
    tap->vehicle = vehicle;
    tap->reader = (uint8_t)reader;
    tap->interface = (uint8_t)interface;
    tap->action = (uint8_t)action;
    tap->key_index = LK_NO_KEY;
    tap->outcome.action = action;
    tap->outcome.reader = reader;
    deny(tap, LK_TAP_NO_ANSWER);
    if (!lk_policy_allows(vehicle, tap->reader, tap->action)) {
        deny(tap, LK_TAP_NOT_ALLOWED); /* no key could change that: the phone is not asked */
        return done(tap, &send);
    }
    tap->deadline_ms = now_ms + LK_TIMER_SESSION_IDLE_MS;
    tap->state = LK_AT_SELECT;
    return lk_send_command(&send, 0x00, 0xa4, 0x04, 0x00,
                           lk_bytes(lk_aid_applet, sizeof lk_aid_applet), 1);
}

static enum lk_status take(struct lk_tap *tap, uint64_t now_ms, struct lk_bytes response,
                           const struct lk_send *send)
{
    struct lk_bytes body;
    uint16_t sw = 0;

    if (response.len == 0)
        return LK_TAP_NO_ANSWER;
    LK_TRY(lk_response_parse(response, &body, &sw));
    switch (tap->state) {
    case LK_AT_SELECT:
        return on_select(tap, now_ms, body, sw, send);
    case LK_AT_AUTH0:
        return on_auth0(tap, now_ms, body, sw, send);
    case LK_AT_AUTH1:
        return on_auth1(tap, now_ms, body, sw, send);
    default:
        return on_exchange(tap, now_ms, body, sw, send);
    }
}

enum lk_status lk_vehicle_tap_next(struct lk_tap *tap, uint64_t now_ms, struct lk_bytes response,
                                   enum lk_step *out_step, uint8_t *out, size_t *out_len)
{
    struct lk_send send = {out_step, out, out_len};
    uint8_t state = tap->state;
    enum lk_status status = LK_INTERNAL;

    if (state == LK_AT_IDLE || state == LK_AT_DONE)
        return LK_CALLER_STATE;
    if (state == LK_AT_CONTROL)
        return done(tap, &send); /* the decision stands, whatever the phone says to it (ST9) */
    if (now_ms >= tap->deadline_ms) {
        deny(tap, LK_PEER_TIMEOUT);
        return done(tap, &send);
    }
    tap->deadline_ms = now_ms + LK_TIMER_SESSION_IDLE_MS;
    status = take(tap, now_ms, response, &send);
    if (status == LK_OK)
        return LK_OK;
    if (state == LK_AT_SELECT || status == LK_TAP_NO_ANSWER) {
        deny(tap, status);
        return done(tap, &send);
    }
    return refuse(tap, status, &send);
}

void lk_vehicle_tap_lost(struct lk_tap *tap, enum lk_status reason)
{
    if (tap->state == LK_AT_IDLE || tap->state == LK_AT_DONE)
        return;
    if (tap->state != LK_AT_CONTROL)
        deny(tap, reason);
    close_tap(tap);
    tap->state = LK_AT_DONE;
}
