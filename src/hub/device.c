#include "hub/device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Linux' admin-guide/devices: 81 char, video4linux */
#define VIDEO_MAJOR 81

enum reason
device_reason(int error)
{
	switch (error) {
	case ENODEV:
	case ENXIO:
	case ENOENT:
		return REASON_UNPLUGGED;
	case EBUSY:
		return REASON_BUSY;
	case EACCES:
	case EPERM:
		return REASON_NOT_ALLOWED;
	case ENOTTY:
	case ENOTDIR:
		return REASON_NOT_CAMERA;
	case ENOMEM:
		return REASON_LIMIT;
	default:
		return REASON_SAID_NO;
	}
}

int
device_number(const char *name)
{
	static const char word[] = "video";
	const char *digits = name + sizeof word - 1;
	int n = 0;

	if (strncmp(name, word, sizeof word - 1) != 0)
		return -1;
	const size_t len = strlen(digits);
	if (len < 1 || len > 3 || (len > 1 && digits[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		n = 10 * n + digits[i] - '0';
	}
	return n > UINT8_MAX ? -1 : n;
}

bool
device_path_allowed(const char *path)
{
	static const char by_id[] = "/dev/v4l/by-id/", dev[] = "/dev/";
	const char *name = path + sizeof by_id - 1;

	if (strncmp(path, by_id, sizeof by_id - 1) != 0)
		return strncmp(path, dev, sizeof dev - 1) == 0 &&
		       device_number(path + sizeof dev - 1) != -1;
	if (name[0] == '\0' || name[0] == '.')
		return false;
	for (; *name != '\0'; name++)
		if (*name <= ' ' || *name > '~' || *name == '/')
			return false;
	return true;
}

static bool
is_video(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && major(st->st_rdev) == VIDEO_MAJOR;
}

enum reason
device_open(const char *path, int *ret_fd)
{
	struct stat st;

	/* looked at first: opening some devices is an act */
	if (stat(path, &st) == -1)
		return device_reason(errno);
	if (!is_video(&st))
		return REASON_NOT_CAMERA;
	const int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return device_reason(errno);
	if (fstat(fd, &st) == -1 || !is_video(&st)) {
		(void)close(fd);
		return REASON_NOT_CAMERA;
	}
	*ret_fd = fd;
	return REASON_RUNNING;
}
