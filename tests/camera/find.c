/*
 * find.c - eaves-hub's own parent (hub/parent.h) and a hub process that does
 * nothing but find cameras (hub/finding.h), for tests.
 *
 *   onvif-find FOLDER     eaves-capture lies beside this program
 *
 * Standard input: a user, a password, then a question a line: discover, or
 * http://HOST:PORT/. All are asked at once. When one has ended, a line for
 * each camera and profile, fields between `|`, and `end REASON DETAIL MS`.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hub/finding.h"
#include "hub/parent.h"
#include "os/clock.h"
#include "os/sandbox.h"

struct hub {
	struct loop *loop;
	struct loop_fd channel;
	struct findings findings;
	uint64_t began_ms;
	int running;
};

/* The parent closes the channel, and we go. */
static void
all_done(void)
{
	(void)fflush(stdout);
	(void)kill(getppid(), SIGTERM);
}

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
	if (--h->running == 0)
		all_done();
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

static bool
line_read(char *to, size_t room)
{
	const bool there = fgets(to, (int)room, stdin) != NULL;

	to[there ? strcspn(to, "\n") : 0] = '\0';
	return there;
}

static void
question_ask(struct hub *h, const char *what, const struct finding_login *l)
{
	const enum err e = strcmp(what, "discover") == 0
			       ? findings_discover(&h->findings, finding_done,
				     h)
			       : findings_probe(&h->findings, slice_str(what),
				     l, finding_done, h);

	if (e == ERR_OK)
		h->running++;
	else
		(void)printf("not asked: %s\n", err_text(e));
}

static int
hub_run(void)
{
	static struct hub h;
	char user[256], password[256], what[1024];

	sandbox_begin();
	h.loop = loop_create();
	h.began_ms = clock_monotonic_ms();
	if (h.loop == NULL || loop_fd_add(h.loop, &h.channel, HUB_CHANNEL_FD,
				  EPOLLIN, channel_ready) != ERR_OK)
		return 1;
	findings_init(&h.findings, h.loop, HUB_CHANNEL_FD);
	(void)line_read(user, sizeof user);
	(void)line_read(password, sizeof password);
	const struct finding_login l = { slice_str(user), slice_str(password) };
	while (line_read(what, sizeof what))
		question_ask(&h, what, &l);
	if (h.running == 0)
		all_done();
	return loop_run(h.loop) == ERR_OK ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static struct settings s;

	if (argc == 3 && strcmp(argv[2], PARENT_HUB_WORD) == 0)
		return hub_run();
	if (argc != 2)
		return 2;
	s.folder = argv[1];
	return parent_main(&s);
}
