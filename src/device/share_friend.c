/* share_friend.c: the friend's side of a sharing: the invitation is opened, a key is made for
 * exactly what it grants, the owner's word comes back and is laid where the car will look for it.
 * spec/sharing.md; D4, D27, S4, S8, M80. */
#include "device/room.h"

#define DEFAULT_DEVICE_TYPE LK_DEVICE_PHONE

/* --- FF10 --- */

/* What an invitation turns out to say. Windows into device->message. */
struct invitation {
    struct lk_share_creation msg;
    struct lk_pairing_data data;
    struct lk_cert k;
    uint8_t automaker;
};

/* FF20 and 7F4A agree, and the key is a friend's: dates, and no right to share (S4, S8). */
static enum lk_status check_rights(const struct lk_share_turn *turn, const struct invitation *in)
{
    const struct lk_entitlement *rights = &in->msg.entitlement;
    const struct lk_creation *creation = &in->data.creation;
    const unsigned refused = LK_OPTION1_AUTHORIZE | LK_OPTION1_CHAIN_SHARING;
    uint32_t now_s = lk_date_seconds(lk_bytes(turn->now->text, LK_DATE_LEN));

    if (!lk_bytes_equal(rights->vehicle_id, creation->vehicle_id))
        return LK_SHARE_VEHICLE;
    if (!lk_bytes_equal(rights->slot, creation->slot))
        return LK_SHARE_SLOT;
    if (!lk_bytes_equal(rights->not_before, creation->not_before) ||
        !lk_bytes_equal(rights->not_after, creation->not_after) ||
        memcmp(rights->not_before.at, rights->not_after.at, LK_DATE_LEN) >= 0)
        return LK_SHARE_DATES;
    if ((creation->option1 & refused) != 0)
        return LK_PEER_VALUE;
    if (!turn->now->is_known)
        return LK_OK;
    if (lk_date_seconds(rights->redeem_by) <= now_s)
        return LK_SHARE_TIMED_OUT;
    return lk_date_seconds(rights->not_after) <= now_s ? LK_SHARE_EXPIRED : LK_OK;
}

/* As in pairing (M70), and for the automaker of this car we must have an Instance CA. */
static enum lk_status check_car(struct lk_device *device, const struct lk_share_turn *turn,
                                struct invitation *in)
{
    LK_TRY(lk_pairing_data_parse(in->msg.car, &in->data));
    enum lk_status status = lk_device_find_automaker(device, &in->data, &in->automaker);
    if (status == LK_CERT_ROOT)
        return LK_SHARE_AUTOMAKER;
    LK_TRY(status);
    LK_TRY(lk_device_check_chain(device, in->automaker, &in->data, turn->now, &in->k));
    LK_TRY(check_rights(turn, in));
    LK_TRY(lk_device_check_mailboxes(&in->data));
    if (in->data.map.attestations == in->data.map.end) /* the package would find no place */
        return LK_PEER_RANGE;
    if (in->msg.name.len != 0 && !lk_wallet_is_name(in->msg.name))
        return LK_PEER_VALUE;
    return LK_OK;
}

/* The sharing as this side keeps it. */
static void remember(struct lk_share_turn *turn, const struct invitation *in)
{
    const struct lk_entitlement *rights = &in->msg.entitlement;
    struct lk_sharing *next = &turn->next;

    next->state = LK_SHARING_INVITED;
    next->options = in->msg.options;
    next->profile = rights->profile;
    next->until_ms = turn->now_ms + LK_TIMER_INVITATION_MS;
    memcpy(next->vehicle_id, rights->vehicle_id.at, sizeof next->vehicle_id);
    memcpy(next->redeem_by, rights->redeem_by.at, sizeof next->redeem_by);
    memcpy(next->slot, rights->slot.at, rights->slot.len);
    next->slot_len = (uint8_t)rights->slot.len;
    if (in->msg.name.len != 0)
        memcpy(next->name, in->msg.name.at, in->msg.name.len);
    next->package_at = in->data.map.attestations;
    next->package_max = in->data.map.attestation_len;
    next->signal_at = in->data.map.signaling;
}

