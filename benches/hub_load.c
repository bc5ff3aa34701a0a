/*
 * hub_load.c - what a camera costs eaves-hub, sealing and sending included,
 * beside `ffmpeg -c copy` of the same camera into a file. Both read the same
 * RTSP server at the same time; each camera is a connection of its own.
 *
 *   hub-load BUILD FOLDER CLIP CAMERAS SECONDS ROUNDS
 *
 * Prints `hub-cpu-ms ffmpeg-cpu-ms hub-pss-kb ffmpeg-pss-kb` a round: CPU of a
 * camera and second, memory of a camera.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/obj.h"
#include "benches/house.h"
#include "unit/t.h"

#define CAMERAS_MAX HUB_CAMERAS_MAX
#define WARM_S      5
#define WAIT_S      30

struct group {
	pid_t pids[2 + 2 * CAMERAS_MAX];
	size_t count;
};

static struct group copies;
static pid_t camera;

/* Nothing stays behind when a bench ends early. */
static void
children_end(void)
{
	for (size_t i = 0; i < copies.count; i++) {
		(void)kill(copies.pids[i], SIGKILL);
		(void)waitpid(copies.pids[i], NULL, 0);
	}
	if (camera > 0) {
		(void)kill(camera, SIGKILL);
		(void)waitpid(camera, NULL, 0);
	}
	copies.count = 0;
	camera = 0;
}

static unsigned
camera_start(const char *build, const char *clip)
{
	char program[256], line[64];
	const char *const argv[] = { program, clip, "none", NULL };
	struct child c = { 0 };
	unsigned port;
	int in[2];

	/* it ends when its standard input does */
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	const int kept = dup(STDIN_FILENO);
	assert_int_equal(dup2(in[0], STDIN_FILENO), STDIN_FILENO);
	(void)snprintf(program, sizeof program, "%s/tests/camera/test-camera",
	    build);
	child_start(&c, argv);
	(void)dup2(kept, STDIN_FILENO);
	(void)close(kept);
	camera = c.pid;
	line_wait(&c, "port ", line, sizeof line);
	assert_int_equal(sscanf(line, "port %u", &port), 1);
	return port;
}

static void
copy_start(const char *url, const char *folder, size_t i)
{
	char file[256];

	(void)snprintf(file, sizeof file, "%s/copy-%zu.mp4", folder, i);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execlp("ffmpeg", "ffmpeg", "-v", "error", "-nostdin",
		    "-rtsp_transport", "tcp", "-i", url, "-c", "copy",
		    "-movflags", "frag_keyframe", file, (char *)NULL);
		_exit(127);
	}
	copies.pids[copies.count++] = pid;
}

/* The parent, and what it started. */
static struct group
hub_group(const struct house *h)
{
	struct group g = { .pids = { h->hub.pid }, .count = 1 };

	g.count += processes_under(h->hub.pid, g.pids + 1, COUNT(g.pids) - 1);
	return g;
}

static double
group_cpu_s(const struct group *g)
{
	double s = 0;

	for (size_t i = 0; i < g->count; i++)
		s += process_cpu_s(g->pids[i]);
	return s;
}

static double
group_pss_kb(const struct group *g)
{
	double kb = 0;

	for (size_t i = 0; i < g->count; i++)
		kb += (double)process_pss_kb(g->pids[i]);
	return kb;
}

static void
rounds(const struct house *h, size_t cameras, unsigned seconds, int count)
{
	const struct group hub = hub_group(h);
	const double n = (double)cameras;

	assert_int_equal(hub.count, 2 + cameras);
	for (int i = 0; i < count; i++) {
		const double ours = group_cpu_s(&hub);
		const double theirs = group_cpu_s(&copies), begin = clock_s();

		(void)sleep(seconds);
		const double took = (clock_s() - begin) * n / 1000;
		(void)printf("%.3f %.3f %.0f %.0f\n",
		    (group_cpu_s(&hub) - ours) / took,
		    (group_cpu_s(&copies) - theirs) / took,
		    group_pss_kb(&hub) / n, group_pss_kb(&copies) / n);
		(void)fflush(stdout);
	}
	/* what was started still runs */
	const struct group now = hub_group(h);
	assert_int_equal(now.count, hub.count);
	assert_memory_equal(now.pids, hub.pids, hub.count * sizeof(pid_t));
	for (size_t i = 0; i < copies.count; i++)
		assert_int_equal(waitpid(copies.pids[i], NULL, WNOHANG), 0);
}

int
main(int argc, char **argv)
{
	const char *urls[CAMERAS_MAX];
	static struct house h;
	char url[64];

	if (argc != 7)
		return 2;
	const size_t cameras = (size_t)atoi(argv[4]);
	assert_in_range(cameras, 1, CAMERAS_MAX);
	assert_int_equal(atexit(children_end), 0);
	(void)snprintf(url, sizeof url, "rtsp://127.0.0.1:%u/live",
	    camera_start(argv[1], argv[3]));
	for (size_t i = 0; i < cameras; i++)
		urls[i] = url;
	house_open(&h, argv[1], argv[2]);
	house_hub(&h, urls, cameras);
	for (size_t i = 0; i < cameras; i++)
		copy_start(url, h.folder, i);
	const double until = clock_s() + WAIT_S;
	while (house_segments(&h) < cameras && clock_s() < until)
		(void)usleep(100000);
	assert_int_equal(house_segments(&h), cameras);
	(void)sleep(WARM_S);
	rounds(&h, cameras, (unsigned)atoi(argv[5]), atoi(argv[6]));
	children_end();
	house_close(&h);
	return 0;
}
