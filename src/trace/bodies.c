/* bodies.c: which message a body is, and the parser that judges it. */
#include "trace/room.h"

#define CHECK(message)                                       \
    static enum lk_status check_##message(struct lk_bytes in) \
    {                                                        \
        struct lk_##message msg;                             \
        return lk_##message##_parse(in, &msg);               \
    }

CHECK(select_framework)
CHECK(select_applet)
CHECK(spake2_request)
CHECK(spake2_request_answer)
CHECK(spake2_verify)
CHECK(spake2_verify_answer)
CHECK(auth0)
CHECK(auth0_answer)
CHECK(auth1)
CHECK(auth1_answer)
CHECK(exchange)
CHECK(exchange_answer)
CHECK(wired_ca)
CHECK(wired_endpoint)
CHECK(wired_setup_endpoint)
CHECK(wired_setup_instance)
CHECK(wired_notice)
CHECK(wired_set_private)
CHECK(wired_get_private)

#define AIR_COMMAND(aid, ins, sealed, place, message) \
    {aid, 0, ins, 0, sealed, LK_IN_##place, #message, check_##message}
#define AIR_RESPONSE(aid, ins, sealed, place, message) \
    {aid, 0, ins, 1, sealed, LK_IN_##place, #message, check_##message}
#define OPAQUE(aid, ins, is_response, place) {aid, 0, ins, is_response, 1, LK_IN_##place, "", NULL}
#define WIRED(ins, is_response, message) \
    {LK_AID_APPLET, 1, ins, is_response, 0, LK_IN_WIRED, #message, check_##message}

static const struct lk_body_row rows[] = {
    AIR_RESPONSE(LK_AID_APPLET, 0xa4, 0, SELECT, select_applet),
    AIR_COMMAND(LK_AID_APPLET, 0x80, 0, AUTH0, auth0),
    AIR_RESPONSE(LK_AID_APPLET, 0x80, 0, AUTH0, auth0_answer),
    AIR_COMMAND(LK_AID_APPLET, 0x81, 0, AUTH1, auth1),
    AIR_RESPONSE(LK_AID_APPLET, 0x81, 1, AUTH1, auth1_answer),
    AIR_COMMAND(LK_AID_APPLET, 0xc9, 1, EXCHANGE, exchange),
    AIR_RESPONSE(LK_AID_APPLET, 0xc9, 1, NOTHING, exchange_answer),
    AIR_RESPONSE(LK_AID_FRAMEWORK, 0xa4, 0, SELECT, select_framework),
    AIR_COMMAND(LK_AID_FRAMEWORK, 0x30, 0, REQUEST, spake2_request),
    AIR_RESPONSE(LK_AID_FRAMEWORK, 0x30, 0, SPAKE, spake2_request_answer),
    AIR_COMMAND(LK_AID_FRAMEWORK, 0x32, 0, SPAKE, spake2_verify),
    AIR_RESPONSE(LK_AID_FRAMEWORK, 0x32, 0, SPAKE, spake2_verify_answer),
    OPAQUE(LK_AID_FRAMEWORK, 0xd4, 0, DATA),
    OPAQUE(LK_AID_FRAMEWORK, 0xd4, 1, NOTHING),
    OPAQUE(LK_AID_FRAMEWORK, 0xca, 0, OBJECT),
    OPAQUE(LK_AID_FRAMEWORK, 0xca, 1, NOTHING),
    OPAQUE(LK_AID_FRAMEWORK, 0xc0, 0, NOTHING),
    OPAQUE(LK_AID_FRAMEWORK, 0xc0, 1, NOTHING),
    {LK_AID_APPLET, 1, 0xa4, 1, 0, LK_IN_SELECT, "select_applet", check_select_applet},
    WIRED(0x38, 0, wired_ca),
    WIRED(0x3a, 0, wired_ca),
    WIRED(0x7e, 0, wired_setup_endpoint),
    WIRED(0x78, 0, wired_endpoint),
    WIRED(0x74, 0, wired_endpoint),
    WIRED(0xd2, 0, wired_set_private),
    WIRED(0xb2, 0, wired_get_private),
    WIRED(0x36, 0, wired_setup_instance),
    WIRED(0x86, 1, wired_notice),
    {LK_AID_APPLET, 1, 0x76, 0, 0, LK_IN_WIRED, "", NULL},
    {LK_AID_APPLET, 1, 0x76, 1, 0, LK_IN_WIRED, "", NULL},
};

const struct lk_body_row *lk_trace_body(enum lk_aid aid, int is_wired, uint8_t ins,
                                        int is_response)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].aid == aid && rows[i].is_wired == (is_wired != 0) && rows[i].ins == ins &&
            rows[i].is_response == (is_response != 0))
            return &rows[i];
    }
    return NULL;
}
