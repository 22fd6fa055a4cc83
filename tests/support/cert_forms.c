/* cert_forms.c: see cert_forms.h. */
#include "support/cert_forms.h"

#include <string.h>

#include "crypto/crypto.h"
#include "tlv/der.h"

#define ALG "300a06082a8648ce3d040302"
#define KEY_ALG "301306072a8648ce3d020106082a8648ce3d030107"
#define ARC "060a2b0601040182c46905"
#define OWN_ARC "06156981f6bdc1bde4a2e296b7abcfd9bebdbdb9c71e"
#define N_HEX "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

/* In the order of the parts they break; the last ones are good certificates out of place. */
const struct test_form test_forms[] = {
    {"version absent", "KLIFEH", PART_VERSION, "", LK_CERT_X509_VERSION, 0},
    {"version 1 written", "KLIFEH", PART_VERSION, "a003020100", LK_CERT_X509_VERSION, 0},
    {"version 2", "KLIFEH", PART_VERSION, "a003020101", LK_CERT_X509_VERSION, 0},
    {"version 4", "KLIFEH", PART_VERSION, "a003020103", LK_CERT_X509_VERSION, 0},
    {"version padded", "KLIFEH", PART_VERSION, "a00402020002", LK_CERT_DER, 0},
    {"version with trailing byte", "KLIFEH", PART_VERSION, "a00402010200", LK_CERT_DER, 0},
    {"serial 0", "KLIFEH", PART_SERIAL, "020100", LK_CERT_SERIAL, 0},
    {"serial negative", "KLIFEH", PART_SERIAL, "0201ff", LK_CERT_SERIAL, 0},
    {"serial 21 octets", "KLIFEH", PART_SERIAL, "0215Z15", LK_CERT_SERIAL, 0},
    {"serial padded", "KLIFEH", PART_SERIAL, "02020001", LK_CERT_DER, 0},
    {"serial empty", "KLIFEH", PART_SERIAL, "0200", LK_CERT_DER, 0},
    {"serial in long-form length", "KLIFEH", PART_SERIAL, "02810101", LK_CERT_DER, 0},
    {"serial in 82 length", "KLIFEH", PART_SERIAL, "0282000101", LK_CERT_DER, 0},
    {"serial in indefinite length", "KLIFEH", PART_SERIAL, "0280010000", LK_CERT_DER, 0},
    {"serial longer than its parent", "KLIFEH", PART_SERIAL, "0282ffff01", LK_CERT_DER, 0},
    {"inner SHA-384", "KLIFEH", PART_INNER_ALGORITHM,
     "300a06082a8648ce3d040303", LK_CERT_ALGORITHM, 0},
    {"outer SHA-384", "KLIFEH", PART_OUTER_ALGORITHM,
     "300a06082a8648ce3d040303", LK_CERT_ALGORITHM, 0},
    {"inner SHA-1", "KLIFEH", PART_INNER_ALGORITHM, "300906072a8648ce3d0401", LK_CERT_ALGORITHM, 0},
    {"RSA with SHA-256", "KLIFEH", PART_INNER_ALGORITHM,
     "300d06092a864886f70d01010b0500", LK_CERT_ALGORITHM, 0},
    {"outer RSA, inner ECDSA", "KLIFEH", PART_OUTER_ALGORITHM,
     "300d06092a864886f70d01010b0500", LK_CERT_ALGORITHM, 0},
    {"inner NULL parameters", "KLIFEH", PART_INNER_ALGORITHM,
     "300c06082a8648ce3d0403020500", LK_CERT_ALGORITHM, 0},
    {"outer NULL parameters", "KLIFEH", PART_OUTER_ALGORITHM,
     "300c06082a8648ce3d0403020500", LK_CERT_ALGORITHM, 0},
    {"issuer empty", "KLIFEH", PART_ISSUER, "3000", LK_CERT_NAME, 0},
    {"subject empty", "KLIFEH", PART_SUBJECT, "3000", LK_CERT_NAME, 0},
    {"CN empty", "KLIFEH", PART_SUBJECT, "300b310930070603550403 1300", LK_CERT_NAME, 0},
    {"CN 65 octets", "KLIFEH", PART_SUBJECT, "304c314a30480603550403 1341Z41", LK_CERT_NAME, 0},
    {"NUL in CN", "KLIFEH", PART_SUBJECT, "300f310d300b0603550403 130441004242", LK_CERT_NAME, 0},
    {"NUL in UTF-8 CN", "KLIFEH", PART_SUBJECT,
     "300f310d300b0603550403 0c0441004242", LK_CERT_NAME, 0},
    {"overlong UTF-8", "KLIFEH", PART_SUBJECT, "300d310b30090603550403 0c02c080", LK_CERT_NAME, 0},
    {"UTF-8 surrogate", "KLIFEH", PART_SUBJECT,
     "300e310c300a0603550403 0c03eda080", LK_CERT_NAME, 0},
    {"UTF-8 overlong in 3", "KLIFEH", PART_SUBJECT, "3010310e300c0603550403 0c05e09fbf4141",
     LK_CERT_NAME, 0},
    {"UTF-8 surrogate in 3", "KLIFEH", PART_SUBJECT, "3010310e300c0603550403 0c05eda0804141",
     LK_CERT_NAME, 0},
    {"UTF-8 overlong in 4", "KLIFEH", PART_SUBJECT, "3010310e300c0603550403 0c05f08fbfbf41",
     LK_CERT_NAME, 0},
    {"UTF-8 above 10FFFF", "KLIFEH", PART_SUBJECT, "3010310e300c0603550403 0c05f490808041",
     LK_CERT_NAME, 0},
    {"eleven extensions", "KLIFEH", PART_EXTRA,
     "300806022a0104020500 300806022a0204020500 300806022a0304020500 300806022a0404020500"
     "300806022a0504020500 300806022a0604020500", LK_CERT_EXT_VALUE, 0},
    {"unprintable PrintableString", "KLIFEH", PART_SUBJECT,
     "300c310a30080603550403 13012a", LK_CERT_NAME, 0},
    {"TeletexString", "KLIFEH", PART_SUBJECT, "300c310a30080603550403 140141", LK_CERT_NAME, 0},
    {"two CNs", "KLIFEH", PART_SUBJECT,
     "3018310a30080603550403130141 310a30080603550403130142", LK_CERT_NAME, 0},
    {"name of 131 octets", "KLIFEH", PART_SUBJECT,
     "308180 313e303c060355040a 1335Z35 313e303c060355040b 1335Z35", LK_CERT_NAME, 0},
    {"multi-valued RDN", "KLIFEH", PART_SUBJECT,
     "30163114 30080603550403130141 3008060355040a130142", LK_CERT_DER, 0},
    {"name attribute with trailing byte", "KLIFEH", PART_SUBJECT,
     "300d310b3009060355040313014100", LK_CERT_DER, 0},
    {"UTCTime without seconds", "KLIFEH", PART_VALIDITY,
     "301c 170b323030313031303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"UTCTime with offset", "KLIFEH", PART_VALIDITY,
     "3022 17113230303130313030303030302b30303030 170d3330303130313030303030305a",
     LK_CERT_VALIDITY, 0},
    {"GeneralizedTime with fraction", "KLIFEH", PART_VALIDITY,
     "3022 170d3230303130313030303030305a 181132303630303130313030303030302e315a",
     LK_CERT_VALIDITY, 0},
    {"GeneralizedTime before 2050", "KLIFEH", PART_VALIDITY,
     "3020 170d3230303130313030303030305a 180f32303439303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"notAfter before notBefore", "KLIFEH", PART_VALIDITY,
     "301e 170d3330303130313030303030305a 170d3230303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"30 February", "KLIFEH", PART_VALIDITY,
     "301e 170d3230303233303030303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"29 February 2023", "KLIFEH", PART_VALIDITY,
     "301e 170d3233303232393030303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"month 13", "KLIFEH", PART_VALIDITY,
     "301e 170d3230313330313030303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"24 o'clock", "KLIFEH", PART_VALIDITY,
     "301e 170d3230303130313234303030305a 170d3330303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"second 60", "KLIFEH", PART_VALIDITY,
     "301e 170d3230303130313030303036305a 170d3330303130313030303030305a", LK_CERT_VALIDITY, 0},
    {"three dates", "KLIFEH", PART_VALIDITY,
     "302d 170d3230303130313030303030305a 170d3330303130313030303030305a "
     "170d3330303130313030303030305a",
     LK_CERT_DER, 0},
    {"compressed point", "KLIFEH", PART_SPKI, "3039" KEY_ALG "032200 02Z20", LK_CERT_POINT, 0},
    {"hybrid 06 point", "KLIFEH", PART_SPKI, "3059" KEY_ALG "034200 06X", LK_CERT_POINT, 0},
    {"hybrid 07 point", "KLIFEH", PART_SPKI, "3059" KEY_ALG "034200 07X", LK_CERT_POINT, 0},
    {"point off the curve", "KLIFEH", PART_SPKI, "3059" KEY_ALG "034200 04Z40", LK_CERT_POINT, 0},
    {"point at infinity", "KLIFEH", PART_SPKI, "3019" KEY_ALG "03020000", LK_CERT_POINT, 0},
    {"unused bits in key", "KLIFEH", PART_SPKI, "3059" KEY_ALG "034201 04Z40", LK_CERT_DER, 0},
    {"P-384 curve", "KLIFEH", PART_SPKI,
     "3056301006072a8648ce3d020106052b81040022 034200P", LK_CERT_KEY, 0},
    {"P-192 curve", "KLIFEH", PART_SPKI,
     "3059301306072a8648ce3d020106082a8648ce3d030101 034200P", LK_CERT_KEY, 0},
    {"RSA key kind", "KLIFEH", PART_SPKI,
     "3053300d06092a864886f70d0101010500 034200P", LK_CERT_KEY, 0},
    {"explicit curve parameters", "KLIFEH", PART_SPKI,
     "3058301206072a8648ce3d0201 3007020101 3002 0500 034200P", LK_CERT_KEY, 0},
    {"NULL curve parameters", "KLIFEH", PART_SPKI,
     "3051300b06072a8648ce3d02010500 034200P", LK_CERT_KEY, 0},
    {"AKI missing", "KLIFEH", PART_AKI, "", LK_CERT_EXT_MISSING, 0},
    {"AKI critical", "KLIFEH", PART_AKI,
     "30220603551d230101ff0418 30168014A", LK_CERT_EXT_CRITICAL, 0},
    {"AKI with issuer and serial", "KLIFEH", PART_AKI,
     "30220603551d23041b 30198014A 820141", LK_CERT_EXT_VALUE, 0},
    {"AKI of 19 bytes", "KLIFEH", PART_AKI, "301e0603551d230417 30158013Z13", LK_CERT_EXT_VALUE, 0},
    {"SKI missing", "KLIFEH", PART_SKI, "", LK_CERT_EXT_MISSING, 0},
    {"SKI critical", "KLIFEH", PART_SKI, "30200603551d0e0101ff0416 0414S", LK_CERT_EXT_CRITICAL, 0},
    {"SKI is not the hash of the key", "KLIFEH", PART_SKI,
     "301d0603551d0e0416 0414Z14", LK_CERT_SKI, 0},
    {"SKI is the AKI", "KLIFEH", PART_SKI, "301d0603551d0e0416 0414A", LK_CERT_SKI, 0},
    {"SKI with trailing byte", "KLIFEH", PART_SKI,
     "301e0603551d0e0417 0414S00", LK_CERT_EXT_VALUE, 0},
    {"SKI twice", "KLIFEH", PART_EXTRA, "301d0603551d0e0416 0414S", LK_CERT_EXT_DUPLICATE, 0},
    {"AKI twice", "KLIFEH", PART_EXTRA, "301f0603551d230418 30168014A", LK_CERT_EXT_DUPLICATE, 0},
    {"keyUsage twice", "KLIFEH", PART_EXTRA,
     "300e0603551d0f0101ff0404 03020780", LK_CERT_EXT_DUPLICATE, 0},
    {"basicConstraints twice", "KLIFEH", PART_EXTRA,
     "300c0603551d130101ff0402 3000", LK_CERT_EXT_DUPLICATE, 0},
    {"two roles of one kind", "KLIFEH", PART_EXTRA,
     "30{" ARC "R 0101ff 04{30{020101 V}}}", LK_CERT_EXT_DUPLICATE, 0},
    {"two roles", "KLIFEH", PART_EXTRA,
     "30{" ARC "06 0101ff 04{30{020101}}}", LK_CERT_EXT_DUPLICATE, 0},
    {"unknown critical extension", "KLIFEH", PART_EXTRA,
     "300b06022a03 0101ff0402 0500", LK_CERT_EXT_CRITICAL, 0},
    {"unknown extension twice", "KLIFEH", PART_EXTRA,
     "300806022a0304020500 300806022a0304020500", LK_CERT_EXT_DUPLICATE, 0},
    {"critical FALSE written out", "KLIFEH", PART_EXTRA,
     "300b06022a03 010100 04020500", LK_CERT_DER, 0},
    {"critical 01", "KLIFEH", PART_EXTRA, "300b06022a03 010101 04020500", LK_CERT_DER, 0},
    {"extension OID padded", "KLIFEH", PART_EXTRA, "300906032a8003 04020500", LK_CERT_DER, 0},
    {"extension OID unfinished", "KLIFEH", PART_EXTRA, "300806022a83 04020500", LK_CERT_DER, 0},
    {"extension without value", "KLIFEH", PART_EXTRA, "300406022a03", LK_CERT_DER, 0},
    {"extended key usage", "KLIFEH", PART_EXTRA,
     "30130603551d25 040c300a06082b06010505070301", LK_CERT_KEY_USAGE, 0},
    {"extended key usage critical", "KLIFEH", PART_EXTRA,
     "30160603551d25 0101ff 040c300a06082b06010505070301", LK_CERT_KEY_USAGE, 0},
    {"subject alternative name", "KLIFEH", PART_EXTRA,
     "300c0603551d11 0405 3003820141", LK_CERT_EXT_VALUE, 0},
    {"keyUsage missing", "KLIFEH", PART_KEY_USAGE, "", LK_CERT_EXT_MISSING, 0},
    {"keyUsage not critical", "KLIFEH", PART_KEY_USAGE,
     "300b0603551d0f0404 03020780", LK_CERT_EXT_CRITICAL, 0},
    {"keyUsage of a CA on a leaf", "KLH", PART_KEY_USAGE,
     "300e0603551d0f0101ff0404 03020204", LK_CERT_KEY_USAGE, 0},
    {"keyUsage both", "KLIFEH", PART_KEY_USAGE,
     "300e0603551d0f0101ff0404 03020284", LK_CERT_KEY_USAGE, 0},
    {"keyUsage unused bits set", "KLIFEH", PART_KEY_USAGE,
     "300e0603551d0f0101ff0404 03020781", LK_CERT_EXT_VALUE, 0},
    {"keyUsage trailing zero bits", "KLIFEH", PART_KEY_USAGE,
     "300e0603551d0f0101ff0404 03020080", LK_CERT_EXT_VALUE, 0},
    {"keyUsage empty", "KLIFEH", PART_KEY_USAGE,
     "300d0603551d0f0101ff0403 030100", LK_CERT_EXT_VALUE, 0},
    {"keyUsage eight unused bits", "KLIFEH", PART_KEY_USAGE,
     "300e0603551d0f0101ff0404 03020880", LK_CERT_EXT_VALUE, 0},
    {"basicConstraints missing", "KLIFEH", PART_BASIC, "", LK_CERT_EXT_MISSING, 0},
    {"basicConstraints not critical", "KLIFEH", PART_BASIC,
     "30090603551d130402 3000", LK_CERT_EXT_CRITICAL, 0},
    {"cA TRUE on a leaf", "KLH", PART_BASIC,
     "300f0603551d130101ff0405 30030101ff", LK_CERT_BASIC, 0},
    {"cA FALSE written out", "KLIFEH", PART_BASIC,
     "300f0603551d130101ff0405 3003010100", LK_CERT_EXT_VALUE, 0},
    {"path length without cA", "KLIFEH", PART_BASIC,
     "300f0603551d130101ff0405 3003020100", LK_CERT_BASIC, 0},
    {"basicConstraints trailing byte", "KLIFEH", PART_BASIC,
     "300d0603551d130101ff0403 300000", LK_CERT_EXT_VALUE, 0},
    {"role not critical", "KLIFEH", PART_ROLE,
     "30{" ARC "R 04{30{020101 V}}}", LK_CERT_EXT_CRITICAL, 0},
    {"role version 0", "KLIFEH", PART_ROLE,
     "30{" ARC "R 0101ff 04{30{020100 V}}}", LK_CERT_ROLE_VERSION, 0},
    {"role version 2", "KLIFEH", PART_ROLE,
     "30{" ARC "R 0101ff 04{30{020102 V}}}", LK_CERT_ROLE_VERSION, 0},
    {"role version 3", "KLIFEH", PART_ROLE,
     "30{" ARC "R 0101ff 04{30{020103 V}}}", LK_CERT_ROLE_VERSION, 0},
    {"role version 255", "KLIFEH", PART_ROLE,
     "30{" ARC "R 0101ff 04{30{020200ff V}}}", LK_CERT_ROLE_VERSION, 0},
    {"role version 256", "KLIFEH", PART_ROLE,
     "30{" ARC "R 0101ff 04{30{02020100 V}}}", LK_CERT_ROLE_VERSION, 0},
    {"role version padded", "KLIFEH", PART_ROLE,
     "30{" ARC "R 0101ff 04{30{02020001 V}}}", LK_CERT_EXT_VALUE, 0},
    {"role value with more", "KLIFEH", PART_ROLE,
     "30{" ARC "R 0101ff 04{30{020101 V 0500}}}", LK_CERT_EXT_VALUE, 0},
    {"role value empty", "KLIFEH", PART_ROLE, "30{" ARC "R 0101ff 04{3000}}", LK_CERT_EXT_VALUE, 0},
    {"role number 11", "KLIFEH", PART_ROLE, "3016" ARC "0b 0101ff0405 3003020101", LK_CERT_ROLE, 0},
    {"role number 16 of Release 4", "KLIFEH", PART_ROLE,
     "3016" ARC "10 0101ff0405 3003020101", LK_CERT_ROLE, 0},
    {"role deeper in the arc", "KLIFEH", PART_ROLE,
     "3017060b2b0601040182c469050101 0101ff0405 3003020101", LK_CERT_ROLE, 0},
    {"leaf without role", "KLH", PART_ROLE, "", LK_CERT_BASIC, 0},
    {"leaf with the role of a CA", "KLH", PART_ROLE,
     "3016" ARC "02 0101ff0405 3003020101", LK_CERT_BASIC, 0},
    {"leaf with the role of P", "KLH", PART_ROLE,
     "3016" ARC "05 0101ff0405 3003020101", LK_CERT_KEY_USAGE, 0},
    {"bytes after the extensions", "KLIFEH", PART_TBS_TAIL, "0500", LK_CERT_DER, 0},
    {"second extensions", "KLIFEH", PART_TBS_TAIL, "a3023000", LK_CERT_DER, 0},
    {"bytes after the signature", "KLIFEH", PART_CERT_TAIL, "0500", LK_CERT_DER, 0},
    {"byte after the certificate", "KLIFEH", PART_FILE_TAIL, "00", LK_CERT_DER, 0},
    {"r 0", "KLIFEH", PART_SIGNATURE, "030900 3006020100020101", LK_CERT_SIGNATURE_FORM, 0},
    {"s 0", "KLIFEH", PART_SIGNATURE, "030900 3006020101020100", LK_CERT_SIGNATURE_FORM, 0},
    {"r = n", "KLIFEH", PART_SIGNATURE,
     "032900 3026022100" N_HEX "020101", LK_CERT_SIGNATURE_FORM, 0},
    {"s = n", "KLIFEH", PART_SIGNATURE, "032900 3026020101022100" N_HEX, LK_CERT_SIGNATURE_FORM, 0},
    {"r above n", "KLIFEH", PART_SIGNATURE,
     "032900 3026022100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 020101",
     LK_CERT_SIGNATURE_FORM, 0},
    {"r of 34 bytes", "KLIFEH", PART_SIGNATURE,
     "032a00 3027 0222Z22 020101", LK_CERT_SIGNATURE_FORM, 0},
    {"r negative", "KLIFEH", PART_SIGNATURE,
     "030900 3006 0201ff 020101", LK_CERT_SIGNATURE_FORM, 0},
    {"r padded", "KLIFEH", PART_SIGNATURE,
     "030a00 3007 02020001 020101", LK_CERT_SIGNATURE_FORM, 0},
    {"s missing", "KLIFEH", PART_SIGNATURE, "030600 3003 020101", LK_CERT_SIGNATURE_FORM, 0},
    {"signature trailing byte", "KLIFEH", PART_SIGNATURE,
     "030a00 3006 020101 020101 00", LK_CERT_SIGNATURE_FORM, 0},
    {"signature empty", "KLIFEH", PART_SIGNATURE, "030100", LK_CERT_SIGNATURE_FORM, 0},
    {"signature with unused bits", "KLIFEH", PART_SIGNATURE,
     "030901 3006 020101 020102", LK_CERT_SIGNATURE_FORM, 0},
    {"signature of zero length", "KLIFEH", PART_SIGNATURE, "0300", LK_CERT_DER, 0},
    {"certificate above 1024", "KLIFEH", PART_EXTRA,
     "308203f5 06022a03 048203ed ZffZffZffZf0", LK_CERT_SIZE, 0},
    {"cA missing on a CA", "IFE", PART_BASIC, "300c0603551d130101ff0402 3000", LK_CERT_BASIC, 0},
    {"path length 128", "IFE", PART_BASIC,
     "30130603551d130101ff0409 30070101ff02020080", LK_CERT_EXT_VALUE, 0},
    {"path length negative", "IFE", PART_BASIC,
     "30120603551d130101ff0408 30060101ff0201ff", LK_CERT_EXT_VALUE, 0},
    {"cA twice", "IFE", PART_BASIC,
     "30120603551d130101ff0408 30060101ff0101ff", LK_CERT_EXT_VALUE, 0},
    {"keyUsage of a leaf on a CA", "IFE", PART_KEY_USAGE,
     "300e0603551d0f0101ff0404 03020780", LK_CERT_KEY_USAGE, 0},
    {"cRLSign alone on a CA", "IFE", PART_KEY_USAGE,
     "300e0603551d0f0101ff0404 03020102", LK_CERT_KEY_USAGE, 0},
    {"CA with the role of a leaf", "IFE", PART_ROLE,
     "3016" ARC "01 0101ff0405 3003020101", LK_CERT_BASIC, 0},
    {"cA missing on D", "D", PART_BASIC, "300c0603551d130101ff0402 3000", LK_CERT_BASIC, 0},
    {"cA FALSE with keyCertSign on J", "J", PART_BASIC,
     "300c0603551d130101ff0402 3000", LK_CERT_BASIC, 0},
    {"E without applet version", "E", PART_ROLE,
     "3016" ARC "03 0101ff0405 3003020101", LK_CERT_EXT_VALUE, 0},
    {"E with applet version of 3", "E", PART_ROLE,
     "301b" ARC "03 0101ff040a 3008020101 0403414141", LK_CERT_EXT_VALUE, 0},
    {"E with two platforms", "E", PART_ROLE,
     "3022" ARC "03 0101ff0411 300f020101 040441414141 040141 040141", LK_CERT_EXT_VALUE, 0},
    {"H without facts", "H", PART_ROLE,
     "3016" ARC "04 0101ff0405 3003020101", LK_CERT_EXT_VALUE, 0},
    {"AKI is the SKI", "KLIFEH", PART_AKI, "30{0603551d23 04{30{80{S}}}}", LK_CERT_AKI, 1},
    {"issuer in another string type", "LEH", PART_ISSUER,
     "30{31{30{0603550403 0c{C}}}}", LK_CERT_ISSUER, 1},
    {"issuer one octet longer", "LEH", PART_ISSUER,
     "30{31{30{0603550403 13{C41}}}}", LK_CERT_ISSUER, 1},
    {"issuer with one more part", "LEH", PART_ISSUER,
     "30{31{30{060355040a 130141}} 31{30{0603550403 13{C}}}}", LK_CERT_ISSUER, 1},
    {"no path length on a CA", "IFE", PART_BASIC,
     "30{0603551d13 0101ff 04{30{0101ff}}}", LK_CERT_PATH_LEN, 1},
    {"path length 2 on a CA", "IFE", PART_BASIC,
     "30{0603551d13 0101ff 04{30{0101ff 020102}}}", LK_CERT_PATH_LEN, 1},
    {"path length 1 where 0 is due", "IE", PART_BASIC,
     "30{0603551d13 0101ff 04{30{0101ff 020101}}}", LK_CERT_PATH_LEN, 1},
    {"path length 0 where 1 is due", "F", PART_BASIC,
     "30{0603551d13 0101ff 04{30{0101ff 020100}}}", LK_CERT_PATH_LEN, 1},
    {"CA without role", "IFE", PART_ROLE, "", LK_CERT_ROLE, 1},
    {"CA with the role of J", "IFE", PART_ROLE,
     "30{" ARC "09 0101ff 04{30{020101}}}", LK_CERT_ROLE, 1},
    {"CA with the role of M", "IFE", PART_ROLE,
     "30{" ARC "0a 0101ff 04{30{020101}}}", LK_CERT_ROLE, 1},
    {"leaf with the role of the receipt signer", "KLH", PART_ROLE,
     "30{" OWN_ARC "01 0101ff 04{30{020101}}}", LK_CERT_ROLE, 1},
    {"role 2 of our own arc", "KLIFEH", PART_ROLE, "30{" OWN_ARC "02 0101ff 04{30{020101}}}",
     LK_CERT_ROLE, 0},
    {"role of our own arc not critical", "KLIFEH", PART_ROLE,
     "30{" OWN_ARC "01 04{30{020101}}}", LK_CERT_EXT_CRITICAL, 0},
    {"roles of both arcs", "KLIFEH", PART_EXTRA, "30{" OWN_ARC "01 0101ff 04{30{020101}}}",
     LK_CERT_EXT_DUPLICATE, 0},
    {"leaf with the role of Q", "KLH", PART_ROLE,
     "30{" ARC "06 0101ff 04{30{020101}}}", LK_CERT_ROLE, 1},
    {"signed by its own key", "KLIFEH", PART_SIGNER, "self", LK_CERT_SIGNATURE, 1},
    {"signed by the key of P and Q", "KLIFEH", PART_SIGNER, "server", LK_CERT_SIGNATURE, 1},
    {"signed by the other automaker", "KLIFEH", PART_SIGNER, "foreign", LK_CERT_SIGNATURE, 1},
    {"one bit of s turned", "KLIFEH", PART_SIGNER, "turned", LK_CERT_SIGNATURE, 1},
    {"r and s swapped", "KLIFEH", PART_SIGNER, "swapped", LK_CERT_SIGNATURE, 1},
    {"signed by the root", "LEH", PART_SIGNER, "root", LK_CERT_SIGNATURE, 1},
    {"J offered", "KLIFEH", PART_WHOLE, "j", LK_CERT_ROLE, 1},
    {"intermediate offered", "KLFEH", PART_WHOLE, "i", LK_CERT_ROLE, 1},
    {"K offered", "IFEH", PART_WHOLE, "k", LK_CERT_ROLE, 1},
    {"D offered", "KLIFEH", PART_WHOLE, "d", LK_CERT_ROLE, 1},
    {"F offered", "KLIEH", PART_WHOLE, "f", LK_CERT_ROLE, 1},
    {"M offered", "KLIFEH", PART_WHOLE, "m", LK_CERT_ROLE, 1},
    {"N offered", "KLIFEH", PART_WHOLE, "n", LK_CERT_ROLE, 1},
    {"E offered", "KLIFH", PART_WHOLE, "e", LK_CERT_ROLE, 1},
    {"H offered", "KLIFE", PART_WHOLE, "h", LK_CERT_ROLE, 1},
    {"P offered", "KLIFEH", PART_WHOLE, "p", LK_CERT_ROLE, 1},
    {"Q offered", "KLIFEH", PART_WHOLE, "q", LK_CERT_ROLE, 1},
    {"receipt signer offered", "KLIFEH", PART_WHOLE, "r", LK_CERT_ROLE, 1},
    {"K of the intermediate without it", "K", PART_WHOLE, "ki", LK_CERT_AKI, 1},
    {"K of the root under the intermediate", "L", PART_WHOLE, "k", LK_CERT_ISSUER, 1},
    {"K of another automaker", "K", PART_WHOLE, "foreign k", LK_CERT_AKI, 1},
    {"K of another automaker and intermediate", "L", PART_WHOLE, "foreign ki", LK_CERT_AKI, 1},
    {"intermediate of another automaker", "I", PART_WHOLE, "foreign i", LK_CERT_AKI, 1},
    {"F of another automaker", "F", PART_WHOLE, "foreign f", LK_CERT_AKI, 1},
    {"E of another device maker", "E", PART_WHOLE, "foreign e", LK_CERT_AKI, 1},
    {"H of another Instance CA", "H", PART_WHOLE, "foreign h", LK_CERT_AKI, 1},
};
const size_t test_num_forms = sizeof test_forms / sizeof test_forms[0];

