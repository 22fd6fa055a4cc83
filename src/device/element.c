/* element.c: wired APDUs to the secure element of the same phone (D21, D22, D32). Bodies:
 * msg/wired.h, spec/applet.md. Nothing here is secret: the element gives out certificates and
 * states, no keys. */
#include "device/room.h"

#define COMMAND_CLASS 0x80
enum instruction {
    CREATE_CA = 0x38,
    DELETE_CA = 0x3a,
    CREATE_ENDPOINT = 0x70,
    SETUP_ENDPOINT = 0x7e,
    TERMINATE_ENDPOINT = 0x78,
    DELETE_ENDPOINT = 0x74,
    VIEW = 0x76,
    WRITE_BUFFER = 0xd0,
    READ_BUFFER = 0xb0,
    MANAGE_UA = 0x34,
    SETUP_INSTANCE = 0x36,
    GET_NOTIFICATION = 0x86,
};
#define USER_PRESENT 0x01    /* P1 of MANAGE UA */
#define REMOVED_BY_USER 0x01 /* P1 of TERMINATE ENDPOINT: reason */

/* --- one command --- */

static enum lk_status transceive(struct lk_device *device, const struct lk_command *command,
                                 uint8_t *out, size_t cap, size_t *out_len)
{
    const struct lk_element_port *port = device->config->element;
    uint8_t apdu[LK_APDU_COMMAND_MAX], answer[LK_APDU_RESPONSE_MAX];
    size_t apdu_len = 0, answer_len = 0;
    struct lk_bytes body;
    uint16_t sw;

    LK_TRY(lk_command_write(command, apdu, &apdu_len));
    LK_TRY(port->transceive(port->ctx, apdu, apdu_len, answer, sizeof answer, &answer_len));
    if (answer_len > sizeof answer ||
        lk_response_parse(lk_bytes(answer, answer_len), &body, &sw) != LK_OK)
        return LK_PORT_ELEMENT;
    LK_TRY(lk_status_for_sw(sw));
    if (body.len > cap)
        return LK_PORT_ELEMENT;
    if (body.len != 0)
        memcpy(out, body.at, body.len);
    *out_len = body.len;
    return LK_OK;
}

enum lk_status lk_element_select(struct lk_device *device)
{
    struct lk_command command = {
        .ins = 0xa4, .p1 = 0x04, .body = {lk_aid_applet, sizeof lk_aid_applet}, .le = 256};
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    return transceive(device, &command, answer, sizeof answer, &len);
}

enum lk_status lk_element_call(struct lk_device *device, uint8_t ins, uint8_t p1, uint8_t p2,
                               struct lk_bytes body, uint8_t *out, size_t cap, size_t *out_len)
{
    struct lk_command command = {
        .cla = COMMAND_CLASS, .ins = ins, .p1 = p1, .p2 = p2, .body = body};

    command.le = cap != 0 ? 256 : 0;
    return transceive(device, &command, out, cap, out_len);
}

/* A command without an answer. */
static enum lk_status order(struct lk_device *device, uint8_t ins, uint8_t p1,
                            const struct lk_wr *body)
{
    size_t len = 0;

    LK_TRY(body->fault);
    return lk_element_call(device, ins, p1, 0, lk_bytes(body->at, body->len), NULL, 0, &len);
}

/* --- the buffer --- */

enum lk_status lk_element_write_buffer(struct lk_device *device, struct lk_bytes data)
{
    size_t done = 0;

    while (done < data.len) {
        size_t piece = data.len - done, none = 0;

        if (piece > LK_BUFFER_PIECE_MAX)
            piece = LK_BUFFER_PIECE_MAX;
        LK_TRY(lk_element_call(device, WRITE_BUFFER, (uint8_t)(done >> 8), (uint8_t)done,
                               lk_bytes(data.at + done, piece), NULL, 0, &none));
        done += piece;
    }
    return LK_OK;
}

enum lk_status lk_element_read_buffer(struct lk_device *device, size_t len, uint8_t *out)
{
    size_t done = 0;

    while (done < len) {
        struct lk_command command = {.cla = COMMAND_CLASS,
                                     .ins = READ_BUFFER,
                                     .p1 = (uint8_t)(done >> 8),
                                     .p2 = (uint8_t)done};
        size_t piece = len - done, got = 0;

        if (piece > LK_BUFFER_PIECE_MAX)
            piece = LK_BUFFER_PIECE_MAX;
        command.le = (uint16_t)piece;
        LK_TRY(transceive(device, &command, out + done, len - done, &got));
        if (got == 0)
            return LK_PORT_ELEMENT;
        done += got;
    }
    return LK_OK;
}

/* CREATE answers with the length of a certificate; the certificate waits in the buffer. */
static enum lk_status fetch(struct lk_device *device, const uint8_t length[2], size_t length_len,
                            uint8_t *out, size_t *out_len)
{
    if (length_len != 2 || lk_be16(length) == 0 || lk_be16(length) > LK_CERT_MAX)
        return LK_PORT_ELEMENT;
    LK_TRY(lk_element_read_buffer(device, lk_be16(length), out));
    *out_len = lk_be16(length);
    return LK_OK;
}

/* --- Instance CAs and endpoints --- */

