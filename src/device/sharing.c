/* sharing.c: sharings of this phone, owner's and friend's: their records, the sealed messages and
 * the order in which they may come, and how a sharing ends. What is said: share_owner.c and
 * share_friend.c. spec/sharing.md; P-17, S5, S18. */
#include "device/room.h"

#define RECORD_VERSION 1
#define SHARING_RECORD 0x00050000u /* + RECORDS_EACH * index + part */
#define RECORDS_EACH 4
enum part { PART_STATE, PART_TERMS, PART_SIGNING /* two of them */ };
#define SIGNING_PIECE 2048
#define RECORD_MAX 512

const struct lk_share_change lk_share_no_change = {{NULL, 0}, {NULL, 0}, {NULL, 0}, NULL};

int lk_sharing_is_live(const struct lk_sharing *sharing)
{
    return sharing->state == LK_SHARING_INVITED || sharing->state == LK_SHARING_PIN;
}

/* --- records --- */

static uint32_t number(size_t index, size_t part)
{
    return SHARING_RECORD + (uint32_t)(RECORDS_EACH * index + part);
}

/* What a wrapped secret is bound to: 'S' the secret of the link, 'P' the PIN. */
static struct lk_bytes label(uint8_t out[LK_SHARE_SESSION_LEN], char kind, const uint8_t *session)
{
    memcpy(out, session, LK_SHARE_SESSION_LEN);
    out[0] = (uint8_t)kind;
    return lk_bytes(out, LK_SHARE_SESSION_LEN);
}

static void write_state(const struct lk_sharing *sharing, struct lk_wr *wr)
{
    lk_wr_u8(wr, RECORD_VERSION);
    lk_wr_u8(wr, sharing->state);
    lk_wr_u8(wr, sharing->role);
    lk_wr_u8(wr, sharing->pass);
    lk_wr_u8(wr, sharing->sequence);
    lk_wr_u8(wr, sharing->options);
    lk_wr_u8(wr, sharing->tries_left);
    lk_wr_u16(wr, sharing->status);
    lk_wr_u32(wr, sharing->profile);
    lk_wr_put(wr, sharing->session, sizeof sharing->session);
    lk_wr_put(wr, sharing->vehicle_id, sizeof sharing->vehicle_id);
    lk_wr_put(wr, sharing->redeem_by, sizeof sharing->redeem_by);
    lk_wr_put(wr, sharing->friend_key_id, sizeof sharing->friend_key_id);
    lk_wr_put(wr, sharing->previous, sizeof sharing->previous);
    lk_wr_put(wr, sharing->signing_hash, sizeof sharing->signing_hash);
    lk_wr_u8(wr, sharing->slot_len);
    lk_wr_put(wr, sharing->slot, sizeof sharing->slot);
    lk_wr_u8(wr, sharing->spare);
    lk_wr_u16(wr, sharing->package_at);
    lk_wr_u16(wr, sharing->package_max);
    lk_wr_u16(wr, sharing->signal_at);
    lk_wr_put(wr, sharing->name, sizeof sharing->name);
}

static void read_state(struct lk_rd *rd, struct lk_sharing *out)
{
    out->state = lk_rd_u8(rd);
    out->role = lk_rd_u8(rd);
    out->pass = lk_rd_u8(rd);
    out->sequence = lk_rd_u8(rd);
    out->options = lk_rd_u8(rd);
    out->tries_left = lk_rd_u8(rd);
    out->status = lk_rd_u16(rd);
    out->profile = lk_rd_u32(rd);
    lk_wallet_read_run(rd, out->session, sizeof out->session);
    lk_wallet_read_run(rd, out->vehicle_id, sizeof out->vehicle_id);
    lk_wallet_read_run(rd, out->redeem_by, sizeof out->redeem_by);
    lk_wallet_read_run(rd, out->friend_key_id, sizeof out->friend_key_id);
    lk_wallet_read_run(rd, out->previous, sizeof out->previous);
    lk_wallet_read_run(rd, out->signing_hash, sizeof out->signing_hash);
    out->slot_len = lk_rd_u8(rd);
    lk_wallet_read_run(rd, out->slot, sizeof out->slot);
    out->spare = lk_rd_u8(rd);
    out->package_at = lk_rd_u16(rd);
    out->package_max = lk_rd_u16(rd);
    out->signal_at = lk_rd_u16(rd);
    lk_wallet_read_run(rd, out->name, sizeof out->name);
}

