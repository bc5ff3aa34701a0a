#include "hub/trying.h"

#include <errno.h>
#include <unistd.h>

#include "hub/address.h"
#include "os/file.h"

#define READ_OCTETS 65536

void
trying_init(struct trying *t, struct loop *loop, int channel_fd)
{
	*t = (struct trying){ .loop = loop, .channel_fd = channel_fd };
	t->pipe.fd = -1;
	buf_init_secret(&t->in,
	    UNIT_HEAD_OCTETS + UNIT_OCTETS_MAX + READ_OCTETS);
	buf_init_secret(&t->jpeg, TRYING_JPEG_MAX);
}

static void
stop(struct trying *t)
{
	const int fd = t->pipe.fd;

	loop_timer_remove(&t->limit);
	if (fd != -1) {
		loop_fd_remove(&t->pipe);
		t->pipe.fd = -1;
		(void)close(fd);
	}
	buf_clear(&t->in);
	t->taken = false;
}

void
trying_fini(struct trying *t)
{
	stop(t);
	buf_fini(&t->in);
	buf_fini(&t->jpeg);
}

static void
end(struct trying *t, enum reason why)
{
	t->why = why;
	stop(t);
	t->done(t);
}

static void
limit_due(struct loop_timer *timer)
{
	struct trying *t = OBJ_OF(timer, struct trying, limit);

	end(t, t->pictures ? REASON_RUNNING : REASON_SLOW);
}

/* ERR_CLOSED: all is known. */
static enum err
unit_look(struct trying *t, const struct unit *u)
{
	uint32_t detail;
	enum err e;

	switch (u->kind) {
	case UNIT_H264:
	case UNIT_H265:
		t->h265 = u->kind == UNIT_H265;
		t->pictures = true;
		return ERR_OK;
	case UNIT_SOUND:
		t->sound = true;
		return t->jpeg.len > 0 ? ERR_CLOSED : ERR_OK;
	case UNIT_THUMB:
		if (t->jpeg.len > 0)
			return ERR_OK;
		if ((e = buf_append(&t->jpeg, u->octets)) != ERR_OK)
			return e;
		return t->sound ? ERR_CLOSED
				: loop_timer_set(t->loop, &t->limit,
				      TRYING_SOUND_MS, limit_due);
	case UNIT_STATUS:
		if ((e = unit_status(u->octets, &t->why, &detail)) != ERR_OK)
			return e;
		return t->why == REASON_RUNNING ? ERR_OK : ERR_CLOSED;
	default:
		return ERR_OK;
	}
}

static enum err
units_look(struct trying *t)
{
	size_t took, done = 0;
	struct unit u;
	enum err e;

	t->why = REASON_RUNNING;
	while ((e = unit_parse(slice_skip(buf_slice(&t->in), done), &u,
		    &took)) == ERR_OK) {
		done += took;
		if ((e = unit_look(t, &u)) != ERR_OK)
			return e;
	}
	buf_consume(&t->in, done);
	return e == ERR_MORE ? ERR_OK : e;
}

static void
pipe_ready(struct loop_fd *w, uint32_t events)
{
	struct trying *t = OBJ_OF(w, struct trying, pipe);
	uint8_t *to;
	enum err e;

	(void)events;
	if (buf_reserve(&t->in, READ_OCTETS, &to) != ERR_OK) {
		end(t, REASON_LIMIT);
		return;
	}
	const ssize_t n = read(t->pipe.fd, to, READ_OCTETS);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* it went without a word */
		end(t, REASON_NO_PROCESS);
		return;
	}
	t->in.len += (size_t)n;
	e = units_look(t);
	if (e == ERR_CLOSED)
		end(t, t->why);
	else if (e != ERR_OK)
		end(t, e == ERR_LIMIT ? REASON_LIMIT : REASON_NO_PROCESS);
}

enum err
trying_begin(struct trying *t, struct slice address, struct slice user,
    struct slice password, void (*done)(struct trying *t), void *owner)
{
	const struct capture_settings s = { .kind = address_kind(address),
		.url = address,
		.user = user,
		.password = password };
	struct channel_request r = { .ask = CHANNEL_CAMERA,
		.camera = TRYING_CAMERA };
	AUTO_BUF struct buf octets = { 0 };
	enum err e;

	if (t->taken)
		return ERR_AGAIN;
	buf_init_secret(&octets, CHANNEL_MORE_OCTETS_MAX);
	if ((e = capture_settings_put(&s, &octets)) != ERR_OK)
		return e;
	r.more = buf_slice(&octets);
	if ((e = loop_timer_set(t->loop, &t->limit, TRYING_MS, limit_due)) !=
	    ERR_OK)
		return e;
	if ((e = channel_ask(t->channel_fd, &r)) != ERR_OK) {
		loop_timer_remove(&t->limit);
		return e;
	}
	buf_clear(&t->jpeg);
	t->h265 = t->sound = t->pictures = false;
	t->done = done;
	t->owner = owner;
	t->taken = true;
	t->asked++;
	return ERR_OK;
}

void
trying_answered(struct trying *t, const struct channel_answer *a, int fd)
{
	assert(t->asked > 0);
	/* an answer that came too late is that of a question before */
	if (--t->asked > 0 || !t->taken) {
		if (fd != -1)
			(void)close(fd);
		return;
	}
	if (fd == -1) {
		end(t, (enum reason)a->why);
		return;
	}
	if (fd_nonblocking(fd) != ERR_OK ||
	    loop_fd_add(t->loop, &t->pipe, fd, EPOLLIN, pipe_ready) != ERR_OK) {
		t->pipe.fd = -1;
		(void)close(fd);
		end(t, REASON_NO_PROCESS);
	}
}
