#include "cli/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"

#define CHUNK 65536

static bool
is_file(const char *name)
{
	return name[0] != '.';
}

static enum err
octets_copy(int from, int to)
{
	uint8_t chunk[CHUNK];

	for (;;) {
		const ssize_t n = read(from, chunk, sizeof chunk);
		enum err e;

		if (n == 0)
			return ERR_OK;
		if (n == -1)
			return err_of_errno(errno);
		if ((e = fd_write_all(to, slice_make(chunk, (size_t)n))) !=
		    ERR_OK)
			return e;
	}
}

enum err
file_copy(int from_fd, int to_fd, const char *name)
{
	char beside[300];
	enum err e;

	AUTO_FD int from = openat(from_fd, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from == -1)
		return err_of_errno(errno);
	(void)snprintf(beside, sizeof beside, ".%s.new", name);
	AUTO_FD int to = openat(to_fd, beside,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to == -1)
		return err_of_errno(errno);
	if ((e = octets_copy(from, to)) == ERR_OK &&
	    (fsync(to) == -1 || renameat(to_fd, beside, to_fd, name) == -1))
		e = err_of_errno(errno);
	if (e == ERR_OK)
		fd_times_hide(to);
	else
		(void)unlinkat(to_fd, beside, 0);
	return e;
}

static bool
has_already(int from_fd, int to_fd, const char *name)
{
	struct stat a, b;

	return fstatat(from_fd, name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(to_fd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_size == b.st_size;
}

/* Calls each name of the folder. */
static enum err
names_each(int dir_fd, enum err (*each)(void *ctx, const char *name), void *ctx)
{
	const struct dirent *entry;
	DIR *dir;
	enum err e = folder_list(dir_fd, ".", &dir);

	if (e != ERR_OK)
		return e;
	while (e == ERR_OK && (entry = readdir(dir)) != NULL)
		if (is_file(entry->d_name))
			e = each(ctx, entry->d_name);
	(void)closedir(dir);
	return e;
}

struct pair {
	int from_fd, to_fd;
	struct copied done;
};

static enum err
one_copy(void *ctx, const char *name)
{
	struct pair *p = ctx;

	if (has_already(p->from_fd, p->to_fd, name)) {
		p->done.kept++;
		return ERR_OK;
	}
	p->done.files++;
	return file_copy(p->from_fd, p->to_fd, name);
}

static enum err
one_drop(void *ctx, const char *name)
{
	const struct pair *p = ctx;

	if (faccessat(p->from_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    unlinkat(p->to_fd, name, 0) == 0)
		return ERR_OK;
	return err_of_errno(errno);
}

enum err
files_copy(int from_fd, int to_fd, bool mirror, struct copied *ret)
{
	struct pair p = { from_fd, to_fd, { 0, 0 } };
	enum err e;

	if ((e = names_each(from_fd, one_copy, &p)) != ERR_OK ||
	    (mirror && (e = names_each(to_fd, one_drop, &p)) != ERR_OK))
		return e;
	if (fsync(to_fd) == -1)
		return err_of_errno(errno);
	*ret = p.done;
	return ERR_OK;
}

enum err
subfolder_open(int dir_fd, const char *name, int *ret_fd)
{
	if (mkdirat(dir_fd, name, 0700) == -1 && errno != EEXIST)
		return err_of_errno(errno);
	const int fd = openat(dir_fd, name,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return err_of_errno(errno);
	*ret_fd = fd;
	return ERR_OK;
}

static enum err
none_may_be(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return ERR_EXISTS;
}

enum err
folder_must_be_empty(int dir_fd)
{
	return names_each(dir_fd, none_may_be, NULL);
}
