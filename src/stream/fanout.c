#include "stream/fanout.h"

#include <stdlib.h>

#include "net/websocket.h"

void
fan_stream_init(struct fan_stream *s, const struct id *id, uint32_t slot)
{
	*s = (struct fan_stream){ .id = *id, .slot = slot };
}

static void
group_clear(struct fan_stream *s)
{
	for (size_t i = 0; i < s->group_count; i++)
		blob_drop(s->group[i]);
	s->group_count = s->group_octets = 0;
	s->group_whole = false;
}

void
fan_stream_fini(struct fan_stream *s)
{
	while (s->views != NULL)
		fan_view_remove(s->views);
	group_clear(s);
	free(s->group);
	blob_drop(s->header);
	*s = (struct fan_stream){ 0 };
}

static struct blob *
frame_make(uint32_t slot, struct slice record)
{
	const uint8_t head[4] = { (uint8_t)(slot >> 24), (uint8_t)(slot >> 16),
		(uint8_t)(slot >> 8), (uint8_t)slot };

	return websocket_frame(WS_BINARY,
	    (const struct slice[]){ SLICE_OF(head), record }, 2);
}

/* A late joiner needs all of the group or none of it. */
static void
group_keep(struct fan_stream *s, struct blob *frame)
{
	if (!s->group_whole)
		return;
	if (s->group == NULL)
		s->group = malloc(FAN_GROUP_RECORDS_MAX * sizeof(*s->group));
	if (s->group == NULL || s->group_count == FAN_GROUP_RECORDS_MAX ||
	    s->group_octets + frame->len > FAN_GROUP_OCTETS_MAX) {
		group_clear(s);
		return;
	}
	blob_hold(frame);
	s->group[s->group_count++] = frame;
	s->group_octets += frame->len;
}

static void
view_skip(struct fan_view *v)
{
	v->skipping = true;
	if (v->skipped != NULL)
		v->skipped(v);
}

static void
view_send(struct fan_view *v, const struct fan_stream *s, struct blob *frame,
    uint8_t flags)
{
	if (v->skipping) {
		/* not before it has caught up, else it skips for ever */
		if (flags != RECORD_KEY || conn_queued(v->conn) != 0)
			return;
		v->skipping = false;
		if (s->header != NULL &&
		    conn_send_blob(v->conn, s->header) != ERR_OK) {
			v->skipping = true;
			return;
		}
	}
	if (conn_send_blob(v->conn, frame) == ERR_LIMIT)
		view_skip(v);
}

static enum err
order_check(const struct fan_stream *s, const struct record_clear *c)
{
	if (c->flags == RECORD_HEADER)
		return ERR_OK;
	return s->header != NULL &&
		       memcmp(c->run.octets, s->run.octets, RUN_ID_OCTETS) == 0
		   ? ERR_OK
		   : ERR_SYNTAX;
}

enum err
fan_publish(struct fan_stream *s, struct slice record,
    struct record_clear *ret_clear)
{
	struct record_clear c;
	struct blob *frame;
	enum err e;

	if ((e = record_clear_parse(record, &c)) != ERR_OK ||
	    (e = order_check(s, &c)) != ERR_OK)
		return e;
	if ((frame = frame_make(s->slot, record)) == NULL)
		return ERR_NOMEM;
	if (c.flags == RECORD_HEADER) {
		blob_drop(s->header);
		s->header = frame;
		blob_hold(frame);
		s->run = c.run;
		group_clear(s);
	} else {
		if (c.flags == RECORD_KEY) {
			group_clear(s);
			s->group_whole = !s->alone;
		}
		group_keep(s, frame);
	}
	for (struct fan_view *v = s->views, *next; v != NULL; v = next) {
		next = v->next;
		view_send(v, s, frame, c.flags);
	}
	blob_drop(frame);
	*ret_clear = c;
	return ERR_OK;
}

void
fan_view_add(struct fan_stream *s, struct fan_view *v, struct conn *conn)
{
	v->stream = s;
	v->conn = conn;
	v->skipping = true; /* until a key frame */
	v->next = s->views;
	v->place = &s->views;
	if (v->next != NULL)
		v->next->place = &v->next;
	s->views = v;
	s->view_count++;
	if (s->header == NULL || !s->group_whole)
		return;
	if (conn_send_blob(conn, s->header) != ERR_OK)
		return;
	for (size_t i = 0; i < s->group_count; i++)
		if (conn_send_blob(conn, s->group[i]) != ERR_OK)
			return;
	v->skipping = false;
}

void
fan_view_remove(struct fan_view *v)
{
	if (v->stream == NULL)
		return;
	*v->place = v->next;
	if (v->next != NULL)
		v->next->place = v->place;
	v->stream->view_count--;
	v->stream = NULL;
}
