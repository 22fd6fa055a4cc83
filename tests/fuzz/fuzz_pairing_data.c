/* Messages of src/msg/pairing_data.c. */
#include "fuzz/message.h"

FUZZ_GROUP("pairing_data")
