/*
 * live.c - a viewer: says who he is, watches streams, reads what is recorded,
 * asks a hub for its clock. docs/API.md, "Live".
 */
#include <stdlib.h>

#include "base/codec.h"
#include "eavesd/edge/edge.h"

#define PING_MS        20000u
#define SILENCE_MS     45000u
#define CLOCK_MS       5000u
#define CLOCK_OCTETS   512u
#define ASK_MS         30000u
#define ASK_OCTETS     8192u
#define RIGHT_SEE_LIVE 1u
#define RIGHT_SEE_PAST 2u

static void
viewer_bye(struct client *c, uint16_t code, const char *text)
{
	client_say(c, json_pack("{ss ss}", "t", "bye", "text", text));
	websocket_close(&c->ws, code, text);
}

static void
viewer_refuse(struct client *c, json_int_t n, const char *code,
    const char *text)
{
	client_say(c, json_pack("{ss sI ss ss}", "t", "error", "n", n, "error",
			  code, "text", text));
}

/* --- hello --- */

struct hello {
	struct edge *edge;
	uint64_t client;
};

static enum err
welcome_parse(struct client *c, struct slice body)
{
	struct rd r;
	enum err e;

	rd_init(&r, body);
	const uint8_t err = rd_u8(&r);
	if (r.err == ERR_OK && err != ERR_OK)
		return ERR_DENIED;
	rd_id(&r, &c->home);
	c->rights = rd_u32(&r);
	c->expiry_s = rd_u64(&r);
	if ((e = client_streams(c, rd_u16(&r))) != ERR_OK)
		return e;
	for (size_t i = 0; i < c->stream_count; i++)
		rd_id(&r, &c->streams[i].id);
	return rd_end(&r);
}

static void
welcome_say(struct client *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->stream_count; i++)
		(void)json_array_append_new(list,
		    json_b64(id_slice(&c->streams[i].id)));
	client_say(c, json_pack("{ss so sI so}", "t", "welcome", "home",
			  json_b64(id_slice(&c->home)), "rights",
			  (json_int_t)c->rights, "streams", list));
	viewer_tell_heads(c);
}

static void
view_opened(void *ctx, enum err e, struct ipc_msg *m)
{
	struct hello *h = ctx;
	struct client *c = client_find(h->edge, h->client);
	const bool again = c != NULL && c->welcome;

	free(h);
	if (c == NULL || c->conn.dead)
		return;
	if (e == ERR_OK)
		e = welcome_parse(c, m->body);
	if (e != ERR_OK) {
		viewer_refuse(c, 0, "ticket", "This sign-in has ended.");
		websocket_close(&c->ws, 4401, "This sign-in has ended.");
		return;
	}
	c->welcome = true;
	if (!again) {
		welcome_say(c);
		uplink_watched(c->edge, &c->home);
	}
}

static void
view_open_ask(struct client *c)
{
	uint8_t q[ID_OCTETS + KEY_OCTETS];
	struct hello *h = malloc(sizeof *h);
	enum err e = ERR_NOMEM;

	memcpy(q, c->ticket.octets, ID_OCTETS);
	memcpy(q + ID_OCTETS, c->secret.octets, KEY_OCTETS);
	if (h != NULL) {
		*h = (struct hello){ c->edge, c->serial };
		e = c->edge->core == NULL
			? ERR_CLOSED
			: ipc_request(c->edge->core, MSG_VIEW_OPEN, SLICE_OF(q),
			      view_opened, h);
	}
	octets_wipe(q, sizeof q);
	if (e == ERR_OK)
		return;
	free(h);
	viewer_bye(c, 1013, "The server is busy. Try again.");
}

static enum err
hello_take(struct client *c, const json_t *o)
{
	const json_t *t = json_object_get(o, "ticket");
	const char *text = json_string_value(t);

	if (c->welcome || text == NULL || json_string_length(t) != 66 ||
	    text[22] != '.' ||
	    b64_decode_exactly(slice_make(text, 22), c->ticket.octets,
		ID_OCTETS) != ERR_OK ||
	    b64_decode_exactly(slice_make(text + 23, 43), c->secret.octets,
		KEY_OCTETS) != ERR_OK)
		return ERR_SYNTAX;
	view_open_ask(c);
	return ERR_OK;
}

