/* transaction.c: AUTH0, AUTH1 and CONTROL FLOW, the phone's column of spec/transaction.md. The
 * car's column has the same file name in src/vehicle.
 *
 * Until the vehicle's signature has verified, nothing here may tell a known car from an unknown
 * one: the same work is done for both, and the difference is one mask (S13, FA4). */
#include "applet/applet.h"

/* What an endpoint in this state is worth as an answer: the highest wins. In phase 3 of pairing (P2
 * 04) the key that is being paired goes first; until that has run the old key of the same car works
 * on (D18). */
static uint64_t worth(const struct lk_endpoint *endpoint, int is_phase_3)
{
    static const uint8_t by_state[] = {
        [LK_ENDPOINT_NONE] = 0,
        [LK_ENDPOINT_INVITED] = 0, /* its car looks like a strange one */
        [LK_ENDPOINT_TERMINATED] = 1,
        [LK_ENDPOINT_LOCKED] = 2,
        [LK_ENDPOINT_UNCONFIRMED] = 3,
        [LK_ENDPOINT_ACTIVE] = 4,
    };
    uint64_t is_live = (uint64_t)((endpoint->state == LK_ENDPOINT_UNCONFIRMED) |
                                  (endpoint->state == LK_ENDPOINT_ACTIVE));
    uint64_t is_paired = is_live & endpoint->is_new & (uint64_t)is_phase_3;

    return by_state[endpoint->state] * (1 - is_paired) + 5 * is_paired;
}

/* Finds who answers a car: by worth, then the one with the least doubt, then the newest. Walks the
 * whole table, whatever it holds. */
static size_t first(const struct lk_applet *applet, const uint8_t *vehicle_id, int is_phase_3,
                    uint8_t *out_worth)
{
    uint64_t best = 0;
    size_t index = LK_APPLET_NO_INDEX;

    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        const struct lk_endpoint *endpoint = &applet->endpoints[i];
        uint64_t is_match = (uint64_t)(lk_equal(endpoint->vehicle_id, vehicle_id,
                                                LK_VEHICLE_ID_LEN) &
                                       (endpoint->state != LK_ENDPOINT_NONE));
        uint64_t rank = worth(endpoint, is_phase_3) << 56 |
                        (uint64_t)(LK_APPLET_DOUBT_MAX - endpoint->doubt) << 32 |
                        (uint32_t)endpoint->born;
        uint64_t mask = 0 - (uint64_t)(rank * is_match > best);

        best = (rank & mask) | (best & ~mask);
        index = (i & (size_t)mask) | (index & ~(size_t)mask);
    }
    *out_worth = (uint8_t)(best >> 56);
    return index;
}

int lk_endpoint_is_first(const struct lk_applet *applet, size_t index)
{
    uint8_t none;

    return first(applet, applet->endpoints[index].vehicle_id, 0, &none) == index;
}

static void look_up(const struct lk_applet *applet, struct lk_applet_session *session)
{
    static const uint16_t refusals[] = {LK_TAP_WRONG_CAR, LK_KEY_TERMINATED, LK_KEY_LOCKED,
                                        LK_OK,            LK_OK,             LK_OK};
    uint8_t best = 0;

    session->endpoint = (uint8_t)first(applet, session->vehicle_id,
                                       session->p2 == LK_APPLET_P2_MAINTAIN, &best);
    session->refusal = refusals[best];
    session->refusal = applet->locked ? LK_KEY_LOCKED : session->refusal;
    session->is_known = session->refusal == LK_OK;
}

/* The endpoint of the session, or a stand-in of the same shape when there is none. */
static const struct lk_endpoint *answering(const struct lk_applet *applet,
                                           const struct lk_applet_session *session)
{
    return &applet->endpoints[session->endpoint % LK_APPLET_NUM_ENDPOINTS];
}

