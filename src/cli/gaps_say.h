/*
 * gaps_say.h - a ledger for people, or for machines: `eaves gaps`.
 */
#ifndef CLI_GAPS_SAY_H
#define CLI_GAPS_SAY_H

#include "model/ledger.h"

/* What was found of one camera. */
struct gaps_found {
	size_t camera; /* its number, from 1 */
	struct slice name;
	const struct gap *gap;
	size_t count;
	uint64_t confirmed_us; /* by heads until then; 0: not confirmed */
	size_t shut;           /* rows that did not open */
	bool index;            /* it keeps one */
};

/* Before its cameras, when there are others. */
void gaps_say_home(struct slice name);
void gaps_say(const struct gaps_found *f);
/* A line for each gap. */
void gaps_say_json(const struct gaps_found *f);

#endif
