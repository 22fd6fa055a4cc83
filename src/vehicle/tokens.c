/* tokens.c: mailbox work of phase 3: the car draws the immobilizer tokens and the spare slots and
 * writes them in one atomic session of EXCHANGE, the signaling bit last (project-defined, D28).
 *
 * The phone commits before the car hears of it, so new tokens are in the car's store as "next"
 * before they leave; whichever of the two the phone shows is right (spec/transaction.md). */
#include "vehicle/vehicle.h"

/* Tokens in the first command: as many as fit under the limit of one plaintext. */
#define FIRST_TOKENS 6

/* Spare slots that are not zero, all different, and nobody's. */
static enum lk_status draw_slots(struct lk_tap *tap)
{
    for (size_t i = 0; i < LK_NUM_SPARES;) {
        uint8_t *slot = tap->spare_slots + i * LK_SLOT_LEN;
        size_t before = 0;

        LK_TRY(lk_vehicle_new_slot(tap->vehicle, slot));
        while (before < i && !lk_equal(tap->spare_slots + before * LK_SLOT_LEN, slot, LK_SLOT_LEN))
            before++;
        if (before == i) /* else a repeat: the generator is judged by lk_random */
            i++;
    }
    return LK_OK;
}

static uint32_t epoch_of(const struct lk_tap *tap)
{
    const struct lk_vehicle *vehicle = tap->vehicle;

    return vehicle->sharing_epoch + (vehicle->keys[tap->key_index].state == LK_KEY_PENDING);
}

/* What was written last, if the phone may have it and the car has not seen it yet. */
static enum lk_status next_token(const struct lk_tap *tap, uint8_t out[LK_TOKEN_LEN])
{
    struct lk_token_set set;
    enum lk_status status;

    memset(&set, 0, sizeof set);
    status = lk_vehicle_read_set(tap->vehicle, tap->key_index, 1, &set);
    if (status == LK_OK)
        status = lk_vehicle_token(tap->vehicle, set.seed, 0, out);
    lk_wipe(&set, sizeof set);
    return status;
}

enum lk_status lk_tokens_prove(struct lk_tap *tap)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    const struct lk_vehicle_key *key = &vehicle->keys[tap->key_index];
    int has_current = key->has_token && tap->action == LK_ACTION_START;
    uint8_t current[LK_TOKEN_LEN] = {0}, next[LK_TOKEN_LEN] = {0};
    enum lk_status status = LK_OK;

    tap->token_proof = LK_TOKEN_NONE;
    if (tap->shown_len != LK_TOKEN_LEN)
        return LK_OK;
    if (has_current)
        status = lk_vehicle_read_token(vehicle, tap->key_index, current);
    if (status == LK_OK && key->has_next_token)
        status = next_token(tap, next);
    if (status == LK_OK) { /* both are compared, whatever the first says */
        int is_current = has_current & lk_equal(tap->shown, current, LK_TOKEN_LEN);
        int is_next = (key->has_next_token != 0) & lk_equal(tap->shown, next, LK_TOKEN_LEN);

        if (is_current)
            tap->token_proof = LK_TOKEN_CURRENT;
        if (is_next)
            tap->token_proof = LK_TOKEN_NEXT;
    }
    lk_wipe(current, sizeof current);
    lk_wipe(next, sizeof next);
    return status;
}

/* The key for sharing passwords of this owner and epoch, drawn once. A pending owner's epoch is the
 * one its promotion will begin. */
static enum lk_status put_share_key(struct lk_tap *tap)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    uint32_t epoch = epoch_of(tap);
    enum lk_status status =
        lk_vehicle_read_share_key(vehicle, tap->key_index, epoch, tap->share_key);

    if (status != LK_CALLER_NOT_FOUND)
        return status;
    LK_TRY(lk_random(vehicle->config->crypto, tap->share_key, sizeof tap->share_key));
    return lk_vehicle_put_share_key(vehicle, tap->key_index, epoch, tap->share_key);
}

/* The records of a beginning, in the open commit: what the phone proved to have is the current one
 * before a new one is drawn, so that the phone's is always one of the two. */
static enum lk_status put_drawn(struct lk_tap *tap, struct lk_token_set *set)
{
    struct lk_vehicle *vehicle = tap->vehicle;

    if (tap->token_proof == LK_TOKEN_NEXT)
        LK_TRY(lk_vehicle_adopt_next(vehicle, tap->key_index));
    LK_TRY(lk_random(vehicle->config->crypto, tap->token_seed, sizeof tap->token_seed));
    LK_TRY(draw_slots(tap));
    LK_TRY(put_share_key(tap));
    memcpy(set->seed, tap->token_seed, sizeof set->seed);
    memcpy(set->slots, tap->spare_slots, sizeof set->slots);
    set->unused = 0xff;
    return lk_vehicle_put_set(vehicle, tap->key_index, 1, set);
}

