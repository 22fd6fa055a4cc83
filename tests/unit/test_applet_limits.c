/* The rare ends of the applet: a store that breaks or holds what nobody wrote, mailboxes that
 * outlive their key, windows and lists that are too large, and sessions of another key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/apdu.h"
#include "support/applet_fixture.h"

/* Numbers of records: kind and index (src/applet/records.c). */
#define SETTINGS 0x10000u
#define CA 0x20000u
#define ENDPOINT 0x30000u
#define CONFIDENTIAL 0x60000u
#define PERSISTENT 0x70000u

static struct test_applet t;
static struct test_tap tap;

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(t.leaked, 0);
    test_tap_forget(&t, &tap);
    test_applet_forget(&t);
    return 0;
}

static uint16_t another(uint8_t number, uint16_t confidential_size)
{
    struct test_endpoint endpoint;

    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[7] = number;
    endpoint.vehicle_id[0] = number;
    endpoint.confidential_size = confidential_size;
    return test_applet_create_endpoint(&t, "TESTCA", &endpoint);
}

static uint16_t one(enum lk_exchange_kind kind, int is_confidential, const void *data, size_t len)
{
    struct lk_exchange_op op = {.kind = kind,
                                .is_confidential = (uint8_t)is_confidential,
                                .length = (uint16_t)len,
                                .value = 0x5a,
                                .data = {data, len}};

    return test_tap_operate(&t, &tap, LK_EXCHANGE_LAST, &op, 1, NULL, NULL);
}

static uint16_t set_private(const uint8_t *data, uint8_t len)
{
    uint8_t body[64] = {0x50, 0x08};

    memcpy(body + 2, t.endpoint_id, 8);
    body[10] = 0x4b;
    body[11] = len;
    if (len > 0)
        memcpy(body + 12, data, len);
    return test_applet_wired(&t, 0xd2, 0, 0, body, 12u + len);
}

static void assert_no_mailbox(void)
{
    assert_true(lk_is_zero(t.applet.mailbox, sizeof t.applet.mailbox));
    assert_int_equal(t.applet.mailbox_dirty, 0);
    assert_int_equal(t.applet.mailbox_endpoint, 0xff);
}

/* --- a store that holds what nobody wrote --- */

/* Changes one byte of a record, or cuts the record there if `change` is 0; the store's own check
 * passes. */
static void alter(uint32_t id, size_t at, uint8_t change)
{
    uint8_t record[LK_STORE_RECORD_MAX];
    size_t len = 0;

    assert_int_equal(lk_store_read(&t.store, id, record, sizeof record, &len), LK_OK);
    assert_true(at < len);
    record[at] ^= change;
    assert_int_equal(lk_store_write(&t.store, id, record, change == 0 ? at : len), LK_OK);
}

static void assert_start(enum lk_status expected)
{
    assert_int_equal(test_applet_reboot(&t), expected);
    if (expected != LK_OK)
        assert_true(lk_is_zero(&t.applet, sizeof t.applet)); /* no half-loaded keys */
}

static void CR5_a_record_that_nobody_wrote_stops_the_start(void **state)
{
    static const struct {
        uint32_t id;
        uint16_t at;
        uint8_t change;
        enum lk_status expected;
    } rows[] = {
        {CA, 0, 0x80, LK_STORE_VERSION},        {CA, 1, 6, LK_STORE_CORRUPT}, /* no name */
        {CA, 1, 0x40, LK_STORE_CORRUPT},        /* a name longer than its room */
        {CA, 5, 0, LK_STORE_CORRUPT},           /* cut in the name */
        {CA, 8, 0, LK_STORE_CORRUPT},           /* no key */
        {ENDPOINT, 1, 0x40, LK_STORE_CORRUPT},  /* a state that does not exist */
        {ENDPOINT, 90, 0, LK_STORE_CORRUPT},    /* cut in the fields */
        {ENDPOINT, 12, 1, LK_STORE_CORRUPT},    /* a public key of another key */
        {PERSISTENT, 5, 0, LK_STORE_CORRUPT},   /* cut in the age */
        {SETTINGS, 2, 0, LK_STORE_CORRUPT},     /* cut */
    };

    (void)state;
    assert_int_equal(test_applet_instance(&t, 1, 0), LK_SW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t record[LK_STORE_RECORD_MAX];
        size_t len = 0;

        assert_int_equal(lk_store_read(&t.store, rows[i].id, record, sizeof record, &len), LK_OK);
        alter(rows[i].id, rows[i].at, rows[i].change);
        assert_start(rows[i].expected);
        assert_int_equal(lk_store_write(&t.store, rows[i].id, record, len), LK_OK);
        assert_start(LK_OK);
    }
}

