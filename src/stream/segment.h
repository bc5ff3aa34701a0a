/*
 * segment.h - what lies in a segment file, once deciphered: docs/FORMATS.md
 * section 4. Pure.
 */
#ifndef STREAM_SEGMENT_H
#define STREAM_SEGMENT_H

#include "base/buf.h"
#include "base/id.h"

#define SEGMENT_OCTETS      (16u << 20)
#define SEGMENT_HEAD_OCTETS 16
#define SEGMENT_SUM_OCTETS  32 /* at the very end of a closed one */
/* Frames end before this: after them there is a length 0, then the sum. */
#define SEGMENT_FRAMES_END (SEGMENT_OCTETS - SEGMENT_SUM_OCTETS - 4)
#define RECORD_OCTETS_MAX  ((4u << 20) + 256)
#define RECORD_OCTETS_MIN  4

#define RECORD_KEY    1
#define RECORD_HEADER 2
#define RECORD_MARK   4
#define RECORD_END    8

/* What a server may know of a record: its clear octets. */
struct record_clear {
	uint8_t flags;
	struct run_id run;
	uint64_t index;
};
/* ERR_SYNTAX: no record (version, flags, SFrame header, length). */
MUST_USE enum err
record_clear_parse(struct slice record, struct record_clear *ret);

MUST_USE enum err segment_head_put(struct buf *to);
MUST_USE enum err segment_frame_put(struct buf *to, struct slice record);

/*
 * Calls each record in order with its offset, until the end or the first
 * frame that is no record (a torn tail). ERR_SYNTAX: no segment; else what
 * each() returned, ERR_OK at the end.
 */
MUST_USE enum err segment_scan(struct slice segment,
    enum err (*each)(void *ctx, const struct record_clear *clear,
	struct slice record),
    void *ctx);

#endif
