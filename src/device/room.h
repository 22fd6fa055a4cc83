/* room.h: what the files of this room share. Nobody else includes it.
 *
 *   dispatch.c     one table, one door for APDUs, states, ends of runs
 *   pairing.c      SELECT, SPAKE2+ REQUEST and VERIFY, OP CONTROL FLOW
 *   write_data.c   what the car writes, and the checks before a key is made
 *   make_key.c     the key itself, between two transactions or for a sharing
 *   get_data.c     what the car reads
 *   wallet.c       the passes and automakers in the journal
 *   personalise.c  Instance CAs
 *   sharing.c      sharings in the journal, sealed messages, their order, ends
 *   share_owner.c  what the owner says and checks
 *   share_friend.c what the friend says and checks
 *   sign_out.c     the end of one automaker on this phone
 *   element.c      wired APDUs to the secure element */
#ifndef LK_DEVICE_ROOM_H
#define LK_DEVICE_ROOM_H

#include "apdu/apdu.h"
#include "base/base.h"
#include "chan/chan.h"
#include "crypto/crypto.h"
#include "latchkey/device.h"
#include "msg/msg.h"
#include "tlv/tlv.h"

#define LK_PASS_NONE 0xff
enum { LK_PASS_ROLE_OWNER = 1, LK_PASS_ROLE_FRIEND = 2 };

/* Longest password life and pairing are in config.h; these are the phone's share of S20. */
#define LK_EVIDENCE_MAX 7

enum lk_framework_state {
#define LK_FRAMEWORK_STATE(name, text) LK_FRAMEWORK_##name,
#include "facts/states.def"
#undef LK_FRAMEWORK_STATE
    LK_FRAMEWORK_STATES_END_
};

/* Numbers of VIEW and SETUP ENDPOINT: the element's own state of a key. */
enum lk_element_key_state {
#define LK_ENDPOINT_STATE(name, number, text) LK_ELEMENT_##name = number,
#include "facts/states.def"
#undef LK_ENDPOINT_STATE
    LK_ELEMENT_NONE = 0
};

/* One command on its way through: what came, what goes. */
struct lk_call {
    struct lk_command command;
    struct lk_bytes body; /* plaintext of a sealed command */
    uint64_t now_ms;
    uint8_t plain[LK_CHAN_PLAIN_MAX]; /* the answer before it is sealed, or as it goes */
    size_t plain_len;
    uint16_t sw;  /* 9000 unless the handler says otherwise */
    uint8_t next; /* state after success, for rows with OWN */
};
typedef enum lk_status lk_handler(struct lk_device *device, struct lk_call *call);

/* One row of the dispatch table. */
struct lk_framework_row {
    uint8_t cla, ins, interfaces;
    uint16_t states; /* bit n: state n */
    uint8_t min_len, max_len, next;
    lk_handler *handler;
};
extern const struct lk_framework_row lk_framework_rows[];
extern const size_t lk_framework_num_rows;

/* Handlers, one per row of commands.def. */
lk_handler lk_handle_select, lk_handle_request, lk_handle_verify, lk_handle_control;
lk_handler lk_handle_write, lk_handle_get, lk_handle_get_response;

/* --- dispatch.c --- */
/* Ends the run under way, wipes what it had, and forgets the pass it was making (settled at the
 * next tick). */
void lk_device_end_run(struct lk_device *device, enum lk_status why);
/* Wipes channel, buffers and exchange; a finished pass stays. */
void lk_device_close(struct lk_device *device);
int lk_device_pairing_open(const struct lk_device *device, uint64_t now_ms);
void lk_device_drop_password(struct lk_device *device);

/* --- write_data.c --- */
/* What the car wrote in the first transaction, checked as M70 and M71 want it before a key may be
 * made. *out points into device->data; device->automaker is set. */
enum lk_status lk_device_check_car(struct lk_device *device, struct lk_pairing_data *out,
                                   struct lk_cert *out_k);

/* The automaker whose root signed the top of this chain. The key identifier only selects (O18).
 * LK_CERT_ROOT. */
enum lk_status lk_device_find_automaker(struct lk_device *device,
                                        const struct lk_pairing_data *data, uint8_t *out_index);
/* pinned J -> [intermediate] -> K; what 7F4A says of the car must be what K says. */
enum lk_status lk_device_check_chain(struct lk_device *device, size_t automaker,
                                     const struct lk_pairing_data *data,
                                     const struct lk_date *now, struct lk_cert *out_k);
