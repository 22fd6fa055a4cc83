/* share_owner.c: the owner's side of a sharing: the invitation, the check of the friend's chain,
 * the PIN, and what the element signed. spec/sharing.md; D4, D27, D28, S4, S5, S18. */
#include "device/room.h"

#define PASSWORD_MIN 4
#define AUTHORIZED_MAX 384 /* 7F25 9E 97 4A */
#define DAY_S 86400u

/* --- the plan --- */

/* An owner's pass that is in use. */
static enum lk_status check_pass(const struct lk_device *device, size_t index)
{
    const struct lk_pass *pass = lk_device_pass_at(device, index);

    if (pass == NULL)
        return LK_CALLER_NOT_FOUND;
    if (pass->role != LK_PASS_ROLE_OWNER)
        return LK_SHARE_NOT_OWNER;
    if (pass->state == LK_PASS_LOCKED)
        return LK_KEY_LOCKED;
    if (pass->state == LK_PASS_REMOVED)
        return LK_KEY_TERMINATED;
    return pass->state == LK_PASS_ACTIVE ? LK_OK : LK_CALLER_STATE;
}

/* Length of a text of min to max bytes, or 0. */
static size_t text_len(const char *text, size_t min, size_t max)
{
    size_t len = 0;

    while (len <= max && text[len] != 0)
        len++;
    return len >= min && len <= max ? len : 0;
}

static enum lk_status check_texts(const struct lk_share_plan *plan)
{
    size_t name = plan->name == NULL ? 0 : text_len(plan->name, 1, LK_SHARE_NAME_MAX), pin = 0;

    if (name == 0 || !lk_wallet_is_name(lk_bytes(plan->name, name)))
        return LK_CALLER_ARGUMENT;
    if (((plan->activation & LK_ACTIVATE_PASSWORD) != 0) != (plan->password != NULL))
        return LK_CALLER_ARGUMENT;
    if (plan->password != NULL &&
        text_len(plan->password, PASSWORD_MIN, LK_SHARE_PASSWORD_MAX) == 0)
        return LK_CALLER_ARGUMENT;
    if (plan->pin == NULL)
        return LK_OK;
    pin = text_len(plan->pin, LK_SHARE_PIN_MIN, LK_SHARE_PIN_MAX);
    for (size_t i = 0; i < pin; i++) {
        if (plan->pin[i] < '0' || plan->pin[i] > '9')
            return LK_CALLER_ARGUMENT;
    }
    return pin != 0 ? LK_OK : LK_CALLER_ARGUMENT;
}

static enum lk_status check_dates(const struct lk_share_plan *plan, const struct lk_date *now)
{
    struct lk_bytes from = lk_bytes(plan->not_before, LK_DATE_LEN);
    struct lk_bytes to = lk_bytes(plan->not_after, LK_DATE_LEN);
    struct lk_bytes redeem_by = lk_bytes(plan->redeem_by, LK_DATE_LEN);
    uint32_t now_s = lk_date_seconds(lk_bytes(now->text, LK_DATE_LEN));

    if (!lk_date_is_good(from) || !lk_date_is_good(to) || memcmp(from.at, to.at, from.len) >= 0 ||
        lk_date_seconds(to) <= now_s)
        return LK_SHARE_DATES;
    if (!lk_date_is_good(redeem_by) || lk_date_seconds(redeem_by) <= now_s ||
        lk_date_seconds(redeem_by) - now_s > LK_REDEEM_DAYS_MAX * DAY_S)
        return LK_SHARE_REDEEM_BY;
    return LK_OK;
}

/* D9 is a list of numbers; a car that sent none has the profiles of spec/facts/profiles.def. */
static enum lk_status check_profile(struct lk_bytes listed, uint32_t profile)
{
    for (size_t i = 0; listed.at != NULL && i + 4 <= listed.len; i += 4) {
        if (lk_be32(listed.at + i) == profile)
            return LK_OK;
    }
    for (size_t i = 0; listed.at == NULL && i < LK_NUM_DEFAULT_PROFILES; i++) {
        if (lk_default_profiles[i].number == profile)
            return LK_OK;
    }
    return LK_SHARE_PROFILE;
}

/* --- what the car left in the owner's mailbox --- */