static void CR5_a_record_of_no_kind_or_no_place_stops_the_start(void **state)
{
    static const struct {
        uint32_t id;
        enum lk_status expected;
    } rows[] = {
        {0x00001, LK_STORE_VERSION},
        {0xff0000, LK_STORE_VERSION},
        {CA + LK_APPLET_NUM_CAS, LK_CALLER_FULL},
        {ENDPOINT + LK_APPLET_NUM_ENDPOINTS, LK_CALLER_FULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(lk_store_write(&t.store, rows[i].id, (const uint8_t *)"\x01", 1), LK_OK);
        assert_start(rows[i].expected);
        assert_int_equal(lk_store_begin(&t.store), LK_OK);
        assert_int_equal(lk_store_remove(&t.store, rows[i].id), LK_OK);
        assert_int_equal(lk_store_commit(&t.store), LK_OK);
        assert_start(LK_OK);
    }
}

/* The stored mailboxes are not what the endpoint says: the key works, EXCHANGE says 6581. */
static void CR5_mailboxes_that_nobody_wrote_are_not_read(void **state)
{
    static const struct {
        uint32_t id;
        uint16_t at;
        uint8_t change;
    } rows[] = {
        {CONFIDENTIAL, 0, 0x80}, /* version */
        {CONFIDENTIAL, 9, 0},    /* cut in a run */
        {CONFIDENTIAL, 9, 1},    /* a run that does not open */
        {ENDPOINT, 235, 0x18},   /* a run of 40 bytes where 48 are to be */
        {ENDPOINT, 237, 0x40},   /* a private box of another size */
    };

    (void)state;
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_int_equal(another(1, 0x28), LK_SW_OK);
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 0, 4);
    tap.vehicle_id[0] = 1;
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_OK);
    assert_int_equal(one(LK_EXCHANGE_SET, 1, NULL, 4), LK_EXCHANGE_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t record[LK_STORE_RECORD_MAX];
        size_t len = 0;

        assert_int_equal(lk_store_read(&t.store, rows[i].id, record, sizeof record, &len), LK_OK);
        alter(rows[i].id, rows[i].at, rows[i].change);
        for (int is_whole = 0; is_whole < 2; is_whole++) {
            assert_start(LK_OK);
            test_tap_forget(&t, &tap);
            test_tap_init(&t, &tap, 0, 1);
            tap.vehicle_id[0] = 1;
            assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
            assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_OK);
            assert_int_equal(one(LK_EXCHANGE_READ, 0, NULL, 4),
                             is_whole ? LK_EXCHANGE_OK : LK_EXCHANGE_MEMORY);
            if (!is_whole)
                assert_no_mailbox();
            assert_int_equal(lk_store_write(&t.store, rows[i].id, record, len), LK_OK);
        }
    }
}

/* --- a store that breaks --- */

