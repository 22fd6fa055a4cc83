/* Known bytes of the protocol pages, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "msg/msg.h"

static size_t unhex(const char *text, uint8_t *out)
{
    size_t len = 0;

    for (; text[0] != '\0'; text += 2) {
        char pair[3] = {text[0], text[1], '\0'};
        out[len++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return len;
}

static const char auth0_command[] =
    "80800001635c0201008741040217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4ed194a7"
    "debcb97712d2dda3ca85aa8765a56f45fc758599652f2897c65306e57944c10000102030405060708090a0b0c0d0e"
    "0f4d08010203040506070800";

/* The AUTH0 command of protocol 7.6, byte for byte. */
static void M106_auth0_bytes(void **state)
{
    uint8_t expected[128];
    uint8_t body[128];
    uint8_t out[LK_APDU_COMMAND_MAX];
    uint8_t point[65];
    uint8_t transaction_id[16];
    size_t len = unhex(auth0_command, expected);
    size_t out_len = 0;
    struct lk_command command;
    struct lk_auth0 msg;
    struct lk_wr wr;

    (void)state;
    unhex("040217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4ed194a7debcb97712d2d"
          "da3ca85aa8765a56f45fc758599652f2897c65306e5794", point);
    for (uint8_t i = 0; i < 16; i++)
        transaction_id[i] = i;
    msg.version = lk_bytes("\x01\x00", 2);
    msg.ephemeral = lk_bytes(point, 65);
    msg.transaction_id = lk_bytes(transaction_id, 16);
    msg.vehicle_id = lk_bytes("\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    lk_wr_init(&wr, body, sizeof body);
    lk_auth0_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    command = (struct lk_command){0x80, 0x80, 0x00, 0x01, lk_bytes(body, wr.len), 256};
    assert_int_equal(lk_command_write(&command, out, &out_len), LK_OK);
    assert_int_equal(out_len, len);
    assert_memory_equal(out, expected, len);
    assert_int_equal(lk_command_parse(lk_bytes(expected, len), &command), LK_OK);
    assert_int_equal(lk_auth0_parse(command.body, &msg), LK_OK);
    assert_memory_equal(msg.ephemeral.at, point, 65);
}

/* REQUEST of protocol 4.3 with the parameters of 4.13. */
static void request_bytes_of_protocol_4_3(void **state)
{
    static const char text[] =
        "80300000315b0201015c04010101007f5020c01079656c6c6f777375626d6172696e6573c10400008000"
        "c2020008c3020001d602000000";
    uint8_t expected[128];
    uint8_t body[128];
    uint8_t out[LK_APDU_COMMAND_MAX];
    size_t len = unhex(text, expected);
    size_t out_len = 0;
    struct lk_command command;
    struct lk_spake2_request msg;
    struct lk_wr wr;

    (void)state;
    assert_int_equal(lk_command_parse(lk_bytes(expected, len), &command), LK_OK);
    assert_int_equal(lk_spake2_request_parse(command.body, &msg), LK_OK);
    assert_int_equal(msg.n, 32768);
    assert_int_equal(msg.r, 8);
    assert_int_equal(msg.p, 1);
    assert_memory_equal(msg.salt.at, "yellowsubmarines", 16);
    assert_int_equal(msg.versions_tlv.len, 10); /* enters the key confirmation, 4.13 */
    assert_memory_equal(msg.versions_tlv.at, "\x5b\x02\x01\x01\x5c\x04\x01\x01\x01\x00", 10);
    lk_wr_init(&wr, body, sizeof body);
    lk_spake2_request_write(&msg, &wr);
    command.body = lk_bytes(body, wr.len);
    assert_int_equal(lk_command_write(&command, out, &out_len), LK_OK);
    assert_int_equal(out_len, len);
    assert_memory_equal(out, expected, len);
}

/* SELECT of the framework and its example answer, protocol 3.1. */
static void select_bytes_of_protocol_3_1(void **state)
{
    uint8_t in[64];
    size_t len = unhex("00A404000DA000000809434343444B46763100", in);
    struct lk_command command;
    struct lk_select_framework msg;

    (void)state;
    assert_int_equal(lk_command_parse(lk_bytes(in, len), &command), LK_OK);
    assert_int_equal(lk_select_aid(command.body), LK_AID_FRAMEWORK);
    len = unhex("5A0201005C020100D40102", in);
    assert_int_equal(lk_select_framework_parse(lk_bytes(in, len), &msg), LK_OK);
    assert_int_equal(msg.pairing_mode, LK_PAIRING_MODE_READY);
    len = unhex("00A404000DA000000809434343444B41763100", in);
    assert_int_equal(lk_command_parse(lk_bytes(in, len), &command), LK_OK);
    assert_int_equal(lk_select_aid(command.body), LK_AID_APPLET);
}

/* EXCHANGE and its answer, plaintexts of protocol 7.6, and the map of 10.6. */
static void exchange_and_map_bytes(void **state)
{
    uint8_t in[64];
    uint8_t out[64];
    size_t len = unhex("00870400000001", in);
    struct lk_exchange command;
    struct lk_exchange_answer answer;
    struct lk_exchange_op op;
    struct lk_bytes data;
    struct lk_mailbox_map map;
    struct lk_wr wr;

    (void)state;
    assert_int_equal(lk_exchange_parse(lk_bytes(in, len), &command), LK_OK);
    assert_int_equal(lk_exchange_next(&command.ops, &op), 1);
    assert_int_equal(op.kind, LK_EXCHANGE_READ);
    assert_int_equal(op.length, 1);
    len = unhex("00010900020000", in);
    assert_int_equal(lk_exchange_answer_parse(lk_bytes(in, len), &answer), LK_OK);
    assert_int_equal(answer.num_reads, 1);
    assert_int_equal(answer.status, LK_EXCHANGE_OK);
    assert_int_equal(lk_exchange_answer_next(&answer.reads, &data), 1);
    assert_int_equal(data.at[0], 0x09);
    len = unhex("7F4D25C0020001C1020002C2020012C3020040D0020000D1020640D20120D30102D4020200"
                "D50101", in);
    assert_int_equal(lk_mailbox_map_parse(lk_bytes(in, len), &map), LK_OK);
    assert_int_equal(map.attestation_len, 0x200);
    lk_wr_init(&wr, out, sizeof out);
    lk_mailbox_map_write(&map, &wr);
    assert_int_equal(wr.len, len);
    assert_memory_equal(out, in, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M106_auth0_bytes),
        cmocka_unit_test(request_bytes_of_protocol_4_3),
        cmocka_unit_test(select_bytes_of_protocol_3_1),
        cmocka_unit_test(exchange_and_map_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
