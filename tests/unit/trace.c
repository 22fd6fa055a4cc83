/* trace: the inspector names every byte, opens what it has keys for, and finds the first fault. */
#include <stdlib.h>

#include "support/crypto_fixture.h"

#include "support/messages.h"
#include "trace/room.h"

/* What the lines of one APDU came to. */
struct heard {
    size_t outer_bytes; /* covered by the header, and by what lies directly in the APDU */
    size_t num_lines, num_unknown;
    char names[2048];
};

static struct lk_trace trace;
static struct heard heard;

static void hear(void *ctx, const struct lk_trace_line *line)
{
    struct heard *to = ctx;

    to->num_lines++;
    if (line->kind != LK_TRACE_CHECK && !line->is_opened && line->depth <= 1)
        to->outer_bytes += line->bytes.len;
    if (line->kind == LK_TRACE_TLV && strcmp(line->name, "UNKNOWN") == 0)
        to->num_unknown++;
    if (strlen(to->names) + strlen(line->name) + 2 < sizeof to->names) {
        strcat(to->names, line->name);
        strcat(to->names, " ");
    }
    assert_non_null(line->text);
}

static enum lk_status command(const char *hex)
{
    uint8_t bytes[300];
    size_t len = from_hex(hex, bytes, sizeof bytes);

    memset(&heard, 0, sizeof heard);
    return lk_trace_command(&trace, lk_bytes(bytes, len));
}

static enum lk_status response(const char *hex)
{
    uint8_t bytes[300];
    size_t len = from_hex(hex, bytes, sizeof bytes);

    memset(&heard, 0, sizeof heard);
    return lk_trace_response(&trace, lk_bytes(bytes, len));
}

static void begin(struct lk_crypto *crypto)
{
    lk_trace_init(&trace, crypto, 0, hear, &heard);
}

static struct lk_session_keys keys_of(const char *enc, const char *mac, const char *rmac)
{
    struct lk_session_keys keys;

    from_hex(enc, keys.enc, 16);
    from_hex(mac, keys.mac, 16);
    from_hex(rmac, keys.rmac, 16);
    return keys;
}

#define SELECT_APPLET "00a404000da000000809434343444b41763100"
#define SELECT_FRAMEWORK "00a404000da000000809434343444b46763100"
#define AUTH0 \
    "80800001635c0201008741040217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4ed"  \
    "194a7debcb97712d2dda3ca85aa8765a56f45fc758599652f2897c65306e57944c1000010203040506070809"   \
    "0a0b0c0d0e0f4d08010203040506070800"
#define AUTH0_ANSWER \
    "864104d65a93977caa3d1b081852ff57a79e465f1660577304baead505dd3a48589cf350185e895372df6221"   \
    "ea3a137557e473fddb6755f05bd507c3c533fce9c912859000"
#define AUTH1 \
    "810000429e401beaa5d41c1d8c831f7e100cea686b32654f830d53faeeb525666d2e0c35bacd593ba64037"   \
    "63a855d7a577d78f872b5c2aa993e88606ff6385e884e1d600cf8200"
#define AUTH1_ANSWER \
    "3d585e682ce369294aa7c71b3e6de1c95c0f2bf2e05d88f021c8334f201b1147b7281e68646737d6d43d2aaf"   \
    "3c429910a5e38fec6f64430b62839401c0e3dedaf3135a5d3f800ef64f9df9d3af94272e06e7d73a78c32cc3"
#define EXCHANGE "84c9000018c9882f772e6edd3546cf5f8087fa6b47f24a71ea2fa9eca400"
#define EXCHANGE_ANSWER "3a75a0f7ae6a2b00fb84c7d6361df85c5239e97b80db6f96"

