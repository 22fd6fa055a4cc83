/* msg: what each message refuses beyond prefixes and trailing bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "msg/msg.h"
#include "support/messages.h"
#include "tlv/tlv.h"

struct row {
    const char *message;
    const char *text;
    enum lk_status expected;
};

static const struct row rows[] = {
    {"select_framework", "5A(0100) D4(02) 5C(0100)", LK_PEER_TAG},
    {"select_framework", "5A(01) 5C(0100) D4(02)", LK_PEER_LENGTH},
    {"select_framework", "5A(010001) 5C(0100) D4(02)", LK_PEER_LENGTH},
    {"select_applet", "5C(R 0100)", LK_PEER_LENGTH},
    {"select_applet", "5C()", LK_PEER_LENGTH},
    {"select_applet", "5C(0100) 5C(0100)", LK_PEER_TAG},
    {"select_applet", "5C(0100) DF7F()", LK_PEER_TAG},
    {"spake2_request", "5B(0100) 5C(0100) 7F50(C0(R) C1(00008000) C3(0001) C2(0008)) D6(0000)",
     LK_PEER_TAG},
    {"spake2_request", "5B(0100) 5C(0100) 7F50(C0(R) C1(00008000) C2(0008) C3(0001))", LK_PEER_TAG},
    {"spake2_request",
     "5B(0100) 5C(0100) 7F50(C0(R) C1(00008000) C2(0008) C3(0001) C3(0001)) D6(0000)", LK_PEER_TAG},
    {"spake2_request_answer", "50(02 S)", LK_PEER_POINT},
    {"spake2_request_answer", "50(S)", LK_PEER_LENGTH},
    {"spake2_verify", "52(P) 57(I)", LK_PEER_LENGTH},
    {"auth0", "5C(0100) 4C(R) 87(P) 4D(I)", LK_PEER_TAG},
    {"auth0", "5C(0100) 87(P) 4C(R) 4D(R)", LK_PEER_LENGTH},
    {"auth0_answer", "9D(R) 86(P)", LK_PEER_TAG},
    {"auth0_answer", "86(P) 9D(I I) 9D(R)", LK_PEER_TAG},
    {"auth1", "9E(S 00)", LK_PEER_LENGTH},
    {"auth1_answer", "9E(S) 4E(0001)", LK_PEER_TAG},
    {"auth1_answer", "4E() 9E(S)", LK_PEER_LENGTH},
    {"auth1_answer", "4E(0001) 9E(S) 4B(00) 4A(00)", LK_PEER_TAG},
    {"exchange", "", LK_PEER_LENGTH},
    {"exchange", "02", LK_PEER_VALUE},
    {"exchange", "00 87(000000)", LK_PEER_LENGTH},
    {"exchange", "00 87(0000000000)", LK_PEER_LENGTH},
    {"exchange", "00 8A(0000)", LK_PEER_LENGTH},
    {"exchange", "00 95(00000001)", LK_PEER_LENGTH},
    {"exchange", "00 89(00000001)", LK_PEER_TAG},
    {"exchange", "00 BA(87(00000001))", LK_PEER_TAG},
    {"exchange_answer", "", LK_PEER_LENGTH},
    {"exchange_answer", "0001 09", LK_PEER_LENGTH},
    {"exchange_answer", "FFFF 09 0002 0000", LK_PEER_LENGTH},
    {"creation", "7F4A(4D(I) 46(13) 47(81) 4A(0120) 4B(0640) 4E(0001) 49(P) 49(P))", LK_PEER_TAG},
    {"creation", "7F4A(4D(I) 46(13) 47(81) 4A(0120) 4B(0640) 4E(I 00) 49(P))", LK_PEER_LENGTH},
    {"creation", "7F4A(4D(I) 46(13) 47(81) 4A(0120) 4B(0640) 4E(00) 49(P) 52(D) 51(D))",
     LK_PEER_TAG},
    {"creation", "7F4A(4D(I) 46(13) 47(81) 4A(0120) 4B(0640) 4E(00) 49(P) 51(R))", LK_PEER_LENGTH},
    {"creation",
     "7F4A(4D(I) 46(13) 47(81) 4A(0120) 4B(0640) 4E(00) 49(P) 51(323032363031333132333539353941))",
     LK_PEER_VALUE},
    {"device_configuration", "7F4E(4B(000000) 4A(000000))", LK_PEER_TAG},
    {"device_configuration", "7F4E(54(01))", LK_PEER_LENGTH},
    {"device_configuration", "7F4E(7F60(DD(11)))", LK_PEER_VALUE},
    {"device_configuration", "7F4E(DF01())", LK_PEER_TAG},
    {"pairing_data", "7F4B(00) 5F5F()", LK_PEER_TAG},
    {"pairing_attestation", "5F5F(00)", LK_PEER_LENGTH},
    {"vehicle_attestation", "41(02) 4D(I) 5A(P) DF1C(01) DF1D(00000001) DF1E(H) 93(56415454) 9E(S)",
     LK_PEER_VALUE},
    {"vehicle_attestation", "41(01) 4D(I) 5A(P) DF1C(03) DF1D(00000001) DF1E(H) 93(56415454) 9E(S)",
     LK_PEER_VALUE},
    {"vehicle_attestation", "41(01) 4D(I) 5A(P) DF1C(01) DF1D(00000001) DF1E(H) 93(56454E44) 9E(S)",
     LK_PEER_VALUE},
    {"wired_ca", "5F20()", LK_PEER_LENGTH},
    {"wired_ca", "5F20(H 00)", LK_PEER_LENGTH},
    {"wired_setup_instance", "", LK_PEER_TAG},
    {"wired_setup_instance", "DF12(02)", LK_PEER_VALUE},
    {"wired_setup_instance", "DF13(00) DF12(00)", LK_PEER_TAG},
    {"wired_set_private", "50(I) 4B(S S S K I)", LK_PEER_LENGTH},
};

static void PR3_messages_refuse_disorder(void **state)
{
    uint8_t in[1024];
    uint8_t out[1024];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = test_sample_bytes(rows[i].text, in, sizeof in);
        struct lk_wr wr;
        enum lk_status status;

        lk_wr_init(&wr, out, sizeof out);
        status = test_message_find(rows[i].message)->reencode(lk_bytes(in, len), &wr);
        if (status != rows[i].expected)
            fail_msg("%s %s: %s", rows[i].message, rows[i].text, lk_status_name(status));
    }
}

/* No object with a usage of its own is accepted as another one, and none as a prefix of one. */
static void S3_signed_objects_cannot_be_confused(void **state)
{
    static const char *const objects[] = {"vehicle_attestation", "vehicle_end", "termination"};
    uint8_t in[4096];
    uint8_t out[4096];

    (void)state;
    for (size_t s = 0; s < test_num_samples; s++) {
        size_t len = test_sample_bytes(test_samples[s].text, in, sizeof in);
        for (size_t i = 0; i < 3; i++) {
            struct lk_wr wr;
            int is_own = strcmp(objects[i], test_samples[s].message) == 0;
            lk_wr_init(&wr, out, sizeof out);
            assert_true((test_message_find(objects[i])->reencode(lk_bytes(in, len), &wr) ==
                         LK_OK) == is_own);
        }
    }
}

