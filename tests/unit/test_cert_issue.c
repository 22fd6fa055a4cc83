/* test_cert_issue.c: what the writer writes, what it refuses, and the facts inside H (D1, S24). */
#include "support/cert_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "latchkey/provider_bearssl.h"
#include "latchkey/provider_openssl.h"
#include "tlv/der.h"

static struct lk_openssl *openssl;
static struct lk_crypto crypto;
static struct test_ca_world world;
static const struct lk_bytes none = {NULL, 0};

static int setup(void **state)
{
    static const uint8_t store_key[32] = {1};
    static const uint8_t id[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

    (void)state;
    openssl = lk_openssl_new(store_key);
    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK)
        return 1;
    return test_ca_world_init(&crypto, id, &world) == LK_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    test_ca_world_forget(&world);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&openssl);
    return 0;
}

static struct lk_cert parsed(const struct test_ca_cert *der)
{
    struct lk_cert cert;

    memset(&cert, 0, sizeof cert);
    assert_int_equal(lk_cert_parse(&crypto, test_ca_bytes(der), &cert), LK_OK);
    return cert;
}

static void roles_and_names(void **state)
{
    struct lk_cert k = parsed(&world.k), h = parsed(&world.h), j = parsed(&world.j);

    (void)state;
    assert_int_equal(k.role, LK_ROLE_VEHICLE);
    assert_int_equal(k.common_name.len, 16);
    assert_memory_equal(k.common_name.at, "0123456789ABCDEF", 16);
    assert_int_equal(h.role, LK_ROLE_ENDPOINT);
    assert_int_equal(j.role, LK_ROLE_VEHICLE_OEM_CA);
    assert_true(lk_bytes_equal(j.issuer, j.subject));
    assert_true(lk_bytes_equal(j.aki, j.ski));
    assert_int_equal(parsed(&world.d).role, LK_ROLE_NONE);
    assert_int_equal(parsed(&world.n).role, LK_ROLE_NONE);
    assert_int_equal(parsed(&world.p).key_usage, 0x08);
    assert_int_equal(parsed(&world.q).key_usage, 0x80);
    assert_string_equal(lk_role_letter(LK_ROLE_ENDPOINT), "H");
    assert_string_equal(lk_role_text(LK_ROLE_VEHICLE), "vehicle public key");
    assert_string_equal(lk_role_letter((enum lk_role)99), "-");
    assert_string_equal(lk_role_text((enum lk_role)99), "no role");
}

/* D33: H begins 2020 as UTCTime and never ends. */
static void H_has_the_dates_of_D33(void **state)
{
    struct lk_cert h = parsed(&world.h);

    (void)state;
    assert_int_equal(h.not_before.len, 13);
    assert_memory_equal(h.not_before.at, "200101000000Z", 13);
    assert_int_equal(h.not_after.len, 15);
    assert_memory_equal(h.not_after.at, "99991231235959Z", 15);
}

static void sizes_stay_below_the_limit(void **state)
{
    (void)state;
    print_message("bytes: J %zu I %zu K %zu D %zu F %zu M %zu N %zu E %zu H %zu P %zu Q %zu\n",
                  world.j.len, world.i.len, world.k.len, world.d.len, world.f.len, world.m.len,
                  world.n.len, world.e.len, world.h.len, world.p.len, world.q.len);
    assert_in_range(world.h.len, 1, 700);
    assert_in_range(world.k.len, 1, 480);
}

