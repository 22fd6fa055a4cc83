/* Messages of src/msg/select.c. */
#include "fuzz/message.h"

FUZZ_GROUP("select")
