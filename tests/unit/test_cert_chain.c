/* test_cert_chain.c: the two chains of fixed shape, with every certificate in every place, foreign
 * makers, dates, depth, a failing provider, and the root lists. spec/certificates.md, 5 and 6. */
#include "support/cert_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "latchkey/provider_openssl.h"

static struct lk_openssl *openssl;
static struct lk_crypto_port port; /* a copy, so that a test may make calls fail */
static struct lk_crypto crypto;
static struct test_ca_world world, other; /* two automakers, two device makers */
static const struct lk_bytes none = {NULL, 0};

static int setup(void **state)
{
    static const uint8_t store_key[32] = {1};
    static const uint8_t id[8] = {1, 2, 3, 4, 5, 6, 7, 8}, other_id[8] = {9, 9, 9, 9, 9, 9, 9, 9};

    (void)state;
    openssl = lk_openssl_new(store_key);
    if (openssl == NULL)
        return 1;
    port = *lk_openssl_port(openssl);
    if (lk_crypto_init(&crypto, &port) != LK_OK ||
        test_ca_world_init(&crypto, id, &world) != LK_OK)
        return 1;
    return test_ca_world_init(&crypto, other_id, &other) == LK_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    test_ca_world_forget(&world);
    test_ca_world_forget(&other);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&openssl);
    return 0;
}

static enum lk_status phone_chain(const struct test_ca_cert *f, const struct test_ca_cert *e,
                                  const struct test_ca_cert *h)
{
    struct lk_cert a, b, c;

    return lk_chain_check_endpoint(&crypto, world.automaker.public_key, test_ca_bytes(f),
                                   test_ca_bytes(e), test_ca_bytes(h), NULL, &a, &b, &c);
}

static enum lk_status car_chain(const struct test_ca_cert *i, const struct test_ca_cert *k)
{
    struct lk_cert cert;
    uint8_t authorized[65];

    return lk_chain_check_vehicle(&crypto, world.automaker.public_key,
                                  i != NULL ? test_ca_bytes(i) : none, test_ca_bytes(k), NULL,
                                  &cert, authorized);
}

static void M92_chain_lengths_2_and_3(void **state)
{
    struct lk_cert k;
    uint8_t authorized[65], id[8];

    (void)state;
    assert_int_equal(lk_chain_check_vehicle(&crypto, world.automaker.public_key, none,
                                            test_ca_bytes(&world.k), NULL, &k, authorized),
                     LK_OK);
    assert_memory_equal(authorized, world.automaker.public_key, 65);
    assert_memory_equal(k.public_key, world.vehicle.public_key, 65);
    assert_int_equal(lk_chain_check_vehicle(&crypto, world.automaker.public_key,
                                            test_ca_bytes(&world.i), test_ca_bytes(&world.ki),
                                            NULL, &k, authorized),
                     LK_OK);
    assert_memory_equal(authorized, world.intermediate.public_key, 65);
    assert_int_equal(lk_cert_vehicle_id(&k, id), LK_OK);
    assert_memory_equal(id, world.vehicle_id, 8);
    assert_int_equal(phone_chain(&world.f, &world.e, &world.h), LK_OK);
}

static void M93_foreign_root_refused(void **state)
{
    (void)state;
    assert_int_equal(car_chain(NULL, &other.k), LK_CERT_AKI);
    assert_int_equal(car_chain(&other.i, &other.ki), LK_CERT_AKI);
    assert_int_equal(phone_chain(&other.f, &other.e, &other.h), LK_CERT_AKI);
    /* one link of the other family at a time */
    assert_int_equal(phone_chain(&world.f, &other.e, &other.h), LK_CERT_AKI);
    assert_int_equal(phone_chain(&world.f, &world.e, &other.h), LK_CERT_AKI);
    assert_int_equal(car_chain(&world.i, &world.k), LK_CERT_ISSUER);
    assert_int_equal(car_chain(NULL, &world.ki), LK_CERT_AKI);
}

