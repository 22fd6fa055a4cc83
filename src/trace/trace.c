/* trace.c: one conversation, APDU by APDU. */
#include "trace/trace.h"

#include "msg/auth0.h"
#include "tlv/tlv.h"
#include "trace/room.h"

#define INS_SELECT 0xa4
#define INS_CONTROL 0x3c
#define INS_AUTH0 0x80
#define INS_EXCHANGE 0xc9
#define INS_WRITE_DATA 0xd4

void lk_trace_init(struct lk_trace *trace, struct lk_crypto *crypto, int is_wired,
                   lk_trace_sink sink, void *ctx)
{
    memset(trace, 0, sizeof *trace);
    trace->crypto = crypto;
    trace->is_wired = is_wired != 0;
    trace->sink = sink;
    trace->ctx = ctx;
    trace->first_check = "";
}

void lk_trace_forget(struct lk_trace *trace)
{
    lk_wipe(trace, sizeof *trace);
}

void lk_trace_keys(struct lk_trace *trace, const struct lk_session_keys *keys)
{
    struct lk_session_keys copy = *keys;

    lk_chan_open(&trace->chan, &copy); /* wipes the copy */
}

enum lk_status lk_trace_first_fault(const struct lk_trace *trace, const char **out_check)
{
    *out_check = trace->first_fault == LK_OK ? "" : trace->first_check;
    return trace->first_fault;
}

static void header(struct lk_trace *trace, const char *name, const char *text,
                   struct lk_bytes bytes)
{
    struct lk_trace_line line = {LK_TRACE_HEADER, 0, 0, bytes, bytes, 0, name, text, LK_OK};

    lk_trace_say(trace, &line);
}

/* Words for P1 and P2 where they carry the message. */
static const char *control_text(const struct lk_trace *trace, const struct lk_command *command)
{
    if (command->ins == INS_SELECT && command->p1 == 0x04)
        return "by name";
    if (command->ins != INS_CONTROL)
        return "";
    if (trace->selected == LK_AID_FRAMEWORK)
        return lk_op_control_flow_text(command->p1, command->p2);
    return lk_control_flow_text(command->p1, command->p2);
}

/* What a car asks for, and what the tap is for (P-09). */
static void name_auth0(struct lk_trace *trace, const struct lk_command *command, struct lk_rd *rd)
{
    static const char *const codes[] = {"no action", "unlock", "lock", "start", "mailboxes",
                                        "in the background"};
    const char *p1 = "standard";

    if (command->p1 & LK_AUTH0_FAST)
        p1 = command->p1 & LK_AUTH0_EXCHANGE ? "fast, EXCHANGE follows" : "fast";
    else if (command->p1 & LK_AUTH0_EXCHANGE)
        p1 = "standard, EXCHANGE follows";
    header(trace, "P1", p1, lk_rd_take(rd, 1));
    header(trace, "P2",
           command->p2 < sizeof codes / sizeof codes[0] ? codes[command->p2] : "unknown action",
           lk_rd_take(rd, 1));
}

static void name_header(struct lk_trace *trace, struct lk_bytes apdu,
                        const struct lk_command *command)
{
    enum lk_status fault = LK_INTERNAL;
    enum lk_aid aid = command->ins == INS_SELECT ? trace->selecting : trace->selected;
    struct lk_rd rd;

    lk_rd_init(&rd, apdu, &fault);
    header(trace, "CLA", command->cla == 0x84 ? "sealed" : command->cla == 0x80 ? "plain" : "ISO",
           lk_rd_take(&rd, 1));
    header(trace, "INS", lk_trace_command_name(aid, command->ins), lk_rd_take(&rd, 1));
    if (aid == LK_AID_APPLET && command->ins == INS_AUTH0)
        name_auth0(trace, command, &rd);
    else
        header(trace, "P1 P2", control_text(trace, command), lk_rd_take(&rd, 2));
    if (command->body.len > 0)
        header(trace, "LC", "length of the body", lk_rd_take(&rd, 1));
    (void)lk_rd_take(&rd, command->body.len);
    if (command->le > 0)
        header(trace, "LE", "length of the answer", lk_rd_take(&rd, 1));
}

/* EXCHANGE: a control byte, operations, or items of the answer. */
static void name_exchange(struct lk_trace *trace, struct lk_bytes plain)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;

    lk_rd_init(&rd, plain, &fault);
    lk_trace_field(trace, 1, "CONTROL", "00 last of the group, 01 more follow",
                   lk_rd_take(&rd, 1));
    lk_trace_tree(trace, LK_IN_EXCHANGE, lk_bytes(rd.at, rd.left));
}

/* The car reads a friend's package piece by piece (D4): named when it is whole. What a read gives
 * behind its end is old. */
