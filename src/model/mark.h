/*
 * mark.h - a signed summary of what a run said since the mark before it:
 * docs/FORMATS.md section 3. Leaves are over plaintext, so that a film that
 * somebody exported can be verified without giving a key away.
 */
#ifndef MODEL_MARK_H
#define MODEL_MARK_H

#include "base/buf.h"
#include "crypto/sign.h"

#define MARK_OCTETS      193
#define MARK_RECORDS_MAX 64
#define MARK_EVERY_US    1000000
#define MARK_ENDS        1 /* flag: the run ends here */

struct mark {
	uint8_t header_hash[SHA256_OCTETS]; /* of the run header record */
	uint32_t number;
	uint64_t first_index;
	uint32_t count;
	uint64_t first_us, last_us;
	uint8_t leaves_hash[SHA256_OCTETS];
	uint8_t before_hash[SHA256_OCTETS];
	uint8_t flags;
};

/* Leaves of the records that no mark covers yet; at most MARK_RECORDS_MAX. */
struct leaves {
	uint64_t first_index, first_us, last_us;
	uint32_t count;
	uint8_t at[MARK_RECORDS_MAX][SHA256_OCTETS];
};

/* Appends one more leaf. ERR_LIMIT: a mark was due before. */
MUST_USE enum err leaves_add(struct leaves *l, uint64_t index, uint8_t flags,
    uint64_t time_us, uint8_t kind, struct slice octets);
/* The same, from SHA-256 of the octets. */
MUST_USE enum err
leaves_add_digest(struct leaves *l, uint64_t index, uint8_t flags,
    uint64_t time_us, uint8_t kind, const uint8_t digest[static SHA256_OCTETS]);
void
leaves_hash(const struct leaves *l, uint8_t ret_hash[static SHA256_OCTETS]);

/* Appends MARK_OCTETS, signed. */
MUST_USE enum err
mark_put(const struct mark *m, const struct sign_pair *by, struct buf *to);
/* ERR_SYNTAX for another length; ERR_CRYPTO when by did not sign it. */
MUST_USE enum err mark_get(struct slice octets,
    const uint8_t by[static SIGN_PUBLIC_OCTETS], struct mark *ret_mark);

#endif