/* N is the applet's own word for itself; only the device maker makes an E of it. */
static void M98_self_made_instance_ca_refused(void **state)
{
    struct test_ca_cert e, h;
    struct lk_cert_plan plan;
    struct lk_cert above;
    struct test_ca_key rogue;

    (void)state;
    assert_int_equal(phone_chain(&world.f, &world.n, &world.h), LK_CERT_ROLE);
    /* an E that names the device maker as issuer, signed by a key of its own */
    assert_int_equal(test_ca_key_make(&crypto, &rogue), LK_OK);
    assert_int_equal(test_ca_plan(&crypto, LK_ROLE_INSTANCE_CA, "00112233445566AA",
                                  &world.instance, &world.f, &world.device_maker, none, &above,
                                  &plan),
                     LK_OK);
    plan.signer = rogue.key;
    plan.issuer_key = rogue.public_key;
    assert_int_equal(lk_cert_issue(&crypto, &plan, e.der, sizeof e.der, &e.len), LK_OK);
    assert_int_equal(phone_chain(&world.f, &e, &world.h), LK_CERT_AKI);
    /* the writer does not sign with one key in the name of another */
    plan.issuer_key = world.device_maker.public_key;
    assert_int_equal(lk_cert_issue(&crypto, &plan, h.der, sizeof h.der, &h.len),
                     LK_CALLER_ARGUMENT);
    lk_key_free(&crypto, &rogue.key);
}

/* The car knows one key and no certificate, and judges phones of two makers. */
static void M100_car_only_root(void **state)
{
    struct test_ca_cert f, e, h;
    struct test_ca_world second = other; /* the other device maker, signed by our automaker */

    (void)state;
    assert_int_equal(test_ca_issue(&crypto, LK_ROLE_EXTERNAL_CA, "Second Device Maker",
                                   &other.device_maker, &world.j, &world.automaker, none, &f),
                     LK_OK);
    second.f = f;
    assert_int_equal(test_ca_issue_e(&second, test_ca_bytes(&other.n), &e), LK_OK);
    second.e = e;
    assert_int_equal(test_ca_issue_h(&second, &world.facts, &other.endpoint, &h), LK_OK);
    assert_int_equal(phone_chain(&world.f, &world.e, &world.h), LK_OK);
    assert_int_equal(phone_chain(&f, &e, &h), LK_OK);
    assert_int_equal(phone_chain(&world.f, &e, &h), LK_CERT_ISSUER);
}

static void M99_external_ca_is_the_device_makers_key(void **state)
{
    struct lk_cert d, f;

    (void)state;
    assert_int_equal(lk_cert_parse(&crypto, test_ca_bytes(&world.d), &d), LK_OK);
    assert_int_equal(lk_cert_parse(&crypto, test_ca_bytes(&world.f), &f), LK_OK);
    assert_memory_equal(d.public_key, f.public_key, 65);
    assert_true(lk_bytes_equal(d.subject, f.subject));
    assert_int_equal(f.role, LK_ROLE_EXTERNAL_CA);
    assert_int_equal(lk_cert_verify(&crypto, &f, world.automaker.public_key), LK_OK);
    assert_int_equal(lk_cert_verify(&crypto, &f, other.automaker.public_key), LK_CERT_SIGNATURE);
}

#define NUM_LETTERS 14

static void letters(const struct test_ca_cert **out)
{
    const struct test_ca_cert *all[NUM_LETTERS] = {
        &world.j, &world.i, &world.k, &world.ki, &world.d, &world.f, &world.m,
        &world.n, &world.e, &world.h, &world.p,  &world.q, &world.r, &other.f};

    memcpy(out, all, sizeof all);
}

/* Every certificate in every place of both chains, alone and all combinations of three. */
static void PK4_every_letter_in_every_place(void **state)
{
    const struct test_ca_cert *all[NUM_LETTERS];
    size_t num_good = 0;

    (void)state;
    letters(all);
    for (size_t a = 0; a < NUM_LETTERS; a++) {
        for (size_t b = 0; b < NUM_LETTERS; b++) {
            int expect_car = all[a] == &world.i && all[b] == &world.ki;

            assert_int_equal(car_chain(all[a], all[b]) == LK_OK, expect_car);
            for (size_t c = 0; c < NUM_LETTERS; c++) {
                int is_right = all[a] == &world.f && all[b] == &world.e && all[c] == &world.h;
                int is_good = phone_chain(all[a], all[b], all[c]) == LK_OK;

                assert_int_equal(is_good, is_right);
                num_good += is_good ? 1 : 0;
            }
        }
        assert_int_equal(car_chain(NULL, all[a]) == LK_OK, all[a] == &world.k);
    }
    assert_int_equal(num_good, 1);
}