/* Room for the packages announced, and for the owner's token and eight spares (D28). */
enum lk_status lk_device_check_mailboxes(const struct lk_pairing_data *data);

/* --- make_key.c --- */
/* What the element is to make. Windows; `creation` has the dates of a friend's key. */
struct lk_key_order {
    struct lk_creation creation;
    const uint8_t *vehicle_key; /* 65 */
    struct lk_bytes versions;   /* 5C of REQUEST */
    struct lk_window confidential_window, private_window;
    uint8_t automaker;
};
void lk_key_order_from(const struct lk_pairing_data *data, const uint8_t *vehicle_key,
                       struct lk_bytes versions, uint8_t automaker, struct lk_key_order *out);
/* A pass like this one for the car of the order, under a new random endpoint identifier, written
 * before anything is made. */
enum lk_status lk_key_begin(struct lk_device *device, const struct lk_key_order *order,
                            const struct lk_pass *like, size_t *out_index);
/* Makes the key of that pass, checks H and sets the windows; the pass gets its public key, in RAM
 * alone. `out_h` takes LK_CERT_MAX. */
enum lk_status lk_key_make(struct lk_device *device, const struct lk_key_order *order,
                           struct lk_pass *pass, uint8_t *out_h, size_t *out_len);
/* H says exactly what was ordered. LK_CERT_MISMATCH. */
enum lk_status lk_key_check(const struct lk_key_order *order,
                            const uint8_t endpoint_id[LK_ENDPOINT_ID_LEN],
                            const struct lk_cert *h);
enum lk_status lk_device_make_key(struct lk_device *device);

/* --- wallet.c --- */
enum lk_status lk_wallet_load(struct lk_device *device);
enum lk_status lk_wallet_save_pass(struct lk_device *device, size_t index);
enum lk_status lk_wallet_drop_pass(struct lk_device *device, size_t index);
/* Within an open change of the journal: stages a pass; commits, or cancels if `status` or the
 * commit is a failure. */
enum lk_status lk_wallet_put_pass(struct lk_device *device, size_t index,
                                  const struct lk_pass *pass);
enum lk_status lk_wallet_end_change(struct lk_device *device, enum lk_status status);
/* What the car of an owner's pass wrote in pairing. Windows into the caller's buffer. */
struct lk_car_data {
    struct lk_pairing_data data;
    uint8_t versions[16], versions_len; /* 5C of REQUEST */
};
/* Saves it, and the pass in the same commit. */
enum lk_status lk_wallet_save_car(struct lk_device *device, size_t index, struct lk_bytes versions,
                                  struct lk_bytes data);
/* LK_CALLER_NOT_FOUND for a pass of an older program. */
enum lk_status lk_wallet_load_car(struct lk_device *device, size_t index, struct lk_car_data *out,
                                  uint8_t data[LK_REASSEMBLY_MAX]);
/* Copies exactly `len` bytes, or nothing and the fault is kept. */
void lk_wallet_read_run(struct lk_rd *rd, void *out, size_t len);
/* 1 if it may be shown: not empty, no control characters. */
int lk_wallet_is_name(struct lk_bytes name);
enum lk_status lk_wallet_save_automaker(struct lk_device *device, size_t index);
/* One commit: the automaker and every pass under it. */
enum lk_status lk_wallet_drop_automaker(struct lk_device *device, size_t index);
/* What the journal holds of it; nothing is LK_OK. */
enum lk_status lk_wallet_load_automaker(struct lk_device *device, size_t index);
enum lk_status lk_wallet_free_pass(struct lk_device *device, size_t *out_index);
/* Settles every pending pass that no run is making. */
enum lk_status lk_wallet_settle(struct lk_device *device);

/* --- element.c: one wired command each; the applet is selected first --- */
enum lk_status lk_element_select(struct lk_device *device);
/* One command with `body`, any number of answer bytes up to `cap`. LK_PORT_ELEMENT, or what
 * lk_status_for_sw makes of the status word. */
enum lk_status lk_element_call(struct lk_device *device, uint8_t ins, uint8_t p1, uint8_t p2,
                               struct lk_bytes body, uint8_t *out, size_t cap, size_t *out_len);
