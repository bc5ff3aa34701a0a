/*
 * keep.h - how long a home keeps what it recorded, as its members signed it
 * in the directory: docs/FORMATS.md section 5. A hub has no use for it and
 * looks at its form alone; readers compare it with what the server does. The
 * same rules as web/src/model/retention.ts. Times are µs since 1970.
 */
#ifndef MODEL_KEEP_H
#define MODEL_KEEP_H

#include <jansson.h>

#include "base/err.h"
#include "base/id.h"
#include "model/ledger.h"

#define KEEP_LOCKS_MAX 64

/* ERR_SYNTAX, ERR_LIMIT, ERR_RANGE, ERR_NOMEM. */
MUST_USE enum err keep_check(json_t *keep);

/* What a version chose for a thing; octets 0: as much as there is. */
struct keep_thing {
	uint64_t days, octets, quota; /* quota: of the whole home */
};
/* keep: checked; NULL: nobody chose. */
struct keep_thing keep_of(json_t *keep, const struct id *thing);
/* What stays of that thing; writes KEEP_LOCKS_MAX at most. */
size_t keep_locks(json_t *keep, const struct id *thing,
    struct span to[static KEEP_LOCKS_MAX]);

/*
 * What was chosen, version after version: what an earlier one let go a later
 * one does not bring back. Zeros: none yet.
 */
struct keep_past {
	struct keep_thing now;
	uint64_t keep_us, room_us; /* by earlier ones; as the ledger's */
};
/* The next version, written at that time. */
void
keep_take(struct keep_past *p, const struct keep_thing *next, uint64_t time_us);
/* What is older may be let go, by then. */
uint64_t keep_begin(const struct keep_past *p, uint64_t now_us);

#endif
