/* bench.c: the goals of docs/measurements.md as ratios. Ours and the reference run in turn, A B A
 * B, in one process and one thread; what is printed is the median of SAMPLES runs in CPU time, and
 * the minima. `bench [path of latchkey]`; the path is for P27. Exit status 1 if a goal is missed by
 * more than half. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "bench/reference.h"
#include "bench/world.h"
#include "crypto/crypto.h"

#define SAMPLES 9
#define SCAN_MAX 1000

static struct world world;
static int failures;

struct pair {
    double ours, reference, ours_min, reference_min;
};

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* `ours` gives the microseconds that count; the reference is timed as a whole. */
static struct pair measure(double (*ours)(int), void (*reference)(void), int rounds)
{
    double a[SAMPLES], b[SAMPLES];
    struct pair out;

    ours(1);
    reference();
    for (int i = 0; i < SAMPLES; i++) {
        a[i] = ours(rounds) / rounds;
        double start = now_us();
        for (int k = 0; k < rounds; k++)
            reference();
        b[i] = (now_us() - start) / rounds;
    }
    qsort(a, SAMPLES, sizeof(a[0]), by_value);
    qsort(b, SAMPLES, sizeof(b[0]), by_value);
    out.ours = a[SAMPLES / 2];
    out.reference = b[SAMPLES / 2];
    out.ours_min = a[0];
    out.reference_min = b[0];
    return out;
}

static void judge(const char *row, const char *what, double ratio, double goal, int at_least,
                  const struct pair *pair)
{
    int good = at_least ? ratio >= goal : ratio <= goal;
    int far = at_least ? ratio < goal / 1.5 : ratio > goal * 1.5;

    printf("%s ratio=%.3f goal=%s%.2f %s ours=%.2fus reference=%.2fus min=%.2f/%.2f %s\n", row,
           ratio, at_least ? ">=" : "<=", goal, good ? "ok" : "missed", pair->ours,
           pair->reference, pair->ours_min, pair->reference_min, what);
    fflush(stdout);
    failures += far;
}

static void at_most(const char *row, const char *what, double goal, const struct pair *pair)
{
    judge(row, what, pair->ours / pair->reference, goal, 0, pair);
}

static void need(enum lk_status status, const char *where)
{
    if (status == LK_OK)
        return;
    fprintf(stderr, "bench: %s: %s (%s)\n", where, lk_status_name(status), lk_status_what(status));
    exit(1);
}

/* --- whole transactions --- */

static double standard(int rounds)
{
    double sum = 0;
    for (int i = 0; i < rounds; i++) {
        need(world_tap(&world, LK_READER_DOOR, LK_ACTION_UNLOCK), "standard");
        sum += world.car_us + world.phone_us;
    }
    return sum;
}

static double decide(int rounds)
{
    double sum = 0;
    for (int i = 0; i < rounds; i++) {
        need(world_tap(&world, LK_READER_DOOR, LK_ACTION_UNLOCK), "standard");
        sum += world.decide_us;
    }
    return sum;
}

static size_t air_bytes(size_t num_apdus)
{
    /* Blocks of ISO 14443-4 with 3 bytes of frame each, both ways (performance model). */
    return world.to_phone + world.from_phone + 2 * 3 * num_apdus;
}

static void bytes(const char *row, const char *what, size_t ours, size_t goal)
{
    printf("%s bytes=%zu goal<=%zu %s %s\n", row, ours, goal, ours <= goal ? "ok" : "missed", what);
    failures += ours > goal + goal / 2;
}

static void run_transactions(void)
{
    world.vehicle_config.door.fast = 0;
    struct pair pair = measure(standard, reference_standard, 100);
    at_most("P1", "standard transaction, both sides, store in RAM", 1.15, &pair);
    pair = measure(decide, reference_decide, 100);
    at_most("P2", "car: from the answer of AUTH1 to the decision", 1.25, &pair);
    need(world_tap(&world, LK_READER_DOOR, LK_ACTION_UNLOCK), "standard");
    bytes("P10", "standard with both mailbox windows, on the air", air_bytes(4), 396 + 32);
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        world.applet.endpoints[i].confidential_window_len = 0;
        world.applet.endpoints[i].private_window_len = 0;
    }
    need(world_tap(&world, LK_READER_DOOR, LK_ACTION_UNLOCK), "standard");
    bytes("P10", "standard, on the air", air_bytes(4), 396);
    world.vehicle_config.door.fast = lk_policy_door.fast;
    need(world_tap(&world, LK_READER_DOOR, LK_ACTION_UNLOCK), "fast");
    if (!world.tap.outcome.was_fast) {
        fprintf(stderr, "bench: the fast tap was not fast\n");
        failures++;
    }
    bytes("P10", "fast, on the air", air_bytes(3), 246);
}

