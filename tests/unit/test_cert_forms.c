/* test_cert_forms.c: the table of broken forms against the parser and the chain checks, in every
 * place; each form has its own status. pki section 8; spec/certificates.md. */
#include "support/cert_forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "latchkey/provider_openssl.h"
#include "tlv/der.h"

static struct lk_openssl *openssl;
static struct lk_crypto crypto;
static struct test_ca_world world, foreign;
static struct test_parts parts;

static int setup(void **state)
{
    static const uint8_t store_key[32] = {1}, vehicle_id[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    openssl = lk_openssl_new(store_key);
    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK)
        return 1;
    if (test_ca_world_init(&crypto, vehicle_id, &world) != LK_OK)
        return 1;
    return test_ca_world_init(&crypto, vehicle_id, &foreign) == LK_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    test_ca_world_forget(&world);
    test_ca_world_forget(&foreign);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&openssl);
    return 0;
}

/* The form in its place: never accepted there either. */
static enum lk_status in_chain(char place, struct lk_bytes der)
{
    struct lk_bytes f = test_ca_bytes(&world.f), e = test_ca_bytes(&world.e);
    struct lk_bytes h = test_ca_bytes(&world.h), i = lk_bytes(NULL, 0);
    struct lk_cert a, b, c;
    uint8_t authorized[65];

    if (strchr("KLI", place) != NULL) {
        if (place != 'K')
            i = place == 'I' ? der : test_ca_bytes(&world.i);
        return lk_chain_check_vehicle(&crypto, world.automaker.public_key, i,
                                      place == 'I' ? test_ca_bytes(&world.ki) : der, NULL, &a,
                                      authorized);
    }
    return lk_chain_check_endpoint(&crypto, world.automaker.public_key, place == 'F' ? der : f,
                                   place == 'E' ? der : e, place == 'H' ? der : h, NULL, &a, &b,
                                   &c);
}

static int one_form(const struct test_form *form, char place)
{
    uint8_t der[2048];
    struct lk_cert cert;
    enum lk_status alone, chained;
    size_t len = test_form_make(form, place, &world, &foreign, NULL, der, sizeof der);

    if (len == 0) {
        print_error("%s: the row is not good\n", form->name);
        return 0;
    }
    alone = lk_cert_parse(&crypto, lk_bytes(der, len), &cert);
    chained = strchr("KLIFEH", place) != NULL ? in_chain(place, lk_bytes(der, len)) : alone;
    if (alone == (form->is_chain ? LK_OK : form->expect) && chained == form->expect)
        return 1;
    print_error("%s as %c: %s alone, %s in the chain, expected %s\n", form->name, place,
                lk_status_name(alone), lk_status_name(chained), lk_status_name(form->expect));
    return 0;
}

/* Every row in every place it is made for, with its own status. */
static void PK3_PK4_PK6_PK10_broken_forms_have_their_status(void **state)
{
    static const char places[] = "KLIFEHJD";
    size_t num_bad = 0;

    (void)state;
    for (size_t at = 0; places[at] != 0; at++) {
        size_t num = 0;

        for (size_t i = 0; i < test_num_forms; i++) {
            if (!test_form_fits(&test_forms[i], places[at]))
                continue;
            num_bad += one_form(&test_forms[i], places[at]) ? 0 : 1;
            num++;
        }
        print_message("%zu broken forms as %c\n", num, places[at]);
        if (places[at] != 'J' && places[at] != 'D')
            assert_true(num >= 60);
    }
    assert_int_equal(num_bad, 0);
}

/* The builder itself makes no difference: nothing changed, nothing refused. */
static void unchanged_parts_are_accepted(void **state)
{
    static const char letters[] = "KFEHDJ";
    uint8_t der[2048];
    struct lk_cert cert;
    struct lk_key signer;

    (void)state;
    for (size_t i = 0; letters[i] != 0; i++) {
        const struct test_ca_cert *base = test_form_base(&world, letters[i], &signer);
        size_t len;

        assert_true(test_parts_take(&crypto, base, &parts));
        len = test_parts_join(&crypto, &parts, signer, der, sizeof der);
        assert_int_equal(lk_cert_parse(&crypto, lk_bytes(der, len), &cert), LK_OK);
    }
}

