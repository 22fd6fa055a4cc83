/* test_trace_signatures.c: the inspector checks both signatures of AUTH1 of a recorded transaction
 * between the real car and the real phone, and one wrong bit is seen (house page, N5). */
#include "support/crypto_fixture.h"

#include "support/vehicle_fixture.h"
#include "trace/trace.h"

#define SELECT 0
#define AUTH0 1
#define AUTH1 2

static struct test_stage stage;
static struct lk_trace trace;
static const uint8_t *device_key;
static struct lk_session_keys session; /* of the recorded transaction */
static char checks[400];               /* names of the checks, those that failed with a ! */

static void hear(void *ctx, const struct lk_trace_line *line)
{
    (void)ctx;
    if (line->kind != LK_TRACE_CHECK)
        return;
    strncat(checks, line->status == LK_OK ? "" : "!", 2);
    strncat(checks, line->name, 40);
    strncat(checks, ",", 2);
}

/* The session keys, by the phone's ephemeral key that the spy saw. */
static void derive(void)
{
    const struct lk_crypto_port *port = lk_openssl_port(stage.provider);
    const struct test_spy *spy = &stage.phone.element.spy;
    const uint8_t *auth0 = stage.field.record[AUTH0][0];
    const uint8_t *answer = stage.field.record[AUTH0][1];
    struct lk_transcript t = {.vehicle_ephemeral = auth0 + 11,
                              .device_ephemeral = answer + 2,
                              .transaction_id = auth0 + 78,
                              .interface = LK_NFC,
                              .p1 = auth0[2],
                              .p2 = auth0[3],
                              .version = {1, 0}};
    struct lk_persistent persistent;
    struct lk_key ephemeral;
    uint8_t public_key[LK_POINT_LEN];

    assert_int_equal(
        port->ec_load(port->ctx, spy->scalars[spy->num_scalars - 1], 32, &ephemeral, public_key),
        LK_OK);
    assert_int_equal(lk_standard_derive(&stage.crypto, ephemeral, t.vehicle_ephemeral, &t,
                                        &session, &persistent),
                     LK_OK);
    port->ec_free(port->ctx, ephemeral);
}

static int setup(void **state)
{
    (void)state;
    test_stage_init(&stage);
    test_pair(&stage.car, &stage.field, &stage.phone);
    assert_int_equal(
        test_run_tap(&stage.car, &stage.field, LK_READER_DASHBOARD, LK_ACTION_START)->verdict,
        LK_GRANT);
    device_key = stage.phone.applet.endpoints[0].public_key;
    derive();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_stage_forget(&stage);
    return 0;
}

/* Explains the record up to AUTH1; the first fault. */
static enum lk_status explain(const uint8_t *vehicle, const uint8_t *device, int is_opened)
{
    const char *check;

    checks[0] = 0;
    lk_trace_init(&trace, &stage.crypto, 0, hear, NULL);
    lk_trace_public_keys(&trace, vehicle, device);
    for (unsigned i = SELECT; i <= AUTH1; i++) {
        (void)lk_trace_command(&trace, lk_bytes(stage.field.record[i][0],
                                                stage.field.record_len[i][0]));
        if (i == AUTH1 && is_opened)
            lk_trace_keys(&trace, &session);
        (void)lk_trace_response(&trace, lk_bytes(stage.field.record[i][1],
                                                 stage.field.record_len[i][1]));
    }
    return lk_trace_first_fault(&trace, &check);
}

static void N5_both_signatures_are_checked(void **state)
{
    const uint8_t *vehicle = stage.car.config.vehicle_public;

    (void)state;
    assert_int_equal(explain(vehicle, device_key, 1), LK_OK);
    assert_non_null(strstr(checks, ",auth1,vehicle signature,R-MAC,auth1_answer,device signature"));
    assert_int_equal(explain(vehicle, device_key, 0), LK_OK);
    assert_non_null(strstr(checks, ",vehicle signature,"));
    assert_null(strstr(checks, "device signature")); /* sealed: nothing is said of it */
    assert_int_equal(explain(NULL, NULL, 1), LK_OK);
    assert_null(strstr(checks, "signature"));
    assert_int_equal(explain(device_key, vehicle, 1), LK_PEER_SIGNATURE); /* not each other's */
    assert_non_null(strstr(checks, ",!vehicle signature,"));
    assert_non_null(strstr(checks, ",!device signature,"));
}

/* Every place of the car's signature and of what it covers, one bit each. */
static void N5_one_wrong_bit_of_the_car(void **state)
{
    static const struct {
        unsigned message, side, from, num;
    } runs[] = {{AUTH1, 0, 7, 64},  /* the signature itself */
                {AUTH0, 0, 12, 32}, /* x of the car's ephemeral key */
                {AUTH0, 0, 78, 16}, /* transaction identifier */
                {AUTH0, 0, 96, 8},  /* vehicle identifier */
                {AUTH0, 1, 3, 32}}; /* x of the phone's */
    const uint8_t *vehicle = stage.car.config.vehicle_public;

    (void)state;
    for (size_t r = 0; r < sizeof runs / sizeof runs[0]; r++) {
        for (unsigned i = 0; i < runs[r].num; i++) {
            uint8_t *at = stage.field.record[runs[r].message][runs[r].side] + runs[r].from + i;

            *at ^= (uint8_t)(1u << i % 8);
            assert_int_equal(explain(vehicle, NULL, 0), LK_PEER_SIGNATURE);
            *at ^= (uint8_t)(1u << i % 8);
        }
    }
    assert_int_equal(explain(vehicle, NULL, 0), LK_OK);
}

/* One bit of the phone's signature, sealed again as the phone would have. */
static void N5_one_wrong_bit_of_the_phone(void **state)
{
    uint8_t plain[LK_APDU_RESPONSE_MAX], *sealed = stage.field.record[AUTH1][1];
    size_t len = 0, at = 0, sealed_len = stage.field.record_len[AUTH1][1] - 2;
    struct lk_session_keys keys = session;
    struct lk_chan chan;

    (void)state;
    lk_chan_open(&chan, &keys);
    assert_int_equal(
        lk_chan_open_response(&chan, &stage.crypto, lk_bytes(sealed, sealed_len), plain, &len),
        LK_OK);
    while (plain[at] != 0x9e || plain[at + 1] != 0x40)
        at++;
    plain[at + 2 + 40] ^= 0x20;
    keys = session;
    lk_chan_open(&chan, &keys);
    assert_int_equal(
        lk_chan_seal_response(&chan, &stage.crypto, lk_bytes(plain, len), sealed, &len), LK_OK);
    assert_int_equal(len, sealed_len);
    assert_int_equal(explain(stage.car.config.vehicle_public, device_key, 1), LK_PEER_SIGNATURE);
    assert_non_null(strstr(checks, ",vehicle signature,R-MAC,auth1_answer,!device signature"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(N5_both_signatures_are_checked),
        TEST(N5_one_wrong_bit_of_the_car),
        TEST(N5_one_wrong_bit_of_the_phone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