/* --- fast and its search --- */

static struct lk_fast_key table[SCAN_MAX];
static uint8_t points[4][LK_POINT_LEN];
static uint8_t vehicle_id[8], transaction_id[16], versions[2] = {1, 0};
static struct lk_persistent persistent;
static uint8_t wanted[16];
static size_t scan_size, scan_calls;

static struct lk_fast_info fast_info(void)
{
    return (struct lk_fast_info){points[0],
                                 vehicle_id,
                                 {versions, 2},
                                 {points[1], points[2], transaction_id, 0x5e, 1, 1, {1, 0}}};
}

static void make_table(void)
{
    const struct lk_fast_info info = fast_info();
    struct lk_session_keys keys;

    for (size_t i = 0; i < 4; i++)
        memcpy(points[i], world.ca.automaker.public_key, LK_POINT_LEN);
    for (size_t i = 0; i < SCAN_MAX; i++) {
        memset(persistent.key, 0x11, sizeof(persistent.key));
        persistent.key[0] = (uint8_t)i;
        persistent.key[1] = (uint8_t)(i >> 8);
        need(lk_fast_key_make(&world.car.crypto, &persistent, points[3], &table[i]), "table");
    }
    need(lk_fast_derive(&world.car.crypto, &persistent, points[3], &info, wanted, &keys), "fast");
}

/* Puts the wanted key at `at`; SCAN_MAX or more: nowhere. */
static void place(size_t at)
{
    persistent.key[0] = 0xfe;
    persistent.key[1] = 0xfe;
    const struct lk_fast_info info = fast_info();
    struct lk_session_keys keys;

    make_table();
    persistent.key[0] = 0xfe;
    persistent.key[1] = 0xfe;
    need(lk_fast_derive(&world.car.crypto, &persistent, points[3], &info, wanted, &keys), "fast");
    if (at < SCAN_MAX)
        need(lk_fast_key_make(&world.car.crypto, &persistent, points[3], &table[at]), "place");
}

static double device_fast(int rounds)
{
    const struct lk_fast_info info = fast_info();
    struct lk_session_keys keys;
    uint8_t cryptogram[16];
    double start = now_us();

    for (int i = 0; i < rounds; i++)
        (void)lk_fast_derive(&world.element.crypto, &persistent, points[3], &info, cryptogram,
                             &keys);
    return now_us() - start;
}

static double scan(int rounds)
{
    const struct lk_fast_info info = fast_info();
    size_t index = 0;
    uint32_t mask = 0;
    double start = now_us();

    for (int i = 0; i < rounds; i++)
        (void)lk_fast_scan(&world.car.crypto, table, sizeof(table[0]), scan_size, &info, wanted,
                           &index, &mask);
    scan_calls += mask != 0;
    return now_us() - start;
}

static void hkdf_each(void)
{
    for (size_t i = 0; i < scan_size; i++)
        reference_hkdf();
}

/* Medians of many scans, the three cases in turn. */
static void run_spread(void)
{
    enum { CASES = 3, RUNS = 401 };
    static const size_t at[CASES] = {0, 99, SCAN_MAX};
    static const char *const names[CASES] = {"first", "last", "miss"};
    static double times[CASES][RUNS];
    double low = 1e9, high = 0;

    scan_size = 100;
    for (int round = 0; round < RUNS; round++) {
        for (int i = 0; i < CASES; i++) {
            size_t here = (size_t)(round + i) % CASES;
            if (round % 20 == 0 || i > 0 || round > 0)
                place(at[here]);
            (void)scan(2);
            times[here][round] = scan(20) / 20;
        }
    }
    for (int i = 0; i < CASES; i++) {
        qsort(times[i], RUNS, sizeof(double), by_value);
        double median = times[i][RUNS / 2];
        low = median < low ? median : low;
        high = median > high ? median : high;
        printf("P6 %s median=%.3fus\n", names[i], median);
    }
    printf("P6 spread=%.2f%% goal<=1.00%% %s first, last and no key of 100\n",
           100 * (high - low) / low, high - low <= 0.01 * low ? "ok" : "missed");
}

