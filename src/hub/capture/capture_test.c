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
		.sound_off = true,
		.udp_port = { 4000, 65534 },
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
	assert_true(out.sound_off && !out.udp_wanted);
	assert_int_equal(out.udp_port[1], 65534);
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

/* Each picture in order; the first unit is the status "running". */
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
	     rest = slice_skip(rest, took)) {
		T_OK(unit_parse(rest, &u, &took));
		if (u.kind == UNIT_THUMB) {
			/* behind the key frame that it shows */
			assert_int_equal(u.time_us, last);
			assert_true(
			    slice_starts(u.octets, SLICE_LIT("\xff\xd8")));
			assert_true(u.octets.len < 16384);
			thumbs++;
			continue;
		}
		if (u.kind == UNIT_SOUND)
			continue;
		count++;
		assert_int_equal(u.kind, UNIT_H264);
		assert_true(u.time_us >= last);
		last = u.time_us;
		if ((u.flags & UNIT_KEY) != 0)
			(*ret_keys)++;
		assert_true(count > 1 || (u.flags & UNIT_KEY) != 0);
		if (pictures != NULL)
			T_OK(buf_append(pictures, u.octets));
	}
	return count;
}

/* How many sounds; they all are of that form, and their times do not fall. */
static size_t
sounds_count(struct slice rest, enum sound_codec codec, uint32_t rate,
    unsigned channels, uint64_t *ret_went_us)
{
	uint64_t first = 0, last = 0;
	size_t took, count = 0;
	struct unit_sound s;
	struct unit u;

	for (; rest.len > 0; rest = slice_skip(rest, took)) {
		T_OK(unit_parse(rest, &u, &took));
		if (u.kind != UNIT_SOUND)
			continue;
		T_OK(unit_sound_parse(u.octets, &s));
		assert_int_equal(s.codec, codec);
		assert_int_equal(s.rate, rate);
		assert_int_equal(s.channels, channels);
		assert_true(u.time_us >= last);
		first = count++ == 0 ? u.time_us : first;
		last = u.time_us;
	}
	*ret_went_us = last - first;
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
	uint64_t went;
	enum reason why;

	(void)state;
	buf_init(&film, (size_t)16 << 20);
	sink_open(&s);
	T_OK(demo_run(&settings, s.fd[1], DEMO_GROUP + 2));
	sink_close(&s);
	assert_int_equal(units_check(buf_slice(&s.got), &keys, &film),
	    DEMO_GROUP + 2);
	assert_int_equal(keys, 2);
	/* two seconds and a bit, 40 ms each */
	assert_true(
	    sounds_count(buf_slice(&s.got), SOUND_PCMU, 8000, 1, &went) >= 45);
	assert_true(went > 1700000 && went < 20000000);
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
	T_OK(file_run(fileno(file), s.fd[1], 2, false, &why));
	sink_close(&s);
	assert_true(
	    units_check(buf_slice(&s.got), &keys, NULL) >= 2 * DEMO_GROUP);
	assert_int_equal(keys, 4);
	buf_fini(&s.got);
	fclose(file);
}

/* A film of two seconds in that form, by ffmpeg. */
static int
film_make(const char *arguments, const char *form)
{
	char command[512];
	FILE *from, *to = tmpfile();
	char octets[65536];
	size_t n;

	assert_non_null(to);
	(void)snprintf(command, sizeof command,
	    "ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=15 "
	    "-f lavfi -i sine=frequency=440:sample_rate=16000 -t 2 "
	    "-c:v libx264 -tune zerolatency -preset ultrafast %s -f %s "
	    "pipe:1",
	    arguments, form);
	assert_non_null(from = popen(command, "r"));
	while ((n = fread(octets, 1, sizeof octets, from)) > 0)
		assert_int_equal(fwrite(octets, 1, n, to), n);
	assert_int_equal(pclose(from), 0);
	assert_int_equal(fflush(to), 0);
	const int fd = dup(fileno(to));
	fclose(to);
	return fd;
}

