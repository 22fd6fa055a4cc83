/* attestation.h: the signed objects of the project: minimal TLV in fixed order, version and vehicle
 * first, usage last (S3). For each: the signed bytes, and the object, which is the signed bytes and
 * 9E. All are project-defined. Parse does not verify: the caller checks the signature over
 * `signed_part`. */
#ifndef LK_MSG_ATTESTATION_H
#define LK_MSG_ATTESTATION_H

#include "base/base.h"

#define LK_OBJECT_VERSION 0x01
/* Roles in an attestation. */
enum { LK_OBJECT_OWNER = 1, LK_OBJECT_FRIEND = 2 };

/* The car took this device key (P-31, S10): 41 4D 5A DF1C DF1D DF1E 93, signed by vehicle.SK. */
struct lk_vehicle_attestation {
    struct lk_bytes vehicle_id; /* 8 */
    struct lk_bytes device_key; /* 65 */
    uint8_t role;               /* LK_OBJECT_OWNER or LK_OBJECT_FRIEND */
    uint32_t epoch;             /* owner epoch of the car */
    struct lk_bytes cert_hash;  /* SHA-256 of H, 32 */
    struct lk_bytes signature;  /* 64; not looked at by write_signed */
    struct lk_bytes signed_part; /* set by parse */
};
enum lk_status lk_vehicle_attestation_parse(struct lk_bytes in,
                                            struct lk_vehicle_attestation *out);
void lk_vehicle_attestation_write(const struct lk_vehicle_attestation *msg, struct lk_wr *wr);
void lk_vehicle_attestation_write_signed(const struct lk_vehicle_attestation *msg,
                                         struct lk_wr *wr);

/* The car ended this key (S1): 41 4D DF33 DF34 93, signed by vehicle.SK. */
struct lk_vehicle_end {
    struct lk_bytes vehicle_id; /* 8 */
    struct lk_bytes key_hash;   /* SHA-256 of device.PK, 32 */
    uint32_t end_number;
    struct lk_bytes signature;  /* 64 */
    struct lk_bytes signed_part;
};
enum lk_status lk_vehicle_end_parse(struct lk_bytes in, struct lk_vehicle_end *out);
void lk_vehicle_end_write(const struct lk_vehicle_end *msg, struct lk_wr *wr);
void lk_vehicle_end_write_signed(const struct lk_vehicle_end *msg, struct lk_wr *wr);

/* The endpoint ended itself (D5, S9): 41 4D DF35 DF30 DF31 [DF32] 93, signed by device.SK. Key
 * identifiers have a tag of their own, not 92 (S3). */
struct lk_termination {
    struct lk_bytes vehicle_id; /* 8 */
    struct lk_bytes key_id;     /* 20 */
    uint8_t reason;             /* spec/applet.md */
    uint64_t element_counter;
    struct lk_bytes time;       /* 15, or absent */
    struct lk_bytes signature;  /* 64 */
    struct lk_bytes signed_part;
};
enum lk_status lk_termination_parse(struct lk_bytes in, struct lk_termination *out);
void lk_termination_write(const struct lk_termination *msg, struct lk_wr *wr);
void lk_termination_write_signed(const struct lk_termination *msg, struct lk_wr *wr);

/* The endpoint has this encryption key (D27, S3): 41 4D DF35 5A 93, signed by device.SK. */
struct lk_encryption_key {
    struct lk_bytes vehicle_id; /* 8 */
    struct lk_bytes key_id;     /* 20, of the endpoint */
    struct lk_bytes public_key; /* 65, to encrypt to */
    struct lk_bytes signature;  /* 64 */
    struct lk_bytes signed_part;
};
enum lk_status lk_encryption_key_parse(struct lk_bytes in, struct lk_encryption_key *out);
void lk_encryption_key_write(const struct lk_encryption_key *msg, struct lk_wr *wr);
void lk_encryption_key_write_signed(const struct lk_encryption_key *msg, struct lk_wr *wr);

/* The tracking server knows this key (D7, S10), the value of 45: 41 4D DF33 DF1E DF36 DF32 93. */
struct lk_receipt {
    struct lk_bytes vehicle_id; /* 8 */
    struct lk_bytes key_hash;   /* SHA-256 of device.PK, 32 */
    struct lk_bytes cert_hash;  /* SHA-256 of H, 32 */
    struct lk_bytes ca_name;    /* CommonName of E, 1 to 32 */
    struct lk_bytes time;       /* 15 */
    struct lk_bytes signature;  /* 64, of the receipt signer under J */
    struct lk_bytes signed_part;
};
enum lk_status lk_receipt_parse(struct lk_bytes in, struct lk_receipt *out);
void lk_receipt_write(const struct lk_receipt *msg, struct lk_wr *wr);
void lk_receipt_write_signed(const struct lk_receipt *msg, struct lk_wr *wr);

/* Trusted time for one car (D30): 41 4D DF37 DF32 93, signed by Q. */
struct lk_signed_time {
    struct lk_bytes vehicle_id; /* 8 */
    uint32_t number;            /* grows with each one of a car */
    struct lk_bytes time;       /* 15 */
    struct lk_bytes signature;  /* 64 */
    struct lk_bytes signed_part;
};
enum lk_status lk_signed_time_parse(struct lk_bytes in, struct lk_signed_time *out);
void lk_signed_time_write(const struct lk_signed_time *msg, struct lk_wr *wr);
void lk_signed_time_write_signed(const struct lk_signed_time *msg, struct lk_wr *wr);

#endif