static void M94_authorized_key_is_in_H(void **state)
{
    struct lk_cert h = parsed(&world.h), k = parsed(&world.k);
    struct lk_endpoint_facts facts;
    uint8_t value[512];
    size_t len = 0;

    (void)state;
    assert_int_equal(lk_cert_endpoint_facts(&h, &facts), LK_OK);
    assert_memory_equal(facts.authorized_key, world.automaker.public_key, 65);
    assert_memory_equal(facts.vehicle_key, world.vehicle.public_key, 65);
    assert_memory_equal(facts.vehicle_id, world.vehicle_id, 8);
    assert_memory_equal(facts.endpoint_id, world.endpoint_id, 8);
    assert_int_equal(facts.confidential_size, 0x0120);
    assert_int_equal(facts.private_size, 0x0640);
    assert_true(lk_bytes_equal(facts.versions, world.facts.versions));
    assert_int_equal(lk_endpoint_facts_write(&facts, value, sizeof value, &len), LK_OK);
    assert_true(lk_bytes_equal(lk_bytes(value, len), h.role_value));
    assert_int_equal(lk_cert_endpoint_facts(&k, &facts), LK_CERT_ROLE);
}

static void facts_with_dates_read_back(void **state)
{
    struct lk_endpoint_facts facts = world.facts, back;
    struct test_ca_cert h;
    struct lk_cert cert;

    (void)state;
    facts.not_before = lk_bytes("20260101000000Z", 15);
    facts.not_after = lk_bytes("20270101000000Z", 15);
    assert_int_equal(test_ca_issue_h(&world, &facts, &world.endpoint, &h), LK_OK);
    cert = parsed(&h);
    assert_int_equal(lk_cert_endpoint_facts(&cert, &back), LK_OK);
    assert_true(lk_bytes_equal(back.not_after, facts.not_after));
    facts.not_after = lk_bytes("20251231235959Z", 15); /* over before it begins */
    assert_int_equal(test_ca_issue_h(&world, &facts, &world.endpoint, &h), LK_CALLER_ARGUMENT);
}

/* The name of H and the identifier in its extension are one. */
static void H_named_for_another_endpoint_is_refused(void **state)
{
    uint8_t value[512];
    size_t len = 0;
    struct test_ca_cert h;
    struct lk_cert cert;
    struct lk_endpoint_facts facts;

    (void)state;
    assert_int_equal(lk_endpoint_facts_write(&world.facts, value, sizeof value, &len), LK_OK);
    assert_int_equal(test_ca_issue(&crypto, LK_ROLE_ENDPOINT, "0000000000000000",
                                   &world.endpoint, &world.e, &world.instance,
                                   lk_bytes(value, len), &h),
                     LK_OK);
    cert = parsed(&h);
    assert_int_equal(lk_cert_endpoint_facts(&cert, &facts), LK_CERT_NAME);
}

static enum lk_status with_value(const uint8_t *value, size_t len)
{
    struct test_parts parts;
    struct lk_wr wr;
    uint8_t der[1400];
    struct lk_cert cert;
    static const uint8_t head[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82,
                                   0xc4, 0x69, 0x05, 0x04, 0x01, 0x01, 0xff};
    size_t from;

    assert_true(test_parts_take(&crypto, &world.h, &parts));
    lk_wr_init(&wr, parts.data[PART_ROLE], sizeof parts.data[PART_ROLE]);
    lk_wr_put(&wr, head, sizeof head);
    from = wr.len;
    lk_der_put_u16(&wr, LK_DER_INTEGER, 1);
    lk_wr_put(&wr, value, len);
    lk_der_wrap(&wr, from, LK_DER_SEQUENCE);
    lk_der_wrap(&wr, from, LK_DER_OCTET_STRING);
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    parts.len[PART_ROLE] = wr.len;
    from = test_parts_join(&crypto, &parts, world.instance.key, der, sizeof der);
    return lk_cert_parse(&crypto, lk_bytes(der, from), &cert);
}

