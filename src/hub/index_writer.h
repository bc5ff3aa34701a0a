/*
 * index_writer.h - keeps a camera's index (model/index.h) and writes it down
 * as rows of its state stream: a run for each hour, in it the whole hour anew
 * each minute, each with its own mark. A row opens by itself:
 *
 *   version u8 ‖ suite u8 ‖ sized header ‖ sized record ‖ sized mark ‖ length 0 ‖
 *   random octets to 1, 4 or 16 KiB
 *
 * Pure: clocks are arguments.
 */
#ifndef HUB_INDEX_WRITER_H
#define HUB_INDEX_WRITER_H

#include "hub/run_open.h"
#include "model/heads.h"
#include "model/index.h"

#define INDEX_EVERY_US 60000000
#define INDEX_SOON_US  5000000 /* after a run began */
#define INDEX_ROW_MAX  16384

struct index_row {
	struct run_id run;
	uint32_t index, day;
	struct slice octets; /* borrowed for the call */
	/* what the next run, and heads, say of it once the server has it */
	struct index_before name;
	struct head head;
};

struct index_writer {
	const struct hub_keys *keys;
	const struct hub_home *home;
	const struct id *thing, *stream;
	/* A row is due; of a run only the newest counts. */
	void (*row)(void *to, const struct index_row *row);
	void *to;
	struct index x;
	bool begun;
	uint8_t state;
	uint64_t written_us;
	struct {
		bool on;
		struct run_id run;
	} active[TRACK__MAX];
	struct run_writer *run; /* of the index itself */
	struct run_before run_before;
	uint32_t record_index; /* of the newest row's record */
	struct buf header, records;
	struct index_before before; /* newest row of the run before */
	struct index_before newest; /* newest row of all */
	struct head taken;          /* of the newest row that the server has */
};

/* before: zeros, or the newest row that an earlier life wrote. */
void index_writer_init(struct index_writer *w, const struct hub_keys *keys,
    const struct hub_home *home, const struct id *thing,
    const struct id *stream, const struct index_before *before);
void index_writer_fini(struct index_writer *w);

void index_writer_run(struct index_writer *w, enum track_kind as,
    const struct run_id *run, uint64_t time_us);
void index_writer_run_end(struct index_writer *w, enum track_kind as);
void index_writer_record(struct index_writer *w, const struct run_id *run,
    uint64_t index, uint64_t time_us, bool key);
void index_writer_motion(struct index_writer *w, const struct run_id *run,
    uint8_t motion);
void index_writer_state(struct index_writer *w, uint8_t state, uint64_t now_us);
/* It began a while ago, as is known only now: in this hour, after the others. */
void index_writer_state_since(struct index_writer *w, uint8_t state,
    uint64_t since_us);
/* Each second or so: a new hour, and a row when one is due. */
void index_writer_tick(struct index_writer *w, uint64_t now_us);
/* A row now, if anything was begun: the hub ends. */
void index_writer_flush(struct index_writer *w, uint64_t now_us);
/*
 * The server has that row. Only then do heads name it: who names what never
 * arrived would call an honest server a liar.
 */
void index_writer_taken(struct index_writer *w, const struct head *head);
void index_writer_head(const struct index_writer *w, struct head *ret_head);

#endif
