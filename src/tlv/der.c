/* der.c: strict DER. spec/certificates.md, section 2. */
#include "tlv/der.h"

/* Length of the header of the next element, 0 if it is malformed or longer than what is left. */
static size_t header(const struct lk_rd *rd, uint8_t tag, size_t *out_len)
{
    size_t head = 2, len;

    if (rd->left < 2 || rd->at[0] != tag)
        return 0;
    len = rd->at[1];
    if (len == 0x81) {
        head = 3;
        if (rd->left < head || rd->at[2] < 0x80)
            return 0;
        len = rd->at[2];
    } else if (len == 0x82) {
        head = 4;
        if (rd->left < head || rd->at[2] == 0)
            return 0;
        len = lk_be16(rd->at + 2);
    } else if (len >= 0x80) {
        return 0;
    }
    if (len > rd->left - head)
        return 0;
    *out_len = len;
    return head;
}

/* Takes one element; *out_head gets the length of its header. Gives header and content. */
static struct lk_bytes element(struct lk_rd *rd, uint8_t tag, size_t *out_head)
{
    size_t len = 0, head;

    *out_head = 0;
    if (*rd->fault != LK_OK)
        return lk_bytes(NULL, 0);
    head = header(rd, tag, &len);
    if (head == 0) {
        lk_rd_fail(rd, LK_CERT_DER);
        return lk_bytes(NULL, 0);
    }
    *out_head = head;
    return lk_rd_take(rd, head + len);
}

uint8_t lk_der_peek(const struct lk_rd *rd)
{
    if (*rd->fault != LK_OK || rd->left == 0)
        return 0;
    return rd->at[0];
}

struct lk_bytes lk_der_take(struct lk_rd *rd, uint8_t tag)
{
    size_t head;
    struct lk_bytes all = element(rd, tag, &head);

    if (head == 0)
        return all;
    return lk_bytes(all.at + head, all.len - head);
}

struct lk_bytes lk_der_whole(struct lk_rd *rd, uint8_t tag)
{
    size_t head;

    return element(rd, tag, &head);
}

struct lk_rd lk_der_enter(struct lk_rd *rd, uint8_t tag)
{
    struct lk_bytes content = lk_der_take(rd, tag);
    struct lk_rd child = {content.at, content.len, rd->fault};

    return child;
}

uint8_t lk_der_flag(struct lk_rd *rd)
{
    struct lk_bytes content;

    if (lk_der_peek(rd) != LK_DER_BOOLEAN)
        return 0;
    content = lk_der_take(rd, LK_DER_BOOLEAN);
    if (content.len != 1 || content.at[0] != 0xff) {
        lk_rd_fail(rd, LK_CERT_DER);
        return 0;
    }
    return 1;
}

struct lk_bytes lk_der_integer(struct lk_rd *rd, uint8_t tag)
{
    struct lk_bytes content = lk_der_take(rd, tag);
    int is_padded = content.len > 1 && ((content.at[0] == 0x00 && content.at[1] < 0x80) ||
                                        (content.at[0] == 0xff && content.at[1] >= 0x80));

    if (content.len == 0 || is_padded) {
        lk_rd_fail(rd, LK_CERT_DER);
        return lk_bytes(NULL, 0);
    }
    return content;
}

uint16_t lk_der_u16(struct lk_rd *rd, uint8_t tag)
{
    struct lk_bytes content = lk_der_integer(rd, tag);
    uint32_t value = 0;

    if (content.len == 0)
        return 0;
    if (content.at[0] >= 0x80 || content.len > 3) {
        lk_rd_fail(rd, LK_CERT_DER);
        return 0;
    }
    for (size_t i = 0; i < content.len; i++)
        value = value << 8 | content.at[i];
    if (value > 0xffff) {
        lk_rd_fail(rd, LK_CERT_DER);
        return 0;
    }
    return (uint16_t)value;
}

struct lk_bytes lk_der_bits(struct lk_rd *rd, uint8_t *out_unused)
{
    struct lk_bytes content = lk_der_take(rd, LK_DER_BIT_STRING);
    unsigned unused, last;

    *out_unused = 0;
    if (content.len == 0) {
        lk_rd_fail(rd, LK_CERT_DER);
        return lk_bytes(NULL, 0);
    }
    unused = content.at[0];
    last = content.len > 1 ? content.at[content.len - 1] : 0;
    if (unused > 7 || (unused > 0 && content.len == 1) ||
        (last & ((1u << (unused & 7)) - 1)) != 0) {
        lk_rd_fail(rd, LK_CERT_DER);
        return lk_bytes(NULL, 0);
    }
    *out_unused = (uint8_t)unused;
    return lk_bytes(content.at + 1, content.len - 1);
}

struct lk_bytes lk_der_oid(struct lk_rd *rd)
{
    struct lk_bytes content = lk_der_take(rd, LK_DER_OID);
    int at_start = 1, is_good = content.len > 0;

    for (size_t i = 0; i < content.len; i++) {
        if (at_start && content.at[i] == 0x80)
            is_good = 0;
        at_start = content.at[i] < 0x80;
    }
    if (!is_good || !at_start) {
        lk_rd_fail(rd, LK_CERT_DER);
        return lk_bytes(NULL, 0);
    }
    return content;
}

void lk_der_close(struct lk_rd *rd)
{
    if (*rd->fault == LK_OK && rd->left != 0)
        lk_rd_fail(rd, LK_CERT_DER);
}

/* Writes tag and minimal length into `out` (4 bytes); gives the length of both, 0 if too long. */
static size_t make_header(uint8_t *out, uint8_t tag, size_t len)
{
    out[0] = tag;
    if (len < 0x80) {
        out[1] = (uint8_t)len;
        return 2;
    }
    if (len < 0x100) {
        out[1] = 0x81;
        out[2] = (uint8_t)len;
        return 3;
    }
    if (len > 0xffff)
        return 0;
    out[1] = 0x82;
    lk_put16(out + 2, (uint16_t)len);
    return 4;
}

void lk_der_put(struct lk_wr *wr, uint8_t tag, const void *content, size_t len)
{
    uint8_t head[4];
    size_t head_len = make_header(head, tag, len);

    if (head_len == 0) {
        wr->fault = LK_CALLER_SPACE;
        return;
    }
    lk_wr_put(wr, head, head_len);
    if (len > 0)
        lk_wr_put(wr, content, len);
}

void lk_der_put_unsigned(struct lk_wr *wr, uint8_t tag, const uint8_t *number, size_t len)
{
    size_t from = wr->len;

    while (len > 1 && *number == 0) {
        number++;
        len--;
    }
    if (len == 0 || *number >= 0x80)
        lk_wr_u8(wr, 0);
    lk_wr_put(wr, number, len);
    lk_der_wrap(wr, from, tag);
}

void lk_der_put_u16(struct lk_wr *wr, uint8_t tag, uint16_t value)
{
    uint8_t number[2];

    lk_put16(number, value);
    lk_der_put_unsigned(wr, tag, number, 2);
}

void lk_der_wrap(struct lk_wr *wr, size_t from, uint8_t tag)
{
    uint8_t head[4];
    size_t len, head_len;

    if (wr->fault != LK_OK)
        return;
    len = wr->len - from;
    head_len = make_header(head, tag, len);
    if (head_len == 0 || head_len > wr->cap - wr->len) {
        wr->fault = LK_CALLER_SPACE;
        return;
    }
    memmove(wr->at + from + head_len, wr->at + from, len);
    memcpy(wr->at + from, head, head_len);
    wr->len += head_len;
}