void
viewers_recheck(struct edge *e)
{
	for (struct client *c = e->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (c->is == CLIENT_VIEWER && c->welcome)
			view_open_ask(c);
	}
}

/* --- watching --- */

static bool
may_see(const struct client *c, const struct id *stream)
{
	for (size_t i = 0; i < c->stream_count; i++)
		if (id_eq(&c->streams[i].id, stream))
			return true;
	return false;
}

static struct watch *
watch_free(struct client *c)
{
	if (c->watches == NULL)
		c->watches = calloc(WATCHES_MAX, sizeof *c->watches);
	for (size_t i = 0; c->watches != NULL && i < WATCHES_MAX; i++)
		if (!c->watches[i].used)
			return &c->watches[i];
	return NULL;
}

static enum err
watch_take(struct client *c, const json_t *o, json_int_t n)
{
	struct live_stream *s;
	struct watch *w;
	struct id id;

	if (!json_id(o, "stream", &id))
		return ERR_SYNTAX;
	if (!may_see(c, &id) || (c->rights & RIGHT_SEE_LIVE) == 0) {
		viewer_refuse(c, n, "denied", "That is not yours to watch.");
		return ERR_OK;
	}
	if ((w = watch_free(c)) == NULL ||
	    (s = stream_take(c->edge, &id, &c->home)) == NULL) {
		viewer_refuse(c, n, "limit", "Too many streams at once.");
		return ERR_OK;
	}
	*w = (struct watch){ .client = c, .used = true };
	client_say(c,
	    json_pack("{ss sI so sI sb}", "t", "watching", "n", n, "stream",
		json_b64(id_slice(&id)), "slot", (json_int_t)s->fan.slot,
		"online", s->writer != NULL));
	if (!c->conn.dead)
		fan_view_add(&s->fan, &w->view, &c->conn);
	else
		stream_let_go(c->edge, s);
	return ERR_OK;
}

static void
watch_end(struct watch *w)
{
	struct fan_stream *fan = w->view.stream;

	if (!w->used)
		return;
	w->used = false;
	if (fan == NULL)
		return;
	fan_view_remove(&w->view);
	stream_let_go(w->client->edge, OBJ_OF(fan, struct live_stream, fan));
}

static enum err
unwatch_take(struct client *c, const json_t *o)
{
	const json_t *slot = json_object_get(o, "slot");

	if (!json_is_integer(slot))
		return ERR_SYNTAX;
	for (size_t i = 0; c->watches != NULL && i < WATCHES_MAX; i++) {
		struct watch *w = &c->watches[i];

		if (w->used && w->view.stream != NULL &&
		    w->view.stream->slot == json_integer_value(slot))
			watch_end(w);
	}
	return ERR_OK;
}

/* --- the past --- */

static enum err
groups_take(struct client *c, const json_t *o, json_int_t n)
{
	const json_t *most = json_object_get(o, "most");
	struct id id;

	if (!json_id(o, "stream", &id) || !json_is_integer(most) ||
	    json_integer_value(most) < 1 || json_integer_value(most) > 256)
		return ERR_SYNTAX;
	if (!may_see(c, &id) || (c->rights & RIGHT_SEE_PAST) == 0)
		viewer_refuse(c, n, "denied", "That is not yours to watch.");
	else
		reading_groups(c, n, &id, (size_t)json_integer_value(most));
	return ERR_OK;
}

