#include "hub/index_writer.h"

#include "base/codec.h"
#include "base/obj.h"

#define HOUR_US     UINT64_C(3600000000)
#define ROW_VERSION 1
#define ROW_SUITE   1

void
index_writer_init(struct index_writer *w, const struct hub_keys *keys,
    const struct hub_home *home, const struct id *thing,
    const struct id *stream, const struct index_before *before)
{
	void (*const row)(void *, const struct index_row *) = w->row;
	void *const to = w->to;

	*w = (struct index_writer){ .keys = keys,
		.home = home,
		.thing = thing,
		.stream = stream,
		.row = row,
		.to = to,
		.before = *before,
		.newest = *before };
	buf_init(&w->header, RUN_HEADER_OCTETS);
	buf_init(&w->records, INDEX_ROW_MAX);
}

void
index_writer_fini(struct index_writer *w)
{
	run_write_close(w->run);
	index_fini(&w->x);
	buf_fini(&w->header);
	buf_fini(&w->records);
}

/* --- rows --- */

static void
sink_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct index_writer *w = to;
	struct wr wr;

	if (flags == RUN_HEADER) {
		buf_clear(&w->header);
		(void)!buf_append(&w->header, record);
		return;
	}
	if (flags == RUN_KEY)
		w->record_index = (uint32_t)index;
	wr_init(&wr, &w->records);
	wr_sized(&wr, record);
	(void)!wr_end(&wr);
}

static enum err
run_take(struct index_writer *w, uint64_t now_us)
{
	const struct run_sink sink = { sink_record, w };
	const struct run_wish wish = { .thing = w->thing,
		.stream = w->stream,
		.class = RUN_STATE,
		.start_us = now_us,
		.before = &w->run_before };

	if (w->run != NULL && run_write_info(w->run)->epoch == w->home->epoch &&
	    !run_write_full(w->run))
		return ERR_OK;
	if (w->run != NULL) {
		run_write_before(w->run, &w->run_before);
		run_write_close(w->run);
		w->run = NULL;
		w->before = w->newest;
		w->x.before = w->newest;
	}
	return hub_run_open(w->keys, w->home, &wish, sink, &w->run);
}

static enum err
row_put(struct index_writer *w, struct buf *to)
{
	static const size_t sizes[] = { 1024, 4096, INDEX_ROW_MAX };
	uint8_t *room;
	struct wr wr;
	enum err e;

	wr_init(&wr, to);
	wr_u8(&wr, ROW_VERSION);
	wr_u8(&wr, ROW_SUITE);
	wr_sized(&wr, buf_slice(&w->header));
	wr_octets(&wr, buf_slice(&w->records));
	wr_u32(&wr, 0);
	if ((e = wr_end(&wr)) != ERR_OK)
		return e;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (to->len > sizes[i])
			continue;
		const size_t pad = sizes[i] - to->len;
		if ((e = buf_reserve(to, pad, &room)) == ERR_OK) {
			octets_random(room, pad);
			to->len += pad;
		}
		return e;
	}
	return ERR_LIMIT;
}

/* Until there is an hour key and room for it nothing is written. */
static void
row_write(struct index_writer *w, uint64_t now_us)
{
	AUTO_BUF struct buf octets, row;

	buf_init(&octets, INDEX_OCTETS_MAX + 1024);
	buf_init(&row, INDEX_ROW_MAX);
	buf_clear(&w->records);
	w->written_us = now_us;
	if (run_take(w, now_us) != ERR_OK ||
	    index_put(&w->x, now_us, &octets) != ERR_OK ||
	    run_write_media(w->run, true, now_us, RUN_INDEX,
		buf_slice(&octets)) != ERR_OK ||
	    row_put(w, &row) != ERR_OK)
		return;
	struct index_row r = { .run = run_write_info(w->run)->run,
		.index = w->record_index,
		.day = w->x.hour / 24,
		.octets = buf_slice(&row) };
	r.name = (struct index_before){ r.run, r.index, w->x.hour, w->x.to };
	r.head = (struct head){ .stream = *w->stream, .run = r.run };
	(void)run_write_mark(w->run, &r.head.mark_number, r.head.mark_hash);
	w->newest = r.name;
	w->row(w->to, &r);
}

