/*
 * Packets behind u8 lengths, each given to every reader: no picture is larger
 * than allowed, none is empty; frames of sound lie in the packet or in what
 * was gathered before.
 */
#include "proto/rtp_sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
video_give(struct rtp_video *r, const struct rtp_packet *p)
{
	enum rtp_state state = RTP_GOING_ON;

	do {
		(void)!rtp_video_take(r, p, &state);
		assert(r->unit.len <= r->unit.cap);
		if (state != RTP_GOING_ON) {
			assert(r->unit.len != 0);
			rtp_video_next(r);
		}
	} while (state == RTP_WHOLE_AGAIN);
}

static void
sound_give(struct rtp_sound *r, const struct rtp_packet *p)
{
	struct rtp_sound_frames f;
	size_t octets = 0;

	if (rtp_sound_take(r, p, &f) != ERR_OK)
		assert(f.count == 0);
	assert(f.count <= RTP_SOUND_FRAMES_MAX);
	for (size_t i = 0; i < f.count; i++) {
		assert(f.at[i].octets.len != 0 && f.at[i].samples != 0);
		assert(i == 0 || f.at[i].after > f.at[i - 1].after);
		octets += f.at[i].octets.len;
	}
	if (f.count == 1 && f.at[0].octets.at == r->part.at)
		assert(octets == r->part.len);
	else
		assert(octets <= p->payload.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct sdp_aac aac = { .size_bits = 13,
		.index_bits = 3,
		.delta_bits = 3,
		.samples = 1024 };
	struct rtp_video video[2];
	struct rtp_sound sound[3];
	struct slice s = slice_make(data, n);
	struct rtp_packet p;

	rtp_video_init(&video[0], RTP_H264, 4096);
	rtp_video_init(&video[1], RTP_H265, 4096);
	for (unsigned i = 0; i < 3; i++) {
		const struct sdp_track t = { .codec = (enum sdp_codec)(
						 SDP_AAC + i),
			.channels = 1 };
		rtp_sound_init(&sound[i], &t, &aac);
	}
	while (s.len > 1) {
		const size_t len = s.at[0] < s.len ? s.at[0] : s.len - 1;

		if (rtp_packet_parse(slice_make(s.at + 1, len), &p) == ERR_OK) {
			for (int i = 0; i < 2; i++)
				video_give(&video[i], &p);
			for (int i = 0; i < 3; i++)
				sound_give(&sound[i], &p);
		}
		s = slice_skip(s, 1 + len);
	}
	for (int i = 0; i < 2; i++)
		rtp_video_fini(&video[i]);
	for (int i = 0; i < 3; i++)
		rtp_sound_fini(&sound[i]);
	return 0;
}
