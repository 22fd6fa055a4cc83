/* car.c: the lock and the engine of the simulated car: they obey grants alone (RA13). */
#include <string.h>

#include "latchkey/car_model.h"

void lk_car_model_init(struct lk_car_model *model, const uint8_t actuator_key[LK_AES_KEY_LEN],
                       uint32_t last_sequence)
{
    memset(model, 0, sizeof *model);
    memcpy(model->actuator.key, actuator_key, sizeof model->actuator.key);
    model->actuator.last_sequence = last_sequence;
    model->is_locked = 1;
}

void lk_car_model_forget(struct lk_car_model *model)
{
    volatile uint8_t *at = (volatile uint8_t *)model;

    for (size_t i = 0; i < sizeof *model; i++)
        at[i] = 0;
}

static void move(struct lk_car_model *model, const struct lk_grant *grant)
{
    if (grant->action == LK_ACTION_UNLOCK)
        model->is_locked = 0;
    if (grant->action == LK_ACTION_LOCK)
        model->is_locked = 1;
    if (grant->action == LK_ACTION_START) {
        model->is_ready = 1;
        model->speed_limit_kmh = grant->speed_limit_kmh;
    }
}

enum lk_status lk_car_model_obey(struct lk_car_model *model, struct lk_crypto *crypto,
                                 const struct lk_grant *grant)
{
    enum lk_verdict verdict =
        lk_actuator_check(crypto, &model->actuator, (enum lk_action)grant->action, grant);

    if (verdict != LK_GRANT) {
        model->refusals++;
        return LK_GRANT_FORGED;
    }
    move(model, grant);
    model->moves++;
    return LK_OK;
}

void lk_car_model_park(struct lk_car_model *model)
{
    model->is_ready = 0;
    model->speed_limit_kmh = 0;
}
