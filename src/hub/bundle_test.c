/*
 * Frames of sound become records: how many, how long, when, and padded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "hub/bundle.h"
#include "unit/t.h"

#define START_US UINT64_C(1795513267200000)

static const uint8_t noise[SOUND_FRAME_MAX] = { 0xfc, 1, 2, 3 };

static struct unit_sound
frame_of(enum sound_codec codec, uint32_t rate, size_t octets)
{
	return (struct unit_sound){ .codec = codec,
		.rate = rate,
		.channels = 1,
		.config = slice_make("\x14\x08", codec == SOUND_AAC ? 2 : 0),
		.frame = slice_make(noise, octets) };
}

/* Adds one frame after the other until it is full; how many that were. */
static unsigned
fill(struct bundle *b, const struct unit_sound *s, uint64_t each_us)
{
	unsigned n = 0;

	for (; !bundle_is_full(b); n++) {
		const uint64_t at = START_US + n * each_us;
		assert_true(bundle_takes(b, s, at));
		T_OK(bundle_add(b, s, at));
	}
	return n;
}

static void
a_record_holds_60_to_100_ms_padded_to_128_octets(void **state)
{
	static const struct {
		enum sound_codec codec;
		uint32_t rate;
		size_t octets;
		uint64_t each_us;
		unsigned want;
	} kinds[] = { { SOUND_AAC, 48000, 300, 21333, 3 },
		{ SOUND_AAC, 44100, 301, 23220, 3 },
		{ SOUND_AAC, 32000, 200, 32000, 2 },
		{ SOUND_AAC, 16000, 128, 64000, 1 },
		{ SOUND_OPUS, 48000, 80, 20000, 3 },
		{ SOUND_PCMU, 8000, 160, 20000, 3 },
		{ SOUND_PCMU, 8000, 320, 40000, 2 },
		{ SOUND_PCMA, 16000, 160, 10000, 6 } };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct unit_sound s = frame_of(kinds[i].codec,
		    kinds[i].rate, kinds[i].octets);
		struct sound_head head;
		struct slice frames, one;
		struct bundle b;
		AUTO_BUF struct buf octets;

		bundle_init(&b);
		buf_init(&octets, SOUND_OCTETS_MAX);
		/* 1111 1100: an Opus packet of one frame of 20 ms */
		const unsigned n = fill(&b, &s, kinds[i].each_us);
		assert_int_equal(n, kinds[i].want);
		assert_in_range(n * kinds[i].each_us, 59999, 100000);
		assert_int_equal(b.time_us, START_US);
		T_OK(bundle_put(&b, &octets));
		assert_int_equal(b.count, 0);
		assert_int_equal(octets.len % SOUND_PADDED_TO, 0);
		T_OK(sound_parse(buf_slice(&octets), &head, &frames));
		assert_int_equal(head.count, n);
		assert_int_equal(head.sound.rate, kinds[i].rate);
		assert_int_equal(frames.len, n * kinds[i].octets);
		while (head.count > 0) {
			T_OK(sound_frame_next(&head, &frames, &one));
			assert_true(slice_eq(one, s.frame));
		}
		bundle_fini(&b);
	}
}

static void
what_does_not_follow_is_another_record(void **state)
{
	const struct unit_sound s = frame_of(SOUND_PCMU, 8000, 160);
	const struct unit_sound other = frame_of(SOUND_PCMA, 8000, 160);
	struct bundle b;

	(void)state;
	bundle_init(&b);
	assert_true(bundle_takes(&b, &other, 5));
	T_OK(bundle_add(&b, &s, START_US));
	assert_true(bundle_takes(&b, &s, START_US + 20000));
	assert_true(bundle_takes(&b, &s, START_US + 50000));
	assert_false(bundle_takes(&b, &s, START_US + 50001));
	assert_false(bundle_takes(&b, &s, START_US - 10001));
	assert_false(bundle_takes(&b, &other, START_US + 20000));
	bundle_clear(&b);
	assert_true(bundle_takes(&b, &other, START_US + 20000));
	bundle_fini(&b);
}

static void
a_record_has_no_more_frames_than_a_reader_takes(void **state)
{
	const struct unit_sound s = frame_of(SOUND_PCMU, 96000, 1);
	struct bundle b;
	AUTO_BUF struct buf octets;
	struct sound_head head;
	struct slice frames;

	(void)state;
	bundle_init(&b);
	buf_init(&octets, SOUND_OCTETS_MAX);
	assert_int_equal(fill(&b, &s, 10), SOUND_FRAMES_MAX);
	T_OK(bundle_put(&b, &octets));
	T_OK(sound_parse(buf_slice(&octets), &head, &frames));
	bundle_fini(&b);
}

/* Any octet of what is not a frame, and any length but its own. */
static void
a_record_that_is_not_exact_is_refused(void **state)
{
	const struct unit_sound s = frame_of(SOUND_AAC, 48000, 100);
	struct bundle b;
	AUTO_BUF struct buf octets;
	struct sound_head head;
	struct slice frames;

	(void)state;
	bundle_init(&b);
	buf_init(&octets, SOUND_OCTETS_MAX);
	(void)fill(&b, &s, 21333);
	T_OK(bundle_put(&b, &octets));
	assert_int_equal(octets.len, 384); /* 9 + 1 + 6 + 300, and 68 zeros */
	for (size_t n = 0; n < octets.len; n++)
		T_ERR(ERR_SYNTAX,
		    sound_parse(t_edge(octets.at, n), &head, &frames));
	for (size_t i = 316; i < octets.len; i++) {
		octets.at[i] = 1;
		T_ERR(ERR_SYNTAX,
		    sound_parse(buf_slice(&octets), &head, &frames));
		octets.at[i] = 0;
	}
	bundle_fini(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_record_holds_60_to_100_ms_padded_to_128_octets),
		cmocka_unit_test(what_does_not_follow_is_another_record),
		cmocka_unit_test(
		    a_record_has_no_more_frames_than_a_reader_takes),
		cmocka_unit_test(a_record_that_is_not_exact_is_refused),
	};

	return T_RUN(tests);
}
