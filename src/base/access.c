/* access.c: the default profiles, from spec/facts/profiles.def. */
#include "latchkey/access.h"

enum {
    U = LK_RIGHT_UNLOCK,
    L = LK_RIGHT_LOCK,
    T = LK_RIGHT_TRUNK,
    D = LK_RIGHT_DRIVE,
    M = LK_RIGHT_REMOTE,
    R = LK_RIGHT_RESTRICTED,
};

const struct lk_profile lk_default_profiles[LK_NUM_DEFAULT_PROFILES] = {
#define LK_PROFILE(number_, rights_, activation_, speed, power, num_starts, on_days, from, to,  \
                   name, text)                                                               \
    {.number = (number_),                                                                    \
     .rights = (rights_),                                                                    \
     .activation = (activation_),                                                            \
     .limits = {(speed), (power), (num_starts), (on_days), (from), (to)}},
#include "facts/profiles.def"
#undef LK_PROFILE
};