struct spare {
    uint8_t list[8 * LK_SLOT_ID_MAX], data[LK_VEHICLE_DATA_LEN];
    struct lk_bytes slot;               /* window into list */
    struct lk_vehicle_data vehicle;     /* window into data */
    uint8_t index;
};

static int is_taken(const struct lk_device *device, size_t pass, size_t index)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        const struct lk_sharing *sharing = &device->sharings[i];

        if (lk_sharing_is_live(sharing) && sharing->role == LK_SHARING_OWNER &&
            sharing->pass == pass && sharing->spare == index)
            return 1;
    }
    return 0;
}

/* A spare slot that no other sharing under way has, and what the car says for sharing. */
static enum lk_status find_spare(struct lk_device *device, size_t pass,
                                 const struct lk_mailbox_map *map, struct spare *out)
{
    const uint8_t *id = device->passes[pass].endpoint_id;
    uint8_t bitmap = 0;

    LK_TRY(lk_element_get_private(device, id, map->slot_bitmap, 1, &bitmap));
    LK_TRY(lk_element_get_private(device, id, map->slot_list, (size_t)LK_NUM_SPARES * map->slot_len,
                                  out->list));
    LK_TRY(lk_element_get_private(device, id, map->vehicle_data, sizeof out->data, out->data));
    if (lk_vehicle_data_parse(lk_bytes(out->data, sizeof out->data), &out->vehicle) != LK_OK)
        return LK_SHARE_NO_SLOT; /* the car has not been there yet */
    for (uint8_t i = 0; i < LK_NUM_SPARES; i++) {
        if ((bitmap >> i & 1) == 0 || is_taken(device, pass, i))
            continue;
        out->index = i;
        out->slot = lk_bytes(out->list + (size_t)i * map->slot_len, map->slot_len);
        return LK_OK;
    }
    return LK_SHARE_NO_SLOT;
}

/* --- FF10 --- */

/* What the key of the friend shall be: as the owner's, but with slot and dates of its own and no
 * right to share (S4, P-29). */
static void order_for_friend(const struct lk_entitlement *rights, struct lk_creation *creation)
{
    creation->option1 &= (uint8_t)~(LK_OPTION1_AUTHORIZE | LK_OPTION1_CHAIN_SHARING);
    creation->slot = rights->slot;
    creation->not_before = rights->not_before;
    creation->not_after = rights->not_after;
}

/* FF20 of this plan. */
static enum lk_status write_rights(struct lk_device *device, const struct lk_share_plan *plan,
                                   const struct lk_pass *pass, const struct spare *spare,
                                   struct lk_wr *wr)
{
    static const struct lk_limits none = {0};
    uint8_t salt[LK_ACTIVATION_SALT_LEN], mac[LK_ACTIVATION_MAC_LEN];
    struct lk_crypto *crypto = device->config->crypto;
    struct lk_share_key key;
    struct lk_entitlement rights = {
        .profile = plan->profile,
        .not_before = lk_bytes(plan->not_before, LK_DATE_LEN),
        .not_after = lk_bytes(plan->not_after, LK_DATE_LEN),
        .slot = spare->slot,
        .vehicle_id = lk_bytes(pass->vehicle_id, sizeof pass->vehicle_id),
        .has_limits = memcmp(&plan->limits, &none, sizeof none) != 0,
        .limits = plan->limits,
        .sharer = lk_bytes(pass->key_id, sizeof pass->key_id),
        .epoch = spare->vehicle.epoch,
        .redeem_by = lk_bytes(plan->redeem_by, LK_DATE_LEN),
        .activation = plan->activation,
    };
    enum lk_status status = LK_OK;
    if (plan->password != NULL) {
        memcpy(key.key, spare->vehicle.share_key.at, sizeof key.key);
        rights.salt = lk_bytes(salt, sizeof salt);
        rights.mac = lk_bytes(mac, sizeof mac);
        status = lk_random(crypto, salt, sizeof salt);
        if (status == LK_OK)
            status = lk_share_password_mac(
                crypto, &key, salt, lk_bytes(plan->password, strlen(plan->password)), mac);
        lk_wipe(&key, sizeof key);
    }
    if (status == LK_OK)
        lk_entitlement_write(&rights, wr);
    return status == LK_OK ? wr->fault : status;
}

