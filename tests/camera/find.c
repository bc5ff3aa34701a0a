/*
 * find.c - what eaves-hub does to find cameras, alone, for tests: a parent
 * (hub/finder.h) and a hub process (hub/finding.h) with the channel between.
 *
 *   onvif-find CAPTURE WHAT...   each: discover, or http://HOST:PORT/; user
 *                                and password: two lines on standard input
 *
 * All at once. When one has ended it prints a line for each camera and
 * profile, fields between `|`, and `end REASON DETAIL MS`.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hub/finding.h"
#include "os/clock.h"
#include "os/sandbox.h"

struct hub {
	struct loop *loop;
	struct loop_fd channel;
	struct findings findings;
	uint64_t began_ms;
	int running;
};

static void
finding_done(struct finding *f)
{
	static const char *const codecs[] = { "other", "h264", "h265", "jpeg" };
	struct hub *h = f->owner;

	for (size_t i = 0; i < f->camera_count; i++)
		(void)printf("camera|%s|%u|%s|%s|%s|%s\n", f->camera[i].address,
		    f->camera[i].port, f->camera[i].path, f->camera[i].name,
		    f->camera[i].hardware, f->camera[i].endpoint);
	for (size_t i = 0; i < f->profile_count; i++)
		(void)printf("profile|%s|%u|%s|%s|%ux%u|%u|%u|%d\n",
		    f->profile[i].name, f->profile[i].port, f->profile[i].path,
		    codecs[f->profile[i].codec], f->profile[i].width,
		    f->profile[i].height, f->profile[i].fps,
		    f->profile[i].kbit_s, f->profile[i].audio);
	(void)printf("end %d %u %llu\n", (int)f->why, f->detail,
	    (unsigned long long)(clock_monotonic_ms() - h->began_ms));
	(void)fflush(stdout);
	if (--h->running == 0)
		loop_stop(h->loop);
}

static void
channel_ready(struct loop_fd *w, uint32_t events)
{
	struct hub *h = OBJ_OF(w, struct hub, channel);
	struct channel_answer a;
	int fd;

	(void)events;
	const enum err e = channel_answered(w->fd, &a, &fd);
	if (e == ERR_OK)
		findings_answered(&h->findings, &a, fd);
	else if (e != ERR_AGAIN)
		loop_stop(h->loop);
}

static void
line_read(char *to, size_t room)
{
	if (fgets(to, (int)room, stdin) == NULL)
		to[0] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

static int
hub_run(int channel_fd, char **whats)
{
	static struct hub h;
	char user[256], password[256];

	line_read(user, sizeof user);
	line_read(password, sizeof password);
	const struct finding_login l = { slice_str(user), slice_str(password) };
	h.loop = loop_create();
	h.began_ms = clock_monotonic_ms();
	if (h.loop == NULL || loop_fd_add(h.loop, &h.channel, channel_fd,
				  EPOLLIN, channel_ready) != ERR_OK)
		return 99;
	findings_init(&h.findings, h.loop, channel_fd);
	for (; *whats != NULL; whats++) {
		const enum err e = strcmp(*whats, "discover") == 0
				       ? findings_discover(&h.findings,
					     finding_done, &h)
				       : findings_probe(&h.findings,
					     slice_str(*whats), &l,
					     finding_done, &h);
		if (e == ERR_OK)
			h.running++;
		else
			(void)printf("not asked: %s\n", err_text(e));
	}
	(void)fflush(stdout);
	return h.running == 0 || loop_run(h.loop) == ERR_OK ? 0 : 1;
}

static int
parent_run(int channel_fd, int program_fd)
{
	static struct finders finders;
	struct pollfd fds[1 + FINDERS_MAX];
	enum err e = ERR_OK;

	finders_init(&finders, program_fd, 0);
	while (e == ERR_OK || e == ERR_AGAIN) {
		struct channel_request r;
		AUTO_BUF struct buf more;
		enum reason why = REASON_RUNNING;
		int fd = -1;

		fds[0] = (struct pollfd){ .fd = channel_fd, .events = POLLIN };
		finders_poll(&finders, fds + 1);
		(void)poll(fds, 1 + FINDERS_MAX, finders_wait_ms(&finders));
		finders_turn(&finders, fds + 1);
		finders_reap(&finders);
		buf_init_secret(&more, CHANNEL_MORE_OCTETS_MAX);
		if (fds[0].revents == 0 ||
		    (e = channel_asked(channel_fd, &r, &more)) != ERR_OK)
			continue;
		if ((e = finders_start(&finders, r.camera, r.more, &why,
			 &fd)) != ERR_OK)
			continue;
		const struct channel_answer a = { r.ask, r.camera,
			(uint8_t)why };
		e = channel_answer(channel_fd, &a, fd);
		if (fd != -1)
			(void)close(fd);
	}
	finders_end(&finders);
	return e == ERR_CLOSED ? 0 : 1;
}

int
main(int argc, char **argv)
{
	int pair[2], status;

	if (argc < 3)
		return 99;
	sandbox_begin();
	const int program_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (program_fd == -1 || sock_pair(pair) != ERR_OK)
		return 99;
	const pid_t hub = fork();
	if (hub == 0) {
		(void)close(pair[0]);
		_exit(hub_run(pair[1], argv + 2));
	}
	(void)close(pair[1]);
	const int r = parent_run(pair[0], program_fd);
	if (waitpid(hub, &status, 0) != hub || !WIFEXITED(status))
		return 98;
	return r != 0 ? 97 : WEXITSTATUS(status);
}
