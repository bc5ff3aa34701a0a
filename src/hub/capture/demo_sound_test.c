#include "hub/capture/demo_sound.h"

#include <stdlib.h>

#include "hub/capture/demo_story.h"
#include "unit/t.h"

#define START_US (UINT64_C(1700000000) * 1000000)

/* ITU-T G.711 table 2b, read back. */
static int
linear_of(uint8_t octet)
{
	const unsigned v = (uint8_t)~octet;
	const int size = (int)((v & 15) << 3) + 132;

	return (v & 0x80) != 0 ? 132 - (size << ((v >> 4) & 7))
			       : (size << ((v >> 4) & 7)) - 132;
}

static void
mulaw_keeps_what_the_ear_needs(void **state)
{
	(void)state;
	assert_int_equal(mulaw_of(0), 0xff);
	assert_int_equal(mulaw_of(32767), 0x80);
	assert_int_equal(mulaw_of(-32768), 0x00);
	for (int v = -32768; v <= 32767; v++) {
		const int off = abs(linear_of(mulaw_of(v)) - v);

		assert_true(off <= 4 + abs(v) / 16 || abs(v) > 32635);
	}
}

static int
loudest(const uint8_t frame[static DEMO_SOUND_SAMPLES])
{
	int loud = 0;

	for (int i = 0; i < DEMO_SOUND_SAMPLES; i++)
		if (abs(linear_of(frame[i])) > loud)
			loud = abs(linear_of(frame[i]));
	return loud;
}

static void
frames_follow_each_other_without_a_gap(void **state)
{
	uint8_t frame[DEMO_SOUND_SAMPLES];
	uint64_t now = START_US, time, last = 0;
	struct demo_sound d;
	size_t count = 0;

	(void)state;
	demo_sound_init(&d, 1, 1000, 0);
	assert_false(demo_sound_frame(&d, now, frame, &time));
	for (; now < START_US + 10000000; now += 66667)
		while (demo_sound_frame(&d, now, frame, &time)) {
			assert_true(count == 0 || time == last + 40000);
			assert_true(time + 40000 <= now);
			assert_true(now - time < 40000 + 40000 + 66667);
			last = time;
			count++;
		}
	assert_int_equal(count, 248);
	/* a machine that slept hears what is now */
	now += 60000000;
	assert_false(demo_sound_frame(&d, now, frame, &time));
	assert_true(demo_sound_frame(&d, now + 50000, frame, &time));
	assert_true(time >= now - 200);
}

static void
it_chimes_when_the_parcel_has_come_and_is_quiet_else(void **state)
{
	const uint64_t round = START_US / 1000000 / STORY_ROUND_S;
	uint8_t frame[DEMO_SOUND_SAMPLES];
	struct story_times t;
	struct demo_sound d;
	uint64_t time;
	int quiet = 0, chime = 0;

	(void)state;
	story_times(1, round, &t);
	const uint64_t comes = round * STORY_ROUND_S * 1000000 +
			       (uint64_t)(t.leaves_parcel * 1e6);
	demo_sound_init(&d, 1, 1000, 0);
	for (uint64_t now = comes - 3000000; now < comes + 6000000;
	     now += 40000)
		while (demo_sound_frame(&d, now, frame, &time)) {
			const int loud = loudest(frame);
			const bool chimes = time + 40000 > comes &&
					    time < comes + 2000000;

			if (chimes && loud > chime)
				chime = loud;
			else if (!chimes && loud > quiet)
				quiet = loud;
		}
	assert_true(quiet > 50 && quiet < 1500);
	assert_true(chime > 3000 && chime < 16000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mulaw_keeps_what_the_ear_needs),
		cmocka_unit_test(frames_follow_each_other_without_a_gap),
		cmocka_unit_test(
		    it_chimes_when_the_parcel_has_come_and_is_quiet_else),
	};

	return T_RUN(tests);
}
