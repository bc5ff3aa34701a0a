/*
 * record.c - rows of log and state streams: events, heads, indexes. Sealed in
 * the home; of a state only the newest row of a run is kept.
 */
#include "base/codec.h"
#include "eavesd/core/core.h"
#include "os/clock.h"

#define ROW_OCTETS_MAX (16u << 10)
#define ROWS_MAX       32u
#define CLASS_STATE    3
/*
 * Of the disk: less than what pictures leave, so that an index tells that they
 * are not kept; and never what signing in needs.
 */
#define DISK_LEFT_OCTETS ((uint64_t)16 << 20)
#define DAYS_LATE_MAX    31u /* a hub that was away tells of days before */

/* A day has room for so many rows of a stream, new or the same again. */
static enum err
day_room(struct core *core, const struct id *stream, struct day day)
{
	const struct count most = { STREAM_ROWS_MAX };
	uint64_t rows = 0;
	const enum err e = store_number(core->store, SQL_RECORD_COUNT,
	    CELLS(cell_id(stream), cell_day(day), cell_count(most)), 0, &rows);

	return e != ERR_OK ? e : rows < STREAM_ROWS_MAX ? ERR_OK : ERR_LIMIT;
}

enum err
record_append(struct core *core, const struct id *stream,
    const struct stream *s, const struct record_place *at, struct slice sealed)
{
	struct index16 tag = { { { 0 } } };
	const struct count index = { at->index };
	const struct day day = { at->day == 0 ? clock_day() : at->day };
	AUTO_BUF struct buf there = { 0 };
	struct sealed checked;
	enum err e;

	if (s->class != at->class || at->class == 1)
		return ERR_DENIED;
	if (day.since_1970 > clock_day() + 1 ||
	    day.since_1970 + DAYS_LATE_MAX < clock_day())
		return ERR_RANGE;
	if (sealed.len != 1024 && sealed.len != 4096 &&
	    sealed.len != ROW_OCTETS_MAX)
		return ERR_SYNTAX;
	if (disk_has(core->store_fd, DISK_LEFT_OCTETS) != ERR_OK)
		return ERR_IO; /* not now */
	if ((e = sealed_by_peer(sealed, &checked)) != ERR_OK ||
	    (e = day_room(core, stream, day)) != ERR_OK)
		return e;
	memcpy(tag.octets.octets, at->run.octets, RUN_ID_OCTETS);
	if ((e = store_write(core->store, SQL_RECORD_ADD,
		 CELLS(cell_id(stream), cell_index(&tag), cell_count(index),
		     cell_day(day), cell_sealed(checked)))) != ERR_OK)
		return e;
	/* sent again it is there already; another in its place is refused */
	buf_init(&there, ROW_OCTETS_MAX);
	if ((e = store_octets(core->store, SQL_RECORD_GET,
		 CELLS(cell_id(stream), cell_index(&tag), cell_count(index)), 0,
		 &there)) != ERR_OK)
		return e;
	if (!slice_eq(buf_slice(&there), sealed))
		return ERR_CONFLICT;
	/* of a state only the last counts */
	return at->class != CLASS_STATE
		   ? ERR_OK
		   : store_write(core->store, SQL_RECORD_SUPERSEDE,
			 CELLS(cell_id(stream), cell_index(&tag),
			     cell_count(index)));
}

/*
 * A member writes into the stream of his own grant, and into no other; the
 * first row makes it.
 */
static enum err
member_append(struct call *c, const struct id *stream,
    const struct record_place *at, struct slice sealed)
{
	struct stream s;
	struct id grant;
	enum err e;

	if ((c->claims.rights & RIGHT_WRITE) == 0)
		return ERR_DENIED;
	memcpy(grant.octets, c->claims.own + ID_OCTETS, ID_OCTETS);
	e = stream_get(c->core, stream, &s);
	if (e == ERR_MISSING && at->class == STREAM_LOG)
		e = member_stream_add(c, stream, &grant, &s);
	if (e != ERR_OK)
		return e;
	if (!id_eq(&s.home, &c->home))
		return ERR_MISSING;
	/* a grant may have been given a hub's id: its states are its own */
	if (!id_eq(&s.writer, &grant) || s.class != STREAM_LOG)
		return ERR_DENIED;
	return record_append(c->core, stream, &s, at, sealed);
}

