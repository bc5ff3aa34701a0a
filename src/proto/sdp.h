/*
 * sdp.h - what a camera offers (RFC 8866), as far as Eaves takes it: the
 * first H.264 video. Pure.
 */
#ifndef PROTO_SDP_H
#define PROTO_SDP_H

#include "base/err.h"
#include "base/slice.h"

#define SDP_OCTETS_MAX     16384
#define SDP_LINES_MAX      512
#define SDP_SET_OCTETS_MAX 512

struct sdp_video {
	struct slice session_control; /* of the whole, may be empty */
	struct slice control;         /* of the video, may be empty */
	unsigned payload_type;
	/* parameter sets of the sprop line, decoded; 0 octets: none */
	uint8_t sps[SDP_SET_OCTETS_MAX], pps[SDP_SET_OCTETS_MAX];
	size_t sps_octets, pps_octets;
};

/*
 * ERR_LIMIT    too long or too many lines
 * ERR_SYNTAX   no SDP
 * ERR_MISSING  no video at all
 * ERR_UNSUPPORTED  video, but none of it H.264 (or interleaved mode 2)
 */
MUST_USE enum err sdp_parse(struct slice in, struct sdp_video *ret_video);

#endif
