/*
 * reader_rows.c - rows of a camera's index, by day: fetched, opened, and the
 * hub's signature checked.
 */
#include <stdlib.h>

#include "base/codec.h"
#include "cli/reader.h"
#include "model/body.h"
#include "model/json_read.h"

#define AT_ONCE        32
#define ROW_OCTETS_MAX ((size_t)16 << 10)
#define PAGES_MAX      64
#define MARK_NUMBER_AT SHA256_OCTETS
#define DAY_US         (24 * INDEX_HOUR_US)

void
reader_rows_fini(struct reader_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		index_hour_fini(&rows->hour[i]);
	free(rows->hour);
	free(rows->row);
	free(rows->day);
	*rows = (struct reader_rows){ 0 };
}

static enum err
room_make(struct reader_rows *rows)
{
	const size_t room = rows->room == 0 ? 64 : 2 * rows->room;

	if (rows->count < rows->room)
		return ERR_OK;
	struct ledger_row *row = realloc(rows->row, room * sizeof *row);
	if (row == NULL)
		return ERR_NOMEM;
	rows->row = row;
	struct index_hour *hour = realloc(rows->hour, room * sizeof *hour);
	if (hour == NULL)
		return ERR_NOMEM;
	rows->hour = hour;
	rows->room = room;
	for (size_t i = 0; i < rows->count; i++) /* they have moved */
		row[i].hour = &hour[i];
	return ERR_OK;
}

/* The record and the mark that covers it, and it alone. */
static enum err
records_read(struct run_reader *run, const struct slice *piece,
    struct ledger_row *row, struct index_hour *hour)
{
	struct run_said said;
	enum err e;

	if ((e = run_read(run, piece[1], &said)) != ERR_OK)
		return e;
	if (said.kind != RUN_INDEX || said.flags != RUN_KEY ||
	    said.index > UINT32_MAX)
		return ERR_SYNTAX;
	row->index = (uint32_t)said.index;
	if ((e = index_hour_parse(said.octets, hour)) != ERR_OK)
		return e;
	if ((e = run_read(run, piece[2], &said)) == ERR_OK &&
	    (said.verified_first != row->index ||
		said.verified_last != row->index ||
		said.octets.len != MARK_OCTETS))
		e = ERR_CORRUPT;
	if (e != ERR_OK) {
		index_hour_fini(hour);
		return e;
	}
	row->mark = (uint32_t)slice_be(slice_skip(said.octets, MARK_NUMBER_AT),
	    4);
	sha256(said.octets, row->mark_hash);
	return ERR_OK;
}

static enum err
row_open(struct reader *r, const struct reader_camera *c, uint32_t day,
    const struct run_id *named, uint64_t index, struct slice sealed,
    struct reader_rows *rows)
{
	struct slice piece[INDEX_ROW_PIECES];
	struct run_reader *run;
	struct run_info info;
	enum err e;

	if ((e = room_make(rows)) != ERR_OK ||
	    (e = index_row_parse(sealed, piece)) != ERR_OK ||
	    (e = reader_run(r, c, &c->index, RUN_STATE, (day + 1) * DAY_US,
		 piece[0], &info, &run)) != ERR_OK)
		return e;
	if (memcmp(info.run.octets, named->octets, RUN_ID_OCTETS) != 0) {
		run_read_close(run);
		return ERR_CORRUPT; /* another row than it says */
	}
	struct ledger_row *row = &rows->row[rows->count];
	*row = (struct ledger_row){ .run = info.run,
		.hour = &rows->hour[rows->count] };
	e = records_read(run, piece, row, &rows->hour[rows->count]);
	if (e == ERR_OK && row->index != index) {
		index_hour_fini(&rows->hour[rows->count]);
		e = ERR_CORRUPT;
	}
	rows->count += e == ERR_OK;
	run_read_close(run);
	return e;
}

/* Rows come in the order of runs and records: none is there twice. */
static bool
is_behind(const struct run_id *run, uint64_t index, const struct run_id *last,
    uint64_t last_index)
{
	const int by = memcmp(run->octets, last->octets, RUN_ID_OCTETS);

	return by > 0 || (by == 0 && index > last_index);
}

