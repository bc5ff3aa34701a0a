/*
 * usb.c - linked into an eaves-hub for tests: its machine's video devices are
 * plain files in the folder $DEVICE_FOLDER, which are read by device.c in the
 * eaves-capture beside it. An empty file is a device that it may not open.
 * Nothing is searched on a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hub/device.h"
#include "hub/devices.h"
#include "os/sock.h"

/* The linker puts these before the ones that they are called after. */
enum reason __wrap_device_open(const char *path, int *ret_fd);
void __wrap_devices_open(const char *folder, struct devices *ret);
void __real_devices_open(const char *folder, struct devices *ret);
size_t __wrap_sock_search_send(int fd, const char *group, uint16_t port,
    const void *octets, size_t len);

static const char *
folder_of(void)
{
	const char *folder = getenv("DEVICE_FOLDER");

	return folder == NULL ? "/nowhere" : folder;
}

enum reason
__wrap_device_open(const char *path, int *ret_fd)
{
	char instead[1024];
	struct stat st;

	(void)snprintf(instead, sizeof instead, "%s%s", folder_of(),
	    path + sizeof "/dev" - 1);
	const int fd = open(instead, O_RDWR | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return device_reason(errno);
	if (st.st_size == 0) {
		(void)close(fd);
		return REASON_NOT_ALLOWED;
	}
	*ret_fd = fd;
	return REASON_RUNNING;
}

void
__wrap_devices_open(const char *folder, struct devices *ret)
{
	(void)folder;
	__real_devices_open(folder_of(), ret);
}

size_t
__wrap_sock_search_send(int fd, const char *group, uint16_t port,
    const void *octets, size_t len)
{
	(void)fd;
	(void)group;
	(void)port;
	(void)octets;
	(void)len;
	return 0;
}
