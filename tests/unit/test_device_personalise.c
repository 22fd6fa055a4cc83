/* Personalisation: whose root is pinned, which F and E are taken, what survives a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/device_world.h"

#define phone (test_world.phone)
#define crypto (&test_world.crypto)

static struct test_ca_world other;

static int begin(void **state)
{
    test_world_begin(state);
    assert_int_equal(test_ca_world_init(crypto, (const uint8_t[8]){0, 7, 1, 2, 3, 4, 5, 6}, &other),
                     LK_OK);
    return 0;
}

static int end(void **state)
{
    test_ca_world_forget(&other);
    return test_world_end(state);
}

static int bare(void **state)
{
    (void)state;
    test_phone_init_bare(&phone);
    return 0;
}

static enum lk_status create(const struct test_ca_cert *root, struct test_ca_cert *out)
{
    return lk_device_create_ca(&phone.device, test_ca_bytes(root), out->der, sizeof out->der,
                               &out->len);
}

static enum lk_status install(const struct test_ca_cert *f, const struct test_ca_cert *e)
{
    return lk_device_install_ca(&phone.device, test_ca_bytes(f), test_ca_bytes(e));
}

static size_t num_cas(void)
{
    size_t num = 0;

    for (size_t i = 0; i < LK_APPLET_NUM_CAS; i++)
        num += phone.applet.cas[i].name_len > 0;
    return num;
}

static void M95_one_instance_ca_per_automaker(void **state)
{
    struct test_ca_cert n1, n2, e;

    (void)state;
    assert_int_equal(create(&test_world.world.j, &n1), LK_OK);
    assert_int_equal(create(&other.j, &n2), LK_OK);
    assert_int_equal(test_ca_issue_e(&test_world.world, test_ca_bytes(&n1), &e), LK_OK);
    assert_int_equal(install(&test_world.world.f, &e), LK_OK);
    assert_int_equal(test_ca_issue_e(&other, test_ca_bytes(&n2), &e), LK_OK);
    assert_int_equal(install(&other.f, &e), LK_OK);
    assert_int_equal(num_cas(), 2);
    /* Nothing in common: neither name nor key. */
    const struct lk_automaker *a = &phone.device.automakers[0], *b = &phone.device.automakers[1];
    assert_memory_not_equal(a->ca_name, b->ca_name, 16);
    assert_memory_not_equal(a->ca_key, b->ca_key, 65);
    test_phone_restart(&phone);
    assert_memory_equal(a->root_key, test_world.world.automaker.public_key, 65);
    assert_int_equal(b->f_len, other.f.len);
    assert_memory_equal(b->f, other.f.der, other.f.len);
    assert_int_equal(b->e_len, e.len);
    assert_memory_equal(b->e, e.der, e.len);
}

static void M93_foreign_root_refused(void **state)
{
    struct test_ca_cert n, e, j = test_world.world.j;

    (void)state;
    /* Not a root at all, a root with a forged signature, a root that this build does not know. */
    assert_int_equal(create(&test_world.world.f, &n), LK_CERT_ROLE);
    j.der[j.len - 1] ^= 1;
    assert_int_equal(create(&j, &n), LK_CERT_SIGNATURE);
    phone.policy.is_production = 1;
    assert_int_equal(create(&test_world.world.j, &n), LK_CERT_ROOT);
    phone.policy.is_production = 0;
    assert_int_equal(num_cas(), 0);

    assert_int_equal(create(&test_world.world.j, &n), LK_OK);
    assert_int_equal(test_ca_issue_e(&other, test_ca_bytes(&n), &e), LK_OK);
    assert_int_equal(install(&other.f, &e), LK_CERT_AKI);
    assert_int_equal(install(&test_world.world.f, &e), LK_CERT_AKI);
    assert_int_equal(phone.device.automakers[0].e_len, 0);
}

static void e_for_another_key_or_name_refused(void **state)
{
    struct test_ca_cert n, e;
    char name[17] = {0};

    (void)state;
    assert_int_equal(create(&test_world.world.j, &n), LK_OK);
    assert_int_equal(install(&test_world.world.f, &test_world.world.e), LK_CERT_MISMATCH);
    memcpy(name, phone.device.automakers[0].ca_name, 16);
    assert_int_equal(test_ca_issue(crypto, LK_ROLE_INSTANCE_CA, name, &test_world.world.server,
                                   &test_world.world.d, &test_world.world.device_maker,
                                   (struct lk_bytes){NULL, 0}, &e),
                     LK_OK);
    assert_int_equal(install(&test_world.world.f, &e), LK_CERT_MISMATCH);
    /* E and F swapped. */
    assert_int_equal(test_ca_issue_e(&test_world.world, test_ca_bytes(&n), &e), LK_OK);
    assert_int_equal(install(&e, &test_world.world.f), LK_CERT_MISMATCH);
    assert_int_equal(install(&e, &e), LK_CERT_ROLE);
    assert_int_equal(install(&test_world.world.f, &e), LK_OK);
}

