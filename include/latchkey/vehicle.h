/* vehicle.h: the car's half: owner pairing, taps, key table and the grant it hands to the lock.
 *
 * Sans-I/O: the car's own code moves APDUs and time. `lk_vehicle_tap_*` and `lk_vehicle_pair_*`
 * return what to do next: send these bytes, reset the field, wait, or stop. Each reader has its own
 * `struct lk_tap`; all share one `struct lk_vehicle`. The caller serialises calls. No heap, no
 * scrypt. Secrets: Kpersistent midstates in the key table, session keys in the taps; wiped by
 * forget and at every end. Source: spec/pairing.md, spec/transaction.md, spec/vehicle.md of the
 * project. */
#ifndef LATCHKEY_VEHICLE_H
#define LATCHKEY_VEHICLE_H

#include "access.h"
#include "chan.h"
#include "config.h"
#include "link.h"
#include "pki.h"
#include "store.h"
#include "verifier.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a tap is for: the transaction code in P2 of AUTH0 (P-09). */
enum lk_action {
    LK_ACTION_NONE = 0,
    LK_ACTION_UNLOCK = 1,
    LK_ACTION_LOCK = 2,
    LK_ACTION_START = 3,
    LK_ACTION_MAINTAIN = 4,   /* mailbox work; phase 3 of pairing */
    LK_ACTION_BACKGROUND = 5, /* the phone shows nothing */
    LK_ACTION_TRUNK = 6,      /* project-defined, next to the codes of P-09; never fast */
};

/* Where the reader is; each place has its policy. */
enum lk_reader { LK_READER_DOOR = 1, LK_READER_DASHBOARD = 2 };

enum lk_key_state {
#define LK_KEY_STATE(name, number, text) LK_KEY_##name = number,
#include "facts/states.def"
#undef LK_KEY_STATE
};
enum lk_key_role { LK_KEY_OWNER = 1, LK_KEY_FRIEND = 2 };

/* What the car's own code says of the car (lk_vehicle_set_condition), a bit set. */
enum { LK_CAR_ENGINE_ON = 0x01, LK_CAR_DOOR_OPEN = 0x02 };

/* What one reader may do. An action outside `actions` is refused there whatever the key. */
struct lk_reader_policy {
    uint8_t actions;    /* bit n: enum lk_action n allowed */
    uint8_t fast;       /* bit n: action n may be decided by a fast transaction; START is never */
    uint8_t may_pair;   /* 1: owner pairing is possible here (M16) */
};

/* The field's defaults: the door locks and unlocks, fast; the dashboard also starts, pairs. */
extern const struct lk_reader_policy lk_policy_door;
extern const struct lk_reader_policy lk_policy_dashboard;

/* A fresh, keyed, single-use authorisation for the actuator side (D26, RA13). */
#define LK_GRANT_LEN 61
struct lk_grant {
    uint8_t action; /* enum lk_action */
    uint8_t key_id[LK_KEY_ID_LEN];
    uint8_t transaction_id[LK_TRANSACTION_ID_LEN];
    uint32_t sequence; /* grows by one with each grant of this car, across reboots */
    uint16_t rights;   /* of the key, so that the car model can limit speed */
    uint8_t speed_limit_kmh;     /* 0: none */
    uint8_t power_limit_percent; /* 1 to 100; 0: none */
    uint8_t mac[16];   /* AES-CMAC over all fields before it, big-endian, under the actuator key */
};

/* The other end of a grant, in the lock or engine controller. */
struct lk_actuator {
    uint8_t key[LK_AES_KEY_LEN];
    uint32_t last_sequence; /* grants at or below it are spent; keep it through restarts */
};
/* LK_GRANT if genuine, fresh and for `action`; burns the sequence. LK_DENY otherwise. */
enum lk_verdict lk_actuator_check(struct lk_crypto *crypto, struct lk_actuator *actuator,
                                  enum lk_action action, const struct lk_grant *grant);