static void up_to_auth1(struct lk_crypto *crypto)
{
    struct lk_session_keys keys =
        keys_of("77dd29c2e1a24b47b39d4c13348caab8", "071ef3fced19ee8d0dc10365bdaa4f45",
                "359207a3355fbec222b96c1b831ef53c");

    begin(crypto);
    assert_int_equal(command(SELECT_APPLET), LK_OK);
    assert_int_equal(response("5c0201009000"), LK_OK);
    assert_int_equal(command(AUTH0), LK_OK);
    assert_non_null(strstr(heard.names, "VEHICLE_EPHEMERAL TRANSACTION_ID VEHICLE_ID"));
    assert_int_equal(response(AUTH0_ANSWER), LK_OK);
    assert_int_equal(command("80" AUTH1), LK_OK);
    lk_trace_keys(&trace, &keys);
}

/* The transaction of protocol 7.6: opened, named, without a fault. */
static void N5_standard_transaction_is_opened_and_named(void **state)
{
    struct crypto_fixture *fixture = *state;
    const char *check;

    up_to_auth1(&fixture->crypto[ON_OPENSSL]);
    assert_int_equal(response(AUTH1_ANSWER "9000"), LK_OK);
    assert_non_null(strstr(heard.names, "SEALED R-MAC SLOT SIGNATURE"));
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_OK);
    assert_string_equal(check, "");
    /* The MACs of the vector hold, but its plaintext lacks the control byte of P-15. */
    assert_int_equal(command(EXCHANGE), LK_PEER_VALUE);
    assert_non_null(strstr(heard.names, "SEALED C-MAC CONTROL"));
    assert_int_equal(response(EXCHANGE_ANSWER "9000"), LK_OK);
    assert_non_null(strstr(heard.names, "R-MAC READ STATUS"));
    assert_int_equal(command("803c0100"), LK_OK);
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_PEER_VALUE);
    assert_string_equal(check, "exchange");
    lk_trace_forget(&trace);
}

/* Every changed bit of the sealed answer is a wrong R-MAC, and nothing inside is shown. */
static void N5_changed_answer_is_named_as_r_mac(void **state)
{
    struct crypto_fixture *fixture = *state;
    uint8_t bytes[200];
    size_t len = from_hex(AUTH1_ANSWER "9000", bytes, sizeof bytes);

    for (size_t i = 0; i < len - 2; i++) {
        const char *check;

        up_to_auth1(&fixture->crypto[ON_OPENSSL]);
        bytes[i] ^= 0x10;
        memset(&heard, 0, sizeof heard);
        assert_int_equal(lk_trace_response(&trace, lk_bytes(bytes, len)), LK_PEER_MAC);
        bytes[i] ^= 0x10;
        assert_null(strstr(heard.names, "SLOT"));
        assert_int_equal(command("803c0000"), LK_OK); /* a later APDU does not hide the cause */
        assert_int_equal(lk_trace_first_fault(&trace, &check), LK_PEER_MAC);
        assert_string_equal(check, "R-MAC");
    }
}

/* The pairing vectors of protocol 8: the channel goes on through the planned reset. */
static void pairing_channel_is_opened(void **state)
{
    struct crypto_fixture *fixture = *state;
    struct lk_session_keys keys =
        keys_of("161886cb9ae7403d8dbccfe36b8a0426", "6387ba65479cb7eb9df97bd48ac33159",
                "41677fb6398459199f1e569760df91c1");

    begin(&fixture->crypto[ON_OPENSSL]);
    assert_int_equal(command(SELECT_FRAMEWORK), LK_OK);
    assert_int_equal(response("5a0201005c020100d401029000"), LK_OK);
    lk_trace_keys(&trace, &keys);
    assert_int_equal(command("84d48000184fac89109242b8f800cd7407680d37fa31e76cebe4b0439a00"),
                     LK_OK);
    assert_non_null(strstr(heard.names, "DATA_END pairing_data"));
    assert_int_equal(response("c5ec9ab00216d3229000"), LK_OK);
    assert_int_equal(command("803c1001"), LK_OK);
    assert_int_equal(response("9000"), LK_OK);
    assert_int_equal(command(SELECT_FRAMEWORK), LK_OK);
    assert_int_equal(response("5a0201005c020100d401029000"), LK_OK);
    assert_int_equal(command("84ca000018fddc7fc5dc727974a377c49950cb4f9582c119e20c6e9a1c00"),
                     LK_OK);
    assert_non_null(strstr(heard.names, "ENDPOINT_CERT"));
}

