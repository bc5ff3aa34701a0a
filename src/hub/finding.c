#include "hub/finding.h"

#include <errno.h>
#include <unistd.h>

#include "base/utf8.h"
#include "hub/capture/capture.h"
#include "os/file.h"
#include "proto/onvif.h"

#define READ_OCTETS 4096

void
findings_init(struct findings *all, struct loop *loop, int channel_fd)
{
	*all = (struct findings){ .loop = loop,
		.channel_fd = channel_fd,
		.limit_ms = FINDING_MS };
	for (size_t i = 0; i < FINDERS_MAX; i++) {
		struct finding *f = &all->finding[i];

		f->loop = loop;
		f->pipe.fd = -1;
		buf_init(&f->in,
		    UNIT_HEAD_OCTETS + FOUND_UNIT_OCTETS + READ_OCTETS);
	}
}

static void
finding_stop(struct finding *f)
{
	const int fd = f->pipe.fd;

	loop_timer_remove(&f->limit);
	if (fd != -1) {
		loop_fd_remove(&f->pipe);
		f->pipe.fd = -1;
		(void)close(fd);
	}
	buf_clear(&f->in);
	f->taken = false;
}

void
findings_fini(struct findings *all)
{
	for (size_t i = 0; i < FINDERS_MAX; i++) {
		finding_stop(&all->finding[i]);
		buf_fini(&all->finding[i].in);
	}
}

static void
finding_end(struct finding *f, enum reason why)
{
	f->why = why;
	finding_stop(f);
	f->done(f);
}

/* --- units --- */

/* ERR_CLOSED: the last one. */
static enum err
unit_take(struct finding *f, const struct unit *u)
{
	enum err e;

	switch (u->kind) {
	case UNIT_FOUND:
		if (f->camera_count == FOUND_CAMERAS_MAX)
			return ERR_LIMIT;
		e = found_camera_read(u->octets, &f->camera[f->camera_count]);
		f->camera_count += e == ERR_OK;
		return e;
	case UNIT_PROFILE:
		if (f->profile_count == FOUND_PROFILES_MAX)
			return ERR_LIMIT;
		e = found_profile_read(u->octets,
		    &f->profile[f->profile_count]);
		f->profile_count += e == ERR_OK;
		return e;
	case UNIT_DEVICE:
		if (f->device_count == FOUND_DEVICES_MAX)
			return ERR_LIMIT;
		e = found_device_read(u->octets, &f->device[f->device_count]);
		f->device_count += e == ERR_OK;
		return e;
	case UNIT_STATUS:
		e = unit_status(u->octets, &f->why, &f->detail);
		return e == ERR_OK ? ERR_CLOSED : e;
	default:
		return ERR_SYNTAX;
	}
}

static enum err
units_take(struct finding *f)
{
	size_t took, done = 0;
	struct unit u;
	enum err e;

	while ((e = unit_parse(slice_skip(buf_slice(&f->in), done), &u,
		    &took)) == ERR_OK) {
		done += took;
		if ((e = unit_take(f, &u)) != ERR_OK)
			return e;
	}
	buf_consume(&f->in, done);
	return e == ERR_MORE ? ERR_OK : e;
}

static void
pipe_ready(struct loop_fd *w, uint32_t events)
{
	struct finding *f = OBJ_OF(w, struct finding, pipe);
	uint8_t *to;
	enum err e;

	(void)events;
	if (buf_reserve(&f->in, READ_OCTETS, &to) != ERR_OK) {
		finding_end(f, REASON_LIMIT);
		return;
	}
	const ssize_t n = read(f->pipe.fd, to, READ_OCTETS);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* it went without a word */
		finding_end(f, REASON_NO_PROCESS);
		return;
	}
	f->in.len += (size_t)n;
	e = units_take(f);
	if (e == ERR_CLOSED)
		finding_end(f, f->why);
	else if (e != ERR_OK)
		finding_end(f,
		    e == ERR_LIMIT ? REASON_LIMIT : REASON_NO_PROCESS);
}

static void
limit_due(struct loop_timer *t)
{
	finding_end(OBJ_OF(t, struct finding, limit), REASON_SLOW);
}

/* --- asking --- */

static enum err
finding_start(struct findings *all, const struct capture_settings *s,
    void (*done)(struct finding *f), void *owner)
{
	struct channel_request r = { .ask = CHANNEL_FIND };
	AUTO_BUF struct buf octets = { 0 };
	struct finding *f;
	enum err e;

	while (r.camera < FINDERS_MAX && all->finding[r.camera].taken)
		r.camera++;
	if (r.camera == FINDERS_MAX)
		return ERR_AGAIN;
	f = &all->finding[r.camera];
	buf_init_secret(&octets, CHANNEL_MORE_OCTETS_MAX);
	if ((e = capture_settings_put(s, &octets)) != ERR_OK)
		return e;
	if ((e = loop_timer_set(all->loop, &f->limit, all->limit_ms,
		 limit_due)) != ERR_OK)
		return e;
	r.more = buf_slice(&octets);
	if ((e = channel_ask(all->channel_fd, &r)) != ERR_OK) {
		loop_timer_remove(&f->limit);
		return e;
	}
	f->camera_count = f->profile_count = f->device_count = 0;
	f->detail = 0;
	f->why = REASON_NO_PROCESS;
	f->done = done;
	f->owner = owner;
	f->taken = true;
	f->asked++;
	return ERR_OK;
}

enum err
findings_discover(struct findings *all, void (*done)(struct finding *f),
    void *owner)
{
	const struct capture_settings s = { .kind = CAPTURE_DISCOVER };

	return finding_start(all, &s, done, owner);
}

enum err
findings_devices(struct findings *all, void (*done)(struct finding *f),
    void *owner)
{
	const struct capture_settings s = { .kind = CAPTURE_DEVICES };

	return finding_start(all, &s, done, owner);
}

static bool
slice_has(struct slice s, char c)
{
	return s.len != 0 && memchr(s.at, c, s.len) != NULL;
}

enum err
findings_probe(struct findings *all, struct slice url,
    const struct finding_login *login, void (*done)(struct finding *f),
    void *owner)
{
	const struct capture_settings s = { .kind = CAPTURE_PROBE,
		.url = url,
		.user = login->user,
		.password = login->password };
	struct onvif_url u;
	enum err e;

	if ((e = onvif_url_parse(url, &u)) != ERR_OK)
		return e;
	/* the name stands between quotes in a field of the request */
	if (u.tls || u.rtsp || !utf8_is_clean(login->user) ||
	    slice_has(login->user, '"') || slice_has(login->user, '\\'))
		return ERR_SYNTAX;
	return finding_start(all, &s, done, owner);
}

void
findings_answered(struct findings *all, const struct channel_answer *a, int fd)
{
	assert(a->camera < FINDERS_MAX);
	struct finding *f = &all->finding[a->camera];

	assert(f->asked > 0);
	/* an answer that came too late is that of a question before */
	if (--f->asked > 0 || !f->taken) {
		if (fd != -1)
			(void)close(fd);
		return;
	}
	if (fd == -1) {
		finding_end(f, (enum reason)a->why);
		return;
	}
	if (fd_nonblocking(fd) != ERR_OK ||
	    loop_fd_add(f->loop, &f->pipe, fd, EPOLLIN, pipe_ready) != ERR_OK) {
		f->pipe.fd = -1;
		(void)close(fd);
		finding_end(f, REASON_NO_PROCESS);
	}
}
