/* messages.c: see messages.h. */
#include "support/messages.h"

#include <stdio.h>
#include <stdlib.h>

#include "msg/msg.h"

/* A parser that fails has touched nothing of its output (PR6); one that succeeds has set all of it,
 * or the bytes that come back differ. */
static void poison(void *msg, size_t len)
{
    memset(msg, 0xa5, len);
}

static enum lk_status untouched(const void *msg, size_t len, enum lk_status status)
{
    for (size_t i = 0; i < len; i++) {
        if (((const uint8_t *)msg)[i] != 0xa5) {
            fprintf(stderr, "a parser failed and changed its output\n");
            abort();
        }
    }
    return status;
}

#define MESSAGE(name)                                                                  \
    static enum lk_status reencode_##name(struct lk_bytes in, struct lk_wr *wr)        \
    {                                                                                  \
        struct lk_##name msg;                                                          \
        poison(&msg, sizeof msg);                                                      \
        enum lk_status status = lk_##name##_parse(in, &msg);                           \
        if (status != LK_OK)                                                           \
            return untouched(&msg, sizeof msg, status);                                \
        lk_##name##_write(&msg, wr);                                                   \
        return wr->fault;                                                              \
    }

MESSAGE(select_framework)
MESSAGE(select_applet)
MESSAGE(spake2_request)
MESSAGE(spake2_request_answer)
MESSAGE(spake2_verify)
MESSAGE(spake2_verify_answer)
MESSAGE(auth0)
MESSAGE(auth0_answer)
MESSAGE(auth1)
MESSAGE(auth1_answer)
MESSAGE(exchange)
MESSAGE(exchange_answer)
MESSAGE(creation)
MESSAGE(mailbox_map)
MESSAGE(device_configuration)
MESSAGE(pairing_data)
MESSAGE(pairing_attestation)
MESSAGE(vehicle_attestation)
MESSAGE(vehicle_end)
MESSAGE(termination)
MESSAGE(encryption_key)
MESSAGE(receipt)
MESSAGE(signed_time)
MESSAGE(entitlement)
MESSAGE(vehicle_data)
MESSAGE(share)
MESSAGE(package)
MESSAGE(share_creation)
MESSAGE(share_signing)
MESSAGE(share_import)
MESSAGE(share_cancel)
MESSAGE(share_pin)
MESSAGE(wired_ca)
MESSAGE(wired_endpoint)
MESSAGE(wired_create_endpoint)
MESSAGE(wired_setup_endpoint)
MESSAGE(wired_counts)
MESSAGE(wired_state)
MESSAGE(wired_setup_instance)
MESSAGE(wired_notice)
MESSAGE(wired_set_private)
MESSAGE(wired_get_private)
MESSAGE(wired_consent)
MESSAGE(wired_authorize)
MESSAGE(wired_friend)
MESSAGE(wired_authorized)

static enum lk_status reencode_wired_token(struct lk_bytes in, struct lk_wr *wr)
{
    struct lk_token_export token;
    enum lk_status status = lk_wired_token_parse(in, &token);

    if (status != LK_OK)
        return status;
    lk_wired_token_write(&token, wr);
    return wr->fault;
}

static enum lk_status reencode_wired_endpoints(struct lk_bytes in, struct lk_wr *wr)
{
    struct lk_wired_list list;
    struct lk_wired_endpoint item;
    enum lk_status status = lk_wired_endpoints_parse(in, &list);

    if (status != LK_OK)
        return status;
    while (lk_wired_list_next(&list.items, &item.endpoint_id))
        lk_wired_endpoint_write(&item, wr);
    return wr->fault;
}

static enum lk_status reencode_wired_cas(struct lk_bytes in, struct lk_wr *wr)
{
    struct lk_wired_list list;
    struct lk_wired_ca item;
    enum lk_status status = lk_wired_cas_parse(in, &list);

    if (status != LK_OK)
        return status;
    while (lk_wired_list_next(&list.items, &item.name))
        lk_wired_ca_write(&item, wr);
    return wr->fault;
}

