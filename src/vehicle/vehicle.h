/* vehicle.h: what the files of this room share. Decisions are made in transaction.c and policy.c
 * alone; records.c alone knows how the car's state lies in the store. spec/vehicle.md. */
#ifndef LK_VEHICLE_ROOM_H
#define LK_VEHICLE_ROOM_H

#include "apdu/apdu.h"
#include "chan/chan.h"
#include "crypto/crypto.h"
#include "latchkey/vehicle.h"
#include "msg/msg.h"
#include "latchkey/pki.h"

enum {
#define LK_PAIRING_STATE(name, text) LK_PAIR_##name,
#include "facts/states.def"
#undef LK_PAIRING_STATE
};
enum {
#define LK_TAP_STATE(name, text) LK_AT_##name,
#include "facts/states.def"
#undef LK_TAP_STATE
};

/* When a key that was not standard since the start of the car was so: its age is unknown. */
#define LK_BEFORE_START UINT64_MAX

/* What a signature is for (spec/facts/usages.def). */
#define LK_USAGE(name, value, signer, origin) static const uint32_t name = (value);
#include "facts/usages.def"
#undef LK_USAGE

/* The count of fast transactions runs ahead in the store by this much, so that a power cut never
 * lowers it (P-13). */
#define LK_FAST_COUNT_BLOCK 25u

/* "no key" as an index. */
#define LK_NO_KEY 0xffffu

/* Protocol versions of this car, highest first (protocol 3.3). */
extern const uint8_t lk_vehicle_spake_versions[2];
extern const uint8_t lk_vehicle_applet_versions[2];

/* One command to send, and the answer that came back. */
struct lk_send {
    enum lk_step *step;
    uint8_t *out;
    size_t *out_len;
};
/* Writes a command and makes the step SEND. */
enum lk_status lk_send_command(const struct lk_send *send, uint8_t cla, uint8_t ins, uint8_t p1,
                               uint8_t p2, struct lk_bytes body, int has_answer);

/* Public values of a tap that enter key derivation. */
struct lk_transcript lk_tap_transcript(const struct lk_tap *tap);

/* --- records.c --- */
enum lk_status lk_vehicle_load(struct lk_vehicle *vehicle);
/* Puts into the open commit. */
enum lk_status lk_vehicle_put_key(struct lk_vehicle *vehicle, size_t index,
                                  const struct lk_vehicle_key *key);
enum lk_status lk_vehicle_put_fast(struct lk_vehicle *vehicle, size_t index,
                                   const struct lk_vehicle_key *key);
/* The tokens of one seed, and the slots that go with the spares of them. */
struct lk_token_set {
    uint8_t seed[32];
    uint8_t slots[16];
    uint8_t unused; /* bit i: nobody came with spare i yet */
};
/* Tokens that the phone of an owner holds, or (`is_next`) may hold from now on. */
enum lk_status lk_vehicle_put_set(struct lk_vehicle *vehicle, size_t index, int is_next,
                                  const struct lk_token_set *set);
/* What was next is what the phone holds. LK_CALLER_NOT_FOUND if nothing is next. */
enum lk_status lk_vehicle_adopt_next(struct lk_vehicle *vehicle, size_t index);
/* LK_CALLER_NOT_FOUND if there is none. The caller wipes `out`, whatever the status. */
enum lk_status lk_vehicle_read_set(struct lk_vehicle *vehicle, size_t index, int is_next,
                                   struct lk_token_set *out);
/* A friend's token is its own: the seed it came from is replaced at the owner's next refill. */
enum lk_status lk_vehicle_put_friend_token(struct lk_vehicle *vehicle, size_t index,
                                           const struct lk_vehicle_key *key,
                                           const uint8_t token[LK_TOKEN_LEN]);
/* The token that this key must show. LK_CALLER_NOT_FOUND; the caller wipes it. */
enum lk_status lk_vehicle_read_token(struct lk_vehicle *vehicle, size_t index,
                                     uint8_t out[LK_TOKEN_LEN]);
/* The key for sharing passwords, of one owner and one epoch: another epoch's is not found. */
enum lk_status lk_vehicle_put_share_key(struct lk_vehicle *vehicle, size_t index, uint32_t epoch,
                                        const uint8_t share_key[16]);
enum lk_status lk_vehicle_read_share_key(struct lk_vehicle *vehicle, size_t index, uint32_t epoch,
                                         uint8_t out[16]);
