/* Messages of src/msg/device_config.c. */
#include "fuzz/message.h"

FUZZ_GROUP("device_config")
