#include "base/obj.h"
#include "proto/rtp.h"
#include "proto/rtp_sound.h"
#include "unit/t.h"

/* --- rtp --- */

static enum rtp_state
give(struct rtp_video *r, uint16_t sequence, uint32_t timestamp, bool marker,
    struct slice payload)
{
	const struct rtp_packet p = { .marker = marker,
		.sequence = sequence,
		.timestamp = timestamp,
		.payload = payload };
	enum rtp_state s;

	(void)!rtp_video_take(r, &p, &s);
	return s;
}

static void
a_unit_is_whole_at_its_marker(void **state)
{
	struct rtp_video r;

	(void)state;
	rtp_video_init(&r, RTP_H264, 1000);
	assert_int_equal(give(&r, 1, 9, false, SLICE_LIT("\x67\x01")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 2, 9, false, SLICE_LIT("\x7c\x85\xaa")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 3, 9, true, SLICE_LIT("\x7c\x45\xbb")),
	    RTP_WHOLE);
	T_SLICE_EQ(buf_slice(&r.unit),
	    SLICE_LIT("\0\0\0\1\x67\x01\0\0\0\1\x65\xaa\xbb"));
	assert_true(r.key && r.has_sps && !r.has_pps);
	rtp_video_next(&r);
	assert_int_equal(give(&r, 4, 10, true,
			     SLICE_LIT("\x78\0\2\x41\x01\0\2\x41\x02")),
	    RTP_WHOLE);
	T_SLICE_EQ(buf_slice(&r.unit),
	    SLICE_LIT("\0\0\0\1\x41\x01\0\0\0\1\x41\x02"));
	rtp_video_fini(&r);
}

static void
a_lost_packet_costs_its_unit_alone(void **state)
{
	struct rtp_video r;

	(void)state;
	rtp_video_init(&r, RTP_H264, 1000);
	assert_int_equal(give(&r, 1, 9, false, SLICE_LIT("\x7c\x85\xaa")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 3, 9, true, SLICE_LIT("\x7c\x45\xbb")),
	    RTP_GOING_ON);
	assert_int_equal(r.lost, 1);
	assert_int_equal(give(&r, 4, 10, true, SLICE_LIT("\x41\x05")),
	    RTP_WHOLE);
	T_SLICE_EQ(buf_slice(&r.unit), SLICE_LIT("\0\0\0\1\x41\x05"));
	rtp_video_fini(&r);
}

static void
without_markers_a_new_time_ends_the_unit(void **state)
{
	struct rtp_video r;

	(void)state;
	rtp_video_init(&r, RTP_H264, 1000);
	assert_int_equal(give(&r, 1, 9, false, SLICE_LIT("\x41\x01")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 2, 10, false, SLICE_LIT("\x41\x02")),
	    RTP_WHOLE_AGAIN);
	T_SLICE_EQ(buf_slice(&r.unit), SLICE_LIT("\0\0\0\1\x41\x01"));
	rtp_video_next(&r);
	assert_int_equal(give(&r, 2, 10, false, SLICE_LIT("\x41\x02")),
	    RTP_GOING_ON);
	rtp_video_fini(&r);
}

static void
without_markers_a_bad_packet_costs_its_unit_alone(void **state)
{
	struct rtp_video r;

	(void)state;
	rtp_video_init(&r, RTP_H264, 1000);
	/* the end of a unit whose start went by before we came */
	assert_int_equal(give(&r, 1, 9, false, SLICE_LIT("\x7c\x45\xbb")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 2, 10, false, SLICE_LIT("\x41\x02")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 3, 11, false, SLICE_LIT("\x41\x03")),
	    RTP_WHOLE_AGAIN);
	T_SLICE_EQ(buf_slice(&r.unit), SLICE_LIT("\0\0\0\1\x41\x02"));
	rtp_video_fini(&r);
}

static void
a_unit_whose_end_was_lost_is_not_given(void **state)
{
	struct rtp_video r;

	(void)state;
	rtp_video_init(&r, RTP_H264, 1000);
	assert_int_equal(give(&r, 1, 9, false, SLICE_LIT("\x41\x01")),
	    RTP_GOING_ON);
	/* packet 2, the rest of it, never came */
	assert_int_equal(give(&r, 3, 10, true, SLICE_LIT("\x41\x02")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 4, 11, true, SLICE_LIT("\x41\x03")),
	    RTP_WHOLE);
	T_SLICE_EQ(buf_slice(&r.unit), SLICE_LIT("\0\0\0\1\x41\x03"));
	rtp_video_fini(&r);
}

