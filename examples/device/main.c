/* A phone's host half: the framework opens for pairing with a password and answers SELECT.
 * The element port below has no element behind it; yours sends wired APDUs to the applet. */
#include <latchkey/device.h>
#include <latchkey/provider_openssl.h>
#include <stdio.h>
#include <string.h>

#include "ram_store.h"

static struct lk_device device;
static struct lk_store store;
static struct lk_crypto crypto;

static enum lk_status no_element(void *ctx, const uint8_t *command, size_t len, uint8_t *out,
                                 size_t cap, size_t *out_len)
{
    (void)ctx;
    (void)command;
    (void)len;
    (void)out;
    (void)cap;
    (void)out_len;
    return LK_PORT_ELEMENT;
}

int main(void)
{
    static const uint8_t store_key[32] = {2};
    static const uint8_t select[] = {0x00, 0xa4, 0x04, 0x00, 0x0d, 0xa0, 0x00, 0x00, 0x08, 0x09,
                                     0x43, 0x43, 0x43, 0x44, 0x4b, 0x46, 0x76, 0x31, 0x00};
    const struct lk_bytes command = {select, sizeof(select)};
    const struct lk_element_port element = {NULL, no_element};
    const struct lk_root_policy roots = {0, NULL, 0, NULL, 0};
    struct lk_scrypt_port scrypt;
    struct lk_device_config config = {&crypto, &store, &element, &scrypt, &roots, 0};
    struct lk_openssl *openssl = lk_openssl_new(store_key);
    const struct lk_store_port *port = ram_store();
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    lk_openssl_scrypt(&scrypt);
    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK ||
        lk_store_format(port, LK_STORE_WALLET) != LK_OK ||
        lk_store_open(&store, port, LK_STORE_WALLET) != LK_OK ||
        lk_device_init(&device, &config) != LK_OK ||
        lk_device_enter_password(&device, "00112233", 0) != LK_OK)
        return 1;
    (void)lk_device_command(&device, LK_NFC, 0, command, answer, &len);
    printf("SELECT answered with %zu bytes, status word %02X%02X\n", len, answer[len - 2],
           answer[len - 1]);
    lk_device_forget(&device);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&openssl);
    return len < 2 || answer[len - 2] != 0x90;
}