static void CR6_a_broken_store_confirms_no_key_and_keeps_no_write(void **state)
{
    (void)state;
    assert_int_equal(another(2, 0x120), LK_SW_OK);
    t.flash.writes = 0;
    t.flash.fail_at = 1;
    assert_int_equal(one(LK_EXCHANGE_SET, 0, NULL, 4), LK_EXCHANGE_MEMORY);
    assert_no_mailbox();
    assert_int_equal(one(LK_EXCHANGE_SET, 0, NULL, 4), LK_EXCHANGE_MEMORY); /* it stays broken */
    assert_no_mailbox();
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 0, 4);
    tap.vehicle_id[0] = 2;
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_int_equal(test_tap_auth1(&t, &tap), LK_SW_INTERNAL);
    assert_int_equal(t.status, LK_PORT_STORE);
    assert_int_equal(t.applet.endpoints[1].state, LK_ENDPOINT_UNCONFIRMED);
    assert_int_equal(t.applet.endpoints[1].persistent_age, 0);
    assert_int_equal(set_private((const uint8_t *)"x", 1), LK_SW_INTERNAL);
    assert_no_mailbox();
}

static void D20_an_unconfirmed_key_dies_though_the_store_is_broken(void **state)
{
    (void)state;
    assert_int_equal(another(2, 0x120), LK_SW_OK);
    assert_int_not_equal(t.applet.endpoints[1].state, LK_ENDPOINT_NONE);
    t.now_ms += LK_TIMER_OWNER_PAIRING_MS + 1;
    t.flash.writes = 0;
    t.flash.fail_at = 1;
    assert_int_equal(test_applet_select(&t, LK_NFC), LK_SW_OK);
    assert_true(lk_is_zero(&t.applet.endpoints[1], sizeof t.applet.endpoints[1]));
    assert_int_equal(test_applet_reboot(&t), LK_OK); /* the record goes now */
    assert_int_equal(t.applet.endpoints[1].state, LK_ENDPOINT_NONE);
    assert_int_equal(t.applet.endpoints[0].state, LK_ENDPOINT_ACTIVE);
}

/* --- mailboxes and the end of their key --- */

static void M90_the_image_in_ram_goes_with_its_key(void **state)
{
    uint8_t body[15] = {0x50, 0x08};

    (void)state;
    lk_applet_field_lost(&t.applet); /* no session that would take the image along */
    assert_int_equal(set_private((const uint8_t *)"secret", 6), LK_SW_OK);
    assert_memory_equal(t.applet.mailbox, "secret", 6);
    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    assert_no_mailbox();
    memcpy(body + 2, t.endpoint_id, 8);
    memcpy(body + 10, "\xdf\x1b\x02\x00\x06", 5); /* GET PRIVATE DATA */
    assert_int_equal(test_applet_wired(&t, 0xb2, 0, 0, body, sizeof body), LK_SW_OK);
    assert_memory_equal(t.applet.mailbox, "secret", 6);
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_no_mailbox();
}

static void S9_an_ended_key_takes_no_private_data_and_shows_its_proof(void **state)
{
    uint8_t proof[256];
    size_t len;

    (void)state;
    assert_int_equal(test_applet_wired_id(&t, 0x76, 0x06, t.endpoint_id), LK_SW_NOT_FOUND);
    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    len = t.answer_len;
    memcpy(proof, t.answer, len);
    assert_int_equal(test_applet_wired_id(&t, 0x76, 0x06, t.endpoint_id), LK_SW_OK);
    assert_int_equal(t.answer_len, len);
    assert_memory_equal(t.answer, proof, len);
    assert_int_equal(set_private((const uint8_t *)"x", 1), LK_SW_SEQUENCE);
}

static void private_data_of_no_bytes_writes_nothing(void **state)
{
    uint32_t tail = t.store.tail;

    (void)state;
    assert_int_equal(set_private(NULL, 0), LK_SW_OK);
    assert_int_equal(t.store.tail, tail);
}

/* --- one session and the keys that are not its own --- */