#define ROW(group, name) {group, #name, reencode_##name}

const struct test_message test_messages[] = {
    ROW("select", select_framework),
    ROW("select", select_applet),
    ROW("spake2", spake2_request),
    ROW("spake2", spake2_request_answer),
    ROW("spake2", spake2_verify),
    ROW("spake2", spake2_verify_answer),
    ROW("auth0", auth0),
    ROW("auth0", auth0_answer),
    ROW("auth1", auth1),
    ROW("auth1", auth1_answer),
    ROW("exchange", exchange),
    ROW("exchange", exchange_answer),
    ROW("creation", creation),
    ROW("mailbox_map", mailbox_map),
    ROW("device_config", device_configuration),
    ROW("pairing_data", pairing_data),
    ROW("pairing_data", pairing_attestation),
    ROW("attestation", vehicle_attestation),
    ROW("attestation", vehicle_end),
    ROW("attestation", termination),
    ROW("attestation", encryption_key),
    ROW("attestation", receipt),
    ROW("attestation", signed_time),
    ROW("package", entitlement),
    ROW("package", vehicle_data),
    ROW("package", share),
    ROW("package", package),
    ROW("sharing", share_creation),
    ROW("sharing", share_signing),
    ROW("sharing", share_import),
    ROW("sharing", share_cancel),
    ROW("sharing", share_pin),
    ROW("wired", wired_ca),
    ROW("wired", wired_endpoint),
    ROW("wired", wired_create_endpoint),
    ROW("wired", wired_setup_endpoint),
    ROW("wired", wired_counts),
    ROW("wired", wired_state),
    ROW("wired", wired_setup_instance),
    ROW("wired", wired_notice),
    ROW("wired", wired_set_private),
    ROW("wired", wired_get_private),
    ROW("wired", wired_consent),
    ROW("wired", wired_authorize),
    ROW("wired", wired_friend),
    ROW("wired", wired_authorized),
    ROW("wired", wired_token),
    ROW("wired", wired_endpoints),
    ROW("wired", wired_cas),
};
const size_t test_num_messages = sizeof test_messages / sizeof test_messages[0];

#define OWNER_CREATION "7F4A(4D(I) 46(13) 47(81) 4A(0120) 4B(0640) 4E(0001) 49(P))"
#define FRIEND_CREATION \
    "7F4A(4D(I) 46(03) 47(80) 4A(0120) 4B(0640) 4E(0002) 49(P) 51(D) 52(D) DF01(P))"
#define MAP                                                        \
    "7F4D(C0(0001) C1(0002) C2(0012) C3(0040) D0(0000) D1(0640)"   \
    " D2(20) D3(02) D4(0200) D5(01))"
#define ENTITLEMENT                                                                    \
    "FF20(DF21(00000001) DF23(D) DF24(D) DF25(0002) DF26(I) DF28(K) DF29(00000001) DF2A(D))"
#define FULL_ENTITLEMENT                                                               \
    "FF20(DF21(80000001) DF23(D) DF24(D) DF25() DF26(I) DF27(69 46 0014 7F 0168 0528)" \
    " DF28(K) DF29(00000007) DF2A(D) DF2B(07 I R))"
#define SHARE "7F25(41(01) 92(K) 5A(P) 58(H) 93(91712C44))"
#define SHARE_HEAD "DF40(R) DF41(00) DF42(00) DF43(H)"
#define FRIEND_CAR FRIEND_CREATION "7F4B(L)" MAP CONFIG "5F5F()"
#define ENCRYPTION_KEY "41(01) 4D(I) DF35(K) 5A(P) 93(454E434B) 9E(S)"
#define RECEIPT_VALUE "41(01) 4D(I) DF33(H) DF1E(H) DF36(R) DF32(D) 93(4B545352) 9E(S)"
#define CONFIG "7F4E(4A(000020) 4B(000002))"
#define ALL_CONFIG                                                                        \
    "7F4E(7F49(5F50() 7F52(D0(R) D2())) 4A(000020) 4B(000002) 54(0100) 5B(01010100)"      \
    " D7(01) D8(0008) D9(000102) 7F60(DA(01) DB() DC(0102) DD(10) DE(FF)) 60(4A(01)) 7F2A(AABB))"

