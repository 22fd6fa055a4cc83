/* dispatch.c: one door for framework APDUs. A row of commands.def says where, when and how long a
 * command may be; a handler decides; this file alone moves the state and ends runs.
 * spec/framework.md. */
#include "device/room.h"

/* --- the table --- */

enum { W = 1, N = 2, B = 4 };
enum { SAME = 0xfe, OWN = 0xff };
#define ANY 0xffff
#define S(name) (1u << LK_FRAMEWORK_##name)
#define SELECTED LK_FRAMEWORK_SELECTED

/* The names of commands.def, as this room's functions and states. */
#define select_framework lk_handle_select
#define spake2_request lk_handle_request
#define spake2_verify lk_handle_verify
#define write_data lk_handle_write
#define get_data lk_handle_get
#define get_response lk_handle_get_response
#define op_control_flow lk_handle_control
enum { REQUESTED = LK_FRAMEWORK_REQUESTED, WRITING = LK_FRAMEWORK_WRITING };

const struct lk_framework_row lk_framework_rows[] = {
#define LK_FRAMEWORK_COMMAND(name, class, instruction, where, when, min, max, then, call) \
    {.cla = (class),                                                                      \
     .ins = (instruction),                                                                \
     .interfaces = (where),                                                               \
     .states = (uint16_t)(when),                                                          \
     .min_len = (min),                                                                    \
     .max_len = (max),                                                                    \
     .next = (then),                                                                      \
     .handler = call},
#include "facts/commands.def"
#undef LK_FRAMEWORK_COMMAND
};
const size_t lk_framework_num_rows = sizeof lk_framework_rows / sizeof lk_framework_rows[0];

static uint8_t interface_bit(uint8_t interface)
{
    if (interface == LK_NFC)
        return N;
    if (interface == LK_BLE)
        return B;
    return W;
}

/* Finds the row, or says what is wrong with the header. */
static enum lk_status look_up(const struct lk_device *device, const struct lk_command *command,
                              const struct lk_framework_row **out)
{
    const struct lk_framework_row *row = NULL;

    if (command->cla != 0x00 && command->cla != 0x80 && command->cla != 0x84)
        return LK_PEER_CLASS;
    for (size_t i = 0; i < lk_framework_num_rows; i++) {
        if (lk_framework_rows[i].ins == command->ins)
            row = &lk_framework_rows[i];
    }
    if (row == NULL || !(row->interfaces & interface_bit(device->interface)))
        return LK_PEER_INS;
    if (row->cla != command->cla)
        return LK_PEER_CLASS;
    if (!(row->states & (1u << device->state)))
        return LK_PEER_SEQUENCE;
    if (command->body.len < row->min_len || command->body.len > row->max_len)
        return LK_PEER_LENGTH;
    *out = row;
    return LK_OK;
}

/* --- ends --- */

void lk_device_drop_password(struct lk_device *device)
{
    lk_wipe(device->password, sizeof device->password);
    device->has_password = 0;
    device->wrong_evidence = 0;
    device->password_until_ms = 0;
}

int lk_device_pairing_open(const struct lk_device *device, uint64_t now_ms)
{
    return device->has_password && now_ms < device->password_until_ms;
}

void lk_device_close(struct lk_device *device)
{
    lk_chan_forget(&device->chan);
    lk_wipe(device->spake, sizeof device->spake);
    lk_wipe(device->data, sizeof device->data);
    lk_wipe(device->answer, sizeof device->answer);
    device->data_len = 0;
    device->answer_len = 0;
    device->answer_at = 0;
    device->reset_armed = 0;
    device->resets_used = 0;
    device->making = 0;
    device->h_was_read = 0;
    device->vehicle_versions_len = 0;
    device->state = LK_FRAMEWORK_IDLE;
}

void lk_device_end_run(struct lk_device *device, enum lk_status why)
{
    if (device->state > LK_FRAMEWORK_SELECTED || device->is_taken)
        device->pairing_status = why;
    lk_device_close(device);
    device->is_taken = 0;
    lk_wipe(device->h, sizeof device->h);
    device->h_len = 0;
    device->pairing_until_ms = 0;
    device->pass = LK_PASS_NONE;
}

/* A pass that the car has taken outlives the session it was made in: what comes after is noise. */
static void end_session(struct lk_device *device, enum lk_status why)
{
    if (device->is_taken) {
        lk_device_close(device);
        return;
    }
    lk_device_end_run(device, why);
}

/* --- time and field --- */

/* Ta ends pairing mode, T_OwnerPairing ends the run and with it an unconfirmed pass (P-19, D20). */
static void expire(struct lk_device *device, uint64_t now_ms)
{
    if (device->pairing_until_ms != 0 && now_ms >= device->pairing_until_ms)
        lk_device_end_run(device, LK_PEER_TIMEOUT);
    if (device->has_password && now_ms >= device->password_until_ms)
        lk_device_drop_password(device);
}

void lk_device_field_lost(struct lk_device *device, uint64_t now_ms)
{
    expire(device, now_ms);
    if (!device->field_used)
        return;
    device->field_used = 0;
    if (device->state == LK_FRAMEWORK_ARMED && device->resets_used == 0) {
        device->resets_used = 1;
        return;
    }
    end_session(device, LK_PEER_GONE);
}

int lk_device_hides_applet(const struct lk_device *device, uint64_t now_ms)
{
    return lk_device_pairing_open(device, now_ms) && device->state == LK_FRAMEWORK_IDLE &&
           device->pass == LK_PASS_NONE;
}

enum lk_status lk_device_tick(struct lk_device *device, uint64_t now_ms, int *out_busy)
{
    enum lk_status status = LK_OK;

