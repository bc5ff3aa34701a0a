#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/capture/capture.h"
#include "hub/capture/demo_run.h"
#include "hub/capture/file_run.h"
#include "hub/capture/pipe_run.h"
#include "hub/unit.h"
#include "unit/t.h"

static void
settings_read_back_and_hostile_ones_are_refused(void **state)
{
	const struct capture_settings in = {
		.kind = CAPTURE_RTSP,
		.demo_seed = 7,
		.demo_speed_milli = 1500,
		.zone_offset_s = -3600,
		.url = SLICE_LIT("rtsp://cam/1"),
		.user = SLICE_LIT("u"),
		.password = SLICE_LIT("p:@/"),
	};
	struct capture_settings out;
	AUTO_BUF struct buf b;

	(void)state;
	buf_init(&b, CAPTURE_SETTINGS_OCTETS_MAX);
	T_OK(capture_settings_put(&in, &b));
	for (size_t n = 0; n < b.len; n++)
		assert_int_not_equal(capture_settings_get(t_edge(b.at, n),
					 &out),
		    ERR_OK);
	T_OK(capture_settings_get(t_edge(b.at, b.len), &out));
	assert_int_equal(out.zone_offset_s, -3600);
	T_SLICE_EQ(out.password, in.password);
	b.at[0] = CAPTURE__MAX;
	T_ERR(ERR_SYNTAX, capture_settings_get(buf_slice(&b), &out));
}

/* A reader that keeps everything that a capture function writes. */
struct sink {
	int fd[2];
	struct buf got;
	pthread_t thread;
};

static void *
sink_read(void *arg)
{
	struct sink *s = arg;
	uint8_t *to;
	ssize_t n;

	while (buf_reserve(&s->got, 65536, &to) == ERR_OK &&
	       (n = read(s->fd[0], to, 65536)) > 0)
		s->got.len += (size_t)n;
	return NULL;
}

static void
sink_open(struct sink *s)
{
	buf_init(&s->got, (size_t)64 << 20);
	assert_int_equal(pipe2(s->fd, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, sink_read, s), 0);
}

static void
sink_close(struct sink *s)
{
	close(s->fd[1]);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	close(s->fd[0]);
}

static unsigned
nal_type_first(struct slice annexb)
{
	const size_t head = annexb.len > 3 && annexb.at[2] == 1 ? 3 : 4;

	assert_true(annexb.len > head);
	return annexb.at[head] & 31;
}

static size_t thumbs;

/* Each unit in order; the first is the status "running". */
static size_t
units_check(struct slice rest, size_t *ret_keys, struct buf *pictures)
{
	struct unit u;
	size_t took, count = 0;
	uint64_t last = 0;

	*ret_keys = 0;
	T_OK(unit_parse(rest, &u, &took));
	assert_int_equal(u.kind, UNIT_STATUS);
	assert_int_equal(u.octets.at[0], REASON_RUNNING);
	for (rest = slice_skip(rest, took); rest.len > 0;
	     rest = slice_skip(rest, took), count++) {
		T_OK(unit_parse(rest, &u, &took));
		if (u.kind == UNIT_THUMB) {
			/* behind the key frame that it shows */
			assert_int_equal(u.time_us, last);
			assert_true(
			    slice_starts(u.octets, SLICE_LIT("\xff\xd8")));
			assert_true(u.octets.len < 16384);
			thumbs++;
			count--;
			continue;
		}
		assert_int_equal(u.kind, UNIT_H264);
		assert_true(u.time_us >= last);
		last = u.time_us;
		if ((u.flags & UNIT_KEY) != 0)
			(*ret_keys)++;
		assert_true(count > 0 || (u.flags & UNIT_KEY) != 0);
		if (pictures != NULL)
			T_OK(buf_append(pictures, u.octets));
	}
	return count;
}

