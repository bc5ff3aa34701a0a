/*
 * avc.h - what a player must know before a key frame: avcC (ISO 14496-15
 * section 5.3.3.1) and the size of the pictures (ITU-T H.264 section
 * 7.3.2.1.1), out of a sample whose NAL units stand behind u32 lengths. The
 * same as web/src/proto/h264.ts and sps.ts. Pure.
 */
#ifndef PROTO_AVC_H
#define PROTO_AVC_H

#include "base/buf.h"
#include "base/err.h"

#define AVC_SETS_MAX 32

struct avc_size {
	uint16_t width, height;
};

/*
 * Appends avcC. ERR_SYNTAX: no sample of that form; ERR_MISSING: no parameter
 * sets in it; ERR_LIMIT: too many.
 */
MUST_USE enum err
avc_setup(struct slice sample, struct buf *to, struct avc_size *ret_size);

#endif
