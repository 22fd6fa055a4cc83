/* router.h: the phone's NFC router: which half of the phone answers a command (decision D21).
 *
 * A SELECT of the applet goes to the element, of the framework to the host; an unknown application
 * is answered 6A82 here and ends the selection. Everything else goes to who was selected last;
 * with nobody selected it is answered 6985. When the field goes both halves are told and the
 * selection ends. No I/O; the caller places it; one thread at a time.
 * Source: spec/links.md of the project. */
#ifndef LATCHKEY_ROUTER_H
#define LATCHKEY_ROUTER_H

#include "reader_port.h"

#ifdef __cplusplus
extern "C" {
#endif

enum lk_route { LK_ROUTE_NONE = 0, LK_ROUTE_ELEMENT = 1, LK_ROUTE_HOST = 2, LK_ROUTE_UNKNOWN = 3 };

/* Fields belong to ports/vpcd. */
struct lk_router {
    const struct lk_card_port *element, *host;
    uint8_t selected; /* enum lk_route */
};

/* `host` may be NULL: then only the element is powered and the framework is unknown. */
void lk_router_init(struct lk_router *router, const struct lk_card_port *element,
                    const struct lk_card_port *host);

/* Where a command would go now: LK_ROUTE_UNKNOWN is a SELECT of an unknown application. */
enum lk_route lk_router_target(const struct lk_router *router, const uint8_t *command, size_t len);

/* The router as one card, for a link: `out_card` borrows the router. */
void lk_router_card(struct lk_router *router, struct lk_card_port *out_card);

#ifdef __cplusplus
}
#endif
#endif