/* FF10 into device->reply; the car's data for the friend is put together in out->blob. */
static enum lk_status write_creation(struct lk_device *device, struct lk_share_turn *turn,
                                     const struct lk_share_plan *plan,
                                     const struct lk_car_data *car, struct lk_bytes ff20)
{
    struct lk_pairing_data data = car->data;
    struct lk_share_creation msg = {
        .header = lk_sharing_header(&turn->next),
        .versions = lk_bytes(car->versions, car->versions_len),
        .name = lk_bytes(plan->name, strlen(plan->name)),
        .options = turn->next.options,
    };
    struct lk_wr wr;

    LK_TRY(lk_entitlement_parse(ff20, &msg.entitlement));
    order_for_friend(&msg.entitlement, &data.creation);
    lk_wr_init(&wr, turn->out->blob, sizeof turn->out->blob);
    lk_pairing_data_write(&data, &wr);
    LK_TRY(wr.fault);
    msg.car = lk_bytes(turn->out->blob, wr.len);
    lk_wr_init(&wr, device->reply, LK_SHARE_BLOB_MAX - LK_SHARE_OVERHEAD);
    lk_share_creation_write(&msg, &wr);
    return lk_turn_seal(device, turn, &wr);
}

/* Session and secret come from the system's generator, or there is no sharing (SH19). */
static enum lk_status begin(struct lk_device *device, struct lk_share_turn *turn, size_t pass,
                            const struct lk_share_plan *plan, const struct spare *spare)
{
    struct lk_sharing *next = &turn->next;

    LK_TRY(lk_sharing_free(device, &turn->index));
    LK_TRY(lk_share_secret_draw(device->config->crypto, &next->secret));
    LK_TRY(lk_random(device->config->crypto, next->session, sizeof next->session));
    next->state = LK_SHARING_INVITED;
    next->role = LK_SHARING_OWNER;
    next->pass = (uint8_t)pass;
    next->options = plan->pin != NULL ? LK_SHARE_ASKS_PIN : 0;
    next->tries_left = plan->pin != NULL ? LK_PIN_TRIES : 0;
    next->profile = plan->profile;
    next->until_ms = turn->now_ms + LK_TIMER_INVITATION_MS;
    memcpy(next->vehicle_id, device->passes[pass].vehicle_id, sizeof next->vehicle_id);
    memcpy(next->redeem_by, plan->redeem_by, sizeof next->redeem_by);
    memcpy(next->slot, spare->slot.at, spare->slot.len);
    next->slot_len = (uint8_t)spare->slot.len;
    next->spare = spare->index;
    memcpy(next->name, plan->name, strlen(plan->name));
    return LK_OK;
}

/* Consent and journal, in this order: a consent without a sharing is taken back. */
static enum lk_status keep(struct lk_device *device, struct lk_share_turn *turn,
                           const struct lk_share_plan *plan, struct lk_bytes ff20)
{
    const uint8_t *id = device->passes[turn->next.pass].endpoint_id;
    struct lk_share_change change = {.ff20 = ff20};
    uint8_t hash[LK_HASH_LEN];

    if (plan->pin != NULL)
        change.pin = lk_bytes(plan->pin, strlen(plan->pin));
    LK_TRY(lk_sha256(device->config->crypto, &ff20, 1, hash));
    LK_TRY(lk_element_consent(device, id, hash, 1));
    enum lk_status status = lk_turn_commit(device, turn, &change);
    if (status != LK_OK)
        (void)lk_element_consent(device, id, hash, 0);
    return status;
}

static enum lk_status invite(struct lk_device *device, struct lk_share_turn *turn, size_t pass,
                             const struct lk_share_plan *plan)
{
    uint8_t ff20[LK_ENTITLEMENT_MAX];
    struct lk_car_data car;
    struct spare spare;
    struct lk_wr wr;

    if (!turn->now->is_known)
        return LK_CALLER_ARGUMENT;
    LK_TRY(lk_turn_begin(device, turn));
    LK_TRY(check_pass(device, pass));
    LK_TRY(check_texts(plan));
    LK_TRY(check_dates(plan, turn->now));
    LK_TRY(lk_sharings_expire(device, turn->now_ms)); /* slots come back */
    LK_TRY(lk_wallet_load_car(device, pass, &car, device->message));
    if ((car.data.creation.option1 & LK_OPTION1_AUTHORIZE) == 0)
        return LK_SHARE_NOT_OWNER;
    LK_TRY(check_profile(car.data.config.profiles, plan->profile));
    LK_TRY(find_spare(device, pass, &car.data.map, &spare));
    LK_TRY(begin(device, turn, pass, plan, &spare));
    lk_wr_init(&wr, ff20, sizeof ff20);
    LK_TRY(write_rights(device, plan, &device->passes[pass], &spare, &wr));
    LK_TRY(write_creation(device, turn, plan, &car, lk_bytes(ff20, wr.len)));
    return keep(device, turn, plan, lk_bytes(ff20, wr.len));
}

