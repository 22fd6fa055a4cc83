/* message.c: one message of a sharing, opened with the secret of its link and named (M79). */
#include "trace/room.h"

#include "crypto/crypto.h"
#include "msg/sharing.h"
#include "tlv/tlv.h"

enum lk_status lk_trace_open_message(struct lk_crypto *crypto,
                                     const struct lk_share_secret *secret, struct lk_bytes blob,
                                     uint8_t *out, size_t *out_len)
{
    const uint8_t *session;

    LK_TRY(lk_share_session(blob, &session));
    LK_TRY(lk_share_open(crypto, secret, blob, out));
    *out_len = blob.len - LK_SHARE_OVERHEAD;
    return LK_OK;
}

static enum lk_status check_message(struct lk_bytes in)
{
    struct lk_share_creation creation;
    struct lk_share_signing signing;
    struct lk_share_import import;
    struct lk_share_cancel cancel;
    struct lk_share_pin pin;

    switch (lk_share_kind(in)) {
    case LK_TAG_SHARE_CREATION:
        return lk_share_creation_parse(in, &creation);
    case LK_TAG_SHARE_SIGNING:
        return lk_share_signing_parse(in, &signing);
    case LK_TAG_SHARE_IMPORT:
        return lk_share_import_parse(in, &import);
    case LK_TAG_SHARE_CANCEL:
        return lk_share_cancel_parse(in, &cancel);
    case LK_TAG_SHARE_PIN:
        return lk_share_pin_parse(in, &pin);
    default:
        return LK_PEER_TAG;
    }
}

enum lk_status lk_trace_message(struct lk_trace *trace, struct lk_bytes plain)
{
    lk_trace_tree(trace, LK_IN_MESSAGE, plain);
    return lk_trace_check(trace, "sharing message", check_message(plain));
}

enum lk_status lk_trace_package(struct lk_trace *trace, struct lk_bytes package)
{
    struct lk_package parsed;

    lk_trace_tree(trace, LK_IN_PACKAGE, package);
    return lk_trace_check(trace, "package", lk_package_parse(package, &parsed));
}
