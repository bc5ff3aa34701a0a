/*
 * The server is away, with real parts: eavesd and eaves-hub as they are, the
 * demo camera, and an app without a screen. What the hub saw meanwhile plays
 * afterwards, whatever else dies on the way.
 *
 * away_test EAVESD EAVES-HUB
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/obj.h"
#include "model/body.h"
#include "os/clock.h"
#include "unit/scene.h"
#include "unit/t.h"

#define RUNS_MAX  16
#define PACE_US   1000000 /* pictures are nearer to each other */
#define WAIT_MS   30000
#define SOME      300000 /* octets: a second or two of the demo */
#define NONE_LESS ((uint64_t)1 << 31)

static const char *eavesd_path, *hub_path;
static struct scene scene;

static bool
is_dead(int pid)
{
	char path[64], state = 'Z';

	(void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return true;
	(void)!fscanf(f, "%*d (%*[^)]) %c", &state);
	(void)fclose(f);
	return state == 'Z';
}

/* All of its processes at once, and not before they have let go of its ports. */
static void
eavesd_kill(struct scene *s)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;
	char path[64];
	int pid[8] = { 0 };
	size_t count = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children",
	    (int)s->eavesd.pid, (int)s->eavesd.pid);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (count < COUNT(pid) && fscanf(f, "%d", &pid[count]) == 1)
		count++;
	(void)fclose(f);
	(void)kill(s->eavesd.pid, SIGKILL);
	for (size_t i = 0; i < count; i++)
		(void)kill(pid[i], SIGKILL);
	for (size_t i = 0; i < count; i++)
		while (!is_dead(pid[i])) {
			assert_true(clock_monotonic_ms() < until);
			(void)poll(NULL, 0, 5);
		}
	(void)waitpid(s->eavesd.pid, NULL, 0);
	(void)close(s->eavesd.out);
	s->eavesd.pid = 0;
}

static int
opened(void **state)
{
	(void)state;
	scene_open(&scene, eavesd_path, hub_path);
	return 0;
}

static int
closed(void **state)
{
	(void)state;
	scene_close(&scene);
	return 0;
}

/* --- folders --- */

struct look {
	size_t count;
	uint64_t octets;
	char newest[32];
};

static struct look
folder_look(const char *in, const char *name)
{
	char path[192];
	struct look l = { 0 };
	const struct dirent *e;
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s", in, name);
	DIR *d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
		    fstatat(dirfd(d), e->d_name, &st, 0) == -1)
			continue;
		l.count++;
		l.octets += (uint64_t)st.st_size;
		if (strncmp(e->d_name, l.newest, 16) > 0)
			(void)snprintf(l.newest, sizeof l.newest, "%.16s",
			    e->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	return l;
}

/* A file after that one, and so much more than then. */
static void
spool_wait(const struct look *than, uint64_t more)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	for (;;) {
		const struct look l = folder_look(scene.hub_folder, "spool");
		if (strcmp(l.newest, than->newest) > 0 &&
		    l.octets >= than->octets + more)
			return;
		assert_true(clock_monotonic_ms() < until);
		(void)poll(NULL, 0, 20);
	}
}

static void
spool_wait_empty(void)
{
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	while (folder_look(scene.hub_folder, "spool").count > 0) {
		assert_true(clock_monotonic_ms() < until);
		(void)poll(NULL, 0, 20);
	}
}

/* --- reading back --- */

struct run_seen {
	struct run_id run;
	uint64_t from; /* a key frame's index */
	struct run_info info;
	uint64_t first, last, first_us, last_us;
	unsigned pictures, verified;
	bool ended;
	struct run_reader *reader;
};

static struct run_seen seen[RUNS_MAX];
static size_t seen_count;

static struct run_seen *
seen_find(const struct run_id *run)
{
	for (size_t i = 0; i < seen_count; i++)
		if (memcmp(&seen[i].run, run, sizeof *run) == 0)
			return &seen[i];
	return NULL;
}

static void
seen_add(const struct run_id *run, uint64_t from)
{
	struct run_seen *s = seen_find(run);

	if (s == NULL) {
		assert_true(seen_count < RUNS_MAX);
		s = &seen[seen_count++];
		*s = (struct run_seen){ .run = *run, .from = from };
	}
	if (from < s->from)
		s->from = from;
}

static void
header_take(struct run_seen *s, const struct app *a, struct slice record)
{
	if (s->reader == NULL) /* each segment repeats it */
		app_run_open(a, record, &s->info, &s->reader);
}

