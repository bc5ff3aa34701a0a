/*
 * uplink_test.c - a hub's line without a hub: core is played here, the far
 * end of the line, too. What is taken away from a hub, what there is no room
 * for, and runs of which core has not heard yet.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"
#include "eavesd/edge/disk.h"
#include "os/clock.h"
#include "unit/t.h"

#define WAIT_MS     30000
#define TEXTS_MAX   32
#define RECORD_TEST 160

static const struct id home = { { 1 } }, device = { { 2 } };
static const struct id porch = { { 3 } }, yard = { { 4 } };

static struct edge edge;

/* --- core, as far as edge asks it --- */

static struct {
	struct ipc *side;
	struct id stream[HOME_STREAMS_MAX]; /* of the hub */
	size_t stream_count;
	bool busy; /* a file that is asked for then waits */
	uint32_t segment;
	bool silent; /* about runs: they wait, too */
	uint32_t waiting[RUNS_MAX];
	size_t waiting_count;
	struct run_id run[RUNS_MAX]; /* that it was told of */
	size_t run_count;
} core;

static enum err
uplink_answer(struct ipc *ch, const struct ipc_msg *m)
{
	AUTO_BUF struct buf b;
	struct wr w;

	buf_init(&b, 4096);
	wr_init(&w, &b);
	wr_u8(&w, ERR_OK);
	wr_id(&w, &device);
	wr_id(&w, &home);
	wr_u16(&w, (uint16_t)core.stream_count);
	for (size_t i = 0; i < core.stream_count; i++) {
		wr_id(&w, &core.stream[i]);
		wr_u8(&w, 1);
	}
	T_OK(wr_end(&w));
	return ipc_reply(ch, m->type, m->id, buf_slice(&b), NULL, 0);
}

static enum err
segment_answer(struct ipc *ch, uint32_t id)
{
	uint8_t answer[1 + ID_OCTETS + KEY_OCTETS + 8] = { ERR_OK };
	const int fd = memfd_create("segment", 0);

	assert_true(fd >= 0);
	const enum err e = ipc_reply(ch, MSG_SEGMENT_NEXT, id, SLICE_OF(answer),
	    &fd, 1);
	(void)close(fd);
	return e;
}

static enum err
run_answer(struct ipc *ch, uint32_t id)
{
	static const uint8_t ok = ERR_OK;

	return ipc_reply(ch, MSG_SEGMENT_RUN, id, slice_make(&ok, 1), NULL, 0);
}

static enum err
run_take(struct ipc *ch, const struct ipc_msg *m)
{
	const struct slice run = slice_skip(m->body, 2 * ID_OCTETS);

	assert_true(core.run_count < RUNS_MAX);
	memcpy(core.run[core.run_count++].octets, run.at, RUN_ID_OCTETS);
	if (!core.silent)
		return run_answer(ch, m->id);
	core.waiting[core.waiting_count++] = m->id;
	return ERR_OK;
}

static enum err
core_serve(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ctx;
	switch ((int)m->type) {
	case MSG_UPLINK_OPEN:
		return uplink_answer(ch, m);
	case MSG_SEGMENT_NEXT:
		core.segment = m->id;
		return core.busy ? ERR_OK : segment_answer(ch, m->id);
	case MSG_SEGMENT_RUN:
		return run_take(ch, m);
	default:
		return ERR_OK;
	}
}

static enum err
nobody_serves(void *ctx, struct ipc *ch, struct ipc_msg *m)
{
	(void)ctx;
	(void)ch;
	(void)m;
	return ERR_DENIED;
}

static void
broke(void *ctx, struct ipc *ch)
{
	(void)ctx;
	(void)ch;
	fail();
}

/* --- the line --- */

static struct {
	struct client *near;
	struct conn far;
	struct websocket ws;
	json_t *text[TEXTS_MAX];
	size_t count;
} line;

