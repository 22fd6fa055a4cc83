/* window.h: a window into a mailbox as a TLV of three bytes: offset(2), length(1) (protocol 4.9).
 * For the files of src/msg alone. */
#ifndef LK_MSG_WINDOW_H
#define LK_MSG_WINDOW_H

#include "msg/device_config.h"

struct lk_window lk_window_read(struct lk_rd *rd, uint16_t tag); /* not set if absent */
void lk_window_put(struct lk_wr *wr, uint16_t tag, struct lk_window window);

#endif
