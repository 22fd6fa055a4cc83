/* config.h: every limit of the core, with its unit and range. Override with -D at build time;
 * all parts of one program must be built with the same values. */
#ifndef LATCHKEY_CONFIG_H
#define LATCHKEY_CONFIG_H

/* Keys a vehicle holds, owner included. Things, 2 to 65535 (decision D25: a build option). */
#ifndef LK_VEHICLE_NUM_KEYS
#define LK_VEHICLE_NUM_KEYS 32
#endif

/* Endpoints (digital keys) one applet instance holds. Things, 1 to 254. */
#ifndef LK_APPLET_NUM_ENDPOINTS
#define LK_APPLET_NUM_ENDPOINTS 16
#endif

/* Instance CAs one applet instance holds, one per automaker. Things, 1 to 32. */
#ifndef LK_APPLET_NUM_CAS
#define LK_APPLET_NUM_CAS 8
#endif

/* Kpersistent values the applet keeps before the oldest is evicted. Things, 1 to 255. */
#ifndef LK_APPLET_NUM_PERSISTENT
#define LK_APPLET_NUM_PERSISTENT 16
#endif

/* Largest certificate, bytes (pki O3). */
#ifndef LK_CERT_MAX
#define LK_CERT_MAX 1024
#endif

/* Largest reassembled object of owner pairing, bytes (decision D32). */
#ifndef LK_REASSEMBLY_MAX
#define LK_REASSEMBLY_MAX 4096
#endif

/* Largest answer of one GET DATA, bytes (security rule S2). */
#ifndef LK_OBJECT_MAX
#define LK_OBJECT_MAX 1024
#endif

/* Largest mailbox, bytes: private 0x0640 and confidential 0x0120 by default (P-33, D28). Each is
 * one record, so LK_STORE_RECORD_MAX is the roof; the confidential one grows by its wrapping. */
#ifndef LK_PRIVATE_MAILBOX_MAX
#define LK_PRIVATE_MAILBOX_MAX 1600
#endif
#ifndef LK_CONFIDENTIAL_MAILBOX_MAX
#define LK_CONFIDENTIAL_MAILBOX_MAX 288
#endif

/* Records a store indexes in RAM, and the largest record, bytes. */
#ifndef LK_STORE_NUM_RECORDS
#define LK_STORE_NUM_RECORDS 256
#endif
#ifndef LK_STORE_RECORD_MAX
#define LK_STORE_RECORD_MAX 2048
#endif

/* Pairing attempts per verifier (protocol 4.12) and failures per opening of pairing mode (S20). */
#define LK_PAIRING_ATTEMPTS_MAX 7
#define LK_PAIRING_FAILURES_PER_OPENING 2

/* Timers, milliseconds (P-19). */
#define LK_TIMER_PASSWORD_MS 300000u       /* Ta: phone, after the password was entered */
#define LK_TIMER_PAIRING_MODE_MS 300000u   /* car, waiting for a phone */
#define LK_TIMER_OWNER_PAIRING_MS 300000u  /* both, whole pairing from the first REQUEST */
#define LK_TIMER_ANSWER_MS 2000u           /* one APDU */
#define LK_TIMER_SESSION_IDLE_MS 5000u     /* open secure session */
#define LK_TIMER_RESELECT_MS 100u /* car repeats SELECT while the phone makes the key (D19) */

/* How far a time that nobody signed may be from floor and monotonic time: seconds, and parts per
 * million of the time since the anchor (D30). */
#define LK_TIME_DRIFT_S 30u
#define LK_TIME_DRIFT_PPM 200u
/* How long the owner's tap, a fob or a typed sharing password counts for a friend's first tap. */
#define LK_ACTIVATION_MS 300000u
/* Wrong sharing passwords before the car takes none for LK_ACTIVATION_MS. */
#define LK_ACTIVATION_TRIES 5
/* After a refused attestation package the car looks at no other for this long (S6). */
#define LK_PACKAGE_PAUSE_MS 2000u
/* Life of an invitation on the owner's phone and of the consent in its element (S5). */
#define LK_TIMER_INVITATION_MS (48ull * 3600 * 1000)
/* Longest time from invitation to first tap, days (S7). */
#define LK_REDEEM_DAYS_MAX 30
/* Used attestations and ended keys a car remembers until they can be forgotten (S7). Things. */
#ifndef LK_VEHICLE_NUM_SPENT
#define LK_VEHICLE_NUM_SPENT 256
#endif
/* Sharings a phone has under way or remembers, and consents an element keeps. Things. */
#ifndef LK_DEVICE_NUM_SHARINGS
#define LK_DEVICE_NUM_SHARINGS 8
#endif
#ifndef LK_APPLET_NUM_CONSENTS
#define LK_APPLET_NUM_CONSENTS 4
#endif
/* Longest message of a sharing, sealed, bytes. */
#define LK_SHARE_BLOB_MAX 4096
/* Wrong PINs before the owner's phone cancels a sharing (S18). */
#define LK_PIN_TRIES 5

/* Fast transactions per key before a standard one is forced, and its age limit (P-13). */
#ifndef LK_FAST_MAX_COUNT
#define LK_FAST_MAX_COUNT 100u
#endif
#ifndef LK_FAST_MAX_AGE_MS
#define LK_FAST_MAX_AGE_MS (30ull * 24 * 3600 * 1000)
#endif

#endif
