/*
 * typed.h - a name and a passphrase as somebody typed them, made what the app
 * makes of them. The locale must know UTF-8.
 */
#ifndef CLI_TYPED_H
#define CLI_TYPED_H

#include "base/buf.h"
#include "crypto/crypto.h"

#define TYPED_OCTETS_MAX 256 /* of a name */

/*
 * What the server knows a name by: small letters, nothing around them.
 * ERR_SYNTAX: it is no name. ERR_UNSUPPORTED: a letter and its mark stand
 * apart. The app puts them together (NFC); for that we lack the tables.
 */
MUST_USE enum err
typed_name(struct slice name, uint8_t ret_hash[static SHA256_OCTETS]);

/* Gaps between words are one space; around them there is none. As above. */
MUST_USE enum err typed_phrase(struct slice typed, struct buf *to);

#endif
