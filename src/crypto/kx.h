/*
 * kx.h - X25519 (RFC 7748, libsodium: constant time). Private keys are raw
 * 32-octet scalars; the function clamps them.
 */
#ifndef CRYPTO_KX_H
#define CRYPTO_KX_H

#include "crypto/crypto.h"

#define KX_OCTETS 32

void kx_public(const struct key *private, uint8_t ret_public[static KX_OCTETS]);
/* ERR_CRYPTO when the result is all zeros (a point of small order). */
MUST_USE enum err kx_shared(const struct key *private,
    const uint8_t public[static KX_OCTETS], struct key *ret_shared);

#endif
