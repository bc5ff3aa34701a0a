/*
 * Which devices are opened, in what order and by which path: in a folder that
 * is made for it, with a device_open() of its own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/obj.h"
#include "hub/capture/capture.h"
#include "hub/device.h"
#include "hub/devices.h"
#include "unit/t.h"

/* The linker puts it before the one that it is called after. */
enum reason __wrap_device_open(const char *path, int *ret_fd);

static struct {
	const char *path;
	enum reason why;
} shut[3];

enum reason
__wrap_device_open(const char *path, int *ret_fd)
{
	for (size_t i = 0; i < COUNT(shut); i++)
		if (shut[i].path != NULL && strcmp(shut[i].path, path) == 0)
			return shut[i].why;
	*ret_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return REASON_RUNNING;
}

static char folder[64];

static void
node_make(const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
}

static void
name_make(const char *name, const char *to)
{
	char path[512];

	(void)snprintf(path, sizeof path, "%s/v4l/by-id/%s", folder, name);
	assert_int_equal(symlink(to, path), 0);
}

static int
folder_make(void **state)
{
	char path[128];

	(void)state;
	memset(shut, 0, sizeof shut);
	(void)snprintf(folder, sizeof folder, "/tmp/eaves-devices-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/v4l", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/v4l/by-id", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	return 0;
}

static int
folder_end(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -r %s", folder);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	return 0;
}

static void
paths_are(const struct devices *d, const char *const *want, size_t count)
{
	assert_int_equal(d->count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(d->at[i].path, want[i]);
}

static void
those_with_a_name_of_their_own_come_first(void **state)
{
	static const char *const want[] = { "/dev/v4l/by-id/usb-A-index0",
		"/dev/v4l/by-id/usb-B-index0", "/dev/video0", "/dev/video12" };
	struct devices d;

	(void)state;
	node_make("video12");
	node_make("video0");
	node_make("video3");
	node_make("video7");
	node_make("video256");
	node_make("video01");
	node_make("videos");
	node_make("vbi0");
	name_make("usb-B-index0", "../../video7");
	name_make("usb-A-index0", "../../video3");
	name_make("usb-A-later", "../../video3");
	name_make("usb-gone", "../../video9");
	name_make(".hidden", "../../video0");
	name_make("else", "../../../etc/passwd");
	devices_open(folder, &d);
	paths_are(&d, want, COUNT(want));
	for (size_t i = 0; i < d.count; i++)
		assert_int_not_equal(d.fd[i], -1);
	devices_close(&d);
	devices_open("/nowhere", &d);
	assert_int_equal(d.count, 0);
}

static void
what_cannot_be_opened_is_there_with_its_reason_or_not_at_all(void **state)
{
	static const char *const want[] = { "/dev/video0", "/dev/video2",
		"/dev/video3" };
	struct devices d;

	(void)state;
	for (const char *n = "0123"; *n != '\0'; n++) {
		const char name[] = { 'v', 'i', 'd', 'e', 'o', *n, '\0' };
		node_make(name);
	}
	shut[0].path = "/dev/video0";
	shut[0].why = REASON_NOT_ALLOWED;
	shut[1].path = "/dev/video1";
	shut[1].why = REASON_NOT_CAMERA;
	shut[2].path = "/dev/video2";
	shut[2].why = REASON_BUSY;
	devices_open(folder, &d);
	paths_are(&d, want, COUNT(want));
	assert_int_equal(d.at[0].why, REASON_NOT_ALLOWED);
	assert_int_equal(d.fd[0], -1);
	assert_int_equal(d.at[1].why, REASON_BUSY);
	assert_int_equal(d.at[2].why, REASON_RUNNING);
	assert_int_not_equal(d.fd[2], -1);
	devices_close(&d);
}

/* Many, with long names: so many as fit into the settings of a process. */
static void
at_most_sixteen_are_taken_and_told(void **state)
{
	struct found_device read[FOUND_DEVICES_MAX];
	AUTO_BUF struct buf b;
	struct devices d;
	size_t n;

	(void)state;
	for (int i = 0; i < 40; i++) {
		char name[160], to[32];
		(void)snprintf(to, sizeof to, "video%d", i + 100);
		node_make(to);
		(void)snprintf(to, sizeof to, "../../video%d", i + 100);
		(void)snprintf(name, sizeof name, "usb-%02d-%0100d", i, i);
		name_make(name, to);
	}
	devices_open(folder, &d);
	assert_int_equal(d.count, FOUND_DEVICES_MAX);
	assert_non_null(strstr(d.at[0].path, "by-id/usb-00"));
	assert_string_equal(d.at[15].path, "/dev/video115");
	buf_init(&b, CAPTURE_TEXT_OCTETS_MAX);
	T_OK(found_devices_put(d.at, d.count, &b));
	T_OK(found_devices_get(buf_slice(&b), read, &n));
	assert_int_equal(n, d.count);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(read[i].path, d.at[i].path);
	devices_close(&d);
}

static void
a_household_can_name_video_devices_and_nothing_else(void **state)
{
	static const char *const good[] = { "/dev/video0", "/dev/video255",
		"/dev/v4l/by-id/usb-046d_C920_1-video-index0" };
	static const char *const bad[] = { "", "/dev/video", "/dev/video256",
		"/dev/video00", "/dev/video1/x", "/dev/../etc/passwd",
		"/dev/mem", "video0", "/tmp/video0", "/dev/v4l/by-id/",
		"/dev/v4l/by-id/..", "/dev/v4l/by-id/../../sda",
		"/dev/v4l/by-id/a/b", "/dev/v4l/by-path/a",
		"/dev/v4l/by-id/a b", "/dev/v4l/by-id/\xc3\xbc" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!device_path_allowed(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (device_path_allowed(bad[i]))
			fail_msg("%s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    those_with_a_name_of_their_own_come_first, folder_make,
		    folder_end),
		cmocka_unit_test_setup_teardown(
		    what_cannot_be_opened_is_there_with_its_reason_or_not_at_all,
		    folder_make, folder_end),
		cmocka_unit_test_setup_teardown(
		    at_most_sixteen_are_taken_and_told, folder_make,
		    folder_end),
		cmocka_unit_test(
		    a_household_can_name_video_devices_and_nothing_else),
	};

	return T_RUN(tests);
}
