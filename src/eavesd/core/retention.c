/*
 * retention.c - what is recorded goes, oldest first, as far as its stream's
 * days and octets, its home's quota and the server's own limit say:
 * model/retention.h decides. A few files at a time: when one is begun, and
 * once a day for every home, one home a second.
 *
 * When the server is full, homes are equal: who has the most gives, however
 * many streams he has it in.
 */
#include <stdlib.h>

#include "eavesd/core/core.h"
#include "model/retention.h"
#include "os/clock.h"
#include "stream/segment.h"

#define STEPS        2u   /* for one new file */
#define DAYS_AT_ONCE 16u  /* of rows that go */
#define HELD_MAX     1024 /* days of which something is locked */

uint32_t
stream_days(const struct stream *s)
{
	/* rows about recordings go with them only when that is said */
	return s->days == 0 && s->class == 1 ? RETENTION_DAYS : s->days;
}

uint64_t
home_octets_max(const struct core *core, const struct home *h)
{
	return h->quota == 0 || h->quota > core->media_octets_max
		   ? core->media_octets_max
		   : h->quota;
}

uint64_t
home_locked_max(const struct core *core, const struct home *h)
{
	return home_octets_max(core, h) / 2;
}

enum err
stream_octets(struct core *core, const struct id *stream, enum statement count,
    uint64_t *ret_octets)
{
	uint64_t n;
	const enum err e = store_number(core->store, count,
	    CELLS(cell_id(stream)), 0, &n);

	if (e == ERR_OK)
		*ret_octets = n * SEGMENT_OCTETS;
	return e;
}

/* --- a home --- */

struct plan {
	struct core *core;
	struct home home;
	struct retention r;
	struct retention_stream streams[HOME_STREAMS_MAX];
	struct retained segments[HOME_STREAMS_MAX * RETENTION_STEP];
	struct id ids[HOME_STREAMS_MAX * RETENTION_STEP];
	size_t at; /* the stream that is looked at */
};

static enum err
segment_take(void *ctx, const struct row *row)
{
	struct plan *p = ctx;
	const size_t n = p->r.segment_count;

	if (row_octets(row, 0).len != ID_OCTETS || n == COUNT(p->segments))
		return ERR_CORRUPT;
	memcpy(p->ids[n].octets, row_octets(row, 0).at, ID_OCTETS);
	p->segments[n] = (struct retained){ p->at,
		(uint32_t)row_number(row, 1) };
	p->r.segment_count++;
	return ERR_OK;
}

static enum err
stream_look(struct plan *p, const struct id *incoming)
{
	const struct id *id = &p->home.streams[p->at];
	struct retention_stream *to = &p->streams[p->at];
	const struct count most = { RETENTION_STEP };
	struct stream s;
	enum err e;

	*to = (struct retention_stream){ 0 };
	if ((e = stream_get(p->core, id, &s)) != ERR_OK || s.class != 1)
		return e;
	to->days = stream_days(&s);
	to->octets_max = s.octets_max;
	if ((e = stream_octets(p->core, id, SQL_SEGMENT_COUNT_OF,
		 &to->octets)) != ERR_OK)
		return e;
	if (incoming != NULL && id_eq(incoming, id))
		to->octets += SEGMENT_OCTETS;
	return store_each(p->core->store, SQL_SEGMENT_FREE,
	    CELLS(cell_id(id), cell_count(most)), segment_take, p);
}

static enum err
plan_make(struct plan *p, const struct id *home, const struct id *incoming)
{
	enum err e = home_get(p->core, home, &p->home);

	if (e != ERR_OK)
		return e;
	p->r = (struct retention){ .streams = p->streams,
		.stream_count = p->home.stream_count,
		.segments = p->segments,
		.segment_octets = SEGMENT_OCTETS,
		.home_octets_max = home_octets_max(p->core, &p->home),
		.today = clock_day() };
	for (p->at = 0; e == ERR_OK && p->at < p->home.stream_count; p->at++)
		e = stream_look(p, incoming);
	return e;
}

