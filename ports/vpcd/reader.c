/* reader.c: a vehicle's reader over TCP: the driver's side of the virtual card protocol. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "latchkey/config.h"
#include "latchkey/posix_link.h"
#include "latchkey/tcp_reader.h"

static void drop(struct lk_tcp_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
}

static enum lk_status say(struct lk_tcp_reader *reader, enum lk_link_control control)
{
    uint8_t body = (uint8_t)control;

    return lk_posix_send(reader->fd, &body, 1, LK_TIMER_ANSWER_MS);
}

/* One answer. Any failure ends the connection: an answer that comes later would be taken for the
 * answer to the next command. */
static enum lk_status hear(void *ctx, uint8_t *out, size_t cap, size_t *out_len,
                           uint32_t timeout_ms)
{
    struct lk_tcp_reader *reader = ctx;
    struct lk_bytes message = {NULL, 0};
    enum lk_status status = lk_posix_receive(reader->fd, &reader->link, timeout_ms, &message);

    if (status == LK_OK && message.len > cap)
        status = LK_PEER_TOO_LONG;
    if (status == LK_OK && message.len < 2)
        status = LK_PEER_LENGTH;
    if (status != LK_OK) {
        drop(reader);
        return status;
    }
    memcpy(out, message.at, message.len);
    *out_len = message.len;
    return LK_OK;
}

static enum lk_status ask(void *ctx, const uint8_t *command, size_t len, uint32_t timeout_ms)
{
    struct lk_tcp_reader *reader = ctx;
    enum lk_status status;

    if (len < 4 || len > LK_LINK_MESSAGE_MAX) /* one byte would be a control */
        return LK_CALLER_ARGUMENT;
    if (!lk_tcp_reader_is_present(reader)) {
        drop(reader);
        return LK_PEER_GONE;
    }
    status = lk_posix_send(reader->fd, command, len, timeout_ms);
    if (status != LK_OK)
        drop(reader);
    return status;
}

static enum lk_status transceive(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len, uint32_t timeout_ms)
{
    enum lk_status status = ask(ctx, command, len, timeout_ms);

    return status == LK_OK ? hear(ctx, out, cap, out_len, timeout_ms) : status;
}

static enum lk_status reset(void *ctx)
{
    struct lk_tcp_reader *reader = ctx;
    enum lk_status status;

    if (!lk_tcp_reader_is_present(reader)) {
        drop(reader);
        return LK_PEER_GONE;
    }
    status = say(reader, LK_CONTROL_RESET);
    if (status != LK_OK)
        drop(reader);
    return status == LK_OK ? LK_OK : LK_PEER_GONE;
}

enum lk_status lk_tcp_reader_open(struct lk_tcp_reader *reader, uint16_t port,
                                  struct lk_reader_port *out_port)
{
    enum lk_status status;

    memset(reader, 0, sizeof *reader);
    reader->listener = reader->fd = -1;
    status = lk_posix_listen(port, &reader->listener, &reader->port);
    if (status != LK_OK)
        return status;
    snprintf(reader->name, sizeof reader->name, "tcp %u", (unsigned)reader->port);
    out_port->ctx = reader;
    out_port->name = reader->name;
    out_port->transceive = transceive;
    out_port->send = ask;
    out_port->receive = hear;
    out_port->reset = reset;
    return LK_OK;
}

int lk_tcp_reader_is_present(const struct lk_tcp_reader *reader)
{
    struct pollfd one = {reader->fd, POLLIN, 0};

    if (reader->fd < 0)
        return 0;
    /* Readable between commands: the end of the stream, or bytes nobody asked for. */
    return poll(&one, 1, 0) <= 0;
}

static enum lk_status greet(struct lk_tcp_reader *reader)
{
    uint8_t atr[64];
    size_t len = 0;
    enum lk_status status = say(reader, LK_CONTROL_ON);

    if (status == LK_OK)
        status = say(reader, LK_CONTROL_ATR);
    if (status == LK_OK)
        status = hear(reader, atr, sizeof atr, &len, LK_TIMER_ANSWER_MS);
    if (status == LK_OK && !lk_atr_is_valid(atr, len))
        status = LK_PEER_VALUE;
    if (status != LK_OK)
        drop(reader);
    return status;
}

enum lk_status lk_tcp_reader_wait(struct lk_tcp_reader *reader, uint32_t timeout_ms)
{
    enum lk_status status;

    if (lk_tcp_reader_is_present(reader))
        return LK_OK;
    drop(reader);
    status = lk_posix_accept(reader->listener, timeout_ms, &reader->fd);
    if (status != LK_OK)
        return status;
    lk_link_init(&reader->link);
    return greet(reader);
}

void lk_tcp_reader_leave(struct lk_tcp_reader *reader)
{
    if (reader->fd >= 0)
        (void)say(reader, LK_CONTROL_OFF);
    drop(reader);
}

void lk_tcp_reader_close(struct lk_tcp_reader *reader)
{
    lk_tcp_reader_leave(reader);
    if (reader->listener >= 0)
        close(reader->listener);
    reader->listener = -1;
}
