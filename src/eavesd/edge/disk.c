/*
 * disk.c - the jobs. Two helper threads (the only ones of the project) do all
 * that may wait for a disk: one writes, one reads. The loop hands them jobs by
 * bounded queues and takes results by an eventfd. When the writer's queue is
 * full, recording has a gap: live never waits. However much somebody reads,
 * nobody's recording has a gap for it; and who looks back does not wait until
 * a slow disk has synced, only for what is still to be written into his file.
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

/* Zeros, then the entries of what it holds, then the sum. */
static void
file_close(struct segment_file *f, uint64_t used, struct buf *entries)
{
	const uint64_t end = SEGMENT_OCTETS - SEGMENT_SUM_OCTETS - entries->len;
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
	file_write_at(f, entries, end);
	buf_fini(entries);
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
job_do(struct job *j, struct segment_file **dirty)
{
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
		file_close(j->file, j->at, &j->octets);
		break;
	case JOB_SYNC:
		while (*dirty != NULL) {
			struct segment_file *f = *dirty;

			*dirty = f->next_dirty;
			file_sync(f);
		}
		break;
	case JOB_READ:
	case JOB_QUIT:
		break;
	}
}

/* The lock is held; *at goes out of its queue. */
static struct job *
job_take(struct job **at, struct job ***last)
{
	struct job *j = *at;

	if ((*at = j->next) == NULL)
		*last = at;
	return j;
}

/* The lock is not held. */
static void
job_told(struct disk *d, struct job *j)
{
	const uint64_t one = 1;

	(void)pthread_mutex_lock(&d->lock);
	if (j->kind != JOB_READ) {
		d->writing = NULL;
		d->did++;
		(void)pthread_cond_broadcast(&d->wake); /* who reads of it */
	}
	j->next = d->done;
	d->done = j;
	(void)pthread_mutex_unlock(&d->lock);
	(void)!write(d->done_fd, &one, sizeof one);
}

static void *
writer_thread(void *arg)
{
	struct segment_file *dirty = NULL;
	struct disk *d = arg;
	enum job_kind kind;

	do {
		(void)pthread_mutex_lock(&d->lock);
		while (d->first == NULL)
			(void)pthread_cond_wait(&d->wake, &d->lock);
		struct job *j = job_take(&d->first, &d->last);
		d->writing = j;
		(void)pthread_mutex_unlock(&d->lock);
		kind = j->kind;
		job_do(j, &dirty);
		job_told(d, j);
	} while (kind != JOB_QUIT);
	return NULL;
}

/* The first whose files hold all that was to be written before. */
static struct job **
read_ready(struct disk *d)
{
	struct job **at = &d->first_read;

	while (*at != NULL && (*at)->at > d->did)
		at = &(*at)->next;
	return at;
}

static void *
reader_thread(void *arg)
{
	struct disk *d = arg;
	struct job **at;

	for (;;) {
		(void)pthread_mutex_lock(&d->lock);
		while (!d->quits && *(at = read_ready(d)) == NULL)
			(void)pthread_cond_wait(&d->wake, &d->lock);
		struct job *j = d->quits ? NULL : job_take(at, &d->last_read);
		(void)pthread_mutex_unlock(&d->lock);
		if (j == NULL)
			return NULL;
		read_do(j);
		job_told(d, j);
	}
}

/* --- the loop's side --- */

static bool
job_writes_into(const struct job *w, const struct job *read)
{
	if (w == NULL || w->file == NULL)
		return false;
	for (size_t i = 0; i < read->file_count; i++)
		if (id_eq(&w->file->id, &read->files[i].id))
			return true;
	return false;
}

/* How many jobs must be done before this one reads; the lock is held. */
static uint64_t
writes_before(const struct disk *d, const struct job *read)
{
	uint64_t number = d->did + (d->writing != NULL);
	uint64_t after = job_writes_into(d->writing, read) ? number : 0;

	for (const struct job *w = d->first; w != NULL; w = w->next) {
		number++;
		if (job_writes_into(w, read))
			after = number;
	}
	return after;
}