/* Records are there once, in order, without a gap. */
static void
record_take(struct run_seen *s, const struct app *a, struct slice record)
{
	struct run_said said;
	uint8_t flags;
	struct slice body;

	T_OK(run_record_flags(record, &flags, &body));
	if (flags == RUN_HEADER) {
		header_take(s, a, record);
		return;
	}
	assert_non_null(s->reader);
	T_OK(run_read(s->reader, record, &said));
	if (s->first == 0) {
		s->first = said.index;
		s->first_us = said.time_us;
	} else {
		assert_true(said.index == s->last + 1);
		assert_true(said.time_us < s->last_us + PACE_US);
	}
	s->last = said.index;
	s->last_us = said.time_us;
	s->ended = said.ends;
	s->pictures += said.kind == RUN_H264;
	if (said.verified_first != 0)
		s->verified += (unsigned)(said.verified_last -
					  said.verified_first + 1);
}

/* One answer: groups of that run from an index on; false: there are none. */
static bool
range_read(struct run_seen *s, struct app *a, uint64_t index)
{
	struct slice octets;
	json_t *o;

	app_live_say(a,
	    json_pack("{s:s,s:i,s:o,s:o,s:I,s:i,s:I}", "t", "range", "n", 5,
		"stream", body_id(&a->camera_stream), "run",
		body_b64(SLICE_OF(s->run.octets)), "index", (json_int_t)index,
		"groups", 64, "until", (json_int_t)NONE_LESS));
	for (;;) {
		app_live_next(a, &o, &octets);
		if (o == NULL) {
			struct rd rd;
			rd_init(&rd, slice_skip(octets, 4));
			while (rd.rest.len > 0)
				record_take(s, a, rd_sized(&rd, octets.len));
			continue;
		}
		const char *t = json_string_value(json_object_get(o, "t"));
		const bool end = strcmp(t, "end") == 0;
		const bool missing = strcmp(t, "error") == 0;
		json_decref(o);
		if (end || missing)
			return end;
	}
}

static void
run_read_all(struct run_seen *s, struct app *a)
{
	uint64_t at = s->from;

	while (!s->ended && range_read(s, a, at) && s->last + 1 > at)
		at = s->last + 1; /* an answer ends with a group */
	run_read_close(s->reader);
	print_message("# run of %u pictures, %" PRIu64 "..%" PRIu64 "%s\n",
	    s->pictures, s->first, s->last, s->ended ? ", ended" : "");
}

static void
runs_list(struct app *a)
{
	app_live_say(a, json_pack("{s:s,s:i,s:o,s:i}", "t", "groups", "n", 4,
			    "stream", body_id(&a->camera_stream), "most", 256));
	json_t *o = app_live_until(a, "groups");
	json_t *list = json_object_get(o, "groups");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *g = json_array_get(list, i);
		struct run_id run;
		T_OK(b64_decode_exactly(slice_str(json_string_value(
					    json_array_get(g, 0))),
		    run.octets, sizeof run.octets));
		seen_add(&run,
		    (uint64_t)json_integer_value(json_array_get(g, 1)));
	}
	json_decref(o);
}

/* Every run goes on where the one before it ended. */
static unsigned
chain_check(void)
{
	static const struct run_id zeros;
	unsigned links = 0;

	for (size_t i = 0; i < seen_count; i++) {
		const struct run_before *b = &seen[i].info.before;
		if (memcmp(&b->run, &zeros, sizeof zeros) == 0)
			continue; /* the hub process was killed before it */
		const struct run_seen *before = seen_find(&b->run);
		assert_non_null(before);
		assert_true(before->ended);
		assert_int_equal(before->last, b->last_index);
		links++;
	}
	return links;
}

/* --- what it looks like from outside --- */

