/*
 * keep.c - how long a home keeps what it recorded: its members choose, and
 * see what is there. The server knows days and octets, and no time finer.
 */
#include "base/codec.h"
#include "eavesd/core/core.h"
#include "model/retention.h"
#include "stream/segment.h"

#define OCTETS_MAX ((uint64_t)1 << 50)
#define QUOTA_MIN  ((uint64_t)16 * SEGMENT_OCTETS)

/* --- reading --- */

struct first_free {
	struct id segment;
	struct count day;
	bool found;
};

static enum err
first_take(void *ctx, const struct row *row)
{
	struct first_free *f = ctx;

	if (row_octets(row, 0).len != ID_OCTETS)
		return ERR_CORRUPT;
	memcpy(f->segment.octets, row_octets(row, 0).at, ID_OCTETS);
	f->day.n = row_number(row, 2);
	f->found = true;
	return ERR_OK;
}

/* The first record that no lock keeps: all behind it is there, too. */
static enum err
oldest_out(struct call *c, json_t *o, const struct id *stream)
{
	struct first_free first = { .found = false };
	struct run_id run;
	struct count index;
	enum err e;

	if ((e = store_each(c->core->store, SQL_SEGMENT_FIRST_FREE,
		 CELLS(cell_id(stream)), first_take, &first)) != ERR_OK ||
	    !first.found)
		return e;
	e = span_first(c->core, stream, &first.segment, &run, &index.n);
	if (e != ERR_OK)
		return e == ERR_MISSING ? ERR_OK : e;
	json_t *oldest = json_object();
	if (json_object_set_new(o, "oldest", oldest) != 0)
		return ERR_NOMEM;
	out_run(c, oldest, "run", &run);
	out_count(c, oldest, "index", index);
	out_count(c, oldest, "day", first.day);
	return ERR_OK;
}

static enum err
stream_out(struct call *c, json_t *list, const struct id *id, uint64_t *used,
    uint64_t *locked)
{
	json_t *o = json_object();
	struct count octets = { 0 }, held = { 0 };
	struct stream s;
	enum err e;

	if (json_array_append_new(list, o) != 0)
		return ERR_NOMEM;
	if ((e = stream_get(c->core, id, &s)) != ERR_OK ||
	    (e = stream_octets(c->core, id, SQL_SEGMENT_COUNT_OF, &octets.n)) !=
		ERR_OK ||
	    (e = stream_octets(c->core, id, SQL_HELD_COUNT_OF, &held.n)) !=
		ERR_OK)
		return e;
	*used += octets.n;
	*locked += held.n;
	out_id(c, o, "id", id);
	out_count(c, o, "class", (struct count){ s.class });
	out_count(c, o, "days", (struct count){ stream_days(&s) });
	out_count(c, o, "most", (struct count){ s.octets_max });
	out_count(c, o, "octets", octets);
	out_count(c, o, "locked", held);
	return oldest_out(c, o, id);
}

static enum err
home_out(struct call *c)
{
	json_t *list = json_array();
	struct count used = { 0 }, locked = { 0 };
	struct home h;
	enum err e;

	if (json_object_set_new(c->out, "streams", list) != 0)
		return ERR_NOMEM;
	if ((e = home_get(c->core, &c->home, &h)) != ERR_OK)
		return e;
	for (size_t i = 0; e == ERR_OK && i < h.stream_count; i++)
		e = stream_out(c, list, &h.streams[i], &used.n, &locked.n);
	const struct count most = { home_octets_max(c->core, &h) };
	const struct count locked_most = { home_locked_max(c->core, &h) };
	out_count(c, c->out, "quota", (struct count){ h.quota });
	out_count(c, c->out, "most", most);
	out_count(c, c->out, "used", used);
	out_count(c, c->out, "locked", locked);
	out_count(c, c->out, "locked_most", locked_most);
	return e;
}

void
keep_read(struct call *c)
{
	enum err e;

	if (!ticket_need(c, TICKET_HOME) || !in_only(c, c->in, ONLY(NULL)))
		return;
	e = (c->claims.rights & RIGHT_PAST) == 0 ? ERR_DENIED : home_out(c);
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
}

/* --- choosing --- */

static enum err
limits_take(struct call *c, const json_t *o)
{
	struct stream s;
	uint64_t days;
	struct id id;
	enum err e;

	if (!in_only(c, o, ONLY("id", "days", "most")) ||
	    !in_id(c, o, "id", &id) ||
	    !in_number(c, o, "days", RETENTION_DAYS_MAX, &days))
		return ERR_SYNTAX;
	if ((e = stream_get(c->core, &id, &s)) != ERR_OK)
		return e;
	if (!id_eq(&s.home, &c->home))
		return ERR_MISSING;
	if (!in_number(c, o, "most", OCTETS_MAX, &s.octets_max))
		return ERR_SYNTAX;
	s.days = (uint16_t)days;
	return stream_set(c->core, &id, &s);
}

static enum err
quota_take(struct call *c)
{
	struct home h;
	uint64_t quota;
	enum err e;

	if (json_object_get(c->in, "quota") == NULL)
		return ERR_OK;
	if (!in_number(c, c->in, "quota", OCTETS_MAX, &quota) ||
	    (quota != 0 && quota < QUOTA_MIN))
		return ERR_SYNTAX;
	if ((e = home_get(c->core, &c->home, &h)) != ERR_OK)
		return e;
	h.quota = quota;
	return home_put(c->core, SQL_HOME_NEXT, &c->home, &h);
}

void
keep_write(struct call *c)
{
	const json_t *list, *o;
	size_t i;
	enum err e = ERR_OK;

	if (!ticket_need(c, TICKET_HOME) ||
	    !in_only(c, c->in, ONLY("quota", "streams")) ||
	    (list = in_list(c, c->in, "streams", HOME_STREAMS_MAX)) == NULL)
		return;
	if ((c->claims.rights & RIGHT_MANAGE) == 0)
		e = ERR_DENIED;
	json_array_foreach(list, i, o) if (e == ERR_OK) e = limits_take(c, o);
	if (e == ERR_OK)
		e = quota_take(c);
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
	else
		retention_again(c->core);
}
