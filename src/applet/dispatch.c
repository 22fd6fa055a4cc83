/* dispatch.c: one table, one way in. Class, interface, state and length are checked here, handlers
 * only tell their part of the story, and the state moves here alone. spec/applet.md. */
#include "applet/applet.h"

enum { W = 1, N = 2, B = 4 };
#define S(name) (1u << LK_APPLET_##name)
#define ANY 0xffffffffu
enum { LK_APPLET_SAME = 0xfe, LK_APPLET_OWN = 0xff };

struct row {
    enum lk_status (*handler)(struct lk_turn *turn);
    uint32_t states;
    uint8_t cla, ins, interfaces, min, max, next;
};

static const struct row rows[] = {
#define LK_APPLET_COMMAND(name_, cla_, ins_, on, in, min_, max_, next_, handler_)      \
    {.handler = lk_applet_on_##handler_, .states = (in), .cla = (cla_), .ins = (ins_), \
     .interfaces = (on), .min = (min_), .max = (max_), .next = LK_APPLET_##next_},
#include "facts/commands.def"
#undef LK_APPLET_COMMAND
};

static uint8_t interface_bit(enum lk_interface interface)
{
    switch (interface) {
    case LK_WIRED:
        return W;
    case LK_NFC:
        return N;
    case LK_BLE:
        return B;
    default:
        return 0;
    }
}

/* The row that may run, or the first reason why none may, in the order of the page. */
static enum lk_status find(const struct lk_turn *turn, uint8_t state, const struct row **out)
{
    const struct row *row = NULL;
    uint8_t cla = turn->command.cla;

    if (cla != 0x00 && cla != 0x80 && cla != 0x84)
        return LK_PEER_CLASS;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].ins == turn->command.ins &&
            (rows[i].interfaces & interface_bit(turn->interface)) != 0)
            row = &rows[i];
    }
    if (row == NULL)
        return LK_PEER_INS;
    if (row->cla != cla)
        return LK_PEER_CLASS;
    if ((row->states & (1u << state)) == 0)
        return LK_PEER_SEQUENCE;
    if (turn->command.body.len < row->min || turn->command.body.len > row->max)
        return LK_PEER_LENGTH;
    *out = row;
    return LK_OK;
}

/* Le: absent or 00; a number only where the page gives it a meaning. */
static enum lk_status check_le(struct lk_turn *turn, const struct row *row)
{
    uint16_t le = turn->command.le;

    if (le == 0 || le == 256 || row->handler == lk_applet_on_read_buffer)
        return LK_OK;
    turn->sw = 0x6c00;
    return LK_PEER_LENGTH;
}

/* Opens the channel, runs the handler on the plaintext, seals the answer. */
static enum lk_status run_sealed(struct lk_turn *turn, const struct row *row)
{
    uint8_t plain[LK_APDU_COMMAND_MAX], answer[LK_CHAN_PLAIN_MAX];
    struct lk_wr sealed = turn->reply;
    struct lk_chan *chan = &turn->session->chan;
    size_t len = 0;
    enum lk_status status = LK_INTERNAL;

    status = lk_chan_open_command(chan, turn->applet->crypto, turn->command.body, plain, &len);
    if (status == LK_CALLER_STATE) /* closed under the session (LI5): looks like a stranger's MAC */
        status = LK_PEER_MAC;
    if (status != LK_OK)
        goto out;
    turn->command.body = lk_bytes(plain, len);
    lk_wr_init(&turn->reply, answer, sizeof answer);
    status = row->handler(turn);
    if (status == LK_OK)
        status = turn->reply.fault;
    if (status != LK_OK)
        goto out;
    status = lk_chan_seal_response(chan, turn->applet->crypto, lk_bytes(answer, turn->reply.len),
                                   sealed.at, &len);
    sealed.len = len;
out:
    turn->reply = sealed;
    lk_wipe(plain, sizeof plain);
    lk_wipe(answer, sizeof answer);
    return status;
}

/* One command. Moves the state on success; on failure the caller forgets the session. */
static enum lk_status run(struct lk_turn *turn, struct lk_bytes bytes, int is_other_radio)
{
    const struct row *row = NULL;
    struct lk_applet_session *session = turn->session;
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_command_parse(bytes, &turn->command));
    LK_TRY(find(turn, is_other_radio ? LK_APPLET_IDLE : session->state, &row));
    LK_TRY(check_le(turn, row));
    turn->next = row->next == LK_APPLET_SAME ? session->state : row->next;
    status = row->cla == 0x84 ? run_sealed(turn, row) : row->handler(turn);
    if (status == LK_OK)
        status = turn->reply.fault;
    if (status != LK_OK)
        return status;
    assert(turn->next < LK_APPLET_NUM_STATES); /* a row that says OWN, and a handler that does */
    session->state = turn->next;
    session->interface = (uint8_t)turn->interface;
    session->last_ms = turn->now_ms;
    if (session->state == LK_APPLET_IDLE)
        lk_session_forget(turn->applet, session);
    return LK_OK;
}

/* A secure session that nobody used for a while is dead (P-19, ST12); so is one from the future. */
static void expire_idle(struct lk_applet *applet, uint64_t now_ms)
{
    struct lk_applet_session *session = &applet->air;

    if (session->state == LK_APPLET_IDLE || now_ms - session->last_ms <= LK_TIMER_SESSION_IDLE_MS)
        return;
    lk_session_note(applet, session, LK_PEER_TIMEOUT);
    lk_session_forget(applet, session);
}

enum lk_status lk_applet_command(struct lk_applet *applet, enum lk_interface interface,
                                 uint64_t now_ms, struct lk_bytes command, uint8_t *out,
                                 size_t *out_len)
{
    struct lk_turn turn = {.applet = applet, .interface = interface, .now_ms = now_ms};
    enum lk_status status = LK_CALLER_ARGUMENT;
    int is_other_radio;
    uint16_t sw;

    turn.session = interface == LK_WIRED ? &applet->wired : &applet->air;
    lk_wr_init(&turn.reply, out, LK_APDU_RESPONSE_MAX - 2);
    expire_idle(applet, now_ms);
    lk_unconfirmed_expire(applet, now_ms);
    is_other_radio = turn.session->state != LK_APPLET_IDLE &&
                     turn.session->interface != (uint8_t)interface;
    if (interface_bit(interface) != 0)
        status = run(&turn, command, is_other_radio);
    if (status != LK_OK) {
        lk_wipe(out, turn.reply.cap);
        turn.reply.len = 0;
        if (!is_other_radio) {
            lk_session_note(applet, turn.session, status);
            lk_session_forget(applet, turn.session);
        }
    }
    sw = status == LK_OK || turn.sw == 0 ? lk_sw_for_status(status) : turn.sw;
    lk_put16(out + turn.reply.len, sw);
    *out_len = turn.reply.len + 2;
    return status;
}
