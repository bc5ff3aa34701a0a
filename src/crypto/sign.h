/*
 * sign.h - Ed25519 (RFC 8032, libsodium: constant time), always over
 * "eaves/1/" ‖ label ‖ 00 ‖ fixed fields, so that a signature means one thing.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/kdf.h"

#define SIGN_OCTETS        64
#define SIGN_PUBLIC_OCTETS 32

struct sign_pair {
	uint8_t public[SIGN_PUBLIC_OCTETS];
	uint8_t secret[64];
};

void sign_pair_make(const struct key *seed, struct sign_pair *ret_pair);
void sign_pair_wipe(struct sign_pair *pair);
/* ERR_LIMIT when the fields pass 64 KiB. */
MUST_USE enum err sign_make(const struct sign_pair *pair, enum label label,
    const struct fields *fields, uint8_t ret_signature[static SIGN_OCTETS]);
/* ERR_CRYPTO: not by this key over these fields. */
MUST_USE enum err
sign_check(const uint8_t public[static SIGN_PUBLIC_OCTETS], enum label label,
    const struct fields *fields, const uint8_t signature[static SIGN_OCTETS]);

#endif
