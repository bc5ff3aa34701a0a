#include "model/index_read.h"

#include <stdlib.h>

#include "base/codec.h"

#define STEP_US       62500 /* a sixteenth of a second */
#define STEP_MAX      255
#define ROW_VERSION   1
#define ROW_SUITE     1
#define PIECE_MAX     ((size_t)16 << 10)
#define GROUP_OCTETS  4
#define STATES_AT_ALL 5120 /* as many as fit into INDEX_OCTETS_MAX */

static uint64_t
time_get(struct rd *r, uint32_t hour)
{
	return hour * INDEX_HOUR_US + (uint64_t)rd_u16(r) * STEP_US;
}

static enum err
states_get(struct rd *r, struct index_hour *h)
{
	const size_t n = rd_u16(r);

	if (n > STATES_AT_ALL)
		return ERR_LIMIT;
	if (n == 0)
		return ERR_OK;
	if ((h->state = calloc(n, sizeof *h->state)) == NULL)
		return ERR_NOMEM;
	h->state_count = n;
	for (size_t i = 0; i < n; i++) {
		h->state[i].time_us = time_get(r, h->hour);
		h->state[i].state = rd_u8(r);
	}
	return ERR_OK;
}

/* Steps without a group move the time only. */
static enum err
groups_get(struct rd *r, struct index_hour_run *run)
{
	const size_t n = rd_u16(r);
	struct rd g;
	uint64_t time_us = run->first_us - STEP_US;
	uint32_t index = 0;

	rd_init(&g, rd_octets(r, n * GROUP_OCTETS));
	if (r->err != ERR_OK || n == 0)
		return r->err;
	if ((run->group = calloc(n, sizeof *run->group)) == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const uint8_t step = rd_u8(&g);
		(void)rd_u8(&g); /* motion */
		const uint16_t records = rd_u16(&g);
		time_us += (uint64_t)(step == 0 ? STEP_MAX : step) * STEP_US;
		if (step == 0)
			continue;
		index += records;
		run->group[run->group_count++] = (struct index_group){ time_us,
			index };
	}
	return rd_end(&g);
}

static enum err
runs_get(struct rd *r, struct index_hour *h)
{
	const size_t n = rd_u16(r);
	enum err e = ERR_OK;

	if (n > INDEX_RUNS_MAX)
		return ERR_LIMIT;
	if ((h->run = calloc(n + 1, sizeof *h->run)) == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct index_hour_run *run = &h->run[h->run_count++];
		run->as = rd_u8(r);
		rd_copy(r, run->run.octets, RUN_ID_OCTETS);
		run->first_us = time_get(r, h->hour);
		run->last_us = time_get(r, h->hour);
		run->last_index = rd_u32(r);
		e = groups_get(r, run);
	}
	return e;
}

static enum err
hour_get(struct slice octets, struct index_hour *h)
{
	struct rd r;
	enum err e;

	rd_init(&r, octets);
	if (rd_u8(&r) != INDEX_VERSION)
		return r.err != ERR_OK ? r.err : ERR_UNSUPPORTED;
	h->hour = rd_u32(&r);
	h->from_us = time_get(&r, h->hour);
	h->to_us = time_get(&r, h->hour);
	rd_copy(&r, h->before.run.octets, RUN_ID_OCTETS);
	h->before.index = rd_u32(&r);
	h->before.hour = rd_u32(&r);
	h->before.to_us = time_get(&r, h->before.hour);
	if ((e = states_get(&r, h)) != ERR_OK ||
	    (e = runs_get(&r, h)) != ERR_OK)
		return e;
	return rd_end(&r);
}

enum err
index_hour_parse(struct slice octets, struct index_hour *ret_hour)
{
	struct index_hour h = { 0 };
	const enum err e = hour_get(octets, &h);

	if (e == ERR_OK)
		*ret_hour = h;
	else
		index_hour_fini(&h);
	return e;
}

void
index_hour_fini(struct index_hour *h)
{
	for (size_t i = 0; i < h->run_count; i++)
		free(h->run[i].group);
	free(h->run);
	free(h->state);
	*h = (struct index_hour){ 0 };
}

enum err
index_row_parse(struct slice row, struct slice ret_piece[INDEX_ROW_PIECES])
{
	struct slice piece[INDEX_ROW_PIECES];
	struct rd r;

	rd_init(&r, row);
	const uint8_t version = rd_u8(&r);
	const uint8_t suite = rd_u8(&r);
	if (version != ROW_VERSION || suite != ROW_SUITE)
		return r.err != ERR_OK ? r.err : ERR_UNSUPPORTED;
	for (size_t i = 0; i < INDEX_ROW_PIECES; i++) {
		piece[i] = rd_sized(&r, PIECE_MAX);
		if (piece[i].len == 0)
			return r.err != ERR_OK ? r.err : ERR_SYNTAX;
	}
	if (rd_u32(&r) != 0 || r.err != ERR_OK) /* then padding */
		return r.err != ERR_OK ? r.err : ERR_SYNTAX;
	memcpy(ret_piece, piece, sizeof piece);
	return ERR_OK;
}