/* S24: below the head of the list that was frozen in H the key does not answer. */
static void check_version(const struct lk_applet *applet, struct lk_applet_session *session)
{
    const struct lk_endpoint *endpoint = answering(applet, session);
    int is_below = lk_be16(session->version) < lk_be16(endpoint->version_list);

    session->refusal = session->is_known & is_below ? LK_PEER_VERSION : session->refusal;
    session->is_known = session->refusal == LK_OK;
}

static struct lk_transcript transcript(const struct lk_applet_session *session)
{
    struct lk_transcript t = {
        .vehicle_ephemeral = session->vehicle_ephemeral,
        .device_ephemeral = session->ephemeral_public,
        .transaction_id = session->transaction_id,
        .interface = session->interface,
        .p1 = session->p1,
        .p2 = session->p2,
        .version = {session->version[0], session->version[1]},
    };
    return t;
}

/* Whether the fast answer of this session may be real (S12): a mask, FF or 00. */
static uint8_t fast_mask(const struct lk_applet *applet, const struct lk_applet_session *session)
{
    const struct lk_endpoint *endpoint = answering(applet, session);
    unsigned is_door = (session->p2 == LK_APPLET_P2_UNLOCK) | (session->p2 == LK_APPLET_P2_LOCK);
    unsigned may = is_door & session->is_known & (endpoint->state == LK_ENDPOINT_ACTIVE) &
                   ((endpoint->option1 & LK_OPTION1_FAST) != 0) & (endpoint->persistent_age != 0);

    return (uint8_t)(0u - may);
}

/* 9D and the fast channel: from Kpersistent, or from a key nobody knows, at the same cost. */
static enum lk_status answer_fast(struct lk_applet *applet, struct lk_applet_session *session,
                                  uint8_t cryptogram[LK_CRYPTOGRAM_LEN])
{
    const struct lk_endpoint *endpoint = answering(applet, session);
    struct lk_fast_info info = {
        .vehicle_public = endpoint->vehicle_key,
        .vehicle_id = session->vehicle_id,
        .version_list = lk_bytes(lk_applet_versions, sizeof lk_applet_versions),
        .t = transcript(session),
    };
    struct lk_persistent key;
    struct lk_session_keys keys;
    uint8_t mask = fast_mask(applet, session);
    enum lk_status status = LK_INTERNAL;

    memset(&keys, 0, sizeof keys);
    status = lk_random(applet->crypto, key.key, sizeof key.key);
    for (size_t i = 0; status == LK_OK && i < sizeof key.key; i++)
        key.key[i] = (uint8_t)((endpoint->persistent.key[i] & mask) | (key.key[i] & ~mask));
    if (status == LK_OK)
        status = lk_fast_derive(applet->crypto, &key, endpoint->public_key, &info, cryptogram,
                                &keys);
    if (status == LK_OK)
        lk_chan_open(&session->chan, &keys);
    lk_wipe(&key, sizeof key);
    lk_wipe(&keys, sizeof keys);
    return status;
}

/* Copies what AUTH0 says into the session; syntax and curve errors come first (S13). */
static enum lk_status begin(struct lk_turn *turn)
{
    struct lk_applet_session *session = turn->session;
    struct lk_auth0 command;

    if ((turn->command.p1 & ~(unsigned)LK_AUTH0_P1_BITS) != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_auth0_parse(turn->command.body, &command));
    if (!lk_equal(command.version.at, lk_applet_versions, sizeof lk_applet_versions))
        return LK_PEER_VERSION;
    LK_TRY(lk_point_check(turn->applet->crypto, command.ephemeral.at));

    lk_session_forget(turn->applet, session); /* a new AUTH0 shares nothing with the one before */
    session->state = LK_APPLET_AUTH0_STANDARD;
    session->interface = (uint8_t)turn->interface;
    session->p1 = turn->command.p1;
    session->p2 = turn->command.p2;
    memcpy(session->version, command.version.at, sizeof session->version);
    memcpy(session->vehicle_ephemeral, command.ephemeral.at, sizeof session->vehicle_ephemeral);
    memcpy(session->transaction_id, command.transaction_id.at, sizeof session->transaction_id);
    memcpy(session->vehicle_id, command.vehicle_id.at, sizeof session->vehicle_id);
    return LK_OK;
}