enum err
job_give(struct disk *d, struct job *j)
{
	const bool reads = j->kind == JOB_READ;

	if (reads ? d->reads >= READS_MAX
		  : d->queued >= JOBS_MAX && j->kind != JOB_CLOSE &&
			j->kind != JOB_QUIT)
		return ERR_LIMIT;
	j->next = NULL;
	(void)pthread_mutex_lock(&d->lock);
	if (reads)
		j->at = writes_before(d, j);
	struct job ***last = reads ? &d->last_read : &d->last;
	**last = j;
	*last = &j->next;
	(void)pthread_cond_broadcast(&d->wake);
	(void)pthread_mutex_unlock(&d->lock);
	*(reads ? &d->reads : &d->queued) += 1;
	return ERR_OK;
}

void
file_unref(struct segment_file *f)
{
	if (--f->refs != 0)
		return;
	sha256_drop(f->sum);
	octets_wipe(f, sizeof *f);
	free(f);
}

void
job_destroy(struct job *j)
{
	for (size_t i = 0; i < READ_SEGMENTS; i++)
		buf_fini(&j->files[i].entries);
	octets_wipe(j->files, sizeof j->files);
	buf_fini(&j->octets);
	buf_fini(&j->records);
	free(j->groups);
	free(j);
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

/* Done ones in the order in which they were given. */
static struct job *
jobs_take(struct disk *d)
{
	struct job *first = NULL;

	(void)pthread_mutex_lock(&d->lock);
	while (d->done != NULL) {
		struct job *j = d->done;
		d->done = j->next;
		j->next = first;
		first = j;
	}
	(void)pthread_mutex_unlock(&d->lock);
	return first;
}

static void
job_done(struct edge *e, struct job *j)
{
	switch (j->kind) {
	case JOB_READ:
		read_answer(e, j);
		break;
	case JOB_CLOSE:
		/* one that failed stays open: core seals it off later */
		if (!j->file->failed)
			full_tell(e, j->file);
		recording_wrote(e, j);
		break;
	case JOB_WRITE:
		recording_wrote(e, j);
		break;
	case JOB_SYNC:
		recordings_synced(e, j->at);
		break;
	case JOB_QUIT:
		break;
	}
}

static void
jobs_done(struct loop_fd *w, uint32_t events)
{
	struct disk *d = OBJ_OF(w, struct disk, watch);
	uint64_t count;

	(void)events;
	(void)!read(d->done_fd, &count, sizeof count);
	struct job *j = jobs_take(d);
	while (j != NULL) {
		struct job *next = j->next;

		*(j->kind == JOB_READ ? &d->reads : &d->queued) -= 1;
		job_done(d->edge, j);
		if (j->file != NULL)
			file_unref(j->file);
		job_destroy(j);
		j = next;
	}
}

struct disk *
disk_create(struct edge *e)
{
	struct disk *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->edge = e;
	d->last = &d->first;
	d->last_read = &d->first_read;
	d->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (d->done_fd == -1 || pthread_mutex_init(&d->lock, NULL) != 0 ||
	    pthread_cond_init(&d->wake, NULL) != 0 ||
	    loop_fd_add(e->loop, &d->watch, d->done_fd, EPOLLIN, jobs_done) !=
		ERR_OK ||
	    pthread_create(&d->writer, NULL, writer_thread, d) != 0 ||
	    pthread_create(&d->reader, NULL, reader_thread, d) != 0) {
		free(d); /* edge does not start without */
		return NULL;
	}
	return d;
}

/* Those that the reader did not come to. */
static void
reads_drop(struct disk *d)
{
	while (d->first_read != NULL) {
		struct job *j = d->first_read;

		d->first_read = j->next;
		for (size_t i = 0; i < j->file_count; i++)
			(void)close(j->files[i].fd);
		job_destroy(j);
	}
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
	(void)pthread_join(d->writer, NULL);
	(void)pthread_mutex_lock(&d->lock);
	d->quits = true;
	(void)pthread_cond_broadcast(&d->wake);
	(void)pthread_mutex_unlock(&d->lock);
	(void)pthread_join(d->reader, NULL);
	jobs_done(&d->watch, 0);
	reads_drop(d);
	loop_fd_remove(&d->watch);
	(void)close(d->done_fd);
	free(d);
}
