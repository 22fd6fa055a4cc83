/* session.c: the beginning and the ends of a session, and of the applet itself. */
#include "applet/applet.h"

const uint8_t lk_applet_versions[2] = {0x01, 0x00};

_Static_assert(LK_APPLET_IDLE == 0, "a wiped session is an idle one");
_Static_assert(LK_APPLET_NUM_ENDPOINTS < LK_APPLET_NO_INDEX, "an index fits one byte");
_Static_assert(LK_APPLET_NUM_PERSISTENT >= 1, "the newest key must find room");

enum lk_status lk_applet_init(struct lk_applet *applet, struct lk_crypto *crypto,
                              struct lk_store *store)
{
    enum lk_status status = LK_INTERNAL;

    memset(applet, 0, sizeof *applet);
    applet->crypto = crypto;
    applet->store = store;
    applet->express = 1;
    applet->mailbox_endpoint = LK_APPLET_NO_INDEX;
    applet->notice.control_p1 = applet->notice.control_p2 = 0xff;
    status = lk_records_load(applet);
    for (size_t i = 0; status == LK_OK && i < LK_APPLET_NUM_ENDPOINTS; i++) {
        if (applet->endpoints[i].state == LK_ENDPOINT_UNCONFIRMED)
            status = lk_endpoint_delete(applet, i);
    }
    if (status != LK_OK)
        lk_applet_forget(applet);
    return status;
}

void lk_applet_forget(struct lk_applet *applet)
{
    if (applet->crypto != NULL) {
        lk_session_forget(applet, &applet->wired);
        lk_session_forget(applet, &applet->air);
        for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++)
            lk_key_free(applet->crypto, &applet->endpoints[i].key);
        for (size_t i = 0; i < LK_APPLET_NUM_CAS; i++)
            lk_key_free(applet->crypto, &applet->cas[i].key);
    }
    lk_wipe(applet, sizeof *applet);
}

void lk_session_forget(struct lk_applet *applet, struct lk_applet_session *session)
{
    lk_key_free(applet->crypto, &session->ephemeral);
    lk_chan_forget(&session->chan);
    lk_wipe(session, sizeof *session);
    if (session == &applet->air)
        lk_mailbox_drop(applet);
}

void lk_session_disown(struct lk_applet *applet, size_t endpoint, enum lk_status cause)
{
    struct lk_applet_session *session = &applet->air;

    if (session->state == LK_APPLET_IDLE || session->state == LK_APPLET_SELECTED)
        return;
    if (endpoint != LK_APPLET_NO_INDEX && session->endpoint != endpoint)
        return;
    session->is_known = 0;
    session->refusal = (uint16_t)cause;
    session->endpoint = LK_APPLET_NO_INDEX;
    lk_chan_forget(&session->chan); /* what was open is dead: the next sealed command fails */
    lk_mailbox_drop(applet);
}

void lk_session_note(struct lk_applet *applet, const struct lk_applet_session *session,
                     enum lk_status status)
{
    struct lk_applet_notice *notice = &applet->notice;

    if (session != &applet->air)
        return;
    if (session->state == LK_APPLET_IDLE && status != LK_NEEDS_USER_AUTH)
        return;
    if (session->state == LK_APPLET_SELECTED && status != LK_NEEDS_USER_AUTH)
        return;
    memset(notice, 0, sizeof *notice);
    notice->status = (uint16_t)status;
    if (status != LK_OK && !session->is_known && session->refusal != LK_OK)
        notice->status = session->refusal;
    memcpy(notice->vehicle_id, session->vehicle_id, sizeof notice->vehicle_id);
    if (session->state > LK_APPLET_SELECTED && session->endpoint < LK_APPLET_NUM_ENDPOINTS)
        memcpy(notice->endpoint_id, applet->endpoints[session->endpoint].id,
               sizeof notice->endpoint_id);
    notice->p2 = session->p2;
    notice->was_fast = session->state == LK_APPLET_AUTH0_FAST ||
                       session->state == LK_APPLET_SECURE_FAST;
    notice->control_p1 = notice->control_p2 = 0xff;
}

int lk_user_is_fresh(const struct lk_applet *applet, uint64_t now_ms)
{
    /* A clock that went back proves nothing about age. */
    return applet->user_auth_valid && now_ms < applet->user_auth_until_ms &&
           applet->user_auth_until_ms - now_ms <= LK_USER_AUTH_FRESH_MS;
}

void lk_unconfirmed_expire(struct lk_applet *applet, uint64_t now_ms)
{
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        struct lk_endpoint *endpoint = &applet->endpoints[i];

        if (now_ms - endpoint->created_ms <= LK_TIMER_OWNER_PAIRING_MS)
            continue;
        endpoint->is_new = 0;
        if (endpoint->state != LK_ENDPOINT_UNCONFIRMED)
            continue;
        /* If the store fails, the record dies at the next start; in RAM the key is gone now. */
        if (lk_endpoint_delete(applet, i) != LK_OK)
            lk_endpoint_forget(applet, i);
    }
}

void lk_applet_field_lost(struct lk_applet *applet)
{
    lk_session_note(applet, &applet->air, LK_PEER_GONE);
    lk_session_forget(applet, &applet->air);
}

const struct lk_applet_notice *lk_applet_last_notice(const struct lk_applet *applet)
{
    return &applet->notice;
}

enum lk_status lk_applet_on_select_applet(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_select_applet reply = {lk_bytes(lk_applet_versions, sizeof lk_applet_versions)};
    int is_air = turn->interface != LK_WIRED;

    /* Any SELECT ends what was before (protocol 3.2), also one of another application. */
    lk_session_forget(applet, turn->session);
    if (turn->command.p1 != 0x04 || turn->command.p2 != 0x00)
        return LK_PEER_P1P2;
    if (lk_select_aid(turn->command.body) != LK_AID_APPLET)
        return LK_PEER_NOT_FOUND;
    if (is_air && !applet->express && !lk_user_is_fresh(applet, turn->now_ms))
        return LK_NEEDS_USER_AUTH;
    lk_select_applet_write(&reply, &turn->reply);
    return LK_OK;
}
