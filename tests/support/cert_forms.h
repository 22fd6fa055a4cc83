/* cert_forms.h: certificates with one broken part each, and the status that part has (pki 8). */
#ifndef LK_TEST_CERT_FORMS_H
#define LK_TEST_CERT_FORMS_H

#include "support/cert_build.h"

struct test_form {
    const char *name;
    char base; /* letter of the good certificate it begins as */
    enum test_part part;
    const char *hex; /* see test_parts_set */
    enum lk_status expect;
};
extern const struct test_form test_forms[];
extern const size_t test_num_forms;

/* The good certificate of that letter (K, F, E, H, D, J) and the key that signed it. */
const struct test_ca_cert *test_form_base(const struct test_ca_world *world, char letter,
                                          struct lk_key *signer);

#endif
