/*
 * uplink.c - a hub: opens the streams that core says are its own, and sends
 * records. What it sends is checked in form; a malformed one costs it the
 * connection, never a viewer anything. docs/API.md, device door.
 */
#include <stdlib.h>

#include "base/codec.h"
#include "eavesd/edge/edge.h"

#define PING_MS    20000u
#define SILENCE_MS 45000u

struct greeting {
	struct edge *edge;
	uint64_t client;
};

static enum err
greeting_parse(struct client *c, struct slice body)
{
	struct rd r;
	enum err e;

	rd_init(&r, body);
	const uint8_t err = rd_u8(&r);
	if (r.err == ERR_OK && err != ERR_OK)
		return ERR_DENIED;
	rd_id(&r, &c->device);
	rd_id(&r, &c->home);
	if ((e = client_streams(c, rd_u16(&r))) != ERR_OK)
		return e;
	for (size_t i = 0; i < c->stream_count; i++) {
		rd_id(&r, &c->streams[i].id);
		c->streams[i].class = rd_u8(&r);
	}
	return rd_end(&r);
}

static bool
home_is_watched(const struct edge *e, const struct id *home)
{
	for (const struct client *c = e->clients; c != NULL; c = c->next)
		if (c->is == CLIENT_VIEWER && c->welcome && !c->conn.dead &&
		    id_eq(&c->home, home))
			return true;
	return false;
}

static void
watched_say(struct client *c)
{
	client_say(c, json_pack("{ss sb}", "t", "watched", "on",
			  home_is_watched(c->edge, &c->home)));
}

void
uplink_watched(struct edge *e, const struct id *home)
{
	for (struct client *c = e->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (c->is == CLIENT_UPLINK && c->welcome &&
		    id_eq(&c->home, home))
			watched_say(c);
	}
}

/* One of the live ones, or of the past; for now, or for good. */
static void
refuse(struct client *c, const struct id *stream, bool live, const char *why)
{
	json_t *o = json_pack("{ss so ss}", "t", "refused", "stream",
	    json_b64(id_slice(stream)), "error", why);

	if (live && json_object_set_new(o, "live", json_true()) != 0) {
		json_decref(o);
		o = NULL;
	}
	client_say(c, o);
}

static int
class_of(const struct client *c, const struct id *stream)
{
	for (size_t i = 0; i < c->stream_count; i++)
		if (id_eq(&c->streams[i].id, stream))
			return c->streams[i].class;
	return -1;
}

/* Nobody writes it any more; of one that is past the hub may come back. */
static void
writer_leave(struct client *c, struct live_stream *s)
{
	s->writer = NULL;
	s->flush = false;
	if (s->past)
		return;
	recording_end(c->edge, s);
	viewers_tell_online(c->edge, s);
}

/* What the home took away from this hub ends; all else of it goes on. */
static void
streams_recheck(struct client *c)
{
	for (struct live_stream *s = c->edge->streams; s != NULL; s = s->next)
		if (s->writer == c && class_of(c, &s->fan.id) != 1) {
			writer_leave(c, s);
			if (s->past)
				recording_end(c->edge, s);
			refuse(c, &s->fan.id, !s->past, "denied");
		}
}

static void
uplink_opened(void *ctx, enum err e, struct ipc_msg *m)
{
	struct greeting *g = ctx;
	struct client *c = client_find(g->edge, g->client);

	free(g);
	if (c == NULL || c->conn.dead)
		return;
	if (e == ERR_OK)
		e = greeting_parse(c, m->body);
	if (e != ERR_OK) {
		websocket_close(&c->ws, 4403,
		    "No home has taken this device in.");
		return;
	}
	if (c->welcome) { /* its home has changed */
		streams_recheck(c);
		return;
	}
	json_t *list = json_array();
	for (size_t i = 0; i < c->stream_count; i++)
		(void)json_array_append_new(list,
		    json_pack("{so si}", "id",
			json_b64(id_slice(&c->streams[i].id)), "class",
			c->streams[i].class));
	c->welcome = true;
	client_say(c, json_pack("{ss so so so}", "t", "welcome", "device",
			  json_b64(id_slice(&c->device)), "home",
			  json_b64(id_slice(&c->home)), "streams", list));
	watched_say(c);
}

