/* The rare ends of the phone's host: what the element did meanwhile, what the car's data announce,
 * parameters that are none, and a wallet that holds what nobody wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "device/room.h"
#include "support/device_world.h"

#define phone (test_world.phone)
#define car (test_world.car)

static void pair(void)
{
    assert_true(test_car_pair(&car, &phone));
    test_car_reset(&phone);
}

static void pair_and_tap(void)
{
    enum lk_status last;

    pair();
    assert_true(test_car_tap(&car, &phone));
    assert_int_equal(lk_device_refresh(&phone.device, &last), LK_OK);
}

/* A wired command to the element past the host. */
static void wired(uint8_t ins, uint8_t p1, const uint8_t *tail, size_t tail_len)
{
    uint8_t select[LK_APDU_COMMAND_MAX] = {0x00, 0xa4, 0x04, 0x00, sizeof lk_aid_applet};
    uint8_t apdu[32] = {0x80, ins, p1, 0, (uint8_t)(10 + tail_len), 0x50, 0x08};
    uint8_t out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    memcpy(select + 5, lk_aid_applet, sizeof lk_aid_applet);
    memcpy(apdu + 7, test_phone_pass(&phone)->endpoint_id, 8);
    if (tail_len > 0)
        memcpy(apdu + 15, tail, tail_len);
    assert_int_equal(lk_applet_command(&phone.applet, LK_WIRED, phone.now_ms,
                                       lk_bytes(select, 18), out, &len),
                     LK_OK);
    assert_int_equal(lk_applet_command(&phone.applet, LK_WIRED, phone.now_ms,
                                       lk_bytes(apdu, 15 + tail_len), out, &len),
                     LK_OK);
}

static uint8_t refreshed(void)
{
    enum lk_status last;

    assert_int_equal(lk_device_refresh(&phone.device, &last), LK_OK);
    return test_phone_pass(&phone)->state;
}

/* --- the element's word --- */

static void S1_the_pass_follows_the_element(void **state)
{
    (void)state;
    pair_and_tap();
    wired(0x78, 1, NULL, 0); /* TERMINATE */
    assert_int_equal(refreshed(), LK_PASS_REMOVED);
    assert_int_equal(refreshed(), LK_PASS_REMOVED);
}

static void S1_a_key_that_is_gone_is_a_removed_pass(void **state)
{
    (void)state;
    pair_and_tap();
    wired(0x74, 0, NULL, 0); /* DELETE */
    assert_int_equal(refreshed(), LK_PASS_REMOVED);
    test_phone_restart_host(&phone);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_REMOVED);
}

static void D20_a_key_locked_before_it_was_seen_is_confirmed_and_locked(void **state)
{
    (void)state;
    pair();
    assert_true(test_car_tap(&car, &phone));
    wired(0x7e, 0, (const uint8_t[]){0xdf, 0x15, 1, LK_ENDPOINT_LOCKED}, 4);
    assert_int_equal(refreshed(), LK_PASS_LOCKED);
    assert_int_equal(phone.device.pairing_status, LK_OK);
    assert_int_equal(phone.device.has_password, 0);
}

/* --- what the user does at the wrong time --- */

static void PA11_removing_a_pass_in_the_middle_ends_the_run(void **state)
{
    (void)state;
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                test_car_make(&car, &phone));
    assert_int_equal(lk_device_lock(&phone.device, phone.device.pass, 1), LK_CALLER_STATE);
    assert_int_equal(lk_device_remove(&phone.device, phone.device.pass), LK_OK);
    assert_int_equal(test_phone_num_passes(&phone), 0);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    assert_int_equal(phone.device.pairing_status, LK_PEER_ABORTED);
    assert_true(lk_is_zero(&phone.device.chan, sizeof phone.device.chan));
}

static void CR6_a_broken_wallet_changes_no_name_and_drops_no_pass(void **state)
{
    char before[32];

    (void)state;
    pair();
    memcpy(before, phone.device.passes[0].name, sizeof before);
    phone.host.flash.writes = 0;
    phone.host.flash.fail_at = 1;
    assert_int_equal(lk_device_rename(&phone.device, 0, "other"), LK_PORT_STORE);
    assert_memory_equal(phone.device.passes[0].name, before, sizeof before);
    assert_int_equal(lk_wallet_drop_pass(&phone.device, 0), LK_PORT_STORE);
    assert_int_equal(phone.device.passes[0].state, LK_PASS_PENDING);
}

