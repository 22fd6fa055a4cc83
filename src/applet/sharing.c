/* sharing.c: what a sharing needs of the element beside the owner's signature (authorize.c): the
 * user's consent, the friend's encryption key, and the token under it. spec/applet.md. */
#include "applet/applet.h"

/* --- owner: consent (S5, SH18) --- */

enum lk_status lk_sharer_find(const struct lk_applet *applet, struct lk_bytes id, size_t *out_index)
{
    size_t index = lk_endpoint_find(applet, id);
    const struct lk_endpoint *endpoint;

    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    endpoint = &applet->endpoints[index];
    if (endpoint->state == LK_ENDPOINT_TERMINATED)
        return LK_KEY_TERMINATED;
    if (applet->locked || endpoint->state == LK_ENDPOINT_LOCKED)
        return LK_KEY_LOCKED;
    if ((endpoint->option1 & LK_OPTION1_AUTHORIZE) == 0) /* no friend's key has it */
        return LK_SHARE_NOT_OWNER;
    if (endpoint->state != LK_ENDPOINT_ACTIVE)
        return LK_CALLER_STATE;
    *out_index = index;
    return LK_OK;
}

struct lk_applet_consent *lk_consent_find(struct lk_applet *applet, struct lk_bytes endpoint_id,
                                          struct lk_bytes hash, uint64_t now_ms)
{
    for (size_t i = 0; i < LK_APPLET_NUM_CONSENTS; i++) {
        struct lk_applet_consent *consent = &applet->consents[i];

        if (now_ms < consent->until_ms &&
            lk_bytes_equal(endpoint_id, lk_bytes(consent->endpoint_id, LK_ENDPOINT_ID_LEN)) &&
            lk_bytes_equal(hash, lk_bytes(consent->entitlement_hash, LK_HASH_LEN)))
            return consent;
    }
    return NULL;
}

void lk_consent_forget(struct lk_applet *applet, const struct lk_endpoint *endpoint)
{
    for (size_t i = 0; i < LK_APPLET_NUM_CONSENTS; i++) {
        struct lk_applet_consent *consent = &applet->consents[i];

        if (lk_equal(consent->endpoint_id, endpoint->id, LK_ENDPOINT_ID_LEN))
            lk_wipe(consent, sizeof *consent);
    }
}

/* Where a consent may be kept: what has run out gives way, nothing else does. */
static struct lk_applet_consent *free_consent(struct lk_applet *applet, uint64_t now_ms)
{
    for (size_t i = 0; i < LK_APPLET_NUM_CONSENTS; i++) {
        if (now_ms >= applet->consents[i].until_ms)
            return &applet->consents[i];
    }
    return NULL;
}

/* P1 00 gives the consent, 01 takes it back. Express Mode makes no difference: nobody shares
 * without the user (SH18). */
enum lk_status lk_applet_on_consent(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_applet_consent *consent;
    struct lk_wired_consent body;
    size_t index = 0;
    int is_fresh = lk_user_is_fresh(applet, turn->now_ms);

    if (turn->command.p1 > 1 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_consent_parse(turn->command.body, &body));
    consent = lk_consent_find(applet, body.endpoint_id, body.entitlement_hash, turn->now_ms);
    if (turn->command.p1 == 1) {
        if (consent != NULL)
            lk_wipe(consent, sizeof *consent);
        return LK_OK;
    }
    LK_TRY(lk_sharer_find(applet, body.endpoint_id, &index));
    if (consent == NULL)
        consent = free_consent(applet, turn->now_ms);
    if (consent == NULL)
        return LK_CALLER_FULL;
    applet->user_auth_valid = 0;
    if (!is_fresh)
        return LK_NEEDS_USER_AUTH;
    memcpy(consent->endpoint_id, body.endpoint_id.at, LK_ENDPOINT_ID_LEN);
    memcpy(consent->entitlement_hash, body.entitlement_hash.at, LK_HASH_LEN);
    consent->until_ms = turn->now_ms + LK_TIMER_INVITATION_MS;
    return LK_OK;
}

/* --- friend: encryption key and token (D27) --- */

/* A friend's key, as far as it has not been locked or ended. INVITED keys are friends', and they
 * alone get an encryption key; who has none takes no token. */
static enum lk_status find_friend(const struct lk_applet *applet, struct lk_bytes id,
                                  size_t *out_index)
{
    size_t index = lk_endpoint_find(applet, id);

    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    if (applet->endpoints[index].state != LK_ENDPOINT_INVITED &&
        applet->endpoints[index].state != LK_ENDPOINT_ACTIVE)
        return LK_CALLER_STATE;
    *out_index = index;
    return LK_OK;
}

