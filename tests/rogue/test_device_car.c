/* A car that lies, one lie at a time: the phone refuses each with its own status, and no key is
 * made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/rogue_car.h"

#define PASSWORD "31415926"

static const uint8_t vehicle_id[8] = {0, 0, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6};
static struct lk_openssl *provider;
static struct lk_crypto crypto;
static struct test_ca_world world, foreign;
static struct test_phone phone;
static struct test_car car;

static int begin(void **state)
{
    (void)state;
    provider = lk_openssl_new((const uint8_t[32]){1});
    assert_int_equal(lk_crypto_init(&crypto, lk_openssl_port(provider)), LK_OK);
    assert_int_equal(test_ca_world_init(&crypto, vehicle_id, &world), LK_OK);
    assert_int_equal(test_ca_world_init(&crypto, vehicle_id, &foreign), LK_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_ca_world_forget(&world);
    test_ca_world_forget(&foreign);
    lk_openssl_free(&provider);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    test_phone_init(&phone, &world);
    assert_int_equal(lk_device_enter_password(&phone.device, PASSWORD, phone.now_ms), LK_OK);
    test_car_init(&car, &crypto, &world, PASSWORD);
    car.foreign = &foreign;
    return 0;
}

static int done(void **state)
{
    (void)state;
    test_phone_forget(&phone);
    return 0;
}

/* The pairing fails with this status and word; nothing is left in wallet or element. */
static void refused(enum test_lie lie, enum lk_status status, uint16_t sw)
{
    car.lie = lie;
    assert_false(test_car_pair(&car, &phone));
    assert_int_equal(car.status, status);
    assert_int_equal(car.sw, sw);
    (void)test_phone_tick(&phone);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    assert_int_equal(test_phone_num_passes(&phone), 0);
    assert_int_equal(phone.device.chan.is_open, 0);
}

static void honest_car_pairs(void **state)
{
    (void)state;
    assert_true(test_car_pair(&car, &phone));
    assert_int_equal(test_phone_num_endpoints(&phone), 1);
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_PENDING);
}

static void honest_car_with_intermediate_pairs(void **state)
{
    (void)state;
    car.uses_intermediate = 1;
    car.piece = 17;
    /* Seventeen bytes at a time would use the counter up: the certificates alone are 900 bytes. */
    assert_true(test_car_pair(&car, &phone));
}

/* The authorised key may be the root or the intermediate just used; our cars send the root. */
static void M101_authorised_key_is_root_or_the_intermediate_used(void **state)
{
    (void)state;
    car.uses_intermediate = 2;
    assert_true(test_car_pair(&car, &phone));
}

/* Where the form is refused before any certificate is looked at, and where the phone looks for the
 * root by the key identifier first. */
static enum lk_status status_at_the_phone(const struct test_form *form, char place)
{
    uint8_t der[2048], root_id[20];
    struct lk_cert cert;
    size_t len = test_form_make(form, place, &world, &foreign, NULL, der, sizeof der);

    if (form->expect == LK_CERT_SIZE)
        return LK_PEER_LENGTH;
    assert_int_equal(lk_key_id(&crypto, world.automaker.public_key, root_id), LK_OK);
    if (place != 'L' && lk_cert_parse(&crypto, lk_bytes(der, len), &cert) == LK_OK &&
        memcmp(cert.aki.at, root_id, sizeof root_id) != 0)
        return LK_CERT_ROOT;
    return form->expect;
}

/* Every broken form, as K, as K under an intermediate and as the intermediate. */
static void PK3_PK4_PK6_PK10_broken_forms_at_the_phone(void **state)
{
    static const char places[] = "KLI";
    size_t num = 0;

    (void)state;
    for (size_t at = 0; at < 3; at++) {
        for (size_t i = 0; i < test_num_forms; i++) {
            const struct test_form *form = &test_forms[i];
            enum lk_status expect;

            if (!test_form_fits(form, places[at]))
                continue;
            car.uses_intermediate = places[at] != 'K';
            car.form = form;
            car.form_place = places[at];
            expect = status_at_the_phone(form, places[at]);
            if (test_car_pair(&car, &phone) || car.status != expect || car.sw == 0x9000)
                fail_msg("%s as %c: %s, expected %s", form->name, places[at],
                         lk_status_name(car.status), lk_status_name(expect));
            (void)test_phone_tick(&phone);
            assert_int_equal(test_phone_num_endpoints(&phone), 0);
            assert_int_equal(test_phone_num_passes(&phone), 0);
            num++;
        }
    }
    print_message("%zu broken car certificates, no key made\n", num);
    car.form = NULL;
    assert_true(test_car_pair(&car, &phone));
}

