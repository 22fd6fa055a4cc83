/* package.c: the mailbox work of a friend's first tap (M105, S6): the car reads the package that
 * the phone signals, judges it, and tells the phone that it was taken. spec/access.md. */
#include "vehicle/vehicle.h"

#include "tlv/tlv.h"

_Static_assert((int)LK_PACKAGE_MAX <= (int)LK_ATTESTATION_LEN, "it reads its own place alone");

enum lk_status lk_package_may_read(const struct lk_vehicle *vehicle, uint64_t now_ms)
{
    return now_ms < vehicle->no_package_until_ms ? LK_SHARE_TOO_SOON : LK_OK;
}

static enum lk_status send_sealed(struct lk_tap *tap, const struct lk_wr *plain,
                                  const struct lk_send *send)
{
    uint8_t sealed[64];
    size_t len = 0;

    LK_TRY(plain->fault);
    LK_TRY(lk_chan_seal_command(&tap->chan, tap->vehicle->config->crypto,
                                lk_bytes(plain->at, plain->len), sealed, &len));
    return lk_send_command(send, 0x84, 0xc9, 0, 0, lk_bytes(sealed, len), 1);
}

enum lk_status lk_package_ask(struct lk_tap *tap, const struct lk_send *send)
{
    size_t left = tap->package_total == 0 ? LK_PACKAGE_READ
                                          : (size_t)(tap->package_total - tap->package_len);
    struct lk_exchange_op op = {.kind = LK_EXCHANGE_READ,
                                .offset = (uint16_t)(LK_AT_ATTESTATIONS + tap->package_len)};
    uint8_t plain[16];
    struct lk_wr wr;

    op.length = (uint16_t)(left < LK_PACKAGE_READ ? left : LK_PACKAGE_READ);
    lk_wr_init(&wr, plain, sizeof plain);
    lk_exchange_begin(&wr, LK_EXCHANGE_LAST);
    lk_exchange_put(&wr, &op);
    tap->state = LK_AT_PACKAGE;
    return send_sealed(tap, &wr, send);
}

enum lk_status lk_package_take(struct lk_tap *tap, struct lk_bytes plain, int *out_is_whole)
{
    struct lk_exchange_answer answer;
    struct lk_bytes data;
    enum lk_status fault = LK_OK;
    size_t total, want;

    LK_TRY(lk_exchange_answer_parse(plain, &answer));
    if (answer.num_reads != 1 || answer.status != LK_EXCHANGE_OK ||
        !lk_exchange_answer_next(&answer.reads, &data))
        return LK_PEER_VALUE;
    want = tap->package_total == 0 ? LK_PACKAGE_READ
                                   : (size_t)(tap->package_total - tap->package_len);
    if (want > LK_PACKAGE_READ)
        want = LK_PACKAGE_READ;
    if (data.len != want)
        return LK_PEER_LENGTH;
    memcpy(tap->package + tap->package_len, data.at, data.len);
    tap->package_len = (uint16_t)(tap->package_len + data.len);
    if (tap->package_total == 0) { /* its own outer length says how long it is (S2) */
        if (lk_be16(tap->package) != LK_TAG_PACKAGE)
            return LK_PEER_TAG;
        total = lk_tlv_total(lk_bytes(tap->package, tap->package_len), &fault);
        LK_TRY(fault);
        if (total > LK_PACKAGE_MAX)
            return LK_PEER_TOO_LONG;
        tap->package_total = (uint16_t)total;
    }
    *out_is_whole = tap->package_len >= tap->package_total;
    return LK_OK;
}

enum lk_status lk_package_accept(struct lk_tap *tap, uint64_t now_ms, size_t *out_index)
{
    struct lk_vehicle *vehicle = tap->vehicle;
    struct lk_friend found;
    enum lk_status status = lk_friend_check(
        vehicle, lk_bytes(tap->package, tap->package_total), tap, now_ms, &found);

    if (status == LK_OK)
        status = lk_fast_key_make(vehicle->config->crypto, &tap->persistent, found.key.public_key,
                                  &tap->fresh_fast);
    if (status == LK_OK)
        status = lk_friend_store(vehicle, &found, &tap->fresh_fast);
    if (status == LK_OK) {
        *out_index = found.place;
        tap->has_fast = 1;
        tap->is_stored = 1;
    }
    lk_wipe(&found, sizeof found);
    return status;
}

enum lk_status lk_package_clear(struct lk_tap *tap, const struct lk_send *send)
{
    static const uint8_t nothing = 0;
    uint8_t signaling = (uint8_t)(tap->signaling & ~(unsigned)LK_SIGNAL_ATTESTATION);
    struct lk_exchange_op signal = {.kind = LK_EXCHANGE_WRITE,
                                    .offset = LK_AT_SIGNALING,
                                    .data = lk_bytes(&signaling, 1)};
    struct lk_exchange_op package = {.kind = LK_EXCHANGE_WRITE,
                                     .offset = LK_AT_ATTESTATIONS,
                                     .data = lk_bytes(&nothing, 1)};
    uint8_t plain[24];
    struct lk_wr wr;

    lk_wr_init(&wr, plain, sizeof plain);
    lk_exchange_begin(&wr, LK_EXCHANGE_LAST);
    lk_exchange_put(&wr, &package);
    lk_exchange_put(&wr, &signal);
    tap->state = LK_AT_CLEAR;
    return send_sealed(tap, &wr, send);
}
