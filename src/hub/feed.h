/*
 * feed.h - what comes from one capture process: its pipe, its units, and its
 * restarts. A process that ends, or talks nonsense, is replaced after 1, 2,
 * 4 ... 30 s; one that ran for a minute starts anew at 1 s.
 *
 *   idle --feed_start--> asked --feed_take (a pipe)--> running
 *     asked --feed_refused--> resting; running --end or nonsense--> resting
 *     resting --back-off--> asked
 */
#ifndef HUB_FEED_H
#define HUB_FEED_H

#include "base/buf.h"
#include "hub/unit.h"
#include "os/loop.h"

struct feed {
	struct loop *loop;
	void *owner;
	/* a new capture process is wanted: answered by feed_take or _refused */
	void (*ask)(struct feed *f);
	/* an error ends the process */
	enum err (*unit)(struct feed *f, const struct unit *u);
	/* it ended; why, when it did not say so itself */
	void (*gone)(struct feed *f);
	struct loop_fd pipe;
	struct loop_timer rest;
	struct buf in;
	bool started, asked;
	uint64_t began_ms, rest_ms;
};

/* Callbacks are set before; owner is for them. */
void feed_init(struct feed *f, struct loop *loop);
void feed_fini(struct feed *f);
void feed_start(struct feed *f); /* once; later calls do nothing */
/* Takes the read end of the new process' pipe. */
void feed_take(struct feed *f, int fd);
void feed_refused(struct feed *f);

#endif
