/* exchange.c: EXCHANGE and the two mailboxes. A command runs on a staged image of both mailboxes of
 * one endpoint; control byte 00 commits the image in one change of the store (P-15, EX7).
 * The image: private mailbox first, the confidential one at LK_PRIVATE_MAILBOX_MAX. */
#include "applet/applet.h"

void lk_mailbox_drop(struct lk_applet *applet)
{
    lk_wipe(applet->mailbox, sizeof applet->mailbox);
    applet->mailbox_endpoint = LK_APPLET_NO_INDEX;
    applet->mailbox_dirty = 0;
}

enum lk_status lk_mailbox_load(struct lk_applet *applet, size_t endpoint)
{
    enum lk_status status = LK_INTERNAL;

    if (applet->mailbox_endpoint == endpoint)
        return LK_OK;
    assert(!applet->mailbox_dirty);
    lk_mailbox_drop(applet);
    status = lk_record_read_mailboxes(applet, endpoint, applet->mailbox);
    if (status != LK_OK) {
        lk_mailbox_drop(applet);
        return status;
    }
    applet->mailbox_endpoint = (uint8_t)endpoint;
    return LK_OK;
}

enum lk_status lk_mailbox_store(struct lk_applet *applet, size_t endpoint)
{
    enum lk_status status = lk_records_begin(applet);

    if (status == LK_OK)
        status = lk_records_end(applet, lk_record_mailboxes(applet, endpoint, applet->mailbox));
    if (status != LK_OK)
        lk_mailbox_drop(applet);
    return status;
}

/* S12 and the option bits: what this session may do. */
static int is_permitted(const struct lk_applet_session *session, const struct lk_endpoint *endpoint,
                        const struct lk_exchange_op *op)
{
    int is_write = op->kind == LK_EXCHANGE_WRITE || op->kind == LK_EXCHANGE_SET;

    if (session->is_confirmed)
        return !op->is_confidential || (endpoint->option2 & LK_OPTION2_CONFIDENTIAL) != 0;
    if ((endpoint->option1 & LK_OPTION1_EXCHANGE_FAST) == 0)
        return 0;
    return !op->is_confidential && !is_write;
}

/* Bytes the operation touches, or NULL if they do not lie in the box. By subtraction: no wrap. */
static uint8_t *region(struct lk_applet *applet, const struct lk_endpoint *endpoint,
                       const struct lk_exchange_op *op, size_t len)
{
    size_t size = op->is_confidential ? endpoint->confidential_size : endpoint->private_size;
    size_t base = op->is_confidential ? LK_PRIVATE_MAILBOX_MAX : 0;

    if (op->offset > size || len > size - op->offset)
        return NULL;
    return applet->mailbox + base + op->offset;
}

/* One operation on the staged image. */
static enum lk_exchange_status operate(struct lk_turn *turn, const struct lk_endpoint *endpoint,
                                       const struct lk_exchange_op *op)
{
    size_t len = op->kind == LK_EXCHANGE_WRITE ? op->data.len : op->length;
    uint8_t *at;

    if (!is_permitted(turn->session, endpoint, op))
        return LK_EXCHANGE_FORBIDDEN;
    if (op->kind == LK_EXCHANGE_NOTIFY)
        return LK_EXCHANGE_OK;
    at = region(turn->applet, endpoint, op, len);
    if (at == NULL)
        return LK_EXCHANGE_BOUNDS;
    if (op->kind == LK_EXCHANGE_READ) {
        /* length(2) data, and 4 bytes for the status that ends the answer */
        if (len + 6 > turn->reply.cap - turn->reply.len)
            return LK_EXCHANGE_BOUNDS;
        lk_exchange_answer_put(&turn->reply, lk_bytes(at, len));
        return LK_EXCHANGE_OK;
    }
    turn->applet->mailbox_dirty = 1;
    if (op->kind == LK_EXCHANGE_WRITE)
        memcpy(at, op->data.at, len);
    else
        memset(at, op->value, len);
    return LK_EXCHANGE_OK;
}

static enum lk_exchange_status commit(struct lk_applet *applet, size_t index)
{
    if (!applet->mailbox_dirty)
        return LK_EXCHANGE_OK;
    if (lk_mailbox_store(applet, index) != LK_OK)
        return LK_EXCHANGE_MEMORY;
    applet->mailbox_dirty = 0;
    return LK_EXCHANGE_OK;
}

/* The whole command: all operations and, at control byte 00, the commit. */
static enum lk_exchange_status perform(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    size_t index = turn->session->endpoint;
    struct lk_exchange command;
    struct lk_exchange_op op;

    if (lk_exchange_parse(turn->command.body, &command) != LK_OK)
        return LK_EXCHANGE_MALFORMED;
    if (lk_mailbox_load(applet, index) != LK_OK)
        return LK_EXCHANGE_MEMORY;
    while (lk_exchange_next(&command.ops, &op)) {
        enum lk_exchange_status status = operate(turn, &applet->endpoints[index], &op);
        if (status != LK_EXCHANGE_OK)
            return status;
    }
    if (command.control == LK_EXCHANGE_LAST)
        return commit(applet, index);
    return LK_EXCHANGE_OK;
}

enum lk_status lk_applet_on_exchange(struct lk_turn *turn)
{
    struct lk_applet_session *session = turn->session;
    enum lk_exchange_status result = LK_EXCHANGE_MEMORY;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    /* The MAC was good, so the key is real; a disowned session has no channel (LI1). */
    if (!session->is_known || session->endpoint >= LK_APPLET_NUM_ENDPOINTS)
        return LK_PEER_MAC;
    result = perform(turn);
    if (result != LK_EXCHANGE_OK) {
        lk_mailbox_drop(turn->applet);
        lk_wipe(turn->reply.at, turn->reply.len);
        turn->reply.len = 0;
    }
    lk_exchange_answer_end(&turn->reply, (uint16_t)result);
    turn->next = session->is_confirmed ? LK_APPLET_SECURE : LK_APPLET_SECURE_FAST;
    return LK_OK;
}
