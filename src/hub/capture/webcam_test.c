/*
 * What is decided about a camera in a USB port, without one: formats, times,
 * limits, its H.264, and how its device is opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/capture/webcam_h264.h"
#include "hub/capture/webcam_pick.h"
#include "hub/device.h"
#include "unit/t.h"

#define FPS(n)                                                                 \
	{                                                                      \
		1, n                                                           \
	}

static void
chosen_is(const struct webcam_offer *offers, size_t count, unsigned without,
    enum webcam_form form, uint32_t width, uint32_t fps_milli)
{
	struct webcam_offer o;

	T_OK(webcam_choose(offers, count, without, &o));
	assert_int_equal(o.form, form);
	assert_int_equal(o.width, width);
	assert_int_equal(webcam_fps_milli(o.interval), fps_milli);
}

/* As a common camera lists them: plain pictures are slow at full size. */
static const struct webcam_offer common[] = {
	{ WEBCAM_YUYV, 640, 480, FPS(30) },
	{ WEBCAM_YUYV, 1280, 720, FPS(10) },
	{ WEBCAM_YUYV, 800, 600, FPS(20) },
	{ WEBCAM_MJPEG, 640, 480, FPS(30) },
	{ WEBCAM_MJPEG, 1280, 720, FPS(30) },
	{ WEBCAM_MJPEG, 1920, 1080, FPS(30) },
	{ WEBCAM_H264, 1280, 720, FPS(30) },
	{ WEBCAM_H264, 1920, 1080, FPS(30) },
	{ WEBCAM_H264, 3840, 2160, FPS(30) },
};

static void
the_best_format_is_taken_and_then_the_best_size(void **state)
{
	const unsigned h264 = 1u << WEBCAM_H264, mjpeg = 1u << WEBCAM_MJPEG;
	struct webcam_offer o;

	(void)state;
	chosen_is(common, COUNT(common), 0, WEBCAM_H264, 1920, 30000);
	chosen_is(common, COUNT(common), h264, WEBCAM_MJPEG, 1280, 30000);
	/* 800x600 at 20/s rather than 1280x720 at 10 */
	chosen_is(common, COUNT(common), h264 | mjpeg, WEBCAM_YUYV, 800, 20000);
	T_ERR(ERR_UNSUPPORTED, webcam_choose(common, COUNT(common),
				   h264 | mjpeg | 1u << WEBCAM_YUYV, &o));
	T_ERR(ERR_UNSUPPORTED, webcam_choose(common, 0, 0, &o));
}

static void
odd_offers_are_taken_when_there_is_nothing_better(void **state)
{
	const struct webcam_offer large[] = {
		{ WEBCAM_MJPEG, 1920, 1080, FPS(30) },
		{ WEBCAM_MJPEG, 1600, 900, FPS(30) },
	};
	const struct webcam_offer speeds[] = {
		{ WEBCAM_MJPEG, 640, 480, FPS(120) },
		{ WEBCAM_MJPEG, 640, 480, FPS(60) },
		{ WEBCAM_MJPEG, 640, 480, FPS(25) },
		{ WEBCAM_MJPEG, 640, 480, { 0 } },
	};
	const struct webcam_offer slow[] = {
		{ WEBCAM_YUYV, 160, 120, FPS(5) },
		{ WEBCAM_YUYV, 320, 240, FPS(5) },
	};
	const struct webcam_offer absurd[] = {
		{ WEBCAM_MJPEG, 0x80000000, 0x80000000, FPS(30) },
		{ WEBCAM_MJPEG, 65536, 65536, FPS(30) },
		{ WEBCAM_MJPEG, 1920, 1920, FPS(30) },
		{ WEBCAM_MJPEG, 0, 720, FPS(30) },
		{ WEBCAM_MJPEG, 15, 15, FPS(30) },
	};
	struct webcam_offer o;

	(void)state;
	/* scaled down: as little as can be */
	chosen_is(large, COUNT(large), 0, WEBCAM_MJPEG, 1600, 30000);
	chosen_is(speeds, COUNT(speeds), 0, WEBCAM_MJPEG, 640, 25000);
	chosen_is(speeds, 2, 0, WEBCAM_MJPEG, 640, 60000);
	chosen_is(slow, COUNT(slow), 0, WEBCAM_YUYV, 320, 5000);
	T_ERR(ERR_UNSUPPORTED, webcam_choose(absurd, COUNT(absurd), 0, &o));
}

