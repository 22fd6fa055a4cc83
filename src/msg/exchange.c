/* exchange.c: operations on mailboxes, and their answers (P-15). */
#include "msg/exchange.h"

#include "msg/field.h"

/* Which operation a tag is. */
struct row {
    uint16_t tag;
    enum lk_exchange_kind kind;
    uint8_t is_confidential;
};

static const struct row rows[] = {
    {LK_TAG_PRIVATE_READ, LK_EXCHANGE_READ, 0},
    {LK_TAG_PRIVATE_WRITE, LK_EXCHANGE_WRITE, 0},
    {LK_TAG_PRIVATE_SET, LK_EXCHANGE_SET, 0},
    {LK_TAG_CONFIDENTIAL_READ, LK_EXCHANGE_READ, 1},
    {LK_TAG_CONFIDENTIAL_WRITE, LK_EXCHANGE_WRITE, 1},
    {LK_TAG_CONFIDENTIAL_SET, LK_EXCHANGE_SET, 1},
    {LK_TAG_NOTIFICATION, LK_EXCHANGE_NOTIFY, 0},
};

static const struct row *row_of_tag(uint16_t tag)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].tag == tag)
            return &rows[i];
    }
    return NULL;
}

static const struct row *row_of_op(const struct lk_exchange_op *op)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].kind == op->kind && rows[i].is_confidential == op->is_confidential)
            return &rows[i];
    }
    return NULL;
}

/* The body of one operation, exactly as long as its kind demands. */
static void read_body(struct lk_rd *rd, struct lk_exchange_op *op)
{
    if (op->kind != LK_EXCHANGE_NOTIFY)
        op->offset = lk_rd_u16(rd);
    if (op->kind == LK_EXCHANGE_READ || op->kind == LK_EXCHANGE_SET)
        op->length = lk_rd_u16(rd);
    if (op->kind == LK_EXCHANGE_SET)
        op->value = lk_rd_u8(rd);
    if (op->kind == LK_EXCHANGE_WRITE || op->kind == LK_EXCHANGE_NOTIFY)
        op->data = lk_rd_take(rd, rd->left);
    if (op->kind == LK_EXCHANGE_WRITE && op->data.len == 0)
        lk_rd_fail(rd, LK_PEER_LENGTH);
    lk_rd_close(rd);
}

static void read_op(struct lk_rd *rd, struct lk_exchange_op *out)
{
    struct lk_exchange_op op = {LK_EXCHANGE_READ, 0, 0, 0, 0, {NULL, 0}};
    uint16_t tag = 0;
    struct lk_bytes value = lk_tlv_any(rd, &tag);
    struct lk_rd body = {value.at, value.len, rd->fault};
    const struct row *row = row_of_tag(tag);

    if (*rd->fault != LK_OK)
        return;
    if (row == NULL) {
        lk_rd_fail(rd, LK_PEER_TAG);
        return;
    }
    op.kind = row->kind;
    op.is_confidential = row->is_confidential;
    read_body(&body, &op);
    *out = op;
}

enum lk_status lk_exchange_parse(struct lk_bytes in, struct lk_exchange *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_exchange msg;
    struct lk_exchange_op op;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.control = lk_rd_u8(&rd);
    if (msg.control != LK_EXCHANGE_LAST && msg.control != LK_EXCHANGE_MORE)
        lk_rd_fail(&rd, LK_PEER_VALUE);
    msg.ops = lk_bytes(rd.at, rd.left);
    while (fault == LK_OK && rd.left > 0)
        read_op(&rd, &op);
    LK_TRY(fault);
    *out = msg;
    return LK_OK;
}

int lk_exchange_next(struct lk_bytes *ops, struct lk_exchange_op *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_exchange_op op;
    struct lk_rd rd;

    if (ops->len == 0)
        return 0;
    lk_rd_init(&rd, *ops, &fault);
    read_op(&rd, &op);
    if (fault != LK_OK)
        return 0;
    *ops = lk_bytes(rd.at, rd.left);
    *out = op;
    return 1;
}

