/*
 * camera.h - one camera's stream: units in, sealed records out. Each run has
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
#ifndef HUB_CAMERA_H
#define HUB_CAMERA_H

#include "hub/h264.h"
#include "hub/home.h"
#include "hub/unit.h"
#include "model/heads.h"
#include "model/run_write.h"

/* Own times further in the past than this are not believed. */
#define CAMERA_LATE_US_MAX 250000
/* Beyond that much unsent the stream waits for a key frame... */
#define CAMERA_BACKLOG_MAX ((size_t)2 << 20)
/* ...at which no more than this is unsent. */
#define CAMERA_BACKLOG_LOW ((size_t)256 << 10)

/* Both clocks, read once per unit. */
struct camera_now {
	uint64_t real_us, boot_us;
};

struct camera {
	size_t index;
	const struct hub_keys *keys;
	const struct hub_home *home;
	struct run_sink sink;
	/* octets that the uplink has not sent yet */
	size_t (*backlog)(void *to);
	bool open;     /* the stream can be written */
	bool skipping; /* until the next key frame */
	enum reason state;
	struct h264_setup setup;
	struct buf picture;
	struct run_writer *run;
	uint32_t run_hour;
	uint64_t run_directory;
	int64_t run_offset_us; /* real - boot */
	struct run_before before;
	uint32_t before_mark; /* number of its newest mark */
	uint64_t last_us;     /* of the newest record */
	uint64_t skipped;     /* pictures not sent, for status */
};

/* keys and home outlive the camera. sink.to goes to backlog too. */
void camera_init(struct camera *c, size_t index, const struct hub_keys *keys,
    const struct hub_home *home, struct run_sink sink,
    size_t (*backlog)(void *to));
void camera_fini(struct camera *c);

/* The stream became writable, or no longer is: nothing is written then. */
void camera_open(struct camera *c);
void camera_close(struct camera *c);
/* The run ends, with its last mark if the stream is open. */
void camera_end(struct camera *c, struct camera_now now);

/*
 * One unit of a capture process. ERR_SYNTAX, ERR_LIMIT: the process talks
 * nonsense and should be ended. Other errors are not its fault.
 */
MUST_USE enum err
camera_unit(struct camera *c, const struct unit *u, struct camera_now now);
/* Each second or so. */
void camera_tick(struct camera *c, struct camera_now now);
/* What heads say about it. */
void camera_head(const struct camera *c, struct head *ret_head);

#endif
