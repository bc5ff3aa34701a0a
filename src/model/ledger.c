#include "model/ledger.h"

#include <stdlib.h>

#include "base/obj.h"

#define LEAST_US   1000000u /* shorter is the time between two pictures */
#define JOIN_US    1500000u
#define QUIET_US   150000000u /* a row is due each minute */
#define SETTLE_US  10000000u  /* from the end of a trouble to a key frame */
#define DAY_US     (24 * INDEX_HOUR_US)
#define FIRST_US   60000000u /* from a camera's first row to a picture */
#define SILENT     6         /* reasons of docs/FORMATS.md section 1 */
#define NO_PROCESS 13
#define NEVER      UINT64_MAX

const char *
cause_word(enum cause c)
{
	static const char *const words[CAUSE__MAX] = {
#define X(name, word) [CAUSE_##name] = word,
		CAUSE_LIST(X)
#undef X
	};

	return words[c];
}

/* A list that grows; the first failure stays. */
struct spans {
	struct span *at;
	size_t count, room;
};
struct ledger {
	const struct ledger_question *q;
	struct ledger_row *row; /* of a run the newest; in order of time */
	size_t row_count;
	struct spans recorded;
	struct spans free; /* what no layer has taken yet, in order */
	struct gap *gap;
	size_t gap_count, gap_room;
	enum err err;
};

static uint64_t
most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
span_add(struct ledger *l, struct spans *to, uint64_t from_us, uint64_t to_us)
{
	if (to->count == to->room) {
		const size_t room = to->room == 0 ? 64 : 2 * to->room;
		struct span *at = realloc(to->at, room * sizeof *at);

		if (at == NULL) {
			l->err = ERR_NOMEM;
			return;
		}
		to->at = at;
		to->room = room;
	}
	to->at[to->count++] = (struct span){ from_us, to_us };
}

static void
gap_add(struct ledger *l, uint64_t from_us, uint64_t to_us, enum cause cause,
    uint8_t state)
{
	if (l->gap_count == l->gap_room) {
		const size_t room = l->gap_room == 0 ? 64 : 2 * l->gap_room;
		struct gap *gap = realloc(l->gap, room * sizeof *gap);

		if (gap == NULL) {
			l->err = ERR_NOMEM;
			return;
		}
		l->gap = gap;
		l->gap_room = room;
	}
	l->gap[l->gap_count++] = (struct gap){ { from_us, to_us }, cause,
		state };
}

/* What is free of at belongs to that cause; CAUSE__MAX: it is not missing. */
static void
give(struct ledger *l, struct span at, enum cause cause, uint8_t state)
{
	struct spans left = { 0 };

	for (size_t i = 0; i < l->free.count; i++) {
		const struct span s = l->free.at[i];
		const uint64_t a = most(s.from_us, at.from_us);
		const uint64_t b = least(s.to_us, at.to_us);
		if (a >= b) {
			span_add(l, &left, s.from_us, s.to_us);
			continue;
		}
		if (cause != CAUSE__MAX)
			gap_add(l, a, b, cause, state);
		if (s.from_us < a)
			span_add(l, &left, s.from_us, a);
		if (b < s.to_us)
			span_add(l, &left, b, s.to_us);
	}
	free(l->free.at);
	l->free = left;
}

static void
short_drop(struct ledger *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->free.count; i++)
		if (l->free.at[i].to_us - l->free.at[i].from_us >= LEAST_US)
			l->free.at[n++] = l->free.at[i];
	l->free.count = n;
}

/* --- rows --- */

static bool
run_eq(const struct run_id *a, const struct run_id *b)
{
	return memcmp(a->octets, b->octets, RUN_ID_OCTETS) == 0;
}

static const struct ledger_row *
row_of(const struct ledger *l, const struct run_id *run)
{
	for (size_t i = 0; i < l->row_count; i++)
		if (run_eq(&l->row[i].run, run))
			return &l->row[i];
	return NULL;
}

static int
row_order(const void *a, const void *b)
{
	const struct index_hour *x = ((const struct ledger_row *)a)->hour;
	const struct index_hour *y = ((const struct ledger_row *)b)->hour;

	if (x->from_us != y->from_us)
		return x->from_us < y->from_us ? -1 : 1;
	return (x->to_us > y->to_us) - (x->to_us < y->to_us);
}