static void
uplink_open_ask(struct client *c)
{
	struct greeting *g = malloc(sizeof *g);
	enum err e = ERR_NOMEM;

	if (g != NULL) {
		*g = (struct greeting){ c->edge, c->serial };
		e = c->edge->core == NULL
			? ERR_CLOSED
			: ipc_request(c->edge->core, MSG_UPLINK_OPEN,
			      SLICE_OF(c->spki), uplink_opened, g);
	}
	if (e == ERR_OK)
		return;
	free(g);
	websocket_close(&c->ws, 1013, "The server is busy. Try again.");
}

/* --- streams --- */

static enum err
open_take(struct client *c, const json_t *o)
{
	struct live_stream *s;
	struct id id;

	if (!json_id(o, "stream", &id))
		return ERR_SYNTAX;
	if (class_of(c, &id) != 1) { /* taken away while it asked */
		refuse(c, &id, true, "denied");
		return ERR_OK;
	}
	if ((s = stream_take(c->edge, &id, &c->home)) == NULL) {
		refuse(c, &id, true, "limit"); /* its others go on */
		return ERR_OK;
	}
	/* the same hub again: its old connection has not been missed yet */
	if (s->writer != NULL && s->writer != c)
		conn_close(&s->writer->conn, ERR_EXISTS);
	if ((s = stream_take(c->edge, &id, &c->home)) == NULL)
		return ERR_LIMIT;
	s->writer = c;
	s->lost = false;
	client_say(c,
	    json_pack("{ss so sI}", "t", "opened", "stream",
		json_b64(id_slice(&id)), "slot", (json_int_t)s->fan.slot));
	viewers_tell_online(c->edge, s);
	return ERR_OK;
}

/* A hub sends what it has spooled, beside live. Nobody watches it. */
static enum err
past_open_take(struct client *c, const json_t *o)
{
	struct live_stream *s;
	struct id id;

	if (!json_id(o, "stream", &id))
		return ERR_SYNTAX;
	const bool may = class_of(c, &id) == 1;
	s = may ? stream_take_past(c->edge, &id, &c->home) : NULL;
	if (s == NULL) { /* a camera that was removed: not the hub's fault */
		refuse(c, &id, false, may ? "limit" : "denied");
		return ERR_OK;
	}
	s->writer = c;
	s->past_ms = loop_now_ms(c->edge->loop);
	recording_anew(s);
	client_say(c, json_pack("{ss so sI sb}", "t", "opened", "stream",
			  json_b64(id_slice(&id)), "slot",
			  (json_int_t)s->fan.slot, "past", true));
	return ERR_OK;
}

/*
 * A slot that was let go: its stream was taken away, or nothing came for long.
 * What was on its way then goes nowhere, and is no reason to end the line.
 */
static bool
slot_is_gone(const struct client *c, uint32_t slot, const struct live_stream *s)
{
	return slot != 0 && slot <= c->edge->next_slot &&
	       (s == NULL || (s->writer == NULL && id_eq(&s->home, &c->home)));
}

static void
kept_say(struct client *c, uint32_t slot, bool kept)
{
	client_say(c, json_pack("{ss sI sb}", "t", "kept", "slot",
			  (json_int_t)slot, "kept", kept));
}

static enum err
flush_take(struct client *c, const json_t *o)
{
	const json_t *v = json_object_get(o, "slot");

	if (!json_is_integer(v))
		return ERR_SYNTAX;
	const uint32_t slot = (uint32_t)json_integer_value(v);
	struct live_stream *s = stream_of_slot(c->edge, slot);
	if (slot_is_gone(c, slot, s)) {
		kept_say(c, slot, false);
		return ERR_OK;
	}
	/* one at a time: each costs the disk something */
	if (s == NULL || s->writer != c || !s->past || s->flush)
		return ERR_DENIED;
	recording_flush(c->edge, s);
	return ERR_OK;
}

void
uplink_kept(struct live_stream *s, bool kept)
{
	if (s->writer != NULL && !s->writer->conn.dead)
		kept_say(s->writer, s->fan.slot, kept);
}

