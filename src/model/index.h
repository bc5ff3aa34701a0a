/*
 * index.h - what one camera said in one hour, so that a reader finds each
 * moment and knows why others are missing: docs/FORMATS.md section 3. The
 * writer keeps one of these and puts it down again each minute; the last one
 * of an hour counts.
 *
 * Pure. Times are µs since 1970 outside, sixteenths of a second of the hour
 * inside.
 */
#ifndef MODEL_INDEX_H
#define MODEL_INDEX_H

#include "base/buf.h"
#include "base/id.h"
#include "model/people.h"

#define INDEX_VERSION    1
#define INDEX_OCTETS_MAX ((size_t)15 << 10)
#define INDEX_RUNS_MAX   200
#define INDEX_STATES_MAX 400
/* Key frames nearer to the one before than this are left out. */
#define INDEX_APART_US 2500000

/* States beyond the reasons of a camera (hub/unit.h). */
#define INDEX_SERVER_AWAY 64
#define INDEX_UPLINK_SLOW 65
#define INDEX_SERVER_DISK 66 /* it had no room, or its disk was too slow */

/* The newest row before this one, so that none can be left out. */
struct index_before {
	struct run_id run;
	uint32_t index, hour;
	uint16_t to;
};

struct index_run {
	enum track_kind as;
	struct run_id run;
	uint16_t first, last;
	uint32_t last_index;
	/* of the groups so far */
	uint16_t group_count, group_time;
	uint32_t group_index;
	uint64_t group_us;
	size_t motion_at; /* where the newest one's motion stands; 0: none */
	struct buf groups;
};

struct index {
	uint32_t hour;
	uint16_t from, to;
	struct index_before before;
	struct index_run *run; /* INDEX_RUNS_MAX */
	size_t run_count;
	struct {
		uint16_t time;
		uint8_t state;
	} state[INDEX_STATES_MAX];
	size_t state_count, octets;
};

/* ERR_NOMEM. The hour is that of now; state is what goes on at its start. */
MUST_USE enum err index_begin(struct index *x, uint64_t now_us, uint8_t state,
    const struct index_before *before);
void index_fini(struct index *x);

/* A run begins; full: it is not listed, and false comes back. */
bool index_run_begin(struct index *x, enum track_kind as,
    const struct run_id *run, uint64_t time_us);
/* One more record of that run. */
void index_record(struct index *x, const struct run_id *run, uint64_t index,
    uint64_t time_us);
/* A key frame of that run. Motion is 0 until it is told. */
void index_group(struct index *x, const struct run_id *run, uint64_t index,
    uint64_t time_us);
/* How much moved in its newest group. */
void index_motion(struct index *x, const struct run_id *run, uint8_t motion);
void index_state(struct index *x, uint8_t state, uint64_t time_us);

/* What a record of kind RUN_INDEX carries. Appends. ERR_LIMIT, ERR_NOMEM. */
MUST_USE enum err index_put(struct index *x, uint64_t now_us, struct buf *to);

#endif
