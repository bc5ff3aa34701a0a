/*
 * disk.c - recording and reading back. One helper thread (the only one of
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
#include "eavesd/edge/edge.h"
#include "os/clock.h"
#include "os/file.h"

#define JOBS_MAX      256
#define PLAIN_OCTETS  (8u << 20)
#define FLUSH_OCTETS  (32u << 10)
#define ROLL_OCTETS   (SEGMENT_OCTETS - (2u << 20))
#define READ_SEGMENTS 4
#define RANGE_OCTETS  (4u << 20)

struct segment_file {
	int fd;
	struct id id;
	struct key key;
	uint64_t used; /* octets handed to the thread */
	unsigned refs; /* recording + jobs in flight; loop side only */
	bool failed, dirty;
	struct segment_file *next_dirty; /* thread side */
};

struct recording {
	struct segment_file *file;
	bool asked, ended;
	struct buf plain; /* frames not yet handed over */
	uint64_t dropped; /* records lost to a slow or full disk */
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

/* --- the thread --- */

static void
file_write_at(struct segment_file *f, struct buf *b, uint64_t at)
{
	struct slice s = buf_slice(b);

	if (f->failed)
		return;
	if (ctr_xor(&f->key, at, b->at, b->len) != ERR_OK) {
		f->failed = true;
		return;
	}
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

/* The time of the last write would tell of the last event: only the day. */
static void
times_set(int fd)
{
	const struct timespec day = { .tv_sec = (time_t)clock_day() * 86400 };

	(void)futimens(fd, (const struct timespec[]){ day, day });
}

static void
file_sync(struct segment_file *f)
{
	if (!f->dirty)
		return;
	f->dirty = false;
	if (fdatasync(f->fd) == -1)
		f->failed = true;
	times_set(f->fd);
}

static void
file_close(struct segment_file *f, uint64_t used)
{
	struct buf zeros;
	uint8_t *at;

	while (used < SEGMENT_OCTETS && !f->failed) {
		const size_t n = SEGMENT_OCTETS - used < 65536
				     ? (size_t)(SEGMENT_OCTETS - used)
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
	f->dirty = true;
	file_sync(f);
	(void)close(f->fd);
	f->fd = -1;
}

struct scan {
	struct job *job;
	struct group open;
	bool in_group, sending, header_sent;
	size_t sent_groups;
	struct run_id header_run;
	struct slice header;
	bool full;
};

static enum err
group_done(struct scan *s)
{
	struct job *j = s->job;

	if (!s->in_group)
		return ERR_OK;
	s->in_group = false;
	if (j->group_count == j->group_room) {
		const size_t room = j->group_room == 0 ? 64 : 2 * j->group_room;
		struct group *g = realloc(j->groups, room * sizeof *g);

		if (g == NULL)
			return ERR_NOMEM;
		j->groups = g;
		j->group_room = room;
	}
	j->groups[j->group_count++] = s->open;
	return ERR_OK;
}

static enum err
record_send(struct scan *s, struct slice record)
{
	const size_t before = s->job->records.len;

	if (segment_frame_put(&s->job->records, record) == ERR_OK)
		return ERR_OK;
	s->job->records.len = before;
	s->full = true;
	s->sending = false;
	return ERR_OK;
}

/* Whether this group begins, goes on or ends what was asked for. */
static enum err
range_step(struct scan *s, const struct record_clear *c, struct slice record)
{
	const struct range_question *q = &s->job->range;
	enum err e;

	if (c->flags == RECORD_KEY && !s->full) {
		if (!s->sending && s->sent_groups == 0 &&
		    c->index == q->index &&
		    memcmp(c->run.octets, q->run.octets, RUN_ID_OCTETS) == 0)
			s->sending = true;
		if (s->sending && s->sent_groups++ == q->groups)
			s->sending = false, s->full = true;
	}
	if (!s->sending)
		return ERR_OK;
	s->job->any = true;
	if (!s->header_sent && s->header.len != 0) {
		s->header_sent = true;
		if ((e = record_send(s, s->header)) != ERR_OK)
			return e;
	}
	return s->sending ? record_send(s, record) : ERR_OK;
}

static enum err
scan_each(void *ctx, const struct record_clear *c, struct slice record)
{
	struct scan *s = ctx;
	enum err e;

	if (c->flags == RECORD_HEADER) {
		s->header = record;
		/* each segment repeats it: told again only for a new run */
		if (memcmp(s->header_run.octets, c->run.octets,
			RUN_ID_OCTETS) != 0)
			s->header_sent = false;
		s->header_run = c->run;
		return ERR_OK;
	}
	if (s->job->is_range)
		return range_step(s, c, record);
	if (c->flags == RECORD_KEY) {
		if ((e = group_done(s)) != ERR_OK)
			return e;
		s->in_group = true;
		s->open = (struct group){ .run = c->run, .index = c->index };
	}
	if (s->in_group)
		s->open.octets += record.len;
	return ERR_OK;
}

static void
read_do(struct job *j)
{
	struct scan s = { .job = j };
	struct buf b;

	buf_init(&j->records, RANGE_OCTETS);
	for (size_t i = 0; i < j->file_count; i++) {
		buf_init(&b, SEGMENT_OCTETS);
		if (!s.full && fd_read_all(j->files[i].fd, &b) == ERR_OK &&
		    ctr_xor(&j->files[i].key, 0, b.at, b.len) == ERR_OK)
			(void)!segment_scan(buf_slice(&b), scan_each, &s);
		(void)!group_done(&s);
		s.header = SLICE_LIT(""); /* was in the buffer that goes */
		buf_fini(&b);
		(void)close(j->files[i].fd);
	}
}

static void
job_do(struct disk *d, struct job *j, struct segment_file **dirty)
{
	(void)d;
	switch (j->kind) {
	case JOB_WRITE:
		if (!j->file->dirty) {
			j->file->next_dirty = *dirty;
			*dirty = j->file;
		}
		file_write_at(j->file, &j->octets, j->at);
		buf_fini(&j->octets);
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

static enum err
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

static void read_answer(struct edge *e, struct job *j);

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
static void
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
	if (rd_end(&r) != ERR_OK) {
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
	if (r->file != NULL &&
	    (r->file->failed ||
		(clear->flags == RECORD_KEY &&
		    r->file->used + r->plain.len > ROLL_OCTETS) ||
		r->file->used + r->plain.len + record.len + 8 >
		    SEGMENT_OCTETS)) {
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

/* --- reading --- */

static void
groups_answer(struct client *c, const struct job *j)
{
	const size_t from = j->group_count > j->most ? j->group_count - j->most
						     : 0;
	json_t *list = json_array();

	for (size_t i = from; i < j->group_count; i++)
		(void)json_array_append_new(list,
		    json_pack("[oII]",
			json_b64(SLICE_OF(j->groups[i].run.octets)),
			(json_int_t)j->groups[i].index,
			(json_int_t)j->groups[i].octets));
	client_say(c,
	    json_pack("{ss sI so}", "t", "groups", "n", j->n, "groups", list));
}

static void
range_answer(struct client *c, const struct job *j)
{
	const uint32_t slot = 0x80000000u | (uint32_t)(j->n & 0xffff);
	const uint8_t head[4] = { (uint8_t)(slot >> 24), (uint8_t)(slot >> 16),
		(uint8_t)(slot >> 8), (uint8_t)slot };
	struct slice rest = buf_slice(&j->records);

	client_say(c, json_pack("{ss sI sI}", "t", "range", "n", j->n, "slot",
			  (json_int_t)slot));
	while (rest.len > 4 && !c->conn.dead) {
		const size_t n = (size_t)slice_be(rest, 4);
		struct blob *b = websocket_frame(WS_BINARY,
		    (const struct slice[]){ SLICE_OF(head),
			slice_make(rest.at + 4, n) },
		    2);

		if (b == NULL || conn_send_blob(&c->conn, b) != ERR_OK) {
			blob_drop(b);
			break;
		}
		blob_drop(b);
		rest = slice_skip(rest, 4 + n);
	}
	if (!c->conn.dead)
		client_say(c, json_pack("{ss sI}", "t", "end", "n", j->n));
}

static void
read_answer(struct edge *e, struct job *j)
{
	struct client *c = client_find(e, j->client);

	if (c == NULL || c->conn.dead)
		return;
	if (!j->is_range)
		groups_answer(c, j);
	else if (j->any)
		range_answer(c, j);
	else
		client_say(c,
		    json_pack("{ss sI ss ss}", "t", "error", "n", j->n, "error",
			"missing", "text", "That is not recorded any more."));
}

static enum err
files_parse(struct job *j, struct ipc_msg *m)
{
	struct rd r;

	rd_init(&r, m->body);
	if (rd_u8(&r) != ERR_OK)
		return ERR_MISSING;
	j->file_count = rd_u16(&r);
	if (j->file_count != m->fd_count || j->file_count > READ_SEGMENTS)
		return ERR_SYNTAX;
	for (size_t i = 0; i < j->file_count; i++) {
		(void)rd_octets(&r, ID_OCTETS);
		rd_copy(&r, j->files[i].key.octets, KEY_OCTETS);
	}
	if (rd_end(&r) != ERR_OK)
		return ERR_SYNTAX;
	for (size_t i = 0; i < j->file_count; i++) {
		j->files[i].fd = m->fds[i];
		m->fds[i] = -1;
	}
	return ERR_OK;
}

struct reading {
	struct edge *edge;
	struct job *job;
};

static void
files_came(void *ctx, enum err e, struct ipc_msg *m)
{
	struct reading *r = ctx;
	struct job *j = r->job;
	struct edge *edge = r->edge;

	free(r);
	if (e == ERR_OK)
		e = files_parse(j, m);
	if (e == ERR_OK && job_give(edge->disk, j) == ERR_OK)
		return;
	for (size_t i = 0; e == ERR_OK && i < j->file_count; i++)
		(void)close(j->files[i].fd);
	j->any = false;
	j->group_count = 0;
	read_answer(edge, j);
	octets_wipe(j, sizeof *j);
	free(j);
}

static void
read_ask(struct client *c, struct job *j, const struct id *stream)
{
	struct live_stream *s = stream_find(c->edge, stream);
	struct reading *r = malloc(sizeof *r);
	uint8_t q[ID_OCTETS + 2] = { 0 };

	/* what is recorded includes what still waits here */
	if (s != NULL && s->recording != NULL)
		plain_flush(c->edge, s->recording);
	memcpy(q, stream->octets, ID_OCTETS);
	q[ID_OCTETS + 1] = READ_SEGMENTS;
	j->kind = JOB_READ;
	j->client = c->serial;
	if (r != NULL) {
		*r = (struct reading){ c->edge, j };
		if (c->edge->core != NULL &&
		    ipc_request(c->edge->core, MSG_SEGMENT_LIST, SLICE_OF(q),
			files_came, r) == ERR_OK)
			return;
	}
	free(r);
	read_answer(c->edge, j);
	free(j);
}

void
reading_groups(struct client *c, json_int_t n, const struct id *stream,
    size_t most)
{
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return;
	j->n = n;
	j->most = most;
	read_ask(c, j, stream);
}

void
reading_range(struct client *c, const struct range_question *q)
{
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return;
	j->n = q->n;
	j->is_range = true;
	j->range = *q;
	read_ask(c, j, &q->stream);
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
