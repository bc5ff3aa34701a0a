/*
 * lock.c - what a member said shall stay. A range is named by runs and their
 * records, as when it is played: the server learns no time. What belongs to a
 * lock is whole files; what it is called and when it was is the household's
 * own, in the directory.
 */
#include "base/codec.h"
#include "eavesd/core/core.h"

#define LOCKS_MAX      64u /* of a home */
#define PARTS_MAX      256u
#define LOCK_FILES_MAX 1000u /* 16 GB; all of them may go with one unlocking */
/* Each part may begin in the file in which the one before ends. */
#define STEPS_MAX (LOCK_FILES_MAX + PARTS_MAX)

/* --- locking --- */

struct locking {
	struct core *core;
	struct id lock;
	unsigned steps;
};

static enum err
segment_hold(void *ctx, const struct id *segment)
{
	struct locking *l = ctx;

	/* what is too much is not looked at to its end: others wait */
	if (l->steps++ == STEPS_MAX)
		return ERR_LIMIT;
	return store_write(l->core->store, SQL_HELD_ADD,
	    CELLS(cell_id(segment), cell_id(&l->lock)));
}

static enum err
part_hold(struct call *c, struct locking *l, const json_t *o)
{
	uint64_t first, last;
	struct run_id run;
	struct stream s;
	struct id id;
	enum err e;

	if (!in_only(c, o, ONLY("stream", "run", "first", "last")) ||
	    !in_id(c, o, "stream", &id) ||
	    !in_octets(c, o, "run", run.octets, RUN_ID_OCTETS) ||
	    !in_number(c, o, "first", INT64_MAX, &first) ||
	    !in_number(c, o, "last", INT64_MAX, &last) || first > last)
		return ERR_SYNTAX;
	if ((e = stream_get(c->core, &id, &s)) != ERR_OK)
		return e;
	if (!id_eq(&s.home, &c->home) || s.class != 1)
		return ERR_MISSING;
	return spans_each(c->core, &id, &run, first, last, segment_hold, l);
}

static enum err
lock_row_add(struct core *core, const struct id *lock, const struct id *home)
{
	AUTO_BUF struct buf sealed;
	enum err e;

	buf_init(&sealed, 256);
	if ((e = row_seal(core, TABLE_LOCK, 0, lock, id_slice(home),
		 &sealed)) != ERR_OK)
		return e;
	return store_write(core->store, SQL_LOCK_ADD,
	    CELLS(cell_id(lock),
		cell_sealed(sealed_by_keeper(buf_slice(&sealed)))));
}

static enum err
home_locked(struct core *core, const struct home *h, uint64_t *ret_octets)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < h->stream_count; i++) {
		uint64_t octets = 0;
		const enum err e = stream_octets(core, &h->streams[i],
		    SQL_HELD_COUNT_OF, &octets);

		if (e != ERR_OK)
			return e;
		sum += octets;
	}
	*ret_octets = sum;
	return ERR_OK;
}

static enum err
too_long(struct call *c)
{
	(void)call_fail(c, 413, "limit",
	    WORDS("That is too long for one lock: lock it in parts."));
	return ERR_LIMIT;
}

/* Says in words what is too much. */
static bool
lock_fits(struct call *c, const struct home *h, const struct id *lock)
{
	uint64_t files = 0, locked = 0;

	if (store_number(c->core->store, SQL_HELD_COUNT, CELLS(cell_id(lock)),
		0, &files) != ERR_OK ||
	    home_locked(c->core, h, &locked) != ERR_OK)
		return call_fail_err(c, ERR_IO);
	if (files == 0)
		return call_fail(c, 404, "missing",
		    WORDS("Nothing of that is kept any more."));
	if (h->lock_count >= LOCKS_MAX)
		return call_fail(c, 413, "limit",
		    WORDS("There are 64 locks already: remove one first."));
	if (files > LOCK_FILES_MAX)
		return too_long(c) == ERR_OK;
	if (locked > home_locked_max(c->core, h))
		return call_fail(c, 413, "limit",
		    WORDS("Half of what the home may keep can be locked, and "
			  "that would be more."));
	out_count(c, c->out, "locked", (struct count){ locked });
	return true;
}

