/* The whole life of a key in the applet, from CREATE CA to DELETE ENDPOINT; its certificates, its
 * size, and that its private half never shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "apdu/apdu.h"
#include "support/applet_fixture.h"

static struct test_applet t;
static struct test_tap tap;

static int start(void **state)
{
    (void)state;
    assert_int_equal(test_applet_start(&t), LK_OK);
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

static void M60_whole_life_of_a_key(void **state)
{
    const struct lk_exchange_op write = {.kind = LK_EXCHANGE_WRITE,
                                         .data = {(const uint8_t *)"hi", 2}};
    const struct lk_exchange_op read = {.kind = LK_EXCHANGE_READ, .length = 2};
    struct lk_persistent kept;
    uint8_t data[256];
    size_t len = 0;

    (void)state;
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_UNCONFIRMED);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_ACTIVE);
    assert_int_equal(test_tap_operate(&t, &tap, 0, &write, 1, NULL, NULL), LK_EXCHANGE_OK);
    assert_int_equal(test_tap_operate(&t, &tap, 0, &read, 1, data, &len), LK_EXCHANGE_OK);
    assert_int_equal(len, 2);
    assert_memory_equal(data, "hi", 2);
    assert_int_equal(test_tap_control(&t, &tap, 1, 0), LK_SW_OK);
    kept = tap.persistent;
    test_tap_forget(&t, &tap);

    test_tap_init(&t, &tap, 1, 1);
    assert_int_equal(test_tap_auth0(&t, &tap), LK_SW_OK);
    assert_true(test_tap_fast(&t, &tap, &kept));
    assert_int_equal(test_tap_control(&t, &tap, 1, 0), LK_SW_OK);
    test_tap_forget(&t, &tap);

    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_TERMINATED);
    assert_int_equal(test_tap_standard(&t, &tap, 1), LK_SW_SECURITY);
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), 0);
}

static uint16_t another(uint8_t number, uint8_t car)
{
    struct test_endpoint endpoint;

    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xa0;
    endpoint.endpoint_id[7] = number;
    endpoint.vehicle_id[0] = car;
    return test_applet_create_endpoint(&t, "TESTCA", &endpoint);
}

static uint16_t remove_another(uint8_t number)
{
    uint8_t id[8];

    memcpy(id, t.endpoint_id, 8);
    id[0] = 0xa0;
    id[7] = number;
    return test_applet_wired_id(&t, 0x74, 0, id);
}

/* --- certificates --- */

static X509 *independent(void)
{
    const uint8_t *at = t.cert;
    X509 *cert = d2i_X509(NULL, &at, (long)t.cert_len);

    assert_non_null(cert);
    assert_ptr_equal(at, t.cert + t.cert_len);
    return cert;
}

static void M58_certificates_parse_with_another_library(void **state)
{
    X509 *n, *h;

    (void)state;
    assert_int_equal(test_applet_create_ca(&t, "SECOND"), LK_SW_OK);
    n = independent();
    assert_int_equal(X509_verify(n, X509_get0_pubkey(n)), 1);
    {
        struct test_endpoint endpoint;

        test_endpoint_default(&t, &endpoint);
        endpoint.endpoint_id[0] = 0xb0;
        assert_int_equal(test_applet_create_endpoint(&t, "SECOND", &endpoint), LK_SW_OK);
    }
    h = independent();
    assert_int_equal(X509_verify(h, X509_get0_pubkey(n)), 1);
    assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(h), X509_get_subject_name(n)), 0);
    X509_free(h);
    X509_free(n);
}

