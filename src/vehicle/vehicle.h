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

/* --- records.c --- */
enum lk_status lk_vehicle_load(struct lk_vehicle *vehicle);
/* Puts into the open commit. */
enum lk_status lk_vehicle_put_key(struct lk_vehicle *vehicle, size_t index,
                                  const struct lk_vehicle_key *key);
enum lk_status lk_vehicle_put_fast(struct lk_vehicle *vehicle, size_t index,
                                   const struct lk_vehicle_key *key);
/* The tokens of `seed` are what the phone holds; what was to come next is over. */
enum lk_status lk_vehicle_put_tokens(struct lk_vehicle *vehicle, size_t index,
                                     const uint8_t seed[32], const uint8_t slots[16]);
/* The tokens of `seed` are about to be written: the phone may hold them from now on. */
enum lk_status lk_vehicle_put_next(struct lk_vehicle *vehicle, size_t index,
                                   const uint8_t seed[32], const uint8_t slots[16]);
/* LK_CALLER_NOT_FOUND if nothing is next. The caller wipes the seed, whatever the status. */
enum lk_status lk_vehicle_read_next(struct lk_vehicle *vehicle, size_t index, uint8_t seed[32],
                                    uint8_t slots[16]);
enum lk_status lk_vehicle_drop_fast(struct lk_vehicle *vehicle, size_t index);
enum lk_status lk_vehicle_drop_key(struct lk_vehicle *vehicle, size_t index);
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
/* Where a new owner goes: a free place, else that of an ended owner; LK_NO_KEY if there is none. */
size_t lk_vehicle_room_for_owner(const struct lk_vehicle *vehicle);
/* A slot identifier that no entry uses, not zero. */
enum lk_status lk_vehicle_new_slot(struct lk_vehicle *vehicle, uint8_t out[LK_SLOT_LEN]);
/* Removes the pending owner, if there is one, from store and table. */
enum lk_status lk_vehicle_drop_pending(struct lk_vehicle *vehicle);
/* The pending owner becomes the owner, the old one ends, the verifier goes: one commit (D18). */
enum lk_status lk_vehicle_promote(struct lk_vehicle *vehicle, size_t index,
                                  const struct lk_vehicle_key *key, const struct lk_tap *tap);
/* New tokens, spare slots and fast key of an owner that is one already: one commit. */
enum lk_status lk_vehicle_refill(struct lk_vehicle *vehicle, size_t index,
                                 const struct lk_vehicle_key *key, const struct lk_tap *tap);

/* --- policy.c --- */
const struct lk_reader_policy *lk_policy_of(const struct lk_vehicle *vehicle, uint8_t reader);
/* 1 if the reader allows the action at all. */
int lk_policy_allows(const struct lk_vehicle *vehicle, uint8_t reader, uint8_t action);
/* 1 if a fast transaction may decide the action there (S12: doors alone). */
int lk_policy_fast(const struct lk_vehicle *vehicle, uint8_t reader, uint8_t action);
/* 1 while a key may still be used fast (P-13). */
int lk_policy_fresh(const struct lk_vehicle_key *key, uint64_t now_ms);
/* LK_OK, or why the car as it stands cannot do that, whatever the key. */
enum lk_status lk_policy_condition(const struct lk_vehicle *vehicle, uint8_t action);
/* LK_OK, or why this key may not do that there: state, role and rights as they stand now. */
enum lk_status lk_policy_check(const struct lk_vehicle *vehicle, size_t index, uint8_t reader,
                               uint8_t action, int was_fast, uint64_t now_ms);

/* --- grant.c --- */
/* Fills and signs a grant; reserves sequence numbers in the store when the block is used up. */
enum lk_status lk_grant_make(struct lk_vehicle *vehicle, const struct lk_vehicle_key *key,
                             const struct lk_tap *tap, struct lk_grant *out);

/* --- tokens.c: mailbox work of phase 3 (D28) --- */
enum { LK_TOKEN_NONE, LK_TOKEN_CURRENT, LK_TOKEN_NEXT };
/* Which token the phone showed: tap->token_proof. With NEXT its seed and slots are in the tap, for
 * the commit of this tap. */
enum lk_status lk_tokens_prove(struct lk_tap *tap, struct lk_bytes window);
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
