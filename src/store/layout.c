/* layout.c: header, operation and seal as bytes. spec/store.md, "Bytes". */
#include "store/journal.h"

static const uint8_t magic[8] = {'L', 'K', 's', 't', 'o', 'r', 'e', 0x0a};

#define SEAL_MAGIC 0x5ea1ed00u
#define OP_FIELDS_LEN 16u

int lk_journal_is_blank(const uint8_t *at, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if (at[i] != 0xff)
            return 0;
    return 1;
}

void lk_header_encode(const struct lk_journal_header *header, uint8_t out[LK_JOURNAL_HEADER_LEN])
{
    memcpy(out, magic, sizeof magic);
    lk_put32(out + 8, header->version);
    lk_put32(out + 12, header->kind);
    lk_put32(out + 16, header->epoch);
    lk_put32(out + 20, header->sequence);
    lk_put32(out + 24, header->page_bytes);
    lk_put32(out + 28, header->num_pages);
    lk_put64(out + 32, lk_crc64(0, out, 32));
}

int lk_header_has_magic(const uint8_t in[LK_JOURNAL_HEADER_LEN])
{
    return memcmp(in, magic, sizeof magic) == 0;
}

int lk_header_decode(const uint8_t in[LK_JOURNAL_HEADER_LEN], struct lk_journal_header *out)
{
    if (!lk_header_has_magic(in) || lk_be64(in + 32) != lk_crc64(0, in, 32))
        return 0;
    out->version = lk_be32(in + 8);
    out->kind = lk_be32(in + 12);
    out->epoch = lk_be32(in + 16);
    out->sequence = lk_be32(in + 20);
    out->page_bytes = lk_be32(in + 24);
    out->num_pages = lk_be32(in + 28);
    return 1;
}

static void fields(const struct lk_op *op, uint8_t out[OP_FIELDS_LEN])
{
    lk_put32(out, op->id);
    lk_put16(out + 4, op->len);
    out[6] = op->type;
    out[7] = LK_JOURNAL_VERSION;
    lk_put32(out + 8, op->epoch);
    lk_put32(out + 12, op->sequence);
}

uint64_t lk_op_crc(const struct lk_op *op)
{
    uint8_t at[OP_FIELDS_LEN];

    fields(op, at);
    return lk_crc64(0, at, sizeof at);
}

void lk_op_encode(const struct lk_op *op, uint8_t out[LK_JOURNAL_OP_LEN])
{
    fields(op, out);
    lk_put64(out + OP_FIELDS_LEN, op->crc);
}

void lk_op_decode(const uint8_t in[LK_JOURNAL_OP_LEN], struct lk_op *out)
{
    out->id = lk_be32(in);
    out->len = lk_be16(in + 4);
    out->type = in[6];
    out->epoch = lk_be32(in + 8);
    out->sequence = lk_be32(in + 12);
    out->crc = lk_be64(in + OP_FIELDS_LEN);
}

void lk_seal_encode(uint32_t epoch, uint32_t sequence, uint8_t out[LK_JOURNAL_SEAL_LEN])
{
    lk_put32(out, SEAL_MAGIC);
    lk_put32(out + 4, epoch);
    lk_put32(out + 8, sequence);
    lk_put32(out + 12, ~sequence);
    lk_put64(out + 16, lk_crc64(0, out, 16));
}

int lk_seal_decode(const uint8_t in[LK_JOURNAL_SEAL_LEN], uint32_t epoch, uint32_t sequence)
{
    uint8_t want[LK_JOURNAL_SEAL_LEN];

    lk_seal_encode(epoch, sequence, want);
    return memcmp(in, want, sizeof want) == 0;
}