static void run_fast(void)
{
    static const size_t sizes[] = {10, 100, 1000};
    struct lk_crypto_port *port = lk_openssl_port(world.car.provider);
    int has_sha = port->sha256_compress != NULL;

    place(0);
    struct pair pair = measure(device_fast, reference_fast, 2000);
    at_most("P3", "fast, one side, key pair ready", 1.0, &pair);
    for (size_t i = 0; i < 3; i++) {
        scan_size = sizes[i];
        place(scan_size - 1);
        pair = measure(scan, hkdf_each, (int)(2000 / scan_size));
        printf("N=%zu ", scan_size);
        judge("P4", has_sha ? "key search, SHA instructions" : "key search, portable C",
              pair.reference / pair.ours, has_sha ? 10 : 2, 1, &pair);
    }
    run_spread();
    struct lk_crypto_port saved = *port;
    port->sha256_compress = NULL;
    port->sha256_compress_x2 = NULL;
    scan_size = 1000;
    place(scan_size - 1);
    pair = measure(scan, hkdf_each, 2);
    *port = saved;
    printf("N=1000 ");
    judge("P5", "key search, portable C", pair.reference / pair.ours, 2, 1, &pair);
}

/* --- certificates and pairing --- */

static double chain(int rounds)
{
    static const struct lk_date no_clock;
    struct lk_cert f, e, h;
    double start = now_us();

    for (int i = 0; i < rounds; i++)
        need(lk_chain_check_endpoint(&world.car.crypto, world.ca.automaker.public_key,
                                     test_ca_bytes(&world.ca.f), test_ca_bytes(&world.ca.e),
                                     test_ca_bytes(&world.ca.h), &no_clock, &f, &e, &h),
             "chain");
    return now_us() - start;
}

/* The same three certificates through the library's own reader and path builder. */
static X509 *x509_of(struct lk_bytes der)
{
    const unsigned char *at = der.at;
    return d2i_X509(NULL, &at, (long)der.len);
}

static void chain_by_x509(void)
{
    static X509_STORE *store;
    X509 *h = x509_of(test_ca_bytes(&world.ca.h));
    STACK_OF(X509) *above = sk_X509_new_null();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    if (!store) {
        X509 *root = x509_of(test_ca_bytes(&world.ca.j));

        store = X509_STORE_new();
        X509_STORE_add_cert(store, root);
        X509_STORE_set_flags(store, X509_V_FLAG_IGNORE_CRITICAL);
        X509_free(root);
    }
    sk_X509_push(above, x509_of(test_ca_bytes(&world.ca.e)));
    sk_X509_push(above, x509_of(test_ca_bytes(&world.ca.f)));
    X509_STORE_CTX_init(ctx, store, h, above);
    if (X509_verify_cert(ctx) != 1)
        need(LK_INTERNAL, "X509_verify_cert");
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(above, X509_free);
    X509_free(h);
}

static void three_verifies(void)
{
    for (int i = 0; i < 3; i++)
        reference_verify();
}

/* The car's floor: SPAKE2+, a chain of three, the signature of 5F5A, one side of a standard
 * transaction. Timed right after a scrypt, as the car's part is: caches and heap are as cold. */
static double pairing_floor(void)
{
    static const uint8_t salt[16] = {7};
    uint8_t out[80];

    need(world.scrypt.derive(world.scrypt.ctx, (struct lk_bytes){salt, 8}, salt, 32768, 8, 1, out),
         "scrypt");
    double start = now_us();
    reference_spake2();
    three_verifies();
    reference_sign();
    reference_standard();
    double both = now_us() - start;
    start = now_us();
    for (int k = 0; k < 20; k++)
        reference_standard();
    return both - (now_us() - start) / 40; /* one side of it */
}

static double pairing_car;
static double pairing_phone[SAMPLES], pairing_scrypt[SAMPLES];

static void run_pairing(void)
{
    double cars[SAMPLES], floors[SAMPLES];

    for (int i = 0; i < SAMPLES; i++) {
        world_forget(&world);
        need(world_make(&world), "world");
        need(world_pair(&world), "pairing");
        cars[i] = world.car_us;
        pairing_phone[i] = world.phone_us;
        pairing_scrypt[i] = world.scrypt_us;
        floors[i] = pairing_floor();
    }
    qsort(cars, SAMPLES, sizeof(double), by_value);
    qsort(floors, SAMPLES, sizeof(double), by_value);
    qsort(pairing_phone, SAMPLES, sizeof(double), by_value);
    qsort(pairing_scrypt, SAMPLES, sizeof(double), by_value);
    pairing_car = cars[SAMPLES / 2];
    struct pair phone = {pairing_phone[SAMPLES / 2], pairing_scrypt[SAMPLES / 2], pairing_phone[0],
                         pairing_scrypt[0]};
    struct pair car = {pairing_car, floors[SAMPLES / 2], cars[0], floors[0]};
    at_most("P8", "pairing, phone and element, against scrypt alone", 1.03, &phone);
    at_most("P8", "pairing, car, against SPAKE2+, chain, 5F5A and one standard side", 1.2, &car);
}