static int is_sane(const struct lk_sharing *sharing)
{
    return sharing->state >= LK_SHARING_INVITED && sharing->state <= LK_SHARING_ENDED &&
           (sharing->role == LK_SHARING_OWNER || sharing->role == LK_SHARING_FRIEND) &&
           (!lk_sharing_is_live(sharing) || sharing->pass < LK_DEVICE_NUM_PASSES) &&
           sharing->slot_len <= sizeof sharing->slot &&
           sharing->name[sizeof sharing->name - 1] == 0;
}

/* The state, and the wrapped secret while the sharing is under way. */
static enum lk_status put_state(struct lk_device *device, size_t index,
                                const struct lk_sharing *sharing)
{
    struct lk_crypto *crypto = device->config->crypto;
    uint8_t record[RECORD_MAX], wrapped[LK_KEY_RECORD_MAX], name[LK_SHARE_SESSION_LEN];
    size_t len = 0;
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    write_state(sharing, &wr);
    if (lk_sharing_is_live(sharing)) {
        LK_TRY(lk_secret_save(crypto, lk_bytes(sharing->secret.key, sizeof sharing->secret.key),
                              label(name, 'S', sharing->session), wrapped, &len));
        lk_wr_put(&wr, wrapped, len);
    }
    LK_TRY(wr.fault);
    return lk_store_put(device->config->store, number(index, PART_STATE), record, wr.len);
}

static enum lk_status load_state(struct lk_device *device, size_t index)
{
    struct lk_sharing *sharing = &device->sharings[index];
    uint8_t record[RECORD_MAX], name[LK_SHARE_SESSION_LEN];
    enum lk_status fault = LK_INTERNAL;
    size_t len = 0;
    struct lk_rd rd;
    enum lk_status status = lk_store_read(device->config->store, number(index, PART_STATE), record,
                                          sizeof record, &len);

    if (status != LK_OK)
        return status == LK_CALLER_NOT_FOUND ? LK_OK : status;
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    if (lk_rd_u8(&rd) != RECORD_VERSION)
        return LK_STORE_CORRUPT;
    read_state(&rd, sharing);
    if (fault != LK_OK || !is_sane(sharing))
        return LK_STORE_CORRUPT;
    if (!lk_sharing_is_live(sharing))
        return LK_OK;
    return lk_secret_load(device->config->crypto, lk_rd_take(&rd, rd.left),
                          label(name, 'S', sharing->session), sharing->secret.key,
                          sizeof sharing->secret.key, &len);
}

enum lk_status lk_sharings_load(struct lk_device *device)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++)
        LK_TRY(load_state(device, i));
    return LK_OK;
}

static int is_under(const struct lk_device *device, const struct lk_sharing *sharing,
                    size_t automaker)
{
    return sharing->state != LK_SHARING_FREE &&
           (sharing->pass >= LK_DEVICE_NUM_PASSES ||
            device->passes[sharing->pass].automaker == automaker);
}

enum lk_status lk_sharings_remove(struct lk_device *device, size_t automaker)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        if (!is_under(device, &device->sharings[i], automaker))
            continue;
        for (size_t part = 0; part < RECORDS_EACH; part++)
            LK_TRY(lk_store_remove(device->config->store, number(i, part)));
    }
    return LK_OK;
}

void lk_sharings_forget(struct lk_device *device, size_t automaker)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        if (is_under(device, &device->sharings[i], automaker))
            lk_wipe(&device->sharings[i], sizeof device->sharings[i]);
    }
}

/* 01, length of FF20, FF20, the wrapped PIN. */
static enum lk_status put_terms(struct lk_device *device, size_t index,
                                const struct lk_sharing *sharing,
                                const struct lk_share_change *change)
{
    uint8_t record[RECORD_MAX], wrapped[LK_KEY_RECORD_MAX], name[LK_SHARE_SESSION_LEN];
    size_t len = 0;
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, RECORD_VERSION);
    lk_wr_u8(&wr, (uint8_t)change->ff20.len);
    lk_wr_bytes(&wr, change->ff20);
    if (change->pin.len != 0) {
        LK_TRY(lk_secret_save(device->config->crypto, change->pin,
                              label(name, 'P', sharing->session), wrapped, &len));
        lk_wr_put(&wr, wrapped, len);
    }
    LK_TRY(wr.fault);
    return lk_store_put(device->config->store, number(index, PART_TERMS), record, wr.len);
}

