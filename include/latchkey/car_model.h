/* car_model.h: a small car behind the grants: locks, engine release, speed limit.
 *
 * It stands for the lock and engine controllers of a real car: it never trusts a status or a
 * verdict, only a fresh and genuine grant (D26, RA13), checked here on the actuator's side. The
 * caller places it; one thread at a time. Secrets: the actuator key, wiped by forget. Source:
 * spec/vehicle.md of the project. */
#ifndef LATCHKEY_CAR_MODEL_H
#define LATCHKEY_CAR_MODEL_H

#include "vehicle.h"

#ifdef __cplusplus
extern "C" {
#endif

struct lk_car_model {
    struct lk_actuator actuator;
    uint8_t is_locked;
    uint8_t is_ready;        /* driving readiness */
    uint8_t is_open;         /* a door is */
    uint8_t speed_limit_kmh; /* of the key that started the car; 0: none */
    /* Called when the limit changes; NULL: nobody listens. */
    void (*limit_changed)(void *ctx, uint8_t speed_limit_kmh);
    void *limit_ctx;
    /* Makes the number of a grant durable before anything moves; at the next start the caller sets
     * actuator.last_sequence to the last one kept. A grant whose number cannot be kept moves
     * nothing. NULL: an old grant works again after a restart. */
    enum lk_status (*keep)(void *ctx, uint32_t sequence);
    void *keep_ctx;
};

/* Locked, engine off, no grant obeyed yet. */
void lk_car_model_init(struct lk_car_model *model, const uint8_t actuator_key[LK_AES_KEY_LEN]);
void lk_car_model_forget(struct lk_car_model *model);

/* Obeys one grant: unlocks, locks, or makes the car ready to drive. LK_GRANT_FORGED for a grant
 * that is not genuine, not fresh or not for an action of this model; LK_TAP_NOT_PARKED for
 * locking while ready to drive, LK_TAP_VEHICLE_STATE while a door is open (the grant is spent all
 * the same); what `keep` says. A vehicle told lk_car_model_condition makes no such grant. */
enum lk_status lk_car_model_obey(struct lk_car_model *model, struct lk_crypto *crypto,
                                 const struct lk_grant *grant);

/* The driver parks and switches off. */
void lk_car_model_park(struct lk_car_model *model);
/* Opens (1) or closes (0) a door; it opens from inside, so an open car is not locked. */
void lk_car_model_door(struct lk_car_model *model, int is_open);
/* What to tell lk_vehicle_set_condition. */
uint8_t lk_car_model_condition(const struct lk_car_model *model);

#ifdef __cplusplus
}
#endif
#endif
