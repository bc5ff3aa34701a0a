/*
 * camera.h - a camera: its tracks, its index, and why it gives no pictures.
 * A pure thing: clocks are arguments.
 */
#ifndef HUB_CAMERA_H
#define HUB_CAMERA_H

#include "hub/track.h"

struct camera {
	void *owner;
	const struct hub_camera_ids *ids;
	enum reason state;
	/* the index says so: the server is away, or does not record */
	bool cut, unrecorded;
	bool spooling; /* what is said then is kept here */
	/* of its main pictures: when the newest came, how far apart they are */
	uint64_t picture_us, apart_us;
	struct track track[TRACK_INDEX]; /* from TRACK_MAIN on */
	struct index_writer index;
};

struct camera_ends {
	/* .to gets a struct track */
	void (*record)(void *to, uint64_t index, uint8_t flags,
	    struct slice record);
	size_t (*backlog)(void *to);
	/* gets the struct camera */
	void (*row)(void *to, const struct index_row *row);
};

/* keys, home and ids outlive it. before: see index_writer_init(). */
void camera_init(struct camera *c, const struct hub_camera_ids *ids,
    const struct hub_keys *keys, const struct hub_home *home,
    const struct index_before *before, const struct camera_ends *ends);
void camera_fini(struct camera *c);

/*
 * One unit of a capture process of its main or sub address. ERR_SYNTAX,
 * ERR_LIMIT: the process talks nonsense and should be ended.
 */
MUST_USE enum err camera_unit(struct camera *c, enum track_kind from,
    const struct unit *u, struct hub_now now);
/* Each second or so. */
void camera_tick(struct camera *c, struct hub_now now);
void camera_state(struct camera *c, enum reason state, struct hub_now now);
/*
 * The server is away, or back; its streams are kept here meanwhile or not:
 * then they are closed (hub_way.c).
 */
void camera_cut(struct camera *c, bool cut, bool spooling, struct hub_now now);
/* The server's disk takes nothing of it, since then, or does again. */
void camera_recorded(struct camera *c, bool on, struct hub_now since);
/* The capture process of that address is gone: its runs end. */
void camera_pause(struct camera *c, enum track_kind of, struct hub_now now);
/* All its runs end: it is not listed any more, or the hub ends. */
void camera_end(struct camera *c, struct hub_now now);

#endif
