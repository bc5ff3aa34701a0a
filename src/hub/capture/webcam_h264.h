/*
 * webcam_h264.h - the H.264 that a camera makes by itself: passed on as it is,
 * from a key frame on, with its parameter sets before each key frame. Pure.
 */
#ifndef HUB_WEBCAM_H264_H
#define HUB_WEBCAM_H264_H

#include <stdbool.h>

#include "base/buf.h"

#define WEBCAM_SETS_OCTETS_MAX 4096

struct webcam_h264 {
	struct buf
	    sets; /* the newest SPS and its PPS, each behind 00 00 00 01 */
	struct buf unit;
	bool goes_on; /* nothing was lost since the last key frame */
};

void webcam_h264_init(struct webcam_h264 *h);
void webcam_h264_fini(struct webcam_h264 *h);
/* A picture was lost: what follows waits for a key frame. */
void webcam_h264_lost(struct webcam_h264 *h);
/*
 * One buffer of the camera: an access unit in Annex-B, or its parameter sets
 * alone. *ret_unit lives until the next call, and no longer than in. ERR_MORE:
 * there is nothing to pass on (yet). ERR_LIMIT: it is too long; it was lost.
 */
MUST_USE enum err webcam_h264_unit(struct webcam_h264 *h, struct slice in,
    struct slice *ret_unit, bool *ret_key);

#endif