/* How a tap came out. `status` is LK_OK with LK_GRANT, else what the car can know (D23). */
struct lk_outcome {
    enum lk_verdict verdict;
    enum lk_status status;
    enum lk_status detail;      /* first cause, for the log and the trace */
    enum lk_action action;
    enum lk_reader reader;
    uint8_t was_fast;
    uint8_t fast_refused;       /* fast was tried and the same session went on as standard (M102) */
    uint8_t friend_stored;      /* the package of a new key was taken, whatever the verdict */
    uint8_t owner_promoted;     /* the pending owner of a pairing became the owner (D18) */
    uint8_t has_key;
    uint8_t key_id[LK_KEY_ID_LEN];
    struct lk_grant grant;      /* valid with LK_GRANT */
};

/* One key in the table. Fields are read-only outside src/vehicle. Times are seconds since 2000
 * (UTC); an owner has none. At most 256 bytes: its tokens lie in the store alone. */
struct lk_vehicle_key {
    uint64_t standard_ms;      /* of the last standard transaction; UINT64_MAX: not since start */
    struct lk_fast_key fast;   /* belongs to src/crypto */
    uint32_t not_before, not_after; /* 0: no dates */
    uint32_t redeem_by;        /* of the package it came with; 0: an owner */
    uint32_t profile;          /* of a friend */
    struct lk_limits limits;   /* of a friend: the narrower of profile and entitlement */
    uint16_t starts_left;      /* while limits.starts is not 0 */
    uint16_t rights;
    uint16_t fast_count;       /* since the last standard transaction */
    uint8_t public_key[LK_POINT_LEN];
    uint8_t key_id[LK_KEY_ID_LEN];
    uint8_t slot[LK_SLOT_ID_MAX];
    uint8_t slot_len;
    uint8_t state; /* enum lk_key_state */
    uint8_t role;  /* enum lk_key_role */
    uint8_t has_token;         /* 1: the store holds the token expected from its mailbox */
    uint8_t has_next_token;    /* 1: the store holds one that the phone may have got already */
};
_Static_assert(sizeof(struct lk_vehicle_key) <= 256, "P19: RAM of one key");
/* Bytes of the store that a friend's key takes: record, fast key and token, with their heads (an
 * owner's spares and keys for sharing come on top). */
#define LK_VEHICLE_KEY_STORED 384

/* Longest sharing password typed at a car, bytes; the shortest has LK_SHARE_WORD_MIN. */
#define LK_SHARE_WORD_MIN 4
#define LK_SHARE_WORD_MAX 16
/* Longest package a car reads at a first tap: three answers of EXCHANGE, bytes. */
#define LK_PACKAGE_READ 230
#define LK_PACKAGE_MAX (3 * LK_PACKAGE_READ)

/* What a production line gives a car. All pointers are borrowed and must outlive the vehicle. */
struct lk_vehicle_config {
    struct lk_crypto *crypto;
    struct lk_store *store;    /* open, kind LK_STORE_VEHICLE */
    struct lk_key vehicle_key; /* vehicle.SK in the provider */
    uint8_t vehicle_public[LK_POINT_LEN];
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t brand[2];
    struct lk_bytes k;            /* certificate K */
    struct lk_bytes intermediate; /* or empty */
    /* The automaker's root: all the PKI a car carries (M100), and the authorised key its owners'
     * keys freeze: F of every device maker hangs under it (M94, M101). */
    uint8_t root_key[LK_POINT_LEN];
    uint8_t actuator_key[LK_AES_KEY_LEN];
    struct lk_reader_policy door, dashboard;
    uint8_t enrolment_fast_allowed; /* option group 1 bit 1 of new keys */
    /* The automaker's access levels; NULL: lk_default_profiles. A profile that is not here is
     * refused (S4). */
    const struct lk_profile *profiles;
    size_t num_profiles;
    /* Who signs tracking receipts under J; NULL: none is known, and what needs one is refused. */
    const uint8_t *receipt_key;  /* 65 */
    uint8_t requires_receipt;    /* 1: no friend without a receipt (D7 of the configuration, S10) */
    /* Names one unbroken run of the clock behind `now_ms`: the same as before means that the clock
     * went on while this program did not; 0 or another value, that it may have been reset. Then
     * trusted time and the age of fast keys are unknown until they are renewed (D30, P-13). */
    uint64_t clock_id;
    int16_t utc_offset_min; /* of the car's place, for the hours and days of a limit */
};

