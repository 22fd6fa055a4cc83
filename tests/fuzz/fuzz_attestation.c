/* Messages of src/msg/attestation.c. */
#include "fuzz/message.h"

FUZZ_GROUP("attestation")
