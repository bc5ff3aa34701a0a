/*
 * typed.h - a name and a passphrase as somebody typed them in UTF-8, made what
 * the app makes of them: letters composed (Unicode's NFC).
 */
#ifndef CLI_TYPED_H
#define CLI_TYPED_H

#include "base/buf.h"
#include "crypto/crypto.h"

#define TYPED_OCTETS_MAX 256 /* of a name */

/*
 * What the server knows a name by: small letters, nothing around them.
 * ERR_SYNTAX: it is no name.
 */
MUST_USE enum err
typed_name(struct slice name, uint8_t ret_hash[static SHA256_OCTETS]);

/* NFC can make a text three times as long. */
#define TYPED_PHRASE_ROOM(octets) (3 * (octets) + 1)
/* Gaps between words are one space; around them there is none. ERR_SYNTAX. */
MUST_USE enum err typed_phrase(struct slice typed, struct buf *to);

#endif
