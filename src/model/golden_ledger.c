/*
 * golden_ledger.c - what is missing, and why: rows as the hub writes them,
 * questions, and the answers that both ledgers must give.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "model/golden.h"
#include "model/ledger.h"

#define HOUR     489976u /* a UTC hour: 16 o'clock of its day */
#define DAY      (HOUR / 24)
#define ROWS     4
#define S        UINT64_C(1000000)
#define AT(h, s) ((uint64_t)(h)*INDEX_HOUR_US + (uint64_t)(s)*S)

/* A row: hour, what it knows about, what it names, states, main runs. */
struct plan {
	uint32_t hour, from_s, to_s;
	uint8_t run, before; /* before: a run's number; 0: none */
	uint32_t before_index, before_hour, before_to_s;
	struct {
		uint32_t s;
		uint8_t state;
	} state[5];
	struct {
		uint32_t first_s, last_s;
	} rec[4];
	bool hidden; /* the server does not give it out */
};

struct scene {
	const char *what;
	struct plan row[ROWS];
	uint64_t from_us, to_us, born_us, oldest_us, keep_us, room_us;
	struct span lost, lock;
	uint32_t other_day; /* asked for instead of DAY */
	uint8_t named_run, named_mark;
	bool named_other; /* the same number, another hash */
	uint64_t named_us;
};

#define WHOLE(n, b)                                                            \
	{                                                                      \
		.hour = HOUR + (n), .from_s = 0, .to_s = 3600, .run = (n) + 1, \
		.before = (b), .before_index = 1, .before_hour = HOUR + (n)-1, \
		.before_to_s = 3600,                                           \
		.rec = { { 0, 3600 } }                                         \
	}
#define HOURS(a, b) .from_us = AT(HOUR + (a), 0), .to_us = AT(HOUR + (b), 0)

