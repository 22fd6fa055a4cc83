/* verifier.c: minting a pairing verifier, the server's part of protocol 4.5. */
#include "latchkey/verifier.h"

#include "crypto/crypto.h"

enum lk_status lk_scrypt_policy(uint32_t n, uint32_t r, uint32_t p)
{
    int is_power = n >= 4096 && n <= 131072 && (n & (n - 1)) == 0;
    return is_power && r == 8 && p == 1 ? LK_OK : LK_PEER_PARAMETER;
}

enum lk_status lk_verifier_mint(struct lk_crypto *crypto, const struct lk_scrypt_port *scrypt,
                                struct lk_bytes password, const uint8_t salt[16], uint32_t n,
                                struct lk_verifier *out)
{
    uint8_t dk[80], w1[LK_SCALAR_LEN];
    struct lk_verifier verifier = {.n = n, .r = 8, .p = 1};
    enum lk_status status = lk_scrypt_policy(n, 8, 1);
    if (status == LK_OK)
        status = scrypt->derive(scrypt->ctx, password, salt, n, 8, 1, dk);
    if (status == LK_OK)
        status = lk_spake2_w0w1(dk, verifier.w0, w1);
    if (status == LK_OK)
        status = lk_spake2_l(crypto, w1, verifier.l);
    if (status == LK_OK) {
        memcpy(verifier.salt, salt, sizeof verifier.salt);
        *out = verifier;
    }
    lk_wipe(dk, sizeof dk);
    lk_wipe(w1, sizeof w1);
    lk_wipe(&verifier, sizeof verifier);
    return status;
}
