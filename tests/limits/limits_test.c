/*
 * limits_test.c - what an account, a home, a stream or a stranger can make
 * the server keep has an end, and the one who comes to it is told so.
 *
 *   limits_test EAVESD
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"
#include "crypto/names.h"
#include "crypto/x509.h"
#include "model/body.h"
#include "net/tls.h"
#include "os/clock.h"
#include "proto/http1.h"
#include "unit/app.h"
#include "unit/program.h"
#include "unit/t.h"

/* as in src/eavesd/core */
#define SESSIONS       32
#define HOMES          8
#define OPENS          256
#define GRANTS         64
#define DEVICES        32
#define WRITES         256
#define ROWS           1024
#define SERVER_DEVICES 256

static const char *eavesd_path;
static struct child eavesd;
static struct app app;
static uint16_t device_port;
static char folder[64];
static uint64_t version = 1; /* of the home's list */
static struct id log_stream, state_stream;
static struct id first_hub, last_grant;
static unsigned opens = 1; /* home tickets; the sign-up took one */

/* --- a device that is a key and nothing else --- */

struct stranger {
	SSL_CTX *tls;
	uint8_t spki[SHA256_OCTETS];
	struct buf csr;
};

static void
stranger_make(struct stranger *s)
{
	AUTO_BUF struct buf key, cert;

	buf_init(&key, 4096);
	buf_init(&cert, 4096);
	buf_init(&s->csr, CSR_OCTETS_MAX);
	T_OK(p256_make(&key));
	T_OK(certificate_make(buf_slice(&key), clock_day(), 2, &cert));
	T_OK(csr_make(buf_slice(&key), &s->csr));
	T_OK(key_spki_hash(buf_slice(&key), s->spki));
	T_OK(tls_context(TLS_CLIENT, buf_slice(&cert), buf_slice(&key),
	    &s->tls));
}

static void
stranger_end(struct stranger *s)
{
	SSL_CTX_free(s->tls);
	buf_fini(&s->csr);
}

static unsigned
device_ask(const struct stranger *s, const char *path, json_t *body)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(device_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = SSL_new(s->tls);
	AUTO_BUF struct buf text, in;
	struct http_head head;
	char line[4096];

	buf_init(&text, 2048);
	buf_init(&in, 65536);
	T_OK(body_put(body, &text));
	assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to,
			     sizeof to),
	    0);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	assert_int_equal(SSL_connect(ssl), 1);
	const int n = snprintf(line, sizeof line,
	    "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	    "application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
	    path, text.len, (int)text.len, (const char *)text.at);
	assert_int_equal(SSL_write(ssl, line, n), n);
	while (http_response_parse(buf_slice(&in), &head) != ERR_OK) {
		uint8_t *at;
		T_OK(buf_reserve(&in, 16384, &at));
		const int got = SSL_read(ssl, at, 16384);
		assert_true(got > 0);
		in.len += (size_t)got;
	}
	SSL_free(ssl);
	(void)close(fd);
	return head.status;
}

static unsigned
enroll(const struct stranger *s)
{
	return device_ask(s, "/device/enroll",
	    json_pack("{s:o}", "csr", body_b64(buf_slice(&s->csr))));
}

/* --- the scene --- */

