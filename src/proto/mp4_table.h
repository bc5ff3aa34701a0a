/*
 * mp4_table.h - makes the table (moov) of a film from its samples, octet for
 * octet as web/src/model/mp4.ts does: docs/FORMATS.md section 10. Who checks a
 * film compares, and so reads no table that somebody else made. Pure.
 */
#ifndef PROTO_MP4_TABLE_H
#define PROTO_MP4_TABLE_H

#include "base/buf.h"
#include "base/err.h"
#include "proto/avc.h"
#include "proto/sound.h"

struct mp4_track {
	uint32_t scale; /* units in a second */
	uint64_t first_us, at, delta;
	uint32_t count, entries, times, keys, chunks, same;
	struct buf stsd, stts, stss, stsc, stsz, co64;
};

struct mp4_table {
	struct mp4_track pictures, sounds;
	bool h265;        /* the pictures are: set it before the first one */
	struct buf setup; /* avcC or hvcC of the newest key frame */
	struct avc_size size;
	uint64_t due; /* where the next sound begins if all goes on evenly */
	size_t octets_max;
};

/* Never more than about octets_max octets for each of its parts. */
void mp4_table_init(struct mp4_table *t, size_t octets_max);
void mp4_table_fini(struct mp4_table *t);

/*
 * A sample that stands at that place of the file, in the order of the file.
 * A key frame's setup is avcC or hvcC; else it is empty. ERR_LIMIT: it does not fit
 * octets_max, or a gap is too long; ERR_SYNTAX: the first one is no key frame;
 * ERR_NOMEM.
 */
MUST_USE enum err
mp4_table_picture(struct mp4_table *t, uint64_t place, uint32_t octets,
    uint64_t time_us, struct slice setup, struct avc_size size);
/*
 * The frames of a record, which stand at that place one behind the other. All
 * sounds of a film are alike: sound_same(). ERR_SYNTAX: frames of no length,
 * or octets that are not just theirs.
 */
MUST_USE enum err mp4_table_sound(struct mp4_table *t, uint64_t place,
    uint64_t time_us, const struct sound_head *head, struct slice frames);
/* Once, at the end: appends moov. ERR_MISSING: there is no picture. */
MUST_USE enum err mp4_table_put(struct mp4_table *t, struct buf *to);

#endif
