#include "hub/uplink.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/codec.h"
#include "hub/rows.h"
#include "model/body.h"
#include "model/json_read.h"
#include "model/run.h"
#include "os/sock.h"
#include "proto/http1.h"

#define TEXT_OCTETS_MAX     ((size_t)96 << 10)
#define OUT_OCTETS_MAX      ((size_t)8 << 20)
#define SILENCE_MS          50000
#define QUESTION_OCTETS_MAX 8192
#define SILENCE_LOOK_MS     5000
#define CLOSE_DENIED        4403
#define AGO_MS_MAX          3600000
/* What is sent and not acknowledged so long: the line is dead. */
#define UNHEARD_MS 8000

void
uplink_init(struct uplink *u, struct loop *loop, const struct server *server,
    const struct hub_keys *keys)
{
	u->loop = loop;
	u->server = server;
	u->keys = keys;
	u->state = UPLINK_DOWN;
	u->fini = u->websocket = false;
	u->silence = (struct loop_timer){ 0 };
	u->answer_ms = UPLINK_ANSWER_MS;
	buf_init(&u->frame, RUN_RECORD_MAX + 4);
}

void
uplink_fini(struct uplink *u)
{
	u->fini = true;
	uplink_close(u);
	buf_fini(&u->frame);
}

void
uplink_close(struct uplink *u)
{
	if (u->state != UPLINK_DOWN)
		conn_close(&u->conn, ERR_CLOSED);
}

static void
conn_closed(struct conn *c, enum err why)
{
	struct uplink *u = OBJ_OF(c, struct uplink, conn);

	loop_timer_remove(&u->silence);
	u->state = UPLINK_DOWN;
	if (u->websocket)
		websocket_fini(&u->ws);
	u->websocket = false;
	memset(u->stream, 0, sizeof u->stream);
	if (!u->fini)
		u->down(u, why);
}

static void silence_look(struct loop_timer *t);

void
uplink_give_up(struct uplink *u)
{
	if (u->state != UPLINK_DOWN)
		conn_close(&u->conn, ERR_TIMEOUT);
}

/* Whether a stream that was asked for waits for too long. */
static bool
is_unanswered(const struct uplink *u)
{
	const uint64_t now_ms = loop_now_ms(u->loop);

	for (size_t i = 0; i < UPLINK_STREAMS_MAX; i++) {
		const struct uplink_stream *s = &u->stream[i];
		if (s->asked && !s->opened &&
		    now_ms - s->asked_ms > u->answer_ms)
			return true;
	}
	return false;
}

static enum err
silence_set(struct uplink *u)
{
	return loop_timer_set(u->loop, &u->silence,
	    u->answer_ms < SILENCE_LOOK_MS ? u->answer_ms : SILENCE_LOOK_MS,
	    silence_look);
}

/*
 * A server that said nothing, not even a ping, is gone; one that pings and
 * answers nothing would hold up for ever what waits for its answer.
 */
static void
silence_look(struct loop_timer *t)
{
	struct uplink *u = OBJ_OF(t, struct uplink, silence);

	if (loop_now_ms(u->loop) - u->heard_ms > SILENCE_MS ||
	    is_unanswered(u) || silence_set(u) != ERR_OK)
		conn_close(&u->conn, ERR_TIMEOUT);
}

static void
say(struct uplink *u, json_t *j)
{
	AUTO_BUF struct buf text;

	buf_init(&text, TEXT_OCTETS_MAX);
	if (body_put(j, &text) != ERR_OK ||
	    websocket_send(&u->ws, WS_TEXT, buf_slice(&text)) != ERR_OK)
		conn_close(&u->conn, ERR_LIMIT);
}

/* --- what the server says --- */

static enum err
welcome_take(struct uplink *u, struct json_in *in)
{
	struct id device, home;
	enum err e;

	json_in_id(in, "device", &device);
	json_in_id(in, "home", &home);
	(void)json_in_array(in, "streams", 256);
	if ((e = json_in_end(in)) != ERR_OK)
		return e;
	if (u->state != UPLINK_GREETING)
		return ERR_SYNTAX;
	u->state = UPLINK_UP;
	u->up(u, &home);
	return ERR_OK;
}