/* FF11 from what the element made. */
static enum lk_status write_signing(struct lk_device *device, struct lk_share_turn *turn,
                                    const struct lk_pass *pass, struct lk_bytes h)
{
    const struct lk_automaker *automaker = &device->automakers[pass->automaker];
    uint8_t encryption_key[LK_ENCRYPTION_KEY_MAX];
    struct lk_share_signing msg = {
        .header = lk_sharing_header(&turn->next),
        .f = lk_bytes(automaker->f, automaker->f_len),
        .e = lk_bytes(automaker->e, automaker->e_len),
        .h = h,
    };
    size_t len = 0;
    struct lk_wr wr;

    LK_TRY(lk_element_encryption_key(device, pass->endpoint_id, encryption_key, &len));
    msg.encryption_key = lk_bytes(encryption_key, len);
    lk_wr_init(&wr, device->reply, LK_SHARE_BLOB_MAX - LK_SHARE_OVERHEAD);
    lk_share_signing_write(&msg, &wr);
    LK_TRY(lk_turn_seal(device, turn, &wr));
    memcpy(turn->next.signing_hash, turn->next.previous, sizeof turn->next.signing_hash);
    return LK_OK;
}

/* Makes the key and what proves it. A failure leaves a pass that no sharing holds: it is settled.
 */
static enum lk_status make(struct lk_device *device, struct lk_share_turn *turn,
                           const struct invitation *in)
{
    const struct lk_entitlement *rights = &in->msg.entitlement;
    struct lk_pass pass = {.state = LK_PASS_INVITED,
                           .role = LK_PASS_ROLE_FRIEND,
                           .profile = rights->profile};
    struct lk_share_change change = {.ff20 = rights->whole, .pass = &pass};
    struct lk_key_order order;
    uint8_t h[LK_CERT_MAX];
    size_t index = 0, len = 0;

    lk_key_order_from(&in->data, in->k.public_key, in->msg.versions, in->automaker, &order);
    memcpy(pass.not_before, rights->not_before.at, sizeof pass.not_before);
    memcpy(pass.not_after, rights->not_after.at, sizeof pass.not_after);
    memcpy(pass.name, turn->next.name, sizeof pass.name);
    LK_TRY(lk_key_begin(device, &order, &pass, &index));
    pass = device->passes[index];
    LK_TRY(lk_key_make(device, &order, &pass, h, &len));
    LK_TRY(write_signing(device, turn, &pass, lk_bytes(h, len)));
    turn->next.pass = (uint8_t)index;
    memcpy(turn->next.friend_key_id, pass.key_id, sizeof turn->next.friend_key_id);
    return lk_turn_commit(device, turn, &change);
}

static enum lk_status accept(struct lk_device *device, struct lk_share_turn *turn,
                             struct lk_bytes blob)
{
    struct lk_bytes first = {NULL, 0};
    const uint8_t *session = NULL;
    struct invitation in;

    LK_TRY(lk_turn_begin(device, turn));
    LK_TRY(lk_share_session(blob, &session));
    if (lk_sharing_find(device, session, &turn->index) == LK_OK)
        return LK_SHARE_REDEEMED;
    LK_TRY(lk_sharings_expire(device, turn->now_ms));
    LK_TRY(lk_sharing_free(device, &turn->index));
    memcpy(turn->next.session, session, sizeof turn->next.session);
    turn->next.role = LK_SHARING_FRIEND;
    LK_TRY(lk_turn_open(device, turn, blob));
    if (lk_share_kind(turn->plain) != LK_TAG_SHARE_CREATION)
        return LK_SHARE_SESSION;
    LK_TRY(lk_share_creation_parse(turn->plain, &in.msg));
    LK_TRY(check_car(device, turn, &in));
    remember(turn, &in);
    first = turn->plain;
    LK_TRY(lk_sha256(device->config->crypto, &first, 1, turn->next.previous));
    turn->next.sequence = 1;
    return make(device, turn, &in);
}