struct lk_vehicle {
    const struct lk_vehicle_config *config;
    struct lk_vehicle_key keys[LK_VEHICLE_NUM_KEYS];
    struct lk_verifier verifier;
    uint8_t has_verifier;
    uint8_t attempts;            /* since the verifier came; committed before VERIFY */
    uint8_t pairing_open;        /* pairing mode */
    uint8_t pairing_failures;    /* since it was opened (S20) */
    uint64_t pairing_until_ms;
    uint32_t grant_sequence;     /* reserved in the store in blocks */
    uint32_t grant_reserved;
    uint32_t sharing_epoch;
    uint8_t cached_f_ski[20];    /* F seen last (D34) */
    uint8_t cached_f[LK_CERT_MAX];
    uint16_t cached_f_len;
    uint64_t pending_until_ms;   /* when a pending owner dies (D18) */
    uint8_t condition;           /* LK_CAR_..., as the car's own code said last */
    /* Trusted time (D30): what is stored, and what the running clock adds to it. */
    uint32_t time_floor, time_number; /* of the last signed time; 0: none yet */
    uint32_t anchor_s, hint_s;
    uint64_t anchor_ms, hint_ms;
    uint8_t has_anchor, has_hint;
    uint16_t num_spent;          /* entries in the memory of used and ended (S7) */
    /* What happened at the car for a first tap, and until when it counts; 0: nothing. */
    uint64_t owner_until_ms, fob_until_ms, password_until_ms;
    uint8_t password[LK_SHARE_WORD_MAX];
    uint8_t password_len;
    uint8_t password_failures;
    uint64_t no_password_until_ms; /* after too many wrong ones */
    uint64_t no_package_until_ms;  /* after a refused package (S6) */
    void *active_pairing;        /* the one pairing that may run (PA1, PA16) */
};

/* What the caller has to do next. */
enum lk_step {
    LK_STEP_SEND = 1,  /* transceive out_command, give the response to next() */
    LK_STEP_RESET = 2, /* reset the field, then call next() with an empty response */
    LK_STEP_WAIT = 3,  /* wait LK_TIMER_RESELECT_MS, then call next() with an empty response */
    LK_STEP_DONE = 4,  /* finished; see the outcome */
};

/* One transaction at one reader, caller-placed. Fields belong to src/vehicle. */
struct lk_tap {
    struct lk_vehicle *vehicle;
    uint8_t state; /* spec/facts/states.def */
    uint8_t reader, interface, action;
    uint8_t p1, p2, tries_fast, step_count;
    uint8_t version[2];
    uint8_t version_list[16];
    uint8_t version_list_len;
    uint8_t transaction_id[LK_TRANSACTION_ID_LEN];
    struct lk_key ephemeral;
    uint8_t ephemeral_public[LK_POINT_LEN];
    uint8_t device_ephemeral[LK_POINT_LEN];
    struct lk_chan chan;
    struct lk_persistent persistent; /* from the derivation to the answer of AUTH1 */
    uint8_t is_derived;              /* 1: chan and persistent are of this session */
    uint16_t key_index; /* FFFF: none */
    uint8_t control_p1, control_p2;
    uint8_t exchange_phase;
    uint8_t has_fast;          /* 1: fresh_fast is to be stored with the decision */
    struct lk_fast_key fresh_fast;
    uint8_t shown[32];         /* the token as the window showed it; length below */
    uint8_t shown_len;
    uint8_t token_proof;       /* which token that is */
    uint8_t token_seed[32];    /* of the tokens being written (D28) */
    uint8_t spare_slots[16];   /* slot identifiers that go with them */
    uint8_t share_key[16];     /* goes to the owner's phone with them */
    uint8_t signaling;         /* signaling byte as the window showed it */
    uint8_t is_stored;         /* 1: this tap stored its key, nothing is left to be kept */
    /* First tap of a friend: what AUTH1 said, and the package as far as it is read. */
    uint8_t slot[LK_SLOT_ID_MAX];
    uint8_t slot_len;
    uint8_t signature[LK_SIGNATURE_LEN];
    uint8_t package[LK_PACKAGE_MAX];
    uint16_t package_len, package_total; /* total 0: not known yet */
    uint64_t deadline_ms;
    struct lk_outcome outcome;
};