static void M70_car_certificate_first(void **state)
{
    (void)state;
    assert_true(test_car_open(&car, &phone));
    assert_true(test_car_write_all(&car, &phone));
    /* Certificates are checked, yet nothing is made before the car asks for it. */
    assert_int_equal(test_phone_tick(&phone), LK_OK);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    assert_true(test_car_make(&car, &phone));
    assert_int_equal(test_phone_num_endpoints(&phone), 1);
}

static void M71_no_key_for_bad_car(void **state)
{
    static const struct {
        enum test_lie lie;
        enum lk_status status;
    } rows[] = {
        {LIE_VEHICLE_ID, LK_CERT_MISMATCH},  {LIE_VEHICLE_KEY, LK_CERT_MISMATCH},
        {LIE_AUTHORIZED, LK_CERT_MISMATCH},  {LIE_FOREIGN_ROOT, LK_CERT_ROOT},
        {LIE_UNUSED_KEY, LK_CERT_MISMATCH},
        {LIE_NO_INTERMEDIATE, LK_CERT_ROOT}, {LIE_FORGED_K, LK_CERT_SIGNATURE},
        {LIE_DATES, LK_PEER_VALUE},          {LIE_MAILBOX, LK_PEER_RANGE},
        {LIE_TOKENS, LK_PEER_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(rows[i].lie, rows[i].status, 0x6a80);
}

static void M71_wrong_intermediate(void **state)
{
    (void)state;
    car.lie = LIE_INTERMEDIATE;
    assert_false(test_car_pair(&car, &phone));
    assert_true(car.status == LK_CERT_ISSUER || car.status == LK_CERT_AKI);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

static void M71_test_root_in_production(void **state)
{
    static const uint8_t none[1][LK_HASH_LEN];

    (void)state;
    phone.policy = (struct lk_root_policy){.is_production = 1, .allowed = none, .num_allowed = 1};
    refused(LIE_NONE, LK_CERT_ROOT, 0x6a80);
}

static void M71_structure_of_the_data(void **state)
{
    static const struct {
        enum test_lie lie;
        enum lk_status status;
        uint16_t sw;
    } rows[] = {
        {LIE_DOUBLED, LK_PEER_TAG, 0x6a80},       {LIE_ORDER, LK_PEER_TAG, 0x6a80},
        {LIE_UNKNOWN_TAG, LK_PEER_TAG, 0x6a80},   {LIE_END_EARLY, LK_PEER_TAG, 0x6a80},
        {LIE_END_NOT_LAST, LK_PEER_TAG, 0x6a80},  {LIE_END_FULL, LK_PEER_TLV, 0x6a80},
        {LIE_OVERLONG, LK_PEER_TOO_LONG, 0x6a84},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(rows[i].lie, rows[i].status, rows[i].sw);
}

static void PA3_invalid_share(void **state)
{
    (void)state;
    refused(LIE_Y_OFF_CURVE, LK_PEER_POINT, 0x6a88);
    refused(LIE_Y_INFINITE, LK_PEER_POINT, 0x6a88);
    /* Neither was a guess at the password. */
    assert_int_equal(phone.device.wrong_evidence, 0);
}

static void PA5_reflection(void **state)
{
    (void)state;
    refused(LIE_Y_REFLECTED, LK_PEER_REFLECTED, 0x6a88);
}

static void PA7_scrypt_parameters(void **state)
{
    (void)state;
    for (uint32_t log2 = 0; log2 < 32; log2++) {
        for (uint32_t off = 0; off < 3; off++) {
            uint32_t n = (1u << log2) + off - 1;

            car.verifier.n = n;
            if ((n & (n - 1)) == 0 && n >= 4096 && n <= 131072)
                continue;
            assert_true(test_car_select(&car, &phone));
            assert_false(test_car_request(&car, &phone));
            assert_int_equal(car.status, LK_PEER_PARAMETER);
            assert_int_equal(car.sw, 0x6a88);
        }
    }
    car.verifier.n = 4096;
    for (uint32_t value = 0; value < 0x10000; value += 1 + value / 16) {
        car.verifier.r = (uint16_t)value;
        if (value != 8) {
            assert_true(test_car_select(&car, &phone));
            assert_false(test_car_request(&car, &phone));
            assert_int_equal(car.sw, 0x6a88);
        }
        car.verifier.r = 8;
        car.verifier.p = (uint16_t)value;
        if (value != 1) {
            assert_true(test_car_select(&car, &phone));
            assert_false(test_car_request(&car, &phone));
            assert_int_equal(car.sw, 0x6a88);
        }
        car.verifier.p = 1;
    }
    assert_int_equal(phone.scrypt_calls, 0);
}

static void PA13_password_is_spent(void **state)
{
    (void)state;
    assert_true(test_car_pair(&car, &phone));
    assert_int_equal(phone.device.has_password, 0);
    assert_true(test_car_select(&car, &phone));
    assert_false(test_car_request(&car, &phone));
    assert_int_equal(car.sw, 0x9484);
    assert_int_equal(phone.scrypt_calls, 1);
}

static void S20_guessing(void **state)
{
    (void)state;
    car.lie = LIE_EVIDENCE;
    for (int i = 0; i < 7; i++) {
        assert_true(test_car_select(&car, &phone));
        assert_true(test_car_request(&car, &phone));
        assert_false(test_car_verify(&car, &phone));
        assert_int_equal(car.status, LK_PEER_EVIDENCE);
        assert_int_equal(car.sw, 0x6a88);
        /* The run is over: no second guess against the same share. */
        assert_false(test_car_verify(&car, &phone));
        assert_int_equal(car.sw, 0x6985);
    }
    car.lie = LIE_NONE;
    assert_true(test_car_select(&car, &phone));
    assert_false(test_car_request(&car, &phone));
    assert_int_equal(car.sw, 0x9484);
    assert_int_equal(phone.scrypt_calls, 7);
    assert_int_equal(lk_device_enter_password(&phone.device, PASSWORD, phone.now_ms), LK_OK);
    assert_true(test_car_pair(&car, &phone));
}

static void S20_six_wrong_then_right(void **state)
{
    (void)state;
    car.lie = LIE_EVIDENCE;
    for (int i = 0; i < 6; i++)
        assert_false(test_car_pair(&car, &phone));
    car.lie = LIE_NONE;
    assert_true(test_car_pair(&car, &phone));
}

static void M20_wrong_password_opens_nothing(void **state)
{
    (void)state;
    test_car_init(&car, &crypto, &world, "27182818");
    refused(LIE_NONE, LK_PEER_EVIDENCE, 0x6a88);
}

static void S1_control_flow_is_a_hint(void **state)
{
    (void)state;
    refused(LIE_CONTROL_EARLY, LK_PEER_SEQUENCE, 0x6985);
    assert_string_equal(car.step, "OP CONTROL FLOW");
    refused(LIE_ACCEPT_EARLY, LK_PEER_SEQUENCE, 0x6985);
    assert_string_equal(car.step, "OP CONTROL FLOW");
    refused(LIE_ACCEPT_UNREAD, LK_PEER_SEQUENCE, 0x6985);
    assert_string_equal(car.step, "OP CONTROL FLOW");
    car.lie = LIE_NONE;
    /* 10 02 leaves the key unconfirmed: AUTH1 alone makes it active. */
    assert_true(test_car_pair(&car, &phone));
    assert_int_equal(test_phone_pass(&phone)->state, LK_PASS_PENDING);
    assert_int_equal(phone.applet.endpoints[0].state, LK_ENDPOINT_UNCONFIRMED);
}

static void S1_abort_only_ends_the_run(void **state)
{
    (void)state;
    assert_true(test_car_pair(&car, &phone));
    assert_true(test_car_select(&car, &phone));
    assert_true(test_car_control(&car, &phone, 0x12, 0x00));
    (void)test_phone_tick(&phone);
    assert_int_equal(test_phone_num_endpoints(&phone), 1);
}

static void D19_second_reset_wipes(void **state)
{
    (void)state;
    car.lie = LIE_SECOND_RESET;
    assert_false(test_car_pair(&car, &phone));
    assert_int_equal(car.sw, 0x6985);
    (void)test_phone_tick(&phone);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
    refused(LIE_NO_RESET, LK_PEER_SEQUENCE, 0x6985);
}

static void D19_select_while_the_key_is_made(void **state)
{
    (void)state;
    assert_true(test_car_open(&car, &phone));
    assert_true(test_car_write_all(&car, &phone));
    assert_true(test_car_control(&car, &phone, 0x10, 0x01));
    test_car_reset(&phone);
    for (int i = 0; i < 20; i++) {
        phone.now_ms += 100;
        assert_false(test_car_select(&car, &phone));
        assert_int_equal(car.sw, 0x6985);
    }
    assert_int_equal(test_phone_tick(&phone), LK_OK);
    assert_true(test_car_select(&car, &phone));
    assert_true(test_car_read_all(&car, &phone));
}

static void S2_only_the_mac_says_success(void **state)
{
    uint8_t out[264];
    size_t len = 0;

    (void)state;
    refused(LIE_BAD_MAC, LK_PEER_MAC, 0x6988);
    car.lie = LIE_NONE;
    /* P1 says last, the data does not: it does not count (P-22). */
    assert_true(test_car_open(&car, &phone));
    assert_true(test_car_sealed(&car, &phone, 0xd4, 0x80, (const uint8_t[]){0x7f}, 1, out, &len));
    assert_int_equal(phone.device.state, 3);
    /* A bad MAC on the very last message of the second transaction: the pass is not taken. */
    assert_true(test_car_select(&car, &phone));
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                test_car_make(&car, &phone) && test_car_read_all(&car, &phone));
    car.lie = LIE_BAD_MAC;
    assert_false(test_car_attest(&car, &phone));
    assert_int_equal(car.sw, 0x6988);
    (void)test_phone_tick(&phone);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

static void S2_absent_object_is_an_empty_tlv(void **state)
{
    static const uint8_t empty[] = {0x7f, 0x26, 0x00};
    uint8_t out[1024];
    size_t len = 0;

    (void)state;
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                test_car_make(&car, &phone));
    assert_true(test_car_read(&car, &phone, 0x7f26, out, sizeof out, &len));
    assert_int_equal(car.sw, 0x9000);
    assert_int_equal(len, sizeof empty);
    assert_memory_equal(out, empty, len);
    assert_true(test_car_read_all(&car, &phone));
}

static void S2_one_instruction_while_parts_wait(void **state)
{
    uint8_t out[264];
    size_t len = 0;

    (void)state;
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                test_car_make(&car, &phone));
    assert_true(
        test_car_sealed(&car, &phone, 0xca, 0, (const uint8_t[]){0x7f, 0x24}, 2, out, &len));
    assert_int_equal(car.sw & 0xff00, 0x6100);
    assert_int_equal(len, 239);
    assert_false(
        test_car_sealed(&car, &phone, 0xca, 0, (const uint8_t[]){0x7f, 0x22}, 2, out, &len));
    assert_int_equal(car.sw, 0x6985);
    (void)test_phone_tick(&phone);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

static void S2_no_writing_while_parts_wait(void **state)
{
    static const uint8_t end_marker[] = {0x5f, 0x5f, 0x00};
    uint8_t out[264];
    size_t len = 0;

    (void)state;
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                test_car_make(&car, &phone) && test_car_read_all(&car, &phone));
    assert_true(
        test_car_sealed(&car, &phone, 0xca, 0, (const uint8_t[]){0x7f, 0x24}, 2, out, &len));
    assert_false(test_car_sealed(&car, &phone, 0xd4, 0x80, end_marker, 3, out, &len));
    assert_int_equal(car.sw, 0x6985);
}

static void D19_two_losses_in_a_row_are_one_reset(void **state)
{
    (void)state;
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone));
    assert_true(test_car_control(&car, &phone, 0x10, 0x01));
    test_car_reset(&phone);
    test_car_reset(&phone);
    assert_int_equal(test_phone_tick(&phone), LK_OK);
    assert_true(test_car_select(&car, &phone));
    assert_true(test_car_read_all(&car, &phone));
}

