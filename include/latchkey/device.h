/* device.h: the phone's host half: the digital key framework (owner pairing) and the wallet.
 *
 * Answers framework APDUs, drives the secure element through a port, keeps the list of passes in a
 * journal of its own. It never holds a private key (M3). Secrets: the password while it is loaded,
 * w0, w1 and pairing keys, wiped at every end. One thread at a time.
 * Source: spec/framework.md of the project; decisions D18 to D21, S1, S2, S20. */
#ifndef LATCHKEY_DEVICE_H
#define LATCHKEY_DEVICE_H

#include "chan.h"
#include "config.h"
#include "element_port.h"
#include "link.h"
#include "pki.h"
#include "sharing.h"
#include "store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Passes a wallet holds. Things. */
#define LK_DEVICE_NUM_PASSES 16
/* Automakers a phone knows. Things. */
#define LK_DEVICE_NUM_AUTOMAKERS 8

/* One automaker as the phone knows it: pinned root J, cross-signed F, our Instance CA E. */
struct lk_automaker {
    uint8_t root_key[LK_POINT_LEN];
    uint8_t ca_name[16];          /* CommonName of E = Instance CA identifier (5F20) */
    uint8_t ca_key[LK_POINT_LEN]; /* of N: E must certify exactly this one */
    uint8_t f[LK_CERT_MAX], e[LK_CERT_MAX];
    uint16_t f_len, e_len;
    uint8_t is_used;
};

/* PENDING: being made, or made and not yet used with the car; it becomes ACTIVE or goes (D20). */
enum lk_pass_state {
    LK_PASS_FREE = 0,
    LK_PASS_PENDING = 1,
    LK_PASS_ACTIVE = 2,
    LK_PASS_LOCKED = 3,
    LK_PASS_REMOVED = 4
};

/* One pass: what the wallet shows of a key. Fields are read-only outside src/device. */
struct lk_pass {
    uint8_t state; /* enum lk_pass_state */
    /* As of the last refresh; not stored. Ready: active, would answer its car, which has not said
     * otherwise. Check: the car's last word on it was that it was ended (a hint, S1). */
    uint8_t is_ready, check_with_car;
    uint8_t role;  /* 1 owner, 2 friend */
    uint8_t automaker;
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    uint8_t vehicle_id[LK_VEHICLE_ID_LEN];
    uint8_t vehicle_key[LK_POINT_LEN];
    uint8_t public_key[LK_POINT_LEN];
    uint8_t key_id[LK_KEY_ID_LEN];
    char name[32]; /* friendly name, UTF-8, terminated */
};

struct lk_device_config {
    struct lk_crypto *crypto;
    struct lk_store *store; /* open, kind LK_STORE_WALLET */
    const struct lk_element_port *element;
    const struct lk_scrypt_port *scrypt;
    const struct lk_root_policy *roots; /* D17, S21 */
};

/* Fields belong to src/device. */
struct lk_device {
    const struct lk_device_config *config;
    struct lk_automaker automakers[LK_DEVICE_NUM_AUTOMAKERS];
    struct lk_pass passes[LK_DEVICE_NUM_PASSES];
    uint8_t state; /* spec/facts/states.def */
    uint8_t interface;
    uint8_t password[8];
    uint8_t has_password, wrong_evidence; /* count of bad M[1] for this password (S20) */
    uint64_t password_until_ms;
    uint64_t pairing_until_ms; /* T_OwnerPairing, from the first REQUEST */
    uint8_t version[2];
    uint8_t vehicle_versions[16]; /* 5C of REQUEST */
    uint8_t vehicle_versions_len;
    uint8_t brand[2];
    uint8_t spake[640]; /* prover state of src/crypto, see lk_spake2_prover */
    struct lk_chan chan;
    uint8_t data[LK_REASSEMBLY_MAX]; /* what the car wrote */
    uint16_t data_len;
    uint8_t answer[LK_OBJECT_MAX]; /* what GET DATA reads */
    uint16_t answer_len, answer_at, answer_tag;
    uint8_t reset_armed, resets_used;
    uint8_t field_used; /* a command came since the field was lost: two losses in a row are one */
    uint8_t making;     /* the key is being made: SELECT answers 6985 (D19) */
    uint8_t pass;       /* index of the pass being paired; FF none */
    uint8_t automaker;  /* index of the automaker whose root the car's chain reached */
    uint8_t h_was_read; /* the car has all of H: before that 10 02 means nothing */
    uint8_t is_taken;   /* the car said it took the key: only time ends the pass now (D20) */
    uint8_t h[LK_CERT_MAX];
    uint16_t h_len;
    uint8_t control[2]; /* P1 and P2 of the last OP CONTROL FLOW: text for the screen alone (S1) */
    enum lk_status pairing_status; /* how the last pairing came out, for the screen */
};

/* Starts the framework on its wallet. `config` is borrowed. Pending passes of a pairing that did
 * not finish are dropped (D20). LK_STORE_CORRUPT, LK_PORT_STORE. */
enum lk_status lk_device_init(struct lk_device *device, const struct lk_device_config *config);
void lk_device_forget(struct lk_device *device);

