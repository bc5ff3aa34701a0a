/*
 * Packets behind u8 lengths, each given to every reader: no picture is larger
 * than allowed, none is empty; frames of sound lie in the packet or in what
 * was gathered before; packets leave the order as they came in, each once.
 */
#include "proto/rtcp.h"
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

static void
order_give(struct rtp_order *o, struct slice octets, uint64_t now_ms)
{
	const size_t held = o->held;
	struct slice s;

	if (rtp_order_put(o, octets, now_ms) != ERR_OK)
		return;
	assert(o->held <= held + 1 && o->held <= RTP_ORDER_PACKETS_MAX);
	while (rtp_order_take(o, now_ms, &s))
		assert(
		    (uint16_t)(slice_be(slice_skip(s, 2), 2) + 1) == o->next);
	assert(o->held < RTP_ORDER_PACKETS_MAX / 2);
}

static void
report_give(struct rtcp_seen *seen, const struct rtp_packet *p, uint64_t now_us)
{
	uint8_t to[RTCP_REPORT_OCTETS];

	rtcp_seen_packet(seen, p, now_us);
	rtcp_report(seen, 1, now_us, to);
	assert(slice_be(slice_make(to + 20, 4), 4) <= seen->rate);
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
	struct rtp_order order;
	struct rtcp_seen seen;
	struct rtp_packet p;

	rtp_order_init(&order);
	rtcp_seen_init(&seen, 90000);
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

		const struct slice packet = slice_make(s.at + 1, len);
		const uint64_t now_ms = n - s.len;

		order_give(&order, packet, now_ms);
		rtcp_seen_report(&seen, packet, now_ms * 1000);
		if (rtp_packet_parse(packet, &p) == ERR_OK) {
			report_give(&seen, &p, now_ms * 1000);
			for (int i = 0; i < 2; i++)
				video_give(&video[i], &p);
			for (int i = 0; i < 3; i++)
				sound_give(&sound[i], &p);
		}
		s = slice_skip(s, 1 + len);
	}
	rtp_order_fini(&order);
	for (int i = 0; i < 2; i++)
		rtp_video_fini(&video[i]);
	for (int i = 0; i < 3; i++)
		rtp_sound_fini(&sound[i]);
	return 0;
}
