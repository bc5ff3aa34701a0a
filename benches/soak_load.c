/*
 * soak_load.c - a household for a while: eavesd, the real hub with pipe
 * cameras, and viewers who come and go. What each process holds is said again
 * and again; at the end nothing may have been restarted, every descriptor is
 * back, and each record that the hub sealed is recorded.
 *
 *   soak-load BUILD FOLDER CLIP CAMERAS SECONDS EACH
 *
 * Prints a JSON line of each process every EACH seconds, then its verdict.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/obj.h"
#include "benches/house.h"
#include "model/body.h"
#include "stream/segment.h"
#include "unit/t.h"

#define VIEWERS_MAX  24
#define WATCHED      4   /* streams of a viewer */
#define LIFE_S_MAX   30u /* of a viewer: no pong is due before */
#define WAIT_S       30
#define GROUPS       16
#define ROLES        7
#define SAMPLES_MAX  4096
#define GROWTH_KB    16384.0 /* that a minute may show, whatever was asked */
#define FLAT_PERCENT 5.0

static const char *const role_names[ROLES] = { "eavesd", "keeper", "core",
	"edge", "hub-parent", "hub", "captures" };

struct sample {
	double pss_kb, cpu_s;
	unsigned fds;
};

static struct soak {
	struct house house;
	size_t cameras;
	pid_t feeds[HUB_CAMERAS_MAX];
	int fifos[HUB_CAMERAS_MAX];
	pid_t pids[ROLES][HUB_CAMERAS_MAX];
	size_t pid_counts[ROLES];
	struct sample samples[SAMPLES_MAX][ROLES];
	size_t sample_count;
	struct {
		struct app app;
		double until;
		bool open;
	} viewers[VIEWERS_MAX];
	uint64_t octets_seen;
	uint32_t drawn;
} soak;

static uint32_t
draw(uint32_t below)
{
	soak.drawn = soak.drawn * 1664525u + 1013904223u;
	return (soak.drawn >> 8) % below;
}

/* --- cameras --- */

/* Nothing stays behind when it ends early. */
static void
feeds_end(void)
{
	for (size_t i = 0; i < soak.cameras; i++)
		if (soak.feeds[i] > 0) {
			(void)kill(soak.feeds[i], SIGKILL);
			(void)waitpid(soak.feeds[i], NULL, 0);
			(void)close(soak.fifos[i]);
			soak.feeds[i] = 0;
		}
}

static void
feed_start(const char *clip, const char *fifo, size_t i)
{
	char program[256];

	(void)snprintf(program, sizeof program, "%s/benches/feed",
	    soak.house.build);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	soak.fifos[i] = open(fifo, O_RDWR | O_CLOEXEC);
	assert_true(soak.fifos[i] != -1);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(soak.fifos[i], STDOUT_FILENO);
		(void)execl(program, program, clip, "15", (char *)NULL);
		_exit(127);
	}
	soak.feeds[i] = pid;
}

static void
cameras_start(const char *clip)
{
	static char fifos[HUB_CAMERAS_MAX][256];
	static char words[HUB_CAMERAS_MAX][264];
	const char *cameras[HUB_CAMERAS_MAX];

	for (size_t i = 0; i < soak.cameras; i++) {
		(void)snprintf(fifos[i], sizeof fifos[i], "%s/camera-%zu",
		    soak.house.folder, i);
		(void)snprintf(words[i], sizeof words[i], "pipe:%s", fifos[i]);
		feed_start(clip, fifos[i], i);
		cameras[i] = words[i];
	}
	house_hub(&soak.house, cameras, soak.cameras);
	const double until = clock_s() + WAIT_S;
	while (house_segments(&soak.house) < soak.cameras && clock_s() < until)
		(void)usleep(50000);
	assert_in_range(house_segments(&soak.house), soak.cameras, SIZE_MAX);
}

/* --- processes --- */

