/*
 * spool.h - what cameras said while the server was away: sealed records in
 * files of the hub's own folder, oldest first (docs/FORMATS.md section 13).
 * The hub cannot read them: the runs' keys are gone. D/hub/spool/NUMBER:
 *
 *   stream id ‖ frames length u32 ‖ record: a run header, a key frame, ...
 *
 * A run goes on in further files, each with its header, so that the limit
 * takes little at a time: when it is reached the oldest file goes. A torn
 * tail is left out, and what follows a failed write, until a key frame can be
 * written again.
 */
#ifndef HUB_SPOOL_H
#define HUB_SPOOL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/id.h"

#define SPOOL_WRITERS_MAX 128
#define SPOOL_FILES_MAX   4096
/* The next key frame begins another file. */
#define SPOOL_FILE_OCTETS ((size_t)8 << 20)

struct spool_file {
	struct spool_file *next;
	uint64_t number, octets;
	bool writing, reading;
	bool passed; /* not now: what is newer goes first */
	/* the server has it up to there; so often it took nothing */
	uint64_t kept_at;
	unsigned tries;
	unsigned unkept; /* so often in this connection it did not keep it */
};

struct spool {
	int dir_fd; /* -1: there is none */
	uint64_t octets_max, octets, next_number;
	size_t count;
	uint64_t lost; /* files that went for newer ones */
	struct spool_file *first;
	struct spool_writer {
		int fd;
		struct spool_file *file;
		struct buf header; /* of the run; empty: none began */
		bool dirty;
	} writer[SPOOL_WRITERS_MAX];
};

/*
 * octets_max 0: none is kept. Never more than what is there and a tenth of
 * what is free. uid: whose it is, when another user than ours will use it; 0:
 * ours. An error leaves a spool that takes nothing. ERR_IO, ERR_NOMEM, ...
 */
MUST_USE enum err
spool_open(struct spool *s, int folder_fd, uint64_t octets_max, uint32_t uid);
void spool_close(struct spool *s);
bool spool_is_on(const struct spool *s);
/* Forgets all, the files too. */
void spool_clear(struct spool *s);

/*
 * One record of the stream that writer n stands for. ERR_MISSING: it is not
 * kept, a key frame must come first. ERR_LIMIT: there is no room. ERR_IO.
 */
MUST_USE enum err spool_record(struct spool *s, size_t n,
    const struct id *stream, uint8_t flags, struct slice record);
/* Writer n has ended its run. */
void spool_end(struct spool *s, size_t n);
/* Each second: onto the disk. */
void spool_sync(struct spool *s);

/* The oldest that nobody writes any more, nor is passed over; NULL: none. */
struct spool_file *spool_oldest(const struct spool *s);
void spool_drop(struct spool *s, struct spool_file *file);

struct spool_reader {
	int fd;
	struct id stream;
	struct run_id run;
	uint64_t at;         /* offset of the next record */
	bool headed, joined; /* its header was read, a key frame was */
	uint64_t index;      /* of the newest record */
	struct buf record;
};
/* ERR_MISSING: it holds no run's header, so nothing that could be sent. */
MUST_USE enum err spool_read(const struct spool *s, struct spool_file *file,
    struct spool_reader *ret_reader);
/*
 * The next record, until the call after it. ERR_MISSING: that was all; what
 * is no record of that run, or stands where none can, is not given out.
 */
MUST_USE enum err
spool_reader_next(struct spool_reader *r, struct slice *ret_record);
/* After the header: on at that offset, where a record begins. ERR_IO. */
MUST_USE enum err spool_reader_skip(struct spool_reader *r, uint64_t at);
void spool_reader_close(struct spool_reader *r, struct spool_file *file);

#endif
