/* sharing.h: the messages of one sharing, phone to phone, as plaintext before they are sealed
 * (project-defined: P-17, D32, S18).
 *
 *   FF10  owner to friend   key creation request: the rights, and what the car wrote in pairing
 *   FF11  friend to owner   key signing request: chain of the new key, its encryption key
 *   FF12  owner to friend   import request: the owner's signature, one token
 *   FF13  either            cancel
 *   FF14  either            PIN
 * Each begins with the same header; a message of another session, direction, number or history is
 * refused by the caller. */
#ifndef LK_MSG_SHARING_H
#define LK_MSG_SHARING_H

#include "msg/attestation.h"
#include "msg/package.h"
#include "msg/pairing_data.h"

#define LK_SHARE_SESSION_LEN 16
/* Longest name of a key, bytes of UTF-8 (pki 3). */
#define LK_SHARE_NAME_MAX 30
/* Longest object of FF21, bytes. */
#define LK_ENCRYPTION_KEY_MAX 192
#define LK_PIN_MAC_LEN 32

enum { LK_SHARE_FROM_OWNER = 0, LK_SHARE_FROM_FRIEND = 1 };
/* Bits of DF45. */
enum { LK_SHARE_ASKS_PIN = 0x01 };
/* 5A of FF13 (protocol 11.1). */
enum {
    LK_CANCEL_MISSING = 0x00,
    LK_CANCEL_STRUCTURE = 0x01,
    LK_CANCEL_CONTENT = 0x02,
    LK_CANCEL_VERSION = 0x03,
    LK_CANCEL_CERT_EXPIRED = 0x04,
    LK_CANCEL_CERT_STRUCTURE = 0x05,
    LK_CANCEL_CERT_CONTENT = 0x06,
    LK_CANCEL_CHAIN = 0x07,
    LK_CANCEL_REJECTED = 0x08,
    LK_CANCEL_OWNER = 0x20,
    LK_CANCEL_NO_PIN = 0x21,
    LK_CANCEL_FRIEND = 0x22,
    LK_CANCEL_OTHER = 0xff,
};

/* DF40 DF41 DF42 DF43: how every message begins. */
struct lk_share_header {
    struct lk_bytes session;  /* 16 */
    uint8_t direction;        /* LK_SHARE_FROM_... */
    uint8_t sequence;         /* 0, 1, 2 ... over both directions */
    struct lk_bytes previous; /* SHA-256 of the plaintext before, 32; zeros in the first */
};

/* 97 4A: one immobilizer token under ECIES_v1, or both absent (D27). */
struct lk_token_export {
    struct lk_bytes ephemeral; /* 65 */
    struct lk_bytes sealed;    /* token and tag, 17 to 80 */
};

/* FF10: header FF20 5C FF22 [DF44] DF45. */
struct lk_share_creation {
    struct lk_share_header header;
    struct lk_entitlement entitlement;
    struct lk_bytes versions; /* 5C as the car sent it in REQUEST */
    struct lk_bytes car;      /* lk_pairing_data for the friend's key: the value of FF22 */
    struct lk_bytes name;     /* 1 to 30, or absent */
    uint8_t options;
};
enum lk_status lk_share_creation_parse(struct lk_bytes in, struct lk_share_creation *out);
void lk_share_creation_write(const struct lk_share_creation *msg, struct lk_wr *wr);

/* FF11: header 7F20 7F22 7F24 FF21. */
struct lk_share_signing {
    struct lk_share_header header;
    struct lk_bytes f, e, h;        /* DER, 1 to LK_CERT_MAX each */
    struct lk_bytes encryption_key; /* lk_encryption_key: the value of FF21 */
};
enum lk_status lk_share_signing_parse(struct lk_bytes in, struct lk_share_signing *out);
void lk_share_signing_write(const struct lk_share_signing *msg, struct lk_wr *wr);

/* FF12: header 7F25 9E DF46 [97 4A]. */
struct lk_share_import {
    struct lk_share_header header;
    struct lk_share share;
    struct lk_bytes signature; /* 64 */
    struct lk_bytes owner_key; /* 65: the friend checks the signature before keeping it */
    struct lk_token_export token;
};
enum lk_status lk_share_import_parse(struct lk_bytes in, struct lk_share_import *out);
void lk_share_import_write(const struct lk_share_import *msg, struct lk_wr *wr);

/* FF13: header 5A. */
struct lk_share_cancel {
    struct lk_share_header header;
    uint8_t code; /* LK_CANCEL_... */
};
enum lk_status lk_share_cancel_parse(struct lk_bytes in, struct lk_share_cancel *out);
void lk_share_cancel_write(const struct lk_share_cancel *msg, struct lk_wr *wr);

/* FF14: header DF47, then DF48 from the owner or DF49 from the friend. */
struct lk_share_pin {
    struct lk_share_header header;
    uint8_t is_value;     /* 0: the owner asks (again), 1: the friend answers */
    uint8_t tries_left;   /* of a question */
    struct lk_bytes mac;  /* of an answer, 32 */
};
enum lk_status lk_share_pin_parse(struct lk_bytes in, struct lk_share_pin *out);
void lk_share_pin_write(const struct lk_share_pin *msg, struct lk_wr *wr);

/* The outer tag of a message, LK_TAG_SHARE_CREATION to LK_TAG_SHARE_PIN, or 0. */
uint16_t lk_share_kind(struct lk_bytes in);

/* For the bodies that hold a token: both fields, or neither. */
void lk_token_export_read(struct lk_rd *rd, struct lk_token_export *out);
void lk_token_export_put(struct lk_wr *wr, const struct lk_token_export *token);

#endif
