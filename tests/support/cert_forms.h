/* cert_forms.h: the table of broken certificates: one broken part at a time, everything else good
 * and well signed, in every place a certificate may stand. pki section 8; spec/certificates.md.
 *
 * Places: K issued by the root, L issued by the intermediate, I the intermediate (the phone reads
 * these); F, E and H (the car reads these, and the owner's element when it authorises a friend);
 * J and D, roots, for the parser alone. */
#ifndef LK_TEST_CERT_FORMS_H
#define LK_TEST_CERT_FORMS_H

#include "support/cert_build.h"

/* Parts of a row that are none of a certificate: another certificate altogether ("k", "foreign f"),
 * and who signs ("self", "server", "foreign", "root", or a good signature "turned", "swapped"). */
#define PART_WHOLE ((enum test_part)(NUM_PARTS))
#define PART_SIGNER ((enum test_part)(NUM_PARTS + 1))

struct test_form {
    const char *name;
    const char *places;     /* letters of the places it is made for */
    enum test_part part;
    const char *hex;        /* see test_parts_set */
    enum lk_status expect;  /* of the parser, or of the chain check if is_chain */
    int is_chain;           /* well-formed alone: only its chain shows what is wrong */
};
extern const struct test_form test_forms[];
extern const size_t test_num_forms;

int test_form_fits(const struct test_form *form, char place);

/* Makes the form for a place of `world`; `foreign` is another world of the same vehicle id. `base`
 * is the good certificate it begins as, NULL for the world's own (H: the caller's, if its facts
 * matter). Gives the length of what it wrote, which may exceed LK_CERT_MAX; 0 if the row is bad. */
size_t test_form_make(const struct test_form *form, char place, struct test_ca_world *world,
                      struct test_ca_world *foreign, const struct test_ca_cert *base,
                      uint8_t *out, size_t cap);

/* The good certificate of a place, and who signs there. */
const struct test_ca_cert *test_form_base(struct test_ca_world *world, char place,
                                          struct lk_key *out_signer);

#endif
