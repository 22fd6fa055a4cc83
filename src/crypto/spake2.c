/* spake2.c: SPAKE2+ in the profile of the protocol (4.5 to 4.7): bare password, little-endian
 * transcript lengths, no identities, evidence by CMAC. Device proves, vehicle verifies. */
#include "crypto/inside.h"

/* M and N of RFC 9383 for P-256, uncompressed. */
static const uint8_t point_m[LK_POINT_LEN] = {
    0x04, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24,
    0x25, 0x79, 0xf2, 0x99, 0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf,
    0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f, 0x5f, 0xf3, 0x55, 0x16, 0x3e, 0x43,
    0xce, 0x22, 0x4e, 0x0b, 0x0e, 0x65, 0xff, 0x02, 0xac, 0x8e, 0x5c, 0x7b, 0xe0,
    0x94, 0x19, 0xc7, 0x85, 0xe0, 0xca, 0x54, 0x7d, 0x55, 0xa1, 0x2e, 0x2d, 0x20,
};
static const uint8_t point_n[LK_POINT_LEN] = {
    0x04, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f,
    0x38, 0xc3, 0x77, 0x07, 0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b,
    0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49, 0x07, 0xd6, 0x0a, 0xa6, 0xbf, 0xad,
    0xe4, 0x50, 0x08, 0xa6, 0x36, 0x33, 0x7f, 0x51, 0x68, 0xc6, 0x4d, 0x9b, 0xd3,
    0x60, 0x34, 0x80, 0x8c, 0xd5, 0x64, 0x49, 0x0b, 0x1e, 0x65, 0x6e, 0xdb, 0xe7,
};

/* Everything both sides agree on: the transcript, and the two pieces of evidence it gives. */
struct agreement {
    const uint8_t *x_share, *y_share, *w0;
    uint8_t z[LK_POINT_LEN], v[LK_POINT_LEN];
    uint8_t m1[16], m2[16];
    struct lk_pairing_keys keys;
};

enum lk_status lk_spake2_w0w1(const uint8_t dk[80], uint8_t out_w0[32], uint8_t out_w1[32])
{
    enum lk_status status = LK_PEER_VALUE;
    uint8_t w0[32], w1[32];

    lk_scalar_reduce(dk, w0);
    lk_scalar_reduce(dk + 40, w1);
    if (!lk_equal(w0, w1, sizeof w0)) {
        memcpy(out_w0, w0, sizeof w0);
        memcpy(out_w1, w1, sizeof w1);
        status = LK_OK;
    }
    lk_wipe(w0, sizeof w0);
    lk_wipe(w1, sizeof w1);
    return status;
}

enum lk_status lk_spake2_l(struct lk_crypto *crypto, const uint8_t w1[32], uint8_t out[65])
{
    return crypto->port->ec_muladd(crypto->port->ctx, out, NULL, w1, NULL, NULL);
}

/* TT = length and bytes of X, Y, Z, V, w0; K = SHA-256(TT) = CK || SK. */
static enum lk_status transcript_key(struct lk_crypto *crypto, const struct agreement *a,
                                     uint8_t out[32])
{
    static const uint8_t point_len[8] = {LK_POINT_LEN}, scalar_len[8] = {LK_SCALAR_LEN};
    const struct lk_bytes parts[] = {
        {point_len, 8},  {a->x_share, LK_POINT_LEN}, {point_len, 8}, {a->y_share, LK_POINT_LEN},
        {point_len, 8},  {a->z, LK_POINT_LEN},       {point_len, 8}, {a->v, LK_POINT_LEN},
        {scalar_len, 8}, {a->w0, LK_SCALAR_LEN},
    };

    return lk_sha256(crypto, parts, 10, out);
}

/* M[1] covers X and goes to the device, M[2] covers Y and goes to the vehicle. */
static enum lk_status make_evidence(struct lk_crypto *crypto, const uint8_t ck[16],
                                    struct lk_bytes tlvs, struct agreement *a)
{
    const struct lk_bytes info[] = {lk_bytes("ConfirmationKeys", 16), tlvs};
    const struct lk_bytes x = {a->x_share, LK_POINT_LEN}, y = {a->y_share, LK_POINT_LEN};
    uint8_t keys[32] = {0};

