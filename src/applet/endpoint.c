/* endpoint.c: the life of one key: CREATE, SETUP, TERMINATE and DELETE ENDPOINT. The key pair is
 * made here and never leaves; what leaves is H, signed by the Instance CA (pki T1, D1, S24). */
#include "applet/applet.h"

size_t lk_endpoint_find(const struct lk_applet *applet, struct lk_bytes id)
{
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        const struct lk_endpoint *endpoint = &applet->endpoints[i];

        if (endpoint->state != LK_ENDPOINT_NONE &&
            lk_bytes_equal(lk_bytes(endpoint->id, sizeof endpoint->id), id))
            return i;
    }
    return LK_APPLET_NO_INDEX;
}

void lk_endpoint_forget(struct lk_applet *applet, size_t index)
{
    lk_session_disown(applet, index, LK_KEY_TERMINATED);
    lk_consent_forget(applet, &applet->endpoints[index]);
    lk_key_free(applet->crypto, &applet->endpoints[index].key);
    lk_wipe(&applet->endpoints[index], sizeof applet->endpoints[index]);
    if (applet->mailbox_endpoint == index)
        lk_mailbox_drop(applet);
}

enum lk_status lk_endpoint_delete(struct lk_applet *applet, size_t index)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_records_begin(applet));
    status = lk_record_drop_endpoint(applet, index);
    if (status == LK_OK)
        status = lk_record_settings(applet, applet->express, applet->locked);
    LK_TRY(lk_records_end(applet, status));
    lk_endpoint_forget(applet, index);
    return LK_OK;
}

/* --- CREATE ENDPOINT --- */

/* P-29 and what this build can hold. */
static enum lk_status check_options(const struct lk_creation *creation)
{
    const uint8_t refused1 = LK_OPTION1_CHAIN_SHARING;
    const uint8_t refused2 = LK_OPTION2_SERVER_KEY | LK_OPTION2_FLEET | 0x30 |
                             LK_OPTION2_COMPRESSED;

    if ((creation->option1 & refused1) != 0 || (creation->option2 & refused2) != 0)
        return LK_PEER_VALUE;
    if (creation->confidential_size > LK_CONFIDENTIAL_MAILBOX_MAX ||
        creation->private_size > LK_PRIVATE_MAILBOX_MAX)
        return LK_CALLER_FULL;
    return LK_OK;
}

/* Dates make it a friend's: both, in order, and no right to share (S4). An owner has none. */
static enum lk_status check_dates(const struct lk_creation *creation)
{
    if ((creation->not_before.at == NULL) != (creation->not_after.at == NULL))
        return LK_PEER_VALUE;
    if (creation->not_before.at == NULL)
        return LK_OK;
    if (memcmp(creation->not_before.at, creation->not_after.at, LK_DATE_LEN) >= 0 ||
        (creation->option1 & LK_OPTION1_AUTHORIZE) != 0)
        return LK_PEER_VALUE;
    return LK_OK;
}

/* The wired object as an endpoint without a key. */
static enum lk_status plan_endpoint(const struct lk_applet *applet,
                                    const struct lk_wired_create_endpoint *body,
                                    struct lk_endpoint *out)
{
    const struct lk_creation *creation = &body->creation;

    LK_TRY(check_options(creation));
    LK_TRY(check_dates(creation));
    if (body->versions.len > sizeof out->version_list)
        return LK_PEER_VALUE;
    if (creation->vehicle_key.at != NULL &&
        !lk_bytes_equal(creation->vehicle_key, body->vehicle_key))
        return LK_PEER_VALUE;
    LK_TRY(lk_point_check(applet->crypto, body->vehicle_key.at));
    LK_TRY(lk_point_check(applet->crypto, creation->authorized_key.at));
    memset(out, 0, sizeof *out);
    memcpy(out->id, body->endpoint_id.at, sizeof out->id);
    memcpy(out->vehicle_id, creation->vehicle_id.at, sizeof out->vehicle_id);
    memcpy(out->vehicle_key, body->vehicle_key.at, sizeof out->vehicle_key);
    memcpy(out->authorized_key, creation->authorized_key.at, sizeof out->authorized_key);
    memcpy(out->slot, creation->slot.at, creation->slot.len);
    out->slot_len = (uint8_t)creation->slot.len;
    memcpy(out->version_list, body->versions.at, body->versions.len);
    out->version_list_len = (uint8_t)body->versions.len;
    out->option1 = creation->option1;
    out->option2 = creation->option2;
    out->confidential_size = creation->confidential_size;
    out->private_size = creation->private_size;
    out->state = creation->not_before.at == NULL ? LK_ENDPOINT_UNCONFIRMED : LK_ENDPOINT_INVITED;
    out->is_new = out->state == LK_ENDPOINT_UNCONFIRMED;
    return LK_OK;
}