static void
pids_find(pid_t pids[ROLES][HUB_CAMERAS_MAX], size_t counts[ROLES])
{
	const struct house *h = &soak.house;
	pid_t under[2 * HUB_CAMERAS_MAX];

	pids[0][0] = h->eavesd.pid;
	for (size_t i = 1; i < 4; i++)
		pids[i][0] = house_role(h, role_names[i]);
	pids[4][0] = h->hub.pid;
	for (size_t i = 0; i < ROLES; i++)
		counts[i] = 1;
	counts[5] = counts[6] = 0;
	const size_t n = processes_under(h->hub.pid, under, COUNT(under));
	for (size_t i = 0; i < n; i++) {
		const size_t role = process_is_named(under[i], "eaves-capture")
					? 6
					: 5;
		assert_true(counts[role] < HUB_CAMERAS_MAX);
		pids[role][counts[role]++] = under[i];
	}
}

/* Whoever was restarted has another number. */
static void
pids_check(void)
{
	static pid_t now[ROLES][HUB_CAMERAS_MAX];
	size_t counts[ROLES];

	pids_find(now, counts);
	for (size_t i = 0; i < ROLES; i++) {
		assert_int_equal(counts[i], soak.pid_counts[i]);
		for (size_t k = 0; k < counts[i]; k++)
			if (now[i][k] == 0 || now[i][k] != soak.pids[i][k])
				fail_msg("%s was restarted", role_names[i]);
	}
}

static void
sample_take(struct sample *to)
{
	for (size_t i = 0; i < ROLES; i++) {
		to[i] = (struct sample){ .fds = 0 };
		for (size_t k = 0; k < soak.pid_counts[i]; k++) {
			const pid_t pid = soak.pids[i][k];

			to[i].pss_kb += (double)process_pss_kb(pid);
			to[i].cpu_s += process_cpu_s(pid);
			to[i].fds += process_fds(pid);
		}
	}
}

static void
sample_say(double at_s, double seconds)
{
	const struct sample *now = soak.samples[soak.sample_count - 1];
	const struct sample *before = soak.sample_count > 1
					  ? soak.samples[soak.sample_count - 2]
					  : NULL;

	for (size_t i = 0; before != NULL && i < ROLES; i++)
		(void)
		    printf("{\"bench\":\"soak\",\"s\":%.0f,\"process\":\"%s\","
			   "\"pss_kb\":%.0f,\"fds\":%u,\"cpu_percent\":%.2f}\n",
			at_s, role_names[i], now[i].pss_kb, now[i].fds,
			100 * (now[i].cpu_s - before[i].cpu_s) / seconds);
	(void)fflush(stdout);
}

/* --- viewers --- */

static void
viewer_open(size_t i)
{
	struct app *a = &soak.viewers[i].app;

	*a = soak.house.app;
	app_live_open(a);
	for (size_t k = 0; k < WATCHED; k++)
		app_live_say(a,
		    json_pack("{s:s,s:i,s:o}", "t", "watch", "n", (int)k + 1,
			"stream",
			body_id(&a->camera[(i + k) % soak.cameras].stream)));
	soak.viewers[i].open = true;
	soak.viewers[i].until = clock_s() + 1 + draw(LIFE_S_MAX - 1);
}

static void
viewer_close(size_t i)
{
	app_live_close(&soak.viewers[i].app);
	soak.viewers[i].open = false;
}

/* Takes what came to everybody, for ms. */
static void
viewers_read(int ms)
{
	static uint8_t sink[1 << 18];
	struct pollfd p[VIEWERS_MAX];
	nfds_t n = 0;

	for (size_t i = 0; i < VIEWERS_MAX; i++)
		if (soak.viewers[i].open)
			p[n++] = (struct pollfd){
				.fd = soak.viewers[i].app.live_fd,
				.events = POLLIN
			};
	if (poll(p, n, ms) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++) {
		if (p[i].revents == 0)
			continue;
		const ssize_t k = recv(p[i].fd, sink, sizeof sink,
		    MSG_DONTWAIT);
		if (k == 0 || (k == -1 && errno != EAGAIN))
			fail_msg("a viewer was cut off");
		soak.octets_seen += k > 0 ? (uint64_t)k : 0;
	}
	(void)usleep(10000); /* more at once, less work here */
}

