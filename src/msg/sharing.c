/* sharing.c: FF10 to FF14. */
#include "msg/sharing.h"

#include "msg/field.h"

#define TOKEN_SEALED_MIN 17
#define TOKEN_SEALED_MAX 80

static struct lk_share_header read_header(struct lk_rd *rd)
{
    struct lk_share_header header;

    header.session = lk_field_take(rd, LK_TAG_SHARE_SESSION, LK_SHARE_SESSION_LEN);
    header.direction = lk_field_u8(rd, LK_TAG_SHARE_DIRECTION);
    if (header.direction > LK_SHARE_FROM_FRIEND)
        lk_rd_fail(rd, LK_PEER_VALUE);
    header.sequence = lk_field_u8(rd, LK_TAG_SHARE_SEQUENCE);
    header.previous = lk_field_take(rd, LK_TAG_SHARE_PREVIOUS, LK_HASH_LEN);
    return header;
}

static void put_header(struct lk_wr *wr, const struct lk_share_header *header)
{
    lk_field_put(wr, LK_TAG_SHARE_SESSION, header->session, LK_SHARE_SESSION_LEN,
                 LK_SHARE_SESSION_LEN);
    if (header->direction > LK_SHARE_FROM_FRIEND)
        lk_field_refuse(wr);
    lk_tlv_put_u8(wr, LK_TAG_SHARE_DIRECTION, header->direction);
    lk_tlv_put_u8(wr, LK_TAG_SHARE_SEQUENCE, header->sequence);
    lk_field_put(wr, LK_TAG_SHARE_PREVIOUS, header->previous, LK_HASH_LEN, LK_HASH_LEN);
}

void lk_token_export_read(struct lk_rd *rd, struct lk_token_export *out)
{
    out->ephemeral = lk_field_maybe_point(rd, LK_TAG_TOKEN_EPHEMERAL);
    out->sealed = lk_bytes(NULL, 0);
    if (out->ephemeral.at != NULL)
        out->sealed = lk_tlv_take(rd, LK_TAG_TOKEN_SEALED, TOKEN_SEALED_MIN, TOKEN_SEALED_MAX);
}

void lk_token_export_put(struct lk_wr *wr, const struct lk_token_export *token)
{
    if ((token->ephemeral.at == NULL) != (token->sealed.at == NULL))
        lk_field_refuse(wr);
    if (token->ephemeral.at == NULL)
        return;
    lk_field_put_point(wr, LK_TAG_TOKEN_EPHEMERAL, token->ephemeral);
    lk_field_put(wr, LK_TAG_TOKEN_SEALED, token->sealed, TOKEN_SEALED_MIN, TOKEN_SEALED_MAX);
}

enum lk_status lk_share_creation_parse(struct lk_bytes in, struct lk_share_creation *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_share_creation msg;
    struct lk_bytes entitlement;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_SHARE_CREATION);
    msg.header = read_header(&inner);
    entitlement = lk_field_whole(&inner, LK_TAG_ENTITLEMENT, LK_ENTITLEMENT_MAX);
    msg.versions = lk_field_versions(&inner, LK_TAG_SHARE_VERSIONS);
    msg.car = lk_tlv_take(&inner, LK_TAG_SHARE_CAR, 1, LK_REASSEMBLY_MAX);
    msg.name = lk_tlv_maybe(&inner, LK_TAG_SHARE_NAME, 1, LK_SHARE_NAME_MAX);
    msg.options = lk_field_u8(&inner, LK_TAG_SHARE_OPTIONS);
    if ((msg.options & ~(unsigned)LK_SHARE_ASKS_PIN) != 0)
        lk_rd_fail(&inner, LK_PEER_VALUE);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    LK_TRY(lk_entitlement_parse(entitlement, &msg.entitlement));
    *out = msg;
    return LK_OK;
}

void lk_share_creation_write(const struct lk_share_creation *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_SHARE_CREATION);

    put_header(wr, &msg->header);
    lk_entitlement_write(&msg->entitlement, wr);
    lk_field_put_versions(wr, LK_TAG_SHARE_VERSIONS, msg->versions);
    lk_field_put(wr, LK_TAG_SHARE_CAR, msg->car, 1, LK_REASSEMBLY_MAX);
    lk_field_put_maybe(wr, LK_TAG_SHARE_NAME, msg->name, 1, LK_SHARE_NAME_MAX);
    if ((msg->options & ~(unsigned)LK_SHARE_ASKS_PIN) != 0)
        lk_field_refuse(wr);
    lk_tlv_put_u8(wr, LK_TAG_SHARE_OPTIONS, msg->options);
    lk_tlv_end(wr, value);
}

