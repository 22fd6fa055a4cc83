/* car.c: the lock and the engine of the simulated car: they obey grants alone (RA13). */
#include <string.h>

#include "latchkey/car_model.h"

void lk_car_model_init(struct lk_car_model *model, const uint8_t actuator_key[LK_AES_KEY_LEN])
{
    memset(model, 0, sizeof *model);
    memcpy(model->actuator.key, actuator_key, sizeof model->actuator.key);
    model->is_locked = 1;
}

void lk_car_model_forget(struct lk_car_model *model)
{
    volatile uint8_t *at = (volatile uint8_t *)model;

    for (size_t i = 0; i < sizeof *model; i++)
        at[i] = 0;
}

static void limit(struct lk_car_model *model, uint8_t speed_limit_kmh)
{
    int is_change = model->speed_limit_kmh != speed_limit_kmh;

    model->speed_limit_kmh = speed_limit_kmh;
    if (is_change && model->limit_changed != NULL)
        model->limit_changed(model->limit_ctx, speed_limit_kmh);
}

enum lk_status lk_car_model_obey(struct lk_car_model *model, struct lk_crypto *crypto,
                                 const struct lk_grant *grant)
{
    enum lk_action action = (enum lk_action)grant->action;
    enum lk_status status = LK_OK;

    if (action != LK_ACTION_UNLOCK && action != LK_ACTION_LOCK && action != LK_ACTION_START)
        return LK_GRANT_FORGED;
    if (lk_actuator_check(crypto, &model->actuator, action, grant) != LK_GRANT)
        return LK_GRANT_FORGED;
    if (model->keep != NULL)
        status = model->keep(model->keep_ctx, grant->sequence);
    if (status != LK_OK)
        return status;
    if (action == LK_ACTION_START) {
        model->is_ready = 1;
        limit(model, grant->speed_limit_kmh);
        return LK_OK;
    }
    if (action == LK_ACTION_LOCK && model->is_ready)
        return LK_TAP_NOT_PARKED;
    if (action == LK_ACTION_LOCK && model->is_open)
        return LK_TAP_VEHICLE_STATE;
    model->is_locked = action == LK_ACTION_LOCK;
    return LK_OK;
}

void lk_car_model_park(struct lk_car_model *model)
{
    model->is_ready = 0;
    limit(model, 0);
}

void lk_car_model_door(struct lk_car_model *model, int is_open)
{
    model->is_open = is_open != 0;
    if (is_open)
        model->is_locked = 0;
}

uint8_t lk_car_model_condition(const struct lk_car_model *model)
{
    unsigned engine = model->is_ready ? LK_CAR_ENGINE_ON : 0;
    unsigned door = model->is_open ? LK_CAR_DOOR_OPEN : 0;

    return (uint8_t)(engine | door);
}