static void hex(const uint8_t *in, size_t len, uint8_t *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = (uint8_t)digits[in[i] >> 4];
        out[2 * i + 1] = (uint8_t)digits[in[i] & 0x0f];
    }
}

/* H into `out`: extension .4 of D1, dates of D33. */
static enum lk_status issue_h(struct lk_applet *applet, const struct lk_endpoint *endpoint,
                              const struct lk_creation *creation, uint8_t out[LK_CERT_MAX],
                              size_t *out_len)
{
    const struct lk_instance_ca *ca = &applet->cas[endpoint->ca];
    uint8_t name[2 * LK_ENDPOINT_ID_LEN], issuer[64], facts_bytes[512];
    size_t facts_len = 0;
    struct lk_endpoint_facts facts = {
        .option1 = endpoint->option1,
        .option2 = endpoint->option2,
        .confidential_size = endpoint->confidential_size,
        .private_size = endpoint->private_size,
        .slot = lk_bytes(endpoint->slot, endpoint->slot_len),
        .vehicle_key = endpoint->vehicle_key,
        .authorized_key = endpoint->authorized_key,
        .not_before = creation->not_before,
        .not_after = creation->not_after,
        .versions = lk_bytes(endpoint->version_list, endpoint->version_list_len),
    };
    struct lk_cert_plan plan = {
        .role = LK_ROLE_ENDPOINT,
        .subject_name = lk_bytes(name, sizeof name),
        .subject_key = endpoint->public_key,
        .issuer_key = ca->public_key,
        .signer = ca->key,
        .not_before = "20200101000000Z",
        .not_after = "99991231235959Z",
    };

    memcpy(facts.vehicle_id, endpoint->vehicle_id, sizeof facts.vehicle_id);
    memcpy(facts.endpoint_id, endpoint->id, sizeof facts.endpoint_id);
    hex(endpoint->id, sizeof endpoint->id, name);
    LK_TRY(lk_endpoint_facts_write(&facts, facts_bytes, sizeof facts_bytes, &facts_len));
    plan.issuer = lk_bytes(issuer, lk_ca_name(ca, issuer));
    plan.role_value = lk_bytes(facts_bytes, facts_len);
    LK_TRY(lk_random(applet->crypto, plan.serial, sizeof plan.serial));
    return lk_cert_issue(applet->crypto, &plan, out, LK_CERT_MAX, out_len);
}

static enum lk_status store_new(struct lk_applet *applet, size_t index,
                                const struct lk_endpoint *endpoint, struct lk_bytes h)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_records_begin(applet));
    status = lk_record_endpoint(applet, index, endpoint);
    if (status == LK_OK)
        status = lk_record_certificate(applet, index, h);
    return lk_records_end(applet, status);
}

/* Makes the key, issues H, stores both. The caller frees the key on failure. */
static enum lk_status make(struct lk_applet *applet, size_t index, struct lk_endpoint *endpoint,
                           const struct lk_creation *creation)
{
    uint8_t h[LK_CERT_MAX];
    size_t h_len = 0;

    LK_TRY(lk_key_generate(applet->crypto, &endpoint->key, endpoint->public_key));
    LK_TRY(issue_h(applet, endpoint, creation, h, &h_len));
    LK_TRY(store_new(applet, index, endpoint, lk_bytes(h, h_len)));
    memcpy(applet->buffer, h, h_len);
    applet->buffer_len = (uint16_t)h_len;
    return LK_OK;
}

enum lk_status lk_applet_on_create_endpoint(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_create_endpoint body;
    struct lk_endpoint endpoint;
    size_t index = 0, ca;
    enum lk_status status = LK_INTERNAL;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_create_endpoint_parse(lk_bytes(applet->buffer, applet->buffer_len), &body));
    ca = lk_ca_find(applet, body.ca_name);
    if (ca == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    if (lk_endpoint_find(applet, body.endpoint_id) != LK_APPLET_NO_INDEX)
        return LK_CALLER_EXISTS;
    LK_TRY(plan_endpoint(applet, &body, &endpoint));
    while (index < LK_APPLET_NUM_ENDPOINTS && applet->endpoints[index].state != LK_ENDPOINT_NONE)
        index++;
    if (index == LK_APPLET_NUM_ENDPOINTS)
        return LK_CALLER_FULL;
    endpoint.ca = (uint8_t)ca;
    endpoint.created_ms = turn->now_ms;
    endpoint.born = applet->age + 1;
    status = make(applet, index, &endpoint, &body.creation);
    if (status != LK_OK) {
        lk_key_free(applet->crypto, &endpoint.key);
        return status;
    }
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++)
        applet->endpoints[i].is_new = 0; /* one key is being paired at a time */
    applet->age = endpoint.born;
    applet->endpoints[index] = endpoint;
    lk_wr_u16(&turn->reply, applet->buffer_len);
    return LK_OK;
}

