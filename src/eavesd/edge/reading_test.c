/*
 * Ranges of a run that lies there twice, in pieces, with another run between:
 * a hub sent again what it was not told of.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "eavesd/edge/disk.h"
#include "os/file.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_there_twice_is_given_out_once),
		cmocka_unit_test(other_runs_between_are_passed_over),
		cmocka_unit_test(a_group_is_found_from_inside),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
