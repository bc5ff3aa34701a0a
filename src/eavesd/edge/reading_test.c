/*
 * Ranges of a run that lies there twice, in pieces, with another run between:
 * a hub sent again what it was not told of.
 */
#include <fcntl.h>
#include <poll.h>
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

#define RECORD_TEST_OCTETS 160

static const struct key key = { { 1 } };
static bool lists; /* the next files have one */

static void list_make(struct read_file *f, const char *what);

/* "H1 k1 2 k3 4": a run's header, a key frame, others; 2 digits at most. */
static void
record_put(struct buf *to, char kind, uint8_t run, uint8_t index)
{
	uint8_t at[RECORD_TEST_OCTETS] = { 1 };
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
	for (size_t i = 0; files[i] != NULL; i++) {
		file_make(j, files[i]);
		if (lists)
			list_make(&j->files[i], files[i]);
	}
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

/* A hub sent all of it again because something of it was lost. */
static void
what_was_sent_again_goes_before_what_has_a_hole(void **state)
{
	const char *const *files = FILES("H1 k1 3 k4 6 H1 k1 2 3 k4 5 6");

	(void)state;
	lists = true;
	range_is(files, RANGE(1, 4), "H1 k1 2 3");
	range_is(files, RANGE(1, 100), "H1 k1 2 3 k4 5 6");
	range_is(files, RANGE(4, 100), "H1 k4 5 6");
	lists = false;
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

static void
entry_add(struct read_file *f, uint8_t run, uint32_t index, uint32_t offset)
{
	struct segment_entry e = { .index = index, .offset = offset };

	memset(e.run.octets, run, RUN_ID_OCTETS);
	T_OK(segment_entry_put(&f->entries, &e));
}

/* The list of a file that is being written, as recording.c keeps it. */
static void
list_make(struct read_file *f, const char *what)
{
	uint32_t offset = SEGMENT_HEAD_OCTETS;
	uint8_t run = 0;

	f->being_written = true;
	buf_init(&f->entries, 4096);
	for (; *what != '\0'; what++) {
		if (*what == ' ')
			continue;
		const char kind = *what == 'H' || *what == 'k' ? *what++ : '-';
		const uint8_t n = (uint8_t)(*what - '0');
		if (kind == 'H')
			run = n;
		if (kind != '-')
			entry_add(f, run, kind == 'H' ? 0 : n, offset);
		offset += 4 + RECORD_TEST_OCTETS;
	}
}

static void
a_group_is_found_from_inside(void **state)
{
	static const struct {
		unsigned index;
		const char *is;
	} all[] = { { 2, "H1 k1 2" }, { 3, "H1 k3 4 5" }, { 5, "H1 k3 4 5" },
		{ 6, "H1 k6 7" }, { 7, "H1 k6 7" }, { 0, "" } };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct range_question q = RANGE(all[i].index, all[i].index + 1);

		q.within = true;
		lists = true;
		range_is(FILES("H2 k1 H1 k1 2", "H1 k3 4 5 k6",
			     "H1 k6 7 H2 k4"),
		    q, all[i].is);
		lists = false;
	}
	/* without a list nobody knows */
	struct range_question q = RANGE(2, 3);
	q.within = true;
	range_is(FILES("H1 k1 2 k3"), q, "");
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
	static const char word[] = " at once.";
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
	for (size_t i = 0; i < VIEWER_RANGES_MAX; i++)
		reading_range(&greedy.client, &q);
	for (size_t i = 0; i < VIEWER_GROUPS_MAX; i++)
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

/* --- who reads, and what is written --- */

/* Of files that are pipes: they are read when those are closed. */
static struct job *
read_make(int fd)
{
	struct job *j = calloc(1, sizeof *j);

	assert_non_null(j);
	j->kind = JOB_READ;
	j->files[0].fd = fd;
	j->file_count = 1;
	return j;
}

static void
disk_wait(struct disk *d, size_t jobs)
{
	struct pollfd p = { .fd = d->done_fd, .events = POLLIN };
	uint64_t n;

	for (size_t got = 0; got < jobs; got += n) {
		assert_int_equal(poll(&p, 1, 30000), 1);
		assert_int_equal(read(d->done_fd, &n, sizeof n), sizeof n);
	}
}

/* A viewer who asks and asks holds up no recording, nor fills its queue. */
static void
who_reads_holds_up_nobody_who_writes(void **state)
{
	static struct edge edge;
	struct disk *d;
	int hold[2];

	(void)state;
	assert_non_null(edge.loop = loop_create());
	d = edge.disk = disk_create(&edge);
	assert_non_null(d);
	assert_int_equal(pipe(hold), 0);
	for (size_t i = 0; i < READS_MAX; i++)
		T_OK(job_give(d,
		    read_make(i == 0 ? hold[0] : open("/dev/null", O_RDONLY))));
	struct job *much = read_make(-1);
	T_ERR(ERR_LIMIT, job_give(d, much));
	job_destroy(much);
	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = calloc(1, sizeof *j);
		assert_non_null(j);
		j->kind = JOB_SYNC;
		T_OK(job_give(d, j));
	}
	/* all of it, while the first that reads still waits */
	disk_wait(d, JOBS_MAX);
	assert_int_equal(close(hold[1]), 0);
	disk_wait(d, READS_MAX);
	disk_destroy(d);
	loop_destroy(edge.loop);
}

/* Many octets into a file, and at once a short look at it. */
static void
write_and_read(struct disk *d, struct segment_file *f)
{
	struct job *w = calloc(1, sizeof *w),
		   *r = read_make(open("/dev/null", O_RDONLY));
	static const uint8_t zeros[4 << 20];

	assert_non_null(w);
	w->kind = JOB_WRITE;
	w->file = f;
	f->refs++;
	buf_init(&w->octets, sizeof zeros);
	T_OK(buf_append(&w->octets, SLICE_OF(zeros)));
	w->at = f->used;
	f->used += sizeof zeros;
	r->files[0].id = f->id;
	T_OK(job_give(d, w));
	T_OK(job_give(d, r));
}

static void
who_reads_sees_what_was_to_be_written_before(void **state)
{
	static struct edge edge;
	struct segment_file f = { .fd = memfd_create("segment", 0),
		.refs = 1,
		.id.octets = { 7 },
		.sum = sha256_begin() };
	struct disk *d;

	(void)state;
	assert_non_null(edge.loop = loop_create());
	d = edge.disk = disk_create(&edge);
	assert_non_null(d);
	for (size_t i = 0; i < 4; i++)
		write_and_read(d, &f);
	disk_wait(d, 8);
	/* newest first: no read before the write that it was given behind */
	size_t writes = 4, reads = 4;
	for (const struct job *j = d->done; j != NULL; j = j->next) {
		if (j->kind == JOB_READ)
			assert_true(writes >= reads--);
		else
			writes--;
	}
	disk_destroy(d);
	loop_destroy(edge.loop);
	(void)close(f.fd);
	sha256_drop(f.sum);
}

/* --- a group that is longer than a file --- */

/* How many records count as lost when its file is full. */
static uint64_t
lost_of_long_group(bool past)
{
	static struct edge edge;
	struct segment_file *f = calloc(1, sizeof *f);
	struct live_stream s = { .past = past };
	const struct record_clear rest = { .index = 900 };
	static const uint8_t record[4096];

	assert_non_null(f);
	edge = (struct edge){ .loop = loop_create(), .streams = &s };
	assert_non_null(edge.loop);
	assert_non_null(edge.disk = disk_create(&edge));
	*f = (struct segment_file){ .fd = memfd_create("segment", 0),
		.refs = 1,
		.used = SEGMENT_ROOM - sizeof record,
		.sum = sha256_begin() };
	assert_non_null(s.recording = calloc(1, sizeof *s.recording));
	s.recording->file = f;
	s.recording->entries.cap = 4096;
	for (size_t i = 0; i < 3; i++)
		recording_add(&edge, &s, SLICE_OF(record), &rest);
	const uint64_t dropped = s.recording->dropped;
	disk_destroy(edge.disk); /* ends the recording, too */
	loop_destroy(edge.loop);
	return dropped;
}

/* --- runs that core knows of --- */

static void
recording_begin(struct edge *edge, struct live_stream *s)
{
	struct segment_file *f = calloc(1, sizeof *f);

	assert_non_null(f);
	*edge = (struct edge){ .loop = loop_create(), .streams = s };
	assert_non_null(edge->loop);
	assert_non_null(edge->disk = disk_create(edge));
	*f = (struct segment_file){ .fd = memfd_create("segment", 0),
		.refs = 1,
		.used = 1000,
		.sum = sha256_begin() };
	assert_non_null(s->recording = calloc(1, sizeof *s->recording));
	s->recording->file = f;
	buf_init(&s->recording->entries, 65536);
	buf_init(&s->recording->plain, 1 << 20);
}

/* Others would not be found: short runs do not pile up in one file. */
static void
a_file_holds_no_more_runs_than_are_found_again(void **state)
{
	static struct edge edge;
	static const uint8_t record[256];
	struct live_stream s = { .past = true };
	struct record_clear header = { .flags = RECORD_HEADER };
	unsigned runs = 0;

	(void)state;
	recording_begin(&edge, &s);
	for (; s.recording->file != NULL && runs < 200; runs++) {
		header.run.octets[0] = (uint8_t)(runs + 1);
		recording_add(&edge, &s, SLICE_OF(record), &header);
	}
	assert_in_range(runs, 32, 64);
	assert_int_equal(s.recording->dropped, 0);
	disk_destroy(edge.disk);
	loop_destroy(edge.loop);
}

/* A hub lets go what is kept: so it is said when a crash loses no way to it. */
static void
what_core_was_not_told_of_is_not_kept_yet(void **state)
{
	static struct edge edge;
	struct live_stream s = { .past = true, .flush = true };

	(void)state;
	recording_begin(&edge, &s);
	s.recording->untold_count = 1;
	recordings_synced(&edge, 1);
	assert_true(s.flush);
	s.recording->untold_count = 0;
	recordings_synced(&edge, 2);
	assert_false(s.flush);
	disk_destroy(edge.disk);
	loop_destroy(edge.loop);
}

/*
 * Sent again it would be too long again, and fill one more file each time,
 * until all that the home had before is gone.
 */
static void
the_rest_of_a_long_group_is_not_asked_for_again(void **state)
{
	(void)state;
	assert_int_equal(lost_of_long_group(true), 0);
	assert_int_equal(lost_of_long_group(false), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_there_twice_is_given_out_once),
		cmocka_unit_test(
		    what_was_sent_again_goes_before_what_has_a_hole),
		cmocka_unit_test(other_runs_between_are_passed_over),
		cmocka_unit_test(a_fifth_range_is_refused_to_its_sender_alone),
		cmocka_unit_test(a_group_is_found_from_inside),
		cmocka_unit_test(who_reads_holds_up_nobody_who_writes),
		cmocka_unit_test(who_reads_sees_what_was_to_be_written_before),
		cmocka_unit_test(
		    a_file_holds_no_more_runs_than_are_found_again),
		cmocka_unit_test(what_core_was_not_told_of_is_not_kept_yet),
		cmocka_unit_test(
		    the_rest_of_a_long_group_is_not_asked_for_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
