#include "hub/feed.h"

#include <errno.h>
#include <unistd.h>

#include "os/file.h"

#define READ_OCTETS    65536
#define REST_MS_FIRST  1000
#define REST_MS_MAX    30000
#define RAN_LONG_MS    60000
#define READS_PER_TURN 8

void
feed_init(struct feed *f, struct loop *loop)
{
	f->loop = loop;
	f->pipe = (struct loop_fd){ .fd = -1 };
	f->rest = (struct loop_timer){ 0 };
	f->started = f->asked = false;
	f->rest_ms = REST_MS_FIRST;
	buf_init_secret(&f->in,
	    UNIT_HEAD_OCTETS + UNIT_OCTETS_MAX + READ_OCTETS);
}

static void
pipe_close(struct feed *f)
{
	const int fd = f->pipe.fd;

	if (fd == -1)
		return;
	loop_fd_remove(&f->pipe);
	f->pipe.fd = -1;
	(void)close(fd);
	buf_clear(&f->in);
}

void
feed_fini(struct feed *f)
{
	pipe_close(f);
	loop_timer_remove(&f->rest);
	buf_fini(&f->in);
}

static void
feed_ask(struct feed *f)
{
	f->asked = true;
	f->ask(f);
}

static void
rest_over(struct loop_timer *t)
{
	feed_ask(OBJ_OF(t, struct feed, rest));
}

static void
feed_rest(struct feed *f)
{
	if (f->began_ms != 0 &&
	    loop_now_ms(f->loop) - f->began_ms > RAN_LONG_MS)
		f->rest_ms = REST_MS_FIRST;
	f->began_ms = 0;
	if (loop_timer_set(f->loop, &f->rest, f->rest_ms, rest_over) != ERR_OK)
		feed_ask(f); /* no memory for a timer: without a rest */
	f->rest_ms = f->rest_ms * 2 > REST_MS_MAX ? REST_MS_MAX
						  : f->rest_ms * 2;
}

void
feed_start(struct feed *f)
{
	if (f->started)
		return;
	f->started = true;
	feed_ask(f);
}

static void
feed_end(struct feed *f)
{
	pipe_close(f);
	f->gone(f);
	feed_rest(f);
}

static enum err
units_take(struct feed *f)
{
	size_t took, done = 0;
	struct unit u;
	enum err e;

	while ((e = unit_parse(slice_skip(buf_slice(&f->in), done), &u,
		    &took)) == ERR_OK) {
		done += took;
		if ((e = f->unit(f, &u)) != ERR_OK)
			return e;
	}
	buf_consume(&f->in, done);
	return e == ERR_MORE ? ERR_OK : e;
}

static enum err
pipe_fill(struct feed *f)
{
	uint8_t *to;
	enum err e;

	if ((e = buf_reserve(&f->in, READ_OCTETS, &to)) != ERR_OK)
		return e;
	const ssize_t n = read(f->pipe.fd, to, READ_OCTETS);
	if (n == -1)
		return err_of_errno(errno);
	f->in.len += (size_t)n;
	return n == 0 ? ERR_CLOSED : ERR_OK;
}

static void
pipe_ready(struct loop_fd *w, uint32_t events)
{
	struct feed *f = OBJ_OF(w, struct feed, pipe);
	enum err e = ERR_OK;

	(void)events;
	/* a few at a time: other cameras wait too */
	for (int i = 0; e == ERR_OK && i < READS_PER_TURN; i++)
		if ((e = pipe_fill(f)) == ERR_OK)
			e = units_take(f);
	if (e != ERR_OK && e != ERR_AGAIN)
		feed_end(f);
}

void
feed_take(struct feed *f, int fd)
{
	f->asked = false;
	pipe_close(f);
	f->began_ms = loop_now_ms(f->loop);
	if (fd_nonblocking(fd) != ERR_OK ||
	    loop_fd_add(f->loop, &f->pipe, fd, EPOLLIN, pipe_ready) != ERR_OK) {
		f->pipe.fd = -1;
		(void)close(fd);
		feed_rest(f);
	}
}

void
feed_refused(struct feed *f)
{
	f->asked = false;
	f->gone(f);
	feed_rest(f);
}
