/*
 * disk.h - what recording (disk.c) and reading back (reading.c) share: jobs
 * for the helper thread.
 */
#ifndef EDGE_DISK_H
#define EDGE_DISK_H

#include <pthread.h>

#include "eavesd/edge/edge.h"

#define READ_SEGMENTS 4

struct recording;
struct segment_file;

enum job_kind {
	JOB_WRITE,
	JOB_CLOSE,
	JOB_READ,
	JOB_SYNC,
	JOB_QUIT
};

struct read_file {
	int fd;
	struct key key;
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
	uint64_t at;
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
};

struct disk {
	struct edge *edge;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first, **last, *done;
	size_t queued;
	int done_fd;
	struct loop_fd watch;
};

/* Loop's side. ERR_LIMIT: the queue is full; the job is still the caller's. */
MUST_USE enum err job_give(struct disk *d, struct job *j);
/* What waits here goes to the file: what is recorded includes it. */
void plain_flush(struct edge *e, struct recording *r);

/* --- reading.c --- */
/* Thread's side of JOB_READ: opens the files, fills in the result. */
void read_do(struct job *j);
/* Loop's side: the result, to the viewer who asked, if he is still there. */
void read_answer(struct edge *e, struct job *j);

#endif
