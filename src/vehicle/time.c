/* time.c: trusted time (D30): a floor that only a signed time moves, and the running clock that
 * counts on from it. spec/access.md. */
#include "vehicle/vehicle.h"

static uint32_t count_on(uint32_t from_s, uint64_t from_ms, uint64_t now_ms)
{
    uint64_t passed = (now_ms - from_ms) / 1000;

    return passed > UINT32_MAX - 1 - from_s ? UINT32_MAX - 1 : from_s + (uint32_t)passed;
}

uint32_t lk_time_seconds(const struct lk_vehicle *vehicle, uint64_t now_ms)
{
    uint32_t seconds;

    if (!vehicle->has_anchor || now_ms < vehicle->anchor_ms)
        return 0; /* a clock that went back tells nothing */
    seconds = count_on(vehicle->anchor_s, vehicle->anchor_ms, now_ms);
    if (vehicle->has_hint && now_ms >= vehicle->hint_ms)
        seconds = count_on(vehicle->hint_s, vehicle->hint_ms, now_ms);
    return seconds < vehicle->time_floor ? vehicle->time_floor : seconds;
}

void lk_vehicle_time(const struct lk_vehicle *vehicle, uint64_t now_ms, struct lk_date *out)
{
    uint32_t seconds = lk_time_seconds(vehicle, now_ms);

    memset(out, 0, sizeof *out);
    if (seconds == 0)
        return;
    lk_date_text(seconds, out->text);
    out->is_known = 1;
}

/* Everything about the object but its place in the row of times. */
static enum lk_status check(struct lk_vehicle *vehicle, struct lk_bytes q, struct lk_bytes object,
                            struct lk_signed_time *out)
{
    const struct lk_vehicle_config *config = vehicle->config;
    struct lk_cert cert;
    struct lk_date now = {.is_known = 1};

    LK_TRY(lk_signed_time_parse(object, out));
    if (lk_date_seconds(out->time) == UINT32_MAX) /* no clock reaches it */
        return LK_PEER_VALUE;
    memcpy(now.text, out->time.at, sizeof now.text);
    LK_TRY(lk_chain_check_server(config->crypto, config->root_key, q, &now, &cert));
    LK_TRY(lk_verify(config->crypto, cert.public_key, &out->signed_part, 1, out->signature.at));
    if (!lk_bytes_equal(out->vehicle_id, lk_bytes(config->vehicle_id, LK_VEHICLE_ID_LEN)))
        return LK_SHARE_VEHICLE;
    return LK_OK;
}

enum lk_status lk_vehicle_set_time(struct lk_vehicle *vehicle, struct lk_bytes q,
                                   struct lk_bytes object, uint64_t now_ms)
{
    uint32_t running = lk_time_seconds(vehicle, now_ms);
    struct lk_time_record time = {.anchor_ms = now_ms};
    struct lk_signed_time msg;
    size_t num_spent = vehicle->num_spent;
    enum lk_status status;

    LK_TRY(check(vehicle, q, object, &msg));
    time.number = msg.number;
    time.floor = lk_date_seconds(msg.time);
    if (time.number <= vehicle->time_number || time.floor <= vehicle->time_floor)
        return LK_PEER_SEQUENCE;
    /* One that was on its way for a while does not set the running clock back. */
    time.anchor_s = running > time.floor ? running : time.floor;
    LK_TRY(lk_store_begin(vehicle->config->store));
    status = lk_vehicle_put_time(vehicle, &time);
    if (status == LK_OK)
        status = lk_spent_forget(vehicle, time.floor, &num_spent);
    LK_TRY(lk_vehicle_end_commit(vehicle, status));
    vehicle->num_spent = (uint16_t)num_spent;
    vehicle->time_number = time.number;
    vehicle->time_floor = time.floor;
    vehicle->anchor_ms = now_ms;
    vehicle->anchor_s = time.anchor_s;
    vehicle->has_anchor = 1;
    vehicle->has_hint = 0;
    return LK_OK;
}

/* Measured from the signed time alone, so that many small hints do not add up. */
enum lk_status lk_vehicle_hint_time(struct lk_vehicle *vehicle, const uint8_t text[LK_DATE_LEN],
                                    uint64_t now_ms)
{
    uint32_t hint = lk_date_seconds(lk_bytes(text, LK_DATE_LEN));
    uint64_t expected, drift;

    if (!vehicle->has_anchor || now_ms < vehicle->anchor_ms)
        return LK_CALLER_STATE;
    expected = count_on(vehicle->anchor_s, vehicle->anchor_ms, now_ms);
    drift = LK_TIME_DRIFT_S + (expected - vehicle->anchor_s) * LK_TIME_DRIFT_PPM / 1000000u;
    if (hint == 0 || hint < vehicle->time_floor || hint + drift < expected ||
        hint > expected + drift)
        return LK_CALLER_ARGUMENT;
    vehicle->hint_s = hint;
    vehicle->hint_ms = now_ms;
    vehicle->has_hint = 1;
    return LK_OK;
}