static enum err
rows_take(struct ledger *l)
{
	l->row = calloc(l->q->row_count + 1, sizeof *l->row);
	if (l->row == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < l->q->row_count; i++) {
		const struct ledger_row *r = &l->q->row[i];
		const struct ledger_row *other = row_of(l, &r->run);
		if (other == NULL)
			l->row[l->row_count++] = *r;
		else if (other->index < r->index)
			l->row[other - l->row] = *r;
	}
	qsort(l->row, l->row_count, sizeof *l->row, row_order);
	return ERR_OK;
}

/* The end of the newest row at or before that time; 0: none is there. */
static uint64_t
held_before(const struct ledger *l, uint64_t time_us)
{
	uint64_t to_us = 0;

	for (size_t i = 0; i < l->row_count; i++)
		if (l->row[i].hour->to_us <= time_us)
			to_us = most(to_us, l->row[i].hour->to_us);
	return to_us;
}

/* Until when rows tell what was: later is not written down yet. */
static uint64_t
known_until(const struct ledger *l)
{
	return held_before(l, NEVER);
}

static bool
has_day(const struct ledger_question *q, uint32_t day)
{
	for (size_t i = 0; i < q->day_count; i++)
		if (q->day[i] == day)
			return true;
	return false;
}

/* The beginning of the days without a gap that lead to that one. */
static uint64_t
days_begin(const struct ledger_question *q, uint32_t day)
{
	while (day > 0 && has_day(q, day - 1))
		day--;
	return day * DAY_US;
}

/* Whether rows are newer than ours, which heads name. */
static bool
has_unshown(const struct ledger *l)
{
	const struct ledger_named *n = &l->q->named;
	const struct ledger_row *ours = row_of(l, &n->run);

	if (n->time_us == 0 || known_until(l) > n->time_us)
		return false; /* older than our rows */
	if (ours != NULL)
		return ours->mark < n->mark ||
		       (ours->mark == n->mark &&
			   memcmp(ours->mark_hash, n->mark_hash,
			       SHA256_OCTETS) != 0);
	for (size_t i = 0; i < l->row_count; i++)
		if (l->row[i].hour->before.index != 0 &&
		    run_eq(&l->row[i].hour->before.run, &n->run))
			return false;
	return true;
}

/* --- layers --- */

static enum cause
cause_of(uint8_t state)
{
	switch (state) {
	case INDEX_SERVER_AWAY:
		return CAUSE_AWAY;
	case INDEX_UPLINK_SLOW:
		return CAUSE_SLOW;
	case INDEX_SERVER_DISK:
		return CAUSE_DISK;
	default:
		return CAUSE_CAMERA;
	}
}

/* Of one state: until when it lasted. */
static struct span
state_span(const struct index_hour *h, size_t k)
{
	const uint64_t next = k + 1 < h->state_count ? h->state[k + 1].time_us
						     : h->to_us;

	return (struct span){ most(h->state[k].time_us, h->from_us),
		least(next, h->to_us) };
}

/* What rows say went on: what counts though a run is listed, or all of it. */
static void
states_give(struct ledger *l, bool in_runs)
{
	for (size_t i = 0; i < l->row_count; i++) {
		const struct index_hour *h = l->row[i].hour;
		for (size_t k = 0; k < h->state_count; k++) {
			const uint8_t state = h->state[k].state;
			if (!in_runs || state == INDEX_SERVER_DISK ||
			    state == SILENT)
				give(l, state_span(h, k), cause_of(state),
				    state);
		}
	}
}

/*
 * Listed, and not given when it was asked for. What was on its way when the
 * server went is not kept back by it.
 */
static void
lost_give(struct ledger *l, struct span lost)
{
	for (size_t i = 0; i < l->row_count; i++) {
		const struct index_hour *h = l->row[i].hour;
		for (size_t k = 0; k < h->state_count; k++) {
			if (h->state[k].state != INDEX_SERVER_AWAY)
				continue;
			const uint64_t from_us = state_span(h, k).from_us;
			const struct span at = { most(lost.from_us,
						     from_us - SETTLE_US),
				least(lost.to_us, from_us) };
			give(l, at, CAUSE_AWAY, INDEX_SERVER_AWAY);
		}
	}
	give(l, lost, CAUSE_SERVER, 0);
}