/* What the profile leaves open is not refused. */
static void open_choices_are_accepted(void **state)
{
    static const struct {
        const char *name;
        char place;
        enum test_part part;
        const char *hex;
    } good[] = {
        {"UTF-8 CN", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05c3a4c3b641"},
        {"UTF-8 first of 3", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05e0a0804141"},
        {"UTF-8 first of 4", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05f090808041"},
        {"UTF-8 last", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05f48fbfbf41"},
        {"ten extensions", 'K', PART_EXTRA,
         "300806022a0104020500 300806022a0204020500 300806022a0304020500 300806022a0404020500"
         "300806022a0504020500"},
        {"C, O and CN", 'K', PART_SUBJECT,
         "3025310b3009060355040613024445 310a3008060355040a0c0141 310a30080603550403130141"},
        {"private extension", 'K', PART_EXTRA, "300806022a0304020500"},
        {"cRLSign on a CA", 'F', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020106"},
        {"no expiry", 'K', PART_VALIDITY,
         "3020 170d3230303130313030303030305a 180f39393939313233313233353935395a"},
        {"serial 1", 'K', PART_SERIAL, "020101"},
        {"serial of 20", 'K', PART_SERIAL, "0214Z14"},
    };
    uint8_t der[2048];
    struct lk_cert cert;
    struct lk_key signer;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct test_ca_cert *base = test_form_base(&world, good[i].place, &signer);
        size_t len;

        assert_true(test_parts_take(&crypto, base, &parts));
        assert_true(test_parts_set(&parts, good[i].part, good[i].hex));
        len = test_parts_join(&crypto, &parts, signer, der, sizeof der);
        if (lk_cert_parse(&crypto, lk_bytes(der, len), &cert) != LK_OK)
            fail_msg("%s is refused", good[i].name);
    }
}

/* A certificate cut at any byte, in an exact-size block, is refused: also inside SPKI (PR8). */
static void PR8_every_prefix_is_refused(void **state)
{
    static const char letters[] = "KFEHDJ";
    struct lk_key signer;
    struct lk_cert cert;

    (void)state;
    for (size_t i = 0; letters[i] != 0; i++) {
        const struct test_ca_cert *base = test_form_base(&world, letters[i], &signer);

        for (size_t len = 0; len < base->len; len++) {
            uint8_t *block = test_malloc(len + (len == 0));
            enum lk_status status;

            memcpy(block, base->der, len);
            status = lk_cert_parse(&crypto, lk_bytes(block, len), &cert);
            test_free(block);
            assert_int_equal(status, LK_CERT_DER);
        }
    }
}

/* One bit turned anywhere: parse refuses it, or the chain does. */
static void PK10_every_flipped_byte_is_refused(void **state)
{
    static const char letters[] = "KFEH";
    struct lk_key signer;

    (void)state;
    for (size_t i = 0; letters[i] != 0; i++) {
        struct test_ca_cert copy = *test_form_base(&world, letters[i], &signer);

        for (size_t at = 0; at < copy.len; at++) {
            copy.der[at] ^= 1;
            assert_int_not_equal(in_chain(letters[i], test_ca_bytes(&copy)), LK_OK);
            copy.der[at] ^= 1;
        }
    }
}

/* A certificate that ends after its key: version 1 in the clothes of version 3. */
static void PK10_no_extensions_at_all(void **state)
{
    const struct test_ca_cert *k;
    enum lk_status fault = LK_OK;
    struct lk_rd rd, outer, tbs;
    uint8_t der[2048];
    struct lk_key signer;
    struct lk_cert cert;
    struct lk_wr wr;

    (void)state;
    k = test_form_base(&world, 'K', &signer);
    lk_rd_init(&rd, test_ca_bytes(k), &fault);
    outer = lk_der_enter(&rd, LK_DER_SEQUENCE);
    tbs = lk_der_enter(&outer, LK_DER_SEQUENCE);
    lk_wr_init(&wr, der, sizeof der);
    for (int i = 0; i < 7; i++)
        lk_wr_bytes(&wr, lk_der_whole(&tbs, lk_der_peek(&tbs)));
    assert_int_equal(lk_der_peek(&tbs), LK_DER_CONTEXT_CONSTRUCTED(3));
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    lk_wr_bytes(&wr, lk_bytes(outer.at, outer.left));
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    assert_int_equal(fault, LK_OK);
    assert_int_equal(wr.fault, LK_OK);
    assert_int_equal(lk_cert_parse(&crypto, lk_bytes(der, wr.len), &cert), LK_CERT_EXT_MISSING);
}

/* What a writer of H's facts is not given, it does not make up. */
static void facts_that_lack_a_part_are_not_written(void **state)
{
    struct lk_endpoint_facts facts = world.facts;
    uint8_t out[512] = {0x5a};
    size_t len = 77;

    (void)state;
    facts.vehicle_key = NULL;
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
    facts = world.facts;
    facts.not_before = lk_bytes("20260101000000Z", 15); /* and no end */
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
    facts.not_after = lk_bytes("20261301000000Z", 15);
    assert_int_equal(lk_endpoint_facts_write(&facts, out, sizeof out, &len), LK_CALLER_ARGUMENT);
    assert_int_equal(out[0], 0x5a);
    assert_int_equal(len, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_parts_are_accepted),
        cmocka_unit_test(open_choices_are_accepted),
        cmocka_unit_test(PK3_PK4_PK6_PK10_broken_forms_have_their_status),
        cmocka_unit_test(PK10_no_extensions_at_all),
        cmocka_unit_test(facts_that_lack_a_part_are_not_written),
        cmocka_unit_test(PR8_every_prefix_is_refused),
        cmocka_unit_test(PK10_every_flipped_byte_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