/* What must happen before the first tap of a friend that came through the online door (M85). Bytes
 * alone, as they lie in the store. */
struct lk_activation {
    uint8_t methods;         /* LK_ACTIVATE_*, of the owner; 0: none */
    uint8_t profile_methods; /* of the profile; 0: none */
    uint8_t salt[8], mac[16];
};
enum lk_status lk_vehicle_put_activation(struct lk_vehicle *vehicle, size_t index,
                                         const struct lk_activation *activation);
enum lk_status lk_vehicle_read_activation(struct lk_vehicle *vehicle, size_t index,
                                          struct lk_activation *out);
enum lk_status lk_vehicle_drop_activation(struct lk_vehicle *vehicle, size_t index);
enum lk_status lk_vehicle_drop_fast(struct lk_vehicle *vehicle, size_t index);
/* All records of a key but the one that names it. */
enum lk_status lk_vehicle_drop_secrets(struct lk_vehicle *vehicle, size_t index);
enum lk_status lk_vehicle_drop_key(struct lk_vehicle *vehicle, size_t index);
struct lk_time_record {
    uint32_t floor, number, anchor_s;
    uint64_t anchor_ms;
};
/* With the clock of the configuration. */
enum lk_status lk_vehicle_put_time(struct lk_vehicle *vehicle, const struct lk_time_record *time);
/* Record `number` of the memory of used and ended; empty removes it. */
enum lk_status lk_vehicle_put_spent(struct lk_vehicle *vehicle, size_t number,
                                    struct lk_bytes entries);
/* An absent one is LK_OK with a length of 0. */
enum lk_status lk_vehicle_read_spent(struct lk_vehicle *vehicle, size_t number, uint8_t *out,
                                     size_t cap, size_t *out_len);
enum lk_status lk_vehicle_put_verifier(struct lk_vehicle *vehicle,
                                       const struct lk_verifier *verifier);
enum lk_status lk_vehicle_put_attempts(struct lk_vehicle *vehicle, uint8_t attempts);
enum lk_status lk_vehicle_put_epoch(struct lk_vehicle *vehicle, uint32_t epoch);
enum lk_status lk_vehicle_put_cached_f(struct lk_vehicle *vehicle, struct lk_bytes f);
enum lk_status lk_vehicle_put_sequence(struct lk_vehicle *vehicle, uint32_t reserved);
enum lk_status lk_vehicle_drop_verifier(struct lk_vehicle *vehicle);
/* Commits if `status` is LK_OK, cancels otherwise; gives the final status. */
enum lk_status lk_vehicle_end_commit(struct lk_vehicle *vehicle, enum lk_status status);
/* Token `index` of a seed: 0 is the key's own, 1 to 8 the spares. */
enum lk_status lk_vehicle_token(struct lk_vehicle *vehicle, const uint8_t seed[32], uint8_t index,
                                uint8_t out[LK_TOKEN_LEN]);

/* --- keys.c --- */
size_t lk_vehicle_find_slot(const struct lk_vehicle *vehicle, struct lk_bytes slot);
size_t lk_vehicle_find_public(const struct lk_vehicle *vehicle, const uint8_t public_key[65]);
size_t lk_vehicle_find_state(const struct lk_vehicle *vehicle, uint8_t role, uint8_t state);
/* Where a new key goes: a free place, else that of an ended key that the memory of S7 knows;
 * *out_index is LK_NO_KEY if there is none. */
enum lk_status lk_vehicle_room(struct lk_vehicle *vehicle, size_t *out_index);
/* A slot identifier that no entry uses, not zero. */
enum lk_status lk_vehicle_new_slot(struct lk_vehicle *vehicle, uint8_t out[LK_SLOT_LEN]);
/* Removes the pending owner, if there is one, from store and table. */
enum lk_status lk_vehicle_drop_pending(struct lk_vehicle *vehicle);
/* The pending owner becomes the owner, the old one and all friends end, the verifier goes: one
 * commit (D18, S15). */
enum lk_status lk_vehicle_promote(struct lk_vehicle *vehicle, size_t index,
                                  const struct lk_vehicle_key *key);
/* New tokens, spare slots and fast key of an owner that is one already: one commit. */
enum lk_status lk_vehicle_refill(struct lk_vehicle *vehicle, size_t index,
                                 const struct lk_vehicle_key *key);