/* One owner pairing, caller-placed. Fields belong to src/vehicle. */
struct lk_pairing {
    struct lk_vehicle *vehicle;
    uint8_t state;
    uint8_t reader, interface;
    uint8_t abort_reason;
    uint8_t version[2], applet_version[2];
    uint8_t spake[512]; /* verifier state of src/crypto, see lk_spake2_verifier */
    struct lk_chan chan;
    uint8_t data[LK_REASSEMBLY_MAX]; /* what is written or read */
    uint16_t data_len, data_at;
    uint8_t versions_tlv[24]; /* 5B and 5C as sent in REQUEST */
    uint8_t versions_tlv_len;
    uint8_t slot[2];    /* given to the new key */
    uint8_t counted;    /* 1: this run has used an attempt */
    uint8_t has_pending; /* 1: this run has stored a pending owner */
    uint8_t parts;      /* of the object being read */
    uint8_t object;     /* which certificate is being read */
    uint16_t h_at, h_len, e_at, e_len, f_at, f_len;
    uint16_t key_index; /* of the pending owner */
    uint64_t deadline_ms;
    enum lk_status status; /* how it came out: LK_CALLER_STATE while it runs */
};

/* Starts the car on its store: key table, attempt counter, verifier, sequence. LK_STORE_CORRUPT,
 * LK_PORT_STORE, LK_PORT_CRYPTO, LK_CERT_* if K does not fit the configuration, LK_CALLER_FULL.
 * All `now_ms` are one monotonic clock, which may start anywhere at each start of the car. So the
 * age of what was standard before this start is unknown, and no key is fast before it has made a
 * standard transaction (P-13). */
enum lk_status lk_vehicle_init(struct lk_vehicle *vehicle, const struct lk_vehicle_config *config);
void lk_vehicle_forget(struct lk_vehicle *vehicle);

/* Loads a verifier from production or telematics (M67): erases the old one and resets the attempt
 * counter, in one commit; a pending owner goes and pairing mode closes. LK_PEER_PARAMETER,
 * LK_PEER_POINT, LK_PORT_STORE, LK_PORT_CRYPTO, LK_STORE_FULL. LK_PORT_STORE may also mean that the
 * new one holds and the old bytes could not be erased: load it once more. */
enum lk_status lk_vehicle_load_verifier(struct lk_vehicle *vehicle,
                                        const struct lk_verifier *verifier);

/* Opens / closes pairing mode after proof of ownership. LK_PAIRING_NO_VERIFIER, LK_PAIRING_BLOCKED.
 */
enum lk_status lk_vehicle_open_pairing(struct lk_vehicle *vehicle, uint64_t now_ms);
void lk_vehicle_close_pairing(struct lk_vehicle *vehicle);

