/*
 * What is kept while the server is away: records in order, a limit, torn
 * tails, restarts, disks that fail; the tail of what was sent; rows.
 */
#include "hub/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/rows.h"
#include "hub/tail.h"
#include "model/run.h"
#include "unit/t.h"

#define ROOM ((uint64_t)64 << 20)

static char folder[64];
static int folder_fd;
static const struct id stream = { { 7 } }, other = { { 8 } };

static int
folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/eaves-spool.XXXXXX");
	assert_non_null(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(folder_fd >= 0);
	return 0;
}

static int
folder_drop(void **state)
{
	char command[96];

	(void)state;
	(void)close(folder_fd);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

/* A record as far as a hub may know it; run and index stand in clear. */
static struct slice
record_make(uint8_t flags, uint8_t run, uint8_t index, size_t octets)
{
	static uint8_t at[1 << 20];
	const size_t clear = flags == RUN_HEADER ? 103 : 2;

	assert_true(octets >= clear + 32 && octets <= sizeof at && run > 0);
	memset(at, 0x5a, octets);
	at[0] = 1;
	at[1] = flags;
	if (flags == RUN_HEADER)
		memset(at + 15, run, RUN_ID_OCTETS);
	at[clear] = (uint8_t)(0xf0 | (index < 8 ? index : 8));
	memset(at + clear + 1, run, RUN_ID_OCTETS);
	at[clear + 9] = index;
	return slice_make(at, octets);
}

static void
put(struct spool *s, const struct id *of, uint8_t flags, uint8_t run,
    uint8_t index, size_t octets)
{
	T_OK(spool_record(s, id_eq(of, &other), of, flags,
	    record_make(flags, run, index, octets)));
}

/* What the oldest file holds, as "run:index,index..."; then it goes. */
static const char *
take(struct spool *s)
{
	static char text[512];
	struct spool_file *f = spool_oldest(s);
	struct spool_reader r;
	struct slice record;

	assert_non_null(f);
	T_OK(spool_read(s, f, &r));
	int n = snprintf(text, sizeof text, "%u", r.stream.octets[0]);
	while (spool_reader_next(&r, &record) == ERR_OK) {
		const size_t clear = record.at[1] == RUN_HEADER ? 103 : 2;
		const unsigned short_index = record.at[clear] & 7;
		n += snprintf(text + n, sizeof text - (size_t)n, " %s%u",
		    record.at[1] == RUN_HEADER ? "h" : "",
		    record.at[1] == RUN_HEADER    ? record.at[15]
		    : (record.at[clear] & 8) != 0 ? record.at[clear + 9]
						  : short_index);
	}
	spool_reader_close(&r, f);
	spool_drop(s, f);
	return text;
}

static void
records_come_back_in_order_a_file_for_each_run(void **state)
{
	struct spool s;

	(void)state;
	T_OK(spool_open(&s, folder_fd, ROOM, 0));
	put(&s, &stream, RUN_HEADER, 1, 0, 200);
	put(&s, &stream, RUN_KEY, 1, 1, 400);
	put(&s, &other, RUN_HEADER, 2, 0, 200);
	put(&s, &other, RUN_KEY, 2, 1, 500);
	put(&s, &stream, 0, 1, 2, 300);
	assert_null(spool_oldest(&s)); /* both are being written */
	put(&s, &stream, RUN_MARK | RUN_END, 1, 3, 100);
	assert_string_equal(take(&s), "7 h1 1 2 3");
	spool_end(&s, 1);
	put(&s, &stream, RUN_HEADER, 3, 0, 200);
	put(&s, &stream, RUN_KEY, 3, 9, 400);
	spool_end(&s, 0);
	assert_string_equal(take(&s), "8 h2 1");
	assert_string_equal(take(&s), "7 h3 9");
	assert_null(spool_oldest(&s));
	assert_int_equal(s.octets, 0);
	spool_close(&s);
}

static void
nothing_is_kept_before_a_header_and_a_key_frame(void **state)
{
	struct spool s;

	(void)state;
	T_OK(spool_open(&s, folder_fd, ROOM, 0));
	assert_int_equal(spool_record(&s, 0, &stream, RUN_KEY,
			     record_make(RUN_KEY, 1, 1, 100)),
	    ERR_MISSING);
	put(&s, &stream, RUN_HEADER, 1, 0, 200);
	assert_int_equal(spool_record(&s, 0, &stream, 0,
			     record_make(0, 1, 1, 100)),
	    ERR_MISSING);
	put(&s, &stream, RUN_HEADER, 2, 0, 200); /* of the first none is left */
	put(&s, &stream, RUN_KEY, 2, 1, 100);
	spool_end(&s, 0);
	assert_string_equal(take(&s), "7 h2 1");
	assert_null(spool_oldest(&s));
	spool_close(&s);
}

/* A run that is long lies in further files, each with its header. */
static void
run_put(struct spool *s, uint8_t run, size_t megabytes)
{
	put(s, &stream, RUN_HEADER, run, 0, 200);
	for (size_t i = 1; i <= megabytes; i++)
		put(s, &stream, i % 2 == 1 ? RUN_KEY : 0, run, (uint8_t)i,
		    1 << 20);
	spool_end(s, 0);
}

static void
a_long_run_goes_on_in_another_file(void **state)
{
	struct spool s;

	(void)state;
	T_OK(spool_open(&s, folder_fd, ROOM, 0));
	run_put(&s, 4, 11);
	assert_string_equal(take(&s), "7 h4 1 2 3 4 5 6 7 8");
	assert_string_equal(take(&s), "7 h4 9 10 11");
	assert_null(spool_oldest(&s));
	spool_close(&s);
}

static void
when_it_is_full_the_oldest_goes_but_not_what_is_being_sent(void **state)
{
	struct spool s;
	struct spool_reader r;
	struct slice record;

	(void)state;
	T_OK(spool_open(&s, folder_fd, (uint64_t)30 << 20, 0));
	run_put(&s, 1, 8);
	run_put(&s, 2, 8);
	run_put(&s, 3, 8);
	assert_int_equal(s.lost, 0);
	struct spool_file *f = spool_oldest(&s);
	T_OK(spool_read(&s, f, &r));
	run_put(&s, 4, 8);
	assert_int_equal(s.lost, 1);
	assert_true(s.octets <= s.octets_max);
	T_OK(spool_reader_next(&r, &record));
	assert_int_equal(record.at[15], 1);
	spool_reader_close(&r, f);
	assert_string_equal(take(&s), "7 h1 1 2 3 4 5 6 7 8");
	assert_string_equal(take(&s), "7 h3 1 2 3 4 5 6 7 8");
	assert_string_equal(take(&s), "7 h4 1 2 3 4 5 6 7 8");
	spool_close(&s);
	T_OK(spool_open(&s, folder_fd, 1 << 20, 0));
	put(&s, &stream, RUN_HEADER, 5, 0, 200);
	put(&s, &stream, RUN_KEY, 5, 1, 900000);
	/* nothing else can go */
	assert_int_equal(spool_record(&s, 0, &stream, 0,
			     record_make(0, 5, 2, 900000)),
	    ERR_LIMIT);
	assert_string_equal(take(&s), "7 h5 1");
	spool_close(&s);
}

/* The one file there is: cut, or with other octets at its end. */
static void
file_spoil(long keep, const char *more, size_t n)
{
	char path[128];
	const struct dirent *e;
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/spool", folder);
	DIR *d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL && e->d_name[0] == '.')
		;
	assert_non_null(e);
	const int fd = openat(dirfd(d), e->d_name, O_WRONLY | O_APPEND);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ftruncate(fd, st.st_size - keep), 0);
	assert_int_equal(write(fd, more, n), (ssize_t)n);
	close(fd);
	(void)closedir(d);
}

