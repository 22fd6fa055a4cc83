/* status.c: the table over spec/facts/status.def and its look-ups. */
#include <stddef.h>

#include "latchkey/status.h"

struct row {
    enum lk_status status;
    int exit_code;
    const char *name;
    const char *what;
    const char *advice;
};

static const struct row rows[] = {
#define LK_STATUS(name, value, exit_code, what, advice) {name, exit_code, #name, what, advice},
#include "facts/status.def"
#undef LK_STATUS
};

/* Every number that is not in the table is our own fault: somebody invented it. */
static const struct row unknown = {LK_STATUS_END_, 70, "LK_UNKNOWN", "an unknown status",
                                   "report it as a bug"};

static const struct row *find(enum lk_status status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].status == status)
            return &rows[i];
    }
    return &unknown;
}

enum lk_fault lk_status_fault(enum lk_status status)
{
    const struct row *row = find(status);

    if (row == &unknown)
        return LK_FAULT_OURSELVES;
    return (enum lk_fault)((unsigned)status >> 8);
}

const char *lk_status_name(enum lk_status status)
{
    return find(status)->name;
}

const char *lk_status_what(enum lk_status status)
{
    return find(status)->what;
}

const char *lk_status_advice(enum lk_status status)
{
    return find(status)->advice;
}

int lk_status_exit_code(enum lk_status status)
{
    return find(status)->exit_code;
}
