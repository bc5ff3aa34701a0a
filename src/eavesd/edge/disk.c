/*
 * disk.c - recording, and the jobs. One helper thread (the only one of
 * the project) does all that may wait for a disk; the loop hands it jobs by a
 * bounded queue and takes results by an eventfd. When the queue is full,
 * recording has a gap: live never waits.
 *
 * A recording: no file -> (first key frame) asks core -> has a file -> full or
 * writer gone -> closed. Records that come while core is asked wait in `plain`.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec.h"
#include "crypto/aead.h"
#include "eavesd/edge/disk.h"
#include "os/clock.h"
#include "os/file.h"

#define JOBS_MAX     256
#define PLAIN_OCTETS (8u << 20)
#define FLUSH_OCTETS (32u << 10)
#define ROOM_OCTETS  (2u << 20) /* kept for a group, at least */

struct segment_file {
	int fd;
	struct id id;
	struct key key;
	uint64_t used; /* octets handed to the thread */
	unsigned refs; /* recording + jobs in flight; loop side only */
	bool failed, dirty;
	/* thread side */
	struct segment_file *next_dirty;
	struct sha256_sum *sum; /* of what lies in the file */
};

struct recording {
	struct segment_file *file;
	bool asked, ended;
	struct buf plain;           /* frames not yet handed over */
	uint64_t group, group_most; /* octets of this group, of the longest */
	uint64_t dropped;           /* records lost to a slow or full disk */
	uint64_t retry_ms;
};

/* --- the thread --- */

static void
octets_write(struct segment_file *f, struct slice s, uint64_t at)
{
	while (s.len != 0) {
		const ssize_t n = pwrite(f->fd, s.at, s.len, (off_t)at);

		if (n <= 0 && errno != EINTR) {
			f->failed = true;
			return;
		}
		if (n > 0) {
			at += (uint64_t)n;
			s = slice_skip(s, (size_t)n);
		}
	}
	f->dirty = true;
}

/* Enciphers b in place. */
static void
file_write_at(struct segment_file *f, struct buf *b, uint64_t at)
{
	if (f->failed)
		return;
	if (ctr_xor(&f->key, at, b->at, b->len) != ERR_OK) {
		f->failed = true;
		return;
	}
	sha256_add(f->sum, buf_slice(b));
	octets_write(f, buf_slice(b), at);
}

static void
file_sync(struct segment_file *f)
{
	if (!f->dirty)
		return;
	f->dirty = false;
	if (fdatasync(f->fd) == -1)
		f->failed = true;
	fd_times_hide(f->fd);
}

/* The last octets: what a look at the disk compares all others with. */
static void
file_sum(struct segment_file *f)
{
	const uint64_t at = SEGMENT_OCTETS - SEGMENT_SUM_OCTETS;
	uint8_t sum[SEGMENT_SUM_OCTETS];

	sha256_end(f->sum, sum);
	if (ctr_xor(&f->key, at, sum, sizeof sum) != ERR_OK)
		f->failed = true;
	else
		octets_write(f, SLICE_OF(sum), at);
}

static void
file_close(struct segment_file *f, uint64_t used)
{
	const uint64_t end = SEGMENT_OCTETS - SEGMENT_SUM_OCTETS;
	struct buf zeros;
	uint8_t *at;

	while (used < end && !f->failed) {
		const size_t n = end - used < 65536 ? (size_t)(end - used)
						    : 65536;

		buf_init(&zeros, n);
		if (buf_reserve(&zeros, n, &at) != ERR_OK)
			break;
		memset(at, 0, n);
		zeros.len = n;
		file_write_at(f, &zeros, used);
		buf_fini(&zeros);
		used += n;
	}
	if (!f->failed)
		file_sum(f);
	f->dirty = true;
	file_sync(f);
	(void)close(f->fd);
	f->fd = -1;
}

/* In the list while it is dirty: a write that failed does not make it so. */
static void
job_write(struct job *j, struct segment_file **dirty)
{
	struct segment_file *f = j->file;
	const bool was_dirty = f->dirty;

	file_write_at(f, &j->octets, j->at);
	buf_fini(&j->octets);
	if (f->dirty && !was_dirty) {
		f->next_dirty = *dirty;
		*dirty = f;
	}
}

