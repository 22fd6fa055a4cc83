/* test_observer.c: what somebody learns who records every byte on the air: nothing that tells one
 * key from another (M108, FA3), and never the fast secret (M110). Every random number of the
 * statistics comes from fixed seeds: a run is the same each time. */
#include "support/crypto_fixture.h"

#include <math.h>
#include <stdlib.h>

#include "support/applet_fixture.h"
#include "support/vehicle_fixture.h"

#define WIDTH_MAX 400
#define NUM_PHONES 2

/* One phone's transactions as the observer has them, each of `width` bytes, `num` rows. */
struct record {
    uint8_t *rows; /* owned, WIDTH_MAX apart */
    size_t num, width;
};

static struct lk_bearssl provider; /* its signatures are deterministic (RFC 6979) */
static struct test_spy seeded;
static struct test_applet phone[NUM_PHONES];

/* The next private key of a phone's ephemeral pair, out of `nonces` that come round again; 0: the
 * generator's. */
static void choose_ephemeral(struct test_applet *t, unsigned nonces, size_t run)
{
    uint8_t scalar[32];

    memset(scalar, (int)(1 + run % (nonces + 1)), sizeof scalar);
    if (nonces > 0)
        test_spy_queue(&t->spy, scalar);
}

/* Two phones with a key each for one car. */
static void begin(void)
{
    static const uint8_t store_key[32] = {0x33};

    static uint32_t seed = 108;

    assert_int_equal(lk_bearssl_init(&provider, fixed_entropy, &seed, store_key), LK_OK);
    test_spy_init(&seeded, &provider.port);
    seeded.seed = 0x20260708;
    for (unsigned i = 0; i < NUM_PHONES; i++) {
        struct test_applet *t = &phone[i];
        struct test_endpoint endpoint;

        assert_int_equal(test_applet_init_on(t, &seeded.port), LK_OK);
        if (i > 0)
            t->vehicle = phone[0].vehicle; /* one car: the handle serves both */
        assert_int_equal(test_applet_create_ca(t, i == 0 ? "TESTCA" : "OTHERCA"), 0x9000);
        test_endpoint_default(t, &endpoint);
        endpoint.endpoint_id[7] = t->endpoint_id[7] = (uint8_t)(1 + i);
        endpoint.slot[1] = (uint8_t)(0x11 * (i + 1));
        assert_int_equal(
            test_applet_create_endpoint(t, i == 0 ? "TESTCA" : "OTHERCA", &endpoint), 0x9000);
    }
}

static void end(struct record records[NUM_PHONES])
{
    for (unsigned i = 0; i < NUM_PHONES; i++) {
        test_applet_forget(&phone[i]);
        free(records[i].rows);
    }
    lk_bearssl_forget(&provider);
}

static void note(const struct test_applet *t, uint8_t *row, size_t *at)
{
    assert_true(*at + t->answer_len + 2 <= WIDTH_MAX);
    memcpy(row + *at, t->answer, t->answer_len + 2);
    *at += t->answer_len + 2;
}

/* Everything the phone says in one transaction; gives its length. */
static size_t one_run(struct test_applet *t, int fast, uint8_t *row)
{
    struct test_tap tap;
    size_t at = 0;

    test_tap_init(t, &tap, fast ? 1 : 0, 1);
    assert_int_equal(test_applet_select(t, LK_NFC), 0x9000);
    note(t, row, &at);
    assert_int_equal(test_tap_auth0_again(t, &tap), 0x9000);
    note(t, row, &at);
    if (!fast) {
        assert_int_equal(test_tap_auth1(t, &tap), 0x9000);
        note(t, row, &at);
    }
    assert_int_equal(test_tap_control(t, &tap, 1, 0), 0x9000);
    note(t, row, &at);
    test_tap_forget(t, &tap);
    return at;
}

/* `num` transactions of each phone. `nonces`: of the first phone's ephemeral keys. */
static void observe(int fast, size_t num, unsigned nonces, struct record records[NUM_PHONES])
{
    struct test_tap first;

    begin();
    for (unsigned i = 0; i < NUM_PHONES; i++) {
        struct record *record = &records[i];

        *record = (struct record){calloc(num, WIDTH_MAX), num, 0};
        assert_non_null(record->rows);
        assert_int_equal(test_tap_standard(&phone[i], &first, 1), 0x9000); /* makes it fast */
        test_tap_forget(&phone[i], &first);
        for (size_t k = 0; k < num; k++) {
            choose_ephemeral(&phone[i], i == 0 ? nonces : 0, k);
            size_t len = one_run(&phone[i], fast, record->rows + k * WIDTH_MAX);

            assert_true(k == 0 || len == record->width); /* one length for every run */
            record->width = len;
        }
    }
    assert_int_equal(records[0].width, records[1].width); /* and for both keys */
}