enum lk_status lk_sharing_terms(struct lk_device *device, size_t index, struct lk_share_terms *out)
{
    uint8_t record[RECORD_MAX], name[LK_SHARE_SESSION_LEN];
    enum lk_status fault = LK_INTERNAL;
    size_t len = 0;
    struct lk_rd rd;

    LK_TRY(lk_store_read(device->config->store, number(index, PART_TERMS), record, sizeof record,
                         &len));
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    if (lk_rd_u8(&rd) != RECORD_VERSION)
        return LK_STORE_CORRUPT;
    out->ff20_len = lk_rd_u8(&rd);
    out->pin_len = 0;
    if (out->ff20_len > sizeof out->ff20)
        return LK_STORE_CORRUPT;
    lk_wallet_read_run(&rd, out->ff20, out->ff20_len);
    if (fault != LK_OK)
        return LK_STORE_CORRUPT;
    if (rd.left == 0)
        return LK_OK;
    return lk_secret_load(device->config->crypto, lk_rd_take(&rd, rd.left),
                          label(name, 'P', device->sharings[index].session), out->pin,
                          sizeof out->pin, &out->pin_len);
}

static enum lk_status put_signing(struct lk_store *store, size_t index, struct lk_bytes signing)
{
    size_t first = signing.len < SIGNING_PIECE ? signing.len : SIGNING_PIECE;

    LK_TRY(lk_store_put(store, number(index, PART_SIGNING), signing.at, first));
    if (first == signing.len)
        return lk_store_remove(store, number(index, PART_SIGNING + 1));
    return lk_store_put(store, number(index, PART_SIGNING + 1), signing.at + first,
                        signing.len - first);
}

enum lk_status lk_sharing_signing(struct lk_device *device, size_t index, struct lk_bytes *out)
{
    struct lk_store *store = device->config->store;
    size_t first = 0, rest = 0;

    LK_TRY(lk_store_read(store, number(index, PART_SIGNING), device->message, SIGNING_PIECE,
                         &first));
    enum lk_status status =
        lk_store_read(store, number(index, PART_SIGNING + 1), device->message + first,
                      sizeof device->message - first, &rest);
    if (status != LK_OK && status != LK_CALLER_NOT_FOUND)
        return status;
    *out = lk_bytes(device->message, first + rest);
    return LK_OK;
}

static enum lk_status stage(struct lk_device *device, const struct lk_share_turn *turn,
                            const struct lk_share_change *change)
{
    struct lk_store *store = device->config->store;
    const struct lk_sharing *next = &turn->next;

    LK_TRY(put_state(device, turn->index, next));
    if (!lk_sharing_is_live(next)) {
        for (size_t part = PART_TERMS; part < RECORDS_EACH; part++)
            LK_TRY(lk_store_remove(store, number(turn->index, part)));
    }
    if (change->ff20.len != 0)
        LK_TRY(put_terms(device, turn->index, next, change));
    if (change->signing.len != 0)
        LK_TRY(put_signing(store, turn->index, change->signing));
    if (change->pass != NULL)
        LK_TRY(lk_wallet_put_pass(device, next->pass, change->pass));
    return LK_OK;
}

enum lk_status lk_turn_commit(struct lk_device *device, struct lk_share_turn *turn,
                              const struct lk_share_change *change)
{
    LK_TRY(lk_store_begin(device->config->store));
    LK_TRY(lk_wallet_end_change(device, stage(device, turn, change)));
    if (change->pass != NULL)
        device->passes[turn->next.pass] = *change->pass;
    if (!lk_sharing_is_live(&turn->next))
        lk_wipe(&turn->next.secret, sizeof turn->next.secret);
    device->sharings[turn->index] = turn->next;
    return LK_OK;
}

/* --- messages --- */

int lk_sharing_is_own_turn(const struct lk_sharing *sharing)
{
    return (sharing->sequence % 2 == 0) == (sharing->role == LK_SHARING_OWNER);
}