/*
 * One answer, of runs behind *last; what does not open is counted, and is not
 * there. A row that were given again and again would fill the memory.
 */
static enum err
page_take(struct reader *r, const struct reader_camera *c, uint32_t day,
    json_t *list, struct reader_rows *rows, struct run_id *last)
{
	uint64_t last_index = UINT64_MAX; /* pages end with a run */

	for (size_t i = 0; i < json_array_size(list); i++) {
		AUTO_BUF struct buf sealed;
		struct run_id run;
		struct json_in in;
		uint64_t index;
		enum err e;

		buf_init(&sealed, ROW_OCTETS_MAX);
		json_in_init(&in, json_array_get(list, i));
		json_in_octets(&in, "run", run.octets, RUN_ID_OCTETS);
		index = json_in_number(&in, "index", INT64_MAX);
		json_in_buf(&in, "sealed", &sealed);
		if ((e = json_in_end(&in)) != ERR_OK)
			return e;
		if (!is_behind(&run, index, last, last_index))
			return ERR_SYNTAX;
		*last = run;
		last_index = index;
		e = row_open(r, c, day, &run, index, buf_slice(&sealed), rows);
		if (e == ERR_NOMEM)
			return e;
		rows->shut += e != ERR_OK;
	}
	return ERR_OK;
}

static enum err
rows_ask(struct reader *r, json_t *question, json_t **ret_answer,
    json_t **ret_list)
{
	json_t *answer = NULL;
	struct json_in in;
	enum err e;

	if ((e = door_ask(&r->door, "POST", "/api/rows", &r->ticket, question,
		 &answer)) != ERR_OK)
		return e;
	json_in_init(&in, answer);
	*ret_list = json_in_array(&in, "rows", AT_ONCE);
	if ((e = json_in_end(&in)) == ERR_OK)
		*ret_answer = answer;
	else
		json_decref(answer);
	return e;
}

static enum err
day_add(struct reader_rows *rows, uint32_t day)
{
	if (rows->day_count == rows->day_room) {
		const size_t room = rows->day_room == 0 ? 64
							: 2 * rows->day_room;
		uint32_t *at = realloc(rows->day, room * sizeof *at);

		if (at == NULL)
			return ERR_NOMEM;
		rows->day = at;
		rows->day_room = room;
	}
	rows->day[rows->day_count++] = day;
	return ERR_OK;
}

enum err
reader_rows_day(struct reader *r, const struct reader_camera *c, uint32_t day,
    struct reader_rows *rows)
{
	struct run_id last = { { 0 } };
	size_t got = AT_ONCE;
	enum err e = ERR_OK;

	for (size_t i = 0; i < rows->day_count; i++)
		if (rows->day[i] == day)
			return ERR_OK;
	for (size_t page = 0; got == AT_ONCE && page < PAGES_MAX; page++) {
		json_t *answer, *list;
		json_t *q = json_pack("{s:o,s:i,s:I}", "stream",
		    body_id(&c->index), "most", AT_ONCE, "day",
		    (json_int_t)day);
		if (page > 0)
			(void)json_object_set_new(q, "after",
			    body_b64(SLICE_OF(last.octets)));
		if ((e = rows_ask(r, q, &answer, &list)) != ERR_OK)
			return e;
		got = json_array_size(list);
		e = page_take(r, c, day, list, rows, &last);
		json_decref(answer);
		if (e != ERR_OK)
			return e;
	}
	return day_add(rows, day);
}

enum err
reader_rows_newest(struct reader *r, const struct reader_camera *c,
    uint32_t *ret_day)
{
	const uint64_t now_day = (uint64_t)time(NULL) / 86400;
	struct reader_rows rows = { 0 };
	struct run_id last = { { 0 } };
	json_t *answer, *list;
	enum err e;

	if ((e = rows_ask(r,
		 json_pack("{s:o,s:i}", "stream", body_id(&c->index), "most",
		     1),
		 &answer, &list)) != ERR_OK)
		return e;
	e = page_take(r, c, (uint32_t)now_day, list, &rows, &last);
	*ret_day = rows.count == 0 ? 0 : rows.hour[0].hour / 24;
	json_decref(answer);
	reader_rows_fini(&rows);
	return e;
}
