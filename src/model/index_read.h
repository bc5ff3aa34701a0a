/*
 * index_read.h - what a row of a camera's index carries, for a reader:
 * docs/FORMATS.md section 3. The writer's side is index.h.
 *
 * Pure. Times are µs since 1970.
 */
#ifndef MODEL_INDEX_READ_H
#define MODEL_INDEX_READ_H

#include "base/id.h"
#include "model/index.h"

#define INDEX_HOUR_US    UINT64_C(3600000000)
#define INDEX_ROW_PIECES 3 /* run header, record, its mark */

struct index_group {
	uint64_t time_us;
	uint32_t index;
};
struct index_hour_run {
	uint8_t as; /* enum track_kind, or one that we do not know */
	struct run_id run;
	uint64_t first_us, last_us;
	uint32_t last_index;
	struct index_group *group;
	size_t group_count;
};
struct index_hour_state {
	uint64_t time_us;
	uint8_t state;
};

struct index_hour {
	uint32_t hour;           /* UTC, since 1970 */
	uint64_t from_us, to_us; /* what this row knows about */
	struct {
		struct run_id run;
		uint32_t index; /* 0: none is named */
		uint32_t hour;
		uint64_t to_us;
	} before;
	struct index_hour_state *state;
	struct index_hour_run *run;
	size_t state_count, run_count;
};

/* ERR_SYNTAX, ERR_UNSUPPORTED, ERR_LIMIT, ERR_NOMEM. */
MUST_USE enum err
index_hour_parse(struct slice octets, struct index_hour *ret_hour);
void index_hour_fini(struct index_hour *h);

/* The records of a row, before its padding; borrowed. */
MUST_USE enum err
index_row_parse(struct slice row, struct slice ret_piece[INDEX_ROW_PIECES]);

#endif
