#include "hub/under.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"

static enum err
under_give(int dir_fd, uint32_t uid)
{
	const struct dirent *entry;
	DIR *dir;
	enum err e;

	if (uid == 0 || geteuid() != 0)
		return ERR_OK;
	if (fchown(dir_fd, uid, uid) == -1)
		return err_of_errno(errno);
	if ((e = folder_list(dir_fd, ".", &dir)) != ERR_OK)
		return e;
	while (e == ERR_OK && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    fchownat(dir_fd, entry->d_name, uid, uid,
			AT_SYMLINK_NOFOLLOW) == -1)
			e = err_of_errno(errno);
	(void)closedir(dir);
	return e;
}

enum err
under_open(int folder_fd, const char *name, uint32_t uid, int *ret_fd)
{
	enum err e;

	if (mkdirat(folder_fd, name, 0700) == -1 && errno != EEXIST)
		return err_of_errno(errno);
	const int fd = openat(folder_fd, name,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return err_of_errno(errno);
	if ((e = under_give(fd, uid)) != ERR_OK) {
		(void)close(fd);
		return e;
	}
	*ret_fd = fd;
	return ERR_OK;
}