static void
a_unit_has_a_limit(void **state)
{
	struct rtp_video r;
	enum rtp_state s;
	const struct rtp_packet p = { .sequence = 1,
		.payload = SLICE_LIT("\x41"
				     "123456789") };

	(void)state;
	rtp_video_init(&r, RTP_H264, 8);
	T_ERR(ERR_LIMIT, rtp_video_take(&r, &p, &s));
	rtp_video_fini(&r);
}

/* --- H.265 --- */

static void
h265_units_are_put_together_from_all_three_kinds_of_packet(void **state)
{
	struct rtp_video r;

	(void)state;
	rtp_video_init(&r, RTP_H265, 1000);
	/* aggregation of VPS (32), SPS (33), PPS (34) */
	assert_int_equal(give(&r, 1, 9, false,
			     SLICE_LIT("\x60\1\0\3\x40\1v\0\3\x42\1s"
				       "\0\3\x44\1p")),
	    RTP_GOING_ON);
	/* an IDR picture (19) in three pieces */
	assert_int_equal(give(&r, 2, 9, false,
			     SLICE_LIT("\x62\1\x93"
				       "a")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 3, 9, false,
			     SLICE_LIT("\x62\1\x13"
				       "b")),
	    RTP_GOING_ON);
	assert_int_equal(give(&r, 4, 9, true,
			     SLICE_LIT("\x62\1\x53"
				       "c")),
	    RTP_WHOLE);
	T_SLICE_EQ(buf_slice(&r.unit),
	    SLICE_LIT("\0\0\0\1\x40\1v\0\0\0\1\x42\1s\0\0\0\1\x44\1p"
		      "\0\0\0\1\x26\1"
		      "abc"));
	assert_true(r.key && r.has_vps && r.has_sps && r.has_pps);
	rtp_video_next(&r);
	/* one that needs those before it, alone in its packet */
	assert_int_equal(give(&r, 5, 10, true,
			     SLICE_LIT("\2\1"
				       "d")),
	    RTP_WHOLE);
	assert_false(r.key);
	rtp_video_fini(&r);
}

static void
bad_packets_of_h265_cost_their_unit_alone(void **state)
{
	static const struct {
		struct slice payload;
	} bad[] = { { SLICE_LIT("\x26") }, { SLICE_LIT("\x62\1\x93") },
		{ SLICE_LIT("\x62\1\x13"
			    "a") }, /* no start */
		{ SLICE_LIT("\x62\1\xd3"
			    "a") },                 /* start and end */
		{ SLICE_LIT("\x60\1\0\4\x40\1v") }, /* too short */
		{ SLICE_LIT("\x60\1\0\1\x40\1v") }, /* less than a head */
		{ SLICE_LIT("\x64\1"
			    "a") } }; /* PACI */
	struct rtp_video r;

	(void)state;
	rtp_video_init(&r, RTP_H265, 1000);
	for (uint16_t i = 0; i < COUNT(bad); i++) {
		const struct slice s = bad[i].payload;

		assert_int_equal(give(&r, (uint16_t)(2 * i), 2u * i, true,
				     t_edge(s.at, s.len)),
		    RTP_GOING_ON);
		assert_int_equal(give(&r, (uint16_t)(2 * i + 1), 2u * i + 1,
				     true, SLICE_LIT("\2\1x")),
		    RTP_WHOLE);
		T_SLICE_EQ(buf_slice(&r.unit), SLICE_LIT("\0\0\0\1\2\1x"));
		rtp_video_next(&r);
	}
	rtp_video_fini(&r);
}

