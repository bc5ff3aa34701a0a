#include <stdlib.h>

#include "base/codec.h"
#include "eavesd/edge/edge.h"

struct live_stream *
stream_find(struct edge *e, const struct id *id)
{
	for (struct live_stream *s = e->streams; s != NULL; s = s->next)
		if (!s->past && id_eq(&s->fan.id, id))
			return s;
	return NULL;
}

struct live_stream *
stream_of_slot(struct edge *e, uint32_t slot)
{
	for (struct live_stream *s = e->streams; s != NULL; s = s->next)
		if (s->fan.slot == slot)
			return s;
	return NULL;
}

static struct live_stream *
stream_add(struct edge *e, const struct id *id, const struct id *home,
    bool past)
{
	size_t *count = past ? &e->past_count : &e->stream_count;
	struct live_stream *s;

	if (*count == (past ? STREAMS_PAST_MAX : STREAMS_MAX) ||
	    (s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	fan_stream_init(&s->fan, id, ++e->next_slot & 0x7fffffffu);
	s->home = *home;
	s->past = s->fan.alone = past;
	s->next = e->streams;
	e->streams = s;
	++*count;
	return s;
}

struct live_stream *
stream_take(struct edge *e, const struct id *id, const struct id *home)
{
	struct live_stream *s = stream_find(e, id);

	if (s != NULL)
		return id_eq(&s->home, home) ? s : NULL;
	return stream_add(e, id, home, false);
}

struct live_stream *
stream_take_past(struct edge *e, const struct id *id, const struct id *home)
{
	struct live_stream *s;

	for (s = e->streams; s != NULL; s = s->next)
		if (s->past && id_eq(&s->fan.id, id) && id_eq(&s->home, home))
			return s;
	return stream_add(e, id, home, true);
}

void
stream_let_go(struct edge *e, struct live_stream *s)
{
	if (s->writer != NULL || s->fan.views != NULL || s->recording != NULL)
		return;
	for (struct live_stream **at = &e->streams; *at != NULL;
	     at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	--*(s->past ? &e->past_count : &e->stream_count);
	fan_stream_fini(&s->fan);
	free(s);
}

enum err
client_streams(struct client *c, size_t count)
{
	free(c->streams);
	c->streams = NULL;
	c->stream_count = 0;
	if (count > HOME_STREAMS_MAX)
		return ERR_LIMIT;
	c->streams = calloc(count + 1, sizeof *c->streams);
	if (c->streams == NULL)
		return ERR_NOMEM;
	c->stream_count = count;
	return ERR_OK;
}

bool
json_id(const json_t *o, const char *name, struct id *to)
{
	const json_t *v = json_object_get(o, name);

	return json_is_string(v) &&
	       b64_decode_exactly(slice_make(json_string_value(v),
				      json_string_length(v)),
		   to->octets, ID_OCTETS) == ERR_OK;
}

json_t *
json_b64(struct slice s)
{
	char text[B64_ROOM(64)];

	assert(s.len <= 64);
	b64_encode(s, text);
	return json_string(text);
}

void
client_say(struct client *c, json_t *o)
{
	char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);

	json_decref(o);
	if (text == NULL ||
	    websocket_send(&c->ws, WS_TEXT, slice_str(text)) == ERR_LIMIT)
		conn_close(&c->conn, ERR_LIMIT);
	free(text);
}
