/* A secure element in forty lines: an empty applet on a store in RAM answers SELECT.
 * Everything is static; the provider is OpenSSL. Replace both ports by those of your chip. */
#include <latchkey/applet.h>
#include <latchkey/provider_openssl.h>
#include <stdio.h>
#include <string.h>

#include "ram_store.h"

static struct lk_applet applet;
static struct lk_store store;
static struct lk_crypto crypto;

int main(void)
{
    static const uint8_t store_key[32] = {1}; /* from your chip: the same on every start */
    static const uint8_t select[] = {0x00, 0xa4, 0x04, 0x00, 0x0d, 0xa0, 0x00, 0x00, 0x08, 0x09,
                                     0x43, 0x43, 0x43, 0x44, 0x4b, 0x41, 0x76, 0x31, 0x00};
    const struct lk_bytes command = {select, sizeof(select)};
    struct lk_openssl *openssl = lk_openssl_new(store_key);
    const struct lk_store_port *port = ram_store();
    uint8_t answer[LK_APDU_RESPONSE_MAX];
    size_t len = 0;

    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK ||
        lk_store_format(port, LK_STORE_ELEMENT) != LK_OK ||
        lk_store_open(&store, port, LK_STORE_ELEMENT) != LK_OK ||
        lk_applet_init(&applet, &crypto, &store) != LK_OK)
        return 1;
    (void)lk_applet_command(&applet, LK_NFC, 0, command, answer, &len);
    printf("SELECT answered with %zu bytes, status word %02X%02X\n", len, answer[len - 2],
           answer[len - 1]);
    lk_applet_forget(&applet);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&openssl);
    return len < 2 || answer[len - 2] != 0x90;
}
