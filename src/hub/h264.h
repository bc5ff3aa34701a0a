/*
 * h264.h - one access unit from Annex-B (ITU-T H.264 or H.265, annex B) to
 * what records carry: each NAL unit behind a u32 length, without delimiters
 * and filler, with the parameter sets in each key frame. Eats what a capture process says, so
 * nothing about it is believed.
 */
#ifndef HUB_H264_H
#define HUB_H264_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define H264_SETUP_OCTETS_MAX 1024 /* of one SPS or PPS */
#define H264_NALS_MAX         4096

/* The newest parameter sets of a stream; VPS: of H.265 alone. */
struct h264_setup {
	struct buf vps, sps, pps; /* empty: not seen yet */
	bool changed;             /* since the caller last cleared it */
};

void h264_setup_init(struct h264_setup *s);
void h264_setup_fini(struct h264_setup *s);
/* The sets in that order, each behind its u32 length: what a run header hashes. */
MUST_USE enum err h264_setup_put(const struct h264_setup *s, struct buf *to);

/*
 * Appends the unit's NAL units to out; *ret_key: it holds an IDR picture. A
 * key frame without SPS or PPS gets those of setup, which learns them.
 * ERR_SYNTAX: no start code, or no picture. ERR_MISSING: a key frame, and no
 * SPS or PPS yet. ERR_LIMIT. out is undefined after an error.
 */
MUST_USE enum err h264_unit(struct slice annexb, struct h264_setup *setup,
    struct buf *out, bool *ret_key);
/* The same for H.265, with a VPS; its key frames are IRAP pictures. */
MUST_USE enum err h265_unit(struct slice annexb, struct h264_setup *setup,
    struct buf *out, bool *ret_key);

#endif
