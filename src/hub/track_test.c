/*
 * When a stream begins a new run, and when it waits. Clocks are arguments, so
 * hours pass in no time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "hub/camera.h"
#include "unit/t.h"

#define HOUR       489976u
#define NOON_US    ((uint64_t)HOUR * 3600000000u)
#define PICTURE_US 66667

struct scene {
	struct hub_keys keys;
	struct hub_home home;
	struct track track;
	struct hub_now now;
	unsigned headers, keys_sent, pictures, marks, ends;
	size_t unsent;
	uint64_t index;
	unsigned count; /* pictures fed */
};

static void
scene_record(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	struct scene *s = OBJ_OF(to, struct scene, track);

	assert_true(record.len > 0);
	s->headers += flags == RUN_HEADER;
	s->keys_sent += flags == RUN_KEY;
	s->pictures += flags == RUN_KEY || flags == 0;
	s->marks += (flags & RUN_MARK) != 0;
	s->ends += (flags & RUN_END) != 0;
	/* within a run no number is left out */
	assert_true(flags == RUN_HEADER ? index == 0 : index == s->index + 1);
	s->index = index;
}

static size_t
scene_backlog(void *to)
{
	return OBJ_OF(to, struct scene, track)->unsent;
}

static void
hours_set(struct scene *s, uint32_t epoch)
{
	struct key thing = { { (uint8_t)epoch } };

	free(s->home.hours[0]);
	s->home.hours[0] = calloc(1, sizeof *s->home.hours[0]);
	assert_non_null(s->home.hours[0]);
	hour_list_make(&thing, &s->keys.camera[0].thing, HOUR, 3,
	    s->home.hours[0]);
	s->home.epoch = epoch;
}

static void
scene_open(struct scene *s)
{
	const struct key seed = { { 7 } };
	const struct run_sink sink = { scene_record, &s->track };

	*s = (struct scene){ .now = { NOON_US + 1000000, 5000000 } };
	sign_pair_make(&seed, &s->keys.sign);
	hub_home_init(&s->home);
	s->home.told = true;
	s->home.directory.version = 3;
	hours_set(s, 1);
	const struct hub_camera_ids *ids = &s->keys.camera[0];
	const struct track_place place = { &ids->thing,
		&ids->stream[TRACK_MAIN], TRACK_MAIN };
	track_init(&s->track, &place, &s->keys, &s->home, NULL, sink,
	    scene_backlog);
	track_open(&s->track);
}

static void
scene_close(struct scene *s)
{
	track_fini(&s->track);
	hub_home_fini(&s->home);
}

static void
time_pass(struct scene *s, uint64_t us)
{
	s->now.real_us += us;
	s->now.boot_us += us;
}

static enum err
feed_octets(struct scene *s, const void *at, size_t len)
{
	const struct unit u = { .kind = UNIT_H264,
		.flags = UNIT_OWN_TIME,
		.time_us = s->now.real_us - 10000,
		.octets = slice_make(at, len) };
	const enum err e = track_unit(&s->track, &u, s->now);

	time_pass(s, PICTURE_US);
	return e;
}

/* A key frame at each thirtieth picture. */
static void
feed(struct scene *s, unsigned pictures)
{
	static const char key[] = "\0\0\0\1\x67s\0\0\0\1\x68p\0\0\0\1\x65i";
	static const char next[] = "\0\0\0\1\x41n";

	while (pictures-- > 0)
		T_OK(s->count++ % 30 == 0
			 ? feed_octets(s, key, sizeof key - 1)
			 : feed_octets(s, next, sizeof next - 1));
}

static void
a_stream_begins_with_a_key_frame_and_is_marked(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	s.count = 25; /* five pictures before the first key frame */
	feed(&s, 50);
	assert_int_equal(s.headers, 1);
	assert_int_equal(s.pictures, 45);
	assert_int_equal(s.keys_sent, 2);
	assert_int_equal(s.track.skipped, 5);
	scene_close(&s);
}

static void
a_new_hour_begins_a_new_run_at_the_next_key_frame(void **state)
{
	struct scene s;
	struct run_before before;

	(void)state;
	scene_open(&s);
	feed(&s, 35);
	time_pass(&s, UINT64_C(3600000000));
	feed(&s, 20);
	assert_int_equal(s.headers, 1);
	feed(&s, 10);
	assert_int_equal(s.headers, 2);
	assert_int_equal(s.ends, 1);
	before = run_write_info(s.track.run)->before;
	assert_true(before.last_index > 0);
	assert_true(run_write_info(s.track.run)->before.run.octets[0] != 0 ||
		    before.last_index != 0);
	/* its key is the next hour's */
	assert_memory_equal(run_write_info(s.track.run)->hour_id.octets,
	    s.home.hours[0]->hour[1].id.octets, HOUR_ID_OCTETS);
	scene_close(&s);
}

