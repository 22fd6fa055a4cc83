/* wired.c: bodies and answers between framework and element (D32). */
#include "msg/wired.h"

#include "msg/field.h"
#include "msg/window.h"

static struct lk_bytes read_id(struct lk_rd *rd)
{
    return lk_field_take(rd, LK_TAG_ENDPOINT_ID, LK_ENDPOINT_ID_LEN);
}

static void put_id(struct lk_wr *wr, struct lk_bytes id)
{
    lk_field_put(wr, LK_TAG_ENDPOINT_ID, id, LK_ENDPOINT_ID_LEN, LK_ENDPOINT_ID_LEN);
}

static struct lk_bytes read_name(struct lk_rd *rd)
{
    return lk_tlv_take(rd, LK_TAG_CA_NAME, 1, LK_CA_NAME_MAX);
}

static void put_name(struct lk_wr *wr, struct lk_bytes name)
{
    lk_field_put(wr, LK_TAG_CA_NAME, name, 1, LK_CA_NAME_MAX);
}

/* 0 or 1, nothing else. */
static uint8_t read_flag(struct lk_rd *rd, uint16_t tag)
{
    uint8_t flag = lk_field_u8(rd, tag);

    if (flag > 1)
        lk_rd_fail(rd, LK_PEER_VALUE);
    return flag;
}

static void put_flag(struct lk_wr *wr, uint16_t tag, uint8_t flag)
{
    if (flag > 1)
        lk_field_refuse(wr);
    lk_tlv_put_u8(wr, tag, flag);
}