static void first_fault_is_kept_with_its_check(void **state)
{
    const char *check;

    (void)state;
    begin(NULL);
    assert_int_equal(command(SELECT_APPLET), LK_OK);
    assert_int_equal(response("5c0201009000"), LK_OK);
    assert_int_equal(command("808000000a5c0201005c020100870000"), LK_PEER_TAG);
    assert_int_equal(response("6982"), LK_TAP_WRONG_CAR);
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_PEER_TAG);
    assert_string_equal(check, "auth0");
    begin(NULL);
    assert_int_equal(response("9000"), LK_PEER_SEQUENCE);
    assert_int_equal(command("808000"), LK_PEER_APDU);
    assert_int_equal(response("90"), LK_PEER_APDU);
}

static void sealed_without_keys_is_no_fault(void **state)
{
    const char *check;

    (void)state;
    begin(NULL);
    assert_int_equal(command(SELECT_APPLET), LK_OK);
    assert_int_equal(response("5c0201009000"), LK_OK);
    assert_int_equal(command(EXCHANGE), LK_OK);
    assert_int_equal(response(EXCHANGE_ANSWER "9000"), LK_OK);
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_OK);
}

/* One instruction, two meanings: what is selected decides (protocol 5.1). */
static void selected_application_names_the_instruction(void **state)
{
    (void)state;
    assert_string_equal(lk_trace_command_name(LK_AID_APPLET, 0x3c), "CONTROL_FLOW");
    assert_string_equal(lk_trace_command_name(LK_AID_FRAMEWORK, 0x3c), "OP_CONTROL_FLOW");
    assert_string_equal(lk_trace_command_name(LK_AID_FRAMEWORK, 0x80), "UNKNOWN");
    assert_string_equal(lk_trace_command_name(LK_AID_OTHER, 0xa4), "SELECT");
    assert_string_equal(lk_trace_command_name(LK_AID_OTHER, 0x80), "UNKNOWN");
}

/* Header, body and Le together are the whole APDU: no byte is left without a name. */
static void N5_every_byte_has_a_name(void **state)
{
    static const struct {
        const char *message, *select;
        uint8_t ins;
    } rows[] = {{"auth0", SELECT_APPLET, 0x80},
                {"auth1", SELECT_APPLET, 0x81},
                {"spake2_request", SELECT_FRAMEWORK, 0x30},
                {"spake2_verify", SELECT_FRAMEWORK, 0x32}};

    (void)state;
    for (size_t s = 0; s < test_num_samples; s++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            uint8_t apdu[4096] = {0x80, rows[i].ins, 0, 0};
            size_t len;

            if (strcmp(test_samples[s].message, rows[i].message) != 0)
                continue;
            begin(NULL);
            assert_int_equal(command(rows[i].select), LK_OK);
            assert_int_equal(heard.outer_bytes, 19);
            trace.selected = trace.selecting;
            len = test_sample_bytes(test_samples[s].text, apdu + 5, sizeof apdu - 6);
            apdu[4] = (uint8_t)len;
            memset(&heard, 0, sizeof heard);
            assert_int_equal(lk_trace_command(&trace, lk_bytes(apdu, len + 6)), LK_OK);
            assert_int_equal(heard.outer_bytes, len + 6);
            assert_int_equal(heard.num_unknown, 0);
        }
    }
}