/* With Express Mode off one user authentication is good for one AUTH0 (13.4, M27). */
static enum lk_status spend_user(struct lk_applet *applet, uint64_t now_ms)
{
    int is_fresh = lk_user_is_fresh(applet, now_ms);

    if (applet->express)
        return LK_OK;
    applet->user_auth_valid = 0;
    return is_fresh ? LK_OK : LK_NEEDS_USER_AUTH;
}

enum lk_status lk_applet_on_auth0(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_applet_session *session = turn->session;
    struct lk_auth0_answer answer = {{NULL, 0}, {NULL, 0}};
    uint8_t cryptogram[LK_CRYPTOGRAM_LEN];

    LK_TRY(begin(turn));
    LK_TRY(spend_user(applet, turn->now_ms));
    look_up(applet, session);
    check_version(applet, session);
    LK_TRY(lk_key_generate(applet->crypto, &session->ephemeral, session->ephemeral_public));
    answer.ephemeral = lk_bytes(session->ephemeral_public, sizeof session->ephemeral_public);
    turn->next = LK_APPLET_AUTH0_STANDARD;
    if (session->p1 & LK_AUTH0_FAST) {
        LK_TRY(answer_fast(applet, session, cryptogram));
        answer.cryptogram = lk_bytes(cryptogram, sizeof cryptogram);
        turn->next = LK_APPLET_AUTH0_FAST;
    }
    lk_auth0_answer_write(&answer, &turn->reply);
    return LK_OK;
}

/* One real check in every case; a car we do not answer is checked against a key that is ours alone
 * (our ephemeral one), and refused whatever comes out (S13). */
static enum lk_status verify_vehicle(struct lk_applet *applet,
                                     const struct lk_applet_session *session,
                                     const uint8_t *signature)
{
    struct lk_transcript t = transcript(session);
    const uint8_t *key = session->ephemeral_public;
    uint8_t text[102];
    struct lk_bytes part = lk_bytes(text, sizeof text);
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_auth1_signed(session->vehicle_id, &t, LK_USAGE_AUTH1_VEHICLE, text));
    if (session->is_known)
        key = answering(applet, session)->vehicle_key;
    status = lk_verify(applet->crypto, key, &part, 1, signature);
    if (!session->is_known)
        return session->refusal == LK_OK ? LK_TAP_WRONG_CAR : (enum lk_status)session->refusal;
    return status;
}

/* Slot, signature and windows of the answer (7.4). */
static enum lk_status write_answer(struct lk_applet *applet,
                                   const struct lk_applet_session *session, struct lk_wr *wr)
{
    const struct lk_endpoint *endpoint = answering(applet, session);
    struct lk_transcript t = transcript(session);
    struct lk_auth1_answer answer = {.slot = lk_bytes(endpoint->slot, endpoint->slot_len)};
    uint8_t text[102], signature[LK_SIGNATURE_LEN];
    struct lk_bytes part = lk_bytes(text, sizeof text);

    LK_TRY(lk_auth1_signed(session->vehicle_id, &t, LK_USAGE_AUTH1_DEVICE, text));
    LK_TRY(lk_sign(applet->crypto, endpoint->key, &part, 1, signature));
    answer.signature = lk_bytes(signature, sizeof signature);
    if (endpoint->confidential_window_len + endpoint->private_window_len > 0)
        LK_TRY(lk_mailbox_load(applet, session->endpoint));
    if (endpoint->confidential_window_len > 0 &&
        (endpoint->option2 & LK_OPTION2_CONFIDENTIAL) != 0)
        answer.confidential_window =
            lk_bytes(applet->mailbox + LK_PRIVATE_MAILBOX_MAX + endpoint->confidential_window_at,
                     endpoint->confidential_window_len);
    if (endpoint->private_window_len > 0)
        answer.private_window = lk_bytes(applet->mailbox + endpoint->private_window_at,
                                         endpoint->private_window_len);
    lk_auth1_answer_write(&answer, wr);
    return wr->fault;
}

