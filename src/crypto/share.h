/*
 * share.h - a key in three shares: any two give it back, one alone is random
 * octets (Shamir, over AES' field of 256). In each octet the key is where a
 * line with a random slope crosses 0, the shares are its points at 1, 2, 3.
 * No branch and no address depends on a secret.
 */
#ifndef CRYPTO_SHARE_H
#define CRYPTO_SHARE_H

#include "crypto/crypto.h"

#define SHARES 3u

/* Share 1 is the first. */
void key_split(const struct key *key, struct key ret_share[static SHARES]);
/*
 * From two shares with their numbers. Whether they belong together it cannot
 * know: what the key opens tells. ERR_RANGE: not two different of 1 to 3.
 */
MUST_USE enum err key_join(const struct key *a, unsigned a_number,
    const struct key *b, unsigned b_number, struct key *ret_key);

/* --- inner parts, for tests --- */

uint8_t field_multiply(uint8_t a, uint8_t b);
/* 1 divided by a; 0 for 0. */
uint8_t field_invert(uint8_t a);
/* The point at number of the line through key with that slope. */
void key_point(const struct key *key, const struct key *slope, unsigned number,
    struct key *ret_point);

#endif
