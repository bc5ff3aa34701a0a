/*
 * Ranges of a run that lies there twice, in pieces, with another run between:
 * a hub sent again what it was not told of.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "eavesd/edge/disk.h"
#include "os/file.h"
#include "os/sock.h"
#include "stream/segment.h"
#include "unit/t.h"

static const struct key key = { { 1 } };

/* "H1 k1 2 k3 4": a run's header, a key frame, others; 2 digits at most. */
static void
record_put(struct buf *to, char kind, uint8_t run, uint8_t index)
{
	uint8_t at[160] = { 1 };
	const size_t clear = kind == 'H' ? 103 : 2;

	at[1] = kind == 'H' ? RECORD_HEADER : kind == 'k' ? RECORD_KEY : 0;
	memset(at + 15, kind == 'H' ? run : 0, RUN_ID_OCTETS);
	at[clear] = (uint8_t)(0xf0 | index);
	memset(at + clear + 1, run, RUN_ID_OCTETS);
	T_OK(segment_frame_put(to, slice_make(at, sizeof at)));
}

/* A file that a crash left: without a list of what it holds. */
static void
file_make(struct job *j, const char *what)
{
	struct read_file *f = &j->files[j->file_count++];
	AUTO_BUF struct buf b;
	uint8_t run = 0;

	buf_init(&b, 8192);
	T_OK(segment_head_put(&b));
	for (; *what != '\0'; what++) {
		if (*what == ' ')
			continue;
		const char kind = *what == 'H' || *what == 'k' ? *what++ : '-';
		const uint8_t n = (uint8_t)(*what - '0');
		if (kind == 'H')
			run = n;
		record_put(&b, kind, run, kind == 'H' ? 0 : n);
	}
	f->key = key;
	f->fd = memfd_create("segment", 0);
	assert_true(f->fd >= 0);
	T_OK(ctr_xor(&key, 0, b.at, b.len));
	T_OK(fd_write_all(f->fd, buf_slice(&b)));
	assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
}

static enum err
each(void *ctx, const struct record_clear *c, struct slice record)
{
	char *text = ctx;
	const size_t n = strlen(text);

	(void)record;
	(void)snprintf(text + n, 256 - n, "%s%s%u", n == 0 ? "" : " ",
	    c->flags == RECORD_HEADER ? "H"
	    : c->flags == RECORD_KEY  ? "k"
				      : "",
	    c->flags == RECORD_HEADER ? c->run.octets[0] : (unsigned)c->index);
	return ERR_OK;
}

static void
range_is(const char *const files[], struct range_question q, const char *is)
{
	struct job *j = calloc(1, sizeof *j);
	char text[256] = "";

	assert_non_null(j);
	memset(q.run.octets, 1, RUN_ID_OCTETS);
	j->is_range = true;
	j->range = q;
	for (size_t i = 0; files[i] != NULL; i++)
		file_make(j, files[i]);
	read_do(j);
	T_OK(segment_frames_scan(buf_slice(&j->records), each, text));
	assert_string_equal(text, is);
	job_destroy(j);
}

#define FILES(...)                                                             \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}
#define RANGE(from, end)                                                       \
	(struct range_question)                                                \
	{                                                                      \
		.index = (from), .until = (end), .groups = 64                  \
	}

static void
what_lies_there_twice_is_given_out_once(void **state)
{
	(void)state;
	range_is(FILES("H1 k1 2 k3 4", "H1 k3 4 5 k6 7"), RANGE(1, 100),
	    "H1 k1 2 k3 4 5 k6 7");
	range_is(FILES("H1 k1 2 k3", "H1 k1 2 k3 4 k5"), RANGE(3, 100),
	    "H1 k3 4 k5");
	range_is(FILES("H1 k1 2 k3 4 H1 k3 4 5 k6"), RANGE(1, 6),
	    "H1 k1 2 k3 4 5");
}

static void
other_runs_between_are_passed_over(void **state)
{
	(void)state;
	range_is(FILES("H1 k1 2", "H2 k1 2 k3", "H1 k1 2 3 k4 5 H3 k1"),
	    RANGE(1, 100), "H1 k1 2 3 k4 5");
	/* without an end they follow, each with its header */
	range_is(FILES("H1 k1 2", "H2 k1 2"), RANGE(1, 0), "H1 k1 2 H2 k1 2");
}

/* --- how many at once --- */

struct viewer {
	struct client client;
	int far;
};

static void
viewer_closed(struct conn *c, enum err why)
{
	(void)c;
	(void)why;
}

static void
viewer_init(struct edge *e, struct viewer *v, uint64_t serial)
{
	static const struct conn_rules rules = { 4096, 65536 };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     pair),
	    0);
	*v = (struct viewer){ .client = { .edge = e, .serial = serial },
		.far = pair[1] };
	v->client.conn.closed = viewer_closed;
	T_OK(
	    conn_start(&v->client.conn, e->loop, pair[0], NULL, false, &rules));
	websocket_init(&v->client.ws, &v->client.conn, true, 4096);
	v->client.next = e->clients;
	e->clients = &v->client;
}

/* How many refusals came to it since. */
static size_t
refusals(struct viewer *v)
{
	static const char word[] = "Too many ranges at once.";
	char text[4096] = "";
	const ssize_t n = recv(v->far, text, sizeof text - 1, 0);
	size_t count = 0;

	for (ssize_t i = 0; i < n; i++)
		count += strncmp(text + i, word, sizeof word - 1) == 0;
	return count;
}

static void
viewer_fini(struct viewer *v)
{
	websocket_fini(&v->client.ws);
	conn_close(&v->client.conn, ERR_CLOSED);
	(void)close(v->far);
}

static void
a_fifth_range_is_refused_to_its_sender_alone(void **state)
{
	static const struct range_question q = { .n = 7, .index = 1 };
	static const struct id stream = { { 2 } };
	struct edge e = { .loop = loop_create() };
	struct ipc_side side = { .self = IPC_EDGE, .peer = IPC_CORE };
	struct viewer greedy, other;
	int pair[2];

	(void)state;
	T_OK(sock_pair(pair));
	e.core = ipc_create(e.loop, pair[0], &side); /* it takes its time */
	assert_non_null(e.core);
	viewer_init(&e, &greedy, 1);
	viewer_init(&e, &other, 2);
	for (size_t i = 0; i < RANGES_AT_ONCE; i++)
		reading_range(&greedy.client, &q);
	for (size_t i = 0; i < GROUPS_AT_ONCE; i++)
		reading_groups(&greedy.client, 8, &stream, 1);
	assert_int_equal(refusals(&greedy), 0);
	reading_range(&greedy.client, &q);
	reading_groups(&greedy.client, 8, &stream, 1);
	reading_range(&other.client, &q);
	assert_int_equal(refusals(&greedy), 2);
	assert_int_equal(refusals(&other), 0);
	ipc_destroy(e.core); /* all are answered: nothing is there */
	e.core = NULL;
	assert_int_equal(greedy.client.ranges + greedy.client.groups, 0);
	assert_int_equal(refusals(&greedy), 0);
	reading_range(&greedy.client, &q);
	assert_int_equal(refusals(&greedy), 0);
	viewer_fini(&greedy);
	viewer_fini(&other);
	(void)close(pair[1]);
	loop_destroy(e.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_there_twice_is_given_out_once),
		cmocka_unit_test(other_runs_between_are_passed_over),
		cmocka_unit_test(a_fifth_range_is_refused_to_its_sender_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