enum lk_status lk_device_share(struct lk_device *device, size_t pass,
                               const struct lk_share_plan *plan, const struct lk_date *now,
                               uint64_t now_ms, size_t *out_index,
                               struct lk_share_secret *out_secret, struct lk_share_out *out)
{
    struct lk_share_turn turn = {.now = now, .now_ms = now_ms, .out = out};
    enum lk_status status = invite(device, &turn, pass, plan);

    if (status == LK_OK) {
        *out_index = turn.index;
        *out_secret = turn.next.secret;
        out->len = turn.out_len;
    }
    return lk_turn_end(device, &turn, status);
}

/* --- FF11 --- */

/* The friend's key is exactly the one that was ordered, under the automaker's root that is frozen
 * in the owner's own key (M94, SH12), and not the owner's own. The element says so again; here each
 * fault has its name, and the date counts. */
static enum lk_status check_chain(struct lk_device *device, const struct lk_share_turn *turn,
                                  const struct lk_share_signing *msg,
                                  const struct lk_entitlement *rights, struct lk_cert *out_h)
{
    const struct lk_pass *pass = &device->passes[turn->next.pass];
    struct lk_endpoint_facts facts;
    struct lk_key_order order;
    struct lk_car_data car;
    struct lk_cert f, e;

    LK_TRY(lk_wallet_load_car(device, turn->next.pass, &car, turn->out->blob));
    order_for_friend(rights, &car.data.creation);
    lk_key_order_from(&car.data, pass->vehicle_key, lk_bytes(car.versions, car.versions_len),
                      pass->automaker, &order);
    LK_TRY(lk_chain_check_endpoint(device->config->crypto, order.creation.authorized_key.at,
                                   msg->f, msg->e, msg->h, turn->now, &f, &e, out_h));
    LK_TRY(lk_cert_endpoint_facts(out_h, &facts));
    if (!lk_bytes_equal(facts.slot, rights->slot))
        return LK_SHARE_SLOT;
    if (!lk_bytes_equal(facts.not_before, rights->not_before) ||
        !lk_bytes_equal(facts.not_after, rights->not_after))
        return LK_SHARE_DATES;
    LK_TRY(lk_key_check(&order, facts.endpoint_id, out_h));
    if (lk_equal(out_h->public_key, pass->public_key, LK_POINT_LEN))
        return LK_SHARE_KEY;
    return LK_OK;
}

/* FF21 is the word of that key, for this car (S3, D27). */
static enum lk_status check_encryption_key(struct lk_device *device,
                                           const struct lk_share_turn *turn,
                                           struct lk_bytes object,
                                           const uint8_t friend_key[LK_POINT_LEN])
{
    const struct lk_sharing *next = &turn->next;
    struct lk_encryption_key msg;

    LK_TRY(lk_encryption_key_parse(object, &msg));
    if (!lk_bytes_equal(msg.vehicle_id, lk_bytes(next->vehicle_id, sizeof next->vehicle_id)) ||
        !lk_bytes_equal(msg.key_id, lk_bytes(next->friend_key_id, sizeof next->friend_key_id)))
        return LK_SHARE_KEY;
    LK_TRY(lk_point_check(device->config->crypto, msg.public_key.at));
    enum lk_status status = lk_verify(device->config->crypto, friend_key, &msg.signed_part, 1,
                                      msg.signature.at);
    return status == LK_PEER_SIGNATURE ? LK_SHARE_SIGNATURE : status;
}

/* The pass is still the owner's, and the one that the rights name. */
static enum lk_status check_sharer(const struct lk_device *device, const struct lk_sharing *next,
                                   const struct lk_entitlement *rights)
{
    LK_TRY(check_pass(device, next->pass));
    const struct lk_pass *pass = &device->passes[next->pass];

    return lk_bytes_equal(rights->sharer, lk_bytes(pass->key_id, sizeof pass->key_id))
               ? LK_OK
               : LK_SHARE_SHARER;
}

