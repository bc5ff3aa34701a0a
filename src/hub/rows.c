#include "hub/rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/codec.h"
#include "hub/under.h"
#include "model/run.h"
#include "os/file.h"

#define FILE_VERSION 1
#define FILE_OCTETS  (INDEX_ROW_MAX + 64)
#define NAME_ROOM    (2 * RUN_ID_OCTETS + 1)

/* --- on the disk --- */

static enum err
row_save(const struct rows *r, const struct row_wait *w)
{
	AUTO_BUF struct buf b = { 0 };
	char name[NAME_ROOM];
	struct wr wr;
	enum err e;

	if (r->dir_fd == -1)
		return ERR_CLOSED;
	buf_init(&b, FILE_OCTETS);
	wr_init(&wr, &b);
	wr_u8(&wr, FILE_VERSION);
	wr_id(&wr, &w->stream);
	wr_u8(&wr, w->class);
	wr_octets(&wr, SLICE_OF(w->run.octets));
	wr_u32(&wr, w->index);
	wr_u32(&wr, w->day);
	wr_octets(&wr, buf_slice(&w->octets));
	if ((e = wr_end(&wr)) != ERR_OK)
		return e;
	hex_encode(SLICE_OF(w->run.octets), name);
	return file_write(r->dir_fd, name, buf_slice(&b));
}

static void
row_forget(const struct rows *r, const struct row_wait *w)
{
	char name[NAME_ROOM];

	hex_encode(SLICE_OF(w->run.octets), name);
	if (r->dir_fd != -1)
		(void)unlinkat(r->dir_fd, name, 0);
}

static enum err
row_parse(struct slice s, struct row_wait *w)
{
	struct rd rd;
	enum err e;

	rd_init(&rd, s);
	const uint8_t version = rd_u8(&rd);
	rd_id(&rd, &w->stream);
	w->class = rd_u8(&rd);
	rd_copy(&rd, w->run.octets, RUN_ID_OCTETS);
	w->index = rd_u32(&rd);
	w->day = rd_u32(&rd);
	const struct slice octets = rd_octets(&rd, rd.rest.len);
	if ((e = rd_end(&rd)) != ERR_OK)
		return e;
	if (version != FILE_VERSION || octets.len == 0)
		return ERR_SYNTAX;
	buf_init(&w->octets, INDEX_ROW_MAX);
	return buf_append(&w->octets, octets);
}

static void
row_append(struct rows *r, struct row_wait *w)
{
	*r->last = w;
	r->last = &w->next;
	r->count++;
}

/* One that cannot be read is none. */
static void
row_load(struct rows *r, const char *name)
{
	AUTO_BUF struct buf b;
	struct row_wait *w;

	buf_init(&b, FILE_OCTETS);
	if (strlen(name) != NAME_ROOM - 1 || r->count == ROWS_MAX ||
	    file_read(r->dir_fd, name, &b) != ERR_OK ||
	    (w = calloc(1, sizeof *w)) == NULL)
		return;
	if (row_parse(buf_slice(&b), w) == ERR_OK) {
		row_append(r, w);
		return;
	}
	buf_fini(&w->octets);
	free(w);
	(void)unlinkat(r->dir_fd, name, 0);
}

enum err
rows_open(struct rows *r, int folder_fd, uint32_t uid)
{
	const struct dirent *entry;
	DIR *dir;
	enum err e;

	*r = (struct rows){ .dir_fd = -1 };
	r->last = &r->first;
	if ((e = under_open(folder_fd, "rows", uid, &r->dir_fd)) != ERR_OK ||
	    (e = folder_list(r->dir_fd, ".", &dir)) != ERR_OK)
		return e;
	while ((entry = readdir(dir)) != NULL)
		row_load(r, entry->d_name);
	(void)closedir(dir);
	return ERR_OK;
}

/* --- in memory --- */

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
	if (r->dir_fd != -1)
		(void)close(r->dir_fd);
	r->dir_fd = -1;
}

void
rows_clear(struct rows *r)
{
	while (r->first != NULL) {
		row_forget(r, r->first);
		drop(r, &r->first);
	}
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
	if (r->count == ROWS_MAX) {
		row_forget(r, r->first);
		drop(r, &r->first);
	}
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
	row_append(r, w);
	return row_save(r, w);
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
			row_forget(r, *at);
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

void
rows_later(struct rows *r, uint64_t number)
{
	for (struct row_wait *w = r->first; w != NULL; w = w->next)
		if (w->number == number)
			w->number = 0;
}
