/*
 * words5.h - 64 bits as five words that can be read aloud and compared; the
 * words of web/src/model/words5.ts.
 */
#ifndef MODEL_WORDS5_H
#define MODEL_WORDS5_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/sign.h"

#define WORDS5_OCTETS 32 /* five of at most five letters, gaps and a NUL */

void words5_put(uint64_t v, char to[static WORDS5_OCTETS]);
/* What people compare a signing key by: 64 bits of its SHA-256. */
void words5_of_key(const uint8_t key[static SIGN_PUBLIC_OCTETS],
    char to[static WORDS5_OCTETS]);

#endif