/* In the last place, where the issuer is right, it is the role that is named. */
static void PK4_role_is_named(void **state)
{
    (void)state;
    assert_int_equal(car_chain(NULL, &world.f), LK_CERT_ROLE);
    assert_int_equal(car_chain(NULL, &world.q), LK_CERT_ROLE);
    assert_int_equal(car_chain(NULL, &world.p), LK_CERT_ROLE);
    assert_int_equal(car_chain(NULL, &world.h), LK_CERT_ROLE);
    assert_int_equal(phone_chain(&world.i, &world.e, &world.h), LK_CERT_ROLE);
    assert_int_equal(phone_chain(&world.d, &world.e, &world.h), LK_CERT_ROLE);
    assert_int_equal(phone_chain(&world.j, &world.e, &world.h), LK_CERT_ROLE);
    assert_int_equal(phone_chain(&world.f, &world.e, &world.k), LK_CERT_ROLE);
    assert_int_equal(phone_chain(&world.h, &world.e, &world.f), LK_CERT_ROLE);
}

static void PK5_depth_and_size(void **state)
{
    static uint8_t large[65536];
    struct test_ca_cert empty = {.len = 0};
    struct lk_cert cert;

    (void)state;
    assert_int_equal(phone_chain(&empty, &world.e, &world.h), LK_CERT_DEPTH);
    assert_int_equal(phone_chain(&world.f, &empty, &world.h), LK_CERT_DEPTH);
    assert_int_equal(phone_chain(&world.f, &world.e, &empty), LK_CERT_DEPTH);
    assert_int_equal(car_chain(NULL, &empty), LK_CERT_DEPTH);
    memset(large, 0x30, sizeof large);
    assert_int_equal(lk_cert_parse(&crypto, lk_bytes(large, sizeof large), &cert), LK_CERT_SIZE);
    assert_int_equal(lk_cert_parse(&crypto, lk_bytes(large, 1025), &cert), LK_CERT_SIZE);
    assert_int_equal(lk_cert_parse(&crypto, lk_bytes(large, 1024), &cert), LK_CERT_DER);
    /* a cycle: a certificate in the place of its own issuer */
    assert_int_equal(phone_chain(&world.f, &world.f, &world.f), LK_CERT_ROLE);
    assert_int_equal(car_chain(&world.i, &world.i), LK_CERT_ROLE);
}

/* F, E and the intermediate with another path length than the place allows. */
static void PK2_path_length(void **state)
{
    static const int lengths[] = {-1, 0, 1, 2, 3};
    struct lk_cert above;
    struct lk_cert_plan plan;
    struct test_ca_cert f;

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(test_ca_plan(&crypto, LK_ROLE_EXTERNAL_CA, "Test Device Maker",
                                      &world.device_maker, &world.j, &world.automaker, none,
                                      &above, &plan),
                         LK_OK);
        plan.has_path_len = lengths[i] >= 0;
        plan.path_len = (uint8_t)(lengths[i] >= 0 ? lengths[i] : 0);
        assert_int_equal(lk_cert_issue(&crypto, &plan, f.der, sizeof f.der, &f.len), LK_OK);
        assert_int_equal(phone_chain(&f, &world.e, &world.h),
                         lengths[i] == 1 ? LK_OK : LK_CERT_PATH_LEN);
    }
}

