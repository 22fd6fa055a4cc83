/* car.h: the car process: what it holds, its readers, its menu. */
#ifndef CAR_H
#define CAR_H

#include <signal.h>

#include "latchkey/car_model.h"
#include "latchkey/pcsc.h"
#include "latchkey/tcp_reader.h"
#include "local.h"
#include "record.h"
#include "unit.h"

/* How long a car waits for a phone that was announced, milliseconds. */
#define CAR_PHONE_WAIT_MS 5000

/* One reader: a TCP listener, or a PC/SC reader by name. */
struct car_reader {
    struct lk_reader_port port;
    struct lk_tcp_reader tcp;
    struct lk_pcsc_reader pcsc;
};

struct car {
    struct unit unit;
    struct lk_vehicle vehicle;
    struct lk_vehicle_config config;
    struct lk_tap taps[2];
    struct lk_pairing pairing;
    struct lk_car_model model;
    struct lk_posix_number spent; /* of the last grant that the lock or engine obeyed */
    struct car_reader readers[2]; /* door, dashboard */
    struct record record;
    const char *name, *radio;
    int is_pcsc;
    int control;
    uint8_t k[LK_CERT_MAX], intermediate[LK_CERT_MAX];
};

/* Opens the car's folder, key, certificates and store. Prints the error and returns its exit code.
 */
int car_open(struct cli *cli, struct car *car, const char *name);
void car_close(struct car *car);

/* Opens both readers. Prints the error and returns its exit code. */
int car_reader_open(struct cli *cli, struct car *car);
/* What a phone has to know to come to this reader: {"ok","port",["namespace_of"]}. */
json_t *car_reader_invite(const struct car *car, enum lk_reader reader);
/* Waits up to five seconds for a phone, not longer than `client` is there. LK_TAP_NO_ANSWER. */
enum lk_status car_reader_wait(struct car *car, enum lk_reader reader, int client);
/* Lets the phone go. */
void car_reader_leave(struct car *car, enum lk_reader reader);
void car_reader_close(struct car *car);

/* Set by SIGTERM, SIGINT and SIGHUP while a car runs. */
extern volatile sig_atomic_t car_stop_asked;

/* Answers a question of the menu: {"do":"status"|"open-pairing"|...}. */
json_t *car_menu_answer(struct car *car, json_t *question);
const char *car_state_text(const struct car *car);

#endif
