#include "hub/rows.h"

#include <stdlib.h>

#include "model/run.h"

void
rows_init(struct rows *r)
{
	*r = (struct rows){ 0 };
	r->last = &r->first;
}

static void
drop(struct rows *r, struct row_wait **at)
{
	struct row_wait *w = *at;

	*at = w->next;
	if (r->last == &w->next)
		r->last = at;
	r->count--;
	buf_fini(&w->octets);
	free(w);
}

void
rows_fini(struct rows *r)
{
	while (r->first != NULL)
		drop(r, &r->first);
}

static void
supersede(struct rows *r, const struct id *stream, const struct run_id *run)
{
	for (struct row_wait **at = &r->first; *at != NULL;) {
		struct row_wait *w = *at;
		if (id_eq(&w->stream, stream) &&
		    memcmp(w->run.octets, run->octets, RUN_ID_OCTETS) == 0)
			drop(r, at);
		else
			at = &w->next;
	}
}

enum err
rows_add(struct rows *r, const struct id *stream, const struct index_row *row)
{
	struct row_wait *w;
	enum err e;

	supersede(r, stream, &row->run);
	if (r->count == ROWS_MAX)
		drop(r, &r->first);
	if ((w = calloc(1, sizeof *w)) == NULL)
		return ERR_NOMEM;
	w->stream = *stream;
	w->class = RUN_STATE;
	w->run = row->run;
	w->index = row->index;
	w->day = row->day;
	w->name = row->name;
	w->head = row->head;
	buf_init(&w->octets, INDEX_ROW_MAX);
	if ((e = buf_append(&w->octets, row->octets)) != ERR_OK) {
		free(w);
		return e;
	}
	*r->last = w;
	r->last = &w->next;
	r->count++;
	return ERR_OK;
}

struct row_wait *
rows_next(struct rows *r)
{
	for (struct row_wait *w = r->first; w != NULL; w = w->next)
		if (w->number == 0) {
			w->number = ++r->number;
			return w;
		}
	return NULL;
}

const struct row_wait *
rows_sent(const struct rows *r, uint64_t number)
{
	const struct row_wait *w = r->first;

	while (w != NULL && w->number != number)
		w = w->next;
	return w;
}

void
rows_done(struct rows *r, uint64_t number)
{
	for (struct row_wait **at = &r->first; *at != NULL; at = &(*at)->next)
		if ((*at)->number == number) {
			drop(r, at);
			return;
		}
}

void
rows_lost(struct rows *r)
{
	for (struct row_wait *w = r->first; w != NULL; w = w->next)
		w->number = 0;
}
