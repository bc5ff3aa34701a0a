/*
 * finder_test CAPTURE - the parent's side, with the real capture process,
 * and with one that was taken over by what it read: the test is that one.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/capture/capture.h"
#include "hub/channel.h"
#include "hub/finder.h"
#include "os/clock.h"
#include "unit/t.h"

static const char *capture;

struct scene {
	struct finders finders;
	int program_fd, listen_fd, pipe_fd;
	uint16_t port;
};

static void
scene_open(struct scene *s)
{
	*s = (struct scene){ .pipe_fd = -1 };
	s->program_fd = open(capture, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(s->program_fd, -1);
	T_OK(sock_listen("127.0.0.1", 0, &s->listen_fd, &s->port));
	finders_init(&s->finders, s->program_fd, 0);
}

static void
scene_close(struct scene *s)
{
	finders_end(&s->finders);
	close(s->program_fd);
	close(s->listen_fd);
	if (s->pipe_fd != -1)
		close(s->pipe_fd);
}

static enum err
start(struct scene *s, unsigned which, enum capture_kind kind, const char *url,
    enum reason *ret_why)
{
	const struct capture_settings c = { .kind = kind,
		.url = slice_str(url) };
	AUTO_BUF struct buf b;

	buf_init(&b, CAPTURE_SETTINGS_OCTETS_MAX);
	T_OK(capture_settings_put(&c, &b));
	return finders_start(&s->finders, which, buf_slice(&b), ret_why,
	    &s->pipe_fd);
}

static void
probe_start(struct scene *s)
{
	char url[64];
	enum reason why;

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/",
	    (unsigned)s->port);
	T_OK(start(s, 0, CAPTURE_PROBE, url, &why));
	assert_int_equal(why, REASON_RUNNING);
	assert_true(s->finders.finder[0].pid > 0);
}

static void
a_request_that_is_none_is_refused(void **state)
{
	enum reason why;
	struct scene s;

	(void)state;
	scene_open(&s);
	T_ERR(ERR_SYNTAX, start(&s, FINDERS_MAX, CAPTURE_DISCOVER, "", &why));
	T_ERR(ERR_SYNTAX, start(&s, 0, CAPTURE_RTSP, "rtsp://a/", &why));
	T_ERR(ERR_SYNTAX, start(&s, 0, CAPTURE_PROBE, "https://a/", &why));
	T_ERR(ERR_SYNTAX, start(&s, 0, CAPTURE_PROBE, "", &why));
	T_ERR(ERR_SYNTAX, finders_start(&s.finders, 0, SLICE_LIT("nonsense"),
			      &why, &s.pipe_fd));
	assert_int_equal(finders_wait_ms(&s.finders), -1);
	scene_close(&s);
}

/* By the real process; what is in the ports of this machine is its own. */
static void
who_looks_into_the_ports_ends_by_itself(void **state)
{
	uint8_t got[16384];
	size_t len = 0, took;
	enum reason why;
	uint32_t detail;
	struct scene s;
	struct unit u;
	ssize_t n;

	(void)state;
	scene_open(&s);
	T_OK(start(&s, 0, CAPTURE_DEVICES, "", &why));
	assert_int_equal(why, REASON_RUNNING);
	while ((n = read(s.pipe_fd, got + len, sizeof got - len)) > 0)
		len += (size_t)n;
	struct slice rest = slice_make(got, len);
	do {
		T_OK(unit_parse(rest, &u, &took));
		assert_true(u.kind == UNIT_DEVICE || u.kind == UNIT_STATUS);
		rest = slice_skip(rest, took);
	} while (u.kind == UNIT_DEVICE);
	T_OK(unit_status(u.octets, &why, &detail));
	assert_int_equal(why, REASON_RUNNING);
	assert_int_equal(rest.len, 0);
	scene_close(&s);
}

static void
a_process_that_hangs_is_ended(void **state)
{
	struct pollfd fds[FINDERS_MAX];
	struct scene s;
	char octet;

	(void)state;
	scene_open(&s);
	probe_start(&s);
	assert_int_equal(kill(s.finders.finder[0].pid, SIGSTOP), 0);
	assert_true(finders_wait_ms(&s.finders) > 0);
	s.finders.finder[0].due_ms = clock_monotonic_ms();
	assert_int_equal(finders_wait_ms(&s.finders), 0);
	finders_poll(&s.finders, fds);
	finders_turn(&s.finders, fds);
	assert_int_equal(s.finders.finder[0].pid, 0);
	assert_int_equal(finders_wait_ms(&s.finders), -1);
	assert_int_equal(read(s.pipe_fd, &octet, 1), 0);
	scene_close(&s);
}

/* In the place of the process: what it asks, and what comes of it. */
static enum err
process_asks(struct scene *s, int fd, uint8_t what, enum err *ret_why)
{
	const struct channel_request r = { .ask = what };
	struct pollfd fds[FINDERS_MAX];
	struct channel_answer a;
	int camera_fd;
	enum err e;

	T_OK(channel_ask(fd, &r));
	finders_poll(&s->finders, fds);
	fds[0].revents = POLLIN;
	finders_turn(&s->finders, fds);
	if ((e = channel_answered(fd, &a, &camera_fd)) != ERR_OK)
		return e;
	*ret_why = (enum err)a.why;
	assert_int_equal(camera_fd == -1, a.why != ERR_OK);
	if (camera_fd != -1)
		close(camera_fd);
	return ERR_OK;
}

static void
a_process_gets_so_many_connections_and_nothing_else(void **state)
{
	struct scene s;
	enum err why;
	int pair[2];

	(void)state;
	scene_open(&s);
	probe_start(&s);
	T_OK(sock_pair(pair));
	close(s.finders.finder[0].channel_fd);
	s.finders.finder[0].channel_fd = pair[0];
	s.finders.finder[0].connections = 0;
	for (int i = 0; i <= FINDER_CONNECTIONS_MAX; i++) {
		int fd;

		T_OK(process_asks(&s, pair[1], CHANNEL_CONNECT, &why));
		T_ERR(i < FINDER_CONNECTIONS_MAX ? ERR_OK : ERR_LIMIT, why);
		if (why == ERR_OK) { /* it is to that camera */
			struct pollfd p = { .fd = s.listen_fd,
				.events = POLLIN };
			assert_int_equal(poll(&p, 1, 30000), 1);
			T_OK(sock_accept(s.listen_fd, &fd));
			close(fd);
		}
	}
	T_ERR(ERR_CLOSED, process_asks(&s, pair[1], CHANNEL_SERVER, &why));
	assert_int_equal(s.finders.finder[0].channel_fd, -1);
	close(pair[1]);
	scene_close(&s);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_that_is_none_is_refused),
		cmocka_unit_test(who_looks_into_the_ports_ends_by_itself),
		cmocka_unit_test(a_process_that_hangs_is_ended),
		cmocka_unit_test(
		    a_process_gets_so_many_connections_and_nothing_else),
	};

	if (argc != 2)
		return 2;
	capture = argv[1];
	return T_RUN(tests);
}
