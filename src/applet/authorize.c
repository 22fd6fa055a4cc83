/* authorize.c: AUTHORIZE ENDPOINT: the owner's element checks a friend's chain and rights, signs
 * 7F25 and hands over one token. Each check has its own status; a refusal changes nothing: the
 * consent, the slot and the token stay (M79, S4, S5, D28). spec/applet.md. */
#include "applet/applet.h"

/* What is asked for, as far as it has been understood. Windows into body and buffer. */
struct request {
    struct lk_wired_authorize body;
    struct lk_wired_friend sent;
    struct lk_entitlement rights;
    struct lk_encryption_key encryption;
    uint8_t friend_key[LK_POINT_LEN];
    size_t index; /* of the owner's endpoint */
    size_t spare; /* index of slot and token */
};

static struct lk_bytes id_of(const struct lk_endpoint *endpoint)
{
    return lk_bytes(endpoint->vehicle_id, sizeof endpoint->vehicle_id);
}

/* FF20 is what the user agreed to, for this car and by this key. */
static enum lk_status check_rights(struct lk_applet *applet, struct request *request)
{
    const struct lk_endpoint *owner = &applet->endpoints[request->index];
    uint8_t hash[LK_HASH_LEN], key_id[LK_KEY_ID_LEN];

    LK_TRY(lk_sha256(applet->crypto, &request->sent.entitlement, 1, hash));
    if (!lk_bytes_equal(request->body.entitlement_hash, lk_bytes(hash, sizeof hash)))
        return LK_SHARE_ENTITLEMENT;
    LK_TRY(lk_entitlement_parse(request->sent.entitlement, &request->rights));
    if (!lk_bytes_equal(request->rights.vehicle_id, id_of(owner)))
        return LK_SHARE_VEHICLE;
    LK_TRY(lk_key_id(applet->crypto, owner->public_key, key_id));
    if (!lk_bytes_equal(request->rights.sharer, lk_bytes(key_id, sizeof key_id)))
        return LK_SHARE_SHARER;
    return LK_OK;
}

/* H says what the car will want to see, and no more: it may not share, nor on (S4, P-29). */
static enum lk_status check_facts(const struct lk_endpoint *owner,
                                  const struct lk_endpoint_facts *facts,
                                  const struct lk_entitlement *rights)
{
    const unsigned refused = LK_OPTION1_AUTHORIZE | LK_OPTION1_CHAIN_SHARING;

    if (!lk_bytes_equal(lk_bytes(facts->vehicle_id, LK_VEHICLE_ID_LEN), id_of(owner)) ||
        !lk_equal(facts->vehicle_key, owner->vehicle_key, LK_POINT_LEN) ||
        !lk_equal(facts->authorized_key, owner->authorized_key, LK_POINT_LEN) ||
        !lk_bytes_equal(facts->versions, lk_bytes(owner->version_list, owner->version_list_len)) ||
        (facts->option1 & refused) != 0)
        return LK_CERT_MISMATCH;
    if (!lk_bytes_equal(facts->slot, rights->slot))
        return LK_SHARE_SLOT;
    if (!lk_bytes_equal(facts->not_before, rights->not_before) ||
        !lk_bytes_equal(facts->not_after, rights->not_after))
        return LK_SHARE_DATES;
    return LK_OK;
}

/* F, E and H under the automaker's key that was frozen in our own H (M94, SH12). No clock here. */
static enum lk_status check_chain(struct lk_applet *applet, struct request *request)
{
    const struct lk_endpoint *owner = &applet->endpoints[request->index];
    const struct lk_wired_friend *sent = &request->sent;
    struct lk_endpoint_facts facts;
    struct lk_cert f, e, h;

    LK_TRY(lk_chain_check_endpoint(applet->crypto, owner->authorized_key, sent->f, sent->e,
                                   sent->h, NULL, &f, &e, &h));
    LK_TRY(lk_cert_endpoint_facts(&h, &facts));
    LK_TRY(check_facts(owner, &facts, &request->rights));
    if (lk_equal(h.public_key, owner->public_key, LK_POINT_LEN))
        return LK_SHARE_KEY;
    memcpy(request->friend_key, h.public_key, LK_POINT_LEN);
    return LK_OK;
}

/* FF21: the key of H says that this encryption key is its own, for this car (S3, D27). */
static enum lk_status check_encryption_key(struct lk_applet *applet, struct request *request)
{
    const struct lk_endpoint *owner = &applet->endpoints[request->index];
    struct lk_encryption_key *object = &request->encryption;
    uint8_t key_id[LK_KEY_ID_LEN];
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_encryption_key_parse(request->sent.encryption_key, object));
    LK_TRY(lk_key_id(applet->crypto, request->friend_key, key_id));
    if (!lk_bytes_equal(object->vehicle_id, id_of(owner)) ||
        !lk_bytes_equal(object->key_id, lk_bytes(key_id, sizeof key_id)))
        return LK_SHARE_KEY;
    status = lk_verify(applet->crypto, request->friend_key, &object->signed_part, 1,
                       object->signature.at);
    if (status == LK_PEER_SIGNATURE)
        return LK_SHARE_SIGNATURE;
    LK_TRY(status);
    return lk_point_check(applet->crypto, object->public_key.at);
}

