/* trace: the inspector names every byte, opens what it has keys for, and finds the first fault. */
#include <stdlib.h>

#include "support/crypto_fixture.h"

#include "apdu/apdu.h"
#include "crypto/crypto.h"
#include "support/messages.h"
#include "trace/room.h"

/* What the lines of one APDU came to. */
struct heard {
    size_t outer_bytes; /* covered by the header, and by what lies directly in the APDU */
    size_t num_lines, num_unknown;
    char names[2048];
    const char *p1, *p2; /* what AUTH0 asks for, where it is named */
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
    if (strcmp(line->name, "P1") == 0)
        to->p1 = line->text;
    if (strcmp(line->name, "P2") == 0)
        to->p2 = line->text;
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

/* Every status word of the protocol has words of its own. */
static void N5_status_words_have_their_texts(void **state)
{
    static const uint16_t words[] = {
        LK_SW_OK,        LK_SW_MORE,      LK_SW_LENGTH,    LK_SW_SECURITY, LK_SW_SEQUENCE,
        LK_SW_MAC,       LK_SW_DATA,      LK_SW_NOT_FOUND, LK_SW_NO_MEMORY, LK_SW_INVALID,
        LK_SW_P1P2,      LK_SW_INS,       LK_SW_CLASS,     LK_SW_NOT_READY, LK_SW_INTERNAL,
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_string_not_equal(lk_trace_sw_text(words[i]), lk_trace_sw_text(0x1234));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(lk_trace_sw_text(words[i]), lk_trace_sw_text(words[j]));
    }
}

/* One sealed exchange with keys of the test's, seen by the inspector. */
static struct lk_chan car, phone;

static void keyed(struct lk_crypto *crypto, const char *select, const char *answer)
{
    struct lk_session_keys keys[3];

    for (int i = 0; i < 3; i++)
        keys[i] = keys_of("00112233445566778899aabbccddeeff", "0123456789abcdef0123456789abcdef",
                          "fedcba9876543210fedcba9876543210");
    begin(crypto);
    assert_int_equal(command(select), LK_OK);
    assert_int_equal(response(answer), LK_OK);
    lk_trace_keys(&trace, &keys[0]);
    lk_chan_open(&car, &keys[1]);
    lk_chan_open(&phone, &keys[2]);
}

static enum lk_status sealed_command(struct lk_crypto *crypto, uint8_t ins, const void *plain,
                                     size_t len)
{
    uint8_t apdu[300] = {0x84, ins, 0, 0};
    uint8_t out[300];
    size_t sealed_len = 0;

    assert_int_equal(lk_chan_seal_command(&car, crypto, lk_bytes(plain, len), apdu + 5,
                                          &sealed_len),
                     LK_OK);
    apdu[4] = (uint8_t)sealed_len;
    assert_int_equal(lk_chan_open_command(&phone, crypto, lk_bytes(apdu + 5, sealed_len), out,
                                          &len),
                     LK_OK);
    memset(&heard, 0, sizeof heard);
    return lk_trace_command(&trace, lk_bytes(apdu, 5 + sealed_len));
}

static enum lk_status sealed_response(struct lk_crypto *crypto, const void *plain, size_t len)
{
    uint8_t apdu[300], out[300];
    size_t sealed_len = 0;

    assert_int_equal(lk_chan_seal_response(&phone, crypto, lk_bytes(plain, len), apdu,
                                           &sealed_len),
                     LK_OK);
    memcpy(apdu + sealed_len, "\x90\x00", 2);
    assert_int_equal(lk_chan_open_response(&car, crypto, lk_bytes(apdu, sealed_len), out, &len),
                     LK_OK);
    memset(&heard, 0, sizeof heard);
    return lk_trace_response(&trace, lk_bytes(apdu, sealed_len + 2));
}

static void N5_a_bad_answer_to_EXCHANGE_is_named(void **state)
{
    struct crypto_fixture *fixture = *state;
    struct lk_crypto *crypto = &fixture->crypto[ON_OPENSSL];
    const char *check;

    keyed(crypto, SELECT_APPLET, "5c0201009000");
    assert_int_equal(sealed_command(crypto, 0xc9, "\x00", 1), LK_OK);
    assert_int_equal(sealed_response(crypto, "\x00\x09\x00", 3), LK_PEER_LENGTH);
    assert_non_null(strstr(heard.names, "MALFORMED"));
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_PEER_LENGTH);
    assert_string_equal(check, "exchange_answer");
}

