/*
 * rows.h - rows of state streams on their way to the server: kept until it
 * says that they are on its disk, sent again after each reconnect and each
 * restart: D/hub/rows/RUN. Of a run only the newest is kept.
 */
#ifndef HUB_ROWS_H
#define HUB_ROWS_H

#include "hub/index_writer.h"

/* Two days of sixteen cameras; then the oldest goes. */
#define ROWS_MAX 768

struct row_wait {
	struct row_wait *next;
	struct id stream;
	uint8_t class;
	struct run_id run;
	uint32_t index, day;
	uint64_t number; /* as it was last sent; 0: not yet */
	struct index_before name;
	struct head head;
	struct buf octets;
};

struct rows {
	struct row_wait *first, **last;
	size_t count;
	uint64_t number;
	int dir_fd;
};

/*
 * What an earlier life did not get rid of is there again. An error: rows are
 * kept in memory alone. uid: see under.h.
 */
MUST_USE enum err rows_open(struct rows *r, int folder_fd, uint32_t uid);
void rows_fini(struct rows *r);
/* ERR_NOMEM: it is not kept. ERR_IO, ...: not over a restart. */
MUST_USE enum err
rows_add(struct rows *r, const struct id *stream, const struct index_row *row);
/* The oldest that was not sent since the last rows_lost(), numbered. */
struct row_wait *rows_next(struct rows *r);
/* The one that was sent under that number; NULL: a newer one came. */
const struct row_wait *rows_sent(const struct rows *r, uint64_t number);
/* The server has it, or does not want it. */
void rows_done(struct rows *r, uint64_t number);
/* Not now: it will be sent again. */
void rows_later(struct rows *r, uint64_t number);
/* Forgets all. */
void rows_clear(struct rows *r);
/* The line broke: what has no answer will be sent again. */
void rows_lost(struct rows *r);

#endif