    enum lk_status status = lk_hkdf(crypto, lk_bytes(ck, 16), info, 2, keys, sizeof keys);
    if (status == LK_OK)
        status = lk_cmac(crypto, keys, &x, 1, a->m1);
    if (status == LK_OK)
        status = lk_cmac(crypto, keys + 16, &y, 1, a->m2);
    lk_wipe(keys, sizeof keys);
    return status;
}

static enum lk_status make_system_keys(struct lk_crypto *crypto, const uint8_t sk[16],
                                       struct lk_pairing_keys *out)
{
    const struct lk_bytes info = lk_bytes("SystemKeys", 10);
    uint8_t okm[96] = {0};

    enum lk_status status = lk_hkdf(crypto, lk_bytes(sk, 16), &info, 1, okm, sizeof okm);
    memcpy(out->channel.enc, okm, 16);
    memcpy(out->channel.mac, okm + 16, 16);
    memcpy(out->channel.rmac, okm + 32, 16);
    memcpy(out->long_term, okm + 48, 16);
    memcpy(out->ble_intro, okm + 64, 16);
    memcpy(out->ble_oob_master, okm + 80, 16);
    lk_wipe(okm, sizeof okm);
    return status;
}

/* From X, Y, Z, V and w0 to evidence and keys: the same on both sides. */
static enum lk_status conclude(struct lk_crypto *crypto, struct lk_bytes tlvs, struct agreement *a)
{
    uint8_t k[32] = {0};

    enum lk_status status = transcript_key(crypto, a, k);
    if (status == LK_OK)
        status = make_evidence(crypto, k, tlvs, a);
    if (status == LK_OK)
        status = make_system_keys(crypto, k + 16, &a->keys);
    lk_wipe(k, sizeof k);
    return status;
}

/* The share of one side: secret * G + w0 * mask. */
static enum lk_status make_share(struct lk_crypto *crypto, const uint8_t secret[32],
                                 const uint8_t w0[32], const uint8_t mask[65], uint8_t out[65])
{
    return crypto->port->ec_muladd(crypto->port->ctx, out, NULL, secret, mask, w0);
}

/* Refuses the share before anything is computed with it; then takes the mask off: share - w0 *
 * mask. A share that is nothing but its mask leaves infinity, which the provider refuses (PA3). */
static enum lk_status unmask(struct lk_crypto *crypto, const uint8_t share[65],
                             const uint8_t own_share[65], const uint8_t w0[32],
                             const uint8_t mask[65], uint8_t out[65])
{
    uint8_t minus_w0[32];

    enum lk_status status = lk_point_check(crypto, share);
    if (status != LK_OK)
        return status;
    if (lk_equal(share, own_share, LK_POINT_LEN))
        return LK_PEER_REFLECTED;
    lk_scalar_negate(w0, minus_w0);
    status = crypto->port->ec_muladd(crypto->port->ctx, out, share, NULL, mask, minus_w0);
    lk_wipe(minus_w0, sizeof minus_w0);
    return status;
}

static enum lk_status times(struct lk_crypto *crypto, const uint8_t scalar[32],
                            const uint8_t point[65], uint8_t out[65])
{
    return crypto->port->ec_muladd(crypto->port->ctx, out, point, scalar, NULL, NULL);
}

enum lk_status lk_spake2_prover_start_with(struct lk_crypto *crypto, const uint8_t w0[32],
                                           const uint8_t w1[32], const uint8_t x[32],
                                           struct lk_spake2_prover *out)
{
    struct lk_spake2_prover prover = {.share = {0}};

    memcpy(prover.w0, w0, 32);
    memcpy(prover.w1, w1, 32);
    memcpy(prover.x, x, 32);
    enum lk_status status = make_share(crypto, x, w0, point_m, prover.share);
    if (status == LK_OK)
        *out = prover;
    lk_wipe(&prover, sizeof prover);
    return status;
}

enum lk_status lk_spake2_prover_start(struct lk_crypto *crypto, const uint8_t w0[32],
                                      const uint8_t w1[32], struct lk_spake2_prover *out)
{
    uint8_t x[32] = {0};

    enum lk_status status = lk_scalar_draw(crypto, x);
    if (status == LK_OK)
        status = lk_spake2_prover_start_with(crypto, w0, w1, x, out);
    lk_wipe(x, sizeof x);
    return status;
}