static void
the_demo_makes_key_frames_with_their_settings_and_a_file_plays_them(
    void **state)
{
	const struct capture_settings settings = { .demo_seed = 1,
		.demo_speed_milli = 1000 };
	AUTO_BUF struct buf film;
	struct sink s;
	size_t keys;
	struct unit u;
	size_t took;
	enum reason why;

	(void)state;
	buf_init(&film, (size_t)16 << 20);
	sink_open(&s);
	T_OK(demo_run(&settings, s.fd[1], DEMO_GROUP + 2));
	sink_close(&s);
	assert_int_equal(units_check(buf_slice(&s.got), &keys, &film),
	    DEMO_GROUP + 2);
	assert_int_equal(keys, 2);
	assert_int_equal(thumbs, 1); /* one for ten seconds */
	assert_int_equal(nal_type_first(buf_slice(&film)), 7); /* SPS */
	/* High profile, as asked */
	T_OK(unit_parse(slice_skip(buf_slice(&s.got), UNIT_HEAD_OCTETS + 5), &u,
	    &took));
	assert_int_equal(u.octets.at[5], 100);
	buf_fini(&s.got);

	FILE *file = tmpfile();
	assert_non_null(file);
	assert_int_equal(fwrite(film.at, 1, film.len, file), film.len);
	assert_int_equal(fflush(file), 0);
	rewind(file);
	sink_open(&s);
	T_OK(file_run(fileno(file), s.fd[1], 2, &why));
	sink_close(&s);
	assert_true(
	    units_check(buf_slice(&s.got), &keys, NULL) >= 2 * DEMO_GROUP);
	assert_int_equal(keys, 4);
	buf_fini(&s.got);
	fclose(file);
}

static void
a_file_that_is_no_video_is_refused_with_its_reason(void **state)
{
	enum reason why = REASON_RUNNING;
	FILE *file = tmpfile();
	struct sink s;

	(void)state;
	assert_non_null(file);
	for (int i = 0; i < 5000; i++)
		fprintf(file, "this is no film %d\n", i);
	fflush(file);
	rewind(file);
	sink_open(&s);
	assert_int_not_equal(file_run(fileno(file), s.fd[1], 1, &why), ERR_OK);
	assert_true(
	    why == REASON_FILE || why == REASON_NO_H264 || why == REASON_CODEC);
	sink_close(&s);
	assert_int_equal(s.got.len, 0);
	buf_fini(&s.got);
	fclose(file);
}

static void
pipe_pass(const void *octets, size_t len, enum err want, struct sink *s)
{
	int in[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], octets, len), len);
	close(in[1]);
	sink_open(s);
	T_ERR(want, pipe_run(in[0], s->fd[1]));
	sink_close(s);
	close(in[0]);
}

static void
a_pipe_passes_pictures_with_our_time_and_drops_the_writers_words(void **state)
{
	uint8_t in[2 * UNIT_HEAD_OCTETS + 5 + 7];
	const struct unit word = { .kind = UNIT_STATUS,
		.octets = SLICE_LIT("\3\0\0\0\0") };
	const struct unit picture = { .kind = UNIT_H264,
		.flags = UNIT_KEY | UNIT_OWN_TIME,
		.time_us = 5,
		.octets = SLICE_LIT("picture") };
	struct sink s;
	struct unit u;
	size_t took;

	(void)state;
	unit_head(&word, in);
	memcpy(in + 20, word.octets.at, 5);
	unit_head(&picture, in + 25);
	memcpy(in + 45, picture.octets.at, 7);
	pipe_pass(in, sizeof in, ERR_CLOSED, &s);
	T_OK(unit_parse(buf_slice(&s.got), &u, &took));
	assert_int_equal(u.octets.at[0], REASON_RUNNING);
	T_OK(unit_parse(slice_skip(buf_slice(&s.got), took), &u, &took));
	T_SLICE_EQ(u.octets, SLICE_LIT("picture"));
	assert_int_equal(u.flags, UNIT_KEY);
	assert_true(u.time_us > 1700000000000000);
	buf_fini(&s.got);
	in[0] = 0;
	pipe_pass(in, sizeof in, ERR_SYNTAX, &s);
	buf_fini(&s.got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    settings_read_back_and_hostile_ones_are_refused),
		cmocka_unit_test(
		    the_demo_makes_key_frames_with_their_settings_and_a_file_plays_them),
		cmocka_unit_test(
		    a_file_that_is_no_video_is_refused_with_its_reason),
		cmocka_unit_test(
		    a_pipe_passes_pictures_with_our_time_and_drops_the_writers_words),
	};

	signal(SIGPIPE, SIG_IGN);
	return T_RUN(tests);
}