/* --- SETUP ENDPOINT --- */

static enum lk_status set_window(struct lk_window window, uint16_t size, uint16_t *at, uint8_t *len)
{
    if (!window.is_set)
        return LK_OK;
    if (window.offset > size || window.length > size - window.offset)
        return LK_PEER_RANGE;
    *at = window.offset;
    *len = window.length;
    return LK_OK;
}

/* Locked and back; an unconfirmed or ended key is neither. A friend's new key becomes ACTIVE when
 * the host has its package: the car decides what that is worth. */
static enum lk_status set_state(struct lk_bytes state, struct lk_endpoint *endpoint)
{
    if (state.at == NULL)
        return LK_OK;
    if (state.at[0] != LK_ENDPOINT_ACTIVE && state.at[0] != LK_ENDPOINT_LOCKED)
        return LK_PEER_VALUE;
    if (endpoint->state != LK_ENDPOINT_ACTIVE && endpoint->state != LK_ENDPOINT_LOCKED &&
        (endpoint->state != LK_ENDPOINT_INVITED || state.at[0] != LK_ENDPOINT_ACTIVE))
        return LK_CALLER_STATE;
    endpoint->state = state.at[0];
    return LK_OK;
}

/* Slot, signature and both windows must fit one answer of AUTH1. */
static int fits_auth1(const struct lk_endpoint *endpoint)
{
    size_t len = lk_tlv_size(LK_TAG_SLOT, endpoint->slot_len) +
                 lk_tlv_size(LK_TAG_SIGNATURE, LK_SIGNATURE_LEN);

    if (endpoint->confidential_window_len > 0)
        len += lk_tlv_size(LK_TAG_CONFIDENTIAL_WINDOW, endpoint->confidential_window_len);
    if (endpoint->private_window_len > 0)
        len += lk_tlv_size(LK_TAG_PRIVATE_WINDOW, endpoint->private_window_len);
    return len <= LK_CHAN_PLAIN_MAX;
}

/* Suspension wipes Kpersistent first: it is in the same commit (S12). */
static enum lk_status store_setup(struct lk_applet *applet, size_t index,
                                  const struct lk_endpoint *endpoint)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_records_begin(applet));
    status = lk_record_endpoint(applet, index, endpoint);
    if (status == LK_OK && endpoint->state == LK_ENDPOINT_LOCKED)
        status = lk_record_drop_persistent(applet, index);
    return lk_records_end(applet, status);
}

/* Checks the change on a copy, stores it, and only then moves RAM. */
static enum lk_status set_up(struct lk_applet *applet, size_t index,
                             const struct lk_wired_setup_endpoint *body,
                             struct lk_endpoint *changed)
{
    LK_TRY(set_window(body->confidential_window, changed->confidential_size,
                      &changed->confidential_window_at, &changed->confidential_window_len));
    LK_TRY(set_window(body->private_window, changed->private_size, &changed->private_window_at,
                      &changed->private_window_len));
    LK_TRY(set_state(body->state, changed));
    if (!fits_auth1(changed))
        return LK_PEER_RANGE;
    LK_TRY(store_setup(applet, index, changed));
    if (changed->state == LK_ENDPOINT_LOCKED) {
        lk_wipe(&changed->persistent, sizeof changed->persistent);
        changed->persistent_age = 0;
        lk_session_disown(applet, index, LK_KEY_LOCKED);
    }
    applet->endpoints[index] = *changed;
    return LK_OK;
}

enum lk_status lk_applet_on_setup_endpoint(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_setup_endpoint body;
    struct lk_endpoint changed;
    size_t index;
    enum lk_status status = LK_INTERNAL;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_setup_endpoint_parse(turn->command.body, &body));
    index = lk_endpoint_find(applet, body.endpoint_id);
    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    changed = applet->endpoints[index];
    status = set_up(applet, index, &body, &changed);
    lk_wipe(&changed, sizeof changed); /* a copy of Kpersistent is in it */
    return status;
}

