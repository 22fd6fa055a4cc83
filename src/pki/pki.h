/* pki.h (room): what the files of this room share. spec/certificates.md. */
#ifndef LK_PKI_ROOM_H
#define LK_PKI_ROOM_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "latchkey/pki.h"
#include "tlv/der.h"

/* Bounds of the profile (pki O2, O3). */
#define LK_NAME_MAX 128       /* a Name with its header, bytes */
#define LK_COMMON_NAME_MAX 64 /* bytes */
#define LK_SERIAL_MAX 20      /* bytes */
#define LK_EXTENSIONS_MAX 10  /* things */

/* ecdsa-with-SHA256, the whole AlgorithmIdentifier. */
extern const uint8_t lk_pki_algorithm[12];
/* SubjectPublicKeyInfo of a P-256 key up to the 65 bytes of the point. */
#define LK_SPKI_HEAD_LEN 26
extern const uint8_t lk_pki_spki_head[LK_SPKI_HEAD_LEN];
/* 1.3.6.1.4.1.41577.5, content; one more byte makes a role. */
extern const uint8_t lk_pki_arc[9];
/* The same for roles of our own, 2.25.<UUID>: no number is invented under another's arc (D3). */
extern const uint8_t lk_pki_own_arc[20];
#define LK_ROLE_OWN 0x100 /* in a role's number: it stands under our own arc */
/* id-at-commonName, content. */
extern const uint8_t lk_pki_common_name[3];

/* One row of spec/facts/oids.def. `number` 0: the certificate has no role extension. */
struct lk_role_fact {
    const char *letter, *text;
    uint16_t number; /* its low byte under the arc; LK_ROLE_OWN tells which */
    uint8_t is_ca;
};
/* NULL for a number that is no role. */
const struct lk_role_fact *lk_role_fact(enum lk_role role);
/* The role of such a number; LK_ROLE_NONE if there is none. */
enum lk_role lk_role_of_number(uint16_t number);

/* UTCTime or GeneralizedTime content as 15 bytes (UTCTime: 50 to 99 is 19xx). 0 if malformed, or
 * if the other of the two forms is due: UTCTime through 2049, GeneralizedTime from 2050. */
int lk_date_expand(struct lk_bytes content, uint8_t out[LK_DATE_LEN]);

/* Reads the three parts of a certificate that have a file of their own. Faults go to `rd`. */
struct lk_bytes lk_name_read(struct lk_rd *rd, struct lk_bytes *out_common_name);
void lk_extensions_read(struct lk_rd *rd, struct lk_cert *cert);
/* The parsed extension value against the role: what a CA and what a leaf must say. */
enum lk_status lk_extensions_check(const struct lk_cert *cert);

/* Facts of an H from the content of its role SEQUENCE after the version. LK_CERT_EXT_VALUE. */
enum lk_status lk_endpoint_facts_read(struct lk_bytes value, struct lk_endpoint_facts *out);

#endif