static int
span_order(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

/* What is recorded, as stretches of time in order. */
static void
recorded_find(struct ledger *l)
{
	struct spans *all = &l->recorded;
	size_t n = 0;

	for (size_t i = 0; i < l->row_count; i++)
		for (size_t k = 0; k < l->row[i].hour->run_count; k++) {
			const struct index_hour_run *r = &l->row[i]
							      .hour->run[k];
			if (r->as == TRACK_MAIN)
				span_add(l, all, r->first_us, r->last_us);
		}
	if (all->count > 0)
		qsort(all->at, all->count, sizeof *all->at, span_order);
	for (size_t i = 0; i < all->count; n++) {
		struct span s = all->at[i++];
		while (
		    i < all->count && all->at[i].from_us <= s.to_us + JOIN_US)
			s.to_us = most(s.to_us, all->at[i++].to_us);
		all->at[n] = s;
	}
	all->count = n;
}

/* The first lock that ends behind that time; NULL: there is none. */
static const struct span *
lock_next(const struct ledger *l, uint64_t time_us)
{
	const struct span *next = NULL;

	for (size_t i = 0; i < l->q->lock_count; i++) {
		const struct span *s = &l->q->lock[i];
		if (s->to_us > time_us &&
		    (next == NULL || s->from_us < next->from_us))
			next = s;
	}
	return next;
}

/* Went, but for what is locked: that must be there. */
static void
went_give(struct ledger *l, struct span at, enum cause cause, uint8_t state)
{
	uint64_t from = at.from_us;

	while (from < at.to_us) {
		const struct span *lock = lock_next(l, from);
		const struct span s = { from,
			lock == NULL ? at.to_us
				     : least(lock->from_us, at.to_us) };
		if (s.from_us < s.to_us && cause == CAUSE_SERVER)
			lost_give(l, s);
		else if (s.from_us < s.to_us)
			give(l, s, cause, state);
		from = lock == NULL ? at.to_us : lock->to_us;
	}
}

/* As the policy allows; without one, all that the server says. */
static void
let_go_give(struct ledger *l)
{
	const uint64_t oldest = l->q->oldest_us, keep = l->q->keep_us;
	const struct span at = { 0, keep == 0 ? oldest : least(oldest, keep) };

	went_give(l, at, CAUSE_GONE, keep == 0 ? 1 : 0);
}

/* Recorded, and let go though the policy keeps it: for want of room, or not. */
static void
early_give(struct ledger *l)
{
	const struct ledger_question *q = l->q;

	for (size_t i = 0; i < l->recorded.count && q->keep_us != 0; i++) {
		const struct span *r = &l->recorded.at[i];
		const struct span s = { most(r->from_us, q->keep_us),
			least(r->to_us, q->oldest_us) };
		went_give(l,
		    (struct span){ s.from_us, least(s.to_us, q->room_us) },
		    CAUSE_GONE, 1);
		went_give(l,
		    (struct span){ most(s.from_us, q->room_us), s.to_us },
		    CAUSE_SERVER, 0);
	}
}

/* Older than what the policy keeps, what is not there may have gone. */
static void
over_give(struct ledger *l, struct span at)
{
	const uint64_t to_us = least(at.to_us, l->q->keep_us);

	went_give(l, (struct span){ at.from_us, to_us }, CAUSE_GONE, 0);
}

/*
 * A row that this one names and that is not there, back to the one before
 * that is: what it would have said nobody can know.
 */
static void
withheld_give(struct ledger *l, const struct index_hour *h)
{
	const uint32_t day = h->before.hour / 24;

	if (h->before.index == 0 || !has_day(l->q, day))
		return;
	const struct ledger_row *there = row_of(l, &h->before.run);
	if (there != NULL && there->index >= h->before.index)
		return;
	const struct span at = { most(held_before(l, h->before.to_us),
				     days_begin(l->q, day)),
		h->before.to_us };
	over_give(l, at);
	give(l, at, CAUSE_SERVER, 0);
}

static void
layers_give(struct ledger *l, struct span at, uint64_t last_us)
{
	const uint64_t until = known_until(l);

	recorded_find(l);
	let_go_give(l);
	states_give(l, true);
	early_give(l);
	for (size_t i = 0; i < l->q->lost_count; i++) {
		over_give(l, l->q->lost[i]);
		lost_give(l, l->q->lost[i]);
	}
	for (size_t i = 0; i < l->recorded.count; i++)
		give(l, l->recorded.at[i], CAUSE__MAX, 0);
	short_drop(l);
	states_give(l, false);
	for (size_t i = 0; i < l->row_count; i++)
		withheld_give(l, l->row[i].hour);
	if (has_unshown(l))
		give(l, (struct span){ until, l->q->named.time_us },
		    CAUSE_SERVER, 0);
	give(l, (struct span){ last_us, at.to_us }, CAUSE_SILENT, 0);
	give(l, at, CAUSE_HUB, 0);
}

/* --- */

static int
gap_order(const void *a, const void *b)
{
	return span_order(&((const struct gap *)a)->at,
	    &((const struct gap *)b)->at);
}

/* The camera runs, or its process starts, and no picture is there yet. */
static bool
is_pause(const struct gap *g, uint64_t most_us)
{
	return g->cause == CAUSE_CAMERA &&
	       (g->state == 0 || g->state == NO_PROCESS) &&
	       g->at.to_us - g->at.from_us <= most_us;
}

/* A hub that is let in just now has cameras before it has a server. */
static bool
is_first(const struct gap *g)
{
	return is_pause(g, FIRST_US) ||
	       (g->cause == CAUSE_AWAY &&
		   g->at.to_us - g->at.from_us <= FIRST_US);
}

/* Nor has one that comes back: what it was off for is why that is missing. */
static bool
is_return(const struct gap *g, const struct gap *last)
{
	return g->cause == CAUSE_AWAY &&
	       g->at.to_us - g->at.from_us <= SETTLE_US && last != NULL &&
	       last->cause == CAUSE_HUB;
}

/*
 * A trouble begins with the last picture, before anybody notices, and ends
 * with the next key frame, not with its own end; and before a camera's first
 * one there is none. first: when the camera's first row begins.
 */
static void
settle(struct ledger *l, uint64_t first_us)
{
	size_t n = 0;

	for (size_t i = 0; i < l->gap_count; i++) {
		struct gap g = l->gap[i];
		const struct gap *last = n > 0 ? &l->gap[n - 1] : NULL;
		const struct gap *next = i + 1 < l->gap_count ? &l->gap[i + 1]
							      : NULL;
		const struct gap *of = &l->gap[i];
		if (g.at.from_us == first_us && is_first(&g)) {
			first_us = g.at.to_us;
			continue;
		}
		const bool rests = is_pause(&g, SETTLE_US);
		if ((rests || is_return(&g, last)) && last != NULL &&
		    last->at.to_us == g.at.from_us && last->cause != CAUSE_GONE)
			of = last;
		else if (rests && next != NULL &&
			 next->at.from_us == g.at.to_us)
			of = next;
		g.cause = of->cause;
		g.state = of->state;
		l->gap[n++] = g;
	}
	l->gap_count = n;
}

static void
join(struct ledger *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->gap_count; i++) {
		const struct gap g = l->gap[i];
		struct gap *last = n > 0 ? &l->gap[n - 1] : NULL;
		if (last != NULL && last->cause == g.cause &&
		    last->state == g.state &&
		    g.at.from_us < last->at.to_us + LEAST_US)
			last->at.to_us = most(last->at.to_us, g.at.to_us);
		else
			l->gap[n++] = g;
	}
	l->gap_count = n;
}

