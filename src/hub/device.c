#include "hub/device.h"

#include <errno.h>
#include <fcntl.h>
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