int test_form_fits(const struct test_form *form, char place)
{
    return place != 0 && strchr(form->places, place) != NULL;
}

const struct test_ca_cert *test_form_base(struct test_ca_world *world, char place,
                                          struct lk_key *out_signer)
{
    const struct {
        char place;
        const struct test_ca_cert *cert;
        struct lk_key signer;
    } places[] = {
        {'K', &world->k, world->automaker.key},    {'L', &world->ki, world->intermediate.key},
        {'I', &world->i, world->automaker.key},    {'F', &world->f, world->automaker.key},
        {'E', &world->e, world->device_maker.key}, {'H', &world->h, world->instance.key},
        {'J', &world->j, world->automaker.key},    {'D', &world->d, world->device_maker.key},
    };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].place == place) {
            *out_signer = places[i].signer;
            return places[i].cert;
        }
    }
    return NULL;
}

static size_t whole(const char *text, struct test_ca_world *world, struct test_ca_world *foreign,
                    uint8_t *out)
{
    struct test_ca_world *of = strncmp(text, "foreign ", 8) == 0 ? foreign : world;
    const char *letter = of == foreign ? text + 8 : text;
    const struct {
        const char *letter;
        const struct test_ca_cert *cert;
    } all[] = {{"j", &of->j}, {"i", &of->i}, {"k", &of->k}, {"ki", &of->ki}, {"d", &of->d},
               {"f", &of->f}, {"m", &of->m}, {"n", &of->n}, {"e", &of->e},   {"h", &of->h},
               {"p", &of->p}, {"q", &of->q}, {"r", &of->r}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].letter, letter) == 0) {
            memcpy(out, all[i].cert->der, all[i].cert->len);
            return all[i].cert->len;
        }
    }
    return 0;
}