void
uplink_recording(struct live_stream *s, bool on, uint64_t ago_ms)
{
	if (s->writer != NULL && !s->writer->conn.dead)
		client_say(s->writer,
		    json_pack("{ss so sb sI}", "t", "recording", "stream",
			json_b64(id_slice(&s->fan.id)), "on", on, "ago",
			(json_int_t)ago_ms));
}

static enum err
record_take(struct client *c, struct slice s)
{
	struct record_clear clear;
	enum err e;

	if (s.len < 4)
		return ERR_SYNTAX;
	const uint32_t slot = (uint32_t)slice_be(s, 4);
	struct live_stream *l = stream_of_slot(c->edge, slot);
	if (l == NULL || l->writer != c)
		return slot_is_gone(c, slot, l) ? ERR_OK : ERR_DENIED;
	l->past_ms = loop_now_ms(c->edge->loop);
	const struct slice record = slice_skip(s, 4);
	if ((e = fan_publish(&l->fan, record, &clear)) == ERR_OK) {
		edge_count(c->edge, FACT_records);
		recording_add(c->edge, l, record, &clear);
	}
	return e;
}

/* --- rows --- */

struct row_question {
	struct edge *edge;
	uint64_t client;
	json_int_t n;
};

static void
row_answered(void *ctx, enum err e, struct ipc_msg *m)
{
	struct row_question *q = ctx;
	struct client *c = client_find(q->edge, q->client);

	if (e == ERR_OK)
		e = m->body.len == 1 && m->body.at[0] < ERR__MAX
			? (enum err)m->body.at[0]
			: ERR_CORRUPT;
	if (c != NULL)
		client_say(c, json_pack("{ss sI ss?}", "t", "row", "n", q->n,
				  "error", e == ERR_OK ? NULL : err_name(e)));
	free(q);
}

static enum err
row_write(const struct client *c, const json_t *o, struct buf *to)
{
	const json_t *sealed = json_object_get(o, "sealed");
	const json_t *run = json_object_get(o, "run");
	const json_t *index = json_object_get(o, "index");
	uint8_t octets[16384], run8[RUN_ID_OCTETS];
	static const uint8_t no_ticket[ID_OCTETS + KEY_OCTETS];
	struct id stream;
	struct wr w;
	size_t n;

	if (!json_id(o, "stream", &stream) || !json_is_string(sealed) ||
	    !json_is_string(run) || !json_is_integer(index) ||
	    b64_decode_exactly(slice_make(json_string_value(run),
				   json_string_length(run)),
		run8, sizeof run8) != ERR_OK ||
	    b64_decode(slice_make(json_string_value(sealed),
			   json_string_length(sealed)),
		octets, sizeof octets, &n) != ERR_OK)
		return ERR_SYNTAX;
	wr_init(&w, to);
	wr_octets(&w, SLICE_OF(c->spki));
	wr_octets(&w, SLICE_OF(no_ticket));
	wr_id(&w, &stream);
	wr_u8(&w, (uint8_t)json_integer_value(json_object_get(o, "class")));
	wr_octets(&w, SLICE_OF(run8));
	wr_u64(&w, (uint64_t)json_integer_value(index));
	wr_u32(&w, (uint32_t)json_integer_value(json_object_get(o, "day")));
	wr_sized(&w, slice_make(octets, n));
	return wr_end(&w);
}

static enum err
row_take(struct client *c, const json_t *o)
{
	struct row_question *q;
	AUTO_BUF struct buf b;
	enum err e;

	buf_init(&b, 20480);
	if ((e = row_write(c, o, &b)) != ERR_OK)
		return e;
	if ((q = malloc(sizeof *q)) == NULL)
		return ERR_NOMEM;
	*q = (struct row_question){ c->edge, c->serial,
		json_integer_value(json_object_get(o, "n")) };
	e = c->edge->core == NULL ? ERR_CLOSED
				  : ipc_request(c->edge->core, MSG_ROW_APPEND,
					buf_slice(&b), row_answered, q);
	if (e != ERR_OK)
		free(q);
	return e;
}

