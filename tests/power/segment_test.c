/*
 * segment_test.c - the power goes while pictures are recorded, a hundred times
 * over, and on some days again while the server comes back. Core and edge are
 * the real ones (house.c), on a disk that loses or tears what was not synced.
 *
 * Afterwards each record that was synced is there, opens and is itself; what
 * the torn end of a file looks like opens for nobody; recording goes on in a
 * new file, and what is recorded plays.
 *
 * Meanwhile retention lets go what is over its days. What is locked or within
 * them stays; no row names a file that is gone, and no file is left without
 * its row.
 *
 * EAVES_POWER_SEEDS: how many lives, instead of a hundred.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "eavesd/edge/disk.h"
#include "model/run_read.h"
#include "model/run_write.h"
#include "os/file.h"
#include "tests/power/cut.h"
#include "tests/power/cut_files.h"
#include "tests/power/house.h"
#include "unit/t.h"

#define SEEDS          100
#define OLD            40 /* segments of days before */
#define RECORDS_MAX    1200
#define GROUPS_MAX     90
#define PICTURES       6 /* of a group */
#define PICTURE_OCTETS 400000u
#define REST_OCTETS    20000u
#define START_US       1763913600000000

static uint8_t noise[PICTURE_OCTETS];
static const struct id stream = { { 3 } };

/* A run: what was sealed, and how far the disk has it. */
struct tape {
	struct sign_pair hub;
	struct key hour;
	uint8_t hour_public[KX_OCTETS];
	struct run_info info;
	struct run_writer *w;
	struct house *house;
	struct buf record[RECORDS_MAX];
	size_t count, synced;
	/* reading back */
	struct run_reader *reader;
	bool there[RECORDS_MAX];
	unsigned torn;
};

static void
tape_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct tape *t = to;

	(void)flags;
	assert_true(t->count < RECORDS_MAX && index == t->count);
	buf_init(&t->record[t->count], RUN_RECORD_MAX);
	T_OK(buf_append(&t->record[t->count++], record));
	house_record(t->house, &stream, record);
}

static void
tape_open(struct tape *t, struct house *h)
{
	AUTO_KEY run_key, seed;

	*t = (struct tape){ .house = h };
	octets_random(&seed, sizeof seed);
	octets_random(&t->hour, sizeof t->hour);
	octets_random(&run_key, sizeof run_key);
	sign_pair_make(&seed, &t->hub);
	kx_public(&t->hour, t->hour_public);
	t->info = (struct run_info){
		.place = { { { 1 } }, { { 2 } }, stream, { { 4 } }, RUN_MEDIA },
		.epoch = 1,
		.start_us = START_US,
	};
	run_id_make(&stream, &t->info.run);
	const struct run_secrets secrets = { .run_key = &run_key };
	const struct run_sink sink = { tape_record, t };
	T_OK(run_write_open(&t->info, t->hour_public, &t->hub, &secrets, sink,
	    &t->w));
}

static void
tape_close(struct tape *t)
{
	run_write_close(t->w);
	run_read_close(t->reader);
	for (size_t i = 0; i < t->count; i++)
		buf_fini(&t->record[i]);
}

/* A second or two of a camera; then what edge does each second. */
static void
tape_group(struct tape *t, unsigned group)
{
	for (unsigned i = 0; i < PICTURES; i++) {
		const size_t most = i == 0 ? PICTURE_OCTETS : REST_OCTETS;
		const size_t n = 100 + (cut_draw() * 7u) % (most - 100);

		T_OK(run_write_media(t->w, i == 0,
		    START_US + (group * PICTURES + i) * 166667, RUN_H264,
		    slice_make(noise, n)));
	}
	if (house_second(t->house))
		t->synced = t->count;
}

/* --- reading back --- */

static enum err
record_look(void *ctx, const struct record_clear *clear, struct slice record)
{
	struct tape *t = ctx;
	struct run_said said;
	struct run_info info;

	if (memcmp(clear->run.octets, t->info.run.octets, RUN_ID_OCTETS) != 0)
		return ERR_OK;
	const bool itself = clear->index < t->count &&
			    slice_eq(buf_slice(&t->record[clear->index]),
				record);
	if (clear->flags == RECORD_HEADER) {
		t->there[0] |= itself;
		if (itself && t->reader == NULL)
			T_OK(run_read_open(record, &t->info.place, &t->hour,
			    t->hub.public, &info, &t->reader));
		return ERR_OK;
	}
	const bool opens = t->reader != NULL &&
			   run_read(t->reader, record, &said) == ERR_OK;
	/* what opens is what was sealed */
	assert_true(!opens || itself);
	if (opens)
		t->there[clear->index] = true;
	else
		t->torn++;
	return ERR_OK;
}