static void
near_closed(struct conn *c, enum err why)
{
	(void)why;
	edge.clients = NULL;
	uplink_end(OBJ_OF(c, struct client, conn));
}

static enum err
near_input(struct conn *c)
{
	return websocket_input(&OBJ_OF(c, struct client, conn)->ws);
}

static void
far_closed(struct conn *c, enum err why)
{
	(void)c;
	(void)why;
}

static enum err
far_input(struct conn *c)
{
	(void)c;
	return websocket_input(&line.ws);
}

static enum err
far_message(struct websocket *w, enum ws_opcode kind, struct slice s)
{
	(void)w;
	assert_int_equal(kind, WS_TEXT);
	assert_true(line.count < TEXTS_MAX);
	line.text[line.count] = json_loadb((const char *)s.at, s.len, 0, NULL);
	assert_non_null(line.text[line.count++]);
	return ERR_OK;
}

static void
turn(uint64_t until)
{
	assert_true(clock_monotonic_ms() < until);
	T_OK(loop_turn(edge.loop, 1000));
}

/* The first text with that "t" and, unless NULL, about that stream. */
static json_t *
heard(const char *t, const struct id *stream)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;
	struct id of;

	for (size_t i = 0;; i++) {
		while (i == line.count)
			turn(until);
		json_t *o = line.text[i];
		if (o == NULL ||
		    strcmp(json_string_value(json_object_get(o, "t")), t) != 0)
			continue;
		if (stream != NULL &&
		    (!json_id(o, "stream", &of) || !id_eq(&of, stream)))
			continue;
		line.text[i] = NULL;
		return o;
	}
}

static void
say(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	assert_non_null(text);
	T_OK(websocket_send(&line.ws, WS_TEXT, slice_str(text)));
	free(text);
	json_decref(o);
}

static void
open_say(const struct id *stream, bool past)
{
	json_t *o = json_pack("{ss so}", "t", "open", "stream",
	    json_b64(id_slice(stream)));

	if (past)
		assert_int_equal(json_object_set_new(o, "past", json_true()),
		    0);
	say(o);
}

static uint32_t
opened(const struct id *stream, bool past)
{
	open_say(stream, past);
	json_t *o = heard("opened", stream);
	const uint32_t slot = (uint32_t)json_integer_value(
	    json_object_get(o, "slot"));

	json_decref(o);
	return slot;
}

static void
refused(const struct id *stream, bool live, const char *why)
{
	json_t *o = heard("refused", stream);

	assert_int_equal(json_is_true(json_object_get(o, "live")), live);
	assert_string_equal(json_string_value(json_object_get(o, "error")),
	    why);
	json_decref(o);
}

static bool
kept(uint32_t slot)
{
	say(json_pack("{ss sI}", "t", "flush", "slot", (json_int_t)slot));
	json_t *o = heard("kept", NULL);
	const bool is = json_is_true(json_object_get(o, "kept"));

	assert_int_equal(json_integer_value(json_object_get(o, "slot")), slot);
	json_decref(o);
	return is;
}

/* 'H': a run's header, 'k' a key frame, '-' another record. */
static void
record(uint32_t slot, char kind, uint8_t run, uint8_t index)
{
	uint8_t at[4 + RECORD_TEST] = { 0 };
	const size_t clear = 4 + (kind == 'H' ? 103 : 2);

	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(slot >> (24 - 8 * i));
	at[4] = 1;
	at[5] = kind == 'H' ? RECORD_HEADER : kind == 'k' ? RECORD_KEY : 0;
	memset(at + 4 + 15, kind == 'H' ? run : 0, RUN_ID_OCTETS);
	at[clear] = (uint8_t)(0xf0 | index);
	memset(at + clear + 1, run, RUN_ID_OCTETS);
	T_OK(websocket_send(&line.ws, WS_BINARY, SLICE_OF(at)));
}

