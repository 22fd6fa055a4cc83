/* loopback.c: a reader that calls the card in the same process. */
#include <string.h>

#include "latchkey/loopback.h"

static enum lk_status transceive(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len, uint32_t timeout_ms)
{
    const struct lk_loopback *loopback = ctx;
    const struct lk_card_port *card = loopback->card;
    uint8_t answer[LK_LINK_MESSAGE_MAX];
    size_t got = 0;

    (void)timeout_ms; /* a call takes as long as it takes */
    if (len < 4 || len > LK_LINK_MESSAGE_MAX)
        return LK_CALLER_ARGUMENT;
    if (card->command(card->ctx, command, len, answer, sizeof answer, &got) != LK_OK || got < 2 ||
        got > sizeof answer) {
        answer[0] = 0x6f;
        answer[1] = 0x00;
        got = 2;
    }
    if (got > cap)
        return LK_PEER_TOO_LONG;
    memcpy(out, answer, got);
    *out_len = got;
    return LK_OK;
}

static enum lk_status reset(void *ctx)
{
    const struct lk_loopback *loopback = ctx;

    loopback->card->field(loopback->card->ctx, LK_CONTROL_RESET);
    return LK_OK;
}

void lk_loopback_open(struct lk_loopback *loopback, const struct lk_card_port *card,
                      struct lk_reader_port *out_port)
{
    loopback->card = card;
    out_port->ctx = loopback;
    out_port->name = "loopback";
    out_port->transceive = transceive;
    out_port->send = NULL;
    out_port->receive = NULL;
    out_port->reset = reset;
}
