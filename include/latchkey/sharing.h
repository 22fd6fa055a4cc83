/* sharing.h: a key from phone to phone, both ends (device room).
 *
 * The owner's phone makes an invitation; the friend's phone makes a key of its own and sends its
 * certificates; the owner's element checks them and signs; the friend's phone puts the signed
 * package into the key's mailbox, and the car takes it at the first tap, offline. The messages are
 * sealed blobs that any carrier may take: file, pipe, link, relay. Each belongs to one session, one
 * direction and one place in the row; any other is refused and changes nothing.
 *
 * Sharings are kept in the wallet's journal and outlive a restart of the host; the consent of the
 * owner lives in the element until it is used, 48 hours are over, or the element restarts.
 * Secrets: the secret of the link, wiped when the sharing ends. The owner's journal holds the PIN,
 * wrapped, until then; the password is not kept.
 * Source: spec/sharing.md of the project; P-17, P-18, D4, D27, D28, S4 to S8, S18. */
#ifndef LATCHKEY_SHARING_H
#define LATCHKEY_SHARING_H

#include "access.h"
#include "config.h"
#include "pki.h"

#ifdef __cplusplus
extern "C" {
#endif

struct lk_device;

#define LK_SHARE_PASSWORD_MAX 16 /* sharing password, bytes */
#define LK_SHARE_PIN_MIN 6       /* digits */
#define LK_SHARE_PIN_MAX 12

/* What the owner wants to give. All pointers are borrowed for the call. */
struct lk_share_plan {
    uint32_t profile;              /* one of those the car listed in pairing (D9) */
    uint8_t not_before[LK_DATE_LEN], not_after[LK_DATE_LEN]; /* UTC, in this order */
    uint8_t redeem_by[LK_DATE_LEN]; /* at most LK_REDEEM_DAYS_MAX days from now */
    struct lk_limits limits;       /* narrower than the profile, or all zero */
    const char *name;              /* what the friend's wallet shows, 1 to 30 bytes of UTF-8 */
    uint8_t activation;            /* LK_ACTIVATE_*; 0: none beside the profile's own */
    const char *password;          /* with LK_ACTIVATE_PASSWORD: 4 to 16 bytes, typed at the car */
    const char *pin;               /* 6 to 12 digits the friend must know, or NULL */
};

/* A message to bring to the other phone. `len` is set on success; `blob` is scratch otherwise. */
struct lk_share_out {
    uint8_t blob[LK_SHARE_BLOB_MAX];
    size_t len; /* 0: nothing to bring */
};

/* Owner: invites. Needs a fresh user authentication (lk_device_authenticate_user), which is spent:
 * the element remembers exactly these rights (S5, SH18). `now` must be known. Takes a spare slot
 * that no other sharing under way has. *out_index names the sharing from here on.
 * LK_CALLER_ARGUMENT for a plan that is none; LK_CALLER_NOT_FOUND, LK_SHARE_NOT_OWNER,
 * LK_KEY_LOCKED, LK_KEY_TERMINATED, LK_SHARE_PROFILE, LK_SHARE_DATES, LK_SHARE_REDEEM_BY,
 * LK_SHARE_NO_SLOT, LK_NEEDS_USER_AUTH, LK_CALLER_FULL, LK_CALLER_SPACE if the car's certificates
 * do not fit a message, LK_CALLER_STATE while a pairing runs or for a key not used yet, LK_PORT_*.
 */
enum lk_status lk_device_share(struct lk_device *device, size_t pass,
                               const struct lk_share_plan *plan, const struct lk_date *now,
                               uint64_t now_ms, size_t *out_index,
                               struct lk_share_secret *out_secret, struct lk_share_out *out);

/* Friend: opens an invitation, checks the car's chain under its own pinned root as in pairing
 * (M70), makes the key, and answers. LK_SHARE_SECRET, LK_SHARE_AUTOMAKER, LK_SHARE_REDEEMED if this
 * invitation was opened here before, LK_SHARE_TIMED_OUT, LK_SHARE_EXPIRED, LK_SHARE_SESSION if it
 * is no first message of an owner, LK_SHARE_VEHICLE, LK_SHARE_DATES, LK_SHARE_SLOT, LK_CERT_*,
 * LK_PEER_* for a malformed one, LK_CALLER_FULL, LK_CALLER_STATE while a pairing runs, LK_PORT_*.
 */
enum lk_status lk_device_share_accept(struct lk_device *device,
                                      const struct lk_share_secret *secret, struct lk_bytes blob,
                                      const struct lk_date *now, uint64_t now_ms,
                                      size_t *out_index, struct lk_share_out *out);

/* Either: takes the next message of a sharing that is known here, and gives the answer, if there is
 * one. FF11 at the owner: checks the chain, has the element sign, gives FF12 (or FF14 while a PIN
 * is awaited). FF12 at the friend: checks and stores the package. FF13 ends it, in any order. FF14:
 * PIN; a wrong one gives LK_SHARE_PIN and yet sets `out_index` and `out`: the next question, or
 * after the last try the cancel. A refused message changes nothing but that count.
 * A sharing that was cancelled, ran out or is complete says so and stays as it is:
 * LK_SHARE_CANCELLED, LK_SHARE_TIMED_OUT, LK_SHARE_REDEEMED. LK_SHARE_SESSION for an unknown
 * session or a message out of place; LK_SHARE_SECRET; LK_SHARE_PIN with tries left in the
 * sharing; the statuses of the element's check (LK_CERT_*, LK_SHARE_*), all of them found by the
 * host too, which tells them apart and knows the date. `now` unknown: dates of the chain are not
 * checked.
 */
enum lk_status lk_device_share_take(struct lk_device *device, struct lk_bytes blob,
                                    const struct lk_date *now, uint64_t now_ms, size_t *out_index,
                                    struct lk_share_out *out);

/* Friend: answers the owner's question for the PIN. LK_CALLER_STATE, LK_CALLER_ARGUMENT. */
enum lk_status lk_device_share_pin(struct lk_device *device, size_t index, const char *pin,
                                   struct lk_share_out *out);

/* Either: ends a sharing; `out` tells the other side. The owner's slot and token come back if the
 * element has not signed; the friend's key is deleted in its element unless the package is stored.
 * LK_SHARE_REDEEMED if it is complete: then the key is ended, not the sharing. LK_CALLER_NOT_FOUND;
 * the status of one that ended before; LK_PORT_*: it goes on. */
enum lk_status lk_device_share_cancel(struct lk_device *device, size_t index,
                                      struct lk_share_out *out);

enum lk_sharing_role { LK_SHARING_OWNER = 1, LK_SHARING_FRIEND = 2 };
enum lk_sharing_state {
    LK_SHARING_FREE = 0,
    LK_SHARING_INVITED = 1, /* owner: FF10 went out. friend: the key is made, FF11 went out */
    LK_SHARING_PIN = 2,     /* owner: the chain is good, the PIN is awaited. friend: asked for it */
    LK_SHARING_DONE = 3,    /* owner: signed, FF12 went out. friend: the package lies ready */
    LK_SHARING_ENDED = 4,   /* see `status` */
};

/* What a sharing came to. Fields are read-only outside src/device. */
struct lk_sharing {
    uint8_t state;  /* enum lk_sharing_state */
    uint8_t role;   /* enum lk_sharing_role */
    uint8_t pass;   /* owner: the pass that shares. friend: the new pass, FF if it is gone */
    uint8_t sequence; /* of the next message */
    uint8_t options, tries_left;
    uint16_t status; /* enum lk_status of ENDED */
    uint32_t profile;
    uint64_t until_ms; /* on the clock of the calls; 0 after a restart: judged by redeem_by */
    uint8_t session[16];
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t redeem_by[LK_DATE_LEN];
    uint8_t friend_key_id[LK_KEY_ID_LEN]; /* zeros until it is known */
    uint8_t previous[LK_HASH_LEN];        /* SHA-256 of the last message */
    uint8_t signing_hash[LK_HASH_LEN];    /* of FF11, once it is there: what a PIN answers */
    uint8_t slot[LK_SLOT_ID_MAX];
    uint8_t slot_len, spare;              /* owner: index of the slot in the list */
    /* Friend: where the package, its greatest length and the signaling byte lie (7F4D). */
    uint16_t package_at, package_max, signal_at;
    char name[32];
    struct lk_share_secret secret;
};

/* NULL for a free entry or an index at or above LK_DEVICE_NUM_SHARINGS. */
const struct lk_sharing *lk_device_sharing_at(const struct lk_device *device, size_t index);

#ifdef __cplusplus
}
#endif
#endif