static void
line_open(void)
{
	static const struct conn_rules rules = { 1u << 20, 1u << 20 };
	struct client *c = calloc(1, sizeof *c);
	int pair[2];

	assert_non_null(c);
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	line.near = edge.clients = c;
	c->edge = &edge;
	c->serial = ++edge.next_serial;
	c->conn.closed = near_closed;
	c->conn.input = near_input;
	T_OK(conn_start(&c->conn, edge.loop, pair[0], NULL, false, &rules));
	uplink_begin(c);
	line.far = (struct conn){ .closed = far_closed, .input = far_input };
	T_OK(conn_start(&line.far, edge.loop, pair[1], NULL, true, &rules));
	line.ws = (struct websocket){ .message = far_message };
	websocket_init(&line.ws, &line.far, false, 65536);
	json_decref(heard("welcome", NULL));
}

static void
line_close(void)
{
	conn_close(&line.near->conn, ERR_CLOSED);
	conn_close(&line.far, ERR_CLOSED);
	websocket_fini(&line.ws);
	for (size_t i = 0; i < line.count; i++)
		json_decref(line.text[i]);
	free(line.near->streams);
	free(line.near);
	memset(&line, 0, sizeof line);
}

static struct ipc *
side_open(int fd, enum ipc_role self, enum ipc_role peer, ipc_serve serve)
{
	const struct ipc_side side = { .self = self,
		.peer = peer,
		.serve = serve,
		.broken = broke };
	struct ipc *ch = ipc_create(edge.loop, fd, &side);

	assert_non_null(ch);
	return ch;
}

static int
begin(void **state)
{
	int ends[2];

	(void)state;
	edge.loop = loop_create();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     ends),
	    0);
	core.side = side_open(ends[0], IPC_CORE, IPC_EDGE, core_serve);
	edge.core = side_open(ends[1], IPC_EDGE, IPC_CORE, nobody_serves);
	edge.disk = disk_create(&edge);
	assert_non_null(edge.disk);
	core.stream[0] = porch;
	core.stream[1] = yard;
	core.stream_count = 2;
	line_open();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	line_close();
	ipc_destroy(core.side);
	ipc_destroy(edge.core);
	edge.core = NULL;
	disk_destroy(edge.disk);
	for (struct live_stream *s = edge.streams, *next; s != NULL; s = next) {
		next = s->next;
		recording_end(&edge, s);
		stream_let_go(&edge, s);
	}
	loop_destroy(edge.loop);
	memset(&edge, 0, sizeof edge);
	memset(&core, 0, sizeof core);
	return 0;
}

/* All that was sent so far is taken: an answer comes after it. */
static void
settle(void)
{
	const struct id nobodys = { { 99 } };

	open_say(&nobodys, true);
	refused(&nobodys, false, "denied");
}

static uint64_t
records(void)
{
	return edge.facts.now[FACT_records];
}

/* --- */

/* By the home, while the line is up: the other one does not notice. */
static void
what_was_taken_away_is_written_no_more(void **state)
{
	(void)state;
	const uint32_t a = opened(&porch, false), b = opened(&yard, false);
	const uint32_t past = opened(&yard, true);

	record(a, 'H', 1, 0);
	record(b, 'H', 2, 0);
	record(past, 'H', 3, 0);
	settle();
	assert_int_equal(records(), 3);
	core.stream_count = 1;
	uplinks_tell_home(&edge, &home);
	json_decref(heard("home", NULL));
	refused(&yard, false, "denied"); /* the newest first */
	refused(&yard, true, "denied");
	assert_null(stream_find(&edge, &yard)->writer);
	/* on its way: it goes nowhere, and the line stays */
	record(b, 'k', 2, 1);
	record(past, 'k', 3, 1);
	assert_false(kept(past));
	recordings_second(&edge); /* it is forgotten */
	assert_null(stream_find(&edge, &yard));
	record(b, 'k', 2, 1);
	assert_false(kept(past));
	open_say(&yard, false);
	refused(&yard, true, "denied");
	open_say(&yard, true);
	refused(&yard, false, "denied");
	assert_int_equal(records(), 3);
	record(a, 'k', 1, 1);
	settle();
	assert_int_equal(records(), 4);
	/* it may be given back */
	core.stream_count = 2;
	uplinks_tell_home(&edge, &home);
	json_decref(heard("home", NULL));
	record(opened(&yard, false), 'H', 4, 0);
	settle();
	assert_int_equal(records(), 5);
}