static void
file_look(struct house_file *f, struct tape *tapes, size_t count)
{
	AUTO_BUF struct buf b;

	buf_init(&b, SEGMENT_OCTETS);
	T_OK(fd_read_all(f->fd, &b));
	T_OK(ctr_xor(&f->key, 0, b.at, b.len));
	/* a file whose first octets were not synced is no segment */
	for (size_t i = 0; i < count; i++)
		(void)!segment_scan(buf_slice(&b), record_look, &tapes[i]);
	(void)close(f->fd);
}

static unsigned
tape_lost(const struct tape *t)
{
	unsigned lost = 0;

	for (size_t i = 0; i < t->synced; i++)
		lost += !t->there[i];
	return lost;
}

struct played {
	const struct tape *tape;
	unsigned pictures;
};

static enum err
record_play(void *ctx, const struct record_clear *clear, struct slice record)
{
	struct played *p = ctx;

	if (clear->index < p->tape->count &&
	    slice_eq(record, buf_slice(&p->tape->record[clear->index])))
		p->pictures += clear->flags == 0 || clear->flags == RECORD_KEY;
	return ERR_OK;
}

/* The first groups of a run, as a viewer asks edge for them. */
static unsigned
pictures_play(struct house *h, const struct tape *t, size_t groups)
{
	struct job j = { .is_range = true,
		.range = { .run = t->info.run, .index = 1, .groups = groups } };
	struct played p = { .tape = t };
	struct house_file files[4];
	AUTO_BUF struct buf b;

	j.file_count = house_files(h, &stream, files);
	for (size_t i = 0; i < j.file_count; i++)
		j.files[i] = (struct read_file){ .fd = files[i].fd,
			.key = files[i].key };
	read_do(&j);
	buf_init(&b, SEGMENT_OCTETS);
	T_OK(segment_head_put(&b));
	T_OK(buf_append(&b, buf_slice(&j.records)));
	T_OK(segment_scan(buf_slice(&b), record_play, &p));
	buf_fini(&j.records);
	free(j.groups);
	return p.pictures;
}

/* --- one life --- */

struct folders {
	int keeper, segments;
};

/* The server comes back; the power may go once more while it does. */
static struct house *
house_again(const struct folders *f, unsigned seed)
{
	struct house *h;

	cut_files_power_on();
	cut_power_on();
	if (seed % 2 == 0) {
		cut_at(1 + cut_draw() % 200);
		if (house_open(f->keeper, f->segments, &h) == ERR_OK) {
			cut_at(0);
			if (!cut_failed())
				return h;
			house_close(h); /* while it removed what no row names */
		}
		assert_true(cut_failed());
		cut_files_power_on();
		cut_power_on();
	}
	T_OK(house_open(f->keeper, f->segments, &h));
	return h;
}

static const char *const keeper_names[] = { "keeper.secret", "rest.keys",
	"generations", "stamp", NULL };

struct sums {
	unsigned synced, lost, torn, silent, gone;
};

/* --- what was there before --- */

static struct house_old old[OLD];

/* It may go on into the day of the next one. */
static bool
must_stay(const struct house_old *o)
{
	return o->locked || o->days_ago <= 7 + 1;
}

/* Oldest first; some locked, and the last ones within their days. */
static void
old_add(struct house *h)
{
	for (unsigned i = 0; i < OLD; i++) {
		old[i] = (struct house_old){ .days_ago = 6 + OLD - i - 1,
			.locked = i % 5 == 2 };
		house_old_add(h, &stream, &old[i]);
	}
}

static unsigned
old_over(void)
{
	unsigned over = 0;

	for (unsigned i = 0; i < OLD; i++)
		over += !must_stay(&old[i]);
	return over;
}

