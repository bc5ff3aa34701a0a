#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "os/clock.h"

enum err
fd_write_all(int fd, struct slice s)
{
	while (s.len != 0) {
		const ssize_t n = write(fd, s.at, s.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_of_errno(errno);
		s = slice_skip(s, (size_t)n);
	}
	return ERR_OK;
}

enum err
fd_read_all(int fd, struct buf *out)
{
	for (;;) {
		uint8_t *at, extra;
		const size_t left = out->cap - out->len;
		const size_t want = left < 65536 ? left : 65536;
		enum err e;

		if (want == 0) {
			const ssize_t n = read(fd, &extra, 1);
			return n == 0 ? ERR_OK : n == 1 ? ERR_LIMIT : ERR_IO;
		}
		if ((e = buf_reserve(out, want, &at)) != ERR_OK)
			return e;
		const ssize_t n = read(fd, at, want);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_of_errno(errno);
		if (n == 0)
			return ERR_OK;
		out->len += (size_t)n;
	}
}

enum err
file_read(int dir_fd, const char *name, struct buf *out)
{
	AUTO_FD int fd = openat(dir_fd, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd == -1 ? err_of_errno(errno) : fd_read_all(fd, out);
}

enum err
file_write(int dir_fd, const char *name, struct slice s)
{
	char part[256];
	enum err e;

	if (snprintf(part, sizeof part, ".%s.part", name) >= (int)sizeof part)
		return ERR_LIMIT;
	AUTO_FD int fd = openat(dir_fd, part,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return err_of_errno(errno);
	if ((e = fd_write_all(fd, s)) != ERR_OK)
		goto drop_part;
	if (fdatasync(fd) == -1 || renameat(dir_fd, part, dir_fd, name) == -1) {
		e = err_of_errno(errno);
		goto drop_part;
	}
	return fsync(dir_fd) == -1 ? err_of_errno(errno) : ERR_OK;

drop_part:
	(void)unlinkat(dir_fd, part, 0);
	return e;
}

enum err
folder_open(const char *path, int *ret_fd)
{
	char part[4096];
	const size_t len = strlen(path);

	if (len == 0 || len >= sizeof part)
		return ERR_LIMIT;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) == -1 && errno != EEXIST)
			return err_of_errno(errno);
		if (i < len)
			part[i] = '/';
	}
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_of_errno(errno);
	*ret_fd = fd;
	return ERR_OK;
}

enum err
folder_list(int dir_fd, const char *name, DIR **ret)
{
	const int fd = openat(dir_fd, name,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1)
		return err_of_errno(errno);
	if ((*ret = fdopendir(fd)) == NULL) {
		const enum err e = err_of_errno(errno);
		(void)close(fd);
		return e;
	}
	return ERR_OK;
}

enum err
fd_nonblocking(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return err_of_errno(errno);
	return ERR_OK;
}

void
fd_times_hide(int fd)
{
	const struct timespec day = { .tv_sec = (time_t)clock_day() * 86400 };

	(void)futimens(fd, (const struct timespec[]){ day, day });
}
