/* crypto.h: the protocol's own wiring over a provider: HMAC, HKDF, X9.63, CMAC, SPAKE2+, session
 * keys, the key search, and the opaque key part of records. Nobody else looks inside a secret.
 * spec/crypto.md. */
#ifndef LK_CRYPTO_H
#define LK_CRYPTO_H

#include "base/base.h"
#include "latchkey/crypto.h"

/* Random bytes with a health test: constant, short of entropy (all equal) or repeated output is
 * LK_PORT_RANDOM (ST4). */
enum lk_status lk_random(struct lk_crypto *crypto, uint8_t *out, size_t len);
enum lk_status lk_sha256(struct lk_crypto *crypto, const struct lk_bytes *parts, size_t num,
                         uint8_t out[32]);
enum lk_status lk_key_id(struct lk_crypto *crypto, const uint8_t public_key[65],
                         uint8_t out[20]); /* SHA-1 */
enum lk_status lk_hmac(struct lk_crypto *crypto, struct lk_bytes key, const struct lk_bytes *parts,
                       size_t num, uint8_t out[32]);
/* RFC 5869 with no salt (32 zeros); out_len up to 255*32; info is the concatenation of parts, at
 * most 8. */
enum lk_status lk_hkdf(struct lk_crypto *crypto, struct lk_bytes ikm, const struct lk_bytes *info,
                       size_t num, uint8_t *out, size_t out_len);
enum lk_status lk_x963(struct lk_crypto *crypto, struct lk_bytes z, struct lk_bytes shared_info,
                       uint8_t *out, size_t out_len);
/* RFC 4493. */
enum lk_status lk_cmac(struct lk_crypto *crypto, const uint8_t key[16],
                       const struct lk_bytes *parts, size_t num, uint8_t out[16]);
/* ECDSA over SHA-256 of the concatenated parts. */
enum lk_status lk_sign(struct lk_crypto *crypto, struct lk_key key, const struct lk_bytes *parts,
                       size_t num, uint8_t out[64]);
enum lk_status lk_verify(struct lk_crypto *crypto, const uint8_t public_key[65],
                         const struct lk_bytes *parts, size_t num, const uint8_t signature[64]);
enum lk_status lk_point_check(struct lk_crypto *crypto, const uint8_t point[65]);
/* New key pair; an ephemeral one equal to the one before is LK_PORT_RANDOM. */
enum lk_status lk_key_generate(struct lk_crypto *crypto, struct lk_key *out,
                               uint8_t out_public[65]);
void lk_key_free(struct lk_crypto *crypto, struct lk_key *key); /* sets it to none */

/* The opaque key part of a record: wrapped (AES-CBC and CMAC under keys from the store key, bound
 * to `label`, at most 16 bytes such as an endpoint id). LK_STORE_CORRUPT if it does not unwrap. */
#define LK_KEY_RECORD_MAX 96
enum lk_status lk_key_save(struct lk_crypto *crypto, struct lk_key key, struct lk_bytes label,
                           uint8_t out[LK_KEY_RECORD_MAX], size_t *out_len);
enum lk_status lk_key_load(struct lk_crypto *crypto, struct lk_bytes record, struct lk_bytes label,
                           struct lk_key *out, uint8_t out_public[65]);
enum lk_status lk_persistent_save(struct lk_crypto *crypto, const struct lk_persistent *key,
                                  struct lk_bytes label, uint8_t out[LK_KEY_RECORD_MAX],
                                  size_t *out_len);
enum lk_status lk_persistent_load(struct lk_crypto *crypto, struct lk_bytes record,
                                  struct lk_bytes label, struct lk_persistent *out);
/* The same for any other secret bytes of up to 48 (w0 of a verifier, tokens, actuator keys). */
enum lk_status lk_secret_save(struct lk_crypto *crypto, struct lk_bytes secret,
                              struct lk_bytes label, uint8_t out[LK_KEY_RECORD_MAX],
                              size_t *out_len);
enum lk_status lk_secret_load(struct lk_crypto *crypto, struct lk_bytes record,
                              struct lk_bytes label, uint8_t *out, size_t cap, size_t *out_len);

/* --- transactions (protocol 7 and 9) --- */