static void
after_a_restart_all_is_there_but_a_torn_tail(void **state)
{
	static const char noise[] = "\0\0\1\0 this is no record";
	static const char zeros[4096];
	const struct {
		long cut;
		const char *more;
		size_t n;
		const char *left;
	} cases[] = {
		{ 0, "", 0, "7 h1 1 2" },
		{ 1, "", 0, "7 h1 1" },         /* its last octet */
		{ 303, "", 0, "7 h1 1" },       /* in its length */
		{ 0, noise, 100, "7 h1 1 2" },  /* what lay there before */
		{ 0, zeros, 4096, "7 h1 1 2" }, /* or nothing */
		{ 300 + 4 + 400 + 4, "", 0, "7 h1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static char more[4096];
		struct spool s;
		T_OK(spool_open(&s, folder_fd, ROOM, 0));
		put(&s, &stream, RUN_HEADER, 1, 0, 200);
		put(&s, &stream, RUN_KEY, 1, 1, 400);
		put(&s, &stream, 0, 1, 2, 300);
		spool_close(&s);
		memset(more, 'x', sizeof more);
		memcpy(more, cases[i].more, cases[i].n < 23 ? cases[i].n : 23);
		if (cases[i].more == zeros)
			memset(more, 0, sizeof more);
		file_spoil(cases[i].cut, more, cases[i].n);
		T_OK(spool_open(&s, folder_fd, ROOM, 0));
		put(&s, &stream, RUN_HEADER, 2, 0, 200);
		put(&s, &stream, RUN_KEY, 2, 1, 400);
		spool_end(&s, 0);
		assert_string_equal(take(&s), cases[i].left);
		assert_string_equal(take(&s), "7 h2 1"); /* the newer */
		spool_close(&s);
	}
}

static void
files_grow_to(rlim_t most)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = most < l.rlim_max ? most : l.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* Wherever a write stops, what came before is whole, and it goes on later. */
static void
a_disk_that_fails_leaves_what_is_whole_and_is_tried_again(void **state)
{
	const size_t whole[] = { 16, 220, 624, 928 };

	(void)state;
	for (size_t most = 0; most <= 928; most += most % 7 == 0 ? 3 : 5) {
		struct spool s;
		size_t fits = 0;
		T_OK(spool_open(&s, folder_fd, ROOM, 0));
		for (size_t i = 0; i < COUNT(whole); i++)
			fits += whole[i] <= most;
		put(&s, &stream, RUN_HEADER, 1, 0, 200);
		files_grow_to(most);
		const enum err key = spool_record(&s, 0, &stream, RUN_KEY,
		    record_make(RUN_KEY, 1, 1, 400));
		const enum err next = spool_record(&s, 0, &stream, 0,
		    record_make(0, 1, 2, 300));
		files_grow_to(RLIM_INFINITY);
		assert_int_equal(key == ERR_OK, fits >= 3);
		assert_int_equal(next == ERR_OK, fits >= 4);
		put(&s, &stream, RUN_KEY, 1, 3, 400);
		spool_end(&s, 0);
		if (fits == 4)
			assert_string_equal(take(&s), "7 h1 1 2 3");
		else if (fits == 3)
			assert_string_equal(take(&s), "7 h1 1");
		else if (fits == 2) /* a header alone is nothing to send */
			assert_string_equal(take(&s), "7 h1");
		if (fits < 4)
			assert_string_equal(take(&s), "7 h1 3");
		assert_null(spool_oldest(&s));
		spool_close(&s);
	}
}

static void
it_may_be_turned_off_and_forgets_when_told(void **state)
{
	struct spool s;

	(void)state;
	T_OK(spool_open(&s, folder_fd, 0, 0));
	assert_false(spool_is_on(&s));
	assert_int_equal(spool_record(&s, 0, &stream, RUN_HEADER,
			     record_make(RUN_HEADER, 1, 0, 200)),
	    ERR_CLOSED);
	spool_close(&s);
	T_OK(spool_open(&s, folder_fd, ROOM, 0));
	put(&s, &stream, RUN_HEADER, 1, 0, 200);
	put(&s, &stream, RUN_KEY, 1, 1, 400);
	spool_clear(&s);
	assert_null(s.first);
	spool_close(&s);
	T_OK(spool_open(&s, folder_fd, ROOM, 0));
	assert_null(s.first);
	spool_close(&s);
}

/* --- the tail --- */

static void
tail_say(void *ctx, uint8_t flags, struct slice record)
{
	char *text = ctx;
	const size_t n = strlen(text);

	(void)snprintf(text + n, 256 - n, "%s%u ",
	    flags == RUN_HEADER ? "h"
	    : flags == RUN_KEY  ? "k"
				: "",
	    record.at[0]);
}

static const char *
tail_all(struct tail *t, uint64_t now_ms)
{
	static char text[256];

	text[0] = '\0';
	tail_take(t, now_ms, tail_say, text);
	return text;
}

static void
tail_put(struct tail *t, uint8_t flags, uint8_t what, uint64_t ms)
{
	tail_add(t, flags, slice_make(&what, 1), ms);
}

static void
the_tail_is_whole_groups_of_the_last_seconds_with_their_header(void **state)
{
	struct tail t;

	(void)state;
	tail_init(&t);
	assert_string_equal(tail_all(&t, 5), "");
	tail_put(&t, 0, 1, 0); /* nothing that it could follow */
	tail_put(&t, RUN_HEADER, 2, 0);
	tail_put(&t, RUN_KEY, 3, 0);
	tail_put(&t, 0, 4, 100);
	tail_put(&t, RUN_KEY, 5, 1000);
	tail_put(&t, 0, 6, 1100);
	assert_string_equal(tail_all(&t, 1200), "h2 k3 4 k5 6 ");
	assert_string_equal(tail_all(&t, 1200), "");

	tail_put(&t, RUN_HEADER, 2, 0);
	for (uint8_t i = 0; i < 8; i++)
		tail_put(&t, RUN_KEY, (uint8_t)(10 + i), i * 4000u);
	/* 12 s before 28: from 16 on */
	assert_string_equal(tail_all(&t, 28000), "h2 k14 k15 k16 k17 ");

	tail_put(&t, RUN_HEADER, 1, 0);
	tail_put(&t, RUN_KEY, 2, 0);
	tail_put(&t, RUN_HEADER, 3, 1000);
	tail_put(&t, RUN_KEY, 4, 1000);
	tail_put(&t, RUN_KEY, 5, 14000);
	assert_string_equal(tail_all(&t, 14000), "h3 k4 k5 ");
	tail_put(&t, RUN_HEADER, 1, 0);
	tail_put(&t, RUN_KEY, 2, 0);
	tail_clear(&t);
}

/* --- rows --- */

static void
row_put(struct rows *r, uint8_t run, uint32_t index)
{
	const struct index_row row = { { { run } }, index, 20000,
		SLICE_LIT("sealed") };

	T_OK(rows_add(r, &stream, &row));
}

static void
rows_survive_a_restart_until_the_server_has_them(void **state)
{
	struct rows r;
	struct row_wait *w;

	(void)state;
	T_OK(rows_open(&r, folder_fd, 0));
	row_put(&r, 1, 5);
	row_put(&r, 2, 1);
	row_put(&r, 1, 8); /* takes the place of the first */
	rows_fini(&r);
	T_OK(rows_open(&r, folder_fd, 0));
	assert_int_equal(r.count, 2);
	for (unsigned i = 0; i < 2; i++) {
		w = rows_next(&r);
		assert_non_null(w);
		assert_true(id_eq(&w->stream, &stream));
		assert_int_equal(w->index, w->run.octets[0] == 1 ? 8 : 1);
		assert_int_equal(w->day, 20000);
		assert_true(
		    slice_eq(buf_slice(&w->octets), SLICE_LIT("sealed")));
	}
	assert_null(rows_next(&r));
	rows_later(&r, w->number); /* its disk is full */
	assert_ptr_equal(rows_next(&r), w);
	rows_done(&r, w->number);
	rows_fini(&r);
	T_OK(rows_open(&r, folder_fd, 0));
	assert_int_equal(r.count, 1);
	rows_clear(&r);
	rows_fini(&r);
	T_OK(rows_open(&r, folder_fd, 0));
	assert_int_equal(r.count, 0);
	rows_fini(&r);
}

/*
 * After a power cut a file may be shorter than its header, or zeros from there
 * on. Sent, it would be nothing, and nothing is never kept: the server would
 * be asked for ever, and what is newer would wait behind it.
 */
static void
what_cannot_be_sent_stands_in_nobodys_way(void **state)
{
	static const char zeros[512];
	static const struct {
		long keep;
		size_t zeros;
	} cut[] = { { 608, 0 }, { 608, 512 }, { 500, 0 }, { 450, 10 } };
	struct spool_reader r;
	struct spool s;

	(void)state;
	for (size_t i = 0; i < COUNT(cut); i++) {
		T_OK(spool_open(&s, folder_fd, ROOM, 0));
		put(&s, &stream, RUN_HEADER, 1, 0, 200);
		put(&s, &stream, RUN_KEY, 1, 1, 400);
		spool_close(&s);
		file_spoil(cut[i].keep, zeros, cut[i].zeros);
		T_OK(spool_open(&s, folder_fd, ROOM, 0));
		struct spool_file *f = spool_oldest(&s);
		assert_non_null(f);
		T_ERR(ERR_MISSING, spool_read(&s, f, &r));
		assert_false(f->reading);
		spool_drop(&s, f);
		spool_close(&s);
	}
}

/* What the server does not take is not lost, nor does the rest wait for it. */
static void
what_is_passed_over_stays(void **state)
{
	struct spool s;

	(void)state;
	T_OK(spool_open(&s, folder_fd, ROOM, 0));
	run_put(&s, 1, 2);
	run_put(&s, 2, 2);
	struct spool_file *first = spool_oldest(&s);
	first->passed = true;
	assert_string_equal(take(&s), "7 h2 1 2");
	assert_null(spool_oldest(&s));
	assert_int_equal(s.count, 1);
	first->passed = false;
	assert_string_equal(take(&s), "7 h1 1 2");
	spool_close(&s);
}

/* Nor is what the server would take and never keep. */
static void
records_that_stand_where_none_can_end_a_file(void **state)
{
	static const struct {
		uint8_t flags, index;
	} second[] = { { 0, 1 }, { RUN_MARK, 1 }, { RUN_KEY, 0 } };
	struct spool s;

	(void)state;
	for (size_t i = 0; i < COUNT(second); i++) {
		T_OK(spool_open(&s, folder_fd, ROOM, 0));
		put(&s, &stream, RUN_HEADER, 1, 0, 200);
		put(&s, &stream, RUN_KEY, 1, 1, 400);
		spool_close(&s);
		const struct slice r = record_make(second[i].flags, 1,
		    second[i].index, 400);
		char frame[404] = { 0, 0, 1, (char)0x90 };
		memcpy(frame + 4, r.at, r.len);
		file_spoil(404, frame, sizeof frame);
		T_OK(spool_open(&s, folder_fd, ROOM, 0));
		assert_string_equal(take(&s), "7 h1");
		spool_close(&s);
	}
	T_OK(spool_open(&s, folder_fd, ROOM, 0));
	run_put(&s, 1, 3);
	put(&s, &stream, RUN_HEADER, 1, 0, 200);
	put(&s, &stream, RUN_KEY, 1, 5, 400);
	put(&s, &stream, 0, 1, 5, 400); /* twice the same */
	put(&s, &stream, 0, 1, 6, 400);
	spool_end(&s, 0);
	assert_string_equal(take(&s), "7 h1 1 2 3");
	assert_string_equal(take(&s), "7 h1 5");
	spool_close(&s);
}

#define WITH_FOLDER(f)                                                         \
	cmocka_unit_test_setup_teardown(f, folder_make, folder_drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(records_come_back_in_order_a_file_for_each_run),
		WITH_FOLDER(nothing_is_kept_before_a_header_and_a_key_frame),
		WITH_FOLDER(a_long_run_goes_on_in_another_file),
		WITH_FOLDER(
		    when_it_is_full_the_oldest_goes_but_not_what_is_being_sent),
		WITH_FOLDER(after_a_restart_all_is_there_but_a_torn_tail),
		WITH_FOLDER(what_cannot_be_sent_stands_in_nobodys_way),
		WITH_FOLDER(records_that_stand_where_none_can_end_a_file),
		WITH_FOLDER(what_is_passed_over_stays),
		WITH_FOLDER(
		    a_disk_that_fails_leaves_what_is_whole_and_is_tried_again),
		WITH_FOLDER(it_may_be_turned_off_and_forgets_when_told),
		cmocka_unit_test(
		    the_tail_is_whole_groups_of_the_last_seconds_with_their_header),
		WITH_FOLDER(rows_survive_a_restart_until_the_server_has_them),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