/* RFC 3550 sections 5.1 and 5.3.1 */
static void
padding_sources_and_extensions_are_cut(void **state)
{
	static const struct {
		struct slice packet;
		enum err want;
	} packets[] = {
		{ SLICE_LIT("\x80\x60\0\1\0\0\0\2\0\0\0\3"
			    "ab"),
		    ERR_OK },
		{ SLICE_LIT("\xa0\x60\0\1\0\0\0\2\0\0\0\3"
			    "ab\0\0\3"),
		    ERR_OK },
		{ SLICE_LIT("\x90\x60\0\1\0\0\0\2\0\0\0\3"
			    "\xab\xcd\0\1wxyz"
			    "ab"),
		    ERR_OK },
		{ SLICE_LIT("\x91\x60\0\1\0\0\0\2\0\0\0\3src1"
			    "\xab\xcd\0\0"
			    "ab"),
		    ERR_OK },
		{ SLICE_LIT("\xa0\x60\0\1\0\0\0\2\0\0\0\3"
			    "a\3"),
		    ERR_SYNTAX },
		{ SLICE_LIT("\xa0\x60\0\1\0\0\0\2\0\0\0\3"
			    "a\0"),
		    ERR_SYNTAX },
		{ SLICE_LIT("\x90\x60\0\1\0\0\0\2\0\0\0\3"
			    "\xab\xcd\0\2wxyz"),
		    ERR_SYNTAX },
		{ SLICE_LIT("\x82\x60\0\1\0\0\0\2\0\0\0\3src1"), ERR_SYNTAX },
		{ SLICE_LIT("\x40\x60\0\1\0\0\0\2\0\0\0\3"
			    "ab"),
		    ERR_SYNTAX },
		{ SLICE_LIT("\x80\x60\0\1\0\0\0\2\0\0\0"), ERR_SYNTAX },
	};
	struct rtp_packet p;

	(void)state;
	for (size_t i = 0; i < COUNT(packets); i++) {
		const struct slice s = packets[i].packet;

		T_ERR(packets[i].want,
		    rtp_packet_parse(t_edge(s.at, s.len), &p));
		if (packets[i].want != ERR_OK)
			continue;
		T_SLICE_EQ(p.payload, SLICE_LIT("ab"));
		assert_int_equal(p.payload_type, 96);
		assert_int_equal(p.sequence, 1);
	}
}

/* --- sound --- */

static struct rtp_sound
sound_open(enum sdp_codec codec, unsigned channels)
{
	const struct sdp_track t = { .codec = codec, .channels = channels };
	const struct sdp_aac a = { .size_bits = 13,
		.index_bits = 3,
		.delta_bits = 3,
		.samples = 1024 };
	struct rtp_sound r;

	rtp_sound_init(&r, &t, &a);
	return r;
}

static enum err
sound_give(struct rtp_sound *r, uint16_t sequence, uint32_t timestamp,
    struct slice payload, struct rtp_sound_frames *ret)
{
	const struct rtp_packet p = { .sequence = sequence,
		.timestamp = timestamp,
		.payload = t_edge(payload.at, payload.len) };

	return rtp_sound_take(r, &p, ret);
}

static void
aac_frames_come_one_or_several_in_a_packet(void **state)
{
	struct rtp_sound r = sound_open(SDP_AAC, 1);
	struct rtp_sound_frames f;

	(void)state;
	T_OK(sound_give(&r, 1, 0,
	    SLICE_LIT("\0\x10\0\x18"
		      "abc"),
	    &f));
	assert_int_equal(f.count, 1);
	T_SLICE_EQ(f.at[0].octets, SLICE_LIT("abc"));
	assert_int_equal(f.at[0].after, 0);
	T_OK(sound_give(&r, 2, 1024,
	    SLICE_LIT("\0\x20\0\x08\0\x10"
		      "abc"),
	    &f));
	assert_int_equal(f.count, 2);
	T_SLICE_EQ(f.at[0].octets, SLICE_LIT("a"));
	T_SLICE_EQ(f.at[1].octets, SLICE_LIT("bc"));
	assert_int_equal(f.at[1].after, 1024);
	assert_int_equal(f.at[1].samples, 1024);
	rtp_sound_fini(&r);
}

static void
an_aac_frame_in_pieces_is_put_together(void **state)
{
	struct rtp_sound r = sound_open(SDP_AAC, 1);
	struct rtp_sound_frames f;

	(void)state;
	T_OK(sound_give(&r, 65535, 9,
	    SLICE_LIT("\0\x10\0\x28"
		      "abc"),
	    &f));
	assert_int_equal(f.count, 0);
	T_OK(sound_give(&r, 0, 9,
	    SLICE_LIT("\0\x10\0\x28"
		      "de"),
	    &f));
	assert_int_equal(f.count, 1);
	T_SLICE_EQ(f.at[0].octets, SLICE_LIT("abcde"));
	/* a piece that was lost costs its frame alone */
	T_OK(sound_give(&r, 1, 10,
	    SLICE_LIT("\0\x10\0\x28"
		      "ab"),
	    &f));
	T_ERR(ERR_SYNTAX, sound_give(&r, 3, 10,
			      SLICE_LIT("\0\x10\0\x28"
					"e"),
			      &f));
	T_OK(sound_give(&r, 4, 11,
	    SLICE_LIT("\0\x10\0\x28"
		      "ab"),
	    &f));
	T_OK(sound_give(&r, 5, 12,
	    SLICE_LIT("\0\x10\0\x08"
		      "x"),
	    &f));
	assert_int_equal(f.count, 1);
	T_SLICE_EQ(f.at[0].octets, SLICE_LIT("x"));
	rtp_sound_fini(&r);
}