static const struct scene scenes[] = {
	{ "nothing is missing", { WHOLE(0, 0), WHOLE(1, 1) }, HOURS(0, 2) },
	{ "the camera refused the password, and a key frame came later",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 600, 3 }, { 660, 0 } },
		.rec = { { 0, 599 }, { 664, 3600 } } } },
	    HOURS(0, 1) },
	{ "the hub was off, and its camera's process had to start",
	    { { .hour = HOUR, .to_s = 600, .run = 1, .rec = { { 0, 600 } } },
		{ .hour = HOUR,
		    .from_s = 900,
		    .to_s = 3600,
		    .run = 2,
		    .before = 1,
		    .before_index = 1,
		    .before_hour = HOUR,
		    .before_to_s = 600,
		    .state = { { 900, 13 }, { 901, 0 } },
		    .rec = { { 903, 3600 } } } },
	    HOURS(0, 1) },
	{ "the hub was off, and had cameras before it had a server",
	    { { .hour = HOUR, .to_s = 600, .run = 1, .rec = { { 0, 600 } } },
		{ .hour = HOUR,
		    .from_s = 900,
		    .to_s = 3600,
		    .run = 2,
		    .before = 1,
		    .before_index = 1,
		    .before_hour = HOUR,
		    .before_to_s = 600,
		    .state = { { 900, 13 }, { 901, 64 }, { 903, 0 } },
		    .rec = { { 903, 3600 } } } },
	    HOURS(0, 1) },
	{ "the server was away, then the way to it too slow",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 100, 64 }, { 400, 0 }, { 1000, 65 }, { 1030, 0 } },
		.rec = { { 0, 100 }, { 402, 1000 }, { 1030, 3600 } } } },
	    HOURS(0, 1) },
	{ "the disk was full: it is listed, and it is missing",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 700, 66 }, { 760, 0 } },
		.rec = { { 0, 3600 } } } },
	    HOURS(0, 1), .lost = { AT(HOUR, 710), AT(HOUR, 720) } },
	{ "the camera silent in the middle of a run",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 500, 6 }, { 511, 0 } },
		.rec = { { 0, 3600 } } } },
	    HOURS(0, 1) },
	{ "away all the same, and spooled: nothing is missing",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 100, 64 }, { 400, 0 } },
		.rec = { { 0, 101 }, { 102, 3600 } } } },
	    HOURS(0, 1) },
	{ "a camera's first seconds, until its first picture",
	    { { .hour = HOUR,
		.from_s = 100,
		.to_s = 3600,
		.run = 1,
		.state = { { 100, 13 }, { 101, 0 } },
		.rec = { { 130, 3600 } } } },
	    HOURS(0, 1) },
	{ "a middle hour is withheld",
	    { WHOLE(0, 0),
		{ .hour = HOUR + 1,
		    .to_s = 3600,
		    .run = 2,
		    .before = 1,
		    .before_index = 1,
		    .before_hour = HOUR,
		    .before_to_s = 3600,
		    .rec = { { 0, 3600 } },
		    .hidden = true },
		WHOLE(2, 2) },
	    HOURS(0, 3) },
	{ "two hours are withheld, and the row behind names only one",
	    { WHOLE(0, 0), WHOLE(3, 3) }, HOURS(0, 4) },
	{ "an older row instead of the newest of its run",
	    { { .hour = HOUR, .to_s = 1800, .run = 1, .rec = { { 0, 1800 } } },
		{ .hour = HOUR + 1,
		    .to_s = 3600,
		    .run = 2,
		    .before = 1,
		    .before_index = 9,
		    .before_hour = HOUR,
		    .before_to_s = 3600,
		    .rec = { { 0, 3600 } } } },
	    HOURS(0, 2) },
	{ "what is named lies in a day that was not asked for", { WHOLE(1, 1) },
	    .from_us = AT(HOUR + 1, 0), .to_us = AT(HOUR + 2, 0) },
	{ "the last minutes are withheld: heads name a newer row",
	    { { .hour = HOUR,
		.to_s = 1800,
		.run = 1,
		.rec = { { 0, 1800 } } } },
	    .from_us = AT(HOUR, 0), .to_us = AT(HOUR, 1990), .named_run = 1,
	    .named_mark = 2, .named_us = AT(HOUR, 1980) },
	{ "heads of a run of which nothing is given", { WHOLE(0, 0) },
	    .from_us = AT(HOUR, 0), .to_us = AT(HOUR + 1, 700), .named_run = 2,
	    .named_us = AT(HOUR + 1, 690) },
	{ "heads name the row that is there",
	    { { .hour = HOUR,
		.to_s = 1800,
		.run = 1,
		.rec = { { 0, 1800 } } } },
	    .from_us = AT(HOUR, 0), .to_us = AT(HOUR, 1840), .named_run = 1,
	    .named_us = AT(HOUR, 1835) },
	{ "heads with the same number and another hash",
	    { { .hour = HOUR,
		.to_s = 1800,
		.run = 1,
		.rec = { { 0, 1800 } } } },
	    .from_us = AT(HOUR, 0), .to_us = AT(HOUR, 1840), .named_run = 1,
	    .named_other = true, .named_us = AT(HOUR, 1835) },
	{ "heads from before the newest row", { WHOLE(0, 0), WHOLE(1, 1) },
	    HOURS(0, 2), .named_run = 7, .named_us = AT(HOUR, 1800) },
	{ "let go, by the server's word", { WHOLE(1, 1) }, HOURS(0, 2),
	    .oldest_us = AT(HOUR + 1, 600) },
	{ "let go, as the policy allows", { WHOLE(1, 1) }, HOURS(0, 2),
	    .oldest_us = AT(HOUR + 1, 600), .keep_us = AT(HOUR + 1, 900) },
	{ "let go, and more than the policy allows", { WHOLE(1, 1) },
	    HOURS(0, 2), .oldest_us = AT(HOUR + 1, 600),
	    .keep_us = AT(HOUR + 1, 300) },
	{ "of what the policy keeps, only what was recorded can be missing",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 1000, 3 }, { 1300, 0 } },
		.rec = { { 0, 1000 }, { 1300, 3600 } } } },
	    HOURS(0, 1), .oldest_us = AT(HOUR, 1800),
	    .keep_us = AT(HOUR, 600) },
	{ "let go early for want of room, by the server's word, then not so",
	    { WHOLE(0, 0) }, HOURS(0, 1), .oldest_us = AT(HOUR, 1800),
	    .keep_us = AT(HOUR, 600), .room_us = AT(HOUR, 1200) },
	{ "let go early, and the server had been away: not all came to it",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 1200, 64 }, { 1500, 0 } },
		.rec = { { 0, 1200 }, { 1501, 3600 } } } },
	    HOURS(0, 1), .oldest_us = AT(HOUR, 1800),
	    .keep_us = AT(HOUR, 600) },
	{ "what is locked was not let go", { WHOLE(0, 0) }, HOURS(0, 1),
	    .oldest_us = AT(HOUR, 3000), .keep_us = AT(HOUR, 2400),
	    .lock = { AT(HOUR, 1200), AT(HOUR, 1260) } },
	{ "locked, older than what is kept, and not given", { WHOLE(0, 0) },
	    HOURS(0, 1), .oldest_us = AT(HOUR, 3000), .keep_us = AT(HOUR, 2400),
	    .lock = { AT(HOUR, 1200), AT(HOUR, 1260) },
	    .lost = { AT(HOUR, 1190), AT(HOUR, 1230) } },
	{ "not given, and the policy keeps only a part of it", { WHOLE(0, 0) },
	    HOURS(0, 1), .keep_us = AT(HOUR, 1230),
	    .lost = { AT(HOUR, 1200), AT(HOUR, 1260) } },
	{ "rows that went with what they tell of", { WHOLE(0, 0), WHOLE(3, 3) },
	    HOURS(0, 4), .keep_us = AT(HOUR + 2, 0) },
	{ "listed, and not given when it was asked for", { WHOLE(0, 0) },
	    HOURS(0, 1), .lost = { AT(HOUR, 1200), AT(HOUR, 1260) } },
	{ "on its way when the server went",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.state = { { 1200, 64 }, { 1500, 0 } },
		.rec = { { 0, 1200 }, { 1501, 3600 } } } },
	    HOURS(0, 1), .lost = { AT(HOUR, 1150), AT(HOUR, 1200) } },
	{ "the hub says nothing any more",
	    { { .hour = HOUR, .to_s = 600, .run = 1, .rec = { { 0, 600 } } } },
	    HOURS(0, 1) },
	{ "the next row is not due yet",
	    { { .hour = HOUR, .to_s = 600, .run = 1, .rec = { { 0, 600 } } } },
	    .from_us = AT(HOUR, 0), .to_us = AT(HOUR, 700) },
	{ "no row at all, of a camera that is known", .from_us = AT(HOUR, 0),
	    .to_us = AT(HOUR + 1, 0), .born_us = AT(HOUR, 300) },
	{ "no row at all, of a camera that nobody knows", HOURS(0, 1) },
	{ "off since before the question begins",
	    { { .hour = HOUR,
		.from_s = 1800,
		.to_s = 3600,
		.run = 2,
		.before = 1,
		.before_index = 1,
		.before_hour = HOUR - 17,
		.before_to_s = 3600,
		.rec = { { 1800, 3600 } } } },
	    HOURS(0, 1), .born_us = AT(HOUR - 100, 0) },
	{ "short breaks are no gaps",
	    { { .hour = HOUR,
		.to_s = 3600,
		.run = 1,
		.rec = { { 0, 600 }, { 601, 1200 }, { 1202, 3600 } } } },
	    HOURS(0, 1) },
};