static void
speeds_and_sizes_of_a_range_are_found(void **state)
{
	const struct webcam_interval fast = { 1, 120 }, slow = { 1, 5 };
	const struct webcam_interval faster = { 1, 1000 }, slower = { 1, 2 };

	(void)state;
	assert_int_equal(webcam_fps_milli((struct webcam_interval){ 0, 30 }),
	    0);
	assert_int_equal(webcam_fps_milli(
			     (struct webcam_interval){ 1, UINT32_MAX }),
	    0);
	assert_int_equal(webcam_fps_milli(
			     (struct webcam_interval){ 1001, 30000 }),
	    29970);
	assert_int_equal(webcam_fps_milli(webcam_interval_within(fast, slow)),
	    30000);
	assert_int_equal(webcam_fps_milli(webcam_interval_within(faster, fast)),
	    120000);
	assert_int_equal(webcam_fps_milli(webcam_interval_within(slow, slower)),
	    5000);
	assert_int_equal(webcam_side_within(16, 4096, 16, 1280), 1280);
	assert_int_equal(webcam_side_within(16, 4096, 32, 1280), 1264);
	assert_int_equal(webcam_side_within(16, 1000, 1, 1280), 1000);
	assert_int_equal(webcam_side_within(2000, 4000, 2, 1280), 0);
	assert_int_equal(webcam_side_within(0, UINT32_MAX, 0, 720), 0);
	assert_int_equal(webcam_side_within(0, UINT32_MAX, UINT32_MAX, 720), 0);
}

static void
what_is_encoded_is_even_and_fits(void **state)
{
	static const uint32_t sizes[][4] = { { 1280, 720, 1280, 720 },
		{ 641, 481, 640, 480 }, { 1920, 1080, 1280, 720 },
		{ 1080, 1920, 720, 1280 }, { 720, 1280, 720, 1280 },
		{ 16, 16, 16, 16 }, { 1920, 17, 1280, 16 } };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint32_t w, h;
		webcam_encoded_size(sizes[i][0], sizes[i][1], &w, &h);
		assert_int_equal(w, sizes[i][2]);
		assert_int_equal(h, sizes[i][3]);
	}
	for (uint32_t h = 16; h <= 1920; h += 7)
		for (uint32_t w = 16; w <= 1920; w += 11) {
			uint32_t x, y;
			if (!webcam_size_allowed(w, h))
				continue;
			webcam_encoded_size(w, h, &x, &y);
			assert_true(x * y <= WEBCAM_PIXELS_MAX && x >= 16);
			assert_true(x <= 1280 && y <= 1280 && y >= 16);
			assert_true(x % 2 == 0 && y % 2 == 0);
		}
}

static void
memory_is_taken_in_measure(void **state)
{
	size_t n;

	(void)state;
	T_OK(webcam_raw_octets(WEBCAM_YUYV, 640, 480, 1280, &n));
	assert_int_equal(n, 640 * 480 * 2);
	T_OK(webcam_raw_octets(WEBCAM_NV12, 640, 480, 704, &n));
	assert_int_equal(n, 704 * 720);
	T_ERR(ERR_LIMIT, webcam_raw_octets(WEBCAM_YUYV, 640, 480, 1279, &n));
	T_ERR(ERR_LIMIT, webcam_raw_octets(WEBCAM_YUYV, 641, 480, 1282, &n));
	T_ERR(ERR_LIMIT, webcam_raw_octets(WEBCAM_NV12, 640, 480, 0, &n));
	T_ERR(ERR_LIMIT,
	    webcam_raw_octets(WEBCAM_YUYV, 640, 480, UINT32_MAX, &n));
	T_OK(webcam_buffer_check(4 << 20, 0, 0));
	T_OK(webcam_buffer_check(16 << 20, 0, 48 << 20));
	T_ERR(ERR_LIMIT, webcam_buffer_check(0, 0, 0));
	T_ERR(ERR_LIMIT, webcam_buffer_check(UINT32_C(1) << 31, 0, 0));
	T_ERR(ERR_LIMIT, webcam_buffer_check((16 << 20) + 1, 0, 0));
	T_ERR(ERR_LIMIT, webcam_buffer_check(16 << 20, 0, (48 << 20) + 1));
}