static void
job_do(struct disk *d, struct job *j, struct segment_file **dirty)
{
	(void)d;
	switch (j->kind) {
	case JOB_WRITE:
		job_write(j, dirty);
		break;
	case JOB_CLOSE:
		for (struct segment_file **at = dirty; *at != NULL;
		     at = &(*at)->next_dirty)
			if (*at == j->file) {
				*at = j->file->next_dirty;
				break;
			}
		file_close(j->file, j->at);
		break;
	case JOB_SYNC:
		while (*dirty != NULL) {
			struct segment_file *f = *dirty;

			*dirty = f->next_dirty;
			file_sync(f);
		}
		break;
	case JOB_READ:
		read_do(j);
		break;
	case JOB_QUIT:
		break;
	}
}

static void *
disk_thread(void *arg)
{
	struct segment_file *dirty = NULL;
	struct disk *d = arg;
	const uint64_t one = 1;
	enum job_kind kind;

	do {
		(void)pthread_mutex_lock(&d->lock);
		while (d->first == NULL)
			(void)pthread_cond_wait(&d->wake, &d->lock);
		struct job *j = d->first;
		d->first = j->next;
		if (d->first == NULL)
			d->last = &d->first;
		(void)pthread_mutex_unlock(&d->lock);
		kind = j->kind;
		job_do(d, j, &dirty);
		(void)pthread_mutex_lock(&d->lock);
		j->next = d->done;
		d->done = j;
		(void)pthread_mutex_unlock(&d->lock);
		(void)!write(d->done_fd, &one, sizeof one);
	} while (kind != JOB_QUIT);
	return NULL;
}

/* --- the loop's side --- */

enum err
job_give(struct disk *d, struct job *j)
{
	if (d->queued >= JOBS_MAX && j->kind != JOB_CLOSE &&
	    j->kind != JOB_QUIT)
		return ERR_LIMIT;
	j->next = NULL;
	(void)pthread_mutex_lock(&d->lock);
	*d->last = j;
	d->last = &j->next;
	(void)pthread_cond_signal(&d->wake);
	(void)pthread_mutex_unlock(&d->lock);
	d->queued++;
	return ERR_OK;
}

static void
file_unref(struct segment_file *f)
{
	if (--f->refs != 0)
		return;
	sha256_drop(f->sum);
	octets_wipe(f, sizeof *f);
	free(f);
}

static void
full_tell(struct edge *e, const struct segment_file *f)
{
	uint8_t body[ID_OCTETS + 8] = { 0 };

	memcpy(body, f->id.octets, ID_OCTETS);
	if (e->core != NULL)
		(void)!ipc_notice(e->core, MSG_SEGMENT_FULL, SLICE_OF(body),
		    NULL, 0);
}

static void
jobs_done(struct loop_fd *w, uint32_t events)
{
	struct disk *d = OBJ_OF(w, struct disk, watch);
	uint64_t count;

	(void)events;
	(void)!read(d->done_fd, &count, sizeof count);
	(void)pthread_mutex_lock(&d->lock);
	struct job *j = d->done;
	d->done = NULL;
	(void)pthread_mutex_unlock(&d->lock);
	while (j != NULL) {
		struct job *next = j->next;

		d->queued--;
		if (j->kind == JOB_READ)
			read_answer(d->edge, j);
		if (j->kind == JOB_CLOSE)
			full_tell(d->edge, j->file);
		if (j->file != NULL)
			file_unref(j->file);
		octets_wipe(j->files, sizeof j->files);
		buf_fini(&j->records);
		free(j->groups);
		free(j);
		j = next;
	}
}

static void
file_close_ask(struct edge *e, struct recording *r)
{
	struct job *j;

	if (r->file == NULL)
		return;
	if ((j = calloc(1, sizeof *j)) == NULL) {
		/* left open: core seals it off before the next one */
		file_unref(r->file);
		r->file = NULL;
		return;
	}
	j->kind = JOB_CLOSE;
	j->file = r->file; /* its reference goes with the job */
	j->at = r->file->used;
	r->file = NULL;
	(void)!job_give(e->disk, j);
}