static void signed_part_is_what_write_signed_gives(void **state)
{
    uint8_t in[512];
    uint8_t out[512];
    struct lk_vehicle_attestation msg;
    struct lk_wr wr;
    size_t len = test_sample_bytes(
        "41(01) 4D(I) 5A(P) DF1C(01) DF1D(00000001) DF1E(H) 93(56415454) 9E(S)", in, sizeof in);

    (void)state;
    assert_int_equal(lk_vehicle_attestation_parse(lk_bytes(in, len), &msg), LK_OK);
    assert_int_equal(msg.signed_part.len, len - 66);
    lk_wr_init(&wr, out, sizeof out);
    lk_vehicle_attestation_write_signed(&msg, &wr);
    assert_int_equal(wr.len, msg.signed_part.len);
    assert_memory_equal(out, msg.signed_part.at, wr.len);
}

/* FA10: 0 to 255 bytes, or twice: only exactly sixteen once are a cryptogram. */
static void FA10_only_sixteen_bytes_are_a_cryptogram(void **state)
{
    uint8_t in[67 + 3 + 255 + 18];
    uint8_t value[255] = {0};
    uint8_t point[65] = {0x04};

    (void)state;
    for (size_t len = 0; len < 256; len++) {
        struct lk_auth0_answer msg;
        struct lk_wr wr;

        lk_wr_init(&wr, in, sizeof in);
        lk_tlv_put(&wr, 0x86, point, sizeof point);
        lk_tlv_put(&wr, 0x9d, value, len);
        assert_int_equal(lk_auth0_answer_parse(lk_bytes(in, wr.len), &msg),
                         len == 16 ? LK_OK : LK_PEER_LENGTH);
        lk_tlv_put(&wr, 0x9d, value, 16);
        assert_int_not_equal(lk_auth0_answer_parse(lk_bytes(in, wr.len), &msg), LK_OK);
    }
}

