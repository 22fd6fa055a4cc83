/* tlv.c: strict BER-TLV. One reader of headers serves every way of taking a TLV.
 *
 * Tags have one byte, or two if the low five bits of the first are all set; the second is then
 * 01 to 7F. Tag 00 does not exist. Lengths are minimal: 00..7F, 81 80..FF, 82 0100..FFFF. */
#include "tlv/tlv.h"

struct head {
    uint16_t tag;
    size_t head_len;
    size_t value_len;
};

enum verdict { WHOLE, SHORT, BROKEN };

#define SECOND_BYTE_FOLLOWS 0x1fu

static enum verdict read_tag(struct lk_bytes in, struct head *out)
{
    if (in.len < 1)
        return SHORT;
    out->tag = in.at[0];
    out->head_len = 1;
    if (out->tag == 0)
        return BROKEN;
    if ((out->tag & SECOND_BYTE_FOLLOWS) != SECOND_BYTE_FOLLOWS)
        return WHOLE;
    if (in.len < 2)
        return SHORT;
    if (in.at[1] == 0 || in.at[1] > 0x7f)
        return BROKEN;
    out->tag = lk_be16(in.at);
    out->head_len = 2;
    return WHOLE;
}

/* Reads a length at `in`, after the tag; adds what it takes to out->head_len. */
static enum verdict read_length(struct lk_bytes in, struct head *out)
{
    if (in.len < 1)
        return SHORT;
    if (in.at[0] < 0x80) {
        out->value_len = in.at[0];
        out->head_len += 1;
        return WHOLE;
    }
    if (in.at[0] != 0x81 && in.at[0] != 0x82)
        return BROKEN;
    if (in.at[0] == 0x81) {
        if (in.len < 2)
            return SHORT;
        out->value_len = in.at[1];
        out->head_len += 2;
        return out->value_len < 0x80 ? BROKEN : WHOLE;
    }
    /* A first byte of 00 is not minimal whatever follows: no need to wait for it. */
    if (in.len >= 2 && in.at[1] == 0)
        return BROKEN;
    if (in.len < 3)
        return SHORT;
    out->value_len = lk_be16(in.at + 1);
    out->head_len += 3;
    return WHOLE;
}

static enum verdict read_head(struct lk_bytes in, struct head *out)
{
    enum verdict verdict = read_tag(in, out);

    if (verdict != WHOLE)
        return verdict;
    return read_length(lk_bytes(in.at + out->head_len, in.len - out->head_len), out);
}

/* The header of the next TLV, which lies whole in the window; 0 and a fault otherwise. */
static int look(struct lk_rd *rd, struct head *out)
{
    if (*rd->fault != LK_OK)
        return 0;
    if (read_head(lk_bytes(rd->at, rd->left), out) != WHOLE ||
        out->value_len > rd->left - out->head_len) {
        lk_rd_fail(rd, LK_PEER_TLV);
        return 0;
    }
    return 1;
}

static struct lk_bytes take(struct lk_rd *rd, const struct head *head)
{
    (void)lk_rd_take(rd, head->head_len);
    return lk_rd_take(rd, head->value_len);
}

static const struct lk_bytes nothing = {NULL, 0};

struct lk_bytes lk_tlv_any(struct lk_rd *rd, uint16_t *out_tag)
{
    struct head head = {0, 0, 0};

    *out_tag = 0;
    if (!look(rd, &head))
        return nothing;
    *out_tag = head.tag;
    return take(rd, &head);
}

struct lk_bytes lk_tlv_take(struct lk_rd *rd, uint16_t tag, size_t min, size_t max)
{
    struct head head = {0, 0, 0};

    if (*rd->fault == LK_OK && rd->left == 0)
        lk_rd_fail(rd, LK_PEER_TAG); /* missing, not malformed */
    if (!look(rd, &head))
        return nothing;
    if (head.tag != tag) {
        lk_rd_fail(rd, LK_PEER_TAG);
        return nothing;
    }
    if (head.value_len < min || head.value_len > max) {
        lk_rd_fail(rd, LK_PEER_LENGTH);
        return nothing;
    }
    return take(rd, &head);
}