const struct test_sample test_samples[] = {
    {"select_framework", "5A(01000101) 5C(0100) D4(02)", 0},
    {"select_framework", "5A(0100) 5C(0200020101000001000200030004 0005) D4(00)", 0},
    {"select_applet", "5C(0100)", 0},
    {"select_applet", "5C(01010100)", 0},
    {"spake2_request", "5B(0101) 5C(01010100) 7F50(C0(R) C1(00008000) C2(0008) C3(0001)) D6(0000)",
     0},
    {"spake2_request_answer", "50(P)", 0},
    {"spake2_verify", "52(P) 57(R)", 0},
    {"spake2_verify_answer", "58(R)", 0},
    {"auth0", "5C(0100) 87(P) 4C(R) 4D(I)", 0},
    {"auth0_answer", "86(P)", 0},
    {"auth0_answer", "86(P) 9D(R)", 1},
    {"auth1", "9E(S)", 0},
    {"auth1_answer", "4E(0001) 9E(S)", 0},
    {"auth1_answer", "4E(I) 9E(S) 57(00000001) 4A(H) 4B(0900)", 3},
    {"exchange", "00", 0},
    {"exchange",
     "01 87(00000001) 8A(0010 AABBCC) 95(00000640 00) 88(00000020) 8B(0000 H)"
     " 96(00200100 FF) 8E(C0(H))",
     7},
    {"exchange_answer", "0002 0000", 0},
    {"exchange_answer", "0001 09 0002 0000", 0},
    {"exchange_answer", "0002 ABCD 0000 0002 0001", 1},
    {"creation", OWNER_CREATION, 0},
    {"creation", FRIEND_CREATION, 0},
    {"mailbox_map", MAP, 0},
    {"mailbox_map", "7F4D(C0(0001) C1(0002) D0(0000) D1(0640) D2(20) D5(01))", 0},
    {"mailbox_map", "7F4D(C0(0001) C1(0002) C3(0040) D0(0000) D1(0640) D2(20) D5(80) 60(C0(0002)))",
     0},
    {"device_configuration", "7F4E()", 0},
    {"device_configuration", CONFIG, 0},
    {"device_configuration", ALL_CONFIG, 0},
    {"device_configuration", "7F4E(7F60())", 0},
    {"pairing_data", OWNER_CREATION "7F4B(L)" MAP CONFIG "5F5F()", 0},
    {"pairing_data", FRIEND_CREATION "7F4B(L) 7F4C(L L)" MAP ALL_CONFIG "5F5F()", 0},
    {"pairing_attestation", "5F5F()", 0},
    {"pairing_attestation",
     "5F5A(41(01) 4D(I) 5A(P) DF1C(01) DF1D(00000001) DF1E(H) 93(56415454) 9E(S)) 5F5F()", 0},
    {"vehicle_attestation", "41(01) 4D(I) 5A(P) DF1C(02) DF1D(00000007) DF1E(H) 93(56415454) 9E(S)",
     0},
    {"vehicle_end", "41(01) 4D(I) DF33(H) DF34(00000003) 93(56454E44) 9E(S)", 0},
    {"termination", "41(01) 4D(I) DF35(K) DF30(01) DF31(I) 93(5445524D) 9E(S)", 0},
    {"termination", "41(01) 4D(I) DF35(K) DF30(01) DF31(I) DF32(D) 93(5445524D) 9E(S)", 0},
    {"encryption_key", ENCRYPTION_KEY, 0},
    {"receipt", RECEIPT_VALUE, 0},
    {"signed_time", "41(01) 4D(I) DF37(00000009) DF32(D) 93(54494D45) 9E(S)", 0},
    {"entitlement", ENTITLEMENT, 0},
    {"entitlement", FULL_ENTITLEMENT, 0},
    {"entitlement",
     "FF20(DF21(00000003) DF23(D) DF24(D) DF25(I) DF26(I) DF28(K) DF29(00000000) DF2A(D) DF2B(02))",
     0},
    {"vehicle_data", "FF23(DF29(00000003) DF2C(R))", 0},
    {"share", SHARE, 0},
    {"package", "7F35(" SHARE "9E(S)" ENTITLEMENT ")", 0},
    {"package", "7F35(" SHARE "9E(S)" FULL_ENTITLEMENT "4E(0002) 48(02) 45(" RECEIPT_VALUE "))", 0},
    {"share_creation",
     "FF10(" SHARE_HEAD ENTITLEMENT "5C(0100) FF22(" FRIEND_CAR ") DF44(426F62) DF45(00))", 0},
    {"share_creation",
     "FF10(" SHARE_HEAD FULL_ENTITLEMENT "5C(01010100) FF22(" FRIEND_CAR ") DF45(01))", 0},
    {"share_signing", "FF11(" SHARE_HEAD "7F20(L) 7F22(L) 7F24(L L) FF21(" ENCRYPTION_KEY "))", 0},
    {"share_import", "FF12(" SHARE_HEAD SHARE "9E(S) DF46(P))", 0},
    {"share_import", "FF12(" SHARE_HEAD SHARE "9E(S) DF46(P) 97(P) 4A(H R))", 0},
    {"share_cancel", "FF13(DF40(R) DF41(01) DF42(03) DF43(H) 5A(22))", 0},
    {"share_pin", "FF14(" SHARE_HEAD "DF47(00) DF48(05))", 0},
    {"share_pin", "FF14(" SHARE_HEAD "DF47(01) DF49(H))", 0},
    {"wired_ca", "5F20(30313233343536373839414243444546)", 0},
    {"wired_endpoint", "50(I)", 0},
    {"wired_create_endpoint", "5F20(R) 50(I) 5C(01010100) DF01(P)" OWNER_CREATION, 0},
    {"wired_create_endpoint", "5F20(H) 50(I) 5C(0100) DF01(P)" FRIEND_CREATION, 0},
    {"wired_setup_endpoint", "50(I)", 0},
    {"wired_setup_endpoint", "50(I) 4A(000020) 4B(000001) DF15(03)", 3},
    {"wired_counts", "DF18(01) DF19(10) DF1A(0F)", 0},
    {"wired_state", "50(I) 4D(I) DF10(02) DF11(01) DF14(01) 4E(0001)", 0},
    {"wired_setup_instance", "DF12(01)", 0},
    {"wired_setup_instance", "DF13(00)", 0},
    {"wired_setup_instance", "DF12(00) DF13(01)", 1},
    {"wired_notice", "DF16(0140) 50(I) 4D(I) DF17(01010100)", 0},
    {"wired_set_private", "50(I) 4B()", 0},
    {"wired_set_private", "50(I) 4B(S S S K)", 0},
    {"wired_get_private", "50(I) DF1B(0640)", 0},
    {"wired_consent", "50(I) 58(H)", 0},
    {"wired_authorize", "50(I) 58(H)", 0},
    {"wired_authorize", "50(I) 58(H) 4A(00200020)", 1},
    {"wired_friend", "7F20(L) 7F22(L) 7F24(L L) FF21(" ENCRYPTION_KEY ")" FULL_ENTITLEMENT, 0},
    {"wired_authorized", SHARE "9E(S)", 0},
    {"wired_authorized", SHARE "9E(S) 97(P) 4A(H R)", 1},
    {"wired_token", "97(P) 4A(H R)", 0},
    {"wired_endpoints", "50(I) 50(I)", 2},
    {"wired_cas", "5F20(41) 5F20(H) 5F20(R)", 3},
};
const size_t test_num_samples = sizeof test_samples / sizeof test_samples[0];