    expire(device, now_ms);
    if (device->making) {
        status = lk_device_make_key(device);
        device->making = 0;
        if (status != LK_OK)
            lk_device_end_run(device, status);
    }
    /* An element that does not answer is asked again at the next tick. */
    enum lk_status settled = lk_sharings_expire(device, now_ms);
    if (settled == LK_OK)
        settled = lk_wallet_settle(device);
    *out_busy = 0;
    return status != LK_OK ? status : settled;
}

/* --- one command --- */

/* The status words of this room's own table (protocol 4.3, 4.4, 4.9); the rest are the common ones.
 */
static uint16_t answer_for(enum lk_status status)
{
    switch (status) {
    case LK_PEER_PARAMETER:
    case LK_PEER_EVIDENCE:
    case LK_PEER_REFLECTED:
    case LK_PEER_POINT:
        return LK_SW_INVALID;
    case LK_PEER_NOT_READY:
        return LK_SW_NOT_READY;
    case LK_PEER_TOO_LONG:
        return LK_SW_NO_MEMORY;
    case LK_PEER_MAC:
        return LK_SW_MAC;
    case LK_PEER_NOT_FOUND:
        return LK_SW_NOT_FOUND;
    default:
        break;
    }
    if (status >= LK_CERT_DER && status <= LK_CERT_DEPTH)
        return LK_SW_DATA;
    return lk_sw_for_status(status);
}

/* MAC before decryption before parsing (S2): a sealed body is opened before its handler sees it,
 * and the answer is sealed only after the handler agreed. */
static enum lk_status run(struct lk_device *device, const struct lk_framework_row *row,
                          struct lk_call *call, uint8_t *out, size_t *out_len)
{
    enum lk_status status = LK_INTERNAL;
    struct lk_crypto *crypto = device->config->crypto;
    uint8_t opened[LK_APDU_COMMAND_MAX];
    size_t opened_len = 0;

    call->body = call->command.body;
    if (row->cla == 0x84) {
        status = lk_chan_open_command(&device->chan, crypto, call->body, opened, &opened_len);
        if (status != LK_OK)
            goto out;
        call->body = lk_bytes(opened, opened_len);
    }
    status = row->handler(device, call);
    if (status != LK_OK)
        goto out;
    if (row->cla == 0x84) {
        status = lk_chan_seal_response(&device->chan, crypto,
                                       lk_bytes(call->plain, call->plain_len), out, out_len);
    } else {
        memcpy(out, call->plain, call->plain_len);
        *out_len = call->plain_len;
    }
out:
    lk_wipe(opened, sizeof opened);
    return status;
}

static enum lk_status serve(struct lk_device *device, struct lk_bytes command, struct lk_call *call,
                            uint8_t *out, size_t *out_len)
{
    const struct lk_framework_row *row = NULL;

    LK_TRY(lk_command_parse(command, &call->command));
    LK_TRY(look_up(device, &call->command, &row));
    LK_TRY(run(device, row, call, out, out_len));
    if (row->next == OWN)
        device->state = call->next;
    else if (row->next != SAME)
        device->state = row->next;
    return LK_OK;
}

enum lk_status lk_device_command(struct lk_device *device, enum lk_interface interface,
                                 uint64_t now_ms, struct lk_bytes command, uint8_t *out,
                                 size_t *out_len)
{
    enum lk_status status = LK_INTERNAL;
    struct lk_call call = {.now_ms = now_ms, .sw = LK_SW_OK, .next = LK_FRAMEWORK_IDLE};
    size_t len = 0;

    expire(device, now_ms);
    /* One run belongs to one radio (PA16): a command on another one ends it first. */
    if (device->interface != (uint8_t)interface && device->state != LK_FRAMEWORK_IDLE)
        end_session(device, LK_PEER_SEQUENCE);
    device->interface = (uint8_t)interface;
    device->field_used = 1;

    status = serve(device, command, &call, out, &len);
    if (status != LK_OK) {
        call.sw = answer_for(status);
        len = 0;
        end_session(device, status);
    }
    if (device->state == LK_FRAMEWORK_IDLE || device->is_taken)
        lk_chan_forget(&device->chan);
    lk_put16(out + len, call.sw);
    *out_len = len + 2;
    lk_wipe(&call, sizeof call);
    return status;
}

/* --- begin and end --- */

enum lk_status lk_device_init(struct lk_device *device, const struct lk_device_config *config)
{
    memset(device, 0, sizeof *device);
    device->config = config;
    device->pass = LK_PASS_NONE;
    enum lk_status status = lk_wallet_load(device);
    if (status != LK_OK) {
        lk_device_forget(device);
        return status;
    }
    /* Passes of a pairing that did not finish (D20). The element may still be starting: tick
     * repeats it. */
    status = lk_wallet_settle(device);
    return status == LK_PORT_STORE || status == LK_STORE_CORRUPT ? status : LK_OK;
}

void lk_device_forget(struct lk_device *device)
{
    lk_wipe(device, sizeof *device);
}

enum lk_status lk_device_enter_password(struct lk_device *device, const char password[8],
                                        uint64_t now_ms)
{
    size_t index = 0;

    for (size_t i = 0; i < sizeof device->password; i++) {
        if (password[i] < '0' || password[i] > '9')
            return LK_CALLER_ARGUMENT;
    }
    LK_TRY(lk_wallet_free_pass(device, &index));
    lk_device_end_run(device, LK_PEER_ABORTED);
    memcpy(device->password, password, sizeof device->password);
    device->has_password = 1;
    device->wrong_evidence = 0;
    device->password_until_ms = now_ms + LK_TIMER_PASSWORD_MS;
    device->pairing_status = LK_OK;
    return LK_OK;
}

void lk_device_cancel_pairing(struct lk_device *device)
{
    lk_device_end_run(device, LK_PEER_ABORTED);
    lk_device_drop_password(device);
}
