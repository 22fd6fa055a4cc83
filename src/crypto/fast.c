/* fast.c: the fast transaction and the search over all keys (protocol 9.2, P-12; decisions D10 and
 * D25; performance 3.2).
 *
 * The output of HKDF is HMAC under a pseudorandom key of each Kpersistent. Its two midstates are
 * stored, so that one trial costs three compressions for the info and one for the outer hash. All
 * entries are tried, live or not, and nothing but the number of entries shapes the time. */
#include "crypto/inside.h"

#define BLOCK 64
#define LABEL "VolatileFast"
/* Longest version list that the search takes, bytes: seven versions. */
#define LIST_MAX 14
/* x, label, vehicle identifier, x, interface, list TLV, version TLV, x, transaction, P1 P2, x. */
#define INFO_MAX (32 + 12 + 8 + 32 + 1 + 2 + LIST_MAX + 4 + 32 + 16 + 2 + 32)
/* Where the device's x-coordinate stands in the info. */
#define DEVICE_X_AT (32 + 12 + 8)
/* Second output block: the first one before the info, the counter and the padding after it. */
#define MESSAGE_MAX 256

typedef void compress_fn(uint32_t state[8], const uint8_t *blocks, size_t num_blocks);

/* An info laid out once for all keys, padded and ready for the compression function. */
struct message {
    uint8_t bytes[MESSAGE_MAX];
    size_t num_blocks;
};

static compress_fn *compressor(const struct lk_crypto *crypto)
{
    compress_fn *own = crypto->port->sha256_compress;

    return own != NULL ? own : lk_sha256_compress;
}

/* Writes the info; the device's x-coordinate is put in per key. */
static enum lk_status lay_info(const struct lk_fast_info *info, uint8_t out[INFO_MAX],
                               size_t *out_len)
{
    const struct lk_transcript *t = &info->t;
    struct lk_wr wr;

    if (info->version_list.len > LIST_MAX)
        return LK_CALLER_ARGUMENT;
    lk_wr_init(&wr, out, INFO_MAX);
    lk_wr_put(&wr, info->vehicle_public + 1, 32);
    lk_wr_put(&wr, LABEL, 12);
    lk_wr_put(&wr, info->vehicle_id, LK_VEHICLE_ID_LEN);
    memset(out + wr.len, 0, 32);
    wr.len += 32;
    lk_wr_u8(&wr, t->interface);
    lk_wr_u8(&wr, 0x5c);
    lk_wr_u8(&wr, (uint8_t)info->version_list.len);
    lk_wr_bytes(&wr, info->version_list);
    lk_wr_put(&wr, "\x5c\x02", 2);
    lk_wr_put(&wr, t->version, 2);
    lk_wr_put(&wr, t->vehicle_ephemeral + 1, 32);
    lk_wr_put(&wr, t->transaction_id, LK_TRANSACTION_ID_LEN);
    lk_wr_u8(&wr, t->p1);
    lk_wr_u8(&wr, t->p2);
    lk_wr_put(&wr, t->device_ephemeral + 1, 32);
    *out_len = wr.len;
    return wr.fault;
}

/* Appends the counter and SHA-256's padding; one block of HMAC's key went before. */
static void pad_message(struct message *m, size_t len, uint8_t counter)
{
    m->bytes[len++] = counter;
    m->num_blocks = (len + 9 + BLOCK - 1) / BLOCK;
    size_t end = m->num_blocks * BLOCK;
    memset(m->bytes + len, 0, end - len);
    m->bytes[len] = 0x80;
    lk_put32(m->bytes + end - 4, (uint32_t)(8 * (len + BLOCK)));
}

/* The outer block of HMAC: the inner hash and the padding of 96 bytes in all. */
static void lay_outer(const uint32_t inner[8], uint8_t out[BLOCK])
{
    for (size_t i = 0; i < 8; i++)
        lk_put32(out + 4 * i, inner[i]);
    memset(out + 32, 0, BLOCK - 32);
    out[32] = 0x80;
    lk_put32(out + BLOCK - 4, 8 * (BLOCK + 32));
}