/* What came back from the element must be for this friend and these rights, by this owner. */
static enum lk_status check_authorized(struct lk_device *device, const struct lk_pass *pass,
                                       const uint8_t friend_key[LK_POINT_LEN],
                                       const struct lk_wired_authorize *body,
                                       const struct lk_wired_authorized *answer,
                                       struct lk_share *out)
{
    if (lk_share_parse(answer->share, out) != LK_OK ||
        !lk_bytes_equal(out->device_key, lk_bytes(friend_key, LK_POINT_LEN)) ||
        !lk_bytes_equal(out->entitlement_hash, body->entitlement_hash) ||
        answer->token.sealed.at == NULL)
        return LK_PORT_ELEMENT;
    enum lk_status status = lk_verify(device->config->crypto, pass->public_key, &out->signed_part,
                                      1, answer->signature.at);
    return status == LK_PEER_SIGNATURE ? LK_PORT_ELEMENT : status;
}

/* The element signs and hands over the token; FF12 carries both. From the element's commit on the
 * slot is spent: what fails after it costs a slot and the consent, no more. */
static enum lk_status sign(struct lk_device *device, struct lk_share_turn *turn,
                           const struct lk_share_signing *msg, struct lk_bytes ff20,
                           const uint8_t friend_key[LK_POINT_LEN])
{
    const struct lk_pass *pass = &device->passes[turn->next.pass];
    uint8_t answer[AUTHORIZED_MAX], hash[LK_HASH_LEN];
    struct lk_wired_friend sent = {msg->f, msg->e, msg->h, msg->encryption_key, ff20};
    struct lk_wired_authorize body = {
        .endpoint_id = lk_bytes(pass->endpoint_id, sizeof pass->endpoint_id),
        .entitlement_hash = lk_bytes(hash, sizeof hash),
        .has_token = 1,
        .offset = (uint16_t)((turn->next.spare + 1) * LK_TOKEN_LEN),
        .length = LK_TOKEN_LEN,
    };
    struct lk_share_import reply = {
        .header = lk_sharing_header(&turn->next),
        .owner_key = lk_bytes(pass->public_key, sizeof pass->public_key),
    };
    struct lk_wired_authorized made;
    size_t len = 0;
    struct lk_wr wr;

    LK_TRY(lk_sha256(device->config->crypto, &ff20, 1, hash));
    lk_wr_init(&wr, device->reply, sizeof device->reply);
    lk_wired_friend_write(&sent, &wr);
    LK_TRY(wr.fault);
    LK_TRY(lk_element_authorize(device, &body, lk_bytes(device->reply, wr.len), answer,
                                sizeof answer, &len));
    if (lk_wired_authorized_parse(lk_bytes(answer, len), &made) != LK_OK)
        return LK_PORT_ELEMENT;
    LK_TRY(check_authorized(device, pass, friend_key, &body, &made, &reply.share));
    reply.signature = made.signature;
    reply.token = made.token;
    lk_wr_init(&wr, device->reply, sizeof device->reply);
    lk_share_import_write(&reply, &wr);
    LK_TRY(lk_turn_seal(device, turn, &wr));
    turn->next.state = LK_SHARING_DONE;
    turn->next.until_ms = 0;
    return lk_turn_commit(device, turn, &lk_share_no_change);
}

/* Asks for the PIN, the first time or again. */
static enum lk_status ask(struct lk_device *device, struct lk_share_turn *turn,
                          struct lk_bytes signing)
{
    struct lk_share_pin msg = {.header = lk_sharing_header(&turn->next),
                               .tries_left = turn->next.tries_left};
    struct lk_share_change change = {.signing = signing};
    struct lk_wr wr;

    lk_wr_init(&wr, device->reply, sizeof device->reply);
    lk_share_pin_write(&msg, &wr);
    LK_TRY(lk_turn_seal(device, turn, &wr));
    turn->next.state = LK_SHARING_PIN;
    return lk_turn_commit(device, turn, &change);
}