enum lk_status lk_device_share_accept(struct lk_device *device,
                                      const struct lk_share_secret *secret, struct lk_bytes blob,
                                      const struct lk_date *now, uint64_t now_ms,
                                      size_t *out_index, struct lk_share_out *out)
{
    struct lk_share_turn turn = {
        .next.secret = *secret, .now = now, .now_ms = now_ms, .out = out};
    enum lk_status status = accept(device, &turn, blob);

    if (status == LK_OK) {
        *out_index = turn.index;
        out->len = turn.out_len;
    } else {
        (void)lk_wallet_settle(device);
    }
    return lk_turn_end(device, &turn, status);
}

static int is_in_wallet(const struct lk_device *device, struct lk_bytes id)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        const struct lk_pass *pass = lk_device_pass_at(device, i);

        if (pass != NULL && lk_bytes_equal(id, lk_bytes(pass->endpoint_id, LK_ENDPOINT_ID_LEN)))
            return 1;
    }
    return 0;
}

enum lk_status lk_friend_sweep(struct lk_device *device)
{
    uint8_t answer[LK_APDU_RESPONSE_MAX], state = LK_ELEMENT_NONE, is_first = 0;
    struct lk_wired_list list;
    struct lk_bytes id;

    if (device->is_swept)
        return LK_OK;
    LK_TRY(lk_element_list(device, answer, &list));
    while (lk_wired_list_next(&list.items, &id)) {
        if (is_in_wallet(device, id))
            continue;
        LK_TRY(lk_element_state(device, id.at, &state, &is_first));
        if (state == LK_ELEMENT_INVITED)
            LK_TRY(lk_element_delete(device, id.at));
    }
    device->is_swept = 1;
    return LK_OK;
}

/* --- FF12 --- */

/* The owner named in the rights has signed exactly them, for exactly our key. */
static enum lk_status check_import(struct lk_device *device, const struct lk_share_import *msg,
                                   const struct lk_pass *pass,
                                   const struct lk_entitlement *rights)
{
    struct lk_crypto *crypto = device->config->crypto;
    uint8_t hash[LK_HASH_LEN], id[LK_KEY_ID_LEN];

    if (!lk_bytes_equal(msg->share.device_key,
                        lk_bytes(pass->public_key, sizeof pass->public_key)))
        return LK_SHARE_KEY;
    LK_TRY(lk_sha256(crypto, &rights->whole, 1, hash));
    if (!lk_bytes_equal(msg->share.entitlement_hash, lk_bytes(hash, sizeof hash)))
        return LK_SHARE_ENTITLEMENT;
    LK_TRY(lk_key_id(crypto, msg->owner_key.at, id));
    if (!lk_bytes_equal(rights->sharer, lk_bytes(id, sizeof id)))
        return LK_SHARE_SHARER;
    enum lk_status status = lk_verify(crypto, msg->owner_key.at, &msg->share.signed_part, 1,
                                      msg->signature.at);
    if (status == LK_PEER_SIGNATURE)
        return LK_SHARE_SIGNATURE;
    LK_TRY(status);
    return msg->token.sealed.at != NULL ? LK_OK : LK_PEER_TAG;
}

/* The package first, then the bit that tells the car of it. */
static enum lk_status lay_package(struct lk_device *device, const struct lk_share_turn *turn,
                                  const struct lk_share_import *msg,
                                  const struct lk_entitlement *rights)
{
    const struct lk_sharing *next = &turn->next;
    const uint8_t *id = device->passes[next->pass].endpoint_id;
    struct lk_package package = {
        .share = msg->share,
        .signature = msg->signature,
        .entitlement = *rights,
        .slot = rights->slot,
        .device_type = device->config->device_type,
    };
    uint8_t signal = 0;
    struct lk_wr wr;

    if (package.device_type == 0)
        package.device_type = DEFAULT_DEVICE_TYPE;
    if (package.slot.len == 0) /* the car assigns (S8) */
        package.slot = lk_bytes(NULL, 0);
    lk_wr_init(&wr, device->reply, next->package_max);
    if (wr.cap > sizeof device->reply)
        wr.cap = sizeof device->reply;
    lk_package_write(&package, &wr);
    LK_TRY(wr.fault);
    LK_TRY(lk_element_set_private(device, id, next->package_at, lk_bytes(wr.at, wr.len)));
    LK_TRY(lk_element_get_private(device, id, next->signal_at, 1, &signal));
    signal |= LK_SIGNAL_ATTESTATION;
    return lk_element_set_private(device, id, next->signal_at, lk_bytes(&signal, 1));
}

