/*
 * disk.h - what recording (disk.c) and reading back (reading.c) share: jobs
 * for the helper threads.
 */
#ifndef EDGE_DISK_H
#define EDGE_DISK_H

#include <pthread.h>

#include "eavesd/edge/edge.h"

#define READ_SEGMENTS 4
#define JOBS_MAX      256
/* What hubs send of the past leaves room for what is live. */
#define JOBS_PAST_MAX (JOBS_MAX / 2)
/* What viewers read waits by itself. */
#define READS_MAX 64
/* Core knows of 64 runs in a file: a range of any other is not found. */
#define RUNS_MAX 60

struct segment_file {
	int fd;
	struct id id;
	bool being_written;
	struct key key;
	uint64_t used; /* octets handed to the writer */
	unsigned refs; /* recording + jobs in flight; loop side only */
	uint32_t slot; /* of the stream that is recorded */
	/* the writer says so; the loop looks meanwhile */
	_Atomic bool failed;
	bool written; /* something is in it; loop side */
	/* writer's side */
	bool dirty;
	struct segment_file *next_dirty;
	struct sha256_sum *sum; /* of what lies in the file */
};

/*
 * A recording: no file -> (first key frame) asks core -> has a file -> full or
 * writer gone -> closed. Records that come while core is asked wait in `plain`.
 */
struct recording {
	struct segment_file *file;
	bool asked, ended;
	bool too_long; /* this group: its file is full, the rest is left out */
	struct buf plain;           /* frames not yet handed over */
	uint64_t group, group_most; /* octets of this group, of the longest */
	struct buf entries;         /* of the file: segment.h */
	/* runs that begin in it; core shall know, and has not said so yet */
	struct untold {
		struct run_id run;
		bool asked; /* it is being told */
	} untold[RUNS_MAX];
	size_t untold_count;
	unsigned runs;     /* that began in it */
	struct run_id run; /* of the newest record that was taken */
	uint64_t index;
	uint64_t plain_ms; /* when the first that waits came */
	uint64_t begun_ms; /* when the first of the file did */
	uint64_t dropped;  /* records lost to a slow or full disk */
	uint64_t dropped_told, lost_ms; /* since when; 0: nothing is lost */
	uint64_t retry_ms;
};

enum job_kind {
	JOB_WRITE,
	JOB_CLOSE,
	JOB_READ,
	JOB_SYNC,
	JOB_QUIT
};

struct read_file {
	int fd;
	struct id id;
	bool being_written;
	struct key key;
	struct buf entries; /* of one that is being written */
};

struct group {
	struct run_id run;
	uint64_t index;
	size_t octets;
};

struct job {
	enum job_kind kind;
	struct job *next;
	struct segment_file *file;
	struct buf octets;
	/* offset; JOB_SYNC: its number; JOB_READ: how many jobs come before it */
	uint64_t at;
	uint64_t ms; /* JOB_WRITE: when the first record of it came */
	/* JOB_READ */
	uint64_t client;
	json_int_t n;
	bool is_range;
	struct range_question range;
	size_t most;
	struct read_file files[READ_SEGMENTS];
	size_t file_count;
	struct group *groups; /* result */
	size_t group_count, group_room;
	struct buf records; /* result: sized records */
	bool any;
	bool refused; /* too many read already */
};

struct disk {
	struct edge *edge;
	pthread_t writer, reader;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first, **last, *done;
	struct job *first_read, **last_read;
	const struct job *writing; /* the writer is at it, or NULL */
	uint64_t did;              /* jobs of the writer, since it began */
	bool quits;
	size_t queued, reads; /* reads are counted apart */
	uint64_t sync_number; /* of the newest JOB_SYNC */
	bool syncing;
	int done_fd;
	struct loop_fd watch;
};

/* Loop's side. ERR_LIMIT: the queue is full; the job is still the caller's. */
MUST_USE enum err job_give(struct disk *d, struct job *j);
/* With all that it holds; its descriptors are the caller's. */
void job_destroy(struct job *j);
void file_unref(struct segment_file *f);
/* What waits here goes to the file: what is recorded includes it. */
void plain_flush(struct edge *e, struct recording *r);
/* A job is done: what it wrote is lost or not; a sync of that number. */
void recording_wrote(struct edge *e, const struct job *j);
void recordings_synced(struct edge *e, uint64_t number);

/* --- reading.c --- */
/* The reader's side of JOB_READ: opens the files, fills in the result. */
void read_do(struct job *j);
/* Loop's side: the result, to the viewer who asked, if he is still there. */
void read_answer(struct edge *e, struct job *j);

#endif