struct done {
	size_t count; /* files that went */
	bool over;    /* and still it is too much */
};

static enum err
plan_do(struct plan *p, struct done *ret)
{
	size_t goes[RETENTION_STEP];
	const size_t n = retention_pick(&p->r, goes);
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		const size_t of = p->segments[goes[i]].stream;

		e = segment_drop(p->core, &p->home.streams[of],
		    &p->ids[goes[i]]);
	}
	ret->count = n;
	ret->over = retention_octets(&p->r) > p->r.home_octets_max;
	return e;
}

static enum err
home_step(struct plan *p, const struct id *home, const struct id *incoming,
    struct done *ret)
{
	const enum err e = plan_make(p, home, incoming);

	return e == ERR_OK ? plan_do(p, ret) : e;
}

/* One file less than it has, if one may go. */
static enum err
home_gives(struct plan *p, const struct id *home, struct done *ret)
{
	const enum err e = plan_make(p, home, NULL);
	const uint64_t has = e == ERR_OK ? retention_octets(&p->r) : 0;

	p->r.home_octets_max = has < SEGMENT_OCTETS ? 0 : has - SEGMENT_OCTETS;
	return e == ERR_OK ? plan_do(p, ret) : e;
}

/* --- the server --- */

/* What the store tells, beside what it told the last time. */
struct totals {
	struct core *core;
	struct stream_homes now;
	size_t at; /* in those of the last time: both are in order */
};

/* A home that is new has no files. */
static enum err
share_find(struct shares *all, const struct id *home, uint32_t *ret_share)
{
	size_t i = 0;

	while (i < all->count && !id_eq(&all->at[i].home, home))
		i++;
	if (i == all->room) {
		const size_t room = all->room == 0 ? 16 : 2 * all->room;
		struct share *more = reallocarray(all->at, room, sizeof *more);
		if (more == NULL)
			return ERR_NOMEM;
		all->at = more;
		all->room = room;
	}
	if (i == all->count)
		all->at[all->count++] = (struct share){ .home = *home };
	*ret_share = (uint32_t)i;
	return ERR_OK;
}

static enum err
stream_share(struct totals *t, const struct id *stream, uint32_t *ret_share)
{
	const struct stream_homes *before = &t->core->stream_homes;
	struct stream s;
	int order = 1;
	enum err e;

	while (t->at < before->count &&
	       (order = memcmp(before->at[t->at].stream.octets, stream->octets,
		    ID_OCTETS)) < 0)
		t->at++;
	if (t->at < before->count && order == 0) {
		*ret_share = before->at[t->at].share;
		return ERR_OK;
	}
	e = stream_get(t->core, stream, &s);
	return e == ERR_OK ? share_find(&t->core->shares, &s.home, ret_share)
			   : e;
}

static enum err
stream_keep(struct stream_homes *all, const struct id *stream, uint32_t share)
{
	if (all->count == all->room) {
		const size_t room = all->room == 0 ? 64 : 2 * all->room;
		struct stream_home *more = reallocarray(all->at, room,
		    sizeof *more);
		if (more == NULL)
			return ERR_NOMEM;
		all->at = more;
		all->room = room;
	}
	all->at[all->count++] = (struct stream_home){ *stream, share };
	return ERR_OK;
}

static enum err
total_take(void *ctx, const struct row *row)
{
	struct totals *t = ctx;
	struct id stream;
	uint32_t share;
	enum err e;

	if (row_octets(row, 0).len != ID_OCTETS)
		return ERR_CORRUPT;
	memcpy(stream.octets, row_octets(row, 0).at, ID_OCTETS);
	if ((e = stream_share(t, &stream, &share)) != ERR_OK)
		return e == ERR_MISSING ? ERR_OK : e; /* nobody's */
	t->core->shares.at[share].files += row_number(row, 1);
	return stream_keep(&t->now, &stream, share);
}