/* The two leaves whose names carry an identifier: it must be one, and the right one (D2). */
static void leaves_are_named_by_their_identifier(void **state)
{
    static const char *const names[] = {"0102030405060708X", "010203040506070", "010203040506070g",
                                        "abcdef0123456789", "My car"};
    struct test_ca_cert k, h;
    uint8_t value[512];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(test_ca_issue(&crypto, LK_ROLE_VEHICLE, names[i], &world.vehicle,
                                       &world.j, &world.automaker, none, &k),
                         LK_OK);
        assert_int_equal(car_chain(NULL, &k), LK_CERT_NAME);
    }
    assert_int_equal(lk_endpoint_facts_write(&world.facts, value, sizeof value, &len), LK_OK);
    assert_int_equal(test_ca_issue(&crypto, LK_ROLE_ENDPOINT, "0000000000000000",
                                   &world.endpoint, &world.e, &world.instance,
                                   lk_bytes(value, len), &h),
                     LK_OK);
    assert_int_equal(phone_chain(&world.f, &world.e, &h), LK_CERT_NAME);
}

/* The right name over another key, and the right key identifier over another signature. */
static void PK11_no_trust_in_names(void **state)
{
    struct test_ca_cert j, f, k;
    struct test_ca_key rogue;
    struct test_parts parts;
    char id[17];

    (void)state;
    test_ca_hex(world.vehicle_id, id);
    assert_int_equal(test_ca_key_make(&crypto, &rogue), LK_OK);
    assert_int_equal(test_ca_issue(&crypto, LK_ROLE_VEHICLE_OEM_CA, "Test Automaker Root", &rogue,
                                   NULL, NULL, none, &j),
                     LK_OK);
    assert_int_equal(test_ca_issue(&crypto, LK_ROLE_VEHICLE, id, &world.vehicle, &j, &rogue, none,
                                   &k),
                     LK_OK);
    assert_int_equal(car_chain(NULL, &k), LK_CERT_AKI);
    /* the key identifier of the true root, the signature of the rogue */
    assert_true(test_parts_take(&crypto, &world.k, &parts));
    k.len = test_parts_join(&crypto, &parts, rogue.key, k.der, sizeof k.der);
    assert_int_equal(car_chain(NULL, &k), LK_CERT_SIGNATURE);
    assert_true(test_parts_take(&crypto, &world.f, &parts));
    f.len = test_parts_join(&crypto, &parts, rogue.key, f.der, sizeof f.der);
    assert_int_equal(phone_chain(&f, &world.e, &world.h), LK_CERT_SIGNATURE);
    lk_key_free(&crypto, &rogue.key);
}

static struct lk_date at(const char *text)
{
    struct lk_date now = {.is_known = 1};

    memcpy(now.text, text, LK_DATE_LEN);
    return now;
}

static enum lk_status car_chain_at(const struct test_ca_cert *k, const char *text)
{
    struct lk_date now = at(text);
    struct lk_cert cert;
    uint8_t authorized[65];

    return lk_chain_check_vehicle(&crypto, world.automaker.public_key, none, test_ca_bytes(k),
                                  &now, &cert, authorized);
}

static void PK7_dates(void **state)
{
    static const struct {
        const char *from, *to, *now;
        enum lk_status expect;
    } rows[] = {
        {"20200101000000Z", "20300101000000Z", "20191231235959Z", LK_CERT_NOT_YET},
        {"20200101000000Z", "20300101000000Z", "20200101000000Z", LK_OK},
        {"20200101000000Z", "20300101000000Z", "20300101000000Z", LK_OK},
        {"20200101000000Z", "20300101000000Z", "20300101000001Z", LK_CERT_EXPIRED},
        {"20200101000000Z", "20450101000000Z", "20380119031408Z", LK_OK}, /* 2^31 seconds */
        {"20200101000000Z", "20491231235959Z", "20491231235959Z", LK_OK},
        {"20200101000000Z", "20491231235959Z", "20500101000000Z", LK_CERT_EXPIRED},
        {"20200101000000Z", "20500101000000Z", "20500101000000Z", LK_OK},
        {"20200101000000Z", "20500101000000Z", "20491231235959Z", LK_OK},
        {"20500101000000Z", "20600101000000Z", "20491231235959Z", LK_CERT_NOT_YET},
        {"19500101000000Z", "20491231235959Z", "19500101000000Z", LK_OK},
        {"19990101000000Z", "20010101000000Z", "20000229000000Z", LK_OK},
        {"20200101000000Z", "99991231235959Z", "99991231235959Z", LK_OK},
        {"20200101000000Z", "99991231235959Z", "20230229000000Z", LK_CALLER_ARGUMENT},
        {"20200101000000Z", "99991231235959Z", "2023010100000Z0", LK_CALLER_ARGUMENT},
    };
    char id[17];

    (void)state;
    test_ca_hex(world.vehicle_id, id);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_cert above;
        struct lk_cert_plan plan;
        struct test_ca_cert k;

        assert_int_equal(test_ca_plan(&crypto, LK_ROLE_VEHICLE, id, &world.vehicle, &world.j,
                                      &world.automaker, none, &above, &plan),
                         LK_OK);
        plan.not_before = rows[i].from;
        plan.not_after = rows[i].to;
        assert_int_equal(lk_cert_issue(&crypto, &plan, k.der, sizeof k.der, &k.len), LK_OK);
        assert_int_equal(car_chain_at(&k, rows[i].now), rows[i].expect);
        assert_int_equal(car_chain(NULL, &k), LK_OK); /* no clock: dates are not judged */
    }
}