/* Each field of the extension missing, doubled, a byte shorter or longer. */
static void PK8_every_field_of_the_facts_counts(void **state)
{
    uint8_t value[512], broken[600];
    size_t len = 0;
    enum lk_status fault = LK_OK;
    struct lk_rd rd;

    (void)state;
    assert_int_equal(lk_endpoint_facts_write(&world.facts, value, sizeof value, &len), LK_OK);
    assert_int_equal(with_value(value, len), LK_OK);
    lk_rd_init(&rd, lk_bytes(value, len), &fault);
    while (lk_der_peek(&rd) != 0) {
        size_t at = len - rd.left, size;
        uint8_t tag = lk_der_peek(&rd);

        size = lk_der_whole(&rd, tag).len;
        memcpy(broken, value, at); /* missing */
        memcpy(broken + at, value + at + size, len - at - size);
        assert_int_equal(with_value(broken, len - size), LK_CERT_EXT_VALUE);
        memcpy(broken, value, at + size); /* doubled */
        memcpy(broken + at + size, value + at, len - at);
        assert_int_equal(with_value(broken, len + size), LK_CERT_EXT_VALUE);
        memcpy(broken, value, len); /* one longer than it says, one shorter */
        broken[at + 1]++;
        assert_int_equal(with_value(broken, len), LK_CERT_EXT_VALUE);
        broken[at + 1] = (uint8_t)(broken[at + 1] - 2);
        assert_int_equal(with_value(broken, len), LK_CERT_EXT_VALUE);
    }
    assert_int_equal(fault, LK_OK);
}

static void facts_that_cannot_be_written(void **state)
{
    struct lk_endpoint_facts facts = world.facts;
    uint8_t out[512];
    size_t len = 0, whole = 0;

    (void)state;
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &whole), LK_OK);
    for (size_t cap = 0; cap < whole; cap++)
        assert_int_equal(lk_endpoint_facts_write(&facts, out, cap, &len), LK_CALLER_SPACE);
    facts.slot = none;
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
    facts.slot = lk_bytes("123456789", 9);
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
    facts = world.facts;
    facts.versions = lk_bytes("123", 3);
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
    facts = world.facts;
    facts.not_before = lk_bytes("20260101000000Z", 15);
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
    facts = world.facts;
    facts.vehicle_key = NULL;
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
}

/* The value in spec/certificates.md, section 4, after its version. */
static void facts_as_worked_in_the_spec(void **state)
{
    static const uint8_t head[] = {0x80, 8,    0x4c, 0x4b, 0,    0,    0,    0,    0,    1,
                                   0x81, 8,    0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8,
                                   0x82, 2,    3,    0,    0x83, 2,    0x01, 0x20, 0x84, 2,
                                   0x06, 0x40, 0x85, 2,    0,    1,    0x86, 65};
    struct lk_endpoint_facts facts = world.facts;
    uint8_t out[512];
    size_t len = 0;

    (void)state;
    memcpy(facts.vehicle_id, head + 2, 8);
    memcpy(facts.endpoint_id, head + 12, 8);
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_OK);
    assert_int_equal(len, 174);
    assert_memory_equal(out, head, sizeof head);
    assert_memory_equal(out + sizeof head, facts.vehicle_key, 65);
    assert_memory_equal(out + 103, "\x87\x41", 2);
    assert_memory_equal(out + 105, facts.authorized_key, 65);
    assert_memory_equal(out + 170, "\x8a\x02\x01\x00", 4);
}

static void every_small_buffer_is_refused(void **state)
{
    uint8_t out[LK_CERT_MAX];
    struct lk_cert above;
    struct lk_cert_plan plan;
    size_t len = 77;

    (void)state;
    assert_int_equal(test_ca_plan(&crypto, LK_ROLE_VEHICLE, "0123456789ABCDEF", &world.vehicle,
                                  &world.j, &world.automaker, none, &above, &plan),
                     LK_OK);
    for (size_t cap = 0; cap < 425; cap += 3) {
        assert_int_equal(lk_cert_issue(&crypto, &plan, out, cap, &len), LK_CALLER_SPACE);
        assert_int_equal(len, 77);
    }
}

static enum lk_status entropy(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0x42, len);
    return LK_OK;
}

