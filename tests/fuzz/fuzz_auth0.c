/* Messages of src/msg/auth0.c. */
#include "fuzz/message.h"

FUZZ_GROUP("auth0")