enum lk_status lk_tokens_begin(struct lk_tap *tap)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    struct lk_vehicle_key *key = &vehicle->keys[tap->key_index];
    struct lk_token_set set;
    enum lk_status status = lk_store_begin(vehicle->config->store);

    memset(&set, 0, sizeof set);
    if (status == LK_OK)
        status = lk_vehicle_end_commit(vehicle, put_drawn(tap, &set));
    if (status == LK_OK) {
        if (tap->token_proof == LK_TOKEN_NEXT)
            key->has_token = 1;
        key->has_next_token = 1;
        tap->exchange_phase = 0;
    }
    lk_wipe(&set, sizeof set);
    return status;
}

enum lk_status lk_tokens_check_ours(const struct lk_tap *tap)
{
    struct lk_token_set set;
    enum lk_status status;

    memset(&set, 0, sizeof set);
    status = lk_vehicle_read_set(tap->vehicle, tap->key_index, 1, &set);
    if (status == LK_CALLER_NOT_FOUND ||
        (status == LK_OK && !lk_equal(set.seed, tap->token_seed, sizeof set.seed)))
        status = LK_TAP_TOKEN;
    lk_wipe(&set, sizeof set);
    return status;
}

/* Tokens `from` to below `to` as one write at their place in the confidential mailbox. */
static enum lk_status put_tokens(struct lk_tap *tap, uint8_t from, uint8_t to, struct lk_wr *wr)
{
    uint8_t tokens[FIRST_TOKENS * LK_TOKEN_LEN];
    struct lk_exchange_op op = {.kind = LK_EXCHANGE_WRITE, .is_confidential = 1};
    enum lk_status status = LK_OK;

    for (uint8_t i = from; i < to && status == LK_OK; i++)
        status = lk_vehicle_token(tap->vehicle, tap->token_seed, i,
                                  tokens + (size_t)(i - from) * LK_TOKEN_LEN);
    op.offset = (uint16_t)(from * LK_TOKEN_LEN);
    op.data = lk_bytes(tokens, (size_t)(to - from) * LK_TOKEN_LEN);
    if (status == LK_OK)
        lk_exchange_put(wr, &op);
    lk_wipe(tokens, sizeof tokens);
    return status;
}

static void put_private(struct lk_wr *wr, uint16_t offset, const uint8_t *data, size_t len)
{
    struct lk_exchange_op op = {
        .kind = LK_EXCHANGE_WRITE, .offset = offset, .data = lk_bytes(data, len)};

    lk_exchange_put(wr, &op);
}

/* FF23: what the owner's phone needs for sharing. */
static void put_vehicle_data(const struct lk_tap *tap, struct lk_wr *wr)
{
    struct lk_vehicle_data msg = {epoch_of(tap), lk_bytes(tap->share_key, sizeof tap->share_key)};
    uint8_t data[LK_VEHICLE_DATA_LEN];
    struct lk_wr inner;

    lk_wr_init(&inner, data, sizeof data);
    lk_vehicle_data_write(&msg, &inner);
    /* a write of nothing is refused */
    put_private(wr, LK_AT_VEHICLE_DATA, data, inner.fault == LK_OK ? inner.len : 0);
    lk_wipe(data, sizeof data);
}

enum lk_status lk_tokens_send(struct lk_tap *tap, const struct lk_send *send)
{
    static const uint8_t all_slots = 0xff;
    uint8_t signaling = (uint8_t)(tap->signaling | LK_SIGNAL_SLOTS | LK_SIGNAL_VEHICLE_DATA);
    uint8_t plain[LK_CHAN_PLAIN_MAX], sealed[LK_CHAN_PLAIN_MAX + 24];
    struct lk_wr wr;
    size_t len = 0;
    enum lk_status status = LK_INTERNAL;

    lk_wr_init(&wr, plain, sizeof plain);
    if (tap->exchange_phase == 0) {
        lk_exchange_begin(&wr, LK_EXCHANGE_MORE);
        status = put_tokens(tap, 0, FIRST_TOKENS, &wr);
    } else {
        lk_exchange_begin(&wr, LK_EXCHANGE_LAST);
        status = put_tokens(tap, FIRST_TOKENS, LK_NUM_SPARES + 1, &wr);
        put_private(&wr, LK_AT_SLOT_LIST, tap->spare_slots, sizeof tap->spare_slots);
        put_private(&wr, LK_AT_SLOT_BITMAP, &all_slots, 1);
        put_vehicle_data(tap, &wr);
        put_private(&wr, LK_AT_SIGNALING, &signaling, 1);
    }
    if (status == LK_OK)
        status = wr.fault;
    if (status == LK_OK)
        status = lk_chan_seal_command(&tap->chan, tap->vehicle->config->crypto,
                                      lk_bytes(plain, wr.len), sealed, &len);
    if (status == LK_OK)
        status = lk_send_command(send, 0x84, 0xc9, 0, 0, lk_bytes(sealed, len), 1);
    lk_wipe(plain, sizeof plain);
    return status;
}
