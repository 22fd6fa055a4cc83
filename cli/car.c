/* car.c: a car as a process: two readers, the vehicle library, a lock and an engine behind grants,
 * and a control socket for the menu. One thread: a tap or pairing runs to its end before the next
 * question. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "car.h"
#include "latchkey/posix_link.h"
#include "rows.h"

volatile sig_atomic_t car_stop_asked;
static void on_stop(int number)
{
    (void)number;
    car_stop_asked = 1;
}

static const char *place(enum lk_reader reader)
{
    return reader == LK_READER_DOOR ? "door" : "dashboard";
}

const char *car_state_text(const struct car *car)
{
    if (car->model.is_ready)
        return "ready to drive";
    if (car->model.is_open)
        return "open";
    return car->model.is_locked ? "locked" : "unlocked";
}

/* Sends one command and gets the answer, both recorded. In between, if the transport can part the
 * two, the car does what it can of the tap's next step (a pairing's tap has not begun: nothing). */
static enum lk_status transceive(struct car *car, enum lk_reader place_of, const uint8_t *command,
                                 size_t len, uint8_t *out, size_t *out_len)
{
    struct car_reader *reader = &car->readers[place_of - 1];
    record_apdu(&car->record, place(place_of), 1, cli_bytes(command, len));
    enum lk_status status;
    if (reader->port.send) {
        status = reader->port.send(reader->port.ctx, command, len, LK_TIMER_ANSWER_MS);
        if (status == LK_OK) {
            lk_vehicle_tap_ahead(&car->taps[place_of - 1]);
            status = reader->port.receive(reader->port.ctx, out, LK_LINK_MESSAGE_MAX, out_len,
                                          LK_TIMER_ANSWER_MS);
        }
    } else
        status = reader->port.transceive(reader->port.ctx, command, len, out, LK_LINK_MESSAGE_MAX,
                                         out_len, LK_TIMER_ANSWER_MS);
    if (status == LK_OK)
        record_apdu(&car->record, place(place_of), 0, cli_bytes(out, *out_len));
    return status;
}

/* Does what a step asks for; *out_len is 0 after a reset or a wait. */
static enum lk_status follow(struct car *car, enum lk_reader place_of, enum lk_step step,
                             const uint8_t *command, size_t len, uint8_t *out, size_t *out_len)
{
    struct car_reader *reader = &car->readers[place_of - 1];
    *out_len = 0;
    if (step == LK_STEP_SEND)
        return transceive(car, place_of, command, len, out, out_len);
    if (step == LK_STEP_RESET)
        return reader->port.reset(reader->port.ctx);
    usleep(LK_TIMER_RESELECT_MS * 1000u);
    return LK_OK;
}

static void run_tap(struct car *car, enum lk_reader reader, enum lk_action action,
                    struct lk_outcome *outcome)
{
    struct lk_tap *tap = &car->taps[reader - 1];
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_LINK_MESSAGE_MAX];
    size_t len = 0, got = 0;
    enum lk_step step = LK_STEP_DONE;
    /* One thread: the lock and the engine do not change while a tap runs. */
    lk_vehicle_set_condition(&car->vehicle, lk_car_model_condition(&car->model));
    enum lk_status status = lk_vehicle_tap_begin(&car->vehicle, tap, reader, LK_NFC, action,
                                                 cli_now_ms(), &step, command, &len);
    while (status == LK_OK && step != LK_STEP_DONE) {
        status = follow(car, reader, step, command, len, answer, &got);
        if (status != LK_OK) {
            lk_vehicle_tap_lost(tap, status);
            break;
        }
        status =
            lk_vehicle_tap_next(tap, cli_now_ms(), cli_bytes(answer, got), &step, command, &len);
        record_secret(&car->record, place(reader), &tap->chan);
    }
    *outcome = tap->outcome;
}