static void
without_a_key_frame_a_run_does_not_outlive_its_hour(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	feed(&s, 35);
	const unsigned shown = s.pictures;
	time_pass(&s, UINT64_C(3600000000) + 61000000);
	feed(&s, 20);
	assert_int_equal(s.pictures, shown);
	assert_int_equal(s.ends, 1);
	feed(&s, 10);
	assert_int_equal(s.headers, 2);
	scene_close(&s);
}

static void
a_new_epoch_begins_a_new_run(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	feed(&s, 35);
	hours_set(&s, 2);
	feed(&s, 30);
	assert_int_equal(s.headers, 2);
	assert_int_equal(run_write_info(s.track.run)->epoch, 2);
	scene_close(&s);
}

static void
a_clock_that_moves_ends_the_run_at_once(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	feed(&s, 10);
	s.now.real_us += 900000; /* within bounds */
	feed(&s, 1);
	assert_int_equal(s.ends, 0);
	s.now.real_us += 200000;
	feed(&s, 1);
	assert_int_equal(s.ends, 1);
	assert_null(s.track.run);
	feed(&s, 25); /* from the next key frame on */
	assert_int_equal(s.headers, 2);
	s.now.real_us -= 5000000; /* set back */
	track_tick(&s.track, s.now);
	assert_int_equal(s.ends, 2);
	scene_close(&s);
}

static void
another_picture_size_begins_a_new_run(void **state)
{
	static const char other[] = "\0\0\0\1\x67T\0\0\0\1\x68p\0\0\0\1\x65i";
	struct scene s;

	(void)state;
	scene_open(&s);
	feed(&s, 10);
	T_OK(feed_octets(&s, other, sizeof other - 1));
	assert_int_equal(s.headers, 2);
	scene_close(&s);
}

static void
a_slow_uplink_loses_whole_groups_and_leaves_no_gap_in_the_run(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	feed(&s, 10);
	s.unsent = TRACK_BACKLOG_MAX + 1;
	feed(&s, 25); /* a key frame passes; too much is still unsent */
	assert_int_equal(s.pictures, 10);
	s.unsent = TRACK_BACKLOG_LOW + 1;
	feed(&s, 20);
	assert_int_equal(s.pictures, 10);
	s.unsent = 0;
	feed(&s, 4);
	assert_int_equal(s.pictures, 10);
	feed(&s, 10); /* number 60 is a key frame */
	assert_int_equal(s.pictures, 10 + 9);
	assert_int_equal(s.headers, 1);
	scene_close(&s);
}

static void
nothing_is_written_while_the_stream_is_closed_or_has_no_hour_key(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	track_close(&s.track);
	feed(&s, 31);
	assert_int_equal(s.headers, 0);
	track_open(&s.track);
	free(s.home.hours[0]);
	s.home.hours[0] = NULL;
	s.count = 0;
	assert_int_equal(feed_octets(&s,
			     "\0\0\0\1\x67s\0\0\0\1\x68p\0\0\0\1\x65i", 18),
	    ERR_MISSING);
	hours_set(&s, 1);
	feed(&s, 1);
	assert_int_equal(s.headers, 1);
	/* the link is lost and comes back: a new run that names the old one */
	feed(&s, 5);
	const struct run_id first = run_write_info(s.track.run)->run;
	track_close(&s.track);
	track_open(&s.track);
	s.count = 0;
	feed(&s, 1);
	assert_int_equal(s.headers, 2);
	assert_memory_equal(run_write_info(s.track.run)->before.run.octets,
	    first.octets, RUN_ID_OCTETS);
	scene_close(&s);
}