/* How many went; what had to stay is there. */
static unsigned
old_look(struct house *h)
{
	unsigned gone = 0;

	if (cut_sync_lies())
		return old_over();
	assert_true(house_whole(h));
	for (unsigned i = 0; i < OLD; i++) {
		const bool kept = house_old_kept(h, &stream, &old[i]);

		assert_true(kept || !must_stay(&old[i]));
		gone += !kept;
	}
	return gone;
}

static void
life(const struct folders *f, unsigned seed, struct sums *sums)
{
	static struct tape tapes[2];
	struct house_file files[4];
	struct house *h;

	cut_reset(seed, 0);
	cut_files_watch(f->segments);
	T_OK(house_open(f->keeper, f->segments, &h));
	T_OK(house_stream(h, &stream));
	old_add(h);
	cut_at(2 + seed * 37 % 300);
	tape_open(&tapes[0], h);
	for (unsigned i = 0; i < GROUPS_MAX && !cut_failed(); i++)
		tape_group(&tapes[0], i);
	cut_at(1);
	house_close(h);

	h = house_again(f, seed);
	const unsigned gone = old_look(h);
	sums->gone += gone > 0 && gone < old_over();
	tape_open(&tapes[1], h);
	for (unsigned i = 0; i < 3; i++)
		tape_group(&tapes[1], i);
	assert_int_equal(old_look(h), old_over());
	const size_t n = house_files(h, &stream, files);
	for (size_t i = 0; i < n; i++)
		file_look(&files[i], tapes, 2);
	sums->silent += pictures_play(h, &tapes[1], 2) != 2 * PICTURES;
	if (tapes[0].synced >= PICTURES + 3)
		sums->silent += pictures_play(h, &tapes[0], 1) != PICTURES;
	for (size_t i = 0; i < 2; i++) {
		sums->synced += (unsigned)tapes[i].synced;
		sums->lost += tape_lost(&tapes[i]);
		sums->torn += tapes[i].torn;
		tape_close(&tapes[i]);
	}
	house_close(h);
}

static int
folder_make(char *name)
{
	const int fd = mkdtemp(name) == NULL
			   ? -1
			   : open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd != -1);
	return fd;
}

static void
folder_drop(int fd, const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		(void)unlinkat(fd, *names, 0);
	(void)close(fd);
	(void)rmdir(name);
}

static struct sums
all_lives(unsigned seeds)
{
	char keeper[] = "/tmp/eaves-power-XXXXXX";
	struct folders f = { .keeper = folder_make(keeper) };
	struct sums sums = { 0 };

	T_OK(crypto_init());
	octets_random(noise, sizeof noise);
	for (unsigned seed = 1; seed <= seeds; seed++) {
		char segments[] = "/tmp/eaves-power-XXXXXX";

		f.segments = folder_make(segments);
		life(&f, seed, &sums);
		cut_files_drop();
		(void)close(f.segments);
		assert_int_equal(rmdir(segments), 0);
	}
	folder_drop(f.keeper, keeper, keeper_names);
	print_message("# %u seeds, %u records synced, %u lost, %u torn, %u "
		      "silent; %u times in the midst of letting go\n",
	    seeds, sums.synced, sums.lost, sums.torn, sums.silent, sums.gone);
	assert_true(sums.synced > 20 * seeds);
	return sums;
}

/* One whose power stays on. */
struct whole {
	char keeper[32], segments[32];
	struct folders f;
	struct house *h;
};

static struct house *
whole_open(struct whole *w)
{
	*w = (struct whole){ "/tmp/eaves-power-XXXXXX",
		"/tmp/eaves-power-XXXXXX", { 0 }, NULL };
	w->f.keeper = folder_make(w->keeper);
	w->f.segments = folder_make(w->segments);
	cut_install(false);
	cut_reset(1, 0);
	cut_files_watch(w->f.segments);
	T_OK(crypto_init());
	T_OK(house_open(w->f.keeper, w->f.segments, &w->h));
	T_OK(house_stream(w->h, &stream));
	return w->h;
}

static void
whole_close(struct whole *w)
{
	house_close(w->h);
	cut_files_drop();
	(void)close(w->f.segments);
	assert_int_equal(rmdir(w->segments), 0);
	folder_drop(w->f.keeper, w->keeper, keeper_names);
}

