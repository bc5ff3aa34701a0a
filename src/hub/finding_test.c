/*
 * The hub's side alone: the test is the parent and the capture process.
 */
#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/capture/capture.h"
#include "hub/finding.h"
#include "os/sock.h"
#include "unit/t.h"

struct scene {
	struct loop *loop;
	struct findings findings;
	int hub_fd, parent_fd, process_fd;
	unsigned done;
	enum reason why;
	size_t cameras, profiles;
};

static void
scene_open(struct scene *s)
{
	int pair[2];

	*s = (struct scene){ .process_fd = -1 };
	assert_non_null(s->loop = loop_create());
	T_OK(sock_pair(pair));
	s->hub_fd = pair[0];
	s->parent_fd = pair[1];
	findings_init(&s->findings, s->loop, s->hub_fd);
}

static void
scene_close(struct scene *s)
{
	findings_fini(&s->findings);
	loop_destroy(s->loop);
	close(s->hub_fd);
	close(s->parent_fd);
	if (s->process_fd != -1)
		close(s->process_fd);
}

static void
scene_done(struct finding *f)
{
	struct scene *s = f->owner;

	s->done++;
	s->why = f->why;
	s->cameras = f->camera_count;
	s->profiles = f->profile_count;
}

/* The parent answers the oldest question, with a process or without. */
static void
parent_answers(struct scene *s, enum reason why)
{
	struct channel_request r;
	AUTO_BUF struct buf more;
	int out[2] = { -1, -1 };

	buf_init(&more, CHANNEL_MORE_OCTETS_MAX);
	T_OK(channel_asked(s->parent_fd, &r, &more));
	assert_int_equal(r.ask, CHANNEL_FIND);
	if (why == REASON_RUNNING)
		assert_int_equal(pipe(out), 0);
	const struct channel_answer a = { r.ask, r.camera, (uint8_t)why };
	findings_answered(&s->findings, &a, out[0]);
	if (s->process_fd != -1)
		close(s->process_fd);
	s->process_fd = out[1];
}

static void
discover(struct scene *s)
{
	T_OK(findings_discover(&s->findings, scene_done, s));
}

static void
turn_until_done(struct scene *s, unsigned done)
{
	while (s->done < done)
		T_OK(loop_turn(s->loop, 30000));
	assert_int_equal(s->done, done);
}

static void
camera_comes(struct scene *s)
{
	const struct found_camera c = { .address = "10.0.0.7",
		.port = 80,
		.path = "/a" };

	T_OK(found_camera_write(s->process_fd, 0, &c));
}

static void
what_was_found_is_told_once_at_the_end(void **state)
{
	const struct found_profile p = { .port = 554, .path = "/live" };
	struct scene s;

	(void)state;
	scene_open(&s);
	discover(&s);
	parent_answers(&s, REASON_RUNNING);
	camera_comes(&s);
	T_OK(loop_turn(s.loop, 30000));
	assert_int_equal(s.done, 0);
	camera_comes(&s);
	T_OK(found_profile_write(s.process_fd, 0, &p));
	T_OK(unit_write_status(s.process_fd, 0, REASON_RUNNING, 0));
	turn_until_done(&s, 1);
	assert_int_equal(s.why, REASON_RUNNING);
	assert_int_equal(s.cameras, 2);
	assert_int_equal(s.profiles, 1);
	scene_close(&s);
}

static void
a_question_reaches_the_parent_as_it_was_asked(void **state)
{
	static const char *const bad_users[] = { "a\r\nX: y", "a\"b", "a\\",
		"\xff" };
	const struct finding_login l = { SLICE_LIT("ada"), SLICE_LIT("x y") };
	struct channel_request r;
	struct capture_settings c;
	AUTO_BUF struct buf more;
	struct scene s;

	(void)state;
	scene_open(&s);
	T_ERR(ERR_SYNTAX, findings_probe(&s.findings, SLICE_LIT("rtsp://a/"),
			      &l, scene_done, &s));
	T_ERR(ERR_SYNTAX, findings_probe(&s.findings, SLICE_LIT("https://a/"),
			      &l, scene_done, &s));
	for (size_t i = 0; i < COUNT(bad_users); i++) {
		const struct finding_login bad = { slice_str(bad_users[i]),
			SLICE_LIT("") };
		T_ERR(ERR_SYNTAX,
		    findings_probe(&s.findings, SLICE_LIT("http://a/"), &bad,
			scene_done, &s));
	}
	T_OK(findings_probe(&s.findings, SLICE_LIT("http://a:81/b"), &l,
	    scene_done, &s));
	buf_init(&more, CHANNEL_MORE_OCTETS_MAX);
	T_OK(channel_asked(s.parent_fd, &r, &more));
	T_OK(capture_settings_get(r.more, &c));
	assert_int_equal(c.kind, CAPTURE_PROBE);
	T_SLICE_EQ(c.url, SLICE_LIT("http://a:81/b"));
	T_SLICE_EQ(c.user, SLICE_LIT("ada"));
	T_SLICE_EQ(c.password, SLICE_LIT("x y"));
	scene_close(&s);
}

