/* attestation.c: signed objects: what is signed, and the signature after it (S3). */
#include "msg/attestation.h"

#include "msg/field.h"

/* Longest CommonName of an Instance CA, bytes. */
#define CA_NAME_MAX 32

/* The usage values in the order of their file. */
enum usage {
#define LK_USAGE(name, value, signer, origin) AT_##name,
#include "facts/usages.def"
#undef LK_USAGE
    NUM_USAGES
};

static const uint32_t usages[NUM_USAGES] = {
#define LK_USAGE(name, value, signer, origin) value,
#include "facts/usages.def"
#undef LK_USAGE
};

static void read_version(struct lk_rd *rd)
{
    if (lk_field_u8(rd, LK_TAG_OBJECT_VERSION) != LK_OBJECT_VERSION)
        lk_rd_fail(rd, LK_PEER_VALUE);
}

static void read_usage(struct lk_rd *rd, enum usage usage)
{
    if (lk_field_u32(rd, LK_TAG_OBJECT_USAGE) != usages[usage])
        lk_rd_fail(rd, LK_PEER_VALUE);
}

/* The end of every object: what was signed is all so far; then the signature, then nothing. */
static enum lk_status close_object(struct lk_rd *rd, struct lk_bytes in,
                                   struct lk_bytes *signed_part, struct lk_bytes *signature)
{
    *signed_part = lk_bytes(in.at, in.len - rd->left);
    *signature = lk_field_take(rd, LK_TAG_OBJECT_SIGNATURE, LK_SIGNATURE_LEN);
    return lk_field_close(rd);
}

static void put_signature(struct lk_wr *wr, struct lk_bytes signature)
{
    lk_field_put(wr, LK_TAG_OBJECT_SIGNATURE, signature, LK_SIGNATURE_LEN, LK_SIGNATURE_LEN);
}

static struct lk_bytes read_vehicle_id(struct lk_rd *rd)
{
    return lk_field_take(rd, LK_TAG_OBJECT_VEHICLE_ID, LK_VEHICLE_ID_LEN);
}

/* Version and vehicle: what every object begins with. */
static void put_start(struct lk_wr *wr, struct lk_bytes vehicle_id)
{
    lk_tlv_put_u8(wr, LK_TAG_OBJECT_VERSION, LK_OBJECT_VERSION);
    lk_field_put(wr, LK_TAG_OBJECT_VEHICLE_ID, vehicle_id, LK_VEHICLE_ID_LEN, LK_VEHICLE_ID_LEN);
}

static int is_role(uint8_t role)
{
    return role == LK_OBJECT_OWNER || role == LK_OBJECT_FRIEND;
}

enum lk_status lk_vehicle_attestation_parse(struct lk_bytes in, struct lk_vehicle_attestation *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_vehicle_attestation msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    read_version(&rd);
    msg.vehicle_id = read_vehicle_id(&rd);
    msg.device_key = lk_field_point(&rd, LK_TAG_OBJECT_DEVICE_KEY);
    msg.role = lk_field_u8(&rd, LK_TAG_OBJECT_ROLE);
    if (!is_role(msg.role))
        lk_rd_fail(&rd, LK_PEER_VALUE);
    msg.epoch = lk_field_u32(&rd, LK_TAG_OBJECT_EPOCH);
    msg.cert_hash = lk_field_take(&rd, LK_TAG_OBJECT_CERT_HASH, LK_HASH_LEN);
    read_usage(&rd, AT_LK_USAGE_VEHICLE_ATTEST);
    LK_TRY(close_object(&rd, in, &msg.signed_part, &msg.signature));
    *out = msg;
    return LK_OK;
}

void lk_vehicle_attestation_write_signed(const struct lk_vehicle_attestation *msg,
                                         struct lk_wr *wr)
{
    put_start(wr, msg->vehicle_id);
    lk_field_put_point(wr, LK_TAG_OBJECT_DEVICE_KEY, msg->device_key);
    if (!is_role(msg->role))
        lk_field_refuse(wr);
    lk_tlv_put_u8(wr, LK_TAG_OBJECT_ROLE, msg->role);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_EPOCH, msg->epoch);
    lk_field_put(wr, LK_TAG_OBJECT_CERT_HASH, msg->cert_hash, LK_HASH_LEN, LK_HASH_LEN);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_USAGE, usages[AT_LK_USAGE_VEHICLE_ATTEST]);
}

