/*
 * line_test.c - a hub and a server that is played here: one that refuses, says
 * nothing, or says again and again that it did not keep what it was sent. The
 * hub loses nothing by it, and is not kept busy.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/codec.h"
#include "crypto/x509.h"
#include "hub/hub.h"
#include "model/body.h"
#include "model/run.h"
#include "os/clock.h"
#include "proto/http1.h"
#include "unit/t.h"

#define WAIT_MS   30000
#define TEXTS_MAX 64
/* A writer of the spool that is no camera's: it begins files by itself. */
#define WRITER (SPOOL_WRITERS_MAX - 1)

static struct hub *hub;
static struct hub_keys keys;
static struct people people;
static char folder[64];
static int channel[2];

/* The server's end. */
static struct {
	SSL_CTX *tls;
	struct conn conn;
	struct websocket ws;
	bool upgraded, closed;
	json_t *text[TEXTS_MAX];
	size_t count;
	uint64_t octets; /* of records */
} far;

static struct id *
stream_of(enum track_kind as)
{
	return &keys.camera[0].stream[as];
}

static size_t
number_of(enum track_kind as)
{
	return as;
}

/* --- the server's end --- */

static void
far_say(json_t *o)
{
	AUTO_BUF struct buf text;

	buf_init(&text, 4096);
	T_OK(body_put(o, &text));
	T_OK(websocket_send(&far.ws, WS_TEXT, buf_slice(&text)));
}

static enum err
far_message(struct websocket *w, enum ws_opcode kind, struct slice s)
{
	(void)w;
	if (kind == WS_BINARY) {
		far.octets += s.len;
		return ERR_OK;
	}
	assert_true(far.count < TEXTS_MAX);
	far.text[far.count] = json_loadb((const char *)s.at, s.len, 0, NULL);
	assert_non_null(far.text[far.count++]);
	return ERR_OK;
}

static void
far_upgrade(struct conn *c, const struct http_head *head)
{
	char accept[WS_ACCEPT_OCTETS + 1], answer[512];

	ws_accept(http_field(head, "Sec-WebSocket-Key"), accept);
	const int n = snprintf(answer, sizeof answer,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
	    "Sec-WebSocket-Protocol: eaves.uplink.1\r\n\r\n",
	    accept);
	T_OK(conn_send(c, slice_make(answer, (size_t)n)));
	buf_consume(&c->in, head->octets);
	far.ws = (struct websocket){ .message = far_message };
	websocket_init(&far.ws, c, true, RUN_RECORD_MAX + 4);
	far.upgraded = true;
	far_say(json_pack("{s:s,s:o,s:o,s:[]}", "t", "welcome", "device",
	    body_id(&keys.hub), "home", body_id(&hub->home.home), "streams"));
}

static enum err
far_input(struct conn *c)
{
	struct http_head head;

	if (!far.upgraded) {
		const enum err e = http_request_parse(buf_slice(&c->in), &head);
		if (e == ERR_MORE)
			return ERR_OK;
		T_OK(e);
		far_upgrade(c, &head);
	}
	return websocket_input(&far.ws);
}

static void
far_closed(struct conn *c, enum err why)
{
	(void)c;
	(void)why;
	far.closed = true;
}

static void
turn(uint64_t until)
{
	assert_true(clock_monotonic_ms() < until);
	T_OK(loop_turn(hub->loop, 1000));
}

/* The next text with that "t"; others before it are passed over. */
static json_t *
heard(const char *t)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	for (size_t i = 0;; i++) {
		while (i == far.count)
			turn(until);
		json_t *o = far.text[i];
		far.text[i] = NULL;
		if (o != NULL &&
		    strcmp(json_string_value(json_object_get(o, "t")), t) == 0)
			return o;
		json_decref(o);
	}
}

/* It asks to write that stream, live or of the past. */
static void
asks(enum track_kind as, bool past)
{
	for (;;) {
		json_t *o = heard("open");
		struct id id;

		T_OK(b64_decode_exactly(slice_str(json_string_value(
					    json_object_get(o, "stream"))),
		    id.octets, sizeof id.octets));
		const bool is_past = json_is_true(json_object_get(o, "past"));
		json_decref(o);
		if (id_eq(&id, stream_of(as)) && is_past == past)
			return;
	}
}

static void
opened_say(enum track_kind as, bool past, uint32_t slot)
{
	json_t *o = json_pack("{s:s,s:o,s:I}", "t", "opened", "stream",
	    body_id(stream_of(as)), "slot", (json_int_t)slot);

	if (past)
		(void)json_object_set_new(o, "past", json_true());
	far_say(o);
}

