/* Messages of src/msg/auth1.c. */
#include "fuzz/message.h"

FUZZ_GROUP("auth1")