/* --- messages --- */

static enum err
heads_take(struct client *c, const json_t *o)
{
	const json_t *body = json_object_get(o, "body");
	enum err e;

	if (!json_is_string(body) ||
	    json_string_length(body) > HEADS_OCTETS_MAX)
		return ERR_SYNTAX;
	if ((e = heads_keep(c->edge, &c->home, &c->device,
		 json_string_value(body))) == ERR_OK)
		viewers_tell_heads(c->edge, &c->home, &c->device);
	return e;
}

static enum err
clock_reply_take(struct client *c, const json_t *o)
{
	const json_t *body = json_object_get(o, "body");
	const json_t *n = json_object_get(o, "n");

	if (!json_is_string(body) || !json_is_integer(n))
		return ERR_SYNTAX;
	const uint32_t number = (uint32_t)json_integer_value(n);
	if (c->edge->clocks[number % CLOCKS_MAX].hub == c->serial)
		clock_answered(c->edge, number, json_string_value(body));
	return ERR_OK;
}

static enum err
text_take(struct client *c, const json_t *o)
{
	const char *t = json_string_value(json_object_get(o, "t"));

	if (t == NULL || !c->welcome)
		return ERR_SYNTAX;
	if (strcmp(t, "open") == 0)
		return json_is_true(json_object_get(o, "past"))
			   ? past_open_take(c, o)
			   : open_take(c, o);
	if (strcmp(t, "flush") == 0)
		return flush_take(c, o);
	if (strcmp(t, "heads") == 0)
		return heads_take(c, o);
	if (strcmp(t, "clock") == 0 || strcmp(t, "ask") == 0)
		return clock_reply_take(c, o);
	if (strcmp(t, "row") == 0)
		return row_take(c, o);
	return ERR_SYNTAX;
}

static enum err
uplink_message(struct websocket *w, enum ws_opcode kind, struct slice s)
{
	struct client *c = OBJ_OF(w, struct client, ws);
	json_t *o;
	enum err e;

	if (kind == WS_BINARY)
		return record_take(c, s);
	o = s.len == 0 || s.len > TEXT_OCTETS_MAX
		? NULL
		: json_loadb((const char *)s.at, s.len, JSON_REJECT_DUPLICATES,
		      NULL);
	e = json_is_object(o) ? text_take(c, o) : ERR_SYNTAX;
	json_decref(o);
	return e;
}

void
uplinks_tell_home(struct edge *e, const struct id *home)
{
	for (struct client *c = e->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (c->is != CLIENT_UPLINK || !c->welcome ||
		    !id_eq(&c->home, home))
			continue;
		client_say(c, json_pack("{ss}", "t", "home"));
		if (!c->conn.dead)
			uplink_open_ask(c);
	}
}

static void
pong_came(struct websocket *w)
{
	conn_deadline(w->conn, SILENCE_MS);
}

static void
ping_due(struct loop_timer *t)
{
	struct client *c = OBJ_OF(t, struct client, ping);

	(void)!websocket_send(&c->ws, WS_PING, SLICE_LIT(""));
	if (!c->conn.dead)
		(void)!loop_timer_set(c->edge->loop, t, PING_MS, ping_due);
}

void
uplink_begin(struct client *c)
{
	c->is = CLIENT_UPLINK;
	websocket_init(&c->ws, &c->conn, true, RECORD_OCTETS_MAX + 4);
	c->ws.message = uplink_message;
	c->ws.pong = pong_came;
	c->conn.rules.in_octets_max = c->conn.in.cap = RECORD_OCTETS_MAX +
						       65536;
	conn_deadline(&c->conn, SILENCE_MS);
	(void)!loop_timer_set(c->edge->loop, &c->ping, PING_MS, ping_due);
	uplink_open_ask(c);
}

void
uplink_end(struct client *c)
{
	loop_timer_remove(&c->ping);
	websocket_fini(&c->ws);
	/* somebody may be walking them: they are let go within a second */
	for (struct live_stream *s = c->edge->streams; s != NULL; s = s->next)
		if (s->writer == c)
			writer_leave(c, s);
}
