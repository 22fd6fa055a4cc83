/* version.c: the version of the linked library. */
#include "latchkey/latchkey.h"

const char *lk_version(void)
{
    return LATCHKEY_VERSION;
}