static void LI1_locking_another_key_leaves_the_session_alone(void **state)
{
    uint8_t id[8];

    (void)state;
    memcpy(id, t.endpoint_id, 8);
    id[7] = 2;
    assert_int_equal(another(2, 0x120), LK_SW_OK);
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, id), LK_SW_OK);
    assert_int_equal(one(LK_EXCHANGE_READ, 0, NULL, 4), LK_EXCHANGE_OK);
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, NULL, NULL),
                     LK_SW_OK);
    assert_int_equal(one(LK_EXCHANGE_READ, 0, NULL, 4), 0xffff);
    assert_int_equal(t.sw, LK_SW_MAC);
}

/* A car that nobody knows got hold of the keys of the fast answer, which are random: still no box
 * opens. */
static void S13_a_good_mac_of_a_strange_car_opens_no_box(void **state)
{
    (void)state;
    test_tap_forget(&t, &tap);
    test_tap_init(&t, &tap, 1, 1);
    tap.vehicle_id[0] ^= 0x55;
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    tap.chan = t.applet.air.chan;
    assert_int_equal(one(LK_EXCHANGE_READ, 0, NULL, 4), 0xffff);
    assert_int_equal(t.sw, LK_SW_MAC);
    assert_int_equal(t.applet.air.state, 0);
    assert_no_mailbox();
}

static void a_sealed_command_with_parameters_ends_the_session(void **state)
{
    uint8_t sealed[64];
    size_t len = 0;

    (void)state;
    assert_int_equal(lk_chan_seal_command(&tap.chan, &t.car, lk_bytes("\0", 1), sealed, &len),
                     LK_OK);
    assert_int_equal(test_applet_send(&t, LK_NFC, 0x84, 0xc9, 1, 0, sealed, len, 256), LK_SW_P1P2);
    assert_int_equal(t.answer_len, 0);
    assert_true(lk_is_zero(&t.applet.air.chan, sizeof t.applet.air.chan));
}

static void a_notification_is_taken_and_answers_no_bytes(void **state)
{
    struct lk_exchange_op op = {.kind = LK_EXCHANGE_NOTIFY, .data = {(const uint8_t *)"hi", 2}};
    uint8_t data[256];
    size_t len = 99;

    (void)state;
    assert_int_equal(test_tap_operate(&t, &tap, 0, &op, 1, data, &len), LK_EXCHANGE_OK);
    assert_int_equal(len, 0);
    assert_int_equal(t.applet.mailbox_dirty, 0);
}

/* --- limits of the wired commands --- */

static void S24_creation_data_that_disagree_make_no_key(void **state)
{
    struct test_endpoint endpoint;

    (void)state;
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[7] = 9;
    endpoint.vehicle_key = t.authorized.public_key;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_DATA);
    endpoint.vehicle_key = t.vehicle.public_key;
    endpoint.versions_len = 10; /* the key keeps four */
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_DATA);
    assert_int_equal(test_applet_state(&t, endpoint.endpoint_id), 0);
    endpoint.versions_len = 8;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
}