void
row_post(struct call *c)
{
	struct record_place at = { 0 };
	struct id stream;
	uint64_t class;
	AUTO_BUF struct buf sealed;
	enum err e;

	buf_init(&sealed, ROW_OCTETS_MAX);
	if (!ticket_need(c, TICKET_HOME) ||
	    !in_only(c, c->in,
		ONLY("stream", "class", "run", "index", "sealed")) ||
	    !in_id(c, c->in, "stream", &stream) ||
	    !in_number(c, c->in, "class", 3, &class) ||
	    !in_octets(c, c->in, "run", at.run.octets, RUN_ID_OCTETS) ||
	    !in_number(c, c->in, "index", INT64_MAX, &at.index) ||
	    !in_blob(c, c->in, "sealed", &sealed))
		return;
	at.class = (uint8_t) class;
	if ((e = member_append(c, &stream, &at, buf_slice(&sealed))) != ERR_OK)
		(void)call_fail_err(c, e);
}

struct rows_ctx {
	struct call *call;
	json_t *list;
};

static enum err
row_out(void *ctx, const struct row *row)
{
	struct rows_ctx *r = ctx;
	json_t *o = json_object();
	struct run_id run;

	if (o == NULL || json_array_append_new(r->list, o) != 0)
		return ERR_NOMEM;
	memcpy(run.octets, row_octets(row, 0).at, RUN_ID_OCTETS);
	out_run(r->call, o, "run", &run);
	out_count(r->call, o, "index", (struct count){ row_number(row, 1) });
	out_sealed(r->call, o, "sealed", row_sealed(row, 2));
	return ERR_OK;
}

/* Of a day, runs behind that one, or (NULL) the newest. */
static enum err
rows_read(struct rows_ctx *r, const struct id *stream, const struct day *day,
    const struct index16 *after, struct count most)
{
	struct store *store = r->call->core->store;

	if (day == NULL)
		return store_each(store, SQL_RECORD_NEWEST,
		    CELLS(cell_id(stream), cell_count(most)), row_out, r);
	return store_each(store, SQL_RECORD_OF_DAY,
	    CELLS(cell_id(stream), cell_day(*day), cell_index(after),
		cell_count(most)),
	    row_out, r);
}

void
rows_post(struct call *c)
{
	const bool of_day = json_object_get(c->in, "day") != NULL;
	const bool behind = json_object_get(c->in, "after") != NULL;
	struct rows_ctx r = { .call = c };
	struct index16 after = { { { 0 } } };
	uint64_t day = 0;
	struct count most;
	struct stream s;
	struct id stream;
	enum err e;

	if (!ticket_need(c, TICKET_HOME) ||
	    !in_only(c, c->in, ONLY("stream", "most", "day", "after")) ||
	    !in_id(c, c->in, "stream", &stream) ||
	    !in_number(c, c->in, "most", ROWS_MAX, &most.n) ||
	    (of_day && !in_number(c, c->in, "day", UINT32_MAX, &day)) ||
	    (behind && !in_octets(c, c->in, "after", after.octets.octets,
			   RUN_ID_OCTETS)))
		return;
	const struct day wanted = { (uint32_t)day };
	r.list = json_array();
	if ((c->claims.rights & RIGHT_PAST) == 0)
		e = ERR_DENIED;
	else if (json_object_set_new(c->out, "rows", r.list) != 0)
		e = ERR_NOMEM;
	else if ((e = stream_get(c->core, &stream, &s)) == ERR_OK)
		e = id_eq(&s.home, &c->home)
			? rows_read(&r, &stream, of_day ? &wanted : NULL,
			      &after, most)
			: ERR_MISSING;
	if (e != ERR_OK)
		(void)call_fail_err(c, e);
}

static bool
device_writes(const struct device *d, const struct id *stream)
{
	for (size_t i = 0; i < d->stream_count; i++)
		if (id_eq(&d->streams[i].id, stream))
			return true;
	return false;
}

/*
 * Core binds device to stream: another tenant's stream is refused, and one
 * that the home has taken away from it.
 */
enum err
row_append(struct core *core, struct ipc_msg *m)
{
	uint8_t spki[SHA256_OCTETS];
	struct device d;
	struct stream s;
	struct record_place at;
	struct id stream;
	struct rd r;
	enum err e;

	rd_init(&r, m->body);
	rd_copy(&r, spki, sizeof spki);
	(void)rd_octets(&r, ID_OCTETS + KEY_OCTETS);
	rd_id(&r, &stream);
	at.class = rd_u8(&r);
	rd_copy(&r, at.run.octets, RUN_ID_OCTETS);
	at.index = rd_u64(&r);
	at.day = rd_u32(&r);
	const struct slice sealed = rd_sized(&r, ROW_OCTETS_MAX);
	if ((e = rd_end(&r)) != ERR_OK)
		return e;
	if ((e = device_get(core, spki, &d)) == ERR_OK &&
	    (e = stream_get(core, &stream, &s)) == ERR_OK)
		e = id_eq(&s.writer, &d.id) && id_eq(&s.home, &d.home) &&
			    device_writes(&d, &stream)
			? record_append(core, &stream, &s, &at, sealed)
			: ERR_DENIED;
	answer_err(core, m, e);
	return ERR_OK;
}
