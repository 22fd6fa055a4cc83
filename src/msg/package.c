/* package.c: 7F25 and 7F35. */
#include "msg/package.h"

#include "msg/attestation.h"
#include "msg/field.h"

#define LK_USAGE(name, value, signer, origin) static const uint32_t name = (value);
#include "facts/usages.def"
#undef LK_USAGE

enum lk_status lk_share_parse(struct lk_bytes in, struct lk_share *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_share msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_SHARE);
    msg.signed_part = lk_bytes(inner.at, inner.left);
    if (lk_field_u8(&inner, LK_TAG_SHARE_VERSION) != LK_OBJECT_VERSION)
        lk_rd_fail(&inner, LK_PEER_VALUE);
    msg.random = lk_field_take(&inner, LK_TAG_SHARE_RANDOM, LK_SHARE_RANDOM_LEN);
    msg.device_key = lk_field_point(&inner, LK_TAG_SHARE_KEY);
    msg.entitlement_hash = lk_field_take(&inner, LK_TAG_SHARE_HASH, LK_HASH_LEN);
    if (lk_field_u32(&inner, LK_TAG_SHARE_USAGE) != LK_USAGE_SHARE)
        lk_rd_fail(&inner, LK_PEER_VALUE);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    msg.whole = in;
    *out = msg;
    return LK_OK;
}

void lk_share_write(const struct lk_share *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_SHARE);

    lk_tlv_put_u8(wr, LK_TAG_SHARE_VERSION, LK_OBJECT_VERSION);
    lk_field_put(wr, LK_TAG_SHARE_RANDOM, msg->random, LK_SHARE_RANDOM_LEN, LK_SHARE_RANDOM_LEN);
    lk_field_put_point(wr, LK_TAG_SHARE_KEY, msg->device_key);
    lk_field_put(wr, LK_TAG_SHARE_HASH, msg->entitlement_hash, LK_HASH_LEN, LK_HASH_LEN);
    lk_tlv_put_u32(wr, LK_TAG_SHARE_USAGE, LK_USAGE_SHARE);
    lk_tlv_end(wr, value);
}

static int is_device_type(uint8_t type)
{
    return type == LK_DEVICE_PHONE || type == LK_DEVICE_WATCH;
}

static void read_device_type(struct lk_rd *rd, struct lk_package *msg)
{
    struct lk_bytes run = lk_field_maybe(rd, LK_TAG_DEVICE_TYPE, 1);

    msg->device_type = run.len == 1 ? run.at[0] : 0;
    if (run.at != NULL && !is_device_type(msg->device_type))
        lk_rd_fail(rd, LK_PEER_VALUE);
}

enum lk_status lk_package_parse(struct lk_bytes in, struct lk_package *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_bytes share, entitlement;
    struct lk_package msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_PACKAGE);
    share = lk_field_whole(&inner, LK_TAG_SHARE, LK_SHARE_LEN);
    msg.signature = lk_field_take(&inner, LK_TAG_SHARE_SIGNATURE, LK_SIGNATURE_LEN);
    entitlement = lk_field_whole(&inner, LK_TAG_ENTITLEMENT, LK_ENTITLEMENT_MAX);
    msg.slot = lk_tlv_maybe(&inner, LK_TAG_PACKAGE_SLOT, 1, LK_SLOT_ID_MAX);
    read_device_type(&inner, &msg);
    msg.receipt = lk_tlv_maybe(&inner, LK_TAG_RECEIPT, 1, LK_RECEIPT_MAX);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    LK_TRY(lk_share_parse(share, &msg.share));
    LK_TRY(lk_entitlement_parse(entitlement, &msg.entitlement));
    *out = msg;
    return LK_OK;
}

void lk_package_write(const struct lk_package *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_PACKAGE);

    lk_share_write(&msg->share, wr);
    lk_field_put(wr, LK_TAG_SHARE_SIGNATURE, msg->signature, LK_SIGNATURE_LEN, LK_SIGNATURE_LEN);
    lk_entitlement_write(&msg->entitlement, wr);
    lk_field_put_maybe(wr, LK_TAG_PACKAGE_SLOT, msg->slot, 1, LK_SLOT_ID_MAX);
    if (msg->device_type != 0) {
        if (!is_device_type(msg->device_type))
            lk_field_refuse(wr);
        lk_tlv_put_u8(wr, LK_TAG_DEVICE_TYPE, msg->device_type);
    }
    lk_field_put_maybe(wr, LK_TAG_RECEIPT, msg->receipt, 1, LK_RECEIPT_MAX);
    lk_tlv_end(wr, value);
}