/* Hands over what waits. A full queue is a gap, told by the counter. */
void
plain_flush(struct edge *e, struct recording *r)
{
	struct job *j;

	if (r->file == NULL || r->plain.len == 0)
		return;
	if (r->file->failed || (j = calloc(1, sizeof *j)) == NULL)
		goto drop;
	j->kind = JOB_WRITE;
	j->file = r->file;
	j->octets = r->plain;
	j->at = r->file->used;
	if (job_give(e->disk, j) != ERR_OK) {
		free(j);
		goto drop;
	}
	r->file->refs++;
	r->file->used += r->plain.len;
	buf_init(&r->plain, PLAIN_OCTETS);
	return;
drop:
	r->dropped++;
	edge_count(e, FACT_recording_gaps);
	buf_clear(&r->plain);
	file_close_ask(e, r);
}

struct segment_question {
	struct edge *edge;
	struct id stream;
};

static struct segment_file *
segment_parse(struct ipc_msg *m)
{
	struct segment_file *f;
	struct rd r;

	rd_init(&r, m->body);
	if (rd_u8(&r) != ERR_OK || m->fd_count != 1 ||
	    (f = calloc(1, sizeof *f)) == NULL)
		return NULL;
	rd_id(&r, &f->id);
	rd_copy(&r, f->key.octets, KEY_OCTETS);
	(void)rd_u64(&r);
	if (rd_end(&r) != ERR_OK || (f->sum = sha256_begin()) == NULL) {
		octets_wipe(f, sizeof *f);
		free(f);
		return NULL;
	}
	f->fd = m->fds[0];
	m->fds[0] = -1;
	f->refs = 1;
	return f;
}

static void
segment_came(void *ctx, enum err e, struct ipc_msg *m)
{
	struct segment_question *q = ctx;
	struct live_stream *s = stream_find(q->edge, &q->stream);
	struct segment_file *f = e == ERR_OK ? segment_parse(m) : NULL;
	struct edge *edge = q->edge;

	free(q);
	if (s == NULL || s->recording == NULL) {
		if (f != NULL) {
			struct recording gone = { .file = f };

			file_close_ask(edge, &gone);
		}
		return;
	}
	s->recording->asked = false;
	s->recording->file = f;
	if (f == NULL) { /* full disk, core away: try again in a while */
		s->recording->dropped++;
		edge_count(edge, FACT_recording_gaps);
		s->recording->retry_ms = loop_now_ms(edge->loop) + 2000;
		buf_clear(&s->recording->plain);
	} else
		plain_flush(edge, s->recording);
	if (s->recording->ended)
		recording_end(edge, s);
}

static void
segment_ask(struct edge *e, struct live_stream *s)
{
	struct segment_question *q = malloc(sizeof *q);

	if (q == NULL || e->core == NULL) {
		free(q);
		return;
	}
	*q = (struct segment_question){ e, s->fan.id };
	if (ipc_request(e->core, MSG_SEGMENT_NEXT, id_slice(&s->fan.id),
		segment_came, q) != ERR_OK) {
		free(q);
		return;
	}
	s->recording->asked = true;
}

/* A new file begins with the head, the run header, then this key frame. */
static enum err
segment_open(struct edge *e, struct live_stream *s)
{
	struct recording *r = s->recording;
	struct slice frame = slice_make(s->fan.header->at, s->fan.header->len);
	struct ws_head head;
	enum err err;

	if (r->retry_ms > loop_now_ms(e->loop))
		return ERR_AGAIN;
	buf_clear(&r->plain);
	/* the header is kept as a frame: head and slot come off */
	if ((err = ws_head_parse(frame, false, frame.len, &head)) != ERR_OK ||
	    (err = segment_head_put(&r->plain)) != ERR_OK)
		return err;
	frame = slice_skip(frame, head.head_octets + 4);
	if ((err = segment_frame_put(&r->plain, frame)) != ERR_OK)
		return err;
	segment_ask(e, s);
	return r->asked ? ERR_OK : ERR_AGAIN;
}