/* *ret_own: of this home, that begins one. */
static enum err
totals_take(struct core *core, const struct id *home, uint32_t *ret_own)
{
	struct totals t = { .core = core };
	enum err e;

	for (size_t i = 0; i < core->shares.count; i++)
		core->shares.at[i].files = 0;
	if ((e = share_find(&core->shares, home, ret_own)) != ERR_OK)
		return e;
	core->shares.at[*ret_own].files = 1; /* it has it already */
	if ((e = store_each(core->store, SQL_SEGMENT_TOTALS, NO_CELLS,
		 total_take, &t)) != ERR_OK) {
		free(t.now.at);
		return e;
	}
	free(core->stream_homes.at);
	core->stream_homes = t.now;
	return ERR_OK;
}

/* Of equals the one that begins a file. */
static struct share *
share_most(const struct shares *all, uint32_t own)
{
	struct share *most = &all->at[own];

	for (size_t i = 0; i < all->count; i++)
		if (all->at[i].files > most->files)
			most = &all->at[i];
	return most->files == 0 ? NULL : most;
}

/* ERR_MISSING: of nobody may anything go. */
static enum err
most_gives(struct plan *p, uint32_t own, size_t *ret_gone)
{
	const struct shares *all = &p->core->shares;
	struct share *most;

	while ((most = share_most(all, own)) != NULL) {
		struct done done = { .count = 0 };
		const enum err e = home_gives(p, &most->home, &done);

		if (e != ERR_OK && e != ERR_MISSING)
			return e;
		/* all of it is locked or being written: the next one */
		most->files = done.count == 0 || done.count > most->files
				  ? 0
				  : most->files - done.count;
		*ret_gone = done.count;
		if (done.count != 0)
			return ERR_OK;
	}
	return ERR_MISSING;
}

/* So many files, a few at a time: limits that are new are reached in time. */
static enum err
server_gives(struct core *core, const struct id *home, uint64_t files,
    struct plan *p)
{
	uint64_t gone = 0;
	uint32_t own = 0;
	enum err e = totals_take(core, home, &own);

	while (e == ERR_OK && gone < files && gone < RETENTION_STEP) {
		size_t n = 0;

		e = most_gives(p, own, &n);
		gone += n;
	}
	return e == ERR_MISSING ? gone == 0 ? ERR_LIMIT : ERR_OK : e;
}

static enum err
server_make_room(struct core *core, const struct id *home, struct plan *p)
{
	const uint64_t most = core->media_octets_max / SEGMENT_OCTETS;
	uint64_t count;
	const enum err e = store_number(core->store, SQL_SEGMENT_COUNT,
	    NO_CELLS, 0, &count);

	return e != ERR_OK || count + 1 <= most
		   ? e
		   : server_gives(core, home, count + 1 - most, p);
}

enum err
retention_make_room(struct core *core, const struct id *stream,
    const struct stream *s)
{
	struct plan *p = malloc(sizeof *p);
	struct done done = { .count = RETENTION_STEP };
	size_t gone = 0;
	enum err e = ERR_OK;

	if (p == NULL)
		return ERR_NOMEM;
	p->core = core;
	for (unsigned i = 0;
	     e == ERR_OK && done.count == RETENTION_STEP && i < STEPS; i++) {
		e = home_step(p, &s->home, stream, &done);
		gone += done.count;
	}
	if (e == ERR_OK && done.over && gone == 0)
		e = ERR_LIMIT; /* all of it is locked, or being written */
	if (e == ERR_OK)
		e = server_make_room(core, &s->home, p);
	free(p);
	return e;
}

/* --- rows about days that are over --- */

struct days {
	uint32_t at[HELD_MAX];
	size_t count;
};

static enum err
day_take(void *ctx, const struct row *row)
{
	struct days *d = ctx;

	if (d->count == COUNT(d->at))
		return ERR_LIMIT;
	d->at[d->count++] = (uint32_t)row_number(row, 0);
	return ERR_OK;
}

