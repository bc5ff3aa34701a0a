#include "hub/finder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/capture/capture.h"
#include "hub/channel.h"
#include "hub/devices.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/spawn.h"
#include "proto/onvif.h"

#define SEARCH_OCTETS_MAX 2048
#define DEVICES_FOLDER    "/dev"

void
finders_init(struct finders *f, int program_fd, uint32_t uid)
{
	*f = (struct finders){ .program_fd = program_fd, .uid = uid };
	for (size_t i = 0; i < FINDERS_MAX; i++)
		f->finder[i].channel_fd = -1;
}

static void
channel_close(struct finder *f)
{
	if (f->channel_fd != -1)
		(void)close(f->channel_fd);
	f->channel_fd = -1;
}

static void
finder_end(struct finder *f)
{
	channel_close(f);
	if (f->pid > 0) {
		(void)kill(f->pid, SIGKILL);
		(void)waitpid(f->pid, NULL, 0);
	}
	f->pid = 0;
}

void
finders_end(struct finders *f)
{
	for (size_t i = 0; i < FINDERS_MAX; i++)
		finder_end(&f->finder[i]);
}

/* --- start --- */

/* Both kinds of search on each network; RUNNING: somebody may have heard. */
static enum reason
search_open(int *ret_fd)
{
	AUTO_FD int fd = -1;
	size_t sent = 0;

	if (sock_search_open(&fd) != ERR_OK)
		return REASON_NO_PROCESS;
	for (int any_type = 0; any_type < 2; any_type++) {
		AUTO_BUF struct buf b;
		uint8_t uuid[16];

		buf_init(&b, SEARCH_OCTETS_MAX);
		if (getrandom(uuid, sizeof uuid, 0) != sizeof uuid ||
		    onvif_probe_write(uuid, any_type == 1, &b) != ERR_OK)
			return REASON_NO_PROCESS;
		sent += sock_search_send(fd, ONVIF_DISCOVERY_HOST,
		    ONVIF_DISCOVERY_PORT, b.at, b.len);
	}
	if (sent == 0)
		return REASON_NO_ROUTE;
	if (sock_search_end(fd) != ERR_OK)
		return REASON_NO_PROCESS;
	*ret_fd = fd;
	fd = -1;
	return REASON_RUNNING;
}

static enum reason
probe_open(struct finder *f, const struct onvif_url *u, int *ret_fd)
{
	int pair[2];

	if (sock_resolve(u->host, f->address) != ERR_OK)
		return REASON_NO_ROUTE;
	if (sock_pair(pair) != ERR_OK)
		return REASON_NO_PROCESS;
	f->port = u->port;
	f->channel_fd = pair[0];
	*ret_fd = pair[1];
	return REASON_RUNNING;
}

/* A pipe that already holds all that the child is to read from it. */
static enum err
settings_pipe(const struct capture_settings *s, int *ret_fd)
{
	AUTO_BUF struct buf octets;
	int fd[2];
	enum err e;

	buf_init_secret(&octets, CAPTURE_SETTINGS_OCTETS_MAX);
	if ((e = capture_settings_put(s, &octets)) != ERR_OK)
		return e;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return err_of_errno(errno);
	/* at most CAPTURE_SETTINGS_OCTETS_MAX: a pipe takes it at once */
	e = fd_write_all(fd[1], buf_slice(&octets));
	(void)close(fd[1]);
	if (e != ERR_OK)
		(void)close(fd[0]);
	else
		*ret_fd = fd[0];
	return e;
}

static enum reason
process_start(struct finders *all, struct finder *f,
    const struct capture_settings *s, const int *fds, size_t fd_count,
    int *ret_fd)
{
	static const char *const argv[] = { "eaves-capture", NULL };
	AUTO_FD int settings_fd = -1;
	int out[2];

	if (settings_pipe(s, &settings_fd) != ERR_OK ||
	    pipe2(out, O_CLOEXEC) == -1)
		return REASON_NO_PROCESS;
	struct spawn spawn = { .argv = argv,
		.fds = { out[1], settings_fd },
		.fd_count = 2 + fd_count };
	memcpy(spawn.fds + 2, fds, fd_count * sizeof *fds);
	const enum err e = spawn_program(&spawn, all->program_fd, &f->pid);
	(void)close(out[1]);
	if (e != ERR_OK) {
		(void)close(out[0]);
		return REASON_NO_PROCESS;
	}
	f->connections = 0;
	f->due_ms = clock_monotonic_ms() + FINDER_MS;
	*ret_fd = out[0];
	return REASON_RUNNING;
}

