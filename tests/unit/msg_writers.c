/* msg: a writer refuses what its parser would refuse, and a cursor over operations, reads or a list
 * stops at what is malformed and leaves its outputs alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "msg/msg.h"
#include "support/messages.h"
#include "tlv/tlv.h"

static uint8_t in[1024], out[1024];

/* A good message, parsed, then spoilt by `change`: the writer's fault, and again with a fault from
 * before, which stays. */
#define REFUSES(name, text, change)                                             \
    do {                                                                        \
        struct lk_##name msg;                                                   \
        size_t len = test_sample_bytes(text, in, sizeof in);                    \
        struct lk_wr wr;                                                        \
        assert_int_equal(lk_##name##_parse(lk_bytes(in, len), &msg), LK_OK);    \
        lk_wr_init(&wr, out, sizeof out);                                       \
        lk_##name##_write(&msg, &wr);                                           \
        assert_int_equal(wr.fault, LK_OK);                                      \
        change;                                                                 \
        lk_wr_init(&wr, out, sizeof out);                                       \
        lk_##name##_write(&msg, &wr);                                           \
        assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);                         \
        lk_wr_init(&wr, out, 0);                                                \
        wr.fault = LK_CALLER_SPACE;                                             \
        lk_##name##_write(&msg, &wr);                                           \
        assert_int_equal(wr.fault, LK_CALLER_SPACE);                            \
        assert_int_equal(wr.len, 0);                                            \
    } while (0)

static void PR3_writers_refuse_fields_of_a_wrong_form(void **state)
{
    static const uint8_t odd_point[65] = {0x02}, odd_date[15] = "20260131235959";

    (void)state;
    REFUSES(select_applet, "5C(0100)", msg.versions.len = 1);
    REFUSES(auth0_answer, "86(P)", msg.ephemeral.at = odd_point);
    REFUSES(auth1, "9E(S)", msg.signature.len = 63);
    REFUSES(creation, "7F4A(4D(I) 46(13) 47(81) 4A(0120) 4B(0640) 4E(00) 49(P) 51(D))",
            msg.not_before.at = odd_date);
    REFUSES(vehicle_attestation,
            "41(01) 4D(I) 5A(P) DF1C(01) DF1D(00000001) DF1E(H) 93(56415454) 9E(S)",
            msg.role = 3);
    REFUSES(device_configuration, "7F4E(7F60(DD(10)))",
            msg.offline_attestations = lk_bytes("\x11", 1));
    REFUSES(device_configuration, "7F4E(54(0100))", msg.versions_vehicle.len = 1);
    REFUSES(device_configuration, "7F4E(54(0100))", msg.versions_initiator = lk_bytes("\1", 1));
    REFUSES(wired_setup_instance, "DF12(01)", msg.express = 2);
    REFUSES(wired_setup_instance, "DF12(01)", msg.has_express = 0);
    REFUSES(share_cancel, "FF13(DF40(R) DF41(01) DF42(03) DF43(H) 5A(22))",
            msg.header.direction = 2);
    REFUSES(share_pin, "FF14(DF40(R) DF41(01) DF42(03) DF43(H) DF47(00) DF48(05))",
            msg.is_value = 2);
    REFUSES(share_import,
            "FF12(DF40(R) DF41(00) DF42(02) DF43(H) 7F25(41(01) 92(K) 5A(P) 58(H) 93(91712C44))"
            " 9E(S) DF46(P))",
            msg.token.sealed = lk_bytes(in, 48));
    REFUSES(wired_authorized, "7F25(41(01) 92(K) 5A(P) 58(H) 93(91712C44)) 9E(S)",
            msg.share.len -= 1);
}

static void PR3_the_notice_is_fast_or_not(void **state)
{
    struct lk_wired_notice msg = {.endpoint_id = lk_bytes(in, 8),
                                  .vehicle_id = lk_bytes(in, 8),
                                  .was_fast = 2};
    struct lk_wr wr;

    (void)state;
    lk_wr_init(&wr, out, sizeof out);
    lk_wired_notice_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
    msg.was_fast = 1;
    lk_wr_init(&wr, out, sizeof out);
    lk_wired_notice_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
}

