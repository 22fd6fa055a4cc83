/* command.c: the four short cases of a command APDU (ISO 7816-4). */
#include <assert.h>

#include "apdu/apdu.h"

/* Le of a command: 00 on the wire is 256. */
static uint16_t expected(uint8_t le)
{
    return le == 0 ? 256 : le;
}

enum lk_status lk_command_parse(struct lk_bytes in, struct lk_command *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_command command = {0, 0, 0, 0, {NULL, 0}, 0};
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    command.cla = lk_rd_u8(&rd);
    command.ins = lk_rd_u8(&rd);
    command.p1 = lk_rd_u8(&rd);
    command.p2 = lk_rd_u8(&rd);
    if (rd.left == 1) {
        command.le = expected(lk_rd_u8(&rd));
    } else if (rd.left > 1) {
        uint8_t lc = lk_rd_u8(&rd);
        if (lc == 0) /* what follows 00 would be an extended length */
            lk_rd_fail(&rd, LK_PEER_APDU);
        command.body = lk_rd_take(&rd, lc);
        if (rd.left == 1)
            command.le = expected(lk_rd_u8(&rd));
    }
    lk_rd_close(&rd);
    if (fault != LK_OK)
        return LK_PEER_APDU;
    *out = command;
    return LK_OK;
}

enum lk_status lk_command_write(const struct lk_command *command, uint8_t *out, size_t *out_len)
{
    struct lk_wr wr;

    if (command->body.len > 255 || command->le > 256)
        return LK_CALLER_ARGUMENT;
    lk_wr_init(&wr, out, LK_APDU_COMMAND_MAX);
    lk_wr_u8(&wr, command->cla);
    lk_wr_u8(&wr, command->ins);
    lk_wr_u8(&wr, command->p1);
    lk_wr_u8(&wr, command->p2);
    if (command->body.len > 0) {
        lk_wr_u8(&wr, (uint8_t)command->body.len);
        lk_wr_bytes(&wr, command->body);
    }
    if (command->le > 0)
        lk_wr_u8(&wr, (uint8_t)(command->le & 0xffu));
    assert(wr.fault == LK_OK); /* the two limits above */
    *out_len = wr.len;
    return LK_OK;
}