static void EX10_nothing_more_to_fetch(void **state)
{
    uint8_t out[264];
    size_t len = 0;

    (void)state;
    assert_true(test_car_open(&car, &phone) && test_car_write_all(&car, &phone) &&
                test_car_make(&car, &phone) && test_car_read_all(&car, &phone));
    assert_false(test_car_sealed(&car, &phone, 0xc0, 0, NULL, 0, out, &len));
    assert_int_equal(car.sw, 0x6985);
}

static void S10_attestation_of_another_car(void **state)
{
    (void)state;
    refused(LIE_ATTESTATION, LK_PEER_SIGNATURE, 0x6982);
}

static void ST10_version_lists(void **state)
{
    /* 5B 0101, then 5B 0100 with 5C 0101 alone, then 0101 first though 0100 is the common one. */
    static const char *const lists[] = {"\x5b\x02\x01\x01\x5c\x02\x01\x00",
                                        "\x5b\x02\x01\x00\x5c\x02\x01\x01",
                                        "\x5b\x02\x01\x00\x5c\x04\x01\x01\x01\x00"};
    static const uint8_t tail[] = {0x7f, 0x50, 0x20, 0xc0, 0x10, 0,    0, 0, 0,    0,    0, 0, 0,
                                   0,    0,    0,    0,    0,    0,    0, 0, 0xc1, 4,    0, 0, 0x10,
                                   0,    0xc2, 2,    0,    8,    0xc3, 2, 0, 1,    0xd6, 2, 0, 0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t head = i == 2 ? 10 : 8, len = 0;
        uint8_t apdu[80] = {0x80, 0x30, 0, 0, (uint8_t)(head + sizeof tail)}, out[264];
        uint16_t sw = 0;

        memcpy(apdu + 5, lists[i], head);
        memcpy(apdu + 5 + head, tail, sizeof tail);
        assert_true(test_car_select(&car, &phone));
        assert_int_equal(test_phone_command(&phone, apdu, 5 + head + sizeof tail, out, &len, &sw),
                         LK_PEER_VERSION);
        assert_int_equal(sw, 0x6a80);
    }
    assert_int_equal(phone.scrypt_calls, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(honest_car_pairs),
        T(honest_car_with_intermediate_pairs),
        T(M101_authorised_key_is_root_or_the_intermediate_used),
        T(PK3_PK4_PK6_PK10_broken_forms_at_the_phone),
        T(M20_wrong_password_opens_nothing),
        T(M70_car_certificate_first),
        T(M71_no_key_for_bad_car),
        T(M71_wrong_intermediate),
        T(M71_test_root_in_production),
        T(M71_structure_of_the_data),
        T(PA3_invalid_share),
        T(PA5_reflection),
        T(PA7_scrypt_parameters),
        T(PA13_password_is_spent),
        T(S20_guessing),
        T(S20_six_wrong_then_right),
        T(S1_control_flow_is_a_hint),
        T(S1_abort_only_ends_the_run),
        T(S2_only_the_mac_says_success),
        T(S2_absent_object_is_an_empty_tlv),
        T(S2_one_instruction_while_parts_wait),
        T(S2_no_writing_while_parts_wait),
        T(D19_two_losses_in_a_row_are_one_reset),
        T(EX10_nothing_more_to_fetch),
        T(D19_second_reset_wipes),
        T(D19_select_while_the_key_is_made),
        T(S10_attestation_of_another_car),
        T(ST10_version_lists),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