static enum lk_status run_pairing(struct car *car, enum lk_reader reader,
                                  struct lk_outcome *outcome)
{
    uint8_t command[LK_APDU_COMMAND_MAX], answer[LK_LINK_MESSAGE_MAX];
    size_t len = 0, got = 0;
    enum lk_step step = LK_STEP_DONE;
    enum lk_status begun = lk_vehicle_pair_begin(&car->vehicle, &car->pairing, reader, LK_NFC,
                                                 cli_now_ms(), &step, command, &len);
    enum lk_status status = begun;
    while (step != LK_STEP_DONE && (status == LK_OK || status == begun)) {
        status = follow(car, reader, step, command, len, answer, &got);
        if (status != LK_OK) {
            lk_vehicle_pair_lost(&car->pairing);
            return status;
        }
        status = lk_vehicle_pair_next(&car->pairing, cli_now_ms(), cli_bytes(answer, got), &step,
                                      command, &len);
        record_secret(&car->record, place(reader), &car->pairing.chan);
    }
    if (begun != LK_OK)
        return begun;
    if (status == LK_OK)
        status = car->pairing.status;
    if (status != LK_OK)
        return status;
    /* Phase 3: the first standard transaction makes the pending owner the owner (D18). */
    struct car_reader *at = &car->readers[reader - 1];
    status = at->port.reset(at->port.ctx);
    if (status != LK_OK)
        return status;
    run_tap(car, reader, LK_ACTION_MAINTAIN, outcome);
    return outcome->status;
}

/* Hands a grant to the lock or the engine: only a fresh, genuine one moves anything (D26). */
static enum lk_status actuate(struct car *car, const struct lk_outcome *outcome)
{
    if (outcome->verdict != LK_GRANT)
        return outcome->status == LK_OK ? LK_INTERNAL : outcome->status;
    if (outcome->action == LK_ACTION_MAINTAIN) /* its grant moves nothing */
        return LK_OK;
    return lk_car_model_obey(&car->model, &car->unit.crypto, &outcome->grant);
}

static enum lk_action action_of(const struct car *car, enum lk_reader reader, const char *name)
{
    if (strcmp(name, "unlock") == 0)
        return LK_ACTION_UNLOCK;
    if (strcmp(name, "lock") == 0)
        return LK_ACTION_LOCK;
    if (strcmp(name, "start") == 0)
        return LK_ACTION_START;
    if (strcmp(name, "trunk") == 0)
        return LK_ACTION_TRUNK;
    if (strcmp(name, "refill") == 0)
        return LK_ACTION_MAINTAIN;
    if (reader == LK_READER_DASHBOARD)
        return LK_ACTION_START;
    return car->model.is_locked ? LK_ACTION_UNLOCK : LK_ACTION_LOCK;
}

/* The car's one line about a tap. */
static void car_line(const struct lk_outcome *outcome, enum lk_status status, char *out, size_t cap)
{
    char limit[32] = "";
    if (outcome->grant.speed_limit_kmh)
        snprintf(limit, sizeof limit, ", at most %u km/h", outcome->grant.speed_limit_kmh);
    if (status == LK_OK)
        snprintf(out, cap, "%s, %s transaction%s%s",
                 outcome->owner_promoted ? "new owner" : "granted",
                 outcome->was_fast ? "fast" : "standard",
                 outcome->fast_refused ? " after a refused fast one" : "", limit);
    else
        snprintf(out, cap, "%s", lk_status_what(status));
}

static json_t *result(struct car *car, const struct lk_outcome *outcome, enum lk_status status,
                      uint64_t us)
{
    char line[256], id[2 * LK_KEY_ID_LEN + 1];
    car_line(outcome, status, line, sizeof line);
    json_t *answer = local_answer(status);
    json_object_set_new(answer, "car_says", json_string(line));
    json_object_set_new(answer, "car_state", json_string(car_state_text(car)));
    json_object_set_new(answer, "fast", json_boolean(outcome->was_fast));
    json_object_set_new(answer, "speed_limit_kmh", json_integer(car->model.speed_limit_kmh));
    json_object_set_new(answer, "trunk_open", json_boolean(car->model.is_trunk_open));
    json_object_set_new(answer, "link_ms", json_real((double)us / 1000.0));
    if (outcome->detail != LK_OK && outcome->detail != status)
        json_object_set_new(answer, "detail", json_string(lk_status_name(outcome->detail)));
    if (outcome->has_key)
        json_object_set_new(answer, "key",
                            json_string(cli_hex(outcome->key_id, LK_KEY_ID_LEN, id)));
    return answer;
}

