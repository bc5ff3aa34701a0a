/*
 * reader_kept.c - what of a camera's recordings is to be there still: as the
 * home's members signed it, and by the server's word. The server names the
 * oldest record that no lock keeps by its run and index; when that was, only
 * the index tells. The same rules as web/src/player/kept.ts.
 */
#include "cli/reader.h"
#include "model/json_read.h"

#define DAY_US         (24 * INDEX_HOUR_US)
#define STREAMS_MAX    1024
#define SEGMENT_OCTETS ((uint64_t)16 << 20)
#define OCTETS_MAX     ((uint64_t)1 << 62)
#define DAYS_MAX       1000000u /* since 1970 */
#define FIRST_INDEX    2        /* a run's first record, or near it */

/* Of a camera's main stream, by the server's word. */
struct told {
	uint64_t home_most, home_used, most, used;
	size_t stream_count;
	struct run_id run; /* of its oldest record, from that index on */
	uint64_t index;    /* 0: nothing is said */
	uint32_t day;
};

static enum err
oldest_take(json_t *o, struct told *t)
{
	struct json_in in;

	json_in_init(&in, o);
	json_in_octets(&in, "run", t->run.octets, RUN_ID_OCTETS);
	t->index = json_in_number(&in, "index", INT64_MAX);
	t->day = (uint32_t)json_in_number(&in, "day", DAYS_MAX);
	return json_in_end(&in);
}

static enum err
stream_take(json_t *o, const struct id *main, struct told *t)
{
	json_t *oldest = json_object_get(o, "oldest");
	struct json_in in;
	struct id id;
	enum err e;

	json_in_init(&in, o);
	json_in_id(&in, "id", &id);
	(void)json_in_number(&in, "class", 255);
	(void)json_in_number(&in, "days", UINT32_MAX);
	const uint64_t most = json_in_number(&in, "most", OCTETS_MAX);
	const uint64_t used = json_in_number(&in, "octets", OCTETS_MAX);
	(void)json_in_number(&in, "locked", OCTETS_MAX);
	if (oldest != NULL)
		(void)json_in_get(&in, "oldest", JSON_OBJECT);
	if ((e = json_in_end(&in)) != ERR_OK || !id_eq(&id, main))
		return e;
	t->most = most;
	t->used = used;
	return oldest == NULL ? ERR_OK : oldest_take(oldest, t);
}

static enum err
told_ask(struct reader *r, const struct reader_camera *c, struct told *t)
{
	json_t *answer = NULL;
	struct json_in in;
	enum err e;

	if ((e = door_ask(&r->door, "POST", "/api/keep", &r->ticket,
		 json_object(), &answer)) != ERR_OK)
		return e;
	json_in_init(&in, answer);
	(void)json_in_number(&in, "quota", OCTETS_MAX);
	t->home_most = json_in_number(&in, "most", OCTETS_MAX);
	t->home_used = json_in_number(&in, "used", OCTETS_MAX);
	(void)json_in_number(&in, "locked", OCTETS_MAX);
	(void)json_in_number(&in, "locked_most", OCTETS_MAX);
	json_t *list = json_in_array(&in, "streams", STREAMS_MAX);
	e = json_in_end(&in);
	t->stream_count = json_array_size(list);
	for (size_t i = 0; e == ERR_OK && i < t->stream_count; i++)
		e = stream_take(json_array_get(list, i), &c->main, t);
	json_decref(answer);
	return e;
}

/* Files are begun before others go: some of them is no room. */
static bool
is_near(uint64_t used, uint64_t most, size_t files)
{
	return used + files * SEGMENT_OCTETS >= most;
}

static bool
is_full(const struct told *t, const struct keep_thing *k)
{
	return is_near(t->home_used, t->home_most, 2 + t->stream_count) ||
	       (k->octets > 0 && t->most > 0 && is_near(t->used, t->most, 2));
}

/* What the index lists of the main stream, row by row. */
struct listing {
	uint64_t begin_us;     /* of the run that is named; 0: not listed */
	uint64_t place_us;     /* its first group from that index on; 0: none */
	uint64_t first_run_us; /* of all runs */
	const struct index_hour *first;
};

static void
run_look(const struct index_hour_run *r, const struct told *t,
    struct listing *l)
{
	if (r->as != TRACK_MAIN)
		return;
	if (l->first_run_us == 0 || r->first_us < l->first_run_us)
		l->first_run_us = r->first_us;
	if (memcmp(&r->run, &t->run, sizeof r->run) != 0)
		return;
	if (l->begin_us == 0 || r->first_us < l->begin_us)
		l->begin_us = r->first_us;
	for (size_t i = 0; i < r->group_count; i++)
		if (r->group[i].index >= t->index &&
		    (l->place_us == 0 || r->group[i].time_us < l->place_us))
			l->place_us = r->group[i].time_us;
}

static void
listing_make(const struct reader_rows *rows, const struct told *t,
    struct listing *l)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct index_hour *h = &rows->hour[i];
		if (l->first == NULL || h->from_us < l->first->from_us)
			l->first = h;
		for (size_t k = 0; k < h->run_count; k++)
			run_look(&h->run[k], t, l);
	}
}

/* 0: nothing went, or nobody knows when that was. */
static uint64_t
oldest_of(const struct reader_rows *rows, const struct told *t)
{
	struct listing l = { 0 };

	listing_make(rows, t, &l);
	if (l.place_us == 0 || t->index > FIRST_INDEX)
		return l.place_us;
	/* the camera's very first record is still there */
	if (l.first->before.index == 0 && l.first_run_us >= l.begin_us)
		return 0;
	return l.begin_us;
}

enum err
reader_kept(struct reader *r, const struct reader_camera *c, uint64_t now_us,
    struct reader_rows *rows, struct reader_kept *ret)
{
	struct told t = { 0 };
	json_t *keep = NULL;
	enum err e;

	*ret = (struct reader_kept){ .keep_us = keep_begin(c->keep, now_us),
		.room_us = c->keep->room_us };
	const struct slice text = r->directory.people->keep;
	if (text.len > 0 &&
	    (e = json_text_parse(text, PEOPLE_OCTETS_MAX, &keep)) != ERR_OK)
		return e;
	ret->lock_count = keep_locks(keep, &c->thing->id, ret->lock);
	json_decref(keep);
	if ((e = told_ask(r, c, &t)) != ERR_OK || t.index == 0)
		return e == ERR_NOMEM ? e : ERR_OK;
	if (is_full(&t, &c->keep->now))
		ret->room_us = now_us;
	/* a file is begun on that day; the hub's may be the one before */
	for (uint32_t d = t.day == 0 ? 0 : t.day - 1; d <= t.day; d++)
		if ((e = reader_rows_day(r, c, d, rows)) != ERR_OK)
			return e;
	ret->oldest_us = oldest_of(rows, &t);
	return ERR_OK;
}