/* HMAC from midstates over a padded message. */
static void finish_hmac(compress_fn *compress, const uint32_t inner[8], const uint32_t outer[8],
                        const struct message *m, uint32_t out[8])
{
    uint32_t state[8];
    uint8_t block[BLOCK];

    memcpy(state, inner, sizeof state);
    compress(state, m->bytes, m->num_blocks);
    lay_outer(state, block);
    memcpy(out, outer, sizeof state);
    compress(out, block, 1);
    lk_wipe(state, sizeof state);
    lk_wipe(block, sizeof block);
}

/* The midstates of HMAC under a key of 32 bytes. */
static void make_midstates(compress_fn *compress, const uint8_t key[32], uint32_t inner[8],
                           uint32_t outer[8])
{
    uint8_t block[BLOCK];

    memset(block, 0x36, sizeof block);
    for (size_t i = 0; i < 32; i++)
        block[i] ^= key[i];
    memcpy(inner, lk_sha256_start, 32);
    compress(inner, block, 1);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    memcpy(outer, lk_sha256_start, 32);
    compress(outer, block, 1);
    lk_wipe(block, sizeof block);
}

/* The midstates of HMAC under no salt, which is 32 zeros: the extract step begins here. */
static const uint32_t no_salt_inner[8] = {
    0xf454deadu, 0x9725214fu, 0x90daf2a0u, 0xdf1228eau,
    0x64e5750fu, 0xa3924181u, 0x824a932bu, 0xf8e04e32u,
};
static const uint32_t no_salt_outer[8] = {
    0xd385480fu, 0x7abb6477u, 0x37c9c538u, 0x5dd82467u,
    0x8e043a72u, 0x753434b0u, 0xdeb82818u, 0x361d45a6u,
};

enum lk_status lk_fast_key_make(struct lk_crypto *crypto, const struct lk_persistent *persistent,
                                const uint8_t device_public[65], struct lk_fast_key *out)
{
    compress_fn *compress = compressor(crypto);
    uint32_t prk[8];
    uint8_t key[32];
    struct message m = {.num_blocks = 1};

    lay_outer(lk_sha256_start, m.bytes); /* the same shape: 32 bytes after one block of key */
    memcpy(m.bytes, persistent->key, sizeof persistent->key);
    finish_hmac(compress, no_salt_inner, no_salt_outer, &m, prk);
    for (size_t i = 0; i < 8; i++)
        lk_put32(key + 4 * i, prk[i]);
    make_midstates(compress, key, out->inner, out->outer);
    memcpy(out->device_x, device_public + 1, sizeof out->device_x);
    out->live = 0xff;
    lk_wipe(prk, sizeof prk);
    lk_wipe(key, sizeof key);
    lk_wipe(&m, sizeof m);
    return LK_OK;
}

/* Both output blocks: cryptogram, Kenc, Kmac, Krmac. */
static enum lk_status expand(struct lk_crypto *crypto, const struct lk_fast_key *key,
                             const struct lk_fast_info *info, uint8_t out[64])
{
    compress_fn *compress = compressor(crypto);
    uint8_t text[INFO_MAX];
    uint32_t words[8];
    struct message m = {.num_blocks = 0};
    size_t len = 0;

    enum lk_status status = lay_info(info, text, &len);
    if (status != LK_OK)
        return status;
    memcpy(text + DEVICE_X_AT, key->device_x, sizeof key->device_x);
    memcpy(m.bytes, text, len);
    pad_message(&m, len, 1);
    finish_hmac(compress, key->inner, key->outer, &m, words);
    for (size_t i = 0; i < 8; i++)
        lk_put32(out + 4 * i, words[i]);
    memcpy(m.bytes, out, 32);
    memcpy(m.bytes + 32, text, len);
    pad_message(&m, 32 + len, 2);
    finish_hmac(compress, key->inner, key->outer, &m, words);
    for (size_t i = 0; i < 8; i++)
        lk_put32(out + 32 + 4 * i, words[i]);
    lk_wipe(&m, sizeof m);
    lk_wipe(words, sizeof words);
    return LK_OK;
}