static void D33_an_E_that_is_not_kept_is_not_installed(void **state)
{
    struct test_ca_cert n, e;

    (void)state;
    test_phone_forget(&phone);
    test_phone_init_bare(&phone);
    assert_int_equal(lk_device_create_ca(&phone.device, test_ca_bytes(&test_world.world.j), n.der,
                                         10, &n.len),
                     LK_CALLER_SPACE);
    assert_int_equal(lk_device_create_ca(&phone.device, test_ca_bytes(&test_world.world.j), n.der,
                                         sizeof n.der, &n.len),
                     LK_OK);
    assert_int_equal(test_ca_issue_e(&test_world.world, test_ca_bytes(&n), &e), LK_OK);
    phone.host.flash.writes = 0;
    phone.host.flash.fail_at = 1;
    assert_int_equal(lk_device_install_ca(&phone.device, test_ca_bytes(&test_world.world.f),
                                          test_ca_bytes(&e)),
                     LK_PORT_STORE);
    assert_int_equal(phone.device.automakers[0].e_len, 0);
    assert_int_equal(phone.device.automakers[0].f_len, 0);
}

/* --- commands --- */

static uint16_t plain_command(uint8_t cla, uint8_t ins, uint8_t p1, const void *body, size_t len)
{
    uint8_t apdu[LK_APDU_COMMAND_MAX] = {cla, ins, p1, 0, (uint8_t)len};
    uint8_t out[LK_APDU_RESPONSE_MAX];
    size_t out_len = 0;
    uint16_t sw = 0;

    memcpy(apdu + 5, body, len);
    (void)test_phone_command(&phone, apdu, 5 + len, out, &out_len, &sw);
    return sw;
}

static void PR3_parameters_that_are_none_end_the_run(void **state)
{
    static const uint8_t body[85];
    uint8_t out[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    (void)state;
    assert_int_equal(plain_command(0x00, 0xa4, 0x00, lk_aid_framework, 13), LK_SW_P1P2);
    assert_int_equal(plain_command(0x00, 0xa4, 0x04, lk_aid_applet, 13), LK_SW_NOT_FOUND);
    assert_true(test_car_select(&car, &phone));
    assert_int_equal(plain_command(0x80, 0x30, 1, body, 50), LK_SW_P1P2);
    assert_true(test_car_select(&car, &phone) && test_car_request(&car, &phone));
    assert_int_equal(plain_command(0x80, 0x32, 1, body, 85), LK_SW_P1P2);
    assert_int_equal(phone.device.wrong_evidence, 0); /* not a guess */
    for (uint8_t ins = 0xca; ins >= 0xc0; ins -= 0x0a) { /* GET DATA, GET RESPONSE */
        assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                    test_car_make(&car, &phone));
        if (ins == 0xc0)
            assert_true(test_car_sealed(&car, &phone, 0xca, 0, (const uint8_t *)"\x7f\x24", 2, out,
                                        &len));
        assert_false(test_car_sealed(&car, &phone, ins, 1, (const uint8_t *)"\x7f\x24",
                                     ins == 0xca ? 2 : 0, out, &len));
        assert_int_equal(car.sw, LK_SW_P1P2);
        assert_true(lk_is_zero(&phone.device.chan, sizeof phone.device.chan));
        assert_int_equal(test_phone_tick(&phone), LK_OK);
        assert_int_equal(test_phone_num_passes(&phone), 0);
    }
}

/* The honest data of the car with one number changed. */
enum number { PACKAGES_FIT, PACKAGES, WINDOW, WINDOW_LEN, PRIVATE_SIZE };

static enum lk_status write_changed(enum number number)
{
    static uint8_t data[LK_REASSEMBLY_MAX], changed[LK_REASSEMBLY_MAX];
    size_t len = test_car_data(&car, data, sizeof data);
    struct lk_pairing_data msg;
    struct lk_wr wr;

    assert_int_equal(lk_pairing_data_parse(lk_bytes(data, len), &msg), LK_OK);
    msg.config.has_sharing = 1;
    msg.config.offline_attestations = lk_bytes(number == PACKAGES ? "\x04" : "\x03", 1);
    if (number == WINDOW)
        msg.config.private_window.offset = 0x641;
    if (number == WINDOW_LEN)
        msg.config.confidential_window.offset = 0x101;
    if (number == PRIVATE_SIZE)
        msg.creation.private_size = LK_PRIVATE_MAILBOX_MAX + 1;
    lk_wr_init(&wr, changed, sizeof changed);
    lk_pairing_data_write(&msg, &wr);
    assert_int_equal(wr.fault, LK_OK);
    assert_true(test_car_open(&car, &phone));
    (void)test_car_write(&car, &phone, changed, wr.len);
    return car.status;
}

static void S24_mailboxes_must_hold_what_is_announced(void **state)
{
    (void)state;
    for (enum number n = PACKAGES; n <= PRIVATE_SIZE; n++) {
        assert_int_equal(write_changed(n), LK_PEER_RANGE);
        assert_int_equal(car.sw, LK_SW_DATA);
    }
    assert_int_equal(write_changed(PACKAGES_FIT), LK_OK);
}

static void P31_an_attestation_may_be_absent(void **state)
{
    (void)state;
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                test_car_make(&car, &phone) && test_car_read_all(&car, &phone));
    assert_true(test_car_write(&car, &phone, (const uint8_t *)"\x5f\x5f\x00", 3));
    assert_true(test_car_control(&car, &phone, 0x10, 0x02));
    assert_int_equal(phone.device.is_taken, 1);
}