/* Public values that enter key derivation. */
struct lk_transcript {
    const uint8_t *vehicle_ephemeral, *device_ephemeral; /* 65 each */
    const uint8_t *transaction_id;                       /* 16 */
    uint8_t interface, p1, p2;
    uint8_t version[2];
};
/* Z, Kdh, "Volatile" and "Persistent" (7.5). `own` is the own ephemeral key, `peer` the peer's
 * public one. */
enum lk_status lk_standard_derive(struct lk_crypto *crypto, struct lk_key own,
                                  const uint8_t peer[65], const struct lk_transcript *t,
                                  struct lk_session_keys *out_keys,
                                  struct lk_persistent *out_persistent);
/* 102 signed bytes of AUTH1 (7.3) with `usage`. */
enum lk_status lk_auth1_signed(const uint8_t vehicle_id[8], const struct lk_transcript *t,
                               uint32_t usage, uint8_t out[102]);

/* Fast (P-12): info = fixed part of the vehicle and key, and the part of this tap. */
struct lk_fast_info {
    const uint8_t *vehicle_public; /* 65 */
    const uint8_t *vehicle_id;     /* 8 */
    struct lk_bytes version_list;  /* value of 5C in the SELECT answer */
    struct lk_transcript t;
};
/* Device: cryptogram and channel keys. */
enum lk_status lk_fast_derive(struct lk_crypto *crypto, const struct lk_persistent *key,
                              const uint8_t device_public[65], const struct lk_fast_info *info,
                              uint8_t out_cryptogram[16], struct lk_session_keys *out_keys);
/* Vehicle: stores the two midstates; wiping `persistent` stays with the caller. */
enum lk_status lk_fast_key_make(struct lk_crypto *crypto, const struct lk_persistent *persistent,
                                const uint8_t device_public[65], struct lk_fast_key *out);
/* 64-byte midstates and x as one wrapped record and back. */
#define LK_FAST_RECORD_LEN 128
enum lk_status lk_fast_key_save(struct lk_crypto *crypto, const struct lk_fast_key *key,
                                struct lk_bytes label, uint8_t out[LK_FAST_RECORD_LEN]);
enum lk_status lk_fast_key_load(struct lk_crypto *crypto, struct lk_bytes record,
                                struct lk_bytes label, struct lk_fast_key *out);
/* One call over the whole table in constant time (D25): entries are `stride` bytes apart, dead ones
 * (live 00) cost the same and never match. *out_mask is FFFFFFFF if exactly one matched, else 0;
 * *out_index is then its index, else 0. */
enum lk_status lk_fast_scan(struct lk_crypto *crypto, const struct lk_fast_key *first,
                            size_t stride, size_t num, const struct lk_fast_info *info,
                            const uint8_t cryptogram[16], size_t *out_index, uint32_t *out_mask);
/* Channel keys of the entry that matched. */
enum lk_status lk_fast_session(struct lk_crypto *crypto, const struct lk_fast_key *key,
                               const struct lk_fast_info *info, struct lk_session_keys *out_keys);

/* --- SPAKE2+, the CCC profile (protocol 4.6). Device proves, vehicle verifies. --- */
struct lk_spake2_prover {
    uint8_t w0[32], w1[32], x[32], share[65];
}; /* fits lk_device.spake */
struct lk_spake2_verifier {
    uint8_t w0[32], l[65], y[32], share[65], expect[16];
}; /* fits lk_pairing.spake */
/* What both sides get; Kble values are kept for later radios. */
struct lk_pairing_keys {
    struct lk_session_keys channel;
    uint8_t long_term[16], ble_intro[16], ble_oob_master[16];
};

/* w0, w1 from the 80 bytes of scrypt: (z mod (n-1)) + 1, constant time. LK_PEER_VALUE if w0 == w1.
 */
enum lk_status lk_spake2_w0w1(const uint8_t dk[80], uint8_t out_w0[32], uint8_t out_w1[32]);
/* L = w1*G. For servers. */
enum lk_status lk_spake2_l(struct lk_crypto *crypto, const uint8_t w1[32], uint8_t out[65]);
enum lk_status lk_spake2_prover_start(struct lk_crypto *crypto, const uint8_t w0[32],
                                      const uint8_t w1[32],
                                      struct lk_spake2_prover *out); /* draws x, computes share X */
/* Checks Y (curve, not our own X: LK_PEER_REFLECTED), computes, compares M[1] (LK_PEER_EVIDENCE),
 * gives M[2] and keys. `tlvs` is 5B||5C exactly as sent in REQUEST. The prover is wiped in every
 * case. */