static int
scene_open(void **state)
{
	static char server[96], keeper[96];
	const char *const argv[] = { eavesd_path, "--dir", server,
		"--keeper-dir", keeper, "--port", "0", "--device-port", "0",
		"--uid-base", "0", NULL };
	struct stranger hub;
	unsigned got[2];
	char line[256];

	(void)state;
	strcpy(folder, "/tmp/eaves-limits.XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(server, sizeof server, "%s/server", folder);
	(void)snprintf(keeper, sizeof keeper, "%s/keeper", folder);
	child_start(&eavesd, argv);
	line_wait(&eavesd, "ready ", line, sizeof line);
	assert_int_equal(sscanf(line, "ready %u %u", &got[0], &got[1]), 2);
	app.port = (uint16_t)got[0];
	device_port = (uint16_t)got[1];
	stranger_make(&hub);
	assert_int_equal(enroll(&hub), 200);
	octets_random(&app.link, sizeof app.link);
	assert_int_equal(device_ask(&hub, "/device/link",
			     json_pack("{s:o,s:o}", "id", body_id(&app.link.id),
				 "secret",
				 body_b64(key_slice(&app.link.secret)))),
	    200);
	stranger_end(&hub);
	app_sign_up(&app);
	return 0;
}

static int
scene_close(void **state)
{
	char command[128];

	(void)state;
	child_stop(&eavesd);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

/* Octets of which the server knows no more than that they are sealed. */
static json_t *
sealed_some(size_t n)
{
	static uint8_t some[16384];

	octets_random(some, n);
	some[0] = 1;
	return body_b64(slice_make(some, n));
}

static json_t *
list_json(void)
{
	return json_pack("{s:i,s:o,s:o,s:o,s:[]}", "epoch", 1, "entry",
	    sealed_some(64), "people", sealed_some(64), "hub", sealed_some(64),
	    "keys");
}

/* Writes one more version with what is given, as far as it is taken. */
static unsigned
list_change(json_t *grants, json_t *gone, json_t *devices)
{
	json_t *o = list_json();

	json_object_set_new(o, "version",
	    json_integer((json_int_t)version + 1));
	json_object_set_new(o, "grants",
	    grants == NULL ? json_array() : grants);
	json_object_set_new(o, "remove_grants",
	    gone == NULL ? json_array() : gone);
	json_object_set_new(o, "devices",
	    devices == NULL ? json_array() : devices);
	const unsigned status = app_ask(&app, "POST", "/api/home/write",
	    &app.home, o, NULL);
	version += status == 200;
	return status;
}

static unsigned
list_write(json_t *grants, json_t *devices)
{
	return list_change(grants, NULL, devices);
}

/* --- limits --- */

static void
an_account_has_so_many_homes(void **state)
{
	unsigned status = 0;

	(void)state;
	/* the sign-up made the first */
	for (unsigned i = 1; i <= HOMES; i++) {
		uint8_t founder[32], nonce[32];
		struct id home, grant;
		json_t *o = list_json();

		octets_random(founder, sizeof founder);
		octets_random(nonce, sizeof nonce);
		octets_random(&grant, sizeof grant);
		home_id_make(founder, nonce, &home);
		json_object_set_new(o, "home", body_id(&home));
		json_object_set_new(o, "nonce", body_b64(SLICE_OF(nonce)));
		json_object_set_new(o, "founder", body_b64(SLICE_OF(founder)));
		json_object_set_new(o, "grant",
		    json_pack("{s:o,s:o,s:i}", "id", body_id(&grant), "key",
			body_b64(SLICE_OF(founder)), "rights", 15));
		status = app_ask(&app, "POST", "/api/home", &app.session, o,
		    NULL);
		assert_int_equal(status, i < HOMES ? 200 : 413);
	}
}

static void
a_home_has_so_many_members(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= GRANTS; i++) {
		struct id id;
		uint8_t key[32];

		octets_random(&id, sizeof id);
		octets_random(key, sizeof key);
		assert_int_equal(list_write(json_pack("[{s:o,s:o,s:i}]", "id",
						body_id(&id), "key",
						body_b64(SLICE_OF(key)),
						"rights", 1),
				     NULL),
		    i < GRANTS ? 200 : 413);
		if (i < GRANTS)
			last_grant = id;
	}
}

static unsigned
take_in_as(const struct id *id, const struct stranger *s, json_t *streams)
{
	return list_write(NULL,
	    json_pack("[{s:o,s:o,s:o}]", "id", body_id(id), "spki",
		body_b64(SLICE_OF(s->spki)), "streams", streams));
}

static unsigned
take_in(const struct stranger *s, json_t *streams)
{
	struct id id;

	octets_random(&id, sizeof id);
	return take_in_as(&id, s, streams);
}

/* It would write into what only he may write, or fill it up before him. */
static void
no_hub_is_called_as_a_member(void **state)
{
	struct stranger s;

	(void)state;
	stranger_make(&s);
	assert_int_equal(enroll(&s), 200);
	assert_int_equal(take_in_as(&app.h.member[0].grant, &s, json_array()),
	    409);
	stranger_end(&s);
}

static void
a_home_has_so_many_hubs(void **state)
{
	(void)state;
	octets_random(&log_stream, sizeof log_stream);
	octets_random(&state_stream, sizeof state_stream);
	octets_random(&first_hub, sizeof first_hub);
	for (unsigned i = 0; i <= DEVICES; i++) {
		struct stranger s;

		stranger_make(&s);
		assert_int_equal(enroll(&s), 200);
		assert_int_equal(i > 0 ? take_in(&s, json_array())
				       : take_in_as(&first_hub, &s,
					     json_pack("[{s:o,s:i},{s:o,s:i}]",
						 "id", body_id(&log_stream),
						 "class", 2, "id",
						 body_id(&state_stream),
						 "class", 3)),
		    i < DEVICES ? 200 : 413);
		stranger_end(&s);
	}
}

static unsigned
row_write_as(int class, const struct id *stream, const uint8_t run[static 8],
    unsigned i)
{
	return app_ask(&app, "POST", "/api/row", &app.home,
	    json_pack("{s:o,s:i,s:o,s:i,s:o}", "stream", body_id(stream),
		"class", class, "run", body_b64(slice_make(run, 8)), "index",
		(int)i, "sealed", sealed_some(1024)),
	    NULL);
}

static unsigned
row_write(const struct id *stream, const uint8_t run[static 8], unsigned i)
{
	return row_write_as(2, stream, run, i);
}

/* Whoever manages a home chooses ids: a hub's index is its own still. */
static void
no_member_called_as_a_hub_writes_over_its_index(void **state)
{
	static const uint8_t run[8] = { 9 };
	const struct app_ticket mine = app.home;
	struct household_member *me = &app.h.member[0];
	const struct id grant = me->grant;

	(void)state;
	assert_int_equal(list_change(json_pack("[{s:o,s:o,s:i}]", "id",
					 body_id(&first_hub), "key",
					 body_b64(SLICE_OF(me->sign.public)),
					 "rights", 15),
			     json_pack("[o]", body_id(&last_grant)), NULL),
	    200);
	me->grant = first_hub;
	assert_int_equal(app_home_ticket(&app), 200);
	opens++;
	assert_int_equal(row_write_as(3, &state_stream, run, 1), 403);
	app.home = mine;
	me->grant = grant;
}

static void
a_day_has_so_many_rows_of_a_stream(void **state)
{
	static const uint8_t run[8] = { 7 };
	struct id mine, other;

	(void)state;
	octets_random(&mine, sizeof mine);
	octets_random(&other, sizeof other);
	/* a hub's stream is the hub's; a member has one, made by its first row */
	assert_int_equal(row_write(&log_stream, run, 1), 403);
	for (unsigned i = 1; i <= ROWS + 1; i++)
		assert_int_equal(row_write(&mine, run, i),
		    i <= ROWS ? 200 : 429);
	assert_int_equal(row_write(&other, run, 1), 413);
}

static void
a_home_is_written_so_often_on_a_day(void **state)
{
	unsigned status;
	const uint64_t from = version;

	(void)state;
	while ((status = list_write(NULL, NULL)) == 200)
		assert_true(version <= WRITES + 1);
	assert_int_equal(status, 429);
	assert_true(version > from);
}

/* Who was not taken in makes room; who was stays. */
static void
strangers_make_room_for_the_next(void **state)
{
	struct stranger first, s;

	(void)state;
	stranger_make(&first);
	for (unsigned i = 0; i <= SERVER_DEVICES - DEVICES; i++) {
		stranger_make(&s);
		assert_int_equal(enroll(i == 0 ? &first : &s), 200);
		stranger_end(&s);
	}
	stranger_make(&s);
	assert_int_equal(enroll(&s), 200);
	/* (the home may take nobody in any more; whom it meant is told apart) */
	assert_int_equal(take_in(&first, json_array()), 404);
	assert_int_equal(take_in(&s, json_array()), 413);
	stranger_end(&s);
	stranger_end(&first);
}

static void
an_account_goes_into_homes_so_often_on_a_day(void **state)
{
	(void)state;
	while (app_home_ticket(&app) == 200)
		assert_true(++opens <= OPENS);
	assert_int_equal(opens, OPENS);
	assert_int_equal(app_home_ticket(&app), 429);
}

static unsigned
alive(const struct app_ticket *session)
{
	return app_ask(&app, "GET", "/api/vault", session, NULL, NULL);
}

static void
beyond_so_many_sessions_the_first_one_ends(void **state)
{
	struct app_ticket all[SESSIONS];

	(void)state;
	/* with that of the sign-up there is one too many */
	for (unsigned i = 0; i < SESSIONS; i++) {
		if (i == SESSIONS - 1)
			assert_int_equal(alive(&app.session), 200);
		assert_int_equal(app_ask(&app, "POST", "/api/session/recover",
				     &app.recovery,
				     json_pack("{s:o}", "session",
					 app_ticket_new(&all[i])),
				     NULL),
		    200);
	}
	assert_int_equal(alive(&app.session), 401);
	assert_int_equal(alive(&all[0]), 200);
	assert_int_equal(alive(&all[SESSIONS - 1]), 200);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_has_so_many_homes),
		cmocka_unit_test(a_home_has_so_many_members),
		cmocka_unit_test(no_hub_is_called_as_a_member),
		cmocka_unit_test(a_home_has_so_many_hubs),
		cmocka_unit_test(
		    no_member_called_as_a_hub_writes_over_its_index),
		cmocka_unit_test(a_day_has_so_many_rows_of_a_stream),
		cmocka_unit_test(strangers_make_room_for_the_next),
		cmocka_unit_test(a_home_is_written_so_often_on_a_day),
		cmocka_unit_test(an_account_goes_into_homes_so_often_on_a_day),
		cmocka_unit_test(beyond_so_many_sessions_the_first_one_ends),
	};

	if (argc != 2 || crypto_init() != ERR_OK)
		return 2;
	eavesd_path = argv[1];
	(void)signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
