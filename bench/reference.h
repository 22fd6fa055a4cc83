/* reference.h: the primitive sums against which the product is measured: OpenSSL's low-level calls
 * and nothing else, as performance figures of the protocol are usually given. */
#ifndef BENCH_REFERENCE_H
#define BENCH_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

/* Makes keys, signature and contexts. 0 on failure. */
int reference_open(void);
void reference_close(void);

/* One standard transaction, both sides: two key pairs, two signatures, two checks, two agreements
 * with the peer's point decoded, the key derivations, one answer sealed and opened. */
void reference_standard(void);
/* What the car does after AUTH1: verify, key derivation, MAC. */
void reference_decide(void);
/* One side of fast with the key pair ready: HKDF of 64 bytes and a CMAC. */
void reference_fast(void);
/* One HKDF of 64 bytes by the EVP interface: one trial of a key search. */
void reference_hkdf(void);
void reference_sign(void);
void reference_verify(void);
/* The car's side of SPAKE2+: the generator's multiplication and four of other points. */
void reference_spake2(void);

#endif
