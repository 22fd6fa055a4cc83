/* pcsc.c: a vehicle's reader over PC/SC. spec/links.md. */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include <winscard.h>

#include "latchkey/config.h"
#include "latchkey/pcsc.h"

#define NAMES_MAX 2048

/* Whose fault: the phone left, or the reader or its daemon did (PR9). */
static enum lk_status because(LONG rv)
{
    switch (rv) {
    case SCARD_S_SUCCESS:
        return LK_OK;
    case SCARD_E_TIMEOUT:
        return LK_PEER_TIMEOUT;
    case SCARD_E_NO_SMARTCARD:
    case SCARD_W_REMOVED_CARD:
    case SCARD_W_RESET_CARD:
    case SCARD_W_UNPOWERED_CARD:
    case SCARD_W_UNRESPONSIVE_CARD:
    case SCARD_E_NOT_TRANSACTED:
    case SCARD_E_PROTO_MISMATCH:
        return LK_PEER_GONE;
    case SCARD_E_INSUFFICIENT_BUFFER:
        return LK_PEER_TOO_LONG;
    case SCARD_E_SHARING_VIOLATION:
        return LK_PORT_BUSY;
    default:
        return LK_PORT_LINK;
    }
}

static void let_go(struct lk_pcsc_reader *reader, DWORD how)
{
    if (reader->has_card)
        (void)SCardDisconnect(reader->card, how);
    reader->has_card = 0;
}

static enum lk_status fail(struct lk_pcsc_reader *reader, LONG rv)
{
    let_go(reader, SCARD_LEAVE_CARD);
    return because(rv);
}

static uint64_t now_ms(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static enum lk_status transceive(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len, uint32_t timeout_ms)
{
    struct lk_pcsc_reader *reader = ctx;
    const SCARD_IO_REQUEST *pci = reader->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0
                                                                        : SCARD_PCI_T1;
    uint64_t begun = now_ms();
    uint8_t answer[LK_LINK_MESSAGE_MAX];
    DWORD got = sizeof answer;
    LONG rv;

    if (len < 4 || len > LK_LINK_MESSAGE_MAX)
        return LK_CALLER_ARGUMENT;
    if (!reader->has_card)
        return LK_PEER_GONE;
    rv = SCardTransmit(reader->card, pci, command, (DWORD)len, NULL, answer, &got);
    if (rv != SCARD_S_SUCCESS)
        return fail(reader, rv);
    if (got > sizeof answer || got > cap)
        return fail(reader, SCARD_E_INSUFFICIENT_BUFFER);
    if (got < 2) { /* a driver whose card left may report success and no bytes */
        let_go(reader, SCARD_RESET_CARD);
        return got == 0 ? LK_PEER_GONE : LK_PEER_LENGTH;
    }
    /* PC/SC has no limit of its own; what came too late counts as not come. */
    if (now_ms() - begun > timeout_ms)
        return fail(reader, SCARD_E_TIMEOUT);
    memcpy(out, answer, got);
    *out_len = got;
    return LK_OK;
}

static enum lk_status reset(void *ctx)
{
    struct lk_pcsc_reader *reader = ctx;
    DWORD protocol = 0;
    LONG rv;

    if (!reader->has_card)
        return LK_PEER_GONE;
    rv = SCardReconnect(reader->card, SCARD_SHARE_EXCLUSIVE,
                        SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_RESET_CARD, &protocol);
    if (rv != SCARD_S_SUCCESS)
        return fail(reader, rv);
    reader->protocol = protocol;
    return LK_OK;
}

static int contains(const char *text, const char *part)
{
    size_t len = strlen(part), i;

    for (; *text != 0; text++) {
        for (i = 0; i < len && text[i] != 0; i++)
            if (tolower((unsigned char)text[i]) != tolower((unsigned char)part[i]))
                break;
        if (i == len)
            return 1;
    }
    return len == 0;
}

/* The daemon's list: names each ended by a NUL, and one NUL more. */
static enum lk_status names(SCARDCONTEXT context, char *out, size_t cap)
{
    DWORD len = (DWORD)cap - 2;
    LONG rv;

    memset(out, 0, cap);
    rv = SCardListReaders(context, NULL, out, &len);
    if (rv == SCARD_E_NO_READERS_AVAILABLE)
        return LK_OK;
    return rv == SCARD_E_INSUFFICIENT_BUFFER ? LK_CALLER_SPACE : because(rv);
}

enum lk_status lk_pcsc_list(char *out, size_t cap)
{
    char list[NAMES_MAX];
    SCARDCONTEXT context = 0;
    enum lk_status status;
    size_t used = 0;
    const char *at;

    if (cap == 0)
        return LK_CALLER_SPACE;
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS)
        return LK_PORT_LINK;
    status = names(context, list, sizeof list);
    (void)SCardReleaseContext(context);
    for (at = list; status == LK_OK && *at != 0; at += strlen(at) + 1) {
        size_t len = strlen(at);

        if (len + 2 > cap - used)
            return LK_CALLER_SPACE;
        memcpy(out + used, at, len);
        out[used + len] = '\n';
        used += len + 1;
    }
    if (status == LK_OK)
        out[used] = 0;
    return status;
}