/* --- PK14: the n-th call of the provider fails --- */

static struct lk_crypto_port whole;
static unsigned calls, fail_at;

static int fails(void)
{
    calls++;
    return calls == fail_at;
}

static enum lk_status fail_sha256(void *ctx, const struct lk_bytes *parts, size_t num,
                                  uint8_t out[32])
{
    return fails() ? LK_PORT_CRYPTO : whole.sha256(ctx, parts, num, out);
}

static enum lk_status fail_sha1(void *ctx, const struct lk_bytes *parts, size_t num,
                                uint8_t out[20])
{
    return fails() ? LK_PORT_CRYPTO : whole.sha1(ctx, parts, num, out);
}

static enum lk_status fail_verify(void *ctx, const uint8_t key[65], const uint8_t hash[32],
                                  const uint8_t signature[64])
{
    return fails() ? LK_PORT_CRYPTO : whole.ec_verify(ctx, key, hash, signature);
}

static enum lk_status fail_check(void *ctx, const uint8_t point[65])
{
    return fails() ? LK_PORT_CRYPTO : whole.ec_check(ctx, point);
}

static enum lk_status fail_sign(void *ctx, struct lk_key key, const uint8_t hash[32],
                                uint8_t out[64])
{
    return fails() ? LK_PORT_CRYPTO : whole.ec_sign(ctx, key, hash, out);
}

static enum lk_status phone_run(void)
{
    return phone_chain(&world.f, &world.e, &world.h);
}

static enum lk_status car_run(void)
{
    return car_chain(&world.i, &world.ki);
}

static enum lk_status issue_run(void)
{
    struct test_ca_cert h;

    return test_ca_issue_h(&world, &world.facts, &world.endpoint, &h);
}

static enum lk_status root_run(void)
{
    static const struct lk_root_policy policy = {.is_production = 0};

    return lk_root_check(&crypto, &policy, world.automaker.public_key);
}

/* Makes call 1, 2, 3 ... fail until a run passes without a failure. */
static unsigned each_call(enum lk_status (*run)(void))
{
    for (fail_at = 1; fail_at < 200; fail_at++) {
        enum lk_status status;

        calls = 0;
        status = run();
        if (calls < fail_at) {
            assert_int_equal(status, LK_OK);
            return fail_at - 1;
        }
        assert_int_equal(status, LK_PORT_CRYPTO);
    }
    fail_msg("a check without end");
    return 0;
}

static void PK14_every_port_call_fails_in_turn(void **state)
{
    (void)state;
    whole = port;
    port.sha256 = fail_sha256;
    port.sha1 = fail_sha1;
    port.ec_verify = fail_verify;
    port.ec_check = fail_check;
    port.ec_sign = fail_sign;
    /* three certificates: one point check, one identifier, one hash, one verification each; and
     * the root's identifier */
    assert_in_range(each_call(phone_run), 13, 20);
    assert_in_range(each_call(car_run), 9, 15);
    assert_in_range(each_call(issue_run), 6, 20);
    assert_in_range(each_call(root_run), 1, 1);
    port = whole;
}

