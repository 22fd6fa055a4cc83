/* vpcd.c: the phone's end of a link. spec/links.md. */
#include <string.h>
#include <unistd.h>

#include "latchkey/config.h"
#include "latchkey/posix_link.h"
#include "latchkey/vpcd.h"

void lk_vpcd_init(struct lk_vpcd *vpcd, int fd, const struct lk_card_port *card)
{
    vpcd->fd = fd;
    vpcd->is_powered = 0;
    vpcd->card = card;
    lk_link_init(&vpcd->link);
}

enum lk_status lk_vpcd_connect(struct lk_vpcd *vpcd, uint16_t port, long namespace_of,
                               const struct lk_card_port *card)
{
    int fd = -1;
    enum lk_status status = lk_posix_connect(port, namespace_of, &fd);

    lk_vpcd_init(vpcd, fd, card);
    return status;
}

void lk_vpcd_close(struct lk_vpcd *vpcd)
{
    if (vpcd->fd < 0)
        return;
    close(vpcd->fd);
    vpcd->fd = -1;
    vpcd->is_powered = 0;
    vpcd->card->field(vpcd->card->ctx, LK_CONTROL_OFF);
}

static enum lk_status control(struct lk_vpcd *vpcd, uint8_t body)
{
    switch (body) {
    case LK_CONTROL_ATR:
        return lk_posix_send(vpcd->fd, lk_link_atr, sizeof lk_link_atr, LK_TIMER_ANSWER_MS);
    case LK_CONTROL_OFF:
    case LK_CONTROL_ON:
    case LK_CONTROL_RESET:
        vpcd->is_powered = body != LK_CONTROL_OFF;
        vpcd->card->field(vpcd->card->ctx, (enum lk_link_control)body);
        return LK_OK;
    default:
        return LK_OK; /* unknown controls are not answered */
    }
}

static enum lk_status command(struct lk_vpcd *vpcd, struct lk_bytes in)
{
    static const uint8_t no_diagnosis[2] = {0x6f, 0x00};
    uint8_t out[LK_LINK_MESSAGE_MAX];
    size_t len = 0;
    enum lk_status status;

    status = vpcd->card->command(vpcd->card->ctx, in.at, in.len, out, sizeof out, &len);
    if (status != LK_OK || len < 2 || len > sizeof out)
        return lk_posix_send(vpcd->fd, no_diagnosis, sizeof no_diagnosis, LK_TIMER_ANSWER_MS);
    return lk_posix_send(vpcd->fd, out, len, LK_TIMER_ANSWER_MS);
}

enum lk_status lk_vpcd_serve(struct lk_vpcd *vpcd, uint32_t timeout_ms)
{
    struct lk_bytes message = {NULL, 0};
    enum lk_status status = LK_PEER_GONE;

    if (vpcd->fd < 0)
        return LK_PEER_GONE;
    status = lk_posix_receive(vpcd->fd, &vpcd->link, timeout_ms, &message);
    if (status == LK_PEER_TIMEOUT)
        return status;
    if (status == LK_OK && message.len == 1)
        status = control(vpcd, message.at[0]);
    else if (status == LK_OK)
        status = command(vpcd, message);
    if (status != LK_OK)
        lk_vpcd_close(vpcd);
    return status == LK_PEER_TIMEOUT ? LK_PEER_GONE : status;
}
