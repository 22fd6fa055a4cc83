/* applet.h: the secure element's half: one applet instance that holds all keys (M64).
 *
 * The caller places the struct, opens the store and hands in APDUs; the applet answers each with a
 * complete response and keeps none of the caller's bytes. Private keys are made here and never
 * leave: no command exports one. Secrets: in the provider, in wrapped records, and in the session
 * parts of the struct, which are wiped at every end of a session. One thread at a time.
 * Source: spec/applet.md and spec/transaction.md of the project. */
#ifndef LATCHKEY_APPLET_H
#define LATCHKEY_APPLET_H

#include "chan.h"
#include "config.h"
#include "link.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LK_APPLET_AID                                                                              \
    {                                                                                              \
        0xa0, 0x00, 0x00, 0x08, 0x09, 0x43, 0x43, 0x43, 0x44, 0x4b, 0x41, 0x76, 0x31               \
    }
#define LK_FRAMEWORK_AID                                                                           \
    {                                                                                              \
        0xa0, 0x00, 0x00, 0x08, 0x09, 0x43, 0x43, 0x43, 0x44, 0x4b, 0x46, 0x76, 0x31               \
    }
#define LK_AID_LEN 13

/* The state of one key; numbers are stored and sent by VIEW (spec/facts/states.def). */
enum lk_endpoint_state {
#define LK_ENDPOINT_STATE(name, number, text) LK_ENDPOINT_##name = number,
#include "facts/states.def"
#undef LK_ENDPOINT_STATE
    LK_ENDPOINT_NONE = 0
};

/* One endpoint in RAM; its certificate and mailboxes stay in the store. Fields belong to
 * src/applet. */
struct lk_endpoint {
    struct lk_key key;
    uint8_t id[LK_ENDPOINT_ID_LEN];
    uint8_t public_key[LK_POINT_LEN];
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t vehicle_key[LK_POINT_LEN];
    uint8_t authorized_key[LK_POINT_LEN];
    uint8_t slot[LK_SLOT_ID_MAX];
    uint8_t slot_len;
    uint8_t option1, option2;
    uint8_t version_list[8]; /* as frozen in H (S24) */
    uint8_t version_list_len;
    uint8_t ca; /* index into cas */
    uint8_t state; /* enum lk_endpoint_state */
    uint16_t confidential_size, private_size;
    uint16_t confidential_window_at, private_window_at; /* sent in AUTH1 (tags 4A, 4B) */
    uint8_t confidential_window_len, private_window_len;
    uint8_t is_new;      /* the last one made, phase 3 has seen no good end: RAM alone */
    uint32_t doubt;      /* AUTH1s with the car since the last good end, if another could answer */
    uint64_t created_ms; /* for the death of unconfirmed ones (D20) */
    uint64_t born;           /* order of creation: of equal doubt the newest answers */
    uint64_t persistent_age; /* order of Kpersistent, 0: none; the oldest is evicted */
    struct lk_persistent persistent;
};

/* One Instance CA. */
struct lk_instance_ca {
    struct lk_key key;
    uint8_t public_key[LK_POINT_LEN];
    uint8_t name[32]; /* CommonName, PrintableString */
    uint8_t name_len; /* 0: free */
};

/* The user's consent to one sharing: this endpoint may sign exactly this FF20, once (S5). In RAM
 * alone: a restart takes it back. */
struct lk_applet_consent {
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    uint8_t entitlement_hash[LK_HASH_LEN];
    uint64_t until_ms; /* good before; 0: free entry */
};

/* One conversation on one interface. */
struct lk_applet_session {
    uint8_t state; /* spec/facts/states.def */
    uint8_t interface;
    uint8_t p1, p2;         /* of AUTH0 */
    uint8_t version[2];
    uint8_t is_known;       /* AUTH0 found a live endpoint; never shown outside before AUTH1 */
    uint8_t endpoint;       /* index, also of a locked or ended one; FF: none */
    uint16_t refusal;       /* enum lk_status: why it is not known, for the notice alone */
    uint8_t is_confirmed;   /* the vehicle's signature verified in this session */
    struct lk_key ephemeral;
    uint8_t ephemeral_public[LK_POINT_LEN];
    uint8_t vehicle_ephemeral[LK_POINT_LEN];
    uint8_t transaction_id[LK_TRANSACTION_ID_LEN];
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    struct lk_chan chan;
    uint64_t last_ms; /* of the last command, for the idle limit */
};

/* Why the last transaction ended, for the phone's own display (decision D23). */
struct lk_applet_notice {
    uint16_t status; /* enum lk_status */
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t p2;       /* transaction code of AUTH0 */
    uint8_t was_fast; /* 1: ended without AUTH1 */
    uint8_t control_p1, control_p2; /* of CONTROL FLOW; FF FF if none came */
};

/* Fields belong to src/applet. */
struct lk_applet {
    struct lk_crypto *crypto;
    struct lk_store *store;
    struct lk_instance_ca cas[LK_APPLET_NUM_CAS];
    struct lk_endpoint endpoints[LK_APPLET_NUM_ENDPOINTS];
    struct lk_applet_session wired;
    struct lk_applet_session air;
    struct lk_applet_notice notice;
    struct lk_applet_consent consents[LK_APPLET_NUM_CONSENTS];
    uint64_t age; /* grows with each stored Kpersistent */
    uint64_t user_auth_until_ms; /* one fresh user authentication, single use */
    uint8_t user_auth_valid;
    uint8_t express;  /* 1: Express Mode on (default) */
    uint8_t locked;   /* 1: lost mode, every key refuses */
    uint8_t buffer[LK_REASSEMBLY_MAX]; /* WRITE BUFFER and READ BUFFER */
    uint16_t buffer_len;
    uint8_t
        mailbox[LK_PRIVATE_MAILBOX_MAX + LK_CONFIDENTIAL_MAILBOX_MAX]; /* staged EXCHANGE writes */
    uint8_t mailbox_endpoint; /* whose mailboxes are staged; FF: none */
    uint8_t mailbox_dirty;
};

/* How long one user authentication (MANAGE UA) stays fresh, milliseconds. */
#define LK_USER_AUTH_FRESH_MS 60000u

/* Starts the applet on an open store of kind LK_STORE_ELEMENT: loads Instance CAs and endpoints and
 * deletes unconfirmed ones (decision D20). `crypto` and `store` are borrowed and must outlive it.
 * LK_STORE_CORRUPT, LK_STORE_VERSION, LK_PORT_STORE, LK_PORT_CRYPTO, LK_CALLER_FULL if the store
 * holds more than this build can. */
enum lk_status lk_applet_init(struct lk_applet *applet, struct lk_crypto *crypto,
                              struct lk_store *store);

/* Wipes the struct and frees its keys in the provider. */
void lk_applet_forget(struct lk_applet *applet);

/* Answers one APDU. `out` takes at least LK_APDU_RESPONSE_MAX bytes and gets the complete response,
 * status word included; there is always one, also for malformed commands. The status returned is
 * for this side's log alone (decision D23): it says more than the air may learn.
 * `now_ms` is any monotonic clock of the element. */
enum lk_status lk_applet_command(struct lk_applet *applet, enum lk_interface interface,
                                 uint64_t now_ms, struct lk_bytes command, uint8_t *out,
                                 size_t *out_len);

/* The field went away or came back: ends the session on the air, drops staged writes, wipes its
 * keys. */
void lk_applet_field_lost(struct lk_applet *applet);

/* What the last transaction came to, for the phone's screen. */
const struct lk_applet_notice *lk_applet_last_notice(const struct lk_applet *applet);

#ifdef __cplusplus
}
#endif
#endif
