/*
 * A capture process is a pipe to the feed: what comes through it, and what
 * happens when it ends or talks nonsense.
 */
#include <fcntl.h>
#include <unistd.h>

#include "hub/feed.h"
#include "unit/t.h"

struct scene {
	struct loop *loop;
	struct feed feed;
	unsigned asks, units, gone;
	enum err refuse; /* what unit() answers */
};

static void
scene_asks(struct feed *f)
{
	((struct scene *)f->owner)->asks++;
}

static enum err
scene_unit(struct feed *f, const struct unit *u)
{
	struct scene *s = f->owner;

	assert_int_equal(u->kind, UNIT_H264);
	s->units++;
	return s->refuse;
}

static void
scene_gone(struct feed *f)
{
	((struct scene *)f->owner)->gone++;
}

static void
scene_open(struct scene *s)
{
	*s = (struct scene){ 0 };
	assert_non_null(s->loop = loop_create());
	s->feed = (struct feed){ .owner = s,
		.ask = scene_asks,
		.unit = scene_unit,
		.gone = scene_gone };
	feed_init(&s->feed, s->loop);
	feed_start(&s->feed);
	feed_start(&s->feed);
	assert_int_equal(s->asks, 1);
}

static void
scene_close(struct scene *s)
{
	feed_fini(&s->feed);
	loop_destroy(s->loop);
}

/* A new process' pipe; the end to write to. */
static int
process_start(struct scene *s)
{
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	feed_take(&s->feed, fd[0]);
	return fd[1];
}

static void
until(struct scene *s, const unsigned *count, unsigned want)
{
	for (int i = 0; *count < want && i < 1000; i++)
		T_OK(loop_turn(s->loop, 30000));
	assert_int_equal(*count, want);
}

static void
unit_send(int fd)
{
	const struct unit u = { .kind = UNIT_H264, .octets = SLICE_LIT("xyz") };

	T_OK(unit_write(fd, &u));
}

static void
units_come_whole_however_they_are_cut(void **state)
{
	uint8_t head[UNIT_HEAD_OCTETS];
	const struct unit u = { .kind = UNIT_H264, .octets = SLICE_LIT("abc") };
	struct scene s;

	(void)state;
	scene_open(&s);
	const int fd = process_start(&s);
	unit_send(fd);
	unit_send(fd);
	unit_head(&u, head);
	assert_int_equal(write(fd, head, 7), 7);
	until(&s, &s.units, 2);
	assert_int_equal(write(fd, head + 7, sizeof head - 7), 13);
	assert_int_equal(write(fd, "abc", 3), 3);
	until(&s, &s.units, 3);
	assert_int_equal(s.gone, 0);
	close(fd);
	scene_close(&s);
}

static void
a_process_that_ends_is_replaced_after_a_rest(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	close(process_start(&s));
	until(&s, &s.gone, 1);
	assert_int_equal(s.asks, 1); /* not at once */
	until(&s, &s.asks, 2);
	/* and none at all can be had: again, and later */
	feed_refused(&s.feed);
	assert_int_equal(s.gone, 2);
	assert_int_equal(s.feed.rest_ms, 4000);
	scene_close(&s);
}

static void
a_process_that_talks_nonsense_is_ended(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	int fd = process_start(&s);
	assert_int_equal(write(fd, "this is no unit at all", 22), 22);
	until(&s, &s.gone, 1);
	assert_int_equal(s.feed.pipe.fd, -1);
	close(fd);
	scene_close(&s);
	/* well formed, and refused by what it says */
	scene_open(&s);
	s.refuse = ERR_SYNTAX;
	fd = process_start(&s);
	unit_send(fd);
	until(&s, &s.gone, 1);
	close(fd);
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units_come_whole_however_they_are_cut),
		cmocka_unit_test(a_process_that_ends_is_replaced_after_a_rest),
		cmocka_unit_test(a_process_that_talks_nonsense_is_ended),
	};

	return T_RUN(tests);
}