static enum lk_status name_package(struct lk_trace *trace, struct lk_bytes data)
{
    enum lk_status fault = LK_OK;
    size_t total;

    if (data.len > 2 && lk_be16(data.at) == LK_TAG_PACKAGE)
        trace->data_len = 0;
    else if (trace->data_len == 0 || lk_be16(trace->data) != LK_TAG_PACKAGE)
        return LK_OK;
    if (data.len > sizeof trace->data - trace->data_len) {
        trace->data_len = 0;
        return LK_OK;
    }
    if (data.len > 0)
        memcpy(trace->data + trace->data_len, data.at, data.len);
    trace->data_len += data.len;
    total = lk_tlv_total(lk_bytes(trace->data, trace->data_len), &fault);
    if (fault == LK_OK && (total == 0 || total > trace->data_len))
        return LK_OK;
    trace->data_len = 0;
    return fault == LK_OK ? lk_trace_package(trace, lk_bytes(trace->data, total))
                          : lk_trace_check(trace, "package", fault);
}

static void name_exchange_answer(struct lk_trace *trace, struct lk_bytes plain)
{
    struct lk_exchange_answer answer;
    struct lk_bytes data;

    if (lk_exchange_answer_parse(plain, &answer) != LK_OK) {
        lk_trace_field(trace, 1, "MALFORMED", "not an answer to EXCHANGE", plain);
        return;
    }
    while (lk_exchange_answer_next(&answer.reads, &data)) {
        lk_trace_field(trace, 1, "READ", "bytes of a mailbox", data);
        (void)name_package(trace, data);
    }
    lk_trace_field(trace, 1, "STATUS", answer.status == LK_EXCHANGE_OK ? "done" : "refused",
                   lk_bytes(plain.at + plain.len - 2, 2));
}

/* WRITE DATA: parts are named once they are whole. */
static enum lk_status name_data(struct lk_trace *trace, struct lk_bytes part)
{
    int is_whole = 0;
    enum lk_status status = LK_INTERNAL;

    lk_trace_field(trace, 1, "PART", "part of the vehicle's data", part);
    if (part.len > sizeof trace->data - trace->data_len)
        return lk_trace_check(trace, "pairing_data", LK_PEER_TOO_LONG);
    if (part.len > 0)
        memcpy(trace->data + trace->data_len, part.at, part.len);
    trace->data_len += part.len;
    status = lk_pairing_data_whole(lk_bytes(trace->data, trace->data_len), &is_whole);
    if (status != LK_OK)
        return lk_trace_check(trace, "pairing_data", status);
    if (!is_whole)
        return LK_OK;
    lk_trace_tree(trace, LK_IN_DATA, lk_bytes(trace->data, trace->data_len));
    if (trace->data[0] == 0x7f) {
        struct lk_pairing_data msg;
        status = lk_pairing_data_parse(lk_bytes(trace->data, trace->data_len), &msg);
    } else {
        struct lk_pairing_attestation msg;
        status = lk_pairing_attestation_parse(lk_bytes(trace->data, trace->data_len), &msg);
    }
    trace->data_len = 0;
    return lk_trace_check(trace, "pairing_data", status);
}

static void name_object(struct lk_trace *trace, struct lk_bytes plain)
{
    const struct lk_tag_row *row = NULL;

    if (plain.len == 2)
        row = lk_trace_tag(LK_IN_OBJECT, lk_be16(plain.at));
    lk_trace_field(trace, 1, row ? row->name : "UNKNOWN", row ? row->text : "unknown object",
                   plain);
}

/* A body in the clear: its parts, then its parser's verdict. */
static enum lk_status name_body(struct lk_trace *trace, const struct lk_body_row *row,
                                struct lk_bytes plain)
{
    enum lk_status status = LK_OK;

    if (row->ins == INS_WRITE_DATA && !row->is_response)
        return name_data(trace, plain);
    if (row->place == LK_IN_OBJECT)
        name_object(trace, plain);
    else if (row->place == LK_IN_EXCHANGE)
        name_exchange(trace, plain);
    else if (row->ins == INS_EXCHANGE)
        name_exchange_answer(trace, plain);
    else if (row->place == LK_IN_NOTHING)
        lk_trace_field(trace, 1, "BYTES", "contents", plain);
    else
        lk_trace_tree(trace, row->place, plain);
    if (row->check == NULL)
        return LK_OK;
    status = lk_trace_check(trace, row->check_name, row->check(plain));
    return status == LK_OK ? lk_trace_signature(trace, row, plain) : status;
}

/* Opens a sealed body on a copy where the other side's state is needed, so that a command and its
 * answer can be read by the same channel. */