/* Cameras have most of them in common: each day counts once. */
static enum err
held_take(void *ctx, const struct row *row)
{
	const uint32_t day = (uint32_t)row_number(row, 0);
	const struct days *d = ctx;

	for (size_t i = 0; i < d->count; i++)
		if (d->at[i] == day)
			return ERR_OK;
	return day_take(ctx, row);
}

/* A file may go on into the next day, and rows tell of its beginning. */
static bool
day_held(const struct days *held, uint32_t day)
{
	for (size_t i = 0; i < held->count; i++)
		if (held->at[i] + 1 >= day && held->at[i] <= day + 1)
			return true;
	return false;
}

static enum err
rows_drop(struct core *core, const struct id *stream, uint32_t before,
    const struct days *held)
{
	struct days some = { .count = DAYS_AT_ONCE };
	struct day after = { 0 };
	const struct day end = { before };
	const struct count most = { DAYS_AT_ONCE };
	enum err e = ERR_OK;

	while (e == ERR_OK && some.count == DAYS_AT_ONCE) {
		some.count = 0;
		e = store_each(core->store, SQL_RECORD_DAYS,
		    CELLS(cell_id(stream), cell_day(after), cell_day(end),
			cell_count(most)),
		    day_take, &some);
		for (size_t i = 0; e == ERR_OK && i < some.count; i++) {
			after = (struct day){ some.at[i] };
			if (!day_held(held, after.since_1970))
				e = store_write(core->store,
				    SQL_RECORD_DROP_DAY,
				    CELLS(cell_id(stream), cell_day(after)));
		}
	}
	return e;
}

/* Rows stay a day longer than files: these may end in the next day. */
static enum err
rows_of_home_drop(struct core *core, const struct home *h)
{
	struct days held = { .count = 0 };
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < h->stream_count; i++)
		e = store_each(core->store, SQL_HELD_DAYS_OF,
		    CELLS(cell_id(&h->streams[i])), held_take, &held);
	for (size_t i = 0; e == ERR_OK && i < h->stream_count; i++) {
		const uint32_t today = clock_day();
		struct stream s;

		if ((e = stream_get(core, &h->streams[i], &s)) != ERR_OK)
			return e;
		const uint32_t days = stream_days(&s);
		if (s.class != 1 && days != 0 && days + 1 < today)
			e = rows_drop(core, &h->streams[i], today - days - 1,
			    &held);
	}
	return e;
}

/* --- once a day --- */

void
retention_end(struct core *core)
{
	free(core->stream_homes.at);
	free(core->shares.at);
	core->stream_homes = (struct stream_homes){ 0 };
	core->shares = (struct shares){ 0 };
}

void
retention_again(struct core *core)
{
	core->pass.day = 0;
}

static enum err
home_next(struct core *core, struct id *ret_home)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init(&b, 64);
	if ((e = store_octets(core->store, SQL_HOME_AFTER,
		 CELLS(cell_id(&core->pass.home)), 0, &b)) != ERR_OK)
		return e;
	if (b.len != ID_OCTETS)
		return ERR_CORRUPT;
	memcpy(ret_home->octets, b.at, ID_OCTETS);
	return ERR_OK;
}

/* False: the home has more to let go, or is not looked at yet. */
static bool
home_look(struct core *core, const struct id *home)
{
	struct plan *p = malloc(sizeof *p);
	struct done done = { .count = 0 };
	enum err e;

	if (p == NULL)
		return false;
	p->core = core;
	e = home_step(p, home, NULL, &done);
	if (e == ERR_OK && done.count < RETENTION_STEP)
		e = rows_of_home_drop(core, &p->home);
	free(p);
	return e != ERR_OK || done.count < RETENTION_STEP;
}

void
retention_second(struct core *core)
{
	struct retention_pass *pass = &core->pass;
	struct id home;

	if (!pass->under_way && pass->day == clock_day())
		return;
	if (!pass->under_way)
		*pass = (struct retention_pass){ .day = clock_day(),
			.under_way = true };
	if (home_next(core, &home) != ERR_OK)
		pass->under_way = false;
	else if (home_look(core, &home))
		pass->home = home;
}
