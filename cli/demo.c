/* demo.c: one scripted day. Starts a car process and a phone (element and host processes) of a new
 * world in a temporary folder and drives them with this program's own commands, as a person would.
 * Each step says what it expects; a refusal is good when it came with the expected status. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"
#include "pcscd.h"

/* The number of the signal that ends the day early. */
static volatile sig_atomic_t interrupted;
static void on_signal(int number)
{
    interrupted = number;
}

/* Runs this program with `words` (NULL-terminated), collects stdout and stderr. Exit code, or -1.
 */
static int run(const struct cli *cli, const char *const *words, char *out, size_t cap)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        const char *argv[24] = {cli->program};
        size_t n = 1;
        for (; *words && n < 23; words++)
            argv[n++] = *words;
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        execv(cli->program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(ends[1]);
    size_t have = 0;
    for (;;) {
        struct pollfd wait_for = {ends[0], POLLIN, 0};
        if (poll(&wait_for, 1, 30000) <= 0) {
            kill(child, SIGKILL);
            break;
        }
        ssize_t got = read(ends[0], out + have, cap - 1 - have);
        if (got <= 0)
            break;
        have += (size_t)got;
        if (have == cap - 1)
            break;
    }
    out[have] = 0;
    close(ends[0]);
    int state = 0;
    waitpid(child, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

/* The last line of `text` that is a JSON object. */
static json_t *last_object(char *text)
{
    json_t *object = NULL;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (line[0] != '{')
            continue;
        json_decref(object);
        object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    }
    return object;
}

static pid_t start(const struct cli *cli, const char *const *words, const char *log)
{
    pid_t parent = getpid(), child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* even a demo that is killed leaves nobody behind */
    if (getppid() != parent)
        _exit(0);
    const char *argv[16] = {cli->program};
    size_t n = 1;
    for (; *words && n < 15; words++)
        argv[n++] = *words;
    int null = open("/dev/null", O_RDONLY), to = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(null, 0);
    dup2(to, 1);
    dup2(to, 2);
    setpgid(0, 0);
    execv(cli->program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

void demo_say(const struct demo *demo, const char *text)
{
    if (!demo->is_json)
        printf("%s\n", text);
    fflush(stdout);
}

/* Does the answer carry what the step expects? */
static int is_expected(const struct demo_step *step, int code, json_t *answer)
{
    enum lk_status want = step->expect;
    if (code != lk_status_exit_code(want) || !answer)
        return 0;
    const char *status = json_string_value(json_object_get(answer, "status"));
    if (!status || strcmp(status, lk_status_name(want)) != 0)
        return 0;
    if (step->fast >= 0 && json_is_true(json_object_get(answer, "fast")) != step->fast)
        return 0;
    json_t *speed = json_object_get(answer, "speed_limit_kmh");
    if (step->speed_limit_kmh && json_integer_value(speed) != step->speed_limit_kmh)
        return 0;
    const char *state = json_string_value(json_object_get(answer, "car_state"));
    return !step->car_state || (state && strcmp(state, step->car_state) == 0);
}

/* Copies these members of the answer into the step's line. */
static void copy_members(json_t *to, json_t *answer)
{
    static const char *const names[] = {"car_state", "fast", "link_ms", "speed_limit_kmh"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_object_get(answer, names[i]))
            json_object_set(to, names[i], json_object_get(answer, names[i]));
}

static void show(const struct demo *demo, const struct demo_step *step, int ok, double ms,
                 json_t *answer)
{
    const char *status = answer ? json_string_value(json_object_get(answer, "status")) : NULL;
    const char *state = answer ? json_string_value(json_object_get(answer, "car_state")) : NULL;
    if (demo->is_json) {
        json_t *object = json_pack("{s:s, s:b, s:f}", "step", step->name, "ok", ok, "ms", ms);
        if (status)
            json_object_set_new(object, "status", json_string(status));
        copy_members(object, answer);
        cli_print_json(object);
        return;
    }
    json_t *link = answer ? json_object_get(answer, "link_ms") : NULL;
    printf("  %s %-26s %7.1f ms", ok ? "ok  " : "FAIL", step->name,
           json_is_number(link) ? json_number_value(link) : ms);
    if (state)
        printf("   car: %s", state);
    printf("\n");
    const char *car = answer ? json_string_value(json_object_get(answer, "car_says")) : NULL;
    const char *phone = answer ? json_string_value(json_object_get(answer, "phone_says")) : NULL;
    if (car)
        printf("       the car:   %s\n", car);
    if (phone)
        printf("       the phone: %s\n", phone);
    fflush(stdout);
}

/* What stands for a word of a step; `space` takes the path of a file. */
static const char *resolve(const struct demo *demo, const char *word, char space[300])
{
    if (strcmp(word, "@") == 0)
        return demo->password;
    if (strcmp(word, "@link") == 0)
        return demo->link;
    if (strcmp(word, "@key") == 0)
        return demo->key;
    if (strncmp(word, "@/", 2) != 0)
        return word;
    snprintf(space, 300, "%s/%.60s", demo->folder, word + 2);
    return space;
}

/* Later steps speak of what an answer said. */
static void remember(struct demo *demo, json_t *answer)
{
    const char *link = json_string_value(json_object_get(answer, "link"));
    const char *key = json_string_value(json_object_get(answer, "key"));
    if (link)
        snprintf(demo->link, sizeof demo->link, "%s", link);
    if (key)
        snprintf(demo->key, sizeof demo->key, "%s", key);
}

int demo_step(struct demo *demo, const struct demo_step *step)
{
    char out[16384], raw[16384];
    if (step->story)
        demo_say(demo, step->story);
    uint64_t from = cli_now_us();
    const char *words[24];
    char paths[20][300];
    size_t n = 0;
    for (; n < 20 && step->words[n]; n++)
        words[n] = resolve(demo, step->words[n], paths[n]);
    words[n++] = "--json";
    words[n++] = "--world";
    words[n++] = demo->world;
    words[n] = NULL;
    int code = run(demo->cli, words, out, sizeof out);
    double ms = (double)(cli_now_us() - from) / 1000.0;
    memcpy(raw, out, sizeof raw);
    json_t *answer = last_object(out);
    remember(demo, answer);
    int ok = is_expected(step, code, answer);
    if (!interrupted)
        show(demo, step, ok, ms, answer);
    if (!ok && !interrupted) {
        demo->num_failed++;
        fprintf(stderr, "latchkey demo: step %s: expected %s, got exit code %d and:\n%s\n",
                step->name, lk_status_name(step->expect), code, raw);
    }
    json_decref(answer);
    return ok;
}

/* Starts one long-running part, NAME in "GROUP run NAME", and waits until `probe` answers. */
static int bring_up(struct demo *demo, const char *const *words, const char *const *probe,
                    const char *log)
{
    char out[8192];
    if (demo->num_children == DEMO_CHILDREN_MAX)
        return 0;
    demo->children[demo->num_children].name = words[2];
    demo->children[demo->num_children++].pid = start(demo->cli, words, log);
    for (int i = 0; i < 200 && !interrupted; i++) {
        if (run(demo->cli, probe, out, sizeof out) == 0)
            return 1;
        if (waitpid(demo->children[demo->num_children - 1].pid, NULL, WNOHANG) != 0)
            break;
        usleep(10000);
    }
    if (!interrupted)
        fprintf(stderr, "latchkey demo: \"%s %s %s\" did not come up; its log is %s\n", words[0],
            words[1], words[2] ? words[2] : "", log);
    return 0;
}

int demo_start_car(struct demo *demo, const char *car)
{
    char log[4200];
    snprintf(log, sizeof log, "%s/run/%s.log", demo->world, car);
    const char *words[] = {"car",       "run",     car,         "--world",  demo->world,  "--radio",
                           demo->radio, "--trace", demo->trace, "--crypto", demo->crypto, NULL};
    const char *probe[] = {"car", "status", car, "--world", demo->world, "--json", NULL};
    return bring_up(demo, words, probe, log);
}

int demo_start_phone(struct demo *demo, const char *phone)
{
    char log[4200];
    snprintf(log, sizeof log, "%s/run/%s.log", demo->world, phone);
    const char *words[] = {"phone",   "run",       phone,      "--world",    demo->world,
                           "--trace", demo->trace, "--crypto", demo->crypto, NULL};
    const char *probe[] = {"phone", "list", phone, "--world", demo->world, "--json", NULL};
    return bring_up(demo, words, probe, log);
}

void demo_stop(struct demo *demo, const char *name)
{
    for (int i = demo->num_children - 1; i >= 0; i--)
        if (!name || strcmp(demo->children[i].name, name) == 0) {
            cli_stop(demo->children[i].pid, 2000);
            demo->children[i] = demo->children[--demo->num_children];
        }
}

/* The day itself. Times in the second column are of the conversation, not of starting programs. */
static const struct demo_step day[] = {
    {"pair_at_door_refused",
     "Alice holds her new car's password. She tries the door handle first: pairing is "
     "only possible on the dashboard.",
     {"phone", "pair", "alice", "--car", "roadster", "--password", "@", "--reader", "door"},
     LK_PAIRING_READER,
     -1,
     NULL,
     0},
    {"wrong_password_refused",
     "On the dashboard, with a mistyped password. The car and the phone each prove that "
     "they know it, so both notice.",
     {"phone", "pair", "alice", "--car", "roadster", "--password", "00000000"},
     LK_PEER_EVIDENCE,
     -1,
     NULL,
     0},
    {"pair",
     "Now the right one. Phone and car agree on keys from it (SPAKE2+), the car shows its "
     "certificate, the "
     "element makes a key of its own, the car checks where it was made, and one mutual transaction "
     "seals it.",
     {"phone", "pair", "alice", "--car", "roadster", "--password", "@"},
     LK_OK,
     -1,
     NULL,
     0},
    {"unlock_fast",
     "Evening: the door handle. One short exchange, no public-key work on the way.",
     {"tap", "--phone", "alice", "--car", "roadster", "--reader", "door", "--action", "unlock"},
     LK_OK,
     1,
     "unlocked",
     0},
    {"start_at_door_refused",
     "The engine never starts from outside.",
     {"tap", "--phone", "alice", "--car", "roadster", "--reader", "door", "--action", "start"},
     LK_TAP_NOT_ALLOWED,
     -1,
     "unlocked",
     0},
    {"start_standard",
     "Phone on the tray: both sides sign, fresh keys are made, the car is ready to drive.",
     {"tap", "--phone", "alice", "--car", "roadster", "--reader", "dashboard", "--action", "start"},
     LK_OK,
     0,
     "ready to drive",
     0},
    {"park", NULL, {"car", "menu", "roadster", "park"}, LK_OK, -1, "unlocked", 0},
    {"lock_fast",
     "Home again.",
     {"tap", "--phone", "alice", "--car", "roadster", "--reader", "door", "--action", "lock"},
     LK_OK,
     1,
     "locked",
     0},
    {"wrong_car_refused",
     "A neighbour's car of the same make. The phone answers like any phone would, and tells "
     "it nothing.",
     {"tap", "--phone", "alice", "--car", "coupe", "--reader", "door", "--action", "unlock"},
     LK_TAP_WRONG_CAR,
     -1,
     "locked",
     0},
    {"express_off",
     "Alice turns Express Mode off: from now on every tap wants her first.",
     {"phone", "express", "alice", "off"},
     LK_OK,
     -1,
     NULL,
     0},
    {"unlock_needs_user_refused",
     NULL,
     {"tap", "--phone", "alice", "--car", "roadster", "--reader", "door", "--action", "unlock"},
     LK_PEER_UNAVAILABLE,
     -1,
     "locked",
     0},
    {"user_authenticates", NULL, {"phone", "authenticate", "alice"}, LK_OK, -1, NULL, 0},
    {"unlock_after_user",
     "Her face or code is good for one tap.",
     {"tap", "--phone", "alice", "--car", "roadster", "--reader", "door", "--action", "unlock"},
     LK_OK,
     -1,
     "unlocked",
     0},
    {"express_on", NULL, {"phone", "express", "alice", "on"}, LK_OK, -1, NULL, 0},
    {"remove_key",
     "She removes the key from her phone. No server and no car is asked.",
     {"phone", "remove", "alice", "1"},
     LK_OK,
     -1,
     NULL,
     0},
    {"removed_key_refused",
     "The very next tap fails.",
     {"tap", "--phone", "alice", "--car", "roadster", "--reader", "door", "--action", "lock"},
     LK_TAP_WRONG_CAR,
     -1,
     "unlocked",
     0},
};

int demo_mint(struct demo *demo, const char *car)
{
    char out[4096];
    const char *words[] = {"verifier", "new", "--car", car, "--world", demo->world, "--json", NULL};
    if (run(demo->cli, words, out, sizeof out) != 0) {
        if (!interrupted)
            fprintf(stderr, "latchkey demo: verifier: %s\n", out);
        return 0;
    }
    json_t *answer = last_object(out);
    const char *password = json_string_value(json_object_get(answer, "password"));
    snprintf(demo->password, sizeof demo->password, "%s", password ? password : "");
    json_decref(answer);
    return strlen(demo->password) == 8;
}

void demo_play(struct demo *demo, const struct demo_step *steps, size_t num)
{
    for (size_t i = 0; i < num && !interrupted; i++)
        demo_step(demo, &steps[i]);
}

static int prepare(struct demo *demo)
{
    static const struct demo_step make = {
        "world",
        "A world: two automakers, two device makers, cross-signed; three "
        "cars, two phones and a watch. Everything stays on this machine.",
        {"world", "new"},
        LK_OK,
        -1,
        NULL,
        0};
    if (!demo_step(demo, &make) || !demo_mint(demo, "roadster"))
        return 0;
    demo_say(demo,
             "The roadster and the coupe wake up; Alice's phone starts its secure element and its "
             "host.");
    if (!demo_start_car(demo, "roadster") || !demo_start_car(demo, "coupe") ||
        !demo_start_phone(demo, "alice"))
        return 0;
    static const struct demo_step menu = {"open_pairing",
                                          "In the car menu, the owner opens pairing mode.",
                                          {"car", "menu", "roadster", "open-pairing"},
                                          LK_OK,
                                          -1,
                                          NULL,
                                          0};
    return demo_step(demo, &menu);
}

/* With --radio pcsc: a pcscd of our own. The exit code, 0 on success or when not needed. */
static int start_pcscd(struct demo *demo, const char *folder)
{
    char run_folder[256];
    int code = 0;
    if (strcmp(demo->radio, "pcsc") != 0)
        return 0;
    snprintf(run_folder, sizeof run_folder, "%s/pcscd", folder);
    chmod(folder, 0711);
    enum lk_status made = cli_make_folder(run_folder);
    if (made != LK_OK)
        return cli_fail_path(demo->cli, made, run_folder);
    demo->pcscd = pcscd_start(demo->cli, run_folder, &code);
    return code;
}

static int tell_day(struct demo *demo)
{
    int good = prepare(demo);
    if (good)
        demo_play(demo, day, sizeof day / sizeof day[0]);
    return good;
}

int demo_run(struct cli *cli)
{
    return demo_tell(cli, tell_day);
}

static void conclude(const struct demo *demo, int good, int bad, double seconds)
{
    if (!demo->is_json && !interrupted && !bad)
        printf("\n%s in %.1f s. No server and no network took part.\n",
               good ? "All as expected" : "NOT as expected", seconds);
    if (cli_flag(demo->cli, "keep"))
        fprintf(demo->is_json ? stderr : stdout, "kept: %s (latchkey trace explain %s)\n",
                demo->folder, demo->trace);
    else if (!bad || interrupted) /* else the log that was named is in it */
        cli_remove_tree(demo->folder);
}

int demo_tell(struct cli *cli, int (*tell)(struct demo *demo))
{
    const char *tmp = getenv("TMPDIR");
    char folder[200], world[256], trace[256];
    struct demo demo = {.cli = cli,
                        .is_json = cli_flag(cli, "json"),
                        .radio = cli_value(cli, "radio", "tcp"),
                        .crypto = cli_value(cli, "crypto", "openssl")};
    if (!tmp || *tmp != '/' || strlen(tmp) > 60)
        tmp = "/tmp";
    snprintf(folder, sizeof folder, "%s/latchkey-demo-XXXXXX", tmp);
    if (!mkdtemp(folder))
        return cli_fail(cli, LK_CALLER_FILE, "cannot make a folder in %s", tmp);
    snprintf(world, sizeof world, "%s/world", folder);
    snprintf(trace, sizeof trace, "%s/trace.jsonl", folder);
    demo.folder = folder;
    demo.world = world;
    demo.trace = cli_value(cli, "trace", trace);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    demo_say(&demo, "Each step: ok if it came out as it should, its name, and how long phone and "
                    "car talked.\n");
    uint64_t from = cli_now_us();
    int bad = start_pcscd(&demo, folder), good = !bad && tell(&demo);
    demo_stop(&demo, NULL);
    cli_stop(demo.pcscd, PCSCD_STOP_MS);
    good = good && !demo.num_failed;
    conclude(&demo, good, bad, (double)(cli_now_us() - from) / 1e6);
    if (interrupted)
        return 128 + interrupted;
    return good ? 0 : bad ? bad : 1;
}
