/*
 * mp4.h - the frame of a film that the app exported: docs/FORMATS.md section
 * 10. Just four boxes (ISO 14496-12), in this order: ftyp, mdat with 64 bits,
 * moov, and a uuid box with the proof. Nothing else is taken, so that no octet
 * of such a file means what nobody looked at. Pure; slices are borrowed.
 */
#ifndef PROTO_MP4_H
#define PROTO_MP4_H

#include "base/err.h"
#include "base/slice.h"

#define MP4_START_OCTETS 52 /* before the first sample */

struct mp4_parts {
	struct slice media; /* what mdat holds */
	struct slice table; /* moov, with its head */
	struct slice proof; /* behind the uuid */
};

/*
 * ERR_SYNTAX: no film of ours. ERR_MORE: it was cut off. ERR_MISSING: all is
 * there but the proof. ERR_CORRUPT: boxes are not where they belong, or there
 * are others.
 */
MUST_USE enum err mp4_parts_get(struct slice file, struct mp4_parts *ret_parts);

/* What the proof says, piece by piece, in the order of the recording. */
enum mp4_piece_kind {
	MP4_END = 0,
	MP4_RUN = 1,
	MP4_SAMPLE = 2,
	MP4_MARK = 3
};

#define MP4_FIELDS_OCTETS 257
#define MP4_RECORD_MAX    1024
#define MP4_MARK_OCTETS   193
#define MP4_KEY_OCTETS    32
#define MP4_DIGEST_OCTETS 32
#define MP4_SAMPLE_OCTETS (((size_t)4 << 20) + 256)

struct mp4_piece {
	enum mp4_piece_kind kind;
	struct slice record, fields; /* run */
	struct slice mark;           /* mark */
	/* sample; octets is 0 when it is not in the file */
	uint64_t index, time_us;
	uint32_t octets;
	uint8_t flags, sample_kind;
	bool inside;
	struct slice digest, head;
};

/*
 * What is in front of the digest at the end. ERR_SYNTAX: shorter than any.
 */
MUST_USE enum err mp4_proof_plain(struct slice proof, struct slice *ret_plain,
    struct slice *ret_digest);
/*
 * What is in front of the pieces; the version says whether the pictures are
 * H.265. ERR_SYNTAX, ERR_UNSUPPORTED: a version.
 */
MUST_USE enum err mp4_proof_begin(struct slice plain, bool *ret_h265,
    struct slice *ret_key, struct slice *ret_pieces);
/* Takes the next piece off. MP4_END is the last. ERR_SYNTAX. */
MUST_USE enum err
mp4_proof_next(struct slice *pieces, struct mp4_piece *ret_piece);

#endif