/* A camera with many pixels says more than 2 MiB from key to key. */
static void
long_groups_are_recorded_whole(void **state)
{
	struct whole w;
	static struct tape tape;
	struct house_file files[4];

	(void)state;
	struct house *h = whole_open(&w);
	tape_open(&tape, h);
	for (unsigned i = 0; i < 12; i++) {
		for (unsigned k = 0; k < 9; k++)
			T_OK(run_write_media(tape.w, k == 0,
			    START_US + (i * 9 + k) * 100000, RUN_H264,
			    SLICE_OF(noise)));
		assert_true(house_second(h));
	}
	tape.synced = tape.count;
	const size_t n = house_files(h, &stream, files);
	for (size_t i = 0; i < n; i++)
		file_look(&files[i], &tape, 1);
	assert_int_equal(tape_lost(&tape), 0);
	tape_close(&tape);
	whole_close(&w);
}

/* Recording stops, the server goes on; with room again recording does, too. */
static void
a_full_disk_stops_recording_alone(void **state)
{
	struct whole w;
	static struct tape tapes[2];
	struct house_file files[4];

	(void)state;
	struct house *h = whole_open(&w);
	old_add(h);
	tape_open(&tapes[0], h);
	tape_group(&tapes[0], 0);
	const size_t synced = tapes[0].synced;
	assert_true(old_look(h) < old_over());
	cut_full(true);
	for (unsigned i = 1; i < 12; i++) {
		house_retry(h);
		tape_group(&tapes[0], i);
		assert_true(house_whole(h));
	}
	cut_full(false);
	house_retry(h);
	tapes[0].synced = synced;
	tape_open(&tapes[1], h);
	for (unsigned i = 0; i < 8; i++)
		tape_group(&tapes[1], i);
	assert_true(house_whole(h));
	assert_int_equal(old_look(h), old_over());
	assert_int_equal(pictures_play(h, &tapes[1], 2), 2 * PICTURES);
	assert_int_equal(pictures_play(h, &tapes[0], 1), PICTURES);
	const size_t n = house_files(h, &stream, files);
	for (size_t i = 0; i < n; i++)
		file_look(&files[i], tapes, 2);
	assert_int_equal(tape_lost(&tapes[0]) + tape_lost(&tapes[1]), 0);
	tape_close(&tapes[0]);
	tape_close(&tapes[1]);
	whole_close(&w);
}

/* They go a day after the files; where something is locked they stay. */
static void
rows_go_with_their_days_but_not_those_of_a_lock(void **state)
{
	static const struct id rows = { { 5 } };
	struct whole w;
	struct house_old locked = { .days_ago = 20, .locked = true };

	(void)state;
	struct house *h = whole_open(&w);
	house_rows_stream(h, &rows, &stream);
	house_old_add(h, &stream, &locked);
	for (unsigned days_ago = 0; days_ago < 40; days_ago++)
		house_row_add(h, &rows, days_ago);
	for (unsigned i = 0; i < 3; i++)
		assert_true(house_second(h));
	for (unsigned days_ago = 0; days_ago < 40; days_ago++)
		assert_int_equal(house_row_kept(h, &rows, days_ago),
		    days_ago <= 8 || (days_ago >= 19 && days_ago <= 21));
	assert_true(house_old_kept(h, &stream, &locked));
	whole_close(&w);
}

/* However many cameras have something locked on the same days. */
static void
rows_go_where_much_is_locked(void **state)
{
	static const struct id rows = { { 5 } }, more = { { 6 } };
	struct whole w;

	(void)state;
	struct house *h = whole_open(&w);
	house_rows_stream(h, &rows, &stream);
	house_rows_stream(h, &more, &stream);
	house_days_lock(h, &stream, 100, 600);
	house_days_lock(h, &more, 100, 600);
	house_row_add(h, &rows, 20);
	for (unsigned i = 0; i < 3; i++)
		assert_true(house_second(h));
	assert_false(house_row_kept(h, &rows, 20));
	whole_close(&w);
}

