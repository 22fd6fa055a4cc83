/* Messages of src/msg/wired.c. */
#include "fuzz/message.h"

FUZZ_GROUP("wired")