struct lk_share_header lk_sharing_header(const struct lk_sharing *sharing)
{
    struct lk_share_header header = {
        .session = lk_bytes(sharing->session, sizeof sharing->session),
        .direction =
            sharing->role == LK_SHARING_OWNER ? LK_SHARE_FROM_OWNER : LK_SHARE_FROM_FRIEND,
        .sequence = sharing->sequence,
        .previous = lk_bytes(sharing->previous, sizeof sharing->previous),
    };
    return header;
}

/* The header alone, whatever the message is. */
static enum lk_status read_header(struct lk_bytes plain, struct lk_share_header *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd, inner;
    struct lk_bytes direction, sequence;

    lk_rd_init(&rd, plain, &fault);
    inner = lk_tlv_enter(&rd, lk_share_kind(plain));
    out->session = lk_tlv_take(&inner, LK_TAG_SHARE_SESSION, LK_SHARE_SESSION_LEN,
                               LK_SHARE_SESSION_LEN);
    direction = lk_tlv_take(&inner, LK_TAG_SHARE_DIRECTION, 1, 1);
    sequence = lk_tlv_take(&inner, LK_TAG_SHARE_SEQUENCE, 1, 1);
    out->previous = lk_tlv_take(&inner, LK_TAG_SHARE_PREVIOUS, LK_HASH_LEN, LK_HASH_LEN);
    if (fault != LK_OK)
        return fault;
    out->direction = direction.at[0];
    out->sequence = sequence.at[0];
    return LK_OK;
}

enum lk_status lk_turn_open(struct lk_device *device, struct lk_share_turn *turn,
                            struct lk_bytes blob)
{
    const struct lk_sharing *next = &turn->next;
    int is_owner = next->role == LK_SHARING_OWNER;
    struct lk_share_header header;

    if (blob.len > LK_SHARE_BLOB_MAX)
        return LK_PEER_TOO_LONG;
    LK_TRY(lk_share_open(device->config->crypto, &next->secret, blob, device->message));
    turn->plain = lk_bytes(device->message, blob.len - LK_SHARE_OVERHEAD);
    LK_TRY(read_header(turn->plain, &header));
    if (!lk_bytes_equal(header.session, lk_bytes(next->session, sizeof next->session)) ||
        header.direction != (is_owner ? LK_SHARE_FROM_FRIEND : LK_SHARE_FROM_OWNER))
        return LK_SHARE_SESSION;
    /* A cancel may have crossed a message of ours: it holds whenever it comes. */
    if (lk_share_kind(turn->plain) == LK_TAG_SHARE_CANCEL)
        return LK_OK;
    if (lk_sharing_is_own_turn(next) || header.sequence != next->sequence ||
        !lk_bytes_equal(header.previous, lk_bytes(next->previous, sizeof next->previous)))
        return LK_SHARE_SESSION;
    return LK_OK;
}

/* The row goes on: number and hash of what was said last. */
static enum lk_status count(struct lk_device *device, struct lk_sharing *next,
                            struct lk_bytes plain)
{
    if (next->sequence == UINT8_MAX)
        return LK_SHARE_SESSION;
    LK_TRY(lk_sha256(device->config->crypto, &plain, 1, next->previous));
    next->sequence++;
    return LK_OK;
}

enum lk_status lk_turn_seal(struct lk_device *device, struct lk_share_turn *turn,
                            const struct lk_wr *wr)
{
    struct lk_bytes plain = lk_bytes(wr->at, wr->len);

    LK_TRY(wr->fault);
    LK_TRY(count(device, &turn->next, plain));
    LK_TRY(lk_share_seal(device->config->crypto, &turn->next.secret, turn->next.session, plain,
                         turn->out->blob));
    turn->out_len = plain.len + LK_SHARE_OVERHEAD;
    return LK_OK;
}

enum lk_status lk_turn_seal_cancel(struct lk_device *device, struct lk_share_turn *turn,
                                   uint8_t code)
{
    struct lk_share_cancel msg = {lk_sharing_header(&turn->next), code};
    struct lk_wr wr;

    lk_wr_init(&wr, device->reply, sizeof device->reply);
    lk_share_cancel_write(&msg, &wr);
    return lk_turn_seal(device, turn, &wr);
}

/* --- turns --- */