/* EX5: every boundary pair passes through as it is; the applet judges it. */
static void EX5_offsets_and_lengths_pass_unchanged(void **state)
{
    static const uint16_t edges[] = {0, 1, 255, 256, 1599, 1600, 1601, 32767, 32768, 65534, 65535};
    const size_t num = sizeof edges / sizeof edges[0];
    uint8_t in[64];

    (void)state;
    for (size_t i = 0; i < num * num * 4; i++) {
        struct lk_exchange_op op = {i & 1 ? LK_EXCHANGE_READ : LK_EXCHANGE_SET,
                                    (uint8_t)(i >> 1 & 1), edges[i / 4 / num], edges[i / 4 % num],
                                    0, {NULL, 0}};
        struct lk_exchange_op read;
        struct lk_exchange msg;
        struct lk_wr wr;

        lk_wr_init(&wr, in, sizeof in);
        lk_exchange_begin(&wr, LK_EXCHANGE_LAST);
        lk_exchange_put(&wr, &op);
        assert_int_equal(wr.fault, LK_OK);
        assert_int_equal(lk_exchange_parse(lk_bytes(in, wr.len), &msg), LK_OK);
        assert_int_equal(lk_exchange_next(&msg.ops, &read), 1);
        assert_int_equal(read.offset, op.offset);
        assert_int_equal(read.length, op.length);
        assert_int_equal(read.kind, op.kind);
        assert_int_equal(read.is_confidential, op.is_confidential);
        assert_int_equal(lk_exchange_next(&msg.ops, &read), 0);
    }
}

/* EX10: data that never ends is refused at the cap. */
static void EX10_endless_pairing_data_stops_at_the_cap(void **state)
{
    static uint8_t data[LK_REASSEMBLY_MAX + 1];
    int is_whole = 0;
    size_t len;

    (void)state;
    for (len = 0; len + 1 < sizeof data; len += 2)
        memcpy(data + len, "\x4e\x00", 2);
    assert_int_equal(lk_pairing_data_whole(lk_bytes(data, LK_REASSEMBLY_MAX), &is_whole), LK_OK);
    assert_int_equal(is_whole, 0);
    assert_int_equal(lk_pairing_data_whole(lk_bytes(data, sizeof data), &is_whole),
                     LK_PEER_TOO_LONG);
    /* One TLV that promises more than may ever come. */
    assert_int_equal(lk_pairing_data_whole(lk_bytes("\x7f\x4a\x82\x10\x00", 5), &is_whole),
                     LK_PEER_TOO_LONG);
}

static void S2_end_of_data_is_found_in_the_data(void **state)
{
    uint8_t in[4096];
    size_t len = 0;
    int is_whole = 1;

    (void)state;
    for (size_t s = 0; s < test_num_samples; s++) {
        if (strcmp(test_samples[s].message, "pairing_data") != 0)
            continue;
        len = test_sample_bytes(test_samples[s].text, in, sizeof in);
        for (size_t n = 0; n < len; n++) {
            assert_int_equal(lk_pairing_data_whole(lk_bytes(in, n), &is_whole), LK_OK);
            assert_int_equal(is_whole, 0);
        }
        assert_int_equal(lk_pairing_data_whole(lk_bytes(in, len), &is_whole), LK_OK);
        assert_int_equal(is_whole, 1);
        in[len] = 0x4e;
        in[len + 1] = 0x00;
        assert_int_equal(lk_pairing_data_whole(lk_bytes(in, len + 2), &is_whole), LK_PEER_TAG);
    }
    assert_true(len > 0);
    assert_int_equal(lk_pairing_data_whole(lk_bytes("\x5f\x5f\x01\x00", 4), &is_whole),
                     LK_PEER_TLV);
}

