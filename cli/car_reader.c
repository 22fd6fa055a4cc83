/* car_reader.c: the two readers of a car process: TCP listeners on loopback, or PC/SC readers by
 * name. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "car.h"
#include "latchkey/vpcd.h"

static int open_tcp(struct cli *cli, struct car_reader *reader, uint16_t port)
{
    enum lk_status status = lk_tcp_reader_open(&reader->tcp, port, &reader->port);
    return status == LK_OK ? 0 : cli_fail(cli, status, "cannot listen on 127.0.0.1 port %u", port);
}

static int open_pcsc(struct cli *cli, struct car_reader *reader, const char *name)
{
    enum lk_status status = LK_PORT_LINK;
    for (int i = 0; i < 100 && status != LK_OK;
         i++) { /* readers appear some time after pcscd's start */
        status = lk_pcsc_open(&reader->pcsc, name, &reader->port);
        if (status != LK_OK)
            usleep(50000);
    }
    if (status == LK_OK)
        return 0;
    char list[2048] = "";
    (void)lk_pcsc_list(list, sizeof list);
    return cli_fail(cli, status, "no PC/SC reader whose name contains \"%s\"; there are:\n%s", name,
                    list);
}

int car_reader_open(struct cli *cli, struct car *car)
{
    car->radio = cli_value(cli, "radio", "tcp");
    car->is_pcsc = strcmp(car->radio, "pcsc") == 0;
    if (car->is_pcsc) {
        int bad = open_pcsc(cli, &car->readers[0], cli_value(cli, "door-reader", "00 00"));
        return bad ? bad
                   : open_pcsc(cli, &car->readers[1], cli_value(cli, "dashboard-reader", "00 01"));
    }
    int bad = open_tcp(cli, &car->readers[0], 0);
    return bad ? bad : open_tcp(cli, &car->readers[1], 0);
}

json_t *car_reader_invite(const struct car *car, enum lk_reader place)
{
    const struct car_reader *reader = &car->readers[place - 1];
    const char *pid = getenv("LATCHKEY_PCSCD_PID");
    json_t *invitation = local_answer(LK_OK);
    json_object_set_new(invitation, "port",
                        json_integer(car->is_pcsc ? LK_VPCD_PORT + (int)place - 1
                                                  : reader->tcp.port));
    if (car->is_pcsc && pid)
        json_object_set_new(invitation, "namespace_of", json_integer(strtol(pid, NULL, 10)));
    return invitation;
}

/* Who asked for the tap says nothing more: readable means gone. */
static int is_gone(int client)
{
    struct pollfd one = {client, POLLIN, 0};
    return poll(&one, 1, 0) != 0;
}

enum lk_status car_reader_wait(struct car *car, enum lk_reader place, int client)
{
    struct car_reader *reader = &car->readers[place - 1];
    uint64_t now = cli_now_ms(), until = now + CAR_PHONE_WAIT_MS;
    enum lk_status status = LK_PEER_TIMEOUT;
    for (; now < until && !car_stop_asked && !is_gone(client); now = cli_now_ms()) {
        uint32_t slice = until - now < 200 ? (uint32_t)(until - now) : 200;
        status = car->is_pcsc ? lk_pcsc_wait(&reader->pcsc, slice)
                              : lk_tcp_reader_wait(&reader->tcp, slice);
        /* pcscd goes on seeing a phone that has just left, for up to 400 ms. */
        if (status != LK_PEER_GONE && status != LK_PEER_TIMEOUT)
            break;
        if (status == LK_PEER_GONE)
            usleep(10000);
    }
    return status == LK_PEER_TIMEOUT ? LK_TAP_NO_ANSWER : status;
}

void car_reader_leave(struct car *car, enum lk_reader place)
{
    struct car_reader *reader = &car->readers[place - 1];
    if (car->is_pcsc)
        lk_pcsc_leave(&reader->pcsc);
    else
        lk_tcp_reader_leave(&reader->tcp);
}

void car_reader_close(struct car *car)
{
    for (int i = 0; i < 2; i++) {
        if (car->is_pcsc)
            lk_pcsc_close(&car->readers[i].pcsc);
        else
            lk_tcp_reader_close(&car->readers[i].tcp);
    }
}