static const uint8_t *row_of(const struct record *record, size_t k)
{
    return record->rows + k * WIDTH_MAX;
}

/* Largest chi-square of one byte place between the two phones, 255 degrees of freedom. */
static double worst_place(const struct record records[NUM_PHONES])
{
    double worst = 0;

    for (size_t at = 0; at < records[0].width; at++) {
        static unsigned counts[256][NUM_PHONES];
        double sum = 0;

        memset(counts, 0, sizeof counts);
        for (unsigned i = 0; i < NUM_PHONES; i++)
            for (size_t k = 0; k < records[i].num; k++)
                counts[row_of(&records[i], k)[at]][i]++;
        for (unsigned value = 0; value < 256; value++) {
            double a = counts[value][0], b = counts[value][1];

            if (a + b > 0)
                sum += (a - b) * (a - b) / (a + b);
        }
        worst = sum > worst ? sum : worst;
    }
    return worst;
}

/* Naive Bayes over the byte places: learns from the first half, judges the second; share judged
 * rightly. */
static double classifier(const struct record records[NUM_PHONES])
{
    static unsigned counts[WIDTH_MAX][256][NUM_PHONES];
    size_t half = records[0].num / 2, right = 0;

    memset(counts, 0, sizeof counts);
    for (unsigned i = 0; i < NUM_PHONES; i++)
        for (size_t k = 0; k < half; k++)
            for (size_t at = 0; at < records[i].width; at++)
                counts[at][row_of(&records[i], k)[at]][i]++;
    for (unsigned i = 0; i < NUM_PHONES; i++) {
        for (size_t k = half; k < 2 * half; k++) {
            double lean = 0;

            for (size_t at = 0; at < records[i].width; at++) {
                const unsigned *seen = counts[at][row_of(&records[i], k)[at]];

                lean += log((seen[0] + 1.0) / (seen[1] + 1.0));
            }
            right += (lean > 0) == (i == 0);
        }
    }
    return (double)right / (double)(2 * half);
}

static int is_fixed(const struct record records[NUM_PHONES], size_t at)
{
    for (unsigned i = 0; i < NUM_PHONES; i++)
        for (size_t k = 0; k < records[i].num; k++)
            if (row_of(&records[i], k)[at] != row_of(&records[0], 0)[at])
                return 0;
    return 1;
}

/* How much likelier equal bytes in one place are between two taps of one key than between one of
 * each, in standard deviations. Tags, lengths and status words do not count. */
static double linkage(const struct record records[NUM_PHONES])
{
    double same = 0, cross = 0;

    for (size_t at = 0; at < records[0].width; at++) {
        if (is_fixed(records, at))
            continue;
        for (size_t k = 0; k + 1 < records[0].num; k++) {
            same += row_of(&records[0], k)[at] == row_of(&records[0], k + 1)[at];
            cross += row_of(&records[0], k)[at] == row_of(&records[1], k)[at];
        }
    }
    return fabs(same - cross) / sqrt(same + cross + 1);
}

/* How many of the three tell the phones apart. The bounds are about five standard deviations:
 * chance crosses one of them, in 170 places, less than once in a thousand seeds. */
static int told_apart(const struct record records[NUM_PHONES])
{
    double place = worst_place(records), share = classifier(records), link = linkage(records);

    print_message("%zu runs of %zu bytes: chi-square %.0f of 255, classifier %.3f, linkage %.2f\n",
                  records[0].num, records[0].width, place, share, link);
    return (place > 390) + (fabs(share - 0.5) > 2.5 / sqrt((double)records[0].num)) + (link > 5);
}

static void observe_and_judge(int fast, unsigned num)
{
    struct record records[NUM_PHONES];

    observe(fast, num, 0, records);
    assert_int_equal(told_apart(records), 0);
    /* Negative control: a single byte that is always the same, planted in one phone's answers. */
    for (size_t k = 0; k < num; k++)
        records[0].rows[k * WIDTH_MAX + 20] = 0x5a;
    assert_int_equal(told_apart(records), 3);
    end(records);
}

static void M108_FA3_fast_taps_of_two_keys_look_alike(void **state)
{
    (void)state;
    observe_and_judge(1, long_or_short(3000));
}

