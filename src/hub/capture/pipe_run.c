#include "hub/capture/pipe_run.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/buf.h"
#include "hub/capture/pace.h"
#include "hub/capture/thumb.h"
#include "hub/unit.h"

#define READ_OCTETS 65536

/* A FIFO that nobody has opened for writing yet is waited for. */
static enum err
pipe_fill(int fd, struct buf *b)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t *to;
	ssize_t n;
	enum err e;

	if ((e = buf_reserve(b, READ_OCTETS, &to)) != ERR_OK)
		return e;
	if (poll(&p, 1, -1) == -1)
		return errno == EINTR ? ERR_OK : ERR_IO;
	if ((n = read(fd, to, READ_OCTETS)) == -1)
		return errno == EINTR || errno == EAGAIN ? ERR_OK : ERR_IO;
	if (n == 0)
		return ERR_CLOSED;
	b->len += (size_t)n;
	return ERR_OK;
}

static enum err
units_pass(struct buf *b, int out_fd)
{
	struct unit u;
	size_t took, done = 0;
	enum err e;

	while ((e = unit_parse(slice_skip(buf_slice(b), done), &u, &took)) ==
	       ERR_OK) {
		done += took;
		/* the hub bounds a time that is said to be the capture's */
		if ((u.flags & UNIT_OWN_TIME) == 0)
			u.time_us = pace_now_us();
		if ((u.kind == UNIT_H264 || u.kind == UNIT_H265 ||
			u.kind == UNIT_SOUND) &&
		    (e = picture_write(out_fd, &u)) != ERR_OK)
			return e;
	}
	buf_consume(b, done);
	return e == ERR_MORE ? ERR_OK : e;
}

enum err
pipe_run(int in_fd, int out_fd)
{
	AUTO_BUF struct buf b;
	enum err e;

	buf_init(&b, UNIT_HEAD_OCTETS + UNIT_OCTETS_MAX + READ_OCTETS);
	/* a pipe that nobody writes to is no running camera */
	if ((e = pipe_fill(in_fd, &b)) == ERR_OK)
		e = unit_write_status(out_fd, pace_now_us(), REASON_RUNNING, 0);
	while (e == ERR_OK && (e = units_pass(&b, out_fd)) == ERR_OK)
		e = pipe_fill(in_fd, &b);
	return e;
}
