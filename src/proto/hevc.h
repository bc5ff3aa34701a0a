/*
 * hevc.h - what avc.h is for H.264, of H.265: hvcC (ISO 14496-15 section
 * 8.3.3.1) and the size of the pictures (ITU-T H.265 section 7.3.2.2), out of
 * a sample whose NAL units stand behind u32 lengths. The same as
 * web/src/proto/h265.ts. Pure.
 */
#ifndef PROTO_HEVC_H
#define PROTO_HEVC_H

#include "proto/avc.h"

#define HEVC_SETS_MAX 64 /* of each kind */

/*
 * Appends hvcC. ERR_SYNTAX: no sample of that form; ERR_MISSING: not each of
 * VPS, SPS and PPS in it; ERR_LIMIT: too many, or one too long.
 */
MUST_USE enum err
hevc_setup(struct slice sample, struct buf *to, struct avc_size *ret_size);

#endif