/* In the loaded image; the offset has been checked. */
static uint8_t *token_of(struct lk_applet *applet, const struct request *request)
{
    return applet->mailbox + LK_PRIVATE_MAILBOX_MAX + request->body.offset;
}

/* The spare that goes with the slot: there, unused, and never the owner's own (D28, EX8). Loads the
 * mailboxes. */
static enum lk_status find_spare(struct lk_applet *applet, struct request *request)
{
    const struct lk_endpoint *owner = &applet->endpoints[request->index];
    size_t spare = (size_t)request->body.offset / LK_TOKEN_LEN - 1;

    if (!request->body.has_token || request->body.length != LK_TOKEN_LEN ||
        request->body.offset % LK_TOKEN_LEN != 0 || spare >= LK_NUM_SPARES ||
        owner->confidential_size < request->body.offset + LK_TOKEN_LEN ||
        owner->private_size < LK_AT_SLOT_LIST + LK_NUM_SPARES * LK_SLOT_LEN)
        return LK_SHARE_NO_SLOT;
    if (applet->mailbox_dirty)
        return LK_CALLER_STATE;
    LK_TRY(lk_mailbox_load(applet, request->index));
    if ((applet->mailbox[LK_AT_SLOT_BITMAP] & (1u << spare)) == 0 ||
        lk_is_zero(token_of(applet, request), LK_TOKEN_LEN))
        return LK_SHARE_NO_SLOT;
    if (!lk_bytes_equal(
            request->rights.slot,
            lk_bytes(applet->mailbox + LK_AT_SLOT_LIST + spare * LK_SLOT_LEN, LK_SLOT_LEN)))
        return LK_SHARE_SLOT;
    request->spare = spare;
    return LK_OK;
}

static enum lk_status check(struct lk_applet *applet, struct request *request)
{
    LK_TRY(lk_wired_friend_parse(lk_bytes(applet->buffer, applet->buffer_len), &request->sent));
    LK_TRY(check_rights(applet, request));
    LK_TRY(check_chain(applet, request));
    LK_TRY(check_encryption_key(applet, request));
    return find_spare(applet, request);
}

/* 7F25 with its signature, and the token under the friend's encryption key. */
static enum lk_status make(struct lk_applet *applet, const struct request *request,
                           struct lk_wr *out)
{
    const struct lk_endpoint *owner = &applet->endpoints[request->index];
    uint8_t nonce[LK_SHARE_RANDOM_LEN] = {0}, text[LK_SHARE_LEN], signature[LK_SIGNATURE_LEN];
    uint8_t ephemeral[LK_POINT_LEN], sealed[LK_TOKEN_LEN + 16];
    struct lk_share share = {
        .random = lk_bytes(nonce, sizeof nonce),
        .device_key = lk_bytes(request->friend_key, LK_POINT_LEN),
        .entitlement_hash = request->body.entitlement_hash,
    };
    struct lk_wired_authorized answer = {
        .share = lk_bytes(text, sizeof text),
        .signature = lk_bytes(signature, sizeof signature),
        .token = {lk_bytes(ephemeral, sizeof ephemeral), lk_bytes(sealed, sizeof sealed)},
    };
    struct lk_wr wr;

    LK_TRY(lk_random(applet->crypto, nonce, sizeof nonce));
    lk_wr_init(&wr, text, sizeof text);
    lk_share_write(&share, &wr);
    LK_TRY(wr.fault);
    LK_TRY(lk_share_parse(answer.share, &share)); /* gives what is signed */
    LK_TRY(lk_sign(applet->crypto, owner->key, &share.signed_part, 1, signature));
    LK_TRY(lk_ecies_seal(applet->crypto, request->encryption.public_key.at,
                         lk_bytes(token_of(applet, request), LK_TOKEN_LEN), ephemeral, sealed));
    lk_wired_authorized_write(&answer, out);
    return out->fault;
}

/* Token and bit go in one commit, before the answer exists for anybody (D28). */
static enum lk_status hand_over(struct lk_applet *applet, const struct request *request)
{
    lk_wipe(token_of(applet, request), LK_TOKEN_LEN);
    applet->mailbox[LK_AT_SLOT_BITMAP] &= (uint8_t)~(1u << request->spare);
    return lk_mailbox_store(applet, request->index);
}

enum lk_status lk_applet_on_authorize_endpoint(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_applet_consent *consent;
    struct request request;
    uint8_t answer[384];
    enum lk_status status = LK_INTERNAL;
    struct lk_wr wr;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_authorize_parse(turn->command.body, &request.body));
    LK_TRY(lk_sharer_find(applet, request.body.endpoint_id, &request.index));
    consent = lk_consent_find(applet, request.body.endpoint_id, request.body.entitlement_hash,
                              turn->now_ms);
    if (consent == NULL)
        return LK_SHARE_CONSENT;
    status = check(applet, &request);
    if (status >> 8 == 0x01) /* the friend's message is no good; the log says what it was */
        turn->sw = LK_SW_DATA;
    LK_TRY(status);
    lk_wr_init(&wr, answer, sizeof answer);
    LK_TRY(make(applet, &request, &wr));
    LK_TRY(hand_over(applet, &request));
    lk_wipe(consent, sizeof *consent);
    memcpy(applet->buffer, answer, wr.len);
    applet->buffer_len = (uint16_t)wr.len;
    lk_wr_u16(&turn->reply, applet->buffer_len);
    return LK_OK;
}