void lk_vehicle_attestation_write(const struct lk_vehicle_attestation *msg, struct lk_wr *wr)
{
    lk_vehicle_attestation_write_signed(msg, wr);
    put_signature(wr, msg->signature);
}

enum lk_status lk_vehicle_end_parse(struct lk_bytes in, struct lk_vehicle_end *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_vehicle_end msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    read_version(&rd);
    msg.vehicle_id = read_vehicle_id(&rd);
    msg.key_hash = lk_field_take(&rd, LK_TAG_OBJECT_KEY_HASH, LK_HASH_LEN);
    msg.end_number = lk_field_u32(&rd, LK_TAG_OBJECT_END_NUMBER);
    read_usage(&rd, AT_LK_USAGE_END_KEY);
    LK_TRY(close_object(&rd, in, &msg.signed_part, &msg.signature));
    *out = msg;
    return LK_OK;
}

void lk_vehicle_end_write_signed(const struct lk_vehicle_end *msg, struct lk_wr *wr)
{
    put_start(wr, msg->vehicle_id);
    lk_field_put(wr, LK_TAG_OBJECT_KEY_HASH, msg->key_hash, LK_HASH_LEN, LK_HASH_LEN);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_END_NUMBER, msg->end_number);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_USAGE, usages[AT_LK_USAGE_END_KEY]);
}

void lk_vehicle_end_write(const struct lk_vehicle_end *msg, struct lk_wr *wr)
{
    lk_vehicle_end_write_signed(msg, wr);
    put_signature(wr, msg->signature);
}

enum lk_status lk_termination_parse(struct lk_bytes in, struct lk_termination *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_termination msg;
    struct lk_bytes counter;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    read_version(&rd);
    msg.vehicle_id = read_vehicle_id(&rd);
    msg.key_id = lk_field_take(&rd, LK_TAG_OBJECT_KEY_ID, LK_KEY_ID_LEN);
    msg.reason = lk_field_u8(&rd, LK_TAG_OBJECT_REASON);
    counter = lk_field_take(&rd, LK_TAG_OBJECT_ELEMENT_COUNTER, 8);
    msg.element_counter = counter.len == 8 ? lk_be64(counter.at) : 0;
    msg.time = lk_field_maybe_date(&rd, LK_TAG_OBJECT_TIME);
    read_usage(&rd, AT_LK_USAGE_TERMINATED);
    LK_TRY(close_object(&rd, in, &msg.signed_part, &msg.signature));
    *out = msg;
    return LK_OK;
}

void lk_termination_write_signed(const struct lk_termination *msg, struct lk_wr *wr)
{
    uint8_t counter[8];

    lk_put64(counter, msg->element_counter);
    put_start(wr, msg->vehicle_id);
    lk_field_put(wr, LK_TAG_OBJECT_KEY_ID, msg->key_id, LK_KEY_ID_LEN, LK_KEY_ID_LEN);
    lk_tlv_put_u8(wr, LK_TAG_OBJECT_REASON, msg->reason);
    lk_tlv_put(wr, LK_TAG_OBJECT_ELEMENT_COUNTER, counter, sizeof counter);
    lk_field_put_maybe_date(wr, LK_TAG_OBJECT_TIME, msg->time);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_USAGE, usages[AT_LK_USAGE_TERMINATED]);
}

void lk_termination_write(const struct lk_termination *msg, struct lk_wr *wr)
{
    lk_termination_write_signed(msg, wr);
    put_signature(wr, msg->signature);
}

enum lk_status lk_encryption_key_parse(struct lk_bytes in, struct lk_encryption_key *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_encryption_key msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    read_version(&rd);
    msg.vehicle_id = read_vehicle_id(&rd);
    msg.key_id = lk_field_take(&rd, LK_TAG_OBJECT_KEY_ID, LK_KEY_ID_LEN);
    msg.public_key = lk_field_point(&rd, LK_TAG_OBJECT_DEVICE_KEY);
    read_usage(&rd, AT_LK_USAGE_ENCRYPTION_KEY);
    LK_TRY(close_object(&rd, in, &msg.signed_part, &msg.signature));
    *out = msg;
    return LK_OK;
}