/* The encryption key with the endpoint's signature (S3). */
static enum lk_status attest(const struct lk_turn *turn, const struct lk_endpoint *endpoint,
                             const uint8_t public_key[LK_POINT_LEN], struct lk_wr *out)
{
    uint8_t key_id[LK_KEY_ID_LEN], text[LK_ENCRYPTION_KEY_MAX], signature[LK_SIGNATURE_LEN];
    struct lk_encryption_key object = {
        .vehicle_id = lk_bytes(endpoint->vehicle_id, sizeof endpoint->vehicle_id),
        .key_id = lk_bytes(key_id, sizeof key_id),
        .public_key = lk_bytes(public_key, LK_POINT_LEN),
    };
    struct lk_bytes part;
    struct lk_wr wr;

    LK_TRY(lk_key_id(turn->applet->crypto, endpoint->public_key, key_id));
    lk_wr_init(&wr, text, sizeof text);
    lk_encryption_key_write_signed(&object, &wr);
    LK_TRY(wr.fault);
    part = lk_bytes(text, wr.len);
    LK_TRY(lk_sign(turn->applet->crypto, endpoint->key, &part, 1, signature));
    object.signature = lk_bytes(signature, sizeof signature);
    lk_encryption_key_write(&object, out);
    return out->fault;
}

/* One pair per endpoint: asked again, the answer is for the same one. */
enum lk_status lk_applet_on_create_encryption_key(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    uint8_t public_key[LK_POINT_LEN];
    struct lk_key key = {0};
    struct lk_wired_endpoint body;
    size_t index = 0;
    int is_new;
    enum lk_status status = LK_INTERNAL;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_endpoint_parse(turn->command.body, &body));
    LK_TRY(find_friend(applet, body.endpoint_id, &index));
    status = lk_record_load_encryption_key(applet, index, &key, public_key);
    is_new = status == LK_CALLER_NOT_FOUND;
    if (is_new && applet->endpoints[index].state != LK_ENDPOINT_INVITED)
        return LK_CALLER_STATE;
    if (is_new)
        status = lk_key_generate(applet->crypto, &key, public_key);
    if (status == LK_OK)
        status = attest(turn, &applet->endpoints[index], public_key, &turn->reply);
    if (status == LK_OK && is_new)
        status = lk_records_begin(applet);
    if (status == LK_OK && is_new)
        status = lk_records_end(applet, lk_record_encryption_key(applet, index, key));
    lk_key_free(applet->crypto, &key);
    return status;
}

/* Opens what the owner's element sealed. */
static enum lk_status open_token(struct lk_applet *applet, size_t index,
                                 const struct lk_token_export *token, uint8_t out[LK_TOKEN_LEN])
{
    uint8_t public_key[LK_POINT_LEN];
    struct lk_key key = {0};
    enum lk_status status = lk_record_load_encryption_key(applet, index, &key, public_key);

    if (status == LK_CALLER_NOT_FOUND)
        return LK_CALLER_STATE;
    if (status == LK_OK)
        status = lk_ecies_open(applet->crypto, key, public_key, token->ephemeral.at,
                               token->sealed, out);
    lk_key_free(applet->crypto, &key);
    return status;
}

/* P1 and P2: the offset, at a token's place. */
enum lk_status lk_applet_on_set_confidential_data(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    size_t at = (size_t)((turn->command.p1 << 8) | turn->command.p2), index = 0;
    uint8_t token[LK_TOKEN_LEN];
    struct lk_token_export sealed;
    struct lk_wired_endpoint body;
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_wired_endpoint_parse(turn->command.body, &body));
    LK_TRY(lk_wired_token_parse(lk_bytes(applet->buffer, applet->buffer_len), &sealed));
    LK_TRY(find_friend(applet, body.endpoint_id, &index));
    if (sealed.sealed.len != LK_TOKEN_LEN + 16)
        return LK_PEER_LENGTH;
    if (at % LK_TOKEN_LEN != 0 ||
        at + LK_TOKEN_LEN > applet->endpoints[index].confidential_size)
        return LK_PEER_RANGE;
    if (applet->mailbox_dirty)
        return LK_CALLER_STATE;
    status = open_token(applet, index, &sealed, token);
    if (status == LK_OK)
        status = lk_mailbox_load(applet, index);
    if (status == LK_OK) {
        memcpy(applet->mailbox + LK_PRIVATE_MAILBOX_MAX + at, token, sizeof token);
        status = lk_mailbox_store(applet, index);
    }
    lk_wipe(token, sizeof token);
    return status;
}
