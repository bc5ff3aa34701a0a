#include <stdio.h>
#include <string.h>

#include "base/obj.h"
#include "proto/sdp.h"
#include "unit/t.h"

static void
sdp_finds_the_h264_among_the_others(void **state)
{
	const char *text =
	    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=Camera\r\nc=IN IP4 0.0.0.0\r\n"
	    "t=0 0\r\na=control:*\r\n"
	    "m=audio 0 RTP/AVP 0\r\na=control:trackID=2\r\n"
	    "m=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\n"
	    "a=control:trackID=3\r\n"
	    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
	    "a=fmtp:96 packetization-mode=1; profile-level-id=640028; "
	    "sprop-parameter-sets=Z2QAKA==,aO4=\r\na=control:trackID=1\r\n";
	struct sdp_offer v;

	(void)state;
	T_OK(sdp_parse(t_edge(text, strlen(text)), &v));
	assert_int_equal(v.video.payload_type, 96);
	T_SLICE_EQ(v.video.control, SLICE_LIT("trackID=1"));
	T_SLICE_EQ(v.session_control, SLICE_LIT("*"));
	T_SLICE_EQ(slice_make(v.set[SDP_SPS], v.set_octets[SDP_SPS]),
	    SLICE_LIT("\x67\x64\0\x28"));
	T_SLICE_EQ(slice_make(v.set[SDP_PPS], v.set_octets[SDP_PPS]),
	    SLICE_LIT("\x68\xee"));
}

static void
sdp_says_what_it_misses(void **state)
{
	struct sdp_offer v;

	(void)state;
	T_ERR(ERR_MISSING,
	    sdp_parse(SLICE_LIT("v=0\r\nm=audio 0 RTP/AVP 0\r\n"), &v));
	T_ERR(ERR_UNSUPPORTED,
	    sdp_parse(SLICE_LIT("v=0\r\nm=video 0 RTP/AVP 96\r\n"
				"a=rtpmap:96 JPEG/90000\r\n"),
		&v));
	T_ERR(ERR_SYNTAX, sdp_parse(SLICE_LIT("hello\r\n"), &v));
}

static struct sdp_offer
offer_of(const char *text)
{
	struct sdp_offer o;

	T_OK(sdp_parse(t_edge(text, strlen(text)), &o));
	return o;
}

#define SDP_VIDEO                                                              \
	"v=0\n"                                                                \
	"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:v\n"

