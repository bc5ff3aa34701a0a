/*
 * trying.h - one look at a camera that somebody may want: a capture process
 * of its own opens it, and its first small picture or its reason ends that.
 *
 *   idle --trying_begin--> asked --trying_answered--> looking
 *   asked, looking --picture, reason, nonsense or TRYING_MS--> idle, done()
 */
#ifndef HUB_TRYING_H
#define HUB_TRYING_H

#include "hub/channel.h"
#include "hub/unit.h"
#include "os/loop.h"

#define TRYING_MS       15000
#define TRYING_JPEG_MAX ((size_t)40 << 10)
#define TRYING_CAMERA   255 /* its number on the channel */
#define TRYING_SOUND_MS 600 /* after the picture: is there sound, too? */

struct trying {
	/* results, until the next begin */
	enum reason why; /* RUNNING: it gives pictures */
	bool h265, sound;
	struct buf jpeg; /* empty: none */
	void *owner;
	/* the rest is trying.c's own */
	void (*done)(struct trying *t);
	struct loop *loop;
	int channel_fd;
	struct loop_fd pipe;
	struct loop_timer limit;
	struct buf in;
	bool taken, pictures;
	unsigned asked;
};

void trying_init(struct trying *t, struct loop *loop, int channel_fd);
void trying_fini(struct trying *t); /* calls no done() */
/*
 * rtsp://HOST[:PORT]/PATH without a user, or v4l2:PATH of a device that is
 * offered (device.h). done() is called once, later.
 * ERR_AGAIN: one is being looked at. ERR_LIMIT, ERR_CLOSED.
 */
MUST_USE enum err
trying_begin(struct trying *t, struct slice address, struct slice user,
    struct slice password, void (*done)(struct trying *t), void *owner);
/* Takes the parent's answer for TRYING_CAMERA. */
void trying_answered(struct trying *t, const struct channel_answer *a, int fd);

#endif