static enum err
opened_take(struct uplink *u, struct json_in *in)
{
	struct id stream;
	enum err e;

	json_in_id(in, "stream", &stream);
	const uint32_t slot = (uint32_t)json_in_number(in, "slot", UINT32_MAX);
	const bool past = json_object_get(in->object, "past") != NULL &&
			  json_in_bool(in, "past");
	if ((e = json_in_end(in)) != ERR_OK)
		return e;
	if (past) {
		u->past_opened(u, slot);
		return ERR_OK;
	}
	for (size_t i = 0; i < UPLINK_STREAMS_MAX; i++) {
		struct uplink_stream *s = &u->stream[i];
		if (!s->asked || s->opened || !id_eq(&stream, &s->id))
			continue;
		s->opened = true;
		s->slot = slot;
		u->opened(u, i);
		return ERR_OK;
	}
	return ERR_SYNTAX;
}

static enum err
question_take(struct uplink *u, struct json_in *in,
    void (*take)(struct uplink *u, json_int_t n, struct slice question))
{
	AUTO_BUF struct buf question;
	enum err e;

	buf_init(&question, QUESTION_OCTETS_MAX);
	const json_int_t n = (json_int_t)json_in_number(in, "n", INT64_MAX);
	json_in_buf(in, "body", &question);
	if ((e = json_in_end(in)) == ERR_OK)
		take(u, n, buf_slice(&question));
	return e;
}

/* One that was shut meanwhile is nobody's. */
static void
live_refused(struct uplink *u, const struct id *stream)
{
	for (size_t i = 0; i < UPLINK_STREAMS_MAX; i++) {
		struct uplink_stream *s = &u->stream[i];
		if (!s->asked || !id_eq(stream, &s->id))
			continue;
		*s = (struct uplink_stream){ 0 };
		u->refused(u, i);
		return;
	}
}

static enum err
refused_take(struct uplink *u, struct json_in *in)
{
	struct id stream;
	enum err e;

	json_in_id(in, "stream", &stream);
	const bool for_good = slice_eq(json_in_text(in, "error", 16),
	    SLICE_LIT("denied"));
	const bool live = json_object_get(in->object, "live") != NULL &&
			  json_in_bool(in, "live");
	if ((e = json_in_end(in)) != ERR_OK)
		return e;
	if (live)
		live_refused(u, &stream);
	else
		u->past_refused(u, &stream, for_good);
	return ERR_OK;
}

static enum err
recording_take(struct uplink *u, struct json_in *in)
{
	struct id stream;
	enum err e;

	json_in_id(in, "stream", &stream);
	const bool on = json_in_bool(in, "on");
	const uint64_t ago_ms = json_in_number(in, "ago", AGO_MS_MAX);
	if ((e = json_in_end(in)) == ERR_OK)
		u->recording(u, &stream, on, ago_ms);
	return e;
}

static enum err
kept_take(struct uplink *u, struct json_in *in)
{
	enum err e;

	(void)json_in_number(in, "slot", UINT32_MAX);
	const bool kept = json_in_bool(in, "kept");
	if ((e = json_in_end(in)) == ERR_OK)
		u->kept(u, kept);
	return e;
}

/* What it was not given for good: no room, nobody there. */
static bool
is_for_now(const char *error)
{
	static const enum err now[] = { ERR_LIMIT, ERR_IO, ERR_NOMEM, ERR_AGAIN,
		ERR_CLOSED, ERR_TIMEOUT };

	for (size_t i = 0; i < COUNT(now); i++)
		if (strcmp(error, err_name(now[i])) == 0)
			return true;
	return false;
}

static enum err
row_take(struct uplink *u, struct json_in *in)
{
	const uint64_t n = json_in_number(in, "n", INT64_MAX);
	const bool taken = json_is_null(json_object_get(in->object, "error"));
	const char *why = json_string_value(
	    json_object_get(in->object, "error"));
	enum err e;

	(void)json_in_get(in, "error", taken ? JSON_NULL : JSON_STRING);
	if ((e = json_in_end(in)) == ERR_OK)
		u->row(u, n,
		    taken             ? UPLINK_ROW_TAKEN
		    : is_for_now(why) ? UPLINK_ROW_LATER
				      : UPLINK_ROW_REFUSED);
	return e;
}