static void
viewers_come_and_go(void)
{
	for (size_t i = 0; i < VIEWERS_MAX; i++) {
		if (soak.viewers[i].open && soak.viewers[i].until < clock_s())
			viewer_close(i);
		else if (!soak.viewers[i].open && draw(20) == 0)
			viewer_open(i);
	}
}

static void
viewers_end(unsigned fds)
{
	const pid_t edge = soak.pids[3][0];
	const double until = clock_s() + WAIT_S;

	for (size_t i = 0; i < VIEWERS_MAX; i++)
		if (soak.viewers[i].open)
			viewer_close(i);
	/* a segment may be begun just now; the hub's idle request ends */
	while (process_fds(edge) > fds && clock_s() < until)
		(void)usleep(50000);
	if (process_fds(edge) > fds)
		fail_msg("edge holds %u descriptors, at first %u",
		    process_fds(edge), fds);
}

/* --- what is recorded --- */

struct tape {
	struct id stream;
	struct run_id run;
	uint64_t next; /* index that must come */
	uint64_t records;
	bool ended;
};

static void
tape_record(struct tape *t, struct slice record)
{
	struct record_clear c;

	T_OK(record_clear_parse(record, &c));
	if (c.flags == RECORD_HEADER) {
		if (memcmp(c.run.octets, t->run.octets, RUN_ID_OCTETS) != 0) {
			t->run = c.run;
			t->next = 1;
			t->ended = false;
		}
		return;
	}
	if (c.index != t->next)
		fail_msg("record %llu is not there, %llu is",
		    (unsigned long long)t->next, (unsigned long long)c.index);
	t->next++;
	t->records++;
	t->ended = (c.flags & RECORD_END) != 0;
}

/* The next groups of its run; false: there are none. */
static bool
tape_range(struct tape *t, struct app *a)
{
	json_t *o = NULL;
	bool any = false;

	app_live_say(a, json_pack("{s:s,s:i,s:o,s:o,s:I,s:i}", "t", "range",
			    "n", 1, "stream", body_id(&t->stream), "run",
			    body_b64(SLICE_OF(t->run.octets)), "index",
			    (json_int_t)t->next, "groups", GROUPS));
	for (;;) {
		struct slice s;
		app_live_next(a, &o, &s);
		if (o == NULL) {
			struct rd rd;
			rd_init(&rd, slice_skip(s, 4));
			while (rd.rest.len > 0)
				tape_record(t, rd_sized(&rd, s.len));
			any = true;
			continue;
		}
		const char *what = json_string_value(json_object_get(o, "t"));
		const bool over = strcmp(what, "end") == 0 ||
				  strcmp(what, "error") == 0;
		json_decref(o);
		if (over)
			return any;
	}
}

/* The first group of a run that was not read yet. */
static bool
tape_run(struct tape *t, struct app *a)
{
	const json_t *group;
	bool found = false;
	size_t i;

	app_live_say(a, json_pack("{s:s,s:i,s:o,s:i}", "t", "groups", "n", 2,
			    "stream", body_id(&t->stream), "most", 256));
	json_t *o = app_live_until(a, "groups");
	json_array_foreach(json_object_get(o, "groups"), i, group)
	{
		struct run_id run;

		T_OK(b64_decode_exactly(slice_str(json_string_value(
					    json_array_get(group, 0))),
		    run.octets, RUN_ID_OCTETS));
		if (json_integer_value(json_array_get(group, 1)) != 1 ||
		    memcmp(run.octets, t->run.octets, RUN_ID_OCTETS) == 0)
			continue;
		t->run = run;
		t->next = 1;
		found = true;
		break;
	}
	json_decref(o);
	return found;
}

