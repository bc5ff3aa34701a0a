#include "hub/capture/rtsp_media.h"

#include "hub/capture/thumb.h"
#include "hub/unit.h"
#include "os/clock.h"

#define SETS_OCTETS_MAX (SDP_SET__MAX * (SDP_SET_OCTETS_MAX + 4))

void
rtsp_media_init(struct rtsp_media *m, int out_fd, const struct sdp_offer *offer)
{
	*m = (struct rtsp_media){ .out_fd = out_fd, .offer = *offer };
	rtp_video_init(&m->video,
	    offer->video.codec == SDP_H265 ? RTP_H265 : RTP_H264,
	    UNIT_OCTETS_MAX - SETS_OCTETS_MAX);
	rtp_sound_init(&m->sound, &offer->sound, &offer->aac);
	if (offer->sound.codec != SDP_NONE)
		sound_clock_init(&m->clock, offer->sound.rate);
}

void
rtsp_media_fini(struct rtsp_media *m)
{
	rtp_video_fini(&m->video);
	rtp_sound_fini(&m->sound);
}

static bool
is_h265(const struct rtsp_media *m)
{
	return m->video.codec == RTP_H265;
}

static bool
sets_are_missing(const struct rtsp_media *m)
{
	const struct rtp_video *v = &m->video;

	return !v->has_sps || !v->has_pps || (is_h265(m) && !v->has_vps);
}

/* Parameter sets of the description, before a key frame without its own. */
static bool
sets_before(const struct rtsp_media *m, struct buf *unit)
{
	const struct slice start = SLICE_LIT("\0\0\0\1");
	const struct sdp_offer *o = &m->offer;

	for (enum sdp_set i = is_h265(m) ? SDP_VPS : SDP_SPS; i < SDP_SET__MAX;
	     i++) {
		if (o->set_octets[i] == 0 ||
		    buf_append(unit, start) != ERR_OK ||
		    buf_append(unit, slice_make(o->set[i], o->set_octets[i])) !=
			ERR_OK)
			return false;
	}
	return buf_append(unit, buf_slice(&m->video.unit)) == ERR_OK;
}

/* The picture that is whole now. */
static enum err
picture_send(struct rtsp_media *m)
{
	struct unit u = { .kind = is_h265(m) ? UNIT_H265 : UNIT_H264,
		.flags = m->video.key ? UNIT_KEY : 0,
		.time_us = m->first_packet_us,
		.octets = buf_slice(&m->video.unit) };
	AUTO_BUF struct buf with_sets;
	enum err e = ERR_OK;

	buf_init(&with_sets, UNIT_OCTETS_MAX);
	if (m->video.lost != m->lost)
		m->waits_for_key = true;
	m->lost = m->video.lost;
	if (m->video.key)
		m->waits_for_key = false;
	if (m->video.key && sets_are_missing(m) && sets_before(m, &with_sets))
		u.octets = buf_slice(&with_sets);
	if (!m->waits_for_key)
		e = picture_write(m->out_fd, &u);
	rtp_video_next(&m->video);
	return e == ERR_OK ? ERR_OK : ERR_CLOSED;
}

enum err
rtsp_media_video(struct rtsp_media *m, struct slice octets)
{
	const uint64_t now_us = clock_realtime_us();
	enum rtp_state state;
	struct rtp_packet p;
	enum err e;

	if (rtp_packet_parse(octets, &p) != ERR_OK ||
	    p.payload_type != m->offer.video.payload_type)
		return ERR_OK; /* another stream's, or noise */
	m->last_packet_ms = clock_monotonic_ms();
	const bool first = m->video.unit.len == 0 ||
			   p.timestamp != m->video.timestamp;
	/* an error drops the unit it is in; the stream goes on */
	(void)!rtp_video_take(&m->video, &p, &state);
	/* a unit that was dropped leaves the next its own time */
	if (first && state != RTP_WHOLE_AGAIN)
		m->first_packet_us = now_us;
	if (state == RTP_GOING_ON)
		return ERR_OK;
	if ((e = picture_send(m)) != ERR_OK || state != RTP_WHOLE_AGAIN)
		return e;
	m->first_packet_us = now_us;
	(void)!rtp_video_take(&m->video, &p, &state);
	return state == RTP_WHOLE ? picture_send(m) : ERR_OK;
}

static enum sound_codec
codec_of(enum sdp_codec codec)
{
	switch (codec) {
	case SDP_AAC:
		return SOUND_AAC;
	case SDP_OPUS:
		return SOUND_OPUS;
	case SDP_PCMU:
		return SOUND_PCMU;
	case SDP_PCMA:
	case SDP_NONE:
	case SDP_H264:
	case SDP_H265:
		break;
	}
	return SOUND_PCMA;
}

static enum err
frame_send(struct rtsp_media *m, const struct rtp_sound_frame *f)
{
	const struct sdp_offer *o = &m->offer;
	const uint64_t boot_us = clock_boottime_us();
	const int64_t taken_us = sound_clock_time(&m->clock, f->after,
	    (int64_t)boot_us);
	const struct unit_sound s = {
		.codec = codec_of(o->sound.codec),
		.rate = o->sound.rate,
		.channels = o->sound.channels,
		.config = slice_make(o->aac.config, o->aac.config_octets),
		.frame = f->octets,
	};

	/* by the clock that may be set only now: the one before never jumps */
	const enum err e = unit_write_sound(m->out_fd,
	    clock_realtime_us() - (boot_us - (uint64_t)taken_us), &s);
	return e == ERR_CLOSED || e == ERR_IO ? ERR_CLOSED : ERR_OK;
}

enum err
rtsp_media_sound(struct rtsp_media *m, struct slice octets)
{
	struct rtp_sound_frames frames;
	struct rtp_packet p;
	enum err e = ERR_OK;

	if (rtp_packet_parse(octets, &p) != ERR_OK ||
	    p.payload_type != m->offer.sound.payload_type ||
	    rtp_sound_take(&m->sound, &p, &frames) != ERR_OK ||
	    frames.count == 0)
		return ERR_OK;
	const struct rtp_sound_frame *last = &frames.at[frames.count - 1];
	sound_clock_packet(&m->clock, p.timestamp, last->after + last->samples,
	    (int64_t)clock_boottime_us());
	for (size_t i = 0; e == ERR_OK && i < frames.count; i++)
		e = frame_send(m, &frames.at[i]);
	return e;
}