/*
 * Before a key frame: whether a group like the longest, and half as long
 * again, might not fit. One that does not fit after all loses its rest.
 */
static bool
file_is_full(const struct recording *r)
{
	const uint64_t most = r->group_most + r->group_most / 2;

	return r->file->used + r->plain.len +
		   (most < ROOM_OCTETS ? ROOM_OCTETS : most) >
	       SEGMENT_FRAMES_END;
}

static void
group_count(struct recording *r, struct slice record,
    const struct record_clear *clear)
{
	if (clear->flags == RECORD_KEY)
		r->group = 0;
	r->group += record.len + 4;
	if (r->group > r->group_most)
		r->group_most = r->group;
}

void
recording_add(struct edge *e, struct live_stream *s, struct slice record,
    const struct record_clear *clear)
{
	struct recording *r = s->recording;

	if (r == NULL) {
		if ((r = calloc(1, sizeof *r)) == NULL)
			return;
		buf_init(&r->plain, PLAIN_OCTETS);
		s->recording = r;
	}
	r->ended = false;
	group_count(r, record, clear);
	if (r->file != NULL &&
	    (r->file->failed ||
		(clear->flags == RECORD_KEY && file_is_full(r)) ||
		r->file->used + r->plain.len + record.len + 8 >
		    SEGMENT_FRAMES_END)) {
		plain_flush(e, r);
		file_close_ask(e, r);
	}
	if (r->file == NULL && !r->asked &&
	    (clear->flags != RECORD_KEY || segment_open(e, s) != ERR_OK)) {
		r->dropped += clear->flags != RECORD_HEADER;
		return;
	}
	if (segment_frame_put(&r->plain, record) != ERR_OK) {
		r->dropped++;
		return;
	}
	if (r->plain.len >= FLUSH_OCTETS)
		plain_flush(e, r);
}

void
recording_end(struct edge *e, struct live_stream *s)
{
	struct recording *r = s->recording;

	if (r == NULL)
		return;
	if (r->asked) { /* its file is on the way */
		r->ended = true;
		return;
	}
	plain_flush(e, r);
	file_close_ask(e, r);
	buf_fini(&r->plain);
	free(r);
	s->recording = NULL;
}

/* Each second: hand over what waits, and let the disk have it. */
void
recordings_second(struct edge *e)
{
	struct job *j;

	for (struct live_stream *s = e->streams, *next; s != NULL; s = next) {
		next = s->next;
		if (s->recording != NULL)
			plain_flush(e, s->recording);
		stream_let_go(e, s);
	}
	if (e->disk->queued >= JOBS_MAX || (j = calloc(1, sizeof *j)) == NULL)
		return;
	j->kind = JOB_SYNC;
	(void)!job_give(e->disk, j);
}

struct disk *
disk_create(struct edge *e)
{
	struct disk *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->edge = e;
	d->last = &d->first;
	d->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (d->done_fd == -1 || pthread_mutex_init(&d->lock, NULL) != 0 ||
	    pthread_cond_init(&d->wake, NULL) != 0 ||
	    loop_fd_add(e->loop, &d->watch, d->done_fd, EPOLLIN, jobs_done) !=
		ERR_OK ||
	    pthread_create(&d->thread, NULL, disk_thread, d) != 0) {
		free(d);
		return NULL;
	}
	return d;
}

void
disk_destroy(struct disk *d)
{
	struct job *j = calloc(1, sizeof *j);

	if (d == NULL || j == NULL)
		return;
	for (struct live_stream *s = d->edge->streams; s != NULL; s = s->next)
		recording_end(d->edge, s);
	j->kind = JOB_QUIT;
	(void)!job_give(d, j);
	(void)pthread_join(d->thread, NULL);
	jobs_done(&d->watch, 0);
	loop_fd_remove(&d->watch);
	(void)close(d->done_fd);
	free(d);
}
