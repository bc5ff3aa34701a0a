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
/* A hub flushes more often than this; one job does for all of it. */
#define FLUSH_PAST_OCTETS (512u << 10)
/* So long a file of the past waits for the next outage. */
#define PAST_REST_MS 120000

/* A record is lost, that came then. */
static void
record_lose(struct edge *e, struct recording *r, uint64_t ms)
{
	if (r->lost_ms == 0 || ms < r->lost_ms)
		r->lost_ms = ms;
	r->dropped++;
	edge_count(e, FACT_recording_gaps);
}

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
	r->untold_count = 0; /* they were asked about: core hears it in order */
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
	j->ms = r->plain_ms;
	if (job_give(e->disk, j) != ERR_OK) {
		free(j);
		goto drop;
	}
	r->file->refs++;
	r->file->used += r->plain.len;
	buf_init(&r->plain, PLAIN_OCTETS);
	return;
drop:
	record_lose(e, r, r->plain_ms);
	buf_clear(&r->plain);
	file_close_ask(e, r);
}

/* --- runs that begin in the middle of a file; told until core took them --- */

struct run_question {
	struct edge *edge;
	uint32_t slot;
	struct id segment;
	struct run_id run;
};

static struct untold *
untold_find(struct recording *r, const struct run_id *run)
{
	for (size_t i = 0; i < r->untold_count; i++)
		if (memcmp(&r->untold[i].run, run, sizeof *run) == 0)
			return &r->untold[i];
	return NULL;
}

/* ERR_LIMIT: more than fit in a file began while it was asked for. */
static enum err
untold_add(struct recording *r, const struct run_id *run)
{
	if (untold_find(r, run) != NULL)
		return ERR_OK;
	if (r->untold_count == RUNS_MAX)
		return ERR_LIMIT;
	r->untold[r->untold_count++] = (struct untold){ *run, false };
	return ERR_OK;
}

static void
run_told(void *ctx, enum err e, struct ipc_msg *m)
{
	struct run_question *q = ctx;
	struct live_stream *s = stream_of_slot(q->edge, q->slot);
	struct recording *r = s == NULL ? NULL : s->recording;
	struct untold *u = r == NULL || r->file == NULL ||
				   !id_eq(&r->file->id, &q->segment)
			       ? NULL
			       : untold_find(r, &q->run);

	if (u != NULL && e == ERR_OK && m->body.len == 1 &&
	    m->body.at[0] == ERR_OK)
		*u = r->untold[--r->untold_count];
	else if (u != NULL)
		u->asked = false; /* again in a second */
	free(q);
}

static void
run_tell(struct edge *e, const struct live_stream *s, struct untold *u)
{
	struct run_question *q = malloc(sizeof *q);
	AUTO_BUF struct buf b = { 0 };
	struct wr w;

	if (q == NULL)
		return;
	*q = (struct run_question){ e, s->fan.slot, s->recording->file->id,
		u->run };
	buf_init(&b, 2 * ID_OCTETS + RUN_ID_OCTETS);
	wr_init(&w, &b);
	wr_id(&w, &s->fan.id);
	wr_id(&w, &q->segment);
	wr_octets(&w, SLICE_OF(q->run.octets));
	if (wr_end(&w) == ERR_OK && ipc_request(e->core, MSG_SEGMENT_RUN,
					buf_slice(&b), run_told, q) == ERR_OK)
		u->asked = true;
	else
		free(q);
}

static void
runs_tell(struct edge *e, struct live_stream *s)
{
	struct recording *r = s->recording;

	for (size_t i = 0;
	     r->file != NULL && e->core != NULL && i < r->untold_count; i++)
		if (!r->untold[i].asked)
			run_tell(e, s, &r->untold[i]);
}

/* --- the file that core hands over --- */

struct segment_question {
	struct edge *edge;
	uint32_t slot;
};

static struct segment_file *
segment_parse(struct ipc_msg *m, uint32_t slot)
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
	f->slot = slot;
	m->fds[0] = -1;
	f->refs = 1;
	return f;
}

