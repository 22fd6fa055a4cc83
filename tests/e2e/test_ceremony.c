/* test_ceremony.c: roots made and cross-signed in folders, a car's K, a phone's E, and the two
 * environments kept apart. spec/certificates.md, section 7. */
#include "../../cli/ceremony.c"
#include "../../cli/ceremony_set.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "latchkey/provider_openssl.h"
#include "support/ca.h"

/* The few helpers of the program that the ceremony uses; the program's own print errors too. */
enum lk_status cli_read_file(const char *where, uint8_t *out, size_t cap, size_t *out_len)
{
    FILE *file = fopen(where, "rb");

    if (file == NULL)
        return LK_CALLER_FILE;
    *out_len = fread(out, 1, cap, file);
    fclose(file);
    return LK_OK;
}

enum lk_status cli_write_file(const char *where, const void *data, size_t len, unsigned mode)
{
    FILE *file = fopen(where, "wb");

    if (file == NULL)
        return LK_CALLER_FILE;
    fwrite(data, 1, len, file);
    fclose(file);
    return chmod(where, (mode_t)mode) == 0 ? LK_OK : LK_CALLER_FILE;
}

char *cli_hex(const uint8_t *data, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", data[i]);
    return out;
}

char *cli_hex_upper(const uint8_t *data, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        (void)snprintf(out + 2 * i, 3, "%02X", data[i]);
    return out;
}

int cli_unhex(const char *text, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned value;

        if (sscanf(text + 2 * i, "%2x", &value) != 1)
            return 0;
        out[i] = (uint8_t)value;
    }
    return text[2 * len] == 0;
}

static struct lk_openssl *openssl;
static struct lk_crypto crypto;
static struct ceremony office;
static struct test_ca_world world; /* for an N */
static char base[] = "/tmp/latchkey-ceremony-XXXXXX";
static char automaker[64], maker[64], car[64], f_path[80];

static int setup(void **state)
{
    static const uint8_t store_key[32] = {1}, id[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    openssl = lk_openssl_new(store_key);
    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK ||
        test_ca_world_init(&crypto, id, &world) != LK_OK || mkdtemp(base) == NULL)
        return 1;
    ceremony_begin(&office, &crypto, lk_openssl_port(openssl));
    (void)snprintf(automaker, sizeof automaker, "%s/aurora", base);
    (void)snprintf(maker, sizeof maker, "%s/pomelo", base);
    (void)snprintf(car, sizeof car, "%s/car", base);
    (void)snprintf(f_path, sizeof f_path, "%s/f.der", maker);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", base);
    test_ca_world_forget(&world);
    lk_openssl_free(&openssl);
    return system(command);
}

static struct lk_bytes load(const char *where, struct test_ca_cert *out)
{
    assert_int_equal(cli_read_file(where, out->der, sizeof out->der, &out->len), LK_OK);
    return test_ca_bytes(out);
}

/* The whole office day; its result holds in the car's and in the phone's check. */
static void M99_cross_signing_ceremony(void **state)
{
    struct test_ca_cert f, e, h, k, between;
    struct lk_cert cert_f, cert_e, cert_h, cert_k;
    uint8_t root[65], seen[65];
    char where[96];

    (void)state;
    assert_int_equal(ceremony_automaker(&office, automaker, "test", "aurora", 1), LK_OK);
    assert_int_equal(ceremony_device_maker(&office, maker, "test", "pomelo"), LK_OK);
    assert_int_equal(ceremony_cross_sign(&office, automaker, maker, f_path), LK_OK);
    assert_int_equal(ceremony_car(&office, automaker, car, world.vehicle_id,
                                  world.vehicle.public_key, root),
                     LK_OK);
    (void)snprintf(where, sizeof where, "%s/k.der", car);
    load(where, &k);
    (void)snprintf(where, sizeof where, "%s/intermediate.der", car);
    load(where, &between);
    assert_int_equal(lk_chain_check_vehicle(&crypto, root, test_ca_bytes(&between),
                                            test_ca_bytes(&k), NULL, &cert_k, seen),
                     LK_OK);
    assert_memory_not_equal(seen, root, 65); /* the intermediate's key issued K */
    assert_int_equal(ceremony_instance(&office, maker, "test", test_ca_bytes(&world.n), e.der,
                                       sizeof e.der, &e.len),
                     LK_OK);
    world.e = e;
    assert_int_equal(test_ca_issue_h(&world, &world.facts, &world.endpoint, &h), LK_OK);
    assert_int_equal(lk_chain_check_endpoint(&crypto, root, load(f_path, &f), test_ca_bytes(&e),
                                             test_ca_bytes(&h), NULL, &cert_f, &cert_e, &cert_h),
                     LK_OK);
}

static void keys_are_for_their_owner_alone(void **state)
{
    static const char *const names[] = {"root.key", "intermediate.key", "enc.key", "sig.key"};
    struct stat info;
    char where[96];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(where, sizeof where, "%s/%s", automaker, names[i]);
        assert_int_equal(stat(where, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    assert_int_equal(ceremony_automaker(&office, automaker, "test", "aurora", 0),
                     LK_CALLER_EXISTS);
}

static void M124_swapped_environments_refused(void **state)
{
    char production[64];
    uint8_t out[LK_CERT_MAX];
    size_t len = 0;

    (void)state;
    (void)snprintf(production, sizeof production, "%s/quince", base);
    assert_int_equal(ceremony_device_maker(&office, production, "production", "quince"), LK_OK);
    assert_int_equal(ceremony_cross_sign(&office, automaker, production, f_path), LK_CERT_ROOT);
    assert_non_null(strstr(office.message, "test"));
    assert_non_null(strstr(office.message, "production"));
    assert_int_equal(ceremony_car(&office, automaker, production, world.vehicle_id,
                                  world.vehicle.public_key, NULL),
                     LK_CERT_ROOT);
    assert_int_equal(ceremony_instance(&office, production, "test", test_ca_bytes(&world.n), out,
                                       sizeof out, &len),
                     LK_CERT_ROOT);
    assert_int_equal(ceremony_device_maker(&office, automaker, "staging", "x"),
                     LK_CALLER_ARGUMENT);
}

/* Nothing but an N, signed by its own key, becomes an E. */
static void M98_only_a_genuine_N_becomes_E(void **state)
{
    struct test_ca_cert n = world.n;
    uint8_t out[LK_CERT_MAX];
    size_t len = 0;

    (void)state;
    n.der[n.len - 1] ^= 1;
    assert_int_equal(
        ceremony_instance(&office, maker, "test", test_ca_bytes(&n), out, sizeof out, &len),
        LK_CERT_SIGNATURE);
    assert_int_equal(ceremony_instance(&office, maker, "test", test_ca_bytes(&world.k), out,
                                       sizeof out, &len),
                     LK_CERT_ROLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M99_cross_signing_ceremony),
        cmocka_unit_test(keys_are_for_their_owner_alone),
        cmocka_unit_test(M124_swapped_environments_refused),
        cmocka_unit_test(M98_only_a_genuine_N_becomes_E),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