/* --- sharing --- */

/* One verification more than one side of a standard transaction; timed once, right after a sharing,
 * as the car's part is: caches and heap are as cold. */
static double first_tap_floor(void)
{
    double start = now_us();
    reference_standard();
    reference_verify();
    double both = now_us() - start;
    start = now_us();
    for (int k = 0; k < 20; k++)
        reference_standard();
    return both - (now_us() - start) / 40;
}

static void run_friend(void)
{
    static struct world phone;
    double cars[SAMPLES], floors[SAMPLES];

    need(world_friend_make(&world, &phone), "friend's phone");
    for (int i = 0; i < 2 * SAMPLES; i++) {
        if (i % 8 == 0) /* every sharing takes a slot */
            need(world_tap(&world, LK_READER_DASHBOARD, LK_ACTION_MAINTAIN), "slots");
        need(world_share(&world, &phone), "sharing");
        if (i % 2 == 0)
            floors[i / 2] = first_tap_floor();
        need(world_first_tap(&world, &phone), "first tap");
        if (i % 2 == 1)
            cars[i / 2] = world.car_us;
    }
    qsort(cars, SAMPLES, sizeof(double), by_value);
    qsort(floors, SAMPLES, sizeof(double), by_value);
    struct pair car = {cars[SAMPLES / 2], floors[SAMPLES / 2], cars[0], floors[0]};
    at_most("F1", "friend's first tap, car, against one standard side and one verification", 1.2,
            &car);
    bytes("F2", "friend's first tap, on the air", air_bytes(7), 1558);
    world_friend_forget(&phone);
}

/* --- the command --- */

static double wall_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

/* Microseconds to the first byte on stdout, or to the end with `whole`. Negative: it failed. */
static double run_command(const char *program, const char *word, const char *verb, int whole)
{
    int ends[2];
    char bytes[4096];
    int status = 0;

    if (pipe(ends) != 0)
        return -1;
    double start = wall_us();
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, word, verb, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], bytes, sizeof(bytes));
    double first = wall_us() - start;
    while (got > 0)
        got = read(ends[0], bytes, sizeof(bytes));
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
        return -1;
    return whole ? wall_us() - start : first;
}

static void run_program(const char *program)
{
    double first[SAMPLES], demo[3];

    if (access(program, X_OK) != 0) {
        printf("P27 skipped: no program at %s\n", program);
        return;
    }
    for (int i = 0; i < SAMPLES; i++)
        first[i] = run_command(program, "--help", NULL, 0);
    qsort(first, SAMPLES, sizeof(double), by_value);
    printf("P27 first output=%.2fms goal<=10.00ms %s latchkey --help\n", first[SAMPLES / 2] / 1e3,
           first[0] >= 0 && first[SAMPLES / 2] <= 10e3 ? "ok" : "missed");
    for (int i = 0; i < 3; i++)
        demo[i] = run_command(program, "demo", "share", 1);
    qsort(demo, 3, sizeof(double), by_value);
    /* Two pairings, each with one at the maker of the password and one in the phone. */
    double net = demo[1] - 4 * pairing_scrypt[SAMPLES / 2];
    printf("P27 demo=%.0fms without scrypt=%.0fms goal<=1000ms %s latchkey demo share\n",
           demo[1] / 1e3, net / 1e3, demo[0] >= 0 && net <= 1e6 ? "ok" : "missed");
}

int main(int argc, char **argv)
{
    if (!reference_open()) {
        fprintf(stderr, "bench: OpenSSL does not give the reference\n");
        return 1;
    }
    need(world_make(&world), "world");
    need(world_pair(&world), "pairing");
    run_transactions();
    run_fast();
    run_friend();
    if (argc > 1 && strcmp(argv[1], "quick") == 0)
        return failures != 0;
    struct pair pair = measure(chain, three_verifies, 50);
    at_most("P7", "certificate chain of three against three verifies", 1.1, &pair);
    struct pair other = measure(chain, chain_by_x509, 20);
    judge("P7", "certificate chain of three, times faster than X509_verify_cert",
          other.reference / other.ours, 3, 1, &other);
    run_pairing();
    run_program(argc > 1 ? argv[1] : "build/latchkey");
    world_forget(&world);
    reference_close();
    return failures != 0;
}