/* One at a time: the next one takes along what came meanwhile. */
static bool
sync_give(struct edge *e)
{
	struct disk *d = e->disk;
	struct job *j;

	if (d->syncing)
		return true;
	if ((j = calloc(1, sizeof *j)) == NULL)
		return false;
	j->kind = JOB_SYNC;
	j->at = d->sync_number + 1;
	if (job_give(d, j) != ERR_OK) {
		free(j);
		return false;
	}
	d->sync_number++;
	d->syncing = true;
	return true;
}

/* What came on a stream of the past, synced; or its hub hears that it is not. */
static void
flush_try(struct edge *e, struct live_stream *s)
{
	struct recording *r = s->recording;

	if (!s->flush || (r != NULL && r->asked))
		return; /* when its file has come */
	if (r != NULL)
		plain_flush(e, r);
	s->flush_sync = e->disk->sync_number + 1;
	if (r != NULL && r->dropped == 0 && sync_give(e))
		return;
	s->flush = false;
	uplink_kept(s, false);
}

static void
segment_came(void *ctx, enum err e, struct ipc_msg *m)
{
	struct segment_question *q = ctx;
	struct live_stream *s = stream_of_slot(q->edge, q->slot);
	struct segment_file *f = e == ERR_OK ? segment_parse(m, q->slot) : NULL;
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
		record_lose(edge, s->recording, s->recording->plain_ms);
		s->recording->retry_ms = loop_now_ms(edge->loop) + 2000;
		buf_clear(&s->recording->plain);
		s->recording->untold_count = 0; /* their headers went, too */
	} else {
		runs_tell(edge, s);
		plain_flush(edge, s->recording);
	}
	if (s->recording->ended)
		recording_end(edge, s);
	else
		flush_try(edge, s);
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
	*q = (struct segment_question){ e, s->fan.slot };
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
	r->untold_count = 0;
	r->begun_ms = loop_now_ms(e->loop);
	r->runs = 1;
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
	       (clear->flags == RECORD_HEADER && r->runs >= RUNS_MAX) ||
	       (clear->flags == RECORD_KEY &&
		   used + tail + group_room(r) > SEGMENT_ROOM) ||
	       tail + 4 > r->entries.cap ||
	       used + record.len + 4 + tail > SEGMENT_ROOM;
}

/* A hub sends again what it was not told of: it is there once. */
static bool
is_there(const struct recording *r, const struct record_clear *c)
{
	return memcmp(r->run.octets, c->run.octets, RUN_ID_OCTETS) == 0 &&
	       c->index <= r->index;
}

static void
record_put(struct edge *e, struct live_stream *s, struct slice record,
    const struct record_clear *clear)
{
	struct recording *r = s->recording;
	const uint64_t at = octets_used(r);
	const size_t flush = s->past ? FLUSH_PAST_OCTETS : FLUSH_OCTETS;

	if (r->plain.len == 0 || clear->flags == RECORD_KEY)
		r->plain_ms = r->plain.len == 0 || r->plain_ms == 0
				  ? loop_now_ms(e->loop)
				  : r->plain_ms;
	if ((clear->flags == RECORD_HEADER &&
		untold_add(r, &clear->run) != ERR_OK) ||
	    segment_frame_put(&r->plain, record) != ERR_OK) {
		record_lose(e, r, loop_now_ms(e->loop));
		return;
	}
	r->run = clear->run;
	r->index = clear->index;
	if (clear->flags == RECORD_HEADER || clear->flags == RECORD_KEY)
		entry_add(r, clear, at);
	if (clear->flags == RECORD_HEADER) {
		r->runs++;
		runs_tell(e, s);
	}
	if (r->plain.len >= flush)
		plain_flush(e, r);
}

/* What no file takes up: a group needs its key frame before it. */
static void
record_pass(struct edge *e, struct live_stream *s,
    const struct record_clear *clear)
{
	struct recording *r = s->recording;

	if (clear->flags == RECORD_HEADER)
		return;
	/*
	 * The rest of a group that is longer than a file. No hub can help that
	 * by sending it again: each time it would fill one more file.
	 */
	if (s->past && r->too_long)
		edge_count(e, FACT_recording_gaps);
	else
		record_lose(e, r, loop_now_ms(e->loop));
}

