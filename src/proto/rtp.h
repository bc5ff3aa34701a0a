/*
 * rtp.h - RTP packets (RFC 3550), and video from them: H.264 (RFC 6184: single
 * NAL units, STAP-A, FU-A) and H.265 (RFC 7798: single, AP, FU, in the order
 * of decoding) to access units in Annex-B. Pure but for the caller's buf.
 *
 * An access unit is whole at the packet with the marker: no waiting for the
 * next picture. A camera that sets no marker ends a unit by a new time stamp.
 */
#ifndef PROTO_RTP_H
#define PROTO_RTP_H

#include "base/buf.h"

#define RTP_PACKET_OCTETS_MAX 65535

struct rtp_packet {
	bool marker;
	unsigned payload_type;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	struct slice payload;
};
/* ERR_SYNTAX: no RTP packet of version 2. Padding and extension are cut. */
MUST_USE enum err rtp_packet_parse(struct slice in, struct rtp_packet *ret);

enum rtp_codec {
	RTP_H264,
	RTP_H265
};
struct rtp_video {
	enum rtp_codec codec;
	struct buf unit; /* Annex-B; its cap is the caller's limit */
	bool begun, broken, in_fragment, markers;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	bool key, has_vps, has_sps, has_pps;
	uint64_t lost; /* packets */
};
void rtp_video_init(struct rtp_video *r, enum rtp_codec codec,
    size_t unit_octets_max);
void rtp_video_fini(struct rtp_video *r);

enum rtp_state {
	RTP_GOING_ON, /* give the next packet */
	/*
	 * r->unit is a whole access unit: take it, call rtp_video_next(), and
	 * if `again` was said, give the same packet once more.
	 */
	RTP_WHOLE,
	RTP_WHOLE_AGAIN
};
/*
 * One packet. ERR_SYNTAX: not as the RFC says; the unit it belongs to is dropped and
 * the stream goes on. ERR_LIMIT: the unit is too big, dropped likewise.
 */
MUST_USE enum err rtp_video_take(struct rtp_video *r,
    const struct rtp_packet *p, enum rtp_state *ret_state);
void rtp_video_next(struct rtp_video *r);

#endif
