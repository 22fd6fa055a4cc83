/* personalise.c: what a device maker does once per automaker: an Instance CA in the element, the
 * automaker's root pinned, E and F installed. pki 1.8, 2.1; D17, D33, S21. spec/framework.md,
 * section 6. */
#include "device/room.h"

/* A self-signed certificate in its role: the key it carries signed it. */
static enum lk_status check_self(struct lk_crypto *crypto, struct lk_bytes der, enum lk_role role,
                                 struct lk_cert *out)
{
    LK_TRY(lk_cert_parse(crypto, der, out));
    if (out->role != role || !out->is_ca)
        return LK_CERT_ROLE;
    if (!lk_bytes_equal(out->issuer, out->subject))
        return LK_CERT_ISSUER;
    return lk_cert_verify(crypto, out, out->public_key);
}

/* A certificate under `key`, whose name and identifier are known or left empty. */
static enum lk_status check_under(struct lk_crypto *crypto, struct lk_bytes der, enum lk_role role,
                                  uint8_t path_len, const uint8_t key[LK_POINT_LEN],
                                  struct lk_bytes issuer, struct lk_cert *out)
{
    uint8_t id[LK_KEY_ID_LEN];

    LK_TRY(lk_cert_parse(crypto, der, out));
    LK_TRY(lk_key_id(crypto, key, id));
    if (out->role != role)
        return LK_CERT_ROLE;
    if (!out->has_path_len || out->path_len != path_len)
        return LK_CERT_PATH_LEN;
    if (issuer.len != 0 && !lk_bytes_equal(out->issuer, issuer))
        return LK_CERT_ISSUER;
    if (!lk_bytes_equal(out->aki, lk_bytes(id, sizeof id)))
        return LK_CERT_AKI;
    return lk_cert_verify(crypto, out, key);
}

/* The entry of this root if it waits for its E, else a free one. */
static enum lk_status find_entry(const struct lk_device *device,
                                 const uint8_t root_key[LK_POINT_LEN], size_t *out_index)
{
    size_t unused = LK_DEVICE_NUM_AUTOMAKERS;

    for (size_t i = 0; i < LK_DEVICE_NUM_AUTOMAKERS; i++) {
        const struct lk_automaker *automaker = &device->automakers[i];

        if (automaker->is_used && memcmp(automaker->root_key, root_key, LK_POINT_LEN) == 0) {
            *out_index = i;
            return automaker->e_len == 0 ? LK_OK : LK_CALLER_EXISTS;
        }
        if (!automaker->is_used && unused == LK_DEVICE_NUM_AUTOMAKERS)
            unused = i;
    }
    if (unused == LK_DEVICE_NUM_AUTOMAKERS)
        return LK_CALLER_FULL;
    *out_index = unused;
    return LK_OK;
}

/* 16 random hex digits: a pseudonym per automaker, so that two of them cannot compare notes (D2).
 */
static enum lk_status draw_name(struct lk_crypto *crypto, uint8_t out[16])
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t random[8];

    LK_TRY(lk_random(crypto, random, sizeof random));
    for (size_t i = 0; i < sizeof random; i++) {
        out[2 * i] = (uint8_t)digits[random[i] >> 4];
        out[2 * i + 1] = (uint8_t)digits[random[i] & 15];
    }
    return LK_OK;
}

enum lk_status lk_device_create_ca(struct lk_device *device, struct lk_bytes root, uint8_t *out_n,
                                   size_t cap, size_t *out_len)
{
    struct lk_crypto *crypto = device->config->crypto;
    uint8_t n[LK_CERT_MAX];
    size_t index = 0, n_len = 0;
    struct lk_cert j, cert;

    LK_TRY(check_self(crypto, root, LK_ROLE_VEHICLE_OEM_CA, &j));
    LK_TRY(lk_root_check(crypto, device->config->roots, j.public_key));
    LK_TRY(find_entry(device, j.public_key, &index));
    struct lk_automaker *automaker = &device->automakers[index];
    if (automaker->is_used)
        LK_TRY(
            lk_element_delete_ca(device, lk_bytes(automaker->ca_name, sizeof automaker->ca_name)));

    /* The name is in the journal before the element uses it: a half-made CA is found again. */
    memset(automaker, 0, sizeof *automaker);
    memcpy(automaker->root_key, j.public_key, sizeof automaker->root_key);
    LK_TRY(draw_name(crypto, automaker->ca_name));
    automaker->is_used = 1;
    LK_TRY(lk_wallet_save_automaker(device, index));

    struct lk_bytes name = {automaker->ca_name, sizeof automaker->ca_name};
    LK_TRY(lk_element_create_ca(device, name, n, &n_len));
    /* N has no role extension: nobody but its own key speaks for it yet. */
    LK_TRY(check_self(crypto, lk_bytes(n, n_len), LK_ROLE_NONE, &cert));
    if (!lk_bytes_equal(cert.common_name, name))
        return LK_CERT_NAME;
    if (n_len > cap)
        return LK_CALLER_SPACE;
    memcpy(automaker->ca_key, cert.public_key, sizeof automaker->ca_key);
    LK_TRY(lk_wallet_save_automaker(device, index));
    memcpy(out_n, n, n_len);
    *out_len = n_len;
    return LK_OK;
}

/* E names its Instance CA and certifies the key of N. */
static enum lk_status find_by_ca(struct lk_device *device, const struct lk_cert *e,
                                 size_t *out_index)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_AUTOMAKERS; i++) {
        const struct lk_automaker *automaker = &device->automakers[i];

        if (automaker->is_used &&
            lk_bytes_equal(e->common_name,
                           lk_bytes(automaker->ca_name, sizeof automaker->ca_name))) {
            *out_index = i;
            return memcmp(automaker->ca_key, e->public_key, LK_POINT_LEN) == 0 ? LK_OK
                                                                               : LK_CERT_MISMATCH;
        }
    }
    return LK_CERT_MISMATCH;
}

enum lk_status lk_device_install_ca(struct lk_device *device, struct lk_bytes f, struct lk_bytes e)
{
    struct lk_crypto *crypto = device->config->crypto;
    size_t index = 0;
    struct lk_cert cert_f, cert_e;

    LK_TRY(lk_cert_parse(crypto, e, &cert_e));
    LK_TRY(find_by_ca(device, &cert_e, &index));
    struct lk_automaker *automaker = &device->automakers[index];
    LK_TRY(check_under(crypto, f, LK_ROLE_EXTERNAL_CA, 1, automaker->root_key, lk_bytes(NULL, 0),
                       &cert_f));
    LK_TRY(
        check_under(crypto, e, LK_ROLE_INSTANCE_CA, 0, cert_f.public_key, cert_f.subject, &cert_e));

    memcpy(automaker->f, f.at, f.len);
    memcpy(automaker->e, e.at, e.len);
    automaker->f_len = (uint16_t)f.len;
    automaker->e_len = (uint16_t)e.len;
    enum lk_status status = lk_wallet_save_automaker(device, index);
    if (status != LK_OK) /* RAM says what the journal says */
        (void)lk_wallet_load_automaker(device, index);
    return status;
}
