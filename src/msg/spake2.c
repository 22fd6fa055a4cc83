/* spake2.c: SPAKE2+ REQUEST and VERIFY. */
#include "msg/spake2.h"

#include "msg/field.h"

#define SALT_LEN 16
#define EVIDENCE_LEN 16

static void read_scrypt(struct lk_rd *rd, struct lk_spake2_request *msg)
{
    struct lk_rd inner = lk_tlv_enter(rd, LK_TAG_SCRYPT);

    msg->salt = lk_field_take(&inner, LK_TAG_SCRYPT_SALT, SALT_LEN);
    msg->n = lk_field_u32(&inner, LK_TAG_SCRYPT_N);
    msg->r = lk_field_u16(&inner, LK_TAG_SCRYPT_R);
    msg->p = lk_field_u16(&inner, LK_TAG_SCRYPT_P);
    (void)lk_field_close(&inner); /* the fault is shared with `rd` */
}

enum lk_status lk_spake2_request_parse(struct lk_bytes in, struct lk_spake2_request *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_spake2_request msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.version = lk_field_take(&rd, LK_TAG_SPAKE_VERSION, 2);
    msg.applet_versions = lk_field_versions(&rd, LK_TAG_VEHICLE_VERSIONS);
    msg.versions_tlv = lk_bytes(in.at, in.len - rd.left);
    read_scrypt(&rd, &msg);
    msg.brand = lk_field_take(&rd, LK_TAG_BRAND, 2);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_spake2_request_write(const struct lk_spake2_request *msg, struct lk_wr *wr)
{
    size_t scrypt;

    lk_field_put(wr, LK_TAG_SPAKE_VERSION, msg->version, 2, 2);
    lk_field_put_versions(wr, LK_TAG_VEHICLE_VERSIONS, msg->applet_versions);
    scrypt = lk_tlv_begin(wr, LK_TAG_SCRYPT);
    lk_field_put(wr, LK_TAG_SCRYPT_SALT, msg->salt, SALT_LEN, SALT_LEN);
    lk_tlv_put_u32(wr, LK_TAG_SCRYPT_N, msg->n);
    lk_tlv_put_u16(wr, LK_TAG_SCRYPT_R, msg->r);
    lk_tlv_put_u16(wr, LK_TAG_SCRYPT_P, msg->p);
    lk_tlv_end(wr, scrypt);
    lk_field_put(wr, LK_TAG_BRAND, msg->brand, 2, 2);
}

enum lk_status lk_spake2_request_answer_parse(struct lk_bytes in,
                                              struct lk_spake2_request_answer *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_spake2_request_answer msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.share = lk_field_point(&rd, LK_TAG_POINT_X);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_spake2_request_answer_write(const struct lk_spake2_request_answer *msg, struct lk_wr *wr)
{
    lk_field_put_point(wr, LK_TAG_POINT_X, msg->share);
}

enum lk_status lk_spake2_verify_parse(struct lk_bytes in, struct lk_spake2_verify *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_spake2_verify msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.share = lk_field_point(&rd, LK_TAG_POINT_Y);
    msg.evidence = lk_field_take(&rd, LK_TAG_EVIDENCE_VEHICLE, EVIDENCE_LEN);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_spake2_verify_write(const struct lk_spake2_verify *msg, struct lk_wr *wr)
{
    lk_field_put_point(wr, LK_TAG_POINT_Y, msg->share);
    lk_field_put(wr, LK_TAG_EVIDENCE_VEHICLE, msg->evidence, EVIDENCE_LEN, EVIDENCE_LEN);
}

enum lk_status lk_spake2_verify_answer_parse(struct lk_bytes in,
                                             struct lk_spake2_verify_answer *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_spake2_verify_answer msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.evidence = lk_field_take(&rd, LK_TAG_EVIDENCE_DEVICE, EVIDENCE_LEN);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_spake2_verify_answer_write(const struct lk_spake2_verify_answer *msg, struct lk_wr *wr)
{
    lk_field_put(wr, LK_TAG_EVIDENCE_DEVICE, msg->evidence, EVIDENCE_LEN, EVIDENCE_LEN);
}