static void M98_the_chain_of_a_real_key_is_accepted(void **state)
{
    static struct test_ca_world world;
    struct test_ca_cert e, h, n;
    struct lk_cert out_f, out_e, out_h;
    struct lk_date now = {{0}, 0};
    struct lk_endpoint_facts facts;
    struct test_endpoint endpoint;

    (void)state;
    assert_int_equal(test_ca_world_init(&t.car, t.vehicle_id, &world), LK_OK);
    assert_int_equal(test_applet_create_ca(&t, "00112233AABBCCDD"), LK_SW_OK);
    memcpy(n.der, t.cert, t.cert_len);
    n.len = t.cert_len;
    assert_int_equal(test_ca_issue_e(&world, test_ca_bytes(&n), &e), LK_OK);
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xb1;
    assert_int_equal(test_applet_create_endpoint(&t, "00112233AABBCCDD", &endpoint), LK_SW_OK);
    memcpy(h.der, t.cert, t.cert_len);
    h.len = t.cert_len;
    assert_int_equal(lk_chain_check_endpoint(&t.car, world.automaker.public_key,
                                             test_ca_bytes(&world.f), test_ca_bytes(&e),
                                             test_ca_bytes(&h), &now, &out_f, &out_e, &out_h),
                     LK_OK);
    assert_int_equal(lk_cert_endpoint_facts(&out_h, &facts), LK_OK);
    assert_memory_equal(facts.vehicle_id, endpoint.vehicle_id, 8);
    assert_memory_equal(facts.endpoint_id, endpoint.endpoint_id, 8);
    assert_memory_equal(facts.vehicle_key, t.vehicle.public_key, 65);
    assert_memory_equal(facts.authorized_key, t.authorized.public_key, 65); /* M94 */
    assert_int_equal(facts.option1, 0x13);
    assert_int_equal(facts.option2, 0x81);
    assert_int_equal(facts.private_size, 0x640);
    assert_int_equal(facts.confidential_size, 0x120);
    assert_int_equal(facts.versions.len, 2);
    assert_int_equal(out_h.common_name.len, 16);
    assert_memory_equal(out_h.common_name.at, "B100000000000001", 16);
    test_ca_world_forget(&world);
}

static void H_is_kept_and_can_be_read_again(void **state)
{
    uint8_t h[LK_CERT_MAX];
    size_t len = t.cert_len;

    (void)state;
    memcpy(h, t.cert, len);
    assert_int_equal(test_applet_wired_id(&t, 0x76, 0x05, t.endpoint_id), LK_SW_OK);
    assert_int_equal(lk_be16(t.answer), len);
    assert_int_equal(t.applet.buffer_len, len);
    assert_memory_equal(t.applet.buffer, h, len);
}

/* --- private keys --- */

static void M51_no_answer_holds_a_private_key(void **state)
{
    static const uint8_t items[] = {0x04, 0x05, 0x06};

    (void)state;
    assert_true(t.spy.num_scalars >= 2);
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    for (size_t i = 0; i < sizeof items; i++)
        test_applet_wired_id(&t, 0x76, items[i], t.endpoint_id);
    for (unsigned p1 = 0; p1 < 256; p1++) {
        test_applet_wired(&t, 0x76, (uint8_t)p1, 0, NULL, 0);
        test_applet_wired(&t, 0xb0, (uint8_t)p1, 0, NULL, 0);
        test_applet_wired(&t, 0xb0, 0, (uint8_t)p1, NULL, 0);
    }
    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    assert_int_equal(t.leaked, 0); /* every answer was searched */
    for (size_t i = 0; i < t.spy.num_scalars; i++)
        assert_int_equal(test_flash_find(&t.flash, t.spy.scalars[i], 32), 0);
    assert_false(test_spy_finds(&t.spy, (const uint8_t *)&t.applet, sizeof t.applet));
}

static void M57_no_answer_holds_one_when_calls_fail(void **state)
{
    (void)state;
    for (uint32_t at = 1; at < 40; at++) {
        test_spy_arm(&t.spy, at);
        test_tap_standard(&t, &tap, 4);
        test_tap_forget(&t, &tap);
        another((uint8_t)at, 0x77);
        test_spy_arm(&t.spy, 0);
        remove_another((uint8_t)at);
        assert_int_equal(t.leaked, 0);
    }
}

static void M56_every_key_is_new(void **state)
{
    unsigned num = getenv("LATCHKEY_LONG") != NULL ? 10000 : 60;
    uint8_t (*seen)[65] = calloc(num, 65);

    (void)state;
    assert_non_null(seen);
    for (unsigned i = 0; i < num; i++) {
        assert_int_equal(another(1, 0x66), LK_SW_OK);
        memcpy(seen[i], t.device_key, 65);
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], 65);
        assert_int_equal(remove_another(1), LK_SW_OK);
    }
    free(seen);
}

/* --- ends --- */

static void M90_delete_leaves_nothing(void **state)
{
    struct lk_persistent kept;

    (void)state;
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    kept = tap.persistent;
    assert_true(test_flash_find(&t.flash, t.device_key, 65) > 0);
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_int_equal(test_flash_find(&t.flash, t.device_key, 65), 0);
    assert_int_equal(test_flash_find(&t.flash, t.endpoint_id, 8), 0);
    assert_int_equal(test_flash_find(&t.flash, kept.key, 32), 0);
}

