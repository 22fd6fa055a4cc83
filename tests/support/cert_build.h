/* cert_build.h: puts a certificate together from its parts, any of them replaced by bytes a test
 * chooses, and signs it with a good key: a broken form is then broken in that part alone. */
#ifndef LK_TEST_CERT_BUILD_H
#define LK_TEST_CERT_BUILD_H

#include "support/ca.h"

enum test_part {
    PART_VERSION,
    PART_SERIAL,
    PART_INNER_ALGORITHM,
    PART_ISSUER,
    PART_VALIDITY,
    PART_SUBJECT,
    PART_SPKI,
    PART_AKI, /* from here on whole extensions */
    PART_SKI,
    PART_KEY_USAGE,
    PART_BASIC,
    PART_ROLE,
    PART_EXTRA,     /* one more extension; empty */
    PART_TBS_TAIL,  /* after the extensions; empty */
    PART_OUTER_ALGORITHM,
    PART_SIGNATURE, /* the BIT STRING; empty: a good one is made */
    PART_CERT_TAIL, /* after the signature; empty */
    PART_FILE_TAIL, /* after the certificate; empty */
    NUM_PARTS
};

struct test_parts {
    uint8_t data[NUM_PARTS][1400];
    size_t len[NUM_PARTS];
    /* of the certificate it began as: */
    uint8_t point[65], ski[20], aki[20];
    uint8_t issuer[64], role_value[512], role_number;
    size_t issuer_len, role_value_len;
};

/* Takes a good certificate apart. 1 on success. */
int test_parts_take(struct lk_crypto *crypto, const struct test_ca_cert *cert,
                    struct test_parts *out);
/* Replaces one part by hex; in it P is the point, X its 64 bytes of coordinates, S and A the two
 * key identifiers, C the issuer's CommonName, R the role's number and V its value after the
 * version, Z followed by two hex digits that many 41s; { and } stand around what a length counts.
 * Blanks are skipped. 1 on success. */
int test_parts_set(struct test_parts *parts, enum test_part part, const char *hex);
/* Joins and signs; gives the length, 0 if it does not fit. `out` may exceed LK_CERT_MAX. */
size_t test_parts_join(struct lk_crypto *crypto, const struct test_parts *parts,
                       struct lk_key signer, uint8_t *out, size_t cap);

#endif
