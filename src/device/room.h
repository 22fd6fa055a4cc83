/* room.h: what the files of this room share. Nobody else includes it.
 *
 *   dispatch.c     one table, one door for APDUs, states, ends of runs
 *   pairing.c      SELECT, SPAKE2+ REQUEST and VERIFY, OP CONTROL FLOW
 *   write_data.c   what the car writes, and the checks before a key is made
 *   make_key.c     the key itself, between two transactions
 *   get_data.c     what the car reads
 *   wallet.c       the passes and automakers in the journal
 *   personalise.c  Instance CAs
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

/* --- make_key.c --- */
enum lk_status lk_device_make_key(struct lk_device *device);

/* --- wallet.c --- */
enum lk_status lk_wallet_load(struct lk_device *device);
enum lk_status lk_wallet_save_pass(struct lk_device *device, size_t index);
enum lk_status lk_wallet_drop_pass(struct lk_device *device, size_t index);
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
/* How the last transaction came out, of which endpoint, and P1 and P2 of CONTROL FLOW. */
struct lk_element_notice {
    enum lk_status status;
    uint8_t endpoint_id[LK_ENDPOINT_ID_LEN];
    uint8_t control_p1, control_p2; /* FF FF: none came */
};
enum lk_status lk_element_notice(struct lk_device *device, struct lk_element_notice *out);
enum lk_status lk_element_set_express(struct lk_device *device, int on);
enum lk_status lk_element_user_authenticated(struct lk_device *device);

#endif
