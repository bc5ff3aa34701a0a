#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "hub/capture/demo.h"
#include "hub/capture/demo_stage.h"
#include "hub/capture/demo_stamp.h"
#include "hub/capture/demo_story.h"
#include "unit/t.h"

/* A day of May, 2026, at noon; a whole number of rounds since 1970. */
#define NOON_MS (20593ull * 86400000 + 43200000)

/* FNV-1a: enough to tell two pictures apart. */
static uint64_t
picture_hash(const struct picture *p)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < picture_octets(p); i++)
		h = (h ^ p->y[i]) * 0x100000001b3;
	return h;
}

static uint64_t
drawn_hash(uint32_t seed, const uint64_t *ms, size_t count)
{
	struct picture p;
	struct demo *d;

	T_OK(picture_init(&p, DEMO_WIDTH, DEMO_HEIGHT));
	T_OK(demo_open(seed, &d));
	for (size_t i = 0; i < count; i++)
		demo_draw(d, ms[i], 1000000, 0, 1, &p);
	const uint64_t h = picture_hash(&p);
	demo_close(d);
	picture_fini(&p);
	return h;
}

static void
a_picture_depends_on_seed_and_time_and_not_on_what_was_drawn_before(
    void **state)
{
	static const uint64_t direct[] = { NOON_MS + 20500 };
	/* through other hours of the day, and back in time */
	static const uint64_t around[] = { NOON_MS + 481000, NOON_MS + 30000000,
		NOON_MS + 5000, NOON_MS + 20500 };
	static const uint64_t later[] = { NOON_MS + 20567 };

	(void)state;
	const uint64_t h = drawn_hash(1, direct, 1);
	assert_true(h == drawn_hash(1, around, 4));
	assert_true(h != drawn_hash(2, direct, 1));
	assert_true(h != drawn_hash(1, later, 1));
}

static void
the_stamp_reads_back_to_the_microsecond(void **state)
{
	struct picture p;
	struct demo *d;
	const uint64_t time_us = 1763913127123457;

	(void)state;
	T_OK(picture_init(&p, DEMO_WIDTH, DEMO_HEIGHT));
	T_OK(demo_open(1, &d));
	demo_draw(d, NOON_MS, time_us, 0, 0xbeef, &p);
	assert_true(
	    stamp_read(&p) == ((time_us & 0xffffffffffff) << 16 | 0xbeef));
	assert_int_equal(p.u[0], 128);
	assert_int_equal(p.v[7 * 640 + 511], 128);
	demo_close(d);
	picture_fini(&p);
}

static void
the_story_goes_round_after_round_in_order(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 20; seed++)
		for (uint64_t round = 0; round < 30; round++) {
			struct story_times t;
			story_times(seed, round, &t);
			assert_true(t.comes > 0);
			assert_true(t.comes < t.leaves_parcel);
			assert_true(t.leaves_parcel < t.gone);
			assert_true(t.gone < t.returns);
			assert_true(t.returns < t.takes);
			assert_true(t.takes < t.away);
			assert_true(t.away < STORY_ROUND_S);
		}
}

static void
nobody_jumps_and_everybody_fits_the_canvas(void **state)
{
	struct story s, last = { 0 };

	(void)state;
	for (int i = 0; i < STORY_ROUND_S * 30; i++) {
		story_at(3, i / 30.0, &s);
		const struct story_person *p = &s.person, *q = &last.person;
		if (p->there && q->there && p->who == q->who) {
			assert_true(fabsf(p->across - q->across) < 0.06f);
			assert_true(fabsf(p->away - q->away) < 0.06f);
			assert_true(fabsf(p->stoop - q->stoop) < 0.1f);
		}
		if (p->there && !q->there)
			assert_true(fabsf(p->across) > 6);
		last = s;
	}
}

/* Mean difference of luma about the parcel's place. */
static double
parcel_difference(const struct picture *a, const struct picture *b)
{
	double sum = 0;

	for (int y = 466; y < 490; y++)
		for (int x = 730; x < 756; x++)
			sum += abs(a->y[y * DEMO_WIDTH + x] -
				   b->y[y * DEMO_WIDTH + x]);
	return sum / (24 * 26);
}

