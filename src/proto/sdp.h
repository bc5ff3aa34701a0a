/*
 * sdp.h - what a camera offers (RFC 8866), as far as Eaves takes it: one
 * video (H.264, else H.265) and one sound beside it. Pure.
 */
#ifndef PROTO_SDP_H
#define PROTO_SDP_H

#include "base/err.h"
#include "base/slice.h"

#define SDP_OCTETS_MAX        16384
#define SDP_LINES_MAX         512
#define SDP_SET_OCTETS_MAX    512
#define SDP_CONFIG_OCTETS_MAX 64

enum sdp_codec {
	SDP_NONE,
	SDP_H264,
	SDP_H265,
	SDP_AAC, /* mpeg4-generic, RFC 3640 */
	SDP_OPUS,
	SDP_PCMU,
	SDP_PCMA
};

struct sdp_track {
	enum sdp_codec codec;
	struct slice control; /* may be empty */
	unsigned payload_type;
	uint32_t rate;     /* of its time stamps, in a second */
	unsigned channels; /* of sound */
};

/* AAC: AudioSpecificConfig, and how its packets are laid out. */
struct sdp_aac {
	uint8_t config[SDP_CONFIG_OCTETS_MAX];
	size_t config_octets;
	unsigned size_bits, index_bits, delta_bits;
	unsigned samples; /* of one frame, by its time stamps */
};

enum sdp_set {
	SDP_VPS, /* H.265 alone */
	SDP_SPS,
	SDP_PPS,
	SDP_SET__MAX
};

struct sdp_offer {
	struct slice session_control; /* of the whole, may be empty */
	struct sdp_track video;
	/* codec is SDP_NONE when there is none, or none that we know */
	struct sdp_track sound;
	/* parameter sets of the video's sprop lines; 0 octets: none */
	uint8_t set[SDP_SET__MAX][SDP_SET_OCTETS_MAX];
	size_t set_octets[SDP_SET__MAX];
	struct sdp_aac aac;
};

/*
 * Slices are borrowed from in. Sound that we cannot take is as none.
 *
 * ERR_LIMIT    too long or too many lines
 * ERR_SYNTAX   no SDP
 * ERR_MISSING  no video at all
 * ERR_UNSUPPORTED  video, but none that we take (H.264 in mode 2, H.265 out of
 *                  order, another codec)
 */
MUST_USE enum err sdp_parse(struct slice in, struct sdp_offer *ret_offer);

#endif
