/* tokens.c: mailbox work of phase 3: the car draws the immobilizer tokens and the spare slots and
 * writes them in one atomic session of EXCHANGE, the signaling bit last (project-defined, D28). */
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

enum lk_status lk_tokens_begin(struct lk_tap *tap)
{
    LK_TRY(lk_random(tap->vehicle->config->crypto, tap->token_seed, sizeof tap->token_seed));
    tap->exchange_phase = 0;
    return draw_slots(tap);
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

enum lk_status lk_tokens_send(struct lk_tap *tap, const struct lk_send *send)
{
    static const uint8_t all_slots = 0xff;
    uint8_t signaling = (uint8_t)(tap->signaling | LK_SIGNAL_SLOTS);
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
