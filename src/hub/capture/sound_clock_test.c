/*
 * A camera and a network that are not there: stamps by a clock that runs a
 * little wrong, packets that come late by chance. What was really the time of
 * each first sample is known here.
 */
#include "hub/capture/sound_clock.h"
#include "unit/t.h"

#define START_US INT64_C(5000000000)

struct scene {
	struct sound_clock clock;
	uint32_t rate, stamp, samples;
	double wrong;   /* 100e-6: its clock is 100 ppm fast */
	double true_us; /* when the next packet's first sample is taken */
	int64_t now_us;
	uint64_t seed;
	int64_t jitter_us;
};

static void
scene_open(struct scene *s, uint32_t rate, uint32_t samples, double wrong)
{
	*s = (struct scene){ .rate = rate,
		.samples = samples,
		.wrong = wrong,
		.stamp = UINT32_MAX - 100000, /* wraps soon */
		.true_us = (double)START_US,
		.seed = 88172645463325252u,
		.jitter_us = 60000 };
	sound_clock_init(&s->clock, rate);
}

static int64_t
chance(struct scene *s, int64_t below)
{
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	return below == 0 ? 0 : (int64_t)(s->seed % (uint64_t)below);
}

/* The next packet; how far its time is from the true one. */
static int64_t
packet(struct scene *s, int64_t *ret_time)
{
	const double length = s->samples * 1e6 / s->rate / (1 + s->wrong);
	const double taken = s->true_us;
	const int64_t comes = (int64_t)(taken + length) + 5000 +
			      chance(s, s->jitter_us);

	/* packets keep their order, as on one connection */
	s->now_us = comes > s->now_us ? comes : s->now_us;
	sound_clock_packet(&s->clock, s->stamp, s->samples, s->now_us);
	*ret_time = sound_clock_time(&s->clock, 0, s->now_us);
	s->stamp += s->samples;
	s->true_us += length;
	assert_true(*ret_time <= s->now_us);
	return *ret_time - (int64_t)taken;
}

static void
hours_pass(uint32_t rate, uint32_t samples, double wrong)
{
	const int64_t step_us = (int64_t)samples * 1000000 / rate;
	struct scene s;
	int64_t time, last = 0;

	scene_open(&s, rate, samples, wrong);
	for (int64_t t = 0; t < INT64_C(4) * 3600 * 1000000; t += step_us) {
		const int64_t off = packet(&s, &time);

		assert_true(off > -80000 && off < 80000);
		if (t > 20000000) {
			assert_true(off > 0 && off < 15000);
			/* what jumps in the network does not jump here */
			assert_true(time - last > step_us - 1500);
			assert_true(time - last < step_us + 1500);
		}
		assert_true(time >= last);
		last = time;
	}
}

static void
sound_stays_with_the_clock_for_hours_and_does_not_jump(void **state)
{
	(void)state;
	hours_pass(8000, 160, 0);
	hours_pass(8000, 160, 100e-6);
	hours_pass(48000, 960, -100e-6);
	hours_pass(16000, 1024, 100e-6);
}

static void
a_queue_at_the_start_is_seen_through(void **state)
{
	struct scene s;
	int64_t time, off = 0;

	(void)state;
	scene_open(&s, 8000, 160, 0);
	/* half a second of sound that waited for us comes at once */
	s.now_us = START_US + 500000;
	for (int i = 0; i < 300; i++)
		off = packet(&s, &time);
	assert_true(off > 0 && off < 15000);
}

static void
a_camera_that_leaps_is_followed(void **state)
{
	static const uint32_t leaps[] = { 8000, 80000000, 0x80000000u,
		(uint32_t)-8000, (uint32_t)-80000000 };

	(void)state;
	for (size_t i = 0; i < sizeof leaps / sizeof leaps[0]; i++) {
		struct scene s;
		int64_t time, off = 0;

		scene_open(&s, 8000, 160, 0);
		for (int n = 0; n < 3000; n++)
			(void)packet(&s, &time);
		s.stamp += leaps[i];
		for (int n = 0; n < 750; n++)
			off = packet(&s, &time);
		assert_true(off > -15000 && off < 15000);
	}
}

static void
a_stall_that_is_made_up_for_changes_nothing(void **state)
{
	struct scene s;
	int64_t time;

	(void)state;
	scene_open(&s, 8000, 160, 0);
	for (int n = 0; n < 3000; n++)
		(void)packet(&s, &time);
	s.now_us += 3000000;
	for (int n = 0; n < 3000; n++) {
		const int64_t off = packet(&s, &time);
		assert_true(off > 0 && off < 15000);
	}
}

static void
wild_stamps_end_in_times_that_never_fall_and_never_lead(void **state)
{
	struct scene s;
	int64_t last = 0;

	(void)state;
	scene_open(&s, 96000, 1, 0);
	for (int i = 0; i < 200000; i++) {
		const int64_t now = START_US + i * INT64_C(1000);
		const uint32_t stamp = i % 3 == 0 ? (uint32_t)-i * 0x40000000u
						  : (uint32_t)chance(&s,
							INT64_C(1) << 32);

		sound_clock_packet(&s.clock, stamp, 8192, now);
		const int64_t t = sound_clock_time(&s.clock, 8192 * 64, now);
		assert_true(t >= last && t <= now);
		last = t;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    sound_stays_with_the_clock_for_hours_and_does_not_jump),
		cmocka_unit_test(a_queue_at_the_start_is_seen_through),
		cmocka_unit_test(a_camera_that_leaps_is_followed),
		cmocka_unit_test(a_stall_that_is_made_up_for_changes_nothing),
		cmocka_unit_test(
		    wild_stamps_end_in_times_that_never_fall_and_never_lead),
	};

	return T_RUN(tests);
}