/* The endpoint whose Kpersistent must go so that one more fits; NO_INDEX if there is room. */
static size_t oldest_persistent(const struct lk_applet *applet, size_t but)
{
    size_t num = 0, oldest = LK_APPLET_NO_INDEX;

    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        const struct lk_endpoint *endpoint = &applet->endpoints[i];

        if (i == but || endpoint->persistent_age == 0)
            continue;
        num++;
        if (oldest == LK_APPLET_NO_INDEX ||
            endpoint->persistent_age < applet->endpoints[oldest].persistent_age)
            oldest = i;
    }
    return num >= LK_APPLET_NUM_PERSISTENT ? oldest : LK_APPLET_NO_INDEX;
}

/* 1 if endpoint `i` could answer the car of endpoint `index` in its place. */
static int is_rival(const struct lk_applet *applet, size_t index, size_t i)
{
    return i != index && applet->endpoints[i].state == LK_ENDPOINT_ACTIVE &&
           lk_equal(applet->endpoints[i].vehicle_id, applet->endpoints[index].vehicle_id,
                    LK_VEHICLE_ID_LEN);
}

/* What doubt a key has after an AUTH1 that has seen no good end yet: the car may know another of
 * our keys. With one key for the car there is nothing to count, so nothing to write. */
static uint32_t doubted(const struct lk_applet *applet, size_t index)
{
    uint32_t doubt = applet->endpoints[index].doubt;

    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        if (is_rival(applet, index, i) && doubt < LK_APPLET_DOUBT_MAX)
            return doubt + 1;
    }
    return doubt;
}

/* A good end after AUTH1: this key answers first from now on, its rivals are a step behind. Only an
 * order is at stake (S1): if the store fails, it stays as it was. */
static void trust(struct lk_applet *applet, size_t index)
{
    enum lk_status status = LK_INTERNAL;

    applet->endpoints[index].is_new = 0;
    if (applet->endpoints[index].doubt == 0)
        return;
    status = lk_records_begin(applet);
    if (status != LK_OK)
        return;
    status = lk_record_doubt(applet, index, 0);
    for (size_t i = 0; status == LK_OK && i < LK_APPLET_NUM_ENDPOINTS; i++) {
        if (is_rival(applet, index, i) && applet->endpoints[i].doubt != 1)
            status = lk_record_doubt(applet, i, 1);
    }
    if (lk_records_end(applet, status) != LK_OK)
        return;
    applet->endpoints[index].doubt = 0;
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        if (is_rival(applet, index, i))
            applet->endpoints[i].doubt = 1;
    }
}

/* End of a good AUTH1: the key is confirmed and Kpersistent stored, in one commit, after the answer
 * was made and before it is handed out (7.5, D20). Only then RAM follows. */