static void M108_standard_taps_of_two_keys_look_alike(void **state)
{
    (void)state;
    observe_and_judge(0, long_or_short(1000));
}

/* Negative control of FA3: a phone whose ephemeral keys come round again is recognised. */
static void M108_FA3_a_phone_without_fresh_nonces_is_recognised(void **state)
{
    struct record records[NUM_PHONES];

    (void)state;
    observe(1, 1000, 50, records);
    assert_true(told_apart(records) > 0);
    end(records);
}

/* --- the fast secret --- */

static struct test_stage stage;

/* Places in the record of the last run where any 8 bytes in a row of `secret` went by. */
static unsigned found(const uint8_t *secret, size_t len)
{
    const struct test_field *field = &stage.field;
    unsigned num = 0, rows = field->count < 64 ? field->count : 64;

    for (unsigned i = 0; i < rows; i++)
        for (unsigned side = 0; side < 2; side++)
            for (size_t j = 0; j + 8 <= field->record_len[i][side]; j++)
                for (size_t k = 0; k + 8 <= len; k++)
                    num += memcmp(field->record[i][side] + j, secret + k, 8) == 0;
    return num;
}

/* Kpersistent and both midstates, in either order of bytes, are nowhere in the record. */
static void nowhere(const struct lk_persistent *persistent, const struct lk_fast_key *fast)
{
    uint8_t big[64];

    for (unsigned i = 0; i < 8; i++) {
        lk_put32(big + 4 * i, fast->inner[i]);
        lk_put32(big + 32 + 4 * i, fast->outer[i]);
    }
    assert_int_equal(found(persistent->key, sizeof persistent->key), 0);
    assert_int_equal(found((const uint8_t *)fast->inner, 32), 0);
    assert_int_equal(found((const uint8_t *)fast->outer, 32), 0);
    assert_int_equal(found(big, 32), 0);
    assert_int_equal(found(big + 32, 32), 0);
}

static void M110_fast_secret_is_shared_and_never_sent(void **state)
{
    static const struct {
        enum lk_reader reader;
        enum lk_action action;
    } taps[] = {{LK_READER_DASHBOARD, LK_ACTION_MAINTAIN}, {LK_READER_DOOR, LK_ACTION_UNLOCK},
                {LK_READER_DASHBOARD, LK_ACTION_START},    {LK_READER_DOOR, LK_ACTION_LOCK},
                {LK_READER_DASHBOARD, LK_ACTION_START}};
    struct lk_persistent before, now;
    struct lk_fast_key made, old;
    unsigned changes = 0;

    (void)state;
    test_stage_init(&stage);
    test_pair(&stage.car, &stage.field, &stage.phone);
    memset(&before, 0, sizeof before);
    memset(&old, 0xee, sizeof old);
    for (size_t i = 0; i < sizeof taps / sizeof taps[0]; i++) {
        const struct lk_endpoint *endpoint = &stage.phone.applet.endpoints[0];
        const struct lk_vehicle_key *key =
            &stage.car.vehicle.keys[test_key_in(&stage.car, LK_KEY_OWNER, LK_KEY_ACTIVE)];

        assert_int_equal(test_run_tap(&stage.car, &stage.field, taps[i].reader, taps[i].action)
                             ->verdict,
                         LK_GRANT);
        now = endpoint->persistent;
        assert_int_equal(lk_fast_key_make(&stage.crypto, &now, endpoint->public_key, &made),
                         LK_OK);
        assert_memory_equal(made.inner, key->fast.inner, sizeof made.inner);
        assert_memory_equal(made.outer, key->fast.outer, sizeof made.outer);
        nowhere(&now, &made);
        if (i > 0)
            nowhere(&before, &old);
        changes += memcmp(&now, &before, sizeof now) != 0;
        before = now;
        old = made;
    }
    assert_int_equal(changes, 3); /* each standard transaction made the next one */
    /* Negative control: 8 of its bytes in an answer are found. */
    memcpy(stage.field.record[1][1] + 30, now.key + 11, 8);
    assert_int_equal(found(now.key, sizeof now.key), 1);
    test_stage_forget(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M108_FA3_fast_taps_of_two_keys_look_alike),
        cmocka_unit_test(M108_standard_taps_of_two_keys_look_alike),
        cmocka_unit_test(M108_FA3_a_phone_without_fresh_nonces_is_recognised),
        cmocka_unit_test(M110_fast_secret_is_shared_and_never_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
