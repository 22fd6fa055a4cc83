/* Messages of src/msg/sharing.c. */
#include "fuzz/message.h"

FUZZ_GROUP("sharing")