/* Wipes the fast key of an entry whose time is over, in RAM and then in the store (S12). */
void lk_vehicle_wipe_fast(struct lk_vehicle *vehicle, size_t index);

/* --- time.c (D30) --- */
/* Seconds since 2000 that the car trusts now; 0: it knows no time. */
uint32_t lk_time_seconds(const struct lk_vehicle *vehicle, uint64_t now_ms);

/* --- spent.c: used attestations and ended keys (S7) --- */
#define LK_SPENT_FOR_EVER UINT32_MAX
/* Entries to be added in one commit. */
struct lk_spent {
    struct lk_vehicle *vehicle;
    size_t num; /* in the memory, these included */
    uint8_t tail[576]; /* the record that is not full yet */
};
enum lk_status lk_spent_load(struct lk_vehicle *vehicle);
/* One look through the memory for `num` hashes, one after the other: bit n of *out_found is 1 if it
 * holds the nth. */
enum lk_status lk_spent_find(struct lk_vehicle *vehicle, const uint8_t *hashes, size_t num,
                             unsigned *out_found);
/* begin, any adds, end inside an open commit; when it holds, vehicle->num_spent = spent->num.
 * LK_SHARE_MEMORY when it is full: then what was added before still stands. */
enum lk_status lk_spent_begin(struct lk_spent *spent, struct lk_vehicle *vehicle);
enum lk_status lk_spent_add(struct lk_spent *spent, const uint8_t hash[LK_HASH_LEN],
                            uint32_t until);
enum lk_status lk_spent_end(struct lk_spent *spent);
/* Adds the key of an entry that ends now. A full memory is LK_OK: its entry stays in the table. */
enum lk_status lk_spent_add_key(struct lk_spent *spent, const struct lk_vehicle_key *key);
/* Forgets what lies below the new floor, in the open commit; *out_num is what is left. */
enum lk_status lk_spent_forget(struct lk_vehicle *vehicle, uint32_t floor, size_t *out_num);

/* --- friend.c: the owner's word about another key --- */
struct lk_friend {
    struct lk_package package;
    struct lk_vehicle_key key;
    struct lk_activation activation;
    struct lk_token_set set;     /* of the owner: the one with the slot */
    uint8_t is_next;             /* it is the set that is next */
    uint8_t spare;               /* number of the slot in it */
    uint8_t uses_password;
    size_t owner, place;         /* in the table */
    uint8_t share_hash[LK_HASH_LEN];
    uint8_t token[LK_TOKEN_LEN];
};
/* Judges a package, in the order of spec/access.md. `tap` is the first tap that brought it, or NULL
 * at the online door: then possession and activation wait for the first tap. The caller wipes
 * `out`, whatever the status. */
enum lk_status lk_friend_check(struct lk_vehicle *vehicle, struct lk_bytes package,
                               const struct lk_tap *tap, uint64_t now_ms, struct lk_friend *out);
/* One commit: key, token, spent attestation, the owner's slot; `fast` may be NULL. */
enum lk_status lk_friend_store(struct lk_vehicle *vehicle, struct lk_friend *found,
                               const struct lk_fast_key *fast);
/* What must have happened at the car for a first tap. LK_OK or LK_SHARE_ACTIVATION; a wrong
 * password is counted and forgotten. *out_uses_password: it is to be forgotten when it served. */
enum lk_status lk_friend_activated(struct lk_vehicle *vehicle, const struct lk_activation *what,
                                   uint64_t now_ms, uint8_t *out_uses_password);
/* The typed password goes. */
void lk_friend_forget_password(struct lk_vehicle *vehicle);

/* --- package.c: the mailbox work of a friend's first tap (M105) --- */
/* LK_OK, or LK_SHARE_TOO_SOON after a package that was refused (S6). */
enum lk_status lk_package_may_read(const struct lk_vehicle *vehicle, uint64_t now_ms);
/* Asks for the next bytes. */
enum lk_status lk_package_ask(struct lk_tap *tap, const struct lk_send *send);
/* Takes an answer. *out_is_whole is 1 when the package is there. */
enum lk_status lk_package_take(struct lk_tap *tap, struct lk_bytes plain, int *out_is_whole);
/* Judges and stores what was read; a failure starts the pause of S6. *out_index is the new key. */
enum lk_status lk_package_accept(struct lk_tap *tap, uint64_t now_ms, size_t *out_index);
/* Tells the phone that the package was taken: one atomic EXCHANGE. */
enum lk_status lk_package_clear(struct lk_tap *tap, const struct lk_send *send);

