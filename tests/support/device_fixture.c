/* device_fixture.c: see device_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/device_fixture.h"

static void half_init(struct test_half *half, uint8_t seed, enum lk_store_kind kind)
{
    uint8_t store_key[32];

    memset(store_key, seed, sizeof store_key);
    half->provider = lk_openssl_new(store_key);
    assert_non_null(half->provider);
    test_spy_init(&half->spy, lk_openssl_port(half->provider));
    assert_int_equal(lk_crypto_init(&half->crypto, &half->spy.port), LK_OK);
    test_flash_init(&half->flash);
    assert_int_equal(lk_store_format(&half->flash.port, kind), LK_OK);
    assert_int_equal(lk_store_open(&half->store, &half->flash.port, kind), LK_OK);
}

static enum lk_status to_element(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len)
{
    struct test_phone *phone = ctx;
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t answer_len = 0;

    if (++phone->element_calls == phone->element_fail_at ||
        (phone->element_dead_at != 0 && phone->element_calls >= phone->element_dead_at))
        return LK_PORT_ELEMENT;
    (void)lk_applet_command(&phone->applet, LK_WIRED, phone->now_ms,
                            (struct lk_bytes){command, len}, answer, &answer_len);
    if (answer_len > cap)
        return LK_CALLER_SPACE;
    memcpy(out, answer, answer_len);
    *out_len = answer_len;
    return LK_OK;
}

static enum lk_status to_scrypt(void *ctx, struct lk_bytes password, const uint8_t salt[16],
                                uint32_t n, uint32_t r, uint32_t p, uint8_t out[80])
{
    struct test_phone *phone = ctx;

    phone->scrypt_calls++;
    if (phone->scrypt_fails)
        return LK_PORT_CRYPTO;
    return phone->real_scrypt.derive(phone->real_scrypt.ctx, password, salt, n, r, p, out);
}

void test_phone_init_bare(struct test_phone *phone)
{
    memset(phone, 0, sizeof *phone);
    phone->now_ms = 1000000;
    half_init(&phone->host, 0x51, LK_STORE_WALLET);
    half_init(&phone->element, 0x52, LK_STORE_ELEMENT);
    lk_openssl_scrypt(&phone->real_scrypt);
    phone->scrypt_port = (struct lk_scrypt_port){phone, to_scrypt};
    phone->element_port = (struct lk_element_port){phone, to_element};
    phone->config =
        (struct lk_device_config){&phone->host.crypto, &phone->host.store, &phone->element_port,
                                  &phone->scrypt_port, &phone->policy, 0};
    assert_int_equal(lk_applet_init(&phone->applet, &phone->element.crypto, &phone->element.store),
                     LK_OK);
    assert_int_equal(lk_device_init(&phone->device, &phone->config), LK_OK);
}

void test_phone_init(struct test_phone *phone, struct test_ca_world *world)
{
    test_phone_init_bare(phone);
    assert_int_equal(lk_device_create_ca(&phone->device, test_ca_bytes(&world->j), phone->n.der,
                                         sizeof phone->n.der, &phone->n.len),
                     LK_OK);
    assert_int_equal(test_ca_issue_e(world, test_ca_bytes(&phone->n), &phone->e), LK_OK);
    assert_int_equal(
        lk_device_install_ca(&phone->device, test_ca_bytes(&world->f), test_ca_bytes(&phone->e)),
        LK_OK);
}

void test_phone_forget(struct test_phone *phone)
{
    lk_device_forget(&phone->device);
    lk_applet_forget(&phone->applet);
    lk_crypto_forget(&phone->host.crypto);
    lk_crypto_forget(&phone->element.crypto);
    lk_openssl_free(&phone->host.provider);
    lk_openssl_free(&phone->element.provider);
}

void test_phone_restart_host(struct test_phone *phone)
{
    lk_device_forget(&phone->device);
    assert_int_equal(lk_store_open(&phone->host.store, &phone->host.flash.port, LK_STORE_WALLET),
                     LK_OK);
    assert_int_equal(lk_device_init(&phone->device, &phone->config), LK_OK);
}

void test_phone_restart(struct test_phone *phone)
{
    lk_applet_forget(&phone->applet);
    assert_int_equal(
        lk_store_open(&phone->element.store, &phone->element.flash.port, LK_STORE_ELEMENT), LK_OK);
    assert_int_equal(lk_applet_init(&phone->applet, &phone->element.crypto, &phone->element.store),
                     LK_OK);
    test_phone_restart_host(phone);
}

enum lk_status test_phone_command(struct test_phone *phone, const uint8_t *apdu, size_t len,
                                  uint8_t *out, size_t *out_len, uint16_t *out_sw)
{
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t answer_len = 0;
    enum lk_status status = lk_device_command(&phone->device, LK_NFC, phone->now_ms,
                                              (struct lk_bytes){apdu, len}, answer, &answer_len);

    assert_in_range(answer_len, 2, sizeof answer);
    *out_sw = (uint16_t)(answer[answer_len - 2] << 8 | answer[answer_len - 1]);
    *out_len = answer_len - 2;
    memcpy(out, answer, answer_len - 2);
    return status;
}

enum lk_status test_phone_tick(struct test_phone *phone)
{
    int busy = 0;

    return lk_device_tick(&phone->device, phone->now_ms, &busy);
}

size_t test_phone_num_endpoints(const struct test_phone *phone)
{
    size_t num = 0;

    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++)
        num += phone->applet.endpoints[i].state != LK_ENDPOINT_NONE;
    return num;
}

size_t test_phone_num_passes(const struct test_phone *phone)
{
    size_t num = 0;

    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++)
        num += lk_device_pass_at(&phone->device, i) != NULL;
    return num;
}

const struct lk_pass *test_phone_pass(const struct test_phone *phone)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (lk_device_pass_at(&phone->device, i) != NULL)
            return lk_device_pass_at(&phone->device, i);
    }
    return NULL;
}
