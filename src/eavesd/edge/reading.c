/*
 * reading.c - what is recorded, read back: the groups of a stream, or a range
 * of them. The helper thread deciphers and walks the segments that core hands
 * over; the loop answers the viewer.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/codec.h"
#include "crypto/aead.h"
#include "eavesd/edge/disk.h"
#include "os/file.h"

#define RANGE_OCTETS (4u << 20)

/* --- the thread's side --- */

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

void
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

void
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
