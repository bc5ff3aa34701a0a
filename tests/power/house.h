/*
 * house.h - the server in one process, on the disk whose power can be cut:
 * core and edge as they are, on one loop, the keeper on a thread of its own.
 * Only the browsers' and hubs' connections are left out.
 */
#ifndef POWER_HOUSE_H
#define POWER_HOUSE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "crypto/crypto.h"

struct house;

/* The folders are borrowed. An error: the power went while it began. */
enum err house_open(int keeper_fd, int segments_fd, struct house **ret);
void house_close(struct house *h);

/* Makes a media stream. */
enum err house_stream(struct house *h, const struct id *stream);
/* A record of that stream, as a hub sends it. */
void house_record(struct house *h, const struct id *stream, struct slice s);
/* What edge does each second; true: done, and the power is still there. */
bool house_second(struct house *h);

/* A recording that stopped is tried again at once. */
void house_retry(struct house *h);

/* Newest segments that core lists, oldest first: at most 4. */
struct house_file {
	int fd;
	struct key key;
};
size_t house_files(struct house *h, const struct id *stream,
    struct house_file files[static 4]);

/* A segment of days ago, for retention to look at. */
struct house_old {
	unsigned days_ago;
	bool locked;
	struct id segment; /* written by house_old_add() */
	struct run_id run;
};
void
house_old_add(struct house *h, const struct id *stream, struct house_old *o);
/* Its row, its place and its file are there. */
bool house_old_kept(struct house *h, const struct id *stream,
    const struct house_old *o);
/*
 * A stream of rows that keeps 7 days, in the home of the media stream; a row
 * in it about days ago, and whether it is there.
 */
void house_rows_stream(struct house *h, const struct id *rows,
    const struct id *media);
void house_row_add(struct house *h, const struct id *rows, unsigned days_ago);
bool house_row_kept(struct house *h, const struct id *rows, unsigned days_ago);
/* One more, as a hub sends it. */
enum err house_row_send(struct house *h, const struct id *rows);
/* The same over its line; listed: the home has given it that stream. */
enum err house_row_of_hub(struct house *h, const struct id *rows, bool listed);
/* Days of which something of that stream is locked: rows alone. */
void house_days_lock(struct house *h, const struct id *stream, unsigned from,
    unsigned days);
/*
 * A run in so many files: rows alone. Then what a member hears who locks it,
 * so many times in one question: an HTTP status.
 */
void house_run_add(struct house *h, const struct id *stream,
    const struct run_id *run, unsigned files);
unsigned house_run_lock(struct house *h, const struct id *stream,
    const struct run_id *run, unsigned times);
/*
 * Another home with as many streams, numbered from that on, each with so many
 * files of today: rows alone. How many that stream has; room for one more when
 * the server may have so many.
 */
void house_home_add(struct house *h, uint8_t home, uint8_t first,
    unsigned streams, unsigned files);
uint64_t house_files_of(struct house *h, const struct id *stream);
enum err
house_room(struct house *h, const struct id *stream, unsigned files_max);
/* Each row of a segment has its file, and each file its row. */
bool house_whole(struct house *h);

/* --- keeper_thread.c --- */

struct keeper_thread;
/* *ret_fd: core's end. The thread ends when that is closed. */
struct keeper_thread *keeper_thread_start(int folder_fd, int *ret_fd);
void keeper_thread_join(struct keeper_thread *t);

#endif