static void
refused_say(enum track_kind as, bool live, const char *why)
{
	json_t *o = json_pack("{s:s,s:o,s:s}", "t", "refused", "stream",
	    body_id(stream_of(as)), "error", why);

	if (live)
		(void)json_object_set_new(o, "live", json_true());
	far_say(o);
}

/* Until all that was said to the hub has been taken. */
static void
settle(void)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;
	const bool was = hub->watched;

	far_say(json_pack("{s:s,s:b}", "t", "watched", "on", !was));
	while (hub->watched == was)
		turn(until);
}

/* --- both --- */

static void
identity_make(enum tls_kind kind, uint8_t spki[static 32], SSL_CTX **ret)
{
	AUTO_BUF struct buf key, cert;

	buf_init(&key, 4096);
	buf_init(&cert, 4096);
	T_OK(p256_make(&key));
	T_OK(certificate_make(buf_slice(&key), clock_day(), 2, &cert));
	T_OK(key_spki_hash(buf_slice(&key), spki));
	T_OK(tls_context(kind, buf_slice(&cert), buf_slice(&key), ret));
}

static void
line_begin(void)
{
	static const struct conn_rules rules = { 8u << 20, 1u << 20 };
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	far.upgraded = far.closed = false;
	far.conn = (struct conn){ .closed = far_closed, .input = far_input };
	T_OK(conn_start(&far.conn, hub->loop, pair[0], far.tls, false, &rules));
	uplink_connected(&hub->uplink, pair[1]);
	while (hub->uplink.state != UPLINK_UP)
		turn(until);
}

static void
texts_drop(void)
{
	for (size_t i = 0; i < far.count; i++)
		json_decref(far.text[i]);
	far.count = 0;
}

static void
line_end(void)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	uplink_close(&hub->uplink);
	while (!far.closed)
		turn(until);
	if (far.upgraded)
		websocket_fini(&far.ws);
	texts_drop();
}

/* The household lists this hub and its camera, or not any more. */
static void
camera_list(bool on)
{
	struct thing *t = &people.thing[0];

	*t = (struct thing){ .id = keys.camera[0].thing, .hub = keys.hub };
	for (enum track_kind as = TRACK_MAIN; as < TRACK__MAX; as++)
		t->stream[t->stream_count++] = (struct people_stream){
			keys.camera[0].stream[as],
			as == TRACK_INDEX ? RUN_STATE : RUN_MEDIA, as
		};
	people.thing_count = on;
}

static void
home_make(void)
{
	static const struct key seed = { { 7 } };

	octets_random(&keys.hub, sizeof keys.hub);
	octets_random(keys.camera, sizeof keys.camera);
	octets_random(&keys.kx, sizeof keys.kx);
	kx_public(&keys.kx, keys.kx_public);
	sign_pair_make(&seed, &keys.sign);
	hub_home_init(&hub->home);
	hub->home.told = true;
	hub->home.home = (struct id){ { 1 } };
	hub->home.directory.version = 3;
	hub->home.directory.people = &people;
	people = (struct people){ .hub_count = 1 };
	people.hub[0].id = keys.hub;
	memcpy(people.hub[0].sign, keys.sign.public, SIGN_PUBLIC_OCTETS);
	memcpy(people.hub[0].kx, keys.kx_public, KX_OCTETS);
	camera_list(true);
}

static int
begin(void **state)
{
	(void)state;
	hub = calloc(1, sizeof *hub);
	assert_non_null(hub);
	strcpy(folder, "/tmp/eaves-line.XXXXXX");
	assert_non_null(mkdtemp(folder));
	hub->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(hub->folder_fd >= 0);
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     channel),
	    0);
	hub->loop = loop_create();
	hub->keys = &keys;
	hub->channel.fd = channel[0];
	hub->step = STEP_HOME; /* what the others do is not looked at */
	hub->settings.spool_octets = (uint64_t)64 << 20;
	hub->settings.camera_count = 1;
	home_make();
	(void)snprintf(hub->server.host, sizeof hub->server.host, "there");
	identity_make(TLS_DEVICE, hub->server.pin, &far.tls);
	identity_make(TLS_CLIENT, keys.spki, &hub->server.tls);
	T_OK(hub_streams_init(hub));
	return 0;
}

