/* root.c: which roots a build obeys. Decision D17, rule S21; spec/certificates.md, section 6. */
#include "pki/pki.h"

static int is_listed(const uint8_t (*list)[LK_HASH_LEN], size_t num, const uint8_t *hash)
{
    for (size_t i = 0; i < num; i++) {
        if (memcmp(list[i], hash, LK_HASH_LEN) == 0)
            return 1;
    }
    return 0;
}

enum lk_status lk_root_check(struct lk_crypto *crypto, const struct lk_root_policy *policy,
                             const uint8_t root_key[LK_POINT_LEN])
{
    struct lk_bytes spki[2];
    uint8_t hash[LK_HASH_LEN];
    int is_allowed;

    spki[0] = lk_bytes(lk_pki_spki_head, sizeof lk_pki_spki_head);
    spki[1] = lk_bytes(root_key, LK_POINT_LEN);
    LK_TRY(lk_sha256(crypto, spki, 2, hash));
    is_allowed = is_listed(policy->allowed, policy->num_allowed, hash);
    if (!policy->is_production)
        return is_allowed ? LK_CERT_ROOT : LK_OK;
    if (is_listed(policy->test, policy->num_test, hash))
        return LK_CERT_TEST_ROOT;
    return is_allowed ? LK_OK : LK_CERT_ROOT;
}