const struct test_message *test_message_find(const char *name)
{
    for (size_t i = 0; i < test_num_messages; i++) {
        if (strcmp(test_messages[i].name, name) == 0)
            return &test_messages[i];
    }
    fprintf(stderr, "no message %s\n", name);
    abort();
}

static const char date[] = "20260131235959Z";

/* Length of a run letter, 0 for other characters. */
static size_t run_length(char c)
{
    static const struct {
        char letter;
        size_t len;
    } runs[] = {{'P', 65}, {'S', 64}, {'H', 32}, {'K', 20}, {'R', 16},
                {'I', 8},  {'L', 300}, {0, 0}};

    for (size_t i = 0; runs[i].letter != 0; i++) {
        if (runs[i].letter == c)
            return runs[i].len;
    }
    return 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void append(uint8_t *out, size_t cap, size_t *len, uint8_t byte)
{
    if (*len >= cap)
        abort();
    out[(*len)++] = byte;
}

/* Puts the length of what follows `at` before it. */
static void close_value(uint8_t *out, size_t cap, size_t *len, size_t at)
{
    size_t value = *len - at;
    size_t head = value < 128 ? 1 : value < 256 ? 2 : 3;

    if (*len + head > cap)
        abort();
    memmove(out + at + head, out + at, value);
    if (head > 1)
        out[at] = head == 2 ? 0x81 : 0x82;
    if (head == 3)
        out[at + 1] = (uint8_t)(value >> 8);
    out[at + head - 1] = (uint8_t)(value & 0xff);
    *len += head;
}

size_t test_sample_bytes(const char *text, uint8_t *out, size_t cap)
{
    size_t open[8];
    size_t depth = 0;
    size_t len = 0;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c == ' ')
            continue;
        if (*c == '(') {
            if (depth == 8)
                abort();
            open[depth++] = len;
        } else if (*c == ')') {
            close_value(out, cap, &len, open[--depth]);
        } else if (run_length(*c) > 0) {
            for (size_t i = 0; i < run_length(*c); i++)
                append(out, cap, &len, *c == 'P' && i == 0 ? 0x04 : (uint8_t)(i * 7 + 1));
        } else if (*c == 'D' && (c[1] == ')')) {
            for (size_t i = 0; i < 15; i++)
                append(out, cap, &len, (uint8_t)date[i]);
        } else {
            int high = digit(c[0]);
            int low = digit(c[1]);
            if (high < 0 || low < 0) {
                fprintf(stderr, "bad sample at: %s\n", c);
                abort();
            }
            append(out, cap, &len, (uint8_t)(high * 16 + low));
            c++;
        }
    }
    return len;
}

