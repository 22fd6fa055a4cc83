/* One certificate: every window of an accepted one lies inside the input, and it never verifies
 * under a key that did not sign it. */
#include <stdlib.h>
#include <string.h>

#include "latchkey/provider_openssl.h"
#include "pki/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct lk_bytes run, const uint8_t *data, size_t size)
{
    if (run.len > 0 && (run.at < data || run.at + run.len > data + size))
        abort();
}

static struct lk_crypto *provider(uint8_t other_key[65])
{
    static struct lk_openssl *openssl;
    static struct lk_crypto crypto;
    static uint8_t key[65];
    static const uint8_t store_key[32] = {1};
    struct lk_key handle;

    if (openssl == NULL) {
        openssl = lk_openssl_new(store_key);
        if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK ||
            lk_key_generate(&crypto, &handle, key) != LK_OK)
            abort();
    }
    memcpy(other_key, key, 65);
    return &crypto;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t other_key[65];
    struct lk_crypto *crypto = provider(other_key);
    struct lk_endpoint_facts facts;
    struct lk_cert cert;

    if (lk_cert_parse(crypto, lk_bytes(data, size), &cert) != LK_OK)
        return 0;
    inside(cert.tbs, data, size);
    inside(cert.serial, data, size);
    inside(cert.issuer, data, size);
    inside(cert.subject, data, size);
    inside(cert.common_name, data, size);
    inside(cert.not_before, data, size);
    inside(cert.not_after, data, size);
    inside(cert.role_value, data, size);
    inside(cert.ski, data, size);
    inside(cert.aki, data, size);
    inside(lk_bytes(cert.public_key, 65), data, size);
    if (lk_cert_endpoint_facts(&cert, &facts) == LK_OK)
        inside(facts.slot, data, size);
    if (lk_cert_verify(crypto, &cert, other_key) == LK_OK)
        abort();
    return 0;
}
