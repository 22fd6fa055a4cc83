/* access.h: what a key may do: rights, limits and access profiles as data (P-18).
 *
 * No code knows a profile: a car is given its automaker's table, a phone shows the names that came
 * with it. Plain structs, no secrets, no memory of their own.
 * Source: spec/access.md of the project; S4, S7, D30. */
#ifndef LATCHKEY_ACCESS_H
#define LATCHKEY_ACCESS_H

#include "bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rights of a key, a bit set. */
enum {
    LK_RIGHT_UNLOCK = 0x0001,
    LK_RIGHT_LOCK = 0x0002,
    LK_RIGHT_TRUNK = 0x0004,
    LK_RIGHT_DRIVE = 0x0008,
    LK_RIGHT_SHARE = 0x0010,      /* of the owner alone: a profile never gives it (S4) */
    LK_RIGHT_REMOTE = 0x0020,
    LK_RIGHT_RESTRICTED = 0x0040, /* drive within the limits of speed and power */
    LK_RIGHTS_OWNER = 0x003f,
};

/* How far the rights go. All zero: no limit. Times are those of the car's place
 * (lk_vehicle_config.utc_offset_min). */
struct lk_limits {
    uint8_t speed_kmh;     /* 0: none */
    uint8_t power_percent; /* 1 to 100; 0: none */
    uint16_t starts;       /* engine starts in the life of the key; 0: no count */
    uint8_t days;          /* bit 0 Monday to bit 6 Sunday; 0: every day */
    uint16_t from_min;     /* minutes after midnight, 0 to 1439; from == to: all day */
    uint16_t to_min;       /* first minute outside; below from_min: over midnight */
};

/* What must happen at the car before a friend's key is taken (servers 4.3), a bit set. */
enum {
    LK_ACTIVATE_PASSWORD = 0x01, /* the sharing password is typed at the car */
    LK_ACTIVATE_OWNER = 0x02,    /* the owner's key was used within LK_ACTIVATION_MS */
    LK_ACTIVATE_FOB = 0x04,      /* the car's own code has seen a fob within LK_ACTIVATION_MS */
};

/* One access level. Numbers below 80000000 are those of spec/facts/profiles.def, the others the
 * automaker's. */
struct lk_profile {
    uint32_t number;
    uint16_t rights;         /* without LK_RIGHT_SHARE */
    uint8_t activation;      /* LK_ACTIVATE_*: any one of them is enough; 0: nothing */
    struct lk_limits limits; /* a shared key gets the narrower of these and the owner's */
};

/* The profiles of spec/facts/profiles.def. */
#define LK_NUM_DEFAULT_PROFILES 7
extern const struct lk_profile lk_default_profiles[LK_NUM_DEFAULT_PROFILES];

#ifdef __cplusplus
}
#endif
#endif