uint64_t test_noise(uint64_t *state)
{
    *state ^= (*state & (UINT64_MAX >> 13)) << 13;
    *state ^= *state >> 7;
    *state ^= (*state & (UINT64_MAX >> 17)) << 17;
    return *state;
}

void test_mutate(uint64_t *noise, uint8_t *bytes, size_t *len, size_t cap)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0xff, 0x5f};
    unsigned times = 1 + (unsigned)(test_noise(noise) % 4);

    for (; times > 0; times--) {
        size_t at = *len > 0 ? test_noise(noise) % *len : 0;
        switch (test_noise(noise) % 5) {
        case 0:
            if (*len > 0)
                bytes[at] ^= (uint8_t)(1u << (test_noise(noise) % 8));
            break;
        case 1:
            if (*len > 0)
                bytes[at] = edges[test_noise(noise) % sizeof edges];
            break;
        case 2: /* one byte away */
            if (*len > 0) {
                memmove(bytes + at, bytes + at + 1, *len - at - 1);
                (*len)--;
            }
            break;
        case 3: /* one byte more */
            if (*len < cap) {
                memmove(bytes + at + 1, bytes + at, *len - at);
                bytes[at] = (uint8_t)test_noise(noise);
                (*len)++;
            }
            break;
        default: /* a piece again */
            if (*len > 0) {
                size_t piece = 1 + test_noise(noise) % (*len - at);
                if (piece <= cap - *len) {
                    memmove(bytes + at + piece, bytes + at, *len - at);
                    *len += piece;
                }
            }
            break;
        }
    }
}