/* WRITE BUFFER as often as it takes. */
enum lk_status lk_element_write_buffer(struct lk_device *device, struct lk_bytes data);
/* READ BUFFER until `len` bytes are there. */
enum lk_status lk_element_read_buffer(struct lk_device *device, size_t len, uint8_t *out);
/* The object in the element's buffer after CREATE: N or H. `out` takes LK_CERT_MAX. */
enum lk_status lk_element_create_ca(struct lk_device *device, struct lk_bytes name, uint8_t *out,
                                    size_t *out_len);
enum lk_status lk_element_create_endpoint(struct lk_device *device,
                                          const struct lk_wired_create_endpoint *body, uint8_t *out,
                                          size_t *out_len);
/* Deletes; what is not there is LK_OK. */
enum lk_status lk_element_delete_ca(struct lk_device *device, struct lk_bytes name);
enum lk_status lk_element_delete(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN]);
/* Ends a key for good; the element keeps its own proof of that (D5). */
enum lk_status lk_element_terminate(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN]);
/* Windows of AUTH1, or state (one byte, may be absent). */
enum lk_status lk_element_setup(struct lk_device *device,
                                const struct lk_wired_setup_endpoint *body);
/* State of one endpoint (enum lk_endpoint_state), and 1 if it would answer its car;
 * LK_CALLER_NOT_FOUND. */
enum lk_status lk_element_state(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN],
                                uint8_t *out_state, uint8_t *out_is_first);
/* Identifiers of the element's keys, as many as one answer takes. `out` has LK_APDU_RESPONSE_MAX.
 */
enum lk_status lk_element_list(struct lk_device *device, uint8_t *out,
                               struct lk_wired_list *out_list);
/* How the last transaction came out, of which endpoint, and P1 and P2 of CONTROL FLOW. */
struct lk_element_notice {
    enum lk_status status;
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    uint8_t control_p1, control_p2; /* FF FF: none came */
};
enum lk_status lk_element_notice(struct lk_device *device, struct lk_element_notice *out);
enum lk_status lk_element_set_express(struct lk_device *device, int on);
enum lk_status lk_element_user_authenticated(struct lk_device *device);
/* The consent of the user to share this FF20, given or taken back (S5). LK_NEEDS_USER_AUTH,
 * LK_CALLER_FULL, LK_KEY_LOCKED. */
enum lk_status lk_element_consent(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN],
                                  const uint8_t hash[LK_HASH_LEN], int is_given);
/* FF21, the signed object: `out` takes LK_ENCRYPTION_KEY_MAX. */
enum lk_status lk_element_encryption_key(struct lk_device *device,
                                         const uint8_t id[LK_ENDPOINT_ID_LEN], uint8_t *out,
                                         size_t *out_len);
/* The element signs for a friend and hands one token over. `sent`: lk_wired_friend.
 * LK_SHARE_CONSENT, LK_SHARE_NOT_OWNER; LK_SHARE_NO_SLOT for any other fault of the request, which
 * the caller has excluded. */
enum lk_status lk_element_authorize(struct lk_device *device,
                                    const struct lk_wired_authorize *body, struct lk_bytes sent,
                                    uint8_t *out, size_t cap, size_t *out_len);
/* Imports a token as the endpoint's own. */
enum lk_status lk_element_import(struct lk_device *device, const uint8_t id[LK_ENDPOINT_ID_LEN],
                                 const struct lk_token_export *token);
/* Private mailbox. */
enum lk_status lk_element_get_private(struct lk_device *device,
                                      const uint8_t id[LK_ENDPOINT_ID_LEN], uint16_t offset,
                                      size_t len, uint8_t *out);
enum lk_status lk_element_set_private(struct lk_device *device,
                                      const uint8_t id[LK_ENDPOINT_ID_LEN], uint16_t offset,
                                      struct lk_bytes data);

/* --- sharing.c --- */
/* One message of a sharing on its way through. It holds the secret: lk_turn_end wipes. */
struct lk_share_turn {
    struct lk_sharing next; /* what the sharing becomes */
    size_t index;           /* of the sharing */
    struct lk_bytes plain;  /* what came, in device->message */
    const struct lk_date *now;
    uint64_t now_ms;
    struct lk_share_out *out;
    size_t out_len; /* of what lies sealed in out->blob */
};
/* What goes to the journal with the next state of a sharing; absent runs stay as they are. */
struct lk_share_change {
    struct lk_bytes ff20, pin;   /* both at once, when the sharing begins */
    struct lk_bytes signing;     /* FF11, while a PIN is awaited */
    const struct lk_pass *pass;  /* of next.pass, or NULL */
};
/* What a sharing is about. */
struct lk_share_terms {
    uint8_t ff20[LK_ENTITLEMENT_MAX], pin[LK_SHARE_PIN_MAX];
    size_t ff20_len, pin_len;
};
enum lk_status lk_sharings_load(struct lk_device *device);
/* The end of an automaker on this phone: stages the removal of every sharing about its cars, and of
 * those that ended and name no pass; then forgets them in RAM. */