static enum err
range_take(struct client *c, const json_t *o, json_int_t n)
{
	const json_t *run = json_object_get(o, "run");
	const json_t *index = json_object_get(o, "index");
	const json_t *groups = json_object_get(o, "groups");
	struct range_question q = { .n = n };

	if (!json_id(o, "stream", &q.stream) || !json_is_string(run) ||
	    b64_decode_exactly(slice_make(json_string_value(run),
				   json_string_length(run)),
		q.run.octets, RUN_ID_OCTETS) != ERR_OK ||
	    !json_is_integer(index) || json_integer_value(index) < 1 ||
	    !json_is_integer(groups) || json_integer_value(groups) < 1 ||
	    json_integer_value(groups) > 64)
		return ERR_SYNTAX;
	q.index = (uint64_t)json_integer_value(index);
	q.groups = (size_t)json_integer_value(groups);
	q.keys = json_is_true(json_object_get(o, "keys"));
	q.within = json_is_true(json_object_get(o, "within"));
	q.until = (uint64_t)json_integer_value(json_object_get(o, "until"));
	if (!may_see(c, &q.stream) || (c->rights & RIGHT_SEE_PAST) == 0)
		viewer_refuse(c, n, "denied", "That is not yours to watch.");
	else
		reading_range(c, &q);
	return ERR_OK;
}

/* --- the hub's clock: four sealed time stamps --- */

static struct client *
uplink_of(struct edge *e, const struct id *hub, const struct id *home)
{
	for (struct client *c = e->clients; c != NULL; c = c->next)
		if (c->is == CLIENT_UPLINK && c->welcome &&
		    id_eq(&c->device, hub) && id_eq(&c->home, home))
			return c;
	return NULL;
}

/* A question to a hub that only the hub reads: its clock, or a command. */
static enum err
relay_take(struct client *c, const json_t *o, json_int_t n, bool is_clock)
{
	const json_t *body = json_object_get(o, "body");
	struct edge *e = c->edge;
	struct client *hub;
	struct id id;

	if (!json_id(o, "hub", &id) || !json_is_string(body) ||
	    json_string_length(body) > (is_clock ? CLOCK_OCTETS : ASK_OCTETS))
		return ERR_SYNTAX;
	if ((hub = uplink_of(e, &id, &c->home)) == NULL) {
		viewer_refuse(c, n, "missing", "The hub is not connected.");
		return ERR_OK;
	}
	struct clock_question *q = &e->clocks[++e->next_clock % CLOCKS_MAX];
	*q = (struct clock_question){ .number = e->next_clock,
		.viewer = c->serial,
		.hub = hub->serial,
		.n = n,
		.is_clock = is_clock,
		.until_ms = loop_now_ms(e->loop) +
			    (is_clock ? CLOCK_MS : ASK_MS) };
	client_say(hub, json_pack("{ss sI sO}", "t", is_clock ? "clock" : "ask",
			    "n", (json_int_t)q->number, "body", body));
	return ERR_OK;
}

void
clock_answered(struct edge *e, uint32_t number, const char *body)
{
	struct clock_question *q = &e->clocks[number % CLOCKS_MAX];
	struct client *c;

	if (q->number != number || number == 0)
		return;
	q->number = 0;
	if ((c = client_find(e, q->viewer)) != NULL)
		client_say(c,
		    json_pack("{ss sI ss}", "t", q->is_clock ? "clock" : "ask",
			"n", q->n, "body", body));
}

void
clocks_sweep(struct edge *e)
{
	for (size_t i = 0; i < CLOCKS_MAX; i++) {
		struct clock_question *q = &e->clocks[i];
		struct client *c;

		if (q->number == 0 || q->until_ms > loop_now_ms(e->loop))
			continue;
		q->number = 0;
		if ((c = client_find(e, q->viewer)) != NULL)
			viewer_refuse(c, q->n, "later",
			    "The hub did not answer.");
	}
}

/* --- news --- */

void
viewers_tell_home(struct edge *e, const struct id *home)
{
	for (struct client *c = e->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (c->is != CLIENT_VIEWER || !c->welcome ||
		    !id_eq(&c->home, home))
			continue;
		view_open_ask(c); /* its streams may be others now */
		client_say(c, json_pack("{ss}", "t", "home"));
	}
}