/* Before that there is nothing to miss; NEVER: nothing is known. */
static uint64_t
beginning(const struct ledger *l)
{
	const uint64_t born = l->q->born_us;

	if (l->row_count == 0)
		return born == 0 ? NEVER : born;
	const struct index_hour *h = l->row[0].hour;
	return h->before.index != 0 ? least(born, h->from_us) : h->from_us;
}

static void
ledger_fill(struct ledger *l)
{
	const struct ledger_question *q = l->q;
	const uint64_t until = most(known_until(l), q->born_us);
	const uint64_t last = has_unshown(l) ? most(until, q->named.time_us)
					     : until;
	struct span at = { most(q->at.from_us, beginning(l)), q->at.to_us };

	if (at.to_us <= last + QUIET_US)
		at.to_us = least(at.to_us, last);
	if (at.from_us >= at.to_us)
		return;
	span_add(l, &l->free, at.from_us, at.to_us);
	layers_give(l, at, last);
	if (l->gap_count == 0)
		return;
	qsort(l->gap, l->gap_count, sizeof *l->gap, gap_order);
	settle(l, l->row_count > 0 && l->row[0].hour->before.index == 0
		      ? l->row[0].hour->from_us
		      : 0);
	join(l);
}

enum err
ledger_make(const struct ledger_question *q, struct gap **ret_gaps,
    size_t *ret_count)
{
	struct ledger l = { .q = q };

	if ((l.err = rows_take(&l)) == ERR_OK)
		ledger_fill(&l);
	free(l.row);
	free(l.recorded.at);
	free(l.free.at);
	if (l.err != ERR_OK) {
		free(l.gap);
		return l.err;
	}
	*ret_gaps = l.gap;
	*ret_count = l.gap_count;
	return ERR_OK;
}
