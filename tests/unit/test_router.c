/* The NFC router: which half of the phone answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "latchkey/applet.h"
#include "latchkey/router.h"

static const uint8_t applet[LK_AID_LEN] = LK_APPLET_AID;
static const uint8_t framework[LK_AID_LEN] = LK_FRAMEWORK_AID;

struct side {
    struct lk_card_port port;
    unsigned commands, resets, offs;
    uint8_t answer;
    enum lk_status status;
};

static struct side element, host;
static struct lk_router router;
static struct lk_card_port card;
static uint8_t out[LK_APDU_RESPONSE_MAX];
static size_t out_len;

static enum lk_status command(void *ctx, const uint8_t *in, size_t len, uint8_t *answer, size_t cap,
                              size_t *answer_len)
{
    struct side *side = ctx;

    (void)in;
    (void)len;
    (void)cap;
    side->commands++;
    answer[0] = side->answer;
    answer[1] = 0x90;
    answer[2] = 0x00;
    *answer_len = 3;
    return side->status;
}

static void field(void *ctx, enum lk_link_control control)
{
    struct side *side = ctx;

    side->resets += control == LK_CONTROL_RESET;
    side->offs += control == LK_CONTROL_OFF;
}

static int fresh(void **state)
{
    (void)state;
    memset(&element, 0, sizeof element);
    memset(&host, 0, sizeof host);
    element.port = (struct lk_card_port){&element, command, field};
    host.port = (struct lk_card_port){&host, command, field};
    element.answer = 0xee;
    host.answer = 0x44;
    lk_router_init(&router, &element.port, &host.port);
    lk_router_card(&router, &card);
    return 0;
}

static void send(const uint8_t *bytes, size_t len)
{
    out_len = 0;
    assert_int_equal(card.command(card.ctx, bytes, len, out, sizeof out, &out_len), LK_OK);
}

static void select_aid(const uint8_t *aid, size_t len, int with_le)
{
    uint8_t bytes[64] = {0x00, 0xa4, 0x04, 0x00, (uint8_t)len};

    memcpy(bytes + 5, aid, len);
    send(bytes, 5 + len + (with_le ? 1 : 0));
}

static void other(void)
{
    static const uint8_t bytes[] = {0x80, 0x30, 0x00, 0x00};

    send(bytes, sizeof bytes);
}

static void expect_sw(uint8_t high, uint8_t low)
{
    assert_int_equal(out_len, 2);
    assert_int_equal(out[0], high);
    assert_int_equal(out[1], low);
}

static void D21_applications_go_to_their_half(void **state)
{
    (void)state;
    select_aid(applet, LK_AID_LEN, 1);
    assert_int_equal(out[0], 0xee);
    other();
    assert_int_equal(out[0], 0xee);
    select_aid(framework, LK_AID_LEN, 0);
    assert_int_equal(out[0], 0x44);
    other();
    assert_int_equal(out[0], 0x44);
    assert_int_equal(element.commands, 2);
    assert_int_equal(host.commands, 2);
}

static void unknown_applications_are_6A82_and_end_the_selection(void **state)
{
    uint8_t wrong[LK_AID_LEN];
    size_t i;

    (void)state;
    for (i = 0; i < LK_AID_LEN; i++) {
        select_aid(applet, LK_AID_LEN, 1);
        memcpy(wrong, applet, sizeof wrong);
        wrong[i] ^= 0x20;
        select_aid(wrong, sizeof wrong, 1);
        expect_sw(0x6a, 0x82);
        other();
        expect_sw(0x69, 0x85);
    }
    select_aid(applet, LK_AID_LEN - 1, 1); /* no partial names */
    expect_sw(0x6a, 0x82);
    assert_int_equal(host.commands, 0);
}

static void nobody_selected_is_6985(void **state)
{
    (void)state;
    other();
    expect_sw(0x69, 0x85);
    assert_int_equal(element.commands + host.commands, 0);
}

static void the_field_clears_and_tells_both(void **state)
{
    (void)state;
    select_aid(applet, LK_AID_LEN, 1);
    card.field(card.ctx, LK_CONTROL_RESET);
    assert_int_equal(element.resets, 1);
    assert_int_equal(host.resets, 1);
    other();
    expect_sw(0x69, 0x85);
    select_aid(framework, LK_AID_LEN, 1);
    card.field(card.ctx, LK_CONTROL_OFF);
    assert_int_equal(element.offs, 1);
    assert_int_equal(host.offs, 1);
    other();
    expect_sw(0x69, 0x85);
}

static void D21_power_reserve_is_the_element_alone(void **state)
{
    (void)state;
    lk_router_init(&router, &element.port, NULL);
    select_aid(framework, LK_AID_LEN, 1);
    expect_sw(0x6a, 0x82);
    select_aid(applet, LK_AID_LEN, 1);
    assert_int_equal(out[0], 0xee);
    card.field(card.ctx, LK_CONTROL_OFF);
    assert_int_equal(element.offs, 1);
}

static void a_half_that_fails_is_6F00(void **state)
{
    (void)state;
    host.status = LK_PORT_ELEMENT;
    select_aid(framework, LK_AID_LEN, 1);
    expect_sw(0x6f, 0x00);
}

static void every_short_command_is_survived(void **state)
{
    static const uint8_t start[] = {0x00, 0xa4, 0x04, 0x00, 0x0d, 0xa0, 0x00};
    size_t len;

    (void)state;
    for (len = 0; len <= sizeof start; len++) {
        uint8_t exact[sizeof start];

        memcpy(exact, start, len);
        send(exact, len);
        assert_int_equal(out_len, 2);
    }
    assert_int_equal(element.commands + host.commands, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(D21_applications_go_to_their_half, fresh),
        cmocka_unit_test_setup(unknown_applications_are_6A82_and_end_the_selection, fresh),
        cmocka_unit_test_setup(nobody_selected_is_6985, fresh),
        cmocka_unit_test_setup(the_field_clears_and_tells_both, fresh),
        cmocka_unit_test_setup(D21_power_reserve_is_the_element_alone, fresh),
        cmocka_unit_test_setup(a_half_that_fails_is_6F00, fresh),
        cmocka_unit_test_setup(every_short_command_is_survived, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
