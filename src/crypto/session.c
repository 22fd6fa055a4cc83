/* session.c: the keys and the signed bytes of a standard transaction (protocol 7.3 and 7.5). */
#include "crypto/inside.h"

/* HKDF-Expand with the label and the public values of this transaction. */
static enum lk_status expand(struct lk_crypto *crypto, const uint8_t prk[32],
                             const struct lk_transcript *t, struct lk_bytes label, uint8_t *out,
                             size_t out_len)
{
    const uint8_t tap[3] = {t->interface, t->p1, t->p2};
    const uint8_t version[4] = {0x5c, 2, t->version[0], t->version[1]};
    const struct lk_bytes info[] = {
        {t->vehicle_ephemeral + 1, 32}, {t->device_ephemeral + 1, 32}, {t->transaction_id, 16},
        {tap, sizeof tap},              label,                         {version, sizeof version},
    };

    return lk_hkdf_expand(crypto, prk, info, 6, out, out_len);
}

enum lk_status lk_standard_derive(struct lk_crypto *crypto, struct lk_key own,
                                  const uint8_t peer[65], const struct lk_transcript *t,
                                  struct lk_session_keys *out_keys,
                                  struct lk_persistent *out_persistent)
{
    enum lk_status status = LK_INTERNAL;
    uint8_t z[32] = {0}, kdh[32] = {0}, prk[32] = {0}, keys[48] = {0}, persistent[32] = {0};

    status = crypto->port->ec_agree(crypto->port->ctx, own, peer, z);
    if (status != LK_OK)
        goto out;
    status = lk_x963(crypto, lk_bytes(z, 32), lk_bytes(t->transaction_id, 16), kdh, 32);
    if (status != LK_OK)
        goto out;
    status = lk_hkdf_extract(crypto, lk_bytes(kdh, 32), prk);
    if (status != LK_OK)
        goto out;
    status = expand(crypto, prk, t, lk_bytes("Volatile", 8), keys, sizeof keys);
    if (status != LK_OK)
        goto out;
    status = expand(crypto, prk, t, lk_bytes("Persistent", 10), persistent, sizeof persistent);
    if (status != LK_OK)
        goto out;
    memcpy(out_keys->enc, keys, 16);
    memcpy(out_keys->mac, keys + 16, 16);
    memcpy(out_keys->rmac, keys + 32, 16);
    memcpy(out_persistent->key, persistent, 32);
out:
    lk_wipe(z, sizeof z);
    lk_wipe(kdh, sizeof kdh);
    lk_wipe(prk, sizeof prk);
    lk_wipe(keys, sizeof keys);
    lk_wipe(persistent, sizeof persistent);
    return status;
}

enum lk_status lk_auth1_signed(const uint8_t vehicle_id[8], const struct lk_transcript *t,
                               uint32_t usage, uint8_t out[102])
{
    struct lk_wr wr;

    lk_wr_init(&wr, out, 102);
    lk_wr_put(&wr, "\x4d\x08", 2);
    lk_wr_put(&wr, vehicle_id, 8);
    lk_wr_put(&wr, "\x86\x20", 2);
    lk_wr_put(&wr, t->device_ephemeral + 1, 32);
    lk_wr_put(&wr, "\x87\x20", 2);
    lk_wr_put(&wr, t->vehicle_ephemeral + 1, 32);
    lk_wr_put(&wr, "\x4c\x10", 2);
    lk_wr_put(&wr, t->transaction_id, 16);
    lk_wr_put(&wr, "\x93\x04", 2);
    lk_wr_u32(&wr, usage);
    return wr.fault == LK_OK && wr.len == 102 ? LK_OK : LK_INTERNAL;
}
