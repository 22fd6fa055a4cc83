/* exchange.h: the plaintext of EXCHANGE and of its answer (protocol 10.2; project-defined, P-15).
 *
 * A command is a control byte and operations in the order in which they are to run; the answer is
 * one length and data per read, then 0002 and the status. Ranges are judged by the applet. */
#ifndef LK_MSG_EXCHANGE_H
#define LK_MSG_EXCHANGE_H

#include "base/base.h"

/* The control byte. */
enum { LK_EXCHANGE_LAST = 0x00, LK_EXCHANGE_MORE = 0x01 };

enum lk_exchange_kind {
    LK_EXCHANGE_READ = 1,   /* offset, length */
    LK_EXCHANGE_WRITE = 2,  /* offset, data (at least one byte) */
    LK_EXCHANGE_SET = 3,    /* offset, length, value */
    LK_EXCHANGE_NOTIFY = 4, /* data: passed on to the operating system */
};

/* One operation. Fields that its kind does not have are 0. */
struct lk_exchange_op {
    enum lk_exchange_kind kind;
    uint8_t is_confidential; /* 1: confidential mailbox, 0: private */
    uint16_t offset;
    uint16_t length;
    uint8_t value;
    struct lk_bytes data;
};

struct lk_exchange {
    uint8_t control;
    struct lk_bytes ops; /* checked; walk it with lk_exchange_next */
};

/* Checks the whole command, every operation included, before the first one may run. */
enum lk_status lk_exchange_parse(struct lk_bytes in, struct lk_exchange *out);
void lk_exchange_write(const struct lk_exchange *msg, struct lk_wr *wr);
/* Takes the next operation off `ops`. 1, or 0 at the end and at anything malformed. */
int lk_exchange_next(struct lk_bytes *ops, struct lk_exchange_op *out);
/* Building: the control byte, then operations. */
void lk_exchange_begin(struct lk_wr *wr, uint8_t control);
void lk_exchange_put(struct lk_wr *wr, const struct lk_exchange_op *op);

/* How the command came out. */
enum lk_exchange_status {
    LK_EXCHANGE_OK = 0x0000,
    LK_EXCHANGE_BOUNDS = 0x0001,    /* outside the mailbox, or more than one answer holds */
    LK_EXCHANGE_MALFORMED = 0x0002,
    LK_EXCHANGE_FORBIDDEN = 0x0003,
    LK_EXCHANGE_MEMORY = 0x0004,
};

struct lk_exchange_answer {
    struct lk_bytes reads; /* checked; walk it with lk_exchange_answer_next */
    size_t num_reads;
    uint16_t status;       /* enum lk_exchange_status, or what a later version adds */
};
enum lk_status lk_exchange_answer_parse(struct lk_bytes in, struct lk_exchange_answer *out);
void lk_exchange_answer_write(const struct lk_exchange_answer *msg, struct lk_wr *wr);
/* Takes the data of the next read off `reads`. 1, or 0 at the end. */
int lk_exchange_answer_next(struct lk_bytes *reads, struct lk_bytes *out_data);
/* Building: data of each read, then the status. */
void lk_exchange_answer_put(struct lk_wr *wr, struct lk_bytes data);
void lk_exchange_answer_end(struct lk_wr *wr, uint16_t status);

#endif