/* Owner pairing at one reader (protocol 4). begin gives the first command. LK_PAIRING_READER,
 * LK_PAIRING_CLOSED, LK_PAIRING_BLOCKED (then `out` holds the abort to send and the step is SEND),
 * LK_PORT_BUSY if another pairing runs.
 * next takes the response to the last SEND; `out` takes LK_APDU_COMMAND_MAX bytes. It returns LK_OK
 * while there is a step to do, LK_CALLER_STATE after the end. After LK_STEP_DONE pairing->status
 * says how it came out: LK_OK means a pending owner is stored and the phone must make one standard
 * transaction (lk_vehicle_tap_begin with LK_ACTION_MAINTAIN) before LK_TIMER_OWNER_PAIRING_MS is
 * over (D18). */
enum lk_status lk_vehicle_pair_begin(struct lk_vehicle *vehicle, struct lk_pairing *pairing,
                                     enum lk_reader reader, enum lk_interface interface,
                                     uint64_t now_ms, enum lk_step *out_step, uint8_t *out,
                                     size_t *out_len);
enum lk_status lk_vehicle_pair_next(struct lk_pairing *pairing, uint64_t now_ms,
                                    struct lk_bytes response, enum lk_step *out_step, uint8_t *out,
                                    size_t *out_len);
/* The link died: counts what must be counted, drops a pending owner of this run, wipes. A pairing
 * that has begun ends here or with LK_STEP_DONE; only then may the struct go. */
void lk_vehicle_pair_lost(struct lk_pairing *pairing);

/* One transaction. begin gives SELECT, or LK_STEP_DONE with LK_TAP_NOT_ALLOWED if the reader does
 * not have the action. The outcome stands after LK_STEP_DONE; a grant is in it only with LK_GRANT.
 * The status returned by next is LK_OK as long as the conversation can go on to a clean end, and
 * LK_CALLER_STATE after it. MAINTAIN ends with a grant of its own that moves nothing. Two calls
 * LK_TIMER_SESSION_IDLE_MS or more apart end the tap with LK_PEER_TIMEOUT. */
enum lk_status lk_vehicle_tap_begin(struct lk_vehicle *vehicle, struct lk_tap *tap,
                                    enum lk_reader reader, enum lk_interface interface,
                                    enum lk_action action, uint64_t now_ms, enum lk_step *out_step,
                                    uint8_t *out, size_t *out_len);
enum lk_status lk_vehicle_tap_next(struct lk_tap *tap, uint64_t now_ms, struct lk_bytes response,
                                   enum lk_step *out_step, uint8_t *out, size_t *out_len);
/* Optional, between sending what begin or next gave and taking the answer: does what of the next
 * step does not need the answer, while the phone computes (the session keys, once AUTH1 is out).
 * May be called after every command, any number of times; next does what was not done, and reports
 * what failed. What it makes is wiped at every end, as all of a tap. */
void lk_vehicle_tap_ahead(struct lk_tap *tap);
/* The link died or the caller gives up: outcome DENY with `reason` (LK_PEER_GONE, LK_PEER_TIMEOUT),
 * wiped. Once CONTROL FLOW was given out the decision stands and its outcome is kept. */
void lk_vehicle_tap_lost(struct lk_tap *tap, enum lk_status reason);

/* The car's own code states its condition, LK_CAR_... bits: after init, which takes engine off and
 * doors closed, and at every change. It is read at each decision: locking is refused with
 * LK_TAP_NOT_PARKED (CONTROL FLOW 00 B1) while the engine is on, else with LK_TAP_VEHICLE_STATE
 * (00 B0) while a door is open, and no grant is made. Unlock and start ask for nothing. */
void lk_vehicle_set_condition(struct lk_vehicle *vehicle, uint8_t condition);

/* Deadlines: pairing mode, pending owner, pairing. Call at least once a second. */
void lk_vehicle_tick(struct lk_vehicle *vehicle, uint64_t now_ms);

