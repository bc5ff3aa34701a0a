/*
 * rtp_sound.h - frames of sound from RTP packets: AAC (RFC 3640, not
 * interleaved), Opus (RFC 7587), G.711 (RFC 3551). Pure but for the buf of a
 * frame that came in pieces.
 */
#ifndef PROTO_RTP_SOUND_H
#define PROTO_RTP_SOUND_H

#include "proto/rtp.h"
#include "proto/sdp.h"

#define RTP_SOUND_FRAMES_MAX       64
#define RTP_SOUND_FRAME_OCTETS_MAX 8192

struct rtp_sound {
	struct sdp_track track;
	struct sdp_aac aac;
	struct buf part;    /* of an AAC frame in several packets */
	size_t part_octets; /* of the whole; 0: none is open */
	uint16_t sequence;
	uint32_t timestamp;
};

struct rtp_sound_frame {
	struct slice octets; /* borrowed from the packet, or from part */
	uint32_t after;   /* its first sample: that many after the packet's */
	uint32_t samples; /* how many of them it holds, by the RTP clock */
};
struct rtp_sound_frames {
	struct rtp_sound_frame at[RTP_SOUND_FRAMES_MAX];
	size_t count;
};

void rtp_sound_init(struct rtp_sound *r, const struct sdp_track *track,
    const struct sdp_aac *aac);
void rtp_sound_fini(struct rtp_sound *r);
/*
 * The frames that are whole with this packet, until the next call; often
 * none. ERR_SYNTAX, ERR_LIMIT: the packet is bad and costs itself alone.
 */
MUST_USE enum err rtp_sound_take(struct rtp_sound *r,
    const struct rtp_packet *p, struct rtp_sound_frames *ret_frames);

#endif