static enum lk_status keep(struct lk_applet *applet, size_t index,
                           const struct lk_persistent *persistent)
{
    struct lk_endpoint *endpoint = &applet->endpoints[index];
    size_t evicted = oldest_persistent(applet, index);
    uint8_t was = endpoint->state;
    uint64_t age = applet->age + 1;
    uint32_t doubt = doubted(applet, index);
    enum lk_status status = lk_records_begin(applet);

    if (status != LK_OK)
        return status;
    endpoint->state = LK_ENDPOINT_ACTIVE;
    if (was != LK_ENDPOINT_ACTIVE)
        status = lk_record_endpoint(applet, index, endpoint);
    if (status == LK_OK)
        status = lk_record_persistent(applet, index, persistent, age);
    if (status == LK_OK && evicted != LK_APPLET_NO_INDEX)
        status = lk_record_drop_persistent(applet, evicted);
    if (status == LK_OK && doubt != endpoint->doubt)
        status = lk_record_doubt(applet, index, doubt);
    status = lk_records_end(applet, status);
    if (status != LK_OK) {
        endpoint->state = was;
        return status;
    }
    if (evicted != LK_APPLET_NO_INDEX) {
        lk_wipe(&applet->endpoints[evicted].persistent, sizeof(struct lk_persistent));
        applet->endpoints[evicted].persistent_age = 0;
    }
    endpoint->doubt = doubt;
    endpoint->persistent = *persistent;
    endpoint->persistent_age = applet->age = age;
    return LK_OK;
}

enum lk_status lk_applet_on_auth1(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_applet_session *session = turn->session;
    struct lk_transcript t = transcript(session);
    struct lk_persistent persistent;
    struct lk_session_keys keys;
    struct lk_auth1 command;
    uint8_t plain[LK_CHAN_PLAIN_MAX];
    struct lk_wr wr;
    enum lk_status status = LK_PEER_P1P2;

    memset(&persistent, 0, sizeof persistent);
    memset(&keys, 0, sizeof keys);
    lk_wr_init(&wr, plain, sizeof plain);
    lk_chan_forget(&session->chan); /* of the fast try */
    if (turn->command.p1 == 0 && turn->command.p2 == 0)
        status = lk_auth1_parse(turn->command.body, &command);
    if (status == LK_OK) {
        status = verify_vehicle(applet, session, command.signature.at);
        turn->sw = LK_SW_SECURITY; /* whatever the cause was (S13) */
    }
    if (status != LK_OK)
        goto out;
    turn->sw = 0;
    session->is_confirmed = 1;
    status = lk_standard_derive(applet->crypto, session->ephemeral, session->vehicle_ephemeral, &t,
                                &keys, &persistent);
    lk_key_free(applet->crypto, &session->ephemeral); /* used once (FA4, ST5) */
    if (status == LK_OK)
        status = write_answer(applet, session, &wr);
    if (status != LK_OK)
        goto out;
    lk_chan_open(&session->chan, &keys);
    status = lk_chan_seal_response(&session->chan, applet->crypto, lk_bytes(plain, wr.len),
                                   turn->reply.at, &turn->reply.len);
    if (status == LK_OK)
        status = keep(applet, session->endpoint, &persistent);
out:
    lk_wipe(&persistent, sizeof persistent);
    lk_wipe(&keys, sizeof keys);
    lk_wipe(plain, sizeof plain);
    if (status == LK_OK)
        lk_session_note(applet, session, LK_OK);
    return status;
}

/* A hint for the screen and for the order of keys of one car: it ends the session or keeps it, and
 * moves no key (S1). */
enum lk_status lk_applet_on_control_flow(struct lk_turn *turn)
{
    struct lk_applet_session *session = turn->session;
    struct lk_applet_notice *notice = &turn->applet->notice;
    uint8_t p1 = turn->command.p1, p2 = turn->command.p2;
    enum lk_status status = LK_OK;

    LK_TRY(lk_control_flow_check(p1, p2));
    if (session->state != LK_APPLET_SELECTED) {
        if (!session->is_confirmed && !session->is_known)
            status = (enum lk_status)session->refusal;
        if (p1 == LK_CONTROL_FAILED && status == LK_OK)
            status = LK_PEER_ABORTED;
        lk_session_note(turn->applet, session, status);
        notice->control_p1 = p1;
        notice->control_p2 = p2;
    }
    if (p1 == LK_CONTROL_DONE && session->is_confirmed && session->is_known)
        trust(turn->applet, session->endpoint);
    turn->next = p1 == LK_CONTROL_SPECIFIC ? session->state : LK_APPLET_IDLE;
    return LK_OK;
}
