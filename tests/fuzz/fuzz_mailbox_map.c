/* Messages of src/msg/mailbox_map.c. */
#include "fuzz/message.h"

FUZZ_GROUP("mailbox_map")
