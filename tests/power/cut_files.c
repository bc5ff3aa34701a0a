#include "tests/power/cut_files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/power/cut.h"

#define FILES_MAX 96
#define SECTOR    512

/* Files only grow here: what is not synced is the end. */
struct grown_file {
	char name[64];
	dev_t device;
	ino_t inode;
	off_t now, synced;
	bool name_synced, unlinked;
};

static struct grown_file files[FILES_MAX];
static size_t file_count;
static int folder = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What the linker calls and what it would have called. */
int __wrap_openat64(int dir, const char *name, int flags, ...);
int __real_openat64(int dir, const char *name, int flags, ...);
ssize_t __wrap_pwrite64(int fd, const void *from, size_t n, off_t at);
ssize_t __real_pwrite64(int fd, const void *from, size_t n, off_t at);
ssize_t __wrap_write(int fd, const void *from, size_t n);
ssize_t __real_write(int fd, const void *from, size_t n);
int __wrap_fdatasync(int fd);
int __real_fdatasync(int fd);
int __wrap_fstatvfs64(int fd, struct statvfs *ret);
int __real_fstatvfs64(int fd, struct statvfs *ret);
int __wrap_fsync(int fd);
int __real_fsync(int fd);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __real_unlinkat(int dir, const char *name, int flags);

static uint64_t left; /* octets of the disk, as it is said; 0: as it is */

void
cut_files_left(uint64_t octets)
{
	left = octets;
}

static void
aside_name(const struct grown_file *f, char to[static 80])
{
	to[0] = '.';
	memcpy(to + 1, f->name, sizeof f->name);
}

static void
file_forget(struct grown_file *f)
{
	char aside[80];

	aside_name(f, aside);
	(void)__real_unlinkat(folder, aside, 0);
	f->inode = 0;
	f->unlinked = false;
}

void
cut_files_watch(int folder_fd)
{
	folder = folder_fd;
	file_count = 0;
}

void
cut_files_drop(void)
{
	for (size_t i = 0; i < file_count; i++) {
		if (files[i].unlinked)
			file_forget(&files[i]);
		(void)__real_unlinkat(folder, files[i].name, 0);
	}
	file_count = 0;
}

static struct grown_file *
file_of(int fd)
{
	struct grown_file *found = NULL;
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return NULL;
	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < file_count; i++)
		if (files[i].inode == st.st_ino && files[i].device == st.st_dev)
			found = &files[i];
	(void)pthread_mutex_unlock(&lock);
	return found;
}

static void
file_add(int fd, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || file_count == FILES_MAX)
		abort();
	(void)pthread_mutex_lock(&lock);
	files[file_count] = (struct grown_file){ .device = st.st_dev,
		.inode = st.st_ino };
	(void)snprintf(files[file_count].name, sizeof files[0].name, "%s",
	    name);
	file_count++;
	(void)pthread_mutex_unlock(&lock);
}

int
__wrap_openat64(int dir, const char *name, int flags, ...)
{
	const bool makes = (flags & O_CREAT) != 0;
	mode_t mode = 0;
	va_list more;

	va_start(more, flags);
	if (makes)
		mode = va_arg(more, mode_t);
	va_end(more);
	if (makes && dir == folder && (cut_is_full() || cut())) {
		errno = cut_is_full() ? ENOSPC : EIO;
		return -1;
	}
	const int fd = __real_openat64(dir, name, flags, mode);
	if (makes && dir == folder && fd != -1)
		file_add(fd, name);
	return fd;
}

ssize_t
__wrap_pwrite64(int fd, const void *from, size_t n, off_t at)
{
	struct grown_file *f = file_of(fd);

	if (f == NULL)
		return __real_pwrite64(fd, from, n, at);
	if (cut_is_full() || cut_failed()) {
		errno = cut_is_full() ? ENOSPC : EIO;
		return -1;
	}
	const bool fails = cut();
	/* each offset of one key is written once */
	assert(at == f->now);
	const ssize_t done = __real_pwrite64(fd, from, n, at);
	if (done > 0)
		f->now += done;
	if (!fails)
		return done;
	errno = EIO;
	return -1;
}

ssize_t
__wrap_write(int fd, const void *from, size_t n)
{
	const struct grown_file *f = file_of(fd);

	return f == NULL ? __real_write(fd, from, n)
			 : __wrap_pwrite64(fd, from, n, f->now);
}

static int
sync_do(struct grown_file *f)
{
	if (cut()) {
		errno = EIO;
		return -1;
	}
	if (!cut_sync_lies())
		f->synced = f->now;
	return 0;
}

int
__wrap_fdatasync(int fd)
{
	struct grown_file *f = file_of(fd);

	return f == NULL ? __real_fdatasync(fd) : sync_do(f);
}

int
__wrap_fstatvfs64(int fd, struct statvfs *ret)
{
	const int r = __real_fstatvfs64(fd, ret);

	if (r == 0 && left != 0)
		ret->f_bavail = left / ret->f_frsize;
	return r;
}

int
__wrap_fsync(int fd)
{
	struct grown_file *f = file_of(fd);

	if (f != NULL)
		return sync_do(f);
	if (fd != folder)
		return __real_fsync(fd);
	if (cut()) {
		errno = EIO;
		return -1;
	}
	for (size_t i = 0; i < file_count && !cut_sync_lies(); i++) {
		files[i].name_synced = true;
		if (files[i].unlinked)
			file_forget(&files[i]);
	}
	return 0;
}

/* A name that is gone may be back until the folder is synced. */
int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	struct grown_file *f = NULL;
	char aside[80];

	for (size_t i = 0; dir == folder && i < file_count; i++)
		if (files[i].inode != 0 && strcmp(files[i].name, name) == 0)
			f = &files[i];
	if (f == NULL)
		return __real_unlinkat(dir, name, flags);
	if (cut()) {
		errno = EIO;
		return -1;
	}
	f->unlinked = true;
	aside_name(f, aside);
	return renameat(folder, name, folder, aside);
}

/* The end that was on its way: a part of it, and of that half the sectors. */
static void
file_tear(struct grown_file *f, int fd)
{
	static const uint8_t zeros[SECTOR];
	const off_t waits = f->now - f->synced;
	const off_t stays = waits == 0
				? 0
				: (off_t)(cut_draw() * 65536u + cut_draw()) %
				      (waits + 1);

	f->now = f->synced + stays;
	if (ftruncate(fd, f->now) == -1)
		abort();
	for (off_t at = f->synced; at < f->now; at += SECTOR) {
		const size_t n = f->now - at < SECTOR ? (size_t)(f->now - at)
						      : SECTOR;

		if (cut_draw() % 2 == 0 &&
		    __real_pwrite64(fd, zeros, n, at) != (ssize_t)n)
			abort();
	}
	f->synced = f->now;
}

void
cut_files_power_on(void)
{
	for (size_t i = 0; i < file_count; i++) {
		struct grown_file *f = &files[i];
		char aside[80];

		if (f->inode == 0)
			continue;
		aside_name(f, aside);
		if (f->unlinked && cut_draw() % 2 == 0) {
			file_forget(f);
			continue;
		}
		if (f->unlinked)
			(void)renameat(folder, aside, folder, f->name);
		f->unlinked = false;
		if (!f->name_synced && cut_draw() % 2 == 0) {
			(void)__real_unlinkat(folder, f->name, 0);
			f->inode = 0;
			continue;
		}
		const int fd = __real_openat64(folder, f->name, O_RDWR);
		if (fd == -1)
			continue;
		f->name_synced = true;
		file_tear(f, fd);
		(void)close(fd);
	}
}