static enum lk_status order_ca(struct lk_device *device, uint8_t ins, struct lk_bytes name,
                               uint8_t *out, size_t cap, size_t *out_len)
{
    struct lk_wired_ca body = {name};
    uint8_t bytes[40];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_ca_write(&body, &wr);
    LK_TRY(wr.fault);
    LK_TRY(lk_element_select(device));
    return lk_element_call(device, ins, 0, 0, lk_bytes(bytes, wr.len), out, cap, out_len);
}

enum lk_status lk_element_create_ca(struct lk_device *device, struct lk_bytes name, uint8_t *out,
                                    size_t *out_len)
{
    uint8_t length[2];
    size_t length_len = 0;

    LK_TRY(order_ca(device, CREATE_CA, name, length, sizeof length, &length_len));
    return fetch(device, length, length_len, out, out_len);
}

enum lk_status lk_element_delete_ca(struct lk_device *device, struct lk_bytes name)
{
    size_t none = 0;
    enum lk_status status = order_ca(device, DELETE_CA, name, NULL, 0, &none);

    return status == LK_PEER_NOT_FOUND ? LK_OK : status;
}

enum lk_status lk_element_create_endpoint(struct lk_device *device,
                                          const struct lk_wired_create_endpoint *body, uint8_t *out,
                                          size_t *out_len)
{
    uint8_t bytes[512], length[2];
    size_t length_len = 0;
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_create_endpoint_write(body, &wr);
    LK_TRY(wr.fault);
    LK_TRY(lk_element_select(device));
    LK_TRY(lk_element_write_buffer(device, lk_bytes(bytes, wr.len)));
    LK_TRY(lk_element_call(device, CREATE_ENDPOINT, 0, 0, lk_bytes(NULL, 0), length, sizeof length,
                           &length_len));
    return fetch(device, length, length_len, out, out_len);
}

static enum lk_status order_endpoint(struct lk_device *device, uint8_t ins, uint8_t p1,
                                     const uint8_t id[LK_ENDPOINT_ID_LEN], uint8_t *out, size_t cap,
                                     size_t *out_len)
{
    struct lk_wired_endpoint body = {{id, LK_ENDPOINT_ID_LEN}};
    uint8_t bytes[16];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_endpoint_write(&body, &wr);
    LK_TRY(wr.fault);
    LK_TRY(lk_element_select(device));
    return lk_element_call(device, ins, p1, 0, lk_bytes(bytes, wr.len), out, cap, out_len);
}

enum lk_status lk_element_delete(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN])
{
    size_t none = 0;
    enum lk_status status = order_endpoint(device, DELETE_ENDPOINT, 0, id, NULL, 0, &none);

    return status == LK_PEER_NOT_FOUND ? LK_OK : status;
}

enum lk_status lk_element_terminate(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN])
{
    uint8_t proof[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    return order_endpoint(device, TERMINATE_ENDPOINT, REMOVED_BY_USER, id, proof, sizeof proof,
                          &len);
}

enum lk_status lk_element_setup(struct lk_device *device,
                                const struct lk_wired_setup_endpoint *body)
{
    uint8_t bytes[64];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_setup_endpoint_write(body, &wr);
    LK_TRY(lk_element_select(device));
    return order(device, SETUP_ENDPOINT, 0, &wr);
}

enum lk_status lk_element_state(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN],
                                uint8_t *out_state, uint8_t *out_is_first)
{
    struct lk_wired_state state;
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t len = 0;
    enum lk_status status =
        order_endpoint(device, VIEW, LK_VIEW_STATE, id, answer, sizeof answer, &len);

    if (status == LK_PEER_NOT_FOUND)
        return LK_CALLER_NOT_FOUND;
    LK_TRY(status);
    if (lk_wired_state_parse(lk_bytes(answer, len), &state) != LK_OK ||
        memcmp(state.endpoint_id.at, id, LK_ENDPOINT_ID_LEN) != 0)
        return LK_PORT_ELEMENT;
    *out_state = state.state;
    *out_is_first = state.is_first;
    return LK_OK;
}

/* --- the instance --- */

enum lk_status lk_element_notice(struct lk_device *device, struct lk_element_notice *out)
{
    struct lk_wired_notice notice;
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    LK_TRY(lk_element_select(device));
    LK_TRY(lk_element_call(device, GET_NOTIFICATION, 0, 0, lk_bytes(NULL, 0), answer, sizeof answer,
                           &len));
    if (lk_wired_notice_parse(lk_bytes(answer, len), &notice) != LK_OK)
        return LK_PORT_ELEMENT;
    out->status = (enum lk_status)notice.status;
    memcpy(out->endpoint_id, notice.endpoint_id.at, sizeof out->endpoint_id);
    out->control_p1 = notice.control_p1;
    out->control_p2 = notice.control_p2;
    return LK_OK;
}

enum lk_status lk_element_set_express(struct lk_device *device, int on)
{
    struct lk_wired_setup_instance body = {.has_express = 1, .express = on ? 1 : 0};
    uint8_t bytes[16];
    struct lk_wr wr;

    lk_wr_init(&wr, bytes, sizeof bytes);
    lk_wired_setup_instance_write(&body, &wr);
    LK_TRY(lk_element_select(device));
    return order(device, SETUP_INSTANCE, 0, &wr);
}

enum lk_status lk_element_user_authenticated(struct lk_device *device)
{
    size_t none = 0;

    LK_TRY(lk_element_select(device));
    return lk_element_call(device, MANAGE_UA, USER_PRESENT, 0, lk_bytes(NULL, 0), NULL, 0, &none);
}
