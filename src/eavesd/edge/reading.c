/*
 * reading.c - what is recorded, read back: the groups of a stream, or a range
 * of them. The reader thread deciphers and walks the segments that core hands
 * over; the loop answers the viewer.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/codec.h"
#include "crypto/aead.h"
#include "eavesd/edge/disk.h"
#include "os/file.h"

#define RANGE_OCTETS    (4u << 20)
#define ANSWER_OCTETS   (64u << 10) /* handed to the connection at once */
#define WITHIN_SEGMENTS 2 /* a group lies in one, or again in the next */
#define PACK_OCTETS     (16u << 10) /* then a message is long enough */
#define ENTRY_GUESS     8192u /* one read does for a header or a thumbnail */
#define MARK_GUESS      512u  /* a length, a mark, and a length */

/* --- the thread's side --- */

struct scan {
	struct job *job;
	struct group open;
	bool in_group, sending, header_sent, full, after_key;
	size_t sent_groups;
	struct run_id header_run;
	uint64_t newest;   /* index in that run: what comes twice counts once */
	struct buf header; /* of the run that is read; empty: not met */
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

static void
record_send(struct scan *s, struct slice record)
{
	const size_t before = s->job->records.len;

	if (segment_frame_put(&s->job->records, record) == ERR_OK)
		return;
	s->job->records.len = before;
	s->full = true;
	s->sending = false;
}

/* Of key frames alone: each with the mark that covers it. */
static bool
is_wanted(struct scan *s, const struct record_clear *c)
{
	const bool mark_of_key = s->after_key && c->flags == RECORD_MARK;

	s->after_key = c->flags == RECORD_KEY;
	return !s->job->range.keys || s->after_key || mark_of_key;
}

static bool
is_run(const struct run_id *a, const struct run_id *b)
{
	return memcmp(a->octets, b->octets, RUN_ID_OCTETS) == 0;
}

/* What was asked for ends with this key frame. */
static bool
is_past_end(struct scan *s, const struct record_clear *c)
{
	const struct range_question *q = &s->job->range;

	return s->sent_groups == q->groups ||
	       (q->until != 0 && c->index >= q->until);
}

/* Whether this group begins, goes on or ends what was asked for. */
static void
range_step(struct scan *s, const struct record_clear *c, struct slice record)
{
	const struct range_question *q = &s->job->range;

	/* what was said while the server was away lies behind what came live */
	if (q->until != 0 && !is_run(&c->run, &q->run))
		return;
	if (s->sending && c->index <= s->newest)
		return; /* a hub sent it again */
	if (c->flags == RECORD_KEY && !s->full) {
		if (!s->sending && s->sent_groups == 0 &&
		    c->index == q->index && is_run(&c->run, &q->run))
			s->sending = true;
		if (s->sending && is_past_end(s, c)) {
			s->sending = false;
			s->full = true;
		} else if (s->sending) {
			s->sent_groups++;
		}
	}
	if (!s->sending)
		return;
	s->newest = c->index;
	if (!is_wanted(s, c))
		return;
	s->job->any = true;
	if (!s->header_sent && s->header.len != 0) {
		s->header_sent = true;
		record_send(s, buf_slice(&s->header));
	}
	if (s->sending)
		record_send(s, record);
}

static enum err
header_take(struct scan *s, const struct record_clear *c, struct slice record)
{
	if (s->job->range.until != 0 && !is_run(&c->run, &s->job->range.run))
		return ERR_OK;
	/* each segment repeats it: told again only for a new run */
	if (memcmp(s->header_run.octets, c->run.octets, RUN_ID_OCTETS) != 0) {
		s->header_sent = false;
		s->newest = 0;
	}
	s->header_run = c->run;
	buf_clear(&s->header);
	return buf_append(&s->header, record);
}

static enum err
scan_each(void *ctx, const struct record_clear *c, struct slice record)
{
	struct scan *s = ctx;
	enum err e;

	if (c->flags == RECORD_HEADER)
		return header_take(s, c, record);
	if (s->job->is_range) {
		range_step(s, c, record);
		return ERR_OK;
	}
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

/* n octets from some place on, deciphered; fewer where the file ends. */
static enum err
piece_read(const struct read_file *f, uint64_t from, size_t n, struct buf *to)
{
	uint8_t *at;
	enum err e;

	buf_clear(to);
	if ((e = buf_reserve(to, n, &at)) != ERR_OK)
		return e;
	while (to->len < n) {
		const ssize_t got = pread(f->fd, at + to->len, n - to->len,
		    (off_t)(from + to->len));
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		to->len += (size_t)got;
	}
	return ctr_xor(&f->key, from, to->at, to->len);
}

/* A whole file's own list of what it holds. ERR_SYNTAX: it has none. */
static enum err
entries_read(const struct read_file *f, struct buf *to)
{
	struct slice entries;
	size_t n = SEGMENT_TAIL_OCTETS;
	enum err e;

	if ((e = piece_read(f, SEGMENT_OCTETS - n, n, to)) != ERR_OK)
		return e;
	if (to->len != n)
		return ERR_SYNTAX;
	const uint64_t count = slice_be(buf_slice(to), 4);
	if (count == 0 || count > SEGMENT_ENTRIES_MAX)
		return ERR_SYNTAX;
	n += (size_t)count * SEGMENT_ENTRY_OCTETS;
	if ((e = piece_read(f, SEGMENT_OCTETS - n, n, to)) != ERR_OK)
		return e;
	if (to->len != n)
		return ERR_SYNTAX;
	e = segment_entries_parse(buf_slice(to), &entries);
	to->len = entries.len; /* they begin the piece */
	return e;
}

/* The frames of one entry: a header, or a key frame and its mark. */
static enum err
entry_frames_read(struct scan *s, const struct read_file *f, uint32_t at)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init(&b, RECORD_OCTETS_MAX + 4);
	if ((e = piece_read(f, at, ENTRY_GUESS, &b)) != ERR_OK || b.len < 4)
		return e;
	const uint64_t n = slice_be(buf_slice(&b), 4);
	if (n > RECORD_OCTETS_MAX)
		return ERR_SYNTAX;
	if (n + MARK_GUESS > b.len &&
	    (e = piece_read(f, at, (size_t)n + MARK_GUESS, &b)) != ERR_OK)
		return e;
	return segment_frames_scan(buf_slice(&b), scan_each, s);
}

/*
 * Where the range begins in this file; the count of entries: not here. Of what
 * lies there twice the newest: it was sent again because of a hole.
 */
static size_t
entry_find(const struct scan *s, struct slice entries)
{
	const struct range_question *q = &s->job->range;
	const size_t count = entries.len / SEGMENT_ENTRY_OCTETS;
	size_t found = count;

	if (s->sending && q->until == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct segment_entry e = segment_entry_at(entries, i);
		if (!is_run(&e.run, &q->run))
			continue;
		if (s->sending)
			return i;
		if (e.index == q->index)
			found = i;
	}
	return found;
}

/* The header that the entry's records need, if one stands before it. */
static enum err
entry_header_read(struct scan *s, const struct read_file *f,
    struct slice entries, size_t i)
{
	const struct run_id run = segment_entry_at(entries, i).run;

