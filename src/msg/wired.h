/* wired.h: bodies and answers of the commands between the framework and the element of one phone.
 * Nobody else ever sees them: project-defined, D32. Offsets of private data are in P1 and P2. */
#ifndef LK_MSG_WIRED_H
#define LK_MSG_WIRED_H

#include "msg/creation.h"
#include "msg/device_config.h"
#include "msg/sharing.h"

#define LK_CA_NAME_MAX 32
/* Largest piece of private data, WRITE BUFFER and READ BUFFER, bytes (protocol 5.2). */
#define LK_PRIVATE_DATA_MAX 219
#define LK_BUFFER_PIECE_MAX 250

/* CREATE CA, DELETE CA: 5F20. */
struct lk_wired_ca {
    struct lk_bytes name; /* 1 to 32 */
};
enum lk_status lk_wired_ca_parse(struct lk_bytes in, struct lk_wired_ca *out);
void lk_wired_ca_write(const struct lk_wired_ca *msg, struct lk_wr *wr);

/* TERMINATE ENDPOINT, DELETE ENDPOINT, VIEW P1 04: 50. */
struct lk_wired_endpoint {
    struct lk_bytes endpoint_id; /* 8 */
};
enum lk_status lk_wired_endpoint_parse(struct lk_bytes in, struct lk_wired_endpoint *out);
void lk_wired_endpoint_write(const struct lk_wired_endpoint *msg, struct lk_wr *wr);

/* CREATE ENDPOINT, in the buffer: 5F20 50 5C DF01 7F4A. */
struct lk_wired_create_endpoint {
    struct lk_bytes ca_name;     /* 1 to 32 */
    struct lk_bytes endpoint_id; /* 8 */
    struct lk_bytes versions;    /* 5C of REQUEST (S24) */
    struct lk_bytes vehicle_key; /* 65, from K */
    struct lk_creation creation;
};
enum lk_status lk_wired_create_endpoint_parse(struct lk_bytes in,
                                              struct lk_wired_create_endpoint *out);
void lk_wired_create_endpoint_write(const struct lk_wired_create_endpoint *msg, struct lk_wr *wr);

/* SETUP ENDPOINT: 50 [4A] [4B] [DF15]. */
struct lk_wired_setup_endpoint {
    struct lk_bytes endpoint_id; /* 8 */
    struct lk_window confidential_window, private_window;
    struct lk_bytes state; /* 1: enum lk_endpoint_state, or absent */
};
enum lk_status lk_wired_setup_endpoint_parse(struct lk_bytes in,
                                             struct lk_wired_setup_endpoint *out);
void lk_wired_setup_endpoint_write(const struct lk_wired_setup_endpoint *msg, struct lk_wr *wr);

/* P1 of VIEW. */
enum {
    LK_VIEW_ENDPOINTS = 0x00, /* answer: any number of 50 */
    LK_VIEW_COUNTS = 0x03,    /* answer: lk_wired_counts */
    LK_VIEW_STATE = 0x04,     /* body 50; answer: lk_wired_state */
    LK_VIEW_CAS = 0x80,       /* answer: any number of 5F20 */
};

/* VIEW P1 03: DF18 DF19 DF1A. */
struct lk_wired_counts {
    uint8_t cas, endpoints, persistent;
};
enum lk_status lk_wired_counts_parse(struct lk_bytes in, struct lk_wired_counts *out);
void lk_wired_counts_write(const struct lk_wired_counts *msg, struct lk_wr *wr);

/* VIEW P1 00 and 80: checks the whole list and counts; write repeats it. */
struct lk_wired_list {
    struct lk_bytes items; /* walk it with lk_wired_list_next */
    size_t num;
};
enum lk_status lk_wired_endpoints_parse(struct lk_bytes in, struct lk_wired_list *out);
enum lk_status lk_wired_cas_parse(struct lk_bytes in, struct lk_wired_list *out);
/* Takes the value of the next item off `items`. 1, or 0 at the end. */
int lk_wired_list_next(struct lk_bytes *items, struct lk_bytes *out_value);
/* Building: one item (they are the bodies lk_wired_endpoint and lk_wired_ca). */

/* VIEW P1 04: 50 4D DF10 DF11 DF14 4E. */
struct lk_wired_state {
    struct lk_bytes endpoint_id; /* 8 */
    struct lk_bytes vehicle_id;  /* 8 */
    uint8_t state;               /* enum lk_endpoint_state */
    uint8_t is_confirmed;        /* 0 or 1 */
    uint8_t is_first;            /* 0 or 1: it would answer its car */
    struct lk_bytes slot;        /* 1 to 8 */
};
enum lk_status lk_wired_state_parse(struct lk_bytes in, struct lk_wired_state *out);
void lk_wired_state_write(const struct lk_wired_state *msg, struct lk_wr *wr);

