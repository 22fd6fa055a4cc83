/* rows.h: the functions behind the rows of commands.c. Each returns an exit code. */
#ifndef ROWS_H
#define ROWS_H

#include "cli.h"

int world_new(struct cli *cli);
int world_show(struct cli *cli);
int ceremony_new(struct cli *cli);
int ceremony_set_new(struct cli *cli);
int ceremony_check(struct cli *cli);
int ceremony_show(struct cli *cli);
int cert_show(struct cli *cli);
int car_run(struct cli *cli);
int car_status(struct cli *cli);
int car_menu(struct cli *cli);
int car_lookup(struct cli *cli);
int phone_run(struct cli *cli);
int phone_element(struct cli *cli);
int phone_host(struct cli *cli);
int phone_list(struct cli *cli);
int phone_show(struct cli *cli);
int phone_pair(struct cli *cli);
int phone_rename(struct cli *cli);
int phone_remove(struct cli *cli);
int phone_lock(struct cli *cli);
int phone_express(struct cli *cli);
int phone_authenticate(struct cli *cli);
int phone_hold(struct cli *cli);
int tap_once(struct cli *cli);
int verifier_new(struct cli *cli);
int verifier_check(struct cli *cli);
int pcscd_run(struct cli *cli);
int trace_show(struct cli *cli);
int trace_explain(struct cli *cli);
int crypto_inventory(struct cli *cli);
int completion_print(struct cli *cli);
int manual_print(struct cli *cli);

#endif
