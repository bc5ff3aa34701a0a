/*
 * utf8.h - words that strangers wrote, before a person reads them.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

/*
 * Copies what is well-formed UTF-8 (RFC 3629) and no control character: none
 * of C0 and C1, no DEL, no line separator, nothing that turns the direction
 * of writing. The rest is left out, as is what does not fit room, which is at
 * least 1; never half a character. Ends with a NUL. Answers the octets.
 */
size_t utf8_clean(struct slice in, char *to, size_t room);
/* Whether utf8_clean would leave nothing out. */
bool utf8_is_clean(struct slice in);

#endif