enum lk_status lk_turn_begin(struct lk_device *device, struct lk_share_turn *turn)
{
    if (device->state > LK_FRAMEWORK_SELECTED || device->making || device->pass != LK_PASS_NONE)
        return LK_CALLER_STATE;
    if (!turn->now->is_known)
        return LK_OK;
    if (!lk_date_is_good(lk_bytes(turn->now->text, LK_DATE_LEN)))
        return LK_CALLER_ARGUMENT;
    device->date_s = lk_date_seconds(lk_bytes(turn->now->text, LK_DATE_LEN));
    device->date_at_ms = turn->now_ms;
    return LK_OK;
}

enum lk_status lk_turn_end(struct lk_device *device, struct lk_share_turn *turn,
                           enum lk_status status)
{
    lk_wipe(turn, sizeof *turn);
    lk_wipe(device->message, sizeof device->message);
    lk_wipe(device->reply, sizeof device->reply);
    return status;
}

enum lk_status lk_sharing_free(const struct lk_device *device, size_t *out_index)
{
    static const uint8_t order[] = {LK_SHARING_FREE, LK_SHARING_ENDED, LK_SHARING_DONE};

    for (size_t n = 0; n < sizeof order; n++) {
        for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
            if (device->sharings[i].state == order[n]) {
                *out_index = i;
                return LK_OK;
            }
        }
    }
    return LK_CALLER_FULL;
}

enum lk_status lk_sharing_find(const struct lk_device *device,
                               const uint8_t session[LK_SHARE_SESSION_LEN], size_t *out_index)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        if (device->sharings[i].state != LK_SHARING_FREE &&
            lk_equal(device->sharings[i].session, session, LK_SHARE_SESSION_LEN)) {
            *out_index = i;
            return LK_OK;
        }
    }
    return LK_CALLER_NOT_FOUND;
}

const struct lk_sharing *lk_device_sharing_at(const struct lk_device *device, size_t index)
{
    if (index >= LK_DEVICE_NUM_SHARINGS || device->sharings[index].state == LK_SHARING_FREE)
        return NULL;
    return &device->sharings[index];
}

int lk_sharing_holds(const struct lk_device *device, size_t pass)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        const struct lk_sharing *sharing = &device->sharings[i];

        if (lk_sharing_is_live(sharing) && sharing->role == LK_SHARING_FRIEND &&
            sharing->pass == pass)
            return 1;
    }
    return 0;
}

/* --- ends --- */

enum lk_status lk_turn_finish(struct lk_device *device, struct lk_share_turn *turn,
                              enum lk_status why)
{

    turn->next.state = LK_SHARING_ENDED;
    turn->next.status = (uint16_t)why;
    turn->next.until_ms = 0;
    if (turn->next.role == LK_SHARING_OWNER) {
        (void)lk_owner_withdraw(device, &turn->next, turn->index);
        return lk_turn_commit(device, turn, &lk_share_no_change);
    }
    turn->next.pass = LK_PASS_NONE;
    LK_TRY(lk_turn_commit(device, turn, &lk_share_no_change));
    (void)lk_wallet_settle(device);
    return LK_OK;
}

static int has_run_out(const struct lk_device *device, const struct lk_sharing *sharing,
                       uint64_t now_ms)
{
    uint64_t date_s = device->date_s;

    if (!lk_sharing_is_live(sharing))
        return 0;
    if (sharing->until_ms != 0 && now_ms >= sharing->until_ms)
        return 1;
    if (date_s == 0)
        return 0;
    if (now_ms > device->date_at_ms)
        date_s += (now_ms - device->date_at_ms) / 1000;
    return date_s >= lk_date_seconds(lk_bytes(sharing->redeem_by, LK_DATE_LEN));
}

enum lk_status lk_sharings_expire(struct lk_device *device, uint64_t now_ms)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        if (!has_run_out(device, &device->sharings[i], now_ms))
            continue;
        struct lk_share_turn turn = {.next = device->sharings[i], .index = i};
        enum lk_status status = lk_turn_finish(device, &turn, LK_SHARE_TIMED_OUT);
        lk_wipe(&turn, sizeof turn);
        LK_TRY(status);
    }
    return LK_OK;
}