/* The bytes of a sample message of the tests. */
static size_t sample(const char *message, uint8_t *out, size_t cap)
{
    size_t len = 0;

    for (size_t s = 0; s < test_num_samples; s++) {
        if (strcmp(test_samples[s].message, message) == 0)
            len = test_sample_bytes(test_samples[s].text, out, cap);
    }
    assert_true(len > 0);
    return len;
}

/* What EXCHANGE reads, as its answer. */
static enum lk_status read_of(struct lk_crypto *crypto, const uint8_t *data, size_t len)
{
    uint8_t plain[300];
    struct lk_wr wr;

    lk_wr_init(&wr, plain, sizeof plain);
    lk_exchange_answer_put(&wr, lk_bytes(data, len));
    lk_exchange_answer_end(&wr, LK_EXCHANGE_OK);
    return sealed_response(crypto, plain, wr.len);
}

/* Reads a whole package as a car does; what the inspector says of the last piece. */
static void read_package(struct lk_crypto *crypto, const uint8_t *package, size_t len)
{
    for (size_t at = 0; at < len; at += 200) {
        if (at > 0)
            assert_null(strstr(heard.names, "PACKAGE"));
        assert_int_equal(sealed_command(crypto, 0xc9, "\x00", 1), LK_OK);
        (void)read_of(crypto, package + at, 200); /* behind the end lie old bytes */
    }
}

static void M105_a_package_read_in_pieces_is_named(void **state)
{
    struct crypto_fixture *fixture = *state;
    struct lk_crypto *crypto = &fixture->crypto[ON_OPENSSL];
    uint8_t package[1200] = {0};
    size_t len = sample("package", package, sizeof package - 200);
    const char *check;

    keyed(crypto, SELECT_APPLET, "5c0201009000");
    read_package(crypto, package, len);
    assert_non_null(strstr(heard.names, "PACKAGE"));
    assert_non_null(strstr(heard.names, "SHARER"));
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_OK);
    package[6] ^= 0x01; /* the tag 7F25 */
    heard.names[0] = 0;
    read_package(crypto, package, len);
    assert_int_not_equal(lk_trace_first_fault(&trace, &check), LK_OK);
    assert_string_equal(check, "package");
}

static void M79_each_sharing_message_is_named(void **state)
{
    static const struct {
        const char *message, *name;
    } rows[] = {{"share_creation", "SHARE_CREATION"}, {"share_signing", "SHARE_SIGNING"},
                {"share_import", "SHARE_IMPORT"},     {"share_cancel", "SHARE_CANCEL"},
                {"share_pin", "SHARE_PIN"}};
    static uint8_t plain[4096], sealed[4096 + 64], opened[4096 + 64];
    struct crypto_fixture *fixture = *state;
    struct lk_crypto *crypto = &fixture->crypto[ON_OPENSSL];
    struct lk_share_secret secret;
    const uint8_t session[16] = {7};

    assert_int_equal(lk_share_secret_draw(crypto, &secret), LK_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = sample(rows[i].message, plain, sizeof plain), got = 0;
        begin(crypto);
        assert_int_equal(lk_share_seal(crypto, &secret, session, lk_bytes(plain, len), sealed),
                         LK_OK);
        assert_int_equal(lk_trace_open_message(crypto, &secret, lk_bytes(sealed, len + 45), opened,
                                               &got),
                         LK_OK);
        assert_int_equal(got, len);
        assert_int_equal(lk_trace_message(&trace, lk_bytes(opened, got)), LK_OK);
        assert_non_null(strstr(heard.names, rows[i].name));
        assert_int_not_equal(lk_trace_message(&trace, lk_bytes(opened, got - 1)), LK_OK);
        sealed[20] ^= 1;
        assert_int_equal(lk_trace_open_message(crypto, &secret, lk_bytes(sealed, len + 45), opened,
                                               &got),
                         LK_SHARE_SECRET);
    }
    assert_int_equal(lk_trace_message(&trace, lk_bytes("\x5a\x00", 2)), LK_PEER_TAG);
}

