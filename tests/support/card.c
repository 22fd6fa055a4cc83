#include "support/card.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "latchkey/posix_link.h"
#include "latchkey/vpcd.h"

static enum lk_status answer(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                             size_t cap, size_t *out_len)
{
    struct test_card *card = ctx;
    size_t want = len >= 4 ? (size_t)(command[2] << 8 | command[3]) : 0;

    out[0] = 0x6d;
    out[1] = 0x00;
    *out_len = 2;
    if (len < 4)
        return LK_OK;
    switch (command[1]) {
    case 0xa4:
        out[0] = 0x90;
        break;
    case 0xe0:
        *out_len = len > 5 ? command[4] : 0;
        memcpy(out, command + 5, *out_len);
        break;
    case 0xe1:
        *out_len = want > cap ? cap : want;
        memset(out, 0x42, *out_len);
        break;
    case 0xe2:
        out[0] = card->resets;
        *out_len = 1;
        break;
    case 0xe3:
        card->is_gone = 1;
        break;
    default:
        return LK_OK;
    }
    if (command[1] == 0xe0 || command[1] == 0xe2) {
        out[*out_len] = 0x90;
        out[*out_len + 1] = 0x00;
        *out_len += 2;
    }
    return LK_OK;
}

static void field(void *ctx, enum lk_link_control control)
{
    struct test_card *card = ctx;

    card->resets = (uint8_t)(card->resets + (control == LK_CONTROL_RESET));
    card->offs = (uint8_t)(card->offs + (control == LK_CONTROL_OFF));
    card->ons = (uint8_t)(card->ons + (control == LK_CONTROL_ON));
}

void test_card_init(struct test_card *card)
{
    memset(card, 0, sizeof *card);
    card->port.ctx = card;
    card->port.command = answer;
    card->port.field = field;
}

static enum lk_status gone_or_answer(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                     size_t cap, size_t *out_len)
{
    enum lk_status status = answer(ctx, command, len, out, cap, out_len);

    if (((const struct test_card *)ctx)->is_gone)
        _exit(0);
    return status;
}

pid_t test_card_start(uint16_t port, long namespace_of, unsigned seconds)
{
    pid_t child = fork();
    struct test_card card;
    struct lk_vpcd vpcd;
    enum lk_status status;

    if (child != 0)
        return child;
    alarm(seconds);
    test_card_init(&card);
    card.port.command = gone_or_answer;
    if (lk_vpcd_connect(&vpcd, port, namespace_of, &card.port) != LK_OK)
        _exit(1);
    do
        status = lk_vpcd_serve(&vpcd, 1000);
    while (status == LK_OK || status == LK_PEER_TIMEOUT);
    _exit(0);
}

pid_t test_raw_card_start(uint16_t port, const uint8_t *bytes, size_t len, unsigned seconds)
{
    pid_t child = fork();
    struct lk_bytes message;
    struct lk_link link;
    int fd = -1;

    if (child != 0)
        return child;
    alarm(seconds);
    lk_link_init(&link);
    if (lk_posix_connect(port, 0, &fd) != LK_OK)
        _exit(1);
    while (lk_posix_receive(fd, &link, 5000, &message) == LK_OK) {
        if (message.len == 1 && message.at[0] == LK_CONTROL_ATR) {
            if (lk_posix_send(fd, lk_link_atr, sizeof lk_link_atr, 1000) != LK_OK)
                break;
        } else if (message.len > 1 && send(fd, bytes, len, MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    _exit(0);
}

void test_card_stop(pid_t child)
{
    if (child <= 0)
        return;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