static void windows_that_do_not_fit_change_nothing(void **state)
{
    static const struct lk_window windows[][2] = {
        {{.is_set = 1, .offset = 0x0121, .length = 0}, {.is_set = 0}},
        {{.is_set = 1, .offset = 0x0120, .length = 1}, {.is_set = 0}},
        {{.is_set = 0}, {.is_set = 1, .offset = 0x0600, .length = 0x41}},
        {{.is_set = 1, .length = 90}, {.is_set = 1, .length = 90}}, /* one answer of AUTH1 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_LOCKED, &windows[i][0],
                                           &windows[i][1]),
                         LK_SW_DATA);
        assert_int_equal(t.applet.endpoints[0].confidential_window_len, 0);
        assert_int_equal(t.applet.endpoints[0].private_window_len, 0);
        assert_int_equal(t.applet.endpoints[0].state, LK_ENDPOINT_ACTIVE);
    }
}

static void the_buffer_takes_what_it_holds_and_no_more(void **state)
{
    uint8_t piece[200];
    size_t at = 0;

    (void)state;
    memset(piece, 0x77, sizeof piece);
    assert_int_equal(test_applet_select(&t, LK_WIRED), LK_SW_OK);
    for (; at + sizeof piece <= LK_REASSEMBLY_MAX; at += sizeof piece)
        assert_int_equal(test_applet_send(&t, LK_WIRED, 0x80, 0xd0, (uint8_t)(at >> 8),
                                          (uint8_t)at, piece, sizeof piece, 0),
                         LK_SW_OK);
    assert_int_equal(test_applet_send(&t, LK_WIRED, 0x80, 0xd0, (uint8_t)(at >> 8), (uint8_t)at,
                                      piece, sizeof piece, 0),
                     LK_SW_NO_MEMORY);
    assert_int_equal(t.applet.buffer_len, at);
}

/* Names that do not fit one answer: the caller goes on from the next place. */
static void LI10_a_long_list_is_read_in_pieces(void **state)
{
    char name[] = "Instance CA of a long name, no 0"; /* as long as a name may be */
    static const uint8_t test_ca[] = {0x5f, 0x20, 6, 'T', 'E', 'S', 'T', 'C', 'A'};
    unsigned num = 0, from = 0;

    (void)state;
    assert_int_equal(sizeof name - 1, sizeof t.applet.cas[0].name);
    assert_int_equal(test_applet_wired(&t, 0x3a, 0, 0, test_ca, sizeof test_ca), LK_SW_OK);
    for (unsigned i = 0; i < LK_APPLET_NUM_CAS; i++) {
        name[sizeof name - 2] = (char)('0' + i);
        assert_int_equal(test_applet_create_ca(&t, name), LK_SW_OK);
    }
    while (from < LK_APPLET_NUM_CAS) {
        struct lk_wired_list list;

        assert_int_equal(test_applet_wired(&t, 0x76, LK_VIEW_CAS, (uint8_t)from, NULL, 0),
                         LK_SW_OK);
        assert_int_equal(lk_wired_cas_parse(lk_bytes(t.answer, t.answer_len), &list), LK_OK);
        assert_true(list.num > 0);
        assert_true(from > 0 || list.num < LK_APPLET_NUM_CAS);
        num += (unsigned)list.num;
        from += (unsigned)list.num; /* no place is free before the last */
    }
    assert_int_equal(num, LK_APPLET_NUM_CAS);
}

static void a_list_takes_no_body(void **state)
{
    (void)state;
    assert_int_equal(test_applet_wired_id(&t, 0x76, LK_VIEW_COUNTS, t.endpoint_id), LK_SW_LENGTH);
    assert_int_equal(t.answer_len, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(CR5_a_record_that_nobody_wrote_stops_the_start),
        T(CR5_a_record_of_no_kind_or_no_place_stops_the_start),
        T(CR5_mailboxes_that_nobody_wrote_are_not_read),
        T(CR6_a_broken_store_confirms_no_key_and_keeps_no_write),
        T(D20_an_unconfirmed_key_dies_though_the_store_is_broken),
        T(M90_the_image_in_ram_goes_with_its_key),
        T(S9_an_ended_key_takes_no_private_data_and_shows_its_proof),
        T(private_data_of_no_bytes_writes_nothing),
        T(LI1_locking_another_key_leaves_the_session_alone),
        T(S13_a_good_mac_of_a_strange_car_opens_no_box),
        T(a_sealed_command_with_parameters_ends_the_session),
        T(a_notification_is_taken_and_answers_no_bytes),
        T(S24_creation_data_that_disagree_make_no_key),
        T(windows_that_do_not_fit_change_nothing),
        T(the_buffer_takes_what_it_holds_and_no_more),
        T(LI10_a_long_list_is_read_in_pieces),
        T(a_list_takes_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