static enum lk_status on_signing(struct lk_device *device, struct lk_share_turn *turn,
                                 struct lk_bytes signing, const struct lk_share_terms *terms,
                                 int has_pin)
{
    struct lk_bytes ff20 = lk_bytes(terms->ff20, terms->ff20_len);
    struct lk_share_signing msg;
    struct lk_entitlement rights;
    struct lk_cert h;

    LK_TRY(lk_share_signing_parse(signing, &msg));
    if (lk_entitlement_parse(ff20, &rights) != LK_OK)
        return LK_STORE_CORRUPT;
    LK_TRY(check_sharer(device, &turn->next, &rights));
    LK_TRY(check_chain(device, turn, &msg, &rights, &h));
    LK_TRY(lk_key_id(device->config->crypto, h.public_key, turn->next.friend_key_id));
    LK_TRY(check_encryption_key(device, turn, msg.encryption_key, h.public_key));
    if (terms->pin_len != 0 && !has_pin) {
        LK_TRY(lk_sha256(device->config->crypto, &signing, 1, turn->next.signing_hash));
        return ask(device, turn, signing);
    }
    return sign(device, turn, &msg, ff20, h.public_key);
}

enum lk_status lk_owner_on_signing(struct lk_device *device, struct lk_share_turn *turn)
{
    struct lk_share_terms terms;
    enum lk_status status = lk_sharing_terms(device, turn->index, &terms);

    if (status == LK_OK)
        status = on_signing(device, turn, turn->plain, &terms, 0);
    lk_wipe(&terms, sizeof terms);
    return status;
}

/* --- FF14 --- */

/* The try is spent in the journal before the answer is looked at (S18). */
static enum lk_status spend_try(struct lk_device *device, struct lk_share_turn *turn)
{
    struct lk_share_turn before = {.next = device->sharings[turn->index], .index = turn->index};
    enum lk_status status = LK_INTERNAL;

    before.next.tries_left--;
    status = lk_turn_commit(device, &before, &lk_share_no_change);
    lk_wipe(&before, sizeof before);
    if (status == LK_OK)
        turn->next.tries_left--;
    return status;
}

/* The answer to a wrong PIN: the next question, or the end. */
static enum lk_status refuse(struct lk_device *device, struct lk_share_turn *turn)
{
    if (turn->next.tries_left != 0)
        LK_TRY(ask(device, turn, lk_bytes(NULL, 0)));
    else {
        LK_TRY(lk_turn_seal_cancel(device, turn, LK_CANCEL_NO_PIN));
        LK_TRY(lk_turn_finish(device, turn, LK_SHARE_PIN));
    }
    return LK_SHARE_PIN;
}

static enum lk_status on_pin(struct lk_device *device, struct lk_share_turn *turn,
                             const struct lk_share_terms *terms)
{
    struct lk_sharing *next = &turn->next;
    uint8_t expected[LK_PIN_MAC_LEN];
    struct lk_share_pin msg;
    struct lk_bytes signing;

    LK_TRY(lk_share_pin_parse(turn->plain, &msg));
    if (!msg.is_value || next->tries_left == 0 || terms->pin_len == 0)
        return LK_SHARE_SESSION;
    LK_TRY(lk_share_pin_mac(device->config->crypto, lk_bytes(terms->pin, terms->pin_len),
                            next->session, next->signing_hash, expected));
    LK_TRY(spend_try(device, turn));
    if (!lk_equal(expected, msg.mac.at, sizeof expected))
        return refuse(device, turn);
    LK_TRY(lk_sharing_signing(device, turn->index, &signing));
    return on_signing(device, turn, signing, terms, 1);
}

enum lk_status lk_owner_on_pin(struct lk_device *device, struct lk_share_turn *turn)
{
    struct lk_share_terms terms;
    enum lk_status status = lk_sharing_terms(device, turn->index, &terms);

    if (status == LK_OK)
        status = on_pin(device, turn, &terms);
    lk_wipe(&terms, sizeof terms);
    return status;
}

enum lk_status lk_owner_withdraw(struct lk_device *device, const struct lk_sharing *sharing,
                                 size_t index)
{
    struct lk_share_terms terms;
    struct lk_bytes ff20;
    uint8_t hash[LK_HASH_LEN];
    enum lk_status status = lk_sharing_terms(device, index, &terms);

    ff20 = lk_bytes(terms.ff20, terms.ff20_len);
    if (status == LK_OK)
        status = lk_sha256(device->config->crypto, &ff20, 1, hash);
    if (status == LK_OK)
        status =
            lk_element_consent(device, device->passes[sharing->pass].endpoint_id, hash, 0);
    lk_wipe(&terms, sizeof terms);
    return status;
}
