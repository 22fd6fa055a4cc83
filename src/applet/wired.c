/* wired.c: what the framework of the same phone may see and set: VIEW, the buffer, private data,
 * user authentication, instance settings and the notice. spec/applet.md, wired commands (D32). */
#include "applet/applet.h"

static enum lk_status no_p1p2(const struct lk_turn *turn)
{
    return turn->command.p1 == 0 && turn->command.p2 == 0 ? LK_OK : LK_PEER_P1P2;
}

static uint16_t offset(const struct lk_turn *turn)
{
    return (uint16_t)((turn->command.p1 << 8) | turn->command.p2);
}

/* --- VIEW --- */

static enum lk_status view_endpoints(struct lk_turn *turn)
{
    const struct lk_wr *reply = &turn->reply;

    for (size_t i = 0, skip = turn->command.p2;
         i < LK_APPLET_NUM_ENDPOINTS && reply->cap - reply->len >= 2 + LK_ENDPOINT_ID_LEN; i++) {
        const struct lk_endpoint *endpoint = &turn->applet->endpoints[i];
        struct lk_wired_endpoint item = {lk_bytes(endpoint->id, sizeof endpoint->id)};

        if (endpoint->state == LK_ENDPOINT_NONE)
            continue;
        if (skip > 0)
            skip--;
        else
            lk_wired_endpoint_write(&item, &turn->reply);
    }
    return LK_OK;
}

static enum lk_status view_cas(struct lk_turn *turn)
{
    for (size_t i = 0, skip = turn->command.p2; i < LK_APPLET_NUM_CAS; i++) {
        const struct lk_instance_ca *ca = &turn->applet->cas[i];
        struct lk_wired_ca item = {lk_bytes(ca->name, ca->name_len)};

        if (ca->name_len == 0)
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        if (turn->reply.cap - turn->reply.len < (size_t)ca->name_len + 3)
            break;
        lk_wired_ca_write(&item, &turn->reply);
    }
    return LK_OK;
}

static enum lk_status view_counts(struct lk_turn *turn)
{
    struct lk_wired_counts counts = {0, 0, 0};

    for (size_t i = 0; i < LK_APPLET_NUM_CAS; i++)
        counts.cas = (uint8_t)(counts.cas + (turn->applet->cas[i].name_len > 0));
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        const struct lk_endpoint *endpoint = &turn->applet->endpoints[i];

        counts.endpoints = (uint8_t)(counts.endpoints + (endpoint->state != LK_ENDPOINT_NONE));
        counts.persistent = (uint8_t)(counts.persistent + (endpoint->persistent_age != 0));
    }
    lk_wired_counts_write(&counts, &turn->reply);
    return LK_OK;
}

static void view_state(struct lk_turn *turn, size_t index)
{
    const struct lk_endpoint *endpoint = &turn->applet->endpoints[index];
    struct lk_wired_state state = {
        .endpoint_id = lk_bytes(endpoint->id, sizeof endpoint->id),
        .vehicle_id = lk_bytes(endpoint->vehicle_id, sizeof endpoint->vehicle_id),
        .state = endpoint->state,
        .is_confirmed = endpoint->state != LK_ENDPOINT_UNCONFIRMED &&
                        endpoint->state != LK_ENDPOINT_INVITED,
        .is_first = (uint8_t)lk_endpoint_is_first(turn->applet, index),
        .slot = lk_bytes(endpoint->slot, endpoint->slot_len),
    };

    lk_wired_state_write(&state, &turn->reply);
}

/* VIEW of one endpoint. */
static enum lk_status view_one(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_endpoint body;
    uint8_t attestation[256];
    size_t index, len = 0;

    LK_TRY(lk_wired_endpoint_parse(turn->command.body, &body));
    index = lk_endpoint_find(applet, body.endpoint_id);
    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    if (turn->command.p1 == LK_VIEW_STATE) {
        view_state(turn, index);
        return LK_OK;
    }
    if (turn->command.p1 == LK_VIEW_TERMINATION) {
        LK_TRY(lk_record_read_termination(applet, index, attestation, sizeof attestation, &len));
        lk_wr_put(&turn->reply, attestation, len);
        return LK_OK;
    }
    LK_TRY(lk_record_read_certificate(applet, index, applet->buffer, sizeof applet->buffer, &len));
    applet->buffer_len = (uint16_t)len;
    lk_wr_u16(&turn->reply, applet->buffer_len);
    return LK_OK;
}

enum lk_status lk_applet_on_view(struct lk_turn *turn)
{
    uint8_t item = turn->command.p1;

    if (item == LK_VIEW_STATE || item == LK_VIEW_CERTIFICATE || item == LK_VIEW_TERMINATION)
        return turn->command.p2 == 0 ? view_one(turn) : LK_PEER_P1P2;
    if (turn->command.body.len > 0)
        return LK_PEER_LENGTH;
    if (item == LK_VIEW_ENDPOINTS)
        return view_endpoints(turn);
    if (item == LK_VIEW_CAS)
        return view_cas(turn);
    return item == LK_VIEW_COUNTS && turn->command.p2 == 0 ? view_counts(turn) : LK_PEER_P1P2;
}