static void PR3_exchange_writes_only_what_it_reads(void **state)
{
    static const struct lk_exchange_op ops[] = {
        {.kind = LK_EXCHANGE_WRITE},                       /* no bytes */
        {.kind = LK_EXCHANGE_NOTIFY, .is_confidential = 1}, /* no such tag */
        {.kind = (enum lk_exchange_kind)99},
    };
    static uint8_t large[0x10000];
    struct lk_wr wr;

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        lk_wr_init(&wr, out, sizeof out);
        lk_exchange_put(&wr, &ops[i]);
        assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
        assert_int_equal(wr.len, 0);
    }
    lk_wr_init(&wr, out, sizeof out);
    lk_exchange_begin(&wr, 0x02);
    assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
    lk_wr_init(&wr, out, sizeof out);
    lk_exchange_answer_put(&wr, lk_bytes(large, sizeof large));
    assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
    assert_int_equal(wr.len, 0);
}

static void PR3_a_cursor_stops_at_what_is_malformed(void **state)
{
    static const uint8_t op[] = {0x87, 0x03, 0, 0, 0}, item[] = {0x00, 0x04, 1, 2, 3};
    struct lk_exchange exchange = {LK_EXCHANGE_LAST, {op, sizeof op}};
    struct lk_exchange_answer answer = {{item, sizeof item}, 1, 0x9000};
    struct lk_bytes rest = {op, sizeof op}, got = {op, 77};
    struct lk_exchange_op before, after;
    struct lk_wr wr;

    (void)state;
    memset(&before, 0x5a, sizeof before);
    after = before;
    assert_int_equal(lk_exchange_next(&rest, &after), 0);
    assert_memory_equal(&after, &before, sizeof after);
    assert_int_equal(rest.len, sizeof op);
    rest = lk_bytes(item, sizeof item);
    assert_int_equal(lk_exchange_answer_next(&rest, &got), 0);
    assert_int_equal(got.len, 77);
    assert_int_equal(rest.len, sizeof item);
    rest = lk_bytes("\x50\x08\x01", 3);
    assert_int_equal(lk_wired_list_next(&rest, &got), 0);
    assert_int_equal(got.len, 77);
    assert_int_equal(rest.len, 3);

    lk_wr_init(&wr, out, sizeof out);
    lk_exchange_write(&exchange, &wr);
    assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
    lk_wr_init(&wr, out, sizeof out);
    lk_exchange_answer_write(&answer, &wr);
    assert_int_equal(wr.fault, LK_CALLER_ARGUMENT);
}

/* Each region of the map out of its place, one at a time. */
static void PR3_a_map_whose_regions_overlap_is_refused(void **state)
{
    const struct lk_mailbox_map good = {.slot_bitmap = 1,
                                        .slot_list = 2,
                                        .vehicle_data = 0x12,
                                        .attestations = 0x40,
                                        .signaling = 0,
                                        .end = 0x640,
                                        .slot_len = 2,
                                        .attestation_len = 0x600};
    struct lk_mailbox_map map;

    (void)state;
    assert_int_equal(lk_mailbox_map_check(&good, 0x640), LK_OK);
#define SPOILT(change)                                                       \
    do {                                                                     \
        map = good;                                                          \
        change;                                                              \
        assert_int_equal(lk_mailbox_map_check(&map, 0x640), LK_PEER_RANGE);  \
    } while (0)
    SPOILT(map.signaling = 0x640);
    SPOILT(map.signaling = 2); /* in the list of slots */
    SPOILT(map.slot_bitmap = 0);
    SPOILT(map.slot_bitmap = 2);
    SPOILT(map.slot_len = 0);
    SPOILT(map.slot_len = 9);
    SPOILT(map.attestations = 0x641);
    SPOILT(map.attestation_len = 0);
    SPOILT(map.attestation_len = 0x601);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PR3_writers_refuse_fields_of_a_wrong_form),
        cmocka_unit_test(PR3_the_notice_is_fast_or_not),
        cmocka_unit_test(PR3_exchange_writes_only_what_it_reads),
        cmocka_unit_test(PR3_a_cursor_stops_at_what_is_malformed),
        cmocka_unit_test(PR3_a_map_whose_regions_overlap_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
