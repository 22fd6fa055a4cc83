/* Messages of src/msg/spake2.c. */
#include "fuzz/message.h"

FUZZ_GROUP("spake2")