static struct run_id
run_number(uint8_t n)
{
	struct run_id r = { { 0 } };

	r.octets[0] = 0xab;
	r.octets[RUN_ID_OCTETS - 1] = n;
	return r;
}

static void
mark_hash(uint8_t run, uint8_t mark, uint8_t to[static SHA256_OCTETS])
{
	const uint8_t both[2] = { run, mark };

	sha256(SLICE_OF(both), to);
}

/* Runs get a record each second and a key frame each five. */
static void
recorded(struct index *x, const struct plan *p, size_t n)
{
	const struct run_id run = run_number((uint8_t)(16 * p->run + n + 1));
	uint64_t index = 1;

	(void)index_run_begin(x, TRACK_MAIN, &run,
	    AT(p->hour, p->rec[n].first_s));
	for (uint32_t s = p->rec[n].first_s; s <= p->rec[n].last_s; s++) {
		index_record(x, &run, index, AT(p->hour, s));
		if (s % 600 == 0 || s == p->rec[n].first_s)
			index_group(x, &run, index, AT(p->hour, s));
		index += 2;
	}
}

static enum err
octets_make(const struct plan *p, struct buf *to)
{
	const struct index_before before = { run_number(p->before),
		p->before == 0 ? 0 : p->before_index, p->before_hour,
		(uint16_t)(p->before_to_s * 16) };
	const struct index_before none = { 0 };
	const uint64_t from_us = AT(p->hour, p->from_s);
	struct index x;
	enum err e;

	if ((e = index_begin(&x, from_us,
		 p->state[0].s == p->from_s ? p->state[0].state : 0,
		 p->before == 0 ? &none : &before)) != ERR_OK)
		return e;
	for (size_t i = 0; i < COUNT(p->state); i++)
		if (p->state[i].s > p->from_s)
			index_state(&x, p->state[i].state,
			    AT(p->hour, p->state[i].s));
	for (size_t i = 0; i < COUNT(p->rec) && p->rec[i].last_s > 0; i++)
		recorded(&x, p, i);
	/* the whole hour: a moment before its end would be another one */
	e = index_put(&x, AT(p->hour, p->to_s), to);
	index_fini(&x);
	return e;
}

static json_t *
span_json(const struct span *s)
{
	return json_pack("{s:I,s:I}", "from", (json_int_t)s->from_us, "to",
	    (json_int_t)s->to_us);
}