/* Each step may be done twice: a restart in between loses nothing. */
enum lk_status lk_friend_on_import(struct lk_device *device, struct lk_share_turn *turn)
{
    struct lk_share_terms terms;
    struct lk_pass pass = device->passes[turn->next.pass];
    struct lk_share_change change = {.pass = &pass};
    uint8_t active = LK_ELEMENT_ACTIVE;
    struct lk_wired_setup_endpoint setup = {
        .endpoint_id = lk_bytes(pass.endpoint_id, sizeof pass.endpoint_id),
        .state = lk_bytes(&active, 1),
    };
    struct lk_share_import msg;
    struct lk_entitlement rights;

    LK_TRY(lk_share_import_parse(turn->plain, &msg));
    LK_TRY(lk_sharing_terms(device, turn->index, &terms));
    if (lk_entitlement_parse(lk_bytes(terms.ff20, terms.ff20_len), &rights) != LK_OK)
        return LK_STORE_CORRUPT;
    LK_TRY(check_import(device, &msg, &pass, &rights));
    LK_TRY(lk_element_import(device, pass.endpoint_id, &msg.token));
    LK_TRY(lay_package(device, turn, &msg, &rights));
    LK_TRY(lk_element_setup(device, &setup));
    pass.state = LK_PASS_SHARED;
    turn->next.state = LK_SHARING_DONE;
    turn->next.until_ms = 0;
    return lk_turn_commit(device, turn, &change);
}

/* --- FF14 --- */

enum lk_status lk_friend_on_pin(struct lk_device *device, struct lk_share_turn *turn)
{
    struct lk_share_pin msg;

    LK_TRY(lk_share_pin_parse(turn->plain, &msg));
    if (msg.is_value || (turn->next.options & LK_SHARE_ASKS_PIN) == 0)
        return LK_SHARE_SESSION;
    turn->next.state = LK_SHARING_PIN;
    turn->next.tries_left = msg.tries_left;
    return lk_turn_commit(device, turn, &lk_share_no_change);
}

/* The PIN itself never leaves: a MAC over what we sent does (S18). */
static enum lk_status answer(struct lk_device *device, struct lk_share_turn *turn,
                             struct lk_bytes pin)
{
    const struct lk_sharing *next = &turn->next;
    uint8_t mac[LK_PIN_MAC_LEN];
    struct lk_share_pin msg = {.header = lk_sharing_header(next),
                               .is_value = 1,
                               .mac = lk_bytes(mac, sizeof mac)};
    struct lk_wr wr;

    LK_TRY(lk_share_pin_mac(device->config->crypto, pin, next->session, next->signing_hash, mac));
    lk_wr_init(&wr, device->reply, sizeof device->reply);
    lk_share_pin_write(&msg, &wr);
    LK_TRY(lk_turn_seal(device, turn, &wr));
    return lk_turn_commit(device, turn, &lk_share_no_change);
}

enum lk_status lk_device_share_pin(struct lk_device *device, size_t index, const char *pin,
                                   struct lk_share_out *out)
{
    const struct lk_sharing *sharing = lk_device_sharing_at(device, index);
    struct lk_share_turn turn = {.index = index, .out = out};
    size_t len = 0;

    if (sharing == NULL)
        return LK_CALLER_NOT_FOUND;
    if (sharing->role != LK_SHARING_FRIEND || sharing->state != LK_SHARING_PIN ||
        !lk_sharing_is_own_turn(sharing))
        return LK_CALLER_STATE;
    while (len <= LK_SHARE_PIN_MAX && pin[len] >= '0' && pin[len] <= '9')
        len++;
    if (len < LK_SHARE_PIN_MIN || len > LK_SHARE_PIN_MAX || pin[len] != 0)
        return LK_CALLER_ARGUMENT;
    turn.next = *sharing;
    enum lk_status status = answer(device, &turn, lk_bytes(pin, len));
    if (status == LK_OK)
        out->len = turn.out_len;
    return lk_turn_end(device, &turn, status);
}