static enum err
lock_make(struct call *c, struct locking *l, const json_t *parts)
{
	AUTO_BUF struct buf there;
	const json_t *o;
	struct home h;
	size_t i;
	enum err e;

	buf_init(&there, 256);
	e = store_octets(c->core->store, SQL_LOCK_GET, CELLS(cell_id(&l->lock)),
	    0, &there);
	if (e != ERR_MISSING)
		return e == ERR_OK ? ERR_EXISTS : e;
	e = home_get(c->core, &c->home, &h);
	json_array_foreach(parts, i, o) if (e == ERR_OK) e = part_hold(c, l, o);
	if (l->steps > STEPS_MAX)
		return too_long(c);
	if (e != ERR_OK || !lock_fits(c, &h, &l->lock))
		return e;
	h.lock_count++;
	if ((e = lock_row_add(c->core, &l->lock, &c->home)) != ERR_OK)
		return e;
	return home_put(c->core, SQL_HOME_NEXT, &c->home, &h);
}

void
lock_post(struct call *c)
{
	struct locking l = { .core = c->core };
	const json_t *parts;
	enum err e;

	if (!ticket_need(c, TICKET_HOME) ||
	    !in_only(c, c->in, ONLY("lock", "parts")) ||
	    !in_id(c, c->in, "lock", &l.lock) ||
	    (parts = in_list(c, c->in, "parts", PARTS_MAX)) == NULL)
		return;
	/* who locks writes it into the directory, too */
	e = (c->claims.rights & RIGHT_MANAGE) == 0 ? ERR_DENIED
						   : lock_make(c, &l, parts);
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
}

/* --- unlocking --- */

/* Where what no lock keeps begins; false: all of the stream is locked. */
static bool
first_place(struct core *core, const struct id *stream, uint64_t *ret_place)
{
	return store_number(core->store, SQL_SEGMENT_FIRST_FREE,
		   CELLS(cell_id(stream)), 1, ret_place) == ERR_OK;
}

struct older {
	struct core *core;
	const struct id *stream;
	uint64_t before; /* place */
	struct id_list list;
};

static enum err
older_take(void *ctx, const struct row *row)
{
	struct older *o = ctx;

	return row_number(row, 2) < o->before ? id_take(&o->list, row) : ERR_OK;
}

/* What stood before all that is kept, for the lock alone, goes with it. */
static enum err
older_drop(struct older *o)
{
	const struct count most = { COUNT(o->list.at) };
	enum err e;

	do {
		o->list.count = 0;
		e = store_each(o->core->store, SQL_SEGMENT_FREE,
		    CELLS(cell_id(o->stream), cell_count(most)), older_take, o);
		for (size_t i = 0; e == ERR_OK && i < o->list.count; i++)
			e = segment_drop(o->core, o->stream, &o->list.at[i]);
	} while (e == ERR_OK && o->list.count == COUNT(o->list.at));
	return e;
}

static enum err
lock_drop(struct call *c, const struct id *lock, struct home *h)
{
	uint64_t places[HOME_STREAMS_MAX];
	enum err e;

	for (size_t i = 0; i < h->stream_count; i++)
		if (!first_place(c->core, &h->streams[i], &places[i]))
			places[i] = 0;
	if ((e = store_write(c->core->store, SQL_HELD_DROP,
		 CELLS(cell_id(lock)))) != ERR_OK ||
	    (e = store_write(c->core->store, SQL_LOCK_DROP,
		 CELLS(cell_id(lock)))) != ERR_OK)
		return e;
	for (size_t i = 0; e == ERR_OK && i < h->stream_count; i++) {
		struct older o = { .core = c->core,
			.stream = &h->streams[i],
			.before = places[i] };

		e = older_drop(&o);
	}
	if (h->lock_count != 0)
		h->lock_count--;
	return e == ERR_OK ? home_put(c->core, SQL_HOME_NEXT, &c->home, h) : e;
}

void
unlock_post(struct call *c)
{
	AUTO_BUF struct buf sealed, body;
	struct id lock;
	struct home h;
	enum err e;

	buf_init(&sealed, 256);
	buf_init(&body, 256);
	if (!ticket_need(c, TICKET_HOME) || !in_only(c, c->in, ONLY("lock")) ||
	    !in_id(c, c->in, "lock", &lock))
		return;
	if ((c->claims.rights & RIGHT_MANAGE) == 0)
		e = ERR_DENIED;
	else if ((e = store_octets(c->core->store, SQL_LOCK_GET,
		      CELLS(cell_id(&lock)), 0, &sealed)) == ERR_OK &&
		 (e = row_open(c->core, TABLE_LOCK, 0, &lock,
		      buf_slice(&sealed), &body)) == ERR_OK)
		e = slice_eq(buf_slice(&body), id_slice(&c->home))
			? home_get(c->core, &c->home, &h)
			: ERR_MISSING;
	if (e == ERR_OK)
		e = lock_drop(c, &lock, &h);
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
}