static uint8_t wrong[LK_POINT_LEN] = {0x04, 1};

static void wrong_vehicle(struct lk_vehicle_attestation *msg)
{
    msg->vehicle_id.at = wrong;
}

static void wrong_key(struct lk_vehicle_attestation *msg)
{
    msg->device_key.at = wrong;
}

static void wrong_hash(struct lk_vehicle_attestation *msg)
{
    msg->cert_hash.at = wrong;
}

static void wrong_role(struct lk_vehicle_attestation *msg)
{
    msg->role = LK_OBJECT_FRIEND;
}

/* The car's own signature over another key, another car, another role. */
static void S10_an_attestation_is_of_this_key(void **state)
{
    static void (*const spoils[])(struct lk_vehicle_attestation *msg) = {wrong_vehicle, wrong_key,
                                                                         wrong_hash, wrong_role};

    (void)state;
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        assert_int_equal(
            lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms), LK_OK);
        assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                    test_car_make(&car, &phone) && test_car_read_all(&car, &phone));
        assert_false(test_car_attest_as(&car, &phone, spoils[i]));
        assert_int_equal(car.status, LK_PEER_VALUE);
        assert_int_equal(phone.device.is_taken, 0);
        assert_int_equal(test_phone_tick(&phone), LK_OK);
        assert_int_equal(test_phone_num_endpoints(&phone), 0);
    }
}

static void EX10_data_of_many_small_parts_stop_at_the_cap(void **state)
{
    static uint8_t data[LK_REASSEMBLY_MAX + 200];

    (void)state;
    for (size_t at = 0; at < sizeof data; at += 2)
        memcpy(data + at, "\x4e\x00", 2);
    assert_true(test_car_open(&car, &phone));
    assert_false(test_car_write(&car, &phone, data, sizeof data));
    assert_int_equal(car.status, LK_PEER_TOO_LONG);
    assert_int_equal(car.sw, LK_SW_NO_MEMORY);
    assert_true(lk_is_zero(&phone.device.chan, sizeof phone.device.chan));
}

/* --- the wallet's records --- */

static void CR5_a_wallet_that_nobody_wrote_does_not_start(void **state)
{
    static const struct {
        uint8_t is_pass;
        uint16_t at;
        uint8_t change; /* 0: cut here */
    } rows[] = {{1, 0, 0x40}, {1, 1, 0x40}, {1, 3, 0x40}, {1, 30, 0}, {0, 0, 0x40}, {0, 30, 0}};
    uint8_t record[LK_STORE_RECORD_MAX], changed[LK_STORE_RECORD_MAX];

    (void)state;
    pair_and_tap();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t id = 0;
        size_t len = 0, at = rows[i].at;

        /* The first record of a pass holds its vehicle's identifier, of an automaker its root. */
        do {
            assert_int_equal(lk_store_next(&phone.host.store, id, &id), LK_OK);
            assert_int_equal(lk_store_read(&phone.host.store, id, record, sizeof record, &len),
                             LK_OK);
        } while (memcmp(record + (rows[i].is_pass ? 12 : 1),
                        rows[i].is_pass ? test_world.world.vehicle_id
                                        : test_world.world.automaker.public_key,
                        8) != 0);
        memcpy(changed, record, len);
        changed[at] ^= rows[i].change;
        assert_int_equal(lk_store_write(&phone.host.store, id, changed,
                                        rows[i].change == 0 ? at : len),
                         LK_OK);
        lk_device_forget(&phone.device);
        assert_int_equal(lk_device_init(&phone.device, &phone.config), LK_STORE_CORRUPT);
        assert_int_equal(lk_store_write(&phone.host.store, id, record, len), LK_OK);
        test_phone_restart_host(&phone);
        assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_ACTIVE);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, test_world_fresh, test_world_done)
    const struct CMUnitTest tests[] = {
        T(S1_the_pass_follows_the_element),
        T(S1_a_key_that_is_gone_is_a_removed_pass),
        T(D20_a_key_locked_before_it_was_seen_is_confirmed_and_locked),
        T(PA11_removing_a_pass_in_the_middle_ends_the_run),
        T(CR6_a_broken_wallet_changes_no_name_and_drops_no_pass),
        T(D33_an_E_that_is_not_kept_is_not_installed),
        T(PR3_parameters_that_are_none_end_the_run),
        T(S24_mailboxes_must_hold_what_is_announced),
        T(P31_an_attestation_may_be_absent),
        T(S10_an_attestation_is_of_this_key),
        T(EX10_data_of_many_small_parts_stop_at_the_cap),
        T(CR5_a_wallet_that_nobody_wrote_does_not_start),
    };

    return cmocka_run_group_tests(tests, test_world_begin, test_world_end);
}