/* From its first record to the mark that ends it: not one is missing. */
static uint64_t
tape_check(struct tape *t, struct app *a)
{
	do {
		while (tape_range(t, a) && !t->ended)
			;
		if (!t->ended)
			fail_msg("the end of a run is not recorded");
	} while (tape_run(t, a));
	return t->records;
}

static uint64_t
tapes_check(struct tape *tapes)
{
	struct app *a = &soak.house.app;
	uint64_t records = 0;

	/* the hub ends its runs; edge records what came */
	child_stop(&soak.house.hub);
	feeds_end();
	(void)sleep(2);
	app_live_open(a);
	for (size_t i = 0; i < soak.cameras; i++)
		records += tape_check(&tapes[i], a);
	app_live_close(a);
	return records;
}

static void
tapes_open(struct tape *tapes)
{
	struct app *a = &soak.house.app;

	app_live_open(a);
	for (size_t i = 0; i < soak.cameras; i++) {
		tapes[i] = (struct tape){ .stream = a->camera[i].stream };
		assert_true(tape_run(&tapes[i], a));
	}
	app_live_close(a);
}

/* --- verdict --- */

static double
mean_pss(size_t role, size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += soak.samples[i][role].pss_kb;
	return sum / (double)(to - from);
}

/* The last third beside the first after a sixth to get warm. */
static void
verdict_say(uint64_t records)
{
	const size_t n = soak.sample_count, warm = n / 6;
	const size_t third = (n - warm) / 3;

	assert_true(third > 0);
	for (size_t i = 0; i < ROLES; i++) {
		const double first = mean_pss(i, warm, warm + third);
		const double last = mean_pss(i, n - third, n);
		const double percent = 100 * (last - first) / first;

		(void)printf("{\"bench\":\"soak\",\"process\":\"%s\","
			     "\"first_kb\":%.0f,\"last_kb\":%.0f,"
			     "\"growth_percent\":%.1f,\"flat\":%s}\n",
		    role_names[i], first, last, percent,
		    percent < FLAT_PERCENT ? "true" : "false");
		if (last - first > GROWTH_KB)
			fail_msg("%s grew by %.0f KiB", role_names[i],
			    last - first);
	}
	(void)printf("{\"bench\":\"soak\",\"cameras\":%zu,\"records\":%llu,"
		     "\"missing\":0,\"octets_seen\":%llu}\n",
	    soak.cameras, (unsigned long long)records,
	    (unsigned long long)soak.octets_seen);
}

static void
soak_run(double seconds, double each)
{
	const double begin = clock_s();
	double sampled = begin, come = begin;

	sample_take(soak.samples[soak.sample_count++]);
	while (clock_s() < begin + seconds) {
		viewers_read(50);
		if (clock_s() >= come) {
			viewers_come_and_go();
			come = clock_s() + 0.5;
		}
		if (clock_s() < sampled + each)
			continue;
		assert_true(soak.sample_count < SAMPLES_MAX);
		sample_take(soak.samples[soak.sample_count++]);
		sample_say(clock_s() - begin, clock_s() - sampled);
		sampled = clock_s();
	}
}

int
main(int argc, char **argv)
{
	static struct tape tapes[HUB_CAMERAS_MAX];

	if (argc != 7)
		return 2;
	soak.cameras = (size_t)atoi(argv[4]);
	assert_in_range(soak.cameras, 1, HUB_CAMERAS_MAX);
	assert_int_equal(atexit(feeds_end), 0);
	house_open(&soak.house, argv[1], argv[2]);
	cameras_start(argv[3]);
	tapes_open(tapes);
	pids_find(soak.pids, soak.pid_counts);
	assert_int_equal(soak.pid_counts[6], soak.cameras);
	(void)sleep(2);
	const unsigned fds = process_fds(soak.pids[3][0]);
	soak_run(atof(argv[5]), atof(argv[6]));
	viewers_end(fds);
	pids_check();
	verdict_say(tapes_check(tapes));
	house_check(&soak.house);
	house_close(&soak.house);
	return 0;
}