static void
two_may_run_and_a_third_waits(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	discover(&s);
	discover(&s);
	T_ERR(ERR_AGAIN, findings_discover(&s.findings, scene_done, &s));
	parent_answers(&s, REASON_NO_ROUTE);
	assert_int_equal(s.done, 1);
	assert_int_equal(s.why, REASON_NO_ROUTE);
	discover(&s);
	scene_close(&s);
}

static void
what_never_ends_is_ended(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	s.findings.limit_ms = 30;
	discover(&s);
	parent_answers(&s, REASON_RUNNING);
	camera_comes(&s);
	turn_until_done(&s, 1);
	assert_int_equal(s.why, REASON_SLOW);
	assert_int_equal(s.cameras, 1);
	/* the parent never answers; and then it does, to the next question */
	discover(&s);
	turn_until_done(&s, 2);
	s.findings.limit_ms = FINDING_MS;
	discover(&s);
	parent_answers(&s, REASON_RUNNING);
	assert_int_equal(s.findings.finding[0].pipe.fd, -1);
	parent_answers(&s, REASON_RUNNING);
	camera_comes(&s);
	T_OK(unit_write_status(s.process_fd, 0, REASON_RUNNING, 0));
	turn_until_done(&s, 3);
	assert_int_equal(s.why, REASON_RUNNING);
	scene_close(&s);
}

/* --- a process that was taken over by what it read --- */

static void
too_many(struct scene *s)
{
	for (size_t i = 0; i <= FOUND_CAMERAS_MAX; i++)
		camera_comes(s);
}

static void
nonsense(struct scene *s)
{
	assert_int_equal(write(s->process_fd, "nonsense of 20 octets", 21), 21);
}

static void
too_long(struct scene *s)
{
	uint8_t head[UNIT_HEAD_OCTETS];
	static const uint8_t octets[16384];
	const struct unit u = { .kind = UNIT_FOUND,
		.octets = slice_make(octets, UNIT_OCTETS_MAX) };

	unit_head(&u, head);
	assert_int_equal(write(s->process_fd, head, sizeof head), sizeof head);
	assert_int_equal(write(s->process_fd, octets, sizeof octets),
	    sizeof octets);
}

static void
a_picture(struct scene *s)
{
	const struct unit u = { .kind = UNIT_H264, .octets = SLICE_LIT("p") };

	T_OK(unit_write(s->process_fd, &u));
}

static void
nothing(struct scene *s)
{
	close(s->process_fd);
	s->process_fd = -1;
}

static void
a_process_that_talks_nonsense_is_not_heard(void **state)
{
	static const struct {
		void (*act)(struct scene *s);
		enum reason want;
	} tries[] = { { too_many, REASON_LIMIT },
		{ nonsense, REASON_NO_PROCESS }, { too_long, REASON_LIMIT },
		{ a_picture, REASON_NO_PROCESS },
		{ nothing, REASON_NO_PROCESS } };
	struct scene s;

	(void)state;
	scene_open(&s);
	for (size_t i = 0; i < COUNT(tries); i++) {
		discover(&s);
		parent_answers(&s, REASON_RUNNING);
		tries[i].act(&s);
		turn_until_done(&s, (unsigned)i + 1);
		assert_int_equal(s.why, tries[i].want);
		assert_true(s.cameras <= FOUND_CAMERAS_MAX);
	}
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_found_is_told_once_at_the_end),
		cmocka_unit_test(a_question_reaches_the_parent_as_it_was_asked),
		cmocka_unit_test(two_may_run_and_a_third_waits),
		cmocka_unit_test(what_never_ends_is_ended),
		cmocka_unit_test(a_process_that_talks_nonsense_is_not_heard),
	};

	return T_RUN(tests);
}