static void
the_sound_of_a_film_comes_with_its_pictures(void **state)
{
	static const struct {
		const char *arguments, *form;
		enum sound_codec codec;
		uint32_t rate;
		size_t least;
	} films[] = {
		{ "-c:a aac -movflags frag_keyframe+empty_moov", "mp4",
		    SOUND_AAC, 16000, 25 },
		{ "-c:a aac", "mpegts", SOUND_AAC, 16000, 25 },
		{ "-c:a libopus -ar 48000", "matroska", SOUND_OPUS, 48000, 80 },
		{ "-c:a pcm_alaw -ar 8000", "matroska", SOUND_PCMA, 8000, 1 },
		{ "-c:a mp2", "mpegts", SOUND_PCMA, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(films); i++) {
		const int fd = film_make(films[i].arguments, films[i].form);
		enum reason why;
		struct sink s;
		uint64_t went;

		sink_open(&s);
		T_OK(file_run(fd, s.fd[1], 1, false, &why));
		sink_close(&s);
		const size_t n = sounds_count(buf_slice(&s.got), films[i].codec,
		    films[i].rate, 1, &went);
		assert_true(n >= films[i].least);
		assert_int_equal(n == 0, films[i].least == 0);
		assert_true(n == 0 || (went > 1500000 && went < 8000000));
		buf_fini(&s.got);
		close(fd);
	}
}

static void
sound_that_is_off_is_not_taken_from_a_film(void **state)
{
	const int fd = film_make("-c:a libopus", "matroska");
	enum reason why;
	struct sink s;
	size_t keys;

	(void)state;
	sink_open(&s);
	T_OK(file_run(fd, s.fd[1], 1, true, &why));
	sink_close(&s);
	assert_true(units_check(buf_slice(&s.got), &keys, NULL) >= 25);
	buf_fini(&s.got);
	close(fd);
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
	assert_int_not_equal(file_run(fileno(file), s.fd[1], 1, false, &why),
	    ERR_OK);
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
a_pipe_passes_pictures_with_their_time_and_drops_the_writers_words(void **state)
{
	uint8_t in[3 * UNIT_HEAD_OCTETS + 5 + 2 * 7];
	const struct unit word = { .kind = UNIT_STATUS,
		.octets = SLICE_LIT("\3\0\0\0\0") };
	const struct unit picture = { .kind = UNIT_H264,
		.flags = UNIT_KEY | UNIT_OWN_TIME,
		.time_us = 5,
		.octets = SLICE_LIT("picture") };
	struct unit untimed = picture;
	struct sink s;
	struct unit u;
	size_t took;

	(void)state;
	untimed.flags = UNIT_KEY;
	unit_head(&word, in);
	memcpy(in + 20, word.octets.at, 5);
	unit_head(&picture, in + 25);
	memcpy(in + 45, picture.octets.at, 7);
	unit_head(&untimed, in + 52);
	memcpy(in + 72, picture.octets.at, 7);
	pipe_pass(in, sizeof in, ERR_CLOSED, &s);
	T_OK(unit_parse(buf_slice(&s.got), &u, &took));
	assert_int_equal(u.octets.at[0], REASON_RUNNING);
	buf_consume(&s.got, took);
	T_OK(unit_parse(buf_slice(&s.got), &u, &took));
	T_SLICE_EQ(u.octets, SLICE_LIT("picture"));
	assert_int_equal(u.flags, UNIT_KEY | UNIT_OWN_TIME);
	assert_int_equal(u.time_us, 5);
	T_OK(unit_parse(slice_skip(buf_slice(&s.got), took), &u, &took));
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
		cmocka_unit_test(the_sound_of_a_film_comes_with_its_pictures),
		cmocka_unit_test(sound_that_is_off_is_not_taken_from_a_film),
		cmocka_unit_test(
		    a_file_that_is_no_video_is_refused_with_its_reason),
		cmocka_unit_test(
		    a_pipe_passes_pictures_with_their_time_and_drops_the_writers_words),
	};

	signal(SIGPIPE, SIG_IGN);
	return T_RUN(tests);
}