static void
a_bad_packet_of_sound_costs_itself_alone(void **state)
{
	static const struct {
		struct slice payload;
	} bad[] = { { SLICE_LIT("\0") }, { SLICE_LIT("\0\x10") },
		{ SLICE_LIT("\xff\xff\0\x08"
			    "a") },
		{ SLICE_LIT("\0\x0f\0\x08"
			    "a") }, /* half a header */
		{ SLICE_LIT("\0\x10\0\0"
			    "a") }, /* an empty frame */
		{ SLICE_LIT("\0\x10\0\x09"
			    "a") }, /* interleaved */
		{ SLICE_LIT("\0\x20\0\x08\0\x10"
			    "ab") } };
	struct rtp_sound r = sound_open(SDP_AAC, 1);
	struct rtp_sound_frames f;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		T_ERR(ERR_SYNTAX, sound_give(&r, (uint16_t)(2 * i), (uint32_t)i,
				      bad[i].payload, &f));
		assert_int_equal(f.count, 0);
		T_OK(sound_give(&r, (uint16_t)(2 * i + 1), (uint32_t)i,
		    SLICE_LIT("\0\x10\0\x08"
			      "x"),
		    &f));
		assert_int_equal(f.count, 1);
	}
	T_OK(sound_give(&r, 1, 1, SLICE_LIT(""), &f));
	assert_int_equal(f.count, 0);
	rtp_sound_fini(&r);
}

/* RFC 6716 table 2, and section 3.2 for how many */
static void
opus_and_g711_say_how_long_they_are(void **state)
{
	static const struct {
		struct slice packet;
		uint32_t samples;
	} opus[] = { { SLICE_LIT("\x08"), 960 },
		{ SLICE_LIT("\x18"
			    "a"),
		    2880 },
		{ SLICE_LIT("\x60"), 480 }, { SLICE_LIT("\x68"), 960 },
		{ SLICE_LIT("\x80"), 120 },
		{ SLICE_LIT("\xfc"
			    "a"),
		    960 },
		{ SLICE_LIT("\xfd"
			    "ab"),
		    1920 },
		{ SLICE_LIT("\xff\x03"
			    "a"),
		    2880 },
		{ SLICE_LIT("\xff"), 0 }, { SLICE_LIT("\xff\x00"), 0 },
		{ SLICE_LIT("\x1b\x3f"), 0 } };
	struct rtp_sound r = sound_open(SDP_OPUS, 2);
	struct rtp_sound_frames f;

	(void)state;
	for (size_t i = 0; i < COUNT(opus); i++) {
		T_ERR(opus[i].samples == 0 ? ERR_SYNTAX : ERR_OK,
		    sound_give(&r, 1, 1, opus[i].packet, &f));
		if (opus[i].samples != 0)
			assert_int_equal(f.at[0].samples, opus[i].samples);
	}
	rtp_sound_fini(&r);
	r = sound_open(SDP_PCMA, 2);
	T_OK(sound_give(&r, 1, 1, SLICE_LIT("abcd"), &f));
	assert_int_equal(f.at[0].samples, 2);
	T_SLICE_EQ(f.at[0].octets, SLICE_LIT("abcd"));
	rtp_sound_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_is_whole_at_its_marker),
		cmocka_unit_test(a_lost_packet_costs_its_unit_alone),
		cmocka_unit_test(without_markers_a_new_time_ends_the_unit),
		cmocka_unit_test(
		    without_markers_a_bad_packet_costs_its_unit_alone),
		cmocka_unit_test(a_unit_whose_end_was_lost_is_not_given),
		cmocka_unit_test(a_unit_has_a_limit),
		cmocka_unit_test(aac_frames_come_one_or_several_in_a_packet),
		cmocka_unit_test(an_aac_frame_in_pieces_is_put_together),
		cmocka_unit_test(a_bad_packet_of_sound_costs_itself_alone),
		cmocka_unit_test(opus_and_g711_say_how_long_they_are),
		cmocka_unit_test(
		    h265_units_are_put_together_from_all_three_kinds_of_packet),
		cmocka_unit_test(bad_packets_of_h265_cost_their_unit_alone),
		cmocka_unit_test(padding_sources_and_extensions_are_cut),
	};

	return T_RUN(tests);
}
