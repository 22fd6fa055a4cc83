/* test_cert_forms.c: one broken part at a time, everything else good and well signed; each form has
 * its own status, alone and inside its chain. pki section 8; spec/certificates.md. */
#include "support/cert_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "latchkey/provider_openssl.h"
#include "tlv/der.h"

#define ALG "300a06082a8648ce3d040302"
#define KEY_ALG "301306072a8648ce3d020106082a8648ce3d030107"
#define ARC "060a2b0601040182c46905"
#define N_HEX "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

#define FIVE_EXTENSIONS                                                                  \
    "300806022a0104020500 300806022a0204020500 300806022a0304020500 300806022a0404020500" \
    "300806022a0504020500"
#define SIX_EXTENSIONS FIVE_EXTENSIONS "300806022a0604020500"

struct form {
    const char *name;
    char base; /* letter of the good certificate it begins as */
    enum test_part part;
    const char *hex; /* see test_parts_set */
    enum lk_status expect;
};

static const struct form forms[] = {
    {"version absent", 'K', PART_VERSION, "", LK_CERT_X509_VERSION},
    {"version 1 written", 'K', PART_VERSION, "a003020100", LK_CERT_X509_VERSION},
    {"version 2", 'K', PART_VERSION, "a003020101", LK_CERT_X509_VERSION},
    {"version 4", 'K', PART_VERSION, "a003020103", LK_CERT_X509_VERSION},
    {"version padded", 'K', PART_VERSION, "a00402020002", LK_CERT_DER},
    {"version with trailing byte", 'K', PART_VERSION, "a00402010200", LK_CERT_DER},
    {"serial 0", 'K', PART_SERIAL, "020100", LK_CERT_SERIAL},
    {"serial negative", 'K', PART_SERIAL, "0201ff", LK_CERT_SERIAL},
    {"serial 21 octets", 'K', PART_SERIAL, "0215Z15", LK_CERT_SERIAL},
    {"serial padded", 'K', PART_SERIAL, "02020001", LK_CERT_DER},
    {"serial empty", 'K', PART_SERIAL, "0200", LK_CERT_DER},
    {"serial in long-form length", 'K', PART_SERIAL, "02810101", LK_CERT_DER},
    {"serial in 82 length", 'K', PART_SERIAL, "0282000101", LK_CERT_DER},
    {"serial in indefinite length", 'K', PART_SERIAL, "0280010000", LK_CERT_DER},
    {"serial longer than its parent", 'K', PART_SERIAL, "0282ffff01", LK_CERT_DER},
    {"inner SHA-384", 'K', PART_INNER_ALGORITHM, "300a06082a8648ce3d040303",
     LK_CERT_ALGORITHM},
    {"outer SHA-384", 'K', PART_OUTER_ALGORITHM, "300a06082a8648ce3d040303",
     LK_CERT_ALGORITHM},
    {"inner SHA-1", 'K', PART_INNER_ALGORITHM, "300906072a8648ce3d0401", LK_CERT_ALGORITHM},
    {"RSA with SHA-256", 'K', PART_INNER_ALGORITHM, "300d06092a864886f70d01010b0500",
     LK_CERT_ALGORITHM},
    {"outer RSA, inner ECDSA", 'K', PART_OUTER_ALGORITHM, "300d06092a864886f70d01010b0500",
     LK_CERT_ALGORITHM},
    {"inner NULL parameters", 'K', PART_INNER_ALGORITHM, "300c06082a8648ce3d0403020500",
     LK_CERT_ALGORITHM},
    {"outer NULL parameters", 'K', PART_OUTER_ALGORITHM, "300c06082a8648ce3d0403020500",
     LK_CERT_ALGORITHM},
    {"issuer empty", 'K', PART_ISSUER, "3000", LK_CERT_NAME},
    {"subject empty", 'K', PART_SUBJECT, "3000", LK_CERT_NAME},
    {"UTF-8 overlong in 3", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05e09fbf4141",
     LK_CERT_NAME},
    {"UTF-8 surrogate", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05eda0804141", LK_CERT_NAME},
    {"UTF-8 overlong in 4", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05f08fbfbf41",
     LK_CERT_NAME},
    {"UTF-8 above 10FFFF", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05f490808041",
     LK_CERT_NAME},
    {"CN empty", 'K', PART_SUBJECT, "300b310930070603550403 1300", LK_CERT_NAME},
    {"CN 65 octets", 'K', PART_SUBJECT, "304c314a30480603550403 1341Z41", LK_CERT_NAME},
    {"NUL in CN", 'K', PART_SUBJECT, "300f310d300b0603550403 130441004242", LK_CERT_NAME},
    {"NUL in UTF-8 CN", 'K', PART_SUBJECT, "300f310d300b0603550403 0c0441004242",
     LK_CERT_NAME},
    {"overlong UTF-8", 'K', PART_SUBJECT, "300d310b30090603550403 0c02c080", LK_CERT_NAME},
    {"UTF-8 surrogate", 'K', PART_SUBJECT, "300e310c300a0603550403 0c03eda080", LK_CERT_NAME},
    {"unprintable PrintableString", 'K', PART_SUBJECT, "300c310a30080603550403 13012a",
     LK_CERT_NAME},
    {"TeletexString", 'K', PART_SUBJECT, "300c310a30080603550403 140141", LK_CERT_NAME},
    {"two CNs", 'K', PART_SUBJECT,
     "3018310a30080603550403130141 310a30080603550403130142", LK_CERT_NAME},
    {"name of 131 octets", 'K', PART_SUBJECT,
     "308180 313e303c060355040a 1335Z35 313e303c060355040b 1335Z35", LK_CERT_NAME},
    {"multi-valued RDN", 'K', PART_SUBJECT,
     "30163114 30080603550403130141 3008060355040a130142", LK_CERT_DER},
    {"name attribute with trailing byte", 'K', PART_SUBJECT,
     "300d310b3009060355040313014100", LK_CERT_DER},
    {"UTCTime without seconds", 'K', PART_VALIDITY,
     "301c 170b323030313031303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY},
    {"UTCTime with offset", 'K', PART_VALIDITY,
     "3022 17113230303130313030303030302b30303030 170d3330303130313030303030305a",
     LK_CERT_VALIDITY},
    {"GeneralizedTime with fraction", 'K', PART_VALIDITY,
     "3022 170d3230303130313030303030305a 181132303630303130313030303030302e315a",
     LK_CERT_VALIDITY},
    {"GeneralizedTime before 2050", 'K', PART_VALIDITY,
     "3020 170d3230303130313030303030305a 180f32303439303130313030303030305a",
     LK_CERT_VALIDITY},
    {"notAfter before notBefore", 'K', PART_VALIDITY,
     "301e 170d3330303130313030303030305a 170d3230303130313030303030305a", LK_CERT_VALIDITY},
    {"30 February", 'K', PART_VALIDITY,
     "301e 170d3230303233303030303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY},
    {"29 February 2023", 'K', PART_VALIDITY,
     "301e 170d3233303232393030303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY},
    {"month 13", 'K', PART_VALIDITY,
     "301e 170d3230313330313030303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY},
    {"24 o'clock", 'K', PART_VALIDITY,
     "301e 170d3230303130313234303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY},
    {"second 60", 'K', PART_VALIDITY,
     "301e 170d3230303130313030303036305a 170d3330303130313030303030305a", LK_CERT_VALIDITY},
    {"three dates", 'K', PART_VALIDITY,
     "302d 170d3230303130313030303030305a 170d3330303130313030303030305a "
     "170d3330303130313030303030305a", LK_CERT_DER},
    {"compressed point", 'K', PART_SPKI, "3039" KEY_ALG "032200 02Z20", LK_CERT_POINT},
    {"hybrid 06 point", 'K', PART_SPKI, "3059" KEY_ALG "034200 06X", LK_CERT_POINT},
    {"hybrid 07 point", 'K', PART_SPKI, "3059" KEY_ALG "034200 07X", LK_CERT_POINT},
    {"point off the curve", 'K', PART_SPKI, "3059" KEY_ALG "034200 04Z40", LK_CERT_POINT},
    {"point at infinity", 'K', PART_SPKI, "3019" KEY_ALG "03020000", LK_CERT_POINT},
    {"unused bits in key", 'K', PART_SPKI, "3059" KEY_ALG "034201 04Z40", LK_CERT_DER},
    {"P-384 curve", 'K', PART_SPKI, "3056301006072a8648ce3d020106052b81040022 034200P",
     LK_CERT_KEY},
    {"P-192 curve", 'K', PART_SPKI,
     "3059301306072a8648ce3d020106082a8648ce3d030101 034200P", LK_CERT_KEY},
    {"RSA key kind", 'K', PART_SPKI, "3053300d06092a864886f70d0101010500 034200P",
     LK_CERT_KEY},
    {"explicit curve parameters", 'K', PART_SPKI,
     "3058301206072a8648ce3d0201 3007020101 3002 0500 034200P", LK_CERT_KEY},
    {"NULL curve parameters", 'K', PART_SPKI, "3051300b06072a8648ce3d02010500 034200P",
     LK_CERT_KEY},
    {"AKI missing", 'K', PART_AKI, "", LK_CERT_EXT_MISSING},
    {"AKI critical", 'K', PART_AKI, "30220603551d230101ff0418 30168014A", LK_CERT_EXT_CRITICAL},
    {"AKI with issuer and serial", 'K', PART_AKI, "30220603551d23041b 30198014A 820141",
     LK_CERT_EXT_VALUE},
    {"AKI of 19 bytes", 'K', PART_AKI, "301e0603551d230417 30158013Z13", LK_CERT_EXT_VALUE},
    {"SKI missing", 'K', PART_SKI, "", LK_CERT_EXT_MISSING},
    {"SKI critical", 'K', PART_SKI, "30200603551d0e0101ff0416 0414S", LK_CERT_EXT_CRITICAL},
    {"SKI is not the hash of the key", 'K', PART_SKI, "301d0603551d0e0416 0414Z14",
     LK_CERT_SKI},
    {"SKI is the AKI", 'K', PART_SKI, "301d0603551d0e0416 0414A", LK_CERT_SKI},
    {"SKI with trailing byte", 'K', PART_SKI, "301e0603551d0e0417 0414S00",
     LK_CERT_EXT_VALUE},
    {"SKI twice", 'K', PART_EXTRA, "301d0603551d0e0416 0414S", LK_CERT_EXT_DUPLICATE},
    {"AKI twice", 'K', PART_EXTRA, "301f0603551d230418 30168014A", LK_CERT_EXT_DUPLICATE},
    {"keyUsage twice", 'K', PART_EXTRA, "300e0603551d0f0101ff0404 03020780",
     LK_CERT_EXT_DUPLICATE},
    {"basicConstraints twice", 'K', PART_EXTRA, "300c0603551d130101ff0402 3000",
     LK_CERT_EXT_DUPLICATE},
    {"role twice", 'K', PART_EXTRA, "3016" ARC "01 0101ff0405 3003020101",
     LK_CERT_EXT_DUPLICATE},
    {"two roles", 'K', PART_EXTRA, "3016" ARC "04 0101ff0405 3003020101",
     LK_CERT_EXT_DUPLICATE},
    {"unknown critical extension", 'K', PART_EXTRA, "300b06022a03 0101ff0402 0500",
     LK_CERT_EXT_CRITICAL},
    {"unknown extension twice", 'K', PART_EXTRA, "300806022a0304020500 300806022a0304020500",
     LK_CERT_EXT_DUPLICATE},
    {"critical FALSE written out", 'K', PART_EXTRA, "300b06022a03 010100 04020500",
     LK_CERT_DER},
    {"critical 01", 'K', PART_EXTRA, "300b06022a03 010101 04020500", LK_CERT_DER},
    {"extension OID padded", 'K', PART_EXTRA, "300906032a8003 04020500", LK_CERT_DER},
    {"extension OID unfinished", 'K', PART_EXTRA, "300806022a83 04020500", LK_CERT_DER},
    {"extension without value", 'K', PART_EXTRA, "300406022a03", LK_CERT_DER},
    {"eleven extensions", 'K', PART_EXTRA, SIX_EXTENSIONS, LK_CERT_EXT_VALUE},
    {"extended key usage", 'K', PART_EXTRA,
     "30130603551d25 040c300a06082b06010505070301", LK_CERT_KEY_USAGE},
    {"extended key usage critical", 'K', PART_EXTRA,
     "30160603551d25 0101ff 040c300a06082b06010505070301", LK_CERT_KEY_USAGE},
    {"subject alternative name", 'K', PART_EXTRA, "300c0603551d11 0405 3003820141",
     LK_CERT_EXT_VALUE},
    {"keyUsage missing", 'K', PART_KEY_USAGE, "", LK_CERT_EXT_MISSING},
    {"keyUsage not critical", 'K', PART_KEY_USAGE, "300b0603551d0f0404 03020780",
     LK_CERT_EXT_CRITICAL},
    {"keyUsage of a CA on a leaf", 'K', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020204",
     LK_CERT_KEY_USAGE},
    {"keyUsage both", 'K', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020284",
     LK_CERT_KEY_USAGE},
    {"keyUsage unused bits set", 'K', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020781",
     LK_CERT_EXT_VALUE},
    {"keyUsage trailing zero bits", 'K', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020080",
     LK_CERT_EXT_VALUE},
    {"keyUsage empty", 'K', PART_KEY_USAGE, "300d0603551d0f0101ff0403 030100",
     LK_CERT_EXT_VALUE},
    {"keyUsage eight unused bits", 'K', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020880",
     LK_CERT_EXT_VALUE},
    {"basicConstraints missing", 'K', PART_BASIC, "", LK_CERT_EXT_MISSING},
    {"basicConstraints not critical", 'K', PART_BASIC, "30090603551d130402 3000",
     LK_CERT_EXT_CRITICAL},
    {"cA TRUE on a leaf", 'K', PART_BASIC, "300f0603551d130101ff0405 30030101ff",
     LK_CERT_BASIC},
    {"cA FALSE written out", 'K', PART_BASIC, "300f0603551d130101ff0405 3003010100",
     LK_CERT_EXT_VALUE},
    {"path length on a leaf", 'K', PART_BASIC, "300f0603551d130101ff0405 3003020100",
     LK_CERT_BASIC},
    {"basicConstraints trailing byte", 'K', PART_BASIC, "300d0603551d130101ff0403 300000",
     LK_CERT_EXT_VALUE},
    {"role not critical", 'K', PART_ROLE, "3013" ARC "01 0405 3003020101",
     LK_CERT_EXT_CRITICAL},
    {"role version 0", 'K', PART_ROLE, "3016" ARC "01 0101ff0405 3003020100",
     LK_CERT_ROLE_VERSION},
    {"role version 2", 'K', PART_ROLE, "3016" ARC "01 0101ff0405 3003020102",
     LK_CERT_ROLE_VERSION},
    {"role version 3", 'K', PART_ROLE, "3016" ARC "01 0101ff0405 3003020103",
     LK_CERT_ROLE_VERSION},
    {"role version 255", 'K', PART_ROLE, "3017" ARC "01 0101ff0406 3004020200ff",
     LK_CERT_ROLE_VERSION},
    {"role version 256", 'K', PART_ROLE, "3017" ARC "01 0101ff0406 300402020100",
     LK_CERT_ROLE_VERSION},
    {"role version padded", 'K', PART_ROLE, "3017" ARC "01 0101ff0406 300402020001",
     LK_CERT_EXT_VALUE},
    {"role value with more", 'K', PART_ROLE, "3018" ARC "01 0101ff0407 30050201010500",
     LK_CERT_EXT_VALUE},
    {"role value empty", 'K', PART_ROLE, "3013" ARC "01 0101ff0402 3000", LK_CERT_EXT_VALUE},
    {"role number 11", 'K', PART_ROLE, "3016" ARC "0b 0101ff0405 3003020101", LK_CERT_ROLE},
    {"role number 16 of Release 4", 'K', PART_ROLE, "3016" ARC "10 0101ff0405 3003020101",
     LK_CERT_ROLE},
    {"role deeper in the arc", 'K', PART_ROLE,
     "3017060b2b0601040182c469050101 0101ff0405 3003020101", LK_CERT_ROLE},
    {"leaf without role", 'K', PART_ROLE, "", LK_CERT_BASIC},
    {"leaf with the role of a CA", 'K', PART_ROLE, "3016" ARC "02 0101ff0405 3003020101",
     LK_CERT_BASIC},
    {"K with the role of P", 'K', PART_ROLE, "3016" ARC "05 0101ff0405 3003020101",
     LK_CERT_KEY_USAGE},
    {"bytes after the extensions", 'K', PART_TBS_TAIL, "0500", LK_CERT_DER},
    {"second extensions", 'K', PART_TBS_TAIL, "a3023000", LK_CERT_DER},
    {"bytes after the signature", 'K', PART_CERT_TAIL, "0500", LK_CERT_DER},
    {"byte after the certificate", 'K', PART_FILE_TAIL, "00", LK_CERT_DER},
    {"r 0", 'K', PART_SIGNATURE, "030900 3006020100020101", LK_CERT_SIGNATURE_FORM},
    {"s 0", 'K', PART_SIGNATURE, "030900 3006020101020100", LK_CERT_SIGNATURE_FORM},
    {"r = n", 'K', PART_SIGNATURE, "032900 3026022100" N_HEX "020101", LK_CERT_SIGNATURE_FORM},
    {"s = n", 'K', PART_SIGNATURE, "032900 3026020101022100" N_HEX, LK_CERT_SIGNATURE_FORM},
    {"r above n", 'K', PART_SIGNATURE,
     "032900 3026022100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 020101",
     LK_CERT_SIGNATURE_FORM},
    {"r of 34 bytes", 'K', PART_SIGNATURE, "032a00 3027 0222Z22 020101",
     LK_CERT_SIGNATURE_FORM},
    {"r negative", 'K', PART_SIGNATURE, "030900 3006 0201ff 020101", LK_CERT_SIGNATURE_FORM},
    {"r padded", 'K', PART_SIGNATURE, "030a00 3007 02020001 020101", LK_CERT_SIGNATURE_FORM},
    {"s missing", 'K', PART_SIGNATURE, "030600 3003 020101", LK_CERT_SIGNATURE_FORM},
    {"signature trailing byte", 'K', PART_SIGNATURE, "030a00 3006 020101 020101 00",
     LK_CERT_SIGNATURE_FORM},
    {"signature empty", 'K', PART_SIGNATURE, "030100", LK_CERT_SIGNATURE_FORM},
    {"signature with unused bits", 'K', PART_SIGNATURE, "030901 3006 020101 020102",
     LK_CERT_SIGNATURE_FORM},
    {"signature of zero length", 'K', PART_SIGNATURE, "0300", LK_CERT_DER},
    {"certificate above 1024", 'K', PART_EXTRA, "308203f5 06022a03 048203ed ZffZffZffZf0",
     LK_CERT_SIZE},
    {"cA missing on F", 'F', PART_BASIC, "300c0603551d130101ff0402 3000", LK_CERT_BASIC},
    {"path length without cA on F", 'F', PART_BASIC, "300f0603551d130101ff0405 3003020101",
     LK_CERT_BASIC},
    {"path length 128", 'F', PART_BASIC, "30130603551d130101ff0409 30070101ff02020080",
     LK_CERT_EXT_VALUE},
    {"path length negative", 'F', PART_BASIC, "30120603551d130101ff0408 30060101ff0201ff",
     LK_CERT_EXT_VALUE},
    {"cA twice", 'F', PART_BASIC, "30120603551d130101ff0408 30060101ff0101ff",
     LK_CERT_EXT_VALUE},
    {"keyCertSign missing on F", 'F', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020780",
     LK_CERT_KEY_USAGE},
    {"cRLSign alone on F", 'F', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020102",
     LK_CERT_KEY_USAGE},
    {"F with the role of a leaf", 'F', PART_ROLE, "3016" ARC "01 0101ff0405 3003020101",
     LK_CERT_BASIC},
    {"cA missing on D", 'D', PART_BASIC, "300c0603551d130101ff0402 3000", LK_CERT_BASIC},
    {"cA FALSE with keyCertSign on J", 'J', PART_BASIC, "300c0603551d130101ff0402 3000",
     LK_CERT_BASIC},
    {"E without applet version", 'E', PART_ROLE, "3016" ARC "03 0101ff0405 3003020101",
     LK_CERT_EXT_VALUE},
    {"E with applet version of 3", 'E', PART_ROLE, "301b" ARC "03 0101ff040a 3008020101 0403414141",
     LK_CERT_EXT_VALUE},
    {"E with two platforms", 'E', PART_ROLE,
     "3022" ARC "03 0101ff0411 300f020101 040441414141 040141 040141", LK_CERT_EXT_VALUE},
    {"H without facts", 'H', PART_ROLE, "3016" ARC "04 0101ff0405 3003020101",
     LK_CERT_EXT_VALUE},
};

static struct lk_openssl *openssl;
static struct lk_crypto crypto;
static struct test_ca_world world;
static struct test_parts parts;

static int setup(void **state)
{
    static const uint8_t store_key[32] = {1}, vehicle_id[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    openssl = lk_openssl_new(store_key);
    if (openssl == NULL || lk_crypto_init(&crypto, lk_openssl_port(openssl)) != LK_OK)
        return 1;
    return test_ca_world_init(&crypto, vehicle_id, &world) == LK_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    test_ca_world_forget(&world);
    lk_crypto_forget(&crypto);
    lk_openssl_free(&openssl);
    return 0;
}

static const struct test_ca_cert *base_of(char letter, struct lk_key *signer)
{
    *signer = letter == 'E'   ? world.device_maker.key
              : letter == 'D' ? world.device_maker.key
              : letter == 'H' ? world.instance.key
                              : world.automaker.key;
    switch (letter) {
    case 'F':
        return &world.f;
    case 'E':
        return &world.e;
    case 'H':
        return &world.h;
    case 'D':
        return &world.d;
    case 'J':
        return &world.j;
    default:
        return &world.k;
    }
}

/* The form in the place its base had: never accepted there either. */
static enum lk_status in_chain(char letter, struct lk_bytes der)
{
    struct lk_bytes f = test_ca_bytes(&world.f), e = test_ca_bytes(&world.e);
    struct lk_bytes h = test_ca_bytes(&world.h);
    struct lk_cert a, b, c;
    uint8_t authorized[65];

    if (letter == 'K')
        return lk_chain_check_vehicle(&crypto, world.automaker.public_key, lk_bytes(NULL, 0), der,
                                      NULL, &a, authorized);
    return lk_chain_check_endpoint(&crypto, world.automaker.public_key, letter == 'F' ? der : f,
                                   letter == 'E' ? der : e, letter == 'H' ? der : h, NULL, &a, &b,
                                   &c);
}

static int one_form(const struct form *form)
{
    uint8_t der[2048];
    struct lk_key signer;
    const struct test_ca_cert *base = base_of(form->base, &signer);
    struct lk_cert cert;
    enum lk_status alone, chained;
    size_t len;

    assert_true(test_parts_take(&crypto, base, &parts));
    if (!test_parts_set(&parts, form->part, form->hex)) {
        print_error("%s: the row is not hex\n", form->name);
        return 0;
    }
    len = test_parts_join(&crypto, &parts, signer, der, sizeof der);
    assert_int_not_equal(len, 0);
    alone = lk_cert_parse(&crypto, lk_bytes(der, len), &cert);
    chained = alone;
    if (strchr("KFEH", form->base) != NULL)
        chained = in_chain(form->base, lk_bytes(der, len));
    if (alone == form->expect && chained == form->expect)
        return 1;
    print_error("%s: %s alone, %s in the chain, expected %s\n", form->name, lk_status_name(alone),
                lk_status_name(chained), lk_status_name(form->expect));
    return 0;
}

/* The rows above, every one with its own status. */
static void PK10_broken_forms_have_their_status(void **state)
{
    size_t num_bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        num_bad += one_form(&forms[i]) ? 0 : 1;
    print_message("%zu broken forms\n", sizeof forms / sizeof forms[0]);
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
        const struct test_ca_cert *base = base_of(letters[i], &signer);
        size_t len;

        assert_true(test_parts_take(&crypto, base, &parts));
        len = test_parts_join(&crypto, &parts, signer, der, sizeof der);
        assert_int_equal(lk_cert_parse(&crypto, lk_bytes(der, len), &cert), LK_OK);
    }
}

/* What the profile leaves open is not refused. */
static void open_choices_are_accepted(void **state)
{
    static const struct form good[] = {
        {"UTF-8 CN", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05c3a4c3b641", LK_OK},
        {"UTF-8 first of 3", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05e0a0804141", LK_OK},
        {"UTF-8 first of 4", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05f090808041", LK_OK},
        {"UTF-8 last", 'K', PART_SUBJECT, "3010310e300c0603550403 0c05f48fbfbf41", LK_OK},
        {"ten extensions", 'K', PART_EXTRA, FIVE_EXTENSIONS, LK_OK},
        {"C, O and CN", 'K', PART_SUBJECT,
         "3025310b3009060355040613024445 310a3008060355040a0c0141 310a30080603550403130141",
         LK_OK},
        {"private extension", 'K', PART_EXTRA, "300806022a0304020500", LK_OK},
        {"cRLSign on a CA", 'F', PART_KEY_USAGE, "300e0603551d0f0101ff0404 03020106", LK_OK},
        {"no expiry", 'K', PART_VALIDITY,
         "3020 170d3230303130313030303030305a 180f39393939313233313233353935395a", LK_OK},
        {"serial 1", 'K', PART_SERIAL, "020101", LK_OK},
        {"serial of 20", 'K', PART_SERIAL, "0214Z14", LK_OK},
    };
    uint8_t der[2048];
    struct lk_cert cert;
    struct lk_key signer;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        size_t len;

        assert_true(test_parts_take(&crypto, base_of(good[i].base, &signer), &parts));
        assert_true(test_parts_set(&parts, good[i].part, good[i].hex));
        len = test_parts_join(&crypto, &parts, signer, der, sizeof der);
        if (lk_cert_parse(&crypto, lk_bytes(der, len), &cert) != LK_OK)
            fail_msg("%s is refused", good[i].name);
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
    k = base_of('K', &signer);
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

/* A certificate cut at any byte, in an exact-size block, is refused: also inside SPKI (PR8). */
static void PR8_every_prefix_is_refused(void **state)
{
    static const char letters[] = "KFEHDJ";
    struct lk_key signer;
    struct lk_cert cert;

    (void)state;
    for (size_t i = 0; letters[i] != 0; i++) {
        const struct test_ca_cert *base = base_of(letters[i], &signer);

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
        struct test_ca_cert copy = *base_of(letters[i], &signer);

        for (size_t at = 0; at < copy.len; at++) {
            copy.der[at] ^= 1;
            assert_int_not_equal(in_chain(letters[i], test_ca_bytes(&copy)), LK_OK);
            copy.der[at] ^= 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_parts_are_accepted),
        cmocka_unit_test(open_choices_are_accepted),
        cmocka_unit_test(PK10_broken_forms_have_their_status),
        cmocka_unit_test(PK10_no_extensions_at_all),
        cmocka_unit_test(facts_that_lack_a_part_are_not_written),
        cmocka_unit_test(PR8_every_prefix_is_refused),
        cmocka_unit_test(PK10_every_flipped_byte_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