static enum lk_status find(struct lk_pcsc_reader *reader, const char *name)
{
    char list[NAMES_MAX];
    enum lk_status status = names(reader->context, list, sizeof list);
    const char *at;

    for (at = list; status == LK_OK && *at != 0; at += strlen(at) + 1) {
        if (!contains(at, name) || strlen(at) >= sizeof reader->name)
            continue;
        memcpy(reader->name, at, strlen(at) + 1);
        return LK_OK;
    }
    return status == LK_OK ? LK_CALLER_NOT_FOUND : status;
}

enum lk_status lk_pcsc_open(struct lk_pcsc_reader *reader, const char *name,
                            struct lk_reader_port *out_port)
{
    SCARDCONTEXT context = 0;
    enum lk_status status;

    memset(reader, 0, sizeof *reader);
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS)
        return LK_PORT_LINK;
    reader->context = context;
    reader->has_context = 1;
    status = find(reader, name);
    if (status != LK_OK) {
        lk_pcsc_close(reader);
        return status;
    }
    out_port->ctx = reader;
    out_port->name = reader->name;
    out_port->transceive = transceive;
    out_port->send = NULL;
    out_port->receive = NULL;
    out_port->reset = reset;
    return LK_OK;
}

/* Asks the daemon whether the phone is still there. */
int lk_pcsc_is_present(const struct lk_pcsc_reader *reader)
{
    SCARD_READERSTATE state;

    if (!reader->has_card)
        return 0;
    memset(&state, 0, sizeof state);
    state.szReader = reader->name;
    if (SCardGetStatusChange(reader->context, 0, &state, 1) != SCARD_S_SUCCESS)
        return 0;
    return (state.dwEventState & SCARD_STATE_PRESENT) != 0;
}

static enum lk_status await_card(struct lk_pcsc_reader *reader, uint64_t until)
{
    SCARD_READERSTATE state;

    memset(&state, 0, sizeof state);
    state.szReader = reader->name;
    for (;;) {
        uint64_t now = now_ms();
        DWORD left = until > now ? (DWORD)(until - now) : 0;
        LONG rv = SCardGetStatusChange(reader->context, left, &state, 1);

        if (rv != SCARD_S_SUCCESS)
            return because(rv);
        if (state.dwEventState & (SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE))
            return LK_PORT_LINK;
        if (state.dwEventState & SCARD_STATE_PRESENT)
            return LK_OK;
        if (left == 0)
            return LK_PEER_TIMEOUT;
        state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
    }
}

static enum lk_status connect_card(struct lk_pcsc_reader *reader)
{
    SCARDHANDLE card = 0;
    DWORD protocol = 0;
    LONG rv = SCardConnect(reader->context, reader->name, SCARD_SHARE_EXCLUSIVE,
                           SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol);

    if (rv != SCARD_S_SUCCESS)
        return because(rv);
    reader->card = card;
    reader->has_card = 1;
    reader->protocol = protocol;
    return LK_OK;
}

enum lk_status lk_pcsc_wait(struct lk_pcsc_reader *reader, uint32_t timeout_ms)
{
    const struct timespec pause = {0, 50 * 1000000};
    uint64_t until = now_ms() + timeout_ms;
    enum lk_status status;

    if (!reader->has_context)
        return LK_PORT_LINK;
    if (lk_pcsc_is_present(reader))
        return LK_OK;
    let_go(reader, SCARD_LEAVE_CARD);
    for (;;) {
        status = await_card(reader, until);
        if (status != LK_OK)
            return status;
        status = connect_card(reader);
        if (status != LK_PEER_GONE)
            return status;
        /* The daemon still shows a phone that left, or one that is mute: ask again. */
        if (now_ms() >= until)
            return LK_PEER_TIMEOUT;
        nanosleep(&pause, NULL);
    }
}

void lk_pcsc_leave(struct lk_pcsc_reader *reader)
{
    let_go(reader, SCARD_UNPOWER_CARD);
}

void lk_pcsc_close(struct lk_pcsc_reader *reader)
{
    lk_pcsc_leave(reader);
    if (reader->has_context)
        (void)SCardReleaseContext(reader->context);
    reader->has_context = 0;
}