void lk_exchange_begin(struct lk_wr *wr, uint8_t control)
{
    if (control != LK_EXCHANGE_LAST && control != LK_EXCHANGE_MORE)
        lk_field_refuse(wr);
    lk_wr_u8(wr, control);
}

void lk_exchange_put(struct lk_wr *wr, const struct lk_exchange_op *op)
{
    const struct row *row = row_of_op(op);
    size_t body;

    if (row == NULL || (op->kind == LK_EXCHANGE_WRITE && op->data.len == 0)) {
        lk_field_refuse(wr);
        return;
    }
    body = lk_tlv_begin(wr, row->tag);
    if (op->kind != LK_EXCHANGE_NOTIFY)
        lk_wr_u16(wr, op->offset);
    if (op->kind == LK_EXCHANGE_READ || op->kind == LK_EXCHANGE_SET)
        lk_wr_u16(wr, op->length);
    if (op->kind == LK_EXCHANGE_SET)
        lk_wr_u8(wr, op->value);
    if (op->kind == LK_EXCHANGE_WRITE || op->kind == LK_EXCHANGE_NOTIFY)
        lk_wr_bytes(wr, op->data);
    lk_tlv_end(wr, body);
}

void lk_exchange_write(const struct lk_exchange *msg, struct lk_wr *wr)
{
    struct lk_bytes ops = msg->ops;
    struct lk_exchange_op op;

    lk_exchange_begin(wr, msg->control);
    while (lk_exchange_next(&ops, &op))
        lk_exchange_put(wr, &op);
    if (ops.len != 0)
        lk_field_refuse(wr);
}

static struct lk_bytes read_item(struct lk_rd *rd)
{
    uint16_t len = lk_rd_u16(rd);

    return lk_rd_take(rd, len);
}

enum lk_status lk_exchange_answer_parse(struct lk_bytes in, struct lk_exchange_answer *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_exchange_answer msg = {{NULL, 0}, 0, 0};
    struct lk_bytes item = {NULL, 0};
    struct lk_rd rd;

    /* Items carry their length alone: the last one is the status, all before it are reads. */
    lk_rd_init(&rd, in, &fault);
    do {
        msg.reads.at = in.at;
        msg.reads.len = in.len - rd.left;
        item = read_item(&rd);
        msg.num_reads++;
    } while (fault == LK_OK && rd.left > 0);
    LK_TRY(fault);
    if (item.len != 2)
        return LK_PEER_LENGTH;
    msg.num_reads--;
    msg.status = lk_be16(item.at);
    *out = msg;
    return LK_OK;
}

int lk_exchange_answer_next(struct lk_bytes *reads, struct lk_bytes *out_data)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_bytes item;
    struct lk_rd rd;

    if (reads->len == 0)
        return 0;
    lk_rd_init(&rd, *reads, &fault);
    item = read_item(&rd);
    if (fault != LK_OK)
        return 0;
    *reads = lk_bytes(rd.at, rd.left);
    *out_data = item;
    return 1;
}

void lk_exchange_answer_put(struct lk_wr *wr, struct lk_bytes data)
{
    if (data.len > 0xffff)
        lk_field_refuse(wr);
    lk_wr_u16(wr, (uint16_t)(data.len & 0xffffu));
    lk_wr_bytes(wr, data);
}

void lk_exchange_answer_end(struct lk_wr *wr, uint16_t status)
{
    lk_wr_u16(wr, 2);
    lk_wr_u16(wr, status);
}

void lk_exchange_answer_write(const struct lk_exchange_answer *msg, struct lk_wr *wr)
{
    struct lk_bytes reads = msg->reads;
    struct lk_bytes data;

    while (lk_exchange_answer_next(&reads, &data))
        lk_exchange_answer_put(wr, data);
    if (reads.len != 0)
        lk_field_refuse(wr);
    lk_exchange_answer_end(wr, msg->status);
}
