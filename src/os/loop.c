#include "os/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/clock.h"

#define TURN_EVENTS_MAX 512
#define LOOP_MAGIC      0x6c6f6f70u

struct loop {
	uint32_t magic;
	int epoll_fd;
	bool stopped;
	uint64_t now_ms;
	struct epoll_event ready[TURN_EVENTS_MAX];
	int ready_count;
	struct loop_timer **heap; /* earliest at 0 */
	size_t timer_count, heap_room;
};

struct loop *
loop_create(void)
{
	struct loop *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->magic = LOOP_MAGIC;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd == -1) {
		free(l);
		return NULL;
	}
	l->now_ms = clock_monotonic_ms();
	return l;
}

void
loop_destroy(struct loop *l)
{
	if (l == NULL)
		return;
	OBJ_CHECK(l, LOOP_MAGIC);
	(void)close(l->epoll_fd);
	free(l->heap);
	l->magic = 0;
	free(l);
}

enum err
loop_fd_add(struct loop *l, struct loop_fd *w, int fd, uint32_t events,
    void (*ready)(struct loop_fd *, uint32_t))
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	OBJ_CHECK(l, LOOP_MAGIC);
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == -1)
		return err_of_errno(errno);
	*w = (struct loop_fd){ .fd = fd,
		.events = events,
		.ready = ready,
		.loop = l };
	return ERR_OK;
}

void
loop_fd_want(struct loop_fd *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w->loop == NULL || w->events == events)
		return;
	w->events = events;
	/* cannot fail for a descriptor that is in the set */
	(void)epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev);
}

void
loop_fd_remove(struct loop_fd *w)
{
	struct loop *l = w->loop;

	if (l == NULL)
		return;
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = 0; i < l->ready_count; i++)
		if (l->ready[i].data.ptr == w)
			l->ready[i].data.ptr = NULL;
	*w = (struct loop_fd){ .fd = -1 };
}

static void
heap_put(struct loop *l, size_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->place = i + 1;
}

/* Moves the timer at i to where its time belongs. */
static void
heap_settle(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];

	while (i > 0 && l->heap[(i - 1) / 2]->due_ms > t->due_ms) {
		heap_put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= l->timer_count)
			break;
		if (child + 1 < l->timer_count &&
		    l->heap[child + 1]->due_ms < l->heap[child]->due_ms)
			child++;
		if (l->heap[child]->due_ms >= t->due_ms)
			break;
		heap_put(l, i, l->heap[child]);
		i = child;
	}
	heap_put(l, i, t);
}

static enum err
heap_make_room(struct loop *l)
{
	if (l->timer_count < l->heap_room)
		return ERR_OK;
	const size_t room = l->heap_room == 0 ? 64 : 2 * l->heap_room;
	struct loop_timer **heap = realloc(l->heap, room * sizeof(*heap));
	if (heap == NULL)
		return ERR_NOMEM;
	l->heap = heap;
	l->heap_room = room;
	return ERR_OK;
}

enum err
loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t in_ms,
    void (*due)(struct loop_timer *))
{
	enum err e;

	OBJ_CHECK(l, LOOP_MAGIC);
	t->due = due;
	t->due_ms = l->now_ms + in_ms;
	if (t->place != 0) {
		heap_settle(l, t->place - 1);
		return ERR_OK;
	}
	if ((e = heap_make_room(l)) != ERR_OK)
		return e;
	t->loop = l;
	heap_put(l, l->timer_count++, t);
	heap_settle(l, t->place - 1);
	return ERR_OK;
}

void
loop_timer_remove(struct loop_timer *t)
{
	struct loop *l = t->loop;

	if (l == NULL || t->place == 0)
		return;
	const size_t i = t->place - 1;
	t->place = 0;
	struct loop_timer *last = l->heap[--l->timer_count];
	if (last != t) {
		heap_put(l, i, last);
		heap_settle(l, i);
	}
}

static int
wait_for(const struct loop *l, int wait_ms)
{
	if (l->timer_count == 0)
		return wait_ms;
	const uint64_t due = l->heap[0]->due_ms;
	const uint64_t left = due > l->now_ms ? due - l->now_ms : 0;
	if (wait_ms >= 0 && left > (uint64_t)wait_ms)
		return wait_ms;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static void
timers_call(struct loop *l)
{
	while (l->timer_count != 0 && l->heap[0]->due_ms <= l->now_ms) {
		struct loop_timer *t = l->heap[0];

		loop_timer_remove(t);
		t->due(t);
	}
}

enum err
loop_turn(struct loop *l, int wait_ms)
{
	OBJ_CHECK(l, LOOP_MAGIC);
	l->now_ms = clock_monotonic_ms();
	const int n = epoll_wait(l->epoll_fd, l->ready, TURN_EVENTS_MAX,
	    wait_for(l, wait_ms));
	if (n == -1 && errno != EINTR)
		return err_of_errno(errno);
	l->now_ms = clock_monotonic_ms();
	l->ready_count = n > 0 ? n : 0;
	for (int i = 0; i < l->ready_count; i++) {
		struct loop_fd *w = l->ready[i].data.ptr;

		if (w != NULL)
			w->ready(w, l->ready[i].events);
	}
	l->ready_count = 0;
	timers_call(l);
	return ERR_OK;
}

enum err
loop_run(struct loop *l)
{
	enum err e = ERR_OK;

	for (l->stopped = false; !l->stopped && e == ERR_OK;)
		e = loop_turn(l, -1);
	return e;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}

uint64_t
loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}