void
recording_add(struct edge *e, struct live_stream *s, struct slice record,
    const struct record_clear *clear)
{
	struct recording *r = recording_take(s);

	if (r == NULL || (s->past && is_there(r, clear)))
		return;
	if (s->past && e->disk->queued > JOBS_PAST_MAX) {
		record_lose(e, r, loop_now_ms(e->loop));
		return;
	}
	r->ended = false;
	group_count(r, record, clear);
	if (clear->flags == RECORD_KEY)
		r->too_long = false;
	if (file_is_over(r, record, clear)) {
		r->too_long = clear->flags != RECORD_KEY && !r->file->failed;
		plain_flush(e, r);
		file_close_ask(e, r);
	}
	if (r->file == NULL && !r->asked &&
	    (clear->flags != RECORD_KEY ||
		segment_open(e, s, clear->index) != ERR_OK)) {
		record_pass(e, s, clear);
		return;
	}
	record_put(e, s, record, clear);
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

/* --- what a hub may let go, what it should know --- */

void
recording_anew(struct live_stream *s)
{
	struct recording *r = s->recording;

	s->flush = false;
	if (r == NULL || r->dropped == 0)
		return;
	/* something of it is lost: all that comes is taken again */
	r->dropped = r->lost_ms = r->index = 0;
	memset(&r->run, 0, sizeof r->run);
}

void
recording_flush(struct edge *e, struct live_stream *s)
{
	s->flush = true;
	flush_try(e, s);
}

void
recording_wrote(struct edge *e, const struct job *j)
{
	const struct segment_file *f = j->file;
	const struct live_stream *s = stream_of_slot(e, f->slot);

	if (s == NULL || s->recording == NULL)
		return;
	if (!f->failed)
		j->file->written = true;
	else if (j->kind == JOB_WRITE || s->past)
		record_lose(e, s->recording,
		    j->kind == JOB_WRITE ? j->ms : loop_now_ms(e->loop));
}

void
recordings_synced(struct edge *e, uint64_t number)
{
	bool more = false;

	e->disk->syncing = false;
	for (struct live_stream *s = e->streams; s != NULL; s = s->next) {
		const struct recording *r = s->recording;
		if (!s->flush || (r != NULL && r->asked))
			continue;
		if (r != NULL && s->flush_sync > number) {
			more = true;
			continue;
		}
		if (r != NULL && r->untold_count != 0)
			continue; /* nobody would find it after a crash */
		s->flush = false;
		uplink_kept(s, r != NULL && r->dropped == 0 &&
				   (r->file == NULL || !r->file->failed));
	}
	if (more)
		(void)!sync_give(e);
}

/* A live stream's hub writes into the index when it is not recorded. */
static void
recording_tell(struct edge *e, struct live_stream *s)
{
	struct recording *r = s->recording;
	const uint64_t now = loop_now_ms(e->loop);

	if (r == NULL || s->past)
		return;
	const bool loses = r->dropped != r->dropped_told;
	r->dropped_told = r->dropped;
	if (loses && !s->lost) {
		s->lost = true;
		uplink_recording(s, false, now - r->lost_ms);
	} else if (!loses && s->lost && r->file != NULL && r->file->written) {
		s->lost = false;
		r->lost_ms = 0;
		uplink_recording(s, true, now - r->begun_ms);
	}
}

/* Each second: hand over what waits, and let the disk have it. */
void
recordings_second(struct edge *e)
{
	const uint64_t now = loop_now_ms(e->loop);

	for (struct live_stream *s = e->streams, *next; s != NULL; s = next) {
		next = s->next;
		if (s->recording != NULL) {
			plain_flush(e, s->recording);
			runs_tell(e, s);
			recording_tell(e, s);
		}
		if (s->past && !s->flush && now - s->past_ms > PAST_REST_MS) {
			recording_end(e, s);
			s->writer = NULL; /* room for another one */
		}
		stream_let_go(e, s);
	}
	(void)!sync_give(e);
}