static void S9_termination_is_one_commit_with_its_proof(void **state)
{
    struct lk_termination object;
    uint8_t first[256];
    size_t len;

    (void)state;
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    assert_int_equal(test_applet_wired_id(&t, 0x78, 0x02, t.endpoint_id), LK_SW_OK);
    len = t.answer_len;
    memcpy(first, t.answer, len);
    assert_int_equal(lk_termination_parse(lk_bytes(first, len), &object), LK_OK);
    assert_int_equal(object.reason, 0x02);
    assert_memory_equal(object.vehicle_id.at, t.vehicle_id, 8);
    assert_int_equal(lk_verify(&t.car, t.device_key, &object.signed_part, 1, object.signature.at),
                     LK_OK);
    assert_int_equal(t.applet.endpoints[0].key.id, 0);
    assert_int_equal(t.applet.endpoints[0].persistent_age, 0);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_TERMINATED);
    assert_int_equal(test_applet_wired_id(&t, 0x78, 0x07, t.endpoint_id), LK_SW_OK);
    assert_int_equal(t.answer_len, len); /* the same object again */
    assert_memory_equal(t.answer, first, len);
    assert_int_equal(test_applet_setup(&t, t.endpoint_id, LK_ENDPOINT_ACTIVE, NULL, NULL),
                     LK_SW_SEQUENCE); /* never comes back */
}

static void M97_delete_ca_takes_its_keys_along(void **state)
{
    static const uint8_t body[] = {0x5f, 0x20, 6, 'T', 'E', 'S', 'T', 'C', 'A'};

    (void)state;
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    assert_int_equal(test_applet_wired(&t, 0x3a, 0, 0, body, sizeof body), LK_SW_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), 0);
    assert_int_equal(test_applet_wired(&t, 0x3a, 0, 0, body, sizeof body), LK_SW_NOT_FOUND);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), 0);
}

/* --- limits --- */

static void LI10_full_tables_refuse_cleanly(void **state)
{
    char name[] = "CA-00";

    (void)state;
    assert_int_equal(test_tap_standard(&t, &tap, 4), LK_SW_OK);
    for (unsigned i = 1; i < LK_APPLET_NUM_ENDPOINTS; i++)
        assert_int_equal(another((uint8_t)i, (uint8_t)(0x20 + i)), LK_SW_OK);
    assert_int_equal(another(0xff, 0x99), LK_SW_NO_MEMORY);
    for (unsigned i = 1; i < LK_APPLET_NUM_CAS; i++) {
        name[4] = (char)('0' + i);
        assert_int_equal(test_applet_create_ca(&t, name), LK_SW_OK);
    }
    assert_int_equal(test_applet_create_ca(&t, "ONE-MORE"), LK_SW_NO_MEMORY);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    assert_int_equal(test_applet_state(&t, t.endpoint_id), LK_ENDPOINT_ACTIVE);
}

static void P29_options_we_do_not_have_are_refused(void **state)
{
    struct test_endpoint endpoint;

    (void)state;
    for (unsigned bit = 0; bit < 8; bit++) {
        test_endpoint_default(&t, &endpoint);
        endpoint.endpoint_id[0] = (uint8_t)(0xc0 + bit);
        endpoint.option2 = (uint8_t)(1u << bit);
        assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint),
                         bit >= 2 && bit <= 6 ? LK_SW_DATA : LK_SW_OK);
    }
    test_endpoint_default(&t, &endpoint);
    endpoint.endpoint_id[0] = 0xd0;
    endpoint.option1 = 0x33;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_DATA);
    test_endpoint_default(&t, &endpoint);
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_SEQUENCE);
    endpoint.endpoint_id[0] = 0xd1;
    assert_int_equal(test_applet_create_endpoint(&t, "NOBODY", &endpoint), LK_SW_NOT_FOUND);
    endpoint.private_size = LK_PRIVATE_MAILBOX_MAX + 1;
    assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_NO_MEMORY);
}