static void
runs_wait(size_t count)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	while (core.waiting_count < count)
		turn(until);
}

/* Each is found afterwards: a hub hears "kept" when core knows of them all. */
static void
runs_that_begin_before_core_answers_are_told(void **state)
{
	(void)state;
	const uint32_t past = opened(&porch, true);

	core.busy = core.silent = true;
	for (uint8_t run = 1; run <= 4; run++) {
		record(past, 'H', run, 0);
		record(past, 'k', run, 1);
	}
	settle();
	assert_int_equal(core.run_count, 0);
	T_OK(segment_answer(core.side, core.segment));
	runs_wait(3);
	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(core.run[i].octets[0], 2 + i);
	say(json_pack("{ss sI}", "t", "flush", "slot", (json_int_t)past));
	settle();
	recordings_second(&edge); /* said once, while it waits */
	settle();
	assert_int_equal(core.waiting_count, 3);
	for (size_t i = 0; i < 3; i++) {
		struct live_stream *s = stream_of_slot(&edge, past);

		assert_true(s->flush);
		T_OK(run_answer(core.side, core.waiting[i]));
		for (const uint64_t until = clock_monotonic_ms() + WAIT_MS;
		     s->recording->untold_count != 2 - i;)
			turn(until);
	}
	recordings_second(&edge);
	json_t *o = heard("kept", NULL);
	assert_true(json_is_true(json_object_get(o, "kept")));
	json_decref(o);
}

/* A slot that nobody was given is another thing. */
static void
a_slot_of_ones_own_making_ends_the_line(void **state)
{
	(void)state;
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	record(opened(&porch, false) + 1, 'H', 1, 0);
	while (!line.near->conn.dead)
		turn(until);
}

static struct id
numbered(unsigned n)
{
	return (struct id){ { 77, (uint8_t)(n >> 8), (uint8_t)n } };
}

/* Cameras of others, as many as there is room for. */
static void
live_fill(void)
{
	for (unsigned i = 0; edge.stream_count < STREAMS_MAX; i++) {
		const struct id id = numbered(i);

		assert_non_null(stream_take(&edge, &id, &home));
	}
}

/* However many there are, the past has its own room; what is full says so. */
static void
a_full_server_still_takes_what_it_missed(void **state)
{
	(void)state;
	opened(&porch, false);
	live_fill();
	open_say(&yard, false);
	refused(&yard, true, "limit");
	const uint32_t past = opened(&porch, true);
	record(past, 'H', 1, 0);
	record(past, 'k', 1, 1);
	assert_true(kept(past));
	assert_int_equal(edge.past_count, 1);
	for (unsigned i = 0; edge.past_count < STREAMS_PAST_MAX; i++) {
		const struct id id = numbered(i);

		assert_non_null(stream_take_past(&edge, &id, &home));
	}
	open_say(&yard, true);
	refused(&yard, false, "limit");
	/* who has caught up makes room, though his line stays */
	struct live_stream *s = stream_of_slot(&edge, past);
	s->past_ms -= 200000;
	recordings_second(&edge);
	assert_null(stream_of_slot(&edge, past));
	opened(&yard, true);
	assert_false(
	    kept(past)); /* of a hub that was slow: from its beginning */
	opened(&yard, false);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(what_was_taken_away_is_written_no_more),
		TEST(a_full_server_still_takes_what_it_missed),
		TEST(runs_that_begin_before_core_answers_are_told),
		TEST(a_slot_of_ones_own_making_ends_the_line),
	};

	return T_RUN(tests);
}