/* What is being watched: its run, the index of its first key frame, its SPS. */
static void
live_look(struct app *a, struct run_id *ret_run, uint64_t *ret_from,
    uint8_t sps[static 16])
{
	struct run_seen s = { 0 };
	struct slice octets, body;
	struct run_said said;
	struct run_clear clear;
	uint8_t flags;
	json_t *text;

	app_live_open(a);
	app_live_say(a, json_pack("{s:s,s:i,s:o}", "t", "watch", "n", 1,
			    "stream", body_id(&a->camera_stream)));
	for (*ret_from = 0; *ret_from == 0;) {
		app_live_next(a, &text, &octets);
		json_decref(text);
		if (text != NULL)
			continue;
		const struct slice record = slice_skip(octets, 4);
		T_OK(run_record_flags(record, &flags, &body));
		if (flags == RUN_HEADER) {
			T_OK(run_clear_parse(record, &clear));
			*ret_run = clear.run;
			run_read_close(s.reader);
			s.reader = NULL;
			header_take(&s, a, record);
			continue;
		}
		T_OK(run_read(s.reader, record, &said));
		if (flags != RUN_KEY)
			continue;
		*ret_from = said.index;
		memcpy(sps, said.octets.at + 4, 16);
	}
	run_read_close(s.reader);
	app_live_close(a);
}

/* A thief who has the folder opens no run of it, and reads no picture. */
static void
spool_is_dark(const struct app *a, const uint8_t sps[static 16])
{
	const struct look l = folder_look(scene.hub_folder, "spool");
	char path[192];

	(void)snprintf(path, sizeof path, "%s/spool/%s", scene.hub_folder,
	    l.newest);
	const struct slice s = t_file(path);
	assert_true(s.len > 2000);
	assert_null(memmem(s.at, s.len, sps, 16));
	assert_null(memmem(s.at, s.len, "Porch", 5));
	const size_t n = (size_t)slice_be(slice_skip(s, ID_OCTETS), 4);
	const struct slice header = slice_head(slice_skip(s, ID_OCTETS + 4), n);
	app_run_stays_shut(a, header, slice_head(s, 1000));
	free((void *)(uintptr_t)s.at);
}

static void
child_kill(const char *name)
{
	const pid_t pid = child_of(scene.hub.pid, name);

	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

/* The server comes back, and dies as soon as something is recorded. */
static void
eavesd_flicker(void)
{
	const struct look before = folder_look(scene.server, "segments");
	const uint64_t until = clock_monotonic_ms() + WAIT_MS;

	scene_eavesd_start(&scene);
	while (folder_look(scene.server, "segments").count < before.count + 2) {
		assert_true(clock_monotonic_ms() < until);
		(void)poll(NULL, 0, 5);
	}
	eavesd_kill(&scene);
}

/* Older than all others, and shorter than its header: a power cut's. */
static void
torn_file_leave(void)
{
	char path[160];

	(void)snprintf(path, sizeof path, "%s/spool/0000000000000000",
	    scene.hub_folder);
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	assert_int_equal(write(fd, path, 40), 40);
	assert_int_equal(close(fd), 0);
}

static void
what_the_hub_saw_while_the_server_was_away_plays(void **state)
{
	struct app *a = &scene.app;
	struct look l = { 0 };
	struct run_id first;
	uint8_t sps[16];
	uint64_t from;

	(void)state;
	live_look(a, &first, &from, sps);
	eavesd_kill(&scene);
	const uint64_t died_us = clock_realtime_us();
	spool_wait(&l, 2 * SOME);
	l = folder_look(scene.hub_folder, "spool");
	child_kill("eaves-capture");
	spool_wait(&l, SOME);
	l = folder_look(scene.hub_folder, "spool");
	torn_file_leave();
	child_kill("eaves-hub");
	spool_wait(&l, SOME);
	spool_is_dark(a, sps);
	eavesd_flicker();
	l = folder_look(scene.hub_folder, "spool");
	spool_wait(&(struct look){ 0 }, l.octets);
	scene_eavesd_start(&scene);
	const uint64_t back_us = clock_realtime_us();
	spool_wait_empty();

	app_live_open(a);
	seen_add(&first, from);
	runs_list(a);
	for (size_t i = 0; i < seen_count; i++)
		run_read_all(&seen[i], a);
	app_live_close(a);
	/* the one that was live goes on until its camera died, and is whole */
	assert_true(seen[0].ended && seen[0].first == from);
	assert_true(seen[0].last_us > died_us + PACE_US);
	assert_true(seen[0].verified >= seen[0].pictures);
	assert_true(chain_check() >= 2);
	uint64_t newest_us = 0;
	for (size_t i = 0; i < seen_count; i++)
		if (seen[i].last_us > newest_us)
			newest_us = seen[i].last_us;
	assert_true(newest_us > back_us);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_the_hub_saw_while_the_server_was_away_plays),
	};

	if (argc != 3 || crypto_init() != ERR_OK)
		return 2;
	eavesd_path = argv[1];
	hub_path = argv[2];
	(void)signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, opened, closed);
}
