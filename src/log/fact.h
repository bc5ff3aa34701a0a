/*
 * fact.h - numbers without an identity, for the people who run a server. A
 * fact takes a count and nothing else: a text, octets or an id do not compile
 * (tests/compile_fail), and there are no labels to carry them.
 */
#ifndef LOG_FACT_H
#define LOG_FACT_H

#include "base/buf.h"
#include "schema/types.h"

enum fact {
#define FACT(name, kind, sentence) FACT_##name,
#include "log/facts.def"
#undef FACT
	FACT__MAX
};

/* One process's; zeroed at birth. */
struct facts {
	uint64_t now[FACT__MAX];  /* of today, or of this moment */
	uint64_t then[FACT__MAX]; /* of the last whole day */
	uint32_t day;
};

/* A DAY fact counts up. */
void
fact_add(struct facts *f, enum fact which, struct count by, struct day today);
/* A NOW fact is what it is. */
void fact_set(struct facts *f, enum fact which, struct count is);
/* All of them in Prometheus' text format. Appends. ERR_LIMIT, ERR_NOMEM. */
MUST_USE enum err
facts_write(struct facts *f, struct day today, struct buf *to);

#endif