static void
the_picture_shows_the_parcel_while_the_story_says_so(void **state)
{
	const uint64_t start_s = NOON_MS / 1000;
	struct picture before, with, after;
	struct story_times t;
	struct demo *d;

	(void)state;
	assert_int_equal(start_s % STORY_ROUND_S, 0);
	story_times(1, start_s / STORY_ROUND_S, &t);
	T_OK(picture_init(&before, DEMO_WIDTH, DEMO_HEIGHT));
	T_OK(picture_init(&with, DEMO_WIDTH, DEMO_HEIGHT));
	T_OK(picture_init(&after, DEMO_WIDTH, DEMO_HEIGHT));
	T_OK(demo_open(1, &d));
	demo_draw(d, NOON_MS, 0, 0, 0, &before);
	demo_draw(d, NOON_MS + (uint64_t)(t.gone * 1000) + 1000, 0, 0, 0,
	    &with);
	demo_draw(d, NOON_MS + (uint64_t)(t.away * 1000) + 1000, 0, 0, 0,
	    &after);
	assert_true(parcel_difference(&before, &with) > 10);
	assert_true(parcel_difference(&before, &after) < 2);
	demo_close(d);
	picture_fini(&before);
	picture_fini(&with);
	picture_fini(&after);
}

static void
scene_time_runs_at_its_speed_and_in_the_zone(void **state)
{
	(void)state;
	assert_true(demo_scene_ms(5000000, 1000, 0) == 5000);
	assert_true(demo_scene_ms(5000000, 1000, 3600) == 3605000);
	assert_true(demo_scene_ms(5500000, 20000, 0) == 110000);
	assert_true(demo_scene_ms(1763913127123457, 1000, 0) == 1763913127123);
	/* a year of 2100 at the highest speed does not wrap */
	assert_true(
	    demo_scene_ms(4102444800000000, 1000000, 0) == 4102444800000000);
}

static void
the_day_is_brighter_than_the_night_and_lamps_burn_at_night(void **state)
{
	struct light noon, night;

	(void)state;
	light_at(12, &noon);
	light_at(23.99f, &night);
	for (int i = 0; i < 3; i++)
		assert_true(noon.sky[i] > 3 * night.sky[i]);
	assert_true(noon.lamps == 0.0f && night.lamps > 0.9f);
	light_at(0, &noon);
	assert_true(fabsf(noon.sky[0] - night.sky[0]) < 0.01f);
}

static void
a_picture_costs_less_than_three_milliseconds(void **state)
{
	struct picture p;
	struct demo *d;
	struct timespec a, b;

	(void)state;
#if EAVES_SANITIZED
	skip();
#endif
	T_OK(picture_init(&p, DEMO_WIDTH, DEMO_HEIGHT));
	T_OK(demo_open(1, &d));
	demo_draw(d, NOON_MS, 0, 0, 0, &p);
	/* CPU time of this process: others may be busy */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (uint64_t i = 0; i < 150; i++)
		demo_draw(d, NOON_MS + 10000 + i * 67, 0, 0, 0, &p);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	const double ms = (double)(b.tv_sec - a.tv_sec) * 1e3 +
			  (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	print_message("# %.2f ms per picture\n", ms / 150);
	assert_true(ms / 150 < 3);
	demo_close(d);
	picture_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_picture_depends_on_seed_and_time_and_not_on_what_was_drawn_before),
		cmocka_unit_test(the_stamp_reads_back_to_the_microsecond),
		cmocka_unit_test(the_story_goes_round_after_round_in_order),
		cmocka_unit_test(nobody_jumps_and_everybody_fits_the_canvas),
		cmocka_unit_test(
		    the_picture_shows_the_parcel_while_the_story_says_so),
		cmocka_unit_test(scene_time_runs_at_its_speed_and_in_the_zone),
		cmocka_unit_test(
		    the_day_is_brighter_than_the_night_and_lamps_burn_at_night),
		cmocka_unit_test(a_picture_costs_less_than_three_milliseconds),
	};

	return T_RUN(tests);
}
