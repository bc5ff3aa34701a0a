/*
 * recording.c - what comes on a stream, into segment files: which file, when
 * a new one, and what each holds. The thread of disk.c writes.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/codec.h"
#include "eavesd/edge/disk.h"
#include "proto/ws.h"

#define PLAIN_OCTETS   (8u << 20)
#define FLUSH_OCTETS   (32u << 10)
#define ENTRIES_OCTETS (SEGMENT_ENTRIES_MAX * SEGMENT_ENTRY_OCTETS + 4)
#define GROUP_OCTETS   (2u << 20) /* room kept for a group, at least */

/* --- what a file holds --- */

static uint64_t
octets_used(const struct recording *r)
{
	return (r->file == NULL ? 0 : r->file->used) + r->plain.len;
}

/* Without room for it the file is whole, and a reader walks through it. */
static void
entry_add(struct recording *r, const struct record_clear *c, uint64_t at)
{
	const struct segment_entry entry = { c->run, (uint32_t)c->index,
		(uint32_t)at };

	(void)!segment_entry_put(&r->entries, &entry);
}

/* Those of the file that is closed now; what never got there is left out. */
static struct buf
entries_take(struct recording *r)
{
	struct buf all = r->entries;

	while (all.len > 0 && segment_entry_at(buf_slice(&all),
				  all.len / SEGMENT_ENTRY_OCTETS - 1)
				      .offset >= r->file->used)
		all.len -= SEGMENT_ENTRY_OCTETS;
	if (all.len > 0 && segment_count_put(&all) != ERR_OK)
		all.len = 0;
	buf_init(&r->entries, ENTRIES_OCTETS);
	return all;
}

/* --- files --- */

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
	j->octets = entries_take(r);
	r->file = NULL;
	r->has_untold = false;
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
segment_ask(struct edge *e, struct live_stream *s, uint64_t index)
{
	struct segment_question *q = malloc(sizeof *q);
	AUTO_BUF struct buf b;
	struct wr w;

	buf_init(&b, ID_OCTETS + RUN_ID_OCTETS + 8);
	wr_init(&w, &b);
	wr_id(&w, &s->fan.id);
	wr_octets(&w, SLICE_OF(s->fan.run.octets));
	wr_u64(&w, index);
	if (q == NULL || e->core == NULL || wr_end(&w) != ERR_OK) {
		free(q);
		return;
	}
	*q = (struct segment_question){ e, s->fan.id };
	if (ipc_request(e->core, MSG_SEGMENT_NEXT, buf_slice(&b), segment_came,
		q) != ERR_OK) {
		free(q);
		return;
	}
	s->recording->asked = true;
}

/* A new file begins with the head, the run header, then this key frame. */
static enum err
segment_open(struct edge *e, struct live_stream *s, uint64_t index)
{
	const struct record_clear header = { .run = s->fan.run };
	struct recording *r = s->recording;
	struct slice frame = slice_make(s->fan.header->at, s->fan.header->len);
	struct ws_head head;
	enum err err;

	if (r->retry_ms > loop_now_ms(e->loop))
		return ERR_AGAIN;
	buf_clear(&r->plain);
	buf_clear(&r->entries);
	/* the header is kept as a frame: head and slot come off */
	if ((err = ws_head_parse(frame, false, frame.len, &head)) != ERR_OK ||
	    (err = segment_head_put(&r->plain)) != ERR_OK)
		return err;
	frame = slice_skip(frame, head.head_octets + 4);
	entry_add(r, &header, SEGMENT_HEAD_OCTETS);
	if ((err = segment_frame_put(&r->plain, frame)) != ERR_OK)
		return err;
	segment_ask(e, s, index);
	return r->asked ? ERR_OK : ERR_AGAIN;
}