static json_t *
spans_json(const struct span *s, size_t count)
{
	return count == 0 ? json_array() : json_pack("[o]", span_json(s));
}

static json_t *
gaps_json(const struct ledger_question *q)
{
	json_t *all = json_array();
	struct gap *gaps;
	size_t count;
	const enum err e = ledger_make(q, &gaps, &count);

	assert(e == ERR_OK);
	for (size_t i = 0; i < count; i++) {
		json_t *j = span_json(&gaps[i].at);
		json_object_set_new(j, "cause",
		    json_string(cause_word(gaps[i].cause)));
		json_object_set_new(j, "state", json_integer(gaps[i].state));
		json_array_append_new(all, j);
	}
	free(gaps);
	return all;
}

static json_t *
row_json(const struct ledger_row *r, struct slice octets)
{
	return json_pack("{s:o,s:i,s:i,s:o,s:o}", "run",
	    hex_json(SLICE_OF(r->run.octets)), "index", (int)r->index, "mark",
	    (int)r->mark, "markHash", hex_json(SLICE_OF(r->mark_hash)),
	    "octets", hex_json(octets));
}

static void
named_make(const struct scene *s, struct ledger_named *to)
{
	to->run = run_number(s->named_run);
	to->mark = s->named_mark;
	mark_hash(s->named_other ? 99 : s->named_run, s->named_mark,
	    to->mark_hash);
	to->time_us = s->named_us;
}

static json_t *
named_json(const struct ledger_named *n)
{
	if (n->time_us == 0)
		return json_null();
	return json_pack("{s:o,s:i,s:o,s:I}", "run",
	    hex_json(SLICE_OF(n->run.octets)), "mark", (int)n->mark, "markHash",
	    hex_json(SLICE_OF(n->mark_hash)), "time", (json_int_t)n->time_us);
}

static json_t *
question_json(const struct scene *s, const struct ledger_question *q)
{
	return json_pack("{s:s,s:[i],s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}",
	    "what", s->what, "days", (int)q->day[0], "from",
	    (json_int_t)q->at.from_us, "to", (json_int_t)q->at.to_us, "born",
	    (json_int_t)q->born_us, "oldest", (json_int_t)q->oldest_us, "keep",
	    (json_int_t)q->keep_us, "room", (json_int_t)q->room_us, "lost",
	    spans_json(q->lost, q->lost_count), "locks",
	    spans_json(q->lock, q->lock_count), "named", named_json(&q->named));
}

static json_t *
scene_json(const struct scene *s)
{
	static const uint32_t day = DAY;
	struct index_hour hour[ROWS] = { 0 };
	struct ledger_row row[ROWS];
	json_t *rows = json_array();
	struct ledger_question q = { .row = row,
		.day = &day,
		.day_count = 1,
		.at = { s->from_us, s->to_us },
		.born_us = s->born_us,
		.oldest_us = s->oldest_us,
		.keep_us = s->keep_us,
		.room_us = s->room_us,
		.lost = &s->lost,
		.lost_count = s->lost.to_us != 0,
		.lock = &s->lock,
		.lock_count = s->lock.to_us != 0 };

	for (size_t i = 0; i < ROWS && s->row[i].run != 0; i++) {
		const struct plan *p = &s->row[i];
		struct ledger_row *r = &row[q.row_count];
		AUTO_BUF struct buf octets = { 0 };

		if (p->hidden)
			continue;
		buf_init(&octets, INDEX_OCTETS_MAX + 1024);
		enum err e = octets_make(p, &octets);
		if (e == ERR_OK)
			e = index_hour_parse(buf_slice(&octets),
			    &hour[q.row_count]);
		assert(e == ERR_OK);
		*r = (struct ledger_row){ .run = run_number(p->run),
			.index = 1,
			.hour = &hour[q.row_count] };
		mark_hash(p->run, 0, r->mark_hash);
		json_array_append_new(rows, row_json(r, buf_slice(&octets)));
		q.row_count++;
	}
	if (s->named_us != 0)
		named_make(s, &q.named);
	json_t *j = question_json(s, &q);
	json_object_set_new(j, "rows", rows);
	json_object_set_new(j, "gaps", gaps_json(&q));
	for (size_t i = 0; i < q.row_count; i++)
		index_hour_fini(&hour[i]);
	return j;
}

json_t *
golden_ledger(void)
{
	json_t *all = json_array();

	for (size_t i = 0; i < COUNT(scenes); i++)
		json_array_append_new(all, scene_json(&scenes[i]));
	return json_pack("{s:o}", "cases", all);
}