enum lk_status lk_share_signing_parse(struct lk_bytes in, struct lk_share_signing *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_share_signing msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_SHARE_SIGNING);
    msg.header = read_header(&inner);
    msg.f = lk_tlv_take(&inner, LK_TAG_SHARE_F, 1, LK_CERT_MAX);
    msg.e = lk_tlv_take(&inner, LK_TAG_SHARE_E, 1, LK_CERT_MAX);
    msg.h = lk_tlv_take(&inner, LK_TAG_SHARE_H, 1, LK_CERT_MAX);
    msg.encryption_key = lk_tlv_take(&inner, LK_TAG_ENCRYPTION_KEY, 1, LK_ENCRYPTION_KEY_MAX);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_share_signing_write(const struct lk_share_signing *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_SHARE_SIGNING);

    put_header(wr, &msg->header);
    lk_field_put(wr, LK_TAG_SHARE_F, msg->f, 1, LK_CERT_MAX);
    lk_field_put(wr, LK_TAG_SHARE_E, msg->e, 1, LK_CERT_MAX);
    lk_field_put(wr, LK_TAG_SHARE_H, msg->h, 1, LK_CERT_MAX);
    lk_field_put(wr, LK_TAG_ENCRYPTION_KEY, msg->encryption_key, 1, LK_ENCRYPTION_KEY_MAX);
    lk_tlv_end(wr, value);
}

enum lk_status lk_share_import_parse(struct lk_bytes in, struct lk_share_import *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_share_import msg;
    struct lk_bytes share;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_SHARE_IMPORT);
    msg.header = read_header(&inner);
    share = lk_field_whole(&inner, LK_TAG_SHARE, LK_SHARE_LEN);
    msg.signature = lk_field_take(&inner, LK_TAG_SHARE_SIGNATURE, LK_SIGNATURE_LEN);
    msg.owner_key = lk_field_point(&inner, LK_TAG_SHARE_OWNER_KEY);
    lk_token_export_read(&inner, &msg.token);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    LK_TRY(lk_share_parse(share, &msg.share));
    *out = msg;
    return LK_OK;
}

void lk_share_import_write(const struct lk_share_import *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_SHARE_IMPORT);

    put_header(wr, &msg->header);
    lk_share_write(&msg->share, wr);
    lk_field_put(wr, LK_TAG_SHARE_SIGNATURE, msg->signature, LK_SIGNATURE_LEN, LK_SIGNATURE_LEN);
    lk_field_put_point(wr, LK_TAG_SHARE_OWNER_KEY, msg->owner_key);
    lk_token_export_put(wr, &msg->token);
    lk_tlv_end(wr, value);
}

enum lk_status lk_share_cancel_parse(struct lk_bytes in, struct lk_share_cancel *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_share_cancel msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_SHARE_CANCEL);
    msg.header = read_header(&inner);
    msg.code = lk_field_u8(&inner, LK_TAG_SHARE_CODE);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_share_cancel_write(const struct lk_share_cancel *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_SHARE_CANCEL);

    put_header(wr, &msg->header);
    lk_tlv_put_u8(wr, LK_TAG_SHARE_CODE, msg->code);
    lk_tlv_end(wr, value);
}

enum lk_status lk_share_pin_parse(struct lk_bytes in, struct lk_share_pin *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_share_pin msg;
    struct lk_rd rd;
    struct lk_rd inner;

    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_SHARE_PIN);
    msg.header = read_header(&inner);
    msg.is_value = lk_field_u8(&inner, LK_TAG_SHARE_PIN_KIND);
    msg.tries_left = 0;
    msg.mac = lk_bytes(NULL, 0);
    if (msg.is_value > 1)
        lk_rd_fail(&inner, LK_PEER_VALUE);
    else if (msg.is_value)
        msg.mac = lk_field_take(&inner, LK_TAG_SHARE_PIN_MAC, LK_PIN_MAC_LEN);
    else
        msg.tries_left = lk_field_u8(&inner, LK_TAG_SHARE_PIN_TRIES);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_share_pin_write(const struct lk_share_pin *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_SHARE_PIN);

    put_header(wr, &msg->header);
    if (msg->is_value > 1)
        lk_field_refuse(wr);
    lk_tlv_put_u8(wr, LK_TAG_SHARE_PIN_KIND, msg->is_value);
    if (msg->is_value)
        lk_field_put(wr, LK_TAG_SHARE_PIN_MAC, msg->mac, LK_PIN_MAC_LEN, LK_PIN_MAC_LEN);
    else
        lk_tlv_put_u8(wr, LK_TAG_SHARE_PIN_TRIES, msg->tries_left);
    lk_tlv_end(wr, value);
}

uint16_t lk_share_kind(struct lk_bytes in)
{
    enum lk_status fault = LK_INTERNAL;
    uint16_t tag;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    tag = lk_tlv_peek(&rd);
    return tag >= LK_TAG_SHARE_CREATION && tag <= LK_TAG_SHARE_PIN ? tag : 0;
}