/* --- policy.c --- */
const struct lk_reader_policy *lk_policy_of(const struct lk_vehicle *vehicle, uint8_t reader);
/* 1 if the reader allows the action at all. */
int lk_policy_allows(const struct lk_vehicle *vehicle, uint8_t reader, uint8_t action);
/* 1 if a fast transaction may decide the action there (S12: doors alone). */
int lk_policy_fast(const struct lk_vehicle *vehicle, uint8_t reader, uint8_t action);
/* 1 while a key may still be used fast (P-13). */
int lk_policy_fresh(const struct lk_vehicle_key *key, uint64_t now_ms);
/* 1 if a key whose time is over still has a fast key. */
int lk_policy_is_over(const struct lk_vehicle *vehicle, size_t index, uint64_t now_ms);
/* LK_OK, or why the car as it stands cannot do that, whatever the key. */
enum lk_status lk_policy_condition(const struct lk_vehicle *vehicle, uint8_t action);
/* LK_OK, or why this key may not do that there: state, dates, role, rights and limits as they stand
 * now. */
enum lk_status lk_policy_check(const struct lk_vehicle *vehicle, size_t index, uint8_t reader,
                               uint8_t action, int was_fast, uint64_t now_ms);

/* --- grant.c --- */
/* Fills and signs a grant; reserves sequence numbers in the store when the block is used up. */
enum lk_status lk_grant_make(struct lk_vehicle *vehicle, const struct lk_vehicle_key *key,
                             const struct lk_tap *tap, struct lk_grant *out);

/* --- tokens.c: mailbox work of phase 3 (D28) --- */
enum { LK_TOKEN_NONE, LK_TOKEN_CURRENT, LK_TOKEN_NEXT };
/* Which token the phone showed (tap->shown): tap->token_proof. What is current is looked up for a
 * start alone. */
enum lk_status lk_tokens_prove(struct lk_tap *tap);
/* Draws new tokens and commits them as next: from then on the phone may have them. */
enum lk_status lk_tokens_begin(struct lk_tap *tap);
/* LK_OK while what is next is what this tap wrote; LK_TAP_TOKEN if another tap came between. */
enum lk_status lk_tokens_check_ours(const struct lk_tap *tap);
/* Sends EXCHANGE number `tap->exchange_phase`. */
enum lk_status lk_tokens_send(struct lk_tap *tap, const struct lk_send *send);
#define LK_TOKENS_PHASES 2

/* --- pairing.c, pairing_write.c, pairing_read.c --- */
/* Option groups of an owner key (D32). */
#define LK_PAIRING_OPTION2 (LK_OPTION2_SIGN | LK_OPTION2_CONFIDENTIAL)
static inline uint8_t lk_pairing_option1(const struct lk_vehicle_config *config)
{
    unsigned fast = config->enrolment_fast_allowed ? LK_OPTION1_FAST : 0;

    return (uint8_t)(LK_OPTION1_STANDARD | LK_OPTION1_AUTHORIZE | fast);
}
/* Sends the abort, or the end if nothing was selected, and wipes. */
enum lk_status lk_pairing_fail(struct lk_pairing *pairing, enum lk_status status,
                               const struct lk_send *send);
enum lk_status lk_pairing_begin_data(struct lk_pairing *pairing);
enum lk_status lk_pairing_begin_attestation(struct lk_pairing *pairing);
enum lk_status lk_pairing_send_data(struct lk_pairing *pairing, const struct lk_send *send);
/* Checks the R-MAC of the answer to WRITE DATA; the answer is empty. */
enum lk_status lk_pairing_check_written(struct lk_pairing *pairing, struct lk_bytes response);
enum lk_status lk_pairing_ask(struct lk_pairing *pairing, const struct lk_send *send);
/* Takes one part. *out_is_whole is 1 when all certificates are there. */
enum lk_status lk_pairing_take_part(struct lk_pairing *pairing, struct lk_bytes response,
                                    const struct lk_send *send, int *out_is_whole);
/* Chain, facts, newness; then the pending owner in one commit (D18). */
enum lk_status lk_pairing_accept(struct lk_pairing *pairing);

#endif