/* The car menu. `index` 0 to LK_VEHICLE_NUM_KEYS-1; NULL for a free slot. */
const struct lk_vehicle_key *lk_vehicle_key_at(const struct lk_vehicle *vehicle, size_t index);
/* Ends one key: state ENDED, midstates wiped, committed before return (S7); a pending one goes.
 * LK_OK if it is so already. LK_CALLER_NOT_FOUND, LK_PORT_STORE. */
enum lk_status lk_vehicle_end_key(struct lk_vehicle *vehicle, const uint8_t key_id[LK_KEY_ID_LEN]);
/* Suspends (`suspend` 1) or resumes (0) one key, committed before return; LK_OK if it is so
 * already. On suspend Kpersistent is wiped first (S12), so the first tap after resume is standard.
 * LK_CALLER_NOT_FOUND, LK_CALLER_STATE (a key that is pending or ended), LK_PORT_STORE. */
enum lk_status lk_vehicle_suspend_key(struct lk_vehicle *vehicle,
                                      const uint8_t key_id[LK_KEY_ID_LEN], int suspend);

/* --- trusted time (D30) --- */

/* Takes a signed time of the automaker's server, from whatever brought it: `q` is certificate Q
 * under this car's root, `object` the TLVs of lk_signed_time. Moves the stored floor, never back,
 * and anchors the clock. Forgets used attestations and ended keys whose time is over (S7).
 * LK_PEER_* for a malformed object, LK_CERT_*, LK_PEER_SIGNATURE, LK_SHARE_VEHICLE for another
 * car's, LK_PEER_SEQUENCE for a number or a time that is not newer, LK_PORT_*. */
enum lk_status lk_vehicle_set_time(struct lk_vehicle *vehicle, struct lk_bytes q,
                                   struct lk_bytes object, uint64_t now_ms);
/* A time nobody signed (satellite, cellular): only narrows what is known, within LK_TIME_DRIFT of
 * floor and monotonic time, and is never stored. LK_CALLER_STATE without an anchor,
 * LK_CALLER_ARGUMENT for no date or one outside the drift. */
enum lk_status lk_vehicle_hint_time(struct lk_vehicle *vehicle, const uint8_t text[LK_DATE_LEN],
                                    uint64_t now_ms);
/* The time the car trusts now; is_known is 0 if it knows none. */
void lk_vehicle_time(const struct lk_vehicle *vehicle, uint64_t now_ms, struct lk_date *out);

/* --- friends --- */

/* The door of an online car (M85): a package as it would lie in the friend's mailbox, all checks
 * but the possession of the key. The friend is stored as pending and becomes active with its first
 * standard tap (S6). `out_key_id` is the friend's. LK_PEER_* for a malformed package, LK_SHARE_*
 * for what is wrong with it, LK_TAP_NO_TIME, LK_CALLER_EXISTS if the car has this key,
 * LK_CALLER_FULL, LK_PORT_STORE. */
enum lk_status lk_vehicle_accept_package(struct lk_vehicle *vehicle, struct lk_bytes package,
                                         uint64_t now_ms, uint8_t out_key_id[LK_KEY_ID_LEN]);
/* What happened at the car for a friend's first tap: a password was typed (`password` 4 to 16
 * bytes), or the car's own code has seen a fob (empty). Counts for LK_ACTIVATION_MS. The owner's
 * tap counts by itself. LK_CALLER_ARGUMENT; LK_SHARE_TOO_SOON after LK_ACTIVATION_TRIES wrong
 * passwords. */
enum lk_status lk_vehicle_activate(struct lk_vehicle *vehicle, uint8_t method,
                                   struct lk_bytes password, uint64_t now_ms);
/* The profile of this number in the car's table, or NULL. */
const struct lk_profile *lk_vehicle_profile(const struct lk_vehicle *vehicle, uint32_t number);
/* How many places the memory of used attestations and ended keys still has. */
size_t lk_vehicle_spent_left(const struct lk_vehicle *vehicle);

#ifdef __cplusplus
}
#endif
#endif