enum lk_status lk_spake2_prover_finish(struct lk_crypto *crypto, struct lk_spake2_prover *prover,
                                       const uint8_t peer_share[65], const uint8_t m1[16],
                                       struct lk_bytes tlvs, uint8_t out_m2[16],
                                       struct lk_pairing_keys *out_keys);
enum lk_status lk_spake2_verifier_start(struct lk_crypto *crypto, const uint8_t w0[32],
                                        const uint8_t l[65],
                                        struct lk_spake2_verifier *out); /* draws y, share Y */
/* From X: keys, M[1] to send; M[2] to expect is kept. LK_PEER_POINT, LK_PEER_REFLECTED. */
enum lk_status lk_spake2_verifier_respond(struct lk_crypto *crypto,
                                          struct lk_spake2_verifier *verifier,
                                          const uint8_t peer_share[65], struct lk_bytes tlvs,
                                          uint8_t out_m1[16], struct lk_pairing_keys *out_keys);
/* Constant-time compare of M[2]; wipes the verifier. LK_PEER_EVIDENCE. */
enum lk_status lk_spake2_verifier_finish(struct lk_spake2_verifier *verifier, const uint8_t m2[16]);
/* For known-answer tests and benches: the same with given x or y. */
enum lk_status lk_spake2_prover_start_with(struct lk_crypto *crypto, const uint8_t w0[32],
                                           const uint8_t w1[32], const uint8_t x[32],
                                           struct lk_spake2_prover *out);
enum lk_status lk_spake2_verifier_start_with(struct lk_crypto *crypto, const uint8_t w0[32],
                                             const uint8_t l[65], const uint8_t y[32],
                                             struct lk_spake2_verifier *out);

/* --- ECIES_v1 (D9) --- */
enum lk_status lk_ecies_seal(struct lk_crypto *crypto, const uint8_t recipient[65],
                             struct lk_bytes plain, uint8_t out_ephemeral[65],
                             uint8_t *out /* plain.len + 16 */);
enum lk_status lk_ecies_open(struct lk_crypto *crypto, struct lk_key key,
                             const uint8_t own_public[65], const uint8_t ephemeral[65],
                             struct lk_bytes in, uint8_t *out /* in.len - 16 */);

/* --- sharing (P-17, P-18, S18) --- */
#define LK_SHARE_SESSION_ID_LEN 16
/* What sealing adds: version(1) session(16) IV(12) tag(16), bytes. */
#define LK_SHARE_OVERHEAD 45
/* 256 bits from the system's generator, or LK_PORT_RANDOM and no secret (SH19). */
enum lk_status lk_share_secret_draw(struct lk_crypto *crypto, struct lk_share_secret *out);
/* AES-256-GCM; `out` takes plain.len + LK_SHARE_OVERHEAD. */
enum lk_status lk_share_seal(struct lk_crypto *crypto, const struct lk_share_secret *secret,
                             const uint8_t session[LK_SHARE_SESSION_ID_LEN], struct lk_bytes plain,
                             uint8_t *out);
/* The session a blob says it belongs to, before it is opened: 16 bytes in `blob`. LK_PEER_LENGTH,
 * LK_PEER_VERSION. */
enum lk_status lk_share_session(struct lk_bytes blob, const uint8_t **out_session);
/* `out` takes blob.len - LK_SHARE_OVERHEAD. LK_SHARE_SECRET if secret, session and bytes do not
 * belong together; as lk_share_session. */
enum lk_status lk_share_open(struct lk_crypto *crypto, const struct lk_share_secret *secret,
                             struct lk_bytes blob, uint8_t *out);
/* MAC of the friend's answer: over SHA-256 of FF11, keyed from the PIN and the session. */
enum lk_status lk_share_pin_mac(struct lk_crypto *crypto, struct lk_bytes pin,
                                const uint8_t session[LK_SHARE_SESSION_ID_LEN],
                                const uint8_t signing_hash[32], uint8_t out[32]);
/* What stands in DF2B for a sharing password: nobody without the key can try passwords offline. */
enum lk_status lk_share_password_mac(struct lk_crypto *crypto, const struct lk_share_key *key,
                                     const uint8_t salt[8], struct lk_bytes password,
                                     uint8_t out[16]);

#endif
