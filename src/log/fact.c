#include "log/fact.h"

#include <stdio.h>

enum kind {
	NOW,
	DAY
};

static const struct {
	const char *name;
	enum kind kind;
	const char *sentence;
} rows[] = {
#define FACT(name, kind, sentence) { #name, kind, sentence },
#include "log/facts.def"
#undef FACT
};

/* At the first look of a new day, yesterday's counts are told. */
static void
day_turn(struct facts *f, struct day today)
{
	if (today.since_1970 == f->day)
		return;
	const bool yesterday = today.since_1970 == f->day + 1;

	for (size_t i = 0; i < FACT__MAX; i++) {
		if (rows[i].kind != DAY)
			continue;
		f->then[i] = yesterday ? f->now[i] : 0;
		f->now[i] = 0;
	}
	f->day = today.since_1970;
}

void
fact_add(struct facts *f, enum fact which, struct count by, struct day today)
{
	assert(rows[which].kind == DAY);
	day_turn(f, today);
	f->now[which] += by.n;
}

void
fact_set(struct facts *f, enum fact which, struct count is)
{
	assert(rows[which].kind == NOW);
	f->now[which] = is.n;
}

enum err
facts_write(struct facts *f, struct day today, struct buf *to)
{
	day_turn(f, today);
	for (size_t i = 0; i < FACT__MAX; i++) {
		const bool day = rows[i].kind == DAY;
		char text[512];
		enum err e;

		(void)snprintf(text, sizeof text,
		    "# HELP eaves_%s%s %s\n# TYPE eaves_%s%s gauge\n"
		    "eaves_%s%s %llu\n",
		    rows[i].name, day ? "_day" : "", rows[i].sentence,
		    rows[i].name, day ? "_day" : "", rows[i].name,
		    day ? "_day" : "",
		    (unsigned long long)(day ? f->then[i] : f->now[i]));
		if ((e = buf_append(to, slice_str(text))) != ERR_OK)
			return e;
	}
	return ERR_OK;
}