/* SETUP INSTANCE: [DF12] [DF13], at least one. */
struct lk_wired_setup_instance {
    uint8_t has_express, express; /* 0 or 1 */
    uint8_t has_lock, lock;       /* 0 or 1 */
};
enum lk_status lk_wired_setup_instance_parse(struct lk_bytes in,
                                             struct lk_wired_setup_instance *out);
void lk_wired_setup_instance_write(const struct lk_wired_setup_instance *msg, struct lk_wr *wr);

/* GET NOTIFICATION: DF16 50 4D DF17. */
struct lk_wired_notice {
    uint16_t status;             /* enum lk_status */
    struct lk_bytes endpoint_id; /* 8 */
    struct lk_bytes vehicle_id;  /* 8 */
    uint8_t p2, was_fast, control_p1, control_p2;
};
enum lk_status lk_wired_notice_parse(struct lk_bytes in, struct lk_wired_notice *out);
void lk_wired_notice_write(const struct lk_wired_notice *msg, struct lk_wr *wr);

/* SET PRIVATE DATA: 50 4B. */
struct lk_wired_set_private {
    struct lk_bytes endpoint_id; /* 8 */
    struct lk_bytes data;        /* 0 to LK_PRIVATE_DATA_MAX */
};
enum lk_status lk_wired_set_private_parse(struct lk_bytes in, struct lk_wired_set_private *out);
void lk_wired_set_private_write(const struct lk_wired_set_private *msg, struct lk_wr *wr);

/* GET PRIVATE DATA: 50 DF1B. */
struct lk_wired_get_private {
    struct lk_bytes endpoint_id; /* 8 */
    uint16_t length;
};
enum lk_status lk_wired_get_private_parse(struct lk_bytes in, struct lk_wired_get_private *out);
void lk_wired_get_private_write(const struct lk_wired_get_private *msg, struct lk_wr *wr);

/* CONSENT: 50 58. The user has just authenticated and agrees to share exactly this FF20 (S5). */
struct lk_wired_consent {
    struct lk_bytes endpoint_id;      /* 8 */
    struct lk_bytes entitlement_hash; /* SHA-256 of the whole FF20, 32 */
};
enum lk_status lk_wired_consent_parse(struct lk_bytes in, struct lk_wired_consent *out);
void lk_wired_consent_write(const struct lk_wired_consent *msg, struct lk_wr *wr);

/* AUTHORIZE ENDPOINT, body: 50 58 [4A]. */
struct lk_wired_authorize {
    struct lk_bytes endpoint_id;      /* 8, the owner's own */
    struct lk_bytes entitlement_hash; /* 32 */
    uint8_t has_token;                /* 1: hand one token over */
    uint16_t offset, length;          /* of the token in the confidential mailbox */
};
enum lk_status lk_wired_authorize_parse(struct lk_bytes in, struct lk_wired_authorize *out);
void lk_wired_authorize_write(const struct lk_wired_authorize *msg, struct lk_wr *wr);

/* AUTHORIZE ENDPOINT, in the buffer: 7F20 7F22 7F24 FF21 FF20: the friend's chain, the rights. */
struct lk_wired_friend {
    struct lk_bytes f, e, h;        /* DER, 1 to LK_CERT_MAX each */
    struct lk_bytes encryption_key; /* value of FF21: attestation.h */
    struct lk_bytes entitlement;    /* FF20 with its header */
};
enum lk_status lk_wired_friend_parse(struct lk_bytes in, struct lk_wired_friend *out);
void lk_wired_friend_write(const struct lk_wired_friend *msg, struct lk_wr *wr);

/* AUTHORIZE ENDPOINT, answer in the buffer: 7F25 9E [97 4A]. */
struct lk_wired_authorized {
    struct lk_bytes share;     /* 7F25 with its header */
    struct lk_bytes signature; /* 64 */
    struct lk_token_export token;
};
enum lk_status lk_wired_authorized_parse(struct lk_bytes in, struct lk_wired_authorized *out);
void lk_wired_authorized_write(const struct lk_wired_authorized *msg, struct lk_wr *wr);

/* SET CONFIDENTIAL DATA, in the buffer: 97 4A. The offset is in P1 and P2. */
enum lk_status lk_wired_token_parse(struct lk_bytes in, struct lk_token_export *out);
void lk_wired_token_write(const struct lk_token_export *msg, struct lk_wr *wr);

#endif
