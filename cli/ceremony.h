/* ceremony.h: what happens in an office, once: roots are made, a device maker's key is signed by an
 * automaker, a car and an applet get their certificates. spec/certificates.md, section 7.
 *
 * Each maker has a folder. Private keys are files of hex, mode 0600; certificates are .der; the
 * file `environment` says test or production, and nothing of the one is ever signed or read
 * together with the other (D17). Dates come from the clock of the machine.
 *
 *   automaker     environment  root.key j.der  [intermediate.key intermediate.der]
 *                 enc.key p.der  sig.key q.der  receipt.key receipt.der
 *   device maker  environment  root.key d.der
 *   car           environment  k.der  [intermediate.der]  root.pub (65 bytes: all the PKI it needs)
 *   set           environment  j.der [intermediate.der] p.der q.der receipt.der d.der f.der m.der:
 *                 what two partners exchange, no private key (M124)
 *
 * On failure the status says whose fault it is and `message` names the file or value. */
#ifndef CEREMONY_H
#define CEREMONY_H

#include "latchkey/pki.h"

#define CEREMONY_TEST "test"
#define CEREMONY_PRODUCTION "production"

/* One sitting. `port` is a software provider: ec_save must give the 32-byte scalar. */
struct ceremony {
    struct lk_crypto *crypto;
    const struct lk_crypto_port *port;
    char message[256];
};

/* Keeps the message for people and gives `status`. */
enum lk_status ceremony_fail(struct ceremony *ceremony, enum lk_status status, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

void ceremony_begin(struct ceremony *ceremony, struct lk_crypto *crypto,
                    const struct lk_crypto_port *port);

/* An automaker in `folder` (made if it does not exist): J, the optional intermediate, and the
 * server certificates P, Q and that of the receipt signer. LK_CALLER_EXISTS if there is one
 * already. */
enum lk_status ceremony_automaker(struct ceremony *ceremony, const char *folder,
                                  const char *environment, const char *name,
                                  int with_intermediate);
/* A device maker in `folder`: D. */
enum lk_status ceremony_device_maker(struct ceremony *ceremony, const char *folder,
                                     const char *environment, const char *name);
/* F: the device maker's key signed under the automaker's root, written to `out_path` (M99). D's own
 * signature is checked first. LK_CERT_ROOT if the environments differ. */
enum lk_status ceremony_cross_sign(struct ceremony *ceremony, const char *automaker_folder,
                                   const char *device_maker_folder, const char *out_path);
/* M: the automaker's key signed by the device maker. */
enum lk_status ceremony_sign_automaker(struct ceremony *ceremony, const char *device_maker_folder,
                                       const char *automaker_folder, const char *out_path);
/* K for a car, under the intermediate if the automaker has one, else under the root, and the rest
 * of what a car carries, into `car_folder`. `out_root_key`, which is also
 * what its owners' keys freeze as authorised key (M101), may be NULL. */
enum lk_status ceremony_car(struct ceremony *ceremony, const char *automaker_folder,
                            const char *car_folder, const uint8_t vehicle_id[LK_VEHICLE_ID_LEN],
                            const uint8_t vehicle_key[LK_POINT_LEN],
                            uint8_t out_root_key[LK_POINT_LEN]);
/* E from the N an applet made: N's own signature is checked first. `environment` is the phone's. */
enum lk_status ceremony_instance(struct ceremony *ceremony, const char *device_maker_folder,
                                 const char *environment, struct lk_bytes n, uint8_t *out,
                                 size_t cap, size_t *out_len);

/* The automaker's server tells one car the time (D30): the object of lk_signed_time, signed with
 * the key of Q, and Q itself. `number` grows with each one of a car. */
enum lk_status ceremony_time(struct ceremony *ceremony, const char *automaker_folder,
                             const uint8_t vehicle_id[LK_VEHICLE_ID_LEN], uint32_t number,
                             const uint8_t date[LK_DATE_LEN], uint8_t *out, size_t cap,
                             size_t *out_len, uint8_t out_q[LK_CERT_MAX], size_t *out_q_len);
/* The set of one automaker and one device maker, for one environment, into `set_folder` (made; must
 * not exist): F and M are signed now. It is checked before it is handed out. */
enum lk_status ceremony_set(struct ceremony *ceremony, const char *automaker_folder,
                            const char *device_maker_folder, const char *set_folder);
/* Checks a set completely: nothing missing and nothing else in it, every role in its place, every
 * signature, F = D and M = J in key and name, no key of two uses, dates, one environment in the
 * file and in the signed names. `own_folder` may be NULL: the reader's own maker's folder, whose
 * root must be the one in the set. `environment` may be NULL: what the reader expects. The message
 * is the one reason. */
enum lk_status ceremony_set_check(struct ceremony *ceremony, const char *set_folder,
                                  const char *own_folder, const char *environment);

/* Marks `folder` (made if need be) with `environment`, or checks that it has it: LK_CERT_ROOT with
 * a message naming both if not. */
enum lk_status ceremony_environment(struct ceremony *ceremony, const char *folder,
                                    const char *environment);
/* The environment of a folder: CEREMONY_TEST or CEREMONY_PRODUCTION. */
enum lk_status ceremony_environment_of(struct ceremony *ceremony, const char *folder,
                                       const char **out);

#endif