static enum lk_status open_sealed(struct lk_trace *trace, int is_response, struct lk_bytes body,
                                  uint8_t *out, size_t *out_len)
{
    struct lk_chan other;
    enum lk_status status = LK_INTERNAL;

    if (!is_response)
        return lk_chan_open_command(&trace->chan, trace->crypto, body, out, out_len);
    other = trace->chan;
    status = lk_chan_open_response(&other, trace->crypto, body, out, out_len);
    if (status == LK_OK)
        trace->chan = other;
    lk_wipe(&other, sizeof other);
    return status;
}

static enum lk_status name_sealed(struct lk_trace *trace, const struct lk_body_row *row,
                                  struct lk_bytes body)
{
    struct lk_trace_line line = {LK_TRACE_SEALED, 1, 0, body, body, 0,
                                 "SEALED", "ciphertext and MAC", LK_OK};
    uint8_t plain[LK_APDU_RESPONSE_MAX + 16];
    size_t plain_len = 0;
    enum lk_status status = LK_INTERNAL;

    lk_trace_say(trace, &line);
    if (trace->crypto == NULL || !trace->chan.is_open)
        return LK_OK;
    status = open_sealed(trace, row->is_response, body, plain, &plain_len);
    lk_trace_check(trace, row->is_response ? "R-MAC" : "C-MAC", status);
    if (status != LK_OK)
        goto out;
    trace->is_opened = 1;
    if (plain_len > 0)
        status = name_body(trace, row, lk_bytes(plain, plain_len));
    trace->is_opened = 0;
out:
    lk_wipe(plain, sizeof plain);
    return status;
}

static enum lk_status name_any(struct lk_trace *trace, int is_response, struct lk_bytes body)
{
    enum lk_aid aid = trace->selected;
    const struct lk_body_row *row =
        lk_trace_body(aid, trace->is_wired, trace->command.ins, is_response);

    if (row == NULL) {
        if (body.len > 0)
            lk_trace_field(trace, 1, "BYTES", "contents", body);
        return LK_OK;
    }
    if (row->is_sealed)
        return name_sealed(trace, row, body);
    return name_body(trace, row, body);
}

static enum lk_status name_select(struct lk_trace *trace, struct lk_bytes body)
{
    static const char *const names[] = {"unknown application", "digital key applet",
                                        "digital key framework"};

    trace->selecting = lk_select_aid(body);
    lk_trace_field(trace, 1, "AID", names[trace->selecting], body);
    if (trace->selecting == LK_AID_APPLET || trace->selected != trace->selecting)
        lk_chan_forget(&trace->chan); /* a framework SELECT may follow the planned reset (D19) */
    return LK_OK;
}

enum lk_status lk_trace_command(struct lk_trace *trace, struct lk_bytes apdu)
{
    struct lk_command command;
    enum lk_status status = lk_command_parse(apdu, &command);

    trace->has_command = 0;
    if (status != LK_OK) {
        lk_trace_field(trace, 0, "MALFORMED", "not a short APDU", apdu);
        return lk_trace_check(trace, "apdu", status);
    }
    trace->command = command;
    trace->command.body = lk_bytes(NULL, 0);
    trace->has_command = 1;
    if (command.ins == INS_SELECT)
        trace->selecting = lk_select_aid(command.body);
    name_header(trace, apdu, &command);
    if (command.ins == INS_SELECT)
        return name_select(trace, command.body);
    if (command.ins == INS_CONTROL && trace->selected == LK_AID_FRAMEWORK)
        return lk_trace_check(trace, "op_control_flow",
                              lk_op_control_flow_check(command.p1, command.p2));
    if (command.ins == INS_CONTROL && !trace->is_wired)
        return lk_trace_check(trace, "control_flow",
                              lk_control_flow_check(command.p1, command.p2));
    return name_any(trace, 0, command.body);
}

enum lk_status lk_trace_response(struct lk_trace *trace, struct lk_bytes apdu)
{
    struct lk_bytes body = {NULL, 0};
    uint16_t sw = 0;
    enum lk_status status = lk_response_parse(apdu, &body, &sw);

    if (status != LK_OK) {
        lk_trace_field(trace, 0, "MALFORMED", "not a response", apdu);
        return lk_trace_check(trace, "apdu", status);
    }
    header(trace, "SW", lk_trace_sw_text(sw), lk_bytes(apdu.at + body.len, 2));
    if (sw != LK_SW_OK && (sw & 0xff00) != LK_SW_MORE) {
        if (body.len > 0)
            lk_trace_field(trace, 1, "BYTES", "contents", body);
        return lk_trace_check(trace, "status word", lk_status_for_sw(sw));
    }
    if (!trace->has_command)
        return lk_trace_check(trace, "order", LK_PEER_SEQUENCE);
    if (trace->command.ins == INS_SELECT)
        trace->selected = trace->selecting;
    return name_any(trace, 1, body);
}