static void
sdp_finds_the_sound_that_we_take(void **state)
{
	static const struct {
		const char *text;
		enum sdp_codec codec;
		unsigned type, channels;
		uint32_t rate;
	} offers[] = {
		{ "m=audio 0 RTP/AVP 0\n", SDP_PCMU, 0, 1, 8000 },
		{ "m=audio 0 RTP/AVP 8\r\n", SDP_PCMA, 8, 1, 8000 },
		{ "m=audio 0 RTP/AVP 3 8\n", SDP_PCMA, 8, 1, 8000 },
		{ "m=audio\t0  RTP/AVP\t97\na=rtpmap:97  pcmu/16000/2 \n",
		    SDP_PCMU, 97, 2, 16000 },
		{ "m=audio 0 RTP/AVP 97\na=rtpmap:97 opus/48000/2\n", SDP_OPUS,
		    97, 2, 48000 },
		{ "m=audio 0 RTP/AVP 97\nb=AS:32\n"
		  "a=fmtp:97 streamtype=5;profile-level-id=1; mode=AAC-hbr; "
		  "config=14 ; config=1408;SizeLength=13; IndexLength=3;"
		  "IndexDeltaLength=3\na=rtpmap:97 mpeg4-generic/16000/1\n",
		    SDP_NONE, 0, 0, 0 },
		{ "m=audio 0 RTP/AVP 97\nb=AS:32\n"
		  "a=fmtp:97 streamtype=5;profile-level-id=1; mode=AAC-hbr; "
		  "config=11B0;SizeLength=13; IndexLength=3;"
		  "IndexDeltaLength=3;\na=rtpmap:97 MPEG4-GENERIC/48000/2\n",
		    SDP_AAC, 97, 6, 48000 },
		{ "m=audio 0 RTP/AVP 97\na=rtpmap:97 G726-32/8000\n", SDP_NONE,
		    0, 0, 0 },
		{ "m=audio 0 RTP/AVP 97\na=rtpmap:97 PCMU/4000\n", SDP_NONE, 0,
		    0, 0 },
		{ "m=audio 0 RTP/AVP 97\na=rtpmap:97 PCMU/8000/3\n", SDP_NONE,
		    0, 0, 0 },
		{ "m=audio 0 RTP/AVP 97\na=rtpmap:97 G726-32/8000\n"
		  "m=audio 0 RTP/AVP 0\n",
		    SDP_PCMU, 0, 1, 8000 },
		/* what we would speak into is passed over */
		{ "m=audio 0 RTP/AVP 8\na=sendonly\n", SDP_NONE, 0, 0, 0 },
		{ "m=audio 0 RTP/AVP 8\na=sendonly\n"
		  "m=audio 0 RTP/AVP 0\na=recvonly\n",
		    SDP_PCMU, 0, 1, 8000 },
		{ "a=sendonly\nm=audio 0 RTP/AVP 8\na=sendonly\n", SDP_PCMA, 8,
		    1, 8000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(offers); i++) {
		char text[1024];

		(void)snprintf(text, sizeof text, "%s%s", SDP_VIDEO,
		    offers[i].text);
		const struct sdp_offer o = offer_of(text);
		assert_int_equal(o.video.codec, SDP_H264);
		/* 5.1 channels are more than we take */
		if (offers[i].channels > 2) {
			assert_int_equal(o.sound.codec, SDP_NONE);
			continue;
		}
		assert_int_equal(o.sound.codec, offers[i].codec);
		if (o.sound.codec == SDP_NONE)
			continue;
		assert_int_equal(o.sound.payload_type, offers[i].type);
		assert_int_equal(o.sound.channels, offers[i].channels);
		assert_int_equal(o.sound.rate, offers[i].rate);
	}
}

static void
sdp_reads_how_aac_is_laid_out(void **state)
{
	const struct sdp_offer o = offer_of(SDP_VIDEO
	    "m=audio 0 RTP/AVP 97\na=control:track2\n"
	    "a=rtpmap:97 MPEG4-GENERIC/16000\na=fmtp:97 mode=AAC-hbr;"
	    "config=140A;sizeLength=13;indexLength=3;indexDeltaLength=2\n");

	(void)state;
	assert_int_equal(o.sound.codec, SDP_AAC);
	assert_int_equal(o.sound.channels, 1); /* by the config */
	assert_int_equal(o.sound.rate, 16000);
	assert_int_equal(o.aac.size_bits, 13);
	assert_int_equal(o.aac.index_bits, 3);
	assert_int_equal(o.aac.delta_bits, 2);
	assert_int_equal(o.aac.samples, 1024);
	T_SLICE_EQ(slice_make(o.aac.config, o.aac.config_octets),
	    SLICE_LIT("\x14\x0a"));
	T_SLICE_EQ(o.sound.control, SLICE_LIT("track2"));
	const struct sdp_offer he = offer_of(SDP_VIDEO
	    "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/48000/2\n"
	    "a=fmtp:97 config=2B118800;sizeLength=13;indexLength=3;"
	    "indexDeltaLength=3\n");
	assert_int_equal(he.aac.samples, 2048);
	assert_int_equal(he.sound.channels, 2);
	T_SLICE_EQ(o.video.control, SLICE_LIT("v"));
}

static void
sdp_prefers_h264_and_takes_h265_alone(void **state)
{
	const char *
	    h265 = "m=video 0 RTP/AVP 98\na=rtpmap:98 H265/90000\na=control:b\n"
		   "a=fmtp:98 sprop-vps=QAEM; sprop-sps=QgEB;sprop-pps=RAHA\n";
	const char *h264 = "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
			   "a=fmtp:96 packetization-mode=1;"
			   "sprop-parameter-sets=Z2QAKA==,aO4=\na=control:a\n";
	char text[1024];

	(void)state;
	(void)snprintf(text, sizeof text, "v=0\n%s", h265);
	struct sdp_offer o = offer_of(text);
	assert_int_equal(o.video.codec, SDP_H265);
	assert_int_equal(o.video.payload_type, 98);
	T_SLICE_EQ(slice_make(o.set[SDP_VPS], o.set_octets[SDP_VPS]),
	    SLICE_LIT("\x40\1\x0c"));
	T_SLICE_EQ(slice_make(o.set[SDP_SPS], o.set_octets[SDP_SPS]),
	    SLICE_LIT("\x42\1\1"));
	T_SLICE_EQ(slice_make(o.set[SDP_PPS], o.set_octets[SDP_PPS]),
	    SLICE_LIT("\x44\1\xc0"));
	for (int order = 0; order < 2; order++) {
		(void)snprintf(text, sizeof text, "v=0\n%s%s",
		    order == 0 ? h264 : h265, order == 0 ? h265 : h264);
		o = offer_of(text);
		assert_int_equal(o.video.codec, SDP_H264);
		T_SLICE_EQ(o.video.control, SLICE_LIT("a"));
		assert_int_equal(o.set_octets[SDP_VPS], 0);
		assert_int_equal(o.set_octets[SDP_SPS], 4);
	}
	/* both in one section */
	o = offer_of("v=0\nm=video 0 RTP/AVP 98 96\n"
		     "a=rtpmap:98 H265/90000\na=rtpmap:96 H264/90000\n");
	assert_int_equal(o.video.payload_type, 96);
}

static void
sdp_refuses_pictures_out_of_order(void **state)
{
	struct sdp_offer o;

	(void)state;
	T_ERR(ERR_UNSUPPORTED,
	    sdp_parse(SLICE_LIT("v=0\nm=video 0 RTP/AVP 96\n"
				"a=rtpmap:96 H264/90000\n"
				"a=fmtp:96 packetization-mode=2\n"),
		&o));
	T_ERR(ERR_UNSUPPORTED,
	    sdp_parse(SLICE_LIT("v=0\nm=video 0 RTP/AVP 96\n"
				"a=fmtp:96 sprop-max-don-diff=2\n"
				"a=rtpmap:96 H265/90000\n"),
		&o));
	/* the second video serves when the first does not */
	T_OK(sdp_parse(SLICE_LIT(
			   "v=0\nm=video 0 RTP/AVP 96\n"
			   "a=rtpmap:96 H264/90000\n"
			   "a=fmtp:96 packetization-mode=2\n"
			   "m=video 0 RTP/AVP 97\na=rtpmap:97 H264/90000\n"),
	    &o));
	assert_int_equal(o.video.payload_type, 97);
}

static void
odd_lines_of_sdp_cost_nothing(void **state)
{
	static const char *const texts[] = {
		/* no o=, s=, c= or t=; bitrates; LF, CR LF and an odd end */
		"v=0\nm=video 0 RTP/AVP 96\r\nb=AS:4000\nb=TIAS:1\n"
		"a=rtpmap:96 H264/90000\r\na=control:v",
		/* tabs and spaces where none belong */
		" v=0\nm=video\t0\tRTP/AVP  96 \na= rtpmap:96\tH264/90000 \n"
		"a=control: v \t\n",
		/* lines that are none, empty lines, unknown letters */
		"\n\nv=0\nhello\n=\nx=1\nm=video 0 RTP/AVP 96\n\n"
		"a=x-dimensions:1920,1080\na=framerate:25.0\na\na=\n"
		"a=rtpmap:96 h264/90000/3\na=control:v\n",
		/* an rtpmap for a type that m= forgot; fmtp without content */
		"v=0\nm=video 0 RTP/AVP\na=fmtp:96\na=rtpmap:96 H264\n"
		"a=control:v\n",
		/* a sprop that is none */
		"v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
		"a=fmtp:96 sprop-parameter-sets=,,!!!,Z2Q;;=;\na=control:v\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct sdp_offer o = offer_of(texts[i]);

		assert_int_equal(o.video.codec, SDP_H264);
		assert_int_equal(o.video.payload_type, 96);
		T_SLICE_EQ(o.video.control, SLICE_LIT("v"));
		assert_int_equal(o.set_octets[SDP_SPS], 0);
		assert_int_equal(o.sound.codec, SDP_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sdp_finds_the_h264_among_the_others),
		cmocka_unit_test(sdp_says_what_it_misses),
		cmocka_unit_test(sdp_finds_the_sound_that_we_take),
		cmocka_unit_test(sdp_reads_how_aac_is_laid_out),
		cmocka_unit_test(sdp_prefers_h264_and_takes_h265_alone),
		cmocka_unit_test(sdp_refuses_pictures_out_of_order),
		cmocka_unit_test(odd_lines_of_sdp_cost_nothing),
	};

	return T_RUN(tests);
}