static void
a_capture_process_cannot_lie_about_time(void **state)
{
	static const struct {
		int64_t said_us, want_us; /* from now */
	} rows[] = { { -10000, -10000 }, { -250000, -250000 }, { -250001, 0 },
		{ -100000000, 0 }, { 1, 0 }, { 100000000, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;
		scene_open(&s);
		const struct unit u = { .kind = UNIT_H264,
			.flags = UNIT_OWN_TIME,
			.time_us = (uint64_t)((int64_t)s.now.real_us +
					      rows[i].said_us),
			.octets = slice_make(
			    "\0\0\0\1\x67s\0\0\0\1\x68p\0\0\0\1\x65i", 18) };
		T_OK(track_unit(&s.track, &u, s.now));
		assert_int_equal(s.track.last_us,
		    (int64_t)s.now.real_us + rows[i].want_us);
		scene_close(&s);
	}
}

static size_t
no_backlog(void *to)
{
	(void)to;
	return 0;
}

static void
record_drop(void *to, uint64_t index, uint8_t flags, struct slice record)
{
	(void)to;
	(void)index;
	(void)flags;
	(void)record;
}

static void
row_drop(void *to, const struct index_row *row)
{
	(void)to;
	(void)row;
}

static void
nonsense_is_the_process_fault_and_status_is_kept(void **state)
{
	static const struct camera_ends ends = { record_drop, no_backlog,
		row_drop };
	const struct index_before none = { .hour = 0 };
	struct scene s;
	struct camera c;
	const struct unit word = { .kind = UNIT_STATUS,
		.octets = SLICE_LIT("\3\0\0\0\0") };
	const struct unit bad = { .kind = UNIT_STATUS,
		.octets = SLICE_LIT("\xff\0\0\0\0") };

	(void)state;
	scene_open(&s);
	camera_init(&c, &s.keys.camera[0], &s.keys, &s.home, &none, &ends);
	assert_int_equal(c.state, REASON_NO_PROCESS);
	T_OK(camera_unit(&c, TRACK_MAIN, &word, s.now));
	assert_int_equal(c.state, REASON_PASSWORD);
	T_ERR(ERR_SYNTAX, camera_unit(&c, TRACK_MAIN, &bad, s.now));
	T_ERR(ERR_SYNTAX, feed_octets(&s, "nonsense", 8));
	camera_fini(&c);
	scene_close(&s);
}

static void
camera_feed(struct scene *s, struct camera *c, unsigned pictures,
    uint64_t apart_us)
{
	static const char key[] = "\0\0\0\1\x67s\0\0\0\1\x68p\0\0\0\1\x65i";
	const struct unit u = { .kind = UNIT_H264,
		.octets = slice_make(key, sizeof key - 1) };

	while (pictures-- > 0) {
		time_pass(s, apart_us);
		T_OK(camera_unit(c, TRACK_MAIN, &u, s->now));
		camera_tick(c, s->now);
	}
}

static void
a_camera_that_falls_silent_is_told_from_its_last_picture_on(void **state)
{
	static const struct camera_ends ends = { record_drop, no_backlog,
		row_drop };
	const struct index_before none = { .hour = 0 };
	struct scene s;
	struct camera c;

	(void)state;
	scene_open(&s);
	camera_init(&c, &s.keys.camera[0], &s.keys, &s.home, &none, &ends);
	camera_feed(&s, &c, 20, 500000);
	const uint64_t last_us = s.now.real_us;
	time_pass(&s, 2900000);
	camera_tick(&c, s.now);
	assert_int_equal(c.state, REASON_RUNNING);
	time_pass(&s, 200000);
	camera_tick(&c, s.now);
	assert_int_equal(c.state, REASON_SLOW);
	const size_t n = c.index.x.state_count;
	assert_int_equal(c.index.x.state[n - 1].state, REASON_SLOW);
	assert_int_equal(c.index.x.state[n - 1].time,
	    (last_us - NOON_US) * 16 / 1000000);
	camera_feed(&s, &c, 1, 1000000);
	assert_int_equal(c.state, REASON_RUNNING);
	/* one that is slow by itself is known to be so, after a while */
	camera_feed(&s, &c, 20, 5000000);
	time_pass(&s, 15000000);
	camera_tick(&c, s.now);
	assert_int_equal(c.state, REASON_RUNNING);
	camera_fini(&c);
	scene_close(&s);
}

static struct head row_head;

static void
row_keep(void *to, const struct index_row *row)
{
	(void)to;
	row_head = row->head;
}

static void
heads_name_a_row_once_the_server_has_it(void **state)
{
	static const struct camera_ends ends = { record_drop, no_backlog,
		row_keep };
	const struct index_before none = { .hour = 0 };
	const struct run_id zeros = { { 0 } };
	struct scene s;
	struct camera c;
	struct head h;

	(void)state;
	scene_open(&s);
	camera_init(&c, &s.keys.camera[0], &s.keys, &s.home, &none, &ends);
	camera_feed(&s, &c, 4, 500000);
	index_writer_flush(&c.index, s.now.real_us);
	index_writer_head(&c.index, &h);
	assert_memory_equal(h.run.octets, zeros.octets, RUN_ID_OCTETS);
	index_writer_taken(&c.index, &row_head);
	index_writer_flush(&c.index, s.now.real_us);
	index_writer_head(&c.index, &h);
	assert_memory_equal(h.run.octets, row_head.run.octets, RUN_ID_OCTETS);
	assert_int_equal(h.mark_number, row_head.mark_number - 1);
	camera_fini(&c);
	scene_close(&s);
}

static void
heads_name_the_last_mark_of_the_run_before_until_there_is_a_new_one(
    void **state)
{
	struct scene s;
	struct head h;

	(void)state;
	scene_open(&s);
	track_head(&s.track, &h);
	feed(&s, 20);
	track_head(&s.track, &h);
	const struct run_id run = run_write_info(s.track.run)->run;
	assert_memory_equal(h.run.octets, run.octets, RUN_ID_OCTETS);
	assert_int_equal(h.mark_number, 1);
	track_close(&s.track);
	struct head last;
	track_head(&s.track, &last);
	assert_memory_equal(last.run.octets, run.octets, RUN_ID_OCTETS);
	assert_int_equal(last.mark_number, 1);
	assert_memory_equal(last.mark_hash, h.mark_hash, SHA256_OCTETS);
	scene_close(&s);
}

/* A packet of G.711: 20 ms, taken 200 ms ago. */
static enum err
hear(struct scene *s, unsigned packets)
{
	static uint8_t octets[7 + 160] = { SOUND_PCMU, 0, 0, 0x1f, 0x40, 1 };
	enum err e = ERR_OK;

	while (e == ERR_OK && packets-- > 0) {
		const struct unit u = { .kind = UNIT_SOUND,
			.flags = UNIT_OWN_TIME,
			.time_us = s->now.real_us - 200000,
			.octets = SLICE_OF(octets) };
		e = track_unit(&s->track, &u, s->now);
		time_pass(s, 20000);
	}
	return e;
}

static void
sound_is_written_in_bundles_beside_its_pictures(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	T_OK(hear(&s, 9)); /* no picture yet */
	assert_int_equal(s.headers, 0);
	feed(&s, 1);
	for (unsigned i = 0; i < 10; i++) { /* 1.3 s */
		feed(&s, 1);
		T_OK(hear(&s, 3));
	}
	assert_int_equal(s.headers, 1);
	/* one of three packets behind each other picture */
	assert_int_equal(s.pictures, 1 + 10 + 10);
	/* times that go back a little make no mark of their own */
	assert_int_equal(s.marks, 2);
	T_OK(hear(&s, 2)); /* waits for a third */
	assert_int_equal(s.pictures, 21);
	track_end(&s.track, s.now);
	assert_int_equal(s.pictures, 22);
	assert_int_equal(s.ends, 1);
	T_ERR(ERR_SYNTAX,
	    track_unit(&s.track, &(struct unit){ .kind = UNIT_SOUND }, s.now));
	scene_close(&s);
}

static void
sound_that_is_not_wanted_is_written_nowhere(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	feed(&s, 1);
	T_OK(hear(&s, 2));
	track_hear(&s.track, false);
	T_OK(hear(&s, 30));
	assert_int_equal(s.pictures, 1);
	track_end(&s.track, s.now);
	assert_int_equal(s.pictures, 1);
	s.count = 0;
	feed(&s, 1);
	track_hear(&s.track, true);
	T_OK(hear(&s, 3));
	assert_int_equal(s.pictures, 3);
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_stream_begins_with_a_key_frame_and_is_marked),
		cmocka_unit_test(
		    a_new_hour_begins_a_new_run_at_the_next_key_frame),
		cmocka_unit_test(
		    without_a_key_frame_a_run_does_not_outlive_its_hour),
		cmocka_unit_test(a_new_epoch_begins_a_new_run),
		cmocka_unit_test(a_clock_that_moves_ends_the_run_at_once),
		cmocka_unit_test(another_picture_size_begins_a_new_run),
		cmocka_unit_test(
		    a_slow_uplink_loses_whole_groups_and_leaves_no_gap_in_the_run),
		cmocka_unit_test(
		    nothing_is_written_while_the_stream_is_closed_or_has_no_hour_key),
		cmocka_unit_test(a_capture_process_cannot_lie_about_time),
		cmocka_unit_test(
		    nonsense_is_the_process_fault_and_status_is_kept),
		cmocka_unit_test(
		    a_camera_that_falls_silent_is_told_from_its_last_picture_on),
		cmocka_unit_test(heads_name_a_row_once_the_server_has_it),
		cmocka_unit_test(
		    heads_name_the_last_mark_of_the_run_before_until_there_is_a_new_one),
		cmocka_unit_test(
		    sound_is_written_in_bundles_beside_its_pictures),
		cmocka_unit_test(sound_that_is_not_wanted_is_written_nowhere),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return T_RUN(tests);
}