/* The key of the certificate that stands at this place. */
static struct lk_key own_key(const struct test_ca_world *world, char place)
{
    switch (place) {
    case 'I':
        return world->intermediate.key;
    case 'F':
        return world->device_maker.key;
    case 'E':
        return world->instance.key;
    case 'H':
        return world->endpoint.key;
    default:
        return world->vehicle.key;
    }
}

/* A good signature with one bit of s turned, or with r and s in each other's place. */
static void spoil(struct lk_crypto *crypto, struct lk_bytes good, int swap, struct test_parts *out)
{
    struct lk_cert cert = {.signature = {0}};
    uint8_t *data = out->data[PART_SIGNATURE];
    struct lk_wr wr;
    size_t pair;

    if (lk_cert_parse(crypto, good, &cert) != LK_OK)
        return;
    if (!swap)
        cert.signature[63] ^= 1;
    lk_wr_init(&wr, data, sizeof out->data[PART_SIGNATURE]);
    lk_wr_u8(&wr, 0);
    pair = wr.len;
    lk_der_put_unsigned(&wr, LK_DER_INTEGER, cert.signature + (swap ? 32 : 0), 32);
    lk_der_put_unsigned(&wr, LK_DER_INTEGER, cert.signature + (swap ? 0 : 32), 32);
    lk_der_wrap(&wr, pair, LK_DER_SEQUENCE);
    lk_der_wrap(&wr, 0, LK_DER_BIT_STRING);
    out->len[PART_SIGNATURE] = wr.len;
}

