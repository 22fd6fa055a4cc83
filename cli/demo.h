/* demo.h: scripted scenes over real processes. */
#ifndef DEMO_H
#define DEMO_H

#include <sys/types.h>

#include "cli.h"

#define DEMO_CHILDREN_MAX 8

struct demo {
    struct cli *cli;
    const char *folder, *world, *trace, *radio, *crypto;
    int is_json;
    char password[16]; /* "@" in the words of a step: of the car that was minted last */
    char link[128];    /* "@link": of the last invitation */
    char key[64];      /* "@key": the key that tapped last */
    struct {
        pid_t pid;
        const char *name;
    } children[DEMO_CHILDREN_MAX];
    int num_children;
    pid_t pcscd;
    int num_failed;
};

/* One step: what is told, what is run (without --world and --json), what must come out. A word
 * "@/NAME" is the file NAME in the folder of the demo. */
struct demo_step {
    const char *name, *story;
    const char *words[20];
    enum lk_status expect;
    int fast;              /* 1 must be fast, 0 must be standard, -1 either */
    const char *car_state; /* after the step, or NULL */
    int speed_limit_kmh;   /* after the step; 0: not looked at */
};

/* Runs one step, tells it, counts a failure. 1 if it came out as expected. */
int demo_step(struct demo *demo, const struct demo_step *step);
void demo_play(struct demo *demo, const struct demo_step *steps, size_t num);
void demo_say(const struct demo *demo, const char *text);
/* Mints a verifier for the car and keeps its password. These give 1 on success. */
int demo_mint(struct demo *demo, const char *car);
int demo_start_car(struct demo *demo, const char *car);
int demo_start_phone(struct demo *demo, const char *phone);
void demo_stop(struct demo *demo, const char *name);
/* A temporary folder, a pcscd if need be, `tell` with both, and all cleared away. Exit code. */
int demo_tell(struct cli *cli, int (*tell)(struct demo *demo));
int demo_run(struct cli *cli);
int demo_share_run(struct cli *cli);

#endif