	for (; i > 0; i--) {
		const struct segment_entry e = segment_entry_at(entries, i - 1);
		if (e.index == 0 &&
		    memcmp(e.run.octets, run.octets, RUN_ID_OCTETS) == 0)
			return entry_frames_read(s, f, e.offset);
	}
	return ERR_OK;
}

static void
groups_read(struct scan *s, const struct read_file *f, struct slice entries)
{
	const size_t count = entries.len / SEGMENT_ENTRY_OCTETS;
	size_t i = entry_find(s, entries);
	AUTO_BUF struct buf b = { 0 };

	if (i == count || entry_header_read(s, f, entries, i) != ERR_OK)
		return;
	for (; s->job->range.keys && i < count && !s->full; i++)
		(void)!entry_frames_read(s, f,
		    segment_entry_at(entries, i).offset);
	if (s->job->range.keys || s->full)
		return;
	const uint32_t from = segment_entry_at(entries, i).offset;
	uint32_t end = SEGMENT_ROOM;
	const struct range_question *q = &s->job->range;
	size_t left = q->groups - s->sent_groups;
	for (; i < count; i++) {
		const struct segment_entry e = segment_entry_at(entries, i);
		end = e.offset;
		if (e.index != 0 &&
		    (left-- == 0 || (q->until != 0 && e.index >= q->until)))
			break;
	}
	if (i == count) /* to the end of the file */
		end = SEGMENT_ROOM;
	if (end - from > RANGE_OCTETS)
		end = from + RANGE_OCTETS;
	buf_init(&b, RANGE_OCTETS);
	if (piece_read(f, from, end - from, &b) == ERR_OK)
		(void)!segment_frames_scan(buf_slice(&b), scan_each, s);
}

/* Without a list of what it holds: all of it. */
static void
file_walk(struct scan *s, const struct read_file *f)
{
	AUTO_BUF struct buf b;

	buf_init(&b, SEGMENT_OCTETS);
	if (fd_read_all(f->fd, &b) == ERR_OK &&
	    ctr_xor(&f->key, 0, b.at, b.len) == ERR_OK)
		(void)!segment_scan(buf_slice(&b), scan_each, s);
	(void)!group_done(s);
}

/* What a file holds, by its own list or the one that is still here. */
static enum err
file_entries(const struct read_file *f, struct buf *room, struct slice *ret)
{
	enum err e;

	if (f->being_written) {
		*ret = buf_slice(&f->entries);
		return ERR_OK;
	}
	buf_init(room,
	    SEGMENT_ENTRIES_MAX * SEGMENT_ENTRY_OCTETS + SEGMENT_TAIL_OCTETS);
	if ((e = entries_read(f, room)) == ERR_OK)
		*ret = buf_slice(room);
	return e;
}

static void
file_read_range(struct scan *s, const struct read_file *f)
{
	AUTO_BUF struct buf room = { 0 };
	struct slice entries;

	if (file_entries(f, &room, &entries) == ERR_OK)
		groups_read(s, f, entries);
	else
		file_walk(s, f);
}

/* True: no later list can name a key frame between these and the index. */
static bool
group_look(const struct range_question *q, struct slice entries, uint64_t *best)
{
	const size_t count = entries.len / SEGMENT_ENTRY_OCTETS;
	bool is_passed = false;

	for (size_t i = 0; i < count; i++) {
		const struct segment_entry e = segment_entry_at(entries, i);

		if (!is_run(&e.run, &q->run))
			continue;
		if (e.index > q->index)
			is_passed = true;
		else if (e.index > *best)
			*best = e.index;
	}
	return is_passed && *best != 0;
}

/*
 * From inside a group to its key frame: only the lists of whole files and of
 * those that are being written tell where that is.
 */
static void
group_find(struct scan *s)
{
	struct job *j = s->job;
	bool is_found = false;
	uint64_t best = 0;

	for (size_t i = 0; i < j->file_count && !is_found; i++) {
		AUTO_BUF struct buf room = { 0 };
		struct slice entries;

		if (file_entries(&j->files[i], &room, &entries) == ERR_OK)
			is_found = group_look(&j->range, entries, &best);
	}
	j->range.index = best;
	s->full = best == 0;
}

void
read_do(struct job *j)
{
	struct scan s = { .job = j };

	buf_init(&j->records, RANGE_OCTETS);
	buf_init(&s.header, RECORD_OCTETS_MAX);
	if (j->is_range && j->range.within)
		group_find(&s);
	for (size_t i = 0; i < j->file_count; i++) {
		const struct read_file *f = &j->files[i];
		if (!j->is_range)
			file_walk(&s, f);
		else if (!s.full)
			file_read_range(&s, f);
		(void)close(f->fd);
	}
	buf_fini(&s.header);
}

/* --- the loop's side --- */

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

/* The head of a message that carries n octets of the answer. */
static enum err
head_put(struct buf *out, const uint8_t slot[static 4], size_t n)
{
	uint8_t head[WS_HEAD_OCTETS_MAX];
	const size_t len = ws_head_write(WS_BINARY, 4 + n, NULL, head);
	const enum err e = buf_append(out, slice_make(head, len));

	return e != ERR_OK ? e : buf_append(out, slice_make(slot, 4));
}

/* As many sized records as go into one message, at least one. */
static size_t
pack_octets(struct slice rest)
{
	size_t n = 0;

	while (rest.len - n > 4 && n < PACK_OCTETS)
		n += 4 + (size_t)slice_be(slice_skip(rest, n), 4);
	return n;
}

/*
 * A record is small: a call of the system for each, and at the other end a
 * read, would be much of the time that a viewer waits for his picture.
 */
static enum err
records_send(struct client *c, const uint8_t slot[static 4], struct slice rest)
{
	AUTO_BUF struct buf out;
	enum err e = ERR_OK;

	buf_init(&out, ANSWER_OCTETS + PACK_OCTETS + RECORD_OCTETS_MAX + 64);
	while (rest.len > 4 && e == ERR_OK) {
		const size_t n = pack_octets(rest);

		if ((e = head_put(&out, slot, n)) == ERR_OK)
			e = buf_append(&out, slice_head(rest, n));
		rest = slice_skip(rest, n);
		if (e != ERR_OK || (out.len < ANSWER_OCTETS && rest.len > 4))
			continue;
		e = conn_send(&c->conn, buf_slice(&out));
		buf_clear(&out);
	}
	return e;
}

static void
range_answer(struct client *c, const struct job *j)
{
	const uint32_t slot = 0x80000000u | (uint32_t)(j->n & 0xffff);
	const uint8_t head[4] = { (uint8_t)(slot >> 24), (uint8_t)(slot >> 16),
		(uint8_t)(slot >> 8), (uint8_t)slot };

	client_say(c, json_pack("{ss sI sI}", "t", "range", "n", j->n, "slot",
			  (json_int_t)slot));
	(void)!records_send(c, head, buf_slice(&j->records));
	if (!c->conn.dead)
		client_say(c, json_pack("{ss sI}", "t", "end", "n", j->n));
}

void
read_answer(struct edge *e, struct job *j)
{
	struct client *c = client_find(e, j->client);

	if (c == NULL)
		return;
	*(j->is_range ? &c->ranges : &c->groups) -= 1;
	if (c->conn.dead)
		return;
	if (j->refused)
		client_say(c, json_pack("{ss sI ss ss}", "t", "error", "n",
				  j->n, "error", "later", "text",
				  "Too much is read just now. Try again."));
	else if (!j->is_range)
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
		rd_id(&r, &j->files[i].id);
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

/* The list of a file that is being written is still here, not in it. */
static enum err
entries_lend(struct read_file *f, const struct live_stream *streams,
    const struct id *stream)
{
	for (const struct live_stream *s = streams; s != NULL; s = s->next) {
		const struct recording *r = s->recording;
		if (!id_eq(&s->fan.id, stream) || r == NULL ||
		    r->file == NULL || !id_eq(&f->id, &r->file->id))
			continue;
		f->being_written = true;
		buf_init(&f->entries, r->entries.cap);
		return buf_append(&f->entries, buf_slice(&r->entries));
	}
	return ERR_OK;
}

struct reading {
	struct edge *edge;
	struct job *job;
	struct id stream;
};

static void
files_came(void *ctx, enum err e, struct ipc_msg *m)
{
	struct reading *r = ctx;
	struct job *j = r->job;
	struct edge *edge = r->edge;
	const struct id stream = r->stream;

	free(r);
	if (e == ERR_OK)
		e = files_parse(j, m);
	const bool opened = e == ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < j->file_count; i++)
		e = entries_lend(&j->files[i], edge->streams, &stream);
	if (e == ERR_OK && job_give(edge->disk, j) == ERR_OK)
		return;
	j->refused = e == ERR_OK;
	for (size_t i = 0; opened && i < j->file_count; i++)
		(void)close(j->files[i].fd);
	read_answer(edge, j);
	job_destroy(j);
}

static void
read_ask(struct client *c, struct job *j, const struct id *stream)
{
	struct reading *r = malloc(sizeof *r);
	AUTO_BUF struct buf q;
	struct wr w;

	/* what is recorded includes what still waits here */
	for (struct live_stream *s = c->edge->streams; s != NULL; s = s->next)
		if (id_eq(&s->fan.id, stream) && s->recording != NULL)
			plain_flush(c->edge, s->recording);
	buf_init(&q, ID_OCTETS + 2 + RUN_ID_OCTETS + 8);
	wr_init(&w, &q);
	wr_id(&w, stream);
	wr_u16(&w, j->range.within ? WITHIN_SEGMENTS : READ_SEGMENTS);
	wr_octets(&w, SLICE_OF(j->range.run.octets)); /* zeros: the newest */
	wr_u64(&w, j->range.index);
	j->kind = JOB_READ;
	j->client = c->serial;
	*(j->is_range ? &c->ranges : &c->groups) += 1;
	if (r != NULL && wr_end(&w) == ERR_OK) {
		*r = (struct reading){ c->edge, j, *stream };
		if (c->edge->core != NULL &&
		    ipc_request(c->edge->core, MSG_SEGMENT_LIST, buf_slice(&q),
			files_came, r) == ERR_OK)
			return;
	}
	free(r);
	read_answer(c->edge, j);
	job_destroy(j);
}

/* NULL: too many, and the viewer was told so, or no memory. */
static struct job *
job_make(struct client *c, json_int_t n, bool is_range)
{
	const unsigned asked = is_range ? c->ranges : c->groups;
	const unsigned most = is_range ? VIEWER_RANGES_MAX : VIEWER_GROUPS_MAX;
	struct job *j = asked < most ? calloc(1, sizeof *j) : NULL;

	if (j == NULL) {
		client_say(c, json_pack("{ss sI ss ss}", "t", "error", "n", n,
				  "error", "limit", "text",
				  is_range ? "Too many ranges at once."
					   : "Too many questions at once."));
		return NULL;
	}
	j->n = n;
	j->is_range = is_range;
	return j;
}

void
reading_groups(struct client *c, json_int_t n, const struct id *stream,
    size_t most)
{
	struct job *j = job_make(c, n, false);

	if (j == NULL)
		return;
	j->most = most;
	read_ask(c, j, stream);
}

void
reading_range(struct client *c, const struct range_question *q)
{
	struct job *j = job_make(c, q->n, true);

	if (j == NULL)
		return;
	j->range = *q;
	read_ask(c, j, &q->stream);
}
