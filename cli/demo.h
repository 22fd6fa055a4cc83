/* demo.h: scripted scenes over real processes. */
#ifndef DEMO_H
#define DEMO_H

#include <sys/types.h>

#include "cli.h"

#define DEMO_CHILDREN_MAX 8

struct demo {
    struct cli *cli;
    const char *world, *trace, *radio, *crypto;
    int is_json;
    char password[16]; /* "@" in the words of a step */
    pid_t children[DEMO_CHILDREN_MAX];
    int num_children;
    pid_t pcscd;
    int num_failed;
};

/* One step: what is told, what is run (without --world and --json), what must come out. */
struct demo_step {
    const char *name, *story;
    const char *words[20];
    enum lk_status expect;
    int fast;              /* 1 must be fast, 0 must be standard, -1 either */
    const char *car_state; /* after the step, or NULL */
};

/* Runs one step, tells it, counts a failure. 1 if it came out as expected. */
int demo_step(struct demo *demo, const struct demo_step *step);
int demo_start_car(struct demo *demo, const char *car);
int demo_start_phone(struct demo *demo, const char *phone);
void demo_stop_all(struct demo *demo);
int demo_run(struct cli *cli);

#endif