/* Every tag of every good sample has a name in its place. */
static void every_tag_of_an_object_has_a_name(void **state)
{
    uint8_t bytes[4096];

    (void)state;
    begin(NULL);
    for (size_t s = 0; s < test_num_samples; s++) {
        enum lk_place place = LK_IN_NOTHING;
        size_t len = test_sample_bytes(test_samples[s].text, bytes, sizeof bytes);

        if (strncmp(test_samples[s].message, "pairing", 7) == 0)
            place = LK_IN_DATA;
        if (strncmp(test_samples[s].message, "wired", 5) == 0)
            place = LK_IN_WIRED;
        if (strcmp(test_samples[s].message, "package") == 0)
            place = LK_IN_PACKAGE;
        /* What lies in the element's buffer has the tags of the messages between phones. */
        if (strncmp(test_samples[s].message, "share_", 6) == 0 ||
            strcmp(test_samples[s].message, "wired_friend") == 0 ||
            strcmp(test_samples[s].message, "wired_authorized") == 0 ||
            strcmp(test_samples[s].message, "wired_token") == 0)
            place = LK_IN_MESSAGE;
        if (place == LK_IN_NOTHING)
            continue;
        memset(&heard, 0, sizeof heard);
        lk_trace_tree(&trace, place, lk_bytes(bytes, len));
        assert_int_equal(heard.num_unknown, 0);
        assert_null(strstr(heard.names, "MALFORMED"));
    }
}

static void no_tag_has_two_names_in_one_place(void **state)
{
    static const struct {
        unsigned tag;
        const char *place, *name;
    } all[] = {
#define LK_TAG(name, value, where, text) {value, #where, #name},
#include "facts/tags.def"
#undef LK_TAG
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t j = 0; j < i; j++) {
            int is_same_place = strcmp(all[i].place, all[j].place) == 0;
            /* 4B is a window in SETUP ENDPOINT and data in SET PRIVATE DATA. */
            if (strcmp(all[i].name, "PRIVATE_DATA") == 0)
                continue;
            if (is_same_place && all[i].tag == all[j].tag)
                fail_msg("%s and %s", all[i].name, all[j].name);
        }
    }
}

/* N5: a thousand broken conversations: each broken message is named as the first cause. */
static void N5_thousand_broken_traces_have_their_first_cause(void **state)
{
    uint64_t noise = 0x5eed;
    size_t num = 0;

    (void)state;
    while (num < 1000) {
        uint8_t apdu[512];
        size_t len = from_hex(AUTH0, apdu, sizeof apdu);
        struct lk_command parsed;
        struct lk_auth0 msg;
        const char *check;
        enum lk_status expected;

        test_mutate(&noise, apdu, &len, sizeof apdu);
        expected = lk_command_parse(lk_bytes(apdu, len), &parsed);
        if (expected == LK_OK && parsed.ins != 0x80)
            continue;
        if (expected == LK_OK)
            expected = lk_auth0_parse(parsed.body, &msg);
        if (expected == LK_OK)
            continue;
        begin(NULL);
        assert_int_equal(command(SELECT_APPLET), LK_OK);
        assert_int_equal(response("5c0201009000"), LK_OK);
        assert_int_equal(lk_trace_command(&trace, lk_bytes(apdu, len)), expected);
        assert_int_equal(response("6a80"), LK_PEER_SW);
        assert_int_equal(lk_trace_first_fault(&trace, &check), expected);
        assert_string_equal(check, expected == LK_PEER_APDU ? "apdu" : "auth0");
        num++;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N5_standard_transaction_is_opened_and_named),
        cmocka_unit_test(N5_changed_answer_is_named_as_r_mac),
        cmocka_unit_test(pairing_channel_is_opened),
        cmocka_unit_test(first_fault_is_kept_with_its_check),
        cmocka_unit_test(sealed_without_keys_is_no_fault),
        cmocka_unit_test(selected_application_names_the_instruction),
        cmocka_unit_test(N5_every_byte_has_a_name),
        cmocka_unit_test(every_tag_of_an_object_has_a_name),
        cmocka_unit_test(no_tag_has_two_names_in_one_place),
        cmocka_unit_test(N5_thousand_broken_traces_have_their_first_cause),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