static void
a_picture_has_the_time_at_which_it_was_taken(void **state)
{
	const uint64_t now = 1700000000000000;
	struct webcam_clocks c = { 5000000, now, now - 40000 };

	(void)state;
	assert_int_equal(webcam_time_us(&c, 4980000, true), now - 20000);
	/* of another clock; of the future; from long ago */
	assert_int_equal(webcam_time_us(&c, 4980000, false), now);
	assert_int_equal(webcam_time_us(&c, 5000001, true), now);
	assert_int_equal(webcam_time_us(&c, 2999999, true), now);
	assert_int_equal(webcam_time_us(&c, UINT64_MAX, true), now);
	/* not before the one before it */
	assert_int_equal(webcam_time_us(&c, 4900000, true), now - 40000);
	/* but for a clock that was set back */
	c.last_us = now + 3600000000;
	assert_int_equal(webcam_time_us(&c, 4980000, true), now - 20000);
	assert_int_equal(webcam_step_us(100, 40100), 40000);
	assert_int_equal(webcam_step_us(100, 100), 33333);
	assert_int_equal(webcam_step_us(40100, 100), 33333);
	assert_int_equal(webcam_step_us(0, UINT64_MAX), 1000000);
}

static void
pictures_that_went_are_counted(void **state)
{
	(void)state;
	assert_int_equal(webcam_lost(7, 8), 0);
	assert_int_equal(webcam_lost(7, 10), 2);
	assert_int_equal(webcam_lost(UINT32_MAX, 1), 1);
	assert_int_equal(webcam_lost(0, 0), 0);   /* a driver without numbers */
	assert_int_equal(webcam_lost(500, 0), 0); /* it began anew */
}

/* --- H.264 --- */

#define START "\0\0\0\1"
#define SPS   START "\x67sps"
#define PPS   START "\x68pps"
#define KEY   START "\x65key"
#define NEXT  START "\x41next"

static enum err
unit(struct webcam_h264 *h, struct slice in, struct slice *ret_unit,
    bool *ret_key)
{
	return webcam_h264_unit(h, t_edge(in.at, in.len), ret_unit, ret_key);
}
#define UNIT(h, s, u, k) unit(h, SLICE_LIT(s), u, k)

static void
h264_begins_with_a_key_frame_that_has_its_sets(void **state)
{
	struct webcam_h264 h;
	struct slice u;
	bool key;

	(void)state;
	webcam_h264_init(&h);
	T_ERR(ERR_MORE, UNIT(&h, NEXT, &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, KEY, &u, &key)); /* nobody could decode it */
	T_ERR(ERR_MORE, UNIT(&h, SPS PPS, &u, &key));
	T_OK(UNIT(&h, KEY, &u, &key));
	assert_true(key);
	T_SLICE_EQ(u, SLICE_LIT(SPS PPS KEY));
	T_OK(UNIT(&h, NEXT, &u, &key));
	assert_false(key);
	T_SLICE_EQ(u, SLICE_LIT(NEXT));
	T_OK(UNIT(&h, START "\x67new" PPS KEY, &u, &key));
	T_SLICE_EQ(u, SLICE_LIT(START "\x67new" PPS KEY));
	T_OK(UNIT(&h, KEY, &u, &key));
	T_SLICE_EQ(u, SLICE_LIT(START "\x67new" PPS KEY));
	webcam_h264_fini(&h);
}

static void
h264_waits_for_a_key_frame_when_something_was_lost(void **state)
{
	struct webcam_h264 h;
	struct slice u;
	bool key;

	(void)state;
	webcam_h264_init(&h);
	T_OK(UNIT(&h, SPS PPS KEY, &u, &key));
	webcam_h264_lost(&h);
	T_ERR(ERR_MORE, UNIT(&h, NEXT, &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, NEXT, &u, &key));
	T_OK(UNIT(&h, KEY, &u, &key));
	T_OK(UNIT(&h, NEXT, &u, &key));
	webcam_h264_fini(&h);
}