static int
end(void **state)
{
	char command[96];

	(void)state;
	line_end();
	hub_streams_fini(hub);
	SSL_CTX_free(far.tls);
	SSL_CTX_free(hub->server.tls);
	hub->home.directory.people = NULL;
	hub_home_fini(&hub->home);
	loop_destroy(hub->loop);
	(void)close(hub->folder_fd);
	(void)close(channel[0]);
	(void)close(channel[1]);
	free(hub);
	memset(&far, 0, sizeof far);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

/* A file of the main stream's past: a header and some groups of 100 KiB. */
static void
spool_some(uint8_t run, unsigned groups)
{
	static uint8_t at[100 << 10];

	for (unsigned i = 0; i <= groups; i++) {
		const size_t clear = i == 0 ? 103 : 2;
		memset(at, 0x5a, sizeof at);
		at[0] = 1;
		at[1] = i == 0 ? RUN_HEADER : RUN_KEY;
		memset(at + 15, run, i == 0 ? RUN_ID_OCTETS : 0);
		at[clear] = (uint8_t)(0xf0 | (i < 8 ? i : 8));
		memset(at + clear + 1, run, RUN_ID_OCTETS);
		at[clear + 9] = (uint8_t)i;
		T_OK(spool_record(&hub->spool, WRITER, stream_of(TRACK_MAIN),
		    at[1], slice_make(at, i == 0 ? 200 : sizeof at)));
	}
	spool_end(&hub->spool, WRITER);
}

/* --- */

/* One stream of the line; what the household lists is kept here meanwhile. */
static void
a_live_stream_that_is_refused_goes_to_the_spool(void **state)
{
	const struct hub_way *w = &hub->way[number_of(TRACK_MAIN)];
	const struct hub_way *sub = &hub->way[number_of(TRACK_SUB)];
	const struct camera *c = &hub->camera[0];

	(void)state;
	line_begin();
	asks(TRACK_MAIN, false);
	asks(TRACK_SUB, false);
	opened_say(TRACK_MAIN, false, 5);
	opened_say(TRACK_SUB, false, 6);
	settle();
	assert_false(w->spooling || sub->spooling || c->cut);
	/* as of a camera that was added while the line was there */
	hub->feed[0].started = false;
	refused_say(TRACK_MAIN, true, "denied");
	settle();
	assert_true(w->spooling && c->track[TRACK_MAIN].open && c->cut);
	assert_true(hub->feed[0].started);
	assert_false(sub->spooling);
	assert_true(c->track[TRACK_SUB].open);
	assert_int_equal(hub->uplink.state, UPLINK_UP);
	/* after a while it is asked for again */
	assert_true(hub->open_again_ms > loop_now_ms(hub->loop));
	hub->open_again_ms = loop_now_ms(hub->loop);
	asks(TRACK_MAIN, false);
	opened_say(TRACK_MAIN, false, 7);
	settle();
	assert_false(w->spooling || c->cut);
	assert_true(c->track[TRACK_MAIN].open);
	/* of a camera that was removed nothing is kept */
	camera_list(false);
	refused_say(TRACK_MAIN, true, "denied");
	settle();
	assert_false(w->spooling || c->track[TRACK_MAIN].open);
}

/* While it is being sent, too: the household says whether it is dropped. */
static void
what_is_refused_on_its_way_waits_or_goes(void **state)
{
	(void)state;
	spool_some(1, 3);
	line_begin();
	asks(TRACK_MAIN, true);
	opened_say(TRACK_MAIN, true, 9);
	json_decref(heard("flush"));
	refused_say(TRACK_MAIN, false, "denied");
	settle();
	assert_int_equal(hub->spool.count, 1);
	assert_true(hub->spool.first->passed);
	line_end();
	camera_list(false);
	line_begin();
	asks(TRACK_MAIN, true);
	opened_say(TRACK_MAIN, true, 9);
	json_decref(heard("flush"));
	refused_say(TRACK_SUB, false, "denied"); /* of another one */
	settle();
	assert_int_equal(hub->spool.count, 1);
	/* no room for it: it is told, and asked again */
	hub->catching.rest_ms = 1;
	refused_say(TRACK_MAIN, false, "limit");
	asks(TRACK_MAIN, true);
	assert_true(hub->catching.waits_told);
	assert_int_equal(hub->spool.count, 1);
	refused_say(TRACK_MAIN, false, "denied");
	settle();
	assert_int_equal(hub->spool.count, 0);
}

static void
line_breaks(void)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	while (!far.closed)
		turn(until);
	assert_int_equal(hub->uplink.state, UPLINK_DOWN);
	line_end();
}