enum lk_status lk_wired_ca_parse(struct lk_bytes in, struct lk_wired_ca *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_ca msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.name = read_name(&rd);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_ca_write(const struct lk_wired_ca *msg, struct lk_wr *wr)
{
    put_name(wr, msg->name);
}

enum lk_status lk_wired_endpoint_parse(struct lk_bytes in, struct lk_wired_endpoint *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_endpoint msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.endpoint_id = read_id(&rd);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_endpoint_write(const struct lk_wired_endpoint *msg, struct lk_wr *wr)
{
    put_id(wr, msg->endpoint_id);
}

enum lk_status lk_wired_create_endpoint_parse(struct lk_bytes in,
                                              struct lk_wired_create_endpoint *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_create_endpoint msg;
    struct lk_bytes creation;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.ca_name = read_name(&rd);
    msg.endpoint_id = read_id(&rd);
    msg.versions = lk_field_versions(&rd, LK_TAG_WIRED_VERSIONS);
    msg.vehicle_key = lk_field_point(&rd, LK_TAG_WIRED_VEHICLE_KEY);
    creation = lk_rd_take(&rd, rd.left); /* the last element: its parser sees the end */
    LK_TRY(fault);
    LK_TRY(lk_creation_parse(creation, &msg.creation));
    *out = msg;
    return LK_OK;
}

void lk_wired_create_endpoint_write(const struct lk_wired_create_endpoint *msg, struct lk_wr *wr)
{
    put_name(wr, msg->ca_name);
    put_id(wr, msg->endpoint_id);
    lk_field_put_versions(wr, LK_TAG_WIRED_VERSIONS, msg->versions);
    lk_field_put_point(wr, LK_TAG_WIRED_VEHICLE_KEY, msg->vehicle_key);
    lk_creation_write(&msg->creation, wr);
}

enum lk_status lk_wired_setup_endpoint_parse(struct lk_bytes in,
                                             struct lk_wired_setup_endpoint *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_setup_endpoint msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.endpoint_id = read_id(&rd);
    msg.confidential_window = lk_window_read(&rd, LK_TAG_WIRED_CONFIDENTIAL_WINDOW);
    msg.private_window = lk_window_read(&rd, LK_TAG_WIRED_PRIVATE_WINDOW);
    msg.state = lk_field_maybe(&rd, LK_TAG_NEW_STATE, 1);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_setup_endpoint_write(const struct lk_wired_setup_endpoint *msg, struct lk_wr *wr)
{
    put_id(wr, msg->endpoint_id);
    lk_window_put(wr, LK_TAG_WIRED_CONFIDENTIAL_WINDOW, msg->confidential_window);
    lk_window_put(wr, LK_TAG_WIRED_PRIVATE_WINDOW, msg->private_window);
    lk_field_put_maybe(wr, LK_TAG_NEW_STATE, msg->state, 1, 1);
}

enum lk_status lk_wired_counts_parse(struct lk_bytes in, struct lk_wired_counts *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_counts msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.cas = lk_field_u8(&rd, LK_TAG_NUM_CAS);
    msg.endpoints = lk_field_u8(&rd, LK_TAG_NUM_ENDPOINTS);
    msg.persistent = lk_field_u8(&rd, LK_TAG_NUM_PERSISTENT);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_counts_write(const struct lk_wired_counts *msg, struct lk_wr *wr)
{
    lk_tlv_put_u8(wr, LK_TAG_NUM_CAS, msg->cas);
    lk_tlv_put_u8(wr, LK_TAG_NUM_ENDPOINTS, msg->endpoints);
    lk_tlv_put_u8(wr, LK_TAG_NUM_PERSISTENT, msg->persistent);
}

static enum lk_status read_list(struct lk_bytes in, struct lk_bytes (*item)(struct lk_rd *rd),
                                struct lk_wired_list *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_list msg = {in, 0};
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    while (fault == LK_OK && rd.left > 0) {
        (void)item(&rd);
        msg.num++;
    }
    LK_TRY(fault);
    *out = msg;
    return LK_OK;
}

enum lk_status lk_wired_endpoints_parse(struct lk_bytes in, struct lk_wired_list *out)
{
    return read_list(in, read_id, out);
}

enum lk_status lk_wired_cas_parse(struct lk_bytes in, struct lk_wired_list *out)
{
    return read_list(in, read_name, out);
}

int lk_wired_list_next(struct lk_bytes *items, struct lk_bytes *out_value)
{
    enum lk_status fault = LK_INTERNAL;
    uint16_t tag = 0;
    struct lk_bytes value;
    struct lk_rd rd;

    if (items->len == 0)
        return 0;
    lk_rd_init(&rd, *items, &fault);
    value = lk_tlv_any(&rd, &tag);
    if (fault != LK_OK)
        return 0;
    *items = lk_bytes(rd.at, rd.left);
    *out_value = value;
    return 1;
}

enum lk_status lk_wired_state_parse(struct lk_bytes in, struct lk_wired_state *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_state msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.endpoint_id = read_id(&rd);
    msg.vehicle_id = lk_field_take(&rd, LK_TAG_WIRED_VEHICLE_ID, LK_VEHICLE_ID_LEN);
    msg.state = lk_field_u8(&rd, LK_TAG_STATE);
    msg.is_confirmed = read_flag(&rd, LK_TAG_IS_CONFIRMED);
    msg.is_first = read_flag(&rd, LK_TAG_IS_FIRST);
    msg.slot = lk_tlv_take(&rd, LK_TAG_WIRED_SLOT, 1, LK_SLOT_ID_MAX);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_state_write(const struct lk_wired_state *msg, struct lk_wr *wr)
{
    put_id(wr, msg->endpoint_id);
    lk_field_put(wr, LK_TAG_WIRED_VEHICLE_ID, msg->vehicle_id, LK_VEHICLE_ID_LEN,
                 LK_VEHICLE_ID_LEN);
    lk_tlv_put_u8(wr, LK_TAG_STATE, msg->state);
    put_flag(wr, LK_TAG_IS_CONFIRMED, msg->is_confirmed);
    put_flag(wr, LK_TAG_IS_FIRST, msg->is_first);
    lk_field_put(wr, LK_TAG_WIRED_SLOT, msg->slot, 1, LK_SLOT_ID_MAX);
}

enum lk_status lk_wired_setup_instance_parse(struct lk_bytes in,
                                             struct lk_wired_setup_instance *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_setup_instance msg = {0, 0, 0, 0};
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    if (lk_tlv_peek(&rd) == LK_TAG_EXPRESS) {
        msg.has_express = 1;
        msg.express = read_flag(&rd, LK_TAG_EXPRESS);
    }
    if (!msg.has_express || rd.left > 0) { /* one of the two must be there */
        msg.has_lock = 1;
        msg.lock = read_flag(&rd, LK_TAG_LOCK);
    }
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_setup_instance_write(const struct lk_wired_setup_instance *msg, struct lk_wr *wr)
{
    if (!msg->has_express && !msg->has_lock)
        lk_field_refuse(wr);
    if (msg->has_express)
        put_flag(wr, LK_TAG_EXPRESS, msg->express);
    if (msg->has_lock)
        put_flag(wr, LK_TAG_LOCK, msg->lock);
}

enum lk_status lk_wired_notice_parse(struct lk_bytes in, struct lk_wired_notice *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_notice msg;
    struct lk_rd rd;
    struct lk_rd course;

    lk_rd_init(&rd, in, &fault);
    msg.status = lk_field_u16(&rd, LK_TAG_NOTICE_STATUS);
    msg.endpoint_id = read_id(&rd);
    msg.vehicle_id = lk_field_take(&rd, LK_TAG_WIRED_VEHICLE_ID, LK_VEHICLE_ID_LEN);
    course = lk_tlv_enter(&rd, LK_TAG_NOTICE_COURSE);
    msg.p2 = lk_rd_u8(&course);
    msg.was_fast = lk_rd_u8(&course);
    msg.control_p1 = lk_rd_u8(&course);
    msg.control_p2 = lk_rd_u8(&course);
    lk_rd_close(&course);
    if (msg.was_fast > 1)
        lk_rd_fail(&rd, LK_PEER_VALUE);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_notice_write(const struct lk_wired_notice *msg, struct lk_wr *wr)
{
    if (msg->was_fast > 1)
        lk_field_refuse(wr);
    lk_tlv_put_u16(wr, LK_TAG_NOTICE_STATUS, msg->status);
    put_id(wr, msg->endpoint_id);
    lk_field_put(wr, LK_TAG_WIRED_VEHICLE_ID, msg->vehicle_id, LK_VEHICLE_ID_LEN,
                 LK_VEHICLE_ID_LEN);
    lk_tlv_head(wr, LK_TAG_NOTICE_COURSE, 4);
    lk_wr_u8(wr, msg->p2);
    lk_wr_u8(wr, msg->was_fast);
    lk_wr_u8(wr, msg->control_p1);
    lk_wr_u8(wr, msg->control_p2);
}

enum lk_status lk_wired_set_private_parse(struct lk_bytes in, struct lk_wired_set_private *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_set_private msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.endpoint_id = read_id(&rd);
    msg.data = lk_tlv_take(&rd, LK_TAG_PRIVATE_DATA, 0, LK_PRIVATE_DATA_MAX);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_set_private_write(const struct lk_wired_set_private *msg, struct lk_wr *wr)
{
    put_id(wr, msg->endpoint_id);
    lk_field_put(wr, LK_TAG_PRIVATE_DATA, msg->data, 0, LK_PRIVATE_DATA_MAX);
}

enum lk_status lk_wired_get_private_parse(struct lk_bytes in, struct lk_wired_get_private *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_get_private msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.endpoint_id = read_id(&rd);
    msg.length = lk_field_u16(&rd, LK_TAG_READ_LENGTH);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_get_private_write(const struct lk_wired_get_private *msg, struct lk_wr *wr)
{
    put_id(wr, msg->endpoint_id);
    lk_tlv_put_u16(wr, LK_TAG_READ_LENGTH, msg->length);
}

static struct lk_bytes read_hash(struct lk_rd *rd)
{
    return lk_field_take(rd, LK_TAG_ENTITLEMENT_HASH, LK_HASH_LEN);
}

static void put_hash(struct lk_wr *wr, struct lk_bytes hash)
{
    lk_field_put(wr, LK_TAG_ENTITLEMENT_HASH, hash, LK_HASH_LEN, LK_HASH_LEN);
}

enum lk_status lk_wired_consent_parse(struct lk_bytes in, struct lk_wired_consent *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_consent msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.endpoint_id = read_id(&rd);
    msg.entitlement_hash = read_hash(&rd);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_consent_write(const struct lk_wired_consent *msg, struct lk_wr *wr)
{
    put_id(wr, msg->endpoint_id);
    put_hash(wr, msg->entitlement_hash);
}

enum lk_status lk_wired_authorize_parse(struct lk_bytes in, struct lk_wired_authorize *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_authorize msg;
    struct lk_bytes place;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.endpoint_id = read_id(&rd);
    msg.entitlement_hash = read_hash(&rd);
    place = lk_field_maybe(&rd, LK_TAG_WIRED_CONFIDENTIAL_WINDOW, 4);
    LK_TRY(lk_field_close(&rd));
    msg.has_token = place.at != NULL;
    msg.offset = msg.has_token ? lk_be16(place.at) : 0;
    msg.length = msg.has_token ? lk_be16(place.at + 2) : 0;
    *out = msg;
    return LK_OK;
}

void lk_wired_authorize_write(const struct lk_wired_authorize *msg, struct lk_wr *wr)
{
    put_id(wr, msg->endpoint_id);
    put_hash(wr, msg->entitlement_hash);
    if (!msg->has_token)
        return;
    lk_tlv_head(wr, LK_TAG_WIRED_CONFIDENTIAL_WINDOW, 4);
    lk_wr_u16(wr, msg->offset);
    lk_wr_u16(wr, msg->length);
}

enum lk_status lk_wired_friend_parse(struct lk_bytes in, struct lk_wired_friend *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_friend msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.f = lk_tlv_take(&rd, LK_TAG_SHARE_F, 1, LK_CERT_MAX);
    msg.e = lk_tlv_take(&rd, LK_TAG_SHARE_E, 1, LK_CERT_MAX);
    msg.h = lk_tlv_take(&rd, LK_TAG_SHARE_H, 1, LK_CERT_MAX);
    msg.encryption_key = lk_tlv_take(&rd, LK_TAG_ENCRYPTION_KEY, 1, LK_ENCRYPTION_KEY_MAX);
    msg.entitlement = lk_field_whole(&rd, LK_TAG_ENTITLEMENT, LK_ENTITLEMENT_MAX);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

/* An object that carries its own header and must be `tag`. */
static void put_whole(struct lk_wr *wr, uint16_t tag, struct lk_bytes whole)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_rd rd;

    lk_rd_init(&rd, whole, &fault);
    (void)lk_tlv_take(&rd, tag, 0, LK_REASSEMBLY_MAX);
    if (lk_field_close(&rd) != LK_OK)
        lk_field_refuse(wr);
    lk_wr_bytes(wr, whole);
}

void lk_wired_friend_write(const struct lk_wired_friend *msg, struct lk_wr *wr)
{
    lk_field_put(wr, LK_TAG_SHARE_F, msg->f, 1, LK_CERT_MAX);
    lk_field_put(wr, LK_TAG_SHARE_E, msg->e, 1, LK_CERT_MAX);
    lk_field_put(wr, LK_TAG_SHARE_H, msg->h, 1, LK_CERT_MAX);
    lk_field_put(wr, LK_TAG_ENCRYPTION_KEY, msg->encryption_key, 1, LK_ENCRYPTION_KEY_MAX);
    put_whole(wr, LK_TAG_ENTITLEMENT, msg->entitlement);
}

enum lk_status lk_wired_authorized_parse(struct lk_bytes in, struct lk_wired_authorized *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_wired_authorized msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.share = lk_field_whole(&rd, LK_TAG_SHARE, LK_SHARE_LEN);
    msg.signature = lk_field_take(&rd, LK_TAG_SHARE_SIGNATURE, LK_SIGNATURE_LEN);
    lk_token_export_read(&rd, &msg.token);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_authorized_write(const struct lk_wired_authorized *msg, struct lk_wr *wr)
{
    put_whole(wr, LK_TAG_SHARE, msg->share);
    lk_field_put(wr, LK_TAG_SHARE_SIGNATURE, msg->signature, LK_SIGNATURE_LEN, LK_SIGNATURE_LEN);
    lk_token_export_put(wr, &msg->token);
}

enum lk_status lk_wired_token_parse(struct lk_bytes in, struct lk_token_export *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_token_export msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    lk_token_export_read(&rd, &msg);
    if (fault == LK_OK && msg.ephemeral.at == NULL)
        lk_rd_fail(&rd, LK_PEER_TAG);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_wired_token_write(const struct lk_token_export *msg, struct lk_wr *wr)
{
    if (msg->ephemeral.at == NULL)
        lk_field_refuse(wr);
    lk_token_export_put(wr, msg);
}