enum lk_status lk_spake2_prover_finish(struct lk_crypto *crypto, struct lk_spake2_prover *prover,
                                       const uint8_t peer_share[65], const uint8_t m1[16],
                                       struct lk_bytes tlvs, uint8_t out_m2[16],
                                       struct lk_pairing_keys *out_keys)
{
    enum lk_status status = LK_INTERNAL;
    struct agreement a = {prover->share, peer_share, prover->w0, .z = {0}};
    uint8_t base[LK_POINT_LEN] = {0};

    status = unmask(crypto, peer_share, prover->share, prover->w0, point_n, base);
    if (status == LK_OK)
        status = times(crypto, prover->x, base, a.z);
    if (status == LK_OK)
        status = times(crypto, prover->w1, base, a.v);
    if (status == LK_OK)
        status = conclude(crypto, tlvs, &a);
    if (status == LK_OK && !lk_equal(a.m1, m1, sizeof a.m1))
        status = LK_PEER_EVIDENCE;
    if (status == LK_OK) {
        memcpy(out_m2, a.m2, sizeof a.m2);
        *out_keys = a.keys;
    }
    lk_wipe(&a, sizeof a);
    lk_wipe(base, sizeof base);
    lk_wipe(prover, sizeof *prover);
    return status;
}

enum lk_status lk_spake2_verifier_start_with(struct lk_crypto *crypto, const uint8_t w0[32],
                                             const uint8_t l[65], const uint8_t y[32],
                                             struct lk_spake2_verifier *out)
{
    struct lk_spake2_verifier verifier = {.share = {0}};

    memcpy(verifier.w0, w0, 32);
    memcpy(verifier.l, l, LK_POINT_LEN);
    memcpy(verifier.y, y, 32);
    enum lk_status status = make_share(crypto, y, w0, point_n, verifier.share);
    if (status == LK_OK)
        *out = verifier;
    lk_wipe(&verifier, sizeof verifier);
    return status;
}

enum lk_status lk_spake2_verifier_start(struct lk_crypto *crypto, const uint8_t w0[32],
                                        const uint8_t l[65], struct lk_spake2_verifier *out)
{
    uint8_t y[32] = {0};

    enum lk_status status = lk_scalar_draw(crypto, y);
    if (status == LK_OK)
        status = lk_spake2_verifier_start_with(crypto, w0, l, y, out);
    lk_wipe(y, sizeof y);
    return status;
}

enum lk_status lk_spake2_verifier_respond(struct lk_crypto *crypto,
                                          struct lk_spake2_verifier *verifier,
                                          const uint8_t peer_share[65], struct lk_bytes tlvs,
                                          uint8_t out_m1[16], struct lk_pairing_keys *out_keys)
{
    enum lk_status status = LK_INTERNAL;
    struct agreement a = {peer_share, verifier->share, verifier->w0, .z = {0}};
    uint8_t base[LK_POINT_LEN] = {0};

    status = unmask(crypto, peer_share, verifier->share, verifier->w0, point_m, base);
    if (status == LK_OK)
        status = times(crypto, verifier->y, base, a.z);
    if (status == LK_OK)
        status = times(crypto, verifier->y, verifier->l, a.v);
    if (status == LK_OK)
        status = conclude(crypto, tlvs, &a);
    if (status == LK_OK) {
        memcpy(verifier->expect, a.m2, sizeof a.m2);
        memcpy(out_m1, a.m1, sizeof a.m1);
        *out_keys = a.keys;
        /* y has done its work; only the comparison is left. */
        lk_wipe(verifier->y, sizeof verifier->y);
    } else {
        lk_wipe(verifier, sizeof *verifier);
    }
    lk_wipe(&a, sizeof a);
    lk_wipe(base, sizeof base);
    return status;
}

enum lk_status lk_spake2_verifier_finish(struct lk_spake2_verifier *verifier, const uint8_t m2[16])
{
    enum lk_status status = LK_PEER_EVIDENCE;

    /* A wiped or never answered verifier expects nothing, not sixteen zeros. */
    if (lk_equal(verifier->expect, m2, 16) && !lk_is_zero(verifier->expect, 16))
        status = LK_OK;
    lk_wipe(verifier, sizeof *verifier);
    return status;
}
