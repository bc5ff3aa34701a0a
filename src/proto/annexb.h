/*
 * annexb.h - NAL units between start codes (ITU-T H.264 and H.265, annex B).
 */
#ifndef PROTO_ANNEXB_H
#define PROTO_ANNEXB_H

#include <stdbool.h>

#include "base/slice.h"

/* Where the next 00 00 01 begins; s.len when there is none. */
size_t annexb_start(struct slice s);
/* The next NAL unit, borrowed; *rest moves behind it. False: there is none. */
bool annexb_next(struct slice *rest, struct slice *ret_nal);

#endif