/* Well signed, and yet not what stands in that place. */
static void PK5_names_and_path_lengths_of_the_chain(void **state)
{
    const struct lk_bytes none = {NULL, 0};
    struct test_ca_world *world = &test_world.world;
    struct test_ca_cert n, e, f;
    struct lk_cert_plan plan;
    struct lk_cert above;

    (void)state;
    assert_int_equal(create(&world->j, &n), LK_OK);
    assert_int_equal(test_ca_issue_e(world, test_ca_bytes(&n), &e), LK_OK);
    /* F that may have two more CAs below it. */
    assert_int_equal(test_ca_plan(crypto, LK_ROLE_EXTERNAL_CA, "Test Device Maker",
                                  &world->device_maker, &world->j, &world->automaker, none, &above,
                                  &plan),
                     LK_OK);
    plan.path_len = 2;
    assert_int_equal(lk_cert_issue(crypto, &plan, f.der, sizeof f.der, &f.len), LK_OK);
    assert_int_equal(install(&f, &e), LK_CERT_PATH_LEN);
    /* F of the same key under another name than E says. */
    assert_int_equal(test_ca_issue(crypto, LK_ROLE_EXTERNAL_CA, "Another Maker",
                                   &world->device_maker, &world->j, &world->automaker, none, &f),
                     LK_OK);
    assert_int_equal(install(&f, &e), LK_CERT_ISSUER);
    assert_int_equal(phone.device.automakers[0].e_len, 0);
    assert_int_equal(install(&world->f, &e), LK_OK);
}

static void LI10_no_room_for_another_automaker(void **state)
{
    struct test_ca_cert n;

    (void)state;
    for (uint8_t i = 0; i < LK_DEVICE_NUM_AUTOMAKERS; i++) {
        phone.device.automakers[i].is_used = 1;
        phone.device.automakers[i].root_key[0] = i;
    }
    assert_int_equal(create(&test_world.world.j, &n), LK_CALLER_FULL);
    assert_int_equal(num_cas(), 0);
}

static void made_again_until_it_is_certified(void **state)
{
    struct test_ca_cert n1, n2, e;

    (void)state;
    assert_int_equal(create(&test_world.world.j, &n1), LK_OK);
    assert_int_equal(create(&test_world.world.j, &n2), LK_OK);
    assert_int_equal(num_cas(), 1);
    assert_int_equal(test_ca_issue_e(&test_world.world, test_ca_bytes(&n1), &e), LK_OK);
    assert_int_equal(install(&test_world.world.f, &e), LK_CERT_MISMATCH);
    assert_int_equal(test_ca_issue_e(&test_world.world, test_ca_bytes(&n2), &e), LK_OK);
    assert_int_equal(install(&test_world.world.f, &e), LK_OK);
    assert_int_equal(create(&test_world.world.j, &n1), LK_CALLER_EXISTS);
}

static void element_that_fails_leaves_no_ca_behind(void **state)
{
    struct test_ca_cert n;

    (void)state;
    for (uint32_t at = 1;; at++) {
        phone.element_calls = 0;
        phone.element_fail_at = at;
        enum lk_status status = create(&test_world.world.j, &n);

        if (status == LK_OK)
            break;
        assert_int_equal(status, LK_PORT_ELEMENT);
        phone.element_fail_at = 0;
        test_phone_restart(&phone);
        assert_in_range(num_cas(), 0, 1);
        assert_true(at < 20);
    }
    assert_int_equal(num_cas(), 1);
}

static void unpersonalised_phone_makes_no_key(void **state)
{
    struct test_car car;

    (void)state;
    assert_int_equal(lk_device_enter_password(&phone.device, TEST_PASSWORD, phone.now_ms), LK_OK);
    test_car_init(&car, crypto, &test_world.world, TEST_PASSWORD);
    assert_false(test_car_pair(&car, &phone));
    assert_int_equal(car.status, LK_CERT_ROOT);
    assert_int_equal(test_phone_num_endpoints(&phone), 0);
}

/* A renewal that the journal refuses leaves the certificates that were there. */
static void failed_renewal_keeps_the_old_certificates(void **state)
{
    struct test_ca_cert f = test_world.world.f, e;
    struct lk_automaker before;

    (void)state;
    test_phone_forget(&phone);
    test_phone_init(&phone, &test_world.world);
    e = phone.e;
    before = phone.device.automakers[0];
    assert_int_not_equal(before.e_len, 0);
    phone.host.flash.fail_at = phone.host.flash.writes + 1;
    assert_int_equal(install(&f, &e), LK_PORT_STORE);
    assert_memory_equal(&phone.device.automakers[0], &before, sizeof before);
}

#define T(test) cmocka_unit_test_setup_teardown(test, bare, test_world_done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(M95_one_instance_ca_per_automaker),      T(M93_foreign_root_refused),
        T(e_for_another_key_or_name_refused),      T(made_again_until_it_is_certified),
        T(PK5_names_and_path_lengths_of_the_chain), T(LI10_no_room_for_another_automaker),
        T(element_that_fails_leaves_no_ca_behind), T(unpersonalised_phone_makes_no_key),
        T(failed_renewal_keeps_the_old_certificates),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