/* The applet's provider writes the whole set, the car's provider reads it. */
static void written_on_BearSSL_read_on_OpenSSL(void **state)
{
    static struct lk_bearssl bearssl;
    static struct test_ca_world small;
    static const uint8_t store_key[32] = {1}, id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct lk_crypto card;
    struct lk_cert f, e, h, k;
    uint8_t authorized[65];

    (void)state;
    assert_int_equal(lk_bearssl_init(&bearssl, entropy, NULL, store_key), LK_OK);
    assert_int_equal(lk_crypto_init(&card, &bearssl.port), LK_OK);
    assert_int_equal(test_ca_world_init(&card, id, &small), LK_OK);
    assert_int_equal(lk_chain_check_endpoint(&crypto, small.automaker.public_key,
                                             test_ca_bytes(&small.f), test_ca_bytes(&small.e),
                                             test_ca_bytes(&small.h), NULL, &f, &e, &h),
                     LK_OK);
    /* and the other way */
    assert_int_equal(lk_chain_check_vehicle(&card, world.automaker.public_key,
                                            test_ca_bytes(&world.i), test_ca_bytes(&world.ki),
                                            NULL, &k, authorized),
                     LK_OK);
    test_ca_world_forget(&small);
    lk_crypto_forget(&card);
    lk_bearssl_forget(&bearssl);
}

static enum lk_status try(const struct lk_cert_plan *plan)
{
    uint8_t out[LK_CERT_MAX];
    size_t len = 0;

    return lk_cert_issue(&crypto, plan, out, sizeof out, &len);
}

static void plans_outside_the_profile(void **state)
{
    struct lk_cert above;
    struct lk_cert_plan good, plan;

    (void)state;
    assert_int_equal(test_ca_plan(&crypto, LK_ROLE_VEHICLE, "0123456789ABCDEF", &world.vehicle,
                                  &world.j, &world.automaker, none, &above, &good),
                     LK_OK);
    assert_int_equal(try(&good), LK_OK);
#define BAD(change)                                                                                \
    plan = good;                                                                                   \
    change;                                                                                        \
    assert_int_equal(try(&plan), LK_CALLER_ARGUMENT)
    BAD(plan.role = LK_ROLE_NONE);
    BAD(plan.role = LK_ROLE_DEVICE_ENC);
    BAD(plan.role = (enum lk_role)99);
    BAD(plan.role = LK_ROLE_VEHICLE_OEM_CA); /* a root under another */
    BAD(plan.role = LK_ROLE_ENDPOINT);       /* without facts */
    BAD(plan.subject_name = none);
    BAD(plan.subject_name.len = 65);
    BAD(plan.subject_name = lk_bytes("a*b", 3)); /* not a PrintableString */
    BAD(plan.subject_key = NULL);
    BAD(plan.issuer_key = NULL);
    BAD(plan.issuer = none);
    BAD(plan.not_after = "20190101000000Z");
    BAD(plan.not_after = "2030010100000Z");
    BAD(plan.not_after = NULL);
    BAD(plan.not_before = "19491231235959Z");
    BAD(plan.has_path_len = 1);
    BAD(plan.role_value = lk_bytes("\x05", 2));
    BAD(plan.signer = world.server.key);
#undef BAD
    plan = good;
    plan.signer.id = 0;
    assert_int_not_equal(try(&plan), LK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_and_names),
        cmocka_unit_test(H_has_the_dates_of_D33),
        cmocka_unit_test(sizes_stay_below_the_limit),
        cmocka_unit_test(M94_authorized_key_is_in_H),
        cmocka_unit_test(facts_with_dates_read_back),
        cmocka_unit_test(H_named_for_another_endpoint_is_refused),
        cmocka_unit_test(PK8_every_field_of_the_facts_counts),
        cmocka_unit_test(facts_that_cannot_be_written),
        cmocka_unit_test(facts_as_worked_in_the_spec),
        cmocka_unit_test(written_on_BearSSL_read_on_OpenSSL),
        cmocka_unit_test(every_small_buffer_is_refused),
        cmocka_unit_test(plans_outside_the_profile),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
