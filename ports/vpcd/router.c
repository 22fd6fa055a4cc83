/* router.c: which half of the phone answers. Decision D21; spec/links.md. */
#include <string.h>

#include "latchkey/applet.h"
#include "latchkey/router.h"

static const uint8_t applet[LK_AID_LEN] = LK_APPLET_AID;
static const uint8_t framework[LK_AID_LEN] = LK_FRAMEWORK_AID;

static const uint8_t sw_unknown[2] = {0x6a, 0x82};
static const uint8_t sw_nobody[2] = {0x69, 0x85};
static const uint8_t sw_no_diagnosis[2] = {0x6f, 0x00};

void lk_router_init(struct lk_router *router, const struct lk_card_port *element,
                    const struct lk_card_port *host)
{
    router->element = element;
    router->host = host;
    router->selected = LK_ROUTE_NONE;
}

enum lk_route lk_router_target(const struct lk_router *router, const uint8_t *command, size_t len)
{
    size_t body_len;

    /* SELECT by name: 00 A4 04 00 Lc AID [Le] */
    if (len < 4 || command[0] != 0x00 || command[1] != 0xa4 || command[2] != 0x04)
        return (enum lk_route)router->selected;
    body_len = len > 5 ? command[4] : 0;
    if (body_len != LK_AID_LEN || (len != 5 + body_len && len != 6 + body_len))
        return LK_ROUTE_UNKNOWN;
    if (memcmp(command + 5, applet, sizeof applet) == 0)
        return LK_ROUTE_ELEMENT;
    if (router->host != NULL && memcmp(command + 5, framework, sizeof framework) == 0)
        return LK_ROUTE_HOST;
    return LK_ROUTE_UNKNOWN;
}

static enum lk_status say(const uint8_t sw[2], uint8_t *out, size_t *out_len)
{
    memcpy(out, sw, 2);
    *out_len = 2;
    return LK_OK;
}

static enum lk_status route(void *ctx, const uint8_t *command, size_t len, uint8_t *out, size_t cap,
                            size_t *out_len)
{
    struct lk_router *router = ctx;
    enum lk_route target = lk_router_target(router, command, len);
    const struct lk_card_port *side = target == LK_ROUTE_HOST ? router->host : router->element;
    size_t got = 0;

    if (cap < 2)
        return LK_CALLER_SPACE;
    if (target == LK_ROUTE_UNKNOWN) {
        router->selected = LK_ROUTE_NONE;
        return say(sw_unknown, out, out_len);
    }
    if (target == LK_ROUTE_NONE)
        return say(sw_nobody, out, out_len);
    router->selected = (uint8_t)target;
    if (side->command(side->ctx, command, len, out, cap, &got) != LK_OK || got < 2 || got > cap)
        return say(sw_no_diagnosis, out, out_len);
    *out_len = got;
    return LK_OK;
}

static void field(void *ctx, enum lk_link_control control)
{
    struct lk_router *router = ctx;

    if (control == LK_CONTROL_ATR)
        return;
    router->selected = LK_ROUTE_NONE;
    router->element->field(router->element->ctx, control);
    if (router->host != NULL)
        router->host->field(router->host->ctx, control);
}

void lk_router_card(struct lk_router *router, struct lk_card_port *out_card)
{
    out_card->ctx = router;
    out_card->command = route;
    out_card->field = field;
}
