/*
 * run.h - one writer's unbroken session on a stream: docs/FORMATS.md
 * section 3. This file is what the writer and the reader of runs share: the
 * record's form and the run header's fields.
 *
 * Pure: no clock, no I/O. Time is an argument.
 */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "crypto/names.h"
#include "crypto/sign.h"

#define RUN_VERSION       1
#define RUN_SUITE         1
#define RUN_CLEAR_OCTETS  103
#define RUN_OCTETS_MAX    ((size_t)4 << 20) /* of what one record carries */
#define RUN_RECORD_MAX    (RUN_OCTETS_MAX + 256)
#define RUN_HEADER_OCTETS 512 /* room for a header record */

enum run_flag {
	RUN_KEY = 1,
	RUN_HEADER = 2,
	RUN_MARK = 4,
	RUN_END = 8
};
enum run_class {
	RUN_MEDIA = 1,
	RUN_LOG = 2,
	RUN_STATE = 3
};
enum run_kind {
	RUN_H264 = 1,
	RUN_SOUND = 2,
	RUN_H265 = 3,
	RUN_JPEG = 4,
	RUN_KIND_MARK = 16,
	RUN_INDEX = 17
};

/* Where a run hangs on the one before it; zeros when that is not known. */
struct run_before {
	struct run_id run;
	uint64_t last_index;
	uint8_t mark_hash[SHA256_OCTETS];
};

/* What a run header says. */
struct run_info {
	struct place place;
	struct run_id run;
	uint32_t epoch;
	struct hour_id hour_id;
	uint64_t start_us;
	struct run_before before;
	uint64_t directory_version;
	uint8_t directory_hash[SHA256_OCTETS];
	uint8_t setup_hash[SHA256_OCTETS];
};

/* The clear part of a header, which says which hour's key opens it. */
struct run_clear {
	uint32_t epoch;
	struct hour_id hour_id;
	struct run_id run;
	struct slice enc, sealed_key; /* borrowed */
};

/* Version and flags of a record. ERR_SYNTAX, ERR_UNSUPPORTED (version). */
MUST_USE enum err run_record_flags(struct slice record, uint8_t *ret_flags,
    struct slice *ret_body);
/* The clear part of a header record. ERR_SYNTAX, ERR_UNSUPPORTED. */
MUST_USE enum err
run_clear_parse(struct slice record, struct run_clear *ret_clear);

/* The run id as SFrame's key id. */
static inline uint64_t
run_kid(const struct run_id *run)
{
	return slice_be(slice_make(run->octets, RUN_ID_OCTETS), 8);
}

/* HPKE info of the run key. Appends. */
MUST_USE enum err
run_key_info(const struct place *p, const struct run_id *run, struct buf *to);
/* The sealed fields of a header up to its signature. Appends. */
MUST_USE enum err run_fields_put(const struct run_info *i, struct buf *to);
/*
 * The reverse: sealed fields and clear part to what they say. *ret_signature
 * is borrowed. ERR_SYNTAX.
 */
MUST_USE enum err
run_fields_get(struct slice fields, const struct run_clear *clear,
    struct run_info *ret_info, struct slice *ret_signature);

#endif
