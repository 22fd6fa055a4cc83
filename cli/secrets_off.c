/* secrets_off.c: builds that are not for debugging export no session secret. */
#include "record.h"

void record_secret(const struct record *record, const char *link, const struct lk_chan *chan)
{
    (void)record;
    (void)link;
    (void)chan;
}