enum lk_status lk_sharing_abandon(struct lk_device *device, size_t pass)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        const struct lk_sharing *sharing = &device->sharings[i];

        if (!lk_sharing_is_live(sharing) || sharing->role != LK_SHARING_FRIEND ||
            sharing->pass != pass)
            continue;
        struct lk_share_turn turn = {.next = *sharing, .index = i};
        enum lk_status status = lk_turn_finish(device, &turn, LK_SHARE_CANCELLED);
        lk_wipe(&turn, sizeof turn);
        LK_TRY(status);
    }
    return lk_wallet_settle(device);
}

/* --- what the user and the carrier do --- */

static enum lk_status over(const struct lk_sharing *sharing)
{
    if (sharing->state == LK_SHARING_DONE)
        return LK_SHARE_REDEEMED;
    return sharing->state == LK_SHARING_ENDED ? (enum lk_status)sharing->status : LK_OK;
}

static enum lk_status on_cancel(struct lk_device *device, struct lk_share_turn *turn)
{
    struct lk_share_cancel msg;

    LK_TRY(lk_share_cancel_parse(turn->plain, &msg));
    return lk_turn_finish(device, turn,
               msg.code == LK_CANCEL_NO_PIN ? LK_SHARE_PIN : LK_SHARE_CANCELLED);
}

/* One message, in its place or refused. A wrong PIN is refused and yet counted and answered. */
static enum lk_status on_message(struct lk_device *device, struct lk_share_turn *turn)
{
    struct lk_sharing *next = &turn->next;
    uint16_t kind = lk_share_kind(turn->plain);
    int is_owner = next->role == LK_SHARING_OWNER;

    if (kind == LK_TAG_SHARE_CANCEL)
        return on_cancel(device, turn);
    LK_TRY(count(device, next, turn->plain));
    if (is_owner && kind == LK_TAG_SHARE_SIGNING && next->state == LK_SHARING_INVITED)
        return lk_owner_on_signing(device, turn);
    if (is_owner && kind == LK_TAG_SHARE_PIN && next->state == LK_SHARING_PIN)
        return lk_owner_on_pin(device, turn);
    if (!is_owner && kind == LK_TAG_SHARE_IMPORT)
        return lk_friend_on_import(device, turn);
    if (!is_owner && kind == LK_TAG_SHARE_PIN)
        return lk_friend_on_pin(device, turn);
    return LK_SHARE_SESSION;
}

static enum lk_status take(struct lk_device *device, struct lk_share_turn *turn,
                           struct lk_bytes blob)
{
    const uint8_t *session = NULL;

    LK_TRY(lk_turn_begin(device, turn));
    LK_TRY(lk_share_session(blob, &session));
    if (lk_sharing_find(device, session, &turn->index) != LK_OK)
        return LK_SHARE_SESSION;
    LK_TRY(lk_sharings_expire(device, turn->now_ms));
    turn->next = device->sharings[turn->index];
    LK_TRY(over(&turn->next));
    LK_TRY(lk_turn_open(device, turn, blob));
    return on_message(device, turn);
}

enum lk_status lk_device_share_take(struct lk_device *device, struct lk_bytes blob,
                                    const struct lk_date *now, uint64_t now_ms, size_t *out_index,
                                    struct lk_share_out *out)
{
    struct lk_share_turn turn = {.now = now, .now_ms = now_ms, .out = out};
    enum lk_status status = take(device, &turn, blob);

    if (status == LK_OK || (status == LK_SHARE_PIN && turn.out_len != 0)) {
        *out_index = turn.index;
        out->len = turn.out_len;
    }
    return lk_turn_end(device, &turn, status);
}

static enum lk_status cancel(struct lk_device *device, struct lk_share_turn *turn)
{
    int is_owner = turn->next.role == LK_SHARING_OWNER;

    LK_TRY(over(&turn->next));
    LK_TRY(lk_turn_seal_cancel(device, turn, is_owner ? LK_CANCEL_OWNER : LK_CANCEL_FRIEND));
    return lk_turn_finish(device, turn, LK_SHARE_CANCELLED);
}

enum lk_status lk_device_share_cancel(struct lk_device *device, size_t index,
                                      struct lk_share_out *out)
{
    struct lk_share_turn turn = {.index = index, .out = out};

    if (lk_device_sharing_at(device, index) == NULL)
        return LK_CALLER_NOT_FOUND;
    turn.next = device->sharings[index];
    enum lk_status status = cancel(device, &turn);
    if (status == LK_OK)
        out->len = turn.out_len;
    return lk_turn_end(device, &turn, status);
}