static enum err
text_take(struct uplink *u, json_t *root)
{
	struct json_in in;
	enum err e;

	json_in_init(&in, root);
	const struct slice t = json_in_text(&in, "t", 16);
	if (slice_eq(t, SLICE_LIT("welcome")))
		return welcome_take(u, &in);
	if (slice_eq(t, SLICE_LIT("opened")))
		return opened_take(u, &in);
	if (slice_eq(t, SLICE_LIT("clock")))
		return question_take(u, &in, u->clock);
	if (slice_eq(t, SLICE_LIT("ask")))
		return question_take(u, &in, u->command);
	if (slice_eq(t, SLICE_LIT("kept")))
		return kept_take(u, &in);
	if (slice_eq(t, SLICE_LIT("refused")))
		return refused_take(u, &in);
	if (slice_eq(t, SLICE_LIT("recording")))
		return recording_take(u, &in);
	if (slice_eq(t, SLICE_LIT("row")))
		return row_take(u, &in);
	if (slice_eq(t, SLICE_LIT("home"))) {
		u->told(u);
		return json_in_end(&in);
	}
	if (slice_eq(t, SLICE_LIT("watched"))) {
		const bool on = json_in_bool(&in, "on");
		if ((e = json_in_end(&in)) == ERR_OK)
			u->watched(u, on);
		return e;
	}
	return ERR_OK; /* what a newer server says and we do not know */
}

static enum err
message_take(struct websocket *w, enum ws_opcode kind, struct slice octets)
{
	struct uplink *u = OBJ_OF(w, struct uplink, ws);
	json_t *root;
	enum err e;

	if (kind != WS_TEXT)
		return ERR_SYNTAX;
	if ((e = json_text_parse(octets, TEXT_OCTETS_MAX, &root)) != ERR_OK)
		return e;
	e = text_take(u, root);
	json_decref(root);
	return e;
}

/* --- from a connection to a WebSocket --- */

static void
upgrade_ask(struct uplink *u)
{
	uint8_t nonce[16];
	char key[32], head[512];
	size_t n = 0;

	octets_random(nonce, sizeof nonce);
	/* base64 with padding, as RFC 6455 wants; 16 octets end in two '=' */
	b64_encode(SLICE_OF(nonce), key);
	for (n = 0; key[n] != '\0'; n++)
		key[n] = key[n] == '-' ? '+' : key[n] == '_' ? '/' : key[n];
	memcpy(key + n, "==", 3);
	ws_accept(slice_str(key), u->accept);
	const int len = snprintf(head, sizeof head,
	    "GET /device/uplink HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: eaves.uplink.1\r\n"
	    "Sec-WebSocket-Key: %s\r\n\r\n",
	    u->server->host, key);
	if (len < 0 || (size_t)len >= sizeof head ||
	    conn_send(&u->conn, slice_make(head, (size_t)len)) != ERR_OK)
		conn_close(&u->conn, ERR_IO);
}

static enum err
upgrade_take(struct uplink *u)
{
	struct http_head head;
	enum err e;

	if ((e = http_response_parse(buf_slice(&u->conn.in), &head)) != ERR_OK)
		return e == ERR_MORE ? ERR_OK : e;
	if (head.status == 403)
		return ERR_DENIED;
	if (head.status != 101 ||
	    !http_is(http_field(&head, "Sec-WebSocket-Accept"), u->accept) ||
	    !http_is(http_field(&head, "Sec-WebSocket-Protocol"),
		"eaves.uplink.1"))
		return ERR_SYNTAX;
	buf_consume(&u->conn.in, head.octets);
	u->ws = (struct websocket){ .message = message_take };
	websocket_init(&u->ws, &u->conn, false, TEXT_OCTETS_MAX);
	u->websocket = true;
	u->state = UPLINK_GREETING;
	return ERR_OK;
}

/* A close frame carries a code; 4403 says that we are not known here. */
static bool
denied(const struct conn *c)
{
	const struct slice in = buf_slice(&c->in);

	return in.len >= 4 && in.at[0] == (0x80 | WS_CLOSE) &&
	       (in.at[1] & 0x7f) >= 2 &&
	       slice_be(slice_skip(in, 2), 2) == CLOSE_DENIED;
}

static enum err
conn_input(struct conn *c)
{
	struct uplink *u = OBJ_OF(c, struct uplink, conn);
	enum err e;

	u->heard_ms = loop_now_ms(u->loop);
	if (u->state == UPLINK_UPGRADING && (e = upgrade_take(u)) != ERR_OK)
		return e;
	if (u->state == UPLINK_UPGRADING)
		return ERR_OK;
	if (u->state == UPLINK_GREETING && denied(c))
		return ERR_DENIED;
	return websocket_input(&u->ws);
}

static void
conn_opened(struct conn *c)
{
	struct uplink *u = OBJ_OF(c, struct uplink, conn);

	if (server_check(u->server, c) != ERR_OK)
		conn_close(c, ERR_CRYPTO);
	else
		upgrade_ask(u);
}

