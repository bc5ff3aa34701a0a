/*
 * tail.h - what was sent last on a stream, sealed as it went: a line that
 * breaks is noticed late, and what was on it then may have come nowhere. It
 * goes to the spool then. Whole groups, from a key frame on.
 */
#ifndef HUB_TAIL_H
#define HUB_TAIL_H

#include <stdint.h>

#include "base/buf.h"

/* Longer than a dead line goes unnoticed: uplink.c. */
#define TAIL_MS         12000
#define TAIL_OCTETS_MAX ((size_t)16 << 20) /* of one stream */

struct tail_record {
	struct tail_record *next;
	uint64_t ms;
	uint8_t flags;
	size_t len;
	uint8_t at[];
};

struct tail {
	struct tail_record *header; /* of the run of the first record */
	struct tail_record *first, **last;
	size_t octets;
};

void tail_init(struct tail *t);
/* Forgets all. */
void tail_clear(struct tail *t);
/* One more; what is too old, or too much, goes. */
void tail_add(struct tail *t, uint8_t flags, struct slice record, uint64_t ms);
/* Calls each in order, a header first; then all is forgotten. */
void tail_take(struct tail *t, uint64_t now_ms,
    void (*each)(void *ctx, uint8_t flags, struct slice record), void *ctx);

#endif