/* The devices are open in the process alone. */
static enum reason
devices_start(struct finders *all, struct finder *f, struct capture_settings *s,
    int *ret_fd)
{
	AUTO_BUF struct buf list;
	enum reason why = REASON_LIMIT;
	struct devices d;

	buf_init(&list, CAPTURE_TEXT_OCTETS_MAX);
	devices_open(DEVICES_FOLDER, &d);
	if (found_devices_put(d.at, d.count, &list) == ERR_OK) {
		s->url = buf_slice(&list);
		why = process_start(all, f, s, d.fd, d.count, ret_fd);
	}
	devices_close(&d);
	return why;
}

static enum reason
search_start(struct finders *all, struct finder *f, struct capture_settings *s,
    const struct onvif_url *u, int *ret_fd)
{
	AUTO_FD int camera_fd = -1;
	enum reason why;

	if (s->kind == CAPTURE_DEVICES)
		return devices_start(all, f, s, ret_fd);
	why = s->kind == CAPTURE_DISCOVER ? search_open(&camera_fd)
					  : probe_open(f, u, &camera_fd);
	return why == REASON_RUNNING
		   ? process_start(all, f, s, &camera_fd, 1, ret_fd)
		   : why;
}

enum err
finders_start(struct finders *all, unsigned which, struct slice request,
    enum reason *ret_why, int *ret_fd)
{
	struct capture_settings s;
	struct onvif_url u = { .tls = false };
	enum reason why;

	if (which >= FINDERS_MAX ||
	    capture_settings_get(request, &s) != ERR_OK ||
	    (s.kind != CAPTURE_DISCOVER && s.kind != CAPTURE_PROBE &&
		s.kind != CAPTURE_DEVICES))
		return ERR_SYNTAX;
	if (s.kind == CAPTURE_PROBE &&
	    (onvif_url_parse(s.url, &u) != ERR_OK || u.tls || u.rtsp))
		return ERR_SYNTAX;
	struct finder *f = &all->finder[which];
	finder_end(f);
	s.uid = all->uid;
	why = search_start(all, f, &s, &u, ret_fd);
	if (why != REASON_RUNNING)
		channel_close(f);
	*ret_why = why;
	return ERR_OK;
}

/* --- the loop --- */

void
finders_poll(const struct finders *f, struct pollfd to[FINDERS_MAX])
{
	for (size_t i = 0; i < FINDERS_MAX; i++)
		to[i] = (struct pollfd){ .fd = f->finder[i].channel_fd,
			.events = POLLIN };
}

/* A connection to its camera; what else the process says ends its channel. */
static enum err
connect_serve(struct finder *f)
{
	AUTO_BUF struct buf more;
	AUTO_FD int fd = -1;
	struct channel_request r;
	enum err e;

	buf_init(&more, CHANNEL_MORE_OCTETS_MAX);
	if ((e = channel_asked(f->channel_fd, &r, &more)) != ERR_OK)
		return e;
	if (r.ask != CHANNEL_CONNECT)
		return ERR_SYNTAX;
	e = f->connections++ < FINDER_CONNECTIONS_MAX
		? sock_connect(f->address, f->port, &fd)
		: ERR_LIMIT;
	const struct channel_answer a = { .ask = r.ask, .why = (uint8_t)e };
	return channel_answer(f->channel_fd, &a, fd);
}

void
finders_turn(struct finders *all, const struct pollfd polled[FINDERS_MAX])
{
	const uint64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < FINDERS_MAX; i++) {
		struct finder *f = &all->finder[i];

		if (f->channel_fd != -1 && polled[i].fd == f->channel_fd &&
		    polled[i].revents != 0) {
			const enum err e = connect_serve(f);
			if (e != ERR_OK && e != ERR_AGAIN)
				channel_close(f);
		}
		if (f->pid > 0 && now >= f->due_ms)
			finder_end(f);
	}
}

int
finders_wait_ms(const struct finders *all)
{
	const uint64_t now = clock_monotonic_ms();
	int wait = -1;

	for (size_t i = 0; i < FINDERS_MAX; i++) {
		const struct finder *f = &all->finder[i];

		if (f->pid <= 0)
			continue;
		const int ms = f->due_ms > now ? (int)(f->due_ms - now) : 0;
		if (wait == -1 || ms < wait)
			wait = ms;
	}
	return wait;
}

void
finders_reap(struct finders *all)
{
	for (size_t i = 0; i < FINDERS_MAX; i++) {
		struct finder *f = &all->finder[i];

		if (f->pid > 0 && waitpid(f->pid, NULL, WNOHANG) == f->pid) {
			f->pid = 0; /* its pipe tells the hub */
			channel_close(f);
		}
	}
}