/* --- TERMINATE, DELETE --- */

/* The endpoint key's last word (D5), made before the key is destroyed. `out` takes 256 bytes. */
static enum lk_status attest(struct lk_applet *applet, const struct lk_endpoint *endpoint,
                             uint8_t reason, uint8_t *out, size_t *out_len)
{
    uint8_t key_id[LK_KEY_ID_LEN], text[192], signature[LK_SIGNATURE_LEN];
    struct lk_termination object = {
        .vehicle_id = lk_bytes(endpoint->vehicle_id, sizeof endpoint->vehicle_id),
        .key_id = lk_bytes(key_id, sizeof key_id),
        .reason = reason,
        .element_counter = applet->age + 1,
    };
    struct lk_bytes part;
    struct lk_wr wr;

    LK_TRY(lk_key_id(applet->crypto, endpoint->public_key, key_id));
    lk_wr_init(&wr, text, sizeof text);
    lk_termination_write_signed(&object, &wr);
    LK_TRY(wr.fault);
    part = lk_bytes(text, wr.len);
    LK_TRY(lk_sign(applet->crypto, endpoint->key, &part, 1, signature));
    object.signature = lk_bytes(signature, sizeof signature);
    lk_wr_init(&wr, out, 256);
    lk_termination_write(&object, &wr);
    LK_TRY(wr.fault);
    *out_len = wr.len;
    return LK_OK;
}

/* One commit: ended, no keys, no Kpersistent, no tokens, the attestation kept (S9). */
static enum lk_status store_end(struct lk_applet *applet, size_t index,
                                const struct lk_endpoint *ended, struct lk_bytes attestation)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_records_begin(applet));
    status = lk_record_endpoint(applet, index, ended);
    if (status == LK_OK)
        status = lk_record_termination(applet, index, attestation);
    if (status == LK_OK)
        status = lk_record_drop_persistent(applet, index);
    if (status == LK_OK)
        status = lk_record_drop_confidential(applet, index);
    if (status == LK_OK)
        status = lk_record_drop_encryption_key(applet, index);
    return lk_records_end(applet, status);
}

static enum lk_status terminate(struct lk_applet *applet, size_t index, uint8_t reason)
{
    struct lk_endpoint *endpoint = &applet->endpoints[index];
    struct lk_endpoint ended = *endpoint;
    uint8_t attestation[256];
    size_t len = 0;
    enum lk_status status = LK_INTERNAL;

    status = attest(applet, endpoint, reason, attestation, &len);
    if (status != LK_OK)
        goto out;
    ended.state = LK_ENDPOINT_TERMINATED;
    ended.born = applet->age + 1; /* the counter of the attestation never comes again */
    ended.confidential_window_len = 0;
    ended.persistent_age = 0;
    lk_wipe(&ended.persistent, sizeof ended.persistent);
    status = store_end(applet, index, &ended, lk_bytes(attestation, len));
    if (status != LK_OK)
        goto out;
    lk_session_disown(applet, index, LK_KEY_TERMINATED);
    lk_key_free(applet->crypto, &endpoint->key);
    ended.key = endpoint->key;
    *endpoint = ended;
    applet->age++;
    if (applet->mailbox_endpoint == index)
        lk_mailbox_drop(applet);
out:
    lk_wipe(&ended, sizeof ended);
    return status;
}

enum lk_status lk_applet_on_terminate_endpoint(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_endpoint body;
    uint8_t attestation[256];
    size_t index, len = 0;

    if (turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_endpoint_parse(turn->command.body, &body));
    index = lk_endpoint_find(applet, body.endpoint_id);
    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    if (applet->endpoints[index].state != LK_ENDPOINT_TERMINATED)
        LK_TRY(terminate(applet, index, turn->command.p1));
    LK_TRY(lk_store_compact(applet->store)); /* no old byte stays (LI6) */
    LK_TRY(lk_record_read_termination(applet, index, attestation, sizeof attestation, &len));
    lk_wr_put(&turn->reply, attestation, len);
    return LK_OK;
}

enum lk_status lk_applet_on_delete_endpoint(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_endpoint body;
    size_t index;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_endpoint_parse(turn->command.body, &body));
    index = lk_endpoint_find(applet, body.endpoint_id);
    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    LK_TRY(lk_endpoint_delete(applet, index));
    return lk_store_compact(applet->store);
}
