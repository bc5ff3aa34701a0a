/*
 * track.h - one media stream of a camera: units in, sealed records out. Each run has
 * a random key that lives in its writer alone, is sealed to the hour's public
 * key in the run header, and is wiped at the run's end: what was sent cannot
 * be read here any more.
 *
 *              key frame, stream open, hour key known
 *   waiting --------------------------------------------> running
 *      ^                                                     |
 *      +-- stream closed, camera gone, clock moved ----------+
 *      a new hour, epoch, setup, or a full run: at the next key frame
 *
 * Pure: clocks are arguments.
 */
#ifndef HUB_TRACK_H
#define HUB_TRACK_H

#include "hub/bundle.h"
#include "hub/h264.h"
#include "hub/home.h"
#include "hub/index_writer.h"
#include "hub/motion.h"
#include "hub/unit.h"
#include "model/heads.h"
#include "model/run_write.h"

/* Own times further in the past than this are not believed. */
#define TRACK_LATE_US_MAX 250000
/* Beyond that much unsent the stream waits for a key frame... */
#define TRACK_BACKLOG_MAX ((size_t)2 << 20)
/* ...at which no more than this is unsent. */
#define TRACK_BACKLOG_LOW ((size_t)256 << 10)

/* Thumbnails are small; ours are. */
#define TRACK_THUMB_OCTETS_MAX ((size_t)64 << 10)

struct track {
	const struct hub_keys *keys;
	const struct hub_home *home;
	const struct id *thing, *stream;
	enum track_kind as;
	struct index_writer *index; /* of the camera; NULL: none is kept */
	struct run_sink sink;
	/* octets that the uplink has not sent yet */
	size_t (*backlog)(void *to);
	bool open;     /* the stream can be written */
	bool renew;    /* the next key frame begins a run */
	bool skipping; /* until the next key frame */
	/* the sink may close us while it takes a record: then when it is done */
	bool writing, closing;
	struct h264_setup setup;
	struct buf picture;
	bool sound_off;       /* nothing that is heard is written */
	struct bundle bundle; /* sound that waits for its record */
	struct buf sound;     /* that record's octets */
	uint64_t sound_us;    /* of the newest frame of sound */
	struct run_writer *run;
	uint32_t run_hour;
	uint64_t run_directory;
	int64_t run_offset_us; /* real - boot */
	struct run_before before;
	uint32_t before_mark; /* number of its newest mark */
	uint64_t last_us;     /* of the newest record */
	uint64_t skipped;     /* pictures not sent, for status */
	struct motion motion;
};

struct track_place {
	const struct id *thing, *stream;
	enum track_kind as;
};

/*
 * keys, home, the ids and the index outlive the track. sink.to goes to
 * backlog too.
 */
void track_init(struct track *t, const struct track_place *place,
    const struct hub_keys *keys, const struct hub_home *home,
    struct index_writer *index, struct run_sink sink,
    size_t (*backlog)(void *to));
void track_fini(struct track *t);

/* The stream became writable, or no longer is: nothing is written then. */
void track_open(struct track *t);
void track_close(struct track *t);
/* From now on its sound is written, or thrown away; at first it is written. */
void track_hear(struct track *t, bool on);
/* The run ends, with its last mark if the stream is open. */
void track_end(struct track *t, struct hub_now now);

/*
 * One access unit, thumbnail or frame of sound. ERR_SYNTAX, ERR_LIMIT: the
 * process that sent it talks nonsense and should be ended. Other errors are
 * not its fault.
 */
MUST_USE enum err
track_unit(struct track *t, const struct unit *u, struct hub_now now);
/* Each second or so. */
void track_tick(struct track *t, struct hub_now now);
/* What heads say about it; the state is the camera's. */
void track_head(const struct track *t, struct head *ret_head);

#endif