static void split_keys(const uint8_t okm[64], struct lk_session_keys *out)
{
    memcpy(out->enc, okm + 16, 16);
    memcpy(out->mac, okm + 32, 16);
    memcpy(out->rmac, okm + 48, 16);
}

enum lk_status lk_fast_derive(struct lk_crypto *crypto, const struct lk_persistent *key,
                              const uint8_t device_public[65], const struct lk_fast_info *info,
                              uint8_t out_cryptogram[16], struct lk_session_keys *out_keys)
{
    struct lk_fast_key fast = {.live = 0};
    uint8_t okm[64] = {0};

    enum lk_status status = lk_fast_key_make(crypto, key, device_public, &fast);
    if (status == LK_OK)
        status = expand(crypto, &fast, info, okm);
    if (status == LK_OK) {
        memcpy(out_cryptogram, okm, 16);
        split_keys(okm, out_keys);
    }
    lk_wipe(&fast, sizeof fast);
    lk_wipe(okm, sizeof okm);
    return status;
}

enum lk_status lk_fast_session(struct lk_crypto *crypto, const struct lk_fast_key *key,
                               const struct lk_fast_info *info, struct lk_session_keys *out_keys)
{
    uint8_t okm[64] = {0};

    enum lk_status status = expand(crypto, key, info, okm);
    if (status == LK_OK)
        split_keys(okm, out_keys);
    lk_wipe(okm, sizeof okm);
    return status;
}

/* What a scan carries from key to key. */
struct scan {
    struct message pair[2]; /* the same text; each key puts its own x-coordinate in */
    uint32_t want[4];
    uint32_t matches; /* how many matched; more than one is refused */
    uint32_t index;   /* of the match, by mask */
    /* Work of try_two. It holds channel keys of every entry: wiped once, at the end of the scan. */
    uint32_t sa[8], sb[8];
    uint8_t ba[BLOCK], bb[BLOCK];
};

/* FFFFFFFF if x is zero, else 0, without a branch. */
static uint32_t mask_of_zero(uint32_t x)
{
    return 0u - (1u ^ ((x | (0u - x)) >> 31));
}

static void judge(struct scan *scan, const uint32_t got[8], uint8_t live, size_t index)
{
    uint32_t differing = 0;

    for (size_t i = 0; i < 4; i++)
        differing |= got[i] ^ scan->want[i];
    uint32_t hit = mask_of_zero(differing) & mask_of_zero((uint32_t)live ^ 0xffu);
    scan->matches += hit & 1u;
    scan->index |= hit & (uint32_t)index;
}

static void try_one(const struct lk_crypto *crypto, struct scan *scan,
                    const struct lk_fast_key *key, size_t index)
{
    uint32_t got[8];

    memcpy(scan->pair[0].bytes + DEVICE_X_AT, key->device_x, sizeof key->device_x);
    finish_hmac(compressor(crypto), key->inner, key->outer, &scan->pair[0], got);
    judge(scan, got, key->live, index);
    lk_wipe(got, sizeof got);
}

