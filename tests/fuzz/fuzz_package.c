/* Messages of src/msg/package.c and entitlement.c. */
#include "fuzz/message.h"

FUZZ_GROUP("package")