void
viewers_tell_online(struct edge *e, const struct live_stream *s)
{
	const char *word = s->writer != NULL ? "online" : "offline";

	for (struct client *c = e->clients, *next; c != NULL; c = next) {
		next = c->next;
		if (c->is == CLIENT_VIEWER && c->welcome &&
		    id_eq(&c->home, &s->home))
			client_say(c, json_pack("{ss so}", "t", word, "stream",
					  json_b64(id_slice(&s->fan.id))));
	}
}

/* --- messages --- */

static enum err
text_take(struct client *c, const json_t *o)
{
	const char *t = json_string_value(json_object_get(o, "t"));
	const json_t *n = json_object_get(o, "n");
	const json_int_t number = json_integer_value(n);

	if (t == NULL)
		return ERR_SYNTAX;
	if (strcmp(t, "hello") == 0)
		return hello_take(c, o);
	if (!c->welcome)
		return ERR_SYNTAX;
	if (strcmp(t, "unwatch") == 0)
		return unwatch_take(c, o);
	if (!json_is_integer(n))
		return ERR_SYNTAX;
	if (strcmp(t, "watch") == 0)
		return watch_take(c, o, number);
	if (strcmp(t, "groups") == 0)
		return groups_take(c, o, number);
	if (strcmp(t, "range") == 0)
		return range_take(c, o, number);
	if (strcmp(t, "clock") == 0)
		return relay_take(c, o, number, true);
	if (strcmp(t, "ask") == 0)
		return relay_take(c, o, number, false);
	return ERR_SYNTAX;
}

static enum err
viewer_message(struct websocket *w, enum ws_opcode kind, struct slice s)
{
	struct client *c = OBJ_OF(w, struct client, ws);
	json_t *o = kind == WS_TEXT && s.len != 0
			? json_loadb((const char *)s.at, s.len,
			      JSON_REJECT_DUPLICATES, NULL)
			: NULL;
	const enum err e = json_is_object(o) ? text_take(c, o) : ERR_SYNTAX;

	json_decref(o);
	return e;
}

static void
pong_came(struct websocket *w)
{
	struct client *c = OBJ_OF(w, struct client, ws);

	conn_deadline(&c->conn, SILENCE_MS);
}

static void
ping_due(struct loop_timer *t)
{
	struct client *c = OBJ_OF(t, struct client, ping);

	(void)!websocket_send(&c->ws, WS_PING, SLICE_LIT(""));
	if (!c->conn.dead)
		(void)!loop_timer_set(c->edge->loop, t, PING_MS, ping_due);
}

static void
viewer_drained(struct conn *conn)
{
	struct client *c = OBJ_OF(conn, struct client, conn);

	for (size_t i = 0; c->watches != NULL && i < WATCHES_MAX; i++) {
		struct watch *w = &c->watches[i];

		if (!w->used || w->view.stream == NULL || !w->view.skipping ||
		    c->conn.dead)
			continue;
		edge_count(c->edge, FACT_groups_skipped);
		client_say(c, json_pack("{ss sI}", "t", "skipped", "slot",
				  (json_int_t)w->view.stream->slot));
	}
}

void
viewer_begin(struct client *c)
{
	c->is = CLIENT_VIEWER;
	websocket_init(&c->ws, &c->conn, true, TEXT_OCTETS_MAX);
	c->ws.message = viewer_message;
	c->ws.pong = pong_came;
	c->conn.drained = viewer_drained;
	conn_deadline(&c->conn, SILENCE_MS);
	(void)!loop_timer_set(c->edge->loop, &c->ping, PING_MS, ping_due);
}

void
viewer_end(struct client *c)
{
	loop_timer_remove(&c->ping);
	for (size_t i = 0; c->watches != NULL && i < WATCHES_MAX; i++)
		watch_end(&c->watches[i]);
	free(c->watches);
	c->watches = NULL;
	websocket_fini(&c->ws);
	octets_wipe(&c->secret, sizeof c->secret);
	if (c->welcome)
		uplink_watched(c->edge, &c->home);
}
