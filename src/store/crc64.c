/* crc64.c: CRC-64/XZ by nibbles. It guards against accident, not against an attacker. */
#include "store/journal.h"

/* Reflected polynomial C96C5795D7870F42, one entry per nibble: the high one of a byte, and the low
 * one, which passes four bits more. Two lookups that do not wait for each other. */
static const uint64_t high[16] = {
    0x0000000000000000u, 0x7d9ba13851336649u, 0xfb374270a266cc92u, 0x86ace348f355aadbu,
    0x64b62bcaebc387a1u, 0x192d8af2baf0e1e8u, 0x9f8169ba49a54b33u, 0xe21ac88218962d7au,
    0xc96c5795d7870f42u, 0xb4f7f6ad86b4690bu, 0x325b15e575e1c3d0u, 0x4fc0b4dd24d2a599u,
    0xadda7c5f3c4488e3u, 0xd041dd676d77eeaau, 0x56ed3e2f9e224471u, 0x2b769f17cf112238u,
};
static const uint64_t low[16] = {
    0x0000000000000000u, 0xb32e4cbe03a75f6fu, 0xf4843657a840a05bu, 0x47aa7ae9abe7ff34u,
    0x7bd0c384ff8f5e33u, 0xc8fe8f3afc28015cu, 0x8f54f5d357cffe68u, 0x3c7ab96d5468a107u,
    0xf7a18709ff1ebc66u, 0x448fcbb7fcb9e309u, 0x0325b15e575e1c3du, 0xb00bfde054f94352u,
    0x8c71448d0091e255u, 0x3f5f08330336bd3au, 0x78f572daa8d1420eu, 0xcbdb3e64ab761d61u,
};

uint64_t lk_crc64(uint64_t crc, const void *data, size_t len)
{
    const uint8_t *at = data;
    size_t i;

    crc = ~crc;
    for (i = 0; i < len; i++) {
        crc ^= at[i];
        crc = (crc >> 8) ^ low[crc & 15] ^ high[crc >> 4 & 15];
    }
    return ~crc;
}