/* It pings, says this and that, and holds up what waits for its answer. */
static void
a_server_that_does_not_answer_is_left(void **state)
{
	(void)state;
	spool_some(1, 3);
	hub->uplink.answer_ms = 50;
	line_begin(); /* live streams are not opened */
	line_breaks();
	camera_list(false); /* none is asked for */
	line_begin();
	asks(TRACK_MAIN, true);
	line_breaks();
	line_begin();
	asks(TRACK_MAIN, true);
	opened_say(TRACK_MAIN, true, 9);
	json_decref(heard("flush"));
	line_breaks();
	/* nothing is lost by it, and one that answers has it all */
	hub->uplink.answer_ms = UPLINK_ANSWER_MS;
	line_begin();
	asks(TRACK_MAIN, true);
	opened_say(TRACK_MAIN, true, 9);
	far.octets = 0;
	json_decref(heard("flush"));
	assert_true(far.octets > 3 * (100 << 10));
	assert_int_equal(hub->spool.count, 1);
	far_say(json_pack("{s:s,s:i,s:b}", "t", "kept", "slot", 9, "kept", 1));
	settle();
	assert_int_equal(hub->spool.count, 0);
}

static void
kept_say(bool kept)
{
	far_say(
	    json_pack("{s:s,s:i,s:b}", "t", "kept", "slot", 9, "kept", kept));
}

/* What is left of the file that is sent next. */
static void
file_takes(bool some, bool kept)
{
	asks(TRACK_MAIN, true);
	opened_say(TRACK_MAIN, true, 9);
	json_decref(heard("flush"));
	if (some) {
		kept_say(true);
		json_decref(heard("flush"));
	}
	kept_say(kept);
	settle();
}

static uint64_t
rests_ms(void)
{
	return hub->catching.timer.due_ms - loop_now_ms(hub->loop);
}

static void
row_refuse(const char *why)
{
	json_t *o = heard("row");

	far_say(json_pack("{s:s,s:O,s:s}", "t", "row", "n",
	    json_object_get(o, "n"), "error", why));
	json_decref(o);
	settle();
}

/* An hour of an index: the household says whether it is nobody's any more. */
static void
a_refused_row_of_a_listed_camera_stays(void **state)
{
	static const uint8_t octets[1024] = { 1 };
	const struct index_row row = { .run = { { 3 } },
		.index = 1,
		.day = clock_day(),
		.octets = SLICE_OF(octets) };

	(void)state;
	rows_clear(&hub->rows);
	T_OK(rows_add(&hub->rows, stream_of(TRACK_INDEX), &row));
	line_begin();
	row_refuse("DENIED");
	assert_int_equal(hub->rows.count, 1);
	line_end();
	line_begin(); /* and is sent again */
	row_refuse("DENIED");
	assert_int_equal(hub->rows.count, 1);
	line_end();
	camera_list(false);
	line_begin();
	row_refuse("LIMIT"); /* for now alone */
	assert_int_equal(hub->rows.count, 1);
	line_end();
	hub->rows_rest_ms = 0;
	line_begin();
	row_refuse("DENIED");
	assert_int_equal(hub->rows.count, 0);
}

/* First a piece of it, then not: as often as the hub sends it. */
static void
what_is_never_kept_is_not_sent_for_ever(void **state)
{
	const struct catching *c = &hub->catching;

	(void)state;
	camera_list(false);
	spool_some(1, 12);
	spool_some(2, 3);
	line_begin();
	hub->catching.rest_ms = 1;
	for (unsigned i = 0; i < 4; i++)
		file_takes(true, false);
	/* the next one has a chance, then it rests for long */
	file_takes(false, false);
	assert_int_equal(c->state, CATCHING_IDLE);
	assert_in_range(rests_ms(), 200000, 300000);
	assert_int_equal(hub->spool.count, 2);
	/* and goes on where something is kept */
	c->timer.due(&hub->catching.timer);
	file_takes(false, true);
	assert_int_equal(hub->spool.count, 1);
	assert_int_equal(c->again, 0);
	assert_in_range(rests_ms(), 0, 1000);
	hub->catching.anew_ms = 0; /* as later */
	file_takes(true, false);
	assert_true(hub->spool.first->passed);
	hub->catching.anew_ms = 0;
	file_takes(true, true);
	assert_int_equal(hub->spool.count, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_live_stream_that_is_refused_goes_to_the_spool),
		TEST(what_is_refused_on_its_way_waits_or_goes),
		TEST(a_server_that_does_not_answer_is_left),
		TEST(a_refused_row_of_a_listed_camera_stays),
		TEST(what_is_never_kept_is_not_sent_for_ever),
	};

	if (crypto_init() != ERR_OK)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	return T_RUN(tests);
}