/* Two keys side by side, where the processor can. `b` may be a repeat of `a` at the table's end. */
static void try_two(const struct lk_crypto *crypto, struct scan *scan, const struct lk_fast_key *a,
                    const struct lk_fast_key *b, size_t index)
{
    struct message *ma = &scan->pair[0], *mb = &scan->pair[1];
    uint32_t *sa = scan->sa, *sb = scan->sb;
    uint8_t *ba = scan->ba, *bb = scan->bb;

    memcpy(ma->bytes + DEVICE_X_AT, a->device_x, sizeof a->device_x);
    memcpy(mb->bytes + DEVICE_X_AT, b->device_x, sizeof b->device_x);
    memcpy(sa, a->inner, sizeof a->inner);
    memcpy(sb, b->inner, sizeof b->inner);
    for (size_t at = 0; at < ma->num_blocks * BLOCK; at += BLOCK)
        crypto->port->sha256_compress_x2(sa, ma->bytes + at, sb, mb->bytes + at);
    lay_outer(sa, ba);
    lay_outer(sb, bb);
    memcpy(sa, a->outer, sizeof a->outer);
    memcpy(sb, b->outer, sizeof b->outer);
    crypto->port->sha256_compress_x2(sa, ba, sb, bb);
    judge(scan, sa, a->live, index);
    if (a != b)
        judge(scan, sb, b->live, index + 1);
}

static const struct lk_fast_key *entry(const struct lk_fast_key *first, size_t stride, size_t index)
{
    return (const struct lk_fast_key *)(const void *)((const uint8_t *)first + index * stride);
}

enum lk_status lk_fast_scan(struct lk_crypto *crypto, const struct lk_fast_key *first,
                            size_t stride, size_t num, const struct lk_fast_info *info,
                            const uint8_t cryptogram[16], size_t *out_index, uint32_t *out_mask)
{
    struct scan scan = {.matches = 0};
    uint8_t text[INFO_MAX];
    size_t len = 0;

    if (stride < sizeof *first)
        return LK_CALLER_ARGUMENT;
    LK_TRY(lay_info(info, text, &len));
    for (size_t i = 0; i < 2; i++) {
        memcpy(scan.pair[i].bytes, text, len);
        pad_message(&scan.pair[i], len, 1);
    }
    for (size_t i = 0; i < 4; i++)
        scan.want[i] = lk_be32(cryptogram + 4 * i);
    if (crypto->port->sha256_compress_x2 != NULL) {
        for (size_t i = 0; i < num; i += 2)
            try_two(crypto, &scan, entry(first, stride, i),
                    entry(first, stride, i + 1 < num ? i + 1 : i), i);
    } else {
        for (size_t i = 0; i < num; i++)
            try_one(crypto, &scan, entry(first, stride, i), i);
    }
    uint32_t mask = mask_of_zero(scan.matches ^ 1u);
    *out_index = scan.index & mask;
    *out_mask = mask;
    lk_wipe(&scan, sizeof scan);
    return LK_OK;
}

enum lk_status lk_fast_key_save(struct lk_crypto *crypto, const struct lk_fast_key *key,
                                struct lk_bytes label, uint8_t out[LK_FAST_RECORD_LEN])
{
    uint8_t plain[96];

    for (size_t i = 0; i < 8; i++) {
        lk_put32(plain + 4 * i, key->inner[i]);
        lk_put32(plain + 32 + 4 * i, key->outer[i]);
    }
    memcpy(plain + 64, key->device_x, 32);
    enum lk_status status =
        lk_record_wrap(crypto, RECORD_FAST, label, lk_bytes(plain, sizeof plain), out);
    lk_wipe(plain, sizeof plain);
    return status;
}

enum lk_status lk_fast_key_load(struct lk_crypto *crypto, struct lk_bytes record,
                                struct lk_bytes label, struct lk_fast_key *out)
{
    uint8_t plain[96] = {0};

    if (record.len != LK_FAST_RECORD_LEN)
        return LK_STORE_CORRUPT;
    enum lk_status status = lk_record_unwrap(crypto, RECORD_FAST, label, record, plain);
    if (status == LK_OK) {
        for (size_t i = 0; i < 8; i++) {
            out->inner[i] = lk_be32(plain + 4 * i);
            out->outer[i] = lk_be32(plain + 32 + 4 * i);
        }
        memcpy(out->device_x, plain + 64, 32);
        out->live = 0xff;
    }
    lk_wipe(plain, sizeof plain);
    return status;
}