/* WRITE DATA in pieces: named when whole, faulted where it goes wrong. */
static void N5_pieces_of_pairing_data_are_joined(void **state)
{
    struct crypto_fixture *fixture = *state;
    struct lk_crypto *crypto = &fixture->crypto[ON_OPENSSL];
    uint8_t data[4096];
    size_t len, at;
    const char *check;

    len = sample("pairing_data", data, sizeof data);
    assert_true(len > 200);
    keyed(crypto, SELECT_FRAMEWORK, "5a0201005c020100d401029000");
    for (at = 0; at + 200 < len; at += 200) {
        assert_int_equal(sealed_command(crypto, 0xd4, data + at, 200), LK_OK);
        assert_null(strstr(heard.names, "CREATION"));
        assert_int_equal(sealed_response(crypto, "", 0), LK_OK);
    }
    assert_int_equal(sealed_command(crypto, 0xd4, data + at, len - at), LK_OK);
    assert_non_null(strstr(heard.names, "DATA_END pairing_data"));
    assert_int_equal(sealed_response(crypto, "\x01", 1), LK_OK); /* an answer that is not empty */
    assert_non_null(strstr(heard.names, "BYTES"));
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_OK);
    assert_int_equal(sealed_command(crypto, 0xd4, "\x00\x01", 2), LK_PEER_TLV);
    assert_int_equal(lk_trace_first_fault(&trace, &check), LK_PEER_TLV);
    assert_string_equal(check, "pairing_data");
}

static void N5_pairing_data_without_end_is_cut_off(void **state)
{
    struct crypto_fixture *fixture = *state;
    struct lk_crypto *crypto = &fixture->crypto[ON_OPENSSL];
    uint8_t data[200] = {0};
    enum lk_status status = LK_OK;
    unsigned num = 0;

    keyed(crypto, SELECT_FRAMEWORK, "5a0201005c020100d401029000");
    memcpy(data, "\x7f\x4a\x82\x0f\xf0", 5); /* nearly all that may come, in one object */
    for (; status == LK_OK; num++) {
        assert_true(num < 30);
        status = sealed_command(crypto, 0xd4, data, sizeof data);
        if (status == LK_OK)
            assert_int_equal(sealed_response(crypto, "", 0), LK_OK);
        memset(data, 0x4e, sizeof data);
    }
    assert_true(num > 20);
    assert_int_equal(status, LK_PEER_TOO_LONG);
}

/* Bodies of the framework to the element, in the clear. */
static void N5_wired_bodies_have_their_parsers(void **state)
{
    static const struct {
        const char *good, *bad, *check;
    } rows[] = {
        {"80380000045f200141", "80380000035f2000", "wired_ca"},
        {"80d200000d5008010203040506070" "84b0101", "80d20000035f2000", "wired_set_private"},
        {"80b200000f5008010203040506070" "8df1b020001", "80b20000035f2000", "wired_get_private"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *check;

        lk_trace_init(&trace, NULL, 1, hear, &heard);
        assert_int_equal(command(SELECT_APPLET), LK_OK);
        assert_int_equal(response("5c0201009000"), LK_OK);
        assert_int_equal(command(rows[i].good), LK_OK);
        assert_int_equal(heard.num_unknown, 0);
        assert_int_not_equal(command(rows[i].bad), LK_OK);
        assert_int_not_equal(lk_trace_first_fault(&trace, &check), LK_OK);
        assert_string_equal(check, rows[i].check);
    }
}

static void N5_AUTH0_says_what_it_asks_for(void **state)
{
    static const struct {
        const char *header, *p1, *p2;
    } rows[] = {
        {"80800000", "standard", "no action"},
        {"80800101", "fast", "unlock"},
        {"80800102", "fast", "lock"},
        {"80800003", "standard", "start"},
        {"80800404", "standard, EXCHANGE follows", "mailboxes"},
        {"80800505", "fast, EXCHANGE follows", "in the background"},
        {"80800006", "standard", "unknown action"},
    };

    struct crypto_fixture *fixture = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char hex[] = AUTH0;

        begin(&fixture->crypto[ON_OPENSSL]);
        assert_int_equal(command(SELECT_APPLET), LK_OK);
        assert_int_equal(response("5c0201009000"), LK_OK);
        memcpy(hex, rows[i].header, 8);
        (void)command(hex);
        assert_string_equal(heard.p1, rows[i].p1);
        assert_string_equal(heard.p2, rows[i].p2);
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
        cmocka_unit_test(N5_status_words_have_their_texts),
        cmocka_unit_test(N5_a_bad_answer_to_EXCHANGE_is_named),
        cmocka_unit_test(N5_pieces_of_pairing_data_are_joined),
        cmocka_unit_test(M105_a_package_read_in_pieces_is_named),
        cmocka_unit_test(M79_each_sharing_message_is_named),
        cmocka_unit_test(N5_pairing_data_without_end_is_cut_off),
        cmocka_unit_test(N5_wired_bodies_have_their_parsers),
        cmocka_unit_test(N5_AUTH0_says_what_it_asks_for),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