enum lk_status lk_sharings_remove(struct lk_device *device, size_t automaker);
void lk_sharings_forget(struct lk_device *device, size_t automaker);
/* Ends what has run out, and takes back what an ended sharing left. */
enum lk_status lk_sharings_expire(struct lk_device *device, uint64_t now_ms);
/* 1 while a friend's sharing that is under way waits with this pass. */
int lk_sharing_holds(const struct lk_device *device, size_t pass);
/* The user removes the pass of a sharing that is under way. */
enum lk_status lk_sharing_abandon(struct lk_device *device, size_t pass);
int lk_sharing_is_live(const struct lk_sharing *sharing);
/* 1 if the next message is ours: 0, 2, 4 ... come from the owner. */
int lk_sharing_is_own_turn(const struct lk_sharing *sharing);
/* No change of the journal but the state of the sharing. */
extern const struct lk_share_change lk_share_no_change;
/* LK_CALLER_STATE while a pairing runs: buffers and element are its own. Learns the date. */
enum lk_status lk_turn_begin(struct lk_device *device, struct lk_share_turn *turn);
/* Wipes; gives `status`. */
enum lk_status lk_turn_end(struct lk_device *device, struct lk_share_turn *turn,
                           enum lk_status status);
/* An entry for a new sharing: what ended gives way. LK_CALLER_FULL. */
enum lk_status lk_sharing_free(const struct lk_device *device, size_t *out_index);
/* LK_CALLER_NOT_FOUND. */
enum lk_status lk_sharing_find(const struct lk_device *device,
                               const uint8_t session[LK_SHARE_SESSION_LEN], size_t *out_index);
/* The header that stands in the next message from here. Windows into `sharing`. */
struct lk_share_header lk_sharing_header(const struct lk_sharing *sharing);
/* Opens a blob of turn->next into device->message and checks that its header is the next one from
 * the other side; a cancel may come at any time. LK_SHARE_SECRET, LK_SHARE_SESSION, LK_PEER_*. */
enum lk_status lk_turn_open(struct lk_device *device, struct lk_share_turn *turn,
                            struct lk_bytes blob);
/* `wr` holds the next message: counts it and seals it into out->blob. */
enum lk_status lk_turn_seal(struct lk_device *device, struct lk_share_turn *turn,
                            const struct lk_wr *wr);
/* One commit; RAM follows it. A sharing that is over keeps neither secret nor terms. */
enum lk_status lk_turn_commit(struct lk_device *device, struct lk_share_turn *turn,
                              const struct lk_share_change *change);
enum lk_status lk_sharing_terms(struct lk_device *device, size_t index,
                                struct lk_share_terms *out);
/* FF11 as it was kept, into device->message. */
enum lk_status lk_sharing_signing(struct lk_device *device, size_t index, struct lk_bytes *out);
enum lk_status lk_turn_seal_cancel(struct lk_device *device, struct lk_share_turn *turn,
                                   uint8_t code);
/* Commits the end of turn->next. What it leaves, the consent or the friend's key, is taken back if
 * the element answers; a key is asked for again at each tick, a consent dies with its time. */
enum lk_status lk_turn_finish(struct lk_device *device, struct lk_share_turn *turn,
                              enum lk_status why);

/* --- share_owner.c, share_friend.c: one message each, opened and in its place --- */
enum lk_status lk_owner_on_signing(struct lk_device *device, struct lk_share_turn *turn);
enum lk_status lk_owner_on_pin(struct lk_device *device, struct lk_share_turn *turn);
enum lk_status lk_friend_on_import(struct lk_device *device, struct lk_share_turn *turn);
/* Once after a start: a friend's key that the element kept although it reported a failure, and that
 * no pass knows, is deleted. An owner's dies with the element's own start. */
enum lk_status lk_friend_sweep(struct lk_device *device);
enum lk_status lk_friend_on_pin(struct lk_device *device, struct lk_share_turn *turn);
/* Takes the consent back. */
enum lk_status lk_owner_withdraw(struct lk_device *device, const struct lk_sharing *sharing,
                                 size_t index);

#endif