/* keyUsage of one role on each other: the parse names it. */
static void PK15_key_usage_of_every_role(void **state)
{
    static const char *const usages[] = {
        "300e0603551d0f0101ff0404 03020780", "300e0603551d0f0101ff0404 03020640",
        "300e0603551d0f0101ff0404 03020520", "300e0603551d0f0101ff0404 03020410",
        "300e0603551d0f0101ff0404 03020308", "300e0603551d0f0101ff0404 03020204",
        "300e0603551d0f0101ff0404 03020102"};
    const struct test_ca_cert *all[NUM_LETTERS];

    (void)state;
    letters(all);
    for (size_t i = 0; i < NUM_LETTERS; i++) {
        struct lk_cert good, cert;
        struct test_parts parts;
        uint8_t der[1400];

        assert_int_equal(lk_cert_parse(&crypto, test_ca_bytes(all[i]), &good), LK_OK);
        for (size_t u = 0; u < sizeof usages / sizeof usages[0]; u++) {
            uint8_t bit = (uint8_t)(0x80 >> u);
            int is_right = bit == good.key_usage || (bit == 0x10 && good.key_usage == 0x08);
            size_t len;

            assert_true(test_parts_take(&crypto, all[i], &parts));
            assert_true(test_parts_set(&parts, PART_KEY_USAGE, usages[u]));
            len = test_parts_join(&crypto, &parts, world.automaker.key, der, sizeof der);
            assert_int_equal(lk_cert_parse(&crypto, lk_bytes(der, len), &cert),
                             is_right ? LK_OK : LK_CERT_KEY_USAGE);
        }
    }
}

static void spki_hash(const uint8_t *key, uint8_t out[32])
{
    static const uint8_t head[26] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
    struct lk_bytes parts[2] = {{head, sizeof head}, {key, 65}};

    assert_int_equal(lk_sha256(&crypto, parts, 2, out), LK_OK);
}

static void S21_production_allow_list(void **state)
{
    uint8_t allowed[1][32], test[1][32];
    struct lk_root_policy policy = {1, (const uint8_t(*)[32])allowed, 1,
                                    (const uint8_t(*)[32])test, 1};
    const uint8_t *ours = world.automaker.public_key, *theirs = other.automaker.public_key;

    (void)state;
    spki_hash(ours, allowed[0]);
    spki_hash(theirs, test[0]);
    assert_int_equal(lk_root_check(&crypto, &policy, ours), LK_OK);
    assert_int_equal(lk_root_check(&crypto, &policy, theirs), LK_CERT_TEST_ROOT);
    assert_int_equal(lk_root_check(&crypto, &policy, world.vehicle.public_key), LK_CERT_ROOT);
    memcpy(test[0], allowed[0], 32); /* on both lists: the refusal wins */
    assert_int_equal(lk_root_check(&crypto, &policy, ours), LK_CERT_TEST_ROOT);
    policy.num_test = 0;
    policy.num_allowed = 0; /* an empty list allows nothing */
    assert_int_equal(lk_root_check(&crypto, &policy, ours), LK_CERT_ROOT);
    policy.num_allowed = 1;
    policy.is_production = 0;
    assert_int_equal(lk_root_check(&crypto, &policy, ours), LK_CERT_ROOT);
    assert_int_equal(lk_root_check(&crypto, &policy, theirs), LK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M92_chain_lengths_2_and_3),
        cmocka_unit_test(M93_foreign_root_refused),
        cmocka_unit_test(M98_self_made_instance_ca_refused),
        cmocka_unit_test(M99_external_ca_is_the_device_makers_key),
        cmocka_unit_test(M100_car_only_root),
        cmocka_unit_test(PK2_path_length),
        cmocka_unit_test(PK4_every_letter_in_every_place),
        cmocka_unit_test(PK4_role_is_named),
        cmocka_unit_test(PK5_depth_and_size),
        cmocka_unit_test(PK7_dates),
        cmocka_unit_test(leaves_are_named_by_their_identifier),
        cmocka_unit_test(PK11_no_trust_in_names),
        cmocka_unit_test(PK14_every_port_call_fails_in_turn),
        cmocka_unit_test(PK15_key_usage_of_every_role),
        cmocka_unit_test(S21_production_allow_list),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
