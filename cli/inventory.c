/* inventory.c: what cryptography there is (M52): standard AES and elliptic curve, and who does it.
 */
#include "rows.h"
#include "unit.h"

static const struct {
    const char *algorithm, *standard, *use, *by;
} inventory[] = {
    {"ECDSA P-256 with SHA-256", "FIPS 186-5", "AUTH1, certificates, attestations", "provider"},
    {"ECDH P-256", "SP 800-56A", "AUTH1 session keys", "provider"},
    {"P-256 point arithmetic", "SEC 1", "SPAKE2+ shares", "provider"},
    {"SHA-256", "FIPS 180-4", "signatures, key derivation", "provider"},
    {"SHA-256 compression", "FIPS 180-4", "key search with stored midstates",
     "own (portable C or SHA instructions)"},
    {"SHA-1", "FIPS 180-4", "key identifiers only, no security rests on it", "provider"},
    {"AES-128-CBC", "SP 800-38A", "secure channel, wrapped records", "provider"},
    {"AES-128-GCM", "SP 800-38D", "ECIES_v1", "provider"},
    {"AES-128-CMAC", "SP 800-38B, RFC 4493", "secure channel, pairing evidence, grants",
     "own wiring over AES"},
    {"HKDF-SHA256", "RFC 5869", "session keys", "own wiring over SHA-256"},
    {"X9.63 KDF", "ANSI X9.63", "Kdh, ECIES_v1", "own wiring over SHA-256"},
    {"SPAKE2+, the CCC profile", "project spec/pairing.md", "owner pairing",
     "own wiring over point arithmetic"},
    {"scrypt", "RFC 7914", "pairing password, on host and server only", "OpenSSL"},
};

int crypto_inventory(struct cli *cli)
{
    static struct unit unit;
    static const uint8_t no_store[32] = {1};
    int bad = unit_crypto(cli, &unit, no_store);
    if (bad)
        return bad;
    if (!cli_flag(cli, "json"))
        printf("provider: %s\n", unit.port->name);
    for (size_t i = 0; i < sizeof inventory / sizeof inventory[0]; i++) {
        if (cli_flag(cli, "json"))
            cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "algorithm",
                                     inventory[i].algorithm, "standard", inventory[i].standard,
                                     "use", inventory[i].use, "by", inventory[i].by, "provider",
                                     unit.port->name));
        else
            printf("  %-26s %-24s %-44s %s\n", inventory[i].algorithm, inventory[i].standard,
                   inventory[i].use, inventory[i].by);
    }
    unit_close(&unit);
    return 0;
}