void
uplink_connected(struct uplink *u, int fd)
{
	const struct conn_rules rules = {
		.in_octets_max = 2 * TEXT_OCTETS_MAX,
		.out_octets_max = OUT_OCTETS_MAX,
	};

	assert(u->state == UPLINK_DOWN);
	u->conn = (struct conn){ .opened = conn_opened,
		.input = conn_input,
		.closed = conn_closed };
	u->state = UPLINK_UPGRADING;
	u->heard_ms = loop_now_ms(u->loop);
	sock_unheard_limit(fd, UNHEARD_MS);
	enum err e = conn_start(&u->conn, u->loop, fd, u->server->tls, true,
	    &rules);
	if (e != ERR_OK) {
		u->state = UPLINK_DOWN;
		u->down(u, e);
	} else if (silence_set(u) != ERR_OK) {
		conn_close(&u->conn, ERR_NOMEM);
	}
}

/* --- what we say --- */

void
uplink_open(struct uplink *u, size_t n, const struct id *stream)
{
	struct uplink_stream *s = &u->stream[n];

	if (u->state != UPLINK_UP || s->asked)
		return;
	s->asked = true;
	s->asked_ms = loop_now_ms(u->loop);
	s->id = *stream;
	say(u, json_pack("{s:s,s:o}", "t", "open", "stream", body_id(stream)));
}

void
uplink_shut(struct uplink *u, size_t n)
{
	u->stream[n] = (struct uplink_stream){ 0 };
}

enum err
uplink_past_record(struct uplink *u, uint32_t slot, struct slice record)
{
	struct wr w;
	enum err e;

	if (u->state != UPLINK_UP)
		return ERR_CLOSED;
	buf_clear(&u->frame);
	wr_init(&w, &u->frame);
	wr_u32(&w, slot);
	wr_octets(&w, record);
	if ((e = wr_end(&w)) == ERR_OK)
		e = websocket_send(&u->ws, WS_BINARY, buf_slice(&u->frame));
	return e;
}

enum err
uplink_record(struct uplink *u, size_t n, struct slice record)
{
	const struct uplink_stream *s = &u->stream[n];

	return s->opened ? uplink_past_record(u, s->slot, record) : ERR_CLOSED;
}

void
uplink_past_open(struct uplink *u, const struct id *stream)
{
	if (u->state == UPLINK_UP)
		say(u, json_pack("{s:s,s:o,s:b}", "t", "open", "stream",
			   body_id(stream), "past", true));
}

void
uplink_past_flush(struct uplink *u, uint32_t slot)
{
	if (u->state == UPLINK_UP)
		say(u, json_pack("{s:s,s:I}", "t", "flush", "slot",
			   (json_int_t)slot));
}

void
uplink_row(struct uplink *u, const struct row_wait *row)
{
	if (u->state == UPLINK_UP)
		say(u, json_pack("{s:s,s:I,s:o,s:i,s:o,s:I,s:I,s:o}", "t",
			   "row", "n", (json_int_t)row->number, "stream",
			   body_id(&row->stream), "class", row->class, "run",
			   body_b64(SLICE_OF(row->run.octets)), "index",
			   (json_int_t)row->index, "day", (json_int_t)row->day,
			   "sealed", body_b64(buf_slice(&row->octets))));
}

size_t
uplink_frames(const struct uplink *u)
{
	return u->state == UPLINK_UP ? u->conn.queue_count : 0;
}

size_t
uplink_backlog(const struct uplink *u)
{
	return u->state == UPLINK_UP ? conn_queued(&u->conn) : 0;
}

void
uplink_heads(struct uplink *u, struct slice sealed)
{
	if (u->state == UPLINK_UP)
		say(u, json_pack("{s:s,s:o}", "t", "heads", "body",
			   body_b64(sealed)));
}

void
uplink_clock(struct uplink *u, json_int_t n, struct slice reply)
{
	if (u->state == UPLINK_UP)
		say(u, json_pack("{s:s,s:I,s:o}", "t", "clock", "n", n, "body",
			   body_b64(reply)));
}

void
uplink_reply(struct uplink *u, json_int_t n, struct slice sealed)
{
	if (u->state == UPLINK_UP)
		say(u, json_pack("{s:s,s:I,s:o}", "t", "ask", "n", n, "body",
			   body_b64(sealed)));
}
