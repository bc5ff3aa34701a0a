/*
 * loop.h - one epoll loop per process.
 *
 * One turn: wait until a descriptor is ready or the next timer is due; call
 * the watchers that are ready; call the timers that are due, earliest first.
 * A callback may add and remove anything, itself included; what it removed is
 * not called again, also not later in the same turn.
 *
 * Watchers and timers are memory of the caller. They must be removed before
 * that memory goes.
 */
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include <sys/epoll.h>

#include "base/err.h"
#include "base/obj.h"

struct loop;
struct loop_fd {
	int fd;          /* -1: not watched */
	uint32_t events; /* EPOLLIN, EPOLLOUT */
	void (*ready)(struct loop_fd *self, uint32_t events);
	struct loop *loop;
};
struct loop_timer {
	uint64_t due_ms;
	size_t place; /* 1 + index in the heap; 0: not set */
	void (*due)(struct loop_timer *self);
	struct loop *loop;
};

struct loop *loop_create(void); /* NULL: no memory, no epoll */
void loop_destroy(struct loop *l);
/* Runs until loop_stop() or a failure of epoll. */
MUST_USE enum err loop_run(struct loop *l);
/* One turn; waits at most wait_ms (-1: as long as it takes). */
MUST_USE enum err loop_turn(struct loop *l, int wait_ms);
void loop_stop(struct loop *l);
/* Milliseconds of the monotonic clock, read once per turn. */
uint64_t loop_now_ms(const struct loop *l);

/* Level-triggered. The descriptor stays the caller's. */
MUST_USE enum err loop_fd_add(struct loop *l, struct loop_fd *w, int fd,
    uint32_t events, void (*ready)(struct loop_fd *, uint32_t));
/* Costs a system call only when events change. */
void loop_fd_want(struct loop_fd *w, uint32_t events);
/* May be called twice, and on a zeroed watcher. */
void loop_fd_remove(struct loop_fd *w);

/* Sets or moves a timer. ERR_NOMEM leaves it unset. */
MUST_USE enum err loop_timer_set(struct loop *l, struct loop_timer *t,
    uint64_t in_ms, void (*due)(struct loop_timer *));
void loop_timer_remove(struct loop_timer *t);

#endif
