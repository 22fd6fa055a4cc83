/* Messages of src/msg/creation.c. */
#include "fuzz/message.h"

FUZZ_GROUP("creation")
