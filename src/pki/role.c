/* role.c: the table of certificate roles. Decision D3; spec/certificates.md, section 1. */
#include "pki/pki.h"

static const struct lk_role_fact facts[] = {
#define LK_ROLE(name, role_letter, role_number, role_is_ca, role_text)                             \
    [name] = {.letter = role_letter, .text = role_text, .number = role_number, .is_ca = role_is_ca},
#include "facts/oids.def"
#undef LK_ROLE
};

const struct lk_role_fact *lk_role_fact(enum lk_role role)
{
    if ((size_t)role >= sizeof facts / sizeof facts[0])
        return NULL;
    return &facts[role];
}

enum lk_role lk_role_of_number(uint16_t number)
{
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (number != 0 && facts[i].number == number)
            return (enum lk_role)i;
    }
    return LK_ROLE_NONE;
}

const char *lk_role_letter(enum lk_role role)
{
    const struct lk_role_fact *fact = lk_role_fact(role);

    return fact != NULL ? fact->letter : "-";
}

const char *lk_role_text(enum lk_role role)
{
    const struct lk_role_fact *fact = lk_role_fact(role);

    return fact != NULL ? fact->text : "no role";
}