struct lk_rd lk_tlv_enter(struct lk_rd *rd, uint16_t tag)
{
    struct lk_bytes value = lk_tlv_take(rd, tag, 0, 0xffff);
    struct lk_rd child = {value.at, value.len, rd->fault};

    return child;
}

uint16_t lk_tlv_peek(struct lk_rd *rd)
{
    struct head head = {0, 0, 0};

    if (*rd->fault != LK_OK || rd->left == 0)
        return 0;
    return look(rd, &head) ? head.tag : 0;
}

struct lk_bytes lk_tlv_maybe(struct lk_rd *rd, uint16_t tag, size_t min, size_t max)
{
    if (lk_tlv_peek(rd) != tag)
        return nothing;
    return lk_tlv_take(rd, tag, min, max);
}

size_t lk_tlv_total(struct lk_bytes in, enum lk_status *fault)
{
    struct head head = {0, 0, 0};
    enum verdict verdict = read_head(in, &head);

    *fault = verdict == BROKEN ? LK_PEER_TLV : LK_OK;
    return verdict == WHOLE ? head.head_len + head.value_len : 0;
}

static size_t tag_size(uint16_t tag)
{
    return tag > 0xff ? 2 : 1;
}

static size_t length_size(size_t len)
{
    if (len < 0x80)
        return 1;
    return len < 0x100 ? 2 : 3;
}

size_t lk_tlv_size(uint16_t tag, size_t len)
{
    return tag_size(tag) + length_size(len) + len;
}

static void put_tag(struct lk_wr *wr, uint16_t tag)
{
    if (tag_size(tag) == 2)
        lk_wr_u8(wr, (uint8_t)(tag >> 8));
    lk_wr_u8(wr, (uint8_t)(tag & 0xffu));
}

static void put_length(struct lk_wr *wr, size_t len)
{
    if (len > 0xffff && wr->fault == LK_OK)
        wr->fault = LK_CALLER_ARGUMENT;
    if (length_size(len) == 2)
        lk_wr_u8(wr, 0x81);
    if (length_size(len) == 3) {
        lk_wr_u8(wr, 0x82);
        lk_wr_u8(wr, (uint8_t)(len >> 8));
    }
    lk_wr_u8(wr, (uint8_t)(len & 0xffu));
}

void lk_tlv_head(struct lk_wr *wr, uint16_t tag, size_t len)
{
    put_tag(wr, tag);
    put_length(wr, len);
}

size_t lk_tlv_begin(struct lk_wr *wr, uint16_t tag)
{
    put_tag(wr, tag);
    return wr->len;
}

void lk_tlv_end(struct lk_wr *wr, size_t value_at)
{
    uint8_t length[3];
    struct lk_wr head;
    size_t len = wr->len - value_at;

    lk_wr_init(&head, length, sizeof length);
    put_length(&head, len);
    if (wr->fault == LK_OK)
        wr->fault = head.fault;
    if (wr->fault == LK_OK && head.len > wr->cap - wr->len)
        wr->fault = LK_CALLER_SPACE;
    if (wr->fault != LK_OK)
        return;
    memmove(wr->at + value_at + head.len, wr->at + value_at, len);
    memcpy(wr->at + value_at, length, head.len);
    wr->len += head.len;
}

void lk_tlv_put(struct lk_wr *wr, uint16_t tag, const void *value, size_t len)
{
    lk_tlv_head(wr, tag, len);
    lk_wr_put(wr, value, len);
}

void lk_tlv_put_u8(struct lk_wr *wr, uint16_t tag, uint8_t value)
{
    lk_tlv_put(wr, tag, &value, 1);
}

void lk_tlv_put_u16(struct lk_wr *wr, uint16_t tag, uint16_t value)
{
    lk_tlv_head(wr, tag, 2);
    lk_wr_u16(wr, value);
}

void lk_tlv_put_u32(struct lk_wr *wr, uint16_t tag, uint32_t value)
{
    lk_tlv_head(wr, tag, 4);
    lk_wr_u32(wr, value);
}