static void
hour_end(struct index_writer *w, uint64_t now_us)
{
	row_write(w, now_us);
	if (w->run != NULL)
		run_write_before(w->run, &w->run_before);
	run_write_close(w->run);
	w->run = NULL;
	w->before = w->newest;
	index_fini(&w->x);
	w->begun = false;
}

/* Runs that go on stay listed: they end at their next key frame. */
static bool
hour_begin(struct index_writer *w, uint64_t now_us)
{
	const uint64_t hour_us = now_us - now_us % HOUR_US;

	if (index_begin(&w->x, now_us, w->state, &w->before) != ERR_OK)
		return false;
	w->begun = true;
	w->written_us = now_us;
	for (enum track_kind as = TRACK_OTHER; as < TRACK__MAX; as++)
		if (w->active[as].on)
			(void)index_run_begin(&w->x, as, &w->active[as].run,
			    hour_us);
	return true;
}

/* The index of this hour; false: it cannot be kept. */
static bool
hour_take(struct index_writer *w, uint64_t now_us)
{
	const uint32_t hour = (uint32_t)(now_us / HOUR_US);

	if (w->begun && w->x.hour == hour)
		return true;
	if (w->begun)
		hour_end(w, now_us);
	if (!hour_begin(w, now_us))
		return false;
	/* between the end and the beginning nothing was missed */
	if (w->before.hour + 1 == hour && w->before.to == 3600 * 16)
		w->x.from = 0;
	return true;
}

/* A record may be the first of an hour; one that is late opens none again. */
static void
hour_on(struct index_writer *w, uint64_t time_us)
{
	if (w->begun && (uint32_t)(time_us / HOUR_US) > w->x.hour)
		(void)hour_take(w, time_us);
}

/* --- */

/* What is new is told soon. */
static void
row_soon(struct index_writer *w, uint64_t now_us)
{
	if (now_us - w->written_us < INDEX_EVERY_US - INDEX_SOON_US)
		w->written_us = now_us - (INDEX_EVERY_US - INDEX_SOON_US);
}

void
index_writer_run(struct index_writer *w, enum track_kind as,
    const struct run_id *run, uint64_t time_us)
{
	hour_on(w, time_us);
	w->active[as].on = true;
	w->active[as].run = *run;
	if (!w->begun)
		return;
	(void)index_run_begin(&w->x, as, run, time_us);
	row_soon(w, time_us);
}

void
index_writer_run_end(struct index_writer *w, enum track_kind as)
{
	w->active[as].on = false;
}

void
index_writer_record(struct index_writer *w, const struct run_id *run,
    uint64_t index, uint64_t time_us, bool key)
{
	hour_on(w, time_us);
	if (!w->begun)
		return;
	index_record(&w->x, run, index, time_us);
	if (key)
		index_group(&w->x, run, index, time_us);
}

void
index_writer_motion(struct index_writer *w, const struct run_id *run,
    uint8_t motion)
{
	if (w->begun && motion > 0)
		index_motion(&w->x, run, motion);
}

void
index_writer_state(struct index_writer *w, uint8_t state, uint64_t now_us)
{
	const bool is_new = state != w->state;

	w->state = state;
	if (!hour_take(w, now_us))
		return;
	index_state(&w->x, state, now_us);
	if (is_new)
		row_soon(w, now_us);
}

void
index_writer_state_since(struct index_writer *w, uint8_t state,
    uint64_t since_us)
{
	w->state = state;
	if (!w->begun)
		return;
	index_state(&w->x, state, since_us);
	row_soon(w, since_us);
}

void
index_writer_tick(struct index_writer *w, uint64_t now_us)
{
	if (!hour_take(w, now_us))
		return;
	/* a clock that was set back writes a row, too */
	if (now_us - w->written_us >= INDEX_EVERY_US)
		row_write(w, now_us);
}

void
index_writer_flush(struct index_writer *w, uint64_t now_us)
{
	if (w->begun)
		row_write(w, now_us);
}

void
index_writer_taken(struct index_writer *w, const struct head *head)
{
	w->taken = *head;
}

void
index_writer_head(const struct index_writer *w, struct head *ret_head)
{
	*ret_head = w->taken;
	ret_head->stream = *w->stream;
	ret_head->state = w->state;
}