/* Personalisation (D33): makes an Instance CA for an automaker in the element. `root` is its J,
 * checked against the root policy and pinned. Gives the element's self-signed N for the device
 * maker to certify. LK_CERT_*, LK_PORT_ELEMENT, LK_CALLER_FULL, LK_CALLER_EXISTS, LK_CALLER_SPACE.
 */
enum lk_status lk_device_create_ca(struct lk_device *device, struct lk_bytes root, uint8_t *out_n,
                                   size_t cap, size_t *out_len);
/* Installs what came back: E for that N, and F. The chain root -> F -> E is checked. LK_CERT_*,
 * LK_PORT_STORE, LK_PORT_CRYPTO. */
enum lk_status lk_device_install_ca(struct lk_device *device, struct lk_bytes f, struct lk_bytes e);

/* Sign-out: deletes the Instance CA of one automaker (its root is `root_key`) in the element with
 * every key under it, then its passes and certificates here; nothing of them stays in the journal.
 * The automaker cannot know this device again: a new Instance CA has a new name and key (M97).
 * May be repeated after a failure. LK_CALLER_NOT_FOUND, LK_PORT_ELEMENT, LK_PORT_STORE. */
enum lk_status lk_device_sign_out(struct lk_device *device, const uint8_t root_key[LK_POINT_LEN]);
/* Erase: the same for all automakers. LK_PORT_ELEMENT, LK_PORT_STORE. */
enum lk_status lk_device_erase(struct lk_device *device);

/* The user or the automaker's app gives the password: 8 ASCII digits. Pairing mode is then open for
 * LK_TIMER_PASSWORD_MS. LK_CALLER_ARGUMENT, LK_CALLER_FULL (no pass free). */
enum lk_status lk_device_enter_password(struct lk_device *device, const char password[8],
                                        uint64_t now_ms);
/* Leaves pairing mode and wipes. */
void lk_device_cancel_pairing(struct lk_device *device);

/* Answers one framework APDU that the NFC router sent here. As lk_applet_command. May take as long
 * as scrypt at SPAKE2+ REQUEST. */
enum lk_status lk_device_command(struct lk_device *device, enum lk_interface interface,
                                 uint64_t now_ms, struct lk_bytes command, uint8_t *out,
                                 size_t *out_len);
/* The field went away: everything but one armed reset (D19) ends. Losses without a command between
 * them count as one. */
void lk_device_field_lost(struct lk_device *device, uint64_t now_ms);
/* 1 while the router must answer SELECT of the applet with 6A82: pairing mode is open and the car
 * has not selected the framework yet (protocol 3.2). */
int lk_device_hides_applet(const struct lk_device *device, uint64_t now_ms);
/* Work between APDUs: makes the key after CONTROL FLOW 10 01, settles passes of runs that ended
 * (the orphan key is deleted in the element, or kept if the car has proved that it took it),
 * timers. Call it after each APDU and at least once a second. *out_busy is 1 while a key waits to
 * be made. Returns how the making came out: LK_CERT_*, LK_PORT_ELEMENT, LK_PORT_STORE, LK_PEER_SW
 * if the element refused. */
enum lk_status lk_device_tick(struct lk_device *device, uint64_t now_ms, int *out_busy);

/* Reads the element's notice of the last transaction and updates the passes: a pass becomes active
 * at the first AUTH1 whose vehicle signature verified (D20). Of several active passes for one car
 * the one that would answer is ready: the car may have ended the others; nor is one that the car
 * said it ended. `out` is enum lk_status of the last
 * tap: the phone's own cause (D23). LK_PORT_ELEMENT, LK_PORT_STORE; passes that were updated before
 * the failure stay so. */
enum lk_status lk_device_refresh(struct lk_device *device, enum lk_status *out_last_tap);

/* The list. NULL for a free entry. */
const struct lk_pass *lk_device_pass_at(const struct lk_device *device, size_t index);
/* The list as the app of one automaker may see it: NULL too for a pass under another root (M96). */
const struct lk_pass *lk_device_app_pass_at(const struct lk_device *device,
                                            const uint8_t root_key[LK_POINT_LEN], size_t index);
/* User actions: name a pass (1 to 31 bytes UTF-8 without control characters), remove it on this
 * device at once and offline (M42; one that is removed already is LK_OK), lock and unlock one key.
 * LK_CALLER_NOT_FOUND for a free entry, LK_CALLER_ARGUMENT for a name, LK_CALLER_STATE to lock what
 * is neither active nor locked, LK_PORT_STORE; LK_PORT_ELEMENT, or LK_PEER_* if it refuses. */
enum lk_status lk_device_rename(struct lk_device *device, size_t index, const char *name);
enum lk_status lk_device_remove(struct lk_device *device, size_t index);
enum lk_status lk_device_lock(struct lk_device *device, size_t index, int locked);
/* Express Mode of the whole element (M26, M27), and one fresh user authentication.
 * LK_PORT_ELEMENT, LK_PEER_*. */
enum lk_status lk_device_set_express(struct lk_device *device, int on);
enum lk_status lk_device_authenticate_user(struct lk_device *device);

#ifdef __cplusplus
}
#endif
#endif
