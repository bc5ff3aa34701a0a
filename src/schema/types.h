/*
 * types.h - the only shapes in which something reaches a row, a log line, an
 * error text, a metric or a less trusted process. A slice or a string fits
 * none of them: a leak is a compile error (tests/compile_fail).
 */
#ifndef SCHEMA_TYPES_H
#define SCHEMA_TYPES_H

#include "base/err.h"
#include "base/id.h"

/*
 * Octets that open only for somebody else. Made in two places alone: from
 * what the keeper sealed, and from what a client sent after its format was
 * checked (a client that sends a name instead of a sealed box hurts itself).
 */
struct sealed {
	struct slice octets;
};
static inline struct sealed
sealed_by_keeper(struct slice answer)
{
	return (struct sealed){ answer };
}
/* ERR_SYNTAX: not in a sealed format (version 1, suite 1, a tag at least). */
MUST_USE static inline enum err
sealed_by_peer(struct slice s, struct sealed *ret)
{
	if (s.len < 2 + 16 || s.at[0] != 1)
		return ERR_SYNTAX;
	*ret = (struct sealed){ s };
	return ERR_OK;
}

/*
 * What anybody on the way may see: public keys, nonces, the messages of a
 * handshake. A maker for that alone, so that a reader sees what it is.
 */
struct shown {
	struct slice octets;
};
static inline struct shown
shown_handshake(struct slice message)
{
	return (struct shown){ message };
}

/* The key of one segment, which edge writes or reads; never more than that. */
struct segment_key {
	struct slice octets;
};
static inline struct segment_key
segment_key_by_keeper(struct slice answer)
{
	return (struct segment_key){ answer };
}

struct index16 {
	struct id octets;
};
struct count {
	uint64_t n;
};
struct day {
	uint32_t since_1970;
};
struct choice {
	uint8_t of;
};

/* A sentence for people that stands in the source; never made at run time. */
struct words {
	const char *text;
};
#define WORDS(s) ((struct words){ "" s "" })

#endif
