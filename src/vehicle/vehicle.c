/* vehicle.c: the car's start, its pairing mode and its clock. spec/vehicle.md, spec/pairing.md. */
#include "vehicle/vehicle.h"

const uint8_t lk_vehicle_spake_versions[2] = {0x01, 0x00};
const uint8_t lk_vehicle_applet_versions[2] = {0x01, 0x00};

/* Certificate K must be ours and lead to the root we carry (M100). */
static enum lk_status check_config(const struct lk_vehicle_config *config)
{
    uint8_t issuer[LK_POINT_LEN], id[LK_VEHICLE_ID_LEN];
    struct lk_cert k;

    LK_TRY(lk_chain_check_vehicle(config->crypto, config->root_key, config->intermediate, config->k,
                                  NULL, &k, issuer));
    LK_TRY(lk_cert_vehicle_id(&k, id));
    if (!lk_equal(id, config->vehicle_id, sizeof id) ||
        !lk_equal(k.public_key, config->vehicle_public, LK_POINT_LEN))
        return LK_CERT_MISMATCH;
    return LK_OK;
}

enum lk_status lk_vehicle_init(struct lk_vehicle *vehicle, const struct lk_vehicle_config *config)
{
    enum lk_status status = LK_INTERNAL;

    memset(vehicle, 0, sizeof *vehicle);
    vehicle->config = config;
    status = check_config(config);
    if (status == LK_OK)
        status = lk_vehicle_load(vehicle);
    if (status == LK_OK) /* its pairing ended with the power (D18) */
        status = lk_vehicle_drop_pending(vehicle);
    if (status != LK_OK)
        lk_vehicle_forget(vehicle);
    return status;
}

void lk_vehicle_forget(struct lk_vehicle *vehicle)
{
    lk_wipe(vehicle, sizeof *vehicle);
}

enum lk_status lk_vehicle_load_verifier(struct lk_vehicle *vehicle,
                                        const struct lk_verifier *verifier)
{
    struct lk_vehicle *v = vehicle;
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_scrypt_policy(verifier->n, verifier->r, verifier->p));
    LK_TRY(lk_point_check(v->config->crypto, verifier->l));
    if (lk_is_zero(verifier->w0, sizeof verifier->w0))
        return LK_PEER_PARAMETER;
    LK_TRY(lk_vehicle_drop_pending(v)); /* made under the password that ends here */
    LK_TRY(lk_store_begin(v->config->store));
    status = lk_vehicle_put_verifier(v, verifier);
    if (status == LK_OK)
        status = lk_vehicle_put_attempts(v, 0);
    LK_TRY(lk_vehicle_end_commit(v, status));
    v->verifier = *verifier;
    v->has_verifier = 1;
    v->attempts = 0;
    lk_vehicle_close_pairing(v); /* after the count: the end of a last attempt drops a verifier */
    return lk_store_compact(v->config->store); /* the old one leaves the memory */
}

enum lk_status lk_vehicle_open_pairing(struct lk_vehicle *vehicle, uint64_t now_ms)
{
    if (vehicle->attempts >= LK_PAIRING_ATTEMPTS_MAX)
        return LK_PAIRING_BLOCKED;
    if (!vehicle->has_verifier)
        return LK_PAIRING_NO_VERIFIER;
    vehicle->pairing_open = 1;
    vehicle->pairing_failures = 0;
    vehicle->pairing_until_ms = now_ms + LK_TIMER_PAIRING_MODE_MS;
    return LK_OK;
}

void lk_vehicle_close_pairing(struct lk_vehicle *vehicle)
{
    struct lk_pairing *running = vehicle->active_pairing;

    if (running != NULL)
        lk_vehicle_pair_lost(running);
    vehicle->active_pairing = NULL;
    vehicle->pairing_open = 0;
    vehicle->pairing_until_ms = 0;
}

void lk_vehicle_set_condition(struct lk_vehicle *vehicle, uint8_t condition)
{
    vehicle->condition = condition;
}

void lk_vehicle_tick(struct lk_vehicle *vehicle, uint64_t now_ms)
{
    struct lk_pairing *running = vehicle->active_pairing;

    if (running != NULL && now_ms >= running->deadline_ms) {
        lk_vehicle_pair_lost(running);
        running->status = LK_PEER_TIMEOUT;
    }
    /* A pairing that runs has a deadline of its own; the mode ends with it. */
    if (vehicle->pairing_open && vehicle->active_pairing == NULL &&
        now_ms >= vehicle->pairing_until_ms)
        lk_vehicle_close_pairing(vehicle);
    for (size_t i = 0; i < LK_VEHICLE_NUM_KEYS; i++) {
        if (lk_policy_is_over(vehicle, i, now_ms))
            lk_vehicle_wipe_fast(vehicle, i);
    }
    if (vehicle->password_len != 0 && now_ms >= vehicle->password_until_ms)
        lk_friend_forget_password(vehicle);
    if (vehicle->pending_until_ms != 0 && now_ms >= vehicle->pending_until_ms)
        (void)lk_vehicle_drop_pending(vehicle); /* tried again at the next tick; unusable already */
}

enum lk_status lk_send_command(const struct lk_send *send, uint8_t cla, uint8_t ins, uint8_t p1,
                               uint8_t p2, struct lk_bytes body, int has_answer)
{
    struct lk_command command = {cla, ins, p1, p2, body, has_answer ? 256 : 0};

    LK_TRY(lk_command_write(&command, send->out, send->out_len));
    *send->step = LK_STEP_SEND;
    return LK_OK;
}