/* "expect": wait for a phone at a reader, run what is asked, report. */
static void expect(struct car *car, int client, json_t *question)
{
    const char *at = json_string_value(json_object_get(question, "reader"));
    const char *what = json_string_value(json_object_get(question, "action"));
    enum lk_reader reader = at && strcmp(at, "door") == 0 ? LK_READER_DOOR : LK_READER_DASHBOARD;
    struct lk_outcome outcome = {.verdict = LK_DENY, .status = LK_INTERNAL, .detail = LK_OK};
    int is_pairing = what && strcmp(what, "pair") == 0;
    if (!what || !local_send_json(client, car_reader_invite(car, reader)))
        return;
    enum lk_status status = car_reader_wait(car, reader, client);
    uint64_t from = cli_now_us();
    if (status == LK_OK) {
        if (is_pairing)
            status = run_pairing(car, reader, &outcome);
        else
            run_tap(car, reader, action_of(car, reader, what), &outcome);
    }
    uint64_t link_us = cli_now_us() - from;
    if (status == LK_OK && !is_pairing)
        status = actuate(car, &outcome);
    char line[256];
    car_line(&outcome, status, line, sizeof line);
    record_outcome(&car->record, place(reader), status, line);
    json_t *answer = result(car, &outcome, status, link_us);
    car_reader_leave(car, reader);
    local_send_json(client, answer);
}

static void serve(struct car *car, int client)
{
    json_t *question = local_receive_json(client, 2000);
    const char *what = json_string_value(json_object_get(question, "do"));
    if (what && strcmp(what, "expect") == 0)
        expect(car, client, question);
    else if (what && strcmp(what, "stop") == 0) {
        car_stop_asked = 1;
        local_send_json(client, local_answer(LK_OK));
    } else
        local_send_json(client, car_menu_answer(car, question));
    json_decref(question);
    close(client);
}

static void loop(struct car *car)
{
    while (!car_stop_asked) {
        struct pollfd wait_for = {car->control, POLLIN, 0};
        int ready = poll(&wait_for, 1, 250);
        lk_vehicle_tick(&car->vehicle, cli_now_ms());
        if (ready <= 0)
            continue;
        int client = accept(car->control, NULL, NULL);
        if (client >= 0)
            serve(car, client);
    }
}

int car_run(struct cli *cli)
{
    static struct car car;
    const char *name = cli_argument(cli, 0);
    int bad = local_enter_world(cli);
    if (!bad)
        bad = car_open(cli, &car, name);
    if (bad)
        return bad;
    if (record_open(&car.record, cli_value(cli, "trace", NULL), "car", name) != LK_OK)
        return cli_fail(cli, LK_CALLER_FILE, "cannot write the trace %s",
                        cli_value(cli, "trace", ""));
    bad = car_reader_open(cli, &car);
    char path[256];
    enum lk_status status =
        lk_posix_local_listen(local_path(name, "car", path, sizeof path), &car.control);
    if (!bad && status != LK_OK)
        bad = status == LK_PORT_BUSY ? cli_fail(cli, status, "the car %s runs already", name)
                                     : cli_fail(cli, status, "the socket %s cannot be made", path);
    if (!bad) {
        struct sigaction action = {.sa_handler = on_stop};
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
        if (!cli_flag(cli, "json"))
            printf("the car %s waits at its door and its dashboard (%s); stop it with Ctrl-C\n",
                   name, car.radio);
        fflush(stdout);
        loop(&car);
        unlink(path);
    }
    car_reader_close(&car);
    car_close(&car);
    return bad;
}
