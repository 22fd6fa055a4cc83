/* Messages of src/msg/exchange.c. */
#include "fuzz/message.h"

FUZZ_GROUP("exchange")