static void version_choice_searches_both_lists(void **state)
{
    uint8_t out[2] = {9, 9};

    (void)state;
    assert_int_equal(lk_version_common(lk_bytes("\x01\x00", 2), lk_bytes("\x01\x01\x01\x00", 4),
                                       out), LK_OK);
    assert_memory_equal(out, "\x01\x00", 2);
    assert_int_equal(lk_version_common(lk_bytes("\x01\x00\x02\x00", 4),
                                       lk_bytes("\x01\x00\x02\x00", 4), out), LK_OK);
    assert_memory_equal(out, "\x02\x00", 2);
    assert_int_equal(lk_version_common(lk_bytes("\x01\x00", 2), lk_bytes("\x02\x00", 2), out),
                     LK_PEER_VERSION);
    assert_int_equal(lk_version_common(lk_bytes("\x01\x00", 2), lk_bytes("\x00\x01\x00", 3), out),
                     LK_PEER_VERSION);
    assert_memory_equal(out, "\x02\x00", 2);
}

static void select_takes_whole_names_only(void **state)
{
    (void)state;
    assert_int_equal(lk_select_aid(lk_bytes(lk_aid_applet, 13)), LK_AID_APPLET);
    assert_int_equal(lk_select_aid(lk_bytes(lk_aid_framework, 13)), LK_AID_FRAMEWORK);
    assert_int_equal(lk_select_aid(lk_bytes(lk_aid_applet, 12)), LK_AID_OTHER);
    assert_int_equal(lk_select_aid(lk_bytes(lk_aid_applet, 5)), LK_AID_OTHER);
}

static void S1_control_flow_words_cover_the_table(void **state)
{
    (void)state;
    assert_int_equal(lk_op_control_flow_check(0x10, 0x01), LK_OK);
    assert_int_equal(lk_op_control_flow_check(0x10, 0x03), LK_PEER_P1P2);
    assert_int_equal(lk_op_control_flow_check(0x12, 0x77), LK_OK); /* an unknown reason */
    assert_int_equal(lk_op_control_flow_check(0x13, 0x00), LK_PEER_P1P2);
    assert_int_equal(lk_control_flow_check(0x00, 0xa0), LK_OK);
    assert_int_equal(lk_control_flow_check(0x02, 0x00), LK_PEER_P1P2);
    for (unsigned p2 = 0; p2 <= 0x0f; p2++)
        assert_string_not_equal(lk_op_control_flow_text(0x12, (uint8_t)p2), "unknown");
    assert_string_equal(lk_op_control_flow_text(0x12, 0x10), "unknown");
}

static void map_defaults_and_bounds(void **state)
{
    uint8_t in[128];
    struct lk_mailbox_map map;
    size_t len = test_sample_bytes("7F4D(C0(0001) C1(0002) D0(0000) D1(0640) D2(20) D5(01))", in,
                                   sizeof in);

    (void)state;
    assert_int_equal(lk_mailbox_map_parse(lk_bytes(in, len), &map), LK_OK);
    assert_int_equal(map.attestations, 0x640);
    assert_int_equal(map.vehicle_data, 0x640);
    assert_int_equal(map.slot_len, (0x640 - 2) / 8);
    assert_int_equal(lk_mailbox_map_check(&map, 0x640), LK_PEER_RANGE); /* slots over 8 bytes */
    len = test_sample_bytes("7F4D(C0(0001) C1(0002) C2(0012) C3(0040) D0(0000) D1(0640) D2(20)"
                            "D3(02) D4(0200) D5(01))", in, sizeof in);
    assert_int_equal(lk_mailbox_map_parse(lk_bytes(in, len), &map), LK_OK);
    assert_int_equal(lk_mailbox_map_check(&map, 0x640), LK_OK);
    assert_int_equal(lk_mailbox_map_check(&map, 0x63f), LK_PEER_RANGE);
    map.vehicle_data = 0x11;
    assert_int_equal(lk_mailbox_map_check(&map, 0x640), LK_PEER_RANGE);
    map.vehicle_data = 0x41;
    assert_int_equal(lk_mailbox_map_check(&map, 0x640), LK_PEER_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PR3_messages_refuse_disorder),
        cmocka_unit_test(S3_signed_objects_cannot_be_confused),
        cmocka_unit_test(signed_part_is_what_write_signed_gives),
        cmocka_unit_test(FA10_only_sixteen_bytes_are_a_cryptogram),
        cmocka_unit_test(EX5_offsets_and_lengths_pass_unchanged),
        cmocka_unit_test(EX10_endless_pairing_data_stops_at_the_cap),
        cmocka_unit_test(S2_end_of_data_is_found_in_the_data),
        cmocka_unit_test(version_choice_searches_both_lists),
        cmocka_unit_test(select_takes_whole_names_only),
        cmocka_unit_test(S1_control_flow_words_cover_the_table),
        cmocka_unit_test(map_defaults_and_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