static void
h264_that_is_none_is_not_passed_on(void **state)
{
	static uint8_t sets[WEBCAM_SETS_OCTETS_MAX + 8] = { 0, 0, 1, 0x67 };
	static const uint8_t huge[4 << 20];
	struct webcam_h264 h;
	struct slice u;
	bool key;

	(void)state;
	memset(sets + 4, 7, sizeof sets - 4);
	webcam_h264_init(&h);
	T_ERR(ERR_MORE, UNIT(&h, "", &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, "\0\0", &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, "\0\0\1", &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, "\0\0\0\0\0\0\0", &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, "\0\0\0\x05\x65key", &u, &key));    /* AVCC */
	T_ERR(ERR_MORE, UNIT(&h, "\xff\xd8" SPS PPS KEY, &u, &key)); /* JPEG */
	T_OK(UNIT(&h, SPS PPS KEY, &u, &key));
	/* sets without end: they are let go, and what needs them */
	T_ERR(ERR_LIMIT, unit(&h, SLICE_OF(sets), &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, NEXT, &u, &key));
	T_ERR(ERR_MORE, UNIT(&h, KEY, &u, &key));
	T_ERR(ERR_LIMIT, unit(&h, SLICE_OF(huge), &u, &key));
	/* a PPS again and again is kept once */
	T_OK(UNIT(&h, SPS PPS KEY, &u, &key));
	for (int i = 0; i < 1000; i++)
		T_OK(UNIT(&h, PPS KEY, &u, &key));
	T_SLICE_EQ(u, SLICE_LIT(SPS PPS PPS KEY));
	webcam_h264_fini(&h);
}

/* --- its device --- */

static void
what_the_kernel_says_is_a_reason(void **state)
{
	(void)state;
	assert_int_equal(device_reason(ENODEV), REASON_UNPLUGGED);
	assert_int_equal(device_reason(EBUSY), REASON_BUSY);
	assert_int_equal(device_reason(EACCES), REASON_NOT_ALLOWED);
	assert_int_equal(device_reason(ENOTTY), REASON_NOT_CAMERA);
	assert_int_equal(device_reason(ENOMEM), REASON_LIMIT);
	assert_int_equal(device_reason(EIO), REASON_SAID_NO);
}

static void
what_is_no_video_device_is_not_opened(void **state)
{
	char folder[] = "/tmp/eaves-device-XXXXXX", path[64];
	int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/video0", folder);
	assert_int_equal(device_open(path, &fd), REASON_UNPLUGGED);
	assert_int_equal(device_open("/dev/null", &fd), REASON_NOT_CAMERA);
	/* a FIFO would hold us up */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(device_open(path, &fd), REASON_NOT_CAMERA);
	assert_int_equal(unlink(path), 0);
	/* a node behind which nothing is plugged in: only root makes one */
	if (mknod(path, S_IFCHR | 0600, makedev(81, 200)) == 0) {
		const enum reason why = device_open(path, &fd);
		assert_true(why == REASON_UNPLUGGED ||
			    why == REASON_NOT_ALLOWED); /* of a container */
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(fd, -1);
	assert_int_equal(rmdir(folder), 0);
}

static void
a_device_that_we_may_not_open_is_said(void **state)
{
	char folder[] = "/tmp/eaves-device-XXXXXX", path[64];
	int status, fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/video0", folder);
	assert_int_equal(chmod(folder, 0), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) == -1)
			_exit(99);
		_exit((int)device_open(path, &fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), REASON_NOT_ALLOWED);
	assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_best_format_is_taken_and_then_the_best_size),
		cmocka_unit_test(
		    odd_offers_are_taken_when_there_is_nothing_better),
		cmocka_unit_test(speeds_and_sizes_of_a_range_are_found),
		cmocka_unit_test(what_is_encoded_is_even_and_fits),
		cmocka_unit_test(memory_is_taken_in_measure),
		cmocka_unit_test(a_picture_has_the_time_at_which_it_was_taken),
		cmocka_unit_test(pictures_that_went_are_counted),
		cmocka_unit_test(
		    h264_begins_with_a_key_frame_that_has_its_sets),
		cmocka_unit_test(
		    h264_waits_for_a_key_frame_when_something_was_lost),
		cmocka_unit_test(h264_that_is_none_is_not_passed_on),
		cmocka_unit_test(what_the_kernel_says_is_a_reason),
		cmocka_unit_test(what_is_no_video_device_is_not_opened),
		cmocka_unit_test(a_device_that_we_may_not_open_is_said),
	};

	return T_RUN(tests);
}