/* However much a hub tells: the store has room for who signs in. */
static void
rows_leave_the_store_its_room(void **state)
{
	static const struct id rows = { { 5 } };
	struct whole w;

	(void)state;
	struct house *h = whole_open(&w);
	house_rows_stream(h, &rows, &stream);
	T_OK(house_row_send(h, &rows));
	cut_files_left((uint64_t)17 << 20); /* none for pictures any more */
	T_OK(house_row_send(h, &rows));
	cut_files_left((uint64_t)15 << 20);
	T_ERR(ERR_IO, house_row_send(h, &rows));
	cut_files_left(0);
	T_OK(house_row_send(h, &rows));
	whole_close(&w);
}

/* Of a camera that was removed. */
static void
a_hub_writes_no_row_into_what_was_taken_from_it(void **state)
{
	static const struct id rows = { { 5 } };
	struct whole w;

	(void)state;
	struct house *h = whole_open(&w);
	house_rows_stream(h, &rows, &stream);
	T_OK(house_row_of_hub(h, &rows, true));
	T_ERR(ERR_DENIED, house_row_of_hub(h, &rows, false));
	T_OK(house_row_of_hub(h, &rows, true));
	whole_close(&w);
}

/* Whoever has the most of all gives, in however many streams. */
static void
a_full_server_is_shared_between_homes(void **state)
{
	const struct id many = { { 10 } }, few = { { 100 } };
	struct whole w;
	unsigned all = 0;

	(void)state;
	struct house *h = whole_open(&w);
	house_home_add(h, 5, 10, 40, 2); /* 80 */
	house_home_add(h, 6, 100, 1, 20);
	/* the one with few files begins one; then the one with many does */
	T_OK(house_room(h, &few, 100));
	assert_int_equal(house_files_of(h, &few), 20);
	T_OK(house_room(h, &many, 99));
	assert_int_equal(house_files_of(h, &few), 20);
	for (uint8_t i = 0; i < 40; i++) {
		const struct id one = { { (uint8_t)(10 + i) } };
		all += (unsigned)house_files_of(h, &one);
	}
	assert_int_equal(all, 78);
	/* a few at a time; equal shares in the end, and then of one's own */
	for (unsigned i = 0; i < 12; i++)
		T_OK(house_room(h, &few, 30));
	assert_int_equal(house_files_of(h, &few), 14);
	T_OK(house_room(h, &few, 29));
	assert_int_equal(house_files_of(h, &few), 13);
	T_OK(house_room(h, &many, 28));
	assert_int_equal(house_files_of(h, &few), 13);
	whole_close(&w);
}

/* The same again and again in one question: others would wait for its end. */
static void
a_lock_costs_no_more_than_what_it_may_keep(void **state)
{
	static const struct run_id run = { { 1 } };
	struct whole w;

	(void)state;
	struct house *h = whole_open(&w);
	house_run_add(h, &stream, &run, 20);
	assert_int_equal(house_run_lock(h, &stream, &run, 1), 200);
	assert_int_equal(house_run_lock(h, &stream, &run, 60), 200);
	assert_int_equal(house_run_lock(h, &stream, &run, 256), 413);
	whole_close(&w);
}

static void
no_synced_record_is_lost_when_the_power_goes(void **state)
{
	(void)state;
	cut_install(false);
	const char *seeds = getenv("EAVES_POWER_SEEDS");
	const struct sums s = all_lives(
	    seeds == NULL ? SEEDS : (unsigned)atol(seeds));
	assert_int_equal(s.lost, 0);
	assert_int_equal(s.silent, 0);
	assert_true(s.gone > 0);
}

static void
with_syncs_that_lie_records_are_lost(void **state)
{
	(void)state;
	cut_install(true);
	assert_true(all_lives(SEEDS / 10).lost > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_groups_are_recorded_whole),
		cmocka_unit_test(a_full_disk_stops_recording_alone),
		cmocka_unit_test(
		    rows_go_with_their_days_but_not_those_of_a_lock),
		cmocka_unit_test(rows_go_where_much_is_locked),
		cmocka_unit_test(a_full_server_is_shared_between_homes),
		cmocka_unit_test(rows_leave_the_store_its_room),
		cmocka_unit_test(
		    a_hub_writes_no_row_into_what_was_taken_from_it),
		cmocka_unit_test(a_lock_costs_no_more_than_what_it_may_keep),
		cmocka_unit_test(no_synced_record_is_lost_when_the_power_goes),
		cmocka_unit_test(with_syncs_that_lie_records_are_lost),
	};

	return T_RUN(tests);
}