/* --- the buffer --- */

enum lk_status lk_applet_on_write_buffer(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_bytes piece = turn->command.body;
    size_t at = offset(turn);

    if (at != 0 && at != applet->buffer_len)
        return LK_PEER_P1P2;
    if (piece.len > sizeof applet->buffer - at)
        return LK_PEER_TOO_LONG;
    memcpy(applet->buffer + at, piece.at, piece.len);
    applet->buffer_len = (uint16_t)(at + piece.len);
    return LK_OK;
}

enum lk_status lk_applet_on_read_buffer(struct lk_turn *turn)
{
    const struct lk_applet *applet = turn->applet;
    size_t at = offset(turn), n = turn->command.le == 0 ? 256 : turn->command.le;

    if (at > applet->buffer_len)
        return LK_PEER_P1P2;
    if (n > applet->buffer_len - at)
        n = applet->buffer_len - at;
    lk_wr_put(&turn->reply, applet->buffer + at, n);
    return LK_OK;
}

/* --- private data: the framework's door to the private mailbox --- */

/* Loads the image if no open EXCHANGE session has staged writes, and finds the bytes. */
static enum lk_status private_bytes(struct lk_turn *turn, struct lk_bytes id, size_t len,
                                    size_t *out_index)
{
    struct lk_applet *applet = turn->applet;
    size_t index = lk_endpoint_find(applet, id), at = offset(turn);

    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    if (at > applet->endpoints[index].private_size ||
        len > applet->endpoints[index].private_size - at)
        return LK_PEER_RANGE;
    if (applet->mailbox_dirty)
        return LK_CALLER_STATE;
    LK_TRY(lk_mailbox_load(applet, index));
    *out_index = index;
    return LK_OK;
}

enum lk_status lk_applet_on_set_private_data(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_set_private body;
    size_t index = 0;

    LK_TRY(lk_wired_set_private_parse(turn->command.body, &body));
    LK_TRY(private_bytes(turn, body.endpoint_id, body.data.len, &index));
    if (applet->endpoints[index].state == LK_ENDPOINT_TERMINATED)
        return LK_CALLER_STATE;
    if (body.data.len == 0)
        return LK_OK;
    memcpy(applet->mailbox + offset(turn), body.data.at, body.data.len);
    return lk_mailbox_store(applet, index);
}

enum lk_status lk_applet_on_get_private_data(struct lk_turn *turn)
{
    struct lk_wired_get_private body;
    size_t index = 0;

    LK_TRY(lk_wired_get_private_parse(turn->command.body, &body));
    if (body.length > LK_BUFFER_PIECE_MAX)
        return LK_PEER_RANGE;
    LK_TRY(private_bytes(turn, body.endpoint_id, body.length, &index));
    lk_wr_put(&turn->reply, turn->applet->mailbox + offset(turn), body.length);
    return LK_OK;
}

/* --- the user, the instance, the notice --- */

/* P1 01: the user has just authenticated; P1 00 takes it back. Good for one AUTH0 (M27). */
enum lk_status lk_applet_on_manage_ua(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;

    if (turn->command.p1 > 1 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    applet->user_auth_valid = turn->command.p1;
    applet->user_auth_until_ms = turn->now_ms + LK_USER_AUTH_FRESH_MS;
    return LK_OK;
}

enum lk_status lk_applet_on_setup_instance(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_setup_instance body;
    uint8_t express = applet->express, locked = applet->locked;

    LK_TRY(no_p1p2(turn));
    LK_TRY(lk_wired_setup_instance_parse(turn->command.body, &body));
    if (body.has_express)
        express = body.express;
    if (body.has_lock)
        locked = body.lock;
    LK_TRY(lk_records_begin(applet));
    LK_TRY(lk_records_end(applet, lk_record_settings(applet, express, locked)));
    applet->express = express;
    applet->locked = locked;
    if (locked) /* at once, mid-transaction too (LI5) */
        lk_session_disown(applet, LK_APPLET_NO_INDEX, LK_KEY_LOCKED);
    return LK_OK;
}

enum lk_status lk_applet_on_get_notification(struct lk_turn *turn)
{
    const struct lk_applet_notice *notice = &turn->applet->notice;
    struct lk_wired_notice body = {
        .status = notice->status,
        .endpoint_id = lk_bytes(notice->endpoint_id, sizeof notice->endpoint_id),
        .vehicle_id = lk_bytes(notice->vehicle_id, sizeof notice->vehicle_id),
        .p2 = notice->p2,
        .was_fast = notice->was_fast,
        .control_p1 = notice->control_p1,
        .control_p2 = notice->control_p2,
    };

    LK_TRY(no_p1p2(turn));
    lk_wired_notice_write(&body, &turn->reply);
    return LK_OK;
}