static void M64_bytes_per_key(void **state)
{
    uint32_t empty, used = 0;
    static const unsigned at[] = {1, 16};

    (void)state;
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    empty = t.store.tail;
    for (unsigned i = 0, k = 0; k < 2; i++) {
        assert_int_equal(another((uint8_t)i, (uint8_t)(0x20 + i)), LK_SW_OK);
        if (i + 1 != at[k])
            continue;
        used = t.store.tail - empty;
        print_message("%2u keys: %u bytes of store, %u a key\n", at[k], used, used / at[k]);
        k++;
    }
    print_message("64 keys: %u bytes of store at the same rate\n", 4 * used);
    print_message("RAM: %zu bytes a key, %zu an Instance CA, %zu with %d keys, %zu with 64\n",
                  sizeof(struct lk_endpoint), sizeof(struct lk_instance_ca),
                  sizeof(struct lk_applet), LK_APPLET_NUM_ENDPOINTS,
                  sizeof(struct lk_applet) +
                      (64 - LK_APPLET_NUM_ENDPOINTS) * sizeof(struct lk_endpoint));
    assert_true(used / 16 < 2048);
}

static uint64_t end_and_delete(void)
{
    struct lk_termination object;
    uint64_t counter;

    assert_int_equal(test_applet_wired_id(&t, 0x78, 1, t.endpoint_id), LK_SW_OK);
    assert_int_equal(lk_termination_parse(lk_bytes(t.answer, t.answer_len), &object), LK_OK);
    counter = object.element_counter;
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_int_equal(test_applet_reboot(&t), LK_OK);
    return counter;
}

/* The counter of an attestation is the element's: no later key's has it again. */
static void D5_the_counter_never_comes_again(void **state)
{
    struct test_endpoint endpoint;
    uint64_t counter = end_and_delete();

    (void)state;
    test_endpoint_default(&t, &endpoint);
    for (int i = 0; i < 3; i++) {
        uint64_t next;

        assert_int_equal(test_applet_create_endpoint(&t, "TESTCA", &endpoint), LK_SW_OK);
        next = end_and_delete();
        assert_true(next > counter);
        counter = next;
    }
}

/* P2 of VIEW counts what there is, so that a host can go on after a deletion left a gap. */
static void D32_view_goes_on_over_gaps(void **state)
{
    struct test_endpoint endpoint;

    (void)state;
    assert_int_equal(test_applet_create_ca(&t, "SECOND"), LK_SW_OK);
    test_endpoint_default(&t, &endpoint);
    for (uint8_t i = 0; i < 2; i++) {
        endpoint.endpoint_id[0] = (uint8_t)(0xb0 + i);
        assert_int_equal(test_applet_create_endpoint(&t, "SECOND", &endpoint), LK_SW_OK);
    }
    assert_int_equal(test_applet_wired_id(&t, 0x74, 0, t.endpoint_id), LK_SW_OK);
    assert_int_equal(test_applet_wired(&t, 0x76, 0x00, 1, NULL, 0), LK_SW_OK);
    assert_int_equal(t.answer_len, 10);
    assert_int_equal(t.answer[2], 0xb1);
    assert_int_equal(test_applet_wired(&t, 0x76, 0x00, 2, NULL, 0), LK_SW_OK);
    assert_int_equal(t.answer_len, 0);
    assert_int_equal(test_applet_wired(&t, 0x3a, 0, 0, (const uint8_t *)"\x5f\x20\x06TESTCA", 9),
                     LK_SW_OK);
    assert_int_equal(test_applet_wired(&t, 0x76, 0x80, 0, NULL, 0), LK_SW_OK);
    assert_int_equal(t.answer_len, 9);
    assert_int_equal(test_applet_wired(&t, 0x76, 0x80, 1, NULL, 0), LK_SW_OK);
    assert_int_equal(t.answer_len, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(M60_whole_life_of_a_key),
        T(M58_certificates_parse_with_another_library),
        T(M98_the_chain_of_a_real_key_is_accepted),
        T(H_is_kept_and_can_be_read_again),
        T(M51_no_answer_holds_a_private_key),
        T(M57_no_answer_holds_one_when_calls_fail),
        T(M56_every_key_is_new),
        T(M90_delete_leaves_nothing),
        T(S9_termination_is_one_commit_with_its_proof),
        T(M97_delete_ca_takes_its_keys_along),
        T(D5_the_counter_never_comes_again),
        T(D32_view_goes_on_over_gaps),
        T(LI10_full_tables_refuse_cleanly),
        T(P29_options_we_do_not_have_are_refused),
        T(M64_bytes_per_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