/* A run that begins in the middle of a file; told until core took it. */
static void
run_told(void *ctx, enum err e, struct ipc_msg *m)
{
	struct segment_question *q = ctx;
	struct live_stream *s = stream_find(q->edge, &q->stream);

	if (e == ERR_OK && m->body.len == 1 && m->body.at[0] == ERR_OK &&
	    s != NULL && s->recording != NULL)
		s->recording->has_untold = false;
	free(q);
}

static void
run_tell(struct edge *e, struct live_stream *s)
{
	const struct recording *r = s->recording;
	struct segment_question *q;
	AUTO_BUF struct buf b = { 0 };
	struct wr w;

	if (!r->has_untold || r->file == NULL || e->core == NULL ||
	    (q = malloc(sizeof *q)) == NULL)
		return;
	*q = (struct segment_question){ e, s->fan.id };
	buf_init(&b, 2 * ID_OCTETS + RUN_ID_OCTETS);
	wr_init(&w, &b);
	wr_id(&w, &s->fan.id);
	wr_id(&w, &r->file->id);
	wr_octets(&w, SLICE_OF(r->untold.octets));
	if (wr_end(&w) != ERR_OK || ipc_request(e->core, MSG_SEGMENT_RUN,
					buf_slice(&b), run_told, q) != ERR_OK)
		free(q);
}

static struct recording *
recording_take(struct live_stream *s)
{
	struct recording *r = s->recording;

	if (r == NULL && (r = calloc(1, sizeof *r)) != NULL) {
		buf_init(&r->plain, PLAIN_OCTETS);
		buf_init(&r->entries, ENTRIES_OCTETS);
		s->recording = r;
	}
	return r;
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

/* One like the longest, and half as long again: else it loses its rest. */
static uint64_t
group_room(const struct recording *r)
{
	const uint64_t most = r->group_most + r->group_most / 2;

	return most < GROUP_OCTETS ? GROUP_OCTETS : most;
}

/* Whether this record is for another file than the one that is there. */
static bool
file_is_over(const struct recording *r, struct slice record,
    const struct record_clear *clear)
{
	const uint64_t used = octets_used(r);
	/* room for an entry of this record and of a header */
	const uint64_t tail = r->entries.len + 2 * SEGMENT_ENTRY_OCTETS;

	if (r->file == NULL)
		return false;
	return r->file->failed ||
	       (clear->flags == RECORD_KEY &&
		   used + tail + group_room(r) > SEGMENT_ROOM) ||
	       tail + 4 > r->entries.cap ||
	       used + record.len + 4 + tail > SEGMENT_ROOM;
}

void
recording_add(struct edge *e, struct live_stream *s, struct slice record,
    const struct record_clear *clear)
{
	struct recording *r = recording_take(s);

	if (r == NULL)
		return;
	r->ended = false;
	group_count(r, record, clear);
	if (file_is_over(r, record, clear)) {
		plain_flush(e, r);
		file_close_ask(e, r);
	}
	if (r->file == NULL && !r->asked &&
	    (clear->flags != RECORD_KEY ||
		segment_open(e, s, clear->index) != ERR_OK)) {
		r->dropped += clear->flags != RECORD_HEADER;
		return;
	}
	const uint64_t at = octets_used(r);
	if (segment_frame_put(&r->plain, record) != ERR_OK) {
		r->dropped++;
		return;
	}
	if (clear->flags == RECORD_HEADER || clear->flags == RECORD_KEY)
		entry_add(r, clear, at);
	if (clear->flags == RECORD_HEADER) {
		r->untold = clear->run;
		r->has_untold = true;
		run_tell(e, s);
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
	buf_fini(&r->entries);
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
		if (s->recording != NULL) {
			plain_flush(e, s->recording);
			run_tell(e, s);
		}
		stream_let_go(e, s);
	}
	if (e->disk->queued >= JOBS_MAX || (j = calloc(1, sizeof *j)) == NULL)
		return;
	j->kind = JOB_SYNC;
	(void)!job_give(e->disk, j);
}
