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
/* Before the sum: what the file holds, and how much of that there is. */
#define SEGMENT_ENTRY_OCTETS 16
#define SEGMENT_ENTRIES_MAX  16384
#define SEGMENT_TAIL_OCTETS  (4 + SEGMENT_SUM_OCTETS)
/* Frames and a length 0 after them, entries and the tail fill a file. */
#define SEGMENT_ROOM      (SEGMENT_OCTETS - SEGMENT_TAIL_OCTETS - 4)
#define RECORD_OCTETS_MAX ((4u << 20) + 256)
#define RECORD_OCTETS_MIN 4

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

/* Where a key frame's frame begins, or (index 0) a run header's. */
struct segment_entry {
	struct run_id run;
	uint32_t index, offset;
};
MUST_USE enum err
segment_entry_put(struct buf *to, const struct segment_entry *e);
struct segment_entry segment_entry_at(struct slice entries, size_t i);
/* What follows the entries, before the sum. */
MUST_USE enum err segment_count_put(struct buf *entries);
/*
 * The entries of a whole file, from its last octets (all of it is fine, too).
 * ERR_SYNTAX: it was not closed so.
 */
MUST_USE enum err
segment_entries_parse(struct slice end, struct slice *ret_entries);

/*
 * Calls each record in order with its offset, until the end or the first
 * frame that is no record (a torn tail). ERR_SYNTAX: no segment; else what
 * each() returned, ERR_OK at the end.
 */
MUST_USE enum err segment_scan(struct slice segment,
    enum err (*each)(void *ctx, const struct record_clear *clear,
	struct slice record),
    void *ctx);
/* The same from some frame on, without the head. */
MUST_USE enum err segment_frames_scan(struct slice frames,
    enum err (*each)(void *ctx, const struct record_clear *clear,
	struct slice record),
    void *ctx);

#endif