void lk_encryption_key_write_signed(const struct lk_encryption_key *msg, struct lk_wr *wr)
{
    put_start(wr, msg->vehicle_id);
    lk_field_put(wr, LK_TAG_OBJECT_KEY_ID, msg->key_id, LK_KEY_ID_LEN, LK_KEY_ID_LEN);
    lk_field_put_point(wr, LK_TAG_OBJECT_DEVICE_KEY, msg->public_key);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_USAGE, usages[AT_LK_USAGE_ENCRYPTION_KEY]);
}

void lk_encryption_key_write(const struct lk_encryption_key *msg, struct lk_wr *wr)
{
    lk_encryption_key_write_signed(msg, wr);
    put_signature(wr, msg->signature);
}

enum lk_status lk_receipt_parse(struct lk_bytes in, struct lk_receipt *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_receipt msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    read_version(&rd);
    msg.vehicle_id = read_vehicle_id(&rd);
    msg.key_hash = lk_field_take(&rd, LK_TAG_OBJECT_KEY_HASH, LK_HASH_LEN);
    msg.cert_hash = lk_field_take(&rd, LK_TAG_OBJECT_CERT_HASH, LK_HASH_LEN);
    msg.ca_name = lk_tlv_take(&rd, LK_TAG_OBJECT_CA_NAME, 1, CA_NAME_MAX);
    msg.time = lk_field_date(&rd, LK_TAG_OBJECT_TIME);
    read_usage(&rd, AT_LK_USAGE_RECEIPT);
    LK_TRY(close_object(&rd, in, &msg.signed_part, &msg.signature));
    *out = msg;
    return LK_OK;
}

void lk_receipt_write_signed(const struct lk_receipt *msg, struct lk_wr *wr)
{
    put_start(wr, msg->vehicle_id);
    lk_field_put(wr, LK_TAG_OBJECT_KEY_HASH, msg->key_hash, LK_HASH_LEN, LK_HASH_LEN);
    lk_field_put(wr, LK_TAG_OBJECT_CERT_HASH, msg->cert_hash, LK_HASH_LEN, LK_HASH_LEN);
    lk_field_put(wr, LK_TAG_OBJECT_CA_NAME, msg->ca_name, 1, CA_NAME_MAX);
    lk_field_put_date(wr, LK_TAG_OBJECT_TIME, msg->time);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_USAGE, usages[AT_LK_USAGE_RECEIPT]);
}

void lk_receipt_write(const struct lk_receipt *msg, struct lk_wr *wr)
{
    lk_receipt_write_signed(msg, wr);
    put_signature(wr, msg->signature);
}

enum lk_status lk_signed_time_parse(struct lk_bytes in, struct lk_signed_time *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_signed_time msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    read_version(&rd);
    msg.vehicle_id = read_vehicle_id(&rd);
    msg.number = lk_field_u32(&rd, LK_TAG_OBJECT_TIME_NUMBER);
    msg.time = lk_field_date(&rd, LK_TAG_OBJECT_TIME);
    read_usage(&rd, AT_LK_USAGE_TIME);
    LK_TRY(close_object(&rd, in, &msg.signed_part, &msg.signature));
    *out = msg;
    return LK_OK;
}

void lk_signed_time_write_signed(const struct lk_signed_time *msg, struct lk_wr *wr)
{
    put_start(wr, msg->vehicle_id);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_TIME_NUMBER, msg->number);
    lk_field_put_date(wr, LK_TAG_OBJECT_TIME, msg->time);
    lk_tlv_put_u32(wr, LK_TAG_OBJECT_USAGE, usages[AT_LK_USAGE_TIME]);
}

void lk_signed_time_write(const struct lk_signed_time *msg, struct lk_wr *wr)
{
    lk_signed_time_write_signed(msg, wr);
    put_signature(wr, msg->signature);
}
