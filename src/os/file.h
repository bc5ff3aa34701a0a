/*
 * file.h - files and descriptors. Paths end here: above, there are
 * descriptors and names relative to a folder's descriptor.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <dirent.h>
#include <unistd.h>

#include "base/buf.h"

static inline void
fd_close_auto(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}
#define AUTO_FD __attribute__((cleanup(fd_close_auto)))

/* All of s, or an error. */
MUST_USE enum err fd_write_all(int fd, struct slice s);
/* Up to the buf's cap: one octet more is ERR_LIMIT. */
MUST_USE enum err fd_read_all(int fd, struct buf *out);
/* The file of that name; ERR_MISSING. */
MUST_USE enum err file_read(int dir_fd, const char *name, struct buf *out);
/*
 * The file is either as before or whole: written beside, synced, renamed,
 * the folder synced. Mode 0600.
 */
MUST_USE enum err file_write(int dir_fd, const char *name, struct slice s);
/* Opens a private folder (0700), making it and its parents if need be. */
MUST_USE enum err folder_open(const char *path, int *ret_fd);
/*
 * What is in the folder of that name, or "." for itself, from the first entry
 * on; closedir() gives it back. ERR_MISSING.
 */
MUST_USE enum err folder_list(int dir_fd, const char *name, DIR **ret);
MUST_USE enum err fd_nonblocking(int fd);
/*
 * The time of a last write is the time of somebody's last act: what lies in
 * the store's folders keeps no more of it than the day.
 */
void fd_times_hide(int fd);

#endif