static int choose_signer(const char *text, char place, const struct test_ca_world *world,
                         const struct test_ca_world *foreign, struct lk_key *out)
{
    if (strcmp(text, "self") == 0)
        *out = own_key(world, place);
    else if (strcmp(text, "server") == 0)
        *out = world->server.key;
    else if (strcmp(text, "foreign") == 0)
        *out = foreign->automaker.key;
    else if (strcmp(text, "root") == 0)
        *out = world->automaker.key;
    else
        return 0;
    return 1;
}

size_t test_form_make(const struct test_form *form, char place, struct test_ca_world *world,
                      struct test_ca_world *foreign, const struct test_ca_cert *base,
                      uint8_t *out, size_t cap)
{
    struct lk_key signer = {0};
    const struct test_ca_cert *own = test_form_base(world, place, &signer);
    struct test_parts parts;
    size_t len;

    if (form->part == PART_WHOLE)
        return whole(form->hex, world, foreign, out);
    if (!test_parts_take(world->crypto, base != NULL ? base : own, &parts))
        return 0;
    if (form->part < PART_WHOLE && !test_parts_set(&parts, form->part, form->hex))
        return 0;
    if (form->part == PART_SIGNER &&
        !choose_signer(form->hex, place, world, foreign, &signer)) {
        len = test_parts_join(world->crypto, &parts, signer, out, cap);
        spoil(world->crypto, lk_bytes(out, len), strcmp(form->hex, "swapped") == 0, &parts);
    }
    return test_parts_join(world->crypto, &parts, signer, out, cap);
}
